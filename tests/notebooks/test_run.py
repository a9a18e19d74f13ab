"""Every committed notebook runs from its first cell to its last, and gives the numbers that it quotes.

The lessons do so each time, the laboratories when asked for, since they take longer: `make labs`. All are
opened each time up to the first cell that needs the model: test_colab.py.
"""

import nbformat
import pytest

from tools.agreement import agree
from tools.build_notebooks import ROOT, execute, place, sources

PATHS = [place(source) for source in sources()]  # solutions: test_exercises.py runs each of them

NAMES = [p.relative_to(ROOT / "notebooks").with_suffix("").as_posix() for p in PATHS]


def run(notebook):
    """Run a notebook anew; say which of its numbers are no longer those in the text."""
    committed = notebook.metadata["alphaedit"]["numbers"]
    _, found = execute(notebook, ROOT, list(committed))
    pairs = {name: (then, found[name]) for name, then in committed.items()}
    return [
        f"{n}: {then!r} in the text, {now!r} now" for n, (then, now) in pairs.items() if not agree(now, then)
    ]


def case(path):
    """A class for each notebook: ``--dist loadscope`` keeps a module together, but not its classes."""

    class TestRun:
        def test_runs_and_gives_its_numbers(self):
            assert run(nbformat.read(path, as_version=4)) == []

    return pytest.mark.model(TestRun)


for name, path in zip(NAMES, PATHS, strict=True):
    lesson = case(path)
    lab = name.startswith("lab/")
    globals()[f"Test_{name.replace('/', '_')}"] = pytest.mark.laboratory(lesson) if lab else lesson


def test_a_wrong_number_and_a_failing_cell_are_noticed():
    cells = [nbformat.v4.new_code_cell("share = 1 / 3")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["alphaedit"] = {"numbers": {"share:.0%": "33%"}}
    assert run(notebook) == []
    notebook.metadata["alphaedit"] = {"numbers": {"share:.0%": "63%"}}
    assert run(notebook) == ["share:.0%: '63%' in the text, '33%' now"]
    cells.append(nbformat.v4.new_code_cell("1 / 0"))
    with pytest.raises(Exception, match="ZeroDivisionError"):
        run(notebook)
