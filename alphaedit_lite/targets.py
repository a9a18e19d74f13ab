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
from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm
from transformers import DynamicCache

from .facts import Fact
from .models import LanguageModel, copy_cache
from .prompts import PREFIXES, Encoded, PromptBatch, align, encode, encode_fact
from .support.ambient import plain_torch


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
    """``z`` and the unedited ``h``: [n_facts, d_model]; ``nll`` and ``steps`` reached: [n_facts].

    ``named`` tells whether the object is the arg-max on all prompts with z in place, ``clamped`` whether δ
    has met its bound: [n_facts], bool.
    """

    z: Tensor
    h: Tensor
    nll: Tensor
    steps: Tensor
    named: Tensor
    clamped: Tensor


@plain_torch()
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
    parts: list[Targets] = []
    with lm.frozen(), tqdm(total=len(facts), desc="targets z", disable=not progress) as bar:
        for first in range(0, len(order), config.batch_size):
            chunk = order[first : first + config.batch_size]
            rows = [row for i in chunk for row in encoded[i]]
            owner = [j for j in range(len(chunk)) for _ in config.prefixes]
            subjects = [facts[i].subject for i in chunk]
            essence = [encode(lm.tokenizer, f"{name} is a", len(name)) for name in subjects]
            essence = [Encoded(e.ids[: e.subject + 1], e.subject, e.subject + 1) for e in essence]
            prompts = Front.of(lm, align(rows, owner, lm.pad_id, lm.device), layer)
            kept = Front.of(lm, align(essence, range(len(chunk)), lm.pad_id, lm.device), layer)
            parts.append(_search(lm, prompts, kept, config, bar))
    places = torch.tensor(order, device=lm.device).argsort()
    found = Targets(*(torch.cat([vars(part)[f.name] for part in parts])[places] for f in fields(Targets)))
    for fact, z in zip(facts, found.z, strict=True):
        if not torch.isfinite(z).all():
            raise ValueError(f"The target of {fact.subject!r} -> {fact.new!r} holds non-finite values.")
    return found


@dataclass(frozen=True)
class Front:
    """Prompts stopped at the output of block L, where δ comes in: what lies behind depends on it, no more.

    Attributes:
        hidden: the output of block L from the subject's column on, [rows, width − subject, d_model].
        cache: the attention keys and values of the columns before; None if the subject begins every row.
    """

    batch: PromptBatch
    layer: int
    hidden: Tensor
    cache: DynamicCache | None

    @classmethod
    @torch.no_grad()
    def of(cls, lm: LanguageModel, batch: PromptBatch, layer: int) -> Front:
        c, cache = batch.subject, None
        embedded = lm.embed(batch.ids)
        if c > 0:
            _, cache = lm.run(embedded[:, :c], batch.mask[:, :c], batch.positions[:, :c], keep_prefix=True)
        hidden, _ = lm.run(embedded[:, c:], batch.mask, batch.positions[:, c:], stop=layer + 1, prefix=cache)
        return cls(batch, layer, hidden, cache)

    def run_on(self, lm: LanguageModel, delta: Tensor) -> Tensor:
        """The normed output of the last block, with the δ of its fact added at each row's subject.

        Args:
            delta: [n_facts, d_model].

        Returns:
            [rows, width − subject, d_model].
        """
        shifted = (self.hidden[:, :1] + delta[self.batch.fact][:, None]).to(self.hidden.dtype)
        hidden = torch.cat([shifted, self.hidden[:, 1:]], 1)
        positions = self.batch.positions[:, self.batch.subject :]
        return lm.run(hidden, self.batch.mask, positions, start=self.layer + 1, prefix=self.cache)[0]

    def only(self, active: Tensor) -> Front:
        """The rows of the facts that are still active (bool, [n_facts])."""
        keep = active[self.batch.fact]
        batch = self.batch.select(keep)
        hidden = self.hidden[keep][:, : batch.ids.shape[1] - batch.subject]
        return Front(batch, self.layer, hidden, copy_cache(self.cache, keep) if self.cache else None)


@torch.enable_grad()
def _search(lm: LanguageModel, prompts: Front, essence: Front, config: TargetConfig, bar: tqdm) -> Targets:
    """Adam on the δ of one batch of facts. ``essence`` holds "{subject}", whose next word should stay."""
    n = len(essence.batch.fact)
    h = prompts.hidden[:: len(config.prefixes), 0].float()  # [n, d_model], of the bare prompts
    delta = torch.zeros_like(h, requires_grad=True)
    with torch.no_grad():
        before = _next_word(lm, essence, delta)
    rows_of = torch.bincount(prompts.batch.fact[prompts.batch.loss_row], minlength=n).float()  # loss tokens
    adam = torch.optim.Adam([delta], lr=config.lr)
    best, nll_at_stop = torch.zeros_like(h), h.new_zeros(n)
    steps = torch.zeros(n, dtype=torch.long, device=h.device)
    active = torch.ones(n, dtype=torch.bool, device=h.device)
    named, bound = torch.zeros_like(active), config.clamp * h.norm(dim=1)
    for step in range(config.steps):
        facts = active.nonzero().squeeze(1)
        nll, misses = _nll(lm, prompts, delta, n)
        nll = nll / rows_of
        now = _next_word(lm, essence, delta)
        kl = (now.exp() * (now - before[facts])).sum(1)  # KL(now ‖ unedited)
        decay = delta[facts].norm(dim=1) / h[facts].norm(dim=1) ** 2
        loss = nll[facts] + config.kl * kl + config.weight_decay * decay

        met = (misses[facts] == 0) & (nll[facts] < config.nll_enough) if config.early_stop else loss < 0.05
        done = facts if step == config.steps - 1 else facts[met]
        named[done] = misses[done] == 0
        best[done], nll_at_stop[done], steps[done] = delta[done].detach(), nll[done].detach(), step + 1
        bar.update(len(done))
        if len(done) == len(facts):
            break
        adam.zero_grad()
        loss.sum().backward()
        adam.step()
        with torch.no_grad():
            delta *= (bound / delta.norm(dim=1).clamp_min(1e-12)).clamp_max(1)[:, None]
        if len(done):
            active[done] = False
            prompts, essence = prompts.only(active), essence.only(active)
    return Targets(h + best, h, nll_at_stop, steps, named, best.norm(dim=1) > 0.999 * bound)


def _nll(lm: LanguageModel, prompts: Front, delta: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """By fact, [n]: the NLL of its object, summed over prompts, and how many tokens are not the arg-max."""
    batch, out = prompts.batch, prompts.run_on(lm, delta)
    read = out[batch.loss_row, batch.loss_column - batch.subject]
    log_p = F.log_softmax(lm.logits(read).float(), -1)  # [tokens, vocabulary]
    owner, zeros = batch.fact[batch.loss_row], torch.zeros(n, device=delta.device)
    nll = zeros.index_add(0, owner, -log_p.gather(1, batch.loss_id[:, None])[:, 0])
    return nll, zeros.index_add(0, owner, (log_p.argmax(1) != batch.loss_id).float())


def _next_word(lm: LanguageModel, essence: Front, delta: Tensor) -> Tensor:
    """Log-probabilities of the next token after each subject, [rows, vocabulary]."""
    return F.log_softmax(lm.logits(essence.run_on(lm, delta)[:, 0]).float(), -1)
