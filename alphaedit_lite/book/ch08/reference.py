"""Our answers to chapter 8, "AlphaEdit". Keys are columns here, as in the formulas."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def eye(n: int) -> Tensor:
    return torch.eye(n, dtype=torch.float64)


def slope(delta: Tensor, K1: Tensor, R: Tensor, P: Tensor, lam: float) -> Tensor:  # 08.1
    X = delta @ P
    return 2 * ((X @ K1 - R) @ K1.T + lam * X) @ P


def closed_form(K1: Tensor, R: Tensor, P: Tensor, lam: float) -> Tensor:  # 08.2
    A = torch.cat([P @ K1, lam**0.5 * eye(len(P))], dim=1)
    B = torch.cat([R, torch.zeros(len(R), len(P)).to(R)], dim=1)
    return torch.linalg.lstsq(A.T, B.T).solution.T


def thin(K1: Tensor, U: Tensor, lam: float) -> Tensor:  # 08.3
    A = U.T @ K1
    return torch.linalg.solve(lam * eye(K1.shape[1]) + A.T @ A, A.T @ U.T)


# 08.4
def on_paper(
    shadow: float, lam: float, share: float, values: Tensor, tau: float
) -> tuple[float, float, float]:
    return shadow**2 / (shadow**2 + lam), shadow**2 * (1 - share) / share, float(values[values < tau].sum())


def with_history(K1: Tensor, Kp: Tensor, U: Tensor, lam: float) -> Tensor:  # 08.5
    A = U.T @ torch.cat([Kp, K1], dim=1)
    gain = torch.linalg.solve(lam * eye(A.shape[1]) + A.T @ A, A.T @ U.T)
    return gain[Kp.shape[1] :]


# 08.6
def alphaedit(
    look: Callable[[int], tuple[Tensor, Tensor]],
    write: Callable[[int, Tensor], None],
    z: Tensor,
    U: dict[int, Tensor],
    lam: dict[int, float],
    Kp: dict[int, Tensor],
) -> dict[int, Tensor]:
    layers, history = sorted(U), {}
    for i, layer in enumerate(layers):
        K1, h = look(layer)
        R = (z - h) / (len(layers) - i)
        write(layer, R @ with_history(K1, Kp[layer], U[layer], lam[layer]))
        history[layer] = torch.cat([Kp[layer], K1], dim=1)
    return history
