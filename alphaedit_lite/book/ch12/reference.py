"""Our answers to chapter 12, "Did its insides move?". Rows are prompts, as in the code of this chapter."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def margin_overlap(distance: float, degrees: float) -> float:  # 12.1
    seen = distance * abs(math.cos(math.radians(degrees)))
    return math.erfc(seen / 2 / math.sqrt(2))


def displacement(before: Tensor, after: Tensor) -> tuple[float, float]:  # 12.2
    gap = after - before
    spread = (before - before.mean(0)).square().sum(1).mean().sqrt()
    return float(gap.square().sum(1).mean().sqrt() / spread), float(gap.mean(0).norm() / spread)


def energy(X: Tensor, Y: Tensor) -> float:  # 12.3
    return float(2 * torch.cdist(X, Y).mean() - torch.cdist(X, X).mean() - torch.cdist(Y, Y).mean())


# 12.4
def paired_p(
    before: Tensor, after: Tensor, statistic: Callable[[Tensor, Tensor], float], shuffles: int = 199
) -> float:
    own, beaten = statistic(before, after), 0
    for _ in range(shuffles):
        swap = torch.rand(len(before), 1) < 0.5
        beaten += statistic(torch.where(swap, after, before), torch.where(swap, before, after)) >= own
    return (1 + beaten) / (1 + shuffles)


def folds(n: int, k: int = 5) -> Tensor:  # 12.5
    one = torch.randperm(n) % k
    return torch.cat([one, one])


def by_chance(size: float, n: int, shuffles: int) -> tuple[float, float]:  # 12.6
    return size / math.sqrt(n), 1 / (1 + shuffles)
