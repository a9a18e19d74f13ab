"""What a model must show when it is wrapped: writing a weight has an effect, and its parts are the whole."""

import copy
import dataclasses
import warnings
from contextlib import nullcontext

import pytest
import torch
import transformers
from peft import LoraConfig, PeftModel, PromptTuningConfig, get_peft_model
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from alphaedit_lite import LanguageModel
from alphaedit_lite.support import proof, slices
from alphaedit_lite.support.architectures import ARCHITECTURES, REFUSED, UnsupportedModelError
from tests.conftest import tiny, tiny_model, train_tokenizer
from tests.helpers import editor_for

FAMILIES = sorted(ARCHITECTURES)
IDS = torch.tensor([[5, 6, 7, 8]])


def downs(model):
    """The down-projections of a model, and the modules that hold them, by name."""
    where = ARCHITECTURES[model.config.model_type]
    *parent, name = where.down_projection.split(".")
    holders = [
        block.get_submodule(".".join(parent)) for block in model.base_model.get_submodule(where.blocks)
    ]
    return [getattr(holder, name) for holder in holders], holders, name


def each(change):
    """A fault that changes every down-projection in place."""

    def apply(model):
        for module in downs(model)[0]:
            change(module)

    return apply


def swapped(make):
    """A fault that puts another module in the place of every down-projection."""

    def apply(model):
        modules, holders, name = downs(model)
        for module, holder in zip(modules, holders, strict=True):
            setattr(holder, name, make(module))

    return apply


def typed(dtype):
    return each(lambda d: setattr(d, "weight", nn.Parameter(d.weight.detach().to(dtype), False)))


class Packed(nn.Module):
    """As GPTQ's and AWQ's layers: no weight, but a buffer of integers."""

    def __init__(self, linear):
        super().__init__()
        self.register_buffer("qweight", linear.weight.detach().to(torch.int8))


class Method(nn.Linear):
    """As torch's dynamically quantised layers: ``weight`` is a method."""

    def __init__(self, linear):
        super().__init__(4, 4)
        del self.weight
        self.weight = lambda: linear.weight


def int8(_):
    """As ``torch.ao.quantization.quantize_dynamic`` puts it there."""
    return torch.ao.nn.quantized.dynamic.Linear(8, 8)


class Sharded(torch.Tensor):
    """As DTensor: a tensor of a type of its own."""


def adapted(model):
    model.add_adapter(LoraConfig(r=2, target_modules=[downs(model)[2]]))


def compiled(model):
    base, where = model.base_model, ARCHITECTURES[model.config.model_type].blocks
    base.get_submodule(where)[2] = torch.compile(base.get_submodule(where)[2], backend="eager")


def keep_a_copy(module):
    """The weight is there, and is not what the module computes with."""
    weight = module.weight.detach().clone() * 1.01
    weight = weight.T if isinstance(module, nn.Linear) else weight
    module.forward = lambda x: x @ weight


WEIGHTS = {
    "pruned": (each(lambda d: prune.l1_unstructured(d, "weight", 0.3)), r"pruned.*prune\.remove\("),
    "weight-normed": (each(parametrizations.weight_norm), r"parametrised.*remove_parametrizations\("),
    "weight-normed as of old": (each(nn.utils.weight_norm), r"weight-normed.*remove_weight_norm\("),
    "spectrally normed as of old": (each(nn.utils.spectral_norm), r"remove_spectral_norm\("),
    "orthogonal": (each(parametrizations.orthogonal), "parametrised"),
    "LoRA": (adapted, r"adapter.*merge_and_unload\("),
    "float8": (typed(torch.float8_e4m3fn), "float8_e4m3fn: quantised.*bfloat16"),
    "integers": (typed(torch.int8), "int8: quantised.*bfloat16"),
    "packed": (swapped(Packed), "packed or quantised.*bfloat16"),
    "dynamically quantised": (swapped(Method), "packed or quantised.*bfloat16"),
    "quantised by torch": (swapped(int8), r"(down_proj|c_proj) is quantised by torch \(Linear\).*bfloat16"),
    "sharded": (
        each(lambda d: setattr(d, "weight", nn.Parameter(d.weight.detach().as_subclass(Sharded)))),
        r"is a Sharded \[.*\]: sharded",
    ),
    "on the meta device": (lambda model: model.to("meta"), "block 0 is not in memory"),
    "gathered elsewhere": (
        each(lambda d: setattr(d, "weight", nn.Parameter(torch.empty(0)))),
        r"is a Parameter \[0\]: sharded",
    ),
    "computed with a copy": (each(keep_a_copy), r"does not answer W k \+ b.*off by 1\.0%"),
    "changed by a hook": (
        each(lambda d: d.register_forward_hook(lambda m, a, out: out * 1.01)),
        r"does not answer W k \+ b.*hook",
    ),
    "no such module": (swapped(lambda d: None), "does not fit this model: `.*` is not an nn.Module"),
    "a compiled block": (compiled, r"compiled by itself.*torch\.compile\(lm\.model\)"),
    "a block compiled in place": (
        lambda model: model.base_model.get_submodule(ARCHITECTURES[model.config.model_type].blocks)[
            2
        ].compile(),
        "compiled by itself",
    ),
}


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("fault", WEIGHTS)
def test_weights_that_cannot_be_written_are_refused_with_the_reason(family, fault):
    model, (harm, message) = tiny_model(family), WEIGHTS[fault]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the old weight norm
        harm(model)
    with pytest.raises(UnsupportedModelError, match=message):
        LanguageModel(model, train_tokenizer())


