"""Half-precision weights: what rounding takes from an edit, and float32 masters that lose nothing."""

import copy

import pytest
import torch
from torch.testing import assert_close

from alphaedit_lite import LanguageModel, compute_targets
from alphaedit_lite.models import fingerprint
from alphaedit_lite.scale.precision import keep_masters, rounding_loss
from tests.conftest import tiny
from tests.helpers import LAYERS, PLAIN, editor_for, same, weights


@pytest.fixture(params=[torch.bfloat16, torch.float16])
def dtype(request):
    return request.param


@pytest.fixture(params=["llama", "gpt2"])
def half(request, dtype):
    lm = tiny(request.param)
    return LanguageModel(lm.model.to(dtype), lm.tokenizer)


def logits(lm):
    ids = torch.tensor([lm.tokenizer("The capital of France is")["input_ids"]])
    with torch.no_grad():
        return lm.model(ids).logits


def test_the_loss_is_what_is_missing_from_the_weights(half, facts):
    before = weights(half)
    edit = editor_for(half, lam=1.0).edit(facts)
    for layer, loss in rounding_loss(half, edit).items():
        arrived = half.weight(layer).double() - half.ledger.original(layer).double()
        missing = (edit.delta(layer) - arrived).norm() / edit.delta(layer).norm()
        assert loss == pytest.approx(float(missing), rel=1e-9)
    assert rounding_loss(half) == pytest.approx(rounding_loss(half, edit))
    edit.revert()
    assert same(weights(half), before)
    assert set(rounding_loss(half, edit)) == set(LAYERS)  # of an edit that is not in the model, too
    with pytest.raises(ValueError, match="no edits"):
        rounding_loss(half)


def test_coarser_types_lose_more_and_small_updates_vanish(facts):
    """The step of a type at W decides: eight times as wide in bfloat16 as in float16, and absolute in Δ."""
    loss = {}
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        lm = tiny("llama")
        lm = LanguageModel(lm.model.to(dtype), lm.tokenizer)
        edit = editor_for(lm).edit(facts)
        loss[dtype] = rounding_loss(lm, edit)[2]
        edit.revert()
    assert loss[torch.float32] < 1e-5
    assert 5 < loss[torch.bfloat16] / loss[torch.float16] < 11
    for layer in edit.layers:
        edit.residual[layer] *= 1e-6
    assert all(lost == pytest.approx(1, abs=0.01) for lost in rounding_loss(lm, edit).values())


def test_masters_keep_the_whole_update(half, facts, dtype):
    plain = logits(half)
    rounded = editor_for(half).edit(facts)
    lost = rounding_loss(half, rounded)
    rounded.revert()
    of_half = half.fingerprint
    keep_masters(half, LAYERS)
    assert {half.weight(layer).dtype for layer in LAYERS} == {torch.float32}
    assert half.weight(0).dtype == half.weight(4).dtype == dtype
    assert half.fingerprint == fingerprint(half.model) != of_half
    step = torch.finfo(dtype).eps
    assert logits(half).dtype == dtype
    assert_close(logits(half), plain, atol=20 * step, rtol=20 * step)  # only the sum inside is more exact
    before = weights(half)
    z = compute_targets(half, facts, 3, PLAIN, progress=False).z
    edit = editor_for(half).edit(facts, z)
    assert all(loss < 1e-3 * lost[layer] for layer, loss in rounding_loss(half, edit).items())
    for layer in LAYERS:
        assert_close(half.weight(layer), (half.ledger.original(layer) + edit.delta(layer)).float())
    copied = copy.deepcopy(half.model)
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert torch.equal(copied(ids).logits, half.model(ids).logits)
    edit.revert()
    assert same(weights(half), before)


def test_masters_are_refused_after_edits_and_harmless_in_float32(facts):
    lm = tiny("llama")
    before, made = logits(lm), lm.fingerprint
    edit = editor_for(lm).edit(facts[:1])
    with pytest.raises(RuntimeError, match="revert them"):
        keep_masters(lm, LAYERS)
    edit.revert()
    keep_masters(lm, LAYERS)
    assert torch.equal(logits(lm), before)
    assert lm.fingerprint == made
    with pytest.raises(IndexError, match="Layer 99"):
        keep_masters(lm, (2, 99))
