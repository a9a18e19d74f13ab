"""The table of editors: committed results are recognised by it, and one more entry is one more editor."""

import json

import pytest

from alphaedit_lite.book.ch10.study import grid
from alphaedit_lite.book.ch13.experiments import AFTER, INSIDE, Pairs
from alphaedit_lite.book.kit import studies
from alphaedit_lite.book.kit.editors import APART, EDITORS, VARIANTS, Recipe, recipe
from alphaedit_lite.book.kit.fronts import WITH_P
from alphaedit_lite.book.kit.probes import COLUMNS
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.book.kit.stream_figures import style_of
from alphaedit_lite.book.kit.streams import FOLDER
from alphaedit_lite.config import EditorConfig
from alphaedit_lite.finetune import FineTuneConfig


def test_committed_streams_were_made_with_these_settings():
    paths = list(FOLDER.rglob("*.json"))
    assert len(paths) > 10
    for path in paths:
        saved = json.loads(path.read_text(encoding="utf-8"))
        name, settings, batch = saved["editor"], saved["settings"], saved["batch"]
        assert json.loads(json.dumps(recipe(name).settings)) == settings, path.name
        assert (recipe(name).batch or studies.BATCH) == batch, path.name
        assert (path.parent.name == "knobs") == (name in VARIANTS), path.name
        assert (path.parent.name == "apart") == (name in APART), path.name


def plain(settings):
    """Settings as they take effect: fine-tuning's with its defaults, and nothing where it says no."""
    rest = {k: v for k, v in settings.items() if k not in ("project", "finetune") or v}
    if tuned := rest.pop("finetune", None):
        tuned = FineTuneConfig(**{k: tuple(v) if isinstance(v, list) else v for k, v in tuned.items()})
    return tuned, rest


def test_committed_rows_are_the_rows_of_the_sweep():
    rows = {
        tuple(row[k] for k in ("editor", "knob", "projected")): row for row in result("fronts.json")["rows"]
    }
    planned = {row[:3]: row.settings for row in grid()}
    assert set(rows) <= set(planned)
    saved = {name: row["settings"] for name, row in rows.items()}
    for name, settings in saved.items():
        assert plain(planned[name]) == plain(settings), name


def test_knobs_are_called_by_the_values_that_they_have():
    for made in EDITORS.values():
        settings = made.settings
        if made.prune:
            wanted = f"base {made.prune:.1f}"
        elif "finetune" in settings:
            wanted = f"rate {settings['finetune'].get('lr', FineTuneConfig.lr):g}"
        elif "keep" in settings:
            wanted = f"keeps {settings['keep']}"
        elif settings.get("solver") in ("rome", "emmet"):
            wanted = ""
        elif settings.get("solver") in ("memit", "encore"):
            wanted = f"c = {settings.get('weight', EditorConfig.weight):g}"
        else:
            wanted = f"λ = {settings.get('lam', EditorConfig.lam):g}"
        assert made.knob == wanted, made.name


def test_no_two_editors_look_alike():
    looks = [json.dumps(style_of(name)) for name in EDITORS]
    assert len(set(looks)) == len(EDITORS)


def test_an_editor_is_added_by_one_entry(monkeypatch):
    look = 1 + max(made.look for made in EDITORS.values())
    mine = Recipe("mine", {"solver": "ridge", "lam": 3.0}, "λ = 3", look, streamed=False)
    monkeypatch.setitem(EDITORS, "mine", mine)
    rows = [row for row in grid() if row.editor == "mine"]
    assert [row.projected for row in rows] == ["without P", AFTER, INSIDE]
    assert [row.settings["project"] for row in rows] == list(WITH_P.values())
    assert style_of("mine") not in [style_of(name) for name in EDITORS if name != "mine"]
    assert recipe("mine").row == ("mine", "λ = 3")
    scores = {name: [1.0, 0.0] for name in COLUMNS}
    some = [
        {**row._asdict(), "scores": scores, "perplexity": 11.0, "update": 0.1, "seconds": 1.0} for row in rows
    ]
    pairs = Pairs({"rows": some, "unedited": {"perplexity": 10.0, "scores": scores}})
    assert (pairs.names, pairs.with_P) == (["mine"], [("mine", AFTER), ("mine", INSIDE)])
    assert pairs.left_over("mine", AFTER) is None  # no rows of its rivals here


def test_an_unknown_editor_is_answered_with_those_that_there_are():
    with pytest.raises(KeyError, match=r"no editor 'MEMT'; there are: FT, .*MEMIT with history in P"):
        recipe("MEMT")
