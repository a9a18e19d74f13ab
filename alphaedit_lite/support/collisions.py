"""Facts whose keys are equal: one key has one answer, so the later write wipes out the earlier.

    warn_alike(lm, edit.facts, edit.keys)               # a KeysAlikeWarning that names both
    collisions(lm, edit.facts, edit.keys)               # [(0, Fact("{} was born in", …))]

A subject that stands first in two prompts has one key for both relations.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..facts import Fact
from ..models import LanguageModel
from ..prompts import encode_fact
from .firstwords import REMEDY, first_words

ALIKE = 0.05  # keys whose difference is a smaller share of their length get one answer


class KeysAlikeWarning(UserWarning):
    """Two facts have one key, so the later write wipes out the earlier; or one has that of any first word."""


def warn_alike(lm: LanguageModel, facts: Sequence[Fact], keys: Mapping[int, Tensor]) -> None:
    """Warn of new facts whose key another has, or any first word. Call it before they are entered."""
    for i, other in collisions(lm, facts, keys):
        warnings.warn(
            f"{facts[i].prompt!r} and {other.prompt!r} have the same key: up to the subject's last token "
            f"they are the same. The model can answer {facts[i].new!r} or {other.new!r}, not both. "
            "Word one of them so that its subject comes later.",
            KeysAlikeWarning,
            stacklevel=3,
        )
    for i in first_words(lm, facts, min(keys)) if keys else ():
        warnings.warn(
            f"{facts[i].subject!r} is one token, the first of {facts[i].prompt!r}: its key is that of any "
            f"first word, so the edit may not take, or change what follows other words. {REMEDY}",
            KeysAlikeWarning,
            stacklevel=3,
        )


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
    layer = min(keys, default=None) if facts else None
    if layer is None:
        return []
    found = []
    for others, theirs in [*((edit.facts, edit.keys) for edit in lm.ledger.edits), (facts, keys)]:
        if not others or not theirs:  # it was not written by keys
            continue
        if layer in theirs:
            apart = torch.cdist(keys[layer], theirs[layer].to(keys[layer]))
            near = apart < ALIKE * keys[layer].norm(dim=1, keepdim=True)
        else:
            mine, held = ([_begin(lm, fact) for fact in some] for some in (facts, others))
            near = torch.tensor([[one == other for other in held] for one in mine])
        for i, j in near.nonzero().tolist():
            if facts[i].prompt != others[j].prompt and facts[i].new != others[j].new:
                found.append((i, others[j]))
    return found


def _begin(lm: LanguageModel, fact: Fact) -> list[int]:
    return encode_fact(lm.tokenizer, fact, ("",), target=False)[0].ids
