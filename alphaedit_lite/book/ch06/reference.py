"""Our answers to chapter 6, "Writing many facts". Keys are columns here, as in the formulas."""

from __future__ import annotations

import torch
from torch import Tensor


def gradient(delta: Tensor, K1: Tensor, R: Tensor, C0: Tensor, c: float) -> Tensor:  # 06.1
    return 2 * (delta @ K1 - R) @ K1.T + 2 * c * delta @ C0


def closed_form(K1: Tensor, R: Tensor, C0: Tensor, c: float) -> Tensor:  # 06.2
    return torch.linalg.solve(c * C0 + K1 @ K1.T, (R @ K1.T).T).T


def thin(K1: Tensor, M1: Tensor, c: float) -> Tensor:  # 06.3
    eye = torch.eye(K1.shape[1], dtype=K1.dtype)
    return torch.linalg.solve(c * eye + K1.T @ M1, M1.T)


def on_paper(s: float, c: float, wish: float, d: int) -> tuple[float, float, float]:  # 06.4
    return s / (c + s), s * (1 - wish) / wish, d


def left_over(share: float, layers: int) -> float:  # 06.5
    left = 1.0
    for remaining in range(layers, 0, -1):
        left *= 1 - share / remaining
    return left
