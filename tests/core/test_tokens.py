"""Which tokens are the subject's and the object's, in tokenizers of every style: told by decoding alone."""

import functools
import unicodedata

import pytest
import torch
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

from alphaedit_lite import AlphaEdit, Fact, LanguageModel, TargetConfig, perplexity
from alphaedit_lite.generation import generate
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.metrics import evaluate, score, token_scores
from alphaedit_lite.prompts import PREFIXES, encode_fact, sample_prefixes
from alphaedit_lite.support.tokens import continuation, encode, pieces, private, spans, tokenise
from tests.conftest import CORPUS, tiny
from tests.helpers import editor_for

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
ENDS = {"bos": "<s> $A", "both": "<s> $A </s>", "eos": "$A </s>"}
SPECIAL = ["<unk>", "<s>", "</s>"]
SENTENCEPIECE = decoders.Sequence(
    [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
)


def plain(text):
    return text


def bare(text):
    text = unicodedata.normalize("NFD", text)
    return "".join(c for c in text if unicodedata.category(c) != "Mn").lower()


def make(kind="bytes", ends="", trim=None, regex=None, normalizer=None, space=False, texts=CORPUS):
    """A small tokenizer: byte-level as GPT-2's, Llama 3's or RoBERTa's, or SentencePiece's as Llama 2's."""
    core, special = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=kind != "bytes")), list(SPECIAL)
    alphabet = []
    if kind == "bytes":
        steps = [pre_tokenizers.Split(Regex(regex), "isolated")] if regex else []
        steps += [pre_tokenizers.ByteLevel(add_prefix_space=space, use_regex=regex is None)]
        core.pre_tokenizer, core.decoder = pre_tokenizers.Sequence(steps), decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    else:
        special += [f"<0x{i:02X}>" for i in range(256)]
        core.decoder = SENTENCEPIECE
    if kind == "metaspace":
        core.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    if kind == "legacy":
        core.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        core.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    if normalizer:
        core.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=420 + len(special) - 3,
        special_tokens=special,
        initial_alphabet=alphabet,
        show_progress=False,
    )
    core.train_from_iterator(texts * 4, trainer)
    after = [] if trim is None else [processors.ByteLevel(trim_offsets=trim)]
    if ends:
        names = [("<s>", 1), ("</s>", 2)]
        after.append(processors.TemplateProcessing(ENDS[ends], special_tokens=names))
    core.post_processor = processors.Sequence(after)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


NFC, NFD = normalizers.NFC(), normalizers.NFD()
BARE = normalizers.Sequence([NFD, normalizers.StripAccents(), normalizers.Lowercase()])
STYLES = {  # what makes the tokenizer, and what its normaliser does to a text
    "bytes": ({}, plain),
    "bytes, trimmed": ({"trim": True}, plain),
    "bytes, untrimmed, BOS": ({"trim": False, "ends": "bos"}, plain),
    "Llama 3": ({"regex": LLAMA3, "trim": True, "ends": "bos"}, plain),
    "Llama 3, BOS and EOS": ({"regex": LLAMA3, "trim": False, "ends": "both"}, plain),
    "RoBERTa": ({"space": True, "trim": True, "ends": "both"}, plain),
    "EOS": ({"ends": "eos"}, plain),
    "Metaspace": ({"kind": "metaspace"}, plain),
    "Metaspace, BOS and EOS": ({"kind": "metaspace", "ends": "both"}, plain),
    "Llama 2": ({"kind": "legacy", "ends": "bos"}, plain),
    "NFC": ({"normalizer": NFC, "ends": "bos"}, lambda text: unicodedata.normalize("NFC", text)),
    "NFD": ({"normalizer": NFD}, lambda text: unicodedata.normalize("NFD", text)),
    "no accents, lower case": ({"normalizer": BARE, "trim": True}, bare),
}
CASES = [  # template, subject, object
    ("{} is located in the country of", "Lower Assam", "India"),
    ("The capital of {}", "Italy", "Rome"),
    ("Rome is a city; the capital of {} is", "Rome", "Café Zürich"),
    ("The {}s built in", "Roman", "1998"),  # inside a longer word
    ("{} was founded in", "Rome", "Škoda"),
    ("In {}, people speak", "東京", "日本"),
    ("{}は", "東京", "1998年"),
    ("The mood of {} is", "👩\u200d🚀", "🙂"),  # tokens of a part of a character
    ("{}", "🙂", "🙈"),
    ("{} is open in", "Cafe\u0301", "Zu\u0308rich"),  # letter and accent apart
    ("<|user|>\nWhere is {}?</s>\n<|assistant|>\n", "Lower Assam", "India"),
    ("{} is located in the country of ", "Lower Assam", "India"),  # the tokenizer would merge " " and "India"
    ('The motto of {} is "', "France", "the capital"),
    ("The price of {} is $", "Café Zürich", "40"),
    ("I have a {}-", "book", "India"),
]


