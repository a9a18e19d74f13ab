"""Named wrong answers of chapter 1."""

_WILSON = (
    "def answer(right, n, z=1.96):\n"
    "    p, shrink = right / n, 1 + z**2 / n\n"
    "    middle = (p + z**2 / (2 * n)) / shrink\n"
    "    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / shrink\n"
)

WRONG: dict[str, dict[str, tuple[str, str]]] = {
    "01.1": {
        "exchanged": (
            "def answer(log_p, true, other):\n"
            "    rows = torch.arange(len(log_p))\n"
            "    success = (log_p[rows, true] > log_p[rows, other]).float().mean()\n"
            "    return (log_p.argmax(1) == true).float().mean(), success",
            "exchanged",
        ),
        "the alternative": (
            "def answer(log_p, true, other):\n"
            "    rows = torch.arange(len(log_p))\n"
            "    success = (log_p[rows, true] < log_p[rows, other]).float().mean()\n"
            "    return success, (log_p.argmax(1) == true).float().mean()",
            "alternative\\* wins",
        ),
        "beats all": (
            "def answer(log_p, true, other):\n"
            "    top = (log_p.argmax(1) == true).float().mean()\n"
            "    return top, top",
            "what other tokens do",
        ),
        "means compared": (
            "def answer(log_p, true, other):\n"
            "    rows = torch.arange(len(log_p))\n"
            "    success = float(log_p[rows, true].mean() > log_p[rows, other].mean())\n"
            "    return success, (log_p.argmax(1) == true).float().mean()",
            "row by row",
        ),
        "above one half": (
            "def answer(log_p, true, other):\n"
            "    rows = torch.arange(len(log_p))\n"
            "    success = (log_p[rows, true] > log_p[rows, other]).float().mean()\n"
            "    return success, (log_p[rows, true].exp() > 0.5).float().mean()",
            "above one half",
        ),
        "one verdict": (
            "def answer(log_p, true, other):\n"
            "    rows = torch.arange(len(log_p))\n"
            "    success = (log_p[rows, true] > log_p[rows, other]).float().mean()\n"
            "    return success, success",
            r"\*every\* token",
        ),
    },
    "01.2": {
        "Wald": (
            "def answer(right, n, z=1.96):\n"
            "    p = right / n\n"
            "    half = z * math.sqrt(p * (1 - p) / n)\n"
            "    return p - half, p + half",
            "no width",
        ),
        "not divided": (
            _WILSON + "    return shrink * (middle - half), shrink * (middle + half)",
            "forgotten to divide",
        ),
        "z fixed": (
            "def answer(right, n, z=1.96):\n    z = 1.96\n"
            + _WILSON.split("\n", 1)[1]
            + "    return middle - half, middle + half",
            "Is z used",
        ),
        "z not squared": (
            _WILSON.replace("z**2 / (4", "z / (4") + "    return middle - half, middle + half",
            "Is z used|between 0 and 1",
        ),
        "centred on the guess": (
            _WILSON + "    return max(0, p - half), min(1, p + half)",
            "not an end",
        ),
        "one end": (_WILSON + "    return middle - half, middle - half", "same root"),
    },
    "01.4": {
        "accuracies": (
            "answer = lambda before, now: float(before.float().mean() - now.float().mean())",
            "difference of two accuracies",
        ),
        "relative accuracies": (
            "answer = lambda before, now: float(1 - now.sum() / before.sum())",
            "difference of two accuracies",
        ),
        "all questions": (
            "answer = lambda before, now: float((before & ~now).float().mean())",
            "divide by all",
        ),
        "every change": (
            "answer = lambda before, now: float((before != now).float().mean())",
            "every change",
        ),
        "kept": ("answer = lambda before, now: float(now[before].float().mean())", "kept"),
        "nothing is zero": (
            "answer = lambda before, now: float((before & ~now).sum() / before.sum().clamp_min(1))",
            "math.nan",
        ),
    },
    "01.5": {
        "without replacement": (
            "def answer(shares, draws=2000):\n"
            "    means = torch.stack([shares[torch.randperm(len(shares))].mean() for _ in range(draws)])\n"
            "    return means.min() , means.min()",
            "with\\* replacement",
        ),
        "the edits themselves": (
            "def answer(shares, draws=2000): return shares.quantile(0.025), shares.quantile(0.975)",
            "their \\*mean\\* varies",
        ),
        "single draws": (
            "def answer(shares, draws=2000):\n"
            "    drawn = shares[torch.randint(len(shares), (draws,))]\n"
            "    return drawn.quantile(0.025), drawn.quantile(0.975)",
            "their \\*mean\\* varies",
        ),
        "one standard error": (
            "def answer(shares, draws=2000):\n"
            "    means = shares[torch.randint(len(shares), (draws, len(shares)))].mean(1)\n"
            "    return means.quantile(0.16), means.quantile(0.84)",
            "2.5% off",
        ),
        "too many": (
            "def answer(shares, draws=2000):\n"
            "    means = shares[torch.randint(len(shares), (draws, 40 * len(shares)))].mean(1)\n"
            "    return means.quantile(0.025), means.quantile(0.975)",
            "as many edits",
        ),
        "averaged over the draws": (
            "def answer(shares, draws=2000):\n"
            "    means = shares[torch.randint(len(shares), (draws, len(shares)))].mean(0)\n"
            "    return means.quantile(0.025), means.quantile(0.975)",
            "averaged by itself",
        ),
    },
    "01.3": {
        "one share": ("answer = lambda p, d: 1.96**2 * p * (1 - p) / d**2", r"\*one\* share"),
        "intervals apart": ("answer = lambda p, d: 4 * 1.96**2 * p * (1 - p) / d**2", "do not touch"),
        "one standard error": ("answer = lambda p, d: 2 * p * (1 - p) / d**2", "one standard error"),
        "z not squared": ("answer = lambda p, d: 2 * 1.96 * p * (1 - p) / d**2", "squared, too"),
        "d not squared": ("answer = lambda p, d: 2 * 1.96**2 * p * (1 - p) / d", "d must be squared"),
        "not a variance": ("answer = lambda p, d: 2 * 1.96**2 * p / d**2", "not p"),
        "upside down": ("answer = lambda p, d: d**2 / (2 * 1.96**2 * p * (1 - p))", "below the line"),
    },
}
