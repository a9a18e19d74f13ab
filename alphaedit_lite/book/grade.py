"""What a class has handed in, as one table: `python -m alphaedit_lite.book.grade FOLDER`.

FOLDER holds notebooks (``*.ipynb``) and reports (``*.json``, written by ``chapter.report("hand_in.json")``),
in subfolders if you like. Nothing from a hand-in is executed unless you say ``--run``: the table tells what
the files say. With ``--run`` the exercises of the notebooks are checked anew, on fresh random data, each
notebook in a process of its own that is stopped after a minute. ``--csv FILE`` also keeps the table.

    ✓ passed   ✗ wrong   ○ open   – not in this file   ! the file says otherwise than the check
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .kit.chapter import SIGNS
from .kit.exercises import judge, load

SECONDS = 60
STATED = {sign: status for status, sign in SIGNS.items()}
CONTEXT = "import math\nimport torch\nfrom alphaedit_lite import *\n"  # what every chapter has imported
NUMBER = r"\d\d\.\d+"


@dataclass(frozen=True)
class HandIn:
    """One file: what it says about each exercise, the code of those that it holds, and its predictions.

    Attributes:
        stated: exercise -> "passed", "wrong" or "open".
        code: exercise -> the cell that solves it.
        predictions: how many were right, and how many were made; None if the file does not say.
    """

    name: str
    stated: dict[str, str]
    code: dict[str, str]
    predictions: tuple[int, int] | None = None


def read(path: Path, name: str) -> HandIn:
    """Read a notebook or a report. Raises ValueError, naming the file, for anything else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return _report(found, name) if path.suffix == ".json" else _notebook(found, name)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = "a report of chapter.report" if path.suffix == ".json" else "a notebook"
        raise ValueError(f"{name} is not {what}: {type(error).__name__}: {error}") from error


def _report(found: Mapping[str, Any], name: str) -> HandIn:
    guesses = [p for p in found["predictions"].values() if p["guess"] is not None and p["answer"] is not None]
    right = sum(p["guess"] == p["answer"] for p in guesses)
    stated = {str(number): str(status) for number, status in found["exercises"].items()}
    if wrong := set(stated.values()) - set(SIGNS):
        raise ValueError(f"an exercise cannot be {sorted(wrong)[0]!r}")
    return HandIn(name, stated, {}, (right, len(guesses)))


def _notebook(found: Mapping[str, Any], name: str) -> HandIn:
    stated, code = {}, {}
    for cell in found["cells"]:
        source = "".join(cell["source"])
        numbers = re.findall(rf"""chapter\.check\(\s*["']({NUMBER})["']""", source)
        if cell["cell_type"] != "code" or not numbers:
            continue
        said = "\n".join("".join(o.get("data", {}).get("text/plain", "")) for o in cell.get("outputs", ()))
        for number in numbers:
            code[number] = source
            sign = re.search(rf"([{''.join(STATED)}]) Exercise {re.escape(number)}\b", said)
            stated[number] = STATED[sign[1]] if sign else "open"
    return HandIn(name, stated, code)


def check(code: Mapping[str, str]) -> dict[str, str]:
    """Check the exercises of one notebook anew, in a process of its own: exercise -> its status.

    What runs longer than a minute, or ends the process, leaves its exercise "wrong", and those behind "open".
    """
    command = [sys.executable, "-m", __name__ if __name__ != "__main__" else "alphaedit_lite.book.grade"]
    found = dict.fromkeys(code, "open")
    try:
        done = subprocess.run(
            [*command, "--one"], input=json.dumps(code), capture_output=True, text=True, timeout=SECONDS
        ).stdout
    except subprocess.TimeoutExpired as stopped:
        done = (stopped.stdout or b"").decode() if isinstance(stopped.stdout, bytes) else stopped.stdout or ""
    said = dict(re.findall(rf"^grade ({NUMBER}) (\w+)$", done, re.M))
    found |= said
    if len(said) < len(code):
        found[next(number for number in code if number not in said)] = "wrong"
    return found


def _check_here(code: Mapping[str, str]) -> None:
    """Run the cells one after another, as far as their check, and print how each exercise does."""
    names: dict[str, Any] = {}
    exec(CONTEXT, names)
    for number, source in code.items():
        load(number[:2])
        before, _, rest = source.partition("chapter.check(")
        before = before[: before.rfind("\n") + 1]  # without "projection = "
        handed = re.match(r"""\s*["'][\d.]+["']\s*,\s*(.+?)\s*\)\s*$""", rest, re.S | re.M)
        status = "wrong"
        try:
            exec(before, names)
            status, _ = judge(number, eval(handed[1], names)) if handed else ("wrong", "")
        except Exception:  # anything may happen in a student's code
            pass
        sys.stdout.write(f"\ngrade {number} {status}\n")
        sys.stdout.flush()


def table(hand_ins: Sequence[HandIn], run: bool = False) -> list[list[str]]:
    """Rows of text: a head, then one row a file, in the order given."""
    numbers = sorted({number for hand_in in hand_ins for number in hand_in.stated})
    rows = [["file", *numbers, "passed", "predictions"]]
    for hand_in in hand_ins:
        checked = check(hand_in.code) if run and hand_in.code else {}
        found = hand_in.stated | checked
        signs = [
            (SIGNS[found[n]] if n in found else "–")
            + "!" * (n in checked and checked[n] != hand_in.stated[n])
            for n in numbers
        ]
        passed = sum(status == "passed" for status in found.values())
        right = "" if hand_in.predictions is None else "{} of {}".format(*hand_in.predictions)
        rows.append([hand_in.name, *signs, f"{passed} of {len(found)}", right])
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    if arguments is None and sys.argv[1:] == ["--one"]:
        _check_here(json.load(sys.stdin))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", action="store_true", help="run the exercises of the notebooks anew")
    parser.add_argument("--csv", type=Path, help="also write the table here")
    options = parser.parse_args(arguments)
    paths = [p for p in sorted(options.folder.rglob("*")) if p.suffix in (".ipynb", ".json")]
    if not paths:
        parser.error(f"{options.folder} holds no notebooks and no reports.")
    hand_ins, troubles = [], []
    for path in paths:
        try:
            hand_ins.append(read(path, path.relative_to(options.folder).as_posix()))
        except ValueError as error:
            troubles.append(str(error))
    rows = table(hand_ins, options.run)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    print("\n".join(line.rstrip() for line in lines))
    for trouble in troubles:
        print(f"left out: {trouble}", file=sys.stderr)
    if options.csv:
        with options.csv.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)


if __name__ == "__main__":
    main()
