"""What is set around a model does not get into it: torch's defaults, generation settings, other threads."""

import copy
import functools
import pickle
import threading
from contextlib import contextmanager

import pytest
import torch
from torch import nn

from alphaedit_lite import AlphaEdit, Fact, LanguageModel, keys
from alphaedit_lite.generation import generate
from alphaedit_lite.hooks import hooked
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.metrics import evaluate, perplexity, score
from alphaedit_lite.prompts import sample_prefixes
from alphaedit_lite.support.ambient import Lock, plain_torch
from tests.conftest import CORPUS, tiny, tiny_model, train_tokenizer
from tests.helpers import editor_for

PROMPT = "The capital of France is"
IDS = torch.tensor([[5, 6, 7, 8]])


@contextmanager
def default(setter, getter, value):
    before = getter()
    setter(value)
    try:
        yield
    finally:
        setter(before)


SETTINGS = {
    "float64": lambda: default(torch.set_default_dtype, torch.get_default_dtype, torch.float64),
    "bfloat16": lambda: default(torch.set_default_dtype, torch.get_default_dtype, torch.bfloat16),
    "the meta device": lambda: default(torch.set_default_device, torch.get_default_device, "meta"),
    "on the meta device": lambda: torch.device("meta"),
    "inference mode": torch.inference_mode,
    "no gradients": torch.no_grad,
    "gradients": torch.enable_grad,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "products in bfloat16": lambda: default(
        torch.set_float32_matmul_precision, torch.get_float32_matmul_precision, "medium"
    ),
    "deterministic algorithms": lambda: default(
        torch.use_deterministic_algorithms, torch.are_deterministic_algorithms_enabled, True
    ),
}


FACTS = [
    Fact("{} is located in the country of", "Lower Assam", "France", true="India"),
    Fact("The capital of {} is", "Italy", "Zürich", true="Rome"),
]


def everything(lm):
    """Whatever the package does to a model, and what it finds."""
    given = {"layers": (1, 2), "threshold": 0.5, "threshold_kind": "relative", "progress": False}
    statistics = fit_statistics(lm, (1, 2), CORPUS, 200, progress=False)
    edit = AlphaEdit(lm, statistics=statistics, **given).edit(FACTS)
    found = [
        statistics[2].total,
        edit.keys[2],
        edit.residual[2],
        edit.gain[2],
        *score(lm, [(PROMPT, " Rome")]),
    ]
    numbers = [perplexity(lm, CORPUS), *evaluate(lm, FACTS, progress=False).efficacy]
    said = [lm.complete(PROMPT, 4), *generate(lm, [PROMPT, "Rome"], 4), *sample_prefixes(lm, 1, 3)]
    edit.revert()
    return found, numbers, said


@pytest.fixture(scope="module")
def plainly():
    """By family: what is found where nothing is set."""
    return functools.cache(lambda family: everything(tiny(family)))


def settings():
    precision = torch.get_float32_matmul_precision()
    return torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled(), precision


@pytest.mark.parametrize("setting", SETTINGS)
def test_torchs_settings_change_nothing(setting, plainly):
    lm, (found, numbers, said) = tiny("llama"), plainly("llama")
    before = lm.weight(2).clone()
    with SETTINGS[setting]():
        state = settings()
        again, numbers_again, said_again = everything(lm)
        LanguageModel(lm.model, lm.tokenizer)
        assert settings() == state
    assert (numbers_again, said_again) == (numbers, said)
    for one, other in zip(again, found, strict=True):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)
        assert not one.is_inference()
    assert torch.equal(lm.weight(2), before)
    editor_for(lm).edit(FACTS[:1]).revert()  # nothing stays behind that cannot be written


def test_plain_torch_leaves_gradients_as_they_are():
    for grad in (True, False):
        with torch.set_grad_enabled(grad), plain_torch():
            assert torch.is_grad_enabled() is grad
    with torch.inference_mode(), plain_torch():
        assert not torch.is_grad_enabled()
        assert not torch.ones(1).is_inference()


def test_a_model_in_training_is_edited_as_one_that_is_not(plainly):
    """Dropout would change the keys; gradients that are asked for are asked for again afterwards."""
    lm, (wanted, *told) = tiny("gpt2"), plainly("gpt2")
    lm.model.train()
    lm.down_projection(1).weight.requires_grad_(False)
    wanting = [weight.requires_grad for weight in lm.model.parameters()]
    found, *told_again = everything(lm)
    assert told_again == told
    assert all(map(torch.equal, found, wanted))
    assert all(module.training for module in lm.model.modules())
    assert [weight.requires_grad for weight in lm.model.parameters()] == wanting


