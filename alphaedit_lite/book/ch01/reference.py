"""Our answers to the exercises of chapter 1: "What is a fact?"."""

from __future__ import annotations

import math

import torch
from torch import Tensor

Z = 1.96


def yardsticks(log_p: Tensor, true: Tensor, other: Tensor) -> tuple[float, float]:  # 01.1
    rows = torch.arange(len(log_p))
    success = log_p[rows, true] > log_p[rows, other]
    return float(success.float().mean()), float((log_p.argmax(1) == true).float().mean())


def wilson(right: int, n: int, z: float = Z) -> tuple[float, float]:  # 01.2
    p, shrink = right / n, 1 + z**2 / n
    middle = (p + z**2 / (2 * n)) / shrink
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / shrink
    return max(0.0, middle - half), min(1.0, middle + half)


def facts_needed(p: float, d: float) -> float:  # 01.3
    return 2 * Z**2 * p * (1 - p) / d**2


def lost(before: Tensor, now: Tensor) -> float:  # 01.4
    return float((before & ~now).sum() / before.sum()) if before.any() else math.nan


def over_edits(shares: Tensor, draws: int = 2000) -> tuple[float, float]:  # 01.5
    n = len(shares)
    means = shares[torch.randint(n, (draws, n))].mean(1)
    return float(means.quantile(0.025)), float(means.quantile(0.975))
