"""The demo on a tiny model: before, after, whether it took, after undo; with any fact."""

import re
import sys

import pytest

from alphaedit_lite import Fact, TargetConfig
from alphaedit_lite.book.kit import demo
from tests.helpers import editor_for, same, weights


@pytest.fixture
def run(lm, monkeypatch, capsys):
    """Run the demo with some arguments; what it says, in three parts, and the facts that were written."""
    written = []

    def act(*arguments, **settings):
        editor = editor_for(lm, **settings)
        edit = editor.edit
        monkeypatch.setattr(editor, "edit", lambda facts: written.extend(facts) or edit(facts))
        monkeypatch.setattr(demo, "load_model", lambda: lm)
        monkeypatch.setattr(demo, "AlphaEdit", lambda _: editor)
        monkeypatch.setattr(sys, "argv", ["demo", *arguments])
        demo.main()
        return re.split(r"\n(?:Before|After.*)\n", capsys.readouterr().out)[1:], written

    return act


def test_the_demo_says_whether_the_edit_took_and_undoes_it(lm, run):
    before = weights(lm)
    (first, second, third), written = run(targets=TargetConfig(steps=2, lr=1e-6))
    assert written == [demo.LOWER_ASSAM]
    assert first.split("  generation")[0] == third.split("  generation")[0]
    asked, told = second.split("Did it take?\n")
    assert asked.count("  paraphrase") == 3
    assert told.startswith("0 of 1 facts")
    for what in ("the fact", "paraphrases", "neighbours"):
        for judged in ("success", "first choice"):
            assert re.search(rf"  {what}, {judged}: \d+% before, \d+% after", told)
    assert "Did not take: 'Lower Assam is located in the country of Romania'. z itself" in told
    assert same(weights(lm), before)
    assert not lm.ledger.edits


def test_the_demo_takes_a_fact_of_ones_own(lm, run):
    parts, (fact,) = run("--subject", "Rome", "--template", "The mayor of {} is", "--new", "Anna")
    assert (fact.prompt, fact.new) == ("The mayor of Rome is", " Anna")
    assert fact.true == Fact("{}", "x", "y", demo.first_guess(lm, fact.prompt) or None).true
    assert "The mayor of Rome is …" in parts[0]
    assert "Lower Assam" not in "".join(parts)


def test_what_cannot_be_asked_is_a_sentence_and_no_traceback(run):
    with pytest.raises(SystemExit, match=r"Sorry: The template .* must hold '{}' exactly once"):
        run("--template", "Rome is in")


@pytest.mark.parametrize(
    ("said", "guess"),
    [
        (" Japan, where it is the highest.", "Japan"),
        (" the United States of America. It", "the United States of America"),
        (" India and is a part of", "India"),
        (" piano player", "piano"),
        (" the", ""),
        ("", ""),
        (" of the\n", ""),
        (" Lake Como in Italy", "Lake Como"),
    ],
)
def test_the_old_answer_is_the_models_own(lm, monkeypatch, said, guess):
    monkeypatch.setattr(type(lm), "complete", lambda *_: said)
    assert demo.first_guess(lm, "Where?") == guess
