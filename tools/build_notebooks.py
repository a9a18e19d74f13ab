"""Build the notebooks from their sources: `python -m tools.build_notebooks [NN_name | lab/NN_name …]`.

notebooks/source/NN_name.py (jupytext percent format) becomes two executed notebooks:
notebooks/NN_name.ipynb, the lesson, in which every exercise is a stub, and
notebooks/solutions/NN_name.ipynb, in which it is solved. notebooks/source/lab/NN_name.py becomes
notebooks/lab/NN_name.ipynb, the laboratory to that lesson. Only what changed is built again, and where only
prose has changed the outputs are kept. A chapter that is named is run in any case.

What the sources may hold beside ordinary cells (CONTRIBUTING.md, "How to add a chapter"):

* ``# %% tags=["setup"]``            a cell whose text is put in here, the same in every chapter;
* ``# %% exercise="07.1"``           an exercise: a solution between markers, then chapter.check("07.1", …);
* ``# BEGIN SOLUTION … # END SOLUTION``, and inside ``# STUB code`` for what a student finds instead;
* ``[[=expression:format]]``         in prose: a number out of the running chapter;
* ``[[seconds]]``                    in prose: how long the chapter took to run when it was built;
* ``[[colab]]``                      in prose: the link that opens this chapter on Colab;
* ``# %% file="padded run"``         a cell that is filled with these pieces of AlphaEdit in one file;
* ``[[file=script]]``                in prose: the same, as a block that is not run;
* ``[[map]]``                        in prose: where this lesson stands in the book (tools/lesson.py);
* ``# %% [markdown] tags=["instructor"]``  notes that only the classroom's instructor set shows.

What the build adds (tools/lesson.py): behind an exercise, our version, closed; and it folds what a reader need
not see (the code of predictions) or not see yet (what would answer them).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

import alphaedit_lite
from alphaedit_lite.book.kit.exercises import load
from alphaedit_lite.book.kit.results import RESULTS
from alphaedit_lite.support.assets import replacing
from tools import lesson

ROOT = Path(__file__).parents[1]
VERSION = alphaedit_lite.__version__
WHEEL = f"alphaedit_lite-{VERSION}-py3-none-any.whl"
NUMBER = re.compile(r"\[\[=(.+?)\]\]")
PIECE = re.compile(r'\[\[file=(\w+)\]\]|^# %% file="([\w ]+)"', re.M)


def repository() -> str:
    """The repository's address, or "" as long as nobody has said it (`make address URL=…`)."""
    said = re.search(r'^Repository = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)
    return "" if "/OWNER/" in said.group(1) else said.group(1)


def setup_cell(address: str) -> str:
    """The setup cell: the package is there, or comes from a wheel beside the notebook, or from the release."""
    release = address and f"{address}/releases/download/v{VERSION}/{WHEEL}"
    published = f" (from {address}/releases)" if address else ""
    return f"""\
# Setup, the same in every chapter: brings the package where it is missing.
import glob
import importlib.util

if importlib.util.find_spec("alphaedit_lite") is None:
    release = "{release}"
    for wheel in sorted(glob.glob("alphaedit_lite-*.whl"))[-1:] or release.split():
        %pip install -q "$wheel"
    importlib.invalidate_caches()
if importlib.util.find_spec("alphaedit_lite") is None:
    raise ImportError(
        "This notebook needs the package alphaedit_lite: put {WHEEL}{published}"
        " beside the notebook and run this cell again. (In the repository, `make wheel` makes it.)"
    )
from alphaedit_lite.book import setup

setup()"""


SOURCES = ROOT / "notebooks" / "source"
WIDGET = (
    "[a widget: run this cell to use it]"  # what stands for one in a notebook; the site puts pictures there
)


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
        for name in " ".join(filter(None, sum(PIECE.findall(line), ()))).split():
            if name not in lesson.pieces():
                fail(
                    number, f"{lesson.ONE_FILE.name} has no piece {name!r}, but {', '.join(lesson.pieces())}."
                )
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


def sources() -> list[Path]:
    """The sources of all lessons and laboratory parts, in the order of the book."""
    found = [*SOURCES.glob("[0-9A-Z]*.py"), *SOURCES.glob("lab/[0-9A-Z]*.py")]
    return sorted(found, key=lambda path: (path.stem, "lab" in path.parts))


def place(path: Path, solved: bool = False) -> Path:
    """Where an edition of a source is written."""
    lab = path.parent.name == "lab"
    return path.parents[1 + lab] / ("lab" if lab else "solutions" if solved else "") / f"{path.stem}.ipynb"


def colab_link(path: Path) -> str:
    """The link that opens a notebook on Colab, in words: a picture of a badge would need a network."""
    if not (address := repository()):
        return "*(This copy of the book has no address yet, so there is no link to Colab. Upload the notebook there.)*"
    colab = address.replace("https://github.com", "https://colab.research.google.com/github")
    name = place(path).relative_to(path.parents[1 + (path.parent.name == "lab")]).as_posix()
    return f"[▶ Open this chapter on Colab]({colab}/blob/v{VERSION}/notebooks/{name})"


def without_outputs(path: Path, solved: bool = False, instructor: bool = False) -> NotebookNode:
    """One edition of a chapter, unexecuted; cell ids stay the same from build to build."""
    check_source(path)
    notebook = jupytext.read(path)
    setup, badge = setup_cell(repository()), colab_link(path)
    lab, ours = path.parent.name == "lab", dict[str, str]()
    kept = [c for c in notebook.cells if instructor or "instructor" not in c.metadata.get("tags", [])]
    for cell in kept:
        if "setup" in cell.metadata.get("tags", []):
            cell.source = setup
        if "exercise" in cell.metadata:
            ours[cell.metadata["exercise"]] = edition(cell.source, solved=True)
            cell.source = edition(cell.source, solved)
        if "file" in cell.metadata:
            cell.source = lesson.piece(cell.metadata["file"])
        cell.source = cell.source.replace("[[colab]]", badge)
        cell.source = cell.source.replace("[[map]]", lesson.where(path.stem[:2]))
        cell.source = PIECE.sub(lambda found: f"```python\n{lesson.piece(found[1])}\n```", cell.source)
        cell.metadata.pop("lines_to_next_cell", None)
    notebook.cells = kept if solved else lesson.with_our_versions(kept, ours)
    lesson.fold(notebook.cells)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{'lab-' * lab}{path.stem[:2]}-{number:03d}"
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def execute(notebook: NotebookNode, folder: Path, expressions: Sequence[str]) -> tuple[float, dict[str, str]]:
    """Run all cells in ``folder``; return the seconds that it took, and the values of the expressions."""
    start = time.perf_counter()
    listed = "".join(f'f"{{{expression}}}",' for expression in expressions)
    notebook.cells.append(nbformat.v4.new_code_cell(f"import json; print(json.dumps([{listed}]))"))
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(folder)}}).execute()
    (printed,) = (o.text for o in notebook.cells.pop().outputs if o.get("name") == "stdout")
    notebook.metadata.pop("widgets", None)  # a front end draws them anew
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = joined([tidy(output) for output in cell.outputs if not passing(output)])
    return time.perf_counter() - start, dict(zip(expressions, json.loads(printed), strict=True))


