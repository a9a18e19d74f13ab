# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 6: The knob, measured
#
# *To read: 20 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [Chapter 6](../06_memit.ipynb) claims that gradient descent ends at MEMIT's formula,
# that the width of the layer is the unit of c,
# that spreading over layers writes more for less harm, and that no c has everything.
# Here each claim meets the real model: 1536 dimensions, a hundred facts, four layers.
# Read it if you want to know how far a formula for one fact and one layer carries.

# %% tags=["setup"]

# %%
# Parameters: the layers, the one that we look at most closely, c, the facts.

import pandas as pd
import torch

from alphaedit_lite import (
    bundled_facts,
    bundled_targets,
    key_statistics,
    load_model,
)
from alphaedit_lite.book.ch06 import figures as draw
from alphaedit_lite.book.ch06.reference import (
    closed_form,
    gradient,
    left_over,
    on_paper,
    thin,
)
from alphaedit_lite.book.kit.layer import keys_and_residuals
from alphaedit_lite.book.kit.plots import show

torch.manual_seed(6)
LAYERS, LAYER, C = (4, 5, 6, 7), 7, 1000
FACTS = bundled_facts("development")[:100:5]

# %%
lm = load_model()
statistics = key_statistics(lm, LAYERS)  # from 100,000 tokens of Wikipedia
C0 = statistics[LAYER].second_moment  # [d_ff, d_ff], float64
z = bundled_targets(lm, FACTS)  # [n, d_model]
K1, R = keys_and_residuals(lm, FACTS, z, LAYER)  # columns
best = closed_form(K1, R, C0, C)
print(f"‖Δ‖ / ‖W‖ = {best.norm() / lm.weight(LAYER).norm():.1%}")

# %% [markdown]
# ## 1. Gradient descent in a real layer
#
# The rows of Δ do not know of each other: each is a least-squares problem of its own.
# So it is enough to watch eight of the 576.
# `height` is the objective (6.1), and the step is about half the largest safe one.

# %%
few, exact = R[:8], best[:8]
H = C * C0 + K1 @ K1.T  # the curvature of the bowl, [d_ff, d_ff]
curvature, axes = torch.linalg.eigh(H)


def height(delta):
    error = (delta @ K1 - few).square().sum()
    return float(error + C * ((delta @ C0) * delta).sum())


lowest, start = height(exact), height(0 * exact)
delta, steps, apart, excess = torch.zeros_like(exact), [], [], []
for step in range(1, 501):
    slope = gradient(delta, K1, few, C0, C)
    delta = delta - 0.45 / curvature[-1] * slope
    if step in (1, 2, 3, 5, 7) or step % 10 == 0:
        steps.append(step)
        apart.append(float((delta - exact).norm() / exact.norm()))
        excess.append((height(delta) - lowest) / (start - lowest))
show(*draw.descent_figure(steps, apart, excess), name="06_descent")

# %% [markdown]
# **How to read it.** Both axes are logarithmic, and both curves begin near 1, which is Δ = 0.
# Solid: the distance from Δ to the closed form.
# Dashed: how far the objective is above the least one.
# After 500 steps, [[=apart[-1]:.0%]] of the distance is left.
#
# We need not walk on to know when it arrives.
# The step is 0.45/λ_max and the slope has a factor 2.
# So along axis i of the bowl, with curvature λᵢ, every step multiplies the distance by 1 − 0.9 λᵢ/λ_max.
# (With a step 2¼ times as long this would be below −1 on the steepest axis, and the walk would fly apart.)
# The number of steps can be computed:

# %%
parts = (exact @ axes).square().sum(0)  # how much of Δ lies along each axis


def distance(t):
    stays = (1 - 0.9 * curvature / curvature[-1]).abs() ** (2 * t)
    return float((stays * parts).sum() / parts.sum()) ** 0.5


assert abs(distance(500) / apart[-1] - 1) < 0.01  # as the walk has found
needed = next(t for t in range(10, 1_000_000, 10) if distance(t) < 0.01)
less = torch.linalg.eigvalsh(C0 + K1 @ K1.T)  # the same bowl with c = 1
print(f"within 1% after about {needed:,} steps")
print(f"steepest / flattest axis: {curvature[-1] / curvature[0]:,.0f}")
print(f"with c = 1: {less[-1] / less[0]:,.0f}")

