"""Last-word prediction: which sentences are asked, and that a word of several tokens must come whole."""

import torch

from alphaedit_lite.book.kit.last_words import judge_last_words, last_words


def test_only_first_sentences_of_middling_length_are_asked():
    texts = [
        "Too short.",
        "A tower is a tall and rather narrow building that people like. It ends here.",
        "A list of things (such as 1. this and 2. that) that goes on for some time until 1999.",
        "Line one has eight words in all but\nis broken by something else.",
        "word " * 50 + "end.",
    ]
    assert last_words(texts) == [
        ("A tower is a tall and rather narrow building that people", " like"),
    ]
    assert last_words(texts * 3, limit=2) == last_words(texts) * 2


def test_a_word_is_right_if_all_its_tokens_come_first(lm):
    """Against the greedy continuation itself: right as it is, wrong once one token differs."""
    start = "The capital of France is"
    ids = lm.tokenizer(start)["input_ids"]
    for _ in range(2):
        logits = lm.model(torch.tensor([ids], device=lm.device)).logits
        ids.append(int(logits[0, -1].argmax()))
    said = lm.tokenizer.decode(ids)[len(start) :]
    assert judge_last_words(lm, [(start, said), (start, said + " Rome"), (start, " Rome")]) == [
        True,
        False,
        False,
    ]
