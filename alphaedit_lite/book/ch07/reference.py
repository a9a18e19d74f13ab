"""Our answers to chapter 7, "The space nobody uses". Keys are columns here, as in the formulas."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def projection(K0: Tensor, threshold: float = 1e-10) -> Tensor:  # 07.1
    values, vectors = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])
    U = vectors[:, values < threshold]
    return U @ U.T


def on_paper(d: int, rank: int) -> tuple[float, float, float]:  # 07.2
    return d - rank, math.sqrt(d - rank), (d - rank) / d


def diagnose(P: Tensor, K0: Tensor) -> list[str]:  # 07.3
    broken = []
    if not torch.allclose(P, P.T, atol=1e-8):
        broken.append("symmetric")
    if not torch.allclose(P @ P, P, atol=1e-8):
        broken.append("idempotent")
    if not torch.allclose(P @ K0, torch.zeros_like(K0), atol=1e-8):
        broken.append("annihilates")
    if abs(float(P.trace()) - (len(P) - int(torch.linalg.matrix_rank(K0)))) > 1e-6:
        broken.append("dimension")
    return broken


def threshold_for(eigenvalues: Tensor, share: float) -> float:  # 07.4
    carried = eigenvalues.cumsum(0) / eigenvalues.sum()
    return float(eigenvalues[int((carried <= share).sum())])


def extend(U: Tensor, K: Tensor) -> Tensor:  # 07.5
    seen = U.T @ K
    values, vectors = torch.linalg.eigh(seen @ seen.T)
    return U @ vectors[:, values < 1e-10]


def size_of_write(r: Tensor, k: Tensor, P: Tensor) -> float:  # 07.6
    return float(r.norm() / (P @ k).norm())
