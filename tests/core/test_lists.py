"""One where many are meant, nothing where something is, and amounts below the least: each is told so."""

import math
import sys

import numpy as np
import pytest
import torch

from alphaedit_lite import (
    AlphaEdit,
    Edit,
    Editor,
    EditorConfig,
    Fact,
    KeyStatistics,
    NullSpace,
    TargetConfig,
    evaluate,
    key_statistics,
    perplexity,
    read_counterfact,
)
from alphaedit_lite.edits import prune
from alphaedit_lite.finetune import FineTune, FineTuneConfig
from alphaedit_lite.generation import generate, judge_generation
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.metrics import evaluate_zsre, score
from alphaedit_lite.solvers import alphaedit
from alphaedit_lite.targets import compute_targets
from tests.conftest import CORPUS, tiny
from tests.helpers import editor_for, same, weights

FACT = Fact("{} is in", "Rome", "France", true="Italy")
CHAT = [{"role": "user", "content": "Where is Rome?"}]


@pytest.fixture(scope="module")
def one():
    return tiny("llama")


@pytest.mark.parametrize("wrong", [FACT, "Rome is in", {"subject": "Rome"}, None])
def test_one_fact_is_no_list_of_facts(one, wrong):
    for act in (
        lambda: editor_for(one).edit(wrong),
        lambda: next(editor_for(one).edit_stream(wrong)),
        lambda: FineTune(one, layers=(1,), progress=False).edit(wrong),
        lambda: compute_targets(one, wrong, 2),
        lambda: evaluate(one, wrong),
        lambda: evaluate_zsre(one, wrong),
        lambda: judge_generation(one, wrong),
    ):
        with pytest.raises(TypeError, match=r"A list of facts is needed: \[fact\]"):
            act()
    assert not one.ledger.edits


def test_a_generator_of_facts_is_a_list_of_facts(one):
    assert len(evaluate(one, (fact for fact in [FACT]), progress=False)) == 1


@pytest.mark.parametrize("wrong", [None, math.nan, ["Rome is", "x"], CHAT])
def test_a_text_is_text(one, wrong):
    for act in (
        lambda: one.complete(wrong),
        lambda: score(one, [("Rome is", wrong)]),
        lambda: Fact.from_prompt("Rome is", wrong, "x"),
    ):
        with pytest.raises(TypeError, match=r"One text is needed here, not .*apply_chat_template"):
            act()
    way = "apply_chat_template" if isinstance(wrong, list) else "leave it out"
    for number, act in (
        (0, lambda: generate(one, [wrong], 2)),
        (1, lambda: perplexity(one, ["Rome is in", wrong])),
    ):
        with pytest.raises(TypeError, match=rf"Text {number} must be text, not .*{way}"):
            act()


def test_one_pair_is_no_list_of_pairs(one):
    for wrong in (("Rome is", " Italy"), ("ab", "cd"), [("a", "b", "c")]):
        with pytest.raises(TypeError, match=r"A list of pairs is needed, \[\(prompt, object\)\]"):
            score(one, wrong)


def test_ids_have_rows(one):
    for act in (
        lambda: one.generate({"input_ids": torch.tensor([5, 6])}, 2),
        lambda: one.embed(torch.tensor([5, 6])),
        lambda: one.generate({"input_ids": torch.zeros(1, 0, dtype=torch.long)}, 2),
    ):
        with pytest.raises(ValueError, match=r"Token ids must be \[rows, width\]"):
            act()


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        (
            TypeError,
            torch.tensor([[3, 4]]),
            r"inputs must hold 'input_ids', not tensor.*: {\"input_ids\": ids}",
        ),
        (TypeError, [[3, 4]], r"inputs must hold 'input_ids', not \[\[3, 4\]\]"),
        (TypeError, {"ids": torch.tensor([[3]])}, "inputs must hold 'input_ids', not only 'ids'"),
        (TypeError, {"input_ids": [[3, 4]]}, r"input_ids must be a tensor, not .*return_tensors='pt'"),
        (
            TypeError,
            {"input_ids": torch.ones(1, 2)},
            r"a tensor of whole numbers, \[rows, width\], not tensor",
        ),
        (ValueError, {"input_ids": torch.tensor([3, 4])}, r"must be \[rows, width\]"),
        (ValueError, {"input_ids": torch.tensor([[3, -100, 4]])}, r"no token -100: ids begin at 0"),
    ],
)
def test_what_is_no_prompt_in_tokens_is_told_so(one, kind, inputs, message):
    with pytest.raises(kind, match=message):
        one.generate(inputs, 2)


