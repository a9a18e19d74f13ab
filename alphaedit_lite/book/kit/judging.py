"""One edit, judged in every way at once, prompt by prompt: what chapter 9 compares.

    rows = judge_prompts(lm, facts)               # a pandas DataFrame, one row per prompt
    per_fact(rows, "prompt")                      # one row per fact: what ``metrics.summary`` takes

``metrics.evaluate`` gives two of these columns per fact, and is what to use outside this chapter.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence

import pandas as pd

from ...edits import Edit
from ...facts import Fact
from ...generation import generate
from ...metrics import token_scores
from ...models import LanguageModel

KINDS = ("prompt", "paraphrases", "neighbours")
METRICS = ("success", "share", "accuracy", "match", "mention")


def says(text: str, name: str, first: bool = False) -> bool:
    """Whether a text names something as a whole word; ``first``: whether it begins with it."""
    pattern = rf"{re.escape(name.strip())}(?!\w)"
    return bool(re.match(r"\s*" + pattern, text) if first else re.search(r"(?<!\w)" + pattern, text))


def judge_prompts(
    lm: LanguageModel, facts: Sequence[Fact], words: int = 20, free: Sequence[str] = KINDS
) -> pd.DataFrame:
    """Ask the model as it is now everything that judges these facts.

    Args:
        words: tokens of free continuation.
        free: the kinds of prompts that are continued freely; the others have NaN in match and mention.

    Returns:
        one row per prompt: ``fact`` (its number), ``kind``, ``prompt``, ``wanted`` and ``other`` (objects),
        ``tokens`` of the wanted object, ``p`` (its mean log-probability), ``p_other``; then metrics, 0 to 1:
        ``success``: wanted more likely than other, NaN without another; ``share``: of the wanted object's
        tokens that are the arg-max, given the right ones before; ``accuracy``: all of them are; ``match``: a
        free continuation begins with the wanted object; ``mention``: it names it; and ``text``, all of that.
    """
    asked = []
    for i, fact in enumerate(facts):
        asked.append((i, "prompt", fact.prompt, fact.new, fact.true))
        asked += [(i, "paraphrases", prompt, fact.new, fact.true) for prompt in fact.paraphrases]
        asked += [(i, "neighbours", prompt, answer, fact.new) for prompt, answer in fact.neighbours]
    rows = pd.DataFrame(asked, columns=["fact", "kind", "prompt", "wanted", "other"])
    rivals = rows[rows.other.notna()]
    pairs = [*zip(rows.prompt, rows.wanted, strict=True), *zip(rivals.prompt, rivals.other, strict=True)]
    scores = token_scores(lm, pairs)
    rows["tokens"] = [len(found) for found, _ in scores[: len(rows)]]
    rows["p"] = [float(found.mean()) for found, _ in scores[: len(rows)]]
    rows["p_other"] = math.nan
    rows.loc[rivals.index, "p_other"] = [float(found.mean()) for found, _ in scores[len(rows) :]]
    rows["success"] = (rows.p > rows.p_other).astype(float).where(rows.other.notna())
    rows["share"] = [float(right.float().mean()) for _, right in scores[: len(rows)]]
    rows["accuracy"] = [float(right.all()) for _, right in scores[: len(rows)]]
    spoken = rows[rows.kind.isin(free)]
    unique = list(dict.fromkeys(spoken.prompt))
    said = dict(zip(unique, generate(lm, unique, words), strict=True))
    rows["text"] = rows.prompt.map(said)
    for name, first in (("match", True), ("mention", False)):
        rows[name] = [
            float(says(text, wanted, first)) if isinstance(text, str) else math.nan
            for text, wanted in zip(rows.text, rows.wanted, strict=True)
        ]
    return rows


def per_fact(rows: pd.DataFrame, kind: str, metrics: Sequence[str] = METRICS) -> pd.DataFrame:
    """Means over the prompts of one kind, one row per fact: facts are what a bootstrap draws again."""
    return rows[rows.kind == kind].groupby("fact")[list(metrics)].mean()


def scaled(edit: Edit, strength: float) -> Edit:
    """The same edit with Δ multiplied by ``strength``, in no model yet."""
    residual = {layer: strength * values for layer, values in edit.residual.items()}
    return dataclasses.replace(edit, residual=residual, lm=None)
