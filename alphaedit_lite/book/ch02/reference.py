"""Our answers to chapter 2, "Feed-forward layers are key-value memories"."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def feed_forward_share(d_model: int, d_ff: int, kv_share: float) -> float:  # 02.1
    memories = 3 * d_model * d_ff
    return memories / (memories + 2 * d_model**2 * (1 + kv_share))


def gated_key(x: Tensor, gate: Tensor, up: Tensor) -> Tensor:  # 02.2
    return F.silu(x @ gate.T) * (x @ up.T)


def selectivity(pattern: Tensor, rest: Tensor) -> Tensor:  # 02.3
    return (pattern.mean(0) - rest.mean(0)) / rest.std(0)


def contributions(key: Tensor, weight: Tensor, direction: Tensor) -> Tensor:  # 02.4
    return key * (direction @ weight)


def needed_factor(gap: float, contribution: float) -> float:  # 02.5
    return 1 + gap / contribution
