"""Figures over streams of edits, and over differences; each returns a figure and its alt text.

    show(*forgetting_figure(streams), name="10_forgetting")       # a panel for each editor: the cohorts
    show(*damage_figure(streams, PANELS), name="10_damage")       # all editors in each panel
    show(*forest_figure(changes), name="10_ablation")             # differences with their intervals

``streams`` is a dict: the editor's name -> its stream, as ``read_stream`` gives it. Sweeps of a knob are
drawn by chapter 10's ``figures``, with the same ``style_of`` each editor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .editors import EDITORS
from .elsewhere import percent
from .intervals import Change, signed
from .plots import COLORS, LINES, drawing, legend, ticks
from .streams import Stream, checkpoint, course, last, matrix, scores

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


def style_of(editor: str) -> dict[str, Any]:
    """The style of an editor, the same in every figure of a chapter."""
    return style(EDITORS[editor].look if editor in EDITORS else len(EDITORS))


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
    judged = scores(stream, int(oldest.index[0]), metric, first=0).count()
    return (
        f"{judged} of the first {oldest.index[0]} facts {oldest.iloc[0]:.0f}% when written, "
        f"{oldest.iloc[-1]:.0f}% after {end} edits; the newest then {newest:.0f}%"
    )


def forgetting_figure(streams: Mapping[str, Stream], metric: str = "efficacy_top1") -> tuple[Figure, str]:
    """A panel for each editor, all with the same axes: how each cohort goes on after it was written."""
    columns = min(5, len(streams))
    rows = math.ceil(len(streams) / columns)
    said = []
    size, edits = (1.55 * columns + 0.5, 1.55 * rows + 0.3), max(map(last, streams.values()))
    with drawing(rows, columns, size=size, sharey=True, squeeze=False) as (figure, grid):
        for axis in grid.flat[len(streams) :]:
            axis.set_visible(False)
        for axis, (name, stream) in zip(grid.flat, streams.items(), strict=False):
            said.append(f"{name}: {draw_cohorts(axis, stream, metric)}")
            axis.set_title(name, fontsize=7.5)
            axis.tick_params(labelsize=7)
            axis.set_xlim(0, edits * 1.05)
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
    for name, stream in streams.items():
        table = course(stream)
        values = table[column].replace(math.inf, np.nan)
        axis.plot(table.index, values, label=name, **style_of(name))
        end = table[column].iloc[-1]
        said.append(f"{name} {end:.2f}" if math.isfinite(end) else f"{name} not finite")
    if column == "perplexity":
        axis.set_yscale("log")
        ticks(axis.yaxis, (18, 19, 20, 21, 22, 24, 26, 28, 30, 50, 1e2, 1e3, 1e4, 1e6))
    if at is not None:
        axis.axvline(at, color="0.6", lw=1, ls=":")
    axis.set_xlabel("edits")
    axis.set_title(label + ", logarithmic" * (column == "perplexity"), fontsize=8)
    return said


def damage_figure(streams: Mapping[str, Stream], panels: Mapping[str, str] = PANELS) -> tuple[Figure, str]:
    """Columns of ``course`` (column -> title), a panel each, all editors in it."""
    said = []
    with drawing(1, len(panels), size=(7.2, 3.4)) as (figure, axes):
        for axis, (column, label) in zip(np.atleast_1d(axes), panels.items(), strict=True):
            found = draw_course(axis, streams, column, label)
            said.append(f"{label} at the end: {', '.join(found)}")
        legend(figure, np.atleast_1d(axes)[0], ncols=5, fontsize=7)
    return figure, f"Damage along the stream. {'; '.join(said)}."


def draw_harm(
    axis: Any, rises: Mapping[str, Mapping[str, Change]], looks: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """The rise of perplexity by kind of text, one mark with its interval per editor; a sentence for each.
    In %, or, if some has grown tenfold, as multiples on a logarithmic axis.

    Args:
        rises: editor -> kind of text -> rise as a share.  looks: editor -> colour and marker.
    """
    said, kinds = [], list(next(iter(rises.values())))
    broken = any(change.mean > 9 for found in rises.values() for change in found.values())
    scale, start = (1.0, 1.0) if broken else (100.0, 0.0)
    for i, (name, found) in enumerate(rises.items()):
        y = np.arange(len(kinds)) + 0.75 * (i - len(rises) // 2) / len(rises)
        middle, low, high = (
            start + scale * np.array([found[kind][part] for kind in kinds]) for part in range(3)
        )
        axis.hlines(y, low, high, color=looks[name]["color"], lw=1)
        axis.plot(middle, y, label=name, **{**looks[name], "ls": ""})
        said.append(f"{name}: perplexity " + ", ".join(f"{kind} {percent(found[kind])}" for kind in kinds))
    axis.axvline(start, color="0.7", lw=0.8)
    axis.set_yticks(np.arange(len(kinds)), kinds, fontsize=8)
    axis.invert_yaxis()
    axis.set_xlabel("perplexity, × that of the unedited model" if broken else "perplexity rises by, %")
    if broken:
        axis.set_xscale("log")
    return said


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
    changes: Mapping[str, Mapping[str, Change]], unit: str = "difference, points", limit: float | None = None
) -> tuple[Figure, str]:
    """Differences with intervals: a panel for each outer key, a row for each inner one.

    Args:
        limit: cut the axis there, in points; what lies beyond is written at the edge.
    """
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
                if limit is not None and abs(100 * change.mean) > limit:
                    edge, side = (-limit, "left") if change.mean < 0 else (limit, "right")
                    words = f"◂ {signed(change.mean)}" if change.mean < 0 else f"{signed(change.mean)} ▸"
                    axis.text(edge, y, words, ha=side, va="center", fontsize=7, color=color)
            if limit is not None:
                axis.set_xlim(-limit, limit)
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
    there = [t for t in (-0.5, 0, 0.5, 1, 2, 5, 10, 20, 50, 100, 300, 1000) if low <= t <= high]
    axis.set_xticks(there, [f"{t:g}" for t in there])
    axis.set_xticks([], minor=True)


def says(stream: Stream, edits: int) -> str:
    """What the model says at a checkpoint, one prompt a line."""
    said = checkpoint(stream, edits)["says"].items()
    return "\n".join(f"{prompt} …{' '.join(text.split())}" for prompt, text in said)
