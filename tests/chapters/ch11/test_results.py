"""The race of two abilities along streams: parts gone, on two scales, after equally many edits."""

import math

import pytest

from alphaedit_lite.book.ch11 import results as along
from tests.helpers import checkpoint


def stream(pairs: str, words: str, perplexity: float | None = 22.0, ends: int = 100) -> dict:
    """100 pairs, 90 right, and 80 last words, 40 right; then ten times these."""
    checks = [checkpoint(0, [], 20.0, pairs={"a": 10 * "1111111101"}, **{"last words": 10 * "11110000"})]
    for edits in (100, 300)[: 1 + (ends > 100)]:
        both = {"pairs": {"a": 10 * pairs}, "last words": 10 * words}
        checks.append(checkpoint(edits, [], perplexity, **both))
    return {"editor": "x", "checkpoints": checks}


def test_the_part_gone_is_measured_from_chance():
    found = along.race({"x": stream("1111111001", "11000000")}).loc["x"]
    assert found.pairs.mean == pytest.approx(0.1 / 0.4)
    assert found["last words"].mean == pytest.approx(0.5)
    assert found.gap.mean == pytest.approx(0.25)
    assert found.gap.low <= found.gap.mean <= found.gap.high
    assert (found.pairs.n, found["last words"].n) == (50, 80)  # squares and texts are redrawn
    odds = [math.log((a + 0.5) / (b + 0.5)) for a, b in ((40, 40), (20, 60), (90, 10), (80, 20))]
    assert found["log-odds"].mean == pytest.approx(odds[0] - odds[1] - (odds[2] - odds[3]))


def test_nothing_lost_is_no_gap_and_everything_stays_finite():
    same = along.race({"x": stream("1111111101", "11110000")}).loc["x"]
    assert [same.gap[:3], same["log-odds"][:3]] == [(0, 0, 0)] * 2
    ruined = along.race({"x": stream("0000000000", "00000000", None)}).loc["x"]
    assert all(math.isfinite(value) for change in ruined for value in change)


def test_editors_are_compared_after_equally_many_edits():
    streams = {
        "a": stream("1111111101", "11100000", 21.0, 300),
        "b": stream("1111111001", "11000000", 22.0, 300),
        "c": stream("1111110001", "10000000", 23.0),
        "d": stream("0000000000", "00000000", None, 300),  # collapsed: perplexity is infinite
    }
    assert list(along.reached(streams, 300)) == ["a", "b", "d"]
    assert list(along.race(streams, 300).index) == ["a", "b", "d"]
    assert list(along.race(streams, 100).index) == list(streams)
    found = along.spearman_at(streams, 100)
    assert found["last words"].n == 4
    assert found["last words"].mean == pytest.approx(-1)
    said = along.said_of(streams, (100, 300))
    assert "After 100 edits, 4 editors: perplexity has risen by 5.0% (a)" in said
    assert "After 300 edits, 3 editors" in said
