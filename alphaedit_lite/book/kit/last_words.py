"""Does an edited model still follow a text? The last word of a sentence that nobody edited.

    right = judge_last_words(lm)                       # a list of bools, one per sentence
    sum(right) / len(right)

The idea is LAMBADA's (Paperno et al. 2016): given a sentence without its last word, say the word. Ours are
first sentences of Wikipedia leads that neither the statistics nor the perplexity have read. A word is right
if each of its tokens is the model's first choice, the right ones before it given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ...metrics import token_scores
from ...models import LanguageModel
from ...support.texts import wikipedia_leads

SENTENCES: Final = 150
SHORTEST, LONGEST = 8, 40  # words


def last_words(texts: Iterable[str], limit: int = SENTENCES) -> list[tuple[str, str]]:
    """(sentence without its last word, " word") for texts whose first sentence is of middling length."""
    found: list[tuple[str, str]] = []
    for text in texts:
        match = re.match(r"([^\n]*?\w)( [a-z]{3,})\.(?: |\n|$)", text)
        if match and SHORTEST <= len(match[1].split()) < LONGEST:
            found.append((match[1], match[2]))
        if len(found) == limit:
            break
    return found


def judge_last_words(lm: LanguageModel, sentences: Sequence[tuple[str, str]] | None = None) -> list[bool]:
    """Whether each last word comes first, token by token; by default, of leads held out from everything."""
    sentences = last_words(wikipedia_leads("heldout")[100:]) if sentences is None else sentences
    return [bool(right.all()) for _, right in token_scores(lm, sentences)]
