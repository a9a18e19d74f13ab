"""What K0 is made of, and how much of it: results/k0.json.

    python -m alphaedit_lite.book.ch14.study_k0            # goes on where it was stopped
    python -m alphaedit_lite.book.ch14.study_k0 2          # at most two rows of edits more

P is made from the first N tokens of Wikipedia leads, of sentences that state facts, of what the model itself
says, or of tokens drawn at random. Kept are its rank, the energy that it claims to leak, and the energy that
*other* text of each kind really has in it. With some of these P the 200 facts of chapter 10's sweep are then
written and judged as there, so that rows compare fact by fact. λ is the same in all of them: that of P from
100,000 tokens, layer by layer, so that P is all that differs.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor

from ... import AlphaEdit, Editor, bundled_facts, bundled_targets, key_statistics, load_model, solvers
from ...config import EditorConfig, default_layers
from ...facts import Fact
from ...gains import Gain
from ...keys import KeyStatistics, take_in, token_rows
from ...models import LanguageModel
from ...nullspace import NullSpace
from ...support.assets import cache_dir, replacing
from ...support.texts import wikipedia_leads
from ...support.tokens import tokenise
from ..kit.probes import BATCH, FACTS, measured
from ..kit.results import RESULTS, keep, resume

PATH = RESULTS / "k0.json"
THRESHOLD = EditorConfig.threshold
SIZES, SOURCES = (500, 1000, 2000, 5000, 10_000), ("facts", "own words", "random")
TOKENS, OTHER = 10_000, 3000  # of each source; of the other text that tests it
EDITED: Final = (  # source, tokens: with these P the facts are written
    ("random", TOKENS),
    ("Wikipedia", 500),
    ("facts", TOKENS),
    ("Wikipedia", 2000),
    ("own words", TOKENS),
    ("Wikipedia", TOKENS),
)
STARTS = (
    "The",
    "In",
    "A",
    "This",
    "When",
    "It",
    "We",
    "For",
    "As",
    "Many",
    "How",
    "There",
    "On",
    "To",
    "She",
    "One",
)


def same_lambda(spaces: Mapping[int, NullSpace], lam: Mapping[int, float]) -> Gain:
    """AlphaEdit's gain with a given λ for each layer, whatever energy its own null space holds."""
    return lambda layer, keys, history: solvers.ridge(keys, lam[layer], history, spaces[layer])


def sentences(split: Any) -> list[str]:
    """What the facts of one half say when they are true, with paraphrases and neighbours, without repeats."""
    said: dict[str, None] = {}
    for fact in bundled_facts(split):
        asked = [(prompt, fact.true) for prompt in (fact.prompt, *fact.paraphrases)] + list(fact.neighbours)
        said |= dict.fromkeys(f"{prompt}{answer}." for prompt, answer in asked if answer)
    texts = list(said)
    random.Random(0).shuffle(texts)
    return texts


@torch.no_grad()
def own_words(lm: LanguageModel, tokens: int) -> list[list[int]]:
    """Token ids that the model samples itself, at temperature 1, after common first words; cached."""
    path = cache_dir() / f"own-words-{tokens}-{lm.fingerprint}.json"
    if not path.exists():
        width, rows = 100, list[list[int]]()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            while sum(map(len, rows)) < tokens:
                ids = torch.tensor([tokenise(lm.tokenizer, word)[:1] for word in STARTS * 4])
                inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
                said = lm.generate(inputs, width, do_sample=True, temperature=1.0, top_k=0, top_p=1.0)
                for row in said.tolist():
                    end = (
                        row.index(lm.tokenizer.eos_token_id) if lm.tokenizer.eos_token_id in row else len(row)
                    )
                    rows.append(row[: max(1, end)])
        with replacing(path) as partial:
            partial.write_text(json.dumps(rows))
    return [list(map(int, row)) for row in json.loads(path.read_text())]


