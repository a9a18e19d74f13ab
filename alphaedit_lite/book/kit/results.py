"""Results files: what was measured stays, so that a study that was stopped goes on, and chapters quote it.

result("fronts.json")           # a committed result, as plain values
found = resume(OUT, {"fingerprint": lm.fingerprint, "facts": 100}, rows=[])
…
keep(OUT, found, "rows")        # after every row
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers

from ... import __version__
from ...support.assets import replacing

RESULTS = Path(__file__).parents[1] / "results"  # part of the package: chapters run wherever it is installed


def versions() -> dict[str, str]:
    """What made a result: the versions of package, torch, transformers and Python."""
    return {
        "alphaedit_lite": __version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "python": platform.python_version(),
    }


def made_by(model: str) -> dict[str, str]:
    """The model, by its fingerprint, and the packages: what the oldest studies must find as it was."""
    found = versions()
    return {
        "model": model,
        "package": found["alphaedit_lite"],
        "torch": found["torch"].split("+")[0],
        "transformers": found["transformers"],
    }


def result(name: str) -> Any:
    """A committed result, as plain values. Raises FileNotFoundError, naming those that there are."""
    path = RESULTS / name
    if not path.exists():
        there = ", ".join(sorted(p.name for p in RESULTS.glob("*.json")))
        raise FileNotFoundError(f"There is no results/{name}; there are: {there}.")
    return json.loads(path.read_text(encoding="utf-8"))


def resume(path: Path, made_with: Mapping[str, Any], **empty: Any) -> dict[str, Any]:
    """The results so far; none, if there is no such file, if it was cut off, or if it was made otherwise.

    Args:
        made_with: all that must be as it was for the old results to count, as plain values.
        empty: where the results go, and what is there before the first.
    """
    made: dict[str, Any] = json.loads(json.dumps(made_with))  # as it reads when it comes back
    found = read(path)
    if all(found.get(name) == value for name, value in made.items()) and set(empty) <= set(found):
        return found
    return made | {"versions": versions()} | empty


def read(path: Path) -> dict[str, Any]:
    """What a results file holds; nothing, if there is none or if it was cut off in the middle."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    except (FileNotFoundError, ValueError):  # neither JSON nor, within a character, text
        return {}


def keep(path: Path, found: Mapping[str, Any], *by_line: str) -> None:
    """Write the results through a temporary file.

    Args:
        by_line: lists and dictionaries with a line for each of their members, so that a change reads well.
    """
    parts = []
    for name, value in found.items():
        text = _text(value)
        if name in by_line and isinstance(value, dict):
            text = "{\n" + ",\n".join(f"{_text(key)}: {_text(one)}" for key, one in value.items()) + "\n}"
        elif name in by_line:
            text = "[\n" + ",\n".join(map(_text, value)) + "\n]"
        parts.append(f"{_text(name)}: {text}")
    with replacing(path) as partial:
        partial.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
