"""What each part of the recipe for z buys: one ROME edit per fact, with parts left out.

    python -m alphaedit_lite.book.ch05.study

Writes results/rome_ablation.json, one variant after another; started again, it goes on where it stopped.
Every fact is written alone into block 6 of the unedited model, judged, and taken out again.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...editor import Editor
from ...facts import Fact, bundled_facts
from ...metrics import COLUMNS, evaluate, score
from ...models import LanguageModel
from ...support.loading import load_model
from ...support.statistics import key_statistics
from ...support.tokens import tokenise
from ...targets import TargetConfig, compute_targets
from ..kit.results import RESULTS, keep, made_by, resume

LAYER, FACTS = 6, 12
EARLY: dict[str, Any] = {"search": "adam", "clamp": 4.0, "nll_enough": 0.5}
FULL: dict[str, Any] = EARLY | {"early_stop": False}  # the reference's 20 steps
VARIANTS: dict[str, dict[str, Any]] = {
    "with early stop": EARLY,
    "20 steps": FULL,
    "bare prompt only": FULL | {"prefixes": ("",)},
    "without KL": FULL | {"kl": 0.0},
    "clamp 0.4": FULL | {"clamp": 0.4},
}
OUT = RESULTS / "rome_ablation.json"


def chosen(n: int = FACTS) -> list[Fact]:
    """The first test fact of each of the first n relations: as different as the bundled facts allow."""
    first: dict[str, Fact] = {}
    for fact in bundled_facts("test"):
        if fact.paraphrases and fact.neighbours:
            first.setdefault(fact.relation, fact)
    return list(first.values())[:n]


@torch.no_grad()
def after_subject(lm: LanguageModel, fact: Fact) -> Tensor:
    """log-probabilities of the token after the bare subject, [vocabulary]: what the KL term watches."""
    ids = torch.tensor([tokenise(lm.tokenizer, fact.subject)], device=lm.device)
    with lm.frozen():
        return F.log_softmax(lm.model(ids).logits[0, -1].float(), -1)


def judge(lm: LanguageModel, editor: Editor, fact: Fact, z: Tensor, h: Tensor) -> dict[str, Any]:
    """Write one fact, judge it, take it out. Values of ``evaluate``, and the sizes of δ, Δ and the KL."""
    before = after_subject(lm, fact)
    edit = editor.edit([fact], z[None])
    try:
        row = evaluate(lm, [fact], progress=False).iloc[0]
        now = after_subject(lm, fact)
        asked = [(prompt, fact.new) for prompt in (fact.prompt, *fact.paraphrases)]
        p = score(lm, [*asked, *fact.neighbours])[0].exp()
    finally:
        edit.revert()
    n = len(asked)
    return {column: round(float(row[column]), 4) for column in COLUMNS} | {
        "p_fact": round(float(p[0]), 4),
        "p_paraphrases": round(float(p[1:n].mean()), 4),
        "p_neighbours": round(float(p[n:].mean()), 4),
        "kl": round(float((now.exp() * (now - before)).sum()), 4),
        "size": round(float((z - h).norm() / h.norm()), 4),
        "update": round(float(edit.delta(LAYER).norm() / lm.weight(LAYER).norm()), 4),
    }


def study() -> None:
    """Run every variant that the file does not hold yet."""
    lm, facts = load_model(), chosen()
    statistics = key_statistics(lm, (4, 5, 6, 7), progress=False)
    made = {**made_by(lm.fingerprint), "layer": LAYER, "solver": "rome"}
    asked = [f"{f.prompt} -> {f.new.strip()}" for f in facts]
    found = resume(OUT, {"made_with": made, "facts": asked}, variants={})
    if "unedited" not in found:
        table = evaluate(lm, facts, progress=False)[COLUMNS]
        found["unedited"] = {column: round(float(table[column].mean()), 4) for column in COLUMNS}
        pairs = [pair for fact in facts for pair in fact.neighbours]
        found["unedited"]["p_neighbours"] = round(float(score(lm, pairs)[0].exp().mean()), 4)
        keep(OUT, found, "variants")
    for name, settings in VARIANTS.items():
        if name in found["variants"]:
            continue
        start, config = time.process_time(), TargetConfig(**settings)
        targets = compute_targets(lm, facts, LAYER, config, progress=False)
        seconds = time.process_time() - start
        # The key is the same for all variants: only z differs.
        editor = Editor(lm, solver="rome", layers=(LAYER,), statistics=statistics, progress=False)
        rows = [judge(lm, editor, *one) for one in zip(facts, targets.z, targets.h, strict=True)]
        for row, steps in zip(rows, targets.steps.tolist(), strict=True):
            row["steps"] = steps
        settings = {k: v for k, v in asdict(config).items() if k not in ("prefixes", "batch_size")}
        settings["prompts"] = len(config.prefixes)
        found["variants"][name] = {"settings": settings, "cpu_seconds_for_z": round(seconds), "facts": rows}
        keep(OUT, found, "variants")


if __name__ == "__main__":
    study()
