"""Checks of chapter 6, "Writing many facts". Keys are columns here, as in the formulas."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ..kit.exercises import close, exercise, expect, mixing, near, randn, refuse, several
from .reference import closed_form, gradient, left_over, on_paper, thin

D, N, M = 14, 5, 6  # entries of a key, new facts, entries of an answer


def draw() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Δ, [M, D], K1, [D, N], R, [M, N], and C0, [D, D], of correlated known keys; float64."""
    mix = mixing(D)
    K0 = mix @ randn(D, 80)
    shapes = ((M, D), (D, N), (M, N))
    delta, K1, R = (randn(*shape) for shape in shapes)
    return delta, K1, R, K0 @ K0.T / 80


def objective(delta: Tensor, K1: Tensor, R: Tensor, C0: Tensor, c: float) -> Tensor:
    return (delta @ K1 - R).square().sum() + c * (delta @ C0 @ delta.T).trace()


@exercise("06.1", reference=gradient)
def check_gradient(answer: Callable[..., Tensor]) -> None:
    for c in (0.7, 30.0):
        delta, K1, R, C0 = draw()
        found = answer(delta, K1, R, C0, c)
        expect(
            isinstance(found, Tensor) and found.shape == delta.shape,
            f"the gradient has the shape of Δ, d_model × d_ff = {M} × {D}: one slope for each entry. The error "
            f"ΔK1 − R is {M} × {N}: what has to stand behind it, so that the shapes fit?",
        )
        leaf = delta.clone().requires_grad_()
        objective(leaf, K1, R, C0, c).backward()
        right = leaf.grad
        assert right is not None
        first, second = 2 * (delta @ K1 - R) @ K1.T, delta @ C0
        mistakes = {
            "a factor of 2 is missing: the slope of x² is 2x.": right / 2,
            "this is the first wish alone. The second, c · tr(Δ C0 Δᵀ), has a slope as well.": first,
            "the weight c is missing in front of the second term.": first + 2 * second,
            "tr(Δ C0 Δᵀ) is quadratic in Δ: "
            "each Δ in it gives Δ C0 once, so the factor is 2c.": first + c * second,
        }  # fmt: skip
        refuse(found, mistakes, close)
        expect(
            not close(found, 2 * c * second - first) and not close(-found, right),
            "a sign is turned: the gradient points uphill, so it holds ΔK1 − R, not R − ΔK1.",
        )
        expect(
            close(found, right),
            f"the slopes differ from those of the objective by up to {float((found - right).abs().max()):.2g}. "
            "Take the terms one by one. With c = 0 only the first is left: does yours fit then?",
        )


@exercise("06.2", reference=closed_form)
def check_closed_form(answer: Callable[..., Tensor]) -> None:
    eye = torch.eye(D, dtype=torch.float64)
    for c in (0.05, 4.0):
        _, K1, R, C0 = draw()
        delta = answer(K1, R, C0, c)
        expect(
            isinstance(delta, Tensor) and tuple(delta.shape) == (M, D),
            f"Δ should be d_model × d_ff = {M} × {D}. torch.linalg.solve(A, B) is A⁻¹B; here the inverse "
            "stands on the right, so solve for Δᵀ and transpose.",
        )
        mistakes = {
            "the weight c is missing in front of C0.": closed_form(K1, R, C0, 1.0),
            "the second wish has become c · I. That is ridge regression: it keeps Δ small, but does not know "
            "which keys are in use. Put C0 there.": closed_form(K1, R, eye, c),
            "a sign is turned: bring R K1ᵀ to the other side of the equation.": -closed_form(K1, R, C0, c),
            "this fits the new facts exactly and ignores C0 (it is chapter "
            "4's least squares).": R @ torch.linalg.pinv(K1),
        }  # fmt: skip
        refuse(delta, mistakes, close)
        left = gradient(delta, K1, R, C0, c)
        expect(
            float(left.norm()) < 1e-7 * (1 + float((R @ K1.T).norm())),
            f"the gradient at your Δ is not zero but {float(left.norm()):.2g}. Set 2(ΔK1 − R)K1ᵀ + 2cΔC0 = 0, "
            "collect what is multiplied by Δ: Δ (K1K1ᵀ + cC0) = R K1ᵀ.",
        )


