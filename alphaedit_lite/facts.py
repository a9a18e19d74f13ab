"""Facts as text: (subject, relation, object), their test prompts, and readers of the common formats.

fact = Fact("{} is located in the country of", subject="Lower Assam", new="Romania", true="India")
fact.prompt          # 'Lower Assam is located in the country of'
fact.new             # ' Romania': objects carry the space that joins them to the prompt
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import InitVar, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from .support.records import ITSELF, LIST, answer, answers, field, filled, nested, read_records, texts
from .support.spacing import apart, as_object, check_text, occurrences, spelled, template


@dataclass(frozen=True)
class Fact:
    """One fact to write, and the prompts that judge the writing.

    Prompts are taken to the letter: a chat template's last newline stays. Objects are joined to their
    prompts as such text is written (``as_object``): by a space or, after a newline, an opening quote or in
    Thai, by none. One that begins with white space, or any with ``exact=True``, is taken to the letter too.

    Args:
        template: a prompt with one ``{}`` where the subject goes, ending where the object begins.
        subject: fills the ``{}``; white space around it is dropped, but where it would run into a word.
        new: the object to write.
        true: the object that the unedited model should name, if it is known.
        paraphrases: other prompts that ask for the same object.
        neighbours: (prompt, answer) pairs about other subjects, which must stay as they are.
        generation: beginnings for free generation about the subject.
        relation, case_id, split: bookkeeping of the data set the fact comes from.
        exact: whether no space is put in front of ``new``, ``true`` and the neighbours' answers.

    Raises:
        ValueError: an empty subject, object or other text, ``{}`` missing or twice, or new equal to true.
        TypeError: something else than text.
    """

    template: str
    subject: str
    new: str
    true: str | None = None
    paraphrases: tuple[str, ...] = ()
    neighbours: tuple[tuple[str, str], ...] = ()
    generation: tuple[str, ...] = ()
    relation: str = ""
    case_id: int = -1
    split: str = ""
    exact: bool = False
    was: InitVar[Fact | None] = ITSELF  # whom ``dataclasses.replace`` changes

    def __post_init__(self, was: Any) -> None:
        for name in ("template", "subject", "new", "true"):
            value = getattr(self, name)
            if not isinstance(value, str) and not (name == "true" and value is None):
                raise TypeError(f"{name} must be text, not {value!r}.")
        if not self.subject.strip():
            raise ValueError(f"The subject {self.subject!r} is empty.")
        if self.template.count("{}") != 1:
            raise ValueError(
                f"The template {self.template!r} must hold '{{}}' exactly once, where the subject "
                f"{self.subject!r} goes, for example '{{}} is located in the country of'. A '{{}}' of the "
                "text itself, as in code, may be written '{ }'."
            )
        for name in ("paraphrases", "neighbours", "generation"):
            values = getattr(self, name)
            if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
                raise ValueError(f"{name} must be a tuple of prompts, not {values!r}.")
            object.__setattr__(self, name, tuple(values))
        if odd := [pair for pair in self.neighbours if not isinstance(pair, LIST) or len(pair) != 2]:
            raise ValueError(f"neighbours must be (prompt, answer) pairs, not {odd[0]!r}.")
        pairs = tuple((prompt, answer) for prompt, answer in self.neighbours)
        texts = (*self.paraphrases, *self.generation, *(text for pair in pairs for text in pair))
        if wrong := [text for text in texts if not isinstance(text, str)]:
            raise TypeError(f"Paraphrases, neighbours and generation must be text, not {wrong[0]!r}.")
        for text in (self.template, self.subject, self.new, self.true or "", *texts):
            check_text(text)
        if blank := [text for text in texts if not text.strip()]:
            raise ValueError(f"Paraphrases, neighbours and generation must not be empty, as {blank[0]!r} is.")
        if not self.new.strip():
            raise ValueError(f"The new object {self.new!r} for {self.subject!r} is empty.")
        if self.true is not None and self.true.strip() == self.new.strip():
            raise ValueError(f"The new object {self.new.strip()!r} is already the true one: nothing to edit.")
        object.__setattr__(self, "template", apart(self.template, self.subject))
        object.__setattr__(self, "subject", self.subject.strip())
        for name in ("new", "true") if was else ():  # joined anew, as the prompt may be another
            if (text := getattr(self, name)) and text == getattr(was, name):
                object.__setattr__(self, name, was.after(self.prompt, text))
        true = self.true if (self.true or "").strip() else None
        if not self.exact:
            object.__setattr__(self, "new", as_object(self.new, self.prompt))
            true = as_object(true, self.prompt) if true else None
            pairs = tuple((prompt, as_object(answer, prompt)) for prompt, answer in pairs)
        object.__setattr__(self, "true", true)
        object.__setattr__(self, "neighbours", pairs)

    @property
    def prompt(self) -> str:
        return self.template.replace("{}", self.subject)

    @property
    def subject_end(self) -> int:
        """The character of ``prompt`` just after the subject: exact even if the subject occurs twice."""
        return self.template.index("{}") + len(self.subject)

    def after(self, prompt: str, text: str) -> str:
        """``new`` or ``true`` as it follows another prompt: joined by that prompt's end, or to the letter."""
        joined = not self.exact and text == as_object(text.strip(), self.prompt)
        return as_object(text.strip(), prompt) if joined else text

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Fact:
        """The inverse of ``dataclasses.asdict`` after a trip through JSON, which knows no tuples."""
        neighbours = tuple((prompt, answer) for prompt, answer in values["neighbours"])
        texts = {name: tuple(values[name]) for name in ("paraphrases", "generation")}
        return cls(**{**values, **texts, "neighbours": neighbours})

    @classmethod
    def from_prompt(cls, prompt: str, subject: str, new: str, **rest: Any) -> Fact:
        """A fact from a whole sentence, in which the subject stands once, as a whole word.

        Raises:
            ValueError: the subject is not there, or inside another word only, or more than once.
        """
        for text in (prompt, subject):
            check_text(text)
        subject = spelled(prompt, subject.strip())
        if not subject or subject not in prompt:
            raise ValueError(f"The subject {subject!r} does not occur in the prompt {prompt!r}.")
        whole, anywhere = occurrences(prompt, subject)
        if len(whole) != 1:
            what = "more than once" if whole else "only inside another word"
            raise ValueError(
                f"The subject {subject!r} occurs {what} in the prompt {prompt!r}, at character "
                f"{', '.join(map(str, whole or anywhere))}. Say which is meant by '{{}}' in its place: "
                "Fact(template, subject, new)."
            )
        return cls(template(prompt, whole[0], subject), subject, new, **rest)


