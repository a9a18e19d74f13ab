"""A second device on a machine that has none: code that mixes devices fails here as it would on a GPU.

    with SecondDevice():
        lm = load_model(device="cuda")      # its tensors are in ordinary memory, marked as if on the card
        lm.model(torch.tensor([[5, 6]]))    # RuntimeError: Expected all tensors to be on the same device …

The mark is on a tensor's storage, so that views, parameters and copies by ``deepcopy`` have it; whatever is
computed from a marked tensor is marked. As in torch, a CPU tensor of no dimensions may meet marked ones, CPU
indices may pick from a marked tensor, and numpy gets no marked tensor.

Only what this thread calls from Python is seen: backward passes and a pool's threads run unwatched. Numbers
and random draws are the CPU's own; a card's memory, its rounding and its kernels are not emulated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

CARD = torch.device("cuda", 0)
MIXED = "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"
NUMPY = "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host first."
DRAWN = "Expected a 'cuda' device type for generator but found 'cpu'"

# What may meet a tensor of the other device: it takes over numbers, memory or a shape only.
MAY_MIX = {"copy_", "set_", "expand_as", "view_as", "reshape_as", "is_same_size", "result_type"}
MAY_MIX |= {"__deepcopy__", "_has_compatible_shallow_copy_type"}
# Where even a CPU tensor of no dimensions is refused.
STRICT = {"cat", "concat", "stack", "hstack", "vstack", "equal", "index_select", "gather", "scatter", "take"}
# What takes plain numbers, and lies on the CPU unless it is told.
FACTORIES = {"arange", "empty", "eye", "full", "linspace", "logspace", "ones", "zeros"}
FACTORIES |= {"rand", "randint", "randn", "randperm"}


def on_card(tensor: Tensor) -> bool:
    """Whether a tensor lies on the emulated device."""
    return hasattr(_storage(tensor), "on_card")


class SecondDevice(TorchFunctionMode):
    """While it is active there is a device "cuda", as far as this module's text says.

    Args:
        report: called with the message of each mistake, which is let pass then; by default it is raised.
    """

    def __init__(self, report: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self.report = report

    def __enter__(self) -> SecondDevice:
        self.before = torch.cuda.is_available, torch.cuda.get_device_name
        torch.cuda.is_available, torch.cuda.get_device_name = lambda: True, lambda _: "an emulated device"
        return super().__enter__()

    def __exit__(self, *args: Any) -> None:
        torch.cuda.is_available, torch.cuda.get_device_name = self.before
        super().__exit__(*args)

    def fail(self, error: type[Exception], message: str) -> None:
        if self.report is None:
            raise error(message)
        self.report(message)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name == "__get__":
            if (answer := PROPERTIES.get(func)) is not None and on_card(args[0]):
                return answer
            found = func(*args)
            return _marked(found) if isinstance(found, Tensor) and on_card(args[0]) else found
        if name == "__set__":  # ``weight.data = …`` moves a weight
            return func(*args, **kwargs)
        if name in ("cpu", "cuda"):
            return _moved(args[0], CARD if name == "cuda" else torch.device("cpu"))
        if name == "to":
            return _moved(*args, **kwargs)
        if name in ("numpy", "__array__") and on_card(args[0]):
            self.fail(TypeError, NUMPY)
            return func(*args, **kwargs)

        wanted = None  # whether the result is to lie on the card; None: as the operands do
        if (where := kwargs.get("device")) is not None and torch.device(where).type in ("cpu", "cuda"):
            wanted = torch.device(where).type == "cuda"
            kwargs["device"] = torch.device("cpu")
        operands = list(_tensors((args, kwargs)))
        marks = [on_card(tensor) for tensor in operands]
        if wanted is None:  # as_tensor([x, y]) takes numbers out of its list
            plain = name in FACTORIES or (name in ("tensor", "as_tensor") and not isinstance(args[0], Tensor))
            wanted = any(marks) and not plain
            if wanted and not self.allowed(name, args, operands, marks):
                self.fail(RuntimeError, MIXED)
        if wanted and any(isinstance(one, torch.Generator) for one in (*args, *kwargs.values())):
            self.fail(RuntimeError, DRAWN)
        found = func(*args, **kwargs)
        if not wanted:
            return found
        if name == "as_tensor":
            return _moved(found, CARD)
        kept = {_storage(tensor)._cdata for tensor in operands}  # a CPU operand written in place stays one
        for tensor in _tensors(found):
            if _storage(tensor)._cdata not in kept:
                _marked(tensor)
        return found

    def allowed(self, name: str, args: Any, operands: list[Tensor], marks: list[bool]) -> bool:
        """Whether torch computes this with operands on these devices."""
        if all(marks) or name in MAY_MIX:
            return True
        if name in ("__getitem__", "__setitem__"):
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            picks = [one for one in index if isinstance(one, (Tensor, list, np.ndarray)) and np.ndim(one)]
            if not marks[0] and any(on_card(one) for one in picks if isinstance(one, Tensor)):
                return False
            if name == "__getitem__" or not picks or not isinstance(args[2], Tensor):
                return True  # a slice is copied into
            return on_card(args[2]) == marks[0] or (marks[0] and args[2].ndim == 0)
        in_place = name.startswith("__i") or (name.endswith("_") and not name.endswith("__"))
        if name in STRICT or (in_place and not marks[0]):
            return False
        widths = [tensor.ndim for tensor, mark in zip(operands, marks, strict=True) if not mark]
        return not any(widths)


PROPERTIES = {Tensor.device.__get__: CARD, Tensor.is_cuda.__get__: True, Tensor.is_cpu.__get__: False}


def _marked(tensor: Tensor) -> Tensor:
    _storage(tensor).on_card = True  # type: ignore[attr-defined]
    return tensor


def _tensors(found: Any) -> Iterator[Tensor]:
    if isinstance(found, Tensor):
        yield found
    elif isinstance(found, (tuple, list, dict)):
        for one in found.values() if isinstance(found, dict) else found:
            if isinstance(one, (Tensor, tuple, list, dict)):
                yield from _tensors(one)


def _storage(tensor: Tensor) -> torch.UntypedStorage:
    try:
        return tensor.untyped_storage()
    except NotImplementedError:  # inside of vmap or grad
        return _storage(torch._C._functorch.get_unwrapped(tensor))


def _moved(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """``tensor.to(…)``: a device, a type, both, or another tensor that has both."""
    to_card, rest = on_card(tensor), []
    for one in (*args, *([kwargs.pop("device")] if kwargs.get("device") is not None else [])):
        if isinstance(one, Tensor):
            to_card = on_card(one)
            rest.append(one.dtype)
        elif isinstance(one, (str, torch.device)) and torch.device(one).type in ("cpu", "cuda"):
            to_card = torch.device(one).type == "cuda"
            rest.append(torch.device("cpu"))
        else:
            rest.append(one)
    found = tensor.to(*rest, **kwargs) if rest or kwargs else tensor
    if to_card != on_card(tensor) and _storage(found)._cdata == _storage(tensor)._cdata:
        found = found.clone()
    return _marked(found) if to_card else found
