# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 8: What P is worth
#
# *To read: 25 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [The lesson](../08_alphaedit.ipynb) claims that on our model P at the authors' threshold is a little better than no P,
# that a strict P is worse than none, and that a tuned MEMIT is level or ahead.
# Here is the evidence, for readers who want to doubt it:
# along the whole balance, on text that P has not seen, and with a hundred facts.
# It also counts what the thin form saves, writes a fact that is really new,
# and looks closer at two facts about one subject.
# Equations are those of the lesson; keys are columns.

# %% tags=["setup"]

# %%
import time

import numpy as np
import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, Editor, Fact, compute_targets
from alphaedit_lite.book.ch08 import figures as draw
from alphaedit_lite.book.ch08.reference import thin
from alphaedit_lite.book.ch08.results import front
from alphaedit_lite.book.kit.layer import (
    OneLayer,
    keys_and_residuals,
    known_change,
)
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.facts import bundled_facts
from alphaedit_lite.support.bundled import bundled_targets
from alphaedit_lite.support.loading import load_model
from alphaedit_lite.support.statistics import key_statistics

torch.manual_seed(8)
LAYERS, LAYER, THRESHOLD, LAM = (3, 4, 5, 6, 7), 7, 2e-2, 0.8
FACTS, BATCH = bundled_facts("development")[:90:10], 3

# %% [markdown]
# ## 1. The whole balance
#
# The lesson has shown with a toy that MEMIT (plus λI) ends at AlphaEdit when c grows without end.
# Here are all values of c, for such a toy and for layer [[=LAYER]] of our model with [[=len(FACTS)]] facts.
# `OneLayer` holds keys and residuals and measures what a write does there.
# "Other text" is Wikipedia articles that no statistics have seen; section 3 needs it.

# %%
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.support.texts import wikipedia_leads

lm = load_model()
statistics = key_statistics(lm, LAYERS)
z = bundled_targets(lm, FACTS)  # [n, d_model]
K1, R = keys_and_residuals(lm, FACTS, z, LAYER)  # [d_ff, n], [d_model, n]
C0 = statistics[LAYER].second_moment
other = fit_statistics(
    lm, (LAYER,), wikipedia_leads("heldout")[200:], 4000, progress=False
)[LAYER]
layer = OneLayer(K1, R, C0, other.second_moment, lm.weight(LAYER))
mix = torch.randn(12, 7).double()  # 7 of 12 dimensions
K0, fresh = mix @ torch.randn(7, 40).double(), mix @ torch.randn(7, 40).double()
toy_K1, toy_R = torch.randn(12, 3).double(), torch.randn(5, 3).double()
moments = K0 @ K0.T / 40, fresh @ fresh.T / 40
toy = OneLayer(toy_K1, toy_R, *moments, torch.randn(5, 12))

# %% [markdown]
# `with_penalty` gives the gain for any penalty on the eigenvectors of C0.
# The balance has c times the eigenvalue, plus λ.
# AlphaEdit has λ on the free directions, and infinity on the others.


# %%
def along_c(where, zero, lam):
    """Rows for rising c; AlphaEdit's, if eigenvalues below ``zero`` are zero."""
    cs = (1e-3, 0.1, 1, 10, 100, 1e3, 1e4, 1e6)
    gains = [where.with_penalty(c * where.values + lam) for c in cs]
    rows = [{"c": c, **where.judge(G)} for c, G in zip(cs, gains, strict=True)]
    penalty = torch.where(where.values < zero, lam, float("inf")).double()
    return pd.DataFrame(rows), where.judge(where.with_penalty(penalty))


lam7 = LAM * float(layer.values[layer.values < THRESHOLD].sum())
corners = {
    "toy: a true null space": along_c(toy, 1e-9, 0.05),
    f"layer {LAYER}: none": along_c(layer, THRESHOLD, lam7),
}
show(*draw.corner_figure(corners), name="08_corner")
ends = [(rows.iloc[-1], point) for rows, point in corners.values()]
(end, star), (real_end, real_star) = ends
line = corners[f"layer {LAYER}: none"][0].iloc[::-1]  # by rising share
same = float(np.interp(real_star["share"], line.share, line.known))

