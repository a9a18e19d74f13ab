"""What an edit will cost, before any work starts: memory by stage, and arithmetic.

    print(plan("meta-llama/Meta-Llama-3-8B", layers=(4, 5, 6, 7, 8), dtype=torch.bfloat16, accelerator=True))
    plan(lm).fits(8e9)                      # [] if it does; otherwise what to change

Only the model's configuration is read: the weights are counted on torch's meta device, which holds none.
The figures follow what this package allocates, stage by stage; a stage's tensors are gone in the next,
but for those marked "kept". Real peaks were 14 to 20 % higher (results/plan.json): leave a fifth free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch

from ..config import EditorConfig, default_layers
from ..factkeys import FACTS_PER_PASS
from ..keys import TOKENS_PER_BATCH
from ..models import LanguageModel
from ..support.lists import layer_list
from .sizes import Shape, dtype_of, shape_of

HOST_EXTRAS = 0.13e9  # measured: the tokenizer, the Wikipedia leads, what loading leaves behind
STAGES = ("statistics", "null space", "targets z", "write")


@dataclass(frozen=True)
class Workload:
    """What is to be written, in sizes.

    Attributes:
        facts, past: facts in one call of ``edit``, and facts written before it.
        left, right: tokens of a prompt before the subject's last, prefixes included, and from it on.
        object: tokens of a new object.
        rank: of the null space as a share of d_ff: 1 is the most it can take.
    """

    facts: int = 100
    past: int = 0
    left: int = 14
    right: int = 8
    object: int = 2
    rank: float = 1.0


@dataclass(frozen=True)
class Item:
    """One thing that takes memory. ``stage`` None: always there. ``kept``: also in all later stages."""

    what: str
    bytes: float
    stage: str | None
    device: bool
    kept: bool = False


@dataclass(frozen=True)
class Plan:
    """Costs of an edit; print it for a table.

    Attributes:
        shape, layers, dtype: of what.
        items: what takes memory, see ``Item``.
        flops: arithmetic by stage, in floating-point operations.
        accelerator: whether the model is on a device of its own; statistics and null spaces stay with
            the host's memory.
    """

    shape: Shape
    layers: tuple[int, ...]
    dtype: torch.dtype
    items: tuple[Item, ...]
    flops: dict[str, float]
    accelerator: bool
    batch_size: int

    def memory(self, stage: str, device: bool) -> float:
        """Bytes in use during one stage, on the device or on the host (all of them without accelerator)."""
        now = STAGES.index(stage)
        return sum(
            item.bytes
            for item in self.items
            if (not self.accelerator or item.device == device)
            and (item.stage in (None, stage) or (item.kept and STAGES.index(str(item.stage)) < now))
        )

    @property
    def peak(self) -> float:
        """The most bytes in use at once, where the model is."""
        return max(self.memory(stage, True) for stage in STAGES)

    @property
    def host_peak(self) -> float:
        """The most bytes in use at once in the host's memory; 0 if that is ``peak`` already."""
        return max(self.memory(stage, False) for stage in STAGES) if self.accelerator else 0.0

    def seconds(self, flops_per_second: float) -> dict[str, float]:
        """Time by stage at a *sustained* rate (a laptop's core: some 5e10; an A100 in float32: 1e13)."""
        return {stage: flops / flops_per_second for stage, flops in self.flops.items()}

    def table(self) -> pd.DataFrame:
        """One row per item: gigabytes, where, and in which stage."""
        place = {True: "device", False: "host"}
        rows = [
            (item.what, item.bytes / 1e9, place[item.device or not self.accelerator], item.stage or "always")
            for item in self.items
        ]
        return pd.DataFrame(rows, columns=["what", "GB", "where", "stage"])

    def __str__(self) -> str:
        dtype = str(self.dtype).removeprefix("torch.")
        lines = [
            f"{self.shape.name}: {self.shape.parameters / 1e9:.2f} G parameters in {dtype}, "
            f"layers {', '.join(map(str, self.layers))}",
            self.table().to_string(index=False, float_format=lambda x: f"{x:.3f}"),
            f"peak {self.peak / 1e9:.2f} GB"
            + (f" on the device, {self.host_peak / 1e9:.2f} GB on the host" if self.accelerator else ""),
            "arithmetic: " + ", ".join(f"{k} {v / 1e12:.2f} TFLOP" for k, v in self.flops.items()),
        ]
        return "\n".join(lines)

    def fits(self, bytes: float, host_bytes: float | None = None) -> list[str]:
        """Whether the plan fits: an empty list, or what to change, the most helpful first.

        Args:
            bytes: memory where the model is.  host_bytes: of the host, if the model is elsewhere.
        """
        advice = []
        for stage in sorted(STAGES, key=lambda stage: -self.memory(stage, True)):
            if (need := self.memory(stage, True)) <= bytes:
                continue
            if (weights := self.items[0].bytes) > bytes:
                smaller = "" if self.dtype.itemsize == 2 else ", or load them with dtype=torch.bfloat16"
                return [f"The weights alone take {weights / 1e9:.1f} GB: use more devices{smaller}."]
            what = f"{stage} needs {need / 1e9:.1f} GB of {bytes / 1e9:.1f}: "
            if stage == "targets z" and self.batch_size > 1:
                advice.append(what + f"a smaller TargetConfig.batch_size than {self.batch_size}.")
            elif stage == "statistics" and self.accelerator:
                advice.append(
                    what + "keep the sums on the host (alphaedit_lite.scale.distributed --sums-on cpu)."
                )
            elif len(self.layers) > 1:
                advice.append(what + f"fewer layers than {len(self.layers)}, or one layer after the other.")
            if self.dtype.itemsize > 2:
                half = "weights in half the bytes, dtype=torch.bfloat16 (see alphaedit_lite.scale.precision)."
                advice.append(what + half)
            advice = advice or [what + "a larger device."]
        if self.accelerator and host_bytes is not None and self.host_peak > host_bytes:
            advice.append(
                f"The host needs {self.host_peak / 1e9:.1f} GB of {host_bytes / 1e9:.1f}: fewer layers than "
                f"{len(self.layers)} (statistics and null space of one: {16e-9 * self.shape.d_ff**2:.2f} GB)."
            )
        return list(dict.fromkeys(advice))


