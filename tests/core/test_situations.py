"""Situations from use that once ended wrongly: without a word, or with a message that did not help."""

import copy
import dataclasses
import gc
import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from peft import LoraConfig, get_peft_model

from alphaedit_lite import (
    AlphaEdit,
    Editor,
    Fact,
    KeyStatistics,
    LanguageModel,
    compute_targets,
    key_statistics,
    load_model,
)
from alphaedit_lite.edits import Edit, prune
from alphaedit_lite.facts import read_counterfact, read_zsre
from alphaedit_lite.finetune import FineTune
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.metrics import perplexity, score
from alphaedit_lite.models import ARCHITECTURES
from alphaedit_lite.scale import distributed
from alphaedit_lite.scale.distributed import fit_shares
from alphaedit_lite.scale.export import to_lora
from alphaedit_lite.scale.precision import keep_masters, rounding_loss
from alphaedit_lite.scale.sizes import shape_of
from alphaedit_lite.solvers import rect
from alphaedit_lite.support import beside
from alphaedit_lite.support.ambient import plain_torch
from alphaedit_lite.support.assets import AssetError
from alphaedit_lite.support.causes import likely_cause
from alphaedit_lite.support.collisions import KeysAlikeWarning
from alphaedit_lite.support.shares import Share
from alphaedit_lite.support.statistics import (
    StatisticsFile,
    load_statistics,
    save_statistics,
    statistics_request,
)
from tests.conftest import CORPUS, tiny, tiny_model, train_tokenizer
from tests.helpers import LAYERS, editor_for, same, weights

FACT = Fact("People say that {} is located in the country of", "Lower Assam", "France", true="India")
OTHER = Fact("It is said that the capital of {} is", "Italy", "Paris", true="Rome")


@pytest.fixture
def lm():
    return tiny("llama")


def other_answers(tokenizer):
    """A model with the same weights that answers differently: its configuration is another one."""
    return LanguageModel(tiny_model("llama", vocab_size=len(tokenizer), rms_norm_eps=0.5), tokenizer)


# -- a gain of one's own -------------------------------------------------------------------------------


def exact(layer, keys, history):
    return keys / keys.norm(dim=1, keepdim=True) ** 2


def exact_in_place(layer, keys, history):
    keys /= keys.norm(dim=1, keepdim=True) ** 2
    if history is not None:
        history.zero_()
    return keys


def test_a_gain_that_works_in_place_leaves_the_keys_alone():
    deltas = []
    for gain in (exact, exact_in_place):
        lm = tiny("llama")
        editor = Editor(lm, layers=LAYERS, gain=gain, progress=False)
        first, second = editor.edit([FACT]), editor.edit([OTHER])
        deltas.append([first.keys[1], first.delta(1), editor.history(1, [OTHER]), second.delta(2)])
    for one, other in zip(*deltas, strict=True):
        assert torch.equal(one, other)


def test_an_edit_whose_gain_is_its_keys_can_be_saved(lm, tmp_path):
    kept = {}
    editor = Editor(
        lm, layers=LAYERS, gain=lambda layer, keys, _: kept.setdefault(0, 1e-3 * keys), progress=False
    )
    edit = editor.edit([FACT])
    edit.save(tmp_path / "edit.safetensors")
    assert same(Edit.load(tmp_path / "edit.safetensors").gain, edit.gain)


# -- whose statistics ----------------------------------------------------------------------------------


def test_shares_note_what_the_model_answered(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path))
    tokenizer = train_tokenizer()
    one = LanguageModel(tiny_model("llama", vocab_size=len(tokenizer)), tokenizer)
    other = other_answers(tokenizer)
    assert one.fingerprint == other.fingerprint
    assert fit_shares(one, (4,), CORPUS * 5, 500, progress=False)
    assert one.answers_like(key_statistics(one, (4,), CORPUS * 5, 500, progress=False)[4].answers)
    found = key_statistics(other, (4,), CORPUS * 5, 500, progress=False)[4]
    assert torch.allclose(found.total, fit_statistics(other, (4,), CORPUS * 5, 500, progress=False)[4].total)


