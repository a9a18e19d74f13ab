"""Build ``alphaedit_lite/data/facts.json``: facts the default model knows, in CounterFact's schema.

    pip install -e ".[authoring]"
    python -m tools.build_facts

Regions, cities, countries and capitals come from the packages ``countryinfo`` and ``pyworldatlas``
(both MIT); the wordings and every other fact come from the lists in ``tools/fact_sources.py``.  Each
candidate is put to the default model in all wordings of its relation.  It is kept where the model gives the
true object a probability above 0.1 and prefers it to the new object; the wording on which the model is surest
becomes the main prompt and the others become paraphrases.  The seed is fixed, so the same packages,
lists and model give the same file.  One run takes about a quarter of an hour on one core.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import sqlite3
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import torch

from alphaedit_lite.support.loading import DEFAULT_MODEL, load_model
from tools import fact_sources as source
from tools.fact_sources import RELATIONS

SEED = 20250501
KNOWN = 0.1  # a fact is known if the probability of its object is above this
POOL = 7  # neighbours are the five best known of so many random ones; more would make them too easy
REGIONS, CITIES = 20, 3  # candidates per country, besides the regions listed by hand
TARGET = Path(__file__).resolve().parent.parent / "alphaedit_lite" / "data" / "facts.json"
CONTINENTS = ("Africa", "Asia", "Europe", "South America", "North America")
FIRST = ("Lower Assam", "Romania")  # opens the book: case 0


@dataclass
class Candidate:
    """One subject of one relation, with its prompts and what the model makes of them."""

    relation: str
    subject: str
    true: str
    article: str = ""
    scores: list[float] = field(default_factory=list)  # log P(true) per template

    def prompts(self, key: str = "templates") -> list[str]:
        return [fill(t, self.article).replace("{}", self.subject) for t in RELATIONS[self.relation][key]]

    @property
    def best(self) -> int:
        return max(range(len(self.scores)), key=self.scores.__getitem__)


def fill(template: str, article: str) -> str:
    """Put the article, or nothing, where a template has ``{the}`` or ``{a}``."""
    text = template.replace("{the}", article).replace("{a}", article)
    return text if text.startswith("{}") else text[0].upper() + text[1:]


class Scorer:
    """log P(object | prompt), teacher forced, remembered per pair."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        lm = load_model()
        self.model, self.tokenizer = lm.model.eval(), lm.tokenizer
        self.known: dict[tuple[str, str], float] = {}

    def target(self, prompt: str, obj: str) -> tuple[tuple[int, ...], int]:
        """The joint tokens of prompt and object, and how many of them are the object's."""
        ids = tuple(self.tokenizer(f"{prompt} {obj}").input_ids)
        head = self.tokenizer(prompt).input_ids
        assert list(ids[: len(head)]) == head, (prompt, obj)
        return ids, len(ids) - len(head)

    @torch.inference_mode()
    def __call__(self, pairs: list[tuple[str, str]]) -> None:
        """Score the pairs that are new; pairs with the same input share one row."""
        rows: dict[tuple[int, ...], list] = defaultdict(list)
        for pair in dict.fromkeys(pairs):
            if pair not in self.known:
                ids, n = self.target(*pair)
                rows[ids[:-1]].append((pair, ids[-n:]))
        order = sorted(rows, key=lambda r: (len(r), r))
        for start in range(0, len(order), 32):
            batch = order[start : start + 32]
            width = len(batch[-1])
            # Padding on the right is never seen: attention is causal.
            ids = torch.tensor([row + (0,) * (width - len(row)) for row in batch])
            hidden = self.model.model(ids).last_hidden_state
            for row, states in zip(batch, hidden, strict=True):
                most = max(len(target) for _, target in rows[row])
                logits = self.model.lm_head(states[len(row) - most : len(row)]).double().log_softmax(-1)
                for pair, target in rows[row]:
                    picked = logits[most - len(target) :].gather(1, torch.tensor(target)[:, None])
                    self.known[pair] = picked.sum().item()

    def prefers(self, prompt: str, obj: str, other: str) -> bool:
        return self.known[prompt, obj] > self.known[prompt, other]


def plain(name: str) -> bool:
    """A name of letters, fit for a sentence: no digits, brackets, compass words or office titles."""
    if any(ord(c) > 255 for c in name):  # scholarly transliterations
        return False
    letters = unicodedata.normalize("NFD", name).replace(" ", "").replace("-", "")
    letters = "".join(c for c in letters if not unicodedata.combining(c))
    return (
        letters.isalpha()
        and letters.isascii()
        and len(name) > 3
        and not source.ODD_WORDS & set(name.lower().split())
    )


