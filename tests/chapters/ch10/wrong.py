"""Named wrong answers of chapter 10: see ``wrong_answers``."""


def step(**changed: str) -> str:
    """A right solution of 10.1 with some lines changed."""
    line = {"add": "S = S + K1 @ K1.T", "delta": "R @ torch.linalg.solve(S, K1).T", "kept": "S"} | changed
    return (
        f"def answer(S, K1, R):\n    old = S\n    {line['add']}\n    return {line['delta']}, {line['kept']}"
    )


WRONG = {
    "10.1": {
        "without the new keys": (
            step(delta="R @ torch.linalg.solve(old, K1).T"),
            "new keys themselves are missing",
        ),
        "forgets": (step(kept="old"), "forgets what it has written"),
        "in place": (step(add="S += K1 @ K1.T"), "caller's matrix"),
        "the wrong product": (
            step(add="S = S + (K1.T @ K1).sum() * torch.eye(len(S)).double()"),
            "not S \\+ K1 K1ᵀ",
        ),
        "one thing": ("answer = lambda S, K1, R: R @ torch.linalg.solve(S + K1 @ K1.T, K1).T", "two things"),
        "twice": (step(kept="S + K1 @ K1.T"), "not S \\+ K1 K1ᵀ"),
    },
    "10.2": {
        "after the first alone": (
            "answer = lambda s, c, l: (s / (s + l), c, 1 / c**2)",
            "after fact 1 alone",
        ),
        "one factor": (
            "answer = lambda s, c, l: ((a := s / (s + l)) * (1 - a * c), a * c, 1 / c**2)",
            "one factor ρ is missing",
        ),
        "no ridge": (
            "answer = lambda s, c, l: (1 - c**2, s / (s + l) * c, 1 / c**2)",
            "right for λ = 0 only",
        ),
        "squared": (
            "answer = lambda s, c, l: ((a := s / (s + l)) * (1 - a * c**2), (a * c) ** 2, 1 / c**2)",
            "square of the length",
        ),
        "straight on": (
            "answer = lambda s, c, l: ((a := s / (s + l)) * (1 - a * c**2), a * c, 1 / c)",
            "walk with turns",
        ),
    },
    "10.3": {
        "turned": (
            "answer = lambda t: (float(t[:, -1].mean()), float((t.diagonal() - t[:, -1])[:-1].mean()))",
            "sign is turned",
        ),
        "the newest, too": (
            "answer = lambda t: (float(t[:, -1].mean()), float((t[:, -1] - t.diagonal()).mean()))",
            "newest cohort is counted",
        ),
        "everything": ("answer = lambda t: (float(t.mean()), float((t[:, -1] - t[:, 0]).mean()))", "NaN"),
        "the last row": (
            "answer = lambda t: (float(t[-1].nanmean()), float((t[:, -1] - t.diagonal())[:-1].mean()))",
            "last column",
        ),
    },
    "10.4": {
        "turned": (
            "def answer(a, b):\n"
            "    m = (b - a)[torch.randint(len(a), (2000, len(a)))].mean(1)\n"
            "    return float((b - a).mean()), float(m.quantile(0.025)), float(m.quantile(0.975))",
            "sign is turned",
        ),
        "drawn apart": (
            "def answer(a, b):\n"
            "    rows = torch.randint(len(a), (2, 2000, len(a)))\n"
            "    m = a[rows[0]].mean(1) - b[rows[1]].mean(1)\n"
            "    return float((a - b).mean()), float(m.quantile(0.025)), float(m.quantile(0.975))",
            "drawn apart",
        ),
        "single differences": (
            "answer = lambda a, b: (float((a - b).mean()), -1.0, 1.0)",
            "single differences",
        ),
        "without replacement": (
            "answer = lambda a, b: ((m := float((a - b).mean())), m, m)",
            "with\\* replacement",
        ),
        "fifty per cent": (
            "def answer(a, b):\n"
            "    m = (a - b)[torch.randint(len(a), (2000, len(a)))].mean(1)\n"
            "    return float((a - b).mean()), float(m.quantile(0.25)), float(m.quantile(0.75))",
            "each\\* side",
        ),
    },
    "10.5": {
        "harm for good": (
            "def answer(h, g):\n"
            "    good = (h[:, None] >= h) & (g[:, None] >= g)\n"
            "    return ~(good & ((h[:, None] > h) | (g[:, None] > g))).any(0)",
            "harm should be",
        ),
        "beaten by itself": (
            "def answer(h, g):\n    return ~((h[:, None] <= h) & (g[:, None] >= g)).any(0)",
            "neither beats the other",
        ),
        "strictly": (
            "def answer(h, g):\n    return ~((h[:, None] < h) & (g[:, None] > g)).any(0)",
            "as good in one",
        ),
        "best in something": (
            "answer = lambda h, g: (h == h.min()) | (g == g.max())",
            "best in nothing",
        ),
    },
}
