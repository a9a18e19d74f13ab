"""Many intervals at once: how many of them still count when it is counted how many were looked at.

    counted(Pairs(result("fronts.json")))      # Counted(distinct=48, sure=25, fdr=21, holm=8)

Every test is the exact sign test of chapter 11, over the facts that an editor with P and the same editor
without it score differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import false_discovery_control

from ..kit.intervals import sign_test
from .experiments import METRICS, Pairs


class Counted(NamedTuple):
    """Intervals that are no copy of another; those that leave zero out; those that survive a correction."""

    distinct: int
    sure: int
    fdr: int
    holm: int


def survivors(p: Sequence[float], level: float = 0.05) -> tuple[int, int]:
    """How many of these p values survive Benjamini and Hochberg's correction, and how many Holm's.

    The first bounds the share of false ones among the survivors by ``level``, the second the chance that
    there is a false one at all.
    """
    holm = np.sort(p) * np.arange(len(p), 0, -1) <= level  # up to the first that fails
    return int((false_discovery_control(p) <= level).sum()), int(holm.cumprod().sum())


def counted(pairs: Pairs, level: float = 0.05) -> Counted:
    """The gains of all pairs, those left out whose scores are those of an earlier editor to the last fact."""
    p: list[float] = []
    seen: set[tuple[str, bytes]] = set()
    sure = 0
    for editor, way in pairs.with_P:
        found = [[pairs.scores(editor, w, metric) for w in (way, "without P")] for metric in METRICS]
        mark = (way, np.asarray(found).tobytes())
        if mark in seen:
            continue
        seen.add(mark)
        p += [sign_test(int((a < b).sum()), int((a > b).sum())) for a, b in found]
        sure += sum(pairs.gain(editor, way, metric).sure for metric in METRICS)
    return Counted(len(p), sure, *survivors(p, level))