def atlas_facts(rng: random.Random) -> list[tuple[str, str, str]]:
    """(relation, subject, object) from the two packages, where both agree and a name has one owner."""
    folder, info = files("countryinfo") / "data", {}
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".json"):
            record = json.loads(entry.read_text(encoding="utf-8"))
            info[record.get("ISO", {}).get("alpha2")] = record
    atlas = sqlite3.connect(f"file:{files('pyworldatlas') / 'data' / 'atlas.sqlite3'}?mode=ro", uri=True)
    names = {
        i: (code, name, land)
        for i, code, name, land in atlas.execute(
            "select id, alpha2, name, continent from country order by id"
        )
    }
    regions, cities, owners = defaultdict(list), defaultdict(list), defaultdict(set)
    for country, name in atlas.execute("select country_id, name from city order by population desc, id"):
        cities[country].append(name)
        owners[name.lower()].add(country)
    for country, (code, name, _) in names.items():
        regions[country] = source.EXTRA_REGIONS.get(name, []) + info.get(code, {}).get("provinces", [])
        owners[name.lower()].add(country)
        for region in regions[country]:
            owners[region.lower()].add(country)
    capitals: dict[int, list[str]] = defaultdict(list)
    for country, name in atlas.execute("select country_id, name from capital order by id"):
        capitals[country].append(name)
    facts, taken = [], {c for cs in capitals.values() for c in cs}
    for country, (code, name, _) in names.items():
        if name not in source.COUNTRIES:
            continue
        region = info.get(code, {}).get("region")
        continent = (
            ("South" if name in source.SOUTH_AMERICA else "North") + " America"
            if region == "Americas"
            else region
        )
        spans = name in source.NO_CONTINENT or continent not in CONTINENTS
        if not spans:
            facts.append(("continent", name, continent))
        if capitals[country] == [info.get(code, {}).get("capital")] and name not in source.NO_CAPITAL:
            facts += [("capital", name, capitals[country][0]), ("capital_of", capitals[country][0], name)]
        own = [
            n
            for n in dict.fromkeys(regions[country])
            if (plain(n) or n in source.EXTRA_REGIONS.get(name, []))
            and owners[n.lower()] == {country}
            and n not in source.NO_PLACE
            and n not in taken
            and name.lower() not in n.lower()
        ]
        first = [n for n in own if n in source.EXTRA_REGIONS.get(name, [])]
        rest = [n for n in own if n not in first and n not in cities[country] and name in source.PROVINCES_OF]
        facts += [("region_country", n, name) for n in first + rng.sample(rest, min(REGIONS, len(rest)))]
        own = [
            n
            for n in cities[country]
            if plain(n)
            and owners[n.lower()] == {country}
            and n not in {*first, *rest}
            and n not in source.NO_PLACE
            and n not in taken
            and name.lower() not in n.lower()
        ]
        facts += [("city_country", n, name) for n in own[:CITIES]]
        if not spans:
            facts += [("continent", n, continent) for n in capitals[country][:1]]
    return facts


def candidates(rng: random.Random) -> list[Candidate]:
    found = [Candidate(*fact) for fact in atlas_facts(rng)]
    for name, relation in RELATIONS.items():
        for obj, subjects in relation.get("facts", {}).items():
            for subject in filter(None, (s.strip() for s in subjects.split(","))):
                article = ""
                if subject.startswith("the "):
                    subject, article = subject[4:], "the "
                elif any("{a}" in t for t in relation["templates"]) and obj not in relation.get("mass", ()):
                    article = "an " if subject[0] in "aio" else "a "
                found.append(Candidate(name, subject, obj, article))
    unique = {(c.relation, c.subject.lower()): c for c in found}
    kept = []
    for c in unique.values():
        prompts = c.prompts() + c.prompts("generation")
        if c.true.lower() not in c.subject.lower() and all(p.count(c.subject) == 1 for p in prompts):
            kept.append(c)  # a subject that gives the answer away is no fact
    return kept


def clashing(c: Candidate) -> set[str]:
    """Objects that may not replace the true one, because they could be defended too."""
    return {c.true}.union(*(s for s in RELATIONS[c.relation].get("clash", []) if c.true in s))


def choose(known: dict[str, list[Candidate]], rng: random.Random) -> list[Candidate]:
    """One relation per subject: the relations with the fewest known facts choose first."""
    chosen, taken = [], set()
    for name in sorted(known, key=lambda n: (len(known[n]), n)):
        pool = [c for c in known[name] if c.subject != FIRST[0]]
        rng.shuffle(pool)
        pool = [c for c in known[name] if c.subject == FIRST[0]] + pool
        count: Counter[str] = Counter()
        quota = RELATIONS[name]["quota"]
        for c in pool:
            most = math.ceil(quota / 3)  # no single object may dominate a relation
            if sum(count.values()) < quota and count[c.true] < most and c.subject.lower() not in taken:
                count[c.true] += 1
                taken.add(c.subject.lower())
                chosen.append(c)
    return chosen