# %% [markdown]
# The walk looks finished long before it is.
# After some hundreds of steps it has come down 99% of the height,
# but Δ needs about [[=round(needed, -2):,]] steps to come 99% of its way.
# Descent first falls down the steep walls, towards fitting the new facts *along the keys themselves*.
# Then it creeps along the flat valley floor, to where the known keys are disturbed least.
# The flattest axis is where C0 is smallest, and with a smaller c the bowl is flatter still (the second ratio).
# The closed form jumps there in one solve.
# That is its whole advantage: not a different optimum, only a shorter way.
#
# What does the n × n system save?

# %%
import time
from itertools import pairwise

from alphaedit_lite import EditorConfig, solvers

times = [time.perf_counter()]
M1 = torch.linalg.solve(C0, K1)  # once, for every c
times.append(time.perf_counter())
G = thin(K1, M1, C)
times.append(time.perf_counter())
wide = closed_form(K1, R, C0, C)
times.append(time.perf_counter())
once, small, dense = (1000 * (b - a) for a, b in pairwise(times))
print(f"once: M1 {once:.0f} ms; then for each c:")
print(f"thin {small:.1f} ms, (6.4) {dense:.0f} ms")
ours = solvers.memit(K1.T, C0, C)  # in code, keys are rows: [n, d_ff]
print(f"the package's c: {EditorConfig().weight:,.0f}")
print(f"package and thin: {float((ours - G).norm() / G.norm()):.0e}")

# %% [markdown]
# ## 2. How strange are facts?
#
# The mean strangeness s = kᵀC0⁻¹k over the keys that C0 was made from is d_ff.
# What is it on tokens that C0 has not seen, and on facts?

# %%
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.support.texts import wikipedia_leads

s = (K1 * M1).sum(0)  # of each fact, [n]
median = float(s.median())
heldout = wikipedia_leads("heldout")
fresh = fit_statistics(lm, (LAYER,), heldout, 1000, progress=False)[LAYER]
typical = float(torch.linalg.solve(C0, fresh.second_moment.to(C0)).trace())
print(f"1000 new tokens, in the mean: {typical:.0f}")
print(f"facts: {s.min():.0f} to {s.max():.0f}, median {median:.0f}")
widths = {
    "this model": 1536,
    "GPT2-XL": 6400,
    "Llama3-8B": 14_336,
    "GPT-J": 16_384,
}
written = [on_paper(d, 15_000, 0.9, d)[0] for d in widths.values()]
columns = {"d_ff": widths.values(), "written at c = 15,000": written}
papers = pd.DataFrame(columns, index=list(widths))
papers.style.format("{:.0%}", subset=["written at c = 15,000"])

# %% [markdown]
# The last column is d_ff / (c + d_ff), the share for a key of mean strangeness.
# c = 15,000 writes half of the residual in GPT-J, whose settings it comes from, and [[=written[0]:.0%]] here.
# Nothing is wrong with 15,000, and nothing is wrong with our model.
# The knob has a scale; it just is not written on the dial.
#
# Tokens that C0 has never seen are only a little stranger
# (in the mean [[=round(typical, -2):,.0f]] against [[=lm.d_ff:,]]).
# A median fact of layer 7 is about as strange as such a token,
# the strangest [[=float(s.max()) / typical:.1f]] times as much.
# Of the other models the table knows only the width: how strange *facts* are there, we have not measured.
#
# And n facts at once?
# Then (6.6) mixes them, through the products kᵢᵀC0⁻¹kⱼ of different keys.
# How much does that change?

# %%
arrived = (best @ K1 * R).sum(0) / R.square().sum(0)  # all at once
alone = s / (C + s)  # the formula for one fact
mixed = float((arrived - alone).abs().max())
others = ~torch.eye(len(FACTS), dtype=torch.bool)
unit = K1 / K1.norm(dim=0)
plain = (unit.T @ unit)[others].abs()
divided = (K1.T @ M1 / (s[:, None] * s).sqrt())[others].abs()
print(f"all at once against the formula for one: {mixed:.2f} at most")
print(f"cosines of keys: median {plain.median():.2f}, max {plain.max():.2f}")
print(f"with C0⁻¹: median {divided.median():.2f}, max {divided.max():.2f}")

# %% [markdown]
# Little, for these twenty: the shares written at c = [[=C:,]]
# differ from the formula for one by [[=mixed:.2f]] at most.
# Division by C0 takes out what all keys have in common,
# and most pairs of different subjects are then nearly at right angles.
# Not all pairs: section 6 has one that is not.
#
# ## 3. A hundred facts: every c that we measured
#
# The study behind the chapter's figure writes a hundred facts in one batch into layers 4 to 7,
# and asks about every fourth: 25 facts, two paraphrases and three neighbours of each.
# It takes too long to run here; `python -m alphaedit_lite.book.ch06.study` makes the file.