def test_ids_to_embed_are_tokens(one):
    with pytest.raises(ValueError, match="no token -1: ids begin at 0"):
        one.embed(torch.tensor([[3, -1]]))
    with pytest.raises(TypeError, match="must be a tensor of whole numbers"):
        one.embed([[3, 4]])


def test_an_option_of_generation_that_is_none_is_refused(one):
    ids = one.tokenizer("Rome is", return_tensors="pt")
    for name, fix in (("do_smaple", "do you mean 'do_sample'"), ("tokenizer", "call lm.model.generate")):
        with pytest.raises(ValueError, match=f"has no field {name!r}: .*{fix}"):
            one.generate(ids, 2, **{name: True})


def test_a_text_stops_at_its_stop_strings(one):
    ids = one.tokenizer("Rome is", return_tensors="pt")
    start, whole = ids["input_ids"].shape[1], one.generate(ids, 12)[0].tolist()
    said = list(map(one.tokenizer.decode, whole))
    place = next(i for i, text in enumerate(said) if i >= start and text.isalnum())
    assert place < len(whole) - 1
    assert one.generate(ids, 12, stop_strings=[said[place]])[0].tolist() == whole[: place + 1]


def test_amounts_below_the_least(one):
    for act, message in (
        (lambda: generate(one, ["Rome is"], 2, batch_size=-1), "batch_size must be at least 1, not -1"),
        (lambda: generate(one, ["Rome is"], 2, batch_size=0), "batch_size must be at least 1, not 0"),
        (lambda: perplexity(one, CORPUS, -5), "max_tokens must be at least 2, not -5"),
        (lambda: fit_statistics(one, (1,), CORPUS, -3, progress=False), "tokens must be at least 1, not -3"),
        (lambda: fit_statistics(one, (), CORPUS, 9, progress=False), "no layers to fit statistics for"),
        (lambda: compute_targets(one, [], 2), "no facts to find targets for"),
    ):
        with pytest.raises(ValueError, match=message):
            act()
    with pytest.raises(KeyError, match=r"changes the layers \[1\], not layer 9"):
        Edit((), "x", dense={1: torch.zeros(2, 2)}).delta(9)


