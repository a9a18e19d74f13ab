"""Facts of one subject, or one prompt, in several edits: the model is asked which of them hold.

A tiny model names nothing, so what it says is made up here; each fact holds as long as a condition does.
"""

import copy

import pytest
import torch

from alphaedit_lite import Edit, Fact, LanguageModel, key_statistics
from alphaedit_lite.facts import read_counterfact, read_zsre
from alphaedit_lite.finetune import FineTune
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.scale.export import to_lora
from alphaedit_lite.scale.plan import plan
from alphaedit_lite.scale.suggest import suggest_layers
from alphaedit_lite.support import beside
from alphaedit_lite.support.beside import related
from alphaedit_lite.support.causes import likely_cause
from alphaedit_lite.support.collisions import KeysAlikeWarning
from alphaedit_lite.support.fits import BaseMissingWarning
from tests.conftest import CORPUS, tiny, tiny_model, train_tokenizer
from tests.helpers import editor_for, same, weights

SUMMER = Fact("In summer, the weather in {} is", "Rome", "France")
WINTER = Fact("In winter, the weather in {} is", "Rome", "India")
ASIA = Fact("It is said that the capital of {} is", "Asia", "Paris")


@pytest.fixture
def lm():
    return tiny("llama")


@pytest.fixture
def says(monkeypatch, lm):
    """Lay down when each prompt is answered as was written: ``says({prompt: condition of the model})``."""

    def lay_down(conditions):
        def score(model, pairs):
            asked.extend(prompt for prompt, _ in pairs)
            return None, torch.tensor(
                [conditions.get(prompt, bool)(model) for prompt, _ in pairs], dtype=bool
            )

        monkeypatch.setattr(beside, "score", score)
        return asked

    asked = []
    return lay_down


def holds(*edits):
    """Whether the model holds these edits, by the weights: an edit taken out for a moment is none."""
    return lambda lm: all(any(edit.same_as(held) for held in lm.ledger.edits) for edit in edits)


def test_a_fact_that_goes_with_another_of_its_subject_is_told_when_that_is_reverted(lm, says):
    editor = editor_for(lm)
    first, second = editor.edit([SUMMER, ASIA]), editor.edit([WINTER])
    asked = says({WINTER.prompt: holds(first)})
    with pytest.warns(
        BaseMissingWarning, match=r"'In winter.*no longer answered with ' India': .* reverted now"
    ):
        first.revert()
    assert asked == 2 * [WINTER.prompt]
    assert not second.notes.get("over")
    cause = likely_cause(second, 0, None, {2: [0.4]})
    assert "after an edit of a like subject, which is not in the model" in cause


@pytest.mark.parametrize("there", [True, False])
def test_a_fact_that_stays_or_never_was_there_is_not_told(lm, says, recwarn, there):
    editor = editor_for(lm)
    first = editor.edit([SUMMER])
    editor.edit([WINTER])
    says({WINTER.prompt: lambda lm: there})
    recwarn.clear()
    first.revert()
    assert not [one for one in recwarn if issubclass(one.category, BaseMissingWarning)]


def test_a_fact_without_the_one_of_its_subject_is_told_when_it_is_applied(lm, says, tmp_path):
    editor = editor_for(lm)
    first, second = editor.edit([SUMMER]), editor.edit([ASIA, WINTER])
    second.save(tmp_path / "a.safetensors")
    lm.ledger.clear()
    asked = says({WINTER.prompt: holds(first)})
    alone = Edit.load(tmp_path / "a.safetensors")
    with pytest.warns(BaseMissingWarning, match=r"'In winter.* written after an edit of a like subject"):
        alone.apply(lm)
    assert asked == [WINTER.prompt]
    lm.ledger.clear()
    asked.clear()
    first.apply(lm)
    alone.apply(lm)  # upon the one that it was computed upon
    assert WINTER.prompt not in asked
    with pytest.warns(BaseMissingWarning, match=r"'In winter.* after an edit .* which is not among"):
        to_lora(lm, tmp_path / "adapter", [alone])