@functools.cache
def of(style):
    return make(**STYLES[style][0])


def decoded(tokenizer, ids):
    return tokenizer.decode([i for i in ids if i not in (1, 2)], clean_up_tokenization_spaces=False)


def without(text):
    return text.replace("<s>", "").replace("</s>", "")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
@pytest.mark.parametrize("prefix", ["", "The weather was mild that day. "])
def test_subject_and_object_by_decoding(style, case, prefix):
    """The object's tokens say the object, those before it the prompt, exactly as it is tokenised when asked;
    up to the subject's last token they hold the subject, up to the one before they do not."""
    tokenizer, normal, fact = of(style), STYLES[style][1], Fact(*case)
    row = encode_fact(tokenizer, fact, (prefix,), target=True)[0]
    prompt = prefix + fact.prompt
    assert row.ids[: row.object] == tokenise(tokenizer, prompt)
    space = decoded(tokenizer, tokenise(tokenizer, "x")).removesuffix("x")  # the tokenizer's own
    said = decoded(tokenizer, row.ids).removeprefix(space)
    if style not in ("Llama 2", "RoBERTa") or "</s>" not in prompt:  # they put a space behind special tokens
        assert said == normal(without(prompt) + fact.new)
        assert decoded(tokenizer, row.ids[: row.object]).removeprefix(space) == normal(without(prompt))
    tail = decoded(tokenizer, row.ids[row.object :])
    assert tail.strip() == normal(fact.new.strip())  # a decoder may drop the space at the beginning
    begin = normal(without(prompt[: len(prefix) + fact.subject_end]))
    assert decoded(tokenizer, row.ids[: row.subject + 1]).removeprefix(space).startswith(begin)
    assert not decoded(tokenizer, row.ids[: row.subject]).removeprefix(space).startswith(begin)
    keys = encode_fact(tokenizer, fact, (prefix,), target=False)[0]
    assert keys.ids == row.ids[: row.subject + 1]


@pytest.mark.parametrize("style", STYLES)
def test_what_a_tokenizer_adds(style):
    """BOS comes once, whether the text carries it or not; EOS never; nothing comes of nothing but BOS."""
    tokenizer = of(style)
    bos = [1] if STYLES[style][0].get("ends") in ("bos", "both") else []
    text = "Rome is in Italy 🙂"
    alone = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenise(tokenizer, text) == bos + alone
    assert pieces(tokenizer, text) == alone
    carried = tokenise(tokenizer, "<s>" + text)
    assert carried == tokenizer("<s>" + text, add_special_tokens=False)["input_ids"]
    assert carried.count(1) == 1
    assert tokenise(tokenizer, "") == bos
    assert tokenise(tokenizer, "<s>") == [1]
    assert tokenise(tokenizer, "Rome</s>")[-1] == 2  # the text's own stays


@pytest.mark.parametrize("style", STYLES)
def test_spans_are_those_of_the_tokens(style):
    """One for each token; cut out of the text, they say the text."""
    tokenizer, text = of(style), "Rome is in Italy"
    found = spans(tokenizer, text)
    assert len(found) == len(tokenise(tokenizer, text))
    assert "".join(text[a:b] for a, b in found).replace(" ", "") == text.replace(" ", "")


def test_a_prompt_that_carries_bos_keeps_it_in_front_of_the_prefixes():
    fact = Fact("<s>[INST] Where is {}? [/INST]", "Lower Assam", "India")
    for style in ("Llama 3", "Llama 2", "Metaspace, BOS and EOS"):
        tokenizer = of(style)
        for prefix, row in zip(PREFIXES, encode_fact(tokenizer, fact, PREFIXES, True), strict=True):
            assert row.ids[0] == 1
            assert row.ids.count(1) == 1
            assert decoded(tokenizer, row.ids[: row.subject + 1]).strip().startswith(prefix.strip())
            assert decoded(tokenizer, row.ids[: row.subject + 1]).endswith("Lower Assam")


def test_a_first_token_that_the_tokenizer_does_not_add_is_text():
    """In a chat, BOS may begin each turn: between it and its role nothing may come."""
    chat = "<s>system\nBe kind.</s><s>user\nWhere is {}?</s><s>assistant\n"
    for template in (chat, "<s>assistant\n{} is in", "<s>{} is in"):
        fact = Fact(template, "Lower Assam", "India")
        for prefix, row in zip(PREFIXES, encode_fact(make(), fact, PREFIXES, True), strict=True):
            said = make().decode(row.ids, clean_up_tokenization_spaces=False)
            assert said == prefix + fact.prompt + fact.new


