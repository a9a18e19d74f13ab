# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 14: When it breaks
#
# *To read: 45 minutes. To do the exercises: 60 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will find the places where AlphaEdit gives way (its threshold,
# its sample of text, its memory, its size), see why, and write and measure its younger relatives.**
#
# ```text
#        text  ──►  C0  ──►  P  ──►  Δ = R K1ᵀ P (Kp KpᵀP + K1 K1ᵀP + λI)⁻¹  ──►  W + Δ1 + Δ2 + …
#          │            │                        │                                   │
#     too little?   where is               does the history                    how large does
#     the wrong?    the cut?               fill the space?                     the sum grow?
#      section 2    section 1                section 3                          section 3
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *predict* what a threshold, a λ or a c means on a model that you have never seen,
# > * *expose* a null space made from too little text, or from text of the wrong kind,
# > * *measure* how much an early edit has lost, and *tell* harmless growth of the weights from the dangerous kind,
# > * *place* MEMIT with history, ENCORE, AlphaEdit, EvoEdit
# >   and recursive least squares in one equation, and *write* two of them,
# > * *judge* with intervals, fact by fact, whether a new method is better *here*.
# >
# > **You need** the null space, its leak and the narrow door (chapter 7),
# > AlphaEdit's formula with history and λ (chapter 8), success and accuracy (chapter 9).
# > Each is repeated in a sentence where it is used.
# >
# > **It costs** the time stated above and 1.5 GB of memory.
# > The studies of two hundred and more edits took longer;
# > they are read from committed files, and each says how it was made.

# %% tags=["setup"]

# %%
# Parameters: the layers, the one under the microscope, the authors' threshold, λ, and facts in batches.
import math

import numpy as np
import pandas as pd
import torch

from alphaedit_lite import EditorConfig, bundled_facts, bundled_targets, key_statistics, load_model
from alphaedit_lite.book.ch14 import figures as draw
from alphaedit_lite.book.ch14 import results as measured
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.intervals import difference
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result

chapter = Chapter("14")
LAYERS, LAYER, THRESHOLD = (3, 4, 5, 6, 7), 7, 2e-2
LAM = EditorConfig().lam  # in units of the keys' energy inside P (chapter 8)
FACTS, BATCH = bundled_facts("test")[:200], 25

# %% [markdown]
# ## Before you start
#
# <details><summary>1. What does "P leaks 30%" mean, and what is the door?</summary>
#
# P keeps the directions in which the keys of ordinary text have little energy (mean squared length).
# What energy they still have there, as a share of all, is the leak.
# The *door* is the same share for the key of a new fact: what P lets through of it.
# A narrow door makes the write larger: ‖Δ‖ = ‖r‖ / ‖Pk‖ (chapter 7).
#
# </details>
#
# <details><summary>2. What is the history Kp for, when there is P already?</summary>
#
# P was made from text.
# The keys of facts that we wrote ourselves are not in it.
# So they enter the bracket: their answers should change by zero when the next facts are written (chapter 8).
#
# </details>

# %% [markdown]
# ## 1. A number without a unit
#
# "Directions with an eigenvalue below 0.02 are unused."
# The authors' code says so for every model. Is 0.02 small?
# That depends on how long the keys are, and the length of a key is an accident.
#
# Here is why. Take a model, multiply all keys of one layer by s
# (by scaling the rows of the up-projection that makes them), and divide W by s:
#
# $$\frac{W}{s}\,(s\,k) \;=\; W k . \tag{14.1}$$
#
# In words: each answer stays the same, so it is *the same model*, written down differently.
# But the eigenvalues of C0 are mean squares of keys.

# %%
chapter.predict(
    "a",
    "The same model with keys three times as long. The threshold stays 0.02. P now keeps …",
    ["as many directions", "fewer", "more"],
)

# %%
lm = load_model()
statistics = key_statistics(lm, LAYERS)  # C0 of five layers, from 100,000 tokens of Wikipedia
C0 = statistics[LAYER].second_moment
values, vectors = torch.linalg.eigh(C0)  # ascending
kinds = {
    "absolute: 0.02": lambda e: (e < THRESHOLD).sum(),
    "relative: the mean": lambda e: (e < e.mean()).sum(),
    "energy: a third": lambda e: (e.cumsum(0) <= e.sum() / 3).sum(),
}
rows = []
for kind, keep in kinds.items():
    for s in (0.1, 0.3, 1, 3, 10):
        m = int(keep(s**2 * values))  # the smallest m are kept
        rows.append(
            {"kind": kind, "s": s, "rank": m / len(values), "leak": float(values[:m].sum() / values.sum())}
        )
scaled = pd.DataFrame(rows)
show(*draw.scale_figure(scaled), name="14_scale")
at = scaled.set_index(["kind", "s"])
absolute = {s: at.loc[("absolute: 0.02", s)] for s in (0.1, 1, 3, 10)}
gap = float(absolute[3]["rank"] - absolute[1]["rank"])
chapter.reveal("a", 0 if abs(gap) < 0.02 else 1 if gap < 0 else 2)

# %% [markdown]
# **How to read it.** Each point is the same model, layer [[=LAYER]], with its keys s times as long.
# The package offers the threshold three ways:
# *absolute* (as in the papers), *relative* to the mean eigenvalue, and by the share of the *energy* that may leak.
#
# **What surprised us.**
# How far an absolute threshold wanders.
# The eigenvalues grow by s², and it stays where it is.
# With keys a tenth as long it keeps [[=absolute[0.1]['rank']:.0%]] of the directions,
# which leak [[=absolute[0.1]['leak']:.0%]] of the energy;
# with keys ten times as long, [[=absolute[10]['rank']:.0%]], which leak [[=absolute[10]['leak']:.1%]].
# At s = 1, our model as it is, it is [[=absolute[1]['rank']:.0%]] and [[=absolute[1]['leak']:.0%]]:
# near the mean eigenvalue ([[=float(values.mean()):.3f]]), by coincidence.
# The other two kinds do not notice the rescaling at all.
# So a paper that says "threshold 2e-2" has not told you what P is on *your* model.
# Ask for the rank and the leak.
#
# ### Exercise 14.1: Three numbers and their units, on paper · 10 minutes · ★★
#
# With a pencil. All keys become s times as long, and W is divided by s.
# AlphaEdit has the absolute threshold τ and an absolute λ, in Δ = R K1ᵀP(K1K1ᵀP + λI)⁻¹.
# MEMIT has c, in Δ = R K1ᵀ(c·C0 + K1K1ᵀ)⁻¹.
# By which factor must τ, λ and c be multiplied so that both edits do exactly what they did before?
#
# <details><summary>Hint</summary>
#
# Look at what stands beside the number in the formula.
# λ is added to K1K1ᵀ; the eigenvalues that τ is compared with are those of K0K0ᵀ/N.
# How does a product of two keys grow?
# The likely mistake is to treat c like λ.
#
# </details>
#
# <details><summary>More help</summary>
#
# K1 becomes sK1 and C0 becomes s²C0.
# Put both into the formula, and ask which number makes s² a common factor of the bracket.
# Then Δ is 1/s times the old one, as W is.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 14.1: all properties hold.
#
# </details>


