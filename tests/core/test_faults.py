"""A fault list: whatever goes wrong, the error is clear, the weights keep their bits, the next edit works.

Some faults are tested elsewhere in the same form and are not repeated here:

- test_engine: an empty batch, contradicting facts, NaN or wrong-shaped z, layers out of range, descending or
  twice, no statistics for a layer, an unknown solver, stream batches of 0, senseless target settings, a model
  with NaN or quantised weights at the start, a text longer than the model allows, ROME with two facts, a
  memory matrix changed from outside, an exact null space without lam; edit files of another model, cut at 500
  bytes, of plain text, or tampered with before saving; statistics files of another model, layer, text or
  amount, or cut; texts without tokens; a stream's folder with other facts or settings; a real Ctrl-C (ten
  times) and an error in the last layer; an interrupted revert.
- test_solvers: lam 0, keys that are not finite, a zero C0, a useless threshold, a share of 0, NaN statistics.
- test_facts: empty subjects and objects, ``{}`` missing or twice, new equal to true, a subject that is not in
  its prompt or is there twice, a tokenizer that fuses, records without a field, a file that is not there.
- test_sessions: a stream killed at any time, a full disk in ``Edit.save``.
- test_distributed: a share killed while it is fitted, a cut share, a wrong rank, a model with edits.
- test_assets: a wheel cut or with a wrong hash, no network, a read-only cache, two processes that fetch.
- test_export: an adapter of no edits, or of another model's.
- test_text, test_tokens: text changed on its way to the model, roles of tokens, any field of any record.
- test_foreign_writes: a matrix written by somebody else before revert, edit, save, apply, clear and report.
- test_proof: modules whose weight is not what is computed with, and models whose parts are not the whole.
- test_ambient, test_limits: torch's settings, generation settings, threads; lengths, rows, windows.
- test_report: keys that are alike, and why a fact did not take.
"""

import dataclasses
import errno
import functools
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch.nn.utils.prune import l1_unstructured

from alphaedit_lite import (
    AlphaEdit,
    Edit,
    Editor,
    Fact,
    KeyStatistics,
    LanguageModel,
    TargetConfig,
    edits,
    key_statistics,
    read_counterfact,
    read_zsre,
)
from alphaedit_lite.edits import prune
from alphaedit_lite.factkeys import FactPrompts
from alphaedit_lite.finetune import FineTune
from alphaedit_lite.generation import generate
from alphaedit_lite.keys import fit_statistics, token_rows
from alphaedit_lite.metrics import score
from alphaedit_lite.models import UnsupportedModelError
from alphaedit_lite.scale import distributed, export
from alphaedit_lite.scale.distributed import fit_shares
from alphaedit_lite.scale.export import to_lora
from alphaedit_lite.support import assets, shares
from alphaedit_lite.support import statistics as kept
from alphaedit_lite.support.assets import AssetError
from alphaedit_lite.support.collisions import KeysAlikeWarning
from alphaedit_lite.support.shares import Share, grow
from alphaedit_lite.support.statistics import (
    StatisticsFile,
    load_statistics,
    save_statistics,
    statistics_request,
)
from tests.conftest import CORPUS, tiny
from tests.helpers import LAYERS, editor_for

QUICK = TargetConfig(steps=2, early_stop=False, prefixes=("", "The weather. "))
HELD, FACT, OTHER = (
    Fact("{} is located in the country of", "Lower Assam", "France"),
    Fact("The capital of {} is", "Italy", "Asia"),
    Fact("{} is open in", "Café Zürich", "Rome"),
)
BATCH = (FACT, OTHER)
FULL = OSError(errno.ENOSPC, "No space left on device")
READ_ONLY = PermissionError(errno.EACCES, "Permission denied")


def quick(lm, **settings):
    return editor_for(lm, **{"targets": QUICK, **settings})


def bits(lm):
    state = lm.model.state_dict().items()
    return {name: value.flatten().view(torch.uint8).numpy().tobytes() for name, value in state}


def hooks(lm):
    return [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in lm.model.modules()]


@contextmanager
def unharmed(lm):
    """After the block the model has the bits and edits that it had before, and a normal edit works."""
    before, held = bits(lm), list(lm.ledger.edits)
    yield
    assert bits(lm) == before
    assert lm.ledger.edits == held
    assert all(edit.lm is lm for edit in held)
    assert not lm.model.training
    assert not any(hooks(lm))
    edit = quick(lm).edit([FACT])
    assert bits(lm) != before
    edit.revert()
    assert bits(lm) == before


@pytest.fixture(scope="module")
def models():
    """A Llama and a GPT-2 that hold an edit each; every test leaves them as they are."""
    made = SimpleNamespace(lm=tiny("llama"), gpt2=tiny("gpt2"))
    for lm in vars(made).values():
        quick(lm).edit([HELD])
    made.z = torch.linspace(-1, 1, 2 * made.lm.d_model).reshape(2, -1)
    return made


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "statistics"


def leftovers(folder):
    return [path.name for path in folder.rglob(".partial*")]


# -- bad inputs ------------------------------------------------------------------------------------------


def statistics(change):
    found = {layer: KeyStatistics(100 * torch.eye(48).double(), 100) for layer in LAYERS}
    change(found[2])
    return found


def few_keys(solver):
    """C0 of 47 keys in 48 dimensions; with this seed rounding hides from Cholesky that it is singular."""
    torch.manual_seed(5)
    found = {}
    for layer in LAYERS:
        found[layer] = KeyStatistics.empty(48)
        found[layer].update(torch.randn(47, 48))
        found[layer].total = found[layer].total.float().double()
    return lambda m: Editor(m.lm, statistics=found, progress=False, layers=LAYERS, solver=solver).edit(
        BATCH[:1], m.z[:1]
    )


def setting(**settings):
    return lambda m: quick(m.lm, **settings).edit(BATCH, m.z)


def target(**settings):
    return lambda m: TargetConfig(**settings)


def tuning(**settings):
    return lambda m: FineTune(m.lm, progress=False, layers=(2,), **settings).edit(BATCH)


def given(change, solver="ridge"):
    """An editor with damaged statistics of layer 2."""
    return lambda m: Editor(
        m.lm, statistics=statistics(change), progress=False, layers=LAYERS, solver=solver
    ).edit(BATCH, m.z)


def put(name, value):
    return lambda one: setattr(one, name, value)


def nan_keys(m):
    look = FactPrompts.look

    def broken(prompts, layer, last):
        keys, output = look(prompts, layer, last)
        return keys * (math.nan if layer == LAYERS[-1] else 1), output

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FactPrompts, "look", broken)
        quick(m.lm).edit(BATCH, m.z)


