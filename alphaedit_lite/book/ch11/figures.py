"""Figures of chapter 11; each function returns a figure and its alt text.

show(*phenomena_figure({"unedited": bits, "edited": others}), name="11_phenomena")
show(*tokens_figure({"unedited": (good, bad), "edited": (good, bad)}), name="11_tokens")
show(*course_figure(streams), name="11_course")
show(*scatter_figure(points(streams)), name="11_predict")
show(*glue_figure(glue["states"]), name="11_glue")
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..kit.plots import COLORS, NEW, OLD, drawing, legend, ticks
from ..kit.stream_figures import MARKS, style
from ..kit.streams import Stream, course
from .experiments import phenomenon_of, share_with_interval
from .glue import TASKS
from .results import CHANCE


def phenomena_figure(states: Mapping[str, pd.Series]) -> tuple[Figure, str]:
    """The share right of every phenomenon in each state, with intervals over squares; chance at one half."""
    kinds = list(phenomenon_of(next(iter(states.values()))).unique())
    said = []
    with drawing(size=(6.6, 0.9 + 0.29 * len(kinds))) as (figure, axis):
        axis.axvline(50, color="0.5", lw=1, ls="--")
        for i, (name, bits) in enumerate(states.items()):
            found = [share_with_interval(bits[phenomenon_of(bits) == kind]) for kind in kinds]
            y = np.arange(len(kinds)) + 0.2 * (i - (len(states) - 1) / 2)
            error = 100 * np.array([[f.mean - f.low for f in found], [f.high - f.mean for f in found]])
            axis.errorbar(
                [100 * f.mean for f in found], y, xerr=np.abs(error), fmt=MARKS[i], color=COLORS[i], ms=5,
                lw=1, label=name,
            )  # fmt: skip
            listed = ", ".join(f"{kind} {f.mean:.0%}" for kind, f in zip(kinds, found, strict=True))
            said.append(f"{name}: {listed}")
        axis.set_yticks(range(len(kinds)), kinds)
        axis.invert_yaxis()
        axis.set(xlim=(-3, 103), xlabel="pairs right, % (bars: 95%, squares drawn again; dashed: chance)")
        figure.legend(loc="outside upper center", ncols=len(states), frameon=False)
    return figure, f"Share of pairs right by phenomenon. {'; '.join(said)}."


def tokens_figure(
    states: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], titles: tuple[str, str] = ("good", "bad")
) -> tuple[Figure, str]:
    """Log P of every token of two sentences, a bar for each state; the sums in the titles."""
    said = []
    with drawing(2, 1, size=(6.8, 4.2), sharey=True) as (figure, axes):
        for j, (axis, title) in enumerate(zip(axes, titles, strict=True)):
            sums = []
            for i, (name, tables) in enumerate(states.items()):
                table, width = tables[j], 0.8 / len(states)
                x = np.arange(len(table)) + width * (i - (len(states) - 1) / 2)
                axis.bar(
                    x, table.log_p, 0.92 * width, color=(OLD, NEW, COLORS[2])[i], hatch=("", "///", "...")[i],
                    edgecolor="black", linewidth=0.4, label=name,
                )  # fmt: skip
                sums.append(f"{name} {table.log_p.sum():.1f}")
            axis.set_xticks(range(len(table)), [repr(token)[1:-1] for token in table.token], fontsize=8)
            axis.axhline(0, color="black", lw=0.6)
            axis.set_title(f"{title}: sum {', '.join(sums)}", fontsize=8.5, loc="left")
            axis.set_ylabel("log P of the token")
            said.append(f"{title}: {', '.join(sums)}")
        legend(figure, axes[0], ncols=len(states))
    return figure, f"Log-probability token by token, in nats. Sums: {'; '.join(said)}."


def course_figure(streams: Mapping[str, Stream]) -> tuple[Figure, str]:
    """The part gone of pairs and last words on one scale, and the rise of perplexity, against the edits."""
    said = []
    with drawing(1, 3, size=(7.4, 3.3)) as (figure, axes):
        axes[1].sharey(axes[0])
        for axis, column in zip(axes, [*CHANCE, "rise"], strict=True):
            ends = []
            for i, (name, stream) in enumerate(streams.items()):
                values = course(stream)[column]
                if column != "rise":
                    values = (values.iloc[0] - values) / (values.iloc[0] - CHANCE[column])
                values = 100 * values.replace(math.inf, np.nan)
                axis.plot(values.index, values, label=name, **style(i))
                ends.append(f"{name} {values.iloc[-1]:.0f}")
            title = "rise of perplexity, %" if column == "rise" else f"{column}: part gone, %"
            said.append(f"{title}, at the end: {', '.join(ends)}")
            axis.axhline(0, color="0.6", lw=1)
            axis.set_title(title, fontsize=8.5)
            axis.set_xlabel("edits")
        if axes[2].get_ylim()[1] > 300:
            axes[2].set_yscale("symlog", linthresh=100)
        legend(figure, axes[0], ncols=5, fontsize=7)
    return figure, f"What is lost along the stream. {'; '.join(said)}."


def scatter_figure(table: pd.DataFrame) -> tuple[Figure, str]:
    """Change of the other two abilities against the rise of perplexity, a mark for each checkpoint."""
    said = []
    with drawing(1, 2, size=(7.2, 3.4), sharey=True) as (figure, axes):
        for axis, what in zip(axes, ("pairs", "last words"), strict=True):
            for i, (name, rows) in enumerate(table.groupby("editor", sort=False)):
                kept = rows[np.isfinite(rows.rise)]
                look: dict[str, Any] = style(i) | {"ls": "-", "lw": 0.6, "ms": 5}
                axis.plot(100 * kept.rise.clip(lower=0.002), 100 * kept[what], label=name, **look)
            axis.axhline(0, color="0.6", lw=1)
            axis.set_xscale("log")
            ticks(axis.xaxis, (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1e3, 1e4, 1e5, 1e6))
            axis.set_title(f"{what} right", fontsize=8.5)
            axis.set_xlabel("rise of perplexity, %")
            ends = table.groupby("editor", sort=False).last()
            listed = [f"{name} {100 * row[what]:+.1f} at {row.rise:.1%}" for name, row in ends.iterrows()]
            said.append(f"{what}: {', '.join(listed)}")
        axes[0].set_ylabel("change, points")
        legend(figure, axes[0], ncols=5, fontsize=7)
    return figure, f"Change in points against the rise of perplexity, at the end: {'; '.join(said)}."


def dose_figure(table: pd.DataFrame) -> tuple[Figure, str]:
    """Three abilities after each of several writes, with intervals: perplexity on a log axis.

    Args:
        table: one row per write; columns ``rise``, ``pairs`` and ``last words``, each a ``Change``.
    """
    titles = {"rise": "perplexity, times", "pairs": "pairs, points", "last words": "last words, points"}
    said = []
    with drawing(1, 3, size=(7.4, 0.9 + 0.28 * len(table)), sharey=True) as (figure, axes):
        for axis, (column, title) in zip(axes, titles.items(), strict=True):
            times = column == "rise"
            axis.axvline(1 if times else 0, color="0.6", lw=1)
            for y, change in enumerate(table[column]):
                middle, low, high = (1 + x if times else 100 * x for x in change[:3])
                color = COLORS[0] if change.sure else "0.55"
                axis.plot([low, high], [y, y], color=color, lw=2)
                axis.plot(middle, y, "o" if change.sure else "|", color=color, ms=6)
            axis.set_title(title, fontsize=8.5)
            listed = [f"{name} {change}" for name, change in table[column].items()]
            said.append(f"{title}, change in %: {', '.join(listed)}")
        axes[0].set_xscale("log")
        low, high = axes[0].get_xlim()
        there = [t for t in (1, 1.2, 1.5, 2, 3, 5, 10, 30, 100, 1e3, 1e4) if low <= t <= high]
        there = there if len(there) < 5 else [t for t in there if t in (1, 2, 5, 10, 100, 1e3, 1e4)]
        axes[0].set_xticks(there, [f"{t:g}" for t in there])
        axes[0].set_xticks([], minor=True)
        axes[0].set_yticks(range(len(table)), table.index, fontsize=8)
        axes[0].invert_yaxis()
    return figure, f"Changes with 95% intervals. {'; '.join(said)}."


def glue_figure(states: Mapping[str, Mapping[str, Any]], floor: float = 1 / 3) -> tuple[Figure, str]:
    """Weighted F1 of each task, its answers compared or said, and the AUC with its interval."""
    tasks = list(next(iter(states.values())))
    said = []
    with drawing(1, 3, size=(7.4, 0.9 + 0.4 * len(tasks)), sharey=True) as (figure, axes):
        for axis, (key, title) in zip(
            axes, (("said F1", "F1, said"), ("compared F1", "F1, compared"), ("AUC", "AUC")), strict=True
        ):
            axis.axvline(0.5, color="0.5", lw=1, ls="--")
            if key != "AUC":
                axis.axvline(floor, color="0.5", lw=1, ls=":")
            for i, (name, found) in enumerate(states.items()):
                there = [task for task in tasks if task in found]
                y = np.array([tasks.index(task) for task in there]) + 0.22 * (i - (len(states) - 1) / 2)
                values = [found[task][key] for task in there]
                if key == "AUC":
                    low, high = np.array([found[task]["AUC interval"] for task in there]).T
                    axis.hlines(y, low, high, color=COLORS[i], lw=1.2)
                axis.plot(values, y, MARKS[i], color=COLORS[i], ms=5, label=name)
                listed = ", ".join(f"{TASKS[t].title} {v:.2f}" for t, v in zip(there, values, strict=True))
                said.append(f"{title}, {name}: {listed}")
            axis.set(xlim=(-0.03, 1.03))
            axis.set_title(title, fontsize=8.5)
        axes[0].set_yticks(range(len(tasks)), [TASKS[task].title for task in tasks])
        axes[0].invert_yaxis()
        legend(figure, axes[0], ncols=len(states), fontsize=8)
    return figure, f"GLUE-style tasks. {'; '.join(said)}."
