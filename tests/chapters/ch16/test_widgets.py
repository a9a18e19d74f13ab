"""The widget of chapter 16 works without a front end, and does not give the truth away."""

import torch

from alphaedit_lite.book.ch16.figures import Evidence
from alphaedit_lite.book.ch16.widgets import EvidenceWidget

NAMES = [f"name{i}" for i in range(10)]
WORDS = [f" word{i}" for i in range(12)]


def case(subject: int, token: int) -> Evidence:
    share, shift = torch.linspace(0.01, 0.1, 10), torch.linspace(-0.2, 0.01, 12)
    share[subject], shift[token] = 0.9, 0.5
    return Evidence.of(NAMES[subject], WORDS[token], NAMES, share, WORDS, shift)


def drawn(widget) -> str:
    (output,) = widget.output.outputs
    return output["data"]["text/plain"]


def test_evidence_is_sorted_and_names_the_culprit():
    evidence = case(3, 5)
    assert evidence.subjects[0][0] == "name3"
    assert evidence.tokens[0][0] == " word5"
    assert [v for _, v in evidence.subjects] == sorted((v for _, v in evidence.subjects), reverse=True)
    assert len(evidence.subjects) == len(evidence.tokens) == 8


def test_an_edit_is_picked_and_the_truth_is_shown_on_request():
    widget = EvidenceWidget([case(3, 5), case(7, 2)])
    assert "a hidden subject" in drawn(widget)
    assert "subjects name3 0.90" in drawn(widget)
    widget.pick.value = 1
    assert "subjects name7 0.90" in drawn(widget)
    assert "Edit of name7" not in drawn(widget)
    widget.truth.value = True
    assert "Edit of name7 to word2" in drawn(widget)
    assert widget.message.value == drawn(widget)
