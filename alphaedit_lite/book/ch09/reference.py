"""Our answers to chapter 9, "Did it work?". Texts are lists of words; log-probabilities are natural."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

import torch
from torch import Tensor

Words = Sequence[str]


def judge_fact(new: Tensor, true: Tensor, right: Tensor) -> tuple[float, float, float]:  # 09.1
    return float(new.mean() > true.mean()), float(right.float().mean()), float(right.all())


def flattery(q: float, m: int) -> tuple[float, float, float]:  # 09.2
    return q, q**m, 0.5


def entropy(words: Words, n: int) -> float:  # 09.3
    counts = Counter(zip(*(words[i:] for i in range(n)), strict=False))
    total = sum(counts.values())
    return -sum(c / total * math.log2(c / total) for c in counts.values()) if total else math.nan


def tfidf_cosine(text: Words, reference: Words, documents: Sequence[Collection[str]]) -> float:  # 09.4
    seen = Counter(word for document in documents for word in set(document))
    idf = {w: math.log((1 + len(documents)) / (1 + seen[w])) + 1 for w in {*text, *reference}}
    a, b = ({w: count * idf[w] for w, count in Counter(words).items()} for words in (text, reference))
    dot = sum(value * b.get(w, 0.0) for w, value in a.items())
    return dot / math.sqrt(sum(x * x for x in a.values()) * sum(x * x for x in b.values()))


def interval(values: Tensor, resamples: int = 2000) -> tuple[float, float]:  # 09.5
    facts = torch.randint(len(values), (resamples, len(values)))
    means = values[facts].mean((1, 2))
    low, high = torch.quantile(means, torch.tensor([0.025, 0.975], dtype=means.dtype))
    return float(low), float(high)
