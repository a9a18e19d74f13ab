"""A hundred facts written in several ways, and what else has changed: results/ability.json.

    python -m alphaedit_lite.book.ch11.study

Every row starts at the unedited model, writes the same hundred bundled facts in one batch with the targets
that ship with the package (or the same update made larger, or noise of the same size), and asks about other
things, question by question: minimal pairs, last words, and the loss on every held-out lead. Started again,
it goes on where it stopped.
"""

from __future__ import annotations

import dataclasses
import json
import math
import time
from typing import Any

import torch

from ...config import EditorConfig, default_layers
from ...editor import Editor
from ...edits import Edit
from ...facts import bundled_facts
from ...metrics import score, token_scores
from ...models import LanguageModel
from ...support.bundled import bundled_targets
from ...support.loading import load_model
from ...support.statistics import key_statistics
from ...support.texts import wikipedia_leads
from ..kit.judging import scaled
from ..kit.last_words import judge_last_words, last_words
from ..kit.probes import updates
from ..kit.results import RESULTS, keep, resume
from .experiments import part, sentence_scores

OUT = RESULTS / "ability.json"
FACTS, SQUARES, SENTENCES, LEADS = 100, 10, 60, 20
ALPHAEDIT: dict[str, Any] = {}
CARELESS: dict[str, Any] = {"solver": "ridge", "lam": 0.003, "history": False}
# how the facts are written, how often the update is taken, and whether its direction is kept
ROWS: dict[str, tuple[dict[str, Any] | None, float, bool]] = {
    "unedited": (None, 0, True),
    "AlphaEdit": (ALPHAEDIT, 1, True),
    "careless ridge": (CARELESS, 1, True),
    "AlphaEdit × 4": (ALPHAEDIT, 4, True),
    "noise, size of AlphaEdit × 4": (ALPHAEDIT, 4, False),
}


def noise(edit: Edit, seed: int = 11) -> Edit:
    """An edit of the same size in every layer, in a random direction."""
    generator = torch.Generator().manual_seed(seed)
    dense = {}
    for layer in edit.layers:
        delta = edit.delta(layer)
        random = torch.randn(delta.shape, generator=generator, dtype=torch.float64)
        dense[layer] = random * (delta.norm() / random.norm())
    return dataclasses.replace(edit, residual={}, gain={}, keys={}, dense=dense, lm=None)


def judged(lm: LanguageModel) -> dict[str, Any]:
    """Pairs, last words and the loss on each lead, as plain values."""
    some = part(SQUARES)
    scores = sentence_scores(lm, some)
    pairs: dict[str, str] = {}
    for pair in some:
        bit = "01"[scores[pair.good] > scores[pair.bad]]
        pairs[pair.phenomenon] = pairs.get(pair.phenomenon, "") + bit
    leads = wikipedia_leads("heldout")
    follows = judge_last_words(lm, last_words(leads[100:], SENTENCES))
    begun = [lead.partition(" ") for lead in leads[:LEADS]]
    found = [-log_p for log_p, _ in token_scores(lm, [(a, " " + c[:1000]) for a, _, c in begun])]
    mean = sum(float(x.sum()) for x in found) / sum(len(x) for x in found)
    return {
        "perplexity": round(math.exp(mean), 4) if mean < 700 else None,
        "pairs": pairs,
        "last words": "".join("01"[bit] for bit in follows),
        "losses": [[len(x), round(float(x.sum()), 3)] for x in found],
    }


def study() -> None:
    """Run what the results file does not hold yet."""
    lm = load_model()
    facts = bundled_facts("test")[:FACTS]
    z = bundled_targets(lm, facts)
    statistics = key_statistics(lm, default_layers(lm.n_layers))
    made_with = {"fingerprint": lm.fingerprint, "facts": FACTS, "squares": SQUARES, "leads": LEADS}
    found = resume(OUT, made_with, rows={})
    written: dict[str, Edit] = {}
    for name, (settings, strength, kept) in ROWS.items():
        if name in found["rows"]:
            continue
        start = time.perf_counter()
        if settings is not None:
            key = json.dumps(settings)
            if key not in written:
                config = EditorConfig(**settings)
                written[key] = Editor(lm, config, statistics=statistics, progress=False).edit(facts, z)
                written[key].revert()
            edit = scaled(written[key], strength)
            (edit if kept else noise(edit)).apply(lm)
        sizes = {str(layer): round(size, 4) for layer, size in updates(lm).items()}
        first = score(lm, [(fact.prompt, fact.new) for fact in facts])[1]
        row = {"edits": FACTS if settings is not None else 0, "settings": settings, "strength": strength}
        row |= {"named first": round(float(first.float().mean()), 4), "update": sizes, **judged(lm)}
        found["rows"][name] = {**row, "collapsed": False, "seconds": round(time.perf_counter() - start)}
        lm.ledger.clear()
        keep(OUT, found, "rows")


if __name__ == "__main__":
    study()
