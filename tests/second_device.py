"""A second device on a machine that has none: code that mixes devices fails here as it would on a GPU.

    with SecondDevice():
        lm = load_model(device="cuda")      # its tensors lie "on the card": in fact in ordinary memory, marked
        lm.model(torch.tensor([[5, 6]]))    # RuntimeError: Expected all tensors to be on the same device …

The mark is on a tensor's storage, so that views, parameters and copies by ``deepcopy`` have it; whatever is
computed from a marked tensor is marked. As in torch, a CPU tensor of no dimensions may meet marked ones, CPU
indices may pick from a marked tensor, and numpy gets no marked tensor.

Only what this thread calls from Python is seen. Backward passes and threads of a pool run unwatched; numbers are
the CPU's own, and so are random draws; how much memory a card has, and its rounding, are not emulated.
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
NUMPY = "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
DRAWN = "Expected a 'cuda' device type for generator but found 'cpu'"

# What may meet a tensor of the other device: it takes over numbers (copy_), memory or a shape only.
MAY_MIX = {"copy_", "set_", "expand_as", "view_as", "reshape_as", "is_same_size", "result_type", "__deepcopy__",
           "_has_compatible_shallow_copy_type"}
# Where even a CPU tensor of no dimensions is refused.
STRICT = {"cat", "concat", "stack", "hstack", "vstack", "equal", "index_select", "gather", "scatter", "take", "bincount"}
# What takes plain numbers, and lies on the CPU unless it is told.
FACTORIES = {"arange", "empty", "eye", "full", "linspace", "logspace", "ones", "rand", "randint", "randn", "randperm", "zeros"}


def on_card(tensor: Tensor) -> bool:
    """Whether a tensor lies on the emulated device."""
    while torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        tensor = torch._C._functorch.get_unwrapped(tensor)
    return hasattr(tensor.untyped_storage(), "on_card")


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
        if name == "__get__" and (answer := PROPERTIES.get(func)):
            return answer(*args[:1]) if on_card(args[0]) else func(*args, **kwargs)
        if name == "__set__":  # ``weight.data = …`` moves a weight
            return func(*args, **kwargs)
        if name in ("cpu", "cuda"):
            return _moved(args[0], CARD if name == "cuda" else torch.device("cpu"))
        if name == "to":
            return _moved(*args, **kwargs)
        if name in ("numpy", "__array__") and on_card(args[0]):
            self.fail(TypeError, NUMPY)
            return func(*args, **kwargs)

        wanted = None
        if kwargs.get("device") is not None and (where := torch.device(kwargs["device"])).type in ("cpu", "cuda"):
            wanted = where.type == "cuda"
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
        plain = {_memory(tensor) for tensor, mark in zip(operands, marks, strict=True) if not mark}
        found = func(*args, **kwargs)
        for tensor in _tensors(found):
            if wanted and not on_card(tensor):
                if _memory(tensor) in plain and name in ("tensor", "as_tensor"):  # it moves
                    return _moved(tensor, CARD)
                if _memory(tensor) not in plain:
                    tensor.untyped_storage().on_card = True
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
        if name.endswith("_") and not name.endswith("__") or name.startswith("__i"):
            if not marks[0]:
                return False
        if name in STRICT:
            return False
        widths = [tensor.ndim for tensor, mark in zip(operands, marks, strict=True) if not mark]
        return not any(widths)


PROPERTIES: dict[Any, Callable[[Tensor], Any]] = {
    Tensor.device.__get__: lambda tensor: CARD,
    Tensor.is_cuda.__get__: lambda tensor: True,
    Tensor.is_cpu.__get__: lambda tensor: False,
}


def _tensors(found: Any) -> Iterator[Tensor]:
    if isinstance(found, Tensor):
        yield found
    elif isinstance(found, dict):
        yield from _tensors(list(found.values()))
    elif isinstance(found, (tuple, list)):
        for one in found:
            yield from _tensors(one)


def _memory(tensor: Tensor) -> int:
    while torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        tensor = torch._C._functorch.get_unwrapped(tensor)
    return tensor.untyped_storage()._cdata


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
    if to_card != on_card(tensor) and _memory(found) == _memory(tensor):
        found = found.clone()
    if to_card and not on_card(found):
        found.untyped_storage().on_card = True
    return found
