"""What an edit says of itself: before and after are those of the metrics, causes are those that were made."""

import warnings
from functools import partial

import pytest
import torch

from alphaedit_lite import AlphaEdit, Edit, Editor, Fact, TargetConfig, compute_targets, evaluate
from alphaedit_lite.finetune import FineTune
from alphaedit_lite.scale.export import to_lora
from alphaedit_lite.support.causes import likely_cause, shares
from alphaedit_lite.support.collisions import ALIKE, KeysAlikeWarning, collisions
from alphaedit_lite.support.firstwords import first_words
from alphaedit_lite.support.fits import BaseMissingWarning
from tests.conftest import tiny
from tests.helpers import LAYERS, editor_for, same, weights

EINSTEIN = Fact("{} was born in the city of", "Italy", "Paris", true="Rome")
AGAIN = Fact("{} died in the country of", "Italy", "India", true="Asia")
ELSEWHERE = Fact("The weather in Asia; {} is", "Italy", "India")


def test_a_report_is_the_metrics_before_and_after(lm, facts):
    editor = editor_for(lm)
    before, unedited = evaluate(lm, facts, progress=False), weights(lm)
    edit = editor.edit(facts)
    after, edited = evaluate(lm, facts, progress=False), weights(lm)
    found = edit.report()
    assert same(weights(lm), edited)
    assert lm.ledger.edits == [edit]
    assert found.table["before"].equals(before[found.table["before"].columns])
    assert found.table["after"].equals(after[found.table["after"].columns])
    assert [name for name, _ in found.summary.index] == ["the fact", "the fact"]  # no other is asked
    took = int(after.efficacy_top1.sum())
    assert str(found).startswith(f"{took} of {len(facts)} facts")
    assert len(found.failed) == len(facts) - took
    assert found._repr_html_().startswith("<p>")
    edit.revert()
    assert same(weights(lm), unedited)
    with pytest.raises(ValueError, match="in no model"):
        edit.report()


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"targets": TargetConfig(search="adam", steps=2, lr=1e-6)}, "more steps"),
        ({"targets": TargetConfig(steps=3, clamp=1e-3, weight_decay=0.0)}, "a larger clamp"),
    ],
)
def test_a_fact_that_did_not_take_is_named_with_its_cause(lm, facts, settings, cause):
    found = editor_for(lm, **settings).edit(facts[:1]).report()
    assert len(found.failed) == 1
    assert f"Did not take: {facts[0].prompt + facts[0].new!r}" in str(found)
    assert cause in str(found)


def test_too_much_caution_is_named_as_the_cause(lm, facts):
    z = torch.randn(1, lm.d_model, generator=torch.Generator().manual_seed(0))
    editor = editor_for(lm, lam=1e4)
    found = str(editor.edit(facts[:1], z).report())
    (edit,) = lm.ledger.edits
    shares = {i: float(edit.gain[i][0] @ edit.keys[i][0]) for i in LAYERS}
    assert f"In block {min(shares, key=shares.get)} only {min(shares.values()):.0%} of" in found
    ranks = {editor.null_spaces[layer].rank for layer in LAYERS}
    assert any(f"of the residual arrived. P has {rank} directions there" in found for rank in ranks)


def test_of_given_targets_what_they_say_is_told_and_no_more(lm, facts):
    config = TargetConfig(steps=3, clamp=1e-3, weight_decay=0.0)
    found = compute_targets(lm, facts[:1], LAYERS[-1], config, progress=False)
    assert (found.named.tolist(), found.clamped.tolist()) == ([False], [True])
    editor = editor_for(lm, lam=1e-6)
    edit = editor.edit(facts[:1], found)
    assert "z itself does not name the object; its length met the bound" in str(edit.report())
    edit.revert()
    edit = editor_for(lm, solver="ridge", lam=1e-6).edit(facts[:1], found.z)  # a tensor says nothing
    assert "What was asked arrives, but whether it names the object is not known" in str(edit.report())


def test_of_fine_tuning_no_z_is_told(lm, facts):
    edit = FineTune(lm, layers=(2,), steps=1, lr=1e-6, progress=False).edit(facts[:1])
    (_, cause) = str(edit.report()).split("Did not take: ")
    assert "z names" not in cause
    assert "without a z and keys: of fine-tuning, more steps or a larger bound may help" in cause


