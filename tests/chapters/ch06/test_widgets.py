"""The widget of chapter 6 works without a front end, and what it says is true."""

import pandas as pd
import pytest
import torch

from alphaedit_lite.book.ch06.figures import knob_figure, layers_figure
from alphaedit_lite.book.ch06.results import between, sweep
from alphaedit_lite.book.ch06.widgets import ASK, BalanceWidget

ROWS = [
    {"n": 9, "layers": layers, "c": c, "efficacy_top1": e, "generalization_top1": e / 2,
     "specificity": 0.9 - e / 9, "perplexity": 20 + 2 * e}
    for layers, c, e in (([], 0, 0.0), ([4, 5], 100, 1.0), ([4, 5], 10_000, 0.0), ([5], 100, 0.5))
]  # fmt: skip
G = torch.tensor([500.0, 1000.0, 4000.0])


@pytest.fixture
def swept():
    return sweep({"rows": ROWS[::-1]}, 9, (4, 5))


def test_a_sweep_is_read_in_order_of_c(swept):
    table, unedited = swept
    assert table.c.tolist() == [100, 10_000]
    assert unedited.perplexity == 20
    assert table.rise.tolist() == pytest.approx([0.1, 0])
    assert between(table, "efficacy_top1", 1000) == pytest.approx(0.5)  # half-way on the logarithmic axis


def test_dragging_c_moves_the_markers_and_the_sentence(swept):
    widget = BalanceWidget(G, *swept, lambda c: f"wrote with {c:.0f} & more")
    for c, share, first in ((1000, "50%", "50%"), (100, "91%", "100%"), (10_000, "9%", "0%")):
        widget.c.value = c
        (output,) = widget.output.outputs
        said = output["data"]["text/plain"]
        assert f"At c = {c:,} one layer writes {share} of the median" in said
        assert f"{first} of the new facts are named first" in said
        assert "image/png" in output["data"]
    widget.button.click()
    assert widget.result.value == "wrote with 10000 &amp; more"
    widget.c.value = 1
    assert widget.result.value == ASK


def test_a_failed_write_becomes_a_sentence(swept):
    def fail(c: float) -> str:
        raise ValueError("no <room>")

    widget = BalanceWidget(G, *swept, fail)
    widget.button.click()
    assert "That did not work" in widget.result.value
    assert "no &lt;room&gt;" in widget.result.value
    assert not widget.button.disabled


def test_the_static_twin_says_the_same(swept):
    widget = BalanceWidget(G, *swept, str)
    widget.c.value = 1000
    assert knob_figure(G, *swept, [1000])[1] == widget.output.outputs[0]["data"]["text/plain"]
    assert "one: c 100: 100%, rise 10.0%" in layers_figure({"one": swept[0]})[1]
    assert isinstance(swept[0], pd.DataFrame)
