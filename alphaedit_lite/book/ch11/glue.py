"""GLUE-style tasks put to a language model in words: film reviews, paraphrases, grammar, entailment, MMLU.

    examples = read_task("sst2", folder)              # glue_sst2.json in a folder; without one, from a hub
    table = ask(lm, "sst2", examples[:100])           # a pandas DataFrame, one row per example
    weighted_f1(table.gold, table.said)

The outline is that of AlphaEdit's authors: a prompt without examples, an answer in one word. Prompts and
words are our own. There are two ways to read the answer. *Compared*: which of the task's words is the most
likely next one? *Said*: let the model write a few tokens, and look for one of the words; there may be none.
A task with equally many examples of each class has a known chance; GLUE itself has not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from sklearn.metrics import f1_score
from tqdm.auto import tqdm

from ...generation import padded_left
from ...models import LanguageModel
from ...support.tokens import pieces, tokenise

NONE: Final = -1  # no answer could be read
TOKENS: Final = 5  # that the model may write
BATCH: Final = 16

Example = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """A question in words, and its answers.

    Attributes:
        title: as in the papers.
        hub: path, configuration and split for ``datasets.load_dataset``.
        prompt: fields of an example in braces; it ends where the answer begins.
        words: the answer of each class, as it follows the prompt.
        labels: how the data write the classes, in the order of ``words``.
    """

    title: str
    hub: tuple[str, str, str]
    prompt: str
    words: tuple[str, ...]
    labels: tuple[Any, ...]


_FOLLOWS = "{sentence1}\nQuestion: Does it follow that this is true: {sentence2}\nAnswer yes or no. Answer:"
TASKS: dict[str, Task] = {
    "sst2": Task(
        "SST-2",
        ("nyu-mll/glue", "sst2", "validation"),
        "Film review: {sentence}\nIs this review positive or negative? Answer:",
        (" negative", " positive"),
        (0, 1),
    ),
    "mrpc": Task(
        "MRPC",
        ("nyu-mll/glue", "mrpc", "validation"),
        "One: {sentence1}\nTwo: {sentence2}\nDo the two sentences say the same? Answer yes or no. Answer:",
        (" no", " yes"),
        (0, 1),
    ),
    "cola": Task(
        "CoLA",
        ("nyu-mll/glue", "cola", "validation"),
        "Sentence: {sentence}\nIs this sentence good English? Answer yes or no. Answer:",
        (" no", " yes"),
        (0, 1),
    ),
    # The hub's 0 is "entailment".
    "rte": Task("RTE", ("nyu-mll/glue", "rte", "validation"), _FOLLOWS, (" no", " yes"), (1, 0)),
    "nli": Task(
        "NLI", ("nyu-mll/glue", "rte", "train"), _FOLLOWS, (" no", " yes"), ("not_entailment", "entailment")
    ),
    "mmlu": Task(
        "MMLU",
        ("cais/mmlu", "all", "validation"),
        "{question}\nA. {choices[0]}\nB. {choices[1]}\nC. {choices[2]}\nD. {choices[3]}\nAnswer:",
        (" A", " B", " C", " D"),
        (0, 1, 2, 3),
    ),
}


def read_task(name: str, folder: Path | None = None) -> list[dict[str, Any]]:
    """The examples of a task: from glue_NAME.json in a folder, or through ``datasets`` from a hub.

    Raises:
        FileNotFoundError: the folder has no such file.
    """
    if folder is not None:
        path = folder / f"glue_{name}.json"
        if not path.exists():
            raise FileNotFoundError(f"There is no {path}: it should hold a JSON list of the task's examples.")
        found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return found
    from datasets import load_dataset

    path_of, configuration, split = TASKS[name].hub
    return [dict(row) for row in load_dataset(path_of, configuration, split=split)]


def gold(name: str, example: Example) -> int:
    """The class of an example, an index into the task's ``words``. Raises ValueError for a strange label."""
    task = TASKS[name]
    label = example["answer" if name == "mmlu" else "label"]
    label = int(label) if isinstance(label, str) and label.lstrip("-").isdigit() else label
    if label not in task.labels and name == "nli":  # the hub has numbers here, too
        label = {0: "entailment", 1: "not_entailment"}.get(label, label)
    if label not in task.labels:
        raise ValueError(f"{task.title} has the labels {task.labels}, not {label!r}.")
    return task.labels.index(label)


