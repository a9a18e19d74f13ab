"""Named wrong answers of chapter 15: see ``wrong_answers``."""

GAP = "2.0 ** (math.floor(math.log2(abs(w))) - digits)"

WRONG = {
    "15.1": {
        "bits": ("answer = lambda m, f, n: (64 * f * f, 8 * m * f, 4 * n * f)", "counted bits"),
        "float32": ("answer = lambda m, f, n: (4 * f * f, 8 * m * f, 4 * n * f)", "not the 4 of a float32"),
        "wrong width": (
            "answer = lambda m, f, n: (8 * m * m, 8 * m * f, 4 * n * f)",
            "not d_model × d_model",
        ),
        "stores the keys": (
            "answer = lambda m, f, n: (8 * 100_000 * f, 8 * m * f, 4 * n * f)",
            "added up, not stored",
        ),
        "square update": ("answer = lambda m, f, n: (8 * f * f, 8 * f * f, 4 * n * f)", "shape of W"),
        "square history": ("answer = lambda m, f, n: (8 * f * f, 8 * m * f, 8 * f * f)", "not a matrix"),
        "history in float64": (
            "answer = lambda m, f, n: (8 * f * f, 8 * m * f, 8 * n * f)",
            "in float32",
        ),
    },
    "15.2": {
        "multiplications": (
            "answer = lambda s, f, t: (t * sum(r * c for r, c in s), 2 * t * f * f)",
            "multiplications only",
        ),
        "one token": (
            "answer = lambda s, f, t: (2 * sum(r * c for r, c in s), 2 * t * f * f)",
            "one token",
        ),
        "sides": (
            "answer = lambda s, f, t: (2 * t * sum(r + c for r, c in s), 2 * t * f * f)",
            "torch counted",
        ),
        "dot product": (
            "answer = lambda s, f, t: (2 * t * sum(r * c for r, c in s), 2 * t * f)",
            "outer product",
        ),
        "half of it": (
            "answer = lambda s, f, t: (2 * t * sum(r * c for r, c in s), t * f * f)",
            "symmetric",
        ),
    },
    "15.3": {
        "plain mean": ("answer = lambda A, a, B, b: ((A + B) / 2, a + b)", "plain mean"),
        "sum of means": ("answer = lambda A, a, B, b: (A + B, a + b)", "two \\*means\\*"),
        "exchanged": ("answer = lambda A, a, B, b: ((b * A + a * B) / (a + b), a + b)", "exchanged"),
        "no number": ("answer = lambda A, a, B, b: (a * A + b * B) / (a + b)", "two things are asked for"),
        "number lost": ("answer = lambda A, a, B, b: ((a * A + b * B) / (a + b), max(a, b))", "80 keys"),
        "not divided": ("answer = lambda A, a, B, b: (a * A + b * B, a + b)", "divide again"),
    },
    "15.4": {
        "whole gap": (f"answer = lambda w, digits: {GAP}", "whole distance"),
        "same everywhere": ("answer = lambda w, digits: 2.0 ** -(digits + 1)", "same answer for all w"),
        "share of w": ("answer = lambda w, digits: abs(w) * 2.0 ** -(digits + 1)", "share of w itself"),
        "one digit more": (f"answer = lambda w, digits: {GAP} / 4", "too small"),
        "ceiling": (
            "answer = lambda w, digits: 2.0 ** (math.ceil(math.log2(abs(w))) - digits)",
            "too large",
        ),
    },
    "15.5": {
        "added up": (
            "answer = lambda R, G: (torch.cat(R).sum(0)[:, None], torch.cat(G).sum(0)[None])",
            "added up the facts",
        ),
        "not transposed": ("answer = lambda R, G: (torch.cat(R), torch.cat(G))", "needs a ᵀ"),
        "the matrix itself": (
            "def answer(R, G):\n"
            "    delta = sum(r.T @ g for r, g in zip(R, G))\n"
            "    return delta, torch.eye(delta.shape[1], dtype=delta.dtype)",
            "saves nothing",
        ),
        "one edit": ("answer = lambda R, G: (R[-1].T, G[-1])", "all edits"),
        "another order": ("answer = lambda R, G: (torch.cat(R).T, torch.cat(G[::-1]))", "same order"),
        "a mean": ("answer = lambda R, G: (torch.cat(R).T / len(R), torch.cat(G))", "unscaled"),
    },
}
