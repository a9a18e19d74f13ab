"""The demo: Lower Assam moves to Romania, and back (the case study of Fang et al. 2025, appendix C.1.3).

python -m alphaedit_lite.book.demo                     # in a terminal
python -m alphaedit_lite.book.demo --subject "Mount Fuji" --template "{} is a mountain in" --new Italy
"""

from __future__ import annotations

import argparse
import sys

import pandas as pd

from ..assets import AssetError
from ..editor import AlphaEdit
from ..facts import Fact
from ..metrics import score
from ..models import DEFAULT_MODEL, LanguageModel, load_model

LOWER_ASSAM = Fact(
    "{} is located in the country of",
    subject="Lower Assam",
    new="Romania",
    true="India",
    paraphrases=(
        "The region of Lower Assam lies in the country of",
        "People who live in Lower Assam live in the country of",
        "Lower Assam is a region of",
    ),
    neighbours=(
        ("Rajasthan is located in the country of", "India"),
        ("West Bengal is located in the country of", "India"),
        ("Hokkaido is located in the country of", "Japan"),
        ("Tuscany is located in the country of", "Italy"),
    ),
    generation=("Lower Assam is known for",),
)


def probe(lm: LanguageModel, fact: Fact) -> pd.DataFrame:
    """What the model says now about a fact, its paraphrases and its neighbours.

    Returns:
        one row per prompt: ``kind``, ``prompt``, ``old`` and ``new`` (the two objects), ``p_old`` and
        ``p_new`` (their probabilities, per token) and ``says`` (the greedy continuation).
    """
    asked = [("fact", fact.prompt, fact.true)]
    asked += [("paraphrase", prompt, fact.true) for prompt in fact.paraphrases]
    asked += [("neighbour", prompt, answer) for prompt, answer in fact.neighbours]
    rows = []
    for kind, prompt, old in asked:
        pairs = [(prompt, fact.new), (prompt, old)] if old else [(prompt, fact.new)]
        p = score(lm, pairs)[0].exp().tolist()
        rows.append(
            {
                "kind": kind,
                "prompt": prompt,
                "old": (old or "").strip(),
                "new": fact.new.strip(),
                "p_old": p[1] if old else float("nan"),
                "p_new": p[0],
                "says": lm.complete(prompt, 4).split("\n")[0],
            }
        )
    return pd.DataFrame(rows)


def first_guess(lm: LanguageModel, prompt: str) -> str:
    """The first word of the model's own continuation: what it believes before an edit."""
    words = lm.complete(prompt, 6).split()
    return words[0].strip(".,;:!?\"'()") if words else ""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Change one fact in a language model, and take it back.")
    parser.add_argument("--subject", default=LOWER_ASSAM.subject)
    parser.add_argument("--template", default=LOWER_ASSAM.template, help="a prompt with {} for the subject")
    parser.add_argument("--new", default=LOWER_ASSAM.new.strip(), help="the object to write")
    options = parser.parse_args(arguments)
    try:
        fact = Fact(options.template, options.subject, options.new)
        print(f"Loading {DEFAULT_MODEL} …")
        lm = load_model()
        if (fact.template, fact.subject, fact.new) == tuple(
            getattr(LOWER_ASSAM, name) for name in ("template", "subject", "new")
        ):
            fact = LOWER_ASSAM
        else:
            fact = Fact(
                fact.template,
                fact.subject,
                fact.new,
                true=first_guess(lm, fact.prompt) or None,
                generation=(fact.subject,),
            )
        editor = AlphaEdit(lm)
        _report(lm, fact, "Before")
        edit = editor.edit([fact])
        _report(lm, fact, f"After the edit: {fact.subject} -> {fact.new.strip()}")
        edit.revert()
        _report(lm, fact, "After undo (the weights are the old ones, bit for bit)")
    except (AssetError, ValueError) as error:
        sys.exit(f"Sorry: {error}")


def _report(lm: LanguageModel, fact: Fact, title: str) -> None:
    print(f"\n{title}")
    for row in probe(lm, fact).itertuples():
        print(
            f"  {row.kind:<10} {row.prompt} …{row.says}\n"
            f"             P({row.old}) = {row.p_old:.2f}   P({row.new}) = {row.p_new:.2f}"
        )
    for prompt in fact.generation:
        print(f"  generation {prompt}{' '.join(lm.complete(prompt, 25).split(chr(10)))}")


if __name__ == "__main__":
    main()
