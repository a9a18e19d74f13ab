"""A run that is stopped and started again ends at the same bits as one that nobody disturbed."""

import dataclasses
import json
import os

import pytest
import torch

from alphaedit_lite import EditorConfig, load_model
from alphaedit_lite.book.ch15 import unattended
from alphaedit_lite.book.ch15.experiments import saved_tiny, scratch_cache
from alphaedit_lite.book.ch15.unattended import advice, run
from tests.conftest import CORPUS, train_tokenizer

FAITHFUL = EditorConfig.faithful("llama3-8b")
CONFIG = dataclasses.replace(
    FAITHFUL,
    layers=(1, 2),
    tokens=1500,
    threshold=0.5,
    threshold_kind="energy",
    targets=dataclasses.replace(FAITHFUL.targets, steps=3),
)


@pytest.fixture
def name(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path / "cache"))
    saved_tiny(tmp_path / "model", train_tokenizer())
    return str(tmp_path / "model")


@pytest.fixture
def options():
    return {"config": CONFIG, "batch": 1, "look_every": 2, "texts": CORPUS * 30}


def weights(lm):
    return [lm.weight(layer).clone() for layer in range(lm.n_layers)]


def test_a_stopped_run_goes_on_bit_for_bit(name, facts, options, tmp_path):
    out = tmp_path / "run"
    run(load_model(name), facts, out, stop_after=2, **options)
    assert len(list((out / "edits").iterdir())) == 2
    first = json.loads((out / "record.json").read_text())["looks"]
    assert [look["edits"] for look in first] == [2]
    again, straight = load_model(name), load_model(name)
    record = run(again, facts, out, **options)
    assert record["looks"][0] == first[0]  # judged once
    assert [look["edits"] for look in record["looks"]] == [2, 3]
    run(straight, facts, tmp_path / "straight", **options)
    assert all(torch.equal(a, b) for a, b in zip(weights(again), weights(straight), strict=True))
    assert not torch.equal(weights(again)[1], weights(load_model(name))[1])


def test_another_run_is_not_continued(name, facts, options, tmp_path):
    run(load_model(name), facts, tmp_path / "run", stop_after=1, **options)
    run(load_model(name), facts, tmp_path / "run", stop_after=2, **options)  # writes the record
    other = options | {"config": dataclasses.replace(CONFIG, lam=1.0)}
    with pytest.raises(ValueError, match="another settings"):
        run(load_model(name), facts, tmp_path / "run", **other)
    with pytest.raises(ValueError, match="another facts"):
        run(load_model(name), facts[:2], tmp_path / "run", **options)


def test_the_command_line_asks_the_plan_first(name, tmp_path, monkeypatch, capsys):
    assert advice(load_model(name), CONFIG, 3, 1) == []
    ran = []
    monkeypatch.setattr(unattended, "run", lambda lm, facts, *_, batch: ran.append((len(facts), batch)))
    command = ["--model", name, "--edits", "4", "--batch", "2", "--out", str(tmp_path / "out")]
    unattended.main(command)
    assert ran == [(4, 2)]
    monkeypatch.setattr(unattended, "advice", lambda *_: ["Buy memory."])
    with pytest.raises(SystemExit):
        unattended.main(command)
    assert "Buy memory." in capsys.readouterr().err
    unattended.main([*command, "--anyway"])
    assert ran == [(4, 2), (4, 2)]


def test_a_scratch_cache_is_gone_afterwards(monkeypatch):
    monkeypatch.setenv("ALPHAEDIT_CACHE", "kept")
    with scratch_cache() as folder:
        assert folder.exists()
    assert not folder.exists()
    assert os.environ["ALPHAEDIT_CACHE"] == "kept"