def test_what_a_finish_takes_away_has_not_arrived(lm, facts):
    edit = editor_for(lm, solver="ridge", lam=1e-4, keep=0.01).edit(facts[:2])
    found = shares(edit)
    for layer in LAYERS:
        keys, wanted = edit.keys[layer].double(), edit.residual[layer].double()
        for i in range(2):
            came = edit.delta(layer) @ keys[i] @ wanted[i] / wanted[i].norm() ** 2
            assert found[layer][i] == pytest.approx(float(came), abs=1e-6)
            assert came < 0.5 < edit.gain[layer][i].double() @ keys[i]
    worst = min(LAYERS, key=lambda layer: found[layer][0])
    edit.notes["named"] = [True, True]
    said = likely_cause(edit, 0, None, found)
    assert said.startswith(f"In block {worst} only {found[worst][0]:.0%} of the residual arrived.")
    assert said.endswith("A smaller lam, or a larger keep, may help.")
    edit = editor_for(lm, solver="ridge", lam=1e-4).edit(facts[:2])
    assert all(share == pytest.approx(1, abs=0.1) for some in shares(edit).values() for share in some)


def write(how):
    """From a model to an editor: closed forms of some layers, or fine-tuning."""
    return partial(editor_for, layers=how) if how else partial(FineTune, layers=(2,), steps=2, progress=False)


@pytest.mark.filterwarnings("ignore:.*have the same key")
@pytest.mark.parametrize(
    ("first", "second"), [(LAYERS, LAYERS), ((1,), (2, 3)), (None, LAYERS), (LAYERS, None)]
)
@pytest.mark.parametrize("same_prompt", [True, False])
def test_an_edit_without_the_one_that_it_was_written_over(lm, tmp_path, first, second, same_prompt):
    """Its update leads from the earlier answer on: whoever parts the two is told, and so is who asks why."""
    over = Fact(EINSTEIN.template, "Italy", "Asia") if same_prompt else AGAIN
    base = write(first)(lm).edit([ELSEWHERE, EINSTEIN])
    edit = write(second)(lm).edit([Fact("{} is open in", "Café Zürich", "Rome"), over])
    if not same_prompt and None in (first, second):  # fine-tuning knows no keys
        assert "over" not in edit.notes
        return
    assert edit.notes["over"] == {base.entered: [1]}
    edit.save(tmp_path / "over.safetensors")
    base.save(tmp_path / "base.safetensors")
    held = weights(lm)
    said = f"{over.prompt}' -> '{over.new}' was written over"
    with warnings.catch_warnings():
        warnings.simplefilter("error", BaseMissingWarning)
        assert "written over" not in " ".join(edit.report().table["fact", "cause"])
        with pytest.raises(BaseMissingWarning, match=f"{said} the edit that is reverted now, and stays"):
            base.revert()  # as an error, it leaves no trace
        assert same(weights(lm), held)
        edit.revert()
        base.revert()
        apart = Edit.load(tmp_path / "over.safetensors")
        with pytest.raises(BaseMissingWarning, match=f"{said} an earlier edit .* Apply that one first"):
            apart.apply(lm)
        assert not lm.ledger.edits
        Edit.load(tmp_path / "base.safetensors").apply(lm)
        apart.apply(lm)
        with pytest.raises(BaseMissingWarning, match=said):
            to_lora(lm, tmp_path / "lora", [apart])
    with pytest.warns(BaseMissingWarning, match=said) as found:
        lm.ledger.edits[0].revert()
    assert found[0].filename == __file__
    causes = apart.report().table["fact", "cause"]
    assert ["written over an earlier edit" in cause for cause in causes] == [False, True]


@pytest.mark.parametrize("together", [True, False])
def test_two_facts_with_one_key_are_both_named(lm, together):
    """In one batch, or one after the other: the subject stands first in both, so their keys are equal."""
    editor = editor_for(lm)
    if together:
        with pytest.warns(KeysAlikeWarning, match=r"died in the country of.*born in the city of"):
            editor.edit([EINSTEIN, AGAIN])
    else:
        editor.edit([EINSTEIN])
        with pytest.warns(KeysAlikeWarning, match=r"died in the country of.*born in the city of"):
            editor.edit([AGAIN])
        assert torch.equal(*(edit.keys[LAYERS[0]] for edit in lm.ledger.edits))
    lm.ledger.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        editor.edit([AGAIN])
        editor.edit([Fact("{} speaks", "Italy", AGAIN.new)]).revert()  # the same key, and the same answer
        editor.edit([Fact(AGAIN.template, "Italy", "France")])  # written anew: no conflict
        editor.edit([ELSEWHERE])  # another key


