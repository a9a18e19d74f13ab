"""One layer under the microscope.

K1, R = keys_and_residuals(lm, facts, z, 7)    # of the facts at one layer: columns
layer = OneLayer(K1, R, C0, unseen, W)                     # columns, as in the formulas
layer.judge(gain)                                          # what a write with this gain does there
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...factkeys import FactPrompts
from ...facts import Fact
from ...models import LanguageModel
from ...prompts import PREFIXES

Thin = Callable[[Tensor, Tensor, float], Tensor]


def keys_and_residuals(
    lm: LanguageModel, facts: Sequence[Fact], z: Tensor, layer: int
) -> tuple[Tensor, Tensor]:
    """K1, [d_ff, n], and R = z − h, [d_model, n], of facts at one layer: columns, float64, on the
    CPU, where statistics are.
    """
    with lm.frozen(), torch.no_grad():
        keys, output = FactPrompts(lm, facts, PREFIXES, layer).look(layer, layer)
    return keys.cpu().double().T, (z.to(output) - output).cpu().double().T


def answers(matrix: Tensor, moment: Tensor) -> float:
    """Root mean square of ‖A k‖ over keys with this second moment C, [d_ff, d_ff]: √tr(A C Aᵀ)."""
    return math.sqrt(max(0.0, float(((matrix @ moment) * matrix).sum())))


def known_change(delta: Tensor, moment: Tensor, weight: Tensor) -> float:
    """The change of known answers ‖Δ k0‖ / ‖W k0‖, each a root mean square over keys with this second moment.

    Args:
        delta, weight: Δ and the unedited W, [d_model, d_ff].  moment: C0, [d_ff, d_ff], float64.
    """
    return answers(delta.to(moment), moment) / answers(weight.to(moment), moment)


class OneLayer:
    """n facts to be written into one layer, and what a write does there. Keys are columns, float64.

    Args:
        K1, R: keys, [d_ff, n], and residuals, [d_model, n], of the new facts.
        known, unseen: second moments, [d_ff, d_ff], of the keys behind P, and of keys never seen.
        W: the memory matrix, [d_model, d_ff].

    Attributes:
        values, V: eigenvalues, ascending, and eigenvectors of ``known``.
    """

    def __init__(self, K1: Tensor, R: Tensor, known: Tensor, unseen: Tensor, W: Tensor) -> None:
        self.K1, self.R, self.moments = K1, R, {"known": known, "unseen": unseen.to(known)}
        self.values, self.V = torch.linalg.eigh(known)
        self.values, self.W = self.values.clamp_min(0), W.to(known)
        self.short = torch.linalg.qr(R, mode="r").R  # Δ = R G is as long as this times G, for every key
        self.size = float(self.W.norm())
        self.answers = {name: answers(self.W, C) for name, C in self.moments.items()}

    def judge(self, gain: Tensor) -> dict[str, float]:
        """What Δ = R G does, for a gain G, [n, d_ff]. Root mean squares over keys:

        ``share`` of the residuals written, ``update`` ‖Δ‖/‖W‖, ``ratio`` ‖Δk0‖/‖Δ‖ and ``known``
        ‖Δk0‖/‖Wk0‖ for keys of the text behind P; ``unseen ratio`` and ``unseen`` for other text.
        """
        delta = self.short @ gain
        size, written = float(delta.norm()), float(((delta @ self.K1) * self.short).sum())
        row = {"share": written / float(self.short.square().sum()), "update": size / self.size}
        for name, moment in self.moments.items():
            change = answers(delta, moment)
            row["ratio" if name == "known" else "unseen ratio"] = change / size
            row[name] = change / self.answers[name]
        return row

    def with_penalty(self, penalty: Tensor) -> Tensor:
        """The gain for a prior A that is diagonal in the eigenvectors of ``known``: its diagonal, [d_ff]."""
        M1 = self.V @ ((self.V.T @ self.K1) / penalty[:, None])  # A⁻¹ K1
        eye = torch.eye(self.K1.shape[1], dtype=M1.dtype)
        return torch.linalg.solve(eye + self.K1.T @ M1, M1.T)

    def weight_for(self, share: float, gram: Tensor) -> float:
        """The weight w with which (w I + gram)⁻¹ writes this share of the residuals; by halving.

        Args:
            gram: [n, n]: K1ᵀPK1 for AlphaEdit (then w is λ), K1ᵀC0⁻¹K1 for MEMIT (then w is c).
        """
        values, axes = torch.linalg.eigh((gram + gram.T) / 2)
        parts = (self.R @ axes).square().sum(0)
        low, high = 1e-9 * float(values[-1]), 1e6 * float(values[-1])
        for _ in range(80):
            middle = math.sqrt(low * high)
            written = float((parts * values / (middle + values)).sum() / parts.sum())
            low, high = (middle, high) if written > share else (low, middle)
        return low

    def basis(self, leak: float) -> Tensor:
        """U: the weakest directions, carrying at most this share of the energy; all of them for 1."""
        carried = self.values.cumsum(0) / self.values.sum()
        return self.V[:, : max(1, int((carried <= leak + 1e-9).sum()))]

    def at_share(self, thin: Thin, U: Tensor, share: float) -> dict[str, float]:
        """``judge`` of thin(K1, U, λ), with the λ that writes this share of the residuals."""
        shadows = U.T @ self.K1
        lam = self.weight_for(share, shadows.T @ shadows)
        return {"weight": lam, **self.judge(thin(self.K1, U, lam))}

    def memit_at_share(self, share: float) -> dict[str, float]:
        """The same for MEMIT: A = c·C0."""
        seen = self.V.T @ self.K1
        c = self.weight_for(share, seen.T @ (seen / self.values[:, None]))
        return {"weight": c, **self.judge(self.with_penalty(c * self.values))}
