"""How far a mean may be off: the units it is over are drawn again and again.

summary(evaluate(lm, facts))           # means, with bootstrap intervals
low, high = percentiles(bootstrap(lambda rows: values[rows].mean(1), len(values)))
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd


def bootstrap(
    statistic: Callable[..., Any], *sizes: int, resamples: int = 2000, seed: int | np.random.Generator = 0
) -> np.ndarray:
    """What a statistic comes to when its units (facts, texts, …) are drawn again, with replacement.

        means = bootstrap(lambda rows: values[rows].mean(1), len(values))
        low, high = percentiles(means)

    Scores that belong together, such as two of one fact or ten of its neighbours, are drawn by the same rows.

    Args:
        statistic: of the numbers of the units drawn, [resamples, n]; for several samples, of one such table
            each. Returns a value, or an array, for every row.
        sizes: how many units each sample has.
        seed: or a generator, to go on drawing from it.

    Returns:
        [resamples, …], float64 (Efron 1979).
    """
    rng = np.random.default_rng(seed)
    return np.asarray(statistic(*(rng.integers(0, n, (resamples, n)) for n in sizes)), dtype=float)


def percentiles(draws: np.ndarray, level: float = 0.95) -> np.ndarray:
    """The ends of the middle ``level`` of what a bootstrap drew: low and high, [2, …]. NaN is left out."""
    return np.asarray(np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0))


def summary(table: pd.DataFrame, level: float = 0.95, resamples: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Means with bootstrap intervals: facts are drawn again, with replacement, ``resamples`` times.

    The fact is what is drawn, not the prompt: the ten neighbours of one fact are not ten witnesses.

    Args:
        table: one row per fact, as ``evaluate`` gives it.

    Returns:
        one row per metric: ``mean``, ``low``, ``high`` and ``facts``, the number it rests on. A metric
        over nothing is missing (NaN), not 0.
    """
    rng, rows = np.random.default_rng(seed), {}
    for name, column in table.select_dtypes("number").items():
        values = column.dropna().to_numpy(float)
        if not len(values):
            rows[name] = (math.nan, math.nan, math.nan, 0)
            continue
        drawn = bootstrap(lambda i, v=values: v[i].mean(1), len(values), resamples=resamples, seed=rng)
        rows[name] = (values.mean(), *percentiles(drawn, level), len(values))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "low", "high", "facts"])
