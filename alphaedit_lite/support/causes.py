"""What may have kept a fact from being the model's first choice: what its edit knows of it, and no more.

likely_cause(edit, 0, None, shares(edit))       # 'In block 3 only 40% of the residual arrived. …'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from ..facts import Fact
from .beside import in_the_way
from .firstwords import REMEDY, first_words
from .fits import check_undamped, without_base

Edit = Any  # edits imports report, which imports this module, so it cannot import the class
KNOBS = {  # of how cautious a solver is; ROME and EMMET have none, and one's own gain has its own
    **dict.fromkeys(("alphaedit", "ridge"), "a smaller lam"),
    **{"memit": "a smaller weight", "encore": "a smaller weight and lam"},
}
ARRIVED = 0.7  # of a residual: below it, too little was written to count on


@contextmanager
def without(lm: Any, edit: Edit) -> Iterator[None]:
    """The model without an edit, while the block runs. ValueError if PRUNE's damping of it would stay."""
    check_undamped(edit, lm.ledger.edits)
    with lm.ledger.without(edit):
        yield


def shares(edit: Edit) -> dict[int, list[float]]:
    """By layer and fact, how much of the residual r that was asked arrives at the key: rᵀ Δ k / ‖r‖².

    Δ is what is written: a finish such as RECT may leave little of what the gain brings. Of an edit without
    keys (fine-tuning) nothing is known.
    """
    found = {}
    for layer, residual in edit.residual.items():
        keys, wanted = edit.keys[layer].double(), residual.double()
        if layer in edit.dense:
            came = keys @ edit.dense[layer].to(keys).T
        else:
            came = keys @ edit.gain[layer].double().T @ wanted
        length = wanted.square().sum(1)
        share = torch.where(length > 0, (came * wanted).sum(1) / length, 1.0)  # nothing asked: all arrived
        found[layer] = share.tolist()
    return found


def likely_cause(edit: Edit, i: int, rival: Fact | None, arrived: Mapping[int, Sequence[float]]) -> str:
    """What may have kept fact ``i`` from being first, in a sentence.

    Args:
        rival: another fact with the same key.
        arrived: the ``shares`` of the edit.
    """
    there = {held.entered for held in edit.lm.ledger.edits} if edit.lm is not None else set()
    if edit.lm is not None and i in without_base(edit, there):
        return (
            "It was written over an earlier edit of its prompt or key, which is not in the model: its update "
            "only leads from that answer on. Revert it, and write it anew."
        )
    if rival is not None:
        return f"Its key is that of {rival.prompt!r}: one key has one answer, the last one written."
    if edit.lm is not None and edit.keys and first_words(edit.lm, edit.facts[i : i + 1], min(edit.keys)):
        return f"Its subject is the text's first token, and has the key of any first word. {REMEDY}"
    if edit.lm is not None and (found := in_the_way(edit, i)):
        other, how = found
        mend = "Written in one batch, both may hold."
        if "without" in how or other.prompt == edit.facts[i].prompt:
            mend = "Revert that one, or write this one anew."
        return f"{other.prompt!r} -> {other.new!r}, which {how}, stands against it. {mend}"
    if edit.lm is not None and i in without_base(edit, there, "beside"):
        return (
            "It was written after an edit of a like subject, which is not in the model, and may say little "
            "without it. Apply that one, or write this one anew."
        )
    notes = edit.notes
    if "named" in notes and not notes["named"][i]:
        bound = "its length met the bound: a larger clamp" if notes["clamped"][i] else "more steps"
        return f"z itself does not name the object; {bound} may help (TargetConfig)."
    if not arrived:  # of fine-tuning, or of an update that somebody computed
        return "It was written without a z and keys: of fine-tuning, more steps or a larger bound may help."
    worst = min(arrived, key=lambda layer: arrived[layer][i])
    if (share := arrived[worst][i]) < ARRIVED:
        rank = notes.get("rank", {}).get(str(worst))
        space = "" if rank is None else f" P has {rank} directions there."
        return f"In block {worst} only {share:.0%} of the residual arrived.{space}{_mend(edit, worst)}"
    if "named" not in notes:
        return (
            "What was asked arrives, but whether it names the object is not known: z was given, or its edit "
            "is of an earlier version. compute_targets finds a z, and says."
        )
    return "z names the object and arrives: later facts, or the rest of the prompt, stand against it."


def _mend(edit: Edit, layer: int) -> str:
    """What of its settings may let more arrive, as a sentence; nothing if none does."""
    settings = edit.settings
    ways = [KNOBS[settings["solver"]]] if settings.get("solver") in KNOBS else []
    if layer in edit.dense:
        ways.append("a larger keep" if settings.get("keep") is not None else "another finish")
    if settings.get("project") == "after":
        ways.append("a larger threshold")
    if not ways:
        return ""
    said = ways[0] if len(ways) == 1 else f"{', or '.join(ways)},"
    return f" {said[0].upper()}{said[1:]} may help."
