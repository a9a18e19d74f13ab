"""Somebody else writes into the model, or copies it: nothing foreign is erased, no edit lands elsewhere."""

import copy
import io
import pickle

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from alphaedit_lite import Edit, Editor, Fact, LanguageModel
from alphaedit_lite.finetune import FineTune
from alphaedit_lite.keys import KeyStatistics, fit_statistics
from tests.conftest import CORPUS, tiny
from tests.helpers import LAYERS, PLAIN, editor_for, same, weights


def through_data(lm):
    """One entry, through ``.data``: torch's own counter of writes does not see it."""
    matrix = lm.down_projection(LAYERS[0]).weight
    matrix.data[3, 5] += 1e-3


def merged(lm):
    """An adapter of every edited matrix, merged by peft."""
    lora = LoraConfig(
        r=2, target_modules=[lm.architecture.down_projection.split(".")[-1]], init_lora_weights=False
    )
    get_peft_model(lm.model, lora).merge_and_unload()


def trained(lm):
    lm.weight(LAYERS[0]).mul_(1.001)


WRITES = [through_data, merged, trained]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("act", ["revert", "edit", "save", "apply", "clear", "report"])
def test_what_is_written_from_outside_stays_and_is_told(lm, facts, tmp_path, write, act):
    editor = editor_for(lm)
    edit, spare = editor.edit(facts[:1]), editor.edit(facts[1:2])
    spare.revert()
    write(lm)
    foreign = weights(lm)
    actions = {
        "revert": edit.revert, "edit": lambda: editor.edit(facts[1:]), "clear": lm.ledger.clear,
        "save": lambda: edit.save(tmp_path / "edit.safetensors"), "apply": lambda: spare.apply(lm),
        "report": edit.report,
    }  # fmt: skip
    with pytest.raises(RuntimeError, match=r"changed from outside|was changed after"):
        actions[act]()
    assert same(weights(lm), foreign)
    assert lm.ledger.edits == [edit]
    assert not list(tmp_path.iterdir())


class Lora(nn.Module):
    """As minLoRA's: a parametrisation that adds B A, with B = 0 at first."""

    def __init__(self, weight):
        super().__init__()
        rows, columns = weight.shape
        self.B, self.A = nn.Parameter(torch.zeros(rows, 2)), nn.Parameter(torch.randn(2, columns))

    def forward(self, weight):
        return weight + self.B @ self.A


def plain_again(module):
    parametrize.remove_parametrizations(module, "weight", leave_parametrized=False)


COMPUTED = {  # what makes a plain weight a computed one, what the message says, and how to take it off
    "minLoRA": (lambda d: parametrize.register_parametrization(d, "weight", Lora(d.weight)),
                r"parametrised.*leave_parametrized=False", plain_again),
    "orthogonal": (parametrizations.spectral_norm, "parametrised", plain_again),
    "pruned": (lambda d: prune.identity(d, "weight"),
               r"pruned.*prune\.remove", lambda d: prune.remove(d, "weight")),
}  # fmt: skip


@pytest.mark.parametrize("how", COMPUTED)
@pytest.mark.parametrize("wrapped", [False, True], ids=["itself", "within an adapter"])
def test_a_weight_that_is_computed_since_its_edit(facts, tmp_path, how, wrapped):
    """What is written into it would be gone at the next call, and the model stay edited."""
    lm, (change, says, back) = tiny("llama"), COMPUTED[how]
    before = weights(lm)
    editor = editor_for(lm)
    edit, spare = editor.edit(facts[:1]), editor.edit(facts[1:2])
    spare.revert()
    if wrapped:
        lm.model.add_adapter(LoraConfig(r=2, target_modules=["down_proj"]))
    module = lm.down_projection(LAYERS[-1])
    module = getattr(module, "base_layer", module)
    change(module)
    changed = weights(lm)
    for act in (edit.revert, edit.report, lm.ledger.clear, lambda: editor.edit(facts[2:]), editor.undo,
                lambda: spare.apply(lm), lambda: edit.save(tmp_path / "edit.safetensors")):  # fmt: skip
        with pytest.raises(RuntimeError, match=f"(?s)block {LAYERS[-1]} is {says}"):
            act()
        assert same(weights(lm), changed)
        assert lm.ledger.edits == [edit]
    assert not list(tmp_path.iterdir())
    back(module)
    edit.revert()
    assert all(torch.equal(lm.weight(i), before[f"model.layers.{i}.mlp.down_proj.weight"]) for i in LAYERS)


