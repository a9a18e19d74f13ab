"""Our answers to chapter 4, "A matrix as a dictionary". Keys and values are columns, as in the formulas."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def two_keys(c: float) -> tuple[float, float]:  # 04.1
    return abs(c), math.sqrt(2 / (1 - c**2))


def store(K: Tensor, V: Tensor) -> Tensor:  # 04.2
    d, n = K.shape
    if n <= d:
        return V @ torch.linalg.solve(K.T @ K, K.T)
    return torch.linalg.solve(K @ K.T, K @ V.T).T


def expected_error(n: int, d: int) -> tuple[float, float]:  # 04.3
    return (n - 1) / d, max(0.0, 1 - d / n)


def write(W: Tensor, k: Tensor, v: Tensor) -> Tensor:  # 04.4
    return torch.outer(v - W @ k, k) / (k @ k)


def write_carefully(W: Tensor, K: Tensor, k: Tensor, v: Tensor) -> Tensor:  # 04.5
    rest = k - K @ torch.linalg.lstsq(K, k[:, None]).solution[:, 0]
    return torch.outer(v - W @ k, rest) / (rest @ k)


def effective_dimension(K: Tensor) -> float:  # 04.6
    U = K / K.norm(dim=0)
    G = U.T @ U
    n = len(G)
    return float((n * n - n) / (G.square().sum() - n))
