"""What a model is made of, and what it can take: sizes, memory matrices, limits."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from typing import Any, SupportsIndex

import torch
from torch import Tensor, nn

from .acceptance import unwrapped
from .architectures import ARCHITECTURES, Architecture
from .proof import why_not


def _rope(config: Any) -> dict[str, Any]:
    """How positions are turned into angles; the name differs between versions of ``transformers``."""
    return getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}


def _made_for(config: Any) -> int | None:
    """The most tokens that a model was made for, according to its configuration."""
    limit, rope = getattr(config, "max_position_embeddings", None), _rope(config)
    kind, name = rope.get("rope_type", rope.get("type")), "original_max_position_embeddings"
    original = rope.get(name) or getattr(config, name, limit if kind == "linear" else None)
    if kind == "longrope":  # beyond, all angles are others
        return original or limit
    if kind in ("linear", "yarn") and limit and original:  # many leave the limit as it was unscaled
        return max(limit, int(original * (rope.get("factor") or 1)))
    return limit


class Anatomy:
    """The part of a ``LanguageModel`` that does not run: see there.

    Args:
        model: a ``transformers`` causal LM of a family in ``ARCHITECTURES``.
        tokenizer: its tokenizer.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.architecture: Architecture = ARCHITECTURES[model.config.model_type]
        self.blocks: nn.ModuleList = model.base_model.get_submodule(self.architecture.blocks)

    @property
    def model(self) -> Any:
        return self.__dict__["model"]

    @model.setter
    def model(self, model: Any) -> None:
        """Whoever compiles it in place, ``lm.model = torch.compile(lm.model)``, leaves it as it was.

        Raises:
            ValueError: another model, or one with an adapter: blocks and edits are those of the wrapped one.
        """
        if (model := unwrapped(model)) is not self.__dict__.setdefault("model", model):
            raise ValueError(
                f"This {type(model).__name__} is not the model that was wrapped, which holds the edits. "
                "Wrap it anew: LanguageModel(model, tokenizer)."
            )

    @property
    def n_layers(self) -> int:
        return len(self.blocks)

    @property
    def d_model(self) -> int:
        return self.weight(0).shape[0]

    @property
    def d_ff(self) -> int:
        return self.weight(0).shape[1]

    @property
    def device(self) -> torch.device:
        """Where prompts go in and results come out; blocks may lie elsewhere (``device_map``)."""
        return self.model.get_input_embeddings().weight.device

    @property
    def context(self) -> int | None:
        """The most tokens that the model takes: rows of its table of positions, or those it was made for."""
        if self.architecture.positions:
            table: Any = self.model.base_model.get_submodule(self.architecture.positions)
            return table.num_embeddings - getattr(table, "offset", 0)
        return _made_for(self.model.config)

    @property
    def window(self) -> int | None:
        """How many columns back the block with the narrowest attention sees, if any does not see all."""
        found = (getattr(self.model.config, name, None) for name in ("sliding_window", "window_size"))
        return min(filter(None, found), default=None)

    @property
    def multiplier(self) -> float:
        """By what a block multiplies the output of its feed-forward layer before it adds it (Granite)."""
        return getattr(self.model.config, "residual_multiplier", 1.0)

    def block(self, layer: int) -> nn.Module:
        if not isinstance(layer, SupportsIndex):
            raise TypeError(f"One layer is needed here, a whole number, not {layer!r}.")
        if not 0 <= layer < self.n_layers:
            last = self.n_layers - 1
            raise IndexError(f"Layer {layer} is out of range: this model has blocks 0 to {last}.")
        return self.blocks[layer]

    def down_projection(self, layer: int) -> nn.Module:
        """The module whose input is the key and whose weight is the memory matrix."""
        return self.block(layer).get_submodule(self.architecture.down_projection)

    def weight(self, layer: int) -> Tensor:
        """The memory matrix W of a block: a view, [d_model, d_ff] whatever the family stores."""
        weight: Any = self.down_projection(layer).weight.detach()  # type: ignore[operator]
        return weight.T if self.architecture.transposed else weight

    def written(self, layer: int) -> Tensor:
        """The same, if it is still the plain parameter that edits are written into.

        Raises:
            RuntimeError: it was pruned, parametrised, packed … since: a write would have no effect.
        """
        module: Any = self.down_projection(layer)
        reason = None
        while hasattr(module, "base_layer"):  # peft puts its adapters around it, and leaves it as it is
            if getattr(module, "lora_magnitude_vector", None):
                reason = "has got an adapter of DoRA, which keeps the norms of what it was"
            module = module.base_layer
        if reason := reason or why_not(module):
            raise RuntimeError(
                f"The weight of block {layer} {reason}. That came after the model was wrapped, and what is "
                "written into it now has no effect, or another: before anything is edited, reverted, saved "
                "or reported, take it off so that the weight is again what it was (a parametrisation with "
                "leave_parametrized=False), or load the model again."
            )
        return self.weight(layer)

    @property
    def pad_id(self) -> int:
        """A token to pad with: any that has a row in the embedding will do, since no mask lets it through."""
        rows = self.model.get_input_embeddings().weight.shape[0]
        candidates = (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)
        return next(token for token in candidates if token is not None and token < rows)

    @property
    def ends(self) -> list[int]:
        """The tokens that end a text."""
        ends: Any = getattr(self.model.generation_config, "eos_token_id", None)
        ends = ends.tolist() if hasattr(ends, "tolist") else ends
        return ends if isinstance(ends, list) else [] if ends is None else [ends]

    def check_ids(self, ids: Tensor, new: int = 0) -> None:
        """Raise ValueError if the model cannot take token ids, [rows, width], and ``new`` ones after them;
        TypeError for what is no tensor of whole numbers."""
        if not isinstance(ids, Tensor) or ids.is_floating_point() or ids.dtype == torch.bool:
            raise TypeError(f"Token ids must be a tensor of whole numbers, [rows, width], not {ids!r:.99}.")
        if ids.ndim != 2 or (new and not ids.numel()):
            raise ValueError(f"Token ids must be [rows, width], at least one a row, not {list(ids.shape)}.")
        self.check_length(ids.shape[1], new, len(ids))
        rows = self.model.get_input_embeddings().weight.shape[0]
        if ids.numel() and (least := int(ids.min())) < 0:
            raise ValueError(
                f"There is no token {least}: ids begin at 0. What a loss leaves out (-100) is no token; put "
                "one there, and 0 in the attention mask."
            )
        if ids.numel() and (worst := int(ids.max())) >= rows:
            raise ValueError(
                f"The token {self.tokenizer.convert_ids_to_tokens(worst)!r} has the id {worst}, the "
                f"embedding {rows} rows: call model.resize_token_embeddings(len(tokenizer))."
            )

    def check_length(self, tokens: int, new: int = 0, rows: int = 1) -> None:
        """Raise ValueError if the model takes no prompts of so many tokens, with ``new`` ones to follow."""
        limit = self.context
        if limit is not None and tokens > limit:
            said = f"A prompt of {tokens} tokens is longer than the model's limit of {limit}."
            aligned = (
                f" (Or {rows} prompts are, aligned at their subjects or objects: fewer at once may fit.)"
            )
            raise ValueError(said + aligned * (rows > 1))
        if limit is not None and tokens + new > limit:
            raise ValueError(
                f"A prompt of {tokens} tokens and {new} new ones are longer than the model's limit of "
                f"{limit}: ask for {limit - tokens} new ones at most, or shorten the prompt."
            )

    def check_rows(self, fact: Any, prefixes: Sequence[str], lengths: Sequence[int]) -> None:
        """Raise ValueError if the model takes no prompt of a fact behind one of these beginnings."""
        for prefix, tokens in zip(prefixes, lengths, strict=True):
            if self.context is not None and tokens > self.context:
                subject, new, beginning = map(reprlib.repr, (fact.subject, fact.new, prefix))
                raise ValueError(
                    f"The prompt of {subject} and {new} is {tokens} tokens"
                    f"{prefix and f' behind {beginning}'}, longer than the model's limit of {self.context}: "
                    f"shorten it{prefix and ', or the beginnings (TargetConfig.prefixes)'}."
                )
