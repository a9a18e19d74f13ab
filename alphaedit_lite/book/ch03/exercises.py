"""Checks of chapter 3, "Where is a fact?". Hidden states are rows here: [samples, width, d_model]."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..kit.exercises import close, exercise, expect, near, randn, refuse, several
from .reference import corrupt, effects, restore, rho, share


@exercise("03.1", reference=corrupt)
def check_corrupt(answer: Callable[[Tensor, int, int, Tensor], Tensor]) -> None:
    for first, last in ((0, 1), (2, 4), (3, 3)):
        embedded = randn(3, 7, 5)
        noise = randn(3, last - first + 1, 5)
        before = embedded.clone()
        found = answer(embedded, first, last, noise)
        expect(
            isinstance(found, Tensor) and found.shape == before.shape,
            "the result has the shape of the embeddings, samples × width × d_model.",
        )
        expect(
            close(embedded, before),
            "your function has changed the embeddings that it was given. The clean run still needs them: work on "
            "a copy, embedded.clone().",
        )
        moved = (found != before).any(0).any(-1)  # which columns
        inside = torch.zeros(7, dtype=torch.bool)
        inside[first : last + 1] = True
        expect(
            not bool(moved[~inside].any()),
            "a column outside the subject has changed. If other words are noisy as well, you measure how the model "
            "reads the question, not what it knows of the subject.",
        )
        expect(
            bool(moved[last]) or not bool(moved.any() or last == first),
            "the subject's last token is still clean. In Python, a slice ends *before* its second number: "
            "first : last + 1.",
        )
        expect(bool(moved[inside].all()), "some of the subject's tokens are still clean: give noise to each.")
        expect(
            not close(found[:, first : last + 1], noise),
            "the embeddings have been replaced by noise. Add the noise to them.",
        )
        change = (found - before)[:, first : last + 1]
        expect(
            not close(change, noise[:1].expand_as(noise)),
            "every sample got the noise of the first. Row i of `noise` belongs to sample i.",
        )
        expect(close(change, noise), "what was added is not the noise. Add it as it is, nothing else.")


@exercise("03.2", reference=restore)
def check_restore(answer: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    for column in (0, 2, 5):
        corrupted = randn(3, 6, 4)
        clean = randn(6, 4)
        before = corrupted.clone()
        found = answer(corrupted, clean, column)
        expect(
            isinstance(found, Tensor) and found.shape == before.shape,
            "the result has the shape of the corrupted states, samples × width × d_model.",
        )
        expect(
            close(corrupted, before),
            "your function has changed the corrupted states that it was given. They are needed for the next "
            "experiment: work on a copy, corrupted.clone().",
        )
        others = [i for i in range(6) if i != column]
        expect(
            not (column != 2 and close(found[:, 2], clean[2].expand(3, -1))),
            "other columns have been restored, too. One experiment mends one place.",
        )
        expect(
            close(found[:, others], before[:, others]),
            "a column that should stay corrupted has changed. Only `column` is restored.",
        )
        right = clean[column].expand(3, -1)
        expect(
            not (close(found[:1, column], right[:1]) and not close(found[1:, column], right[1:])),
            "only the first sample was mended: all of them get the clean state.",
        )
        mistakes = {
            "nothing has been restored: the column is still what it was.": before[:, column],
            "the clean state was added to the corrupted one. It takes its place.": before[:, column] + right,
        }
        refuse(found[:, column], mistakes, close)
        expect(
            close(found[:, column], right),
            "the column holds neither the corrupted nor the clean state of that column: clean[column] is wanted.",
        )


@exercise("03.3", reference=effects)
def check_effects(answer: Callable[[float, Tensor, Tensor], tuple[float, Tensor]]) -> None:
    for _ in range(3):
        p_clean = 0.5 + 0.4 * float(torch.rand(()))
        p_corrupted = 0.1 * torch.rand(4, dtype=torch.float64)
        p_restored = torch.rand(3, 6, 4, dtype=torch.float64)
        found = several(answer(p_clean, p_corrupted, p_restored), "the total effect", "the indirect effects")
        total, indirect = torch.as_tensor(found[0], dtype=torch.float64), torch.as_tensor(found[1])
        mean = p_corrupted.mean()
        expect(total.numel() == 1, "the total effect is one number: take the mean over the samples.")
        expect(
            not close(total.reshape(()), mean - p_clean),
            "the total effect has the wrong sign: it is what is *lost*, so clean minus corrupted.",
        )
        expect(
            abs(float(total) - (p_clean - float(mean))) < 1e-6,
            f"the total effect should be {p_clean - float(mean):.3f} here, and is {float(total):.3f}: clean minus "
            "the mean of the corrupted.",
        )
        right = (p_restored - p_corrupted).mean(-1)
        expect(
            indirect.shape == right.shape,
            f"from [3, 6, samples] the indirect effects should be [3, 6], not {list(indirect.shape)}: take the mean "
            "over the samples, the last dimension.",
        )
        mistakes = {
            "this is what is still missing after the restoration. The indirect effect is what has come "
            "*back*: restored minus corrupted.": p_clean - p_restored.mean(-1),
            "the indirect effects have the wrong sign: restored minus corrupted.": -right,
            "this is a share of the total effect: "
            "useful, but (3.2) does not divide.": right / (p_clean - mean),
            "this is the probability after the restoration. "
            "How much of it was there without?": p_restored.mean(-1),
        }  # fmt: skip
        refuse(indirect, mistakes, close)
        expect(
            close(indirect, right),
            "the indirect effects are not restored minus corrupted, averaged over samples.",
        )


@exercise("03.4", reference=share)
def check_share(answer: Callable[[int, int], float]) -> None:
    for L, T in ((30, 8), (12, 5), (4, 2), (48, 20)):
        found = float(answer(L, T))
        right = (
            sum((L - 1 - layer) * (T - column) for layer in range(L) for column in range(T)) / (L * T) ** 2
        )
        mistakes = {
            "you let the restored block run again. What is restored is its *output*, so the first block that "
            "has to run is the next one: of L blocks, L − 1 − ℓ are left.": (L + 1) * (T + 1) / (4 * L * T),
            "this is the saving by layers alone. "
            "The columns left of the restored one need not run either.": (L - 1) / (2 * L),
            "this is the saving by columns alone. "
            "The blocks up to the restored one need not run either.": (T + 1) / (2 * T),
            "the restored column itself must run on through the later blocks: "
            "of T columns, T − c are left.": (L - 1) * (T - 1) / (4 * L * T),
            "a quarter is the limit for many layers and columns. For small ones the ends count: add up 0 + 1 "
            "+ … + (L − 1), and 1 + 2 + … + T.": 1 / 4,
        }  # fmt: skip
        refuse(found, mistakes, near, within=1e-9)
        say = f"with {L} layers and {T} columns the share should be {right:.4f}"
        expect(abs(found - right) < 1e-9, f"{say}; your formula says {found:.4f}.")


# The table of exercise 03.5: five layers, without ties.
EFFECT, SUCCESS = (0.30, 0.25, 0.12, 0.05, 0.01), (0.6, 0.9, 0.8, 0.7, 0.1)


@exercise("03.5", reference=rho)
def check_rho(answer: float) -> None:
    x, y = torch.tensor(EFFECT, dtype=torch.float64), torch.tensor(SUCCESS, dtype=torch.float64)
    ranks = torch.stack([x.argsort().argsort(), y.argsort().argsort()]).double()
    right, plain = float(torch.corrcoef(ranks)[0, 1]), float(torch.corrcoef(torch.stack([x, y]))[0, 1])
    given, squares = float(answer), float((ranks[0] - ranks[1]).square().sum())
    n = len(x)
    mistakes = {
        "one row was ranked from the largest, the other from the smallest: "
        "rank both in the same direction.": -right,
        "you have left out the 1 in front: ρ = 1 − …, so that equal ranks give 1.": 1 - right,
        "the factor 6 is missing.": 1 - squares / (n * (n * n - 1)),
        "the denominator is n (n² − 1), not n³.": 1 - 6 * squares / n**3,
        "this is the sum of the squared differences of ranks. Now put it into the formula.": squares,
    }
    refuse(given, mistakes, near)
    expect(
        abs(given - plain) > 0.02,
        "this is the correlation of the values (Pearson's). Replace each value by its rank first.",
    )
    expect(
        abs(given - right) < 0.005,
        f"not {given:g}. The five differences of ranks are 0, ±1 and one larger number.",
    )