def test_near_keys_collide_and_far_ones_do_not(lm, facts):
    torch.manual_seed(0)
    keys = torch.randn(3, lm.d_ff)
    for shift, count in ((0.5, 1), (2.0, 0)):
        step = torch.randn(lm.d_ff)
        keys[1] = keys[0] + shift * ALIKE * keys[0].norm() * step / step.norm()
        found = collisions(lm, facts, {1: keys})
        assert len(found) == 2 * count  # each of the two names the other


@pytest.mark.parametrize(("first", "second"), [((1,), (2, 3)), ((3,), (1, 2, 3)), ((2, 3), (1,))])
def test_one_key_in_edits_of_different_layers(lm, first, second):
    """Their keys cannot be compared; that the prompts begin alike says enough."""
    born = Fact("{} was born in the city of", "Lower Assam", "Rome")
    died = Fact("{} died in the country of", "Lower Assam", "Asia")
    editor_for(lm, layers=first).edit([born])
    with pytest.warns(KeysAlikeWarning, match=r"died in the country of.*born in the city of"):
        editor_for(lm, layers=second).edit([died])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        editor_for(lm, layers=second).edit([Fact("Who lived in {}?", "Lower Assam", "Rome")])


def test_the_same_tokens_are_one_key_in_edits_of_different_layers():
    """One prompt carries the text of BOS, in the other the tokenizer puts it in front."""
    lm = tiny("llama", bos=True)
    editor_for(lm, layers=(1,)).edit([EINSTEIN])
    carried = Fact("<s>{} died in the country of", "Italy", "India")
    with pytest.warns(KeysAlikeWarning, match=r"died in the country of.*born in the city of"):
        editor_for(lm, layers=(2, 3)).edit([carried])


@pytest.mark.parametrize("bos", ["", "<|im_start|>"])
def test_a_subject_with_the_key_of_any_first_word_is_named_and_mended(smollm, bos):
    """The default model keeps nothing of its first token, nor of the next behind a BOS it was not taught."""
    editor, fact = AlphaEdit(smollm, progress=False), Fact(bos + "{} is located in", "Paris", "Japan")
    with pytest.warns(KeysAlikeWarning, match=r"'Paris' is one token, the first .*Put words in front of"):
        edit = editor.edit([fact])
    (_, cause) = str(edit.report()).split("Did not take: ")
    assert "has the key of any first word. Put words in front of the subject" in cause
    assert "lam" not in cause
    edit.revert()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        edit = editor.edit([Fact(bos + "I have read that {} is located in", "Paris", "Japan")])
    assert not len(edit.report().failed)


def test_whether_a_first_word_has_a_key_of_its_own_is_measured(smollm, lm):
    """Behind the token that ends texts it has; random models have no such first token, whatever their BOS."""
    facts = [Fact("{} is in", word, "Japan") for word in ("Water", "Lower Assam", "Paris")]
    assert first_words(smollm, facts, 3) == first_words(smollm, facts, 7) == [0, 2]
    assert not first_words(smollm, [Fact("<|endoftext|>{} is in", "Paris", "Japan")], 3)
    for random in (lm, tiny("llama", bos=True)):
        assert not first_words(random, [Fact("{} is in", "T", "Japan")], 1)


@pytest.mark.parametrize(
    ("settings", "ways"),
    [
        ({"solver": "alphaedit"}, " A smaller lam may help."),
        ({"solver": "ridge", "keep": 0.01}, " A smaller lam, or a larger keep, may help."),
        ({"solver": "ridge", "finish": lambda _, d: d / 9}, " A smaller lam, or another finish, may help."),
        ({"solver": "memit"}, " A smaller weight may help."),
        ({"solver": "encore"}, " A smaller weight and lam may help."),
        ({"solver": "memit", "project": "after"}, " A smaller weight, or a larger threshold, may help."),
        ({"solver": "emmet", "keep": 0.01}, " A larger keep may help."),
        ({"gain": lambda _, keys, __: keys / 1e9}, ""),
    ],
)
def test_the_knob_that_is_named_is_one_that_the_solver_has(lm, facts, settings, ways):
    given = {"layers": LAYERS, "threshold": 0.3, "threshold_kind": "relative", "progress": False, **settings}
    editor = Editor(lm, statistics=editor_for(lm).statistics, **given)
    edit = editor.edit(facts[:1], torch.randn(1, lm.d_model))
    edit.notes["named"] = [True]
    said = likely_cause(edit, 0, None, {2: [0.07]})
    assert said.startswith("In block 2 only 7% of the residual arrived.")
    assert said.endswith(ways or ("arrived.", "directions there."))
