"""Texts as tokens: what a model reads, where the subject ends, where the object begins.

tokenise(lm.tokenizer, "Rome is in")                      # ids, as every part of the package takes them
pieces(lm.tokenizer, " Italy")                            # ids of a text that stands within another
encode(lm.tokenizer, "Rome is in", 4, " Italy").object    # the index of the object's first token
continuation(lm.tokenizer, ids, 5)                        # what the tokens from the fifth on say

All read through a ``private`` copy of the tokenizer, so that no other thread's truncation gets in.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any

from tokenizers import Tokenizer

from .spacing import check_text, check_texts, within_word


@dataclass(frozen=True)
class Encoded:
    """Token ids of prompt and object, the index of the subject's last token and of the object's first."""

    ids: list[int]
    subject: int
    object: int


def private(tokenizer: Any) -> Any:
    """The tokenizer as it is now, with a backend of its own that neither truncates nor pads.

    A fast tokenizer notes in its backend how the current call truncates and pads, where any thread that calls
    it meanwhile meets that. The copy shares vocabulary and rules, and costs little; thousands of added tokens
    cost milliseconds, so take one for many texts. It learns nothing new: do not keep it.
    """
    shared = vars(tokenizer).get("_tokenizer")  # a tokenizer that is written in Python has none
    if not isinstance(shared, Tokenizer) or "_private" in vars(tokenizer):
        return tokenizer
    own = Tokenizer(shared.model)
    for rule in ("normalizer", "pre_tokenizer", "post_processor", "decoder"):
        if (found := getattr(shared, rule)) is not None:
            setattr(own, rule, found)
    added = [token for _, token in sorted(shared.get_added_tokens_decoder().items())]  # by id, as they came
    for special, tokens in groupby(added, attrgetter("special")):
        (own.add_special_tokens if special else own.add_tokens)(list(tokens))
    found = copy.copy(tokenizer)
    vars(found).update(_tokenizer=own, _private=True)
    return found


def tokenised(tokenizer: Any, texts: Iterable[str]) -> Iterator[list[int]]:
    """``tokenise`` of many texts. TypeError for what is no list of texts: see ``check_texts``."""
    return map(partial(tokenise, private(tokenizer)), check_texts(texts))


def tokenise(tokenizer: Any, text: str) -> list[int]:
    """The tokens that a model reads before it goes on from ``text``; none for a text without any.

    What the tokenizer puts in front (BOS) comes once, even if ``text`` carries it already, as chat templates
    do. What it puts at the end (EOS) is left out: nothing goes on after it.
    """
    return _tokens(tokenizer, text)[0][0]


def pieces(tokenizer: Any, text: str) -> list[int]:
    """The tokens of a text by itself: nothing that the tokenizer puts in front of it or after it."""
    check_text(text)
    return private(tokenizer)(text, add_special_tokens=False, verbose=False)["input_ids"]


def continuation(tokenizer: Any, ids: list[int], start: int, ends: Collection[int] = ()) -> str:
    """What ``ids[start:]`` say behind the others, to the letter: many decoders drop a space in front of what
    they take for the beginning of a text, or before punctuation. Special tokens are left out, and whatever
    follows the first of ``ends``: padding may be an ordinary word."""
    ids = ids[: next((i + 1 for i in range(start, len(ids)) if ids[i] in ends), len(ids))]
    options = {"skip_special_tokens": True, "clean_up_tokenization_spaces": False}
    before, whole = tokenizer.decode(ids[:start], **options), tokenizer.decode(ids, **options)
    if whole.startswith(before):
        return whole[len(before) :]
    return tokenizer.decode(ids[start:], **options)  # the prompt ends within a character


def spans(tokenizer: Any, text: str) -> list[tuple[int, int]]:
    """Where each token of ``tokenise`` begins and ends in the text, in characters."""
    return _tokens(tokenizer, text)[0][1]


def _tokens(tokenizer: Any, *texts: str) -> list[tuple[list[int], list[tuple[int, int]], bool]]:
    """Ids and spans of each text, and whether any are its own: the tokenizer says which it added."""
    for text in texts:
        check_text(text)
    options = ("return_offsets_mapping", "return_special_tokens_mask")
    found = private(tokenizer)(list(texts), verbose=False, **dict.fromkeys(options, True))
    rows = []
    for row in zip(found["input_ids"], found["offset_mapping"], found["special_tokens_mask"], strict=True):
        ids, spans, added = row
        own = [i for i, special in enumerate(added) if not special]
        start, stop = (own[0], own[-1] + 1) if own else (ids.count(tokenizer.bos_token_id),) * 2
        carried = ids[start : 2 * start] == ids[:start]
        rows.append((ids[start * carried : stop], spans[start * carried : stop], bool(own)))
    return rows


def reading(tokenizer: Any, facts: Iterable[Any]) -> str:
    """A name of the tokens that facts are read in."""
    own = private(tokenizer)
    return hashlib.sha256(str([pieces(own, f.prompt + f.new) for f in facts]).encode()).hexdigest()[:16]


def encode(tokenizer: Any, prompt: str, subject_end: int, target: str = "") -> Encoded:
    """Tokenise a prompt and the object after it, and find the subject's last token and the object's first.

    The object follows the very tokens that the model reads when it is asked the prompt: where the tokenizer
    would merge the two across their border ("is " + "Rome"), the object is tokenised by itself.

    Args:
        subject_end: the character of ``prompt`` just after the subject.

    Raises:
        ValueError: no tokens, a tokenizer that fuses subject and object within a word, or one that cannot
            tokenise the object by itself.
    """
    tokenizer = private(tokenizer)
    (head, _, said), (ids, spans, _), (joint, *_) = _tokens(
        tokenizer, prompt[:subject_end], prompt, prompt + target
    )
    subject = len(head) - 1
    if ids[: len(head)] != head:  # a token reaches beyond the subject
        subject = max((i for i, (a, b) in enumerate(spans) if a < subject_end and a < b), default=-1)
    same = next((i for i, (a, b) in enumerate(zip(ids, joint, strict=False)) if a != b), len(ids))
    if not said or subject < 0 or (same <= subject and within_word(prompt + target, len(prompt))):
        raise ValueError(
            f"The tokenizer does not separate the subject from {target!r} in {prompt + target!r}."
        )
    if target and (same < len(ids) or len(joint) == len(ids)):
        joint = ids + _by_itself(tokenizer, target, ids, joint)
    check_known(tokenizer, "object", target, joint[len(ids) :] if target else [])
    return Encoded(joint if target else ids, subject, len(ids))


def encode_object(tokenizer: Any, prompt: str, target: str) -> Encoded:
    """Tokenise a prompt without a subject, and the object after it; an empty prompt is BOS alone.

    Raises:
        ValueError: as ``encode``; an empty prompt, where the tokenizer puts no BOS in front.
    """
    if not prompt and not tokenise(tokenizer, prompt):
        raise ValueError(
            f"There is nothing in front of {target!r}: the prompt '' is empty, and this tokenizer puts no "
            "BOS there. Give it a word."
        )
    prompt = prompt or tokenizer.bos_token
    return encode(tokenizer, prompt, len(prompt), target)


def check_known(tokenizer: Any, what: str, text: str, ids: list[int]) -> None:
    """Raise ValueError if a text's tokens hold the unknown one, which stands for any other text too."""
    unknown = tokenizer.unk_token_id
    if unknown is not None and unknown in ids and tokenizer.unk_token not in text:
        raise ValueError(
            f"The tokenizer cannot read the {what} {text!r}: it sees {tokenizer.unk_token!r} there. Take "
            "one in characters that it knows, or a model whose tokenizer knows these."
        )


def _by_itself(tokenizer: Any, text: str, before: list[int], joint: list[int]) -> list[int]:
    """The tokens of a text that goes on behind ``before``; together they must decode as ``joint`` does."""

    def decode(ids: list[int]) -> str:
        return tokenizer.decode(ids, clean_up_tokenization_spaces=False)

    for lead in ("", "\n", "."):  # a tokenizer may put a space in front of what begins a text
        lone, both = pieces(tokenizer, lead), pieces(tokenizer, lead + text)
        found = both[len(lone) :]
        if found and both[: len(lone)] == lone and decode(before + found) == decode(joint):
            return found
    raise ValueError(f"The tokenizer has no tokens for {text!r} by itself behind {decode(before)!r}.")
