"""Checks of chapter 15, "From a laptop to 8B". Keys are rows here, as in the code."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ..kit.exercises import exercise, expect, near, randn, refuse, several
from .reference import adapter, flops, half_step, memory, merge


@exercise("15.1", reference=memory)
def check_memory(answer: Callable[[int, int, int], tuple[float, float, float]]) -> None:
    for _ in range(3):
        d_model, d_ff, facts = (random.randrange(*span) for span in ((20, 60), (100, 300), (5, 19)))
        keys = randn(400, d_ff)
        total, delta = keys.T @ keys, torch.zeros(d_model, d_ff, dtype=torch.float64)
        history = torch.zeros(facts, d_ff)
        statistics, update, kept = answer(d_model, d_ff, facts)
        mistakes = {
            "you have counted bits. A float64 has 64 bits, that is 8 *bytes*.": total.nbytes * 8,
            "the sum of k kᵀ is kept in float64: "
            "8 bytes an entry, not the 4 of a float32.": total.nbytes // 2,
            "C0 is made of keys, and a key has d_ff entries: the matrix is d_ff × d_ff, not d_model × "
            "d_model.": 8 * d_model**2,
        }  # fmt: skip
        refuse(statistics, mistakes, near)
        expect(
            statistics == total.nbytes,
            f"for d_ff = {d_ff} the sum of k kᵀ takes {total.nbytes} bytes, not {statistics}. Its size does not "
            "depend on the number of keys: they are added up, not stored.",
        )
        expect(
            update == delta.nbytes,
            f"Δ has the shape of W, d_model × d_ff, in float64: {delta.nbytes} bytes for {d_model} × {d_ff}, "
            f"not {update}.",
        )
        expect(
            kept != 8 * d_ff**2,
            "the history keeps the *keys* of the facts, n × d_ff numbers, not a matrix of d_ff × d_ff.",
        )
        expect(
            kept != 2 * history.nbytes,
            "the keys of facts are kept in float32, 4 bytes an entry. (What is summed up over 100,000 keys "
            "needs float64; a single key does not.)",
        )
        expect(
            kept == history.nbytes,
            f"{facts} keys of {d_ff} entries in float32 take {history.nbytes} bytes, not {kept}.",
        )


@exercise("15.2", reference=flops)
def check_flops(answer: Callable[[Sequence[tuple[int, int]], int, int], tuple[float, float]]) -> None:
    for _ in range(3):
        tokens, d_ff = random.randrange(30, 60), random.randrange(30, 60)
        shapes = [(random.randrange(5, 30), random.randrange(31, 60)) for _ in range(random.randrange(2, 5))]
        with FlopCounterMode(display=False) as forward:
            for rows, columns in shapes:
                torch.zeros(tokens, columns) @ torch.zeros(columns, rows)
        with FlopCounterMode(display=False) as statistics:
            keys = torch.zeros(tokens, d_ff)
            keys.T @ keys
        all_of_it, per_layer = forward.get_total_flops(), statistics.get_total_flops()
        told, told_statistics = answer(shapes, d_ff, tokens)
        expect(
            told * 2 != all_of_it,
            "you have counted the multiplications only. For each weight there is one multiplication *and* one "
            "addition.",
        )
        expect(
            told * tokens != all_of_it,
            "this is the arithmetic of one token. Every token goes through every weight.",
        )
        expect(
            told == all_of_it,
            f"torch counted {all_of_it} operations, you {told}. A matrix of rows × columns has rows · columns "
            "weights; each is used once for each token.",
        )
        expect(
            told_statistics != 2 * d_ff * tokens,
            "k kᵀ is an outer product, d_ff × d_ff numbers, not a dot product of d_ff.",
        )
        expect(
            2 * told_statistics != per_layer,
            "half of k kᵀ would do, since it is symmetric; but a matrix product computes all of it, and each "
            "number takes a multiplication and an addition.",
        )
        expect(
            told_statistics == per_layer,
            f"for the statistics of one layer torch counted {per_layer}, you {told_statistics}: every token adds "
            "one product to each of the d_ff² entries.",
        )


@exercise("15.3", reference=merge)
def check_merge(answer: Callable[[Tensor, int, Tensor, int], tuple[Tensor, int]]) -> None:
    d = 6
    parts = [randn(n, d) + shift for n, shift in ((10, 0.0), (70, 1.5), (25, -1.0))]
    moments = [part.T @ part / len(part) for part in parts]
    first, rest = torch.cat(parts[:2]), torch.cat(parts)
    given = answer(moments[0], 10, moments[1], 70)
    C, n = several(
        given, "the second moment", "the number of keys: without it, nobody can merge a third share"
    )
    expect(
        tuple(C.shape) == (d, d),
        f"a second moment of keys with {d} entries is {d} × {d}, not {tuple(C.shape)}.",
    )
    few, many, _ = moments
    mistakes = {
        "this is the plain mean of the two. A share of 10 keys then counts as much as one of 70: weight them "
        "by their numbers.": (few + many) / 2,
        "you have added the two *means*. Sums may be added, means may not: "
        "C0 is the sum divided by N.": few + many,
        "the weights are exchanged: the larger share must weigh more.": (70 * few + 10 * many) / 80,
        "a mean has been taken off. "
        "The second moment is uncentred (chapter 7, attempt C).": first.T.cov(correction=0),
    }  # fmt: skip
    refuse(C, mistakes, torch.allclose)
    expect(
        torch.allclose(C, first.T @ first / 80),
        "this is not the second moment of all keys together. Turn both means back into sums, add, divide again.",
    )
    expect(n == 80, f"10 and 70 keys are 80 keys, not {n}.")
    C, n = answer(C, n, moments[2], 25)
    expect(
        n == 105 and torch.allclose(C, rest.T @ rest / 105),
        "two shares merge rightly, but a third one on top does not: the result must be usable as a share again.",
    )


@exercise("15.4", reference=half_step)
def check_half_step(answer: Callable[[float, int], float]) -> None:
    for dtype, digits in ((torch.bfloat16, 7), (torch.float16, 10)):
        for scale in (2.0**-7, 0.25, 1.0, 32.0):  # never a power of two: below one the gap is half as wide
            w = float((scale * (1.1 + 0.8 * torch.rand(1))).to(dtype))
            told = float(answer(w, digits))
            gap = float(torch.finfo(dtype).eps) * 2.0 ** math.floor(math.log2(w))
            expect(told > 0, "the smallest change that survives is a positive number.")
            expect(
                abs(told - gap) > 1e-9 * gap,
                "this is the whole distance to the next number. Rounding goes to the *nearer* one, so half of it "
                "is enough to arrive there.",
            )
            power = 2.0 ** -(digits + 1)
            expect(
                abs(told - power) > 1e-9 * power or abs(w) >= 1,
                "you give the same answer for all w. The digits count from the leading one of w: around 0.01 the "
                "numbers stand much closer than around 1.",
            )
            expect(
                abs(told - abs(w) * power) > 1e-9 * power,
                "you take a share of w itself. Between two powers of two all gaps are equal: only the power of two "
                "below w counts.",
            )
            expect(
                _rounded(w + 0.98 * told, dtype) == w,
                f"too large: w = {w:.6g} changes already by {0.98 * told:.3g} in {dtype}. A number is 1.ddd × 2ᵉ "
                f"with {digits} binary digits d.",
            )
            expect(
                _rounded(w + 1.02 * told, dtype) != w,
                f"too small: w = {w:.6g} + {1.02 * told:.3g} is rounded back to w in {dtype}. Which power of two "
                "is the last digit worth?",
            )


def _rounded(value: float, dtype: torch.dtype) -> float:
    return float(torch.tensor(value, dtype=torch.float64).to(dtype))


@exercise("15.5", reference=adapter)
def check_adapter(answer: Callable[[Sequence[Tensor], Sequence[Tensor]], tuple[Tensor, Tensor]]) -> None:
    d_model, d_ff, counts = 7, 11, (3, 1, 2)
    residuals = [randn(n, d_model) for n in counts]
    gains = [randn(n, d_ff) for n in counts]
    delta = torch.cat(residuals).T @ torch.cat(gains)
    B, A = answer(residuals, gains)
    expect(
        B.shape[0] == d_model and A.shape[1] == d_ff and B.shape[1] == A.shape[0],
        f"B must be d_model × r and A r × d_ff, with the same r: got {tuple(B.shape)} and {tuple(A.shape)} for "
        f"d_model = {d_model}, d_ff = {d_ff}. In the code, residuals and gains are rows: one of them needs a ᵀ.",
    )
    r = A.shape[0]
    expect(
        r != 1,
        "you have added up the facts before multiplying. (r1 + r2)(g1 + g2)ᵀ also holds r1 g2ᵀ and r2 g1ᵀ, which "
        "nobody wrote: put the factors side by side.",
    )
    expect(
        r <= sum(counts),
        f"B A need not be wider than there are facts: r = {r}, but {sum(counts)} facts. (Δ itself and an identity "
        "matrix are a right answer that saves nothing.)",
    )
    expect(
        r == sum(counts), f"r is {r}, but there are {sum(counts)} facts in three edits. Are all edits in it?"
    )
    expect(
        torch.allclose(B @ A, delta),
        "B A is not the sum of all Δ. Column number i of B belongs to row number i of A: both lists must be put "
        "together in the same order, and unscaled.",
    )
