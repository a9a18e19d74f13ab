"""Figures over streams of edits and over sweeps of a knob; each returns a figure and its alt text.

    show(*forgetting_figure(streams), name="10_forgetting")       # a panel for each editor: the cohorts
    show(*damage_figure(streams, PANELS), name="10_damage")       # all editors in each panel
    show(*forest_figure(changes), name="10_ablation")             # differences with their intervals
    show(*fronts_figure(fronts, groups), name="10_fronts")

``streams`` is a dict: the editor's name -> its stream, as ``read_stream`` gives it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .changes import Change
from .pareto import Fronts
from .plots import COLORS, LINES, drawing
from .streams import Stream, checkpoint, course, last, matrix

MARKS = "osD^vP*X<>"
PANELS = {"perplexity": "perplexity", "update": "‖ΔW‖ / ‖W‖, mean of layers"}
GREYS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#D55E00", "#888888")


def style(number: int) -> dict[str, Any]:
    """Colour, line and marker of the n-th of up to sixteen editors: told apart in grey, too."""
    return {
        "color": GREYS[number % len(GREYS)],
        "ls": LINES[number % len(LINES)],
        "marker": MARKS[number % len(MARKS)],
        "ms": 4,
        "lw": 1.4,
    }


def shade(number: int, of: int) -> tuple[float, float, float]:
    """From dark for the oldest cohort to light for the newest."""
    light = 0.8 * number / max(1, of - 1)
    return 0.0, 0.27 + 0.55 * light, 0.42 + 0.5 * light


def draw_cohorts(axis: Any, stream: Stream, metric: str, until: int | None = None) -> str:
    """The score of what was written between two looks, on the same facts from then on; and a sentence."""
    table = matrix(stream, metric, until)
    for i, (_, row) in enumerate(table.iterrows()):
        kept = row.dropna()
        axis.plot(kept.index, 100 * kept, "-o", color=shade(i, len(table)), ms=3, lw=2.2 if i == 0 else 1)
    axis.set(ylim=(-4, 104), xlim=(0, last(stream) * 1.03))
    oldest, newest, end = 100 * table.iloc[0].dropna(), 100 * table.iloc[-1].iloc[-1], table.columns[-1]
    return (
        f"the first {oldest.index[0]} facts {oldest.iloc[0]:.0f}% when written, {oldest.iloc[-1]:.0f}% after "
        f"{end} edits; the newest then {newest:.0f}%"
    )


def forgetting_figure(streams: Mapping[str, Stream], metric: str = "efficacy_top1") -> tuple[Figure, str]:
    """A panel for each editor: how the score of each cohort goes on after it was written."""
    columns = min(5, len(streams))
    rows = math.ceil(len(streams) / columns)
    said = []
    size = (1.55 * columns + 0.5, 1.55 * rows + 0.3)
    with drawing(rows, columns, size=size, sharey=True, squeeze=False) as (figure, grid):
        for axis in grid.flat[len(streams) :]:
            axis.set_visible(False)
        for axis, (name, stream) in zip(grid.flat, streams.items(), strict=False):
            said.append(f"{name}: {draw_cohorts(axis, stream, metric)}")
            axis.set_title(name, fontsize=7.5)
            axis.tick_params(labelsize=7)
        for axis in grid[:, 0]:
            axis.set_ylabel("named first, %", fontsize=7.5)
        for axis in grid[-1]:
            axis.set_xlabel("edits", fontsize=7.5)
    return figure, f"Score of what was written between two looks, as the edits go on. {'; '.join(said)}."


def cohorts_figure(runs: Mapping[str, Any], size: int, label: str) -> tuple[Figure, str]:
    """A panel for each table of scores, [cohorts, checkpoints]: a line for each cohort of ``size`` facts."""
    said = []
    with drawing(1, len(runs), size=(1.8 * len(runs) + 0.4, 2.3), sharey=True) as (figure, axes):
        for axis, (name, scores) in zip(axes, runs.items(), strict=True):
            for i, row in enumerate(scores):
                x = [size * (t + 1) for t in range(i, len(row))]
                axis.plot(x, row[i:], "-o", color=shade(i, len(scores)), ms=3, lw=2.2 if i == 0 else 1)
            axis.set(xlabel="edits", ylim=(0, 1.02))
            axis.set_title(name, fontsize=8)
            said.append(
                f"{name}: the first cohort from {float(scores[0, 0]):.2f} to {float(scores[0, -1]):.2f}"
            )
        axes[0].set_ylabel(label, fontsize=8)
    return figure, f"{label.capitalize()}, cohort by cohort. {'; '.join(said)}."


def draw_course(
    axis: Any, streams: Mapping[str, Stream], column: str, label: str, at: int | None = None
) -> list[str]:
    """A column of ``course`` against the number of edits, one line per editor; perplexity on a log axis."""
    said = []
    for i, (name, stream) in enumerate(streams.items()):
        table = course(stream)
        values = table[column].replace(math.inf, np.nan)
        axis.plot(table.index, values, label=name, **style(i))
        end = table[column].iloc[-1]
        said.append(f"{name} {end:.2f}" if math.isfinite(end) else f"{name} not finite")
    if column == "perplexity":
        axis.set_yscale("log")
        low, high = axis.get_ylim()
        ticks = [t for t in (18, 19, 20, 21, 22, 23, 25, 30, 50, 100, 1e3, 1e4, 1e5, 1e6) if low <= t <= high]
        axis.set_yticks(ticks, [f"{t:g}" if t < 1e4 else f"$10^{{{math.log10(t):.0f}}}$" for t in ticks])
        axis.set_yticks([], minor=True)
    if at is not None:
        axis.axvline(at, color="0.6", lw=1, ls=":")
    axis.set_xlabel("edits")
    axis.set_title(label, fontsize=8)
    return said


def damage_figure(streams: Mapping[str, Stream], panels: Mapping[str, str] = PANELS) -> tuple[Figure, str]:
    """Columns of ``course`` (column -> title), a panel each, all editors in it."""
    said = []
    with drawing(1, len(panels), size=(7.2, 3.4)) as (figure, axes):
        for axis, (column, label) in zip(np.atleast_1d(axes), panels.items(), strict=True):
            found = draw_course(axis, streams, column, label)
            said.append(f"{label} at the end: {', '.join(found)}")
        handles = np.atleast_1d(axes)[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=5, frameon=False, fontsize=7)
    return figure, f"Damage along the stream. {'; '.join(said)}."


def player_figure(
    streams: Mapping[str, Stream], editor: str, edits: int, metric: str = "efficacy_top1"
) -> tuple[Figure, str]:
    """One moment of one stream: the cohorts so far, the update and the perplexity, the others in grey."""
    stream = streams[editor]
    with drawing(1, 3, size=(7.2, 2.5)) as (figure, axes):
        alt = draw_cohorts(axes[0], stream, metric, max(edits, 100))
        axes[0].set(xlabel="edits", ylabel="named first, %", xlim=(0, last(stream) * 1.03))
        axes[0].set_title("each hundred facts", fontsize=8)
        table = course(stream)
        for axis, (column, label) in zip(axes[1:], PANELS.items(), strict=True):
            draw_course(axis, streams, column, label, edits)
            for line, name in zip(axis.lines, streams, strict=False):
                line.set(color="0.8", marker="", lw=1, ls="-") if name != editor else line.set(lw=2.2)
            axis.plot(edits, table[column][edits], "o", color="black", ms=7)
    numbers = ", ".join(f"{label} {table[column][edits]:.2f}" for column, label in PANELS.items())
    return figure, f"{editor} after {edits} edits: {numbers}; {alt}."


def forest_figure(
    changes: Mapping[str, Mapping[str, Change]], unit: str = "difference, points"
) -> tuple[Figure, str]:
    """Differences with intervals: a panel for each outer key, a row for each inner one."""
    rows = list(next(iter(changes.values())))
    said = []
    height = 0.8 + 0.27 * len(rows)
    with drawing(1, len(changes), size=(7.4, height), sharey=True, squeeze=False) as (figure, grid):
        for axis, (title, found) in zip(grid[0], changes.items(), strict=True):
            axis.axvline(0, color="0.6", lw=1)
            for y, change in enumerate(found.values()):
                color = COLORS[0] if change.sure else "0.55"
                axis.plot([100 * change.low, 100 * change.high], [y, y], color=color, lw=2)
                axis.plot(100 * change.mean, y, "o" if change.sure else "|", color=color, ms=6)
            axis.set_title(title, fontsize=8)
            axis.set_xlabel(unit, fontsize=7.5)
            said.append(f"{title}: " + ", ".join(f"{name} {change}" for name, change in found.items()))
        grid[0][0].set_yticks(range(len(rows)), rows, fontsize=7.5)
        grid[0][0].invert_yaxis()
    return figure, f"Differences with 95% intervals. {'; '.join(said)}."


def rise_axis(axis: Any) -> None:
    """A logarithmic axis for rises of perplexity in %, with room for those below zero."""
    low, high = axis.get_xlim()
    axis.set_xscale("symlog", linthresh=0.5, linscale=0.5)
    low = min(0.0, low)
    axis.set_xlim(low - 0.1, high)
    ticks = [t for t in (-0.5, 0, 0.5, 1, 2, 5, 10, 20, 50, 100, 300, 1000) if low <= t <= high]
    axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axis.set_xticks([], minor=True)


def label_apart(axis: Any, points: Sequence[tuple[float, float, str, int]], pixels: float = 16) -> None:
    """Write the knob beside each point that has room: none so near to one that is labelled already."""
    taken: list[Any] = []
    for x, y, knob, number in points:
        here = axis.transData.transform((x, y))
        if all(np.hypot(*(here - other)) > pixels for other in taken):
            taken.append(here)
            color = style(number)["color"]
            axis.annotate(knob, (x, y), (3, 3), fontsize=6, color=color, textcoords="offset points")


def fronts_figure(
    fronts: Fronts,
    groups: Mapping[str, str],
    panels: Mapping[str, tuple[str, str]],
    labels: bool = True,
) -> tuple[Figure, str]:
    """The trade-off of each editor over its knob.

    Args:
        groups: editor -> how the name of its knob begins, as ``pareto.LINES``.
        panels: the panel's title -> (column upwards, column to the right) of ``Fronts.table``.
    """
    said = []
    with drawing(1, len(panels), size=(7.4, 3.9)) as (figure, axes):
        for axis, (title, (up, across)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
            named: list[tuple[float, float, str, int]] = []  # x, y, knob, number of the editor
            for i, (name, begins) in enumerate(groups.items()):
                line = fronts.line(name, begins)
                line = line[np.isfinite(line.rise)].sort_values(across)
                if line.empty:
                    continue
                axis.plot(100 * line[across], 100 * line[up], label=name, **style(i))
                if labels and i < 3:
                    knobs = [knob.split("= ")[-1] for _, knob in line.index]
                    points = zip(100 * line[across], 100 * line[up], strict=True)
                    named += [(*here, knob, i) for here, knob in zip(points, knobs, strict=True)]
                if axis is np.atleast_1d(axes)[0]:
                    rows = [
                        f"{knob} {row[up]:.0%} at {row[across]:.1%}" for (_, knob), row in line.iterrows()
                    ]
                    said.append(f"{name}: {', '.join(rows)}")
            if across == "rise":
                rise_axis(axis)
            label_apart(axis, named)
            axis.set_xlabel("rise of perplexity, %" if across == "rise" else across, fontsize=8)
            axis.set_title(title, fontsize=8)
        np.atleast_1d(axes)[0].set_ylabel("named first, %", fontsize=8)
        handles = np.atleast_1d(axes)[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False, fontsize=7)
    return figure, f"Trade-offs over each editor's knob. {'; '.join(said)}."


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


def says(stream: Stream, edits: int) -> str:
    """What the model says at a checkpoint, one prompt a line."""
    said = checkpoint(stream, edits)["says"].items()
    return "\n".join(f"{prompt} …{' '.join(text.split())}" for prompt, text in said)
