"""Half precision: how much of an edit is lost in rounding, and how to lose none of it.

    lm = load_model(folder, dtype=torch.bfloat16)
    rounding_loss(lm, edit)             # per layer; 0.3 means that a third of Δ's norm was rounded away
    keep_masters(lm, (4, 5, 6, 7))      # before the first edit: float32 masters, 2 bytes an entry more

The ledger sums W0 + Σ Δ in float64 and rounds once, to the weights' own type. bfloat16 has 8 bits: an entry
is rounded by up to 1/256 of *itself*, and what is smaller than that half step disappears. Since an update is
small against W, this is not small against the update.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from ..edits import Edit
from ..ledger import Ledger
from ..models import LanguageModel
from ..support.fits import check_fits
from ..support.kinds import of_kind
from ..support.lists import language_model, layer_list


@torch.no_grad()
def rounding_loss(lm: LanguageModel, edit: Edit | None = None) -> dict[int, float]:
    """‖round(W0 + Δ) − W0 − Δ‖ / ‖Δ‖ by layer: 0 in exact arithmetic, 1 if nothing of Δ arrives.

    Args:
        edit: written alone on the unedited weights (it need not be in the model); by default the sum of
            everything that the model holds.

    Raises:
        ValueError: no edit is given, and the model holds none; or the edit is another model's.
    """
    language_model(lm)
    if edit is not None:
        of_kind(edit, Edit, "edit must be an Edit", "editor.edit(facts) returns one")
        check_fits(edit, lm)
    if edit is None and not lm.ledger.edits:
        raise ValueError("The model holds no edits: write one first, or pass one.")
    layers = edit.layers if edit else sorted({layer for held in lm.ledger.edits for layer in held.layers})
    loss = {}
    for layer in layers:
        original = lm.ledger.original(layer)
        delta = edit.delta(layer) if edit else lm.ledger.total(layer)
        assert delta is not None
        delta = delta.to(original.device)
        exact = original.double() + delta
        loss[layer] = float((exact.to(original.dtype).double() - exact).norm() / delta.norm())
    return loss


def keep_masters(lm: LanguageModel, layers: Iterable[int]) -> None:
    """Keep the memory matrices of some layers in float32 in a half-precision model. Call it before editing.

    Their modules convert their input, compute in float32, and convert their output back, so that the rest
    of the model sees the type that it expects. The model gets a fingerprint of its own: statistics are
    fitted anew, and edits belong to the model with masters. ``save_pretrained`` keeps the float32 entries;
    loading them with a half-precision ``dtype`` rounds them.

    Raises:
        RuntimeError: the model holds edits.
        IndexError: a layer out of range.
        TypeError: a layer instead of a list of them.
    """
    if language_model(lm).ledger.edits:
        raise RuntimeError("The model holds edits: revert them before its matrices are promoted to float32.")
    modules = [lm.down_projection(layer) for layer in layer_list(layers)]
    for module in modules:
        dtype: Any = module.weight.dtype
        if dtype == torch.float32:
            continue
        module.float()
        module.register_forward_pre_hook(_to_float)
        module.register_forward_hook(_Back(dtype))
    lm.ledger = Ledger(lm.written, lm.lock)  # it may remember matrices of the other type
    lm.rename()


def _to_float(_module: nn.Module, args: tuple) -> tuple:
    return (args[0].float(), *args[1:])


class _Back:
    """Converts a module's output to a type. A class, so that the model can be copied and pickled."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype

    def __call__(self, _module: nn.Module, _args: tuple, output: Tensor) -> Tensor:
        return output.to(self.dtype)
