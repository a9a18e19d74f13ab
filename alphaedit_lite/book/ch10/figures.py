"""Figures over sweeps of a knob; each returns a figure and its alt text.

show(*fronts_figure(fronts, groups, panels), name="10_fronts")     # every editor over its knob
knob_figure(fronts, "AlphaEdit", "λ = 0.8")                        # one row among all others
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..kit.fronts import Fronts
from ..kit.plots import COLORS, drawing
from ..kit.stream_figures import rise_axis, style_of

TITLES = {"efficacy_top1": "named first, %", "generalization_top1": "paraphrases, %"}
LABELLED = 3  # the knobs of so many editors are written beside their points
Point = tuple[float, float, str, str, tuple[int, int]]  # x, y, what to write there, the editor, how far off
BELOW, ABOVE, LEFT = (4, -8), (2, 5), (-22, 4)  # in points


def harm_axis(axis: Any) -> None:
    """An axis for rises of perplexity in %, with a margin: logarithmic where all of them are large."""
    points = np.concatenate([line.get_xdata() for line in axis.lines])
    low, high = float(points.min()), float(points.max())
    if low < 5:
        rise_axis(axis)
        axis.set_xlim(min(0.0, low) - 0.1, high * 1.15)
        return
    axis.set_xscale("log")
    axis.set_xlim(low / 1.4, high * 1.3)
    ticks = [t for t in (5, 10, 15, 20, 30, 50, 80, 150, 300, 1000) if low / 1.4 <= t <= high * 1.3]
    axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axis.set_xticks([], minor=True)


def label_apart(axis: Any, points: Sequence[Point], pixels: float = 20) -> None:
    """Write the knob beside each point that has room: none so near to one that is labelled already."""
    taken: list[Any] = []
    for x, y, words, editor, off in points:
        here = axis.transData.transform((x, y))
        if all(np.hypot(*(here - other)) > pixels for other in taken):
            taken.append(here)
            color = style_of(editor)["color"]
            axis.annotate(words, (x, y), off, fontsize=6.5, color=color, textcoords="offset points")


def draw_editor(axis: Any, fronts: Fronts, name: str, begins: str, up: str, across: str) -> list[Point]:
    """One editor's line over its knob; its points, with their knobs."""
    line = fronts.line(name, begins)
    line = line[np.isfinite(line.rise)].sort_values(across)
    if line.empty:
        return []
    knob = f" ({begins})" if len(line) > 1 else ""
    axis.plot(100 * line[across], 100 * line[up], label=name + knob, **style_of(name))
    falls = [*(line[up].diff() < 0)[1:], False]  # after this point: there is room above
    points = zip(100 * line[across], 100 * line[up], line.index, falls, strict=True)
    return [(x, y, knob.split("= ")[-1], name, ABOVE if fall else BELOW) for x, y, (_, knob), fall in points]


def draw_variants(axis: Any, fronts: Fronts, name: str, up: str, across: str) -> list[Point]:
    """An editor's rows with a second setting, as hollow points."""
    points = []
    for (editor, knob), row in fronts.table.iterrows():
        if editor == name and ", " in knob and np.isfinite(row.rise):
            points.append((100 * row[across], 100 * row[up], knob.split(", ")[-1], name, LEFT))
            axis.plot(*points[-1][:2], **style_of(name) | {"ls": "", "mfc": "white", "ms": 6})
    return points


def fronts_figure(
    fronts: Fronts, groups: Mapping[str, str], panels: Mapping[str, tuple[str, str]], variants: bool = False
) -> tuple[Figure, str]:
    """The trade-off of each editor over its knob.

    Args:
        groups: editor -> how the name of its knob begins, as ``kit.fronts.LINES``.
        panels: the panel's title -> (column upwards, column to the right) of ``Fronts.table``.
        variants: draw rows with a second setting as well, as points.
    """
    said = []
    with drawing(1, len(panels), size=(7.4, 3.9)) as (figure, axes):
        for axis, (title, (up, across)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
            labels: list[Point] = []
            for i, (name, begins) in enumerate(groups.items()):
                points = draw_editor(axis, fronts, name, begins, up, across)
                more = draw_variants(axis, fronts, name, up, across) if variants else []
                labels += [*more, *(points if i < LABELLED else [])]
                if (points or more) and axis is np.atleast_1d(axes)[0]:
                    said.append(f"{name}: {_rows(fronts, name, begins, up, across, variants)}")
            if across == "rise":
                harm_axis(axis)
            axis.margins(y=0.08)
            label_apart(axis, labels)
            axis.set_xlabel("rise of perplexity, %" if across == "rise" else across, fontsize=8)
            axis.set_ylabel(TITLES.get(up, up), fontsize=8)
            axis.set_title(title, fontsize=8)
        handles = np.atleast_1d(axes)[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False, fontsize=7)
    return figure, f"Trade-offs over each editor's knob. {'; '.join(said)}."


def _rows(fronts: Fronts, name: str, begins: str, up: str, across: str, variants: bool) -> str:
    """An editor's rows in words, by rising harm."""
    table = fronts.table[np.isfinite(fronts.table.rise)].sort_values(across)
    shown = [
        f"{knob} {row[up]:.0%} at {row[across]:.1%}"
        for (editor, knob), row in table.iterrows()
        if editor == name and (variants if ", " in knob else knob.startswith(begins))
    ]
    return ", ".join(shown)


def knob_figure(fronts: Fronts, editor: str, knob: str, batch: int = 50) -> tuple[Figure, str]:
    """One row of the sweep among all others: harm and gain, and the accuracy of each batch at the end."""
    table, row = fronts.table, fronts.table.loc[(editor, knob)]
    shares = fronts.scores((editor, knob)).reshape(-1, batch).mean(1)
    with drawing(1, 2, size=(6.8, 2.6)) as (figure, (left, right)):
        left.plot(100 * table.rise, 100 * table.efficacy_top1, "o", color="0.75", ms=4)
        mine = fronts.line(editor)
        left.plot(100 * mine.rise, 100 * mine.efficacy_top1, "-", color=COLORS[0])
        left.plot(100 * row.rise, 100 * row.efficacy_top1, "o", color="black", ms=8)
        left.set(xlabel="rise of perplexity, %", ylabel="named first, %", xscale="symlog")
        right.bar(range(1, len(shares) + 1), 100 * shares, color=COLORS[0])
        right.set(xlabel="batch, oldest first", ylabel="named first, %", ylim=(0, 104))
        right.set_xticks(range(1, len(shares) + 1))
    parts = ", ".join(f"{share:.0%}" for share in shares)
    means = f"{row.efficacy_top1:.1%} named first, {row.generalization_top1:.1%} of paraphrases"
    return figure, f"{editor}, {knob}: perplexity up by {row.rise:.1%}; {means}; by batch {parts}."
