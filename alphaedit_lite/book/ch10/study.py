"""Every editor over its knob, with P and without: 200 edits in sequence each; makes results/fronts.json.

    python -m alphaedit_lite.book.ch10.study            # goes on where it was stopped
    python -m alphaedit_lite.book.ch10.study MEMIT RECT # the rows of these editors only

Every row writes the same 200 facts of the test half, 50 at a time, with the targets z that ship with the
package, judges all of them, and takes everything back: a minute or two on one core. Kept are the scores
of every fact, so that two rows can be compared fact by fact.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ... import bundled_facts, bundled_targets, key_statistics, load_model
from ...config import default_layers
from ...edits import prune
from ...facts import Fact
from ...models import LanguageModel
from ..kit.editors import ALPHA, BARE, EDITORS, FORGETS, RIDGE, Recipe, writer
from ..kit.fronts import WITH_P
from ..kit.probes import BATCH, FACTS, LEADS, NEIGHBOURS, PARAPHRASES, judge, measured
from ..kit.results import RESULTS, keep, resume

PATH = RESULTS / "fronts.json"


class Row(NamedTuple):
    """One run: the editor, its knob in words, how P is used, and the settings."""

    editor: str
    knob: str
    projected: str
    settings: dict[str, Any]


def grid() -> Iterator[Row]:
    """All rows, the most wanted first."""
    leaks = {"P leaks 10%": ("energy", 0.1), "P leaks 1%": ("energy", 0.01), "relative P": ("relative", 1.0)}
    alpha, ridge, memit = EDITORS[ALPHA], EDITORS[RIDGE], EDITORS["MEMIT with history"]

    def as_is(made: Recipe) -> Row:
        return Row(*made.row, "solved inside" if made.has_P else "without P", dict(made.settings))

    def with_P(*names: str) -> Iterator[Row]:
        for made in map(EDITORS.__getitem__, names):
            damped = {} if made.prune is None else {"prune": made.prune}
            for way, value in WITH_P.items():
                if not (value == "after" and "finetune" in made.settings):  # it projects every step
                    yield Row(*made.row, way, {**made.settings, **damped, "project": value})

    def leaking(kind: str, made: Recipe = alpha) -> Row:
        how, threshold = leaks[kind]
        return as_is(made.turned(f"λ = 0.8, {kind}", threshold=threshold, threshold_kind=how))

    def at_lam(*values: float) -> Iterator[Row]:
        for lam in values:
            yield from (as_is(made.turned(f"λ = {lam:g}", lam=lam)) for made in (alpha, ridge))

    def at_c(made: Recipe, *values: float) -> Iterator[Row]:
        return (as_is(made.turned(f"c = {c:g}", weight=c)) for c in values)

    rows = [
        *at_lam(0.8),
        *with_P("MEMIT with history", "MEMIT"),
        as_is(EDITORS[FORGETS]),
        leaking("P leaks 10%"),
        *with_P("RECT", "PRUNE"),
        *at_lam(0.2, 3.0),
        *at_c(memit, 300.0, 4000.0),
        leaking("P leaks 1%"),
        *with_P("ENCORE", "EMMET"),
        *at_c(memit, 600.0, 1500.0, 2200.0, 3000.0),  # between far settings a straight line misleads
        *at_lam(0.4, 1.5),
        as_is(ridge.turned("λ = 5", lam=5.0)),
        as_is(EDITORS["RECT"].turned("keeps 0.2", keep=0.2)),
        *at_c(EDITORS["MEMIT"], 300.0, 600.0, 1500.0, 2200.0, 4000.0),
        as_is(EDITORS[BARE]),
        *(leaking(kind, EDITORS[FORGETS]) for kind in ("P leaks 10%", "P leaks 1%")),
        leaking("relative P"),
        *with_P("ROME", "FT", "FT-L"),  # the slowest: last
        *(as_is(EDITORS["FT"].turned(f"rate {lr:g}", finetune={"lr": lr})) for lr in (2e-3, 5e-3)),
    ]
    yield from rows
    yield from with_P(*(name for name in EDITORS if name not in {row.editor for row in rows}))


def write(lm: LanguageModel, settings: dict[str, Any], facts: Sequence[Fact]) -> None:
    """All facts in batches; PRUNE damps once, at the end."""
    settings, z = dict(settings), bundled_targets(lm, facts)
    base, size = settings.pop("prune", None), 1 if settings.get("solver") == "rome" else BATCH
    editor = writer(lm, settings)
    for first in range(0, len(facts), size):
        editor(facts[first : first + size], z[first : first + size])
    if base is not None:
        prune(lm, base)


def run(lm: LanguageModel, row: Row, facts: Sequence[Fact]) -> dict[str, Any]:
    """One row; the model is left as it was."""
    return row._asdict() | measured(lm, facts, lambda: write(lm, row.settings, facts))


def main(argv: Sequence[str]) -> None:
    lm, facts = load_model(), bundled_facts("test")[:FACTS]
    key_statistics(lm, default_layers(lm.n_layers))
    made_with = {
        "facts": f"{len(facts)} of the test half in sequence, batches of {BATCH}, with the shipped targets z",
        "judged": f"{PARAPHRASES} paraphrase and {NEIGHBOURS} neighbours of each, {LEADS} held-out leads",
        "fingerprint": lm.fingerprint,
    }
    kept = resume(PATH, made_with, rows=[])
    if "unedited" not in kept:
        kept["unedited"] = judge(lm, facts)
    done = {(row["editor"], row["knob"], row["projected"]) for row in kept["rows"]}
    for row in grid():
        if row[:3] in done or (argv and row.editor not in argv):
            continue
        done.add(row[:3])
        kept["rows"].append(run(lm, row, facts))
        keep(PATH, kept, "rows")


if __name__ == "__main__":
    main(sys.argv[1:])
