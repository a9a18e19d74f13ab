"""Find z for all bundled facts on the unedited default model: `python -m tools.build_targets`.

Writes alphaedit_lite/data/targets.safetensors after every part, and goes on from what is there: it can be
interrupted at any time. All of it takes a quarter of an hour on two quick cores.
"""

import dataclasses
import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from alphaedit_lite import bundled_facts, compute_targets, load_model
from alphaedit_lite.support.assets import replacing
from alphaedit_lite.support.bundled import SHIPPED

PATH = Path(__file__).parents[1] / "alphaedit_lite" / "data" / "targets.safetensors"
LAYER, PART = 7, 30

if __name__ == "__main__":
    lm, config = load_model(), SHIPPED
    settings = {**dataclasses.asdict(config), "batch_size": None}  # of no influence on the result
    made_with = {"fingerprint": lm.fingerprint, "layer": str(LAYER), "config": json.dumps(settings)}
    found: dict[str, torch.Tensor] = {}
    if PATH.exists():
        with safe_open(PATH, framework="pt") as file:
            found = load_file(PATH) if file.metadata() == made_with else {}
    done = set(found["case_id"].tolist()) if found else set()
    left = [fact for fact in bundled_facts() if fact.case_id not in done]
    for first in range(0, len(left), PART):
        facts = left[first : first + PART]
        targets = compute_targets(lm, facts, LAYER, config)
        new = {"z": targets.z, "nll": targets.nll, "steps": targets.steps}
        new["case_id"] = torch.tensor([fact.case_id for fact in facts])
        found = {name: torch.cat([found[name], new[name]]) if found else new[name] for name in new}
        with replacing(PATH) as partial:
            save_file(found, partial, made_with)
        print(f"{len(left) - first - len(facts)} facts left", flush=True)
