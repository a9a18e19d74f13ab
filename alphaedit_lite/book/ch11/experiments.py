"""General ability: judge a model on some minimal pairs, last words and text, and say whether a loss is real.

    some = part(8)                                   # eight squares of each phenomenon
    scores = sentence_scores(lm, some)               # sentence -> log-probability, from where a pair parts
    state = look(lm, some)                           # pairs, last words and perplexity of the model as it is
    losses(streams, 300)                             # along a stream: each ability, with its interval

The two pairs of a square hold the same words, so they are not independent: intervals draw whole squares.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...metrics import perplexity, token_scores
from ...models import LanguageModel
from ...support.texts import wikipedia_leads
from ...support.tokens import encode
from ..kit.intervals import Change, difference, estimate, interval, sign_test, spearman
from ..kit.last_words import judge_last_words, last_words
from ..kit.minimal_pairs import PHENOMENA, Pair, pairs, split
from ..kit.streams import Stream, checkpoint, course, last, right

LEADS, SENTENCES = 8, 24  # read by ``look``


def part(squares: int) -> list[Pair]:
    """The first squares of every phenomenon, two pairs each."""
    everything = pairs()
    per = len(everything) // len(PHENOMENA)
    return [pair for i, pair in enumerate(everything) if i % per < 2 * squares]


def sentence_scores(lm: LanguageModel, some: Sequence[Pair]) -> dict[str, float]:
    """Log-probability of both sentences of each pair, in nats, from the place on where they part.

    What stands before has the same probability in both, and is left out.
    """
    asked = [(start, rest) for start, good, bad in map(split, some) for rest in (good, bad)]
    scores = token_scores(lm, asked)
    sentences = [sentence for pair in some for sentence in (pair.good, pair.bad)]
    return {sentence: float(log_p.sum()) for sentence, (log_p, _) in zip(sentences, scores, strict=True)}


def shuffled(some: Sequence[Pair], seed: int = 11) -> list[Pair]:
    """The same pairs with the words before the contrast in another order, the same in both sentences."""
    rng, found = random.Random(seed), []
    for pair in some:
        start, good, bad = split(pair)
        words = start.split()
        rng.shuffle(words)
        found.append(Pair(pair.phenomenon, " ".join(words) + good, " ".join(words) + bad))
    return found


def names(some: Sequence[Pair]) -> list[str]:
    """A name for each pair as in ``streams.right``: its phenomenon and its place there."""
    kinds = pd.Series([pair.phenomenon for pair in some])
    return (kinds + " " + kinds.groupby(kinds).cumcount().astype(str)).tolist()


def squares(bits: pd.Series) -> pd.Series:
    """Pairs, named "phenomenon place", as squares: the share of each square's two pairs that is right."""
    kinds = bits.index.str.rsplit(" ", n=1)
    return bits.groupby([f"{kind} {int(place) // 2}" for kind, place in kinds], sort=False).mean()


def phenomenon_of(bits: pd.Series) -> pd.Index:
    """The phenomenon of each named pair or square."""
    return bits.index.str.rsplit(" ", n=1).str[0]


@dataclass(frozen=True)
class State:
    """What was measured of one model: pairs and last words question by question, and perplexity."""

    pairs: pd.Series
    last_words: pd.Series
    perplexity: float


def look(lm: LanguageModel, some: Sequence[Pair], scores: Mapping[str, float] | None = None) -> State:
    """The model as it is now, on these pairs (or by ``scores`` of theirs), on a few last words and leads."""
    scores = sentence_scores(lm, some) if scores is None else scores
    bits = [float(scores[pair.good] > scores[pair.bad]) for pair in some]
    leads = wikipedia_leads("heldout")
    follows = judge_last_words(lm, last_words(leads[100:], SENTENCES))
    return State(
        pd.Series(bits, names(some)),
        pd.Series([float(bit) for bit in follows], [str(i) for i in range(len(follows))]),
        perplexity(lm, leads[:LEADS]),
    )


def change(before: pd.Series, after: pd.Series) -> Change:
    """The mean change question by question; the interval draws squares where these are pairs."""
    if " " in str(before.index[0]):
        before, after = squares(before), squares(after)
    return difference(after, before)


