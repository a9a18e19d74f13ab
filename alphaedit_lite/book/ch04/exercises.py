"""Checks of chapter 4, "A matrix as a dictionary". Keys and values are columns, as in the formulas."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ..kit.exercises import exercise, expect, randn, refuse
from .reference import effective_dimension, expected_error, store, two_keys, write, write_carefully


def close(a: Tensor | float, b: Tensor | float, tolerance: float = 1e-6) -> bool:
    a, b = torch.as_tensor(a).double(), torch.as_tensor(b).double()
    return a.shape == b.shape and bool(((a - b).abs() <= tolerance).all())


def unit(columns: Tensor) -> Tensor:
    return columns / columns.norm(dim=0)


@exercise("04.1", reference=two_keys)
def check_two_keys(answer: Callable[[float], tuple[float, float]]) -> None:
    for c in (0.6, -0.8, 0.1 + 0.8 * float(torch.rand(()))):
        K = torch.tensor([[1.0, c], [0.0, math.sqrt(1 - c**2)]], dtype=torch.float64)
        V = torch.linalg.qr(randn(5, 2)).Q
        error = float((V @ K.T @ K[:, 0] - V[:, 0]).norm())
        size = float((V @ torch.linalg.inv(K)).norm())
        given, length = map(float, answer(c))
        expect(
            given >= 0,
            "an error is a length, and a length is never negative: keys may also overlap at c < 0.",
        )
        mistakes = {
            "this is the squared error, c². The error itself is the length of c·v₂.": c**2,
            "v₁ arrives whole, since k₁ᵀk₁ = 1. "
            "What comes *on top* is the error, not what is missing.": 1 - abs(c),
        }  # fmt: skip
        refuse(given, mistakes, close)
        expect(close(given, error), f"at c = {c:.2f} the sum's error is {error:.3f}, not {given:.3f}.")
        mistakes = {
            "this is ‖W‖². Take the root.": 2 / (1 - c**2),
            "this is the length of *one* of the two rows of K⁺. ‖W‖² adds up both.": (1 - c**2) ** -0.5,
            "this is ‖W‖ of the sum V Kᵀ, or of keys at a right angle. The exact W is V K⁻¹.": math.sqrt(2),
        }
        refuse(length, mistakes, close)
        expect(
            close(length, size),
            f"at c = {c:.2f} the exact W has ‖W‖ = {size:.3f}, not {length:.3f}. ‖W‖² = tr((KᵀK)⁻¹), "
            "and KᵀK is 2 × 2 with ones on the diagonal and c beside it.",
        )


@exercise("04.2", reference=store)
def check_store(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    for n in (5, 30):  # fewer and more facts than the 8 entries of a key
        K, V = randn(8, n), randn(4, n)
        W = answer(K, V)
        expect(
            isinstance(W, Tensor) and tuple(W.shape) == (4, 8),
            "W should be 4 × 8 here: a row for each entry of a value, a column for each entry of a key.",
        )
        expect(not close(W, V @ K.T), "V Kᵀ is the *sum* of section 1: its answers interfere. K⁺ is not Kᵀ.")
        expect(bool(torch.isfinite(W).all()), f"W is not finite for {n} keys of 8 entries.")
        recall = W @ K
        if n < 8:
            expect(
                close(recall, V, 1e-5),
                "five independent keys of eight entries can be answered exactly, and yours are not. K Kᵀ has no "
                "inverse here (five keys, eight directions), but KᵀK has. Did you add something to a diagonal?",
            )
            outside = torch.eye(8, dtype=torch.float64) - K @ torch.linalg.pinv(K)
            expect(
                close(W @ outside, torch.zeros(4, 8), 1e-5),
                "the answers are exact, but W is larger than it must be: it also answers questions that stand at a "
                "right angle to all keys. Mix the rows of W from the keys alone: W = (…) Kᵀ.",
            )
        else:
            expect(
                close((recall - V) @ K.T, torch.zeros(4, 8), 1e-5),
                "with 30 facts, W does not meet the normal equations W K Kᵀ = V Kᵀ, so another W has a smaller "
                "error. KᵀK (30 × 30) has rank 8 and no inverse; K Kᵀ (8 × 8) has one.",
            )


@exercise("04.3", reference=expected_error)
def check_expected_error(answer: Callable[[int, int], tuple[float, float]]) -> None:
    for n, d in ((6, 12), (20, 8)):
        K, V = (torch.randn(400, rows, n, dtype=torch.float64) for rows in (d, 6))  # 400 dictionaries
        K, V = (X / X.norm(dim=1, keepdim=True) for X in (K, V))
        added, exact = (
            float((V @ G @ K - V).square().sum(1).mean()) for G in (K.transpose(1, 2), torch.linalg.pinv(K))
        )
        summed, least = map(float, answer(n, d))
        mistakes = {
            "n/d counts all n facts. The fact that you ask for is no error of its own.": n / d,
            "this is the root. The mean of the *squared* error is asked for.": math.sqrt((n - 1) / d),
        }
        refuse(summed, mistakes, close)
        expect(
            abs(summed - added) < 0.08 * added,
            f"for n = {n}, d = {d} the sum's mean squared error is about {added:.2f}, not {summed:.2f}. Each of the "
            "other facts adds its value times a cosine, and the mean squared cosine of random keys is 1/d.",
        )
        expect(least >= 0, "a squared error cannot be negative: look at the case n ≤ d again.")
        expect(
            not (n > d and close(least, 1 - n / d)) and not (n > d and close(least, d / n)),
            "d of n dimensions are *met*: d/n is the share that is right. What is left over?",
        )
        expect(
            abs(least - exact) < 0.03,
            f"for n = {n}, d = {d} least squares leaves about {exact:.2f} of ‖v‖², not {least:.2f}. A row of V has n "
            "entries; W can meet what lies in the d dimensions that the rows of K span.",
        )


@exercise("04.4", reference=write)
def check_write(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    W, k, v = randn(4, 7), 2 * randn(7, 1)[:, 0], randn(4, 1)[:, 0]
    delta, r, length = answer(W, k, v), v - W @ k, float(k @ k)
    expect(
        isinstance(delta, Tensor) and tuple(delta.shape) == (4, 7),
        "Δ must be as large as W, 4 × 7 here: torch.outer(a, b) has a row for each entry of a. Which comes first?",
    )
    expect(not close(delta, W + write(W, k, v)), "you returned the new W. Return Δ, the change alone.")
    expect(
        not close(delta, torch.outer(v, k) / length),
        "you have written v on top of the old answer. Write only what is missing, r = v − W k.",
    )
    expect(
        not close(delta, torch.outer(r, k)) and not close(delta, torch.outer(r, k) / math.sqrt(length)),
        f"(r kᵀ) k = r (kᵀk), and kᵀk = {length:.1f} here: divide by ‖k‖², not by ‖k‖ or by nothing.",
    )
    expect(close((W + delta) @ k, v), "(W + Δ) k is not v.")
    expect(
        close(delta.norm(), r.norm() / k.norm()),
        f"(W + Δ) k = v holds, but ‖Δ‖ = {float(delta.norm()):.2f} where {float(r.norm() / k.norm()):.2f} would do: "
        "every row of Δ should point along k.",
    )


@exercise("04.5", reference=write_carefully)
def check_write_carefully(answer: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> None:
    K, W, k, v = randn(9, 5), randn(4, 9), 2 * randn(9, 1)[:, 0], randn(4, 1)[:, 0]
    delta, r = answer(W, K, k, v), v - W @ k
    rest = k - K @ (torch.linalg.pinv(K) @ k)
    expect(
        isinstance(delta, Tensor) and tuple(delta.shape) == (4, 9),
        "Δ must be as large as W, 4 × 9 here. (Return Δ, not a new W.)",
    )
    expect(not close(delta, write(W, k, v)), "this is the plain write of 04.4: old answers move.")
    expect(
        close(delta @ K, torch.zeros(4, 5)),
        "Δ K is not zero: an old answer has moved. The rows of Δ must stand at a right angle to *every* old key. (K Kᵀk "
        "is not the part of k in their span, unless the keys are orthonormal: that is K K⁺k.)",
    )
    expect(
        not close(delta, torch.outer(r, rest) / (k @ k)),
        "the old answers stay, but the new one is written only in part: you divide by ‖k‖². What counts is k⊥ᵀk, which "
        "is smaller.",
    )
    expect(close((W + delta) @ k, v), "the old answers stay, but (W + Δ) k is not v.")
    expect(
        close(delta.norm(), r.norm() / rest.norm()),
        "both conditions hold, but a smaller Δ meets them too: every row should point along k⊥.",
    )


@exercise("04.6", reference=effective_dimension)
def check_effective_dimension(answer: Callable[[Tensor], float]) -> None:
    wide, flat = randn(40, 300), torch.linalg.qr(randn(40, 40)).Q[:, :8] @ randn(8, 300)
    crowded = randn(40, 300) + 1.5 * randn(40, 1)
    for K, what in (
        (wide, "random keys of 40 entries"),
        (flat, "random keys in 8 of 40 dimensions"),
        (crowded, ""),
    ):
        U = unit(K)
        off = (U.T @ U)[~torch.eye(300, dtype=torch.bool)]
        right, given = float(1 / off.square().mean()), float(answer(K))
        expect(given > 0 and math.isfinite(given), "the answer should be a positive number.")
        expect(
            close(given, float(answer(K * (0.2 + torch.rand(300, dtype=torch.float64)))), 1e-3 * given),
            "your answer changes when keys get longer or shorter: divide each *column* by its length first.",
        )
        mistakes = {
            "you have counted each key with itself, and that cosine is always 1. "
            "Leave out the diagonal.": 1 / float((U.T @ U).square().mean()),
            "you have averaged the cosines' size. Square them first: "
            "errors at right angles add like squares.": 1 / float(off.abs().mean()),
            "this is the mean squared cosine. Random keys in d dimensions have 1/d: "
            "solve for d.": float(off.square().mean()),
            "you have squared the mean. Take the mean of the squares: positive and negative overlaps both "
            "disturb.": 1 / float(off.mean()) ** 2,
        }  # fmt: skip
        refuse(given, mistakes, close, tolerance=1e-3)
        expect(
            abs(given - right) < 1e-3 * right,
            f"{what or 'crowded keys'} should give about {right:.1f}, not {given:.1f}.",
        )
