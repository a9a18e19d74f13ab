"""Facts, readers, and the token of the subject on hard cases."""

import json

import pytest

from alphaedit_lite import Fact, bundled_facts, read_counterfact, read_zsre
from alphaedit_lite.prompts import encode
from tests.conftest import train_tokenizer

TOKENIZERS = {
    "bytes": {},
    "bytes+bos": {"bos": True},
    "metaspace": {"metaspace": True},
    "metaspace+bos": {"metaspace": True, "bos": True},
}
HARD = [  # template, subject
    ("{} is located in the country of", "Lower Assam"),  # first
    ("The capital of the country of {}", "Italy"),  # last
    ("Rome is a city; the capital of {} is", "Rome"),  # twice, the second is meant
    ("{} is in Rome, not Paris; the Romans say", "Rome"),  # twice, the first is meant
    ("The {}s built", "Roman"),  # inside a longer word
    ("In {}, people speak", "東京"),
    ("The mood of {} is", "🙂"),
    ("{} is open in", "Café Zürich"),
]


@pytest.mark.parametrize("options", TOKENIZERS.values(), ids=TOKENIZERS)
@pytest.mark.parametrize(("template", "subject"), HARD)
@pytest.mark.parametrize("prefix", ["", "The weather was mild that day. "])
def test_subject_and_object_tokens(options, template, subject, prefix):
    """Brute force: the subject's last token is the first after which the decoded text holds the subject."""
    tokenizer = train_tokenizer(**options)
    if "metaspace" in options and subject == "🙂":
        subject = "日本"  # this tokenizer has no byte fallback
    fact = Fact(template, subject, "Paris")
    assert (
        fact.prompt[: fact.subject_end] == template.split("{}")[0] + subject
    )  # the slot's, if it occurs twice
    text = prefix + fact.prompt
    row = encode(tokenizer, text, len(prefix) + fact.subject_end, fact.new)
    spans = tokenizer(text + fact.new, return_offsets_mapping=True)["offset_mapping"]
    end = len(prefix) + fact.subject_end
    assert spans[row.subject][0] < end <= spans[row.subject][1]  # it holds the subject's last character
    if row.subject + 1 < len(spans):
        assert spans[row.subject + 1][1] > end  # and no later token does
    decoded = tokenizer.decode(row.ids[row.object :]).strip()
    assert decoded == "Paris"
    assert tokenizer.decode(row.ids[: row.object], skip_special_tokens=True).strip() == text


def test_many_token_objects_and_fused_ones():
    tokenizer = train_tokenizer()
    row = encode(tokenizer, "Italy is", 5, " in the country of India, in Asia")
    assert len(row.ids) - row.object > 5
    encode(tokenizer, "capi", 4, "")  # fine without an object
    with pytest.raises(ValueError, match="does not separate the subject from 'tal' in 'capital'"):
        encode(tokenizer, "capi", 4, "tal")  # one token holds both


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{} is in", "", "Rome"), "subject '' is empty"),
        (("{} is in", "  ", "Rome"), "is empty"),
        (("It is in", "Paris", "Rome"), "exactly once"),
        (("{} is {} in", "Paris", "Rome"), "exactly once"),
        (("{} is in", "Paris", " "), "new object ' ' for 'Paris' is empty"),
        (("{} is in", "Paris", "Rome", " Rome"), "already the true one"),
    ],
)
def test_bad_facts_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Fact(*arguments)


def test_subject_must_be_in_the_prompt():
    with pytest.raises(ValueError, match="'Oslo' does not occur in the prompt 'Paris is in'"):
        Fact.from_prompt("Paris is in", "Oslo", "Norway")


def test_objects_carry_their_space():
    assert Fact("{} is in", "Paris", "Rome").new == Fact("{} is in", "Paris", " Rome ").new == " Rome"
    assert Fact("{}の首都は", "日本", "京都").new == "京都"
    assert Fact("{} is", "It", "🙂").new == " 🙂"
    assert Fact("{} is", "It", "서울").new == " 서울"  # Korean writes spaces
    assert Fact.from_prompt("In Rome is", " Rome", "x").prompt == "In Rome is"
    assert Fact("{} is", "It", "x", true=" ").true is None
    with pytest.raises(ValueError, match="must be a tuple of prompts, not 'It was'"):
        Fact("{} is", "It", "x", paraphrases="It was")


def test_readers_of_real_files(shared):
    counterfact = read_counterfact(shared / "counterfact_500.json")
    assert len(counterfact) == 500
    assert {len(fact.neighbours) for fact in counterfact} == {10}
    assert all(fact.subject in fact.prompt and fact.new[0] == " " for fact in counterfact)
    assert all(answer == fact.true for fact in counterfact for _, answer in fact.neighbours)
    flat = read_counterfact(shared / "counterfact_flat_1500.json")
    assert len(flat) == 1500
    assert not {fact.subject for fact in flat} & {fact.subject for fact in counterfact}
    zsre = read_zsre(shared / "zsre_500.json")
    assert len(zsre) == 500
    assert zsre[0].prompt == "What is the product made by UniFirst?"


def test_readers_name_the_bad_record(tmp_path):
    with pytest.raises(ValueError, match=r"Record 0 has no field 'subject'; it has 'prompt'"):
        read_counterfact([{"prompt": "x"}])
    path = tmp_path / "facts.json"
    path.write_text(json.dumps([{"subject": "a", "src": "who is b?"}]))
    with pytest.raises(ValueError, match="Record 0"):
        read_zsre(path)
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        read_counterfact("nothing.json")


def test_bundled_facts_are_as_promised():
    facts = bundled_facts()
    assert len(facts) >= 600
    assert len({fact.subject.lower() for fact in facts}) == len(facts)
    assert len({fact.relation for fact in facts}) >= 10
    assert all(len(fact.paraphrases) >= 2 and len(fact.neighbours) == 5 and fact.generation for fact in facts)
    halves = bundled_facts("development"), bundled_facts("test")
    assert sum(map(len, halves)) == len(facts)
    assert abs(len(halves[0]) - len(halves[1])) <= 20
    assert all(fact.subject not in prompt for fact in facts for prompt, _ in fact.neighbours)
    with pytest.raises(ValueError, match="'dev'"):
        bundled_facts("dev")
