"""Hidden states of prompts that nobody edited, before and after streams of edits: results/shift.json.

    python -m alphaedit_lite.book.ch12.study                           # bundled facts, written here
    python -m alphaedit_lite.book.ch12.study --counterfact FOLDER      # those that kit.studies left in the
                                                            # cache: results/shift_stream.json

Applies a stream of edits to the model and compares the states of the last facts of the order (never
edited) with those of the unedited model: by layer and token, for every editor, for an update of the same
size that aims at nothing, and for one that is several times too large. States of one place, and t-SNE maps
of them, go to results/shift/*.safetensors; what every method notices of a known, made shift goes to
``power``. Every piece is kept when it is done, and a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ... import Edit, bundled_targets, load_model
from ...metrics import score
from ...models import LanguageModel
from ...support.assets import cache_dir, replacing
from ..kit.probes import updates
from ..kit.results import RESULTS, keep, resume
from ..kit.stream_facts import counterfact, order
from ..kit.studies import BATCH, stream
from .experiments import hidden, map_of, ordinary, twin
from .figures import file_name
from .trials import GROUP, measured, trial

OUT = RESULTS / "shift.json"
EDITORS = ("AlphaEdit", "MEMIT", "MEMIT with history")
STAGES = (100, 300, 1000)
SIZE, PROMPTS = 100, 150  # facts in a batch of the bundled stream; prompts in a cloud
LAYERS, SHOWN = (3, 7, 15, 29), ("subject", 7)
TIMES = 6  # the overdose
PERPLEXITIES, SEEDS = (5, 15, 30, 60), range(5)
SHIFTS = (0.0, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0)  # in units of the spread
NULLS, REPEATS = 20, 8  # trials without and with a shift
MAPPED = 100  # prompts in a map


class Study:
    """The results so far; ``keep`` writes them down."""

    def __init__(self, lm: LanguageModel, folder: Path | None) -> None:
        self.lm, self.folder = lm, folder
        self.facts = counterfact(folder, 0) if folder else order(0)
        last = min(max(STAGES), len(self.facts) - 2 * PROMPTS)
        self.stages = [stage for stage in STAGES if stage <= last]
        edited = {fact.subject for fact in self.facts[:last]}
        apart = [fact for fact in self.facts[last:] if fact.subject not in edited]
        self.prompts = apart[-2 * PROMPTS :]
        made = {
            "facts": "CounterFact" if folder else "bundled", "fingerprint": lm.fingerprint,
            "prompts": len(self.prompts), "layers": list(LAYERS), "times": TIMES, "group": GROUP,
        }  # fmt: skip
        self.out = OUT.with_name("shift_stream.json") if folder else OUT
        self.kept = resume(self.out, made, seconds=0, rows=[], power=[])
        self.start = time.perf_counter()
        self.cache = cache_dir() / "shift" / f"{made['facts']}-{lm.fingerprint}"
        self.before = self.states("unedited")

    def keep(self) -> None:
        self.kept["seconds"] = round(self.kept["seconds"] + time.perf_counter() - self.start)
        self.start = time.perf_counter()
        keep(self.out, self.kept, "rows", "power")

    def states(self, name: str) -> dict[tuple[str, int], Tensor]:
        """Of the model as it is now; from the cache if they were computed before."""
        path = self.cache / f"{name.replace(' ', '-')}.safetensors"
        if not path.exists():
            found = hidden(self.lm, self.prompts[: None if name == "unedited" else PROMPTS], LAYERS)
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, {f"{t} {n}": h for (t, n), h in found.items()})
        kept = load_file(path)
        return {(key.split()[0], int(key.split()[1])): states for key, states in kept.items()}

    def streams(self) -> None:
        """Every editor's stream, stage by stage."""
        for stage in self.stages:
            for name in EDITORS:
                if stage == SIZE and name == EDITORS[2] and not self.folder:
                    continue  # one batch has no history: the same as MEMIT
                done = {(row["editor"], row["edits"]) for row in self.kept["rows"]}
                controls: tuple[str, ...] = (f"twin of {name}", f"{TIMES} × {name}")
                controls = () if name != EDITORS[0] else controls[:1] if self.folder else controls
                wanted = (name, *controls)
                if all((each, stage) in done for each in wanted):
                    continue
                try:
                    if self.write(name, stage):
                        if (name, stage) not in done:
                            self.compare(name, stage)
                        self.controls([c for c in controls if (c, stage) not in done], stage)
                finally:
                    self.lm.ledger.clear()

    def write(self, name: str, edits: int) -> bool:
        """Put the first facts into the model, from the cache; False if CounterFact's are not there yet."""
        if self.folder:
            stem = f"{name.replace(' ', '-')}-counterfact-0"
            folder = cache_dir() / "stream" / stem / self.lm.fingerprint
            paths = [folder / f"{first:06d}.safetensors" for first in range(0, edits, BATCH)]
            if not all(path.exists() for path in paths):
                return False
            for path in paths:
                Edit.load(path).apply(self.lm)
            return True
        facts = self.facts[:edits]
        folder = self.cache / f"edits-{name.replace(' ', '-')}"
        for _ in stream(self.lm, name, facts, folder, bundled_targets(self.lm, facts), SIZE):
            pass
        return True

    def controls(self, names: Sequence[str], edits: int) -> None:
        """The same update, aimless or too large."""
        totals = {i: self.lm.ledger.total(i) for i in self.lm.ledger.edits[0].layers}
        deltas = {i: total for i, total in totals.items() if total is not None}
        if names:
            self.lm.ledger.clear()
        for name in names:
            large = {i: delta * TIMES for i, delta in deltas.items()}
            plain = Edit((), self.lm.fingerprint, {}, dense=large)
            control = twin(self.lm, deltas) if name.startswith("twin") else plain
            control.apply(self.lm)
            self.compare(name, edits)
            control.revert()

    def compare(self, editor: str, edits: int) -> None:
        """One row for each place."""
        after, rows = self.states(f"{editor} {edits}"), []
        update = {str(layer): round(size, 4) for layer, size in updates(self.lm).items()}
        for place, X in self.before.items():
            rows.append({"editor": editor, "edits": edits, "token": place[0], "layer": place[1]})
            rows[-1] |= {"update": update, **measured(X[:PROMPTS], after[place])}
        self.kept["rows"] += rows
        self.keep()

    def written(self) -> None:
        """Whether the facts are in: the share whose new object beats the old one, and is the first choice."""
        done = self.kept.setdefault("written", {})
        for name, edits in {(row["editor"], row["edits"]) for row in self.kept["rows"]}:
            if name not in EDITORS or f"{name} {edits}" in done or not self.write(name, edits):
                continue
            facts = self.facts[:edits]
            pairs = [(f.prompt, f.new) for f in facts] + [(f.prompt, f.true or "") for f in facts]
            log_p, first = score(self.lm, pairs)
            beats = float((log_p[:edits] > log_p[edits:]).float().mean())
            done[f"{name} {edits}"] = {"beats": beats, "first": float(first[:edits].float().mean())}
            self.lm.ledger.clear()
            self.keep()

    def clouds(self) -> tuple[Path, dict[str, Tensor]]:
        """States of the place of the paper's figure, each editor's last stage: the folder, and the clouds."""
        folder = self.out.parent / self.out.stem
        folder.mkdir(parents=True, exist_ok=True)
        X, shown = self.before[SHOWN].half(), {}
        clouds = {"half": X[PROMPTS:]}
        for name in (*EDITORS, f"{TIMES} × AlphaEdit"):
            if stages := [row["edits"] for row in self.kept["rows"] if row["editor"] == name]:
                shown[name] = max(stages)
                clouds[name] = self.states(f"{name} {shown[name]}")[SHOWN].half()
        write(folder / "unedited.safetensors", {"hidden": X[:PROMPTS]})
        for name, Y in clouds.items():
            write(folder / f"{file_name(name)}.safetensors", {"hidden": Y})
        self.kept["shown"] = shown
        self.keep()
        return folder, clouds

    def maps(self) -> None:
        """t-SNE maps of the clouds."""
        folder, clouds = self.clouds()
        X = self.before[SHOWN].half()
        for seed in SEEDS:
            for perplexity in PERPLEXITIES:
                for name, Y in clouds.items():
                    path = folder / f"maps-{file_name(name)}.safetensors"
                    found = self.kept_maps(path, X[:PROMPTS], Y)
                    one = name.startswith("MEMIT") and (perplexity, seed) != (30, 0)
                    if (key := f"{perplexity} {seed}") not in found and not one:
                        x, y = map_of(X[:MAPPED], Y[:MAPPED], seed, perplexity)
                        found[key] = torch.from_numpy(np.concatenate([x, y])).half()
                        write(path, found)

    def kept_maps(self, path: Path, X: Tensor, Y: Tensor) -> dict[str, Tensor]:
        """The maps in a file, if they were made of these very states."""
        mark = torch.tensor([float(X.double().sum()), float(Y.double().sum())])
        found = load_file(path) if path.exists() else {"made of": mark}
        return found if torch.equal(found["made of"], mark) else {"made of": mark}

    def power(self) -> None:
        """How large a made shift must be until each method notices it; see ``trial``."""
        X = self.before[SHOWN]
        X = X[ordinary(X)]
        gaps = self.gaps()
        done = {(r["design"], r["shift"], r["seed"]) for r in self.kept["power"]}
        for shift in SHIFTS:
            for seed in range(NULLS if shift == 0 else REPEATS):
                for design in ("two samples", "paired"):
                    if (design, shift, seed) not in done:
                        row = {"design": design, "shift": shift, "seed": seed}
                        found = trial(X, gaps, design == "paired", shift, seed)
                        self.kept["power"].append(row | found)
            self.keep()

    def gaps(self) -> Tensor:
        """Individual displacements, for the noise of a made shift: AlphaEdit's, without what is common."""
        edits = min(r["edits"] for r in self.kept["rows"] if r["editor"] == "AlphaEdit")
        old = self.before[SHOWN][:PROMPTS]
        gap = (self.states(f"AlphaEdit {edits}")[SHOWN] - old)[ordinary(old)]
        return gap - gap.mean(0)


def write(path: Path, tensors: dict[str, Tensor]) -> None:
    with replacing(path) as partial:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, partial)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--counterfact", type=Path, metavar="FOLDER")
    parser.add_argument("parts", nargs="*", help="of streams, written, clouds, maps, power; by default all")
    parser.add_argument("--stages", type=int, nargs="+", default=list(STAGES))
    options = parser.parse_args(argv)
    study = Study(load_model(), options.counterfact)
    study.stages = [stage for stage in study.stages if stage in options.stages]
    own = ["streams", "written", *(["clouds"] if options.counterfact else ["maps", "power"])]
    for part in options.parts or own:
        getattr(study, part)()


if __name__ == "__main__":
    main()
