"""Every committed chapter is fresh, clean and true to its own numbers. That it runs is test_run.py's."""

import functools
import html
import re
import shutil
import tempfile
from pathlib import Path

import nbformat
import pytest
from markdown_it import MarkdownIt

from tools.build_notebooks import (
    NUMBER,
    ROOT,
    build,
    check_source,
    filled,
    place,
    quoted,
    source_hash,
    sources,
    stated,
    without_outputs,
)
from tools.lesson import CLOSED

SOURCES = sources()
SOURCES.append(ROOT / "notebooks" / "source" / "template.py")  # passes as it stands; built when asked for
EDITIONS = [(s, False) for s in SOURCES] + [(s, True) for s in SOURCES if check_source(s)]
each = pytest.mark.parametrize(
    ("source", "solved"), EDITIONS, ids=[s.stem + "-solutions" * solved for s, solved in EDITIONS]
)


def built(source: Path, solved: bool):
    return _template(solved) if source.stem == "template" else nbformat.read(place(source, solved), 4)


@functools.cache
def _template(solved: bool):
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "notebooks" / "source" / "template.py"
        copy.parent.mkdir(parents=True)
        shutil.copy(ROOT / "notebooks" / "source" / "template.py", copy)
        build(copy, solved)
        return nbformat.read(place(copy, solved), 4)


def where(source: Path, solved: bool, cell) -> str:
    """file:line of a cell in its notebook."""
    path = place(source, solved)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return (
        f"{path.parent.name}/{path.name}:{next((n for n, line in enumerate(lines, 1) if cell.id in line), 1)}"
    )


def prose(notebook) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@each
def test_fresh(source, solved):
    notebook = built(source, solved)
    stamp = notebook.metadata["alphaedit"]
    assert set(stamp) == {"source", "version", "model", "seconds", "numbers"}
    assert stamp["source"] == source_hash(source), f"run: make notebooks ({source.stem})"
    for cell, other in zip(notebook.cells, without_outputs(source, solved).cells, strict=True):
        other.source = other.source.replace("[[seconds]]", stated(stamp["seconds"]))
        pattern = ".{,900}?".join(re.escape(part) for part in NUMBER.split(other.source)[::2])
        assert cell.id == other.id
        same = re.fullmatch(pattern, cell.source, re.S)
        assert same, f"{where(source, solved, cell)}: edited by hand; edit {source.name} instead"


@each
def test_numbers_in_prose_are_those_of_the_run(source, solved):
    notebook, wanted = built(source, solved), without_outputs(source, solved)
    stamp = notebook.metadata["alphaedit"]
    assert set(stamp["numbers"]) == set(quoted(wanted))
    for cell, other in zip(notebook.cells, wanted.cells, strict=True):
        if other.cell_type == "markdown":
            assert cell.source == filled(other.source, stamp["seconds"], stamp["numbers"])


@each
def test_clean(source, solved):
    notebook = built(source, solved)
    assert "widgets" not in notebook.metadata
    text = nbformat.writes(notebook)
    assert not re.search(r"(^|[^\w.])/(tmp|work|home|root)/", text)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert len(code) <= len(notebook.cells) / 2 + 1, "more prose than code"
    for cell in code:
        long = f"{where(source, solved, cell)}: a code cell of more than 25 lines"
        assert len(cell.source.splitlines()) <= 25, long
    assert any(cell.outputs for cell in code)
    for cell in code:
        if cell.outputs and cell.metadata.get("jupyter", {}).get("outputs_hidden"):
            assert cell.outputs[0].data == {"text/plain": CLOSED}, "JupyterLab would show the first line"
    for output in (output for cell in code for output in cell.outputs):
        assert output.output_type != "error", output
        assert "vnd.jupyter.widget" not in str(output.get("data", {}).keys())
        if "image/png" in output.get("data", {}):
            alt = re.search(r'<img alt="([^"]+)"', output.data["text/html"])
            assert alt, "draw with plots.show: it attaches alt text"
            assert len(html.unescape(alt.group(1))) > 40
            assert len(output.data["image/png"]) * 3 / 4 < 60_000


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_files_that_are_named_are_there(source):
    for name in re.findall(r"`((?:book|scale|support)/[\w/]+\.py)`", prose(without_outputs(source))):
        assert (ROOT / "alphaedit_lite" / name).exists(), f"{source.name}: there is no {name}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_markdown_inside_html(source):
    """Between HTML tags without an empty line, stars, backticks and links would stand as they are typed."""
    cells = [cell.source for cell in without_outputs(source).cells if cell.cell_type == "markdown"]
    for token in MarkdownIt().parse("\n\n".join(cells)):
        if token.type == "html_block":
            wrong = re.search(r"(?<![*\w])\*[^*\s][^*]*\*|`[^`]+`|\]\(http", token.content)
            assert not wrong, f"{source.name}: write {wrong.group()!r} in HTML"


@each
def test_links_and_images(source, solved):
    folder = place(source).parent  # links to other chapters hold from there
    text = prose(built(source, solved))
    for target in re.findall(r"\]\((?!https?://)([^)#\s]+)", text):
        assert (folder / target).exists(), f"broken link: {target}"
    for image in re.findall(r"!\[[^\]]*\]\(([^)\s]+)|<img[^>]+src=[\"']([^\"']+)", text):
        address = "".join(image)
        assert not address.startswith("http"), f"an image that is not ours: {address}"


@each
def test_stated_time(source, solved):
    """The head's "To run: N seconds" agrees with the seconds in the stamp."""
    found = re.search(r"[Tt]o run: (\d+) seconds", prose(built(source, solved)))
    assert found, 'say "To run: [[seconds]]" in the first cell'
    took = built(source, solved).metadata["alphaedit"]["seconds"]
    assert 1 / 1.5 <= max(took, 4) / float(found.group(1)) <= 1.5


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_template(source):
    """The parts that every lesson has; a laboratory has a head, and leads back to its lesson."""
    text = prose(without_outputs(source))
    if source.parent.name == "lab":
        assert text.startswith("# Laboratory "), source.name
        assert f"(../{source.stem}.ipynb" in text, f"{source.name} does not lead back to its lesson"
        assert not check_source(source), "exercises belong to the lesson"
        return
    parts = [
        "**The promise",
        "After this chapter you can",
        "You need",
        "It costs",
        "Break it",
        "Paper ↔ code",
    ]
    parts += ["Keypoints", "Quiz", "**Next:**", "Further reading", "(A_notation.md)", "(B_glossary.md)"]
    if source.stem[:2] not in ("00", "01"):
        assert len(check_source(source)) >= 3, "at least three exercises"
        parts += ["Before you start", "Hint</summary>", "Expected output</summary>"]
    for part in parts:
        assert part in text, f"{source.name} lacks: {part}"
