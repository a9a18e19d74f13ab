"""Prompts as tensors: where the subject ends, where the object begins, and rows aligned at the subject.

Every method of this package reads or writes at one place, the subject's last token.  So all prompts
are laid side by side with that token in one column: shorter beginnings are padded on the left,
shorter ends on the right.  What stands left of the column never depends on what is written in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from .facts import Fact
from .support.lists import language_model
from .support.tokens import Encoded, encode, private, tokenise

if TYPE_CHECKING:
    from .models import LanguageModel

# A fact's key and target are averaged over these beginnings, so that they belong to the subject and
# not to one sentence. Fixed, where the reference samples them from the model (``sample_prefixes``).
PREFIXES = (
    "",
    "The man sat down at the table and opened the letter. ",
    "It was released in 1987 and sold well. ",
    "Because of the rain, the match was stopped early. ",
    "I think that you should see this film. ",
    "She studied law at the university before the war. ",
)


Item = TypeVar("Item")


def batches(items: Sequence[Item], widths: Sequence[int], budget: int) -> Iterator[list[Item]]:
    """Runs of items, sorted by ascending width, that hold at most ``budget`` padded tokens (or one item)."""
    chunk: list[Item] = []
    for item, width in zip(items, widths, strict=True):
        if chunk and (len(chunk) + 1) * width > budget:
            yield chunk
            chunk = []
        chunk.append(item)
    if chunk:
        yield chunk


@dataclass(frozen=True)
class PromptBatch:
    """Prompts aligned at the subject's last token.

    Attributes:
        ids, mask, positions: [rows, width]; mask is 0 on padding; positions count within a row.
        subject: the column of the subject's last token, the same in every row.
        fact: [rows], which fact a row belongs to.
        loss_row, loss_column, loss_id: [tokens]: the output at (row, column) should predict id.
    """

    ids: Tensor
    mask: Tensor
    positions: Tensor
    subject: int
    fact: Tensor
    loss_row: Tensor
    loss_column: Tensor
    loss_id: Tensor

    def select(self, keep: Tensor) -> PromptBatch:
        """The rows where ``keep`` (bool, [rows]) holds, without columns that became all padding."""
        mask = self.mask[keep]
        width = int(mask.any(0).nonzero().max()) + 1
        tokens = keep[self.loss_row]
        renumber = keep.cumsum(0) - 1
        return PromptBatch(
            self.ids[keep, :width],
            self.mask[keep, :width],
            self.positions[keep, :width],
            self.subject,
            self.fact[keep],
            renumber[self.loss_row[tokens]],
            self.loss_column[tokens],
            self.loss_id[tokens],
        )


def align(rows: Sequence[Encoded], fact: Sequence[int], pad_id: int, device: torch.device) -> PromptBatch:
    """Lay encoded prompts side by side. The last object token is left out: nothing reads its output."""
    subject = max(row.subject for row in rows)
    inputs = [row.ids[: max(row.subject + 1, len(row.ids) - (row.object < len(row.ids)))] for row in rows]
    width = subject + max(len(ids) - row.subject for ids, row in zip(inputs, rows, strict=True))
    ids = torch.full((len(rows), width), pad_id)
    mask = torch.zeros_like(ids)
    positions = torch.zeros_like(ids)
    loss: list[tuple[int, int, int]] = []
    for i, (tokens, row) in enumerate(zip(inputs, rows, strict=True)):
        shift = subject - row.subject
        here = slice(shift, shift + len(tokens))
        ids[i, here] = torch.tensor(tokens)
        mask[i, here] = 1
        positions[i, here] = torch.arange(len(tokens))
        loss += [(i, shift + t - 1, row.ids[t]) for t in range(row.object, len(row.ids))]
    where = torch.tensor(loss, dtype=torch.long).reshape(-1, 3).to(device)
    owner = torch.tensor(fact, device=device)
    ids, mask, positions = ids.to(device), mask.to(device), positions.to(device)
    return PromptBatch(ids, mask, positions, subject, owner, where[:, 0], where[:, 1], where[:, 2])


def encode_fact(tokenizer: Any, fact: Fact, prefixes: Sequence[str], target: bool) -> list[Encoded]:
    """One fact after every prefix, with its new object or, for keys alone, cut after the subject.

    A BOS that the prompt carries itself stays in front of the prefixes, if the tokenizer puts one there too:
    else that token is part of the text, as ``<|im_start|>`` of a chat.
    """
    tokenizer, bos, text = private(tokenizer), tokenizer.bos_token, fact.prompt
    start = len(bos) if bos and text.startswith(bos) and tokenise(tokenizer, "") else 0
    object_ = fact.new if target else ""
    rows = [
        encode(tokenizer, text[:start] + prefix + text[start:], len(prefix) + fact.subject_end, object_)
        for prefix in prefixes
    ]
    if target:
        return rows
    return [Encoded(row.ids[: row.subject + 1], row.subject, row.subject + 1) for row in rows]


def encode_facts(
    lm: LanguageModel, facts: Sequence[Fact], prefixes: Sequence[str], target: bool
) -> list[list[Encoded]]:
    """``encode_fact`` of each. ValueError for one that is longer than the model's context, by its name."""
    rows = [encode_fact(lm.tokenizer, fact, prefixes, target) for fact in facts]
    for fact, some in zip(facts, rows, strict=True):
        lm.check_rows(fact, prefixes, [len(row.ids) - target for row in some])
    return rows


@torch.no_grad()
def sample_prefixes(lm: LanguageModel, seed: int = 0, tokens: int = 10) -> tuple[str, ...]:
    """Beginnings as the reference makes them: sampled from the model after five words; here with a seed.

    Returns:
        the empty beginning and five sampled ones, for ``TargetConfig(prefixes=…)``.
    """
    found = [""]
    with torch.random.fork_rng(), language_model(lm).frozen():
        torch.manual_seed(seed)
        for word in ("The", "Therefore", "Because", "I", "You"):
            ids = torch.tensor([tokenise(lm.tokenizer, word)], device=lm.device)
            inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
            output = lm.generate(inputs, tokens, do_sample=True, top_k=5)
            text = lm.tokenizer.decode(output[0], skip_special_tokens=True)
            found.append(" ".join(text.replace("{", " ").replace("}", " ").split()) + ". ")
    return tuple(found)
