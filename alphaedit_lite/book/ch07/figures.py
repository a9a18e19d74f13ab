"""The figures of chapter 7: keys and their null space, spectra under a threshold, edits through it.

    show(*keys_figure({"one line": K}), name="07_keys")

The ``…_figure`` functions return a figure and its alt text, computed from the data. The widgets draw with
``draw_keys`` and ``draw_spectra``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..kit.plots import COLORS, LINES, drawing, styled


def draw_keys(axis: Any, K: Tensor, zero: float = 1e-9, label: str = "k") -> str:
    """Draw keys as arrows and their null space as a dashed line or a plane; describe it in a sentence.

    Args:
        axis: an axis with as many dimensions as the keys have.
        K: keys as columns, [2 or 3, n].
        zero: eigenvalues of K Kᵀ / n below it count as zero.
        label: the arrows are called label1, label2, …; none if empty.
    """
    d, n = K.shape
    values, vectors = torch.linalg.eigh(K.double() @ K.double().T / n)
    U = vectors[:, values < zero]
    for name in "xyz"[:d]:
        getattr(axis, f"set_{name}lim")(-1.25, 1.25)
    if d == 2:
        axis.set_aspect("equal")
        axis.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        for number, (x, y) in enumerate(K.T.tolist() if label else [], 1):
            off = 0.13 if number > 1 else -0.13  # on either side, so that they stay apart on a common line
            axis.text(x - off * y, y + off * x, f"{label}{number}", color=COLORS[0], ha="center", va="center")
        for x, y in K.T.tolist():
            axis.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "-|>", "color": COLORS[0], "lw": 1.8})
    else:
        axis.quiver(*torch.zeros(3, n), *K, color=COLORS[0], arrow_length_ratio=0.12, linewidth=1.8)
        for number, (x, y, z) in enumerate(K.T.tolist() if label else [], 1):
            axis.text(1.25 * x, 1.25 * y, 1.25 * z, f"{label}{number}", color=COLORS[0], ha="center")
            axis.plot([x, x], [y, y], [0, z], color="0.4", ls=":", lw=1.4)  # how far it is lifted
        for name in "xyz":
            getattr(axis, f"{name}axis").set_pane_color((1, 1, 1, 0))
            getattr(axis, f"set_{name}ticks")([-1, 0, 1], [])
        axis.view_init(elev=35, azim=38)
        axis.set_box_aspect((1, 1, 1), zoom=1.15)
    left = U.shape[1]
    if left == 1:
        ends = torch.outer(torch.tensor([-1.2, 1.2], dtype=torch.float64), U[:, 0])
        axis.plot(*ends.T.tolist(), color=COLORS[1], ls="--", lw=2.4)
    elif left == 2 and d == 3:
        side = 0.85 * torch.tensor([[-1.0, 1, 1, -1, -1], [-1, -1, 1, 1, -1]], dtype=torch.float64)
        axis.plot(*(U @ side).tolist(), color=COLORS[1], ls="--", lw=2)
        axis.plot_surface(*(U @ side[:, [0, 1, 3, 2]]).reshape(3, 2, 2).numpy(), color=COLORS[1], alpha=0.25)
    free = ["only the origin", "a line", "a plane"][left] if left < d else "everything"
    axis.set_title(f"rank {d - left}, null space: {free}", fontsize=8)
    listed = ", ".join(f"{value:.3f}" for value in values.clamp_min(0).tolist())
    return f"{n} keys in {d} dimensions, rank {d - left}, null space: {free}; eigenvalues {listed}."


def keys_figure(cases: Mapping[str, Tensor], zero: Mapping[str, float] | None = None) -> tuple[Figure, str]:
    """A panel for each case: title -> keys as columns, [2, n]. ``zero``: what counts as zero there."""
    said = []
    with drawing(1, len(cases), size=(2.3 * len(cases), 2.5), squeeze=False) as (figure, axes):
        for axis, (title, K) in zip(axes[0], cases.items(), strict=True):
            said.append(f"{title}: {draw_keys(axis, K, (zero or {}).get(title, 1e-9))}")
            axis.set_title(f"{title}\n{axis.get_title()}", fontsize=8)
    return figure, " ".join(said)


def shadow_figure(key: Tensor, x: Tensor, Px: Tensor) -> tuple[Figure, str]:
    """A key, a vector x, and the shadow P x of x on the key's null space: [2] each."""
    with drawing(size=(2.8, 2.6)) as (figure, axis):
        draw_keys(axis, key[:, None], label="")
        axis.set_title("")
        axis.text(*(key + 0.05).tolist(), "key", color=COLORS[0])
        for vector, name, color, left in ((x, "x", COLORS[4], 0.05), (Px, "Px", COLORS[2], -0.3)):
            axis.annotate("", vector, (0, 0), arrowprops={"arrowstyle": "-|>", "color": color, "lw": 2.2})
            axis.text(float(vector[0]) + left, float(vector[1]) + 0.05, name, color=color)
        axis.plot(*torch.stack([x, Px]).T, color="0.4", ls=":")
    places = ", ".join(f"{name} ({v[0]:.2f}, {v[1]:.2f})" for name, v in (("x", x), ("Px", Px)))
    return (
        figure,
        f"A key, the free line at a right angle to it, and a vector with its shadow on that line: {places}.",
    )


