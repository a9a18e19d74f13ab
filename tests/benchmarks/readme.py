"""The measured figures of README and docs/results.md: `python -m tests.benchmarks.readme` fills them in."""

import math
import re
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alphaedit_lite.book.ch10.results import (
    FIRM,
    JUDGED,
    MODELS,
    RIVAL,
    ROOMY,
    Verdict,
    answer,
    searched_anew,
)
from alphaedit_lite.book.kit.elsewhere import HOME, OUTSIDE, costs, percent
from alphaedit_lite.book.kit.intervals import told
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.support.assets import replacing
from tests.benchmarks.quality import KINDS, difference
from tests.benchmarks.ways import EQUAL, OURS

ROOT = Path(__file__).parents[2]
README, PAGE = ROOT / "README.md", ROOT / "docs" / "results.md"
LABELS = {
    "unedited": "unedited",
    "defaults": "AlphaEdit, the package's settings",
    "one pass": "AlphaEdit, the package's settings in one pass",
    "authors": "AlphaEdit, the authors' settings",
}
SOON = 600  # edits after which the streams with z searched anew were looked at, too
BEGIN, END = "<!-- filled in by make bench -->", "<!-- until here -->"


def table(bench: dict[str, Any]) -> str:
    """Seconds, ratios and quality of every way."""
    n = bench["facts"]["together"]
    than = f"times faster than the {bench['baseline']}"
    heads = ["", "one fact", than, f"{n} at once, each", than]
    rows = [
        [*heads, "accuracy", "of paraphrases", "neighbour success", "perplexity"],
        ["---"] * 9,
        ["unedited", *[""] * 4, *judged(bench["unedited"])],
    ]
    for name, way in bench["ways"].items():
        cells = [name]
        for case in ("alone", "together"):
            took = way[case]["whole"]
            cells += [f"{took['seconds']:.2f} s ({took['cpu']:.2f})", f"{way['times'][case]:.1f}"]
        rows.append([*cells, *judged(way["quality"])])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def second(found: dict[str, Any]) -> str:
    """What a model of half a billion weights takes."""
    GB = found["GB"]
    return f"""
Qwen2.5-Coder-0.5B ({GB["weights"]:.1f} GB in float32; `tests/benchmarks/second.py`): the statistics of
{found["tokens"]:,} tokens take {found["statistics"]:.0f} s and the null spaces {found["null spaces"]:.0f} s, once; then one fact takes {found["median"]:.1f} s
(the median of {len(found["seconds alone"])}), {found["batch"]} at once {found["seconds each in the batch"]:.1f} s each. The process holds {GB["with null spaces"]:.1f} GB before an edit, and at most {GB["most in an edit"]:.1f} GB
in one ({GB["most in a batch"]:.1f} GB in the batch): {GB["most in an edit"] / GB["weights"]:.1f} times the weights. Of what lies above them, Python and its
libraries take {GB["loaded"] - GB["weights"]:.1f} GB, null spaces {GB["with null spaces"] - GB["loaded"]:.1f} and the edit {GB["most in an edit"] - GB["with null spaces"]:.1f}.
"""


def judged(quality: dict[str, float]) -> list[str]:
    shown = ("efficacy_top1", "generalization_top1", "specificity")
    return [*(f"{quality[name]:.3f}" for name in shown), f"{quality['perplexity']:.2f}"]


def speed(bench: dict[str, Any], parts: dict[str, float]) -> str:
    """The table, and what it says."""
    theirs, equal, ours = (bench["ways"][name] for name in (bench["baseline"], EQUAL, OURS))
    (z, write), (their_z, their_write) = (
        [way["together"][part]["seconds"] for part in ("z", "write")] for way in (ours, theirs)
    )
    text = parts["statistics of 100,000 tokens"] / parts["forward pass to the same layer"]
    return f"""
In one process and run, by turns, on {bench["threads"]} cores; facts: {bench["facts"]["from"]}
([results/bench.json](alphaedit_lite/book/results/bench.json)). In brackets: seconds of the processor.

{table(bench)}

"Times faster" compares a whole edit, by the clock, with the first row that is timed.
At the authors' settings the package makes the same edit (z differs by {bench["apart"]["z"]:.0e} at most, Δ by {bench["apart"]["delta"]:.0e}, relatively):
{equal["times"]["alone"]:.1f} times faster alone, {equal["times"]["together"]:.1f} times in a batch. "ours" has the package's own settings, which write something else.
{bench["facts"]["together"]} facts are few: they show whether speed was bought with quality, and do not rank the rows.

In a batch our z takes {z:.2f} s a fact and our write {write:.2f} s; those of the {bench["baseline"]} take {their_z:.2f} and {their_write:.2f}.
Our z takes {z / bench["floor of z"]:.1f} times what its multiplications alone would take at the speed of a large matrix product.
{parts["share of matrix products in z"]:.0%} of the time (of the search by Adam) goes into matrix products
([results/parts.json](alphaedit_lite/book/results/parts.json)), smaller and padded ones; the rest are norms, rotary angles,
activations and attention. The statistics of 100,000 tokens take {text:.2f} times the bare forward pass.
"""