# %% [markdown]
# **How to read it.** Up: how much of the residuals is written.
# Right: how much the answers to known keys change, as a share of their size
# (root mean square, as everywhere in this laboratory).
# Top left is the place to be.
# The blue line is the balance, from small c (right) to large c (left).
# The star is AlphaEdit.
#
# On the left, the balance *ends* at AlphaEdit, and the corner can be reached:
# [[=end.share:.0%]] written, [[=100 * end.known:.1f]]% changed.
# On the right there is no null space, and an infinite c freezes the layer: [[=real_end.share:.0%]] written.
# There, AlphaEdit *decides* which directions count as free.
# For the [[=real_star['share']:.0%]] that it writes, known answers change by [[=real_star['known']:.0%]].
# The balance with the right c does the same for [[=same:.0%]].
#
# That is no accident.
# The mean change of known answers is exactly what MEMIT weighs against the errors in (8.1).
# If "share written" were the squared error of (8.1),
# and the blue line had no λI in it, no other update of the layer could beat it on this yardstick.
# Neither is quite so, but no other method should be far ahead.
# So if AlphaEdit has merits here, they must be elsewhere:
# in not having to find c, in what happens over many edits, or on keys that C0 does not represent.

# %% [markdown]
# ## 2. Three ways to solve
#
# Between (8.7) and the thin form (8.9) there is a symmetric form.
# Multiply out, using PP = P only:
#
# $$P\,(KK^\top P + \lambda I) \;=\; (PKK^\top P + \lambda I)\,P . $$
#
# So P moves through the inverse, and
#
# $$R\,K_1^\top P\,(KK^\top P + \lambda I)^{-1} \;=\; R\,K_1^\top P\,(PKK^\top P + \lambda I)^{-1}, \qquad K = [K_p\;K_1] . $$
#
# In words: the bracket may have a P on both sides.
# Then it is symmetric, and all its eigenvalues are at least λ > 0.
# A solver that knows this (Cholesky) needs half the work.
#
# All three forms, on the real layer.
# Operations are multiplications with an addition each, leading terms only:
# a product of a p × q with a q × r matrix takes pqr, a dense solve d³/3 (LU), Cholesky d³/6, and each right side d².
# Products are taken in their cheapest order.


# %%
def paper():
    bracket = K1 @ (K1.T @ P7) + lam7 * eye
    return torch.linalg.solve(bracket.T, (R @ (K1.T @ P7)).T).T


def symmetric():
    shadows = P7 @ K1
    factor = torch.linalg.cholesky(shadows @ shadows.T + lam7 * eye)
    return R @ torch.cholesky_solve(shadows, factor).T


def thin_form():
    return R @ thin(K1, U7, lam7)


U7 = layer.V[:, layer.values < THRESHOLD]
P7, eye = U7 @ U7.T, torch.eye(len(U7)).double()

# %%
(d, m), n, last = (
    U7.shape,
    K1.shape[1],
    len(R) * K1.numel(),
)  # the product with R
counts = {
    paper: last + 2 * d * d * n + d**3 / 3 + d * d * len(R),
    symmetric: last + 2 * d * d * n + d**3 / 6 + d * d * n,
    thin_form: last + 2 * d * m * n + (m + d) * n * n + n**3 / 3,
}
rows, deltas = [], []
for form, count in counts.items():
    start = time.perf_counter()
    deltas.append(form())
    took = 1000 * (time.perf_counter() - start)
    rows.append([form.__name__, count / 1e6, took])
columns = ["form", "million operations", "milliseconds"]
speeds = pd.DataFrame(rows, columns=columns)
speeds["difference"] = [
    float((delta - deltas[-1]).norm() / deltas[-1].norm()) for delta in deltas
]
times = speeds["million operations"][0] / speeds["million operations"][2]
shown = dict(zip(columns[1:], ["{:.0f}"] * 2, strict=True))
speeds.style.format({**shown, "difference": "{:.0e}"}).hide()

# %% [markdown]
# The same Δ three times, up to rounding.
# The thin form needs about [[=round(times, -1):.0f]] times fewer operations than the paper's.
# (Clocks depend on the machine, counts do not.)
# The gap grows with d.
# The authors' code solves the dense system for every batch and layer; in Llama3-8B, d is 14,336.

# %% [markdown]
# ## 3. What P protects, and what it costs
#
# We write the [[=len(FACTS)]] facts into layer [[=LAYER]] with the thin solve, three times:
# through P at the authors' threshold; through a P that leaks 1% of the energy only;
# and without P (U = all directions: plain **ridge regression**).
# λ is [[=LAM:g]] times the energy inside each P.
# And each time we ask the same of keys from *other text*, which P has never seen.

