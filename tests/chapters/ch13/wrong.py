"""Named wrong answers of chapter 13: see ``wrong_answers``."""


def loop(step: str, last: str = "return delta", start: str = "torch.zeros(len(R), len(K1)).double()") -> str:
    """A descent of 13.5 with another step or another end."""
    return (
        "def answer(K1, R, P, rule, steps):\n"
        f"    delta = {start}\n"
        "    for _ in range(steps):\n"
        "        gradient = 2 * (delta @ K1 - R) @ K1.T\n"
        f"        delta = {step}\n"
        f"    {last}"
    )


def paper(**changed: str) -> str:
    """The right four formulas of 13.3 with some changed."""
    part = {"s": "s", "larger": "1 / s", "mean": "float(kept.sum())", "harm": "s**-0.5"} | changed
    return (
        "def answer(values, x, kept):\n"
        "    w = x.square() / values\n"
        "    s = float(w[kept].sum() / w.sum())\n"
        f"    return {part['s']}, {part['larger']}, {part['mean']}, {part['harm']}"
    )


def says(**changed: bool) -> str:
    """The right answer of 13.6 with some turned round."""
    outside = ("decay", "clamp entries", "RECT", "rounding")
    names = ("sum", "scale", "momentum", "clip norm", "PRUNE")
    right = {name: True for name in names} | {name: False for name in outside}
    return f"answer = lambda: {right | {name.replace('_', ' '): value for name, value in changed.items()}!r}"


WRONG = {
    "13.1": {
        "on the left": (
            "answer = lambda delta, P: P @ delta if len(delta) == len(P) else delta @ P",
            "wrong side",
        ),
        "the complement": ("answer = lambda delta, P: delta - delta @ P", "thrown the harmless part away"),
        "nothing": ("answer = lambda delta, P: delta * 1", "ΔK0 is not zero"),
        "in place": (
            "def answer(delta, P):\n    delta.copy_(delta @ P)\n    return delta.clone()",
            "changes the Δ",
        ),
    },
    "13.2": {
        "afterwards": ("answer = lambda solver, K1, A, U: solver(K1, A) @ U @ U.T", "projected afterwards"),
        "keys only": (
            "answer = lambda solver, K1, A, U: solver(U @ U.T @ K1, A) @ U @ U.T",
            "prior is still that of the whole",
        ),
        "no way back": (
            "answer = lambda solver, K1, A, U: solver(U.T @ K1, U.T @ A @ U)",
            "coordinates of U",
        ),
        "no prior": (
            "answer = lambda solver, K1, A, U: solver(U.T @ K1, torch.eye(U.shape[1]).double()) @ U.T",
            "ridge regression inside P",
        ),
    },
    "13.3": {
        "length": (paper(s="float(x[kept].square().sum() / x.square().sum())"), r"\*length\*"),
        "turned round": (paper(larger="s"), "larger"),
        "energy": (paper(mean="float(values[kept].sum())"), "energy inside P"),
        "squared": (paper(harm="1 / s"), r"\*squared\*"),
    },
    "13.4": {
        "turned up": (
            "answer = lambda D, P, K, R: (D @ K * R).sum() / (P @ K * R).sum()",
            r"update \*up\*",
        ),
        "same size": ("answer = lambda D, P, K, R: P.norm() / D.norm()", r"same \*size\*"),
        "norms": ("answer = lambda D, P, K, R: (P @ K).norm() / (D @ K).norm()", "beside R"),
        "writes all": (
            "answer = lambda D, P, K, R: (P @ K * R).sum() / R.square().sum()",
            "writes everything",
        ),
        "an update": ("answer = lambda D, P, K, R: D / 2", "one number"),
    },
    "13.5": {
        "gradient only": (loop("delta + rule(gradient @ P)"), "entry by entry"),
        "at the end": (loop("delta + rule(gradient)", "return delta @ P"), "afterwards"),
        "no P": (loop("delta + rule(gradient)"), "no P"),
        "uphill": (loop("delta - rule(gradient) @ P"), "error grows"),
        "from the start": (
            loop("delta + rule(-2 * R @ K1.T) @ P"),
            "another way|error grows",
        ),
    },
    "13.6": {
        "decay": (says(decay=True), "W lies in no null space"),
        "clipping": (says(clip_norm=False), "one number"),
        "RECT": (says(RECT=True), "bends the rows"),
        "PRUNE": (says(PRUNE=False), "right singular vectors"),
        "momentum": (says(momentum=False), "is a sum"),
    },
}
