"""Models, hooks, targets, edits: on tiny random Llama and GPT-2 models, in which every path is exercised."""

import dataclasses
import math
import os
import signal
import threading

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tokenizers.processors import TemplateProcessing
from torch.testing import assert_close
from transformers import BertConfig, BertModel

from alphaedit_lite import (
    AlphaEdit,
    Edit,
    Editor,
    EditorConfig,
    Fact,
    LanguageModel,
    TargetConfig,
    compute_targets,
    evaluate,
    metrics,
    solvers,
)
from alphaedit_lite import finetune as finetune_module
from alphaedit_lite.edits import prune
from alphaedit_lite.factkeys import FactPrompts
from alphaedit_lite.finetune import FineTune
from alphaedit_lite.hooks import hooked
from alphaedit_lite.keys import KeyStatistics, fit_statistics
from alphaedit_lite.metrics import score
from alphaedit_lite.models import UnsupportedModelError
from alphaedit_lite.prompts import align, encode, encode_fact
from alphaedit_lite.support import statistics as kept
from alphaedit_lite.support.assets import AssetError
from alphaedit_lite.support.shares import grow
from alphaedit_lite.support.statistics import StatisticsFile, key_statistics, load_statistics, save_statistics
from tests.conftest import CORPUS, tiny, tiny_model, train_tokenizer
from tests.helpers import LAYERS, PLAIN, editor_for, plain_target, same, weights

# -- running a slice of a model ------------------------------------------------------------------------


def test_slices_and_prefixes_are_the_whole_model(lm, facts):
    """Blocks 0..2 then 3.., with the left part of the columns cached, give the model's own logits."""
    rows = [row for fact in facts for row in encode_fact(lm.tokenizer, fact, ("", "The weather. "), True)]
    batch = align(rows, range(len(rows)), lm.pad_id, lm.device)
    c = batch.subject
    assert c > 0
    with torch.no_grad():
        embedded = lm.embed(batch.ids)
        _, prefix = lm.run(embedded[:, :c], batch.mask[:, :c], batch.positions[:, :c], keep_prefix=True)
        hidden, _ = lm.run(embedded[:, c:], batch.mask, batch.positions[:, c:], stop=3, prefix=prefix)
        hidden, _ = lm.run(hidden, batch.mask, batch.positions[:, c:], start=3, prefix=prefix)
        assert prefix.get_seq_length() == c  # the prefix has not grown
        for i, row in enumerate(rows):
            alone = lm.model(torch.tensor([row.ids])).logits[0, row.subject : -1]
            ours = lm.logits(hidden[i, : len(row.ids) - 1 - row.subject])
            assert_close(ours, alone, atol=1e-5, rtol=1e-4)
            assert batch.ids[i, c] == row.ids[row.subject]


def test_weight_is_what_the_module_computes(lm):
    x = torch.randn(3, lm.d_ff)
    module = lm.down_projection(2)
    bias = getattr(module, "bias", None)
    assert_close(module(x), x @ lm.weight(2).T + (0 if bias is None else bias))
    with pytest.raises(IndexError, match="Layer 6 is out of range: this model has blocks 0 to 5"):
        lm.weight(6)
    with pytest.raises(IndexError):
        lm.weight(-1)


def test_unknown_models_are_refused(lm):
    other = tiny_model("codegen", n_embd=32, n_head=4, n_layer=1, rotary_dim=4)
    with pytest.raises(UnsupportedModelError, match="'codegen' are not in the architecture table"):
        LanguageModel(other, lm.tokenizer)
    with pytest.raises(UnsupportedModelError, match="'bert'"):
        LanguageModel(
            BertModel(BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2)), lm.tokenizer
        )
    with pytest.raises(UnsupportedModelError, match="fast tokenizer"):
        LanguageModel(lm.model, object())
    other = tiny("llama")
    other.weight(2)[0, 0] = torch.nan
    with pytest.raises(UnsupportedModelError, match="block 2 holds NaN"):
        LanguageModel(other.model, other.tokenizer)
    quantised = tiny("llama")
    quantised.down_projection(1).weight = torch.nn.Parameter(torch.ones(32, 24, dtype=torch.uint8), False)
    with pytest.raises(UnsupportedModelError, match="quantised"):
        LanguageModel(quantised.model, quantised.tokenizer)


def test_hooks_look_replace_and_go(lm):
    ids, seen = torch.tensor([[5, 6, 7]]), []
    plain = lm.model(ids).logits
    with hooked(inputs={lm.down_projection(1): seen.append}, outputs={lm.block(2): seen.append}):
        assert torch.equal(lm.model(ids).logits, plain)
    assert [list(x.shape) for x in seen] == [[1, 3, lm.d_ff], [1, 3, lm.d_model]]
    with hooked(outputs={lm.block(4): lambda x: x + 1}), hooked(inputs={lm.block(5): lambda x: x - 1}):
        assert_close(lm.model(ids).logits, plain, atol=1e-4, rtol=1e-3)
    with hooked(outputs={lm.block(2): lambda x: x * 3}):
        assert not torch.allclose(lm.model(ids).logits, plain)
    assert torch.equal(lm.model(ids).logits, plain)
    with pytest.raises(RuntimeError, match="never ran"), hooked(outputs={lm.block(1): seen.append}):
        pass
    with pytest.raises(KeyError), hooked(outputs={lm.block(1): seen.append}):
        raise KeyError
    assert not lm.block(1)._forward_hooks


