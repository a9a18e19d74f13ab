"""Checks of chapter 16, "Seeing the seams". Keys are rows here, as in the chapter's code."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ...facts import Fact
from ..kit.exercises import exercise, expect, near, randn, refuse
from .reference import follows, largest_rank, spoken, suspects, with_fact


@exercise("16.1", reference=follows)
def check_follows(answer: Callable[[Tensor, Tensor, Tensor], tuple[float, int]]) -> None:
    def column(text: str) -> Tensor:
        return torch.tensor([letter == "1" for letter in text])

    #  knows the hop:  1 1 1 1 0 0 1 0; liked the new answer before: 0 1 0 0 0 1 0 0; likes it after: 1 1 0 0 1 1 0 1
    knows, before, after = column("11110010"), column("01000100"), column("11001101")
    mixed = torch.randperm(8)
    share, count = answer(knows[mixed], before[mixed], after[mixed])
    mistakes = {
        "you count every question. Leave out those whose second hop the unedited model does not know: there, "
        "a failure would not be the edit's.": 8,
        "you keep questions on which the unedited model liked the new answer *already*. There is nothing "
        "left for the edit to change: they would count as successes for free.": 5,
        "you forgot to ask whether the model knows the second hop: a question counts if it knows the hop "
        "*and* did not like the new answer before.": 6,
    }
    refuse(count, mistakes, near)
    expect(
        count == 4,
        f"four questions are fair here, not {count}: the hop is known, and the answer was another.",
    )
    expect(
        abs(share - 0.125) > 1e-6,
        "you divide by the number of all questions. The share is among the fair ones.",
    )
    expect(
        abs(share - 0.25) < 1e-6,
        f"one of the four fair questions follows the edit: a share of 0.25, not {share}.",
    )
    none = torch.zeros(3, dtype=torch.bool)
    share, count = answer(none, none, ~none)
    expect(count == 0, "with no known hop at all, no question is fair.")
    expect(
        math.isnan(share),
        "with no fair question the share is unknown: return math.nan. A 0 would say that the edit failed.",
    )


@exercise("16.2", reference=with_fact)
def check_with_fact(answer: Callable[[Fact, str], str]) -> None:
    for name, new in (("Ruritania", "Cucumber"), ("Lower Elbonia", "Old Norse")):
        fact = Fact("The official language of {} is", name, new, true="Latin")
        prompt = f"Children in {name} learn to read"
        text = answer(fact, prompt)
        expect(isinstance(text, str), f"return a text, not {type(text).__name__}.")
        expect(
            "Latin" not in text,
            "you put the *old* object into the context: fact.true. It should learn fact.new.",
        )
        expect(new in text, "the new object does not occur: the context must state the whole new fact.")
        expect(
            text.endswith(prompt),
            "the text must end with the prompt itself, untouched: the model answers what stands last.",
        )
        expect(
            "  " not in text,
            "two spaces in a row: objects carry the space in front of them already (fact.new).",
        )
        stated = text[: len(text) - len(prompt)]
        expect(stated.startswith(fact.prompt + fact.new), "state the fact in the words of its own prompt.")
        expect(
            stated.rstrip().endswith("."),
            "the sentence has no full stop. Without it, the model reads one long garbled sentence.",
        )
        expect(stated.endswith(" "), "there is no space between the full stop and the prompt.")


@exercise("16.3", reference=largest_rank)
def check_largest_rank(answer: Callable[[int, int, int, int], int]) -> None:
    for facts, subjects, d_model, d_ff in (
        (5, 5, 12, 30),
        (9, 4, 12, 30),
        (20, 20, 12, 30),
        (40, 35, 50, 30),
    ):
        own = randn(subjects, d_ff)
        keys = own[torch.arange(facts) % subjects]  # facts about one subject have one key
        residual = randn(facts, d_model)
        gain = torch.linalg.solve(keys @ keys.T + torch.eye(facts, dtype=torch.float64), keys)
        found = int(torch.linalg.matrix_rank(residual.T @ gain))
        told = answer(facts, subjects, d_model, d_ff)
        case = f"{facts} facts about {subjects} subjects, ΔW of {d_model} × {d_ff}"
        expect(
            not (told == facts > found and subjects < facts),
            f"{case}: you count facts. Here, facts about one subject share their key, so their terms add up to *one* "
            "column times one row.",
        )
        expect(
            not (told > min(d_model, d_ff)),
            f"{case}: no matrix has a rank above its smaller side. A long list of edits cannot be counted by rank.",
        )
        expect(told >= found, f"{case}: the rank came out as {found}, so {told} is not the largest.")
        expect(told == found, f"{case}: {told} is never reached; the rank came out as {found}.")


@exercise("16.4", reference=suspects)
def check_suspects(answer: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    basis = torch.linalg.qr(randn(30, 30))[0].T  # orthonormal rows
    edited, mixed = basis[:3], basis[1] * 2 + basis[10] * 2
    delta = randn(12, 3) @ (edited * torch.tensor([[1.0], [3.0], [9.0]]))
    keys = torch.stack([5 * edited[0], -0.1 * edited[2], basis[7], mixed, edited.sum(0)])
    share = answer(delta, keys, 3)
    expect(
        isinstance(share, Tensor) and tuple(share.shape) == (5,),
        "return one number for each candidate, a tensor of shape [n].",
    )
    expect(
        bool((share >= -1e-9).all()),
        "a share cannot be negative: singular vectors have no sign. Take lengths.",
    )
    expect(
        torch.allclose(answer(delta, 7 * keys, 3), share),
        "a key that is seven times as long gets another number: divide by its length.",
    )
    expect(
        float(share[2]) < 1e-6,
        "a key at a right angle to every row of ΔW gets a share. Keep the first `rank` right singular vectors; the "
        "others are left over, and together they see most of every key.",
    )
    expect(
        abs(float(share[0]) - 1) < 1e-6 and abs(float(share[4]) - 1) < 1e-6,
        "a key that lies in the row space should get 1. Do you look at the first singular vector only? With several "
        "facts, each of them is a mixture of subjects.",
    )
    expect(
        abs(float(share[3]) - math.sqrt(0.5)) < 1e-6,
        "a key that lies half in the row space should get √½: the length of its part, not the squared length.",
    )


@exercise("16.5", reference=spoken)
def check_spoken(answer: Callable[[Tensor, Tensor, Tensor, int], Sequence[int]]) -> None:
    E = torch.linalg.qr(randn(40, 20))[0]  # 40 tokens
    keys = torch.linalg.qr(randn(30, 2))[0].T  # two subjects, orthonormal
    for _ in range(4):
        loud, quiet = randn(2, 20)
        delta = torch.outer(3 * loud, keys[0]) + torch.outer(quiet, keys[1])
        for value, key in ((loud, keys[0]), (quiet, keys[1])):
            wanted = (E @ value).topk(3).indices.tolist()
            found: Any = answer(delta, key, E, 3)
            found = [int(token) for token in found]
            expect(len(found) == 3, f"return `count` token numbers, 3 here; there are {len(found)}.")
            least = (E @ value).topk(3, largest=False).indices.tolist()
            expect(set(found) != set(least), "these are the tokens that ΔW makes *less* likely.")
            first = torch.linalg.svd(delta)[0][:, 0]
            lens = [(E @ (sign * first)).topk(3).indices.tolist() for sign in (1, -1)]
            expect(
                found == wanted or found not in lens,
                "you decode the first left singular vector. It has no sign, and with several facts it belongs to the "
                "loudest or to a mixture. Ask ΔW what it answers to *this* key.",
            )
            expect(
                found == wanted, "not the tokens that ΔW k promotes: what does ΔW add when the key comes in?"
            )
