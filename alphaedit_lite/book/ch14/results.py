"""What chapter 14 reads from its studies: tidy tables.

plain_rows(result("fronts.json"))["AlphaEdit"]     # the row at the book's setting
by_age(rows, "efficacy_top1", 50)                  # scores at the end of a stream, oldest facts first
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..kit.editors import EDITORS


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
