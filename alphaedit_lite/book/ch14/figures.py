"""The figures of chapter 14: thresholds, K0, forgetting, what each direction costs, relatives.

    show(*k0_figure(result("k0.json")), name="14_k0")

The ``…_figure`` functions return a figure and its alt text, computed from the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from torch import Tensor

from ..kit.intervals import Change, difference
from ..kit.layer import OneLayer
from ..kit.plots import COLORS, LINES, drawing, legend
from ..kit.stream_figures import draw_harm
from .results import k0_table

MARKS = "os^vDPX*<>"
THOUSANDS = FuncFormatter(lambda x, _: f"{x:,.0f}")


def styled(number: int) -> dict[str, Any]:
    return {
        "color": COLORS[number % 5], "ls": LINES[number % 5], "marker": MARKS[number % len(MARKS)], "ms": 4,
    }  # fmt: skip


def scale_figure(table: pd.DataFrame) -> tuple[Figure, str]:
    """Rank and leak by three kinds of threshold when all keys are s times as long.

    Args:
        table: columns s, kind, rank (share of directions), leak.
    """
    said = []
    with drawing(1, 2, size=(6.8, 2.6), sharey=True) as (figure, axes):
        for number, (kind, rows) in enumerate(table.groupby("kind", sort=False)):
            for axis, column in zip(axes, ("rank", "leak"), strict=True):
                axis.semilogx(rows.s, 100 * rows[column], label=kind, **styled(number))
            ends = [f"keys × {r.s:g}: {r.rank:.0%} kept, {r.leak:.0%} leak" for r in rows.itertuples()]
            said.append(f"{kind}: {'; '.join((ends[0], ends[len(ends) // 2], ends[-1]))}.")
        for axis, title in zip(axes, ("directions kept, %", "energy leaked, %"), strict=True):
            axis.set_title(title, fontsize=9)
            axis.set(xlabel="length of the keys, as a multiple", ylim=(-4, 104))
            axis.set_xticks([0.1, 0.3, 1, 3, 10], ["0.1", "0.3", "1", "3", "10"])
        axes[1].legend(frameon=False, fontsize=8)
    return figure, " ".join(said)


def k0_figure(study: Mapping[str, Any]) -> tuple[Figure, str]:
    """Left: leak claimed and real by tokens of Wikipedia. Right: leak on each kind of text of P from each."""
    table = k0_table(study)
    grown = table[table.source == "Wikipedia"].sort_values("tokens")
    kinds = [name.removeprefix("leak ") for name in table if name.startswith("leak ")]
    same = (
        table[table.tokens == table[table.source == kinds[-1]].tokens.iloc[0]].set_index("source").loc[kinds]
    )
    with drawing(1, 2, size=(7.4, 2.9), width_ratios=(1.25, 1)) as (figure, (left, right)):
        lines = {"claimed": "claimed by the sample"}
        lines |= {f"leak {kind}": f"other text: {kind}" for kind in ("Wikipedia", "facts")}
        for number, (column, label) in enumerate(lines.items()):
            left.semilogx(grown.tokens, 100 * grown[column], label=label, **styled(number))
        left.set(xlabel="tokens of Wikipedia behind P", ylabel="energy inside P, %", ylim=(0, 100))
        left.xaxis.set_major_formatter(THOUSANDS)
        left.legend(frameon=False, fontsize=8)
        grid = 100 * same[[f"leak {kind}" for kind in kinds]].to_numpy()
        right.imshow(grid, cmap="Greys", vmin=0, vmax=100, aspect="auto")
        for (i, j), value in np.ndenumerate(grid):
            right.text(
                j, i, f"{value:.0f}", ha="center", va="center", color="white" if value > 55 else "black"
            )
        right.set_xticks(range(len(kinds)), kinds, fontsize=8)
        right.set_yticks(range(len(kinds)), kinds, fontsize=8)
        right.set(xlabel="tested on other text of this kind", ylabel="P made from")
        right.set_title(f"P from {int(same.tokens.iloc[0]):,} tokens of each kind; leak, %", fontsize=8)
    said = [
        f"{r.tokens:,} tokens: {r.claimed:.0%} claimed, {found:.0%} of other Wikipedia text"
        for r, found in zip(grown.itertuples(), grown["leak Wikipedia"], strict=True)
    ]
    crossed = [
        f"P from {source}: " + ", ".join(f"{kind} {row[f'leak {kind}']:.0%}" for kind in kinds)
        for source, row in same.iterrows()
    ]
    return (
        figure,
        f"Leak by size of the sample. {'; '.join(said)}. Leak by kind of text. {'; '.join(crossed)}.",
    )


def forgetting_figure(lost: Mapping[str, Sequence[float]], size: int) -> tuple[Figure, str]:
    """Share of what a batch had written that later batches changed, oldest batch first."""
    said = []
    with drawing(size=(5.2, 2.7)) as (figure, axis):
        for number, (name, values) in enumerate(lost.items()):
            first = [1 + size * b for b in range(len(values))]
            axis.plot(first, [100 * v for v in values], label=name, **styled(number))
            said.append(
                f"{name}: first batch {values[0]:.1%}, middle {values[len(values) // 2]:.1%}, last 0%."
            )
        axis.set(
            xlabel="number of the batch's first fact", ylabel="changed by later batches, %", ylim=(-1, None)
        )
        axis.legend(frameon=False, fontsize=8)
    return figure, f"How much of what a batch had written later batches changed. {' '.join(said)}"


def compared_figure(
    rows: Mapping[str, Mapping[str, Any]], base: str, panels: Mapping[str, str], unedited: float
) -> tuple[Figure, str]:
    """Every row against ``base``, fact by fact, in points with intervals; and the rise of perplexity.

    Args:
        rows: name -> {"scores": {metric: one value per fact}, "perplexity": …}.
        panels: metric -> title.  unedited: perplexity of the unedited model.
    """
    names, said = [name for name in rows if name != base], []
    with drawing(
        1, len(panels) + 1, size=(2.1 * (len(panels) + 1) + 1, 0.7 + 0.3 * len(rows)), sharey=True
    ) as (figure, axes):
        for axis, (metric, title) in zip(axes, panels.items(), strict=False):
            parts = []
            for y, name in enumerate(names):
                mean, low, high, _ = difference(rows[name]["scores"][metric], rows[base]["scores"][metric])
                axis.plot([100 * low, 100 * high], [y, y], color=COLORS[0], lw=1.6)
                axis.plot(100 * mean, y, "o", color=COLORS[0], ms=5)
                parts.append(f"{name} {100 * mean:+.0f} ({100 * low:+.0f} to {100 * high:+.0f})")
            axis.axvline(0, color="0.4", lw=0.8, ls=":")
            axis.set_title(title, fontsize=8)
            axis.set_xlabel(f"points against\n{base}", fontsize=8)
            said.append(f"{title}, percentage points against {base}: {'; '.join(parts)}.")
        rises = {name: 100 * (row["perplexity"] / unedited - 1) for name, row in rows.items()}
        axes[-1].plot(
            [rises[name] for name in names], range(len(names)), "s", color=COLORS[1], mec="black", ms=5
        )
        axes[-1].axvline(rises[base], color="0.4", lw=0.8, ls=":")
        axes[-1].set_title("rise of perplexity, %", fontsize=8)
        axes[-1].set_xlabel(f"dotted:\n{base}", fontsize=8)
        axes[0].set_yticks(range(len(names)), names, fontsize=8)
        axes[0].invert_yaxis()
        said.append("Rise of perplexity: " + "; ".join(f"{n} {rise:.1f}%" for n, rise in rises.items()) + ".")
    return figure, " ".join(said)


# An editor Δ = R K1ᵀ (A + …)⁻¹ with A diagonal in the eigenvectors of C0 is a *penalty* for each
# eigenvalue e: λ for ridge, c·e for MEMIT, c·e + λ for ENCORE; AlphaEdit's is λ below τ, infinity above.


def penalties(values: Tensor, c: float, lam: float, tau: float) -> dict[str, Tensor]:
    """The penalty of every direction, by editor, for eigenvalues of C0."""
    flat = torch.full_like(values, lam)
    return {
        "ridge": flat,
        "MEMIT": c * values,
        "ENCORE": c * values + lam,
        "AlphaEdit": torch.where(values < tau, flat, torch.inf),
    }


def looser(values: Tensor, c: float, lam: float, tau: float) -> tuple[float, float]:
    """The share of directions, and of energy, that AlphaEdit holds back less than MEMIT: λ/c < e < τ."""
    between = (values > lam / c) & (values < tau)
    return float(between.double().mean()), float(values[between].sum() / values.sum())


def draw_filters(axis: Any, layer: OneLayer, c: float, lam: float, tau: float) -> str:
    """Penalty against eigenvalue, shaded where AlphaEdit is looser than MEMIT; says what a write does."""
    values = layer.values.clamp_min(1e-9)
    said = []
    for number, (name, penalty) in enumerate(penalties(values, c, lam, tau).items()):
        finite = penalty.isfinite()
        style = {"color": COLORS[number], "ls": LINES[number], "lw": 2.4 if name == "AlphaEdit" else 1.6}
        axis.loglog(values[finite], penalty[finite], label=name, **style)
        if not finite.all():
            axis.plot([tau, tau], [lam, 1e9], **style)
        row = layer.judge(layer.with_penalty(penalty))
        said.append(f"{name} writes {row['share']:.0%}, known answers change by {row['known']:.1%}")
    directions, energy = looser(values, c, lam, tau)
    if lam / c < tau:
        axis.axvspan(lam / c, tau, color="0.88", zorder=0)
    low, high = float(values[0]) / 1.5, float(values[-1]) * 1.5
    axis.set(xlim=(low, high), ylim=(min(lam, c * low) / 2, 3 * max(lam, c * high)))
    tenths = values[:: max(1, len(values) // 10)]
    axis.plot(tenths, torch.full_like(tenths, 1.3 * axis.get_ylim()[0]), "|", color="black", ms=7)
    axis.set_xlabel("eigenvalue of C0 (ticks: tenths of the directions)")
    return (
        f"c = {c:,.0f}, λ = {lam:.3g}, threshold {tau:.2g}: MEMIT's penalty passes λ at {lam / c:.1e}. "
        f"AlphaEdit is looser than MEMIT on {directions:.0%} of the directions, with {energy:.0%} of the "
        f"energy. {'; '.join(said)}."
    )


def filter_figure(layer: OneLayer, knobs: Sequence[tuple[float, float, float]]) -> tuple[Figure, str]:
    """A panel for each (c, λ, τ): the printed form of the widget."""
    said = []
    with drawing(1, len(knobs), size=(3.5 * len(knobs), 2.8), squeeze=False) as (figure, axes):
        for axis, (c, lam, tau) in zip(axes[0], knobs, strict=True):
            said.append(draw_filters(axis, layer, c, lam, tau))
            axis.set_title(f"c = {c:,.0f}, λ = {lam:.3g}, τ = {tau:g}", fontsize=8)
        axes[0][0].set_ylabel("penalty of a direction")
        axes[0][0].legend(frameon=False, fontsize=8)
    return figure, " ".join(said)


def harm_figure(rises: Mapping[str, Mapping[str, Change]]) -> tuple[Figure, str]:
    """How far each editor raises perplexity, by kind of text; names and ``harm`` of ``kit.elsewhere``."""
    with drawing(size=(6.4, 3.6)) as (figure, axis):
        said = draw_harm(axis, rises, {name: styled(i) for i, name in enumerate(rises)})
        legend(figure, axis, ncols=3, fontsize=8)
    return figure, f"Perplexity after the edits, by kind of text. {'; '.join(said)}."
