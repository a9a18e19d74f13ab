"""What a layer is asked: keys, and the second moment of the keys of ordinary text.

    statistics = key_statistics(lm, layers=(3, 4, 5, 6, 7))    # fits once (a minute), then loads
    statistics[5].second_moment                                # C0 = K0 K0ᵀ / N, [d_ff, d_ff], float64

A key is the input of the down-projection at one token. C0 stands for "what the model knows": it is
all that the solvers and the null space need of the 100,000 keys behind it. From a terminal:
``python -m alphaedit_lite.keys --layers 3 4 5 6 7``; on several GPUs: ``alphaedit_lite.scale.distributed``.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from tqdm.auto import tqdm

from .assets import AssetError, cache_dir, lock, replacing
from .hooks import hooked
from .loading import load_model
from .models import LanguageModel, fingerprint
from .prompts import batches
from .texts import from_hub, wikipedia_leads

MAX_TOKENS_PER_TEXT = 512
TOKENS_PER_BATCH = 4096  # padded tokens of one forward pass


@dataclass
class KeyStatistics:
    """The streaming second moment of a layer's keys.

    Attributes:
        total: Σ k kᵀ over the keys seen, [d_ff, d_ff], float64 (products in float32, sum in float64).
        count: the number of keys.
    """

    total: Tensor
    count: int = 0

    @classmethod
    def empty(cls, d_ff: int, device: torch.device | str = "cpu") -> KeyStatistics:
        return cls(torch.zeros(d_ff, d_ff, dtype=torch.float64, device=device))

    def update(self, keys: Tensor) -> None:
        """Take in keys, [n, d_ff]. Raises ValueError on non-finite values or the wrong width."""
        if keys.ndim != 2 or keys.shape[1] != self.total.shape[0]:
            raise ValueError(f"Keys must be [n, {self.total.shape[0]}], not {list(keys.shape)}.")
        if not torch.isfinite(keys).all():
            raise ValueError("The keys hold NaN or infinite values.")
        keys = keys if keys.dtype == torch.float64 else keys.float()
        self.total += (keys.T @ keys).to(self.total)
        self.count += keys.shape[0]

    def merge(self, other: KeyStatistics) -> KeyStatistics:
        """The statistics of both samples together."""
        return KeyStatistics(self.total + other.total, self.count + other.count)

    @property
    def second_moment(self) -> Tensor:
        """C0 = K0 K0ᵀ / N, uncentred, per token: [d_ff, d_ff], float64."""
        if self.count < 1:
            raise ValueError("No keys were seen yet.")
        return self.total / self.count


@dataclass(frozen=True)
class StatisticsFile:
    """What a saved file of statistics was made from; a file made from anything else is refused."""

    model: str
    layer: int
    text: str
    tokens: int
    version: int = field(default=1)

    @property
    def name(self) -> str:
        return hashlib.sha256(json.dumps(vars(self)).encode()).hexdigest()[:16]


def save_statistics(path: Path, statistics: KeyStatistics, made_from: StatisticsFile) -> None:
    """Write the statistics of one layer as safetensors, through a temporary file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"made_from": json.dumps(vars(made_from)), "count": str(statistics.count)}
    with replacing(path) as partial:
        save_file({"total": statistics.total.float().cpu()}, partial, metadata)


