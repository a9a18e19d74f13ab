"""Whose are these? Statistics, null spaces and targets fit the model and the layer that they were made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..facts import Fact
from ..gains import ClosedForm
from ..keys import KeyStatistics
from ..models import LanguageModel
from ..nullspace import NullSpace
from ..targets import Targets
from .kinds import of_kind

LAYERED = "must be by layer, {5: …}"


def check_statistics(
    statistics: Mapping[int, KeyStatistics], layers: Iterable[int], lm: LanguageModel
) -> None:
    """Raise ValueError unless the statistics of each layer are there, finite, and this model's and layer's,
    TypeError for what are none."""
    of_kind(statistics, Mapping, f"statistics {LAYERED}", "key_statistics(lm, layers) makes them")
    for layer in layers:
        if layer not in statistics:
            raise ValueError(f"There are no statistics for layer {layer}.")
        _check_layer(statistics[layer], layer, lm)  # no name keeps those of one while the next are read


def check_made_for(lm: LanguageModel, noted: Mapping[str, Any]) -> None:
    """Raise RuntimeError if the model was changed, or was named anew since an editor was made."""
    lm.check_unchanged()
    if noted["model"] != lm.fingerprint or not lm.answers_like(noted["answers"]):
        raise RuntimeError(
            "The model has become another one since this editor was made; its statistics are of the former "
            "one: make the editor anew."
        )


def check_gain(gain: ClosedForm, layers: Iterable[int], lm: LanguageModel) -> None:
    """Raise ValueError unless another editor's gain was fitted for these layers of this model."""
    fitted = list(gain.diagonals)
    if missing := [layer for layer in layers if layer not in fitted]:
        raise ValueError(
            f"This gain was fitted for the layers {fitted}, not for layer {missing[0]}: choose among those, "
            "Editor(lm, layers=(…), gain=gain), or leave the gain out to fit one."
        )
    check_statistics(gain.statistics, layers, lm)


def _check_layer(found: KeyStatistics, layer: int, lm: LanguageModel) -> None:
    fix = "of a second moment C0 of n keys, KeyStatistics(n * C0, n) makes them"
    of_kind(found, KeyStatistics, f"The statistics of layer {layer} must be KeyStatistics", fix)
    if found.total.shape != (lm.d_ff, lm.d_ff):
        shape = " × ".join(map(str, found.total.shape))
        raise ValueError(f"The statistics of layer {layer} are {shape} wide; this model's keys {lm.d_ff}.")
    if found.count < 1 or not torch.isfinite(found.total).all():
        raise ValueError(f"The statistics of layer {layer} are not finite, or of {found.count} keys.")
    check_whose(found, layer, lm)


def check_null_spaces(spaces: Mapping[int, NullSpace], lm: LanguageModel) -> None:
    """Raise TypeError unless these are null spaces by layer, ValueError if they are not this model's."""
    of_kind(spaces, Mapping, f"null_spaces {LAYERED}", "those of an editor are editor.null_spaces")
    for layer, space in spaces.items():
        of_kind(space, NullSpace, f"null_spaces[{layer}] must be a NullSpace", "NullSpace.fit makes one")
        if len(space.basis) != lm.d_ff:
            wide = f"{len(space.basis)} wide; this model's keys {lm.d_ff}"
            raise ValueError(f"The null space of layer {layer} is {wide}: fit it on this model's.")
        check_whose(space, layer, lm)


def given_targets(
    z: Tensor | Targets, facts: Sequence[Fact], layer: int, lm: LanguageModel
) -> tuple[Tensor, dict[str, list[bool]]]:
    """z, [n, d_model], and what is known of it: whether it names the objects and met its bound, or nothing.

    ``Targets`` know their facts, which may stand in another order there, or among others.

    Raises ValueError unless it is real, finite, of that shape, and this model's; TypeError for a list.
    """
    of_kind(z, (Tensor, Targets), "z must be a tensor or Targets", "torch.as_tensor(z) makes a tensor of it")
    known = {}
    if isinstance(z, Targets):
        check_whose(z, layer, lm)
        rows = _rows(z, facts)
        known = {"named": z.named[rows].tolist(), "clamped": z.clamped[rows].tolist()}
        z = z.z[rows]
    if z.is_complex() or z.shape != (len(facts), lm.d_model):
        wanted = f"[{len(facts)}, {lm.d_model}]"
        raise ValueError(f"z must be real and {wanted}; it is {z.dtype}, {list(z.shape)}.")
    if len(wrong := (~z.isfinite()).any(1).nonzero()):
        raise ValueError(f"z must be finite; for {facts[int(wrong[0])].subject!r} it is not.")
    return z, known


def _rows(found: Targets, facts: Sequence[Fact]) -> list[int] | slice:
    """Where the facts stand in the targets. ValueError for one of which they hold none."""
    if not found.facts:  # of an earlier version: row by row
        return slice(None)
    if len({len(rows) for rows in (found.facts, found.z, found.named, found.clamped)}) > 1:
        raise ValueError(
            f"These targets are of {len(found.facts)} facts, but hold {len(found.z)} rows: give them whole "
            "(the facts may be some of theirs, in any order), or a tensor z."
        )
    # Where the subject stands, too: z is the output there.
    theirs, ours = ([(f.prompt, f.subject_end, f.new) for f in some] for some in (found.facts, facts))
    places = {key: i for i, key in enumerate(theirs)}
    if missing := [key for key in ours if key not in places]:
        raise ValueError(
            f"These targets hold none for {missing[0][0]!r} -> {missing[0][2]!r}: find those of all the "
            "facts with compute_targets(lm, facts, layer)."
        )
    return [places[key] for key in ours]


def check_whose(found: KeyStatistics | NullSpace | Targets, layer: int, lm: LanguageModel) -> None:
    """Raise ValueError if statistics, what was made of them, or targets are another model's or layer's."""
    name = {NullSpace: "null space", Targets: "targets"}.get(type(found), "statistics")
    fit = "fit them with key_statistics(lm, layers)."
    if isinstance(found, Targets):
        fit = "find them with compute_targets(lm, facts, layer), of the last edited layer."
    for what, theirs, ours in (("layer", found.layer, layer), ("model", found.model, lm.fingerprint)):
        if theirs is not None and theirs != ours:
            raise ValueError(
                f"The {name} given for layer {layer} were fitted on {what} {theirs}, not {ours}: {fit}"
            )
    if not lm.answers_like(found.answers):
        raise ValueError(
            f"The {name} given for layer {layer} were fitted on a model with these weights that answers "
            f"differently: another configuration, tokenizer or adapter. For this one, {fit}"
        )
