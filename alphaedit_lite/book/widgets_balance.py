"""The widget of chapter 6: drag c, and watch what is written and what is kept.

    BalanceWidget(g, table, unedited, write).show()

The chapter's printed figure is drawn by the same functions of ``balance``. The callbacks are ordinary
methods (``draw``, ``write``), so they are tested without a browser.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets as w
import pandas as pd
from IPython.display import display
from torch import Tensor

from .balance import knob_figure
from .plots import bundle

ASK = "Press the button to write some facts with this c."


class BalanceWidget:
    """The balance knob c, over what was measured before; and a live write at any c.

    Args:
        g: kᵀC0⁻¹k of some facts' keys, [n].
        table, unedited: a sweep of c, as from ``own_memit.sweep``.
        write: writes facts with a c, takes them back, and says in a sentence what happened.
    """

    def __init__(
        self, g: Tensor, table: pd.DataFrame, unedited: pd.Series, write: Callable[[float], str]
    ) -> None:
        self.g, self.table, self.unedited, self._write = g, table, unedited, write
        wide: dict[str, Any] = {"layout": w.Layout(width="80%"), "style": {"description_width": "11em"}}
        self.c = w.FloatLogSlider(
            1000, min=0, max=5, step=0.05, description="c", readout_format=",.0f",
            continuous_update=False, **wide,
        )  # fmt: skip
        self.button = w.Button(description="Write some facts", button_style="primary", icon="pencil")
        self.message, self.result, self.output = w.HTML(), w.HTML(ASK), w.Output()
        self.c.observe(lambda _: self.draw(), "value")
        self.button.on_click(lambda _: self.write())
        self.draw()

    def show(self) -> None:
        """Display the widget."""
        display(w.VBox([self.c, self.message, self.output, self.button, self.result]))

    def draw(self) -> None:
        c = float(self.c.value)
        figure, alt = knob_figure(self.g, self.table, self.unedited, [c])
        self.message.value, self.result.value = html.escape(alt), ASK
        # Set as a whole: the same with and without a front end.
        self.output.outputs = ({"output_type": "display_data", "data": bundle(figure, alt), "metadata": {}},)

    def write(self) -> None:
        """Write with the chosen c; an error becomes a sentence."""
        self.result.value, self.button.disabled = "<i>Writing …</i>", True
        try:
            self.result.value = html.escape(self._write(float(self.c.value)))
        except Exception as error:
            self.result.value = f"<b>That did not work.</b> {html.escape(str(error))}"
        finally:
            self.button.disabled = False
