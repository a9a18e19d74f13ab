"""Key statistics on several processes, and across interruptions.

    accelerate launch --multi_gpu --num_processes 4 -m alphaedit_lite.scale.distributed --model FOLDER
    torchrun --nproc-per-node 2 -m alphaedit_lite.scale.distributed --layers 3 4 5 6 7      # also on CPU
    key_statistics(lm, (3, 4, 5, 6, 7))                                               # finds the files

The second moment is a sum, so the text can be dealt out: each process sums its share, and the shares are
added up in float64. The processes never talk to each other, they meet in a folder of the cache: there is
no rendezvous to time out, a dead process takes nobody with it, a launcher is a convenience (the same
command in two terminals does as well), and a rerun goes on where every share was last saved.
(``--multi_gpu`` means several processes, with or without GPUs; ``--cpu`` instead of it starts only one.)
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from filelock import Timeout

from ..config import default_layers
from ..keys import KeyStatistics, token_rows
from ..models import LanguageModel
from ..support.assets import AssetError, expanded, lock, replacing
from ..support.loading import load_model
from ..support.shares import SAVE_EVERY, Share, grow
from ..support.statistics import StatisticsRequest, save_statistics, statistics_request


def fit_shares(
    lm: LanguageModel,
    layers: Sequence[int],
    texts: Iterable[str] | str | None = None,
    tokens: int = 100_000,
    *,
    rank: int = 0,
    processes: int = 1,
    save_every: float = SAVE_EVERY,
    sums_on: torch.device | str | None = None,
    progress: bool = True,
) -> bool:
    """Do this process's share of ``key_statistics``, then any other share that nobody is at work on.

    Whoever finishes the last share adds all of them up and writes the files that ``key_statistics`` finds.
    Call it in every process with the same model, layers, texts and tokens.

    Args:
        layers, texts, tokens: as for ``key_statistics``; the tokens taken are exactly the same.
        rank, processes: which process this is, and of how many. A rerun may have other numbers: the
            shares stay those that the first run dealt.
        sums_on: the device of the sums, 8 d_ff² bytes a layer: "cpu" spares a GPU's memory, and sends one
            float32 matrix a batch and layer. By default the model's.
        save_every: seconds after which a share is saved while it grows: what an interruption can cost.

    Returns:
        whether the statistics are whole now (otherwise other processes are still at their shares).

    Raises:
        ValueError: a rank that is not one of the processes'.
        RuntimeError: the model holds edits, or was changed from outside.
        AssetError: a damaged share, naming the file to delete.
    """
    if not 0 <= rank < processes:
        raise ValueError(f"rank must be one of 0 to {processes - 1}, not {rank}.")
    request = statistics_request(lm, layers, texts, tokens)
    lm.check_unedited()
    with lock(f"statistics-{lm.fingerprint}"):  # nobody is adding up just now
        missing = request.missing()
        if not missing:
            return True
        shares = _deal(request, missing, processes)
    rows = token_rows(lm, request.texts, tokens)
    for share in shares[rank % len(shares) :] + shares[: rank % len(shares)]:
        try:
            with lock(f"{share.folder.name}-{share.number}").acquire(timeout=0):
                if not request.missing():  # another process has added everything up
                    return True
                if not share.progress(lm)[1]:
                    dealt = share.rows(rows)
                    options: Any = {"save_every": save_every, "sums_on": sums_on}
                    sums = grow(lm, missing, share, dealt, **options, progress=progress and rank == 0)
                    share.save(sums, len(dealt), len(dealt))
        except Timeout:
            continue  # another process is at it
    with lock(f"statistics-{lm.fingerprint}"):
        if not request.missing():
            return True
        if not all(share.progress(lm)[1] for share in shares):
            return False
        for layer in missing:  # one layer at a time: two matrices in memory, however many shares
            total = KeyStatistics.empty(lm.d_ff, **lm.whose(layer))
            for share in shares:
                part = share.layer(layer)
                total.total += part.total
                total.count += part.count
            save_statistics(request.path(layer), total, request.files[layer])
        shutil.rmtree(shares[0].folder, ignore_errors=True)
    return True


def _deal(request: StatisticsRequest, layers: Sequence[int], processes: int) -> list[Share]:
    """The shares, as many as there are processes; or as many as an earlier run dealt. Call it locked."""
    folder = request.folder("shares", layers)
    folder.mkdir(parents=True, exist_ok=True)
    dealt = folder / "shares.json"
    if not dealt.exists():
        with replacing(dealt) as partial:
            partial.write_text(json.dumps(processes))
    text = dealt.read_text(errors="replace").strip()
    if not text.isdecimal() or (of := int(text)) < 1:
        raise AssetError(f"{dealt} says {text[:20]!r}, not how many shares there are. Delete its folder.")
    return [Share(folder, number, of) for number in range(of)]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; rank and device come from the launcher (RANK, WORLD_SIZE, LOCAL_RANK)."""
    parser = argparse.ArgumentParser(description="Fit key statistics on several processes; rerun to resume.")
    parser.add_argument("--model", default=None, help="folder or hub name; the default model if left out")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"])
    parser.add_argument("--layers", type=int, nargs="+", default=None, help="by default the edited ones")
    parser.add_argument("--tokens", type=int, default=100_000)
    parser.add_argument("--texts", default=None, help="a data set on a hub, or a file with one text a line")
    parser.add_argument("--save-every", type=float, default=120.0, metavar="SECONDS")
    parser.add_argument(
        "--sums-on", default=None, metavar="DEVICE", help="'cpu' spares 8 d_ff² bytes a layer"
    )
    parser.add_argument("--cpu", action="store_true", help="do not use a GPU")
    options = parser.parse_args(arguments)
    rank, processes = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    texts = options.texts
    if texts is not None and (file := expanded(texts)).is_file():
        texts = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    on_gpu = torch.cuda.is_available() and not options.cpu
    device = f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if on_gpu else "cpu"
    lm = load_model(options.model, getattr(torch, options.dtype), device)
    whole = fit_shares(
        lm,
        options.layers or default_layers(lm.n_layers),
        texts,
        options.tokens,
        rank=rank,
        processes=processes,
        save_every=options.save_every,
        sums_on=options.sums_on,
    )
    state = "the statistics are whole" if whole else "my share is done"
    print(f"process {rank} of {processes}: {state}")  # noqa: T201


if __name__ == "__main__":
    main()
