"""The figures of chapter 8: what P protects, and what that costs.

    show(*leaks_figure(table, memit, share), name="08_leaks")

The ``…_figure`` functions return a figure and its alt text, computed from the data; the widget draws
with ``projection_figure``, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from matplotlib.figure import Figure

from ..kit.layer import OneLayer, Thin
from ..kit.plots import COLORS, LINES, drawing, legend, styled, ticks

SHARES = (0.2, 0.4, 0.6, 0.8, 0.9, 0.97)
MARKS = "osD^v"


def spread(x: pd.Series, y: pd.Series, apart: float = 0.13) -> list[int]:
    """Which points of a curve leave room for a label: the last, and back from it those far apart."""
    kept: list[int] = []
    for i in reversed(range(len(x))):
        if all(math.hypot(x[i] - x[j], y[i] - y[j]) > apart for j in kept):
            kept.append(i)
    return kept


def corner_figure(panels: Mapping[str, tuple[pd.DataFrame, Mapping[str, Any]]]) -> tuple[Figure, str]:
    """Share written against change of known answers, along c; and AlphaEdit's point.

    Args:
        panels: title -> (rows of ``OneLayer.judge`` by rising c, with ``c``; AlphaEdit's row).
    """
    said = []
    with drawing(1, len(panels), size=(6.8, 2.9), sharey=True) as (figure, axes):
        for axis, (title, (table, point)) in zip(axes, panels.items(), strict=True):
            x, y = 100 * table["known"], 100 * table["share"]
            axis.plot(x, y, color=COLORS[0], marker="o", ms=3, label="balance, c·C0 + λI")
            for i in spread(x / x.max(), y / 100):
                text = (
                    f"c = {table.c[i]:g}"
                    if table.c[i] < 1e4
                    else f"c = $10^{{{math.log10(table.c[i]):.0f}}}$"
                )
                axis.annotate(text, (x[i], y[i]), (5, -9), fontsize=7, textcoords="offset points")
            axis.plot(
                100 * point["known"], 100 * point["share"], "*", color=COLORS[1], mec="black", ms=13,
                label="AlphaEdit",
            )  # fmt: skip
            axis.set(title=title, xlabel="change of known answers, %", ylim=(-4, 108))
            axis.title.set_fontsize(9)
            ends = [
                f"c = {table.c[i]:g}: {y[i]:.0f}% written, {x[i]:.1f}% change" for i in (0, len(table) - 1)
            ]
            said.append(
                f"{title}: {'; '.join(ends)}; "
                f"AlphaEdit {point['share']:.0%} written, {point['known']:.1%} change."
            )
        axes[0].set_ylabel("residuals written, %")
        axes[-1].legend(frameon=False, fontsize=8, loc="lower right")
    return figure, " ".join(said)


def price_figure(
    leaks: Sequence[float], prices: Sequence[float], memit: float, threshold: float
) -> tuple[Figure, str]:
    """What a write of one and the same share costs known answers, over the leak of P; and with MEMIT.

    Args:
        leaks: the energy inside each P, ascending; 1 is no P.  prices: the change of known answers with it.
        threshold: which of the leaks is that of the authors' threshold.
    """
    with drawing(size=(5.2, 2.7)) as (figure, axis):
        axis.semilogx(leaks, [100 * price for price in prices], color=COLORS[0], marker="o", ms=4)
        at = prices[leaks.index(threshold)]
        axis.plot(threshold, 100 * at, "*", color=COLORS[1], mec="black", ms=13)
        for x, y, text, align in (
            (leaks[0], prices[0], "a strict P", "left"),
            (threshold, at, "the threshold", "center"),
            (1, prices[-1], "no P", "center"),
        ):
            axis.annotate(text, (x, 100 * y), (0, 9), ha=align, textcoords="offset points", fontsize=8)
        axis.axhline(100 * memit, color="0.3", ls=":")
        axis.annotate("MEMIT", (leaks[0], 100 * memit), (0, 4), textcoords="offset points", fontsize=8)
        axis.set(xlabel="energy of the known keys inside P", ylabel="change of known answers, %")
        axis.set(ylim=(0, 115 * max(prices)), xlim=(0.8 * leaks[0], 1.4))
        axis.set_xticks([0.01, 0.1, 1], ["1%", "10%", "100%"])
    said = [f"leak {leak:.0%}: {price:.0%}" for leak, price in zip(leaks, prices, strict=True)]
    return figure, (
        "Change of known answers for the same share written, by the energy inside P: "
        f"{'; '.join(said)}. The threshold has {threshold:.0%} inside. MEMIT: {memit:.0%}."
    )


def leaks_figure(table: pd.DataFrame, memit: Mapping[str, float], share: float) -> tuple[Figure, str]:
    """Writes of the same share through spaces of growing leak: three panels over the leaked energy.

    Args:
        table: rows of ``OneLayer.at_share`` with a column ``leak``.  memit: its row.
    """
    panels: dict[tuple[str, str], dict[str, str]] = {
        ("action of Δ on a key", "‖Δk‖ / ‖Δ‖"): {"ratio": "text behind P", "unseen ratio": "other text"},
        ("size of the update", "‖Δ‖, % of ‖W‖"): {"update": "P"},
        ("change of known answers", "‖Δk‖, % of ‖Wk‖"): {"known": "text behind P", "unseen": "other text"},
    }
    with drawing(1, 3, size=(7.6, 2.6)) as (figure, axes):
        for axis, ((title, unit), columns) in zip(axes, panels.items(), strict=True):
            scale = 100 if "%" in unit else 1
            for (column, label), style in styled(columns.items(), MARKS):
                axis.semilogx(table.leak, scale * table[column], label=label, **style)
            axis.axhline(scale * memit[next(iter(columns))], color="0.3", lw=1, ls=":", label="MEMIT")
            axis.set(ylim=(0, None), xlabel="leaked energy of P", ylabel=unit)
            axis.set_xticks([0.01, 0.1, 1], ["1%", "10%", "all: no P"], fontsize=7)
            axis.set_title(title, fontsize=8)
            axis.legend(frameon=False, fontsize=7)
    rows = [
        f"leak {r.leak:.0%}: ratio {r.ratio:.3f}, update {r.update:.0%} of W, known answers {r.known:.0%}"
        for r in table.itertuples()
    ]
    return figure, f"Writes of {share:.0%} of the residuals. {'; '.join(rows)}; MEMIT {memit['known']:.0%}."


def projection_figure(
    layer: OneLayer, thin: Thin, leaks: Sequence[float], share: float, threshold: float | None = None
) -> tuple[Figure, str]:
    """What P allows, and what a write costs, for spaces of some leaks, without P, and for MEMIT.

    Left: the penalty on each direction, weakest first, at the share written. Middle and right: change of
    known answers, and size of the update, against the share written; a mark at ``share``. The leak that
    equals ``threshold`` is named so.
    """
    cases: dict[str, torch.Tensor | None] = {
        f"P, leak {leak:.0%}{' (the threshold)' if leak == threshold else ''}": layer.basis(leak)
        for leak in leaks
    }
    cases |= {"no P": layer.V, "MEMIT": None}
    said, top = [], 0.0
    with drawing(1, 3, size=(7.0, 2.5)) as (figure, axes):
        for i, (name, U) in enumerate(cases.items()):
            points = [*SHARES, share]
            rows = [layer.memit_at_share(s) if U is None else layer.at_share(thin, U, s) for s in points]
            chosen, style = rows[-1], {"color": COLORS[i % 5], "ls": LINES[i % 5]}
            rank = len(layer.values) if U is None else U.shape[1]
            penalty = chosen["weight"] * (layer.values if U is None else torch.ones(rank))
            axes[0].semilogy(range(rank), penalty, label=name, **style)
            if rank < len(layer.values):  # beyond it: infinite
                axes[0].plot([rank, rank], [float(penalty[-1]), 1e9], **style)
            top = max(top, float(penalty.max()))
            for axis, column in zip(axes[1:], ("known", "update"), strict=True):
                axis.plot([100 * s for s in SHARES], [100 * r[column] for r in rows[:-1]], **style)
                axis.plot(
                    100 * share, 100 * chosen[column], MARKS[i % 5], color=style["color"], mec="black", ms=6
                )
            said.append(
                f"{name}: known answers change by {chosen['known']:.0%}, "
                f"the update is {chosen['update']:.0%} of W."
            )
        axes[0].set(xlabel="direction, weakest first", ylabel="λ, or c × energy", ylim=(1e-2, 3 * top))
        axes[0].set_title("penalty on each direction", fontsize=8)
        axes[1].set_title("change of known answers", fontsize=8)
        axes[2].set_title("size of the update", fontsize=8)
        for axis, unit in zip(axes[1:], ("‖Δk0‖, % of ‖Wk0‖", "‖Δ‖, % of ‖W‖"), strict=True):
            axis.set(xlabel="residuals written, %", ylabel=unit, ylim=(0, None))
        legend(figure, axes[0], ncols=len(cases), fontsize=8)
    return figure, f"Writes of {share:.0%} of the residuals. {' '.join(said)}"


def fronts_figure(fronts: Mapping[str, pd.DataFrame]) -> tuple[Figure, str]:
    """The trade-off of several editors over a stream: label -> rows by rising λ (or c), at each point."""
    panels = {"rise": "rise of perplexity, %", "known": "change of known answers, layer 7, %"}
    said = []
    with drawing(1, 2, size=(7.4, 3.6), sharey=True) as (figure, axes):
        for (label, table), style in styled(fronts.items(), MARKS, ms=5):
            for axis, column in zip(axes, panels, strict=True):
                axis.plot(100 * table[column], 100 * table.efficacy_top1, label=label, **style)
                for i, row in enumerate(table.itertuples()):
                    axis.annotate(
                        f"{row.value:g}", (100 * table[column].iloc[i], 100 * row.efficacy_top1),
                        (-4, 4) if label == "MEMIT" else (4, -8 if i % 2 == 0 else 3),
                        fontsize=6.5, color=style["color"], textcoords="offset points",
                        ha="right" if label == "MEMIT" else "left",
                    )  # fmt: skip
            rows = [f"{r.value:g}: {r.efficacy_top1:.0%}, rise {r.rise:.1%}" for r in table.itertuples()]
            said.append(f"{label}, by {'c' if label == 'MEMIT' else 'λ'}: {'; '.join(rows)}.")
        for axis, name in zip(axes, panels.values(), strict=True):
            axis.set(xlabel=name, xscale="log")
            ticks(axis.xaxis, (0.5, 1, 2, 5, 10, 20, 50, 100, 300, 1000))
        axes[0].set(ylabel="new facts named first, %", ylim=(-4, 102))
        legend(figure, axes[0], ncols=len(fronts), fontsize=8)
    return figure, " ".join(said)
