"""What a model must be to be wrapped, by the look of it; what it must do is ``proof``."""

from __future__ import annotations

from typing import Any

from torch import nn
from transformers import PreTrainedModel

from .architectures import ARCHITECTURES, REFUSED, UnsupportedModelError
from .proof import PLAIN


def accepted(model: Any, tokenizer: Any) -> Any:
    """The model as it is kept: see ``unwrapped``.

    Raises:
        UnsupportedModelError: its family is not known, or it is not a plain causal LM with a fast tokenizer.
    """
    model = unwrapped(model)
    if objection := _objection(model, tokenizer):
        raise UnsupportedModelError(objection)
    return model


def unwrapped(model: Any) -> Any:
    """The transformers model itself, taken out of DataParallel and ``torch.compile``."""
    while True:
        if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
            model = model.module
        elif isinstance(model, nn.Module) and "_orig_mod" in model._modules:
            model = model._orig_mod
        else:
            return model


def _objection(model: Any, tokenizer: Any) -> str | None:
    if not isinstance(model, PreTrainedModel):
        way = "Pass what it wraps."
        if hasattr(model, "peft_config"):
            way = "What it adds cannot be merged (prompt tuning): pass what it wraps, model.get_base_model()."
            if hasattr(model, "merge_and_unload"):
                way = "Merge its adapters: model.merge_and_unload()."
        return f"This is a {type(model).__name__}, not a transformers model. {way}"
    family = model.config.model_type
    if family in REFUSED:
        return f"Models of type {family!r} cannot be edited: {REFUSED[family]}."
    if family not in ARCHITECTURES:
        return (
            f"Models of type {family!r} are not in the architecture table. Known: {', '.join(ARCHITECTURES)}."
            " Add one line to alphaedit_lite.support.architectures.ARCHITECTURES."
        )
    if model.get_output_embeddings() is None:
        return "The model has no vocabulary head: load it as a causal LM."
    if not getattr(tokenizer, "is_fast", False):
        return "A fast tokenizer is needed: AutoTokenizer.from_pretrained(…)."
    if not getattr(model.config, "return_dict", True):
        return "transformers' models break with return_dict=False: set model.config.return_dict = True."
    for name, module in model.named_modules():
        if ".quantized." in type(module).__module__:  # whose steps depend on what else is in the batch
            return f"{name} is quantised by torch ({type(module).__name__}). {PLAIN}."
        if name and ("_orig_mod" in module._modules or module._compiled_call_impl is not None):
            return (
                f"{name} is compiled by itself, and cannot be looked into. Wrap the model first, and then "
                "compile it as a whole, beside it: fast = torch.compile(lm.model) sees every edit."
            )
    where = ARCHITECTURES[family]
    try:
        model.base_model.get_submodule(where.final_norm)
        for block in model.base_model.get_submodule(where.blocks).children():
            block.get_submodule(where.down_projection)
    except AttributeError as error:
        return f"The line of {family!r} in ARCHITECTURES does not fit this model: {error}."
    return None