@pytest.mark.parametrize("other", [SUMMER, Fact(WINTER.template, "Rome", "Asia")], ids=["subject", "prompt"])
@pytest.mark.parametrize("named", [False, True])
def test_an_edit_beside_one_that_it_was_computed_without_is_told_if_it_does_not_take(
    lm, says, recwarn, other, named
):
    editor = editor_for(lm)
    (mine := editor.edit([WINTER])).revert()
    theirs = editor.edit([other])
    says({WINTER.prompt: (lambda lm: True) if named else lambda lm: not holds(theirs)(lm)})
    recwarn.clear()
    mine.apply(lm)
    said = [str(one.message) for one in recwarn if issubclass(one.category, BaseMissingWarning)]
    assert len(said) == (not named)
    assert all(f"computed without {other.prompt!r} -> {other.new!r}" in one for one in said)
    before = weights(lm)
    cause = likely_cause(mine, 0, None, {2: [0.4]})
    assert (f"{other.new!r}, which it was computed without, stands against it" in cause) == (not named)
    assert ("40% of the residual arrived" in cause or "more steps" in cause) == named
    assert same(weights(lm), before)


def test_what_is_known_to_be_written_over_is_told_once(lm, says, recwarn):
    editor = editor_for(lm)
    first, second = editor.edit([SUMMER]), editor.edit([Fact(SUMMER.template, "Rome", "India")])
    asked = says({SUMMER.prompt: holds(first)})
    for act in (first.revert, second.revert, lambda: second.apply(lm)):
        recwarn.clear()
        act()
        told = [one for one in recwarn if issubclass(one.category, BaseMissingWarning)]
        assert len(told) == (act != second.revert)
    assert not asked


@pytest.mark.parametrize(
    ("one", "other", "like"),
    [
        ("Lower Assam", "Upper Assam", True),
        ("the Netherlands", "The Netherlands", True),
        ("Côte d'Ivoire", "Côte d’Ivoire", True),
        ("Washington, D.C.", "Washington D.C.", True),
        ("Eiffel Tower", "The Eiffel Tower", True),
        ("東京", "東京", True),
        ("東京", "京都", False),
        ("Lower Assam", "Lower Saxony", False),
        ("!!", "??", False),
    ],
)
def test_subjects_are_alike_where_their_keys_are_read(one, other, like):
    facts = [Fact("{} is in", "Rome", "France"), Fact("{} is in", one, "France")]
    assert [i for i, _ in related(facts, [Fact("People say {} is", other, "Italy")])] == [1] * like


def test_a_held_fact_of_a_like_subject_is_asked_again(lm, says):
    editor = editor_for(lm)
    lower, upper = (
        Fact("People say that {} is in", f"{name} Assam", "France") for name in ("Lower", "Upper")
    )
    first = editor.edit([lower])
    held = lm.weight(2).clone()
    says({lower.prompt: lambda lm: torch.allclose(lm.weight(2), held, atol=1e-6)})
    with pytest.warns(KeysAlikeWarning, match="'People say that Lower Assam is in' is no longer answered"):
        second = editor.edit([upper])
    says({upper.prompt: holds(first)})
    with pytest.warns(BaseMissingWarning, match="'People say that Upper Assam is in' is no longer answered"):
        first.revert()
    assert "of a like subject, which is not in the model" in likely_cause(second, 0, None, {2: [0.4]})


def test_a_window_is_part_of_what_a_model_is(monkeypatch, tmp_path):
    """Nine tokens do not show it, and statistics of longer texts are others."""
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path))
    wide, narrow = (
        LanguageModel(tiny_model("mistral", sliding_window=window), train_tokenizer())
        for window in (None, 16)
    )
    assert wide.fingerprint == narrow.fingerprint
    statistics = [key_statistics(lm, (3,), [" ".join(CORPUS)], 60, progress=False) for lm in (wide, narrow)]
    again = fit_statistics(wide, (3,), [" ".join(CORPUS)], 60, progress=False)[3]
    assert not torch.allclose(statistics[1][3].total, again.total)
    edit = editor_for(wide).edit([SUMMER])
    edit.revert()
    with pytest.raises(ValueError, match="another configuration"):
        edit.apply(narrow)


def test_a_batch_of_one_subject_blames_none_of_its_own(lm, says):
    edit = editor_for(lm).edit([SUMMER, WINTER])
    says({})
    for i in range(2):
        assert "stands against" not in likely_cause(edit, i, None, {2: [0.1, 0.1]})


