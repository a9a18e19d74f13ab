"""Checks of chapter 10, "Hundreds of edits". Keys are columns here, as in the formulas."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ..kit.exercises import close, exercise, expect, randn, several
from .reference import forgetting, front, on_paper, paired, write_and_remember

D, M = 12, 5  # entries of a key, and of an answer


@exercise("10.1", reference=write_and_remember)
def check_write(answer: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]) -> None:
    half = randn(D, D)
    A = half @ half.T / D + 0.3 * torch.eye(D, dtype=torch.float64)
    K1, R = randn(D, 3), randn(M, 3)
    kept = A.clone()
    delta, S = several(answer(A, K1, R), "Δ", "the new S")
    expect(
        torch.equal(A, kept),
        "the S that was handed in has changed: `S += …` writes into the caller's matrix. Write S = S + ….",
    )
    expect(
        delta.shape == (M, D) and S.shape == (D, D),
        f"Δ should be d_model × d = {M} × {D} and S d × d = {D} × {D}, not {list(delta.shape)} and {list(S.shape)}.",
    )
    expect(
        not close(delta @ A, R @ K1.T),
        "Δ S_old = R K1ᵀ: the new keys themselves are missing in the bracket. Add them to S first, then solve.",
    )
    expect(
        not close(S, A),
        "the S that you return is the one that came in: this editor forgets what it has written. Add K1 K1ᵀ.",
    )
    expect(
        close(S, A + K1 @ K1.T),
        "the new S is not S + K1 K1ᵀ. (Keys are columns: K1 K1ᵀ is d × d, K1ᵀ K1 is n × n.)",
    )
    expect(
        close(delta @ S, R @ K1.T),
        "Δ is not R K1ᵀ S⁻¹. torch.linalg.solve(S, Y) is S⁻¹Y, with the inverse on the left, and S is symmetric: "
        "solve for K1, and transpose.",
    )
    W, sizes = randn(M, D), (3, 1, 4)
    K, V = randn(D, sum(sizes)), randn(M, sum(sizes))
    at_once = W + (V - W @ K) @ torch.linalg.solve(A + K @ K.T, K).T
    now, S = W, A
    for keys, values in zip(K.split(sizes, 1), V.split(sizes, 1), strict=True):
        delta, S = answer(S, keys, values - now @ keys)
        now = now + delta
    expect(
        close(now, at_once),
        "three batches one after another do not end where the one write of all facts does. Each step must divide "
        "by *all* keys so far, and by each of them once.",
    )


@exercise("10.2", reference=on_paper)
def check_on_paper(answer: Callable[[float, float, float], tuple[float, float, float]]) -> None:
    for lam in (0.0, 0.7):
        s, rho = 0.5 + float(torch.rand(1)), 0.2 + 0.5 * float(torch.rand(1))
        k1, other = (
            torch.eye(D, dtype=torch.float64)[:, :1] * math.sqrt(s),
            torch.eye(D, dtype=torch.float64)[:, 1:2],
        )
        k2 = rho * k1 + math.sqrt(s * (1 - rho**2)) * other
        r1, r2 = torch.eye(M, dtype=torch.float64)[:, :1], torch.eye(M, dtype=torch.float64)[:, 1:2]
        first = r1 @ k1.T / (s + lam)
        both = first + (r2 - first @ k2) @ k2.T / (s + lam)
        left, added, many = answer(s, rho, lam)
        a = s / (s + lam)
        right_left, right_added = float((r1.T @ both @ k1).squeeze()), float((r2.T @ both @ k1).squeeze())
        expect(
            abs(left - a) > 1e-9,
            "this is what stands after fact 1 alone, s/(s + λ). Fact 2 asks for r2 *instead of* what its key gets "
            "already, Δ1 k2, and so takes some of r1 away again.",
        )
        expect(
            abs(left - a * (1 - a * rho)) > 1e-9,
            "one factor ρ is missing: it enters when Δ1 meets k2, and once more when Δ2 meets k1.",
        )
        expect(
            lam == 0 or abs(left - (1 - rho**2)) > 1e-9,
            "this is right for λ = 0 only. With a λ, each write falls short by the factor a = s/(s + λ).",
        )
        expect(abs(left - right_left) < 1e-8, f"of r1, {right_left:.4f} is left at k1, not {left:.4f}.")
        expect(
            abs(added - right_added**2) > 1e-8, "this is the square of the length. The length is asked for."
        )
        expect(
            abs(added - right_added) < 1e-8,
            f"fact 2 leaves {right_added:.4f} of r2 at k1, not {added:.4f}: Δ2 k1 has the factor k2ᵀk1/(s + λ).",
        )
        expect(
            abs(many - 1 / rho) > 1e-6,
            "m such changes in random directions add up like a walk with turns: their length is √m · ρ, not m · ρ.",
        )
        expect(
            abs(many - 1 / rho**2) < 1e-6,
            f"with λ = 0, m changes of length ρ in random directions have the length √m · ρ. When is that 1? Not at "
            f"m = {many:.2f}.",
        )


@exercise("10.3", reference=forgetting)
def check_forgetting(answer: Callable[[Tensor], tuple[float, float]]) -> None:
    T = 5
    scores = (0.5 + 0.5 * torch.rand(T, T, dtype=torch.float64)).triu()
    scores[0, 1:] -= 0.3
    scores = scores.masked_fill(torch.ones(T, T).tril(-1).bool(), math.nan)
    average, change = map(float, answer(scores))
    now, fresh = scores[:, -1], scores.diagonal()
    expect(
        not math.isnan(average) and not math.isnan(change),
        "NaN: you have averaged over places where a cohort was not written yet. The end is the last *column*.",
    )
    expect(
        abs(average - float(now.mean())) < 1e-9,
        f"the mean over cohorts at the end is {float(now.mean()):.3f}, not {average:.3f}: the last column.",
    )
    right = float((now - fresh)[:-1].mean())
    expect(
        abs(change + right) > 1e-9,
        "the sign is turned: forgetting should come out *negative*, now minus then.",
    )
    expect(
        abs(change - float((now - fresh).mean())) > 1e-9,
        "the newest cohort is counted: it has had no time to be forgotten. Leave it out of the mean.",
    )
    best = scores.nan_to_num(-1).amax(1)
    expect(
        abs(change - float((now - best)[:-1].mean())) > 1e-9 or bool((best == fresh)[:-1].all()),
        "you have compared with the *best* score that a cohort ever had. Compare with the one when it was written: "
        "the diagonal.",
    )
    expect(
        abs(change - right) < 1e-9,
        f"the mean change of the {T - 1} older cohorts is {right:.3f}, not {change:.3f}: last column minus diagonal.",
    )


@exercise("10.4", reference=paired)
def check_paired(answer: Callable[[Tensor, Tensor], tuple[float, float, float]]) -> None:
    n = 300
    hard = torch.rand(n)
    a, b = (hard < 0.75).double(), (hard < 0.68).double()
    a[0], b[0], a[1], b[1] = 0.0, 1.0, 1.0, 0.0
    mean, low, high = map(float, answer(a, b))
    expect(abs(mean + float((a - b).mean())) > 1e-9, "the sign is turned: a minus b.")
    expect(abs(mean - float((a - b).mean())) < 1e-9, f"the mean difference is {float((a - b).mean()):.4f}.")
    width, right = high - low, 2 * 1.96 * float((a - b).std()) / math.sqrt(n)
    apart = 2 * 1.96 * math.sqrt(float(a.var() + b.var()) / n)
    expect(
        width > 1e-9,
        "low and high are equal: draw facts *with* replacement (torch.randint), not all of them once.",
    )
    expect(
        abs(width / apart - 1) > 0.2,
        "the interval is too wide: a and b were drawn apart, each with its own rows. Draw the fact *once* and take "
        "both scores of it: what makes a fact hard for both then cancels.",
    )
    expect(
        width < 3 * right,
        "the interval is much too wide: is it one of single differences? Take quantiles of the resampled means.",
    )
    expect(low < mean < high, f"the mean, {mean:.3f}, must lie between low, {low:.3f}, and high, {high:.3f}.")
    expect(
        0.8 < width / right < 1.25,
        f"the interval should be about {right:.3f} wide, not {width:.3f}. 95% leaves 2.5% on *each* side.",
    )


@exercise("10.5", reference=front)
def check_front(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    harm = 0.3 + 0.7 * torch.rand(30)
    gain = harm.sqrt() + 0.1 * torch.rand(30)
    harm[:4], gain[:4] = torch.full((4,), 0.2), torch.tensor([0.4, 0.4, 0.3, 0.1])  # a twin; ties
    harm[4], gain[4] = 0.1, 0.1  # beats the fourth by harm alone
    right = front(harm, gain)
    found = answer(harm, gain)
    expect(
        isinstance(found, Tensor) and found.shape == harm.shape and found.dtype == torch.bool,
        "return a tensor of True and False, one for each point.",
    )
    expect(
        not bool((found == front(-harm, -gain)).all()),
        "this is the *worst* front. Gain should be large, and harm small.",
    )
    expect(
        not bool((found == front(-harm, gain)).all()),
        "harm should be *small*: less of it is better. You have taken large harm for good.",
    )
    twins = (
        "of two equal points neither beats the other, and no point beats itself. To beat needs *better* in one of "
        "the two, not only as good."
    )
    expect(bool(found.any()), f"no point is left: {twins}")
    missed = int((right & ~found)[2:].sum())
    expect(
        missed == 0,
        f"{missed} points of the front are missing. A point is off the front only if *one* other point is as good in "
        "both and better in one; best in nothing is no crime.",
    )
    expect(bool(found[:2].all()), twins)
    expect(
        not bool(found[2]),
        "a point with the same harm and less gain is beaten: as good in one and better in the other is enough.",
    )
    extra = int((found & ~right).sum())
    expect(extra == 0, f"{extra} points are beaten by another one, and yet on your front.")
