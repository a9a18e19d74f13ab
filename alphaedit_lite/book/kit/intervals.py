"""Differences with intervals: paired fact by fact, told in points.

change = difference(a, b)          # a − b on the same facts: mean, low, high, n
str(change)                        # "+3.2 [−1.0, +7.4]"
told(change, "AlphaEdit", "RECT")  # "AlphaEdit is ahead of RECT by 3.2 points [1.0, 7.4]"
estimate(lambda rows: np.median(a[rows], 1), len(a))   # any other statistic, with its interval
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest, rankdata

from ...metrics import bootstrap, percentiles

RESAMPLES, SEED = 4000, 10


class Change(NamedTuple):
    """A mean with its 95% bootstrap interval, and the number of facts that it rests on."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def sure(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        """In points: "+3.2 [−1.0, +7.4]"."""
        return f"{signed(self.mean)} [{signed(self.low)}, {signed(self.high)}]"


def told(change: Change, a: str, b: str) -> str:
    """A change in words: who is ahead, by how many points, with which interval; or that nobody is."""
    if not change.sure:
        return f"{a} and {b} are level within the noise ({change} points)"
    gap, (low, high) = abs(change.mean), sorted((abs(change.low), abs(change.high)))
    where = "ahead of" if change.mean > 0 else "behind"
    return f"{a} is {where} {b} by {100 * gap:.1f} points [{100 * low:.1f}, {100 * high:.1f}]"


def signed(share: float) -> str:
    """A share as points with a sign: 0.032 as "+3.2"; no minus zero."""
    points = round(100 * share, 1) + 0.0
    return f"{points:+.1f}".replace("-", "−") if points else "0.0"


def estimate(
    statistic: Callable[..., Any], *sizes: int, resamples: int = RESAMPLES, seed: int = SEED
) -> Change:
    """A statistic with its 95% bootstrap interval; ``metrics.bootstrap`` says what it takes and gives."""
    whole = statistic(*(np.arange(n)[None] for n in sizes))[0]
    low, high = percentiles(bootstrap(statistic, *sizes, resamples=resamples, seed=seed))
    return Change(float(whole), float(low), float(high), sizes[0])


def interval(values: pd.Series | Sequence[float], seed: int = SEED) -> Change:
    """The mean with its 95% bootstrap interval; what is missing is left out."""
    kept = np.asarray(values, dtype=float)
    kept = kept[~np.isnan(kept)]
    if not len(kept):
        return Change(math.nan, math.nan, math.nan, 0)
    return estimate(lambda rows: kept[rows].mean(1), len(kept), seed=seed)


def difference(a: pd.Series | Sequence[float], b: pd.Series | Sequence[float], seed: int = SEED) -> Change:
    """The mean of a − b, fact by fact, with its interval: what two editors share cancels.

    Series are paired by their index, and what only one of them has is left out; other sequences by place.

    Raises:
        ValueError: nothing is left to compare.
    """
    if not isinstance(a, pd.Series) and len(a) != len(b):
        raise ValueError(f"{len(a)} scores cannot be paired with {len(b)}: are these the same facts?")
    gaps = (pd.Series(a, dtype=float) - pd.Series(b, dtype=float)).dropna()
    if gaps.empty:
        raise ValueError("No fact has both scores: there is nothing to compare.")
    return interval(gaps, seed)


def sign_test(lost: int, gained: int) -> float:
    """McNemar's exact test: the chance of so uneven a split if losing and gaining were equally likely."""
    return float(binomtest(lost, lost + gained).pvalue) if lost + gained else 1.0


def spearman(x: Any, y: Any) -> np.ndarray:
    """Rank correlation along the last axis, ties sharing their mean rank; NaN where x or y is constant."""
    a, b = (rankdata(values, axis=-1) for values in (x, y))
    a, b = (ranks - ranks.mean(-1, keepdims=True) for ranks in (a, b))
    with np.errstate(invalid="ignore"):
        return np.asarray((a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1)))
