"""Checks of the chapter template, ``notebooks/source/template.py``: a pattern to copy."""

import torch

from ..kit.exercises import exercise, expect
from .reference import centre, mean, on_paper


@exercise("99.1", reference=mean)
def check_mean(answer):
    x = torch.randn(7).double() + 1
    value = float(answer(x))
    expect(abs(value - float(x.sum())) > 1e-9, "this is the sum: did you forget to divide by the length?")
    expect(
        abs(value - float(x.mean())) < 1e-9,
        "this is not the mean: add all entries and divide by their number.",
    )


@exercise("99.2", reference=centre)
def check_centre(answer):
    x = torch.randn(7).double() + 1
    value = answer(x)
    expect(value.shape == x.shape, f"the result has shape {list(value.shape)}, not {list(x.shape)}.")
    expect(
        abs(float(value.mean())) < 1e-9, "the mean of your vector is not 0: subtract the mean, not the sum."
    )
    expect(torch.allclose(x - value, (x - value)[0].expand(7)), "subtract the same number everywhere.")


@exercise("99.3", reference=on_paper)
def check_on_paper(answer):
    expect(answer != 1, "1 is its standard deviation, if you also divide: what is its mean?")
    expect(answer == 0, "try it with the vector (1, 3): its mean is 2, and the centred vector is (−1, 1).")
