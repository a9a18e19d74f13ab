"""The widget of chapter 1: how much a few right answers tell.

IntervalWidget(wilson).show()

The printed figure is drawn by the same function of ``figures``. The callback is an ordinary method.
"""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from ..kit.plots import drawing
from ..kit.widget import FigureWidget, labelled
from .figures import Interval, draw_interval

WIDE = labelled("9em")


class IntervalWidget(FigureWidget):
    """Sliders for the number of facts and of right answers; the shares that could stand behind them."""

    def __init__(self, interval: Interval) -> None:
        self.interval = interval
        self.n = w.IntSlider(12, 4, 200, description="Facts", **WIDE)
        self.right = w.IntSlider(9, 0, 12, description="Right answers", **WIDE)
        self.n.observe(self._limit, "value")
        super().__init__([self.n, self.right])

    def _limit(self, _: Any) -> None:
        self.right.max = self.n.value  # a smaller maximum takes the value with it

    def draw(self) -> None:
        with drawing(size=(4.6, 2.6)) as (figure, axis):
            self._put(figure, draw_interval(axis, self.right.value, self.n.value, self.interval))
