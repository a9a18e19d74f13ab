"""What a layer is asked: keys, and the second moment of the keys of ordinary text.

    statistics = key_statistics(lm, layers=(4, 5, 6, 7))       # fits once (a minute), then loads
    statistics[5].second_moment                                # C0 = K0 K0ᵀ / N, [d_ff, d_ff], float64

A key is the input of the down-projection at one token. C0 stands for "what the model knows": it is
all that the solvers and the null space need of the 100,000 keys behind it. From a terminal:
``python -m alphaedit_lite.keys --layers 4 5 6 7``.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import logging
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from tqdm.auto import tqdm

from .assets import WIKIPEDIA_LEADS, AssetError, cache_dir, fetch, lock, replacing
from .hooks import hooked
from .loading import load_model
from .models import LanguageModel, fingerprint
from .prompts import batches

MAX_TOKENS_PER_TEXT = 512


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
        if not self.count:
            raise ValueError("No keys were seen yet.")
        return self.total / self.count


@dataclass(frozen=True)
class StatisticsFile:
    """What a saved file of statistics was made from; a file made from anything else is refused."""

    model: str
    layers: tuple[int, ...]
    text: str
    tokens: int
    version: int = field(default=1)

    @property
    def name(self) -> str:
        return hashlib.sha256(json.dumps(vars(self)).encode()).hexdigest()[:16]


def save_statistics(path: Path, statistics: dict[int, KeyStatistics], made_from: StatisticsFile) -> None:
    """Write statistics as safetensors, through a temporary file."""
    tensors = {str(layer): s.total.float().cpu() for layer, s in statistics.items()}
    counts = {layer: s.count for layer, s in statistics.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        save_file(tensors, partial, {"made_from": json.dumps(vars(made_from)), "counts": json.dumps(counts)})


def load_statistics(path: Path, made_from: StatisticsFile) -> dict[int, KeyStatistics]:
    """Read statistics back.

    Raises:
        AssetError: the file is damaged, or was made from another model, layer, text or amount of text.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {int(name): file.get_tensor(name).double() for name in file.keys()}  # noqa: SIM118
        found, counts = json.loads(metadata["made_from"]), json.loads(metadata["counts"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise AssetError(f"The statistics in {path} cannot be read ({error}). Delete the file.") from error
    for name, wanted in json.loads(json.dumps(vars(made_from))).items():
        if found.get(name) != wanted:
            raise AssetError(
                f"The statistics in {path} were made with {name} = {found.get(name)}, not {wanted}."
            )
    return {layer: KeyStatistics(total, counts[str(layer)]) for layer, total in tensors.items()}


def key_statistics(
    lm: LanguageModel,
    layers: Sequence[int],
    texts: Iterable[str] | str | None = None,
    tokens: int = 100_000,
    progress: bool = True,
) -> dict[int, KeyStatistics]:
    """Statistics of the unedited model over text: loaded from the cache, or fitted with a progress bar.

    Args:
        texts: strings, or the name of a data set on a hub with a "text" column; by default the leads
            of Wikipedia articles that ship on PyPI. Only the first ``tokens`` tokens are used.

    Returns:
        one ``KeyStatistics`` per layer.
    """
    if not layers:
        raise ValueError("There are no layers to fit statistics for.")
    texts = wikipedia_leads("fit") if texts is None else _from_hub(texts) if isinstance(texts, str) else texts
    texts = list(itertools.islice(texts, max(1000, tokens // 8)))  # enough, and never a whole hub
    sample = lm.tokenizer("\n".join(texts[:10]))["input_ids"]  # tells tokenizers apart
    digest = hashlib.sha256(("\0".join(texts) + str(sample)).encode()).hexdigest()[:16]
    if not lm.ledger.edits and fingerprint(lm.model) != lm.fingerprint:
        raise RuntimeError("The model was changed after its LanguageModel was made: wrap it again.")
    made_from = StatisticsFile(lm.fingerprint, tuple(layers), digest, tokens)
    path = cache_dir() / "statistics" / f"{made_from.name}.safetensors"
    if not path.exists():
        if lm.ledger.edits:
            raise RuntimeError("The model holds edits: revert them before fitting its statistics.")
        with lock(f"statistics-{made_from.name}"):
            if not path.exists():  # another process may have been faster
                save_statistics(path, fit_statistics(lm, layers, texts, tokens, progress), made_from)
    return load_statistics(path, made_from)


@torch.no_grad()
def fit_statistics(
    lm: LanguageModel, layers: Sequence[int], texts: Sequence[str], tokens: int, progress: bool = True
) -> dict[int, KeyStatistics]:
    """Run the model on the first ``tokens`` tokens of ``texts``, only up to the last of ``layers``."""
    statistics = {layer: KeyStatistics.empty(lm.d_ff, lm.device) for layer in layers}
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
    with lm.frozen(), tqdm(total=tokens - left, unit="token", desc="statistics", disable=not progress) as bar:
        for chunk in batches(rows, [len(row) for row in rows], 4096):
            ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(r) for r in chunk], True, lm.pad_id)
            lengths = torch.tensor([len(r) for r in chunk])
            mask = (torch.arange(ids.shape[1]) < lengths[:, None]).to(lm.device)

            def take(layer: int, mask: Tensor = mask):
                return lambda keys: statistics[layer].update(keys[mask])

            with hooked(inputs={lm.down_projection(layer): take(layer) for layer in layers}):
                positions = torch.arange(ids.shape[1], device=lm.device).expand_as(mask)
                lm.run(lm.embed(ids.to(lm.device)), mask.long(), positions, stop=max(layers) + 1)
            bar.update(int(lengths.sum()))
    return statistics


def wikipedia_leads(part: Literal["fit", "heldout"]) -> list[str]:
    """Lead paragraphs of English Wikipedia (CC BY-SA 4.0), in a fixed random order.

    "heldout" is a tenth of the articles, for perplexity; statistics only ever see "fit".
    """
    articles = json.loads(fetch(WIKIPEDIA_LEADS).read_text(encoding="utf-8"))
    leads = [article["extract"] for _, article in sorted(articles.items()) if article["extract"].strip()]
    random.Random(0).shuffle(leads)
    cut = len(leads) // 10
    return leads[:cut] if part == "heldout" else leads[cut:]


def _from_hub(name: str) -> Iterable[str]:
    from datasets import load_dataset

    return (row["text"] for row in load_dataset(name, split="train", streaming=True) if row["text"].strip())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fit the key statistics of a model and cache them.")
    parser.add_argument("--model", default=None, help="folder or hub name; the default model if left out")
    parser.add_argument("--layers", type=int, nargs="+", default=[4, 5, 6, 7])
    parser.add_argument("--tokens", type=int, default=100_000)
    parser.add_argument("--texts", default=None, help="a data set on a hub with a 'text' column")
    options = parser.parse_args()
    key_statistics(load_model(options.model), options.layers, options.texts, options.tokens)
