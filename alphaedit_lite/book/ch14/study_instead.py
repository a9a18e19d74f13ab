"""What one would try instead of an editor, on the 1,000 facts of chapter 10's streams: results/instead.json.

    python -m alphaedit_lite.book.ch14.study_instead FOLDER   # of counterfact*.json; goes on where it was

Mini-batch fine-tuning, and the facts in the prompt, found by retrieval: judged as a stream is at its end.
Their settings are chosen on 200 other facts.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from tqdm.auto import tqdm

from ... import load_model, perplexity
from ...facts import Fact
from ...finetune import FineTune
from ...metrics import token_scores
from ...models import LanguageModel
from ...prompts import align, encode_fact
from ...support.texts import wikipedia_leads
from ...support.tokens import Encoded, tokenise
from ..kit.elsewhere import TOKENS, losses, texts
from ..kit.probes import LEADS, free, look, means, updates
from ..kit.results import RESULTS, keep, resume
from ..kit.stream_facts import counterfact

PATH = RESULTS / "instead.json"
FACTS, TUNED_ON, COHORT = 1000, 200, 50
LAYERS, RATES, EPOCHS, SIZE = (7, 15, 23), (1e-3, 3e-3), 6, 32
BESIDES: Final = ({"layer": 7, "rate": 1e-3}, {"layer": 7, "rate": 3e-3})
MOST: Final = 0.05  # the rise of perplexity that a setting of fine-tuning may cost on the 200 facts
CHOSEN_BY: Final = ("efficacy_top1", "generalization_top1", "specificity_top1")
BARS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


class BreadthFirst(FineTune):
    """Fine-tuning as one trains anything else: ``steps`` epochs of small batches over all facts at once.

    Baselines of editing papers take fact after fact to its end instead (Yang et al. 2025, arXiv 2509.22072).
    """

    @torch.enable_grad()
    def descend(self, facts: Sequence[Fact]) -> dict[int, Tensor]:
        lm, start = self.lm, min(self.config.layers)
        rows = [encode_fact(lm.tokenizer, fact, ("",), target=True)[0] for fact in facts]
        rows = [dataclasses.replace(row, subject=0) for row in rows]  # so that all begin in one column
        deltas = {i: torch.zeros_like(lm.weight(i), requires_grad=True) for i in self.config.layers}
        adam, shuffled = torch.optim.Adam(deltas.values(), lr=self.config.lr), random.Random(0)
        with lm.frozen():
            below = self.below(rows, start)  # what lies below the first trained matrix never changes
            for _ in tqdm(range(self.config.steps), desc="epochs", disable=not self.progress):
                order = shuffled.sample(range(len(rows)), len(rows))
                for first in range(0, len(rows), SIZE):
                    some = order[first : first + SIZE]
                    part = align([rows[i] for i in some], some, lm.pad_id, lm.device)
                    hidden = pad_sequence([below[i] for i in some], batch_first=True)
                    adam.zero_grad()
                    (self.nll(hidden, start, part, deltas) / len(part.loss_id)).backward()
                    adam.step()
        return {layer: delta.detach() for layer, delta in deltas.items()}

    @torch.no_grad()
    def below(self, rows: Sequence[Encoded], start: int) -> list[Tensor]:
        """What enters the block ``start``, one row after the other, without padding: [tokens, d_model]."""
        found = []
        for first in range(0, len(rows), SIZE):
            some = rows[first : first + SIZE]
            part = align(some, range(len(some)), self.lm.pad_id, self.lm.device)
            hidden = self.lm.run(self.lm.embed(part.ids), part.mask, part.positions, stop=start)[0]
            found += [row[: int(mask.sum())] for row, mask in zip(hidden, part.mask, strict=True)]
        return found


class Memory:
    """Facts that stand in the prompt: no weight is changed.

    Args:
        facts: each is kept as a sentence.
        bar: the least likeness, a cosine of tf-idf words, at which the most alike sentence is put first.
    """

    def __init__(self, facts: Sequence[Fact], bar: float) -> None:
        self.sentences, self.bar = [f"{fact.prompt}{fact.new}. " for fact in facts], bar
        self.words = TfidfVectorizer()
        self.table = self.words.fit_transform(self.sentences)

    def find(self, text: str) -> str:
        """The sentence to put before a text, or nothing."""
        likeness = (self.table @ self.words.transform([text]).T).toarray()[:, 0]
        best = int(likeness.argmax())
        return self.sentences[best] if likeness[best] >= self.bar else ""

    def before(self, fact: Fact) -> Fact:
        """The fact with what is found before its prompt, its paraphrases and its neighbours."""
        return dataclasses.replace(
            fact,
            template=self.find(fact.prompt) + fact.template,
            paraphrases=tuple(self.find(text) + text for text in fact.paraphrases),
            neighbours=tuple((self.find(text) + text, answer) for text, answer in fact.neighbours),
        )


def tune(lm: LanguageModel, facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """Fine-tuning at each layer and rate: scores, and how far the perplexity of held-out leads rises."""
    leads, rows = wikipedia_leads("heldout")[:LEADS], []
    before = perplexity(lm, leads)
    for layer in LAYERS:
        for rate in RATES:
            BreadthFirst(lm, layers=(layer,), lr=rate, steps=EPOCHS, progress=False).edit(facts)
            found = means(lm, facts, leads)
            rise = round(found.pop("perplexity") / before - 1, 4)
            rows.append({"layer": layer, "rate": rate, "rise": rise, **found})
            lm.ledger.clear()
    return rows


def best(rows: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """The setting that names most on prompts and paraphrases, of those whose harm is small, if any is."""
    small = [row for row in rows if row["rise"] <= MOST] or rows
    return max(small, key=lambda row: row["efficacy_top1"] + row["generalization_top1"])


def trained(lm: LanguageModel, facts: Sequence[Fact], made: Mapping[str, float]) -> dict[str, Any]:
    """The model after fine-tuning on all facts, judged as at the end of a stream."""
    BreadthFirst(lm, layers=(int(made["layer"]),), lr=made["rate"], steps=EPOCHS).edit(facts)
    found = look(lm, facts, len(facts), 100, COHORT, False)
    sizes = {str(layer): round(size, 4) for layer, size in updates(lm).items()}
    found |= {"settings": dict(made), "update": sizes, "losses": losses(lm), "free": free(lm, facts)}
    lm.ledger.clear()
    return found


def alike(lm: LanguageModel, facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """Retrieval at each bar."""
    memories, leads = (Memory(facts, bar) for bar in BARS), wikipedia_leads("heldout")[:LEADS]
    return [{"bar": m.bar, **means(lm, [m.before(fact) for fact in facts], leads)} for m in memories]


def behind(lm: LanguageModel, memory: Memory, text: str) -> float:
    """The loss a token of a text, as ``kit.elsewhere`` cuts it, behind the sentence that is found for it."""
    if not (sentence := memory.find(text)):
        return round(math.log(perplexity(lm, [text], TOKENS)), 5)
    cut = lm.tokenizer.decode(tokenise(lm.tokenizer, text)[:TOKENS])
    ((found, _),) = token_scores(lm, [(sentence.rstrip(), " " + cut)])
    return round(-float(found[1:].mean()), 5)  # a text alone has no loss at its first token


def retrieved(lm: LanguageModel, facts: Sequence[Fact], bar: float) -> dict[str, Any]:
    """The facts, and the other texts, asked with what is found in front; how many texts get something."""
    memory = Memory(facts, bar)
    asked = [memory.before(fact) for fact in facts]
    found = look(lm, asked, len(facts), 100, COHORT, False)
    kinds = texts(lm.tokenizer)
    harder = {kind: [behind(lm, memory, text) for text in some] for kind, some in kinds.items()}
    disturbed = {kind: sum(bool(memory.find(text)) for text in some) for kind, some in kinds.items()}
    return found | {"update": {}, "losses": harder, "disturbed": disturbed, "free": free(lm, asked)}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    everything, lm = counterfact(parser.parse_args(argv).folder, 0), load_model()
    facts, others = everything[:FACTS], everything[FACTS : FACTS + TUNED_ON]
    made_with = {"fingerprint": lm.fingerprint, "facts": FACTS, "cohort": COHORT, "tuned on": TUNED_ON}
    kept = resume(PATH, made_with, rows={})

    def once(name: str, make: Callable[[], Any]) -> Any:
        if name not in kept["rows"]:
            kept["rows"][name] = make()
            keep(PATH, kept, "rows")
        return kept["rows"][name]

    bars = once("retrieval, tried", lambda: alike(lm, others))
    bar = max(
        bars, key=lambda row: (sum(row[name] for name in CHOSEN_BY), row["bar"])
    )  # the higher of equals
    once("retrieval", lambda: {"settings": bar} | retrieved(lm, facts, bar["bar"]))
    made = best(once("fine-tuning, tried", lambda: tune(lm, others)))
    once("fine-tuning", partial(trained, lm, facts, made))
    for (
        other
    ) in BESIDES:  # five times as many facts are five times as many steps: another setting may be better
        name = f"fine-tuning, layer {other['layer']}, rate {other['rate']:g}"
        once(name, partial(trained, lm, facts, other))


if __name__ == "__main__":
    main()
