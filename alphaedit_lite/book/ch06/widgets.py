"""The widget of chapter 6: drag c, and watch what is written and what is kept.

    BalanceWidget(s, table, unedited, write).show()

The chapter's printed figure is drawn by the same functions of ``figures``. The callbacks are ordinary
methods (``draw``, ``write``), so they are tested without a browser.
"""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as w
import pandas as pd
from IPython.display import display
from torch import Tensor

from ..kit.widget import WritingWidget, labelled
from .figures import knob_figure

ASK = "Press the button to write some facts with this c."


class BalanceWidget(WritingWidget):
    """The balance knob c, over what was measured before; and a live write at any c.

    Args:
        s: kᵀC0⁻¹k of some facts' keys, [n].
        table, unedited: a sweep of c, as from ``results.sweep``.
        write: writes facts with a c, takes them back, and says in a sentence what happened.
    """

    def __init__(
        self, s: Tensor, table: pd.DataFrame, unedited: pd.Series, write: Callable[[float], str]
    ) -> None:
        self.s, self.table, self.unedited = s, table, unedited
        self.c = w.FloatLogSlider(
            1000, min=0, max=5, step=0.05, description="c", readout_format=",.0f",
            continuous_update=False, **labelled("11em"),
        )  # fmt: skip
        super().__init__([self.c], "Write some facts", write)

    def show(self) -> None:
        """Display the widget."""
        super().show()
        display(w.VBox([self.button, self.result]))

    def draw(self) -> None:
        self.result.value = ASK
        self._put(*knob_figure(self.s, self.table, self.unedited, [float(self.c.value)]))
