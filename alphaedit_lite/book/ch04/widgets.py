"""The widget of chapter 4: two keys whose overlap one can drag, in a dictionary of two entries.

    OverlapWidget().show()

The chapter's printed figure is drawn by the same function, ``associative.draw_overlap``.
"""

from __future__ import annotations

import ipywidgets as w

from ..kit.plots import drawing
from ..kit.widget import FigureWidget, labelled
from .figures import draw_overlap


class OverlapWidget(FigureWidget):
    """The angle between two keys, and how far the question stands from the first."""

    def __init__(self) -> None:
        wide = labelled("13em")
        self.angle = w.IntSlider(60, 0, 180, 5, description="Angle between the keys (°)", **wide)
        self.turn = w.IntSlider(0, -30, 30, 1, description="Question is off by (°)", **wide)
        super().__init__([self.angle, self.turn])

    def draw(self) -> None:
        """Draw for the values of the two sliders."""
        with drawing(1, 2, size=(5.6, 2.7), width_ratios=[1.3, 1]) as (figure, axes):
            alt = draw_overlap(axes, self.angle.value, self.turn.value)
            axes[1].legend(frameon=False, fontsize=8)
        self._put(figure, alt)
