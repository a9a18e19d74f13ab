"""What does the model say when it speaks freely? Fluency, consistency, and whether it names the new object.

    texts = generate(lm, fact.generation)
    fluency(texts[0])                           # 2- and 3-gram entropy: low when the model repeats itself
    judge_generation(lm, facts)                # a pandas DataFrame, one row per fact

The probability metrics of ``metrics`` put the right words into the model's mouth. Here it must find them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

import pandas as pd
import torch
from tqdm.auto import tqdm

from .facts import Fact
from .models import LanguageModel
from .support.kinds import at_least
from .support.lists import fact_list, language_model, snippet_lists
from .support.spacing import check_texts, occurrences
from .support.texts import wikipedia_leads
from .support.tokens import continuation, tokenised

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

WEIGHTS = {2: 2 / 3, 3: 4 / 3}  # of the n-gram entropies (ROME, Meng et al. 2022, appendix; their code)


@torch.no_grad()
def generate(
    lm: LanguageModel,
    prompts: Sequence[str],
    max_new_tokens: int = 60,
    batch_size: int = 32,
    progress: bool = False,
) -> list[str]:
    """Greedy continuations of many prompts (without the prompts), in batches.

    Raises:
        ValueError: a prompt without any token.
        TypeError: one text for a list of them.
    """
    rows = list(tokenised(language_model(lm).tokenizer, prompts))
    if [] in rows:
        raise ValueError(f"There is nothing to continue in prompt {rows.index([])}: it has no token.")
    at_least(1, batch_size=batch_size)
    texts = [""] * len(rows)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    with lm.frozen(), tqdm(total=len(rows), desc="generating", disable=not progress) as bar:
        for first in range(0, len(order), batch_size):
            chunk = order[first : first + batch_size]
            batch = padded_left(lm, [rows[i] for i in chunk])
            output = lm.generate(batch, max_new_tokens)
            for i, row in zip(chunk, output, strict=True):
                texts[i] = continuation(lm.tokenizer, row.tolist(), batch["input_ids"].shape[1], lm.ends)
            bar.update(len(chunk))
    return texts


def padded_left(lm: LanguageModel, rows: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
    """Token ids of many prompts as one batch that ends with their last tokens, with its attention mask."""
    width = max(map(len, rows))
    ids = [[lm.pad_id] * (width - len(row)) + list(row) for row in rows]
    mask = [[0] * (width - len(row)) + [1] * len(row) for row in rows]
    found = {"input_ids": ids, "attention_mask": mask}
    return {name: torch.tensor(rows, device=lm.device) for name, rows in found.items()}


def words(text: str) -> list[str]:
    """Words and single punctuation marks."""
    return re.findall(r"\w+|[^\w\s]", text)


def ngram_entropy(text: str, n: int) -> float:
    """Entropy of the n-grams of a text, in bits: 0 for one phrase repeated.

    NaN for a text of fewer than n words.
    """
    tokens = words(text)
    counts = Counter(zip(*(tokens[i:] for i in range(n)), strict=False))
    total = sum(counts.values())
    return -sum(c / total * math.log2(c / total) for c in counts.values()) if total else math.nan


def fluency(text: str) -> float:
    """The weighted mean of 2- and 3-gram entropy (ROME, Meng et al. 2022: GE), in bits.

    A long sane text scores higher than a short one: compare only texts of the same length.
    """
    return sum(weight * ngram_entropy(text, n) for n, weight in WEIGHTS.items()) / len(WEIGHTS)


def consistency(text: str, references: Sequence[str], vectorizer: TfidfVectorizer) -> float:
    """Cosine between the TF-IDF vectors of a text and of the joined references (ROME, Meng et al. 2022: RS).

    Args:
        references: texts about the new object.
        vectorizer: fitted on many texts, from which it knows which words are rare.

    Returns:
        between 0 and 1; NaN without references.
    """
    if not (joined := " ".join(check_texts(references))):
        return math.nan
    one, other = vectorizer.transform([text, joined])
    return float((one @ other.T).toarray()[0, 0])  # both have length 1 already


def references(fact: Fact, leads: Sequence[str], most: int = 5) -> list[str]:
    """Wikipedia leads that name the fact's new object as a whole word: what a text about it looks like."""
    name = fact.new.strip()
    return list(islice((lead for lead in leads if name in lead and occurrences(lead, name)[0]), most))


def judge_generation(
    lm: LanguageModel,
    facts: Sequence[Fact],
    snippets: Sequence[Sequence[str]] | None = None,
    max_new_tokens: int = 60,
    progress: bool = True,
) -> pd.DataFrame:
    """Let the model speak about every fact's subject, and judge what it says.

    Args:
        snippets: reference texts of each fact (CounterFact's attribute snippets); by default Wikipedia
            leads that name the new object.

    Returns:
        one row per fact: ``fluency`` and ``consistency`` of the texts from its generation prompts (NaN
        without any), ``match``: whether a free continuation of the prompt begins with the new object,
        and ``mention``: whether it names it at all.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # a second to import: only where needed

    facts = fact_list(facts, "judge")
    snippets = None if snippets is None else snippet_lists(snippets, facts)
    asked = [(i, prompt) for i, fact in enumerate(facts) for prompt in dict.fromkeys(fact.generation)]
    prompts = [fact.prompt for fact in facts] + [prompt for _, prompt in asked]
    said = generate(lm, prompts, max_new_tokens, progress=progress)
    leads = wikipedia_leads("fit")
    if snippets is None:
        snippets = [references(fact, leads) for fact in facts]
    vectorizer = TfidfVectorizer().fit([*leads[:500], *(text for texts in snippets for text in texts)])
    rows = []
    for i, fact in enumerate(facts):
        spoken = zip(asked, said[len(facts) :], strict=True)
        texts = [prompt + text for (owner, prompt), text in spoken if owner == i]
        named, _ = occurrences(said[i].strip(), fact.new.strip())  # as a whole word: no Niger in Nigeria
        rows.append(
            {
                "subject": fact.subject,
                "match": float(0 in named),
                "mention": float(bool(named)),
                "fluency": sum(map(fluency, texts)) / len(texts) if texts else math.nan,
                "consistency": consistency(" ".join(texts), snippets[i], vectorizer) if texts else math.nan,
            }
        )
    return pd.DataFrame(rows)
