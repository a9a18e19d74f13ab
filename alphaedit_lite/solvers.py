"""Closed forms: from keys to the directions of a write.

All editors here solve one problem, with keys as columns as in the papers:

    minimise  ‖Δ K1 − R‖²  +  ‖Δ Kp‖²  +  tr(Δ A Δᵀ)
    Δ = R K1ᵀ (A + Kp Kpᵀ + K1 K1ᵀ)⁻¹

K1 are the keys of the new facts and R their residuals; Kp are the keys of earlier edits, whose answers
should stay; the prior A says what else should. Only A differs: λ·I for ridge regression, c·C0 for MEMIT,
their sum for ENCORE, and for AlphaEdit λ·I inside the null space and infinity outside it. ROME and EMMET
are MEMIT's limit c → 0, in which the new facts become constraints: Δ K1 = R exactly.

R only ever multiplies from the left, Δ = R G. So a solver returns the *gain* G, whose row i tells
which keys will meet fact i. In code keys are rows: ``keys`` is [n, d_ff], ``residual`` [n, d_model],
and ``delta = residual.T @ gain``. With ``null_space`` any of them is solved again inside range(P).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .nullspace import NullSpace

InversePrior = Callable[[Tensor], Tensor]


def inverse_prior(
    second_moment: Tensor | None = None,
    weight: float = 0.0,
    lam: float = 0.0,
    null_space: NullSpace | None = None,
) -> InversePrior:
    """A⁻¹ for A = weight·C0 + λ·I, on the whole space or inside a null space of C0 (0 outside it).

    Returns:
        a function from rows x, [m, d_ff], float64, to x A⁻¹.

    Raises:
        ValueError: A is singular, for example C0 from fewer tokens than d_ff without any λ.
    """
    if weight < 0 or lam < 0 or weight + lam == 0:
        raise ValueError(f"The prior must be positive, not weight = {weight} and lam = {lam}.")
    if null_space is not None:  # C0 is diagonal in its eigenvectors, so A is inverted entry by entry
        scale = weight * null_space.eigenvalues[: null_space.rank] + lam
        if not bool((scale > 1e-12 * scale.max()).all()):
            raise ValueError("C0 is zero on part of the null space: add lam, or choose another editor.")
        return lambda rows: null_space.project(rows, scale.to(rows))
    if second_moment is None or weight == 0:
        return lambda rows: rows / lam
    eye = torch.eye(len(second_moment), dtype=torch.float64, device=second_moment.device)
    factor, failed = torch.linalg.cholesky_ex(weight * second_moment.double() + lam * eye)
    if failed:
        raise ValueError(
            "C0 is singular, so this editor's system has no solution: it was fitted on too few tokens. "
            "Use more tokens than d_ff, several times over."
        )
    return lambda rows: torch.cholesky_solve(rows.T, factor.to(rows)).T


def gain(keys: Tensor, history: Tensor | None, inverse: InversePrior, slack: float = 1.0) -> Tensor:
    """The gain of the problem above, by an n × n system instead of a d_ff × d_ff one.

    With K = [Kp K1], the push-through identity gives Kᵀ (A + K Kᵀ)⁻¹ = (I + Kᵀ A⁻¹ K)⁻¹ Kᵀ A⁻¹. The
    answers wanted at Kp are zero, so only the rows of K1 are kept. Solved in float64 by Cholesky:
    the matrix is symmetric and all its eigenvalues are at least 1.

    Args:
        keys: K1ᵀ, [n, d_ff].  history: Kpᵀ, [n_past, d_ff], or None.
        inverse: see ``inverse_prior``.  slack: 1, or 0 for equality constraints instead of least squares.

    Returns:
        G, [n, d_ff], float64.

    Raises:
        ValueError: keys that are not finite; with slack 0, a key that is a mixture of those before it.
    """
    both = keys.double() if history is None else torch.cat([history.to(keys), keys]).double()
    if not torch.isfinite(both).all():
        raise ValueError("The keys hold NaN or infinite values.")
    if len(both) > 2 * both.shape[1]:  # R of Kpᵀ = Q R has the same Kp Kpᵀ = RᵀR and only d_ff rows
        both = torch.cat([torch.linalg.qr(both[: -len(keys)], mode="r").R, keys.double()])
    weighted = inverse(both)  # [n_past + n, d_ff]
    gram = weighted @ both.T
    gram = (gram + gram.T) / 2 + slack * torch.eye(len(both), dtype=gram.dtype, device=gram.device)
    factor, failed = torch.linalg.cholesky_ex(gram)
    if failed or (slack == 0 and float(factor.diagonal().min() / factor.diagonal().max()) < 1e-7):
        row = failed - 1 if failed else factor.diagonal().argmin()
        raise ValueError(f"Fact {int(row)} of this batch (from 0) has a key mixed from earlier ones.")
    solution = torch.cholesky_solve(weighted, factor)
    return solution[len(both) - len(keys) :]


def ridge(
    keys: Tensor, lam: float, history: Tensor | None = None, null_space: NullSpace | None = None
) -> Tensor:
    """A = λ I: a small change, whatever the model knows. Shapes as in ``gain``."""
    return gain(keys, history, inverse_prior(lam=_positive("lam", lam), null_space=null_space))


def alphaedit(keys: Tensor, null_space: NullSpace, lam: float, history: Tensor | None = None) -> Tensor:
    """Ridge inside the null space: a small change there, none outside; A⁻¹ = P / λ.

    Equals R K1ᵀP (Kp KpᵀP + K1 K1ᵀP + λI)⁻¹ (Fang et al. 2025, eq. 14, where λ is printed as 1; the
    authors' code has λ = 10, called L2).
    """
    return ridge(keys, lam, history, null_space)


def memit(
    keys: Tensor,
    second_moment: Tensor,
    weight: float,
    history: Tensor | None = None,
    null_space: NullSpace | None = None,
) -> Tensor:
    """A = c·C0: a small change of the answers to known keys (MEMIT, Meng et al. 2023, eq. 14).

    Args:
        second_moment: C0, [d_ff, d_ff], positive definite.  weight: c (the papers use 15,000).
        history: None for MEMIT, the keys of earlier edits for its sequential form.
    """
    inverse = inverse_prior(second_moment, _positive("weight", weight), 0.0, null_space)
    return gain(keys, history, inverse)


def encore(
    keys: Tensor,
    second_moment: Tensor,
    weight: float,
    lam: float,
    history: Tensor | None = None,
    null_space: NullSpace | None = None,
) -> Tensor:
    """A = c·C0 + λ·I: both at once (ENCORE, Gupta et al. 2025)."""
    inverse = inverse_prior(second_moment, _positive("weight", weight), _positive("lam", lam), null_space)
    return gain(keys, history, inverse)


def emmet(keys: Tensor, second_moment: Tensor, null_space: NullSpace | None = None) -> Tensor:
    """Least change of known answers that meets all new ones exactly (EMMET, Gupta et al. 2024).

    Δ = R (K1ᵀC0⁻¹K1)⁻¹ K1ᵀC0⁻¹.
    """
    return gain(keys, None, inverse_prior(second_moment, 1.0, 0.0, null_space), slack=0.0)


def rome(keys: Tensor, second_moment: Tensor, null_space: NullSpace | None = None) -> Tensor:
    """EMMET for one fact: Δ = r (C0⁻¹k)ᵀ / (kᵀC0⁻¹k) (ROME, Meng et al. 2022, eq. 2)."""
    if len(keys) != 1:
        raise ValueError(f"ROME writes one fact at a time, not {len(keys)}: use EMMET for a batch.")
    return emmet(keys, second_moment, null_space)


def rect(delta: Tensor, weight: Tensor, keep: float = 0.4) -> Tensor:
    """Only the entries of Δ that change W most, relatively; the others are 0 (RECT, Gu et al. 2024).

    Args:
        delta, weight: [d_model, d_ff].  keep: the share of entries that stays.
    """
    if not 0 < keep <= 1:
        raise ValueError(f"keep must be a share, above 0 and at most 1, not {keep}.")
    change = (delta / weight.to(delta)).abs().nan_to_num(posinf=torch.finfo(delta.dtype).max)
    count = max(1, round(keep * change.numel()))
    bound = change.flatten().kthvalue(change.numel() - count + 1).values
    return torch.where(change >= bound, delta, 0)


def prune(total: Tensor, weight: Tensor, base: float = math.e) -> Tensor:
    """The sum of all updates with its large singular values damped (PRUNE, Ma et al. 2024).

    A singular value σ above the largest of W, s, becomes log(σ) − log(s) + s, to a base above 1. Where the
    logarithm is steeper than 1 (s < 1), that formula would enlarge it: then σ stays.

    Args:
        total: ΣΔ, [d_model, d_ff].  weight: the unedited W.
    """
    if not base > 1:
        raise ValueError(f"base must be above 1, not {base}.")
    u, s, v = torch.linalg.svd(total.double(), full_matrices=False)
    largest = torch.linalg.matrix_norm(weight.double(), 2)
    damped = (s / largest).clamp_min(1).log() / math.log(base) + largest
    return (u * torch.where(s > largest, damped.minimum(s), s)) @ v


def _positive(name: str, value: float) -> float:
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be positive, not {value}.")
    return value
