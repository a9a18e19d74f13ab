"""Build the notebooks from their sources: `python tools/build_notebooks.py [NN_name …]`.

notebooks/source/NN_name.py (jupytext percent format) becomes two executed notebooks:
notebooks/NN_name.ipynb, the student edition, in which every exercise is a stub, and
notebooks/solutions/NN_name.ipynb, in which it is solved. Only what changed is built again, and where only
prose has changed the outputs are kept. A chapter that is named is run in any case.

What the sources may hold beside ordinary cells (CONTRIBUTING.md, "How to add a chapter"):

* ``# %% tags=["setup"]``            a cell whose text is put in here, the same in every chapter;
* ``# %% exercise="07.1"``           an exercise: a solution between markers, then chapter.check("07.1", …);
* ``# BEGIN SOLUTION … # END SOLUTION``, and inside ``# STUB code`` for what a student finds instead;
* ``[[=expression:format]]``         in prose: a number out of the running chapter;
* ``[[seconds]]``                    in prose: how long the chapter took to run when it was built;
* ``[[colab]]``                      in prose: the link that opens this chapter on Colab;
* ``# %% [markdown] tags=["instructor"]``  notes that only the classroom's instructor set shows.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

import alphaedit_lite
from alphaedit_lite.book.kit.exercises import load
from alphaedit_lite.book.kit.results import RESULTS
from alphaedit_lite.support.assets import replacing

ROOT = Path(__file__).parents[1]
REPOSITORY = re.search(r'^Repository = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M).group(1)
NUMBER = re.compile(r"\[\[=(.+?)\]\]")
SETUP = f"""\
# Setup, the same in every chapter: installs the package where it is missing.
import importlib.util

if importlib.util.find_spec("alphaedit_lite") is None:
    address = "{REPOSITORY}"
    %pip install -q "alphaedit-lite @ git+$address@v{alphaedit_lite.__version__}"

from alphaedit_lite.book import setup

setup()"""
NUMBERS_TEXT = """\
## The numbers of this chapter

The numbers in the text above are not typed by hand: they are filled in from this cell. A test runs it again
and compares."""


class SourceError(ValueError):
    """A chapter's source breaks a rule; the message begins with file:line."""


def check_source(path: Path) -> list[str]:
    """Check the rules above; return the ids of the exercises. Raises SourceError."""

    def fail(line: int, reason: str) -> None:
        raise SourceError(f"{path.name}:{line}: {reason}")

    lines = [*path.read_text(encoding="utf-8").splitlines(), "# %%"]
    ids: list[str] = []
    exercise, opened, solved, checked, begun = "", 0, False, False, 0
    for number, line in enumerate(lines, 1):
        if line.startswith("# %%"):
            if opened:
                fail(opened, "BEGIN SOLUTION has no END SOLUTION in its cell.")
            if exercise and not (solved and checked):
                what = f'chapter.check("{exercise}", …)' if solved else "BEGIN SOLUTION"
                fail(begun, f"exercise {exercise} has no {what}.")
            found = re.search(r'exercise="([^"]*)"', line)
            exercise, solved, checked, begun = found.group(1) if found else "", False, False, number
            if exercise in ids:
                fail(number, f"exercise {exercise} stands here for the second time.")
            if exercise and exercise not in load(exercise[:2]):
                fail(number, f"exercise {exercise} has no check in alphaedit_lite.book.kit.exercises.")
            ids += [exercise] if exercise else []
        elif "# BEGIN SOLUTION" in line:
            if opened or not exercise:
                fail(
                    number, "BEGIN SOLUTION inside another." if opened else "a solution in no exercise cell."
                )
            opened, solved = number, True
        elif "# END SOLUTION" in line:
            if not opened:
                fail(number, "END SOLUTION without BEGIN SOLUTION.")
            opened = 0
        elif exercise and f'chapter.check("{exercise}"' in line:
            checked = True
        for name in re.findall(r"""result\(["']([^"']+)["']\)""", line):
            if not (RESULTS / name).exists():
                fail(number, f"there is no results/{name}.")
    return ids


def edition(code: str, solved: bool) -> str:
    """The code of an exercise cell as a student or a reader of the solutions finds it."""
    out: list[str] = []
    inside, stub = False, False
    for line in code.splitlines():
        bare, indent = line.strip(), line[: len(line) - len(line.lstrip())]
        if bare == "# BEGIN SOLUTION":
            inside, stub = True, False
        elif bare == "# END SOLUTION":
            inside = False
            if not solved and not stub:
                out.append(f"{indent}...  # your code here")
        elif inside and bare.startswith("# STUB"):
            stub = True
            if not solved:
                out.append(indent + bare.removeprefix("# STUB").removeprefix(" "))
        elif not inside or solved:
            out.append(line)
    return "\n".join(out)


def quoted(notebook: NotebookNode) -> list[str]:
    """The expressions whose values the prose quotes, in order."""
    prose = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return [expression for text in prose for expression in NUMBER.findall(text)]


