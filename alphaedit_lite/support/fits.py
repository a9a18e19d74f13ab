"""Does an edit fit a model, and the edits that it holds?"""

from __future__ import annotations

import warnings
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..config import EditorConfig
from ..facts import Fact
from .answers import KEPT, alike
from .checksums import digest
from .lists import language_model, made_by
from .proof import difference, tolerance
from .tokens import reading

Edit = Any  # the modules of these classes import this one, so it cannot import them
LanguageModel = Any
Editor = Any
APART = "its update only leads from the answer of that edit to its own, and may write another one by itself."


class BaseMissingWarning(UserWarning):
    """An edit is in a model without an earlier one of the same prompt or key that it was computed upon."""


def check_fits(edit: Edit, lm: LanguageModel) -> None:
    """Raise ValueError if an edit was made for another model, or another configuration or tokenizer of it."""
    lm = language_model(lm)
    if edit.fingerprint not in (lm.fingerprint, lm.sample):  # version 0.1 named models by a sample
        raise ValueError(
            f"This edit was made for the model {edit.fingerprint}; this one is {lm.fingerprint}. "
            "An edit only fits the weights it was computed on."
        )
    if not lm.answers_like(edit.notes.get("answers", ())):
        raise ValueError(
            "This edit was made under another configuration or tokenizer of this model, or with an adapter."
        )
    if edit.notes.get("read", now := reading(lm.tokenizer, edit.facts)) != now:
        raise ValueError(
            "The tokenizer reads the facts of this edit in other tokens than when it was made: tokens were "
            "added since. Write the facts anew."
        )


def check_damped(edit: Edit, held: Sequence[Edit]) -> None:
    """Raise ValueError unless the edits that one of PRUNE damps, if it is one, are in the model too, or among
    those that go somewhere together; warn of those that another was computed upon."""
    there = {other.entered or other.checksum() for other in held}
    if missing := [name for name in edit.notes.get("damps", ()) if name not in there]:
        raise ValueError(
            f"This edit of PRUNE damps {len(missing)} edits that the model does not hold: by itself it would "
            "write their opposite. Apply them first, or prune(lm) anew."
        )
    if lost := without_base(edit, there):
        fact = edit.facts[lost[0]]
        warnings.warn(
            f"{fact.prompt!r} -> {fact.new!r} was written over an earlier edit of its prompt or key, which "
            f"is not here: {APART} Apply that one first, or write this one anew.",
            BaseMissingWarning,
            stacklevel=3,
        )


def without_base(edit: Edit, there: Container[str], how: str = "over") -> list[int]:
    """The places of an edit's facts that were computed upon an edit whose checksum is not ``there``: over one
    of their prompt or key, or "beside" one of their subject."""
    over = edit.notes.get(how, {})
    return sorted({i for name, places in over.items() if name not in there for i in places})


def check_undamped(edit: Edit, held: Sequence[Edit]) -> None:
    """Raise ValueError if an edit of PRUNE in the model damps this one, and would stay behind."""
    if any(edit.entered in other.notes.get("damps", ()) for other in held):
        raise ValueError(
            "An edit of PRUNE damps this one, and would stay in the model without it: revert that first, or "
            "all of them with lm.ledger.clear()."
        )


def check_free(edit: Edit, held: Sequence[Edit]) -> None:
    """The same, before it is reverted; and warn of one that was computed upon it."""
    check_undamped(edit, held)
    for other in held:
        if places := other.notes.get("over", {}).get(edit.entered):
            fact = other.facts[places[0]]
            warnings.warn(
                f"{fact.prompt!r} -> {fact.new!r} was written over the edit that is reverted now, and stays: "
                f"{APART} Revert it, too, or write it anew; lm.ledger.clear() reverts all.",
                BaseMissingWarning,
                stacklevel=3,
            )


def noted(editor: Editor) -> dict[str, Any]:
    """Under which circumstances a batch of a stream is written: edits held, statistics, finish."""
    diagonals = [each for _, each in sorted(getattr(editor.gain, "diagonals", {}).items())]
    few = [each[:: max(1, len(each) // KEPT)].double().cpu() for each in diagonals]
    held = digest({"edits": [edit.entered for edit in editor.lm.ledger.edits]}, {})
    statistics = torch.cat(few).tolist() if few else []
    return {"upon": held, "statistics": statistics, "finish": finish_of(editor)}


def weight_before(lm: LanguageModel, layer: int) -> Tensor:
    """The memory matrix with the edits that are in it, without what is being written now."""
    if layer not in lm.ledger.layers:
        return lm.weight(layer)
    original = lm.ledger.original(layer).float()  # which may lie on another device than lm's
    return sum((e.delta(layer).to(original.device) for e in lm.ledger.edits if layer in e.layers), original)


@torch.no_grad()
def finish_of(editor: Editor) -> list[float]:
    """What a finish of the user's own makes of a matrix as large as W: by layer, its norm and some entries.

    A function has no name that could be compared. That of the settings (RECT) is left out: they say it.
    """
    if editor.finish in (None, editor._rect):
        return []
    found = []
    for layer in editor.layers:
        weight = editor.lm.weight(layer)
        across, along = (torch.arange(n, dtype=torch.float64, device=weight.device) for n in weight.shape)
        probe = torch.outer(across.cos(), along.sin())  # of rank one, as a fact's, and entries of any size
        probe *= weight.double().norm() / probe.norm()
        made = made_by("finish", editor.finish, layer, probe).double().flatten()
        found += [float(made.norm()), *made[:: max(1, len(made) // KEPT)].tolist()]
    return found


def check_batch(edit: Edit, facts: Sequence[Fact], editor: Editor, path: Path) -> None:
    """Raise ValueError unless a saved batch of a stream is what the editor would write now, to the bit.

    The edits held, the statistics and a finish are compared if they were noted; version 0.1 did not. A gain
    of the user's own is asked again for the very keys: that costs little beside the search for z.
    """
    settings = edit.settings  # those of fine-tuning have no targets
    if (
        edit.facts != tuple(facts)
        or "targets" not in settings
        or EditorConfig.from_settings(settings) != editor.config
    ):
        raise ValueError(f"{path} holds other facts, or an edit with other settings: clear the folder.")
    other, now = [], noted(editor)
    if edit.notes.get("upon", now["upon"]) != now["upon"]:
        other.append("on a model that held other edits")
    if not alike(edit.notes.get("statistics", ()), now["statistics"], torch.float32):
        other.append("with other statistics")
    if not other and editor.config.solver == "own" and not _gains_again(edit, editor):
        other.append("with another gain")
    made = edit.notes.get("finish", now["finish"])
    same = len(made) == len(now["finish"]) and alike(made, now["finish"], torch.float32)
    if not same or bool(edit.dense) != (editor.finish is not None):
        other.append("with another finish")
    if other:
        raise ValueError(f"{path} was written {' and '.join(other)}: go on with those, or clear the folder.")


@torch.no_grad()
def _gains_again(edit: Edit, editor: Editor) -> bool:
    """Whether an editor's gain for an edit's keys, upon the edits held, is the edit's, but for rounding."""
    with editor.lm.frozen():
        for layer in editor.layers:
            if layer not in edit.gain:
                return False
            keys = edit.keys[layer].to(editor.lm.weight(layer).device)
            gain = editor.gain(layer, keys, editor.history(layer, edit.facts))
            wanted = edit.gain[layer]
            near = gain.shape == wanted.shape and difference(gain.cpu(), wanted) <= tolerance(torch.float32)
            if not near:  # or not finite
                return False
    return True
