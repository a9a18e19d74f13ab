"""The sweep of chapter 10's study, compared fairly: row against row, front against front, with intervals.

    study = Fronts(result("fronts.json"))
    study.contrast(("AlphaEdit", "λ = 0.8"), ("ridge with history", "λ = 0.8"))     # fact by fact
    study.at_rise("AlphaEdit", 0.1)                    # scores of every fact, at a rise of perplexity
    study.on_the_front()                               # how often each row is on the front

A knob turned one way writes more and harms more, so one row proves nothing. Two editors are compared where
they harm alike: between two rows of one editor the score of every *fact* is interpolated, so that the facts
can still be paired.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from ...metrics import bootstrap
from .editors import ALPHA, BARE, EDITORS, FORGETS, RIDGE
from .intervals import RESAMPLES, SEED, Change, difference, told

Name = tuple[str, ...]  # editor, knob, and how P is used if it is not obvious
MEMIT, MEMORY = "MEMIT", "MEMIT with history"
AT = {name: made.row for name, made in EDITORS.items()}
# One thing is changed at a time: the row with it, and the row without.
ABLATION: dict[str, tuple[Name, Name]] = {
    "history, without P": (AT[RIDGE], AT[BARE]),
    "history, with P": (AT[ALPHA], AT[FORGETS]),
    "history, MEMIT": (AT[MEMORY], AT[MEMIT]),
    "P, with history": (AT[ALPHA], AT[RIDGE]),
    "P, without history": (AT[FORGETS], AT[BARE]),
    "P leaking 10%": ((ALPHA, "λ = 0.8, P leaks 10%"), AT[ALPHA]),
    "P leaking 1%": ((ALPHA, "λ = 0.8, P leaks 1%"), AT[ALPHA]),
    "P relative to the mean": ((ALPHA, "λ = 0.8, relative P"), AT[ALPHA]),
}
WITH_P: Final = {"without P": False, "P afterwards": "after", "solved inside": True}
INSIDE = [name for name, made in EDITORS.items() if made.has_P]


def as_table(study: dict[str, Any]) -> pd.DataFrame:
    """One line per row: the means of the scores, and the rise of perplexity (infinite after a collapse)."""
    lines = []
    for row in study["rows"]:
        means = {name: float(np.nanmean(np.array(v, dtype=float))) for name, v in row["scores"].items()}
        rise = (row["perplexity"] or math.inf) / study["unedited"]["perplexity"] - 1
        line = {name: row[name] for name in ("editor", "knob", "projected", "update", "seconds")}
        lines.append({**line, **means, "rise": rise})
    return pd.DataFrame(lines)


def nondominated(points: np.ndarray) -> np.ndarray:
    """Which points no other one beats: at least as good everywhere and better somewhere. More is better.

    Args:
        points: [n, criteria].

    Returns:
        [n], bool.
    """
    better = (points[:, None] >= points[None]).all(-1) & (points[:, None] > points[None]).any(-1)
    return np.asarray(~better.any(0))


class Fronts:
    """The rows of results/fronts.json by name: (editor, knob) or (editor, knob, how P is used).

    Attributes:
        table: one line per row, as ``as_table``, with the row's name as its index.
        n: how many facts each row rests on.
    """

    def __init__(self, study: Mapping[str, Any]) -> None:
        self.rows = {
            (row["editor"], row["knob"], row["projected"]): row
            for row in study["rows"]
            if row["editor"] in INSIDE or row["projected"] == "without P"
        }
        self.unedited: dict[str, Any] = study["unedited"]
        self.n = len(next(iter(self.rows.values()))["scores"]["efficacy"])
        self.table = as_table({"unedited": self.unedited, "rows": list(self.rows.values())})
        self.table.index = pd.MultiIndex.from_tuples([name[:2] for name in self.rows])

    def row(self, name: Name) -> dict[str, Any]:
        """One row. Raises KeyError, naming the knobs that the editor has."""
        for found, row in self.rows.items():
            if found[: len(name)] == tuple(name):
                return dict(row)
        knobs = "; ".join(found[1] for found in self.rows if found[0] == name[0]) or "no row at all"
        raise KeyError(f"results/fronts.json has no row {name} yet; {name[0]} has: {knobs}.")

    def scores(self, name: Name, metric: str = "efficacy_top1") -> np.ndarray:
        """A metric of every fact, [n]."""
        return np.asarray(self.row(name)["scores"][metric], dtype=float)

    def contrast(self, a: Name, b: Name, metric: str = "efficacy_top1") -> Change:
        """Row a minus row b, fact by fact, with its interval."""
        return difference(self.scores(a, metric), self.scores(b, metric))

    def interaction(self, metric: str = "efficacy_top1") -> Change:
        """What the history is worth without P, minus what it is worth with P."""
        pairs = (ABLATION[label] for label in ("history, without P", "history, with P"))
        without, inside = (self.scores(one, metric) - self.scores(other, metric) for one, other in pairs)
        return difference(without, inside)

    def kept(self, d_model: int, d_ff: int, batch: int, layers: int = 5) -> pd.Series:
        """Bytes of a saved edit per fact, by editor: R, G and keys, or Δ where it has no small factors."""
        found = {}
        for (editor, *_), row in self.rows.items():
            trained = row["settings"].get("finetune")
            entries = d_model * d_ff / batch if trained or row["settings"].get("keep") else d_model + 2 * d_ff
            found[editor] = 4.0 * entries * (1 if trained else layers)
        return pd.Series(found)

    def line(self, editor: str) -> pd.DataFrame:
        """One editor's rows whose knob holds no second setting, by rising perplexity."""
        mask = [n == editor and "," not in knob for n, knob in self.table.index]
        return self.table[mask].sort_values("rise")

    def at_rise(self, editor: str, rise: float, metric: str = "efficacy_top1") -> np.ndarray:
        """The scores of every fact where the editor's perplexity has risen by this share, [n].

        Between two neighbouring rows of the editor, a straight line.

        Raises:
            ValueError: the editor has no rows on both sides.
        """
        line = self.line(editor)
        rises = line.rise.to_numpy()
        above = int(np.searchsorted(rises, rise))
        if above == 0 or above == len(rises):
            reach = f"{rises[0]:.1%} to {rises[-1]:.1%}" if len(rises) else "nothing"
            raise ValueError(f"The rows of {editor} span rises of {reach}, which leaves out {rise:.1%}.")
        share = (rise - rises[above - 1]) / (rises[above] - rises[above - 1])
        low, high = (self.scores(line.index[i], metric) for i in (above - 1, above))
        return (1 - share) * low + share * high

    def at_equal_rise(self, a: str, b: str, rise: float, metric: str = "efficacy_top1") -> Change:
        """Editor a minus editor b where both have raised perplexity by this share."""
        return difference(self.at_rise(a, rise, metric), self.at_rise(b, rise, metric))

    def compare(self, a: str, b: str, metric: str = "efficacy_top1") -> tuple[float, Change]:
        """Editor a minus editor b in the middle of the rises that both span, and which rise that is.

        Raises:
            ValueError: they have no rise in common.
        """
        ends = [self.line(editor).rise[lambda x: np.isfinite(x) & (x > 0)] for editor in (a, b)]
        low, high = max(x.min() for x in ends), min(x.max() for x in ends)
        if any(x.empty for x in ends) or not low < high:
            raise ValueError(f"{a} and {b} have no rise of perplexity in common.")
        middle = float(np.sqrt(low * high))
        return middle, self.at_equal_rise(a, b, middle, metric)

    def answer(self, label: str, metric: str = "efficacy_top1") -> str:
        """A question of ``ABLATION`` in words."""
        return self.told(*ABLATION[label], metric)

    def told(self, a: Name, b: Name, metric: str = "efficacy_top1") -> str:
        """Row a against row b in words."""
        return told(self.contrast(a, b, metric), a[0], b[0])

    def told_at_equal_harm(self, a: str, b: str, metric: str = "efficacy_top1") -> str:
        """Editor a against editor b in words, in the middle of the harm that both span."""
        try:
            rise, change = self.compare(a, b, metric)
        except ValueError:  # one of them has a single row, or they harm too differently
            one, other = ([name for name in self.rows if name[0] == editor][:1] for editor in (a, b))
            if not (one and other):
                return f"{a} and {b} cannot be compared yet"
            rises = f"perplexity has risen by {self.rise(one[0])} and {self.rise(other[0])}"
            return f"at their defaults, where {rises}, {self.told(one[0], other[0], metric)}"
        return f"where perplexity has risen by {rise:.1%}, {told(change, a, b)}"

    def mean(self, metric: str) -> float:
        """A metric's mean on the unedited model."""
        return float(np.mean(self.unedited["scores"][metric]))

    def defaults(self, batch: int = 50) -> pd.DataFrame:
        """Each editor at the first of its rows, its default: ``table``, and the accuracy of every batch."""
        table = self.table[~self.table.editor.duplicated()].copy()
        batches = np.stack([self.scores(name).reshape(-1, batch).mean(1) for name in table.index])
        for i, column in enumerate(batches.T, 1):
            table[f"batch {i}"] = column
        return table.set_index("editor")

    def same_as(self, a: Name, b: Name) -> str:
        """Whether two rows are the same model, in words: it happens where PRUNE finds nothing to damp."""
        one, other = self.row(a), self.row(b)
        if one["scores"] == other["scores"] and one["perplexity"] == other["perplexity"]:
            return (
                f"it is {b[0]}, to the last digit: no singular value of the sum of all updates exceeds "
                "the largest one of W, so nothing is damped."
            )
        return f"{self.told(a, b)}."

    def rise(self, name: Name) -> str:
        """The rise of perplexity of one row, in words."""
        return f"{float(self.table.rise[name[:2]]):.1%}"

    def told_batch(self, a: Name, b: Name, number: int, batch: int = 50) -> str:
        """Row a against row b in words, on the facts of one batch (from 0) only."""
        part = slice(number * batch, (number + 1) * batch)
        return told(difference(self.scores(a)[part], self.scores(b)[part]), a[0], b[0])

    def ablation(self, metric: str = "efficacy_top1") -> dict[str, Change]:
        """The questions of ``ABLATION``: what each change is worth."""
        return {label: self.contrast(*pair, metric) for label, pair in ABLATION.items()}

    def on_the_front(self) -> pd.Series:
        """How often each row is on the front of top-1 accuracy and perplexity, if the facts are drawn anew.

        Returns:
            by row, the share of resamples. Perplexity is one number for all of them, and is not resampled.
        """
        values, rises = np.stack([self.scores(name) for name in self.table.index]), self.table.rise.to_numpy()

        def best(rows: np.ndarray) -> list[np.ndarray]:
            return [nondominated(np.column_stack([values[:, some].mean(-1), -rises])) for some in rows]

        often = bootstrap(best, self.n, resamples=RESAMPLES // 4, seed=SEED).mean(0)
        return pd.Series(often, index=self.table.index)
