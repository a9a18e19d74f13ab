"""The figures of chapter 5: the film of a wish, the tangent of ROME, and what a write leaks.

    film = Film(range(7, 30), old="India", new="Romania")
    film.take(logits)                           # once a step
    show(*film.lens_figure([0, 10]), name="05_lens")

The ``…_figure`` functions return a figure and its alt text, computed from the data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ...facts import Fact
from ...metrics import score
from ...models import LanguageModel
from ..kit.plots import COLORS, LINES, NEW, OLD, drawing, styled


class Film:
    """What later blocks would say, step by step, while a wish is searched for.

    Args:
        layers: the blocks that are watched.
        old, new: the names of the two objects, and ``ids`` their (first) tokens.
    """

    def __init__(
        self, layers: Sequence[int], old: str, new: str, ids: tuple[int, int], tokenizer: Any
    ) -> None:
        self.layers, self.old, self.new, self.ids, self.tokenizer = list(layers), old, new, ids, tokenizer
        self.odds: list[list[float]] = []  # log p(new) − log p(old) by step and layer
        self.words: list[list[str]] = []  # the first choice by step and layer
        self.p: list[float] = []  # the probability of the new object by step

    def take(self, logits: Tensor) -> None:
        """One step: the logits of every watched block's output, [layers, vocabulary]."""
        old, new = self.ids
        self.odds.append((logits[:, new] - logits[:, old]).tolist())
        self.words.append([self.tokenizer.decode([i]).strip() or "␣" for i in logits.argmax(1).tolist()])
        self.p.append(float(logits[-1].float().softmax(0)[new]))

    def draw(self, axis: Any, step: int) -> str:
        """The lens at one step: a bar for each block, with its first choice as text; describe it."""
        odds, words = self.odds[step], self.words[step]
        colors = [NEW if x > 0 else OLD for x in odds]
        hatches = ["///" if x > 0 else "" for x in odds]
        for layer, x, color, hatch in zip(self.layers, odds, colors, hatches, strict=True):
            axis.barh(layer, x, color=color, hatch=hatch, edgecolor="black", linewidth=0.3)
        limit = 1.05 * max(abs(x) for row in self.odds for x in row)
        axis.set(
            xlim=(-limit, 1.8 * limit), xticks=[-20, 0, 20], ylim=(self.layers[0] - 1, self.layers[-1] + 1)
        )
        for layer, word in zip(self.layers, words, strict=True):
            axis.text(1.78 * limit, layer, word, fontsize=6, va="center", ha="right", parse_math=False)
        axis.axvline(0, color="black", lw=0.8)
        axis.set_title(f"step {step}: p({self.new}) {self.p[step]:.2f}", fontsize=8)
        axis.set_xlabel(f"log p({self.new}) − log p({self.old})", fontsize=7)
        turned = next((n for n, x in zip(self.layers, odds, strict=True) if x > 2), None)
        where = (
            f"from block {turned} on {self.new} is clearly ahead"
            if turned
            else f"{self.new} is nowhere clearly ahead"
        )
        return f"Step {step}: {where}; the last block says {words[-1]!r}, by {odds[-1]:+.1f}."

    def lens_figure(self, steps: Sequence[int]) -> tuple[Figure, str]:
        """The lens at some steps: the printed form of the slider."""
        with drawing(1, len(steps), size=(1.85 * len(steps), 3.6), sharey=True) as (figure, axes):
            said = [self.draw(axis, step) for axis, step in zip(axes, steps, strict=True)]
            axes[0].set_ylabel("block")
        return figure, " ".join(said)


