"""What should follow from an edit, and what should not: questions made from the bundled facts.

    asked = questions(fact)                      # two hops, the way back, bystanders, distraction, …
    table = ask(lm, asked)                       # log-probabilities of the wanted and the other answer
    table = ask(lm, asked, in_context(fact))     # the same with the new fact in front of every prompt

What the second hop, the way back and the bystanders need to know about the world comes from the bundled
facts and their neighbours alone (``known``). Whether the *model* knows it has to be measured.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ...facts import Fact, as_object, bundled_facts
from ...metrics import score
from ...models import LanguageModel

# For a relation whose object is a country: that country, described by the subject.
THE_COUNTRY = {
    "P17": "the country that {} belongs to",
    "P1376": "the country whose capital is {}",
    "P495": "the country that {} comes from",
    "P2341": "the home country of the {} language",
    "company-country": "the home country of the company {}",
}
# A second hop: what is asked of a country, and the relation that knows the answer.
HOPS = {
    "P36": "The capital city of {} is called",
    "P37": "The official language of {} is",
    "P38": "The official unit of money in {} is the",
    "P30": "The continent on which {} lies is",
}
# The way back: from the object to a subject.
BACK = {
    "P17": "A well-known place in {} is",
    "P1376": "The capital city of {} is called",
    "P36": "{} is the capital city of",
    "P495": "A well-known food from {} is",
    "P2341": "A language that is spoken in {} is",
    "company-country": "A well-known company from {} is",
}
FOLLOWS = {
    ("P17", "P30"),
    ("P1376", "P30"),
    ("P36", "P1376"),
    ("P1376", "P36"),
}  # the first changes the second
UNRELATED = (
    "The library opens at nine and closes at six.",
    "My sister bought a new bicycle last week.",
    "The soup needs a little more salt.",
    "After the storm, the garden was full of leaves.",
    "He forgot his umbrella on the train.",
    "The meeting was moved to Thursday afternoon.",
    "They painted the kitchen in a light green.",
    "The film was longer than we had expected.",
)


@dataclass(frozen=True)
class Question:
    """A prompt, the answer that is wanted after the edit, and the one that it competes with.

    Attributes:
        kind: what is tested, for example "two hops".
        check: a prompt whose answer the unedited model must know for the question to be fair: a pair
            (prompt, answer); None if nothing but the edit is needed.
    """

    kind: str
    prompt: str
    wanted: str
    other: str
    check: tuple[str, str] | None = None


@functools.cache
def known(relation: str) -> dict[str, str]:
    """subject -> true object, from the bundled facts of a relation and their neighbours."""
    facts = [fact for fact in bundled_facts() if fact.relation == relation]
    found = {fact.subject: fact.true or "" for fact in facts}
    frames = {
        p.replace(f.subject, "{}", 1) for f in facts for p in (f.prompt, *f.paraphrases) if f.subject in p
    }
    cut = [frame.split("{}", 1) for frame in sorted(frames, key=len, reverse=True)]
    for prompt, answer in (pair for fact in facts for pair in fact.neighbours):
        for before, after in cut:
            if prompt.startswith(before) and prompt.endswith(after) and len(prompt) > len(before + after):
                found.setdefault(prompt[len(before) : len(prompt) - len(after)], answer)
                break
    return found


@functools.cache
def subjects_of(relation: str) -> dict[str, list[str]]:
    """object -> the subjects that truly have it, of a relation."""
    found = defaultdict(list)
    for subject, answer in known(relation).items():
        found[answer].append(subject)
    return dict(found)


def answer_of(relation: str, country: str) -> str | None:
    """What is known of a country (" Romania"), also from the other direction for capitals."""
    direct = known(relation).get(country.strip())
    if direct is None and relation == "P36":
        direct = next(iter(subjects_of("P1376").get(country, [])), None)
    return None if direct is None else as_object(direct)


def two_hops(fact: Fact) -> list[Question]:
    """Questions about the country that the subject now has: the answer should follow the edit."""
    found: list[Question] = []
    if fact.relation not in THE_COUNTRY or fact.true is None:
        return found
    for relation, template in HOPS.items():
        new, old = answer_of(relation, fact.new), answer_of(relation, fact.true)
        if new and old and new != old and fact.subject not in (new.strip(), old.strip()):
            prompt = template.format(THE_COUNTRY[fact.relation].format(fact.subject))
            found.append(Question("two hops", prompt, new, old, (template.format(fact.new.strip()), new)))
    return found


def way_back(fact: Fact) -> list[Question]:
    """From the new object to the subject, against a subject that truly has this object."""
    if fact.relation not in BACK:
        return []
    prompt = BACK[fact.relation].format(fact.new.strip())
    if fact.relation == "P36":
        true = known("P1376").get(fact.new.strip()) or next(iter(subjects_of("P36").get(fact.new, [])), None)
    elif fact.relation == "P1376":
        true = answer_of("P36", fact.new)
    else:
        true = next(iter(subjects_of(fact.relation).get(fact.new, [])), None)
    return [Question("way back", prompt, as_object(fact.subject), as_object(true))] if true else []


def bystanders(fact: Fact) -> list[Question]:
    """Other relations of the same subject, which the edit says nothing about."""
    found = []
    for relation, frame in frames().items():
        answer = known(relation).get(fact.subject)
        follows = relation == fact.relation or (fact.relation, relation) in FOLLOWS
        if answer and not follows and as_object(answer) != fact.new:
            prompt = frame.replace("{}", fact.subject)
            found.append(
                Question("bystander", prompt, as_object(answer), fact.new, (prompt, as_object(answer)))
            )
    return found


@functools.cache
def frames() -> dict[str, str]:
    """relation -> the template of its first bundled fact."""
    found: dict[str, str] = {}
    for fact in bundled_facts():
        found.setdefault(fact.relation, fact.template)
    return found | HOPS


def questions(fact: Fact, neighbours: int = 3) -> list[Question]:
    """All that is asked about one edit. ``fact.true`` must be known."""
    old = fact.true or ""
    found = [Question("prompt", fact.prompt, fact.new, old)]
    found += [Question("paraphrase", prompt, fact.new, old) for prompt in fact.paraphrases[:2]]
    for count in (1, 8):
        context = " ".join(UNRELATED[:count])
        found.append(Question(f"after {count} unrelated", f"{context} {fact.prompt}", fact.new, old))
    said = [f"{prompt}{answer}." for prompt, answer in fact.neighbours if answer == fact.true][:2]
    if len(said) == 2:
        found.append(Question("after 2 rivals", f"{' '.join(said)} {fact.prompt}", fact.new, old))
    found += two_hops(fact) + way_back(fact) + bystanders(fact)
    for prompt, answer in fact.neighbours[:neighbours]:
        if answer != fact.new:
            found.append(Question("neighbour", prompt, answer, fact.new, (prompt, answer)))
    return found


def in_context(fact: Fact) -> str:
    """The new fact as a sentence, to stand in front of a prompt."""
    return f"{fact.prompt}{fact.new}. "


def ask(lm: LanguageModel, asked: Sequence[Question], context: str = "") -> pd.DataFrame:
    """Ask the model as it is.

    Returns:
        one row per question: ``kind``, ``prompt``, ``wanted``, ``other``; ``p_wanted`` and ``p_other``, mean
        log-probabilities; ``success`` (the wanted one is more likely) and ``first`` (it is the first choice).
    """
    pairs = [(context + q.prompt, a) for q in asked for a in (q.wanted, q.other)]
    log_p, first = score(lm, pairs)
    table = pd.DataFrame([{k: getattr(q, k) for k in ("kind", "prompt", "wanted", "other")} for q in asked])
    table["p_wanted"], table["p_other"] = log_p[::2].tolist(), log_p[1::2].tolist()
    table["success"] = (table.p_wanted > table.p_other).astype(float)
    return table.assign(first=first[::2].float().tolist())


def fair(lm: LanguageModel, asked: Sequence[Question]) -> list[bool]:
    """Which questions the unedited model has the knowledge for: ``check`` is answered by its first choice."""
    checks = [q.check for q in asked if q.check is not None]
    first = iter(score(lm, checks)[1].tolist() if checks else [])
    return [q.check is None or bool(next(first)) for q in asked]
