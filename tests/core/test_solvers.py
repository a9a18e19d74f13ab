"""The closed forms are the minimisers they claim to be, and the null space is one."""

import math

import pytest
import torch
from torch.testing import assert_close

from alphaedit_lite import KeyStatistics, NullSpace, solvers

D_FF, D_MODEL, N, PAST = 40, 12, 5, 7


@pytest.fixture
def problem():
    g = torch.Generator().manual_seed(1)

    def draw(*shape):
        return torch.randn(*shape, generator=g, dtype=torch.float64)

    known = draw(25, D_FF)  # fewer known keys than dimensions: a true null space of dimension 15
    return {
        "known": known,
        "moment": known.T @ known / len(known),
        "full": (lambda x: x.T @ x / len(x))(draw(400, D_FF)),
        "keys": draw(N, D_FF),
        "history": draw(PAST, D_FF),
        "residual": draw(N, D_MODEL),
    }


def dense(keys, residual, prior, history):
    """Δ from the normal equations, in the papers' column convention, by a d_ff × d_ff solve."""
    k1, r = keys.T, residual.T
    system = prior + k1 @ k1.T + (history.T @ history if history is not None else 0)
    return torch.linalg.solve(system, (r @ k1.T).T).T


@pytest.mark.parametrize("with_history", [True, False])
def test_thin_solutions_are_the_normal_equations(problem, with_history):
    keys, residual = problem["keys"], problem["residual"]
    history = problem["history"] if with_history else None
    moment = problem["full"]
    ridge = residual.T @ solvers.ridge(keys, 0.7, history)
    assert_close(ridge, dense(keys, residual, 0.7 * torch.eye(D_FF, dtype=torch.float64), history))
    memit = residual.T @ solvers.memit(keys, moment, 3.0, history)
    assert_close(memit, dense(keys, residual, 3.0 * moment, history))


@pytest.mark.parametrize("with_history", [True, False])
def test_encore_and_projected_editors_are_the_normal_equations(problem, with_history):
    """Solved again inside range(P): the normal equations in U's coordinates."""
    keys, residual, moment = problem["keys"], problem["residual"], problem["full"]
    history = problem["history"] if with_history else None
    eye = torch.eye(D_FF, dtype=torch.float64)
    encore = residual.T @ solvers.encore(keys, moment, 3.0, 0.7, history)
    assert_close(encore, dense(keys, residual, 3.0 * moment + 0.7 * eye, history))
    space = NullSpace.fit(moment, 0.5, "energy")
    u = space.basis
    inner = None if history is None else history @ u
    for prior, gain in {
        "ridge": (0.7 * eye, solvers.ridge(keys, 0.7, history, space)),
        "memit": (3.0 * moment, solvers.memit(keys, moment, 3.0, history, space)),
        "encore": (3.0 * moment + 0.7 * eye, solvers.encore(keys, moment, 3.0, 0.7, history, space)),
    }.values():
        assert_close(residual.T @ gain, dense(keys @ u, residual, u.T @ prior @ u, inner) @ u.T)


@pytest.mark.parametrize("inside", [True, False])
def test_emmet_and_rome_meet_their_constraints_at_least_cost(problem, inside):
    """The Lagrange system: minimise tr(Δ C0 Δᵀ) such that Δ K1 = R (over Δ = ΔP, if projected)."""
    keys, residual, moment = problem["keys"], problem["residual"], problem["full"]
    space = NullSpace.fit(moment, 0.5, "energy") if inside else None
    u = space.basis if space else torch.eye(D_FF, dtype=torch.float64)
    for n, solve in ((N, solvers.emmet), (1, solvers.rome)):
        k, r = (keys[:n] @ u).T, residual[:n].T
        zero = torch.zeros(n, n, dtype=torch.float64)
        lagrange = torch.cat([torch.cat([u.T @ moment @ u, k], 1), torch.cat([k.T, zero], 1)])
        right = torch.cat([torch.zeros(u.shape[1], D_MODEL, dtype=torch.float64), r.T])
        wanted = torch.linalg.solve(lagrange, right)[: u.shape[1]].T @ u.T
        found = r @ solve(keys[:n], moment, space)
        assert_close(found, wanted)
        assert_close(keys[:n] @ found.T, residual[:n])
    near = residual.T @ solvers.memit(keys, moment, 1e-9)
    assert_close(near, residual.T @ solvers.emmet(keys, moment), atol=1e-6, rtol=1e-5)
    with pytest.raises(ValueError, match="one fact at a time, not 5"):
        solvers.rome(keys, moment)
    with pytest.raises(ValueError, match=r"Fact 5 of this batch .* mixed from earlier ones"):
        solvers.emmet(torch.cat([keys, keys[:1]]), moment)


