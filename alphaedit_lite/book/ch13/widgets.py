"""The widget of chapter 13: P turned on slowly, Δ(I − αQQᵀ), for three editors and any leak.

    SlowProjectionWidget(layer, gains).show()

Q holds the directions that P takes away: α = 0 is no P, α = 1 is all of it. It draws with
``projecting_draw.plane_figure``, like the chapter's printed figure.
"""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets as w
from matplotlib.figure import Figure
from torch import Tensor

from ..kit.layer import OneLayer
from ..kit.widget import FigureWidget, labelled
from .experiments import AFTER
from .figures import plane_figure

STEPS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def softened(gain: Tensor, U: Tensor, alpha: float) -> Tensor:
    """G(I − αQQᵀ) for an orthonormal basis U of range(P), [d_ff, m]: QQᵀ = I − UUᵀ."""
    return (1 - alpha) * gain + alpha * (gain @ U) @ U.T


def strength_figure(
    layer: OneLayer, gains: Mapping[str, Tensor], leak: float, alpha: float
) -> tuple[Figure, str]:
    """The path of each editor's write as P with this leak is turned on, and the place of α on it."""
    U = layer.basis(leak)
    panels, paths = {}, {}
    for name, gain in gains.items():
        paths[name] = [layer.judge(softened(gain, U, step)) for step in STEPS]
        panels[name] = {"without P": paths[name][0], AFTER: paths[name][-1]}
        if 0 < alpha < 1:
            panels[name][f"α = {alpha:.2f}"] = layer.judge(softened(gain, U, alpha))
    figure, alt = plane_figure(panels, paths)
    figure.suptitle(f"P leaks {leak:.0%}", fontsize=10)
    return figure, f"P leaks {leak:.0%}, α = {alpha:.2f}. {alt}"


class SlowProjectionWidget(FigureWidget):
    """Sliders for α and for the leaked energy of P.

    Args:
        layer: facts, residuals and known keys of one layer.
        gains: editor -> its gain without P, [n, d_ff].
    """

    def __init__(self, layer: OneLayer, gains: Mapping[str, Tensor], leak: float = 0.28) -> None:
        self.layer, self.gains = layer, gains
        wide = labelled("11em")
        self.alpha = w.FloatSlider(
            0.5, min=0, max=1, step=0.05, description="α, strength of P", continuous_update=False, **wide
        )
        self.leak = w.FloatLogSlider(
            leak, min=-2.3, max=-0.1, step=0.05, description="P leaks", readout_format=".1%",
            continuous_update=False, **wide,
        )  # fmt: skip
        super().__init__([self.alpha, self.leak])

    def draw(self) -> None:
        self._put(*strength_figure(self.layer, self.gains, float(self.leak.value), float(self.alpha.value)))
