"""The benchmark's baseline does the package's own work, its turns leave the model as it was, its ratios are right."""

import dataclasses
from typing import ClassVar

import pytest
from torch.testing import assert_close

from alphaedit_lite import EditorConfig, Fact
from alphaedit_lite.prompts import PREFIXES
from tests.benchmarks import bench, released
from tests.benchmarks.readme import speed
from tests.benchmarks.ways import BASELINE, EQUAL, OURS, Ours, Released
from tests.conftest import tiny
from tests.helpers import LAYERS, editor_for, same, weights

SECOND = [Fact("The river {} flows through", "Nile", "Rome"), Fact("{} plays", "Anna", "chess")]


def settings(**changed) -> EditorConfig:
    """The authors' settings for a tiny random model, in which nothing is unused and six steps are enough."""
    config = EditorConfig.faithful("gpt2-xl", PREFIXES[:3])
    targets = dataclasses.replace(config.targets, steps=6, **changed)
    own = {"lam": 0.5, "layers": LAYERS, "threshold": 0.3, "threshold_kind": "relative"}
    return dataclasses.replace(config, targets=targets, **own)


def both(lm, **changed):
    config = settings(**changed)
    fitted = editor_for(lm, config).statistics
    ours = Ours(lm, config, fitted)
    spaces = ours.editor.null_spaces.items()
    return Released(lm, config, {layer: space.projection.float() for layer, space in spaces}), ours


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_the_released_path_is_the_package_at_the_same_settings(family, facts):
    """z of each fact and Δ of each layer, in two batches, the second beside the keys of the first."""
    ours, theirs = both(tiny(family))[1], both(tiny(family))[0]
    cache: dict = {}
    for batch in (facts, SECOND):
        z, steps = theirs.find(batch)
        z_ours, steps_ours = ours.find(batch)
        assert steps == steps_ours
        assert_close(z_ours, z, atol=2e-4, rtol=2e-4)
        options = (theirs.projections, theirs.config.lam, theirs.config.targets.prefixes, cache)
        deltas = released.write(theirs.lm, batch, z, *options)
        delta = ours.write(batch, z)
        for layer in LAYERS:
            assert deltas[layer].norm() > 1e-2
            assert float((delta(layer) - deltas[layer]).norm() / deltas[layer].norm()) < 1e-3


def test_the_released_path_stops_when_the_loss_is_met():
    """δ can do much to the word right after the subject: both stop at a loss of 0.05, at the same step."""
    lm = tiny("gpt2", config={"initializer_range": 0.5})
    facts = [Fact("My friends live in {}", subject, " of") for subject in ("Lower Assam", "Zürich")]
    free = {"prefixes": ("",), "clamp": 20.0, "weight_decay": 0.0, "kl": 0.0, "steps": 40}
    theirs, ours = both(lm)
    (z, steps), (z_ours, steps_ours) = theirs.find(facts, **free), ours.find(facts, **free)
    assert steps == steps_ours
    assert 2 < min(steps) < max(steps) < 40  # another for each fact
    assert_close(z_ours, z, atol=2e-3, rtol=2e-3)


def test_prompts_in_several_passes_are_read_as_in_one(lm, facts, monkeypatch):
    theirs, _ = both(lm)
    z, _ = theirs.find(facts, steps=2)
    one = theirs.write(facts, z)
    theirs.undo()
    monkeypatch.setattr(released, "ROWS", 4)
    several = theirs.write(facts, z)
    for layer in LAYERS:
        assert_close(several(layer), one(layer), atol=1e-5, rtol=1e-4)