def kept(notebook: NotebookNode, target: Path) -> tuple[float, dict[str, str]] | None:
    """If only prose has changed since ``target`` was built, take its outputs over; else return None.

    Returns:
        its seconds and its numbers.
    """
    if not target.exists():
        return None
    old = nbformat.read(target, as_version=4)
    ran = [cell for cell in old.cells if cell.cell_type == "code"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    stamp = old.metadata["alphaedit"]
    known = set(quoted(notebook)) <= set(stamp.get("numbers", ()))
    if not known or [ordinary(cell) for cell in ran] != [ordinary(cell) for cell in code]:
        return None
    for cell, before in zip(code, ran, strict=True):
        cell.outputs = before.outputs
    return float(stamp["seconds"]), stamp["numbers"]


def ordinary(cell: NotebookNode) -> str:
    """The code of a cell; of the setup cell nothing: it brings the package, and changes no result."""
    return "" if "setup" in cell.metadata.get("tags", []) else cell.source


def filled(text: str, seconds: float, numbers: Mapping[str, str]) -> str:
    """Prose with the quoted numbers, and the time that the chapter took."""
    return NUMBER.sub(lambda found: numbers[found[1]], text).replace("[[seconds]]", stated(seconds))


def stated(seconds: float) -> str:
    """How prose states a time, rounded."""
    step = 5 if seconds < 60 else 10
    return f"{max(step, step * round(seconds / step))} seconds"


def source_hash(path: Path) -> str:
    """Of the chapter's source and of what is put into it: the setup cell, the map, AlphaEdit in one file."""
    added = setup_cell(repository()) + lesson.where(path.stem[:2])
    if PIECE.search(path.read_text(encoding="utf-8")):
        added += lesson.ONE_FILE.read_text(encoding="utf-8")
    return hashlib.sha256(path.read_bytes() + added.encode()).hexdigest()[:16]


def build(path: Path, solved: bool, anew: bool = False) -> None:
    """Write one edition. Code is run only if it has changed, or ``anew``."""
    notebook, target = without_outputs(path, solved), place(path, solved)
    found = None if anew else kept(notebook, target)
    if found is None:
        if not solved:
            os.environ["ALPHAEDIT_FIGURES"] = str(ROOT / "figures")  # plots.show saves SVG there
        found = execute(notebook, ROOT, quoted(notebook))
        os.environ.pop("ALPHAEDIT_FIGURES", None)
    seconds, numbers = round(found[0]), {name: found[1][name] for name in quoted(notebook)}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = filled(cell.source, seconds, numbers)
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    for number, cell in enumerate(code, 1):  # the same in every build
        lesson.cover(cell)
        cell.execution_count = number
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    notebook.metadata["language_info"] = {"name": "python"}  # and not which version ran it
    notebook.metadata["alphaedit"] = {
        "source": source_hash(path),
        "version": VERSION,
        "model": "SmolLM2-135M-Instruct, GGUF Q4_1",
        "seconds": seconds,
        "numbers": numbers,
    }
    text = nbformat.writes(notebook)
    for private in (str(ROOT), str(Path.home()) + "/"):
        if private in text:
            around = text[max(0, text.index(private) - 200) : text.index(private) + 100]
            raise SourceError(f"{path.name}:1: an output holds an absolute path: …{around}…")
    target.parent.mkdir(exist_ok=True)
    with replacing(target) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
    name = target.relative_to(path.parents[1 + (path.parent.name == "lab")])
    print(f"{name}: {seconds} s, {len(text) / 1e3:.0f} kB", flush=True)


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
        output.data = static or {"text/plain": WIDGET}
    return output


if __name__ == "__main__":
    try:
        for path in sources():
            exercises = check_source(path)
            named = path.relative_to(SOURCES).with_suffix("").as_posix() in sys.argv[1:]
            for solved in (False, True) if exercises else (False,):
                built = place(path, solved)
                stamp = (
                    json.loads(built.read_text())["metadata"].get("alphaedit", {}) if built.exists() else {}
                )
                if named or (not sys.argv[1:] and stamp.get("source") != source_hash(path)):
                    build(path, solved, anew=named)
    except SourceError as error:
        sys.exit(str(error))
