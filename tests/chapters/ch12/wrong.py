"""Named wrong answers of chapter 12: see ``wrong_answers``."""

OVERLAP = "answer = lambda d, a: {0}"


def swapped(
    coin: str = "torch.rand(len(b), 1) < 0.5", p: str = "(1 + c) / (1 + m)", than: str = ">= own"
) -> str:
    """A right solution of 12.4 with some parts changed."""
    return (
        "def answer(b, a, T, m=199):\n"
        "    own, c = T(b, a), 0\n"
        "    for _ in range(m):\n"
        f"        s = {coin}\n"
        f"        c += T(torch.where(s, a, b), torch.where(s, b, a)) {than}\n"
        f"    return {p}"
    )


WRONG = {
    "12.1": {
        "no angle": (OVERLAP.format("math.erfc(d / 2 / math.sqrt(2))"), "at angle 0 for every angle"),
        "radians": (
            OVERLAP.format("math.erfc(d * abs(math.cos(a)) / 2 / math.sqrt(2))"),
            "wants radians",
        ),
        "sine": (
            OVERLAP.format("math.erfc(d * abs(math.sin(math.radians(a))) / 2 / math.sqrt(2))"),
            "sine for cosine|at angle 0",
        ),
        "whole distance": (
            OVERLAP.format("math.erfc(d * abs(math.cos(math.radians(a))) / math.sqrt(2))"),
            "meet halfway",
        ),
        "one tail": (
            OVERLAP.format("math.erfc(d * abs(math.cos(math.radians(a))) / 2 / math.sqrt(2)) / 2"),
            "factor 2",
        ),
    },
    "12.2": {
        "from zero": (
            "def answer(b, a):\n    s = b.square().sum(1).mean().sqrt()\n"
            "    return float((a-b).square().sum(1).mean().sqrt()/s), float((a-b).mean(0).norm()/s)",
            "measured from zero",
        ),
        "mean length": (
            "def answer(b, a):\n    s = (b-b.mean(0)).square().sum(1).mean().sqrt()\n"
            "    return float((a-b).norm(dim=1).mean()/s), float((a-b).mean(0).norm()/s)",
            "mean of the lengths",
        ),
        "per coordinate": (
            "def answer(b, a):\n    s = b.std(0, correction=0).square().mean().sqrt()\n"
            "    return float((a-b).square().sum(1).mean().sqrt()/s), float((a-b).mean(0).norm()/s)",
            "per coordinate",
        ),
        "twice the same": (
            "def answer(b, a):\n    s = (b-b.mean(0)).square().sum(1).mean().sqrt()\n"
            "    x = float((a-b).square().sum(1).mean().sqrt()/s)\n    return x, x",
            "average over the prompts first",
        ),
        "no unit": (
            "def answer(b, a):\n"
            "    return float((a-b).square().sum(1).mean().sqrt()), float((a-b).mean(0).norm())",
            "divide by the natural spread",
        ),
    },
    "12.3": {
        "once": (
            "answer = lambda X, Y: torch.cdist(X,Y).mean()-torch.cdist(X,X).mean()-torch.cdist(Y,Y).mean()",
            "count twice",
        ),
        "across only": ("answer = lambda X, Y: torch.cdist(X, Y).mean()", "within the clouds"),
        "squares": (
            "answer = lambda X, Y: 2*torch.cdist(X,Y).square().mean()-torch.cdist(X,X).square().mean()"
            "-torch.cdist(Y,Y).square().mean()",
            "only the centres",
        ),
        "turned": (
            "answer = lambda X, Y: torch.cdist(X,X).mean()+torch.cdist(Y,Y).mean()-2*torch.cdist(X,Y).mean()",
            "sign is turned",
        ),
        "without itself": (
            "answer = lambda X, Y: 2*torch.cdist(X,Y).mean()-torch.cdist(X,X).sum()/(len(X)*(len(X)-1))"
            "-torch.cdist(Y,Y).sum()/(len(Y)*(len(Y)-1))",
            "at distance 0 from itself",
        ),
    },
    "12.4": {
        "not paired": (
            "def answer(b, a, T, m=199):\n"
            "    own, both, c = T(b, a), torch.cat([b, a]), 0\n"
            "    for _ in range(m):\n"
            "        q = both[torch.randperm(len(both))]\n"
            "        c += T(q[:len(b)], q[len(b):]) >= own\n"
            "    return (1 + c) / (1 + m)",
            "shuffled across prompts",
        ),
        "coordinates": (swapped(coin="torch.rand(b.shape) < 0.5"), "one coin for each prompt"),
        "all together": (
            swapped(coin="(torch.rand(1, 1) < 0.5).expand(len(b), 1)"),
            "swapped together|not computed on shuffled",
        ),
        "no one": (swapped(p="c / m"), "is one of the possible|never 0"),
        "the other tail": (swapped(than="<= own"), "with a drift|one of the possible"),
    },
    "12.5": {
        "straddling": ("answer = lambda n, k=5: torch.randperm(2 * n) % k", "straddles two folds|equal size"),
        "one row each": ("answer = lambda n, k=5: torch.randperm(n) % k", "2n ="),
        "too many": (
            "def answer(n, k=5):\n    f = torch.randperm(n) % (k + 1)\n    return torch.cat([f, f])",
            "there should be",
        ),
        "unequal": (
            "def answer(n, k=5):\n    f = (torch.rand(n) ** 3 * k).long()\n    f[:k] = torch.arange(k)\n"
            "    return torch.cat([f, f])",
            "equal size|a fold holds",
        ),
    },
    "12.6": {
        "lengths add": ("answer = lambda s, n, m: (s / n, 1 / (1 + m))", "lengths do not"),
        "no shorter": ("answer = lambda s, n, m: (s, 1 / (1 + m))", "shorter than each"),
        "zero": ("answer = lambda s, n, m: (s / n ** 0.5, 0)", "never 0"),
        "one over m": ("answer = lambda s, n, m: (s / n ** 0.5, 1 / m)", "counts as well"),
    },
}
