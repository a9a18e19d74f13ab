"""What the build adds to a lesson: the map, our versions of the exercises, AlphaEdit in one file, piece by piece,
and what is folded away."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

# Part of the block a lesson is about -> the lessons about it, in the order in which they are read.
WAY = {
    "00": "a fact is changed, and changed back",
    "01": "what a fact is, and what fine-tuning breaks",
    "02": "the feed-forward layer is a memory: keys and values",
    "03": "where a fact is looked up",
    "04": "a matrix as a dictionary",
    "05": "one fact: search z, write one key",
    "06": "many facts: the closed form of MEMIT",
    "07": "the null space: directions that no key uses",
    "08": "AlphaEdit: write there, and nowhere else",
    "09": "did it work?",
    "10": "hundreds of edits",
    "11": "can it still think?",
    "12": "did its insides move?",
    "13": "the same projection in other editors",
    "14": "when it breaks",
    "15": "larger models",
    "16": "what an edit does not change",
}
TODAY = {  # lesson -> the letters of the drawing that are today's
    "00": "ABCDE", "01": "AE", "02": "CD", "03": "ABCD", "04": "D", "05": "BD", "06": "D", "07": "C", "08": "CD",
    "09": "E", "10": "DE", "11": "E", "12": "BE", "13": "CD", "14": "CD", "15": "ABCDE", "16": "AE",
}  # fmt: skip
CLOSED = "First your prediction. The result is behind this line."
PARTS = {
    "A": "prompt: Lower Assam is located in the country of",
    "B": "residual stream h, block after block",
    "C": "feed-forward layer: key k = what W is asked",
    "D": "                    value W k = what it answers",
    "E": "next word: India, or Romania?",
}


def where(number: str) -> str:
    """The map of the book, in text: the parts of the model, today's marked, and the way from lesson to lesson.

    Args:
        number: of the lesson, "07". One that is not on the way, as the template, has an empty map.
    """
    if number not in WAY:
        return ""
    width = max(map(len, PARTS.values()))
    drawing = [
        f"{'▶' if letter in TODAY[number] else ' '} {text:<{width}} {'◀ today' if letter in TODAY[number] else ''}"
        for letter, text in PARTS.items()
    ]
    order = list(WAY)
    i = order.index(number)
    near = [f"{n} {WAY[n]}" for n in order[max(i - 1, 0) : i + 2]]
    names = ["from", "here", "next"][i == 0 :]
    steps = [f"{name}: {text}" for name, text in zip(names, near, strict=False)]
    lines = [line.rstrip() for line in (*drawing, "", *steps)]
    return "```text\n" + "\n".join(lines) + "\n```"


ONE_FILE = Path(__file__).parents[1] / "notebooks" / "alphaedit_in_one_file.py"


def pieces() -> dict[str, str]:
    """The pieces of AlphaEdit in one file, in its order, named by their functions; "head" and "script" around them.

    Joined by two empty lines they are the file.
    """
    first, *functions, last = ONE_FILE.read_text(encoding="utf-8").rstrip().split("\n\n\n")
    found = {"head": first}
    for text in functions:
        found[re.search(r"^def (\w+)", text, re.M)[1]] = text
    return found | {"script": last}


def piece(names: str) -> str:
    """Some pieces of the file, one below the other: "padded run". Raises KeyError for one that is not there."""
    found = pieces()
    return "\n\n\n".join(found[name] for name in names.split())


def with_our_versions(cells: Sequence[NotebookNode], ours: Mapping[str, str]) -> list[NotebookNode]:
    """The cells, each exercise followed by our version of it, closed."""
    out: list[NotebookNode] = []
    for cell in cells:
        out.append(cell)
        if (number := cell.metadata.get("exercise")) in ours:
            code = re.split(r"^.*chapter\.check\(", ours[number], flags=re.M)[0].strip()
            text = (
                f"<details><summary>Our version of {number}</summary>\n\n```python\n{code}\n```\n\n</details>"
            )
            out.append(nbformat.v4.new_markdown_cell(text))
    return out


def cover(cell: NotebookNode) -> None:
    """Put a line before closed outputs: JupyterLab shows the first line of them, which might be the answer."""
    line = nbformat.v4.new_output("display_data", {"text/plain": CLOSED})
    cell.outputs = [output for output in cell.outputs if output != line]
    if cell.metadata.get("jupyter", {}).get("outputs_hidden") and cell.outputs:
        cell.outputs.insert(0, line)


def fold(cells: Sequence[NotebookNode]) -> None:
    """Fold the code of predictions, and close what would answer one: the outputs from ``chapter.predict``'s
    cell to ``chapter.reveal``'s, but for exercises, and those of cells with the tag "answer"; in JupyterLab, on
    the site (tags) and, for code, on Colab."""
    asked: set[str] = set()
    for cell in cells:
        if cell.cell_type != "code":
            continue
        code, tags = cell.source.strip(), list(cell.metadata.get("tags", []))
        if (asked and "exercise" not in cell.metadata) or "answer" in tags:
            cell.metadata["jupyter"] = {"outputs_hidden": True}
            tags.append("hide-output")
        asked |= set(re.findall(r"""chapter\.predict\(\s*["'](\w+)["']""", code))
        asked -= set(re.findall(r"""chapter\.reveal\(\s*["'](\w+)["']""", code))
        if re.match(r"chapter\.(predict|reveal|report)\(", code) or "setup" in tags:
            cell.metadata["jupyter"] = {**cell.metadata.get("jupyter", {}), "source_hidden": True}
            cell.metadata["cellView"] = "form"
            tags.append("hide-input")
        if tags:
            cell.metadata["tags"] = tags
