"""300 CounterFact edits in sequence, judged at the end on all of them.

    python tests/benchmarks/stream.py path/to/counterfact_500.json [--lam 0.5] [--solver alphaedit]

Writes results/stream_counterfact.json after every batch, so an interrupted run shows how far it came;
the unedited model is not judged twice.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path

from alphaedit_lite import Editor, EditorConfig, evaluate, load_model, perplexity, read_counterfact
from alphaedit_lite.book.kit.results import RESULTS
from alphaedit_lite.support.loading import DEFAULT_MODEL
from alphaedit_lite.support.texts import wikipedia_leads

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("counterfact", type=Path)
parser.add_argument("--edits", type=int, default=300)
parser.add_argument("--batch", type=int, default=30)
parser.add_argument("--solver", default="alphaedit")
parser.add_argument("--lam", type=float, default=EditorConfig.lam)
parser.add_argument("--out", type=Path, default=RESULTS / "stream_counterfact.json")
options = parser.parse_args()

lm = load_model()
facts = read_counterfact(options.counterfact)[: options.edits]
heldout = wikipedia_leads("heldout")[:200]


def judge() -> dict[str, float]:
    means = evaluate(lm, facts).drop(columns="subject").mean()
    return {**{name: round(value, 4) for name, value in means.items()}, "perplexity": perplexity(lm, heldout)}


result: dict = {
    "model": DEFAULT_MODEL,
    "facts": len(facts),
    "batch": options.batch,
    "heldout_leads": len(heldout),
}
earlier = json.loads(options.out.read_text()) if options.out.exists() else {}
same = all(earlier.get(key) == result[key] for key in result)
result["unedited"] = earlier["unedited"] if same and "unedited" in earlier else judge()
editor = Editor(lm, solver=options.solver, lam=options.lam)
result["settings"] = dataclasses.asdict(editor.config)
start = time.perf_counter()
for done, _ in enumerate(editor.edit_stream(facts, options.batch), start=1):
    result["seconds_per_edit"] = (time.perf_counter() - start) / min(done * options.batch, len(facts))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1))
result["edited"] = judge()
change = result["edited"]["perplexity"] / result["unedited"]["perplexity"] - 1
result["perplexity_change"] = round(change, 4)
options.out.write_text(json.dumps(result, indent=1) + "\n")
print(
    json.dumps(
        {key: result[key] for key in ("unedited", "edited", "perplexity_change", "seconds_per_edit")},
        indent=1,
    )
)