# -- targets -------------------------------------------------------------------------------------------


def test_batched_targets_are_the_definition(lm, facts):
    found = compute_targets(lm, facts, 3, PLAIN, progress=False)
    for i, fact in enumerate(facts):
        z, nll = plain_target(lm, fact, 3, PLAIN)
        assert_close(found.z[i], z, atol=2e-4, rtol=1e-4)
        assert_close(found.nll[i], nll, atol=1e-4, rtol=1e-4)
    assert ((found.z - found.h).norm(dim=1) <= PLAIN.clamp * found.h.norm(dim=1) * 1.0001).all()


# -- statistics ----------------------------------------------------------------------------------------


def test_statistics_are_the_second_moment_of_the_keys(lm):
    keys = {1: [], 3: []}
    for text in CORPUS:
        with (
            hooked(inputs={lm.down_projection(layer): keys[layer].append for layer in keys}),
            torch.no_grad(),
        ):
            lm.model(torch.tensor([lm.tokenizer(text)["input_ids"]]))
    found = fit_statistics(lm, (1, 3), CORPUS, 10_000, progress=False)
    for layer, seen in keys.items():
        rows = torch.cat([x[0] for x in seen]).double()
        assert found[layer].count == len(rows)
        assert_close(found[layer].second_moment, rows.T @ rows / len(rows), atol=1e-5, rtol=1e-4)
    assert fit_statistics(lm, (1,), CORPUS, 17, progress=False)[1].count == 17
    with pytest.raises(ValueError, match="no tokens"):
        fit_statistics(lm, (1,), ["", ""], 10, progress=False)


def test_saved_statistics_know_what_they_are_of(lm, tmp_path):
    statistics = fit_statistics(lm, (1, 2), CORPUS, 100, progress=False)
    made_from = StatisticsFile(lm.fingerprint, 2, "text", 100)
    path = tmp_path / "statistics.safetensors"
    save_statistics(path, statistics[2], made_from)
    loaded = load_statistics(path, made_from)
    assert_close(loaded.second_moment, statistics[2].second_moment, atol=1e-6, rtol=1e-6)
    for change in ({"model": tiny("llama", 5).fingerprint}, {"layer": 3}, {"text": "x"}, {"tokens": 9}):
        with pytest.raises(AssetError, match=next(iter(change))):
            load_statistics(path, dataclasses.replace(made_from, **change))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(AssetError, match="cannot be read"):
        load_statistics(path, made_from)
    assert list(tmp_path.iterdir()) == [path]  # no temporary files are left


# -- edits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["alphaedit", "memit", "ridge"])
def test_an_edit_moves_the_block_towards_z_and_nothing_else(lm, facts, solver):
    before = weights(lm)
    z = compute_targets(lm, facts, 3, PLAIN, progress=False).z
    editor = editor_for(lm, solver=solver, lam=1e-4, weight=1e-3)

    def output():
        prompts = FactPrompts(lm, facts, editor.config.targets.prefixes, LAYERS[0])
        return prompts.look(LAYERS[0], LAYERS[-1])[1]

    with torch.no_grad():
        distance = (z - output()).norm()
        edit = editor.edit(facts, z)
        assert (z - output()).norm() < 0.7 * distance
    changed = {name for name, value in lm.model.state_dict().items() if not torch.equal(value, before[name])}
    assert len(changed) == len(LAYERS)
    assert all(any(f".{layer}." in name for name in changed) for layer in LAYERS)
    for layer in LAYERS:
        assert_close(lm.weight(layer), (lm.ledger._originals[layer] + edit.delta(layer)).float())
    edit.revert()
    assert same(weights(lm), before)


def test_history_keeps_earlier_answers(lm, facts):
    """With history, the second edit moves what the first wrote less than without."""
    moved = {}
    for history in (True, False):
        editor = editor_for(lm, history=history, lam=1e-3)
        first = editor.edit(facts[:1])
        second = editor.edit([Fact(facts[0].template, "Upper Assam", "Paris")])
        moved[history] = (first.keys[1] @ second.delta(1).T.float()).norm()
        first.revert()
        second.revert()
    assert moved[True] < 0.5 * moved[False]


def test_all_edits_are_reverted_in_a_loop(lm, facts):
    before, editor = weights(lm), editor_for(lm)
    for fact in facts:
        editor.edit([fact])
    for edit in lm.ledger.edits:  # which does not change under who goes through it
        edit.revert()
    assert not lm.ledger.edits
    assert same(weights(lm), before)