def rows_of(lm: LanguageModel, source: str, tokens: int, other: bool = False) -> list[list[int]]:
    """Token ids of a source, ``tokens`` in all; ``other``: of a part that makes no P."""
    if source == "Wikipedia":
        return token_rows(lm, wikipedia_leads("heldout")[200:] if other else wikipedia_leads("fit"), tokens)
    if source == "facts":
        judged = set(sentences("test"))
        texts = list(judged) if other else [text for text in sentences("development") if text not in judged]
        return token_rows(lm, sorted(texts) if other else texts, tokens)
    if source == "random":
        draw = torch.Generator().manual_seed(1 if other else 0)
        ids = torch.randint(lm.tokenizer.vocab_size, (tokens // 100, 100), generator=draw)
        return [list(map(int, row)) for row in ids.tolist()]
    rows = own_words(lm, TOKENS + OTHER)
    return cut(rows[::-1] if other else rows, tokens)


def cut(rows: list[list[int]], tokens: int) -> list[list[int]]:
    """The first rows, ``tokens`` in all."""
    kept: list[list[int]] = []
    for row in rows:
        if tokens <= 0:
            break
        kept.append(row[:tokens])
        tokens -= len(row)
    return kept


def fit(lm: LanguageModel, rows: list[list[int]]) -> dict[int, KeyStatistics]:
    """Key statistics of the default layers over some token ids."""
    statistics = {layer: KeyStatistics.empty(lm.d_ff) for layer in default_layers(lm.n_layers)}
    for _ in take_in(lm, statistics, sorted(rows, key=len)):
        pass
    return statistics


def measure(spaces: dict[int, NullSpace], others: dict[str, dict[int, KeyStatistics]]) -> dict[str, Any]:
    """Rank and claimed leak; and the share of other text's energy inside, by kind: all by layer."""
    inside = {
        kind: {str(i): share(spaces[i], statistics[i].second_moment) for i in spaces}
        for kind, statistics in others.items()
    }
    return {
        "rank": {str(i): space.rank for i, space in spaces.items()},
        "claimed": {str(i): round(space.leakage, 4) for i, space in spaces.items()},
        "leak": inside,
    }


def share(space: NullSpace, moment: Tensor) -> float:
    """tr(P C) / tr(C): how much of some keys' energy lies in the space."""
    return round(float((space.basis * (moment @ space.basis)).sum() / moment.trace()), 4)


def edit(lm: LanguageModel, editor: Editor, facts: list[Fact]) -> dict[str, Any]:
    """Write all facts in batches, judge, take all back; ``door``: the share of new keys' energy in P."""

    def write() -> dict[str, Any]:
        z = bundled_targets(lm, facts)
        for first in range(0, len(facts), BATCH):
            editor.edit(facts[first : first + BATCH], z[first : first + BATCH])
        doors = {}
        for i in editor.layers:
            keys = torch.cat([held.keys[i] for held in lm.ledger.edits]).double()
            inside = editor.null_spaces[i].project(keys)
            doors[str(i)] = round(float(inside.square().sum() / keys.square().sum()), 4)
        return {"door": doors}

    return measured(lm, facts, write)


def spaces_to_measure() -> Iterator[tuple[str, int]]:
    """All (source, tokens) in the table; 100,000 tokens of Wikipedia are the package's own P."""
    yield from (("Wikipedia", n) for n in SIZES)
    yield from ((source, TOKENS) for source in SOURCES)
    yield "Wikipedia", 100_000


def main(argv: Sequence[str]) -> None:
    most = int(argv[0]) if argv else len(EDITED)
    lm, facts = load_model(), bundled_facts("test")[:FACTS]
    layers = default_layers(lm.n_layers)
    made_with = {
        "facts": f"{len(facts)} of the test half in sequence, batches of {BATCH}, the shipped targets z",
        "λ": "0.8 of the energy in P from 100,000 tokens, layer by layer", "threshold": THRESHOLD,
        "other text": f"{OTHER} tokens of each kind, no part of which makes a P",
        "layers": list(layers), "d_ff": lm.d_ff, "fingerprint": lm.fingerprint,
    }  # fmt: skip
    kept = resume(PATH, made_with, spaces=[], rows=[])
    reference = key_statistics(lm, layers)
    whole = {i: NullSpace.fit(reference[i], THRESHOLD) for i in layers}
    done = {(row["source"], row["tokens"]) for row in kept["spaces"]}
    if missing := [one for one in spaces_to_measure() if one not in done]:
        kinds = ("Wikipedia", *SOURCES)
        others = {kind: fit(lm, rows_of(lm, kind, OTHER, other=True)) for kind in kinds}
        for source, tokens in missing:
            statistics = reference if tokens == 100_000 else fit(lm, rows_of(lm, source, tokens))
            spaces = {i: NullSpace.fit(statistics[i], THRESHOLD) for i in layers}
            count = statistics[layers[0]].count
            kept["spaces"].append(
                {"source": source, "tokens": tokens, "keys": count, **measure(spaces, others)}
            )
            keep(PATH, kept, "spaces", "rows")
    written = {(row["source"], row["tokens"]) for row in kept["rows"]}
    for source, tokens in [one for one in EDITED if one not in written][:most]:
        editor = AlphaEdit(lm, statistics=fit(lm, rows_of(lm, source, tokens)), progress=False)
        editor.gain = same_lambda(editor.null_spaces, {i: EditorConfig.lam * whole[i].energy for i in layers})
        kept["rows"].append({"source": source, "tokens": tokens, **edit(lm, editor, facts)})
        keep(PATH, kept, "spaces", "rows")


if __name__ == "__main__":
    main(sys.argv[1:])
