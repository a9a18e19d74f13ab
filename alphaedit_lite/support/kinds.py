"""What is of another kind than it must be is told so, and how to come by what is needed.

of_kind(layers, Sequence, "layers must be a list of blocks", "(5,) for one of them")
"""

from __future__ import annotations

import reprlib
from typing import Any


def of_kind(value: Any, kind: Any, must: str, fix: str = "") -> None:
    """Raise TypeError for a value of another kind: what it must be, what it is, and the way there."""
    if not isinstance(value, kind):
        raise TypeError(f"{must}, not {reprlib.repr(value)}{fix and ': '}{fix}.")
