"""What grows and what does not: `python -m tests.benchmarks.scale`, on an idle machine.

Statistics by one process and by two, each pinned to one thread: the time of 24,000 tokens less that of 4,000,
so that starting up is left out. And the solve of one batch of 100 facts after more and more earlier ones, the
middle of three. Writes results/scale.json.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from alphaedit_lite import NullSpace, solvers
from alphaedit_lite.book.kit.results import RESULTS
from alphaedit_lite.support.assets import cache_dir

OUT = RESULTS / "scale.json"
FEW, MANY, LAYER, BATCH, D = 4_000, 24_000, "5", 100, 1536


def fitted(processes, tokens):
    """Seconds that so many processes need for the statistics of one layer, in a cache of their own."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("assets", "models"):
            (Path(folder) / name).symlink_to(cache_dir() / name)
        command = [sys.executable, "-m", "alphaedit_lite.scale.distributed", "--cpu"]
        command += ["--layers", LAYER, "--tokens", str(tokens)]
        environment = {
            **os.environ,
            "ALPHAEDIT_CACHE": folder,
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
        }
        start = time.perf_counter()
        started = [
            subprocess.Popen(
                command,
                env={**environment, "RANK": str(i), "WORLD_SIZE": str(processes), "LOCAL_RANK": str(i)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for i in range(processes)
        ]
        if any(process.wait() for process in started):
            raise RuntimeError(f"{' '.join(command)} failed in one of {processes} processes.")
        return time.perf_counter() - start


def solves():
    """Seconds of one batch by the number of facts before it."""
    torch.manual_seed(0)
    text = torch.randn(4 * D, D, dtype=torch.float64) * torch.logspace(0, -2, D, dtype=torch.float64)
    space = NullSpace.fit(text.T @ text / len(text), 1.0, "relative")
    found = {}
    for past in (0, 500, 1000, 2000, 4000):
        keys, history = (torch.randn(n, D, dtype=torch.float64) for n in (BATCH, past))
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            solvers.alphaedit(keys, space, 1.0, history if past else None)
            taken.append(time.perf_counter() - start)
        found[str(past)] = round(statistics.median(taken), 4)
    return found


def main():
    rates = {n: (MANY - FEW) / (fitted(n, MANY) - fitted(n, FEW)) for n in (1, 2)}
    found = {
        "tokens a second": {str(n): round(rate, 1) for n, rate in rates.items()},
        "ratio": round(rates[2] / rates[1], 2),
        "seconds to solve 100 facts after": solves(),
    }
    OUT.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
