"""What chapter 8 runs: edits by the reader's own AlphaEdit.

editor = OwnAlphaEdit(lm, alphaedit, U, lam)   # alphaedit(look, write, z, U, lam, Kp)
editor.edit(facts, z)
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from ...edits import Edit
from ...factkeys import FactPrompts
from ...facts import Fact
from ...models import LanguageModel
from ...prompts import PREFIXES, check_facts
from ...targets import compute_targets

Own = Callable[..., dict[int, Tensor]]


class OwnAlphaEdit:
    """An editor that writes by a function of the reader's, and keeps the history that it returns.

    Args:
        own: ``own(look, write, z, U, lam, Kp)`` gives the new Kp. ``look(layer)`` returns the facts' keys,
            [d_ff, n], and the output of the last layer, [d_model, n], of the model as it is at that moment;
            ``write(layer, delta)`` adds Δ to W; z is [d_model, n]; U, lam and Kp are dicts by layer.
        U, lam: for each layer a basis, [d_ff, m], and λ.
        remember: whether the history is kept from one edit to the next.
    """

    def __init__(
        self,
        lm: LanguageModel,
        own: Own,
        U: Mapping[int, Tensor],
        lam: Mapping[int, float],
        remember: bool = True,
    ) -> None:
        self.lm, self.own, self.U, self.lam, self.remember = lm, own, U, lam, remember
        self.layers = tuple(sorted(U))
        self.Kp = {layer: torch.zeros(lm.d_ff, 0, dtype=torch.float64) for layer in self.layers}

    def edit(self, facts: Sequence[Fact], z: Tensor | None = None) -> Edit:
        """As ``Editor.edit``: whole or not at all. z is [n, d_model], or found on the model as it is."""
        facts, lm, first, last = tuple(facts), self.lm, self.layers[0], self.layers[-1]
        check_facts(self.lm, facts)
        if z is None:
            z = compute_targets(lm, facts, last, progress=False).z
        edit = Edit(facts, lm.fingerprint, {"solver": "own"})
        with lm.ledger.transaction(), lm.frozen(), torch.no_grad():
            front = FactPrompts(lm, facts, PREFIXES, first)

            def look(layer: int) -> tuple[Tensor, Tensor]:
                prompts = copy.copy(front)
                if layer > first:
                    prompts.advance(first, layer)
                keys, output = prompts.look(layer, last)
                return keys.double().T, output.double().T

            def write(layer: int, delta: Tensor) -> None:
                lm.ledger.add(layer, delta)
                edit.dense[layer] = delta + edit.dense[layer] if layer in edit.dense else delta

            history = self.own(look, write, z.double().T, self.U, self.lam, dict(self.Kp))
            lm.ledger.enter(edit, lm)
        if self.remember:
            self.Kp = history
        return edit