def nan_history(m):
    """An edit made by hand, whose keys are NaN, is in the model while the next is computed."""
    edit = m.lm.ledger.edits[0]
    broken = dataclasses.replace(
        edit, lm=None, keys={layer: key * math.nan for layer, key in edit.keys.items()}
    )
    edit.revert()
    try:
        broken.apply(m.lm)
        quick(m.lm).edit(BATCH, m.z)
    finally:
        broken.revert()
        edit.apply(m.lm)


def prune_to_nan(m):
    prune(m.lm, math.nan)


LONG = Fact("the " * 90 + "{} is", "Rome", "Asia")
BAD_INPUTS = {
    "lam 0": (setting(lam=0.0), ValueError, "lam must be positive, not 0.0"),
    "lam negative": (setting(lam=-1.5), ValueError, "lam must be a positive number, not -1.5"),
    "lam NaN": (setting(lam=math.nan), ValueError, "lam .* not nan"),
    "lam infinite": (setting(lam=math.inf), ValueError, "lam .* not inf"),
    "weight 0": (setting(solver="memit", weight=0.0), ValueError, "weight must be positive, not 0.0"),
    "weight negative": (setting(solver="encore", weight=-2.0), ValueError, "weight .* not -2.0"),
    "weight NaN": (setting(solver="memit", weight=math.nan), ValueError, "weight .* not nan"),
    "weight infinite": (setting(solver="memit", weight=math.inf), ValueError, "weight .* not inf"),
    "tokens 0": (setting(tokens=0), ValueError, "tokens must be at least 1, not 0"),
    "tokens negative": (setting(tokens=-5), ValueError, "tokens must be at least 1, not -5"),
    "keep NaN": (setting(keep=math.nan), ValueError, "keep must be a share.* not nan"),
    "keep above 1": (setting(keep=2.0), ValueError, "keep must be a share.* not 2.0"),
    "threshold NaN": (setting(threshold=math.nan), ValueError, "threshold nan keeps no direction"),
    "layers with a fraction": (setting(layers=(1.5, 2)), TypeError, r"whole numbers, not \(1\.5, 2\)"),
    "layers as text": (setting(layers="12"), TypeError, "a list of blocks, not '12'"),
    "layer negative": (setting(layers=(-1, 2)), IndexError, "Layer -1 is out of range"),
    "kl NaN": (target(kl=math.nan), ValueError, "kl .* not nan"),
    "weight decay negative": (target(weight_decay=-1.0), ValueError, "weight_decay .* not -1.0"),
    "enough NaN": (target(nll_enough=math.nan), ValueError, "nll_enough .* not nan"),
    "rate infinite": (target(lr=math.inf), ValueError, "lr .* not inf"),
    "rate NaN in fine-tuning": (tuning(lr=math.nan), ValueError, "lr=nan"),
    "rate infinite in fine-tuning": (tuning(lr=math.inf), ValueError, "lr=inf"),
    "bound NaN in fine-tuning": (tuning(norm_bound=math.nan), ValueError, "norm_bound=nan"),
    "fine-tuning diverges": (tuning(lr=1e37, steps=3), ValueError, "block 2 .* NaN or infinite"),
    "base NaN": (prune_to_nan, ValueError, "base must be above 1, not nan"),
    "subject None": (lambda m: Fact("{} is", None, "x"), TypeError, "subject must be text, not None"),
    "object a number": (lambda m: Fact("{} is", "x", 3), TypeError, "new must be text, not 3"),
    "template None": (lambda m: Fact(None, "x", "y"), TypeError, "template must be text, not None"),
    "true a number": (lambda m: Fact("{} is", "x", "y", true=3), TypeError, "true must be text, not 3"),
    "prompts one string": (
        lambda m: dataclasses.replace(FACT, generation="Italy"),
        ValueError,
        "generation must be a tuple.* 'Italy'",
    ),
    "text for a fact": (lambda m: quick(m.lm).edit(["Rome is"]), TypeError, "no Fact: 'Rome is'"),
    "one fact for a list": (lambda m: quick(m.lm).edit(FACT), TypeError, r"list of facts .*\[fact\]"),
    "text for a fact in fine-tuning": (
        lambda m: FineTune(m.lm, progress=False).edit(["Rome is"]),
        TypeError,
        "no Fact: 'Rome is'",
    ),
    "a fact twice with EMMET": (
        lambda m: quick(m.lm, solver="emmet").edit([FACT, FACT], m.z[:1].expand(2, -1)),
        ValueError,
        r"Fact 1 of this batch \(from 0\) has a key mixed from",
    ),
    "subject and object fused": (
        lambda m: quick(m.lm, layers=(1, 2)).edit([FACT, Fused("{}", "capi", "tal")]),
        ValueError,
        "does not separate the subject from 'tal' in 'capital'",
    ),
    "batches of one and a half": (
        lambda m: list(quick(m.lm).edit_stream(BATCH, 1.5)),
        TypeError,
        r"batch_size must be a whole number, not 1\.5",
    ),
    "batches of -1": (lambda m: list(quick(m.lm).edit_stream(BATCH, -1)), ValueError, "batch_size .* not -1"),
    "prompt too long": (
        lambda m: quick(m.gpt2).edit([FACT, dataclasses.replace(LONG, template="the " * 130 + "{} is")]),
        ValueError,
        r"The prompt of 'Rome.*' and .* is \d+ tokens, longer than the model's limit of 128: shorten it\.",
    ),
    "prompt too long in two pieces": (  # each piece is short enough
        lambda m: quick(m.gpt2, targets=dataclasses.replace(QUICK, prefixes=("", "the " * 45))).edit(
            [Fact("{} is", f"{name} " + "the " * 90 + "end", "Asia") for name in ("Rome", "Italy")], m.z
        ),
        ValueError,
        r"The prompt of 'Rome.*' and .* is \d+ tokens behind 'the .*', longer than the model's limit of 128",
    ),
    "prompt too long in fine-tuning": (
        lambda m: FineTune(m.gpt2, layers=(2,), progress=False).edit(
            [dataclasses.replace(LONG, template="{} is " + "the " * 150)]
        ),
        ValueError,
        "longer than the model's limit of 128",
    ),
    "z infinite for one of two": (
        lambda m: quick(m.lm).edit(BATCH, torch.stack([m.z[0], m.z[1] / 0])),
        ValueError,
        "z must be finite; for 'Café Zürich' it is not",
    ),
    "z without facts' axis": (
        lambda m: quick(m.lm).edit([FACT], m.z[0]),
        ValueError,
        r"\[1, 32\]; .* \[32\]",
    ),
    "z complex": (lambda m: quick(m.lm).edit(BATCH, m.z * 1j), ValueError, "real .*complex64"),
    "z beyond float32": (
        lambda m: quick(m.lm).edit(BATCH, m.z.double() * 1e300),
        ValueError,
        "update of block 1 would write NaN or infinite",
    ),
    "keys NaN in the last layer": (nan_keys, ValueError, "keys hold NaN or infinite"),
    "keys NaN in the history": (nan_history, ValueError, "keys hold NaN or infinite"),
    "C0 singular for ROME": (few_keys("rome"), ValueError, "C0 of layer 1 is singular: 47 keys"),
    "C0 singular for EMMET": (few_keys("emmet"), ValueError, "C0 of layer 1 is singular: 47 keys"),
    "C0 singular for MEMIT": (few_keys("memit"), ValueError, "C0 of layer 1 is singular: 47 keys"),
    "statistics NaN": (
        given(put("total", torch.full((48, 48), math.nan).double())),
        ValueError,
        "layer 2 are not finite",
    ),
    "statistics NaN for MEMIT": (
        given(put("total", torch.full((48, 48), math.nan).double()), "memit"),
        ValueError,
        "layer 2 are not finite",
    ),
    "statistics of -100 keys": (given(put("count", -100)), ValueError, "layer 2 .* -100 keys"),
    "statistics of no keys": (given(put("count", 0)), ValueError, "layer 2 .* of 0 keys"),
    "statistics not square": (
        given(put("total", torch.ones(48, 40).double())),
        ValueError,
        "layer 2 are 48 × 40 wide; .* 48",
    ),
}


