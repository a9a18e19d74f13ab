"""Numbers in prose are compared by value, not by text; what is not rounding is noticed."""

import pytest

from tools.agreement import agree


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("33%", "34%"),
        ("0.512", "0.510"),
        ("1,536", "1,530"),
        ("3.1e-06", "3.2e-06"),
        ("−0.31", "−0.30"),
        ("Rome", "Rome"),
    ],
)
def test_rounding_is_forgiven(now, then):
    assert agree(now, then)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("33%", "39%"),
        ("0.51", "0.60"),
        ("3", "7"),
        ("3e-06", "3e-04"),
        ("−0.31", "0.31"),
        ("Rome", "Paris"),
        ("2 of 3", "2"),
    ],
)
def test_other_values_are_not(now, then):
    assert not agree(now, then)