# -- generation --------------------------------------------------------------------------------------

LEAKS = {
    "a penalty": {"repetition_penalty": 2.5},
    "beams": {"num_beams": 4},
    "sampling": {"do_sample": True, "temperature": 9.0, "top_k": 0},
    "no n-gram twice": {"no_repeat_ngram_size": 1},
    "forbidden tokens": {"suppress_tokens": list(range(10, 400))},
    "forbidden words": {"bad_words_ids": [[i] for i in range(10, 400)]},
    "a first token": {"forced_eos_token_id": 7, "begin_suppress_tokens": list(range(10, 400))},
    "a length": {"max_length": 7, "min_new_tokens": 5},
    "a bias": {"sequence_bias": [[[7], 100.0]]},
}


def arg_max(lm, prompt, count):
    ids = lm.tokenizer(prompt, return_tensors="pt")["input_ids"]
    start = ids.shape[1]
    with torch.no_grad():
        for _ in range(count):
            ids = torch.cat([ids, lm.model(ids).logits[:, -1:].argmax(-1)], 1)
    return lm.tokenizer.decode(ids[0, start:], skip_special_tokens=True)


@pytest.mark.parametrize("leak", LEAKS)
def test_greedy_is_the_arg_max_whatever_the_checkpoint_says(leak):
    lm = tiny("llama")
    lm.model.generation_config.eos_token_id = None
    for name, value in LEAKS[leak].items():
        setattr(lm.model.generation_config, name, value)
    kept = lm.model.generation_config.to_dict()
    wanted = arg_max(lm, PROMPT, 8)
    assert lm.complete(PROMPT, 8) == wanted
    assert generate(lm, [PROMPT], 8) == [wanted]
    assert lm.model.generation_config.to_dict() == kept


def test_the_checkpoints_ends_of_text_still_count():
    lm = tiny("llama")
    ids = lm.tokenizer(PROMPT, return_tensors="pt")
    whole = lm.generate(ids, 8)[0].tolist()
    third = whole[ids["input_ids"].shape[1] + 2]
    lm.model.generation_config.eos_token_id = [2, third]
    assert lm.generate(ids, 8)[0].tolist() == whole[: whole.index(third, ids["input_ids"].shape[1]) + 1]


# -- threads -----------------------------------------------------------------------------------------


def elsewhere(act):
    """Run in another thread, to its end."""
    found = []
    thread = threading.Thread(target=lambda: found.append(act()))
    thread.start()
    thread.join()
    return found[0]


def test_hooks_see_and_change_only_their_own_thread(lm):
    block, down = lm.block(2), lm.down_projection(2)
    with torch.no_grad():
        plain = lm.model(IDS).logits
    seen = []

    def zero(out):
        seen.append(out)
        return torch.zeros_like(out)

    def ask():
        with torch.no_grad():
            return lm.model(IDS).logits

    with hooked({down: seen.append}, {block: zero}):
        assert torch.equal(elsewhere(ask), plain)
        assert not seen
        assert not torch.equal(ask(), plain)
    assert len(seen) == 2
    with pytest.raises(RuntimeError, match="never ran"), hooked({down: seen.append}):
        elsewhere(ask)


def test_hooks_that_come_first_are_seen_by_those_set_before(lm):
    seen = []
    zeros = torch.zeros(1, 4, lm.d_model)
    for first, same in ((True, True), (False, False)):
        with (
            hooked({lm.block(2): seen.append}),
            hooked({lm.block(2): lambda _: zeros}, first=first),
            torch.no_grad(),
        ):
            lm.model(IDS)
        assert torch.equal(seen.pop(), zeros) is same


@pytest.mark.parametrize(
    "act",
    [
        lambda lm: lm.complete(PROMPT, 1),
        lambda lm: generate(lm, [PROMPT], 1),
        lambda lm: score(lm, [(PROMPT, " Rome")]),
        lambda lm: lm.ledger.edits[0].revert(),
    ],
)
def test_whoever_runs_or_writes_the_model_waits_for_the_lock(act, facts):
    lm = tiny("llama")
    editor_for(lm).edit(facts[:1])
    done = threading.Event()
    thread = threading.Thread(target=lambda: (act(lm), done.set()))
    with lm.lock, lm.lock:  # re-entrant
        thread.start()
        assert not done.wait(0.3)
    assert done.wait(60)
    thread.join()


