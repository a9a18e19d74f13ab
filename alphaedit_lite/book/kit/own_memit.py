"""What chapter 6 runs: edits by the reader's own closed form, and the committed sweep of c.

K1, R = keys_and_residuals(lm, facts, z, layer=7)   # columns, as in the formulas
editor = own_editor(lm, gain, 1000, (4, 5, 6, 7), statistics)   # writes by a gain of the reader's
table, unedited = sweep(result("memit.json"), n=100, layers=(4, 5, 6, 7))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ...editor import Editor
from ...factkeys import FactPrompts
from ...facts import Fact
from ...keys import KeyStatistics
from ...models import LanguageModel
from ...prompts import PREFIXES

Gain = Callable[[Tensor, Tensor, float], Tensor]


def own_editor(
    lm: LanguageModel, gain: Gain, c: float, layers: Sequence[int], statistics: Mapping[int, KeyStatistics]
) -> Editor:
    """An editor without history whose gain is ``gain(K1, C0, c)``, with keys as columns.

    Args:
        gain: from K1, [d_ff, n], C0, [d_ff, d_ff], and c to G, [n, d_ff], so that Δ = R G.
    """

    def by_layer(layer: int, keys: Tensor, _: Tensor | None) -> Tensor:
        return gain(keys.double().T, statistics[layer].second_moment, c)

    return Editor(lm, gain=by_layer, layers=tuple(layers), history=False, progress=False)


def keys_and_residuals(
    lm: LanguageModel, facts: Sequence[Fact], z: Tensor, layer: int
) -> tuple[Tensor, Tensor]:
    """K1, [d_ff, n], and R = z − h, [d_model, n], of facts at one layer: columns, float64."""
    with lm.frozen(), torch.no_grad():
        keys, output = FactPrompts(lm, facts, PREFIXES, layer).look(layer, layer)
    return keys.double().T, (z.to(output) - output).double().T


def sweep(results: Mapping[str, Any], n: int, layers: Sequence[int]) -> tuple[pd.DataFrame, pd.Series]:
    """The rows of ``study_memit`` for n facts and these layers by rising c, and the unedited model's."""
    rows = pd.DataFrame([row for row in results["rows"] if row["n"] == n])
    unedited = rows[rows.c == 0].iloc[0]
    table = rows[[found == list(layers) for found in rows.layers]].sort_values("c").reset_index(drop=True)
    table["rise"] = (table.perplexity / unedited.perplexity - 1).round(3) + 0.0  # no "-0.0%"
    return table, unedited


def between(table: pd.DataFrame, column: str, c: float) -> float:
    """A column of a sweep at any c: a straight line between the neighbours, on a logarithmic axis of c."""
    return float(np.interp(np.log10(c), np.log10(table.c.astype(float)), table[column].astype(float)))
