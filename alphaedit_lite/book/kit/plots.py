"""Figures of the book: one style, readable in grey, with alt text computed from the data."""

from __future__ import annotations

import base64
import html
import importlib.util
import io
import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from IPython.display import display
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import Image

# Okabe and Ito's colours: told apart by colour-blind readers, and of different lightness in grey.
OLD, NEW = "#0072B2", "#E69F00"
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#000000")
LINES = ("-", "--", ":", "-.", (0, (3, 1, 1, 1, 1, 1)))  # a second way to tell lines apart, for grey print


def fonts() -> list[str]:
    """Matplotlib's own font, and behind it one with Japanese letters (IPAex Gothic, matplotlib-fontja)."""
    if (package := importlib.util.find_spec("matplotlib_fontja")) and package.origin:
        path = Path(package.origin).parent / "fonts" / "ipaexg.ttf"  # not imported: that would set it for all
        font_manager.fontManager.addfont(path)
        return ["DejaVu Sans", font_manager.FontProperties(fname=path).get_name()]
    return ["DejaVu Sans"]


STYLE: dict[Any, Any] = {
    "font.family": fonts(),
    "figure.dpi": 110,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "alphaedit",  # the same figure gives the same file
}


@contextmanager
def drawing(
    rows: int = 1, columns: int = 1, size: tuple[float, float] = (6.4, 3.2), **options: Any
) -> Iterator[Any]:
    """The book's style, and a figure with its axes: ``with drawing(1, 2) as (figure, axes): …``.

    One axis comes alone, several as an array, as from ``plt.subplots``, which takes ``options``.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        yield figure, figure.subplots(rows, columns, **options)


def styled(items: Iterable[Any], marks: str = "os^vD", ms: float = 4) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each of up to five things to draw, with a colour, a line and a marker of its own."""
    for item, color, line, mark in zip(items, COLORS, LINES, marks, strict=False):
        yield item, {"color": color, "ls": line, "marker": mark, "ms": ms}


def ticks(axis: Any, places: Iterable[float]) -> None:
    """Label those of some places that an axis (``xaxis`` or ``yaxis``) shows, and nothing between them."""
    low, high = axis.get_view_interval()
    there = [place for place in places if low <= place <= high]
    axis.set_ticks(there, [f"{t:g}" if t < 1e4 else f"$10^{{{math.log10(t):.0f}}}$" for t in there])
    axis.set_ticks([], minor=True)


def legend(figure: Figure, axis: Any, loc: Any = "outside lower center", **options: Any) -> None:
    """One legend for a whole figure, of what one axis shows; ``options`` as of ``Figure.legend``."""
    figure.legend(*axis.get_legend_handles_labels(), loc=loc, frameon=False, **options)


def bundle(figure: Figure, alt: str) -> dict[str, str]:
    """A figure as a notebook output: PNG, HTML with ``alt`` as its text, and the text alone."""
    buffer = io.BytesIO()
    with mpl.rc_context({"font.family": STYLE["font.family"]}):  # some ticks are labelled only now
        figure.savefig(buffer, format="png", bbox_inches="tight")
    data = base64.b64encode(small(buffer.getvalue())).decode()
    image = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
    return {"text/html": image, "image/png": data, "text/plain": alt}


def small(png: bytes, limit: int = 55_000) -> bytes:
    """The picture itself, or, if it is large, the same with 128 colours: a notebook holds many of them."""
    if len(png) <= limit:
        return png
    buffer = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def show(figure: Figure, alt: str, name: str) -> None:
    """Display a figure with its alt text. When the book is built, ``name``.svg is saved as well."""
    if folder := os.environ.get("ALPHAEDIT_FIGURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        with mpl.rc_context(STYLE):
            figure.savefig(
                Path(folder) / f"{name}.svg", bbox_inches="tight", metadata={"Date": None, "Description": alt}
            )
    display(bundle(figure, alt), raw=True)


def before_and_after(states: dict[str, pd.DataFrame]) -> tuple[Figure, str]:
    """Bars of P(old object) and P(new object) for each prompt, one panel per state of the model.

    Args:
        states: title -> the table that ``demo.probe`` made in that state; equal prompts in each.

    Returns:
        the figure, and its alt text.
    """
    first = next(iter(states.values()))
    size = (3.2 + 2.2 * len(states), 0.6 + 0.42 * len(first))
    with drawing(1, len(states), size, sharey=True, squeeze=False) as (figure, (axes,)):
        for axis, (title, table) in zip(axes, states.items(), strict=True):
            y = range(len(table))
            axis.barh([i - 0.18 for i in y], table.p_old, 0.34, color=OLD, label="old answer")
            axis.barh(
                [i + 0.18 for i in y], table.p_new, 0.34, color=NEW, hatch="///", edgecolor="black",
                linewidth=0.4, label=f"new answer: {table.new.iloc[0]}",
            )  # fmt: skip
            axis.set_xlim(0, 1)
            axis.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
            axis.set_title(title, loc="left", fontweight="bold")
            axis.set_xlabel("probability")
        axes[0].set_yticks(
            range(len(first)), [f"{r.kind}: {r.prompt} … [{r.old}]" for r in first.itertuples()], fontsize=7
        )
        axes[0].invert_yaxis()
        legend(figure, axes[0], "outside lower right", ncols=2)
    return figure, " ".join(_describe(title, table) for title, table in states.items())


def _describe(title: str, table: pd.DataFrame) -> str:
    parts = [f"{r.prompt}: {r.old} {r.p_old:.2f}, {r.new} {r.p_new:.2f}" for r in table.itertuples()]
    return f"{title}. {'; '.join(parts)}."
