"""The search for z: what its steps are, and what it may never do."""

import dataclasses
import json

import pytest
import torch
from torch.testing import assert_close

from alphaedit_lite import EditorConfig, Fact, TargetConfig, compute_targets, solvers, targets
from alphaedit_lite.factkeys import FactPrompts
from alphaedit_lite.support.leastnorm import LeastNorm, shortened
from tests.helpers import LAYERS, editor_for, same, weights

WIDE = TargetConfig(steps=8, clamp=4.0, nll_enough=6.0, weight_decay=0.0)  # what tiny random models can reach


def draw(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def linear_problem(seed=0, n=3, equations=4, d=10, reach=1e9):
    """A(x) = b for n facts, from x = 0: A [n, equations, d], b [n, equations], the rule, and everybody."""
    start = torch.zeros(n, d, dtype=torch.float64)
    rule = LeastNorm(start, equations, torch.full((n,), reach, dtype=torch.float64))
    return draw(seed, n, equations, d), draw(seed + 1, n, equations), rule, torch.arange(n)


def test_a_step_is_the_write_of_a_ridge_editor():
    """δ = r G with the gain G of ridge regression, in which the slopes are the keys."""
    A, b, rule, every = linear_problem()
    x = rule.next(every, torch.ones(3, dtype=torch.bool), torch.zeros(3, 10).double(), b, A)
    for i in range(3):
        lam = rule.DAMPING * float((A[i] @ A[i].T).diagonal().mean())
        assert_close(x[i], b[i] @ solvers.ridge(A[i], lam))


def test_steps_meet_linear_wishes_and_are_the_shortest_that_do():
    A, b, rule, every = linear_problem()
    x = torch.zeros(3, 10).double()
    for _ in range(30):
        missing = b - (A @ x[..., None])[..., 0]
        x = rule.next(every, torch.ones(3, dtype=torch.bool), x, missing, A)
    assert_close(x, (torch.linalg.pinv(A) @ b[..., None])[..., 0], atol=1e-8, rtol=1e-8)


def test_no_step_is_longer_than_its_reach_and_a_worse_one_is_taken_back():
    A, b, rule, every = linear_problem(reach=0.01)
    start, good = torch.zeros(3, 10).double(), torch.ones(3, dtype=torch.bool)
    first = rule.next(every, good, start, b, A)
    assert_close(first.norm(dim=1), torch.full((3,), 0.01).double())
    mixed = torch.tensor([True, False, True])
    second = rule.next(every, mixed, first, 7 * b, 7 * A)
    assert_close(second[1], 0.4 * first[1])  # from the start again, by what was known there
    assert_close((second - first).norm(dim=1)[mixed], torch.full((2,), 0.015).double())
    only = rule.next(every[1:2], good[:1], second[1:2], b[1:2], A[1:2])  # the others have left
    assert_close((only - second[1:2]).norm(), torch.tensor(0.006).double())


def test_facts_are_searched_together_as_one_at_a_time(lm, facts):
    """Also when some leave the batch before the others."""
    together = compute_targets(lm, facts, 3, WIDE, progress=False)
    apart = compute_targets(lm, facts, 3, dataclasses.replace(WIDE, batch_size=1), progress=False)
    assert together.steps.tolist() == apart.steps.tolist()
    assert_close(together.z, apart.z, atol=1e-3, rtol=1e-3)
    assert_close(together.nll, apart.nll, atol=1e-3, rtol=1e-3)
    assert (together.nll < compute_targets(lm, facts, 3, NONE, progress=False).nll).all()


NONE = TargetConfig(steps=2, clamp=1e-9)


def test_delta_stays_inside_the_ball(lm, facts):
    tight = dataclasses.replace(WIDE, clamp=0.3)
    found = compute_targets(lm, facts, 3, tight, progress=False)
    share = (found.z - found.h).norm(dim=1) / found.h.norm(dim=1)
    assert (share <= 0.3 * 1.0001).all()
    assert share.max() > 0.29  # the bound was met, and told
    assert found.clamped.tolist() == (share > 0.2998).tolist()


@pytest.mark.parametrize("reach", [0.25, 40.0])
def test_the_search_returns_nothing_worse_than_its_start(lm, facts, monkeypatch, reach):
    """Even if its steps lead astray: too long ones raise the loss, and are taken back."""
    monkeypatch.setattr(targets, "REACH", reach)
    start = compute_targets(lm, facts, 3, NONE, progress=False).nll
    reached = [start]
    for steps in (2, 3, 5, 8):
        config = dataclasses.replace(
            WIDE, clamp=100.0, steps=steps, kl=0.0, weight_decay=0.0, early_stop=False
        )
        reached.append(compute_targets(lm, facts, 3, config, progress=False).nll)
        assert (reached[-1] <= reached[-2] + 1e-4).all()
    assert (reached[-1] < start - 1e-3).all()


@pytest.mark.parametrize("kl", [0.0, 4.0])
def test_the_next_word_after_the_subject_is_one_of_the_wishes(lm, facts, monkeypatch, kl):
    """Its KL is 0 and flat at δ = 0; afterwards it is to be 0 again, with the weight √kl."""
    asked = []

    class Heard(LeastNorm):
        def next(self, facts, better, delta, missing, slopes):
            asked.append((missing[:, -1], slopes[:, -1].norm(dim=1)))
            return super().next(facts, better, delta, missing, slopes)

    monkeypatch.setattr(targets, "LeastNorm", Heard)
    compute_targets(lm, facts, 3, dataclasses.replace(WIDE, kl=kl, steps=3, early_stop=False), progress=False)
    (start, flat), (then, steep) = asked
    assert start.abs().max() < 1e-5
    assert flat.max() < 1e-3 * max(1.0, float(steep.max()))
    assert ((then < 0) == (kl > 0)).all()
    assert ((steep > 0) == (kl > 0)).all()


def test_shortened_vectors_keep_their_direction():
    vectors = draw(0, 5, 7)
    short = shortened(vectors, torch.tensor([0.1, 1e9, 0.0, 2.0, 1.0]).double())
    assert_close(torch.cosine_similarity(short[[0, 3]], vectors[[0, 3]]), torch.ones(2).double())
    assert_close(short[1], vectors[1])
    assert short[2].norm() == 0
    assert_close(shortened(torch.zeros(1, 3), torch.ones(1)), torch.zeros(1, 3))


def test_edits_saved_before_there_was_a_choice_keep_their_meaning():
    config = EditorConfig(layers=(1, 2), passes=3, targets=TargetConfig(steps=7))
    settings = json.loads(json.dumps(dataclasses.asdict(config)))
    assert EditorConfig.from_settings(settings) == config
    del settings["passes"], settings["targets"]["search"]
    old = EditorConfig.from_settings(settings)
    assert (old.passes, old.targets.search, old.targets.steps) == (1, "adam", 7)
    for model in ("gpt2-xl", "qwen2.5-7b"):
        published = EditorConfig.faithful(model)
        assert (published.passes, published.targets.search) == (1, "adam")


@pytest.mark.parametrize("solver", ["alphaedit", "memit"])
def test_a_second_pass_writes_what_a_new_search_on_the_written_model_asks(lm, facts, solver):
    """One layer: the residual is the first pass's plus z − h on the model that holds it; one gain."""
    before = weights(lm)
    options = {"solver": solver, "layers": (3,), "targets": WIDE, "lam": 0.3, "weight": 1.0}
    once = editor_for(lm, passes=1, **options).edit(facts)
    again = compute_targets(lm, facts, 3, WIDE, progress=False)
    with torch.no_grad():
        h = FactPrompts(lm, facts, ("",), 3).look(3, 3)[1]
    once.revert()
    assert (again.z - h).norm() > 1e-3 * h.norm()
    twice = editor_for(lm, passes=2, **options).edit(facts)
    assert torch.equal(twice.gain[3], once.gain[3])
    assert torch.equal(twice.keys[3], once.keys[3])
    assert_close(twice.residual[3], once.residual[3] + again.z - h, atol=1e-4, rtol=1e-4)
    assert twice.notes["named"] == again.named.tolist()
    # The weights hold the edit as it is saved, bit for bit, not the passes one after the other.
    written = lm.weight(3).clone()
    twice.revert()
    assert same(weights(lm), before)
    twice.apply(lm)
    assert torch.equal(lm.weight(3), written)
    twice.revert()


def test_given_targets_are_written_once(lm, facts):
    z = compute_targets(lm, facts, 3, WIDE, progress=False).z
    once = editor_for(lm, passes=1).edit(facts, z)
    once.revert()
    twice = editor_for(lm, passes=2).edit(facts, z)
    for layer in LAYERS:
        assert torch.equal(twice.delta(layer), once.delta(layer))


def test_targets_know_their_facts(lm, facts):
    """Each fact gets its own z, in whatever order and company it is written; another's is refused."""
    found = compute_targets(lm, facts, 3, WIDE, progress=False)
    found = dataclasses.replace(found, named=torch.tensor([True, False, False]))
    editor, before = editor_for(lm), weights(lm)

    def written(some, z):
        (edit := editor.edit(some, z)).revert()
        return edit

    for rows in ([0, 1, 2], [2, 0, 1], [1], [2, 0]):
        some = [facts[i] for i in rows]
        edit, wanted = written(some, found), written(some, found.z[rows])  # a tensor is taken as it is
        assert edit.notes["named"] == [i == 0 for i in rows]
        assert all(torch.equal(edit.delta(layer), wanted.delta(layer)) for layer in LAYERS)
    more = dataclasses.replace(facts[1], paraphrases=("Italy has the capital",))  # written just the same
    assert torch.equal(written([more], found).delta(3), written(facts[1:2], found).delta(3))
    elsewhere = Fact("The {} of Italy is", "capital", facts[1].new)  # the same prompt: z is the subject's
    for other in (dataclasses.replace(facts[1], new="Japan"), elsewhere):
        with pytest.raises(ValueError, match=rf"hold none for 'The capital of Italy is' -> '{other.new}'"):
            editor.edit([facts[0], other], found)
    cut = dataclasses.replace(found, z=found.z[1:])
    with pytest.raises(ValueError, match="are of 3 facts, but hold 2 rows: give them whole"):
        editor.edit(facts[1:], cut)
    assert same(weights(lm), before)
    old = dataclasses.replace(found, facts=())  # of a version that did not note them
    assert torch.equal(written(facts, old).delta(3), written(facts, found.z).delta(3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TargetConfig(search="newton"), "least-norm, adam, not 'newton'"),
        (lambda: EditorConfig(passes=0), "passes must be at least 1, not 0"),
    ],
)
def test_what_there_is_not_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


QUESTIONS = [
    Fact("{} is located in the country of", "Lower Assam", "Romania", true="India"),
    Fact("What is the capital of {}?", "France", "Rome", true="Paris"),
    Fact("The Eiffel Tower, in {}, is located in the city of", "France", "Rome, in Italy", true="Paris"),
]


@pytest.mark.model
def test_real_objects_are_found_in_fewer_evaluations_than_adam_takes(smollm):
    found = compute_targets(smollm, QUESTIONS, 7, progress=False)
    adam = compute_targets(smollm, QUESTIONS, 7, TargetConfig(search="adam", clamp=1.0), progress=False)
    assert found.named.all()
    assert (found.nll < TargetConfig().nll_enough).all()
    assert (found.steps < adam.steps).all()
    assert int(found.steps.median()) <= 8
