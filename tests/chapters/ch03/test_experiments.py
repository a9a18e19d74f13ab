"""Restarted runs give what full runs give, in every family; effects at the ends of a map are known."""

import numpy as np
import pytest
import torch

from alphaedit_lite import Fact
from alphaedit_lite.book.ch03 import experiments as causal
from alphaedit_lite.book.ch03.results import explained, interval, rank_correlation, within_layer
from alphaedit_lite.hooks import hooked

FACTS = (
    Fact("The capital of {} is", "Italy", new="Paris", true="Rome"),
    Fact("{} is the capital city of", "Rome", new="Japan", true="Italy"),
)
each = pytest.mark.parametrize("fact", FACTS, ids=["in the middle", "at the beginning"])


def from_scratch(lm, fact, runs, places, column):
    """P(answer) of a full run from the noisy embeddings. places: module -> (kind, layer)."""
    ids, first, _ = causal.subject_columns(lm, fact)
    noisy = lm.embed(torch.tensor([ids])).detach().repeat(runs.into.shape[1], 1, 1)
    noisy[:, first:] = runs.into[0]

    def mend(kind, layer):
        def look(value):
            new = value.clone()
            new[:, first + column] = runs.clean[kind][layer, column]
            return new

        return look

    out = {module: mend(*place) for module, place in places.items()}
    with torch.no_grad(), lm.frozen(), hooked(outputs=out):
        ones = torch.ones(noisy.shape[:2], dtype=torch.long)
        hidden, _ = lm.run(noisy, ones, ones.cumsum(1) - 1)
        return lm.logits(hidden[:, -1]).softmax(-1)[:, runs.answer]


@each
@pytest.mark.parametrize("kind", causal.KINDS)
def test_restarting_changes_nothing(lm, fact, kind):
    runs = causal.run_both(lm, fact, noise=1.0, samples=2)
    found = causal.heat(lm, runs, kind, width=3)
    assert found.shape == (len(runs.words), lm.n_layers, 2)
    for column in range(len(runs.words)):
        for layer in (0, 3, lm.n_layers - 1):
            if kind == "hidden":
                places = {lm.block(layer): (kind, layer)}
            else:
                part = lm.down_projection if kind == "mlp" else lambda n: causal.attention(lm, n)
                places = {part(n): (kind, n) for n in causal.window(layer, 3, lm.n_layers)}
            wanted = from_scratch(lm, fact, runs, places, column)
            assert torch.allclose(found[column, layer], wanted, atol=1e-6), (column, layer)


@each
def test_the_ends_of_a_map(lm, fact):
    runs = causal.run_both(lm, fact, noise=1.0, samples=2)
    assert not torch.allclose(runs.p_corrupted, torch.tensor(runs.p_clean), atol=1e-5)  # noise does something
    assert not torch.allclose(runs.p_corrupted[0], runs.p_corrupted[1], atol=1e-7)  # and each its own
    last_block = causal.heat(lm, runs, "hidden", layers=[lm.n_layers - 1])[:, 0]
    assert torch.allclose(
        last_block[-1], torch.tensor(runs.p_clean), atol=1e-6
    )  # the head reads a clean state
    assert torch.allclose(last_block[:-1], runs.p_corrupted.expand(len(last_block) - 1, -1), atol=1e-6)
    quiet = causal.run_both(lm, fact, noise=0.0, samples=2)
    everywhere = causal.heat(lm, quiet, "attention", layers=[0, 3])
    assert torch.allclose(everywhere, torch.tensor(quiet.p_clean), atol=1e-6)


@each
def test_only_the_subject_is_corrupted(lm, fact):
    runs = causal.run_both(lm, fact, noise=1.0, samples=2)
    ids, first, last = causal.subject_columns(lm, fact)
    clean = lm.embed(torch.tensor([ids]))[0]
    moved = (runs.into[0] != clean[first:]).any(0).any(-1)
    assert moved.tolist() == [column <= last - first for column in range(len(ids) - first)]
    assert "".join(runs.words[: runs.last + 1]).strip() == fact.subject


def test_the_answer_may_be_another_object(lm):
    other = causal.run_both(lm, FACTS[0], 1.0, answer=" Paris")
    assert other.answer == causal.first_token(lm, FACTS[0], " Paris")
    assert other.answer != causal.run_both(lm, FACTS[0], 1.0).answer


def test_windows_and_groups():
    assert list(causal.window(0, 5, 30)) == [0, 1, 2]
    assert list(causal.window(10, 5, 30)) == [8, 9, 10, 11, 12]
    assert list(causal.window(29, 5, 30)) == [27, 28, 29]
    assert list(causal.window(7, 1, 30)) == [7]
    for width, last in ((8, 1), (5, 3), (4, 3), (3, 0), (6, 0)):
        parts = causal.groups(width, last)
        assert sorted(column for part in parts for column in part) == sorted(range(width)), (width, last)
        assert parts[2] == [last]
        assert len(parts) == len(causal.GROUPS)


def test_rank_correlation():
    x = np.array([0.3, 0.25, 0.12, 0.05, 0.01])
    y = np.array([0.6, 0.9, 0.8, 0.7, 0.1])
    effect, success = np.tile(x, (6, 1)), np.tile(y, (6, 1))
    assert rank_correlation(effect, success) == pytest.approx((0.4, 0.4, 0.4))  # facts do not differ


def test_intervals_leave_missing_entries_out():
    values = np.array([[1.0, np.nan], [3.0, 5.0], [np.nan, 5.0]])
    mean, low, high = interval(values)
    assert mean.tolist() == [2, 5]
    assert (low <= mean).all()
    assert (mean <= high).all()
    assert (low[1], high[1]) == (5, 5)
    assert (low[0], high[0]) == (1, 3)


def test_what_layer_and_effect_explain():
    generator = np.random.default_rng(1)
    by_layer, effect = np.array([0.0, 1.0, 3.0]), generator.normal(size=(40, 3))
    alone, both = explained(effect, by_layer + 0 * effect)
    assert (alone, both) == pytest.approx((1, 1))
    alone, both = explained(effect, by_layer + effect)
    assert alone < 0.9 < both == pytest.approx(1)
    rho = within_layer(effect, by_layer + effect)
    assert rho == pytest.approx(np.ones(3))
