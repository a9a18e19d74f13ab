"""Every family of the architecture table, on a tiny random model; others are refused with a reason."""

import pytest
import torch
from torch.testing import assert_close
from transformers import AutoConfig, AutoModelForCausalLM

from alphaedit_lite import LanguageModel
from alphaedit_lite.hooks import hooked
from alphaedit_lite.prompts import align, encode_fact
from alphaedit_lite.support.architectures import ARCHITECTURES, REFUSED, UnsupportedModelError
from tests.conftest import tiny
from tests.helpers import LAYERS, editor_for, same, weights


@pytest.fixture(params=sorted(ARCHITECTURES))
def lm(request):
    return tiny(request.param)


def test_slices_are_the_whole_model(lm, facts):
    rows = [row for fact in facts for row in encode_fact(lm.tokenizer, fact, ("", "The weather. "), True)]
    batch = align(rows, range(len(rows)), lm.pad_id, lm.device)
    c = batch.subject
    with torch.no_grad():
        embedded = lm.embed(batch.ids)
        _, prefix = lm.run(embedded[:, :c], batch.mask[:, :c], batch.positions[:, :c], keep_prefix=True)
        hidden, _ = lm.run(embedded[:, c:], batch.mask, batch.positions[:, c:], stop=3, prefix=prefix)
        hidden, _ = lm.run(hidden, batch.mask, batch.positions[:, c:], start=3, prefix=prefix)
        for i, row in enumerate(rows):
            alone = lm.model(torch.tensor([row.ids])).logits[0, row.subject : -1]
            assert_close(lm.logits(hidden[i, : len(row.ids) - 1 - row.subject]), alone, atol=2e-5, rtol=1e-4)


def test_the_module_computes_w_k_plus_its_bias(lm):
    """What the hooks call key and value, inside a running model, is W k + b."""
    module, seen = lm.down_projection(2), {}
    ids = torch.tensor([lm.tokenizer("Rome is the capital of Italy")["input_ids"]])
    looks = {
        "inputs": {module: lambda k: seen.update(k=k)},
        "outputs": {module: lambda v: seen.update(v=v.clone())},
    }
    with hooked(**looks), torch.no_grad():
        lm.model(ids)
    bias = 0 if getattr(module, "bias", None) is None else module.bias
    assert_close(seen["v"], seen["k"] @ lm.weight(2).T + bias)


def test_an_edit_changes_the_intended_weights_and_nothing_else(lm, facts):
    before = weights(lm)
    edit = editor_for(lm).edit(facts)
    changed = {name for name, value in weights(lm).items() if not torch.equal(value, before[name])}
    wanted = {id(lm.down_projection(layer).weight) for layer in LAYERS}
    assert changed == {name for name, value in lm.model.named_parameters() if id(value) in wanted}
    edit.revert()
    assert same(weights(lm), before)


@pytest.mark.parametrize("family", sorted(set(REFUSED) - {"gemma3"}))
def test_refused_with_the_reason(family):
    shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = AutoConfig.for_model(family, **shape, num_key_value_heads=2, head_dim=8, vocab_size=20)
    with pytest.raises(UnsupportedModelError, match=REFUSED[family][:40]):
        LanguageModel(AutoModelForCausalLM.from_config(config), tiny("llama").tokenizer)
