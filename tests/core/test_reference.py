"""The whole of AlphaEdit against an independent plain implementation that follows the authors' code.

One fact at a time, whole forward passes, ordinary torch hooks, a dense solve of the paper's non-symmetric
form, weights changed in place: slow, and easy to check line by line.
"""

import dataclasses

import pytest
import torch
from torch.testing import assert_close

from alphaedit_lite import Editor, EditorConfig, Fact
from alphaedit_lite.prompts import PREFIXES, sample_prefixes
from tests.conftest import tiny
from tests.helpers import LAYERS, editor_for, plain_target

LAM = 0.5


def key_and_output(lm, fact, layer, last, prefixes):
    """½ bare + ½ mean of the prefixed keys at ``layer``, and the bare prompt's output of block ``last``."""
    keys, output = [], None
    for prefix in prefixes:
        text = prefix + fact.prompt
        end = len(prefix) + fact.prompt.rindex(fact.subject) + len(fact.subject)
        spans = lm.tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        at = max(i for i, (start, stop) in enumerate(spans) if start < end and stop > start)
        seen = {}
        hooks = [
            lm.down_projection(layer).register_forward_pre_hook(lambda m, x, seen=seen: seen.update(k=x[0])),
            lm.block(last).register_forward_hook(lambda m, x, y, seen=seen: seen.update(h=y)),
        ]
        with torch.no_grad():
            lm.model(torch.tensor([lm.tokenizer(text)["input_ids"]]))
        for hook in hooks:
            hook.remove()
        keys.append(seen["k"][0, at])
        if output is None:
            output = (seen["h"][0] if isinstance(seen["h"], tuple) else seen["h"])[0, at]
    return (keys[0] + torch.stack(keys[1:]).mean(0)) / 2, output


def reference_edit(lm, facts, projections, cache, config):
    last = LAYERS[-1]
    z = torch.stack([plain_target(lm, fact, last, config)[0] for fact in facts], 1)  # [d_model, n]
    for i, layer in enumerate(LAYERS):
        found = [key_and_output(lm, fact, layer, last, config.prefixes) for fact in facts]
        keys = torch.stack([key for key, _ in found], 1).double()
        residual = (z - torch.stack([h for _, h in found], 1)).double() / (len(LAYERS) - i)
        p = projections[layer]
        left = p @ (keys @ keys.T + cache[layer]) + LAM * torch.eye(lm.d_ff, dtype=torch.float64)
        update = torch.linalg.solve(left, p @ keys @ residual.T).T
        lm.weight(layer).add_(update.float())
    for layer in LAYERS:
        keys = torch.stack(
            [key_and_output(lm, f, layer, last, config.prefixes)[0] for f in facts], 1
        ).double()
        cache[layer] += keys @ keys.T


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_two_batches_come_out_as_in_the_reference(family, facts):
    config = EditorConfig.faithful("llama3-8b", PREFIXES[:3])
    config = dataclasses.replace(config, lam=LAM, targets=dataclasses.replace(config.targets, steps=6))
    ours, plain = tiny(family), tiny(family)
    settings = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    settings |= {"layers": LAYERS, "threshold": 0.3, "threshold_kind": "relative"}
    editor = editor_for(ours, **settings)
    projections = {layer: editor.null_spaces[layer].projection for layer in LAYERS}
    cache = {layer: torch.zeros(ours.d_ff, ours.d_ff, dtype=torch.float64) for layer in LAYERS}
    second = [Fact("The river {} flows through", "Nile", "Rome"), Fact("{} plays", "Anna", "chess")]
    for batch in (facts, second):
        editor.edit(batch)
        reference_edit(plain, batch, projections, cache, config.targets)
    for layer in LAYERS:
        written = plain.weight(layer) - ours.ledger.original(layer)
        assert written.norm() > 1e-2
        assert_close(
            ours.weight(layer), plain.weight(layer), atol=2e-3 * float(written.abs().max()), rtol=1e-3
        )


def test_the_authors_settings(lm):
    config = EditorConfig.faithful("gpt2-xl")
    assert (config.layers, config.lam, config.lam_relative) == ((13, 14, 15, 16, 17), 10.0, False)
    assert (config.targets.steps, config.targets.lr, config.targets.clamp) == (20, 0.5, 0.75)
    with pytest.raises(KeyError, match=r"'gpt-5'; there are some for gpt2-xl, .*qwen2.5-7b"):
        EditorConfig.faithful("gpt-5")
    easy = EditorConfig.faithful("qwen2.5-7b")  # hparams/AlphaEdit/qwen2.5-7b.yaml of EasyEdit
    assert (easy.layers, easy.lam, easy.threshold) == ((4, 5, 6, 7, 8), 1.0, 2e-2)
    z = easy.targets
    assert (z.steps, z.lr, z.clamp, z.weight_decay, z.kl) == (25, 0.5, 4.0, 1e-3, 0.0625)
    with pytest.raises(IndexError, match="Layer 6"):
        Editor(lm, EditorConfig.faithful("llama3-8b"), statistics={})


def test_sampled_prefixes_depend_on_the_seed_alone(lm):
    torch.manual_seed(1)
    one = sample_prefixes(lm, seed=3)
    torch.manual_seed(2)
    assert sample_prefixes(lm, seed=3) == one
    assert sample_prefixes(lm, seed=4) != one
    assert one[0] == ""
    assert len(one) == 6
