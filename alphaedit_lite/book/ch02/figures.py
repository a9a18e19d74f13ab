"""The figures of chapter 2: a block, the two forms of a key, what hears and says "while", and who adds what.

    show(*block_figure(), name="02_block")

Each function returns a figure and its alt text, computed from the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import gelu, silu

from ..kit.plots import COLORS, LINES, drawing

ORANGE, BLUE, GREY = COLORS[1], "#9ec9e8", "#dddddd"


def block_figure() -> tuple[Figure, str]:
    """A block as boxes: the stream on the left; attention and the feed-forward layer add to it."""
    boxes = [  # x, y, text, colour
        (1.0, 0.3, "hidden state $h$\n$d_{model}$ numbers for each token", "white"),
        (4.5, 1.5, "attention: looks at other tokens\n(its own K and V are not ours)", "white"),
        (4.5, 3.6, "norm, then $W_{gate}$ and $W_{up}$:\n$d_{ff}$ questions about $x$", GREY),
        (4.5, 4.8, "the key $k$: $d_{ff}$ coefficients\n$k_1, k_2, \\ldots$ (one for each neuron)", ORANGE),
        (4.5, 6.0, "$W$, the memory matrix:\nits column $i$ is the value $v_i$", BLUE),
        (1.0, 7.4, "new $h$", "white"),
    ]
    arrows = [((1, 0.7), (1, 7.1)), ((1.0, 1.5), (3.1, 1.5)), ((3.1, 1.85), (1.05, 2.4))]
    arrows += [((1, 3.6), (3.2, 3.6)), ((4.5, 3.95), (4.5, 4.42)), ((4.5, 5.15), (4.5, 5.62))]
    arrows += [((3.3, 6.0), (1.05, 6.0))]
    notes = [(6.6, 1.5, "first half"), (6.6, 4.8, "second half:\nfeed-forward layer")]
    notes += [(1.6, 6.25, "adds $W k$")]
    with drawing(size=(6.4, 4.2)) as (figure, axis):
        for x, y, text, color in boxes:
            style = {"boxstyle": "round,pad=0.5", "facecolor": color, "edgecolor": "black"}
            axis.text(x, y, text, ha="center", va="center", fontsize=8, bbox=style)
        for start, end in arrows:
            axis.annotate("", end, start, arrowprops={"arrowstyle": "->"})
        for x, y, text in notes:
            axis.text(x, y, text, fontsize=9, va="center", style="italic")
        axis.set(xlim=(-0.6, 8.2), ylim=(-0.2, 7.9), xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    said = "; ".join(text.replace("\n", " ") for _, _, text, _ in boxes)
    return figure, f"A block as boxes. {said}. Both halves add to the hidden state."


def forms_figure(key: Tensor, title: str) -> tuple[Figure, str]:
    """gelu; silu times some b; and the coefficients of one real key, [d_ff]."""
    a = torch.linspace(-6, 6, 601)
    with drawing(1, 3, size=(7, 2.6)) as (figure, axes):
        axes[0].plot(a, gelu(a), color="black")
        axes[0].set(title="GPT-2's form: $k_i$ = gelu(a)", xlabel="answer a to the question", ylim=(-6, 6))
        for up, line, color in zip((2, 1, -1, -2), LINES, COLORS, strict=False):
            axes[1].plot(a, up * silu(a), linestyle=line, color=color, label=f"b = {up}")
        axes[1].set(title="gated: $k_i$ = silu(a) · b", xlabel="answer a to the first question", ylim=(-6, 6))
        axes[1].legend(frameon=False, fontsize=7)
        axes[2].hist(key.cpu().numpy(), bins=60, range=(-1, 1), color=COLORS[0])
        axes[2].set(title=title, xlabel="coefficient $k_i$ (cut at ±1)", ylabel="neurons")
    negative = float((key < 0).float().mean())
    said = f"gelu never falls below {gelu(a).min():.2f}; silu times b takes both signs. "
    return figure, said + f"The real key's coefficients lie around 0; {negative:.0%} are negative."


def strip_figure(groups: Mapping[str, Tensor], title: str) -> tuple[Figure, str]:
    """One neuron's coefficients: a row of marks for each group of contexts."""
    with drawing(size=(5.5, 1.9)) as (figure, axis):
        for y, values in enumerate(some.cpu() for some in groups.values()):
            axis.plot(values, torch.full_like(values, y), "xo"[y % 2], color=COLORS[y], alpha=0.7)
        axis.set(ylim=(-0.5, len(groups) - 0.5), xlabel="coefficient", title=title)
        axis.set_yticks(range(len(groups)), list(groups))
    said = (f"{name}: between {v.min():.1f} and {v.max():.1f}" for name, v in groups.items())
    return figure, f"{title}, coefficients. {'; '.join(said)}."


def bars_figure(values: Tensor, labels: tuple[str, str]) -> tuple[Figure, str]:
    """One bar for each block."""
    with drawing(size=(5.5, 2.3)) as (figure, axis):
        axis.bar(range(len(values)), values.cpu(), color=COLORS[0])
        axis.set(xlabel=labels[0], ylabel=labels[1])
    return figure, f"{labels[1]} by {labels[0]}: {', '.join(f'{v:.0f}' for v in values)}."