def leaked(eigenvalues: Tensor, threshold: float) -> tuple[int, float]:
    """How many eigenvalues lie below a threshold, and the share of the energy that they carry."""
    kept = int((eigenvalues < threshold).sum())
    return kept, float(eigenvalues[:kept].sum() / eigenvalues.sum())


def line_of(layer: int, line: Any, main: int | None) -> dict[str, Any]:
    """How a layer's line is drawn: ``main`` thick and solid, the others thin."""
    return {"lw": 2.6, "ls": "-"} if layer == main else {"lw": 1.5 if main is None else 1.0, "ls": line}


def draw_spectra(
    axis: Any, spectra: Mapping[int, Tensor], threshold: float, legend: bool = True, main: int | None = None
) -> str:
    """Draw each layer's eigenvalues (ascending), ``main`` thick, and a threshold; describe what is kept."""
    said = []
    for (layer, values), color, line in zip(spectra.items(), COLORS, LINES, strict=False):
        kept, share = leaked(values, threshold)
        axis.semilogy(
            values.clamp_min(1e-12), color=color, label=f"layer {layer}", **line_of(layer, line, main)
        )
        axis.plot(kept, threshold, "o", color=color, ms=4)
        said.append(f"layer {layer}: {kept} of {len(values)} directions, {share:.0%} of the energy")
    ends = [float(end) for values in spectra.values() for end in (values[0].clamp_min(1e-12), values[-1])]
    axis.set_ylim(min(ends) / 1.6, max(ends) * 1.6)
    axis.axhline(threshold, color="0.35", lw=0.8)
    axis.axhspan(min(ends) / 1.6, threshold, color="0.92", zorder=0)
    axis.set_xlabel("direction, smallest first")
    if legend:
        axis.legend(frameon=False, fontsize=8)
    return f"Below the threshold {threshold:.2g}: {'; '.join(said)}."


def spectra_figure(
    spectra: Mapping[int, Tensor], threshold: float, main: int | None = None
) -> tuple[Figure, str]:
    """Left: eigenvalues and threshold. Right: share of the energy against share of the directions."""
    with drawing(1, 2, size=(6.8, 2.7)) as (figure, (left, right)):
        alt = draw_spectra(left, spectra, threshold, main=main)
        left.set_ylabel("eigenvalue: energy of the direction")
        left.set_title("shaded: P keeps it", fontsize=8)
        for (layer, values), color, line in zip(spectra.items(), COLORS, LINES, strict=False):
            x, y = torch.linspace(0, 1, len(values)), values.cumsum(0) / values.sum()
            right.plot(x, y, color=color, label=f"layer {layer}", **line_of(layer, line, main))
            kept, share = leaked(values, threshold)
            right.plot(kept / len(values), share, "o", color=color, ms=5)
        right.plot([0, 0.7, 1], [0, 0, 1], color="0.6", lw=0.8, label="a true null space")
        right.legend(frameon=False, fontsize=8)
        right.set(xlabel="share of the directions", ylabel="share of the energy")
        right.set_title(f"dots: τ = {threshold:g}", fontsize=8)
    return figure, f"{alt} In a true null space they would carry none."


