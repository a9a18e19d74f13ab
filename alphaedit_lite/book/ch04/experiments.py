"""What chapter 4 measures: keys of a real layer, and how well a sum of pairs recalls.

rows = subject_keys(lm, facts, 6)                  # [n, d_ff]: one key per subject
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ...facts import Fact
from ...models import LanguageModel
from ...prompts import encode
from ..kit.neurons import keys_of


def subject_keys(lm: LanguageModel, facts: Sequence[Fact], layer: int, prefix: str = "") -> Tensor:
    """The key at each subject's last token, [n, d_ff], float64, on the CPU: in its prompt, after a prefix."""
    found = [encode(lm.tokenizer, prefix + f.prompt, len(prefix) + f.subject_end) for f in facts]
    rows = [encoded.ids[: encoded.subject + 1] for encoded in found]
    out = torch.empty(len(rows), lm.d_ff, dtype=torch.float64)
    for chunk, mask, keys in keys_of(lm, rows, 1024, [layer]):
        out[chunk] = keys[0, torch.arange(len(chunk)), mask.sum(1) - 1].double().cpu()
    return out


def chance_right(n: int, d: int) -> float:
    """How often the sum of n random pairs, keys and values of d entries, scores the right value highest.

    The n scores are taken as independent and normal: the right one around 1, the others around 0.
    """
    z = torch.linspace(-6, 6, 601, dtype=torch.float64)
    own, other = math.sqrt(n - 1) / d, math.sqrt(2 / d + max(n - 2, 0) / d**2)
    wins = torch.special.ndtr((1 + own * z) / other) ** (n - 1)
    return float(wins @ torch.softmax(-z.square() / 2, 0))