def quality(found: dict[str, Any], kind: str) -> str:
    """A kind of facts: scores, how far the perplexity of texts has risen, and ours against the authors'."""
    rows = {way: found["rows"][f"{kind}, {way}"] for way in LABELS if f"{kind}, {way}" in found["rows"]}
    before, names = rows["unedited"], ("efficacy", "efficacy_top1", "generalization_top1", "specificity")
    texts = list(before["losses"])
    heads = ["", "success", "accuracy", "paraphrase accuracy", "neighbour success"]
    lines = [[*heads, *(f"perplexity of {one} rises by" for one in texts)], ["---"] * (5 + len(texts))]
    for way, its in rows.items():
        scores = (f"{mean(its['scores'][name]):.3f}" for name in names)
        rises = (rise(its["losses"][one], before["losses"][one]) for one in texts)
        lines.append([LABELS[way], *scores, *(rises if way != "unedited" else [""] * len(texts))])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
    judged_at_end = (
        f"{len(before['scores']['efficacy'])} facts, written one batch of {found['batch']} after the other "
        "and judged at the end."
    )
    if "authors" not in rows:
        return f"{table}\n{judged_at_end}\n"
    ours, theirs = rows["defaults"]["scores"], rows["authors"]["scores"]
    apart = [str(difference(ours[name], theirs[name])) for name in names[1:]]
    losses, others = rows["defaults"]["losses"], rows["authors"]["losses"]
    harm = " and ".join(f"{rise(losses[one], others[one])} on {one}" for one in texts)
    passes = ""
    if once := rows.get("one pass"):
        gains = [str(difference(ours[name], once["scores"][name])) for name in names[1:3]]
        costs = " and ".join(f"{rise(losses[one], once['losses'][one])} on {one}" for one in texts)
        passes = f"The second pass changes accuracy by {gains[0]} points, on paraphrases by {gains[1]},\n"
        passes += f"and perplexity by {costs}.\n"
    return f"""{table}
{judged_at_end}
The package's settings less the authors', fact by fact, in points with 95% intervals:
accuracy {apart[0]}, on paraphrases {apart[1]}, success on neighbours {apart[2]}.
Its perplexity against theirs, text by text: {harm}.
{passes}"""


def rise(after: Sequence[float], before: Sequence[float]) -> str:
    """By how much the perplexity of texts has risen, with the interval over texts."""
    change = difference(after, before)
    low, middle, high = (f"{100 * math.expm1(x):+.1f}" for x in (change.low, change.mean, change.high))
    return f"{middle}% [{low}, {high}]".replace("-", "−")


def mean(values: Sequence[float]) -> float:
    return statistics.fmean(value for value in values if not math.isnan(value))


def verdict(verdicts: Sequence[Verdict]) -> str:
    """After a thousand edits: what each editor has written into two models, and what it cost."""
    heads, rule = ["after 1,000 CounterFact edits"], ["---"]
    rows = {name: [name] for name in JUDGED}
    for found in verdicts:
        heads += [f"{found.model}: named first", "Wikipedia", "other text"]
        rule += ["---"] * 3
        table = found.table()
        for name, row in rows.items():
            if name not in table.index:
                row += ["not run"] * 3
                continue
            row += [
                f"{table['named first'][name]:.1%}",
                *(percent(table[k][name]) for k in (HOME, OUTSIDE)),
            ]
    lines = [heads, rule, *rows.values()]
    said = "\n".join(map(sentence, verdicts))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{said}\n"


