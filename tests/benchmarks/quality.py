"""Do the default edits take, and what do they cost? `python -m tests.benchmarks.quality FOLDER`, FOLDER of real data.

The package's defaults and the authors' settings write the same facts, none of which any setting was chosen on:
CounterFact (counterfact_500.json from number 260, then counterfact_flat_1500.json), the bundled facts of the test
half, and questions (zsre_500.json from 340); in batches of 20, one kind after the other on the unedited model. z is
searched on the model as it is by then. CounterFact is written by the defaults in one pass, too. Judged after all of
a kind: each fact, and the loss of each of 60 texts of Wikipedia and of program source that nothing was fitted to.
Writes results/quality.json after every row; a run that was stopped goes on. Then prints differences with paired 95%
intervals. With --model FOLDER, or --model second, it judges the defaults on another model, with P at the authors'
threshold and at one relative to the spectrum, and writes results/quality_second.json.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from alphaedit_lite import (
    AlphaEdit,
    EditorConfig,
    Fact,
    LanguageModel,
    bundled_facts,
    evaluate,
    load_model,
    read_counterfact,
)
from alphaedit_lite.book.kit.elsewhere import losses, texts
from alphaedit_lite.book.kit.intervals import Change, estimate
from alphaedit_lite.book.kit.results import RESULTS, keep, resume
from alphaedit_lite.config import default_layers
from alphaedit_lite.facts import read_zsre
from alphaedit_lite.support.loading import load_second_model

SECOND_OUT = RESULTS / "quality_second.json"
OUT, BATCH = RESULTS / "quality.json", 20
WAYS = {
    "defaults": EditorConfig(),
    "authors": EditorConfig.faithful("gpt2-xl"),  # with our prefixes
}
ONCE = {"one pass": EditorConfig(passes=1)}  # what is the second pass's doing? Asked of CounterFact only
SECOND = {"defaults": EditorConfig(), "relative P": EditorConfig(threshold=1.0, threshold_kind="relative")}
KINDS = {  # of facts, and what docs/results.md says of them
    "CounterFact": "CounterFact, the standard benchmark:",
    "bundled": "The bundled facts of the half that nothing was tuned on. They come from few relations,\n"
    "and the model knows their neighbours well, so more can be lost:",
    "zsRE": "zsRE, which holds questions:",
}
SCORES = ("efficacy_top1", "generalization_top1", "efficacy", "specificity", "specificity_top1")


def facts_of(kind: str, folder: Path, count: int) -> list[Fact]:
    """Facts that no setting was chosen on, with every third of their neighbours."""
    if kind == "CounterFact":
        names = ("counterfact_500.json", "counterfact_flat_1500.json")
        known = [fact for name in names for fact in read_counterfact(folder / name)][260:]
    elif kind == "bundled":
        known = bundled_facts("test")
    else:
        known = read_zsre(folder / "zsre_500.json")[340:]
    return [dataclasses.replace(fact, neighbours=fact.neighbours[::3]) for fact in known[:count]]


def judge(lm: LanguageModel, facts: Sequence[Fact]) -> dict[str, Any]:
    """Scores of each fact, and the loss a token of each text."""
    table = evaluate(lm, facts, progress=False)
    scores = {name: [round(float(x), 4) for x in table[name]] for name in SCORES if name in table}
    return {"scores": scores, "losses": losses(lm, dict(list(texts(lm.tokenizer).items())[:2]))}


def difference(a: Sequence[float], b: Sequence[float]) -> Change:
    """The mean of a − b over the same facts or texts, those left out for which it is not defined."""
    apart = np.array(a, float) - np.array(b, float)
    apart = apart[~np.isnan(apart)]
    return estimate(lambda rows: apart[rows].mean(1), len(apart))


def main(folder: Path, count: int, model: str | None, out: Path, kinds: Sequence[str] = tuple(KINDS)) -> None:
    lm = load_second_model() if model == "second" else load_model(model)
    ways = SECOND if model else WAYS
    found = resume(out, {"fingerprint": lm.fingerprint, "facts": count, "batch": BATCH}, rows={})
    for kind in kinds:
        facts = facts_of(kind, folder, count)
        apart = ONCE if kind == "CounterFact" and not model else {}
        for way, config in {"unedited": None, **ways, **apart}.items():
            row = f"{kind}, {way}"
            if row in found["rows"]:
                continue
            if config is not None:
                editor = AlphaEdit(
                    lm, dataclasses.replace(config, layers=default_layers(lm.n_layers)), progress=False
                )
                for _ in editor.edit_stream(facts, BATCH):
                    pass
            found["rows"][row] = judge(lm, facts)
            lm.ledger.clear()
            keep(out, found, "rows")
            means = {n: f"{np.nanmean(s):.3f}" for n, s in found["rows"][row]["scores"].items()}
            print(row, means, flush=True)
    report(found["rows"], list(ways))


def report(rows: dict[str, Any], ways: Sequence[str]) -> None:
    """Print what the first way does against each of the others, for the kinds of facts that are done."""
    for kind in (k for k in KINDS if all(f"{k}, {way}" in rows for way in ("unedited", *ways))):
        ours = rows[f"{kind}, {ways[0]}"]
        for other in (*ways[1:], *ONCE, "unedited"):
            if (theirs := rows.get(f"{kind}, {other}")) is None:
                continue
            for part in ("scores", "losses"):
                for name in ours[part]:
                    print(
                        f"{kind}: defaults − {other}, {name}: {difference(ours[part][name], theirs[part][name])}"
                    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--facts", type=int, default=300, help="of each kind, at most")
    parser.add_argument(
        "--model",
        metavar="FOLDER",
        help="another model than the default one; 'second': Qwen2.5-Coder-0.5B from PyPI",
    )
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="of facts")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    out = options.out or (SECOND_OUT if options.model else OUT)
    main(options.folder, options.facts, options.model, out, options.kinds)
