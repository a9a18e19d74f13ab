"""The widgets of chapter 7: keys that one can move, and a threshold over real spectra.

    KeysWidget().show()
    ThresholdWidget(spectra, write).show()

The chapter's printed figures are drawn by the same functions of ``spectra``.
Callbacks are ordinary methods (``draw``, ``write``), so they are tested without a browser.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w
import torch
from torch import Tensor

from ..kit.plots import drawing
from ..kit.widget import FigureWidget, WritingWidget, labelled
from .figures import draw_keys, draw_spectra


class KeysWidget(FigureWidget):
    """Two keys in 2-D or three in 3-D, an angle, a lift, and what counts as zero."""

    def __init__(self) -> None:
        wide = labelled("11em")
        self.dimension = w.ToggleButtons(options=[2, 3], description="Dimensions", **wide)
        self.angle = w.IntSlider(0, 0, 180, 5, description="Angle of keys 1 and 2", **wide)
        self.lift = w.FloatSlider(0, min=0, max=1, step=0.05, description="Lift of key 3 (3-D)", **wide)
        self.zero = w.FloatSlider(0, min=0, max=0.3, step=0.01, description="Counts as zero below", **wide)
        super().__init__([self.dimension, self.angle, self.lift, self.zero])
        self.moves = [self.angle]

    def keys(self) -> Tensor:
        """The keys as columns, [2, 2] or [3, 3]."""
        first, second = math.radians(25), math.radians(25 + self.angle.value)
        plane = torch.tensor([[math.cos(first), math.cos(second)], [math.sin(first), math.sin(second)]])
        if self.dimension.value == 2:
            return plane
        third = torch.cat([0.5 * plane.sum(1), torch.tensor([self.lift.value])])
        return torch.cat([torch.cat([plane, torch.zeros(1, 2)]), third[:, None]], 1)

    def draw(self) -> None:
        flat = self.dimension.value == 2
        options: dict[str, Any] = {} if flat else {"subplot_kw": {"projection": "3d"}}
        with drawing(size=(3.4, 3.4), **options) as (figure, axis):
            self._put(figure, draw_keys(axis, self.keys(), max(self.zero.value, 1e-9)))


class ThresholdWidget(WritingWidget):
    """A threshold over the spectra of some layers, with rank and leaked energy; and a write through it.

    Args:
        spectra: layer -> eigenvalues of C0, ascending.
        write: writes one fact through the null spaces of a threshold and says in a sentence what happened.
    """

    def __init__(self, spectra: Mapping[int, Tensor], write: Callable[[float], str]) -> None:
        self.spectra = spectra
        low = max(float(values[0]) for values in spectra.values()) * 1.1
        high = min(float(values[-1]) for values in spectra.values()) * 0.95
        span: dict[str, Any] = {"min": math.log10(low), "max": math.log10(high), "step": 0.02}
        self.threshold = w.FloatLogSlider(
            2e-2, description="Threshold", continuous_update=False, **span, **labelled("11em")
        )
        super().__init__([self.threshold], "Write one fact", write)
        self.controls += [self.button, self.result]

    def draw(self) -> None:
        with drawing(size=(5.6, 3)) as (figure, axis):
            alt = draw_spectra(axis, self.spectra, self.threshold.value)
            axis.set_ylabel("eigenvalue of C0")
            self._put(figure, alt)
        self.result.value = "Press the button to write one fact through this threshold."
