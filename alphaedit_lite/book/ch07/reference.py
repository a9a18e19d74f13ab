"""Our answers to chapter 7, "The space nobody uses". Keys are columns here, as in the formulas."""

from __future__ import annotations

import math

import torch
from torch import Tensor


# 07.1
def projection(K0: Tensor, threshold: float = 1e-10) -> Tensor:
    values, vectors = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])
    U = vectors[:, values < threshold]
    return U @ U.T


# 07.2
def on_paper(d: int, rank: int) -> tuple[float, float, float]:
    return d - rank, math.sqrt(d - rank), (d - rank) / d


# 07.3
def diagnose(P: Tensor, K0: Tensor) -> list[str]:
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


# 07.4
def threshold_for(eigenvalues: Tensor, share: float) -> float:
    carried = eigenvalues.cumsum(0) / eigenvalues.sum()
    return float(eigenvalues[int((carried <= share).sum())])


# 07.5
def extend(U: Tensor, K: Tensor) -> Tensor:
    seen = U.T @ K
    values, vectors = torch.linalg.eigh(seen @ seen.T)
    return U @ vectors[:, values < 1e-10]


# 07.6
def size_of_write(r: Tensor, k: Tensor, P: Tensor) -> float:
    return float(r.norm() / (P @ k).norm())
