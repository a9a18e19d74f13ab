"""The figures of chapter 4: matrices used as dictionaries.

    show(*overlap_figure([90, 60, 20]), name="04_overlap")

The ``…_figure`` functions return a figure and its alt text, computed from the data. The widget draws with
``draw_overlap``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..kit.plots import COLORS, LINES, drawing

MARKS = "os^vD"


def matrices_figure(panels: Mapping[str, Tensor]) -> tuple[Figure, str]:
    """Small matrices side by side, each entry written into its cell."""
    widths = [max(matrix.shape[1], 1.6) for matrix in panels.values()]
    size = (0.42 * sum(widths) + 0.25 * len(widths), 0.36 * max(len(m) for m in panels.values()) + 0.6)
    top = max(float(matrix.abs().max()) for matrix in panels.values())
    with drawing(1, len(panels), size=size, width_ratios=widths, squeeze=False) as (figure, axes):
        for axis, (title, matrix) in zip(axes[0], panels.items(), strict=True):
            axis.imshow(matrix.numpy(), cmap="PuOr", vmin=-1.6 * top, vmax=1.6 * top)
            for (i, j), value in np.ndenumerate(matrix.numpy()):
                axis.text(
                    j, i, f"{value:.2g}" if abs(value) > 5e-3 else "0", ha="center", va="center", size=8
                )
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            axis.set_title(title, fontsize=8)
    rows = {
        title: "; ".join(" ".join(f"{round(x, 9) + 0.0:.2g}" for x in row) for row in m.tolist())
        for title, m in panels.items()
    }
    return figure, " ".join(f"{title}: rows {text}." for title, text in rows.items())


def draw_overlap(axes: Sequence[Any], angle: float, turn: float = 0.0) -> str:
    """Two keys at an angle (degrees), and what a question turned away from key 1 gets; say it in a sentence.

    Args:
        axes: one for the arrows, one for the answers.
        turn: how far the question stands from key 1, towards key 2.
    """
    arrows, answers = axes
    first = math.radians(90 - angle / 2)  # key 1 on the right
    K, question = (
        torch.tensor([[math.cos(a) for a in at], [math.sin(a) for a in at]], dtype=torch.float64)
        for at in ([first, first + math.radians(angle)], [first + math.radians(turn)])
    )
    readers = torch.linalg.pinv(K, rtol=1e-9)  # K⁺; its rows read off how much of each value is wanted
    for i, name in enumerate(("key 1", "key 2")):
        arrow = {"arrowstyle": "-|>", "lw": 2.2, "color": COLORS[i]}
        arrows.annotate("", K[:, i], (0, 0), arrowprops=arrow)
        x, y = (1.06 * K[:, i]).tolist()
        arrows.text(
            x, y, f" {name} ", color=COLORS[i], ha="left" if i == 0 else "right", va="bottom", fontsize=8
        )
        end = readers[i] * min(1.0, 1.75 / float(readers[i].norm()))
        arrow |= {"ls": "--", "lw": 1.2}
        arrows.annotate("", end, (0, 0), arrowprops=arrow)
    if turn:
        arrows.plot([0, float(question[0])], [0, float(question[1])], color=COLORS[4], ls=":", lw=2)
    reach = float(readers[0].norm())
    arrows.text(0, -0.2, f"dashed: length {reach:.2f}", ha="center", va="top", fontsize=7)
    arrows.set(xlim=(-1.8, 1.8), ylim=(-0.55, 1.35), xticks=[], yticks=[], aspect="equal")
    arrows.spines[:].set_visible(False)
    got = {
        name: (A @ question).flatten().round(decimals=9) + 0.0
        for name, A in (("sum", K.T), ("exact", readers))
    }
    for i, (name, hatch) in enumerate((("value 1", ""), ("value 2", "///"))):
        heights = [float(got["sum"][i]), float(got["exact"][i])]
        x = [j + 0.36 * (i - 0.5) for j in range(2)]
        answers.bar(x, heights, 0.34, color=COLORS[i], hatch=hatch, edgecolor="black", lw=0.5, label=name)
    answers.axhline(0, color="0.3", lw=0.6)
    answers.set_xticks([0, 1], ["sum", "exact"])
    answers.set_ylim(
        min(-0.65, *(float(g.min()) - 0.1 for g in got.values())), max(1.6, float(got["exact"].max()) + 0.1)
    )
    size = float(readers.norm())
    answers.set_title(f"exact: ‖W‖ = {size:.2f}", fontsize=8)
    said = "; ".join(
        f"the {n} answers {g[0]:.2f} of value 1 and {g[1]:.2f} of value 2" for n, g in got.items()
    )
    side = "towards" if turn > 0 else "away from"
    asked = f"a question {abs(turn):g}° from key 1, {side} key 2" if turn else "asked with key 1"
    overlap = math.cos(math.radians(angle))
    exact = f"exact ‖W‖ {size:.2f}, reading vectors {reach:.2f} long"
    return f"Keys {angle:g}° apart (overlap {overlap:.2f}), {asked}: {said}; {exact}."


def overlap_figure(cases: Sequence[tuple[float, float]]) -> tuple[Figure, str]:
    """A column for each (angle, turn): the printed form of the widget."""
    said = []
    with drawing(2, len(cases), size=(1.85 * len(cases), 3.1), height_ratios=[1, 1.25]) as (figure, axes):
        for axis, (angle, turn) in zip(axes.T, cases, strict=True):
            said.append(draw_overlap(axis, angle, turn))
            axis[0].set_title(
                f"{angle:g}° apart" + (f",\nasked {abs(turn):g}° off" if turn else "\n"), fontsize=8
            )
        axes[1, 0].set_ylabel("answer")
        axes[1, 0].legend(frameon=False, fontsize=7, loc="lower left")
    return figure, " ".join(said)


def curves_figure(panels: Mapping[str, Mapping[str, Any]], x: str, table: pd.DataFrame) -> tuple[Figure, str]:
    """Measured points with theory as lines, against one column.

    Args:
        panels: title -> settings: "points", column -> label; "theory", "column, theory" -> label;
            optionally "line", (x, label) of a vertical line; anything else is set on the axis.
    """
    with drawing(1, len(panels), size=(2.35 * len(panels), 2.4), squeeze=False) as (figure, axes):
        for axis, (title, given) in zip(axes[0], panels.items(), strict=True):
            settings = dict(given)
            names = list(given["points"])
            for column, label in settings.pop("theory", {}).items():
                i = names.index(column.removesuffix(", theory"))  # a line has the colour of its points
                axis.plot(table[x], table[column], color=COLORS[i], ls=LINES[i], lw=1.2, label=label)
            for i, (column, label) in enumerate(settings.pop("points").items()):
                axis.plot(table[x], table[column], MARKS[i], ms=4, mfc="none", color=COLORS[i], label=label)
            if line := settings.pop("line", None):
                axis.axvline(line[0], color="0.6", lw=0.8, ls=":")
                axis.text(line[0], 0.01, f" {line[1]}", transform=axis.get_xaxis_transform(), fontsize=7)
            axis.set(**settings)
            axis.set_title(title, fontsize=8)
            axis.legend(frameon=False, fontsize=7)
    columns = [column for given in panels.values() for column in given["points"]]
    rows = [
        f"{x} {row[x]:.3g}: " + ", ".join(f"{c} {row[c]:.2g}" for c in columns) for _, row in table.iterrows()
    ]
    return figure, f"{', '.join(columns)} against {x}. {'; '.join(rows[:: max(1, len(rows) // 12)])}."


def cosines_figure(samples: Mapping[str, Tensor]) -> tuple[Figure, str]:
    """Histograms of cosines, as shares, one outline per sample."""
    bins = torch.linspace(-0.4, 1, 57)
    with drawing(size=(5.6, 2.8)) as (figure, axis):
        for (name, values), color, line in zip(samples.items(), COLORS, LINES, strict=False):
            share = torch.histogram(values.double().cpu(), bins.double()).hist / values.numel()
            axis.stairs(share.clamp_min(1e-6), bins, color=color, ls=line, lw=1.5, label=name)
        axis.set(yscale="log", ylim=(3e-6, 1), xlabel="cosine of two keys", ylabel="share of the pairs")
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    said = [
        f"{name}: mean {values.mean():.2f}, smallest {values.min():.2f}, largest {values.max():.2f}"
        for name, values in samples.items()
    ]
    return figure, f"Cosines between keys. {'; '.join(said)}."
