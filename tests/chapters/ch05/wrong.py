"""Named wrong answers of chapter 5."""

_LOSS = (
    "def answer(log_p, ids, now, before, delta, h):\n"
    "    nll = -log_p[torch.arange(len(ids)), ids].mean()\n"
    "    kl = (now.exp() * (now - before)).sum()\n"
    "    decay = 0.5 * delta.norm() / h.norm() ** 2\n"
)

WRONG: dict[str, dict[str, tuple[str, str]]] = {
    "05.1": {
        "KL turned round": (
            _LOSS + "    kl = (before.exp() * (before - now)).sum()\n    return nll + 0.0625 * kl + decay",
            "weights",
        ),
        "no weight": (_LOSS + "    return nll + kl + decay", "weight of 0.0625"),
        "climbs": (_LOSS + "    return -nll + 0.0625 * kl + decay", "sign of the first"),
        "h not squared": (
            _LOSS + "    return nll + 0.0625 * kl + 0.5 * delta.norm() / h.norm()",
            "h is squared",
        ),
        "both squared": (
            _LOSS + "    return nll + 0.0625 * kl + 0.5 * (delta.norm() / h.norm()) ** 2",
            "\\*not\\* squared",
        ),
        "a sum": (_LOSS + "    return len(ids) * nll + 0.0625 * kl + decay", "take the mean"),
        "every pair": (_LOSS + "    return -log_p[:, ids].mean() + 0.0625 * kl + decay", "pairs every row"),
        "probabilities": (
            _LOSS + "    return -log_p[torch.arange(len(ids)), ids].exp().mean() + 0.0625 * kl + decay",
            "uses probabilities",
        ),
        "a float": (
            _LOSS + "    return torch.tensor(float(nll + 0.0625 * kl + decay))",
            "no gradient",
        ),
    },
    "05.2": {
        "stretches": (
            "def answer(delta, h, factor): return delta * factor * h.norm() / delta.norm()",
            "do not stretch",
        ),
        "entry by entry": (
            "def answer(delta, h, factor):\n"
            "    limit = float(factor * h.norm() / len(h) ** 0.5)\n"
            "    return delta.clamp(-limit, limit)",
            "entry by entry",
        ),
        "without h": (
            "def answer(delta, h, factor): return delta * (factor / delta.norm()).clamp_max(1)",
            "depend on h|short enough",
        ),
        "no limit": ("def answer(delta, h, factor): return delta", "after a clamp"),
    },
    "05.3": {
        "the shortest": (
            "def answer(a, b, p, q): return p / (p * p + q * q), q / (p * p + q * q)",
            "right for a circle",
        ),
        "multiplied": (
            "def answer(a, b, p, q):\n"
            "    return a * p / (a * p * p + b * q * q), b * q / (a * p * p + b * q * q)",
            "multiplied by a and b",
        ),
        "no μ": ("def answer(a, b, p, q): return p / a, q / b", "What is μ"),
        "one axis": ("def answer(a, b, p, q): return 1 / p, 0.0", "further along"),
    },
    "05.4": {
        "plain": ("def answer(k, C0): return k / (k @ k)", "plain write"),
        "not inverted": ("def answer(k, C0): return C0 @ k / (k @ C0 @ k)", "multiplied by C0"),
        "not divided": ("def answer(k, C0): return torch.linalg.solve(C0, k)", "divide by k"),
        "length one": (
            "def answer(k, C0):\n    u = torch.linalg.solve(C0, k)\n    return u / u.norm()",
            "instead of the norm",
        ),
        "divided by kᵀk": ("def answer(k, C0): return torch.linalg.solve(C0, k) / (k @ k)", "divided by kᵀk"),
        "a matrix": ("def answer(k, C0): return torch.outer(k, k) @ torch.linalg.inv(C0)", "12 entries"),
        "only the diagonal": (
            "def answer(k, C0):\n    u = k / C0.diagonal()\n    return u / (k @ u)",
            "some other g costs less",
        ),
    },
    "05.5": {
        "not squared": (
            "def answer(r, k, C0): return float(r.norm() / (k @ torch.linalg.solve(C0, k)))",
            "must be squared",
        ),
        "upside down": (
            "def answer(r, k, C0): return float(r @ r * (k @ torch.linalg.solve(C0, k)))",
            "upside down",
        ),
        "the root": (
            "def answer(r, k, C0): return float(r @ r / (k @ torch.linalg.solve(C0, k))) ** 0.5",
            "the root of it",
        ),
        "the size of Δ": (
            "def answer(r, k, C0):\n"
            "    u = torch.linalg.solve(C0, k)\n"
            "    g = u / (k @ u)\n"
            "    return float(r @ r * (g @ g))",
            "size of the update",
        ),
        "plain": ("def answer(r, k, C0): return float(r @ r / (k @ k))", "Begin with"),
    },
}
