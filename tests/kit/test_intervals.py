"""The one bootstrap against scipy's and against theory; rank correlation and sign test likewise."""

import math

import numpy as np
import pytest
import scipy.stats

from alphaedit_lite.book.kit.intervals import Change, difference, estimate, interval, sign_test, spearman
from alphaedit_lite.metrics import bootstrap, percentiles

RNG = np.random.default_rng(7)
SKEWED, LESS = RNG.exponential(size=80), RNG.exponential(size=50)
PARTNER = SKEWED + RNG.normal(size=80)


def correlation(x, y):
    x, y = x - x.mean(-1, keepdims=True), y - y.mean(-1, keepdims=True)
    return (x * y).sum(-1) / np.sqrt((x * x).sum(-1) * (y * y).sum(-1))


@pytest.mark.parametrize(
    ("ours", "sizes", "data", "statistic", "paired"),
    [
        (lambda i: SKEWED[i].mean(1), (80,), (SKEWED,), lambda x, axis: x.mean(axis), False),
        (lambda i: correlation(SKEWED[i], PARTNER[i]), (80,), (SKEWED, PARTNER),
         lambda x, y, axis: correlation(x, y), True),
        (lambda i, j: LESS[j].mean(1) - SKEWED[i].mean(1), (80, 50), (SKEWED, LESS),
         lambda x, y, axis: y.mean(axis) - x.mean(axis), False),
    ],
    ids=["one sample", "paired", "two samples"],
)  # fmt: skip
def test_the_interval_is_that_of_scipy(ours, sizes, data, statistic, paired):
    """Other draws, the same interval: the ends may differ by their Monte-Carlo error, and by no more."""
    found = estimate(ours, *sizes, resamples=20_000, seed=0)
    theirs = scipy.stats.bootstrap(
        data, statistic, paired=paired, method="percentile", n_resamples=20_000, random_state=1
    )
    low, high = theirs.confidence_interval
    width = high - low
    assert found.low == pytest.approx(low, abs=0.03 * width)
    assert found.high == pytest.approx(high, abs=0.03 * width)
    assert found.n == sizes[0]
    assert found.mean == pytest.approx(statistic(*data, axis=-1))


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """Normal scores, n = 40: mean ± 1.96 s/√n leaves the truth out 5.7% of the time (Student), plus noise."""
    hits, n = 0, 40
    for seed in range(400):
        values = np.random.default_rng(seed).normal(3, 2, n)
        found = interval(values, seed)
        assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(n), rel=0.12)
        hits += found.low <= 3 <= found.high
    assert 0.90 <= hits / 400 <= 0.97


def test_blocks_are_drawn_whole():
    """Each fact with ten prompts that agree: rows of facts give √10 times the width of rows of prompts."""
    prompts = np.repeat(np.random.default_rng(3).random(60)[:, None] < 0.5, 10, axis=1).astype(float)
    facts = estimate(lambda i: prompts[i].mean((1, 2)), 60)
    alone = estimate(lambda i: prompts.ravel()[i].mean(1), 600)
    assert facts.mean == pytest.approx(alone.mean)
    assert (facts.high - facts.low) / (alone.high - alone.low) == pytest.approx(math.sqrt(10), rel=0.1)


def test_draws_are_with_replacement_and_go_on_from_a_generator():
    rows = bootstrap(lambda i: i, 30, resamples=500)
    assert rows.shape == (500, 30)
    distinct = np.mean([len(set(row)) for row in rows]) / 30
    assert distinct == pytest.approx(1 - (1 - 1 / 30) ** 30, abs=0.01)
    assert (rows == bootstrap(lambda i: i, 30, resamples=500)).all()
    rng = np.random.default_rng(0)
    first, second = (bootstrap(lambda i: i, 30, resamples=500, seed=rng) for _ in range(2))
    assert (first == rows).all()
    assert (second != rows).any()


def test_what_has_no_value_is_left_out_of_the_percentiles():
    draws = np.array([[math.nan, 0.0], *[[v, v] for v in range(1, 102)]])
    low, high = percentiles(draws, 0.9)
    assert (low[0], high[0]) == pytest.approx((6, 96))
    assert low[1] < low[0]
    assert math.isnan(interval([math.nan]).mean)
    assert interval([1.0, math.nan, 1.0]) == Change(1, 1, 1, 2)


def test_what_two_editors_share_cancels():
    hard = np.random.default_rng(5).normal(size=100)
    assert difference(hard + 1, hard) == pytest.approx((1, 1, 1, 100))


def test_rank_correlation_is_that_of_scipy_row_by_row():
    rng = np.random.default_rng(6)
    x, y = rng.integers(0, 6, (20, 12)), rng.normal(size=(20, 12))  # x has ties
    expected = [scipy.stats.spearmanr(a, b).statistic for a, b in zip(x, y, strict=True)]
    assert spearman(x, y) == pytest.approx(expected)
    assert spearman(x[0], np.exp(x[0])) == pytest.approx(1)
    assert math.isnan(spearman(x[0], np.ones(12)))


def test_the_sign_test_without_a_change_says_nothing():
    assert sign_test(0, 0) == 1
    assert sign_test(0, 5) == sign_test(5, 0) == pytest.approx(2 / 2**5)