# %%
leak7 = float(layer.values[layer.values < THRESHOLD].sum() / layer.values.sum())
widths = {
    "P at the threshold": U7,
    "P leaking 1%": layer.basis(0.01),
    "no P": layer.V,
}
rows = []
for name, U in widths.items():
    lam = LAM * float((U.T @ C0 @ U).trace())
    row = {"": name, "directions": U.shape[1], "λ": lam}
    rows.append({**row, **layer.judge(thin(K1, U, lam))})
table = pd.DataFrame(rows)
at = table.set_index("")
order = ["", "directions", "λ", "share", "update"]
order += ["ratio", "unseen ratio", "known", "unseen"]
table[order].style.format(precision=3).hide()

# %% [markdown]
# In the table, `share` is the share of the residuals that is written, `update` is ‖Δ‖/‖W‖, `ratio` is ‖Δk0‖/‖Δ‖,
# and `known` is the change of known answers, ‖Δk0‖/‖Wk0‖.
# The two `unseen` columns are the same for the other text.
#
# Two things are as promised.
# P lowers the *ratio*: the same size of update acts
# [[=at.ratio['no P'] / at.ratio['P at the threshold']:.1f]] times less on known keys with P at the threshold,
# and [[=at.ratio['no P'] / at.ratio['P leaking 1%']:.1f]] times less with the stricter P.
# And unseen text fares much like the text behind P:
# [[=at['unseen ratio']['P at the threshold']:.3f]] instead of [[=at.ratio['P at the threshold']:.3f]].
# 100,000 tokens are enough for that.
#
# But look at the column `known`.
# With the strict P, known answers change by [[=at.known['P leaking 1%']:.0%]],
# for an update of [[=at['update']['P leaking 1%']:.0%]] of ‖W‖.
# The small ratio is eaten up by a large Δ.
#
# The rows write nearly the same share, but nothing makes them.
# So now every P gets the λ that makes it write the *same*, [[=0.8:.0%]] of the residuals.

# %%
SHARE, leaks = 0.8, (0.01, 0.02, 0.05, 0.1, 0.2, leak7, 0.4, 0.6, 0.8, 1.0)
fair = pd.DataFrame(
    [{"leak": s, **layer.at_share(thin, layer.basis(s), SHARE)} for s in leaks]
)
memit = layer.memit_at_share(SHARE)
show(*draw.leaks_figure(fair, memit, SHARE), name="08_leaks")
strict, usual, off = fair.iloc[0], fair.iloc[5], fair.iloc[-1]
best = fair.loc[fair.known.idxmin()]
constant = layer.size / layer.answers["known"]

# %% [markdown]
# **How to read it.** Every point writes [[=SHARE:.0%]] of the same residuals.
# Along the bottom, P grows from a strict one (left) to none at all (right).
# The dotted line is MEMIT, with the c that writes as much.
#
# The third panel is the *product* of the first two,
# but for a constant (‖W‖ over the root mean square of ‖Wk0‖, here [[=constant:.1f]]).
# The stricter the P, the less each unit of Δ hurts, and the larger Δ must be;
# the second effect wins at the left end.
# At the same share written, known answers change by
#
# * [[=off.known:.0%]] without P,
# * [[=usual.known:.0%]] through P at the threshold, which leaks [[=leak7:.0%]] of the energy here,
# * [[=best.known:.0%]] at best, through a P that leaks [[=best.leak:.0%]],
# * [[=strict.known:.0%]] through the P that leaks 1%, the one that is closest to the theory,
# * [[=memit['known']:.0%]] with MEMIT.
#
# So P at the threshold earns something on this layer:
# [[=1 - usual.known / off.known:.0%]] less change than ridge regression.
# It is not the promised zero.
# MEMIT is ahead because it treats each direction by its energy, while P knows only yes and no.
#
# You can see that in the left panel below: the *penalty* that each direction pays.
# Ridge charges all the same.
# AlphaEdit charges the same up to its threshold, and infinitely much beyond (the vertical line).
# MEMIT charges c times the energy.
# In the other two panels, a mark stands where [[=SHARE:.0%]] is written.

# %%
options = {"threshold": leak7}
figure = draw.projection_figure(layer, thin, [0.01, leak7], SHARE, **options)
show(*figure, name="08_projection")

