"""Checks of chapter 14, "When it breaks". Keys are columns here, as in the formulas."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..kit.exercises import close, exercise, expect, randn, several
from .reference import evolve, forgotten, growth, rls_step, units


def _writes(K0: Tensor, K1: Tensor, R: Tensor, tau: float, lam: float, c: float) -> tuple[Tensor, Tensor]:
    """AlphaEdit's and MEMIT's Δ, [d_model, d], for keys as columns."""
    C0, eye = K0 @ K0.T / K0.shape[1], torch.eye(len(K0), dtype=K0.dtype)
    values, vectors = torch.linalg.eigh(C0)
    U = vectors[:, values < tau]
    A = U.T @ K1
    alpha = R @ torch.linalg.solve(A.T @ A + lam * torch.eye(K1.shape[1], dtype=A.dtype), A.T @ U.T)
    memit = torch.linalg.solve(c * C0 + K1 @ K1.T + 0 * eye, K1 @ R.T).T
    return alpha, memit


@exercise("14.1", reference=units)
def check_units(answer: Callable[[float], tuple[float, float, float]]) -> None:
    for s in (0.1, 3.0):
        K0 = torch.linspace(0.1, 2, 12, dtype=torch.float64)[:, None] * randn(12, 80)
        K1, R = randn(12, 3), randn(5, 3)
        tau = float(torch.linalg.eigvalsh(K0 @ K0.T / 80)[6:8].mean())
        tau_, lam_, c_ = map(float, several(answer(s), "a factor for τ", "for λ", "for c"))
        expect(
            not (math.isclose(tau_, s) and not math.isclose(s, 1)),
            "τ is compared with eigenvalues of C0, and these are mean *squares* of the keys: s is not enough.",
        )
        expect(
            math.isclose(tau_, s**2),
            "the factor of τ is not right: by how much do the eigenvalues of C0 grow?",
        )
        expect(
            not math.isclose(lam_, s),
            "λ stands beside K1K1ᵀ, a product of two keys: it has the unit of a squared length.",
        )
        expect(math.isclose(lam_, s**2), "the factor of λ is not right: it must keep step with K1K1ᵀ.")
        expect(
            not math.isclose(c_, s**2) and not math.isclose(c_, s**-2),
            "c·C0 contains the squares of the keys already, and so does K1K1ᵀ beside it: what is left for c?",
        )
        before = _writes(K0, K1, R, tau, 2.0, 5.0)
        after = _writes(s * K0, s * K1, R, tau * tau_, 2.0 * lam_, 5.0 * c_)
        for old, new in zip(before, after, strict=True):
            probe = randn(12, 6)
            expect(
                close(new @ (s * probe), old @ probe),
                "with your factors the edit of the rescaled model does not do what that of the original does.",
            )


@exercise("14.2", reference=forgotten)
def check_forgotten(answer: Callable[[Sequence[Tensor], Sequence[Tensor]], Sequence[float]]) -> None:
    deltas, keys = [randn(5, 9) for _ in range(5)], [randn(9, 2) for _ in range(5)]
    found = [float(value) for value in answer(deltas, keys)]
    expect(len(found) == len(deltas), f"one number for each of the {len(deltas)} batches is asked for.")
    right = forgotten(deltas, keys)
    expect(
        abs(found[-1]) < 1e-9,
        "nothing was written after the last batch, so it has lost nothing: did you count its own Δ?",
    )
    norms = [
        sum(float((d @ K).norm()) for d in deltas[b + 1 :]) / float((deltas[b] @ K).norm())
        for b, K in enumerate(keys)
    ]
    expect(
        any(abs(a - b) > 1e-6 for a, b in zip(found[:-2], norms, strict=False)),
        "you added up the lengths of the changes. Later changes can cancel: add the changes, then take the length.",
    )
    squares = [value**2 for value in right]
    expect(
        any(abs(a - b) > 1e-6 for a, b in zip(found[:-1], squares, strict=False)),
        "this is a ratio of squared lengths: take the root.",
    )
    earlier = forgotten(deltas[::-1], keys[::-1])[::-1]
    expect(
        any(abs(a - b) > 1e-6 for a, b in zip(found, earlier, strict=True)),
        "you counted the updates *before* a batch. Only later ones can make it forget.",
    )
    expect(
        all(abs(a - b) < 1e-7 for a, b in zip(found, right, strict=True)),
        "not right yet: for batch b, sum Δ_t K_b over all t > b, and divide its norm by that of Δ_b K_b.",
    )


@exercise("14.3", reference=growth)
def check_growth(answer: Callable[[int, float], tuple[float, float, float]]) -> None:
    for n, g in ((9, 0.3), (16, 0.1)):
        across, along, loop = map(float, answer(n, g))
        W = torch.zeros(n + 1, dtype=torch.float64)
        W[0] = 1
        right, straight, fed = W.clone(), W.clone(), W.clone()
        for t in range(n):
            right[t + 1] += g
            straight += g * straight / straight.norm()
            fed += g * fed.norm() * fed / fed.norm()
        expect(
            abs(across - (1 + math.sqrt(n) * g)) > 1e-9,
            "W stands at a right angle to the updates as well: Pythagoras takes its square, too.",
        )
        expect(
            not (abs(across - float(straight.norm())) < 1e-9 and n * g > 0),
            "this is the length if all updates point the same way. At right angles, squares add up (Pythagoras).",
        )
        expect(
            abs(across - float(right.norm())) < 1e-9,
            "the first is not right: Pythagoras in n + 1 dimensions.",
        )
        expect(abs(along - float(straight.norm())) < 1e-9, "the second is not right: arrows laid end to end.")
        expect(
            abs(loop - float(straight.norm())) > 1e-9,
            "in the third case the size of an update is measured by the W of *that moment*, which has grown.",
        )
        expect(
            abs(loop - float(fed.norm())) < 1e-9,
            "the third is not right: each update multiplies the size by the same number.",
        )


@exercise("14.4", reference=rls_step)
def check_rls(answer: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]) -> None:
    d, A = 10, randn(10, 10)
    A = A @ A.T + torch.eye(d, dtype=torch.float64)
    S, seen = torch.linalg.inv(A), A.clone()
    for n in (3, 4, 2):
        K, R = randn(d, n), randn(6, n)
        delta, new = several(answer(S.clone(), K, R), "Δ", "the new S")
        seen = seen + K @ K.T
        wanted = R @ K.T @ torch.linalg.inv(seen)
        expect(
            tuple(delta.shape) == (6, d),
            f"Δ must be d_model × d = 6 × {d}, not {list(delta.shape)}: is R in it?",
        )
        naive = R @ (S @ K).T
        expect(
            not close(delta, naive),
            "Δ ignores that the new keys are in the bracket, too: (I + KᵀG)⁻¹ is missing from J.",
        )
        over = R @ torch.linalg.pinv(K.T @ S @ K) @ (S @ K).T
        expect(
            not close(delta, over),
            "the I in (I + KᵀG) is missing: this writes the new facts exactly, whatever A says.",
        )
        expect(close(delta, wanted), "Δ is not R Kᵀ (A + all keys so far)⁻¹. Follow G, J, Δ = R J.")
        grown = S + S @ K @ torch.linalg.solve(torch.eye(n, dtype=K.dtype) + K.T @ S @ K, (S @ K).T)
        expect(not close(new, grown), "S must shrink where the new keys are: S − G J, not S + G J.")
        expect(
            not close(new, S), "S has not changed: the next batch would not know of these keys (no history)."
        )
        expect(
            close(new, torch.linalg.inv(seen)),
            "the new S is not the inverse of A + all keys so far: S − G J.",
        )
        S = torch.linalg.inv(seen)
    U, _ = torch.linalg.qr(randn(12, 9))
    S, K, R = U @ U.T / 0.7, randn(12, 3), randn(6, 3)  # as AlphaEdit's first S: P/λ
    G = S @ K
    J = torch.linalg.solve(torch.eye(3, dtype=K.dtype) + K.T @ G, G.T)
    delta, new = several(answer(S.clone(), K, R), "Δ", "the new S")
    expect(
        close(delta, R @ J) and close(new, S - G @ J),
        "right as long as S has an inverse. P/λ, from which AlphaEdit starts, has none: solve n × n systems only.",
    )


@exercise("14.5", reference=evolve)
def check_evolve(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    U, _ = torch.linalg.qr(randn(12, 9))
    P = U @ U.T
    K = randn(12, 3)
    K = torch.cat([K, K[:, :1] + K[:, 1:2]], dim=1)  # four keys, three of them independent
    new = answer(P, K)
    expect(tuple(new.shape) == (12, 12), f"P must stay 12 × 12; yours is {list(new.shape)}.")
    shadows = P @ K
    expect(
        not close(new, P - shadows @ shadows.T),
        "the columns of P K are not orthonormal, so P − (PK)(PK)ᵀ is no projection: take an orthonormal basis Q of them.",
    )
    left, values, _ = torch.linalg.svd(K, full_matrices=False)
    left = left[:, values > 1e-8 * values.max()]
    expect(
        not close(new, P - left @ left.T),
        "you took the directions of K. Part of K lies outside P already; take those of P K, else P − QQᵀ is no projection.",
    )
    rank = float(new.trace())
    expect(
        abs(rank - 5) > 1e-6,
        "one direction too many is gone: the fourth key depends on the others, and its singular value is zero but for "
        "rounding. Keep only singular vectors whose value is not.",
    )
    expect(close(new @ K, 0.0), "P K is not zero: the keys can still be reached. Subtract Q Qᵀ.")
    expect(close(new, new.T), "P is not symmetric any more.")
    expect(close(new @ new, new), "P P is not P: is Q orthonormal, and does it lie inside the old P?")
    expect(close(new @ P, new), "the new space is not inside the old one: K0 would be hit again.")
    expect(abs(rank - 6) < 1e-6, "the space has the wrong size: 9 directions, and three independent shadows.")
    far = (torch.eye(12, dtype=torch.float64) - P) @ randn(12, 2)
    expect(
        close(answer(P, far), P),
        "keys that P does not see at all must cost nothing: their shadows are zero but for rounding. Compare singular "
        "values with a tolerance that does not shrink to nothing with them.",
    )
