"""The session: facts go in, an ``Edit`` comes out, and can be taken back.

editor = AlphaEdit(lm)                 # fits the null space once, then loads it
edit = editor.edit([fact])             # happens whole or not at all
edit.save("romania.safetensors")       # tens of kB
edit.revert()                          # the weights are what they were, bit for bit
"""

from __future__ import annotations

import dataclasses
import json
import math
import operator
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from . import solvers
from .config import SOLVERS, EditorConfig, default_layers
from .factkeys import FactPrompts
from .facts import Fact
from .keys import KeyStatistics, key_statistics
from .ledger import Edit
from .models import LanguageModel
from .nullspace import NullSpace
from .targets import compute_targets


class Editor:
    """Writes facts into a language model.

    Args:
        lm: the model. Several editors may share it: the history is read off the edits it holds.
        config: see ``EditorConfig``; single settings may also be given by name: ``Editor(lm, lam=1.0)``.
        statistics: fitted ``KeyStatistics`` per layer; by default fitted on Wikipedia leads, or loaded.

    Raises:
        IndexError, ValueError: layers out of range or not ascending; a threshold that keeps nothing.
    """

    def __init__(
        self,
        lm: LanguageModel,
        config: EditorConfig | None = None,
        *,
        statistics: dict[int, KeyStatistics] | None = None,
        progress: bool = True,
        **settings: Any,
    ) -> None:
        self.lm, self.progress = lm, progress
        self.config = dataclasses.replace(config or EditorConfig(), **settings)
        if self.config.solver not in SOLVERS or self.config.project not in (True, False, "after"):
            raise ValueError(
                f"Unknown solver or projection {self.config.solver!r}, {self.config.project!r}: choose one "
                f"of {', '.join(SOLVERS)}, and True, False or 'after'."
            )
        if self.config.solver == "alphaedit":  # is ridge, solved inside the null space
            self.config = dataclasses.replace(self.config, project=True)
        self.layers = (
            default_layers(lm.n_layers)
            if self.config.layers is None
            else tuple(map(operator.index, self.config.layers))
        )
        self.config = dataclasses.replace(self.config, layers=self.layers)
        for layer in self.layers:
            lm.block(layer)
        if not self.layers or list(self.layers) != sorted(set(self.layers)):
            raise ValueError(f"The layers must be ascending and distinct, not {self.layers}.")
        if statistics is None:
            statistics = key_statistics(lm, self.layers, tokens=self.config.tokens, progress=progress)
        self.statistics = statistics
        if missing := [layer for layer in self.layers if layer not in self.statistics]:
            raise ValueError(f"There are no statistics for layers {missing}.")
        for layer in self.layers:
            self._check_statistics(layer)
        self.null_spaces: dict[int, NullSpace] = {}
        if self.config.project:
            for layer in self.layers:
                self.null_spaces[layer] = NullSpace.fit(
                    self.statistics[layer], self.config.threshold, self.config.threshold_kind
                )

    def edit(self, facts: Sequence[Fact], z: Tensor | None = None) -> Edit:
        """Write a batch of facts. On any exception, Ctrl-C included, the model is as it was.

        Args:
            z: targets computed beforehand, [n, d_model]; otherwise they are optimised on the model as
                it is now.

        Raises:
            ValueError: no facts, contradicting facts, non-finite targets.
        """
        facts = tuple(facts)
        check_facts(facts)
        lm, config, last = self.lm, self.config, self.layers[-1]
        if z is None:
            z = compute_targets(lm, facts, last, config.targets, self.progress).z
        if z.is_complex() or z.shape != (len(facts), lm.d_model):
            raise ValueError(
                f"z must be real and [{len(facts)}, {lm.d_model}]; it is {z.dtype}, {list(z.shape)}."
            )
        if len(wrong := (~z.isfinite()).any(1).nonzero()):
            raise ValueError(f"z must be finite; for {facts[int(wrong[0])].subject!r} it is not.")
        edit = Edit(facts, {}, {}, {}, lm.fingerprint, dataclasses.asdict(config))
        with lm.ledger.transaction(), lm.frozen(), torch.no_grad():
            prompts = FactPrompts(lm, facts, config.targets.prefixes, self.layers[0])
            for i, layer in enumerate(self.layers):
                keys, output = self._look(prompts, layer)
                residual = ((z.to(output) - output) / (len(self.layers) - i)).to(keys.device)  # the layer's
                gain = self._gain(layer, keys, self._history(layer, facts))
                edit.keys[layer] = keys
                edit.residual[layer], edit.gain[layer] = residual.float(), gain.float()
                if config.keep is not None:
                    edit.dense[layer] = solvers.rect(edit.delta(layer), lm.weight(layer), config.keep).float()
                lm.ledger.add(layer, edit.delta(layer))
                if layer != last:  # on to the next edited block, through the block just changed
                    prompts.advance(layer, self.layers[i + 1])
            lm.ledger.enter(edit, lm)
        return edit

    def edit_stream(
        self, facts: Sequence[Fact], batch_size: int = 30, folder: str | Path | None = None
    ) -> Iterator[Edit]:
        """Write many facts, batch after batch. What was written stays if the loop is left early.

        Args:
            folder: save every batch there as it is done. Called again after a crash, on a model without
                edits, the batches found there are applied instead of computed: the weights come out
                bit for bit as if nothing had happened.

        Raises:
            ValueError: a batch in ``folder`` holds other facts, or was made by another configuration.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}.")
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
        settings = json.loads(json.dumps(dataclasses.asdict(self.config)))
        for first in range(0, len(facts), batch_size):
            batch = tuple(facts[first : first + batch_size])
            path = Path(folder) / f"{first:06d}.safetensors" if folder is not None else None
            if path is None or not path.exists():
                edit = self.edit(batch)
                try:
                    if path is not None:
                        edit.save(path)
                except BaseException:  # what is not on disk is not in the model either
                    edit.revert()
                    raise
            else:
                edit = Edit.load(path)
                if edit.facts != batch or json.loads(json.dumps(edit.settings)) != settings:
                    raise ValueError(
                        f"{path} holds other facts, or an edit with other settings: clear the folder."
                    )
                edit.apply(self.lm)
            yield edit

    def prune(self, base: float = math.e) -> Edit:
        """Damp the large singular values of everything written so far (PRUNE); an edit like any other.

        Raises:
            ValueError: the model holds no edits.
        """
        ledger = self.lm.ledger
        if not ledger.edits:
            raise ValueError("The model holds no edits: there is nothing to prune.")
        edit = Edit((), {}, {}, {}, self.lm.fingerprint, {"prune": base})
        with ledger.transaction():
            for layer in self.layers:
                if (total := ledger.total(layer)) is not None:
                    edit.dense[layer] = (solvers.prune(total, ledger.original(layer), base) - total).float()
                    ledger.add(layer, edit.delta(layer))
            ledger.enter(edit, self.lm)
        return edit

    def undo(self) -> Edit:
        """Revert the latest edit and return it."""
        if not self.lm.ledger.edits:
            raise ValueError("The model holds no edits: there is nothing to undo.")
        edit = self.lm.ledger.edits[-1]
        edit.revert()
        return edit

    def _check_statistics(self, layer: int) -> None:
        found, wide = self.statistics[layer], self.lm.d_ff
        if found.total.shape != (wide, wide):
            shape = " × ".join(map(str, found.total.shape))
            raise ValueError(f"The statistics of layer {layer} are {shape} wide; this model's keys {wide}.")
        if found.count < 1 or not torch.isfinite(found.total).all():
            raise ValueError(f"The statistics of layer {layer} are not finite, or of {found.count} keys.")
        inverts = self.config.solver in ("memit", "rome", "emmet") and self.config.project is not True
        if inverts and found.count < wide:  # rounding may hide it from the solver
            raise ValueError(
                f"C0 of layer {layer} is singular: {found.count} keys, each {wide} wide. Use more tokens."
            )

    def _look(self, prompts: FactPrompts, layer: int) -> tuple[Tensor, Tensor]:
        return prompts.look(layer, self.layers[-1])

    def _history(self, layer: int, facts: Sequence[Fact]) -> Tensor | None:
        """Keys of the facts written before, [n_past, d_ff], but for those that are now written anew."""
        anew = {fact.prompt for fact in facts}
        kept = [
            edit.keys[layer][[i for i, fact in enumerate(edit.facts) if fact.prompt not in anew]]
            for edit in self.lm.ledger.edits
            if self.config.history and layer in edit.keys
        ]
        device = self.lm.weight(layer).device
        return torch.cat([keys.to(device) for keys in kept]) if any(map(len, kept)) else None

    def _gain(self, layer: int, keys: Tensor, history: Tensor | None) -> Tensor:
        config = self.config
        inside = self.null_spaces[layer] if config.project is True else None
        # Inside a null space the solvers read C0 off its eigenvalues: spare the 8 d_ff² bytes.
        moment = keys.new_empty(0, 0) if inside else self.statistics[layer].second_moment
        unit = 1.0
        if config.lam_relative and config.solver in ("alphaedit", "ridge", "encore"):
            unit = float(moment.trace()) if inside is None else inside.energy
            if unit == 0:
                raise ValueError(
                    "An exact null space has no energy to measure lam by: set lam_relative=False."
                )
        lam = config.lam * unit
        if config.solver in ("alphaedit", "ridge"):
            gain = solvers.ridge(keys, lam, history, inside)
        elif config.solver == "memit":
            gain = solvers.memit(keys, moment, config.weight, history, inside)
        elif config.solver == "encore":
            gain = solvers.encore(keys, moment, config.weight, lam, history, inside)
        else:
            gain = {"rome": solvers.rome, "emmet": solvers.emmet}[config.solver](keys, moment, inside)
        return self.null_spaces[layer].project(gain) if config.project == "after" else gain


class AlphaEdit(Editor):
    """The editor of this book (Fang et al. 2025) with its defaults: ``AlphaEdit(lm).edit([fact])``."""


def check_facts(facts: Sequence[Fact]) -> None:
    """Raise ValueError for a batch that is empty or contradicts itself, TypeError for what is no fact."""
    if not facts:
        raise ValueError("There are no facts to write.")
    wanted: dict[str, Fact] = {}
    for fact in facts:
        if not isinstance(fact, Fact):
            raise TypeError(f"This is no Fact: {fact!r}.")
        other = wanted.setdefault(fact.prompt, fact)
        if other.new != fact.new:
            raise ValueError(
                f"Two facts of this batch contradict each other: {fact.prompt!r} cannot be followed "
                f"by both {other.new!r} and {fact.new!r}."
            )