# %% exercise="14.1"
def units(s):
    """The factors of τ, λ and c for keys s times as long."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    return s**2, s**2, 1
    # END SOLUTION


units = chapter.check("14.1", units)
tau3, lam3, c3 = units(3.0)
print(f"for keys three times as long: τ = {0.02 * tau3:g}, λ × {lam3:g}, c × {c3:g}")

# %% [markdown]
# MEMIT's c has no unit, so it can travel between models
# (another question is whether the same c is *good* there). τ and λ cannot.
# This is why the package gives λ as a multiple of the energy inside P, and lets you say the threshold as a leak.
#
# ### Then how strict should P be?
#
# A stricter P is truer to the theory: less of what the model knows lies inside.
# In chapter 7 we wrote *one* fact through narrow doors.
# What happens to a hundred?
# `results/alphaedit.json` (chapter 8's study; 100 facts of the development half,
# batches of 25 with history, the same λ = [[=LAM:g]] in its unit) has four widths of P.

# %%
chapter.predict(
    "b",
    "Through the usual P, which leaks about 40% of the energy, nearly all of a hundred facts are named first. Through one that leaks 1% …",
    ["95% or more", "from 80% to below 95%", "less than 80%"],
)

# %%
study = result("alphaedit.json")
rows = {r["editor"]: r for r in study["rows"] if r["value"] == LAM and r["history"]}
names = {"P leaking 1%": 0.01, "P leaking 10%": 0.1, "P at 2e-2": None, "no P": 1.0}
fronts = result("fronts.json")
front_rows = measured.plain_rows(fronts)
ten = next(row for row in fronts["rows"] if row["knob"] == "λ = 0.8, P leaks 10%")
one_percent = {r["editor"]: r for r in fronts["rows"] if r["knob"] == "λ = 0.8, P leaks 1%"}
start, lines = study["unedited"]["perplexity"], []
for name, leak in names.items():
    row, space = rows[name], study["spaces"].get(name, {})
    kept, mean = (sum(found[i] for found in space.values()) / max(1, len(space)) for i in (0, 1))
    line = {"": name, "directions": kept or len(values), "leak": leak or mean}
    line["update"] = measured.mean_of(row["update"])
    line |= {"rise of perplexity": row["perplexity"] / start - 1, "named first": row["efficacy_top1"]}
    lines.append(line | {"paraphrases": row["generalization_top1"], "neighbours kept": row["specificity"]})
widths = pd.DataFrame(lines).set_index("")
strict, loose = widths.loc["P leaking 1%"], widths.loc["P at 2e-2"]
chapter.reveal("b", 0 if strict["named first"] >= 0.95 else 1 if strict["named first"] >= 0.8 else 2)
widths.style.format("{:.0%}").format("{:.1%}", subset=["rise of perplexity"]).format(
    "{:,.0f}", subset=["directions"]
)

# %% [markdown]
# `directions` is how many P keeps, `update` is ‖ΣΔ‖/‖W‖; both, and the `leak`, are means over the five layers
# (layer [[=LAYER]], which we look at below, leaks [[=usual_leak:.0%]] at 2e-2).
# `named first` is accuracy on the prompt, `paraphrases` on one paraphrase,
# and `neighbours kept` is success (old answer more likely than the new one) on one neighbour, of each fact.
#
# **What surprised us.**
# The truest null space is the worst by far.
# Only [[=strict['named first']:.0%]] of the facts are named first instead of [[=loose['named first']:.0%]],
# its updates are [[=strict['update'] / loose['update']:.1f]] times as large as those of the usual P,
# and perplexity rises by [[=strict['rise of perplexity']:.0%]] instead of [[=loose['rise of perplexity']:.1%]].
# It is not this one stream.
# In `results/fronts.json` ([[=len(ten['scores']['efficacy'])]] facts of the test half)
# the P that leaks 1% has [[=np.mean(one_percent['AlphaEdit']['scores']['efficacy_top1']):.0%]] named first
# and raises perplexity by [[=one_percent['AlphaEdit']['perplexity'] / fronts['unedited']['perplexity'] - 1:.0%]];
# the one that leaks 10%, by [[=ten['perplexity'] / fronts['unedited']['perplexity'] - 1:.1%]];
# the usual one, by [[=front_rows['AlphaEdit']['perplexity'] / fronts['unedited']['perplexity'] - 1:.1%]].
# (Other facts, other batches and other held-out texts than in the table: compare within a file only.)
#
# Two reasons. The room is small: the P that leaks 1% has [[=strict['directions']:.0f]] directions in a layer,
# fewer than the hundred facts that have to share them.
# And the door is narrow.
# That you can see in the keys of our facts.
# We read them once, for all of [[=len(FACTS)]] facts of the test half, at layer [[=LAYER]];
# they serve the next sections, too.

# %%
from alphaedit_lite.book.kit.layer import OneLayer, keys_and_residuals, known_change

K, R = keys_and_residuals(lm, FACTS, bundled_targets(lm, FACTS), LAYER)  # [d_ff, n], [d_model, n]
carried = values.cumsum(0) / values.sum()
doors = {}
for leak in (0.01, 0.1, float(carried[(values < THRESHOLD).sum() - 1]), 1.0):
    inside = vectors[:, : int((carried <= leak + 1e-9).sum())].T @ K
    sizes = R.norm(dim=0) / inside.norm(dim=0)  # (7.8): the smallest Δ that writes each fact alone
    doors[leak] = {"door": float(inside.square().sum() / K.square().sum()), "size": float(sizes.mean())}
door_table = pd.DataFrame(doors).T.rename_axis("leak").reset_index()
door_table["size"] /= door_table["size"].iloc[-1]
usual_leak = door_table.leak[2]
door_table.style.format("{:.0%}", subset=["leak", "door"]).format("{:.1f}", subset=["size"]).hide()

# %% [markdown]
# `door` is the share of the new keys' energy that P lets in,
# `size` the mean of ‖r‖/‖Pk‖ over the facts, as a multiple of that without any P.
# A P that leaks 1% lets [[=door_table.door[0]:.0%]] of a new key through.
# The keys of facts are keys like any other: what protects the known from the new shuts out the new as well.
# And an update that is [[=door_table['size'][0]:.1f]] times as large is [[=door_table['size'][0]:.1f]] times
# as large for *every* key that has something inside P, also for those that no statistics have seen.
#
# This is a statement about layers that are nearly full.
# In a layer with a wide, truly empty space, a new key might stick out into it, and the door be open.
# Whether the 8B models are such a case we cannot measure here.

# %% [markdown] tags=["instructor"]
# **For the instructor, section 1.**
# Let students name other numbers without units in this book
# (the clamp of z is a multiple of ‖h‖: it has one; the learning rate of z has not).
# Common mistake in 14.1: c gets s², "because C0 has grown": it has grown in the bracket *and* beside it.
# Question for discussion: layer norm makes the hidden states of all models about equally long; why are the keys not?
# (The gate and the up-projection come after it.)

# %% [markdown]
# ## 2. What K0 is made of
#
# P is only as good as the sample of keys that it was made from.
# Two questions: how many, and of what?
#
# `results/k0.json` (`python -m alphaedit_lite.book.ch14.study_k0`)
# makes P in different ways, always with the threshold [[=THRESHOLD]],
# and asks of each how much energy *other* text has in it, text of which no part made a P. The sources:
#
# * **Wikipedia**: lead paragraphs, our usual text;
# * **facts**: sentences that state a fact, such as *Akwa Ibom is located in the country of Nigeria.*
#   (from the development half, without any that judges the edits);
# * **own words**: what the model itself says when it is let loose (sampled at temperature 1 after a common first word);
# * **random**: tokens drawn from the vocabulary by dice.

# %%
chapter.predict(
    "c",
    "P is made from 10,000 random tokens, no sense in them. Of ordinary Wikipedia text, how much energy lies inside P?",
    ["about as much as for P from Wikipedia", "much more: P does not know text", "much less"],
)

# %%
k0 = result("k0.json")
table = measured.k0_table(k0).set_index(["source", "tokens"])
show(*draw.k0_figure(k0), name="14_k0")
SAME = 10_000  # tokens of every source
dice, wiki = table.loc[("random", SAME)], table.loc[("Wikipedia", SAME)]
ratio = dice["leak Wikipedia"] / wiki["leak Wikipedia"]
small_k0, whole = table.loc[("Wikipedia", 500)], table.loc[("Wikipedia", 100_000)]
of_facts = table.loc[("facts", SAME)]
chapter.reveal("c", 0 if 0.8 < ratio < 1.25 else 1 if ratio >= 1.25 else 2)

# %% [markdown]
# **How to read it.** Left: P from more and more tokens of Wikipedia.
# The lowest line is what the sample *claims* leaks; the others are what other text has inside.
# All are means over layers [[=min(LAYERS)]] to [[=max(LAYERS)]].
# Right: each row is a P from 10,000 tokens of one kind, each column the text that tests it; darker leaks more.
#
# **What surprised us.**
#
# * **A small sample lies, a larger one flatters itself.**
#   From 500 tokens, P claims that [[=small_k0['claimed']:.0%]] leak;
#   other Wikipedia text has [[=small_k0['leak Wikipedia']:.0%]] of its energy inside.
#   (Fewer tokens than directions leave at least 1536 − 500 exactly empty, whatever the text: chapter 7.)
#   From 10,000 it claims [[=wiki['claimed']:.0%]], and [[=wiki['leak Wikipedia']:.0%]] are inside.
#   From 100,000 the two agree ([[=whole['claimed']:.0%]] and [[=whole['leak Wikipedia']:.0%]]).
# * **Ten times the text makes P honest.**
#   From 10,000 to 100,000 tokens, the claim moves by [[=100 * (whole['claimed'] - wiki['claimed']):.0f]] points,
#   the real leak by [[=100 * (wiki['leak Wikipedia'] - whole['leak Wikipedia']):.0f]].
#   Once the two agree, more text will not lower the leak; a lower threshold would.
#   (Was the text for nothing, then?
#   The whole model answers below.)
# * **P protects what it was made from.**
#   The diagonal is the lightest of each column.
#   P from facts leaks [[=of_facts['leak facts']:.0%]] of other facts, P from Wikipedia [[=wiki['leak facts']:.0%]];
#   for ordinary text it is the other way round,
#   [[=of_facts['leak Wikipedia']:.0%]] against [[=wiki['leak Wikipedia']:.0%]].
#   So "the null space of the model" does not exist.
#   There is one of the model *on a kind of text*.
# * **For the leak, real text matters.**
#   P from random tokens leaks [[=dice['leak Wikipedia']:.0%]] of ordinary text.
#   Its keys fill other directions than those of sentences, and it leaks more of ordinary text than a P
#   from only 2,000 tokens of Wikipedia ([[=table.loc[('Wikipedia', 2000)]['leak Wikipedia']:.0%]]).
#   Whether it is the sense that is missing, or only the choice of words
#   (dice draw rare tokens as often as common ones), shuffled Wikipedia would tell. We did not try it.
#
# The talk behind this book speaks of 100,000 *triplets* (subject, relation, object),
# the authors' code reads 100,000 Wikipedia *articles*.
# The right panel says that this is not a detail.
#
# ### What such a P does to a write
#
# A P that lets known keys in should let a write reach them.
# Let us see, on layer [[=LAYER]]: fifty facts are written through four spaces,
# each with the λ that writes the same share of the residuals (as in chapter 8).
# `fit` reads the keys of a text here and now;
# `thin_gain` is chapter 8's thin solve, (8.9).

# %%
from alphaedit_lite.book.ch14.study_k0 import fit, rows_of

facts_text = fit(lm, rows_of(lm, "facts", 1500, other=True))[LAYER].second_moment  # no part made a P
one = OneLayer(K[:, :50], R[:, :50], C0, facts_text, lm.weight(LAYER))
spaces = {"Wikipedia, 100,000 tokens": vectors[:, values < THRESHOLD], "no P": vectors}
for source, tokens in (("Wikipedia", 500), ("random", 3000)):
    moment = fit(lm, rows_of(lm, source, tokens))[LAYER].second_moment
    found, axes = torch.linalg.eigh(moment)
    spaces[f"{source}, {tokens:,} tokens"] = axes[:, found < THRESHOLD]


def thin_gain(K1, U, lam):
    A = U.T @ K1
    return torch.linalg.solve(A.T @ A + lam * torch.eye(K1.shape[1]).double(), A.T @ U.T)


SHARE = 0.7
written = {name: one.at_share(thin_gain, U, SHARE) for name, U in spaces.items()}
written = pd.DataFrame(written).T[["share", "update", "known", "unseen"]]
written["directions"] = [U.shape[1] for U in spaces.values()]
by_P = written["known"]
saved = written.loc["no P", ["known", "unseen"]] - written[["known", "unseen"]]
gained = saved / saved.loc["Wikipedia, 100,000 tokens"]  # 1: as good as the usual P
written.style.format("{:.1%}").format("{:.0f}", subset=["directions"])

# %% [markdown]
# `share` is the share of the residuals that is written, `update` is ‖Δ‖/‖W‖.
# `known` is the change of answers to ordinary text (the text behind C0),
# `unseen` that to other sentences that state facts, both as a share of their size.
# `directions` is how many P keeps.
#
# **What surprised us.**
# That the lie costs so little here.
# Without P, this write changes known answers by [[=by_P['no P']:.1%]],
# through the usual P by [[=by_P['Wikipedia, 100,000 tokens']:.1%]].
# The P from 500 tokens, whose claim was nonsense, is in between, at [[=by_P['Wikipedia, 500 tokens']:.1%]]:
# it gives [[=gained['known']['Wikipedia, 500 tokens']:.0%]] of the benefit,
# and dice give [[=gained['known']['random, 3,000 tokens']:.0%]].
# But `known` is the very text that the usual P was made from.
# On `unseen` sentences, which no P knows, 500 tokens give [[=gained['unseen']['Wikipedia, 500 tokens']:.0%]],
# and dice [[=gained['unseen']['random, 3,000 tokens']:.0%]].
#
# A likely reason: part of what P is good for is to take *away* the few strong directions
# that all keys share (chapter 7), and those show in any sample, partly even in nonsense.
# We did not measure how large that part is.
# In any case, test a P by what a write through it does, not only by its leak.

# %% [markdown]
# And the whole model?
# `study_k0` also writes [[=len(fair['specificity'])]] facts of the test half through [[=len(k0['rows'])]] of these P,
# with the same λ in each layer as through the usual P, and asks the same questions as chapter 10's sweep.
# So all can be compared fact by fact.
# To be fair, a P from [[=SAME:,]] tokens of some kind must be compared with one from as many tokens of Wikipedia,
# not with the usual P, which has seen ten times as many.

# %%
k0_rows = {(row["source"], row["tokens"]): row for row in k0["rows"]}
k0_rows["Wikipedia", 100_000] = front_rows["AlphaEdit"]  # the usual P
asked = {
    "efficacy_top1": "named first",
    "generalization_top1": "paraphrases",
    "specificity": "neighbours kept",
}
fair, against, risen, lines = k0_rows["Wikipedia", SAME]["scores"], {}, {}, []
for kind in sorted(k0_rows, key=lambda kind: (kind[0] != "Wikipedia", *kind)):
    against[kind] = {m: difference(k0_rows[kind]["scores"][m], fair[m]) for m in asked}
    risen[kind] = k0_rows[kind]["perplexity"] / fronts["unedited"]["perplexity"] - 1
    line = {"P from": f"{kind[0]}, {kind[1]:,}", "leak": f"{table['leak Wikipedia'].loc[kind]:.0%}"}
    line |= {"perplexity": f"{risen[kind]:+.1%}"}
    lines.append(line | {asked[m]: str(change) for m, change in against[kind].items()})
pd.DataFrame(lines).set_index("P from")

# %% [markdown]
# `leak` is that of ordinary text, `perplexity` its rise on held-out Wikipedia.
# The other columns are mean differences to P from [[=SAME:,]] tokens of Wikipedia,
# in points, with a 95% bootstrap interval (facts drawn again).
# The rises have no interval: thirty pieces of text, one stream.
#
# **What surprised us.**
#
# * **At equal size, dice are hardly worse.**
#   Neighbours stand at [[=str(against['random', SAME]['specificity'])]] points,
#   new facts at [[=str(against['random', SAME]['efficacy_top1'])]];
#   perplexity rises by [[=risen['random', SAME]:.1%]] instead of [[=risen['Wikipedia', SAME]:.1%]].
# * **Ten times the text is worth more than its leak tells.**
#   From [[=SAME:,]] to 100,000 tokens of Wikipedia the leak falls
#   by [[=100 * (wiki['leak Wikipedia'] - whole['leak Wikipedia']):.0f]] points only,
#   but perplexity rises by [[=risen['Wikipedia', 100_000]:.1%]] instead of [[=risen['Wikipedia', SAME]:.1%]],
#   and neighbours gain [[=str(against['Wikipedia', 100_000]['specificity'])]].
# * **The leak does not put these P in the order of what they cost.**
#   Dice leak most, [[=dice['leak Wikipedia']:.0%]] for [[=risen['random', SAME]:+.1%]];
#   the model's own words leak [[=table.loc[('own words', SAME)]['leak Wikipedia']:.0%]]
#   for [[=risen['own words', SAME]:+.1%]], and 2,000 tokens
#   of Wikipedia [[=table.loc[('Wikipedia', 2000)]['leak Wikipedia']:.0%]] for [[=risen['Wikipedia', 2000]:+.1%]].
#   (Ridge with history,
#   no P at all: [[=front_rows['ridge with history']['perplexity'] / fronts['unedited']['perplexity'] - 1:+.1%]].
#   Its λ is larger in plain numbers, so this is no strict comparison.)
# * **The right text protects its own kind.**
#   P from sentences that state facts keeps [[=str(against['facts', SAME]['specificity'])]] points more neighbours
#   than P from as much Wikipedia; neighbours are such sentences, too.
#   Ordinary text pays for it: [[=risen['facts', SAME]:+.1%]].

# %% [markdown]
# ## 3. What an early edit loses, and how W grows
#
# A stream of edits can fail in two ways.
# Later edits can overwrite earlier ones: *forgetting*.
# Or the sum of all updates can grow until the model is no longer itself.
# We look at both in the small, where everything can be seen, and then ask whether the whole model notices.
#
# The small: one layer, [[=len(FACTS)]] real facts, eight batches of [[=BATCH]], with and without history.
# Each batch asks for what is *missing*, since earlier edits have moved its answers, too.
# (Chapter 8's thin solve does the writing.)

# %%
batches = [(K[:, i : i + BATCH], R[:, i : i + BATCH]) for i in range(0, len(FACTS), BATCH)]
keys = [K1 for K1, _ in batches]
U, lam = vectors[:, values < THRESHOLD], LAM * float(values[values < THRESHOLD].sum())


def history(K1, Kp):
    return thin_gain(torch.cat([Kp, K1], dim=1), U, lam)[Kp.shape[1] :]


def stream(gain, after=lambda delta: delta):
    """Write all batches with gain(K1, Kp), [n, d_ff]; the list of their Δ, [d_model, d_ff]."""
    total, deltas = torch.zeros(len(R), len(K)).double(), []
    for number, (K1, wanted) in enumerate(batches):
        missing = wanted - total @ K1
        deltas.append(after(missing @ gain(K1, K[:, : BATCH * number])))
        total = total + deltas[-1]
    return deltas


streams = {"no history": stream(lambda K1, Kp: thin_gain(K1, U, lam)), "history": stream(history)}

# %%
chapter.predict(
    "d",
    "Without history: of what the first batch has written, how much do the seven batches after it change?",
    ["less than 1%", "1% to 5%", "5% to 20%", "more"],
)

# %% [markdown]
# ### Exercise 14.2: Forgotten · 10 minutes · ★★
#
# Batch b has written Δ_b K_b into the answers of its own keys.
# Later batches change these answers once more. Measure it:
#
# $$\text{forgotten}_b \;=\; \frac{\bigl\lVert \sum_{t>b} \Delta_t K_b \bigr\rVert}{\lVert \Delta_b K_b \rVert} . \tag{14.2}$$
#
# In words: what all later updates together do to the answers of batch b, as a share of what batch b wrote there.
#
# <details><summary>Hint</summary>
#
# First add up the later Δ, then multiply, then take the length: changes that point in opposite ways cancel.
# The likely mistakes are to add up lengths, and to count Δ_b itself.
#
# </details>
#
# <details><summary>More help</summary>
#
# `sum(deltas[b + 1 :])` adds the later ones; for the last batch there are none,
# and the sum of an empty list is the number 0, so start it with `torch.zeros_like(deltas[b])`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 14.2: all properties hold.
# Below it, a curve for each of the two streams, from the oldest batch to the newest.
#
# </details>


# %% exercise="14.2"
def forgotten(deltas, keys):
    """A list with (14.2) for every batch: deltas [d_model, d] and keys [d, n] in the order of writing."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    lost = []
    for b in range(len(deltas)):
        later = sum(deltas[b + 1 :], torch.zeros_like(deltas[b]))
        lost.append(float((later @ keys[b]).norm() / (deltas[b] @ keys[b]).norm()))
    return lost
    # END SOLUTION


