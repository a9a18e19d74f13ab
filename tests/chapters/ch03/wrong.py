"""Named wrong answers of chapter 3."""

_NOISY = "def answer(embedded, first, last, noise):\n    noisy = embedded.clone()\n"
_MEND = "def answer(corrupted, clean, column):\n    mended = corrupted.clone()\n"

WRONG: dict[str, dict[str, tuple[str, str]]] = {
    "03.1": {
        "every column": (
            "def answer(embedded, first, last, noise): return embedded + noise.mean(1, keepdim=True)",
            "outside the subject",
        ),
        "the end left out": (
            _NOISY + "    noisy[:, first:last] += noise[:, : last - first]\n    return noisy",
            "ends \\*before\\*",
        ),
        "the last token only": (
            _NOISY + "    noisy[:, last] += noise[:, -1]\n    return noisy",
            "give noise to each",
        ),
        "replaced": (
            _NOISY + "    noisy[:, first : last + 1] = noise\n    return noisy",
            "replaced by noise",
        ),
        "in place": (
            "def answer(embedded, first, last, noise):\n"
            "    embedded[:, first : last + 1] += noise\n    return embedded",
            "work on a copy",
        ),
        "one noise for all": (
            _NOISY + "    noisy[:, first : last + 1] += noise[:1]\n    return noisy",
            "noise of the first",
        ),
        "counted from the left edge": (
            _NOISY + "    noisy[:, : last - first + 1] += noise\n    return noisy",
            "outside the subject",
        ),
    },
    "03.2": {
        "in place": (
            "def answer(corrupted, clean, column):\n"
            "    corrupted[:, column] = clean[column]\n    return corrupted",
            "work on a copy",
        ),
        "everything up to it": (
            _MEND + "    mended[:, : column + 1] = clean[: column + 1]\n    return mended",
            "One experiment mends|should stay corrupted",
        ),
        "the whole run": (
            "def answer(corrupted, clean, column): return clean.expand_as(corrupted).clone()",
            "One experiment mends|should stay corrupted",
        ),
        "added": (_MEND + "    mended[:, column] += clean[column]\n    return mended", "takes its place"),
        "one sample": (_MEND + "    mended[0, column] = clean[column]\n    return mended", "all of them"),
        "the last clean state": (
            _MEND + "    mended[:, column] = clean[-1]\n    return mended",
            "clean\\[column\\] is wanted",
        ),
        "nothing": (_MEND + "    return mended", "nothing has been restored"),
    },
    "03.3": {
        "what is missing": (
            "def answer(a, b, c): return float(a - b.mean()), a - c.mean(-1)",
            "still missing",
        ),
        "turned round": (
            "def answer(a, b, c): return float(b.mean() - a), (c - b).mean(-1)",
            "what is \\*lost\\*",
        ),
        "the wrong sign": (
            "def answer(a, b, c): return float(a - b.mean()), (b - c).mean(-1)",
            "restored minus corrupted",
        ),
        "a share": (
            "def answer(a, b, c): return float(a - b.mean()), (c - b).mean(-1) / (a - b.mean())",
            "does not divide",
        ),
        "no mean": ("def answer(a, b, c): return float(a - b.mean()), c - b", "over the samples"),
        "no baseline": ("def answer(a, b, c): return float(a - b.mean()), c.mean(-1)", "was there without"),
        "a vector": ("def answer(a, b, c): return a - b, (c - b).mean(-1)", "one number"),
    },
    "03.4": {
        "the restored block again": (
            "def answer(layers, width): return (layers + 1) * (width + 1) / (4 * layers * width)",
            "first block that has to run",
        ),
        "layers only": ("def answer(layers, width): return (layers - 1) / (2 * layers)", "by layers alone"),
        "columns only": ("def answer(layers, width): return (width + 1) / (2 * width)", "by columns alone"),
        "without the column": (
            "def answer(layers, width): return (layers - 1) * (width - 1) / (4 * layers * width)",
            "must run on",
        ),
        "the limit": ("def answer(layers, width): return 1 / 4", "For small ones"),
    },
    "03.5": {
        "the values": ("answer = 0.54", "Pearson"),
        "one row turned": ("answer = -0.4", "same direction"),
        "without the 1": ("answer = 0.6", "1 in front"),
        "without the 6": ("answer = 0.9", "factor 6"),
        "n cubed": ("answer = 1 - 72 / 125", "n³"),
        "the sum": ("answer = 12", "Now put it"),
    },
}
