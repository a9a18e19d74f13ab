"""Hundreds of edits, one editor after the other, with probes that ride on the stream: results/stream/*.json.

    python -m alphaedit_lite.book.kit.studies                       # every editor, first order of the facts
    python -m alphaedit_lite.book.kit.studies AlphaEdit MEMIT --seeds 0 1 --edits 600
    python -m alphaedit_lite.book.kit.studies --counterfact FOLDER --edits 1000
    python -m alphaedit_lite.book.kit.studies --counterfact FOLDER --edits 1000 --second --cohort 25

The unit is one editor with one order of the facts. Every batch is saved as it is written, every checkpoint
as it is judged: what was stopped goes on, and ends at the same numbers. All editors write the same facts,
bundled ones or those of CounterFact files in a folder, with the same targets z, found once on the unedited
model, so that only the solver differs; ``--live`` finds z anew on the model as it is. A model that
collapsed is recorded as such, and its stream goes on. ``--second`` writes into ``load_second_model``, with
the package's own search for z: results/stream/second.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from ... import Edit, TargetConfig, bundled_targets, key_statistics, load_model
from ...config import default_layers
from ...edits import prune
from ...facts import Fact
from ...models import LanguageModel
from ...support.assets import cache_dir
from ...support.bundled import SHIPPED
from ...support.loading import load_second_model
from .editors import APART, EDITORS, VARIANTS, recipe, writer
from .elsewhere import losses
from .probes import BATCH, fewer, free, look, same, sizes
from .results import RESULTS, keep, read, resume
from .stream_facts import counterfact, order, unedited_targets

STREAMS = RESULTS / "stream"
EVERY, EDITS = 100, 600
MIDDLE = 300  # the one look on the way of a stream that is told in brief
COHORT = 25  # facts judged of every hundred; at the end all of them


def stream(
    lm: LanguageModel,
    name: str,
    facts: Sequence[Fact],
    folder: Path,
    z: torch.Tensor | None,
    size: int | None = None,
) -> Iterator[int]:
    """Write the facts batch by batch, out of ``folder`` where they stand already; yields how many are in."""
    write = writer(lm, recipe(name).settings)
    folder.mkdir(parents=True, exist_ok=True)
    size = size or recipe(name).batch or BATCH
    for first in range(0, len(facts), size):
        batch = facts[first : first + size]
        path = folder / f"{first:06d}.safetensors"
        if path.exists():
            Edit.load(path).apply(lm)
        else:
            write(batch, None if z is None else z[first : first + size]).save(path)
        yield first + len(batch)


def due(done: int, edits: int) -> bool:
    """Whether a checkpoint comes after ``done`` edits: after 100, 300, 600, 1,000, … and after the last."""
    return done == edits or done in (EVERY * k * (k + 1) // 2 for k in range(1, 20))


def unedited(made_with: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The fullest look at the unedited model that another editor's stream of the same facts has, if any."""
    looks = [
        first
        for other in map(read, sorted(folder.glob("*.json")))
        if all(other.get(key) == made_with[key] for key in ("facts", "seed", "fingerprint"))
        for first in other["checkpoints"][:1]
    ]
    return dict(max(looks, key=len, default={}))


