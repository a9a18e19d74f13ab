"""Where one text follows another: whether a space joins them, and where a word ends.

as_object("Romania", "Lower Assam is located in the country of")    # ' Romania'
as_object("1867年", "夏目漱石が生まれた年は")                             # '1867年'
as_object("40", "The price is $")                                    # '40'
"""

from __future__ import annotations

import re
import unicodedata

# Scripts that put no space between words, by their Unicode blocks: Thai, Lao, Tibetan and Burmese; Khmer;
# Tai Le, New Tai Lue; Tai Tham; Balinese; Chinese and Japanese with their punctuation; Javanese and more
# Burmese; more Burmese and Tai Viet; Chinese again; wide and narrow forms. Korean writes spaces.
UNSPACED = (
    "\u0e00-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f\u2e80-\u312f\u31a0-\u9fff\ua980-\ua9ff"
    "\uaa60-\uaadf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff9f\uffe0-\uffef\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
# What nothing is set apart from: white space, unspaced script, an apostrophe, ¿, #, … or a tag such as <b>.
_JOINED = re.compile(rf"([\s{UNSPACED}'’¿¡/\\@#_+]|<[^<>\s]+>)$")
_OPENING = {"Sc", "Ps", "Pd"}  # Unicode categories: currency, opening brackets, hyphens
# What closes a quotation, by what opens it: “English”, „German“, »German«, «French», ”Swedish”, »Swedish».
_QUOTES = {"“": "”", "„": "“”", "”": "”", "‘": "’", "‚": "‘’", "«": "»", "»": "«»", "‹": "›", "›": "‹›"}
_QUOTES |= {'"': '"', "`": "`"}
_WITHIN = "\u00ad\u200c\u200d\u2060"  # soft hyphen, (non-)joiner, word joiner: they stand inside words
_SKIN = "\U0001f3fb-\U0001f3ff"  # tones of the emoji in front


def as_object(text: str, prompt: str = "") -> str:
    """An object as it follows a prompt: with the space in front that such text has, or without.

    There is none if the object begins with white space already, or with a script that writes no spaces; nor
    after a prompt that ends in white space, such a script, an opening quote or bracket, a currency sign, a
    hyphen, an apostrophe, one of ``¿ ¡ / @ # _ +`` or a tag. White space at the object's end is dropped.
    """
    text, last = text.rstrip(), prompt[-1:]
    if last in _QUOTES:
        joined = _quoting(prompt)
    else:
        joined = bool(_JOINED.search(prompt) or (last and unicodedata.category(last) in _OPENING))
    return text if joined or re.match(rf"[\s{UNSPACED}]", text) else f" {text}"


def _quoting(prompt: str) -> bool:
    """Whether the quote at the end of a prompt opens a quotation: it does not close an open one."""
    opened: list[str] = []
    opens = False
    for quote in prompt:
        closing = [i for i, other in enumerate(opened) if quote in _QUOTES[other]]
        if closing:
            opens = False
            del opened[closing[-1] :]
        elif quote in _QUOTES:
            opens = True
            opened.append(quote)
    return opens


def check_text(text: str) -> None:
    """Raise ValueError for a text with half a character in it, as broken JSON may hold (a lone surrogate)."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"The text {text!r} holds half a character, {text[error.start]!r}: no tokenizer can read it."
        ) from error


def within_word(text: str, place: int) -> bool:
    """Whether ``place`` parts two characters of one word. Korean and unspaced scripts are not asked."""

    def lettered(character: str) -> bool:
        asked = not re.match(rf"[{UNSPACED}\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]", character)
        return asked and unicodedata.category(character)[0] in "LMN"

    before, after = text[:place].rstrip(_WITHIN), text[place:].lstrip(_WITHIN)
    if not before or not after:
        return False
    if lettered(before[-1]) and lettered(after[0]):
        return True
    emoji = "\u200d" in text[len(before) : len(text) - len(after)] or re.match(f"[{_SKIN}\ufe0f]", after)
    return bool(emoji) and not before[-1].isspace() and not after[0].isspace()


def occurrences(text: str, part: str) -> tuple[list[int], list[int]]:
    """Where ``part`` stands in ``text``: as whole words, and anywhere."""
    anywhere = [match.start() for match in re.finditer(f"(?={re.escape(part)})", text)]
    whole = [i for i in anywhere if not (within_word(text, i) or within_word(text, i + len(part)))]
    return whole, anywhere
