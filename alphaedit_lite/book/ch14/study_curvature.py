"""Harm where nothing was fitted, of priors that know what leaves the layer, too: into results/elsewhere.json.

    python -m alphaedit_lite.book.ch14.study_curvature

    G = gradient_moment(lm, texts, 7)               # which outputs the loss cares about, [d_model, d_model]
    curvature = Curvature(planner, G)
    curvature.write(200, curvature.low(700), 0.6)   # CrispEdit's space, as roomy as a P of rank 700
    curvature.write(200, curvature.soft(), 0.6)     # MEMIT's A = C0, weighed by the output as well

P and C0 know the keys only, so all rows of Δ share one gain. Let the second moment of the gradients at the
layer's output be G. To second order, and by Kronecker factors (K-FAC), the loss on known text rises by
½ tr(G Δ C0 Δᵀ): to move output direction j along key direction i costs g_j a_i, a product of two eigenvalues.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from scipy.optimize import brentq
from torch import Tensor

from ...keys import token_rows
from ...models import LanguageModel
from ...support.texts import wikipedia_leads
from .experiments import Planner
from .study_elsewhere import COUNT, LAYER, SHARE, study


def gradient_moment(lm: LanguageModel, texts: Sequence[str], layer: int, tokens: int = 20_000) -> Tensor:
    """The second moment of the loss's gradient at a memory's output, [d_model, d_model], float64.

    A block adds what its memory says to the stream: so it is the gradient at the block's own output, of all
    that is said later. The next tokens are drawn from the model (seed 0), which makes it the output's factor
    of the Gauss-Newton matrix, as in CrispEdit.
    """
    total, count = torch.zeros(lm.d_model, lm.d_model, dtype=torch.float64), 0
    dice = torch.Generator().manual_seed(0)
    for row in token_rows(lm, texts, tokens):
        ids = torch.tensor([row], device=lm.device)
        mask, positions = torch.ones_like(ids), torch.arange(len(row), device=lm.device)[None]
        with lm.frozen(), torch.no_grad():
            hidden, _ = lm.run(lm.embed(ids), mask, positions, stop=layer + 1)
            with torch.enable_grad():
                hidden = hidden.detach().requires_grad_()
                out, _ = lm.run(hidden, mask, positions, start=layer + 1)
                logits = lm.logits(out[0]).float()
                drawn = torch.multinomial(logits.detach().softmax(-1).cpu(), 1, generator=dice)[:, 0]
                loss = F.cross_entropy(logits, drawn.to(logits.device), reduction="sum")
                (gradient,) = torch.autograd.grad(loss, hidden)
        gradient = gradient[0].double().cpu()
        total, count = total + gradient.T @ gradient, count + len(row)
    return total / count


class Curvature:
    """Priors that are diagonal in the eigenvectors of C0 (keys) and of G (outputs).

    Args:
        planner: facts and second moments of one layer.  moment: G, [d_model, d_model].

    Attributes:
        cost: g_j a_i, [d_model, d_ff].  U: eigenvectors of G, as columns.
    """

    def __init__(self, planner: Planner, moment: Tensor) -> None:
        values, self.U = torch.linalg.eigh(moment)
        self.planner, self.cost = planner, torch.outer(values.clamp_min(0), planner.values)

    def low(self, rank: int) -> Tensor:
        """1 for the directions of lowest curvature, on average ``rank`` of each output; 0 for the others.

        With it ``write`` is ridge regression in the space of CrispEdit (Ikram et al. 2026).
        """
        return (self.cost <= self.cost.flatten().kthvalue(rank * len(self.cost)).values).double()

    def soft(self) -> Tensor:
        """1 / (g_j a_i): no update that comes as near to the residuals has a smaller ½ tr(G Δ C0 Δᵀ) then."""
        return 1 / self.cost.clamp_min(1e-12 * float(self.cost.max()))

    def write(self, n: int, inverse: Tensor, share: float) -> Tensor:
        """Δ of the first n facts with the prior 1 / ``inverse``, [d_model, d_ff], its weight as the share
        of the residuals needs it. One solve for each output direction.

        Raises:
            ValueError: a share out of reach.
        """
        S, R = self.planner.V.T @ self.planner.K[:, :n], self.U.T @ self.planner.R[:, :n]
        values, axes = torch.linalg.eigh(torch.stack([(S.T * row) @ S for row in inverse]))
        wanted, values = (R[:, None] @ axes)[:, 0], values.clamp_min(0)  # [d_model, n] both

        def written(log_weight: float) -> float:
            kept = values / (math.exp(log_weight) + values)
            return float((wanted.square() * kept).sum() / R.square().sum())

        ends = (math.log(1e-12 * float(values.max())), math.log(1e6 * float(values.max())))
        if not written(ends[1]) < share < written(ends[0]):
            raise ValueError(
                f"A share of {share} is out of reach: at most {written(ends[0]):.3f} can be written."
            )
        weight = math.exp(brentq(lambda x: written(x) - share, *ends))
        rows = (axes @ (wanted / (weight + values))[:, :, None])[:, :, 0]
        return self.U @ ((rows @ S.T) * inverse) @ self.planner.V.T


def ways(lm: LanguageModel, planner: Planner) -> Mapping[str, Callable[[], Tensor]]:
    """Name -> Δ of all facts, at the study's share."""
    curvature = Curvature(planner, gradient_moment(lm, wikipedia_leads("fit"), LAYER))
    inverses = {
        f"low curvature, as roomy as P at {t:g}": curvature.low(planner.basis(t).shape[1])
        for t in (2e-2, 5e-2)
    }
    inverses["MEMIT, outputs weighed"] = curvature.soft()
    return {name: partial(curvature.write, COUNT, i, SHARE) for name, i in inverses.items()}


if __name__ == "__main__":
    study(ways)
