"""A language model and its memory matrices.

    lm = load_model()                       # SmolLM2-135M, float32, from the cache
    lm.weight(5)                            # the memory matrix W of block 5, [d_model, d_ff]
    lm.complete("The capital of France is")

``lm.model`` and ``lm.tokenizer`` stay ordinary ``transformers`` objects.  What depends
on the model family stands in one table, ``ARCHITECTURES``; no other module branches on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from .ledger import Ledger
from .support import proof, slices, wrappers
from .support.acceptance import accepted
from .support.ambient import Lock, plain_torch
from .support.anatomy import Anatomy
from .support.answers import alike, answers, unlike
from .support.architectures import ARCHITECTURES, Architecture, UnsupportedModelError
from .support.asked import check_inputs, plain_config, speaking
from .support.checksums import fingerprint, sample
from .support.tokens import continuation, tokenise

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "LanguageModel",
    "UnsupportedModelError",
    "fingerprint",
]


class LanguageModel(Anatomy):
    """A causal language model whose feed-forward memories can be read, run in part, and edited.

    Wrapping costs a few short forward passes: see ``proof``. The package runs a model in one thread at a time
    (``lm.lock``), whatever is set for all of torch (``plain_torch``). A thread that calls ``lm.model`` itself
    sees no half-written edit if it holds the lock.

    Args:
        model: a ``transformers`` causal LM in float32, bfloat16 or float16, not quantised. DataParallel and
            ``torch.compile`` are taken off: ``lm.model`` is the model inside, whose weights they share.
        tokenizer: its fast tokenizer (offset mappings are needed to find a subject's tokens).

    Raises:
        UnsupportedModelError: unknown family, slow tokenizer, weights that are quantised, shared, computed
            anew at each call or not finite; or the model run in parts is not the model. It says which.
        RuntimeError: it holds edits of another ``LanguageModel``.
    """

    @plain_torch()
    def __init__(self, model: Any, tokenizer: Any) -> None:
        super().__init__(accepted(model, tokenizer), tokenizer)
        self.lock = Lock()  # held by whoever runs or writes the model
        proof.check_memories(self)
        proof.check_parts(self)
        wrappers.register(self)
        self.ledger = Ledger(self.written, self.lock)  # the edits that are in the weights now
        self.rename()

    def rename(self) -> None:
        """Take the weights as they are now for the unedited ones, and name them.

        Attributes:
            fingerprint: sixteen hex digits of every byte: the model's name in files.
            sample: of some thousand numbers of each tensor, so that ``check_unchanged`` costs little.
            answers: what it says to nine tokens, and how its tokenizer reads: the same weights may differ.
        """
        self.fingerprint, self.sample = fingerprint(self.model), sample(self.model)
        self.answers = answers(self)

    def whose(self, layer: int) -> dict[str, Any]:
        """What statistics of one of its layers note of their origin."""
        return {"model": self.fingerprint, "layer": layer, "answers": self.answers}

    def answers_like(self, noted: Sequence[float | str]) -> bool:
        """Whether a model that said this to nine tokens is this one, not only one with its weights."""
        return alike(self.answers, noted, self.weight(0).dtype)

    def check_unchanged(self) -> None:
        """Raise RuntimeError if the weights are no longer those that were named, plus the edits they hold.

        Of edited matrices every byte is compared, of all others a thousand numbers each: a change of few
        entries in a matrix that holds no edit is not seen. Its answers are compared, too.
        """
        before = {}
        with self.lock:
            for layer in self.ledger.layers:
                self.ledger.check(layer)
                original = self.ledger.original(layer)
                stored = original.T if self.architecture.transposed else original
                before[self.weight(layer).data_ptr()] = stored
            found = sample(self.model, before)
        if found != self.sample:
            raise RuntimeError(
                "The model was changed after its LanguageModel was made, so its statistics and edits no "
                "longer fit: revert the edits, and wrap it again."
            )
        if not self.answers_like(answers(self)):
            raise RuntimeError(unlike(self))

    def check_no_edits(self) -> None:
        """Raise RuntimeError if the model holds edits."""
        if self.ledger.edits:
            raise RuntimeError("The model holds edits: revert them before fitting its statistics.")

    def check_unedited(self) -> None:
        """Raise RuntimeError unless the weights are those that were named, without any edit."""
        self.check_no_edits()
        self.check_unchanged()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy, or what comes out of a pickle, holds the edits itself."""
        self.__dict__.update(state)
        wrappers.register(self)
        for edit in self.ledger.edits:
            edit.lm = self

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
                f"There is padding between the tokens of a row, {mask.shape[1]} columns wide: this model's "
                f"attention reaches {self.window} columns back, and would miss tokens. Pad at the ends."
            )
        cache = slices.copy_cache(prefix) if prefix is not None else DynamicCache() if keep_prefix else None
        base, keep = self.model.base_model, cache is not None
        inputs = {"attention_mask": mask, "position_ids": positions, "past_key_values": cache}
        output = slices.run_blocks(base, self.architecture, hidden, start, stop, use_cache=keep, **inputs)
        return output.to(hidden.device), cache if keep_prefix else None

    def embed(self, ids: Tensor) -> Tensor:
        """Token embeddings, [rows, width, d_model]: the input of block 0. ValueError: see ``check_ids``."""
        self.check_ids(ids)
        return self.model.get_input_embeddings()(ids)

    def logits(self, hidden: Tensor) -> Tensor:
        """The vocabulary logits of normed hidden states, scaled and capped as the model does."""
        return slices.run_head(self.model, self.architecture, hidden).to(hidden.device)

    # -- speaking ------------------------------------------------------------------------------------

    @torch.no_grad()
    def generate(self, inputs: Mapping[str, Tensor], max_new_tokens: int, **sampling: Any) -> Tensor:
        """Token ids of prompts, padded on the left, and their continuations: [rows, width + new].

        Greedy by default, and plainly: of the checkpoint's ``generation_config``, which may ask for
        sampling, beams or a penalty on repetition, only the tokens that end a text count.

        Args:
            inputs: ``input_ids`` and, if there is padding, ``attention_mask``, [rows, width].
            sampling: fields of a ``GenerationConfig``, such as ``do_sample=True, top_k=5``.

        Raises:
            ValueError: the prompts and the new tokens do not fit into the model's context, a prompt ends with
                padding, ids that are none, or a field that no ``GenerationConfig`` has.
            TypeError: no tensor of ids, or no whole number of new tokens.
        """
        ids, mask = check_inputs(inputs, max_new_tokens)
        self.check_ids(ids, max_new_tokens)
        options = {"do_sample": False, "pad_token_id": self.pad_id, "eos_token_id": self.ends or None}
        plain = plain_config({"max_new_tokens": max_new_tokens, **options, **sampling})
        words = {"tokenizer": self.tokenizer} if plain.stop_strings else {}
        with self.frozen():
            speaker = speaking(self.model, plain)
            return speaker.generate(ids, attention_mask=mask, generation_config=plain, **words)

    @plain_torch()
    def complete(self, prompt: str, max_new_tokens: int = 8) -> str:
        """The model's greedy continuation of ``prompt`` (without the prompt itself)."""
        ids = torch.tensor([tokenise(self.tokenizer, prompt)], dtype=torch.long, device=self.device)
        if not ids.numel():
            raise ValueError("The prompt is empty: there is nothing to complete.")
        output = self.generate({"input_ids": ids, "attention_mask": torch.ones_like(ids)}, max_new_tokens)
        return continuation(self.tokenizer, output[0].tolist(), ids.shape[1])
