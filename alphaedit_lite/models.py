"""A language model and its memory matrices.

    lm = load_model()                       # SmolLM2-135M, float32, from the cache
    lm.weight(5)                            # the memory matrix W of block 5, [d_model, d_ff]
    lm.complete("The capital of France is")

``lm.model`` and ``lm.tokenizer`` stay ordinary ``transformers`` objects.  Everything that depends
on the model family stands in one table, ``ARCHITECTURES``; no other module branches on it.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache

from .ledger import Ledger
from .tokens import tokenise


@dataclass(frozen=True)
class Architecture:
    """Where a family keeps its parts. Paths are relative to ``model.base_model``."""

    blocks: str  # the list of blocks
    down_projection: str  # inside a block: the module whose weight is the memory matrix
    final_norm: str
    transposed: bool = False  # GPT-2's Conv1D stores W as [d_ff, d_model]
    positions: str | None = None  # a learned position embedding that is added to the input, if any
    scales_input: bool = False  # multiplies its input by √hidden_size (in older versions of transformers)


_LLAMA = Architecture("layers", "mlp.down_proj", "norm")
ARCHITECTURES = {
    "llama": _LLAMA,
    "mistral": _LLAMA,
    "qwen2": _LLAMA,
    "qwen3": _LLAMA,
    "gemma": Architecture("layers", "mlp.down_proj", "norm", scales_input=True),
    "gpt2": Architecture("h", "mlp.c_proj", "ln_f", transposed=True, positions="wpe"),
    "gptj": Architecture("h", "mlp.fc_out", "ln_f"),
    "gpt_neox": Architecture("layers", "mlp.dense_4h_to_h", "final_layer_norm"),
    "phi": Architecture("layers", "mlp.fc2", "final_layernorm"),
}
_AGAIN = (
    "it normalises the output of the feed-forward layer again, so what is written there is not what is added"
)
REFUSED = {
    "gemma2": _AGAIN,
    "gemma3": _AGAIN,
    "gemma3_text": _AGAIN,
    "olmo2": _AGAIN,
    "mixtral": "its feed-forward layers are many experts, of which each token sees a few",
}


class UnsupportedModelError(ValueError):
    """The model cannot be edited by this package; the message says why."""


class LanguageModel:
    """A causal language model whose feed-forward memories can be read, run in part, and edited.

    Args:
        model: a ``transformers`` causal LM in float32, bfloat16 or float16, not quantised.
        tokenizer: its fast tokenizer (offset mappings are needed to find a subject's tokens).

    Raises:
        UnsupportedModelError: unknown family, quantised weights, non-finite weights, slow tokenizer.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        family = model.config.model_type
        if family in REFUSED:
            raise UnsupportedModelError(f"Models of type {family!r} cannot be edited: {REFUSED[family]}.")
        if family not in ARCHITECTURES:
            raise UnsupportedModelError(
                f"Models of type {family!r} are not in the architecture table. Known: "
                f"{', '.join(ARCHITECTURES)}. Add one line to alphaedit_lite.models.ARCHITECTURES."
            )
        if model.get_output_embeddings() is None:
            raise UnsupportedModelError("The model has no vocabulary head: load it as a causal LM.")
        if not getattr(tokenizer, "is_fast", False):
            raise UnsupportedModelError("A fast tokenizer is needed: AutoTokenizer.from_pretrained(…).")
        self.model, self.tokenizer, self.architecture = model, tokenizer, ARCHITECTURES[family]
        self.blocks: nn.ModuleList = model.base_model.get_submodule(self.architecture.blocks)
        for layer in range(self.n_layers):
            if self.weight(layer).is_meta:
                raise UnsupportedModelError(
                    f"The weight of block {layer} is not in memory: it was off-loaded, or never loaded. Give "
                    "every block a device (device_map), or load in half the bytes with dtype=torch.bfloat16."
                )
            if not self.weight(layer).is_floating_point():
                raise UnsupportedModelError(
                    f"The weight of block {layer} is {self.weight(layer).dtype}: a quantised model cannot be "
                    "edited. Load it de-quantised, e.g. with dtype=torch.bfloat16."
                )
            if not torch.isfinite(self.weight(layer)).all():
                raise UnsupportedModelError(f"The weight of block {layer} holds NaN or infinite values.")
        self.ledger = Ledger(self.weight)  # the edits that are in the weights now
        self.fingerprint = fingerprint(model)  # of the unedited weights

    # -- shape ---------------------------------------------------------------------------------------

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

    def block(self, layer: int) -> nn.Module:
        if not 0 <= layer < self.n_layers:
            raise IndexError(
                f"Layer {layer} is out of range: this model has blocks 0 to {self.n_layers - 1}."
            )
        return self.blocks[layer]

    def down_projection(self, layer: int) -> nn.Module:
        """The module whose input is the key and whose weight is the memory matrix."""
        return self.block(layer).get_submodule(self.architecture.down_projection)

    def weight(self, layer: int) -> Tensor:
        """The memory matrix W of a block: a view, [d_model, d_ff] whatever the family stores."""
        weight: Any = self.down_projection(layer).weight.detach()  # type: ignore[operator]
        return weight.T if self.architecture.transposed else weight

    # -- running -------------------------------------------------------------------------------------

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Evaluation mode without weight gradients inside the block; the previous state afterwards."""
        training = [module for module in self.model.modules() if module.training]
        requiring = [weight for weight in self.model.parameters() if weight.requires_grad]
        try:
            self.model.eval()
            for weight in requiring:
                weight.requires_grad_(False)
            yield
        finally:
            for module in training:
                module.training = True
            for weight in requiring:
                weight.requires_grad_(True)

    def run(
        self,
        hidden: Tensor,
        mask: Tensor,
        positions: Tensor,
        *,
        start: int = 0,
        stop: int | None = None,
        prefix: DynamicCache | None = None,
        keep_prefix: bool = False,
    ) -> tuple[Tensor, DynamicCache | None]:
        """Run blocks ``start`` to ``stop - 1`` on hidden states; with ``stop=None`` also the final norm.

        The slice is the base model itself with fewer blocks, called through its public ``forward``:
        masks, rotary angles and caches are made by ``transformers``, whichever version is installed.

        Args:
            hidden: [rows, width, d_model], the input of block ``start`` (``embed(ids)`` for block 0).
            mask: [rows, prefix + width], 1 for tokens and 0 for padding.
            positions: [rows, width], the position of every token in its own sequence.
            prefix: attention keys and values of earlier columns; left as it is.
            keep_prefix: also return the cache of this call, a prefix for later columns.

        Returns:
            the hidden states after the last block, [rows, width, d_model], on the device of ``hidden``
            wherever the blocks lie, and the cache or None.
        """
        cache = copy_cache(prefix) if prefix is not None else DynamicCache() if keep_prefix else None
        output = self._slice(start, self.n_layers if stop is None else stop, stop is None)(
            inputs_embeds=hidden,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=cache is not None,
        )
        return output.last_hidden_state.to(hidden.device), cache if keep_prefix else None

    def _slice(self, start: int, stop: int, norm: bool) -> nn.Module:
        base = self.model.base_model
        part = copy.copy(base)
        part.__dict__ = {k: v for k, v in base.__dict__.items() if k != "forward"}
        part._modules = dict(base._modules)
        part._modules[self.architecture.blocks] = nn.ModuleList(self.blocks[start:stop])
        part.config = copy.copy(base.config)
        part.config.num_hidden_layers = stop - start
        if kinds := getattr(base.config, "layer_types", None):  # which blocks attend to a window only
            part.config.layer_types = kinds[start:stop]
        if start > 0 and self.architecture.scales_input:
            part.config.hidden_size = 1
        if not norm:
            part._modules[self.architecture.final_norm] = nn.Identity()
        if start > 0 and self.architecture.positions:  # already added to the input of block 0
            part._modules[self.architecture.positions] = _Nothing()
        return part

    def embed(self, ids: Tensor) -> Tensor:
        """Token embeddings, [rows, width, d_model]: the input of block 0. ValueError if a row is too long."""
        self.check_length(ids.shape[1])
        return self.model.get_input_embeddings()(ids)

    def check_length(self, tokens: int) -> None:
        """Raise ValueError if the model takes no prompts of so many tokens."""
        limit = getattr(self.model.config, "max_position_embeddings", None)
        if limit is not None and tokens > limit:
            raise ValueError(f"A prompt of {tokens} tokens is longer than the model's limit of {limit}.")

    def logits(self, hidden: Tensor) -> Tensor:
        """The vocabulary logits of normed hidden states."""
        return self.model.get_output_embeddings()(hidden).to(hidden.device)

    # -- speaking ------------------------------------------------------------------------------------

    @torch.no_grad()
    def complete(self, prompt: str, max_new_tokens: int = 8) -> str:
        """The model's greedy continuation of ``prompt`` (without the prompt itself)."""
        ids = torch.tensor([tokenise(self.tokenizer, prompt)], dtype=torch.long, device=self.device)
        if not ids.numel():
            raise ValueError("The prompt is empty: there is nothing to complete.")
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        with self.frozen():
            output = self.model.generate(
                **inputs, max_new_tokens=max_new_tokens, do_sample=False, pad_token_id=self.pad_id
            )
        return self.tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)

    @property
    def pad_id(self) -> int:
        """What stands where nothing is read: a token that has a row in the embedding."""
        candidates = (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)
        rows = self.model.get_input_embeddings().weight.shape[0]
        return next(token for token in candidates if token is not None and token < rows)


class _Nothing(nn.Module):
    """Stands where a position embedding was: adds zero."""

    def forward(self, positions: Tensor) -> Tensor:
        return torch.zeros((), device=positions.device)


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


def fingerprint(model: nn.Module) -> str:
    """Sixteen hex digits that differ for models with other weights: hashes about 1,000 values a tensor."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        if value.is_floating_point():
            sample = value.flatten()[:: max(1, value.numel() // 1000)].float().cpu().numpy().tobytes()
            digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode() + sample)
    return digest.hexdigest()[:16]