def load_statistics(path: Path, made_from: StatisticsFile) -> KeyStatistics:
    """Read the statistics of one layer back.

    Raises:
        AssetError: the file is damaged, or was made from another model, layer, text or amount of text.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            total = file.get_tensor("total").double()
        found, count = json.loads(metadata["made_from"]), int(metadata["count"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise AssetError(f"The statistics in {path} cannot be read ({error}). Delete the file.") from error
    whole = isinstance(found, dict) and total.ndim == 2 and total.shape[0] == total.shape[1]
    if not whole or count < 1 or not total.isfinite().all():
        raise AssetError(f"The statistics in {path} are damaged: {count} keys. Delete the file.")
    for name, wanted in vars(made_from).items():
        if found.get(name) != wanted:
            raise AssetError(
                f"The statistics in {path} were made with {name} = {found.get(name)}, not {wanted}."
            )
    return KeyStatistics(total, count)


def key_statistics(
    lm: LanguageModel,
    layers: Sequence[int],
    texts: Iterable[str] | str | None = None,
    tokens: int = 100_000,
    progress: bool = True,
) -> dict[int, KeyStatistics]:
    """Statistics of the unedited model over text: loaded from the cache, or fitted with a progress bar.

    Every layer has its own file, so layers fitted once are not fitted again in other company.

    Args:
        texts: strings, or the name of a data set on a hub with a "text" column; by default the leads
            of Wikipedia articles that ship on PyPI. Only the first ``tokens`` tokens are used.

    Returns:
        one ``KeyStatistics`` per layer.
    """
    request = statistics_request(lm, layers, texts, tokens)
    if request.missing():
        if lm.ledger.edits:
            raise RuntimeError("The model holds edits: revert them before fitting its statistics.")
        with lock(f"statistics-{lm.fingerprint}"):
            if missing := request.missing():  # another process may have fitted them meanwhile
                for layer, fitted in fit_statistics(lm, missing, request.texts, tokens, progress).items():
                    save_statistics(request.path(layer), fitted, request.files[layer])
    return {layer: load_statistics(request.path(layer), file) for layer, file in request.files.items()}


@dataclass(frozen=True)
class StatisticsRequest:
    """What statistics are of, and where they are kept: the same in every process that asks for the same."""

    texts: list[str]
    files: dict[int, StatisticsFile]

    def path(self, layer: int) -> Path:
        return cache_dir() / "statistics" / f"{self.files[layer].name}.safetensors"

    def missing(self) -> list[int]:
        """The layers that no finished file is there for."""
        return [layer for layer in self.files if not self.path(layer).exists()]


def statistics_request(
    lm: LanguageModel, layers: Sequence[int], texts: Iterable[str] | str | None, tokens: int
) -> StatisticsRequest:
    """Name the files of ``key_statistics``; see there for the arguments.

    Raises:
        ValueError: no layers.
        RuntimeError: the weights were changed behind the back of ``lm``.
    """
    if not layers:
        raise ValueError("There are no layers to fit statistics for.")
    texts = wikipedia_leads("fit") if texts is None else from_hub(texts) if isinstance(texts, str) else texts
    texts = list(itertools.islice(texts, max(1000, tokens // 8)))  # enough, and never a whole hub
    sample = lm.tokenizer("\n".join(texts[:10]))["input_ids"]  # tells tokenizers apart
    digest = hashlib.sha256(("\0".join(texts) + str(sample)).encode()).hexdigest()[:16]
    if not lm.ledger.edits and fingerprint(lm.model) != lm.fingerprint:
        raise RuntimeError("The model was changed after its LanguageModel was made: wrap it again.")
    files = {layer: StatisticsFile(lm.fingerprint, layer, digest, tokens) for layer in map(int, layers)}
    return StatisticsRequest(texts, files)


def fit_statistics(
    lm: LanguageModel, layers: Sequence[int], texts: Sequence[str], tokens: int, progress: bool = True
) -> dict[int, KeyStatistics]:
    """Run the model on the first ``tokens`` tokens of ``texts``, only up to the last of ``layers``."""
    statistics = {layer: KeyStatistics.empty(lm.d_ff, lm.device) for layer in layers}
    rows = token_rows(lm, texts, tokens)
    with tqdm(total=sum(map(len, rows)), unit="token", desc="statistics", disable=not progress) as bar:
        for chunk in take_in(lm, statistics, rows):
            bar.update(sum(map(len, chunk)))
    return statistics


def token_rows(lm: LanguageModel, texts: Sequence[str], tokens: int) -> list[list[int]]:
    """The token ids of each text, shortest first, cut to ``tokens`` in all. ValueError if there are none."""
    noisy = logging.getLogger("transformers.tokenization_utils_base")
    level = noisy.level
    noisy.setLevel(logging.ERROR)  # it warns of long texts, which are cut here
    rows, left = [], tokens
    for text in texts:
        if left <= 0:
            break
        if ids := lm.tokenizer(text)["input_ids"][: min(MAX_TOKENS_PER_TEXT, left)]:
            rows.append(ids)
            left -= len(ids)
    noisy.setLevel(level)
    if not rows:
        raise ValueError("The texts hold no tokens: there is nothing to fit statistics on.")
    rows.sort(key=len)  # the sum does not depend on the order, and equal lengths need no padding
    return rows


@torch.no_grad()
def take_in(
    lm: LanguageModel, statistics: dict[int, KeyStatistics], rows: Sequence[list[int]]
) -> Iterator[list[list[int]]]:
    """Update ``statistics`` with the keys of ``rows``, a chunk after another; yields each chunk once done."""
    for chunk in batches(rows, [len(row) for row in rows], TOKENS_PER_BATCH):
        ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(r) for r in chunk], True, lm.pad_id)
        lengths = torch.tensor([len(r) for r in chunk])
        mask = (torch.arange(ids.shape[1]) < lengths[:, None]).to(lm.device)

        def take(layer: int, mask: Tensor = mask):
            return lambda keys: statistics[layer].update(keys[mask.to(keys.device)])

        looks = {lm.down_projection(layer): take(layer) for layer in statistics}
        with lm.frozen(), hooked(inputs=looks):
            positions = torch.arange(ids.shape[1], device=lm.device).expand_as(mask)
            lm.run(lm.embed(ids.to(lm.device)), mask.long(), positions, stop=max(statistics) + 1)
        yield chunk


if __name__ == "__main__":
    from .config import default_layers  # which needs this module

    parser = argparse.ArgumentParser(description="Fit the key statistics of a model and cache them.")
    parser.add_argument("--model", default=None, help="folder or hub name; the default model if left out")
    parser.add_argument("--layers", type=int, nargs="+", help="default: a tenth to a quarter of the depth")
    parser.add_argument("--tokens", type=int, default=100_000)
    parser.add_argument("--texts", default=None, help="a data set on a hub with a 'text' column")
    options = parser.parse_args()
    lm = load_model(options.model)
    key_statistics(lm, options.layers or default_layers(lm.n_layers), options.texts, options.tokens)
