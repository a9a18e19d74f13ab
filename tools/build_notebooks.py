"""Build the notebooks from their sources: `python tools/build_notebooks.py [NN_name …]`.

notebooks/source/NN_name.py (jupytext percent format) is executed and written with its outputs to
notebooks/NN_name.ipynb. Provisional: one edition, no exercises yet.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

import alphaedit_lite

ROOT = Path(__file__).parents[1]


def source_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def without_outputs(path: Path) -> nbformat.NotebookNode:
    """The notebook of a source, unexecuted, with cell ids that stay the same from build to build."""
    notebook = jupytext.read(path)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{path.stem[:2]}-{number:03d}"
        cell.metadata.pop("lines_to_next_cell", None)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def build(path: Path) -> None:
    notebook = without_outputs(path)
    start = time.perf_counter()
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(ROOT)}}).execute()
    seconds = time.perf_counter() - start
    notebook.metadata.pop("widgets", None)  # a front end draws them anew
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [tidy(output) for output in cell.outputs if not passing(output, cell)]
    notebook.metadata["alphaedit"] = {
        "source": source_hash(path),
        "version": alphaedit_lite.__version__,
        "seconds": round(seconds),
    }
    target = path.parents[1] / f"{path.stem}.ipynb"
    text = nbformat.writes(notebook)
    if str(ROOT) in text or str(Path.home()) in text:
        raise SystemExit(f"{path.name}: an output holds an absolute path.")
    partial = target.with_suffix(".partial")
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(target)
    print(f"{target.name}: {seconds:.0f} s, {len(text) / 1e3:.0f} kB")


def passing(output: nbformat.NotebookNode, cell: nbformat.NotebookNode) -> bool:
    """Warnings and progress bars, which nobody needs to read afterwards."""
    is_widget = "application/vnd.jupyter.widget-view+json" in output.get("data", {})
    return output.get("name") == "stderr" or (is_widget and ".show()" not in cell.source)


def tidy(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    if "execution_count" in output:
        output.execution_count = None
    if "data" in output and "application/vnd.jupyter.widget-view+json" in output.data:
        output.data = {"text/plain": "[a widget: run this cell to use it]"}
    return output


if __name__ == "__main__":
    wanted = sys.argv[1:]
    for path in sorted((ROOT / "notebooks" / "source").glob("*.py")):
        built = path.parents[1] / f"{path.stem}.ipynb"
        stamp = json.loads(built.read_text())["metadata"].get("alphaedit", {}) if built.exists() else {}
        if path.stem in wanted or (not wanted and stamp.get("source") != source_hash(path)):
            build(path)
