"""The planner and the figures of chapter 15 work without a front end, and without the default model."""

import pytest
import torch

from alphaedit_lite import Edit
from alphaedit_lite.book.ch15.experiments import FAMILIES, MACHINES, edit_family, planned, shape, verdict
from alphaedit_lite.book.ch15.figures import arithmetic_figure, drift_figure, gap_figure, measured_figure
from alphaedit_lite.book.ch15.rounding import lora_logits, noise_and_signal, rounded_one_by_one
from alphaedit_lite.book.ch15.widgets import PlannerWidget
from alphaedit_lite.models import ARCHITECTURES
from alphaedit_lite.scale.plan import plan
from alphaedit_lite.scale.sizes import shape_of
from tests.conftest import CORPUS, train_tokenizer


def test_every_control_redraws():
    widget = PlannerWidget()
    said = []
    for control, value in (
        (widget.model, "GPT2-XL"),
        (widget.dtype, "float32"),
        (widget.layers, 1),
        (widget.facts, 1000),
        (widget.past, 5000),
        (widget.sums, True),
        (widget.gpu, False),
    ):
        control.value = value
        (output,) = widget.output.outputs
        assert "image/png" in output["data"]
        said.append(output["data"]["text/plain"])
    assert len(set(said)) == len(said)
    assert "GPT2-XL, 1 layers, float32" in said[-1]
    assert "in one memory" in said[-1]
    assert "on the host" in said[0]


def test_plans_of_published_models_are_the_packages_own():
    made = planned("Llama-3-8B", torch.bfloat16)
    assert made.layers == (4, 5, 6, 7, 8)
    assert made.shape.parameters == 8_030_261_248
    assert shape("GPT-J-6B").parameters == pytest.approx(6.05e9, rel=0.01)
    assert planned("GPT-J-6B", layers=2).layers == (7, 8)
    assert shape_of(shape("GPT2-XL")) is shape("GPT2-XL")
    assert plan(shape("GPT2-XL"), (13, 14)).shape == shape("GPT2-XL")
    assert verdict(planned("Llama-3-8B", torch.float32), "A100 40 GB") == "weights too large"
    assert verdict(planned("GPT2-XL"), "A100 80 GB") == "runs"
    assert verdict(planned("Llama-3-8B", layers=1), "Colab, T4") == "weights too large"
    assert verdict(planned("GPT-J-6B"), "A100 80 GB") == "runs"
    assert set(MACHINES) >= {"Colab, CPU", "A100 40 GB"}


def test_families_are_those_of_the_table_and_change_two_matrices():
    assert set(FAMILIES) <= set(ARCHITECTURES)
    for family in ("gpt2", "gemma"):
        row = edit_family(family, train_tokenizer(), CORPUS * 20)
        assert row["changed"] == 2
        assert row["as intended"]
        assert row["restored"]


def test_rounding_is_counted_as_it_is():
    torch.manual_seed(0)
    W, residual, gain = torch.randn(20, 30), 1e-3 * torch.randn(5, 20), torch.randn(5, 30)
    edit = Edit((), "", residual={0: residual}, gain={0: gain}, keys={0: torch.randn(5, 30)})
    for dtype in (torch.bfloat16, torch.float16):
        found = noise_and_signal(W, edit, 0, dtype)
        start = W.to(dtype).double()
        stored = (start + edit.delta(0)).to(dtype).double()
        assert found["entries unchanged"] == pytest.approx(float((stored == start).double().mean()))
        assert found["of the matrix"] == pytest.approx(
            float((stored - start - edit.delta(0)).norm() / edit.delta(0).norm())
        )
        ((_, each, once),) = rounded_one_by_one(W, residual, gain, dtype, (5,))
        assert once == pytest.approx(found["of the matrix"])
        assert each > 0
    ((_, each, once),) = rounded_one_by_one(W, residual[:1], gain[:1], torch.bfloat16, (1,))
    assert each == once


def test_an_adapter_beside_is_the_sum(lm):
    layer, ids = 1, torch.tensor([[5, 6, 7]])
    B, A = 0.1 * torch.randn(lm.d_model, 2), torch.randn(2, lm.d_ff)
    with torch.no_grad():
        before = lm.model(ids).logits
        beside = lora_logits(lm, {layer: (B, A)}, ids)
        assert torch.equal(lm.model(ids).logits, before)  # the hooks are gone
        lm.weight(layer).add_(B @ A)
        torch.testing.assert_close(lm.model(ids).logits, beside, atol=1e-4, rtol=1e-4)


def test_figures_say_their_numbers():
    assert "a: x 75%, y 25%" in arithmetic_figure({"a": {"x": 3e15, "y": 1e15}})[1]
    assert "planned 100, real 120" in measured_figure({"m": {"planned": 100, "peak": 120}})[1]
    types = {"bfloat16": torch.bfloat16, "float16": torch.float16}
    assert "0% arrives" in gap_figure(1.5, 0.001, types)[1]  # half a gap is 0.0039
    assert "2 facts: 20% lost" in drift_figure({"t": [(1, 0.1, 0.1), (2, 0.2, 0.1)]})[1]
