"""The widget of chapter 14 works without a front end, and what it says is true."""

import pytest
import torch

from alphaedit_lite.book.ch14.figures import filter_figure, looser, penalties
from alphaedit_lite.book.ch14.widgets import FilterWidget
from alphaedit_lite.book.kit.layer import OneLayer


@pytest.fixture(scope="module")
def layer():
    torch.manual_seed(0)
    scales = torch.logspace(-2, 0.5, 20, dtype=torch.float64)[:, None]
    K0 = scales * torch.randn(20, 400, dtype=torch.float64)
    C0 = K0 @ K0.T / 400
    K1, R = scales * torch.randn(20, 4).double(), torch.randn(6, 4).double()
    return OneLayer(K1, R, C0, C0, torch.randn(6, 20))


def test_penalties_are_those_of_the_priors(layer):
    c, lam, tau = 7.0, 0.3, 0.1
    found = penalties(layer.values, c, lam, tau)
    C0, eye = layer.moments["known"], torch.eye(20).double()
    for name, A in (("ridge", lam * eye), ("MEMIT", c * C0), ("ENCORE", c * C0 + lam * eye)):
        wanted = layer.R @ layer.K1.T @ torch.linalg.inv(A + layer.K1 @ layer.K1.T)
        assert torch.allclose(layer.R @ layer.with_penalty(found[name]), wanted, atol=1e-9)
    U = layer.V[:, layer.values < tau]
    P = U @ U.T
    bracket = layer.K1 @ layer.K1.T @ P + lam * eye
    alphaedit = torch.linalg.solve(bracket.T, (layer.R @ layer.K1.T @ P).T).T
    assert torch.allclose(layer.R @ layer.with_penalty(found["AlphaEdit"]), alphaedit, atol=1e-9)


def test_where_alphaedit_is_looser():
    values = torch.tensor([0.1, 1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    assert looser(values, c=2.0, lam=1.0, tau=2.5) == (pytest.approx(2 / 5), pytest.approx(3 / 10.1))
    assert looser(values, c=2.0, lam=9.0, tau=2.5) == (0.0, 0.0)


def test_the_widget_says_what_it_draws(layer):
    widget = FilterWidget(layer, 10, 1, float(layer.values[12]))
    for c, lam in ((10, 1), (1000, 10)):
        widget.c.value, widget.lam.value = c, lam
        (output,) = widget.output.outputs
        assert set(output["data"]) == {"text/html", "image/png", "text/plain"}
        said = output["data"]["text/plain"]
        c_, lam_, tau = widget.c.value, widget.lam.value, widget.tau.value
        row = layer.judge(layer.with_penalty(penalties(layer.values, c_, lam_, tau)["MEMIT"]))
        assert f"MEMIT writes {row['share']:.0%}" in said
        assert f"on {looser(layer.values, c_, lam_, tau)[0]:.0%} of the directions" in said
    _, alt = filter_figure(layer, [(10, 1, 0.1), (1000, 1, 0.1)])
    assert alt.count("AlphaEdit is looser") == 2
