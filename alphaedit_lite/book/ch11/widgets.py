"""The widget of chapter 11: type a good and a bad sentence, and see where the difference comes from.

    PairWidget(lm, {"100 facts": edit}).show()

Both sentences are read by the unedited model and by the edited ones; the model is left as it was.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

import ipywidgets as w
import pandas as pd

from ...edits import Edit
from ...models import LanguageModel
from ..kit.widget import FigureWidget, labelled
from .experiments import token_table
from .figures import tokens_figure

GOOD, BAD = "The lamps near the table are", "The lamps near the table is"
Tables = tuple[pd.DataFrame, pd.DataFrame]


def read_pair(lm: LanguageModel, edits: Mapping[str, Edit], good: str, bad: str) -> dict[str, Tables]:
    """Token tables of both sentences, of the unedited model and with each of the edits in turn."""
    found = {"unedited": (token_table(lm, good), token_table(lm, bad))}
    for name, edit in edits.items():
        edit.apply(lm)
        try:
            found[name] = (token_table(lm, good), token_table(lm, bad))
        finally:
            edit.revert()
    return found


class PairWidget(FigureWidget):
    """Two sentences; the log-probability of each token before and after editing, and the verdicts.

    Args:
        lm: a model that holds none of the edits.
        edits: name -> edit; at most two.
    """

    def __init__(self, lm: LanguageModel, edits: Mapping[str, Edit]) -> None:
        self.lm, self.edits = lm, dict(edits)
        wide = labelled("4em", "90%")
        late = {"continuous_update": False}  # read on Enter, not at every letter
        self.good = w.Text(GOOD, description="good", **late, **wide)
        self.bad = w.Text(BAD, description="bad", **late, **wide)
        super().__init__([self.good, self.bad])
        self.moves = ()  # a text has no places

    def draw(self) -> None:
        good, bad = self.good.value.strip(), self.bad.value.strip()
        if good.split(" ")[0] != bad.split(" ")[0] or min(len(good.split()), len(bad.split())) < 2:
            self.message.value = "Both sentences must have two words or more, and begin with the same one."
            return
        tables = read_pair(self.lm, self.edits, good, bad)
        self._put(*tokens_figure(tables, (good, bad)))
        verdicts = []
        for name, (a, b) in tables.items():
            gap = float(a.log_p.sum() - b.log_p.sum())
            verdicts.append(f"{name}: {'good' if gap > 0 else 'bad'} sentence by {abs(gap):.2f} nats")
        self.message.value = html.escape("; ".join(verdicts)) + "."
