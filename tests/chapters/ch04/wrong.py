"""Named wrong answers of chapter 4: see ``tests/notebooks/test_exercises.py``. Keys are columns."""

WRONG: dict[str, dict[str, tuple[str, str]]] = {
    "04.1": {
        "squared": ("answer = lambda c: (c**2, math.sqrt(2 / (1 - c**2)))", "squared error"),
        "signed": ("answer = lambda c: (c, math.sqrt(2 / (1 - c**2)))", "never negative"),
        "what is missing": ("answer = lambda c: (1 - abs(c), 1)", "on top"),
        "no root": ("answer = lambda c: (abs(c), 2 / (1 - c**2))", "Take the root"),
        "one row": ("answer = lambda c: (abs(c), (1 - c**2) ** -0.5)", "one\\* of the two"),
        "of the sum": ("answer = lambda c: (abs(c), 2**0.5)", "right angle"),
        "too large": ("answer = lambda c: (abs(c), 2 / (1 - abs(c)))", "2 × 2"),
    },
    "04.2": {
        "the sum": ("answer = lambda K, V: V @ K.T", "K⁺ is not Kᵀ"),
        "one case only": ("answer = lambda K, V: V @ torch.linalg.inv(K.T @ K) @ K.T", "stops with|30 × 30"),
        "ridge": (
            "answer = lambda K, V: V @ K.T @ torch.linalg.inv(K @ K.T + 0.01 * torch.eye(len(K)).double())",
            "to a diagonal",
        ),
        "transposed": ("answer = lambda K, V: (V @ torch.linalg.pinv(K)).T", "4 × 8"),
        "not the smallest": (
            "def answer(K, V):\n"
            "    outside = torch.eye(len(K)).double() - K @ torch.linalg.pinv(K)\n"
            "    return V @ torch.linalg.pinv(K) + torch.ones(len(V), len(K)).double() @ outside",
            "larger than it must be",
        ),
    },
    "04.3": {
        "counts itself": ("answer = lambda n, d: (n / d, max(0, 1 - d / n))", "no error of its own"),
        "the root": ("answer = lambda n, d: (((n - 1) / d) ** 0.5, max(0, 1 - d / n))", "this is the root"),
        "exact too large": (
            "answer = lambda n, d: ((n - 1) / d, d / n if n > d else 0)",
            "share that is right",
        ),
        "negative": ("answer = lambda n, d: ((n - 1) / d, 1 - d / n)", "cannot be negative"),
        "always exact": ("answer = lambda n, d: ((n - 1) / d, 0)", "least squares leaves"),
        "d for n": ("answer = lambda n, d: ((d - 1) / n, max(0, 1 - d / n))", "mean squared cosine"),
    },
    "04.4": {
        "the whole value": ("answer = lambda W, k, v: torch.outer(v, k) / (k @ k)", "on top of the old"),
        "not divided": ("answer = lambda W, k, v: torch.outer(v - W @ k, k)", "divide by ‖k‖²"),
        "by the length": ("answer = lambda W, k, v: torch.outer(v - W @ k, k) / k.norm()", "divide by ‖k‖²"),
        "transposed": ("answer = lambda W, k, v: torch.outer(k, v - W @ k) / (k @ k)", "Which comes first"),
        "the new W": ("answer = lambda W, k, v: W + torch.outer(v - W @ k, k) / (k @ k)", "the change alone"),
        "another direction": (
            "def answer(W, k, v):\n"
            "    a = torch.ones_like(k)\n"
            "    return torch.outer(v - W @ k, a) / (a @ k)",
            "point along k",
        ),
    },
    "04.5": {
        "plain": ("answer = lambda W, K, k, v: torch.outer(v - W @ k, k) / (k @ k)", "plain write"),
        "not scaled": (
            "def answer(W, K, k, v):\n"
            "    rest = k - K @ torch.linalg.pinv(K) @ k\n"
            "    return torch.outer(v - W @ k, rest) / (k @ k)",
            "only in part",
        ),
        "K Kᵀ": (
            "def answer(W, K, k, v):\n"
            "    rest = k - K @ K.T @ k\n"
            "    return torch.outer(v - W @ k, rest) / (rest @ k)",
            "unless the keys are orthonormal",
        ),
        "the new W": (
            "def answer(W, K, k, v):\n"
            "    rest = k - K @ torch.linalg.pinv(K) @ k\n"
            "    return W + torch.outer(v - W @ k, rest) / (rest @ k)",
            "Δ K is not zero",
        ),
        "the whole value": (
            "def answer(W, K, k, v):\n"
            "    rest = k - K @ torch.linalg.pinv(K) @ k\n"
            "    return torch.outer(v, rest) / (rest @ k)",
            "is not v",
        ),
    },
    "04.6": {
        "with itself": (
            "def answer(K):\n    U = K / K.norm(dim=0)\n    return 1 / (U.T @ U).square().mean()",
            "diagonal",
        ),
        "the size": (
            "def answer(K):\n"
            "    U = K / K.norm(dim=0)\n"
            "    return 1 / (U.T @ U)[~torch.eye(K.shape[1], dtype=bool)].abs().mean()",
            "Square them first",
        ),
        "upside down": (
            "def answer(K):\n"
            "    U = K / K.norm(dim=0)\n"
            "    return (U.T @ U)[~torch.eye(K.shape[1], dtype=bool)].square().mean()",
            "solve for d",
        ),
        "square of the mean": (
            "def answer(K):\n"
            "    U = K / K.norm(dim=0)\n"
            "    return 1 / (U.T @ U)[~torch.eye(K.shape[1], dtype=bool)].mean() ** 2",
            "mean of the squares",
        ),
        "lengths": (
            "answer = lambda K: 1 / (K.T @ K)[~torch.eye(K.shape[1], dtype=bool)].square().mean()",
            "divide each",
        ),
    },
}