def test_reverts_in_any_order_are_bit_exact(lm, facts):
    before = weights(lm)
    editor = editor_for(lm)
    a, b, c = editor.edit(facts[:1]), editor.edit(facts[1:2]), editor.edit(facts[2:])
    abc = weights(lm)
    b.revert()
    assert lm.ledger.edits == [a, c]
    assert not same(weights(lm), abc)
    b.apply(lm)
    b.revert()
    c.revert()
    only_a = weights(lm)
    c.apply(lm)
    assert editor.undo() is c
    assert same(weights(lm), only_a)
    a.revert()
    assert same(weights(lm), before)
    with pytest.raises(ValueError, match="nothing to undo"):
        editor.undo()
    with pytest.raises(ValueError, match="nothing to revert"):
        a.revert()


def test_saved_edits_go_into_a_copy_of_the_model_only(facts, tmp_path):
    lm, twin, stranger = tiny("gpt2"), tiny("gpt2"), tiny("gpt2", seed=1)
    edit = editor_for(lm).edit(facts)
    edit.save(tmp_path / "edit.safetensors")
    loaded = Edit.load(tmp_path / "edit.safetensors")
    assert loaded.facts == edit.facts
    loaded.apply(twin)
    assert same(weights(twin), weights(lm))
    with pytest.raises(ValueError, match="already"):
        loaded.apply(lm)
    with pytest.raises(ValueError, match="already"):  # the same edit, loaded a second time
        Edit.load(tmp_path / "edit.safetensors").apply(twin)
    with pytest.raises(ValueError, match=stranger.fingerprint):
        Edit.load(tmp_path / "edit.safetensors").apply(stranger)
    (tmp_path / "half.safetensors").write_bytes((tmp_path / "edit.safetensors").read_bytes()[:500])
    (tmp_path / "text.safetensors").write_text("hello")
    for name in ("half", "text"):
        with pytest.raises(AssetError, match=name):
            Edit.load(tmp_path / f"{name}.safetensors")


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_edit_happens_whole_or_not_at_all(lm, facts, monkeypatch, error):
    editor = editor_for(lm)
    editor.edit(facts[:1])
    before = weights(lm)
    gain, calls = editor.gain, []

    def failing(layer, keys, history):
        calls.append(layer)
        if layer == LAYERS[-1]:
            raise error
        return gain(layer, keys, history)

    monkeypatch.setattr(editor, "gain", failing)
    lm.model.train()
    with pytest.raises(error):
        editor.edit(facts[1:])
    assert calls == list(LAYERS)
    assert same(weights(lm), before)
    assert len(lm.ledger.edits) == 1
    assert lm.model.training
    monkeypatch.undo()
    editor.edit(facts[1:]).revert()
    assert same(weights(lm), before)


def test_a_real_interrupt_at_any_time_changes_nothing(facts):
    """SIGINT from another thread, at ten different moments of an edit."""
    # A process started in the background by a shell ignores SIGINT, and so would this one.
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _interrupt_ten_times(facts)
    finally:
        signal.signal(signal.SIGINT, earlier)


def _interrupt_ten_times(facts):
    lm = tiny("llama")
    editor = editor_for(lm, targets=TargetConfig(steps=3, early_stop=False))
    before, interrupted = weights(lm), 0
    for i in range(10):
        timer = threading.Timer(0.01 + 0.02 * i, os.kill, (os.getpid(), signal.SIGINT))
        try:
            timer.start()
            editor.edit(facts)
            timer.join()
        except KeyboardInterrupt:
            interrupted += 1
        while lm.ledger.edits:
            editor.undo()
        assert same(weights(lm), before)
    assert interrupted >= 3


def test_training_mode_and_gradients_are_left_as_they_were(lm, facts):
    quiet = compute_targets(lm, facts, 3, PLAIN, progress=False).z
    lm.model.train()
    lm.model.requires_grad_(True)
    assert torch.equal(compute_targets(lm, facts, 3, PLAIN, progress=False).z, quiet)  # no dropout inside
    editor_for(lm).edit(facts)
    assert lm.model.training
    assert all(p.requires_grad and p.grad is None for p in lm.model.parameters())


def test_half_precision_models_are_edited(lm, facts):
    lm = LanguageModel(lm.model.to(torch.bfloat16), lm.tokenizer)
    before = weights(lm)
    edit = editor_for(lm).edit(facts)
    assert lm.weight(1).dtype == torch.bfloat16
    assert all(torch.isfinite(edit.delta(layer)).all() for layer in LAYERS)
    edit.revert()
    assert same(weights(lm), before)


def test_changes_from_outside_are_noticed(lm, facts):
    editor = editor_for(lm)
    edit = editor.edit(facts[:1])
    with torch.no_grad():
        lm.down_projection(2).weight += 1
    after = weights(lm)
    with pytest.raises(RuntimeError, match="block 2 was changed from outside"):
        edit.revert()
    assert same(weights(lm), after)


