"""Reflowed prose means what it meant, stays as it is, and keeps whole what must be whole."""

import re
from itertools import pairwise

import jupytext
import pytest

from tools.build_notebooks import NUMBER, ROOT
from tools.reflow import MARKDOWN, TRAP, WIDTH, reflow, reflow_source

FILES = sorted([*(ROOT / "notebooks").rglob("source/**/*.py"), *(ROOT / "notebooks").glob("*.md")])
each = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
SENTENCE = "Now a sentence that is long enough to stand alone, whatever"


def prose(path):
    """The Markdown cells; an appendix is one."""
    text = path.read_text(encoding="utf-8")
    cells = jupytext.reads(text, fmt="py:percent").cells if path.suffix == ".py" else []
    return [cell.source for cell in cells if cell.cell_type == "markdown"] or [text]


def html(text):
    """What a reader sees, word by word; marks are filled with a number, as the build does it."""
    return MARKDOWN.render(NUMBER.sub("7", text)).split()


def badly_wrapped(text):
    """A line for every three words of a plain paragraph, even inside of marks, code and formulas."""
    parts = text.split("\n\n") if "```" not in text else [text]
    for n, part in enumerate(parts):
        words = part.split()
        if re.match(r"[*(\"]*\w", part) and "\\\n" not in part and not any(map(TRAP.match, words)):
            parts[n] = "\n".join(" ".join(words[k : k + 3]) for k in range(0, len(words), 3))
    return "\n\n".join(parts)


@each
def test_a_page(path):
    """It is reflowed already; and however it is wrapped, the same comes out, with the same meaning."""
    changed = 0
    for source in prose(path):
        bad = badly_wrapped(source)
        changed += bad != source
        assert reflow(bad) == source, "run: python -m tools.reflow"
        assert MARKDOWN.render(bad).split() == MARKDOWN.render(source).split()
        assert all(NUMBER.findall(source)[n] for n in range(source.count("[[=")))  # no mark over two lines
    assert changed or "```" in path.read_text(encoding="utf-8")  # with a drawing: not wrapped badly at all


@each
def test_no_word_stands_alone(path):
    """Nor two of them; and no line is too long where that can be helped."""
    for before, token in (pair for text in prose(path) for pair in pairwise(MARKDOWN.parse(text))):
        lines = token.content.split("\n") if before.type == "paragraph_open" else []
        if "\\\n" not in token.content:
            assert len(lines) < 2 or all(len(line.split()) > 2 for line in lines), lines
            assert all(len(NUMBER.sub("", line)) <= WIDTH or "](" in line for line in lines), lines


def test_code_is_untouched():
    code = "# %%\n# A comment  \nx  =  1\n# on. Another sentence in a comment.\n\ny = '''\n# one. Two\n'''\n"
    source = (
        "# %% [markdown]\n# Of two\n# sentences one. And here is a second one.\n#\n# * A third.\n\n" + code
    )
    wanted = source.replace("two\n# sentences one. And", "two sentences one.\n# And")
    assert reflow_source(source) == wanted


@pytest.mark.parametrize(
    "trap", ["+ plus", "- minus", "* star", "# one", "> more", "2. two", "3) three", "| bar", "[[=n]]. four"]
)
def test_no_line_begins_like_a_block(trap):
    """However the words fall, no line begins like a list, heading, quote or table."""
    for size in range(0, 120, 6):
        text = f"* {SENTENCE} {'x' * size} comes of it. {trap} {SENTENCE}, and {trap} {SENTENCE}."
        assert "\n" in reflow(text)
        assert html(reflow(text)) == html(text)
        assert not re.search(r"\n *([-+*#>|]|(\d+|\[\[.*?\]\])[.)])( |$)", reflow(text))


@pytest.mark.parametrize(
    "what", ["[[=f(a, b) or 'c. D']]", "`a, b. C`", "$a, b. C$", "[a. B, c](https://d.e)"]
)
@pytest.mark.parametrize("dot", [". ", ", ", " "])
def test_what_stays_whole(what, dot):
    """Sentence ends, commas and want of room break no mark, code, formula or link."""
    for size in range(0, 120, 6):
        assert reflow(f"{SENTENCE} {'x' * size}{dot}{what}{dot}{SENTENCE} is {what}.").count(what) == 2


def test_a_mark_with_stars_and_spaces():
    """Stars in two marks are no italics, and a formula does not swallow half a mark."""
    mark = "[[=said(*found['five of them', 'p']) ]]"
    text = f"{SENTENCE} x = {mark} for the first of all, and for the second of them it is {mark} as well."
    assert max(line.count(mark) for line in reflow(text).split("\n")) == 1
    assert reflow(text).count(mark) == 2


def test_sentences_and_clauses():
    text = (
        "A first sentence\nis here. Is this\nnot a second one? We know that the first clause is rather long "
        "as clauses go,\nand that the second, of which more below, is not one bit shorter than that.\n"
        "Yes. E.g. this, i.e. that, cf. nothing at all."
    )
    assert reflow(text).split("\n") == [
        "A first sentence is here.",
        "Is this not a second one?",
        "We know that the first clause is rather long as clauses go,",
        "and that the second, of which more below, is not one bit shorter than that.",
        "Yes. E.g. this, i.e. that, cf. nothing at all.",
    ]


def test_lists_quotes_and_details():
    first, second = "Here is a first\nsentence. And here", "is a second one."
    one, two = "Here is a first sentence.", "And here is a second one."
    text = f"> * {first}\n>   {second}\n> * Another.\n\n1. {first} {second}\n\n"
    text += f"<details><summary>A. A question\nof lines?</summary>\n{first} {second}\n</details>"
    wanted = f"> * {one}\n>   {two}\n> * Another.\n\n1. {one}\n   {two}\n\n"
    assert (
        reflow(text)
        == wanted + f"<details><summary>A. A question of lines?</summary>\n{one}\n{two}\n</details>"
    )


@pytest.mark.parametrize(
    "text",
    [
        f"A line that ends hard,\\\nand more. {SENTENCE}. {SENTENCE}.",
        f"A line that ends hard,  \nand more. {SENTENCE}. {SENTENCE}.",
        f"## A heading. {SENTENCE}. {SENTENCE}.",
        f"| {SENTENCE}. {SENTENCE}. | c |\n|---|---|\n| d. E | f |",
        f"```text\n{SENTENCE}. {SENTENCE}.\n   And\n      three.\n```",
        f"$$ {SENTENCE}. {SENTENCE}.\n   = c $$",
        f"$$\na\n+ {SENTENCE}. {SENTENCE}.\n+ b\n$$",
        f"In words\n$$ {SENTENCE}. {SENTENCE}.$$\nand so on.",
        f"<details><summary>A</summary>\n<pre>\n{SENTENCE}. And\n  {SENTENCE}.\n</pre>\n</details>",
        f"<table><tr><td>{SENTENCE}. {SENTENCE}.\n</td></tr></table>",
    ],
)
def test_left_alone(text):
    assert reflow(text) == text


def test_what_would_change_is_refused(monkeypatch):
    monkeypatch.setattr("tools.reflow.lines_of", lambda text, room=0: "1. " + text)
    with pytest.raises(ValueError, match="no longer mean the same: 'A sentence"):
        reflow("A sentence.")
