"""Has a model's inside moved? Hidden states before and after, and ways to compare two clouds of them.

    before = hidden(lm, facts, layers=(7,))["subject", 7]      # [n, d_model]: rows are prompts
    displacement(before, after)                                # how far, in units of the natural spread
    energy_test(before, after, paired=True)                    # energy distance and its p-value
    classify(before, after, folds)                             # can a classifier tell them apart?

Rows i of ``before`` and ``after`` belong to the same prompt: the clouds are *paired*.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from ...edits import Edit
from ...facts import Fact
from ...hooks import hooked
from ...models import LanguageModel
from ...prompts import Encoded, align, encode
from ..kit.intervals import estimate

TOKENS = ("subject", "prompt")  # the subject's last token, and the prompt's


@torch.no_grad()
def hidden(
    lm: LanguageModel, facts: Sequence[Fact], layers: Sequence[int], rows: int = 50
) -> dict[tuple[str, int], Tensor]:
    """Outputs of some blocks at the last token of the subject and of the prompt.

    Returns:
        (token, layer) -> [n, d_model], float32, rows in the order of the facts.
    """
    found: dict[tuple[str, int], list[Tensor]] = {(t, layer): [] for t in TOKENS for layer in layers}
    for first in range(0, len(facts), rows):
        some = [encode(lm.tokenizer, f.prompt, f.subject_end) for f in facts[first : first + rows]]
        batch = align(
            [Encoded(e.ids, e.subject, len(e.ids)) for e in some], range(len(some)), lm.pad_id, lm.device
        )
        columns = {"subject": torch.full((len(some),), batch.subject)}
        columns["prompt"] = batch.mask.shape[1] - 1 - batch.mask.flip(1).argmax(1).cpu()
        seen: dict[int, Tensor] = {}
        looks = {
            lm.block(layer): (lambda h, at=layer, seen=seen: seen.update({at: h.cpu()})) for layer in layers
        }
        with lm.frozen(), hooked(outputs=looks):
            lm.run(lm.embed(batch.ids), batch.mask, batch.positions, stop=max(layers) + 1)
        for (token, layer), kept in found.items():
            kept.append(seen[layer].cpu()[torch.arange(len(some)), columns[token]].float())
    return {place: torch.cat(kept) for place, kept in found.items()}


def ordinary(X: Tensor, times: float = 3) -> Tensor:
    """Which states are not giants, [n] bool: at most ``times`` as long as the median one.

    A few tokens serve the attention as a resting place, and carry states many times longer than all others.
    """
    length = X.norm(dim=1)
    return length <= times * length.median()


def twin(lm: LanguageModel, deltas: dict[int, Tensor], seed: int = 0) -> Edit:
    """An aimless update with the same entries: the columns of each Δ shuffled, and their signs drawn.

    Size and singular values stay; what the columns had to do with keys is lost.
    """
    random = torch.Generator().manual_seed(seed)
    dense = {}
    for layer, delta in deltas.items():
        d_ff = delta.shape[1]
        signs = torch.randint(0, 2, (d_ff,), generator=random) * 2 - 1
        dense[layer] = delta[:, torch.randperm(d_ff, generator=random)] * signs
    return Edit((), lm.fingerprint, {"solver": "twin"}, dense=dense)


# -- how far --------------------------------------------------------------------------------------------


def spread(X: Tensor) -> float:
    """The natural spread of a cloud: root mean square distance from its centre. X is [n, d]."""
    return float((X - X.mean(0)).square().sum(1).mean().sqrt())


class Moved(NamedTuple):
    """Sizes in units of the natural spread: a typical displacement, and the one that all prompts share."""

    size: float
    common: float


def displacement(before: Tensor, after: Tensor) -> Moved:
    """How far the prompts moved, and how far their centre did. Both are [n, d], row i the same prompt."""
    gap, unit = after - before, spread(before)
    return Moved(float(gap.square().sum(1).mean().sqrt()) / unit, float(gap.mean(0).norm()) / unit)


def neighbours_kept(before: Tensor, after: Tensor, k: int = 1) -> float:
    """The share of each prompt's k nearest other prompts that are still among its k nearest: a mean."""
    near = []
    for X in (before, after):
        nearest = torch.cdist(X, X).fill_diagonal_(torch.inf).topk(k, largest=False).indices
        near.append(torch.zeros(len(X), len(X)).scatter_(1, nearest, 1.0))
    return float((near[0] * near[1]).sum() / near[0].sum())


# -- tests ----------------------------------------------------------------------------------------------


class Test(NamedTuple):
    """A statistic, its p-value, and what it was under ``shuffles`` relabellings."""

    value: float
    p: float
    null: Tensor


