"""Named wrong answers: exercise -> {the mistake: (code that sets ``answer``, what its hint must say)}.

``CONTEXT`` is what the cells of the exercises may rely on: the imports of their chapters.
"""

from tests.notebooks.wrong_01 import WRONG_01
from tests.notebooks.wrong_03 import WRONG_03
from tests.notebooks.wrong_04 import WRONG_04
from tests.notebooks.wrong_05 import WRONG_05
from tests.notebooks.wrong_06 import WRONG_06
from tests.notebooks.wrong_08 import WRONG_08
from tests.notebooks.wrong_09 import WRONG_09
from tests.notebooks.wrong_10 import WRONG_10
from tests.notebooks.wrong_11 import WRONG_11
from tests.notebooks.wrong_12 import WRONG_12
from tests.notebooks.wrong_13 import WRONG_13
from tests.notebooks.wrong_14 import WRONG_14
from tests.notebooks.wrong_15 import WRONG_15
from tests.notebooks.wrong_16 import WRONG_16

CONTEXT = "import math\nimport torch\nfrom alphaedit_lite import *\n"

WRONG: dict[str, dict[str, tuple[str, str]]] = {}

WRONG |= {
    "99.1": {
        "the sum": ("answer = lambda x: x.sum()", "forget to divide"),
        "the median": ("answer = lambda x: x.median()", "not the mean"),
    },
    "99.2": {
        "one number": ("answer = lambda x: x.mean()", "shape"),
        "minus the sum": ("answer = lambda x: x - x.sum()", "not the sum"),
    },
    "99.3": {"one": ("answer = 1", "standard deviation"), "two": ("answer = 2", "1, 3")},
}

# Chapter 7: keys are columns, K0 is d × N.
WRONG |= {
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

WRONG |= {
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

WRONG |= WRONG_06

WRONG |= WRONG_04

WRONG |= WRONG_05

WRONG |= WRONG_03

WRONG |= WRONG_01

WRONG |= WRONG_08

WRONG |= WRONG_09
WRONG |= WRONG_10
WRONG |= WRONG_11
WRONG |= WRONG_12
WRONG |= WRONG_13
WRONG |= WRONG_14
WRONG |= WRONG_15
WRONG |= WRONG_16
