"""Every knob of an editor, in one flat frozen dataclass.

EditorConfig(lam=1.0)                       # the book's defaults, but for one
EditorConfig.faithful("llama3-8b")          # the authors' settings
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from .nullspace import Kind
from .prompts import PREFIXES
from .support.kinds import of_kind
from .support.lists import check_settings, layer_list
from .targets import TargetConfig

Solver = Literal["alphaedit", "ridge", "memit", "encore", "rome", "emmet", "own"]
Projection = Literal["no", "inside", "after"]
# Published settings: first and last layer; steps, learning rate, clamp and weight decay of z; λ ("L2").
# All have the threshold 2e-2 and the KL factor 0.0625.
AUTHORS = {  # github.com/jianghoucheng/AlphaEdit, hparams/AlphaEdit/*.json
    "gpt2-xl": (13, 17, 20, 0.5, 0.75, 0.5, 10.0),
    "gpt-j-6b": (3, 8, 25, 0.5, 0.75, 0.5, 10.0),
    "llama3-8b": (4, 8, 25, 0.1, 0.75, 0.5, 10.0),
    "phi-1.5": (4, 8, 25, 0.1, 0.75, 0.5, 10.0),
}
EASYEDIT = {  # github.com/zjunlp/EasyEdit, hparams/AlphaEdit/qwen2.5-7b.yaml at 95a0db4
    "qwen2.5-7b": (4, 8, 25, 0.5, 4.0, 1e-3, 1.0),
}


def default_layers(n_layers: int) -> tuple[int, ...]:
    """The blocks edited by default, from a tenth of the depth to a quarter: 3 to 7 of 30."""
    first = min(max(1, round(n_layers / 10)), n_layers - 1)
    return tuple(range(first, max(first + 1, n_layers // 4 + 1)))


@dataclass(frozen=True)
class EditorConfig:
    """Every knob of an editor.

    Attributes:
        solver: the prior A of the closed form, see ``solvers``; "own" for an editor with a gain of its own.
        project: "no"; "inside" to solve again inside the null space (which makes ridge AlphaEdit, and is
            what AlphaEdit always does); "after" to multiply the finished Δ by P. Settings saved by version
            0.1 say False for "no" and True for "inside".
        keep: RECT: only this share of Δ's entries, the relatively largest, is written.
        layers: the edited blocks, ascending; z is optimised at the last. By default from a tenth of
            the depth to a quarter: measured for the default model, a guess for others.
        passes: how often z is searched and written. A write brings less than what was asked of it, and
            changes what other tokens and blocks say too; so the search is repeated on the model as it is
            then, and what is missing written with the same gain. What is named by then stays as it is.
        history: whether keys of earlier edits are kept from changing their answers.
        lam: λ of AlphaEdit, ridge and ENCORE, in units of the keys' mean energy where the solver works
            (tr(P C0) or tr(C0)), so that one value travels between models; absolute if ``lam_relative``
            is False.
        weight: c of MEMIT and ENCORE. The papers' 15,000 freezes small models.
        threshold, threshold_kind: which directions count as unused, see ``NullSpace.fit``.
        tokens: how much text the statistics are fitted on.
        targets: how z is found.

    Raises:
        ValueError: an unknown solver or projection; lam or weight negative, NaN or infinite; no tokens.
        TypeError: a setting of another type: ``passes=2.0``.
    """

    solver: Solver = "alphaedit"
    project: Projection = "no"
    keep: float | None = None
    layers: tuple[int, ...] | None = None
    passes: int = 2
    history: bool = True
    lam: float = 0.8
    lam_relative: bool = True
    weight: float = 1000.0
    threshold: float = 2e-2
    threshold_kind: Kind = "absolute"
    tokens: int = 100_000
    targets: TargetConfig = field(default_factory=TargetConfig)

    def __post_init__(self) -> None:
        check_settings(self, tokens=1, passes=1)
        of_kind(self.targets, TargetConfig, "targets must be a TargetConfig")
        if isinstance(self.project, bool):
            object.__setattr__(self, "project", "inside" if self.project else "no")
        if self.layers is not None:
            object.__setattr__(self, "layers", layer_list(self.layers))
        for name, known in (("solver", get_args(Solver)), ("project", get_args(Projection))):
            if (chosen := getattr(self, name)) not in known:
                raise ValueError(f"There is no {name} {chosen!r}: choose one of {', '.join(known)}.")
        for name, value in (("lam", self.lam), ("weight", self.weight)):
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} must be a positive number, not {value}.")

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> EditorConfig:
        """The configuration that a saved edit was made with: its ``settings``, after a trip through JSON.

        Fields younger than the edit get the value that says what was done then: "adam", one pass.

        Raises:
            ValueError: the settings of an edit that no ``Editor`` made.
        """
        if "targets" not in settings:
            raise ValueError(f"These are settings of fine-tuning or pruning, not of an Editor: {settings}.")
        targets = TargetConfig(**{"search": "adam", **settings["targets"]})
        return cls(**{"passes": 1, **settings, "targets": targets})

    @classmethod
    def faithful(cls, model: str, prefixes: tuple[str, ...] = PREFIXES) -> EditorConfig:
        """Published settings for a model, step by step as they were run: absolute λ, no early stop.
        Not the text behind C0: the released code reads 100,000 Wikipedia *articles*, this 100,000 ``tokens``.

        Args:
            model: "gpt2-xl", "gpt-j-6b", "llama3-8b" or "phi-1.5" as in the authors' repository;
                "qwen2.5-7b" as in EasyEdit, where it is the instruction-tuned model.
            prefixes: theirs are sampled from the model, see ``prompts.sample_prefixes``.

        Raises:
            KeyError: a model that nobody has published settings for, naming those that have some.
        """
        known = AUTHORS | EASYEDIT
        if model not in known:
            raise KeyError(
                f"No settings were published for {model!r}; there are some for {', '.join(known)}."
            )
        first, last, steps, lr, clamp, decay, lam = known[model]
        return cls(
            solver="alphaedit",
            layers=tuple(range(first, last + 1)),
            lam=lam,
            lam_relative=False,
            threshold=2e-2,
            threshold_kind="absolute",
            passes=1,
            targets=TargetConfig(
                search="adam",
                steps=steps,
                lr=lr,
                clamp=clamp,
                weight_decay=decay,
                kl=0.0625,
                early_stop=False,
                prefixes=prefixes,
            ),
        )
