"""An edit: what was written for some facts, as low-rank factors; saved, loaded, applied, taken back.

edit = Edit.load("romania.safetensors")
edit.apply(lm)
print(edit.report())                    # did it take? before and after, fact by fact
edit.revert()                           # the weights are what they were, bit for bit
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from . import solvers
from .facts import Fact
from .models import LanguageModel
from .report import Report, report
from .support.assets import AssetError, expanded, replacing
from .support.beside import warns_of_lost
from .support.checksums import as_json, digest
from .support.collisions import warn_alike
from .support.fits import check_damped, check_fits, check_free
from .support.lists import language_model

FACTORS = ("residual", "gain", "keys", "dense")


@dataclass(eq=False)
class Edit:
    """What one call of ``Editor.edit`` wrote: low-rank factors of Δ for each layer, and the keys used.

    Attributes:
        facts: what was written.
        fingerprint: of the unedited model; no other model takes the edit.
        settings: the editor's configuration, as plain values.
        residual, gain, keys: by layer, [n, d_model], [n, d_ff], [n, d_ff], float32; Δ = residualᵀ gain.
        dense: by layer, Δ itself, [d_model, d_ff], where it has no small factors (RECT, fine-tuning).
        notes: by the name of what the editor saw, a plain value for each fact or layer: see ``report``.
        lm: the model that holds the edit now, or None. Copies and pickles leave it behind: they are in none.
        entered: what ``checksum`` was when a model took it.
    """

    facts: tuple[Fact, ...]
    fingerprint: str
    settings: dict[str, Any] = field(default_factory=dict)
    residual: dict[int, Tensor] = field(default_factory=dict)
    gain: dict[int, Tensor] = field(default_factory=dict)
    keys: dict[int, Tensor] = field(default_factory=dict)
    dense: dict[int, Tensor] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    lm: LanguageModel | None = None
    entered: str = ""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "lm": None}

    @property
    def layers(self) -> list[int]:
        return sorted({*self.gain, *self.dense})

    def same_as(self, other: Edit) -> bool:
        """Whether the other edit writes the very same, as one loaded twice from a file does."""
        return (self.facts, self.layers) == (other.facts, other.layers) and all(
            torch.equal(self.delta(layer).cpu(), other.delta(layer).cpu()) for layer in self.layers
        )

    def checksum(self) -> str:
        """Hex digits of every byte of its factors."""
        return digest({}, self._tensors())

    def _tensors(self) -> dict[str, Tensor]:
        every = {f"{name}.{layer}": f for name in FACTORS for layer, f in getattr(self, name).items()}
        return {name: factor.cpu().contiguous() for name, factor in every.items()}

    def delta(self, layer: int) -> Tensor:
        """Δ of one layer, [d_model, d_ff], float64."""
        if layer in self.dense:
            return self.dense[layer].double()
        if layer not in self.gain:
            raise KeyError(f"This edit changes the layers {self.layers}, not layer {layer}.")
        return self.residual[layer].double().T @ self.gain[layer].double()

    def apply(self, lm: LanguageModel) -> None:
        """Write the edit into a model with the same unedited weights.

        Raises:
            ValueError: another model, or another configuration or tokenizer of it; the edit is in a model
                already; or it damps edits (``prune``) that this model does not hold.
        """
        check_fits(self, lm)
        with lm.ledger.transaction():
            lm.check_unchanged()
            if self.lm is not None or any(self.same_as(held) for held in lm.ledger.edits):
                raise ValueError("This edit is in a model already. Revert it first.")
            check_damped(self, lm.ledger.edits)
            for layer in self.layers:
                lm.ledger.add(layer, self.delta(layer))
            warn_alike(lm, self)
            lm.ledger.enter(self, lm)

    def revert(self) -> None:
        """Take the edit out again, bit for bit; others stay. ValueError: one of ``prune`` damps it."""
        if (lm := self.lm) is None:
            raise ValueError("This edit is in no model: there is nothing to revert.")
        with lm.lock, warns_of_lost(lm, self):
            check_free(self, lm.ledger.edits)
            lm.ledger.remove(self)

    def report(self) -> Report:
        """Did it take? The facts, their paraphrases and neighbours before and after, and likely causes.

        The edit is taken out for a moment, and put back bit for bit.

        Raises:
            ValueError: the edit is in no model.
        """
        if (lm := self.lm) is None:
            raise ValueError("This edit is in no model: apply it first.")
        with lm.lock:  # no other edit comes or goes between before and after
            return report(lm, self)

    def save(self, path: str | Path) -> None:
        """Write the edit to a safetensors file (through a temporary file).

        Raises:
            RuntimeError: its matrices were written by somebody else since: see ``Ledger.check``.
        """
        if self.lm is not None:
            self.lm.ledger.check_held()
        factors = self._tensors()
        facts = [asdict(fact) for fact in self.facts]
        described = {"facts": facts, "fingerprint": self.fingerprint, "settings": self.settings}
        described["notes"] = self.notes
        described["sha256"] = digest(described, factors)
        with replacing(expanded(path)) as partial:
            save_file(factors, partial, {"edit": as_json(described)})

    @classmethod
    def load(cls, path: str | Path) -> Edit:
        """Read an edit; ``apply`` writes it into a model. Raises AssetError on a damaged file."""
        factors: dict[str, dict[int, Tensor]] = {name: {} for name in FACTORS}
        try:
            with safe_open(expanded(path), framework="pt") as file:
                described = json.loads(file.metadata()["edit"])
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            saved = described.pop("sha256", None)  # older files have none
            if saved is not None and saved != digest(described, tensors):
                raise ValueError("its contents are not those that were saved")
            for key, tensor in tensors.items():
                name, layer = key.split(".")
                factors[name][int(layer)] = tensor
            facts = tuple(Fact.from_dict(fact) for fact in described["facts"])
            edit = cls(facts, described["fingerprint"], described["settings"])
            edit.notes = described.get("notes", {})  # older files have none
            for name, by_layer in factors.items():
                setattr(edit, name, by_layer)
            residual, gain, keys, dense = edit.residual, edit.gain, edit.keys, edit.dense
            for layer in {*residual, *gain, *keys}:
                shapes = [list(factor[layer].shape) for factor in (residual, gain, keys)]
                whole = all(factor[layer].isfinite().all() for factor in (residual, gain, keys))
                flat = all(len(s) == 2 and s[0] == len(facts) for s in shapes)
                if not (whole and flat and shapes[1] == shapes[2]):
                    raise ValueError(f"layer {layer} has factors of shapes {shapes}, or non-finite values")
            if not all(delta.ndim == 2 and delta.isfinite().all() for delta in dense.values()):
                raise ValueError("a dense update is not a finite matrix")
            if not gain and not dense:
                raise ValueError("it changes no layer")
            return edit
        except FileNotFoundError:
            raise
        except (SafetensorError, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise AssetError(f"{path} is not a whole saved edit ({error}).") from error


def prune(lm: LanguageModel, base: float = math.e) -> Edit:
    """Damp the large singular values of all written so far (PRUNE): an edit that needs those it damps.

    Raises:
        ValueError: the model holds no edits.
    """
    ledger = language_model(lm).ledger
    if not ledger.edits:
        raise ValueError("The model holds no edits: there is nothing to prune.")
    edit = Edit((), lm.fingerprint, {"prune": base})
    with ledger.transaction():
        edit.notes["damps"] = [held.entered for held in ledger.edits]
        for layer in sorted({layer for held in ledger.edits for layer in held.layers}):
            total = ledger.total(layer)
            assert total is not None  # the layer holds an edit
            edit.dense[layer] = (solvers.prune(total, ledger.original(layer), base) - total).float()
            ledger.add(layer, edit.delta(layer))
        ledger.enter(edit, lm)
    return edit
