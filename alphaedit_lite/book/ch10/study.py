"""Every editor over its knob, with P and without: 200 edits in sequence each; makes results/fronts.json.

    python -m alphaedit_lite.book.ch10.study            # goes on where it was stopped
    python -m alphaedit_lite.book.ch10.study MEMIT RECT # the rows of these editors only

Every row writes the same 200 facts of the test half, 50 at a time, with the targets z that ship with the
package, judges all of them, and takes everything back: a minute or two on one core. Kept are the scores
of every fact, so that two rows can be compared fact by fact.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ... import Editor, bundled_facts, bundled_targets, key_statistics, load_model
from ...config import EditorConfig, default_layers
from ...editor import prune
from ...facts import Fact
from ...finetune import FineTune
from ...models import LanguageModel
from ...nullspace import NullSpace
from ..kit.fronts import WITH_P, knob_of
from ..kit.probes import BATCH, FACTS, LEADS, NEIGHBOURS, PARAPHRASES, judge
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
    inside, none = "solved inside", "without P"
    memit: dict[str, Any] = {"solver": "memit", "history": False}
    editors: dict[str, dict[str, Any]] = {
        "MEMIT with history": {"solver": "memit"},
        "MEMIT": memit,
        "RECT": {**memit, "keep": 0.4},
        "PRUNE": {**memit, "prune": math.e},
        "ENCORE": {"solver": "encore"},
        "EMMET": {"solver": "emmet", "history": False},
        "ROME": {"solver": "rome", "history": False},
    }
    kinds = {"P leaks 10%": ("energy", 0.1), "P leaks 1%": ("energy", 0.01), "relative P": ("relative", 1.0)}
    leaky = {name: {"threshold": v, "threshold_kind": kind} for name, (kind, v) in kinds.items()}
    with_p = [
        Row(name, knob_of(name), projected, {**settings, "project": value})
        for name, settings in editors.items()
        for projected, value in WITH_P.items()
    ]
    yield Row("AlphaEdit", "λ = 0.8", inside, {"lam": 0.8})
    yield Row("ridge with history", "λ = 0.8", none, {"solver": "ridge", "lam": 0.8})
    yield from with_p[:6]
    yield Row("AlphaEdit without history", "λ = 0.8", inside, {"history": False})
    yield Row("AlphaEdit", "λ = 0.8, P leaks 10%", inside, leaky["P leaks 10%"])
    yield from with_p[6:12]
    for lam in (0.2, 3.0):
        yield Row("AlphaEdit", f"λ = {lam:g}", inside, {"lam": lam})
        yield Row("ridge with history", f"λ = {lam:g}", none, {"solver": "ridge", "lam": lam})
    for c in (300.0, 4000.0):
        yield Row("MEMIT with history", f"c = {c:g}", none, {"solver": "memit", "weight": c})
    yield Row("AlphaEdit", "λ = 0.8, P leaks 1%", inside, leaky["P leaks 1%"])
    yield from with_p[12:18]
    for c in (600.0, 1500.0, 2200.0, 3000.0):  # between far settings a straight line misleads
        yield Row("MEMIT with history", f"c = {c:g}", none, {"solver": "memit", "weight": c})
    for lam in (0.4, 1.5):
        yield Row("AlphaEdit", f"λ = {lam:g}", inside, {"lam": lam})
        yield Row("ridge with history", f"λ = {lam:g}", none, {"solver": "ridge", "lam": lam})
    yield Row("ridge with history", "λ = 5", none, {"solver": "ridge", "lam": 5.0})
    yield Row("RECT", "keeps 0.2", none, {**memit, "keep": 0.2})
    for c in (300.0, 600.0, 1500.0, 2200.0, 4000.0):
        yield Row("MEMIT", f"c = {c:g}", none, {**memit, "weight": c})
    yield Row("ridge", "λ = 0.8", none, {"solver": "ridge", "history": False})
    for kind in ("P leaks 10%", "P leaks 1%"):
        settings = {**leaky[kind], "history": False}
        yield Row("AlphaEdit without history", f"λ = 0.8, {kind}", inside, settings)
    yield Row("AlphaEdit", "λ = 0.8, relative P", inside, leaky["relative P"])
    yield from with_p[18:]  # ROME, one fact at a time
    for bound in ({}, {"norm_bound": 5e-4}):  # the slowest: last
        tuned: dict[str, Any] = {"finetune": {"lr": 5e-4, **bound}}
        yield Row("FT-L" if bound else "FT", "rate 0.0005", none, tuned)
        yield Row("FT-L" if bound else "FT", "rate 0.0005", inside, {**tuned, "project": True})
    for rate in (2e-3, 5e-3):
        yield Row("FT", f"rate {rate:g}", none, {"finetune": {"lr": rate}})


def write(lm: LanguageModel, settings: dict[str, Any], facts: Sequence[Fact]) -> None:
    """All facts in batches; PRUNE damps once, at the end."""
    settings, z = dict(settings), bundled_targets(lm, facts)
    base, trained = settings.pop("prune", None), settings.pop("finetune", None)
    if trained is not None:
        spaces = None
        if settings.get("project"):
            layers = FineTune(lm, progress=False).config.layers
            spaces = {layer: NullSpace.fit(key_statistics(lm, layers)[layer], 2e-2) for layer in layers}
        editor: Any = FineTune(lm, null_spaces=spaces, progress=False, **trained)
    else:
        editor = Editor(lm, EditorConfig(**settings), progress=False)
    size = 1 if settings.get("solver") == "rome" else BATCH  # it has a closed form for one fact only
    for first in range(0, len(facts), size):
        given = () if trained is not None else (z[first : first + size],)
        editor.edit(facts[first : first + size], *given)
    if base is not None:
        prune(lm, base)


def run(lm: LanguageModel, row: Row, facts: Sequence[Fact]) -> dict[str, Any]:
    """One row; the model is left as it was."""
    start = time.perf_counter()
    try:
        write(lm, row.settings, facts)
        seconds = time.perf_counter() - start
        layers = default_layers(lm.n_layers)
        totals = {layer: lm.ledger.total(layer) for layer in layers}
        sizes = [float(t.norm() / lm.ledger.original(i).norm()) for i, t in totals.items() if t is not None]
        return {
            **row._asdict(), **judge(lm, facts), "update": round(sum(sizes) / max(1, len(sizes)), 4),
            "seconds": round(seconds, 1),
        }  # fmt: skip
    finally:
        lm.ledger.clear()


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
