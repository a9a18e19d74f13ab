"""What the book's widgets share: controls above, one figure below, redrawn whenever a control changes.

When the book is built, a widget also leaves a picture for each place of its first control (``frames``): the
site has no kernel, and moves through these.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as w
from IPython.display import display
from matplotlib.figure import Figure

from .plots import bundle, small

PLACES = 17  # of a slider, at most, in pictures


def labelled(room: str, width: str = "80%") -> dict[str, Any]:
    """How a widget's controls look that have this room for their descriptions, and share this width."""
    return {"layout": w.Layout(width=width), "style": {"description_width": room}}


class FigureWidget(ABC):
    """Subclasses write ``draw``, which ends with ``self._put(figure, alt)``.

    Attributes:
        moves: the controls that the site can move, the first one if nothing else is said.
    """

    moves: Sequence[Any]

    def __init__(self, controls: list[Any]) -> None:
        self.controls, self.output, self.message = controls, w.Output(), w.HTML()
        self.moves = controls[:1]
        for control in controls:
            control.observe(lambda _: self.draw(), "value")
        self.draw()

    def show(self) -> None:
        """Display the widget."""
        if self.moves and (folder := os.environ.get("ALPHAEDIT_FIGURES")):
            frames(self, Path(folder) / "frames")
        display(w.VBox([*self.controls, self.message, self.output]))

    @abstractmethod
    def draw(self) -> None:
        """Draw for the values of the controls."""

    def _put(self, figure: Figure, alt: str) -> None:
        self.message.value = html.escape(alt)
        # Set as a whole: the same with and without a front end.
        self.output.outputs = ({"output_type": "display_data", "data": bundle(figure, alt), "metadata": {}},)


class WritingWidget(FigureWidget):
    """One whose first control may also be written with: a button, and what happened then.

    Args:
        label: the button's.
        write: writes facts with the control's value, and says in a sentence what happened.
    """

    def __init__(self, controls: list[Any], label: str, write: Callable[[float], str]) -> None:
        self._write = write
        self.button = w.Button(description=label, button_style="primary", icon="pencil")
        self.button.on_click(lambda _: self.write())
        self.result = w.HTML()
        super().__init__(controls)

    def write(self) -> None:
        """Write with the chosen value; an error becomes a sentence."""
        self.result.value, self.button.disabled = "<i>Writing …</i>", True
        try:
            self.result.value = html.escape(self._write(float(self.controls[0].value)))
        except Exception as error:
            self.result.value = f"<b>That did not work.</b> {html.escape(str(error))}"
        finally:
            self.button.disabled = False


def places(control: Any) -> list[Any]:
    """The values of a control that are drawn for the site: all of a choice, some of a slider."""
    if hasattr(control, "options"):
        return [value for _, value in control._options_full]
    if isinstance(control, w.FloatLogSlider):
        low, high = control.min, control.max
        return [control.base ** (low + (high - low) * i / (PLACES - 1)) for i in range(PLACES)]
    steps = round((control.max - control.min) / control.step)
    every = -(-steps // (PLACES - 1))
    return [type(control.value)(control.min + control.step * i) for i in range(0, steps + 1, every)]


def frames(widget: FigureWidget, folder: Path) -> None:
    """Draw a widget at all places of its ``moves``, and leave the pictures in ``folder``/CLASS.

    The controls are then what they were.
    """
    before = [control.value for control in widget.moves]
    values = [places(control) for control in widget.moves]
    drawn = {}
    for place in itertools.product(*(range(len(some)) for some in values)):
        for control, some, i in zip(widget.moves, values, place, strict=True):
            control.value = some[i]
        drawn[place] = widget.output.outputs[0]["data"]
    for control, value in zip(widget.moves, before, strict=True):
        control.value = value
    controls = [
        {
            "label": control.description,
            "places": [_said(control, value) for value in some],
            "start": min(range(len(some)), key=lambda i: _apart(some[i], value)),
        }
        for control, some, value in zip(widget.moves, values, before, strict=True)
    ]
    save_frames(folder / type(widget).__name__, controls, drawn)


def save_frames(folder: Path, controls: list[dict[str, Any]], drawn: dict[tuple[int, ...], Any]) -> None:
    """Write pictures and frames.json, which says what the site shows where.

    Args:
        controls: each with its "label", its "places" in words, and the number of the one to "start" with.
        drawn: by the numbers of the places, a ``plots.bundle``.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    listed = {}
    for place, data in drawn.items():
        name = "-".join(map(str, place))
        (folder / f"{name}.png").write_bytes(small(base64.b64decode(data["image/png"]), 0))
        listed[name] = data["text/plain"]
    text = json.dumps({"controls": controls, "frames": listed}, ensure_ascii=False, indent=1)
    (folder / "frames.json").write_text(f"{text}\n", encoding="utf-8")


def _said(control: Any, value: Any) -> str:
    if hasattr(control, "options"):
        return next(label for label, one in control._options_full if one == value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _apart(one: Any, other: Any) -> float:
    return abs(one - other) if isinstance(one, int | float) else float(one != other)
