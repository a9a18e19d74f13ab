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
_OPENING = {"Sc", "Ps", "Pi", "Pd"}  # Unicode categories: currency, opening brackets and quotes, hyphens


def as_object(text: str, prompt: str = "") -> str:
    """An object as it follows a prompt: with the space in front that such text has, or without.

    There is none if the object begins with white space already, or with a script that writes no spaces; nor
    after a prompt that ends in white space, such a script, an opening quote or bracket, a currency sign, a
    hyphen, an apostrophe, one of ``¿ ¡ / @ # _ +`` or a tag. White space at the object's end is dropped.
    """
    text, last = text.rstrip(), prompt[-1:]
    quoting = last in ('"', "`") and prompt.count(last) % 2  # the straight ones open every other time
    apart = re.match(rf"[\s{UNSPACED}]", text) or _JOINED.search(prompt) or quoting
    return text if apart or (last and unicodedata.category(last) in _OPENING) else f" {text}"


def within_word(text: str, place: int) -> bool:
    """Whether ``place`` parts two characters of one word. Korean and unspaced scripts are not asked."""

    def lettered(character: str) -> bool:
        asked = not re.match(rf"[{UNSPACED}\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]", character)
        return asked and unicodedata.category(character)[0] in "LMN"

    return 0 < place < len(text) and lettered(text[place - 1]) and lettered(text[place])


def occurrences(text: str, part: str) -> tuple[list[int], list[int]]:
    """Where ``part`` stands in ``text``: as whole words, and anywhere."""
    anywhere = [match.start() for match in re.finditer(f"(?={re.escape(part)})", text)]
    whole = [i for i in anywhere if not (within_word(text, i) or within_word(text, i + len(part)))]
    return whole, anywhere
