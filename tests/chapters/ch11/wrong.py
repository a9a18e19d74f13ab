"""Named wrong answers of chapter 11: see ``wrong_answers``."""


def changes(lost: str = "(b & ~a).sum()", gained: str = "(~b & a).sum()", p: str = "") -> str:
    """A right solution of 11.4 with some parts changed."""
    p = p or "min(1.0, 2 * sum(math.comb(n, k) for k in range(few + 1)) / 2**n)"
    return (
        "def answer(b, a):\n"
        f"    lost, gained = int({lost}), int({gained})\n"
        "    n, few = lost + gained, min(lost, gained)\n"
        f"    return lost, gained, {p}"
    )


def needed(first: str = "v", second: str = "2 * p * (1 - p)", third: str = "v * (1 + r)") -> str:
    """A right solution of 11.5 with some parts changed; each is divided by the square of the loss."""
    parts = ", ".join(f"7.84 * ({part}) / loss**2" for part in (first, second, third))
    return f"def answer(loss, c, p, r):\n    v = c - loss**2\n    return {parts.replace('7.84', '2.8**2')}"


def f1(weight: str = "are", classes: str = "(0, 1)", by: str = "len(g)") -> str:
    """A right solution of 11.6 with some parts changed."""
    return (
        "def answer(g, s):\n"
        "    total = 0.0\n"
        f"    for c in {classes}:\n"
        "        hits, are, named = ((g == c) & (s == c)).sum(), (g == c).sum(), (s == c).sum()\n"
        f"        total += float({weight} * 2 * hits / (are + named))\n"
        f"    return total / {by}"
    )


WRONG = {
    "11.1": {
        "the rise itself": (
            "answer = lambda r, n: (r, (1 + r) ** n, math.log(2) / math.log(1 + r))",
            "exponential\\* of the mean loss",
        ),
        "bits": (
            "answer = lambda r, n: (math.log2(1 + r), (1 + r) ** n, math.log(2) / math.log(1 + r))",
            "these are bits",
        ),
        "sums": (
            "answer = lambda r, n: (math.log(1 + r), 1 + n * r, math.log(2) / math.log(1 + r))",
            "tokens multiply",
        ),
        "turned": (
            "answer = lambda r, n: (math.log(1 + r), (1 + r) ** -n, math.log(2) / math.log(1 + r))",
            "turned over",
        ),
        "halvings per token": (
            "answer = lambda r, n: (math.log(1 + r), (1 + r) ** n, math.log(1 + r) / math.log(2))",
            "tokens per halving",
        ),
    },
    "11.2": {
        "ties": (
            "answer = lambda some, f: sum(f(p.good) >= f(p.bad) for p in some) / len(some)",
            "a tie is no knowledge",
        ),
        "a number": ("answer = lambda some, f: sum(f(p.good) > f(p.bad) for p in some)", "divide by"),
        "turned": (
            "answer = lambda some, f: sum(f(p.good) < f(p.bad) for p in some) / len(some)",
            "turned > round",
        ),
        "the best of all": (
            "answer = lambda some, f: float(max(some, key=lambda p: f(p.good)) is not None and "
            "sum(f(p.good) > min(f(q.bad) for q in some) for p in some) / len(some))",
            "exactly one half|its own",
        ),
        "every second": (
            "answer = lambda some, f: sum(f(p.good) > f(p.bad) for p in some[::2]) / len(some[::2])",
            "exactly one half|its own",
        ),
    },
    "11.3": {
        "one frame": ("answer = 'The person:0 (was|will be) here'", "no two frames"),
        "no filler": ("answer = 'The [person:0|person:1] was here'", "no fillers"),
        "ours": ("answer = 'The [person:0|person:1] who greeted: us (do:1|do:0)'", "in the battery already"),
        "no such kind": ("answer = 'The [animal:0|animal:1] (is|are) here'", "no kind of word"),
        "no such form": ("answer = 'The [person:0|person:2] (is|are) here'", "has 2 form"),
        "the filler first": ("answer = '(This|These) [thing:0|thing:1] old: and new'", "same word"),
        "equal frames": ("answer = 'The [person:0|person:0] (was|will be) here'", "four different"),
    },
    "11.4": {
        "exchanged": (changes("(~b & a).sum()", "(b & ~a).sum()"), "exchanged|coin"),
        "one side": (
            changes(p="sum(math.comb(n, k) for k in range(few + 1)) / 2**n"),
            "both sides|p is 1|coin",
        ),
        "this split only": (changes(p="min(1.0, 2 * math.comb(n, few) / 2**n)"), "exactly|p is"),
        "doubled": (changes(p="2 * sum(math.comb(n, k) for k in range(few + 1)) / 2**n"), "exceed 1|p is 1"),
        "all questions": (changes("b.sum()", "a.sum()"), "count for neither|exchanged"),
    },
    "11.5": {
        "the root": (
            "def answer(loss, c, p, r):\n"
            "    v = c - loss**2\n"
            "    same, other = 2.8**2 * v / loss**2, 2.8**2 * 2 * p * (1 - p) / loss**2\n"
            "    return 2.8 * math.sqrt(v) / loss, other, same * (1 + r)",
            "the root of n",
        ),
        "squared": (needed(first="c**2"), "not its square"),
        "without the mean": (needed(first="c"), "nearly"),
        "one share": (needed(second="p * (1 - p)"), "variances add"),
        "fewer": (needed(third="v / (1 + r)"), "more\\* pairs"),
        "two partners": (needed(third="v * (1 + 2 * r)"), "one partner"),
    },
    "11.6": {
        "accuracy": ("answer = lambda g, s: float((g == s).float().mean())", "accuracy"),
        "class 1": (f1(classes="(1,)", by="int((g == 1).sum())"), "class 1 alone"),
        "macro": (f1(weight="1", by="2"), "macro"),
        "three classes": (f1(weight="1", classes="(0, 1)", by="3"), "third class"),
        "by name": (f1(weight="named"), "how often a class is \\*right"),
    },
}
