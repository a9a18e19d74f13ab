"""results/seams.json as tables: shares with intervals, and paired differences between two states.

    rows = rows_of(result("seams.json"))
    rates(rows, "success")                              # kind × state: mean, low, high, facts
    difference(rows, "two hops", "in context", "edited")

The fact is what is drawn again in a bootstrap, not the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import pandas as pd

from ...metrics import summary
from ..ch01.reference import wilson

STATES = ("unedited", "edited", "in context")
KINDS = (
    "prompt", "paraphrase", "after 1 unrelated", "after 8 unrelated", "after 2 rivals", "two hops",
    "way back", "bystander", "neighbour",
)  # fmt: skip


def rows_of(found: dict[str, Any]) -> pd.DataFrame:
    """One row per fair question: ``fact``, ``subject`` and the columns of the study.

    Two-hop questions whose new answer the unedited model liked already are left out as well.
    """
    table = _all_rows(found)
    return table[_fair(table)].reset_index(drop=True)


def crowded(alone: dict[str, Any], many: dict[str, Any]) -> pd.DataFrame:
    """The fair questions in which no other written fact has a part: written alone (columns ``success alone``,
    ``first alone``), and among many by each editor of results/many.json (``success AlphaEdit``, …)."""
    table = _all_rows(alone).assign(clash=list(chain(*many["clashes"])))
    for name, found in many["rows"].items():
        table = table.assign(**{f"{what} {name}": list(chain(*rows)) for what, rows in found.items()})
    table = table[_fair(table) & (table.clash == 0)].reset_index(drop=True)
    return table.rename(columns={f"{what} edited": f"{what} alone" for what in ("success", "first")})


def _all_rows(found: dict[str, Any]) -> pd.DataFrame:
    rows = [[i, f["subject"], *row] for i, f in enumerate(found["facts"]) for row in f["rows"]]
    return pd.DataFrame(rows, columns=["fact", "subject", *found["columns"]])


def _fair(table: pd.DataFrame) -> pd.Series:
    return (table.fair == 1) & ~((table.kind == "two hops") & (table["success unedited"] == 1))


def rates(rows: pd.DataFrame, what: str = "success", states: Sequence[str] = STATES) -> pd.DataFrame:
    """For every kind and state: the mean over facts with its bootstrap interval."""
    columns = [f"{what} {state}" for state in states]
    found = {}
    for kind in KINDS:
        if len(some := rows[rows.kind == kind]):
            table = summary(some.groupby("fact")[columns].mean())
            for state, column in zip(states, columns, strict=True):
                found[kind, state] = table.loc[column]
    return pd.DataFrame(found).T


def difference(rows: pd.DataFrame, kind: str, a: str, b: str, what: str = "success") -> pd.Series:
    """The mean of a − b over facts, paired, with its bootstrap interval: mean, low, high, facts."""
    some = rows[rows.kind == kind].groupby("fact")[[f"{what} {a}", f"{what} {b}"]].mean()
    return summary(pd.DataFrame({"gap": some[f"{what} {a}"] - some[f"{what} {b}"]})).loc["gap"]


def moved(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """By how much the wanted answer's log-probability moved, edited and in context, with intervals."""
    columns = [f"moved {state}" for state in STATES[1:]]
    return summary(rows[rows.kind == kind].groupby("fact")[columns].mean())


def traces_of(found: dict[str, Any]) -> pd.DataFrame:
    """One row per fact: what the weights gave away (lists go over layers)."""
    named = ("subject", "relation", "new")
    return pd.DataFrame([{name: f[name] for name in named} | f["traces"] for f in found["facts"]])


def undone(found: dict[str, Any]) -> pd.DataFrame:
    """For each way to undo: is the edit still in, is the old answer first, are neighbours right."""
    rows = []
    for fact in found["facts"]:
        for name, (edit, old, near) in (fact["traces"].get("undo") or {}).items():
            rows.append({"way": name, "edit still in": edit, "old answer": old, "neighbours": near})
    table = pd.DataFrame(rows)
    order = ["unedited", "edited", *[way for way in table.way.unique() if way not in ("unedited", "edited")]]
    return pd.concat({way: summary(table[table.way == way]) for way in order})


def undone_gap(found: dict[str, Any], way: str, what: str) -> pd.Series:
    """By how much a way to undo changes one of the answers against the edited model, paired by fact."""
    place = ("edit still in", "old answer", "neighbours").index(what)
    tried = [fact["traces"]["undo"] for fact in found["facts"] if fact["traces"].get("undo")]
    gaps = pd.DataFrame({"gap": [undo[way][place] - undo["edited"][place] for undo in tried]})
    return summary(gaps).loc["gap"]


def between(rows: pd.DataFrame, state: str, a: str, b: str, what: str = "success") -> pd.Series:
    """The mean over facts of kind a minus kind b, in one state and paired by fact, with its interval."""
    means = rows.pivot_table(index="fact", columns="kind", values=f"{what} {state}")
    return summary(pd.DataFrame({"gap": means[a] - means[b]})).loc["gap"]


def span(row: pd.Series, spec: str = ".0%") -> str:
    """An interval in prose: "[87% to 98%]"."""
    return f"[{row['low']:{spec}} to {row['high']:{spec}}]"


def points(row: pd.Series) -> str:
    """A change of a share in prose, with its interval: "−33 points [−52 to −15]"."""
    mean, low, high = (
        f"{round(100 * float(row[name])):+d}".replace("-", "−") for name in ("mean", "low", "high")
    )
    return f"{mean} points [{low} to {high}]"


def proportion(flags: Sequence[bool]) -> pd.Series:
    """The share of True with its Wilson interval (chapter 1), which has a width even at 0 and at 1."""
    right, n = sum(map(bool, flags)), len(flags)
    low, high = wilson(right, n)
    return pd.Series({"mean": right / n, "low": low, "high": high, "facts": n})


def batched(found: dict[str, Any]) -> pd.DataFrame:
    """results/seams_batches.json, one row per fact: what its batch gave away, and what took it out again."""
    columns = ("caught", "all in", "out", "others", "old first before", "old first after")
    rows = [
        {"batch": number, "rank right": set(batch["ranks"]) == {len(batch["subjects"])}}
        | {name: batch[name][i] for name in columns}
        for number, batch in enumerate(found["batches"])
        for i in range(len(batch["subjects"]))
    ]
    return pd.DataFrame(rows).rename(columns={"all in": "in"})


def fair_hops(found: dict[str, Any]) -> pd.DataFrame:
    """The two-hop questions of the batches that are fair both as such and in the loose form."""
    rows = [[number, *row] for number, batch in enumerate(found["batches"]) for row in batch["hops"]]
    table = pd.DataFrame(rows, columns=["batch", *found["hops"]])
    kept = (table.known == 1) & (table["two hops unedited"] == 0) & (table["loose unedited"] == 0)
    subjects = [found["batches"][b]["subjects"][i] for b, i in zip(table.batch, table.fact, strict=True)]
    return table.assign(subject=subjects)[kept]


def control(found: dict[str, Any]) -> pd.DataFrame:
    """Per fact: how often the edit turns the two-hop answer, and how often where no relation is asked."""
    means = fair_hops(found).groupby(["batch", "fact"])[["two hops edited", "loose edited"]].mean()
    means.columns = pd.Index(["two hops", "no relation asked"])
    return means.assign(difference=means["two hops"] - means["no relation asked"])
