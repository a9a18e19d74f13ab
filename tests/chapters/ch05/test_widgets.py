"""The widgets of chapter 5 work without a front end, and what they say is true."""

import pytest
import torch

from alphaedit_lite.book.ch05.figures import Film, second_moment
from alphaedit_lite.book.ch05.widgets import FilmWidget, TangentWidget


class Words:
    def decode(self, ids):
        return f" w{ids[0]}"


@pytest.fixture
def film():
    film = Film([3, 4, 5], "old", "new", (1, 2), Words())
    for step in range(4):
        logits = torch.zeros(3, 6)
        logits[1:, 2] = 4.0 * step - 3
        film.take(logits, nll=3.0 - step, kl=0.1 * step, size=0.2 * step)
    return film


def drawn(widget) -> str:
    (output,) = widget.output.outputs
    assert set(output["data"]) == {"text/html", "image/png", "text/plain"}
    return output["data"]["text/plain"]


def test_a_film_keeps_what_was_seen(film):
    assert film.table.shape == (4, 5)
    assert film.odds[2] == [0, 5, 5]
    assert film.words[2] == ["w0", "w2", "w2"]
    assert film.table.new[2] == pytest.approx(float(torch.tensor([0.0, 0, 5, 0, 0, 0]).softmax(0)[2]))
    assert "stopped at step 1" in film.figure(1)[1]
    assert film.lens_figure([0, 2])[1].count("Step") == 2


def test_the_slider_shows_the_step(film):
    widget = FilmWidget(film)
    assert widget.step.max == 3
    assert "nowhere clearly ahead" in drawn(widget)
    widget.step.value = 3
    assert "from block 4 on new is clearly ahead" in drawn(widget)
    assert widget.message.value.startswith("Step 3")


@pytest.mark.parametrize(("stretch", "turn", "same"), [(1.0, 0, True), (3.0, 35, True), (3.0, 0, False)])
def test_the_tangent_meets_the_plain_write_only_along_an_axis(stretch, turn, same):
    widget = TangentWidget()
    widget.stretch.value, widget.turn.value, widget.length.value = stretch, turn, 1.0
    said = drawn(widget)
    k, C0 = widget.key(), second_moment(stretch, turn)
    cost = 1 / float(k @ torch.linalg.solve(C0, k))
    assert f"ROME's {cost:.2f} at" in said
    assert (f"point costs {cost:.2f} at" in said) == same
    assert widget.message.value