@pytest.mark.parametrize("family", FAMILIES)
def test_pruning_is_seen_in_every_family_and_may_be_made_permanent(family, facts):
    model = tiny_model(family)
    WEIGHTS["pruned"][0](model)
    with pytest.raises(UnsupportedModelError, match="block 0 is pruned"):
        LanguageModel(model, train_tokenizer())
    each(lambda d: prune.remove(d, "weight"))(model)
    lm = LanguageModel(model, train_tokenizer())
    before = model(IDS).logits
    edit = editor_for(lm).edit(facts[:1])
    assert not torch.equal(model(IDS).logits, before)
    for layer, keys in edit.keys.items():
        proof.check_answers(lm, layer, keys)


def test_made_plain_as_the_message_says(facts):
    for harm, mend in [
        (parametrizations.weight_norm, lambda d: parametrize.remove_parametrizations(d, "weight")),
        (lambda d: nn.utils.spectral_norm(d), nn.utils.remove_spectral_norm),
    ]:
        model = tiny_model("llama")
        each(harm)(model)
        each(mend)(model)
        editor_for(LanguageModel(model, train_tokenizer())).edit(facts[:1])
    with_adapter = get_peft_model(tiny_model("llama"), LoraConfig(r=2, target_modules=["down_proj"]))
    with pytest.raises(UnsupportedModelError, match=r"PeftModel.*merge_and_unload\("):
        LanguageModel(with_adapter, train_tokenizer())
    editor_for(LanguageModel(with_adapter.merge_and_unload(), train_tokenizer())).edit(facts[:1])


def test_what_torch_quantised_beside_the_memories():
    model = tiny_model("llama")
    model.lm_head = torch.ao.nn.quantized.dynamic.Linear(32, 420)
    with pytest.raises(UnsupportedModelError, match="lm_head is quantised by torch"):
        LanguageModel(model, train_tokenizer())


def test_an_adapter_that_transformers_loaded_is_merged_as_the_message_says(tmp_path):
    model = tiny_model("llama")
    adapted(model)
    model.save_pretrained(tmp_path)
    with pytest.raises(UnsupportedModelError, match=r"PeftModel\.from_pretrained\(model, adapter\)"):
        LanguageModel(model, train_tokenizer())
    merged = PeftModel.from_pretrained(tiny_model("llama"), tmp_path).merge_and_unload()
    LanguageModel(merged, train_tokenizer())


def test_prompts_that_peft_learns_cannot_be_merged():
    tuned = get_peft_model(
        tiny_model("llama"), PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    )
    with pytest.raises(UnsupportedModelError, match=r"cannot be merged.*get_base_model\(\)"):
        LanguageModel(tuned, train_tokenizer())
    LanguageModel(tuned.get_base_model(), train_tokenizer())


