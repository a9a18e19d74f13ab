"""What chapter 6 reads: the committed sweep of c.

table, unedited = sweep(result("memit.json"), n=100, layers=(4, 5, 6, 7))
between(table, "perplexity", 700)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd


def sweep(results: Mapping[str, Any], n: int, layers: Sequence[int]) -> tuple[pd.DataFrame, pd.Series]:
    """The rows of the chapter's study for n facts and these layers by rising c, and the unedited model's."""
    rows = pd.DataFrame([row for row in results["rows"] if row["n"] == n])
    unedited = rows[rows.c == 0].iloc[0]
    table = rows[[found == list(layers) for found in rows.layers]].sort_values("c").reset_index(drop=True)
    table["rise"] = (table.perplexity / unedited.perplexity - 1).round(3) + 0.0  # no "-0.0%"
    return table, unedited


def between(table: pd.DataFrame, column: str, c: float) -> float:
    """A column of a sweep at any c: a straight line between the neighbours, on a logarithmic axis of c."""
    return float(np.interp(np.log10(c), np.log10(table.c.astype(float)), table[column].astype(float)))