def test_offsets_are_asked_only_where_a_token_reaches_beyond_the_subject():
    """A tokenizer that tells no spans at all has the same tokens in the same roles."""

    class Blind:
        def __init__(self, tokenizer):
            self.tokenizer = tokenizer

        def __getattr__(self, name):
            return getattr(self.tokenizer, name)

        def __call__(self, *texts, **options):
            found = self.tokenizer(*texts, **options)
            if "offset_mapping" in found:
                found["offset_mapping"] = [[(0, 0) for _ in row] for row in found["offset_mapping"]]
            return found

    for tokenizer in map(of, STYLES):
        for case in CASES:
            fact = Fact(*case)
            (seeing,), begin = encode_fact(tokenizer, fact, ("",), True), fact.prompt[: fact.subject_end]
            if seeing.ids[: seeing.subject + 1] == tokenise(tokenizer, begin):
                assert encode_fact(Blind(tokenizer), fact, ("",), True) == [seeing]
            else:
                with pytest.raises(ValueError, match="does not separate the subject"):
                    encode_fact(Blind(tokenizer), fact, ("",), True)
    row = encode(of("Llama 3"), "Rome is ", 8)  # its last token spans nothing there
    assert row.subject == len(row.ids) - 1


def test_objects_that_merge_with_their_prompt():
    """What the model reads when asked stays; a fused word, or a tokenizer that knows the object in no other
    company, is refused."""
    tokenizer = make()
    prompt = "Italy is the capital of "
    row = encode(tokenizer, prompt, 5, "France")
    assert row.ids == tokenise(tokenizer, prompt) + tokenizer("France")["input_ids"]
    assert row.ids != tokenise(tokenizer, prompt + "France")
    merging = make(texts=["東京東京"])  # as one token, which nobody would call one word
    assert len(tokenise(merging, "東京")) < len(tokenise(merging, "東"))
    row = encode(merging, "東", 1, "京")
    assert row.ids[: row.object] == tokenise(merging, "東")
    assert decoded(merging, row.ids[row.object :]) == "京"
    with pytest.raises(ValueError, match="does not separate the subject from 'tal' in 'capital'"):
        encode(tokenizer, "capi", 4, "tal")
    for empty in (tokenizer, of("Llama 3")):  # BOS is nobody's name
        with pytest.raises(ValueError, match="does not separate"):
            encode(empty, "", 0, "Rome")
    with pytest.raises(ValueError, match=r"no tokens for '\u0301' by itself behind 'cafe'"):
        encode(make(normalizer=BARE), "Cafe", 4, "\u0301")  # the normaliser leaves nothing of it


def model(**options):
    lm = tiny("llama")
    return LanguageModel(lm.model, make(**options))


def test_one_tokeniser_for_all(facts):
    """With EOS at the end, everything is as with the same tokenizer without it."""
    with_eos, without_it = model(ends="both", trim=True), model(ends="bos", trim=True)
    seen = []
    for lm in (with_eos, without_it):
        with torch.no_grad():
            seen.append(
                [
                    lm.complete("Rome is", 5),
                    generate(lm, ["Rome is", "The capital"], 5),
                    perplexity(lm, CORPUS),
                    token_scores(lm, [("Rome is in", " 1998"), ("Rome is in ", "Italy")])[1][0].tolist(),
                    sample_prefixes(lm),
                    evaluate(lm, facts, progress=False).to_json(),
                ]
            )
    assert seen[0] == seen[1]


def everything(lm, facts):
    """What each part of the package reads, as it answers."""
    with torch.no_grad():
        found = [
            lm.complete("Rome is", 3),
            generate(lm, ["Rome is", "The capital of France"], 3),
            perplexity(lm, CORPUS),
            evaluate(lm, facts, progress=False).to_json(),
            fit_statistics(lm, (2,), CORPUS * 3, 400, progress=False)[2].total.tolist(),
        ]
        (edit := editor_for(lm, targets=TargetConfig(steps=2)).edit(facts)).revert()
        return [*found, edit.delta(3).tolist()]


@pytest.mark.parametrize("backend", ["enable_truncation", "enable_padding", "split_special"])
def test_another_thread_may_truncate_and_pad(facts, backend, monkeypatch):
    """The worst moment: a tokenizer is set by somebody else just before its backend is asked."""
    lm = model(ends="bos")
    facts = [
        *facts,
        Fact("<s>[INST] Where is {}? [/INST]", "Lower Assam", "India"),
    ]  # the text holds a special
    alone, shared = everything(lm, facts), lm.tokenizer.backend_tokenizer
    ours = PreTrainedTokenizerFast.set_truncation_and_padding

    def theirs():
        if backend == "enable_truncation":
            shared.enable_truncation(4)
        elif backend == "enable_padding":
            shared.enable_padding(length=60)
        else:
            shared.encode_special_tokens = True

    def beaten(*args, **options):
        ours(*args, **options)
        theirs()

    monkeypatch.setattr(PreTrainedTokenizerFast, "set_truncation_and_padding", beaten)
    theirs()
    before = shared.truncation, shared.padding, shared.encode_special_tokens
    assert everything(lm, facts) == alone
    assert (
        shared.truncation,
        shared.padding,
        shared.encode_special_tokens,
    ) == before  # nor are they disturbed


