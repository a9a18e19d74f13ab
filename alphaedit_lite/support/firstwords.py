"""Subjects with the key of any first word: an edit of one reaches its own prompt hardly, or all first words.

    first_words(lm, [Fact("{} is located in", "Paris", "Japan")], layer=3)      # [0]

Many models rest their attention on the first token of a text, and keep nothing there of what it says: at
"Paris", "Germany" and "Water" the keys are nearly the same, and no solver can tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from ..facts import Fact
from ..hooks import hooked
from ..models import LanguageModel
from ..prompts import encode_fact
from .tokens import pieces

OTHERS = ("Water", "Red")  # any words will do
LIKE = 0.75  # cosine; 0.9 and more where all first words are alike, below 0.5 behind a single word
REMEDY = "Put words in front of the subject, as in 'I have read that {} …'."


@torch.no_grad()
def first_words(lm: LanguageModel, facts: Sequence[Fact], layer: int) -> list[int]:
    """Which facts have a subject of one token, first in its prompt (BOS not counted), with the key of any
    other in its place. That is measured: behind some BOS, keys differ as they do elsewhere."""
    rows = [encode_fact(lm.tokenizer, fact, ("",), target=False)[0].ids for fact in facts]
    first = [i for i, ids in enumerate(rows) if set(ids[:-1]) <= {lm.tokenizer.bos_token_id}]
    others = [token for word in OTHERS for token in pieces(lm.tokenizer, word)[:1]]
    return [i for i in first if _like_any(lm, rows[i], others, layer)]


def _like_any(lm: LanguageModel, row: list[int], others: list[int], layer: int) -> bool:
    """Whether the key at the last token of a row is, at ``layer``, that of other tokens in its place."""
    last = [row[-1], *(token for token in others if token != row[-1])]
    ids = torch.tensor([[*row[:-1], token] for token in last], device=lm.device)
    seen: list[torch.Tensor] = []
    with lm.frozen(), hooked(inputs={lm.down_projection(layer): seen.append}):
        positions = torch.arange(ids.shape[1], device=lm.device).expand_as(ids)
        lm.run(lm.embed(ids), torch.ones_like(ids), positions, stop=layer + 1)
    own, *rest = seen[0].reshape(*ids.shape, -1)[:, -1].double()
    return min((float(F.cosine_similarity(own, key, dim=0)) for key in rest), default=0.0) > LIKE
