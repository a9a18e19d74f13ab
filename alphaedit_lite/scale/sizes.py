"""The sizes of a model, read off its configuration: no weights are loaded.

shape_of("meta-llama/Meta-Llama-3-8B").parameters
"""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from ..models import ARCHITECTURES, LanguageModel, UnsupportedModelError
from ..support.loading import number

# Activations kept for the gradient, in numbers per token and block (counted with torch's saved-tensor
# hooks): those of the feed-forward layer's activation, then what norms, attention and residuals keep.
KEPT_BY_ACTIVATION = {"gelu_new": 4, "gelu_fast": 6}  # written out in elementary steps; others are one kernel


@dataclass(frozen=True)
class Shape:
    """The sizes that costs depend on: of a model, in numbers (not bytes)."""

    name: str
    n_layers: int
    d_model: int
    d_ff: int
    kv: int  # width of the attention keys of a token; values have the same
    vocabulary: int
    parameters: int
    block: int  # parameters of one block
    kept_ff: int  # multiples of d_ff kept for the gradient, per token and block


def shape_of(model: LanguageModel | Any | str | Path) -> Shape:
    """The sizes of a model or its configuration, of a folder or hub name (a ``Shape`` is kept).

    Raises:
        UnsupportedModelError: a family that is not in the architecture table.
    """
    if isinstance(model, Shape):
        return model
    if isinstance(model, LanguageModel):
        model = model.model
    if isinstance(model, PreTrainedModel):
        model = model.config
    if isinstance(model, str | Path):
        model = AutoConfig.from_pretrained(os.path.expanduser(model))
    config: Any = copy.deepcopy(model)
    if config.model_type not in ARCHITECTURES:
        raise UnsupportedModelError(
            f"Models of type {config.model_type!r} are not in the architecture table."
        )
    where = ARCHITECTURES[config.model_type]
    with torch.device("meta"):
        empty = AutoModelForCausalLM.from_config(config)
    blocks: Any = empty.base_model.get_submodule(where.blocks)
    weight = blocks[0].get_submodule(where.down_projection).weight
    d_model, d_ff = reversed(weight.shape) if where.transposed else weight.shape
    heads = config.num_attention_heads
    head = getattr(config, "head_dim", None) or d_model // heads
    if getattr(config, "multi_query", False) and not getattr(config, "new_decoder_architecture", False):
        heads = 1  # of Falcon 7B; those of 40B are repeated before they are kept
    name = str(getattr(config, "hidden_act", None) or getattr(config, "activation_function", ""))
    gated = sum(sorted(p.shape) == sorted(weight.shape) for p in blocks[0].parameters()) > 2
    return Shape(
        name=getattr(config, "_name_or_path", "") or config.model_type,
        n_layers=len(blocks),
        d_model=d_model,
        d_ff=d_ff,
        kv=(getattr(config, "num_key_value_heads", None) or heads) * head,
        vocabulary=config.vocab_size,
        parameters=sum(p.numel() for p in empty.parameters()),
        block=sum(p.numel() for p in blocks[0].parameters()),
        kept_ff=KEPT_BY_ACTIVATION.get(name, 1) + 2 * gated,
    )


def dtype_of(model: Any, dtype: torch.dtype | str | None) -> torch.dtype:
    """The type of the weights: as asked for, by name or not, or as the model is loaded, or float32.

    Raises:
        ValueError: a type that no model is loaded in; "auto", where nothing is loaded that has one.
    """
    if dtype is None:
        model = model.model if isinstance(model, LanguageModel) else model
        return model.dtype if isinstance(model, PreTrainedModel) else torch.float32
    if not isinstance(found := number(dtype), torch.dtype):
        raise ValueError(f'dtype must be named here, such as "bfloat16", not {dtype!r}: nothing is loaded.')
    return found
