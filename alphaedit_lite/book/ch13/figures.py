"""The figures of chapter 13: the plane of write and harm, leaks, gains with intervals, knobs, descents.

    show(*plane_figure(panels), name="13_plane")

The ``…_figure`` functions return a figure and its alt text, computed from the data; the widget draws with
``draw_plane``, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..kit.intervals import signed
from ..kit.plots import COLORS, LINES, drawing, legend, styled
from ..kit.stream_figures import rise_axis
from .experiments import AFTER, INSIDE, METRICS, Pairs

MARKS = {"without P": "o", AFTER: "v", INSIDE: "s", "turned down": "D"}
SHADES = {"without P": COLORS[4], AFTER: COLORS[1], INSIDE: COLORS[0], "turned down": COLORS[2]}
Row = Mapping[str, float]


def draw_plane(axis: Any, points: Mapping[str, Row], path: Sequence[Row] = (), harm: str = "known") -> str:
    """Share written (right) against change of known answers (up); describe the points.

    The grey line holds all multiples of the write without P: who lies below it has gained something.

    Args:
        points: "without P" and other ways -> rows of ``OneLayer.judge``.
        path: rows that are joined by a thin line, such as for a P that is turned on slowly.
    """
    plain = points["without P"]
    top = max(row["share"] for row in points.values())
    slope = plain[harm] / plain["share"]
    axis.plot([0, 100 * top], [0, 100 * top * slope], color="0.6", lw=1)
    if path:
        axis.plot(
            [100 * r["share"] for r in path], [100 * r[harm] for r in path], color=COLORS[1], lw=1, ls="--"
        )
    for name, row in points.items():
        axis.plot(
            100 * row["share"], 100 * row[harm], MARKS.get(name, "P"), color=SHADES.get(name, COLORS[3]),
            mec="black", mew=0.6, ms=7, label=name, ls="none",
        )  # fmt: skip
    axis.set(xlabel="residuals written, %", ylim=(0, None), xlim=(0, None))
    said = [f"{name} {row['share']:.0%} written, {row[harm]:.1%} change" for name, row in points.items()]
    return "; ".join(said)


def plane_figure(
    panels: Mapping[str, Mapping[str, Row]], paths: Mapping[str, Sequence[Row]] | None = None
) -> tuple[Figure, str]:
    """A panel for each editor: title -> way -> row of ``OneLayer.judge``."""
    said = []
    with drawing(1, len(panels), size=(2.4 * len(panels), 2.6), sharey=True) as (figure, axes):
        for axis, (title, points) in zip(axes, panels.items(), strict=True):
            said.append(f"{title}: {draw_plane(axis, points, (paths or {}).get(title, ()))}.")
            axis.set_title(title, fontsize=9)
        axes[0].set_ylabel("change of known answers, %")
        axes[0].legend(frameon=False, fontsize=7, loc="upper left")
    return figure, " ".join(said)


def leaks_figure(table: pd.DataFrame, facts: str, usual: float | None = None) -> tuple[Figure, str]:
    """What ROME writes through P afterwards, and what the re-solved write costs, by the leak of P.

    Args:
        table: ``leak``, ``rank`` (a share), ``least``, ``share``, ``most`` (over facts), ``harm`` and
            ``size`` of the re-solved write, as multiples of ROME's own.
        usual: the leak of the authors' P, marked by a thin line.
    """
    with drawing(1, 2, size=(6.8, 2.7)) as (figure, (left, right)):
        left.fill_between(100 * table.leak, 100 * table.least, 100 * table.most, color=COLORS[1], alpha=0.25)
        left.plot(100 * table.leak, 100 * table["share"], color=COLORS[1], marker="v", ms=4, label=facts)
        left.plot(100 * table.leak, 100 * table["rank"], color="0.3", ls="--", label="directions in P, m / d")
        left.set(ylabel="left of the write, %", ylim=(0, 103))
        left.set_title("P afterwards", fontsize=9)
        right.plot(100 * table.leak, table.harm, color=COLORS[0], marker="s", ms=4, label="known answers")
        right.plot(100 * table.leak, table["size"], color=COLORS[2], marker="D", ms=4, ls=":", label="‖Δ‖")
        right.axhline(1, color="0.6", lw=0.8)
        right.set(ylabel="times ROME's own", ylim=(0, None))
        right.set_title("solved inside: all is written", fontsize=9)
        for axis in (left, right):
            axis.set(xscale="log", xlabel="energy that leaks through P")
            axis.set_xticks([1, 10, 100], ["1%", "10%", "all: no P"])
            if usual is not None:
                axis.axvline(100 * usual, color="0.5", lw=0.8, ls=":", label="the authors' threshold")
            axis.legend(frameon=False, fontsize=7)
    said = [
        f"leak {r['leak']:.0%}: {r['share']:.0%} left of the write ({r['rank']:.0%} of the directions), "
        f"re-solved {r['harm']:.2f} times the change"
        for _, r in table.iterrows()
    ]
    return figure, f"ROME through spaces of growing leak. {'; '.join(said)}."


def gains_figure(pairs: Pairs) -> tuple[Figure, str]:
    """What P adds to each editor: a panel for each metric, in points with 95% intervals."""
    gains, names = pairs.gains(), pairs.names
    place = {name: -i for i, name in enumerate(names)}
    with drawing(1, len(METRICS), size=(7.6, 0.9 + 0.3 * len(names)), sharey=True) as (figure, axes):
        for axis, (metric, title) in zip(axes, METRICS.items(), strict=True):
            axis.axvline(0, color="0.6", lw=0.8)
            for way, shift in ((AFTER, 0.15), (INSIDE, -0.15)):
                rows = gains[(gains.metric == metric) & (gains.way == way)]
                y = [place[name] + shift for name in rows.editor]
                axis.hlines(y, 100 * rows.low, 100 * rows.high, color=SHADES[way], lw=1.6)
                style = {"color": SHADES[way], "mec": "black", "mew": 0.5, "ms": 5, "ls": "none"}
                axis.plot(100 * rows["mean"], y, marker=MARKS[way], label=way, **style)
            axis.set_title(title, fontsize=8)
            axis.set_xlabel("points", fontsize=8)
            axis.set_ylim(0.6 - len(names), 0.5)
        axes[0].set_yticks(list(place.values()), list(place), fontsize=8)
        legend(figure, axes[0], "outside lower right", ncols=2, fontsize=8)
    said = [
        f"{r.editor}, {r.way}, {METRICS[r.metric]} {signed(r.mean)} ({signed(r.low)} to {signed(r.high)})"
        for r in gains.itertuples()
    ]
    return figure, f"With P minus without, in points. {'; '.join(said)}."


def knobs_figure(
    pairs: Pairs, panels: Mapping[str, tuple[Sequence[str], Sequence[str]]], highest: float = 100.0
) -> tuple[Figure, str]:
    """Facts named first against the rise of perplexity: knobs without P, and arrows to the rows with P.

    Args:
        panels: title -> the editors whose arrows it shows, and those whose rows without P are joined. Each
            panel has its own scale, which holds the arrows, and the lines where they harm as much.
    """
    said: list[str] = []
    with drawing(1, len(panels), size=(7.8, 3.2), squeeze=False) as (figure, axes):
        for axis, (title, (editors, lines)) in zip(axes[0], panels.items(), strict=True):
            seen: list[tuple[float, float]] = []
            for i, name in enumerate(editors):
                seen += _arrows(axis, pairs, name, COLORS[i % 5], above=i % 2 == 1)
                said += [
                    f"{name}, {way}: {100 * row.efficacy_top1:.0f}% named first, rise {100 * row.rise:.1f}%"
                    for way, row in pairs.table.loc[name].iterrows()
                ]
            for name, style in zip(lines, LINES[1:], strict=False):
                line = pairs.fronts.line(name)
                if len(line) > 1:  # one setting is no line
                    x, y = 100 * line.rise, 100 * line.efficacy_top1
                    axis.plot(x, y, color="0.55", ls=style, lw=1.2, label=f"knob of {name}", zorder=1)
                    seen += [(at, float(np.interp(at, x, y))) for at, _ in seen if x.min() < at < x.max()]
            axis.set(title=title, xlabel="rise of perplexity, %")
            axis.title.set_fontsize(9)
            if seen:
                _around(axis, np.array(seen), highest)
            axis.legend(frameon=False, fontsize=6.5, loc="best")
        axes[0, 0].set_ylabel("new facts named first, %")
        marks = {"circle: without P": "without P", "triangle: afterwards": AFTER, "square: inside": INSIDE}
        handles = [
            axes[0, 0].plot([], [], MARKS[way], color="white", mec="black", ms=6, ls="none")[0]
            for way in marks.values()
        ]
        figure.legend(handles, list(marks), loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure, "; ".join(said) + "."


def _arrows(axis: Any, pairs: Pairs, name: str, color: str, above: bool) -> list[tuple[float, float]]:
    """An editor's rows, with arrows from the one without P, and its name; the places of the marks, in %."""
    rows = 100 * pairs.table.loc[name][["rise", "efficacy_top1"]]
    start = tuple(rows.loc["without P"])
    for way, (x, y) in zip(rows.index, rows.to_numpy(), strict=True):
        axis.plot(x, y, MARKS[way], color=color, mec="black", mew=0.5, ms=6)
        if way != "without P":
            axis.annotate("", (x, y), start, arrowprops={"arrowstyle": "->", "color": color, "lw": 1.2})
    axis.annotate(name, start, (3, 5 if above else -11), fontsize=7, textcoords="offset points")
    return [(float(x), float(y)) for x, y in rows.to_numpy()]


