"""The planner is the package's closed form, forecasts what it writes, and knows when the room is full."""

import pytest
import torch

from alphaedit_lite import solvers
from alphaedit_lite.book.ch14.experiments import Planner
from alphaedit_lite.nullspace import NullSpace


@pytest.fixture
def planner():
    torch.manual_seed(0)
    keys = torch.randn(500, 12).double() * torch.linspace(0.1, 2, 12)
    C0, other = keys.T @ keys / 500, torch.eye(12).double()
    return Planner(
        torch.randn(12, 6).double(),
        torch.randn(5, 6).double(),
        {"text": C0, "code": other},
        torch.randn(5, 12),
    )


def test_it_writes_what_the_solvers_write(planner):
    C0, K, R = planner.known, planner.K[:, :4], planner.R[:, :4]
    space = NullSpace.fit(C0, 0.5)
    assert torch.allclose(
        planner.write(4, 0.5, lam=0.3), R @ solvers.ridge(K.T, 0.3 * space.energy, None, space)
    )
    assert torch.allclose(planner.write(4, None, lam=0.3), R @ solvers.ridge(K.T, 0.3 * float(C0.trace())))
    assert torch.allclose(planner.write_memit(4, 20.0), R @ solvers.memit(K.T, C0, 20.0))


@pytest.mark.parametrize("threshold", [0.5, None])
def test_a_share_that_is_asked_for_is_written(planner, threshold):
    assert planner.cost(4, threshold, share=0.6)["share"] == pytest.approx(0.6, abs=1e-6)
    assert planner.memit(4, share=0.6)["share"] == pytest.approx(0.6, abs=1e-6)


def test_the_change_of_answers_is_that_of_the_keys_themselves(planner):
    delta = planner.write(4, 0.5)
    found = planner.judge(delta, 4)
    W, root = planner.W, torch.linalg.cholesky(planner.known)  # columns with this second moment
    assert found["text"] == pytest.approx(float((delta @ root).norm() / (W @ root).norm()))
    assert found["code"] == pytest.approx(float(delta.norm() / W.norm()))
    assert found["update"] == pytest.approx(found["code"])  # of white keys


def test_memit_changes_the_known_text_least_at_an_equal_share(planner):
    """No prior of the family writes as much with less of it (chapter 8)."""
    ours = planner.memit(4, share=0.6)["text"]
    for threshold in (0.5, 1.5, None):
        assert ours < planner.cost(4, threshold, share=0.6)["text"]


def test_more_facts_than_directions_cannot_all_be_written(planner):
    rank = planner.basis(0.5).shape[1]
    found = planner.cost(6, 0.5, lam=1e-9)
    assert found["room"] == 6 / rank > 1
    assert found["share"] < 0.99 < planner.cost(6, None, lam=1e-9)["share"]
