"""The check of exercise 13.5, descent inside the null space: by three rules, one of which leaves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from ..kit.exercises import close, exercise, expect, randn
from .exercises import D, M, N, free
from .reference import Adam, Momentum, Rule, descend, eye


def plain(K1: Tensor, R: Tensor, rule: Rule, steps: int) -> Tensor:
    """Descent without any P."""
    return descend(K1, R, eye(len(K1)), rule, steps)


@exercise("13.5", reference=descend)
def check_descend(answer: Callable[..., Tensor]) -> None:
    (U, K0), K1, R = free(), randn(D, N), randn(M, N)
    P, slow = U @ U.T, 0.2 / float(K1.square().sum())
    for name, rule in (
        ("gradient descent", lambda: Momentum(slow)),
        ("momentum", lambda: Momentum(slow, 0.5)),
        ("Adam", Adam),
    ):
        made = rule()
        calls: list[int] = []

        def counting(gradient: Tensor, made: Any = made, calls: list[int] = calls) -> Tensor:
            calls.append(1)
            expect(
                tuple(gradient.shape) == (M, D), f"a gradient has the shape of Δ, {M} × {D}: 2(ΔK1 − R)K1ᵀ."
            )
            return made(gradient)

        delta = answer(K1, R, P, counting, 40)
        expect(
            isinstance(delta, Tensor) and tuple(delta.shape) == (M, D),
            f"return Δ, d_model × d_ff = {M} × {D}.",
        )
        expect(
            len(calls) == 40,
            f"the rule should be asked once in each of the 40 steps, not {len(calls)} times.",
        )
        expect(not close(delta, plain(K1, R, rule(), 40)), "there is no P in your descent: ΔK0 is not zero.")
        expect(
            not close(delta, plain(K1, R, rule(), 40) @ P),
            "the descent itself knows no P, and P comes once, at the end. Known answers are safe, but the descent "
            "believed in a Δ that P then cut down: that is “afterwards” again. Project in every step.",
        )
        expect(
            name != "Adam" or bool((delta @ K0).norm() < 1e-6 * (1e-9 + delta.norm() * K0.norm())),
            "with plain descent you stay in the null space, with Adam you leave it. Adam divides *entry by entry*, "
            "which mixes nothing and keeps no subspace: whatever you project before the rule, it comes out outside. "
            "Project the step that the rule returns.",
        )
        expect(
            bool((delta @ K0).norm() < 1e-6 * (1e-9 + delta.norm() * K0.norm())),
            f"ΔK0 is not zero with {name}. P belongs to the right of the step: step @ P.",
        )
        error = float((delta @ K1 - R).norm() / R.norm())
        expect(
            error < 1,
            "the error grows: the rule's step goes downhill already (it has its minus sign inside), so *add* it.",
        )
        expect(
            close(delta, descend(K1, R, P, rule(), 40))
            or close(delta, descend(K1, R, P, _projected(rule(), P), 40)),
            "Δ stays inside, but takes another way than descent on ‖ΔK1 − R‖². The gradient is 2(ΔK1 − R)K1ᵀ, at "
            "the Δ of this step, and Δ starts at zero.",
        )


def _projected(rule: Rule, P: Tensor) -> Rule:
    return lambda gradient: rule(gradient @ P)


# -- 13.6 -----------------------------------------------------------------------------------------------
