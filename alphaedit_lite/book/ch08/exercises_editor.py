"""The check of exercise 08.6, a whole editor: it writes into a toy stack of memories."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..kit.exercises import close, exercise, expect, randn
from .exercises import PAST, D, M, N, draw
from .reference import alphaedit, eye, with_history


class Toy:
    """A stack of memories: each adds W tanh(B h) to the state; ``look`` and ``write`` as the editor has them."""

    def __init__(self, layers: tuple[int, ...]) -> None:
        self.layers, self.start = layers, randn(M, N)
        self.log: list[tuple[str, int]] = []
        self.B = {layer: randn(D, M) for layer in layers}
        self.W = {layer: 0.1 * randn(M, D) for layer in layers}
        self.before = {layer: W.clone() for layer, W in self.W.items()}

    def anew(self) -> Toy:
        """The same stack, before anything was written."""
        copy = Toy(self.layers)
        copy.start, copy.B, copy.W = self.start, self.B, {k: v.clone() for k, v in self.before.items()}
        return copy

    def run(self) -> tuple[dict[int, Tensor], Tensor]:
        h, keys = self.start, {}
        for layer in self.layers:
            keys[layer] = torch.tanh(self.B[layer] @ h)
            h = h + self.W[layer] @ keys[layer]
        return keys, h

    def look(self, layer: int) -> tuple[Tensor, Tensor]:
        self.log.append(("look", layer))
        keys, h = self.run()
        return keys[layer], h

    def write(self, layer: int, delta: Tensor) -> None:
        expect(
            tuple(delta.shape) == (M, D), f"Δ should be d_model × d_ff = {M} × {D}, not {tuple(delta.shape)}."
        )
        self.log.append(("write", layer))
        self.W[layer] = self.W[layer] + delta


def same(a: Toy, b: Toy) -> bool:
    return all(close(a.W[layer], b.W[layer]) for layer in a.layers)


@exercise("08.6", reference=alphaedit)
def check_alphaedit(answer: Callable[..., Any]) -> None:
    for lam_size in (1e-9, 0.5):
        check_one(answer, (2, 3, 5), lam_size)


def check_one(answer: Callable[..., Any], layers: tuple[int, ...], lam_size: float) -> None:
    """One write into a toy model of these layers, with this λ in each."""
    toy = Toy(layers)
    U = {layer: draw()[2] for layer in reversed(layers)}
    lam, z = dict.fromkeys(layers, lam_size), randn(M, N)
    Kp = {layer: randn(D, PAST) if lam_size > 0.1 else randn(D, 0) for layer in layers}
    inputs = {layer: keys.clone() for layer, keys in Kp.items()}
    found = answer(toy.look, toy.write, z, U, lam, Kp)
    order = [layer for what, layer in toy.log if what == "write"]
    expect(bool(order), "nothing was written: call write(layer, delta) for every layer.")
    expect(sorted(order) == list(layers), f"each layer is written once; you wrote {order} of {list(layers)}.")
    expect(
        order == list(layers),
        f"the layers were written in the order {order}. Go from below: a write changes the keys of the layers "
        "above it, so sort them.",
    )
    looks = [i for i, (what, _) in enumerate(toy.log) if what == "look"]
    writes = [i for i, (what, _) in enumerate(toy.log) if what == "write"]
    expect(
        len(looks) >= 3 and all(any(a < i < b for i in looks) for a, b in itertools.pairwise(writes)),
        "look again before every layer: after a write below, keys and h are not what they were.",
    )
    right = toy.anew()

    def variant(history: bool = True, spread: str = "left", project: bool = True) -> Toy:
        copy = toy.anew()
        for i, layer in enumerate(layers):
            K1, h = copy.look(layer)
            R = (z - h) / {"left": len(layers) - i, "all": len(layers), "none": 1}[spread]
            old = inputs[layer] if history else inputs[layer][:, :0]
            copy.write(layer, R @ with_history(K1, old, U[layer] if project else eye(D), lam_size))
        return copy

    expect(
        not same(toy, variant(spread="all")),
        "the residual is divided by the number of *all* layers. Divide by the layers *left*, this one included: "
        "the last layer asks for all the rest.",
    )
    expect(
        not same(toy, variant(spread="none")),
        "each layer asks for the whole residual. Divide z − h by the number of layers left, (6.8).",
    )
    if lam_size > 0.1:
        expect(not same(toy, variant(history=False)), "the history Kp has no effect on what is written.")
    expect(not same(toy, variant(project=False)), "the update does not stay inside U: P is missing.")
    for layer in layers:
        delta, basis = toy.W[layer] - toy.before[layer], U[layer]
        expect(close(delta @ basis @ basis.T, delta), f"the update of layer {layer} leaves the span of U.")
    alphaedit(right.look, right.write, z, U, lam, {layer: keys.clone() for layer, keys in inputs.items()})
    expect(
        same(toy, right),
        "the weights are not those of (8.5) and (6.8). For each layer: look, R = (z − h) / (layers left), gain, "
        "write(layer, R @ gain).",
    )
    expect(isinstance(found, dict), "return the new history: a dict from each layer to [old keys, new keys].")
    expect(
        all(layer in found and tuple(found[layer].shape) == (D, Kp[layer].shape[1] + N) for layer in layers),
        "the returned history should hold, for each layer, the old keys *and* the new ones, as columns.",
    )
    keys, _ = right.run()
    expect(
        all(close(found[layer], torch.cat([inputs[layer], keys[layer]], dim=1)) for layer in layers),
        "the history holds other keys than those that were looked up for each layer: old first, then new.",
    )
