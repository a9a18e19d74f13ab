"""Numbers in prose are compared by value, not by text; what is not rounding is noticed."""

import json

import pytest

from alphaedit_lite.book.kit.numbers import agree, quote


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


def test_the_cell_compares_only_when_asked(tmp_path, monkeypatch, capsys):
    outputs = [{"name": "stdout", "output_type": "stream", "text": ["33%\n", "Rome\n"]}]
    (tmp_path / "07_x.ipynb").write_text(json.dumps({"cells": [{"outputs": outputs}]}))
    monkeypatch.delenv("ALPHAEDIT_COMPARE", raising=False)
    quote("07_x", "90%", "Oslo")
    assert capsys.readouterr().out == "90%\nOslo\n"
    monkeypatch.setenv("ALPHAEDIT_COMPARE", str(tmp_path))
    quote("07_x", "34%", "Rome")
    quote("08_new", "90%")  # no notebook yet
    with pytest.raises(AssertionError, match="quotes '33%' as number 1; this run gives '60%'"):
        quote("07_x", "60%", "Rome")
