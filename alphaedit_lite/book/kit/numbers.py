"""The numbers that a chapter's prose quotes: printed by its last cell, and compared with those in the text.

The build fills the prose from this cell. A test runs the chapter again, perhaps on another processor, and
sets ``ALPHAEDIT_COMPARE`` to the folder of the committed notebooks: the cell then fails where a number is no
longer the one in the text, within the rounding that another machine may bring.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
RELATIVE, UNITS = 0.1, 2  # a tenth, or two units of the last digit shown


def quote(chapter: str, *values: str) -> None:
    """Print the quoted values, one a line; under ``ALPHAEDIT_COMPARE``, compare them with the committed ones.

    Args:
        chapter: the notebook's name, "07_null_space".

    Raises:
        AssertionError: a value is not the committed one, within a tenth or two units of its last digit.
    """
    print(*values, sep="\n")  # noqa: T201
    committed = Path(os.environ.get("ALPHAEDIT_COMPARE", "")) / f"{chapter}.ipynb"
    if "ALPHAEDIT_COMPARE" in os.environ and committed.exists():  # a chapter's first build has none
        cells = json.loads(committed.read_text(encoding="utf-8"))["cells"]
        printed = "".join("".join(output.get("text", "")) for output in cells[-1]["outputs"])
        for number, (now, then) in enumerate(zip(values, printed.splitlines(), strict=True), 1):
            if not agree(now, then):
                raise AssertionError(f"The text quotes {then!r} as number {number}; this run gives {now!r}.")


def agree(now: str, then: str) -> bool:
    """Whether two quoted values say the same: equal words, and numbers that differ by rounding at most."""
    if NUMBER.sub("#", now) != NUMBER.sub("#", then):
        return False
    for a, b in zip(NUMBER.findall(now), NUMBER.findall(then), strict=True):
        x, y = (float(text.replace(",", "").replace("−", "-")) for text in (a, b))
        digits = len(b.split("e")[0].partition(".")[2])
        unit = 10.0**-digits * (10.0 ** int(b.split("e")[1]) if "e" in b else 1)
        if abs(x - y) > max(RELATIVE * abs(y), (UNITS + 1e-9) * unit):
            return False
    return True