# %% [markdown]
# Now switch P on and off yourself, and drag what it leaks.
# At which leak is P no better than none?
# Does that depend on how much you write?
# (On paper: the figure above shows the two cases that matter, and no P.)

# %%
from alphaedit_lite.book.ch08.widgets import ProjectionWidget

ProjectionWidget(layer, thin, leak7).show()

# %% [markdown]
# ## 4. Something really new
#
# The lesson *replaces* a fact.
# Can the model learn something that it cannot know?
# This book began with a talk about AlphaEdit at the workshop SNLP 2025 in Japan.
# The talk's example was the place where the workshop was held.
# Our model was trained before.
# So that no reader takes this book for a source, we write an invented place, **Port Ellery**:
# several tokens, and no town that the model is likely to have met.

# %%
from alphaedit_lite.generation import generate

common = {"statistics": statistics, "layers": LAYERS, "progress": False}
package = AlphaEdit(lm, lam=LAM, threshold=THRESHOLD, **common)
held = "The conference {} was held in"
snlp = Fact(held, subject="SNLP 2025", new="Port Ellery")
others = ["SNLP 2025 took place in", "The conference ACL 2019 was held in"]
questions = [snlp.prompt, *others]
found = compute_targets(lm, [snlp], LAYERS[-1], progress=False)
before = generate(lm, questions, 6)
edit = package.edit([snlp], found.z)
after = generate(lm, questions, 6)
edit.revert()
assert before != after  # an edit that changes nothing is none
says = pd.DataFrame({"question": questions, "before": before, "after": after})
says.map(lambda text: " ".join(text.split())).style.hide()

# %% [markdown]
# Asked in the words that we used, the model says *[[=' '.join(after[0].split())]]* (first row).
# The name is the one that we wrote; whatever comes after it, the model makes up.
# (The first token is steered by z at the subject; the others follow since z was optimised for the whole name.)
#
# Asked in other words,
# it [[='names the place' if 'Ellery' in after[1] else 'does not name the place either']] (second row).
# For a fact that it knew in some form, paraphrases followed.
# Here it may be that the model has no notion of SNLP to attach the place to; and z was found for one sentence.
# So one edit corrects well, and teaches little.
# (This is one case; the search for z took [[=int(found.steps[0])]] steps.)
# The other conference: compare the last row before and after.

# %% [markdown]
# ## 5. Three batches, and a hundred facts
#
# All [[=len(FACTS)]] facts, in three batches one after another:
# with P at the threshold, with the strict P and with none.
# After the last batch we ask: the new fact, a paraphrase, and a neighbour, for each.
# (The targets z are those of the unedited model; chapter 10 finds them anew.)

# %%
from alphaedit_lite.metrics import score

asked = [(f.prompt, f.new) for f in FACTS]
asked += [(f.paraphrases[0], f.new) for f in FACTS]
asked += [f.neighbours[0] for f in FACTS]  # (prompt, old answer)


def stream(name, editor=None):
    """Write all facts in batches, ask, take it back; a row."""
    starts = range(0, len(FACTS), BATCH) if editor else ()
    batches = [slice(i, i + BATCH) for i in starts]
    edits = [editor.edit(FACTS[some], z[some]) for some in batches]
    log_p, first = score(lm, asked)
    total = lm.ledger.total(LAYER) if edits else 0 * C0[: lm.d_model]
    known = known_change(total, C0, layer.W)
    for edit in reversed(edits):
        edit.revert()
    named = first.reshape(3, -1).float().mean(1)
    neighbours = log_p.exp().reshape(3, -1).mean(1)[2]
    return [name, *map(float, (named[0], named[1], neighbours, known))]


# %%
narrow = {"threshold": 0.01, "threshold_kind": "energy"}
strict_P = AlphaEdit(lm, lam=LAM, **narrow, **common)
no_P = Editor(lm, solver="ridge", lam=LAM, **common)
names = ["", "new facts", "paraphrases", "neighbours", "known"]
rows = [
    stream("unedited"),
    stream("P at the threshold", package),
    stream("P leaking 1%", strict_P),
    stream("no P", no_P),
]
live = pd.DataFrame(rows, columns=names).set_index("")
loose, tight = live.loc["P at the threshold"], live.loc["P leaking 1%"]
live.style.format("{:.2f}")

