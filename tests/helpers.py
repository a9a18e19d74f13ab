"""What tests of several modules use: an editor for the tiny models of conftest, and hand-made results."""

import dataclasses

import torch
import torch.nn.functional as F

from alphaedit_lite import Editor, EditorConfig, Fact, KeyStatistics, TargetConfig
from alphaedit_lite.hooks import hooked
from alphaedit_lite.prompts import encode_fact

LAYERS = (1, 2, 3)
PLAIN = TargetConfig(search="adam", steps=6, early_stop=False, clamp=0.9)


def editor_for(lm, config=None, **settings):
    """An editor of a tiny model; what ``config`` does not leave at its default stays as it says."""
    if config is not None:
        default = EditorConfig()
        changed = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
        settings |= {name: value for name, value in changed.items() if value != getattr(default, name)}
    torch.manual_seed(3)
    statistics = {}
    for layer in LAYERS:
        statistics[layer] = KeyStatistics.empty(lm.d_ff)
        statistics[layer].update(torch.randn(500, lm.d_ff) * torch.linspace(0.01, 1, lm.d_ff))
    given = {"layers": LAYERS, "threshold": 0.3, "threshold_kind": "relative", "targets": PLAIN, **settings}
    return Editor(lm, EditorConfig(**given), statistics=statistics, progress=False)


def weights(lm):
    return {name: value.clone() for name, value in lm.model.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def plain_target(lm, fact, layer, config):
    """One fact, one prompt at a time, whole forward passes, a hook: written from the definition."""
    encoded = encode_fact(lm.tokenizer, fact, config.prefixes, True)
    essence = encode_fact(lm.tokenizer, Fact("{} is a", fact.subject, "x"), ("",), False)[0]
    delta = torch.zeros(lm.d_model, requires_grad=True)
    optimiser = torch.optim.Adam([delta], lr=config.lr)
    h = []
    with hooked(outputs={lm.block(layer): h.append}), torch.no_grad():
        lm.model(torch.tensor([encoded[0].ids]))
        before = lm.model(torch.tensor([essence.ids])).logits[0, essence.subject].log_softmax(-1)
    h = h[0][0, encoded[0].subject]
    for step in range(config.steps):

        def add(x, at, delta=delta):
            return torch.cat([x[:, :at], x[:, at : at + 1] + delta, x[:, at + 1 :]], 1)

        nll = 0
        for row in encoded:
            with hooked(outputs={lm.block(layer): lambda x, at=row.subject: add(x, at)}):
                log_p = lm.model(torch.tensor([row.ids])).logits[0].log_softmax(-1)
            steps = range(row.object, len(row.ids))
            nll = nll - sum(log_p[t - 1, row.ids[t]] for t in steps) / len(steps) / len(encoded)
        with hooked(outputs={lm.block(layer): lambda x: add(x, essence.subject)}):
            now = lm.model(torch.tensor([essence.ids])).logits[0, essence.subject].log_softmax(-1)
        kl = F.kl_div(before, now, log_target=True, reduction="sum")
        loss = nll + config.kl * kl + config.weight_decay * delta.norm() / h.norm() ** 2
        if loss < 0.05 or step == config.steps - 1:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            if delta.norm() > config.clamp * h.norm():
                delta *= config.clamp * h.norm() / delta.norm()
    return h + delta.detach(), nll.detach()


FACTS = [
    Fact(
        "{} is located in",
        "Paris",
        "Rome",
        "France",
        ("The city of Paris is in",),
        (("Lyon is in", "France"),),
    ),
    Fact("{} speaks", "Anna", "Dutch"),
]


# -- results of streams and sweeps, made by hand -----------------------------------------------------------

METRICS = ("efficacy", "efficacy_top1", "generalization", "generalization_top1", "specificity")


def cohort(first: int, values: list) -> dict:
    return {"first": first, "facts": len(values), "scores": {name: values for name in METRICS}}


def checkpoint(edits: int, cohorts: list[dict], perplexity: float | None = 20.0, **changed) -> dict:
    found = {
        "edits": edits, "cohorts": cohorts, "perplexity": perplexity,
        "pairs": {"b": "01", "a": "1100"}, "last words": "10", "says": {"Once": " upon a time"},
        "norm": {"3": 8.0, "4": 9.0},
        "update": {"3": 0.001 * edits, "4": 0.003 * edits} if edits else {},
        "spectrum": {}, "collapsed": perplexity is None, "seconds": 1.0,
    }  # fmt: skip
    return found | changed


def stream(editor: str = "AlphaEdit", slope: float = 0.2) -> dict:
    """300 edits; a quarter of each hundred judged, at the end all; the first cohort fades by ``slope``."""
    fresh, old = [1.0] * 20 + [0.0] * 5, [1.0] * (20 - round(25 * slope)) + [0.0] * (5 + round(25 * slope))
    every, missing = [v for v in old for _ in range(4)], [0.0] * 99 + [None]
    return {
        "editor": editor, "seed": 0,
        "checkpoints": [
            checkpoint(0, [cohort(0, [0.0] * 25)]),
            checkpoint(100, [cohort(0, fresh)], 21.0),
            checkpoint(200, [cohort(0, old), cohort(100, fresh)], 22.0),
            checkpoint(300, [cohort(0, every), cohort(100, [1.0] * 100), cohort(200, missing)], 24.0),
        ],
    }  # fmt: skip


def row(editor: str, knob: str, hits: int, perplexity: float | None, projected: str = "without P") -> dict:
    scores = {name: [1.0] * hits + [0.0] * (20 - hits) for name in METRICS}
    return {
        "editor": editor, "knob": knob, "projected": projected, "settings": {}, "scores": scores,
        "perplexity": perplexity, "update": 0.3, "seconds": 2.0,
    }  # fmt: skip
