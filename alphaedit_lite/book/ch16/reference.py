"""Our answers to chapter 16, "Seeing the seams". Keys are rows here, as in the chapter's code."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...facts import Fact


def follows(knows: Tensor, before: Tensor, after: Tensor) -> tuple[float, int]:  # 16.1
    fair = knows & ~before
    count = int(fair.sum())
    return (float(after[fair].float().mean()) if count else math.nan), count


def with_fact(fact: Fact, prompt: str) -> str:  # 16.2
    return f"{fact.prompt}{fact.new}. {prompt}"


def largest_rank(facts: int, subjects: int, d_model: int, d_ff: int) -> int:  # 16.3
    return min(facts, subjects, d_model, d_ff)


def suspects(delta: Tensor, keys: Tensor, rank: int) -> Tensor:  # 16.4
    V = torch.linalg.svd(delta, full_matrices=False)[2][:rank]
    return (keys @ V.T).norm(dim=1) / keys.norm(dim=1)


def spoken(delta: Tensor, key: Tensor, E: Tensor, count: int) -> list[int]:  # 16.5
    return (E @ (delta @ key)).topk(count).indices.tolist()
