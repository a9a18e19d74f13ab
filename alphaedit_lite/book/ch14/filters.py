"""Chapter 14's view of all editors at once: what each direction of the keys costs.

    show(*filter_figure(layer, [(1000, 9.4, 2e-2), (15000, 10, 2e-2)]), name="14_filters")
    FilterWidget(layer).show()

``layer`` is chapter 8's ``OneLayer``. An editor of the family Δ = R K1ᵀ (A + …)⁻¹ with A diagonal in the
eigenvectors of C0 is a *penalty* for each eigenvalue: λ for ridge, c·e for MEMIT, c·e + λ for ENCORE, and for
AlphaEdit λ below the threshold and infinity above it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import ipywidgets as w
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..kit.layer import OneLayer
from ..kit.plots import COLORS, LINES, drawing
from ..kit.widget import FigureWidget


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


class FilterWidget(FigureWidget):
    """Sliders for c, λ and the threshold over the penalties of four editors."""

    def __init__(self, layer: OneLayer, c: float = 1000, lam: float = 10, tau: float = 2e-2) -> None:
        self.layer = layer
        wide: dict[str, Any] = {"layout": w.Layout(width="80%"), "style": {"description_width": "11em"}}
        low, high = (math.log10(float(layer.values[i].clamp_min(1e-9))) for i in (0, -1))
        self.c = w.FloatLogSlider(c, min=1, max=5, step=0.05, description="c (MEMIT, ENCORE)", **wide)
        self.lam = w.FloatLogSlider(lam, min=-1, max=3, step=0.05, description="λ (others)", **wide)
        self.tau = w.FloatLogSlider(tau, min=low, max=high, step=0.05, description="threshold", **wide)
        for slider in (self.c, self.lam, self.tau):
            slider.continuous_update = False
        super().__init__([self.c, self.lam, self.tau])

    def draw(self) -> None:
        with drawing(size=(5.4, 3.2)) as (figure, axis):
            alt = draw_filters(axis, self.layer, self.c.value, self.lam.value, self.tau.value)
            axis.set_ylabel("penalty of a direction")
            axis.legend(frameon=False, fontsize=8)
            self._put(figure, alt)
