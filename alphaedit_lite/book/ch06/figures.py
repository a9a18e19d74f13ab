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
from matplotlib.patches import Ellipse
from torch import Tensor

from ..kit.plots import COLORS, LINES, drawing, legend, styled
from .results import between

SCORES = ("efficacy_top1", "generalization_top1", "specificity")
MARKS = "oDs"


def contours_figure(
    k: Tensor, C0: Tensor, r: float, minimum: Callable[[float], Tensor], paths: Mapping[float, Tensor]
) -> tuple[Figure, str]:
    """One row x of Δ in two dimensions: the objective's contours for some c, and a descent in each.

    The keys, which live in the same plane, are drawn behind: k, and the known ones as the ellipse of C0.

    Args:
        k, C0: the new key, [2], and the second moment of the known ones, [2, 2].  r: the wanted xᵀk.
        minimum: from c to the best row, [2].  paths: c -> the rows that a descent visits, [steps, 2].
    """
    grid = torch.linspace(-0.6, 1.5, 80, dtype=torch.float64)
    x, y = torch.meshgrid(grid, grid, indexing="xy")
    rows = torch.stack([x, y], -1)
    line = torch.stack([minimum(c) for c in np.logspace(-4, 4, 60)])
    said = []
    values, vectors = torch.linalg.eigh(C0)
    wide, tilt = 2 * values.sqrt(), float(torch.rad2deg(torch.atan2(vectors[1, 1], vectors[0, 1])))
    with drawing(1, len(paths), size=(6.0, 2.6), sharey=True) as (figure, axes):
        for axis, (c, path) in zip(axes, paths.items(), strict=True):
            loss = (rows @ k - r).square() + c * ((rows @ C0) * rows).sum(-1)
            low = float(loss.min())
            axis.contour(
                x, y, loss, levels=low + np.geomspace(0.03, 4, 4) * (1 + c), colors="0.7", linewidths=0.7
            )
            cloud = Ellipse((0, 0), float(wide[1]), float(wide[0]), angle=tilt, color="0.9", zorder=0)
            axis.add_patch(cloud).set_label("known keys")
            axis.plot(*k, marker="^", ms=6, color="white", mec="black", ls="", label="new key k")
            axis.axline(
                (0, r / float(k[1])),
                slope=-float(k[0] / k[1]),
                color="0.3",
                lw=0.8,
                ls=":",
                label="new fact met",
            )
            axis.plot(*line.T, color=COLORS[1], ls="--", lw=1.8, label="minimum for every c")
            axis.plot(*path.T, color=COLORS[0], marker=".", ms=3, lw=0.8, label="gradient descent")
            axis.plot(*minimum(c), marker="*", ms=11, color="black", ls="", label="closed form")
            axis.set(aspect="equal", xlim=(-0.6, 1.5), ylim=(-0.6, 1.5), xlabel="x₁")
            axis.set_title(f"c = {c:g}: x·k = {float(minimum(c) @ k):.2f}", fontsize=8)
            end = ", ".join(f"{v:.2f}" for v in minimum(c).tolist())
            said.append(f"c = {c:g}: minimum at ({end}), which answers {float(minimum(c) @ k):.2f} of {r:g}")
        axes[0].set_ylabel("x₂")
        legend(figure, axes[0], ncols=3, fontsize=8)
    steps = len(next(iter(paths.values()))) - 1
    ends = [f"{float((path[-1] - minimum(c)).norm()):.2f}" for c, path in paths.items()]
    said.append(f"After {steps} steps the walks are {', '.join(ends)} away from their minima")
    return figure, f"A row of Δ in the plane, contours of the objective. {'; '.join(said)}."


