"""Checks of chapter 11, "Can it still think?"; those of 11.2 and 11.3 are in exercises_pairs.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import torch

from ..kit.exercises import exercise, expect, near, refuse, several
from .experiments import sign_test
from .glue import weighted_f1 as reference_f1
from .reference import in_words, mcnemar, pairs_needed, weighted_f1


def uniform(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))


@exercise("11.1", reference=in_words)
def check_in_words(answer: Callable[..., Any]) -> None:
    for _ in range(3):
        rise, tokens = uniform(0.03, 0.6), 12 + int(torch.randint(30, ()))
        nats, factor, every = several(answer(rise, tokens), "nats", "a factor", "tokens")
        expect(
            not near(nats, rise),
            "1: for a small rise it is nearly that, but perplexity is the *exponential* of the mean loss: take the "
            "logarithm of 1 + rise.",
        )
        expect(
            not near(nats, math.log2(1 + rise)), "1: these are bits. Nats come from the natural logarithm."
        )
        expect(
            near(nats, math.log(1 + rise)),
            "1: perplexity is exp(mean loss). If it is multiplied by 1 + rise, what is added to the mean loss?",
        )
        expect(
            not near(factor, 1 + tokens * rise),
            "2: tokens multiply: every one makes the text less likely by the factor 1 + rise, again and again.",
        )
        expect(not near(factor, (1 + rise) ** -tokens), "2: turned over: ask how many times *less* likely.")
        expect(
            near(factor, (1 + rise) ** tokens),
            f"2: for a rise of {rise:.2f} and {tokens} tokens it is (1 + rise) to the power of {tokens}.",
        )
        expect(
            not near(every, nats / math.log(2)),
            "3: turned over: you say how many halvings there are per token, we ask how many tokens per halving.",
        )
        expect(
            near(every, math.log(2) / math.log(1 + rise)),
            "3: a halved probability costs ln 2 nats. If one token in m pays that and the others nothing, the mean "
            "is ln 2 / m.",
        )


def as_uneven(lost: int, gained: int) -> float:
    """The same chance by counting every way in which the changes could have gone."""
    n, gap = lost + gained, abs(lost - gained)
    return sum(abs(2 * sum(way) - n) >= gap for way in product((0, 1), repeat=n)) / 2**n


@exercise("11.4", reference=mcnemar)
def check_mcnemar(answer: Callable[..., Any]) -> None:
    for _ in range(8):
        n = 40 + int(torch.randint(30, ()))
        before, after = torch.rand(n) < 0.8, torch.ones(n, dtype=torch.bool)
        after[:] = before
        moved = torch.randperm(n)[: 4 + int(torch.randint(7, ()))]
        after[moved] = ~before[moved]
        lost, gained = int((before & ~after).sum()), int((~before & after).sum())
        found = several(answer(before, after), "lost", "gained", "p")
        expect(
            lost == gained or (int(found[0]), int(found[1])) != (gained, lost),
            "lost and gained are exchanged: lost is right before and wrong after.",
        )
        expect(
            (int(found[0]), int(found[1])) == (lost, gained),
            f"of {n} questions, {lost} were right before and are wrong now, and {gained} the other way round; you "
            f"say {int(found[0])} and {int(found[1])}. Questions that did not change count for neither.",
        )
        p, right = float(found[2]), sign_test(lost, gained)
        expect(
            p <= 1,
            f"p is {p:.2f}: a probability cannot exceed 1. Doubling counts an even split twice: use min(1, …).",
        )
        one_sided = right / 2
        expect(
            right == 1 or not near(p, one_sided),
            "this is the chance of a split so uneven to *one* side. Without a bet on the direction before the look, "
            "count both sides.",
        )
        few = min(lost, gained)
        exact = min(1.0, 2 * math.comb(lost + gained, few) / 2 ** (lost + gained))
        expect(
            near(exact, right) or not near(p, exact),
            "this is the chance of *exactly* this split. More uneven ones must be counted, too.",
        )
        expect(
            near(p, right) and near(right, as_uneven(lost, gained)),
            f"for {lost} lost and {gained} gained, p is {right:.4f}; yours is {p:.4f}. If nothing had happened, each of "
            f"the {lost + gained} questions that changed would have gone either way like a coin.",
        )
    same = torch.rand(20) < 0.5
    expect(near(answer(same, same)[2], 1.0), "if no question changed, p is 1.")


@exercise("11.5", reference=pairs_needed)
def check_pairs_needed(answer: Callable[..., Any]) -> None:
    for _ in range(3):
        loss = uniform(0.02, 0.05)
        changed, p, rho = uniform(loss + 0.02, 0.2), uniform(0.7, 0.95), uniform(0.1, 0.6)
        found = several(answer(loss, changed, p, rho), "paired", "apart", "in squares")
        paired, apart, in_squares = map(float, found)
        # one question's change is -1, 0 or +1
        chance = {-1: (changed + loss) / 2, 1: (changed - loss) / 2, 0: 1 - changed}
        mean = sum(value * q for value, q in chance.items())
        variance = sum((value - mean) ** 2 * q for value, q in chance.items())
        needed = 2.8**2 * variance / loss**2
        mistakes = {
            "1: this is the root of n. The standard error is s/√n; "
            "solve loss = 2.8 s/√n for n.": math.sqrt(needed),
            "1: the variance of a change is not its square: a change of ±1 has the square 1, and happens "
            "with the probability `changed`.": (2.8 * changed / loss) ** 2,
            "1: nearly. A variance is the mean square minus the square of the mean, "
            "which is `loss` here.": 2.8**2 * changed / loss**2,
        }  # fmt: skip
        refuse(paired, mistakes, near)
        expect(
            near(paired, needed),
            f"1: for loss {loss:.3f} and changed {changed:.3f}, the variance of one question's change is {variance:.4f} and "
            f"n is {needed:.0f}; you say {paired:.0f}.",
        )
        expect(
            not near(apart, 2.8**2 * p * (1 - p) / loss**2),
            "2: there are two shares, each with its own variance p(1 − p), and variances add.",
        )
        expect(
            near(apart, 2.8**2 * 2 * p * (1 - p) / loss**2),
            f"2: right or wrong has the variance p(1 − p) = {p * (1 - p):.3f}, and there are two of them.",
        )
        expect(
            not near(in_squares, paired / (1 + rho)),
            "3: the other way round: two witnesses who agree are worth less than two, so *more* pairs are needed.",
        )
        expect(
            not near(in_squares, paired * (1 + 2 * rho)),
            "3: the variance of the mean of two with correlation ρ is s²(1 + ρ)/2: there is one partner, not two.",
        )
        expect(
            near(in_squares, needed * (1 + rho)),
            "3: if the changes of a square's two pairs have correlation ρ, the variance of their mean is s²(1 + ρ)/2 "
            "instead of s²/2.",
        )


def _verdicts() -> tuple[torch.Tensor, torch.Tensor, float, dict[str, float]]:
    """Answers for which every wrong score differs from the right one: gold, said, right, wrong by name."""
    while True:
        n = 40 + int(torch.randint(40, ()))
        gold = (torch.rand(n) < uniform(0.55, 0.8)).long()
        gold[:2] = torch.tensor([0, 1])
        said = torch.where(torch.rand(n) < 0.6, gold, torch.randint(-1, 2, (n,)))
        said[2:5] = torch.tensor([-1, 0, 1])
        f1, named = [], [(said == label).sum() for label in (0, 1)]
        for label in (0, 1):
            hits = ((gold == label) & (said == label)).sum()
            f1.append(float(2 * hits / ((gold == label).sum() + named[label])))
        wrong = {
            "accuracy": float((gold == said).float().mean()),
            "one class": f1[1],
            "macro": sum(f1) / 2,
            "three classes": sum(f1) / 3,
            "by name": float(named[0] * f1[0] + named[1] * f1[1]) / n,
        }
        right = reference_f1(gold.numpy(), said.numpy())
        if min(abs(right - score) for score in wrong.values()) > 1e-3:
            return gold, said, right, wrong


@exercise("11.6", reference=weighted_f1)
def check_weighted_f1(answer: Callable[..., Any]) -> None:
    for _ in range(3):
        gold, said, right, wrong = _verdicts()
        found = float(answer(gold, said))
        hints = {
            "accuracy": "this is the accuracy. F1 asks of each class how often it was named, too.",
            "one class": "this is the F1 of class 1 alone. Weighted F1 also asks about class 0.",
            "macro": "this is the plain mean over classes (macro F1). Weight each class by how often it is right.",
            "three classes": "you take −1 for a third class. It is never right: it only makes the others miss.",
            "by name": "weight by how often a class is *right*, not by how often the model names it.",
        }
        refuse(found, {hint: wrong[name] for name, hint in hints.items()}, near)
        expect(
            near(found, right),
            f"for your F1 we find {right:.4f}, and you say {found:.4f}. Of a class: 2 · hits / (how often it is right + how "
            "often it is named).",
        )
    gold = torch.arange(20) % 2
    expect(
        near(answer(gold, torch.full((20,), -1)), 0.0),
        "a model without any readable answer has hits nowhere: its F1 is 0, without a division by zero.",
    )
