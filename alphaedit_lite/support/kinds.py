"""What is of another kind than it must be is told so, and how to come by what is needed.

of_kind(layers, Sequence, "layers must be a list of blocks", "(5,) for one of them")
at_least(1, max_new_tokens=new)
"""

from __future__ import annotations

import reprlib
from typing import Any, SupportsIndex


def of_kind(value: Any, kind: Any, must: str, fix: str = "") -> None:
    """Raise TypeError for a value of another kind: what it must be, what it is, and the way there."""
    if not isinstance(value, kind):
        raise TypeError(f"{must}, not {reprlib.repr(value)}{fix and ': '}{fix}.")


def at_least(least: int, **amounts: Any) -> None:
    """Raise ValueError for an amount below ``least``, by its name; TypeError for what is no whole number."""
    for name, value in amounts.items():
        of_kind(value, SupportsIndex, f"{name} must be a whole number")
        if value < least:
            raise ValueError(f"{name} must be at least {least}, not {value}.")
