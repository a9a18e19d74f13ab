"""The widget of chapter 8 works without a front end; its one-layer measurements are what they say."""

import math

import pytest
import torch

from alphaedit_lite.book.ch08.figures import (
    SHARES,
    corner_figure,
    fronts_figure,
    leaks_figure,
    price_figure,
    projection_figure,
)
from alphaedit_lite.book.ch08.reference import thin
from alphaedit_lite.book.ch08.results import front
from alphaedit_lite.book.ch08.widgets import ProjectionWidget
from alphaedit_lite.book.kit.layer import OneLayer


@pytest.fixture
def layer():
    torch.manual_seed(8)
    mix = torch.randn(16, 16).double() * torch.logspace(-2, 0.5, 16).double()[:, None]
    K0, fresh = mix @ torch.randn(16, 400).double(), mix @ torch.randn(16, 300).double()
    K1, R, W = mix @ torch.randn(16, 4).double(), torch.randn(7, 4).double(), torch.randn(7, 16)
    return OneLayer(K1, R, K0 @ K0.T / 400, fresh @ fresh.T / 300, W)


def test_what_a_write_does_is_measured_as_it_says(layer):
    gain = thin(layer.K1, layer.basis(0.3), 0.7)
    delta, row = layer.R @ gain, layer.judge(gain)
    assert row["share"] == pytest.approx(float((delta @ layer.K1 * layer.R).sum() / layer.R.square().sum()))
    for name in ("known", "unseen"):
        change = float((delta @ layer.moments[name] @ delta.T).trace()) ** 0.5
        assert row["ratio" if name == "known" else "unseen ratio"] == pytest.approx(
            change / float(delta.norm())
        )
        assert row[name] == pytest.approx(change / layer.answers[name])


def test_a_share_asked_for_is_the_share_written(layer):
    for share in (0.3, 0.8):
        for leak in (0.2, 1.0):
            assert layer.at_share(thin, layer.basis(leak), share)["share"] == pytest.approx(share, abs=1e-6)
        assert layer.memit_at_share(share)["share"] == pytest.approx(share, abs=1e-6)


def test_the_penalty_view_holds_every_editor(layer):
    lam, U = 0.7, layer.basis(0.3)
    penalty = torch.full((16,), math.inf, dtype=torch.float64)
    penalty[: U.shape[1]] = lam
    assert torch.allclose(layer.with_penalty(penalty), thin(layer.K1, U, lam), atol=1e-9)
    # with a penalty of c·(eigenvalue) it is MEMIT, the least change of known answers for its share
    memit = layer.memit_at_share(0.8)
    others = [layer.at_share(thin, layer.basis(leak), 0.8) for leak in (0.2, 0.5, 1.0)]
    assert all(memit["known"] < other["known"] + 1e-9 for other in others)


def test_switch_and_sliders_redraw(layer):
    widget = ProjectionWidget(layer, thin)
    said = []
    for on, leak, share in ((True, 0.28, 0.8), (True, 0.05, 0.8), (True, 0.05, 0.5), (False, 0.05, 0.5)):
        widget.on.value, widget.leak.value, widget.share.value = on, leak, share
        (output,) = widget.output.outputs
        assert "image/png" in output["data"]
        said.append(output["data"]["text/plain"])
        leaks = [leak] if on else []
        assert said[-1] == projection_figure(layer, thin, leaks, share)[1]  # as the static twin
        assert ("P, leak" in said[-1]) == on
        assert widget.leak.disabled == (not on)
    assert len(set(said)) == 4
    assert len(SHARES) > 3


def test_the_other_figures_say_their_numbers(layer):
    import pandas as pd

    rows = [{"c": c, **layer.judge(layer.with_penalty(c * layer.values + 0.1))} for c in (0.01, 1, 100)]
    point = layer.judge(thin(layer.K1, layer.basis(0.3), 0.1))
    alt = corner_figure({"toy": (pd.DataFrame(rows), point), "again": (pd.DataFrame(rows), point)})[1]
    assert f"AlphaEdit {point['share']:.0%} written" in alt
    table = pd.DataFrame([{"leak": s, **layer.at_share(thin, layer.basis(s), 0.8)} for s in (0.2, 1.0)])
    assert "leak 20%" in leaks_figure(table, layer.memit_at_share(0.8), 0.8)[1]
    alt = price_figure([0.01, 0.28, 1.0], [0.9, 0.3, 0.4], 0.2, 0.28)[1]
    assert "leak 1%: 90%; leak 28%: 30%; leak 100%: 40%" in alt
    assert "MEMIT: 20%" in alt
    study = {
        "unedited": {"perplexity": 10.0},
        "rows": [
            {"editor": "no P", "history": True, "value": v, "perplexity": 10 + v, "efficacy_top1": 0.5,
             **{name: {"7": 0.1} for name in ("known", "unseen", "update")}}
            for v in (2.0, 1.0)
        ],
    }  # fmt: skip
    found = front(study, "no P")
    assert found.rise.tolist() == pytest.approx([0.1, 0.2])
    assert "no P, by λ: 1: 50%, rise 10.0%" in fronts_figure({"no P": found})[1]
