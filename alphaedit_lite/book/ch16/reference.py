"""Our answers to chapter 16, "Seeing the seams". Keys are rows here, as in the chapter's code."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...facts import Fact


# 16.1
def follows(knows: Tensor, before: Tensor, after: Tensor) -> tuple[float, int]:
    fair = knows & ~before
    count = int(fair.sum())
    return (float(after[fair].float().mean()) if count else math.nan), count


# 16.2
def with_fact(fact: Fact, prompt: str) -> str:
    return f"{fact.prompt}{fact.new}. {prompt}"


# 16.3
def largest_rank(facts: int, subjects: int, d_model: int, d_ff: int) -> int:
    return min(facts, subjects, d_model, d_ff)


# 16.4
def suspects(delta: Tensor, keys: Tensor, rank: int) -> Tensor:
    V = torch.linalg.svd(delta, full_matrices=False)[2][:rank]
    return (keys @ V.T).norm(dim=1) / keys.norm(dim=1)


# 16.5
def spoken(delta: Tensor, key: Tensor, E: Tensor, count: int) -> list[int]:
    return (E @ (delta @ key)).topk(count).indices.tolist()