@exercise("06.3", reference=thin)
def check_thin(answer: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    eye = torch.eye(N, dtype=torch.float64)
    for c in (0.3, 8.0):
        _, K1, R, C0 = draw()
        M1 = torch.linalg.solve(C0, K1)
        G = answer(K1, M1, c)
        expect(
            isinstance(G, Tensor) and tuple(G.shape) == (N, D),
            f"the gain has a row for each fact: n × d_ff = {N} × {D}. Solve with an n × n matrix; the right "
            "side is M1ᵀ.",
        )
        solve, gram = torch.linalg.solve, K1.T @ M1
        mistakes = {
            "c is missing: the n × n matrix is c·I + K1ᵀC0⁻¹K1.": solve(eye + gram, M1.T),
            "c stands at the wrong summand. Multiply (6.6) from the left by c·I + K1ᵀC0⁻¹K1 and see where c "
            "goes.": solve(eye + c * gram, M1.T),
            "inside the n × n matrix stands K1ᵀC0⁻¹K1 = K1ᵀM1, not K1ᵀK1: "
            "C0 must be heard there as well.": solve(c * eye + K1.T @ K1, M1.T),
            "the right side is K1ᵀC0⁻¹ = M1ᵀ, not K1ᵀ.": solve(c * eye + gram, K1.T),
        }
        refuse(G, mistakes, close)
        right = closed_form(K1, R, C0, c)
        expect(
            close(R @ G, right),
            f"R G is not the Δ of the closed form; they differ by {float((R @ G - right).norm()):.2g}. "
            "Check (6.6) with the shapes: (n × n)⁻¹ times (n × d_ff).",
        )


@exercise("06.4", reference=on_paper)
def check_on_paper(answer: Callable[[float, float, float, int], tuple[float, float, float]]) -> None:
    for d, c, wished in ((14, 3.0, 0.25), (9, 40.0, 0.8)):
        mix = mixing(d)
        K0 = mix @ randn(d, 50 * d)
        C0 = K0 @ K0.T / K0.shape[1]
        k, r = K0[:, :1], randn(M, 1)
        each = (K0 * torch.linalg.solve(C0, K0)).sum(0)  # s of every known key
        s, mean = float(each[0]), float(each.mean())
        written = float((closed_form(k, r, C0, c) @ k).norm() / r.norm())
        found = answer(s, c, wished, d)
        what = ("the share written", "the c that writes the share ``wish``", "the mean of s")
        share, needed, typical = map(float, several(found, *what))
        expect(
            abs(share - (1 - written)) > 1e-6,
            "this is the share that is *not* written: with a large c nothing is written.",
        )
        expect(
            abs(share - written) < 1e-6,
            f"the share written is not right: for s = {s:.2f} and c = {c:g} the closed form writes {written:.3f}, "
            f"your formula says {share:.3f}. Put (6.6) with n = 1 into Δk.",
        )
        again = (
            float((closed_form(k, r, C0, needed) @ k).norm() / r.norm())
            if needed > 0 and math.isfinite(needed)
            else math.nan
        )
        expect(
            not abs(again - (1 - wished)) < 1e-6,
            f"with your c, {again:.0%} are written and {wished:.0%} stay behind: the other way round.",
        )
        expect(
            abs(again - wished) < 1e-6,
            f"with your c, {again:.0%} of the residual is written, not {wished:.0%}. Solve share = s / (c + s) "
            "for c.",
        )
        expect(
            abs(typical - 1) > 1e-6,
            "the mean of kᵀC0⁻¹k is not 1: a mean of k kᵀ times its own inverse is the identity, and this one is "
            "larger than 1 × 1. What is its trace?",
        )
        expect(
            abs(typical - mean) < 1e-6,
            f"the mean of s over the keys behind C0 is {mean:.2f} here, not {typical:.2f}. A number is its own "
            "trace: kᵀC0⁻¹k = tr(C0⁻¹ k kᵀ). Now take the mean inside.",
        )


@exercise("06.5", reference=left_over)
def check_left_over(answer: Callable[[float, int], float]) -> None:
    for share, layers in ((0.3, 3), (0.9, 4), (0.6, 2)):
        # Layers that all add to one hidden state, each with its own key, all with the same s.
        c, k = 2.0, randn(D)
        k *= math.sqrt(c * share / (1 - share)) / k.norm()  # C0 = I: s = ‖k‖²
        goal = randn(M)
        hidden = torch.zeros(M, dtype=torch.float64)
        for remaining in range(layers, 0, -1):
            asked = (goal - hidden) / remaining
            hidden = (
                hidden + closed_form(k[:, None], asked[:, None], torch.eye(D, dtype=torch.float64), c) @ k
            )
        truth, found = float((goal - hidden).norm() / goal.norm()), float(answer(share, layers))
        mistakes = {
            "this is what has been written. What is left over is asked for.": 1 - truth,
            f"1 − share is the answer for one layer (or for layers that are each asked for 1/{layers} of the "
            "*first* residual). "
            "But each layer looks again at what is left, and divides by the layers left.": 1 - share,
            "this asks each layer for the whole rest. Only the last layer is asked for all of it; the first "
            f"for 1/{layers}.": (1 - share) ** layers,
            f"this divides by {layers} at each layer. The divisor is the number of layers *left*: {layers}, "
            "…, 1.": (1 - share / layers) ** layers,
        }
        refuse(found, mistakes, near)
        expect(
            abs(found - truth) < 1e-6,
            f"share {share}, {layers} layers: {truth:.4f} is left over, not {found:.4f}. At each layer, what is "
            "left is multiplied by 1 − share / (layers left).",
        )
