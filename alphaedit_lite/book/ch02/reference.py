"""Our answers to chapter 2, "Feed-forward layers are key-value memories"."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


# 02.1
def feed_forward_share(d_model: int, d_ff: int, kv_share: float) -> float:
    memories = 3 * d_model * d_ff
    return memories / (memories + 2 * d_model**2 * (1 + kv_share))


# 02.2
def gated_key(x: Tensor, gate: Tensor, up: Tensor) -> Tensor:
    return F.silu(x @ gate.T) * (x @ up.T)


# 02.3
def selectivity(pattern: Tensor, rest: Tensor) -> Tensor:
    return (pattern.mean(0) - rest.mean(0)) / rest.std(0)


# 02.4
def contributions(key: Tensor, weight: Tensor, direction: Tensor) -> Tensor:
    return key * (direction @ weight)


# 02.5
def needed_factor(gap: float, contribution: float) -> float:
    return 1 + gap / contribution