def unpaired(before: pd.Series, after: pd.Series, seed: int = 11) -> Change:
    """The same as if other questions had been asked each time: what pairing saves."""
    a, b = before.to_numpy(), after.to_numpy()
    return estimate(lambda i, j: b[j].mean(1) - a[i].mean(1), len(a), len(b), seed=seed)


def losses(streams: Mapping[str, Stream], edits: int | None = None) -> pd.DataFrame:
    """One row per editor after so many edits, or at its end.

    Columns: ``edits``; ``rise`` of perplexity; ``pairs`` and ``last words``, each a ``Change`` from the
    unedited model; ``p pairs`` over squares that lost or gained, and ``p last words`` (sign tests).
    """
    rows = {}
    for name, stream in streams.items():
        at = last(stream) if edits is None else edits
        before, after = checkpoint(stream, 0), checkpoint(stream, at)
        row: dict[str, object] = {"edits": at, "rise": course(stream).rise[at]}
        for what in ("pairs", "last words"):
            a, b = right(before, what), right(after, what)
            row[what] = change(a, b)
            moved = np.sign(squares(b) - squares(a)) if what == "pairs" else b - a
            row[f"p {what}"] = sign_test(int((moved < 0).sum()), int((moved > 0).sum()))
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def by_phenomenon(before: pd.Series, after: pd.Series) -> dict[str, Change]:
    """``change`` for each phenomenon."""
    kinds = phenomenon_of(before)
    return {str(kind): change(before[kinds == kind], after[kinds == kind]) for kind in kinds.unique()}


def share_with_interval(bits: pd.Series) -> Change:
    """The share right, with an interval that draws squares."""
    return interval(squares(bits))


def points(streams: Mapping[str, Stream]) -> pd.DataFrame:
    """Every checkpoint after the first: ``editor``, ``edits``, ``rise``, and both changes in shares."""
    rows = []
    for name, stream in streams.items():
        table = course(stream)
        for edits in table.index[1:]:
            row = {"editor": name, "edits": edits, "rise": table.rise[edits]}
            rows.append(row | {w: table[w][edits] - table[w].iloc[0] for w in ("pairs", "last words")})
    return pd.DataFrame(rows)


def rank_correlation(x: pd.Series, y: pd.Series, seed: int = 11) -> Change:
    """Spearman's, with a bootstrap interval over the rows."""
    a, b = x.to_numpy(float), y.to_numpy(float)
    return estimate(lambda rows: spearman(a[rows], b[rows]), len(a), resamples=1000, seed=seed)


def as_streams(rows: Mapping[str, Stream]) -> dict[str, Stream]:
    """Rows of results/ability.json as streams with two checkpoints, which the functions above can read."""
    edited = {name: row for name, row in rows.items() if name != "unedited"}
    return {name: {"editor": name, "checkpoints": [rows["unedited"], row]} for name, row in edited.items()}


def rise(before: Stream, after: Stream, seed: int = 11) -> Change:
    """The rise of perplexity with an interval that draws leads, each with its loss before and after.

    Args:
        before, after: rows of results/ability.json: their ``losses`` are (tokens, summed loss) of each lead.
    """
    a, b = (np.array(row["losses"], dtype=float) for row in (before, after))
    tokens, gaps = a[:, 0], b[:, 1] - a[:, 1]
    return estimate(lambda i: np.expm1(gaps[i].sum(1) / tokens[i].sum(1)), len(a), seed=seed)


def token_table(lm: LanguageModel, sentence: str) -> pd.DataFrame:
    """The tokens of a sentence after its first word, and log P of each: ``token`` and ``log_p``.

    Raises:
        ValueError: fewer than two words.
    """
    first, _, rest = sentence.strip().partition(" ")
    if not rest:
        raise ValueError(f"{sentence!r} has no second word: nothing is predicted.")
    ((log_p, _),) = token_scores(lm, [(first, " " + rest)])
    row = encode(lm.tokenizer, first, len(first), " " + rest)
    read = [lm.tokenizer.decode([i]) for i in row.ids[row.object :]]
    return pd.DataFrame({"token": read, "log_p": log_p.tolist()})
