"""What chapter 6 runs: edits by the reader's own closed form.

editor = own_editor(lm, gain, 1000, (4, 5, 6, 7), statistics)   # writes by a gain of the reader's
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from ...editor import Editor
from ...keys import KeyStatistics
from ...models import LanguageModel

Gain = Callable[[Tensor, Tensor, float], Tensor]


def own_editor(
    lm: LanguageModel, gain: Gain, c: float, layers: Sequence[int], statistics: Mapping[int, KeyStatistics]
) -> Editor:
    """An editor without history whose gain is ``gain(K1, C0, c)``, with keys as columns.

    Args:
        gain: from K1, [d_ff, n], C0, [d_ff, d_ff], and c to G, [n, d_ff], so that Δ = R G.
    """

    def by_layer(layer: int, keys: Tensor, _: Tensor | None) -> Tensor:
        return gain(keys.cpu().double().T, statistics[layer].second_moment, c)

    return Editor(lm, gain=by_layer, layers=tuple(layers), history=False, progress=False)
