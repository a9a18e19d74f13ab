"""Chapter 15's arithmetic of half precision, against numbers small enough to work out by hand."""

import pytest
import torch

from alphaedit_lite.book.ch15.rounding import lora_logits, rounded_one_by_one, stored_as, unmoved
from tests.conftest import tiny
from tests.helpers import editor_for, same, weights

HALF = torch.bfloat16  # between 1 and 2 its numbers lie 1/128 apart


def test_changes_below_half_a_gap_vanish_one_by_one_and_arrive_together():
    W, gain = torch.ones(1, 2), torch.tensor([[1.0, 1.0]] * 8)
    residual = torch.full((8, 1), 1 / 512)  # a quarter of a gap; eight of them are two gaps
    assert unmoved(W, residual, gain, HALF) == 1
    assert unmoved(W, 4 * residual, gain, HALF) == 0
    assert unmoved(W, residual, torch.tensor([[1.0, 4.0]] * 8), HALF) == 0.5
    found = rounded_one_by_one(W, residual, gain, HALF, look=(1, 8))
    assert found == [(1, 1.0, 1.0), (8, 1.0, 0.0)]


def test_float64_loses_nothing():
    W, residual, gain = torch.randn(4, 6), torch.randn(5, 4), torch.randn(5, 6)
    for _, each, once in rounded_one_by_one(W, residual, gain, torch.float64, look=(1, 5)):
        assert each < 1e-14
        assert once < 1e-14
    assert unmoved(W, residual, gain, torch.float64) == 0


def test_a_rounded_matrix_is_lent_and_the_edit_can_still_be_taken_back(facts):
    lm = tiny("llama")
    before = weights(lm)
    edit = editor_for(lm, lam=1.0).edit(facts)
    layer = edit.layers[0]
    wanted = (lm.ledger.original(layer).to(HALF).double() + edit.delta(layer)).to(HALF).float()
    written = lm.weight(layer).clone()
    with pytest.raises(KeyError), stored_as(lm, edit, HALF):
        assert torch.equal(lm.weight(layer), wanted)
        assert not torch.equal(wanted, written)
        raise KeyError  # comes back on errors, too
    assert torch.equal(lm.weight(layer), written)
    edit.revert()
    assert same(weights(lm), before)


def test_factors_beside_the_matrix_are_the_edit(facts):
    lm = tiny("llama")
    ids = torch.tensor([lm.tokenizer(facts[0].prompt)["input_ids"]])
    edit = editor_for(lm, lam=1.0).edit(facts)
    with torch.no_grad():
        wanted = lm.model(ids).logits
    factors = {i: (edit.residual[i].T, edit.gain[i]) for i in edit.layers}
    edit.revert()
    assert torch.allclose(lora_logits(lm, factors, ids), wanted, atol=1e-4)
    half = {i: (B / 2, A) for i, (B, A) in factors.items()}
    assert not torch.allclose(lora_logits(lm, half, ids), wanted, atol=1e-4)
