"""The same weights are not the same model: its configuration and its adapters take part."""

import gc

import pytest
import torch
from peft import LoraConfig

from alphaedit_lite import AlphaEdit, Edit, LanguageModel
from alphaedit_lite.finetune import FineTune
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.nullspace import NullSpace
from alphaedit_lite.support.answers import alike, answers
from alphaedit_lite.support.architectures import ARCHITECTURES
from alphaedit_lite.support.assets import AssetError
from alphaedit_lite.support.statistics import key_statistics
from tests.conftest import CORPUS, tiny, tiny_model, train_tokenizer
from tests.helpers import LAYERS, editor_for, same, weights

CHANGES = {
    "angles": {"rope_theta": 500_000.0},
    "scaled angles": {"rope_scaling": {"rope_type": "linear", "factor": 8.0, "rope_theta": 10_000.0}},
    "epsilon": {"rms_norm_eps": 0.1},
    "activation": {"hidden_act": "gelu"},
    "heads": {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16},
}
SETTINGS = {"layers": LAYERS, "progress": False, "threshold": 0.5, "threshold_kind": "relative"}


def sisters(change):
    """Two models with the same weights and different configurations."""
    one, other = tiny("llama"), tiny_model("llama", **CHANGES[change])
    other.load_state_dict(one.model.state_dict())
    other = LanguageModel(other, one.tokenizer)
    assert one.fingerprint == other.fingerprint
    return one, other


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_made_under_another_configuration_is_refused(facts, tmp_path, change):
    one, other = sisters(change)
    statistics = fit_statistics(one, LAYERS, CORPUS, 100, progress=False)
    with pytest.raises(ValueError, match=r"statistics given for layer .* answers differently"):
        AlphaEdit(other, statistics=statistics, **SETTINGS)
    spaces = {layer: NullSpace.fit(statistics[layer], 0.5, "relative") for layer in LAYERS}
    with pytest.raises(ValueError, match=r"null space given for layer .* answers differently"):
        FineTune(other, layers=LAYERS, null_spaces=spaces)
    other_statistics = fit_statistics(other, LAYERS, CORPUS, 100, progress=False)
    with pytest.raises(ValueError, match="do not add up"):
        statistics[LAYERS[0]].merge(other_statistics[LAYERS[0]])
    edit = AlphaEdit(one, statistics=statistics, **SETTINGS).edit(facts[:1])
    edit.save(tmp_path / "edit.safetensors")
    before = weights(other)
    with pytest.raises(ValueError, match="another configuration"):
        Edit.load(tmp_path / "edit.safetensors").apply(other)
    assert same(weights(other), before)
    edit.revert()
    Edit.load(tmp_path / "edit.safetensors").apply(one)


def test_kept_statistics_are_fitted_anew_under_another_configuration(monkeypatch, tmp_path):
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path))
    one, other = sisters("epsilon")

    def fitted(lm):
        return key_statistics(lm, LAYERS[:1], CORPUS, 100, progress=False)[LAYERS[0]]

    first, second = fitted(one), fitted(other)
    assert not torch.allclose(first.total, second.total, rtol=1e-2)
    assert torch.allclose(
        second.total, fit_statistics(other, LAYERS[:1], CORPUS, 100, False)[LAYERS[0]].total
    )
    path = next(tmp_path.rglob("*.safetensors"))
    made = path.stat().st_mtime_ns
    assert torch.equal(fitted(other).total, second.total)
    assert path.stat().st_mtime_ns == made, "loaded, not fitted again"


def test_statistics_stay_on_disk_and_tell_when_they_are_others_there(monkeypatch, tmp_path):
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path))
    one, other = sisters("epsilon")

    def held():
        gc.collect()
        return sum(isinstance(x, torch.Tensor) and x.shape == (one.d_ff,) * 2 for x in gc.get_objects())

    before = held()
    first = key_statistics(one, LAYERS, CORPUS, 100, progress=False)
    editor = AlphaEdit(one, statistics=first, **SETTINGS)
    assert held() == before, "a large model's would fill the memory"
    assert set(editor.null_spaces) == set(LAYERS)
    again = dict(first)
    assert all(torch.equal(first[layer].total, again[layer].total) for layer in LAYERS)
    key_statistics(other, LAYERS, CORPUS, 100, progress=False)  # into the same files
    with pytest.raises(AssetError, match="fitted anew meanwhile"):
        first[LAYERS[0]]
    next(tmp_path.rglob("*.safetensors")).write_bytes(b"")
    with pytest.raises(AssetError, match="cannot be read"):  # at once, and not in the midst of an edit
        key_statistics(other, LAYERS, CORPUS, 100, progress=False)
    for path in tmp_path.rglob("*.safetensors"):
        path.unlink()
    with pytest.raises(AssetError, match="gone from the cache"):
        first[LAYERS[0]]


