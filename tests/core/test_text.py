"""Prompts and objects reach the tokenizer as they were given; subjects are the word that was meant."""

import dataclasses
import json
import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from alphaedit_lite import (
    AlphaEdit,
    Edit,
    Fact,
    TargetConfig,
    bundled_facts,
    compute_targets,
    evaluate,
    perplexity,
    read_counterfact,
    read_zsre,
)
from alphaedit_lite.facts import as_object
from alphaedit_lite.finetune import FineTune
from alphaedit_lite.generation import generate
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.metrics import score
from tests.conftest import tiny
from tests.helpers import editor_for, same, weights

APART = [  # prompt, object: a space between them
    ("Lower Assam is in", "Romania"),
    ("The capital of Italy is:", "Rome"),
    ("Rome, the", "city"),
    ("이탈리아의 수도는", "로마"),  # Korean writes spaces
    ("Столица Италии", "Рим"),
    ("عاصمة إيطاليا هي", "روما"),
    ("The mood is", "🙂"),
    ('The song "Waterloo" is by', "ABBA"),
    ('"Waterloo"', "won"),  # a closing quote
    ("Rome (Italy)", "is"),
    ("It costs", "$40"),
    ("It is", "-5"),
    ("The bird is", "«rare»"),
    ("Das Lied „Waterloo“", "ist"),  # what opens in English closes in German
    ("Die ‚Zeit‘", "ist"),
    ("Die Stadt »Rom«", "liegt"),
    ("»Rom« und »Wien«", "liegen"),
    ("“Waterloo”", "won"),
    ("Laulu ”Waterloo”", "on"),
    ("« Rome »", "est"),
    ("The song ‘Waterloo’", "won"),
    ("The song 'Waterloo'", "won"),
    ("It's the '90s: 'It's'", "won"),
    ("The Beatles’", "first album"),  # a possessive, no elision
    ("The Beatles'", "first album"),
    ('A board of 12"', "is"),
    ("Ein Zug nach Rom kostet 49 €", "pro Tag"),
    ("It costs 49€", "a day"),
    ("Bjarne Stroustrup designed C++", "in"),
    ("Microsoft developed C#", "in"),
    ("The grade was an A+", "in"),
    ("The <b>capital</b>", "is"),
    ("Die Hauptstadt von Italien –", "Rom"),
    ("It **is** a **city**", "in"),  # it closes what is bold
    ("x =", "5"),
    ("x ==", "5"),
    ("The price rose by 5", "percent"),
    ("The sign is", "%"),
    ("The answer to Question 12:", "30"),  # a label, no time
    ("The train leaves at 12:", "noon"),
    ("The votes at 12:", "300"),
    ("The train leaves at 25:", "30"),
    ("Its name begins with www", "x"),
    ("The pistol is a", ".44 Magnum"),  # none of these closes anything
    ("He writes", ".NET"),
    ("The people is called", "!Kung"),
    ("She smiled", ":)"),
    ("The Dutch city is", "'s-Hertogenbosch"),
    ("The physicist is Gerard", "'t Hooft"),
    ("The song is", '"Waterloo"'),
    ('The song "Waterloo" is not', '"SOS"'),
    ("The song is", "“Waterloo”"),
    ("Rome is", "(Italy)"),
    ("Rome is", "[a city]"),
    ("The hash is", "#7"),
    ("The Beatles wrote", "’39"),
    ("It was founded in 1987.", "300 people"),
    ("What was the starting date of Luna 1.", "2 April 1959"),
    ("In 1987,", "300 people"),
    ("The sign is", '"'),
]
JOINED = [
    ("夏目漱石が生まれた年は", "1867年"),
    ("苹果公司的创始人是", "Steve Jobs"),
    ("The capital of Japan is", "東京"),
    ("この話の主人公は", "「私」"),
    ("The name is", "「私」"),
    ("この会社の本社は", "ﾄｳｷｮｳ"),
    ("答案：", "Rome"),
    ("他说“", "Rome"),
    ("เมืองหลวงของฝรั่งเศสคือ", "Rome"),
    ("The capital is", "โรม"),
    ("ទីក្រុងXគឺ", "ភ្នំពេញ"),
    ("ນະຄອນຫຼວງແມ່ນ", "ວຽງຈັນ"),
    ("မြို့တော်", "Rome"),
    ("རྒྱལ་ས་", "ལྷ་ས"),
    ("<|im_start|>assistant\n", "Rome"),
    ("Answer: ", "Rome"),
    ("Answer:\t", "Rome"),
    ("Antwort:\u00a0", "Rom"),
    ("<s>[INST] Where? [/INST]<b>", "Rome"),
    ('The motto of "x" is "', "Liberty"),
    ("It is called `", "x"),
    ("It is called ‘", "x"),
    ("It is called «", "x"),
    ("It is (", "x"),
    ("It is [", "x"),
    ("It costs $", "40"),
    ("It costs €", "40"),
    ("It costs £", "40"),
    ("It costs ¥", "40"),
    ("It costs ₹", "40"),
    ("a well-", "known"),
    ("Er sang „", "Waterloo"),
    ("Er sang ‚", "Waterloo"),
    ("Er rief »", "Halt"),
    ("Der Film »Rom« heißt auch »", "Roma"),
    ("Hän sanoi ”", "Rooma"),
    ("“It is ‘x” and “", "y"),
    ("1990–", "1995"),
    ("La capitale de l'", "Italie"),
    ("La capitale de l’", "Italie"),
    ("¿", "Roma"),
    ("He writes as @", "jack"),
    ("https://", "rome.it"),
    ("It's called '", "x"),
    ("He said 'it is '", "x"),
    ("Dans les '90s, l'", "Italie"),
    ("In the '90s it was called '", "x"),
    ("Es heißt ’", "x"),
    ("Qu'est-ce qu'", "il"),
    ("La capitale dell’", "Italia"),
    ("issue #", "7"),
    ("call +", "49"),
    ("The temperature is -", "5"),
    ("The capital of Italy is **", "Rome"),
    ("**Italy**: **", "Rome"),
    ("capital_of(Italy)=", "Rome"),
    ("x==", "5"),
    ("The price rose by 5", "%"),
    ("The train leaves at 12:", "30"),
    ("Der Zug fährt um 7:", "05 Uhr"),
    ("The site is www.", "rome.it"),
    ("I live in Lower Assam", ", Romania"),
    ("I live in Lower Assam", ". It is"),
    ("Rome is", "; Paris is"),
    ("Here it is", ": Rome"),
    ("What is Rome", "?"),
    ("He said 'Rome", "!' and"),
    ("I wonder", "… and"),
    ("I wonder", "...and"),
    ("Cork (Ireland", ")"),
    ("Cork (Ireland", "), a city"),
    ("The list [1", "]"),
    ("Rome", "'s capital"),
    ("Rome", "’s capital"),
    ("ROME", "'S"),
    ("The city is", "n't"),
    ("They", "'re"),
    ('The song "Waterloo', '" is by'),
    ("Das Lied „Waterloo", "“ ist"),
    ("The value of pi is 3.", "14159"),
    ("The value of pi is 3", ".14159"),
    ("The population is 12", ",000"),
    ("It costs $3.", "50"),
    ("The code is v3.", "11"),
]


