"""The figures of chapter 1: intervals, what is known by relation and by wording, and the reach of an edit.

    show(*reach_figure({"one layer": rows}, over_edits), name="01_reach")

Each function returns a figure and its alt text, computed from the data. Intervals are computed by the
function that is handed in: the reader's own.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..kit.plots import COLORS, LINES, drawing, legend
from .experiments import DISTANCES, STATES

Interval = Callable[[int, int], tuple[float, float]]


def binomial(n: int, p: float) -> list[float]:
    """The probability of 0, 1, …, n right answers of n, if each is right with probability p."""
    return [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]


def draw_interval(axis: Any, right: int, n: int, interval: Interval) -> str:
    """Draw what the two ends of an interval would have made us expect; describe it."""
    low, high = interval(right, n)
    for p, color, line, name in (
        (low, COLORS[0], LINES[0], "lowest"),
        (high, COLORS[2], LINES[1], "highest"),
    ):
        axis.stairs(
            binomial(n, p),
            [k - 0.5 for k in range(n + 2)],
            color=color,
            ls=line,
            lw=1.6,
            label=f"{name}: p = {p:.2f}",
        )
    axis.axvline(right, ymax=0.62, color=COLORS[4], lw=2.5, alpha=0.8, label="what we saw")
    axis.set_title(f"{right} of {n}: {low:.2f} to {high:.2f}", fontsize=9)
    tops = [binomial(n, low), binomial(n, high)]
    likely = [k for k in range(n + 1) if max(top[k] for top in tops) > 1e-4]
    highest = max(max(top) for top in tops)
    axis.set(xlabel="right answers", xlim=(likely[0] - 1, likely[-1] + 1), ylim=(0, 1.6 * highest))
    axis.legend(frameon=False, fontsize=7, loc="upper left")
    return f"{right} right of {n}: the share may be anything from {low:.2f} to {high:.2f}."


def intervals_figure(cases: Sequence[tuple[int, int]], interval: Interval) -> tuple[Figure, str]:
    """A panel for each (right, n): the printed form of the slider."""
    with drawing(1, len(cases), size=(6.8, 2.3)) as (figure, axes):
        said = [draw_interval(axis, *case, interval) for axis, case in zip(axes, cases, strict=True)]
        axes[0].set_ylabel("probability")
    return figure, " ".join(said)


def relations_figure(table: pd.DataFrame, interval: Interval) -> tuple[Figure, str]:
    """Success (open) and top-1 with its interval (filled) by relation, a panel for each wording."""
    wordings = list(dict.fromkeys(table["wording"]))
    top1 = table[table["wording"] == "own"].groupby("relation")["top1"].mean()
    order = top1.sort_values(kind="stable").index.tolist()
    said, size = [], (2.2 + 1.8 * len(wordings), 1.3 + 0.2 * len(order))
    with drawing(1, len(wordings), size=size, sharey=True, squeeze=False) as (figure, axes):
        for axis, wording in zip(axes[0], wordings, strict=True):
            groups = table[table["wording"] == wording].groupby("relation")
            right, n, success = groups["top1"].sum(), groups.size(), groups["success"].mean()
            for y, name in enumerate(order):
                low, high = interval(int(right[name]), int(n[name]))
                axis.plot([low, high], [y, y], color=COLORS[0], lw=2)
                axis.plot(right[name] / n[name], y, "o", color=COLORS[0], ms=5)
                axis.plot(success[name], y, "s", mfc="none", color=COLORS[1], ms=7, mew=1.5)
            said.append(
                f"{wording} wording, top-1: " + ", ".join(f"{r} {right[r] / n[r]:.2f}" for r in order)
            )
            axis.set_yticks(range(len(order)), order, fontsize=7.5)
            axis.set(xlim=(-0.03, 1.05), xlabel="share of the facts")
            axis.set_title(f"{wording} wording", fontsize=9)
        axes[0][0].plot([], [], "s", mfc="none", color=COLORS[1], label="beats the alternative")
        axes[0][0].plot([], [], "o-", color=COLORS[0], label="is the first choice, 95% interval")
        legend(figure, axes[0][0], ncols=2, fontsize=8)
    return figure, "; ".join(said) + "."


def wordings_figure(p: Tensor, templates: Sequence[str]) -> tuple[Figure, str]:
    """P(true capital) for each wording (rows) and state (columns, sorted by their best), as a map.

    Args:
        p: [wordings, states].
    """
    order = p.amax(0).argsort(descending=True)
    with drawing(size=(6.4, 2.4)) as (figure, axis):
        image = axis.imshow(p[:, order], cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axis.set_yticks(
            range(len(templates)), [textwrap.fill(t.replace("{}", "…"), 32) for t in templates], fontsize=7
        )
        names = list(STATES)
        axis.set_xticks(range(p.shape[1]), [names[i] for i in order.tolist()], fontsize=5.5, rotation=90)
        figure.colorbar(image, ax=axis, label="probability per token", pad=0.01)
    said = [f"'{t}' {float(row.mean()):.2f}" for t, row in zip(templates, p, strict=True)]
    return (
        figure,
        f"Mean probability of the true capital over {p.shape[1]} states by wording: {', '.join(said)}.",
    )


def reach_figure(
    ways: Mapping[str, Sequence[Mapping[str, float]]], over_edits: Callable[[Tensor], tuple[float, float]]
) -> tuple[Figure, str]:
    """A panel for each way of editing: how much changed at each distance, and what a perfect edit would do.

    Args:
        ways: title -> per edit, distance -> share (``knowledge.reach``), and "text", perplexity's rise.
        over_edits: the interval of a mean, from the shares of the edits, [n].
    """
    said, x = [], range(len(DISTANCES))
    short = ["the\nfact", "para-\nphrases", "same\nrelation", "other\nrelation"]
    with drawing(1, len(ways), size=(1.3 + 1.65 * len(ways), 2.6), sharey=True) as (figure, axes):
        for axis, (title, rows), color in zip(axes, ways.items(), COLORS, strict=False):
            values = torch.tensor([[row[d] for d in DISTANCES] for row in rows], dtype=torch.float64)
            for shares in values:
                axis.plot(x, shares, ".", color="0.6", ms=4, zorder=1)
            axis.plot([-0.3, 1.5, 1.5, 3.3], [1, 1, 0, 0], color="0.35", ls=":", lw=1.2, zorder=0)
            means = values.nanmean(0).tolist()
            ends = [over_edits(column[~column.isnan()]) for column in values.T]
            for i, (low, high) in enumerate(ends):
                axis.plot([i, i], [low, high], color=color, lw=4, alpha=0.55, solid_capstyle="butt")
            axis.plot(x, means, "o-", color=color, lw=1.5, ms=5)
            rise = round(sum(row["text"] for row in rows) / len(rows), 3) + 0.0  # no "-0.0%"
            axis.set_title(f"{title}\ntext: perplexity {rise:+.1%}", fontsize=8)
            axis.set_xticks(x, short, fontsize=7)
            axis.set(xlim=(-0.35, 3.35), ylim=(-0.05, 1.05))
            listed = [
                f"{d} {m:.2f} ({lo:.2f} to {hi:.2f})"
                for d, m, (lo, hi) in zip(DISTANCES, means, ends, strict=True)
            ]
            said.append(f"{title}: {', '.join(listed)}, perplexity {rise:+.1%}.")
        axes[0].set_ylabel("left of the step: new answers\nright of it: answers lost", fontsize=8)
    return figure, f"Mean over {len(rows)} edits (95% interval). {' '.join(said)} A perfect edit: 1, 1, 0, 0."