class Fused(Fact):
    """A fact whose object does not begin with a space, as a hand-made one may."""

    def __post_init__(self, was):
        new = self.new
        super().__post_init__(was)
        object.__setattr__(self, "new", new)


@pytest.mark.parametrize("fault", BAD_INPUTS)
def test_bad_inputs(models, fault):
    act, error, message = BAD_INPUTS[fault]
    with unharmed(models.lm), unharmed(models.gpt2), pytest.raises(error, match=message):
        act(models)


def test_an_empty_stream_is_no_edit(models):
    with unharmed(models.lm):
        assert list(quick(models.lm).edit_stream([])) == []


@pytest.mark.parametrize("where", ["mlp.down_proj", "self_attn.q_proj", "input_layernorm", "lm_head"])
@pytest.mark.parametrize("with_z", [False, True])
def test_weights_that_became_nan(where, with_z, models):
    """Broken after the model was wrapped: an edit names what it could not compute, and writes nothing."""
    lm = tiny("llama")
    name = where if where == "lm_head" else f"model.layers.2.{where}"
    broken = lm.model.get_submodule(name).weight
    kept = broken.detach().clone()
    broken.data.view(-1)[5] = math.nan
    before = bits(lm)
    message = "block 1 would write NaN" if with_z else "target of 'Italy' -> ' Asia' holds non-finite"
    with pytest.raises((ValueError, RuntimeError), match=f"{message}|was changed after|no longer answers"):
        quick(lm).edit([FACT], models.z[:1] if with_z else None)
    assert bits(lm) == before
    broken.data.copy_(kept)
    with unharmed(lm):
        pass


# -- the kinds of trouble that users of model editors report ------------------------------------------------


def nothing(lm):
    """Nothing is wrong with the model."""


def foreign(lm):
    lm.down_projection(1).weight.data[3, 5] += 1e-2


def taken_out_and_changed(lm):
    lm.ledger.clear()
    lm.model.lm_head.weight.data.mul_(1.01)


def edited_through(change):
    return lambda lm: change(lm.down_projection(2))


def own_forward(lm):
    """Somebody scales the embeddings in a forward that replaces the model's."""
    forward = lm.model.model.forward

    def scaled(input_ids=None, inputs_embeds=None, **rest):
        embedded = lm.model.model.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
        return forward(inputs_embeds=3 * embedded, **rest)

    lm.model.model.forward = scaled


def louder(lm):
    """A block that scales what its feed-forward layer adds."""
    lm.block(3).mlp.register_forward_hook(lambda _, __, out: 2 * out)


def wrap_again(lm):
    LanguageModel(lm.model, lm.tokenizer)


def unknown_word(lm):
    lm.tokenizer.add_tokens(["Zanzibar"])


def strangers_statistics(lm):
    name = tiny("llama", seed=1).fingerprint
    found = {i: KeyStatistics(torch.eye(48).double(), 9, name, i) for i in LAYERS}
    return Editor(lm, statistics=found, progress=False, layers=LAYERS, solver="ridge")


def while_it_speaks(lm):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lm.model, "generate", refusing(KeyboardInterrupt("Ctrl-C")))
        lm.complete("Rome is", 2)


def warnings_are_errors(act):
    def strictly(lm):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            act(lm)

    return strictly


def apply_one_alike(lm):
    other = tiny("llama")
    edit = quick(other).edit([DIED])
    edit.revert()
    edit.apply(lm)


