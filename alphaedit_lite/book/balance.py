"""The figures of chapter 6: the balance between new facts and known answers.

    show(*descent_figure(steps, apart, excess), name="06_descent")

The ``…_figure`` functions return a figure and its alt text, computed from the data; the widget draws
with the ``draw_…`` functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from .own_memit import between
from .plots import COLORS, LINES, drawing

SCORES = ("efficacy_top1", "generalization_top1", "specificity")
MARKS = "oDs"


def contours_figure(
    k: Tensor, C0: Tensor, r: float, minimum: Callable[[float], Tensor], paths: Mapping[float, Tensor]
) -> tuple[Figure, str]:
    """One row x of Δ in two dimensions: the objective's contours for some c, and a descent in each.

    Args:
        k, C0: the new key, [2], and the second moment of the known ones, [2, 2].  r: the wanted xᵀk.
        minimum: from c to the best row, [2].  paths: c -> the rows that a descent visits, [steps, 2].
    """
    grid = torch.linspace(-0.6, 1.5, 80, dtype=torch.float64)
    x, y = torch.meshgrid(grid, grid, indexing="xy")
    rows = torch.stack([x, y], -1)
    line = torch.stack([minimum(c) for c in np.logspace(-4, 4, 60)])
    said = []
    with drawing(1, len(paths), size=(6.2, 2.6), sharey=True) as (figure, axes):
        for axis, (c, path) in zip(axes, paths.items(), strict=True):
            loss = (rows @ k - r).square() + c * ((rows @ C0) * rows).sum(-1)
            low = float(loss.min())
            axis.contour(
                x, y, loss, levels=low + np.geomspace(0.03, 4, 4) * (1 + c), colors="0.7", linewidths=0.7
            )
            axis.axline((0, r / float(k[1])), slope=-float(k[0] / k[1]), color="0.3", lw=0.8, ls=":")
            axis.plot(*line.T, color=COLORS[1], ls="--", lw=1.8, label="minimum for every c")
            axis.plot(*path.T, color=COLORS[0], marker=".", ms=3, lw=0.8, label="gradient descent")
            axis.plot(*minimum(c), marker="*", ms=11, color="black", ls="", label="closed form")
            axis.set(aspect="equal", xlim=(-0.6, 1.5), ylim=(-0.6, 1.5), xlabel="x₁")
            axis.set_title(f"c = {c:g}: answers {float(minimum(c) @ k):.2f} of {r:g}", fontsize=8)
            end = ", ".join(f"{v:.2f}" for v in minimum(c).tolist())
            said.append(f"c = {c:g}: minimum at ({end}), which answers {float(minimum(c) @ k):.2f} of {r:g}")
        axes[0].set_ylabel("x₂")
        handles = axes[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure, f"A row of Δ in the plane, contours of the objective. {'; '.join(said)}."


def descent_figure(
    steps: Sequence[int], apart: Sequence[float], excess: Sequence[float]
) -> tuple[Figure, str]:
    """Distance of a descent from the closed form, and of its objective from the least one, by step."""
    with drawing(size=(5.6, 2.8)) as (figure, axis):
        axis.loglog(steps, apart, color=COLORS[0], label="distance to the closed form, ‖Δ − Δ*‖ / ‖Δ*‖")
        axis.loglog(steps, excess, color=COLORS[1], ls="--", label="objective above its minimum, relative")
        axis.axhline(0.01, color="0.6", lw=0.8, ls=":")
        axis.set(xlabel="steps of gradient descent")
        axis.legend(frameon=False, fontsize=8, loc="lower left")
    picked = [i for i, step in enumerate(steps) if step in (1, 10, 100, 1000, 10_000) or step == steps[-1]]
    said = [f"{steps[i]} steps: distance {apart[i]:.1e}, objective {excess[i]:.1e}" for i in picked]
    return figure, f"Gradient descent against the closed form. {'; '.join(said)}."


def draw_shares(axis: Any, g: Tensor, cs: Sequence[float], papers: float = 15_000) -> str:
    """The share of a residual that one layer writes, for facts of strangeness g, [n]; marks at ``cs``."""
    grid = torch.logspace(0, 5, 100)
    low, middle, high = (float(g.quantile(q)) for q in (0.0, 0.5, 1.0))
    axis.fill_between(grid, low / (grid + low), high / (grid + high), color="0.88", label="all facts")
    axis.semilogx(grid, middle / (grid + middle), color=COLORS[0], label="median fact")
    axis.axvline(papers, color="0.4", lw=0.8, ls=":")
    axis.text(papers * 1.15, 0.93, "papers' c", fontsize=7)
    said = []
    for c, mark in zip(cs, MARKS, strict=False):
        share = middle / (c + middle)
        axis.plot(c, share, mark, color=COLORS[1], ms=7, mec="black", label=f"c = {c:,.0f}")
        said.append(f"At c = {c:,.0f} one layer writes {share:.0%} of the median fact's residual.")
    axis.set(xlabel="c", ylabel="share written by one layer", ylim=(0, 1.02), xlim=(1, 2e5))
    axis.legend(frameon=False, fontsize=7, loc="lower left")
    return " ".join(said)


def draw_plane(axis: Any, table: pd.DataFrame, cs: Sequence[float]) -> str:
    """The trade-off: accuracy on the new facts against the rise of perplexity, with marks at ``cs``."""
    axis.plot(100 * table.rise, 100 * table.efficacy_top1, color=COLORS[0], marker="o", ms=3)
    said = []
    for c, mark in zip(cs, MARKS, strict=False):
        x, y = between(table, "rise", c), between(table, "efficacy_top1", c)
        axis.plot(100 * x, 100 * y, mark, color=COLORS[1], ms=8, mec="black")
        axis.annotate(f"{c:,.0f}", (100 * x, 100 * y), (7, -10), fontsize=7, textcoords="offset points")
        said.append(
            f"At c = {c:,.0f}, {y:.0%} of the new facts are named first, perplexity rises by {x:.1%}."
        )
    axis.set(xlabel="rise of perplexity, %", ylabel="new facts named first, %", ylim=(-4, 108))
    return " ".join(said)


def draw_scores(axis: Any, table: pd.DataFrame, unedited: pd.Series, cs: Sequence[float]) -> str:
    """What a sweep of c does to new facts, paraphrases and neighbours, with lines at ``cs``."""
    names = ("new facts", "paraphrases", "neighbours")
    for column, name, color, line, mark in zip(SCORES, names, COLORS, LINES, "os^", strict=False):
        axis.semilogx(table.c, 100 * table[column], color=color, ls=line, marker=mark, ms=3, label=name)
    axis.axhline(100 * unedited.specificity, color="0.6", lw=0.8, ls=":")
    said = []
    for c in cs:
        axis.axvline(c, color=COLORS[1], lw=1.2)
        found = [
            f"{name} {between(table, column, c):.0%}" for column, name in zip(SCORES, names, strict=True)
        ]
        said.append(f"c = {c:,.0f}: {', '.join(found)}.")
    axis.set(xlabel="c", ylabel="%", ylim=(-4, 108))
    axis.legend(frameon=False, fontsize=7, loc="lower left")
    return " ".join(said)


def knob_figure(
    g: Tensor, table: pd.DataFrame, unedited: pd.Series, cs: Sequence[float]
) -> tuple[Figure, str]:
    """The three panels of the knob, with some values of c marked; for one c, what the widget shows."""
    with drawing(1, 3, size=(7.2, 2.4)) as (figure, axes):
        said = [draw_shares(axes[0], g, cs), draw_plane(axes[1], table, cs)]
        said.append(draw_scores(axes[2], table, unedited, cs))
    return figure, " ".join(said)


def layers_figure(tables: Mapping[str, pd.DataFrame]) -> tuple[Figure, str]:
    """The trade-off when the same facts are written into one, two and four layers: label -> sweep."""
    panels = {"rise": "rise of perplexity, %", "specificity": "neighbours kept (success), %"}
    said = []
    with drawing(1, 2, size=(7.2, 2.8), sharey=True) as (figure, axes):
        for (label, table), color, line, mark in zip(tables.items(), COLORS, LINES, "os^v", strict=False):
            for axis, column in zip(axes, panels, strict=True):
                style = {"color": color, "ls": line, "marker": mark, "ms": 4, "label": label}
                axis.plot(100 * table[column], 100 * table.efficacy_top1, **style)
            rows = [f"c {r.c:,}: {r.efficacy_top1:.0%}, rise {r.rise:.1%}" for r in table.itertuples()]
            said.append(f"{label}: {'; '.join(rows)}.")
        for axis, name in zip(axes, panels.values(), strict=True):
            axis.set(xlabel=name, ylim=(-4, 104))
        axes[0].set_ylabel("new facts named first, %")
        axes[1].legend(frameon=False, fontsize=8)
    return figure, " ".join(said)
