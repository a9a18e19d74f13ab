"""Causal tracing (Meng et al. 2022, section 2): corrupt the subject, restore one state, measure the answer.

    runs = run_both(lm, fact, noise=3 * spread(lm, facts), samples=3)
    p = heat(lm, runs, "hidden")              # P(answer) with one state restored, [columns, layers, samples]
    total, indirect = effects(runs.p_clean, runs.p_corrupted, p)

Below the restored layer, and left of the restored column, nothing differs from the corrupted run. So a
restored run starts at its layer, with the columns from its own on: exact, and about a quarter of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import DynamicCache

from ...facts import Fact
from ...hooks import Look, hooked
from ...models import LanguageModel
from ...support.slices import copy_cache
from ...support.tokens import encode, pieces, spans

Kind = Literal["hidden", "mlp", "attention"]
KINDS: tuple[Kind, ...] = ("hidden", "mlp", "attention")
GROUPS = (
    "first subject token",
    "middle subject tokens",
    "last subject token",
    "first token after",
    "further tokens",
    "last token",
)


def corrupt(embedded: Tensor, first: int, last: int, noise: Tensor) -> Tensor:
    """Add noise to the subject's columns, first to last inclusive.

    Args:
        embedded: [samples, width, d_model].  noise: [samples, last - first + 1, d_model].
    """
    noisy = embedded.clone()
    noisy[:, first : last + 1] += noise
    return noisy


def restore(corrupted: Tensor, clean: Tensor, column: int) -> Tensor:
    """States, [samples, width, d_model], with one column taken from the clean run, [width, d_model]."""
    mended = corrupted.clone()
    mended[:, column] = clean[column]
    return mended


def effects(p_clean: float, p_corrupted: Tensor, p_restored: Tensor) -> tuple[float, Tensor]:
    """Total effect, a number, and indirect effects, [...]: means over the last dimension, the samples."""
    return float(p_clean - p_corrupted.mean()), (p_restored - p_corrupted).mean(-1)


@dataclass(frozen=True)
class Runs:
    """A clean run and some corrupted ones. All columns are counted from the subject's first token on.

    Attributes:
        words: the tokens as text, from the subject on.
        last: the column of the subject's last token.
        answer: the id of the answer's first token.
        clean: kind -> [n_layers, width, d_model]: what the block, its MLP and its attention put out.
        into: the corrupted input of every block, and the output of the last,
            [n_layers + 1, samples, width, d_model].
        cache: what attention keeps of the corrupted runs.  start: the column of the subject's first token.
        p_clean, p_corrupted: P(answer), a number and [samples].
    """

    words: list[str]
    last: int
    answer: int
    clean: Mapping[Kind, Tensor]
    into: Tensor
    cache: DynamicCache
    start: int
    p_clean: float
    p_corrupted: Tensor


def subject_columns(lm: LanguageModel, fact: Fact) -> tuple[list[int], int, int]:
    """Token ids of the prompt, and the first and the last column of its subject."""
    row = encode(lm.tokenizer, fact.prompt, fact.subject_end)
    begin = fact.subject_end - len(fact.subject)
    places = enumerate(spans(lm.tokenizer, fact.prompt))
    return row.ids, min(i for i, (start, end) in places if end > max(start, begin)), row.subject


def first_token(lm: LanguageModel, fact: Fact, text: str) -> int:
    """The id of the first token of ``text`` (" India") behind the fact's prompt."""
    row = encode(lm.tokenizer, fact.prompt, fact.subject_end, text)
    return row.ids[row.object]


@torch.no_grad()
def spread(lm: LanguageModel, facts: Sequence[Fact]) -> float:
    """The standard deviation of the entries of the embeddings of the facts' subjects."""
    ids = {token for fact in facts for token in pieces(lm.tokenizer, f" {fact.subject}")}
    return float(lm.embed(torch.tensor([sorted(ids)], device=lm.device)).std())


def attention(lm: LanguageModel, layer: int) -> nn.Module:
    """The attention half of a block; its (first) output is what it adds to the hidden state."""
    names = dict(lm.block(layer).named_children())
    return next(names[name] for name in ("self_attn", "attn", "attention") if name in names)


