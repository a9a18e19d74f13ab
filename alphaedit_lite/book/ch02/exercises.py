"""Checks of chapter 02, Feed-forward layers are key-value memories."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..kit.exercises import exercise, expect, randn, refuse
from .reference import contributions, feed_forward_share, gated_key, needed_factor, selectivity


def close(a: Tensor | float, b: Tensor | float) -> bool:
    a, b = torch.as_tensor(a).double(), torch.as_tensor(b).double()
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-4, atol=1e-6)


@exercise("02.1", reference=feed_forward_share)
def check_share(answer: Callable) -> None:
    for _ in range(5):
        d, kv = int(torch.randint(64, 4096, ())), float(torch.rand(()) * 0.8 + 0.1)
        wide = int(d * (1.5 + 3 * torch.rand(())))
        value = float(answer(d, wide, kv))
        memories, attention = 3 * d * wide, 2 * d * d * (1 + kv)
        mistakes = {
            "this is feed-forward divided by attention. "
            "A share is a part divided by the *whole*.": memories / attention,
            "this is the share of attention; "
            "asked is that of the feed-forward half.": attention / (memories + attention),
            "you counted two feed-forward matrices. The gated form has three: "
            "gate, up and down.": 2 * d * wide / (2 * d * wide + attention),
            "you counted four full attention matrices. Two of them (the attention's own keys and values) "
            "have only kv_share · d_model rows.": memories / (memories + 4 * d * d),
        }  # fmt: skip
        refuse(value, mistakes, close)
        expect(
            close(value, feed_forward_share(d, wide, kv)),
            "this is not the share. Feed-forward: three matrices of d_model × d_ff. Attention: two of "
            "d_model × d_model, two of kv_share · d_model × d_model.",
        )


@exercise("02.2", reference=gated_key)
def check_gated_key(answer: Callable) -> None:
    x, gate, up = torch.randn(5, 8), torch.randn(12, 8), torch.randn(12, 8)
    k = answer(x, gate, up)
    expect(
        tuple(k.shape) == (5, 12),
        f"the keys of 5 tokens in a layer with 12 neurons are 5 × 12, not {' × '.join(map(str, k.shape))}.",
    )
    a, b = x @ gate.T, x @ up.T
    mistakes = {
        "gate and up are exchanged: SiLU goes around the gate's part, x @ gate.T.": gated_key(x, up, gate),
        "the up part is missing: without it, a coefficient could hardly be negative.": F.silu(a),
        "this is the sigmoid of the gate. SiLU multiplies it by its input: "
        "silu(a) = a · sigmoid(a).": a.sigmoid() * b,
        "SiLU stands around the whole product. It belongs around the gate's part only.": F.silu(a * b),
    }
    refuse(k, mistakes, close)
    expect(
        close(answer(x, gate, -up), -k),
        "with −up in the place of up, every coefficient must change its sign: nothing may be wrapped "
        "around the up part.",
    )
    expect(
        close(k, gated_key(x, gate, up)),
        "these are not silu(gate x) · (up x). Is the product taken entry by entry, with *?",
    )


@exercise("02.3", reference=selectivity)
def check_selectivity(answer: Callable) -> None:
    units = torch.tensor([1.0, 50.0, 0.02, 3.0, 1.0, 2.0]).double()  # so that a quiet neuron survives "+ 3"
    rest = torch.randn(400, 6).double() * units + torch.tensor([0.0, 5.0, 1.0, 0.0, -4.0, 1.0])
    pattern = rest[:30] + units * torch.tensor([0.0, 3.0, 6.0, -5.0, 0.0, 1.0])
    s = answer(pattern, rest)
    expect(
        tuple(s.shape) == (6,),
        f"one number for each of 6 neurons is wanted, not a shape of {list(s.shape)}. Tokens are rows: take "
        "mean and std along dimension 0.",
    )
    expect(
        not close(answer(7 * pattern, 7 * rest), 7 * s),
        "a neuron whose coefficients are 7 times as large gets 7 times the score, so neurons that are merely "
        "loud win. Divide by a standard deviation.",
    )
    expect(
        close(answer(pattern + 3, rest + 3), s),
        "adding 3 to all coefficients of a neuron must not change its score: subtract the mean of `rest`.",
    )
    expect(
        close(answer(-pattern, -rest), -s),
        "a neuron that becomes *negative* at the pattern must get a negative score: leave the sign in.",
    )
    spread = pattern + 3 * (pattern - pattern.mean(0))  # the same means, another spread at the pattern
    expect(
        close(answer(spread, rest), s),
        "you divide by the standard deviation at the *pattern*. Those are few tokens; the yardstick is how "
        "far the neuron usually strays: the standard deviation of `rest`.",
    )
    expect(
        torch.allclose(s, selectivity(pattern, rest), rtol=0.02, atol=1e-4),
        "the score is not (mean at the pattern − mean of the rest) / (standard deviation of the rest).",
    )


@exercise("02.4", reference=contributions)
def check_contributions(answer: Callable) -> None:
    key, weight, r = randn(12), randn(8, 12), randn(8)
    out = torch.as_tensor(answer(key, weight, r))
    total = r @ (weight @ key)
    expect(
        out.ndim > 0 or not close(out, total),
        "this is the sum over all neurons. Keep the summands: one number for each neuron.",
    )
    expect(
        tuple(out.shape) == (12,),
        f"one number for each of 12 neurons is wanted, not a shape of {list(out.shape)}.",
    )
    expect(
        not close(out, r @ weight),
        "this says what each value would add at a coefficient of 1. Multiply by the coefficients, key.",
    )
    expect(
        bool((out < 0).any()) or bool((contributions(key, weight, r) >= 0).all()),
        "your contributions are never negative, but memories can also speak against a token: leave the "
        "sign in.",
    )
    expect(
        close(out.sum(), total),
        "the contributions do not add up to direction · (W key): the sum of the parts must be the whole.",
    )
    other = weight.clone()
    other[:, 4] += 1
    moved = (answer(key, other, r) - out).abs() > 1e-6
    expect(
        moved.nonzero().flatten().tolist() == [4],
        "when only the value of neuron 4 changes, only its own contribution may. Values are *columns* of W.",
    )


@exercise("02.5", reference=needed_factor)
def check_factor(answer: Callable) -> None:
    for _ in range(5):
        gap, c = (
            float(torch.rand(()) * 4 + 0.5),
            float(torch.rand(()) + 0.2) * (-1) ** int(torch.randint(2, ())),
        )
        f = float(answer(gap, c))
        mistakes = {
            "this is what must come *on top*. The neuron already contributes once: "
            "1 changes nothing.": gap / c,
            "the sign is turned: with this factor the gap doubles. A contribution of c, times (factor − 1), "
            "must equal +gap.": 1 - gap / c,
        }  # fmt: skip
        refuse(f, mistakes, close)
        expect(
            close(c * (f - 1), gap),
            "at your factor f the contribution changes by (f − 1) · c, and that is not the gap.",
        )