def test_a_long_history_is_compressed_without_loss(problem):
    history = torch.randn(5 * D_FF, D_FF, dtype=torch.float64)
    keys, residual = problem["keys"], problem["residual"]
    found = residual.T @ solvers.ridge(keys, 0.7, history)
    assert_close(found, dense(keys, residual, 0.7 * torch.eye(D_FF, dtype=torch.float64), history))


def test_rect_keeps_the_largest_relative_changes(problem):
    delta, weight = torch.randn(6, 8), torch.randn(6, 8)
    kept = solvers.rect(delta, weight, 0.25)
    chosen = kept != 0
    assert int(chosen.sum()) == 12
    assert torch.equal(kept[chosen], delta[chosen])
    change = (delta / weight).abs()
    assert change[chosen].min() >= change[~chosen].max()
    assert torch.equal(solvers.rect(delta, weight, 1.0), delta)
    with pytest.raises(ValueError, match="share"):
        solvers.rect(delta, weight, 0.0)


def test_prune_damps_large_singular_values_only(problem):
    weight = torch.diag(torch.tensor([2.0, 1.0, 0.5])).double()
    turn = torch.linalg.qr(torch.randn(3, 3).double()).Q
    total = turn @ torch.diag(torch.tensor([20.0, 2.5, 1.5])).double() @ turn.T
    found = torch.linalg.svdvals(solvers.prune(total, weight))
    assert_close(found, torch.tensor([2 + math.log(10), 2 + math.log(1.25), 1.5]).double())
    assert_close(solvers.prune(total / 20, weight), total / 20)  # nothing is above: nothing changes
    assert_close(torch.linalg.svdvals(solvers.prune(total, weight, base=10.0))[0], torch.tensor(3.0).double())


@pytest.mark.parametrize("with_history", [True, False])
def test_alphaedit_is_the_papers_equation(problem, with_history):
    """Δ = R K1ᵀP (Kp KpᵀP + K1 K1ᵀP + λI)⁻¹, equation 14, as the authors solve it."""
    space = NullSpace.fit(problem["moment"], 1e-8)
    k1, kp, p = problem["keys"].T, problem["history"].T, space.projection
    system = k1 @ k1.T @ p + 0.7 * torch.eye(D_FF, dtype=torch.float64)
    if with_history:
        system = system + kp @ kp.T @ p
    paper = problem["residual"].T @ k1.T @ p @ torch.linalg.inv(system)
    ours = problem["residual"].T @ solvers.alphaedit(
        problem["keys"], space, 0.7, problem["history"] if with_history else None
    )
    assert_close(ours, paper)


