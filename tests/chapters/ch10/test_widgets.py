"""The player of chapter 10 works without a front end, and the figures say their numbers."""

import math

import pytest
import torch

from alphaedit_lite.book.ch10.figures import fronts_figure
from alphaedit_lite.book.ch10.widgets import FrontWidget, StreamPlayer
from alphaedit_lite.book.kit.editors import EDITORS
from alphaedit_lite.book.kit.fronts import Fronts
from alphaedit_lite.book.kit.intervals import Change
from alphaedit_lite.book.kit.stream_figures import (
    cohorts_figure,
    damage_figure,
    forest_figure,
    forgetting_figure,
    player_figure,
    says,
    style_of,
)
from tests.helpers import checkpoint, row, stream


@pytest.fixture
def streams():
    short = stream("MEMIT", slope=0.4)
    unedited, first, second, _ = short["checkpoints"]
    short["checkpoints"] = [unedited, first, checkpoint(200, second["cohorts"], None)]
    return {"AlphaEdit": stream(), "MEMIT": short}


def test_every_control_redraws(streams):
    player = StreamPlayer(streams)
    said = []
    for editor, edits in (("AlphaEdit", 0), ("AlphaEdit", 300), ("MEMIT", 200)):
        player.editor.value = editor
        player.edits.value = edits
        (output,) = player.output.outputs
        assert "image/png" in output["data"]
        said.append(output["data"]["text/plain"])
        assert said[-1] == player_figure(streams, editor, edits)[1]  # as the function alone
        assert f"{editor} after {edits} edits" in player.message.value
        assert "upon a time" in player.message.value
    assert len(set(said)) == 3
    player.metric.value = "specificity"
    assert player.edits.value == 200


def test_a_change_of_editor_keeps_the_place_or_the_nearest(streams):
    player = StreamPlayer(streams)
    player.edits.value = 300
    player.editor.value = "MEMIT"  # which stops at 200
    assert player.edits.value == 200
    player.editor.value = "AlphaEdit"
    assert player.edits.value == 200


def test_the_figures_say_their_numbers(streams):
    alt = forgetting_figure(streams)[1]
    assert (
        "AlphaEdit: 25 of the first 100 facts 80% when written, 60% after 300 edits; the newest then 0%"
        in alt
    )
    assert "MEMIT: 25 of the first 100 facts 80% when written, 40% after 200 edits" in alt
    alt = damage_figure(streams)[1]
    assert "AlphaEdit 24.00" in alt
    assert "MEMIT not finite" in alt
    runs = {name: torch.tensor([[0.9, 0.8], [math.nan, 0.7]]) for name in ("kept", "dropped")}
    assert "kept: the first cohort from 0.90 to 0.80" in cohorts_figure(runs, 50, "likely")[1]
    change = Change(0.02, -0.01, 0.05, 9)
    far = {"P off": change, "P leaks": Change(-0.63, -0.7, -0.5, 9), "λ off": Change(0.4, 0.3, 0.5, 9)}
    for limit in (None, 20):
        figure, alt = forest_figure({"efficacy": far}, limit=limit)
        assert "P off +2.0 [−1.0, +5.0], P leaks −63.0" in alt
        written = [text.get_text() for text in figure.axes[0].texts]
        assert written == ([] if limit is None else ["◂ −63.0", "+40.0 ▸"])
    assert figure.axes[0].get_xlim() == (-20, 20)
    assert says(stream(), 100) == "Once … upon a time".replace("… ", "…")


def test_the_fronts_say_their_numbers():
    rows = [
        row("ridge", "λ = 0.8", 10, 11.5),
        row("ridge", "λ = 0.2", 14, 13.0),
        row("FT", "rate 1", 1, None),
    ]
    fronts = Fronts({"unedited": row("", "", 0, 10.0), "rows": rows})
    panels = {"named": ("efficacy_top1", "rise"), "kept": ("efficacy_top1", "specificity")}
    alt = fronts_figure(fronts, panels)[1]
    assert "ridge: λ = 0.8 50% at 15.0%, λ = 0.2 70% at 30.0%" in alt
    assert "FT" not in alt  # collapsed: it has no place on the axis
    rows.append(row("ridge", "λ = 0.8, in P", 12, 12.0))
    both = Fronts({"unedited": row("", "", 0, 10.0), "rows": rows})
    assert "in P" not in fronts_figure(both, panels)[1]
    figure, alt = fronts_figure(both, panels, variants=True)
    assert "λ = 0.8, in P 60% at 20.0%, λ = 0.2 70% at 30.0%" in alt
    assert "in P" in [text.get_text() for text in figure.axes[0].texts]


def test_an_editor_looks_the_same_in_every_figure(streams):
    colours = [
        [line.get_color() for line in damage_figure(some)[0].axes[0].lines if line.get_label() == "MEMIT"]
        for some in (streams, {"MEMIT": streams["MEMIT"]})
    ]
    assert colours == [[style_of("MEMIT")["color"]]] * 2
    assert style_of("one of your own") not in [style_of(name) for name in EDITORS]


def test_the_knobs_follow_the_editor_and_redraw(monkeypatch):
    rows = [row("ridge", "λ = 0.8", 10, 11.5), row("ridge", "λ = 0.2", 14, 13.0)]
    rows.append(row("MEMIT", "c = 1000", 12, 11.0))
    for found in rows:
        found["scores"] = {name: values * 5 for name, values in found["scores"].items()}  # 100 facts
    unedited = row("", "", 0, 10.0)
    widget = FrontWidget(Fronts({"unedited": unedited, "rows": rows}))
    said = [widget.message.value]
    widget.knob.value = "λ = 0.2"
    said.append(widget.message.value)
    widget.editor.value = "MEMIT"
    said.append(widget.message.value)
    assert widget.knob.options == ("c = 1000",)
    assert "ridge, λ = 0.8: perplexity up by 15.0%; 50.0% named first" in said[0]
    assert "ridge, λ = 0.2: perplexity up by 30.0%" in said[1]
    assert "MEMIT, c = 1000: perplexity up by 10.0%" in said[2]
