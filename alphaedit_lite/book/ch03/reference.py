"""Our answers to chapter 3, "Where is a fact?". 03.1 to 03.3 are what its experiments run."""

from __future__ import annotations

from .experiments import corrupt, effects, restore

__all__ = ["corrupt", "effects", "restore", "rho", "share"]


def share(layers: int, width: int) -> float:  # 03.4
    return (layers - 1) * (width + 1) / (4 * layers * width)


rho = 0.4  # 03.5
