"""What a model must show when it is wrapped: that it can be edited, and that its parts are the whole.

Three things are taken for granted by every method of this package, and each is tried out here:

1. a block's memory matrix is a plain parameter: what is written into it is what the block computes with;
2. the model run in parts, on padded prompts, behind a cached prefix, is the model run at once;
3. what the down-projection puts out is what the block adds to the stream (times ``lm.multiplier``).

That takes some short forward passes. A model that fails is refused with what differs, and where.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from ..hooks import Look, hooked
from .architectures import UnsupportedModelError
from .asked import plain_forward

LanguageModel = Any  # models imports this module, so this one cannot import the class

# What a module has whose weight is no parameter, what that means, and the way out.
COMPUTED = {
    "weight_mask": "is pruned: it is computed anew at each call. To make that permanent: "
    "torch.nn.utils.prune.remove(module, 'weight')",
    "parametrizations": "is parametrised: it is computed anew at each call. To make that permanent: "
    "torch.nn.utils.parametrize.remove_parametrizations(module, 'weight')",
    "weight_g": "is weight-normed: it is computed anew at each call. To make that permanent: "
    "torch.nn.utils.remove_weight_norm(module)",
    "weight_u": "is spectrally normed: it is computed anew at each call. To make that permanent: "
    "torch.nn.utils.remove_spectral_norm(module)",
    "base_layer": "carries an adapter, which adds to what it computes. A PeftModel can merge it: "
    "model.merge_and_unload(). A model that transformers itself gave its adapter cannot: load the plain "
    "model, and PeftModel.from_pretrained(model, adapter).merge_and_unload()",
}
AWAY = (
    "is not in memory: it was off-loaded, or never loaded. Give every part a device (device_map), or load in "
    "half the bytes with dtype=torch.bfloat16"
)
PLAIN = "Load it de-quantised, e.g. with dtype=torch.bfloat16"
TYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64)
OUTPUT = "the output of block {}"
LONG, SHORT, LEFT, PREFIX = 9, 5, 2, 3  # tokens of two rows, padding before the short one, cached columns


def check_memories(lm: LanguageModel) -> None:
    """Raise UnsupportedModelError unless every memory matrix is a plain, finite parameter of its own."""
    parameters = dict(lm.model.named_parameters(remove_duplicate=False))
    holders = Counter(weight.data_ptr() for weight in parameters.values())  # two may share their memory
    for layer in range(lm.n_layers):
        module: Any = lm.down_projection(layer)
        reason = why_not(module)
        if reason is None and holders[module.weight.data_ptr()] > 1:
            reason = "is shared with another module, which would be edited too. Give it a copy of its own"
        if reason is None and lm.weight(layer).shape != lm.weight(0).shape:
            reason = f"is {list(module.weight.shape)}, unlike that of block 0"
        if reason is None:
            try:
                check_answers(lm, layer, 1 - 1.5 * (torch.arange(lm.d_ff) % 2)[None])
            except RuntimeError as error:
                finite = torch.isfinite(module.weight).all()
                reason = f"is not all there is: {error}" if finite else "holds NaN or infinite values"
        if reason:
            raise UnsupportedModelError(f"The weight of block {layer} {reason}.")
    if away := [name for name, weight in parameters.items() if weight.is_meta]:
        raise UnsupportedModelError(f"{away[0]} {AWAY}.")


def why_not(module: Any) -> str | None:
    """Why a module's weight cannot be written, or writing it would not change what is computed; or None."""
    weight = module._parameters.get("weight")
    if weight is None:
        packed = f"is packed or quantised ({type(module).__name__}). {PLAIN}"
        return next((why for name, why in COMPUTED.items() if hasattr(module, name)), packed)
    if weight.is_meta:
        return AWAY
    if weight.dtype not in TYPES:
        return f"is {weight.dtype}: quantised. {PLAIN}"
    if type(weight) is not nn.Parameter or weight.ndim != 2 or not weight.numel():
        return f"is a {type(weight).__name__} {list(weight.shape)}: sharded or quantised. Load plain weights"
    if weight.is_inference():
        return "was made in torch.inference_mode(), and can never be written. Load the model outside of it"
    return None


def check_answers(lm: LanguageModel, layer: int, keys: Tensor) -> None:
    """Let a block's down-projection answer keys, [n, d_ff]: it must say W k + b, with the W that is written.

    Right after a write it shows that the write has an effect, at the price of a few rows.

    Raises:
        RuntimeError: it does not; naming the block and by how much.
    """
    module: Any = lm.down_projection(layer)
    weight, bias = lm.weight(layer), getattr(module, "bias", None)  # before the module can renew them
    with torch.no_grad():
        keys = keys.to(weight)
        said = module(keys)  # perhaps in half the bytes, from a float32 master
        off = difference(said, keys @ weight.T + (0 if bias is None else bias))
    if not off <= tolerance(said.dtype):
        raise RuntimeError(
            f"the down-projection of block {layer} ({type(module).__name__}) does not answer W k + b for its "
            f"weight W: it is off by {off:.1%}. Something else takes part, such as a hook or a forward of "
            "its own: take it off, and load the model again"
        )