@pytest.mark.parametrize(("prompt", "said"), APART + JOINED)
def test_the_joining_space(prompt, said):
    wanted = f" {said}" if (prompt, said) in APART else said
    assert as_object(said, prompt) == wanted
    assert as_object(wanted, prompt) == wanted  # once more changes nothing
    fact = Fact(f"{{}}{prompt}", "Rome: ", said, true="q", neighbours=((prompt, said),))
    assert (fact.new, fact.neighbours[0][1]) == (wanted, wanted)
    assert fact.true == as_object("q", prompt)
    assert as_object(f"\n{said} ", prompt) == f"\n{said}"  # white space in front is taken as it is


def test_prompts_are_taken_to_the_letter():
    for end in ("\n", " ", ":\n\n", "\t", ""):
        other = (f"Rome{end}",)
        fact = Fact(f"  Where is {{}}?{end}", "Rome", "Italy", paraphrases=list(other), generation=other)
        assert fact.prompt == f"  Where is Rome?{end}"
        assert fact.prompt[: fact.subject_end].endswith("Rome")
        assert (fact.paraphrases, fact.generation) == (other, other)
        assert Fact.from_prompt(fact.prompt, "Rome", "Italy").prompt == fact.prompt


@pytest.mark.parametrize(
    ("template", "subject", "prompt"),
    [
        ("The capital of{} is", " Italy", "The capital of Italy is"),
        ("{}is in", "Italy ", "Italy is in"),
        ("of{}is", "\nItaly\n", "of\nItaly\nis"),
        ("The capital of {} is", " Italy ", "The capital of Italy is"),  # else it is dropped
        ("({}) is", " Italy ", "(Italy) is"),
        ("{} is", " Italy", "Italy is"),
        ("日本の{}は", " 首都 ", "日本の首都は"),
        ("The {}s built", "Roman", "The Romans built"),
    ],
)
@pytest.mark.parametrize("exact", [False, True])
def test_a_subject_that_brings_its_space_does_not_run_into_a_word(template, subject, prompt, exact):
    fact = Fact(template, subject, "x", exact=exact)
    assert (fact.prompt, fact.subject) == (prompt, subject.strip())
    assert prompt[: fact.subject_end].endswith(fact.subject)
    assert Fact.from_dict(json.loads(json.dumps(dataclasses.asdict(fact)))) == fact
    assert dataclasses.replace(fact, new="y").prompt == prompt


