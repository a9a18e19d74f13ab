"""The widgets of chapter 10: a player over streams of edits, and the knobs of the sweep.

    StreamPlayer(streams).show()          # streams: editor -> stream, as ``streams.read_stream`` gives it
    FrontWidget(fronts).show()            # fronts: ``kit.fronts.Fronts``

Choose an editor, and move along its checkpoints: the cohorts, the update, the perplexity, and what the model
says. The chapter's printed twin is drawn from the same files.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

import ipywidgets as w

from ..kit.fronts import Fronts
from ..kit.stream_figures import player_figure, says
from ..kit.streams import Stream
from ..kit.widget import FigureWidget, labelled
from .figures import knob_figure

METRICS = {
    "the fact is named first": "efficacy_top1",
    "a paraphrase is named first": "generalization_top1",
    "neighbours keep their answer": "specificity",
}


class StreamPlayer(FigureWidget):
    """An editor, a checkpoint and a metric; what was measured then, and what the model said."""

    def __init__(self, streams: Mapping[str, Stream]) -> None:
        self.streams = dict(streams)
        wide = labelled("7em")
        self.editor = w.Dropdown(options=list(self.streams), description="Editor", **wide)
        self.metric = w.Dropdown(options=list(METRICS.items()), description="Score", **wide)
        self.edits = w.SelectionSlider(options=self.places(), description="Edits", **wide)
        self.editor.observe(lambda _: self.follow(), "value")
        super().__init__([self.editor, self.metric, self.edits])
        self.moves = [self.edits]

    def places(self) -> list[int]:
        """The checkpoints of the chosen editor."""
        return [c["edits"] for c in self.streams[self.editor.value]["checkpoints"]]

    def follow(self) -> None:
        """Another editor: keep the place in the stream, or the nearest one that it has."""
        now, places = self.edits.value, self.places()
        self.edits.options = places
        self.edits.value = min(places, key=lambda place: abs(place - now))

    def draw(self) -> None:
        editor, edits = self.editor.value, self.edits.value
        if edits is None or edits not in self.places():  # between two editors
            return
        figure, alt = player_figure(self.streams, editor, edits, self.metric.value)
        self._put(figure, alt)
        lines = html.escape(says(self.streams[editor], edits)).replace("\n", "<br>")
        self.message.value = f"<b>{html.escape(editor)} after {edits} edits</b><br>{lines}"


class FrontWidget(FigureWidget):
    """An editor and its knob: where the row stands among all others, and what is left of each batch."""

    def __init__(self, fronts: Fronts) -> None:
        self.fronts = fronts
        wide = labelled("7em")
        editors = list(dict.fromkeys(fronts.table.editor))
        self.editor = w.Dropdown(options=editors, description="Editor", **wide)
        self.knob = w.Dropdown(options=self.knobs(), description="Knob", **wide)
        self.editor.observe(lambda _: setattr(self.knob, "options", self.knobs()), "value")
        super().__init__([self.knob])
        self.controls.insert(0, self.editor)

    def knobs(self) -> list[str]:
        """The settings of the chosen editor."""
        return [knob for editor, knob in self.fronts.table.index if editor == self.editor.value]

    def draw(self) -> None:
        if self.knob.value in self.knobs():  # and not between two editors
            self._put(*knob_figure(self.fronts, self.editor.value, self.knob.value))
