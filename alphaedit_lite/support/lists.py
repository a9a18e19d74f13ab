"""What a caller gives: many facts, pairs, amounts, settings. One where many are meant is told so.

facts = fact_list(facts, "write")       # a tuple; TypeError for one fact, ValueError for none
config = configured(EditorConfig, config, lam=1.0)    # TypeError for "memit" or a TargetConfig
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex, TypeVar

import numpy as np
import torch
from torch import Tensor

from ..facts import Fact
from .anatomy import Anatomy
from .kinds import at_least, of_kind
from .records import LIST
from .spacing import as_object, check_text
from .tokens import check_known, pieces, private

if TYPE_CHECKING:
    from ..models import LanguageModel

Config = TypeVar("Config")
SETTINGS: dict[
    str, tuple[Any, Callable, str]
] = {  # by a field's type: what may stand there, and becomes what
    "int": (SupportsIndex, operator.index, "a whole number"),
    "float": (SupportsFloat, float, "a number"),
    "bool": ((bool, np.bool_), bool, "True or False"),
}


def fact_list(facts: Iterable[Fact], purpose: str = "") -> tuple[Fact, ...]:
    """The facts as a tuple.

    Args:
        purpose: what they are for ("write"); without it, there may be none.

    Raises:
        TypeError: one fact, or what is no fact.
        ValueError: no facts.
    """
    if isinstance(facts, (Fact, str, Mapping)) or not isinstance(facts, Iterable):
        raise TypeError(f"A list of facts is needed: [fact], not {facts!r}.")
    facts = tuple(facts)
    if wrong := [fact for fact in facts if not isinstance(fact, Fact)]:
        raise TypeError(f"This is no Fact: {wrong[0]!r}.")
    if purpose and not facts:
        raise ValueError(f"There are no facts to {purpose}.")
    return facts


def spelled(lm: LanguageModel, facts: Iterable[Fact], purpose: str) -> tuple[Fact, ...]:
    """The facts, in the model's tokens. ValueError if there are none, for a token without a row in the
    embedding or a name that the tokenizer does not know, TypeError for what is no list of facts."""
    facts, tokenizer = fact_list(facts, purpose), private(language_model(lm).tokenizer)
    for fact in facts:
        ids = torch.tensor(pieces(tokenizer, fact.prompt + fact.new), dtype=torch.long, device=lm.device)
        lm.check_ids(ids[:, None])
        for what, text in (("object", fact.new), ("subject", fact.subject)):
            check_known(tokenizer, what, text, pieces(tokenizer, text))
    return facts


def writable(lm: LanguageModel, facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """The facts of a batch, ``spelled``. ValueError if it contradicts itself, too."""
    facts = spelled(lm, facts, "write")
    wanted: dict[str, Fact] = {}
    for fact in facts:
        other = wanted.setdefault(fact.prompt, fact)
        if other.new != fact.new:
            raise ValueError(
                f"Two facts of this batch contradict each other: {fact.prompt!r} cannot be followed "
                f"by both {other.new!r} and {fact.new!r}."
            )
    return facts


def pair_list(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The (prompt, object) pairs as a list. TypeError for one pair, or what is no pair."""
    pairs = list(pairs)
    if wrong := [pair for pair in pairs if not isinstance(pair, LIST) or len(pair) != 2]:
        raise TypeError(f"A list of pairs is needed, [(prompt, object)]; {wrong[0]!r} is none.")
    for text in (text for pair in pairs for text in pair):
        check_text(text)
    return pairs


def snippet_lists(snippets: Iterable[Iterable[str]], facts: tuple[Fact, ...]) -> list[list[str]]:
    """The reference texts of each fact. TypeError for one text instead of a list, ValueError for too few."""
    of_kind(snippets, Iterable, "snippets must be a list of texts for each fact")
    lists = list(snippets)
    for texts in (snippets, *lists):
        if isinstance(texts, (str, Mapping)) or not isinstance(texts, Iterable):
            raise TypeError(
                f"snippets must be a list of texts for each fact, [[text]]; {texts!r:.99} is none."
            )
    if len(lists) != len(facts):
        raise ValueError(
            f"There are {len(facts)} facts and snippets of {len(lists)}: one list is needed for each."
        )
    found = [list(texts) for texts in lists]
    for text in (text for texts in found for text in texts):
        check_text(text)
    return found


