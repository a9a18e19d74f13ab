"""Speed beside quality: `python -m tests.benchmarks.bench [--counterfact FOLDER]`, on an idle machine.

The package against the path of the released code (``released``), in one process and run, by turns: one fact alone
(the median of several) and a batch at once; seconds by the clock and of the processor; what each has written, judged.
Ratios are to ``BASELINE``, the faster of the two forms of the released path: with prefixes sampled as it samples
them. About 12 minutes on two cores. Writes results/bench.json; `python -m tests.benchmarks.readme` fills in README.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from alphaedit_lite import Fact, LanguageModel, bundled_facts, evaluate, load_model, perplexity
from alphaedit_lite.book.kit.results import RESULTS, keep, versions
from alphaedit_lite.book.kit.stream_facts import counterfact
from alphaedit_lite.config import default_layers
from alphaedit_lite.prompts import encode_fact
from alphaedit_lite.support.loading import DEFAULT_MODEL
from alphaedit_lite.support.texts import wikipedia_leads
from tests.benchmarks.readme import table
from tests.benchmarks.ways import BASELINE, EQUAL, OURS, Way, the_ways

OUT = RESULTS / "bench.json"
LEADS = 10  # texts of the perplexity


UNITS = ("seconds", "cpu")  # by the clock; of the processor, all threads added up
Seconds = dict[str, float]


def timed(function: Callable, *args: Any) -> tuple[Any, Seconds]:
    wall, cpu = time.perf_counter(), time.process_time()
    value = function(*args)
    return value, dict(zip(UNITS, (time.perf_counter() - wall, time.process_time() - cpu), strict=True))


def whole(z: Seconds, write: Seconds, way: Way) -> dict[str, Seconds]:
    """The seconds of an edit: a search inside the write counts as search."""
    inside = way.inside or dict.fromkeys(UNITS, 0.0)
    z, write = ({u: took[u] + sign * inside[u] for u in UNITS} for took, sign in ((z, 1), (write, -1)))
    return {"z": z, "write": write, "whole": {name: z[name] + write[name] for name in z}}


Found = dict[str, dict[str, Any]]  # by way


def search(ways: dict[str, Way], facts: Sequence[Fact], alone: Sequence[int]) -> Found:
    """All ways by turns: z of each fact, those of some also written alone, and between them z of all at once.

    Args:
        alone: the numbers of the facts that are written alone.

    Returns:
        by way "z" [n, d_model], "steps" and "z seconds" of all facts, and "alone": the seconds of single ones.
    """
    found: Found = {name: {"alone": [], "singles": []} for name in ways}
    at_once = [name for name, way in ways.items() if not way.by_fact]
    turns = {(i + 1) * len(facts) // (len(at_once) + 1): name for i, name in enumerate(at_once)}
    for i, fact in enumerate(facts):
        if name := turns.get(i):
            (found[name]["z"], found[name]["steps"]), found[name]["z seconds"] = timed(ways[name].find, facts)
        for name, way in ways.items():
            if not (way.by_fact or i in alone):
                continue
            (z, steps), z_seconds = timed(way.find, [fact])
            found[name]["singles"].append((z, steps, z_seconds))
            if i in alone:
                _, write_seconds = timed(way.write, [fact], z)
                way.undo()
                found[name]["alone"].append(whole(z_seconds, write_seconds, way))
                print(f"fact {i}, {name}: {found[name]['alone'][-1]['whole']['seconds']:.2f} s", flush=True)
    for its in (found[name] for name, way in ways.items() if way.by_fact):
        its["z"] = torch.cat([z for z, *_ in its["singles"]])
        its["steps"] = [n for _, steps, _ in its["singles"] for n in steps]
        its["z seconds"] = {unit: sum(took[unit] for *_, took in its["singles"]) for unit in UNITS}
    return found


def write(ways: dict[str, Way], facts: Sequence[Fact], found: Found, judge: Callable[[], dict]) -> None:
    """Each way writes all facts at once, and is judged: "delta" [layers, …], "together" (seconds), "quality"."""
    for name, way in ways.items():
        its = found[name]
        delta, seconds = timed(way.write, facts, its["z"])
        its["delta"] = torch.stack([delta(layer).float() for layer in default_layers(way.lm.n_layers)])
        its["together"], its["quality"] = whole(its["z seconds"], seconds, way), judge()
        way.undo()


def report(found: Found, n: int) -> Found:
    """Plain numbers by way: seconds a fact, alone (the median) and together, and how many times faster."""
    rows: Found = {}
    for name, its in found.items():
        alone = {
            part: {unit: statistics.median(one[part][unit] for one in its["alone"]) for unit in UNITS}
            for part in its["together"]
        }
        together = {part: {unit: took[unit] / n for unit in UNITS} for part, took in its["together"].items()}
        steps = sum(its["steps"]) / n
        rows[name] = {"steps": steps, "alone": alone, "together": together, "quality": its["quality"]}
    for row in rows.values():
        row["times"] = {
            case: rows[BASELINE][case]["whole"]["seconds"] / row[case]["whole"]["seconds"]
            for case in ("alone", "together")
        }
    return rows


def floor_flops(lm: LanguageModel, fact: Fact, steps: int, prefixes: Sequence[str], layer: int) -> float:
    """Multiply-adds × 2 that the search for z itself asks for: suffix tokens × parameters above the edited block,
    forward and backward to activations, and the vocabulary where the loss is read."""
    per_block = sum(p.numel() for p in lm.block(0).parameters())
    head = lm.model.get_output_embeddings().weight.numel()
    rows = encode_fact(lm.tokenizer, fact, prefixes, True)
    suffix = sum(len(row.ids) - 1 - row.subject for row in rows) + 1
    read = sum(len(row.ids) - row.object for row in rows) + 1
    step = (suffix * per_block * (lm.n_layers - layer - 1) + read * head) * 2
    prefix = sum(len(row.ids) for row in rows) * per_block * lm.n_layers * 2
    return prefix + step * (2 * steps - 1)  # the last step needs no backward


def peak() -> float:
    """Operations a second in a product of two large matrices: the best of three."""
    a = torch.randn(1024, 1024)
    return max(50 * 2 * 1024**3 / timed(lambda: [a @ a for _ in range(50)])[1]["seconds"] for _ in range(3))


def apart(ours: Tensor, theirs: Tensor) -> float:
    """The largest relative distance between two lists of vectors or matrices."""
    return float(((ours - theirs).flatten(1).norm(dim=1) / theirs.flatten(1).norm(dim=1)).max())


def main(count: int, singles: int, folder: Path | None, out: Path) -> None:
    lm, began = load_model(), time.perf_counter()
    known = counterfact(folder, 0) if folder else bundled_facts("development")
    facts = known[:: max(1, len(known) // count)][:count]
    leads = wikipedia_leads("heldout")[:LEADS]

    def judge() -> dict[str, float]:
        means = evaluate(lm, facts, progress=False).drop(columns="subject").mean()
        return {
            **{name: round(value, 4) for name, value in means.items()},
            "perplexity": perplexity(lm, leads),
        }

    ways = the_ways(lm)
    for way in ways.values():
        way.find(facts[:1], steps=2)  # warm up
    speed, unedited = peak(), judge()
    found = search(ways, facts, range(0, count, max(1, count // singles))[:singles])
    write(ways, facts, found, judge)
    config, layer = ways[OURS].config.targets, default_layers(lm.n_layers)[-1]
    floor = sum(
        floor_flops(lm, fact, steps, config.prefixes, layer)
        for fact, steps in zip(facts, found[OURS]["steps"], strict=True)
    )
    record = {
        "model": DEFAULT_MODEL,
        "versions": versions(),
        "facts": {"together": count, "alone": singles, "from": "CounterFact" if folder else "bundled"},
        "threads": torch.get_num_threads(),
        "gflops": speed / 1e9,
        "baseline": BASELINE,
        "apart": {what: apart(found[EQUAL][what], found[BASELINE][what]) for what in ("z", "delta")},
        "floor of z": floor / speed / count,
        "leads": LEADS,
        "unedited": unedited,
        "ways": report(found, count),
        "minutes": (time.perf_counter() - began) / 60,
    }
    keep(out, record, "ways")
    print(table(record))
    print(f"apart: {record['apart']}; {record['minutes']:.1f} minutes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=24)
    parser.add_argument("--alone", type=int, default=5)
    parser.add_argument("--counterfact", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    main(options.facts, options.alone, options.counterfact, options.out)
