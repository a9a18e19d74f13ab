"""The widget and the measurements of chapter 9 work without a front end, and without the default model."""

import math

import pandas as pd
import pytest
import torch

from alphaedit_lite import Edit, evaluate
from alphaedit_lite.book.ch09.figures import (
    intervals_figure,
    protocols_figure,
    strength_figure,
    yardsticks_figure,
)
from alphaedit_lite.book.ch09.widgets import ALL, StrengthWidget, moved, moves, readings
from alphaedit_lite.book.kit.judging import judge_prompts, per_fact, says, scaled
from tests.helpers import FACTS


def test_a_name_is_named_as_a_whole_word():
    assert says("lies in Romania, in Europe", "Romania")
    assert says(" Romania.", " Romania", first=True)
    assert not says(" Romanian food", "Romania", first=True)
    assert not says("the Romanian", "Romania")
    assert not says("not Romania", "Romania", first=True)


def test_rows_hold_what_evaluate_says(lm):
    rows = judge_prompts(lm, FACTS, 3, ("prompt",))
    table = evaluate(lm, FACTS, progress=False)
    for kind, name in (
        ("prompt", "efficacy"),
        ("paraphrases", "generalization"),
        ("neighbours", "specificity"),
    ):
        means = per_fact(rows, kind)
        for fact, row in means.iterrows():
            for metric, column in (("success", name), ("accuracy", f"{name}_top1")):
                assert row[metric] == pytest.approx(float(table[column][fact]), nan_ok=True)
    assert rows[rows.kind != "prompt"].match.isna().all()  # not asked to speak
    assert math.isnan(rows.success[rows.wanted == " Dutch"].iloc[0])  # no rival, no success
    spoken = rows[rows.kind == "prompt"]
    assert list(spoken.text) == [lm.complete(prompt, 3) for prompt in spoken.prompt]


def test_a_scaled_edit_writes_a_scaled_update():
    edit = Edit(
        (), "", residual={0: torch.randn(2, 4)}, gain={0: torch.randn(2, 6)}, keys={0: torch.randn(2, 6)}
    )
    assert torch.allclose(scaled(edit, 3.0).delta(0), 3 * edit.delta(0), atol=1e-5)


@pytest.fixture
def states():
    def rows(share: float) -> pd.DataFrame:
        made = [
            {"fact": fact, "kind": kind, "prompt": f"{kind} {fact}", "text": " and so on and on"}
            | {"success": float(fact < 2 * share), "share": share, "accuracy": share, "match": share}
            for fact in range(2)
            for kind in ("prompt", "paraphrases", "neighbours")
        ]
        return pd.DataFrame(made)

    return {0.0: rows(0.0), 1.0: rows(0.5), 4.0: rows(1.0)}


def test_dropdown_and_slider_redraw(states):
    widget = StrengthWidget(states)
    said = []
    for fact, strength in (("prompt 0", 1.0), ("prompt 0", 4.0), ("prompt 1", 1.0), (ALL, 0.0)):
        widget.fact.value, widget.strength.value = fact, strength
        (output,) = widget.output.outputs
        assert "image/png" in output["data"]
        said.append(output["data"]["text/plain"])
    assert "efficacy: success: unedited 0.00, strength 1 1.00" in said[0]
    assert "efficacy: success: unedited 0.00, strength 1 0.00" in said[2]
    assert "unedited)" in said[3]
    assert "and so on" in widget.message.value


def test_moves_are_paired_by_fact(states):
    change = moved(states, "efficacy: success", 0.0, 1.0)  # of two facts one becomes a success
    assert (change.mean, change.low, change.high, change.n) == (0.5, 0.0, 1.0, 2)
    table = moves(states, 1.0, 4.0)
    assert list(table["strength 1"]) == [0.5] * 6
    assert table.loc["specificity: accuracy"].iloc[2] == "+50.0 [+50.0, +50.0]"


def test_figures_say_their_numbers(states):
    dials = pd.DataFrame({strength: readings(rows) for strength, rows in states.items()}).T
    groups = {"a": ["match"], "b": ["fluency"]}
    assert "match 0.00, 0.50, 1.00" in strength_figure(dials, groups)[1]
    assert "Whiskers" in strength_figure(dials, groups, 2)[1]
    two = {"unedited": {"efficacy": [0.0], "b": [1]}, "edited": {"efficacy": torch.tensor([0.5]), "b": [1]}}
    assert "efficacy: share 0.00, then 0.50" in yardsticks_figure(two, ["share"])[1]
    value = {"success": {"mean": 0.5, "low": 0.4, "high": 0.6}}
    panels = {"prompt": {"A": value, "B": value}}
    assert "prompt, A: success 0.50; prompt, B" in protocols_figure(panels, ["success"])[1]
    panels["prompt"] |= {"C": {}}  # a set that was not judged by this metric
    assert protocols_figure(panels, ["success"])[1].endswith("prompt, C: .")
    assert "from 0.10 to 0.20" in intervals_figure([("x", 0.15, 0.1, 0.2)], 0.5)[1]
