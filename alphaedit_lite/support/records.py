"""Records of data sets: from a file, a hub or a list, and their fields, each checked by name.

read_records("facts.json", lambda record: Fact(field(record, "prompt"), …))
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from .assets import expanded

Item = TypeVar("Item")
LIST = (list, tuple)
KINDS = {str: "text", int: "a whole number", LIST: "a list", Mapping: "a dictionary"}
# A name on a hub: owner/name or name, without a file's ending.
HUB = re.compile(r"(?![./].*)(?!.*\.(?:jso?nl?|ndjson|csv|txt|parquet|gz|zip)$)[\w.-]+(?:/[\w.-]+)?", re.I)
REQUIRED: Any = object()


class _Itself:
    """An attribute whose value is its owner; of the class, None."""

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return owner


# As the default of an ``InitVar``, it hands what ``dataclasses.replace`` copies on to its ``__post_init__``.
ITSELF: Any = _Itself()


def read_records(source: str | Path | Iterable[dict], convert: Callable[[Mapping], Item]) -> list[Item]:
    """Every record of a JSON file, a data set on a hub or an iterable, converted.

    Raises:
        ValueError: no list of records, or a record that ``convert`` refuses; the message numbers it.
    """
    if isinstance(source, (str, Path)):
        if (path := expanded(source)).is_dir():
            raise IsADirectoryError(f"{source} is a folder: name the JSON file in it.")
        if path.exists():
            try:
                records = json.loads(path.read_text(encoding="utf-8-sig"))  # a mark in front or none
            except ValueError as error:  # neither text nor JSON
                if _is_lines(path):
                    raise ValueError(
                        f"{source} is JSON Lines, a record a line: read it yourself, and give the records, "
                        "[json.loads(line) for line in open(path, encoding='utf-8')]."
                    ) from error
                raise ValueError(f"{source} is not a whole JSON file ({error}).") from error
        elif isinstance(source, Path) or not HUB.fullmatch(source):
            raise FileNotFoundError(f"There is no file {source}: name a JSON file, or a data set on a hub.")
        else:
            try:
                from datasets import load_dataset
            except ImportError as error:
                raise ImportError(
                    f"There is no file {source}. If it is a data set on a hub: pip install datasets."
                ) from error
            records = load_dataset(str(source), split="train")
    else:
        records = source
    if records is None or isinstance(records, (str, int, float, dict)):
        raise ValueError(f"{source} holds no list of records, but {type(records).__name__}.")
    items = []
    for number, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise ValueError(f"Record {number} must be a dictionary, not {record!r}.")
        try:
            items.append(convert({name: value for name, value in record.items() if not _absent(value)}))
        except KeyError as error:
            raise ValueError(
                f"Record {number} has no field {error}; it has {', '.join(map(repr, record))}."
            ) from error
        except (ValueError, TypeError) as error:
            raise ValueError(f"Record {number}: {error}") from error
    return items


def _is_lines(source: Path) -> bool:
    """Whether a file holds several records, each whole on a line of its own."""
    try:
        with open(source, encoding="utf-8-sig") as file:
            first = [json.loads(line) for line in islice(filter(str.strip, file), 2)]
    except ValueError:
        return False
    return len(first) == 2 and all(isinstance(record, dict) for record in first)


def field(record: Any, path: str, kind: Any = str, *, default: Any = REQUIRED, name: str = "") -> Any:
    """The value that the keys in ``path`` lead to ("target_new.str", "items.0"), of the right kind.

    Args:
        default: taken if the field is absent or null.
        name: how the message calls the value, if not by its path.

    What numpy, torch and pandas made of a number, a text or a list is taken as that: 3.0 for the number 3.

    Raises:
        KeyError: no such field.
        TypeError: a value of another kind; the message names the field.
    """
    value, steps = _plain(record), path.split(".")
    for i, step in enumerate(steps):
        if isinstance(value, LIST) and step.isdigit():
            value = dict(zip(map(str, range(len(value))), value, strict=True))
        if not isinstance(value, Mapping):
            raise TypeError(f"{'.'.join(steps[:i])} must hold {step!r}, but is {value!r}.")
        if value.get(step) is None and default is not REQUIRED:
            return default
        if step not in value:
            raise KeyError(path)
        value = _plain(value[step])
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, kind):
        raise TypeError(f"{name or path} must be {KINDS[kind]}, not {value!r} (field {path!r}).")
    return value


def filled(record: Any, path: str) -> str:
    """A field that is a text, and not empty."""
    if not (value := field(record, path)).strip():
        raise ValueError(f"{path} is empty: {value!r}.")
    return value


def texts(record: Any, path: str, **default: Any) -> list[str]:
    """A field that is a list of texts, none of them empty, without spaces at their ends: a prompt ends where
    its object begins, which brings its own."""
    places = range(len(field(record, path, LIST, **default)))
    return [filled(record, f"{path}.{i}").rstrip(" ") for i in places]


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _absent(value: Any) -> bool:
    """Whether pandas fills a cell with this where a record has no such field."""
    return value is pd.NA or (isinstance(value, float) and math.isnan(value))


def answers(record: Any, path: str, **default: Any) -> Iterator[str]:
    """A field that is a text, or a list of accepted ones (nested, as KnowEdit's): one after the other."""
    value = field(record, path, object, **default)
    if isinstance(value, LIST):
        for i in range(len(value)):
            yield from answers(record, f"{path}.{i}")
    else:
        yield field(record, path, **default)


def answer(record: Any, path: str, **default: Any) -> str:
    """The first of ``answers``, "" of none."""
    return next(answers(record, path, **default), "")


def nested(record: Mapping, name: str, *only: str, read: Callable = answer) -> list[tuple[str, Any]]:
    """The prompts and what they are answered in one of KnowEdit's two nested fields, of all kinds or some."""
    paths = [
        f"{name}.{kind}.{i}"
        for kind in field(record, name, Mapping, default={})
        if not only or kind in only
        for i in range(len(field(record, f"{name}.{kind}", LIST, default=[])))
    ]
    asked = (answer(record, f"{path}.prompt").rstrip(" ") for path in paths)
    return list(zip(asked, (read(record, f"{path}.ground_truth") for path in paths), strict=True))
