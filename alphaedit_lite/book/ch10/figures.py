"""Figures over sweeps of a knob; each returns a figure and its alt text.

show(*fronts_figure(fronts, panels), name="10_fronts")     # every editor in the file over its knob
knob_figure(fronts, "AlphaEdit", "λ = 0.8")                # one row among all others
show(*verdict_figure(verdicts, ranks), name="10_verdict")  # two models after a thousand edits
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from ..kit.editors import ALPHA, EDITORS, RIDGE, VARIANTS, recipe
from ..kit.fronts import MEMORY, Fronts
from ..kit.plots import COLORS, drawing, legend, ticks
from ..kit.stream_figures import draw_harm, rise_axis, style_of
from ..kit.streams import scores
from .results import EDITS, Verdict

TITLES = {"efficacy_top1": "named first, %", "generalization_top1": "paraphrases, %"}
LABELLED = (ALPHA, RIDGE, MEMORY)  # their knobs are written beside their points
PLACES = (("left", "top"), ("left", "bottom"), ("right", "bottom"), ("right", "top"))  # tried one by one


class Point(NamedTuple):
    """A row of the sweep in a panel, and what may be written beside it."""

    x: float
    y: float
    words: str
    editor: str


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
    ticks(axis.xaxis, (5, 10, 15, 20, 30, 50, 80, 150, 300, 1000))


def obstacles(axis: Any) -> list[Bbox]:
    """What a label should not touch, in pixels: every marker, and the lines between them, in short pieces."""
    found = []
    for line in axis.lines:
        corners = axis.transData.transform(np.column_stack(line.get_data()))
        found += [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in corners]
        if line.get_linestyle() != "None":
            for start, end in pairwise(corners):
                along = np.linspace(start, end, 2 + int(np.hypot(*(end - start)) / 6))
                found += [Bbox.from_bounds(x - 1, y - 1, 2, 2) for x, y in along]
    return found


def label_apart(axis: Any, points: Sequence[Point]) -> None:
    """Write the knob beside each point, at the first of four places where it touches nothing, or nowhere."""
    taken = obstacles(axis)
    for point in points:
        color = style_of(point.editor)["color"]
        for across, up in PLACES:
            off = (4 if across == "left" else -4, -4 if up == "top" else 4)
            note = axis.annotate(
                point.words, point[:2], off, textcoords="offset points",
                ha=across, va=up, fontsize=6.5, color=color,
            )  # fmt: skip
            note.set_in_layout(False)
            box = note.get_window_extent()
            if axis.bbox.containsx(box.x1) and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            note.remove()


def draw_editor(axis: Any, fronts: Fronts, name: str, up: str, across: str) -> list[Point]:
    """One editor's line over its knob; its points, with their knobs."""
    line = fronts.line(name)
    line = line[np.isfinite(line.rise)].sort_values(across)
    if line.empty:
        return []
    kind = f" ({line.index[0][1].split()[0]})" if len(line) > 1 else ""
    axis.plot(100 * line[across], 100 * line[up], label=name + kind, **style_of(name))
    points = zip(100 * line[across], 100 * line[up], line.index, strict=True)
    return [Point(x, y, knob.split(" ")[-1], name) for x, y, (_, knob) in points]


def draw_variants(axis: Any, fronts: Fronts, name: str, up: str, across: str) -> list[Point]:
    """An editor's rows with a second setting, as hollow points."""
    points = []
    for (editor, knob), row in fronts.table.iterrows():
        if editor == name and ", " in knob and np.isfinite(row.rise):
            points.append(Point(100 * row[across], 100 * row[up], knob.split(", ")[-1], name))
            axis.plot(*points[-1][:2], **style_of(name) | {"ls": "", "mfc": "white", "ms": 6})
    return points