def test_bad_requests_leave_the_model_untouched(lm, facts):
    before, editor = weights(lm), editor_for(lm)
    good = facts[0]
    with pytest.raises(ValueError, match="no facts"):
        editor.edit([])
    with pytest.raises(ValueError, match="contradict"):
        editor.edit([good, Fact(good.template, good.subject, "Italy")])
    with pytest.raises(ValueError, match="finite"):
        editor.edit([good], torch.full((1, lm.d_model), torch.nan))
    with pytest.raises(ValueError, match=r"\[1, 32\]"):
        editor.edit([good], torch.ones(2, lm.d_model))
    for layers in ((2, 1), (1, 1), ()):
        with pytest.raises(ValueError, match="ascending"):
            editor_for(lm, layers=layers)
    with pytest.raises(IndexError, match="Layer 17"):
        editor_for(lm, layers=(1, 17))
    with pytest.raises(ValueError, match="no statistics for layer 4"):
        editor_for(lm, layers=(1, 4))
    with pytest.raises(ValueError, match="no solver 'magic'"):
        editor_for(lm, solver="magic")
    with pytest.raises(TypeError, match="needs a solver"):
        Editor(lm, layers=LAYERS)
    for settings in ({"solver": "memit"}, {"config": EditorConfig(solver="memit")}):
        with pytest.raises(ValueError, match="AlphaEdit is its solver"):
            AlphaEdit(lm, **settings)
    with pytest.raises(ValueError, match="needs a gain"):
        Editor(lm, solver="own")
    assert same(weights(lm), before)


def test_unusual_facts_are_edited(lm):
    facts = [
        Fact("{} is open in", "Café Zürich 🙂", "東京"),
        Fact("{}の首都は", "日本", "京都"),
        Fact("The capital of {} is", "Italy", "in the country of " * 12 + "Asia"),  # more than 40 tokens
        Fact("Rome is not in {}", "Rome", "Asia"),
        Fact("{}", "Paris", "is"),
    ]
    edit = editor_for(lm).edit(facts)
    assert all(torch.isfinite(edit.delta(layer)).all() for layer in LAYERS)


def test_two_editors_share_one_history(lm, facts):
    editor_for(lm).edit(facts[:1])
    second = editor_for(lm).edit(facts[1:])
    assert [len(edit.facts) for edit in lm.ledger.edits] == [1, 2]
    second.revert()


# -- metrics -------------------------------------------------------------------------------------------


def test_scores_are_the_models_own(lm, facts):
    pairs = [(fact.prompt, target) for fact in facts for target in (fact.new, " Rome", " in Asia")]
    log_p, first = metrics.score(lm, pairs)
    for (prompt, target), value, top in zip(pairs, log_p, first, strict=True):
        ids = lm.tokenizer(prompt + target)["input_ids"]
        n = len(lm.tokenizer(prompt)["input_ids"])
        logits = lm.model(torch.tensor([ids])).logits[0, n - 1 : -1].log_softmax(-1)
        assert_close(value, logits.gather(1, torch.tensor(ids[n:])[:, None]).mean(), atol=1e-5, rtol=1e-4)
        assert bool(top) == (logits.argmax(1) == torch.tensor(ids[n:])).all()


def test_evaluate_counts_what_it_says(lm, facts):
    fact = dataclasses.replace(
        facts[0],
        paraphrases=("In Asia, Lower Assam is in", "Lower Assam is in"),
        neighbours=(("Italy is located in the country of", "Rome"), ("The capital of France is", "Paris")),
    )
    table = evaluate(lm, [fact, facts[2]], progress=False)
    better = []
    for prompt, good, bad in [
        (fact.prompt, fact.new, fact.true),
        *((p, fact.new, fact.true) for p in fact.paraphrases),
        *((p, a, fact.new) for p, a in fact.neighbours),
    ]:
        a, b = metrics.score(lm, [(prompt, good), (prompt, bad)])[0]
        better.append(float(a > b))
    assert table.efficacy[0] == better[0]
    assert table.generalization[0] == sum(better[1:3]) / 2
    assert table.specificity[0] == sum(better[3:]) / 2
    assert math.isnan(table.efficacy[1])
    assert math.isnan(table.specificity[1])
    assert table.efficacy_top1[1] in (0.0, 1.0)


def test_perplexity_is_that_of_the_model(lm):
    loss, count = 0.0, 0
    for text in CORPUS:
        ids = torch.tensor([lm.tokenizer(text)["input_ids"]])
        loss += lm.model(ids, labels=ids).loss.item() * (ids.shape[1] - 1)
        count += ids.shape[1] - 1
    assert metrics.perplexity(lm, CORPUS) == pytest.approx(math.exp(loss / count), rel=1e-4)