def test_a_fact_that_never_took_blames_none_that_came_later(lm, says):
    editor = editor_for(lm)
    first = editor.edit([SUMMER])
    second = editor.edit([WINTER])
    says({SUMMER.prompt: lambda lm: False})
    assert "stands against" not in likely_cause(first, 0, None, {2: [0.1]})
    says({SUMMER.prompt: lambda lm: not holds(second)(lm)})
    assert "' India', which came after it, stands against it" in likely_cause(first, 0, None, {2: [0.1]})
    says({WINTER.prompt: lambda lm: not holds(first)(lm)})
    assert "' France', which came before it, stands against it" in likely_cause(second, 0, None, {2: [0.1]})


def test_fine_tuning_tells_which_held_fact_it_wipes_out(lm, says):
    editor_for(lm).edit([SUMMER])
    held = lm.weight(2).clone()
    says({SUMMER.prompt: lambda lm: torch.allclose(lm.weight(2), held, atol=1e-6)})
    with pytest.warns(KeysAlikeWarning, match=r"'In summer.* is no longer answered with ' France'"):
        FineTune(lm, layers=(2,), steps=3, lr=1e-2, progress=False).edit([WINTER])


def test_edits_of_other_subjects_ask_nothing(lm, says):
    editor = editor_for(lm)
    asked = says({})
    first = editor.edit([SUMMER])
    editor.edit([ASIA])
    first.revert()
    first.apply(lm)
    assert not asked
    assert lm.ledger.edits[0].notes["beside"] == {}


def test_an_edit_of_an_earlier_version_is_taken_as_it_is(lm, says, recwarn):
    editor = editor_for(lm)
    editor.edit([SUMMER])
    second = editor.edit([WINTER])
    second.revert()
    old = copy.deepcopy(second)
    del old.notes["beside"]
    says({WINTER.prompt: lambda lm: True})
    recwarn.clear()
    old.apply(lm)
    assert not [one for one in recwarn if issubclass(one.category, BaseMissingWarning)]


# -- what else a ninth reader found --------------------------------------------------------------------


def test_spaces_at_the_end_of_any_prompt_are_left_out():
    """An object brings its own: behind "of " it would be joined by none, and scored as another word."""

    def original(space):
        return {
            "requested_rewrite": {
                "prompt": "{} is in" + space,
                "subject": "Rome",
                "target_new": {"str": "France"},
                "target_true": {"str": "Italy"},
            },
            "paraphrase_prompts": ["Rome lies in" + space],
            "neighborhood_prompts": ["Pisa is in" + space],
            "generation_prompts": ["Rome has" + space],
        }

    def flat(space):
        return {
            "prompt": "Rome is in" + space,
            "subject": "Rome",
            "target_new": "France",
            "ground_truth": "Italy",
            "rephrase_prompt": "Rome lies in" + space,
            "locality_prompt": "Pisa is in" + space,
            "locality_ground_truth": "Italy",
            "locality": {"near": [{"prompt": "Bari is in" + space, "ground_truth": "Italy"}]},
        }

    for record in (original, flat):
        assert read_counterfact([record("  ")]) == read_counterfact([record("")])

    def question(space):
        asked = {"src": "Where is Rome?", "rephrase": "Rome is where?", "loc": "nq question: who sang it?"}
        rest = {"subject": "Rome", "alt": "France", "answers": ["Italy"], "loc_ans": "Cher"}
        return {name: text + space for name, text in asked.items()} | rest

    assert read_zsre([question(" ")]) == read_zsre([question("")])
    assert read_zsre([question("")])[0].neighbours == (("who sang it?", " Cher"),)


def test_neighbours_that_are_answered_by_the_new_object_are_none_to_judge_layers_by(lm):
    facts = [
        Fact(
            "{} is located in",
            name,
            "Rome",
            "France",
            (f"People say {name} is in",),
            (("Milan is in", "Rome"),),
        )
        for name in ("Paris", "Lower Assam", "Asia", "India")
    ]
    with pytest.raises(ValueError, match="neighbours with answers of their own"):
        suggest_layers(lm, facts, candidates=(1,), tokens=100, progress=False)


def test_a_plan_does_not_depend_on_the_order_of_its_layers(lm):
    assert plan(lm, layers=(4, 1)) == plan(lm, layers=(1, 4))


@pytest.mark.parametrize("ends", [None, torch.tensor(2), torch.tensor([2, 3])])
def test_tokens_that_end_a_text_may_be_none_or_a_tensor(lm, ends):
    if ends is None:
        lm.model.generation_config = None
    else:
        lm.model.generation_config.eos_token_id = ends
    assert lm.ends == ([] if ends is None else ends.flatten().tolist())
    lm.complete("Rome is", 3)
