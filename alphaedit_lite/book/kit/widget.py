"""What the book's widgets share: controls above, one figure below, redrawn whenever a control changes."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from typing import Any

import ipywidgets as w
from IPython.display import display
from matplotlib.figure import Figure

from .plots import bundle


class FigureWidget(ABC):
    """Subclasses write ``draw``, which ends with ``self._put(figure, alt)``."""

    def __init__(self, controls: list[Any]) -> None:
        self.controls, self.output, self.message = controls, w.Output(), w.HTML()
        for control in controls:
            control.observe(lambda _: self.draw(), "value")
        self.draw()

    def show(self) -> None:
        """Display the widget."""
        display(w.VBox([*self.controls, self.message, self.output]))

    @abstractmethod
    def draw(self) -> None:
        """Draw for the values of the controls."""

    def _put(self, figure: Figure, alt: str) -> None:
        self.message.value = html.escape(alt)
        # Set as a whole: the same with and without a front end.
        self.output.outputs = ({"output_type": "display_data", "data": bundle(figure, alt), "metadata": {}},)
