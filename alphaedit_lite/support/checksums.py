"""Which weights are these? A short name for a model, and a checksum of every byte of a tensor.

fingerprint(model)        # 16 hex digits of all bytes: the model's name in files
checksum(lm.weight(5))    # of one tensor: finds a change in memory
sample(model)             # of a thousand values a tensor: a quick look
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn

COLUMNS, ROWS = 1024, 64  # words of a line, lines of a chunk: what fits in a processor's cache
# Odd numbers: no change of one 32-bit word, times one of them, is 0 modulo 2^64.
_FACTORS = (
    torch.frombuffer(bytearray(hashlib.shake_256(b"checksum").digest(8 * COLUMNS)), dtype=torch.int64) | 1
)


def fingerprint(model: nn.Module) -> str:
    """Sixteen hex digits of every byte of a model's weights: models that differ anywhere have others.

    Wrappers of ``torch.compile`` and DataParallel are the model inside.
    """
    digest = hashlib.sha256()
    for name, value in _weights(model):
        digest.update(f"{name} {checksum(value)}".encode())
    return digest.hexdigest()[:16]


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
    return [(name, state[name]) for name in sorted(state) if state[name].is_floating_point()]


@torch.no_grad()
def checksum(tensor: Tensor) -> str:
    """Sixteen hex digits of every byte of a tensor, its shape and type; the same on every device.

    Each line of 1,024 words is summed with fixed odd factors modulo 2^64, and the sums are hashed in their
    order. So any change of one number is seen for certain, and numbers that change places almost surely.
    """
    data = tensor.detach().contiguous().flatten().view(torch.uint8)
    if data.storage_offset() % 4:  # a part of a half-precision tensor may begin within a word
        data = data.clone()
    line, factors = 4 * COLUMNS, _FACTORS.to(tensor.device)
    whole = len(data) // line * line
    ends = torch.zeros(line, dtype=torch.uint8, device=tensor.device)
    ends[: len(data) - whole] = data[whole:]
    digest = hashlib.sha256(f"{tuple(tensor.shape)}{tensor.dtype}".encode())
    sums = [
        (lines.view(torch.int32).view(-1, COLUMNS) * factors).sum(1)
        for lines in (*data[:whole].split(line * ROWS), ends)
        if len(lines)
    ]
    digest.update(torch.cat(sums).cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
