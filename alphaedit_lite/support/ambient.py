"""What a caller may have set for all of torch, and what must not reach a model from there.

with plain_torch():         # or @plain_torch() on a function
    ...                     # float32 on the CPU by default; no autocast, no inference mode
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch


@contextmanager
def plain_torch() -> Iterator[None]:
    """Torch as it comes, whatever the caller has set; the caller's settings afterwards.

    Inference mode would leave tensors that can never be trained or written again, autocast would round, as
    products in less than float32 do, and another default type or device would reach every tensor that is made
    without naming them. The default type and the precision of products belong to the whole process: other
    threads see float32 meanwhile.
    """
    with ExitStack() as stack:
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.no_grad())  # leaving inference mode would turn gradients on
        for device in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        if (dtype := torch.get_default_dtype()) != torch.float32:
            stack.callback(torch.set_default_dtype, dtype)
            torch.set_default_dtype(torch.float32)
        _full_precision(stack)
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        yield


def _full_precision(stack: ExitStack) -> None:
    """Products of float32 in float32, until the stack is left."""
    try:
        precision = torch.get_float32_matmul_precision()
    except RuntimeError:  # set by torch's newer names, which this one refuses to read
        backends: Any = torch.backends
        for place in (backends, backends.cuda.matmul, backends.mkldnn, backends.mkldnn.matmul):
            if (precision := place.fp32_precision) not in ("ieee", "none"):
                stack.callback(setattr, place, "fp32_precision", precision)
                place.fp32_precision = "ieee"
    else:
        if precision != "highest":
            stack.callback(torch.set_float32_matmul_precision, precision)
            torch.set_float32_matmul_precision("highest")


class Lock:
    """A re-entrant lock. It can be copied and pickled with what it guards: the copy is a lock of its own."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: Any) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type[Lock], tuple[()]]:
        return Lock, ()