def test_settings_of_another_type(one):
    for act, message in (
        (lambda: key_statistics(one, (1,), CORPUS, tokens=1e5), r"tokens must be a whole .* 100000\.0"),
        (lambda: key_statistics(one, (1,), CORPUS, tokens="9"), "tokens must be a whole number, not '9'"),
        (lambda: fit_statistics(one, (1,), CORPUS, 99.0), r"tokens must be a whole number, not 99\.0"),
        (lambda: EditorConfig(passes=2.0), r"passes must be a whole number, not 2\.0"),
        (lambda: editor_for(one, tokens=1e5), "tokens must be a whole number"),
        (lambda: EditorConfig(lam="1"), "lam must be a number, not '1'"),
        (lambda: EditorConfig(lam=None), "lam must be a number, not None"),
        (lambda: EditorConfig(keep="0.4"), "keep must be a number"),
        (lambda: EditorConfig(history="no"), "history must be True or False, not 'no'"),
        (lambda: EditorConfig(targets={"steps": 3}), "targets must be a TargetConfig, not {'steps': 3}"),
        (lambda: TargetConfig(steps=5.0), r"steps must be a whole number, not 5\.0"),
        (lambda: FineTune(one, steps=5.0), r"steps must be a whole number, not 5\.0"),
        (lambda: Editor(one, "memit"), r"must be EditorConfig\(…\), not 'memit': .* by name \(solver, "),
        (lambda: AlphaEdit(one, TargetConfig()), r"must be EditorConfig.* not TargetConfig.* targets\)"),
        (lambda: AlphaEdit(one, {}), r"must be EditorConfig\(…\), not {}"),
        (lambda: FineTune(one, EditorConfig()), r"must be FineTuneConfig\(…\), not EditorConfig"),
        (lambda: compute_targets(one, [FACT], 2, EditorConfig()), "must be TargetConfig"),
        (lambda: compute_targets(one, [FACT], (2,)), r"One layer is needed here, .* not \(2,\)"),
    ):
        with pytest.raises(TypeError, match=message):
            act()
    with pytest.raises(ValueError, match="steps must be at least 1, not 0"):
        FineTuneConfig(steps=0)
    numbers = {"passes": np.int64(3), "lam": np.float32(0.5), "tokens": torch.tensor(9), "weight": 10}
    config = EditorConfig(**numbers, threshold=torch.tensor(0.5), history=np.False_, keep=None)
    plain = EditorConfig(passes=3, lam=0.5, tokens=9, weight=10, threshold=0.5, history=False)
    assert repr(config) == repr(plain)
    with pytest.raises(TypeError):
        EditorConfig(passes=torch.tensor(2.0))


def test_numbers_of_numpy_are_numbers(one, monkeypatch, tmp_path):
    monkeypatch.setenv("ALPHAEDIT_CACHE", str(tmp_path))
    key_statistics(one, (1,), CORPUS, np.int64(20), progress=False)
    monkeypatch.setattr("alphaedit_lite.support.statistics.grow", None)  # the same file: nothing to fit
    assert key_statistics(one, (1,), CORPUS, 20, progress=False)[1].count == 20


def test_what_does_not_know_whose_it_is(one):
    """Bare tensors, lists of numbers, one for many, and a null space of other keys: told, nothing written."""
    before, eye = weights(one), torch.eye(one.d_ff, dtype=torch.float64)
    one_of, z = KeyStatistics(eye, 99), torch.zeros(1, one.d_model)
    narrow = NullSpace(torch.eye(40)[:, :5].double(), torch.ones(40), 0.1)

    def editor(statistics):
        return Editor(one, statistics=statistics, progress=False, layers=(1, 2), solver="ridge")

    for error, act, message in (
        (TypeError, lambda: editor({1: eye, 2: eye}), r"layer 1 must be KeyStatistics, .*\(n \* C0, n\)"),
        (TypeError, lambda: editor(eye), "statistics must be by layer"),
        (TypeError, lambda: editor(one_of), "statistics must be by layer, .* not KeyStatistics"),
        (TypeError, lambda: NullSpace.fit({1: one_of}), r"One layer's .* not {1: .* statistics\[layer\]"),
        (TypeError, lambda: NullSpace.fit(eye.numpy()), r"One layer's .* not array"),
        (
            TypeError,
            lambda: editor_for(one).edit([FACT], z.tolist()),
            r"z must be a tensor .* not \[\[0\.0, ",
        ),
        (TypeError, lambda: editor_for(one).edit([FACT], z.numpy()), "not array.* torch.as_tensor"),
        (TypeError, lambda: FineTune(one, null_spaces=narrow), "null_spaces must be by layer"),
        (
            TypeError,
            lambda: FineTune(one, layers=(2,), null_spaces={2: eye}),
            "must be a NullSpace, not tens",
        ),
        (
            ValueError,
            lambda: FineTune(one, layers=(2,), null_spaces={2: narrow}),
            "layer 2 is 40 wide; .* 48",
        ),
        (ValueError, lambda: narrow.project(eye), "keys 40 wide; the rows are 48"),
        (ValueError, lambda: alphaedit(torch.ones(1, 48), narrow, 1.0), "keys 40 wide; the rows are 48"),
    ):
        with pytest.raises(error, match=message):
            act()
    assert same(weights(one), before)
    assert not one.ledger.edits