def test_facts_written_while_another_thread_speaks(facts):
    lm = tiny("llama")
    editor = editor_for(lm)
    alone = editor.edit(facts[:1])
    alone.revert()
    before, stop, said = lm.weight(2).clone(), threading.Event(), set()

    def speak():
        while not stop.is_set():
            said.add(lm.complete(PROMPT, 2))

    thread = threading.Thread(target=speak)
    thread.start()
    try:
        for _ in range(5):
            edit = editor.edit(facts[:1])
            assert all(torch.equal(edit.keys[layer], keys) for layer, keys in alone.keys.items())
            edit.revert()
    finally:
        stop.set()
        thread.join()
    assert torch.equal(lm.weight(2), before)
    spoken = {lm.complete(PROMPT, 2)}
    alone.apply(lm)
    assert said <= spoken | {lm.complete(PROMPT, 2)}  # with the edit or without, never half of it


def test_a_copy_has_a_lock_of_its_own():
    lm = tiny("llama")
    other = copy.deepcopy(lm)
    assert other.lock is other.ledger.lock
    assert other.lock is not lm.lock
    with lm.lock:
        assert elsewhere(lambda: other.complete(PROMPT, 1)) is not None
    assert isinstance(pickle.loads(pickle.dumps(Lock())), Lock)


def test_a_wrapper_of_another_thread_changes_no_settings():
    model = nn.DataParallel(tiny_model("llama"))
    lm = elsewhere(lambda: LanguageModel(model, train_tokenizer()))
    assert lm.complete(PROMPT, 2) == tiny("llama").complete(PROMPT, 2)


def test_two_threads_write_at_once(facts):
    """Neither edit is lost, and neither thread takes the other's writing for a change from outside."""
    lm = tiny("llama")
    editors, ready, failed = [editor_for(lm) for _ in range(2)], threading.Barrier(2), []

    def write(editor, fact):
        ready.wait()
        try:
            editor.edit([fact])
        except Exception as error:
            failed.append(error)

    for _ in range(3):
        threads = [threading.Thread(target=write, args=pair) for pair in zip(editors, facts, strict=False)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed
        first, second = lm.ledger.edits
        for layer in first.layers:
            total = lm.ledger.original(layer).double() + (first.delta(layer) + second.delta(layer))
            assert torch.equal(lm.weight(layer), total.float())
        lm.ledger.clear()


@pytest.mark.parametrize("judge", ["report", "without"])
def test_an_edit_written_while_another_is_judged_stays(judge, facts, monkeypatch):
    """It waits until the other is back, and is in neither judgement."""
    lm = tiny("llama")
    judged, other, held, found = editor_for(lm).edit(facts[:1]), editor_for(lm), [], []
    thread = threading.Thread(target=lambda: found.append(other.edit(facts[1:2])))

    def slow(lm, *some, **options):
        held.append(len(lm.ledger.edits))
        if not thread.ident:
            thread.start()
        thread.join(1)
        return evaluate(lm, *some, **options)

    monkeypatch.setattr("alphaedit_lite.report.evaluate", slow)
    if judge == "report":
        judged.report()
        assert held == [1, 0]
    else:
        with lm.ledger.without(judged):
            slow(lm, facts, progress=False)
    thread.join()
    assert lm.ledger.edits == [judged, *found]
    total = lm.ledger.original(2).double() + (judged.delta(2) + found[0].delta(2))
    assert torch.equal(lm.weight(2), total.float())


def test_statistics_are_not_fitted_on_what_another_thread_writes_meanwhile(facts, monkeypatch):
    lm = tiny("llama")
    editor, run = editor_for(lm), lm.run
    monkeypatch.setattr("alphaedit_lite.keys.TOKENS_PER_BATCH", 64)

    def slow(*inputs, **options):  # the first chunk; the lock is free before the second
        monkeypatch.setattr(lm, "run", run)
        thread.start()
        return run(*inputs, **options)

    thread = threading.Thread(target=lambda: editor.edit(facts[:1]))
    take_in = keys.take_in

    def patient(*inputs):
        for chunk in take_in(*inputs):
            thread.join()
            yield chunk

    monkeypatch.setattr(lm, "run", slow)
    monkeypatch.setattr(keys, "take_in", patient)
    with pytest.raises(RuntimeError, match="The model holds edits"):
        fit_statistics(lm, (1, 2), CORPUS * 6, 600, progress=False)


def test_who_generates_with_the_model_itself_keeps_the_checkpoints_settings():
    lm = tiny("llama")
    lm.model.generation_config.max_new_tokens = 3
    lm.model.generation_config.eos_token_id = None
    found = []

    def meanwhile(key):
        if not found:
            found.append(None)
            found.append(elsewhere(lambda: lm.model.generate(IDS)).shape[1] - IDS.shape[1])

    with hooked({lm.down_projection(2): meanwhile}):
        lm.complete(PROMPT, 9)
    assert found == [None, 3]
