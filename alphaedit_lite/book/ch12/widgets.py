"""The widget of chapter 12: the same clouds, mapped with another seed or perplexity, and turned.

    MapWidget({"AlphaEdit": stored_maps("AlphaEdit")}).show()

The maps are computed beforehand; turning is done here. The chapter's printed figures use the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets as w

from ..kit.plots import drawing
from ..kit.widget import FigureWidget, labelled
from .figures import Map, draw_map, turned


class MapWidget(FigureWidget):
    """Choose the clouds, seed, perplexity and angle of a t-SNE map, and read off what its margins share.

    Args:
        maps: name -> (perplexity, seed) -> a map.
    """

    def __init__(self, maps: Mapping[str, Mapping[tuple[int, int], Map]]) -> None:
        self.maps = maps
        keys = sorted(next(iter(maps.values())))
        wide = labelled("9em")
        self.name = w.ToggleButtons(options=list(maps), description="Clouds", **wide)
        self.seed = w.SelectionSlider(options=sorted({s for _, s in keys}), description="Seed", **wide)
        self.perplexity = w.SelectionSlider(
            options=sorted({p for p, _ in keys}), description="Perplexity", **wide
        )
        self.angle = w.IntSlider(0, 0, 180, 5, description="Turn by (degrees)", **wide)
        super().__init__([self.name, self.seed, self.perplexity, self.angle])

    def draw(self) -> None:
        pair = self.maps[self.name.value][self.perplexity.value, self.seed.value]
        with drawing(size=(3.6, 3.8)) as (figure, axis):
            said = draw_map(axis, turned(pair, self.angle.value))
            axis.set_box_aspect(1)
        place = f"seed {self.seed.value}, perplexity {self.perplexity.value}, turned by {self.angle.value}°"
        self._put(figure, f"{self.name.value}, {place}: {said}.")