def write_record(
    c: Candidate, pool: list[Candidate], objects: list[str], score: Scorer, rng: random.Random
) -> dict | None:
    relation, prompts = RELATIONS[c.relation], c.prompts()
    main = prompts[c.best]
    paraphrases = [p for p in prompts if p != main]
    others = [o for o in objects if o not in clashing(c)]
    rng.shuffle(others)
    for new in [FIRST[1]] if c.subject == FIRST[0] else others[:3]:
        score([(p, o) for p in prompts for o in (c.true, new)])
        if score.prefers(main, c.true, new) and any(score.prefers(p, c.true, new) for p in paraphrases):
            break
    else:
        return None
    apart = [n for n in pool if c.subject.lower() not in n.subject.lower()]
    same = [n for n in apart if n.true == c.true]
    kind = "same_object" if len(same) >= 5 and not relation.get("own") else "own_object"
    if kind == "own_object":
        same = [n for n in apart if n.true not in (c.true, new)]
    drawn = [(n, rng.randrange(len(n.scores))) for n in rng.sample(same, min(POOL, len(same)))]
    drawn = sorted(drawn, key=lambda d: -d[0].scores[d[1]])[:5]
    rng.shuffle(drawn)
    return {
        "case_id": 0,
        "split": "",
        "requested_rewrite": {
            "prompt": fill(relation["templates"][c.best], c.article),
            "relation_id": relation["id"],
            "subject": c.subject,
            "target_new": {"str": new},
            "target_true": {"str": c.true},
        },
        "paraphrase_prompts": paraphrases,
        "neighborhood_prompts": [n.prompts()[t] for n, t in drawn],
        "neighborhood_answers": [n.true for n, _ in drawn],
        "neighborhood_kind": kind,
        "generation_prompts": c.prompts("generation"),
    }


def split(records: list[tuple[str, dict]]) -> None:
    """Development and test, half and half within every relation, by a hash of the subject."""

    def key(record: dict) -> tuple[bool, str]:
        subject = record["requested_rewrite"]["subject"]
        return subject != FIRST[0], hashlib.sha256(f"{SEED}/{subject}".encode()).hexdigest()

    groups = defaultdict(list)
    for name, record in records:
        groups[name].append(record)
    spare = 0  # odd groups give their last fact to the two halves in turn
    for name in sorted(groups):
        ordered = sorted(groups[name], key=key)
        half = (len(ordered) + (spare % 2 == 0)) // 2
        spare += len(ordered) % 2
        for i, record in enumerate(ordered):
            record["split"] = "development" if i < half else "test"


def build(score: Scorer) -> list[dict]:
    rng = random.Random(SEED)
    everything = candidates(rng)
    pools, objects, known = defaultdict(list), {}, {}
    for c in everything:
        pools[c.relation].append(c)
    for name, pool in pools.items():
        objects[name] = sorted({c.true for c in pool})
        # An object of one token costs no further pass, so all of them are scored at once.
        short = [o for o in objects[name] if len(score.tokenizer(f" {o}").input_ids) == 1]
        score([(p, o) for c in pool for p in c.prompts() for o in {*short, c.true}])
        for c in pool:
            c.scores = [score.known[p, c.true] for p in c.prompts()]
        known[name] = [c for c in pool if math.exp(max(c.scores)) > KNOWN]
        print(f"{name:18} {len(pool):4} candidates, {len(known[name]):4} known", flush=True)
    records = []
    for c in choose(known, rng):
        record = write_record(c, pools[c.relation], objects[c.relation], score, rng)
        if record:
            records.append((c.relation, record))
    split(records)
    order = list(RELATIONS)
    records.sort(
        key=lambda r: (
            r[1]["requested_rewrite"]["subject"] != FIRST[0],
            order.index(r[0]),
            r[1]["requested_rewrite"]["subject"],
        )
    )
    for i, (_, record) in enumerate(records):
        record["case_id"] = i
    return [record for _, record in records]


def main() -> None:
    facts = build(Scorer())
    bundle = {
        "licence": "CC BY 4.0",
        "sources": [
            "countryinfo 1.0.1 (MIT)",
            "pyworldatlas 0.10.0 (MIT)",
            "hand-written lists and wordings (CC BY 4.0)",
        ],
        "known_under": DEFAULT_MODEL,
        "facts": facts,
    }
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    temporary = TARGET.with_suffix(".json.tmp")
    temporary.write_text(json.dumps(bundle, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, TARGET)
    halves = dict(Counter(fact["split"] for fact in facts))
    print(f"{len(facts)} facts, {halves}, {TARGET.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
