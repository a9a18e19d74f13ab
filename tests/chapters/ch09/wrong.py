"""Named wrong answers of chapter 9: see ``wrong_answers``."""

COUNTS = "from collections import Counter\n"
COSINE = (
    "from collections import Counter\n"
    "def answer(text, reference, documents):\n"
    "    N = len(documents)\n"
    "    df = Counter(w for d in documents for w in set(d))\n"
    "    idf = lambda w: {idf}\n"
    "    a, b = ({{w: {tf} * idf(w) for w, c in Counter(t).items()}} for t in (text, reference))\n"
    "    dot = sum(x * b.get(w, 0) for w, x in a.items())\n"
    "    size = lambda v: math.sqrt(sum(x * x for x in v.values()))\n"
    "    return dot / {norm}"
)
RIGHT = {"idf": "math.log((1 + N) / (1 + df[w])) + 1", "tf": "c", "norm": "(size(a) * size(b))"}


def cosine(**changed: str) -> str:
    return COSINE.format(**(RIGHT | changed))


WRONG = {
    "09.1": {
        "the sum": (
            "answer = lambda n, t, r: (float(n.sum() > t.sum()), float(r.float().mean()), float(r.all()))",
            "Did you take the \\*sum\\*",
        ),
        "any token": (
            "answer = lambda n, t, r: (float(n.mean() > t.mean()), float(r.float().mean()), float(r.any()))",
            "\\*every\\* token",
        ),
        "all as share": (
            "answer = lambda n, t, r: (float(n.mean() > t.mean()), float(r.all()), float(r.all()))",
            "mean over tokens",
        ),
        "a threshold": (
            "answer = lambda n, t, r: "
            "(float(n.mean() > max(t.mean(), -2)), float(r.float().mean()), float(r.all()))",
            "threshold",
        ),
    },
    "09.2": {
        "exchanged": ("answer = lambda q, m: (q**m, q, 0.5)", "value of the accuracy"),
        "a sum": ("answer = lambda q, m: (q, q / m, 0.5)", "multiply"),
        "knows nothing scores nothing": ("answer = lambda q, m: (q, q**m, 0.0)", "knows nothing"),
    },
    "09.3": {
        "nats": (
            COUNTS + "def answer(words, n):\n"
            "    c = Counter(zip(*(words[i:] for i in range(n))))\n"
            "    s = sum(c.values())\n"
            "    return -sum(v / s * math.log(v / s) for v in c.values())",
            "natural units",
        ),
        "words": (
            COUNTS + "def answer(words, n):\n"
            "    c, s = Counter(words), len(words)\n"
            "    return -sum(v / s * math.log2(v / s) for v in c.values())",
            "counting words",
        ),
        "kinds": (
            "answer = lambda w, n: math.log2(len(set(zip(*(w[i:] for i in range(n))))))",
            "same weight",
        ),
        "no minus": (
            COUNTS + "def answer(words, n):\n"
            "    c = Counter(zip(*(words[i:] for i in range(n))))\n"
            "    s = sum(c.values())\n"
            "    return sum(v / s * math.log2(v / s) for v in c.values())",
            "never negative",
        ),
        "zero for nothing": (
            COUNTS + "def answer(words, n):\n"
            "    c = Counter(zip(*(words[i:] for i in range(n))))\n"
            "    s = sum(c.values())\n"
            "    return -sum(v / s * math.log2(v / s) for v in c.values())",
            "missing",
        ),
    },
    "09.4": {
        "plain counts": (cosine(idf="1.0"), "idf is missing"),
        "no lengths": (cosine(norm="1"), "Divide by the lengths"),
        "turned over": (cosine(idf="math.log(1 + df[w]) + 1"), "turned over"),
        "each word once": (cosine(tf="1"), "each word once|on random texts"),
    },
    "09.5": {
        "prompts": (
            "def answer(v):\n"
            "    flat = v.flatten()\n"
            "    means = flat[torch.randint(len(flat), (2000, len(flat)))].mean(1)\n"
            "    return float(means.quantile(0.025)), float(means.quantile(0.975))",
            "you drew \\*prompts\\*",
        ),
        "without replacement": (
            "def answer(v):\n"
            "    means = torch.stack([v[torch.randperm(len(v))].sum() / v.numel() for _ in range(500)])\n"
            "    means = means.round(decimals=9)\n"
            "    return float(means.quantile(0.025)), float(means.quantile(0.975))",
            "Draw with replacement",
        ),
        "of single facts": (
            "answer = lambda v: (float(v.mean(1).quantile(0.025)), float(v.mean(1).quantile(0.975)))",
            "resampled \\*means\\*",
        ),
        "ninety per cent": (
            "def answer(v):\n"
            "    means = v[torch.randint(len(v), (20000, len(v)))].mean((1, 2))\n"
            "    return float(means.quantile(0.1)), float(means.quantile(0.9))",
            "0.975",
        ),
    },
}