def test_braces_of_the_text_itself():
    """They would be the subject's place; JSON and code read those with a space in between alike."""
    code = 'capitals = {}\ncapitals["Italy"] = "'
    for act in (
        lambda: Fact.from_prompt(code, "Italy", "Rome"),
        lambda: read_counterfact([{**FLAT, "prompt": "{} Rome"}]),
    ):
        with pytest.raises(ValueError, match=r"A '{}' of the text itself, as in code, may be written '{ }'"):
            act()
    fact = Fact.from_prompt(code.replace("{}", "{ }"), "Italy", "Rome")
    assert fact.prompt == code.replace("{}", "{ }")


def test_exact_objects():
    fact = Fact("{} is a foot", "It", "ball ", true="step", neighbours=(("foot", "note"),), exact=True)
    assert (fact.new, fact.true, fact.neighbours) == ("ball ", "step", (("foot", "note"),))
    assert fact.after("This is a hand", fact.new) == "ball "
    assert dataclasses.replace(fact, subject="This").new == "ball "
    assert Fact("{} is", "It", "  two").new == "  two"
    assert Fact("{}の首都は", "日本", " 京都").new == " 京都"


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(("prompt", "said"), APART + JOINED + [("Rome is", " x"), ("Rome is ", "  x")])
def test_facts_survive_json(prompt, said, exact):
    fact = Fact(f"{{}}{prompt}", "Rome", said, "old", (prompt,), ((prompt, said),), (prompt,), exact=exact)
    assert Fact.from_dict(json.loads(json.dumps(dataclasses.asdict(fact)))) == fact
    assert dataclasses.replace(fact, case_id=3) == dataclasses.replace(fact, case_id=3)
    assert dataclasses.replace(fact, case_id=fact.case_id) == fact


def test_facts_saved_by_earlier_versions():
    """They carry no ``exact``, a template without white space at its end, and objects with their space."""
    saved = {
        **{"template": "{} は", "subject": "X", "new": " Romania", "true": " India", "paraphrases": ["a"]},
        **{"neighbours": [["「", " India"], ["b", "東京"]], "generation": [], "relation": "", "case_id": 1},
    }
    fact = Fact.from_dict(saved)
    assert json.loads(json.dumps(dataclasses.asdict(fact))) == {**saved, "split": "", "exact": False}


def test_other_prompts_join_by_their_own_end():
    fact = Fact("{} is in", "Rome", "Italy", "France")
    assert fact.after("Where is Rome?\n", fact.new) == "Italy"
    assert fact.after("Rome, in", fact.true) == " France"
    chat = Fact("Where is {}?\n", "Rome", "Italy", "France")
    assert chat.new == "Italy"
    assert chat.after("Rome is in", chat.new) == " Italy"
    assert Fact("{} is in", "Rome", "\nItaly").after("Where?", "\nItaly") == "\nItaly"  # to the letter


