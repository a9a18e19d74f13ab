"""Where the default settings come from: a sweep on the development facts; makes results/defaults.json.

    python -m alphaedit_lite.book.kit.defaults         # goes on where it was stopped

The winner is judged on facts that nothing was chosen on by ``tests.benchmarks.quality``.

Every row writes the same 90 development facts in sequence, 30 at a time, with targets z found once on the
unedited model; judges all of them at the end; and takes everything back. The knobs of z (clamp, stopping,
learning rate, prefixes) each need their own targets, a few minutes each; the knobs of the solver share them.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ... import (
    Editor,
    EditorConfig,
    TargetConfig,
    bundled_facts,
    compute_targets,
    key_statistics,
    load_model,
)
from ...facts import Fact
from ...models import LanguageModel
from ...support.assets import cache_dir, replacing
from ...support.texts import wikipedia_leads
from .probes import SOME, means, updates
from .results import RESULTS, keep, resume

PATH = RESULTS / "defaults.json"
FACTS, BATCH, LEADS, SEED = 90, 30, 80, 0
LAYERS: Final = (4, 5, 6, 7)

TARGETS: dict[str, TargetConfig] = {
    "early stop, clamp 4": TargetConfig(search="adam", early_stop=True, clamp=4.0, nll_enough=0.5),
    "20 steps, clamp 0.4": TargetConfig(search="adam", early_stop=False, clamp=0.4),
    "early stop at 0.1, clamp 0.6": TargetConfig(search="adam", early_stop=True, clamp=0.6, nll_enough=0.1),
}


def grid() -> Iterator[tuple[str, dict[str, Any]]]:
    """(name of the targets, settings of the editor) of every row, in the order they are run."""
    first, *others = TARGETS
    for lam in (0.2, 0.4, 0.8):
        yield first, {"lam": lam}
    for name in others:
        for lam in (0.1, 0.2, 0.4):
            yield name, {"lam": lam}
    yield from ((first, {"solver": "ridge", "lam": lam}) for lam in (0.05, 0.1, 0.2))
    yield from ((first, {"solver": "memit", "weight": c}) for c in (300.0, 1000.0))
    yield first, {"solver": "memit", "weight": 300.0, "project": True}
    yield from ((first, {"threshold": t, "threshold_kind": "energy", "lam": 0.4}) for t in (0.01, 0.1))
    yield from ((first, {"layers": layers}) for layers in ((7,), (6, 7), (3, 4, 5, 6, 7)))
    yield first, {"history": False}
    best = "early stop at 0.1, clamp 0.6"  # second round: the best z and the best layers, together
    yield from ((best, {"layers": (3, 4, 5, 6, 7), "lam": lam}) for lam in (0.4, 0.8, 1.5))
    yield from ((best, {"layers": (2, 3, 4, 5, 6, 7), "lam": lam}) for lam in (0.8,))
    yield from ((best, {"solver": "memit", "weight": c, "layers": (3, 4, 5, 6, 7)}) for c in (300.0, 1000.0))


def targets(lm: LanguageModel, name: str, facts: Sequence[Fact]) -> Tensor:
    """z of the facts under one of ``TARGETS``, [n, d_model]: kept in the cache, part by part."""
    path = cache_dir() / f"study-z-{name.replace(' ', '-')}-{lm.fingerprint}.safetensors"
    found = load_file(path)["z"] if path.exists() else torch.empty(0, lm.d_model)
    while len(found) < len(facts):
        part = facts[len(found) : len(found) + 15]
        found = torch.cat([found, compute_targets(lm, part, LAYERS[-1], TARGETS[name]).z])
        with replacing(path) as partial:
            save_file({"z": found}, partial)
    return found[: len(facts)]


def row(lm: LanguageModel, editor: Editor, facts: Sequence[Fact], z: Tensor, leads: Sequence[str]) -> dict:
    """Write all facts in batches, judge, take everything back."""
    start = time.perf_counter()
    try:
        for first in range(0, len(facts), BATCH):
            editor.edit(facts[first : first + BATCH], z[first : first + BATCH])
        sizes = updates(lm).values()
        return {
            **means(lm, facts, leads),
            "update": round(sum(sizes) / len(sizes), 4),
            "seconds": round(time.perf_counter() - start, 1),
        }
    finally:
        while lm.ledger.edits:
            editor.undo()


def main() -> None:
    lm, leads = load_model(), wikipedia_leads("heldout")[:LEADS]
    facts = random.Random(SEED).sample(bundled_facts("development"), FACTS)
    statistics = key_statistics(lm, (2, 3, *LAYERS))
    made_with = {
        "fingerprint": lm.fingerprint,
        "facts": f"{FACTS} of the development split (seed {SEED}), in sequence, batches of {BATCH}",
        "judged": "{} paraphrases and {} neighbours of each, {} held-out leads".format(*SOME, LEADS),
    }
    kept = resume(PATH, made_with, rows=[])
    if "unedited" not in kept:
        kept["unedited"] = means(lm, facts, leads)
    done = {(row["targets"], json.dumps(row["settings"])) for row in kept["rows"]}
    for name, settings in grid():
        if (name, json.dumps(settings)) in done:
            continue
        z = targets(lm, name, facts)
        prefixes = TargetConfig(prefixes=TARGETS[name].prefixes)
        config = EditorConfig(**{"layers": LAYERS, "lam": 0.4, "targets": prefixes, **settings})
        editor = Editor(lm, config, statistics=statistics)
        found = row(lm, editor, facts, z, leads)
        found["perplexity_change"] = round(found["perplexity"] / kept["unedited"]["perplexity"] - 1, 4)
        kept["rows"].append({"targets": name, "settings": settings, **found})
        keep(PATH, kept, "rows")


if __name__ == "__main__":
    main()
