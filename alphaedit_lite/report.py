"""Did an edit take? Every fact before and after, and the likely cause where it did not.

    edit = AlphaEdit(lm).edit(facts)
    print(edit.report())                # in a notebook: edit.report()
    edit.report().table                 # a pandas DataFrame, one row per fact

A fact has taken if its new object is the model's first choice after its prompt. Where it is not, the report
says what stood in the way: z did not name the object, z met its bound, little of it arrived, or another fact
has the same key, or any first word.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd
from torch import Tensor

from .facts import Fact
from .ledger import Written
from .metrics import COLUMNS, evaluate
from .models import LanguageModel
from .support.causes import likely_cause, shares, without
from .support.collisions import collisions

NAMES = {"efficacy": "the fact", "generalization": "paraphrases", "specificity": "neighbours"}


class Edited(Written, Protocol):
    """What a report needs to know of an ``Edit``."""

    facts: tuple[Fact, ...]
    residual: dict[int, Tensor]
    gain: dict[int, Tensor]
    keys: dict[int, Tensor]
    dense: dict[int, Tensor]
    notes: dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What an edit has done.

    Attributes:
        table: one row per fact: ``metrics.evaluate``'s columns "before" and "after", and ``cause`` or "".
    """

    table: pd.DataFrame

    @property
    def summary(self) -> pd.DataFrame:
        """Means over the facts: success and first choice, before and after, by kind of question."""
        rows = {}
        for what, name in NAMES.items():
            for column, asked in ((what, "success"), (f"{what}_top1", "first choice")):
                values = [self.table[when, column].mean() for when in ("before", "after")]
                rows[name, asked] = values
        return pd.DataFrame.from_dict(rows, orient="index", columns=["before", "after"]).dropna()

    @property
    def failed(self) -> pd.DataFrame:
        """The rows of the facts that did not take."""
        return self.table[self.table["after", "efficacy_top1"] < 1]

    def __str__(self) -> str:
        took, all_of_them = len(self.table) - len(self.failed), len(self.table)
        lines = [f"{took} of {all_of_them} facts are the model's first choice now."]
        for (name, asked), row in self.summary.iterrows():
            lines.append(f"  {name}, {asked}: {row.before:.0%} before, {row.after:.0%} after")
        for _, row in self.failed.iterrows():
            lines.append(f"Did not take: {row['fact', 'asked']!r}. {row['fact', 'cause']}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = self.summary.map("{:.0%}".format)
        rows.index = [", ".join(name) for name in rows.index]
        head, *rest = str(self).splitlines()
        said = "".join(f"<p>{html.escape(line)}</p>" for line in rest if not line.startswith("  "))
        return f"<p>{head}</p>{rows.to_html()}{said}"


def report(lm: LanguageModel, edit: Edited) -> Report:
    """Judge the facts of an edit that is in the model, with it and without it.

    Raises:
        ValueError: the edit wrote no facts (an update that was scaled or pruned).
    """
    after = evaluate(lm, edit.facts, progress=False)
    with without(lm, edit):
        before = evaluate(lm, edit.facts, progress=False)
    rivals, arrived = dict(collisions(lm, edit.facts, edit.keys)), shares(edit)
    causes = {i: likely_cause(edit, i, rivals.get(i), arrived) for i in after.index[after.efficacy_top1 < 1]}
    facts = pd.DataFrame(
        {
            "asked": [fact.prompt + fact.new for fact in edit.facts],
            "cause": [causes.get(i, "") for i in after.index],
        },
        index=after.index,
    )
    return Report(pd.concat({"fact": facts, "before": before[COLUMNS], "after": after[COLUMNS]}, axis=1))