def bundled_facts(split: Literal["development", "test", "all"] = "all") -> list[Fact]:
    """The facts that ship with the package: all known to the default model, in two frozen halves."""
    if split not in ("development", "test", "all"):
        raise ValueError(f"split must be 'development', 'test' or 'all', not {split!r}.")
    text = (files("alphaedit_lite") / "data" / "facts.json").read_text(encoding="utf-8")
    facts = [_original(record) for record in json.loads(text)["facts"]]
    return [fact for fact in facts if split in ("all", fact.split)]


def read_counterfact(source: str | Path | Iterable[dict]) -> list[Fact]:
    """Facts from CounterFact: a JSON file in the original schema or in EasyEdit's flat one, KnowEdit's too; a
    data set on a hub (``datasets`` needed); or an iterable of records.

    Of KnowEdit's nested fields, ``locality`` gives the neighbours, and those prompts of ``Subject_Aliasing``
    that the new object answers the paraphrases. Of several answers the first is taken; of rephrasings all.

    Raises:
        ValueError: a record is not whole; the message names record and field.
    """
    return read_records(source, lambda one: _original(one) if "requested_rewrite" in one else _flat(one))


def read_zsre(source: str | Path | Iterable[dict]) -> list[Fact]:
    """Facts from zsRE in the MEND schema or KnowEdit's. The question is the prompt, ``alt`` the new object.

    Raises:
        ValueError: a record is not whole (the message names record and field), or its subject is not a word
            of its question. One that is there twice is taken where it stands first, with a warning.
    """
    return read_records(source, lambda one: _flat(one) if "prompt" in one else _mend(one))


