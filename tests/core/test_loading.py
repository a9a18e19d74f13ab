"""What a model is loaded as, and which texts its statistics are read from: names that are none are told."""

import pytest
import torch

from alphaedit_lite import key_statistics
from alphaedit_lite.support.loading import floating, load_model
from tests.conftest import tiny


@pytest.mark.parametrize("dtype", [torch.bfloat16, "bfloat16", "torch.bfloat16"])
def test_a_type_or_its_name(dtype, tmp_path):
    lm = tiny("llama")
    lm.model.save_pretrained(tmp_path)
    lm.tokenizer.save_pretrained(tmp_path)
    assert floating(dtype) == torch.bfloat16
    assert load_model(str(tmp_path), dtype=dtype).weight(0).dtype == torch.bfloat16
    assert load_model(str(tmp_path), dtype="auto").weight(0).dtype == torch.float32


@pytest.mark.parametrize("dtype", ["bf16", torch.int8, "int8", "load", None, 16])
def test_no_type_of_weights(dtype):
    with pytest.raises(ValueError, match=f"dtype must be a floating-point type.* not {dtype!r}"):
        load_model(dtype=dtype)


def test_one_text_and_a_file_are_no_data_set(tmp_path):
    lm, path = tiny("llama"), tmp_path / "corpus.txt"
    path.write_text("Rome is the capital of Italy.")
    with pytest.raises(TypeError, match=r"not one text: \['The weather was mild"):
        key_statistics(lm, (1,), texts="The weather was mild that day. Rome is the capital.")
    with pytest.raises(TypeError, match=r"is a file, and no data set's name: give its texts"):
        key_statistics(lm, (1,), texts=str(path))
