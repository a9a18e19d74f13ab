"""What a sweep measures of a write: the size of all that is written, and the model back as it was."""

import pytest
import torch

from alphaedit_lite import Edit, Fact
from alphaedit_lite.book.kit import probes


@pytest.fixture
def two(lm):
    """Two edits at random in layer 1, of which the second also changes layer 2."""
    shape = lm.weight(1).shape
    return [
        Edit((), lm.fingerprint, {}, dense={layer: 0.01 * torch.randn(shape) for layer in layers})
        for layers in ((1,), (1, 2))
    ]


def test_updates_are_sums_of_edits_as_shares_of_the_first_weights(lm, two):
    first = {layer: lm.weight(layer).clone() for layer in range(lm.n_layers)}
    assert probes.updates(lm) == {}
    for edit in two:
        edit.apply(lm)
    now = {i: float((lm.weight(i) - W).norm() / W.norm()) for i, W in first.items() if i in (1, 2)}
    found = probes.updates(lm)
    lm.ledger.clear()
    assert found == pytest.approx(now, rel=1e-3)


def test_what_is_measured_is_taken_back(lm, two, monkeypatch):
    before = [lm.weight(i).clone() for i in range(lm.n_layers)]
    held = []
    monkeypatch.setattr(
        probes, "judge", lambda lm, facts: held.append(len(lm.ledger.edits)) or {"scores": {}}
    )

    def write():
        for edit in two:
            edit.apply(lm)
        held.append(probes.updates(lm))
        return {"left": 3}

    row = probes.measured(lm, [], write)
    assert (row["left"], row["scores"], held[1]) == (3, {}, 2)  # judged while both edits were in
    assert row["update"] == pytest.approx(sum(held[0].values()) / 2, abs=1e-4)
    assert row["seconds"] >= 0
    monkeypatch.setattr(probes, "judge", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        probes.measured(lm, [], write)
    assert not lm.ledger.edits
    assert all(torch.equal(a, lm.weight(i)) for i, a in enumerate(before))


def test_fewer_questions_are_the_first_ones():
    fact = Fact("{} is in", "Rome", " Italy", paraphrases=("a", "b"), neighbours=(("c", "d"), ("e", "f")))
    (few,) = probes.fewer([fact], 1, 0)
    assert (few.paraphrases, few.neighbours, few.new) == (("a",), (), " Italy")
