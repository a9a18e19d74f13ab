"""Metrics, against cases computed by hand; and what they do with nothing or with a collapsed model."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer

from alphaedit_lite import Fact, evaluate, perplexity
from alphaedit_lite.generation import (
    consistency,
    fluency,
    generate,
    judge_generation,
    ngram_entropy,
    references,
    words,
)
from alphaedit_lite.metrics import evaluate_zsre, summary, token_scores
from tests.helpers import FACTS


def test_entropy_by_hand():
    # "a b a b a": pairs ab, ba, ab, ba -> 1 bit; triples aba, bab, aba -> H(2/3, 1/3).
    assert ngram_entropy("a b a b a", 2) == pytest.approx(1.0)
    third = -(2 / 3) * math.log2(2 / 3) - (1 / 3) * math.log2(1 / 3)
    assert ngram_entropy("a b a b a", 3) == pytest.approx(third)
    assert fluency("a b a b a") == pytest.approx((2 / 3 * 1.0 + 4 / 3 * third) / 2)


def test_entropy_of_repetition_is_zero_and_of_no_repetition_log_n():
    assert ngram_entropy("no no no no", 2) == 0
    assert ngram_entropy("one two three four five", 2) == pytest.approx(math.log2(4))
    assert math.isnan(ngram_entropy("word", 2))
    assert words("It's 5 o'clock.") == ["It", "'", "s", "5", "o", "'", "clock", "."]


def test_consistency_by_hand():
    # Two documents without a common word: idf equal for all. cos((1,1), (1,0)) = 1/sqrt(2).
    vectorizer = TfidfVectorizer().fit(["red fish", "blue bird"])
    assert consistency("red fish", ["red"], vectorizer) == pytest.approx(1 / math.sqrt(2))
    assert consistency("red fish", ["blue bird"], vectorizer) == 0
    assert consistency("red fish", ["fish", "red"], vectorizer) == pytest.approx(1)
    assert math.isnan(consistency("red fish", [], vectorizer))


def test_batched_generation_is_generation_one_at_a_time(lm):
    prompts = ["Paris is", "The city of Paris lies in the country of", "a"]
    assert generate(lm, prompts, 5, batch_size=3) == [lm.complete(prompt, 5) for prompt in prompts]
    with pytest.raises(ValueError, match="nothing to continue"):
        generate(lm, [""])


def test_token_scores_are_those_of_the_whole_model(lm):
    prompt, wanted = "Paris is located in", " France and Spain"
    [(log_p, right)] = token_scores(lm, [(prompt, wanted)])
    ids = lm.tokenizer(prompt + wanted, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        logits = lm.model(ids).logits[0].log_softmax(-1)
    count = len(log_p)
    expected = [float(logits[i - 1, ids[0, i]]) for i in range(ids.shape[1] - count, ids.shape[1])]
    assert torch.allclose(log_p, torch.tensor(expected), atol=1e-4)
    arg_max = logits.argmax(-1)[-count - 1 : -1]
    assert right.tolist() == (arg_max == ids[0, -count:]).tolist()


def test_success_and_accuracy_by_hand(lm, monkeypatch):
    """Means over an object's tokens are compared; a fact's paraphrases are averaged; one fact has none."""
    short, long = (
        Fact("{} is in", "Paris", "Rome", "France", ("a", "b"), (("c", "d"),)),
        Fact("{}", "x", "y", "z"),
    )
    wanted = [  # the prompt, two paraphrases, a neighbour; then the other fact's prompt
        ([-1.0, -1.0, -1.0], [True, True, False]),  # mean -1 beats -2, though the sum -3 does not
        ([-0.5], [True]),
        ([-4.0], [False]),
        ([-3.0, -5.0], [False, True]),
        ([-1.0], [True]),
    ]
    others = [[-2.0], [-1.0], [-3.0], [-5.0], [-0.5]]
    answers = [(torch.tensor(p), torch.tensor(r)) for p, r in wanted]
    answers += [(torch.tensor(p), torch.zeros(len(p), dtype=torch.bool)) for p in others]
    monkeypatch.setattr("alphaedit_lite.metrics.token_scores", lambda *_: answers)
    table = evaluate(lm, [short, long], progress=False)
    assert table.efficacy.tolist() == [1, 0]
    assert table.efficacy_top1.tolist() == [0, 1]
    assert table.loc[0, ["generalization", "generalization_top1"]].tolist() == [0.5, 0.5]
    assert table.loc[0, ["specificity", "specificity_top1"]].tolist() == [1, 0]
    means = summary(table)
    assert means.loc["generalization", ["mean", "facts"]].tolist() == [0.5, 1]  # not 0.25 over two
    assert means.loc["efficacy", ["mean", "facts"]].tolist() == [0.5, 2]


def test_a_neighbour_that_the_new_object_answers_beats_nobody(lm):
    """Its accuracy counts as ever; of two neighbours the other one decides on success."""
    same, other = ("The capital of France is", "Rome"), ("Lyon is in", "France")
    facts = [
        Fact("{} is in", "Paris", "Rome", neighbours=some) for some in ((same,), (other,), (same, other))
    ]
    found = evaluate(lm, facts, progress=False).specificity
    assert math.isnan(found[0])
    assert found[2] == found[1]
    assert evaluate(lm, facts, progress=False).specificity_top1.notna().all()


@pytest.mark.parametrize("name", ["Washington, D.C.", "U.S.", "Apple Inc.", "C++", "Romania"])
def test_references_name_the_object_however_it_ends(name):
    leads = ["Nobody.", f"In {name} it rains.", f"It is in {name}, they say.", f"x{name}x", f"{name} is."]
    assert references(Fact("{} is in", "x", name), leads) == [leads[1], leads[2], leads[4]]
    assert references(Fact("{} is in", "x", name), leads, most=1) == [leads[1]]
    assert not references(Fact("{} is in", "x", "Guinea"), ["Guinea-Bissau is a state."])


def test_zsre_counts_tokens_not_answers(lm, monkeypatch):
    rights = iter([torch.tensor([True, True, False]), torch.tensor([False]), torch.tensor([True, False])])
    monkeypatch.setattr(
        "alphaedit_lite.metrics.token_scores", lambda *_: [(torch.zeros(len(r)), r) for r in rights]
    )
    table = evaluate_zsre(lm, FACTS[:1])
    assert table.loc[0, ["efficacy", "generalization", "specificity"]].tolist() == pytest.approx(
        [2 / 3, 0, 0.5]
    )


def test_a_metric_over_nothing_is_missing(lm):
    for judge in (evaluate, evaluate_zsre):
        table = judge(lm, FACTS[1:], progress=False)
        assert table[["generalization", "specificity"]].isna().all(axis=None)
    found = summary(evaluate(lm, FACTS[1:], progress=False))
    assert math.isnan(found.loc["generalization", "mean"])
    assert found.loc["generalization", "facts"] == 0


def test_bootstrap_interval_is_that_of_theory():
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"efficacy": rng.random(400) < 0.8, "subject": "x"}).astype({"efficacy": float})
    row = summary(table).loc["efficacy"]
    half = 1.96 * math.sqrt(row["mean"] * (1 - row["mean"]) / 400)
    assert row["low"] == pytest.approx(row["mean"] - half, abs=0.004)
    assert row["high"] == pytest.approx(row["mean"] + half, abs=0.004)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    hits = 0
    for seed in range(200):
        table = pd.DataFrame({"efficacy": (rng.random(100) < 0.7).astype(float)})
        row = summary(table, resamples=300, seed=seed).loc["efficacy"]
        hits += row["low"] <= 0.7 <= row["high"]
    assert 0.89 <= hits / 200 <= 0.99


def test_a_collapsed_model_is_recorded_and_raises_nothing(lm):
    weight = lm.model.get_output_embeddings().weight
    kept = weight.detach().clone()
    with torch.no_grad():
        weight.fill_(math.nan)
    try:
        table = evaluate(lm, FACTS[:1], progress=False)
        assert table.drop(columns="subject").to_numpy().max() == 0  # NaN beats nothing and is nobody's choice
        assert math.isnan(perplexity(lm, ["Paris is a city in France"]))
        assert evaluate_zsre(lm, FACTS[:1], progress=False).drop(columns="subject").to_numpy().max() == 0
        spoken = judge_generation(lm, FACTS[:1], [["Rome"]], 5, progress=False)
        assert spoken.loc[0, ["match", "mention"]].tolist() == [0, 0]
    finally:
        with torch.no_grad():
            weight.copy_(kept)


def test_an_answer_whose_logit_is_nan_is_nobodys_choice(lm):
    """NaN counts as the largest number in an arg-max; it must not count as right."""
    weight = lm.model.get_output_embeddings().weight
    wanted = lm.tokenizer(" France")["input_ids"][0]
    with torch.no_grad():
        weight[wanted] = math.nan
        [(_, right)] = token_scores(lm, [("Paris is located in", " France")])
    assert not right[0]


def test_perplexity_beyond_floating_point_is_infinite(lm, monkeypatch):
    monkeypatch.setattr(
        "torch.nn.functional.cross_entropy", lambda logits, *_, **__: torch.tensor(1e6 * len(logits))
    )
    assert perplexity(lm, ["Paris is a city in France"]) == math.inf