def test_alphaedit_is_an_editor_with_a_null_space(lm):
    assert issubclass(AlphaEdit, Editor)
    assert set(editor_for(lm).null_spaces) == set(LAYERS)
    assert not editor_for(lm, solver="ridge").null_spaces


# -- what a hostile reader tried -----------------------------------------------------------------------


def test_a_refused_edit_keeps_weights_that_were_trained_meanwhile(lm, facts):
    editor = editor_for(lm)
    edit = editor.edit(facts[:1])
    with torch.no_grad():
        lm.down_projection(2).weight += 1
    trained = weights(lm)
    for action in (lambda: editor.edit(facts[1:]), edit.revert, editor.undo):
        with pytest.raises(RuntimeError, match="changed from outside"):
            action()
        assert same(weights(lm), trained)


def test_an_interrupted_revert_can_be_repeated(lm, facts, monkeypatch):
    before = weights(lm)
    editor = editor_for(lm)
    a, b = editor.edit(facts[:1]), editor.edit(facts[1:])
    both = weights(lm)
    write, calls = lm.ledger._write, []

    def failing(layer, new):
        write(layer, new)
        calls.append(layer)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(lm.ledger, "_write", failing)
    with pytest.raises(KeyboardInterrupt):
        a.revert()
    assert same(weights(lm), both)
    assert lm.ledger.edits == [a, b]
    assert a.lm is b.lm is lm
    a.revert()
    b.revert()
    assert same(weights(lm), before)


def test_writing_a_fact_anew_replaces_it(lm, facts):
    """The key of the fact's earlier version must not hold its old answer in place."""
    editor = editor_for(lm, layers=(3,), lam=1e-4)
    fact, anew = facts[0], Fact(facts[0].template, facts[0].subject, "Italy")
    editor.edit([fact])
    assert editor.history(3, [anew]) is None
    assert editor.history(3, facts[1:]).shape == (1, lm.d_ff)


def test_tampered_edits_are_refused(lm, facts, tmp_path):
    edit = editor_for(lm).edit(facts)
    edit.revert()
    for change in (
        lambda e: e.gain.__setitem__(2, e.gain[2][:, :1]),
        lambda e: e.keys.__setitem__(2, e.keys[2] * torch.nan),
        lambda e: e.residual.pop(2),
        lambda e: e.keys.__setitem__(3, e.keys[3][:1]),
    ):
        bad = dataclasses.replace(edit, **{n: dict(getattr(edit, n)) for n in ("residual", "gain", "keys")})
        change(bad)
        bad.save(tmp_path / "bad.safetensors")
        with pytest.raises(AssetError, match="not a whole saved edit"):
            Edit.load(tmp_path / "bad.safetensors")
    with pytest.raises(IsADirectoryError):
        edit.save(tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder"):
        edit.save(tmp_path / "nowhere" / "edit.safetensors")
    assert tmp_path.is_dir()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 1}, "steps"),
        ({"batch_size": 0}, "batch_size"),
        ({"clamp": -1.0}, "clamp"),
        ({"lr": 0.0}, "lr"),
        ({"prefixes": ()}, "prefixes"),
        ({"prefixes": ("The. ",)}, "bare prompt"),
        ({"prefixes": "abc"}, "bare prompt"),
    ],
)
def test_senseless_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TargetConfig(**settings)


def test_empty_and_overlong_input(lm, facts):
    with pytest.raises(ValueError, match="no facts"):
        evaluate(lm, [])
    with pytest.raises(ValueError, match="nothing to predict"):
        metrics.perplexity(lm, [""])
    with pytest.raises(ValueError, match="batch_size"):
        next(editor_for(lm).edit_stream(facts, 0))
    with pytest.raises(ValueError, match="nothing to complete"):
        lm.complete("")
    with pytest.raises(ValueError, match="no layers"):
        key_statistics(lm, (), CORPUS)
    wide = {layer: KeyStatistics(torch.eye(lm.d_ff + 1).double(), 1) for layer in LAYERS}
    with pytest.raises(ValueError, match=f"{lm.d_ff + 1} wide"):
        AlphaEdit(lm, layers=LAYERS, statistics=wide)
    exact = {layer: KeyStatistics(torch.eye(lm.d_ff).double(), 1) for layer in LAYERS}
    for layer in LAYERS:
        exact[layer].total[0, 0] = 0
    with pytest.raises(ValueError, match="lam_relative=False"):
        AlphaEdit(lm, layers=LAYERS, statistics=exact, progress=False).edit(facts[:1])
    assert math.isnan(evaluate(lm, facts[:1], progress=False).specificity[0])
    with torch.no_grad():
        editor_for(lm).edit(facts[:1])
    if lm.model.config.model_type == "gpt2":  # its context is 128: a longer text is cut to it
        assert metrics.perplexity(lm, ["the " * 400]) == metrics.perplexity(lm, ["the " * 400], 128)


