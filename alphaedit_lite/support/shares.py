"""Sums of keys that survive an interruption: what is done is saved as it grows, and a rerun goes on.

    share = Share(folder, 0, 1)                                # all of the text
    statistics = grow(lm, (3, 4), share, token_rows(lm, texts, 100_000))

``statistics.key_statistics`` fits one share, ``scale.distributed`` one for each process.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from tqdm.auto import tqdm

from ..keys import KeyStatistics, take_in
from ..models import LanguageModel
from .ambient import plain_torch
from .assets import AssetError, replacing

SAVE_EVERY = 120.0  # seconds: what an interruption can cost


@dataclass(frozen=True)
class Share:
    """One of ``of`` shares of the text, and the file in which its sum grows.

    The rows are dealt like cards from the sorted pack, so that every share has as much of each length.
    """

    folder: Path
    number: int
    of: int

    @property
    def path(self) -> Path:
        return self.folder / f"share-{self.number}-of-{self.of}.safetensors"

    def rows(self, rows: Sequence[list[int]]) -> list[list[int]]:
        return list(rows[self.number :: self.of])

    def save(self, statistics: dict[int, KeyStatistics], done: int, count: int) -> None:
        """Write the sums over the first ``done`` rows, float64: what is added up later is not rounded."""
        totals = {str(layer): one.total.cpu() for layer, one in statistics.items()}
        keys = next(iter(statistics.values())).count
        noted = {"done": str(done), "rows": str(count), "keys": str(keys)}
        noted["answers"] = json.dumps(next(iter(statistics.values())).answers)
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as partial:
            save_file(totals, partial, noted)

    def progress(self, lm: LanguageModel) -> tuple[int, bool]:
        """Rows done, and whether those are all of them: (0, False) before the first save.

        Raises:
            AssetError: the file is damaged, or of a model with these weights that answers differently.
        """
        if not self.path.exists():
            return 0, False
        try:
            with safe_open(self.path, framework="pt") as file:
                done, rows = (int(file.metadata()[name]) for name in ("done", "rows"))
                said = json.loads(file.metadata().get("answers", "[]"))
            if not 0 <= done <= rows:
                raise ValueError(f"{done} of {rows} rows done")
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise AssetError(
                f"The share in {self.path} cannot be read ({error}). Delete the file."
            ) from error
        if not lm.answers_like(said):
            raise AssetError(
                f"The share in {self.path} was begun with a model of these weights that answers differently: "
                "another configuration, tokenizer or adapter. Go on with that one, or delete the file."
            )
        return done, done == rows

    def layer(self, layer: int) -> KeyStatistics:
        """The sum so far for one layer, read alone: 8 d_ff² bytes."""
        with safe_open(self.path, framework="pt") as file:
            return KeyStatistics(file.get_tensor(str(layer)), int(file.metadata()["keys"]))


@plain_torch()
def grow(
    lm: LanguageModel,
    layers: Sequence[int],
    share: Share,
    rows: Sequence[list[int]],
    *,
    save_every: float = SAVE_EVERY,
    sums_on: torch.device | str | None = None,
    progress: bool = True,
) -> dict[int, KeyStatistics]:
    """Sum the keys of a share's rows, from where it was last saved; the bar says how long it will take.

    The sums come out bit for bit as if nothing had interrupted them. The end is left to the caller to save.

    Args:
        rows: of this share, [n] lists of token ids, shortest first.
        save_every: seconds after which the share is saved while it grows.
        sums_on: the device of the sums; by default the model's.

    Raises:
        AssetError: the share is damaged, or another model's.
    """
    done, _ = share.progress(lm)
    device = sums_on or lm.device
    statistics = {layer: KeyStatistics.empty(lm.d_ff, device, **lm.whose(layer)) for layer in layers}
    for layer in layers if done else ():
        saved = share.layer(layer)
        statistics[layer].total += saved.total.to(device)
        statistics[layer].count = saved.count
    tokens, before = sum(map(len, rows)), sum(map(len, rows[:done]))
    name = "statistics" if share.of == 1 else f"statistics, share {share.number + 1} of {share.of}"
    saved_at = time.monotonic()
    with tqdm(total=tokens, initial=before, unit="token", desc=name, disable=not progress) as bar:
        for chunk in take_in(lm, statistics, rows[done:]):
            done += len(chunk)
            bar.update(sum(map(len, chunk)))
            if done < len(rows) and time.monotonic() - saved_at >= save_every:
                share.save(statistics, done, len(rows))
                saved_at = time.monotonic()
    return statistics
