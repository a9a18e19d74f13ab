"""Checks of chapter 8, "AlphaEdit"; that of 08.6 is in exercises_editor.py. Keys are columns here, as in the formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..kit.exercises import close, exercise, expect, near, randn, refuse, several
from .reference import closed_form, eye, on_paper, slope, thin, with_history

D, N, M, PAST = 14, 4, 6, 3  # entries of a key, new facts, entries of an answer, earlier facts


def draw() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """K1, [D, N], R, [M, N], U, [D, 9], a basis of what 40 known keys leave free, and those keys K0."""
    K0 = randn(D, 5) @ randn(5, 40)
    values, vectors = torch.linalg.eigh(K0 @ K0.T / 40)
    return randn(D, N), randn(M, N), vectors[:, values < 1e-10], K0


@exercise("08.1", reference=slope)
def check_slope(answer: Callable[..., Tensor]) -> None:
    for lam in (0.6, 20.0):
        K1, R, U, _ = draw()
        P, delta = U @ U.T, randn(M, D)
        found = answer(delta, K1, R, P, lam)
        expect(
            isinstance(found, Tensor) and found.shape == delta.shape,
            f"the slope has the shape of Δ, d_model × d_ff = {M} × {D}. Let the shapes guide you: the error "
            f"ΔPK1 − R is {M} × {N}.",
        )
        leaf = delta.clone().requires_grad_()
        ((leaf @ P @ K1 - R).square().sum() + lam * (leaf @ P).square().sum()).backward()
        right = leaf.grad
        assert right is not None
        X = delta @ P
        first = 2 * (X @ K1 - R) @ K1.T
        mistakes = {
            "a factor of 2 is missing: the slope of x² is 2x.": right / 2,
            "the P behind it is missing. Δ enters through ΔP only, so the chain rule multiplies the slope "
            "with respect to ΔP by Pᵀ = P from the right. (The slope must lie inside P, too: "
            "yours does not.)": first + 2 * lam * X,
            "the second term is λ‖ΔP‖², not λ‖Δ‖²: "
            "its slope is 2λ ΔPPᵀ = 2λ ΔP.": first @ P + 2 * lam * delta,
            "this is the first wish alone: λ‖ΔP‖² has a slope too.": first @ P,
            "the error is that of the *projected* update: "
            "ΔPK1 − R, not ΔK1 − R.": 2 * ((delta @ K1 - R) @ K1.T + lam * X) @ P,
            "the sign is turned: the slope points uphill.": -right,
        }  # fmt: skip
        refuse(found, mistakes, close)
        expect(
            close(found, right),
            f"it differs from the slope of the objective by up to {float((found - right).abs().max()):.2g}. Write "
            "X = ΔP, take the slope with respect to X term by term, then multiply by P from the right.",
        )


@exercise("08.2", reference=closed_form)
def check_closed_form(answer: Callable[..., Tensor]) -> None:
    for lam in (0.3, 8.0):
        K1, R, U, K0 = draw()
        P = U @ U.T
        delta = answer(K1, R, P, lam)
        expect(
            isinstance(delta, Tensor) and tuple(delta.shape) == (M, D),
            f"Δ should be d_model × d_ff = {M} × {D}. The unknown of lstsq stands on the right, ours on the "
            "left, so solve for Δᵀ and transpose.",
        )
        bracket, ridge = K1 @ K1.T @ P + lam * eye(D), closed_form(K1, R, eye(D), lam)
        mistakes = {
            "the bracket is not symmetric, so its transpose is another matrix: Δ B = A means Bᵀ Δᵀ = Aᵀ. You "
            "have solved with B instead of Bᵀ. "
            "(With MEMIT's symmetric bracket this did no harm.)": torch.linalg.solve(bracket, P @ K1 @ R.T).T,
            "λ stands where √λ belongs: "
            "the routine squares what it is given, and (8.4) has λ‖ΔP‖².": closed_form(K1, R, P, lam**2),
            "this is the finished Δ of ridge regression, projected afterwards: it does not know that P will "
            "take a part away, and writes too little. "
            "P must be at the keys before the problem is solved.": ridge @ P,
            "this is ridge regression without P: it changes the answers to known keys. Put PK1 where K1 "
            "stands.": ridge,
        }
        refuse(delta, mistakes, close)
        expect(
            bool((delta @ K0).norm() < 1e-7 * (1 + delta.norm() * K0.norm())),
            "the answers to known keys change: ΔK0 should be zero. Is there a P at every K1?",
        )
        expect(
            not close(delta, R @ torch.linalg.pinv(U.T @ K1) @ U.T),
            "λ is missing: this meets the new facts exactly, at any price.",
        )
        expect(
            bool(slope(delta, K1, R, P, lam).norm() < 1e-7 * (1 + R.norm() * K1.norm())),
            "the slope of (8.4) at your Δ is not zero (exercise 08.1), so this is not the lowest point. Is λ where it "
            "belongs, √λ I beside PK1, and are the zeros beside R?",
        )


@exercise("08.3", reference=thin)
def check_thin(answer: Callable[..., Tensor]) -> None:
    for lam in (0.3, 8.0):
        K1, _, U, K0 = draw()
        P, gain = U @ U.T, answer(K1, U, lam)
        expect(
            isinstance(gain, Tensor) and tuple(gain.shape) == (N, D),
            f"the gain has a row for each fact: n × d_ff = {N} × {D}. What you return has the shape "
            f"{tuple(getattr(gain, 'shape', ()))}.",
        )
        solve, shadows, gram = torch.linalg.solve, K1.T @ P, K1.T @ P @ K1
        right = solve(lam * eye(N) + gram, shadows)
        mistakes = {
            "K1ᵀK1 in the bracket should be K1ᵀPK1: "
            "only the shadows of the new keys can be written to.": solve(lam * eye(N) + K1.T @ K1, shadows),
            "the right side is K1ᵀP. "
            "With K1ᵀ alone, the update leaves the null space.": solve(lam * eye(N) + gram, K1.T),
            "λ is missing in front of I.": solve(eye(N) + gram, shadows),
            "λ stands at the wrong summand: "
            "it multiplies I, not the keys.": solve(eye(N) + lam * gram, shadows),
        }  # fmt: skip
        refuse(gain, mistakes, close)
        expect(bool((gain @ K0).norm() < 1e-7 * K0.norm()), "G K0 is not zero: where has P (or U Uᵀ) gone?")
        expect(
            close(gain, right),
            "R G is not the Δ of the big formula. Check (8.9): (K1ᵀPK1 + λI)⁻¹ K1ᵀP, with K1ᵀPK1 = AᵀA, K1ᵀP = AᵀUᵀ.",
        )


@exercise("08.4", reference=on_paper)
def check_on_paper(answer: Callable[..., Any]) -> None:
    for _ in range(3):
        K0, k, r = randn(D, 60), randn(D, 1), randn(M, 1)
        values, V = torch.linalg.eigh(K0 @ K0.T / 60)
        tau, lam, wish = float(values[8]), 0.5 + 3 * float(torch.rand(())), 0.2 + 0.6 * float(torch.rand(()))
        U = V[:, values < tau]
        shadow = float((U.T @ k).norm())
        found = answer(shadow, lam, wish, values, tau)
        share, needed, energy = map(float, several(found, "the share", "the λ", "the mean of ‖Pk‖²"))

        def written(weight: float, k: Tensor = k, U: Tensor = U, r: Tensor = r) -> float:
            return float((r @ thin(k, U, weight) @ k * r).sum() / r.square().sum())

        mistakes = {
            "1: k comes into the formula twice, once as the key that is written and once as the key that "
            "reads: the *square* of ‖Pk‖ stands there.": shadow / (shadow + lam),
            "1: this is the share that is *not* written. Which part of r is?": lam / (shadow**2 + lam),
        }
        refuse(share, mistakes, near, within=1e-9)
        expect(
            abs(share - written(lam)) < 1e-9,
            f"1: for ‖Pk‖ = {shadow:.3f} and λ = {lam:.3f}, Δk is {written(lam):.3f} · r; your share is {share:.3f}. "
            "Put n = 1 into (8.9): everything in the bracket is a number.",
        )
        expect(
            abs(needed - shadow**2 * wish / (1 - wish)) > 1e-9,
            "2: the other way round: to write more, λ must become smaller.",
        )
        expect(
            needed > 0 and abs(written(needed) - wish) < 1e-9,
            f"2: with your λ the share written is {written(max(needed, 1e-9)):.3f}, not {wish:.3f}. Solve the first "
            "formula for λ.",
        )
        mistakes = {
            "3: this is the mean of ‖k‖², all of it. "
            "P keeps only the directions below τ.": float(values.sum()),
            "3: this counts directions. "
            "Each carries its eigenvalue of energy: (7.6).": float((values < tau).sum()),
        }  # fmt: skip
        refuse(energy, mistakes, near, within=1e-9)
        mean = float((U.T @ K0).square().sum() / 60)
        expect(
            abs(energy - mean) < 1e-9,
            f"3: over the keys behind C0 the mean of ‖Pk‖² is {mean:.3f}, and you say {energy:.3f}. ‖Pk‖² = tr(P k kᵀ), "
            "and the mean of k kᵀ is C0.",
        )


@exercise("08.5", reference=with_history)
def check_with_history(answer: Callable[..., Tensor]) -> None:
    for lam in (0.3, 6.0):
        K1, R, U, K0 = draw()
        Kp, P = randn(D, PAST), U @ U.T
        gain = answer(K1, Kp, U, lam)
        expect(
            isinstance(gain, Tensor) and tuple(gain.shape) in ((N, D), (N + PAST, D)),
            f"the gain has a row for each *new* fact: {N} × {D}.",
        )
        expect(
            len(gain) == N,
            f"there are {PAST} + {N} rows: one for each key. The wish for the old keys is a change of zero, so their "
            "rows meet residuals of zero: keep the rows of the new facts only.",
        )
        expect(
            not close(gain, thin(K1, U, lam)),
            "Kp has no effect: this is the gain without history, and the answers to earlier facts move.",
        )
        K = torch.cat([Kp, K1], dim=1)
        whole = torch.linalg.solve(lam * eye(N + PAST) + K.T @ P @ K, K.T @ P)
        expect(
            not close(gain, whole[:N]),
            "these are the first rows, and you have put the old keys first: the new facts come last.",
        )
        inside = U.T @ Kp
        left = U @ torch.linalg.eigh(inside @ inside.T)[1][:, : U.shape[1] - PAST]
        expect(
            not close(gain, thin(K1, left, lam)),
            "you have taken the old keys out of the null space altogether. That is an idea of its own (07.5, EvoEdit), "
            "but not (8.5): there, they are one more wish.",
        )
        X = R @ gain
        pull = (X @ K1 - R) @ K1.T + X @ Kp @ Kp.T + lam * X
        expect(
            bool((pull @ P).norm() < 1e-7 * (1 + R.norm() * K1.norm())) and close(X @ P, X),
            "the slope of (8.5) is not zero at Δ = R G. Put K = [Kp K1] into (8.9) in the place of K1, and think of "
            "the residuals as [0 R].",
        )
        expect(
            close(answer(K1, Kp[:, :0], U, lam), thin(K1, U, lam)),
            "without history it should be the gain of 08.3.",
        )
        expect(
            bool((gain @ K0).norm() < 1e-7 * K0.norm()), "G K0 is not zero: the update leaves the null space."
        )
