"""What the block should answer: the target z, found step by step.

    z = compute_targets(lm, facts, layer=7).z         # [n_facts, d_model]

For each fact, a vector δ is added to the output of block L at the subject's last token, and changed
until the model names the new object; z = h + δ (ROME, Meng et al. 2022, section 3.1, eq. 4; the loss is
the reference implementation's). The log-odds of the object are nearly linear in δ: each step solves for
those of all prompts at once (``LeastNorm``), or it follows Adam, as in the reference. Four tricks make
this fast and change no result:

1. facts are independent, so one batch holds many, with one δ each;
2. prompts are aligned at the subject's last token: everything to its left is run once and cached;
3. only the blocks above L run at each step, and the vocabulary only where the loss is read;
4. a fact leaves the batch when it has converged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm

from .facts import Fact
from .models import LanguageModel
from .prompts import PREFIXES, Encoded, align, encode, encode_facts
from .support.ambient import plain_torch
from .support.front import Front
from .support.leastnorm import LeastNorm, shortened
from .support.lists import beginnings, check_settings, configured, spelled

Search = Literal["least-norm", "adam"]
REACH, ODDS = 0.25, 3.0  # of "least-norm": of ‖h‖, the length of its first step; the log-odds wanted


@dataclass(frozen=True)
class TargetConfig:
    """How z is found.

    Attributes:
        search: "least-norm" or "adam", as in the reference.
        steps: evaluations of the loss and its gradient at most; the last one is not followed by an update,
            so "20 steps" are 19 updates, as in the reference.
        lr: Adam's learning rate.
        clamp: after every step ‖δ‖ is cut to this multiple of ‖h‖.
        weight_decay: factor of ‖δ‖ / ‖h‖² in the loss.
        kl: factor of KL(now ‖ unedited) of the next-token distribution after "{subject}" in "{subject} is a".
        early_stop: stop a fact once its object is the arg-max on all its prompts and NLL < ``nll_enough``
            (after ENCORE, Gupta et al. 2025); otherwise only at loss < 0.05, as in the reference.
        prefixes: the beginnings in front of the prompt; the first must be empty (the bare prompt).
        batch_size: facts optimised together; a matter of memory and speed, not of the result.
    """

    search: Search = "least-norm"
    steps: int = 20
    lr: float = 0.5
    clamp: float = 1.0
    weight_decay: float = 0.5
    kl: float = 0.0625
    early_stop: bool = True
    nll_enough: float = 0.1
    prefixes: tuple[str, ...] = PREFIXES
    batch_size: int = 15

    def __post_init__(self) -> None:
        check_settings(self, steps=2, batch_size=1)
        if self.search not in get_args(Search):
            raise ValueError(f"search must be one of {', '.join(get_args(Search))}, not {self.search!r}.")
        for name in ("kl", "weight_decay", "nll_enough"):
            if not 0 <= (value := getattr(self, name)) < math.inf:
                raise ValueError(f"{name} must be at least 0 and finite, not {value}.")
        if not (0 < self.lr < math.inf and self.clamp > 0):
            raise ValueError(f"lr and clamp must be positive, not {self.lr} and {self.clamp}.")
        object.__setattr__(self, "prefixes", beginnings(self.prefixes))


@dataclass(frozen=True)
class Targets:
    """``z`` and the unedited ``h``: [n_facts, d_model]; ``nll`` and ``steps`` reached: [n_facts].

    ``named`` tells whether the object is the arg-max on all prompts with z in place, ``clamped`` whether δ
    has met its bound: [n_facts], bool. ``model``, ``layer``, ``answers``, ``facts``: whose.
    """

    z: Tensor
    h: Tensor
    nll: Tensor
    steps: Tensor
    named: Tensor
    clamped: Tensor
    model: str | None = None
    layer: int | None = None
    answers: tuple[float | str, ...] = ()
    facts: tuple[Fact, ...] = ()


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
    config = configured(TargetConfig, config)
    facts = spelled(lm, facts, "find targets for")
    lm.block(layer)
    encoded = encode_facts(lm, facts, config.prefixes, target=True)
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
    whose = lm.whose(layer) | {"facts": facts}
    names = [f.name for f in fields(Targets) if f.name not in whose]
    found = Targets(**(whose | {n: torch.cat([vars(part)[n] for part in parts])[places] for n in names}))
    for fact, z in zip(facts, found.z, strict=True):
        if not torch.isfinite(z).all():
            raise ValueError(f"The target of {fact.subject!r} -> {fact.new!r} holds non-finite values.")
    return found


@torch.enable_grad()
def _search(lm: LanguageModel, prompts: Front, essence: Front, config: TargetConfig, bar: tqdm) -> Targets:
    """The δ of one batch of facts. ``essence`` holds "{subject}", whose next word should stay."""
    n, each = len(essence.batch.fact), len(config.prefixes)
    h = prompts.hidden[::each, 0].float()  # [n, d_model], of the bare prompts
    delta = torch.zeros_like(h, requires_grad=True)
    with torch.no_grad():
        before = _next_word(lm, essence, delta)
    tokens = torch.bincount(prompts.batch.fact[prompts.batch.loss_row], minlength=n).float()  # with a loss
    size = h.norm(dim=1)
    adam = torch.optim.Adam([delta], lr=config.lr) if config.search == "adam" else None
    linear = LeastNorm(delta.detach(), each + 1, REACH * size)
    best, steps = torch.full_like(h, torch.nan), torch.zeros(n, dtype=torch.long, device=h.device)
    least, nll_at_best = torch.full((2, n), torch.inf, device=h.device)
    active = torch.ones(n, dtype=torch.bool, device=h.device)
    named = torch.zeros_like(active)
    for step in range(config.steps):
        facts, owner = active.nonzero().squeeze(1), prompts.batch.fact
        shift, of_essence = delta[owner], delta[facts]  # [rows, d_model]
        shift.retain_grad()
        of_essence.retain_grad()
        of_prompt, nll, misses = _nll(lm, prompts, shift, n)
        nll = nll / tokens
        now = _next_word(lm, essence, of_essence)
        kl = (now.exp() * (now - before[facts])).sum(1)  # KL(now ‖ unedited)
        decay = delta[facts].norm(dim=1) / h[facts].norm(dim=1) ** 2
        loss = nll[facts] + config.kl * kl + config.weight_decay * decay

        met = (misses[facts] == 0) & (nll[facts] < config.nll_enough) if config.early_stop else loss < 0.05
        better = torch.ones_like(met) if adam else met | (loss < least[facts])  # Adam goes on from its last
        kept, done = facts[better], facts if step == config.steps - 1 else facts[met]
        best[kept], nll_at_best[kept] = delta[kept].detach(), nll[kept].detach()
        least[kept], named[kept] = loss[better].detach(), misses[kept] == 0
        steps[done] = step + 1
        bar.update(len(done))
        if len(done) == len(facts):
            break
        delta.grad = None
        loss.sum().backward()
        with torch.no_grad():
            if adam is not None:
                adam.step()
            else:  # wanted of every prompt: log-odds of ODDS or more; of the KL: 0
                rest, weight = (-torch.expm1(-of_prompt)).clamp_min(1e-6), math.sqrt(config.kl)  # 1 − p
                missing = (ODDS + of_prompt + rest.log()).clamp_min(0)
                assert shift.grad is not None
                assert of_essence.grad is not None
                slopes = -shift.grad * (tokens[owner] / rest)[:, None]
                missing = torch.cat([missing.view(-1, each), -weight * kl[:, None]], 1)
                slopes = torch.cat(
                    [slopes.unflatten(0, (-1, each)), of_essence.grad[:, None] / (weight or 1)], 1
                )
                delta[facts] = linear.next(facts, better, delta[facts], missing, slopes)
            delta.copy_(shortened(delta, config.clamp * size))
        if len(done):
            active[done] = False
            prompts, essence = prompts.only(active), essence.only(active)
    return Targets(h + best, h, nll_at_best, steps, named, best.norm(dim=1) > 0.999 * config.clamp * size)


def _nll(lm: LanguageModel, prompts: Front, shift: Tensor, n: int) -> tuple[Tensor, Tensor, Tensor]:
    """NLL of the objects: by prompt, [rows]; summed by fact, [n]; and how many tokens are not the arg-max."""
    batch, out = prompts.batch, prompts.run_on(lm, shift)
    read = out[batch.loss_row, batch.loss_column - batch.subject]
    log_p = F.log_softmax(lm.logits(read).float(), -1)  # [tokens, vocabulary]
    owner, zeros = batch.fact[batch.loss_row], torch.zeros(n, device=shift.device)
    of_token = -log_p.gather(1, batch.loss_id[:, None])[:, 0]
    by_row = torch.zeros(len(batch.fact), device=shift.device).index_add(0, batch.loss_row, of_token.detach())
    misses = zeros.index_add(0, owner, (log_p.argmax(1) != batch.loss_id).float())
    return by_row, zeros.index_add(0, owner, of_token), misses


def _next_word(lm: LanguageModel, essence: Front, shift: Tensor) -> Tensor:
    """Log-probabilities of the next token after each subject, [rows, vocabulary]."""
    return F.log_softmax(lm.logits(essence.run_on(lm, shift)[:, 0]).float(), -1)