def sentence(found: Verdict) -> str:
    """AlphaEdit against MEMIT with history; if both have broken the model, the two settings that have not."""
    if min(found.harm(name)[HOME].mean for name in ("AlphaEdit", RIVAL)) < 1:
        edits, gap, dearer = searched_anew()
        _, turned, turned_harm = searched_anew(SOON, again=1)
        prices = [costs(dearer[kind], "AlphaEdit", RIVAL) for kind in (HOME, OUTSIDE)]
        return (
            f"{found.model}: {answer(found, 'AlphaEdit', RIVAL)}. On Wikipedia,\n"
            f"{answer(found, 'AlphaEdit', RIVAL, None, HOME)};\nin two other orders it is {other_orders(HOME)};\n"
            f"on other text, {answer(found, 'AlphaEdit', RIVAL, None)};\nin the other orders {other_orders(OUTSIDE)}.\n"
            "That is with targets z of the unedited model. Searched anew for every batch, "
            f"after {edits:,} facts,\n{told(gap, 'AlphaEdit', RIVAL)};\n"
            f"after {SOON} in another order the difference is {turned}. Both name more and harm more then. "
            f"On Wikipedia,\n{prices[0]};\non other text, {prices[1]}\n"
            f"(after {SOON} facts: {percent(searched_anew(SOON)[2][OUTSIDE])},\n"
            f"and {percent(turned_harm[OUTSIDE])} in another order). Most of that is chat: at the end it is\n"
            f"{percent(dearer['program text'])} on program text, {percent(dearer['speeches'])} on speeches "
            f"and {percent(dearer['chat'])} on chat."
        )
    return (
        f"{found.model}: with knobs borrowed from the first model, AlphaEdit and {RIVAL} have both broken it.\n"
        "A threshold relative to the mean eigenvalue (relative P) holds, and so does the published c = 15,000:\n"
        f"{answer(found, ROOMY, FIRM)};\n"
        f"on neighbours the difference is {found.gap(ROOMY, FIRM, 'specificity')}, and on Wikipedia\n"
        f"{costs(found.harm(ROOMY, FIRM)[HOME], ROOMY, FIRM)}.\n"
        f"(Shares of this model rest on {found.gap(ROOMY, FIRM).n} facts.)"
    )


def other_orders(kind: str) -> str:
    """AlphaEdit's perplexity against its rival's on the first model, in the two other orders."""
    first = next(iter(MODELS))
    dearer = [Verdict.read(first, again).harm("AlphaEdit", RIVAL)[kind] for again in (1, 2)]
    return " and ".join(map(percent, dearer))


def in_short(bench: dict[str, Any]) -> str:
    """What README says of the table."""
    ours, n = bench["ways"][OURS], bench["facts"]["together"]
    alone, together = (ours[case]["whole"]["seconds"] for case in ("alone", "together"))
    return f"""\
One fact takes {alone:.1f} s, and {together:.1f} s each where {n} are written at once: {ours["times"]["alone"]:.1f} and \
{ours["times"]["together"]:.1f} times faster than the path
of [the authors' released code](https://github.com/jianghoucheng/AlphaEdit) in its best form, in one process and run, by
turns, on {bench["threads"]} cores. What is compared, and with what quality: [docs/results.md](docs/results.md#is-it-fast).
"""


def start(found: dict[str, float]) -> str:
    """The end of the row of the demo: to the first answer, the edit, peak memory."""
    seconds = (found["seconds_to_first_answer"], found["seconds_of_the_edit"])
    return f"| {seconds[0]:g} s; {seconds[1]:g} s; {found['peak_memory_gb']:g} GB |"


def between(text: str, begin: str, end: str, new: str) -> str:
    """A text with what lies between two marks replaced. Raises ValueError unless both are there once."""
    if (text.count(begin), text.count(end)) != (1, 1):
        raise ValueError(f"{begin!r} and {end!r} must be there once: {text.count(begin)}, {text.count(end)}.")
    head, rest = text.split(begin)
    return f"{head}{begin}\n{new}{end}{rest.split(end)[1]}"


def filled(text: str) -> str:
    """README with the figures of the results as they are now."""
    for name, new in (
        ("quality", quality(result("quality.json"), "CounterFact")),
        ("verdict", verdict([Verdict.read(model) for model in MODELS])),
        ("speed", in_short(result("bench.json"))),
    ):
        text = between(text, f"<!-- filled in: {name} -->", f"<!-- until here: {name} -->", new)
    row = r"(?m)^(\| `make demo`, once all is cached .*?) \|.*$"
    text, n = re.subn(row, lambda found: f"{found[1]} {start(result('start.json'))}", text)
    if n != 1:
        raise ValueError(f"README must hold the row of `make demo` once: {n}.")
    return text


def page(text: str) -> str:
    """docs/results.md with the benchmark as it is now; the site has no files to link to."""
    found = result("quality.json")
    there = {kind: head for kind, head in KINDS.items() if f"{kind}, defaults" in found["rows"]}
    new = "\n".join(f"{head}\n\n{quality(found, kind)}" for kind, head in there.items())
    text = between(text, "<!-- filled in: quality -->", "<!-- until here: quality -->", f"\n{new}\n")
    new = verdict([Verdict.read(model) for model in MODELS])
    text = between(text, "<!-- filled in: verdict -->", "<!-- until here: verdict -->", f"\n{new}\n")
    new = speed(result("bench.json"), result("parts.json")) + second(result("second.json"))
    return between(text, BEGIN, END, re.sub(r"\[results/([^\]]*)\]\([^)]*\)", r"`results/\1`", new))


if __name__ == "__main__":
    for path, fill in ((README, filled), (PAGE, page)):
        new = fill(path.read_text(encoding="utf-8"))
        with replacing(path) as partial:
            partial.write_text(new, encoding="utf-8")
    print(new.split(BEGIN)[1].split(END)[0])
