"""The committed traces and edits of ``study`` as arrays, with intervals and rank correlations.

    study = Study(result("tracing.json"))
    study.traced("hidden")                 # [facts, groups of tokens, layers], NaN where a group is empty
    interval(study.traced("hidden"))       # mean over the facts, and a 95% interval: each [groups, layers]

The bootstrap draws *facts*, with replacement: it says how the averages would move with other facts of the
same kind, not with another model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...metrics import bootstrap, percentiles
from ..kit.intervals import estimate, spearman

Array = NDArray[np.float64]
TIMES = 2000


class Study:
    """``facts``: all rows; ``edited``: those that were written, too. ``layers``, ``edit_layers``: blocks."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.made: Mapping[str, Any] = found["made_with"]
        self.facts: list[Mapping[str, Any]] = found["facts"]
        self.edits: Mapping[str, Any] = found["edits"]  # block -> column -> facts
        self.edited = self.facts[: len(self.edits["unedited"]["p"])]
        self.layers: list[int] = self.made["layers"]
        self.edit_layers = [n for n in self.made["edit_layers"] if str(n) in self.edits]

    def seconds(self) -> float:
        """What the study took, in seconds of one core."""
        rows = [*self.facts, *(self.edits[str(layer)] for layer in self.edit_layers)]
        return float(sum(row["cpu_seconds"] for row in rows))

    def total(self) -> Array:
        """Total effect of every fact, [facts]."""
        return np.array([row["p_clean"] - np.mean(row["p_corrupted"]) for row in self.facts])

    def traced(self, kind: str, edited: bool = False) -> Array:
        """Indirect effects, [facts, groups, layers]; only of the facts that were written, if ``edited``."""
        empty = [np.nan] * len(self.layers)
        rows = self.edited if edited else self.facts
        return np.array([[empty if part is None else part for part in row[kind]] for row in rows])

    def one_mlp(self) -> Array:
        """Indirect effects of a single MLP at the last subject token, [facts, layers]."""
        return np.array([row["one_mlp"] for row in self.facts])

    def at_edits(self, values: Array) -> Array:
        """The last axis of ``values``, layers, cut down to ``edit_layers``."""
        return values[..., [self.layers.index(layer) for layer in self.edit_layers]]

    def judged(self, column: str) -> Array:
        """A column of the judgements, [edited facts, edit_layers]."""
        return np.array([self.edits[str(layer)][column] for layer in self.edit_layers]).T

    def unedited(self, column: str) -> float:
        """The mean of a column of the judgements before any edit."""
        return float(np.mean(self.edits["unedited"][column]))


def interval(values: Array) -> tuple[Array, Array, Array]:
    """Mean over the first axis, facts, and a 95% bootstrap interval. NaN entries are left out."""
    there = ~np.isnan(values)

    def mean(rows: NDArray[np.int64]) -> Array:
        counts = np.stack([np.bincount(which, minlength=len(values)) for which in rows]).astype(float)
        some = np.tensordot(counts, there, 1)
        return np.tensordot(counts, np.where(there, values, 0), 1) / np.where(some, some, np.nan)

    centre, drawn = mean(np.arange(len(values))[None])[0], bootstrap(mean, len(values), resamples=TIMES)
    drawn[:, np.isnan(centre)] = 0  # places that no fact has: NaN again below
    low, high = percentiles(drawn)
    return centre, np.where(np.isnan(centre), np.nan, low), np.where(np.isnan(centre), np.nan, high)


def rank_correlation(effect: Array, success: Array) -> tuple[float, float, float]:
    """ρ over the layers between two mean curves, [facts, layers] each, and its 95% interval over facts."""

    def rho(rows: NDArray[np.int64]) -> Array:
        return spearman(effect[rows].mean(1), success[rows].mean(1))

    return estimate(rho, len(effect), resamples=TIMES, seed=0)[:3]


def within_layer(effect: Array, success: Array) -> Array:
    """ρ over the *facts* at every layer, [layers]: is more effect an easier edit? NaN where constant."""
    return spearman(effect.T, success.T)


def among_facts(effect: Array, success: Array, layers: list[int]) -> tuple[float, float, float]:
    """Mean of ``within_layer`` over some layers (positions), and its 95% interval over facts."""

    def rho(rows: NDArray[np.int64]) -> list[float]:
        some = ((effect[which][:, layers], success[which][:, layers]) for which in rows)
        return [float(np.nanmean(within_layer(*both))) for both in some]

    return estimate(rho, len(effect), resamples=TIMES, seed=0)[:3]


def said(value: float, low: float, high: float) -> str:
    """A value and its interval to one digit, "+0.7 [-0.2, +0.9]"; never "-0.0"."""
    a, b, c = (f"{round(float(v), 1) + 0:+.1f}" for v in (value, low, high))
    return f"{a} [{b}, {c}]"


def explained(effect: Array, success: Array) -> tuple[float, float]:
    """R² of success, [facts, layers]: by the choice of layer alone, and by layer and tracing effect."""
    centred = success - success.mean()
    by_layer = success - success.mean(0)
    x = effect - effect.mean(0)
    slope = float((x * by_layer).sum() / (x * x).sum()) if x.any() else 0.0
    whole = float((centred**2).sum())
    return 1 - float((by_layer**2).sum()) / whole, 1 - float(((by_layer - slope * x) ** 2).sum()) / whole
