"""The checks of exercises 11.2 and 11.3, on minimal pairs."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import torch

from ..kit.exercises import exercise, expect, near
from ..kit.minimal_pairs import PHENOMENA, WORDS, Pair, split, square
from .exercises import uniform
from .reference import TEMPLATE, share_right


def drawn(n: int) -> list[Pair]:
    """Squares of all phenomena, freshly drawn."""
    rng = random.Random(int(torch.randint(2**31, ())))
    names = [rng.choice(list(PHENOMENA)) for _ in range(n)]
    return [pair for name in names for pair in square(name, rng.choice(PHENOMENA[name]), rng)]


@exercise("11.2", reference=share_right)
def check_share_right(answer: Callable[..., Any]) -> None:
    for _ in range(8):
        some = drawn(12)
        good = {pair.good for pair in some}
        found = answer(some, lambda s, good=good: float(s in good))
        expect(
            isinstance(found, int | float | torch.Tensor), "a number is asked for: the share that is right."
        )
        expect(
            not near(found, len(some)),
            "that is a number of pairs, not a share: divide by how many there are.",
        )
        expect(
            not near(found, 0.0),
            "a model that finds every good sentence more likely gets nothing right: have you turned > round?",
        )
        expect(
            near(found, 1.0),
            f"a model that likes every good sentence best is right always, not {float(found):.2f}.",
        )
        expect(
            near(answer(some, lambda s: 1.0), 0.0),
            "a model to which all sentences are alike gets points: a tie is no knowledge, so use > and not >=.",
        )
        weight = {word: uniform(-5, 0) for pair in some for s in (pair.good, pair.bad) for word in s.split()}

        def bag(sentence: str, weight: dict[str, float] = weight) -> float:
            return sum(sorted(weight[word] for word in sentence.split()))

        expect(
            near(answer(some, bag), 0.5),
            "a model that adds up a number for each word should be right on exactly one half of the pairs. Does your "
            "function look at every pair, and at whole sentences?",
        )
        scores = {s: uniform(-9, 0) for pair in some for s in (pair.good, pair.bad)}
        right = sum(scores[p.good] > scores[p.bad] for p in some) / len(some)
        expect(
            near(answer(some, scores.__getitem__), right),
            "count the pairs whose good sentence scores higher than *its own* bad one.",
        )


# -- 11.3 -----------------------------------------------------------------------------------------------


@exercise("11.3", reference=TEMPLATE)
def check_template(answer: Any) -> None:
    expect(isinstance(answer, str), "a template is one string.")
    known = {re.sub(r"\s+", " ", t) for templates in PHENOMENA.values() for t in templates}
    expect(answer.strip() not in known, "this template is in the battery already: try a rule of your own.")
    frames, fillers = (
        re.findall(r"\[([^\[\]]*)\|([^\[\]]*)\]", answer),
        re.findall(r"\(([^()]*)\|([^()]*)\)", answer),
    )
    expect(
        bool(frames),
        "there are no two frames: without [a|b] the same filler is right twice, and a model that just likes it gets "
        "both pairs.",
    )
    expect(
        bool(fillers),
        "there are no fillers: write (x|y), with x right in the first frame and y in the second.",
    )
    for slot, form in re.findall(r"(\w+):(\d?)", answer):
        kind = slot.rstrip("23456789")
        expect(kind in WORDS, f"there is no kind of word called {kind!r}: choose from {', '.join(WORDS)}.")
        forms = len(WORDS[kind].split()[0].split("/"))
        expect(
            int(form or 0) < forms, f"{kind!r} has {forms} form(s), counted from 0; you ask for form {form}."
        )
    for _ in range(5):
        first, second = square("yours", answer, random.Random(int(torch.randint(2**31, ()))))
        sentences = {first.good, first.bad, second.good, second.bad}
        expect(
            len(sentences) == 4,
            f"a square has four different sentences; yours gives {', '.join(sorted(sentences))}. Are both frames, or "
            "both fillers, alike?",
        )
        for pair in (first, second):
            expect(
                pair.good.split()[0] == pair.bad.split()[0],
                f"{pair.good!r} and {pair.bad!r} must begin with the same word: a model cannot be asked about its "
                "first one. Put the filler later.",
            )
            split(pair)
        expect(first.good[0].isupper(), "a sentence begins with a capital letter.")
        bags = [sorted(f"{p.good} {q.bad}".split()) for p, q in ((first, second), (second, first))]
        expect(
            bags[0] == sorted(f"{first.good} {second.bad}".split())
            and not re.search(r"[\[\]()|]", first.good),
            f"something of the template is left in {first.good!r}: do the brackets close?",
        )