def thresholds_figure(
    spectra: Mapping[int, Tensor], outcomes: Mapping[float, str], main: int | None = None
) -> tuple[Figure, str]:
    """A panel for each threshold, with what one edit through it did: the printed form of the slider."""
    said = []
    with drawing(1, len(outcomes), size=(6.8, 2.8), sharey=True) as (figure, axes):
        for axis, (threshold, outcome) in zip(axes, outcomes.items(), strict=True):
            alt = draw_spectra(axis, spectra, threshold, legend=axis is axes[0], main=main)
            said.append(f"{alt} One edit: {outcome}")
            axis.set_title(f"τ = {threshold:g}\n" + outcome.replace("; ", "\n"), fontsize=7.5)
        axes[0].set_ylabel("eigenvalue")
    return figure, " ".join(said)


def samples_figure(table: pd.DataFrame, whole: float) -> tuple[Figure, str]:
    """Directions kept, leak claimed and real, by sample size; ``whole``: the leak of the full sample's P."""
    n, styles = table["keys"], [{"color": c, "ls": ls, "ms": 4} for c, ls in zip(COLORS, LINES, strict=True)]
    with drawing(1, 2, size=(6.8, 2.7)) as (figure, (left, right)):
        left.semilogx(n, table["kept"], marker="o", label="below τ", **styles[0])
        left.semilogx(n, table["exact"], marker="s", label="exactly zero", **styles[1])
        left.set(xlabel="keys in the sample", ylabel="directions", ylim=(0, None))
        right.semilogx(n, table["real"], marker="o", label="fresh keys", **styles[0])
        right.semilogx(n, table["claimed"], marker="v", label="claimed by the sample", **styles[1])
        right.axhline(whole, color="0.5", ls=":", label="fresh keys, P from 100,000 keys")
        right.set(xlabel="keys in the sample", ylabel="leaked energy", ylim=(0, 1.2))
        for axis in (left, right):
            axis.legend(frameon=False, fontsize=8)
    said = [f"{r.keys} keys: {r.claimed:.0%} claimed, {r.real:.0%} of fresh keys" for r in table.itertuples()]
    return figure, f"Leaked energy by sample size. {'; '.join(said)}."


def doors_figure(table: pd.DataFrame, panels: Mapping[str, Mapping[str, str]]) -> tuple[Figure, str]:
    """One edit through null spaces of growing leak. ``panels``: title -> {column: label}."""
    with drawing(1, len(panels), size=(2.3 * len(panels), 2.5)) as (figure, axes):
        for axis, (title, columns) in zip(axes, panels.items(), strict=True):
            for (column, label), style in styled(columns.items()):
                axis.semilogx(table["leak"], table[column], label=label, **style)
            axis.set_title(title, fontsize=8)
            axis.set(ylim=(0, None), xlabel="leaked energy of P")
            axis.set_xticks([0.01, 0.1, 1], ["1%", "10%", "all"])
            axis.legend(frameon=False, fontsize=7)
    names = [column for columns in panels.values() for column in columns if column != "leak"]
    said = [
        f"leak {r['leak']:.0%}: " + ", ".join(f"{c} {r[c]:.2f}" for c in names) for _, r in table.iterrows()
    ]
    return figure, f"One fact written through spaces of different leak. {'; '.join(said)}."
