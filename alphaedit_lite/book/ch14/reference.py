"""Our answers to chapter 14, "When it breaks". Keys are columns here, as in the formulas."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def units(s: float) -> tuple[float, float, float]:  # 14.1
    return s**2, s**2, 1.0


def forgotten(deltas: Sequence[Tensor], keys: Sequence[Tensor]) -> list[float]:  # 14.2
    """‖Σ_{t>b} Δ_t K_b‖ / ‖Δ_b K_b‖ for every batch b."""
    lost = []
    for b, (delta, K) in enumerate(zip(deltas, keys, strict=True)):
        later = sum((other @ K for other in deltas[b + 1 :]), torch.zeros_like(delta @ K))
        lost.append(float(later.norm() / (delta @ K).norm()))
    return lost


def growth(n: int, g: float) -> tuple[float, float, float]:  # 14.3
    return math.sqrt(1 + n * g**2), 1 + n * g, (1 + g) ** n


def rls_step(S: Tensor, K: Tensor, R: Tensor) -> tuple[Tensor, Tensor]:  # 14.4
    G = S @ K
    J = torch.linalg.solve(torch.eye(K.shape[1], dtype=K.dtype) + K.T @ G, G.T)
    return R @ J, S - G @ J


def evolve(P: Tensor, K: Tensor) -> Tensor:  # 14.5
    left, values, _ = torch.linalg.svd(P @ K, full_matrices=False)
    Q = left[:, values > 1e-8 * K.norm()]
    return P - Q @ Q.T
