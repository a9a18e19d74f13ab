"""A lesson has one idea and a reader's strength for it: what can be counted is counted, and says where.

A lamp, not a law. A lesson that is over a bound for a good reason is listed with that reason.
"""

import pytest

from tools.build_notebooks import sources
from tools.measure import AT_MOST, measure, sentences

LESSONS = [source for source in sources() if source.parent.name != "lab"]
EXCEPTIONS: dict[str, dict[str, str]] = {}  # lesson -> bound -> why it is over it


@pytest.mark.parametrize("source", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_within_its_bounds(source):
    found, allowed = measure(source), EXCEPTIONS.get(source.stem[:2], {})
    over = {kind: n for kind, n in found.over.items() if kind not in allowed}
    places = [f"{kind}: {place}" for kind in over for place in found.where.get(kind, ())]
    assert not over, "\n".join([f"{source.name}: {over}, at most {AT_MOST}", *places])


def test_what_is_counted(tmp_path):
    source = tmp_path / "07_x.py"
    source.write_text(
        "# %% [markdown]\n# Of 3 facts, 2 took and 1 did not. See [the paper](https://a.b/1/2), in $x$.\n"
        "# What surprised us.\n#\n# | 1 | 2 | 3 |\n\n# %%\nx = 1\n" + "y = 2\n" * 21
    )
    found = measure(source)
    assert found.where["dense"] == ["Of 3 facts, 2 took and 1 did not."]
    assert found.counts == {
        "words": 14, "cells": 1, "longest": 22, "median": 22, "columns": 5, "dense": 1, "surprised": 1
    }  # fmt: skip
    assert set(found.over) == {"longest", "median", "dense"}
    assert list(sentences("One. Two: `a 1 2 3` three.")) == ["One.", "Two:", "three."]


def crowded(text):
    """Numbers of the lines where a table touches other text, and is drawn as no table or as a longer one."""
    lines = [line.removeprefix("#").strip() for line in text.splitlines()]
    rows = [line.startswith("# |") for line in text.splitlines()]
    alone = [line == "" or line.startswith("%%") for line in lines]
    return [
        n + 1
        for n in range(1, len(lines))
        if (rows[n] != rows[n - 1] and not alone[n - 1] and not alone[n]) or "| |---" in lines[n]
    ]


@pytest.mark.parametrize("source", sources(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_tables_stand_apart(source):
    assert crowded(source.read_text(encoding="utf-8")) == []


def test_a_table_that_touches_text_is_noticed():
    table = "# | a |\n# |---|\n# | 1 |\n"
    assert crowded(f"# Text.\n#\n{table}#\n# More.") == []
    assert crowded(f"# Text.\n{table}#\n# More.") == [2]
    assert crowded(f"# Text.\n#\n{table}# More.") == [6]
    assert crowded("# Text.\n# flowed into | a | |---| | 1 |") == [2]