@pytest.mark.parametrize("what", ["its transformers model", "a name", "nothing"])
def test_where_a_language_model_is_meant(one, what):
    wrong, said = {
        "its transformers model": (one.model, "not LlamaForCausalLM"),
        "a name": ("gpt2", "not 'gpt2'"),
        "nothing": (None, "not NoneType"),
    }[what]
    edit = editor_for(one).edit([FACT])
    edit.revert()
    before = weights(one)
    for ask in (
        AlphaEdit,
        lambda lm: Editor(lm, solver="memit"),
        lambda lm: Editor(lm, gain=lambda layer, keys, history: keys),
        lambda lm: evaluate(lm, [FACT]),
        lambda lm: perplexity(lm, CORPUS),
        lambda lm: score(lm, [("Rome is", " in")]),
        lambda lm: generate(lm, ["Rome is"]),
        lambda lm: compute_targets(lm, [FACT], 1),
        lambda lm: key_statistics(lm, (1,), CORPUS, 50),
        lambda lm: fit_statistics(lm, (1,), CORPUS, 50),
        prune,
        edit.apply,
    ):
        with pytest.raises(TypeError, match=rf"load_model\(…\), or LanguageModel\(model, tok.*; {said}\."):
            ask(wrong)
    assert same(weights(one), before)


def wipe(matrix):
    matrix.zero_()  # in place, and returns nothing


@pytest.mark.parametrize(
    ("made", "error", "said"),
    [
        (lambda x: x.T, ValueError, r"\[{n}, 48\], as what it is given, not \[48, {n}\]"),
        (lambda x: x[:1, :5], ValueError, r"\[{n}, 48\], as what it is given, not \[1, 5\]"),
        (lambda x: x + 0j, TypeError, "real tensor .* not torch.complex"),
        (lambda x: x.tolist(), TypeError, "not list"),
        (wipe, TypeError, r"not None\. What it changes in place it must return, too"),
    ],
)
def test_what_a_gain_or_a_finish_of_ones_own_returns(one, made, error, said, tmp_path):
    settings = {"layers": (1, 2), "progress": False, "targets": TargetConfig(steps=2)}
    facts, before = [FACT, Fact("Where is {}?", "Rome", "Asia")], weights(one)
    gain = Editor(one, gain=lambda _, keys, __: made(keys), **settings)
    finish = Editor(one, gain=lambda _, keys, __: keys, finish=lambda _, delta: made(delta), **settings)
    for name, n, editor in (("gain", 2, gain), ("finish", 32, finish)):
        for write in (editor.edit, lambda some, e=editor: next(e.edit_stream(some, folder=tmp_path))):
            with pytest.raises(error, match=rf"{name}\(1, …\) must return .*{said.format(n=n)}"):
                write(facts)
    assert same(weights(one), before)
    assert not any(tmp_path.iterdir())
    Editor(one, gain=lambda _, k, __: k.double(), finish=lambda _, d: d.half(), **settings).edit(
        facts
    ).revert()


@pytest.mark.parametrize("project", ["no", "inside"])
def test_a_gain_that_was_fitted_for_other_layers(one, project):
    gain = editor_for(one, solver="ridge", project=project).gain
    with pytest.raises(ValueError, match=r"fitted for the layers \[1, 2, 3\], not for layer 4: choose among"):
        Editor(one, gain=gain, layers=(3, 4))
    Editor(one, gain=gain, layers=(2, 3), progress=False, targets=TargetConfig(steps=2)).edit([FACT]).revert()


