"""The battery of minimal pairs: what code can check of its grammar, and what chance is."""

import random

import pytest
import torch

from alphaedit_lite.book.kit.minimal_pairs import (
    PAIRS,
    PHENOMENA,
    WORDS,
    Pair,
    judge_pairs,
    pairs,
    split,
    square,
)
from tests.conftest import tiny

BATTERY = pairs()


def contrast(pair):
    """The words in which a pair differs, and what stands around them."""
    good, bad = pair.good.split(), pair.bad.split()
    start = len(split(pair)[0].split())
    end = 0
    while end < min(len(good), len(bad)) - start and good[-1 - end] == bad[-1 - end]:
        end += 1
    cut = [tuple(words[start : len(words) - end]) for words in (good, bad)]
    return cut, [words[:start] + words[len(words) - end :] for words in (good, bad)]


def test_every_phenomenon_has_its_pairs_all_different_and_the_same_at_every_call():
    assert PAIRS >= 50
    assert 8 <= len(PHENOMENA) <= 10
    assert [pair.phenomenon for pair in BATTERY] == [name for name in PHENOMENA for _ in range(PAIRS)]
    sentences = [(pair.good, pair.bad) for pair in BATTERY]
    assert len(set(sentences)) == len(sentences)
    assert pairs() == BATTERY


def test_sentences_are_short_and_nothing_of_the_templates_is_left():
    for pair in BATTERY:
        for sentence in (pair.good, pair.bad):
            assert 5 <= len(sentence.split(" ")) <= 12, sentence
            assert sentence[0].isupper(), sentence
            assert sentence.rstrip(".").replace(" ", "").isalpha(), sentence
            assert not any(f" a {vowel}" in sentence for vowel in "aeiou"), sentence


def test_a_pair_differs_in_one_place_only():
    for pair in BATTERY:
        (good, bad), (around_good, around_bad) = contrast(pair)
        assert good != bad
        assert around_good == around_bad
        assert 1 <= max(len(good), len(bad)) <= 3, pair


def test_the_pairs_of_a_square_ask_opposite_questions():
    """The same two fillers, once this one right and once that one; and no sentence is good and bad."""
    for first, second in zip(BATTERY[::2], BATTERY[1::2], strict=True):
        assert contrast(first)[0] == contrast(second)[0][::-1]
    assert not {pair.good for pair in BATTERY} & {pair.bad for pair in BATTERY}


def test_every_kind_of_word_is_used_and_has_equally_many_forms():
    templates = " ".join(template for found in PHENOMENA.values() for template in found)
    for kind, words in WORDS.items():
        assert f"{kind}:" in templates
        assert len({word.count("/") for word in words.split()}) == 1, kind
        assert len(set(words.split())) == len(words.split()), kind


def test_a_template_by_hand():
    first, second = square("x", "We saw [one|two] (cat|cats) here", random.Random(0))
    assert first == Pair("x", "We saw one cat here", "We saw one cats here")
    assert second == Pair("x", "We saw two cats here", "We saw two cat here")
    assert split(first) == ("We saw one", " cat here", " cats here")
    drawn, _ = square("x", "Near the person:0 and the person2:1 (is|are)", random.Random(0))
    words = [word.split("/") for word in WORDS["person"].split()]
    (one,), (two,) = [
        [i for i, w in enumerate(words) if w[n] == drawn.good.split()[2 + 3 * n]] for n in (0, 1)
    ]
    assert one != two
    with pytest.raises(ValueError, match="begin with the same word"):
        split(Pair("x", "This is", "These is"))


def test_differences_are_those_of_the_whole_model(lm):
    table = judge_pairs(lm, progress=False)
    assert table["phenomenon"].tolist() == [pair.phenomenon for pair in BATTERY]
    assert table["correct"].tolist() == (table["difference"] > 0).tolist()

    def log_p(sentence):
        ids = lm.tokenizer(sentence, return_tensors="pt")["input_ids"][0]
        with torch.no_grad():
            found = lm.model(ids[None]).logits[0, :-1].log_softmax(-1)
        return float(found.gather(1, ids[1:, None]).sum())

    for i in range(0, len(BATTERY), 7):
        expected = log_p(BATTERY[i].good) - log_p(BATTERY[i].bad)
        assert table.loc[i, "difference"] == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("seed", range(2))
def test_a_model_blind_to_context_is_right_exactly_half_the_time(seed):
    """All tokens enter as the same vector, so every prediction is the same: a random unigram model."""
    lm = tiny("llama", seed=seed)
    weight = lm.model.get_input_embeddings().weight.data
    weight[:] = weight[7].clone()
    table = judge_pairs(lm, progress=False)
    assert table["difference"].abs().min() > 1e-3  # no ties
    assert (table.groupby("phenomenon")["correct"].mean() == 0.5).all()


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_random_model_is_near_chance(family):
    share = judge_pairs(tiny(family), progress=False)["correct"].mean()
    assert 0.42 < share < 0.58


def test_a_collapsed_model_is_wrong_everywhere(lm):
    with torch.no_grad():
        lm.weight(2).fill_(float("nan"))
    table = judge_pairs(lm, progress=False)
    assert table["difference"].isna().all()
    assert not table["correct"].any()


@pytest.mark.model
def test_no_filler_begins_the_other(smollm):
    """Where the tokens of one rest begin the other's ("swim", "swim" + "s"), the longer one cannot win."""
    for pair in BATTERY:
        good, bad = (smollm.tokenizer(sentence)["input_ids"] for sentence in (pair.good, pair.bad))
        shorter = min(len(good), len(bad))
        assert good[:shorter] != bad[:shorter], pair


@pytest.mark.model
def test_the_default_model_has_every_phenomenon_and_is_not_perfect(smollm):
    table = judge_pairs(smollm, progress=False)
    right = table.groupby("phenomenon")["correct"].mean()
    assert (right >= 0.65).all(), right
    assert 0.8 < table["correct"].mean() < 0.98
