"""Slips that are easily made, and must be told: one for many, names for texts, twice for once, too late."""

import copy
from pathlib import Path

import pandas as pd
import pytest
import torch
from peft import LoraConfig
from sklearn.feature_extraction.text import TfidfVectorizer
from transformers import LlamaForCausalLM

from alphaedit_lite import (
    Edit,
    Editor,
    Fact,
    LanguageModel,
    NullSpace,
    bundled_facts,
    bundled_targets,
    compute_targets,
    evaluate,
    key_statistics,
    load_model,
    perplexity,
)
from alphaedit_lite.edits import prune
from alphaedit_lite.finetune import FineTune
from alphaedit_lite.generation import consistency, generate, judge_generation
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.metrics import evaluate_zsre, score
from alphaedit_lite.prompts import sample_prefixes
from alphaedit_lite.scale.distributed import fit_shares, main
from alphaedit_lite.scale.export import push_to_hub, to_lora
from alphaedit_lite.scale.plan import plan
from alphaedit_lite.scale.precision import keep_masters, rounding_loss
from alphaedit_lite.scale.suggest import suggest_layers
from tests.conftest import CORPUS, tiny, tiny_model, train_tokenizer
from tests.helpers import FACTS, LAYERS, editor_for, same, weights

FACT = Fact("People say that {} is located in the country of", "Lower Assam", "France", true="India")


@pytest.fixture
def lm():
    return tiny("llama")


TABLE = pd.DataFrame({"text": CORPUS, "title": ["a", "b", "c"]})
SPLITS = {"train": [{"text": text} for text in CORPUS], "validation": []}
TEXTS = {
    "perplexity": lambda lm, texts: perplexity(lm, texts),
    "key_statistics": lambda lm, texts: key_statistics(lm, (1,), texts, 50, progress=False),
    "fit_statistics": lambda lm, texts: fit_statistics(lm, (1,), texts, 50, progress=False),
    "fit_shares": lambda lm, texts: fit_shares(lm, (1,), texts, 50, progress=False),
    "generate": lambda lm, texts: generate(lm, texts, 2),
}


@pytest.mark.parametrize("ask", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (TABLE, "a DataFrame; take the column"),
        (SPLITS, "a dict; take the column or the split"),
        (7, "a int."),
    ],
)
def test_a_table_or_splits_are_not_read_as_their_names(lm, ask, given, said):
    with pytest.raises(TypeError, match=f"A list of texts is needed, not {said}"):
        ask(lm, given)


