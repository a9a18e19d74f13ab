"""Where tracing points, and where editing works: causal traces of known facts, and edits layer by layer.

    python -m alphaedit_lite.book.ch03.study

Writes results/tracing.json: one fact after another is traced. The first EDITED facts are also written, each
alone, into one block, by ROME, judged, and taken out again, for one of EDIT_LAYERS after another. Started
again, the script goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from ...editor import Editor
from ...facts import Fact, bundled_facts
from ...keys import KeyStatistics
from ...metrics import score
from ...models import LanguageModel
from ...prompts import PREFIXES
from ...support.loading import load_model
from ...support.statistics import key_statistics
from ...targets import TargetConfig, compute_targets
from ..kit.results import RESULTS, keep, made_by, resume
from . import experiments as causal

FACTS, EDITED = 30, 8
NOISE, SAMPLES, WINDOW = 3.0, 3, 5
LAYERS = tuple(range(0, 30, 2))  # where states are restored
EDIT_LAYERS = (0, 2, 4, 6, 8, 12, 16, 20, 24, 28)
TOKENS = 16_000  # for the key statistics of ten blocks: ten keys a dimension
KNOWN, LONGEST = 0.3, 7  # P(answer) at least, and tokens from the subject on at most
TARGETS = TargetConfig(search="adam", prefixes=PREFIXES[:3], clamp=4.0, nll_enough=0.5)
OUT = RESULTS / "tracing.json"


@torch.no_grad()
def knows(lm: LanguageModel, fact: Fact) -> bool:
    """Whether the answer's first token is the model's first choice, with P of at least KNOWN."""
    ids, first, _ = causal.subject_columns(lm, fact)
    if len(ids) - first > LONGEST:
        return False
    with lm.frozen():
        p = lm.model(torch.tensor([ids], device=lm.device)).logits[0, -1].float().softmax(-1)
    answer = causal.first_token(lm, fact, fact.true or "")
    return bool(p[answer] >= KNOWN and p.argmax() == answer)


def chosen(lm: LanguageModel) -> list[Fact]:
    """Known test facts, relations in turn: the first of each, then the second of each, and so on."""
    by_relation: dict[str, list[Fact]] = {}
    for fact in bundled_facts("test"):
        by_relation.setdefault(fact.relation, []).append(fact)
    queues = [iter(facts) for facts in by_relation.values()]
    found: list[Fact] = []
    while queues and len(found) < FACTS:
        for queue in list(queues):
            known = next((fact for fact in queue if knows(lm, fact)), None)
            if known is None:
                queues.remove(queue)
            elif len(found) < FACTS:
                found.append(known)
    return found


def rounded(values: Tensor) -> list[float]:
    return [round(value, 4) for value in values.tolist()]


def trace(lm: LanguageModel, fact: Fact, noise: float, seed: int) -> dict[str, Any]:
    """Total effect of one fact, and its indirect effects by group of tokens and layer."""
    runs = causal.run_both(lm, fact, noise, SAMPLES, seed)
    parts = causal.groups(len(runs.words), runs.last)
    row: dict[str, Any] = {"p_clean": round(runs.p_clean, 4), "p_corrupted": rounded(runs.p_corrupted)}
    for kind in causal.KINDS:
        # MLP and attention: at the subject's last token and at the last token only, to save time.
        tried = [part if kind == "hidden" or i in (2, 5) else [] for i, part in enumerate(parts)]
        places = [column for part in tried for column in part]
        p = causal.heat(lm, runs, kind, WINDOW, columns=places, layers=LAYERS)
        indirect = causal.effects(runs.p_clean, runs.p_corrupted, p)[1]  # [places, layers]
        means = iter(indirect.split([len(part) for part in tried]))
        row[kind] = [rounded(found.mean(0)) if len(found) else None for found in means]
    p = causal.heat(lm, runs, "mlp", 1, columns=[runs.last], layers=LAYERS)
    row["one_mlp"] = rounded(causal.effects(runs.p_clean, runs.p_corrupted, p)[1][0])
    return row


def judge(lm: LanguageModel, fact: Fact) -> dict[str, float]:
    """Success, and probabilities, on the prompt, the paraphrases and the neighbours."""
    asked = [fact.prompt, *fact.paraphrases]
    pairs = [(prompt, fact.new) for prompt in asked] + list(fact.neighbours)
    others = [(prompt, fact.true or "") for prompt in asked] + [(p, fact.new) for p, _ in fact.neighbours]
    log_p, first = score(lm, pairs + others)
    wins = (log_p[: len(pairs)] > log_p[len(pairs) :]).float()
    p, n = log_p[: len(pairs)].exp(), len(asked)
    found = {"success": wins[0], "paraphrases": wins[1:n].mean(), "neighbours": wins[n:].mean()}
    found |= {"first": first[0].float(), "paraphrases_first": first[1:n].float().mean()}
    found |= {"neighbours_first": first[n : len(pairs)].float().mean()}
    found |= {"p": p[0], "p_paraphrases": p[1:n].mean()}
    return {name: round(float(value), 4) for name, value in found.items()}


def edits(
    lm: LanguageModel, facts: list[Fact], layer: int, statistics: Mapping[int, KeyStatistics]
) -> dict[str, list[float]]:
    """Every fact written alone into one block, judged and taken out: columns over the facts."""
    targets = compute_targets(lm, facts, layer, TARGETS, progress=False)
    editor = Editor(lm, solver="rome", layers=(layer,), statistics=statistics, progress=False)
    rows = []
    for i, fact in enumerate(facts):
        edit = editor.edit([fact], targets.z[i : i + 1])
        try:
            row = judge(lm, fact)
        finally:
            edit.revert()
        size = float((targets.z[i] - targets.h[i]).norm() / targets.h[i].norm())
        update = float(edit.delta(layer).norm() / lm.weight(layer).norm())
        rows.append(row | {"nll_of_z": float(targets.nll[i]), "size": size, "update": update})
    return columns(rows)


def columns(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    return {name: [round(row[name], 4) for row in rows] for name in rows[0]}


def provenance(lm: LanguageModel, noise: float) -> dict[str, Any]:
    settings = {k: v for k, v in asdict(TARGETS).items() if k != "batch_size"}
    return {
        **made_by(lm.fingerprint),
        "noise": NOISE,
        "noise_std": round(noise, 6),
        "samples": SAMPLES,
        "window": WINDOW,
        "layers": LAYERS,
        "edit_layers": EDIT_LAYERS,
        "solver": "rome",
        "tokens": TOKENS,
        "targets": settings,
        "known": KNOWN,
        "longest": LONGEST,
        "groups": causal.GROUPS,
    }


def study() -> None:
    """Run every fact, and every block, that the file does not hold yet."""
    lm = load_model()
    noise = NOISE * causal.spread(lm, bundled_facts())
    found = resume(OUT, {"made_with": provenance(lm, noise)}, facts=[], edits={})
    facts = chosen(lm)
    for number, fact in enumerate(facts):
        if number == EDITED:
            write(lm, facts[:EDITED], found)
        if fact.case_id in {row["case_id"] for row in found["facts"]}:
            continue
        start = time.process_time()
        row = {"case_id": fact.case_id, "prompt": fact.prompt, "subject": fact.subject}
        row |= {"true": (fact.true or "").strip(), "new": fact.new.strip()}
        row |= trace(lm, fact, noise, seed=fact.case_id)
        found["facts"].append(row | {"cpu_seconds": round(time.process_time() - start)})
        keep(OUT, found, "facts", "edits")


def write(lm: LanguageModel, facts: list[Fact], found: dict[str, Any]) -> None:
    """The edits: block after block."""
    statistics = key_statistics(lm, EDIT_LAYERS, tokens=TOKENS, progress=False)
    if "unedited" not in found["edits"]:
        found["edits"]["unedited"] = columns([judge(lm, fact) for fact in facts])
    for layer in EDIT_LAYERS:
        if str(layer) not in found["edits"]:
            start = time.process_time()
            row: dict[str, Any] = dict(edits(lm, facts, layer, statistics))
            found["edits"][str(layer)] = row | {"cpu_seconds": round(time.process_time() - start)}
            keep(OUT, found, "facts", "edits")


if __name__ == "__main__":
    study()