def test_matrices_that_two_blocks_share_or_of_two_shapes():
    model = tiny_model("llama")
    modules = downs(model)[0]
    modules[4].weight = modules[1].weight
    with pytest.raises(UnsupportedModelError, match="block 1 is shared"):
        LanguageModel(model, train_tokenizer())
    model = tiny_model("llama")
    model.model.layers[4].mlp = tiny_model("llama", intermediate_size=40).model.layers[4].mlp
    with pytest.raises(UnsupportedModelError, match=r"block 4 is \[32, 40\], unlike that of block 0"):
        LanguageModel(model, train_tokenizer())


def test_a_model_made_in_inference_mode():
    with torch.inference_mode():
        model = tiny_model("llama")
    with pytest.raises(UnsupportedModelError, match="Load the model outside"):
        LanguageModel(model, train_tokenizer())


WRAPPERS = pytest.mark.parametrize(
    "wrap",
    [nn.DataParallel, lambda m: torch.compile(m, backend="eager"), lambda m: m.compile(backend="eager") or m],
)


@WRAPPERS
def test_a_wrapper_put_on_later_is_taken_off(wrap, facts):
    """As one writes it after reading that a model may be compiled as a whole."""
    lm, plain = tiny("llama"), tiny("llama")
    lm.model = wrapped = wrap(lm.model)
    assert not isinstance(lm.model, nn.DataParallel)
    edit = editor_for(lm).edit(facts[:1])
    editor_for(plain).edit(facts[:1])
    assert lm.complete("Rome is", 3) == plain.complete("Rome is", 3)
    torch.testing.assert_close(wrapped(IDS).logits, plain.model(IDS).logits)
    edit.report()
    edit.revert()
    torch.testing.assert_close(copy.deepcopy(lm).model(IDS).logits, tiny("llama").model(IDS).logits)


@WRAPPERS
def test_wrappers_are_taken_off_and_share_the_edit(wrap, facts):
    plain, model = tiny("llama"), tiny_model("llama")
    wrapped = wrap(model)
    wrapped(IDS)  # compiled now, if it ever is
    lm = LanguageModel(wrapped, train_tokenizer())
    assert lm.model is model
    assert lm.fingerprint == plain.fingerprint
    editor_for(plain).edit(facts[:1])
    edit = editor_for(lm).edit(facts[:1])
    torch.testing.assert_close(wrapped(IDS).logits, plain.model(IDS).logits)
    edit.revert()
    torch.testing.assert_close(wrapped(IDS).logits, tiny("llama").model(IDS).logits)


def test_what_is_no_transformers_model():
    with pytest.raises(UnsupportedModelError, match="This is a Linear, not a transformers model"):
        LanguageModel(nn.Linear(2, 2), train_tokenizer())


def test_answers_are_checked_again_after_a_write():
    lm = tiny("gpt2")
    keys = torch.randn(2, lm.d_ff)
    proof.check_answers(lm, 1, keys)
    lm.weight(1).mul_(2)
    proof.check_answers(lm, 1, keys)
    module = lm.down_projection(1)
    stale = copy.deepcopy(module)
    module.forward = lambda x: stale(x)
    proof.check_answers(lm, 1, keys)
    lm.weight(1).mul_(1.01)
    with pytest.raises(RuntimeError, match=r"block 1 \(Conv1D\) does not answer W k \+ b"):
        proof.check_answers(lm, 1, keys)


# -- parts and the whole -----------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_half_precision_and_odd_settings_pass(family):
    """What a configuration may hold, a model in training, and the rounding of bfloat16 are no differences."""
    model = tiny_model(family, output_hidden_states=True, use_cache=False).to(torch.bfloat16).train()
    LanguageModel(model, train_tokenizer())
    assert all(module.training for module in model.modules())
    assert all(weight.requires_grad for weight in model.parameters())


def test_tuples_for_outputs():
    with pytest.raises(UnsupportedModelError, match=r"set model\.config\.return_dict = True"):
        LanguageModel(tiny_model("llama", return_dict=False), train_tokenizer())


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_few_blocks(layers):
    LanguageModel(tiny_model("granite", num_hidden_layers=layers), train_tokenizer())


@pytest.mark.parametrize("family", ["gpt2", "opt", "bloom", "granite", "gpt_bigcode"])
def test_what_is_done_to_embeddings_once_is_not_done_again(family, monkeypatch):
    monkeypatch.setattr(slices, "hooked", lambda *a, **k: nullcontext())
    with pytest.raises(UnsupportedModelError, match=r"block 2 is off by .*ARCHITECTURES"):
        tiny(family)


