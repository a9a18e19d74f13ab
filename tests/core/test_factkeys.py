"""Beginnings that run once for all facts give what whole prompts give, one by one."""

import copy
import dataclasses

import pytest
import torch

from alphaedit_lite import Fact
from alphaedit_lite.factkeys import FactPrompts, shared_start
from alphaedit_lite.hooks import hooked
from alphaedit_lite.prompts import PREFIXES, Encoded
from alphaedit_lite.support.architectures import ARCHITECTURES
from tests.conftest import tiny

FACTS = [
    Fact("The capital of {} is", "Italy", "Rome"),
    Fact("{} is in the country of", "Paris", "India"),
    Fact("The capital of {} is", "France", "Rome"),
]


def one_by_one(lm, fact, prefixes, layer, last):
    """(key, output) of a fact from the model itself, each prompt alone and without any cache."""
    keys, outputs = [], []
    for prefix in prefixes:
        end = len(prefix) + fact.subject_end
        tokens = lm.tokenizer(prefix + fact.prompt, return_offsets_mapping=True)
        stop = 1 + max(i for i, (a, b) in enumerate(tokens["offset_mapping"]) if b > a and a < end)
        ids = torch.tensor([tokens["input_ids"][:stop]])
        inside, out = [], []
        with hooked(inputs={lm.down_projection(layer): inside.append}, outputs={lm.block(last): out.append}):
            lm.model(ids)
        keys.append(inside[0].view(-1, lm.d_ff)[-1])  # some families flatten rows and columns
        outputs.append(out[0][0, -1])
    return (keys[0] + torch.stack(keys[1:]).mean(0)) / 2 if len(keys) > 1 else keys[0], outputs[0]


@pytest.mark.parametrize("prefixes", [PREFIXES, ("",), ("", "Rome is old. ", "")])
@pytest.mark.parametrize("count", [1, 3])
@torch.no_grad()
def test_keys_and_outputs_are_those_of_whole_prompts(lm, prefixes, count):
    facts = FACTS[:count]
    with lm.frozen():
        prompts = FactPrompts(lm, facts, prefixes, 1)
        for layer in (1, 2):
            keys, outputs = prompts.look(layer, 3)
            for i, fact in enumerate(facts):
                key, output = one_by_one(lm, fact, prefixes, layer, 3)
                torch.testing.assert_close(keys[i], key, rtol=1e-4, atol=1e-5)
                torch.testing.assert_close(outputs[i], output, rtol=1e-4, atol=1e-5)
            prompts.advance(layer, layer + 1)


@pytest.mark.parametrize("family", sorted(ARCHITECTURES))
@torch.no_grad()
def test_keys_behind_shared_beginnings_in_every_family(family):
    """Families with a window narrower than the prompts, flattened keys, and positions of every kind."""
    lm = tiny(family)
    with lm.frozen():
        prompts = FactPrompts(lm, FACTS, PREFIXES, 1)
        prompts.advance(1, 2)
        keys, outputs = prompts.look(2, 3)
        for i, fact in enumerate(FACTS):
            key, output = one_by_one(lm, fact, PREFIXES, 2, 3)
            torch.testing.assert_close(keys[i], key, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(outputs[i], output, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_prompts_go_on_through_the_block_as_it_is_then(lm):
    """What was changed in a block reaches the next one, also in the beginnings; a copy stays where it was."""
    with lm.frozen():
        prompts = FactPrompts(lm, FACTS, PREFIXES, 1)
        before = prompts.look(1, 3)
        weight = lm.weight(1)
        kept = weight.clone()
        weight.add_(0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)))
        there = copy.copy(prompts)
        there.advance(1, 2)
        for i, fact in enumerate(FACTS):
            key, output = one_by_one(lm, fact, PREFIXES, 2, 3)
            torch.testing.assert_close(there.look(2, 3)[0][i], key, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(there.look(2, 3)[1][i], output, rtol=1e-4, atol=1e-5)
        weight.copy_(kept)
        assert all(torch.equal(a, b) for a, b in zip(before, prompts.look(1, 3), strict=True))


def test_the_subjects_last_token_is_never_shared():
    row = Encoded([5, 6, 7, 8], 2, 3)
    assert shared_start([row]) == 2
    assert shared_start([row, dataclasses.replace(row, ids=[5, 6, 7, 9])]) == 2
    assert shared_start([row, Encoded([5, 1, 7], 2, 3)]) == 1
    assert shared_start([row, Encoded([5], 0, 1)]) == 0
