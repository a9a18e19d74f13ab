"""Whose keys are these? Statistics and null spaces fit the model and the layer that they were made of."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ..keys import KeyStatistics
from ..models import LanguageModel
from ..nullspace import NullSpace


def check_statistics(statistics: Mapping[int, KeyStatistics], layer: int, lm: LanguageModel) -> None:
    """Raise ValueError unless the statistics of a layer are there, finite, and this model's and layer's."""
    if layer not in statistics:
        raise ValueError(f"There are no statistics for layer {layer}.")
    found = statistics[layer]
    if found.total.shape != (lm.d_ff, lm.d_ff):
        shape = " × ".join(map(str, found.total.shape))
        raise ValueError(f"The statistics of layer {layer} are {shape} wide; this model's keys {lm.d_ff}.")
    if found.count < 1 or not torch.isfinite(found.total).all():
        raise ValueError(f"The statistics of layer {layer} are not finite, or of {found.count} keys.")
    check_whose(found, layer, lm)


def check_whose(found: KeyStatistics | NullSpace, layer: int, lm: LanguageModel) -> None:
    """Raise ValueError if statistics, or what was made of them, are another model's or layer's."""
    name = "null space" if isinstance(found, NullSpace) else "statistics"
    fit = "fit them with key_statistics(lm, layers)."
    for what, theirs, ours in (("layer", found.layer, layer), ("model", found.model, lm.fingerprint)):
        if theirs is not None and theirs != ours:
            raise ValueError(
                f"The {name} given for layer {layer} were fitted on {what} {theirs}, not {ours}: {fit}"
            )
    if not lm.answers_like(found.answers):
        raise ValueError(
            f"The {name} given for layer {layer} were fitted on a model with these weights that answers "
            f"differently: another configuration, or an adapter. For this one, {fit}"
        )
