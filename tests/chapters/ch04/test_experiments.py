"""Chapter 4's helpers: keys are those the layer sees, and the figures say what they show."""

import pytest
import torch

from alphaedit_lite import Fact
from alphaedit_lite.book.ch04.experiments import subject_keys
from alphaedit_lite.book.ch04.figures import matrices_figure
from alphaedit_lite.hooks import hooked

PROMPTS = ["{} lies in", "The capital of {} is", "{}"]


def seen(lm, text: str, layer: int) -> torch.Tensor:
    found = []
    ids = lm.tokenizer(text, return_tensors="pt")["input_ids"]
    with (
        torch.no_grad(),
        hooked(inputs={lm.down_projection(layer): lambda key: found.append(key[0].double())}),
    ):
        lm.model(ids)
    return found[0]


@pytest.mark.parametrize("prefix", ["", "It was late. "])
def test_subject_keys_are_those_of_the_whole_model(lm, prefix):
    facts = [Fact(template, "Paris", " x") for template in PROMPTS]
    keys = subject_keys(lm, facts, 1, prefix)
    for fact, key in zip(facts, keys, strict=True):
        alone = seen(lm, prefix + fact.prompt[: fact.subject_end], 1)[-1]
        assert torch.allclose(key, alone, atol=1e-4, rtol=1e-4)


def test_small_matrices_are_described():
    figure, alt = matrices_figure({"A": torch.tensor([[1.0, 2], [3, -0.004]])})
    assert alt == "A: rows 1 2; 3 -0.004."
    assert len(figure.axes) == 1
