"""On a GPU: the whole road on an emulated second device (tests/second_device.py), and the emulator itself."""

import copy
import inspect
import types

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from alphaedit_lite import (
    Edit,
    KeyStatistics,
    LanguageModel,
    NullSpace,
    compute_targets,
    evaluate,
    factkeys,
    generation,
    keys,
    metrics,
    perplexity,
    prompts,
    targets,
)
from alphaedit_lite.finetune import FineTune
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.metrics import score
from alphaedit_lite.support import answers, loading
from tests.conftest import CORPUS, tiny, tiny_model, train_tokenizer
from tests.helpers import LAYERS, PLAIN, editor_for, same, weights
from tests.second_device import CARD, SecondDevice, on_card

# -- the emulator --------------------------------------------------------------------------------------


@pytest.fixture
def card():
    with SecondDevice():
        yield {"device": "cuda"}


MIXED = {
    "sum": lambda a, b, i: a + b,
    "product": lambda a, b, i: torch.eye(3) @ a,
    "cat": lambda a, b, i: torch.cat([a, b]),
    "stack of numbers": lambda a, b, i: torch.stack([a[0], b[0]]),
    "its index": lambda a, b, i: b[i],
    "its mask": lambda a, b, i: b[a > 0],
    "written by index": lambda a, b, i: a.__setitem__(i, b),
    "one number by index": lambda a, b, i: b.__setitem__(i.cpu(), a[:1]),
    "embedding": lambda a, b, i: F.embedding(i.cpu(), torch.ones(3, 2).to(CARD)),
    "where": lambda a, b, i: torch.where(b > 0, a, 0.0),
    "gather": lambda a, b, i: a.gather(0, i.cpu()),
    "in place": lambda a, b, i: b.add_(a[0]),
    "equal": lambda a, b, i: torch.equal(a, b),
    "a layer": lambda a, b, i: torch.nn.Linear(3, 3).to(CARD)(b),
    "arange": lambda a, b, i: a * torch.arange(3),
}
ALLOWED = {
    "a number": lambda a, b, i: a + torch.tensor(2.0),
    "CPU indices": lambda a, b, i: a[i.cpu()],
    "written in a slice": lambda a, b, i: a.__setitem__(slice(1, 3), b[1:]) or a,
    "copied into": lambda a, b, i: a.copy_(b),
    "as another": lambda a, b, i: b.to(a) + a,
    "made beside": lambda a, b, i: torch.arange(3, device=a.device) + torch.zeros_like(a) + a.new_ones(3),
    "views": lambda a, b, i: a.detach().view(3, 1).T.flatten(),
    "a copy": lambda a, b, i: copy.deepcopy(torch.nn.Parameter(a)),
    "numbers": lambda a, b, i: a.norm() / b.norm(),
    "tensors of a list": lambda a, b, i: torch.tensor([float(a[0]), a[1]]).to(CARD),
    "moved as a module": lambda a, b, i: torch.nn.Linear(3, 3).to(CARD, torch.float64)(a.double()),
}


@pytest.mark.parametrize("name", MIXED)
def test_what_torch_refuses_is_refused(card, name):
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        MIXED[name](torch.ones(3, **card), torch.ones(3), torch.arange(3, **card))


@pytest.mark.parametrize("name", ALLOWED)
def test_what_torch_allows_stays_on_the_device(card, name):
    found = ALLOWED[name](torch.ones(3, **card), torch.ones(3), torch.arange(3, **card))
    assert found.device == CARD != torch.device("cpu")
    assert found.is_cuda


@pytest.mark.parametrize("back", [lambda t: t.cpu(), lambda t: t.to("cpu"), lambda t: torch.ones(3).copy_(t)])
def test_the_way_back(card, back):
    found = back(torch.ones(3, **card))
    assert found.device == torch.device("cpu")
    assert torch.equal(found + torch.ones(3), 2 * torch.ones(3))
    assert found.numpy().sum() == 3


@pytest.mark.parametrize("take", [np.asarray, lambda t: t.numpy(), lambda t: np.array([t[0]])])
def test_numpy_gets_nothing(card, take):
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        take(torch.ones(3, **card))


def test_gradients_and_optimisers_stay_there(card):
    weight = torch.zeros(3, requires_grad=True, **card)
    adam = torch.optim.Adam([weight], lr=0.5)
    ((weight - torch.ones(3, **card)) ** 2).sum().backward()
    assert weight.grad.device == CARD
    adam.step()
    assert_close(weight.detach().cpu(), torch.full((3,), 0.5))


def test_dice_of_the_other_device_are_refused(card):
    with pytest.raises(RuntimeError, match="generator"):
        torch.randn(3, generator=torch.Generator(), **card)


def test_mistakes_can_be_noted_instead_and_nothing_stays():
    seen = []
    with SecondDevice(seen.append):
        a = torch.ones(3, device="cuda")
        assert (a + torch.ones(3)).sum() == 6
        assert np.asarray(a).sum() == 3
        assert torch.cuda.is_available()
    assert len(seen) == 2
    assert not torch.cuda.is_available()
    assert (a + torch.ones(3)).sum() == 6


