"""What chapter 12's study says about two clouds, and about a shift that it made itself.

measured(before, after)                                # a row of results/shift.json
trial(X, gaps, paired=True, shift=0.1, seed=0)         # what each method says of a known shift
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .experiments import (
    classify,
    displacement,
    drift_test,
    energy_test,
    map_of,
    ordinary,
    overlaps,
    pair_folds,
    spread,
)

GROUP = 75  # prompts in a shifted cloud
MAPPED_NULLS, MAPPED_REPEATS = 10, 3  # trials without and with a shift that are mapped


def measured(X: Tensor, Y: Tensor) -> dict[str, Any]:
    """Everything that the chapter says about two paired clouds."""
    calm = ordinary(X)
    raw, giants = displacement(X, Y), int((~calm).sum())
    X, Y = X[calm], Y[calm]
    moved, told = displacement(X, Y), classify(X, Y, pair_folds(len(X)))
    apart = torch.cdist(X, X).fill_diagonal_(torch.inf).min(1).values  # to the nearest other prompt
    own = (Y - X).norm(dim=1)
    values, axes = torch.linalg.eigh((X - X.mean(0)).T @ (X - X.mean(0)))
    top = (Y - X) @ axes[:, -10:]
    two, one = energy_test(X, Y), energy_test(X, Y, paired=True)
    found = {
        "n": len(X), "giants": giants, "spread": spread(X), "raw size": raw.size, "size": moved.size,
        "common": moved.common, "chance": moved.size / len(X) ** 0.5, "drift p": drift_test(X, Y).p,
        "nearer": float((own < apart).float().mean()), "energy": two.value / spread(X), "p": two.p,
        "paired p": one.p, "accuracy": list(told),
        "top 10": float(top.square().sum() / (Y - X).square().sum()),
        "top 10 natural": float(values[-10:].sum() / values.sum()),
    }  # fmt: skip
    return {k: [round(x, 3) for x in v] if isinstance(v, list) else round(v, 4) for k, v in found.items()}


def trial(X: Tensor, gaps: Tensor, paired: bool, shift: float, seed: int) -> dict[str, float]:
    """One made shift along a random direction, and what every method says. Small p or overlap: noticed.

    Paired: the same prompts, each with its two states apart by a real displacement of another prompt, with
    a random sign, and then the second state moved by the shift. Otherwise: other prompts, and the shift.
    """
    random = torch.Generator().manual_seed(1000 * seed + round(100 * shift))
    order = torch.randperm(len(X), generator=random)
    A, B = X[order[:GROUP]], X[order[:GROUP] if paired else order[GROUP : 2 * GROUP]]
    if paired:
        signs = torch.randint(0, 2, (GROUP, 1), generator=random) * 2 - 1
        noise = gaps[torch.randperm(len(gaps), generator=random)[:GROUP]] * signs
        A, B = A - noise / 2, B + noise / 2  # half to each: without a shift the two are exchangeable
    direction = torch.randn(X.shape[1], generator=random)
    B = B + shift * spread(X) * direction / direction.norm()
    found = {
        "energy": energy_test(A, B, shuffles=199, seed=seed).p,
        "accuracy": classify(A, B, pair_folds(GROUP, seed=seed)).accuracy,
    }
    if seed < (MAPPED_REPEATS if shift >= 0.1 else 0 if shift else MAPPED_NULLS):
        found["overlap"] = min(overlaps(*map_of(A, B, seed)))
    if paired:
        found["paired energy"] = energy_test(A, B, paired=True, shuffles=199, seed=seed).p
        found["drift"] = drift_test(A, B, shuffles=199, seed=seed).p
    return {name: round(value, 4) for name, value in found.items()}