forgotten = chapter.check("14.2", forgotten)
lost = {name: forgotten(deltas, keys) for name, deltas in streams.items()}
show(*draw.forgetting_figure(lost, BATCH), name="14_forgotten")
chapter.reveal("d", sum(lost["no history"][0] > bound for bound in (0.01, 0.05, 0.2)))

# %% [markdown]
# **How to read it.** Each point is a batch of [[=BATCH]] facts, the oldest on the left:
# how much of what it wrote into layer [[=LAYER]] was changed afterwards.
#
# **What surprised us.** How much it is.
# Without history, [[=lost['no history'][0]:.0%]]
# of what the first batch wrote has been changed by the seven batches after it.
# P cannot prevent that: it was made from text, not from our edits, and all batches write through the same door.
# (How much it softens the loss, chapter 10 measures against an editor without P.)
# With history it is [[=lost['history'][0]:.0%]].
# Not zero: the history is a *wish* in (8.5), weighed against the new facts and against λ.
# And age is not all: the batch that has lost most is number [[=1 + int(np.argmax(lost['no history']))]]
# without history ([[=max(lost['no history']):.0%]])
# and number [[=1 + int(np.argmax(lost['history']))]] with it ([[=max(lost['history']):.0%]]).

# %% [markdown]
# ### And in the whole model?
#
# There, five layers share the work, and what counts is not a length but the answer.
# `results/fronts.json` has [[=len(front_rows['MEMIT']['scores']['efficacy'])]] facts of the test half,
# written in batches of 50 and all judged at the *end* of the stream.
# (With targets z of the unedited model; chapter 10 follows longer streams, with probes on the way.)
# How do the oldest do?

