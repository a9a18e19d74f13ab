"""Corrections for many tests, against p values worked out by hand; copies of an editor are counted once."""

import pytest

from alphaedit_lite.book.ch13.experiments import AFTER, INSIDE, Pairs
from alphaedit_lite.book.ch13.results import Counted, counted, survivors
from alphaedit_lite.book.kit.probes import COLUMNS


@pytest.mark.parametrize(
    ("p", "fdr", "holm"),
    [
        ([0.01, 0.02, 0.03, 0.5], 3, 1),  # against 0.0125, 0.025, 0.0375; and 0.0125, 0.0167, …
        ([0.5, 0.03, 0.02, 0.01], 3, 1),  # the order does not matter
        ([0.04, 0.045, 0.05], 3, 0),  # the last alone passes, and takes the others with it
        ([0.001, 0.002], 2, 2),
        ([1.0, 0.9], 0, 0),
        ([], 0, 0),
    ],
)
def test_survivors(p, fdr, holm):
    assert survivors(p) == (fdr, holm)


def study(**without):
    """MEMIT with one fact in four lost by P afterwards, none inside; PRUNE, by default, its copy."""

    def row(editor, knob, way, named):
        scores = {name: named if name == "efficacy_top1" else [1.0] * 40 for name in COLUMNS}
        names = {"editor": editor, "knob": knob, "projected": way}
        return {**names, "scores": scores, "perplexity": 11.0, "update": 0.1, "seconds": 1.0}

    all_right, less = [1.0] * 40, [1.0, 1.0, 1.0, 0.0] * 10
    named = {"without P": all_right, AFTER: less, INSIDE: all_right}
    rows = [row("MEMIT", "c = 1000", way, scores) for way, scores in named.items()]
    rows += [row("PRUNE", "base 2.7", way, without.get("prune", scores)) for way, scores in named.items()]
    unedited = {"perplexity": 10.0, "scores": {name: [0.0] * 40 for name in COLUMNS}}
    return {"rows": rows, "unedited": unedited}


def test_copies_are_counted_once():
    assert counted(Pairs(study())) == Counted(distinct=8, sure=1, fdr=1, holm=1)
    assert counted(Pairs(study(prune=[0.0] * 40))) == Counted(distinct=16, sure=1, fdr=1, holm=1)
