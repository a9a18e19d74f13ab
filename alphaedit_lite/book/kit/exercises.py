"""Exercises that teach: properties are checked on fresh random data, and mistakes get a hint.

    @exercise("07.1", reference=projection)
    def check(answer):
        P = answer(K0)
        expect(torch.allclose(P @ P, P), "P is not idempotent: …")

A check never compares with a stored answer and never stops a chapter: ``Chapter.check`` returns the
reader's answer if it passes, and the reference otherwise.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from numbers import Number
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


class Hint(Exception):
    """A property does not hold; the text names the likely mistake."""


class NotDone(Exception):
    """The exercise still holds its stub."""


class Undecided(Hint):
    """What is wrong fits two mistakes: on these data they give the same."""


@dataclass(frozen=True)
class Exercise:
    """``check`` raises ``Hint`` on a wrong answer; ``reference`` lets the chapter run on."""

    number: str
    check: Callable[[Any], None]
    reference: Any


EXERCISES: dict[str, Exercise] = {}


def load(chapter: str) -> dict[str, Exercise]:
    """The exercises of one chapter ("07"), by number; imports that chapter's checks and no others.

    They stand in the chapter's exercises.py; some long ones in an exercises_TOPIC.py beside it.
    """
    folder = Path(__file__).parents[1] / f"ch{chapter}"
    for path in sorted(folder.glob("exercises*.py")):
        import_module(f"{__package__.rpartition('.')[0]}.{folder.name}.{path.stem}")
    return {number: found for number, found in EXERCISES.items() if number.startswith(f"{chapter}.")}


def exercise(number: str, reference: Any) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Enter a check under its number. Raises ValueError for a number that is taken."""

    def enter(check: Callable[[Any], None]) -> Callable[[Any], None]:
        if number in EXERCISES:
            raise ValueError(f"There are two checks for exercise {number}.")
        EXERCISES[number] = Exercise(number, check, reference)
        return check

    return enter


def expect(holds: bool, hint: str) -> None:
    """Raise ``Hint`` unless the property holds."""
    if not holds:
        raise Hint(hint)


def refuse(found: Any, mistakes: Mapping[str, Any], same: Callable[..., bool], **options: float) -> None:
    """Raise ``Hint`` if one of the known mistakes was made: hint -> what it gives.

    If two of them give the same on these data, it is ``Undecided``, with the first one's hint.
    """
    made = [hint for hint, wrong in mistakes.items() if same(found, wrong, **options)]
    if made:
        raise (Hint if len(made) == 1 else Undecided)(made[0])


def several(given: Any, *what: str) -> tuple[Any, ...]:
    """The results of an answer that has so many, or a hint that says which are asked for."""
    number = {2: "two", 3: "three", 4: "four"}[len(what)]
    right = isinstance(given, tuple | list) and len(given) == len(what)
    expect(right, f"{number} things are asked for, separated by commas: {', '.join(what)}.")
    return tuple(given)


def randn(*shape: int) -> Tensor:
    """Fresh random data in float64."""
    return torch.randn(*shape, dtype=torch.float64)


def mixing(d: int) -> Tensor:
    """A matrix, [d, d], that gives keys a favourite direction; never nearly singular, as randn can be."""
    return torch.linalg.qr(randn(d, d)).Q * torch.logspace(-0.7, 0.7, d, dtype=torch.float64)


def near(a: Any, b: Any, within: float = 1e-6) -> bool:
    """Whether two numbers are the same but for ``within``, or that share of b if b is large."""
    return abs(float(a) - float(b)) <= within * max(1.0, abs(float(b)))


def close(a: Any, b: Tensor | float) -> bool:
    """Whether a is b but for rounding: a tensor of its shape, so that ‖a − b‖ < 1e-7 (1 + ‖b‖).

    If b is a number, so is every entry of a.
    """
    if not isinstance(a, Tensor):
        return False
    b = b if isinstance(b, Tensor) else torch.full_like(a, b)
    return a.shape == b.shape and bool((a - b).norm() < 1e-7 * (1 + b.norm()))


def judge(number: str, answer: Any) -> tuple[str, str]:
    """How an answer does: ("passed" | "wrong" | "open", a sentence). Never raises for a reader's mistake.

    Random data can be unlucky, and a right answer look like a mistake, or one mistake like another. So a
    hint counts if our own answer passes on the same data, and only one mistake fits; else new data are drawn.
    """
    found = _once(number, answer, seed := secrets.randbits(63))
    for _ in range(20):
        unlucky = found[0] == "wrong" and _once(number, EXERCISES[number].reference, seed)[0] == "wrong"
        if found[0] != "undecided" and not unlucky:
            break
        found = _once(number, answer, seed := secrets.randbits(63))
    return ("wrong" if found[0] == "undecided" else found[0]), found[1]


def _once(number: str, answer: Any, seed: int) -> tuple[str, str]:
    state = random.getstate()
    try:
        with torch.random.fork_rng():  # the chapter's own numbers stay the same
            torch.manual_seed(seed)
            random.seed(seed)
            EXERCISES[number].check(_watched(answer, EXERCISES[number].reference))
    except NotDone:
        return "open", "not done yet. The chapter goes on with our version."
    except Hint as hint:
        status = "undecided" if isinstance(hint, Undecided) else "wrong"
        return status, f"{hint} (The chapter goes on with our version.)"
    except Exception as error:  # anything may happen in a reader's code
        return "wrong", f"your code stops with {type(error).__name__}: {error}"
    finally:
        random.setstate(state)
    return "passed", "all properties hold. The chapter goes on with your version."


def _watched(answer: Any, reference: Any) -> Any:
    """The answer, which raises ``NotDone`` where a stub shows: a missing value, or one returned.

    It raises ``Hint`` where it returns another type, and the reference says that it returns a tensor.
    """
    if answer is None or answer is Ellipsis:
        raise NotDone
    if not callable(answer):
        return answer
    tensor = getattr(reference, "__annotations__", {}).get("return") in ("Tensor", Tensor)

    def call(*args: Any, **kwargs: Any) -> Any:
        value = answer(*args, **kwargs)
        if value is None or value is Ellipsis:
            raise NotDone
        if tensor and not isinstance(value, Tensor | Number):  # a check may take 0.5 for tensor(0.5)
            kind = type(value).__name__
            kind = {"ndarray": "a NumPy array", "str": "a string"}.get(kind, f"a {kind}")
            raise Hint(f"your function returns {kind}; a torch tensor is asked for.")
        return value

    return call
