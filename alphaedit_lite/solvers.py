"""Closed forms: from keys to the directions of a write.

All editors here solve one problem, with keys as columns as in the papers:

    minimise  ‖Δ K1 − R‖²  +  ‖Δ Kp‖²  +  tr(Δ A Δᵀ)
    Δ = R K1ᵀ (A + Kp Kpᵀ + K1 K1ᵀ)⁻¹

K1 are the keys of the new facts and R their residuals; Kp are the keys of earlier edits, whose answers
should stay; the prior A says what else should. Only A differs: c·C0 for MEMIT, λ·I for ridge
regression, and for AlphaEdit λ·I inside the null space and infinity outside it.

R only ever multiplies from the left, Δ = R G. So a solver returns the *gain* G, whose row i tells
which keys will meet fact i. In code keys are rows: ``keys`` is [n, d_ff], ``residual`` [n, d_model],
and ``delta = residual.T @ gain``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .nullspace import NullSpace


def gain(keys: Tensor, history: Tensor | None, inverse_prior: Callable[[Tensor], Tensor]) -> Tensor:
    """The gain of the problem above, by an n × n system instead of a d_ff × d_ff one.

    With K = [Kp K1], the push-through identity gives Kᵀ (A + K Kᵀ)⁻¹ = (I + Kᵀ A⁻¹ K)⁻¹ Kᵀ A⁻¹. The
    answers wanted at Kp are zero, so only the rows of K1 are kept. Solved in float64 by Cholesky:
    the matrix is symmetric and all its eigenvalues are at least 1.

    Args:
        keys: K1ᵀ, [n, d_ff].  history: Kpᵀ, [n_past, d_ff], or None.
        inverse_prior: maps rows x, [m, d_ff], to x A⁻¹.

    Returns:
        G, [n, d_ff], float64.
    """
    if not torch.isfinite(keys).all():
        raise ValueError("The keys hold NaN or infinite values.")
    both = keys.double() if history is None else torch.cat([history.to(keys), keys]).double()
    weighted = inverse_prior(both)  # [n_past + n, d_ff]
    gram = weighted @ both.T
    gram = (gram + gram.T) / 2 + torch.eye(len(both), dtype=gram.dtype, device=gram.device)
    solution = torch.cholesky_solve(weighted, torch.linalg.cholesky(gram))
    return solution[len(both) - len(keys) :]


def ridge(keys: Tensor, lam: float, history: Tensor | None = None) -> Tensor:
    """A = λ I: a small change, whatever the model knows. Shapes as in ``gain``."""
    return gain(keys, history, lambda rows: rows / _positive("lam", lam))


def memit(keys: Tensor, second_moment: Tensor, weight: float, history: Tensor | None = None) -> Tensor:
    """A = c·C0: a small change of the answers to known keys (MEMIT, Meng et al. 2023, eq. 14).

    Args:
        second_moment: C0, [d_ff, d_ff], positive definite.  weight: c (the papers use 15,000).
        history: None for MEMIT, the keys of earlier edits for its sequential form.
    """
    factor, failed = torch.linalg.cholesky_ex(second_moment.to(keys.device, torch.float64))
    if failed:
        raise ValueError(
            "C0 is singular, so MEMIT's system has no solution: it was fitted on too few tokens. "
            "Use more tokens than d_ff, several times over."
        )
    return gain(
        keys, history, lambda rows: torch.cholesky_solve(rows.T, factor).T / _positive("weight", weight)
    )


def alphaedit(keys: Tensor, null_space: NullSpace, lam: float, history: Tensor | None = None) -> Tensor:
    """A⁻¹ = P / λ: a small change inside the null space of the known keys, none outside.

    Equals R K1ᵀP (Kp KpᵀP + K1 K1ᵀP + λI)⁻¹ (Fang et al. 2025, eq. 14, where λ is printed as 1; the
    authors' code has λ = 10, called L2).
    """
    return gain(keys, history, lambda rows: null_space.project(rows) / _positive("lam", lam))


def _positive(name: str, value: float) -> float:
    if not value > 0:
        raise ValueError(f"{name} must be positive, not {value}.")
    return value
