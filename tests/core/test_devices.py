"""Models that accelerate has spread over devices: as far as that can be seen on one."""

import pytest
import torch
from accelerate import cpu_offload, disk_offload, dispatch_model

from alphaedit_lite import LanguageModel, compute_targets
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.models import UnsupportedModelError
from alphaedit_lite.support import slices
from tests.conftest import CORPUS, tiny
from tests.helpers import LAYERS, PLAIN, editor_for, same, weights


@pytest.fixture(params=["llama", "gpt2"])
def family(request):
    return request.param


def dispatched(family):
    """A model whose modules all carry accelerate's hooks, which move what comes in to where they are."""
    lm = tiny(family)
    names = [name for name, module in lm.model.named_modules() if module in (*lm.blocks,)]
    rest = [
        name
        for name, _ in lm.model.base_model.named_children()
        if not any(n.split(".")[-2] == name for n in names)
    ]
    prefix = names[0].split(".")[0]
    device_map = dict.fromkeys([*names, *(f"{prefix}.{name}" for name in rest), "lm_head"], "cpu")
    model = dispatch_model(lm.model, device_map, main_device="cpu", force_hooks=True)
    assert hasattr(lm.block(2), "_hf_hook")
    return LanguageModel(model, lm.tokenizer)


def test_a_dispatched_model_is_edited_as_a_plain_one(family, facts):
    plain, spread = tiny(family), dispatched(family)
    before = weights(spread)
    wanted = compute_targets(plain, facts, 3, PLAIN, progress=False)
    found = compute_targets(spread, facts, 3, PLAIN, progress=False)
    assert torch.equal(found.z, wanted.z)
    for lm in (plain, spread):
        lm.made = editor_for(lm).edit(facts, wanted.z)
    for layer in LAYERS:
        assert torch.equal(plain.weight(layer), spread.weight(layer))
    spread.made.revert()
    assert same(weights(spread), before)
    sums = [fit_statistics(lm, LAYERS, CORPUS, 100, progress=False)[2].total for lm in (tiny(family), spread)]
    assert torch.equal(*sums)


def test_results_come_back_to_where_the_input_lay(family, monkeypatch):
    """Blocks and a head elsewhere: meta is the one other device here, and torch says who moves from it."""
    lm = tiny(family)
    ids = torch.tensor([[5, 6, 7]])
    hidden = lm.embed(ids)
    monkeypatch.setattr(slices, "run_blocks", lambda *a, **k: hidden.to("meta"))
    with pytest.raises(NotImplementedError, match="copy out of meta"):
        lm.run(hidden, torch.ones_like(ids), torch.arange(3)[None])
    monkeypatch.setattr(slices, "run_head", lambda *a: hidden.to("meta"))
    with pytest.raises(NotImplementedError, match="copy out of meta"):
        lm.logits(hidden)


@pytest.mark.parametrize("offload", ["cpu", "disk"])
def test_offloaded_weights_are_refused(family, offload, tmp_path):
    lm = tiny(family)
    model = cpu_offload(lm.model) if offload == "cpu" else disk_offload(lm.model, tmp_path)
    with pytest.raises(UnsupportedModelError, match="block 0 is not in memory"):
        LanguageModel(model, lm.tokenizer)


@pytest.mark.parametrize("part", ["model.embed_tokens", "model.layers.2.self_attn", "model.norm", "lm_head"])
def test_any_part_that_is_offloaded_is_named(part):
    lm = tiny("llama")
    cpu_offload(lm.model.get_submodule(part), execution_device="cpu")
    with pytest.raises(UnsupportedModelError, match=rf"^{part}\..* is not in memory: it was off-loaded"):
        LanguageModel(lm.model, lm.tokenizer)