def energy_test(X: Tensor, Y: Tensor, paired: bool = False, shuffles: int = 999, seed: int = 0) -> Test:
    """Energy distance of two clouds of equal size, [n, d], with a permutation test.

    With labels s = +1 for X and −1 for Y, and all distances in a matrix D, the distance is −sᵀDs / n². A
    relabelling changes s only: ``paired`` swaps the two states of some prompts, otherwise all are shuffled.
    """
    n = len(X)
    pooled = torch.cat([X, Y]).double()
    D = torch.cdist(pooled, pooled, compute_mode="donot_use_mm_for_euclid_dist")
    random = torch.Generator().manual_seed(seed)
    if paired:
        flips = torch.randint(0, 2, (shuffles, n), generator=random).double() * 2 - 1
        S = torch.cat([flips, -flips], dim=1)
    else:
        S = 1 - 2 * (torch.rand(shuffles, 2 * n, generator=random).argsort(1) >= n).double()
    own = torch.cat([torch.ones(1, n), -torch.ones(1, n)], dim=1).double()
    values = -((torch.cat([own, S]) @ D) * torch.cat([own, S])).sum(1) / n**2
    return _compared(values)


def drift_test(before: Tensor, after: Tensor, shuffles: int = 999, seed: int = 0) -> Test:
    """‖mean displacement‖ / spread, against the same with the sign of each prompt's displacement flipped."""
    gap, n = (after - before).double(), len(before)
    random = torch.Generator().manual_seed(seed)
    flips = torch.randint(0, 2, (shuffles, n), generator=random).double() * 2 - 1
    values = (torch.cat([torch.ones(1, n).double(), flips]) @ gap / n).norm(dim=1) / spread(before)
    return _compared(values)


def _compared(values: Tensor) -> Test:
    """The first value against the others; rounding must not break a tie with itself."""
    own, null = values[0], values[1:]
    beaten = int((null >= own * (1 - 1e-9)).sum())
    return Test(float(own), (1 + beaten) / (1 + len(null)), null)


def pair_folds(n: int, k: int = 5, seed: int = 0) -> Tensor:
    """A fold for each of 2n rows (all before, then all after): both states of a prompt in the same one."""
    fold = torch.randperm(n, generator=torch.Generator().manual_seed(seed)) % k
    return torch.cat([fold, fold])


class Told(NamedTuple):
    """Accuracy of a classifier on rows that it has not seen, with a 95% interval over prompts."""

    accuracy: float
    low: float
    high: float


def classify(before: Tensor, after: Tensor, folds: Tensor, C: float = 0.01) -> Told:
    """Tell before from after by logistic regression, cross-validated. One half is guessing.

    Args:
        folds: [2n], the fold of each row of ``before`` and then of ``after``.
    """
    n = len(before)
    X, y = torch.cat([before, after]).double().numpy(), np.arange(2 * n) >= n
    model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=500))
    right = (cross_val_predict(model, X, y, cv=PredefinedSplit(folds.numpy())) == y).astype(float)
    each = (right[:n] + right[n:]) / 2  # of one prompt: 0, a half or 1
    return Told(*estimate(lambda rows: each[rows].mean(1), n, resamples=2000, seed=0)[:3])


# -- maps -----------------------------------------------------------------------------------------------


def map_of(
    X: Tensor, Y: Tensor, seed: int = 0, perplexity: float = 30, init: str = "random"
) -> tuple[np.ndarray, np.ndarray]:
    """One t-SNE map of both clouds together: the places of X, [n, 2], and those of Y."""
    pooled = torch.cat([X, Y]).float().numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        places = TSNE(perplexity=perplexity, init=init, random_state=seed).fit_transform(pooled)
    return places[: len(X)], places[len(X) :]


def density(points: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """A smooth curve over numbers, as in the margins of a map: a Gaussian on each (Scott's width)."""
    width = max(points.std(), 1e-9) * len(points) ** -0.2
    return np.exp(-(((grid[:, None] - points) / width) ** 2) / 2).mean(1) / (width * np.sqrt(2 * np.pi))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """The area under both curves: 1 if they are the same, 0 if they are apart."""
    both = np.concatenate([a, b])
    reach = 0.2 * (both.max() - both.min()) + 1e-9
    grid = np.linspace(both.min() - reach, both.max() + reach, 400)
    return float(np.minimum(density(a, grid), density(b, grid)).sum() * (grid[1] - grid[0]))


def overlaps(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The overlaps of the two margins of a map."""
    return overlap(x[:, 0], y[:, 0]), overlap(x[:, 1], y[:, 1])
