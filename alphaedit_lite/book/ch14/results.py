"""What chapter 14 reads from its studies: tidy tables.

plain_rows(result("fronts.json"))["AlphaEdit"]     # the row at the book's setting
by_age(rows, "efficacy_top1", 50)                  # scores at the end of a stream, oldest facts first
beside(thousand())                                 # editors and what one would try instead, after 1,000 facts
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from ..kit.editors import APART, EDITORS
from ..kit.elsewhere import KINDS, Losses, harm
from ..kit.intervals import Change, difference
from ..kit.results import result
from ..kit.streams import FOLDER, Stream, checkpoint, read_stream, scores

LONG = 1000
SHOWN: Final = {
    "efficacy_top1": "named first",
    "generalization_top1": "paraphrases",
    "specificity": "neighbours",
}


def mean_of(by_layer: Mapping[str, float]) -> float:
    return sum(by_layer.values()) / len(by_layer)


def k0_table(study: Mapping[str, Any]) -> pd.DataFrame:
    """One line per P of ``study_k0``, means over layers; ``leak X``: energy of other text of kind X."""
    lines = []
    for row in study["spaces"]:
        line = {"source": row["source"], "tokens": row["tokens"], "rank": mean_of(row["rank"])}
        line["claimed"] = mean_of(row["claimed"])
        lines.append(line | {f"leak {kind}": mean_of(found) for kind, found in row["leak"].items()})
    return pd.DataFrame(lines)


def plain_rows(study: Mapping[str, Any]) -> dict[str, Any]:
    """Editor -> its first row at the book's knob, in the order of chapter 10's sweep: without another P."""
    knobs = {EDITORS[name].knob for name in ("AlphaEdit", "MEMIT")}
    rows = [row for row in study["rows"] if row["knob"] in knobs]
    return {row["editor"]: row for row in reversed(rows)}


def by_age(rows: Mapping[str, Mapping[str, Any]], metric: str, size: int) -> pd.DataFrame:
    """Mean score at the end of a stream of every ``size`` facts, oldest first: one row per editor."""
    found = {}
    for name, row in rows.items():
        values = row["scores"][metric]
        found[name] = [sum(values[i : i + size]) / size for i in range(0, len(values), size)]
        columns = [f"facts {i + 1} to {i + size}" for i in range(0, len(values), size)]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns)


def thousand() -> dict[str, Stream]:
    """The ends of the streams of 1,000 facts, and of what ``study_instead`` tried on the same facts."""
    names = ("AlphaEdit", "MEMIT with history", "BetaEdit")
    found: dict[str, Stream] = {
        name: read_stream(name, folder=FOLDER / ("apart" if name in APART else ""), until=LONG)
        for name in names
    }
    tried = result("instead.json")["rows"]
    ends = {name: row for name, row in tried.items() if "cohorts" in row}  # not what settings were chosen by
    return found | {name: {"editor": name, "checkpoints": [end]} for name, end in ends.items()}


def beside(streams: Mapping[str, Stream]) -> pd.DataFrame:
    """One row for each: shares, on the facts that were judged of all; and how much perplexity has risen."""
    before: Losses = checkpoint(streams["AlphaEdit"], 0)["losses"]
    rows = {}
    for name, stream in streams.items():
        end = checkpoint(stream, LONG)
        said, rises = end["free"]["mention"], harm(before, end["losses"])
        found = {label: together(streams, name, metric).mean() for metric, label in SHOWN.items()}
        rows[name] = found | {"says it": said.count("1") / len(said)} | {k: rises[k] for k in KINDS}
    return pd.DataFrame(rows).T


def together(streams: Mapping[str, Stream], name: str, metric: str) -> pd.Series:
    """The scores of one of them, on the facts that were judged of all."""
    judged = [scores(stream, LONG, metric).index for stream in streams.values()]
    return scores(streams[name], LONG, metric).loc[sorted(set.intersection(*map(set, judged)))]


def ahead(streams: Mapping[str, Stream], a: str, b: str, metric: str = "efficacy_top1") -> Change:
    """How far a is ahead of b, fact by fact."""
    return difference(together(streams, a, metric), together(streams, b, metric))


def harder(streams: Mapping[str, Stream], a: str, b: str) -> dict[str, Change]:
    """How much higher perplexity is with a than with b, by kind of text."""
    return harm(*(checkpoint(streams[name], LONG)["losses"] for name in (b, a)))
