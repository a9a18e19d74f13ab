"""The widget of chapter 4 works without a front end, and what it says is true."""

import pytest

from alphaedit_lite.book.ch04.widgets import OverlapWidget


def drawn(widget: OverlapWidget) -> str:
    (output,) = widget.output.outputs
    assert set(output["data"]) == {"text/html", "image/png", "text/plain"}
    return output["data"]["text/plain"]


@pytest.mark.parametrize(
    ("angle", "turn", "parts"),
    [
        (90, 0, ["overlap 0.00", "sum answers 1.00 of value 1 and 0.00", "exact answers 1.00", "‖W‖ 1.41"]),
        (60, 0, ["overlap 0.50", "sum answers 1.00 of value 1 and 0.50", "exact answers 1.00", "‖W‖ 1.63"]),
        (20, 10, ["10° from key 1, towards", "exact answers 0.51 of value 1 and 0.51", "vectors 2.92 long"]),
        (20, -10, ["away from key 2", "exact answers 1.46 of value 1 and -0.51"]),
        (0, 0, ["exact answers 0.50 of value 1 and 0.50", "‖W‖ 0.71"]),
        (180, 0, ["overlap -1.00", "sum answers 1.00 of value 1 and -1.00", "exact answers 0.50"]),
    ],
)
def test_the_overlap_widget_answers_as_the_algebra_does(angle, turn, parts):
    widget = OverlapWidget()
    widget.angle.value, widget.turn.value = angle, turn
    for part in parts:
        assert part in drawn(widget), drawn(widget)
    assert widget.message.value
