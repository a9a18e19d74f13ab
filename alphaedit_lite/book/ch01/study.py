"""What editing one fact changes near and far: three ways of fine-tuning and AlphaEdit, fact by fact.

    python -m alphaedit_lite.book.ch01.study

Writes results/finetune.json, one fact after another; started again, it goes on where it stopped. Each fact
is written alone into the unedited model, judged by ``knowledge.Probe``, and taken out again. AlphaEdit runs
with its defaults; if these have changed since, its rows are made anew.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

from ...config import EditorConfig
from ...editor import AlphaEdit
from ...finetune import FineTune
from ...support.loading import load_model
from ...support.statistics import key_statistics
from ...support.texts import wikipedia_leads
from ..kit.results import RESULTS, keep, made_by
from .experiments import WAYS, Probe, Writer, subjects_for_edits

FACTS, TEXTS = 10, 6
OUT = RESULTS / "finetune.json"


def opened(model: str) -> dict[str, Any]:
    """The results so far, without those that were made with other settings."""
    settings = json.loads(json.dumps({**WAYS, "AlphaEdit": asdict(EditorConfig())}))
    found: dict[str, Any] = {"made_with": made_by(model), "settings": settings, "seconds": 0.0, "facts": []}
    if OUT.exists():
        old = json.loads(OUT.read_text(encoding="utf-8"))
        if old["made_with"]["model"] != model:
            raise ValueError(f"{OUT.name} was made with the model {old['made_with']['model']}: delete it.")
        found["facts"], found["seconds"] = old["facts"], old["seconds"]
        for fact in found["facts"]:
            fact["ways"] = {
                way: row for way, row in fact["ways"].items() if old["settings"].get(way) == settings[way]
            }
    return found


def study() -> None:
    """Run every fact and way that the file does not hold yet."""
    lm, texts = load_model(), wikipedia_leads("heldout")[:TEXTS]
    found = opened(lm.fingerprint)
    writers: dict[str, Writer] = {way: FineTune(lm, **settings) for way, settings in WAYS.items()}
    statistics = key_statistics(lm, (3, 4, 5, 6, 7), progress=False)
    writers["AlphaEdit"] = AlphaEdit(lm, statistics=statistics, progress=False)
    for number, fact in enumerate(subjects_for_edits(FACTS)):
        if number == len(found["facts"]):
            found["facts"].append({"fact": f"{fact.prompt} -> {fact.new.strip()}", "ways": {}})
        here = found["facts"][number]["ways"]
        if all(way in here for way in writers):
            continue
        start, probe = time.process_time(), Probe(lm, fact, texts)
        for way, writer in writers.items():
            if way not in here:
                here[way] = probe.after(writer)
        found["seconds"] = round(found["seconds"] + time.process_time() - start, 1)
        keep(OUT, found, "facts")


if __name__ == "__main__":
    study()