DIED = Fact("{} died in the city of", HELD.subject, "Asia")  # its key is that of HELD, which the model holds
IN_ZANZIBAR = Fact("{} is in", "Rome", "Zanzibar")
CHANGED, OUTSIDE = "was changed after its LanguageModel", "block 1 was changed from outside"
KINDS = {  # by number of the kind: what happens to the model, what is tried then, and what it says
    "1 an object of white space, exactly": (
        nothing, lambda lm: Fact("{} is", "Rome", "\n", exact=True), ValueError, r"object '\\n' .* is empty",
    ),
    "1 a neighbour without an answer": (
        nothing, lambda lm: Fact("{} is", "Rome", "x", neighbours=[("Oslo is", " ")]), ValueError,
        "must not be empty, as ' ' is",
    ),
    "1 a chat prompt that holds the subject inside a word": (
        nothing, lambda lm: Fact.from_prompt("<|user|>\nIndiana?\n", "India", "x"), ValueError,
        "'India' occurs only inside another word",
    ),
    "2 an object without tokens": (
        nothing, lambda lm: score(lm, [("Rome is", " Asia"), ("Rome is", "")]), ValueError,
        "no object to score behind 'Rome is'",
    ),
    "2 an empty prompt among others": (
        nothing, lambda lm: generate(lm, ["Rome is", ""], 2), ValueError, "to continue in prompt 1",
    ),
    "3 fine-tuning": (
        foreign, lambda lm: FineTune(lm, layers=(1,), steps=2, progress=False).edit([FACT]), RuntimeError,
        OUTSIDE,
    ),
    "3 fine-tuning of what was changed elsewhere": (
        taken_out_and_changed, lambda lm: FineTune(lm, layers=(1,), steps=2, progress=False).edit([FACT]),
        RuntimeError, CHANGED,
    ),
    "3 pruning": (foreign, lambda lm: prune(lm, 1.5), RuntimeError, OUTSIDE),
    "3 a stream": (foreign, lambda lm: list(quick(lm).edit_stream(BATCH, 1)), RuntimeError, OUTSIDE),
    "3 undo": (foreign, lambda lm: quick(lm).undo(), RuntimeError, OUTSIDE),
    "4 pruned after it was wrapped": (
        edited_through(lambda down: l1_unstructured(down, "weight", 0.3)), lambda lm: quick(lm).edit([FACT]),
        RuntimeError, "is pruned: it is computed anew",
    ),
    "4 a hook on what the memory says": (
        edited_through(lambda down: down.register_forward_hook(lambda _, __, out: 1.1 * out)),
        lambda lm: quick(lm).edit([FACT]), RuntimeError, "a hook added",
    ),
    "4 halved after it was wrapped": (
        lambda lm: lm.model.to(torch.bfloat16), lambda lm: quick(lm).edit([FACT]), RuntimeError, "changed",
    ),
    "5 a forward of its own": (own_forward, wrap_again, UnsupportedModelError, "in parts is not what it is"),
    "5 a block that speaks louder": (
        louder, wrap_again, UnsupportedModelError, "memory of block 3 adds to the stream is off",
    ),
    "6 an unknown option": (
        nothing, lambda lm: lm.generate(prompt_of(lm), 2, do_sample=True, temperature=-1.0), ValueError,
        "temperature",
    ),
    "6 an interrupt while it speaks": (nothing, while_it_speaks, KeyboardInterrupt, "Ctrl-C"),
    "7 an object without a row": (
        unknown_word, lambda lm: quick(lm).edit([IN_ZANZIBAR]), ValueError, "'Zanzibar' has the id 420",
    ),
    "7 an object without a row in fine-tuning": (
        unknown_word, lambda lm: FineTune(lm, layers=(1,), progress=False).edit([IN_ZANZIBAR]), ValueError,
        "'Zanzibar' has the id 420",
    ),
    "7 an object without a row in scores": (
        unknown_word, lambda lm: score(lm, [("Rome is", " Zanzibar")]), ValueError, "has the id 420",
    ),
    "8 statistics of another model": (nothing, strangers_statistics, ValueError, "were fitted on model"),
    "8 statistics of an edited model": (
        nothing, lambda lm: fit_statistics(lm, (1,), CORPUS, 50, progress=False), RuntimeError, "holds edits",
    ),
    "8 statistics of a changed model": (
        taken_out_and_changed, lambda lm: fit_statistics(lm, (1,), CORPUS, 50, progress=False), RuntimeError,
        CHANGED,
    ),
    "9 a record in which a list is a number": (
        nothing, lambda lm: read_zsre([ZSRE | {"answers": 3}]), ValueError, "Record 0: answers must .* 3",
    ),
    "9 a record of KnowEdit with a number deep inside": (
        nothing, lambda lm: read_counterfact([knowedit(3)]), ValueError, r"0: .*\.prompt must be text, not 3",
    ),
    "10 a fact with a key that is taken": (
        nothing, warnings_are_errors(lambda lm: quick(lm).edit([DIED])), KeysAlikeWarning, "Assam died",
    ),
    "10 an edit from a file with a key that is taken": (
        nothing, warnings_are_errors(apply_one_alike), KeysAlikeWarning, "have the same key",
    ),
}  # fmt: skip


def prompt_of(lm):
    ids = torch.tensor([[5, 6]])
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def knowedit(prompt):
    nested = {"Relation_Specificity": [{"prompt": prompt, "ground_truth": [["a"]]}]}
    return {
        "prompt": "Rome is",
        "subject": "Rome",
        "target_new": "x",
        "ground_truth": "y",
        "locality": nested,
    }


@pytest.mark.parametrize("fault", KINDS)
def test_the_kinds_of_trouble(fault):
    """The error says what is wrong; the weights, the edits and the generation settings are as they were."""
    happens, act, error, message = KINDS[fault]
    lm = tiny("llama")
    quick(lm).edit([HELD])
    happens(lm)
    state, held, hooked, settings = bits(lm), list(lm.ledger.edits), hooks(lm), lm.model.generation_config
    with pytest.raises(error, match=message):
        act(lm)
    assert bits(lm) == state
    assert lm.ledger.edits == held
    assert lm.model.generation_config is settings
    assert hooks(lm) == hooked
    free = threading.Thread(target=lambda: lm.lock.__enter__() or lm.lock.__exit__())
    free.start()
    free.join(30)
    assert not free.is_alive()
    if happens is nothing:
        with unharmed(lm):
            pass


# -- damaged files ---------------------------------------------------------------------------------------


def saved_edit(models, folder):
    """An edit of the Llama, saved, and not in the model."""
    edit = quick(models.lm).edit(BATCH, models.z)
    edit.revert()
    edit.save(folder / "edit.safetensors")
    return folder / "edit.safetensors"


def without_digest(path):
    """The description and the tensors of a saved edit, as earlier versions wrote them."""
    with safe_open(path, framework="pt") as file:
        values = json.loads(file.metadata()["edit"])
        assert values.pop("sha256")
        return json.dumps(values), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def cut(share):
    return lambda whole: whole[: int(share * len(whole))]


def flip(share):
    """One bit, at this share of the header or (above 1) of the numbers."""

    def act(whole):
        head = 8 + int.from_bytes(whole[:8], "little")
        at = int(share * head) if share < 1 else head + int((share - 1) * (len(whole) - head))
        return whole[:at] + bytes([whole[at] ^ 8]) + whole[at + 1 :]

    return act


DAMAGED_BYTES = {
    "empty": cut(0),
    "cut in the first number": lambda whole: whole[:7],
    "cut in the header": lambda whole: whole[:100],
    "cut in the numbers": cut(0.6),
    "one byte short": lambda whole: whole[:-1],
    "one byte long": lambda whole: whole + b"\0",
    "random bytes": lambda whole: random.Random(0).randbytes(len(whole)),
    "zeros": lambda whole: bytes(len(whole)),
    "random bytes at the end": lambda whole: whole[:-400] + random.Random(0).randbytes(400),
    "a bit of the header's size": flip(0.0),
    "a bit of the header": flip(0.4),
    "a bit of the description": flip(0.8),
    "a bit of the first number": flip(1.0),
    "a bit of another number": flip(1.7),
}


@pytest.mark.parametrize("fault", DAMAGED_BYTES)
def test_damaged_edit_files(models, tmp_path, fault):
    path = saved_edit(models, tmp_path)
    path.write_bytes(DAMAGED_BYTES[fault](path.read_bytes()))
    with unharmed(models.lm), pytest.raises(AssetError, match=r"edit\.safetensors is not a whole saved edit"):
        Edit.load(path).apply(models.lm)


