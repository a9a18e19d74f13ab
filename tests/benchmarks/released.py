"""The path of the authors' released code, in its best form: what the package's speed is measured against.

    z, steps = target(lm, fact, 7, config.targets)             # one fact
    deltas = write(lm, facts, z, projections, 10.0, prefixes)  # a batch; the weights are changed in place

It follows compute_z.py, compute_ks.py and AlphaEdit_main.py (github.com/jianghoucheng/AlphaEdit, 2ff0e4e):
for z, weights without gradients, one fact at a time, whole forward passes, the logits of every token, right
padding, Adam; to write, a batch of facts at once, whole prompts through the whole model twice for every layer
and once more for its cache of old keys, and a dense d_ff × d_ff system. What that code does to no purpose is
left out: the vocabulary a second time at each step, attention caches that nobody reads, printing.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from alphaedit_lite import Fact, LanguageModel, TargetConfig
from alphaedit_lite.hooks import hooked
from alphaedit_lite.prompts import encode_fact
from alphaedit_lite.support.tokens import Encoded, encode

ROWS = 128  # prompts in one forward pass, as in the released code


def padded(lm: LanguageModel, rows: Sequence[Sequence[int]]) -> dict[str, Tensor]:
    """The inputs of one forward pass, padded on the right."""
    ids = nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], True, lm.pad_id)
    mask = (torch.arange(ids.shape[1]) < torch.tensor([len(row) for row in rows])[:, None]).long()
    return {"input_ids": ids, "attention_mask": mask}


def target(lm: LanguageModel, fact: Fact, layer: int, config: TargetConfig) -> tuple[Tensor, int]:
    """z of one fact, [d_model], and the evaluations of the loss that it took; no early stop but at loss < 0.05."""
    rows = encode_fact(lm.tokenizer, fact, config.prefixes, target=True)
    essence = encode(lm.tokenizer, f"{fact.subject} is a", len(fact.subject))
    inputs = padded(lm, [*(row.ids[:-1] for row in rows), essence.ids])
    at = torch.tensor([row.subject for row in (*rows, essence)])
    wanted = torch.full((len(rows), inputs["input_ids"].shape[1]), -1)
    for i, row in enumerate(rows):
        wanted[i, row.object - 1 : len(row.ids) - 1] = torch.tensor(row.ids[row.object :])
    read = wanted >= 0
    delta = torch.zeros(lm.d_model, requires_grad=True)
    adam = torch.optim.Adam([delta], lr=config.lr)
    first: dict[str, Tensor] = {}

    def add(output: Tensor) -> Tensor:
        first.setdefault("h", output[0, at[0]].detach().clone())
        output = output.clone()
        output[torch.arange(len(at)), at] += delta
        return output

    with lm.frozen(), torch.enable_grad():
        for step in range(1, config.steps + 1):
            adam.zero_grad()
            with hooked(outputs={lm.block(layer): add}):
                logits = lm.model(**inputs, use_cache=False).logits
            now = F.log_softmax(logits[-1, essence.subject], -1)
            before = first.setdefault("essence", now.detach().clone())
            log_p = F.log_softmax(logits[:-1], -1).gather(2, wanted.clamp_min(0)[..., None])[..., 0]
            nll = -((log_p * read).sum(1) / read.sum(1)).mean()
            kl = F.kl_div(before, now, log_target=True, reduction="sum")
            loss = nll + config.kl * kl + config.weight_decay * delta.norm() / first["h"].norm() ** 2
            if loss < 0.05 or step == config.steps:
                break
            loss.backward()
            adam.step()
            with torch.no_grad():
                delta *= (config.clamp * first["h"].norm() / delta.norm()).clamp_max(1)
    return first["h"] + delta.detach(), step


def seen(lm: LanguageModel, rows: Sequence[Encoded], module: nn.Module, side: str) -> Tensor:
    """The module's "inputs" or "outputs" at the subject's last token of whole prompts, [rows, width]."""
    found = []
    for first in range(0, len(rows), ROWS):
        some = rows[first : first + ROWS]
        looked: list[Tensor] = []
        with hooked(**{side: {module: looked.append}}):
            lm.model(**padded(lm, [row.ids[: row.object] for row in some]), use_cache=False)
        found.append(looked[0][torch.arange(len(some)), torch.tensor([row.subject for row in some])])
    return torch.cat(found)


@torch.no_grad()
def write(
    lm: LanguageModel,
    facts: Sequence[Fact],
    z: Tensor,
    projections: Mapping[int, Tensor],
    lam: float,
    prefixes: Sequence[str],
    cache: dict[int, Tensor] | None = None,
) -> dict[int, Tensor]:
    """Write a batch in place. Returns Δ by layer, [d_model, d_ff].

    Args:
        projections: P by layer, [d_ff, d_ff], float32, the layers ascending; z is the last one's.
        cache: K Kᵀ of the facts written before, by layer; this batch is added to it.
    """
    cache, layers, deltas = {} if cache is None else cache, list(projections), {}
    rows = [row for fact in facts for row in encode_fact(lm.tokenizer, fact, prefixes, target=True)]

    def keys(layer: int) -> Tensor:
        """[d_ff, n]: ½ of the bare prompt's, ½ of the others' mean."""
        found = seen(lm, rows, lm.down_projection(layer), "inputs").unflatten(0, (-1, len(prefixes)))
        return ((found[:, 0] + found[:, 1:].mean(1)) / 2).T

    with lm.frozen():
        for i, layer in enumerate(layers):
            k, P = keys(layer), projections[layer]
            output = seen(lm, rows[:: len(prefixes)], lm.block(layers[-1]), "outputs")
            residual = (z - output).T / (len(layers) - i)
            system = P @ (k @ k.T + cache.get(layer, 0)) + lam * torch.eye(lm.d_ff)
            deltas[layer] = torch.linalg.solve(system, P @ k @ residual.T).T
            lm.weight(layer).add_(deltas[layer])
        for layer in layers:
            k = keys(layer)
            cache[layer] = cache.get(layer, 0) + k @ k.T
    return deltas
