"""Reading an edit off the weights: which layers, how many facts, about whom, saying what, and out again.

    delta = differences(before, lm)                     # {layer: ΔW}, for the layers that changed
    rank_of(delta[7])                                   # at most the number of facts
    share = suspects(delta[7], keys)                    # how much of each candidate's key ΔW can see
    shifts(lm, before, delta, "Hungary")                # which tokens ΔW makes more likely about a suspect

``before`` is {layer: W} of the original weights. Nothing here looks into the ledger.
Shapes are those of the code: keys are rows, [n, d_ff]; ΔW is [d_model, d_ff].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor

from ...hooks import hooked
from ...models import LanguageModel
from ...prompts import align, encode

CARRIERS = ("They spoke about {}", "A book about {}", "We read that {}")  # never a name at the very start
OPEN = (
    "They said that {} is",
    "We read that {} is in",
    "They said that {} was the",
    "He knew that {} belongs to",
)


def weights(lm: LanguageModel) -> dict[int, Tensor]:
    """A copy of every memory matrix, {layer: [d_model, d_ff]}."""
    return {layer: lm.weight(layer).clone() for layer in range(lm.n_layers)}


def differences(before: Mapping[int, Tensor], lm: LanguageModel) -> dict[int, Tensor]:
    """ΔW, float64, of every layer whose weights are not those of ``before``."""
    return {
        layer: lm.weight(layer).double() - old.double()
        for layer, old in before.items()
        if not torch.equal(lm.weight(layer), old)
    }


def rank_of(delta: Tensor, relative: float = 1e-4) -> int:
    """How many singular values are above ``relative`` times the largest."""
    values = torch.linalg.svdvals(delta.double())
    return int((values > relative * values[0]).sum())


def row_space(delta: Tensor, rank: int) -> Tensor:
    """An orthonormal basis of what ΔW reacts to, as rows, [rank, d_ff]: its first right singular vectors."""
    return torch.linalg.svd(delta.double(), full_matrices=False)[2][:rank]


@torch.no_grad()
def candidate_keys(lm: LanguageModel, names: Sequence[str], layers: Sequence[int]) -> dict[int, Tensor]:
    """layer -> the keys of names at their last token, the mean over ``CARRIERS``, [names, d_ff]."""
    found: dict[int, list[Tensor]] = {layer: [] for layer in layers}
    for first in range(0, len(names), 40):
        some = names[first : first + 40]
        texts = [carrier.format(name) for name in some for carrier in CARRIERS]
        rows = [encode(lm.tokenizer, text, len(text)) for text in texts]
        batch = align(rows, range(len(rows)), lm.pad_id, lm.device)
        seen: dict[int, list[Tensor]] = {layer: [] for layer in layers}
        looks = {lm.down_projection(layer): seen[layer].append for layer in layers}
        with lm.frozen(), hooked(inputs=looks):
            lm.run(lm.embed(batch.ids), batch.mask, batch.positions, stop=max(layers) + 1)
        for layer in layers:
            at_name = seen[layer][0][:, batch.subject].double()
            found[layer].append(at_name.unflatten(0, (-1, len(CARRIERS))).mean(1))
    return {layer: torch.cat(parts) for layer, parts in found.items()}


def suspects(delta: Tensor, keys: Tensor, rank: int | None = None) -> Tensor:
    """The share of each candidate's key that lies in the row space of ΔW, ‖V k‖ / ‖k‖, [n], 0 to 1."""
    V = row_space(delta, rank_of(delta) if rank is None else rank)
    return (keys.double() @ V.T).norm(dim=1) / keys.double().norm(dim=1)


@contextmanager
def swapped(lm: LanguageModel, matrices: Mapping[int, Tensor]) -> Iterator[None]:
    """Other memory matrices inside the block, and the same bits as before after it.

    While a swap is in, do not edit or revert.
    """
    kept = {layer: cast(Tensor, lm.down_projection(layer).weight).data for layer in matrices}
    try:
        for layer, matrix in matrices.items():
            new = matrix.to(kept[layer].dtype)
            lm.down_projection(layer).weight.data = new.T if lm.architecture.transposed else new
        yield
    finally:
        for layer, data in kept.items():
            lm.down_projection(layer).weight.data = data


@torch.no_grad()
def next_tokens(lm: LanguageModel, texts: Sequence[str]) -> Tensor:
    """Log-probabilities of the next token after every text, [texts, vocabulary]."""
    rows = [encode(lm.tokenizer, text, len(text)) for text in texts]
    batch = align(rows, range(len(rows)), lm.pad_id, lm.device)
    with lm.frozen():
        hidden, _ = lm.run(lm.embed(batch.ids), batch.mask, batch.positions)
    return torch.log_softmax(lm.logits(hidden[:, batch.subject]).float(), -1)


def shifts(lm: LanguageModel, before: Mapping[int, Tensor], layers: Sequence[int], name: str) -> Tensor:
    """By how much the edit made every token more likely after open sentences about a name, [vocabulary].

    Differences of log-probabilities between the model as it is and the one with the weights ``before``
    in ``layers``, weighted by how likely the token is now.
    """
    texts = [frame.format(name) for frame in OPEN]
    now = next_tokens(lm, texts)
    with swapped(lm, {layer: before[layer] for layer in layers}):
        old = next_tokens(lm, texts)
    return (now.exp() * (now - old)).mean(0)
