"""Statistics of keys on disk: fitted once for a model, a text and a layer, then loaded.

    statistics = key_statistics(lm, layers=(3, 4, 5, 6, 7))    # fits once (a minute), then loads
    statistics[5].second_moment                                # C0, [d_ff, d_ff], float64

A file says what it was made from, and is refused for anything else. On several GPUs:
``alphaedit_lite.scale.distributed``.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..keys import KeyStatistics, token_rows
from ..models import LanguageModel, fingerprint
from .answers import alike
from .assets import AssetError, cache_dir, expanded, lock, replacing
from .kinds import at_least
from .lists import language_model, layer_list
from .shares import Share, grow
from .spacing import check_texts
from .texts import from_hub, wikipedia_leads
from .tokens import tokenise


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
    path = expanded(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"made_from": json.dumps(vars(made_from)), "count": str(statistics.count)}
    metadata["answers"] = json.dumps(statistics.answers)
    with replacing(path) as partial:
        save_file({"total": statistics.total.float().cpu()}, partial, metadata)


def load_statistics(path: Path, made_from: StatisticsFile) -> KeyStatistics:
    """Read the statistics of one layer back.

    Raises:
        AssetError: the file is damaged, or was made from another model, layer, text or amount of text.
    """
    try:
        with safe_open(expanded(path), framework="pt") as file:
            metadata = file.metadata()
            total = file.get_tensor("total").double()
        found, count = json.loads(metadata["made_from"]), int(metadata["count"])
        said = tuple(json.loads(metadata.get("answers", "[]")))  # older files have none
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
    return KeyStatistics(total, count, made_from.model, made_from.layer, said)


def key_statistics(
    lm: LanguageModel,
    layers: Sequence[int],
    texts: Iterable[str] | str | None = None,
    tokens: int = 100_000,
    progress: bool = True,
) -> Mapping[int, KeyStatistics]:
    """Statistics of the unedited model over text: loaded from the cache, or fitted with a progress bar.

    Every layer has its own file, so layers fitted once are not fitted again in other company. The bar says
    how long it will take; what is done is saved every two minutes, and the same call goes on from there.

    Args:
        texts: strings, or the name of a data set on a hub with a "text" column; by default the leads
            of Wikipedia articles that ship on PyPI. Only the first ``tokens`` tokens are used, and of a
            stream (a generator, an open file) not much more is read.

    Returns:
        one ``KeyStatistics`` per layer, read from its file whenever it is asked for: those of a large model
        need a gigabyte, and an editor looks at one layer after the other. ``dict(…)`` of it holds them all.
    """
    request = statistics_request(lm, layers, texts, tokens)
    if request.missing():
        lm.check_unedited()
        with lock(f"statistics-{lm.fingerprint}"):
            if missing := request.missing():  # another process may have fitted them meanwhile
                share = Share(request.folder("sums", missing), 0, 1)
                rows = token_rows(lm, request.texts, tokens)
                for layer, fitted in grow(lm, missing, share, rows, progress=progress).items():
                    save_statistics(request.path(layer), fitted, request.files[layer])
                shutil.rmtree(share.folder, ignore_errors=True)
    return StatisticsFiles({layer: (request.path(layer), file) for layer, file in request.files.items()})


class StatisticsFiles(Mapping[int, KeyStatistics]):
    """Statistics by layer that stay on disk until one is asked for.

    Raises:
        AssetError: as ``load_statistics``, when this is made; later, too, if a file is no longer what it was.
    """

    def __init__(self, files: Mapping[int, tuple[Path, StatisticsFile]]) -> None:
        self._files = dict(files)
        self._answers: dict[int, tuple[float | str, ...]] = {}
        for layer, file in self._files.items():  # one at a time in memory
            found = load_statistics(*file)
            self._answers[layer] = found.answers
        if found.count < len(found.total):
            warnings.warn(
                f"These statistics are of {found.count} keys, and keys are {len(found.total)} wide: what so "
                "few do not use is a null space by chance. Give several times as many tokens of text.",
                stacklevel=3,
            )

    def __getitem__(self, layer: int) -> KeyStatistics:
        if not self._files[layer][0].exists():
            raise AssetError(f"The statistics of layer {layer} are gone from the cache: ask for them again.")
        found = load_statistics(*self._files[layer])
        if not alike(found.answers, self._answers[layer], torch.float32):  # of another configuration
            raise AssetError(f"Statistics of layer {layer} were fitted anew meanwhile: ask for them again.")
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


@dataclass(frozen=True)
class StatisticsRequest:
    """What statistics are of, and where they are kept: the same in every process that asks for the same."""

    lm: LanguageModel
    texts: list[str]
    files: dict[int, StatisticsFile]

    def path(self, layer: int) -> Path:
        return cache_dir() / "statistics" / f"{self.files[layer].name}.safetensors"

    def folder(self, kind: str, layers: Sequence[int]) -> Path:
        """Where the sums of these layers grow before they are whole."""
        names = json.dumps([self.files[layer].name for layer in layers])
        return cache_dir() / "statistics" / f"{kind}-{hashlib.sha256(names.encode()).hexdigest()[:16]}"

    def missing(self) -> list[int]:
        """The layers that no finished file is there for, or one of another configuration of the model."""
        return [layer for layer in self.files if not self._there(layer)]

    def _there(self, layer: int) -> bool:
        if not (path := self.path(layer)).exists():
            return False
        try:
            with safe_open(path, framework="pt") as file:
                return self.lm.answers_like(json.loads(file.metadata()["answers"]))
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            return True  # without a note, or damaged: for whoever reads it


def statistics_request(
    lm: LanguageModel, layers: Sequence[int], texts: Iterable[str] | str | None, tokens: int
) -> StatisticsRequest:
    """Name the files of ``key_statistics``; see there for the arguments.

    Raises:
        ValueError: no layers, or no tokens.
        TypeError: tokens that are no whole number (100_000, not 1e5); one text or a file, see ``from_hub``.
        RuntimeError: the weights were changed behind the back of ``lm``.
    """
    language_model(lm)
    if not (layers := layer_list(layers)):
        raise ValueError("There are no layers to fit statistics for.")
    at_least(1, tokens=tokens)
    if texts is None:
        texts = wikipedia_leads("fit")
    elif isinstance(texts, (str, Path)):
        texts = from_hub(texts)
    texts = list(check_texts(texts)) if isinstance(texts, Sequence) else _enough(lm, texts, tokens)
    sample = tokenise(lm.tokenizer, "\n".join(texts[:10]))  # tells tokenizers apart
    digest = hashlib.sha256(("\0".join(texts) + str(sample)).encode()).hexdigest()[:16]
    if not lm.ledger.edits and fingerprint(lm.model) != lm.fingerprint:
        raise RuntimeError("The model was changed after its LanguageModel was made: wrap it again.")
    files = {layer: StatisticsFile(lm.fingerprint, layer, digest, int(tokens)) for layer in layers}
    return StatisticsRequest(lm, texts, files)


def _enough(lm: LanguageModel, texts: Iterable[str], tokens: int) -> list[str]:
    """The first texts of a stream that hold so many tokens, and never a whole hub.

    The files' names depend on the texts read, so those are a round number, doubled while it is too small.
    """
    stream = check_texts(texts)
    read = list(itertools.islice(stream, max(1000, tokens // 8)))
    while sum(map(len, token_rows(lm, read, tokens))) < tokens:
        if not (more := list(itertools.islice(stream, len(read)))):
            break
        read += more
    return read
