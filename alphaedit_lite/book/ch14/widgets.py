"""Chapter 14's widget: what each direction of the keys costs, by editor.

FilterWidget(layer).show()                  # layer: a ``OneLayer``
"""

from __future__ import annotations

import math

import ipywidgets as w

from ..kit.layer import OneLayer
from ..kit.plots import drawing
from ..kit.widget import FigureWidget, labelled
from .figures import draw_filters


class FilterWidget(FigureWidget):
    """Sliders for c, λ and the threshold over the penalties of four editors."""

    def __init__(self, layer: OneLayer, c: float = 1000, lam: float = 10, tau: float = 2e-2) -> None:
        self.layer = layer
        wide = labelled("11em")
        low, high = (math.log10(float(layer.values[i].clamp_min(1e-9))) for i in (0, -1))
        self.c = w.FloatLogSlider(c, min=1, max=5, step=0.05, description="c (MEMIT, ENCORE)", **wide)
        self.lam = w.FloatLogSlider(lam, min=-1, max=3, step=0.05, description="λ (others)", **wide)
        self.tau = w.FloatLogSlider(tau, min=low, max=high, step=0.05, description="threshold", **wide)
        for slider in (self.c, self.lam, self.tau):
            slider.continuous_update = False
        super().__init__([self.c, self.lam, self.tau])

    def draw(self) -> None:
        with drawing(size=(5.4, 3.2)) as (figure, axis):
            alt = draw_filters(axis, self.layer, self.c.value, self.lam.value, self.tau.value)
            axis.set_ylabel("penalty of a direction")
            axis.legend(frameon=False, fontsize=8)
            self._put(figure, alt)
