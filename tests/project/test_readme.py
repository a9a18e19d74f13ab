"""Every figure of README and of docs/results.md is the one in its results file."""

import json
import re
from pathlib import Path

import pytest

from alphaedit_lite.book.ch10.results import ends
from alphaedit_lite.book.kit.results import RESULTS
from tests.benchmarks import readme
from tests.benchmarks.readme import filled, page

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


def result(name):
    return json.loads((RESULTS / name).read_text(encoding="utf-8"))


@pytest.mark.model
def test_the_example_does_what_it_says(smollm, tmp_path, monkeypatch, capsys):
    """It runs as it stands; the report is the one shown, answer and file size are those of its comments."""
    (example,) = re.findall(r"```python\n(.*?)```", README, re.S)
    (shown,) = re.findall(r"```text\n(.*?)```", README, re.S)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("alphaedit_lite.load_model", lambda: smollm)
    said = []
    complete = smollm.complete
    monkeypatch.setattr(smollm, "complete", lambda prompt: said.append(complete(prompt)))
    exec(example, {})
    assert capsys.readouterr().out == shown
    (answer,) = re.findall(r"# '(.*), …'", example)
    assert said[0].startswith(f"{answer},")
    (size,) = re.findall(r"# (\d+) kB", example)
    assert (tmp_path / "romania.safetensors").stat().st_size == pytest.approx(1000 * int(size), rel=0.1)
    assert not smollm.ledger.edits


def test_the_figures_are_as_measured():
    assert filled(README) == README, "run: python -m tests.benchmarks.readme"
    assert page(PAGE) == PAGE, "run: python -m tests.benchmarks.readme"


def test_the_figures_follow_their_results(monkeypatch):
    """Other results are other words in README; a mark that was lost is missed."""
    slow = result("start.json") | {"seconds_of_the_edit": 99.0}
    other = result("quality.json")
    other["rows"]["CounterFact, defaults"]["scores"]["efficacy"] = [0.125] * other["facts"]
    changed = {"start.json": slow, "quality.json": other}
    monkeypatch.setattr(readme, "result", lambda name: changed.get(name) or result(name))
    assert "; 99 s; " in filled(README)
    assert "| 0.125 |" in filled(README)
    with pytest.raises(ValueError, match="once: 1, 0"):
        filled(README.replace("<!-- until here: speed -->", ""))
    with pytest.raises(ValueError, match="once: 1, 0"):
        page(PAGE.replace(readme.END, ""))


def test_where_it_loses():
    """The streams' own table says what README and the page say, also where AlphaEdit is behind."""
    rows = ends(1000).table
    for name, knob in (("AlphaEdit", "λ = 0.8"), ("MEMIT with history", "c = 1000")):
        share = rows.loc[(name, knob)].efficacy_top1
        for text in (README, PAGE):
            assert f"| {name} | {share:.1%} | +" in text
    assert rows.efficacy_top1["AlphaEdit", "λ = 0.8"] < rows.efficacy_top1["MEMIT with history", "c = 1000"]
    assert "AlphaEdit is behind MEMIT with history by" in README
