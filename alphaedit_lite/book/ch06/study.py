"""The balance knob of MEMIT swept: facts written, layers and c; makes results/memit.json.

    python -m alphaedit_lite.book.ch06.study          # goes on where it was stopped

Every row writes the first ``n`` bundled development facts in one batch into the unedited model, with the
targets z that ship with the package, judges ``JUDGED`` of them, and takes the write back. About half a
minute a row on one core.
"""

from __future__ import annotations

import time
from typing import Any, Final

from ... import Editor, bundled_facts, bundled_targets, key_statistics, load_model
from ...facts import Fact
from ...support.texts import wikipedia_leads
from ..kit.layer import known_change
from ..kit.probes import SOME, means
from ..kit.results import RESULTS, keep, resume

PATH = RESULTS / "memit.json"
SPLIT: Final = "development"
JUDGED, LEADS = 25, 25
FOUR = (4, 5, 6, 7)
GRID = [
    *((100, FOUR, c) for c in (1, 100, 1000, 3000, 10_000, 15_000, 100_000)),
    *((100, layers, c) for c in (1000, 1, 15_000) for layers in ((7,), (6, 7))),
]


def row(editor: Editor, facts: list[Fact], leads: list[str], judged: int = JUDGED) -> dict[str, Any]:
    """Write the facts in one batch, judge, take it back."""
    lm, start = editor.lm, time.perf_counter()
    edit = editor.edit(facts, bundled_targets(lm, facts))
    try:
        found: dict[str, Any] = means(lm, facts[:: max(1, len(facts) // judged)][:judged], leads)
        for layer in edit.layers:
            delta, W = edit.delta(layer), lm.ledger.original(layer)
            C0 = editor.statistics[layer].second_moment
            found.setdefault("update", {})[str(layer)] = float(delta.norm() / W.norm())
            found.setdefault("known", {})[str(layer)] = known_change(delta, C0, W)
    finally:
        edit.revert()
    return {**found, "seconds": round(time.perf_counter() - start, 1)}


def main() -> None:
    lm, facts, leads = load_model(), bundled_facts(SPLIT), wikipedia_leads("heldout")[:LEADS]
    statistics = key_statistics(lm, FOUR)
    made_with = {
        "model": "SmolLM2-135M-Instruct (GGUF Q4_1, de-quantised to float32)",
        "fingerprint": lm.fingerprint,
        "facts": f"the first n of the {SPLIT} split, in one batch, with the bundled targets z",
        "judged": "{} facts, {} paraphrases and {} neighbours each".format(JUDGED, *SOME),
        "heldout_leads": LEADS,
    }
    kept = resume(PATH, made_with, rows=[])
    done = {(r["n"], tuple(r["layers"]), r["c"]) for r in kept["rows"]}
    for n, layers, c in [(100, (), 0), *GRID]:  # c = 0 stands for the unedited model
        if (n, tuple(layers), c) in done:
            continue
        new: dict[str, Any] = {"n": n, "layers": list(layers), "c": c}
        if c:
            editor = Editor(
                lm, solver="memit", weight=float(c), layers=layers, statistics=statistics, history=False
            )
            kept["rows"].append(new | row(editor, facts[:n], leads))
        else:
            kept["rows"].append(new | means(lm, facts[:n][:: max(1, n // JUDGED)][:JUDGED], leads))
        keep(PATH, kept, "rows")


if __name__ == "__main__":
    main()