def test_statistics_of_a_model_changed_meanwhile_are_refused(lm, monkeypatch, tmp_path):
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path))
    fitted = key_statistics(lm, (1,), CORPUS, 100, progress=False)
    assert torch.equal(key_statistics(lm, (1,), CORPUS, 100, progress=False)[1].total, fitted[1].total)
    assert len(list((tmp_path / "statistics").iterdir())) == 1
    other = LanguageModel(lm.model, train_tokenizer(bos=True))
    key_statistics(other, (1,), CORPUS, 100, progress=False)
    assert len(list((tmp_path / "statistics").iterdir())) == 2  # another tokenizer, another entry
    fits = []
    monkeypatch.setattr(kept, "grow", lambda *a, **k: fits.append(a[1]) or grow(*a, **k))
    together = key_statistics(lm, (1, 2), CORPUS, 100, progress=False)
    assert fits == [[2]]  # layer 1 is not fitted again
    assert torch.equal(together[1].total, fitted[1].total)
    lm.weight(1).mul_(3)
    with pytest.raises(RuntimeError, match="wrap it again"):
        key_statistics(lm, (1,), CORPUS, 100, progress=False)


def test_end_tokens_are_not_part_of_an_object():
    tokenizer = train_tokenizer()
    ids = encode(tokenizer, "Rome is in", 4, " Asia").ids
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        "<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    assert encode(tokenizer, "Rome is in", 4, " Asia").ids == [1, *ids]


# -- every editor ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("project", [False, True, "after"])
@pytest.mark.parametrize("solver", ["ridge", "memit", "encore", "rome", "emmet"])
def test_every_editor_writes_and_reverts(lm, facts, solver, project):
    before = weights(lm)
    editor = editor_for(lm, solver=solver, project=project, weight=1.0)
    edit = editor.edit(facts[:1])
    for layer in LAYERS:
        outside = edit.gain[layer].double()
        if project:
            outside = outside - editor.null_spaces[layer].project(outside)
            assert outside.norm() < 1e-5 * edit.gain[layer].norm()
    edit.revert()
    assert same(weights(lm), before)
    if solver == "rome":
        with pytest.raises(ValueError, match="one fact at a time"):
            editor.edit(facts)
        assert same(weights(lm), before)


def test_rect_and_prune_are_edits_like_any_other(lm, facts, tmp_path):
    before = weights(lm)
    edit = editor_for(lm, keep=0.1).edit(facts[:2])
    for layer in LAYERS:
        assert (edit.delta(layer) != 0).float().mean() < 0.11
    edit.save(tmp_path / "rect.safetensors")
    after = weights(lm)
    edit.revert()
    Edit.load(tmp_path / "rect.safetensors").apply(lm)
    assert same(weights(lm), after)
    editor = editor_for(lm)
    editor.edit(facts[2:])
    written = weights(lm)
    pruned = prune(lm, base=1.5)
    for layer in LAYERS:
        wanted = solvers.prune(lm.ledger.total(layer) - pruned.delta(layer), lm.ledger.original(layer), 1.5)
        assert_close(lm.ledger.total(layer), wanted, atol=1e-6, rtol=1e-5)
    pruned.revert()
    assert same(weights(lm), written)
    while lm.ledger.edits:
        editor.undo()
    assert same(weights(lm), before)
    with pytest.raises(ValueError, match="nothing to prune"):
        prune(lm)


def test_a_pruning_and_what_it_damps_stay_together(lm, facts, tmp_path):
    """By itself it would be the opposite of a part of them."""
    before = weights(lm)
    editor = editor_for(lm)
    first, second = editor.edit(facts[:1]), editor.edit(facts[1:2])
    first.save(tmp_path / "first.safetensors")
    pruned, later = prune(lm, base=1.5), editor.edit(facts[2:])
    pruned.save(tmp_path / "pruned.safetensors")
    written = weights(lm)
    for damped in (first, second):
        with pytest.raises(ValueError, match=r"PRUNE damps this one.*revert that first.*ledger\.clear\(\)"):
            damped.revert()
        with pytest.raises(ValueError, match="PRUNE damps this one"):
            damped.report()  # what stood before it is in no model now
        assert same(weights(lm), written)
    later.revert()
    lm.ledger.clear()
    assert same(weights(lm), before)
    for held in (0, 1):  # one of the two is not enough
        again = Edit.load(tmp_path / "pruned.safetensors")
        state = weights(lm)
        with pytest.raises(ValueError, match=f"damps {2 - held} edits that the model does not hold"):
            again.apply(lm)
        assert same(weights(lm), state)
        Edit.load(tmp_path / "first.safetensors").apply(lm) if not held else second.apply(lm)
    again.apply(lm)
    later.apply(lm)
    assert same(weights(lm), written)
    again.revert()
    second.revert()


