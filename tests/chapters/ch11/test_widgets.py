"""The widget of chapter 11 works without a front end; the figures say their numbers; edits come out again."""

import pandas as pd
import pytest
import torch

from alphaedit_lite import Edit
from alphaedit_lite.book.ch11.experiments import part, points, token_table
from alphaedit_lite.book.ch11.figures import (
    course_figure,
    glue_figure,
    phenomena_figure,
    scatter_figure,
    tokens_figure,
)
from alphaedit_lite.book.ch11.widgets import PairWidget, read_pair
from tests.helpers import stream

GOOD, BAD = "Rome is the capital of Italy", "Rome is the capital of India"


@pytest.fixture
def edits(lm):
    torch.manual_seed(0)
    factors = {1: torch.randn(2, lm.d_model)}, {1: torch.randn(2, lm.d_ff)}, {1: torch.randn(2, lm.d_ff)}
    return {"edited": Edit((), lm.fingerprint, {}, *factors)}


def test_a_pair_is_read_before_and_after_and_the_model_is_left_alone(lm, edits):
    weight = lm.weight(1).clone()
    tables = read_pair(lm, edits, GOOD, BAD)
    assert torch.equal(lm.weight(1), weight)
    assert edits["edited"].lm is None
    assert tables["unedited"][0].equals(token_table(lm, GOOD))
    assert not tables["edited"][1].equals(tables["unedited"][1])
    alt = tokens_figure(tables, (GOOD, BAD))[1]
    assert f"unedited {tables['unedited'][0].log_p.sum():.1f}" in alt


def test_an_edit_comes_out_even_if_reading_fails(lm, edits):
    with pytest.raises(ValueError, match="no second word"):
        read_pair(lm, edits, "Rome is", "Rome")
    assert not lm.ledger.edits


def test_the_widget_redraws_and_refuses_what_it_cannot_compare(lm, edits):
    widget = PairWidget(lm, edits)
    seen = []
    for good, bad in ((GOOD, BAD), (BAD, GOOD)):
        widget.good.value, widget.bad.value = good, bad
        (output,) = widget.output.outputs
        seen.append(output["data"]["text/plain"])
        assert "unedited:" in widget.message.value
        assert "edited:" in widget.message.value
    assert seen[0] != seen[1]
    for good, bad in (("Paris is old", "Rome is old"), ("Rome", "Rome is old"), ("", "")):
        widget.good.value, widget.bad.value = good, bad
        assert "begin with the same" in widget.message.value
    assert not lm.ledger.edits


def test_figures_say_their_numbers():
    some = part(1)
    kinds = [pair.phenomenon for pair in some]
    bits = pd.Series(1.0, [f"{kind} {i % 2}" for i, kind in enumerate(kinds)])
    alt = phenomena_figure({"before": bits, "after": bits * 0})[1]
    assert "before: subject-verb agreement 100%" in alt
    assert "after: subject-verb agreement 0%" in alt
    streams = {"AlphaEdit": stream(), "MEMIT": stream("MEMIT")}
    worse = stream("RECT")
    worse["checkpoints"][-1] |= {"last words": "00", "pairs": {"b": "00", "a": "1100"}, "perplexity": None}
    alt = course_figure(streams | {"RECT": worse})[1]
    assert "last words: part gone, %, at the end: AlphaEdit 0, MEMIT 0, RECT 100" in alt
    assert "rise of perplexity, %, at the end: AlphaEdit 20, MEMIT 20, RECT nan" in alt
    assert "pairs: AlphaEdit +0.0 at 20.0%" in scatter_figure(points(streams))[1]
    found = {"said F1": 0.2, "compared F1": 0.33, "AUC": 0.6, "AUC interval": [0.5, 0.7]}
    alt = glue_figure({"unedited": {"sst2": found, "rte": found}, "edited": {"sst2": found}})[1]
    assert "F1, said, unedited: SST-2 0.20, RTE 0.20" in alt
    assert "AUC, edited: SST-2 0.60" in alt
