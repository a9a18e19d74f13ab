"""Chapter 14's studies: what they measure, that they go on where they were stopped, and how they are read."""

import json

import pytest
import torch

from alphaedit_lite import Fact, NullSpace, compute_targets
from alphaedit_lite.book.ch14 import results as measured
from alphaedit_lite.book.ch14 import study_k0, study_relatives
from alphaedit_lite.book.kit import probes
from alphaedit_lite.keys import KeyStatistics
from tests.helpers import PLAIN, editor_for

FACTS = [Fact("The capital of {} is", name, "Rome", true="Paris") for name in ("Italy", "India", "Asia")]


def test_leak_of_other_text():
    torch.manual_seed(0)
    keys = torch.randn(300, 12) * torch.linspace(0.1, 1, 12)
    statistics = {2: KeyStatistics.empty(12)}
    statistics[2].update(keys)
    space = NullSpace.fit(statistics[2], 0.5, "relative")
    found = study_k0.measure({2: space}, {"same": statistics})
    assert found["rank"] == {"2": space.rank}
    assert found["claimed"]["2"] == pytest.approx(space.leakage, abs=1e-4)
    assert found["leak"]["same"]["2"] == pytest.approx(space.leakage, abs=1e-4)  # the same text: as claimed
    eye = {2: KeyStatistics(torch.eye(12, dtype=torch.float64), 1)}
    assert study_k0.measure({2: space}, {"even": eye})["leak"]["even"]["2"] == round(space.rank / 12, 4)


def test_sources_of_text(lm):
    assert study_k0.cut([[1, 2, 3], [4, 5, 6]], 4) == [[1, 2, 3], [4]]
    made = study_k0.sentences("development")
    assert len(made) == len(set(made))
    assert all(text.endswith(".") for text in made)
    rows, other = (study_k0.rows_of(lm, "random", 300, other) for other in (False, True))
    assert sum(map(len, rows)) == sum(map(len, other)) == 300
    assert rows != other


@pytest.fixture
def small(lm, monkeypatch, tmp_path):
    monkeypatch.setattr(study_relatives, "PATH", tmp_path / "relatives.json")
    monkeypatch.setattr(study_relatives, "load_model", lambda: lm)
    monkeypatch.setattr(study_relatives, "bundled_facts", lambda _: FACTS)
    monkeypatch.setattr(
        study_relatives, "bundled_targets", lambda lm, facts: compute_targets(lm, facts, 3, PLAIN, False).z
    )
    monkeypatch.setattr(study_relatives, "default_layers", lambda _: (1, 2, 3))
    monkeypatch.setattr(study_relatives, "key_statistics", lambda *_: None)
    monkeypatch.setattr(probes, "judge", lambda *_: {"scores": {}, "perplexity": 1.0})
    monkeypatch.setattr(study_relatives, "BATCH", 2)
    monkeypatch.setattr(study_relatives, "loop", lambda *_: {})
    monkeypatch.setattr(study_relatives, "Editor", lambda lm, config, progress: editor_for(lm, config))
    monkeypatch.setattr(
        study_relatives, "ROWS", {("NAS", "λ"): {"anchor": True}, ("ENCORE", "λ"): {"solver": "encore"}}
    )
    return lm


def test_the_study_goes_on_where_it_was_stopped(small):
    weights = {name: value.clone() for name, value in small.model.state_dict().items()}
    study_relatives.main(["1"])
    first = json.loads(study_relatives.PATH.read_text())["rows"]
    assert [row["editor"] for row in first] == ["NAS"]
    assert first[0]["update"] > 0
    study_relatives.main([])
    rows = json.loads(study_relatives.PATH.read_text())["rows"]
    assert rows[0] == first[0]
    assert [row["editor"] for row in rows] == ["NAS", "ENCORE"]
    assert not small.ledger.edits
    assert all(torch.equal(weights[name], value) for name, value in small.model.state_dict().items())


def test_rows_are_read_by_editor_and_by_age():
    rows = [
        {"editor": name, "knob": knob, "scores": {"x": values}}
        for name, knob, values in (
            ("A", "λ = 0.8", [1, 1, 0, 0]), ("A", "λ = 3", [0, 0, 0, 0]), ("A", "λ = 0.8", [0, 0, 0, 0]),
        )
    ]  # fmt: skip
    plain = measured.plain_rows({"rows": rows})
    assert plain == {"A": rows[0]}  # the first of its name
    assert measured.by_age(plain, "x", 2).loc["A"].tolist() == [1.0, 0.0]
