"""How far the keys that a history remembers are from those that the facts have now."""

import torch

from alphaedit_lite import Fact
from alphaedit_lite.book.ch10.study_drift import drift
from tests.helpers import editor_for

FACTS = [Fact("The capital of {} is", name, "Rome", true="Paris") for name in ("Italy", "India", "Asia")]


def test_keys_drift_above_the_lowest_edited_layer_only(lm):
    """Nothing is written below the first edited layer, so its keys cannot move; those above do."""
    editor = editor_for(lm, passes=1)  # a second pass moves the keys that the first has read
    edits = [editor.edit([fact]) for fact in FACTS]
    for edit in reversed(edits):
        edit.revert()
    before = [lm.weight(i).clone() for i in range(lm.n_layers)]
    found = drift(lm, edits)
    assert all(torch.equal(a, lm.weight(i)) for i, a in enumerate(before))
    lowest, *above = (found[str(layer)] for layer in sorted(edits[0].keys))
    assert lowest < 1e-3
    assert all(value > 0.01 for value in above)
    # Read layer by layer while the batch is written: the keys of the last batch are still true.
    assert all(value < 1e-3 for value in drift(lm, edits[:1]).values())
