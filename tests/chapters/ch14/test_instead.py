"""What one would try instead of an editor, and what an edit withstands: on a tiny model."""

import dataclasses
import math

import pytest
import torch

from alphaedit_lite import Fact
from alphaedit_lite.book.ch14 import results as measured
from alphaedit_lite.book.ch14 import study_instead, study_wear
from alphaedit_lite.book.ch14.study_instead import BreadthFirst, Memory, best
from alphaedit_lite.book.ch14.study_wear import negated, train
from alphaedit_lite.book.kit.elsewhere import KINDS
from alphaedit_lite.finetune import FineTune

ITALY = Fact("The capital of {} is", "Italy", "Rome", true="Paris", paraphrases=("Italy has its capital in",))
FRANCE = Fact("The capital of {} is", "France", "Rome", neighbours=(("India is in", "Asia"),))
FACTS = [ITALY, FRANCE, Fact("The capital of {} is", "India", "Paris"), Fact("{} is in", "Asia", "Paris")]


def test_a_batch_of_all_is_one_step_of_fine_tuning(lm):
    edits = [made(lm, layers=(1,), steps=1, lr=1e-3, progress=False) for made in (FineTune, BreadthFirst)]
    deltas = []
    for editor in edits:
        edit = editor.edit(FACTS)
        deltas.append(edit.dense[1])
        edit.revert()
    torch.testing.assert_close(*deltas)


def test_small_batches_take_more_steps_and_write_the_facts(lm, monkeypatch):
    before = lm.weight(1).clone()
    monkeypatch.setattr(study_instead, "SIZE", 1)
    edit = BreadthFirst(lm, layers=(1,), steps=60, lr=5e-2, progress=False).edit(FACTS)
    assert [study_instead.means(lm, FACTS, [ITALY.prompt])["efficacy_top1"], set(edit.dense)] == [1.0, {1}]
    edit.revert()
    assert torch.equal(lm.weight(1), before)


def test_memory_puts_the_right_sentence_first_or_none():
    memory = Memory(FACTS, 0.5)
    assert memory.find(FRANCE.prompt) == "The capital of France is Rome. "
    assert memory.find("Nothing of that kind") == ""
    found = memory.before(ITALY)
    assert found.prompt == "The capital of Italy is Rome. The capital of Italy is"
    assert found.paraphrases[0].endswith("Rome. Italy has its capital in")
    assert found.prompt[found.subject_end - 5 : found.subject_end] == "Italy"
    assert Memory(FACTS, 1.1).before(FRANCE) == FRANCE


def test_the_loss_of_a_text_behind_a_sentence(lm):
    lm.model.requires_grad_(False)
    text = "France has its capital, Paris."
    plain, disturbed = (study_instead.behind(lm, Memory(FACTS, bar), text) for bar in (1.1, 0.1))
    sentence = Memory(FACTS, 0.1).find(text).rstrip()
    rows = [lm.tokenizer(t)["input_ids"] for t in (text, f"{sentence} {text}")]
    for row, tail, found in zip(
        rows, (len(rows[0]), len(lm.tokenizer(" " + text)["input_ids"])), (plain, disturbed), strict=True
    ):
        log_p = lm.model(input_ids=torch.tensor([row])).logits[0].log_softmax(-1)
        wanted = [-float(log_p[i - 1, row[i]]) for i in range(len(row) - tail + 1, len(row))]
        assert found == pytest.approx(sum(wanted) / len(wanted), abs=1e-4)
    assert plain != disturbed


def test_a_setting_that_harms_is_chosen_only_if_all_do():
    mild, strong = (
        {"rise": rise, "efficacy_top1": share, "generalization_top1": 0.0}
        for rise, share in ((0.01, 0.2), (0.3, 0.9))
    )
    assert best([mild, strong]) is mild
    assert best([strong]) is strong


@pytest.mark.parametrize(
    ("template", "asked"),
    [
        ("The capital of {} is", "The capital of Italy is not"),
        ("{}, which was named for", "Italy, which was not named for"),
        ("{} plays", None),
        ("What is the capital of {}? It is", None),
    ],
)
def test_a_prompt_is_negated_behind_its_only_verb(template, asked):
    found = negated(dataclasses.replace(ITALY, template=template))
    assert (found and found.prompt) == asked


def test_training_changes_all_weights_and_lowers_the_loss(lm, monkeypatch):
    monkeypatch.setattr(study_wear, "TOKENS", 4)
    monkeypatch.setattr(study_wear, "RATE", 1e-3)
    ids = torch.tensor([lm.tokenizer("Rome is the capital of Italy.")["input_ids"][:4]])
    before = {name: p.clone() for name, p in lm.model.named_parameters()}
    loss = lm.model(input_ids=ids, labels=ids).loss.item()
    train(lm, ["Rome is the capital of Italy."] * study_wear.STEPS * study_wear.SIZE)
    assert lm.model(input_ids=ids, labels=ids).loss.item() < loss
    assert not any(torch.equal(p, before[name]) for name, p in lm.model.named_parameters() if p.ndim > 1)
    assert not any(p.requires_grad for p in lm.model.parameters())


def test_what_is_asked_is_counted_fact_by_fact(lm, monkeypatch):
    monkeypatch.setattr(study_wear, "wikipedia_leads", lambda _: ["Rome is the capital of Italy."])
    found = study_wear.asked(lm, [ITALY, dataclasses.replace(ITALY, template="{} has its capital in")])
    assert {name: len(bits) for name, bits in found.items() if name != "perplexity"} == dict.fromkeys(
        ("new", "old", "new, negated", "old, negated"), 1
    )
    FineTune(lm, layers=(1,), steps=100, lr=5e-2, progress=False).edit([ITALY])
    after = study_wear.asked(lm, [ITALY])
    assert (after["new"], after["old"]) == ([1], [0])


def end(name, share, loss, cohort):
    """A stream that was judged at the start and after 1,000 facts, each ``100 // cohort``-th of them."""
    scores = {metric: [float(i < share * cohort) for i in range(cohort)] for metric in measured.SHOWN}
    cohorts = [{"first": first, "facts": cohort, "scores": scores} for first in range(0, measured.LONG, 100)]
    looks = [
        {
            "edits": edits,
            "cohorts": cohorts,
            "free": {"mention": "0110"},
            "losses": {k: [x, x] for k in KINDS},
        }
        for edits, x in ((0, 1.0), (measured.LONG, loss))
    ]
    return {"editor": name, "checkpoints": looks}


def test_all_are_compared_on_the_facts_that_were_judged_of_all():
    streams = {"AlphaEdit": end("AlphaEdit", 0.5, 1.1, 100), "retrieval": end("retrieval", 0.75, 1.0, 4)}
    table = measured.beside(streams)
    assert table.loc["retrieval", "named first"] == 0.75
    assert table.loc["AlphaEdit", "named first"] == 0.5, "of 0, 25, 50, 75 the first two"
    assert table.loc["AlphaEdit", "says it"] == 0.5
    assert table.loc["AlphaEdit", "chat"].mean == pytest.approx(math.expm1(0.1))
    gap = measured.ahead(streams, "retrieval", "AlphaEdit")
    assert (gap.mean, gap.n) == (0.25, 40)
    assert measured.harder(streams, "retrieval", "AlphaEdit")["chat"].mean == pytest.approx(math.expm1(-0.1))
