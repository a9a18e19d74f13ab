"""A long run that nobody watches: the paper's setting on any model, resumable at every batch.

    python -m alphaedit_lite.book.ch15.unattended --model meta-llama/Meta-Llama-3-8B --preset llama3-8b \\
        --dtype bfloat16 --facts counterfact.json --edits 2000 --batch 100 --out runs/llama3

What was stopped goes on when the same command is given again: statistics where they were last saved, edits
at the first batch that has no file, judging at the first checkpoint that is not in ``record.json``. The
model's name is the only thing that differs between a laptop and a GPU.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import torch

from ... import (
    AlphaEdit,
    EditorConfig,
    bundled_facts,
    evaluate,
    key_statistics,
    load_model,
    perplexity,
    read_counterfact,
)
from ...config import default_layers
from ...facts import Fact
from ...models import LanguageModel
from ...scale.distributed import fit_shares
from ...scale.plan import Workload, plan
from ...support.assets import replacing
from ...support.texts import wikipedia_leads
from ..kit.probes import number
from ..kit.results import versions

ROOM = 0.8  # of the free memory: real peaks are up to a fifth above the plan


def advice(lm: LanguageModel, config: EditorConfig, facts: int, batch: int) -> list[str]:
    """What to change before the run begins; nothing if it fits into the memory that is free now."""
    work, on_gpu = Workload(batch, max(0, facts - batch)), lm.device.type == "cuda"
    made = plan(lm, config=config, workload=work, accelerator=on_gpu)
    host = ROOM * psutil.virtual_memory().available
    if not on_gpu:  # the weights are in already
        return made.fits(host + made.items[0].bytes)
    free, _ = torch.cuda.mem_get_info(lm.device)
    return made.fits(ROOM * free + made.items[0].bytes, host)


def run(
    lm: LanguageModel,
    facts: Sequence[Fact],
    out: str | Path,
    config: EditorConfig | None = None,
    *,
    batch: int = 100,
    look_every: int = 5,
    judged: int = 100,
    texts: Sequence[str] | None = None,
    stop_after: int | None = None,
) -> dict[str, Any]:
    """Write facts batch by batch, each saved in ``out``/edits; judge now and then, in ``out``/record.json.

    Args:
        look_every: batches between two checkpoints; there is always one at the end.
        judged: how many of the facts written so far a checkpoint asks for, the earliest ones included.
        texts: for the statistics; by default Wikipedia leads.
        stop_after: leave after so many batches, as a crash would; the model keeps them.

    Raises:
        ValueError: ``out`` holds a run of another model, other facts or settings.
    """
    config, out = config or EditorConfig(), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    settings = json.loads(json.dumps(dataclasses.asdict(config)))
    made_with = {"fingerprint": lm.fingerprint, "facts": len(facts), "batch": batch, "settings": settings}
    path = out / "record.json"
    record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {**made_with, "looks": []}
    if different := [name for name, value in made_with.items() if record[name] != value]:
        raise ValueError(f"{path} is of a run with another {different[0]}: choose another folder.")
    layers = config.layers or default_layers(lm.n_layers)
    fit_shares(lm, layers, texts, config.tokens, progress=False)
    statistics = key_statistics(lm, layers, texts, config.tokens, progress=False)
    editor = AlphaEdit(lm, config, statistics=statistics, progress=False)
    seen, start = {look["edits"] for look in record["looks"]}, time.perf_counter()
    for count, _ in enumerate(editor.edit_stream(facts, batch, out / "edits"), 1):
        done = min(count * batch, len(facts))
        if (count % look_every == 0 or done == len(facts)) and done not in seen:
            sample = facts[:done][:: max(1, done // judged)]
            means = evaluate(lm, sample, progress=False).mean(numeric_only=True)
            look = {"edits": done, **{str(name): number(value) for name, value in means.items()}}
            look["perplexity"] = number(perplexity(lm, (texts or wikipedia_leads("heldout"))[:20]))
            look["seconds"] = round(time.perf_counter() - start, 1)
            record = {**record, "versions": versions(), "looks": [*record["looks"], look]}
            with replacing(path) as partial:
                partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        if count == stop_after:
            break
    return record


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Hundreds of edits on any model, resumable.")
    parser.add_argument("--model", default=None, help="folder or hub name; the default model if left out")
    parser.add_argument("--preset", default=None, help="of EditorConfig.faithful, such as llama3-8b")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"])
    parser.add_argument("--facts", default=None, help="a CounterFact file; the bundled facts if left out")
    parser.add_argument("--edits", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--out", required=True, help="folder of the run; give it again to go on")
    parser.add_argument("--anyway", action="store_true", help="start even if the plan does not fit")
    options = parser.parse_args(arguments)
    facts = bundled_facts() if options.facts is None else read_counterfact(options.facts)
    facts = facts[: options.edits]
    lm = load_model(options.model, getattr(torch, options.dtype))
    config = EditorConfig.faithful(options.preset) if options.preset else EditorConfig()
    if (found := advice(lm, config, len(facts), options.batch)) and not options.anyway:
        parser.error("this would not fit. " + " ".join(found) + " (--anyway starts nevertheless.)")
    run(lm, facts, options.out, config, batch=options.batch)


if __name__ == "__main__":
    main()