@pytest.mark.parametrize("with_history", [True, False])
def test_alphaedit_is_the_minimum(problem, with_history):
    """Gradient descent on the objective itself, over Δ = Δ P, ends where the closed form is."""
    space = NullSpace.fit(problem["moment"], 1e-8)
    keys, residual = problem["keys"], problem["residual"]
    history = problem["history"] if with_history else keys[:0]
    x = torch.zeros(D_MODEL, D_FF, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([x], max_iter=500, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        delta = x @ space.projection
        value = (keys @ delta.T - residual).square().sum() + (history @ delta.T).square().sum()
        value = value + 0.7 * delta.square().sum()
        value.backward()
        return value

    optimiser.step(loss)
    ours = residual.T @ solvers.alphaedit(keys, space, 0.7, history if with_history else None)
    assert_close(ours, (x @ space.projection).detach(), atol=1e-6, rtol=1e-5)


def test_sequence_with_history_is_one_shot(problem):
    """With fixed keys, editing one by one with history equals solving once: each residual is what is left."""
    space = NullSpace.fit(problem["moment"], 1e-8)
    keys, residual = problem["keys"], problem["residual"]
    at_once = residual.T @ solvers.alphaedit(keys, space, 0.7)
    total = torch.zeros(D_MODEL, D_FF, dtype=torch.float64)
    forgetful = total.clone()
    for i in range(N):
        now = keys[i : i + 1]
        gain = solvers.alphaedit(now, space, 0.7, keys[:i] if i else None)
        total = total + (residual[i : i + 1] - now @ total.T).T @ gain
        gain = solvers.alphaedit(now, space, 0.7)
        forgetful = forgetful + (residual[i : i + 1] - now @ forgetful.T).T @ gain
    assert_close(total, at_once)
    assert (forgetful - at_once).norm() > 0.05 * at_once.norm()  # the control: history matters


def test_projection_is_one_and_the_write_leaves_known_keys_alone(problem):
    space = NullSpace.fit(problem["moment"], 1e-8)
    p = space.projection
    assert space.rank == D_FF - len(problem["known"])
    assert_close(p, p.T)
    assert_close(p @ p, p)
    assert space.leakage < 1e-12
    plain = problem["residual"].T @ solvers.ridge(problem["keys"], 0.7)
    kept = problem["residual"].T @ solvers.alphaedit(problem["keys"], space, 0.7)
    assert_close(space.project(plain), plain @ p)
    assert (problem["known"] @ kept.T).norm() < 1e-10 * kept.norm()
    assert (problem["known"] @ plain.T).norm() > 0.1 * plain.norm()  # the control


@pytest.mark.parametrize(("kind", "threshold"), [("absolute", 0.5), ("relative", 0.5), ("energy", 0.2)])
def test_leak_obeys_the_bound(problem, kind, threshold):
    moment = problem["full"]
    space = NullSpace.fit(moment, threshold, kind)
    assert_close(torch.trace(space.projection @ moment), torch.tensor(space.energy, dtype=torch.float64))
    assert_close(space.energy / float(moment.trace()), space.leakage)
    if kind == "energy":
        assert (
            space.leakage <= threshold < space.eigenvalues[: space.rank + 1].sum() / space.eigenvalues.sum()
        )
    delta = space.project(problem["residual"].T @ problem["keys"])
    leak = torch.trace(delta @ moment @ delta.T)
    assert leak <= space.threshold * delta.square().sum() * (1 + 1e-9)
    raw = problem["residual"].T @ problem["keys"]
    assert torch.trace(raw @ moment @ raw.T) > space.threshold * raw.square().sum()  # the control


def test_statistics_stream_merge_and_refuse(problem):
    keys = torch.randn(300, D_FF)
    whole, a, b = (KeyStatistics.empty(D_FF) for _ in range(3))
    whole.update(keys)
    for part in keys[:100].split(7):
        a.update(part)
    b.update(keys[100:])
    assert a.merge(b).count == 300
    assert_close(a.merge(b).second_moment, whole.second_moment, atol=1e-6, rtol=1e-6)
    assert_close(whole.second_moment.float(), keys.T @ keys / 300)
    with pytest.raises(ValueError, match="NaN"):
        whole.update(torch.full((2, D_FF), torch.nan))
    with pytest.raises(ValueError, match=r"\[n, 40\]"):
        whole.update(torch.ones(2, 3))
    with pytest.raises(ValueError, match="No keys"):
        _ = KeyStatistics.empty(D_FF).second_moment


@pytest.mark.parametrize(("threshold", "what"), [(1e-30, "no direction"), (1e9, "every direction")])
def test_useless_thresholds_are_refused(problem, threshold, what):
    with pytest.raises(ValueError, match=what):
        NullSpace.fit(problem["full"], threshold)


def test_bad_numbers_are_refused(problem):
    with pytest.raises(ValueError, match="kind"):
        NullSpace.fit(problem["full"], 0.1, "percent")
    with pytest.raises(ValueError, match="finite"):
        NullSpace.fit(problem["full"] * torch.nan)
    with pytest.raises(ValueError, match="lam must be positive, not 0"):
        solvers.ridge(problem["keys"], 0)
    with pytest.raises(ValueError, match="NaN"):
        solvers.ridge(problem["keys"] * torch.inf, 1.0)
    with pytest.raises(ValueError, match="singular"):
        solvers.memit(problem["keys"], problem["moment"] * 0, 1.0)
    with pytest.raises(ValueError, match="add lam"):
        solvers.memit(problem["keys"], problem["moment"], 1.0, None, NullSpace.fit(problem["moment"], 1e-8))