def plan(
    model: LanguageModel | Any | str,
    layers: Sequence[int] | None = None,
    config: EditorConfig | None = None,
    workload: Workload | None = None,
    *,
    dtype: torch.dtype | str | None = None,
    accelerator: bool = False,
    sums_on_host: bool = False,
) -> Plan:
    """Count what statistics, null spaces, targets and one call of ``edit`` will take.

    Args:
        model: see ``shape_of``; nothing is loaded but the configuration.
        layers: by default those of ``config``, or the default ones.
        dtype: of the weights, or its name; by default that of ``model`` if it is loaded, else float32.
        accelerator: the model is on a GPU; otherwise everything shares one memory.
        sums_on_host: with an accelerator, statistics are summed in the host's memory.

    Raises:
        ValueError: layers that the model does not have; a dtype that no model is loaded in.
    """
    shape, config, work = shape_of(model), config or EditorConfig(), workload or Workload()
    chosen = config.layers if layers is None else layer_list(layers)
    layers = tuple(sorted(chosen or default_layers(shape.n_layers)))
    if not all(0 <= layer < shape.n_layers for layer in layers):
        raise ValueError(f"The layers {layers} are not all among 0 to {shape.n_layers - 1}.")
    kind = dtype_of(model, dtype)
    items = _memory(shape, layers, config, work, kind.itemsize, not sums_on_host)
    flops, size = _arithmetic(shape, layers, config, work), config.targets.batch_size
    return Plan(shape, layers, kind, tuple(items), flops, accelerator, size)


