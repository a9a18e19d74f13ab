"""Do old facts still have the keys that the history remembers? results/drift.json.

    python -m alphaedit_lite.book.ch10.study_drift --counterfact FOLDER    # after ``study``

(10.3) says that with a history nothing is lost to the order, if every fact keeps its key. But a write in one
layer changes what enters the next. So: apply a stream, read the keys of its first batch again, and compare
them with those that stand in the history.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from ... import Edit, load_model
from ...factkeys import FactPrompts
from ...models import LanguageModel
from ...prompts import PREFIXES
from ...support.assets import cache_dir
from ..kit.results import RESULTS, keep, resume
from ..kit.stream_facts import counterfact
from ..kit.studies import BATCH

OUT = RESULTS / "drift.json"
EDITORS = ("AlphaEdit", "MEMIT with history")
EDITS = 1000


@torch.no_grad()
def drift(lm: LanguageModel, edits: Sequence[Edit]) -> dict[str, float]:
    """How far the first edit's keys have moved once all edits are in, as a share of their length.

    Args:
        edits: in the order in which they were written; the model is left as it was.

    Returns:
        edited layer -> mean over facts.
    """
    layers = sorted(edits[0].keys)
    try:
        for edit in edits:
            edit.apply(lm)
        prompts = FactPrompts(lm, edits[0].facts, PREFIXES, layers[0])
        found = {}
        for layer in layers:
            now, _ = prompts.look(layer, layers[-1])
            old = edits[0].keys[layer]
            found[str(layer)] = round(float(((now - old).norm(dim=1) / old.norm(dim=1)).mean()), 4)
            if layer < layers[-1]:
                prompts.advance(layer, layer + 1)
        return found
    finally:
        lm.ledger.clear()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counterfact", type=Path, metavar="FOLDER", required=True)
    options = parser.parse_args(argv)
    lm = load_model()
    asked = [fact.prompt for fact in counterfact(options.counterfact, 0)[:BATCH]]
    found = resume(OUT, {"fingerprint": lm.fingerprint, "edits": EDITS, "facts": BATCH}, rows={})
    for name in EDITORS:
        folder = cache_dir() / "stream" / f"{name.replace(' ', '-')}-counterfact-0" / lm.fingerprint
        edits = [Edit.load(path) for path in sorted(folder.glob("*.safetensors"))[: EDITS // BATCH]]
        if name in found["rows"] or len(edits) * BATCH < EDITS:
            continue
        if [fact.prompt for fact in edits[0].facts] != asked:
            raise ValueError(f"The stream of {name} in the cache has other facts than {options.counterfact}.")
        found["rows"][name] = drift(lm, edits)
        keep(OUT, found, "rows")


if __name__ == "__main__":
    main()
