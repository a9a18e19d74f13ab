"""The questions of ``study``, after all facts of the test half have been written, not one: results/many.json.

    python -m alphaedit_lite.book.ch16.study_many

In batches of 50 with the shipped targets, by AlphaEdit and by MEMIT with history. The same questions about
the same facts, so that each answer has its pair in results/seams.json, where the fact was written alone. A
question in which another written fact has a part is marked: what is wanted there may have changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ...facts import Fact, bundled_facts
from ...support.bundled import bundled_targets
from ...support.loading import load_model
from ..kit.editors import recipe, writer
from ..kit.probes import BATCH
from ..kit.results import RESULTS, keep, resume
from .experiments import Question, ask, questions
from .study import chosen

OUT = RESULTS / "many.json"
WRITERS: Final = ("AlphaEdit", "MEMIT with history")


def clashes(fact: Fact, question: Question, written: Sequence[Fact]) -> bool:
    """Whether another written fact has a part in the question, by its subject or as one about the same."""
    texts = " ".join((question.prompt, *(question.check or ())[:1]))
    others = {other.subject for other in written if other.subject != fact.subject}
    if question.kind == "bystander" and sum(other.subject == fact.subject for other in written) > 1:
        return True
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", texts) for name in others)


def main() -> None:
    lm, written = load_model(), bundled_facts("test")
    made_with = {"fingerprint": lm.fingerprint, "written": len(written), "batch": BATCH}
    asked = [(fact, questions(fact, neighbours=2)) for fact in chosen()]
    found = resume(OUT, made_with, rows={})
    found["clashes"] = [[int(clashes(fact, q, written)) for q in some] for fact, some in asked]
    keep(OUT, found, "rows")
    for name in WRITERS:
        if name in found["rows"]:
            continue
        write = writer(lm, recipe(name).settings)
        try:
            for first in range(0, len(written), BATCH):
                batch = written[first : first + BATCH]
                write(batch, bundled_targets(lm, batch))
            tables = [ask(lm, some) for _, some in asked]
        finally:
            lm.ledger.clear()
        found["rows"][name] = {
            what: [table[what].astype(int).tolist() for table in tables] for what in ("success", "first")
        }
        keep(OUT, found, "rows")


if __name__ == "__main__":
    main()