# %%
from alphaedit_lite.book.ch06.results import sweep
from alphaedit_lite.book.kit.results import result

study = result("memit.json")
table, unedited = sweep(study, n=100, layers=LAYERS)
at = table.set_index("c")
names = {
    "efficacy_top1": "new facts named first",
    "generalization_top1": "in paraphrases",
    "specificity": "neighbours: old beats new",
    "specificity_top1": "neighbours: old named first",
    "rise": "perplexity rises by",
}
shown = at[[*names]].rename(columns=names)
shown.index = [f"c = {c:,}" for c in shown.index]
shown.loc["unedited"] = [*unedited[[*names][:-1]], 0.0]
shown.style.format("{:.0%}").format("{:.1%}", subset=["perplexity rises by"])

# %% [markdown]
# * At c = 1000, [[=at.efficacy_top1[1000]:.0%]] of the new facts are named first,
#   and [[=at.generalization_top1[1000]:.0%]] in paraphrases.
#   The price: perplexity rises by [[=at.rise[1000]:.1%]].
#   The old answer is still the first for [[=at.specificity_top1[1000]:.0%]] of the neighbours,
#   instead of [[=unedited.specificity_top1:.0%]].
# * At the papers' 15,000 the text is safe, and [[=at.efficacy_top1[15000]:.0%]] of the facts arrive: frozen.
# * At c = 1, paraphrases gain ([[=at.generalization_top1[1]:.0%]]), perplexity pays ([[=at.rise[1]:.1%]]),
#   and neighbours too ([[=at.specificity_top1[1]:.0%]]).
#
# The [[=1 - at.efficacy_top1[1]:.0%]] that are missing even at c = 1 are not a matter of c:
# there the new object beats the old one in [[=at.efficacy[1]:.0%]] of the facts, but some third word comes first.
#
# Two remarks in fairness.
# The damage is mild here: a hundred facts are few, and they went in as one batch.
# It adds up over many batches (chapter 10).
# And one fact of the 25 is four per cent: small differences mean nothing.
#
# ## 4. What is left over, on the way through four layers
#
# Exercise 06.5 supposes that every layer writes the same share of what it is asked for, and that layers add up.
# Here are eight facts in four real layers, with the reader's thin solve.
# What each layer was asked for is kept in the edit (`residual`).
# Times the number of layers left, it is what was missing in front of that layer.
# Behind the last one we look at the edited model itself (`missing`), at the bare prompts.

# %%
from alphaedit_lite.book.ch06.experiments import own_editor
from alphaedit_lite.metrics import score

EIGHT = FACTS[::3] + FACTS[1:2]
z8 = bundled_targets(lm, EIGHT)
asked = [(f.prompt, f.new) for f in EIGHT]
asked += [(f.paraphrases[0], f.new) for f in EIGHT]
asked += [f.neighbours[0] for f in EIGHT]  # (prompt, old answer)


def gain(K1, C0, c):
    """As in the chapter, with C0⁻¹K1 by Cholesky: C0 is symmetric."""
    half = torch.linalg.cholesky(C0)
    return thin(K1, torch.cholesky_solve(K1, half), c)


def ask():
    return score(lm, asked)[0].exp().reshape(3, -1).mean(1).tolist()


# %% [markdown]
# Three values of c; after each write we ask the model, and look at what is missing:

# %%
edits, missing, rows = {}, {}, {"unedited": ask()}
for c in (15_000, 1000, 1):
    edits[c] = own_editor(lm, gain, c, LAYERS, statistics).edit(EIGHT, z8)
    rows[f"c = {c:,}"] = ask()
    missing[c] = keys_and_residuals(lm, EIGHT, z8, LAYER)[1]
    edits[c].revert()
columns = ["new fact", "paraphrase", "neighbour, old"]
live = pd.DataFrame(rows, index=columns).T
live.style.format("{:.2f}")

# %% [markdown]
# These are mean probabilities, as in the chapter, where twenty facts went into one layer.
# And what was left over, by the model and by the formula?
# For the formula we take the median strangeness over facts and layers.

# %%
keys = edits[15_000].keys  # of a model that has hardly been touched
strange = []
for i, k in keys.items():  # rows, [n, d_ff]
    k = k.cpu()
    weighted = torch.linalg.solve(statistics[i].second_moment, k.T.double())
    strange.append((k.T * weighted).sum(0))
