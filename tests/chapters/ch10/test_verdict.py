"""The verdict: gaps by fact and harm by text, from streams that end with the losses of every text."""

import json
import math

import pytest

from alphaedit_lite.book.ch10 import results
from alphaedit_lite.book.ch10.figures import verdict_figure
from alphaedit_lite.book.ch10.results import EDITS, JUDGED, MODELS, RIVAL, Verdict, answer
from alphaedit_lite.book.kit.editors import APART, VARIANTS
from alphaedit_lite.book.kit.elsewhere import KINDS, OUTSIDE, harm
from alphaedit_lite.book.kit.intervals import difference
from alphaedit_lite.book.kit.streams import checkpoint, read_stream, scores


def look(edits, share, rise):
    cohorts = [
        {
            "first": first,
            "facts": 4,
            "scores": {m: [float(i < 4 * share) for i in range(4)] for m in results.METRICS},
        }
        for first in range(0, max(edits, 100), 100)
    ]
    losses = {kind: [1.0 + i + math.log1p(rise * (kind != KINDS[0])) for i in range(5)] for kind in KINDS}
    return {
        "edits": edits, "cohorts": cohorts, "perplexity": 20.0, "collapsed": False, "losses": losses,
        "pairs": {"a": "1"}, "last words": "1", "update": {"3": rise},
        "free": {"match": "0000", "mention": "0110"},
    }  # fmt: skip


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "MODELS", {"small": tmp_path})
    for folder in ("knobs", "apart"):
        (tmp_path / folder).mkdir()
    for name in JUDGED:
        share, rise = (0.75, 0.2) if name == RIVAL else (0.5, 0.1)
        stream = {
            "editor": name,
            "checkpoints": [look(0, 0.0, 0.0), look(300, share, rise), look(EDITS, share, rise)],
        }
        folder = tmp_path / ("knobs" if name in VARIANTS else "apart" if name in APART else "")
        (folder / f"{name.replace(' ', '-')}-counterfact-0.json").write_text(json.dumps(stream))
    return Verdict.read("small")


def test_gaps_are_by_fact_and_harm_by_text(small):
    assert small.gap(RIVAL, "AlphaEdit").mean == 0.25
    assert small.gap(RIVAL, "AlphaEdit").n == 40
    rises = small.harm("AlphaEdit")
    assert [round(rises[kind].mean, 6) for kind in KINDS] == [0.0, 0.1, 0.1, 0.1]
    against = small.harm("AlphaEdit", RIVAL)[OUTSIDE]
    assert against[:3] == pytest.approx((1.1 / 1.2 - 1,) * 3)
    assert against.n == 15


def test_sentences_say_who_is_ahead_and_what_is_not_there(small, tmp_path):
    ahead = answer(small, RIVAL, "AlphaEdit")
    assert ahead.startswith("MEMIT with history is ahead of AlphaEdit by 25.0 points [")
    cheaper = "perplexity is lower after AlphaEdit than after MEMIT with history, −8.3% [−8.3%, −8.3%]"
    assert answer(small, "AlphaEdit", RIVAL, None) == cheaper
    assert "no difference" in answer(small, "AlphaEdit", RIVAL, None, KINDS[0])
    (tmp_path / "MEMIT-counterfact-0.json").unlink()
    late = Verdict.read("small")
    assert "MEMIT" not in late.streams
    assert answer(late, RIVAL, "MEMIT") == "MEMIT with history or MEMIT has not come to 1,000 edits yet"


def test_the_table_has_a_row_for_every_editor(small):
    table = small.table()
    assert list(table.index) == list(JUDGED)
    assert table["named first"][RIVAL] == 0.75
    assert table["says it"].unique() == [0.5]
    assert table[OUTSIDE]["AlphaEdit"].mean == pytest.approx(0.1)


def test_the_figure_tells_its_numbers(small):
    figure, alt = verdict_figure([small], {"small": [100, 300]})
    left, right = figure.axes
    assert list(left.lines[0].get_xdata()) == [1.5, 5.0]  # edits over the mean rank
    assert f"small, {RIVAL}: 75% named first" in alt
    assert f"{RIVAL}: perplexity Wikipedia +0.0% [+0.0%, +0.0%], program text +20.0% [" in alt
    assert len(right.get_yticklabels()) == len(KINDS) + 1


def test_a_collapse_is_drawn_in_multiples(small):
    for text in small.streams["AlphaEdit"]["checkpoints"][-1]["losses"].values():
        text[:] = [loss + math.log(50) for loss in text]
    figure, alt = verdict_figure([small], {"small": [100, 300]})
    assert figure.axes[1].get_xscale() == "log"
    assert "AlphaEdit: perplexity Wikipedia ×50 [×50, ×50], program text ×55" in alt


def test_searched_anew_both_name_more_and_harm_more():
    """What README says of the committed streams without a number."""
    for name in ("AlphaEdit", RIVAL):
        old, anew = (
            read_stream(name, facts=facts, until=EDITS) for facts in ("counterfact", "counterfact-live")
        )
        assert difference(scores(anew, EDITS), scores(old, EDITS)).low > 0
        ends = [checkpoint(stream, EDITS)["losses"] for stream in (old, anew)]
        assert all(change.low > 0 for kind, change in harm(*ends).items() if kind != "chat")


@pytest.mark.parametrize(("again", "until", "judged"), [(0, EDITS, 500), (1, 600, 300)])
def test_searched_anew_the_harm_is_ours_against_the_rivals(again, until, judged):
    edits, gap, dearer = results.searched_anew(again=again)
    folder = MODELS["SmolLM2-135M"] / ("order-1" if again else "")
    ours_stream, rival_stream = (
        read_stream(name, facts="counterfact-live", folder=folder) for name in ("AlphaEdit", RIVAL)
    )
    ours, rival = checkpoint(ours_stream, edits), checkpoint(rival_stream, edits)
    assert (edits, gap.n) == (until, judged)
    ahead = scores(ours_stream, edits) - scores(rival_stream, edits)  # of facts that only one judged, NaN
    assert gap.mean == pytest.approx(ahead.mean())
    apart = [a - b for a, b in zip(ours["losses"]["speeches"], rival["losses"]["speeches"], strict=True)]
    assert math.log1p(dearer["speeches"].mean) == pytest.approx(sum(apart) / len(apart))