def test_targets_know_whose_they_are(lm, facts):
    editor, before = editor_for(lm), weights(lm)
    mine, layer = compute_targets(lm, facts, LAYERS[-1], PLAIN, False), LAYERS[-2]
    stranger = tiny(lm.model.config.model_type, seed=5)
    for wrong, says in (
        (compute_targets(lm, facts, layer, PLAIN, False), rf"targets given .* on layer {layer}, not 3: find"),
        (compute_targets(stranger, facts, 3, PLAIN, False), f"model {stranger.fingerprint}, not"),
        (dataclasses.replace(mine, answers=(1.0, *mine.answers[1:])), "another configuration"),
        (dataclasses.replace(mine, z=mine.z / 0), "finite"),
    ):
        with pytest.raises(ValueError, match=says):
            editor.edit(facts, wrong)
        assert same(weights(lm), before)
    edit = editor.edit(facts, mine)
    written = weights(lm)
    edit.revert()
    editor.edit(facts, mine.z)
    assert same(weights(lm), written)


@pytest.mark.parametrize("other", ["another edit", "other statistics", "none"])
def test_a_stream_goes_on_only_where_it_was_left(lm, facts, tmp_path, other):
    editor = editor_for(lm)
    for _ in editor.edit_stream(facts[:2], 1, tmp_path):
        written = weights(lm)
    lm.ledger.clear()
    if other == "another edit":
        editor.edit(facts[2:])
    if other == "other statistics":
        less = {i: dataclasses.replace(one, total=0.9 * one.total) for i, one in editor.statistics.items()}
        editor = Editor(lm, editor.config, statistics=less, progress=False)
    before = weights(lm)
    if other == "none":
        list(editor.edit_stream(facts[:2], 1, tmp_path))
        assert same(weights(lm), written)
        return
    with pytest.raises(
        ValueError, match=rf"000000\.safetensors was written .*{other[-6:]}.* clear the folder"
    ):
        list(editor.edit_stream(facts[:2], 1, tmp_path))
    assert same(weights(lm), before)
    for path in tmp_path.iterdir():  # what earlier versions did not note is not compared
        edit = Edit.load(path)
        del edit.notes["upon"], edit.notes["statistics"]
        edit.save(path)
    assert len(list(editor.edit_stream(facts[:2], 1, tmp_path))) == 2


def weak(layer, keys, history):
    return solvers.ridge(keys, 50.0, history)


def strong(layer, keys, history):
    return solvers.ridge(keys, 1.0, history)


def halved(layer, delta):
    return delta / 2


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ({"gain": strong}, {"gain": strong}, ""),
        ({"gain": strong}, {"gain": weak}, "with another gain:"),
        ({"gain": strong}, {"gain": strong, "finish": halved}, "with another finish:"),
        ({"gain": strong, "finish": halved}, {"gain": strong}, "with another finish:"),
        ({"gain": strong, "finish": halved}, {"gain": strong, "finish": halved}, ""),
        ({"gain": strong, "finish": halved}, {"gain": strong, "finish": lambda _, delta: delta}, "finish:"),
        ({"gain": strong, "keep": 0.5}, {"gain": strong, "keep": 0.5}, ""),
    ],
)
def test_a_stream_of_ones_own_goes_on_with_the_same_functions_only(
    lm, facts, tmp_path, first, second, refused
):
    def stream(functions):
        editor = Editor(lm, layers=(1, 2), targets=PLAIN, progress=False, **functions)
        return list(editor.edit_stream(facts[:2], 1, tmp_path))  # the second batch has a history

    before = weights(lm)
    stream(first)
    written = weights(lm)
    lm.ledger.clear()
    if not refused:
        stream(second)
        assert same(weights(lm), written)
        return
    with pytest.raises(ValueError, match=rf"000000\.safetensors was written .*{refused} .*clear the folder"):
        stream(second)
    assert same(weights(lm), before)


def test_lists_ranges_and_arrays_are_settings_like_tuples(lm, facts, tmp_path):
    """Saved, loaded and resumed they are what they were; numbers of blocks become plain ones."""
    targets = dataclasses.replace(PLAIN, prefixes=["", "Hello. "])
    assert targets.prefixes == ("", "Hello. ")
    for layers in (range(1, 3), np.array([1, 2]), torch.tensor([1, 2]), [1, 2]):
        assert EditorConfig(layers=layers).layers == (1, 2)
        fitted = fit_statistics(lm, layers, CORPUS, 100, progress=False)
        assert [type(layer) for layer in fitted] == [int, int]
        edit = FineTune(lm, layers=layers, steps=1, progress=False).edit(facts[:1])
        edit.save(tmp_path / "tuned.safetensors")
        assert Edit.load(tmp_path / "tuned.safetensors").settings["layers"] == [1, 2]
        edit.revert()
    for _ in range(2):
        assert len(list(editor_for(lm, targets=targets).edit_stream(facts[:1], 1, tmp_path / "stream"))) == 1
        lm.ledger.clear()
    (tmp_path / "tuned.safetensors").replace(tmp_path / "stream" / "000000.safetensors")
    with pytest.raises(ValueError, match=r"000000.* holds other facts, or an edit with other settings"):
        list(editor_for(lm, targets=targets).edit_stream(facts[:1], 1, tmp_path / "stream"))
    with pytest.raises(ValueError, match="settings of fine-tuning or pruning, not of an Editor"):
        EditorConfig.from_settings(edit.settings)
    for wrong, message in ((5, r"a list of blocks, not 5: \(5,\)"), ([1.5], r"whole numbers, not \(1\.5,\)")):
        for act in (
            lambda wrong: EditorConfig(layers=wrong),
            lambda wrong: FineTune(lm, layers=wrong),
            lambda wrong: fit_statistics(lm, wrong, CORPUS, 100),
            lambda wrong: key_statistics(lm, wrong, CORPUS, 100),
        ):
            with pytest.raises(TypeError, match=message):
                act(wrong)


