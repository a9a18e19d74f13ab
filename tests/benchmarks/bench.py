"""Speed, measured: `python tests/benchmarks/bench.py [--facts 24]`, on an idle machine.

Compares the package with a plain reference path that does what the authors' code does: one fact at a
time, whole forward passes with all logits, 20 steps, keys from whole passes for every edited layer, and
a dense d_ff × d_ff solve. Same facts, same model, same process; ratios are what counts. A cost model
stands next to the seconds. Writes results/bench.json.
"""

import argparse
import json
import time

import torch
import torch.nn.functional as F

from alphaedit_lite import AlphaEdit, Fact, TargetConfig, bundled_facts, compute_targets, load_model
from alphaedit_lite.book.kit.results import RESULTS
from alphaedit_lite.hooks import hooked
from alphaedit_lite.prompts import PREFIXES, encode_fact
from alphaedit_lite.support.loading import DEFAULT_MODEL

LAYERS = (3, 4, 5, 6, 7)
EQUAL = TargetConfig(early_stop=False)


def padded(lm, rows):
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(row.ids) for row in rows], True, lm.pad_id)
    lengths = torch.tensor([len(row.ids) for row in rows])
    return ids, (torch.arange(ids.shape[1]) < lengths[:, None]).long()


def reference_target(lm, fact, layer=7, config=EQUAL):
    """v* for one fact: right-padded prompts, whole model, all logits, at every step."""
    rows = encode_fact(lm.tokenizer, fact, config.prefixes, True)
    essence = encode_fact(lm.tokenizer, Fact("{} is a", fact.subject, "x"), ("",), True)[0]
    essence = type(essence)(essence.ids[: essence.object], essence.subject, essence.object)
    ids, mask = padded(lm, [*rows, essence])
    subjects = [row.subject for row in rows] + [essence.subject]
    delta = torch.zeros(lm.d_model, requires_grad=True)
    optimiser = torch.optim.Adam([delta], lr=config.lr)
    first: dict = {}

    def write(output):
        first.setdefault("h", output[0, subjects[0]].detach().clone())
        output = output.clone()
        for i, at in enumerate(subjects):
            output[i, at] += delta
        return output

    for step in range(config.steps):
        with hooked(outputs={lm.block(layer): write}):
            logits = lm.model(input_ids=ids, attention_mask=mask, use_cache=False).logits
        now = F.log_softmax(logits[-1, essence.subject], -1)
        first.setdefault("kl", now.detach().clone())
        log_p = F.log_softmax(logits[:-1], -1)
        nll = 0
        for i, row in enumerate(rows):
            where = range(row.object, len(row.ids))
            nll = nll - sum(log_p[i, t - 1, row.ids[t]] for t in where) / len(where) / len(rows)
        kl = F.kl_div(first["kl"], now, log_target=True, reduction="sum")
        loss = nll + config.kl * kl + config.weight_decay * delta.norm() / first["h"].norm() ** 2
        if loss < 0.05 or step == config.steps - 1:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            limit = config.clamp * first["h"].norm()
            if delta.norm() > limit:
                delta *= limit / delta.norm()
    return first["h"] + delta.detach(), step + 1


@torch.no_grad()
def reference_write(lm, facts, z, projections, lam):
    """Keys and outputs by whole forward passes for every layer, one fact at a time; dense solves."""
    updates = {}
    for i, layer in enumerate(LAYERS):
        keys, outputs = [], []
        for fact in facts:
            rows = encode_fact(lm.tokenizer, fact, PREFIXES, False)
            ids, mask = padded(lm, rows)
            for module, into, what in (
                (lm.down_projection(layer), keys, "inputs"),
                (lm.block(7), outputs, "outputs"),
            ):
                seen: list = []
                with hooked(**{what: {module: seen.append}}):
                    lm.model(input_ids=ids, attention_mask=mask, use_cache=False)
                picked = torch.stack([seen[0][j, row.subject] for j, row in enumerate(rows)])
                into.append((picked[0] + picked[1:].mean(0)) / 2 if what == "inputs" else picked[0])
        k, r = torch.stack(keys).T, (z - torch.stack(outputs)).T / (len(LAYERS) - i)
        p = projections[layer]
        system = p @ (k @ k.T) + lam[layer] * torch.eye(lm.d_ff)
        updates[layer] = torch.linalg.solve(system, p @ k @ r.T).T
        lm.weight(layer).add_(updates[layer])
    for _ in LAYERS:  # the reference recomputes the keys once more for its cache
        for fact in facts:
            ids, mask = padded(lm, encode_fact(lm.tokenizer, fact, PREFIXES, False))
            lm.model(input_ids=ids, attention_mask=mask, use_cache=False)
    return updates


