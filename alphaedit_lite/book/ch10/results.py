"""Where the streams have arrived, as a sweep over knobs: the trade-off after many edits.

    thousand = ends(1000)                                          # a Fronts, as for results/fronts.json
    thousand.told_at_equal_harm("AlphaEdit", "MEMIT with history")

The editors at their defaults stand in results/stream, other settings of them in results/stream/knobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..kit.fronts import Fronts
from ..kit.streams import FOLDER, Stream, all_streams, checkpoint, course, scores
from ..kit.study_fronts import COLUMNS

DEFAULTS = {"AlphaEdit": "λ = 0.8", "AlphaEdit without history": "λ = 0.8", "ridge with history": "λ = 0.8",
            "MEMIT": "c = 1000", "MEMIT with history": "c = 1000", "RECT": "keeps 0.4", "PRUNE": "base 2.7",
            "ENCORE": "c = 1000", "EMMET": "", "ROME": "",
            "FT": "rate 0.0005", "FT-L": "rate 0.0005"}  # fmt: skip


def ends(edits: int, folder: Path = FOLDER, facts: str = "counterfact") -> Fronts:
    """Every stream that was judged after so many edits, as one row each: (editor, knob).

    A stream whose look then had fewer facts than another's is left out: rows are compared fact by fact.

    Raises:
        ValueError: no stream has come so far.
    """
    found = all_streams(facts, folder=folder) | all_streams(facts, folder=folder / "knobs")
    there = {name: s for name, s in found.items() if any(c["edits"] == edits for c in s["checkpoints"])}
    if not there:
        raise ValueError(f"No stream in {folder.name} was judged after {edits} edits.")
    rows = [_row(name, stream, edits) for name, stream in there.items()]
    most = max(len(row["scores"]["efficacy"]) for row in rows)
    rows = [row for row in rows if len(row["scores"]["efficacy"]) == most]
    before = checkpoint(next(iter(there.values())), 0)
    unedited = {"perplexity": before["perplexity"], "scores": before["cohorts"][0]["scores"]}
    return Fronts({"rows": rows, "unedited": unedited})


def _row(name: str, stream: Stream, edits: int) -> dict[str, Any]:
    editor, knob = named(name, stream["settings"])
    found = checkpoint(stream, edits)
    return {
        "editor": editor,
        "knob": knob,
        "projected": "solved inside" if editor.startswith("AlphaEdit") else "without P",
        "settings": stream["settings"],
        "scores": {metric: scores(stream, edits, metric).tolist() for metric in COLUMNS},
        "perplexity": found["perplexity"],
        "update": float(course(stream)["update"][edits]),
        "seconds": found["seconds"],
    }


def named(name: str, settings: Mapping[str, Any]) -> tuple[str, str]:
    """Editor and knob of a stream; a second setting stands behind a comma."""
    if name in DEFAULTS:
        return name, DEFAULTS[name]
    editor = next(known for known in sorted(DEFAULTS, key=len, reverse=True) if name.startswith(known))
    if "lam" in settings:
        return editor, f"λ = {settings['lam']:g}"
    if "weight" in settings:
        return editor, f"c = {settings['weight']:g}"
    return editor, f"{DEFAULTS[editor]}, {name.removeprefix(editor).strip()}"
