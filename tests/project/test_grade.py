"""Hand-ins become one table; nothing of them is executed unless that is asked for."""

import csv
import json

import nbformat
import pytest

from alphaedit_lite.book import grade
from alphaedit_lite.book.kit.chapter import Chapter

RIGHT = 'def mean_of(x):\n    return x.sum() / len(x)\n\n\nmean_of = chapter.check("99.1", mean_of)'
WRONG = RIGHT.replace("/ len(x)", "")
STUB = 'def mean_of(x):\n    return None  # your code here\n\n\nmean_of = chapter.check("99.1", mean_of)'


def hand_in(path, code, said="○ Exercise 99.1: not done yet."):
    cell = nbformat.v4.new_code_cell(code)
    cell.outputs = [nbformat.v4.new_output("display_data", data={"text/plain": said})]
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("text"), cell]), path)


def test_a_table_says_what_the_files_say(tmp_path, capsys):
    hand_in(tmp_path / "ada" / "99.ipynb", RIGHT, "✓ Exercise 99.1: all properties hold.")
    hand_in(tmp_path / "bob" / "99.ipynb", WRONG, "✗ Exercise 99.1: a hint.")
    chapter = Chapter("99")
    chapter.predict("a", "Which?", ["one", "two"], guess=1)
    chapter.reveal("a", 1)
    chapter.report(tmp_path / "carl.json")
    (tmp_path / "dora.json").write_text("[1, 2]")
    (tmp_path / "eve.ipynb").write_text("{")
    capsys.readouterr()
    grade.main([str(tmp_path), "--csv", str(tmp_path / "table.csv")])
    said = capsys.readouterr()
    rows = {row[0]: row for row in csv.reader((tmp_path / "table.csv").open(encoding="utf-8"))}
    assert rows["file"][:2] == ["file", "99.1"]
    assert rows["ada/99.ipynb"][1] == "✓"
    assert rows["bob/99.ipynb"][1] == "✗"
    assert rows["carl.json"][1] == "○"
    assert rows["carl.json"][-1] == "1 of 1"
    assert "ada/99.ipynb" in said.out
    assert "dora.json is not a report of chapter.report" in said.err
    assert "eve.ipynb is not a notebook" in said.err


def test_only_run_executes_and_finds_what_a_file_hides(tmp_path):
    trap = tmp_path / "trap"
    bad = f"open({str(trap)!r}, 'w').close()\n" + STUB
    hand_in(tmp_path / "1" / "a.ipynb", bad, "✓ Exercise 99.1: all properties hold.")
    hand_in(tmp_path / "2" / "a.ipynb", RIGHT)
    hand_in(tmp_path / "3" / "a.ipynb", WRONG, "✓ Exercise 99.1: all properties hold.")
    found = [grade.read(path, path.parent.name) for path in sorted(tmp_path.rglob("*.ipynb"))]
    assert [row[1] for row in grade.table(found)] == ["99.1", "✓", "○", "✓"]
    assert not trap.exists()
    assert [row[1] for row in grade.table(found, run=True)] == ["99.1", "○!", "✓!", "✗!"]
    assert trap.exists()


@pytest.mark.parametrize("code", ["while True: 1", "import os; os._exit(0)", "1 / 0", "syntax error"])
def test_code_that_hangs_or_kills_is_wrong(code, monkeypatch):
    monkeypatch.setattr(grade, "SECONDS", 10)
    assert grade.check({"99.1": f"{code}\n{RIGHT}"}) == {"99.1": "wrong"}


def test_a_folder_without_hand_ins_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        grade.main([str(tmp_path)])
    assert "holds no notebooks" in capsys.readouterr().err


def test_a_report_with_an_invented_status_is_left_out(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"predictions": {}, "exercises": {"99.1": "brilliant"}}))
    with pytest.raises(ValueError, match="cannot be 'brilliant'"):
        grade.read(path, "x.json")
