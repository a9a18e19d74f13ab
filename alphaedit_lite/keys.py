"""What a layer is asked: keys, and the second moment of the keys of ordinary text.

    statistics = fit_statistics(lm, layers=(3, 4, 5, 6, 7), texts=texts, tokens=100_000)
    statistics[5].second_moment                                # C0 = K0 K0ᵀ / N, [d_ff, d_ff], float64

A key is the input of the down-projection at one token. C0 stands for "what the model knows": it is
all that the solvers and the null space need of the 100,000 keys behind it. ``statistics.key_statistics``
keeps what was fitted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from .hooks import hooked
from .models import LanguageModel
from .prompts import batches
from .support.ambient import plain_torch
from .support.answers import alike
from .support.kinds import at_least
from .support.lists import language_model, layer_list
from .support.tokens import tokenised

MAX_TOKENS_PER_TEXT = 512
TOKENS_PER_BATCH = 4096  # padded tokens of one forward pass
STRIP = 1024  # rows of K Kᵀ computed at once: nearly half of the products are saved where d_ff is large


@dataclass
class KeyStatistics:
    """The streaming second moment of a layer's keys.

    Attributes:
        total: Σ k kᵀ over the keys seen, [d_ff, d_ff], float64 (products in float32, sum in float64).
        count: the number of keys.
        model, layer, answers: whose keys they are (its fingerprint, the block, what the model says to nine
            tokens), if that is known: an editor refuses those of another model or layer.
    """

    total: Tensor
    count: int = 0
    model: str | None = None
    layer: int | None = None
    answers: tuple[float | str, ...] = ()

    @classmethod
    @plain_torch()
    def empty(cls, d_ff: int, device: torch.device | str = "cpu", **whose: Any) -> KeyStatistics:
        return cls(torch.zeros(d_ff, d_ff, dtype=torch.float64, device=device), **whose)

    @plain_torch()
    def update(self, keys: Tensor) -> None:
        """Take in keys, [n, d_ff]. Raises ValueError on non-finite values or the wrong width."""
        if keys.ndim != 2 or keys.shape[1] != self.total.shape[0]:
            raise ValueError(f"Keys must be [n, {self.total.shape[0]}], not {list(keys.shape)}.")
        if not torch.isfinite(keys).all():
            raise ValueError("The keys hold NaN or infinite values.")
        keys = keys if keys.dtype == torch.float64 else keys.float()
        for first in range(0, keys.shape[1], STRIP):  # symmetric: what lies below the diagonal is copied
            rows = slice(first, first + STRIP)
            strip = (keys[:, rows].T @ keys[:, first:]).to(self.total)
            self.total[rows, first:] += strip
            self.total[first + STRIP :, rows] += strip[:, STRIP:].T
        self.count += keys.shape[0]

    def merge(self, other: KeyStatistics) -> KeyStatistics:
        """The statistics of both samples together. Raises ValueError if their model or layer differ."""
        if (self.model, self.layer) != (other.model, other.layer):
            mine, theirs = ((s.model, s.layer) for s in (self, other))
            raise ValueError(f"Statistics of model and layer {mine} do not add up with those of {theirs}.")
        if not alike(self.answers, other.answers, torch.float32):
            raise ValueError("Statistics of one model under two configurations do not add up.")
        total = self.total + other.total.to(self.total)  # one may come from a device, one from the cache
        return dataclasses.replace(self, total=total, count=self.count + other.count)

    @property
    def second_moment(self) -> Tensor:
        """C0 = K0 K0ᵀ / N, uncentred, per token: [d_ff, d_ff], float64."""
        if self.count < 1:
            raise ValueError("No keys were seen yet.")
        return self.total / self.count


@plain_torch()
def fit_statistics(
    lm: LanguageModel, layers: Sequence[int], texts: Sequence[str], tokens: int, progress: bool = True
) -> dict[int, KeyStatistics]:
    """Run the model on the first ``tokens`` tokens of ``texts``, only up to the last of ``layers``.

    Raises:
        RuntimeError: the model is not the unedited one, whose statistics they would be taken for.
    """
    language_model(lm).check_unedited()
    if not (layers := layer_list(layers)):
        raise ValueError("There are no layers to fit statistics for.")
    statistics = {layer: KeyStatistics.empty(lm.d_ff, lm.device, **lm.whose(layer)) for layer in layers}
    rows = token_rows(lm, texts, tokens)
    with tqdm(total=sum(map(len, rows)), unit="token", desc="statistics", disable=not progress) as bar:
        for chunk in take_in(lm, statistics, rows):
            bar.update(sum(map(len, chunk)))
    return statistics


def token_rows(lm: LanguageModel, texts: Sequence[str], tokens: int) -> list[list[int]]:
    """The token ids of each text, shortest first, cut to ``tokens`` in all. ValueError if there are none.

    Long texts are cut, to 512 tokens or the model's context, whichever is less.
    """
    most = min(MAX_TOKENS_PER_TEXT, lm.context or MAX_TOKENS_PER_TEXT)
    at_least(1, tokens=tokens)
    rows, left = [], tokens
    for found in tokenised(lm.tokenizer, texts):
        if ids := found[: min(most, left)]:
            rows.append(ids)
            left -= len(ids)
        if left <= 0:
            break
    if not rows:
        raise ValueError("The texts hold no tokens: there is nothing to fit statistics on.")
    rows.sort(key=len)  # the sum does not depend on the order, and equal lengths need no padding
    return rows


@torch.no_grad()
def take_in(
    lm: LanguageModel, statistics: dict[int, KeyStatistics], rows: Sequence[list[int]]
) -> Iterator[list[list[int]]]:
    """Update ``statistics`` with the keys of ``rows``, a chunk after another; yields each chunk once done."""
    for chunk in batches(rows, [len(row) for row in rows], TOKENS_PER_BATCH):
        ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(r) for r in chunk], True, lm.pad_id)
        lengths = torch.tensor([len(r) for r in chunk])
        mask = (torch.arange(ids.shape[1]) < lengths[:, None]).to(lm.device)

        def take(layer: int, mask: Tensor = mask):
            return lambda keys: statistics[layer].update(keys.reshape(*mask.shape, -1)[mask.to(keys.device)])

        looks = {lm.down_projection(layer): take(layer) for layer in statistics}
        with lm.frozen(), hooked(inputs=looks):
            lm.check_no_edits()  # another thread may write between two chunks
            positions = torch.arange(ids.shape[1], device=lm.device).expand_as(mask)
            lm.run(lm.embed(ids.to(lm.device)), mask.long(), positions, stop=max(statistics) + 1)
        yield chunk
