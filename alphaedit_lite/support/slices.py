"""A part of a model, built out of the model itself: some of its blocks, or its head alone.

A part is the model with other modules in a few places, called through its public ``forward``. So masks,
rotary angles, caches, multipliers and soft caps are made by ``transformers``, whichever version is installed,
and nothing about a family has to be known here.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache
from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions as Output

from ..hooks import hooked
from .architectures import Architecture


def with_parts(module: nn.Module, parts: Mapping[str, nn.Module], config: Any = None) -> Any:
    """A copy of a module that shares everything with it but the submodules at some paths (and its config)."""
    copied = module.__new__(type(module))
    # A forward of its own is accelerate's, and a compiled call torch's: both run the original.
    own = ("forward", "_compiled_call_impl")
    copied.__dict__ = {key: value for key, value in module.__dict__.items() if key not in own}
    copied._modules = dict(module._modules)
    if config is not None and hasattr(module, "config"):
        copied.config = config
    for name in {path.partition(".")[0] for path in parts}:
        inner = {path.partition(".")[2]: part for path, part in parts.items() if path.split(".")[0] == name}
        old = module.get_submodule(name)
        copied._modules[name] = inner[""] if "" in inner else with_parts(old, inner, config)
    return copied


def run_blocks(
    base: Any,
    where: Architecture,
    hidden: Tensor,
    start: int,
    stop: int | None,
    **inputs: Any,
) -> Tensor:
    """Hidden states after blocks ``start`` to ``stop - 1``, or after all the rest and the norm."""
    blocks: Any = base.get_submodule(where.blocks)
    norm, some = base.get_submodule(where.final_norm), blocks[start:stop]
    if stop is not None:
        norm = nn.Identity()
    config = copy.copy(base.config)
    config.num_hidden_layers = len(some)
    if kinds := getattr(base.config, "layer_types", None):  # which blocks attend to a window only
        config.layer_types = kinds[start:stop]
    part = with_parts(base, {where.blocks: nn.ModuleList(some), where.final_norm: norm}, config)
    embedded = hidden
    enter: AbstractContextManager[None] = nullcontext()
    if start > 0:
        # What the model does with embeddings (scale, normalise, add positions) was done in front of block 0:
        # it is done again, thrown away, and the first module is given the hidden states as they are.
        width = base.get_input_embeddings().embedding_dim
        embedded = hidden if width == hidden.shape[-1] else hidden.new_zeros(*hidden.shape[:-1], width)
        enter = hooked(inputs={some[0] if len(some) else norm: lambda _: hidden}, first=True)
    with enter:
        return part(inputs_embeds=embedded, return_dict=True, **inputs).last_hidden_state


class _Given(nn.Module):
    """Stands where the blocks were: returns what it was given."""

    def __init__(self, hidden: Tensor) -> None:
        super().__init__()
        self.hidden = hidden

    def forward(self, *_args: Any, **_kwargs: Any) -> Output:
        return Output(last_hidden_state=self.hidden)


def run_head(model: Any, where: Architecture, hidden: Tensor) -> Tensor:
    """What a causal LM makes of normed hidden states, [..., d_model]: its head, and what follows it."""
    flat = hidden if hidden.ndim == 3 else hidden.reshape(1, -1, hidden.shape[-1])
    inner = ".".join((model.base_model_prefix, *where.blocks.split(".")[:-1]))  # what holds the blocks
    head = with_parts(model, {inner: _Given(flat)})
    logits = head(inputs_embeds=flat, return_dict=True).logits
    return logits.reshape(*hidden.shape[:-1], logits.shape[-1])


def copy_cache(cache: Any, rows: Tensor | None = None) -> DynamicCache:
    """A cache with the same tensors (or some of their rows) that grows without touching the original.

    Blocks that did not run have none; others' stand in there, since masks go by the width in block 0.
    """
    fresh, some = DynamicCache(), next(kept for kept in cache.layers if kept.keys is not None)
    for layer, kept in enumerate(cache.layers):
        kept = some if kept.keys is None else kept
        here = slice(None) if rows is None else rows.to(kept.keys.device)  # each block's own
        fresh.update(kept.keys[here], kept.values[here], layer)
    return fresh


def has_gaps(mask: Tensor) -> bool:
    """Whether padding stands between the tokens of a row: an attention window counts columns, not tokens."""
    begins = mask.bool() & ~torch.nn.functional.pad(mask, (1, 0))[:, :-1].bool()
    return bool((begins.sum(1) > 1).any())
