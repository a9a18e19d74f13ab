"""AlphaEdit's relatives on the facts of chapter 10's sweep: results/relatives.json.

    python -m alphaedit_lite.book.ch14.study_relatives            # goes on where it was stopped
    python -m alphaedit_lite.book.ch14.study_relatives 2          # at most two rows more

The same 200 facts, batches, targets and questions, so that every row compares fact by fact with results/
fronts.json. ``loop`` asks for the beginning of NAS's feedback: how long the wished values of facts never
written are, on the unedited model and on one that holds 200 edits.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor

from ... import (
    Editor,
    EditorConfig,
    bundled_facts,
    bundled_targets,
    compute_targets,
    key_statistics,
    load_model,
)
from ...config import default_layers
from ...facts import Fact
from ...models import LanguageModel
from ..kit.probes import BATCH, FACTS, measured
from ..kit.results import RESULTS, keep, resume
from .experiments import Relative, anchor_norm, anchor_of, parts

PATH = RESULTS / "relatives.json"
FRESH = 30
ROWS: Final[dict[tuple[str, str], dict[str, Any]]] = {  # AlphaEdit and its rivals are in results/fronts.json
    ("EvoEdit", "λ = 0.8"): {"evolve": True},
    ("REVIVE", "protects 50%"): {"protect": 0.5},
    ("NAS", "λ = 0.8"): {"anchor": True},
    ("ENCORE", "c = 1000, λ = 0.8"): {"solver": "encore"},
    ("first and last layer", "λ = 0.8"): {"layers": (3, 7)},
}


def anchored(lm: LanguageModel, facts: Sequence[Fact], z: Tensor) -> Tensor:
    """z of the facts with NAS: what the last edited block is to add gets the usual length.

    v* = v0 + δ, with v0 what its feed-forward part adds now, and z = h + δ. Usual is the development half.
    """
    layer, others = default_layers(lm.n_layers)[-1], bundled_facts("development")
    v0, h = parts(lm, others, layer)
    usual = anchor_of(v0 + bundled_targets(lm, others) - h)
    v0, h = parts(lm, facts, layer)
    wished = v0 + z - h
    too_long = wished.norm(dim=1, keepdim=True) > 2 * usual  # their code leaves these facts unwritten
    return h - v0 + torch.where(too_long, v0, anchor_norm(wished, usual))


def write(lm: LanguageModel, settings: dict[str, Any], facts: Sequence[Fact]) -> Editor:
    """All facts in batches."""
    settings, z = dict(settings), bundled_targets(lm, facts)
    if settings.pop("anchor", False):
        z = anchored(lm, facts, z)
    own = settings.keys() & {"evolve", "protect"}
    editor = (
        Relative(lm, progress=False, **settings)
        if own
        else Editor(lm, EditorConfig(**settings), progress=False)
    )
    for first in range(0, len(facts), BATCH):
        editor.edit(facts[first : first + BATCH], z[first : first + BATCH])
    return editor


def run(lm: LanguageModel, name: tuple[str, str], facts: Sequence[Fact]) -> dict[str, Any]:
    """One row, as those of chapter 10's sweep; the model is left as it was."""

    def left() -> dict[str, Any]:
        editor = write(lm, ROWS[name], facts)
        return {"left": {str(i): U.shape[1] for i, U in getattr(editor, "bases", {}).items()}}

    return {"editor": name[0], "knob": name[1], "settings": ROWS[name], **measured(lm, facts, left)}


def loop(lm: LanguageModel, facts: Sequence[Fact]) -> dict[str, Any]:
    """‖v0‖, ‖δ‖, ‖v*‖ of fresh facts, z found anew, before and after AlphaEdit has written ``facts``."""
    fresh, layer = (
        bundled_facts("development")[:: len(facts) // FRESH][:FRESH],
        default_layers(lm.n_layers)[-1],
    )
    found: dict[str, Any] = {"facts": len(fresh)}
    try:
        for state in ("unedited", "edited"):
            if state == "edited":
                write(lm, {}, facts)
            targets = compute_targets(lm, fresh, layer, progress=False)
            v0, delta = parts(lm, fresh, layer)[0], targets.z - targets.h
            lengths = {"v0": v0, "delta": delta, "v*": v0 + delta}
            found[state] = {k: [round(v, 3) for v in x.norm(dim=1).tolist()] for k, x in lengths.items()}
            found[state]["steps"] = targets.steps.tolist()
        return found
    finally:
        lm.ledger.clear()


def main(argv: Sequence[str]) -> None:
    most = int(argv[0]) if argv else len(ROWS)
    lm, facts = load_model(), bundled_facts("test")[:FACTS]
    key_statistics(lm, default_layers(lm.n_layers))
    made_with = {
        "facts": f"{len(facts)} of the test half in sequence, batches of {BATCH}, with the shipped targets z",
        "fingerprint": lm.fingerprint,
    }
    kept = resume(PATH, made_with, rows=[])
    done = {(row["editor"], row["knob"]) for row in kept["rows"]}
    for name in [name for name in ROWS if name not in done][:most]:
        kept["rows"].append(run(lm, name, facts))
        keep(PATH, kept, "rows")
    if "loop" not in kept and len(kept["rows"]) == len(ROWS):
        kept["loop"] = loop(lm, facts)
        keep(PATH, kept, "rows")


if __name__ == "__main__":
    main(sys.argv[1:])
