"""The widgets of chapter 5: the film of a wish, and the tangent that is ROME's update.

    FilmWidget(film).show()
    TangentWidget().show()

The printed figures are drawn by the same functions of ``figures``. Callbacks are ordinary
methods (``draw``), so they are tested without a browser.
"""

from __future__ import annotations

import math

import ipywidgets as w
import torch
from torch import Tensor

from ..kit.plots import drawing
from ..kit.widget import FigureWidget, labelled
from .figures import Film, draw_tangent, second_moment

WIDE = labelled("13em")


class FilmWidget(FigureWidget):
    """A slider over the steps of the search: what every later block would say."""

    def __init__(self, film: Film) -> None:
        self.film = film
        self.step = w.IntSlider(0, 0, len(film.odds) - 1, description="Step", **WIDE)
        super().__init__([self.step])

    def draw(self) -> None:
        with drawing(size=(4.6, 3.8)) as (figure, axis):
            alt = self.film.draw(axis, self.step.value)
            axis.set_ylabel("block")
            self._put(figure, alt)


class TangentWidget(FigureWidget):
    """A key one can turn and stretch, over known keys that one can stretch and turn."""

    def __init__(self) -> None:
        self.angle = w.IntSlider(35, 0, 180, 5, description="Angle of the key (°)", **WIDE)
        self.length = w.FloatSlider(1, min=0.5, max=1.8, step=0.05, description="Length of the key", **WIDE)
        self.stretch = w.FloatSlider(2.5, min=1, max=5, step=0.1, description="Stretch of C0", **WIDE)
        self.turn = w.IntSlider(0, 0, 180, 5, description="Main direction of C0 (°)", **WIDE)
        super().__init__([self.angle, self.length, self.stretch, self.turn])

    def key(self) -> Tensor:
        """The key of the sliders, [2]."""
        a = math.radians(self.angle.value)
        return self.length.value * torch.tensor([math.cos(a), math.sin(a)], dtype=torch.float64)

    def draw(self) -> None:
        with drawing(size=(3.4, 3.4)) as (figure, axis):
            C0 = second_moment(self.stretch.value, self.turn.value)
            alt = draw_tangent(axis, self.key(), C0)
            axis.set_ylabel("second entry of x")
            self._put(figure, alt)
