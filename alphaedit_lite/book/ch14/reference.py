"""Our answers to chapter 14, "When it breaks". Keys are columns here, as in the formulas."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


# 14.1
def units(s: float) -> tuple[float, float, float]:
    return s**2, s**2, 1.0


# 14.2
def forgotten(deltas: Sequence[Tensor], keys: Sequence[Tensor]) -> list[float]:
    """‖Σ_{t>b} Δ_t K_b‖ / ‖Δ_b K_b‖ for every batch b."""
    lost = []
    for b, (delta, K) in enumerate(zip(deltas, keys, strict=True)):
        later = sum((other @ K for other in deltas[b + 1 :]), torch.zeros_like(delta @ K))
        lost.append(float(later.norm() / (delta @ K).norm()))
    return lost


# 14.3
def growth(n: int, g: float) -> tuple[float, float, float]:
    return math.sqrt(1 + n * g**2), 1 + n * g, (1 + g) ** n


# 14.4
def rls_step(S: Tensor, K: Tensor, R: Tensor) -> tuple[Tensor, Tensor]:
    G = S @ K
    J = torch.linalg.solve(torch.eye(K.shape[1], dtype=K.dtype) + K.T @ G, G.T)
    return R @ J, S - G @ J


# 14.5
def evolve(P: Tensor, K: Tensor) -> Tensor:
    left, values, _ = torch.linalg.svd(P @ K, full_matrices=False)
    Q = left[:, values > 1e-8 * K.norm()]
    return P - Q @ Q.T