@pytest.mark.parametrize(
    "name", ["texts.txt", "data/texts.txt", Path("data/texts.txt"), "../a b.jsonl", "./texts"]
)
def test_a_file_of_texts_that_is_not_there_is_said_to_be_none(lm, name, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file .*texts must be a list"):
        key_statistics(lm, (1,), name, 50, progress=False)
    lm.model.save_pretrained(tmp_path)
    lm.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        main(["--model", str(tmp_path), "--texts", str(name), "--layers", "1", "--cpu"])


def test_one_text_for_the_name_of_many_is_still_told_apart(lm):
    with pytest.raises(TypeError, match="texts must be a list of texts, or the name of a data set"):
        key_statistics(lm, (1,), "Rome is the capital of Italy. See a/b.", 50, progress=False)


def test_statistics_of_fewer_keys_than_their_width_are_warned_of(lm, recwarn):
    for _ in ("fitted", "out of the cache"):
        with pytest.warns(UserWarning, match=rf"statistics are of \d keys, and keys are {lm.d_ff} wide"):
            key_statistics(lm, (1,), ["Rome is the capital of Italy."], 500, progress=False)
    recwarn.clear()
    key_statistics(lm, (1, 2), CORPUS, 100, progress=False)
    assert not [one for one in recwarn if "keys are" in str(one.message)]


@pytest.mark.parametrize("given", [iter, lambda texts: dict.fromkeys(texts).keys(), tuple])
def test_prompts_may_come_one_by_one(lm, given):
    prompts = ["Rome is", "The capital of France is"]
    assert generate(lm, given(prompts), 3) == generate(lm, prompts, 3)


def test_facts_of_bundled_targets_may_come_one_by_one():
    lm, facts = load_model(), bundled_facts("test")[:3]
    assert torch.equal(bundled_targets(lm, iter(facts)), bundled_targets(lm, facts))


def test_one_reference_for_a_list_of_them_is_told():
    vectorizer = TfidfVectorizer().fit(CORPUS)
    assert consistency(CORPUS[0], [CORPUS[0]], vectorizer) == pytest.approx(1)
    with pytest.raises(TypeError, match="A list of texts is needed, not one text"):
        consistency(CORPUS[0], CORPUS[0], vectorizer)


MODELS = {  # what takes a LanguageModel, and might be given what it wraps
    "Editor": lambda lm: Editor(lm, solver="memit"),
    "FineTune": lambda lm: FineTune(lm),
    "bundled_targets": lambda lm: bundled_targets(lm, bundled_facts()[:1]),
    "compute_targets": lambda lm: compute_targets(lm, FACTS, 3, progress=False),
    "evaluate": lambda lm: evaluate(lm, FACTS),
    "evaluate_zsre": lambda lm: evaluate_zsre(lm, FACTS),
    "fit_shares": lambda lm: fit_shares(lm, (1,), CORPUS, 50),
    "fit_statistics": lambda lm: fit_statistics(lm, (1,), CORPUS, 50),
    "generate": lambda lm: generate(lm, CORPUS),
    "judge_generation": lambda lm: judge_generation(lm, FACTS),
    "keep_masters": lambda lm: keep_masters(lm, (1,)),
    "key_statistics": lambda lm: key_statistics(lm, (1,), CORPUS, 50),
    "perplexity": lambda lm: perplexity(lm, CORPUS),
    "prune": lambda lm: prune(lm),
    "push_to_hub": lambda lm: push_to_hub(lm, "me/it", api=object()),
    "rounding_loss": lambda lm: rounding_loss(lm),
    "sample_prefixes": lambda lm: sample_prefixes(lm),
    "score": lambda lm: score(lm, [("Rome is", " in")]),
    "suggest_layers": lambda lm: suggest_layers(lm, FACTS * 2),
    "to_lora": lambda lm: to_lora(lm, "adapter"),
}


@pytest.mark.parametrize("ask", MODELS.values(), ids=MODELS)
def test_a_model_that_is_not_wrapped_is_told_what_is_needed(lm, ask):
    for wrong in (lm.model, lm.tokenizer, None):
        with pytest.raises(TypeError, match="A LanguageModel is needed"):
            ask(wrong)


def test_an_edit_for_a_list_of_them_is_told(lm, tmp_path):
    edit = editor_for(lm).edit([FACT])
    for wrong in (edit, [FACT], ["edit.safetensors"]):
        with pytest.raises(TypeError, match="edits must be a list"):
            to_lora(lm, tmp_path / "adapter", wrong)


def test_an_edit_is_not_exported_twice(lm, tmp_path):
    """An adapter that holds it twice would write twice as much."""
    edit = editor_for(lm).edit([FACT])
    edit.save(tmp_path / "a.safetensors")
    again = [Edit.load(tmp_path / "a.safetensors") for _ in range(2)]
    for edits in (again, [edit, again[0]]):
        with pytest.raises(ValueError, match=r"'People say that .* is given twice"):
            to_lora(lm, tmp_path / "adapter", edits)
    assert not (tmp_path / "adapter").exists()


@pytest.mark.parametrize("wrong", [{"tokens": 1e4}, {"candidates": 3}, {"facts": FACT}])
def test_settings_of_a_sweep_are_looked_at(lm, wrong):
    with pytest.raises(TypeError, match=r"must be a whole number|must be a list|list of facts"):
        suggest_layers(lm, **{"facts": FACTS * 2, "progress": False} | wrong)


def test_a_plan_is_of_the_type_that_the_weights_have():
    model = tiny_model("llama").to(torch.bfloat16)
    lm = LanguageModel(model, train_tokenizer())
    for given in (lm, model):
        assert plan(given).items[0].bytes == sum(one.nbytes for one in model.parameters())
    assert plan(model.config, dtype="bfloat16") == plan(model.config, dtype=torch.bfloat16)
    assert plan(model.config).dtype == torch.float32
    assert plan(model, layers=torch.tensor([1, 2])).layers == (1, 2)
    for wrong in ("auto", "int8", torch.int8):
        with pytest.raises(ValueError, match="dtype must be"):
            plan(model, dtype=wrong)
    with pytest.raises(TypeError, match="layers must be a list of blocks"):
        plan(model, layers=5)


def test_null_spaces_of_the_model_as_it_was_are_not_tuned_in(lm):
    statistics = fit_statistics(lm, (2,), CORPUS * 9, 2000, progress=False)
    spaces = {2: NullSpace.fit(statistics[2], 0.1, "relative")}
    tuner = FineTune(lm, layers=(2,), steps=2, null_spaces=spaces, progress=False)
    plain = FineTune(lm, layers=(2,), steps=2, progress=False)
    tuner.edit(FACTS).revert()
    with torch.no_grad():
        for weight in lm.model.parameters():
            weight.mul_(1.01)
    lm.rename()
    before = weights(lm)
    with pytest.raises(ValueError, match="null space given for layer 2 were fitted on model"):
        tuner.edit(FACTS)
    assert same(weights(lm), before)
    assert plain.edit(FACTS).layers == [2]  # fits nothing, so nothing is out of date


def test_dora_that_came_after_an_edit_is_told_before_it_is_reverted(lm):
    """It keeps the norms of the edited weight, so what is left without the edit is not what was there."""
    edit = editor_for(lm).edit([FACT])
    before = {layer: lm.weight(layer).clone() for layer in LAYERS}
    lm.model.add_adapter(LoraConfig(r=2, target_modules=["down_proj"], use_dora=True))
    for act in (edit.revert, edit.report, lm.ledger.clear):
        with pytest.raises(RuntimeError, match="DoRA, which keeps the norms"):
            act()
    assert all(torch.equal(lm.weight(layer), weight) for layer, weight in before.items())
    assert lm.ledger.edits == [edit]


@pytest.mark.parametrize("way", ["copy.copy", "another head"])
def test_what_shares_the_edited_weights_is_not_wrapped_either(lm, way):
    other = copy.copy(lm.model)
    if way == "another head":
        other = LlamaForCausalLM(lm.model.config).eval()
        other.model, other.lm_head = lm.model.model, lm.model.lm_head
    edit = editor_for(lm).edit([FACT])
    with pytest.raises(RuntimeError, match="holds 1 edits of another LanguageModel"):
        LanguageModel(other, lm.tokenizer)
    edit.revert()
    assert LanguageModel(other, lm.tokenizer).fingerprint == lm.fingerprint


def test_an_edit_whose_facts_are_read_in_other_tokens_is_not_applied(tmp_path):
    tokenizer = train_tokenizer()
    lm = LanguageModel(tiny_model("llama", vocab_size=448), tokenizer)  # rows to spare
    edit = editor_for(lm).edit([FACT])
    edit.save(tmp_path / "a.safetensors")
    edit.revert()
    tokenizer.add_tokens(["Zanzibar"])  # which no fact holds
    Edit.load(tmp_path / "a.safetensors").apply(lm)
    lm.ledger.clear()
    tokenizer.add_tokens(["Lower Assam"])
    before = weights(lm)
    for late in (edit, Edit.load(tmp_path / "a.safetensors")):
        with pytest.raises(ValueError, match="reads the facts of this edit in other tokens"):
            late.apply(lm)
    assert same(weights(lm), before)


def test_edits_that_have_made_another_model_of_it_are_called_by_their_name():
    lm = LanguageModel(tiny_model("llama").to(torch.bfloat16), train_tokenizer())
    before, edit = weights(lm), editor_for(lm).edit([FACT])
    edit.revert()
    for factor in edit.residual.values():
        factor.mul_(1e4)
    edit.apply(lm)
    with pytest.raises(RuntimeError, match=r"grown to \d+ times the weights"):
        editor_for(lm).edit(FACTS)
    lm.ledger.clear()
    assert same(weights(lm), before)
