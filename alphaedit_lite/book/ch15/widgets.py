"""The widget of chapter 15: what fits where.

    PlannerWidget().show()

The chapter's printed figure is drawn by the same ``scaling_draw.memory_figure``.
"""

from __future__ import annotations

import ipywidgets as w
import torch

from ...scale.plan import Plan
from ..kit.widget import FigureWidget, labelled
from .experiments import MACHINES, MODELS, planned, verdict
from .figures import memory_figure

TYPES = {"bfloat16 or float16": torch.bfloat16, "float32": torch.float32}


class PlannerWidget(FigureWidget):
    """A model, a type, layers, facts a batch and facts written before; memory by stage, and where it runs."""

    def __init__(self) -> None:
        wide = labelled("13em")
        self.model = w.Dropdown(options=list(MODELS), value="Llama-3-8B", description="Model", **wide)
        self.dtype = w.Dropdown(options=list(TYPES), description="Weights in", **wide)
        self.layers = w.IntSlider(5, 1, 6, description="Layers, from the last", **wide)
        self.facts = w.IntSlider(100, 10, 1000, 10, description="Facts a batch", **wide)
        self.past = w.IntSlider(0, 0, 5000, 100, description="Facts written before", **wide)
        self.sums = w.Checkbox(False, description="Sum the statistics on the host", **wide)
        self.gpu = w.Checkbox(True, description="The model is on a GPU", **wide)
        super().__init__([self.model, self.dtype, self.layers, self.facts, self.past, self.sums, self.gpu])

    def plan(self, accelerator: bool) -> Plan:
        """The plan for the values of the controls."""
        return planned(
            self.model.value,
            TYPES[self.dtype.value],
            self.layers.value,
            self.facts.value,
            self.past.value,
            self.sums.value,
            accelerator,
        )

    def draw(self) -> None:
        made = self.plan(self.gpu.value)
        title = f"{self.model.value}, {len(made.layers)} layers, {self.dtype.value}"
        figure, alt = memory_figure({title: made})
        runs = {name: verdict(self.plan(device is not None), name) for name, (device, _) in MACHINES.items()}
        where = "; ".join(f"{name}: {said}" for name, said in runs.items())
        self._put(figure, f"{alt} With a fifth to spare: {where}.")