# %%
pairs = {"AlphaEdit": "AlphaEdit without history", "MEMIT with history": "MEMIT"}
aged = {name: front_rows[name] for pair in pairs.items() for name in pair}
ages = measured.by_age(aged, "efficacy_top1", 50)
para = {name: row["scores"]["generalization_top1"][:100] for name, row in aged.items()}
helps = {name: str(difference(para[name], para[other])) for name, other in pairs.items()}
ages["paraphrases, 1 to 100"] = [sum(found) / len(found) for found in para.values()]
ages.style.format("{:.0%}")

# %% [markdown]
# **What surprised us.**
# Asked in the words in which they were written, the oldest fifty facts are all still there:
# [[=ages.iloc[:, 0].min():.0%]] named first in every row, whether the editor remembers or not.
# (The second fifty are lowest in every row.
# We have the end of the stream only, so we cannot tell whether they were harder to write, or have lost more since.)
# And asked in other words?
# On paraphrases of the oldest *hundred*, history helps MEMIT by [[=str(helps['MEMIT with history'])]] points,
# and AlphaEdit by [[=str(helps['AlphaEdit'])]] points.
# One of two, and found after looking at several scores:
# a hint that forgetting starts at paraphrases, and no more than a hint.
#
# So at two hundred edits, what is plain to see in one layer is hardly felt in the answers.
# Our guess: z was found so that the new object leads by far on its prompt,
# an arg-max forgives a lot, and this slack is eaten up first.
# (We did not measure it.)
# On CounterFact, the streams of chapter 10 go on to a thousand edits, and there it shows:
# without a history the oldest facts are lost first;
# with one, old and new stand alike, and both lower than when there were a hundred.
# The streams that collapse in the literature are thirty times as long.

# %% [markdown]
# ### Two facts, one key
#
# There is a way to lose a fact that no stream is needed for: one more fact will do.
# The key of a fact is read at the last token of its subject, and a token sees only what stands in front of it.
# So two prompts that *begin* with the same subject have the same key, whatever they go on to ask.
# And a key has one answer:
#
# $$(W + \Delta_1 + \Delta_2)\, k \;\approx\; v_2 \quad\text{whatever}\quad (W + \Delta_1)\, k \;\approx\; v_1 \;\text{ was.}$$
#
# In words: the second write asks for what its own answer $v_2$ lacks, and so takes the first answer out.
# Where the subject comes later in the sentence, its token has read the relation,
# and the key is another (chapter 2 shows how much).
# Lower Assam moves to Romania; then we write a second fact about it, in four wordings.

# %%
from alphaedit_lite import AlphaEdit, Fact
from alphaedit_lite.book.ch14.experiments import one_after_the_other
from alphaedit_lite.book.kit.demo import LOWER_ASSAM

told = (
    ("{} is known for its", "wine"),
    ("{} lies on the continent of", "Africa"),
    ("The main product of {} is", "wine"),
    ("The continent on which you find {} is", "Africa"),
)
seconds = [Fact(template, LOWER_ASSAM.subject, new) for template, new in told]
editor = AlphaEdit(lm, statistics=statistics, layers=LAYERS, progress=False)
pairs_of_facts = one_after_the_other(editor, LOWER_ASSAM, seconds)
print(pairs_of_facts["warned"].iloc[0])
shown = pairs_of_facts.assign(warned=pairs_of_facts["warned"].ne(""))
shown.style.format("{:.2f}", subset=["keys apart", "alone", "both", "new"])

# %% [markdown]
# **How to read it.** Each row is a second fact, written after Romania and taken out again.
# *keys apart*: ‖k1 − k2‖ / ‖k1‖ in block [[=min(LAYERS)]].
# *alone* and *both*: the probability of *Romania* before and after the second write; *new*: that of its own object.
#
# **What surprised us.**
# In the first two rows the keys are not alike but *equal*,
# and the package says so (the printed warning names both).
# Romania falls from [[=pairs_of_facts['alone'].iloc[0]:.2f]] to [[=pairs_of_facts['both'].iloc[0]:.2f]]
# when we write what the place is known for, and to [[=pairs_of_facts['both'].iloc[1]:.2f]]
# when we write its continent: how much is lost differs from fact to fact.
# (Our guess: some answers go together in one vector, others do not.)
# The history, which this editor keeps, cannot help:
# it asks that the old key's answer stay, which is here the very answer that must change.
# In the last two rows the subject comes later, nothing is warned of,
# and Romania keeps [[=pairs_of_facts['both'].iloc[2]:.2f]] and [[=pairs_of_facts['both'].iloc[3]:.2f]].
#
# So word one of the two so that its subject comes later.
# (`edit.report()` names this cause, too, for a fact that did not take.)

# %% [markdown]
# ### Exercise 14.3: Three ways to grow, on paper · 10 minutes · ★★
#
# With a pencil. W has length 1 (its norm, as one long arrow).
# n updates are added.
# How long is W afterwards,
#
# 1. if each update has length g, and stands at a right angle to W and to all other updates?
# 2. if each has length g, and all point along W?
# 3. if each points along W, and its length is g times the length of W *at that moment*?
#
# <details><summary>Hint</summary>
#
# The first is Pythagoras in many dimensions: squares add up.
# The likely mistake is to take W for granted and to write 1 + √n·g.
# In the third, each step multiplies.
#
# </details>
#
# <details><summary>More help</summary>
#
# 1: the square of the length is 1 + g² + … + g².
# 3: after one step 1 + g; after two, (1 + g) + g(1 + g).
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 14.3: all properties hold.
# Below it, the three lengths for a thousand updates.
#
# </details>


