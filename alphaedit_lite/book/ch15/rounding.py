"""Half precision in chapter 15: what rounding takes from an edit, and an adapter beside the matrix.

noise_and_signal(lm.ledger.original(5), edit, 5, torch.bfloat16)
rounded_one_by_one(W, edit.residual[5], edit.gain[5], torch.bfloat16, look=(1, 10, 40))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor

from ... import Edit, Fact, LanguageModel
from ...metrics import token_scores


def rounded_one_by_one(
    W: Tensor, residual: Tensor, gain: Tensor, dtype: torch.dtype, look: Sequence[int]
) -> list[tuple[int, float, float]]:
    """Write facts into a matrix of ``dtype`` one after the other, rounding after each; and all at once.

    Args:
        W: [d_model, d_ff].  residual, gain: the facts' factors, [n, d_model] and [n, d_ff].
        look: after how many facts.

    Returns:
        (facts, lost one by one, lost at once) for each look: shares of ‖Σ Δ‖.
    """
    start = W.to(dtype)
    steps, found = start.clone(), []
    for n in range(1, len(residual) + 1):
        delta = torch.outer(residual[n - 1].double(), gain[n - 1].double())
        steps = (steps.double() + delta).to(dtype)
        if n in look:
            total = residual[:n].double().T @ gain[:n].double()
            exact = start.double() + total
            once = exact.to(dtype).double()
            each = float((steps.double() - exact).norm() / total.norm())
            found.append((n, each, float((once - exact).norm() / total.norm())))
    return found


def unmoved(W: Tensor, residual: Tensor, gain: Tensor, dtype: torch.dtype) -> float:
    """The share of entries that a single fact's Δ leaves as they were in ``dtype``; the mean over facts."""
    start = W.to(dtype)
    shares = [
        float(((start.double() + torch.outer(r.double(), g.double())).to(dtype) == start).double().mean())
        for r, g in zip(residual, gain, strict=True)
    ]
    return sum(shares) / len(shares)


def noise_and_signal(original: Tensor, edit: Edit, layer: int, dtype: torch.dtype) -> dict[str, float]:
    """What rounding W0 + Δ takes: of Δ as a matrix, and of what Δ says to the facts' own keys (rows)."""
    delta, start = edit.delta(layer), original.to(dtype).double()
    error = (start + delta).to(dtype).double() - start - delta
    keys = edit.keys[layer].double()
    moved = delta.abs() < (error + delta).abs()  # rounded away from zero
    stayed = float((error + delta == 0).double().mean())
    return {
        "of the matrix": float(error.norm() / delta.norm()),
        "of the answers": float((keys @ error.T).norm() / (keys @ delta.T).norm()),
        "entries unchanged": stayed,
        "entries overdone": float(moved.double().mean()),
    }


def named_first(lm: LanguageModel, facts: Sequence[Fact]) -> float:
    """The share of facts whose new object's first token is the model's first choice after the bare prompt."""
    scored = token_scores(lm, [(fact.prompt, f" {fact.new.strip()}") for fact in facts])
    return sum(bool(right[0]) for _, right in scored) / len(facts)


@contextmanager
def stored_as(lm: LanguageModel, edit: Edit, dtype: torch.dtype) -> Iterator[None]:
    """For a while the edited matrices hold what ``dtype`` holds of W0 + Δ; arithmetic stays in float32."""
    parameters = {layer: cast(Tensor, lm.down_projection(layer).weight) for layer in edit.layers}
    kept = {layer: parameter.data for layer, parameter in parameters.items()}
    try:
        for layer, parameter in parameters.items():
            # other storage for a while: the ledger sees no write
            start = lm.ledger.original(layer).to(dtype).double()
            parameter.data = (start + edit.delta(layer)).to(dtype).to(parameter.dtype)
        yield
    finally:
        for layer, parameter in parameters.items():
            parameter.data = kept[layer]


def lora_logits(lm: LanguageModel, factors: Mapping[int, tuple[Tensor, Tensor]], ids: Tensor) -> Tensor:
    """Logits with B A added beside each matrix, as an adapter does it. factors: layer -> (B, A)."""

    def beside(B: Tensor, A: Tensor) -> Any:
        return lambda _module, inputs, output: output + (inputs[0] @ A.T) @ B.T

    hooks = [
        lm.down_projection(layer).register_forward_hook(beside(*pair)) for layer, pair in factors.items()
    ]
    try:
        with torch.no_grad():
            return lm.model(ids).logits
    finally:
        for hook in hooks:
            hook.remove()
