"""The widgets work without a front end."""

import json
import threading
import time

import pandas as pd
import pytest

from alphaedit_lite import AlphaEdit, Fact, TargetConfig, editor
from alphaedit_lite.book.ch00.widgets import EditWidget
from alphaedit_lite.book.kit.demo import EXAMPLES, LOWER_ASSAM, doubt
from alphaedit_lite.book.kit.plots import before_and_after, bundle
from tests.helpers import editor_for, same, weights


@pytest.fixture
def widget(smollm):
    return EditWidget(smollm, AlphaEdit(smollm, progress=False))


def press(button, widget):
    button.click()
    widget.worker.join(120)
    assert not widget.worker.is_alive()


@pytest.mark.model
def test_widget_edits_undoes_and_explains(widget):
    press(widget.edit_button, widget)
    assert "Romania" in widget.message.value
    assert "1 of 1 facts" in widget.message.value
    assert set(widget.states) == {"before", "after"}
    assert not widget.undo_button.disabled
    drawn = json.dumps(widget.output.outputs)
    assert "image/png" in drawn
    assert "India" in drawn
    press(widget.undo_button, widget)
    assert "India" in widget.message.value
    assert "facts" not in widget.message.value
    assert widget.states["after undo"].equals(widget.states["before"])
    assert widget.undo_button.disabled
    widget.subject.value = " "
    press(widget.edit_button, widget)
    assert "That did not work" in widget.message.value
    assert "is empty" in widget.message.value
    assert "The model holds no edit." in widget.message.value
    assert not widget.lm.ledger.edits
    assert not widget.edit_button.disabled


@pytest.mark.model
def test_widget_borrows_prompts_of_the_relation(widget):
    known = next(f for f in widget.known if f.template != LOWER_ASSAM.template)
    widget.subject.value, widget.template.value, widget.new.value = "Atlantis", known.template, known.new
    fact = widget._fact()
    assert fact.subject == "Atlantis"
    assert fact.paraphrases
    assert all("Atlantis" in text for text in fact.paraphrases)
    assert fact.neighbours
    widget.template.value = "{} tastes of"
    assert not widget._fact().neighbours


def test_widget_names_a_fact_that_did_not_take_and_why(lm):
    widget = EditWidget(lm, editor_for(lm, targets=TargetConfig(steps=2, lr=1e-6)))
    widget.template.value = "{} <i>lies</i> in"
    widget.edit()
    said = widget.message.value
    assert "0 of 1 facts" in said
    assert "the fact, first choice" in said
    assert "Did not take: &#x27;Lower Assam &lt;i&gt;lies&lt;/i&gt; in Romania&#x27;. z itself" in said
    assert "<i>lies" not in said
    widget.undo()
    assert "Did not take" not in widget.message.value


def test_a_refused_input_leaves_the_last_edit_and_says_so(lm):
    widget = EditWidget(lm, editor_for(lm, targets=TargetConfig(steps=2, lr=1e-6)))
    press(widget.edit_button, widget)
    written = weights(lm)
    widget.template.value = "no place for a subject"
    press(widget.edit_button, widget)
    assert "That did not work" in widget.message.value
    assert "The last edit is still in the model." in widget.message.value
    assert same(weights(lm), written)
    assert not widget.undo_button.disabled
    assert widget.clock.value == ""


def test_cancel_stops_an_edit_that_is_under_way_and_leaves_nothing(lm, monkeypatch):
    widget, before, begun = EditWidget(lm, editor_for(lm)), weights(lm), threading.Event()

    def endless(*_):
        begun.set()
        while True:
            time.sleep(0.01)

    monkeypatch.setattr(editor, "compute_targets", endless)
    widget.edit_button.click()
    assert begun.wait(60)
    assert not widget.cancel_button.disabled
    widget.cancel_button.click()
    widget.worker.join(60)
    assert widget.message.value == "<b>Cancelled.</b> The model holds no edit."
    assert same(weights(lm), before)
    assert not lm.ledger.edits
    assert widget.cancel_button.disabled
    assert not widget.edit_button.disabled


def test_examples_fill_in_the_fields(lm):
    widget = EditWidget(lm, editor_for(lm))
    for name, fact in EXAMPLES.items():
        widget.example.value = name
        assert Fact(widget.template.value, widget.subject.value, widget.new.value).prompt == fact.prompt


def test_what_the_model_hardly_believes_is_said(lm):
    widget = EditWidget(lm, editor_for(lm, targets=TargetConfig(steps=2, lr=1e-6)))
    widget.subject.value = "Rome"  # a random model knows nothing
    widget.edit()
    if widget.fact.true:
        assert "it may not know this subject" in widget.message.value
    sure = pd.DataFrame({"old": ["India"], "p_old": [0.9]})
    assert doubt(sure) == ""
    assert "India, only 7%" in doubt(sure.assign(p_old=0.07))


@pytest.mark.filterwarnings("error:Glyph")
def test_japanese_is_drawn_without_boxes():
    table = pd.DataFrame(
        {
            "kind": ["fact"],
            "prompt": ["富士山の高さは"],
            "old": ["ローマ"],
            "new": ["漢字"],
            "p_old": [0.5],
            "p_new": [0.1],
        }
    )
    bundle(*before_and_after({"前": table}))  # a letter that no font has would warn
