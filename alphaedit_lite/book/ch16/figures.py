"""The figures of chapter 16: what follows from an edit, and what its weights give away.

Each function returns a figure and its alt text, computed from the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from torch import Tensor

from ..kit.plots import COLORS, drawing, legend, styled

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
    size = (6.6, 0.5 + 1.75 * len(cases))
    widest = 1.05 * max(v for case in cases for _, v in case.tokens)
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
            right.set_xlim(0, widest)
            left.set_title("whose key does ΔW see?", fontsize=8)
            right.set_title("what does the edited model say more?", fontsize=8)
            names = ", ".join(f"{n} {v:.2f}" for n, v in case.subjects[:3])
            loudest = ", ".join(f"{n} {v:.3f}" for n, v in tokens[:3])
            said.append(f"Edit of {case.subject} to{case.new}: subjects {names}; tokens {loudest}.")
        axes[-1][0].set_xlabel("share of the key", fontsize=8)
        axes[-1][1].set_xlabel("probability × gain in log-probability", fontsize=8)
    return figure, " ".join(said)


def bars(axis: Any, pairs: Sequence[tuple[str, float]], truth: str) -> None:
    """Horizontal bars, the true one in orange and hatched."""
    for i, (name, value) in enumerate(pairs):
        look = {"color": COLORS[1], "hatch": "///", "edgecolor": "black", "linewidth": 0.4}
        axis.barh(i, value, 0.7, **(look if name == truth else {"color": COLORS[0]}))
    axis.set_yticks(range(len(pairs)), [name.replace("$", r"\$") for name, _ in pairs], fontsize=7)
    axis.invert_yaxis()


def rates_figure(
    panels: Mapping[str, pd.DataFrame], kinds: Sequence[str], states: Sequence[str] = tuple(MARKS)
) -> tuple[Figure, str]:
    """Points with intervals: kinds of questions down, some states of the model; a panel for each measure."""
    said = []
    size = (6.4, 0.7 + 0.42 * len(kinds))
    with drawing(1, len(panels), size=size, squeeze=False, sharey=True) as (figure, axes):
        for axis, (title, rates) in zip(axes[0], panels.items(), strict=True):
            parts = []
            for j, state in enumerate(states):
                mark, color = MARKS[state]
                there = [i for i, kind in enumerate(kinds) if (kind, state) in rates.index]
                cells = [rates.loc[(kinds[i], state)] for i in there]
                y = [i + 0.22 * (j - (len(states) - 1) / 2) for i in there]
                axis.hlines(y, [c["low"] for c in cells], [c["high"] for c in cells], color="0.35", lw=1.4)
                x = [c["mean"] for c in cells]
                axis.plot(x, y, mark, color=color, mec="black", ms=6, ls="none", label=state)
                found = (f"{kinds[i]} {c['mean']:.2f}" for i, c in zip(there, cells, strict=True))
                parts.append(f"{state}: {', '.join(found)}")
            axis.set(xlim=(-0.03, 1.03), xlabel=title)
            said.append(f"{title}. {'; '.join(parts)}.")
        axes[0][0].set_yticks(range(len(kinds)), kinds)
        axes[0][0].invert_yaxis()
        legend(figure, axes[0][0], "outside upper right", ncols=len(states))
    return figure, " ".join(said)


def push_figure(words: Mapping[str, Sequence[str]], push: Mapping[str, Tensor]) -> tuple[Figure, str]:
    """Prompts token by token, darker where ΔW answers more. words, push: prompt -> one entry per token."""
    said, top = [], max(float(found.max()) for found in push.values())
    with drawing(size=(5.8, 0.3 + 0.33 * len(words))) as (figure, axis):
        for y, (prompt, tokens) in enumerate(words.items()):
            x, most = 0.0, int(push[prompt].argmax())
            for i, (token, value) in enumerate(zip(tokens, push[prompt].tolist(), strict=True)):
                box = {"color": COLORS[1], "alpha": value / top, "lw": 0}
                axis.barh(y, len(token), 0.72, left=x, **box)
                axis.text(x, y, token, family="monospace", fontsize=8, va="center")
                if i == most:
                    axis.text(
                        x + len(token) / 2, y - 0.38, f"{value:.2f}", fontsize=7, ha="center", va="bottom"
                    )
                x += len(token)
            said.append(f"{prompt}: {float(push[prompt].max()):.2f} at {tokens[most].strip()}")
        longest = max(sum(map(len, tokens)) for tokens in words.values())
        axis.set(xlim=(0, longest + 1), ylim=(len(words) - 0.5, -0.8))
        axis.set_axis_off()
    return figure, f"The greatest push of each prompt. {'; '.join(said)}."


def falls(S: Tensor) -> tuple[int, float]:
    """How many singular values are large, and by which factor the next one is smaller than the last."""
    large = int((S / S[0] > 1e-4).sum())
    return large, float(S[large - 1] / S[large].clamp(min=1e-300))


def spectra_figure(values: Mapping[str, Tensor], shown: int = 14) -> tuple[Figure, str]:
    """The largest singular values of some ΔW, on a logarithmic axis."""
    said = []
    with drawing(size=(5.2, 2.6)) as (figure, axis):
        for (name, S), style in styled(values.items()):
            axis.semilogy(range(1, shown + 1), S[:shown].cpu(), label=name, **style)
            large, factor = falls(S)
            rough = float(f"{factor:.1g}")
            said.append(f"{name}: {large} large, and the next is smaller by a factor of {rough:,.0f}")
        axis.set(xlabel="number of the singular value", ylabel="singular value of ΔW")
        axis.legend(frameon=False, fontsize=8)
    return figure, f"Singular values of ΔW fall steeply after the last fact. {'; '.join(said)}."


def undone_figure(table: pd.DataFrame) -> tuple[Figure, str]:
    """Bars for each way to undo: edit still in, old answer first, neighbours right, with intervals."""
    ways = list(dict.fromkeys(way for way, _ in table.index))
    labels = {
        "edit still in": "edit still in (success)",
        "old answer": "old answer (first choice)",
        "neighbours": "neighbours (first choice)",
    }
    said = []
    with drawing(size=(6.6, 2.6)) as (figure, axis):
        for j, (name, label) in enumerate(labels.items()):
            cells = [table.loc[(way, name)] for way in ways]
            means = [c["mean"] for c in cells]
            x = group(axis, j, means, label)
            low = [c["mean"] - c["low"] for c in cells]
            high = [c["high"] - c["mean"] for c in cells]
            axis.errorbar(x, means, [low, high], fmt="none", color="black", lw=1)
            said.append(f"{label}: " + ", ".join(f"{w} {m:.2f}" for w, m in zip(ways, means, strict=True)))
        axis.set_xticks(range(len(ways)), ways)
        axis.set(ylim=(0, 1.05), ylabel="share")
        figure.legend(loc="outside upper right", ncols=3, frameon=False, fontsize=8)
    return figure, f"After each way to undo. {'; '.join(said)}."


def group(axis: Any, number: int, means: Sequence[float], label: str) -> list[float]:
    """The bars of one of three measures, a "0" over each that is empty; returns their places."""
    x = [i + 0.26 * (number - 1) for i in range(len(means))]
    hatch = ("", "///", "...")[number]
    axis.bar(x, means, 0.24, color=COLORS[number], hatch=hatch, edgecolor="white", label=label)
    for place, mean in zip(x, means, strict=True):
        if mean == 0:
            axis.text(place, 0.01, "0", ha="center", va="bottom", fontsize=7)
    return x


def rounding_figure(table: pd.DataFrame) -> tuple[Figure, str]:
    """Edits under coarser and coarser weights: what is found, what works, does one direction stick out."""
    labels = {"subject found": "subject found", "new": "edit works", "neighbours": "neighbours right"}
    with drawing(1, 2, size=(6.6, 2.7), width_ratios=(3, 2)) as (figure, (left, right)):
        said = []
        for j, (column, label) in enumerate(labels.items()):
            group(left, j, table[column].tolist(), label)
            said.append(f"{label}: " + ", ".join(f"{n} {v:.2f}" for n, v in table[column].items()))
        left.set(ylim=(0, 1.05), ylabel="share")
        right.plot(np.arange(len(table)), table["gap"], color=COLORS[4], marker="o")
        right.set(ylim=(0, 1.05), ylabel="second singular value / first")
        said.append("second / first value: " + ", ".join(f"{n} {v:.2f}" for n, v in table["gap"].items()))
        for axis in (left, right):
            axis.set_xticks(range(len(table)), [str(name).replace(" ", "\n") for name in table.index])
        figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8)
    return figure, f"Weights rounded more and more coarsely. {'; '.join(said)}."