@pytest.mark.parametrize("held", [False, True], ids=["no edit", "an edit held"])
def test_an_adapter_that_is_switched_off_is_seen(facts, held):
    model = tiny_model("llama")
    model.add_adapter(LoraConfig(r=2, target_modules=["q_proj", "o_proj"], init_lora_weights=False))
    lm = LanguageModel(model, train_tokenizer())
    editor = editor_for(lm)
    if held:
        editor.edit(facts[1:2])
    model.disable_adapters()
    before = weights(lm)
    for act in (lambda: editor.edit(facts[:1]), lambda: FineTune(lm, layers=LAYERS, steps=1).edit(facts[:1])):
        with pytest.raises(RuntimeError, match="no longer answers as it did"):
            act()
    assert same(weights(lm), before)
    model.enable_adapters()
    editor.edit(facts[:1])


@pytest.mark.parametrize("family", sorted(ARCHITECTURES))
def test_the_edits_that_a_model_holds_do_not_count(family, facts):
    """Whatever its blocks multiply, add and transpose: without the edits it says what it said before."""
    lm = tiny(family)
    said, ids = lm.answers, torch.tensor([[5, 6, 7, 8]])
    plain = lm.model(ids, return_dict=True).logits
    edit = Edit((), lm.fingerprint, {}, dense={i: 0.3 * torch.randn(lm.d_model, lm.d_ff) for i in LAYERS})
    edit.apply(lm)
    assert not torch.allclose(lm.model(ids, return_dict=True).logits, plain, rtol=0.01)
    torch.testing.assert_close(answers(lm)[:-1], said[:-1], rtol=1e-3, atol=1e-4)
    assert answers(lm)[-1] == said[-1]


def test_what_was_not_noted_is_not_compared_and_rounding_is_no_difference():
    said = (1.0, -2.0, 0.5)
    assert alike((), said, torch.float32)
    assert alike(said, (), torch.float32)
    assert alike(said, (1.0005, -2.0, 0.5), torch.float32)
    assert not alike(said, (1.01, -2.0, 0.5), torch.float32)
    assert alike(said, (1.01, -2.0, 0.5), torch.bfloat16)
    assert not alike(said, said[:2], torch.float32)
    assert not alike(said, (float("nan"), -2.0, 0.5), torch.float32)
    assert alike(said, (*said, "a tokenizer"), torch.float32)
    assert alike((*said, "a tokenizer"), (*said, "a tokenizer"), torch.float32)
    assert not alike((*said, "a tokenizer"), (*said, "another"), torch.float32)


def test_another_tokenizer_is_seen(facts):
    """The same weights, read with and without BOS."""
    one, other = tiny("llama"), LanguageModel(tiny_model("llama"), train_tokenizer(bos=True))
    assert one.fingerprint == other.fingerprint
    assert LanguageModel(tiny_model("llama"), train_tokenizer()).answers == one.answers
    statistics = fit_statistics(one, LAYERS, CORPUS, 100, progress=False)
    with pytest.raises(ValueError, match=r"statistics given for layer .*tokenizer"):
        AlphaEdit(other, statistics=statistics, **SETTINGS)
    editor = AlphaEdit(one, statistics=statistics, **SETTINGS)
    edit = editor.edit(facts[:1])
    edit.revert()
    before = weights(other)
    with pytest.raises(ValueError, match="tokenizer"):
        edit.apply(other)
    assert same(weights(other), before)
    edit.notes["answers"].pop()  # as earlier versions noted it
    edit.apply(other)
    other.ledger.clear()
    one.tokenizer = other.tokenizer
    with pytest.raises(RuntimeError, match="configuration or tokenizer changed"):
        editor.edit(facts[:1])
