"""Checks of chapter 5, "Writing one fact". Keys are columns in its formulas; here they are plain vectors."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..kit.exercises import exercise, expect, near, randn, refuse
from .reference import clamp, damage, gain, objective, tangent


def close(a: Tensor | float, b: Tensor | float) -> bool:
    a, b = torch.as_tensor(a).double(), torch.as_tensor(b).double()
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-5, atol=1e-8)


def moment(d: int) -> Tensor:
    """A second moment, [d, d], of keys that use some directions much and others little."""
    keys = randn(8 * d, d) * torch.logspace(-1, 1, d, dtype=torch.float64)
    turn = torch.linalg.qr(randn(d, d)).Q
    return turn @ (keys.T @ keys / len(keys)) @ turn.T


@exercise("05.1", reference=objective)
def check_objective(answer: Callable[..., Tensor]) -> None:
    for _ in range(3):
        log_p = F.log_softmax(2 * randn(5, 9), -1)
        ids = torch.randint(0, 9, (5,))
        now, before = F.log_softmax(3 * randn(2, 9), -1)
        h = 2 * randn(7)
        delta = torch.randn(7, dtype=torch.float64, requires_grad=True)
        nll = -log_p[range(5), ids].mean()
        kl, turned = (now.exp() * (now - before)).sum(), (before.exp() * (before - now)).sum()
        decay = 0.5 * delta.norm() / h.norm() ** 2
        loss = answer(log_p, ids, now, before, delta, h)
        expect(
            isinstance(loss, Tensor) and loss.ndim == 0,
            "the loss should be one number, a tensor without dimensions: take the mean over the tokens.",
        )
        expect(
            loss.requires_grad,
            "no gradient can flow from this loss to δ: leave it a tensor, without float().",
        )
        rest, two = 0.0625 * kl + decay, nll + 0.0625 * kl
        mistakes = {
            "the sign of the first term is turned: "
            "a *small* loss should mean a large log-probability.": rest - nll,
            "this is KL(before ‖ now). "
            "In KL(now ‖ before) the probabilities of *now* are the weights.": nll + 0.0625 * turned + decay,
            "the KL term has a weight of 0.0625.": nll + kl + decay,
            "the norm of h is squared in the last term.": two + 0.5 * delta.norm() / h.norm(),
            "the norm of δ is *not* squared in the last term; only that of h is.": two + decay * delta.norm(),
            "the first term is a sum over the tokens: take the mean.": 5 * nll + rest,
            "the first term uses probabilities: take their logarithms, "
            "which is what log_p holds already.": rest - log_p[range(5), ids].exp().mean(),
            "log_p[:, ids] pairs every row with every id. Row i belongs to ids[i] only: "
            "log_p[range(len(ids)), ids].": rest - log_p[:, ids].mean(),
        }  # fmt: skip
        refuse(loss, mistakes, close)
        expect(
            close(loss, nll + rest),
            "the loss is not (5.1). Try each term alone: with now = before the second is zero, with δ = 0 the third.",
        )


@exercise("05.2", reference=clamp)
def check_clamp(answer: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    h = randn(20)
    short, long = 0.1 * h.flip(0), 5 * randn(20)
    expect(
        close(answer(short, h, 0.5), short),
        "a δ that is short enough was changed. Only what is too long is cut; do not stretch what is short.",
    )
    cut = answer(long, h, 0.5)
    expect(
        tuple(cut.shape) == (20,) and close(F.cosine_similarity(cut, long, dim=0), 1.0),
        "the direction of δ has changed. Cut the *length*, not entry by entry: multiply all of δ by one number.",
    )
    expect(
        not close(cut.norm(), 0.5),
        "the limit does not depend on h: it is factor · ‖h‖, since blocks differ in the size of their outputs.",
    )
    expect(
        close(cut.norm(), 0.5 * h.norm()),
        f"‖δ‖ is {float(cut.norm() / h.norm()):.2f} ‖h‖ after a clamp to 0.5.",
    )
    zero = torch.zeros_like(h)
    expect(close(answer(zero, h, 0.5), zero), "δ = 0, where the descent begins, should stay 0.")


@exercise("05.3", reference=tangent)
def check_tangent(answer: Callable[[float, float, float, float], tuple[float, float]]) -> None:
    for _ in range(4):
        a, b = (0.3 + 4 * torch.rand(2)).double().tolist()
        p, q = (torch.randn(2).double().sign() * (0.3 + torch.rand(2).double())).tolist()
        x, y = map(float, answer(a, b, p, q))
        expect(
            not close(p * x + q * y, p * p / a + q * q / b) or close(p * p / a + q * q / b, 1.0),
            "the direction is right, but p x + q y is not 1. What is μ? Put x = μ p/a and y = μ q/b into the condition.",
        )
        shortest, other = torch.tensor([p, q]) / (p * p + q * q), torch.tensor([a * p, b * q])
        mistakes = {
            "this is the shortest (x, y) on the line. It ignores a and b: it is right for a circle, a = b, "
            "only.": shortest,
            "you have multiplied by a and b. From a x = μ p follows x = μ p / a: expensive directions are "
            "used *less*.": other / (a * p * p + b * q * q),
        }
        refuse(torch.tensor([x, y]), mistakes, close)
        expect(abs(p * x + q * y - 1) < 1e-8, f"p x + q y should be 1; it is {p * x + q * y:.4f}.")
        t = torch.linspace(-3, 3, 6001, dtype=torch.float64)  # walk along the line, both ways
        cost = a * (x - t * q) ** 2 + b * (y + t * p) ** 2
        best = float(t[cost.argmin()])
        expect(
            abs(best) < 2e-3,
            f"your point lies on the line, but {abs(best):.2f} further along it a x² + b y² is smaller.",
        )


@exercise("05.4", reference=gain)
def check_gain(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    d = 12
    C0, k = moment(d), randn(d)
    g = answer(k, C0)
    expect(tuple(g.shape) == (d,), f"g should have {d} entries, as the key has, not {list(g.shape)}.")
    u = torch.linalg.solve(C0, k)
    mistakes = {
        "this is the plain write of chapter 4, which knows no C0: it moves the key exactly, and everybody "
        "else at random.": k / (k @ k),
        "you have multiplied by C0. "
        "It is the *inverse* that avoids the directions which text uses most.": C0 @ k / (k @ C0 @ k),
        "gᵀk is not 1: divide by kᵀC0⁻¹k.": u,
        "g has length 1, but gᵀk is not 1, so Δk is not r. "
        "Divide by kᵀC0⁻¹k instead of the norm.": u / u.norm(),
        "gᵀk is not 1: you have divided by kᵀk. Divide by kᵀC0⁻¹k.": u / (k @ k),
    }  # fmt: skip
    refuse(g, mistakes, close)
    expect(abs(float(g @ k) - 1) < 1e-8, f"gᵀk should be 1, so that Δk = r; it is {float(g @ k):.4f}.")
    for _ in range(20):
        n = randn(d)
        n -= k * (n @ k) / (k @ k)  # does not touch the key
        expect(
            abs(float(g @ C0 @ n)) < 1e-7 * float(n.norm() * g.norm() * C0.norm()),
            "gᵀk is 1, but some other g costs less. At the minimum C0 g is a multiple of k.",
        )


@exercise("05.5", reference=damage)
def check_damage(answer: Callable[[Tensor, Tensor, Tensor], float]) -> None:
    for d in (8, 15):
        C0, k, r = moment(d), randn(d), 2 * randn(6)
        delta = torch.outer(r, gain(k, C0))
        true = float((delta @ C0 @ delta.T).trace())
        value, g, s = float(answer(r, k, C0)), gain(k, C0), k @ torch.linalg.solve(C0, k)
        mistakes = {
            "this is the root of it. The mean *squared* change is asked for.": true**0.5,
            "‖r‖ must be squared: Δ k₀ = r (gᵀk₀), and ‖Δ k₀‖² = ‖r‖² (gᵀk₀)².": r.norm() / s,
            "this is ‖Δ‖², the size of the update. The mean of (gᵀk₀)² is gᵀC0 g, not gᵀg.": r @ r * (g @ g),
            "upside down: kᵀC0⁻¹k stands below. "
            "An unusual key, for which it is large, is *cheap*.": r @ r * s,
        }  # fmt: skip
        refuse(value, mistakes, near, within=1e-9)
        expect(
            abs(value - true) < 1e-7 * true,
            f"the mean of ‖Δ k₀‖² is {true:.4f} here, your formula says {value:.4f}. Begin with gᵀC0 g.",
        )
