"""GLUE-style tasks before and after a hundred edits: results/glue.json.

    python -m alphaedit_lite.book.ch11.study_glue FOLDER

FOLDER holds glue_sst2.json and its fellows: JSON lists of labelled examples (the AlphaEdit authors' selection
has up to 300 of each task, half of them of each class). Three states: the unedited model; the model after one
write of a hundred bundled facts; the unedited model with two solved examples in front of each question.
Counts are stored, no texts. Started again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...editor import AlphaEdit
from ...facts import bundled_facts
from ...metrics import bootstrap, percentiles
from ...models import LanguageModel
from ...support.bundled import bundled_targets
from ...support.loading import load_model
from ..kit.results import RESULTS, keep, resume
from .glue import NONE, TASKS, ask, read_task, separation, weighted_f1

OUT = RESULTS / "glue.json"
SHOTS, EDITS = 2, 100
EXAMPLES = {"unedited": 60, "edited": 60, "two examples": 30}  # of each task, in each state
RESAMPLES = 2000


def counts(table: pd.DataFrame, column: str, classes: int) -> list[list[int]]:
    """How often each answer was given to each class: rows by right class, the last column for no answer."""
    answers = [*range(classes), NONE]
    return [[int(((table.gold == g) & (table[column] == a)).sum()) for a in answers] for g in range(classes)]


def drawn_again(table: pd.DataFrame, seed: int = 11) -> list[float]:
    """The 95% bootstrap interval of ``separation``, within the classes."""
    low, high = (table[table.gold == g] for g in (table.gold.min(), table.gold.max()))

    def of(a: np.ndarray, b: np.ndarray) -> list[float]:
        again = (pd.concat([low.iloc[i], high.iloc[j]]) for i, j in zip(a, b, strict=True))
        return [separation(both.gold, both.margin) for both in again]

    found = bootstrap(of, len(low), len(high), resamples=RESAMPLES, seed=seed)
    return [round(float(end), 4) for end in percentiles(found)]


def judged(lm: LanguageModel, name: str, folder: Path, state: str) -> dict[str, Any]:
    """One task in one state, as plain values."""
    start, everything = time.perf_counter(), read_task(name, folder)
    few = everything[:SHOTS] if state == "two examples" else ()
    table = ask(lm, name, everything[SHOTS : SHOTS + EXAMPLES[state]], few, progress=True)
    found: dict[str, Any] = {"examples": len(table)}
    for column in ("compared", "said"):
        found[column] = counts(table, column, len(TASKS[name].words))
        found[f"{column} F1"] = round(weighted_f1(table.gold, table[column]), 4)
    found["right"] = "".join("01"[right] for right in (table.gold == table.compared))
    if len(TASKS[name].words) == 2:
        found |= {"AUC": round(separation(table.gold, table.margin), 4), "AUC interval": drawn_again(table)}
    return found | {"seconds": round(time.perf_counter() - start)}


def study(folder: Path, tasks: Sequence[str]) -> None:
    """Run what the results file does not hold yet."""
    lm = load_model()
    made_with = {"fingerprint": lm.fingerprint, "shots": SHOTS, "edits": EDITS, "examples": EXAMPLES}
    found = resume(OUT, made_with, states={})
    for state in EXAMPLES:
        kept = found["states"].setdefault(state, {})
        missing = [name for name in tasks if name not in kept]
        if state == "edited" and missing:
            facts = bundled_facts("test")[:EDITS]
            AlphaEdit(lm, progress=False).edit(facts, bundled_targets(lm, facts))
        for name in missing:
            kept[name] = judged(lm, name, folder, state)
            keep(OUT, found, "states")
        lm.ledger.clear()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where glue_sst2.json and the others are")
    parser.add_argument("--tasks", nargs="+", default=["sst2", "cola", "mrpc", "rte", "nli"], choices=TASKS)
    options = parser.parse_args()
    study(options.folder, options.tasks)
