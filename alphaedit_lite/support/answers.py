"""What a model says to nine tokens: with the same weights, two models may still say different things.

The configuration (angles of positions, epsilons, the activation) and adapters that are switched on or off
take part in what a model computes, and stand in no matrix. So statistics and edits keep, beside the name of
the weights, what the unedited model answered; rounding on another device does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..hooks import Look, hooked
from .proof import LONG, difference, tolerance

LanguageModel = Any  # models imports this module, so this one cannot import the class
KEPT = 32  # logits, evenly spaced over the vocabulary


@torch.no_grad()
def answers(lm: LanguageModel) -> tuple[float, ...]:
    """Some logits after nine tokens, as they would be without the edits that the model holds."""
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
    return tuple(float(f"{x:.6g}") for x in logits[:: max(1, len(logits) // KEPT)].tolist())


def alike(found: Sequence[float], wanted: Sequence[float], dtype: torch.dtype) -> bool:
    """Whether two models answered the same but for rounding; what was not noted (``()``) is not compared."""
    if not found or not wanted:
        return True
    same_length = len(found) == len(wanted)
    return same_length and difference(torch.tensor(found), torch.tensor(wanted)) <= tolerance(dtype)
