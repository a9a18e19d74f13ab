"""The theorems, over shapes, ranks and precisions that nobody chose."""

import itertools

import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch.testing import assert_close

from alphaedit_lite import KeyStatistics, NullSpace, solvers

quick = settings(max_examples=40, deadline=None)
sizes = some.integers(2, 24)


def draw(seed, *shape, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


@quick
@given(d=some.integers(3, 30), share=some.floats(0.1, 0.9), n=some.integers(1, 8), past=some.integers(0, 90),
       lam=some.floats(1e-3, 1e3), seed=some.integers(0, 10**6))  # fmt: skip
def test_alphaedit_leaves_known_keys_alone_and_solves_its_equation(d, share, n, past, lam, seed):
    rank = max(1, min(d - 1, round(share * d)))
    known = draw(seed, 3 * d, rank) @ draw(seed + 1, rank, d)
    space = NullSpace.fit(known.T @ known / len(known), 1e-8, "relative")
    assert space.rank == d - rank
    p = space.projection
    assert_close(p, p.T)
    assert_close(p @ p, p)
    keys, history = draw(seed + 2, n, d), draw(seed + 3, past, d) if past else None
    gain = solvers.alphaedit(keys, space, lam, history)
    assert (known @ gain.T).norm() <= 1e-7 * known.norm() * max(float(gain.norm()), 1e-12)
    every = keys if history is None else torch.cat([history, keys])
    left = gain @ (every.T @ every @ p + lam * torch.eye(d, dtype=torch.float64))  # G (KKᵀP + λI) = K1ᵀP
    assert_close(left, keys @ p, atol=1e-7 * float(keys.norm() * (1 + every.norm())), rtol=1e-6)


@quick
@given(d=sizes, n=some.integers(1, 60), seed=some.integers(0, 10**6),
       cuts=some.lists(some.integers(0, 60), max_size=4),
       dtype=some.sampled_from([torch.float64, torch.float32, torch.bfloat16]))  # fmt: skip
def test_streaming_is_the_batch(d, n, cuts, dtype, seed):
    keys = draw(seed, n, d, dtype=dtype)
    whole, parts = KeyStatistics.empty(d), KeyStatistics.empty(d)
    whole.update(keys)
    edges = sorted({0, n, *(min(c, n) for c in cuts)})
    for a, b in itertools.pairwise(edges):
        one = KeyStatistics.empty(d)
        one.update(keys[a:b])
        parts = parts.merge(one)
    assert parts.count == n
    assert_close(parts.second_moment, whole.second_moment, atol=1e-5, rtol=1e-5)


@quick
@given(d=sizes, kind=some.sampled_from(["absolute", "relative", "energy"]),
       cut=some.floats(0.02, 0.9), seed=some.integers(0, 10**6))  # fmt: skip
def test_a_threshold_keeps_what_it_says(d, kind, cut, seed):
    values = draw(seed, d).abs() + 0.01
    turn = torch.linalg.qr(draw(seed + 1, d, d)).Q
    threshold = float(cut * values.max()) if kind == "absolute" else cut
    try:
        space = NullSpace.fit((turn * values) @ turn.T, threshold, kind)
    except ValueError as error:
        if "direction" not in str(error):
            raise
        return
    kept = values.sort().values[: space.rank]
    if kind == "energy":
        assert kept.sum() <= threshold * values.sum() * (1 + 1e-9)
    else:
        assert kept.max() < (threshold if kind == "absolute" else threshold * values.mean()) * (1 + 1e-9)
    assert_close(torch.tensor(space.leakage), (kept.sum() / values.sum()).float(), check_dtype=False)


@quick
@given(
    rows=some.integers(1, 8),
    columns=some.integers(1, 8),
    keep=some.floats(0.05, 1),
    seed=some.integers(0, 10**6),
)
def test_rect_and_prune_never_grow_an_update(rows, columns, keep, seed):
    delta, weight = draw(seed, rows, columns), draw(seed + 1, rows, columns)
    assert solvers.rect(delta, weight, keep).norm() <= delta.norm()
    assert (
        torch.linalg.svdvals(solvers.prune(5 * delta, weight)).max()
        <= 5 * torch.linalg.svdvals(delta).max() + 1e-9
    )
