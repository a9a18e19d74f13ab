"""Does an edited model still have its grammar? Minimal pairs, made from templates.

    table = judge_pairs(lm)                               # a pandas DataFrame, one row per pair
    table.groupby("phenomenon")["correct"].mean()         # chance is one half

The idea is BLiMP's (Warstadt et al. 2020): two sentences that differ in one place, of which one breaks a
rule of English. A model has the rule if it finds the good one more likely. Templates and words are our own.

Every template is a *square*: two frames and two fillers, and each filler fits one of the frames only.

                                    is        are
    The lamp near the tables …     good       bad
    The lamps near the table …     bad        good

A row of the square is a pair. So each filler is right as often as it is wrong, and a model that sees the
words but not their order or company (how frequent a filler is, how many tokens it has) is right on
exactly half of the pairs, whatever it prefers. The two pairs of a square are not independent.

The sentences end with the contrast where they can, and have no full stop unless the rule needs one: then
both sentences of a pair are one pass of the model.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pandas as pd
from tqdm.auto import tqdm

from ...metrics import token_scores
from ...models import LanguageModel

PAIRS = 50  # of every phenomenon: 25 squares

# Words by kind; a slash separates the forms of a word.
WORDS = {
    # singular/plural
    "person": "teacher/teachers doctor/doctors lawyer/lawyers farmer/farmers driver/drivers singer/singers "
    "writer/writers student/students neighbour/neighbours soldier/soldiers baker/bakers guest/guests",
    "thing": "book/books table/tables letter/letters picture/pictures bottle/bottles box/boxes lamp/lamps "
    "knife/knives coat/coats chair/chairs basket/baskets window/windows",
    "place": "garden/gardens house/houses park/parks hall/halls school/schools shop/shops "
    "tower/towers field/fields station/stations church/churches",
    "mass": "water sugar milk money bread rice furniture luggage snow paper",
    "she": "girl woman mother sister queen aunt grandmother waitress actress daughter",
    "he": "boy man father brother king uncle grandfather waiter monk son",
    # plain form/third person
    "do": "sing/sings smile/smiles dance/dances work/works travel/travels cook/cooks wait/waits fight/fights",
    # past/participle, and good without an object
    "past": "sang/sung drank/drunk swam/swum rang/rung ate/eaten rode/ridden drove/driven wrote/written "
    "flew/flown fell/fallen spoke/spoken froze/frozen drew/drawn",
    "greeted": "greeted praised thanked admired noticed blamed met feared",  # needs a person as object
    "bought": "bought carried brought wanted needed owned repaired fetched",  # needs a thing as object
    "slept": "slept arrived fell disappeared laughed coughed smiled sneezed",  # takes no object
    "hurt": "hurt blamed described defended introduced taught saw washed",  # takes a reflexive
    "tired": "tired hungry young famous brave busy rich quiet",  # of persons, after "a"
    "old": "old new large small dirty heavy beautiful broken cheap strange",  # of things
}

# In a template, `person:1` is form 1 of a drawn word of its kind (`old:` is form 0; `person2:` is another
# word of the kind). `[a|b]` stands in the first and in the second frame; `(x|y)` are the fillers: x is
# right in the first frame, y in the second.
PHENOMENA: dict[str, tuple[str, ...]] = {
    "subject-verb agreement": (
        "Every day the tired: [person:0|person:1] (do:1|do:0)",
        "The [person:0|person:1] who greeted: us (do:1|do:0)",
    ),
    "agreement at a distance": (
        "The [thing:0|thing:1] near the [thing2:1|thing2:0] (is|are)",
        "The [person:0|person:1] that the [person2:1|person2:0] greeted: (is|are)",
        "The [thing:0|thing:1] of the [person:1|person:0] (has|have)",
        "The [person:0|person:1] who greeted: the [person2:1|person2:0] (was|were)",
        "The [thing:0|thing:1] that the [person:1|person:0] bought: (was|were)",
    ),
    "determiner and noun": (
        "The person:0 bought: [this|these] old: (thing:0|thing:1)",
        "The person:1 bought: [that|those] old: (thing:0|thing:1)",
    ),
    "reflexive and number": (
        "The [he:|person:1] in the [place:1|place:0] hurt: (himself|themselves)",
        "The [she:|person:1] who greeted: us hurt: (herself|themselves)",
    ),
    "reflexive and gender": (
        "The [she:|he:] who greeted: the person:1 hurt: (herself|himself)",
        "The [he:|she:] heard that the [she:|he:] hurt: (herself|himself)",
    ),
    "negative polarity": (
        "The she: [cannot|can] do:0 and the he: [cannot|can] (either|too).",
        "The person:0 [never|always] do:1 and (neither|so) does the person2:0",
        "The person:1 [cannot|can] do:0 and (neither|so) can we",
    ),
    "argument structure": (
        "The person:0 [bought:|slept:] (the thing:0|in the place:0)",
        "The person:0 [was|often] (greeted:|slept:) [by|near] the person2:0",
    ),
    "filler and gap": (
        "The she: knows (what|that) the he: in the place:0 [bought:|slept:].",
        "[The thing:0 that the|The] he: bought: (was old:|the thing2:0).",
    ),
    "irregular participle": (
        "The person:0 who greeted: us [had|never] (past:1|past:0)",
        "The person:1 in the place:0 [have often|often] (past:1|past:0)",
    ),
    "quantifier": (
        "The person:0 has too [much|many] (mass:|thing:1)",
        "There (was|were) [a|many] tired: [person:0|person:1] here",
        "The person:0 bought: [each|several] old: (thing:0|thing:1)",
    ),
}


@dataclass(frozen=True)
class Pair:
    """Two sentences that differ in one place: a good one, and one that breaks the rule."""

    phenomenon: str
    good: str
    bad: str


def pairs() -> list[Pair]:
    """The battery, the same at every call: PAIRS different pairs of each phenomenon, square by square."""
    return [pair for phenomenon in PHENOMENA for pair in islice(_drawn(phenomenon), PAIRS)]


def _drawn(phenomenon: str) -> Iterator[Pair]:
    """Squares of a phenomenon, its templates in turn, none twice."""
    rng = random.Random(phenomenon)
    seen: set[tuple[Pair, Pair]] = set()
    for _ in range(PAIRS):  # rounds; far fewer are needed
        for template in PHENOMENA[phenomenon]:
            found = square(phenomenon, template, rng)
            if found not in seen:
                seen.add(found)
                yield from found


def square(phenomenon: str, template: str, rng: random.Random) -> tuple[Pair, Pair]:
    """A template with words drawn for its slots: the pair of the first frame, and that of the second."""
    drawn: dict[str, str] = {}
    for slot in sorted(set(re.findall(r"(\w+):", template))):
        kind = WORDS[slot.rstrip("23456789")].split()
        drawn[slot] = rng.choice([word for word in kind if word not in drawn.values()])
    text = re.sub(r"(\w+):(\d?)", lambda m: drawn[m[1]].split("/")[int(m[2] or 0)], template)

    def sentence(frame: int, filler: int) -> str:
        framed = re.sub(r"\[(.*?)\|(.*?)\]", lambda m: m[1 + frame], text)
        return re.sub(r"\((.*?)\|(.*?)\)", lambda m: m[1 + filler], framed)

    first = Pair(phenomenon, sentence(0, 0), sentence(0, 1))
    return first, Pair(phenomenon, sentence(1, 1), sentence(1, 0))


def split(pair: Pair) -> tuple[str, str, str]:
    """What both sentences begin with, and the rest of the good and of the bad one, each from a space on."""
    good, bad = pair.good.split(" "), pair.bad.split(" ")
    same = next((i for i, (a, b) in enumerate(zip(good, bad, strict=False)) if a != b), 0)
    if same == 0:
        raise ValueError(f"{pair.good!r} and {pair.bad!r} must begin with the same word, and differ later.")
    start = " ".join(good[:same])
    return start, pair.good[len(start) :], pair.bad[len(start) :]


def judge_pairs(lm: LanguageModel, progress: bool = True) -> pd.DataFrame:
    """Ask the model as it is now which sentence of each pair is the more likely one.

    What both sentences begin with has the same probability in both: only the rest is computed.

    Returns:
        one row per pair, in the order of ``pairs()``: ``phenomenon``; ``correct``, whether the good
        sentence has the higher log-probability; ``difference``, log P(good) - log P(bad) in nats, summed
        over tokens. A tie is wrong, and so is a collapsed model's NaN.
    """
    battery = pairs()
    parts = [split(pair) for pair in battery]
    widths = [(len(start.split()), max(len(good.split()), len(bad.split()))) for start, good, bad in parts]
    difference = [math.nan] * len(battery)
    for width in tqdm(sorted(set(widths)), desc="minimal pairs", disable=not progress):
        here = [i for i, other in enumerate(widths) if other == width]  # of one shape: no padding
        scores = token_scores(lm, [(parts[i][0], rest) for i in here for rest in parts[i][1:]])
        totals = [float(log_p.sum()) for log_p, _ in scores]
        for i, good, bad in zip(here, totals[::2], totals[1::2], strict=True):
            difference[i] = good - bad
    return pd.DataFrame(
        {
            "phenomenon": [pair.phenomenon for pair in battery],
            "correct": [value > 0 for value in difference],
            "difference": difference,
        }
    )