def timed(function):
    start = time.perf_counter()
    value = function()
    return value, time.perf_counter() - start


def floor_flops(lm, fact, steps):
    """Multiply-adds × 2 that the method itself asks for: suffix tokens × parameters above block 7,
    forward and backward to activations, and the vocabulary where the loss is read."""
    per_block = sum(p.numel() for p in lm.block(0).parameters())
    head = lm.model.get_output_embeddings().weight.numel()
    rows = encode_fact(lm.tokenizer, fact, PREFIXES, True)
    suffix = sum(len(row.ids) - 1 - row.subject for row in rows) + 1
    read = sum(len(row.ids) - row.object for row in rows) + 1
    step = (suffix * per_block * (lm.n_layers - 8) + read * head) * 2
    prefix = sum(len(row.ids) for row in rows) * per_block * lm.n_layers * 2
    return prefix + step * (2 * steps - 1)  # the last step needs no backward


def main(count: int) -> None:
    lm = load_model()
    known = bundled_facts("development")
    facts = known[:: max(1, len(known) // count)][:count]
    editor = AlphaEdit(lm, progress=False)
    projections = {layer: space.projection.float() for layer, space in editor.null_spaces.items()}
    lam = {layer: editor.config.lam * space.energy for layer, space in editor.null_spaces.items()}
    compute_targets(lm, facts[:2], 7, EQUAL, progress=False)  # warm up

    a = torch.randn(1024, 1024)
    _, seconds = timed(lambda: [a @ a for _ in range(50)])
    peak = 50 * 2 * 1024**3 / seconds

    reference, t_reference = timed(lambda: [reference_target(lm, fact) for fact in facts])
    equal, t_equal = timed(lambda: compute_targets(lm, facts, 7, EQUAL, progress=False))
    early, t_early = timed(lambda: compute_targets(lm, facts, 7, progress=False))
    z = torch.stack([z for z, _ in reference])
    difference = ((equal.z - z).norm(dim=1) / z.norm(dim=1)).max()

    originals = {layer: lm.weight(layer).clone() for layer in LAYERS}
    _, t_write_reference = timed(lambda: reference_write(lm, facts, z, projections, lam))
    for layer, weight in originals.items():
        lm.weight(layer).copy_(weight)
    written, t_write = timed(lambda: editor.edit(facts, z))
    written.revert()
    whole, t_whole = timed(lambda: editor.edit(facts))
    whole.revert()
    floor = sum(floor_flops(lm, fact, int(n)) for fact, n in zip(facts, early.steps, strict=True)) / peak

    n = len(facts)
    rows = [
        ("z, reference, 20 steps", t_reference, 1.0),
        ("z, batched, 20 steps", t_equal, t_reference / t_equal),
        ("z, batched, early stop", t_early, t_reference / t_early),
        ("write, reference", t_write_reference, 1.0),
        ("write, ours", t_write, t_write_reference / t_write),
        ("whole edit, reference", t_reference + t_write_reference, 1.0),
        ("whole edit, 20 steps", t_equal + t_write, (t_reference + t_write_reference) / (t_equal + t_write)),
        ("whole edit, early stop", t_whole, (t_reference + t_write_reference) / t_whole),
        ("arithmetic floor of z, early stop", floor, t_reference / floor),
    ]
    print(
        f"{DEFAULT_MODEL}, {n} facts, {torch.get_num_threads()} threads, {peak / 1e9:.0f} GFLOP/s in a matrix product"
    )
    print(
        f"steps: reference {sum(s for _, s in reference) / n:.1f}, early stop {early.steps.float().mean():.1f}"
    )
    print(f"largest relative difference of z at equal steps: {difference:.1e}\n")
    print(f"{'':<36}{'s per fact':>11}{'ratio':>8}")
    for name, seconds, ratio in rows:
        print(f"{name:<36}{seconds / n:>11.2f}{ratio:>8.1f}")
    out = RESULTS / "bench.json"
    out.parent.mkdir(exist_ok=True)
    record = {
        "model": DEFAULT_MODEL,
        "facts": n,
        "threads": torch.get_num_threads(),
        "gflops": peak / 1e9,
        "relative_difference_of_z": float(difference),
        "steps": {"reference": sum(s for _, s in reference) / n, "early": float(early.steps.float().mean())},
        "rows": {name: {"seconds_per_fact": s / n, "ratio": r} for name, s, r in rows},
    }
    out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=24)
    main(parser.parse_args().facts)
