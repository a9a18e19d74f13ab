"""The widget of chapter 4: two keys whose overlap one can drag, in a dictionary of two entries.

    OverlapWidget().show()

The chapter's printed figure is drawn by the same function, ``associative.draw_overlap``.
"""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as w
from IPython.display import display

from .associative import draw_overlap
from .plots import bundle, drawing


class OverlapWidget:
    """The angle between two keys, and how far the question stands from the first."""

    def __init__(self) -> None:
        wide: dict[str, Any] = {"layout": w.Layout(width="80%"), "style": {"description_width": "13em"}}
        self.angle = w.IntSlider(60, 0, 180, 5, description="Angle between the keys (°)", **wide)
        self.turn = w.IntSlider(0, -30, 30, 1, description="Question is off by (°)", **wide)
        self.output, self.message = w.Output(), w.HTML()
        for control in (self.angle, self.turn):
            control.observe(lambda _: self.draw(), "value")
        self.draw()

    def show(self) -> None:
        """Display the widget."""
        display(w.VBox([self.angle, self.turn, self.message, self.output]))

    def draw(self) -> None:
        """Draw for the values of the two sliders."""
        with drawing(1, 2, size=(5.6, 2.7), width_ratios=[1.3, 1]) as (figure, axes):
            alt = draw_overlap(axes, self.angle.value, self.turn.value)
            axes[1].legend(frameon=False, fontsize=8)
        self.message.value = html.escape(alt)
        # Set as a whole: the same with and without a front end.
        self.output.outputs = ({"output_type": "display_data", "data": bundle(figure, alt), "metadata": {}},)