def _around(axis: Any, places: np.ndarray, highest: float) -> None:
    """Set an axis of rises and shares so that it holds these places, [n, 2], and little more."""
    (left, low), (right, high) = places.min(0), places.max(0)
    axis.set_ylim(low - 0.12 * (high - low) - 0.3, min(highest + 0.5, high + 0.12 * (high - low) + 0.3))
    axis.set_xlim(left - 0.3, 1.35 * right)
    rise_axis(axis)
    axis.set_xlim(left - 0.3, 1.35 * right)


def descent_figure(table: pd.DataFrame) -> tuple[Figure, str]:
    """Change of known answers, and what is not written yet, along descents.

    Args:
        table: ``rule``, ``steps``, ``known`` (‖ΔK0‖/(‖Δ‖‖K0‖)) and ``error`` (‖ΔK1 − R‖/‖R‖).
    """
    said: list[str] = []
    with drawing(1, 2, size=(7.0, 2.7)) as (figure, (left, right)):
        for (name, rows), style in styled(table.groupby("rule", sort=False), "osv^D"):
            left.plot(rows.steps, rows.known.clip(lower=1e-17), label=name, **style)
            right.plot(rows.steps, rows.error, **style)
            last = rows.iloc[-1]
            if last.known > 1e-6:  # where the curves lie too close to be told apart
                place = (-2, 5) if not said else (-2, -11)
                left.annotate(
                    f"{last.known:.2f}", (last.steps, last.known), place, fontsize=7, ha="right",
                    textcoords="offset points",
                )  # fmt: skip
            said.append(
                f"{name}: ‖ΔK0‖ {last.known:.0e}, error {last.error:.2f} after {last.steps:.0f} steps"
            )
        left.set(xscale="log", yscale="log", xlabel="steps", ylabel="‖ΔK0‖ / (‖Δ‖‖K0‖)", ylim=(None, 5))
        right.set(xscale="log", xlabel="steps", ylabel="‖ΔK1 − R‖ / ‖R‖", ylim=(0, None))
        legend(figure, left, "outside right upper", fontsize=7)
    return figure, "; ".join(said) + "."
