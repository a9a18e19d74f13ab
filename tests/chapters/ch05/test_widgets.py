"""The widgets of chapter 5 work without a front end, and what they say is true."""

import pandas as pd
import pytest
import torch

from alphaedit_lite.book.ch05.figures import Film, search_figure, second_moment
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
        film.take(logits)
    return film


def drawn(widget) -> str:
    (output,) = widget.output.outputs
    assert set(output["data"]) == {"text/html", "image/png", "text/plain"}
    return output["data"]["text/plain"]


def test_a_film_keeps_what_was_seen(film):
    assert film.odds[2] == [0, 5, 5]
    assert film.words[2] == ["w0", "w2", "w2"]
    assert film.p[2] == pytest.approx(float(torch.tensor([0.0, 0, 5, 0, 0, 0]).softmax(0)[2]))
    assert film.lens_figure([0, 2])[1].count("Step") == 2


def test_the_search_is_drawn_and_described():
    steps = pd.DataFrame({"new": [0.0, 0.2, 0.9], "old": [0.6, 0.3, 0.0], "nll": [9.0, 2.0, 0.1]})
    steps = steps.assign(kl=[0.0, 0.4, 1.2], size=[0.0, 0.4, 0.7])
    figure, said = search_figure(steps, " Romania", " India", clamp=0.75)
    assert [axis.get_xlabel() for axis in figure.axes] == ["step"] * 3
    assert "step 2: Romania 0.90, India 0.00, KL 1.20, size 0.70" in said


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
    assert (f"point does harm {cost:.2f} at" in said) == same
    assert widget.message.value