def test_metrics_ask_each_prompt_as_it_is_written():
    lm = tiny("llama")
    fact = Fact("{} is in", "Rome", "Italy", "France", ("Where is Rome?\n",), (("Lyon:\n", "France"),))
    row = evaluate(lm, [fact], progress=False).iloc[0]
    new, true = score(lm, [("Where is Rome?\n", "Italy"), ("Where is Rome?\n", "France")])[0]
    assert row.generalization == float(new > true)
    kept, other = score(lm, [("Lyon:\n", "France"), ("Lyon:\n", "Italy")])[0]
    assert row.specificity == float(kept > other)
    seen = []
    score_of = lambda lm, pairs, progress: seen.extend(pairs) or score(lm, pairs, progress)  # noqa: E731
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alphaedit_lite.metrics.score", score_of)
        evaluate(lm, [fact], progress=False)
    assert set(seen) == {
        *(("Rome is in", said) for said in (" Italy", " France")),
        *((prompt, said) for prompt in ("Where is Rome?\n", "Lyon:\n") for said in ("Italy", "France")),
    }


def test_an_exact_edit_is_saved_and_loaded(tmp_path):
    lm = tiny("llama")
    editor = AlphaEdit(lm, layers=(2,), progress=False, threshold=0.5, threshold_kind="relative")
    fact = Fact("Where is {}?\n", "Rome", "Ita", exact=True)
    editor.edit([fact]).save(tmp_path / "edit.safetensors")
    assert Edit.load(tmp_path / "edit.safetensors").facts == (fact,)


@pytest.mark.parametrize(
    ("prompt", "subject", "message"),
    [
        ("The Indiana state capital is", "India", "'India' occurs only inside another word .* character 4"),
        ("The USS Arizona was built in", "US", "'US' occurs only inside another word .* character 4"),
        ("Romans and Romania", "Rom", "only inside another word .* character 0, 11"),
        ("Boeing 747 is", "Boeing 74", "only inside"),
        ("Cafe\u0301 de Flore is", "Cafe", "only inside"),
        ("Rome is a city; the capital of Rome is", "Rome", "more than once .* character 0, 31"),
        ("the the the", "the the", "more than once .* character 0, 4"),
        ("In Paris", "Oslo", "'Oslo' does not occur"),
        ("The capital of Guinea-Bissau is", "Guinea", "only inside"),
        ("The capital of Guinea-Bissau is", "Bissau", "only inside"),
        ("The Boeing 747-400 was built by", "Boeing 747", "only inside"),
        ("AC/DC is", "AC", "only inside"),
        ("Python 3.11 was released in", "Python 3", "only inside"),
        ("The 1,000 islands", "1", "only inside"),
        ("C++ was designed by", "C", "only inside"),
        ("C++ was designed by", "C+", "only inside"),
        ("C++11 is", "11", "only inside"),
        ("C# was designed by", "C", "only inside"),
        ("O'Brien was born in", "O", "only inside"),
        ("O’Brien was born in", "Brien", "only inside"),
        ("node.js was written by", "node", "only inside"),
        ("The address info@rome.it is", "rome", "only inside"),
        ("www.example.com is", "example", "only inside"),
        ("See https://www.example.com/ for", "example.com", "only inside"),
        ("foo_bar is", "foo", "only inside"),
        ("foo_bar is", "bar", "only inside"),
    ],
)
def test_a_subject_must_be_one_word_of_the_prompt(prompt, subject, message):
    with pytest.raises(ValueError, match=message):
        Fact.from_prompt(prompt, subject, "x")


@pytest.mark.parametrize(
    ("prompt", "subject", "template"),
    [
        ("Indiana is not in India", "India", "Indiana is not in {}"),  # whole words before parts of others
        ("India's capital is", "India", "{}'s capital is"),
        ("The US-led war", "US", "The {}-led war"),
        ("C++ was made by", "C++", "{} was made by"),
        ("Guinea-Bissau is not in Guinea", "Guinea", "Guinea-Bissau is not in {}"),
        ("ROME'S capital", "ROME", "{}'S capital"),
        ("Ankara'nın", "Ankara", "{}'nın"),
        ("It was said of Rome.", "Rome", "It was said of {}."),
        ("non-Roman", "Roman", "non-{}"),
        ("La capitale de l'Italie", "Italie", "La capitale de l'{}"),
        ("#Rome is", "Rome", "#{} is"),
        ("_Rome_ is", "Rome", "_{}_ is"),
        ("Who made .44 Special?", ".44 Special", "Who made {}?"),
        ("Rome, 2000", "Rome", "{}, 2000"),
        ("Rome,Paris", "Rome", "{},Paris"),
        ("日本の首都は", "日本", "{}の首都は"),
        ("이탈리아의 수도는", "이탈리아", "{}의 수도는"),  # Korean particles are written together
        ("เมืองหลวงของไทยคือ", "ไทย", "เมืองหลวงของ{}คือ"),
    ],
)
def test_a_subject_is_found_as_a_whole_word(prompt, subject, template):
    assert Fact.from_prompt(prompt, subject, "x").template == template


