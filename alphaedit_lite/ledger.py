"""What was written into a model: an edit, and the list of edits that its weights hold.

    edit = Edit.load("romania.safetensors")
    edit.apply(lm)
    edit.revert()                           # the weights are what they were, bit for bit

A memory matrix is always W0 + (Δ1 + Δ2 + …), summed in float64 and rounded once. It is a function of
the list of edits alone: taking an edit out computes the sum again without it, and restores the very
bits that were there before. Nothing is ever subtracted, since (W + Δ) − Δ is not W in floating point.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from .assets import AssetError, replacing
from .facts import Fact

FACTORS = ("residual", "gain", "keys", "dense")


class Edited(Protocol):
    """What holds edits: a ``LanguageModel``."""

    fingerprint: str
    ledger: Ledger


@dataclass(eq=False)
class Edit:
    """What one call of ``Editor.edit`` wrote: low-rank factors of Δ for each layer, and the keys used.

    Attributes:
        facts: what was written.
        fingerprint: of the unedited model; no other model takes the edit.
        settings: the editor's configuration, as plain values.
        residual, gain, keys: by layer, [n, d_model], [n, d_ff], [n, d_ff], float32; Δ = residualᵀ gain.
        dense: by layer, Δ itself, [d_model, d_ff], where it has no small factors (RECT, fine-tuning).
        lm: the model that holds the edit now, or None.
    """

    facts: tuple[Fact, ...]
    fingerprint: str
    settings: dict[str, Any] = field(default_factory=dict)
    residual: dict[int, Tensor] = field(default_factory=dict)
    gain: dict[int, Tensor] = field(default_factory=dict)
    keys: dict[int, Tensor] = field(default_factory=dict)
    dense: dict[int, Tensor] = field(default_factory=dict)
    lm: Edited | None = None

    @property
    def layers(self) -> list[int]:
        return sorted({*self.gain, *self.dense})

    def same_as(self, other: Edit) -> bool:
        """Whether the other edit writes the very same, as one loaded twice from a file does."""
        return (self.facts, self.layers) == (other.facts, other.layers) and all(
            torch.equal(self.delta(layer).cpu(), other.delta(layer).cpu()) for layer in self.layers
        )

    def delta(self, layer: int) -> Tensor:
        """Δ of one layer, [d_model, d_ff], float64."""
        if layer in self.dense:
            return self.dense[layer].double()
        return self.residual[layer].double().T @ self.gain[layer].double()

    def apply(self, lm: Edited) -> None:
        """Write the edit into a model with the same unedited weights.

        Raises:
            ValueError: another model, or the edit is in a model already.
        """
        if lm.fingerprint != self.fingerprint:
            raise ValueError(
                f"This edit was made for the model with fingerprint {self.fingerprint}; "
                f"this one has {lm.fingerprint}. An edit only fits the weights it was computed on."
            )
        if self.lm is not None or any(self.same_as(held) for held in lm.ledger.edits):
            raise ValueError("This edit is in a model already. Revert it first.")
        with lm.ledger.transaction():
            for layer in self.layers:
                lm.ledger.add(layer, self.delta(layer))
            lm.ledger.enter(self, lm)

    def revert(self) -> None:
        """Take the edit out again, bit for bit; edits made before and after it stay."""
        if self.lm is None:
            raise ValueError("This edit is in no model: there is nothing to revert.")
        self.lm.ledger.remove(self)

    def save(self, path: str | Path) -> None:
        """Write the edit to a safetensors file (through a temporary file)."""
        factors = {
            f"{name}.{layer}": tensor.cpu().contiguous()
            for name in FACTORS
            for layer, tensor in getattr(self, name).items()
        }
        facts = [asdict(fact) for fact in self.facts]
        described = {"facts": facts, "fingerprint": self.fingerprint, "settings": self.settings}
        described["sha256"] = _digest(described, factors)
        with replacing(Path(path)) as partial:
            save_file(factors, partial, {"edit": json.dumps(described)})

    @classmethod
    def load(cls, path: str | Path) -> Edit:
        """Read an edit; ``apply`` writes it into a model. Raises AssetError on a damaged file."""
        factors: dict[str, dict[int, Tensor]] = {name: {} for name in FACTORS}
        try:
            with safe_open(path, framework="pt") as file:
                described = json.loads(file.metadata()["edit"])
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            saved = described.pop("sha256", None)  # older files have none
            if saved is not None and saved != _digest(described, tensors):
                raise ValueError("its contents are not those that were saved")
            for key, tensor in tensors.items():
                name, layer = key.split(".")
                factors[name][int(layer)] = tensor
            facts = tuple(Fact.from_dict(fact) for fact in described["facts"])
            edit = cls(facts, described["fingerprint"], described["settings"])
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


def _digest(described: dict[str, Any], tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(described).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


class Ledger:
    """The edits in a model's weights, oldest first, and the weights from before them.

    Args:
        weight: layer -> the memory matrix, a view, [d_model, d_ff].
    """

    def __init__(self, weight: Callable[[int], Tensor]) -> None:
        self.edits: list[Edit] = []
        self._weight = weight
        self._originals: dict[int, Tensor] = {}
        self._sums: dict[int, Tensor] = {}  # Σ Δ, float64
        self._versions: dict[int, int] = {}  # torch's modification counter after our last write

    @torch.no_grad()
    def add(self, layer: int, delta: Tensor) -> None:
        """Add an update, [d_model, d_ff], to a memory matrix. Use inside ``transaction``.

        Raises:
            ValueError: Δ has the wrong shape, or the new weights would not be finite.
            RuntimeError: see ``check``.
        """
        self.check(layer)
        weight, before = self._weight(layer), self._sums.get(layer)
        if delta.shape != weight.shape:
            raise ValueError(f"The update of block {layer} is {list(delta.shape)}, not {list(weight.shape)}.")
        if layer not in self._originals:
            self._originals[layer] = weight.clone()
        delta = delta.to(weight.device, torch.float64)
        total = delta if before is None else before + delta
        new = (self._originals[layer].double() + total).to(weight.dtype)
        if not torch.isfinite(new).all():
            raise ValueError(f"The update of block {layer} would write NaN or infinite values.")
        self._sums[layer] = total
        self._write(layer, new)

    def _write(self, layer: int, new: Tensor) -> None:
        self._versions.pop(layer, None)  # an interrupt here must not look like a change from outside
        self._weight(layer).copy_(new)
        self._versions[layer] = self._weight(layer)._version

    def total(self, layer: int) -> Tensor | None:
        """Σ Δ of the edits in one matrix, [d_model, d_ff], float64; None if there are none."""
        return self._sums.get(layer)

    def original(self, layer: int) -> Tensor:
        """The matrix as it was before any edit, [d_model, d_ff]."""
        return self._originals.get(layer, self._weight(layer))

    def check(self, layer: int) -> None:
        """Raise RuntimeError if torch has noted another write (training, a second wrapper) since ours."""
        if self._versions.get(layer, self._weight(layer)._version) != self._weight(layer)._version:
            raise RuntimeError(
                f"The weight of block {layer} was changed from outside since its last edit, so it can no "
                "longer be edited or reverted safely. Load the model again."
            )

    def enter(self, edit: Edit, lm: Edited) -> None:
        """Note that an edit is in the weights. Use inside ``transaction``."""
        self.edits.append(edit)
        edit.lm = lm

    def remove(self, edit: Edit) -> None:
        """Take one edit out; the others stay. Raises RuntimeError as ``check`` does."""
        with self.transaction():
            self.edits.remove(edit)
            self._rebuild(edit.layers)
            edit.lm = None

    def clear(self) -> None:
        """Take all edits out: the weights are what they were before the first, bit for bit."""
        with self.transaction():
            layers = {layer for edit in self.edits for layer in edit.layers}
            for edit in self.edits:
                edit.lm = None
            self.edits.clear()
            self._rebuild(sorted(layers))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is done inside stays only if the block ends well; on any exception nothing does."""
        layers = set(self._sums)
        for layer in layers:
            self.check(layer)
        before = [(edit, edit.lm) for edit in self.edits]
        try:
            yield
        except BaseException:  # Ctrl-C too
            for edit in self.edits:
                edit.lm = None
            self.edits[:] = [edit for edit, _ in before]
            for edit, lm in before:
                edit.lm = lm
            self._rebuild(sorted(layers | set(self._sums)))
            raise

    @torch.no_grad()
    def _rebuild(self, layers: Sequence[int]) -> None:
        """Write W0 + Σ Δ again, with the same operations in the same order as the first time."""
        for layer in layers:
            self._sums.pop(layer, None)
            self._write(layer, self._originals[layer])
            for edit in self.edits:
                if layer in edit.layers:
                    self.add(layer, edit.delta(layer))
