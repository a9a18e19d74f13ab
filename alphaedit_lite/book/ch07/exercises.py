"""Checks of chapter 7, "The space nobody uses". Keys are columns here, as in the formulas."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ..kit.exercises import close, exercise, expect, near, randn, refuse
from .reference import diagnose, extend, on_paper, projection, size_of_write, threshold_for

BROKEN = ("symmetric", "idempotent", "annihilates", "dimension")


def draw_keys(d: int = 12, n: int = 40, rank: int = 7) -> Tensor:
    """Random keys of a given rank, [d, n], with a mean far from zero."""
    return randn(d, rank) @ (randn(rank, n) + 0.7)


@exercise("07.1", reference=projection)
def check_projection(answer: Callable[..., Tensor]) -> None:
    K0 = draw_keys()
    d = K0.shape[0]
    P = answer(K0)
    expect(
        tuple(P.shape) == (d, d),
        f"P should be d × d = {d} × {d}. Did you write UᵀU, which is the identity, instead of U Uᵀ?",
    )
    expect(
        not close(P @ K0, K0),
        "P maps every key to itself: did you keep the range (large eigenvalues) instead of the null space?",
    )
    expect(
        close(P, P.T), "P is not symmetric. A product U Uᵀ always is: did you forget the transposed factor?"
    )
    expect(
        close(P @ P, P),
        "P P is not P. The columns of U must be orthonormal, with nothing multiplied in between: did the "
        "eigenvalues get into the product?",
    )
    expect(
        close(P @ K0, 0.0), "P K0 is not zero. eigh returns the eigenvectors as columns: did you select rows?"
    )
    expect(
        abs(float(P.trace()) - 5) < 1e-6,
        "P annihilates the keys but is too small: keep *all* such directions.",
    )
    noisy = draw_keys() + 0.02 * randn(12, 40)
    above_noise = 3 * float(torch.linalg.eigvalsh(noisy @ noisy.T / 40)[4])
    expect(
        abs(float(answer(noisy, above_noise).trace()) - 5) < 1e-6,
        "with a threshold, the number of directions is wrong. The threshold is compared with eigenvalues of "
        "K0 K0ᵀ / N, the mean over the keys: did you divide by N?",
    )


@exercise("07.2", reference=on_paper)
def check_on_paper(answer: Callable[[int, int], tuple[float, float, float]]) -> None:
    for d, rank in ((12, 7), (30, 4)):
        P = projection(draw_keys(d, 60, rank))
        trace, norm, share = answer(d, rank)
        expect(
            abs(trace - rank) > 1e-6 or 2 * rank == d,
            "the trace that you give is that of I − P. The keys fill `rank` dimensions; P keeps the others.",
        )
        expect(
            abs(trace - float(P.trace())) < 1e-6,
            "the trace is not right. It is the sum of the eigenvalues, and those of P are ones and zeros: "
            "how many are ones?",
        )
        expect(
            abs(norm - trace) > 1e-6,
            "this is ‖P‖² and not ‖P‖: take the root. (‖P‖² = tr(PᵀP) = tr(P P) = tr P.)",
        )
        expect(
            abs(norm - float(P.norm())) < 1e-6,
            "‖P‖ is not right: begin with ‖P‖² = tr(PᵀP), and use PᵀP = P.",
        )
        x = randn(d, 20_000)
        kept = float((P @ x).square().sum() / x.square().sum())
        expect(
            abs(share - math.sqrt(kept)) > 0.02,
            "this is the share of the length. The share of the *squared* length is asked for.",
        )
        expect(
            abs(share - kept) < 0.02,
            "the share of a random vector's squared length is not right: each direction carries the same, "
            "1/d of it, and P keeps d − rank of them.",
        )


@exercise("07.3", reference=diagnose)
def check_diagnose(answer: Callable[[Tensor, Tensor], list[str]]) -> None:
    K0 = draw_keys()
    P, eye = projection(K0), torch.eye(12, dtype=torch.float64)
    found = answer(P, K0)
    expect(
        not isinstance(found, str) and set(found) <= set(BROKEN),
        f"return a list with some of the names {', '.join(BROKEN)}.",
    )
    expect(
        not found,
        f"a right P is reported as broken ({', '.join(found)}). In floating point nothing is exactly zero: "
        "compare with a tolerance, as torch.allclose does.",
    )
    side = randn(12, 7)  # a projection along the wrong directions
    oblique = eye - K0[:, :7] @ torch.linalg.solve(side.T @ K0[:, :7], side.T)
    small = torch.outer(u := torch.linalg.eigh(P)[1][:, -1], u)
    cases = (
        (
            oblique,
            {"symmetric"},
            "an oblique projection, which is not symmetric but is idempotent and annihilates K0",
        ),
        (eye, {"annihilates", "dimension"}, "the identity, which lets everything through"),
        (
            eye - P,
            {"annihilates", "dimension"},
            "I − P, the projection onto the range: test P K0, not only P",
        ),
        (0.5 * P, {"idempotent", "dimension"}, "P / 2, which is not idempotent"),
        (
            0 * P,
            {"dimension"},
            "the zero matrix: it has the other three properties, so look at its trace, too",
        ),
        (small, {"dimension"}, "a P that keeps one direction only: the null space has d − rank(K0) of them"),
    )
    for wrong, broken, what in cases:
        told = set(answer(wrong, K0))
        missed, extra = ", ".join(sorted(broken - told)), ", ".join(sorted(told - broken))
        expect(told >= broken, f"not seen: {missed}. The matrix was {what}.")
        expect(told <= broken, f"reported without need: {extra}. The matrix was {what}.")


@exercise("07.4", reference=threshold_for)
def check_threshold(answer: Callable[[Tensor, float], float]) -> None:
    for share in (0.05, 0.2, 0.5):
        values = torch.exp(2 * randn(400)).sort().values
        total, tau = values.sum(), float(answer(values, share))
        expect(tau > 0 and math.isfinite(tau), f"a threshold must be a positive number, not {tau}.")
        rank = int((values < tau).sum())
        leak = float(values[:rank].sum() / total)
        expect(
            abs(rank / 400 - share) > 0.004,
            f"your threshold keeps {share:.0%} of the *directions*; they carry {leak:.1%} of the energy. The "
            "share of the energy is wanted: a sum of eigenvalues.",
        )
        one_less = float(values[: max(rank - 1, 0)].sum() / total)
        expect(
            not leak > share >= one_less,
            f"one direction too many: {leak:.2%} leak, at most {share:.0%} may. The kept eigenvalues are those "
            "strictly below the threshold.",
        )
        expect(
            leak <= share,
            f"{leak:.1%} of the energy leaks; at most {share:.0%} may. Sum from the smallest eigenvalue upwards.",
        )
        more = float(values[: rank + 1].sum() / total)
        expect(
            more > share,
            f"only {leak:.2%} leaks; you may keep more directions, up to {share:.0%}. Is your threshold a share "
            "of the mean or of the largest eigenvalue, instead of an eigenvalue found by summing?",
        )


@exercise("07.5", reference=extend)
def check_extend(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    d, K0 = 16, draw_keys(16, 40, 8)
    values, vectors = torch.linalg.eigh(K0 @ K0.T / 40)
    U = vectors[:, values < 1e-10]
    K = randn(d, 3)
    new = answer(U, K)
    expect(
        new.ndim == 2 and new.shape[0] == d,
        f"return a basis as columns, [d, …]: d = {d}, not {list(new.shape)}.",
    )
    expect(
        close(new.T @ K0, 0.0),
        "the new basis sees the *old* keys again. Stay inside the span of U: every new vector is U times something.",
    )
    expect(
        close(new.T @ K, 0.0),
        "the new basis still sees the new keys. Which combinations of the columns of U do not: U c with Kᵀ U c = 0?",
    )
    expect(
        close(new.T @ new, torch.eye(new.shape[1], dtype=torch.float64)),
        "the columns are not orthonormal any more, so U Uᵀ would not be a projection. Combine the columns of U "
        "by orthonormal vectors, as eigh returns them.",
    )
    expect(
        new.shape[1] == 5, f"{new.shape[1]} directions are left, but three keys cost at most three of eight."
    )
    known = K0 @ randn(40, 2)
    expect(
        answer(U, known).shape[1] == 8,
        "keys inside the span of the old ones cost directions: they should cost none, since U does not see "
        "them. Count zeros with a tolerance, not columns of K.",
    )


@exercise("07.6", reference=size_of_write)
def check_size(answer: Callable[[Tensor, Tensor, Tensor], float]) -> None:
    K0 = draw_keys()
    P = projection(K0)
    for _ in range(3):
        r, k = randn(6), 2 * randn(12)
        size, door = float(answer(r, k, P)), P @ k
        least = torch.linalg.lstsq(
            door[None, :], r[None, :], driver="gelsd"
        ).solution.T  # least ‖Δ‖ with Δ (P k) = r
        mistakes = {
            "this is the size without P. The key arrives through P: Δ P k = Δ (P k).": r.norm() / k.norm(),
            "you have divided by ‖Pk‖². "
            "Δ = r (Pk)ᵀ / ‖Pk‖², but ‖r (Pk)ᵀ‖ = ‖r‖ ‖Pk‖.": r.norm() / door.norm() ** 2,
        }  # fmt: skip
        refuse(size, mistakes, near, within=1e-8)
        expect(
            abs(size - float(least.norm())) < 1e-8,
            f"the smallest Δ that does it has norm {float(least.norm()):.4f}, not {size:.4f}.",
        )
