"""The sweep over layers: what it proposes is what it measured, and the model is as it was."""

import dataclasses
import re

import pandas as pd
import pytest
import torch

from alphaedit_lite import Fact
from alphaedit_lite.keys import token_rows
from alphaedit_lite.scale import suggest
from tests.conftest import CORPUS

NAMES = ("Italy", "India", "Asia", "France")
FACTS = [
    Fact(
        "The capital of {} is", name, "Rome", true="Paris",
        paraphrases=(f"{name} has its capital in",), neighbours=(("The capital of Spain is", "Paris"),),
    )
    for name in NAMES
]  # fmt: skip


@pytest.fixture(autouse=True)
def short_texts(monkeypatch):
    monkeypatch.setattr(suggest, "wikipedia_leads", lambda _: CORPUS * 3)


def test_the_proposal_ends_at_the_best_layer_and_the_model_is_as_it_was(lm):
    before = [lm.weight(i).clone() for i in range(lm.n_layers)]
    layers, table = suggest.suggest_layers(lm, FACTS, candidates=[1, 2, 3], tokens=400, progress=False)
    assert layers[-1] == table.score.idxmax()
    assert list(table.index) == [1, 2, 3]
    one = table.iloc[0]
    shares = [max(one[name], 1e-3) for name in ("efficacy_top1", "generalization", "specificity")]
    assert one.score == pytest.approx(3 / sum(1 / share for share in shares))
    assert all(torch.equal(w, lm.weight(i)) for i, w in enumerate(before))


def test_the_best_layer_decides_and_no_layer_below_the_first_is_proposed(lm, monkeypatch):
    wanted = {1: 0.2, 2: 0.9, 3: 0.4}
    edited = []
    real = suggest.AlphaEdit
    monkeypatch.setattr(
        suggest, "AlphaEdit", lambda lm, layers, **k: edited.append(*layers) or real(lm, layers=layers, **k)
    )
    columns = ("efficacy_top1", "generalization", "specificity")
    monkeypatch.setattr(
        suggest, "evaluate", lambda *_, **__: pd.DataFrame({name: [wanted[edited[-1]]] for name in columns})
    )
    layers, table = suggest.suggest_layers(lm, FACTS, candidates=[1, 2, 3], tokens=400, progress=False)
    assert layers == (0, 1, 2)
    assert table.score.to_dict() == pytest.approx(wanted)


def test_bars_say_how_long_it_will_take(lm, capsys, monkeypatch):
    known = []
    monkeypatch.setattr(suggest, "known_facts", lambda lm, n, progress: known.append(progress) or FACTS)
    suggest.suggest_layers(lm, candidates=[1, 2, 3], tokens=400, progress=False)
    assert not capsys.readouterr().err
    suggest.suggest_layers(lm, candidates=[1, 2, 3], tokens=400)
    said = capsys.readouterr().err
    assert known == [False, True]
    tokens = sum(map(len, token_rows(lm, CORPUS * 3, 400)))
    for name, count in {"statistics": tokens, "layers": 3}.items():
        assert len(re.findall(rf"{name}: +0%[^\r\n]* 0/{count} ", said)) == 1
        assert re.search(rf"{name}: 100%[^\r\n]* {count}/{count} \[\d\d:\d\d<\d\d:\d\d", said)


def test_too_few_facts_are_refused(lm):
    with pytest.raises(ValueError, match="Only 3 facts"):
        suggest.suggest_layers(lm, FACTS[:3])


def test_facts_that_cannot_judge_are_refused_before_the_sweep(lm, monkeypatch):
    monkeypatch.setattr(suggest, "fit_statistics", None)  # it would be called first
    for without in ({"paraphrases": ()}, {"neighbours": ()}, {"true": None}):
        facts = [dataclasses.replace(fact, **without) for fact in FACTS]
        with pytest.raises(ValueError, match=r"judged by .* these facts have none"):
            suggest.suggest_layers(lm, facts)


def test_the_picture_shows_the_table():
    table = pd.DataFrame(
        {
            "efficacy_top1": [0.1, 1.0],
            "generalization": [0.2, 0.5],
            "specificity": [0.9, 0.8],
            "score": [0.2, 0.7],
        },
        index=pd.Index([3, 9], name="layer"),
    )
    axes = suggest.picture(table, (5, 6, 7, 8, 9)).axes[0]
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert drawn["harmonic mean"] == [0.2, 0.7]
    assert drawn["named first"] == [0.1, 1.0]


def test_a_model_whose_keys_the_threshold_does_not_suit_gets_another(lm):
    """As the refusal itself advises."""
    with pytest.raises(ValueError, match="threshold"):
        suggest.suggest_layers(lm, FACTS, [1, 2], 400, progress=False, threshold=1e-12)
    settings = {"threshold_kind": "relative", "threshold": 1.0}
    _, table = suggest.suggest_layers(lm, FACTS, [1, 2], 400, progress=False, **settings)
    assert list(table.index) == [1, 2]