@pytest.mark.parametrize("family", ["granite", "cohere"])
def test_a_head_that_leaves_out_the_scale(family, monkeypatch):
    monkeypatch.setattr(slices, "run_head", lambda model, _, hidden: model.get_output_embeddings()(hidden))
    with pytest.raises(UnsupportedModelError, match="the logits is off by"):
        tiny(family)


@pytest.mark.skipif(transformers.__version__ < "5", reason="version 4 reads the kinds of its blocks once")
def test_windows_that_go_with_the_wrong_blocks(monkeypatch):
    """The first half of the blocks sees all, the second half a window; here every part sees all."""
    whole = slices.run_blocks

    def everything(base, *args, **kwargs):
        base = copy.copy(base)
        base.config = copy.copy(base.config)
        base.config.layer_types = ["full_attention"] * 6
        return whole(base, *args, **kwargs)

    monkeypatch.setattr(slices, "run_blocks", everything)
    tiny("llama")
    with pytest.raises(UnsupportedModelError, match="block 3 is off by"):
        tiny("qwen2", config={"sliding_window": 4})


@pytest.mark.parametrize("family", sorted(set(REFUSED) - {"gemma3", "mixtral"}))
def test_the_proof_refuses_what_the_list_refuses(family, monkeypatch):
    monkeypatch.delitem(REFUSED, family)
    monkeypatch.setitem(ARCHITECTURES, family, ARCHITECTURES["llama"])
    with pytest.raises(
        UnsupportedModelError, match=r"memory of block \d adds to the stream is off|does not fit"
    ):
        tiny(family)


def test_a_multiplier_that_is_forgotten(monkeypatch):
    monkeypatch.setattr(LanguageModel, "multiplier", 1.0)
    tiny("llama")
    with pytest.raises(UnsupportedModelError, match="adds to the stream is off by 78"):
        tiny("granite")


def test_a_wrong_line_of_the_table(monkeypatch):
    for wrong, message in [
        ({"blocks": "layer"}, "does not fit this model.*`layer`"),
        ({"final_norm": "layer_norm"}, "does not fit this model.*`layer_norm`"),
        ({"down_projection": "mlp.c_proj"}, "does not fit this model.*`c_proj`"),
        ({"down_projection": "self_attn.o_proj"}, "adds to the stream is off"),
        ({"final_norm": "rotary_emb"}, "cannot be run in parts.*ARCHITECTURES is wrong"),
    ]:
        line = dataclasses.replace(ARCHITECTURES["llama"], **wrong)
        monkeypatch.setitem(ARCHITECTURES, "llama", line)
        with pytest.raises(UnsupportedModelError, match=message):
            tiny("llama")
        monkeypatch.undo()


def test_weights_elsewhere_that_are_not_finite():
    model = tiny_model("llama")
    model.model.norm.weight.data[3] = torch.inf
    with pytest.raises(UnsupportedModelError, match="the logits is off by nan"):
        LanguageModel(model, train_tokenizer())


def test_memory_that_runs_out_is_no_fault_of_the_model(monkeypatch):
    def full(*_args):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(proof, "_compare", full)
    with pytest.raises(torch.OutOfMemoryError):
        tiny("llama")


def test_memory_that_two_parameters_share():
    model = tiny_model("llama")
    down = downs(model)[0]
    down[4].weight = nn.Parameter(down[1].weight.data)
    with pytest.raises(UnsupportedModelError, match="block 1 is shared"):
        LanguageModel(model, train_tokenizer())


def test_a_forward_that_is_compiled(facts):
    """As the documentation of transformers shows it; torch does not see hooks that come after compiling."""
    model = tiny_model("llama")
    model.forward = torch.compile(model.forward, backend="eager")
    with torch.no_grad():
        before = model(IDS).logits
        lm = LanguageModel(model, train_tokenizer())
        editor_for(lm).edit(facts[:1])
        plain = tiny("llama")
        editor_for(plain).edit(facts[:1])
        assert not torch.equal(model(IDS).logits, before)
        torch.testing.assert_close(model(IDS).logits, plain.model(IDS).logits)
