"""Our answers to chapter 10, "Hundreds of edits". Keys are columns here, as in the formulas."""

from __future__ import annotations

import torch
from torch import Tensor


def write_and_remember(S: Tensor, K1: Tensor, R: Tensor) -> tuple[Tensor, Tensor]:  # 10.1
    S = S + K1 @ K1.T
    return R @ torch.linalg.solve(S, K1).T, S


def on_paper(s: float, rho: float, lam: float) -> tuple[float, float, float]:  # 10.2
    a = s / (s + lam)
    return a * (1 - a * rho**2), a * rho, 1 / rho**2


def forgetting(scores: Tensor) -> tuple[float, float]:  # 10.3
    fresh, now = scores.diagonal(), scores[:, -1]
    return float(now.mean()), float((now - fresh)[:-1].mean())


def paired(a: Tensor, b: Tensor, resamples: int = 2000) -> tuple[float, float, float]:  # 10.4
    gaps = (a - b).double()
    means = gaps[torch.randint(len(gaps), (resamples, len(gaps)))].mean(1)
    return float(gaps.mean()), float(means.quantile(0.025)), float(means.quantile(0.975))


def front(harm: Tensor, gain: Tensor) -> Tensor:  # 10.5
    as_good = (harm[:, None] <= harm) & (gain[:, None] >= gain)
    better = (harm[:, None] < harm) | (gain[:, None] > gain)
    return ~(as_good & better).any(0)