def test_texts_end_where_the_model_ends_them(one):
    """What follows is padding, which may be an ordinary word (``pad_token_id = 0``)."""
    lm = tiny("llama")
    prompts = ["Rome", "The capital of France is"]
    ids = torch.tensor([lm.tokenizer("Rome")["input_ids"]])
    third = lm.generate({"input_ids": ids}, 8)[0, ids.shape[1] + 2]
    lm.model.generation_config.eos_token_id = [2, int(third)]
    lm.tokenizer.pad_token = "!"
    assert generate(lm, prompts, 8) == [lm.complete(prompt, 8) for prompt in prompts]
    lm.model.generation_config.eos_token_id = int(third)
    assert generate(lm, prompts, 8) == [lm.complete(prompt, 8) for prompt in prompts]
    lm.model.generation_config.eos_token_id = None
    assert lm.ends == []


@pytest.mark.parametrize(
    ("new", "said", "match", "mention"),
    [
        ("Niger", " Nigeria. It is", 0, 0),
        ("Niger", " Nigeria, not Niger.", 0, 1),
        ("Niger", " Niger's capital", 1, 1),
        ("Guinea", " Guinea-Bissau", 0, 0),
        ("東京", "東京都です", 1, 1),
    ],
)
def test_an_object_is_named_as_a_whole_word(one, monkeypatch, new, said, match, mention):
    monkeypatch.setattr("alphaedit_lite.generation.generate", lambda *_, **__: [said])
    monkeypatch.setattr("alphaedit_lite.generation.wikipedia_leads", lambda _: CORPUS)
    row = judge_generation(one, [Fact("{} is in", "Abuja", new)], progress=False).iloc[0]
    assert (row.match, row.mention) == (match, mention)


def test_snippets_are_a_list_of_texts_for_each_fact(one):
    text = "Rome is in Italy"
    for error, wrong, message in (
        (TypeError, [text], r"a list of texts for each fact, \[\[text\]\]; 'Rome is in Italy' is none"),
        (TypeError, text, "'Rome is in Italy' is none"),
        (TypeError, [3], "3 is none"),
        (TypeError, {"Rome": [text]}, "is none"),
        (TypeError, [[None]], "One text is needed here"),
        (TypeError, 3, "must be a list of texts for each fact, not 3"),
        (ValueError, [], "There are 1 facts and snippets of 0"),
        (ValueError, [[text], [text]], "There are 1 facts and snippets of 2"),
    ):
        with pytest.raises(error, match=message):
            judge_generation(one, [FACT], snippets=wrong, max_new_tokens=2, progress=False)


def test_one_text_or_a_file_is_no_list_of_texts_for_statistics(one, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    path = tmp_path / "corpus.txt"
    path.write_text(CORPUS[0])
    monkeypatch.chdir(tmp_path)
    for error, wrong, message in (
        (TypeError, CORPUS[1], rf"must be a list of texts, .*: \['{CORPUS[1][:20]}"),
        (TypeError, CORPUS[1] * 99, "must be a list of texts"),
        (TypeError, "corpus.txt", r"not the file corpus\.txt: open\('corpus\.txt'\)\.readlines"),
        (TypeError, path, r"not the file .*corpus\.txt"),
        (FileNotFoundError, "other.txt", r"There is no file other\.txt"),
        (
            ImportError,
            "wikitext",
            r"'wikitext' is a data set on a hub: pip install datasets.*: \['wikitext'\]",
        ),
    ):
        with pytest.raises(error, match=message):
            key_statistics(one, (1,), texts=wrong, progress=False)


@pytest.mark.parametrize("name", ["facts.jsonl", "facts.csv", "/no/such/folder/facts", "./facts", "a/b/c"])
def test_a_missing_file_is_named(name):
    with pytest.raises(FileNotFoundError, match=f"There is no file {name}: name a JSON file"):
        read_counterfact(name)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"is a folder: name the JSON file in it"):
        read_counterfact(tmp_path)


def test_a_data_set_without_the_package_for_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ImportError, match=r"no file owner/KnowEdit-1\.0\. .*pip install datasets"):
        read_counterfact("owner/KnowEdit-1.0")
