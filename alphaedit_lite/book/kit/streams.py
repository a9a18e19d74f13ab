"""Streams of edits, read back: results/stream/*.json as tidy tables, and differences with intervals.

    stream = read_stream("AlphaEdit")             # as ``study`` wrote it; what is not there is named
    course(stream)                                # one row per checkpoint: perplexity, size of the update …
    matrix(stream, "efficacy_top1")               # one row per cohort, one column per checkpoint
    changes.difference(scores(a, 300), scores(b, 300))    # paired by fact: mean, low, high, n

A fact is named by its place in the stream, and every table of scores has these names as its index: so two
checkpoints, or two editors on the same facts, are paired by pandas itself.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .intervals import SEED, Change, difference, estimate, told
from .results import RESULTS

FOLDER = RESULTS / "stream"
EVERY = 100  # facts in a cohort

Stream = Mapping[str, Any]


# -- reading --------------------------------------------------------------------------------------------


def streams_there(facts: str = "counterfact", seed: int = 0, folder: Path | None = None) -> list[str]:
    """The editors that have a file, by name."""
    files = _files(folder, _ending(facts, seed))
    return sorted(json.loads(path.read_text(encoding="utf-8"))["editor"] for path in files)


def read_stream(
    editor: str,
    facts: str = "counterfact",
    seed: int = 0,
    folder: Path | None = None,
    until: int | None = None,
) -> dict[str, Any]:
    """One editor's stream.

    Args:
        facts: "counterfact", or "" for the bundled facts.
        until: leave out what comes after so many edits.

    Raises:
        FileNotFoundError: there is no such stream; the message names those that there are.
    """
    ending = _ending(facts, seed)
    path = (folder or FOLDER) / f"{editor.replace(' ', '-')}{ending}"
    if not path.exists():
        there = ", ".join(p.name.removesuffix(ending) for p in _files(folder, ending)) or "none"
        raise FileNotFoundError(
            f"There is no results/stream/{path.name}; there are: {there}. "
            "It comes with a clone of the repository; `python -m alphaedit_lite.book.kit.studies` makes it."
        )
    stream: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if until is not None:
        stream["checkpoints"] = [c for c in stream["checkpoints"] if c["edits"] <= until]
    return stream


def all_streams(folder: Path | None = None, until: int | None = None) -> dict[str, dict[str, Any]]:
    """Every stream that there is, with at least one checkpoint after the first: editor -> stream."""
    found = {n: read_stream(n, folder=folder, until=until) for n in streams_there(folder=folder)}
    return {name: stream for name, stream in found.items() if last(stream) > 0}


def _ending(facts: str, seed: int) -> str:
    return f"{'-' + facts if facts else ''}-{seed}.json"


def _files(folder: Path | None, ending: str) -> Iterator[Path]:
    for path in sorted((folder or FOLDER).glob(f"*{ending}")):
        if ending.startswith("-counterfact") or "-counterfact" not in path.name:
            yield path


def checkpoint(stream: Stream, edits: int) -> dict[str, Any]:
    """What was measured after so many edits. Raises KeyError, naming the checkpoints that there are."""
    for found in stream["checkpoints"]:
        if found["edits"] == edits:
            return dict(found)
    there = ", ".join(str(c["edits"]) for c in stream["checkpoints"])
    raise KeyError(f"{stream['editor']} has no checkpoint after {edits} edits; it has some after {there}.")


def last(stream: Stream) -> int:
    """The number of edits at the last checkpoint."""
    return int(stream["checkpoints"][-1]["edits"])


# -- tables ---------------------------------------------------------------------------------------------


def course(stream: Stream) -> pd.DataFrame:
    """One row per checkpoint, by ``edits``: what was measured of the model as a whole.

    Columns: ``perplexity`` (infinite after a collapse) and its ``rise``; ``pairs`` and ``last words``, shares
    right; ``update``, ‖ΔW‖/‖W‖ as a mean over the edited layers; ``collapsed``.
    """
    rows = []
    for found in stream["checkpoints"]:
        sizes, now = list(found["update"].values()), found["perplexity"]
        rows.append(
            {
                "edits": found["edits"],
                "perplexity": math.inf if now is None else now,
                "pairs": float(right(found).mean()),
                "last words": float(right(found, "last words").mean()),
                "update": sum(sizes) / len(sizes) if sizes else 0.0,
                "collapsed": bool(found["collapsed"]),
            }
        )
    table = pd.DataFrame(rows).set_index("edits")
    table.insert(1, "rise", table.perplexity / table.perplexity.iloc[0] - 1)
    return table


def right(found: Mapping[str, Any], what: str = "pairs") -> pd.Series:
    """Question by question, 1.0 or 0.0, at one checkpoint.

    Args:
        what: "pairs" (minimal pairs) or "last words".
    """
    if what == "pairs":
        bits = {f"{kind} {i}": bit for kind in sorted(found[what]) for i, bit in enumerate(found[what][kind])}
    else:
        bits = {str(i): bit for i, bit in enumerate(found[what])}
    return pd.Series({name: float(bit) for name, bit in bits.items()}, dtype=float)


def scores(stream: Stream, edits: int, metric: str = "efficacy_top1", first: int | None = None) -> pd.Series:
    """A metric of every fact judged after ``edits`` edits, by the fact's place in the stream.

    Args:
        first: only the cohort that begins with this fact. A metric over nothing is NaN.
    """
    found: dict[int, float] = {}
    for cohort in checkpoint(stream, edits)["cohorts"]:
        if first is None or cohort["first"] == first:
            values = cohort["scores"][metric]
            size = min(EVERY, max(edits, EVERY) - cohort["first"])
            stride = max(1, size // len(values))
            found |= {
                cohort["first"] + stride * i: math.nan if v is None else v for i, v in enumerate(values)
            }
    return pd.Series(found, dtype=float, name=metric)


def matrix(stream: Stream, metric: str = "efficacy_top1", until: int | None = None) -> pd.DataFrame:
    """A metric of each cohort (rows, by its first fact) at each checkpoint (columns); NaN before its time.

    A cohort is here what was written between two checkpoints, so that the diagonal holds each one when it was
    fresh. Every row is a mean over the same facts: those judged at all of its checkpoints.
    """
    ends = [c["edits"] for c in stream["checkpoints"] if 0 < c["edits"] <= (until or last(stream))]
    rows = {}
    for first, fresh in zip([0, *ends], ends, strict=False):
        found = {end: scores(stream, end, metric) for end in ends if end >= fresh}
        table = pd.DataFrame(found).dropna()
        rows[first] = table[(table.index >= first) & (table.index < fresh)].mean()
    return pd.DataFrame(rows).T.reindex(columns=ends)


def fading(stream: Stream, metric: str = "efficacy_top1", first: int = 0, until: int | None = None) -> Change:
    """How a cohort's score has changed since it was written, on the facts judged both times."""
    fresh, now = first + EVERY, last(stream) if until is None else until
    return difference(scores(stream, now, metric, first), scores(stream, fresh, metric, first))