# %% exercise="14.3"
def growth(n, g):
    """The length of W after n updates, in the three cases."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    return math.sqrt(1 + n * g**2), 1 + n * g, (1 + g) ** n
    # END SOLUTION


growth = chapter.check("14.3", growth)
across, along, loop = growth(1000, 0.01)
print(
    f"1000 updates of 1%: at right angles {across:.2f}, along W {along:.0f}, each 1% of the W so far {loop:,.0f}"
)

# %% [markdown]
# The third case is the dangerous one:
# the weights grow because the updates do, and the updates grow because the weights do.
# NAS (section 5) holds such a loop responsible for the collapse of long streams:
# a larger W makes longer hidden states, these ask for longer targets z, these make larger updates.
# Our streams in this chapter use targets found on the *unedited* model, so this loop cannot even begin here.
# What is left are the first two cases. Which is it?
# If ‖ΣΔ‖ grows like nᵖ, then p is 1/2 for updates at right angles, and 1 for updates that all pull the same way.
#
# And the history: does it *fill* the null space?
# If the keys written so far have the energy a along some direction inside P,
# that direction is held by a beside λ, and the share a/(a + λ) of it is taken.
# The sum over all directions is the number of directions in use.

# %%
steps = [BATCH * (b + 1) for b in range(len(batches))]
lines = {}
for name, deltas in streams.items():
    sizes = [float(sum(deltas[: b + 1]).norm()) / float(lm.weight(LAYER).norm()) for b in range(len(deltas))]
    lines[name] = sizes
power = {name: float(np.polyfit(np.log(steps), np.log(sizes), 1)[0]) for name, sizes in lines.items()}
taken = []
for n in steps:
    energies = torch.linalg.eigvalsh(K[:, :n].T @ U @ U.T @ K[:, :n])
    taken.append(float((energies / (energies + lam)).sum()))
lines |= {"directions taken": taken}
pd.DataFrame(lines, index=pd.Index(steps, name="facts")).style.format("{:.2f}").format(
    "{:.0f}", subset=["directions taken"]
)

# %% [markdown]
# **What surprised us.** How orderly it is.
# ‖ΣΔ‖, here as a share of ‖W‖, grows with the power [[=power['history']:.2f]] of the number of facts with history,
# and [[=power['no history']:.2f]] without: as if all updates stood at right angles to each other.
# On the whole, batches do not pull the same way.
# And there is no sign of case 3, as there should be none with targets from the unedited model.
# Does that make the targets the suspect wherever a stream explodes?
# No: the worst rises of perplexity in `results/fronts.json` have such fixed targets, and a strict P.
# Through the one that leaks 1%, [[=len(ten['scores']['efficacy'])]] facts cost
# [[=one_percent['AlphaEdit']['perplexity'] / fronts['unedited']['perplexity'] - 1:+.0%]] with history,
# and [[=one_percent['AlphaEdit without history']['perplexity'] / fronts['unedited']['perplexity'] - 1:+.0%]]
# without. So look at both.
#
# [[=len(FACTS)]] facts take [[=taken[-1]:.0f]] of the [[=len(U.T)]] directions inside P,
# [[=taken[-1] / len(FACTS):.1f]] for each fact,
# and a batch takes between [[=min(np.diff([0, *taken])):.0f]] and [[=max(np.diff([0, *taken])):.0f]].
# So the history has not filled the space.
# If it went on at this rate, all would be taken after some [[=round(len(U.T) / taken[-1] * len(FACTS), -2):.0f]] facts.
# It cannot: a direction's share only creeps up to 1, and the last ones fill slowly.

# %% [markdown]
# ## 4. One equation, many penalties
#
# You have met a small zoo of editors.
# Those with a closed form are one formula, with a prior A,
# and with or without a history (ROME and EMMET are its limit for a small c):
#
# $$\Delta \;=\; R\,K_1^\top\,(A + K_p K_p^\top + K_1 K_1^\top)^{-1} . \tag{14.3}$$
#
# In words: send the residuals out along the keys,
# and hold them back where A, the earlier edits or the other new facts object.
# And all the A of this book are *diagonal* in the same directions, the eigenvectors u of C0.
# So an editor is a list of penalties, one for each direction,
# and the penalty depends on nothing but the eigenvalue e of that direction:
#
# | editor | A | penalty at eigenvalue e |
# |---|---|---|
# | ridge | λI | λ |
# | MEMIT | c·C0 | c·e |
# | ENCORE | c·C0 + λI | c·e + λ |
# | AlphaEdit | λI in range(P), infinite outside | λ if e < τ, else ∞ |
#
# MEMIT's penalty passes AlphaEdit's at
#
# $$c\,e = \lambda \quad\Longleftrightarrow\quad e^{*} = \lambda / c . \tag{14.4}$$
#
# In words: below e* AlphaEdit holds back more, above it MEMIT; and above τ, AlphaEdit holds back everything.
# So between e* and τ **AlphaEdit is the looser of the two**,
# in just those directions where known keys have more energy.

# %%
chapter.predict(
    "e",
    "Published settings for Llama3-8B: λ = 10, τ = 0.02, c = 15,000. Just below τ, MEMIT's penalty is how many times AlphaEdit's?",
    ["a thirtieth", "about the same", "3 times", "30 times"],
)

# %%
from alphaedit_lite.book.ch14.figures import filter_figure, looser, penalties

authors = (15_000, 10.0, 0.02)
show(*filter_figure(one, [(1000, lam, THRESHOLD), authors]), name="14_filters")
times = authors[0] * authors[2] / authors[1]
chapter.reveal("e", 0 if times < 0.1 else 1 if times < 2 else 2 if times < 10 else 3)
between = looser(values, 1000, lam, THRESHOLD)
does = {
    (name, editor): one.judge(one.with_penalty(penalty))
    for name, knobs in {"ours": (1000, lam, THRESHOLD), "published": authors}.items()
    for editor, penalty in penalties(one.values, *knobs).items()
}
does = pd.DataFrame(does).T[["share", "known"]]
does.columns = ["written", "known answers changed"]
does.unstack(0).loc[["ridge", "MEMIT", "ENCORE", "AlphaEdit"]].style.format("{:.0%}")

# %% [markdown]
# **How to read it.** Bottom axis: the eigenvalue, how much energy the text has in a direction.
# Upwards: what an editor charges for writing there.
# AlphaEdit's line ends in a wall at τ.
# In the shaded strip it charges less than MEMIT.
# Left are this book's settings (λ = [[=lam:.3g]] is [[=LAM:g]] in its unit), right the published ones;
# there e* lies to the left of the axis.
# The table adds what one write of 50 facts does in layer [[=LAYER]]:
# the share of the residuals written, and the change of known answers.
#
# **What surprised us.**
# "AlphaEdit protects what is known, MEMIT only balances" is half of the truth.
# With the published settings (right), MEMIT charges [[=times:.0f]] times as much just below τ.
# On *our* spectrum, [[=looser(values, *authors)[0]:.0%]] of the directions lie in the strip
# where AlphaEdit is the looser one;
# with this book's settings (left) it is [[=between[0]:.0%]], with [[=between[1]:.0%]] of the energy.
# The wall protects the few strong directions completely; it is bought with a discount on the middle ones.
# (How many directions of Llama3-8B lie in that strip we do not know.
# The right panel draws the published *settings* over the spectrum of *our* model:
# there, with c = 15,000, MEMIT writes only [[=does['written']['published', 'MEMIT']:.0%]] of the residuals.)
#
# Drag the sliders. Which λ makes AlphaEdit write as much as MEMIT at c = 1000?
# Who changes known answers less then?
# What is left of the strip if τ is lowered to e*?
# (On paper there are no sliders: start from the rows of the table, and from (14.4).)

# %%
from alphaedit_lite.book.ch14.widgets import FilterWidget

FilterWidget(one, 1000, lam, THRESHOLD).show()

# %% [markdown]
# ## 5. The relatives
#
# Now to the younger ones.
# Each changes one thing.
# Where we could open the paper's code, the formula is taken from there, and the table says so.
#
# ### Recursive least squares
#
# The history Kp grows with every edit. Must one keep it?
# No. Let S be the *inverse* of the whole bracket so far, S = (A + KpKpᵀ)⁻¹, starting from S = A⁻¹.
# (Chapter 10's S was the bracket itself.
# RLSEdit's code calls the inverse C.) When K1 arrives:
#
# $$G = S K_1, \qquad J = (I + K_1^\top G)^{-1} G^\top, \qquad \Delta = R J, \qquad S \leftarrow S - G J . \tag{14.5}$$
#
# In words: G is what the new keys look like after everything learnt so far;
# the small matrix (n × n) lets the new facts share;
# J is the gain; and S notes that these directions are taken.
# The last step is Woodbury's identity for (S⁻¹ + K1K1ᵀ)⁻¹.
# This is RLSEdit (Wang et al. 2026), with A = λ²I + μ²·c·C0, c as in MEMIT.
#
# ### Exercise 14.4: One step of recursive least squares · 10 minutes · ★★
#
# Write (14.5). It returns Δ and the new S.
#
# <details><summary>Hint</summary>
#
# `torch.linalg.solve(M, Y)` is M⁻¹Y, and M is n × n here.
# The likely mistakes are to forget the I, and to add GJ instead of subtracting it.
#
# </details>
#
# <details><summary>More help</summary>
#
# Three lines: `G = S @ K`; J from `solve(torch.eye(n, dtype=K.dtype) + K.T @ G, G.T)`; `return R @ J, S - G @ J`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 14.4: all properties hold.
# Below it, the largest difference between your stream and AlphaEdit's with history: rounding.
#
# </details>


# %% exercise="14.4"
def rls_step(S, K, R):
    """Δ, [d_model, d], and the new S, [d, d], for new keys K [d, n] and residuals R [d_model, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    G = S @ K
    J = torch.linalg.solve(torch.eye(K.shape[1], dtype=K.dtype) + K.T @ G, G.T)
    return R @ J, S - G @ J
    # END SOLUTION


rls_step = chapter.check("14.4", rls_step)

# %% [markdown]
# Now your recursion writes all eight batches, starting from AlphaEdit's prior:
# A is λ in range(P) and infinite outside, so A⁻¹ = P/λ.


# %%
def recursive(S):
    """All batches by the reader's recursion, from S = A⁻¹; the list of Δ."""
    total, deltas = torch.zeros(len(R), len(K)).double(), []
    for K1, wanted in batches:
        delta, S = rls_step(S, K1, wanted - total @ K1)
        deltas.append(delta)
        total = total + delta
    return deltas


own = recursive(U @ U.T / lam)
apart = max(float((a - b).norm() / b.norm()) for a, b in zip(own, streams["history"], strict=True))
A = U.T @ K  # and all facts at once, by chapter 8's formula without any history
at_once = R @ torch.linalg.solve(A.T @ A + lam * torch.eye(K.shape[1]).double(), A.T @ U.T)
once = float((sum(own) - at_once).norm() / at_once.norm())
print(
    f"your recursion and AlphaEdit with history differ by {apart:.0e}; their sum and one write of all facts by {once:.0e}"
)

# %% [markdown]
# **What surprised us.**
# Three things that look different are one.
# Sequential AlphaEdit with history, recursive least squares from S = P/λ,
# and *one* write of all facts at once give the same W, up to rounding.
# (With fixed keys and targets, as here.
# In the whole model the keys of layer 7 move when layer 6 is edited, and z may be found anew.)
# This is chapter 10's (10.3), on real keys: the order of the edits does no harm.
# It does not say that nothing is lost.
# The first batch has lost [[=lost['history'][0]:.0%]] since it was written (section 3),
# and so it ends exactly where one write of all facts would have put it.
#
# And it sorts the family.
# RLSEdit's code ships with λ = 0 and μ = 1 for Llama3-8B.
# Then its A is c·C0 with MEMIT's c, and (14.5) is MEMIT with history, computed in another way.

# %% [markdown]
# ### EvoEdit: the past leaves the space
#
# The history *asks* that old answers stay.
# EvoEdit *forbids* their change: after each batch, what P still lets through of its keys is taken out of P,
#
# $$\Delta_t = R\,(K_1^\top P_t K_1 + \lambda I)^{-1} K_1^\top P_t, \qquad P_{t+1} = P_t - Q Q^\top, \tag{14.6}$$
#
# where Q is an orthonormal basis of the columns of P_tK1.
# In words: write through the space that is left, then remove from it what you have used.
#
# ### Exercise 14.5: The shrinking projector · 10 minutes · ★★★
#
# Write the second half of (14.6): the new P for keys K.
#
# <details><summary>Hint</summary>
#
# An orthonormal basis of the columns of M = PK:
# its left singular vectors with a singular value that is not zero.
# Two likely mistakes: to take K instead of PK, and to keep the vectors whose singular value is zero
# but for rounding (some keys depend on others, and some P cannot see at all).
#
# </details>
#
# <details><summary>More help</summary>
#
# `left, sizes, _ = torch.linalg.svd(P @ K, full_matrices=False)`, then `Q = left[:, sizes > 1e-8 * K.norm()]`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 14.5: all properties hold.
# Below it, three streams compared.
#
# </details>


# %% exercise="14.5"
def evolve(P, K):
    """P, [d, d], without the directions of P K, for keys K, [d, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    left, sizes, _ = torch.linalg.svd(P @ K, full_matrices=False)
    Q = left[:, sizes > 1e-8 * K.norm()]
    return P - Q @ Q.T
    # END SOLUTION


evolve = chapter.check("14.5", evolve)

# %% [markdown]
# Your projector writes the same eight batches.
# Beside it MEMIT with history, which is your `rls_step` from S = (c·C0)⁻¹.

# %%
from alphaedit_lite.book.ch14.experiments import dominant, without_dominant

evolving = {"P": U @ U.T, "door": []}


def evoedit(K1, Kp):
    """The gain of EvoEdit; P shrinks after each batch."""
    shadows = evolving["P"] @ K1
    evolving["door"].append(float(shadows.square().sum() / K1.square().sum()))
    eye = torch.eye(K1.shape[1]).double()
    gain = torch.linalg.solve(K1.T @ shadows + lam * eye, shadows.T)
    evolving["P"] = evolve(evolving["P"], K1)
    return gain


strong = dominant(lm.weight(LAYER), 0.5)  # singular directions with half of ‖W‖²
streams["EvoEdit"] = stream(evoedit)
streams["REVIVE, our reading"] = stream(history, lambda delta: without_dominant(delta, *strong))
streams["MEMIT with history"] = recursive(vectors @ torch.diag(1 / (1000 * values)) @ vectors.T)

# %% [markdown]
# For each stream, at its end: which share of the first
# and of the last batch's residuals stands (`first batch`, `last batch`);
# what the first batch has lost (`forgotten`, (14.2)); the size of the sum of all updates;
# and the change of known answers in layer [[=LAYER]], as a share of their size.
# (REVIVE is explained below: it takes the strongest directions of W out of every Δ.)

# %%
lines = []
for name, deltas in streams.items():
    total = sum(deltas)
    stands = [1 - float((r - total @ k).norm() / r.norm()) for k, r in batches]
    known = known_change(total, C0, one.W)
    line = {
        "": name,
        "first batch": stands[0],
        "last batch": stands[-1],
        "forgotten": forgotten(deltas, keys)[0],
    }
    lines.append(line | {"update": float(total.norm()) / one.size, "known answers": known})
small = pd.DataFrame(lines).set_index("")
small.style.format("{:.1%}")

# %% [markdown]
# **What surprised us.**
# EvoEdit keeps its word: it has forgotten [[=small['forgotten']['EvoEdit']:.0%]], to rounding.
# And the price is small so far.
# The last batch gets [[=small['last batch']['EvoEdit']:.0%]] of its residuals written,
# with history [[=small['last batch']['history']:.0%]]; known answers change
# by [[=small['known answers']['EvoEdit']:.1%]] instead of [[=small['known answers']['history']:.1%]].
# Each batch takes [[=BATCH]] directions for good, needed or not,
# and yet P had [[=evolving['door'][0]:.0%]] of a new key's energy inside at the first batch
# and [[=evolving['door'][-1]:.0%]] at the last:
# the [[=BATCH * (len(batches) - 1)]] of [[=len(U.T)]] directions that are gone by then are not yet missed.
#
# **REVIVE**, as we read it, holds back:
# of the last batch only [[=small['last batch']['REVIVE, our reading']:.0%]] stands.
# The gain was solved for *one* Δ, and what is written is another.
# As a share of the little that it wrote,
# its first batch has lost more than AlphaEdit's with history ([[=small['forgotten']['REVIVE, our reading']:.0%]]);
# yet at the end the oldest batch stands about as high
# as the newest ([[=small['first batch']['REVIVE, our reading']:.0%]]).
# All this is true of our reading, which may not be the paper's method.
#
# **MEMIT with history** does better than AlphaEdit with history on this layer:
# it keeps more of the first batch than AlphaEdit with history does
# ([[=small['first batch']['MEMIT with history']:.0%]] against [[=small['first batch']['history']:.0%]]),
# writes more of the last one, and changes known answers less
# ([[=small['known answers']['MEMIT with history']:.0%]] against [[=small['known answers']['history']:.0%]]).
# Here c was not tuned for equal shares, and it need not be: it is better on all three.
# As the known answers are just what MEMIT weighs, this should not surprise us as much as it did.

# %% [markdown]
# ### Three that change something else
#
# * **NAS** (norm-anchor scaling, Liu et al. 2026) changes the target.
#   Let v0 be what the last edited block adds now and v* = v0 + δ what it should add.
#   NAS gives every v* the same length m:
#   v* ← m · v* / ‖v*‖, where m is the mean length of such targets on the *unedited* model.
#   (In their code m leaves out the longest twentieth, and a fact whose ‖v*‖ is above 2m is not written.)
#   It is meant to break the loop of 14.3.
# * **BLUE** (Li et al. 2025) changes the layers.
#   It writes into the first and the last of them only, each with a target z of its own and the full residual.
#   `book/ch14/study_relatives.py` has its choice of layers,
#   but with our one z (a z for layer 3 would have to be found for each fact).
# * **REVIVE** (Zhang et al. 2026) filters the finished update:
#   no component of Δ may touch the strongest singular directions of W.
#   We could open the abstract only, and there is no public code.
#   So (I − U_kU_kᵀ) Δ (I − V_kV_kᵀ), with U_k, V_k the singular vectors
#   that carry half of ‖W‖², is *our reading* of it, not the paper's formula.
#
# | method | what changes | formula taken from |
# |---|---|---|
# | MEMIT with history | A = c·C0, Kp kept | AlphaEdit's footnote; chapter 6 |
# | [ENCORE](https://arxiv.org/abs/2502.01636) | A = c·C0 + λI, Kp kept; z stops early | as in chapter 8's further reading; its settings from the copy in NAS's repository (c = 15,000, λ = 20 for Llama3-8B) |
# | [RLSEdit](https://arxiv.org/abs/2601.15686) | A = λ²I + μ²·c·C0, history inside S | the authors' code, which repeats the paper's section 4.4 |
# | [EvoEdit](https://arxiv.org/abs/2510.13851) | P ← P − QQᵀ instead of Kp | the authors' code (λ = 4 for Llama3-8B) |
# | [NAS](https://arxiv.org/abs/2602.02543) | v* gets a fixed length | the authors' code |
# | [BLUE](https://arxiv.org/abs/2502.03748) | two layers, each with its own z | the authors' code |
# | [REVIVE](https://arxiv.org/abs/2601.11042) | Δ off W's strongest directions | our reading of the abstract |
#
# Now the *whole* model: [[=len(base['scores']['efficacy'])]] facts of the test half in batches of 50,
# the same shipped targets z, the same questions (chapter 10's sweep).
# Again we compare fact by fact with AlphaEdit, with 95% bootstrap intervals,
# so that what can be told apart from chance is told apart.
# The first rows are the rivals that you know; then EvoEdit, REVIVE as we read it, NAS, ENCORE,
# and AlphaEdit on its first and last layer instead of five (`python -m alphaedit_lite.book.ch14.study_relatives`).
# RLSEdit has no row: at its shipped setting it is MEMIT with history.
# Nor has BLUE: without a z for each layer, its choice of layers is the last row.

# %%
chapter.predict(
    "f",
    "Rivals and relatives of AlphaEdit: how many of them are clearly better at naming the new facts first (interval above zero)?",
    ["several", "one", "none"],
)

# %%
wanted = ("AlphaEdit", "AlphaEdit without history", "ridge with history", "MEMIT with history", "MEMIT")
younger = {row["editor"]: row for row in result("relatives.json")["rows"]}
compared = {name: front_rows[name] for name in wanted} | younger
base, before = compared["AlphaEdit"], fronts["unedited"]["perplexity"]
panels = {
    "efficacy_top1": "named first",
    "generalization_top1": "paraphrase",
    "specificity": "neighbours kept",
}
show(*draw.compared_figure(compared, "AlphaEdit", panels, before), name="14_relatives")
scores, own = {name: row["scores"] for name, row in compared.items()}, base["scores"]
change = {
    n: {m: difference(found[m], own[m]) for m in panels} for n, found in scores.items() if n != "AlphaEdit"
}
rises = {name: row["perplexity"] / before - 1 for name, row in compared.items()}
better = sum(found["efficacy_top1"][1] > 0 for found in change.values())
chapter.reveal("f", 0 if better > 1 else 1 if better == 1 else 2)

# %% [markdown]
# **How to read it.** A dot is the mean difference to AlphaEdit over the facts, in points; the bar is its 95% interval.
# Bars that cross the dotted line could be chance.
# On the right, squares: what the edits cost the model as a whole.
#
# **What surprised us.**
# Of [[=len(change):d]] rivals and relatives,
# [[='none names' if not better else 'one names' if better == 1 else f'{better} name']]
# the new facts first more often than AlphaEdit, beyond the noise.
# EvoEdit and NAS cannot be told apart from it here;
# three of the others write clearly less at the settings that they run with.
# In the order of the figure:
#
# * **History is hardly felt.**
#   AlphaEdit without it: new facts [[=str(change['AlphaEdit without history']['efficacy_top1'])]] points,
#   paraphrases [[=str(change['AlphaEdit without history']['generalization_top1'])]],
#   neighbours [[=str(change['AlphaEdit without history']['specificity'])]].
# * **P is worth something**, at this λ in its unit (chapter 8 compares at equal shares written).
#   Ridge with history is AlphaEdit without P:
#   on paraphrases [[=str(change['ridge with history']['generalization_top1'])]] points,
#   and its perplexity rises by [[=rises['ridge with history']:.1%]] instead of [[=rises['AlphaEdit']:.1%]].
# * **MEMIT with history is level.**
#   New facts [[=str(change['MEMIT with history']['efficacy_top1'])]] points,
#   paraphrases [[=str(change['MEMIT with history']['generalization_top1'])]],
#   neighbours [[=str(change['MEMIT with history']['specificity'])]].
#   In the one-layer lab it was ahead;
#   over five layers, with two hundred facts that nearly all arrive, prompts do not notice.
#   On CounterFact, after a thousand edits, they do (chapter 10).
# * **MEMIT** differs in three things at once: prior, P and history.
#   Neighbours are at [[=str(change['MEMIT']['specificity'])]]; which of the three does it, this row cannot say.
# * **EvoEdit** forbids what the history only asks.
#   New facts [[=str(change['EvoEdit']['efficacy_top1'])]] points,
#   paraphrases [[=str(change['EvoEdit']['generalization_top1'])]], perplexity [[=rises['EvoEdit']:+.1%]].
# * **REVIVE, as we read it**, writes less: new facts [[=str(change['REVIVE']['efficacy_top1'])]]
#   points, paraphrases [[=str(change['REVIVE']['generalization_top1'])]],
#   neighbours [[=str(change['REVIVE']['specificity'])]], perplexity [[=rises['REVIVE']:+.1%]].
# * **NAS** gives every v* one length.
#   New facts [[=str(change['NAS']['efficacy_top1'])]] points,
#   paraphrases [[=str(change['NAS']['generalization_top1'])]], perplexity [[=rises['NAS']:+.1%]].
# * **ENCORE** pays two penalties here, c = 1000 and λ = [[=LAM:g]], each chosen for an editor that has only one.
#   New facts [[=str(change['ENCORE']['efficacy_top1'])]] points,
#   neighbours [[=str(change['ENCORE']['specificity'])]], perplexity [[=rises['ENCORE']:+.1%]].
# * **Two layers instead of five**: new facts [[=str(change['first and last layer']['efficacy_top1'])]] points,
#   paraphrases [[=str(change['first and last layer']['generalization_top1'])]],
#   perplexity [[=rises['first and last layer']:+.1%]].
#
# Be careful with "no difference", too:
# [[=len(base['scores']['efficacy'])]] facts cannot resolve one or two points,
# every method runs at one setting of its knob, and the relatives were made for thousands of edits.
# A method that writes less and harms less has perhaps only been turned down (chapter 13 has the control for that).
#
# ### Does the loop begin?
#
# NAS blames a loop: longer hidden states ask for longer targets.
# Its first turn can be looked at.
# For [[=len(loop_rows['unedited']['v0'])]] facts that are never written, z was found twice:
# on the unedited model, and on one that holds the two hundred edits of AlphaEdit.

# %%
from alphaedit_lite.book.kit.intervals import interval

loop_rows = result("relatives.json")["loop"]
longer = {
    name: interval(
        [b / a for a, b in zip(loop_rows["unedited"][name], loop_rows["edited"][name], strict=True)]
    )
    for name in ("v0", "delta", "v*")
}
said = {"v0": "what the block adds now", "delta": "what the search adds", "v*": "what it should add"}
middle = {n: float(np.median(np.divide(loop_rows["edited"][n], loop_rows["unedited"][n]))) for n in longer}
lengths = {f"‖{n}‖, {said[n]}": (*longer[n][:3], middle[n]) for n in said}
pd.DataFrame(lengths, index=["mean ratio", "low", "high", "median"]).T.style.format("{:.2f}")

# %% [markdown]
# The table has lengths on the edited model over lengths on the unedited one, fact by fact, with 95% intervals.
# What the block adds has grown, by [[=longer['v0'].mean - 1:.0%]]
# ([[=longer['v0'].low - 1:.0%]] to [[=longer['v0'].high - 1:.0%]]).
# That is the first half of the loop.
# The second half, longer targets, we do not see:
# ‖v*‖ is [[=longer['v*'].mean:.2f]] times as long ([[=longer['v*'].low:.2f]] to [[=longer['v*'].high:.2f]]),
# ‖δ‖ [[=longer['delta'].mean:.2f]] times in the mean and [[=middle['delta']:.2f]] times in the median.
# [[=loop_rows['facts']:d]] facts are few, and this is one model after two hundred edits.
# Our search stops as soon as the new object is likely enough (chapter 5);
# it took [[=sum(loop_rows['edited']['steps']) / loop_rows['facts']:.1f]] steps instead
# of [[=sum(loop_rows['unedited']['steps']) / loop_rows['facts']:.1f]].
# Perhaps the edits have made the new objects of these few relations likelier altogether.
# The authors' search goes on to a smaller loss (chapter 5), and so has a weaker brake.

# %% [markdown]
# ## 6. Break it: do what the theory says
#
# The theory asks for two things.
# P should be the *null* space: so let it leak 1% of the energy, not [[=loose['leak']:.0%]].
# And there should be nothing to balance: so take λ, the last balance that is left in the formula,
# a thousand times smaller, as a multiple of the energy inside P.
# (In plain numbers it is smaller still:
# in layer [[=LAYER]] a strict P holds [[=usual_leak / 0.01:.0f]] times less energy.)
# Twenty-four facts, in batches of eight, with history.
# Beside it, the settings of this book.

# %%
chapter.predict(
    "g",
    "With the truest P and nearly no λ, the perplexity of ordinary text after 24 facts …",
    [
        "rises less than with our settings",
        "rises more than that, but by less than a half",
        "rises by a half or more",
    ],
)

# %%
from alphaedit_lite import AlphaEdit, perplexity
from alphaedit_lite.metrics import score
from alphaedit_lite.support.texts import wikipedia_leads

some, leads = FACTS[:24], wikipedia_leads("heldout")[:8]
z = bundled_targets(lm, some)


def state(name):
    """How the model is now: facts named first, perplexity, and what it says."""
    first = score(lm, [(fact.prompt, fact.new) for fact in some])[1]
    sizes = (
        [lm.ledger.total(i).norm() / lm.ledger.original(i).norm() for i in LAYERS]
        if lm.ledger.edits
        else [0.0]
    )
    row = {"": name, "named first": int(first.sum()), "perplexity": perplexity(lm, leads)}
    row["update"] = float(sum(sizes) / len(sizes))
    return row | {"says": " ".join(lm.complete("The history of science", 12).split())}


# %%
rows = [state("unedited")]
theory = {"threshold": 0.01, "threshold_kind": "energy", "lam": LAM / 1000}
for name, settings in (("ours", {}), ("theory", theory)):
    editor = AlphaEdit(lm, statistics=statistics, layers=LAYERS, progress=False, **settings)
    for i in range(0, len(some), 8):
        editor.edit(some[i : i + 8], z[i : i + 8])
    rows.append(state(name))
    lm.ledger.clear()
broken = pd.DataFrame(rows).set_index("")
rise = broken["perplexity"] / broken["perplexity"]["unedited"]
pure = rise["theory"]
quarter = {
    r["editor"]: r["perplexity"] / start - 1 for r in study["rows"] if r["value"] == LAM / 4 and r["history"]
}
chapter.reveal("g", 0 if pure < rise["ours"] else 1 if pure < 1.5 else 2)
broken.style.format({"perplexity": "{:,.1f}", "update": "{:.0%}"})

# %% [markdown]
# **What surprised us.**
# Nothing *looks* broken: all [[=broken['named first']['theory']:d]] facts are named first, and the model still speaks.
# But the weights of the five layers have moved by [[=broken['update']['theory']:.0%]] of their size,
# where our settings need [[=broken['update']['ours']:.0%]],
# and the perplexity of ordinary text has risen by [[=pure - 1:.0%]] instead of [[=rise['ours'] - 1:.1%]].
# At a hundred facts, the table of section 1 has shown what follows.
# We have changed two things at once here; the study of section 1 has them partly apart.
# There, a quarter of λ takes the rise from [[=loose['rise of perplexity']:.1%]]
# to [[=quarter['P at 2e-2']:.1%]] with the usual P,
# and from [[=strict['rise of perplexity']:.0%]] to [[=quarter['P leaking 1%']:.0%]] with the strict one.
#
# Both demands of the theory make the write louder: the strict P because the door is narrow,
# the small λ because every residual is now written to the last digit, however expensive its direction.
# On a layer without a true null space the purest AlphaEdit is the worst.
#
# ## What others have found, thousands of edits on
#
# The streams of this chapter end at two hundred edits, on a small model. Others went on.
# Not all of this is equally certain, so we say what kind of source it is.
#
# | finding | source, and what it is worth |
# |---|---|
# | Llama3-8B, 2,000 CounterFact edits: with its code repaired, MEMIT *with history* reaches 99.9 / 95.3 / 80.0 (efficacy / generalization / specificity), AlphaEdit 98.9 / 93.9 / 68.6; on GPT2-XL AlphaEdit stays ahead | result file of [2605.26670](https://arxiv.org/abs/2605.26670)'s repository; we read the file |
# | AlphaEdit on Llama3-8B names the new object first in 95.5% of the facts after 2,000 edits, 88.4% after 5,000, 75.4% after 7,000, 61.9% after 8,000, 31.5% after 10,000; perplexity 14.8 → 25.6 (7,000) → 56.7 (8,000) → 25,194 (10,000). The onset moves by 1,000 to 2,000 edits with the seed | [public analysis](https://github.com/chilli404/alphaedit-analysis), not reviewed |
# | At 10,000 edits AlphaEdit's success on Llama3-8B is 66.8 (EvoEdit: 98.3) in one paper, 62.5 (with REVIVE: 98.7) in another | tables of [EvoEdit](https://arxiv.org/abs/2510.13851) and [REVIVE](https://arxiv.org/abs/2601.11042), as others summarise them; we did not see the tables |
# | Collapse comes from a feedback between the length of v* and that of W; NAS lengthens the usable stream more than fourfold | abstract of [NAS](https://arxiv.org/abs/2602.02543) |
# | Recursive least squares stays stable to 10,000 edits | abstract of [RLSEdit](https://arxiv.org/abs/2601.15686) |
#
# So AlphaEdit is reported to fail between six and eight thousand edits on Llama3-8B.
# The reports do not agree on why, and none of the explanations is settled:
# P itself is the same from the first edit to the last;
# what fills is the room that the history leaves inside it (section 3).

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 3 to 6.** 14.4 is the heart of the chapter:
# let students derive Woodbury's identity for S once at the board (multiply S − GJ by S⁻¹ + K1K1ᵀ).
# A good question after it: if history makes the order irrelevant,
# why do streams of the real model depend on the order?
# (Keys move with the layers below, z is found anew, λ and P act on five layers one after the other.)
# For section 5: ask which of the seven methods could *in principle* do better
# on the one-layer lab than AlphaEdit with history (those with another A), and which cannot (RLS).
# For Break it: how would a reviewer notice?
# (Ask about subjects of the same relation that nobody edited:
# that is what neighbours are for, if there are enough of them.)
# A plan for 90 minutes: section 1 with 14.1 (20), section 2 (10),
# section 3 with 14.2 (20), 14.4 (20), the figure of section 5 (10), Break it (10).

# %% [markdown]
# ## Paper ↔ code
#
# | equation | in the authors' code (described) | here |
# |---|---|---|
# | τ, absolute | AlphaEdit, `get_project` in `experiments/evaluate.py`: singular values of C0 below `nullspace_threshold` | `NullSpace.fit(…, kind="absolute" \| "relative" \| "energy")` |
# | (14.5) C_t = C_{t−1} − F(I + K F)⁻¹Fᵀ | RLSEdit, `RLSEdit/RLSEdit_main.py`: a Cholesky factor of the small matrix, a triangular solve, C kept for each layer on the CPU in float32 | your `rls_step`; `book/ch14/experiments.py`, `rls_step`, float64 (in float32 the recursion loses digits at every step) |
# | (14.6) P ← P − QQᵀ | EvoEdit, `EvoEdit/EvoEdit_main.py`, `update_projector_from_P_and_K`: SVD of PK, singular values above a tolerance; a small `L2` in the solve | your `evolve`; `shrink`, on the basis U |
# | v* ← m v*/‖v*‖ | NAS, `NAS/compute_z.py`: after the descent; leaves a fact unwritten if ‖v*‖ > 2m | `anchor_norm` |
# | own z per layer | BLUE, `AlphaEdit/AlphaEdit_main.py`, branch `hparams.blue` | only its layers: `EditorConfig(layers=(3, 7))` |
#
# And our module against yours:

# %%
from alphaedit_lite.book.ch14 import experiments as relatives

S = torch.eye(len(K)).double() / lam
delta, _ = relatives.rls_step(S, keys[0].T, R[:, :BATCH].T)  # there, keys are rows
mine, _ = rls_step(S, keys[0], R[:, :BATCH])
left = relatives.shrink(U, keys[0].T)
apart_P = float((left @ left.T - evolve(U @ U.T, keys[0])).abs().max())
print(
    f"recursion: {float((delta - mine).norm() / mine.norm()):.0e}; projector: {apart_P:.0e}; directions left {left.shape[1]} of {U.shape[1]}"
)

# %% [markdown]
# ## Keypoints
#
# * An absolute threshold, and an absolute λ, have a unit: keys s times as long make them mean something else.
#   Report rank and leak; let P's energy be the unit of λ.
# * P protects the kind of text that it was made from, and a small sample lies about its leak.
#   Even a false P does a part of the work:
#   in one layer [[=gained['known']['random, 3,000 tokens']:.0%]] of it from dice,
#   [[=gained['known']['Wikipedia, 500 tokens']:.0%]] from 500 tokens.
#   In the whole model perplexity then rises by [[=risen['random', SAME]:.1%]] and [[=risen['Wikipedia', 500]:.1%]];
#   with the usual P by [[=risen['Wikipedia', 100_000]:.1%]], without any by [[=rises['ridge with history']:.1%]].
# * A stricter P makes every write louder.
#   On a layer without a true null space, the purest AlphaEdit is the worst.
# * With fixed keys, AlphaEdit with history, recursive least squares from S = P/λ,
#   and one write of all facts are the same.
#   EvoEdit forbids forgetting, at a price that is small so far.
# * Judge a new method fact by fact, with intervals, at more than one setting.
#   At two hundred known facts, nearly all of which arrive, AlphaEdit and MEMIT with history cannot be told apart here.
#
# ## Quiz
#
# **1. Two models, both edited "with threshold 0.02 and λ = 10".
# What do you know about how alike the two P and writes are?**
#
# <details><summary>A. P keeps about the same share of directions in both.</summary>
# Only if their keys are equally long.
# Both numbers have the unit of a squared key.
# </details>
# <details><summary>B. Nothing, until you know the energy of their keys.</summary>
# <b>Yes.</b> Ask for the rank and the leak of P, and for λ as a share of the energy inside it.
# </details>
# <details><summary>C. Their models are equally protected.</summary>
# Protection depends on the leak and on the size of the updates; 0.02 tells neither.
# </details>
#
# **2. Your P from 500 tokens claims a leak near zero. What do you do?**
#
# <details><summary>A. Be glad: it is nearly the theory's null space.</summary>
# With fewer keys than directions, an exact null space is certain, whatever the text.
# It says something about the sample.
# </details>
# <details><summary>B. Measure the energy of keys from other text inside it.</summary>
# <b>Yes.</b> The claim is about keys never seen, so only such keys can test it.
# </details>
# <details><summary>C. Lower the threshold.</summary>
# The exact zeros stay in P at any threshold.
# </details>
#
# **3. Somebody replaces the history Kp by recursive least squares
# and reports better results than AlphaEdit with history. What explains it?**
#
# <details><summary>A. The recursion remembers more.</summary>
# It remembers the same: from S = P/λ it gives the same Δ, up to rounding.
# You have checked it.
# </details>
# <details><summary>B. They start from another S, which is another prior A.</summary>
# <b>Yes</b>, most likely: with A = c·C0 it is MEMIT with history.
# The recursion is only a way to compute.
# </details>
# <details><summary>C. Chance.</summary>
# Possible; ask for paired intervals.
# But look for the prior first.
# </details>
#
# **4. EvoEdit never forgets. Why is it not the end of the story?**
#
# <details><summary>A. It is slow.</summary>
# It is fast: the systems are as small as the batch.
# </details>
# <details><summary>B. Each batch leaves less room for the next,
# and what it protects are the recorded keys only.</summary>
# <b>Yes.</b> Directions are spent with every batch, and a paraphrase has another key.
# </details>
# <details><summary>C. Its P is no projection any more.</summary>
# It is: P − QQᵀ is symmetric and idempotent, if Q lies inside the old P.
# </details>
#
# **Further reading**
#
# * [Gupta et al. 2025](https://arxiv.org/abs/2502.01636), ENCORE:
#   overfitting to the targets and growth of the norm as two causes of decay, and a remedy for each.
# * [Wang et al. 2026](https://arxiv.org/abs/2601.15686), RLSEdit:
#   editing as online least squares, with bounds for long streams.
# * [Lyu et al. 2025](https://arxiv.org/abs/2510.13851), EvoEdit: former keys leave the null space.
# * [Liu et al. 2026](https://arxiv.org/abs/2602.02543), NAS:
#   why norms can grow exponentially in a stream of edits.
# * [Li et al. 2025](https://arxiv.org/abs/2502.03748), BLUE: what spreading the residual over layers costs.
# * [Zhang et al. 2026](https://arxiv.org/abs/2601.11042), REVIVE:
#   collapse as damage to the strongest singular directions of W.
#
# **Next:** our model fits on a laptop.
# Chapter 15 does the arithmetic of memory and time for models of eight billion parameters, and shows what changes.

# %%
chapter.report()
