"""Which layers for *my* model? A measured sweep of single-layer edits.

    layers, table = suggest_layers(lm)       # bars say how long; the model is left as it was
    picture(table, layers).savefig("layers.svg")
    AlphaEdit(lm, layers=layers)

In a terminal: ``python -m alphaedit_lite.scale.suggest --model NAME --out layers.svg``. Causal tracing does
not answer this question (Hase et al. 2023), so we edit at each layer and look.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from tqdm.auto import tqdm

from ..editor import AlphaEdit
from ..facts import Fact, bundled_facts
from ..keys import fit_statistics
from ..metrics import evaluate
from ..models import LanguageModel
from ..support.kinds import at_least
from ..support.lists import fact_list, language_model, layer_list
from ..support.loading import load_model
from ..support.texts import wikipedia_leads


def suggest_layers(
    lm: LanguageModel,
    facts: Sequence[Fact] | None = None,
    candidates: Sequence[int] | None = None,
    tokens: int = 20_000,
    progress: bool = True,
    **settings: Any,
) -> tuple[tuple[int, ...], pd.DataFrame]:
    """Edit the same facts at one layer after the other, and propose five blocks that end at the best.

    Args:
        facts: with paraphrases and neighbours; by default twelve bundled ones that the model knows.
        candidates: the layers tried; by default ten, spread over the first two thirds of the depth.
        tokens: of Wikipedia for the statistics; at least several times d_ff.
        progress: bars, for the facts, the statistics and the layers: each says how long it will take.
        settings: of ``EditorConfig``, such as ``threshold_kind="relative", threshold=1.0``.

    Returns:
        the proposed layers, and one row per candidate: accuracy, generalization and specificity, and
        their harmonic mean ``score``, by which the best is chosen.

    Raises:
        ValueError: the model knows fewer than four of the bundled facts: pass facts that it knows;
            or yours have no paraphrases or no neighbours.
    """
    language_model(lm)
    at_least(1, tokens=tokens)
    facts = known_facts(lm, 12, progress) if facts is None else fact_list(facts)
    if len(facts) < 4:
        raise ValueError(f"Only {len(facts)} facts that this model knows: pass at least four of your own.")
    moved = [f.true and f.paraphrases for f in facts]
    kept = [said != f.after(prompt, f.new) for f in facts for prompt, said in f.neighbours]
    if not any(moved) or not any(kept):
        raise ValueError(
            "Layers are judged by paraphrases and neighbours, and these facts have none: give at least one "
            "of them a true object and paraphrases, and one of them neighbours with answers of their own."
        )
    depth = max(1, 2 * lm.n_layers // 3)
    spread = sorted({round(1 + i * (depth - 1) / 9) for i in range(10)} & set(range(lm.n_layers)))
    candidates = spread if candidates is None else layer_list(candidates)
    statistics = fit_statistics(lm, candidates, wikipedia_leads("fit")[: tokens // 8], tokens, progress)
    rows = []
    for layer in tqdm(candidates, unit="layer", desc="layers", disable=not progress):
        editor = AlphaEdit(lm, layers=(layer,), statistics=statistics, progress=False, **settings)
        edit = editor.edit(facts)
        try:
            means = evaluate(lm, facts, progress=False).mean(numeric_only=True)
        finally:
            edit.revert()
        values = [means["efficacy_top1"], means["generalization"], means["specificity"]]
        score = 3 / sum(1 / max(value, 1e-3) for value in values)
        rows.append((layer, *values, score))
    names = ["layer", "efficacy_top1", "generalization", "specificity", "score"]
    table = pd.DataFrame(rows, columns=names).set_index("layer")
    best = int(table.score.idxmax())
    return tuple(range(max(0, best - 4), best + 1)), table


def known_facts(lm: LanguageModel, count: int, progress: bool = False) -> list[Fact]:
    """Bundled facts whose true object is the model's own first choice, from as many relations as possible."""
    asked: list[Fact] = []
    taken: dict[str, int] = {}
    for fact in bundled_facts("development"):
        taken[fact.template] = taken.get(fact.template, 0) + 1
        if fact.true and taken[fact.template] <= 2:
            asked.append(fact)
    table = evaluate(lm, [_as_true(fact) for fact in asked], progress)
    return [fact for fact, known in zip(asked, table.efficacy_top1, strict=True) if known][:count]


def _as_true(fact: Fact) -> Fact:
    """The fact as it is, so that its accuracy says whether the model knows it."""
    return Fact(fact.template, fact.subject, fact.true or "")


def picture(table: pd.DataFrame, layers: Sequence[int]) -> Figure:
    """The three shares and the score by layer, with the proposed layers shaded.

    Args:
        table, layers: what ``suggest_layers`` returned.
    """
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    lines = {
        "efficacy_top1": ("named first", "o", ":"),
        "generalization": ("paraphrases", "s", "--"),
        "specificity": ("neighbours", "^", "-."),
    }
    for name, (label, marker, line) in lines.items():
        axes.plot(table.index, table[name], marker=marker, ls=line, lw=1, label=label)
    axes.plot(table.index, table.score, color="black", lw=2, label="harmonic mean")
    axes.axvspan(min(layers) - 0.4, max(layers) + 0.4, color="0.9", zorder=0, label="proposed")
    axes.set(xlabel="edited layer", ylabel="share of the facts", ylim=(0, 1.02))
    axes.legend(fontsize="small", frameon=False)
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Which layers to edit: a measured sweep.")
    parser.add_argument("--model", default=None, help="folder or hub name; the default model if left out")
    parser.add_argument("--out", default="layers.svg", help="where the picture goes")
    options = parser.parse_args()
    proposed, sweep = suggest_layers(load_model(options.model))
    picture(sweep, proposed).savefig(options.out)
    sys.stdout.write(f"{sweep.round(2)}\n\nproposed: layers {proposed}; picture: {options.out}\n")