fact = float(torch.cat(strange).median())
rows = []
for c in (1, 1000, 15_000):
    asks = [edits[c].residual[i].norm() * (4 - n) for n, i in enumerate(LAYERS)]
    left = [*asks, missing[c].norm()]
    rows.append([c, "the model", *(float(x / left[0]) for x in left[1:])])
    share = on_paper(fact, c, 0.9, lm.d_ff)[0]
    all4 = left_over(share, 4)
    path = [all4 / left_over(share, 3 - n) for n in range(3)]
    rows.append([c, "06.5", *path, all4])
after = [f"after layer {i}" for i in LAYERS]
spread = pd.DataFrame(rows, columns=["c", "left over, by", *after])
spread.style.format(precision=2).format("{:,.0f}", subset=["c"]).hide()

# %% [markdown]
# Look at the last column first.
# At c = 1000 the formula says [[=spread['after layer 7'][3]:.2f]] and the model [[=spread['after layer 7'][2]:.2f]];
# at 15,000, [[=spread['after layer 7'][5]:.2f]] and [[=spread['after layer 7'][4]:.2f]].
# For a pencil that is good.
# But two things are not as supposed:
#
# * *On the way, the model lags behind.*
#   At c = 1 every layer should deliver all that it is asked for,
#   and after three of four layers [[=spread['after layer 6'][1]:.2f]] should be left:
#   it is [[=spread['after layer 6'][0]:.2f]].
#   The layers do not simply add up.
#   The blocks above read what a lower one has written, and change it on its way.
#   The last layer, which is asked for all the rest, makes good for most of it.
# * *At the end, zero is not zero.*
#   With c = 1 layer 7 answers the *mean* keys as asked.
#   The bare prompts' own keys are a little different,
#   and there [[=spread['after layer 7'][0]:.2f]] of the residual is left.
#   It is ROME's promise again (chapter 5), and as little to be had.
#
# ## 5. One, two or four layers
#
# The same batch of a hundred facts, written into one, two and four layers:

# %%
tables = {
    "layer 7": sweep(study, 100, (7,))[0],
    "layers 6, 7": sweep(study, 100, (6, 7))[0],
    "layers 4 to 7": table,
}
show(*draw.layers_figure(tables), name="06_layers")
one, two = (tables[name].set_index("c") for name in ("layer 7", "layers 6, 7"))

# %% [markdown]
# **How to read it.** Along each line, c changes.
# A ring marks c = 1000; from there a smaller c leads up (or nowhere), a larger one down.
# Upwards, both panels show the new facts named first.
# Left, perplexity: good is up and to the *left*.
# Right, neighbours whose old answer beats the new object: good is up and to the *right*.
#
# Look at the three rings.
# At the same c = 1000, layer 7 alone writes [[=one.efficacy_top1[1000]:.0%]] of the facts,
# four layers [[=at.efficacy_top1[1000]:.0%]].
# Exercise 06.5 explains it: spreading *writes more*, since what one layer leaves is asked for again.
# At c = 15,000 the formula leaves [[=left_over(share, 1):.0%]] after a single layer,
# and [[=left_over(share, 4):.0%]] after four.
# So the same c means something else for another number of layers, and a fair comparison is one of *equal results*:
#
# * *As many facts as four layers write with c = 1000.*
#   Layer 7 alone needs a smaller c (we measured none between).
#   At c = 1 it gets there, but perplexity rises by [[=one.rise[1]:.1%]] instead of [[=at.rise[1000]:.1%]].
#   Layer 7 changes by [[=one['update'][1]['7']:.0%]] of ‖W‖;
#   as one of four it changed by [[=at['update'][1000]['7']:.0%]].
# * *Fewer facts.* Layer 7 with c = 1000 and four layers with c = 3000 write about the same
#   ([[=one.efficacy_top1[1000]:.0%]] and [[=at.efficacy_top1[3000]:.0%]]).
#   There the one layer is not worse: [[=one.rise[1000]:.1%]] against [[=at.rise[3000]:.1%]].
#
# So spreading pays where much is to be written.
# Two layers (c = 1000: [[=two.efficacy_top1[1000]:.0%]] for [[=two.rise[1000]:.1%]]) do about as well as four here;
# a difference of one fact in 25 is noise.
# The right panel says the same with neighbours:
# at the rings, all three keep about equally many, and more layers write more.
# And no line enters the empty corner at the top.
#
# ## 6. Twins in four layers
#
# The chapter writes Lower Assam (to Romania) and Upper Assam (to Canada) into one layer.
# Over four layers, each is asked again for what the ones below have left.

# %%
from dataclasses import replace