@pytest.mark.parametrize("prompt", ["Café Zürich is", "Cafe\u0301 Zu\u0308rich is", "Cafe\u0301 Zürich is"])
@pytest.mark.parametrize("subject", ["Café Zürich", "Cafe\u0301 Zu\u0308rich", "Café Zu\u0308rich"])
def test_a_subject_is_found_in_any_normal_form(prompt, subject):
    """The prompt stays what it was, to the letter."""
    fact = Fact.from_prompt(prompt, subject, "x")
    assert (fact.template, fact.prompt) == ("{} is", prompt)
    (read,) = read_counterfact([{**FLAT, "prompt": prompt, "subject": subject}])
    assert (read.template, read.prompt) == ("{} is", prompt)
    with pytest.raises(ValueError, match="does not occur"):
        Fact.from_prompt(prompt, "Cafè Zürich", "x")
    with pytest.warns(UserWarning, match="is twice in"):
        (read,) = read_counterfact([{**FLAT, "prompt": f"{prompt} {prompt}", "subject": subject}])
    assert (read.template, read.prompt) == (f"{{}} is {prompt}", f"{prompt} {prompt}")


def test_a_changed_fact_is_joined_anew():
    fact = Fact("{} is in", "Rome", "Italy", true="France", neighbours=(("Lyon is in", "France"),))
    chat = dataclasses.replace(fact, template="Where is {}?\n")
    assert (chat.new, chat.true, chat.neighbours) == ("Italy", "France", fact.neighbours)
    assert chat == Fact(chat.template, "Rome", "Italy", true="France", neighbours=fact.neighbours)
    assert dataclasses.replace(chat, template=fact.template) == fact
    ends = Fact("The capital of {}", "Italy", "Rome", true="Paris")
    assert (ends.new, dataclasses.replace(ends, subject="日本").new) == (" Rome", "Rome")
    given = dataclasses.replace(fact, template="Where is {}?\n", new=" Spain")  # as it is given
    assert (given.new, given.true) == (" Spain", "France")
    letter = Fact("{} is in", "Rome", "\tItaly", true="France", exact=True)
    changed = dataclasses.replace(letter, template="Where is {}?\n")
    assert (changed.new, changed.true) == ("\tItaly", "France")
    assert dataclasses.replace(fact, exact=True).new == " Italy"
    assert dataclasses.asdict(fact).keys() == {field.name for field in dataclasses.fields(Fact)}


# -- readers ---------------------------------------------------------------------------------------------

KNOWEDIT = {
    "subject": "Leo Arons",
    "prompt": "The place of death of Leo Arons is",
    "target_new": "Munich",
    "ground_truth": ["Berlin", "Greater Berlin"],
    "portability": {
        "Subject_Aliasing": [
            {"prompt": "The place of death of Martin Arons is", "ground_truth": ["Munich"]},
            {"prompt": "The birth place of Martin Arons is", "ground_truth": ["Berlin"]},
        ],
        "Reasoning": [{"prompt": "The mayor of where Leo Arons died is", "ground_truth": [["Dieter"]]}],
    },
    "locality": {
        "Relation_Specificity": [{"prompt": "The job of Leo Arons is", "ground_truth": [["artist"], ["x"]]}],
        "Forgetfulness": [{"prompt": "Leo Arons lived in", "ground_truth": [[]]}],
    },
}


@pytest.mark.parametrize("read", [read_counterfact, read_zsre])
def test_knowedit_is_read(read):
    bare = {"subject": "Rome", "prompt": "Rome is in", "target_new": "Italy"}
    bare |= {"locality": {}, "portability": None}
    (fact, plain) = read([KNOWEDIT, bare])
    assert (fact.prompt, fact.new, fact.true) == (KNOWEDIT["prompt"], " Munich", " Berlin")
    assert fact.paraphrases == ("The place of death of Martin Arons is",)
    assert fact.neighbours == (("The job of Leo Arons is", " artist"),)
    assert plain == Fact("{} is in", "Rome", "Italy")


