"""The sweep over editors: every row of its grid runs, is resumed, and leaves the model as it was."""

import json
import math

import pytest
import torch

from alphaedit_lite import Fact, compute_targets
from alphaedit_lite.book.ch10 import study
from alphaedit_lite.book.kit import editors, probes
from alphaedit_lite.book.kit.fronts import as_table
from tests.helpers import editor_for

NAMES = ("Italy", "India", "Asia", "France")
FACTS = [Fact("The capital of {} is", name, "Rome", true="Paris") for name in NAMES]


@pytest.fixture
def small(lm, monkeypatch, tmp_path):
    monkeypatch.setattr(study, "PATH", tmp_path / "fronts.json")
    monkeypatch.setattr(study, "load_model", lambda: lm)
    monkeypatch.setattr(study, "bundled_facts", lambda _: FACTS)
    monkeypatch.setattr(
        study, "bundled_targets", lambda lm, facts: compute_targets(lm, facts, 3, progress=False).z
    )
    monkeypatch.setattr(study, "key_statistics", lambda *_: None)
    monkeypatch.setattr(probes, "wikipedia_leads", lambda _: ["Rome is the capital of Italy."])
    monkeypatch.setattr(editors, "Editor", lambda lm, config, progress: editor_for(lm, config))
    return lm


def test_no_two_rows_are_called_the_same():
    rows = [row[:3] for row in study.grid()]
    twice = {row for row in rows if rows.count(row) > 1}
    assert not {
        row for row in twice if settings_of(row)[0] != settings_of(row)[1]
    }  # the same run, named twice


def settings_of(name):
    """The settings of the rows of one name, without those that are the defaults."""
    default = {"project": False, "weight": 1000.0}
    return [
        {k: v for k, v in row.settings.items() if default.get(k) != v}
        for row in study.grid()
        if row[:3] == name
    ]


def test_a_stopped_sweep_goes_on_and_the_model_is_as_it_was(small, monkeypatch):
    before = [small.weight(i).clone() for i in range(small.n_layers)]
    study.main(["RECT", "PRUNE"])
    first = study.PATH.read_text()
    found = json.loads(first)
    names = {(row["editor"], row["knob"], row["projected"]) for row in found["rows"]}
    assert names == {row[:3] for row in study.grid() if row.editor in ("RECT", "PRUNE")}
    assert all(len(row["scores"]["efficacy"]) == len(FACTS) for row in found["rows"])
    assert all(torch.equal(w, small.weight(i)) for i, w in enumerate(before))
    monkeypatch.setattr(study, "run", lambda *_: pytest.fail("all of these are done"))
    study.main(["RECT", "PRUNE"])
    assert study.PATH.read_text() == first


def test_rome_writes_one_fact_at_a_time(small):
    study.main(["ROME"])
    assert {row["editor"] for row in json.loads(study.PATH.read_text())["rows"]} == {"ROME"}


def test_a_collapse_is_an_infinite_rise():
    scores = {name: [1.0, 0.0] for name in probes.COLUMNS}
    row = {
        "editor": "FT",
        "knob": "",
        "projected": "without P",
        "update": 1.0,
        "seconds": 1.0,
        "scores": scores,
    }
    found = as_table(
        {"unedited": {"perplexity": 20.0}, "rows": [row | {"perplexity": p} for p in (21.0, None)]}
    )
    assert found.rise.tolist() == pytest.approx([0.05, math.inf])
    assert found.efficacy.tolist() == [0.5, 0.5]
