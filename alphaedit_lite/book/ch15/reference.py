"""Our answers to chapter 15, "From a laptop to 8B". Keys are rows here, as in the code."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def memory(d_model: int, d_ff: int, facts: int) -> tuple[float, float, float]:  # 15.1
    return 8 * d_ff**2, 8 * d_model * d_ff, 4 * facts * d_ff


def flops(shapes: Sequence[tuple[int, int]], d_ff: int, tokens: int) -> tuple[float, float]:  # 15.2
    return 2 * tokens * sum(rows * columns for rows, columns in shapes), 2 * tokens * d_ff**2


def merge(C_a: Tensor, n_a: int, C_b: Tensor, n_b: int) -> tuple[Tensor, int]:  # 15.3
    return (n_a * C_a + n_b * C_b) / (n_a + n_b), n_a + n_b


def half_step(w: float, digits: int) -> float:  # 15.4
    return 2.0 ** (math.floor(math.log2(abs(w))) - digits) / 2


def adapter(residuals: Sequence[Tensor], gains: Sequence[Tensor]) -> tuple[Tensor, Tensor]:  # 15.5
    return torch.cat(list(residuals)).T, torch.cat(list(gains))
