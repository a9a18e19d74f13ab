"""Where one text follows another: whether a space joins them, and where a word ends.

as_object("Romania", "Lower Assam is located in the country of")    # ' Romania'
as_object("1867年", "夏目漱石が生まれた年は")                             # '1867年'
as_object("40", "The price is $")                                    # '40'
"""

from __future__ import annotations

import re
import reprlib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

# Scripts that put no space between words, by their Unicode blocks: Thai, Lao, Tibetan and Burmese; Khmer;
# Tai Le, New Tai Lue; Tai Tham; Balinese; Chinese and Japanese with their punctuation; Javanese and more
# Burmese; more Burmese and Tai Viet; Chinese again; wide and narrow forms. Korean writes spaces.
UNSPACED = (
    "\u0e00-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f\u2e80-\u312f\u31a0-\u9fff\ua980-\ua9ff"
    "\uaa60-\uaadf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff9f\uffe0-\uffef\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_SPACED = rf"[^\W{UNSPACED}]"  # a letter or digit of a script that parts its words
_SIGNS = r"!<>=+*/%&|^~:?.@-"  # operators that end in = are made of them: !=, <=, //=, :=
# What nothing is set apart from: white space, unspaced script, ¿, @, …, a # or + that no word ends with
# (C++), such an operator without a space in front (x<=1, but x <= 1), a tag such as <b> that opens, www.
_JOINED = re.compile(
    rf"([\s{UNSPACED}¿¡/\\@_]|(?<!{_SPACED}|\+)[#+]|[^\s{_SIGNS}][{_SIGNS}]*=|<[^<>\s/][^<>\s]*>|\bwww\.)$"
)
_HOUR = re.compile(r"(\w+)\s(?:[01]?\d|2[0-4]):$")  # and the word in front
# What closes a quotation, by what opens it: “English”, „German“, »German«, «French», ”Swedish”, »Swedish».
_QUOTES = {"“": "”", "„": "“”", "”": "”", "‘": "’'", "‚": "‘’", "«": "»", "»": "«»", "‹": "›", "›": "‹›"}
_QUOTES |= {'"': '"', "`": "`", "'": "'’", "’": "’"}
_APOSTROPHES = "'’‘"
# Words that lose their last vowel to the next: l', qu', dell', un', quest', sant', grand'. Others end there.
_ELIDED = re.compile(r"(?<![^\W\d_])(?:[^\W\d_]|[^\W\d_]*(?:qu|ll|un|st|nt|nd))['’]$", re.IGNORECASE)
# What closes what is in front, or goes on with it; but .44, !Kung, :) and the Dutch 's-Gravenhage begin.
_CLOSING = re.compile(r"(?![:;]-?[()])[,;:.!?]+[\"'”’)\]]*(?!\S)|[…)\]}]|\.{3}")
_ENDING = re.compile(r"['’](?:s|re|ve|ll|d|m)(?![-\w])|n['’]t(?!\w)", re.IGNORECASE)  # Rome's, isn't
_POINT = re.compile(
    r"(?:(\w+)|[^\w\s.,])\s?\d{1,3}\.$"
)  # and the word in front: "is 3.", no "Luna 1.", no year
_WITHIN = "\u00ad\u200c\u200d\u2060"  # soft hyphen, (non-)joiner, word joiner: they stand inside words
_SKIN = "\U0001f3fb-\U0001f3ff"  # tones of the emoji in front


def as_object(text: str, prompt: str = "") -> str:
    """An object as it follows a prompt: with the space in front that such text has, or without.

    There is none if the object begins with white space already, or with a script that writes no spaces; nor
    after a prompt that ends in white space, such a script, an opening quote, bracket, tag or ``**``, a
    currency sign without a number in front, a hyphen or a minus, an elision (l'), one of ``¿ ¡ / @ _``, a
    ``#`` or ``+`` that ends no word, or an operator that ends in ``=`` right behind one (``x=`` and ``x<=``,
    but not ``x =`` and ``x <=``); nor between a number and ``%``; nor in a time, as "leaves at 12:" and "30",
    where a small word parts it from a label ("Question 12:"); nor in a number, as "is 3." and "14" or "12"
    and ",000"; nor before what closes (", Romania", ")", "…", a quote that ``prompt`` has opened) or ends a
    word ("'s"). White space at the object's end is dropped.
    """
    text = text.rstrip()
    parted = not (_joined(text, prompt) or _closing(text, prompt) or re.match(rf"[\s{UNSPACED}]", text))
    return f" {text}" if parted else text


def _closing(text: str, prompt: str) -> bool:
    """Whether nothing parts a text from the prompt in front of it, by the text's beginning."""
    if re.search(r"\d$", prompt) and re.match(r"[.,]\d", text):
        return True
    point = _POINT.search(prompt)
    if point and text[:1].isdigit() and (point[1] is None or point[1].islower()):
        return True
    if re.match(r"[^\w\s](?!\S)", text) and any(text[0] in _QUOTES.get(quote, "") for quote in prompt):
        return True
    return bool(_CLOSING.match(text) or (re.search(rf"{_SPACED}$", prompt) and _ENDING.match(text)))


def _joined(text: str, prompt: str) -> bool:
    """Whether nothing parts a text from the prompt in front of it, by the prompt's end."""
    last = prompt[-1:]
    if last in _QUOTES:
        return _quoting(prompt)
    kind = unicodedata.category(last) if last else ""
    if kind == "Ps" or _JOINED.search(prompt) or (last.isdigit() and text[:1] == "%"):
        return True
    if hour := _HOUR.search(prompt):
        return hour[1].islower() and re.match(r"[0-5]\d(?!\d)", text) is not None
    if prompt.endswith("**"):
        return prompt.count("**") % 2 == 1  # it opens what is bold
    if kind == "Sc":
        return not re.search(r"\d\s?.$", prompt)  # $40, but 40 €
    dash = kind == "Pd" or last == "\u2212"  # the true minus
    return dash and (not prompt[-2:-1].isspace() or text[:1].isdigit())  # a well-known – and -5


def _quoting(prompt: str) -> bool:
    """Whether the quote at the end of a prompt opens a quotation, or is the apostrophe of an elision."""
    opened: list[str] = []
    opens = False
    for i, quote in enumerate(prompt):
        before, after = prompt[i - 1 : i], prompt[i + 1 : i + 2]
        worded, apostrophe = bool(re.match(_SPACED, before)), quote in _APOSTROPHES
        if quote not in _QUOTES or (apostrophe and after.isdigit()):  # the '90s
            continue
        if apostrophe and worded and re.match(_SPACED, after):  # it's
            continue
        closing = [j for j, other in enumerate(opened) if quote in _QUOTES[other]]
        if closing and not (apostrophe and before.isspace()):
            opens = False
            del opened[closing[-1] :]
        elif worded:  # what follows a word opens nothing
            opens = bool(_ELIDED.search(prompt[: i + 1]))
        else:
            opens = True
            opened.append(quote)
    return opens


def check_text(text: str) -> None:
    """Raise TypeError for what is no text, ValueError for a text with half a character in it, as broken JSON
    may hold (a lone surrogate)."""
    if not isinstance(text, str):
        raise TypeError(
            f"One text is needed here, not {text!r}. Chat messages become a text by tokenizer."
            "apply_chat_template(messages, tokenize=False, add_generation_prompt=True)."
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"The text {text!r} holds half a character, {text[error.start]!r}: no tokenizer can read it."
        ) from error


def check_texts(texts: Iterable[str]) -> Iterator[str]:
    """The texts, each looked at. TypeError for what is none: its number, and the way to a list of texts; for
    one text, which would be read letter by letter, and for a table or splits, of which the names would be."""
    must, named = "A list of texts is needed, not", hasattr(texts, "columns") or isinstance(texts, Mapping)
    if isinstance(texts, str):
        raise TypeError(f"{must} one text: [{texts[:60]!r}].")
    if named or not isinstance(texts, Iterable):
        way = "; take the column or the split that holds them, such as table['text']" if named else ""
        raise TypeError(f"{must} a {type(texts).__name__}{way}.")
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            way = "leave it out, [text for text in texts if isinstance(text, str)]"
            if isinstance(text, Mapping):
                way = "take the field that holds it, [row['text'] for row in texts]"
            elif isinstance(text, (list, tuple)):
                way = (
                    "chat messages become a text by tokenizer.apply_chat_template(messages, tokenize=False, "
                    "add_generation_prompt=True), tokens by tokenizer.decode"
                )
            raise TypeError(f"Text {number} must be text, not {reprlib.repr(text)}: {way}.")
        check_text(text)
        yield text


def template(prompt: str, place: int, subject: str) -> str:
    """The prompt with ``{}`` for the subject that stands at ``place``."""
    return prompt[:place] + "{}" + prompt[place + len(subject) :]


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


def apart(template: str, subject: str) -> str:
    """The template with the white space that its subject brings, where one word would be made of two:
    "of{} is" and " Italy"."""
    (before, after), word = template.split("{}"), subject.strip()
    if within_word(before + word, len(before)):
        before += subject[: len(subject) - len(subject.lstrip())]
    if within_word(word + after, len(word)):
        after = subject[len(subject.rstrip()) :] + after
    return f"{before}{{}}{after}"


def within_name(text: str, place: int) -> bool:
    """Whether ``place`` parts one name: Guinea|-Bissau, Python 3|.11, C|++, O|'Brien, node|.js, foo|_bar.

    A possessive parts nothing (Rome|'s), nor does a full stop, an adjective or an elision: Rome|-based,
    non-|Roman, l'|Italie.
    """
    before, after = text[:place], text[place:]
    if not before or before[-1].isspace():
        return False
    if re.match(r"[+#]", after):
        return re.search(rf"{_SPACED}[+#]*$", before) is not None
    if goes_on := re.match(rf"([-‐‑/&._@'’,:])({_SPACED}+)", after):
        sign, word = goes_on.groups()
        if sign in "'’":
            return word[0].isupper() and word != "S"
        return _compound(before[-1:], sign, word[0])
    if began := re.search(rf"({_SPACED}+)([-‐‑/&._@'’,:]|[+#]+)$", before):
        word, sign = began.groups()
        if sign in "'’":
            return word in "Oo"
        capital = word[0].isupper() or word[0].isdigit() or sign not in "-‐‑/&"
        return capital and _compound(word[-1], sign, after[:1])
    return False


def _compound(before: str, sign: str, after: str) -> bool:
    """Whether a sign makes one name of the characters around it."""
    if not after.isalnum():
        return False
    if sign in ",:":
        return before.isdigit() and after.isdigit()
    return sign not in "-‐‑/&" or after.isupper() or after.isdigit()


def spelled(text: str, part: str) -> str:
    """``part`` as ``text`` writes it: one may hold é as one character, the other as two (NFC and NFD)."""
    whole = unicodedata.normalize("NFC", part)
    either = "".join(f"(?:{re.escape(c)}|{re.escape(unicodedata.normalize('NFD', c))})" for c in whole)
    found = None if part in text else re.search(either, text)
    return found[0] if found else part


def occurrences(text: str, part: str) -> tuple[list[int], list[int]]:
    """Where ``part`` stands in ``text``: as whole words or names, and anywhere."""

    def parted(place: int) -> bool:
        return within_word(text, place) or within_name(text, place)

    anywhere = [match.start() for match in re.finditer(f"(?={re.escape(part)})", text)]
    return [i for i in anywhere if not (parted(i) or parted(i + len(part)))], anywhere