def described(change):
    def act(text, tensors):
        values = json.loads(text)
        return json.dumps(change(values) or values), tensors

    return act


def tensors(**changed):
    return lambda text, found: (
        text,
        found | {name.replace("_", "."): value for name, value in changed.items()},
    )


NOT_WHOLE = (AssetError, "not a whole saved edit")
DAMAGED_CONTENTS = {  # without a digest, which would notice all of them
    "description broken": (lambda text, found: (text[:-9], found), *NOT_WHOLE),
    "description a list": (lambda text, found: ("[1]", found), *NOT_WHOLE),
    "description null": (lambda text, found: ("null", found), *NOT_WHOLE),
    "no description": (lambda text, found: (None, found), *NOT_WHOLE),
    "no fingerprint": (described(lambda v: v.pop("fingerprint") and None), *NOT_WHOLE),
    "facts a number": (described(lambda v: v.update(facts=3)), *NOT_WHOLE),
    "one fact missing": (described(lambda v: v["facts"].pop() and None), *NOT_WHOLE),
    "a subject a number": (described(lambda v: v["facts"][0].update(subject=3)), *NOT_WHOLE),
    "a subject empty": (described(lambda v: v["facts"][0].update(subject="")), *NOT_WHOLE),
    "a field too many": (described(lambda v: v["facts"][0].update(colour="red")), *NOT_WHOLE),
    "no tensors": (lambda text, found: (text, {}), *NOT_WHOLE),
    "a tensor of another name": (tensors(zeal_1=torch.ones(1)), *NOT_WHOLE),
    "a layer without a number": (tensors(gain_x=torch.ones(1)), *NOT_WHOLE),
    "gain NaN": (tensors(gain_2=torch.full((2, 48), math.nan)), *NOT_WHOLE),
    "dense infinite": (tensors(dense_2=torch.full((32, 48), math.inf)), *NOT_WHOLE),
    "dense a vector": (tensors(dense_2=torch.ones(48)), *NOT_WHOLE),
    "factors numbers": (
        tensors(gain_3=torch.tensor(1.0), keys_3=torch.tensor(1.0), residual_3=torch.tensor(1.0)),
        *NOT_WHOLE,
    ),
    "factors vectors": (
        tensors(gain_3=torch.ones(2), keys_3=torch.ones(2), residual_3=torch.ones(2)),
        *NOT_WHOLE,
    ),
    "factors of three axes": (
        tensors(gain_3=torch.ones(2, 48, 1), keys_3=torch.ones(2, 48, 1)),
        *NOT_WHOLE,
    ),
    "the last layer's residual narrow": (  # the first two layers are right
        tensors(residual_3=torch.ones(2, 31)),
        ValueError,
        r"block 3 is \[31, 48\], not \[32, 48\]",
    ),
    "the last layer's gain narrow": (
        tensors(gain_3=torch.ones(2, 47), keys_3=torch.ones(2, 47)),
        ValueError,
        r"block 3 is \[32, 47\], not \[32, 48\]",
    ),
    "a layer that the model has not": (
        tensors(dense_17=torch.ones(32, 48)),
        IndexError,
        "Layer 17 is out of range",
    ),
    "a negative layer": (
        lambda text, found: (text, {"dense.-1": torch.ones(32, 48), **found}),
        IndexError,
        "Layer -1 is out of range",
    ),
    "an update beyond float32": (
        tensors(gain_3=torch.full((2, 48), 3e38), residual_3=torch.full((2, 32), 3e38)),
        ValueError,
        "block 3 would write NaN or infinite",
    ),
}


@pytest.mark.parametrize("fault", DAMAGED_CONTENTS)
def test_edit_files_with_wrong_contents(models, tmp_path, fault):
    change, error, message = DAMAGED_CONTENTS[fault]
    path = saved_edit(models, tmp_path)
    text, found = without_digest(path)
    text, found = change(text, found)
    save_file(found, path, {"edit": text} if text else None)
    with unharmed(models.lm), pytest.raises(error, match=message):
        Edit.load(path).apply(models.lm)


def test_edit_files_of_earlier_versions_and_folders(models, tmp_path):
    path = saved_edit(models, tmp_path)
    wanted = Edit.load(path)
    text, found = without_digest(path)
    save_file(found, path, {"edit": text})  # without a digest
    with unharmed(models.lm):
        old = Edit.load(path)
        assert old.same_as(wanted)
        old.apply(models.lm)
        old.revert()
        with pytest.raises(AssetError, match=tmp_path.name):
            Edit.load(tmp_path)
        with pytest.raises(FileNotFoundError, match="nothing"):
            Edit.load(tmp_path / "nothing.safetensors")


def test_a_stream_meets_a_damaged_batch(tmp_path):
    """It names the file and keeps the batches before it; without the file a rerun ends at the same bits."""
    whole = tiny("llama")
    list(quick(whole).edit_stream(BATCH, 1, tmp_path))
    second = tmp_path / "000001.safetensors"
    second.write_bytes(second.read_bytes()[:-9])
    lm = tiny("llama")
    stream = quick(lm).edit_stream(BATCH, 1, tmp_path)
    next(stream)
    with unharmed(lm), pytest.raises(AssetError, match="000001"):
        next(stream)
    second.unlink()
    lm = tiny("llama")
    list(quick(lm).edit_stream(BATCH, 1, tmp_path))
    assert bits(lm) == bits(whole)


MADE_FROM = StatisticsFile("model", 2, "text", 100)
GOOD = {"made_from": json.dumps(vars(MADE_FROM)), "count": "100"}
DAMAGED_STATISTICS = {
    "NaN": (torch.full((48, 48), math.nan), GOOD, "damaged"),
    "one entry infinite": (torch.eye(48).diagonal_scatter(torch.tensor([math.inf]), 47), GOOD, "damaged"),
    "a negative count": (torch.eye(48), GOOD | {"count": "-100"}, "-100 keys"),
    "a count of 0": (torch.eye(48), GOOD | {"count": "0"}, "0 keys"),
    "a count that is no number": (torch.eye(48), GOOD | {"count": "many"}, "many"),
    "no count": (torch.eye(48), {"made_from": GOOD["made_from"]}, "count"),
    "no description": (torch.eye(48), None, "cannot be read"),
    "description broken": (torch.eye(48), GOOD | {"made_from": "{"}, "cannot be read"),
    "description a list": (torch.eye(48), GOOD | {"made_from": "[1]"}, "damaged"),
    "not square": (torch.ones(48, 40), GOOD, "damaged"),
    "a vector": (torch.ones(48), GOOD, "damaged"),
}