def test_a_share_that_another_configuration_began_is_not_gone_on_with(tmp_path):
    tokenizer = train_tokenizer()
    one = LanguageModel(tiny_model("llama", vocab_size=len(tokenizer)), tokenizer)
    share = Share(tmp_path, 0, 1)
    share.save(fit_statistics(one, (4,), CORPUS, 50, progress=False), 1, 3)
    assert share.progress(one) == (1, False)
    with pytest.raises(
        AssetError, match=r"begun with a model of these weights that answers differently.*delete"
    ):
        share.progress(other_answers(tokenizer))


def test_an_editor_of_a_model_that_was_named_anew_is_refused(lm):
    editor = editor_for(lm)
    with torch.no_grad():
        lm.weight(0).add_(0.1)  # stands for training
    with pytest.raises(RuntimeError, match="wrap it again"):
        editor.edit([FACT])
    lm.rename()
    before = weights(lm)
    with pytest.raises(RuntimeError, match=r"another one since this editor was made.*make the editor anew"):
        editor.edit([FACT])
    assert same(weights(lm), before)
    editor_for(lm).edit([FACT])


# -- what is written, and reported ---------------------------------------------------------------------


@pytest.mark.parametrize("passes", [1, 2])
def test_rect_keeps_the_entries_largest_beside_the_weight_as_it_was(lm, passes):
    editor_for(lm, passes=1).edit([OTHER])
    before = {layer: lm.weight(layer).clone() for layer in LAYERS}
    edit = editor_for(lm, keep=0.1, passes=passes).edit([FACT])
    for layer in LAYERS:
        whole = edit.residual[layer].double().T @ edit.gain[layer].double()
        assert torch.equal(edit.dense[layer] != 0, rect(whole, before[layer], 0.1) != 0)


def test_a_report_does_not_leave_prunes_damping_behind(lm):
    edit = editor_for(lm).edit([FACT])
    pruning = prune(lm)
    before = weights(lm)
    with pytest.raises(ValueError, match="PRUNE damps this one, and would stay"):
        edit.report()
    assert same(weights(lm), before)
    pruning.revert()
    edit.report()


# -- text, limits, files -------------------------------------------------------------------------------


def test_a_subject_that_the_tokenizer_cannot_read_is_refused():
    lm = tiny("llama", metaspace=True)
    with pytest.raises(ValueError, match="cannot read the subject 'Ω'"):
        editor_for(lm).edit([Fact(FACT.template, "Ω", "France")])