def without_outputs(path: Path, solved: bool = False, instructor: bool = False) -> NotebookNode:
    """One edition of a chapter, unexecuted; cell ids stay the same from build to build."""
    check_source(path)
    notebook = jupytext.read(path)
    badge = "[▶ Open this chapter on Colab]"  # in words: a picture of a badge would need a network
    address = REPOSITORY.replace("https://github.com", "https://colab.research.google.com/github")
    kept = [c for c in notebook.cells if instructor or "instructor" not in c.metadata.get("tags", [])]
    for cell in kept:
        if "setup" in cell.metadata.get("tags", []):
            cell.source = SETUP
        if "exercise" in cell.metadata:
            cell.source = edition(cell.source, solved)
        cell.source = cell.source.replace(
            "[[colab]]", f"{badge}({address}/blob/v{alphaedit_lite.__version__}/notebooks/{path.stem}.ipynb)"
        )
        cell.metadata.pop("lines_to_next_cell", None)
    notebook.cells = kept
    if numbers := quoted(notebook):
        listed = "".join(f'    f"{{{expression}}}",\n' for expression in numbers)
        opening = f'from alphaedit_lite.book.kit.numbers import quote\n\nquote(\n    "{path.stem}",\n'
        cell = nbformat.v4.new_code_cell(f"{opening}{listed})")
        cell.metadata.tags = ["numbers"]
        notebook.cells += [nbformat.v4.new_markdown_cell(NUMBERS_TEXT), cell]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{path.stem[:2]}-{number:03d}"
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def execute(notebook: NotebookNode, folder: Path) -> float:
    """Run all cells in ``folder``; return the seconds that it took."""
    start = time.perf_counter()
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(folder)}}).execute()
    notebook.metadata.pop("widgets", None)  # a front end draws them anew
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = joined([tidy(output) for output in cell.outputs if not passing(output)])
    return time.perf_counter() - start


def kept(notebook: NotebookNode, target: Path) -> float | None:
    """If only prose has changed since ``target`` was built, take its outputs over, and return its seconds."""
    if not target.exists():
        return None
    old = nbformat.read(target, as_version=4)
    ran = [cell for cell in old.cells if cell.cell_type == "code"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.source for cell in ran] != [cell.source for cell in code]:
        return None
    for cell, before in zip(code, ran, strict=True):
        cell.outputs = before.outputs
    return float(old.metadata["alphaedit"]["seconds"])


def fill(notebook: NotebookNode, seconds: float) -> None:
    """Put the quoted numbers, and the time that it took, into the prose."""
    printed = "".join(o.text for o in notebook.cells[-1].get("outputs", []) if o.get("name") == "stdout")
    values = iter(printed.splitlines() if quoted(notebook) else [])
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = NUMBER.sub(lambda _: next(values), cell.source)
            cell.source = cell.source.replace("[[seconds]]", stated(seconds))


def stated(seconds: float) -> str:
    """How prose states a time, rounded."""
    step = 5 if seconds < 60 else 10
    return f"{max(step, step * round(seconds / step))} seconds"


def source_hash(path: Path) -> str:
    """Of the chapter's source and of the setup cell that is put into it."""
    return hashlib.sha256(path.read_bytes() + SETUP.encode()).hexdigest()[:16]


def build(path: Path, solved: bool, anew: bool = False) -> None:
    """Write one edition. Code is run only if it has changed, or ``anew``."""
    notebook = without_outputs(path, solved)
    target = path.parents[1] / ("solutions" if solved else "") / f"{path.stem}.ipynb"
    seconds = None if anew else kept(notebook, target)
    if seconds is None:
        if not solved:
            os.environ["ALPHAEDIT_FIGURES"] = str(path.parents[2] / "figures")  # plots.show saves SVG there
        seconds = execute(notebook, ROOT)
        os.environ.pop("ALPHAEDIT_FIGURES", None)
    fill(notebook, round(seconds))  # as the stamp says it
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    for number, cell in enumerate(code, 1):  # the same in every build, and nbval wants one
        cell.execution_count = number
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    notebook.metadata["alphaedit"] = {
        "source": source_hash(path),
        "version": alphaedit_lite.__version__,
        "model": "SmolLM2-135M-Instruct, GGUF Q4_1",
        "seconds": round(seconds),
    }
    text = nbformat.writes(notebook)
    for private in (str(ROOT), str(Path.home()) + "/"):
        if private in text:
            place = text[max(0, text.index(private) - 200) : text.index(private) + 100]
            raise SourceError(f"{path.name}:1: an output holds an absolute path: …{place}…")
    target.parent.mkdir(exist_ok=True)
    with replacing(target) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
    print(f"{'solutions/' * solved}{target.name}: {seconds:.0f} s, {len(text) / 1e3:.0f} kB", flush=True)


def passing(output: NotebookNode) -> bool:
    """Warnings and progress bars, which nobody needs to read afterwards."""
    bar = "application/vnd.jupyter.widget-view+json" in output.get("data", {})
    return output.get("name") == "stderr" or (bar and "%|" in output.data.get("text/plain", ""))


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Printed lines that a progress bar has cut apart, as one output again."""
    whole: list[NotebookNode] = []
    for output in outputs:
        if whole and output.get("name") == "stdout" == whole[-1].get("name"):
            whole[-1].text += output.text
        else:
            whole.append(output)
    return whole


def tidy(output: NotebookNode) -> NotebookNode:
    view = "application/vnd.jupyter.widget-view+json"
    if "data" in output and view in output.data:
        static = {kind: text for kind, text in output.data.items() if kind == "text/html"}
        output.data = static or {"text/plain": "[a widget: run this cell to use it]"}
    return output


if __name__ == "__main__":
    try:
        for path in sorted((ROOT / "notebooks" / "source").glob("[0-9A-Z]*.py")):
            exercises = check_source(path)
            for solved in (False, True) if exercises else (False,):
                built = path.parents[1] / ("solutions" if solved else "") / f"{path.stem}.ipynb"
                stamp = (
                    json.loads(built.read_text())["metadata"].get("alphaedit", {}) if built.exists() else {}
                )
                if path.stem in sys.argv[1:] or (
                    not sys.argv[1:] and stamp.get("source") != source_hash(path)
                ):
                    build(path, solved, anew=path.stem in sys.argv[1:])
    except SourceError as error:
        sys.exit(str(error))
