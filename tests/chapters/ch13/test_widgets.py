"""Chapter 13: its widget works without a front end, its pairs are paired, its trial takes all back."""

import math

import pytest
import torch

from alphaedit_lite import Fact, compute_targets
from alphaedit_lite.book.ch13 import figures as draw
from alphaedit_lite.book.ch13.experiments import AFTER, INSIDE, METRICS, Pairs, Trial, listed
from alphaedit_lite.book.ch13.reference import solver
from alphaedit_lite.book.ch13.widgets import SlowProjectionWidget, softened, strength_figure
from alphaedit_lite.book.kit.fronts import WITH_P
from alphaedit_lite.book.kit.layer import OneLayer, known_change
from alphaedit_lite.book.kit.probes import COLUMNS


@pytest.fixture
def layer():
    torch.manual_seed(13)
    mix = torch.randn(16, 16).double() * torch.logspace(-2, 0.5, 16).double()[:, None]
    K0, K1 = mix @ torch.randn(16, 400).double(), mix @ torch.randn(16, 4).double()
    C0 = K0 @ K0.T / 400
    return OneLayer(K1, torch.randn(7, 4).double(), C0, C0, torch.randn(7, 16))


@pytest.fixture
def gains(layer):
    C0 = layer.moments["known"]
    return {"ridge": solver(layer.K1, 0.5 * torch.eye(16).double()), "EMMET": solver(layer.K1, C0, slack=0.0)}


def test_rome_cannot_gain_and_turning_it_down_is_cheaper(layer):
    C0 = layer.moments["known"]
    one = OneLayer(layer.K1[:, :1], layer.R[:, :1], C0, C0, torch.eye(16))
    rome = solver(one.K1, C0, slack=0.0)
    plain = one.judge(rome)
    for leak in (0.05, 0.3, 0.6):
        for alpha in (0.2, 0.5, 1.0):
            row = one.judge(softened(rome, one.basis(leak), alpha))
            assert row["known"] >= plain["known"] * row["share"] / plain["share"] - 1e-9


def test_p_slowly_turned_on_runs_from_none_to_all(layer, gains):
    U = layer.basis(0.3)
    assert torch.allclose(softened(gains["ridge"], U, 0.0), gains["ridge"])
    assert torch.allclose(softened(gains["ridge"], U, 1.0), gains["ridge"] @ U @ U.T)


def test_the_sliders_redraw(layer, gains):
    widget, said = SlowProjectionWidget(layer, gains), []
    for alpha, leak in ((0.5, 0.28), (0.25, 0.28), (1.0, 0.28), (1.0, 0.05)):
        widget.alpha.value, widget.leak.value = alpha, leak
        (output,) = widget.output.outputs
        assert "image/png" in output["data"]
        said.append(output["data"]["text/plain"])
        assert said[-1] == strength_figure(layer, gains, leak, alpha)[1]  # as the static twin
    assert len(set(said)) == 4


def study():
    """A small file of the sweep: P takes one fact in four away from MEMIT, and gives ridge one."""

    def row(editor, knob, way, named, perplexity):
        scores = {name: named if name == "efficacy_top1" else [1.0] * 40 for name in COLUMNS}
        names = {"editor": editor, "knob": knob, "projected": way}
        return {**names, "scores": scores, "perplexity": perplexity, "update": 0.1, "seconds": 1.0}

    half, most, few = [0.0, 1.0] * 20, [1.0, 1.0, 1.0, 0.0] * 10, [0.0, 0.0, 0.0, 1.0] * 10
    rows = [
        row("MEMIT", f"c = {c:g}", "without P", v, p) for c, v, p in ((300, most, 12.0), (4000, few, 10.2))
    ]
    rows += [row("MEMIT", "c = 1000", way, few if way == AFTER else half, 11.0) for way in WITH_P]
    rows.append(row("ridge with history", "λ = 0.8", "without P", half, 13.0))
    rows.append(row("AlphaEdit", "λ = 0.8", INSIDE, [1.0, 1.0, 0.0, 1.0] * 10, 12.0))  # half, and one more
    unedited = {"perplexity": 10.0, "scores": {name: [0.0] * 40 for name in COLUMNS}}
    return {"rows": rows, "unedited": unedited}


