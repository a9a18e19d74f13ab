"""What studies measure after edits, as plain values for a results file."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import torch

from ... import evaluate, perplexity
from ...facts import Fact
from ...generation import generate
from ...models import LanguageModel
from ...support.texts import wikipedia_leads
from .judging import judge_prompts
from .last_words import judge_last_words
from .minimal_pairs import judge_pairs

COLUMNS: Final = ("efficacy", "efficacy_top1", "generalization", "generalization_top1", "specificity")
FACTS, BATCH = 200, 50  # written in sequence by a sweep, so many at a time
PARAPHRASES, NEIGHBOURS = 1, 1  # of each fact, judged by a sweep
SOME: Final = (2, 3)  # paraphrases and neighbours of each fact, where only means are kept
LEADS: Final = 30  # held-out texts for the perplexity
SPOKEN: Final = 10  # one fact of so many of a stream is asked freely
PROMPTS: Final = ("The history of science", "My favourite food is", "In the morning, she")


def number(value: float) -> float | None:
    """Rounded for a results file; None for what JSON cannot say: a metric over nothing, a collapse."""
    return round(float(value), 4) if math.isfinite(value) else None


def bits(right: Iterable[bool]) -> str:
    """One 0 or 1 per question, so that two checkpoints can be compared question by question."""
    return "".join("01"[bool(r)] for r in right)


def fewer(facts: Sequence[Fact], paraphrases: int, neighbours: int) -> list[Fact]:
    """The facts with at most so many paraphrases and neighbours: less to judge."""
    return [
        dataclasses.replace(f, paraphrases=f.paraphrases[:paraphrases], neighbours=f.neighbours[:neighbours])
        for f in facts
    ]


def means(lm: LanguageModel, facts: Sequence[Fact], leads: Sequence[str]) -> dict[str, float]:
    """The six means of ``evaluate``, of two paraphrases and three neighbours each, and a perplexity."""
    found = evaluate(lm, fewer(facts, *SOME), progress=False).mean(numeric_only=True)
    return {**{str(k): round(float(v), 4) for k, v in found.items()}, "perplexity": perplexity(lm, leads)}


def updates(lm: LanguageModel) -> dict[int, float]:
    """By edited layer: the size of all that the model holds of edits, ‖ΣΔ‖ / ‖W‖."""
    totals = {layer: lm.ledger.total(layer) for layer in range(lm.n_layers)}
    return {i: float(t.norm() / lm.ledger.original(i).norm()) for i, t in totals.items() if t is not None}


def measured(
    lm: LanguageModel, facts: Sequence[Fact], write: Callable[[], dict[str, Any] | None]
) -> dict[str, Any]:
    """Write, judge, take all back: what ``write`` returns and what ``judge`` finds; ``update``, the mean of
    ``updates``, and the ``seconds`` that it took to write."""
    start = time.perf_counter()
    try:
        found, seconds = write() or {}, time.perf_counter() - start
        sizes = updates(lm).values()
        update = round(sum(sizes) / max(1, len(sizes)), 4)
        return {**found, **judge(lm, facts), "update": update, "seconds": round(seconds, 1)}
    finally:
        lm.ledger.clear()


def judge(lm: LanguageModel, facts: Sequence[Fact]) -> dict[str, Any]:
    """The scores of every fact, and the perplexity of held-out leads (None if it is not finite)."""
    table = evaluate(lm, fewer(facts, PARAPHRASES, NEIGHBOURS), progress=False)[list(COLUMNS)]
    value = perplexity(lm, wikipedia_leads("heldout")[:LEADS])
    scores = {str(name): [round(v, 2) for v in table[name].tolist()] for name in table}
    return {"scores": scores, "perplexity": round(value, 4) if math.isfinite(value) else None}


def look(
    lm: LanguageModel, facts: Sequence[Fact], done: int, every: int, cohort: int, abilities: bool = True
) -> dict[str, Any]:
    """What the model says and can do after ``done`` edits; ``cohort`` facts of each ``every`` are judged.

    Args:
        abilities: whether the minimal pairs and the last words are asked, too: most of the time of a look.
    """
    cohorts = []
    for first in range(0, max(done, every), every):
        some = [dataclasses.replace(f, neighbours=f.neighbours[:3]) for f in facts[first : first + every]]
        table = evaluate(lm, some[:: max(1, len(some) // cohort)], progress=False)
        scores = {str(name): [number(v) for v in table[name]] for name in table.select_dtypes("number")}
        cohorts.append({"first": first, "facts": len(table), "scores": scores})
    found: dict[str, Any] = {
        "edits": done,
        "cohorts": cohorts,
        "perplexity": number(perplexity(lm, wikipedia_leads("heldout")[:LEADS])),
        "says": dict(zip(PROMPTS, generate(lm, PROMPTS, 25), strict=True)),
    }
    if abilities:
        pairs = judge_pairs(lm, progress=False)
        found["pairs"] = {str(k): bits(v) for k, v in pairs.groupby("phenomenon").correct}
        found["last words"] = bits(judge_last_words(lm))
    found["collapsed"] = found["perplexity"] is None or found["perplexity"] > 1000
    return found


def free(lm: LanguageModel, facts: Sequence[Fact]) -> dict[str, str]:
    """Some hundred of the facts, asked freely: whether the answer begins with the new object, or names it."""
    rows = judge_prompts(lm, [dataclasses.replace(f, neighbours=(), paraphrases=()) for f in facts[::SPOKEN]])
    return {name: bits(rows[name] > 0) for name in ("match", "mention")}


def same(found: dict[str, Any], lm: LanguageModel) -> None:
    """Raises RuntimeError if the model is not the one that this look was at: another stream, by its harm."""
    now, then = number(perplexity(lm, wikipedia_leads("heldout")[:LEADS])), found["perplexity"]
    if now != then and (now is None or then is None or abs(now - then) > 0.01 * then):
        raise RuntimeError(f"After {found['edits']} edits perplexity is {now}; in the file it is {then}.")


def sizes(lm: LanguageModel, layers: Sequence[int]) -> dict[str, Any]:
    """By layer: ‖W‖, the size of all updates together as a share of it, and their singular values."""
    update = {str(layer): round(size, 4) for layer, size in updates(lm).items()}
    found: dict[str, dict[str, Any]] = {"norm": {}, "update": update, "spectrum": {}}
    for layer in layers:
        W = lm.weight(layer)
        found["norm"][str(layer)] = round(float(W.norm()), 3)
        if (total := lm.ledger.total(layer)) is not None:
            S = torch.linalg.svdvals(total.float())
            found["spectrum"][str(layer)] = [round(float(s), 4) for s in S[:30]]
    return found