def fronts_figure(
    fronts: Fronts,
    panels: Mapping[str, tuple[str, str]],
    editors: Sequence[str] | None = None,
    variants: bool = False,
) -> tuple[Figure, str]:
    """The trade-off of each editor over its knob.

    Args:
        panels: the panel's title -> (column upwards, column to the right) of ``Fronts.table``.
        editors: which, in which order; all that have rows if None.
        variants: draw rows with a second setting as well, as points.
    """
    names = list(dict.fromkeys(fronts.table.editor)) if editors is None else editors
    with drawing(1, len(panels), size=(2.4 + 2.5 * len(panels), 3.9)) as (figure, axes):
        labels: list[list[Point]] = []
        for axis, (title, (up, across)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
            labels.append([])
            for name in names:
                points = draw_editor(axis, fronts, name, up, across)
                more = draw_variants(axis, fronts, name, up, across) if variants else []
                labels[-1] += [*more, *(points if name in LABELLED else [])]
            if across == "rise":
                harm_axis(axis)
            axis.margins(y=0.08)
            axis.set_xlabel("rise of perplexity, %" if across == "rise" else across, fontsize=8)
            axis.set_ylabel(TITLES.get(up, up), fontsize=8)
            axis.set_title(title, fontsize=8)
        columns = 2 + len(panels) if len(names) > 2 else 2
        legend(figure, np.atleast_1d(axes)[0], ncols=columns, fontsize=7)
        figure.draw_without_rendering()  # now everything has its place, and labels can look for theirs
        for axis, points in zip(np.atleast_1d(axes), labels, strict=True):
            label_apart(axis, points)
    return figure, f"Trade-offs over each editor's knob. {'; '.join(_said(fronts, names, panels, variants))}."


def _said(
    fronts: Fronts, names: Sequence[str], panels: Mapping[str, tuple[str, str]], variants: bool
) -> Iterator[str]:
    """The rows of each editor in words, by rising harm, as the first panel shows them."""
    up, across = next(iter(panels.values()))
    table = fronts.table[np.isfinite(fronts.table.rise)].sort_values(across)
    for name in names:
        rows = [
            f"{knob} {row[up]:.0%} at {row[across]:.1%}"
            for (editor, knob), row in table.iterrows()
            if editor == name and (variants or ", " not in knob)
        ]
        if rows:
            yield f"{name}: {', '.join(rows)}"


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


def rank_at(ranks: Sequence[int]) -> float:
    """The room that P leaves: the mean rank over the edited layers."""
    return sum(ranks) / len(ranks)


def verdict_figure(verdicts: Sequence[Verdict], ranks: Mapping[str, Sequence[int]]) -> tuple[Figure, str]:
    """A row for each model: what is named first over n / rank P, and the rise of perplexity by kind of text.

    Args:
        ranks: by model, the directions that P keeps in each edited layer.
    """
    said = []
    with drawing(len(verdicts), 2, size=(7.2, 2.9 * len(verdicts)), squeeze=False) as (figure, grid):
        for (left, right), verdict in zip(grid, verdicts, strict=True):
            looks = {name: style_of(recipe(name).name) for name in verdict.streams}
            for name in looks:
                if name not in EDITORS:  # another setting of an editor: hollow
                    looks[name] |= {"mfc": "white", "ls": ":" if name in VARIANTS else "-."}
            for name, stream in verdict.streams.items():
                done = [c["edits"] for c in stream["checkpoints"] if 0 < c["edits"] <= EDITS]
                shares = [100 * scores(stream, n).mean() for n in done]
                left.plot(
                    [n / rank_at(ranks[verdict.model]) for n in done], shares, label=name, **looks[name]
                )
                said.append(f"{verdict.model}, {name}: {shares[-1]:.0f}% named first")
            left.set(xlabel="edits / mean rank of P", ylabel="named first, %", ylim=(0, 102))
            left.set_title(verdict.model, loc="left", fontsize=9)
            said += draw_harm(right, {name: verdict.harm(name) for name in looks}, looks)
        legend(figure, grid[-1, 0], ncols=3, fontsize=7.5)
    return figure, f"What {EDITS} edits wrote and cost. {'; '.join(said)}."
