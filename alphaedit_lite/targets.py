"""What the block should answer: the target z, found by gradient descent.

    z = compute_targets(lm, facts, layer=7).z         # [n_facts, d_model]

For each fact, a vector δ is added to the output of block L at the subject's last token, and optimised
until the model names the new object; z = h + δ (ROME, Meng et al. 2022, section 3.1, eq. 4; the loss
is the reference implementation's). Four tricks make this fast and change no result:

1. facts are independent, so one batch holds many, with one δ each;
2. prompts are aligned at the subject's last token: everything to its left is run once and cached;
3. only the blocks above L run at each step, and the vocabulary only where the loss is read;
4. a fact leaves the batch when it has converged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import Tensor
from tqdm.auto import tqdm

from .facts import Fact, bundled_facts
from .models import LanguageModel, copy_cache
from .prompts import PREFIXES, PromptBatch, align, encode, encode_fact


@dataclass(frozen=True)
class TargetConfig:
    """How z is optimised.

    Attributes:
        steps: evaluations of the loss at most; the last one is not followed by an update, so "20
            steps" are 19 updates, as in the reference.
        lr: Adam's learning rate.
        clamp: after every step ‖δ‖ is cut to this multiple of ‖h‖.
        weight_decay: factor of ‖δ‖ / ‖h‖² in the loss.
        kl: factor of KL(now ‖ unedited) of the next-token distribution after "{subject}" in "{subject} is a".
        early_stop: stop a fact once its object is the arg-max on all its prompts and NLL < ``nll_enough``
            (after ENCORE, Gupta et al. 2025); otherwise only at loss < 0.05, as in the reference.
        prefixes: the beginnings in front of the prompt; the first must be empty (the bare prompt).
        batch_size: facts optimised together; a matter of memory and speed, not of the result.
    """

    steps: int = 20
    lr: float = 0.5
    clamp: float = 0.6
    weight_decay: float = 0.5
    kl: float = 0.0625
    early_stop: bool = True
    nll_enough: float = 0.1
    prefixes: tuple[str, ...] = PREFIXES
    batch_size: int = 15

    def __post_init__(self) -> None:
        if self.steps < 2 or self.batch_size < 1:
            raise ValueError(f"steps must be at least 2 and batch_size 1: {self.steps}, {self.batch_size}.")
        for name in ("kl", "weight_decay", "nll_enough"):
            if not 0 <= (value := getattr(self, name)) < math.inf:
                raise ValueError(f"{name} must be at least 0 and finite, not {value}.")
        if not (0 < self.lr < math.inf and self.clamp > 0):
            raise ValueError(f"lr and clamp must be positive, not {self.lr} and {self.clamp}.")
        if isinstance(self.prefixes, str) or tuple(self.prefixes[:1]) != ("",):
            raise ValueError(f"prefixes must begin with '', the bare prompt, not {self.prefixes!r}.")


@dataclass(frozen=True)
class Targets:
    """``z`` and the unedited ``h``: [n_facts, d_model]; ``nll`` and ``steps`` reached: [n_facts]."""

    z: Tensor
    h: Tensor
    nll: Tensor
    steps: Tensor


def compute_targets(
    lm: LanguageModel,
    facts: Sequence[Fact],
    layer: int,
    config: TargetConfig | None = None,
    progress: bool = True,
) -> Targets:
    """Find z for every fact, on the model as it is now. The model is not changed.

    Args:
        layer: L, the block whose output is optimised: the last edited layer.

    Raises:
        ValueError: a subject and object that the tokenizer fuses; non-finite values, naming the fact.
    """
    config = config or TargetConfig()
    lm.block(layer)
    encoded = [encode_fact(lm.tokenizer, fact, config.prefixes, target=True) for fact in facts]
    # Facts whose prompts end equally far from the subject share a batch: less padding.
    order = sorted(range(len(facts)), key=lambda i: len(encoded[i][0].ids) - encoded[i][0].subject)
    z = torch.empty(len(facts), lm.d_model, device=lm.device)
    h, nll, steps = torch.empty_like(z), z.new_empty(len(facts)), z.new_empty(len(facts), dtype=torch.long)
    with lm.frozen(), tqdm(total=len(facts), desc="targets z", disable=not progress) as bar:
        for first in range(0, len(order), config.batch_size):
            chunk = order[first : first + config.batch_size]
            rows = [row for i in chunk for row in encoded[i]]
            owner = [j for j in range(len(chunk)) for _ in config.prefixes]
            essence = [encode(lm.tokenizer, f"{facts[i].subject} is a", len(facts[i].subject)) for i in chunk]
            found = _optimise(
                lm,
                align(rows, owner, lm.pad_id, lm.device),
                align(
                    [type(e)(e.ids[: e.subject + 1], e.subject, e.subject + 1) for e in essence],
                    range(len(chunk)),
                    lm.pad_id,
                    lm.device,
                ),
                layer,
                config,
                bar,
            )
            for whole, part in zip((z, h, nll, steps), found, strict=True):
                whole[chunk] = part
    for i, fact in enumerate(facts):
        if not torch.isfinite(z[i]).all():
            raise ValueError(f"The target of {fact.subject!r} -> {fact.new!r} holds non-finite values.")
    return Targets(z, h, nll, steps)


@torch.enable_grad()
def _optimise(
    lm: LanguageModel, batch: PromptBatch, essence: PromptBatch, layer: int, config: TargetConfig, bar: tqdm
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """z, h, nll and steps of one batch of facts."""
    hidden, prefix = _until(lm, batch, layer)
    hidden_kl, prefix_kl = _until(lm, essence, layer)
    n = len(essence.fact)
    h = hidden[torch.arange(0, len(batch.fact), len(config.prefixes)), 0].float()  # [n, d_model], bare prompt
    with torch.no_grad():
        plain = _above(lm, hidden_kl, essence, layer, prefix_kl)[:, 0]
        before = F.log_softmax(lm.logits(plain).float(), -1)  # [n, vocabulary]
    per_fact = torch.bincount(batch.fact[batch.loss_row], minlength=n).float()  # equal for each row of a fact

    delta = torch.zeros_like(h, requires_grad=True)
    adam = torch.optim.Adam([delta], lr=config.lr)
    best, nll_at_stop = torch.zeros_like(h), h.new_zeros(n)
    steps = torch.zeros(n, dtype=torch.long, device=h.device)
    active = torch.ones(n, dtype=torch.bool, device=h.device)
    for step in range(config.steps):
        # The rows of facts that are still active; δ enters at the subject's column, which is column 0 here.
        facts = active.nonzero().squeeze(1)
        shifted = torch.cat([(hidden[:, :1] + delta[batch.fact][:, None]).to(hidden.dtype), hidden[:, 1:]], 1)
        out = _above(lm, shifted, batch, layer, prefix)
        columns = batch.loss_column - batch.subject
        log_p = F.log_softmax(lm.logits(out[batch.loss_row, columns]).float(), -1)  # [tokens, vocabulary]
        owner = batch.fact[batch.loss_row]
        token_nll = -log_p.gather(1, batch.loss_id[:, None])[:, 0]
        nll = h.new_zeros(n).index_add(0, owner, token_nll) / per_fact
        shifted_kl = (hidden_kl[:, :1] + delta[facts][:, None]).to(hidden.dtype)
        now = F.log_softmax(lm.logits(_above(lm, shifted_kl, essence, layer, prefix_kl)[:, 0]).float(), -1)
        kl = (now.exp() * (now - before[facts])).sum(1)  # KL(now ‖ unedited)
        decay = delta[facts].norm(dim=1) / h[facts].norm(dim=1) ** 2
        loss = nll[facts] + config.kl * kl + config.weight_decay * decay

        wrong = (log_p.argmax(1) != batch.loss_id).float()
        misses = h.new_zeros(n).index_add(0, owner, wrong)[facts]
        enough = (misses == 0) & (nll[facts] < config.nll_enough) if config.early_stop else loss < 0.05
        done = facts if step == config.steps - 1 else facts[enough]
        best[done], nll_at_stop[done], steps[done] = delta[done].detach(), nll[done].detach(), step + 1
        bar.update(len(done))
        if len(done) == len(facts):
            break
        adam.zero_grad()
        loss.sum().backward()
        adam.step()
        with torch.no_grad():
            limit = config.clamp * h.norm(dim=1, keepdim=True)
            delta *= (limit / delta.norm(dim=1, keepdim=True).clamp_min(1e-12)).clamp_max(1)
        if len(done):
            active[done] = False
            keep, keep_kl = active[batch.fact], active[essence.fact]
            batch, essence = batch.select(keep), essence.select(keep_kl)
            hidden, hidden_kl = hidden[keep][:, : batch.ids.shape[1] - batch.subject], hidden_kl[keep_kl]
            prefix = copy_cache(prefix, keep) if prefix else None
            prefix_kl = copy_cache(prefix_kl, keep_kl) if prefix_kl else None
    return h + best, h, nll_at_stop, steps


@torch.no_grad()
def _until(lm: LanguageModel, batch: PromptBatch, layer: int):
    """Run everything that does not depend on δ: all blocks left of the subject, blocks 0..L from it on.

    Returns the output of block L from the subject's column on, [rows, width - subject, d_model], and
    the attention cache of the columns before (None if the subject begins every row).
    """
    c, prefix = batch.subject, None
    embedded = lm.embed(batch.ids)
    if c > 0:
        _, prefix = lm.run(embedded[:, :c], batch.mask[:, :c], batch.positions[:, :c], keep_prefix=True)
    hidden, _ = lm.run(embedded[:, c:], batch.mask, batch.positions[:, c:], stop=layer + 1, prefix=prefix)
    return hidden, prefix


def _above(lm: LanguageModel, hidden: Tensor, batch: PromptBatch, layer: int, prefix) -> Tensor:
    """The normed output of the last block, given the output of block L from the subject's column on."""
    positions = batch.positions[:, batch.subject :]
    return lm.run(hidden, batch.mask, positions, start=layer + 1, prefix=prefix)[0]


