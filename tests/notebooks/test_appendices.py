"""The appendices agree with the package and with themselves."""

import dataclasses
import importlib
import inspect
import re
from pathlib import Path

import pytest

import alphaedit_lite

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NOTATION = (NOTEBOOKS / "A_notation.md").read_text(encoding="utf-8")
GLOSSARY = (NOTEBOOKS / "B_glossary.md").read_text(encoding="utf-8")
PRIMER = (NOTEBOOKS / "C_primer.md").read_text(encoding="utf-8")
TABLE = re.compile(r"(?:^\|.*\n)+", re.M)
ENTRY = re.compile(r'^\*\*(.+?)\*\* · ch\. (\d+)\\\n<span lang="ja">(.+)</span>\\\n(\S.+[.?])$', re.M)


def code_names() -> list[str]:
    """What stands in backticks in the columns "in code" of the tables."""
    names = []
    for table in TABLE.findall(NOTATION):
        head, _, *rows = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()]
        if "in code" in head:
            names += re.findall(r"`(.+?)`", " ".join(row[head.index("in code")] for row in rows))
    return names


def exists(name: str) -> bool:
    """Whether the package has a.b.c, whose parts are modules, classes and attributes, or a.b(argument)."""
    path, argument = re.fullmatch(r"([\w.]+)(?:\((\w+)\))?", name).groups()
    here = alphaedit_lite
    for part in path.split("."):
        if inspect.ismodule(here) and not hasattr(here, part):
            try:
                importlib.import_module(f"{here.__name__}.{part}")
            except ModuleNotFoundError:
                return False
        if not hasattr(here, part):  # then it must be set when an object is made
            fields = (
                [field.name for field in dataclasses.fields(here)] if hasattr(here, "__match_args__") else []
            )
            return part in fields or bool(re.search(rf"\bself\.{part}\b.* = ", inspect.getsource(here)))
        here = getattr(here, part)
    return argument is None or argument in inspect.signature(here).parameters


def test_every_code_name_of_the_notation_exists():
    names = code_names()
    assert len(names) > 40
    assert [name for name in names if not exists(name)] == []
    wrong = ("Edit.detla", "solvers.memmit", "solvers.gain(past)", "targets.Targets.zz", "spaces.fit")
    assert not any(exists(name) for name in wrong)


def test_rows_have_as_many_cells_as_the_head():
    for table in TABLE.findall(NOTATION):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table.splitlines()[0]


def test_glossary_is_alphabetical_and_bilingual():
    entries = ENTRY.findall(GLOSSARY)
    assert len(entries) == GLOSSARY.count("\n**") > 70  # all are of the one form
    assert f"\n{len(entries)} terms" in GLOSSARY
    terms = [term.casefold().replace("-", " ") for term, *_ in entries]
    assert terms == sorted(set(terms))
    for term, chapter, japanese, _ in entries:
        assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", japanese), term
        assert not re.search(r"[\u4e00-\u9fff]", japanese) or re.search(
            r"（[\u3040-\u30ff、]+）", japanese
        ), term
        assert 0 <= int(chapter) <= 16, term
    for section in GLOSSARY.split("\n## ")[1:]:
        assert {term[0].upper() for term, *_ in ENTRY.findall(section)} == {section[0]}


@pytest.mark.model
def test_the_primer_is_about_the_default_model(smollm, capsys):
    """Its sizes are the model's, its hook runs, and it fits on a printed page."""
    sizes = {f"{n} numbers" for n in (smollm.d_model, smollm.d_ff)} | {
        f"{smollm.model.config.vocab_size:,} tokens"
    }
    assert all(size in PRIMER for size in sizes)
    assert (smollm.n_layers, "Thirty blocks" in PRIMER) == (30, True)
    (snippet,) = re.findall(r"```python\n(.*?)```", PRIMER, re.S)
    exec(snippet, {"lm": smollm})
    assert re.fullmatch(rf"torch.Size\(\[1, \d+, {smollm.d_ff}\]\)\n", capsys.readouterr().out)
    assert len(PRIMER.splitlines()) < 75
