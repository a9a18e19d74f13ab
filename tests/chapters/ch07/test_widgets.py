"""The widgets of chapter 7 work without a front end, and what they say is true."""

import math

import pytest
import torch

from alphaedit_lite.book.ch07.figures import draw_keys, leaked
from alphaedit_lite.book.ch07.widgets import KeysWidget, ThresholdWidget
from alphaedit_lite.book.kit.plots import drawing

SPECTRA = {
    4: torch.logspace(-3, 0, 40, dtype=torch.float64),
    5: torch.logspace(-2.5, 0.5, 40, dtype=torch.float64),
}


def drawn(widget) -> str:
    (output,) = widget.output.outputs
    assert set(output["data"]) == {"text/html", "image/png", "text/plain"}
    return output["data"]["text/plain"]


@pytest.mark.parametrize(
    ("dimension", "angle", "lift", "zero", "rank", "free"),
    [
        (2, 0, 0, 0, 1, "a line"),
        (2, 180, 0, 0, 1, "a line"),
        (2, 10, 0, 0, 2, "only the origin"),
        (2, 10, 0, 0.02, 1, "a line"),
        (3, 0, 0, 0, 1, "a plane"),
        (3, 90, 0, 0, 2, "a line"),
        (3, 0, 0.5, 0, 2, "a line"),
        (3, 90, 0.5, 0, 3, "only the origin"),
    ],
)
def test_keys_move_and_their_null_space_follows(dimension, angle, lift, zero, rank, free):
    widget = KeysWidget()
    widget.dimension.value, widget.angle.value = dimension, angle
    widget.lift.value, widget.zero.value = lift, zero
    said = drawn(widget)
    assert f"rank {rank}, null space: {free};" in said
    assert widget.message.value == said
    assert widget.keys().shape == (dimension, dimension)
    if not zero:
        assert int(torch.linalg.matrix_rank(widget.keys(), atol=1e-5)) == rank


def test_everything_is_free_without_keys():
    with drawing() as (_, axis):
        assert "rank 0, null space: everything" in draw_keys(axis, torch.zeros(2, 1))


def test_leaked_energy():
    rank, share = leaked(torch.tensor([1.0, 2.0, 3.0, 4.0]), 3.0)
    assert (rank, share) == (2, pytest.approx(0.3))


def test_a_threshold_is_drawn_and_written_through():
    written = []

    def write(threshold: float) -> str:
        written.append(threshold)
        if len(written) > 1:
            raise ValueError("no <room>")
        return "leak 5% & more"

    widget = ThresholdWidget(SPECTRA, write)
    for threshold in (0.02, 0.2):
        widget.threshold.value = threshold
        found = widget.threshold.value
        assert math.isclose(found, threshold, rel_tol=0.03)
        for layer, values in SPECTRA.items():
            rank, share = leaked(values, found)
            assert f"layer {layer}: {rank} of 40 directions, {share:.0%} of the energy" in drawn(widget)
    assert not written
    widget.button.click()
    assert written == [widget.threshold.value]
    assert widget.result.value == "leak 5% &amp; more"
    widget.button.click()
    assert "That did not work" in widget.result.value
    assert "no &lt;room&gt;" in widget.result.value
    assert not widget.button.disabled
    for end in (widget.threshold.min, widget.threshold.max):
        assert all(0 < leaked(values, 10**end)[0] < len(values) for values in SPECTRA.values())
