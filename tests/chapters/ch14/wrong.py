"""Named wrong answers of chapter 14: see ``wrong_answers``."""

FORGOTTEN = (
    "def answer(deltas, keys):\n"
    "    lost = []\n"
    "    for b in range(len(deltas)):\n"
    "        own = (deltas[b] @ keys[b]).norm()\n"
    "        lost.append(float({lost}))\n"
    "    return lost"
)
RLS = (
    "def answer(S, K, R):\n"
    "    G = S @ K\n"
    "    eye = torch.eye(K.shape[1], dtype=K.dtype)\n"
    "    J = {J}\n"
    "    return {delta}, {S}"
)
RIGHT = {"J": "torch.linalg.solve(eye + K.T @ G, G.T)", "delta": "R @ J", "S": "S - G @ J"}
EVOLVE = (
    "def answer(P, K):\n"
    "    left, sizes, _ = torch.linalg.svd({of}, full_matrices=False)\n"
    "    Q = left[:, {kept}]\n"
    "    return {P}"
)
PROJECTOR = {"of": "P @ K", "kept": "sizes > 1e-8 * K.norm()", "P": "P - Q @ Q.T"}


def lost(expression: str) -> str:
    return FORGOTTEN.format(lost=expression)


def rls(**changed: str) -> str:
    return RLS.format(**(RIGHT | changed))


def evolve(**changed: str) -> str:
    return EVOLVE.format(**(PROJECTOR | changed))


WRONG = {
    "14.1": {
        "lengths": ("answer = lambda s: (s, s**2, 1)", "mean \\*squares\\*"),
        "λ as a length": ("answer = lambda s: (s**2, s, 1)", "product of two keys"),
        "c like λ": ("answer = lambda s: (s**2, s**2, s**2)", "what is left for c"),
        "upside down": ("answer = lambda s: (s**-2, s**2, 1)", "factor of τ"),
        "one number": ("answer = lambda s: s**2", "three things"),
    },
    "14.2": {
        "lengths added": (
            lost("sum((d @ keys[b]).norm() for d in deltas[b + 1:]) / own"),
            "Later changes can cancel",
        ),
        "itself": (
            lost("(sum(deltas[b:], torch.zeros_like(deltas[b])) @ keys[b]).norm() / own"),
            "did you count its own",
        ),
        "the past": (
            lost("(sum(deltas[:b], torch.zeros_like(deltas[b])) @ keys[b]).norm() / own"),
            "own Δ|\\*before\\* a batch",
        ),
        "squares": (
            lost("(sum(deltas[b + 1:], torch.zeros_like(deltas[b])) @ keys[b]).norm() ** 2 / own ** 2"),
            "take the root",
        ),
        "not a share": (
            lost("(sum(deltas[b + 1:], torch.zeros_like(deltas[b])) @ keys[b]).norm()"),
            "divide its norm",
        ),
    },
    "14.3": {
        "W for granted": (
            "answer = lambda n, g: (1 + math.sqrt(n) * g, 1 + n * g, (1 + g) ** n)",
            "right angle to the updates as well",
        ),
        "end to end": ("answer = lambda n, g: (1 + n * g, 1 + n * g, (1 + g) ** n)", "squares add up"),
        "no interest": (
            "answer = lambda n, g: (math.sqrt(1 + n * g**2), 1 + n * g, 1 + n * g)",
            "of that moment|\\*that moment",
        ),
        "two swapped": (
            "answer = lambda n, g: (math.sqrt(1 + n * g**2), (1 + g) ** n, 1 + n * g)",
            "arrows laid end to end",
        ),
    },
    "14.4": {
        "alone": (rls(J="G.T"), "\\(I \\+ KᵀG\\)⁻¹ is missing"),
        "no identity": (rls(J="torch.linalg.pinv(K.T @ G) @ G.T"), "The I in|the I in"),
        "plus": (rls(S="S + G @ J"), "S must shrink"),
        "no memory": (rls(S="S"), "no history"),
        "the gain": (rls(delta="J"), "is R in it"),
        "inverted": (
            "def answer(S, K, R):\n"
            "    new = torch.linalg.pinv(torch.linalg.inv(S + 1e-12 * torch.eye(len(S))) + K @ K.T)\n"
            "    return R @ K.T @ new, new",
            "has none: solve n × n systems only",
        ),
    },
    "14.5": {
        "of the keys": (evolve(of="K"), "those of P K"),
        "not orthonormal": ("answer = lambda P, K: P - (P @ K) @ (P @ K).T", "no projection: take an"),
        "every vector": (evolve(kept=":"), "one direction too many"),
        "plus": (evolve(P="P + Q @ Q.T"), "Subtract Q"),
        "unchanged": ("answer = lambda P, K: P", "can still be reached"),
        "relative to itself": (evolve(kept="sizes > 1e-8 * sizes.max()"), "must cost nothing"),
    },
}
