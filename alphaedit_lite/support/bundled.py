"""The targets z that ship with the package: hundreds of edits in seconds.

z = bundled_targets(lm, bundled_facts()[:100])        # [100, d_model], of the unedited default model
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from safetensors import safe_open
from torch import Tensor

from ..facts import Fact, bundled_facts
from ..models import LanguageModel
from ..targets import TargetConfig
from .ambient import plain_torch
from .lists import fact_list, language_model

# The search of version 0.1, which the shipped targets and those of the book's streams were found with.
SHIPPED = TargetConfig(search="adam", clamp=0.6)


@plain_torch()
def bundled_targets(lm: LanguageModel, facts: Sequence[Fact]) -> Tensor:
    """z of bundled facts as they ship with the package, [n_facts, d_model]: hundreds of edits in seconds.

    They were found on the *unedited* default model, at the last default layer, with ``SHIPPED``
    (``tools/build_targets.py``). In a long sequence z should be found anew on the model as
    it is: say so where you use these.

    Raises:
        ValueError: another model, or a fact that is not a bundled one.
    """
    language_model(lm)
    with safe_open(files("alphaedit_lite") / "data" / "targets.safetensors", framework="pt") as file:
        made_for, z = file.metadata()["fingerprint"], file.get_tensor("z")
        rows = {case_id: row for row, case_id in enumerate(file.get_tensor("case_id").tolist())}
    if made_for not in (lm.fingerprint, lm.sample):
        raise ValueError(f"The bundled targets are for the model {made_for}; this one is {lm.fingerprint}.")
    facts = fact_list(facts)
    known = {fact.case_id: fact for fact in bundled_facts()}
    for fact in facts:
        same = known.get(fact.case_id)
        if same is None or (same.prompt, same.new) != (fact.prompt, fact.new):
            raise ValueError(f"{fact.prompt!r} -> {fact.new!r} is not a bundled fact: use compute_targets.")
        if fact.case_id not in rows:
            raise ValueError(f"No target of {fact.prompt!r} is shipped yet: run tools/build_targets.py.")
    return z[[rows[fact.case_id] for fact in facts]].to(lm.device)
