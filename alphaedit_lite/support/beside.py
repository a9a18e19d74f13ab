"""Facts of one prompt, or of like subjects, in several edits: whether each still holds is asked of the model.

    warn_beside(lm, edit)                       # of facts of the edit that do not hold beside what is held
    with warns_of_lost(lm, edit): …             # of held facts that go when the edit is taken out
    in_the_way(edit, 0)                         # the fact without whose edit this one would be first

Their keys are near rather than equal, and no distance says which of them survive. An edit is computed upon
those that are held, so it may say little without them, or beside others.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..facts import Fact
from ..metrics import score
from .fits import BaseMissingWarning, check_undamped, without_base

Edit = Any  # the modules of these classes import this one, so it cannot import them
LanguageModel = Any


def related(facts: Sequence[Fact], others: Sequence[Fact]) -> Iterator[tuple[int, Fact]]:
    """The place of a fact, and one of the others of its prompt, or of a subject that ends as its own does.

    A key is read at the subject's last token: those of Lower and Upper Assam, or of one name spelled in two
    ways, are as near as those of one subject.
    """
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, fact in enumerate(facts):
        for handle in _handles(fact):
            places[handle].append(i)
    for other in others:
        same = (place for handle in _handles(other) for place in places.get(handle, ()))
        yield from ((i, other) for i in dict.fromkeys(same))


def _handles(fact: Fact) -> tuple[tuple[str, str], ...]:
    last = "".join(filter(str.isalnum, fact.subject.split()[-1].casefold()))
    return ("subject", last or fact.subject), ("prompt", fact.prompt)


def named(lm: LanguageModel, facts: Sequence[Fact]) -> list[bool]:
    """Whether the new object of each is the model's first choice."""
    return score(lm, [(fact.prompt, fact.new) for fact in facts])[1].tolist() if facts else []


def beside(lm: LanguageModel, facts: Sequence[Fact]) -> dict[str, list[int]]:
    """The edits held that have a related fact, by checksum, and the places of the facts it is related to."""
    found = {held.entered: sorted({i for i, _ in related(facts, held.facts)}) for held in lm.ledger.edits}
    return {name: places for name, places in found.items() if name and places}


def warn_beside(lm: LanguageModel, edit: Edit) -> None:
    """Warn of facts of an edit that are not first choice, if related ones are held that it was not computed
    upon, or those that it was computed upon are not. Call it when it is written, before it is entered."""
    upon, held = edit.notes.get("beside"), {other.entered: other for other in lm.ledger.edits}
    if upon is None:  # of an earlier version
        upon = edit.notes.get("over", {})
    lost = {i for name, places in upon.items() if name not in held for i in places}
    lost -= set(without_base(edit, held))  # which are warned of already
    unknown = [other.facts for name, other in held.items() if name not in upon]
    strange = {i: old for facts in unknown for i, old in related(edit.facts, facts)}
    places = sorted(lost | set(strange))
    for i, first in zip(places, named(lm, [edit.facts[i] for i in places]), strict=True):
        fact, why = (
            edit.facts[i],
            "was written after an edit of a like subject, which is not here. Apply",
        )
        if i in strange:
            old = f"{strange[i].prompt!r} -> {strange[i].new!r}"
            why = f"was computed without {old}, which the model holds. Revert"
        if not first:
            _warn(
                f"{fact.prompt!r} is not answered with {fact.new!r}: it {why} that one first, or write this "
                "one anew."
            )


@contextmanager
def warns_of_lost(lm: LanguageModel, edit: Edit) -> Iterator[None]:
    """Warn of facts of other edits that are first choice now, and not once the block took this one out."""
    near = []
    for held in lm.ledger.edits:
        told = held.notes.get("over", {}).get(edit.entered, ())
        if held is not edit:
            places = {i for i, _ in related(held.facts, edit.facts)}.difference(told)
            near += [held.facts[i] for i in sorted(places)]
    near = [fact for fact, first in zip(near, named(lm, near), strict=True) if first]
    yield
    for fact, still in zip(near, named(lm, near), strict=True):
        if not still:
            _warn(
                f"{fact.prompt!r} is no longer answered with {fact.new!r}: it was written beside the edit of "
                "a like subject that is reverted now, and says little alone. Revert it too, or write it anew."
            )


def in_the_way(edit: Edit, i: int) -> tuple[Fact, str] | None:
    """Of a fact that is not first choice: a related one of another edit without which it would be, and how
    that came there; None if there is none. Each is taken out for a moment to see."""
    lm, fact = edit.lm, edit.facts[i]
    edits = lm.ledger.edits
    own = [other.entered for other in edits].index(edit.entered)
    others = {place: other.facts for place, other in enumerate(edits) if place != own}
    near = {place: old for place, facts in others.items() for _, old in related([fact], facts)}
    if not near or named(lm, [fact])[0]:
        return None
    for place, old in reversed(near.items()):  # the latest first
        try:
            check_undamped(edits[place], edits)
        except ValueError:  # what PRUNE damps cannot be taken out alone
            continue
        with lm.ledger.without(edits[place]):
            first = named(lm, [fact])[0]
        if first:
            if place > own:
                return old, "came after it"
            known = {**edit.notes.get("over", {}), **edit.notes.get("beside", {})}
            return old, "came before it" if edits[place].entered in known else "it was computed without"
    return None


def _warn(said: str) -> None:
    warnings.warn(said, BaseMissingWarning, stacklevel=5)
