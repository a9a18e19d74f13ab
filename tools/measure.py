"""How long and how dense a lesson is: `python -m tools.measure [NN …]`. A lamp, not a law (CONTRIBUTING.md).

Counted in the student edition, without outputs: words of prose (formulas, tables and links count as they are
read: a formula is one word), code cells, the longest and the middle code cell, its widest line; sentences with
more than two numbers; and how often something "surprised us".
"""

from __future__ import annotations

import re
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.build_notebooks import NUMBER, SOURCES, sources, without_outputs

AT_MOST = {  # what a lesson may have
    "words": 3000,
    "cells": 30,
    "longest": 20,
    "median": 8,
    "columns": 80,
    "dense": 0,
    "surprised": 1,
}
DIGITS = re.compile(r"(?<![\w.(])(?:NUMBERED|\d[\d,.]*\d|\d)(?![\w)])")


@dataclass(frozen=True)
class Measure:
    """What is counted; ``where`` says in which sentences, cells or lines each count comes about."""

    counts: dict[str, float]
    where: dict[str, list[str]]

    @property
    def over(self) -> dict[str, float]:
        """The counts that are over their bound."""
        return {name: n for name, n in self.counts.items() if n > AT_MOST[name]}


def measure(source: Path) -> Measure:
    """Measure one lesson."""
    cells = without_outputs(source).cells
    plumbing = {"setup", "hide-input"}
    code = [
        c.source for c in cells if c.cell_type == "code" and not plumbing & set(c.metadata.get("tags", []))
    ]
    said = [sentence for cell in cells if cell.cell_type == "markdown" for sentence in sentences(cell.source)]
    lines = [line for cell in code for line in cell.splitlines()]
    lengths = [len(cell.splitlines()) for cell in code]
    where = {
        "longest": [cell for cell in code if len(cell.splitlines()) > AT_MOST["longest"]],
        "columns": [line for line in lines if len(line) > AT_MOST["columns"]],
        "dense": [s for s in said if len(DIGITS.findall(s)) > 2],
        "surprised": [s for s in said if "surprised us" in s],
    }
    counts = {
        "words": sum(len(re.findall(r"[\w’'-]*[^\W\d_][\w’'-]*|\$", s)) for s in said),
        "cells": len(code),
        "longest": max(lengths, default=0),
        "median": statistics.median(lengths) if lengths else 0,
        "columns": max(map(len, lines), default=0),
        "dense": len(where["dense"]),
        "surprised": len(where["surprised"]),
    }
    return Measure(counts, where)


def sentences(markdown: str) -> Iterator[str]:
    """The sentences of prose: without code, tables, the map, HTML tags and the targets of links."""
    text = re.sub(r"^```.*?^```", "", markdown, flags=re.S | re.M)
    text = re.sub(r"^\s*>?\s*\|.*$", "", text, flags=re.M)  # tables
    text = NUMBER.sub("NUMBERED", text)
    text = re.sub(r"\$\$.*?\$\$|\$[^$]+\$", "$", text, flags=re.S)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"<[^>]+>|`[^`]*`", " ", text)
    for paragraph in re.split(r"\n\s*\n|^\s*[*#\d]+\.?\s", text, flags=re.M):
        yield from filter(str.strip, re.split(r"(?<=[.!?:;])\s+", " ".join(paragraph.split())))


def main() -> None:
    print(f"{'lesson':<28}" + "".join(f"{name:>11}" for name in AT_MOST))
    print(f"{'at most':<28}" + "".join(f"{n:>11}" for n in AT_MOST.values()))
    for source in sources():
        name = source.relative_to(SOURCES).with_suffix("").as_posix()
        if source.parent.name == "lab" or (sys.argv[1:] and source.stem[:2] not in sys.argv[1:]):
            continue
        found = measure(source)
        marks = (f"{n:g}{'!' if kind in found.over else ' '}" for kind, n in found.counts.items())
        print(f"{name:<28}" + "".join(f"{mark:>11}" for mark in marks))
        if sys.argv[1:]:
            for kind, places in found.where.items():
                if kind in found.over:
                    print(f"\n{kind}:", *places, sep="\n  ")


if __name__ == "__main__":
    main()
