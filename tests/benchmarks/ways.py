"""What the benchmark compares: the path of the released code, and the package, each with its settings.

z, steps = way.find(facts)
delta = way.write(facts, z)      # delta(5) is the Δ of layer 5
way.undo()
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from alphaedit_lite import AlphaEdit, EditorConfig, Fact, KeyStatistics, LanguageModel, compute_targets
from alphaedit_lite.config import default_layers
from alphaedit_lite.prompts import sample_prefixes
from alphaedit_lite.support.statistics import key_statistics
from tests.benchmarks import released

BASELINE, EQUAL, OURS = "released path", "ours, authors' settings", "ours"
THEIRS = "gpt2-xl"  # whose 20 steps and learning rate of 0.5 the authors' settings have; the layers are the model's
TOKENS = 10  # of a sampled prefix, its first word included, as in the released code


class Released:
    """The released path: z fact by fact."""

    by_fact = True

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
    """The package: z of many facts at once."""

    by_fact = False

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
        OURS: Ours(lm, EditorConfig(), fitted),
    }