def search_figure(steps: pd.DataFrame, new: str, old: str, clamp: float) -> tuple[Figure, str]:
    """The search for z, step by step. Columns ``new``, ``old`` (probabilities), ``nll``, ``kl`` and ``size``.

    Args:
        new, old: the names of the two objects.
        clamp: the bound of ``size``, which is ‖δ‖ / ‖h‖.
    """
    new, old = new.strip(), old.strip()
    panels = {
        "probability, bare prompt": {"new": new, "old": old},
        "parts of the loss": {"nll": "say it", "kl": "KL, before its weight"},
        "‖δ‖ / ‖h‖": {"size": ""},
    }
    with drawing(1, 3, size=(7.4, 2.5)) as (figure, axes):
        for axis, (title, lines) in zip(axes, panels.items(), strict=True):
            for (name, label), color, line in zip(lines.items(), (NEW, OLD), LINES, strict=False):
                axis.plot(steps[name], color=color, ls=line, marker=".", ms=4, label=label)
            axis.set_title(title, fontsize=8)
            axis.set_xlabel("step")
            axis.set_ylim(0, None)
            if len(lines) > 1:
                axis.legend(frameon=False, fontsize=7)
        axes[-1].axhline(clamp, color="0.5", lw=0.8)
        axes[-1].text(0, clamp, "the clamp", color="0.4", fontsize=7, va="bottom")
        axes[-1].set_ylim(0, 1.15 * max(clamp, steps["size"].max()))
    said = [
        f"step {i}: {new} {r.new:.2f}, {old} {r.old:.2f}, KL {r.kl:.2f}, size {r['size']:.2f}"
        for i, r in steps.iloc[[0, len(steps) // 3, 2 * len(steps) // 3, -1]].iterrows()
    ]
    return figure, f"The search for z, in {len(steps)} steps. {'; '.join(said)}."


def probabilities(lm: LanguageModel, fact: Fact) -> pd.DataFrame:
    """``demo.probe`` without the continuations: all prompts in one pass.

    Returns:
        one row per prompt: ``kind``, ``prompt``, ``old`` and ``new`` (the two objects), ``p_old``, ``p_new``.
    """
    asked = [("fact", fact.prompt, fact.true or "")]
    asked += [("paraphrase", prompt, fact.true or "") for prompt in fact.paraphrases]
    asked += [("neighbour", prompt, answer) for prompt, answer in fact.neighbours]
    pairs = [(prompt, text) for _, prompt, old in asked for text in (old, fact.new)]
    p = score(lm, pairs)[0].exp().unflatten(0, (-1, 2)).tolist()
    rows = [(*x[:2], x[2].strip(), fact.new.strip(), *both) for x, both in zip(asked, p, strict=True)]
    return pd.DataFrame(rows, columns=["kind", "prompt", "old", "new", "p_old", "p_new"])


def second_moment(stretch: float, turn: float) -> Tensor:
    """A 2 × 2 second moment whose long axis is ``stretch`` times the short one, at ``turn`` degrees."""
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    axes = torch.tensor([[c, -s], [s, c]], dtype=torch.float64)
    return axes @ torch.diag(torch.tensor([stretch, 1 / stretch], dtype=torch.float64)) @ axes.T


def draw_tangent(axis: Any, k: Tensor, C0: Tensor) -> str:
    """The line gᵀk = 1, the levels of the harm gᵀC0 g, and two points on the line; describe them.

    Args:
        k: a key, [2].  C0: [2, 2], float64.
    """
    plain, u = k / (k @ k), torch.linalg.solve(C0, k)
    rome = u / (k @ u)
    cost, paid = float(rome @ C0 @ rome), float(plain @ C0 @ plain)
    grid = torch.linspace(-2, 2, 121, dtype=torch.float64)
    x, y = torch.meshgrid(grid, grid, indexing="xy")
    levels = C0[0, 0] * x * x + 2 * C0[0, 1] * x * y + C0[1, 1] * y * y
    drawn = [cost, paid] if paid > 1.001 * cost else [cost / 4, cost]  # one ellipse through each point
    axis.contour(grid, grid, levels, drawn, colors="0.6", linewidths=0.9)
    along = torch.tensor([-float(k[1]), float(k[0])], dtype=torch.float64) / k.norm()
    ends = torch.stack([plain - 6 * along, plain + 6 * along])
    axis.plot(ends[:, 0], ends[:, 1], color="black", lw=1.2)
    axis.annotate("", k.tolist(), (0, 0), arrowprops={"arrowstyle": "-|>", "color": COLORS[2], "lw": 1.8})
    axis.text(*(k * 0.5 + torch.tensor([-0.1, 0.15])).tolist(), "k", color=COLORS[2])
    axis.plot(*plain.tolist(), "s", color=OLD, ms=6, label=f"plain: harm {paid:.2f}")
    axis.plot(*rome.tolist(), "o", color=NEW, mec="black", ms=7, label=f"ROME: harm {cost:.2f}")
    axis.set(xlim=(-2, 2), ylim=(-2, 2), xticks=[-2, 0, 2], yticks=[-2, 0, 2], aspect="equal")
    axis.set_xlabel("first entry of x", fontsize=8)
    axis.legend(frameon=False, fontsize=7, loc="lower left", handletextpad=0.1)
    return (
        f"Key ({k[0]:.2f}, {k[1]:.2f}): the plain point does harm {paid:.2f} at length {plain.norm():.2f}, "
        f"ROME's {cost:.2f} at length {rome.norm():.2f}."
    )


def tangent_figure(cases: Mapping[str, tuple[Tensor, Tensor]]) -> tuple[Figure, str]:
    """A panel for each case: title -> (k, C0)."""
    said = []
    with drawing(1, len(cases), size=(2.2 * len(cases), 2.35)) as (figure, axes):
        for axis, (title, (k, C0)) in zip(axes, cases.items(), strict=True):
            said.append(f"{title}: {draw_tangent(axis, k, C0)}")
            axis.set_title(title, fontsize=7.5)
        axes[0].set_ylabel("second entry of x", fontsize=8)
        axes[0].text(0, -0.5, "equal harm", color="0.4", fontsize=7, ha="center")
    return figure, " ".join(said)


def leaks_figure(tables: Mapping[str, pd.DataFrame], label: Sequence[str]) -> tuple[Figure, str]:
    """Share of r that arrives against the change of the log-odds. Columns ``arrives``, ``moved``, ``kind``.

    Args:
        label: subjects (the index) whose points get their name.
    """
    said = []
    with drawing(1, len(tables), size=(3.7 * len(tables), 3.1), sharex=True, sharey=True, squeeze=False) as (
        figure,
        axes,
    ):
        for axis, (title, table) in zip(axes[0], tables.items(), strict=True):
            for (kind, rows), color, mark in zip(
                table.groupby("kind", sort=False), COLORS, "osD^v", strict=False
            ):
                axis.plot(rows.arrives, rows.moved, mark, color=color, ms=5, mec="black", mew=0.4, label=kind)
            for name in label:
                for x, y in table.loc[[name], ["arrives", "moved"]].drop_duplicates().to_numpy():
                    axis.annotate(name, (x, y), xytext=(5, -8), textcoords="offset points", fontsize=6.5)
            axis.axhline(0, color="0.7", lw=0.7)
            axis.set_title(title, fontsize=8)
            axis.set_xlabel("share of r that arrives")
            worst = table[table.kind != table.kind.iloc[0]].nlargest(4, "arrives")
            listed = ", ".join(f"{n} {r.arrives:.2f} (moved {r.moved:+.1f})" for n, r in worst.iterrows())
            said.append(f"{title}: beside the fact itself most arrives at {listed}.")
        axes[0, 0].set_ylabel("change of log p(new) − log p(old)")
        axes[0, 0].legend(frameon=False, fontsize=7)
    return figure, " ".join(said)


def bars_figure(table: pd.DataFrame, panels: Mapping[str, str]) -> tuple[Figure, str]:
    """A panel for each column, a bar for each variant. ``table``: index variant, columns as in ``panels``."""
    with drawing(1, len(panels), size=(1.45 * len(panels) + 1.6, 2.6), sharey=True) as (figure, axes):
        for axis, (column, title) in zip(axes, panels.items(), strict=True):
            first = [NEW if i == 0 else OLD for i in range(len(table))]
            axis.barh(range(len(table)), table[column], 0.7, color=first, edgecolor="black", linewidth=0.4)
            for i, value in enumerate(table[column]):
                axis.text(value, i, f" {value:.2f}", va="center", fontsize=6.5)
            axis.set_title(title, fontsize=7.5)
            axis.set_xlim(0, 1.3 * float(table[column].max()) or 1)
            axis.set_xticks([])
        axes[0].set_yticks(range(len(table)), list(table.index), fontsize=7.5)
        axes[0].invert_yaxis()
    said = [f"{n}: " + ", ".join(f"{t} {r[c]:.2f}" for c, t in panels.items()) for n, r in table.iterrows()]
    return figure, f"What each part of the recipe buys. {'; '.join(said)}.".replace("\n", " ")


def stream_figure(table: pd.DataFrame, panels: Mapping[str, Mapping[str, str]]) -> tuple[Figure, str]:
    """Columns of ``table`` against its index, the number of edits. ``panels``: title -> {column: label}."""
    with drawing(1, len(panels), size=(2.5 * len(panels), 2.5)) as (figure, axes):
        for axis, (title, lines) in zip(axes, panels.items(), strict=True):
            for (column, label), style in styled(lines.items()):
                seen = table[column].dropna()
                axis.plot(seen.index, seen, label=label, **style)
            axis.set_xlim(-1, 1.05 * float(table.index.max()))
            axis.set_title(title, fontsize=8)
            axis.set_xlabel("edits so far")
            axis.set_ylim(0, 1.1 * float(table[list(lines)].max(axis=None)))
            if len(lines) > 1:
                axis.legend(frameon=False, fontsize=7)
    names = [column for lines in panels.values() for column in lines]
    said = [
        f"{n} edits: " + ", ".join(f"{c} {r[c]:.2f}" for c in names if not math.isnan(r[c]))
        for n, r in table.iterrows()
    ]
    return figure, f"One ROME edit after another. {'; '.join(said)}."
