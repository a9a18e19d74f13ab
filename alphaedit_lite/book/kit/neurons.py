"""Read text with a model and note, for every neuron, what triggers it; ask every neuron for a word.

    seen = triggers(lm, wikipedia_leads("fit"), tokens=10_000)
    seen.contexts(lm, layer=20, neuron=1234)          # where its coefficient is largest
    loudness(lm, unembedding(lm), token)              # how loud every neuron's value says that token

Neurons, coefficients and values are those of ``tracing``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...hooks import hooked
from ...models import LanguageModel
from ...prompts import batches
from ...support.tokens import tokenise


@torch.no_grad()
def keys_of(
    lm: LanguageModel, rows: Sequence[Sequence[int]], budget: int = 2048, layers: Sequence[int] | None = None
) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """Run the model on rows of token ids, in batches of about ``budget`` tokens.

    Yields:
        which rows these are, the mask of their tokens, [rows, width], and the keys of every layer (or of
        ``layers``, ascending), [n_layers, rows, width, d_ff].
    """
    layers = range(lm.n_layers) if layers is None else layers
    order = sorted((i for i in range(len(rows)) if rows[i]), key=lambda i: len(rows[i]))
    for chunk in batches(order, [len(rows[i]) for i in order], budget):
        ids = nn.utils.rnn.pad_sequence([torch.tensor(rows[i]) for i in chunk], True, lm.pad_id)
        mask = torch.arange(ids.shape[1]) < torch.tensor([len(rows[i]) for i in chunk])[:, None]
        keys: list[Tensor] = []  # the blocks run in order
        ids, mask = ids.to(lm.device), mask.to(lm.device)
        with lm.frozen(), hooked(inputs={lm.down_projection(n): keys.append for n in layers}):
            positions = torch.arange(ids.shape[1], device=lm.device).expand_as(ids)
            lm.run(lm.embed(ids), mask.long(), positions, stop=max(layers) + 1)
        yield chunk, mask, torch.stack(keys)


def last_keys(lm: LanguageModel, texts: Sequence[str]) -> Tensor:
    """The keys at the last token of every text, [texts, n_layers, d_ff]."""
    out = torch.empty(len(texts), lm.n_layers, lm.d_ff)
    for chunk, mask, keys in keys_of(lm, [tokenise(lm.tokenizer, text) for text in texts]):
        last = mask.sum(1) - 1
        out[chunk] = keys[:, torch.arange(len(chunk)), last].transpose(0, 1).float().cpu()
    return out


@dataclass(frozen=True)
class Triggers:
    """Where the coefficients of every neuron were largest (side 0) and most negative (side 1).

    Attributes:
        ids: all tokens that were read, in order, [n]; ``start`` the place where each one's text begins, [n].
        value, place: coefficients and the places of their tokens, [2, n_layers, k, d_ff], strongest first.
        negative: the share of negative coefficients, [n_layers, d_ff].
        square: the mean square of the coefficients, [n_layers, d_ff].
    """

    ids: Tensor
    start: Tensor
    value: Tensor
    place: Tensor
    negative: Tensor
    square: Tensor

    def contexts(
        self, lm: LanguageModel, layer: int, neuron: int, side: int = 0, width: int = 12
    ) -> list[tuple[float, str, str, str]]:
        """(coefficient, the text before, the token that triggers, the token that really follows)."""
        out = []
        pairs = zip(self.value[side, layer, :, neuron], self.place[side, layer, :, neuron], strict=True)
        for value, at in ((float(v), int(p)) for v, p in pairs):
            before = self.ids[max(int(self.start[at]), at - width) : at]
            text = (before, self.ids[at : at + 1], self.ids[at + 1 : at + 2])
            out.append((value, *(lm.tokenizer.decode(part) for part in text)))
        return out


def triggers(
    lm: LanguageModel, texts: Iterable[str], tokens: int = 10_000, k: int = 8, longest: int = 64
) -> Triggers:
    """Read about ``tokens`` tokens, at most ``longest`` of each text, and keep each neuron's k extremes.

    The first token of a text (which has no context) and its last (whose successor is unknown) do not count.
    """
    rows: list[list[int]] = []
    for text in texts:
        if sum(map(len, rows)) >= tokens:
            break
        row = tokenise(lm.tokenizer, text)[:longest]
        rows += [row] if len(row) > 2 else []
    length = torch.tensor([len(row) for row in rows])
    begin = length.cumsum(0) - length
    value = torch.full((2, lm.n_layers, lm.d_ff, k), -torch.inf)
    place = torch.zeros(2, lm.n_layers, lm.d_ff, k, dtype=torch.long)
    negative, square, count = torch.zeros(lm.n_layers, lm.d_ff), torch.zeros(lm.n_layers, lm.d_ff), 0
    for chunk, mask, keys in keys_of(lm, rows):
        mask = mask.cpu().clone()
        where = begin[chunk][:, None] + torch.arange(mask.shape[1])
        mask[torch.arange(len(chunk)), length[chunk] - 1] = mask[:, 0] = False
        for layer in range(lm.n_layers):
            seen = keys[layer].cpu()[mask].T.float().contiguous()  # [d_ff, m]
            negative[layer] += (seen < 0).sum(1)
            square[layer] += (seen**2).sum(1)
            for side, signed in enumerate((seen, -seen)):
                best = signed.topk(min(k, signed.shape[1]), dim=1)
                both = torch.cat([value[side, layer], best.values], 1).topk(k, dim=1)
                places = torch.cat([place[side, layer], where[mask][best.indices]], 1)
                value[side, layer], place[side, layer] = both.values, places.gather(1, both.indices)
        count += int(mask.sum())
    value[1] *= -1
    ids = torch.tensor([token for row in rows for token in row])
    value, place = value.transpose(2, 3), place.transpose(2, 3)
    return Triggers(ids, begin.repeat_interleave(length), value, place, negative / count, square / count)


@torch.no_grad()
def loudness(lm: LanguageModel, E: Tensor, token: int) -> Tensor:
    """How far every neuron's value lifts one token above the others, [n_layers, d_ff].

    In standard deviations of E v over the vocabulary, which follow from the covariance of E's rows.
    """
    centred = E - E.mean(0)
    covariance = centred.T @ centred / len(E)
    scores = []
    for layer in range(lm.n_layers):
        values = lm.weight(layer)
        scores.append(centred[token] @ values / (values * (covariance @ values)).sum(0).sqrt())
    return torch.stack(scores)
