"""A model of half a billion weights over lunch: `python -m tests.benchmarks.second FOLDER`, FOLDER of real data.

Qwen2.5-Coder-0.5B (``load_second_model``), the default layers, CounterFact facts that nothing was tuned on: how long
the statistics of 100,000 tokens and the null spaces take, with --fit; without, one fact, facts in a batch, and the
most memory that an edit has needed, beside the model's own. On an idle machine. Writes results/second.json.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

from alphaedit_lite import AlphaEdit, NullSpace, read_counterfact
from alphaedit_lite.book.kit.results import RESULTS
from alphaedit_lite.config import default_layers
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.support.loading import load_second_model
from alphaedit_lite.support.texts import wikipedia_leads

OUT, TOKENS, ALONE, BATCH, FIRST = RESULTS / "second.json", 100_000, 5, 16, 400


def memory(name: str) -> float:
    """Gigabytes of this process, by its entry in /proc: VmRSS now, VmHWM at the most since the last reset."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return round(int(lines[name].split()[0]) * 1024 / 1e9, 2)


def taken(start: float) -> float:
    return round(time.perf_counter() - start, 2)


def main(folder: Path, fit: bool) -> None:
    found: dict[str, Any] = json.loads(OUT.read_text()) if OUT.exists() else {}
    lm, now = load_second_model(), time.perf_counter()
    layers = default_layers(lm.n_layers)
    found |= {"fingerprint": lm.fingerprint, "layers": layers, "tokens": TOKENS, "facts": "CounterFact"}
    if fit:
        fitted = fit_statistics(lm, layers, wikipedia_leads("fit"), TOKENS)
        found["statistics"], now = taken(now), time.perf_counter()
        spaces = {layer: NullSpace.fit(one) for layer, one in fitted.items()}
        found["null spaces"] = taken(now)
        found["rank"] = {str(layer): space.rank for layer, space in spaces.items()}
        OUT.write_text(json.dumps(found, indent=1) + "\n")
        return  # memory is measured by a process of its own, which has not fitted anything
    size = sum(p.numel() * p.element_size() for p in lm.model.parameters()) / 1e9
    found["GB"] = {"weights": round(size, 2), "loaded": memory("VmRSS")}
    editor = AlphaEdit(lm, progress=False)
    found["GB"]["with null spaces"] = memory("VmRSS")
    facts = read_counterfact(folder / "counterfact_500.json")[FIRST : FIRST + ALONE + BATCH]
    editor.edit(facts[:1]).revert()  # warm up
    Path("/proc/self/clear_refs").write_text("5")  # forget the most so far
    alone = []
    for fact in facts[:ALONE]:
        now = time.perf_counter()
        editor.edit([fact]).revert()
        alone.append(taken(now))
    found["GB"]["most in an edit"], now = memory("VmHWM"), time.perf_counter()
    edit = editor.edit(facts[ALONE:])
    found |= {"seconds alone": alone, "median": statistics.median(alone), "batch": BATCH}
    found["seconds each in the batch"] = round(taken(now) / BATCH, 2)
    found["GB"]["most in a batch"] = memory("VmHWM")
    edit.revert()
    OUT.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fit", action="store_true", help="time statistics and null spaces only")
    options = parser.parse_args()
    main(options.folder, options.fit)
