"""Take a prediction apart: who added what to the hidden state, and what that says in words.

    E = unembedding(lm)
    speaks(lm, E @ lm.weight(20)[:, 1234])            # which tokens a value makes more likely
    step = trace(lm, "The capital of France is")
    step.added(lm, E[token])                          # what every neuron adds to one token's logit
    with switched(lm, {20: [1234]}):                  # the same model with one neuron off
        lm.complete("The capital of France is")

A *neuron* (layer, i) is one memory. Its coefficient is entry i of the layer's key, its value column i of W.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...hooks import Look, hooked
from ...models import LanguageModel
from ...support.tokens import tokenise


def unembedding(lm: LanguageModel) -> Tensor:
    """E, [vocabulary, d_model]: the final norm's weight and the head in one matrix, logits = s·E h (+ const).

    s > 0 is the norm's scale at h (``Trace.scale``). It changes no order of tokens, so E v ranks them
    for any vector v that is added to the hidden state.
    """
    norm = lm.model.base_model.get_submodule(lm.architecture.final_norm)
    matrix = lm.model.get_output_embeddings().weight.detach() * norm.weight.detach()
    return matrix - matrix.mean(1, keepdim=True) if isinstance(norm, nn.LayerNorm) else matrix


def speaks(lm: LanguageModel, scores: Tensor, k: int = 8) -> list[str]:
    """The k tokens with the highest of ``scores``, [vocabulary]. (-scores: the tokens that are demoted.)"""
    return [lm.tokenizer.decode([i]) for i in scores.topk(k).indices.tolist()]


@dataclass(frozen=True)
class Trace:
    """The last token's residual stream: hidden = embedding + attention.sum(0) + feed_forward.sum(0).

    Attributes:
        embedding, hidden: the input of block 0 and the output of the last block, [d_model].
        attention, feed_forward: what the two halves of every block add, [n_layers, d_model].
        keys: the coefficients of every neuron, [n_layers, d_ff].
        scale: s in logits = s·E hidden (+ const).
        logits: [vocabulary].
    """

    embedding: Tensor
    attention: Tensor
    feed_forward: Tensor
    keys: Tensor
    hidden: Tensor
    scale: float
    logits: Tensor

    def added(self, lm: LanguageModel, direction: Tensor) -> Tensor:
        """What every neuron adds to s·(direction · hidden), [n_layers, d_ff]."""
        values = torch.stack([direction @ lm.weight(layer) for layer in range(lm.n_layers)])
        return self.scale * self.keys * values


@torch.no_grad()
def trace(lm: LanguageModel, prompt: str) -> Trace:
    """Run the model on one prompt and take its last token's residual stream apart."""
    ids = torch.tensor([tokenise(lm.tokenizer, prompt)], device=lm.device)
    layers = range(lm.n_layers)
    stream: list[Tensor] = [torch.empty(0)] * (lm.n_layers + 1)  # the input of every block, and the end
    keys: dict[int, Tensor] = {}
    wrote: dict[int, Tensor] = {}

    def note(where: dict[int, Tensor] | list[Tensor], n: int) -> Look:
        def look(value: Tensor) -> None:
            where[n] = value[0, -1]

        return look

    into = {lm.block(n): note(stream, n) for n in layers}
    into |= {lm.down_projection(n): note(keys, n) for n in layers}
    out = {lm.down_projection(n): note(wrote, n) for n in layers} | {lm.block(layers[-1]): note(stream, -1)}
    with lm.frozen(), hooked(inputs=into, outputs=out):
        positions = torch.arange(ids.shape[1], device=lm.device)[None]
        normed = lm.run(lm.embed(ids), torch.ones_like(ids), positions)[0][0, -1]
    written = torch.stack([wrote[n] for n in layers])
    hidden, blocks = stream[-1], torch.stack(stream)
    norm = lm.model.base_model.get_submodule(lm.architecture.final_norm)
    plain = (hidden - hidden.mean() if isinstance(norm, nn.LayerNorm) else hidden) * norm.weight
    scale = float((normed - getattr(norm, "bias", 0)) @ plain / (plain @ plain))
    attention = blocks[1:] - blocks[:-1] - written
    coefficients = torch.stack([keys[n] for n in layers])
    return Trace(blocks[0], attention, written, coefficients, hidden, scale, lm.logits(normed))


@contextmanager
def switched(
    lm: LanguageModel, neurons: Mapping[int, Sequence[int]], factor: float = 0.0, last: bool = False
) -> Iterator[None]:
    """Multiply the coefficients of some neurons, layer -> indices, while the block runs: 0 is off.

    Args:
        last: only at the last token of the (unpadded) prompt, instead of at every token.
    """

    def change(which: Sequence[int]):
        def look(key: Tensor) -> Tensor:
            new = key.clone()
            new[:, -1 if last else slice(None), which] *= factor
            return new

        return look

    with hooked(inputs={lm.down_projection(layer): change(list(i)) for layer, i in neurons.items()}):
        yield
