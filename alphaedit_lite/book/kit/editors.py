"""The editors of the book's studies: one entry for each, and everybody reads it.

    EDITORS["RECT"].settings                  # what the package's Editor is given
    EDITORS["RECT"].row                       # ("RECT", "keeps 0.4"): its name in results and figures
    write = writer(lm, EDITORS["FT"].settings)
    edit = write(facts, z)

One more entry, and an editor is streamed, swept with P and without, compared with its rivals, and drawn.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ...config import EditorConfig
from ...editor import Editor
from ...edits import Edit
from ...facts import Fact
from ...finetune import FineTune
from ...models import LanguageModel
from ...nullspace import NullSpace
from ...support.statistics import key_statistics

ALPHA, FORGETS = "AlphaEdit", "AlphaEdit without history"
RIDGE, BARE = "ridge with history", "ridge"


@dataclass(frozen=True)
class Recipe:
    """How an editor is made, called and drawn.

    Attributes:
        name: in results, prose and figures.
        settings: of ``Editor``; or of ``FineTune``, under "finetune"; "authors" names the model whose
            published ones stand where nothing else is said. They are saved with results, which no longer
            count when they change.
        knob: what its knob is called, and its value; empty if it has none.
        look: the number of its colour, line and mark (``stream_figures.style``).
        inside: which editor it is once it is solved inside P, if that one has a name of its own.
        rivals: along whose knob it is compared; the second where the first does not reach.
        prune: the base by which all that is written is damped before a look.
        streamed: whether a run over all streams includes it.
    """

    name: str
    settings: Mapping[str, Any]
    knob: str
    look: int
    inside: str | None = None
    rivals: tuple[str, ...] = ("MEMIT", "MEMIT with history")
    prune: float | None = None
    streamed: bool = True

    @property
    def row(self) -> tuple[str, str]:
        """Name and knob: what its row is called."""
        return self.name, self.knob

    @property
    def has_P(self) -> bool:
        """Whether it is solved inside P without being told to."""
        return not {"solver", "finetune"} & set(self.settings)

    @property
    def batch(self) -> int | None:
        """The only number of facts that it can write at once: ROME has a closed form for one."""
        return 1 if self.settings.get("solver") == "rome" else None

    def turned(self, knob: str, **settings: Any) -> Recipe:
        """The same editor with other settings, as its knob tells."""
        return dataclasses.replace(self, knob=knob, settings={**self.settings, **settings})


EDITORS: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (  # in the order in which the book meets them
        Recipe("FT", {"finetune": {"layers": (5,)}}, "rate 0.0005", 7, rivals=("FT",)),
        Recipe("FT-L", {"finetune": {"layers": (5,), "norm_bound": 5e-4}}, "rate 0.0005", 12, rivals=("FT",)),
        Recipe(
            BARE, {"solver": "ridge", "history": False}, "λ = 0.8", 11, FORGETS, rivals=(), streamed=False
        ),
        Recipe(RIDGE, {"solver": "ridge"}, "λ = 0.8", 3, ALPHA, rivals=(RIDGE,)),
        Recipe("ROME", {"solver": "rome", "history": False}, "", 6),
        Recipe("EMMET", {"solver": "emmet", "history": False}, "", 9),
        Recipe("MEMIT", {"solver": "memit", "history": False}, "c = 1000", 2, rivals=("MEMIT",)),
        Recipe("MEMIT with history", {"solver": "memit"}, "c = 1000", 1, rivals=("MEMIT with history",)),
        Recipe("ENCORE", {"solver": "encore"}, "c = 1000", 8, rivals=("MEMIT with history",)),
        Recipe("RECT", {"solver": "memit", "history": False, "keep": 0.4}, "keeps 0.4", 4),
        Recipe("PRUNE", {"solver": "memit", "history": False}, "base 2.7", 5, prune=math.e),
        Recipe(ALPHA, {}, "λ = 0.8", 0),
        Recipe(FORGETS, {"history": False}, "λ = 0.8", 10),
    )
}
_MEMIT = EDITORS["MEMIT with history"]
VARIANTS: dict[str, Recipe] = {  # other settings of AlphaEdit and its best rival, in streams of their own
    "AlphaEdit lambda 0.3": EDITORS[ALPHA].turned("λ = 0.3", lam=0.3),
    "AlphaEdit lambda 2": EDITORS[ALPHA].turned("λ = 2", lam=2.0),
    "AlphaEdit relative P": EDITORS[ALPHA].turned(
        "λ = 0.8, relative P", threshold=1.0, threshold_kind="relative"
    ),
    "MEMIT with history c 400": _MEMIT.turned("c = 400", weight=400.0),
    "MEMIT with history c 2200": _MEMIT.turned("c = 2200", weight=2200.0),
    "MEMIT with history in P": _MEMIT.turned("c = 1000, in P", project=True),
}
APART: dict[str, Recipe] = {  # for one question each, of the verdict: what would change our mind
    "AlphaEdit one layer": EDITORS[ALPHA].turned("λ = 0.8, one layer", layers=(7,)),
    "MEMIT with history one layer": _MEMIT.turned("c = 1000, one layer", layers=(7,)),
    "MEMIT with history c 15000": _MEMIT.turned("c = 15000", weight=15_000.0),
    "AlphaEdit relative P lambda 8": EDITORS[ALPHA].turned(
        "λ = 8, relative P", threshold=1.0, threshold_kind="relative", lam=8.0
    ),
    "MEMIT c 15000": EDITORS["MEMIT"].turned("c = 15000", weight=15_000.0),
    "AlphaEdit authors": EDITORS[ALPHA].turned("λ = 10, absolute", authors="gpt2-xl"),
    "MEMIT authors": EDITORS["MEMIT"].turned("c = 15000", authors="gpt2-xl", weight=15_000.0),
    "BetaEdit": EDITORS["ENCORE"].turned("c = 3000, λ = 0.8, in P", weight=3000.0, project=True),
}


def recipe(name: str) -> Recipe:
    """The recipe of a stream. Raises KeyError, naming those that there are."""
    known = EDITORS | VARIANTS | APART
    if (found := known.get(name)) is None:
        raise KeyError(f"There is no editor {name!r}; there are: {', '.join(known)}.")
    return found


def configuration(settings: Mapping[str, Any]) -> EditorConfig:
    """That of an editor with these settings; the blocks of published ones are the model's own defaults."""
    rest = dict(settings)
    base = EditorConfig()
    if (model := rest.pop("authors", None)) is not None:
        base = dataclasses.replace(EditorConfig.faithful(model), layers=None)
    return dataclasses.replace(base, **rest)


def writer(lm: LanguageModel, settings: Mapping[str, Any]) -> Callable[[Sequence[Fact], Tensor | None], Edit]:
    """``write(facts, z)`` by an editor with these settings. Fine-tuning takes no notice of z."""
    rest = dict(settings)
    if (trained := rest.pop("finetune", None)) is None:
        return Editor(lm, configuration(rest), progress=False).edit
    spaces = None
    if rest.get("project"):
        layers = FineTune(lm, progress=False, **trained).config.layers
        spaces = {layer: NullSpace.fit(key_statistics(lm, layers)[layer], 2e-2) for layer in layers}
    tuner = FineTune(lm, null_spaces=spaces, progress=False, **trained)
    return lambda facts, _: tuner.edit(facts)
