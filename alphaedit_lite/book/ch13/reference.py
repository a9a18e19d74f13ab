"""Our answers to chapter 13, "One line of code". Keys are columns here, as in the formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..ch08.reference import eye


def solver(K1: Tensor, A: Tensor, slack: float = 1.0) -> Tensor:
    """The gain of min ‖ΔK1 − R‖² + tr(Δ A Δᵀ), [n, d]; with slack 0, of ΔK1 = R."""
    M1 = torch.linalg.solve(A, K1)
    return torch.linalg.solve(slack * eye(K1.shape[1]) + K1.T @ M1, M1.T)


def add_projection(delta: Tensor, P: Tensor) -> Tensor:  # 13.1
    return delta @ P


def inside(solver: Callable[..., Tensor], K1: Tensor, A: Tensor, U: Tensor) -> Tensor:  # 13.2
    return solver(U.T @ K1, U.T @ A @ U) @ U.T


def on_paper(values: Tensor, x: Tensor, kept: Tensor) -> tuple[float, float, float, float]:  # 13.3
    weighed = x.square() / values
    s = float(weighed[kept].sum() / weighed.sum())
    return s, 1 / s, float(kept.sum()), s**-0.5


def fair(delta: Tensor, projected: Tensor, K1: Tensor, R: Tensor) -> float:  # 13.4
    return float((projected @ K1 * R).sum() / (delta @ K1 * R).sum())


Rule = Callable[[Tensor], Tensor]  # from a gradient to a step  # 13.5


class Adam:
    """Adam's step for a gradient: entry by entry, divided by the root of its running mean square."""

    def __init__(self, lr: float = 0.03, beta1: float = 0.9, beta2: float = 0.99) -> None:
        self.lr, self.beta1, self.beta2, self.t = lr, beta1, beta2, 0
        self.mean: Any = 0.0
        self.square: Any = 0.0

    def __call__(self, gradient: Tensor) -> Tensor:
        self.t += 1
        self.mean = self.beta1 * self.mean + (1 - self.beta1) * gradient
        self.square = self.beta2 * self.square + (1 - self.beta2) * gradient.square()
        mean, square = self.mean / (1 - self.beta1**self.t), self.square / (1 - self.beta2**self.t)
        return -self.lr * mean / (square.sqrt() + 1e-12)


class Momentum:
    """A step against the running sum of the gradients; with beta = 0, plain gradient descent."""

    def __init__(self, lr: float = 0.01, beta: float = 0.0) -> None:
        self.lr, self.beta = lr, beta
        self.sum: Any = 0.0

    def __call__(self, gradient: Tensor) -> Tensor:
        self.sum = self.beta * self.sum + gradient
        return -self.lr * self.sum


def descend(K1: Tensor, R: Tensor, P: Tensor, rule: Rule, steps: int) -> Tensor:
    delta = torch.zeros(len(R), len(K1), dtype=K1.dtype)
    for _ in range(steps):
        delta = delta + rule(2 * (delta @ K1 - R) @ K1.T) @ P
    return delta


# 13.6
OPERATIONS = ("sum", "scale", "momentum", "decay", "clip norm", "clamp entries", "RECT", "PRUNE", "rounding")


def stays() -> dict[str, bool]:
    before = ("decay", "clamp entries", "RECT", "rounding")
    return {name: name not in before for name in OPERATIONS}
