"""A checksum sees every byte and every order; a fingerprint names a model whatever wraps it."""

import pytest
import torch
from torch import nn

from alphaedit_lite.support.checksums import checksum, fingerprint
from tests.conftest import tiny

SHAPES = [(7, 3), (130, 1024), (1,), (5, 4, 3)]


def tensor(shape, dtype, seed=0):
    torch.manual_seed(seed)
    return torch.randn(shape).to(dtype)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_any_bit_anywhere(shape, dtype):
    value = tensor(shape, dtype)
    before, bits = checksum(value), value.view(-1).view(torch.uint8)
    places = {0, len(bits) - 1, *torch.randint(0, len(bits), (30,)).tolist()}
    found = set()
    for place in places:
        for bit in range(8):
            bits[place] ^= 1 << bit
            found.add(checksum(value))
            bits[place] ^= 1 << bit
    assert len(found) == 8 * len(places)
    assert before not in found
    assert checksum(value) == before


@pytest.mark.parametrize("width", [3, 2048])
def test_order_counts(width):
    """Rows, and single numbers that differ in the sign alone."""
    value = tensor((200, width), torch.float32)
    value[0, :2] = torch.tensor([1.5, -1.5])
    before = checksum(value)
    for one, other in ((0, 1), (0, 199), (63, 64), (5, 150)):
        swapped = value.clone()
        swapped[[one, other]] = value[[other, one]]
        assert checksum(swapped) != before
    swapped = value.clone()
    swapped[0, :2] = value[0, :2].flip(0)
    assert checksum(swapped) != before


def test_what_is_told_apart_and_what_is_not():
    value = tensor((6, 8), torch.float32)
    assert checksum(value) == checksum(value.clone())
    assert checksum(value) == checksum(value.T.contiguous().T)
    assert checksum(value) != checksum(value.view(8, 6))
    assert checksum(value) != checksum(value.view(torch.int32))
    assert checksum(torch.zeros(3)) != checksum(-torch.zeros(3))
    assert checksum(torch.zeros(0)) != checksum(torch.zeros(1))
    half = tensor((6, 9), torch.bfloat16)
    for start in range(4):  # a part may begin within a word of its storage
        assert checksum(half.flatten()[start:]) == checksum(half.flatten()[start:].clone())
    assert (
        checksum(torch.arange(12).view(3, 4)) == "494a9f03819348b8"
    )  # the same in every version and on every device


def test_a_fingerprint_is_the_models_whatever_wraps_it():
    model = tiny("llama").model
    plain = fingerprint(model)
    assert fingerprint(nn.DataParallel(model)) == plain
    assert fingerprint(torch.compile(model, backend="eager")) == plain
    assert fingerprint(nn.DataParallel(torch.compile(model, backend="eager"))) == plain
    model.model.layers[1] = torch.compile(model.model.layers[1], backend="eager")
    assert fingerprint(model) == plain
    assert fingerprint(tiny("llama", seed=1).model) != plain
