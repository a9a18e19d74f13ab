"""From a configuration to the gain of a write: which prior, which space, how large a λ.

    gain = ClosedForm(config, statistics)
    G = gain(layer, keys, history)         # [n, d_ff]; Δ = Rᵀ G

Any function of the same shape can stand in its place: ``Editor(lm, gain=mine)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from . import solvers
from .config import EditorConfig
from .keys import KeyStatistics
from .nullspace import NullSpace

# (layer, keys of the new facts [n, d_ff], keys of earlier ones [n_past, d_ff] or None) -> G, [n, d_ff]
Gain = Callable[[int, Tensor, Tensor | None], Tensor]


class ClosedForm:
    """The gain that the settings ask for, layer by layer.

    Attributes:
        null_spaces: by layer, if the configuration projects.
        diagonals: of Σ k kᵀ, by layer: what a stream notes of its statistics.

    Raises:
        ValueError: a threshold that keeps nothing or everything, or a C0 that cannot be inverted.
    """

    def __init__(self, config: EditorConfig, statistics: Mapping[int, KeyStatistics]) -> None:
        self.config, self.statistics = config, statistics
        if config.project != "inside":  # C0 is asked for at every write: keep what may lie on disk
            self.statistics = {layer: statistics[layer] for layer in config.layers or statistics}
        self.null_spaces: dict[int, NullSpace] = {}
        self.diagonals: dict[int, Tensor] = {}
        for layer in config.layers or statistics:
            found = self.statistics[layer]
            self.diagonals[layer] = found.total.diagonal().clone()
            if config.project != "no":
                self.null_spaces[layer] = NullSpace.fit(found, config.threshold, config.threshold_kind)
            wide = len(found.total)
            inverts = config.solver in ("memit", "rome", "emmet") and config.project != "inside"
            if inverts and found.count < wide:  # rounding may hide it from the solver
                raise ValueError(
                    f"C0 of layer {layer} is singular: {found.count} keys, each {wide} wide. Use more tokens."
                )

    def __call__(self, layer: int, keys: Tensor, history: Tensor | None) -> Tensor:
        config = self.config
        inside = self.null_spaces[layer] if config.project == "inside" else None
        # Inside a null space the solvers read C0 off its eigenvalues: spare the 8 d_ff² bytes.
        moment = keys.new_empty(0, 0) if inside else self.statistics[layer].second_moment
        if config.solver in ("alphaedit", "ridge"):
            gain = solvers.ridge(keys, self.lam(layer), history, inside)
        elif config.solver == "memit":
            gain = solvers.memit(keys, moment, config.weight, history, inside)
        elif config.solver == "encore":
            gain = solvers.encore(keys, moment, config.weight, self.lam(layer), history, inside)
        else:
            gain = {"rome": solvers.rome, "emmet": solvers.emmet}[config.solver](keys, moment, inside)
        return self.null_spaces[layer].project(gain) if config.project == "after" else gain

    def lam(self, layer: int) -> float:
        """λ of a layer in absolute units: relative ones are multiples of the keys' mean energy.

        Raises:
            ValueError: an exact null space, whose keys have no energy.
        """
        if not self.config.lam_relative:
            return self.config.lam
        if self.config.project == "inside":
            unit = self.null_spaces[layer].energy
        else:
            unit = float(self.statistics[layer].second_moment.trace())
        if unit == 0:
            raise ValueError("An exact null space has no energy to measure lam by: set lam_relative=False.")
        return self.config.lam * unit
