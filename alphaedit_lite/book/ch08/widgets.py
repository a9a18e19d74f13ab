"""The widget of chapter 8: P on or off, what it leaks, how much is written, and what that costs.

    ProjectionWidget(layer, thin).show()

It draws with ``protect.projection_figure``, like the chapter's printed figure; the gain is the reader's.
"""

from __future__ import annotations

import ipywidgets as w

from ..kit.layer import OneLayer, Thin
from ..kit.widget import FigureWidget, labelled
from .figures import projection_figure


class ProjectionWidget(FigureWidget):
    """A switch for P, a slider for its leaked energy, and one for the share of the residuals to write.

    Args:
        layer: the facts and the keys of one layer.
        thin: thin(K1, U, λ) gives the gain, [n, d_ff].
    """

    def __init__(self, layer: OneLayer, thin: Thin, leak: float = 0.28) -> None:
        self.layer, self.thin = layer, thin
        wide = labelled("11em")
        self.on = w.ToggleButton(True, description="P is on", icon="filter")
        self.leak = w.FloatLogSlider(
            leak, min=-2.3, max=-0.1, step=0.05, description="P leaks", readout_format=".1%",
            continuous_update=False, **wide,
        )  # fmt: skip
        self.share = w.FloatSlider(
            0.8, min=0.2, max=0.97, step=0.01, description="residuals written", readout_format=".0%",
            continuous_update=False, **wide,
        )  # fmt: skip
        super().__init__([self.on, self.leak, self.share])

    def draw(self) -> None:
        self.on.description = "P is on" if self.on.value else "P is off"
        self.leak.disabled = not self.on.value
        leaks = [float(self.leak.value)] if self.on.value else []
        self._put(*projection_figure(self.layer, self.thin, leaks, float(self.share.value)))