@pytest.mark.parametrize("fault", DAMAGED_STATISTICS)
def test_damaged_statistics(tmp_path, fault):
    total, metadata, message = DAMAGED_STATISTICS[fault]
    path = tmp_path / "found.safetensors"
    save_file({"total": total}, path, metadata)
    with pytest.raises(AssetError, match=rf"found\.safetensors .*{message}.*Delete the file"):
        load_statistics(path, MADE_FROM)


@pytest.mark.parametrize("fault", ["empty", "cut in the header", "random bytes", "zeros", "one byte short"])
def test_damaged_statistics_in_the_cache(cache, fault):
    """The error names the file; once it is deleted the same statistics are fitted again."""
    lm = tiny("llama")
    wanted = key_statistics(lm, (2,), CORPUS, 100, progress=False)[2].total
    (path,) = cache.iterdir()
    path.write_bytes(DAMAGED_BYTES[fault](path.read_bytes()))
    with unharmed(lm), pytest.raises(AssetError, match=rf"{path.name} cannot be read.*Delete the file"):
        key_statistics(lm, (2,), CORPUS, 100, progress=False)
    path.unlink()
    assert torch.equal(key_statistics(lm, (2,), CORPUS, 100, progress=False)[2].total, wanted)


def test_statistics_of_another_width_in_the_cache(cache):
    """A file for this very model, but as wide as another's keys: the editor refuses it."""
    lm = tiny("llama")
    request = statistics_request(lm, (2,), CORPUS, 100)
    save_statistics(request.path(2), KeyStatistics(torch.eye(40).double(), 100), request.files[2])
    found = key_statistics(lm, (2,), CORPUS, 100, progress=False)
    with unharmed(lm), pytest.raises(ValueError, match="layer 2 are 40 × 40 wide; this model's keys 48"):
        AlphaEdit(lm, layers=(2,), statistics=found, progress=False)


@pytest.mark.parametrize("text", ["", "{", "0", "-1", '"2"', "[2]"])
def test_a_damaged_deal_of_shares(cache, text):
    lm = tiny("llama")
    folder = distributed._deal(statistics_request(lm, (2,), CORPUS, 100), (2,), 2)[0].folder
    (folder / "shares.json").write_text(text)
    with unharmed(lm), pytest.raises(AssetError, match=r"shares\.json says .*Delete"):
        fit_shares(lm, (2,), CORPUS, 100, progress=False)


@pytest.mark.parametrize(
    "noted",
    [
        None,
        {"done": "3"},
        {"done": "x", "rows": "3"},
        {"done": "-4", "rows": "3"},
        {"done": "4", "rows": "3"},
    ],
)
def test_a_damaged_share(tmp_path, noted):
    share = Share(tmp_path, 0, 1)
    save_file({"2": torch.eye(48)}, share.path, noted)
    with pytest.raises(AssetError, match=r"share-0-of-1\.safetensors cannot be read.*Delete the file"):
        share.progress(tiny("llama"))


def record(**changed):
    rewrite = {"prompt": "{} is", "subject": "Italy", "target_new": {"str": "a"}, "target_true": {"str": "b"}}
    whole = {"requested_rewrite": rewrite | changed, "neighborhood_prompts": [], "paraphrase_prompts": []}
    return json.dumps([whole]).encode()


ZSRE = {"src": "Is Italy x?", "subject": "Italy", "alt": "a", "rephrase": "b", "loc": "c", "loc_ans": "d"}
FILE = r"facts\.json (is not a whole JSON file|holds no list of records)"
DAMAGED_FACTS = {
    "empty": (b"", FILE, read_counterfact),
    "cut": (record()[:-9], FILE, read_counterfact),
    "not text": (b'["\xff\xfe"]', FILE, read_counterfact),
    "a number": (b"3", FILE, read_counterfact),
    "null": (b"null", FILE, read_zsre),
    "one record, no list": (record()[1:-1], FILE, read_counterfact),
    "a number for a record": (b"[1]", "Record 0", read_counterfact),
    "a number for a record of zsRE": (b"[1]", "Record 0", read_zsre),
    "null for the rewrite": (b'[{"requested_rewrite": null}]', "Record 0", read_counterfact),
    "null for the subject": (record(subject=None), "Record 0: subject must be text", read_counterfact),
    "an empty subject": (record(subject=" "), "Record 0: The subject ' ' is empty", read_counterfact),
    "null for the object": (record(target_new=None), "Record 0", read_counterfact),
    "a number for the object": (record(target_new={"str": 3}), "Record 0: new .* not 3", read_counterfact),
    "no answers": (json.dumps([ZSRE | {"answers": []}]).encode(), "Record 0", read_zsre),
    "a subject that is not there": (
        json.dumps([ZSRE | {"answers": ["x"], "subject": "Oslo"}]).encode(),
        "Record 0: The subject 'Oslo' does not occur",
        read_zsre,
    ),
}


@pytest.mark.parametrize("fault", DAMAGED_FACTS)
def test_damaged_fact_files(tmp_path, fault):
    content, message, read = DAMAGED_FACTS[fault]
    path = tmp_path / "facts.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read(path)


# -- kills and interrupts --------------------------------------------------------------------------------

CHILD = """
import os, signal, sys, time
from pathlib import Path
import torch
from alphaedit_lite import edits, key_statistics
from alphaedit_lite.support import statistics
from tests.conftest import CORPUS, tiny
from tests.core.test_faults import FEW, quick
torch.set_num_threads(1)
task, folder = sys.argv[1], Path(sys.argv[2])
module = statistics if task == "statistics" else edits
save, saves = module.save_file, []
def dying(tensors, path, metadata):
    saves.append(1)
    if len(saves) == 2:
        path.write_bytes(b"half of it")
        os.kill(os.getpid(), signal.SIGKILL)
    save(tensors, path, metadata)
lm = tiny("llama")
if task == "two":
    from alphaedit_lite import Edit
    (folder / f"ready-{os.getpid()}").touch()
    while len(list(folder.glob("ready-*"))) < 2:
        time.sleep(0.01)
    key_statistics(lm, (1, 2, 3), CORPUS * 20, 3000, progress=False)
    edit = Edit.load(folder / "edit.safetensors")
    for _ in range(60):
        edit.save(folder / "both.safetensors")
else:
    module.save_file = dying
    if task == "statistics":
        key_statistics(lm, (1, 2, 3), CORPUS, 100, progress=False)
    else:
        list(quick(lm).edit_stream(FEW, 1, folder / "edits"))
"""
FEW = [dataclasses.replace(FACT, subject=f"Assam {i}") for i in range(3)]


