"""What chapter 4 measures: keys of a real layer, and how well a sum of pairs recalls.

rows = subject_keys(lm, facts, 6)                  # [n, d_ff]: one key per subject
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from ...facts import Fact
from ...hooks import hooked
from ...models import LanguageModel
from ...prompts import batches, encode


@torch.no_grad()
def _keys(lm: LanguageModel, rows: Sequence[list[int]], layer: int) -> Iterable[list[Tensor]]:
    """The keys at every token of some token lists, each [length, d_ff], batch by batch."""
    for chunk in batches(rows, [len(row) for row in rows], 1024):
        ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in chunk], True, lm.pad_id)
        ids = ids.to(lm.device)
        lengths = torch.tensor([len(row) for row in chunk], device=lm.device)
        positions = torch.arange(ids.shape[1], device=lm.device).expand_as(ids)
        seen: list[Tensor] = []
        with lm.frozen(), hooked(inputs={lm.down_projection(layer): seen.append}):
            lm.run(lm.embed(ids), (positions < lengths[:, None]).long(), positions, stop=layer + 1)
        yield [key[: len(row)].double() for key, row in zip(seen[0], chunk, strict=True)]


def subject_keys(lm: LanguageModel, facts: Sequence[Fact], layer: int, prefix: str = "") -> Tensor:
    """The key at each subject's last token, [n, d_ff], float64, on the CPU: in its prompt, after a prefix."""
    found = [encode(lm.tokenizer, prefix + f.prompt, len(prefix) + f.subject_end) for f in facts]
    rows = [encoded.ids[: encoded.subject + 1] for encoded in found]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    ends = [key[-1] for some in _keys(lm, [rows[i] for i in order], layer) for key in some]
    return torch.stack(ends).cpu()[torch.tensor(order).argsort()]


def chance_right(n: int, d: int) -> float:
    """How often the sum of n random pairs, keys and values of d entries, scores the right value highest.

    The n scores are taken as independent and normal: the right one around 1, the others around 0.
    """
    z = torch.linspace(-6, 6, 601, dtype=torch.float64)
    own, other = math.sqrt(n - 1) / d, math.sqrt(2 / d + max(n - 2, 0) / d**2)
    wins = torch.special.ndtr((1 + own * z) / other) ** (n - 1)
    return float(wins @ torch.softmax(-z.square() / 2, 0))
