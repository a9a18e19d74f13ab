"""Chapters are fresh, clean, and run; the widget works without a front end."""

import html
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from alphaedit_lite import AlphaEdit
from alphaedit_lite.book.demo import LOWER_ASSAM
from alphaedit_lite.book.widgets import EditWidget
from tools.build_notebooks import source_hash, without_outputs

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "notebooks" / "source").glob("*.py"))


def built(source):
    return nbformat.read(source.parents[1] / f"{source.stem}.ipynb", as_version=4)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_notebook_is_the_source_executed(source):
    notebook = built(source)
    assert notebook.metadata["alphaedit"]["source"] == source_hash(source), (
        f"run: make notebooks ({source.stem})"
    )
    for cell, wanted in zip(notebook.cells, without_outputs(source).cells, strict=True):
        assert (cell.id, cell.source) == (wanted.id, wanted.source), "edited by hand: edit the source instead"
    assert "widgets" not in notebook.metadata
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) < len(notebook.cells) / 2 + 1, "more prose than code"
    assert all(len(cell.source.splitlines()) <= 25 for cell in code)
    assert any(cell.outputs for cell in code)
    for output in (output for cell in code for output in cell.outputs):
        assert output.output_type != "error"
        if "image/png" in output.get("data", {}):
            alt = re.search(r'<img alt="([^"]+)"', output.data["text/html"])
            assert len(html.unescape(alt.group(1))) > 40
            assert len(output.data["image/png"]) * 3 / 4 < 60_000


@pytest.mark.model
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_notebook_runs_and_says_the_same(source, tmp_path):
    """Run all, and compare the lines that prose relies on: printed text without digits."""
    notebook = without_outputs(source)
    (tmp_path / "figures").mkdir()
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()

    def printed(cells):
        texts = ["".join(o.text for o in c.get("outputs", []) if o.get("name") == "stdout") for c in cells]
        return [re.sub(r"[\d.]+", "#", text) for text in texts]

    assert printed(notebook.cells)[3:] == printed(built(source).cells)[3:]


@pytest.fixture
def widget(smollm):
    return EditWidget(smollm, AlphaEdit(smollm, progress=False))


@pytest.mark.model
def test_widget_edits_undoes_and_explains(widget):
    widget.edit_button.click()
    assert "Romania" in widget.message.value
    assert set(widget.states) == {"before", "after"}
    assert not widget.undo_button.disabled
    drawn = json.dumps(widget.output.outputs)
    assert "image/png" in drawn
    assert "India" in drawn
    widget.undo_button.click()
    assert "India" in widget.message.value
    assert widget.states["after undo"].equals(widget.states["before"])
    assert widget.undo_button.disabled
    widget.subject.value = " "
    widget.edit_button.click()
    assert "That did not work" in widget.message.value
    assert "is empty" in widget.message.value
    assert not widget.lm.ledger.edits
    assert not widget.edit_button.disabled


@pytest.mark.model
def test_widget_borrows_prompts_of_the_relation(widget):
    known = next(f for f in widget.known if f.template != LOWER_ASSAM.template)
    widget.subject.value, widget.template.value, widget.new.value = "Atlantis", known.template, known.new
    fact = widget._fact()
    assert fact.subject == "Atlantis"
    assert fact.paraphrases
    assert all("Atlantis" in text for text in fact.paraphrases)
    assert fact.neighbours
    widget.template.value = "{} tastes of"
    assert not widget._fact().neighbours
