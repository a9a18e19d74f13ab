"""Facts as text: (subject, relation, object), their test prompts, and readers of the common formats.

fact = Fact("{} is located in the country of", subject="Lower Assam", new="Romania", true="India")
fact.prompt          # 'Lower Assam is located in the country of'
fact.new             # ' Romania': objects carry the space that joins them to the prompt
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Fact:
    """One fact to write, and the prompts that judge the writing.

    Args:
        template: a prompt with one ``{}`` where the subject goes, ending where the object begins.
        subject: fills the ``{}``.
        new: the object to write.
        true: the object that the unedited model should name, if it is known.
        paraphrases: other prompts that ask for the same object.
        neighbours: (prompt, answer) pairs about other subjects, which must stay as they are.
        generation: beginnings for free generation about the subject.
        relation, case_id, split: bookkeeping of the data set the fact comes from.

    Raises:
        ValueError: an empty subject or object, ``{}`` missing or twice, or new equal to true.
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

    def __post_init__(self) -> None:
        for name in ("template", "subject", "new", "true"):
            value = getattr(self, name)
            if not isinstance(value, str) and not (name == "true" and value is None):
                raise TypeError(f"{name} must be text, not {value!r}.")
        if not self.subject.strip():
            raise ValueError(f"The subject {self.subject!r} is empty.")
        if self.template.count("{}") != 1:
            raise ValueError(
                f"The template {self.template!r} must hold '{{}}' exactly once, where the subject "
                f"{self.subject!r} goes, for example '{{}} is located in the country of'."
            )
        for name in ("paraphrases", "neighbours", "generation"):
            if isinstance(getattr(self, name), str):
                raise ValueError(
                    f"{name} must be a tuple of prompts, not one string: {getattr(self, name)!r}."
                )
        if not self.new.strip():
            raise ValueError(f"The new object {self.new!r} for {self.subject!r} is empty.")
        if self.true is not None and self.true.strip() == self.new.strip():
            raise ValueError(f"The new object {self.new.strip()!r} is already the true one: nothing to edit.")
        object.__setattr__(self, "template", self.template.rstrip())
        object.__setattr__(self, "subject", self.subject.strip())
        object.__setattr__(self, "new", as_object(self.new))
        true = (self.true or "").strip()
        object.__setattr__(self, "true", as_object(true) if true else None)
        neighbours = tuple((prompt, as_object(answer)) for prompt, answer in self.neighbours)
        object.__setattr__(self, "neighbours", neighbours)

    @property
    def prompt(self) -> str:
        return self.template.replace("{}", self.subject)

    @property
    def subject_end(self) -> int:
        """The character of ``prompt`` just after the subject: exact even if the subject occurs twice."""
        return self.template.index("{}") + len(self.subject)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Fact:
        """The inverse of ``dataclasses.asdict`` after a trip through JSON, which knows no tuples."""
        neighbours = tuple((prompt, answer) for prompt, answer in values["neighbours"])
        texts = {name: tuple(values[name]) for name in ("paraphrases", "generation")}
        return cls(**{**values, **texts, "neighbours": neighbours})

    @classmethod
    def from_prompt(cls, prompt: str, subject: str, new: str, **rest: Any) -> Fact:
        """A fact from a whole sentence. The subject's first occurrence is taken.

        Raises:
            ValueError: the subject does not occur in the prompt.
        """
        subject = subject.strip()
        if not subject or subject not in prompt:
            raise ValueError(f"The subject {subject!r} does not occur in the prompt {prompt!r}.")
        return cls(prompt.replace(subject, "{}", 1), subject, new, **rest)


def as_object(text: str) -> str:
    """An object as it follows a prompt: one leading space, none for Chinese and Japanese script."""
    text = text.strip()
    script = unicodedata.name(text[:1] or " ", " ").split(" ")[0]
    return text if script in ("CJK", "HIRAGANA", "KATAKANA", "FULLWIDTH") else f" {text}"


