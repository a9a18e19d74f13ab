"""Does an edit fit a model, and the edits that it holds?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ..config import EditorConfig
from ..facts import Fact
from .answers import KEPT, alike
from .checksums import digest

Edit = Any  # the modules of these classes import this one, so it cannot import them
LanguageModel = Any
Editor = Any


def check_fits(edit: Edit, lm: LanguageModel) -> None:
    """Raise ValueError if an edit was made for another model, or another configuration or tokenizer of it."""
    if edit.fingerprint not in (lm.fingerprint, lm.sample):  # version 0.1 named models by a sample
        raise ValueError(
            f"This edit was made for the model {edit.fingerprint}; this one is {lm.fingerprint}. "
            "An edit only fits the weights it was computed on."
        )
    if not lm.answers_like(edit.notes.get("answers", ())):
        raise ValueError(
            "This edit was made under another configuration or tokenizer of this model, or with an adapter."
        )


def check_damped(edit: Edit, held: Sequence[Edit]) -> None:
    """Raise ValueError unless the edits that one of PRUNE damps, if it is one, are in the model."""
    there = {other.entered for other in held}
    if missing := [name for name in edit.notes.get("damps", ()) if name not in there]:
        raise ValueError(
            f"This edit of PRUNE damps {len(missing)} edits that the model does not hold: by itself it would "
            "write their opposite. Apply them first, or prune(lm) anew."
        )


def check_free(edit: Edit, held: Sequence[Edit]) -> None:
    """Raise ValueError if an edit of PRUNE in the model damps this one, and would stay behind."""
    if any(edit.entered in other.notes.get("damps", ()) for other in held):
        raise ValueError(
            "An edit of PRUNE damps this one, and would stay in the model without it: revert that first, or "
            "all of them with lm.ledger.clear()."
        )


def noted(editor: Editor) -> dict[str, Any]:
    """Under which circumstances a batch of a stream is written: the edits held, the statistics."""
    diagonals = [one.total.diagonal() for _, one in sorted(getattr(editor.gain, "statistics", {}).items())]
    few = [each[:: max(1, len(each) // KEPT)].double().cpu() for each in diagonals]
    held = digest({"edits": [edit.entered for edit in editor.lm.ledger.edits]}, {})
    return {"upon": held, "statistics": torch.cat(few).tolist() if few else []}


def check_batch(edit: Edit, facts: Sequence[Fact], editor: Editor, path: Path) -> None:
    """Raise ValueError unless a saved batch of a stream is what the editor would write now, to the bit.

    The edits held and the statistics are compared if they were noted; version 0.1 did not.
    """
    if edit.facts != tuple(facts) or EditorConfig.from_settings(edit.settings) != editor.config:
        raise ValueError(f"{path} holds other facts, or an edit with other settings: clear the folder.")
    other, now = [], noted(editor)
    if edit.notes.get("upon", now["upon"]) != now["upon"]:
        other.append("on a model that held other edits")
    if not alike(edit.notes.get("statistics", ()), now["statistics"], torch.float32):
        other.append("with other statistics")
    if other:
        raise ValueError(f"{path} was written {' and '.join(other)}: go on with those, or clear the folder.")
