"""Edits as LoRA adapters: what peft loads gives the logits of the edited model; also plain transformers."""

import copy
import shutil
import warnings

import pytest
import torch
from huggingface_hub import HfApi
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from alphaedit_lite import Edit
from alphaedit_lite.edits import prune
from alphaedit_lite.scale.export import low_rank, push_to_hub, to_lora
from tests.helpers import editor_for, same

peft = pytest.importorskip("peft", reason="peft is not installed: pip install -e .[dev]")


def logits(model, lm) -> torch.Tensor:
    ids = lm.tokenizer("The Eiffel Tower is located in the city of", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        return model.eval()(ids).logits


@pytest.fixture
def plain(lm):
    """The model before any edit, as somebody else would load it."""
    return copy.deepcopy(lm.model)


@pytest.mark.parametrize("settings", [{}, {"keep": 0.3}, {"solver": "memit", "weight": 10.0}])
def test_peft_loads_the_adapter_and_speaks_as_the_edited_model(lm, plain, facts, tmp_path, settings):
    editor = editor_for(lm, **settings)
    edits = [editor.edit(facts[:2]), editor.edit(facts[2:3])]
    to_lora(lm, tmp_path / "adapter")
    before, edited = logits(plain, lm), logits(lm.model, lm)
    assert (edited - before).abs().max() > 1e-3  # the edit shows at all
    with warnings.catch_warnings():  # peft mends a wrong layout of the matrix, and warns
        warnings.simplefilter("error", UserWarning)
        adapted = peft.PeftModel.from_pretrained(plain, tmp_path / "adapter")
    torch.testing.assert_close(logits(adapted, lm), edited, atol=2e-5, rtol=1e-4)
    merged = adapted.merge_and_unload()
    torch.testing.assert_close(logits(merged, lm), edited, atol=2e-5, rtol=1e-4)
    for edit in edits:
        edit.revert()


def test_the_edited_model_loads_in_plain_transformers(lm, facts, tmp_path):
    edit = editor_for(lm).edit(facts[:2])
    lm.model.save_pretrained(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    torch.testing.assert_close(logits(again, lm), logits(lm.model, lm))
    edit.revert()


def test_factors_of_many_facts_are_cut_to_the_matrix(lm, facts):
    editor = editor_for(lm)
    edit = editor.edit(facts[:2])
    layer = edit.layers[0]
    many = [edit] * (lm.d_ff // 2 + 1)
    B, A = low_rank(many, layer)
    assert len(A) == 2  # rank two, however often it is repeated
    torch.testing.assert_close((B @ A).double(), len(many) * edit.delta(layer), atol=1e-5, rtol=1e-4)
    edit.revert()


def test_nothing_to_export_and_strangers_are_refused(lm, facts, tmp_path):
    with pytest.raises(ValueError, match="no edits to export"):
        to_lora(lm, tmp_path / "a")
    edit = editor_for(lm).edit(facts[:1])
    edit.revert()
    edit.fingerprint = "another"
    with pytest.raises(ValueError, match="made for the model another"):
        to_lora(lm, tmp_path / "a", [edit])
    assert not (tmp_path / "a").exists()


def test_what_cannot_be_saved_or_applied_is_not_exported(lm, facts, tmp_path):
    """An edit that was changed, a matrix that somebody else wrote into, a pruning without what it damps."""
    edit = editor_for(lm).edit(facts[:1])
    pruned = prune(lm, 1.2)
    with pytest.raises(ValueError, match="damps 1 edits that the model does not hold"):
        to_lora(lm, tmp_path / "a", [pruned])
    for folder, edits in (("one", None), ("two", None)):  # from the model, and from files in none
        if folder == "two":
            edits = []
            for held in (edit, pruned):
                held.save(tmp_path / "edit.safetensors")
                edits.append(Edit.load(tmp_path / "edit.safetensors"))
        to_lora(lm, tmp_path / folder, edits)
    one, two = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("one", "two"))
    assert same(one, two)
    edit.gain[1] *= 2
    with pytest.raises(RuntimeError, match="was changed while it is in the model"):
        to_lora(lm, tmp_path / "a")
    edit.gain[1] /= 2
    lm.weight(1)[0, 0] += 1
    with pytest.raises(RuntimeError, match="block 1 was changed from outside"):
        to_lora(lm, tmp_path / "a", [edit])
    assert not (tmp_path / "a").exists()


def test_an_edit_of_version_0_1_is_exported_as_it_is_applied(lm, facts, tmp_path):
    """It names the model by a sample of its weights."""
    edit = editor_for(lm).edit(facts[:1])
    edit.revert()
    edit.fingerprint = lm.sample
    edit.apply(lm)
    assert (to_lora(lm, tmp_path / "a") / "adapter_config.json").exists()


class Hub(HfApi):
    """A hub that keeps what it is sent in a folder; it refuses arguments that the real one does not take."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.made = folder, {}

    def create_repo(self, repo_id, *, repo_type, private, exist_ok):
        assert exist_ok
        self.made[repo_id] = (repo_type, private)

    def upload_folder(self, *, repo_id, repo_type, folder_path, commit_message):
        assert repo_id in self.made
        shutil.copytree(folder_path, self.folder)
        return f"https://hub/{repo_id}/commit/1"


def test_what_is_pushed_can_be_loaded_both_ways(lm, plain, facts, tmp_path):
    editor = editor_for(lm)
    edits = [editor.edit(facts[:1]), editor.edit(facts[1:2])]
    edited, hub = logits(lm.model, lm), Hub(tmp_path / "hub")
    assert push_to_hub(lm, "me/edits", api=hub) == "https://hub/me/edits/commit/1"
    assert hub.made == {"me/edits": ("model", True)}  # private unless asked otherwise
    adapted = peft.PeftModel.from_pretrained(plain, tmp_path / "hub")
    torch.testing.assert_close(logits(adapted, lm), edited, atol=2e-5, rtol=1e-4)
    for edit in edits:
        edit.revert()
    for path in sorted((tmp_path / "hub").glob("edit-*.safetensors")):
        Edit.load(path).apply(lm)
    assert torch.equal(logits(lm.model, lm), edited)
    lm.ledger.edits[-1].revert()
    lm.ledger.edits[-1].revert()
    untouched = Hub(tmp_path / "other")
    with pytest.raises(ValueError, match="no edits"):
        push_to_hub(lm, "me/edits", api=untouched)
    assert not untouched.made
