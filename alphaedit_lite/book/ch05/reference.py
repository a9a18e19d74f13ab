"""Our answers to chapter 5, "Writing one fact". Keys are columns in its formulas, vectors here."""

from __future__ import annotations

import torch
from torch import Tensor


# 05.1
def objective(log_p: Tensor, ids: Tensor, now: Tensor, before: Tensor, delta: Tensor, h: Tensor) -> Tensor:
    nll = -log_p[torch.arange(len(ids)), ids].mean()
    kl = (now.exp() * (now - before)).sum()
    return nll + 0.0625 * kl + 0.5 * delta.norm() / h.norm() ** 2


# 05.2
def clamp(delta: Tensor, h: Tensor, factor: float) -> Tensor:
    limit = factor * h.norm()
    return delta if delta.norm() <= limit else delta * (limit / delta.norm())


# 05.3
def tangent(a: float, b: float, p: float, q: float) -> tuple[float, float]:
    length = p * p / a + q * q / b
    return p / a / length, q / b / length


# 05.4
def gain(k: Tensor, C0: Tensor) -> Tensor:
    u = torch.linalg.solve(C0, k)
    return u / (k @ u)


# 05.5
def damage(r: Tensor, k: Tensor, C0: Tensor) -> float:
    return float(r @ r / (k @ torch.linalg.solve(C0, k)))
