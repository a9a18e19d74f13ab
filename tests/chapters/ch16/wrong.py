"""Named wrong answers of chapter 16: see ``wrong_answers``."""

FOLLOWS = (
    "def answer(knows, before, after):\n"
    "    fair = {fair}\n"
    "    n = int(fair.sum())\n"
    "    return ({share} if n else {empty}), n"
)
RIGHT = {"fair": "knows & ~before", "share": "float(after[fair].float().mean())", "empty": "math.nan"}


def follows(**changed: str) -> str:
    return FOLLOWS.format(**(RIGHT | changed))


SUSPECTS = (
    "def answer(delta, keys, rank):\n"
    "    U, S, V = torch.linalg.svd(delta, full_matrices=False)\n"
    "    V = {V}\n"
    "    return {share}"
)
SHARE = "(keys @ V.T).norm(dim=1) / keys.norm(dim=1)"

WRONG = {
    "16.1": {
        "every question": (follows(fair="torch.ones_like(knows)"), "count every question"),
        "successes for free": (follows(fair="knows"), "liked the new answer \\*already\\*"),
        "unknown hops": (follows(fair="~before"), "whether the model knows"),
        "divided by all": (follows(share="float((after & fair).float().mean())"), "number of all questions"),
        "zero for none": (follows(empty="0.0"), "math.nan"),
    },
    "16.2": {
        "the old object": ("answer = lambda f, p: f'{f.prompt}{f.true}. {p}'", "\\*old\\* object"),
        "no full stop": ("answer = lambda f, p: f'{f.prompt}{f.new} {p}'", "no full stop"),
        "two spaces": ("answer = lambda f, p: f'{f.prompt} {f.new}. {p}'", "two spaces"),
        "behind the prompt": ("answer = lambda f, p: f'{p} {f.prompt}{f.new}.'", "end with the prompt"),
        "the object alone": ("answer = lambda f, p: f'{f.new.strip()}. {p}'", "words of its own prompt"),
    },
    "16.3": {
        "the facts": ("answer = lambda n, s, m, f: min(n, m, f)", "you count facts"),
        "no smaller side": ("answer = lambda n, s, m, f: min(n, s)", "smaller side"),
        "the keys' side only": ("answer = lambda n, s, m, f: min(n, s, f)", "smaller side"),
        "too careful": ("answer = lambda n, s, m, f: min(n, s, m, f) - 1", "not the largest"),
    },
    "16.4": {
        "the loudest direction": (SUSPECTS.format(V="V[:1]", share=SHARE), "first singular vector only"),
        "all directions": (SUSPECTS.format(V="V", share=SHARE), "keep|Keep the first `rank`"),
        "not divided": (
            SUSPECTS.format(V="V[:rank]", share="(keys @ V.T).norm(dim=1)"),
            "divide by its length",
        ),
        "with a sign": (
            SUSPECTS.format(V="V[:rank]", share="(keys @ V.T).sum(1) / keys.norm(dim=1)"),
            "no sign|row space",
        ),
        "squared": (SUSPECTS.format(V="V[:rank]", share=f"({SHARE}) ** 2"), "squared length"),
    },
    "16.5": {
        "the singular vector": (
            "answer = lambda d, k, E, n: (E @ torch.linalg.svd(d)[0][:, 0]).topk(n).indices.tolist()",
            "first left singular vector|less",
        ),
        "the least likely": (
            "answer = lambda d, k, E, n: (E @ (d @ k)).topk(n, largest=False).indices.tolist()",
            "\\*less\\* likely",
        ),
        "all keys at once": (
            "answer = lambda d, k, E, n: (E @ d.sum(1)).topk(n).indices.tolist()",
            "what does ΔW add|less|first left",
        ),
    },
}
