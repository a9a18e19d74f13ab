"""Where the streams have arrived, as a sweep over knobs: the trade-off after many edits.

    thousand = ends(1000)                                          # a Fronts, as for results/fronts.json
    thousand.told_at_equal_harm("AlphaEdit", "MEMIT with history")

The editors at their defaults stand in results/stream, other settings of them in results/stream/knobs.
What papers print is shown beside ours, never mixed with it:

    table_beside({"AlphaEdit": (100.0, 80.0, 85.0)})    # the paper's columns, and ours at the right

And the verdict on two models, from streams that end with the losses of ``kit.elsewhere``:

    small, large = (Verdict.read(model) for model in MODELS)
    small.gap("AlphaEdit", "MEMIT with history")              # first choice, fact by fact
    small.harm("AlphaEdit", "MEMIT with history")["chat"]     # perplexity against the other's, by text
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from ..kit.editors import APART, VARIANTS, recipe
from ..kit.elsewhere import KINDS, OUTSIDE, costs, harm
from ..kit.fronts import Fronts
from ..kit.intervals import Change, difference, told
from ..kit.probes import COLUMNS
from ..kit.streams import FOLDER, Stream, all_streams, checkpoint, course, last, read_stream, scores

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


MODELS: Final = {"SmolLM2-135M": FOLDER, "Qwen2.5-Coder-0.5B": FOLDER / "second"}
ROOMY, RIVAL, FORGETS, BARE = "AlphaEdit relative P", "MEMIT with history", "MEMIT", "ridge with history"
FIRM, SLOW = "MEMIT with history c 15000", "AlphaEdit relative P lambda 8"  # on the second model only
JUDGED: Final = ("AlphaEdit", ROOMY, SLOW, RIVAL, FIRM, FORGETS, BARE)
EDITS: Final = 1000
METRICS: Final = {
    "efficacy_top1": "named first", "generalization_top1": "paraphrases", "specificity": "neighbours",
}  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """The streams of one model, all of the same facts in the same order."""

    model: str
    streams: Mapping[str, Stream]

    @classmethod
    def read(cls, model: str, again: int = 0) -> Verdict:
        """Those of a model of ``MODELS`` that have come to the end; ``again``: in that other order."""
        found, home = {}, MODELS[model] / (f"order-{again}" if again else "")
        for name in JUDGED:
            folder = home / ("knobs" if name in VARIANTS else "apart" if name in APART else "")
            if (folder / f"{name.replace(' ', '-')}-counterfact-0.json").exists():
                stream = read_stream(name, folder=folder, until=EDITS)
                if "losses" in stream["checkpoints"][-1] and last(stream) == EDITS:
                    found[name] = stream
        return cls(model, found)

    def end(self, editor: str) -> Mapping[str, Any]:
        return checkpoint(self.streams[editor], EDITS)

    def gap(self, a: str, b: str, metric: str = "efficacy_top1", edits: int = EDITS) -> Change:
        """How far a is ahead of b after so many edits, on the facts judged then."""
        return difference(*(scores(self.streams[name], edits, metric) for name in (a, b)))

    def rise(self, editor: str, edits: int = EDITS) -> float:
        """How far the perplexity of 30 held-out leads has risen, as a share: one number, no interval."""
        before, now = (checkpoint(self.streams[editor], n)["perplexity"] for n in (0, edits))
        return float(now / before - 1)

    def harm(self, a: str, b: str | None = None) -> dict[str, Change]:
        """How much higher perplexity is after a's edits than after b's (or before all), by kind of text."""
        before = self.end(b) if b else checkpoint(self.streams[a], 0)
        return harm(before["losses"], self.end(a)["losses"])

    def table(self) -> pd.DataFrame:
        """One row per editor: shares, how often a free answer names the object, and rises as ``Change``."""
        rows = {}
        for name, stream in self.streams.items():
            found = {label: scores(stream, EDITS, metric).mean() for metric, label in METRICS.items()}
            said = self.end(name)["free"]["mention"]
            rises = self.harm(name)
            rows[name] = found | {"says it": said.count("1") / len(said)}
            rows[name] |= {kind: rises[kind] for kind in (KINDS[0], OUTSIDE)}
            sizes = self.end(name)["update"].values()
            rows[name]["‖ΔW‖/‖W‖"] = sum(sizes) / len(sizes)
        return pd.DataFrame(rows).T


def answer(
    verdict: Verdict, a: str, b: str, metric: str | None = "efficacy_top1", kind: str = OUTSIDE
) -> str:
    """One sentence of the verdict: who is ahead (or, for no metric, whose text of a kind suffers more)."""
    if not {a, b} <= set(verdict.streams):
        return f"{a} or {b} has not come to {EDITS:,} edits yet"
    if metric is None:
        return costs(verdict.harm(a, b)[kind], a, b)
    return told(verdict.gap(a, b, metric), a, b)


def searched_anew(
    edits: int | None = None, again: int = 0, metric: str = "efficacy_top1"
) -> tuple[int, Change, dict[str, Change]]:
    """The first model's two leaders with z searched on the model as it is by then: after how many edits (all
    of them), how far AlphaEdit is ahead on the facts, and how much higher perplexity is than after its
    rival's. ``again``: in that other order."""
    folder = FOLDER / f"order-{again}" if again else FOLDER
    ours, theirs = (
        read_stream(name, facts="counterfact-live", folder=folder) for name in ("AlphaEdit", RIVAL)
    )
    edits = edits or min(last(ours), last(theirs))
    losses = [checkpoint(stream, edits)["losses"] for stream in (theirs, ours)]
    return edits, difference(*(scores(found, edits, metric) for found in (ours, theirs))), harm(*losses)