def bundled_facts(split: Literal["development", "test", "all"] = "all") -> list[Fact]:
    """The facts that ship with the package: all known to the default model, in two frozen halves."""
    if split not in ("development", "test", "all"):
        raise ValueError(f"split must be 'development', 'test' or 'all', not {split!r}.")
    text = (files("alphaedit_lite") / "data" / "facts.json").read_text(encoding="utf-8")
    facts = [_from_counterfact(record) for record in json.loads(text)["facts"]]
    return [fact for fact in facts if split in ("all", fact.split)]


def read_counterfact(source: str | Path | Iterable[dict]) -> list[Fact]:
    """Facts from CounterFact: a JSON file in the original schema or EasyEdit's flat one, a data set on
    a hub (``datasets`` needed), or an iterable of records.

    Raises:
        ValueError: a record lacks a field; the message names record and field.
    """
    return _read(
        source, lambda record: (_from_counterfact if "requested_rewrite" in record else _flat)(record)
    )


def read_zsre(source: str | Path | Iterable[dict]) -> list[Fact]:
    """Facts from zsRE in the MEND schema. The question is the prompt, ``alt`` the object to write.

    Raises:
        ValueError: a record lacks a field, or its subject is not in its question.
    """

    def one(record: dict) -> Fact:
        question = Fact.from_prompt(record["src"], record["subject"], record["alt"])
        true = as_object(record["answers"][0])
        return replace(
            question,
            true=None if true == question.new else true,  # a few records ask for the answer they have
            paraphrases=(record["rephrase"],),
            # zsRE's neighbour is a Natural Questions item; the MEND evaluation asks it as it stands.
            neighbours=((record["loc"].removeprefix("nq question: ") + "?", record["loc_ans"]),),
        )

    return _read(source, one)


def _read(source: str | Path | Iterable[dict], convert: Any) -> list[Fact]:
    if isinstance(source, (str, Path)):
        if Path(source).exists():
            try:
                records = json.loads(Path(source).read_text(encoding="utf-8"))
            except ValueError as error:  # neither text nor JSON
                raise ValueError(f"{source} is not a whole JSON file ({error}).") from error
        elif str(source).endswith(".json"):
            raise FileNotFoundError(f"There is no file {source}.")
        else:
            from datasets import load_dataset

            records = load_dataset(str(source), split="train")
    else:
        records = source
    if records is None or isinstance(records, (str, int, float, dict)):
        raise ValueError(f"{source} holds no list of records, but {type(records).__name__}.")
    facts = []
    for number, record in enumerate(records):
        try:
            facts.append(convert(record))
        except KeyError as error:
            raise ValueError(
                f"Record {number} has no field {error}; it has {', '.join(map(repr, record))}."
            ) from error
        except (ValueError, TypeError, IndexError) as error:
            raise ValueError(f"Record {number}: {error}") from error
    return facts


def _from_counterfact(record: dict) -> Fact:
    rewrite = record["requested_rewrite"]
    true = rewrite["target_true"]["str"]
    prompts = record["neighborhood_prompts"]
    answers = record.get("neighborhood_answers") or [true] * len(prompts)
    return Fact(
        template=rewrite["prompt"],
        subject=rewrite["subject"],
        new=rewrite["target_new"]["str"],
        true=true,
        paraphrases=tuple(record["paraphrase_prompts"]),
        neighbours=tuple(zip(prompts, answers, strict=True)),
        generation=tuple(record.get("generation_prompts") or ()),
        relation=rewrite.get("relation_id", ""),
        case_id=record.get("case_id", -1),
        split=record.get("split", ""),
    )


def _flat(record: dict) -> Fact:
    fact = Fact.from_prompt(record["prompt"], record["subject"], record["target_new"])
    return replace(
        fact,
        true=as_object(record["ground_truth"]),
        paraphrases=(record["rephrase_prompt"],),
        neighbours=((record["locality_prompt"], record["locality_ground_truth"]),),
        case_id=record["case_id"],
    )