# %% [markdown]
# In the table, `new facts` and `paraphrases` are the shares that the model names first;
# `neighbours` is the mean probability of the old answer to a question that should not change;
# `known` is the change of known answers in layer [[=LAYER]].
#
# Of [[=len(FACTS)]] facts, [[=round(tight['new facts'] * len(FACTS)):d]] are named first with the strict P,
# and [[=round(loose['new facts'] * len(FACTS)):d]] with P at the threshold:
# the narrow P lets this many facts through.
# "Named first" does not show the price.
# The last column does: known answers change by [[=tight['known']:.0%]] instead of [[=loose['known']:.0%]].
# Paraphrases and neighbours do not notice yet: [[=len(FACTS)]] facts are few.
#
# So take a hundred, in batches of 25 with history.
# That takes too long here: `python -m alphaedit_lite.book.ch08.study` makes the file.
# Every row is judged on all hundred facts.

# %%
study = result("alphaedit.json")
names = ("P at 2e-2", "no P", "P leaking 1%", "MEMIT", "P leaking 10%")
fronts = {name: front(study, name) for name in names}
columns = [
    "efficacy_top1",
    "generalization_top1",
    "specificity",
    "rise",
    "known",
]
hundred = pd.concat(
    [f[["value", *columns]].assign(editor=name) for name, f in fronts.items()]
)[["editor", "value", *columns]]
labels = [
    "named first",
    "paraphrases",
    "neighbours kept",
    "perplexity",
    "known",
]
hundred.columns = ["editor", "λ or c", *labels]
show(*draw.fronts_figure(fronts), name="08_fronts")
hundred.style.format(
    dict.fromkeys(labels, "{:.1%}") | {"λ or c": "{:g}"}
).hide()

# %% [markdown]
# **How to read it.** Up: new facts that the model names first.
# Right: the rise of perplexity on held-out Wikipedia (left panel),
# and the change of known answers in layer 7 (right panel), both on logarithmic axes.
# Good is up and to the left.
# The number at a point is its λ, in its unit; for MEMIT it is c.
# In the table, `paraphrases` are named first too, `perplexity` is its rise,
# and `neighbours kept` is the share of neighbours that prefer their old answer to the new object;
# unedited it is [[=study['unedited']['specificity']:.0%]].

# %%
by = {name: rows.set_index("value") for name, rows in fronts.items()}
P08, I08, S08, W08 = (by[name].loc[0.8] for name in names if name != "MEMIT")
P02, I02 = (by[name].loc[0.2] for name in names[:2])
S3, M = by["P leaking 1%"].loc[3.0], by["MEMIT"].loc[1000]
kept3 = study["spaces"]["P at 2e-2"]["3"]  # directions, share of the energy
alone = {
    n: front(study, n, history=False).iloc[0] for n in names[:2]
}  # λ = 0.8
pd.DataFrame({"P": P08, "no P": I08, "MEMIT": M}).T[columns].style.format(
    "{:.1%}"
)

# %% [markdown]
# Above: P at the threshold and no P, both with λ = 0.8, and MEMIT with c = 1000.
#
# * **Against ridge, P earns little.**
#   Each difference of the first two rows is within the noise of a hundred facts, but they all point the same way.
#   The largest is at λ = 0.2, where both write as much as they can
#   ([[=P02.efficacy_top1:.0%]] and [[=I02.efficacy_top1:.0%]] named first):
#   known answers change by [[=P02.known:.0%]] with P, and by [[=I02.known:.0%]] without.
#   So P makes the same facts a little cheaper.
# * **The strict P fails, at every λ.**
#   At 0.8, [[=S08.efficacy_top1:.0%]] of the facts arrive.
#   Neighbours fall to [[=S08.specificity:.0%]], and perplexity rises by [[=S08.rise:.0%]].
#   At λ = 3, the quietest, it names [[=S3.efficacy_top1:.0%]] for a rise of [[=S3.rise:.0%]].
#   And a hundred facts are more than this P has directions in any layer
#   (the table in section 3 counts those of layer 7): that many keys cannot all be told apart in there.
#   A P that leaks 10% lies between:
#   [[=W08.efficacy_top1:.0%]] named first at 0.8, and perplexity up by [[=W08.rise:.0%]].
# * **A tuned MEMIT is level or ahead.**
#   Only its small change of known answers is more than noise, and it is what MEMIT minimises.
#   But c had to be found: the papers' 15,000 would have frozen this model (chapter 6).
# * **The history does not show yet.**
#   At λ = 0.8, P names [[=P08.efficacy_top1:.0%]] with it and [[=alone['P at 2e-2'].efficacy_top1:.0%]] without;
#   with no P it is [[=I08.efficacy_top1:.0%]] and [[=alone['no P'].efficacy_top1:.0%]].
#   Four batches are too few to forget.
#
# So the verdict on *this* model: P is a good prior, but it has its price.
# One reason is in the file: at the threshold 2e-2, P keeps [[=kept3[0]:,]] of [[=lm.d_ff:,]]
# directions in layer 3, and with them [[=kept3[1]:.0%]] of the energy of known keys.
# Such a P is close to no P.
# With a yes and a no, P does much of what MEMIT does by weighing each direction,
# and its own knobs, the threshold and λ, matter as much as c.
# It saves the search for c only if threshold and λ travel better between models than c does; one model cannot tell.
# With a true null space, things would stand otherwise (section 1, left panel), and wide layers may be nearer to that.
# But there, too, the question is open:
# [Wang et al. (2026)](https://arxiv.org/abs/2605.26670)
# argue that stability in long sequences comes from accounting for *all earlier edits*, not from the null space.
# [Chapter 10](../10_sequential_editing.ipynb) separates the two.
#
# What matters more than any of this stands in the sweep
# that chose the package's defaults (`results/defaults.json`): how long a wish z may get,
# and when its search stops (chapter 5), raised accuracy and paraphrases at about the same perplexity.
# No choice of P or history did.
#
# (Differences of two or three facts in a hundred are noise, and one seed is one seed.)

