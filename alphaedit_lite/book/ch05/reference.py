"""Our answers to chapter 5, "Writing one fact". Keys are columns in its formulas, vectors here."""

from __future__ import annotations

import torch
from torch import Tensor


# 05.1
def objective(log_p: Tensor, ids: Tensor, now: Tensor, before: Tensor, delta: Tensor, h: Tensor) -> Tensor:
    nll = -log_p[torch.arange(len(ids)), ids].mean()
    kl = (now.exp() * (now - before)).sum()
    return nll + 0.0625 * kl + 0.5 * delta.norm() / h.norm() ** 2


def clamp(delta: Tensor, h: Tensor, factor: float) -> Tensor:  # 05.2
    limit = factor * h.norm()
    return delta if delta.norm() <= limit else delta * (limit / delta.norm())


def tangent(a: float, b: float, p: float, q: float) -> tuple[float, float]:  # 05.3
    length = p * p / a + q * q / b
    return p / a / length, q / b / length


def gain(k: Tensor, C0: Tensor) -> Tensor:  # 05.4
    u = torch.linalg.solve(C0, k)
    return u / (k @ u)


def damage(r: Tensor, k: Tensor, C0: Tensor) -> float:  # 05.5
    return float(r @ r / (k @ torch.linalg.solve(C0, k)))
