"""Named wrong answers of chapter 8: see ``wrong_answers``."""

GAIN = "torch.linalg.solve(lam * torch.eye({n}).double() + {gram}, {right})"


def gain(gram: str, right: str, n: str = "K.shape[1]") -> str:
    return GAIN.format(gram=gram, right=right, n=n)


def loop(**changed: str) -> str:
    """A right solution of 08.6 with some lines changed."""
    line = {
        "order": "sorted(U)",
        "before": "pass",
        "look": "K1, h = look(layer)",
        "R": "R = (z - h) / (len(U) - i)",
        "past": "Kp[layer]",
        "basis": "U[layer]",
        "kept": "torch.cat([Kp[layer], K1], dim=1)",
        "drop": "Kp[layer].shape[1]",
        "write": "write(layer, R @ G)",
    } | changed
    return (
        "def answer(look, write, z, U, lam, Kp):\n"
        "    history = {}\n"
        f"    {line['before']}\n"
        f"    for i, layer in enumerate({line['order']}):\n"
        f"        {line['look']}\n"
        f"        {line['R']}\n"
        f"        past, B = {line['past']}, {line['basis']}\n"
        "        A = B.T @ torch.cat([past, K1], dim=1)\n"
        "        eye = torch.eye(A.shape[1], dtype=A.dtype)\n"
        "        G = torch.linalg.solve(lam[layer] * eye + A.T @ A, A.T @ B.T)[past.shape[1]:]\n"
        f"        {line['write']}\n"
        f"        history[layer] = {line['kept']}\n"
        "    return history"
    )


