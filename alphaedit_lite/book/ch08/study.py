"""Does P earn its place? A hundred facts in a stream, by editor and λ; makes results/alphaedit.json.

    python -m alphaedit_lite.book.ch08.study          # goes on where it was stopped

Every row writes the first ``FACTS`` bundled development facts in batches of ``BATCH`` into the unedited
model, with the targets z that ship with the package, judges all of them, and takes the writes back. About
a minute a row on one core.
"""

from __future__ import annotations

import hashlib
import time
from importlib.resources import files
from typing import Any, Final

from torch import Tensor

from ... import Editor, NullSpace, bundled_facts, bundled_targets, evaluate, key_statistics, load_model
from ...facts import Fact
from ...keys import fit_statistics
from ...metrics import perplexity
from ...models import LanguageModel
from ...support.texts import wikipedia_leads
from ..kit.layer import known_change
from ..kit.probes import fewer
from ..kit.results import RESULTS, keep, resume

PATH = RESULTS / "alphaedit.json"
FACTS, BATCH, LEADS = 100, 25, 25
LAYERS: Final = (3, 4, 5, 6, 7)
UNSEEN = slice(200, 600)  # held-out leads whose keys nobody has seen; perplexity reads the first
SPACES: dict[str, tuple[Any, float]] = {
    "P at 2e-2": ("absolute", 2e-2),
    "P leaking 1%": ("energy", 0.01),
    "P leaking 10%": ("energy", 0.1),
}
GRID: list[tuple[str, float, bool]] = [  # editor, λ (for MEMIT: c), history
    *((name, 0.8, True) for name in ("P at 2e-2", "no P", "P leaking 1%")),
    ("MEMIT", 1000.0, True),
    *((name, 3.0, True) for name in ("P at 2e-2", "no P")),
    *((name, 0.8, False) for name in ("P at 2e-2", "no P")),
    *((name, 0.2, True) for name in ("P at 2e-2", "no P", "P leaking 1%")),
    ("MEMIT", 4000.0, True),
    ("MEMIT", 100.0, True),
    ("P leaking 10%", 0.8, True),
    ("P leaking 1%", 3.0, True),
    *(("P leaking 10%", lam, True) for lam in (0.2, 3.0)),
]


def judge(lm: LanguageModel, facts: list[Fact], leads: list[str]) -> dict[str, float]:
    """The six means of ``evaluate`` over all facts, one paraphrase and one neighbour each; perplexity."""
    table = evaluate(lm, fewer(facts, 1, 1), progress=False)
    means = {str(k): round(float(v), 4) for k, v in table.mean(numeric_only=True).items()}
    means["first_batch_top1"] = float(table.efficacy_top1[:BATCH].mean())
    return {**means, "perplexity": perplexity(lm, leads)}


def editor_for(lm: LanguageModel, name: str, value: float, history: bool, statistics: Any) -> Editor:
    """An editor of the grid."""
    settings: dict[str, Any] = {"layers": LAYERS, "statistics": statistics, "history": history}
    if name == "MEMIT":
        return Editor(lm, solver="memit", weight=value, progress=False, **settings)
    if name == "no P":
        return Editor(lm, solver="ridge", lam=value, lam_relative=True, progress=False, **settings)
    kind, threshold = SPACES[name]
    settings |= {"threshold": threshold, "threshold_kind": kind, "lam": value, "lam_relative": True}
    return Editor(lm, solver="alphaedit", progress=False, **settings)


def row(
    editor: Editor, facts: list[Fact], z: Tensor, leads: list[str], unseen: dict[int, Tensor]
) -> dict[str, Any]:
    """Write the facts batch after batch, judge, take it back."""
    lm, start = editor.lm, time.perf_counter()
    edits = [
        editor.edit(facts[first : first + BATCH], z[first : first + BATCH])
        for first in range(0, len(facts), BATCH)
    ]
    found: dict[str, Any] = judge(lm, facts, leads)
    for layer in LAYERS:
        total, W = lm.ledger.total(layer), lm.ledger.original(layer)
        assert total is not None
        moment, key = editor.statistics[layer].second_moment, str(layer)
        found.setdefault("update", {})[key] = float(total.norm() / W.norm())
        found.setdefault("known", {})[key] = known_change(total, moment, W)
        found.setdefault("unseen", {})[key] = known_change(total, unseen[layer], W)
    for edit in reversed(edits):
        edit.revert()
    return {**found, "seconds": round(time.perf_counter() - start, 1)}


def main() -> None:
    lm, facts = load_model(), bundled_facts("development")[:FACTS]
    leads = wikipedia_leads("heldout")
    statistics, z = key_statistics(lm, LAYERS), bundled_targets(lm, facts)
    fresh = fit_statistics(lm, LAYERS, leads[UNSEEN], 10_000, progress=False)
    unseen = {layer: found.second_moment for layer, found in fresh.items()}
    targets = (files("alphaedit_lite") / "data" / "targets.safetensors").read_bytes()
    made_with = {
        "model": "SmolLM2-135M-Instruct (GGUF Q4_1, de-quantised to float32)",
        "fingerprint": lm.fingerprint,
        "facts": f"the first {FACTS} of the development split, batches of {BATCH}, bundled targets z",
        "judged": "all facts, one paraphrase and one neighbour each",
        "targets": hashlib.sha256(targets).hexdigest()[:16],
        "leads": LEADS,
    }
    spaces = {
        name: {
            str(layer): [(space := NullSpace.fit(statistics[layer], tau, kind)).rank, space.leakage]
            for layer in LAYERS
        }
        for name, (kind, tau) in SPACES.items()
    }
    kept = resume(PATH, made_with, rows=[]) | {"spaces": spaces}
    if "unedited" not in kept:
        kept["unedited"] = judge(lm, facts, leads[:LEADS])
    done = {(r["editor"], r["value"], r["history"]) for r in kept["rows"]}
    for name, value, history in GRID:
        if (name, value, history) in done:
            continue
        editor = editor_for(lm, name, value, history, statistics)
        new = {"editor": name, "value": value, "history": history}
        kept["rows"].append(new | row(editor, facts, z, leads[:LEADS], unseen))
        keep(PATH, kept, "rows")


if __name__ == "__main__":
    main()