@pytest.mark.parametrize("write", WRITES)
def test_an_unedited_model_that_was_changed_is_not_edited_under_its_old_name(lm, facts, write):
    editor = editor_for(lm)
    write(lm)
    with pytest.raises(RuntimeError, match="was changed after"):
        editor.edit(facts[:1])
    assert LanguageModel(lm.model, lm.tokenizer).fingerprint != lm.fingerprint


def test_every_byte_counts_for_the_fingerprint():
    """A neuron knocked out, one row of the embedding, one bit, two rows exchanged: each is another model."""
    lm = tiny("llama")
    seen = {lm.fingerprint}
    changes = [
        lambda: lm.weight(1)[:, 1].zero_(),
        lambda: lm.model.get_input_embeddings().weight[7].zero_(),
        lambda: lm.weight(2).view(torch.int32)[4, 4].bitwise_xor_(1),
        lambda: lm.weight(3)[:2].copy_(lm.weight(3)[:2].flip(0).clone()),
    ]
    for change in changes:
        with torch.no_grad():
            change()
        seen.add(LanguageModel(lm.model, lm.tokenizer).fingerprint)
    assert len(seen) == len(changes) + 1


def through_a_file(lm):
    stored = io.BytesIO()
    torch.save(lm, stored)
    stored.seek(0)
    return torch.load(stored, weights_only=False)


@pytest.mark.parametrize("copied", [copy.deepcopy, through_a_file])
def test_a_copy_of_the_model_holds_edits_of_its_own(lm, facts, copied):
    before = weights(lm)
    edit = editor_for(lm).edit(facts[:1])
    edited, twin = weights(lm), copied(lm)
    (theirs,) = twin.ledger.edits
    assert theirs is not edit
    theirs.revert()
    assert same(weights(twin), before)
    assert same(weights(lm), edited)
    edit.revert()
    assert same(weights(lm), before)
    theirs.apply(twin)
    assert same(weights(twin), edited)


def test_an_edit_carries_no_model_along(lm, facts):
    edit = editor_for(lm).edit(facts[:1])
    applied, copies = len(pickle.dumps(edit)), [copy.copy(edit), copy.deepcopy(edit)]
    copies.append(pickle.loads(pickle.dumps(edit)))
    edit.revert()
    assert applied == pytest.approx(len(pickle.dumps(edit)), abs=100)
    for one in copies:
        assert one.lm is None
        one.apply(lm)
        one.revert()


def test_statistics_of_another_model_or_layer_are_refused(lm):
    editor = editor_for(lm)
    total = editor.statistics[1].total
    right = {i: KeyStatistics(total, 500, lm.fingerprint, i) for i in LAYERS}
    editor_like = type(editor)
    settings = {"layers": LAYERS, "progress": False, "threshold": 0.3, "threshold_kind": "relative"}
    editor_like(lm, solver="alphaedit", statistics=right, **settings)
    swapped = right | {1: right[2], 2: right[1]}
    with pytest.raises(ValueError, match="layer 1 were fitted on layer 2"):
        editor_like(lm, solver="alphaedit", statistics=swapped, **settings)
    foreign = right | {3: KeyStatistics(total, 500, "0123456789abcdef", 3)}
    with pytest.raises(ValueError, match="fitted on model 0123456789abcdef"):
        editor_like(lm, solver="alphaedit", statistics=foreign, **settings)
    with pytest.raises(ValueError, match="do not add up"):
        right[1].merge(right[2])


def test_an_edit_of_version_0_1_still_applies(lm, facts, tmp_path):
    """It names the model by a sample of its weights, and its settings say True for a projection."""
    edit = editor_for(lm).edit(facts[:1])
    edit.revert()
    edit.fingerprint, edit.settings["project"] = lm.sample, True
    edit.save(tmp_path / "old.safetensors")
    Edit.load(tmp_path / "old.safetensors").apply(lm)
    assert len(lm.ledger.edits) == 1


