"""What only the book needs: a folder for each chapter, and ``kit``, what chapters share."""

from __future__ import annotations

import platform

import torch
import transformers

from .. import __version__

TESTED = {"torch": ((2, 6), (2, 13)), "transformers": ((4, 56), (5, 99))}


def setup() -> None:
    """Open a chapter: say which versions run here, and on what, and warn of untested ones."""
    found = {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}
    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU"
    print(f"alphaedit_lite {__version__} on {device}, Python {platform.python_version()},", end=" ")
    print(", ".join(f"{name} {version}" for name, version in found.items()))
    for name, version in found.items():
        numbers = tuple(int(part) for part in version.split(".")[:2])
        low, high = TESTED[name]
        if not low <= numbers <= high:
            print(f"Note: {name} {version} is outside the tested range {low} to {high}.")
