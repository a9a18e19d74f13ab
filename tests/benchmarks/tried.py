"""Ideas for a faster search, and what each costs: `python -m tests.benchmarks.tried FOLDER`, FOLDER of real data.

Every row changes one thing of the defaults, and writes the same development facts of CounterFact
(counterfact_500.json, numbers 100 to 139), 20 at a time; judged at the end on all of them and on texts that nothing
was fitted to. On an idle machine. Writes results/tried.json after every row; a run that was stopped goes on, and
times of two runs are not to be compared.
"""

import argparse
import dataclasses
import time
from pathlib import Path

from alphaedit_lite import AlphaEdit, EditorConfig, TargetConfig, load_model, read_counterfact
from alphaedit_lite.book.kit.results import RESULTS, keep, resume
from alphaedit_lite.prompts import PREFIXES
from tests.benchmarks.quality import difference, judge

OUT, BATCH, FIRST, LAST = RESULTS / "tried.json", 20, 100, 140
WAYS = {
    "defaults": EditorConfig(),
    "no KL term": EditorConfig(targets=TargetConfig(kl=0.0)),
    "four prompts for z instead of six": EditorConfig(targets=TargetConfig(prefixes=PREFIXES[:4])),
    "two prompts for z": EditorConfig(targets=TargetConfig(prefixes=PREFIXES[:2])),
    "one search and one write": EditorConfig(passes=1),
}


def main(folder: Path) -> None:
    lm = load_model()
    facts = [
        dataclasses.replace(fact, neighbours=fact.neighbours[::3])
        for fact in read_counterfact(folder / "counterfact_500.json")[FIRST:LAST]
    ]
    found = resume(OUT, {"fingerprint": lm.fingerprint, "facts": len(facts), "batch": BATCH}, rows={})
    AlphaEdit(lm, progress=False).edit(facts[:1]).revert()  # warm up
    for way, config in WAYS.items():
        if way in found["rows"]:
            continue
        editor = AlphaEdit(lm, config, progress=False)
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in editor.edit_stream(facts, BATCH):
            pass
        cpu, wall = (now - then for now, then in ((time.process_time(), cpu), (time.perf_counter(), wall)))
        found["rows"][way] = {
            "seconds": round(wall / len(facts), 3), "cpu": round(cpu / len(facts), 3), **judge(lm, facts)
        }  # fmt: skip
        lm.ledger.clear()
        keep(OUT, found, "rows")
    ours = found["rows"]["defaults"]
    for way, row in found["rows"].items():
        print(f"{way}: {row['seconds']:.2f} s a fact ({row['cpu']:.2f} of the processor)")
        for name in ("efficacy_top1", "generalization_top1", "specificity_top1"):
            mean = sum(row["scores"][name]) / len(facts)
            print(
                f"    {name} {mean:.3f}; − defaults: {difference(row['scores'][name], ours['scores'][name])}"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
