"""Chapter 14's relatives of AlphaEdit, from tensors to tensors, and one editor to run them; and a planner.

    delta, S = rls_step(S, keys, residual)             # recursive least squares, the form of RLSEdit
    basis = shrink(basis, keys)                         # EvoEdit: former keys leave the space
    z = anchor_norm(values, norm)                       # NAS: every wished value gets the same length
    editor = Relative(lm, evolve=True)                  # AlphaEdit with one of them
    planner = Planner(K, R, {"Wikipedia": C0, "chat": C_chat}, W)
    planner.cost(n=400, threshold=2e-2, lam=0.8)        # share written, change of known answers by text

As in the package keys are rows here: [n, d_ff]; columns in the planner. A is the prior of ``solvers``; MEMIT
with history and ENCORE are settings of the package's own editor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ...editor import AlphaEdit
from ...edits import Edit
from ...facts import Fact
from ...hooks import hooked
from ...models import LanguageModel
from ...prompts import align, encode_fact
from ...targets import Targets
from ..kit.layer import OneLayer, known_change


def rls_step(S: Tensor, keys: Tensor, residual: Tensor) -> tuple[Tensor, Tensor]:
    """One batch of recursive least squares: Δ, [d_model, d_ff], and S with the new keys in it.

    With keys as columns, G = S K, J = (I + KᵀG)⁻¹ Gᵀ, Δ = R J, S ← S − G J (RLSEdit, Wang et al. 2026). S
    stays (A + all keys so far)⁻¹, so that no key need be kept.

    Args:
        S: [d_ff, d_ff], float64.  keys: K, [n, d_ff].  residual: R, [n, d_model].
    """
    keys = keys.double()
    G = keys @ S  # Gᵀ of the formula, as S is symmetric
    system = keys @ G.T
    J = torch.cholesky_solve(G, torch.linalg.cholesky(system + torch.eye(len(keys), dtype=system.dtype)))
    S = S - G.T @ J
    return residual.double().T @ J, (S + S.T) / 2


def evolved_gain(keys: Tensor, basis: Tensor, lam: float) -> Tensor:
    """(Kᵀ P K + λI)⁻¹ Kᵀ P with P = U Uᵀ as it is now: EvoEdit's solve (Lyu et al. 2025), [n, d_ff]."""
    inside = keys.to(basis) @ basis
    gram = inside @ inside.T + lam * torch.eye(len(keys), dtype=torch.float64)
    return torch.cholesky_solve(inside, torch.linalg.cholesky(gram)) @ basis.T


def shrink(basis: Tensor, keys: Tensor, tolerance: float = 1e-8) -> Tensor:
    """The directions of U, [d_ff, m], that the keys do not use: P ← P − Q Qᵀ, with Q spanning P K.

    EvoEdit's other half. Afterwards P K = 0: nothing written later can change what these keys answer.
    """
    inside = keys.to(basis) @ basis  # [n, m]
    _, values, axes = torch.linalg.svd(inside, full_matrices=True)
    used = int((values > tolerance * float(keys.norm())).sum())
    return basis @ axes[used:].T


def anchor_of(values: Tensor, keep: float = 0.95) -> float:
    """NAS's reference: the mean length of wished values, [n, d_model], without the longest twentieth."""
    lengths = values.norm(dim=1).sort().values
    return float(lengths[: len(lengths) - int((1 - keep) * len(lengths))].mean())


def anchor_norm(values: Tensor, norm: float) -> Tensor:
    """v ← norm · v / ‖v‖ for every row: Norm-Anchor Scaling (Liu et al. 2026)."""
    return values * (norm / values.norm(dim=1, keepdim=True).clamp_min(1e-12))


def dominant(weight: Tensor, energy: float) -> tuple[Tensor, Tensor]:
    """Left and right singular vectors of W that carry this share of ‖W‖²: [d_model, k], [d_ff, k]."""
    U, s, Vh = torch.linalg.svd(weight.double(), full_matrices=False)
    k = int((s.square().cumsum(0) / s.square().sum() < energy).sum()) + 1
    return U[:, :k], Vh[:k].T


def without_dominant(delta: Tensor, U: Tensor, V: Tensor) -> Tensor:
    """(I − U Uᵀ) Δ (I − V Vᵀ): what is left of an update that may not touch W's strongest directions."""
    delta = delta - U @ (U.T @ delta)
    return delta - (delta @ V) @ V.T


@torch.no_grad()
def parts(lm: LanguageModel, facts: Sequence[Fact], layer: int) -> tuple[Tensor, Tensor]:
    """At the subject's last token of each bare prompt: v0, what the feed-forward part of a block adds, and h,
    the block's output, [n, d_model] each."""
    values, outputs = [], []
    for first in range(0, len(facts), 50):
        rows = [encode_fact(lm.tokenizer, fact, ("",), target=False)[0] for fact in facts[first : first + 50]]
        batch = align(rows, range(len(rows)), lm.pad_id, lm.device)
        added: list[Tensor] = []
        with lm.frozen(), hooked(outputs={lm.down_projection(layer): added.append}):
            out, _ = lm.run(lm.embed(batch.ids), batch.mask, batch.positions, stop=layer + 1)
        values.append(added[0][:, batch.subject].float())
        outputs.append(out[:, batch.subject].float())
    return torch.cat(values), torch.cat(outputs)


class Relative(AlphaEdit):
    """AlphaEdit with one change.

    Args:
        evolve: EvoEdit: no history; instead the keys of every batch leave the null space.
        protect: the share of ‖W‖² whose singular directions no update may touch (our reading of REVIVE).
        settings: those of ``Editor``.
    """

    def __init__(
        self, lm: LanguageModel, *, evolve: bool = False, protect: float | None = None, **settings: Any
    ) -> None:
        super().__init__(lm, history=not evolve, **settings)
        self.bases = {i: space.basis for i, space in self.null_spaces.items()} if evolve else {}
        if evolve:
            lam = {i: self.config.lam * space.energy for i, space in self.null_spaces.items()}
            self.gain = lambda layer, keys, _: evolved_gain(keys, self.bases[layer], lam[layer])
        if protect is not None:
            strong = {i: dominant(lm.weight(i), protect) for i in self.layers}
            self.finish = lambda layer, delta: without_dominant(delta, *strong[layer])

    def edit(self, facts: Sequence[Fact], z: Tensor | Targets | None = None) -> Edit:
        edit = super().edit(facts, z)
        self.bases |= {i: shrink(basis, edit.keys[i]) for i, basis in self.bases.items()}
        return edit


class Planner:
    """What will n edits cost at this threshold? One layer, in closed form: no model is run.

    With history, a sequence of edits ends where one write of all does, as long as keys stay (10.3).

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