WRONG = {
    "08.1": {
        "no chain rule": (
            "answer = lambda D, K, R, P, lam: 2 * ((D @ P @ K - R) @ K.T + lam * D @ P)",
            "P behind it is missing",
        ),
        "half": (
            "answer = lambda D, K, R, P, lam: ((D @ P @ K - R) @ K.T + lam * D @ P) @ P",
            "factor of 2",
        ),
        "size of Δ": (
            "answer = lambda D, K, R, P, lam: 2 * (D @ P @ K - R) @ K.T @ P + 2 * lam * D",
            "not λ‖Δ‖²",
        ),
        "one wish": ("answer = lambda D, K, R, P, lam: 2 * (D @ P @ K - R) @ K.T @ P", "first wish alone"),
        "unprojected error": (
            "answer = lambda D, K, R, P, lam: 2 * ((D @ K - R) @ K.T + lam * D @ P) @ P",
            r"\*projected\* update",
        ),
        "downhill": (
            "answer = lambda D, K, R, P, lam: -2 * ((D @ P @ K - R) @ K.T + lam * D @ P) @ P",
            "sign is turned",
        ),
        "the error": ("answer = lambda D, K, R, P, lam: 2 * (D @ P @ K - R)", "shape of Δ"),
    },
    "08.2": {
        "as if symmetric": (
            "answer = lambda K, R, P, lam: torch.linalg.solve("
            "K @ K.T @ P + lam * torch.eye(len(P)).double(), (R @ K.T @ P).T).T",
            "bracket is not symmetric",
        ),
        "projected afterwards": (
            "answer = lambda K, R, P, lam: torch.linalg.solve("
            "K @ K.T + lam * torch.eye(len(P)).double(), K @ R.T).T @ P",
            "projected afterwards",
        ),
        "ridge": (
            "answer = lambda K, R, P, lam: torch.linalg.solve("
            "K @ K.T + lam * torch.eye(len(P)).double(), K @ R.T).T",
            "ridge regression without P",
        ),
        "exact": ("answer = lambda K, R, P, lam: R @ torch.linalg.pinv(P @ K) @ P", "λ is missing"),
        "λ, not its root": (
            "def answer(K, R, P, lam):\n"
            "    A = torch.cat([P @ K, lam * torch.eye(len(P)).double()], 1)\n"
            "    B = torch.cat([R, torch.zeros(len(R), len(P)).double()], 1)\n"
            "    return torch.linalg.lstsq(A.T, B.T).solution.T",
            "√λ belongs",
        ),
        "no P at the keys": (
            "def answer(K, R, P, lam):\n"
            "    A = torch.cat([K, lam**0.5 * torch.eye(len(P)).double()], 1)\n"
            "    B = torch.cat([R, torch.zeros(len(R), len(P)).double()], 1)\n"
            "    return torch.linalg.lstsq(A.T, B.T).solution.T",
            "Put PK1 where K1 stands",
        ),
        "transposed": (
            "answer = lambda K, R, P, lam: torch.linalg.solve("
            "(K @ K.T @ P + lam * torch.eye(len(P)).double()).T, (R @ K.T @ P).T)",
            "solve for Δᵀ",
        ),
        "paper's λ": (
            "answer = lambda K, R, P, lam: torch.linalg.solve("
            "(K @ K.T @ P + torch.eye(len(P)).double()).T, (R @ K.T @ P).T).T",
            "Is λ where it ",
        ),
    },
    "08.3": {
        "plain Gram": ("answer = lambda K, U, lam: " + gain("K.T @ K", "K.T @ U @ U.T"), "should be K1ᵀPK1"),
        "plain right side": ("answer = lambda K, U, lam: " + gain("K.T @ U @ U.T @ K", "K.T"), "right side"),
        "no λ": (
            "answer = lambda K, U, lam: "
            + gain("K.T @ U @ U.T @ K", "K.T @ U @ U.T").replace("lam *", "1 *"),
            "λ is missing",
        ),
        "λ at the keys": (
            "answer = lambda K, U, lam: "
            + gain("lam * K.T @ U @ U.T @ K", "K.T @ U @ U.T").replace("(lam * torch.eye", "(torch.eye"),
            "wrong summand",
        ),
        "columns": (
            "answer = lambda K, U, lam: (" + gain("K.T @ U @ U.T @ K", "K.T @ U @ U.T") + ").T",
            "a row for",
        ),
        "coordinates": (
            "answer = lambda K, U, lam: " + gain("K.T @ U @ U.T @ K", "K.T @ U"),
            "a row for each fact",
        ),
    },
    "08.4": {
        "not squared": (
            "answer = lambda s, lam, share, v, tau: "
            "(s / (s + lam), s * (1 - share) / share, float(v[v < tau].sum()))",
            "square",
        ),
        "what stays": (
            "answer = lambda s, lam, share, v, tau: (lam / (s**2 + lam), 1, float(v[v < tau].sum()))",
            r"\*not\* written",
        ),
        "the other way round": (
            "answer = lambda s, lam, share, v, tau: "
            "(s**2 / (s**2 + lam), s**2 * share / (1 - share), float(v[v < tau].sum()))",
            "the other way round",
        ),
        "λ is ‖Pk‖²": (
            "answer = lambda s, lam, share, v, tau: "
            "(s**2 / (s**2 + lam), s**2 * 0.03, float(v[v < tau].sum()))",
            "Solve the first",
        ),
        "all energy": (
            "answer = lambda s, lam, share, v, tau: "
            "(s**2 / (s**2 + lam), s**2 * (1 - share) / share, float(v.sum()))",
            "all of it",
        ),
        "directions": (
            "answer = lambda s, lam, share, v, tau: "
            "(s**2 / (s**2 + lam), s**2 * (1 - share) / share, int((v < tau).sum()))",
            "counts directions",
        ),
        "the mean": (
            "answer = lambda s, lam, share, v, tau: "
            "(s**2 / (s**2 + lam), s**2 * (1 - share) / share, float(v[v < tau].mean()))",
            "the mean of k kᵀ is C0",
        ),
    },
    "08.5": {
        "all rows": (
            "def answer(K1, Kp, U, lam):\n"
            "    K = U @ U.T @ torch.cat([Kp, K1], 1)\n"
            "    return " + gain("K.T @ K", "K.T"),
            "rows of the new facts only",
        ),
        "first rows": (
            "def answer(K1, Kp, U, lam):\n"
            "    K = U @ U.T @ torch.cat([Kp, K1], 1)\n"
            "    return " + gain("K.T @ K", "K.T") + "[: K1.shape[1]]",
            "first rows",
        ),
        "no history": (
            "def answer(K, Kp, U, lam):\n    A = U.T @ K\n    return " + gain("A.T @ A", "A.T @ U.T"),
            "Kp has no effect",
        ),
        "taken out": (
            "def answer(K, Kp, U, lam):\n"
            "    A = U.T @ Kp\n"
            "    values, V = torch.linalg.eigh(A @ A.T)\n"
            "    B = U @ V[:, values < 1e-9]\n"
            "    A = B.T @ K\n"
            "    return " + gain("A.T @ A", "A.T @ B.T"),
            "out of the null space altogether",
        ),
        "old keys unprojected": (
            "def answer(K1, Kp, U, lam):\n"
            "    K = torch.cat([Kp, K1], 1)\n"
            "    return " + gain("K.T @ K", "K.T @ U @ U.T") + "[Kp.shape[1]:]",
            "slope of",
        ),
    },
    "08.6": {
        "from above": (loop(order="sorted(U, reverse=True)"), "Go from below"),
        "unsorted": (loop(order="U"), "Go from below"),
        "looks once": (
            loop(before="seen = {layer: look(layer) for layer in sorted(U)}", look="K1, h = seen[layer]"),
            "look again before every layer",
        ),
        "all layers": (loop(R="R = (z - h) / len(U)"), r"\*all\* layers"),
        "whole residual": (loop(R="R = z - h"), "whole residual"),
        "no history": (loop(past="Kp[layer][:, :0]"), "history Kp has no effect"),
        "no P": (loop(basis="torch.eye(len(Kp[layer])).double()"), "P is missing"),
        "forgets the old": (loop(kept="K1"), "old keys"),
        "new before old": (loop(kept="torch.cat([K1, Kp[layer]], dim=1)"), "old first"),
        "writes nothing": (loop(write="pass"), "nothing was written"),
        "transposed": (loop(write="write(layer, (R @ G).T)"), "Δ should be"),
    },
}
