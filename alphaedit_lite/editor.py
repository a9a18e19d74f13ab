"""The session: facts go in, an ``Edit`` comes out, and can be taken back.

editor = AlphaEdit(lm)                 # fits the null space once, then loads it
edit = editor.edit([fact])             # happens whole or not at all
edit.save("romania.safetensors")       # tens of kB
edit.revert()                          # the weights are what they were, bit for bit
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from . import solvers
from .config import EditorConfig, default_layers
from .edits import Edit
from .factkeys import FactPrompts
from .facts import Fact
from .gains import ClosedForm, Gain
from .keys import KeyStatistics
from .models import LanguageModel
from .nullspace import NullSpace
from .support import proof
from .support.ambient import plain_torch
from .support.assets import expanded
from .support.collisions import warn_alike, written_over
from .support.fits import check_batch, noted, weight_before
from .support.kinds import at_least
from .support.lists import configured, fact_list, language_model, made_by, writable
from .support.origin import check_gain, check_made_for, check_statistics, given_targets
from .support.statistics import key_statistics
from .targets import Targets, compute_targets

Finish = Callable[[int, Tensor], Tensor]  # (layer, Δ [d_model, d_ff]) -> what is written of it


class Editor:
    """Writes facts into a language model by a closed form.

    Args:
        lm: the model. Several editors may share it: the history is read off the edits it holds.
        config: see ``EditorConfig``; single settings may also be given by name, the solver at least:
            ``Editor(lm, solver="memit", weight=300)``.
        statistics: fitted ``KeyStatistics`` per layer; by default fitted on Wikipedia leads, or loaded.
        gain: a gain of your own, (layer, keys [n, d_ff], history [n_past, d_ff] or None) to G [n, d_ff];
            by default the ``ClosedForm`` of the configuration.
        finish: what becomes of each finished Δ, (layer, Δ) to Δ; by default RECT where ``keep`` asks for it.

    Raises:
        TypeError: no solver; a configuration, statistics or a setting of another type.
        IndexError, ValueError: layers out of range or not ascending; a threshold that keeps nothing;
            statistics of another model or layer.
    """

    @plain_torch()
    def __init__(
        self,
        lm: LanguageModel,
        config: EditorConfig | None = None,
        *,
        statistics: Mapping[int, KeyStatistics] | None = None,
        gain: Gain | None = None,
        finish: Finish | None = None,
        progress: bool = True,
        **settings: Any,
    ) -> None:
        if gain is not None:
            settings["solver"] = "own"
        elif config is None and "solver" not in settings:
            raise TypeError('Editor needs a solver: Editor(lm, solver="memit"), or AlphaEdit(lm).')
        self.lm, self.made_for, self.progress = language_model(lm), lm.whose(0), progress
        self.config = configured(EditorConfig, config, **settings)
        if gain is None and self.config.solver == "own":
            raise ValueError('solver="own" needs a gain: Editor(lm, gain=mine).')
        if self.config.solver == "alphaedit":  # is ridge, solved inside the null space
            self.config = dataclasses.replace(self.config, project="inside")
        chosen = self.config.layers
        self.layers = default_layers(lm.n_layers) if chosen is None else chosen
        self.config = dataclasses.replace(self.config, layers=self.layers)
        for layer in self.layers:
            lm.block(layer)
        if not self.layers or list(self.layers) != sorted(set(self.layers)):
            raise ValueError(f"The layers must be ascending and distinct, not {self.layers}.")
        if gain is None:
            if statistics is None:
                statistics = key_statistics(lm, self.layers, tokens=self.config.tokens, progress=progress)
            check_statistics(statistics, self.layers, lm)
            gain = ClosedForm(self.config, statistics)
        elif isinstance(gain, ClosedForm):  # another editor's
            check_gain(gain, self.layers, lm)
        self.gain, self.statistics = gain, statistics or {}
        self.finish = self._rect if finish is None and self.config.keep is not None else finish

    def _rect(self, layer: int, delta: Tensor) -> Tensor:
        assert self.config.keep is not None
        return solvers.rect(delta, weight_before(self.lm, layer), self.config.keep)

    @property
    def null_spaces(self) -> dict[int, NullSpace]:
        """By layer, if the configuration projects."""
        return getattr(self.gain, "null_spaces", {})

    def edit(self, facts: Sequence[Fact], z: Tensor | Targets | None = None) -> Edit:
        """Write a batch of facts. On any exception, Ctrl-C included, the model is as it was.

        Args:
            z: targets of this model, the last edited layer and these facts, in any order, which ``Targets``
                know; or a tensor, [n, d_model]. They are written once. By default: searched, in every pass.

        Raises:
            ValueError: no facts, contradicting facts, targets not finite or of others.
        """
        facts = writable(self.lm, facts)
        lm, config, last = self.lm, self.config, self.layers[-1]
        notes: dict[str, Any] = {"rank": {str(i): space.rank for i, space in self.null_spaces.items()}}
        given, known = (None, {}) if z is None else given_targets(z, facts, last, lm)
        edit = Edit(facts, lm.fingerprint, dataclasses.asdict(config), notes=notes | known)
        with lm.ledger.transaction(), lm.frozen(), torch.no_grad():
            check_made_for(lm, self.made_for)
            before = {layer: lm.ledger.total(layer) for layer in self.layers}
            for number in range(config.passes if given is None else 1):
                if (wanted := given) is None:  # of a fact that is named by now, z is what it has
                    found = compute_targets(lm, facts, last, config.targets, self.progress)
                    wanted = found.z
                    edit.notes |= {"named": found.named.tolist(), "clamped": found.clamped.tolist()}
                # Keys and gain are of the first pass; later ones only read what the bare prompts still miss.
                prefixes = config.targets.prefixes[: 1 if number else None]
                prompts = FactPrompts(lm, facts, prefixes, self.layers[0])
                for i, layer in enumerate(self.layers):
                    keys, output = prompts.look(layer, last)
                    left = (len(self.layers) - i) * lm.multiplier
                    missing = ((wanted.to(output) - output) / left).to(keys.device).float()  # its share
                    if number == 0:
                        edit.keys[layer], edit.residual[layer] = keys, missing
                        edit.gain[layer] = made_by("gain", self.gain, layer, keys, self.history(layer, facts))
                    else:
                        edit.residual[layer] = edit.residual[layer] + missing
                    if self.finish is not None:
                        edit.dense.pop(layer, None)  # or delta() would be the last pass's
                        edit.dense[layer] = made_by("finish", self.finish, layer, edit.delta(layer))
                    lm.ledger.put(layer, before[layer], edit.delta(layer))
                    proof.check_answers(lm, layer, keys)  # a write without an effect is none
                    if layer != last:  # on to the next edited block, through the block just changed
                        prompts.advance(layer, self.layers[i + 1])
            edit.notes |= written_over(lm, facts, edit.keys)
            warn_alike(lm, edit)  # here, so that nothing stays if warnings are errors
            lm.ledger.enter(edit, lm)
        return edit

    def edit_stream(
        self, facts: Sequence[Fact], batch_size: int = 30, folder: str | Path | None = None
    ) -> Iterator[Edit]:
        """Write many facts, batch after batch. What was written stays if the loop is left early.

        Args:
            folder: save every batch there as it is done. Called again after a crash, on a model without
                other edits, the batches found there are applied instead of computed: the weights come out
                bit for bit as if nothing had happened.

        Raises:
            ValueError: a batch in ``folder`` is of other facts, settings, statistics, gain, finish or edits.
        """
        at_least(1, batch_size=batch_size)
        facts = fact_list(facts)
        if folder is not None:
            (folder := expanded(folder)).mkdir(parents=True, exist_ok=True)
        for first in range(0, len(facts), batch_size):
            batch = facts[first : first + batch_size]
            path = folder / f"{first:06d}.safetensors" if folder is not None else None
            if path is None or not path.exists():
                now = noted(self) if path is not None else {}
                edit = self.edit(batch)
                try:
                    if path is not None:
                        edit.notes |= now
                        edit.save(path)
                except BaseException:  # what is not on disk is not in the model either
                    edit.revert()
                    raise
            else:
                edit = Edit.load(path)
                check_batch(edit, batch, self, path)
                edit.apply(self.lm)
            yield edit

    def undo(self) -> Edit:
        """Revert the latest edit and return it."""
        if not (held := self.lm.ledger.edits):
            raise ValueError("The model holds no edits: there is nothing to undo.")
        (edit := held[-1]).revert()
        return edit

    def history(self, layer: int, facts: Sequence[Fact]) -> Tensor | None:
        """Keys of the facts written before, [n_past, d_ff], but for those that are now written anew."""
        anew = {fact.prompt for fact in facts}
        kept = [
            edit.keys[layer][[i for i, fact in enumerate(edit.facts) if fact.prompt not in anew]]
            for edit in self.lm.ledger.edits
            if self.config.history and layer in edit.keys
        ]
        device = self.lm.weight(layer).device
        return torch.cat([keys.to(device) for keys in kept]) if any(map(len, kept)) else None


class AlphaEdit(Editor):
    """The editor of this book (Fang et al. 2025): ``AlphaEdit(lm).edit([fact])``. Arguments as ``Editor``.

    Raises:
        ValueError: another solver: that is an ``Editor(lm, solver=…)``.
    """

    def __init__(self, lm: LanguageModel, config: EditorConfig | None = None, **settings: Any) -> None:
        settings.setdefault("solver", config.solver if isinstance(config, EditorConfig) else "alphaedit")
        if (name := settings["solver"]) != "alphaedit":
            raise ValueError(f"AlphaEdit is its solver: for {name!r} write Editor(lm, solver={name!r}).")
        super().__init__(lm, config, **settings)
