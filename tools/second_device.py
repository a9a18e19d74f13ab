"""Run lessons and laboratories on an emulated second device: `python -m tools.second_device [NAME …]`.

Each in a process of its own, exercises solved, with `tests/second_device.py` in the place of a GPU. Says which run
through, and otherwise every line that mixes devices: the line of the chapter, and behind it the line of the package.
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import time
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import matplotlib
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from tests.second_device import SecondDevice
from tools import lesson
from tools.build_notebooks import ROOT, SOURCES, sources

PACKAGE, HERE = ROOT / "alphaedit_lite", "--here"
SETUP = "from alphaedit_lite.book import setup; setup()"


def cells(path: Path) -> list[str]:
    """The code of a chapter, cell by cell, exercises solved; empty lines in front, so that line numbers are the file's."""
    found: list[str] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("# %%")]
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        head, body = lines[start], "\n".join(lines[start + 1 : stop])
        if head.startswith("# %% [markdown]"):
            continue
        if 'tags=["setup"]' in head:
            body = SETUP
        if 'file="' in head:
            body = lesson.piece(head.split('file="')[1].split('"')[0])
        found.append("\n" * (start + 1) + body)
    return found


def place(file: Path) -> str:
    """Where the mistake was made: the line of the chapter, and the last lines of the package on the way from there."""
    found: list[str] = []
    for frame in traceback.extract_stack():
        where = Path(frame.filename)
        if where == file:
            found = [f"{file.name}:{frame.lineno}"]
        elif where.is_relative_to(PACKAGE):
            found.append(f"{where.relative_to(PACKAGE)}:{frame.lineno}")
    return " > ".join([*found[:1], *found[1:][-2:]])


def run(file: Path) -> int:
    """Run one chapter here, and print its mistakes. Returns how many there are."""
    matplotlib.use("agg")
    InteractiveShell.instance()
    seen: set[str] = set()

    def note(message: str) -> None:
        if (what := f"  {place(file)}: {message.split(',')[0]}") not in seen:
            seen.add(what)
            print(what, file=sys.__stdout__, flush=True)

    names = {"__name__": "__main__", "display": display}
    quiet = io.StringIO()  # what the chapter itself prints
    with SecondDevice(note), redirect_stdout(quiet), redirect_stderr(quiet):
        for code in cells(file):
            tree = ast.parse(code)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            try:
                exec(compile(tree, str(file), "exec"), names)
                if last is not None:
                    display(eval(compile(ast.Expression(last.value), str(file), "eval"), names))
            except Exception as error:
                line = [
                    frame.lineno
                    for frame in traceback.extract_tb(error.__traceback__)
                    if frame.filename == str(file)
                ]
                what = f"  {file.name}:{line[-1] if line else '?'}: {type(error).__name__}: {error}"
                seen.add(what)
                print(what, file=sys.__stdout__, flush=True)
    return len(seen)


def main(names: list[str]) -> int:
    """Run each chapter in a fresh process. Returns how many do not run on a second device."""
    known = {path.relative_to(SOURCES).with_suffix("").as_posix(): path for path in sources()}
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"There is no {unknown[0]}; there are {', '.join(known)}.")
    failed = 0
    for name in names or known:
        print(name, flush=True)
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "tools.second_device", HERE, name], cwd=ROOT)
        print(f"  {'fails' if done.returncode else 'runs'} ({time.perf_counter() - start:.0f} s)", flush=True)
        failed += bool(done.returncode)
    return failed


if __name__ == "__main__":
    if sys.argv[1:2] == [HERE]:
        sys.exit(min(run(SOURCES / f"{sys.argv[2]}.py"), 1))
    sys.exit(main(sys.argv[1:]))
