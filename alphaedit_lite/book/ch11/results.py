"""Which ability goes first, and does perplexity say so? Streams at equal numbers of edits.

    race(streams, 1000)             # which part of what was above chance is gone, and the gap, with intervals
    spearman_at(streams, 300)       # rank correlation of the rise of perplexity with the other changes
    said_of(streams, (300, 1000))   # the same in sentences

The part gone of an ability is (before − after) / (before − chance). Chance is one half for minimal pairs, and
taken as zero for last words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...metrics import bootstrap, percentiles
from ..kit.intervals import RESAMPLES, SEED, Change
from ..kit.streams import Stream, checkpoint, last, right
from .experiments import losses, rank_correlation, squares

CHANCE = {"pairs": 0.5, "last words": 0.0}


def reached(streams: Mapping[str, Stream], edits: int) -> dict[str, Stream]:
    """The streams with a checkpoint after so many edits."""
    return {n: s for n, s in streams.items() if any(c["edits"] == edits for c in s["checkpoints"])}


def shares(before: pd.Series, after: pd.Series, seed: int = SEED) -> np.ndarray:
    """Shares right before and after, [1 + resamples, 2]: as observed, then with questions redrawn."""
    both = np.stack([before.to_numpy(), after.to_numpy()], axis=1)
    drawn = bootstrap(lambda rows: both[rows].mean(1), len(both), resamples=RESAMPLES, seed=seed)
    return np.concatenate([both.mean(0)[None], drawn])


def _change(values: np.ndarray, n: int) -> Change:
    low, high = percentiles(values[1:])
    return Change(float(values[0]), float(low), float(high), n)


def race(streams: Mapping[str, Stream], edits: int | None = None) -> pd.DataFrame:
    """One row per editor after so many edits (left out if it has no such checkpoint), or at its end.

    Columns, all ``Change``: the part of ``pairs`` and ``last words`` that is gone; their ``gap``, above zero
    if more of the last words is gone; and ``log-odds``, the same gap if each loss is measured as a fall of
    log-odds. Intervals redraw squares and texts.
    """
    rows: dict[str, dict[str, Any]] = {}
    for name, stream in (streams if edits is None else reached(streams, edits)).items():
        start, end = checkpoint(stream, 0), checkpoint(stream, last(stream) if edits is None else edits)
        gone, fall, row = [], [], {}
        for i, (what, chance) in enumerate(CHANCE.items()):
            a, b = right(start, what), right(end, what)
            n = len(a)
            a, b = (squares(a), squares(b)) if what == "pairs" else (a, b)
            found = shares(a, b, SEED + i)
            odds = (found * n + 0.5) / ((1 - found) * n + 0.5)  # a half more of each: always finite
            gone.append((found[:, 0] - found[:, 1]) / (found[:, 0] - chance))
            fall.append(np.log(odds[:, 0] / odds[:, 1]))
            row[what] = _change(gone[-1], len(a))
        row["gap"] = _change(gone[1] - gone[0], len(a))
        row["log-odds"] = _change(fall[1] - fall[0], len(a))
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def spearman_at(streams: Mapping[str, Stream], edits: int) -> dict[str, Change]:
    """Rank correlation over editors, after equally many edits, of the rise of perplexity with each change."""
    table = losses(reached(streams, edits), edits)
    return {
        what: rank_correlation(table.rise, table[what].map(lambda change: change.mean)) for what in CHANCE
    }


def said_of(streams: Mapping[str, Stream], stages: Sequence[int]) -> str:
    """What the streams show after equal numbers of edits, in sentences made from the numbers."""
    lines = []
    for edits in stages:
        table = losses(reached(streams, edits), edits)
        rises = table.rise.sort_values()
        lines.append(
            f"After {edits} edits, {len(table)} editors: perplexity has risen by {rises.iloc[0]:.1%} "
            f"({rises.index[0]}) to {rises.iloc[-1]:.1%} ({rises.index[-1]})."
        )
        for what, found in spearman_at(streams, edits).items():
            sure = sum(change.high < 0 for change in table[what])
            lines.append(
                f"  Fewer {what} for sure: {sure} of {len(table)}. Rank correlation of the rise with the "
                f"change: {found.mean:+.2f} [{found.low:+.2f}, {found.high:+.2f}]."
            )
    return "\n".join(lines)
