"""The figures of chapter 12: t-SNE maps with margins, measures against made shifts, displacement by place.

    show(*maps_figure({"AlphaEdit": (x, y)}), name="12_maps")

Functions return a figure and its alt text, computed from the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from safetensors.torch import load_file
from torch import Tensor

from ..kit.plots import COLORS, LINES, NEW, OLD, drawing, legend, styled
from ..kit.results import RESULTS
from .experiments import density, overlaps

FOLDER = RESULTS / "shift"
LATER = FOLDER.with_name("shift_stream")  # the same after long streams of CounterFact edits
Map = tuple[np.ndarray, np.ndarray]
MARKS = "os^Dv"
DRAWN = 44  # points of each cloud that a map shows; its margins use all


def file_name(name: str) -> str:
    return name.replace(" × ", "x").replace(" ", "-")


def states(name: str, folder: Path = FOLDER) -> Tensor:
    """Committed hidden states, [n, d_model]: "unedited", "half", or an editor."""
    return load_file(folder / f"{file_name(name)}.safetensors")["hidden"].float()


def stored_maps(name: str) -> dict[tuple[int, int], Map]:
    """Committed t-SNE maps: (perplexity, seed) -> the places of the unedited states, and the others."""
    kept = load_file(FOLDER / f"maps-{file_name(name)}.safetensors")
    kept.pop("made of")
    places = {tuple(int(part) for part in key.split()): m.float().numpy() for key, m in kept.items()}
    return {(p, s): (m[: len(m) // 2], m[len(m) // 2 :]) for (p, s), m in places.items()}


def riddle_order(overdose: str) -> list[str]:
    """The clouds behind the letters A to D of the chapter's riddle: not in its code, to give nothing away."""
    return ["MEMIT", "half", "AlphaEdit", overdose]


def turned(pair: Map, degrees: float) -> Map:
    """A map, turned about the origin. t-SNE uses distances only, so every angle is as good."""
    a = np.radians(degrees)
    R = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return pair[0] @ R, pair[1] @ R


def draw_map(axis: Any, pair: Map, labels: tuple[str, str] = ("before", "after")) -> str:
    """Both clouds of a map, with smooth curves in the margins; says how far these overlap."""
    D1, D2 = overlaps(*pair)
    both = np.concatenate(pair)
    centre, reach = (both.max(0) + both.min(0)) / 2, 0.53 * (both.max(0) - both.min(0)).max()
    limits = [(c - reach, c + reach) for c in centre]
    for points, color, mark, label in zip(pair, (OLD, NEW), "ox", labels, strict=True):
        fill = {"facecolors": "none", "edgecolors": color} if mark == "o" else {"color": color}
        axis.scatter(*points[:DRAWN].T, s=8, marker=mark, linewidths=0.8, label=label, **fill)
    axis.set(xticks=[], yticks=[], xlim=limits[0], ylim=limits[1])
    top, side = axis.inset_axes([0, 1.01, 1, 0.17]), axis.inset_axes([1.01, 0, 0.17, 1])
    for points, color, line in zip(pair, (OLD, NEW), LINES, strict=False):
        for i, margin in enumerate((top, side)):
            grid = np.linspace(*limits[i], 200)
            curve = density(points[:, i], grid)
            margin.plot(*((grid, curve) if i == 0 else (curve, grid)), color=color, ls=line, lw=1.4)
    top.set_xlim(limits[0])
    side.set_ylim(limits[1])
    for margin in (top, side):
        margin.set_axis_off()
    axis.set_xlabel(f"overlap {D1:.2f} across, {D2:.2f} up", fontsize=8)
    return f"the margins overlap by {D1:.2f} and {D2:.2f}"


def maps_figure(maps: Mapping[str, Map], labels: tuple[str, str] = ("before", "after")) -> tuple[Figure, str]:
    """A panel for each map."""
    side, said = min(2.1, 7 / len(maps)), []
    with drawing(1, len(maps), size=(side * len(maps), side + 0.35), squeeze=False) as (figure, axes):
        for axis, (title, pair) in zip(axes[0], maps.items(), strict=True):
            said.append(f"{title}: {draw_map(axis, pair, labels)}")
            axis.set_title(title, fontsize=8.5, pad=24)
            axis.set_box_aspect(1)
        if labels[0]:
            legend(figure, axes[0, 0], ncols=2, markerscale=1.5)
    return figure, f"t-SNE maps of hidden states. {'; '.join(said)}."


