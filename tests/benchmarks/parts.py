"""The parts of the engine against their plain alternatives: `python -m tests.benchmarks.parts`, on an idle machine.

Statistics of 100,000 tokens against a forward pass that keeps nothing; `eigh` against `svd`; the thin solve
against the dense one. The middle of three runs each, in one process. And how much of the search for z is spent
in matrix products: the rest are norms, rotary angles, activations, attention and copies. Writes results/parts.json.
"""

import json
import statistics
import time

import torch
from torch.profiler import ProfilerActivity, profile

from alphaedit_lite import NullSpace, TargetConfig, bundled_facts, compute_targets, load_model, solvers
from alphaedit_lite.book.kit.results import RESULTS
from alphaedit_lite.config import EditorConfig, default_layers
from alphaedit_lite.keys import fit_statistics, take_in, token_rows
from alphaedit_lite.support.texts import wikipedia_leads

OUT = RESULTS / "parts.json"
LAM = 1.0


def seconds(function, times=3):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def second_moment(d):
    keys = torch.randn(4 * d, d, dtype=torch.float64) * torch.logspace(0, -2, d, dtype=torch.float64)
    return keys.T @ keys / len(keys)


def dense(keys, P, lam):
    """G of AlphaEdit as the paper prints it: a d_ff × d_ff system."""
    return torch.linalg.solve(P @ (keys.T @ keys) + lam * torch.eye(len(P)).double(), P @ keys.T).T


def products(lm, layer):
    """The share of the search for z, over six steps of fifteen facts, that goes into matrix products."""
    facts, config = bundled_facts("development")[::14][:15], TargetConfig(early_stop=False, steps=6)
    compute_targets(lm, facts, layer, config, progress=False)  # warm up
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        compute_targets(lm, facts, layer, config, progress=False)
    spent = {event.key: event.self_cpu_time_total for event in seen.key_averages()}
    return sum(spent.get(f"aten::{name}", 0) for name in ("mm", "addmm", "bmm")) / sum(spent.values())


def main():
    found = {"threads": torch.get_num_threads()}
    lm, layers = load_model(), default_layers(30)
    texts, tokens = wikipedia_leads("fit"), EditorConfig.tokens
    rows = token_rows(lm, texts, tokens)
    found["statistics of 100,000 tokens"] = seconds(
        lambda: fit_statistics(lm, layers, texts, tokens, False), 1
    )

    class Nothing:
        def update(self, keys):
            pass

    found["forward pass to the same layer"] = seconds(
        lambda: list(take_in(lm, {layers[-1]: Nothing()}, rows)), 1
    )
    found["share of matrix products in z"] = products(lm, layers[-1])
    for d in (1536, 3072):
        C0 = second_moment(d)
        found[f"eigh, d = {d}"] = seconds(lambda C0=C0: torch.linalg.eigh(C0))
        found[f"svd, d = {d}"] = seconds(lambda C0=C0: torch.linalg.svd(C0), 1 if d > 2000 else 3)
    space = NullSpace.fit(second_moment(1536), 1.0, "relative")
    P = space.basis @ space.basis.T
    for n in (30, 100):
        keys = torch.randn(n, 1536, dtype=torch.float64)
        ours = solvers.alphaedit(keys, space, LAM)
        assert torch.allclose(ours, dense(keys, P, LAM), atol=1e-9)
        found[f"thin solve, n = {n}"] = seconds(lambda keys=keys: solvers.alphaedit(keys, space, LAM))
        found[f"dense solve, n = {n}"] = seconds(lambda keys=keys: dense(keys, P, LAM))
    found = {name: round(value, 4) for name, value in found.items()}
    OUT.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