def by_age(values: pd.Series | Sequence[float], seed: int = SEED) -> Change:
    """What the newest fact has over the oldest, by a straight line through the scores, with its interval.

    Args:
        values: scores in the order of writing; if a Series, named by the place in the stream.
    """
    kept = pd.Series(values, dtype=float).dropna()
    places, found = kept.index.to_numpy(dtype=float), kept.to_numpy()
    places = (places - places.min()) / (places.max() - places.min())
    return estimate(lambda rows: _slopes(places[rows], found[rows]), len(kept), seed=seed)


def _slopes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The slope of the straight line of least squares, along the last axis."""
    x = x - x.mean(-1, keepdims=True)
    return np.asarray((x * y).sum(-1) / np.square(x).sum(-1))


def versus(streams: Mapping[str, Stream], a: str, b: str, metric: str = "efficacy_top1") -> str:
    """Editor a against editor b in words, on the facts judged of both at the end of the shorter stream."""
    end = min(last(streams[a]), last(streams[b]))
    return told(difference(scores(streams[a], end, metric), scores(streams[b], end, metric)), a, b)


def story(streams: Mapping[str, Stream], editor: str, rivals: Sequence[str]) -> str:
    """An editor against its rivals, on the facts and on their paraphrases."""
    said = []
    for name in rivals:
        found = (versus(streams, editor, name, m) for m in ("efficacy_top1", "generalization_top1"))
        said.append("on the facts, {}; on paraphrases, {}".format(*found))
    return f"after {last(streams[editor])} edits, {'. Further, '.join(said)}."