def child(task, folder):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CHILD, task, str(folder)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_stream_killed_while_it_writes_a_file(tmp_path, one_thread):
    worker = child("stream", tmp_path)
    said = worker.communicate(timeout=120)[1]
    assert worker.returncode == -signal.SIGKILL, said
    found = [path.name for path in (tmp_path / "edits").glob("*.safetensors")]
    assert found == ["000000.safetensors"]  # whole, and no trace of the half under a name that counts
    assert leftovers(tmp_path)  # a kill gives no time to tidy
    again, whole = tiny("llama"), tiny("llama")
    with unharmed(again):
        Edit.load(tmp_path / "edits" / found[0]).apply(again)
        again.ledger.edits[-1].revert()
    assert len(list(quick(again).edit_stream(FEW, 1, tmp_path / "edits"))) == 3
    list(quick(whole).edit_stream(FEW, 1))
    assert bits(again) == bits(whole)
    again.ledger.clear()
    assert bits(again) == bits(tiny("llama"))


def test_statistics_killed_while_they_are_written(cache, tmp_path, one_thread, monkeypatch):
    """The first layer is there, the lock is free, and a rerun fits the others only, to the same bits."""
    worker = child("statistics", tmp_path)
    said = worker.communicate(timeout=120)[1]
    assert worker.returncode == -signal.SIGKILL, said
    assert len(list(cache.glob("*.safetensors"))) == 1
    lm, fitted = tiny("llama"), []
    grow = kept.grow
    monkeypatch.setattr(kept, "grow", lambda *a, **k: fitted.append(a[1]) or grow(*a, **k))
    with unharmed(lm):
        found = key_statistics(lm, LAYERS, CORPUS, 100, progress=False)
    assert fitted == [[2, 3]]
    wanted = fit_statistics(lm, LAYERS, CORPUS, 100, progress=False)
    for layer in LAYERS:
        assert torch.equal(found[layer].total, wanted[layer].total.float().double())
        assert found[layer].count == wanted[layer].count


@pytest.mark.parametrize("chunks", [1, 4])
def test_statistics_interrupted_while_they_grow(cache, chunks, capsys, monkeypatch):
    """What was saved is not done again, the bar begins there, and the sums are the same to the last bit."""
    lm, texts, grown = tiny("llama"), [text[: 9 * i] for i, text in enumerate(CORPUS * 9)], []
    monkeypatch.setattr("alphaedit_lite.keys.TOKENS_PER_BATCH", 64)
    monkeypatch.setattr(kept, "grow", functools.partial(grow, save_every=0.0))
    whole = fit_statistics(lm, (1, 2), texts, 900, progress=False)
    take_in = shares.take_in

    def dying(lm, statistics, rows):
        for number, chunk in enumerate(take_in(lm, statistics, rows)):
            if number == chunks:
                raise KeyboardInterrupt
            grown.extend(chunk)
            yield chunk

    with unharmed(lm), monkeypatch.context() as patch:
        patch.setattr(shares, "take_in", dying)
        with pytest.raises(KeyboardInterrupt):
            key_statistics(lm, (1, 2), texts, 900, progress=False)
    (left,) = cache.glob("*/share-0-of-1.safetensors")
    assert Share(left.parent, 0, 1).progress(lm) == (len(grown), False)
    assert not list(cache.glob("*.safetensors"))
    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(shares, "take_in", lambda lm, s, rows: grown.extend(rows) or take_in(lm, s, rows))
        found = key_statistics(lm, (1, 2), texts, 900)
    assert grown == token_rows(lm, texts, 900)
    percents = [int(share) for share in re.findall(r"statistics: +(\d+)%", capsys.readouterr().err)]
    assert percents[0] > 0
    assert percents[-1] == 100
    for layer in (1, 2):
        assert torch.equal(found[layer].total, whole[layer].total.float().double())
        assert found[layer].count == whole[layer].count
    assert not list(cache.glob("*/share*"))  # nothing is left of what has grown


def test_a_damaged_sum_is_named(cache):
    lm = tiny("llama")
    share = Share(statistics_request(lm, (2,), CORPUS, 100).folder("sums", (2,)), 0, 1)
    share.save({2: KeyStatistics(torch.eye(48).double(), 9)}, 1, 3)
    share.path.write_bytes(share.path.read_bytes()[:-9])
    with unharmed(lm), pytest.raises(AssetError, match=r"share-0-of-1\.safetensors cannot be read.*Delete"):
        key_statistics(lm, (2,), CORPUS, 100, progress=False)


def interrupted_at(number, act):
    """Run ``act``; KeyboardInterrupt at the ``number``-th line of the engine. Returns the lines seen.

    ``hooked`` and ``frozen`` are left out: Python cannot protect the leaving of a with block, and an
    interrupt just there leaves a hook that looks, or parameters that need no gradient; no other weights.
    For the same reason torch's own switch for gradients is put back here.
    """
    seen, gradients = 0, torch.is_grad_enabled()

    def trace(frame, event, _):
        nonlocal seen
        code = frame.f_code
        if "alphaedit_lite" not in code.co_filename or code.co_name in ("hooked", "frozen"):
            return None
        if event == "line":
            seen += 1
            if seen == number:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
        torch.set_grad_enabled(gradients)
    return seen


INTERRUPTED = {
    "edit": lambda m, editor, edit: editor.edit(BATCH, m.z),
    "the first edit": lambda m, editor, edit: editor.edit(BATCH, m.z),
    "edit with RECT": lambda m, editor, edit: quick(m.lm, keep=0.3).edit(BATCH, m.z),
    "apply": lambda m, editor, edit: edit.apply(m.lm),
    "prune": lambda m, editor, edit: prune(m.lm, 1.5),
}


@pytest.mark.parametrize("action", INTERRUPTED)
def test_an_interrupt_at_random_lines(models, action):
    """Ctrl-C at lines chosen by chance, the last ones included: what was begun is whole, or is not there."""
    if action == "the first edit":
        models = SimpleNamespace(lm=tiny("llama"), z=models.z)
    lm, editor = models.lm, quick(models.lm)
    before, held = bits(lm), list(lm.ledger.edits)
    saved = editor.edit(BATCH, models.z)
    saved.revert()

    def act():
        INTERRUPTED[action](models, editor, saved)

    lines = interrupted_at(0, act)
    lm.ledger.edits[-1].revert()
    assert bits(lm) == before
    chosen = {*random.Random(1).sample(range(1, lines + 1), min(lines, 30)), *range(lines - 5, lines + 1)}
    with unharmed(lm):
        for number in sorted(chosen):
            with pytest.raises(KeyboardInterrupt):
                interrupted_at(number, act)
            if lm.ledger.edits != held:  # the interrupt came after all was written
                assert lm.ledger.edits[:-1] == held
                lm.ledger.edits[-1].revert()
            assert bits(lm) == before
            assert saved.lm is None