def bundled_targets(lm: LanguageModel, facts: Sequence[Fact]) -> Tensor:
    """z of bundled facts as they ship with the package, [n_facts, d_model]: hundreds of edits in seconds.

    They were found on the *unedited* default model, at the last default layer with the default
    configuration (``tools/build_targets.py``). In a long sequence z should be found anew on the model as
    it is: say so where you use these.

    Raises:
        ValueError: another model, or a fact that is not a bundled one.
    """
    with safe_open(files("alphaedit_lite") / "data" / "targets.safetensors", framework="pt") as file:
        made_for, z = file.metadata()["fingerprint"], file.get_tensor("z")
        rows = {case_id: row for row, case_id in enumerate(file.get_tensor("case_id").tolist())}
    if lm.fingerprint != made_for:
        raise ValueError(f"The bundled targets are for the model {made_for}; this one is {lm.fingerprint}.")
    known = {fact.case_id: fact for fact in bundled_facts()}
    for fact in facts:
        same = known.get(fact.case_id)
        if same is None or (same.prompt, same.new) != (fact.prompt, fact.new):
            raise ValueError(f"{fact.prompt!r} -> {fact.new!r} is not a bundled fact: use compute_targets.")
        if fact.case_id not in rows:
            raise ValueError(f"No target of {fact.prompt!r} is shipped yet: run tools/build_targets.py.")
    return z[[rows[fact.case_id] for fact in facts]].to(lm.device)