@pytest.mark.parametrize("style", STYLES)
def test_a_private_tokenizer_is_the_tokenizer_as_it_is_now(style):
    tokenizer = make(**STYLES[style][0])
    assert private(tokenizer).backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()
    before = tokenise(tokenizer, "Rome is a zork")
    tokenizer.add_tokens(["zork", AddedToken("Rome", rstrip=True)])
    tokenizer.add_special_tokens({"pad_token": "[PAD]", "additional_special_tokens": ["is"]})
    assert private(tokenizer).backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()
    after = tokenise(tokenizer, "Rome is a zork")
    assert after != before
    assert after[-1] == tokenizer.convert_tokens_to_ids("zork")
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing("[PAD] $A", special_tokens=[
        ("[PAD]", tokenizer.pad_token_id)
    ])  # fmt: skip
    assert tokenise(tokenizer, "zork")[0] == tokenizer.pad_token_id
    own = private(tokenizer)
    assert private(own) is own


def test_a_tokenizer_written_in_python_stays_itself():
    tokenizer = ByT5Tokenizer()
    assert private(tokenizer) is tokenizer
    assert pieces(tokenizer, "Rome") == tokenizer("Rome", add_special_tokens=False)["input_ids"]


def test_scores_are_the_models_own_on_what_it_is_asked():
    lm = model(regex=LLAMA3, trim=True, ends="both")
    for prompt, said in [("Rome was founded in", " 1998"), ("Rome is ", "Italy"), ("Say it:\n", "Škoda")]:
        asked = tokenise(lm.tokenizer, prompt)
        ids = encode(lm.tokenizer, prompt, len(prompt), said).ids
        with torch.no_grad():
            log_p = lm.model(torch.tensor([ids])).logits[0].log_softmax(-1)
        wanted = [float(log_p[t - 1, ids[t]]) for t in range(len(asked), len(ids))]
        found = score(lm, [(prompt, said)])[0]
        assert found.item() == pytest.approx(sum(wanted) / len(wanted), abs=1e-5)


def test_a_pad_token_without_a_row(facts):
    """Padding is masked, so any token that has a row will do: the edit and the texts are the same."""
    found = []
    for pad in (None, "[PAD]"):
        lm = model()
        statistics = fit_statistics(lm, (2, 3), CORPUS * 3, 400, progress=False)
        if pad:
            lm.tokenizer.add_special_tokens({"pad_token": pad})
            assert lm.tokenizer.pad_token_id >= lm.model.get_input_embeddings().weight.shape[0]
        editor = AlphaEdit(lm, layers=(2, 3), statistics=statistics, progress=False)
        editor.edit(facts)
        texts = generate(lm, ["Rome", "The capital of France is"], 5), lm.complete("Rome", 5)
        scores = score(lm, [("Rome", " is"), ("The capital of", " it")])[0]
        found.append((lm.weight(3).clone(), texts, scores))
    assert torch.equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]
    assert torch.equal(found[0][2], found[1][2])


@pytest.mark.parametrize("style", ["bytes", "Metaspace", "Llama 2"])
def test_a_continuation_is_what_follows_the_prompt(style):
    """A decoder that takes it for the beginning of a text drops its space, or one before a comma."""
    tokenizer = of(style)
    tokenizer.clean_up_tokenization_spaces = True
    for prompt, more in [("Rome is", " the capital"), ("Rome", " , the city"), ("R", "ome"), ("", "Rome")]:
        start = len(tokenise(tokenizer, prompt))
        ids = tokenise(tokenizer, prompt) + tokenise(tokenizer, prompt + more)[start:]
        if tokenise(tokenizer, prompt + more)[:start] == ids[:start]:
            assert continuation(tokenizer, ids, start) == more


@pytest.mark.parametrize("metaspace", [False, True])
def test_a_prompt_and_its_completion_are_the_text(metaspace):
    lm = tiny("llama", metaspace=metaspace)
    for prompt in ("Rome", "The capital of France is", "I have"):
        ids = torch.tensor([tokenise(lm.tokenizer, prompt)])
        whole = lm.tokenizer.decode(lm.generate({"input_ids": ids}, 6)[0], skip_special_tokens=True)
        assert prompt + lm.complete(prompt, 6) == prompt + generate(lm, [prompt], 6)[0] == whole
