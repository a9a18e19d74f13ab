"""The experiments of chapter 1: what a model knows, and what an edit of one fact does near and far.

    table = known(lm, pick(12))                  # one row per question: relation, success, top-1
    probe = Probe(lm, fact, texts)               # 16 questions at four distances from a fact, and text
    row = probe.after(FineTune(lm))              # edit, ask everything, take the edit back

The same ``Probe`` runs live in the chapter and in ``study``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pandas as pd
import torch

from ...edits import Edit
from ...facts import Fact, bundled_facts
from ...generation import generate
from ...metrics import perplexity, score
from ...models import LanguageModel

DISTANCES = ("fact", "paraphrase", "same relation", "other relation")
PER_DISTANCE, MAX_TOKENS = 6, 64
NAMES = {
    "P17": "place: country", "P30": "place: continent", "P36": "land: capital", "P1376": "capital: land",
    "P276": "sight: city", "P131": "city: state", "P171": "animal: kind", "P279": "thing: kind",
    "P106": "person: profession", "P103": "person: mother tongue", "P101": "scientist: field",
    "P178": "product: company", "company-country": "company: country", "P50": "book: author",
    "P37": "land: language", "P38": "land: currency", "P495": "dish: country", "P641": "athlete: sport",
    "P2341": "language: country", "P403": "river: sea", "P2925": "god: domain", "P246": "element: symbol",
    "P1303": "musician: instrument", "P361": "figure: mythology", "P61": "discovery: scientist",
}  # fmt: skip
# Ways to fine-tune one fact. Block 5 is one that the book edits; steps end at a mean NLL of 0.1.
COMMON: dict[str, Any] = {"enough": 0.1, "steps": 15, "progress": False}
WAYS: dict[str, dict[str, Any]] = {
    "one layer": COMMON | {"layers": (5,), "lr": 5e-3},
    "all layers": COMMON | {"layers": tuple(range(30)), "lr": 5e-4},
    "one layer, bounded": COMMON | {"layers": (5,), "lr": 5e-3, "norm_bound": 8e-3},
}
# All 50, not chosen by what any model knows.
STATES = {
    "Alabama": "Montgomery", "Alaska": "Juneau", "Arizona": "Phoenix", "Arkansas": "Little Rock",
    "California": "Sacramento", "Colorado": "Denver", "Connecticut": "Hartford", "Delaware": "Dover",
    "Florida": "Tallahassee", "Georgia": "Atlanta", "Hawaii": "Honolulu", "Idaho": "Boise",
    "Illinois": "Springfield", "Indiana": "Indianapolis", "Iowa": "Des Moines", "Kansas": "Topeka",
    "Kentucky": "Frankfort", "Louisiana": "Baton Rouge", "Maine": "Augusta", "Maryland": "Annapolis",
    "Massachusetts": "Boston", "Michigan": "Lansing", "Minnesota": "Saint Paul", "Mississippi": "Jackson",
    "Missouri": "Jefferson City", "Montana": "Helena", "Nebraska": "Lincoln", "Nevada": "Carson City",
    "New Hampshire": "Concord", "New Jersey": "Trenton", "New Mexico": "Santa Fe", "New York": "Albany",
    "North Carolina": "Raleigh", "North Dakota": "Bismarck", "Ohio": "Columbus",
    "Oklahoma": "Oklahoma City", "Oregon": "Salem", "Pennsylvania": "Harrisburg",
    "Rhode Island": "Providence", "South Carolina": "Columbia", "South Dakota": "Pierre",
    "Tennessee": "Nashville", "Texas": "Austin", "Utah": "Salt Lake City", "Vermont": "Montpelier",
    "Virginia": "Richmond", "Washington": "Olympia", "West Virginia": "Charleston", "Wisconsin": "Madison",
    "Wyoming": "Cheyenne",
}  # fmt: skip


class Writer(Protocol):
    """What ``FineTune`` and ``Editor`` have in common."""

    def edit(self, facts: Sequence[Fact]) -> Edit: ...


def pick(n: int, every: int = 1) -> list[Fact]:
    """The first n bundled facts of each relation that has so many, or of one in ``every`` such relations."""
    groups: dict[str, list[Fact]] = {}
    for fact in bundled_facts():
        groups.setdefault(fact.relation, []).append(fact)
    full = [group for group in groups.values() if len(group) >= n]
    return [fact for group in full[::every] for fact in group[:n]]


def known(lm: LanguageModel, facts: Sequence[Fact]) -> pd.DataFrame:
    """Ask each fact in its own wording and in one other.

    Returns:
        a row per fact and wording ("own", "other"): ``relation``, ``wording``, ``success`` (the true object
        beats the alternative) and ``top1`` (it is the first choice).
    """
    asked = [
        (fact, name, prompt)
        for fact in facts
        for name, prompt in (("own", fact.prompt), ("other", fact.paraphrases[0]))
    ]
    pairs = [(prompt, obj) for fact, _, prompt in asked for obj in (fact.true or "", fact.new)]
    log_p, first = score(lm, pairs)
    return pd.DataFrame(
        {
            "relation": [NAMES[fact.relation] for fact, _, _ in asked],
            "wording": [name for _, name, _ in asked],
            "success": (log_p[::2] > log_p[1::2]).tolist(),
            "top1": first[::2].tolist(),
        }
    )


def subjects_for_edits(n: int) -> list[Fact]:
    """The first test fact of each relation, n in all: as different as the bundled facts allow."""
    first: dict[str, Fact] = {}
    for fact in bundled_facts("test"):
        first.setdefault(fact.relation, fact)
    return list(first.values())[:n]


class Probe:
    """Questions at growing distance from a fact that is going to be edited.

    Up to six facts of the same relation about other subjects and six of other relations, which must stay
    (none with the new object as its answer). Which are right is noted before any edit.

    Attributes:
        asked: (distance, prompt, the answer that a perfect edit would give).
        right: which of them are the first choice on the unedited model, [n] bools.
        text: the perplexity of the unedited model on ``texts``.
    """

    def __init__(self, lm: LanguageModel, fact: Fact, texts: Sequence[str]) -> None:
        self.lm, self.fact, self.texts = lm, fact, list(texts)
        # Drawn by a fixed seed; the facts of a bundle are all different subjects.
        order = torch.randperm(
            len(all_facts := bundled_facts()), generator=torch.Generator().manual_seed(fact.case_id)
        )
        pool = [all_facts[i] for i in order.tolist()]
        pool = [f for f in pool if f.subject != fact.subject and f.true not in (fact.new, None)]
        same = [f for f in pool if f.relation == fact.relation]
        other: dict[str, Fact] = {f.relation: f for f in pool if f.relation != fact.relation}
        self.asked: list[tuple[str, str, str]] = [("fact", fact.prompt, fact.new)]
        self.asked += [("paraphrase", prompt, fact.new) for prompt in fact.paraphrases]
        for name, near in (("same relation", same), ("other relation", list(other.values()))):
            self.asked += [(name, f.prompt, f.true or "") for f in near[:PER_DISTANCE]]
        self.right = self._ask()[1]
        self.text = perplexity(lm, self.texts, MAX_TOKENS)

    def _ask(self) -> tuple[torch.Tensor, torch.Tensor]:
        return score(self.lm, [(prompt, answer) for _, prompt, answer in self.asked])

    def after(self, writer: Writer, speak: Sequence[str] = ()) -> dict[str, Any]:
        """Edit, ask everything, and take the edit back.

        Returns:
            ``before`` and ``now``: which wanted answers are the first choice, lists of 0 and 1; ``distance``:
            which distance each belongs to; ``p``: the probability of the new object; ``text``: perplexity now
            over perplexity before, minus 1; ``size``: the root of the summed squares of all Δ; ``said``: how
            the edited model goes on after each prompt of ``speak``, if there are any.
        """
        edit = writer.edit([self.fact])
        try:
            log_p, now = self._ask()
            rise = perplexity(self.lm, self.texts, MAX_TOKENS) / self.text - 1
            said = dict(zip(speak, generate(self.lm, speak, 8), strict=True)) if speak else {}
        finally:
            edit.revert()
        size = sum(float(edit.delta(layer).square().sum()) for layer in edit.layers) ** 0.5
        return {
            "distance": [name for name, _, _ in self.asked],
            "before": self.right.int().tolist(),
            "now": now.int().tolist(),
            "p": round(float(log_p[0].exp()), 4),
            "text": round(rise, 5),
            "size": round(size, 3),
        } | ({"said": said} if said else {})


def reach(row: Mapping[str, Any], lost: Any) -> dict[str, float]:
    """What one edit changed at each distance, as shares from 0 to 1.

    Where the answer should move (the fact, its paraphrases): the share that did. Where it should stay:
    ``lost(before, now)``, the share of the right answers that are now wrong.
    """
    found = {}
    for name in DISTANCES:
        here = [i for i, distance in enumerate(row["distance"]) if distance == name]
        before, now = (torch.tensor([row[k][i] for i in here], dtype=torch.bool) for k in ("before", "now"))
        moved = name in ("fact", "paraphrase")
        found[name] = float(now.float().mean()) if moved else float(lost(before, now))
    return found