def test_pairs_are_compared_fact_by_fact():
    pairs = Pairs(study())
    assert pairs.names == ["ridge with history", "MEMIT"]
    assert pairs.with_P == [("ridge with history", INSIDE), ("MEMIT", AFTER), ("MEMIT", INSIDE)]
    assert pairs.gain("MEMIT", AFTER).mean == pytest.approx(-0.25)
    assert pairs.gain("MEMIT", INSIDE) == (0.0, 0.0, 0.0, 40)  # the same facts: no noise at all
    gains = pairs.gains()
    assert len(gains) == 3 * len(METRICS)
    assert listed(gains, "efficacy_top1", -1) == "MEMIT (P afterwards, −25.0)"
    assert listed(gains, "efficacy_top1", 1) == "ridge with history (solved inside, +25.0)"
    assert listed(gains, "specificity", 1) == "nobody"
    assert "perplexity up by 20.0% instead of 30.0%" in pairs.told("ridge with history", INSIDE)
    assert "−25.0" in pairs.quoted().loc[("MEMIT", AFTER), "named first"]


def test_beside_the_knob_at_the_same_harm():
    pairs = Pairs(study())
    left = pairs.left_over("MEMIT", INSIDE)  # at the rise of c = 1000 itself
    assert left is not None
    assert left.mean == pytest.approx(0.0)
    assert pairs.left_over("ridge with history", INSIDE) is None  # one setting is no line
    assert pairs.quoted(left=True).loc[("ridge with history", INSIDE), "named first"] == "out of reach"
    assert set(pairs.leftovers().editor) == {"MEMIT"}


def test_beside_the_knob_at_the_same_score():
    pairs = Pairs(study())
    assert pairs.at_equal("ridge with history", INSIDE, "efficacy_top1", "efficacy_top1") is None  # no line
    assert pairs.at_equal("MEMIT", INSIDE, "specificity", "efficacy_top1") is None  # a score without a slope
    same = pairs.at_equal("MEMIT", INSIDE, "efficacy_top1", "efficacy_top1")
    assert same is not None
    assert same.mean == pytest.approx(0.0)
    assert same.n == 40


def test_the_figures_say_their_numbers(layer, gains):
    import pandas as pd

    pairs = Pairs(study())
    assert "MEMIT, P afterwards, named first −25.0" in draw.gains_figure(pairs)[1]
    lines = ["MEMIT", "an editor without rows"]
    said = draw.knobs_figure(pairs, {"all": (pairs.names, lines), "none": ([], lines)})[1]
    assert "MEMIT, P afterwards: 25% named first, rise 10.0%" in said
    assert "AlphaEdit" not in said
    table = pd.DataFrame(
        {
            "leak": [0.1, 0.3],
            "rank": [0.3, 0.6],
            "least": 0.2,
            "share": 0.4,
            "most": 0.5,
            "harm": 2.0,
            "size": 3.0,
        }
    )
    said = draw.leaks_figure(table, "facts", 0.28)[1]
    assert "leak 10%: 40% left of the write (30% of the directions)" in said
    walk = pd.DataFrame({"rule": "Adam", "steps": [1, 2], "known": [0.0, 0.1], "error": [1.0, 0.5]})
    assert "error 0.50 after 2 steps" in draw.descent_figure(walk)[1]
    points = {name: layer.judge(gain) for name, gain in gains.items()}
    alt = draw.plane_figure({name: {"without P": row} for name, row in points.items()})[1]
    assert f"ridge: without P {points['ridge']['share']:.0%} written" in alt


def test_a_trial_writes_asks_and_takes_back(lm):
    facts = [
        Fact("The capital of {} is", name, "Rome", true="Paris", paraphrases=(f"{name} has the capital",),
             neighbours=(("The capital of Spain is", "Madrid"),))
        for name in ("Italy", "India")
    ]  # fmt: skip
    from tests.helpers import editor_for

    model = editor_for(lm, solver="memit")
    z = compute_targets(lm, facts, model.layers[-1], progress=False).z
    trial = Trial(lm, facts, z, model.layers, model.statistics)
    before = [lm.weight(i).clone() for i in range(lm.n_layers)]
    seen = []

    def own(i, K1):
        seen.append((i, tuple(K1.shape)))
        return solver(K1, trial.statistics[i].second_moment + torch.eye(lm.d_ff), slack=0.0)

    ask, edits = trial.ask, []
    trial.ask = lambda edit=None: edits.append(edit) or ask(edit)
    row = trial.run(own)
    assert row["written"] == pytest.approx(1.0, abs=1e-3)
    each = [
        known_change(edits[0].delta(i), trial.statistics[i].second_moment, lm.ledger.original(i))
        for i in model.layers
    ]
    assert row["known"] == pytest.approx(math.sqrt(sum(x**2 for x in each) / len(each)))
    assert seen == [(i, (lm.d_ff, 2)) for i in model.layers]
    assert all(torch.equal(w, lm.weight(i)) for i, w in enumerate(before))
    unedited = trial.ask()
    assert unedited["written"] == unedited["known"] == 0
    assert not math.isnan(unedited["p(new)"])
