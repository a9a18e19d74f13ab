"""Named wrong answers of chapter 7. Keys are columns, K0 is d × N."""

WRONG: dict[str, dict[str, tuple[str, str]]] = {
    "07.1": {
        "the range": (
            "def answer(K0, threshold=1e-10):\n"
            "    values, V = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])\n"
            "    return V[:, values >= threshold] @ V[:, values >= threshold].T",
            "keep the range|instead of the null space",
        ),
        "rows for columns": (
            "def answer(K0, threshold=1e-10):\n"
            "    values, V = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])\n"
            "    return V[values < threshold].T @ V[values < threshold]",
            "did you select rows",
        ),
        "the wrong product": (
            "def answer(K0, threshold=1e-10):\n"
            "    values, V = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])\n"
            "    return V[:, values < threshold].T @ V[:, values < threshold]",
            "UᵀU",
        ),
        "not divided by N": (
            "def answer(K0, threshold=1e-10):\n"
            "    values, V = torch.linalg.eigh(K0 @ K0.T)\n"
            "    return V[:, values < threshold] @ V[:, values < threshold].T",
            "divide by N",
        ),
        "eigenvalues in the product": (
            "def answer(K0, threshold=1e-10):\n"
            "    values, V = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])\n"
            "    return V @ torch.diag((values < threshold).double() * 2.0) @ V.T",
            "P P is not P",
        ),
        "one factor": (
            "def answer(K0, threshold=1e-10):\n"
            "    values, V = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])\n"
            "    return V * (values < threshold)",
            "transposed factor",
        ),
        "one direction only": (
            "def answer(K0, threshold=1e-10):\n"
            "    u = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])[1][:, :1]\n"
            "    return u @ u.T",
            "too small",
        ),
        "an array": (
            "def answer(K0, threshold=1e-10):\n"
            "    values, V = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])\n"
            "    return (V[:, values < threshold] @ V[:, values < threshold].T).numpy()",
            "returns a NumPy array; a torch tensor is asked for",
        ),
        "a string": (
            "def answer(K0, threshold=1e-10): return 'U U.T'",
            "returns a string; a torch tensor is asked for",
        ),
    },
    "07.2": {
        "the range": ("def answer(d, rank): return rank, math.sqrt(rank), rank / d", "that of I − P"),
        "the norm squared": (
            "def answer(d, rank): return d - rank, d - rank, (d - rank) / d",
            "take the root",
        ),
        "the share of the length": (
            "def answer(d, rank): return d - rank, (d - rank) ** 0.5, ((d - rank) / d) ** 0.5",
            "share of the length",
        ),
        "all of it": ("def answer(d, rank): return d, d**0.5, 1.0", "sum of the eigenvalues"),
    },
    "07.3": {
        "exact zeros": (
            "def answer(P, K0):\n    return [] if bool((P @ K0 == 0).all()) else ['annihilates']",
            "compare with a tolerance",
        ),
        "P alone": (
            "def answer(P, K0):\n"
            "    out = [] if torch.allclose(P, P.T, atol=1e-8) else ['symmetric']\n"
            "    return out + ([] if torch.allclose(P @ P, P, atol=1e-8) else ['idempotent'])",
            "not seen: annihilates, dimension",
        ),
        "no dimension": (
            "def answer(P, K0):\n"
            "    out = [] if torch.allclose(P, P.T, atol=1e-8) else ['symmetric']\n"
            "    out += [] if torch.allclose(P @ P, P, atol=1e-8) else ['idempotent']\n"
            "    return out + ([] if float((P @ K0).abs().max()) < 1e-8 else ['annihilates'])",
            "not seen: dimension",
        ),
        "everything": (
            "def answer(P, K0):\n"
            "    right = float((P @ K0).abs().max()) < 1e-8 and abs(float(P.trace()) - 5) < 1e-6\n"
            "    return [] if right else ['symmetric', 'idempotent', 'annihilates', 'dimension']",
            "not seen: symmetric|reported without need",
        ),
    },
    "07.4": {
        "directions": (
            "def answer(values, share): return float(values[int(share * len(values))])",
            r"of the \*directions\*",
        ),
        "a share of the mean": (
            "def answer(values, share): return share * float(values.mean())",
            "may keep more",
        ),
        "from the largest": (
            "def answer(values, share):\n"
            "    down = values.flip(0)\n"
            "    return float(down[int((down.cumsum(0) / down.sum() <= share).sum())])",
            "from the smallest",
        ),
        "one too many": (
            "def answer(values, share):\n"
            "    return float(values[int((values.cumsum(0) / values.sum() <= share).sum()) + 1])",
            "one direction too many",
        ),
    },
    "07.5": {
        "forgets the old keys": (
            "def answer(U, K):\n    values, V = torch.linalg.eigh(K @ K.T)\n    return V[:, values < 1e-10]",
            "sees the \\*old\\* keys again",
        ),
        "ignores the new keys": ("def answer(U, K): return U", "still sees the new keys"),
        "drops columns": ("def answer(U, K): return U[:, K.shape[1] :]", "still sees the new keys"),
        "not orthonormal": (
            "def answer(U, K):\n    A = U.T @ K\n    return U - U @ A @ torch.linalg.pinv(A)",
            "not orthonormal",
        ),
        "counts columns": (
            "def answer(U, K):\n"
            "    A = U.T @ K\n"
            "    return U @ torch.linalg.eigh(A @ A.T)[1][:, : U.shape[1] - K.shape[1]]",
            "should cost none",
        ),
    },
    "07.6": {
        "without P": ("def answer(r, k, P): return float(r.norm() / k.norm())", "without P"),
        "squared": ("def answer(r, k, P): return float(r.norm() / (P @ k).norm() ** 2)", "‖r‖ ‖Pk‖"),
        "upside down": ("def answer(r, k, P): return float((P @ k).norm() / r.norm())", "the smallest Δ"),
    },
}
