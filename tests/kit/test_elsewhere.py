"""Harm by kind of text: the shares of a paired difference, and texts that no statistics have seen."""

import json
import math

import numpy as np
import pytest

from alphaedit_lite import load_model
from alphaedit_lite.book.kit import elsewhere
from alphaedit_lite.book.kit.elsewhere import KINDS, OUTSIDE, TEXTS, costs, harm, losses, percent
from alphaedit_lite.book.kit.intervals import Change
from alphaedit_lite.support.texts import wikipedia_leads


def test_harm_is_the_ratio_of_geometric_means_and_its_interval_is_paired():
    generator = np.random.default_rng(0)
    before = {kind: list(generator.uniform(1, 6, 40)) for kind in KINDS}
    rise = dict(zip(KINDS, (0.01, 0.1, 0.2, 0.3), strict=True))
    after = {kind: [x + math.log1p(rise[kind]) for x in found] for kind, found in before.items()}
    found = harm(before, after)
    for kind in KINDS:  # texts differ by several nats, and the interval is a point all the same
        assert found[kind][:3] == pytest.approx((rise[kind],) * 3)
    assert found[OUTSIDE].mean == pytest.approx(np.prod([1 + rise[k] for k in KINDS[1:]]) ** (1 / 3) - 1)
    assert found[OUTSIDE].n == 120


def test_a_rise_is_told_in_percent_and_a_collapse_in_multiples():
    assert percent(Change(0.032, -0.01, 0.054, 60)) == "+3.2% [−1.0%, +5.4%]"
    assert percent(Change(1.4, 0.9, 12.3, 60)) == "×2.4 [×1.9, ×13]"
    assert costs(Change(0.1, -0.1, 0.3, 60), "A", "B").startswith(
        "no difference of perplexity between A and B"
    )
    assert costs(Change(-0.2, -0.3, -0.1, 60), "A", "B").startswith(
        "perplexity is lower after A than after B, −20"
    )


def test_losses_are_those_of_each_text_by_itself(lm):
    texts = {"chat": ["Rome is the capital of Italy.", "India is in Asia, and Rome is not."]}
    both, (first,) = losses(lm, texts)["chat"], losses(lm, {"chat": texts["chat"][:1]})["chat"]
    assert both[0] == first != both[1]


def test_a_chat_holds_its_turns_in_order(lm, monkeypatch, tmp_path):
    talks = [[f"Question {i}?", f"Answer {i}.", "another answer"] for i in range(TEXTS * elsewhere.TURNS)]
    path = tmp_path / "talk.yml"
    path.write_text(json.dumps({"conversations": talks}))  # JSON is YAML
    monkeypatch.setattr(elsewhere, "fetch", lambda _: path)
    monkeypatch.setattr(elsewhere, "CHATS", [None])

    class Template:
        def apply_chat_template(self, turns, tokenize):
            return " ".join(turn["role"][0] + turn["content"] for turn in turns)

    found = elsewhere.chats(Template())
    assert len(found) == TEXTS
    assert found[1].startswith("uQuestion 4? aAnswer 4. uQuestion 5?")


@pytest.mark.model
def test_sixty_texts_of_each_kind_and_none_that_the_statistics_have_read():
    found = elsewhere.texts(load_model().tokenizer)
    assert {kind: len(set(some)) for kind, some in found.items()} == dict.fromkeys(KINDS, TEXTS)
    assert not set(found["Wikipedia"]) & set(wikipedia_leads("fit"))
    assert all(text.startswith("<|im_start|>") for text in found["chat"])
