"""Our answers to the exercises of chapter 11: "Can it still think?"."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..kit.minimal_pairs import Pair


def in_words(rise: float, tokens: int) -> tuple[float, float, float]:  # 11.1
    nats = math.log(1 + rise)
    return nats, math.exp(tokens * nats), math.log(2) / nats


def share_right(some: Sequence[Pair], score: Callable[[str], float]) -> float:  # 11.2
    return sum(score(pair.good) > score(pair.bad) for pair in some) / len(some)


TEMPLATE = "[Yesterday|Tomorrow] the tired: person:0 (was|will be) in the place:0"  # 11.3


def mcnemar(before: Any, after: Any) -> tuple[int, int, float]:  # 11.4
    lost, gained = int((before & ~after).sum()), int((~before & after).sum())
    n, few = lost + gained, min(lost, gained)
    return lost, gained, min(1.0, 2 * sum(math.comb(n, k) for k in range(few + 1)) / 2**n)


def pairs_needed(loss: float, changed: float, p: float, rho: float) -> tuple[float, float, float]:  # 11.5
    paired = 2.8**2 * (changed - loss**2) / loss**2
    return paired, 2.8**2 * 2 * p * (1 - p) / loss**2, paired * (1 + rho)


def weighted_f1(gold: Any, said: Any) -> float:  # 11.6
    total = 0.0
    for label in gold.unique():
        hits = int(((gold == label) & (said == label)).sum())
        total += int((gold == label).sum()) * 2 * hits / int((gold == label).sum() + (said == label).sum())
    return total / len(gold)
