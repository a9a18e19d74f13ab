"""What a model can take: tokens in a row, ids with a row in the embedding, padding within a window."""

import pytest
import torch

from alphaedit_lite import Fact, LanguageModel, TargetConfig, compute_targets
from alphaedit_lite.factkeys import FactPrompts
from alphaedit_lite.finetune import FineTune
from alphaedit_lite.generation import generate
from alphaedit_lite.keys import fit_statistics, token_rows
from alphaedit_lite.metrics import score
from alphaedit_lite.models import ARCHITECTURES
from alphaedit_lite.support.slices import has_gaps
from tests.conftest import CORPUS, tiny, tiny_model, train_tokenizer
from tests.helpers import editor_for, same, weights

LONG = "Rome is the capital of Italy. " * 60


@pytest.fixture(params=["gpt2", "llama", "opt"])
def short(request):
    name = "n_positions" if request.param == "gpt2" else "max_position_embeddings"
    return tiny(request.param, config={name: 24})


def test_texts_for_statistics_are_cut_to_the_context(short):
    assert max(map(len, token_rows(short, [LONG], 1000))) == short.context == 24
    assert fit_statistics(short, (1,), [LONG] * 3, 60, progress=False)[1].count == 60


def test_prompt_and_new_tokens_must_fit(short):
    prompt = "Rome is the capital of Italy"
    tokens = len(short.tokenizer(prompt)["input_ids"])
    most = 24 - tokens
    message = f"A prompt of {tokens} tokens and {most + 1} new ones .*limit of 24: ask for {most} new"
    for say in (short.complete, lambda prompt, new: generate(short, ["Rome", prompt], new)):
        with pytest.raises(ValueError, match=message):
            say(prompt, most + 1)
        say(prompt, most)
        with pytest.raises(
            ValueError, match=r"A prompt of \d+ tokens is longer than the model's limit of 24"
        ):
            say(LONG, 1)


def test_a_fact_that_fits_but_not_behind_a_beginning_is_named(short):
    fits, before = Fact("The weather in {} is", "Rome", "Asia"), weights(short)
    plain, behind = (TargetConfig(steps=2, prefixes=("", *some)) for some in ((), ("Ask people. " * 9,)))
    message = r"of 'Rome' and ' Asia' is \d+ tokens behind 'Ask people\. .*', longer than the model's"
    for act in (
        lambda: compute_targets(short, [fits], 2, behind),
        lambda: editor_for(short, targets=behind).edit([fits]),
        lambda: FactPrompts(short, [fits], behind.prefixes, 1),
    ):
        with pytest.raises(ValueError, match=message + r" limit of 24: shorten it, or the beginnings"):
            act()
    assert same(weights(short), before)
    assert not short.ledger.edits
    editor_for(short, targets=plain).edit([fits]).revert()
    too_long = Fact("{} is, " + LONG, "Rome", "Asia")
    for act in (
        lambda: editor_for(short, targets=plain).edit([too_long]),
        lambda: FineTune(short, layers=(1,), steps=1, progress=False).edit([too_long]),
    ):
        with pytest.raises(
            ValueError, match=r"is \d+ tokens, longer than the model's limit of 24: shorten it\."
        ):
            act()


def test_no_limit():
    lm = tiny("bloom")
    assert lm.context is None
    assert len(lm.tokenizer(lm.complete(LONG, 2))["input_ids"]) > 0


def test_padding_without_a_row_in_the_embedding(lm, facts):
    rows = lm.model.get_input_embeddings().weight.shape[0]
    plain = editor_for(lm).edit(facts)
    plain.revert()
    lm.tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    assert lm.tokenizer.pad_token_id >= rows > lm.pad_id
    again = editor_for(lm).edit(facts)
    assert torch.equal(again.delta(2), plain.delta(2))
    assert len(generate(lm, ["Rome", "Rome is the capital"], 2)) == 2
    lm.tokenizer.add_special_tokens({"eos_token": "[END]"})
    assert lm.pad_id == 0


def test_a_token_without_a_row_in_the_embedding(lm, facts):
    lm.tokenizer.add_tokens(["Zanzibar"])
    for act in (
        lambda: lm.complete("Zanzibar is", 2),
        lambda: generate(lm, ["Zanzibar is"], 2),
        lambda: fit_statistics(lm, (1,), ["Zanzibar is"], 9, progress=False),
    ):
        with pytest.raises(ValueError, match=r"'Zanzibar' has the id 4\d\d.*resize_token_embeddings"):
            act()


def test_padding_between_tokens_is_refused_where_a_window_would_count_it():
    mask = torch.tensor([[1, 1, 0, 1, 1, 1], [0, 1, 1, 1, 0, 0]])
    assert has_gaps(mask)
    assert not has_gaps(mask[1:])
    positions = (mask.cumsum(1) - 1).clamp_min(0)
    for window, refused in ((4, True), (6, False), (None, False)):
        lm = tiny("mistral", config={"sliding_window": window})
        hidden = lm.embed(torch.ones_like(mask))
        if refused:
            with pytest.raises(ValueError, match=r"6 columns wide.*reaches 4 columns back"):
                lm.run(hidden, mask, positions)
            lm.run(hidden[1:], mask[1:], positions[1:])
        else:
            lm.run(hidden, mask, positions)


def test_statistics_of_every_family():
    for family in ARCHITECTURES:
        lm = tiny(family)
        assert fit_statistics(lm, (1, 3), CORPUS, 50, progress=False)[3].count == 50


def test_angles_that_change_with_the_length_of_the_longest_row():
    """Phi-3's long context: a short prompt would get another score in the company of a long one."""
    scaling = {"type": "longrope", "short_factor": [1.0] * 4, "long_factor": [9.0] * 4}
    lengths = {"max_position_embeddings": 256, "original_max_position_embeddings": 12}
    lm = tiny("phi3", config={"rope_scaling": scaling, **lengths})
    assert lm.context == 12
    score(lm, [("Rome is", " a")])
    with pytest.raises(ValueError, match="longer than the model's limit of 12"):
        score(lm, [("Rome is", " a"), (LONG, " a")])


def test_prompts_padded_on_the_right(lm):
    lm.tokenizer.pad_token = "</s>"
    for side in ("right", "left"):
        lm.tokenizer.padding_side = side
        inputs = lm.tokenizer(["Rome", "The capital of France is"], padding=True, return_tensors="pt")
        if side == "right":
            with pytest.raises(ValueError, match=r"ends with padding.*padding_side = 'left'"):
                lm.generate(inputs, 2)
        else:
            lm.generate(inputs, 2)
    ids = inputs["input_ids"][1:]
    assert torch.equal(
        lm.generate({"input_ids": ids}, 2), lm.generate({"input_ids": ids, "attention_mask": ids**0}, 2)
    )


def test_fine_tuning_in_half_precision():
    """Adam's 1e-8 is 0 in float16."""
    lm = LanguageModel(tiny_model("llama").half(), train_tokenizer())
    edit = FineTune(lm, layers=(1,), steps=2, progress=False).edit([Fact("{} is", "Rome", "Italy")])
    assert edit.delta(1).abs().max() > 0
