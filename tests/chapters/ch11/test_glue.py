"""GLUE-style tasks: prompts, answers and figures, on made-up examples; the authors' files where they are."""

import json

import pytest
import torch
from sklearn.metrics import f1_score, roc_auc_score

from alphaedit_lite.book.ch11 import glue

REVIEWS = [{"sentence": f"a film number {i}", "label": i % 2} for i in range(5)]


def test_prompts_end_where_the_answer_begins():
    prompt = glue.prompt_of("sst2", REVIEWS[3], REVIEWS[:2])
    assert prompt.endswith("a film number 3\nIs this review positive or negative? Answer:")
    assert prompt.count("Answer: negative\n\n") == prompt.count("Answer: positive\n\n") == 1
    question = {"question": "Which?", "choices": ["one", "two", "three", "four"], "answer": 2}
    assert "\nC. three\n" in glue.prompt_of("mmlu", question)
    assert glue.gold("mmlu", question) == 2
    for task in glue.TASKS.values():
        assert not task.prompt.endswith(" ")
        assert all(word.startswith(" ") for word in task.words)


def test_labels_mean_what_the_words_say():
    pair = {"sentence1": "Rome is in Italy.", "sentence2": "Italy has a city."}
    yes = glue.TASKS["rte"].words.index(" yes")
    assert glue.gold("rte", {**pair, "label": 0}) == yes  # the hub's 0 is entailment
    assert glue.gold("nli", {**pair, "label": "entailment"}) == yes
    assert glue.gold("nli", {**pair, "label": 0}) == yes
    assert glue.gold("rte", {**pair, "label": "1"}) != yes
    with pytest.raises(ValueError, match="labels"):
        glue.gold("rte", {**pair, "label": -1})


def test_an_answer_is_a_whole_word():
    words = (" no", " yes")
    assert glue.read_answer(" Yes, I do", words) == 1
    assert glue.read_answer("\nNo. Yes", words) == 0
    assert glue.read_answer(" not now, nobody knows", words) == glue.NONE
    assert glue.read_answer("", words) == glue.NONE


def test_f1_and_auc_are_those_of_scikit_learn():
    torch.manual_seed(0)
    right, said = torch.randint(2, (60,)), torch.randint(-1, 2, (60,))
    margin = torch.randn(60).round(decimals=1) + right
    expected = f1_score(right, said, average="weighted", labels=[0, 1], zero_division=0)
    assert glue.weighted_f1(right.tolist(), said.tolist()) == pytest.approx(expected)
    assert glue.separation(right.tolist(), margin.tolist()) == pytest.approx(roc_auc_score(right, margin))


def test_silence_is_worth_nothing_and_one_word_a_third():
    right = [0, 1] * 20
    assert glue.weighted_f1(right, [glue.NONE] * 40) == 0
    assert glue.weighted_f1(right, [1] * 40) == pytest.approx(1 / 3)


def test_asking_agrees_with_the_model_itself(lm, monkeypatch):
    monkeypatch.setattr(glue, "BATCH", 2)
    words = (" Rome", " the")
    task = glue.Task("x", ("", "", ""), "{sentence}. Therefore,", words, (0, 1))
    monkeypatch.setitem(glue.TASKS, "x", task)
    table = glue.ask(lm, "x", REVIEWS)
    firsts = [lm.tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in words]
    for example, row in zip(REVIEWS, table.itertuples(), strict=True):
        ids = lm.tokenizer(f"{example['sentence']}. Therefore,", return_tensors="pt")["input_ids"]
        with torch.no_grad():
            log_p = lm.model(ids).logits[0, -1].log_softmax(-1)[firsts]
        assert row.margin == pytest.approx(float(log_p[1] - log_p[0]), abs=1e-3)
        assert row.compared == int(log_p.argmax())
        assert row.said == glue.read_answer(row.text, words)
        assert row.gold == example["label"]


def test_words_that_begin_alike_are_refused(lm, monkeypatch):
    monkeypatch.setitem(glue.TASKS, "x", glue.Task("x", ("", "", ""), "{sentence}", (" a", " a"), (0, 1)))
    with pytest.raises(ValueError, match="same token"):
        glue.ask(lm, "x", REVIEWS)


def test_a_folder_without_the_task(tmp_path):
    (tmp_path / "glue_sst2.json").write_text(json.dumps(REVIEWS))
    assert glue.read_task("sst2", tmp_path) == REVIEWS
    with pytest.raises(FileNotFoundError, match=r"glue_rte\.json"):
        glue.read_task("rte", tmp_path)


@pytest.mark.parametrize("name", ["sst2", "cola", "mrpc", "rte", "nli"])
def test_the_authors_files_are_balanced_and_read(name, shared):
    examples = glue.read_task(name, shared)
    classes = [glue.gold(name, example) for example in examples]
    assert classes.count(0) == classes.count(1) > 100
    for example in examples[:5]:
        assert "{" not in glue.prompt_of(name, example)