def parts_figure(parts: Mapping[str, tuple[Tensor, Tensor]]) -> tuple[Figure, str]:
    """What attention and the feed-forward layer of each block add: title -> two tensors, [blocks]."""
    said = []
    with drawing(1, len(parts), size=(3.5 * len(parts) + 1, 2.8), sharey=True, squeeze=False) as (f, axes):
        for axis, (title, (attention, memories)) in zip(axes[0], parts.items(), strict=True):
            x = torch.arange(len(memories))
            axis.bar(x - 0.2, attention.cpu(), 0.4, color=ORANGE, label="attention")
            axis.bar(x + 0.2, memories.cpu(), 0.4, color=COLORS[0], hatch="////", label="feed-forward layer")
            axis.axhline(0, color="black", linewidth=0.6)
            axis.set(xlabel="block", title=title)
            most = f"most in block {int(attention.argmax())} and {int(memories.argmax())}"
            sums = f"attention adds {attention.sum():.1f}, feed-forward {memories.sum():.1f}"
            said.append(f"{title}: {sums}, {most}")
        axes[0][0].set_ylabel("added to the logit")
        axes[0][0].legend(frameon=False, fontsize=7)
    return f, f"{'. '.join(said).replace(chr(10), ' ')}."


def sum_figure(ordered: Tensor) -> tuple[Figure, str]:
    """Contributions, in descending order, added up one by one."""
    total, support = float(ordered.sum()), float(ordered.clamp_min(0).sum())
    with drawing(size=(6, 2.6)) as (figure, axis):
        axis.plot(range(1, len(ordered) + 1), ordered.cumsum(0).cpu(), color=COLORS[0])
        axis.axhline(total, linestyle="--", color="black", linewidth=0.8)
        axis.text(1.2, total + 0.02 * support, "what is left in the end", fontsize=8)
        axis.set(xscale="log", xlabel="neurons, the strongest supporter first", ylabel="sum so far")
    said = f"The sum of contributions rises to {support:.0f} over {int((ordered > 0).sum())} supporters, "
    return figure, said + f"then the others take it down to {total:.1f}."


def off_figure(curves: Mapping[str, Sequence[float]], counts: Sequence[int], word: str) -> tuple[Figure, str]:
    """A word's probability while more and more neurons are off."""
    with drawing(size=(5.5, 2.6)) as (figure, axis):
        for (name, values), style, color in zip(curves.items(), ("o-", "x--", "s:"), COLORS, strict=False):
            axis.plot(counts, values, style, color=color, label=name)
        axis.set(xscale="log", xlabel="neurons off", ylabel=f"P({word})", ylim=(0, 1))
        axis.set_xticks(counts, [str(n) for n in counts])
        axis.legend(frameon=False)
    listed = (f"{name} {', '.join(f'{p:.2f}' for p in values)}" for name, values in curves.items())
    return figure, f"P({word}) with {', '.join(map(str, counts))} neurons off: {'; '.join(listed)}."


def promised_figure(promised: Sequence[float], happened: Sequence[float]) -> tuple[Figure, str]:
    """By block: the change of a logit that arithmetic promises, and the one that happened."""
    blocks = range(len(promised))
    with drawing(size=(6.4, 2.7)) as (figure, axis):
        axis.plot(blocks, promised, "o", mfc="none", label="promised: minus its contribution")
        axis.plot(blocks, happened, "x", color=COLORS[4], label="happened")
        axis.axhline(0, color="black", linewidth=0.5)
        axis.set(xlabel="block of the neuron that is off", ylabel="change of the logit")
        axis.legend(frameon=False, fontsize=8)
    pairs = ", ".join(f"{p:.1f} {h:.1f}" for p, h in zip(promised, happened, strict=True))
    return figure, f"Promised and happened, by block: {pairs}."


def agreement_figure(says: Tensor) -> tuple[Figure, str]:
    """By block, [blocks, 4]: loudness of the true and of shuffled followers, and both agreement rates."""
    blocks, rate = range(len(says)), 100 * says[:, 2]
    with drawing(1, 2, size=(7, 2.7)) as (figure, axes):
        axes[0].plot(blocks, says[:, 0], "o-", ms=3, color=COLORS[0], label="token that really follows")
        axes[0].plot(blocks, says[:, 1], "x--", ms=3, color=COLORS[4], label="shuffled (chance)")
        axes[0].set(xlabel="block", ylabel="loudness in σ, mean")
        axes[0].legend(frameon=False, fontsize=7)
        axes[1].bar(blocks, rate, color=COLORS[0])
        axes[1].plot(blocks, 100 * says[:, 3], "x--", ms=3, color=COLORS[4])
        axes[1].set(xlabel="block", ylabel="agreement rate in %")
    alt = f"Mean loudness of the following token by block: {', '.join(f'{v:.2f}' for v in says[:, 0])}. "
    alt += (
        f"Shuffled: always below {says[:, 1].max():.2f}. Agreement rate: at most {rate.max():.1f}%, in block "
    )
    return figure, alt + f"{int(rate.argmax())}; shuffled at most {100 * float(says[:, 3].max()):.2f}%."