def overlaps_figure(table: pd.DataFrame) -> tuple[Figure, str]:
    """Smaller overlap of each map (``name``, ``perplexity``, ``seed``, ``overlap``): dots are seeds."""
    names, kinds = list(table.name.unique()), sorted(table.perplexity.unique())
    with drawing(size=(6.4, 2.8)) as (figure, axis):
        for j, (perplexity, color, mark) in enumerate(zip(kinds, COLORS, "os^D", strict=False)):
            for i, name in enumerate(names):
                some = table[(table.name == name) & (table.perplexity == perplexity)]
                axis.plot(
                    [i + 0.17 * (j - 1.5)] * len(some), some.overlap, mark, ms=4.5, mfc="none", color=color,
                    label=f"perplexity {perplexity}" if i == 0 else None,
                )  # fmt: skip
        axis.set_xticks(range(len(names)), names)
        axis.set(ylabel="smaller of the two overlaps", ylim=(None, 1.01))
        axis.legend(frameon=False, fontsize=7.5, ncols=2)
    said = [
        f"{name}: {g.overlap.min():.2f} to {g.overlap.max():.2f}"
        for name, g in table.groupby("name", sort=False)
    ]
    return figure, f"Overlap of the margins over seeds and perplexities. {'; '.join(said)}."


def turning_figure(maps: Mapping[str, Map], angles: Sequence[float]) -> tuple[Figure, str]:
    """Overlap across of the same map, turned by each angle."""
    said = []
    with drawing(size=(4.6, 2.5)) as (figure, axis):
        for (name, pair), color, line in zip(maps.items(), COLORS, LINES, strict=False):
            values = [overlaps(*turned(pair, angle))[0] for angle in angles]
            axis.plot(angles, values, color=color, ls=line, lw=1.8, label=name)
            said.append(f"{name}: from {min(values):.2f} to {max(values):.2f}")
        axis.set(xlabel="the map is turned by … degrees", ylabel="overlap across", ylim=(0, 1.02))
        axis.legend(frameon=False, fontsize=8)
    return figure, f"The overlap of the horizontal margins as the same map is turned. {'; '.join(said)}."


def power_figure(table: pd.DataFrame, names: Mapping[str, str]) -> tuple[Figure, str]:
    """Share of trials in which each method noticed a made shift; a panel for each design."""
    designs, said = list(table.design.unique()), []
    with drawing(1, len(designs), size=(6.8, 3.1), sharey=True) as (figure, axes):
        for axis, design in zip(axes, designs, strict=True):
            for (column, label), style in styled(names.items(), MARKS):
                some = table[(table.design == design) & (table.method == column)]
                if len(some):
                    x, y = some["shift"], some["noticed"]
                    axis.plot(x, y, label=label, **style)
                    listed = ", ".join(f"{b:.0%} at {a:g}" for a, b in zip(x, y, strict=True))
                    said.append(f"{design}, {label}: {listed}")
            axis.set(xlabel="made shift, in units of the spread", ylim=(-0.03, 1.03))
            axis.set_xscale("symlog", linthresh=0.01, linscale=0.5)
            axis.set_xlim(-0.001, 2.5)
            axis.set_xticks([0, 0.01, 0.03, 0.1, 0.3, 1], ["0", "0.01", "0.03", "0.1", "0.3", "1"])
            axis.set_title(design, fontsize=9)
        axes[0].set_ylabel("share of trials noticed")
        legend(figure, axes[-1], ncols=3)
    return figure, f"What each method notices of a made shift. {'; '.join(said)}."


