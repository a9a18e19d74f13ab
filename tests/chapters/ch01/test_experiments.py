"""What chapter 1 measures: the questions around a fact, and what an edit changed."""

import math

import pytest
import torch

from alphaedit_lite.book.ch01 import experiments as knowledge
from alphaedit_lite.book.ch01.figures import binomial
from alphaedit_lite.book.ch01.reference import lost, wilson


def test_the_facts_that_are_picked():
    facts = knowledge.pick(12)
    assert len(facts) == 12 * len({fact.relation for fact in facts})
    edits = knowledge.subjects_for_edits(20)
    assert len({fact.relation for fact in edits}) == 20
    assert {fact.split for fact in edits} == {"test"}
    assert {fact.relation for fact in knowledge.bundled_facts()} == set(knowledge.NAMES)
    assert len(knowledge.STATES) == 50


@pytest.fixture
def probe(monkeypatch):
    right = iter(
        [torch.tensor([i % 2 == 0 for i in range(16)]), torch.tensor([i % 3 == 0 for i in range(16)])]
    )
    monkeypatch.setattr(knowledge, "score", lambda lm, pairs: (torch.zeros(len(pairs)), next(right)))
    values = iter([20.0, 21.0])
    monkeypatch.setattr(knowledge, "perplexity", lambda *_: next(values))
    return knowledge.Probe(None, knowledge.subjects_for_edits(1)[0], ["text"])


class Writer:
    """Writes nothing, and notes whether it was taken back."""

    layers = (3,)

    def edit(self, facts):
        self.facts, self.reverted = facts, False
        return self

    def revert(self):
        self.reverted = True

    def delta(self, layer):
        return torch.full((2, 2), 2.0)


def test_a_probe_asks_at_four_distances_and_takes_the_edit_back(probe):
    names = [name for name, _, _ in probe.asked]
    assert [names.count(name) for name in knowledge.DISTANCES] == [1, 3, 6, 6]
    fact = probe.fact
    for name, prompt, answer in probe.asked:
        stays = name in ("same relation", "other relation")
        assert (fact.subject in prompt) != stays
        assert (answer == fact.new) != stays
    writer = Writer()
    row = probe.after(writer)
    assert writer.facts == [fact]
    assert writer.reverted
    assert row["text"] == pytest.approx(0.05)
    assert row["size"] == 4.0
    found = knowledge.reach(row, lost)
    assert found["fact"] == 1.0  # number 0 of the answers
    assert found["paraphrase"] == pytest.approx(1 / 3)  # number 3 of 1 to 3
    assert found["same relation"] == pytest.approx(2 / 3)  # right before: 4, 6, 8; still: 6
    assert found["other relation"] == pytest.approx(2 / 3)  # 10, 12, 14; still: 12


def test_an_edit_is_taken_back_when_judging_fails(probe):
    writer = Writer()
    with pytest.raises(StopIteration):
        probe._ask()
        probe.after(writer)
    assert writer.reverted


@pytest.mark.parametrize(("right", "n"), [(9, 12), (0, 7), (30, 40)])
def test_an_interval_holds_what_is_not_surprising(right, n):
    """The score test at both ends is what the binomial distribution itself says: 1.96 standard deviations."""
    for end in wilson(right, n):
        chances = binomial(n, end)
        assert sum(chances) == pytest.approx(1)
        mean = sum(k * p for k, p in enumerate(chances))
        deviation = math.sqrt(sum((k - mean) ** 2 * p for k, p in enumerate(chances)))
        assert abs(right - mean) == pytest.approx(1.96 * deviation, abs=1e-6)
