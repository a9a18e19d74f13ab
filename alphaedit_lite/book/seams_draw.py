"""The figures of chapter 16: what follows from an edit, and what its weights give away.

Each function returns a figure and its alt text, computed from the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from torch import Tensor

from .plots import COLORS, LINES, drawing

MARKS = {"unedited": ("o", "white"), "edited": ("s", COLORS[1]), "in context": ("D", COLORS[0])}


@dataclass(frozen=True)
class Evidence:
    """What one ΔW gives away: candidates with their shares, tokens with their shifts, both best first."""

    subject: str
    new: str
    subjects: list[tuple[str, float]]
    tokens: list[tuple[str, float]]

    @classmethod
    def of(
        cls, subject: str, new: str, names: Sequence[str], share: Tensor, words: Sequence[str], shift: Tensor
    ) -> Evidence:
        """``share`` for ``names`` and ``shift`` for ``words``; the best eight are kept."""
        best, top = share.topk(8), shift.topk(8)
        return cls(
            subject,
            new,
            [(names[i], float(v)) for v, i in zip(best.values, best.indices.tolist(), strict=True)],
            [(words[i], float(v)) for v, i in zip(top.values, top.indices.tolist(), strict=True)],
        )


def evidence_figure(cases: Sequence[Evidence]) -> tuple[Figure, str]:
    """A row for each edit: candidate subjects on the left, tokens on the right; the truth is hatched."""
    said = []
    size = (6.6, 0.4 + 1.75 * len(cases))
    with drawing(len(cases), 2, size=size, squeeze=False) as (figure, axes):
        for (left, right), case in zip(axes, cases, strict=True):
            bars(left, case.subjects, case.subject)
            tokens = [(word.strip() or "␣", v) for word, v in case.tokens]
            bars(
                right,
                tokens,
                next((t for t, _ in tokens if len(t) > 1 and case.new.strip().startswith(t)), ""),
            )
            left.set_xlim(0, 1)
            left.set_title("whose key does ΔW see?", fontsize=8)
            right.set_title("what does the edited model say more?", fontsize=8)
            names = ", ".join(f"{n} {v:.2f}" for n, v in case.subjects[:3])
            loudest = ", ".join(f"{n} {v:.3f}" for n, v in tokens[:3])
            said.append(f"Edit of {case.subject} to{case.new}: subjects {names}; tokens {loudest}.")
    return figure, " ".join(said)


def bars(axis: Any, pairs: Sequence[tuple[str, float]], truth: str) -> None:
    """Horizontal bars, the true one in orange and hatched."""
    for i, (name, value) in enumerate(pairs):
        look = {"color": COLORS[1], "hatch": "///", "edgecolor": "black", "linewidth": 0.4}
        axis.barh(i, value, 0.7, **(look if name == truth else {"color": COLORS[0]}))
    axis.set_yticks(range(len(pairs)), [name.replace("$", r"\$") for name, _ in pairs], fontsize=7)
    axis.invert_yaxis()


def rates_figure(rates: pd.DataFrame, title: str, kinds: Sequence[str]) -> tuple[Figure, str]:
    """Points with intervals: kinds of questions down, the states of the model side by side."""
    said = []
    with drawing(size=(6.4, 0.7 + 0.42 * len(kinds))) as (figure, axis):
        for j, (state, (mark, color)) in enumerate(MARKS.items()):
            there = [i for i, kind in enumerate(kinds) if (kind, state) in rates.index]
            cells = [rates.loc[(kinds[i], state)] for i in there]
            y = [i + 0.22 * (j - 1) for i in there]
            axis.hlines(y, [c["low"] for c in cells], [c["high"] for c in cells], color="0.35", lw=1.4)
            axis.plot(
                [c["mean"] for c in cells], y, mark, color=color, mec="black", ms=6, ls="none", label=state
            )
            said.append(
                f"{state}: "
                + ", ".join(f"{kinds[i]} {c['mean']:.2f}" for i, c in zip(there, cells, strict=True))
            )
        axis.set_yticks(range(len(kinds)), kinds)
        axis.set(xlim=(-0.03, 1.03), xlabel=title)
        axis.invert_yaxis()
        figure.legend(loc="outside upper right", ncols=3, frameon=False)
    return figure, f"{title}. {'; '.join(said)}."


def spectra_figure(values: Mapping[str, Tensor], shown: int = 14) -> tuple[Figure, str]:
    """The largest singular values of some ΔW, on a logarithmic axis."""
    said = []
    with drawing(size=(5.2, 2.6)) as (figure, axis):
        for (name, S), color, line, mark in zip(values.items(), COLORS, LINES, "os^vD", strict=False):
            axis.semilogy(range(1, shown + 1), S[:shown], color=color, ls=line, marker=mark, ms=4, label=name)
            large = int((S / S[0] > 1e-4).sum())
            said.append(f"{name}: {large} large values")
        axis.set(xlabel="number of the singular value", ylabel="singular value of ΔW")
        axis.legend(frameon=False, fontsize=8)
    return figure, f"Singular values of ΔW fall by about a million after the last fact. {'; '.join(said)}."


def undone_figure(table: pd.DataFrame) -> tuple[Figure, str]:
    """Bars for each way to undo: edit still in, old answer first, neighbours right, with intervals."""
    ways = list(dict.fromkeys(way for way, _ in table.index))
    measures = list(dict.fromkeys(name for _, name in table.index))
    said = []
    with drawing(size=(6.6, 2.6)) as (figure, axis):
        for j, (name, color, hatch) in enumerate(zip(measures, COLORS, ("", "///", "..."), strict=False)):
            cells = [table.loc[(way, name)] for way in ways]
            x = [i + 0.26 * (j - 1) for i in range(len(ways))]
            means = [c["mean"] for c in cells]
            low = [c["mean"] - c["low"] for c in cells]
            high = [c["high"] - c["mean"] for c in cells]
            axis.bar(x, means, 0.24, color=color, hatch=hatch, edgecolor="white", label=name)
            axis.errorbar(x, means, [low, high], fmt="none", color="black", lw=1)
            said.append(f"{name}: " + ", ".join(f"{w} {m:.2f}" for w, m in zip(ways, means, strict=True)))
        axis.set_xticks(range(len(ways)), ways)
        axis.set(ylim=(0, 1.05), ylabel="share")
        figure.legend(loc="outside upper right", ncols=3, frameon=False)
    return figure, f"After each way to undo. {'; '.join(said)}."


def rounding_figure(table: pd.DataFrame) -> tuple[Figure, str]:
    """Edits under coarser and coarser weights: the traces, and the answers."""
    with drawing(1, 2, size=(6.6, 2.5)) as (figure, axes):
        said = []
        panels = (
            {"subject found": "subject found", "gap": "second value / first"},
            {"new": "new answer", "neighbours": "neighbours right"},
        )
        for axis, panel, title in zip(
            axes, panels, ("what ΔW still shows", "what the model still does"), strict=True
        ):
            for (column, label), color, line, mark in zip(panel.items(), COLORS, LINES, "os", strict=False):
                if column in table:
                    axis.plot(
                        range(len(table)), table[column], color=color, ls=line, marker=mark, label=label
                    )
                    said.append(f"{label}: " + ", ".join(f"{n} {v:.2f}" for n, v in table[column].items()))
            axis.set_xticks(range(len(table)), table.index)
            axis.set(ylim=(-0.04, 1.08), title=title)
            axis.legend(frameon=False, fontsize=8)
    return figure, f"Weights rounded more and more coarsely. {'; '.join(said)}."
