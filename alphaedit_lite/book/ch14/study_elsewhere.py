"""Harm where nothing was fitted, at equal share written: results/elsewhere.json.

    python -m alphaedit_lite.book.ch14.study_elsewhere        # goes on where it was stopped
    python -m alphaedit_lite.book.ch14.study_curvature        # adds priors that know what leaves the layer

200 bundled facts in one layer, in closed form; every editor with the knob that writes the same share of the
residuals. Kept: the change of known answers that the planner forecasts, the loss of each of 60 texts of each
kind, and the facts named first.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

from torch import Tensor

from ... import Edit, bundled_facts, bundled_targets, evaluate, key_statistics, load_model
from ...keys import KeyStatistics, take_in, token_rows
from ...models import LanguageModel
from ..kit.elsewhere import KINDS, TOKENS, losses, texts
from ..kit.layer import keys_and_residuals
from ..kit.probes import fewer
from ..kit.results import RESULTS, keep, resume
from .experiments import Planner

PATH = RESULTS / "elsewhere.json"
LAYER, COUNT, SHARE = 7, 200, 0.6


def moments(lm: LanguageModel, known: Tensor, layer: int = LAYER) -> dict[str, Tensor]:
    """By kind of text, the second moment of its keys; for Wikipedia that of the statistics."""
    found = {KINDS[0]: known}
    for kind, some in list(texts(lm.tokenizer).items())[1:]:
        statistics = {layer: KeyStatistics.empty(lm.d_ff)}
        rows = [row[:TOKENS] for text in some for row in token_rows(lm, [text], TOKENS)]
        for _ in take_in(lm, statistics, sorted(rows, key=len)):
            pass
        found[kind] = statistics[layer].second_moment
    return found


def ways(planner: Planner) -> Mapping[str, Callable[[], Tensor]]:
    """Name -> Δ of all facts, each at the same share."""
    mean = float(planner.values.mean())
    thresholds: Final = {"P at 2e-2": 2e-2, "P relative to the mean": mean, "P at 5e-2": 5e-2, "no P": None}
    at = {name: lambda t=t: planner.write(COUNT, t, share=SHARE) for name, t in thresholds.items()}
    return at | {"MEMIT": lambda: planner.write_memit(COUNT, share=SHARE)}


def study(more: Callable[[LanguageModel, Planner], Mapping[str, Callable[[], Tensor]]] | None = None) -> None:
    """Judge what ``ways`` writes, and what ``more`` ways of the model and the planner write."""
    lm = load_model()
    facts = random.Random(14).sample(bundled_facts(), COUNT)
    made_with = {"fingerprint": lm.fingerprint, "layer": LAYER, "facts": COUNT, "share": SHARE}
    found = resume(PATH, made_with, rows={})
    K, R = keys_and_residuals(lm, facts, bundled_targets(lm, facts), LAYER)
    known = key_statistics(lm, (LAYER,))[LAYER].second_moment
    planner = Planner(K, R, moments(lm, known), lm.weight(LAYER))
    kinds = texts(lm.tokenizer)
    others = more(lm, planner) if more else {}
    for name, write in {"unedited": lambda: None, **ways(planner), **others}.items():
        if name in found["rows"]:
            continue
        delta, forecast = write(), {}
        if delta is not None:
            Edit((), lm.fingerprint, {}, dense={LAYER: delta.float()}).apply(lm)
            forecast = {kind: round(value, 4) for kind, value in planner.judge(delta, COUNT).items()}
        try:
            table = evaluate(lm, fewer(facts, 1, 1), progress=False)
            scores = {m: table[m].tolist() for m in ("efficacy_top1", "generalization_top1", "specificity")}
            found["rows"][name] = {"forecast": forecast, "scores": scores, "losses": losses(lm, kinds)}
        finally:
            lm.ledger.clear()
        keep(PATH, found, "rows")


if __name__ == "__main__":
    study()