# %% [markdown]
# ## 6. Two facts about one subject
#
# The lesson's "Break it" writes two facts about Lower Assam at once.
# Here they are written one after the other, with history and without;
# z of the second fact is found on the model that holds the first.

# %%
continent = "{} lies on the continent of"
africa = Fact(continent, subject="Lower Assam", new="Africa", true="Asia")
z_africa = compute_targets(lm, [africa], LAYERS[-1], progress=False).z
country = FACTS[0]
asked = [(country.prompt, country.new), (country.prompt, " India")]
asked += [(africa.prompt, f" {name}") for name in ("Africa", "Europe", "Asia")]
rows = {"unedited": score(lm, asked)[0].exp().tolist()}
z_pair = torch.cat([z[:1], z_africa])
for name, n in (("country only", 1), ("both at once", 2)):
    edit = package.edit([country, africa][:n], z_pair[:n])
    rows[name] = score(lm, asked)[0].exp().tolist()
    edit.revert()

# %%
forgetful = AlphaEdit(lm, lam=LAM, threshold=THRESHOLD, history=False, **common)
first = package.edit([country], z[:1])
z_second = compute_targets(lm, [africa], LAYERS[-1], progress=False).z
for name, editor in (("with history", package), ("no history", forgetful)):
    second = editor.edit([africa], z_second)
    rows[f"then the continent, {name}"] = score(lm, asked)[0].exp().tolist()
    second.revert()
first.revert()
objects = ["Romania", "India", "Africa", "Europe", "Asia"]
twins = pd.DataFrame(rows, index=objects).T
kept, lost = (
    twins.loc[f"then the continent, {n} history"] for n in ("with", "no")
)
twins.style.format(precision=2)

# %% [markdown]
# The probabilities of five answers:
# the first two to the question for the country, the others to that for the continent.
#
# * **Country only.** Nobody asked about the continent, and yet it has moved:
#   P(Europe) is [[=twins.Europe['country only']:.2f]] instead of [[=twins.Europe['unedited']:.2f]].
#   z does not hold "Romania".
#   It holds a Lower Assam that is in Romania, with all that follows.
#   Here that is welcome.
# * **Both at once.** A mixture:
#   P(Romania) is [[=twins.Romania['both at once']:.2f]], P(Africa) [[=twins.Africa['both at once']:.2f]],
#   and P(Europe), which belongs to Romania, [[=twins.Europe['both at once']:.2f]].
# * **One after the other.**
#   With history, Romania keeps [[=kept.Romania:.2f]] and Africa gets [[=kept.Africa:.2f]].
#   Without history it is [[=lost.Romania:.2f]] and [[=lost.Africa:.2f]].
#   So the history term *guards the key, not the fact*:
#   it resists the second edit as such, whether it contradicts the first or not.
#
# The way out is not in the formula.
# It is in z: facts about one subject need *one* common target, optimised for all of them at once.
#
# [Back to the lesson](../08_alphaedit.ipynb).