@pytest.mark.parametrize("read", [read_counterfact, read_zsre])
def test_every_rephrasing_and_every_accepted_answer_counts(read):
    alias = {"prompt": "The place of death of Martin Arons is", "ground_truth": [["Minga", "Munich"], ["x"]]}
    record = {**KNOWEDIT, "portability": {"Subject_Aliasing": [alias]}}
    (fact,) = read(
        [{**record, "rephrase_prompt": ["Arons died in", "Arons, dead in"], "rephrase": "Died in"}]
    )
    assert fact.paraphrases == ("Arons died in", "Arons, dead in", "Died in", alias["prompt"])


def test_what_numpy_made_of_a_record_is_read():
    """As a table of pandas or a data set in numpy's format gives them."""
    table = pd.DataFrame([{**ORIGINAL, "case_id": 7}, ORIGINAL])
    listed = ["paraphrase_prompts", "neighborhood_prompts", "generation_prompts"]
    table[listed] = table[listed].map(np.array)
    records = [dict(row) for _, row in table.iterrows()] + [{**ORIGINAL, "case_id": np.int64(7)}]
    assert type(records[0]["paraphrase_prompts"]) is np.ndarray
    plain = read_counterfact([ORIGINAL])[0]
    wanted = dataclasses.replace(plain, case_id=7)
    found = read_counterfact(records)
    assert found == [wanted, plain, wanted]
    assert {type(fact.case_id) for fact in found} == {int}
    (answered,) = read_counterfact([{**KNOWEDIT, "ground_truth": np.array(["Berlin", "x"])}])
    assert answered == read_counterfact([KNOWEDIT])[0]


@pytest.mark.parametrize("loc", ["nq question: where is paris", "nq question: where is paris?"])
def test_a_neighbour_of_zsre_is_asked_with_one_question_mark(loc):
    assert read_zsre([{**MEND, "loc": loc}])[0].neighbours == (("where is paris?", " Spain"),)


ORIGINAL = {
    "case_id": 1,
    "requested_rewrite": {
        **{"prompt": "{} is in", "subject": "Rome", "relation_id": "P17"},
        **{"target_new": {"str": "France"}, "target_true": {"str": "Italy"}},
    },
    "paraphrase_prompts": ["a"],
    "neighborhood_prompts": ["b"],
    "generation_prompts": ["c"],
}
FLAT = {
    **{"case_id": 1, "prompt": "Rome is in", "target_new": "France", "subject": "Rome"},
    **{"ground_truth": "Italy", "rephrase_prompt": "a"},
    **{"locality_prompt": "b", "locality_ground_truth": "Spain"},
}
MEND = {
    **{"subject": "Rome", "src": "Where is Rome?", "rephrase": "a", "alt": "France", "answers": ["Italy"]},
    **{"loc": "nq question: b", "loc_ans": "Spain"},
}
OPTIONAL = ("case_id", "generation_prompts", "relation_id", "rephrase_prompt", "locality_prompt")


def places(record, path=()):
    for key, value in record.items() if isinstance(record, dict) else enumerate(record):
        yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*path, key))


def changed(record, path, value):
    if not path:
        return value
    copy = dict(record) if isinstance(record, dict) else list(record)
    copy[path[0]] = changed(record[path[0]], path[1:], value)
    return copy


SCHEMAS = {
    **{"original": (ORIGINAL, read_counterfact), "flat": (FLAT, read_counterfact)},
    **{"MEND": (MEND, read_zsre), "KnowEdit": (KNOWEDIT, read_counterfact)},
}
DEEP = [
    (schema, path)
    for schema, (record, _) in SCHEMAS.items()
    for path in places(record)
    if ("Reasoning" not in path and 1 not in path[-2:]) or "Subject_Aliasing" in path  # what is read
]


@pytest.mark.parametrize(("schema", "path"), DEEP)
def test_any_field_of_a_wrong_type_is_named(schema, path):
    """Anything else in the place of any field is refused by number and name; null where it may be absent."""
    record, read = SCHEMAS[schema]
    wanted = record
    for step in path:
        wanted = wanted[step]
    for wrong in (3, 2.5, "x", {"x": 1}, [3], [None], None):
        fits = isinstance(wrong, type(wanted)) and wrong != [3] and wrong != [None]
        nested = schema == "KnowEdit" and path[0] in ("ground_truth", "locality", "portability")
        one_of_several = wrong == "x" and "ground_truth" in path  # a text may stand for a list of them
        if fits or one_of_several or (wrong is None and (path[-1] in OPTIONAL or nested)):
            continue
        with pytest.raises(ValueError, match=r"^Record 1[ :]") as caught:
            read([record, changed(record, path, wrong)])
        name = [step for step in path if isinstance(step, str) and step != "str"][-1]
        assert name.removeprefix("target_") in str(caught.value)