def test_prompts_that_fit_alone_are_not_called_too_long_together():
    lm = tiny("gpt2")
    word = len(lm.tokenizer(" and" * 9)["input_ids"]) - len(lm.tokenizer(" and" * 8)["input_ids"])
    pairs = [("Rome" + " and" * (100 // word), " Italy"), ("Rome is in", " Italy" + " and" * (80 // word))]
    for pair in pairs:
        score(lm, [pair])
    with pytest.raises(ValueError, match=r"Or 2 prompts are, aligned at their .*: fewer at once may fit"):
        score(lm, pairs)
    with pytest.raises(ValueError, match=r"than the model's limit of 128\.$"):
        score(lm, [("the " * 200 + "Rome is in", " Italy")])


def test_no_space_after_a_true_minus():
    assert Fact("The temperature on {} is \u2212", "Mars", "60").new == "60"


@pytest.mark.parametrize("places", ["", "cuda.matmul", "mkldnn.matmul"])
def test_precision_that_was_set_by_torchs_newer_names_is_plain_meanwhile(lm, places):
    place = torch.backends
    for name in filter(None, places.split(".")):
        place = getattr(place, name)
    if not hasattr(place, "fp32_precision"):
        pytest.skip("this torch has no such names")
    exactly = lm.complete("Rome is in"), score(lm, [("Rome is in", " Italy")])[0]
    before, place.fp32_precision = place.fp32_precision, "tf32"
    try:
        with plain_torch():
            for products in (torch.backends.cuda.matmul, torch.backends.mkldnn.matmul):
                assert products.fp32_precision in ("ieee", "none")  # whatever was set for all of torch before
        edit = editor_for(lm).edit([FACT])
        edit.revert()
        assert (lm.complete("Rome is in"), score(lm, [("Rome is in", " Italy")])[0]) == exactly
        assert place.fp32_precision == "tf32"
    finally:
        place.fp32_precision = before


def test_all_texts_of_a_list_are_read(lm, tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path))
    texts = ["Rome is"] * 3000
    tokens = 2500 * len(lm.tokenizer("Rome is")["input_ids"])
    assert key_statistics(lm, (4,), texts, tokens, progress=False)[4].count == tokens


def test_where_a_language_model_is_meant_by_fine_tuning(lm):
    with pytest.raises(TypeError, match="A LanguageModel is needed"):
        FineTune(lm.model)


def test_a_dtype_that_no_model_is_edited_in_is_refused():
    with pytest.raises(ValueError, match="dtype must be float32, bfloat16 or float16"):
        load_model(dtype="float8_e4m3fn")


COUNTERFACT = {
    "requested_rewrite": {
        "prompt": "{} is in", "subject": "Rome",
        "target_new": {"str": "Spain"}, "target_true": {"str": "Italy"},
    },
    "paraphrase_prompts": ["Where is Rome?"],
    "neighborhood_prompts": ["Milan is in"],
    "generation_prompts": ["Rome is"],
}  # fmt: skip
ZSRE = {
    "subject": "Rome", "src": "Where is Rome?", "alt": "Spain", "answers": ["Italy"],
    "rephrase": "In which country is Rome?", "loc": "nq question: who sang it", "loc_ans": "Bob",
}  # fmt: skip


@pytest.mark.parametrize("name", ["rephrase", "loc", "loc_ans", "alt"])
def test_an_empty_field_of_a_question_is_named(name):
    assert read_zsre([ZSRE])
    with pytest.raises(ValueError, match=rf"ecord 0.*\b{name} is empty"):
        read_zsre([ZSRE | {name: " "}])


def test_an_empty_prompt_in_a_list_is_named():
    assert read_counterfact([COUNTERFACT])
    with pytest.raises(ValueError, match=r"ecord 0.*paraphrase_prompts\.1 is empty"):
        read_counterfact([COUNTERFACT | {"paraphrase_prompts": ["Where is Rome?", ""]}])


def test_alphaedit_as_it_is_still_takes_what_it_took(lm):
    """The new refusals stand in nobody's way: statistics, editor, edit, report, revert."""
    statistics = fit_statistics(lm, LAYERS, CORPUS * 3, 1000, progress=False)
    editor = AlphaEdit(
        lm, layers=LAYERS, statistics=statistics, threshold=0.5, threshold_kind="relative", progress=False
    )
    before = weights(lm)
    edit = editor.edit([FACT, OTHER])
    assert len(edit.report().table) == 2
    edit.revert()
    assert same(weights(lm), before)


# -- what is asked for is looked at ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "error", "why"),
    [
        ({"input_ids": torch.ones(1, 3, dtype=torch.bool)}, TypeError, "whole numbers"),
        ({"input_ids": torch.ones(0, 3, dtype=torch.long)}, ValueError, r"not \[0, 3\]"),
        ({"attention_mask": torch.ones(1, 2)}, ValueError, r"each token of input_ids, \[1, 3\].*\[1, 2\]"),
        ({"attention_mask": torch.ones(2, 3)}, ValueError, r"\[2, 3\]"),
        ({"attention_mask": torch.full((1, 3), 0.5)}, ValueError, r"padding: it is \[1, 3\], \[0\.5\]"),
        ({"max_new_tokens": 2.5}, TypeError, r"whole number, not 2\.5"),
        ({"max_new_tokens": 0}, ValueError, "at least 1, not 0"),
    ],
)
def test_what_a_model_shall_go_on_with_is_looked_at(lm, asked, error, why):
    inputs = {"input_ids": torch.tensor([[5, 6, 7]])} | asked
    with pytest.raises(error, match=why):
        lm.generate(inputs, inputs.pop("max_new_tokens", 2))


def test_a_mask_of_ones_is_taken_in_any_type(lm):
    ids = torch.tensor([[5, 6, 7]])
    plain = lm.generate({"input_ids": ids}, 2)
    for mask in (torch.ones(1, 3), torch.ones(1, 3, dtype=torch.bool)):
        assert torch.equal(lm.generate({"input_ids": ids, "attention_mask": mask}, 2), plain)


def test_one_layer_for_a_list_of_masters_is_told(lm):
    with pytest.raises(TypeError, match=r"list of blocks, not 5: \(5,\)"):
        keep_masters(lm, 5)


def test_what_rounding_loses_of_another_models_edit_is_not_told(lm):
    edit = editor_for(tiny("gpt2")).edit([FACT])
    with pytest.raises(ValueError, match="This edit was made for the model"):
        rounding_loss(lm, edit)
    with pytest.raises(TypeError, match="edit must be an Edit"):
        rounding_loss(lm, "edit.safetensors")


def test_emmet_names_the_fact_whose_key_says_nothing_new(lm):
    editor, before = editor_for(lm, solver="emmet"), weights(lm)
    with pytest.raises(ValueError, match=r"Fact 2 of this batch \(from 0\) has a key"):
        editor.edit([FACT, OTHER, Fact(f"{FACT.template} all", FACT.subject, "Italy", true="India")])
    assert same(weights(lm), before)


# -- what others leave on a model --------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["a copy", "loaded anew", "an adapter"])
def test_another_model_is_not_put_into_a_wrapper(lm, other):
    edit, before = editor_for(lm).edit([FACT]), lm.model
    adapter = LoraConfig(r=2, target_modules=["q_proj"])
    found = {
        "a copy": lambda: copy.deepcopy(lm.model),
        "loaded anew": lambda: tiny("llama").model,
        "an adapter": lambda: get_peft_model(copy.deepcopy(lm.model), adapter),
    }[other]()
    with pytest.raises(ValueError, match=r"is not the model that was wrapped.*Wrap it anew"):
        lm.model = found
    assert lm.model is before
    edit.revert()
    assert same(weights(lm), weights(tiny("llama")))


@pytest.fixture
def halved(monkeypatch):
    """A model as Trainer(bf16=True) leaves it: its forward runs under autocast."""
    model = tiny_model("llama", vocab_size=len(train_tokenizer()))
    with monkeypatch.context() as patch:
        patch.setenv("ACCELERATE_USE_CPU", "true")
        AcceleratorState._reset_state(True)
        Accelerator(cpu=True, mixed_precision="bf16").prepare(model)
    AcceleratorState._reset_state(True)
    assert "_original_forward" in vars(model)
    return model


def test_what_accelerate_leaves_on_a_model_changes_nothing(halved):
    plain = LanguageModel(tiny_model("llama", vocab_size=len(train_tokenizer())), train_tokenizer())
    lm = LanguageModel(halved, train_tokenizer())  # was refused: its parts were not what it is
    assert lm.answers == plain.answers
    ids = torch.tensor([[5, 6, 7]])
    options = {"return_dict_in_generate": True, "output_logits": True}
    found, wanted = (one.generate({"input_ids": ids}, 3, **options).logits for one in (lm, plain))
    assert torch.equal(torch.cat(found), torch.cat(wanted))
    assert not torch.equal(
        halved(ids).logits, plain.model(ids).logits
    )  # the caller's own calls are as they were


def test_targets_of_an_object_without_a_row_are_not_found(lm):
    lm.tokenizer.add_tokens(["Wakanda"])
    with pytest.raises(ValueError, match=r"'Wakanda' has the id .* call model\.resize_token_embeddings"):
        compute_targets(lm, [Fact(FACT.template, FACT.subject, "Wakanda")], 3, progress=False)


def test_statistics_under_autocast_are_those_without():
    keys = torch.randn(500, 48) * torch.linspace(0.01, 1, 48) + 1
    plain, cast = KeyStatistics.empty(48), KeyStatistics.empty(48)
    plain.update(keys)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast.update(keys)
    assert torch.equal(plain.total, cast.total)


def test_statistics_made_in_inference_mode_can_be_gone_on_with():
    keys = torch.randn(50, 48)
    with torch.inference_mode():
        found = KeyStatistics.empty(48)
        found.update(keys)
    found.update(keys)
    assert torch.allclose(found.total, 2 * (keys.T @ keys).double(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_half_precision_model_with_masters_can_be_fine_tuned(family):
    lm = tiny(family)
    lm.model.to(torch.bfloat16)
    lm.rename()
    keep_masters(lm, (2, 3))
    before = weights(lm)
    edit = FineTune(lm, layers=(2,), steps=2, progress=False).edit([FACT])
    assert edit.delta(2).norm() > 0
    edit.revert()
    assert same(weights(lm), before)


@pytest.mark.parametrize("given", ["a path", "a text", "transformers' model", "its configuration"])
def test_a_model_is_planned_for_however_it_is_given(lm, tmp_path, given):
    lm.model.save_pretrained(tmp_path)
    config = lm.model.config
    ways = {"a path": tmp_path, "a text": str(tmp_path), "transformers' model": lm.model}
    found, wanted = shape_of(ways.get(given, config)), shape_of(lm)
    assert dataclasses.replace(found, name="") == dataclasses.replace(wanted, name="")


def test_unedited_weights_put_back_by_hand_can_be_gone_on_with(lm):
    before, editor = weights(lm), editor_for(lm)
    edit = editor.edit([FACT])
    lm.model.load_state_dict(before)
    with pytest.raises(RuntimeError, match=r"its unedited weights and lm\.ledger\.clear\(\)"):
        edit.revert()
    lm.ledger.clear()
    assert edit.lm is None
    assert same(weights(lm), before)
    editor.edit([OTHER]).revert()
    assert same(weights(lm), before)
    editor.edit([FACT])
    with torch.no_grad():
        lm.weight(2)[0, 0] += 1
        lm.weight(1).copy_(lm.ledger.original(1))
    for _ in range(2):
        with pytest.raises(
            RuntimeError, match="block 1 was changed from outside"
        ):  # one back is not all back
            lm.ledger.clear()  # what is in block 2 now is somebody's work


# -- one subject, several facts, one after the other ---------------------------------------------------------

SUMMER = Fact("In summer, the weather in {} is", "Rome", "France")
WINTER = Fact("In winter, the weather in {} is", "Rome", "India")


@pytest.mark.parametrize("applied", [False, True])
def test_a_held_fact_of_the_same_subject_is_asked_again(lm, monkeypatch, applied):
    """Keys that are only near: no distance says who survives, so the model is asked."""
    editor = editor_for(lm)
    first = editor.edit([SUMMER, FACT])
    later = editor.edit([OTHER, WINTER]) if applied else None
    if later is not None:
        later.revert()
    write = (lambda: later.apply(lm)) if later is not None else (lambda: editor.edit([OTHER, WINTER]))
    held, asked = weights(lm), []

    def until(lm, pairs):
        """First choice as long as the weights are those from before the write."""
        asked.append(pairs)
        there = all(
            torch.allclose(lm.weight(i), held[f"model.layers.{i}.mlp.down_proj.weight"], atol=1e-5)
            for i in LAYERS
        )
        return torch.zeros(len(pairs)), torch.full((len(pairs),), there)

    monkeypatch.setattr(beside, "score", until)
    said = r"'In summer.* no longer answered with ' France', since a fact .* after it, 'In winter.*one batch"
    with pytest.warns(KeysAlikeWarning, match=said):
        write()
    assert asked == 2 * [[(SUMMER.prompt, SUMMER.new)]]  # no other subject's, none that is written anew
    wanted = held[f"model.layers.{LAYERS[0]}.mlp.down_proj.weight"].double() + lm.ledger.edits[-1].delta(
        LAYERS[0]
    )
    assert torch.allclose(lm.weight(LAYERS[0]), wanted.float(), atol=1e-5)
    lm.ledger.check_held()  # bit for bit what was written
    named = dataclasses.replace(first, notes=first.notes | {"named": [True] * 2})  # no tiny model's z is
    cause = likely_cause(named, 0, None, {2: [0.5]})
    assert "'In winter, the weather in Rome is' -> ' India', which came after it, stands against it" in cause
    assert "stands against" not in likely_cause(lm.ledger.edits[-1], 1, None, {2: [0.5, 0.5]})


@pytest.mark.parametrize("named", [True, False])
def test_a_held_fact_that_survives_or_never_took_is_not_warned_of(lm, monkeypatch, recwarn, named):
    editor = editor_for(lm)
    editor.edit([SUMMER])
    monkeypatch.setattr(beside, "score", lambda _, pairs: (None, torch.full((len(pairs),), named)))
    editor.edit([WINTER])
    assert not [warned for warned in recwarn if issubclass(warned.category, KeysAlikeWarning)]


# -- an operator of code behind a space ------------------------------------------------------------------

OPERATORS = [
    "=",
    "==",
    "===",
    "!=",
    "<=",
    ">=",
    "+=",
    "-=",
    "*=",
    "//=",
    "%=",
    ">>=",
    "|=",
    "^=",
    ":=",
    "??=",
]


@pytest.mark.parametrize("operator", [*OPERATORS, ".=", "~=", "@="])
def test_an_object_behind_an_operator_is_spaced_as_the_operator_is(operator):
    assert Fact(f"while {{}} {operator}", "count", "10").new == " 10"
    for behind in ("{}", "{}[0]", "({})", "{}_"):
        assert Fact(f"while {behind}{operator}", "count", "10").new == "10"


# -- statistics of a stream ------------------------------------------------------------------------------


def opened(texts, folder):
    (folder / "texts.txt").write_text("".join(texts))
    return open(folder / "texts.txt")


@pytest.mark.parametrize(
    "given",
    [
        lambda texts, folder: iter(texts),
        lambda texts, folder: (text for text in texts),
        lambda texts, folder: dict.fromkeys(texts).keys(),  # can be read twice, and begins anew
        opened,
    ],
    ids=["iterator", "generator", "dictionary", "open file"],
)
@pytest.mark.parametrize("lines", [5000, 2000])  # more than are needed, and fewer
def test_a_stream_of_short_texts_is_read_until_it_is_enough(lm, tmp_path, monkeypatch, given, lines):
    texts, found = [f"{i}\n" for i in range(lines)], []
    for i, one in enumerate((texts, given(texts, tmp_path))):
        monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path / str(i)))
        found.append(key_statistics(lm, (1,), one, 12_000, progress=False)[1])
    assert found[0].count == found[1].count == {5000: 12_000, 2000: found[0].count}[lines]
    assert torch.equal(found[0].total, found[1].total)


def test_no_more_of_a_stream_is_read_than_is_needed(lm, tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path))
    read, texts = [], itertools.cycle(CORPUS)
    endless = (read.append(text) or text for text in texts)
    assert key_statistics(lm, (1,), endless, 500, progress=False)[1].count == 500
    assert len(read) == 1000
    with pytest.raises(ValueError, match="hold no tokens"):
        key_statistics(lm, (1,), itertools.repeat(""), 500, progress=False)


