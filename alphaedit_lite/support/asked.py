"""What a model may be asked to go on with, and how: each that is something else is told so.

ids, mask = check_inputs(tokenizer(texts, padding=True, return_tensors="pt"), new=8)
config = plain_config({"max_new_tokens": 8, "do_sample": True})    # ValueError for do_smaple
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig

from .kinds import at_least, of_kind


def check_inputs(inputs: Any, new: int) -> tuple[Tensor, Tensor]:
    """Ids of tokens and their mask, of ones by default.

    Raises:
        TypeError: no ids, or no whole number of new tokens.
        ValueError: no new tokens; a mask of another shape, or of other values than 0 and 1; prompts that end
            with padding.
    """
    at_least(1, max_new_tokens=new)
    of_kind(inputs, Mapping, "inputs must hold 'input_ids'", '{"input_ids": ids}')
    if "input_ids" not in inputs:
        raise TypeError(f"inputs must hold 'input_ids', not only {', '.join(map(repr, inputs))}.")
    ids = inputs["input_ids"]
    of_kind(ids, Tensor, "input_ids must be a tensor", "lm.tokenizer(…, return_tensors='pt')")
    mask = inputs.get("attention_mask")
    mask = torch.ones_like(ids) if mask is None else mask
    of_kind(mask, Tensor, "attention_mask must be a tensor", "lm.tokenizer(…, return_tensors='pt')")
    if mask.shape != ids.shape or not ((mask == 0) | (mask == 1)).all():
        raise ValueError(
            f"The attention mask must be 1 for each token of input_ids, {list(ids.shape)}, and 0 for "
            f"padding: it is {list(mask.shape)}, {mask.unique().tolist()!r:.60}."
        )
    if ids.ndim == 2 and ids.shape[1] and not mask[:, -1].all():
        raise ValueError(
            "A prompt ends with padding, and would be continued behind it: pad on the left, "
            "tokenizer.padding_side = 'left'."
        )
    return ids, mask


def plain_forward(model: Any) -> Any:
    """What computes the model's answer, taken out of what accelerate puts around it for mixed precision, as
    ``Trainer(bf16=True)`` does and leaves there; and out of ``torch.compile``."""
    forward = vars(model).get("_original_forward", model.forward)
    return getattr(forward, "_torchdynamo_orig_callable", forward)


def speaking(model: Any, config: GenerationConfig) -> Any:
    """The model by its plain forward, saying what a configuration asks for: the same weights, in a shell of
    its own, so that who calls the model itself keeps its settings."""
    speaker = copy.copy(model)
    speaker.generation_config = config  # whatever another does not say is taken from here
    if "_original_forward" in vars(model):
        speaker.forward = plain_forward(model)
    return speaker


def plain_config(options: Mapping[str, Any]) -> GenerationConfig:
    """A configuration of these fields alone. ValueError for a name that is none: it would do nothing."""
    known = [name for name in vars(GenerationConfig()) if not name.startswith("_")]
    for name in options:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            fix = f"do you mean {close[0]!r}?" if close else "for anything else, call lm.model.generate."
            raise ValueError(f"A GenerationConfig has no field {name!r}: {fix}")
    return GenerationConfig(**options)