def descent_figure(
    steps: Sequence[int], apart: Sequence[float], excess: Sequence[float]
) -> tuple[Figure, str]:
    """Distance of a descent from the closed form, and of its objective from the least one, by step."""
    with drawing(size=(5.6, 2.8)) as (figure, axis):
        axis.loglog(steps, apart, color=COLORS[0], label="distance from Δ to the closed form")
        axis.loglog(steps, excess, color=COLORS[1], ls="--", label="height above the least height")
        axis.axhline(0.01, color="0.6", lw=0.8, ls=":")
        axis.text(1, 0.011, "1%", fontsize=8, color="0.4")
        axis.set(xlabel="steps of gradient descent", ylabel="what is left (1 = at Δ = 0)")
        axis.legend(frameon=False, fontsize=8, loc="lower left")
    picked = [i for i, step in enumerate(steps) if step in (1, 10, 100, 1000, 10_000) or step == steps[-1]]
    said = [f"{steps[i]} steps: distance {apart[i]:.1e}, objective {excess[i]:.1e}" for i in picked]
    return figure, f"Gradient descent against the closed form. {'; '.join(said)}."


def draw_shares(axis: Any, s: Tensor, cs: Sequence[float], papers: float = 15_000) -> str:
    """The share of a residual that one layer writes, for facts of strangeness s, [n]; marks at ``cs``."""
    grid = torch.logspace(0, 5, 100)
    low, middle, high = (float(s.quantile(q)) for q in (0.0, 0.5, 1.0))
    axis.fill_between(grid, low / (grid + low), high / (grid + high), color="0.88", lw=0, label="all facts")
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
    before = unedited.specificity
    axis.axhline(100 * before, color="0.75", lw=3, label="neighbours, unedited", zorder=0)
    for column, name, color, line, mark in zip(SCORES, names, COLORS, LINES, "os^", strict=False):
        axis.semilogx(table.c, 100 * table[column], color=color, ls=line, marker=mark, ms=3, label=name)
    said = []
    for c, mark in zip(cs, MARKS, strict=False):
        axis.axvline(c, color=COLORS[1], lw=0.8)
        axis.plot(c, 103, mark, color=COLORS[1], ms=6, mec="black")
        found = [
            f"{name} {between(table, column, c):.0%}" for column, name in zip(SCORES, names, strict=True)
        ]
        said.append(f"c = {c:,.0f}: {', '.join(found)}.")
    axis.set(xlabel="c", ylabel="share of the questions, %", ylim=(-4, 108))
    axis.legend(frameon=False, fontsize=6.5, loc="lower left")
    return f"Neighbours, unedited: {before:.0%}. {' '.join(said)}"


def knob_figure(
    s: Tensor, table: pd.DataFrame, unedited: pd.Series, cs: Sequence[float]
) -> tuple[Figure, str]:
    """The three panels of the knob, with some values of c marked; for one c, what the widget shows."""
    with drawing(1, 3, size=(7.0, 2.35)) as (figure, axes):
        said = [draw_shares(axes[0], s, cs), draw_plane(axes[1], table, cs)]
        said.append(draw_scores(axes[2], table, unedited, cs))
    return figure, " ".join(said)


def layers_figure(tables: Mapping[str, pd.DataFrame], ring: float = 1000) -> tuple[Figure, str]:
    """The trade-off when the same facts are written into one, two and four layers: label -> sweep.

    The points with c = ``ring`` get a ring.
    """
    panels = {"rise": "rise of perplexity, %", "specificity": "neighbours that prefer their old answer, %"}
    circle: dict[str, Any] = {"marker": "o", "ms": 11, "mfc": "none", "mec": "black", "ls": ""}
    said = []
    with drawing(1, 2, size=(7.2, 2.8), sharey=True) as (figure, axes):
        for (label, table), style in styled(tables.items()):
            for axis, column in zip(axes, panels, strict=True):
                axis.plot(100 * table[column], 100 * table.efficacy_top1, label=label, **style)
                here = table[table.c == ring]
                axis.plot(100 * here[column], 100 * here.efficacy_top1, **circle)
            rows = [f"c {r.c:,}: {r.efficacy_top1:.0%}, rise {r.rise:.1%}" for r in table.itertuples()]
            said.append(f"{label}: {'; '.join(rows)}.")
        for axis, name in zip(axes, panels.values(), strict=True):
            axis.set(xlabel=name, ylim=(-4, 104))
        axes[0].set_ylabel("new facts named first, %")
        axes[1].plot([], [], label=f"c = {ring:,.0f}", **circle)
        axes[1].legend(frameon=False, fontsize=8)
    return figure, " ".join(said)