from alphaedit_lite import compute_targets

upper = replace(FACTS[0], subject="Upper Assam", new=" Canada", case_id=-1)
pair = [FACTS[0], upper]
z_upper = compute_targets(lm, pair[1:], LAYERS[-1], progress=False).z
z_pair = torch.cat([z[:1], z_upper])
countries = (" Romania", " Canada", " India")
about = [(fact.prompt, name) for fact in pair for name in countries]
rows, still = [], {}
for c in (1, 100, 1000, 15_000):
    edit = own_editor(lm, gain, c, LAYERS, statistics).edit(pair, z_pair)
    p = score(lm, about)[0].exp().tolist()
    says = [lm.complete(fact.prompt, 3) for fact in pair]
    still[c] = keys_and_residuals(lm, pair, z_pair, LAYER)[1]  # missing now
    edit.revert()
    rows.append([c, *p[:3], says[0], *p[3:], says[1]])

# %% [markdown]
# As a table, with the first words of the model itself:

# %%
heads = [
    f"{who}:{what}"
    for who in ("Lower", "Upper")
    for what in (*countries, " says")
]
twins = pd.DataFrame(rows, columns=["c", *heads])
likely = twins.iloc[2, 1:4].astype(float).tolist()
twins.style.format(precision=2).format("{:,.0f}", subset=["c"]).hide()

# %% [markdown]
# Why? The n × n matrix knows.
# For two facts that are about equally strange, its two eigenvalues play the part of s:
# the large one for the *mean* of the two residuals, the small one for their *difference*.
# Each goes into the formulas of 06.4 and 06.5.

# %%
K2, R2 = keys_and_residuals(lm, pair, z_pair, LAYER)
S = K2.T @ torch.linalg.solve(C0, K2)
apart_s, common_s = torch.linalg.eigvalsh(S).tolist()
alike = float(torch.cosine_similarity(K2[:, 0], K2[:, 1], dim=0))
turned = float(S[0, 1] / (S[0, 0] * S[1, 1]).sqrt())
print(f"cosine of the two keys: {alike:.2f}; with C0⁻¹: {turned:.2f}")
print(f"s: {S[0, 0]:.0f}, {S[1, 1]:.0f}", end="; ")
print(f"eigenvalues: {common_s:.0f}, {apart_s:.0f}")

# %% [markdown]
# What is left of the mean and of the difference, by the formula and by the model:

# %%
sides = torch.tensor([[1.0, 1.0], [1.0, -1.0]]).double()  # sum, difference
rows = []
for c, now in still.items():
    shares = [on_paper(v, c, 0.9, lm.d_ff)[0] for v in (common_s, apart_s)]
    formula = [left_over(share, 4) for share in shares]
    model = (now @ sides).norm(dim=0) / (R2 @ sides).norm(dim=0)
    both = zip(formula, model.tolist(), strict=True)
    rows.append([c, *(value for pair in both for value in pair)])
heads = [
    f"left of the {what}, by {who}"
    for what in ("mean", "difference")
    for who in ("formula", "model")
]
halves = pd.DataFrame(rows, columns=["c", *heads])
halves.style.format("{:.2f}").format("{:,.0f}", subset=["c"]).hide()

# %% [markdown]
# At c = 1 and 100, both twins obey.
# At c = 15,000 both stay in India.
# In between, where the hundred facts fared well, P(Romania) for Lower Assam is only [[=likely[0]:.2f]],
# and P(India) is [[=likely[2]:.2f]]: it has lost the old country and hardly got the new one.
# Upper Assam has lost its country as well, and P(Canada) is [[=float(twins.iloc[2, 6]):.2f]].
# Asked freely, the model names [[=twins['Lower: says'][2].split(',')[0].strip()]] for the one
# and [[=twins['Upper: says'][2].split(',')[0].strip()]] for the other.
#
# Division by C0 does not tell these two keys apart (cosine [[=turned:.2f]]).
# At c = 1000 the *mean* of the two residuals is written (little of it is left),
# but [[=halves.iloc[2, 4]:.0%]] of their *difference* is not:
# both twins get half Romania, half Canada, and the blocks above make of it what they can.
# At c = 100 one layer alone would still write only [[=on_paper(apart_s, 100, 0.9, 1536)[0]:.0%]] of the difference.
# Four, asked again and again, write most of it, and that was enough.
#
# So a c that is right for strange keys is wrong for twins, and one c serves all.
# A mean over many facts, as in section 3, does not show such a pair.
# A smaller c tells them apart; what that costs is in section 3.
