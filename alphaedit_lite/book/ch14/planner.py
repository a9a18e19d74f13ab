"""What will n edits cost at this threshold? One layer, in closed form: no model is run.

    planner = Planner(K, R, {"Wikipedia": C0, "chat": C_chat}, W)
    planner.cost(n=400, threshold=2e-2, lam=0.8)     # share written, and the change of known answers by text
    planner.cost(n=400, threshold=2e-2, share=0.7)   # with the λ that writes so much
    planner.memit(n=400, share=0.7)

With history, a sequence of edits ends where one write of all of them does, as long as keys stay (10.3).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..kit.layer import OneLayer, known_change


class Planner:
    """Facts to be written into one layer, and keys of several kinds of text. Columns, float64.

    Args:
        K, R: keys, [d_ff, n], and residuals, [d_model, n], of the facts.
        moments: second moments, [d_ff, d_ff], by kind of text. The first is the one behind P and C0.
        W: the memory matrix, [d_model, d_ff].
    """

    def __init__(self, K: Tensor, R: Tensor, moments: Mapping[str, Tensor], W: Tensor) -> None:
        self.K, self.R, self.moments, self.W = K, R, moments, W.to(K)
        self.known = next(iter(moments.values()))
        values, self.V = torch.linalg.eigh(self.known)
        self.values = values.clamp_min(0)

    def basis(self, threshold: float | None) -> Tensor:
        """U, the directions whose eigenvalue is below the threshold; all of them for None."""
        return self.V if threshold is None else self.V[:, self.values < threshold]

    def write(self, n: int, threshold: float | None, lam: float = 0.8, share: float | None = None) -> Tensor:
        """Δ of the first n facts, with λ in units of the energy inside P, or as a ``share`` needs it."""
        U, K = self.basis(threshold), self.K[:, :n]
        shadows = U.T @ K
        gram, unit = shadows.T @ shadows, float(self.values[: U.shape[1]].sum())
        lam = lam * unit if share is None else self.layer(n).weight_for(share, gram)
        return self.R[:, :n] @ torch.linalg.solve(gram + lam * torch.eye(n).to(gram), shadows.T) @ U.T

    def write_memit(self, n: int, weight: float = 1000.0, share: float | None = None) -> Tensor:
        """MEMIT's Δ of the first n facts, with c, or with the c that a ``share`` needs."""
        seen = (self.V.T @ self.K[:, :n]) / self.values.sqrt()[:, None]  # C0^(−1/2) K, but for a rotation
        gram = seen.T @ seen
        c = weight if share is None else self.layer(n).weight_for(share, gram)
        gain = torch.linalg.solve(gram + c * torch.eye(n).to(gram), seen.T)
        return self.R[:, :n] @ (gain / self.values.sqrt()) @ self.V.T

    def layer(self, n: int) -> OneLayer:
        return OneLayer(self.K[:, :n], self.R[:, :n], self.known, self.known, self.W)

    def judge(self, delta: Tensor, n: int) -> dict[str, float]:
        """The share of the residuals that Δ writes, ‖Δ‖/‖W‖, and ‖Δk‖/‖Wk‖ for the keys of each text."""
        R = self.R[:, :n]
        written = float(((delta @ self.K[:, :n]) * R).sum() / R.square().sum())
        changes = {kind: known_change(delta, moment, self.W) for kind, moment in self.moments.items()}
        return {"share": written, "update": float(delta.norm() / self.W.norm()), **changes}

    def cost(
        self, n: int, threshold: float | None = 2e-2, lam: float = 0.8, share: float | None = None
    ) -> dict[str, float]:
        """``judge`` of AlphaEdit with this threshold, or of ridge with none; and n / rank P as ``room``."""
        found = self.judge(self.write(n, threshold, lam, share), n)
        return {"room": n / self.basis(threshold).shape[1], **found}

    def memit(self, n: int, weight: float = 1000.0, share: float | None = None) -> dict[str, float]:
        """``judge`` of MEMIT."""
        return self.judge(self.write_memit(n, weight, share), n)
