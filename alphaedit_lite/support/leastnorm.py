"""Where to look next: steps of least squares, for many small problems at once.

linear = LeastNorm(start, equations, reach)
x = linear.next(which, better, x, missing, slopes)     # after every look at x
"""

from __future__ import annotations

import torch
from torch import Tensor


class LeastNorm:
    """The next δ of every fact: what is wanted of it is taken for linear in it.

    With J the slopes of what is wanted, and r what is missing of it, the shortest step that brings it all is
    Jᵀ(JJᵀ + μI)⁻¹ r, as a ridge editor writes its facts. No step is longer than a reach; after one that did
    not lower the loss, the next starts from the δ before it, with less reach. (Levenberg's and Marquardt's
    method: Nocedal & Wright 2006, section 10.3.)

    Args:
        delta: where the search begins, [n_facts, d_model].  equations: for each fact.
        reach: of the first step, [n_facts].
    """

    DAMPING, GROWTH, SHRINKAGE = 0.05, 1.5, 0.4  # of the mean of JJᵀ's diagonal; of the reach

    def __init__(self, delta: Tensor, equations: int, reach: Tensor) -> None:
        self.base, self.reach = delta.clone(), reach / self.GROWTH
        self.missing = delta.new_zeros(len(delta), equations)
        self.slopes = delta.new_zeros(len(delta), equations, delta.shape[1])

    def next(self, facts: Tensor, better: Tensor, delta: Tensor, missing: Tensor, slopes: Tensor) -> Tensor:
        """Where to look next, [some, d_model].

        Args:
            facts: which ones, [some].  better: whether ``delta``, [some, d_model], lowered their loss.
            missing, slopes: r, [some, equations], and J, [some, equations, d_model], at ``delta``.
        """
        good, taken = facts[better], (delta - self.base[facts]).norm(dim=1)
        self.base[good], self.missing[good], self.slopes[good] = (
            delta[better],
            missing[better],
            slopes[better],
        )
        self.reach[facts] = torch.where(better, self.GROWTH * self.reach[facts], self.SHRINKAGE * taken)
        J, r = self.slopes[facts], self.missing[facts, :, None]
        system, eye = J @ J.mT, torch.eye(J.shape[1], device=J.device)
        damping = self.DAMPING * system.diagonal(dim1=1, dim2=2).mean(1).clamp_min(1e-12)
        step = (J.mT @ torch.linalg.solve_ex(system + damping[:, None, None] * eye, r)[0])[..., 0]
        return self.base[facts] + shortened(step, self.reach[facts])


def shortened(vectors: Tensor, most: Tensor) -> Tensor:
    """Vectors, [n, d], no longer than ``most``, [n]."""
    return vectors * (most / vectors.norm(dim=1).clamp_min(1e-12)).clamp_max(1)[:, None]
