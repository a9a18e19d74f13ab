"""The widget of chapter 6: drag c, and watch what is written and what is kept.

    BalanceWidget(s, table, unedited, write).show()

The chapter's printed figure is drawn by the same functions of ``figures``. The callbacks are ordinary
methods (``draw``, ``write``), so they are tested without a browser.
"""

from __future__ import annotations

import html
from collections.abc import Callable

import ipywidgets as w
import pandas as pd
from IPython.display import display
from torch import Tensor

from ..kit.widget import FigureWidget
from .figures import knob_figure

ASK = "Press the button to write some facts with this c."


class BalanceWidget(FigureWidget):
    """The balance knob c, over what was measured before; and a live write at any c.

    Args:
        s: kᵀC0⁻¹k of some facts' keys, [n].
        table, unedited: a sweep of c, as from ``results.sweep``.
        write: writes facts with a c, takes them back, and says in a sentence what happened.
    """

    def __init__(
        self, s: Tensor, table: pd.DataFrame, unedited: pd.Series, write: Callable[[float], str]
    ) -> None:
        self.s, self.table, self.unedited, self._write = s, table, unedited, write
        self.c = w.FloatLogSlider(
            1000, min=0, max=5, step=0.05, description="c", readout_format=",.0f",
            continuous_update=False, layout=w.Layout(width="80%"), style={"description_width": "11em"},
        )  # fmt: skip
        self.button = w.Button(description="Write some facts", button_style="primary", icon="pencil")
        self.button.on_click(lambda _: self.write())
        self.result = w.HTML()
        super().__init__([self.c])

    def show(self) -> None:
        """Display the widget."""
        super().show()
        display(w.VBox([self.button, self.result]))

    def draw(self) -> None:
        self.result.value = ASK
        self._put(*knob_figure(self.s, self.table, self.unedited, [float(self.c.value)]))

    def write(self) -> None:
        """Write with the chosen c; an error becomes a sentence."""
        self.result.value, self.button.disabled = "<i>Writing …</i>", True
        try:
            self.result.value = html.escape(self._write(float(self.c.value)))
        except Exception as error:
            self.result.value = f"<b>That did not work.</b> {html.escape(str(error))}"
        finally:
            self.button.disabled = False