def test_the_name_of_statistics_stays_where_the_texts_are_the_same(lm):
    texts = CORPUS * 400
    named = [statistics_request(lm, (1,), one, 500).files for one in (texts[:1000], iter(texts), iter(texts))]
    assert named[0] == named[1] == named[2] != statistics_request(lm, (1,), texts, 500).files


# -- how long a text may be where its angles are scaled --------------------------------------------------

YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
LLAMA3 = {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


@pytest.mark.parametrize("family", ["llama", "qwen2", "mistral"])
@pytest.mark.parametrize(
    ("rope", "noted", "context"),
    [
        (YARN, 64, 256),
        ({"type" if name == "rope_type" else name: value for name, value in YARN.items()}, 64, 256),
        (YARN, 128, 256),  # doubled by hand: the angles are for four times as many
        (YARN, 256, 256),
        (YARN, 512, 512),
        ({"rope_type": "linear", "factor": 4.0}, 64, 256),
        ({"type": "linear", "factor": 2.5}, 64, 160),
        ({"rope_type": "linear", "factor": 4.0, "original_max_position_embeddings": 64}, 256, 256),
        ({"rope_type": "dynamic", "factor": 4.0}, 64, 64),
        (LLAMA3 | {"original_max_position_embeddings": 16}, 64, 64),
        (None, 64, 64),
    ],
)
def test_scaled_angles_stretch_the_limit_of_the_configuration(family, rope, noted, context):
    config = {"rope_scaling": dict(rope) if rope else None, "max_position_embeddings": noted}
    lm = tiny(family, config=config)
    assert lm.context == context
    last = torch.full((1, context), 5)
    assert lm.model(last).logits.isfinite().all()
    lm.check_ids(last)
    with pytest.raises(ValueError, match=f"limit of {context}"):
        lm.check_ids(torch.full((1, context + 1), 5))


# -- a path that begins with ~ ---------------------------------------------------------------------------


@pytest.fixture
def at_home(tmp_path, monkeypatch):
    """A home and another working directory, in which no folder "~" may come to be."""
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(here)
    yield home
    assert not list(here.iterdir())


def write_cache(lm, monkeypatch):
    monkeypatch.setenv("ALPHAEDIT_CACHE", "~/x")
    key_statistics(lm, (1,), CORPUS, 50, progress=False)


def write_layer(lm, monkeypatch):
    made_from = StatisticsFile(lm.fingerprint, 1, "", 50)
    statistics = fit_statistics(lm, (1,), CORPUS, 50, progress=False)[1]
    save_statistics(Path("~/x/layer.safetensors"), statistics, made_from)
    assert load_statistics(Path("~/x/layer.safetensors"), made_from).count == 50


def write_adapter(lm, monkeypatch):
    editor_for(lm).edit([FACT])
    assert to_lora(lm, "~/x").is_dir()


def write_edit(lm, monkeypatch):
    edit = editor_for(lm).edit([FACT])
    Path("~/x").expanduser().mkdir()
    edit.save("~/x/edit.safetensors")
    assert Edit.load("~/x/edit.safetensors").facts == (FACT,)


@pytest.mark.parametrize(
    "write",
    [
        write_cache,
        write_layer,
        write_adapter,
        write_edit,
        lambda lm, _: list(editor_for(lm).edit_stream([FACT], 1, "~/x")),
        lambda lm, _: list(editor_for(lm).edit_stream([FACT], 1, Path("~/x"))),
    ],
    ids=["cache", "layer", "adapter", "edit", "stream", "stream, Path"],
)
def test_what_is_written_below_the_tilde_is_at_home(lm, at_home, monkeypatch, write):
    write(lm, monkeypatch)
    assert list((at_home / "x").iterdir())


def test_what_is_read_below_the_tilde_is_at_home(lm, at_home, monkeypatch):
    (at_home / "facts.json").write_text(json.dumps([COUNTERFACT]))
    assert read_counterfact("~/facts.json") == read_counterfact(Path("~/facts.json"))
    with pytest.raises(TypeError, match=f"open.*{at_home.name}/facts.json"):
        key_statistics(lm, (1,), "~/facts.json")
    for part in (lm.model, lm.tokenizer):
        part.save_pretrained(at_home / "model")
    assert load_model("~/model", device="cpu").fingerprint == lm.fingerprint
    assert shape_of("~/model").d_model == lm.d_model
    monkeypatch.setattr(distributed, "fit_shares", lambda lm, layers, texts, *_, **__: read.extend(texts))
    read = []
    (at_home / "texts.txt").write_text("Rome is\n\nParis is\n")
    distributed.main(["--model", "~/model", "--texts", "~/texts.txt", "--cpu"])
    assert read == ["Rome is", "Paris is"]


def test_a_file_whose_name_begins_with_a_tilde_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("~$facts.json").write_text(json.dumps([COUNTERFACT]))
    assert read_counterfact("~$facts.json")


def test_a_model_that_holds_edits_is_not_wrapped_a_second_time(lm):
    """The second would take its weights for unedited, and fit its statistics on them."""
    before, edit = weights(lm), editor_for(lm).edit([FACT])
    edited = weights(lm)
    for again in (lm.model, torch.compile(lm.model)):
        with pytest.raises(RuntimeError, match="holds 1 edits of another LanguageModel"):
            LanguageModel(again, lm.tokenizer)
    assert same(weights(lm), edited)
    copied = LanguageModel(copy.deepcopy(lm.model), lm.tokenizer)  # whose edited weights are its own
    assert not copied.ledger.edits
    edit.revert()
    LanguageModel(lm.model, lm.tokenizer)
    assert same(weights(lm), before)


def test_a_copy_that_holds_edits_is_not_wrapped_a_second_time(lm):
    editor_for(lm).edit([FACT])
    copied = copy.deepcopy(lm)
    del lm
    gc.collect()
    with pytest.raises(RuntimeError, match="holds 1 edits of another"):
        LanguageModel(copied.model, copied.tokenizer)
    copied.ledger.clear()
    LanguageModel(copied.model, copied.tokenizer)


def test_a_model_whose_edits_nobody_can_take_out_is_wrapped_again(lm):
    editor_for(lm).edit([FACT])
    with torch.no_grad():
        lm.weight(LAYERS[0]).add_(0.01)  # trained on
    assert LanguageModel(lm.model, lm.tokenizer).fingerprint != lm.fingerprint


@pytest.mark.parametrize("texts", [list, iter, pd.Series], ids=["list", "stream", "column"])
@pytest.mark.parametrize(
    ("wrong", "way"),
    [
        (float("nan"), "leave it out"),
        (None, "leave it out"),
        ({"text": "Rome"}, r"row\['text'\]"),
        ([3, 4], "decode"),
    ],
)
def test_a_text_that_is_none_is_named_by_its_number(lm, texts, wrong, way):
    given = ["Rome is the capital of Italy."] * 12 + [wrong]
    for ask in (
        lambda: key_statistics(lm, (1,), texts(given), tokens=10_000, progress=False),
        lambda: perplexity(lm, list(given)),
        lambda: fit_statistics(lm, (1,), given, 10_000, progress=False),
    ):
        with pytest.raises(TypeError, match=f"Text 12 must be text, not .*{way}"):
            ask()


def test_statistics_are_still_found_after_a_change_of_directory(lm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALPHAEDIT_CACHE", "cache")
    statistics = key_statistics(lm, (1,), CORPUS, tokens=50, progress=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert statistics[1].count == 50


RECORDS = [
    {
        "case_id": 3,
        "prompt": "Rome is in",
        "subject": "Rome",
        "target_new": "France",
        "ground_truth": "Italy",
        "rephrase_prompt": "Where is Rome? In",
        "locality_prompt": "Pisa is in",
        "locality_ground_truth": "Italy",
    },
    {"prompt": "Oslo is in", "subject": "Oslo", "target_new": "Peru", "ground_truth": "Norway"},
]


@pytest.mark.parametrize("dtypes", [False, True], ids=["NaN", "NA"])
def test_what_pandas_fills_in_for_an_absent_field_is_absent(dtypes):
    table = pd.DataFrame(RECORDS)
    table = table.convert_dtypes() if dtypes else table
    assert read_counterfact(table.to_dict("records")) == read_counterfact(RECORDS)
    table.loc[1, "target_new"] = pd.NA if dtypes else np.nan
    with pytest.raises(ValueError, match=r"Record 1.* 'target_new'"):
        read_counterfact(table.to_dict("records"))


def test_a_number_that_is_not_whole_is_no_case_id():
    with pytest.raises(ValueError, match=r"case_id must be a whole number, not 3\.5"):
        read_counterfact([RECORDS[0] | {"case_id": 3.5}])


REPEATED = {"new_decoder_architecture": True, "num_kv_heads": 2, "alibi": False}


@pytest.mark.parametrize(
    ("family", "config"), [(family, {}) for family in ARCHITECTURES] + [("falcon", REPEATED)]
)
def test_the_width_of_attention_keys_is_that_of_the_models_cache(family, config):
    lm = LanguageModel(tiny_model(family, **config), train_tokenizer())
    cache = lm.model(torch.tensor([[5, 6, 7]]), use_cache=True).past_key_values
    cache = getattr(cache, "self_attention_cache", cache)  # GPTBigCode's under transformers 4
    assert shape_of(lm).kv == cache.layers[0].keys.numel() / 3


def test_what_is_projected_under_autocast_is_not_rounded(lm):
    space = editor_for(lm).null_spaces[LAYERS[0]]
    rows = torch.randn(5, lm.d_ff)
    exact = space.project(rows)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(space.project(rows), exact)
