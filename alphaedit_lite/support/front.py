"""Prompts stopped where δ comes in: what lies before is run once, what lies behind once a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from transformers import DynamicCache

from ..prompts import PromptBatch
from .slices import copy_cache

if TYPE_CHECKING:
    from ..models import LanguageModel


@dataclass(frozen=True)
class Front:
    """Prompts stopped at the output of block L, where δ comes in: what lies behind depends on it, no more.

    Attributes:
        hidden: the output of block L from the subject's column on, [rows, width − subject, d_model].
        cache: the attention keys and values of the columns before; None if the subject begins every row.
    """

    batch: PromptBatch
    layer: int
    hidden: Tensor
    cache: DynamicCache | None

    @classmethod
    @torch.no_grad()
    def of(cls, lm: LanguageModel, batch: PromptBatch, layer: int) -> Front:
        c, cache = batch.subject, None
        embedded = lm.embed(batch.ids)
        if c > 0:
            _, cache = lm.run(embedded[:, :c], batch.mask[:, :c], batch.positions[:, :c], keep_prefix=True)
        hidden, _ = lm.run(embedded[:, c:], batch.mask, batch.positions[:, c:], stop=layer + 1, prefix=cache)
        return cls(batch, layer, hidden, cache)

    def run_on(self, lm: LanguageModel, shift: Tensor) -> Tensor:
        """The normed output of the last block, with a vector added at each row's subject.

        Args:
            shift: [rows, d_model]: the δ of each row's fact.

        Returns:
            [rows, width − subject, d_model].
        """
        shifted = (self.hidden[:, :1] + shift[:, None]).to(self.hidden.dtype)
        hidden = torch.cat([shifted, self.hidden[:, 1:]], 1)
        positions = self.batch.positions[:, self.batch.subject :]
        return lm.run(hidden, self.batch.mask, positions, start=self.layer + 1, prefix=self.cache)[0]

    def only(self, active: Tensor) -> Front:
        """The rows of the facts that are still active (bool, [n_facts])."""
        keep = active[self.batch.fact]
        batch = self.batch.select(keep)
        hidden = self.hidden[keep][:, : batch.ids.shape[1] - batch.subject]
        return Front(batch, self.layer, hidden, copy_cache(self.cache, keep) if self.cache else None)