# -- the road ------------------------------------------------------------------------------------------


@pytest.fixture(params=["llama", "gpt2"])
def family(request):
    return request.param


def road(lm, facts, folder):
    """All that the package does with a model; what came out, as numbers and texts."""
    found = {"says": lm.complete("Rome is", 5), "perplexity": perplexity(lm, CORPUS)}
    statistics = fit_statistics(lm, LAYERS, CORPUS, 100, progress=False)
    assert statistics[2].total.device == lm.device
    found["moment"] = statistics[2].second_moment
    found["space"] = NullSpace.fit(statistics[2], 1.0, "relative").eigenvalues
    z = compute_targets(lm, facts, 3, PLAIN, progress=False)
    found |= {f"target {name}": value for name, value in vars(z).items()}
    before = weights(lm)
    for solver in ("alphaedit", "memit"):
        editor = editor_for(lm, solver=solver)
        edits = list(editor.edit_stream(facts, 2))  # with a history
        found |= {f"{solver} {i}": lm.weight(i).clone() for i in LAYERS}
        found |= {f"{solver} report": str(edits[-1].report())}
        edits[0].save(folder / f"{solver}.safetensors")
        for edit in edits:
            edit.revert()
        Edit.load(folder / f"{solver}.safetensors").apply(lm)
        found |= {f"{solver} again": score(lm, [(f.prompt, f.new) for f in facts])[0]}
        lm.ledger.clear()
        assert same(weights(lm), before)
    tuned = FineTune(lm, layers=(2,), steps=3, progress=False).edit(facts)
    found |= {"tuned": tuned.delta(2), "told": generation.generate(lm, ["Rome is", "The weather"], 5)}
    tuned.revert()
    found["evaluate"] = evaluate(lm, facts, progress=False).to_json()
    lm.check_unedited()
    return {name: value.cpu() if torch.is_tensor(value) else value for name, value in found.items()}


def test_the_whole_road_runs_on_a_second_device(family, facts, tmp_path):
    wanted = road(tiny(family), facts, tmp_path)
    with SecondDevice():
        lm = tiny(family)
        lm.model.to("cuda")
        found = road(lm, facts, tmp_path)
        assert all(map(on_card, lm.model.state_dict().values()))
    for name, value in wanted.items():
        assert_close(found[name], value) if torch.is_tensor(value) else None
        assert torch.is_tensor(value) or found[name] == value, name


def test_a_model_may_be_moved_with_its_edits(family, facts):
    lm = tiny(family)
    before, edit = weights(lm), editor_for(lm).edit(facts)
    with SecondDevice():
        lm.model.to("cuda")
        edit.report()
        second = editor_for(lm).edit([facts[0]])
        second.revert()
        edit.revert()
        assert same({name: value.cpu() for name, value in weights(lm).items()}, before)


@pytest.mark.parametrize("go_on", ["editor", "a new editor", "apply", "fine-tune", "check", "clear"])
def test_a_model_moved_with_its_edits_can_be_gone_on_with(go_on, facts):
    lm = tiny("llama")
    before, editor = weights(lm), editor_for(lm)
    (spare := editor.edit(facts[1:])).revert()
    editor.edit(facts[:1])
    with SecondDevice():
        lm.model.to("cuda")
        if go_on == "editor":
            editor.edit(facts[1:])
        elif go_on == "a new editor":
            editor_for(lm).edit(facts[1:])
        elif go_on == "apply":
            spare.apply(lm)
        elif go_on == "fine-tune":
            FineTune(lm, layers=(2,), steps=2, progress=False).edit(facts[1:])
        elif go_on == "check":
            lm.check_unchanged()
        lm.ledger.clear()
        assert same({name: value.cpu() for name, value in weights(lm).items()}, before)


def test_statistics_of_a_device_and_of_the_cache_add_up():
    lm, other = tiny("llama"), tiny("llama")
    with SecondDevice():
        other.model.to("cuda")
        there = fit_statistics(other, (1,), CORPUS, 100, progress=False)[1]
        here = fit_statistics(lm, (1,), CORPUS[::-1], 100, progress=False)[1]
        for one, two in ((there, here), (here, there)):
            both = one.merge(two)
            assert both.count == here.count + there.count
            assert_close(both.total.cpu(), here.total + there.total.cpu())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_edits_are_finite_and_close(family, dtype, facts):
    exact = tiny(family)
    lm = LanguageModel(tiny_model(family, vocab_size=420).to(dtype), train_tokenizer())
    z = compute_targets(exact, facts, 3, PLAIN, progress=False).z
    found = compute_targets(lm, facts, 3, PLAIN, progress=False)
    assert found.z.isfinite().all()
    assert (
        torch.cosine_similarity(found.h, compute_targets(exact, facts, 3, PLAIN, progress=False).h).min()
        > 0.99
    )
    wanted, edit = editor_for(exact).edit(facts, z), editor_for(lm).edit(facts, z)
    for layer in LAYERS:
        assert lm.weight(layer).dtype == dtype
        assert lm.weight(layer).isfinite().all()
        assert (edit.delta(layer) - wanted.delta(layer)).norm() < 0.1 * wanted.delta(layer).norm()
    edit.revert()
    lm.check_unedited()


