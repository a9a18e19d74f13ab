"""Checks of chapter 12, "Did its insides move?". Rows are prompts, as in the code of this chapter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..kit.exercises import exercise, expect, near, randn, refuse, several
from .reference import by_chance, displacement, energy, folds, margin_overlap, paired_p


@exercise("12.1", reference=margin_overlap)
def check_margin_overlap(answer: Callable[[float, float], float]) -> None:
    grid = torch.linspace(-12, 16, 60_001, dtype=torch.float64)

    def bell(centre: float) -> Tensor:
        return torch.exp(-((grid - centre) ** 2) / 2) / math.sqrt(2 * math.pi)

    def area(centre: float) -> float:
        return float(torch.minimum(bell(0), bell(centre)).sum() * (grid[1] - grid[0]))

    def says(value: float, centre: float) -> bool:
        return near(value, area(abs(centre)), 1e-3)

    expect(
        near(answer(0.0, 0.0), 1, 1e-3),
        "two equal curves share the whole area, 1: did you forget a factor 2?",
    )
    d = 2.0 + float(torch.rand(1))
    for degrees in (30.0, 60.0, 75.0, 120.0, 0.0):
        found, wave = answer(d, degrees), math.radians(degrees)
        right = d * math.cos(wave)
        if degrees:
            expect(
                not says(found, d),
                "you have the overlap at angle 0 for every angle. How far apart are the centres *on the axis*?",
            )
            expect(not says(found, d * math.cos(degrees)), "degrees and radians: math.cos wants radians.")
            if abs(abs(math.sin(wave)) - abs(math.cos(wave))) > 0.1:
                expect(
                    not says(found, d * math.sin(wave)),
                    "sine for cosine: at 0° the line between the centres lies along the axis, and nothing is lost.",
                )
        expect(
            not says(found, 2 * right),
            "the curves meet halfway: what is cut off begins at half the distance, not at the whole.",
        )
        expect(
            not near(found, area(abs(right)) / 2, 1e-3),
            "this is one of the two tails: the shared area consists of both.",
        )
        expect(
            says(found, right),
            f"at distance {d:.2f} and {degrees:.0f}° the shared area is not {float(found):.3f}. Project the centres "
            "on the axis, then add the two tails beyond the middle.",
        )


@exercise("12.2", reference=displacement)
def check_displacement(answer: Callable[[Tensor, Tensor], Any]) -> None:
    for _ in range(2):
        n, d = 40, 7
        before = (randn(n, d) + 3 * randn(d)) * 5
        gap = randn(n, d) * (0.2 + torch.rand(n, 1, dtype=torch.float64) * 3) + 0.8 * randn(d)
        found = answer(before, before + gap)
        size, common = map(float, several(found, "size", "common"))
        right_size, right_common = displacement(before, before + gap)
        from_zero = float(before.square().sum(1).mean().sqrt())
        spread = float((before - before.mean(0)).square().sum(1).mean().sqrt())
        mean_length = float(gap.norm(dim=1).mean())
        mistakes = {
            "the unit is measured from zero. The natural spread is the distance from the *centre* of the "
            "cloud: subtract the mean first.": right_size * spread / from_zero,
            "divide by the natural spread: a length alone says nothing.": right_size * spread,
            "this is the mean of the lengths. Take the root of the mean *square*, as in the spread: then "
            "squares add up.": mean_length / spread,
        }
        refuse(size, mistakes, near)
        expect(
            not near(size, right_size * math.sqrt(d)) and not near(size, right_size / math.sqrt(d)),
            "one of the two is taken per coordinate: sum the squares over the coordinates (dim 1), then average over "
            "the prompts.",
        )
        expect(
            near(size, right_size), "the size is not right: root mean square of the rows of after − before."
        )
        expect(
            not near(common, right_size) and not near(common, mean_length / spread),
            "common is the length of the *mean* displacement: average over the prompts first, then take the length.",
        )
        expect(near(common, right_common), "common is not ‖mean of the displacements‖ / spread.")


@exercise("12.3", reference=energy)
def check_energy(answer: Callable[[Tensor, Tensor], Any]) -> None:
    X, Y = randn(30, 4), 1.5 * randn(50, 4) + 0.7
    found = float(answer(X, Y))
    across, own = torch.cdist(X, Y).mean(), torch.cdist(X, X).mean() + torch.cdist(Y, Y).mean()
    mistakes = {
        "the distances between the clouds count twice: "
        "there are two clouds to compare them with.": across - own,
        "subtract the distances within the clouds: without them nothing is ever 0.": across,
        "with *squared* distances only the centres count (it is 2‖difference of the means‖²): take plain "
        "distances.": 2 * centres_apart(X, Y) ** 2,
        "the sign is turned: "
        "apart means positive, so the distances *between* the clouds are added.": -energy(X, Y),
    }  # fmt: skip
    refuse(found, mistakes, near)
    expect(abs(float(answer(X, X.clone()))) < 1e-6, "a cloud is at distance 0 from itself.")
    without = 2 * across - torch.cdist(X, X).sum() / (30 * 29) - torch.cdist(Y, Y).sum() / (50 * 49)
    expect(
        not near(found, float(without)),
        "average over all pairs, a point with itself included: otherwise a cloud is not at distance 0 from itself.",
    )
    expect(near(found, energy(X, Y)), "the value is not that of (12.2): a mean over all pairs, three times.")


def centres_apart(X: Tensor, Y: Tensor) -> float:
    return float((X.mean(0) - Y.mean(0)).norm())


@exercise("12.4", reference=paired_p)
def check_paired_p(answer: Callable[..., Any]) -> None:
    n, shuffles = 24, 60
    before = randn(n, 3)
    after = before + 0.3 * randn(n, 3)
    seen: list[tuple[Tensor, Tensor]] = []

    def spy(X: Tensor, Y: Tensor) -> float:
        expect(
            isinstance(X, Tensor) and X.shape == Y.shape == before.shape,
            "statistic wants two clouds of the same shape as before and after.",
        )
        seen.append((X.clone(), Y.clone()))
        return centres_apart(X, Y)

    p = float(answer(before, after, spy, shuffles))
    tried = [(X, Y) for X, Y in seen if not (torch.equal(X, before) and torch.equal(Y, after))]
    expect(
        len(tried) >= shuffles // 2,
        "the statistic was not computed on shuffled clouds: swap, and compute it again.",
    )
    for X, Y in tried:
        expect(
            torch.allclose(X + Y, before + after),
            "you have shuffled across prompts. Each prompt keeps its two states; only *which is called before* is drawn.",
        )
        rows = ((before == X) & (after == Y)).all(1) | ((after == X) & (before == Y)).all(1)
        expect(
            bool(rows.all()),
            "single coordinates were swapped. Draw one coin for each prompt, shape [n, 1], and swap whole rows.",
        )
    swaps = torch.stack([(after == X).all(1) for X, _ in tried])
    expect(
        bool((swaps.any(1) & ~swaps.all(1)).float().mean() > 0.9),
        "all prompts were swapped together: one coin for *each* prompt.",
    )
    values = [centres_apart(X, Y) for X, Y in seen]
    own = centres_apart(before, after)
    beaten = sum(v >= own - 1e-12 for v in values) - int(len(seen) > shuffles)
    expect(
        not near(p, beaten / shuffles) or near(p, (1 + beaten) / (1 + shuffles)),
        "the labelling that you observed is one of the possible ones: count it above and below, (1 + beaten) / (1 + shuffles).",
    )
    far = float(answer(before, before + 5, centres_apart, shuffles))
    expect(
        not near(far, 1) and far < 0.5,
        "with a drift that nobody can miss, p is large: count the shuffles that reach the value that was *observed*.",
    )
    expect(
        near(far, 1 / (1 + shuffles)), "no shuffle beats a huge drift: then p is 1 / (1 + shuffles), never 0."
    )
    expect(
        near(p, (1 + beaten) / (1 + shuffles)),
        "p is not (1 + shuffles that reach the observed value) / (1 + shuffles).",
    )


@exercise("12.5", reference=folds)
def check_folds(answer: Callable[..., Any]) -> None:
    for n, k in ((40, 5), (33, 4)):
        found = answer(n, k)
        expect(
            isinstance(found, Tensor) and tuple(found.shape) == (2 * n,),
            f"a fold for each of the 2n = {2 * n} rows is wanted: all before, then all after.",
        )
        expect(len(found.unique()) == k, f"there should be {k} folds, not {len(found.unique())}.")
        if n % k == 0:
            halves = [int((found[:n] == f).sum()) for f in found.unique()]
            expect(
                all(0 < h < int((found == f).sum()) for h, f in zip(halves, found.unique(), strict=True)),
                "a fold holds states from before only, or from after only.",
            )
        expect(
            torch.equal(found[:n], found[n:]),
            "a prompt straddles two folds: its state before is in one and its state after in the other. Give both the same.",
        )
        sizes = found.unique(return_counts=True)[1]
        expect(int(sizes.max() - sizes.min()) <= 2, "the folds should be of equal size, up to one prompt.")
    expect(
        not torch.equal(answer(200, 5)[:40].sort().values, answer(200, 5)[:40])
        or not torch.equal(answer(200, 5), answer(200, 5)),
        "the prompts stand in some order: deal them out at random, with torch.randperm.",
    )


@exercise("12.6", reference=by_chance)
def check_by_chance(answer: Callable[[float, int, int], Any]) -> None:
    for size, n in ((0.7, 50), (2.0, 160)):
        found = answer(size, n, 99)
        common, smallest = map(float, several(found, "common", "the smallest p"))
        gaps = randn(500, n, 20) * size / math.sqrt(20)
        real = float(gaps.mean(1).square().sum(1).mean().sqrt())
        expect(
            abs(common / (size / n) - 1) > 0.1,
            "squares of independent displacements add up, lengths do not: size / √n, not size / n.",
        )
        expect(
            abs(common / size - 1) > 0.1,
            "the prompts pull in different directions: their mean is shorter than each of them.",
        )
        expect(
            abs(common / real - 1) < 0.1, f"for size {size} and {n} prompts an experiment gives {real:.3f}."
        )
        expect(smallest > 0, "p is never 0: the labelling that was observed is one of the possible ones.")
        expect(not near(smallest, 1 / 99), "the labelling that was observed counts as well, above and below.")
        expect(
            near(smallest, 1 / 100),
            "the smallest p has no shuffle that beats the observed value: put 0 for them.",
        )
