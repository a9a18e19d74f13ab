"""Whether two runs give the same numbers: those that prose quotes, and those of a run on another machine."""

from __future__ import annotations

import re

NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
RELATIVE, UNITS = 0.1, 2  # a tenth, or two units of the last digit shown


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
