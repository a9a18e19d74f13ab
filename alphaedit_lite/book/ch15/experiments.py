"""What chapter 15 plans and edits: published models on paper, and a tiny random one of every family.

planned("Llama-3-8B", torch.bfloat16).memory("write", True)
edit_family("gemma", lm.tokenizer, texts)
"""

from __future__ import annotations

import functools
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from ... import AlphaEdit, EditorConfig, Fact, LanguageModel, load_model
from ...keys import fit_statistics
from ...scale.plan import STAGES, Plan, Workload, plan
from ...scale.sizes import Shape, shape_of
from ...support.tokens import encode
from ...targets import TargetConfig

# name -> (family, sizes as in the model's own config.json, name on the hub, preset of EditorConfig.faithful)
MODELS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "GPT2-XL": (
        "gpt2", {"n_embd": 1600, "n_layer": 48, "n_head": 25, "vocab_size": 50257},
        "openai-community/gpt2-xl", "gpt2-xl",
    ),
    "GPT-J-6B": (
        "gptj", {"n_embd": 4096, "n_layer": 28, "n_head": 16, "rotary_dim": 64, "vocab_size": 50400,
                 "tie_word_embeddings": False},
        "EleutherAI/gpt-j-6b", "gpt-j-6b",
    ),
    "Llama-3-8B": (
        "llama", {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
                  "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
                  "tie_word_embeddings": False},
        "meta-llama/Meta-Llama-3-8B", "llama3-8b",
    ),
}  # fmt: skip
FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "gemma", "gpt2", "gptj", "gpt_neox", "phi")
# Memory of the device (None: there is none) and of the host, in GB; on Colab what users report.
MACHINES: dict[str, tuple[float | None, float]] = {
    "Colab, CPU": (None, 12.7),
    "Colab, T4": (15.0, 12.7),
    "a 24 GB card": (24.0, 64.0),
    "A100 40 GB": (40.0, 83.5),
    "A100 80 GB": (80.0, 83.5),
}
ROOM = 0.8  # of a memory that a plan may fill: real peaks are higher
# The prompt ends with the subject: what is written there reaches the next word without any attention, which
# in a random model carries next to nothing from an earlier word to the last.
FACT: Final = Fact("My friends live in {}", "Lower Assam", "Romania", true="India")
# One prompt and few steps: a test of plumbing. The reach is wide, since nothing in a random model is tuned.
TARGETS: Final = TargetConfig(steps=10, clamp=2.0, prefixes=("",))


@functools.cache
def shape(name: str) -> Shape:
    """The sizes of a published model, counted on torch's meta device."""
    family, sizes, *_ = MODELS[name]
    return replace(shape_of(AutoConfig.for_model(family, **sizes)), name=name)


def planned(
    name: str,
    dtype: torch.dtype = torch.bfloat16,
    layers: int | None = None,
    facts: int = 100,
    past: int = 0,
    sums_on_host: bool = False,
    accelerator: bool = True,
    together: int | None = None,
) -> Plan:
    """The plan of a published model in its authors' setting; nothing is loaded.

    Args:
        layers: how many, counted back from the last of the authors' layers; by default theirs.
        together: facts whose z is searched at once (``TargetConfig.batch_size``).
    """
    config = EditorConfig.faithful(MODELS[name][3])
    if together:
        config = replace(config, targets=replace(config.targets, batch_size=together))
    theirs, work = config.layers or (), Workload(facts=facts, past=past)
    chosen = theirs[-layers:] if layers else theirs
    return plan(
        shape(name), chosen, config, work, dtype=dtype, accelerator=accelerator, sums_on_host=sums_on_host
    )


def verdict(made: Plan, machine: str) -> str:
    """Whether a plan fits a machine with a fifth to spare: "runs", or the first thing that does not fit."""
    device, host = MACHINES[machine]
    room = ROOM * 1e9 * (host if device is None else device)
    if made.items[0].bytes > room:
        return "weights too large"
    worst = max(STAGES, key=lambda stage: made.memory(stage, True))
    if made.memory(worst, True) > room:
        return f"{worst}: {made.memory(worst, True) / 1e9:.1f} GB"
    if made.host_peak > ROOM * 1e9 * host:
        return f"host: {made.host_peak / 1e9:.1f} GB"
    return "runs"