# -- what would break it: each of these is a line of the package without its device ----------------------


def fit(module, lm, facts):
    lm.lines = {1: KeyStatistics.empty(lm.d_ff, lm.device)}
    list(module.take_in(lm, lm.lines, module.token_rows(lm, CORPUS, 100)))


def look(module, lm, facts):
    module.FactPrompts(lm, facts, prompts.PREFIXES, 1).look(1, 3)


def search(module, lm, facts):
    module.compute_targets(lm, facts, 3, module.TargetConfig(**vars(PLAIN)), progress=False)


def align(module, lm, facts):
    rows = [row for fact in facts for row in prompts.encode_fact(lm.tokenizer, fact, ("",), True)]
    batch = module.align(rows, range(len(rows)), lm.pad_id, lm.device)
    with torch.no_grad():
        out, _ = lm.run(lm.embed(batch.ids), batch.mask, batch.positions)
    log_p = lm.logits(out[batch.loss_row, batch.loss_column])
    torch.zeros(9, device=lm.device).index_add(
        0, batch.fact[batch.loss_row], log_p.gather(1, batch.loss_id[:, None])[:, 0]
    )


MUTANTS = [
    (factkeys, look, "torch.tensor(shared, device=lm.device)", "torch.tensor(shared)"),
    (factkeys, look, "lm.pad_id, lm.device)  # one row", 'lm.pad_id, "cpu")  # one row'),
    (prompts, align, "ids, mask, positions = ids.to(device)", "ids, mask, positions = ids"),
    (prompts, align, "owner = torch.tensor(fact, device=device)", "owner = torch.tensor(fact)"),
    (prompts, align, "reshape(-1, 3).to(device)", "reshape(-1, 3)"),
    (keys, fit, "ids.to(lm.device)", "ids"),
    (keys, fit, "device=lm.device).expand_as", ").expand_as"),
    (targets, search, "align(rows, owner, lm.pad_id, lm.device)", 'align(rows, owner, lm.pad_id, "cpu")'),
    (targets, search, "dtype=torch.long, device=h.device)", "dtype=torch.long)"),
    (targets, search, "torch.inf, device=h.device)", "torch.inf)"),
    (targets, search, "torch.zeros(n, device=shift.device)", "torch.zeros(n)"),
    (metrics, lambda m, lm, facts: m.perplexity(lm, CORPUS), "True, -100).to(lm.device)", "True, -100)"),
    (answers, lambda m, lm, facts: m.answers(lm), "[None].to(lm.device)", "[None]"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(MUTANTS)))
def test_a_forgotten_device_is_seen(number, facts):
    module, use, line, forgotten = MUTANTS[number]
    source = inspect.getsource(module)
    assert line in source
    mutant = types.ModuleType(module.__name__)
    mutant.__package__ = module.__package__
    with SecondDevice():
        lm = tiny("llama")
        lm.model.to("cuda")
        use(module, lm, facts)
        exec(source.replace(line, forgotten), vars(mutant))
        with pytest.raises((RuntimeError, TypeError)) as raised:
            use(mutant, lm, facts)
    assert "device" in str(raised.value)


# -- loading -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_loaded_model_goes_to_the_gpu_if_there_is_one(family, dtype, tmp_path):
    tiny_model(family, vocab_size=420).save_pretrained(tmp_path)
    train_tokenizer().save_pretrained(tmp_path)
    assert loading.load_model(str(tmp_path), dtype).device == torch.device("cpu")
    with SecondDevice():
        lm, kept = loading.load_model(str(tmp_path), dtype), loading.load_model(str(tmp_path), dtype, "cpu")
        assert (lm.device, kept.device) == (CARD, torch.device("cpu"))
        assert lm.fingerprint == kept.fingerprint
        assert lm.answers_like(kept.answers)  # but for rounding, which no processor promises
        lm.check_unedited()


def test_the_default_model_is_checked_and_then_moved(family, tmp_path, monkeypatch):
    tiny_model(family, vocab_size=420).save_pretrained(tmp_path)
    train_tokenizer().save_pretrained(tmp_path)
    stamp = loading.load_model(str(tmp_path)).fingerprint
    monkeypatch.setattr(loading, "_default_model_folder", lambda: (tmp_path, stamp))
    monkeypatch.setattr(loading, "_second_model_folder", lambda: tmp_path)
    with SecondDevice():
        for load in (loading.load_model, loading.load_second_model):
            lm = load()
            assert lm.device == CARD
            assert lm.fingerprint == stamp
            lm.check_unedited()
            assert load(device="cpu").device == torch.device("cpu")
            assert load(dtype=torch.bfloat16).weight(0).dtype == torch.bfloat16
