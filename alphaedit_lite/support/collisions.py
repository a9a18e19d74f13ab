"""Facts whose keys are equal: one key has one answer, so the later write wipes out the earlier.

    warn_alike(lm, edit)                                # a KeysAlikeWarning that names both
    collisions(lm, edit.facts, edit.keys)               # [(0, Fact("{} was born in", …))]
    written_over(lm, edit.facts, edit.keys)             # {"over": {"5f2a…": [0]}}, for the edit's notes

A subject that stands first in two prompts has one key for both relations. And the write that comes later is
computed on top of the earlier one: its Δ leads from that answer to its own, and says little without it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ..facts import Fact
from ..models import LanguageModel
from ..prompts import encode_fact
from .beside import beside, named, related, warn_beside
from .firstwords import REMEDY, first_words
from .tokens import reading

ALIKE = 0.05  # keys whose difference is a smaller share of their length get one answer


class KeysAlikeWarning(UserWarning):
    """Two facts have one key, so the later write wipes out the earlier; or one has that of any first word."""


def warn_alike(lm: LanguageModel, edit: Any) -> None:
    """Warn of new facts whose key another has, or any first word, and of held ones that they wiped out.

    Call it when the edit is written, and before it is entered.
    """
    facts, keys = edit.facts, edit.keys
    told = collisions(lm, facts, keys)
    for i, other in told:
        warnings.warn(
            f"{facts[i].prompt!r} and {other.prompt!r} have the same key: up to the subject's last token "
            f"they are the same. The model can answer {facts[i].new!r} or {other.new!r}, not both. "
            "Word one of them so that its subject comes later.",
            KeysAlikeWarning,
            stacklevel=3,
        )
    for old, new in _silenced(lm, edit, {other.prompt for _, other in told}):
        warnings.warn(
            f"{old.prompt!r} is no longer answered with {old.new!r}, since a fact of a like subject "
            f"was written after it, {new.prompt!r}. Written in one batch, both may hold.",
            KeysAlikeWarning,
            stacklevel=3,
        )
    warn_beside(lm, edit)
    for i in first_words(lm, facts, min(keys)) if keys else ():
        warnings.warn(
            f"{facts[i].subject!r} is one token, the first of {facts[i].prompt!r}: its key is that of any "
            f"first word, so the edit may not take, or change what follows other words. {REMEDY}",
            KeysAlikeWarning,
            stacklevel=3,
        )


def _silenced(lm: LanguageModel, edit: Any, told: set[str]) -> list[tuple[Fact, Fact]]:
    """Held facts that were first choice until a new one of a like subject came; and that one.

    Their keys are near rather than equal, and no distance says which of them survive: the model is asked.
    """
    held = {old.prompt: old for other in lm.ledger.edits for old in other.facts}  # as it was written last
    told = told | {fact.prompt for fact in edit.facts}
    rivals = {old.prompt: edit.facts[i] for i, old in related(edit.facts, list(held.values()))}
    near = [old for prompt, old in held.items() if prompt in rivals and prompt not in told]
    if near := [old for old, first in zip(near, named(lm, near), strict=True) if not first]:
        with torch.no_grad(), _taken_out(lm, edit):
            near = [old for old, first in zip(near, named(lm, near), strict=True) if first]
    return [(old, rivals[old.prompt]) for old in near]


@contextmanager
def _taken_out(lm: LanguageModel, edit: Any) -> Iterator[None]:
    """The model without an edit that is not entered yet, up to rounding; then as it was, bit for bit."""
    written = {layer: lm.weight(layer).clone() for layer in edit.layers}
    try:
        for layer, weight in written.items():
            lm.weight(layer).copy_(weight.double() - edit.delta(layer).to(weight.device))
        yield
    finally:
        for layer, weight in written.items():
            lm.weight(layer).copy_(weight)


def collisions(
    lm: LanguageModel, facts: Sequence[Fact], keys: Mapping[int, Tensor]
) -> list[tuple[int, Fact]]:
    """New facts whose key is, within ``ALIKE``, that of another new fact or of one that the model holds.

    Edits of other layers are compared by their tokens: the same up to the subject's end, they have one key.

    Args:
        keys: by layer, [n, d_ff], of the new facts; those of the lowest layer are compared.

    Returns:
        (place of the new fact, the other fact), but for prompts that are simply written anew.
    """
    return [
        (i, other)
        for i, other, _ in _alike(lm, facts, keys)
        if facts[i].prompt != other.prompt and facts[i].new != other.new
    ]


def written_over(lm: LanguageModel, facts: Sequence[Fact], keys: Mapping[int, Tensor]) -> dict[str, Any]:
    """What an edit notes: how its facts are read, and those that it is computed upon, by checksum, with the
    places of the new facts whose prompt or key ("over"), or subject ("beside") they hold already."""
    found: dict[str, list[int]] = {}
    for i, _, edit in _alike(lm, facts, keys):
        if edit is not None and edit.entered and i not in found.setdefault(edit.entered, []):
            found[edit.entered].append(i)
    notes = {"read": reading(lm.tokenizer, facts), "beside": beside(lm, facts)}
    return notes | ({"over": found} if found else {})


def _alike(
    lm: LanguageModel, facts: Sequence[Fact], keys: Mapping[int, Tensor]
) -> Iterator[tuple[int, Fact, Any]]:
    """The place of a new fact, another of its prompt or key, and the edit that holds it; None: a new one."""
    layer = min(keys, default=None) if facts else None
    held = [(edit, edit.facts, edit.keys) for edit in lm.ledger.edits]
    for edit, others, theirs in [*held, (None, facts, keys)]:
        places = {other.prompt: j for j, other in enumerate(others)}
        near = {(i, places[fact.prompt]) for i, fact in enumerate(facts) if fact.prompt in places}
        if layer is not None and others and theirs:  # both were written by keys
            if layer in theirs:
                apart = torch.cdist(keys[layer], theirs[layer].to(keys[layer]))
                same = apart < ALIKE * keys[layer].norm(dim=1, keepdim=True)
            else:
                ours, begun = ([_begin(lm, fact) for fact in some] for some in (facts, others))
                same = torch.tensor([[one == other for other in begun] for one in ours])
            near |= set(map(tuple, same.nonzero().tolist()))
        for i, j in sorted(near):
            yield i, others[j], edit


def _begin(lm: LanguageModel, fact: Fact) -> list[int]:
    return encode_fact(lm.tokenizer, fact, ("",), target=False)[0].ids
