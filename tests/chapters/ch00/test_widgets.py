"""The widgets work without a front end."""

import json

import pytest

from alphaedit_lite import AlphaEdit, TargetConfig
from alphaedit_lite.book.ch00.widgets import EditWidget
from alphaedit_lite.book.kit.demo import LOWER_ASSAM
from tests.helpers import editor_for


@pytest.fixture
def widget(smollm):
    return EditWidget(smollm, AlphaEdit(smollm, progress=False))


@pytest.mark.model
def test_widget_edits_undoes_and_explains(widget):
    widget.edit_button.click()
    assert "Romania" in widget.message.value
    assert "1 of 1 facts" in widget.message.value
    assert set(widget.states) == {"before", "after"}
    assert not widget.undo_button.disabled
    drawn = json.dumps(widget.output.outputs)
    assert "image/png" in drawn
    assert "India" in drawn
    widget.undo_button.click()
    assert "India" in widget.message.value
    assert "facts" not in widget.message.value
    assert widget.states["after undo"].equals(widget.states["before"])
    assert widget.undo_button.disabled
    widget.subject.value = " "
    widget.edit_button.click()
    assert "That did not work" in widget.message.value
    assert "is empty" in widget.message.value
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
