"""Checks of chapter 9, "Did it work?". Texts are lists of words; log-probabilities are natural."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Sequence

import torch
from torch import Tensor

from ..kit.exercises import exercise, expect, near
from .reference import Words, entropy, flattery, interval, judge_fact, tfidf_cosine


@exercise("09.1", reference=judge_fact)
def check_judge_fact(answer: Callable[[Tensor, Tensor, Tensor], tuple[float, float, float]]) -> None:
    long, short = -0.4 - 0.2 * torch.rand(3), -0.8 - 0.2 * torch.rand(1)
    partly, all_right = torch.tensor([True, False, True]), torch.ones(3, dtype=torch.bool)
    success, share, accuracy = map(float, answer(long, short, partly))
    expect(
        success == 1.0,
        f"the new object has {float(long.mean()):.2f} per token, the true one {float(short.mean()):.2f}: success is 1. "
        "Did you take the *sum* of the log-probabilities? A sum punishes the object that has more tokens.",
    )
    expect(
        near(share, 2 / 3, 1e-4),
        f"two of three tokens are the first choice, so the share is 2/3, not {share:.2f}. It is a mean over tokens.",
    )
    expect(
        accuracy == 0.0, "one token is wrong, so the accuracy is 0: *every* token must be the first choice."
    )
    success, share, accuracy = map(float, answer(short - 1, long, torch.tensor([False])))
    expect(success == 0.0, "the true object is more likely here, so success is 0: which way round is your >?")
    expect((share, accuracy) == (0.0, 0.0), "no token is the first choice: share and accuracy are both 0.")
    success, share, accuracy = map(float, answer(long, short, all_right))
    expect((share, accuracy) == (1.0, 1.0), "all tokens are the first choice: share and accuracy are both 1.")
    unlikely = torch.tensor([-3.0, -4.0])
    success, _, accuracy = map(float, answer(unlikely, unlikely - 1, torch.tensor([False, False])))
    expect(
        success == 1.0 and accuracy == 0.0,
        "success asks for nothing but new > true, even if both are very unlikely. Did you add a threshold?",
    )


@exercise("09.2", reference=flattery)
def check_flattery(answer: Callable[[float, int], tuple[float, float, float]]) -> None:
    for q, m in ((0.5, 3), (0.8, 4), (0.6, 2)):
        right = torch.rand(200_000, m) < q
        a, b = torch.rand(2, 200_000)
        share, accuracy, coin = map(float, answer(q, m))
        expect(
            abs(share - q**m) > 0.02,
            "you gave the share the value of the accuracy: the share counts each token on its own.",
        )
        expect(
            abs(share - float(right.float().mean())) < 0.01,
            f"with q = {q} and m = {m}, {float(right.float().mean()):.2f} of all tokens are right in a simulation. "
            "The mean of m tokens does not depend on m.",
        )
        expect(
            abs(accuracy - m * q) > 0.01 and abs(accuracy - q / m) > 0.01,
            "independent events that must *all* happen: multiply their probabilities, m times.",
        )
        expect(
            abs(accuracy - float(right.all(1).float().mean())) < 0.01,
            f"with q = {q} and m = {m}, all tokens are right in {float(right.all(1).float().mean()):.2f} of the cases, "
            f"not {accuracy:.2f}.",
        )
        expect(
            abs(coin - float((a > b).float().mean())) < 0.01,
            "a model that knows nothing ranks new above true as often as below. What is its success?",
        )


@exercise("09.3", reference=entropy)
def check_entropy(answer: Callable[[Words, int], float]) -> None:
    distinct = [f"w{i}" for i in range(random.randint(9, 15))]
    found = float(answer(distinct, 2))
    size = len(distinct)
    expect(
        not near(found, math.log(size - 1)),
        "right, but in natural units (nats). The entropy in *bits* has log2.",
    )
    expect(
        not near(found, math.log2(size)),
        f"a text of {size} words has {size - 1} pairs, not {size}: are you counting words instead of pairs?",
    )
    expect(
        found >= 0, "an entropy is never negative: the logarithm of a share is, so a minus belongs in front."
    )
    expect(
        near(found, math.log2(size - 1)),
        f"{size} different words make {size - 1} different pairs, each with share 1/{size - 1}: "
        f"{math.log2(size - 1):.3f} bits, not {found:.3f}.",
    )
    words = list("ababa")
    expect(
        not near(float(answer(words, 3)), 1.0),
        "a b a b a holds aba twice and bab once. You gave the two the same weight: use their shares.",
    )
    for n in (2, 3):
        text = random.choices(["the", "cat", "sat", "on", "the", "mat", "and"], k=40)
        expect(
            near(float(answer(text, n)), entropy(text, n)),
            f"on a random text, the entropy of its {n}-grams is not right. Overlapping n-grams all count: begin one at "
            "every word.",
        )
    expect(near(float(answer(["no"] * 20, 2)), 0.0), "one pair, repeated: its share is 1, and the entropy 0.")
    expect(
        math.isnan(float(answer(["word"], 2))),
        'one word has no pairs. The entropy of nothing is missing (math.nan), not 0, which would mean "repeats itself".',
    )


@exercise("09.4", reference=tfidf_cosine)
def check_tfidf(answer: Callable[[Words, Words, Sequence[Collection[str]]], float]) -> None:
    common, rare = ["the", "of", "and", "a"], [f"rare{i}" for i in range(12)]
    documents = [{*common, *random.sample(rare, 3)} for _ in range(30)]
    same = random.choices(common + rare, k=12)
    found = float(answer(same, same, documents))
    expect(
        near(found, 1.0, 1e-5),
        f"a text compared with itself gives {found:.2f}; a cosine gives 1. Divide by the lengths of both vectors.",
    )
    shuffled = random.sample(same, len(same))
    expect(near(float(answer(same, shuffled, documents)), 1.0, 1e-5), "the order of words must not matter.")
    apart = float(answer(["the"], ["rare0"], documents))
    expect(
        not math.isnan(apart),
        "a cosine is nan: a text has no weight at all. A word in all documents weighs 1.",
    )
    expect(near(apart, 0.0), "no word in common: the cosine is 0.")
    by_common = float(answer(["the", "rare0"], ["the", "rare1"], documents))
    by_rare = float(answer(["the", "rare0"], ["of", "rare0"], documents))
    expect(
        not near(by_common, by_rare),
        "sharing “the” counts as much as sharing a rare word: the idf is missing, this is the cosine of plain counts.",
    )
    expect(
        by_rare > by_common,
        "a shared common word counts more than a shared rare one: N/df is large for rare words. Is yours turned over?",
    )
    for _ in range(3):
        text, reference = (random.choices(common + rare, k=17) for _ in range(2))
        right = tfidf_cosine(text, reference, documents)
        found = float(answer(text, reference, documents))
        expect(
            not near(found, tfidf_cosine(list(set(text)), list(set(reference)), documents))
            or near(found, right),
            "you use each word once. tf is a *count*: a word that occurs twice weighs twice.",
        )
        expect(
            near(found, right, 1e-5),
            f"on random texts the cosine is {right:.4f}, not {found:.4f}. Try your idf on its wishes: 1 if df = N; "
            "0.693 less each time 1 + df doubles; and df counts documents, not occurrences.",
        )


@exercise("09.5", reference=interval)
def check_interval(answer: Callable[[Tensor], tuple[float, float]]) -> None:
    n, prompts = 40, 10
    widths = []
    for _ in range(9):  # the width of one interval is a matter of luck
        values = torch.rand(n, 1, dtype=torch.float64).repeat(1, prompts)  # prompts of a fact agree
        mean, spread = float(values.mean()), float(values[:, 0].std(correction=0))
        low, high = map(float, answer(values))
        width, over_facts = high - low, 2 * 1.96 * spread / math.sqrt(n)
        expect(
            width > 1e-9,
            "low and high are equal: a sample of 40 *without* replacement is the same 40 facts. Draw with replacement.",
        )
        expect(
            low < mean < high, f"the mean, {mean:.2f}, must lie between low, {low:.2f}, and high, {high:.2f}."
        )
        widths.append(width / over_facts)
    share = sum(widths) / len(widths)
    expect(
        abs(share * math.sqrt(prompts) - 1) > 0.3,
        "the interval is √10 times too narrow: you drew *prompts*. The ten prompts of a fact agree here, so 400 prompts "
        "know no more than 40 facts. Draw whole rows.",
    )
    expect(
        share < 2.5,
        "the interval is much too wide: is it one of single facts? Take the quantiles of the resampled *means*.",
    )
    expect(
        not 0.55 < share < 0.92,
        "the interval is a little too narrow: 95% leaves 2.5% on *each* side, so the quantiles are 0.025 and 0.975.",
    )
    expect(
        0.92 <= share < 1.15,
        f"an interval over {n} facts should be about {over_facts:.2f} wide here, not {width:.2f}. The quantiles are 0.025 "
        "and 0.975.",
    )
