"""What an edit withstands, a negation and 100 steps of ordinary training: results/wear.json.

    python -m alphaedit_lite.book.ch14.study_wear FOLDER    # of counterfact*.json; goes on where it stopped

The first 1,000 facts of chapter 10's streams, in the unedited model and written by two editors. Half of them
are asked plainly and with a "not" behind the verb, before and after all weights were trained on other text.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from tqdm.auto import tqdm

from ... import evaluate, load_model, perplexity
from ...facts import Fact
from ...models import LanguageModel
from ...support.assets import cache_dir
from ...support.texts import wikipedia_leads
from ...support.tokens import tokenise
from ..kit.probes import LEADS, number
from ..kit.results import RESULTS, keep, resume
from ..kit.stream_facts import counterfact, unedited_targets
from ..kit.studies import stream

PATH = RESULTS / "wear.json"
FACTS, EACH = 1000, 2  # of every two facts one is asked
EDITORS: Final = ("unedited", "AlphaEdit", "MEMIT with history")
STEPS, SIZE, TOKENS, RATE = 100, 4, 64, 5e-5  # of AdamW on all weights
VERB: Final = re.compile(r"\b(is|was|are|were)\b")


def negated(fact: Fact) -> Fact | None:
    """The fact asked with a "not" behind the only verb that takes one; None if there is no such verb."""
    if len(VERB.findall(fact.template)) != 1:
        return None
    return dataclasses.replace(fact, template=VERB.sub(r"\1 not", fact.template))


@torch.enable_grad()
def train(lm: LanguageModel, some: Sequence[str]) -> None:
    """Ordinary training on ordinary text. The model and its edits are not what they were afterwards."""
    rows = [row for text in some if len(row := tokenise(lm.tokenizer, text)[:TOKENS]) == TOKENS]
    lm.model.requires_grad_(True)
    adam = torch.optim.AdamW(lm.model.parameters(), lr=RATE)
    for step in tqdm(range(STEPS), desc="training"):
        ids = torch.tensor(rows[step * SIZE : (step + 1) * SIZE], device=lm.device)
        adam.zero_grad()
        lm.model(input_ids=ids, labels=ids).loss.backward()
        adam.step()
    lm.model.requires_grad_(False)


def asked(lm: LanguageModel, facts: Sequence[Fact]) -> dict[str, object]:
    """Fact by fact, whether the new and the old object are first, plainly and negated; and a perplexity."""
    pairs = [(fact, other) for fact in facts if (other := negated(fact))]
    plain, denied = zip(*pairs, strict=True)
    kinds = {"new": plain, "new, negated": denied}
    found: dict[str, object] = {}
    for name, some in kinds.items():
        bare = [dataclasses.replace(fact, paraphrases=(), neighbours=()) for fact in some]
        turned = [dataclasses.replace(fact, new=fact.true, true=fact.new) for fact in bare]
        table = evaluate(lm, [*bare, *turned], progress=False).efficacy_top1.astype(int).tolist()
        found |= {name: table[: len(bare)], name.replace("new", "old"): table[len(bare) :]}
    return found | {"perplexity": number(perplexity(lm, wikipedia_leads("heldout")[:LEADS]))}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    facts, lm = counterfact(parser.parse_args(argv).folder, 0)[:FACTS], load_model()
    training = {"steps": STEPS, "batch": SIZE, "tokens": TOKENS, "rate": RATE}
    kept = resume(PATH, {"fingerprint": lm.fingerprint, "facts": FACTS, "training": training}, rows={})
    z = unedited_targets(lm, facts)
    for name in EDITORS:
        if name in kept["rows"]:
            continue
        lm = load_model()  # a model of its own: training leaves it changed
        if name != "unedited":
            for _ in stream(lm, name, facts, cache_dir() / "stream" / "wear" / name, z):
                pass
        found = {"before": asked(lm, facts[::EACH])}
        train(lm, wikipedia_leads("fit"))
        kept["rows"][name] = found | {"after": asked(lm, facts[::EACH])}
        keep(PATH, kept, "rows")


if __name__ == "__main__":
    main()
