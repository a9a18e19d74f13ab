"""Batches of six facts read off the weights and taken apart, and a control for two hops: for chapter 16.

    python -m alphaedit_lite.book.ch16.study_unmix

Each batch is written by the default AlphaEdit with shipped targets. Then, from ΔW alone: which layers
changed, the rank, the six first suspects of all bundled subjects; each fact taken out by projecting its
suspected key away; and the two-hop questions beside a sentence that asks for no relation, before
and after. Writes results/seams_batches.json. Stopped and started again, it goes on with the next batch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ...editor import AlphaEdit
from ...facts import Fact, bundled_facts
from ...metrics import score
from ...models import LanguageModel
from ...support.bundled import bundled_targets
from ..kit.results import RESULTS
from .experiments import Question, ask, fair, two_hops
from .forensics import differences, rank_of, suspects, swapped, weights
from .study import go_on

OUT = RESULTS / "seams_batches.json"
SIZE, BATCHES = 6, 9
LOOSE = "A word that comes to mind with {} is"


def chosen() -> list[list[Fact]]:
    """Nine batches of six test facts with two-hop questions and different subjects, shuffled once."""
    facts = list({fact.subject: fact for fact in bundled_facts("test") if two_hops(fact)}.values())
    order = torch.randperm(len(facts), generator=torch.Generator().manual_seed(16)).tolist()
    mixed = [facts[i] for i in order]
    return [mixed[first : first + SIZE] for first in range(0, SIZE * BATCHES, SIZE)]


def loose(fact: Fact) -> list[Question]:
    """The two-hop answers of a fact, after a sentence that asks for no relation."""
    prompt = LOOSE.format(fact.subject)
    return [replace(question, kind="loose", prompt=prompt) for question in two_hops(fact)]


def blind(delta: Tensor, key: Tensor) -> Tensor:
    """ΔW, [d_model, d_ff], that gives nothing for a key, [d_ff], and is unchanged at a right angle to it."""
    return delta - torch.outer(delta @ key, key) / (key @ key)


def one(
    lm: LanguageModel, editor: AlphaEdit, names: list[str], keys: dict[int, Tensor], batch: list[Fact]
) -> dict[str, Any]:
    """Everything about one batch; the model is left as it was."""
    hops = [q for fact in batch for q in two_hops(fact)]
    free = [q for fact in batch for q in loose(fact)]
    owner = [i for i, fact in enumerate(batch) for _ in two_hops(fact)]
    known = fair(lm, hops)
    told = [ask(lm, hops + free).success.tolist()]
    pairs = [(fact.prompt, answer) for fact in batch for answer in (fact.new, fact.true or "")]
    was_first = score(lm, pairs)[1][1::2].tolist()
    before = weights(lm)
    edit = editor.edit(batch, bundled_targets(lm, batch))
    told.append(ask(lm, hops + free).success.tolist())
    delta = differences(before, lm)
    edit.revert()
    ranks = [rank_of(d) for d in delta.values()]
    share = torch.stack([suspects(d, keys[layer], SIZE) for layer, d in delta.items()]).mean(0)
    first = {names[i] for i in share.topk(SIZE).indices.tolist()}
    out, others, back = [], [], []
    for number in range(-1, len(batch)):  # -1: all in
        own = names.index(batch[number].subject)
        cut = {layer: d if number < 0 else blind(d, keys[layer][own]) for layer, d in delta.items()}
        with swapped(lm, {layer: before[layer] + d.float() for layer, d in cut.items()}):
            log_p, best = score(lm, pairs)
        holds = (log_p[::2] > log_p[1::2]).int().tolist()
        if number < 0:
            all_in = holds
            continue
        out.append(1 - holds[number])
        back.append(int(best[1::2][number]))
        rest = [h for i, (h, was) in enumerate(zip(holds, all_in, strict=True)) if i != number and was]
        others.append(round(sum(rest) / len(rest), 3) if rest else None)
    return {
        "subjects": [fact.subject for fact in batch],
        "layers": list(delta),
        "ranks": ranks,
        "caught": [int(fact.subject in first) for fact in batch],
        "all in": all_in,
        "out": out,
        "others": others,
        "old first before": [int(w) for w in was_first],
        "old first after": back,
        "hops": [
            [i, int(k), *(int(t[j]) for t in told), *(int(t[j + len(hops)]) for t in told)]
            for j, (i, k) in enumerate(zip(owner, known, strict=True))
        ],
    }


if __name__ == "__main__":
    hops = ["fact", "known", "two hops unedited", "two hops edited", "loose unedited", "loose edited"]
    go_on(OUT, "batches", [(batch,) for batch in chosen()], one, hops=hops)
