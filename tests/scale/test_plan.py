"""The plan counts what is there, and says what to change when it does not fit."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from alphaedit_lite import EditorConfig, TargetConfig
from alphaedit_lite.models import ARCHITECTURES, UnsupportedModelError
from alphaedit_lite.scale.plan import STAGES, Workload, plan, shape_of
from tests.conftest import tiny

LLAMA3 = AutoConfig.for_model(
    "llama", hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32,
    num_key_value_heads=8, vocab_size=128256, tie_word_embeddings=False,
)  # fmt: skip


@pytest.mark.parametrize("family", sorted(ARCHITECTURES))
def test_the_shape_is_the_models_own(family):
    lm = tiny(family)
    shape = shape_of(lm)
    assert (shape.n_layers, shape.d_model, shape.d_ff) == (lm.n_layers, lm.d_model, lm.d_ff)
    assert shape.parameters == sum(p.numel() for p in lm.model.parameters())
    assert shape.block == sum(p.numel() for p in lm.block(0).parameters())
    assert shape == shape_of(lm.model.config)  # nothing but the configuration is read


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox", "phi", "qwen2"])
def test_kept_activations_are_those_that_autograd_saves(family):
    """Counted with torch's own hooks, on blocks wide enough that a row's odd numbers do not matter."""
    size = {"gpt2": {"n_embd": 128, "n_layer": 6, "n_head": 4, "n_inner": 512}}.get(
        family,
        {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 6, "num_attention_heads": 4},
    )
    if family in ("llama", "qwen2"):
        size |= {"num_key_value_heads": 2}
    config = AutoConfig.for_model(family, vocab_size=50, bos_token_id=1, eos_token_id=2, **size)
    model = AutoModelForCausalLM.from_config(config).eval().requires_grad_(False)
    hidden, kept = torch.randn(4, 16, 128, requires_grad=True), {}
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}

    def note(tensor):
        if (where := tensor.untyped_storage().data_ptr()) not in weights:
            kept[where] = tensor  # held, so that no address is used twice
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        model.base_model(inputs_embeds=hidden, use_cache=False)
    found = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    batch = TargetConfig(batch_size=4, prefixes=("",))
    planned = plan(config, (0,), EditorConfig(targets=batch), Workload(facts=4, left=0, right=16))
    item = next(item for item in planned.items if "gradient" in item.what and "activations" in item.what)
    assert item.bytes * 6 / 5 == pytest.approx(found, rel=0.15)  # the plan runs five of the six blocks


def test_the_figures_scale_as_the_tensors_do():
    lm = tiny("llama")
    one, two = plan(lm, (2,)), plan(lm, (2, 3))
    sums = [next(i.bytes for i in p.items if i.what.startswith("sums of k")) for p in (one, two)]
    assert sums == [8 * lm.d_ff**2, 16 * lm.d_ff**2]
    assert one.items[0].bytes == 4 * one.shape.parameters
    assert plan(lm, (2,), dtype=torch.bfloat16).items[0].bytes == 2 * one.shape.parameters
    batch = [plan(lm, (2,), EditorConfig(targets=TargetConfig(batch_size=b))) for b in (10, 20)]
    graph = [p.memory("targets z", True) - p.memory("null space", True) for p in batch]
    assert graph[1] - graph[0] == pytest.approx((graph[1]) / 2, rel=0.6)
    assert plan(lm, (2,)).flops["null space"] == 9 * lm.d_ff**3
    facts = [plan(lm, (2,), workload=Workload(facts=n)).flops["targets z"] for n in (50, 100)]
    assert facts[1] == 2 * facts[0]
    assert one.seconds(1e9)["targets z"] == one.flops["targets z"] / 1e9


def test_kept_items_count_in_later_stages_only():
    made = plan(tiny("llama"), (2,))
    assert made.host_peak == 0
    loaded = next(item for item in made.items if item.what.startswith("statistics loaded"))
    without = {s: sum(i.bytes for i in made.items if i.stage in (None, s)) for s in STAGES}
    extra = {s: made.memory(s, True) - without[s] for s in STAGES}
    kept = sum(item.bytes for item in made.items if item.kept)
    assert loaded.kept
    assert extra == pytest.approx({"statistics": 0, "null space": 0, "targets z": kept, "write": kept})


def test_an_8b_model_on_two_cards():
    """8.03 G parameters; in float32 they do not fit 24 GB, in bfloat16 with sums on the host they do."""
    config = EditorConfig.faithful("llama3-8b")
    full = plan(LLAMA3, None, config, accelerator=True)
    assert full.shape.parameters == 8_030_261_248
    assert full.fits(24e9) == [
        "The weights alone take 32.1 GB: use more devices, or load them with dtype=torch.bfloat16."
    ]
    half = plan(LLAMA3, None, config, dtype=torch.bfloat16, accelerator=True)
    assert any("--sums-on cpu" in advice for advice in half.fits(24e9))
    assert half.fits(80e9) == []
    assert any("fewer layers" in advice for advice in half.fits(80e9, host_bytes=8e9))
    moved = plan(LLAMA3, None, config, dtype=torch.bfloat16, accelerator=True, sums_on_host=True)
    assert moved.memory("statistics", True) < 24e9 < half.memory("statistics", True)
    assert moved.host_peak >= 5 * 8 * 14336**2
    assert "8.03 G parameters in bfloat16" in str(half)
    assert len(half.table()) == len(half.items)


def test_what_to_change_is_named():
    small = EditorConfig(targets=TargetConfig(batch_size=15))
    made = plan(tiny("llama"), (1, 2), small)
    advice = made.fits(0.9 * made.peak)
    assert advice
    assert any("dtype=torch.bfloat16" in line for line in advice)
    assert made.fits(made.peak) == []
    with pytest.raises(ValueError, match=r"\(1, 17\) are not all among 0 to 5"):
        plan(tiny("llama"), (1, 17))
    with pytest.raises(UnsupportedModelError, match="'codegen'"):
        plan(AutoConfig.for_model("codegen"))