@torch.no_grad()
def run_both(
    lm: LanguageModel,
    fact: Fact,
    noise: float,
    samples: int = 3,
    seed: int = 0,
    answer: str | None = None,
    corrupt: Callable[[Tensor, int, int, Tensor], Tensor] = corrupt,
) -> Runs:
    """Run the model on the clean prompt and on ``samples`` copies whose subject is noisy.

    Args:
        noise: the standard deviation of the noise on each entry of the subject's embeddings.
        answer: the object whose first token is measured; by default the fact's true one.
    """
    ids, first, last = subject_columns(lm, fact)
    wanted = first_token(lm, fact, fact.true or "" if answer is None else answer)
    generator = torch.Generator().manual_seed(seed)
    random = torch.randn(samples, last - first + 1, lm.d_model, generator=generator).to(lm.device)
    seen: dict[tuple[str, int], Tensor] = {}

    def note(kind: str, layer: int) -> Look:
        def look(value: Tensor) -> None:
            seen[kind, layer] = value

        return look

    layers = range(lm.n_layers)
    out = {lm.block(n): note("hidden", n) for n in layers}
    out |= {lm.down_projection(n): note("mlp", n) for n in layers}
    out |= {attention(lm, n): note("attention", n) for n in layers}
    with lm.frozen():
        embedded = lm.embed(torch.tensor([ids], device=lm.device)).repeat(samples + 1, 1, 1)
        embedded[1:] = corrupt(embedded[1:], first, last, noise * random)  # row 0 stays clean
        ones = torch.ones(embedded.shape[:2], dtype=torch.long, device=lm.device)
        with hooked(outputs=out):
            normed, cache = lm.run(embedded, ones, ones.cumsum(1) - 1, keep_prefix=True)
        p = lm.logits(normed[:, -1]).float().softmax(-1)[:, wanted]
    clean: dict[Kind, Tensor] = {k: torch.stack([seen[k, n][0, first:] for n in layers]) for k in KINDS}
    into = torch.stack([embedded[1:, first:], *(seen["hidden", n][1:, first:] for n in layers)])
    noisy = copy_cache(cache, torch.arange(1, samples + 1, device=lm.device))
    words = [lm.tokenizer.decode([token]) for token in ids[first:]]
    return Runs(words, last - first, wanted, clean, into, noisy, first, float(p[0]), p[1:])


def window(layer: int, width: int, n_layers: int) -> range:
    """``width`` neighbouring layers with ``layer`` in the middle, cut off at the ends of the model."""
    return range(max(0, layer - width // 2), min(n_layers, layer - width // 2 + width))


@torch.no_grad()
def heat(
    lm: LanguageModel,
    runs: Runs,
    kind: Kind,
    width: int = 1,
    columns: Sequence[int] | None = None,
    layers: Sequence[int] | None = None,
) -> Tensor:
    """P(answer) of the corrupted runs with one place restored, [columns, layers, samples].

    For each column, all layers are tried in one journey up through the model: an experiment gets on at
    the block where it begins to differ from the corrupted run, and brings only the columns that differ.

    Args:
        width: for "mlp" and "attention", how many neighbouring layers are restored together.
        columns, layers: the places; by default all. The layers ascend.
    """
    columns = range(len(runs.words)) if columns is None else columns
    layers = range(lm.n_layers) if layers is None else layers
    windows = [window(n, 1 if kind == "hidden" else width, lm.n_layers) for n in layers]
    boards = [some[0] + (kind == "hidden") for some in windows]  # a hidden state stands behind its block
    clean, samples, found = runs.clean[kind], len(runs.p_corrupted), []
    norm = lm.model.base_model.get_submodule(lm.architecture.final_norm)

    def mend(value: Tensor, block: int, column: int) -> Tensor:  # [aboard · samples, width, d_model]
        parts = zip(value.split(samples), windows, strict=False)
        right = clean[block, column:]
        return torch.cat([restore(part, right, 0) if block in some else part for part, some in parts])

    with lm.frozen():
        for column in columns:
            rows = runs.into[0][:0, column:]
            for block in range(lm.n_layers + 1):
                new = runs.into[block][:, column:]
                for some in (some for some, board in zip(windows, boards, strict=True) if board == block):
                    here = restore(new, clean[some[0], column:], 0) if kind == "hidden" else new
                    rows = torch.cat([rows, here])
                if block < lm.n_layers and len(rows):
                    place = lm.down_projection(block) if kind == "mlp" else attention(lm, block)
                    look = {} if kind == "hidden" else {place: lambda v, b=block, c=column: mend(v, b, c)}
                    with hooked(outputs=look):
                        rows = _one_block(lm, rows, block, runs.cache, runs.start + column)
            p = lm.logits(norm(rows[:, -1])).float().softmax(-1)[:, runs.answer]
            found.append(p.unflatten(0, (-1, samples)))
    return torch.stack(found)


def _one_block(lm: LanguageModel, rows: Tensor, block: int, cache: DynamicCache, start: int) -> Tensor:
    """Run one block on rows, [experiments · samples, width, d_model], with ``start`` columns cached."""
    n, width = rows.shape[:2]
    positions = torch.arange(start, start + width, device=lm.device).expand(n, -1)
    mask = torch.ones(n, start + width, dtype=torch.long, device=lm.device)
    before = DynamicCache()
    layers: list[Any] = cache.layers if start else []
    for layer, kept in enumerate(layers):
        # The samples again and again, one for each row; of the other blocks' caches only the length is read.
        which = torch.arange(n if layer == block else 1, device=lm.device) % kept.keys.shape[0]
        before.update(kept.keys[which, :, :start], kept.values[which, :, :start], layer)
    return lm.run(rows, mask, positions, start=block, stop=block + 1, prefix=before if start else None)[0]


def groups(width: int, last: int) -> list[list[int]]:
    """The columns of each of ``GROUPS``, for a prompt that begins with its subject; some may be empty."""
    after = list(range(last + 1, width - 1))
    end = [width - 1] if width - 1 > last else []
    return [[0] if last > 0 else [], list(range(1, last)), [last], after[:1], after[1:], end]
