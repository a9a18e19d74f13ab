"""From a cold start to the first answer: `python -m tests.benchmarks.start`, on an idle machine, model cached.

Runs the demo as a user does and notes when each of its three reports begins. Writes results/start.json.
"""

import json
import resource
import subprocess
import sys
import time

from alphaedit_lite.book.kit.results import RESULTS

start = time.perf_counter()
demo = subprocess.Popen(
    [sys.executable, "-u", "-m", "alphaedit_lite.book.kit.demo"], stdout=subprocess.PIPE, text=True
)
seen: dict[str, float] = {}
for line in demo.stdout:
    for name, sign in {"asked": "Before", "answered": "  fact", "told": "After the edit"}.items():
        if line.startswith(sign):
            seen.setdefault(name, time.perf_counter() - start)
    if line.startswith("  generation"):
        seen.setdefault("before_done", time.perf_counter() - start)
demo.wait()
result = {
    "seconds_to_first_answer": round(seen["answered"], 1),
    "seconds_of_the_edit": round(seen["told"] - seen["before_done"], 1),
    "seconds_in_all": round(time.perf_counter() - start, 1),
    "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6, 2),
}
(RESULTS / "start.json").write_text(json.dumps(result, indent=1) + "\n")
print(json.dumps(result, indent=1))