def beginnings(prefixes: Iterable[str]) -> tuple[str, ...]:
    """The beginnings in front of a prompt as a tuple. ValueError unless the first is empty and the others end
    where a word may begin."""
    if isinstance(prefixes, str) or not isinstance(prefixes, Iterable):
        raise ValueError(f"prefixes must begin with '', the bare prompt, not {prefixes!r}.")
    prefixes = tuple(prefixes)
    if prefixes[:1] != ("",):
        raise ValueError(f"prefixes must begin with '', the bare prompt, not {prefixes!r}.")
    for one in prefixes:
        check_text(one)
        if one and as_object("x", one) != "x":
            raise ValueError(f"The beginning {one!r} would run into the prompt: let it end with a space.")
    return prefixes


def layer_list(layers: Iterable[int]) -> tuple[int, ...]:
    """Numbers of blocks as a tuple of plain ones: from a range, a list, or an array of numpy or torch.

    TypeError for one number, or what is none.
    """
    if isinstance(layers, str) or not isinstance(layers, Iterable):
        raise TypeError(f"layers must be a list of blocks, not {layers!r}: (5,) for one of them.")
    layers = tuple(layers)
    try:
        return tuple(map(operator.index, layers))
    except TypeError as error:
        raise TypeError(f"layers must be whole numbers, not {layers!r}.") from error


def language_model(lm: Any) -> Any:
    """The model. TypeError for a transformers model, a name, or whatever else is no ``LanguageModel``."""
    must = (
        "A LanguageModel is needed: load_model(…), or LanguageModel(model, tokenizer) of a transformers model"
    )
    if not isinstance(lm, Anatomy):
        raise TypeError(f"{must}; not {repr(lm) if isinstance(lm, str) else type(lm).__name__}.")
    return lm


def made_by(what: str, function: Callable[..., Any], layer: int, given: Tensor, *more: Any) -> Tensor:
    """What a gain or a finish, perhaps the user's own, makes of ``given``: a matrix of its shape, float32.

    TypeError for what is no real tensor, ValueError for another shape.
    """
    shape = list(given.shape)
    mine = [one.clone() if isinstance(one, Tensor) else one for one in (given, *more)]  # it may work in place
    found = function(layer, *mine)
    must = f"{what}({layer}, …) must return a real tensor {shape}, as what it is given"
    if not isinstance(found, Tensor) or found.is_complex():
        kind = found.dtype if isinstance(found, Tensor) else "None" if found is None else type(found).__name__
        raise TypeError(f"{must}, not {kind}. What it changes in place it must return, too.")
    if list(found.shape) != shape:
        raise ValueError(f"{must}, not {list(found.shape)}.")
    return found.to(given.device, torch.float32, copy=True)  # it may keep what it returns


def configured(kind: type[Config], config: Config | None, **settings: Any) -> Config:
    """The configuration given, or the default one, with single settings changed. TypeError for what is no
    configuration of that kind."""
    config = kind() if config is None else config
    names = ", ".join(field.name for field in dataclasses.fields(kind))  # type: ignore[arg-type]
    of_kind(config, kind, f"config must be {kind.__name__}(…)", f"settings are given by name ({names})")
    return dataclasses.replace(config, **settings)  # type: ignore[type-var]


def check_settings(config: Any, **least: int) -> None:
    """Raise TypeError for a setting that is not of its field's type, ValueError for one below its ``least``.
    Numbers of numpy and torch become plain ones."""
    for field in dataclasses.fields(config):
        value, kind = getattr(config, field.name), str(field.type).removesuffix(" | None")
        if kind not in SETTINGS or (value is None and kind != field.type):
            continue
        wanted, plain, words = SETTINGS[kind]
        of_kind(value, wanted, f"{field.name} must be {words}")
        if not isinstance(value, (int, float)):
            object.__setattr__(config, field.name, plain(value))
    for name, bound in least.items():
        at_least(bound, **{name: getattr(config, name)})
