"""Named wrong answers of chapter 2."""

WRONG: dict[str, dict[str, tuple[str, str]]] = {
    "02.1": {
        "two matrices": (
            "answer = lambda d, f, kv: 2 * d * f / (2 * d * f + 2 * d * d * (1 + kv))",
            "three: gate, up and down",
        ),
        "full attention": ("answer = lambda d, f, kv: 3 * d * f / (3 * d * f + 4 * d * d)", "kv_share"),
        "a ratio": ("answer = lambda d, f, kv: 3 * d * f / (2 * d * d * (1 + kv))", "divided by attention"),
        "attention's share": (
            "answer = lambda d, f, kv: 1 - 3 * d * f / (3 * d * f + 2 * d * d * (1 + kv))",
            "share of attention",
        ),
    },
    "02.2": {
        "exchanged": ("answer = lambda x, g, u: torch.nn.functional.silu(x @ u.T) * (x @ g.T)", "exchanged"),
        "a sigmoid": ("answer = lambda x, g, u: torch.sigmoid(x @ g.T) * (x @ u.T)", "sigmoid of the gate"),
        "no up": ("answer = lambda x, g, u: torch.nn.functional.silu(x @ g.T)", "up part is missing"),
        "around all": (
            "answer = lambda x, g, u: torch.nn.functional.silu((x @ g.T) * (x @ u.T))",
            "whole product",
        ),
        "a ReLU": ("answer = lambda x, g, u: torch.relu(x @ g.T) * (x @ u.T)", "entry by entry"),
        "ReLU twice": (
            "answer = lambda x, g, u: torch.relu(x @ g.T) * torch.relu(x @ u.T)",
            "change its sign",
        ),
        "transposed": (
            "answer = lambda x, g, u: (torch.nn.functional.silu(x @ g.T) * (x @ u.T)).T",
            "5 tokens in a layer with 12",
        ),
    },
    "02.3": {
        "loud neurons": ("answer = lambda p, r: p.mean(0) - r.mean(0)", "merely loud"),
        "no baseline": ("answer = lambda p, r: p.mean(0) / r.std(0)", "subtract the mean"),
        "no sign": ("answer = lambda p, r: (p.mean(0) - r.mean(0)).abs() / r.std(0)", "leave the sign"),
        "few tokens": ("answer = lambda p, r: (p.mean(0) - r.mean(0)) / p.std(0)", "yardstick"),
        "over neurons": ("answer = lambda p, r: (p.mean(1) - r.mean()) / r.std()", "along dimension 0"),
    },
    "02.4": {
        "the sum": ("answer = lambda k, W, r: r @ (W @ k)", "Keep the summands"),
        "values only": ("answer = lambda k, W, r: r @ W", "coefficient of 1"),
        "no sign": ("answer = lambda k, W, r: (k * (r @ W)).abs()", "never negative"),
        "matrix": ("answer = lambda k, W, r: W * k", "one number for each"),
        "shared out": (
            "answer = lambda k, W, r: (r @ W @ k) * k.abs() / k.abs().sum()",
            "only its own|never neg",
        ),
    },
    "02.5": {
        "on top": ("answer = lambda gap, c: gap / c", "on top"),
        "wrong sign": ("answer = lambda gap, c: 1 - gap / c", "sign is turned"),
        "a product": ("answer = lambda gap, c: 1 + gap * c", "not the gap"),
    },
}
