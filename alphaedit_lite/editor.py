"""The session: facts go in, an ``Edit`` comes out, and can be taken back.

    editor = AlphaEdit(lm)                 # fits the null space once, then loads it
    edit = editor.edit([fact])             # happens whole or not at all
    edit.save("romania.safetensors")       # tens of kB
    edit.revert()                          # the weights are what they were, bit for bit
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from . import solvers
from .assets import AssetError, replacing
from .facts import Fact
from .hooks import hooked
from .keys import KeyStatistics, key_statistics
from .models import LanguageModel
from .nullspace import Kind, NullSpace
from .prompts import PromptBatch, align, encode_fact
from .targets import TargetConfig, compute_targets

FACTS_PER_PASS = 32  # keys of more facts are collected in several passes, to bound memory


@dataclass(frozen=True)
class EditorConfig:
    """Every knob of an editor.

    Attributes:
        solver: the prior A of the closed form, see ``solvers``.
        layers: the edited blocks, ascending; z is optimised at the last. By default four blocks that
            begin at about a seventh of the depth: measured for the default model, a guess for others.
        history: whether keys of earlier edits are kept from changing their answers.
        lam: λ of AlphaEdit and ridge, in units of the keys' mean energy (tr(P C0), or tr(C0) for
            ridge), so that one value travels between models; absolute if ``lam_relative`` is False.
        weight: c of MEMIT. The papers' 15,000 freezes small models.
        threshold, threshold_kind: which directions count as unused, see ``NullSpace.fit``.
        tokens: how much text the statistics are fitted on.
        targets: how z is found.
    """

    solver: Literal["alphaedit", "memit", "ridge"] = "alphaedit"
    layers: tuple[int, ...] | None = None
    history: bool = True
    lam: float = 0.5
    lam_relative: bool = True
    weight: float = 1000.0
    threshold: float = 2e-2
    threshold_kind: Kind = "absolute"
    tokens: int = 100_000
    targets: TargetConfig = field(default_factory=TargetConfig)


@dataclass(eq=False)
class Edit:
    """What one call of ``Editor.edit`` wrote: low-rank factors of Δ for each layer, and the keys used.

    Attributes:
        facts: what was written.
        residual, gain, keys: by layer, [n, d_model], [n, d_ff], [n, d_ff], float32; Δ = residualᵀ gain.
        fingerprint: of the model the edit was made for; no other model takes it.
        settings: the editor's configuration, as plain values.
        lm: the model that holds the edit now, or None.
    """

    facts: tuple[Fact, ...]
    residual: dict[int, Tensor]
    gain: dict[int, Tensor]
    keys: dict[int, Tensor]
    fingerprint: str
    settings: dict[str, Any]
    lm: LanguageModel | None = None

    @property
    def layers(self) -> list[int]:
        return sorted(self.gain)

    def delta(self, layer: int) -> Tensor:
        """Δ of one layer, [d_model, d_ff], float64."""
        return self.residual[layer].double().T @ self.gain[layer].double()

    def apply(self, lm: LanguageModel) -> None:
        """Write the edit into a model with the same unedited weights.

        Raises:
            ValueError: another model, or the edit is in a model already.
        """
        if lm.fingerprint != self.fingerprint:
            raise ValueError(
                f"This edit was made for the model with fingerprint {self.fingerprint}; "
                f"this one has {lm.fingerprint}. An edit only fits the weights it was computed on."
            )
        if self.lm is not None:
            raise ValueError("This edit is in a model already. Revert it first.")
        with lm.transaction():
            for layer in self.layers:
                lm.add_delta(layer, self.delta(layer))
            lm.edits.append(self)
            self.lm = lm

    def revert(self) -> None:
        """Take the edit out again; edits made before and after it stay. Bit-exact: see ``LanguageModel``."""
        if self.lm is None:
            raise ValueError("This edit is in no model: there is nothing to revert.")
        self.lm.remove_edit(self)
        self.lm = None

    def save(self, path: str | Path) -> None:
        """Write the edit to a safetensors file (through a temporary file)."""
        path = Path(path)
        tensors = {
            f"{name}.{layer}": tensor.cpu().contiguous()
            for name in ("residual", "gain", "keys")
            for layer, tensor in getattr(self, name).items()
        }
        described = {
            "facts": [dataclasses.asdict(fact) for fact in self.facts],
            "fingerprint": self.fingerprint,
            "settings": self.settings,
        }
        with replacing(path) as partial:
            save_file(tensors, partial, {"edit": json.dumps(described)})

    @classmethod
    def load(cls, path: str | Path) -> Edit:
        """Read an edit; ``apply`` writes it into a model. Raises AssetError on a damaged file."""
        parts: dict[str, dict[int, Tensor]] = {"residual": {}, "gain": {}, "keys": {}}
        try:
            with safe_open(path, framework="pt") as file:
                described = json.loads(file.metadata()["edit"])
                for key in file.keys():  # noqa: SIM118
                    name, layer = key.split(".")
                    parts[name][int(layer)] = file.get_tensor(key)
            facts = tuple(Fact(**_tuples(fact)) for fact in described["facts"])
            return cls(facts, **parts, fingerprint=described["fingerprint"], settings=described["settings"])
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise AssetError(f"{path} is not a whole saved edit ({error}).") from error


def _tuples(fact: dict) -> dict:
    return {k: tuple(map(tuple, v)) if k == "neighbours" else _frozen(v) for k, v in fact.items()}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


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
        if self.config.solver not in ("alphaedit", "memit", "ridge"):
            raise ValueError(f"Unknown solver {self.config.solver!r}: choose alphaedit, memit or ridge.")
        start = max(1, round(lm.n_layers / 7))
        default = tuple(range(start, min(start + 4, lm.n_layers)))
        self.layers = default if self.config.layers is None else tuple(self.config.layers)
        for layer in self.layers:
            lm.block(layer)
        if not self.layers or list(self.layers) != sorted(set(self.layers)):
            raise ValueError(f"The layers must be ascending and distinct, not {self.layers}.")
        self.statistics = statistics or key_statistics(lm, self.layers, tokens=self.config.tokens, progress=progress)
        if missing := [layer for layer in self.layers if layer not in self.statistics]:
            raise ValueError(f"There are no statistics for layers {missing}.")
        self.null_spaces: dict[int, NullSpace] = {}
        if self.config.solver == "alphaedit":
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
        _check(facts)
        lm, last = self.lm, self.layers[-1]
        if z is None:
            z = compute_targets(lm, facts, last, self.config.targets, self.progress).z
        if z.shape != (len(facts), lm.d_model) or not torch.isfinite(z).all():
            raise ValueError(f"z must be finite and [{len(facts)}, {lm.d_model}]; it is {list(z.shape)}.")
        edit = Edit(facts, {}, {}, {}, lm.fingerprint, dataclasses.asdict(self.config))
        with lm.transaction(), lm.frozen(), torch.no_grad():
            batches, hidden = self._start(facts)
            for i, layer in enumerate(self.layers):
                keys, output = self._look(batches, hidden, layer)
                residual = (z.to(output) - output) / (len(self.layers) - i)
                history = [e.keys[layer].to(keys) for e in lm.edits if layer in e.keys]
                gain = self._gain(layer, keys, torch.cat(history) if history and self.config.history else None)
                edit.keys[layer] = keys
                edit.residual[layer], edit.gain[layer] = residual.float(), gain.float()
                lm.add_delta(layer, edit.delta(layer))
                if layer != last:  # on to the next edited block, through the block just changed
                    stop = self.layers[i + 1]
                    hidden = [
                        lm.run(h, b.mask, b.positions, start=layer, stop=stop)[0]
                        for h, b in zip(hidden, batches, strict=True)
                    ]
            lm.edits.append(edit)
            edit.lm = lm
        return edit

    def edit_stream(self, facts: Sequence[Fact], batch_size: int = 30) -> Iterator[Edit]:
        """Write many facts, batch after batch. What was written stays if the loop is left early."""
        for first in range(0, len(facts), batch_size):
            yield self.edit(facts[first : first + batch_size])

    def undo(self) -> Edit:
        """Revert the latest edit and return it."""
        if not self.lm.edits:
            raise ValueError("The model holds no edits: there is nothing to undo.")
        edit = self.lm.edits[-1]
        edit.revert()
        return edit

    def _start(self, facts: Sequence[Fact]) -> tuple[list[PromptBatch], list[Tensor]]:
        """Prompts up to the subject, and their hidden states in front of the first edited block."""
        lm, prefixes = self.lm, self.config.targets.prefixes
        batches, hidden = [], []
        for first in range(0, len(facts), FACTS_PER_PASS):
            some = facts[first : first + FACTS_PER_PASS]
            rows = [row for fact in some for row in encode_fact(lm.tokenizer, fact, prefixes, target=False)]
            owner = [i for i in range(len(some)) for _ in prefixes]
            batch = align(rows, owner, lm.pad_id, lm.device)
            embedded = lm.embed(batch.ids)
            if self.layers[0] > 0:
                embedded, _ = lm.run(embedded, batch.mask, batch.positions, stop=self.layers[0])
            batches.append(batch)
            hidden.append(embedded)
        return batches, hidden

    def _look(
        self, batches: Sequence[PromptBatch], hidden: Sequence[Tensor], layer: int
    ) -> tuple[Tensor, Tensor]:
        """The facts' keys at ``layer``, [n, d_ff], and the output of the last edited block, [n, d_model].

        A key is ½·(bare prompt) + ½·(mean of the prefixed prompts); the output is the bare prompt's.
        """
        lm, prefixes = self.lm, len(self.config.targets.prefixes)
        keys, outputs = [], []
        for batch, h in zip(batches, hidden, strict=True):
            seen: list[Tensor] = []
            with hooked(inputs={lm.down_projection(layer): lambda x, seen=seen: seen.append(x)}):
                out, _ = lm.run(h, batch.mask, batch.positions, start=layer, stop=self.layers[-1] + 1)
            key = seen[0][:, batch.subject].float().unflatten(0, (-1, prefixes))  # [n, prefixes, d_ff]
            keys.append((key[:, 0] + key[:, 1:].mean(1)) / 2 if prefixes > 1 else key[:, 0])
            outputs.append(out[::prefixes, batch.subject].float())
        return torch.cat(keys), torch.cat(outputs)

    def _gain(self, layer: int, keys: Tensor, history: Tensor | None) -> Tensor:
        config = self.config
        if config.solver == "memit":
            return solvers.memit(keys, self.statistics[layer].second_moment, config.weight, history)
        if config.solver == "ridge":
            unit = float(self.statistics[layer].second_moment.trace()) if config.lam_relative else 1.0
            return solvers.ridge(keys, config.lam * unit, history)
        space = self.null_spaces[layer]
        return solvers.alphaedit(keys, space, config.lam * (space.energy if config.lam_relative else 1.0), history)


class AlphaEdit(Editor):
    """The editor of this book (Fang et al. 2025) with its defaults: ``AlphaEdit(lm).edit([fact])``."""


def _check(facts: Sequence[Fact]) -> None:
    if not facts:
        raise ValueError("There are no facts to write.")
    wanted: dict[str, Fact] = {}
    for fact in facts:
        other = wanted.setdefault(fact.prompt, fact)
        if other.new != fact.new:
            raise ValueError(
                f"Two facts of this batch contradict each other: {fact.prompt!r} cannot be followed "
                f"by both {other.new!r} and {fact.new!r}."
            )
