"""The verdict: what a thousand edits by each editor have written into two models, and what they cost.

    small, large = (Verdict.read(model) for model in MODELS)
    small.gap("AlphaEdit", "MEMIT with history")              # first choice, fact by fact
    small.harm("AlphaEdit", "MEMIT with history")["chat"]     # perplexity against the other's, text by text

Only streams that end with the losses of ``kit.elsewhere`` count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from matplotlib.figure import Figure

from ..kit.editors import VARIANTS, recipe
from ..kit.elsewhere import KINDS, OUTSIDE, harm
from ..kit.intervals import Change, difference, told
from ..kit.plots import drawing, legend
from ..kit.stream_figures import draw_harm, style_of
from ..kit.streams import FOLDER, Stream, checkpoint, last, read_stream, scores

MODELS: Final = {"SmolLM2-135M": FOLDER, "Qwen2.5-Coder-0.5B": FOLDER / "second"}
ROOMY, RIVAL, FORGETS, BARE = "AlphaEdit relative P", "MEMIT with history", "MEMIT", "ridge with history"
JUDGED: Final = ("AlphaEdit", ROOMY, RIVAL, FORGETS, BARE)
EDITS: Final = 1000
METRICS: Final = {
    "efficacy_top1": "named first", "generalization_top1": "paraphrases", "specificity": "neighbours",
}  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """The streams of one model, all of the same facts in the same order."""

    model: str
    streams: Mapping[str, Stream]

    @classmethod
    def read(cls, model: str) -> Verdict:
        """Those of a model of ``MODELS`` that have come to the end."""
        found = {}
        for name in JUDGED:
            folder = MODELS[model] / ("knobs" if name in VARIANTS else "")
            if (folder / f"{name.replace(' ', '-')}-counterfact-0.json").exists():
                stream = read_stream(name, folder=folder, until=EDITS)
                if "losses" in stream["checkpoints"][-1] and last(stream) == EDITS:
                    found[name] = stream
        return cls(model, found)

    def end(self, editor: str) -> Mapping[str, Any]:
        return checkpoint(self.streams[editor], EDITS)

    def gap(self, a: str, b: str, metric: str = "efficacy_top1") -> Change:
        """How far a is ahead of b after all edits, on the facts judged then."""
        return difference(*(scores(self.streams[name], EDITS, metric) for name in (a, b)))

    def harm(self, a: str, b: str | None = None) -> dict[str, Change]:
        """How much higher perplexity is after a's edits than after b's (or before all), by kind of text."""
        before = self.end(b) if b else checkpoint(self.streams[a], 0)
        return harm(before["losses"], self.end(a)["losses"])

    def table(self) -> pd.DataFrame:
        """One row per editor: shares, how often a free answer names the object, and rises as ``Change``."""
        rows = {}
        for name, stream in self.streams.items():
            found = {label: scores(stream, EDITS, metric).mean() for metric, label in METRICS.items()}
            said = self.end(name)["free"]["mention"]
            rises = self.harm(name)
            rows[name] = found | {"says it": said.count("1") / len(said)}
            rows[name] |= {kind: rises[kind] for kind in (KINDS[0], OUTSIDE)}
            sizes = self.end(name)["update"].values()
            rows[name]["‖ΔW‖/‖W‖"] = sum(sizes) / len(sizes)
        return pd.DataFrame(rows).T


def answer(
    verdict: Verdict, a: str, b: str, metric: str | None = "efficacy_top1", kind: str = OUTSIDE
) -> str:
    """One sentence of the verdict: who is ahead (or, for no metric, whose text of a kind suffers more)."""
    if not {a, b} <= set(verdict.streams):
        return f"{a} or {b} has not come to {EDITS:,} edits yet"
    if metric is None:
        return costs(verdict.harm(a, b)[kind], a, b)
    return told(verdict.gap(a, b, metric), a, b)


def percent(change: Change) -> str:
    """A rise of perplexity with its interval: "+3.2% [+1.0%, +5.4%]"."""
    mean, low, high = (f"{100 * x:+.1f}%".replace("-", "−") for x in change[:3])
    return f"{mean} [{low}, {high}]"


def costs(change: Change, a: str, b: str) -> str:
    """In words: whose text has become harder to predict, by how much; or that nobody knows."""
    if not change.sure:
        return f"perplexity is the same after {a} and {b} within the noise ({percent(change)})"
    than = "higher" if change.mean > 0 else "lower"
    return f"perplexity is {than} after {a} than after {b}, {percent(change)}"


def rank_at(ranks: Sequence[int]) -> float:
    """The room that P leaves: the mean rank over the edited layers."""
    return sum(ranks) / len(ranks)


def verdict_figure(verdicts: Sequence[Verdict], ranks: Mapping[str, Sequence[int]]) -> tuple[Figure, str]:
    """A row for each model: what is named first over n / rank P, and the rise of perplexity by kind of text.

    Args:
        ranks: by model, the directions that P keeps in each edited layer.
    """
    said = []
    with drawing(len(verdicts), 2, size=(7.2, 2.9 * len(verdicts)), squeeze=False) as (figure, grid):
        for (left, right), verdict in zip(grid, verdicts, strict=True):
            looks = {
                name: style_of(recipe(name).name) | ({"mfc": "white", "ls": ":"} if name in VARIANTS else {})
                for name in verdict.streams
            }
            for name, stream in verdict.streams.items():
                done = [c["edits"] for c in stream["checkpoints"] if 0 < c["edits"] <= EDITS]
                shares = [100 * scores(stream, n).mean() for n in done]
                left.plot(
                    [n / rank_at(ranks[verdict.model]) for n in done], shares, label=name, **looks[name]
                )
                said.append(f"{verdict.model}, {name}: {shares[-1]:.0f}% named first")
            left.set(xlabel="edits / mean rank of P", ylabel="named first, %", ylim=(0, 102))
            left.set_title(verdict.model, loc="left", fontsize=9)
            said += draw_harm(right, {name: verdict.harm(name) for name in looks}, looks)
        legend(figure, grid[0, 0], ncols=3, fontsize=7.5)
    return figure, f"What {EDITS} edits wrote and cost. {'; '.join(said)}."
