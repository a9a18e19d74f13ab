"""Numbers that papers print, to be shown beside ours: never to be mistaken for them.

    table_beside({"AlphaEdit": (100.0, 80.0, 85.0)})      # the paper's columns, and ours at the right

``ALPHAEDIT_TABLE_1`` is from Fang et al. 2025 (arXiv 2410.02355), table 1: CounterFact, 2,000 edits in
batches of 100; efficacy, generalization and specificity by success, in %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

Three = Sequence[float]

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