def unit(
    lm: LanguageModel,
    name: str,
    seed: int,
    edits: int,
    live: bool = False,
    folder: Path | None = None,
    second: bool = False,
    cohort: int = EVERY,
    again: int = 0,
) -> dict[str, Any]:
    """One editor, one order of the facts (CounterFact's in ``folder``, or the bundled ones); the model is
    left as it was.

    Args:
        cohort: of every hundred facts, how many are judged at the end.
        again: not 0: the same facts in another order, shuffled by this number.
    """
    stem = f"{name.replace(' ', '-')}{'-counterfact' if folder else ''}{'-live' if live else ''}-{seed}"
    streams = STREAMS / "second" if second else STREAMS
    streams = streams / f"order-{again}" if again else streams
    # One look on the way, without the batteries of abilities:
    brief = bool(second or again or (live and folder) or name in APART)
    apart = "knobs" if name in VARIANTS else "apart" if name in APART else ""
    path = streams / apart / f"{stem}.json"
    everything = order(seed) if folder is None else counterfact(folder, seed)
    facts, settings = everything[:edits], dict(recipe(name).settings)
    if again:
        random.Random(again).shuffle(facts)
    trained = settings.get("finetune")
    if live or trained:
        z = None
    elif folder:
        z = unedited_targets(lm, facts, TargetConfig() if second else SHIPPED)
    else:
        z = bundled_targets(lm, facts)
    layers = trained["layers"] if trained else default_layers(lm.n_layers)
    made_with = {
        "editor": name, "seed": seed, "settings": settings,
        "batch": recipe(name).batch or BATCH,
        "facts": "CounterFact" if folder else "bundled",
        "targets": "found on the edited model" if live else "found on the unedited model",
        "fingerprint": lm.fingerprint,
    }  # fmt: skip
    if again:
        made_with |= {"again": again, "of": edits}
    kept = resume(path, made_with, checkpoints=[])
    made = hashlib.sha256(json.dumps(made_with).encode()).hexdigest()[
        :8
    ]  # batches of other settings are others
    written = cache_dir() / "stream" / stem / f"{lm.fingerprint}-{made}"

    def checkpoint(done: int) -> None:
        known = [found for found in kept["checkpoints"] if found["edits"] == done]
        ends = done in (0, edits)
        if known and not (ends and "losses" not in known[0]):
            return
        start = time.perf_counter()
        held = len(lm.ledger.edits)
        if (base := recipe(name).prune) and done:
            prune(lm, base)
        found = known[0] if known else {}
        if not done:
            found |= unedited(made_with, streams)
        if not found:
            some = fewer(facts, 1, 1) if brief else facts
            found = look(lm, some, done, EVERY, cohort if done == edits else COHORT, not brief)
        if ends and "losses" not in found:
            same(found, lm)
            found |= {"losses": losses(lm), "free": free(lm, facts)}
        if not known:
            found |= sizes(lm, layers) | {"seconds": round(time.perf_counter() - start, 1)}
            kept["checkpoints"].append(found)
        while len(lm.ledger.edits) > held:
            lm.ledger.edits[-1].revert()
        kept["checkpoints"].sort(key=lambda c: c["edits"])
        keep(path, kept, "checkpoints")

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        checkpoint(0)
        with tqdm(total=edits, desc=path.stem) as bar:
            for done in stream(lm, name, facts, written, z):
                if done == edits or (due(done, edits) and not (brief and done != MIDDLE)):
                    checkpoint(done)
                bar.update(done - bar.n)
    finally:
        lm.ledger.clear()
    return kept


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known, every = [*EDITORS, *VARIANTS, *APART], [name for name, made in EDITORS.items() if made.streamed]
    parser.add_argument("editors", nargs="*", default=every, metavar="EDITOR", help=", ".join(known))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--edits", type=int, default=EDITS)
    parser.add_argument("--live", action="store_true", help="find z anew on the model as it is")
    parser.add_argument("--counterfact", type=Path, metavar="FOLDER", help="with counterfact*.json in it")
    parser.add_argument("--second", action="store_true", help="into Qwen2.5-Coder-0.5B")
    parser.add_argument("--cohort", type=int, default=EVERY, help="of 100 facts, judged at the end")
    parser.add_argument("--again", type=int, default=0, metavar="N", help="the same facts, shuffled by N")
    options = parser.parse_args(argv)
    if unknown := set(options.editors) - set(known):
        parser.error(f"unknown editor {sorted(unknown)[0]!r}: choose from {', '.join(known)}")
    lm = load_second_model() if options.second else load_model()
    key_statistics(lm, default_layers(lm.n_layers))
    for seed in options.seeds:
        for name in options.editors:
            unit(
                lm, name, seed, options.edits, options.live, options.counterfact,
                options.second, options.cohort, options.again,
            )  # fmt: skip


if __name__ == "__main__":
    main()