def test_by_turns_everything_is_found_and_undone(lm, facts, monkeypatch):
    """Each way has z and Δ of all facts, the same in both; the model has its own bits before each turn."""
    theirs, ours = both(lm)
    before, judged = weights(lm), []
    monkeypatch.setattr(bench, "default_layers", lambda n: LAYERS)
    for way in (theirs, ours):
        find = way.find
        way.find = lambda some, find=find: (
            (same(before, weights(lm)) or pytest.fail("not undone")) and find(some)
        )
    ways = {BASELINE: theirs, EQUAL: ours}
    found = bench.search(ways, facts, range(0, 3, 2))
    bench.write(
        ways, facts, found, lambda: judged.append(not same(before, weights(lm))) or {"asked": len(judged)}
    )
    assert judged == [True, True]  # judged while the facts are written
    assert same(before, weights(lm))
    for what in ("z", "delta"):
        assert bench.apart(found[EQUAL][what], found[BASELINE][what]) < 1e-3
    assert found[BASELINE]["z"].shape == (3, lm.d_model)
    rows = bench.report(found, 3)
    assert [row["quality"] for row in rows.values()] == [{"asked": 1}, {"asked": 2}]
    assert rows[BASELINE]["times"] == {"alone": 1.0, "together": 1.0}


class Searching:
    """A way that searches for a second while it writes."""

    inside: ClassVar = {"seconds": 1.0, "cpu": 2.0}


def took(z, write):
    """z in all, a second of it while writing."""
    return bench.whole(
        {"seconds": z - 1, "cpu": 2 * z - 2}, {"seconds": write + 1, "cpu": 2 * write + 2}, Searching
    )


QUALITY = {"efficacy_top1": 0.9, "generalization_top1": 0.5, "specificity": 0.7, "perplexity": 18.0}


def by_hand():
    """Four facts, three alone; the baseline takes 10 s a fact, ours 4 s alone and 1 s in a batch."""
    slow = {"alone": [took(9, 1), took(7, 9), took(1, 2)], "together": took(36, 4)}
    fast = {"alone": [took(3, 1), took(8, 0), took(1, 2)], "together": took(3, 1)}
    own = {"steps": [20, 10, 20, 10], "quality": QUALITY}
    return bench.report({BASELINE: slow | own, EQUAL: fast | own, OURS: fast | own}, 4)


def test_ratios_are_to_the_baseline():
    rows = by_hand()
    assert rows[OURS]["times"] == {"alone": 10 / 4, "together": 10.0}
    assert rows[OURS]["together"]["whole"] == {"seconds": 1.0, "cpu": 2.0}
    assert rows[OURS]["alone"]["z"] == {"seconds": 3, "cpu": 6}
    assert rows[OURS]["steps"] == 15


def test_readme_says_it():
    record = {
        "threads": 2, "facts": {"together": 4, "alone": 3, "from": "bundled"}, "baseline": BASELINE,
        "apart": {"z": 4e-6, "delta": 3e-5}, "floor of z": 0.5, "unedited": QUALITY, "ways": by_hand(),
    }  # fmt: skip
    parts = {"statistics of 100,000 tokens": 30, "forward pass to the same layer": 20}
    text = speed(record, parts | {"share of matrix products in z": 0.7})
    assert "| released path | 10.00 s (20.00) | 1.0 | 10.00 s (20.00) | 1.0 | 0.900 |" in text
    assert "| ours | 4.00 s (8.00) | 2.5 | 1.00 s (2.00) | 10.0 | 0.900 | 0.500 | 0.700 | 18.00 |" in text
    assert "z differs by 4e-06 at most, Δ by 3e-05, relatively" in text
    assert "2.5 times faster alone, 10.0 times in a batch" in text
    assert (
        "our z takes 0.75 s a fact and our write 0.25 s; those of the released path take 9.00 and 1.00."
        in text
    )
    assert "Our z takes 1.5 times what its multiplications" in text
    assert "70% of the time" in text
    assert "take 1.50 times the bare forward pass" in text


def test_the_floor_counts_what_the_search_must_multiply():
    """One step more costs forward and backward through the blocks above, for each token from the subject on."""
    lm = tiny("llama")
    fact = Fact("{} is located in the country of", "Lower Assam", "France")
    layer, block = 3, sum(p.numel() for p in lm.block(0).parameters())
    head = lm.model.get_output_embeddings().weight.numel()
    (row,) = bench.encode_fact(lm.tokenizer, fact, ("",), True)
    more = bench.floor_flops(lm, fact, 5, ("",), layer) - bench.floor_flops(lm, fact, 4, ("",), layer)
    tokens, read = len(row.ids) - 1 - row.subject + 1, len(row.ids) - row.object + 1
    assert more == 2 * 2 * (tokens * block * (lm.n_layers - 1 - layer) + read * head)