def _memory(
    s: Shape, layers: tuple[int, ...], config: EditorConfig, work: Workload, size: int, sums: bool
) -> list[Item]:
    """Every tensor that matters, in bytes. ``size``: of a weight; ``sums``: statistics grow on the device."""
    n, square, matrix = len(layers), s.d_ff**2, s.d_model * s.d_ff
    rank = work.rank * s.d_ff if config.project != "no" or config.solver == "alphaedit" else 0.0
    spaces = 8 * n * s.d_ff * rank
    above = s.n_layers - 1 - layers[-1]
    # Through one block without gradients: gate, activation, key, its copy without padding, the stream.
    passing = (6 * s.d_ff + 5 * s.d_model) * size
    facts = min(work.facts, config.targets.batch_size)
    rows, width = facts * len(config.targets.prefixes), work.left + work.right
    # Attention with a padding mask keeps keys and values of all columns, as wide as the queries.
    per_token = (s.kept_ff * s.d_ff + 5 * s.d_model) * size
    graph = rows * above * (work.right * per_token + width * 2 * s.d_model * size)
    # Left of the subject: what is kept for all steps, and the copy that a step's cache begins with.
    caches = rows * 2 * s.kv * size * (2 * s.n_layers * work.left + above * width)
    losses = 4 * 4 * rows * work.object * s.vocabulary + 6 * 4 * facts * s.vocabulary
    keys = work.facts + work.past
    look = min(work.facts, FACTS_PER_PASS) * len(config.targets.prefixes) * (work.left + 1) * passing
    return [
        Item("weights", s.parameters * size, None, True),
        Item("tokenizer, texts", HOST_EXTRAS, None, False),
        Item("sums of k kᵀ, float64", 8 * n * square, "statistics", sums),
        Item("one product k kᵀ", 12 * square if sums else 4 * square, "statistics", True),
        *([] if sums else [Item("the product, moved", 12 * square, "statistics", False)]),
        Item("activations of a batch", TOKENS_PER_BATCH * passing, "statistics", True),
        Item("statistics loaded, float64", 8 * n * square, "null space", False, kept=True),
        *([Item("null spaces, float64", spaces, "null space", False, kept=True)] if rank else []),
        *([Item("work of the eigensolver", 32 * square, "null space", False)] if rank else []),
        Item("activations kept for the gradient", graph, "targets z", True),
        Item("attention caches", caches, "targets z", True),
        Item("logits and their gradients", losses, "targets z", True),
        Item("original weights", n * matrix * size, "write", True),
        Item("sums of updates, float64", 8 * n * matrix, "write", True),
        Item("one update being added", (32 if work.past else 16) * matrix + size * matrix, "write", True),
        Item("keys, and their system", 8 * (3 * keys * s.d_ff + 3 * keys**2), "write", True),
        *([Item("a null space on the device", 16 * s.d_ff * rank, "write", True)] if rank else []),
        Item("activations of the facts", look, "write", True),
    ]


def _arithmetic(s: Shape, layers: tuple[int, ...], config: EditorConfig, work: Workload) -> dict[str, float]:
    """Floating-point operations by stage: two per multiplication of a weight; attention is left out."""
    n, rows, facts = len(layers), len(config.targets.prefixes), work.facts
    above = s.n_layers - 1 - layers[-1]
    head = s.d_model * s.vocabulary
    step = 4 * (rows * work.right * above * s.block + (rows * work.object + 1) * head)
    once = 2 * rows * (work.left * s.n_layers + work.right * (layers[-1] + 1)) * s.block
    keys = facts + work.past
    solve = n * (4 * keys * work.rank * s.d_ff**2 + 2 * keys**2 * s.d_ff + keys**3 / 3)
    return {
        "statistics": config.tokens * 2.0 * ((layers[-1] + 1) * s.block + n * s.d_ff**2),
        "null space": 9.0 * n * s.d_ff**3,  # symmetric eigenproblem with all vectors, by divide and conquer
        "targets z": float(facts * (config.targets.steps * step + once)),
        "write": float(solve + 2 * facts * rows * (work.left + 1) * (2 * layers[-1] + 2) * s.block),
    }
