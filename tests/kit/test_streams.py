"""Streams and sweeps read back: paired by fact, honest about what is missing. With hand-made data."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from alphaedit_lite.book.ch10 import results as stream_ends
from alphaedit_lite.book.ch10.results import table_beside
from alphaedit_lite.book.ch10.study import grid
from alphaedit_lite.book.kit import streams
from alphaedit_lite.book.kit.fronts import ABLATION, Fronts, nondominated
from alphaedit_lite.book.kit.intervals import difference, interval, signed
from tests.helpers import checkpoint, cohort, row, stream


@pytest.fixture
def folder(tmp_path):
    for name in ("AlphaEdit", "MEMIT with history"):
        path = tmp_path / f"{name.replace(' ', '-')}-counterfact-0.json"
        path.write_text(json.dumps(stream(name)))
    (tmp_path / "MEMIT-0.json").write_text(json.dumps(stream("MEMIT")))
    (tmp_path / "AlphaEdit-counterfact-live-0.json").write_text(json.dumps(stream("AlphaEdit")))
    return tmp_path


def test_reading_and_what_is_not_there(folder):
    assert streams.streams_there(folder=folder) == ["AlphaEdit", "MEMIT with history"]
    assert streams.streams_there("", folder=folder) == ["MEMIT"]
    assert list(streams.all_streams(folder=folder, until=100)) == ["AlphaEdit", "MEMIT with history"]
    assert streams.all_streams(folder=folder, until=0) == {}  # nothing but the unedited model
    found = streams.read_stream("MEMIT with history", folder=folder, until=200)
    assert (found["editor"], streams.last(found)) == ("MEMIT with history", 200)
    with pytest.raises(
        FileNotFoundError, match=r"no results/stream/ROME-counterfact-0.json; there are: Alpha"
    ):
        streams.read_stream("ROME", folder=folder)
    with pytest.raises(KeyError, match="no checkpoint after 300 edits; it has some after 0, 100, 200"):
        streams.checkpoint(found, 300)


def test_the_course_of_a_stream():
    table = streams.course(stream())
    assert list(table.index) == [0, 100, 200, 300]
    assert table.rise.tolist() == pytest.approx([0.0, 0.05, 0.1, 0.2])
    assert table["update"].tolist() == pytest.approx([0.0, 0.2, 0.4, 0.6])  # the mean over the layers
    assert table.pairs.tolist() == pytest.approx([0.5] * 4)
    assert table["last words"].tolist() == pytest.approx([0.5] * 4)
    broken = {**stream(), "checkpoints": [checkpoint(0, []), checkpoint(100, [], None)]}
    assert streams.course(broken).perplexity.iloc[1] == math.inf


def test_questions_are_named_so_that_checkpoints_can_be_paired():
    found = checkpoint(0, [])
    assert list(streams.right(found).index) == ["a 0", "a 1", "a 2", "a 3", "b 0", "b 1"]
    assert streams.right(found).tolist()[:4] == [1.0, 1.0, 0.0, 0.0]
    assert streams.right(found, "last words").tolist() == [1.0, 0.0]


def test_facts_are_named_by_their_place_however_many_were_judged():
    made = stream()
    assert list(streams.scores(made, 100).index[:3]) == [0, 4, 8]
    assert list(streams.scores(made, 200, first=100).index[:3]) == [100, 104, 108]
    assert list(streams.scores(made, 300, first=0).index[:3]) == [0, 1, 2]
    assert math.isnan(streams.scores(made, 300)[299])
    half = {"editor": "x", "checkpoints": [checkpoint(150, [cohort(0, [1.0] * 25), cohort(100, [1.0] * 25)])]}
    assert list(streams.scores(half, 150, first=100).index[:3]) == [100, 102, 104]  # 25 of 50


def test_how_a_cohort_fades():
    faded = streams.fading(stream(), until=200)
    assert (faded.mean, faded.n) == (pytest.approx(-0.2), 25)
    assert streams.fading(stream()).n == 25  # of the hundred judged at the end, those judged at first, too
    assert faded.sure
    assert not streams.fading(stream(slope=0.0), until=200).sure


def test_a_line_over_the_age_of_the_facts():
    values = pd.Series([0.0] * 50 + [1.0] * 50)
    change = streams.by_age(values)
    assert change.sure
    assert change.mean == pytest.approx(np.polyfit(np.arange(100) / 99, values, 1)[0])
    assert change.low < change.mean < change.high
    assert streams.by_age(values.tolist()) == change
    every_fourth = pd.Series([*values[:-1], math.nan], index=range(0, 400, 4))
    assert streams.by_age(every_fourth).n == 99
    assert not streams.by_age([0.0, 1.0] * 50).sure


def test_the_matrix_of_cohorts_has_each_one_fresh_on_its_diagonal():
    table = streams.matrix(stream())
    assert list(table.columns) == [100, 200, 300]
    assert list(table.index) == [0, 100, 200]
    assert np.isnan(table.loc[100, 100])
    assert np.diag(table)[:2] == pytest.approx([0.8, 0.8])
    assert table.loc[0].tolist() == pytest.approx(
        [0.8, 0.6, streams.scores(stream(), 300, first=0)[::4].mean()]
    )
    sparse = stream()
    del sparse["checkpoints"][2]  # after 100 and 300 edits only
    table = streams.matrix(sparse)
    assert list(table.columns) == [100, 300]
    assert list(table.index) == [0, 100]  # what was written between the two: two hundreds
    assert table.loc[100, 300] == pytest.approx(100 / 199)


def test_paired_intervals_are_narrower_and_drop_what_is_missing():
    rng = np.random.default_rng(0)
    easy = rng.random(200)
    a, b = (easy < 0.6).astype(float), (easy < 0.5).astype(float)  # the same facts are hard for both
    paired = difference(a, b)
    apart = math.hypot(interval(a).high - a.mean(), interval(b).high - b.mean())
    assert paired.low < paired.mean < paired.high
    assert paired.high - paired.mean < 0.7 * apart
    assert difference(pd.Series({1: 1.0, 2: 0.0, 3: math.nan}), pd.Series({2: 1.0, 3: 1.0})) == (
        -1,
        -1,
        -1,
        1,
    )
    assert math.isnan(interval([math.nan]).mean)
    for bad, message in ((([1.0], [1.0, 2.0]), "same facts"), (([math.nan], [1.0]), "nothing to compare")):
        with pytest.raises(ValueError, match=message):
            difference(*bad)


def test_points_are_signed():
    assert [signed(x) for x in (0.0321, -0.1, -0.0001)] == ["+3.2", "−10.0", "0.0"]
    assert str(streams.Change(0.02, -0.01, 0.05, 9)) == "+2.0 [−1.0, +5.0]"


def test_a_change_in_words():
    change = streams.Change(-0.052, -0.08, -0.02, 9)
    assert streams.told(change, "A", "B") == "A is behind B by 5.2 points [2.0, 8.0]"
    assert "A is ahead of B by 5.2" in streams.told(streams.Change(0.052, 0.02, 0.08, 9), "A", "B")
    level = streams.told(streams.Change(0.02, -0.01, 0.05, 9), "A", "B")
    assert level == "A and B are level within the noise (+2.0 [−1.0, +5.0] points)"


def test_two_streams_in_words():
    both = {"AlphaEdit": stream(), "MEMIT": stream("MEMIT", slope=0.6)}
    assert streams.versus(both, "AlphaEdit", "MEMIT").startswith("AlphaEdit is ahead of MEMIT by 13.4 points")
    told = streams.story(both, "AlphaEdit", ("MEMIT",))
    assert told.startswith("after 300 edits, on the facts, AlphaEdit is ahead of MEMIT by 13.4")


# -- the sweep ------------------------------------------------------------------------------------------


@pytest.fixture
def fronts():
    rows = [
        row("AlphaEdit", "λ = 0.8", 12, 11.0, "solved inside"),
        row("AlphaEdit", "λ = 0.2", 16, 12.0, "solved inside"),
        row("AlphaEdit", "λ = 0.8, P leaks 10%", 4, 15.0, "solved inside"),
        row("ridge", "λ = 0.8", 10, 11.5),
        row("ridge", "λ = 0.2", 14, 13.0),
        row("MEMIT", "c = 1000", 11, 12.5),
        row("MEMIT", "c = 1000", 19, 10.5, "solved inside"),  # chapter 13's, not an editor of its own here
        row("FT", "rate 0.1", 20, None),
    ]
    return Fronts({"unedited": row("", "", 0, 10.0), "rows": rows})


def test_rows_are_compared_fact_by_fact(fronts):
    assert fronts.n == 20
    change = fronts.contrast(("AlphaEdit", "λ = 0.8"), ("ridge", "λ = 0.8"))
    assert (change.mean, change.n) == (pytest.approx(0.1), 20)
    assert fronts.row(("MEMIT", "c = 1000"))["projected"] == "without P"
    with pytest.raises(KeyError, match=r"ridge has: λ = 0.8; λ = 0.2"):
        fronts.row(("ridge", "λ = 3"))


def test_what_the_history_is_worth_with_and_without_p(fronts):
    more = [row("AlphaEdit without history", "λ = 0.8", 11, 11.0, "solved inside")]
    more.append(row("ridge with history", "λ = 0.8", 15, 11.0))
    both = Fronts({"unedited": row("", "", 0, 10.0), "rows": [*fronts.rows.values(), *more]})
    assert both.interaction().mean == pytest.approx((15 - 10) / 20 - (12 - 11) / 20)
    assert both.contrast(*ABLATION["history, with P"]).mean == pytest.approx(0.05)
    assert both.answer("history, without P").startswith("ridge with history is ahead of ridge by 25.0")
    with pytest.raises(KeyError, match="has no row"):
        both.ablation()  # a row of another question has not been run


def test_what_an_edit_takes_on_disk(fronts):
    kept = fronts.kept(d_model=10, d_ff=20, batch=5, layers=3)
    assert kept["AlphaEdit"] == 4 * 3 * (10 + 20 + 20)
    trained = {**row("FT", "rate 1", 1, 11.0), "settings": {"finetune": {"lr": 1}}}
    dense = {**row("RECT", "keeps 0.4", 1, 11.0), "settings": {"keep": 0.4}}
    kept = Fronts({"unedited": row("", "", 0, 10.0), "rows": [trained, dense]}).kept(10, 20, 5, 3)
    assert kept.to_dict() == {"FT": 4 * 40, "RECT": 4 * 3 * 40}


def test_the_rows_of_the_ablation_are_rows_of_the_sweep():
    names = {row[:2] for row in grid()}
    assert {name for pair in ABLATION.values() for name in pair} <= names


def test_each_editor_at_its_default_and_batch_by_batch(fronts):
    table = fronts.defaults(batch=10)
    assert table.loc["AlphaEdit", ["batch 1", "batch 2"]].tolist() == [1.0, 0.2]
    assert table.loc["ridge", "efficacy_top1"] == 0.5  # its first row
    assert fronts.mean("efficacy") == 0
    names = (("AlphaEdit", "λ = 0.2"), ("ridge", "λ = 0.8"))
    assert "to the last digit" in fronts.same_as(names[0], names[0])
    assert "ahead of ridge by 30.0" in fronts.same_as(*names)
    assert "ahead of ridge by 60.0" in fronts.told_batch(*names, number=1, batch=10)


def test_published_numbers_stand_beside_ours():
    table = table_beside({"AlphaEdit": (1.0, 2.0, 3.0), "ENCORE": (4.0, 5.0, 6.0)})
    assert table.loc["AlphaEdit"].tolist() == [98.9, 94.22, 67.88, 99.5, 93.95, 66.39, 1.0, 2.0, 3.0]
    assert table.loc["ENCORE"].isna().sum() == 6
    assert np.isnan(table.loc["ROME", ("ours", "Eff")])


def test_editors_are_compared_where_they_harm_alike(fronts):
    assert list(fronts.line("AlphaEdit").rise.round(9)) == [0.1, 0.2]  # without the one with another P
    assert fronts.at_rise("AlphaEdit", 0.15).mean() == pytest.approx(0.7)
    assert fronts.at_equal_rise("AlphaEdit", "ridge", 0.15).mean == pytest.approx(0.7 - 0.5)
    rise, change = fronts.compare("AlphaEdit", "ridge")
    assert rise == pytest.approx(math.sqrt(0.15 * 0.2))  # the middle of what both have
    assert change.mean > 0
    said = fronts.told_at_equal_harm("AlphaEdit", "ridge")
    assert said.startswith(f"where perplexity has risen by {rise:.1%}, AlphaEdit is ahead of ridge by")
    assert "cannot be compared yet" in fronts.told_at_equal_harm("ROME", "ridge")
    said = fronts.told_at_equal_harm("AlphaEdit", "MEMIT")  # which has one row only
    assert said.startswith("at their defaults, where perplexity has risen by 10.0% and 25.0%, AlphaEdit and")
    assert "ahead of ridge by 30.0" in fronts.told(("AlphaEdit", "λ = 0.2"), ("ridge", "λ = 0.8"))
    with pytest.raises(ValueError, match="no rise of perplexity in common"):
        fronts.compare("MEMIT", "ridge")
    with pytest.raises(ValueError, match=r"span rises of 10.0% to 20.0%, which leaves out 50.0%"):
        fronts.at_rise("AlphaEdit", 0.5)


def test_nondominated_points():
    points = np.array([[1.0, 0.0], [0.5, 0.5], [0.5, 0.4], [0.0, 1.0], [0.5, 0.5]])
    assert nondominated(points).tolist() == [True, True, False, True, True]  # equal points beat nobody


def test_how_often_a_row_is_on_the_front(fronts):
    often = fronts.on_the_front()
    assert often["AlphaEdit", "λ = 0.8"] == 1.0  # the cheapest of all
    assert often["ridge", "λ = 0.8"] < 0.3  # dearer, and below
    assert often["AlphaEdit", "λ = 0.8, P leaks 10%"] == 0.0
    assert 0 < often["AlphaEdit", "λ = 0.2"] <= 1


# -- where the streams have arrived ---------------------------------------------------------------------


def test_streams_that_have_arrived_are_compared_over_their_knobs(folder):
    """Editors at their defaults and other settings of them; those that have not come so far are left out."""
    (folder / "knobs").mkdir()
    for name, settings, slope, perplexity in (
        ("AlphaEdit lambda 0.3", {"lam": 0.3}, 0.0, 26.0),
        ("MEMIT with history c 400", {"weight": 400.0}, 0.8, 25.0),
        ("MEMIT with history in P", {"project": True}, 0.4, 25.0),
    ):
        made = stream(name, slope) | {"settings": settings}
        made["checkpoints"][-1]["perplexity"] = perplexity
        path = folder / "knobs" / f"{name.replace(' ', '-')}-counterfact-0.json"
        path.write_text(json.dumps(made))
    for path in folder.glob("*-counterfact-0.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"settings": {}}))
    short = stream("ROME") | {"settings": {}}
    short["checkpoints"].pop()
    (folder / "ROME-counterfact-0.json").write_text(json.dumps(short))
    quick = stream("RECT") | {"settings": {}}  # a quarter judged
    quick["checkpoints"][-1]["cohorts"] = [cohort(first, [1.0] * 25) for first in (0, 100, 200)]
    (folder / "RECT-counterfact-0.json").write_text(json.dumps(quick))

    found = stream_ends.ends(300, folder)
    assert set(found.table.index) == {
        ("AlphaEdit", "λ = 0.8"), ("AlphaEdit", "λ = 0.3"), ("MEMIT with history", "c = 1000"),
        ("MEMIT with history", "c = 400"), ("MEMIT with history", "c = 1000, in P"),
    }  # fmt: skip
    assert found.n == 300
    assert found.table.rise[("AlphaEdit", "λ = 0.3")] == pytest.approx(0.3)
    assert found.table.efficacy[("AlphaEdit", "λ = 0.3")] == pytest.approx(
        (80 + 100) / 299
    )  # of those judged
    assert list(found.line("MEMIT with history").index.get_level_values(1)) == ["c = 1000", "c = 400"]
    gap = found.contrast(("AlphaEdit", "λ = 0.3"), ("MEMIT with history", "c = 400"))
    assert gap.mean == pytest.approx(80 / 299, abs=1e-3)  # 80 of the first hundred; one fact has no score
    with pytest.raises(ValueError, match=r"No stream in .* after 700 edits"):
        stream_ends.ends(700, folder)
