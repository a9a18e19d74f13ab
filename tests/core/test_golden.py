"""Against the released code itself: what it gives on the default model, kept as tensors.

Both the package and AlphaEdit in one file are held to it. ``shared/golden`` lies beside the project, and
says how it was made; without it these tests skip.
"""

import importlib.util
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from alphaedit_lite import AlphaEdit, EditorConfig, NullSpace, TargetConfig, key_statistics
from alphaedit_lite.facts import Fact, read_counterfact
from alphaedit_lite.keys import fit_statistics
from tests.benchmarks import released as path
from tests.conftest import SHARED

pytestmark = pytest.mark.model
ROOT = Path(__file__).parents[2]
GOLDEN = SHARED.parent / "golden"
FACT = Fact("{} is located in the country of", "Lower Assam", " Romania")


@pytest.fixture(scope="module")
def one():
    spec = importlib.util.spec_from_file_location("one", ROOT / "notebooks" / "alphaedit_in_one_file.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def released():
    if not GOLDEN.exists():
        pytest.skip("no shared/golden beside the project: tensors made by the released code")
    with open(GOLDEN / "alphaedit_released_smollm2.json", encoding="utf-8") as file:
        described = json.load(file)
    facts = read_counterfact(SHARED / "counterfact_500.json")[: len(described["case_ids"])]
    assert [fact.case_id for fact in facts] == described["case_ids"]
    (bare,), prefixed = described["templates"]
    prefixes = tuple(template.format("") for template in (bare, *prefixed))
    return load_file(GOLDEN / "alphaedit_released_smollm2.safetensors"), facts, prefixes


def published(prefixes, clamp=0.75):
    targets = TargetConfig(search="adam", steps=20, clamp=clamp, early_stop=False, prefixes=prefixes)
    return EditorConfig(lam=10, lam_relative=False, passes=1, targets=targets)


def distance(ours, theirs):
    return float((ours - theirs).norm() / theirs.norm())


def theirs(tensors, batch, layer):
    return tensors[f"batch{batch}.layer{layer}.left"] @ tensors[f"batch{batch}.layer{layer}.right"]


def test_the_package_gives_what_the_released_code_gives(smollm, released):
    tensors, facts, prefixes = released
    editor = AlphaEdit(smollm, published(prefixes), progress=False)
    for batch in range(2):
        edit = editor.edit(facts[3 * batch : 3 * batch + 3])
        for layer in editor.layers:
            assert distance(edit.delta(layer), theirs(tensors, batch, layer)) < 1e-4


def test_the_baseline_of_the_benchmark_is_the_released_code(smollm, released):
    """One z, and what the first batch writes at their z."""
    tensors, facts, prefixes = released
    config = published(prefixes)
    z, _ = path.target(smollm, facts[0], 7, config.targets)
    assert distance(z, tensors["z"][0]) < 1e-4
    layers = AlphaEdit(smollm, config, progress=False).null_spaces
    before = {layer: smollm.weight(layer).clone() for layer in layers}
    P = {layer: space.projection.float() for layer, space in layers.items()}
    try:
        deltas = path.write(smollm, facts[:3], tensors["z"][:3], P, config.lam, prefixes)
    finally:
        for layer, weight in before.items():
            smollm.weight(layer).copy_(weight)
    for layer, delta in deltas.items():
        assert distance(delta, theirs(tensors, 0, layer)) < 1e-4


def projections(lm, layers):
    return {layer: NullSpace.fit(s, 2e-2).projection for layer, s in key_statistics(lm, layers).items()}


def in_one_file(one, lm, facts, P, past):
    """What the file writes, by layer; the weights are put back."""
    triples = [(fact.template, fact.subject, fact.new) for fact in facts]
    with lm.frozen():
        before = one.alphaedit(lm.model, lm.tokenizer, triples, P, past)
    written = {layer: lm.weight(layer) - weight for layer, weight in before.items()}
    for layer, weight in before.items():
        lm.weight(layer).copy_(weight)
    return written


def test_one_file_gives_what_the_package_gives(smollm, one):
    edit = AlphaEdit(smollm, published(one.PREFIXES, one.CLAMP), progress=False).edit([FACT])
    deltas = {layer: edit.delta(layer) for layer in edit.keys}
    edit.revert()
    written = in_one_file(one, smollm, [FACT], projections(smollm, one.LAYERS), {})
    assert list(written) == list(deltas)
    for layer, delta in deltas.items():
        assert distance(written[layer], delta) < 1e-3  # 20 steps carry rounding on: 1e-4 on some processors


def test_one_file_gives_what_the_released_code_gives(smollm, one, released, monkeypatch):
    tensors, facts, prefixes = released
    monkeypatch.setattr(one, "PREFIXES", prefixes)
    for layer, delta in in_one_file(one, smollm, facts[:3], projections(smollm, one.LAYERS), {}).items():
        assert distance(delta, theirs(tensors, 0, layer)) < 1e-4


def test_one_file_finds_the_null_spaces_that_the_package_finds(smollm, one, monkeypatch):
    texts = ["The River Thames flows through London and Oxford.", "Mount Fuji is a volcano in Japan."] * 400
    monkeypatch.setattr(one, "TOKENS", 2000)
    found = one.null_spaces(smollm.model, smollm.tokenizer, texts)
    fitted = fit_statistics(smollm, one.LAYERS, texts, 2000, progress=False)
    for layer, P in found.items():
        space = NullSpace.fit(fitted[layer], 2e-2)
        assert int(P.trace().round()) == space.rank
        assert torch.allclose(P @ P, P, atol=1e-9)
        assert distance(P, space.projection) < 1e-3


def test_one_file_is_short():
    lines = (ROOT / "notebooks" / "alphaedit_in_one_file.py").read_text(encoding="utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 150
    assert max(map(len, lines)) <= 80
