"""What an editor reads before it writes a layer: the facts' keys, and the output of the last edited block.

    prompts = FactPrompts(lm, facts, prefixes, start=3)    # in front of block 3
    keys, output = prompts.look(3, last=7)                 # [n, d_ff], [n, d_model]
    ...                                                    # block 3 is edited
    prompts.advance(3, 4)                                  # in front of block 4, through the edited block

All facts stand behind the same few beginnings, and a causal model reads a beginning without knowing what
follows. So each beginning runs once for all facts, and its attention keys and values serve them all. That
is exact, and leaves a third of the work: most tokens of such prompts are beginnings.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import torch
from torch import Tensor
from transformers import DynamicCache

from .facts import Fact
from .hooks import hooked
from .models import LanguageModel
from .prompts import Encoded, align, encode_facts
from .support.slices import copy_cache

FACTS_PER_PASS = 32  # keys of more facts are collected in several passes, to bound memory


class FactPrompts:
    """The prompts of facts after every prefix, cut after the subject, on their way through the blocks."""

    def __init__(self, lm: LanguageModel, facts: Sequence[Fact], prefixes: Sequence[str], start: int) -> None:
        self.lm, self.prefixes = lm, len(prefixes)
        rows = encode_facts(lm, facts, prefixes, target=False)
        longest = max(len(row.ids) for some in rows for row in some)
        shared = [shared_start(column) for column in zip(*rows, strict=True)]
        # Padding between a beginning and its end would fill the window.
        if lm.window and 2 * longest > lm.window:
            shared = [0] * len(shared)
        heads = [Encoded(row.ids[:n], n - 1, n) for row, n in zip(rows[0], shared, strict=True)]
        self.head = align(heads, range(len(heads)), lm.pad_id, lm.device)  # one row per prefix
        self.head_hidden = lm.embed(self.head.ids)
        self.batches, self.hidden = [], []
        for first in range(0, len(rows), FACTS_PER_PASS):
            tails = [
                Encoded(row.ids[n:], row.subject - n, len(row.ids) - n)
                for some in rows[first : first + FACTS_PER_PASS]
                for row, n in zip(some, shared, strict=True)
            ]
            self.batches.append(align(tails, range(len(tails)), lm.pad_id, lm.device))
            self.hidden.append(lm.embed(self.batches[-1].ids))
        self.shared = torch.tensor(shared, device=lm.device)
        if start > 0:
            self.advance(0, start)

    def advance(self, start: int, stop: int) -> None:
        """On to the input of block ``stop``, through the blocks as they are now."""
        head, cache = self._run_heads(self.head_hidden, start, stop)
        self.hidden = [self._run(i, h, start, stop, cache) for i, h in enumerate(self.hidden)]
        self.head_hidden = head

    def look(self, layer: int, last: int) -> tuple[Tensor, Tensor]:
        """The facts' keys at ``layer``, [n, d_ff], and the output of block ``last``, [n, d_model].

        A key is ½·(bare prompt) + ½·(mean of the prefixed prompts); the output is the bare prompt's, so
        that no other prompt runs beyond the block ``layer``. The prompts stay where they are.
        """
        keys, outputs = [], []
        head, cache = self._run_heads(self.head_hidden, layer, layer + 1)
        above = self._run_heads(head, layer + 1, last + 1)[1] if layer < last else None
        for i, (batch, hidden) in enumerate(zip(self.batches, self.hidden, strict=True)):
            seen: list[Tensor] = []
            with hooked(inputs={self.lm.down_projection(layer): seen.append}):
                out = self._run(i, hidden, layer, layer + 1, cache)
            out = out[:: self.prefixes]
            if layer < last:
                out = self._run(i, out, layer + 1, last + 1, above, bare=True)
            key = (
                seen[0]
                .view(*batch.mask.shape, -1)[:, batch.subject]
                .float()
                .unflatten(0, (-1, self.prefixes))
            )  # [n, prefixes, d_ff]
            keys.append((key[:, 0] + key[:, 1:].mean(1)) / 2 if self.prefixes > 1 else key[:, 0])
            outputs.append(out[:, batch.subject].float())
        return torch.cat(keys), torch.cat(outputs)

    def _run_heads(self, hidden: Tensor, start: int, stop: int) -> tuple[Tensor, DynamicCache | None]:
        if not hidden.shape[1]:  # nothing is shared
            return hidden, None
        head = self.head
        return self.lm.run(hidden, head.mask, head.positions, start=start, stop=stop, keep_prefix=True)

    def _run(
        self, i: int, hidden: Tensor, start: int, stop: int, cache: DynamicCache | None, bare: bool = False
    ) -> Tensor:
        """Rows of pass ``i`` (all, or the bare prompts only) behind the cache of their beginnings."""
        every = self.prefixes if bare else 1
        mask, positions = self.batches[i].mask[::every], self.batches[i].positions[::every]
        if cache is None:
            return self.lm.run(hidden, mask, positions, start=start, stop=stop)[0]
        which = torch.arange(0, len(self.batches[i].mask), every, device=mask.device) % self.prefixes
        positions = positions + self.shared[which][:, None] * mask
        mask = torch.cat([self.head.mask[which], mask], 1)
        prefix = copy_cache(cache, which)
        return self.lm.run(hidden, mask, positions, start=start, stop=stop, prefix=prefix)[0]


def shared_start(rows: Sequence[Encoded]) -> int:
    """How many tokens all rows begin with, the subject's last token left out."""
    same = takewhile(lambda column: len(set(column)) == 1, zip(*(row.ids for row in rows), strict=False))
    return min(sum(1 for _ in same), *(row.subject for row in rows))
