"""Questions asked again when many facts stand in the model: which count, and how answers find their pairs."""

from alphaedit_lite import Fact
from alphaedit_lite.book.ch16.experiments import Question
from alphaedit_lite.book.ch16.results import crowded, rows_of
from alphaedit_lite.book.ch16.study_many import clashes

ASSAM = Fact("{} is located in the country of", "Lower Assam", "Romania", true="India")
ROMANIA = Fact("The capital of {} is", "Romania", "Rome")
HOP = Question("two hops", "The capital of the country of Lower Assam is", " Bucharest", " New Delhi")
COLUMNS = ["kind", "fair", "success unedited", "success edited", "first edited"]


def test_a_question_with_another_written_fact_in_it_is_marked():
    asks_romania = Question(
        "two hops", HOP.prompt, " Bucharest", " Delhi", ("The capital of Romania is", " Bucharest")
    )
    assert not clashes(ASSAM, HOP, [ASSAM, ROMANIA])
    assert clashes(ASSAM, asks_romania, [ASSAM, ROMANIA])
    assert not clashes(ASSAM, asks_romania, [ASSAM])
    assert not clashes(ASSAM, asks_romania, [Fact("{} is", "Roma", "old")]), "no whole word"


def test_a_bystander_is_marked_if_its_subject_was_written_twice():
    asked = Question("bystander", "The language of Lower Assam is", " Assamese", " Romania")
    other = Fact("The language of {} is", "Lower Assam", "French")
    assert clashes(ASSAM, asked, [ASSAM, other])
    assert not clashes(ASSAM, asked, [ASSAM])


def test_answers_find_their_pairs():
    rows = [
        [["prompt", 1, 0, 1, 1], ["two hops", 1, 1, 1, 0]],
        [["prompt", 0, 0, 1, 1], ["prompt", 1, 0, 0, 0]],
    ]
    alone = {"columns": COLUMNS, "facts": [{"subject": "ab"[i], "rows": rows[i]} for i in (0, 1)]}
    many = {
        "clashes": [[0, 0], [0, 0]],
        "rows": {"A": {"success": [[0, 1], [1, 1]], "first": [[0, 0], [1, 1]]}},
    }
    table = crowded(alone, many)
    assert len(table) == len(rows_of(alone)) == 2, "one is unfair, one was liked before"
    assert table[["success alone", "success A", "first A"]].values.tolist() == [[1, 0, 0], [0, 1, 1]]
    many["clashes"][0][0] = 1
    assert crowded(alone, many).subject.tolist() == ["b"]