def tolerance(dtype: torch.dtype) -> float:
    """The relative difference that rounding alone may make: 0.1 % in float32, 6 % in bfloat16."""
    return max(1e-3, 8 * torch.finfo(dtype).eps)


def difference(found: Tensor, wanted: Tensor) -> float:
    """‖found − wanted‖ / ‖wanted‖; NaN if either is not finite."""
    wanted = wanted.double()
    return float((found.to(wanted) - wanted).norm() / wanted.norm().clamp_min(1e-30))


def check_parts(lm: LanguageModel) -> None:
    """Raise UnsupportedModelError unless the model run in parts is the model (points 2 and 3 above)."""
    try:
        with lm.frozen(), torch.no_grad():
            _compare(lm)
    except (UnsupportedModelError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        raise UnsupportedModelError(
            f"This model of type {lm.model.config.model_type!r} cannot be run in parts, or its line in "
            f"ARCHITECTURES is wrong ({type(error).__name__}: {error})."
        ) from error


def _compare(lm: LanguageModel) -> None:
    n, vocabulary = lm.n_layers, lm.model.get_input_embeddings().weight.shape[0]
    row = ((torch.arange(LONG).square() + 11) % vocabulary).to(lm.device)
    ids, mask, positions = (torch.zeros(2, LONG, dtype=torch.long, device=lm.device) for _ in range(3))
    # The short row is the beginning of the long one: a causal model says the same there.
    for i, (first, length) in enumerate(((0, LONG), (LEFT, SHORT))):
        here = slice(first, first + length)
        ids[i, here], mask[i, here], positions[i, here] = row[:length], 1, torch.arange(length).to(row)
    with _watched(lm, 1) as whole:  # not by lm.model(…), which torch may have compiled
        whole["the logits"].append(plain_forward(lm.model)(row[None], return_dict=True).logits)
    with _watched(lm, 2) as parts:
        early, late = lm.embed(ids).split((PREFIX, LONG - PREFIX), 1)
        places = positions.split((PREFIX, LONG - PREFIX), 1)
        out, prefix = lm.run(early, mask[:, :PREFIX], places[0], keep_prefix=True)
        for start, stop in pairwise(sorted({0, n // 3, 2 * n // 3, n})):
            end = None if stop == n else stop
            late, _ = lm.run(late, mask, places[1], start=start, stop=end, prefix=prefix)
        parts["the logits"].append(lm.logits(torch.cat([out, late], 1)))
    for what, found in parts.items():
        for here, some in zip(mask.bool(), torch.cat(found, 1), strict=True):
            _same(what, some[here.to(some.device)], whole[what][0][0, : int(here.sum())])
    for layer in range(n):
        before = lm.embed(row[None]) if layer == 0 else whole[OUTPUT.format(layer - 1)][0]
        after, one = whole[OUTPUT.format(layer)][0], mask[:1]
        more = after.flip(-1)  # as long as the stream, added to what the memory puts out

        def add(out: Tensor, more: Tensor = more) -> Tensor:
            return out + more.to(out).view_as(out)

        with hooked(outputs={lm.down_projection(layer): add}):
            found, _ = lm.run(before, one, positions[:1], start=layer, stop=layer + 1)
        added = found - after.to(found)
        _same(f"what the memory of block {layer} adds to the stream", added, lm.multiplier * more.to(added))


def _same(what: str, found: Tensor, wanted: Tensor) -> None:
    off, most = difference(found, wanted.to(found.device)), tolerance(wanted.dtype)
    if not off <= most:
        raise UnsupportedModelError(
            f"This model run in parts is not what it is as a whole: {what} is off by {off:.2%} (rounding "
            f"makes {most:.1%} at most). Its line in ARCHITECTURES is wrong, or it does something between "
            "its blocks, or in a hook, that this package does not know."
        )


@contextmanager
def _watched(lm: LanguageModel, rows: int) -> Iterator[dict[str, list[Tensor]]]:
    """Collect the keys and outputs of all blocks, each [rows, width, …], by what they are."""
    seen: dict[str, list[Tensor]] = defaultdict(list)

    def note(what: str) -> Look:
        return lambda tensor: seen[what].append(tensor.reshape(rows, -1, tensor.shape[-1]))

    keys = {lm.down_projection(layer): note(f"the key of block {layer}") for layer in range(lm.n_layers)}
    with hooked(keys, {block: note(OUTPUT.format(layer)) for layer, block in enumerate(lm.blocks)}):
        yield seen
