"""The facts of a stream in the order of a seed, and the targets z of the unedited model for them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file, save_file

from ... import TargetConfig, bundled_facts, compute_targets, read_counterfact
from ...config import default_layers
from ...facts import Fact
from ...models import LanguageModel
from ...support.assets import cache_dir, replacing
from ...support.bundled import SHIPPED

PART: Final = 30  # targets z found between two savings


def order(seed: int) -> list[Fact]:
    """All bundled facts in the order of one seed."""
    return random.Random(seed).sample(facts := bundled_facts(), len(facts))


def counterfact(folder: Path, seed: int) -> list[Fact]:
    """The CounterFact facts of all ``counterfact*.json`` in a folder, in the order of one seed."""
    facts = [fact for path in sorted(folder.glob("counterfact*.json")) for fact in read_counterfact(path)]
    if not facts:
        raise FileNotFoundError(f"There is no counterfact*.json in {folder}.")
    return random.Random(seed).sample(facts, len(facts))


def unedited_targets(
    lm: LanguageModel, facts: Sequence[Fact], config: TargetConfig = SHIPPED
) -> torch.Tensor:
    """z of any facts on the model as it is, which must be unedited; kept in the cache, part by part."""
    layer = default_layers(lm.n_layers)[-1]
    settings = hashlib.sha256(f"{layer} {config}".encode()).hexdigest()[:8]
    path = cache_dir() / "stream" / f"targets-{lm.fingerprint}-{settings}.safetensors"
    found = load_file(path) if path.exists() else {}
    missing = list({key_of(fact): fact for fact in facts if key_of(fact) not in found}.values())
    missing.sort(key=lambda fact: len(fact.prompt + fact.new) - fact.subject_end)  # less padding in a part
    for first in range(0, len(missing), PART):
        part = missing[first : first + PART]
        z = compute_targets(lm, part, layer, config).z
        found |= {key_of(fact): row.clone() for fact, row in zip(part, z, strict=True)}
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            save_file(found, partial)
    return torch.stack([found[key_of(fact)] for fact in facts])


def key_of(fact: Fact) -> str:
    return hashlib.sha256(f"{fact.prompt}\0{fact.new}".encode()).hexdigest()[:16]
