"""Find z for all bundled facts on the unedited default model: `python tools/build_targets.py`.

Writes alphaedit_lite/data/targets.safetensors. Takes a quarter of an hour on two cores, and can be
interrupted: finished parts are kept in build/targets/ and are not computed again.
"""

import dataclasses
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from alphaedit_lite import TargetConfig, bundled_facts, compute_targets, load_model
from alphaedit_lite.assets import replacing

ROOT = Path(__file__).parents[1]
LAYER, PART = 7, 50

if __name__ == "__main__":
    lm, facts, config = load_model(), bundled_facts(), TargetConfig()
    made_with = {
        "fingerprint": lm.fingerprint,
        "layer": str(LAYER),
        "config": json.dumps(dataclasses.asdict(config)),
    }
    parts = ROOT / "build" / "targets"
    parts.mkdir(parents=True, exist_ok=True)
    found = []
    for first in range(0, len(facts), PART):
        path = parts / f"{first}.safetensors"
        if not path.exists():
            targets = compute_targets(lm, facts[first : first + PART], LAYER, config)
            with replacing(path) as partial:
                save_file({"z": targets.z, "nll": targets.nll, "steps": targets.steps}, partial)
        found.append(load_file(path))
        print(f"{min(first + PART, len(facts))} of {len(facts)}", flush=True)
    whole = {name: torch.cat([part[name] for part in found]) for name in ("z", "nll", "steps")}
    whole["case_id"] = torch.tensor([fact.case_id for fact in facts])
    with replacing(ROOT / "alphaedit_lite" / "data" / "targets.safetensors") as partial:
        save_file(whole, partial, made_with)
