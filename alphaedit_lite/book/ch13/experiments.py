"""What chapter 13 runs and reads: one write again and again with another gain, and the study's rows in pairs.

trial = Trial(lm, facts, z, layers, statistics)
trial.run(lambda layer, K1: solver(K1, C0[layer]))     # write, ask, take it back
pairs = Pairs(result("fronts.json"))
pairs.gain("EMMET", "P afterwards", "specificity")     # what P adds, fact by fact, with its interval
pairs.left_over("EMMET", "P afterwards")               # and beside an editor with its own knob turned
pairs.at_equal("MEMIT", "solved inside", "generalization_top1", "specificity")  # at as many paraphrases
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from torch import Tensor

from ...editor import Editor
from ...edits import Edit
from ...facts import Fact
from ...keys import KeyStatistics
from ...metrics import score
from ...models import LanguageModel
from ..kit.editors import EDITORS
from ..kit.fronts import Fronts, as_table
from ..kit.intervals import Change, difference, signed
from ..kit.layer import known_change

OwnGain = Callable[[int, Tensor], Tensor]
AFTER, INSIDE = "P afterwards", "solved inside"
METRICS: Final = {
    "efficacy_top1": "named first",
    "efficacy": "success",
    "generalization_top1": "paraphrases",
    "specificity": "neighbours kept",
}


def relative(fact: Fact, prompt: str) -> Fact:
    """One of a fact's paraphrases or neighbours as a fact of its own, so that its key can be looked up.

    Raises:
        ValueError: the prompt is made like none of the fact's own.
    """
    for template in (fact.template, *(p.replace(fact.subject, "{}", 1) for p in fact.paraphrases)):
        before, _, after = template.partition("{}")
        subject = prompt.removeprefix(before).removesuffix(after)
        if before + subject + after == prompt and len(subject) < len(prompt):
            return Fact(template, subject, fact.new)
    raise ValueError(f"{prompt!r} is made like no prompt of the fact about {fact.subject!r}.")


class Trial:
    """Writes the same facts by one gain after another, asks, and takes each write back.

    Args:
        z: the facts' targets, [n, d_model].
    """

    def __init__(
        self,
        lm: LanguageModel,
        facts: Sequence[Fact],
        z: Tensor,
        layers: Sequence[int],
        statistics: Mapping[int, KeyStatistics],
    ) -> None:
        self.lm, self.facts, self.z, self.layers = lm, tuple(facts), z, tuple(layers)
        self.statistics = statistics

    def run(self, own: OwnGain) -> dict[str, float]:
        """Write by ``own(layer, K1)``, a gain [n, d_ff] from keys as columns; ``ask``; take it back."""
        editor = Editor(
            self.lm,
            gain=lambda layer, keys, _: own(layer, keys.cpu().double().T),
            layers=self.layers,
            history=False,
            progress=False,
        )
        edit = editor.edit(self.facts, self.z)
        try:
            return self.ask(edit)
        finally:
            edit.revert()

    def ask(self, edit: Edit | None = None) -> dict[str, float]:
        """Shares named first, mean probabilities, and what the edit does in its layers.

        ``written``: the mean share of its own residual that a fact gets in a layer (NaN for an edit that was
        not solved for); ``known``: the change of
        known answers, ‖Δk0‖/‖Wk0‖, root mean square over the text behind C0 and the layers.
        """
        prompts = [(f.prompt, f.new) for f in self.facts] + [(f.paraphrases[0], f.new) for f in self.facts]
        log_p, first = score(self.lm, prompts + [f.neighbours[0] for f in self.facts])
        p, named = log_p.exp().reshape(3, -1).mean(1).tolist(), first.reshape(3, -1).float().mean(1).tolist()
        row = {"named first": named[0], "p(new)": p[0], "paraphrases": p[1], "neighbours": p[2]}
        if edit is None:
            return row | {"written": 0.0, "known": 0.0}
        written, known = [], []
        for layer in edit.layers:
            moment, before = self.statistics[layer].second_moment, self.lm.ledger.original(layer)
            if layer in edit.gain:  # fine-tuning has none
                written.append(float((edit.gain[layer] * edit.keys[layer]).sum(1).mean()))
            known.append(known_change(edit.delta(layer), moment, before) ** 2)
        return row | {
            "written": float(np.mean(written or math.nan)),
            "known": math.sqrt(float(np.mean(known))),
        }


class Pairs:
    """The rows of results/fronts.json with P beside those without, by editor.

    Attributes:
        names: the editors that have a pair of rows, in the order of ``EDITORS``.
        with_P: (editor, way in which P is used) of every row with P.
        table: (editor, way) -> the means of the scores, the rise of perplexity and the size of the update.
        n: how many facts each row rests on.
    """

    def __init__(self, study: Mapping[str, Any]) -> None:
        found = {(row["editor"], row["knob"], row["projected"]): row for row in study["rows"]}
        self.fronts = Fronts(study)
        self._rows: dict[tuple[str, str], Mapping[str, Any]] = {}
        for name, made in EDITORS.items():
            inside = EDITORS[made.inside or name].row
            places = {way: (*made.row, way) for way in ("without P", AFTER)} | {INSIDE: (*inside, INSIDE)}
            there = {way: found[place] for way, place in places.items() if place in found}
            if "without P" in there and len(there) > 1:
                self._rows |= {(name, way): row for way, row in there.items()}
        self.names = list(dict.fromkeys(name for name, _ in self._rows))
        self.with_P = [(name, way) for name, way in self._rows if way != "without P"]
        self.n = self.fronts.n
        self.table = as_table({"unedited": study["unedited"], "rows": list(self._rows.values())})
        self.table.index = pd.MultiIndex.from_tuples(self._rows)

    def scores(self, editor: str, way: str, metric: str) -> np.ndarray:
        """A metric of every fact, [n]."""
        return np.asarray(self._rows[editor, way]["scores"][metric], dtype=float)

    def gain(self, editor: str, way: str, metric: str = "efficacy_top1") -> Change:
        """With P minus without, fact by fact, with its 95% interval."""
        return difference(self.scores(editor, way, metric), self.scores(editor, "without P", metric))

    def gains(self) -> pd.DataFrame:
        """All of them: editor, way, metric, mean, low, high, n, sure."""
        return self._tidy(self.gain)

    def leftovers(self) -> pd.DataFrame:
        """``left_over`` of all of them, in the same columns; what is out of reach is left out."""
        return self._tidy(self.left_over)

    def _tidy(self, found: Callable[[str, str, str], Change | None]) -> pd.DataFrame:
        rows = []
        for editor, way in self.with_P:
            for metric in METRICS:
                if (change := found(editor, way, metric)) is not None:
                    named = {"editor": editor, "way": way, "metric": metric, "sure": change.sure}
                    rows.append(named | change._asdict())
        columns = ["editor", "way", "metric", "sure", *Change._fields]
        return pd.DataFrame(rows, columns=columns)

    def quoted(self, left: bool = False) -> pd.DataFrame:
        """Gains (or what is left of them) for reading: "+3.0 [−1.0, +7.0]" in points, with the rises."""
        rows = {}
        for editor, way in self.with_P:
            found = {
                name: (self.left_over if left else self.gain)(editor, way, metric)
                for metric, name in METRICS.items()
            }
            said = {name: "out of reach" if c is None else str(c) for name, c in found.items()}
            rises = {"rise without": "without P", "rise with": way}
            rows[editor, way] = said | {n: f"{self.table.rise[editor, w]:.1%}" for n, w in rises.items()}
        return pd.DataFrame(rows).T

    def told(self, editor: str, way: str) -> str:
        """A pair in a sentence, in points, and how much perplexity rises."""
        said = [f"{name} {self.gain(editor, way, metric)}" for metric, name in METRICS.items()]
        rises = self.table.rise[editor]
        return f"{'; '.join(said)}; perplexity up by {rises[way]:.1%} instead of {rises['without P']:.1%}"

    def left_over(self, editor: str, way: str, metric: str = "efficacy_top1") -> Change | None:
        """The row with P minus the knob's line without P, where both have raised perplexity alike.

        The line is that of its ``rivals``: the editor with its own knob turned, or MEMIT for what is made of
        MEMIT. None if the line does not reach so far.
        """
        rise = float(self.table.rise[editor, way])
        for knob in EDITORS[editor].rivals:
            try:
                line = self.fronts.at_rise(knob, rise, metric)
            except (KeyError, ValueError):
                continue
            return difference(self.scores(editor, way, metric), line)
        return None

    def at_equal(self, editor: str, way: str, held: str, metric: str) -> Change | None:
        """As ``left_over``, but where the line's mean of the score ``held`` is that of the row with P.

        Where that happens more than once, the place of the least harm.
        """
        wanted = float(self.scores(editor, way, held).mean())
        for knob in EDITORS[editor].rivals:
            for ends in itertools.pairwise(self.fronts.line(knob).index):
                low, high = (float(self.fronts.scores(end, held).mean()) for end in ends)
                if low != high and min(low, high) <= wanted <= max(low, high):
                    share = (wanted - low) / (high - low)
                    one, other = (self.fronts.scores(end, metric) for end in ends)
                    return difference(self.scores(editor, way, metric), (1 - share) * one + share * other)
        return None


def listed(table: pd.DataFrame, metric: str, sign: int) -> str:
    """The rows of ``gains`` or ``leftovers`` whose interval lies beyond zero on this side, in words."""
    rows = table[(table.metric == metric) & table.sure.astype(bool) & (sign * table["mean"] > 0)]
    said = [f"{r.editor} ({r.way}, {signed(r.mean)})" for r in rows.itertuples()]
    return ", ".join(said) or "nobody"
