"""Who has wrapped which model: a second wrapper would take weights that hold edits for unedited ones."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

# Not noted on the model itself: what it carries travels with its copies and pickles.
_WRAPPERS: WeakSet[Any] = WeakSet()


def register(lm: Any) -> None:
    """Note that ``lm`` has wrapped its model.

    Raises:
        RuntimeError: the model holds edits of another wrapper, which could still take them out.
    """
    for other in list(_WRAPPERS):  # another thread may add to them
        ledger = vars(other).get("ledger")  # there is none while it is being made
        shared = ledger is None or ledger is vars(lm).get("ledger")  # by copy.copy
        if shared or not any(_same(other, lm, layer) for layer in ledger.layers):
            continue
        try:
            ledger.check_held()
        except RuntimeError:  # written over since: nobody can take them out any more
            continue
        raise RuntimeError(
            f"This model holds {len(ledger.edits)} edits of another LanguageModel that wrapped it before: it "
            "would be taken for unedited. Use that one, or revert them there (lm.ledger.clear()); to go on "
            "from the edited weights, wrap a copy: LanguageModel(copy.deepcopy(model), tokenizer)."
        )
    _WRAPPERS.add(lm)


def _same(one: Any, other: Any, layer: int) -> bool:
    """Whether two models have a memory matrix in common: of one model, its shallow copy, or another head."""
    return layer < other.n_layers and one.weight(layer).data_ptr() == other.weight(layer).data_ptr()