@pytest.mark.parametrize(("schema", "path"), [(s, p) for s, p in DEEP if isinstance(p[-1], str)])
def test_any_missing_field_is_named(schema, path):
    record, read = SCHEMAS[schema]
    inner = record
    for step in path[:-1]:
        inner = inner[step]
    copy = changed(record, path[:-1], {k: v for k, v in inner.items() if k != path[-1]})
    nested = schema == "KnowEdit" and (path == ("ground_truth",) or len(path) == 2)
    if nested or path[-1] in (*OPTIONAL, "locality", "portability"):
        read([copy])
    else:
        name = "subject" if path[-1] == "requested_rewrite" else path[-1]  # without it, it is the flat schema
        with pytest.raises(ValueError, match=rf"Record 0 has no field '[\w.]*{name}[\w.]*'; it has"):
            read([copy])


def test_texts_where_lists_are_meant():
    for name in ("paraphrase_prompts", "neighborhood_prompts", "generation_prompts"):
        with pytest.raises(ValueError, match=f"Record 0: {name} must be a list, not 'abc'"):
            read_counterfact([{**ORIGINAL, name: "abc"}])
    with pytest.raises(ValueError, match="neighborhood_answers are 2, neighborhood_prompts 1"):
        read_counterfact([{**ORIGINAL, "neighborhood_answers": ["a", "b"]}])
    with pytest.raises(ValueError, match=r"Record 0 must be a dictionary, not \['a'\]"):
        read_zsre([["a"]])


def test_an_empty_true_object_is_blamed_on_its_field():
    """It is what the neighbours are asked; where they have answers of their own, it may be empty."""
    true = ("requested_rewrite", "target_true", "str")
    empty = changed(ORIGINAL, true, " ")
    with pytest.raises(ValueError, match=r"Record 0: requested_rewrite\.target_true\.str is empty: ' '"):
        read_counterfact([{**empty, "neighborhood_answers": []}])
    answered = {**empty, "neighborhood_prompts": ["a"], "neighborhood_answers": ["b"]}
    for record in (answered, {**empty, "neighborhood_prompts": [], "neighborhood_answers": []}):
        assert read_counterfact([record])[0].true is None


