"""Which weights are these? A short name for a model, and a checksum of every byte of a tensor.

fingerprint(model)        # 16 hex digits of all bytes: the model's name in files
checksum(lm.weight(5))    # of one tensor: finds a change in memory
sample(model)             # of a thousand values a tensor: a quick look
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn


def fingerprint(model: nn.Module) -> str:
    """Sixteen hex digits of every byte of a model's weights: models that differ anywhere have others.

    Wrappers of ``torch.compile`` and DataParallel are the model inside.
    """
    names, values = zip(*_weights(model), strict=True)
    with ThreadPoolExecutor() as pool:  # hashing lets other threads run
        sums = " ".join(pool.map(checksum, values))
    return hashlib.sha256(f"{names} {sums}".encode()).hexdigest()[:16]


def sample(model: nn.Module, instead: Mapping[int, Tensor] | None = None) -> str:
    """The same of about 1,000 values a tensor, at next to no cost: it need not see a change of a few entries.

    Args:
        instead: tensors that stand in for those whose memory begins at an address (``data_ptr``).
    """
    digest = hashlib.sha256()
    for name, value in _weights(model):
        value = (instead or {}).get(value.data_ptr(), value)
        some = value.flatten()[:: max(1, value.numel() // 1000)].float().cpu().numpy().tobytes()
        digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode() + some)
    return digest.hexdigest()[:16]


def _weights(model: nn.Module) -> list[tuple[str, Tensor]]:
    state = {k.replace("_orig_mod.", "").removeprefix("module."): v for k, v in model.state_dict().items()}
    # Quantised ones are integers; masks, which some versions keep, are truth values.
    return [(name, state[name]) for name in sorted(state) if state[name].dtype != torch.bool]


def checksum(tensor: Tensor) -> str:
    """Sixteen hex digits of every byte of a tensor, its shape and type (SHA-256): the same on any device."""
    digest = hashlib.sha256(f"{tuple(tensor.shape)}{tensor.dtype}".encode())
    digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def as_json(described: Mapping[str, Any]) -> str:
    """As JSON; numbers of numpy and torch, which a sweep or a table may have given, as plain ones."""
    return json.dumps(described, default=lambda number: number.item())


def digest(described: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of what a file of tensors holds, in hex digits: its description and every byte."""
    found = hashlib.sha256(as_json(described).encode())
    for name, tensor in sorted(tensors.items()):
        found.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        found.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
