"""The figures of chapter 3: heat maps of indirect effects, their averages, and edits by layer.

    show(*heat_figure({"hidden state": indirect}, runs.words, runs.last), name="03_hidden")

Each function returns a figure and its alt text, computed from the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from ..kit.plots import COLORS, LINES, drawing, legend
from .experiments import GROUPS
from .results import Array, Study, interval

MARKS = "osD^vP"


def _two(value: float | Tensor) -> str:
    """Two digits, and no "-0.00"."""
    return f"{round(float(value), 2) + 0:.2f}"


def heat_figure(
    maps: Mapping[str, Tensor], words: Sequence[str], last: int, layers: Sequence[int] | None = None
) -> tuple[Figure, str]:
    """Indirect effects, [columns, layers], one panel each; the subject's tokens carry a star.

    A cross marks the largest effect of each panel. Negative effects are white.
    """
    top, said = max(float(m.max()) for m in maps.values()), []
    labels = [f"{word.strip()}*" if i <= last else word.strip() for i, word in enumerate(words)]
    wide = 3.4 * len(maps) + 1.2
    with drawing(1, len(maps), size=(wide, 0.9 + 0.24 * len(words)), sharey=True, squeeze=False) as (f, axes):
        for axis, (title, values) in zip(axes[0], maps.items(), strict=True):
            blocks = list(range(values.shape[1]) if layers is None else layers)
            step = blocks[1] - blocks[0]
            extent = (blocks[0] - step / 2, blocks[-1] + step / 2, len(words) - 0.5, -0.5)
            image = axis.imshow(
                values.cpu(),
                aspect="auto",
                cmap="Greys",
                vmin=0,
                vmax=top,
                extent=extent,
                interpolation="nearest",
            )
            axis.set_title(title, loc="left", fontsize=9)
            axis.set_xlabel("block")
            axis.set_yticks(range(len(words)), labels)
            column, layer = divmod(int(values.argmax()), values.shape[1])
            axis.plot(blocks[layer], column, "x", color=COLORS[1], ms=7, mew=2)
            peaks = (
                f"{labels[i]} {_two(row.max())} at block {blocks[int(row.argmax())]}"
                for i, row in enumerate(values)
            )
            said.append(f"{title}, highest indirect effect by token: {', '.join(peaks)}")
        f.colorbar(image, ax=axes, label="indirect effect", shrink=0.9)
    return f, f"{'. '.join(said)}."


def averages_figure(study: Study, kinds: Mapping[str, str]) -> tuple[Figure, str]:
    """Mean indirect effects by group of tokens and layer, with intervals; one panel for each of ``kinds``."""
    said = []
    with drawing(1, len(kinds), size=(2.2 * len(kinds) + 0.4, 2.7), sharey=True) as (figure, axes):
        for axis, (kind, title) in zip(axes, kinds.items(), strict=True):
            mean, low, high = interval(study.traced(kind))
            shown = (2, 5, 0, 4)  # groups of GROUPS, the important ones first
            for group, color, line, mark in zip(shown, COLORS, LINES, MARKS, strict=False):
                if np.isnan(mean[group]).all():  # not traced
                    continue
                axis.plot(
                    study.layers, mean[group], color=color, ls=line, marker=mark, ms=3, label=GROUPS[group]
                )
                axis.fill_between(study.layers, low[group], high[group], color=color, alpha=0.15, lw=0)
                best = int(np.argmax(mean[group]))
                said.append(
                    f"{title}, {GROUPS[group]}: highest {_two(mean[group][best])} at {study.layers[best]}"
                )
            axis.set_title(title, loc="left", fontsize=9)
            axis.set_xlabel("block")
        axes[0].set_ylabel("average indirect effect")
        legend(figure, axes[0], ncols=4, fontsize=7)
    return figure, f"{'; '.join(said)}."


def edits_figure(
    study: Study, effects: Mapping[str, Array], columns: Mapping[str, str]
) -> tuple[Figure, str]:
    """Above: tracing effects, name -> [facts, edit_layers]. Below: judgements of edits, column -> label."""
    x, said = study.edit_layers, []
    with drawing(2, 1, size=(5.8, 3.6), sharex=True) as (figure, axes):
        curves: list[tuple[Any, str, Array]] = [(axes[0], name, v) for name, v in effects.items()]
        curves += [(axes[1], label, study.judged(column)) for column, label in columns.items()]
        styles = list(zip(COLORS, LINES, MARKS, strict=False))
        for number, (axis, label, values) in enumerate(curves):
            color, line, mark = styles[number if number < len(effects) else number - len(effects)]
            mean, low, high = interval(values)
            axis.plot(x, mean, color=color, ls=line, marker=mark, ms=4, label=label)
            axis.fill_between(x, low, high, color=color, alpha=0.15, lw=0)
            said.append(f"{label} {', '.join(map(_two, mean))}")
        axes[0].set_ylabel("indirect effect")
        axes[0].set_title("tracing, at the subject's last token", loc="left", fontsize=9)
        axes[1].set_title("edits, of one block at a time", loc="left", fontsize=9)
        axes[1].set(ylabel="share", xlabel="block", ylim=(0, 1.05))
        for axis in axes:
            axis.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure, f"Blocks {', '.join(map(str, x))}: {'; '.join(said)}."


def lines_figure(
    curves: Mapping[str, Sequence[float] | Tensor], x: Sequence[float], labels: tuple[str, str]
) -> tuple[Figure, str]:
    """Curves over ``x``. ``labels``: of the two axes."""
    with drawing(size=(6.0, 2.6)) as (figure, axis):
        for (name, values), color, line, mark in zip(curves.items(), COLORS, LINES, MARKS, strict=False):
            axis.plot(x, [float(v) for v in values], color=color, ls=line, marker=mark, ms=3, label=name)
        axis.set(xlabel=labels[0], ylabel=labels[1])
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.axhline(0, color="0.6", lw=0.6)
        axis.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    said = []
    for name, values in curves.items():
        listed = [float(v) for v in values]
        best = max(range(len(listed)), key=listed.__getitem__)
        said.append(f"{name}: highest {_two(listed[best])} at {x[best]}, at the end {_two(listed[-1])}")
    return figure, f"{labels[1]} by {labels[0]}. {'; '.join(said)}."
