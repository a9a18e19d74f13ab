"""What a model says to nine tokens, and how it reads: the same weights may still say different things.

The configuration (angles of positions, epsilons, the activation) and adapters that are switched on or off
take part in what a model computes, and stand in no matrix; nor does the tokenizer. So statistics and edits
keep, beside the name of the weights, what the unedited model answered, and a name of how a text is read;
rounding on another device does not matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..hooks import Look, hooked
from .proof import LONG, difference, tolerance
from .tokens import tokenise

LanguageModel = Any  # models imports this module, so this one cannot import the class
Answers = tuple[float | str, ...]  # logits, and the name of the tokenizer's reading
GROWN = 4  # edits of so many times the weights' norm have made another model of it
KEPT = 32  # logits, evenly spaced over the vocabulary
TEXT = "In 1984, Zoë's friends didn't leave the Café (Paris) at 12:30; 東京は日本の首都です。\n\n  Ok? 🙂"


@torch.no_grad()
def answers(lm: LanguageModel) -> Answers:
    """Some logits after nine tokens, as they would be without the edits that the model holds, and the
    tokenizer's name: a hash of the tokens of a text, BOS included."""
    rows = lm.model.get_input_embeddings().weight.shape[0]
    ids = ((torch.arange(LONG).square() + 11) % rows)[None].to(lm.device)
    keys: dict[int, Tensor] = {}

    def note(layer: int) -> Look:
        return lambda key: keys.update({layer: key})

    def without(layer: int) -> Callable[[Tensor], Tensor]:
        delta = lm.ledger.total(layer).float()
        return lambda out: (out.float() - (keys[layer].float() @ delta.T).view_as(out)).to(out)

    modules = {layer: lm.down_projection(layer) for layer in lm.ledger.layers}
    inputs = {module: note(layer) for layer, module in modules.items()}
    outputs = {module: without(layer) for layer, module in modules.items()}
    with lm.frozen(), hooked(inputs, outputs):
        positions = torch.arange(LONG, device=lm.device)[None]
        hidden, _ = lm.run(lm.embed(ids), torch.ones_like(ids), positions)
        logits = lm.logits(hidden[:, -1:]).flatten().float()
    said = (float(f"{x:.6g}") for x in logits[:: max(1, len(logits) // KEPT)].tolist())
    read = str(tokenise(lm.tokenizer, TEXT))
    if lm.window:  # it shows only in longer texts
        read += f" {lm.window}"
    return *said, hashlib.sha256(read.encode()).hexdigest()[:16]


def alike(found: Sequence[float | str], wanted: Sequence[float | str], dtype: torch.dtype) -> bool:
    """Whether two models answered the same but for rounding, and read the same; what was not noted (``()``,
    or the tokenizer in earlier versions) is not compared."""
    if not found or not wanted:
        return True
    said, names = zip(*map(_split, (found, wanted)), strict=True)
    if len({name for name in names if name}) > 1 or len(said[0]) != len(said[1]):
        return False
    return difference(torch.tensor(said[0]), torch.tensor(said[1])) <= tolerance(dtype)


def unlike(lm: LanguageModel) -> str:
    """What is said of a model that no longer answers as it did."""
    totals = [(lm.ledger.total(n).norm(), lm.ledger.original(n).double().norm()) for n in lm.ledger.layers]
    grown = max((float(delta / weight) for delta, weight in totals), default=0.0)
    if grown > GROWN:
        return (
            f"The model cannot be told from another any more: its edits have grown to {grown:.0f} times the "
            f"weights, and rounding hides the rest. Revert the latest, or all of them with lm.ledger.clear()."
        )
    return (
        "The model no longer answers as it did when it was wrapped: an adapter was switched, a hook "
        "added, or its configuration or tokenizer changed. Undo it, or revert all and wrap it again."
    )


def _split(noted: Sequence[float | str]) -> tuple[list[float], str]:
    logits = [x for x in noted if not isinstance(x, str)]
    return logits, "".join(x for x in noted if isinstance(x, str))
