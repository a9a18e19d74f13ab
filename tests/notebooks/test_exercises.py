"""Each exercise: its solution passes, its stub does not, each named wrong answer gets its own hint."""

import random
import re
from importlib import import_module

import jupytext
import pytest
import torch

from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.exercises import EXERCISES, Hint, exercise, expect, judge, load, refuse
from tools.build_notebooks import ROOT, edition

SOURCES = sorted((ROOT / "notebooks" / "source").glob("*.py"))  # the template, too
FOUND = [
    (cell.metadata["exercise"], cell.source)
    for source in SOURCES
    for cell in jupytext.read(source).cells
    if "exercise" in cell.metadata
]
CELLS = dict(FOUND)
CHAPTERS = sorted({number[:2] for number in CELLS})
for chapter in CHAPTERS:
    load(chapter)
# Exercise -> {the mistake: (code that sets ``answer``, what its hint must say)}.
WRONG = {
    number: answers
    for chapter in CHAPTERS
    for number, answers in import_module(f"tests.chapters.ch{chapter}.wrong").WRONG.items()
}
CONTEXT = "import math\nimport torch\nfrom alphaedit_lite import *\n"  # what their chapters import


def answer(number: str, code: str):
    """Run an exercise's cell up to its check, and return what it would hand to the check."""
    names: dict = {}
    exec(CONTEXT, names)
    before, check = re.split(rf"(?=^.*chapter\.check\(\"{number}\")", code, maxsplit=1, flags=re.M)
    handed = re.search(r"chapter\.check\(\"[\d.]+\",\s*(.+)\)", check).group(1)
    exec(before, names)
    return eval(handed, names)


def test_every_exercise_has_a_cell_and_two_wrong_answers():
    assert len(CELLS) == len(FOUND), "a number is used in two chapters"
    assert set(CELLS) == set(EXERCISES) == set(WRONG)
    assert all(len(wrong) >= 2 for wrong in WRONG.values())


@pytest.mark.parametrize("number", sorted(CELLS))
def test_solution_and_reference_pass_and_the_stub_does_not(number):
    for _ in range(3):  # fresh random data every time
        assert judge(number, answer(number, edition(CELLS[number], solved=True)))[0] == "passed"
        assert judge(number, EXERCISES[number].reference)[0] == "passed"
    assert judge(number, answer(number, edition(CELLS[number], solved=False)))[0] == "open"


@pytest.mark.parametrize(
    ("number", "name"), [(n, name) for n, wrong in sorted(WRONG.items()) for name in wrong]
)
def test_wrong_answers_get_their_hint(number, name):
    code, hint = WRONG[number][name]
    names: dict = {}
    exec(CONTEXT, names)
    exec(code, names)
    for _ in range(3):
        status, sentence = judge(number, names["answer"])
        assert status == "wrong"
        assert re.search(hint, sentence), sentence


def test_a_chapter_keeps_score(tmp_path, capsys):
    number = sorted(EXERCISES)[0]
    chapter = Chapter(number[:2])
    reference = EXERCISES[number].reference
    assert chapter.check(number, ...) is reference  # a stub
    assert chapter.exercises[number] == "open"
    assert chapter.check(number, lambda *_: 1 / 0) is reference
    assert chapter.exercises[number] == "wrong"
    assert chapter.check(number, reference) is reference
    assert chapter.exercises[number] == "passed"
    chapter.predict("a", "More?", ["yes", "no"], guess=0, sure=0.9)
    chapter.reveal("a", 1)
    chapter.predict("b", "Less?", ["yes", "no"])
    chapter.reveal("b", 0)
    chapter.report(tmp_path / "hand_in.json")
    said = capsys.readouterr().out
    for part in ("not done yet", "ZeroDivisionError", "90% sure", "B. no", "no prediction", "0 of 1 right"):
        assert part in said, part
    assert '"passed"' in (tmp_path / "hand_in.json").read_text()


def test_two_checks_for_one_number_are_refused():
    with pytest.raises(ValueError, match="two checks"):
        exercise(sorted(EXERCISES)[0], None)(lambda _: None)


@pytest.fixture
def unlucky():
    """Data are two coins. At one's tails two mistakes are alike, at the other's a third is what is right."""

    def check(answer):
        coins = (torch.rand(2) < 0.8).double().tolist()
        mistakes = {"two": 2.0, "two or three": 2.0 + coins[0], "one or five": 1.0 + 4 * coins[1]}
        refuse(answer(*coins), mistakes, lambda a, b: a == b)
        expect(answer(*coins) == 1.0, "another number")

    exercise("99.9", reference=lambda a, b: 1.0)(check)
    yield "99.9"
    del EXERCISES["99.9"]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("two", lambda a, b: 2.0),
        ("two or three", lambda a, b: 2.0 + a),
        ("one or five", lambda a, b: 1.0 + 4 * b),
        ("another number", lambda a, b: 7.0),
    ],
)
def test_unlucky_data_name_no_other_mistake(unlucky, name, answer):
    for _ in range(40):
        assert judge(unlucky, answer) == ("wrong", f"{name} (The chapter goes on with our version.)")


def test_unlucky_data_refuse_no_right_answer_and_leave_the_readers_random_numbers(unlucky):
    state, torchs = random.getstate(), torch.get_rng_state()
    for _ in range(40):
        assert judge(unlucky, lambda a, b: 1.0)[0] == "passed"
    assert random.getstate() == state, "the reader's own random numbers are drawn on"
    assert torch.equal(torch.get_rng_state(), torchs), "the chapter's own numbers would be others"


def test_a_check_that_refuses_its_reference_ends():
    def check(answer):
        raise Hint("never right")

    exercise("99.8", reference=abs)(check)
    try:
        assert judge("99.8", abs) == ("wrong", "never right (The chapter goes on with our version.)")
    finally:
        del EXERCISES["99.8"]