def test_an_edit_that_is_changed_while_the_model_holds_it(lm, facts, tmp_path):
    """A shallow copy shares its factors; the weights would be written anew from them."""
    editor = editor_for(lm)
    edit, other = editor.edit(facts[:1]), editor.edit(facts[1:2])
    before, kept = weights(lm), edit.residual[2].clone()
    copy.copy(edit).residual[2].mul_(0.5)
    for act in (other.revert, edit.revert, edit.report, lambda: editor.edit(facts[2:]),
                lambda: edit.save(tmp_path / "edit.safetensors")):  # fmt: skip
        with pytest.raises(RuntimeError, match=r"The edit of \['Lower Assam is .* was changed while"):
            act()
        assert same(weights(lm), before)
    assert not list(tmp_path.iterdir())
    edit.residual[2].copy_(kept)
    other.revert()
    assert lm.ledger.edits == [edit]
    half = copy.deepcopy(edit)
    half.residual[2].mul_(0.5)
    half.apply(lm)


def test_integers_are_weights_too(facts):
    """A model whose attention is quantised and whose memories are not."""

    class Int8(nn.Module):
        def __init__(self, linear):
            super().__init__()
            self.scale = float(linear.weight.detach().abs().max()) / 127
            self.weight = nn.Parameter((linear.weight / self.scale).round().to(torch.int8), False)

        def forward(self, x):
            return x @ (self.weight.to(x.dtype) * self.scale).T

    model = tiny("llama").model
    for block in model.model.layers:
        block.self_attn.o_proj = Int8(block.self_attn.o_proj)
    lm = LanguageModel(model, tiny("llama").tokenizer)
    editor = editor_for(lm)
    model.model.layers[0].self_attn.o_proj.weight.neg_()
    with pytest.raises(RuntimeError, match="was changed after"):
        editor.edit(facts[:1])
    assert LanguageModel(model, lm.tokenizer).fingerprint != lm.fingerprint


@pytest.mark.parametrize("copied", [copy.deepcopy, through_a_file])
def test_a_copy_of_an_editor_reads_the_weights_of_its_own_model(lm, facts, copied):
    editor = editor_for(lm, keep=0.3)
    twin = copied(editor)
    wanted = editor.edit(facts[:1]).dense[2]
    with torch.no_grad():
        lm.weight(2).mul_(torch.linspace(0, 3, lm.d_ff))
    assert torch.equal(twin.edit(facts[:1]).dense[2], wanted)


def test_what_was_made_of_another_models_statistics_is_refused(lm, facts):
    stranger = tiny("llama", seed=1)
    settings = {"threshold": 0.5, "threshold_kind": "relative", "progress": False, "solver": "alphaedit"}
    theirs = Editor(
        stranger,
        layers=(1, 2),
        statistics=fit_statistics(stranger, (1, 2), CORPUS, 200, progress=False),
        **settings,
    )
    mine = Editor(
        lm, layers=(1, 2), statistics=fit_statistics(lm, (1, 2), CORPUS, 200, progress=False), **settings
    )
    with pytest.raises(ValueError, match=r"null space given for layer 1 .* fitted on model"):
        FineTune(lm, layers=(1,), null_spaces=theirs.null_spaces)
    with pytest.raises(ValueError, match=r"null space given for layer 2 .* fitted on layer 1, not 2"):
        FineTune(lm, layers=(2,), null_spaces={2: mine.null_spaces[1]})
    with pytest.raises(ValueError, match=r"statistics given for layer 1 were fitted on model"):
        Editor(lm, layers=(1, 2), gain=theirs.gain)
    FineTune(lm, layers=(1, 2), null_spaces=mine.null_spaces)
    Editor(lm, layers=(1, 2), gain=mine.gain, targets=PLAIN, progress=False).edit(facts[:1])


def test_numbers_of_numpy_and_torch_can_be_saved(lm, tmp_path):
    fact = Fact("{} is", "Rome", "x", case_id=np.int64(3))
    editor = editor_for(lm, lam=np.float32(0.3), passes=np.int64(1), weight=torch.tensor(9.0))
    (edit,) = editor.edit_stream([fact], 1, tmp_path)
    assert Edit.load(tmp_path / "000000.safetensors").same_as(edit)
    edit.revert()
    assert len(list(editor.edit_stream([fact], 1, tmp_path))) == 1