def null_figure(shuffled: Sequence[float], observed: float, p: float) -> tuple[Figure, str]:
    """What shuffles give (bars), what was observed (line), and its p."""
    with drawing(size=(4.8, 2.4)) as (figure, axis):
        axis.hist(shuffled, bins=30, color="0.75")
        axis.axvline(observed, color=COLORS[1], lw=2.5)
        left = observed < sorted(shuffled)[len(shuffled) // 2]
        axis.annotate(
            f"observed {observed:.2f}", (observed, 0.9), xycoords=("data", "axes fraction"),
            xytext=(5 if left else -5, 0), textcoords="offset points", ha="left" if left else "right",
            fontsize=8,
        )  # fmt: skip
        axis.set_title(f"shuffled pool: p = {p:.3f}", fontsize=9)
        axis.set(xlabel="energy distance", yticks=[])
    low, high = min(shuffled), max(shuffled)
    shuffles = f"after shuffles of the pool: {low:.2f} to {high:.2f}"
    return figure, f"Energy distance, observed: {observed:.2f}; {shuffles}. p = {p:.3f}."


def places_figure(table: pd.DataFrame, column: str, label: str) -> tuple[Figure, str]:
    """A measure by layer, a panel for each token, a line for each ``editor``."""
    tokens, said = sorted(table.token.unique(), reverse=True), []
    with drawing(1, len(tokens), size=(6.8, 3), sharey=True) as (figure, axes):
        for axis, token in zip(axes, tokens, strict=True):
            groups = table[table.token == token].sort_values("layer").groupby("editor", sort=False)
            for (name, some), style in styled(groups, MARKS, ms=4.5):
                axis.plot(some.layer, some[column], label=name, **style)
                listed = ", ".join(
                    f"layer {a} {b:.2f}" for a, b in zip(some.layer, some[column], strict=True)
                )
                said.append(f"{token}, {name}: {listed}")
            axis.set(xlabel="layer", ylim=(0, 1.08 * table[column].max()))
            axis.set_xticks(sorted(table.layer.unique()))
            axis.set_title(f"last token of the {token}", fontsize=9)
        axes[0].set_ylabel(label)
        legend(figure, axes[0], ncols=3)
    return figure, f"{label} by layer. {'; '.join(said)}."


def scatter_figure(table: pd.DataFrame) -> tuple[Figure, str]:
    """The smaller overlap of the maps of made shifts: one dot a map, a panel for each ``design``."""
    designs, said = list(table.design.unique()), []
    with drawing(1, len(designs), size=(6.8, 2.8), sharey=True) as (figure, axes):
        for axis, design, color, mark in zip(axes, designs, COLORS, MARKS, strict=False):
            some = table[table.design == design]
            axis.plot(some["shift"], some.overlap, mark, ms=4, mfc="none", color=color)
            axis.set(xlabel="made shift, in units of the spread", ylim=(-0.02, 1.02))
            axis.set_title(design, fontsize=9)
            for shift, group in some.groupby("shift"):
                low, high = group.overlap.min(), group.overlap.max()
                said.append(f"{design}, shift {shift:g}: {low:.2f} to {high:.2f}")
        axes[0].set_ylabel("smaller overlap of the map")
    return figure, f"Overlap of the margins against a made shift. {'; '.join(said)}."


def power_table(rows: Sequence[Mapping[str, Any]], level: float = 0.05) -> pd.DataFrame:
    """Share of trials in which a method noticed the shift: ``design``, ``shift``, ``method``, ``noticed``.

    A test notices at p ≤ level. Overlap and accuracy have no p: they notice what is beyond all but that
    share of the trials without a shift.
    """
    table, found = pd.DataFrame(rows), []
    for design, some in table.groupby("design", sort=False):
        still = some[some["shift"] == 0]
        for method in ("overlap", "energy", "accuracy", "paired energy", "drift"):
            values = some[method].dropna() if method in some else pd.Series(dtype=float)
            if method == "overlap":
                hits = values < still[method].quantile(level)
            elif method == "accuracy":
                hits = values > still[method].quantile(1 - level)
            else:
                hits = values <= level
            for shift, group in hits.groupby(some["shift"]):
                found.append({"design": design, "shift": shift, "method": method, "noticed": group.mean()})
    return pd.DataFrame(found)
