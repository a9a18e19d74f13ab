"""What widgets leave for a site without a kernel: a picture for every place of a control."""

import json

import ipywidgets as w
import pytest

from alphaedit_lite.book.ch04.widgets import OverlapWidget
from alphaedit_lite.book.kit.widget import PLACES, frames, places


def test_every_place_has_its_own_picture_and_words_and_the_widget_is_as_it_was(tmp_path):
    widget = OverlapWidget()
    widget.angle.value = 85
    before = widget.message.value
    frames(widget, tmp_path)
    folder = tmp_path / "OverlapWidget"
    told = json.loads((folder / "frames.json").read_text(encoding="utf-8"))
    (control,) = told["controls"]
    assert control["label"] == widget.angle.description
    assert control["places"][0] == "0"
    assert control["places"][-1] == "180"
    assert abs(float(control["places"][control["start"]]) - 85) <= 180 / PLACES
    assert len(told["frames"]) == len(control["places"])
    for i, place in enumerate(control["places"]):
        assert f"Keys {place}° apart" in told["frames"][str(i)]
    pictures = [path.read_bytes() for path in folder.glob("*.png")]
    assert len(set(pictures)) == len(control["places"])
    assert max(map(len, pictures)) < 30_000
    assert (widget.angle.value, widget.message.value) == (85, before)


def test_two_controls_make_a_picture_for_every_pair(tmp_path):
    widget = OverlapWidget()
    widget.angle.min, widget.turn.min, widget.moves = 170, 28, [widget.angle, widget.turn]
    frames(widget, tmp_path)
    told = json.loads((tmp_path / "OverlapWidget" / "frames.json").read_text(encoding="utf-8"))
    first, second = (len(control["places"]) for control in told["controls"])
    assert (first, second, len(told["frames"])) == (3, 3, 9)
    assert f"{first - 1}-{second - 1}" in told["frames"]


@pytest.mark.parametrize(
    ("control", "first", "last", "count"),
    [
        (w.IntSlider(0, 0, 10, 1), 0, 10, 11),
        (w.IntSlider(0, 0, 320, 1), 0, 320, 17),
        (w.FloatLogSlider(1, min=-2, max=2), 0.01, 100, PLACES),
        (w.SelectionSlider(options=[0, 300, 1000]), 0, 1000, 3),
        (w.Dropdown(options=[("one", 1), ("two", 2)]), 1, 2, 2),
    ],
)
def test_places(control, first, last, count):
    found = places(control)
    assert found[0] == pytest.approx(first)
    assert found[-1] == pytest.approx(last)
    assert len(found) == count
