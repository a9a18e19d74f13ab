"""Questions about an edit are right about the world, and forensics find what was put in."""

import pandas as pd
import pytest
import torch

from alphaedit_lite import bundled_facts
from alphaedit_lite.book.ch16 import experiments as seams
from alphaedit_lite.book.ch16 import figures as seams_draw
from alphaedit_lite.book.ch16 import results as seams_result
from alphaedit_lite.book.ch16.forensics import (
    candidate_keys,
    differences,
    next_tokens,
    rank_of,
    shifts,
    suspects,
    swapped,
    weights,
)
from alphaedit_lite.book.kit.results import result

FACTS = {fact.subject: fact for fact in bundled_facts()}


def test_known_reads_facts_and_neighbours():
    assert seams.known("P37")["Brazil"].strip() == "Portuguese"
    direct = {f.subject for f in bundled_facts() if f.relation == "P37"}
    assert set(seams.known("P37")) > direct


def test_two_hops_ask_about_the_country_of_the_subject():
    asked = seams.two_hops(FACTS["Campania"])  # Italy -> Poland
    found = {q.prompt: (q.wanted, q.other, q.check) for q in asked}
    wanted, other, check = found["The official language of the country that Campania belongs to is"]
    assert (wanted, other) == (" Polish", " Italian")
    assert check == ("The official language of Poland is", " Polish")
    assert all(q.wanted != q.other for fact in bundled_facts() for q in seams.two_hops(fact))


def test_a_relation_without_countries_has_no_second_hop():
    fact = next(f for f in bundled_facts() if f.relation == "P106")
    assert seams.two_hops(fact) == []
    assert seams.way_back(fact) == []


def test_the_way_back_leads_to_the_subject():
    (asked,) = seams.way_back(FACTS["Accra"])  # Ghana -> Uzbekistan
    assert asked.prompt == "The capital city of Uzbekistan is called"
    assert (asked.wanted, asked.other) == (" Accra", " Tashkent")


def test_bystanders_are_other_relations_and_no_consequence():
    for fact in bundled_facts():
        for asked in seams.bystanders(fact):
            assert fact.subject in asked.prompt
            assert asked.wanted != fact.new
    assert not any(q.wanted == " Africa" for q in seams.bystanders(FACTS["Accra"]))


def test_the_context_states_the_new_fact():
    fact = FACTS["Lower Assam"]
    assert seams.in_context(fact) == "Lower Assam is located in the country of Romania. "


@pytest.mark.parametrize("n", [1, 3])
def test_rank_and_row_space_give_the_subjects_away(n):
    keys = torch.randn(20, 30, dtype=torch.float64)
    delta = torch.randn(12, n, dtype=torch.float64) @ keys[:n]
    assert rank_of(delta) == n
    share = suspects(delta, keys)
    assert torch.allclose(share[:n], torch.ones(n, dtype=torch.float64))
    assert float(share[n:].max()) < 0.95


def test_forensics_on_a_model(lm):
    before = weights(lm)
    assert differences(before, lm) == {}
    names = ["Lower Assam", "Romania", "Paris"]
    keys = candidate_keys(lm, names, [1])[1]
    assert keys.shape == (3, lm.d_ff)
    edited = lm.weight(1) + 3 * torch.outer(torch.randn(lm.d_model), keys[1].float())
    with swapped(lm, {1: edited}):
        assert list(differences(before, lm)) == [1]
        assert rank_of(differences(before, lm)[1], 1e-3) == 1
        assert int(suspects(differences(before, lm)[1], keys, 1).argmax()) == 1
        moved = shifts(lm, before, [1], "Romania")
        assert float(moved.abs().max()) > 0
    assert differences(before, lm) == {}
    assert float(shifts(lm, before, [1], "Romania").abs().max()) == 0
    chances = next_tokens(lm, ["We read that Paris", "Romania"])
    assert torch.allclose(chances.exp().sum(1), torch.ones(2), atol=1e-4)


def test_changes_are_told_in_points():
    assert seams_result.points(pd.Series({"mean": -0.333, "low": -0.52, "high": 0.001})) == (
        "−33 points [−52 to +0]"
    )


def test_singular_values_fall_after_the_last_large_one():
    large, factor = seams_draw.falls(torch.tensor([5.0, 2.0, 2e-7, 1e-7], dtype=torch.float64))
    assert large == 2
    assert factor == pytest.approx(1e7)


def test_the_control_counts_questions_that_are_fair_in_both_forms():
    found = result("seams_batches.json")
    trials, means = seams_result.fair_hops(found), seams_result.control(found)
    assert (trials.known == 1).all()
    assert len(trials) > trials.subject.nunique() == len(means)
    assert list(means) == ["two hops", "no relation asked", "difference"]


def test_rates_are_drawn_for_the_states_that_are_asked_for():
    rates = seams_result.rates(seams_result.rows_of(result("seams.json")))
    panels = {"success": rates, "again": rates}
    figure, alt = seams_draw.rates_figure(panels, ["prompt", "way back"], ["unedited", "edited"])
    assert len(figure.axes) == 2
    assert "edited: prompt 0.98" in alt
    assert "in context" not in alt
    assert "in context: prompt" in seams_draw.rates_figure(panels, ["prompt"])[1]


def test_pushes_are_drawn_token_by_token():
    words = {"a b": ["a", " b"], "c": ["c"]}
    figure, alt = seams_draw.push_figure(words, {"a b": torch.tensor([0.1, 1.0]), "c": torch.tensor([0.2])})
    assert [text.get_text() for text in figure.axes[0].texts] == ["a", " b", "1.00", "c", "0.20"]
    assert "a b: 1.00 at b; c: 0.20 at c" in alt


def test_empty_bars_are_marked():
    row = {"subject found": 1.0, "new": 1.0, "neighbours": 0.5, "gap": 0.1}
    table = pd.DataFrame([row, row | {"subject found": 0.0}], index=["not rounded", "2 bits"])
    figure, alt = seams_draw.rounding_figure(table)
    assert [text.get_text() for text in figure.axes[0].texts] == ["0"]
    assert "subject found: not rounded 1.00, 2 bits 0.00" in alt
