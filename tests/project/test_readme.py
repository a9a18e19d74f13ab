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
    rows = ends(1000).table
    ours, rival = rows.loc[("AlphaEdit", "λ = 0.8")], rows.loc[("MEMIT with history", "c = 1000")]
    said = f"{ours.efficacy_top1:.1%} of the new objects first and perplexity is up by {ours.rise:.1%}; MEMIT"
    text, whole = README.replace("\n", " "), PAGE.replace("\n", " ")
    assert f"{said} with history has {rival.efficacy_top1:.1%} and {rival.rise:.1%}." in text
    assert f"{said} with history has {rival.efficacy_top1:.1%} and {rival.rise:.1%}." in whole
    later = ends(2000).table
    ours, rival = later.loc[("AlphaEdit", "λ = 0.8")], later.loc[("MEMIT with history", "c = 1000")]
    said = (
        f"{ours.efficacy_top1:.1%} and {ours.rise:.1%} against {rival.efficacy_top1:.1%} and {rival.rise:.1%}"
    )
    assert f"After 2,000 it is {said}." in text
    assert f"After 2,000 it is {said}." in whole
