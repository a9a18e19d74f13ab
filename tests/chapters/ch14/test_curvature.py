"""Priors that know what leaves a layer: the usual ones are special cases; K-FAC's own costs least."""

import pytest
import torch
import torch.nn.functional as F

from alphaedit_lite.book.ch14.experiments import Planner
from alphaedit_lite.book.ch14.study_curvature import Curvature, gradient_moment
from tests.conftest import CORPUS


@pytest.fixture
def planner():
    torch.manual_seed(0)
    keys = torch.randn(500, 12).double() * torch.linspace(0.1, 2, 12)
    K, R = torch.randn(12, 6).double(), torch.randn(5, 6).double()
    return Planner(K, R, {"text": keys.T @ keys / 500}, torch.randn(5, 12))


@pytest.fixture
def curvature(planner):
    gradients = torch.randn(300, 5).double() * torch.linspace(0.2, 3, 5)
    return Curvature(planner, gradients.T @ gradients / 300)


def usual(planner, way):
    """The inverse of a prior that knows keys only, and the planner's own Δ of it."""
    inverse, delta = {
        "P": ((planner.values < 0.5).double(), planner.write(4, 0.5, share=0.6)),
        "ridge": (torch.ones(12).double(), planner.write(4, None, share=0.6)),
        "MEMIT": (1 / planner.values, planner.write_memit(4, share=0.6)),
    }[way]
    return inverse.expand(5, -1), delta


@pytest.mark.parametrize("way", ["P", "ridge", "MEMIT"])
def test_a_prior_that_does_not_look_at_outputs_is_the_planners(planner, curvature, way):
    inverse, delta = usual(planner, way)
    assert torch.allclose(curvature.write(4, inverse, 0.6), delta, atol=1e-7)


@pytest.mark.parametrize("make", [lambda c: c.soft(), lambda c: c.low(8)])
def test_the_share_is_written(planner, curvature, make):
    assert planner.judge(curvature.write(4, make(curvature), 0.6), 4)["share"] == pytest.approx(0.6, abs=1e-6)


def test_no_other_update_that_comes_as_near_costs_less(planner, curvature):
    """½ tr(G Δ C0 Δᵀ) has its minimum there: the usual priors cost more, and so does every step aside."""
    G = curvature.U @ torch.diag(curvature.cost[:, -1] / planner.values[-1]) @ curvature.U.T
    K, R = planner.K[:, :4], planner.R[:, :4]

    def cost(delta):
        return float(((G @ delta @ planner.known) * delta).sum())

    ours = curvature.write(4, curvature.soft(), 0.6)
    for way in ("P", "ridge", "MEMIT"):
        assert cost(ours) < cost(usual(planner, way)[1])
    misses = (ours @ K - R).square().sum()
    for _ in range(20):
        step = 0.01 * torch.randn_like(ours)
        aside = ours + step
        line = torch.linspace(-0.2, 0.2, 401).double()  # back to as much missed, along Δ
        missed = torch.stack([((aside + t * ours) @ K - R).square().sum() for t in line])
        back = aside + line[(missed - misses).abs().argmin()] * ours
        if (back @ K - R).square().sum() <= misses:
            assert cost(back) > cost(ours)


def test_where_everything_is_written_the_outputs_do_not_matter(planner, curvature):
    """ΔK = R says what leaves the layer: then K-FAC's update is MEMIT's, whatever G is."""
    apart = {
        share: float(
            (curvature.write(4, curvature.soft(), share) - planner.write_memit(4, share=share)).norm()
        )
        for share in (0.6, 1 - 1e-7)
    }
    assert apart[1 - 1e-7] < 1e-4 * apart[0.6]


def test_low_curvature_allows_as_many_directions_as_asked_and_the_cheapest(curvature):
    allowed = curvature.low(8).bool()
    assert int(allowed.sum()) == 8 * 5
    assert curvature.cost[allowed].max() < curvature.cost[~allowed].min()
    delta = curvature.U.T @ curvature.write(4, curvature.low(8), 0.4) @ curvature.planner.V
    assert float(delta[~allowed].abs().max()) < 1e-12 < float(delta[allowed].abs().max())


def test_what_is_out_of_reach_is_said(curvature):
    with pytest.raises(
        ValueError, match=r"A share of 0\.99 is out of reach: at most 0\.\d+ can be written\."
    ):
        curvature.write(4, curvature.low(1), 0.99)


def test_the_gradient_is_that_at_the_memorys_output(lm):
    """Against a whole forward and backward pass, with a hook on the memory itself."""
    layer, ids = 2, torch.tensor([lm.tokenizer(CORPUS[0])["input_ids"][:20]])
    caught = []
    hook = lm.down_projection(layer).register_forward_hook(
        lambda *a: caught.append(a[2]) or a[2].retain_grad()
    )
    logits = lm.model(ids).logits[0].float()
    hook.remove()
    dice = torch.Generator().manual_seed(0)
    drawn = torch.multinomial(logits.detach().softmax(-1), 1, generator=dice)[:, 0]
    F.cross_entropy(logits, drawn, reduction="sum").backward()
    g = caught[0].grad.reshape(-1, lm.d_model).double()
    found = gradient_moment(lm, [CORPUS[0]], layer, tokens=ids.shape[1])
    assert torch.allclose(found, g.T @ g / len(g), rtol=1e-3, atol=1e-6 * float(found.abs().max()))
    lm.model.zero_grad()
