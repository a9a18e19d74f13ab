"""Run lessons and laboratories on an emulated second device: `python -m tools.second_device [NAME …]`.

Each in a process of its own, exercises solved, with `tests/second_device.py` in the place of a GPU. Says which run
through, and otherwise every line that mixes devices: the line of the chapter, and behind it the line of the package.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from tools import lesson
from tools.build_notebooks import ROOT, SOURCES, sources

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


def places(file: Path) -> str:
    """Where the mistake was made: the line of the chapter, and the lines of this project that it has called."""
    found = []
    for frame in traceback.extract_stack()[:-2]:
        ours = Path(frame.filename)
        if ours == file:
            found = [f"{file.name}:{frame.lineno}"]  # the last of the chapter
        elif ours.is_relative_to(ROOT / "alphaedit_lite"):
            found.append(f"{ours.relative_to(ROOT / 'alphaedit_lite')}:{frame.lineno}")
    return " > ".join([found[0], *found[-2:][:len(found) - 1]] if found else ["?"])


def run(path: Path) -> int:
    """Run one chapter here, and print its mistakes. Returns how many there are."""
    import matplotlib
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display

    from tests.second_device import SecondDevice

    matplotlib.use("agg")
    InteractiveShell.instance()
    seen: Counter[str] = Counter()

    def note(message: str) -> None:
        what = f"{places(path)}: {message.split(',')[0][:70]}"
        if not seen[what]:
            print(what, file=sys.stderr, flush=True)
        seen[what] += 1

    space = {"__name__": "__main__", "display": display}
    with SecondDevice(note):
        for code in cells(path):
            tree = ast.parse(code)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            try:
                exec(compile(tree, str(path), "exec"), space)
                if last is not None:
                    value = eval(compile(ast.Expression(last.value), str(path), "eval"), space)
                    if value is not None:
                        display(value)
            except Exception:
                print(traceback.format_exc(), file=sys.stderr)
                seen["an exception"] += 1
    return len(seen)


def main(names: list[str]) -> int:
    """Run each chapter in a fresh process. Returns how many do not run on a second device."""
    known = {path.relative_to(SOURCES).with_suffix("").as_posix(): path for path in sources()}
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"There is no {unknown[0]}; there are {', '.join(known)}.")
    failed = 0
    for name in names or known:
        start = time.perf_counter()
        command = [sys.executable, "-m", "tools.second_device", "--here", name]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        verdict = "fails" if done.returncode else "runs"
        print(f"{name}: {verdict} ({time.perf_counter() - start:.0f} s)", flush=True)
        if done.returncode:
            print(done.stderr)
        failed += bool(done.returncode)
    return failed


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        sys.exit(min(run(SOURCES / f"{sys.argv[2]}.py"), 1))
    sys.exit(main(sys.argv[1:]))
