"""Where the streams have arrived, as a sweep over knobs: the trade-off after many edits.

    thousand = ends(1000)                                          # a Fronts, as for results/fronts.json
    thousand.told_at_equal_harm("AlphaEdit", "MEMIT with history")

The editors at their defaults stand in results/stream, other settings of them in results/stream/knobs.
What papers print is shown beside ours, never mixed with it:

    table_beside({"AlphaEdit": (100.0, 80.0, 85.0)})    # the paper's columns, and ours at the right
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from ..kit.editors import recipe
from ..kit.fronts import Fronts
from ..kit.probes import COLUMNS
from ..kit.streams import FOLDER, Stream, all_streams, checkpoint, course, scores

Three = Sequence[float]
# Fang et al. 2025 (arXiv 2410.02355), table 1: CounterFact, 2,000 edits in batches of 100; efficacy,
# generalization and specificity by success, in %.
ALPHAEDIT_TABLE_1: Final[dict[str, dict[str, Three]]] = {
    "Llama3-8B": {
        "unedited": (7.85, 10.58, 89.48),
        "FT": (83.33, 67.79, 46.63),
        "ROME": (64.40, 61.42, 49.44),
        "MEMIT": (65.65, 64.65, 51.56),
        "PRUNE": (68.25, 64.75, 49.82),
        "RECT": (66.05, 63.62, 61.41),
        "AlphaEdit": (98.90, 94.22, 67.88),
    },
    "GPT2-XL": {
        "unedited": (22.23, 24.34, 78.53),
        "FT": (63.55, 42.20, 57.06),
        "ROME": (54.60, 51.18, 52.68),
        "MEMIT": (94.70, 85.82, 60.50),
        "PRUNE": (82.05, 78.55, 53.02),
        "RECT": (92.15, 81.15, 65.13),
        "AlphaEdit": (99.50, 93.95, 66.39),
    },
}


def ends(edits: int, folder: Path = FOLDER) -> Fronts:
    """Every stream that was judged after so many edits, as one row each: (editor, knob).

    A stream whose look then had fewer facts than another's is left out: rows are compared fact by fact.

    Raises:
        ValueError: no stream has come so far.
    """
    found = all_streams(folder) | all_streams(folder / "knobs")
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
    made, found = recipe(name), checkpoint(stream, edits)
    return {
        "editor": made.name,
        "knob": made.knob,
        "projected": "solved inside" if made.has_P else "without P",
        "settings": stream["settings"],
        "scores": {metric: scores(stream, edits, metric).tolist() for metric in COLUMNS},
        "perplexity": found["perplexity"],
        "update": float(course(stream)["update"][edits]),
        "seconds": found["seconds"],
    }


def table_beside(ours: Mapping[str, Three], heading: str = "ours") -> pd.DataFrame:
    """The paper's table with ours at its right, one row per editor; NaN where one of the two has nothing.

    Args:
        ours: editor -> efficacy, generalization, specificity, in %.
    """
    missing = (math.nan,) * 3
    names = list(dict.fromkeys([*ALPHAEDIT_TABLE_1["Llama3-8B"], *ours]))
    columns = {**ALPHAEDIT_TABLE_1, heading: ours}
    rows = {name: [x for found in columns.values() for x in found.get(name, missing)] for name in names}
    heads = pd.MultiIndex.from_product([list(columns), ["Eff", "Gen", "Spe"]])
    return pd.DataFrame(rows, index=heads).T
