"""The edits that a model's weights hold, and the weights from before them.

A memory matrix is always W0 + (Δ1 + Δ2 + …), summed in float64 and rounded once. It is a function of
the list of edits alone: taking an edit out computes the sum again without it, and restores the very
bits that were there before. Nothing is ever subtracted, since (W + Δ) − Δ is not W in floating point.

What somebody else writes into an edited matrix (training, a merged adapter) is never overwritten: before
anything is added or taken out, every byte is compared with what was written last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor

from .support.ambient import plain_torch
from .support.checksums import checksum


class Written(Protocol):
    """What a ledger needs to know of an ``Edit``; ``lm`` is the model that holds it now, or None, ``entered``
    its checksum from when it was written."""

    lm: Any
    entered: str
    facts: Any
    notes: dict[str, Any]

    @property
    def layers(self) -> list[int]: ...

    def delta(self, layer: int) -> Tensor: ...

    def checksum(self) -> str: ...


class Ledger:
    """The edits in a model's weights, oldest first, and the weights from before them.

    Args:
        weight: layer -> the memory matrix, a view, [d_model, d_ff].
        lock: of the model: held while it is written, so that no other thread reads half an edit.
    """

    def __init__(self, weight: Callable[[int], Tensor], lock: AbstractContextManager[None]) -> None:
        # Whatever is ``Written``. Never changed in place: who goes through it may revert what is found.
        self.edits: list[Any] = []
        self.lock = lock
        self._weight = weight
        self._originals: dict[int, Tensor] = {}
        self._sums: dict[int, Tensor] = {}  # Σ Δ, float64
        self._checksums: dict[int, str] = {}  # of every byte after our last write

    def add(self, layer: int, delta: Tensor) -> None:
        """Add an update, [d_model, d_ff], to a memory matrix, inside ``transaction``. Raises as ``put``."""
        self.put(layer, self.total(layer), delta)

    @torch.no_grad()
    def put(self, layer: int, before: Tensor | None, delta: Tensor) -> None:
        """Write W0 + (before + Δ), whatever is there now: an edit in the making is written over itself.

        Args:
            before: ``total(layer)`` from before the edit.  delta: its update, [d_model, d_ff].

        Raises:
            ValueError: Δ has the wrong shape, or the new weights would not be finite.
            RuntimeError: see ``check``.
        """
        self.check(layer)
        weight = self._weight(layer)
        if delta.shape != weight.shape:
            raise ValueError(f"The update of block {layer} is {list(delta.shape)}, not {list(weight.shape)}.")
        if layer not in self._sums:  # nothing of ours is in it: it is what it is before any edit
            self._originals[layer] = weight.clone()
        delta = delta.to(weight.device, torch.float64)  # the model may have been moved with its edits
        total = delta if before is None else before.to(delta) + delta
        new = (self._originals[layer].to(delta) + total).to(weight.dtype)
        if not torch.isfinite(new).all():
            raise ValueError(f"The update of block {layer} would write NaN or infinite values.")
        self._sums[layer] = total
        self._write(layer, new)

    def _write(self, layer: int, new: Tensor) -> None:
        self._checksums.pop(layer, None)  # an interrupt here must not look like a change from outside
        self._weight(layer).copy_(new)
        self._checksums[layer] = checksum(self._weight(layer))

    @property
    def layers(self) -> list[int]:
        """The layers that hold edits."""
        return sorted(self._sums)

    def total(self, layer: int) -> Tensor | None:
        """Σ Δ of the edits in one matrix, [d_model, d_ff], float64; None if there are none."""
        total = self._sums.get(layer)
        return None if total is None else total.to(self._weight(layer).device)  # the model may have moved

    def original(self, layer: int) -> Tensor:
        """The matrix as it was before any edit, [d_model, d_ff]."""
        weight = self._weight(layer)
        return self._originals[layer].to(weight.device) if layer in self._sums else weight

    def check(self, layer: int) -> None:
        """Raise RuntimeError if an edited matrix is not, byte for byte, what was written into it last.

        So training, a merged adapter or a write through ``.data`` is noticed, and never overwritten.
        """
        if layer in self._checksums and self._checksums[layer] != checksum(self._weight(layer)):
            raise RuntimeError(
                f"The weight of block {layer} was changed from outside since its last edit, so its edits "
                "cannot be taken out. Load the model again, or its unedited weights and lm.ledger.clear()."
            )

    def check_held(self) -> None:
        """Raise RuntimeError if an edited matrix, or an edit that weights are rebuilt from, was changed."""
        with self.lock:
            for layer in self.layers:
                self.check(layer)
            for edit in self.edits:
                if edit.entered not in ("", edit.checksum()):  # "" of a pickle of an earlier version
                    raise RuntimeError(
                        f"The edit of {[fact.prompt for fact in edit.facts[:3]]} was changed while it is in "
                        "the model. Change a copy.deepcopy instead; to go on, load the model again."
                    )

    def enter(self, edit: Written, lm: Any) -> None:
        """Note that an edit is in the weights of ``lm``. Use inside ``transaction``."""
        edit.entered = edit.checksum()
        edit.notes["answers"] = list(lm.answers)
        self.edits = [*self.edits, edit]
        edit.lm = lm

    def remove(self, edit: Written) -> None:
        """Take one edit out; the others stay. Raises RuntimeError as ``check`` does."""
        with self.transaction():
            if edit not in self.edits:  # another thread was faster
                raise ValueError("This edit is in no model: there is nothing to revert.")
            self.edits = [held for held in self.edits if held is not edit]
            self._rebuild(edit.layers)
            edit.lm = None

    def clear(self) -> None:
        """Take all edits out: the weights are what they were before the first, bit for bit."""
        if all(torch.equal(self._weight(n), self.original(n)) for n in self.layers):  # by load_state_dict
            self._checksums = {n: checksum(self._weight(n)) for n in self.layers}
        with self.transaction():
            for edit in self.edits:
                edit.lm = None
            self.edits = []
            self._rebuild(self.layers)

    @contextmanager
    def without(self, edit: Written) -> Iterator[None]:
        """The model as it is without one of its edits, while the block runs; then as it was, bit for bit."""
        with self.lock:  # what another thread would write meanwhile would be lost
            held, lm = list(self.edits), edit.lm
            self.remove(edit)
            try:
                yield
            finally:
                with self.transaction():
                    self.edits, edit.lm = held, lm
                    self._rebuild(edit.layers)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is done inside stays only if the block ends well; on any exception nothing does."""
        with self.lock, plain_torch():
            self.check_held()
            layers = set(self._sums)
            before = [(edit, edit.lm) for edit in self.edits]
            try:
                yield
            except BaseException:  # Ctrl-C too
                for edit in self.edits:
                    edit.lm = None
                self.edits = [edit for edit, _ in before]
                for edit, lm in before:
                    edit.lm = lm
                self._rebuild(sorted(layers | set(self._sums)))
                raise

    @torch.no_grad()
    def _rebuild(self, layers: Sequence[int]) -> None:
        """Write W0 + Σ Δ again, with the same operations in the same order as the first time."""
        for layer in layers:
            if self._sums.pop(layer, None) is not None:
                self._write(layer, self._originals[layer])
            for edit in self.edits:
                if layer in edit.layers:
                    self.add(layer, edit.delta(layer))
            if layer not in self._sums:  # what comes into it from now on is not ours to guard
                self._checksums.pop(layer, None)
                self._originals.pop(layer, None)
