"""What edits do not do, and what they give away: some sixty facts of the test half, one at a time.

    python -m alphaedit_lite.book.ch16.study

Each fact is written alone by the default AlphaEdit with its shipped target, asked about in three states
(unedited, edited, unedited with the new fact in front of every prompt), read off the weights, and taken out
again. Writes results/seams.json. Stopped and started again, it goes on with the next fact.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...editor import AlphaEdit
from ...facts import Fact, bundled_facts
from ...metrics import score
from ...models import LanguageModel
from ...support.bundled import bundled_targets
from ...support.loading import load_model
from ...support.tokens import pieces
from ..kit.results import RESULTS, keep, resume
from ..kit.tracing import unembedding
from .experiments import ask, bystanders, fair, in_context, questions, two_hops
from .forensics import candidate_keys, differences, rank_of, shifts, suspects, swapped, weights
from .results import STATES

OUT = RESULTS / "seams.json"
UNDONE = 24  # facts on which undoing is tried


def chosen() -> list[Fact]:
    """Every second test fact that has a two-hop question, and every second one that has a bystander."""
    facts = bundled_facts("test")
    hops, others = [f for f in facts if two_hops(f)], [f for f in facts if bystanders(f)]
    mixed = [fact for pair in zip(hops[::2], others[::2], strict=False) for fact in pair]
    return mixed + [fact for fact in hops[::2] if fact not in mixed]


def answers(lm: LanguageModel, fact: Fact) -> list[float]:
    """Is the edit in, is the old answer the first choice, and the neighbours' first choices."""
    near = fact.neighbours[:2]
    log_p, first = score(lm, [(fact.prompt, fact.new), (fact.prompt, fact.true or ""), *near])
    return [float(log_p[0] > log_p[1]), float(first[1]), round(float(first[2:].float().mean()), 2)]


@torch.no_grad()
def without(lm: LanguageModel, layers: list[int], keys: dict[int, Tensor], own: int) -> dict[str, Any]:
    """Edited weights with the edit taken out by somebody who has no original: layer -> W, for each try."""
    found: dict[str, Any] = {"top 1": {}, "top 10": {}, "erased key": {}}
    for layer in layers:
        W = lm.weight(layer)
        U, S, V = torch.linalg.svd(W, full_matrices=False)
        for k in (1, 10):
            found[f"top {k}"][layer] = W - (U[:, :k] * S[:k]) @ V[:k]
        key = keys[layer][own].to(W)
        found["erased key"][layer] = W - torch.outer(W @ key, key) / (key @ key)
    return found


def one(
    lm: LanguageModel, editor: AlphaEdit, names: list[str], keys: dict[int, Tensor], fact: Fact, undo: bool
) -> dict[str, Any]:
    """Everything about one fact; the model is left as it was."""
    asked = questions(fact, neighbours=2)
    known = fair(lm, asked)
    tables = [ask(lm, asked), ask(lm, asked, in_context(fact))]
    before = weights(lm)
    own = names.index(fact.subject)
    edit = editor.edit([fact], bundled_targets(lm, [fact]))
    try:
        tables.insert(1, ask(lm, asked))
        delta = differences(before, lm)
        shares = {layer: suspects(d, keys[layer]) for layer, d in delta.items()}
        token = pieces(lm.tokenizer, fact.new)[0]
        said = shifts(lm, before, list(delta), fact.subject)
        last = max(delta)
        lens = unembedding(lm).double() @ (delta[last] @ keys[last][own])
        traces: dict[str, Any] = {
            "layers": list(delta),
            "ranks": [rank_of(d) for d in delta.values()],
            "size": [round(float(d.norm() / before[layer].norm()), 4) for layer, d in delta.items()],
            "subject": [int((s > s[own]).sum()) for s in shares.values()],  # 0: nobody comes before
            "share": [round(float(s[own]), 3) for s in shares.values()],
            "next": [round(float(torch.cat([s[:own], s[own + 1 :]]).max()), 3) for s in shares.values()],
            "object": int((said > said[token]).sum()),
            "lens": int((lens > lens[token]).sum()),
        }
        if undo:
            tries = without(lm, list(delta), keys, own)
            traces["undo"] = {"edited": answers(lm, fact)}
            for name, matrices in tries.items():
                with swapped(lm, matrices):
                    traces["undo"][name] = answers(lm, fact)
    finally:
        edit.revert()
    if undo:
        traces["undo"]["unedited"] = answers(lm, fact)
    rows = []
    for i, question in enumerate(asked):
        cells = [table.iloc[i] for table in tables]
        numbers = [int(cell[what]) for what in ("success", "first") for cell in cells]
        moved = [round(float(cell.p_wanted - cells[0].p_wanted), 3) for cell in cells[1:]]
        rows.append([question.kind, int(known[i]), *numbers, *moved])
    return {
        "subject": fact.subject,
        "relation": fact.relation,
        "new": fact.new,
        "rows": rows,
        "traces": traces,
    }


def go_on(
    out: Path, name: str, todo: Sequence[Any], one: Callable[..., dict[str, Any]], **columns: list[str]
) -> None:
    """Run what the results file does not hold yet.

    Args:
        name: under which the results stand.  columns: what the numbers in them are, by name.
        todo: ``one(lm, editor, names, keys, *args)`` is run for each ``args``.
    """
    lm = load_model()
    editor = AlphaEdit(lm, progress=False)
    made_with = {"fingerprint": lm.fingerprint, "settings": dataclasses.asdict(editor.config), **columns}
    found = resume(out, made_with, seconds=0.0, **{name: []})
    if len(found[name]) == len(todo):
        return
    names = sorted({fact.subject for fact in bundled_facts()})
    found["names"] = len(names)
    keys = candidate_keys(lm, names, editor.layers)
    for args in todo[len(found[name]) :]:
        start = time.perf_counter()
        found[name].append(one(lm, editor, names, keys, *args))
        found["seconds"] = round(found["seconds"] + time.perf_counter() - start, 1)
        keep(out, found, name)


if __name__ == "__main__":
    columns = ["kind", "fair", *(f"{what} {state}" for what in ("success", "first") for state in STATES)]
    columns += [f"moved {state}" for state in STATES[1:]]
    todo = [(fact, number < UNDONE) for number, fact in enumerate(chosen())]
    go_on(OUT, "facts", todo, one, columns=columns)
