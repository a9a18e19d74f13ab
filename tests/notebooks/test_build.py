"""Sources that break a rule are refused with file and line; editions hold what they should."""

import nbformat
import pytest

from tools import lesson
from tools.build_notebooks import SOURCES, SourceError, check_source, edition, source_hash, without_outputs

GOOD = """# %% [markdown]
# # A chapter
# A share of [[=1/3:.0%]].

# %% [markdown] tags=["instructor"]
# For the teacher.

# %% tags=["setup"]

# %% exercise="99.1"
def f(x):
    # BEGIN SOLUTION
    # STUB return None
    return x
    # END SOLUTION

f = chapter.check("99.1", f)
print(f(1))
"""


def write(tmp_path, text):
    path = tmp_path / "07_x.py"
    path.write_text(text)
    return path


def test_editions(tmp_path):
    path = write(tmp_path, GOOD)
    assert check_source(path) == ["99.1"]
    student, solved = without_outputs(path), without_outputs(path, solved=True)
    assert "return None" in student.cells[2].source
    assert "return x" not in student.cells[2].source
    assert "return x" in solved.cells[2].source
    for notebook in (student, solved):
        code = "\n".join(cell.source for cell in notebook.cells)
        assert "SOLUTION" not in code
        assert "STUB" not in code
        assert "For the teacher" not in code
        assert "%pip install" in code
    ours = next(cell.source for cell in student.cells if "Our version" in cell.source)
    assert "return x" in ours
    assert "chapter.check" not in ours
    assert "print" not in ours, "what stands behind the check is no part of the answer"
    assert "Our version" not in "".join(cell.source for cell in solved.cells)
    assert "For the teacher" in "".join(c.source for c in without_outputs(path, True, instructor=True).cells)
    assert edition("a\n# BEGIN SOLUTION\nb\n# END SOLUTION\nc", False) == "a\n...  # your code here\nc"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    # END SOLUTION\n", "", r"07_x.py:12: BEGIN SOLUTION has no END"),
        ("    # BEGIN SOLUTION\n", "", r"07_x.py:14: END SOLUTION without"),
        ('f = chapter.check("99.1", f)', "", r"07_x.py:10: exercise 99.1 has no chapter.check"),
        ('# %% exercise="99.1"', "# %%", r"07_x.py:12: a solution in no exercise"),
        ('exercise="99.1"', 'exercise="99.99"', r"07_x.py:10: exercise 99.99 has no check in"),
        ("[[=1/3:.0%]]", "[[file=nothing]]", r"07_x.py:3: alphaedit_in_one_file.py has no piece 'nothing'"),
        ('# %% tags=["setup"]', '# %% file="run f"', r"07_x.py:8: alphaedit_in_one_file.py has no piece 'f'"),
        ("[[=1/3:.0%]]", "[[=result('no.json')['a']:.0%]]", r"07_x.py:3: there is no results/no.json"),
    ],
)
def test_bad_sources(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(SourceError, match=message):
        check_source(write(tmp_path, GOOD.replace(old, new)))


def test_an_exercise_twice(tmp_path):
    again = GOOD[GOOD.index("# %% exercise") :]
    with pytest.raises(SourceError, match=r"07_x.py:20: exercise 99.1 stands here for the second time"):
        check_source(write(tmp_path, GOOD + "\n" + again))


def test_chapter_8_prints_alphaedit_in_one_file_whole():
    """Each piece once, in order: the cells that run, and the last lines, which do not, are the file."""
    cells = without_outputs(SOURCES / "08_alphaedit.py").cells
    printed = [cell.source for cell in cells if "file" in cell.metadata]
    (last,) = (cell.source for cell in cells if "__main__" in cell.source)
    last = last.split("```python\n")[1].split("\n```")[0]
    assert "\n\n\n".join([*printed, last]) + "\n" == lesson.ONE_FILE.read_text(encoding="utf-8")


def test_a_lesson_that_prints_the_file_is_stale_when_the_file_changes(tmp_path, monkeypatch):
    with_file = write(tmp_path, GOOD.replace('# %% tags=["setup"]', '# %% file="padded run"'))
    before, untouched = source_hash(with_file), source_hash(SOURCES / "07_null_space.py")
    text = lesson.ONE_FILE.read_text(encoding="utf-8")
    assert without_outputs(with_file).cells[1].source == lesson.piece("padded run")
    assert lesson.piece("padded run").startswith("def padded(rows):")
    changed = tmp_path / "alphaedit_in_one_file.py"
    changed.write_text(text.replace("RATE, CLAMP", "CLAMP, RATE", 1), encoding="utf-8")
    monkeypatch.setattr(lesson, "ONE_FILE", changed)
    assert source_hash(with_file) != before
    assert source_hash(SOURCES / "07_null_space.py") == untouched


def test_what_would_answer_is_closed(tmp_path):
    cells = ['chapter.predict("a", "Which?", ["x", "y"])', "x = 1", 'chapter.reveal("a", 0)', "y = 2"]
    text = "".join(f"# %%\n{cell}\n\n" for cell in cells) + '# %% tags=["answer"]\nz = 3\n'
    found = without_outputs(write(tmp_path, text)).cells
    tags = [cell.metadata.get("tags", []) for cell in found]
    assert ["hide-output" in some for some in tags] == [False, True, True, False, True]
    assert ["hide-input" in some for some in tags] == [True, False, True, False, False]


def test_what_answers_a_prediction_is_closed_but_no_exercise():
    code = ["chapter.predict('a', 'Which?', ['x', 'y'])", "f = chapter.check('01.1', f)", "show(1)"]
    cells = [nbformat.v4.new_code_cell(text) for text in [*code, "chapter.reveal('a', 1)", "show(2)"]]
    cells[1].metadata["exercise"] = "01.1"
    cells[4].metadata["tags"] = ["answer"]
    lesson.fold(cells)
    closed = [bool(cell.metadata.get("jupyter", {}).get("outputs_hidden")) for cell in cells]
    assert closed == [False, False, True, True, True], "the exercise says whether it is right"
    assert [bool("hide-output" in cell.metadata.get("tags", [])) for cell in cells] == closed