def _original(record: Mapping) -> Fact:
    true = field(record, "requested_rewrite.target_true.str", name="true")
    prompts = texts(record, "neighborhood_prompts")
    answers = texts(record, "neighborhood_answers", default=[])
    answers = answers or [filled(record, "requested_rewrite.target_true.str") for _ in prompts]
    if len(answers) != len(prompts):
        raise ValueError(f"neighborhood_answers are {len(answers)}, neighborhood_prompts {len(prompts)}.")
    return Fact(
        template=field(record, "requested_rewrite.prompt").rstrip(" "),
        subject=field(record, "requested_rewrite.subject", name="subject"),
        new=field(record, "requested_rewrite.target_new.str", name="new").strip(),
        true=true.strip(),
        paraphrases=tuple(texts(record, "paraphrase_prompts")),
        neighbours=tuple(zip(prompts, map(str.strip, answers), strict=True)),
        generation=tuple(texts(record, "generation_prompts", default=[])),
        relation=field(record, "requested_rewrite.relation_id", default=""),
        case_id=field(record, "case_id", int, default=-1),
        split=field(record, "split", default=""),
    )


def _flat(record: Mapping) -> Fact:
    subject, prompt, new = (filled(record, name) for name in ("subject", "prompt", "target_new"))
    optional = {"default": ""} if {"locality", "portability"} & set(record) else {}
    neighbours = nested(record, "locality")
    if record.get("locality_prompt") is not None:
        said = answer(record, "locality_ground_truth")
        neighbours += [(field(record, "locality_prompt").rstrip(" "), said)]
    rephrased = [*answers(record, "rephrase_prompt", default=""), *answers(record, "rephrase", default="")]
    aliases = nested(record, "portability", "Subject_Aliasing", read=answers)
    rephrased += [question for question, said in aliases if new.strip() in map(str.strip, said)]
    return _sentence(
        prompt,
        subject,
        new.strip(),
        answer(record, "ground_truth", **optional).strip(),
        paraphrases=tuple(text.rstrip(" ") for text in rephrased if text),
        neighbours=tuple((question, said.strip()) for question, said in neighbours if said.strip()),
        case_id=field(record, "case_id", int, default=-1),
    )


def _mend(record: Mapping) -> Fact:
    subject, prompt, new = (filled(record, name) for name in ("subject", "src", "alt"))
    # zsRE's neighbour is a Natural Questions item, without its "?"; the MEND evaluation asks it as it stands.
    asked = filled(record, "loc").strip().removeprefix("nq question: ").removesuffix("?").rstrip() + "?"
    neighbour = asked, filled(record, "loc_ans").strip()
    rest = {"paraphrases": (filled(record, "rephrase").rstrip(" "),), "neighbours": (neighbour,)}
    return _sentence(prompt, subject, new.strip(), field(record, "answers.0").strip(), **rest)


def _sentence(prompt: str, subject: str, new: str, true: str, **rest: Any) -> Fact:
    """``Fact.from_prompt``, but of several places of the subject the first is taken, with a warning."""
    prompt, subject = prompt.rstrip(" "), spelled(prompt, subject.strip())
    rest["true"] = None if true == new else true  # a few records ask for the answer they have
    whole, _ = occurrences(prompt, subject)
    if not subject or len(whole) < 2:
        return Fact.from_prompt(prompt, subject, new, **rest)
    warnings.warn(f"The subject {subject!r} is twice in {prompt!r}: its first place is taken.", stacklevel=2)
    return Fact(template(prompt, whole[0], subject), subject, new, **rest)
