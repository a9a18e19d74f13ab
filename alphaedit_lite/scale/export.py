"""Edits that leave as ordinary artefacts: a LoRA adapter that ``peft`` loads, a model without our package.

    to_lora(lm, "adapter")                     # everything written into lm so far
    PeftModel.from_pretrained(plain, "adapter")
    push_to_hub(lm, "me/romania")             # adapter and edits, to a repository on a hub

An update Δ = Rᵀ G of n facts has rank n at most, so it *is* a LoRA adapter of rank n: B = Rᵀ, A = G (Hu et
al. 2022, LoRA, section 4.1, with scaling 1). Nothing is approximated. ``lm.model.save_pretrained(folder)``
writes the edited model itself, which plain ``transformers`` loads.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from ..edits import Edit
from ..models import LanguageModel
from ..support.assets import expanded, replacing
from ..support.fits import BaseMissingWarning, check_damped, check_fits, without_base
from ..support.kinds import of_kind
from ..support.lists import language_model


def low_rank(edits: Sequence[Edit], layer: int) -> tuple[Tensor, Tensor]:
    """B [d_model, r] and A [r, d_ff] with B A = Σ Δ of one layer, float32.

    The factors of the edits side by side; where that would be wider than the matrix, or an update is
    dense, those of its singular value decomposition, without the directions that are only rounding.
    """
    held = [edit for edit in edits if layer in edit.layers]
    delta = sum(edit.delta(layer).cpu() for edit in held)
    assert isinstance(delta, Tensor)
    if not any(layer in edit.dense for edit in held):
        B = torch.cat([edit.residual[layer].cpu().T for edit in held], 1)
        A = torch.cat([edit.gain[layer].cpu() for edit in held])
        if len(A) <= min(delta.shape):
            return B.contiguous(), A.contiguous()
    U, S, Vt = torch.linalg.svd(delta, full_matrices=False)
    r = max(1, int((S[0] * 1e-7 < S).sum()))
    root = S[:r].sqrt()
    return (U[:, :r] * root).float().contiguous(), (root[:, None] * Vt[:r]).float().contiguous()


def to_lora(lm: LanguageModel, folder: str | Path, edits: Sequence[Edit] | None = None) -> Path:
    """Write edits as a PEFT adapter: ``adapter_config.json`` and ``adapter_model.safetensors``.

    Load it onto the *unedited* model, with the same layers in the same precision.

    Args:
        edits: by default all that the model holds.

    Returns:
        the folder.

    Raises:
        ValueError: there are no edits, they were made for another model, or one damps edits (``prune``) that
            are not among them, or one is there twice.
        TypeError: one edit for a list of them.
        RuntimeError: an edit, or a matrix that it is in, was changed since: see ``Ledger.check_held``.
    """
    edits = _given(lm, edits)
    if not edits:
        raise ValueError("There are no edits to export: write one first, or pass edits=[…].")
    for i, edit in enumerate(edits):
        check_fits(edit, lm)
        check_damped(edit, edits)
        if lost := without_base(edit, {other.entered or other.checksum() for other in edits}, "beside"):
            warnings.warn(
                f"{edit.facts[lost[0]].prompt!r} was written after an edit of a like subject, which is not "
                "among these, and may say little without it.",
                BaseMissingWarning,
                stacklevel=2,
            )
        if any(edit.same_as(other) for other in edits[:i]):
            what = edit.facts[0].prompt if edit.facts else "what PRUNE damps"
            raise ValueError(f"The edit of {what!r} is given twice, and would be written twice.")
    for holder in {id(edit.lm): edit.lm for edit in edits if edit.lm is not None}.values():
        holder.ledger.check_held()
    names = {id(module): name for name, module in lm.model.named_modules()}
    tensors, ranks = {}, {}
    for layer in sorted({layer for edit in edits for layer in edit.layers}):
        name = names[id(lm.down_projection(layer))]
        B, A = low_rank(edits, layer)
        ranks[name] = len(A)
        tensors[f"base_model.model.{name}.lora_A.weight"] = A
        tensors[f"base_model.model.{name}.lora_B.weight"] = B
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": getattr(lm.model.config, "_name_or_path", "") or None,
        "target_modules": list(ranks),
        "rank_pattern": {name.replace(".", r"\."): rank for name, rank in ranks.items()},
        "alpha_pattern": {name.replace(".", r"\."): rank for name, rank in ranks.items()},
        "r": max(ranks.values()),
        "lora_alpha": max(ranks.values()),  # scaling alpha / r = 1
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": lm.architecture.transposed,
        "inference_mode": True,
    }
    folder = expanded(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # Both or neither: an old configuration beside new matrices would be no adapter.
    with (
        replacing(folder / "adapter_model.safetensors") as matrices,
        replacing(folder / "adapter_config.json") as described,
    ):
        save_file(tensors, matrices, {"format": "pt", "fingerprint": lm.fingerprint})
        described.write_text(json.dumps(config, indent=1) + "\n")
    return folder


def _given(lm: LanguageModel, edits: Sequence[Edit] | None) -> list[Edit]:
    """The edits, by default those that the model holds. TypeError for what is no list of edits."""
    held = language_model(lm).ledger.edits
    if isinstance(edits, Edit):
        raise TypeError("edits must be a list of them: [edit].")
    edits = list(held if edits is None else edits)
    for edit in edits:
        of_kind(edit, Edit, "edits must be a list of Edit", "Edit.load(path) reads one")
    return edits


def push_to_hub(
    lm: LanguageModel,
    repo_id: str,
    edits: Sequence[Edit] | None = None,
    *,
    private: bool = True,
    message: str = "Add edits",
    api: Any = None,
) -> str:
    """Upload edits to a model repository on a hub: as a PEFT adapter, and as files that ``Edit.load`` reads.

    Needs a network, and rights to write (``huggingface-cli login``, or the variable HF_TOKEN). The facts are
    in the files, so the repository is private unless you say otherwise.

    Args:
        repo_id: "owner/name"; made if it is not there.
        edits: by default all that the model holds.
        api: a ``huggingface_hub.HfApi``, for another hub or another token.

    Returns:
        the commit's address.

    Raises:
        ValueError: see ``to_lora``; nothing is uploaded then.
    """
    if api is None:
        from huggingface_hub import HfApi

        api = HfApi()
    edits = _given(lm, edits)
    with tempfile.TemporaryDirectory() as scratch:
        folder = to_lora(lm, Path(scratch) / "adapter", edits)
        for number, edit in enumerate(edits):
            edit.save(folder / f"edit-{number:03d}.safetensors")
        api.create_repo(repo_id, repo_type="model", private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo_id, repo_type="model", folder_path=str(folder), commit_message=message
        )
    return str(getattr(commit, "commit_url", commit))