def tiny_model(family: str, tokenizer: Any, seed: int = 0) -> LanguageModel:
    """Six random blocks, d_model 32 and d_ff 96, of any family, with the vocabulary of ``tokenizer``."""
    size: dict[str, Any] = {"vocab_size": len(tokenizer), "initializer_range": 0.2}
    size |= {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    if family in ("gpt2", "gptj"):
        size |= {"n_embd": 32, "n_layer": 6, "n_head": 4, "n_inner": 96, "n_positions": 512}
        size |= {"rotary_dim": 4} if family == "gptj" else {}
    else:
        size |= {"hidden_size": 32, "intermediate_size": 96, "num_hidden_layers": 6, "num_attention_heads": 4}
        if family not in ("gpt_neox", "phi"):
            size |= {"num_key_value_heads": 2, "head_dim": 8}
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **size)).eval()
    return LanguageModel(model, tokenizer)


def rank_of_new(lm: LanguageModel, fact: Fact = FACT) -> int:
    """The place of the new object's first token among all tokens that could come next; 1 is the first."""
    row = encode(lm.tokenizer, fact.prompt, fact.subject_end, fact.new)
    with torch.no_grad():
        logits = lm.model(torch.tensor([row.ids[: row.object]], device=lm.device)).logits[0, -1]
    return int((logits > logits[row.ids[row.object]]).sum()) + 1


def edit_family(
    family: str, tokenizer: Any, texts: Sequence[str], layers: tuple[int, ...] = (1, 2)
) -> dict[str, Any]:
    """Edit one tiny random model; what changed and what it took. The texts are for its statistics."""
    lm = tiny_model(family, tokenizer)
    before = {name: value.clone() for name, value in lm.model.state_dict().items()}
    ranks = [rank_of_new(lm)]
    start = time.perf_counter()
    statistics = fit_statistics(lm, layers, texts, 1000, progress=False)
    half: Any = {"threshold": 0.5, "threshold_kind": "energy"}  # a random layer leaves no direction unused
    editor = AlphaEdit(lm, layers=layers, statistics=statistics, targets=TARGETS, progress=False, **half)
    edit = editor.edit([FACT])
    seconds = time.perf_counter() - start
    after = lm.model.state_dict()
    changed = [name for name, value in before.items() if not torch.equal(value, after[name])]
    ranks.append(rank_of_new(lm))
    edit.revert()
    restored = all(torch.equal(value, after[name]) for name, value in before.items())
    wanted = {id(lm.down_projection(layer).weight) for layer in layers}
    exact = {id(p) for name, p in lm.model.named_parameters() if name in changed} == wanted
    down: Any = lm.down_projection(layers[0])
    return {
        "family": family,
        "matrix": lm.architecture.down_projection,
        "stored": " × ".join(map(str, down.weight.shape)),
        "bias": getattr(down, "bias", None) is not None,
        "changed": len(changed),
        "of": len(before),
        "as intended": exact,
        "restored": restored,
        "before": ranks[0],
        "after": ranks[1],
        "weights, MB": sum(p.nbytes for p in lm.model.parameters()) / 1e6,
        "statistics, kB": sum(one.total.nbytes for one in statistics.values()) / 1e3,
        "seconds": seconds,
    }


@contextmanager
def scratch_cache() -> Iterator[Path]:
    """A cache folder of one's own, gone afterwards: for demonstrations that begin from nothing."""
    kept = os.environ.get("ALPHAEDIT_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ALPHAEDIT_CACHE"] = folder
        try:
            yield Path(folder)
        finally:
            if kept is None:
                del os.environ["ALPHAEDIT_CACHE"]
            else:
                os.environ["ALPHAEDIT_CACHE"] = kept


def saved_tiny(folder: str | Path, tokenizer: Any, family: str = "llama") -> LanguageModel:
    """A tiny model saved to a folder as the hub would hold it, and loaded from there."""
    lm = tiny_model(family, tokenizer)
    lm.model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return load_model(str(folder))