# -- two processes ---------------------------------------------------------------------------------------


def test_two_processes_fit_and_save_the_same_at_once(models, cache, tmp_path, one_thread):
    """Both end well; a third that reads all the while never sees anything but a whole file."""
    path = saved_edit(models, tmp_path)
    both = [child("two", tmp_path) for _ in range(2)]
    wanted, reads = Edit.load(path), 0
    while any(worker.poll() is None for worker in both):
        if (tmp_path / "both.safetensors").exists():
            assert Edit.load(tmp_path / "both.safetensors").same_as(wanted)
            reads += 1
        time.sleep(0.005)
    for worker in both:
        said = worker.communicate()[1]
        assert worker.returncode == 0, said
    assert reads > 0
    assert (tmp_path / "both.safetensors").read_bytes() == path.read_bytes()
    assert not leftovers(tmp_path)
    assert len(list(cache.glob("*.safetensors"))) == len(LAYERS)
    lm = tiny("llama")
    fitted = fit_statistics(lm, LAYERS, CORPUS * 20, 3000, progress=False)
    with unharmed(lm), pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "grow", None)
        found = key_statistics(lm, LAYERS, CORPUS * 20, 3000, progress=False)
    assert all(torch.equal(found[i].total, fitted[i].total.float().double()) for i in LAYERS)


# -- a full disk, a read-only folder ---------------------------------------------------------------------


def failing(error):
    """Half a file, and then an error."""

    def save(first, second=None, *_):
        path = second if isinstance(first, dict) else first
        path.write_bytes(b"half of it")
        raise error

    return save


def refusing(error):
    def act(*_args, **_kwargs):
        raise error

    return act


def text_refused(self, *_args, **_kwargs):
    self.write_bytes(b"half of it")
    raise FULL


def save_one(m, folder):
    m.lm.ledger.edits[0].save(folder / "one.safetensors")


def save_adapter(m, folder):
    to_lora(m.lm, folder)


def save_fit(m, folder):
    save_statistics(folder / "fit.safetensors", KeyStatistics(torch.eye(48).double(), 9), MADE_FROM)


def save_share(m, folder):
    Share(folder, 0, 1).save({2: KeyStatistics(torch.eye(48).double(), 9)}, 3, 9)


REFUSED = {  # what is written, what refuses, and how
    "statistics, disk full": (save_fit, kept, "save_file", failing(FULL)),
    "share, disk full": (save_share, shares, "save_file", failing(FULL)),
    "adapter's matrices, disk full": (save_adapter, export, "save_file", failing(FULL)),
    "adapter's description, disk full": (save_adapter, type(assets.Path()), "write_text", text_refused),
    "edit, no room for a folder": (save_one, assets.tempfile, "mkdtemp", refusing(FULL)),
    "edit, the rename fails": (save_one, assets.os, "replace", refusing(FULL)),
    "statistics, the rename fails": (save_fit, assets.os, "replace", refusing(FULL)),
    "edit, folder read-only": (save_one, assets.tempfile, "mkdtemp", refusing(READ_ONLY)),
    "adapter, folder read-only": (save_adapter, assets.tempfile, "mkdtemp", refusing(READ_ONLY)),
    "statistics, folder read-only": (save_fit, assets.tempfile, "mkdtemp", refusing(READ_ONLY)),
    "share, folder read-only": (save_share, assets.tempfile, "mkdtemp", refusing(READ_ONLY)),
}


@pytest.mark.parametrize("old", [True, False], ids=["over an old file", "new"])
@pytest.mark.parametrize("fault", REFUSED)
def test_what_cannot_be_written_leaves_no_trace(models, tmp_path, monkeypatch, fault, old):
    write, where, name, refuse = REFUSED[fault]
    if old:
        write(models, tmp_path)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    if old:
        assert files
        for path in tmp_path.iterdir():
            path.write_bytes(b"old")
            files[path.name] = b"old"
    with unharmed(models.lm):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, refuse)
            with pytest.raises(OSError, match=r"No space left|Permission denied"):
                write(models, tmp_path)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files
    write(models, tmp_path)  # with room again
    assert {path.name for path in tmp_path.iterdir()} >= {*files}
    assert b"old" not in [path.read_bytes() for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("where", "name", "refuse"),
    [
        (edits, "save_file", failing(FULL)),
        (assets.tempfile, "mkdtemp", refusing(READ_ONLY)),
        (edits, "save_file", failing(KeyboardInterrupt())),
    ],
    ids=["disk full", "folder read-only", "interrupt"],
)
def test_a_stream_that_cannot_save_a_batch(tmp_path, monkeypatch, where, name, refuse):
    """The batch is taken out of the model again: model and folder say the same, and a rerun goes on."""
    whole = tiny("llama")
    list(quick(whole).edit_stream(FEW, 1))
    lm = tiny("llama")
    stream = quick(lm).edit_stream(FEW, 1, tmp_path)
    next(stream)
    with unharmed(lm):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, refuse)
            with pytest.raises((OSError, KeyboardInterrupt)):
                next(stream)
        assert [path.name for path in tmp_path.iterdir()] == ["000000.safetensors"]
    again = tiny("llama")
    list(quick(again).edit_stream(FEW, 1, tmp_path))
    assert bits(again) == bits(whole)


def test_statistics_on_a_full_disk_and_in_a_read_only_cache(cache, monkeypatch):
    """No half statistics under a name that counts; what is there is read, what is not says where to write."""
    lm = tiny("llama")
    with unharmed(lm), monkeypatch.context() as patch:
        patch.setattr(kept, "save_file", failing(FULL))
        with pytest.raises(OSError, match="No space left"):
            key_statistics(lm, (1, 2), CORPUS, 100, progress=False)
    assert not list(cache.iterdir())
    wanted = key_statistics(lm, (1,), CORPUS, 100, progress=False)[1].total
    with unharmed(lm), monkeypatch.context() as patch:
        for error, text in ((READ_ONLY, "Permission denied"), (FULL, "No space left")):
            patch.setattr(assets.tempfile, "TemporaryFile", refusing(error))
            patch.setattr(assets.tempfile, "mkdtemp", refusing(error))
            assert torch.equal(key_statistics(lm, (1,), CORPUS, 100, progress=False)[1].total, wanted)
            for fit in (key_statistics, fit_shares):
                with pytest.raises(AssetError, match=rf"cache .*cannot be written \({text}.*ALPHAEDIT_CACHE"):
                    fit(lm, (1, 2), CORPUS, 100, progress=False)
    assert len(list(cache.iterdir())) == 1
