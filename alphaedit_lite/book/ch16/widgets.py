"""The widget of chapter 16: pick an edit, and see what its ΔW gives away.

    EvidenceWidget(evidence).show()

Its printed form is ``evidence_figure`` of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as w

from ..kit.widget import FigureWidget
from .figures import Evidence, evidence_figure


class EvidenceWidget(FigureWidget):
    """A list of unnamed edits; the truth can be shown or hidden, so that one guesses first."""

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self.evidence = list(evidence)
        options = [(f"edit {number}", number - 1) for number in range(1, len(self.evidence) + 1)]
        self.pick = w.Dropdown(options=options, description="Which edit?")
        self.truth = w.Checkbox(value=False, description="Show the truth")
        super().__init__([self.pick, self.truth])

    def draw(self) -> None:
        case = self.evidence[self.pick.value]
        hidden = Evidence("a hidden subject", " a hidden object", case.subjects, case.tokens)
        self._put(*evidence_figure([case if self.truth.value else hidden]))
