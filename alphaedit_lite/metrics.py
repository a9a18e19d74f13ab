"""Did it work? Success and accuracy on the prompt, its paraphrases and its neighbours; perplexity.

    table = evaluate(lm, facts)            # a pandas DataFrame, one row per fact
    summary(table)                         # means, with bootstrap intervals

*Success* asks whether the wanted object is more likely than the other one; *accuracy* whether it is
the model's first choice, token by token. They can differ a lot: both are always given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm

from .facts import Fact
from .models import LanguageModel
from .prompts import PromptBatch, align, batches
from .support.ambient import plain_torch
from .support.intervals import bootstrap as bootstrap
from .support.intervals import percentiles as percentiles
from .support.intervals import summary as summary
from .support.kinds import at_least
from .support.lists import fact_list, language_model, pair_list
from .support.tokens import Encoded, encode_object, private, tokenised

WHAT = ("efficacy", "generalization", "specificity")
COLUMNS = [*WHAT, *(f"{what}_top1" for what in WHAT)]


@plain_torch()
def score(
    lm: LanguageModel, pairs: Sequence[tuple[str, str]], progress: bool = False
) -> tuple[Tensor, Tensor]:
    """How likely each object is after its prompt.

    Args:
        pairs: (prompt, object) texts, the object as it follows the prompt (" Romania").

    Returns:
        the mean log-probability of the object's tokens, [n], and whether every token is the arg-max, [n].
    """
    tokens = token_scores(lm, pairs, progress)
    log_p = torch.tensor([float(found.mean()) for found, _ in tokens])
    return log_p, torch.tensor([bool(right.all()) for _, right in tokens])


@torch.no_grad()
def token_scores(
    lm: LanguageModel, pairs: Sequence[tuple[str, str]], progress: bool = False
) -> list[tuple[Tensor, Tensor]]:
    """For each (prompt, object): its tokens' log-probabilities, and which are the arg-max, each [tokens].

    Teacher forcing: every token is predicted from the prompt and the *right* tokens before it.
    """
    pairs, tokenizer = pair_list(pairs), private(language_model(lm).tokenizer)
    rows = [encode_object(tokenizer, prompt, target) for prompt, target in pairs]
    if bare := [pair for pair, row in zip(pairs, rows, strict=True) if row.object == len(row.ids)]:
        raise ValueError(f"There is no object to score behind {bare[0][0]!r}, but {bare[0][1]!r}.")
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
    scores: dict[int, tuple[Tensor, Tensor]] = {}
    with lm.frozen(), tqdm(total=len(rows), desc="scoring", disable=not progress) as bar:
        for chunk in batches(order, [len(rows[i].ids) for i in order], 2048):
            batch, row_of = _shared([rows[i] for i in chunk], lm)
            hidden, _ = lm.run(lm.embed(batch.ids), batch.mask, batch.positions)
            logits = lm.logits(hidden[batch.loss_row, batch.loss_column]).float()
            found = F.log_softmax(logits, -1).gather(1, batch.loss_id[:, None])[:, 0].cpu()
            right = (logits.argmax(1) == batch.loss_id).cpu() & found.isfinite()  # NaN logits answer nothing
            scores |= {i: (found[part], right[part]) for i, part in zip(chunk, row_of, strict=True)}
            bar.update(len(chunk))
    return [scores[i] for i in range(len(rows))]


def _shared(rows: Sequence[Encoded], lm: LanguageModel) -> tuple[PromptBatch, list[Tensor]]:
    """Rows as a batch in which equal inputs run once, and the loss tokens of each row.

    Two one-token objects after the same prompt need one pass: the last token is never an input.
    """
    unique: dict[tuple, int] = {}
    kept: list[Encoded] = []
    tokens: list[tuple[int, int, int]] = []
    parts = []
    for row in rows:
        inputs = tuple(row.ids[:-1])
        if inputs not in unique:
            unique[inputs] = len(kept)
            kept.append(row)
        place = range(len(tokens), len(tokens) + len(row.ids) - row.object)
        tokens += [(unique[inputs], t - 1, row.ids[t]) for t in range(row.object, len(row.ids))]
        parts.append(torch.tensor(place))
    batch = align(kept, range(len(kept)), lm.pad_id, lm.device)
    where = torch.tensor(tokens, device=lm.device)
    lm.check_ids(where[:, 2:])
    shift = batch.subject - torch.tensor([row.subject for row in kept], device=lm.device)
    columns = where[:, 1] + shift[where[:, 0]]
    unshared = (batch.ids, batch.mask, batch.positions, batch.subject, batch.fact)
    return PromptBatch(*unshared, where[:, 0], columns, where[:, 2]), parts


def evaluate(lm: LanguageModel, facts: Sequence[Fact], progress: bool = True) -> pd.DataFrame:
    """Judge the model as it is now on every fact.

    Returns:
        one row per fact; columns ``efficacy``, ``generalization``, ``specificity`` (success: the new
        object beats the true one on the prompt and the paraphrases; a neighbour's answer beats the
        new object) and ``efficacy_top1``, ``generalization_top1``, ``specificity_top1`` (accuracy).
        NaN where a fact has no true object, no paraphrases or no neighbours; a neighbour whose answer is
        the new object itself has no success either, since neither can beat the other.
    """
    facts = fact_list(facts, "judge")
    asked: list[tuple[int, str, str, str, str | None]] = []  # fact, what, prompt, wanted, other
    for i, fact in enumerate(facts):
        for what, prompt in [("efficacy", fact.prompt), *(("generalization", p) for p in fact.paraphrases)]:
            true = fact.true and fact.after(prompt, fact.true)
            asked.append((i, what, prompt, fact.after(prompt, fact.new), true))
        for prompt, answer in fact.neighbours:
            rival = fact.after(prompt, fact.new)
            asked.append((i, "specificity", prompt, answer, rival if rival != answer else None))
    wanted = [(prompt, good) for _, _, prompt, good, _ in asked]
    others = [(prompt, bad) for _, _, prompt, _, bad in asked if bad is not None]
    log_p, first = score(lm, wanted + others, progress)
    compared = iter(log_p[len(wanted) :].tolist())
    rows = []
    for (i, what, _, _, bad), value, top in zip(asked, log_p.tolist(), first.tolist(), strict=False):
        success = math.nan if bad is None else float(value > next(compared))
        rows.append({"fact": i, "what": what, "success": success, "top1": float(top)})
    table = pd.DataFrame(rows).pivot_table(
        index="fact", columns="what", values=["success", "top1"], dropna=False
    )
    table.columns = [what if kind == "success" else f"{what}_top1" for kind, what in table.columns]
    table = table.reindex(columns=COLUMNS)
    table.insert(0, "subject", [fact.subject for fact in facts])
    return table


def evaluate_zsre(lm: LanguageModel, facts: Sequence[Fact], progress: bool = True) -> pd.DataFrame:
    """The zsRE protocol (Mitchell et al. 2022): the share of an object's tokens that are the arg-max.

    There is no rival object here, so there is no success: ``efficacy``, ``generalization`` and
    ``specificity`` are accuracies token by token. A three-token answer with two right counts two thirds.

    Returns:
        one row per fact; NaN where a fact has no paraphrases or no neighbours.
    """
    facts = fact_list(facts, "judge")
    asked: list[tuple[int, str, str, str]] = []
    for i, fact in enumerate(facts):
        asked.append((i, "efficacy", fact.prompt, fact.new))
        asked += [(i, "generalization", p, fact.after(p, fact.new)) for p in fact.paraphrases]
        asked += [(i, "specificity", prompt, answer) for prompt, answer in fact.neighbours]
    scores = token_scores(lm, [(prompt, wanted) for *_, prompt, wanted in asked], progress)
    rows = [
        {"fact": i, "what": what, "accuracy": float(right.float().mean())}
        for (i, what, _, _), (_, right) in zip(asked, scores, strict=True)
    ]
    table = pd.DataFrame(rows).pivot_table(index="fact", columns="what", values="accuracy", dropna=False)
    table = table.reindex(columns=list(WHAT))
    table.insert(0, "subject", [fact.subject for fact in facts])
    return table


@torch.no_grad()
def perplexity(lm: LanguageModel, texts: Iterable[str], max_tokens: int = 256) -> float:
    """exp of the mean negative log-likelihood per token over texts, each cut to ``max_tokens`` or the
    model's context, whichever is less.

    A collapsed model gives inf or NaN, never an exception.
    """
    at_least(2, max_tokens=max_tokens)
    most = min(max_tokens, language_model(lm).context or max_tokens)
    rows = [row for ids in tokenised(lm.tokenizer, texts) if len(row := ids[:most]) > 1]
    if not rows:
        raise ValueError("The texts hold no two tokens in a row: there is nothing to predict.")
    rows.sort(key=len)
    total, count = 0.0, 0
    with lm.frozen():
        for chunk in batches(rows, [len(row) for row in rows], 2048):
            ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(r) for r in chunk], True, -100).to(lm.device)
            mask = ids != -100
            positions = torch.arange(ids.shape[1], device=lm.device).expand_as(ids)
            hidden, _ = lm.run(lm.embed(ids.clamp_min(0)), mask.long(), positions)
            read = mask[:, 1:]
            loss = F.cross_entropy(lm.logits(hidden[:, :-1][read]).float(), ids[:, 1:][read], reduction="sum")
            total, count = total + float(loss), count + int(read.sum())
    mean = total / count
    return math.inf if mean > 700 else math.exp(mean)  # exp overflows above; NaN stays NaN
