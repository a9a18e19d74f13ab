"""The same edits under two protocols: 50 records of CounterFact and 50 of zsRE, judged in every way.

    python -m alphaedit_lite.book.ch09.study FOLDER

FOLDER holds counterfact_500.json (the original schema) and zsre_500.json (MEND's). Each set is written as one
batch by the default AlphaEdit into the unedited model, with targets found for it, and taken out again. Writes
results/metrics.json: means with bootstrap intervals and counts, no records. Started again, it goes on where
it stopped.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ...editor import AlphaEdit
from ...facts import Fact, read_counterfact, read_zsre
from ...generation import generate
from ...metrics import summary
from ...models import LanguageModel
from ...support.loading import load_model
from ..kit.judging import KINDS, judge_prompts, per_fact, says
from ..kit.results import RESULTS, keep, resume

OUT = RESULTS / "metrics.json"
RECORDS, NEIGHBOURS, WORDS = 50, 4, 15
READERS = {"CounterFact": ("counterfact_500.json", read_counterfact), "zsRE": ("zsre_500.json", read_zsre)}


def chosen(facts: Sequence[Fact]) -> list[Fact]:
    """The first records that have a true object, with at most four neighbours each."""
    usable = [fact for fact in facts if fact.true is not None][:RECORDS]
    return [dataclasses.replace(fact, neighbours=fact.neighbours[:NEIGHBOURS]) for fact in usable]


def chat(lm: LanguageModel, facts: Sequence[Fact]) -> pd.DataFrame:
    """Ask the prompts as a user of the chat would, and see which object the answer names."""
    asked = [
        lm.tokenizer.apply_chat_template(
            [{"role": "user", "content": fact.prompt}], tokenize=False, add_generation_prompt=True
        )
        for fact in facts
    ]
    texts = generate(lm, asked, 2 * WORDS)
    rows = [
        {"new": float(says(text, fact.new)), "true": float(says(text, fact.true or fact.new))}
        for text, fact in zip(texts, facts, strict=True)
    ]
    return pd.DataFrame(rows)


def plain(table: pd.DataFrame) -> dict[str, Any]:
    """``summary`` as plain values: None where a metric rests on nothing."""
    return {
        str(name): {key: round(float(v), 4) if math.isfinite(v) else None for key, v in row.items()}
        for name, row in summary(table).iterrows()
    }


def judged(lm: LanguageModel, facts: Sequence[Fact]) -> dict[str, Any]:
    """Every metric on every kind of prompt, and how the metrics agree on the edited prompts."""
    rows = judge_prompts(lm, facts, WORDS)
    prompts = rows[rows.kind == "prompt"]
    patterns = prompts.groupby(["success", "accuracy", "match"]).size()
    long = prompts[prompts.tokens > 1]
    return {kind: plain(per_fact(rows, kind)) for kind in KINDS} | {
        "patterns": [
            [*map(int, key), int(n)] for key, n in patterns.items()
        ],  # success, accuracy, match, facts
        "long objects": plain(long[["success", "share", "accuracy", "match", "mention"]]),
        "tokens of the new object": {str(k): int(v) for k, v in prompts.tokens.value_counts().items()},
        "old object named": round(
            float(
                sum(says(r.text, r.other) for r in prompts.itertuples() if isinstance(r.other, str))
                / len(prompts)
            ),
            4,
        ),
        "chat": plain(chat(lm, facts)),
    }


def study(folder: Path) -> None:
    """Run what the results file does not hold yet."""
    lm = load_model()
    editor = AlphaEdit(lm, progress=False)
    made_with = {
        "fingerprint": lm.fingerprint,
        "settings": dataclasses.asdict(editor.config),
        "records": RECORDS,
        "neighbours": NEIGHBOURS,
        "words": WORDS,
    }
    found = resume(OUT, made_with, sets={})
    for name, (file, read) in READERS.items():
        if name in found["sets"]:
            continue
        start = time.perf_counter()
        facts = chosen(read(folder / file))
        states = {"unedited": judged(lm, facts)}
        edit = editor.edit(facts)
        try:
            states["edited"] = judged(lm, facts)
        finally:
            edit.revert()
        found["sets"][name] = states | {"facts": len(facts), "seconds": round(time.perf_counter() - start)}
        keep(OUT, found, "sets")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where counterfact_500.json and zsre_500.json are")
    study(parser.parse_args().folder)