@pytest.mark.parametrize("projected", [False, True])
def test_fine_tuning_descends_within_its_bounds(lm, facts, projected):
    before = weights(lm)
    spaces = editor_for(lm).null_spaces if projected else None
    tuner = FineTune(lm, layers=LAYERS, null_spaces=spaces, lr=0.01, steps=20, progress=False)
    unedited = score(lm, [(fact.prompt, fact.new) for fact in facts])[0].mean()
    edit = tuner.edit(facts)
    assert score(lm, [(fact.prompt, fact.new) for fact in facts])[0].mean() > unedited + 0.5
    if projected:
        for layer in LAYERS:
            delta = edit.delta(layer)
            assert (delta - spaces[layer].project(delta)).norm() < 1e-5 * delta.norm()
    edit.revert()
    assert same(weights(lm), before)
    bounded = FineTune(lm, layers=LAYERS, lr=0.01, norm_bound=1e-3, progress=False).edit(facts)
    assert max(bounded.delta(layer).abs().max() for layer in LAYERS) <= 1e-3 * (1 + 1e-6)
    bounded.revert()
    with pytest.raises(ValueError, match="steps must be at least 1, not 0"):
        FineTune(lm, steps=0)
    with pytest.raises(IndexError, match="Layer 99"):
        FineTune(lm, layers=(99,))


def test_fine_tuning_follows_the_gradient_of_the_model_itself(lm, facts):
    """One step of Adam from zero moves every entry by lr against the sign of the gradient of W itself."""
    weight = lm.down_projection(2).weight
    weight.requires_grad_(True)
    row = encode_fact(lm.tokenizer, facts[1], ("",), target=True)[0]
    logits = lm.model(torch.tensor([row.ids])).logits[0, row.object - 1 : -1]
    F.cross_entropy(logits, torch.tensor(row.ids[row.object :])).backward()
    gradient = weight.grad.T if lm.architecture.transposed else weight.grad
    edit = FineTune(lm, layers=(2,), steps=1, lr=1e-3, progress=False).edit([facts[1]])
    large = gradient.abs() > 1e-4
    assert large.any()
    assert_close(edit.dense[2][large], -1e-3 * gradient[large].sign(), atol=1e-6, rtol=1e-2)


def test_fine_tuning_in_parts_is_fine_tuning_at_once(lm, facts, monkeypatch):
    """Rows of like length go through the model together; how many at once must not matter."""
    found = []
    for tokens in (10_000, 1):  # all facts in one pass, and one fact in each
        monkeypatch.setattr(finetune_module, "TOKENS", tokens)
        edit = FineTune(lm, layers=LAYERS, steps=3, lr=1e-3, progress=False).edit(facts)
        found.append([edit.delta(layer) for layer in LAYERS])
        edit.revert()
    for whole, parts in zip(*found, strict=True):
        assert (whole - parts).norm() < 1e-2 * whole.norm()  # a sign may turn with rounding


def test_a_stream_goes_on_where_it_was_cut_off(facts, tmp_path):
    many = [dataclasses.replace(facts[0], subject=f"Assam {i}") for i in range(6)]
    lm = tiny("llama")
    for _ in editor_for(lm).edit_stream(many, 2):
        pass
    whole = weights(lm)
    for cut in (1, 2):
        lm, folder = tiny("llama"), tmp_path / str(cut)
        stream = editor_for(lm).edit_stream(many, 2, folder)
        for _ in range(cut):
            next(stream)
        (folder / ".partial-x").mkdir()  # what a kill leaves behind
        again = tiny("llama")
        assert len(list(editor_for(again).edit_stream(many, 2, folder))) == 3
        assert same(weights(again), whole)
    with pytest.raises(ValueError, match="other facts, or an edit with other settings"):
        list(editor_for(tiny("llama"), lam=9.0).edit_stream(many, 2, folder))
    with pytest.raises(ValueError, match="other facts"):
        list(editor_for(tiny("llama")).edit_stream(many[::-1], 2, folder))
