"""The resumable streams: a killed one ends at the same table, a collapse is recorded and nothing is lost."""

import json
import math

import pandas as pd
import pytest
import torch

from alphaedit_lite import Edit, Fact
from alphaedit_lite.book.kit import editors, stream_facts
from alphaedit_lite.book.kit import probes as stream_look
from alphaedit_lite.book.kit import studies as study
from alphaedit_lite.book.kit.editors import EDITORS
from tests.helpers import LAYERS, editor_for

FACTS = [
    Fact("The capital of {} is", name, "Rome", true="Paris") for name in ("Italy", "India", "Asia", "France")
]


@pytest.fixture
def small(lm, monkeypatch, tmp_path):
    """Streams of four facts on a tiny model, without the battery and the long texts."""
    monkeypatch.setattr(study, "STREAMS", tmp_path / "results")
    monkeypatch.setattr(study, "BATCH", 1)
    monkeypatch.setattr(study, "EVERY", 2)
    monkeypatch.setattr(study, "order", lambda seed: FACTS)
    monkeypatch.setattr(stream_look, "judge_last_words", lambda _: [True, False])
    monkeypatch.setattr(stream_look, "wikipedia_leads", lambda _: ["Rome is the capital of Italy."])
    monkeypatch.setattr(
        stream_look, "judge_pairs", lambda *_, **__: pd.DataFrame({"phenomenon": ["a"], "correct": [True]})
    )
    for module in (study, stream_facts):
        monkeypatch.setattr(module, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr(study, "losses", lambda lm: {"chat": [float(lm.weight(1).sum())]})
    monkeypatch.setattr(study, "free", lambda _, facts: {"match": "0" * len(facts)})
    monkeypatch.setattr(study, "default_layers", lambda _: LAYERS)
    monkeypatch.setattr(editors, "Editor", lambda lm, config, progress: editor_for(lm, config))
    return lm


def table(found: dict) -> list:
    return [{k: v for k, v in c.items() if k != "seconds"} for c in found["checkpoints"]]


def test_a_killed_stream_ends_at_the_same_table(small, monkeypatch):
    whole = study.unit(small, "AlphaEdit", 0, 4, live=True)
    path = next(study.STREAMS.glob("AlphaEdit-live-0.json"))
    assert [c["edits"] for c in whole["checkpoints"]] == [0, 2, 4]
    assert whole["checkpoints"][1]["update"]
    assert whole["checkpoints"][1]["last words"] == "10"
    assert len(whole["checkpoints"][2]["cohorts"][1]["scores"]["efficacy"]) == 2  # fact by fact
    assert not small.ledger.edits
    path.unlink()
    for file in sorted((study.cache_dir() / "stream").rglob("*.safetensors"))[1:]:
        file.unlink()  # as if killed after the first batch
    assert table(study.unit(small, "AlphaEdit", 0, 4, live=True)) == table(whole)
    before = path.read_bytes()
    monkeypatch.setattr(study, "look", lambda *_: pytest.fail("everything was judged already"))
    study.unit(small, "AlphaEdit", 0, 4, live=True)
    assert path.read_bytes() == before


def test_an_older_file_gets_the_losses_that_it_lacks_and_nothing_else(small, monkeypatch):
    whole = table(study.unit(small, "AlphaEdit", 0, 4, live=True))
    path = next(study.STREAMS.glob("AlphaEdit-live-0.json"))
    assert [("losses" in c) for c in whole] == [True, False, True]  # before, and at the end
    assert whole[0]["losses"] != whole[2]["losses"]
    older = json.loads(path.read_text())
    for checkpoint in older["checkpoints"]:
        for name in ("losses", "free"):
            checkpoint.pop(name, None)
    path.write_text(json.dumps(older))
    monkeypatch.setattr(study, "look", lambda *_: pytest.fail("this was looked at already"))
    assert table(study.unit(small, "AlphaEdit", 0, 4, live=True)) == whole
    older["checkpoints"][2]["perplexity"] *= 1.1  # of another stream
    path.write_text(json.dumps(older))
    with pytest.raises(RuntimeError, match="After 4 edits perplexity is"):
        study.unit(small, "AlphaEdit", 0, 4, live=True)


def test_the_same_facts_in_another_order_are_another_stream(small):
    plain, again = (study.unit(small, "AlphaEdit", 0, 4, live=True, again=n) for n in (0, 3))
    path = next((study.STREAMS / "order-3").glob("*.json"))
    assert json.loads(path.read_text())["again"] == 3
    assert table(plain) != table(again)  # each wrote its own batches, none out of the other's folder
    assert [c["edits"] for c in again["checkpoints"]] == [0, 4]
    assert [("pairs" in c) for c in (plain["checkpoints"][0], again["checkpoints"][0])] == [True, False]
    subjects = [f.subject for f in FACTS]
    assert subjects == ["Italy", "India", "Asia", "France"]  # the caller's list stands as it was


def test_a_results_file_cut_off_in_the_middle_is_made_again(small):
    whole = study.unit(small, "AlphaEdit", 0, 2, live=True)
    path = next(study.STREAMS.glob("AlphaEdit-live-0.json"))
    path.write_text(path.read_text()[:200])
    assert study.read(path) == {}
    assert table(study.unit(small, "AlphaEdit", 0, 2, live=True)) == table(whole)
    assert json.loads(path.read_text())["fingerprint"] == small.fingerprint


def test_an_interrupted_stream_leaves_the_model_as_it_was(small, monkeypatch):
    before = [small.weight(i).clone() for i in range(small.n_layers)]
    monkeypatch.setattr(study, "tqdm", lambda **_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        study.unit(small, "AlphaEdit", 0, 4, live=True)
    assert all(torch.equal(a, small.weight(i)) for i, a in enumerate(before))


def test_a_collapse_is_recorded_and_the_stream_goes_on(small, monkeypatch):
    monkeypatch.setattr(stream_look, "perplexity", lambda *_: math.nan)
    found = study.unit(small, "MEMIT", 0, 4, live=True)
    assert [c["collapsed"] for c in found["checkpoints"]] == [True, True, True]


def test_prune_damps_at_the_checkpoints_only(small, monkeypatch):
    """Before each look after the first, and taken back after it: what is written next is not pruned."""
    seen = []

    def prune(lm, base):
        assert base == EDITORS["PRUNE"].prune
        seen.append(len(small.ledger.edits))
        edit = Edit((), small.fingerprint, {})
        edit.dense[1] = -0.5 * small.ledger.total(1).float()
        edit.apply(small)

    monkeypatch.setattr(study, "prune", prune)
    plain, pruned = (study.unit(small, name, 0, 4, live=True)["checkpoints"] for name in ("MEMIT", "PRUNE"))
    assert seen == [2, 4]
    for whole, damped in zip(plain[1:], pruned[1:], strict=True):
        assert damped["spectrum"]["1"][0] == pytest.approx(0.5 * whole["spectrum"]["1"][0], rel=1e-3)
        assert damped["spectrum"]["2"] == whole["spectrum"]["2"]


def test_rome_writes_one_fact_at_a_time_whatever_the_batch(small, monkeypatch):
    monkeypatch.setattr(study, "BATCH", 2)
    found = study.unit(small, "ROME", 0, 4, live=True)
    assert found["batch"] == 1
    assert study.unit(small, "MEMIT", 0, 4, live=True)["batch"] == 2
    assert [c["edits"] for c in found["checkpoints"]] == [0, 2, 4]


def test_facts_of_a_folder_are_streamed_with_targets_kept_in_the_cache(small, monkeypatch, tmp_path):
    records = [
        {"case_id": i, "prompt": f.prompt, "subject": f.subject, "target_new": "Rome",
         "ground_truth": "Paris", "rephrase_prompt": f.prompt, "locality_prompt": f.prompt,
         "locality_ground_truth": "Paris"}
        for i, f in enumerate(FACTS)
    ]  # fmt: skip
    (tmp_path / "counterfact_4.json").write_text(json.dumps(records))
    found = study.unit(small, "AlphaEdit", 0, 4, folder=tmp_path)
    assert found["facts"] == "CounterFact"
    assert (study.STREAMS / "AlphaEdit-counterfact-0.json").exists()
    second = study.unit(small, "AlphaEdit", 0, 4, folder=tmp_path, second=True, cohort=1)
    assert (study.STREAMS / "second" / "AlphaEdit-counterfact-0.json").exists()
    assert [len(c["scores"]["efficacy"]) for c in second["checkpoints"][-1]["cohorts"]] == [1, 1]
    kept = list((study.cache_dir() / "stream").glob("targets-*.safetensors"))
    assert len(kept) == 2, "with another search for z"
    monkeypatch.setattr(stream_facts, "compute_targets", lambda *_: pytest.fail("z is in the cache already"))
    study.unit(small, "MEMIT", 0, 4, folder=tmp_path)
    with pytest.raises(FileNotFoundError, match="counterfact"):
        study.counterfact(tmp_path / "nowhere", 0)
