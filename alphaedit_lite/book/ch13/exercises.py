"""Checks of chapter 13, "One line of code"; that of 13.5 is in exercises_descent.py. Keys are columns here, as in the formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ... import solvers
from ..kit.exercises import close, exercise, expect, mixing, near, randn, refuse, several
from .reference import OPERATIONS, add_projection, eye, fair, inside, on_paper, solver, stays

D, N, M = 14, 4, 6  # entries of a key, new facts, entries of an answer


def free() -> tuple[Tensor, Tensor]:
    """U, [D, 9], an orthonormal basis of what 40 known keys leave free, and those keys K0, [D, 40]."""
    K0 = randn(D, 5) @ randn(5, 40)
    values, vectors = torch.linalg.eigh(K0 @ K0.T / 40)
    return vectors[:, values < 1e-10], K0


@exercise("13.1", reference=add_projection)
def check_add_projection(answer: Callable[..., Tensor]) -> None:
    for rows in (M, D):  # a square Δ, too: there, a P on the left does not stop the code
        U, K0 = free()
        delta, P = randn(rows, D), U @ U.T
        kept, found = delta.clone(), answer(delta, P)
        expect(
            isinstance(found, Tensor) and found.shape == delta.shape,
            f"an update has the shape of W, d_model × d_ff = {rows} × {D}.",
        )
        expect(
            rows != D or not close(found, P @ delta),
            "P stands on the wrong side. Keys meet Δ from the right, in ΔK0, so P must stand between the two: ΔP.",
        )
        expect(
            not close(found, delta - delta @ P),
            "you have kept the part outside the null space, and thrown the harmless part away: ΔP, not Δ(I − P).",
        )
        expect(bool((found @ K0).norm() < 1e-8 * K0.norm()), "known answers change: ΔK0 is not zero.")
        expect(close(found, delta @ P), "known answers stay, but more was taken from Δ than P takes away.")
        expect(
            bool((delta == kept).all()), "your function changes the Δ that it was given: return a new one."
        )


@exercise("13.2", reference=inside)
def check_inside(answer: Callable[..., Tensor]) -> None:
    for slack in (1.0, 0.0):
        (U, K0), K1, R, mix = free(), randn(D, N), randn(M, N), randn(D, D)
        A, P = mix @ mix.T / D + 0.1 * eye(D), U @ U.T

        def solve(K1: Tensor, A: Tensor, slack: float = slack) -> Tensor:
            return solver(K1, A, slack)

        gain = answer(solve, K1, A, U)
        expect(
            not (isinstance(gain, Tensor) and gain.shape == (N, U.shape[1])),
            f"the gain has {U.shape[1]} columns: it is written in coordinates of U. Go back to {D} with Uᵀ.",
        )
        expect(
            isinstance(gain, Tensor) and tuple(gain.shape) == (N, D),
            f"the gain has a row for each fact, {N} × {D}; yours has the shape {tuple(getattr(gain, 'shape', ()))}.",
        )
        expect(
            not close(gain, solve(K1, A) @ P),
            "this is the finished gain, projected afterwards: it does not know that P will take a part away, and "
            "writes too little. Let the solver see the keys as U sees them.",
        )
        expect(
            not close(gain, solve(P @ K1, A) @ P) and not close(gain, solve(P @ K1, A)),
            "the keys are those inside P, but the prior is still that of the whole space. Both must go through U: "
            "UᵀK1 and UᵀAU.",
        )
        expect(
            not close(gain, solve(U.T @ K1, eye(U.shape[1])) @ U.T),
            "the prior A has been lost: this is ridge regression inside P. Use UᵀAU.",
        )
        expect(
            bool((gain @ K0).norm() < 1e-7 * (1 + gain.norm() * K0.norm())),
            "G K0 is not zero: the update leaves the null space. Where is the Uᵀ at the end?",
        )
        X = R @ gain
        if slack:
            slope = ((X @ K1 - R) @ K1.T + X @ A) @ P
            expect(
                bool(slope.norm() < 1e-7 * (1 + R.norm() * K1.norm())),
                "among the updates inside P there is a better one: the slope there is not zero. Put Δ = X Uᵀ into the "
                "objective, and read off what stands in the place of K1 and of A.",
            )
        expect(
            bool(slack) or close(X @ K1, R),
            "with a solver that meets the facts exactly, ΔK1 should be R inside P as well.",
        )


@exercise("13.3", reference=on_paper)
def check_on_paper(answer: Callable[..., Any]) -> None:
    for _ in range(3):
        K0, k, r = mixing(D) @ randn(D, 60), randn(D, 1), randn(M, 1)
        C0 = K0 @ K0.T / 60
        values, V = torch.linalg.eigh(C0)
        kept = torch.arange(D) < 6
        P = V[:, kept] @ V[:, kept].T
        found = answer(values, V.T @ k[:, 0], kept)
        share, larger, mean, harm = map(float, several(found, "share", "ratio", "mean", "harm"))
        rome = r @ solvers.rome(k.T, C0)
        again = r @ inside(lambda K, A: solver(K, A, 0.0), k, C0, V[:, kept])
        s = float((rome @ P @ k * r).sum() / r.square().sum())
        x = V.T @ k[:, 0]
        expect(
            abs(share - float(x[kept].square().sum() / x.square().sum())) > 1e-9,
            "1: this is the share of the key's *length* inside P. ROME's update points along C0⁻¹k, so every "
            "coordinate counts with 1/λᵢ.",
        )
        expect(
            abs(share - s) < 1e-9,
            f"1: for this key ΔPk is {s:.3f} · r, and you say {share:.3f}. In the eigenvectors' coordinates kᵀC0⁻¹k is "
            "the sum of xᵢ²/λᵢ, and P leaves out some of the terms.",
        )
        expect(abs(larger - s) > 1e-9, "2: the other way round: the re-solved update is the *larger* one.")
        expect(
            abs(larger - float(again.norm() / (rome @ P).norm())) < 1e-9,
            f"2: ‖re-solved‖/‖ΔP‖ is {float(again.norm() / (rome @ P).norm()):.3f}, not {larger:.3f}. Both point "
            "along PC0⁻¹k; one writes s·r, the other r.",
        )
        expect(
            abs(mean - float(values[kept].sum())) > 1e-9,
            "3: this is the energy inside P, the mean of kᵀPk. With C0⁻¹ between, the trace is that of P itself.",
        )
        right = float(torch.trace(torch.linalg.solve(C0, P @ C0)))
        expect(
            abs(mean - right) < 1e-6,
            f"3: over the keys behind C0 the mean of kᵀC0⁻¹Pk is {right:.2f}, and you say {mean:.2f}. It is "
            "tr(C0⁻¹P · mean of kkᵀ).",
        )
        change = float((again @ K0).norm() / (rome @ K0).norm())
        expect(abs(harm - change**2) > 1e-9, "4: this is the ratio of the *squared* changes. Take the root.")
        expect(
            abs(harm - change) < 1e-9,
            f"4: the re-solved update changes known answers {change:.3f} times as much as ROME, and you say {harm:.3f}. "
            "tr(ΔC0Δᵀ) is ‖r‖²/(kᵀC0⁻¹k) for ROME; which kᵀC0⁻¹k stands there inside P?",
        )


@exercise("13.4", reference=fair)
def check_fair(answer: Callable[..., Any]) -> None:
    for _ in range(2):
        (U, _), K1, R = free(), randn(D, N), randn(M, N)
        delta = R @ solver(K1, eye(D))
        projected = delta @ U @ U.T
        share = float((projected @ K1 * R).sum() / R.square().sum())
        full = float((delta @ K1 * R).sum() / R.square().sum())
        found = answer(delta, projected, K1, R)
        expect(not isinstance(found, Tensor) or found.numel() == 1, "one number is asked for, the factor t.")
        t = float(found)
        mistakes = {
            "you have turned the projected update *up*. The control is the plain one, turned down: "
            "below 1.": full / share,
            "this gives the same *size* as ΔP. The same share *written* is asked for: "
            "⟨ΔK1, R⟩/‖R‖².": projected.norm() / delta.norm(),
            "‖ΔK1‖ also counts what lands beside R. The share is the part along R: the sum of the entries of "
            "ΔK1 ∘ R, divided by ‖R‖².": (projected @ K1).norm() / (delta @ K1).norm(),
            "you assume that Δ itself writes everything. Divide by the share that *it* writes.": share,
        }
        refuse(t, mistakes, near, within=1e-9)
        wrote = float((t * delta @ K1 * R).sum() / R.square().sum())
        expect(
            abs(wrote - share) < 1e-9, f"ΔP writes {share:.1%} of the residuals, your control {wrote:.1%}."
        )


# -- 13.5 -----------------------------------------------------------------------------------------------


@exercise("13.6", reference=stays)
def check_stays(answer: Callable[[], dict[str, bool]]) -> None:
    found = answer()
    expect(
        isinstance(found, dict) and set(found) == set(OPERATIONS),
        f"answer for each of: {', '.join(OPERATIONS)}.",
    )
    (U, K0), W = free(), 3 * randn(M, D)
    P = U @ U.T
    delta, other = randn(M, D) @ P, randn(M, D) @ P
    largest = torch.linalg.matrix_norm(W, 2)
    after = {
        "sum": delta + other,
        "scale": 0.3 * delta,
        "momentum": 0.9 * delta + other,
        "decay": delta - 0.1 * (W + delta),
        "clip norm": delta / delta.norm(),
        "clamp entries": delta.clamp(-0.3, 0.3),
        "RECT": solvers.rect(delta, W, 0.4),
        "PRUNE": solvers.prune(20 * delta * largest / torch.linalg.matrix_norm(delta, 2), W),
        "rounding": delta.bfloat16().double(),
    }
    why = {
        "sum": "(Δ + Δ')P = ΔP + Δ'P. So a sequence of edits stays inside.",
        "scale": "a number does not turn the rows.",
        "momentum": "0.9Δ + Δ' is a sum of two updates that are inside.",
        "decay": "weight decay shrinks W + Δ, and W lies in no null space. (Decay of Δ alone would stay.)",
        "clip norm": "clipping by the norm divides by one number.",
        "clamp entries": "a bound on each entry bends the rows.",
        "RECT": "setting entries to zero bends the rows.",
        "PRUNE": "it damps singular values. The right singular vectors, which span the rows, are those of Δ.",
        "rounding": "each entry is rounded by itself. The part outside is small, but it is there.",
    }
    for name, value in after.items():
        left = float((value @ K0).norm() / (value.norm() * K0.norm()))
        expect(
            bool(found[name]) == (left < 1e-10),
            f"{name}: ‖ΔK0‖/(‖Δ‖‖K0‖) is {left:.0e} after it. Think again: {why[name]}",
        )
