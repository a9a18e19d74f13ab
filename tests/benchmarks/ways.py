"""What the benchmark compares: the path of the released code, and the package, each with its settings.

z, steps = way.find(facts)
delta = way.write(facts, z)      # delta(5) is the Δ of layer 5
way.undo()
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from alphaedit_lite import (
    AlphaEdit,
    EditorConfig,
    Fact,
    KeyStatistics,
    LanguageModel,
    compute_targets,
    editor,
)
from alphaedit_lite.config import default_layers
from alphaedit_lite.prompts import sample_prefixes
from alphaedit_lite.support.statistics import key_statistics
from alphaedit_lite.targets import Targets
from tests.benchmarks import released

BASELINE, EQUAL, OURS = "released path", "ours, authors' settings", "ours"
THEIRS = "gpt2-xl"  # whose 20 steps and learning rate of 0.5 the authors' settings have; the layers are the model's
TOKENS = 10  # of a sampled prefix, its first word included, as in the released code


class Released:
    """The released path: z fact by fact."""

    by_fact = True
    inside: dict[str, float] | None = None  # what of the last write was search

    def __init__(self, lm: LanguageModel, config: EditorConfig, projections: dict[int, Tensor]) -> None:
        self.lm, self.config, self.projections = lm, config, projections
        self.originals = {layer: lm.weight(layer).clone() for layer in projections}

    def find(self, facts: Sequence[Fact], **changed: Any) -> tuple[Tensor, list[int]]:
        """z of the facts, [n, d_model], and how often the loss of each was evaluated."""
        targets = dataclasses.replace(self.config.targets, **changed)
        found = [released.target(self.lm, fact, max(self.projections), targets) for fact in facts]
        return torch.stack([z for z, _ in found]), [steps for _, steps in found]

    def write(self, facts: Sequence[Fact], z: Tensor) -> Callable[[int], Tensor]:
        """Write the facts. Returns layer -> Δ."""
        lam, prefixes = self.config.lam, self.config.targets.prefixes
        return released.write(self.lm, facts, z, self.projections, lam, prefixes).__getitem__

    def undo(self) -> None:
        for layer, weight in self.originals.items():
            self.lm.weight(layer).copy_(weight)


class Ours:
    """The package with settings that search once: z of many facts at once."""

    by_fact = False
    inside: dict[str, float] | None = None

    def __init__(self, lm: LanguageModel, config: EditorConfig, fitted: dict[int, KeyStatistics]) -> None:
        self.lm, self.config = lm, config
        self.editor = AlphaEdit(lm, config, statistics=fitted, progress=False)

    def find(self, facts: Sequence[Fact], **changed: Any) -> tuple[Tensor, list[int]]:
        targets = dataclasses.replace(self.config.targets, **changed)
        found = compute_targets(self.lm, facts, self.editor.layers[-1], targets, progress=False)
        return found.z, found.steps.tolist()

    def write(self, facts: Sequence[Fact], z: Tensor) -> Callable[[int], Tensor]:
        return self.editor.edit(facts, z).delta

    def undo(self) -> None:
        self.editor.undo()


class OursAsItIs(Ours):
    """The package as a user calls it: ``edit(facts)`` searches before each of its passes.

    So ``find`` has nothing to do, and ``write`` does both; ``inside`` tells what of it was search.
    """

    def __init__(self, lm: LanguageModel, config: EditorConfig, fitted: dict[int, KeyStatistics]) -> None:
        super().__init__(lm, config, fitted)
        self.steps: dict[int, list[int]] = {}

    def find(self, facts: Sequence[Fact], **changed: Any) -> tuple[Tensor, list[int]]:
        if changed:  # to warm up
            return super().find(facts, **changed)
        z, steps = torch.zeros(len(facts), self.lm.d_model), [0] * len(facts)
        self.steps[id(z)] = steps  # filled when they are written
        return z, steps

    def write(self, facts: Sequence[Fact], z: Tensor) -> Callable[[int], Tensor]:
        self.inside, steps = {"seconds": 0.0, "cpu": 0.0}, self.steps[id(z)]
        search = editor.compute_targets

        def timed(*args: Any) -> Targets:
            wall, cpu = time.perf_counter(), time.process_time()
            found = search(*args)
            self.inside["seconds"] += time.perf_counter() - wall
            self.inside["cpu"] += time.process_time() - cpu
            steps[:] = [a + b for a, b in zip(steps, found.steps.tolist(), strict=True)]
            return found

        editor.compute_targets = timed
        try:
            return self.editor.edit(facts).delta
        finally:
            editor.compute_targets = search


Way = Released | Ours


def the_ways(lm: LanguageModel) -> dict[str, Way]:
    """What is compared, by name. The first two of ours and theirs write the same."""
    layers = default_layers(lm.n_layers)
    fitted = key_statistics(lm, layers, progress=False)
    theirs = dataclasses.replace(EditorConfig.faithful(THEIRS), layers=layers)
    prefixes = sample_prefixes(lm, tokens=TOKENS - 1)
    short = dataclasses.replace(theirs, targets=dataclasses.replace(theirs.targets, prefixes=prefixes))
    equal = Ours(lm, short, fitted)
    projections = {layer: space.projection.float() for layer, space in equal.editor.null_spaces.items()}
    return {
        BASELINE: Released(lm, short, projections),
        f"{BASELINE}, our prefixes": Released(lm, theirs, projections),
        EQUAL: equal,
        OURS: OursAsItIs(lm, EditorConfig(), fitted),
    }
