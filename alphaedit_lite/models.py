"""A language model and its memory matrices.

    lm = load_model()                       # SmolLM2-135M, float32, from the cache
    lm.weight(5)                            # the memory matrix W of block 5, [d_model, d_ff]
    lm.complete("The capital of France is")

``lm.model`` and ``lm.tokenizer`` stay ordinary ``transformers`` objects.  Everything that depends
on the model family stands in one table, ``ARCHITECTURES``; no other module branches on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache, GenerationConfig

from . import proof, slices
from .ambient import Lock, plain_torch
from .architectures import ARCHITECTURES, REFUSED, Architecture, UnsupportedModelError
from .checksums import fingerprint, sample
from .ledger import Ledger
from .slices import copy_cache
from .tokens import tokenise

__all__ = [
    "ARCHITECTURES",
    "REFUSED",
    "Architecture",
    "LanguageModel",
    "UnsupportedModelError",
    "copy_cache",
    "fingerprint",
]


class LanguageModel:
    """A causal language model whose feed-forward memories can be read, run in part, and edited.

    Wrapping costs a few short forward passes: see ``proof``. What is done here, by an editor or by a metric
    is done by one thread at a time (``lm.lock``) and whatever the caller has set for all of torch
    (``plain_torch``). A thread that calls ``lm.model`` itself must take the lock to see no half-written edit.

    Args:
        model: a ``transformers`` causal LM in float32, bfloat16 or float16, not quantised. DataParallel and
            ``torch.compile`` are taken off: ``lm.model`` is the model inside, whose weights they share.
        tokenizer: its fast tokenizer (offset mappings are needed to find a subject's tokens).

    Raises:
        UnsupportedModelError: unknown family, slow tokenizer, weights that are quantised, not finite, shared or
            computed anew at each call, or a model that run in part is not what it is as a whole.
    """

    @plain_torch()
    def __init__(self, model: Any, tokenizer: Any) -> None:
        model = proof.accepted(model, tokenizer)
        self.model, self.tokenizer, self.architecture = (
            model,
            tokenizer,
            ARCHITECTURES[model.config.model_type],
        )
        self.lock = Lock()  # held by whoever runs or writes the model
        self.blocks: nn.ModuleList = model.base_model.get_submodule(self.architecture.blocks)
        proof.check_memories(self)
        proof.check_parts(self)
        self.ledger = Ledger(self.weight, self.lock)  # the edits that are in the weights now
        self.rename()

    def rename(self) -> None:
        """Take the weights as they are now for the unedited ones, and name them.

        Attributes:
            fingerprint: sixteen hex digits of every byte: the model's name in files.
            sample: of some thousand numbers of each tensor, so that ``check_unchanged`` costs nothing.
        """
        self.fingerprint, self.sample = fingerprint(self.model), sample(self.model)

    def check_unchanged(self) -> None:
        """Raise RuntimeError if the weights are no longer those that were named, plus the edits in the ledger.

        Of edited matrices every byte is compared, of all others a thousand numbers each: a change of few entries
        in a matrix that holds no edit is not seen.
        """
        before = {}
        for layer in self.ledger.layers:
            self.ledger.check(layer)
            original = self.ledger.original(layer)
            before[self.weight(layer).data_ptr()] = original.T if self.architecture.transposed else original
        if sample(self.model, before) != self.sample:
            raise RuntimeError(
                "The model was changed after its LanguageModel was made, so its statistics and edits no longer "
                "fit: revert the edits, and wrap it again."
            )

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy, or what comes out of a pickle, holds the edits itself."""
        self.__dict__.update(state)
        for edit in self.ledger.edits:
            edit.lm = self

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

    @property
    def context(self) -> int | None:
        """The most tokens that the model was made for, if it has a limit."""
        return getattr(self.model.config, "max_position_embeddings", None)

    @property
    def window(self) -> int | None:
        """How many columns back the blocks with the narrowest attention see, if any does not see all."""
        names = ("sliding_window", "window_size", "attention_window_size")
        return min(filter(None, (getattr(self.model.config, name, None) for name in names)), default=None)

    @property
    def multiplier(self) -> float:
        """By what a block multiplies the output of its feed-forward layer before it adds it (Granite)."""
        return getattr(self.model.config, "residual_multiplier", 1.0)

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
        """The model to oneself: evaluation mode without weight gradients; the previous state afterwards.

        Other threads wait, and nothing that the caller has set for all of torch gets in.
        """
        with self.lock, plain_torch():
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

        Args:
            hidden: [rows, width, d_model], the input of block ``start`` (``embed(ids)`` for block 0).
            mask: [rows, prefix + width], 1 for tokens and 0 for padding.
            positions: [rows, width], the position of every token in its own sequence.
            prefix: attention keys and values of earlier columns; left as it is.
            keep_prefix: also return the cache of this call, a prefix for later columns.

        Returns:
            the hidden states after the last block, [rows, width, d_model], on the device of ``hidden``
            wherever the blocks lie, and the cache or None.

        Raises:
            ValueError: padding between tokens in a batch wider than the attention ``window``.
        """
        if self.window and mask.shape[1] > self.window and slices.has_gaps(mask):
            raise ValueError(
                f"Padding between the tokens of a row, in a batch {mask.shape[1]} wide: this model's attention "
                f"reaches {self.window} columns back, and would miss tokens. Pad at the ends."
            )
        cache = copy_cache(prefix) if prefix is not None else DynamicCache() if keep_prefix else None
        inputs = {"attention_mask": mask, "position_ids": positions, "past_key_values": cache}
        output = slices.run_blocks(
            self.model.base_model,
            self.architecture,
            hidden,
            start,
            stop,
            use_cache=cache is not None,
            **inputs,
        )
        return output.to(hidden.device), cache if keep_prefix else None

    def embed(self, ids: Tensor) -> Tensor:
        """Token embeddings, [rows, width, d_model]: the input of block 0. ValueError for ids it cannot take."""
        self.check_ids(ids)
        return self.model.get_input_embeddings()(ids)

    def check_ids(self, ids: Tensor, new: int = 0) -> None:
        """Raise ValueError if the model cannot take a batch of token ids, and generate ``new`` ones."""
        self.check_length(ids.shape[1], new)
        rows = self.model.get_input_embeddings().weight.shape[0]
        if ids.numel() and not 0 <= (worst := int(ids.max())) < rows:
            raise ValueError(
                f"The token {self.tokenizer.convert_ids_to_tokens(worst)!r} has the id {worst}, but the model's "
                f"embedding has {rows} rows: call model.resize_token_embeddings(len(tokenizer))."
            )

    def check_length(self, tokens: int, new: int = 0) -> None:
        """Raise ValueError if the model takes no prompts of so many tokens, with ``new`` ones to follow."""
        if self.context is not None and tokens > self.context:
            raise ValueError(
                f"A prompt of {tokens} tokens is longer than the model's limit of {self.context}."
            )
        if self.context is not None and tokens + new > self.context:
            raise ValueError(
                f"A prompt of {tokens} tokens and {new} new ones are longer than the model's limit of "
                f"{self.context}: ask for {self.context - tokens} new ones at most, or shorten the prompt."
            )

    def logits(self, hidden: Tensor) -> Tensor:
        """The vocabulary logits of normed hidden states, [..., d_model], with all that the model does to them."""
        return slices.run_head(self.model, self.architecture, hidden).to(hidden.device)

    # -- speaking ------------------------------------------------------------------------------------

    @torch.no_grad()
    def generate(self, inputs: Mapping[str, Tensor], max_new_tokens: int, **sampling: Any) -> Tensor:
        """Token ids of prompts, padded on the left, and their continuations: [rows, width + new].

        Greedy by default, and plainly: of the checkpoint's ``generation_config``, which may ask for
        sampling, beams or a penalty on repetition, only the tokens that end a text count.

        Args:
            inputs: ``input_ids`` and ``attention_mask``, [rows, width].
            sampling: fields of a ``GenerationConfig``, such as ``do_sample=True, top_k=5``.

        Raises:
            ValueError: the prompts and the new tokens do not fit into the model's context.
        """
        self.check_ids(inputs["input_ids"], max_new_tokens)
        with self.frozen():
            theirs = self.model.generation_config
            plain = GenerationConfig(
                max_new_tokens=max_new_tokens,
                pad_token_id=self.pad_id,
                bos_token_id=theirs.bos_token_id,
                eos_token_id=theirs.eos_token_id,
                **{"do_sample": False, **sampling},
            )
            try:
                self.model.generation_config = plain  # whatever another does not say is taken from here
                return self.model.generate(**inputs, generation_config=plain)
            finally:
                self.model.generation_config = theirs

    @plain_torch()
    def complete(self, prompt: str, max_new_tokens: int = 8) -> str:
        """The model's greedy continuation of ``prompt`` (without the prompt itself)."""
        ids = torch.tensor([tokenise(self.tokenizer, prompt)], dtype=torch.long, device=self.device)
        if not ids.numel():
            raise ValueError("The prompt is empty: there is nothing to complete.")
        output = self.generate({"input_ids": ids, "attention_mask": torch.ones_like(ids)}, max_new_tokens)
        return self.tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)

    @property
    def pad_id(self) -> int:
        """A token to pad with: any that has a row in the embedding will do, since no mask lets it through."""
        rows = self.model.get_input_embeddings().weight.shape[0]
        candidates = (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)
        return next(token for token in candidates if token is not None and token < rows)
