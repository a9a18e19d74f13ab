"""Named wrong answers of chapter 6; keys are columns."""

WRONG: dict[str, dict[str, tuple[str, str]]] = {
    "06.1": {
        "no factor 2": ("answer = lambda D, K, R, C, c: (D @ K - R) @ K.T + c * D @ C", "factor of 2"),
        "first wish only": ("answer = lambda D, K, R, C, c: 2 * (D @ K - R) @ K.T", "first wish alone"),
        "no weight": (
            "answer = lambda D, K, R, C, c: 2 * (D @ K - R) @ K.T + 2 * D @ C",
            "weight c is missing",
        ),
        "half the second": (
            "answer = lambda D, K, R, C, c: 2 * (D @ K - R) @ K.T + c * D @ C",
            "factor is 2c",
        ),
        "downhill": (
            "answer = lambda D, K, R, C, c: 2 * (R - D @ K) @ K.T - 2 * c * D @ C",
            "sign is turned",
        ),
        "one sign": (
            "answer = lambda D, K, R, C, c: 2 * (R - D @ K) @ K.T + 2 * c * D @ C",
            "sign is turned",
        ),
        "the error": ("answer = lambda D, K, R, C, c: 2 * (D @ K - R)", "has the shape of Δ"),
    },
    "06.2": {
        "no weight": (
            "answer = lambda K, R, C, c: torch.linalg.solve(C + K @ K.T, K @ R.T).T",
            "weight c is missing",
        ),
        "ridge": (
            "def answer(K, R, C, c):\n"
            "    eye = torch.eye(len(C), dtype=torch.float64)\n"
            "    return torch.linalg.solve(c * eye + K @ K.T, K @ R.T).T",
            "ridge regression",
        ),
        "turned": (
            "answer = lambda K, R, C, c: -torch.linalg.solve(c * C + K @ K.T, K @ R.T).T",
            "sign is turned",
        ),
        "exact": ("answer = lambda K, R, C, c: R @ torch.linalg.pinv(K)", "ignores C0"),
        "transposed": (
            "answer = lambda K, R, C, c: torch.linalg.solve(c * C + K @ K.T, K @ R.T)",
            "solve for Δᵀ",
        ),
        "no keys": ("answer = lambda K, R, C, c: torch.linalg.solve(c * C, K @ R.T).T", "not zero but"),
    },
    "06.3": {
        "no c": (
            "answer = lambda K, M, c: torch.linalg.solve(torch.eye(K.shape[1]).double() + K.T @ M, M.T)",
            "c is missing",
        ),
        "c at the other": (
            "answer = lambda K, M, c: torch.linalg.solve(torch.eye(K.shape[1]).double() + c * K.T @ M, M.T)",
            "wrong summand",
        ),
        "plain Gram": (
            "answer = lambda K, M, c: torch.linalg.solve(c * torch.eye(K.shape[1]).double() + K.T @ K, M.T)",
            "must be heard",
        ),
        "plain right side": (
            "answer = lambda K, M, c: torch.linalg.solve(c * torch.eye(K.shape[1]).double() + K.T @ M, K.T)",
            "right side",
        ),
        "columns": (
            "answer = lambda K, M, c: M @ torch.linalg.inv(c * torch.eye(K.shape[1]).double() + K.T @ M)",
            "a row for each fact",
        ),
    },
    "06.4": {
        "what stays": ("answer = lambda s, c, share, d: (c / (c + s), s * (1 - share) / share, d)", "not"),
        "a ratio": ("answer = lambda s, c, share, d: (s / c, s * (1 - share) / share, d)", "share written"),
        "inverted": (
            "answer = lambda s, c, share, d: (s / (c + s), s * share / (1 - share), d)",
            "the other way round",
        ),
        "one of three": ("answer = lambda s, c, share, d: s / (c + s)", "three things"),
        "c is s": ("answer = lambda s, c, share, d: (s / (c + s), s, d)", "Solve share"),
        "one": ("answer = lambda s, c, share, d: (s / (c + s), s * (1 - share) / share, 1)", "is not 1"),
        "root": (
            "answer = lambda s, c, share, d: (s / (c + s), s * (1 - share) / share, math.sqrt(d))",
            "its own trace",
        ),
    },
    "06.5": {
        "one layer": ("answer = lambda share, layers: 1 - share", "looks again"),
        "all the rest": ("answer = lambda share, layers: (1 - share) ** layers", "whole rest"),
        "always divided by all": (
            "answer = lambda share, layers: (1 - share / layers) ** layers",
            r"layers \*left\*",
        ),
        "what is written": (
            "answer = lambda share, layers: 1 - math.prod(1 - share / (i + 1) for i in range(layers))",
            "has been written",
        ),
        "a sum": ("answer = lambda share, layers: 1 - share / layers", "is left over, not"),
    },
}
