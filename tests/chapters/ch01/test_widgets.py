"""The widget of chapter 1 works without a front end, and what it says is true."""

from alphaedit_lite.book.ch01.reference import wilson
from alphaedit_lite.book.ch01.widgets import IntervalWidget


def test_the_sliders_move_the_interval():
    widget = IntervalWidget(wilson)
    (output,) = widget.output.outputs
    assert output["data"]["text/plain"].startswith("9 right of 12")
    widget.n.value, widget.right.value = 120, 90
    low, high = wilson(90, 120)
    assert widget.message.value == f"90 right of 120: the share may be anything from {low:.2f} to {high:.2f}."


def test_fewer_facts_than_right_answers_are_impossible():
    widget = IntervalWidget(wilson)
    widget.n.value = 5
    assert widget.right.value == widget.right.max == 5
    assert "5 right of 5" in widget.message.value
