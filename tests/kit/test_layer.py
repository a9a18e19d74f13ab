"""The change of known answers, by its definition: keys one by one."""

import pytest
import torch

from alphaedit_lite.book.kit.layer import OneLayer, answers, known_change


def test_known_answers_change_by_what_their_keys_say():
    """√(mean ‖Δk‖² / mean ‖Wk‖²) over the keys themselves, from their second moment alone."""
    torch.manual_seed(0)
    K0 = torch.randn(12, 300).double() * torch.logspace(-2, 1, 12).double()[:, None]
    W, delta = torch.randn(7, 12), 0.1 * torch.randn(7, 12)
    C0 = K0 @ K0.T / 300
    changed, known = ((A.double() @ K0).square().sum(0).mean().sqrt() for A in (delta, W))
    assert answers(W.double(), C0) == pytest.approx(float(known))
    assert known_change(delta, C0, W) == pytest.approx(float(changed / known))
    assert known_change(3 * delta, C0, W) == pytest.approx(3 * known_change(delta, C0, W))
    hardly = torch.linalg.eigh(C0).eigenvectors[:, :1]  # a direction that the keys hardly use
    assert known_change(delta.double() @ hardly @ hardly.T, C0, W) < 1e-2 * known_change(delta, C0, W)


@pytest.mark.parametrize("n", [1, 4, 9])  # fewer facts than d_model, and more
def test_one_layer_judges_a_write_without_making_it(n):
    torch.manual_seed(n)
    K0, K1, R, gain = (torch.randn(*shape).double() for shape in ((12, 90), (12, n), (7, n), (n, 12)))
    C0, W = K0 @ K0.T / 90, torch.randn(7, 12)
    row, delta = OneLayer(K1, R, C0, C0, W).judge(gain), R @ gain
    assert row["known"] == row["unseen"] == pytest.approx(known_change(delta, C0, W))
    assert row["update"] == pytest.approx(float(delta.norm() / W.norm()))
    assert row["ratio"] == pytest.approx(float((delta @ K0).norm() / delta.norm() / 90**0.5))
    assert row["share"] == pytest.approx(float(((delta @ K1) * R).sum() / R.square().sum()))
