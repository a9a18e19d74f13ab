"""What studies measure after edits, as plain values for a results file."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

import torch

from ... import evaluate, perplexity
from ...facts import Fact
from ...generation import generate
from ...models import LanguageModel
from ...texts import wikipedia_leads
from .last_words import judge_last_words
from .minimal_pairs import judge_pairs

COLUMNS: Final = ("efficacy", "efficacy_top1", "generalization", "generalization_top1", "specificity")
FACTS, BATCH = 200, 50  # written in sequence by a sweep, so many at a time
PARAPHRASES, NEIGHBOURS = 1, 1  # of each fact, judged by a sweep
LEADS: Final = 30  # held-out texts for the perplexity
PROMPTS: Final = ("The history of science", "My favourite food is", "In the morning, she")


def number(value: float) -> float | None:
    """Rounded for a results file; None for what JSON cannot say: a metric over nothing, a collapse."""
    return round(float(value), 4) if math.isfinite(value) else None


def bits(right: Iterable[bool]) -> str:
    """One 0 or 1 per question, so that two checkpoints can be compared question by question."""
    return "".join("01"[bool(r)] for r in right)


def judge(lm: LanguageModel, facts: Sequence[Fact]) -> dict[str, Any]:
    """The scores of every fact, and the perplexity of held-out leads (None if it is not finite)."""
    few = [
        dataclasses.replace(f, paraphrases=f.paraphrases[:PARAPHRASES], neighbours=f.neighbours[:NEIGHBOURS])
        for f in facts
    ]
    table = evaluate(lm, few, progress=False)[list(COLUMNS)]
    value = perplexity(lm, wikipedia_leads("heldout")[:LEADS])
    scores = {str(name): [round(v, 2) for v in table[name].tolist()] for name in table}
    return {"scores": scores, "perplexity": round(value, 4) if math.isfinite(value) else None}


def look(lm: LanguageModel, facts: Sequence[Fact], done: int, every: int, cohort: int) -> dict[str, Any]:
    """What the model says and can do after ``done`` edits; ``cohort`` facts of each ``every`` are judged."""
    cohorts = []
    for first in range(0, max(done, every), every):
        some = [dataclasses.replace(f, neighbours=f.neighbours[:3]) for f in facts[first : first + every]]
        table = evaluate(lm, some[:: max(1, len(some) // cohort)], progress=False)
        scores = {str(name): [number(v) for v in table[name]] for name in table.select_dtypes("number")}
        cohorts.append({"first": first, "facts": len(table), "scores": scores})
    pairs = judge_pairs(lm, progress=False)
    found: dict[str, Any] = {
        "edits": done,
        "cohorts": cohorts,
        "perplexity": number(perplexity(lm, wikipedia_leads("heldout")[:LEADS])),
        "pairs": {str(k): bits(v) for k, v in pairs.groupby("phenomenon").correct},
        "last words": bits(judge_last_words(lm)),
        "says": dict(zip(PROMPTS, generate(lm, PROMPTS, 25), strict=True)),
    }
    found["collapsed"] = found["perplexity"] is None or found["perplexity"] > 1000
    return found


def sizes(lm: LanguageModel, layers: Sequence[int]) -> dict[str, Any]:
    """By layer: ‖W‖, the size of all updates together as a share of it, and their singular values."""
    found: dict[str, dict[str, Any]] = {"norm": {}, "update": {}, "spectrum": {}}
    for layer in layers:
        W = lm.weight(layer)
        found["norm"][str(layer)] = round(float(W.norm()), 3)
        if (total := lm.ledger.total(layer)) is not None:
            S = torch.linalg.svdvals(total.float())
            found["update"][str(layer)] = round(float(total.norm() / lm.ledger.original(layer).norm()), 4)
            found["spectrum"][str(layer)] = [round(float(s), 4) for s in S[:30]]
    return found
