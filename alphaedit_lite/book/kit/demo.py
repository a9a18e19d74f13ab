"""The demo: Lower Assam moves to Romania, and back (the case study of Fang et al. 2025, appendix C.1.3).

python -m alphaedit_lite.book.kit.demo                     # in a terminal
python -m alphaedit_lite.book.kit.demo --subject "Mount Fuji" --template "{} is a mountain in" --new Italy
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys

import pandas as pd

from ...editor import AlphaEdit
from ...facts import Fact
from ...generation import generate
from ...metrics import score
from ...models import LanguageModel
from ...support.assets import AssetError
from ...support.loading import DEFAULT_MODEL, load_model
from ...support.tokens import pieces

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
EXAMPLES: dict[str, Fact] = {
    "Lower Assam → Romania (a case of the AlphaEdit paper)": LOWER_ASSAM,
    # What EasyEdit's tutorials write (github.com/zjunlp/EasyEdit, README and AlphaEdit's notebook).
    **{
        f"{subject} → {new} (EasyEdit's tutorial)": Fact(template, subject, new)
        for template, subject, new in (
            ("{}, the", "Ray Charles", "violin"),
            ("{} is a professional", "Grant Hill", "soccer"),
            ("The law in {} declares the language", "Ikaalinen", "Swedish"),
            ("What university did {} attend?", "Watts Humphrey", "University of Michigan"),
            ("Which family does {} belong to", "Ramalinaceae", "Lamiinae"),
            ("What role does {} play in football?", "Denny Herzig", "winger"),
        )
    },
}
KNOWN = 0.25  # probability a token: below it, the model's first answer is no more than a guess


def probe(lm: LanguageModel, fact: Fact) -> pd.DataFrame:
    """What the model says now about a fact, its paraphrases and its neighbours.

    Returns:
        one row per prompt: ``kind``, ``prompt``, ``old`` and ``new`` (the two objects), ``p_old`` and
        ``p_new`` (their probabilities, per token) and ``says`` (the greedy continuation).
    """
    asked = [("fact", fact.prompt, fact.true)]
    asked += [("paraphrase", prompt, fact.true) for prompt in fact.paraphrases]
    asked += [("neighbour", prompt, answer) for prompt, answer in fact.neighbours]
    p_new = score(lm, [(prompt, fact.new) for _, prompt, _ in asked])[0].exp().tolist()
    known = [(prompt, old) for _, prompt, old in asked if old]
    p_old = iter(score(lm, known)[0].exp().tolist())
    words = max(4, len(pieces(lm.tokenizer, fact.new)) + 1)
    said = generate(lm, [prompt for _, prompt, _ in asked], words)
    rows = []
    for (kind, prompt, old), p, text in zip(asked, p_new, said, strict=True):
        p_then = next(p_old) if old else math.nan
        rows.append((kind, prompt, (old or "").strip(), fact.new.strip(), p_then, p, text.split("\n")[0]))
    return pd.DataFrame(rows, columns=["kind", "prompt", "old", "new", "p_old", "p_new", "says"])


def first_guess(lm: LanguageModel, prompt: str) -> str:
    """What the model itself answers: its continuation as far as it looks like a name, or the first word."""
    taken: list[str] = []
    for word in lm.complete(prompt, 8).split():
        bare = word.strip(".,;:!?\"'()")
        joins = bare in ("the", "a", "an", "of") and word == bare
        if not (bare[:1].isupper() or joins):
            taken = taken if any(one[:1].isupper() for one in taken) else [*taken, bare]
            break
        taken.append(bare)
        if word != bare:
            break
    while taken and taken[-1] in ("the", "a", "an", "of"):
        taken.pop()
    return " ".join(taken)


def doubt(before: pd.DataFrame) -> str:
    """A sentence if the model does not seem to know what is edited; ``before`` as ``probe`` made it."""
    asked = before.iloc[0]
    if not asked.old or not asked.p_old < KNOWN:
        return ""
    return (
        f"Before the edit the model gave its own answer, {asked.old}, only {asked.p_old:.0%}: "
        "it may not know this subject."
    )


def main() -> None:
    """The command line: a fact of your own, or Lower Assam; before, after, did it take, and after undo."""
    parser = argparse.ArgumentParser(description="Write one fact into the default model, and take it back.")
    parser.add_argument("--subject", default=LOWER_ASSAM.subject)
    parser.add_argument("--template", default=LOWER_ASSAM.template, help="a sentence with {} for the subject")
    parser.add_argument("--new", default=LOWER_ASSAM.new, help="the new object")
    options = parser.parse_args()
    try:
        fact = Fact(options.template, options.subject, options.new)  # refused before anything is loaded
        print(f"Loading {DEFAULT_MODEL} …")
        lm = load_model()
        if (fact.prompt, fact.new) == (LOWER_ASSAM.prompt, LOWER_ASSAM.new):
            fact = LOWER_ASSAM  # with its paraphrases and neighbours
        else:
            fact = dataclasses.replace(fact, true=first_guess(lm, fact.prompt) or None)
        editor = AlphaEdit(lm)
        _report(lm, fact, "Before")
        if said := doubt(probe(lm, fact)):
            print(said)
        edit = editor.edit([fact])
        _report(lm, fact, f"After the edit: {fact.prompt}{fact.new}")
        print(f"\nDid it take?\n{edit.report()}")
        edit.revert()
        _report(lm, fact, "After undo: the weights are the old ones, bit for bit")
    except (AssetError, ValueError) as error:
        sys.exit(f"Sorry: {error}")


def _report(lm: LanguageModel, fact: Fact, title: str) -> None:
    print(f"\n{title}")
    for row in probe(lm, fact).itertuples():
        print(f"  {row.kind:<10} {row.prompt} …{row.says}")
        old = f"P({row.old}) = {row.p_old:.2f}   " if row.old else ""
        print(f"             {old}P({row.new}) = {row.p_new:.2f}")
    for prompt in fact.generation:
        print(f"  generation {prompt}{' '.join(['', *lm.complete(prompt, 25).split()])}")


if __name__ == "__main__":
    main()
