"""Checks of chapter 1, "What is a fact?": two yardsticks, intervals, damage, and how many facts it takes."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ..kit.exercises import exercise, expect, near, refuse, several
from .reference import Z, facts_needed, lost, over_edits, wilson, yardsticks


@exercise("01.1", reference=yardsticks)
def check_yardsticks(answer: Callable[[Tensor, Tensor, Tensor], tuple[float, float]]) -> None:
    for _ in range(3):
        # Of 20 rows, 3 have the true object first; 4 another token first, then the true object; 5 the
        # alternative first, then the true object; 8 another token first, then the alternative.
        scores = torch.randn(20, 30, dtype=torch.float64) - 4
        true, other, third = torch.rand(20, 30).argsort(1)[:, :3].T
        for row in range(20):
            kind = 0 if row < 3 else 1 if row < 7 else 2 if row < 12 else 3
            ranked = ("true", "third"), ("third", "true"), ("other", "true"), ("third", "other")
            names = {"true": true, "other": other, "third": third}
            for place, name in enumerate(ranked[kind]):
                scores[row, names[name][row]] = 0.3 - 0.2 * place + 0.05 * float(torch.rand(1))
        order = torch.randperm(20)
        log_p = scores.log_softmax(1)[order]
        given = answer(log_p, true[order], other[order])
        success, accuracy = map(float, several(given, "success", "accuracy"))
        hits = [float(log_p[i, true[order][i]]) for i in range(20)]
        rivals = [float(log_p[i, other[order][i]]) for i in range(20)]
        beats = sum(a > b for a, b in zip(hits, rivals, strict=True)) / 20  # 0.35
        tops = sum(a == float(log_p[i].max()) for i, a in enumerate(hits)) / 20  # 0.15
        right = abs(success - beats) < 1e-6 and abs(accuracy - tops) < 1e-6
        expect(
            right or not (abs(success - tops) < 1e-6 and abs(accuracy - beats) < 1e-6),
            "the two are exchanged: success first, then accuracy.",
        )
        expect(abs(success - (1 - beats)) > 1e-6, "you count how often the *alternative* wins.")
        expect(
            abs(success - beats) < 1e-6,
            f"success should be {beats:.2f} here, not {success:.2f}. Compare the two objects with each other, row "
            "by row: what other tokens do does not matter.",
        )
        sure = sum(a > math.log(0.5) for a in hits) / 20
        expect(
            abs(accuracy - tops) < 1e-6 or abs(accuracy - sure) > 1e-6,
            "you ask for a probability above one half. The first choice among 30 tokens may have less: ask for "
            "the arg-max.",
        )
        expect(
            abs(accuracy - tops) < 1e-6,
            f"accuracy should be {tops:.2f} here, not {accuracy:.2f}. The true object must beat *every* token of "
            "the row.",
        )


@exercise("01.2", reference=wilson)
def check_wilson(answer: Callable[..., tuple[float, float]]) -> None:
    n = int(torch.randint(8, 15, (1,)))
    low, high = (float(x) for x in answer(n, n))
    expect(
        not (abs(low - 1) < 1e-9 and abs(high - 1) < 1e-9),
        f"{n} of {n} right, and your interval has no width: as if {n} facts proved that the model never errs. "
        "This is p ± z √(p(1 − p)/n), with the guess p̂ in the place of p. Solve the quadratic equation instead.",
    )
    for right, n, z in ((5, 12, Z), (0, 9, Z), (33, 40, 1.0), (7, 8, 2.5)):
        low, high = sorted(float(x) for x in answer(right, n, z))
        p, shrink = right / n, 1 + z**2 / n
        middle = (p + z**2 / (2 * n)) / shrink
        expect(
            abs((low + high) / 2 - middle) < 1e-9 or abs((low + high) / 2 - middle * shrink) > 1e-9,
            "you have forgotten to divide by 1 + z²/n.",
        )
        expect(
            low > -1e-9 and high < 1 + 1e-9,
            f"for {right} of {n} your interval reaches from {low:.2f} to {high:.2f}: a share lies between 0 and 1.",
        )
        for end in (low, high):
            expect(
                abs((right / n - end) ** 2 - z**2 * end * (1 - end) / n) < 1e-9,
                f"for {right} of {n} and z = {z}, {end:.3f} is not an end of the interval: (p̂ − p)² there is not "
                "z² p(1 − p)/n. Is z used, and is it squared where it should be?",
            )
        expect(high - low > 1e-6, "the two ends are the same root. One has minus, the other plus.")


@exercise("01.3", reference=facts_needed)
def check_facts_needed(answer: Callable[[float, float], float]) -> None:
    for p, d in ((0.8, 0.1), (0.7, 0.05), (0.5, 0.1)):
        n, wanted = float(answer(p, d)), 2 * Z**2 * p * (1 - p) / d**2
        expect(n > 1, f"{n:.2f} facts for a difference of {d}? d stands squared below the line.")

        mistakes = {
            "this is the number for *one* share. "
            "A difference of two has the variance of both: add them.": wanted / 2,
            "you ask that two intervals do not touch. That is stricter: standard errors add as squares "
            "(Pythagoras), not as lengths.": 2 * wanted,
            "you ask for one standard error. For 95% it takes 1.96 of them.": wanted / Z**2,
            "1.96 must be squared, too.": wanted / Z,
            "d must be squared: half the difference takes four times as many facts.": wanted * d,
            "the variance of one answer is p(1 − p), not p.": wanted / (1 - p),
        }
        refuse(n, mistakes, lambda n, other: other - 1e-6 <= n <= other + 1.01)  # rounding up is welcome
        expect(
            wanted - 0.5 <= n <= wanted + 1.01,
            f"with p = {p} and {n:.0f} facts each, 1.96 standard errors of the difference are "
            f"{Z * math.sqrt(2 * p * (1 - p) / n):.3f}; they should be {d}.",
        )


@exercise("01.4", reference=lost)
def check_lost(answer: Callable[[Tensor, Tensor], float]) -> None:
    # 20 questions: 10 right and right, 3 right and now wrong, 2 wrong and now right, 5 wrong and wrong.
    before = torch.tensor([1] * 13 + [0] * 7, dtype=torch.bool)
    now = torch.tensor([1] * 10 + [0] * 3 + [1] * 2 + [0] * 5, dtype=torch.bool)
    order = torch.randperm(20)
    share = float(answer(before[order], now[order]))
    mistakes = {
        "you take the difference of two accuracies. An answer that became right does not make up for one "
        "that was lost.": (1 / 20, 1 / 13),
        "you divide by all questions. Only what was right can be lost: divide by their number.": (3 / 20,),
        "you count every change. A wrong answer that became right is no damage.": (5 / 20, 5 / 13),
        "this is the share that is *kept*.": (10 / 13,),
    }
    refuse(share, mistakes, lambda share, wrong: any(near(share, one) for one in wrong))
    expect(abs(share - 3 / 13) < 1e-6, f"3 of 13 right answers are lost here, not {share:.2f}.")
    nothing = torch.zeros(5, dtype=torch.bool)
    expect(
        math.isnan(float(answer(nothing, ~nothing))),
        "if nothing was right before, nothing can be said: return math.nan.",
    )


@exercise("01.5", reference=over_edits)
def check_over_edits(answer: Callable[..., tuple[float, float]]) -> None:
    shares = torch.rand(25, dtype=torch.float64)
    given = answer(shares)
    low, high = map(float, several(given, "low", "high"))
    mean, spread = float(shares.mean()), float(shares.std(correction=0))
    expect(
        high - low > 1e-9,
        "all your means are the same: draw *with* replacement. A draw that takes every edit once is the same "
        "set in another order.",
    )
    half, wanted = (high - low) / 2, Z * spread / 5
    expect(
        half < 1.7 * wanted,
        "your interval is as wide as the edits differ among themselves. Ask how much their *mean* varies: "
        "average each draw of 25, then take the quantiles.",
    )
    expect(
        not 0.4 * wanted < half < 0.65 * wanted,
        "too narrow: about two thirds of the means lie inside. Take 2.5% off at each end.",
    )
    expect(
        0.75 * wanted < half < 1.3 * wanted,
        f"half the width should be near {wanted:.3f}; it is {half:.3f}. Each draw has as many edits as "
        "there are, and is averaged by itself (in a table with a row for each draw: mean(1), not mean(0)).",
    )
    expect(
        abs((low + high) / 2 - mean) < 0.6 * wanted, "the interval does not lie around the mean of the edits."
    )
    same = answer(torch.full((10,), 0.25, dtype=torch.float64))
    expect(
        all(abs(float(x) - 0.25) < 1e-9 for x in same),
        "ten edits with the same share: the interval should be that share, without width.",
    )
