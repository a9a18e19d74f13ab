"""AlphaEdit's relatives do what their theorems say."""

import pytest
import torch

from alphaedit_lite import Fact, NullSpace, compute_targets, solvers
from alphaedit_lite.book.ch14 import experiments as relatives
from tests.helpers import LAYERS, PLAIN, editor_for

FACTS = [Fact("The capital of {} is", name, "Rome", true="Paris") for name in ("Italy", "India", "Asia")]


@pytest.fixture
def problem():
    torch.manual_seed(0)
    d, sizes = 24, (4, 3, 5)
    moment = torch.randn(400, d, dtype=torch.float64) * torch.linspace(0.05, 1.5, d)
    space = NullSpace.fit(moment.T @ moment / 400, 0.5, "relative")
    keys = [torch.randn(n, d, dtype=torch.float64) for n in sizes]
    wanted = [torch.randn(n, 6, dtype=torch.float64) for n in sizes]
    return moment.T @ moment / 400, space, keys, wanted


@pytest.mark.parametrize("prior", ["AlphaEdit", "MEMIT", "ENCORE"])
def test_recursive_least_squares_is_the_history(problem, prior):
    moment, space, keys, wanted = problem
    settings = {
        "AlphaEdit": {"lam": 0.7, "null_space": space},
        "MEMIT": {"second_moment": moment, "weight": 3.0},
        "ENCORE": {"second_moment": moment, "weight": 3.0, "lam": 0.7},
    }[prior]
    inverse = solvers.inverse_prior(**settings)
    S, total = inverse(torch.eye(24).double()), torch.zeros(6, 24, dtype=torch.float64)
    for i, (K, V) in enumerate(zip(keys, wanted, strict=True)):
        residual = V - K @ total.T
        delta, S = relatives.rls_step(S, K, residual)
        history = torch.cat(keys[:i]) if i else None
        assert torch.allclose(delta, residual.T @ solvers.gain(K, history, inverse), atol=1e-10)
        total = total + delta
    at_once = torch.cat(wanted).T @ solvers.gain(torch.cat(keys), None, inverse)
    assert torch.allclose(total, at_once, atol=1e-10)  # the order does not matter, and nothing is lost


def test_former_keys_leave_the_space(problem):
    _, space, keys, _ = problem
    basis = space.basis
    keys[1] = torch.cat([keys[1], keys[1][:1] + keys[1][1:2], keys[0][:1]])  # dependent, and seen before
    for K, independent in zip(keys, (4, 3, 5), strict=True):
        smaller = relatives.shrink(basis, K)
        assert smaller.shape[1] == max(0, basis.shape[1] - independent)
        assert torch.allclose(smaller.T @ smaller, torch.eye(smaller.shape[1]).double(), atol=1e-10)
        assert torch.allclose(basis @ (basis.T @ smaller), smaller, atol=1e-10)  # inside the old space
        assert float((K @ smaller).norm()) < 1e-8
        basis = smaller


def test_a_write_of_evoedit_spares_what_it_has_written(problem):
    _, space, keys, wanted = problem
    first, second = keys[:2]
    later = relatives.shrink(space.basis, first)
    gain = relatives.evolved_gain(second, later, 0.5)
    assert float((wanted[1].T @ gain @ first.T).abs().max()) < 1e-10
    same = relatives.evolved_gain(second, space.basis, 0.5)
    assert torch.allclose(same, solvers.alphaedit(second, space, 0.5), atol=1e-10)


def test_norms_are_anchored():
    values = torch.randn(50, 6) * torch.linspace(1, 9, 50)[:, None]
    norm = relatives.anchor_of(values)
    assert norm < float(values.norm(dim=1).mean())  # the longest are left out
    anchored = relatives.anchor_norm(values, norm)
    assert torch.allclose(anchored.norm(dim=1), torch.full((50,), norm), rtol=1e-5)
    assert torch.allclose(torch.cosine_similarity(anchored, values), torch.ones(50), atol=1e-5)


def test_dominant_directions_are_left_alone():
    torch.manual_seed(0)
    W, delta = torch.randn(6, 24, dtype=torch.float64), torch.randn(6, 24, dtype=torch.float64)
    U, V = relatives.dominant(W, 0.5)
    size = (U.T @ W @ V).square().sum() / W.square().sum()
    assert float(size) >= 0.5
    assert U.shape[1] == 1 or float((U[:, :-1].T @ W @ V[:, :-1]).square().sum() / W.square().sum()) < 0.5
    left = relatives.without_dominant(delta, U, V)
    assert float((U.T @ left).abs().max()) < 1e-12
    assert float((left @ V).abs().max()) < 1e-12
    assert torch.allclose(relatives.without_dominant(left, U, V), left)


@pytest.fixture
def targets(lm):
    return compute_targets(lm, FACTS, LAYERS[-1], PLAIN, progress=False).z


def relative(lm, **settings):
    plain = editor_for(lm)
    return relatives.Relative(
        lm, statistics=plain.statistics, progress=False, layers=LAYERS, threshold=0.3,
        threshold_kind="relative", targets=PLAIN, **settings,
    )  # fmt: skip


def test_without_any_change_it_is_alphaedit(lm, targets):
    plain = editor_for(lm).edit(FACTS, targets)
    plain.revert()
    same = relative(lm).edit(FACTS, targets)
    for layer in LAYERS:
        assert torch.equal(plain.delta(layer), same.delta(layer))


def test_evolving_editor_never_touches_earlier_keys(lm, targets):
    editor = relative(lm, evolve=True)
    first = editor.edit(FACTS[:2], targets[:2])
    second = editor.edit(FACTS[2:], targets[2:])
    for layer in LAYERS:
        moved = second.delta(layer) @ first.keys[layer].double().T
        assert float(moved.norm()) < 1e-4 * float(second.delta(layer).norm() * first.keys[layer].norm())


def test_protecting_editor_spares_the_dominant_directions(lm, targets):
    before = {layer: lm.weight(layer).clone() for layer in LAYERS}
    edit = relative(lm, protect=0.3).edit(FACTS, targets)
    for layer in LAYERS:
        U, V = relatives.dominant(before[layer], 0.3)
        delta = edit.delta(layer)
        assert float(delta.norm()) > 0
        assert float((U.T @ delta).norm()) < 1e-5 * float(delta.norm())
        assert float((delta @ V).norm()) < 1e-5 * float(delta.norm())


def test_parts_of_the_block_output(lm):
    v0, h = relatives.parts(lm, FACTS, 2)
    assert v0.shape == h.shape == (3, lm.d_model)
    z = compute_targets(lm, FACTS, 2, PLAIN, progress=False)
    assert torch.allclose(h, z.h, atol=1e-4)
