"""Hidden states of the right place, and tests that notice what there is and nothing else."""

import dataclasses

import pytest
import torch

from alphaedit_lite import Fact
from alphaedit_lite.book.ch12.experiments import (
    classify,
    displacement,
    drift_test,
    energy_test,
    hidden,
    map_of,
    neighbours_kept,
    ordinary,
    overlap,
    overlaps,
    pair_folds,
    spread,
    twin,
)
from alphaedit_lite.prompts import encode


def cloud(n: int = 60, d: int = 8, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


FACTS = [
    Fact("{} is in the country of", "Rome", " Spain"),
    Fact("The capital of {} is", "the old kingdom of Italy", " Paris"),
    Fact("{} plays", "Les Paul", " drums"),
]


@torch.no_grad()
def test_states_are_those_of_the_two_tokens(lm):
    last = lm.n_layers - 1
    found = hidden(lm, FACTS, (0, last), rows=2)
    for i, fact in enumerate(FACTS):
        row = encode(lm.tokenizer, fact.prompt, fact.subject_end)
        ids = torch.tensor([row.ids])
        positions = torch.arange(len(row.ids))[None]
        for layer in (0, last):
            with lm.frozen():
                states, _ = lm.run(lm.embed(ids), torch.ones_like(ids), positions, stop=layer + 1)
            for token, column in (("subject", row.subject), ("prompt", -1)):
                torch.testing.assert_close(
                    found[token, layer][i], states[0, column].float(), atol=1e-4, rtol=1e-3
                )
    other = hidden(lm, [dataclasses.replace(FACTS[0], subject="Oslo")], (0,))
    assert not torch.equal(found["subject", 0][0], other["subject", 0][0])


def test_a_twin_keeps_size_and_singular_values_and_nothing_else(lm):
    delta = torch.randn(lm.d_model, lm.d_ff, dtype=torch.float64)
    edit = twin(lm, {1: delta})
    torch.testing.assert_close(
        torch.linalg.svdvals(edit.delta(1)), torch.linalg.svdvals(delta), atol=1e-8, rtol=1e-8
    )
    assert not torch.allclose(edit.delta(1), delta)
    before = lm.weight(1).clone()
    edit.apply(lm)
    assert not torch.equal(lm.weight(1), before)
    edit.revert()
    assert torch.equal(lm.weight(1), before)


def test_displacement_in_units_of_the_spread():
    X = cloud()
    step = torch.full((8,), spread(X) / 8**0.5)
    moved = displacement(X, X + step)
    assert moved.size == pytest.approx(1, abs=1e-5)
    assert moved.common == pytest.approx(1, abs=1e-5)
    assert moved.common == pytest.approx(moved.size, rel=1e-4)
    apart = displacement(X, X + cloud(seed=1))
    assert apart.common**2 < 0.2 * apart.size**2


def test_neighbours_kept():
    X = torch.tensor([[0.0], [1], [3], [10], [12]])  # nearest: 1, 0, 1, 4, 3
    assert neighbours_kept(X, X + 5) == neighbours_kept(X, 3 * X, 2) == 1
    assert neighbours_kept(X, torch.tensor([[0.0], [1], [8], [10], [12]])) == pytest.approx(
        0.6
    )  # 1, 0, 3, 2, 3
    assert neighbours_kept(cloud(200), cloud(200, seed=1), 10) < 0.15


def test_giants_are_left_out():
    X = cloud()
    X[3] *= 20
    assert ordinary(X).sum() == 59
    assert not ordinary(X)[3]


def test_energy_is_the_formula_and_its_tests_see_different_things():
    X, Y = cloud(), cloud(seed=1) + 0.1
    test = energy_test(X, Y, shuffles=19)
    plain = 2 * torch.cdist(X, Y).mean() - torch.cdist(X, X).mean() - torch.cdist(Y, Y).mean()
    assert test.value == pytest.approx(float(plain), rel=1e-4)
    assert len(test.null) == 19
    moved = X + 0.05  # all the same way, and far less than prompts differ
    assert energy_test(X, moved).p > 0.9
    assert energy_test(X, moved, paired=True).p == pytest.approx(0.001)
    assert drift_test(X, moved).p == pytest.approx(0.001)
    assert energy_test(X, cloud(seed=1) + 2).p == pytest.approx(0.001)


def test_a_test_is_seldom_wrong_when_nothing_has_happened():
    X = cloud()
    gaps = [0.3 * cloud(seed=s + 1) for s in range(40)]
    for values in (
        [drift_test(X - g, X + g, shuffles=99).p for g in gaps],
        [energy_test(X - g, X + g, paired=True, shuffles=99).p for g in gaps],
        [energy_test(cloud(seed=200 + s), cloud(seed=100 + s), shuffles=99).p for s in range(40)],
    ):
        assert sum(p <= 0.05 for p in values) <= 6
        assert 0.25 < sum(values) / 40 < 0.75


def test_the_paired_energy_test_sees_a_wider_cloud_too():
    X = cloud(200)
    wider = X * 1.2
    assert energy_test(X, wider, paired=True).p < 0.01
    assert drift_test(X - X.mean(0), wider - wider.mean(0)).p > 0.9


def test_folds_keep_pairs_and_torn_pairs_mislead():
    folds = pair_folds(60)
    assert torch.equal(folds[:60], folds[60:])
    X = cloud(60, 200)
    still = X + 0.02 * cloud(60, 200, seed=1)
    assert 0.3 < classify(X, still, folds).accuracy < 0.7
    torn = classify(X, still, torch.arange(120) % 7)
    assert torn.accuracy < 0.3
    far = classify(X, X + 1.5, folds)
    assert far.accuracy > 0.95
    assert far.low <= far.accuracy <= far.high


def test_overlap_of_margins():
    x = cloud(400, 1)[:, 0].numpy()
    assert overlap(x, x) == pytest.approx(1, abs=0.01)
    assert overlap(x, x + 50) < 1e-3
    assert overlap(x, cloud(400, 1, seed=1)[:, 0].numpy() + 2) == pytest.approx(0.317, abs=0.08)


def test_a_map_keeps_far_clouds_apart():
    X = cloud(40)
    x, y = map_of(X, X + 30, seed=0, perplexity=10)
    assert x.shape == y.shape == (40, 2)
    assert min(overlaps(x, y)) < 0.7
