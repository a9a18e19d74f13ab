"""Drawings of chapter 9: one edit under every metric, metrics against strength, intervals.

Each function returns a figure and its alt text, which says the numbers that were drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ..kit.plots import COLORS, LINES, NEW, OLD, drawing, legend

MARKERS = ("o", "s", "^", "D", "v")


def yardsticks_figure(
    states: Mapping[str, Mapping[str, Sequence[float]]], judges: Sequence[str]
) -> tuple[Figure, str]:
    """Dots for each judge, one panel per metric, one colour and marker per state of the model.

    Args:
        states: name -> metric -> its value for each judge (two states).
    """
    (first, before), (second, after) = states.items()
    said, places = [], range(len(judges))
    with drawing(1, len(before), size=(7.2, 2.0), sharey=True, sharex=True) as (figure, axes):
        for axis, metric in zip(axes, before, strict=True):
            pairs = list(zip(map(float, before[metric]), map(float, after[metric]), strict=True))
            for y, (a, b) in enumerate(pairs):
                axis.plot([a, b], [y - 0.1, y + 0.1], color="0.7", linewidth=1, zorder=1)
            low, high = ([y + shift for y in places] for shift in (-0.1, 0.1))
            axis.scatter([a for a, _ in pairs], low, color=OLD, marker="o", s=34, label=first, zorder=2)
            look: dict[str, Any] = {"edgecolor": "black", "linewidth": 0.5, "zorder": 3}
            axis.scatter([b for _, b in pairs], high, color=NEW, marker="D", s=34, label=second, **look)
            axis.set_title(metric, loc="left", fontweight="bold")
            axis.set(xlim=(-0.05, 1.05), xlabel="mean over facts")
            axis.grid(axis="x", color="0.9")
            parts = (f"{judge} {a:.2f}, then {b:.2f}" for judge, (a, b) in zip(judges, pairs, strict=True))
            said.append(f"{metric}: {'; '.join(parts)}")
        axes[0].set_yticks(places, judges)
        axes[0].set_ylim(len(judges) - 0.6, -0.4)
        legend(figure, axes[0], ncols=2)
    return figure, f"Means over facts, {first}, then {second}. {'. '.join(said)}."


def protocols_figure(
    panels: Mapping[str, Mapping[str, Mapping[str, Any]]], metrics: Sequence[str]
) -> tuple[Figure, str]:
    """Bars with intervals: one panel per kind of prompt, in it every metric for each set of facts.

    Args:
        panels: kind -> set -> metric -> {"mean", "low", "high"}; a metric that a set lacks gets no bar.
    """
    said, hatches = [], ("", "///", "...", "xx")
    with drawing(1, len(panels), size=(7.2, 2.9), sharey=True, squeeze=False) as (figure, grid):
        axes = grid[0]
        for axis, (title, sets) in zip(axes, panels.items(), strict=True):
            width = 0.8 / len(sets)
            for i, (name, values) in enumerate(sets.items()):
                here = [metric for metric in metrics if metric in values]
                x = [metrics.index(metric) + (i - (len(sets) - 1) / 2) * width for metric in here]
                found = [values[metric] for metric in here]
                means = [row["mean"] for row in found]
                spread = [[r["mean"] - r["low"] for r in found], [r["high"] - r["mean"] for r in found]]
                axis.bar(
                    x, means, width * 0.92, yerr=spread, capsize=2, color=COLORS[i], hatch=hatches[i],
                    edgecolor="black", linewidth=0.4, error_kw={"linewidth": 0.9}, label=name,
                )  # fmt: skip
                parts = ", ".join(f"{m} {v:.2f}" for m, v in zip(here, means, strict=True))
                said.append(f"{title}, {name}: {parts}")
            axis.set_xticks(range(len(metrics)), metrics, fontsize=8)
            axis.set_title(title, loc="left", fontweight="bold")
        axes[0].set(ylim=(0, 1.05), ylabel="mean over facts")
        legend(figure, axes[0], ncols=3)
    return figure, f"Metrics after the edit, with 95% intervals. {'; '.join(said)}."


def strength_figure(
    table: pd.DataFrame, groups: Mapping[str, Sequence[str]], facts: int | None = None
) -> tuple[Figure, str]:
    """Metrics against the strength of an edit, one panel per group of columns, one line per yardstick.

    Args:
        table: one row per strength, which is the index; columns like "efficacy: success".
        facts: on how many facts a mean rests; then means of 0 to 1 get whiskers, ±1.96 √(p (1 − p) / facts).
    """
    said = []
    with drawing(1, len(groups), size=(7.2, 3.0)) as (figure, axes):
        for panel, (axis, (title, names)) in enumerate(zip(axes, groups.items(), strict=True)):
            highest = max(1.05, 1.05 * float(table[list(names)].max().max()))
            for i, name in enumerate(names):
                values = table[name]
                spread = None
                if facts and highest < 2:  # a share, not bits
                    half = 1.96 * (values * (1 - values) / facts) ** 0.5
                    spread = [half.clip(upper=values), half.clip(upper=1 - values)]
                x = [place + 0.14 * (i - (len(names) - 1) / 2) for place in range(len(table))]
                axis.errorbar(
                    x, values, yerr=spread, color=COLORS[panel],
                    linestyle=LINES[i], marker=MARKERS[i], markersize=4, elinewidth=0.7, capsize=2,
                    markerfacecolor="white" if i else COLORS[panel], label=name.split(": ")[-1],
                )  # fmt: skip
                said.append(f"{name} " + ", ".join(f"{v:.2f}" for v in values))
            axis.set_xticks(range(len(table)), [f"{strength:g}" for strength in table.index])
            axis.set_title(title, loc="left", fontweight="bold", fontsize=8)
            axis.set_xlabel("strength")
            axis.set_ylim(-0.03, highest)
            axis.axvline(list(table.index).index(1.0), color="0.6", linewidth=1, linestyle=":")
            axis.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.22))
    strengths = ", ".join(f"{strength:g}" for strength in table.index)
    whiskers = f" Whiskers: ±1.96 √(p (1 − p) / {facts})." if facts else ""
    return figure, f"Metrics at strengths {strengths}. {'; '.join(said)}.{whiskers}"


def bars_figure(values: Mapping[str, Mapping[str, float]], highest: float) -> tuple[Figure, str]:
    """Bars of all metrics, before and after. ``fluency`` is drawn as a share of ``highest``."""
    (first, a), (second, b) = values.items()
    names = [name for name in a if pd.notna(a[name]) or pd.notna(b[name])]

    def share(name: str, value: float) -> float:
        return value / highest if name == "fluency" else value

    with drawing(size=(5.6, 0.7 + 0.3 * len(names))) as (figure, axis):
        for y, name in enumerate(names):
            axis.barh(y - 0.18, share(name, a[name]), 0.34, color=OLD, label=first if y == 0 else None)
            axis.barh(
                y + 0.18, share(name, b[name]), 0.34, color=NEW, hatch="///", edgecolor="black",
                linewidth=0.4, label=second if y == 0 else None,
            )  # fmt: skip
        axis.set_yticks(
            range(len(names)), [n + f" (of {highest:.1f} bits)" * (n == "fluency") for n in names]
        )
        axis.invert_yaxis()
        axis.set_xlim(0, 1.02)
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure, "; ".join(f"{n}: {first} {a[n]:.2f}, {second} {b[n]:.2f}" for n in names) + "."


def intervals_figure(rows: Sequence[tuple[str, float, float, float]], truth: float) -> tuple[Figure, str]:
    """Means with intervals, one line each: (label, mean, low, high); and the mean over all as a line."""
    with drawing(size=(5.6, 0.6 + 0.24 * len(rows))) as (figure, axis):
        for y, (_, mean, low, high) in enumerate(rows):
            misses = not low <= truth <= high
            axis.plot([low, high], [y, y], color="black" if misses else OLD, linewidth=2.5 if misses else 1.5)
            axis.plot(mean, y, marker="D" if misses else "o", color="black" if misses else OLD, markersize=5)
        axis.axvline(truth, color=NEW, linestyle="--", linewidth=1.2)
        axis.set_yticks(range(len(rows)), [label for label, *_ in rows], fontsize=7)
        axis.invert_yaxis()
        axis.set(xlim=(-0.02, 1.02), xlabel="mean, with its 95% interval (dashed: all facts together)")
    said = "; ".join(f"{label}: {mean:.2f}, from {low:.2f} to {high:.2f}" for label, mean, low, high in rows)
    return figure, f"All facts together: {truth:.2f}. {said}."
