"""What chapter 8 reads: the committed sweep of λ, an editor at a time.

front(result("alphaedit.json"), "no P")
hundred_facts(result("alphaedit.json"))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd


def front(results: Mapping[str, Any], editor: str, history: bool = True) -> pd.DataFrame:
    """One editor's rows of the chapter's study by rising λ, with the rise of perplexity; sizes at layer 7."""
    rows = [r for r in results["rows"] if r["editor"] == editor and r["history"] == history]
    table = pd.DataFrame(rows).sort_values("value").reset_index(drop=True)
    table["rise"] = (table.perplexity / results["unedited"]["perplexity"] - 1).round(4) + 0.0
    for name in ("known", "unseen", "update"):
        table[name] = [row["7"] for row in table[name]]
    return table


def hundred_facts(results: Mapping[str, Any]) -> pd.DataFrame:
    """The study at each editor's default: shares of a hundred facts, and the rise of perplexity."""
    defaults = {"no P": 0.8, "P at 2e-2": 0.8, "P leaking 1%": 0.8, "MEMIT": 1000}
    columns = {"efficacy_top1": "named first", "specificity": "neighbours", "rise": "perplexity"}
    rows = {name: front(results, name).set_index("value").loc[knob] for name, knob in defaults.items()}
    table = pd.DataFrame(rows).T[list(columns)].astype(float)
    return table.rename(columns=columns, index={"P at 2e-2": "P at the threshold"})
