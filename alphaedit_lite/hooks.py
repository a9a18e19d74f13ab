"""Look inside a model, and reach inside: one context manager.

    with hooked(inputs={lm.down_projection(5): lambda key: seen.append(key)}):
        lm.model(ids)

A function that returns None looks; one that returns a tensor replaces what it was given. Only calls from
the thread that has set the hooks are seen: a server may generate meanwhile, and is neither read nor changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from threading import get_ident

from torch import Tensor, nn

Look = Callable[[Tensor], Tensor | None]


@contextmanager
def hooked(
    inputs: Mapping[nn.Module, Look] | None = None,
    outputs: Mapping[nn.Module, Look] | None = None,
    first: bool = False,
) -> Iterator[None]:
    """Show the first input, or the (first) output, of some modules to functions while the block runs.

    The hooks are removed however the block ends.

    Args:
        first: look at inputs before hooks that were set earlier do.

    Raises:
        RuntimeError: a hook never fired, so nothing was seen or changed where something should have been.
    """
    silent: set[nn.Module] = {*(inputs or {}), *(outputs or {})}
    here = get_ident()

    def on_input(module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict] | None:
        if get_ident() != here:
            return None
        silent.discard(module)
        if args:
            new = (inputs or {})[module](args[0])
            return None if new is None else ((new, *args[1:]), kwargs)
        new = (inputs or {})[module](kwargs["hidden_states"])  # blocks are called by keyword in some versions
        return None if new is None else (args, {**kwargs, "hidden_states": new})

    def on_output(module: nn.Module, _args: tuple, output: Tensor | tuple) -> Tensor | tuple | None:
        if get_ident() != here:
            return None
        silent.discard(module)
        if isinstance(output, tuple):  # blocks return tuples in older versions, tensors in newer ones
            new = (outputs or {})[module](output[0])
            return None if new is None else (new, *output[1:])
        return (outputs or {})[module](output)

    with ExitStack() as stack:
        for module in inputs or {}:
            stack.callback(module.register_forward_pre_hook(on_input, prepend=first, with_kwargs=True).remove)
        for module in outputs or {}:
            stack.callback(module.register_forward_hook(on_output).remove)
        yield
    if silent:
        names = ", ".join(sorted(type(module).__name__ for module in silent))
        raise RuntimeError(f"{len(silent)} hooked module(s) never ran inside the block: {names}.")
