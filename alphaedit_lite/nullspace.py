"""What a layer does not use: the numerical null space of its keys.

    space = NullSpace.fit(statistics[5], threshold=2e-2)
    space.rank, space.leakage              # directions kept; share of the keys' energy inside them
    space.project(delta)                   # Δ P, which (almost) no key of the text can see

K0 and K0 K0ᵀ have the same left null space, so an eigenproblem of size d_ff replaces one of size N.
With U the eigenvectors of C0 whose eigenvalue is below the threshold, P = U Uᵀ (Fang et al. 2025,
section 3.2). On real keys no eigenvalue is zero: ‖ΔP K0‖²_F / N = tr(ΔP C0 P Δᵀ) ≤ threshold·‖ΔP‖²_F.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from .keys import KeyStatistics
from .support.ambient import plain_torch
from .support.kinds import of_kind

Kind = Literal["absolute", "relative", "energy"]


@dataclass(frozen=True)
class NullSpace:
    """The span of the eigenvectors of C0 with small eigenvalues.

    Attributes:
        basis: U, orthonormal columns, [d_ff, rank], float64.
        eigenvalues: all eigenvalues of C0, ascending, [d_ff].
        threshold: the absolute bound on the eigenvalues kept, whichever way it was chosen.
        model, layer, answers: whose keys they are, as ``KeyStatistics`` says.
    """

    basis: Tensor
    eigenvalues: Tensor
    threshold: float
    model: str | None = None
    layer: int | None = None
    answers: tuple[float | str, ...] = ()

    @classmethod
    def fit(
        cls, statistics: KeyStatistics | Tensor, threshold: float = 2e-2, kind: Kind = "absolute"
    ) -> NullSpace:
        """Find the null space of ``statistics`` (or of a second moment, [d_ff, d_ff]).

        Args:
            threshold: what it means depends on ``kind``:
                "absolute": eigenvalues below it are kept (the paper's way; the authors use 2e-2);
                "relative": eigenvalues below ``threshold`` times their mean are kept;
                "energy": as many of the smallest are kept as carry at most this share of the trace.

        Raises:
            ValueError: an unknown kind, a threshold that keeps no direction or all of them, or a
                matrix that is not a finite second moment.
        """
        of_kind(statistics, (KeyStatistics, Tensor), "One layer's statistics are needed", "statistics[layer]")
        whose: Any = {n: x for n, x in vars(statistics).items() if n in ("model", "layer", "answers")}
        moment = statistics.second_moment if isinstance(statistics, KeyStatistics) else statistics.double()
        if moment.ndim != 2 or moment.shape[0] != moment.shape[1] or not torch.isfinite(moment).all():
            raise ValueError(f"Not a finite square second moment: shape {list(moment.shape)}.")
        # eigh, not svd: C0 is symmetric, and the symmetric solver is several times faster.
        eigenvalues, vectors = torch.linalg.eigh(moment)
        eigenvalues = eigenvalues.clamp_min(0)  # rounding makes some of the zeros slightly negative
        if kind == "absolute":
            rank = int((eigenvalues < threshold).sum())
        elif kind == "relative":
            rank = int((eigenvalues < threshold * eigenvalues.mean()).sum())
        elif kind == "energy":
            rank = int((eigenvalues.cumsum(0) <= threshold * eigenvalues.sum()).sum())
        else:
            raise ValueError(f"kind must be 'absolute', 'relative' or 'energy', not {kind!r}.")
        if not 0 < rank < len(eigenvalues):
            raise ValueError(
                f"The {kind} threshold {threshold} keeps {'no' if rank == 0 else 'every'} direction of "
                f"{len(eigenvalues)}: the eigenvalues run from {eigenvalues[0]:.2e} to "
                f"{eigenvalues[-1]:.2e}, mean {eigenvalues.mean():.2e}. Try kind 'relative', threshold 1."
            )
        bound = threshold if kind == "absolute" else float(eigenvalues[rank])
        return cls(vectors[:, :rank].contiguous(), eigenvalues, bound, **whose)

    @property
    def rank(self) -> int:
        return self.basis.shape[1]

    @property
    def leakage(self) -> float:
        """The share of the keys' energy, tr(C0), that lies inside the space: 0 for a true null space."""
        return float(self.eigenvalues[: self.rank].sum() / self.eigenvalues.sum())

    @property
    def energy(self) -> float:
        """The mean of ‖P k‖² over the keys: tr(P C0). The natural unit of λ."""
        return float(self.eigenvalues[: self.rank].sum())

    @plain_torch()
    def project(self, rows: Tensor, over: Tensor | float = 1.0) -> Tensor:
        """Rows projected into the space, x P = (x U) Uᵀ: for keys [n, d_ff] and updates [d_model, d_ff].

        ``over``, [rank], divides what lies along each direction: x U diag(over)⁻¹ Uᵀ.
        """
        if rows.shape[-1] != (wide := len(self.basis)):
            raise ValueError(f"This null space is of keys {wide} wide; the rows are {rows.shape[-1]}.")
        basis = self.basis.to(rows)
        return ((rows @ basis) / over) @ basis.T

    @property
    def projection(self) -> Tensor:
        """P = U Uᵀ itself, [d_ff, d_ff]; built when asked for, since U is all that is needed."""
        return self.basis @ self.basis.T