def test_json_lines_are_called_so(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text("\n".join([json.dumps(FLAT), "", json.dumps(FLAT), '{"half": ']))
    with pytest.raises(ValueError, match=r"is JSON Lines, .*\[json\.loads\(line\) for line in open"):
        read_counterfact(path)
    path.write_text(json.dumps([FLAT, FLAT], indent=1)[:-4])
    with pytest.raises(ValueError, match="is not a whole JSON file"):
        read_counterfact(path)


def test_a_subject_in_a_record_that_is_not_one_word():
    twice = {**FLAT, "prompt": "Rome, the capital of the Rome of today, is in"}
    with pytest.warns(UserWarning, match="'Rome' is twice in 'Rome, the .* its first place is taken"):
        (fact,) = read_counterfact([twice])
    assert fact.template == "{}, the capital of the Rome of today, is in"
    with pytest.raises(ValueError, match="Record 1: The subject 'Rome' occurs only inside another word"):
        read_counterfact([FLAT, {**FLAT, "prompt": "The Romes of today"}])
    with pytest.raises(ValueError, match="Record 0: subject is empty"):
        read_zsre([{**MEND, "subject": " "}])


def test_real_files_are_read_without_a_warning(shared):
    """Each of the 2,000 sentences names its subject once, as a whole word."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_counterfact(shared / "counterfact_flat_1500.json")) == 1500
        assert len(read_zsre(shared / "zsre_500.json")) == 500


def test_bundled_facts_are_joined_by_spaces():
    for fact in bundled_facts():
        answers = [fact.new, fact.true, *(said for _, said in fact.neighbours)]
        assert all(said.startswith(" ") and said[1] != " " for said in answers)
        assert fact.template == fact.template.strip()


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("کتاب\u200cخانه در", "کتاب"),  # a book, in the word for library
        ("Indi\u00adana is in", "Indi"),
        ("👩\u200d🚀 flies to", "👩"),
        ("❤\ufe0f\u200d🔥 means", "❤\ufe0f"),
        ("❤\ufe0f means", "❤"),
        ("👍🏽 means", "👍"),
    ],
)
def test_what_joins_two_parts_of_a_word_or_an_emoji_does_not_part_them(prompt, subject):
    with pytest.raises(ValueError, match="only inside another word"):
        Fact.from_prompt(prompt, subject, "x")
    whole = prompt.split(" ")[0]
    assert Fact.from_prompt(prompt, whole, "x").template == prompt.replace(whole, "{}")


def test_one_text_is_no_list_of_texts():
    """It would be taken for a list of letters: silently, where a tokenizer puts BOS before each."""
    lm = tiny("llama", bos=True)
    for act in (
        lambda: perplexity(lm, "Rome is in Italy"),
        lambda: generate(lm, "Rome is in", 2),
        lambda: fit_statistics(lm, (1,), "Rome is in Italy", 9, progress=False),
    ):
        with pytest.raises(TypeError, match=r"A list of texts is needed, not one text: \['Rome is in"):
            act()


def test_an_object_behind_nothing_but_bos():
    lm = tiny("llama", bos=True)
    (found, _), (written_out, _) = (score(lm, [(prompt, " Rome")]) for prompt in ("", "<s>"))
    assert found.isfinite()
    assert found == written_out
    lm.complete("")
    bare = tiny("llama")
    with pytest.raises(ValueError, match="nothing in front of ' Rome': the prompt '' is empty"):
        score(bare, [("", " Rome")])


def test_an_object_that_the_tokenizer_cannot_read():
    """It would be the unknown token, as any other such object."""
    lm = tiny("llama", metaspace=True)
    before = weights(lm)
    for fact in (Fact("The capital of {} is", "Italy", "Ω"), Fact("{} is in", "Italy", "France Ж")):
        for act in (
            lambda fact: editor_for(lm).edit([fact]),
            lambda fact: editor_for(lm).edit([fact], torch.zeros(1, lm.d_model)),
            lambda fact: FineTune(lm, layers=(1,), progress=False).edit([fact]),
            lambda fact: compute_targets(lm, [fact], 2),
            lambda fact: score(lm, [(fact.prompt, fact.new)]),
        ):
            with pytest.raises(
                ValueError, match=f"cannot read the object {fact.new!r}: it sees '<unk>' there"
            ):
                act(fact)
    assert same(weights(lm), before)
    assert not lm.ledger.edits
    score(lm, [("The capital of Italy is", " <unk>")])  # whoever writes it means it


def test_half_a_character():
    lm, half = tiny("llama"), json.loads('"Rome \\ud83d"')
    message = r"holds half a character, '\\ud83d'"
    for act in (
        lambda: lm.complete(half, 2),
        lambda: score(lm, [(half, " x")]),
        lambda: Fact("{} is", half, "x"),
    ):
        with pytest.raises(ValueError, match=message):
            act()
    with pytest.raises(ValueError, match=f"Record 1: .*{message}"):
        read_counterfact([FLAT, {**FLAT, "subject": half, "prompt": f"{half} is"}])


def test_prompts_that_are_no_prompts_and_pairs_that_are_no_pairs():
    for wrong in ("Lyon is", {"Lyon is": "x"}, None, 3):
        for name in ("paraphrases", "neighbours", "generation"):
            with pytest.raises(ValueError, match=f"{name} must be a tuple of prompts, not "):
                Fact("{} is", "Rome", "x", **{name: wrong})
    for wrong in ("東京", "Lyon is", ("a",), ("a", "b", "c"), 3):
        with pytest.raises(ValueError, match=r"neighbours must be \(prompt, answer\) pairs, not "):
            Fact("{} is", "Rome", "x", neighbours=[wrong])
    Fact("{} is", "Rome", "x", neighbours=[["Lyon is", "x"]], paraphrases=(p for p in ["a"]))


def test_beginnings_that_would_run_into_the_prompt():
    for glued in ("Yesterday", "Well.", "He said:"):
        with pytest.raises(ValueError, match=f"'{glued}' would run into the prompt"):
            TargetConfig(prefixes=("", glued))
    TargetConfig(prefixes=("", "Well. ", "So:\n", "今日は。", "He said: “"))
