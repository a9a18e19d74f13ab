"""The widget of chapter 9: a fact, a strength, and every metric at once, with what the model says.

    StrengthWidget(states).show()          # states: strength -> rows of judging.judge_prompts

The states are judged beforehand, so that moving the slider costs nothing. The chapter's printed figures are
drawn from the same rows.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

import ipywidgets as w
import pandas as pd

from ...generation import fluency
from ...metrics import WHAT
from ..kit.intervals import Change, difference
from ..kit.judging import KINDS, per_fact
from ..kit.widget import FigureWidget, labelled
from .figures import bars_figure

ALL = "all facts"


def readings(rows: pd.DataFrame) -> dict[str, float]:
    """Every metric of some prompts: success and accuracy by kind; match and fluency of what is said."""
    found: dict[str, float] = {}
    for name, kind in zip(WHAT, KINDS, strict=True):
        means = rows[rows.kind == kind].groupby("fact")[["success", "accuracy"]].mean().mean()
        found |= {f"{name}: success": means.success, f"{name}: accuracy": means.accuracy}
    spoken = rows[rows.kind == "prompt"]
    texts = spoken.prompt + spoken.text
    return found | {"match": spoken.match.mean(), "fluency": texts.map(fluency).mean()}


def moved(states: Mapping[float, pd.DataFrame], name: str, start: float, end: float) -> Change:
    """The change of one reading, such as "efficacy: success", between two strengths, fact by fact."""
    what, metric = name.split(": ")
    kind = dict(zip(WHAT, KINDS, strict=True))[what]
    before, after = (per_fact(states[strength], kind, [metric])[metric] for strength in (start, end))
    return difference(after, before)


def moves(states: Mapping[float, pd.DataFrame], start: float, end: float) -> pd.DataFrame:
    """Success and accuracy of each kind at two strengths, and the change in points with its 95% interval."""
    first, last = readings(states[start]), readings(states[end])
    rows = {
        name: {
            f"strength {start:g}": value,
            f"strength {end:g}": last[name],
            "change in points, with its 95% interval": str(moved(states, name, start, end)),
        }
        for name, value in first.items()
        if ": " in name
    }
    return pd.DataFrame.from_dict(rows, orient="index")


class StrengthWidget(FigureWidget):
    """A fact and a strength; bars of every metric for the unedited model and for this one, and the text.

    Args:
        states: strength -> rows of ``judge_prompts``; strength 0 is the unedited model.
    """

    def __init__(self, states: Mapping[float, pd.DataFrame]) -> None:
        self.states = dict(sorted(states.items()))
        self.highest = max(readings(rows)["fluency"] for rows in self.states.values())
        first = self.states[0.0]
        facts = [ALL, *first[first.kind == "prompt"].prompt]
        wide = labelled("6em", "90%")
        self.fact = w.Dropdown(options=facts, value=facts[1], description="Fact", **wide)
        strengths = [(f"{strength:g}", strength) for strength in self.states]
        self.strength = w.SelectionSlider(options=strengths, value=1.0, description="Strength", **wide)
        super().__init__([self.fact, self.strength])

    def rows(self, strength: float) -> pd.DataFrame:
        """The chosen fact's rows, or all, at one strength."""
        rows = self.states[strength]
        if self.fact.value == ALL:
            return rows
        return rows[rows.fact == int(rows[rows.prompt == self.fact.value].fact.iloc[0])]

    def draw(self) -> None:
        now = self.rows(self.strength.value)
        name = f"strength {self.strength.value:g}"
        name += " (unedited)" * (self.strength.value == 0)
        figure, alt = bars_figure({"unedited": readings(self.rows(0.0)), name: readings(now)}, self.highest)
        self._put(figure, alt)
        said = now[now.kind == "prompt"].iloc[0]
        self.message.value = f"<b>{html.escape(said.prompt)}</b>{html.escape(said.text)} […]"
