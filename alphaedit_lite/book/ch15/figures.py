"""The figures of chapter 15: memory by stage, arithmetic, numbers that a type can hold, and lost updates.

    show(*memory_figure({"Llama-3-8B": planned("Llama-3-8B")}), name="15_memory")

Every function returns a figure and its alt text, computed from the data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure

from ...scale.plan import STAGES, Plan
from ..kit.plots import COLORS, LINES, drawing, legend

MARKS = (15, 40, 80)  # gigabytes of a T4 and of two kinds of A100
HATCHES = ("", "///", "...", "xx")


def memory_figure(plans: Mapping[str, Plan], marks: Sequence[float] = MARKS) -> tuple[Figure, str]:
    """A panel for each plan: gigabytes by stage, on the device (weights in grey) and on the host."""
    said = []
    top = 1.08 * max(max(made.peak, made.host_peak) for made in plans.values()) / 1e9
    top = next((1.1 * mark for mark in marks if mark > top), top)  # the next machine is in the picture
    size = (max(3.4, 2.4 * len(plans)), 3.0)
    with drawing(1, len(plans), size=size, sharey=True, squeeze=False) as (figure, axes):
        for axis, (title, made) in zip(axes[0], plans.items(), strict=True):
            weights = made.items[0].bytes / 1e9
            parts = []
            for x, stage in enumerate(STAGES):
                here, host = made.memory(stage, True) / 1e9, made.memory(stage, False) / 1e9
                left, wide = (x - 0.19, 0.36) if made.accelerator else (x, 0.6)
                axis.bar(left, weights, wide, color="0.75", label="weights" if not x else None)
                more = {"color": COLORS[0], "label": "more on the device" if made.accelerator else "more"}
                axis.bar(
                    left, here - weights, wide, bottom=weights, **(more | ({} if not x else {"label": None}))
                )
                if made.accelerator:
                    label = {"label": "host" if not x else None}
                    axis.bar(
                        x + 0.19, host, wide, color=COLORS[1], hatch="///", edgecolor="black", lw=0.4, **label
                    )
                parts.append(f"{stage} {here:.1f}" + (f" and {host:.1f}" if made.accelerator else ""))
            for mark in marks:
                if mark < top:
                    axis.axhline(mark, color="0.35", lw=0.8, ls=":")
                    text: dict[str, Any] = {"fontsize": 7, "ha": "right", "va": "bottom", "color": "0.1"}
                    back = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}
                    axis.text(3.5, mark + 0.01 * top, f"{mark:g} GB", bbox=back, **text)
            axis.set_xticks(range(len(STAGES)), [stage.replace(" ", "\n") for stage in STAGES], fontsize=7)
            axis.set(ylim=(0, top))
            axis.set_title(title, fontsize=8)
            where = "on the device and on the host" if made.accelerator else "in one memory"
            said.append(f"{title}, gigabytes {where}: {', '.join(parts)}; weights {weights:.1f}.")
        axes[0][0].set_ylabel("gigabytes in use")
        legend(figure, axes[0][0], ncols=3, fontsize=8)
    return figure, " ".join(said)


def arithmetic_figure(rows: Mapping[str, Mapping[str, float]]) -> tuple[Figure, str]:
    """Shares of the arithmetic by stage. rows: label -> {stage: operations}."""
    said, labels = [], []
    with drawing(size=(6.6, 0.7 + 0.42 * len(rows))) as (figure, axis):
        for y, (label, parts) in enumerate(rows.items()):
            whole, left = sum(parts.values()), 0.0
            for (stage, count), color, hatch in zip(parts.items(), COLORS, HATCHES, strict=False):
                bar = {"color": color, "hatch": hatch, "edgecolor": "white", "lw": 0.5}
                axis.barh(y, count / whole, 0.62, left=left, label=stage if not y else None, **bar)
                left += count / whole
            labels.append(f"{label}\n{whole / 1e15:.2g} PFLOP")
            said.append(
                f"{label}: " + ", ".join(f"{stage} {count / whole:.0%}" for stage, count in parts.items())
            )
        axis.set_yticks(range(len(rows)), labels, fontsize=7.5)
        axis.invert_yaxis()
        axis.set(xlim=(0, 1), xlabel="share of the arithmetic")
        legend(figure, axis, "outside upper center", ncols=4)
    return figure, f"Shares of the arithmetic. {'; '.join(said)}."


def measured_figure(measured: Mapping[str, Mapping[str, Any]]) -> tuple[Figure, str]:
    """Planned and real peak memory, in megabytes: the entry "measured" of results/plan.json."""
    said = []
    with drawing(size=(6.0, 0.8 + 0.36 * len(measured))) as (figure, axis):
        for y, (name, row) in enumerate(measured.items()):
            axis.barh(y, row["planned"], 0.55, color="0.75", label="planned" if not y else None)
            axis.plot(row["peak"], y, "D", color=COLORS[0], ms=6, label="real peak" if not y else None)
            axis.text(
                row["peak"] + 60, y, f"{row['peak'] / row['planned'] - 1:+.0%}", va="center", fontsize=8
            )
            said.append(f"{name}: planned {row['planned']}, real {row['peak']}")
        axis.set_yticks(range(len(measured)), list(measured), fontsize=8)
        axis.invert_yaxis()
        axis.set(xlabel="megabytes", xlim=(0, 1.15 * max(row["peak"] for row in measured.values())))
        axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure, f"Peak memory in megabytes. {'; '.join(said)}."


def gap_figure(w: float, delta: float, dtypes: Mapping[str, torch.dtype]) -> tuple[Figure, str]:
    """One weight and its update among the numbers that each type can hold: a line of numbers for each."""
    said = []
    reach = 2.2 * max(
        abs(delta), float(torch.finfo(torch.bfloat16).eps) * 2.0 ** math.floor(math.log2(abs(w)))
    )
    with drawing(len(dtypes), 1, size=(6.6, 0.95 * len(dtypes) + 0.3), sharex=True) as (figure, axes):
        for axis, (name, dtype) in zip(axes, dtypes.items(), strict=True):
            start = float(torch.tensor(w, dtype=torch.float64).to(dtype))
            exact = start + delta
            end = float(torch.tensor(exact, dtype=torch.float64).to(dtype))
            span = torch.linspace(w - reach, w + reach, 4001, dtype=torch.float64)
            held = span.to(dtype).double().unique().tolist()
            axis.vlines(held, 0, 0.35, color="0.45", lw=1.2 if len(held) < 40 else 0.5)
            axis.axhline(0, color="0.45", lw=0.8)
            axis.annotate(
                "", (exact, 0.75), (start, 0.75), arrowprops={"arrowstyle": "->", "color": COLORS[0]}
            )
            axis.plot(start, 0.75, "o", color=COLORS[0], ms=4)
            axis.annotate(
                "", (end, 0.36), (exact, 0.74), arrowprops={"arrowstyle": "->", "color": "0.2", "ls": ":"}
            )
            axis.plot(end, 0.36, "v", color=COLORS[1], mec="black", ms=8)
            axis.set(ylim=(-0.05, 1.1), yticks=[], xlim=(w - reach, w + reach))
            axis.spines["left"].set_visible(False)
            axis.set_title(f"{name}: {len(held)} numbers in view", fontsize=8, loc="left")
            arrives = (end - start) / delta
            said.append(f"{name} holds {len(held)} numbers here; of Δ = {delta:.2g}, {arrives:.0%} arrives")
        axes[-1].set_xlabel("blue: W → W + Δ; triangle: the number that is stored")
    return figure, f"A weight {w:.4f} and its update. {'; '.join(said)}."


def drift_figure(found: Mapping[str, Sequence[tuple[int, float, float]]]) -> tuple[Figure, str]:
    """Lost share of ΣΔ by number of facts, rounded after each and once. found: type -> (n, each, once)."""
    said = []
    with drawing(size=(5.8, 2.9)) as (figure, axis):
        for (name, rows), color, mark in zip(found.items(), COLORS, "os^", strict=False):
            n = [row[0] for row in rows]
            for column, line, how in ((1, LINES[0], "after each fact"), (2, LINES[1], "once")):
                label = f"{name}, rounded {how}"
                axis.semilogy(
                    n, [row[column] for row in rows], color=color, ls=line, marker=mark, ms=4, label=label
                )
            each, once = rows[-1][1:]
            said.append(f"{name}, {n[-1]} facts: {each:.0%} lost if rounded each time, {once:.0%} if once")
        axis.set(xlabel="facts written, one by one", ylabel="lost share of ‖ΣΔ‖")
        axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure, f"{'; '.join(said)}."