def prompt_of(name: str, example: Example, shots: Sequence[Example] = ()) -> str:
    """The question, after ``shots`` other examples with their answers."""
    task = TASKS[name]
    solved = [task.prompt.format(**shot) + task.words[gold(name, shot)] for shot in shots]
    return "\n\n".join([*solved, task.prompt.format(**example)])


def read_answer(text: str, words: Sequence[str]) -> int:
    """Which of the words comes first in a text, as a whole word; NONE if none does."""
    places = []
    for i, word in enumerate(words):
        if found := re.search(rf"\b{re.escape(word.strip())}\b", text, re.I):
            places.append((found.start(), i))
    return min(places)[1] if places else NONE


@torch.no_grad()
def ask(
    lm: LanguageModel,
    name: str,
    examples: Sequence[Example],
    shots: Sequence[Example] = (),
    progress: bool = False,
) -> pd.DataFrame:
    """Put a task's examples to the model as it is now: one pass over each prompt, and a few tokens more.

    Returns:
        one row per example: ``gold``, the right class; ``compared``, the class whose word is the most likely
        next one; ``said``, the class named in what the model writes, or NONE; ``margin``, log P(last class) -
        log P(first class); ``text``, what it wrote.
    """
    words = TASKS[name].words
    firsts = [pieces(lm.tokenizer, word)[0] for word in words]
    if len(set(firsts)) < len(words):
        raise ValueError(f"In this tokenizer, {words} begin with the same token: choose other words.")
    rows = [tokenise(lm.tokenizer, prompt_of(name, example, shots)) for example in examples]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    found: dict[int, dict[str, Any]] = {}
    with lm.frozen(), tqdm(total=len(rows), desc=TASKS[name].title, disable=not progress) as bar:
        for begin in range(0, len(order), BATCH):
            chunk = order[begin : begin + BATCH]
            batch = padded_left(lm, [rows[i] for i in chunk])
            output: Any = lm.generate(batch, TOKENS, output_logits=True, return_dict_in_generate=True)
            chances = output.logits[0].float().log_softmax(-1)[:, firsts].cpu()
            for i, row, log_p in zip(chunk, output.sequences, chances, strict=True):
                text = lm.tokenizer.decode(row[batch["input_ids"].shape[1] :], skip_special_tokens=True)
                found[i] = {
                    "gold": gold(name, examples[i]),
                    "compared": int(log_p.argmax()) if log_p.isfinite().all() else NONE,
                    "said": read_answer(text, words),
                    "margin": float(log_p[-1] - log_p[0]),
                    "text": text,
                }
            bar.update(len(chunk))
    return pd.DataFrame([found[i] for i in range(len(rows))])


def weighted_f1(right: ArrayLike, answers: ArrayLike) -> float:
    """F1 of each class, weighted by how often the class is the right one; NONE is a wrong answer."""
    return float(f1_score(right, answers, labels=np.unique(right), average="weighted", zero_division=0))


def separation(right: ArrayLike, margin: ArrayLike) -> float:
    """How well the margin tells two classes apart, whatever word the model likes (the area under ROC).

    The chance that an example of the last class has a larger margin than one of the first class; one half if
    the margin knows nothing. A tie counts one half.
    """
    wanted, values = np.asarray(right), np.asarray(margin, dtype=float)
    high, low = values[wanted == wanted.max()], values[wanted == wanted.min()]
    return float((np.sign(high[:, None] - low[None, :]) / 2 + 0.5).mean())
