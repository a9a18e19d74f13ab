# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 14: When it breaks
#
# *To read: 35 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [Chapter 14](../14_limits.ipynb) finds five places where AlphaEdit gives way, mostly in one layer.
# Here the whole model is asked: how strict P may be, what its sample of text is worth,
# whether forgetting and growth are felt in the answers, which directions each editor protects,
# and whether the younger relatives of AlphaEdit are better.
# It is for readers who know the lesson and want intervals.

# %% tags=["setup"]

# %%
# Parameters: layers, the one under the microscope, threshold, λ, facts.
import numpy as np
import pandas as pd
import torch

from alphaedit_lite import EditorConfig, key_statistics, load_model
from alphaedit_lite.book.ch14 import experiments as relatives
from alphaedit_lite.book.ch14 import figures as draw
from alphaedit_lite.book.ch14 import results as measured
from alphaedit_lite.book.ch14.reference import evolve, forgotten, rls_step
from alphaedit_lite.book.ch14.study_k0 import fit, rows_of
from alphaedit_lite.book.kit.intervals import difference, interval, told
from alphaedit_lite.book.kit.layer import (
    OneLayer,
    keys_and_residuals,
    known_change,
)
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.facts import bundled_facts
from alphaedit_lite.support.bundled import bundled_targets

LAYERS, LAYER, THRESHOLD = (3, 4, 5, 6, 7), 7, 2e-2
LAM, BATCH = EditorConfig().lam, 25  # λ in units of the energy inside P
FACTS = bundled_facts("test")[:200]

# %%
lm = load_model()
statistics = key_statistics(lm, LAYERS)  # 100,000 tokens of Wikipedia
C0 = statistics[LAYER].second_moment
values, vectors = torch.linalg.eigh(C0)  # ascending
z = bundled_targets(lm, FACTS)
K, R = keys_and_residuals(lm, FACTS, z, LAYER)  # [d_ff, n], [d_model, n]
fronts = result("fronts.json")
front_rows = measured.plain_rows(fronts)
before = fronts["unedited"]["perplexity"]


def risen_by(row):
    """The rise of perplexity of a row of results/fronts.json."""
    return row["perplexity"] / before - 1


# %% [markdown]
# ## 1. How strict should P be?
# A stricter P is truer to the theory: less of what the model knows lies inside.
# In chapter 7 we wrote *one* fact through narrow doors, in the lesson's "Break it" twenty-four.
# What happens to a hundred?
# `results/alphaedit.json` (chapter 8's study; 100 facts of the development half,
# batches of 25 with history, the same λ = [[=LAM:g]] in its unit) has four widths of P.

# %%
study = result("alphaedit.json")
start = study["unedited"]["perplexity"]
rows = {
    row["editor"]: row
    for row in study["rows"]
    if row["value"] == LAM and row["history"]
}
leak_of = {
    "P leaking 1%": 0.01,
    "P leaking 10%": 0.1,
    "P at 2e-2": None,
    "no P": 1.0,
}

# %%
lines = []
for name, leak in leak_of.items():
    row, space = rows[name], study["spaces"].get(name, {})
    kept, mean = (
        sum(found[i] for found in space.values()) / max(1, len(space))
        for i in (0, 1)
    )
    line = {"": name, "directions": kept or len(values), "leak": leak or mean}
    line["update"] = measured.mean_of(row["update"])
    line["rise of perplexity"] = row["perplexity"] / start - 1
    line["named first"] = row["efficacy_top1"]
    line["paraphrases"] = row["generalization_top1"]
    lines.append(line | {"neighbours kept": row["specificity"]})

# %%
widths = pd.DataFrame(lines).set_index("")
strict, loose = widths.loc["P leaking 1%"], widths.loc["P at 2e-2"]
ten = next(r for r in fronts["rows"] if r["knob"] == "λ = 0.8, P leaks 10%")
one_percent = {
    row["editor"]: row
    for row in fronts["rows"]
    if row["knob"] == "λ = 0.8, P leaks 1%"
}
quarter = {
    row["editor"]: row["perplexity"] / start - 1
    for row in study["rows"]
    if row["value"] == LAM / 4 and row["history"]
}
shown = widths.style.format("{:.0%}").format("{:,.0f}", subset=["directions"])
shown.format("{:.1%}", subset=["rise of perplexity"])

# %% [markdown]
# `directions` is how many P keeps, `update` is ‖ΣΔ‖/‖W‖; both, and the `leak`, are means over the five layers
# (layer [[=LAYER]], which we look at below, leaks [[=usual_leak:.0%]] at 2e-2).
# `named first` is accuracy on the prompt, `paraphrases` on one paraphrase,
# and `neighbours kept` is success (old answer more likely than the new one) on one neighbour, of each fact.
# The truest null space is the worst by far.
# Only [[=strict['named first']:.0%]] of the facts are named first instead of [[=loose['named first']:.0%]],
# its updates are [[=strict['update'] / loose['update']:.1f]] times as large as those of the usual P,
# and perplexity rises by [[=strict['rise of perplexity']:.0%]] instead of [[=loose['rise of perplexity']:.1%]].
# A quarter of λ takes the rise to [[=quarter['P at 2e-2']:.1%]] with the usual P,
# and to [[=quarter['P leaking 1%']:.0%]] with the strict one.
# So of the two demands of the lesson's "Break it", the strict P and the small λ, each makes the other worse.
# It is not this one stream.
# In `results/fronts.json` ([[=len(ten['scores']['efficacy'])]] facts of the test half)
# the P that leaks 1% has [[=np.mean(one_percent['AlphaEdit']['scores']['efficacy_top1']):.0%]] named first
# and raises perplexity by [[=risen_by(one_percent['AlphaEdit']):.0%]]
# ([[=risen_by(one_percent['AlphaEdit without history']):.0%]] without history);
# the one that leaks 10%, by [[=risen_by(ten):.1%]];
# the usual one, by [[=risen_by(front_rows['AlphaEdit']):.1%]].
# (Other facts, other batches and other held-out texts than in the table: compare within a file only.)
# Two reasons. The room is small: the P that leaks 1% has [[=strict['directions']:.0f]] directions in a layer,
# fewer than the hundred facts that have to share them.
# And the door is narrow.
# That you can see in the keys of our [[=len(FACTS)]] facts at layer [[=LAYER]].

# %%
carried = values.cumsum(0) / values.sum()
usual_leak = float(carried[(values < THRESHOLD).sum() - 1])
doors = []
for leak in (0.01, 0.1, usual_leak, 1.0):
    inside = vectors[:, : int((carried <= leak + 1e-9).sum())].T @ K
    sizes = R.norm(dim=0) / inside.norm(dim=0)  # (7.9): to write each alone
    door = float(inside.square().sum() / K.square().sum())
    doors.append({"leak": leak, "door": door, "size": float(sizes.mean())})
door_table = pd.DataFrame(doors)
door_table["size"] /= door_table["size"].iloc[-1]
door_table.style.format("{:.0%}").format("{:.1f}", subset=["size"]).hide()

# %% [markdown]
# `door` is the share of the new keys' energy that P lets in,
# `size` the mean of ‖r‖/‖Pk‖ over the facts, as a multiple of that without any P.
# A P that leaks 1% lets [[=door_table.door[0]:.0%]] of a new key through.
# The keys of facts are keys like any other: what protects the known from the new shuts out the new as well.
# And an update that is [[=door_table['size'][0]:.1f]] times as large is [[=door_table['size'][0]:.1f]] times
# as large for *every* key that has something inside P, also for those that no statistics have seen.
# This is a statement about layers that are nearly full.
# In a layer with a wide, truly empty space, a new key might stick out into it, and the door be open.
# Whether the 8B models are such a case we cannot measure here.

# %% [markdown]
# ## 2. What K0 is made of
# The lesson makes three P from 2,000 tokens each.
# `results/k0.json` (`python -m alphaedit_lite.book.ch14.study_k0`)
# makes P in more ways, always with the threshold [[=THRESHOLD]],
# and asks of each how much energy *other* text has in it, text of which no part made a P. The sources:
# * **Wikipedia**: lead paragraphs, our usual text;
# * **facts**: sentences that state a fact, such as *Akwa Ibom is located in the country of Nigeria.*
#   (from the development half, without any that judges the edits);
# * **own words**: what the model itself says when it is let loose (sampled at temperature 1 after a common first word);
# * **random**: tokens drawn from the vocabulary by dice.

# %%
k0, SAME = result("k0.json"), 10_000  # tokens of every source
table = measured.k0_table(k0).set_index(["source", "tokens"])
show(*draw.k0_figure(k0), name="14_k0")
dice, wiki = table.loc[("random", SAME)], table.loc[("Wikipedia", SAME)]
small_k0 = table.loc[("Wikipedia", 500)]
whole = table.loc[("Wikipedia", 100_000)]
of_facts = table.loc[("facts", SAME)]

# %% [markdown]
# **How to read it.** Left: P from more and more tokens of Wikipedia.
# The lowest line is what the sample *claims* leaks; the others are what other text has inside.
# All are means over layers [[=min(LAYERS)]] to [[=max(LAYERS)]].
# Right: each row is a P from 10,000 tokens of one kind, each column the text that tests it; darker leaks more.
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
#   The talk behind this book speaks of 100,000 *triplets* (subject, relation, object),
#   the authors' code reads 100,000 Wikipedia *articles*.
#   The right panel says that this is not a detail.
# ### What such a P does to a write
# A P that lets known keys in should let a write reach them.
# Let us see, on layer [[=LAYER]]: fifty facts are written through four spaces,
# each with the λ that writes the same share of the residuals (as in chapter 8).
# `fit` reads the keys of a text here and now;
# `thin_gain` is chapter 8's thin solve, (8.9).

# %%
other = fit(lm, rows_of(lm, "facts", 1500, other=True))  # no part made a P
unseen = other[LAYER].second_moment
one = OneLayer(K[:, :50], R[:, :50], C0, unseen, lm.weight(LAYER))
usual = vectors[:, values < THRESHOLD]
spaces = {"Wikipedia, 100,000 tokens": usual, "no P": vectors}
for source, tokens in (("Wikipedia", 500), ("random", 3000)):
    moment = fit(lm, rows_of(lm, source, tokens))[LAYER].second_moment
    found, axes = torch.linalg.eigh(moment)
    spaces[f"{source}, {tokens:,} tokens"] = axes[:, found < THRESHOLD]


def thin_gain(K1, U, lam):
    A, eye = U.T @ K1, torch.eye(K1.shape[1]).double()
    return torch.linalg.solve(A.T @ A + lam * eye, A.T @ U.T)


# %%
SHARE, columns = 0.7, ["share", "update", "known", "unseen"]
written = {
    name: one.at_share(thin_gain, U, SHARE) for name, U in spaces.items()
}
written = pd.DataFrame(written).T[columns]
written["directions"] = [U.shape[1] for U in spaces.values()]
by_P = written["known"]
saved = written.loc["no P", columns[2:]] - written[columns[2:]]
gained = saved / saved.loc["Wikipedia, 100,000 tokens"]  # 1: as the usual P
written.style.format("{:.1%}").format("{:.0f}", subset=["directions"])

# %% [markdown]
# `share` is the share of the residuals that is written, `update` is ‖Δ‖/‖W‖.
# `known` is the change of answers to ordinary text (the text behind C0),
# `unseen` that to other sentences that state facts, both as a share of their size.
# `directions` is how many P keeps.
# The false claim costs little here.
# Without P, this write changes known answers by [[=by_P['no P']:.1%]],
# through the usual P by [[=by_P['Wikipedia, 100,000 tokens']:.1%]].
# The P from 500 tokens, whose claim was nonsense, is in between, at [[=by_P['Wikipedia, 500 tokens']:.1%]]:
# it gives [[=gained['known']['Wikipedia, 500 tokens']:.0%]] of the benefit,
# and dice give [[=gained['known']['random, 3,000 tokens']:.0%]].
# But `known` is the very text that the usual P was made from.
# On `unseen` sentences, which no P knows, 500 tokens give [[=gained['unseen']['Wikipedia, 500 tokens']:.0%]],
# and dice [[=gained['unseen']['random, 3,000 tokens']:.0%]].
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
    scores = k0_rows[kind]["scores"]
    against[kind] = {m: difference(scores[m], fair[m]) for m in asked}
    risen[kind] = risen_by(k0_rows[kind])
    line = {"P from": f"{kind[0]}, {kind[1]:,}"}
    line["leak"] = f"{table['leak Wikipedia'].loc[kind]:.0%}"
    line["perplexity"] = f"{risen[kind]:+.1%}"
    lines.append(
        line | {asked[m]: str(gap) for m, gap in against[kind].items()}
    )
pd.DataFrame(lines).set_index("P from")

# %% [markdown]
# `leak` is that of ordinary text, `perplexity` its rise on held-out Wikipedia.
# The other columns are mean differences to P from [[=SAME:,]] tokens of Wikipedia,
# in points, with a 95% bootstrap interval (facts drawn again).
# The rises have no interval: thirty pieces of text, one stream.
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
# ## 3. What an early edit loses, in the whole model
# In the lesson's layer, later batches change much of what the first one wrote.
# In the whole model five layers share the work, and what counts is not a length but the answer.
# `results/fronts.json` has [[=len(front_rows['MEMIT']['scores']['efficacy'])]] facts of the test half,
# written in batches of 50 and all judged at the *end* of the stream.
# (With targets z of the unedited model; [laboratory 10](10_sequential_editing.ipynb) follows longer streams.)
# How do the oldest do?

# %%
pairs = {
    "AlphaEdit": "AlphaEdit without history",
    "MEMIT with history": "MEMIT",
}
aged = {name: front_rows[name] for pair in pairs.items() for name in pair}
ages = measured.by_age(aged, "efficacy_top1", 50)
para = {
    name: row["scores"]["generalization_top1"][:100]
    for name, row in aged.items()
}
helps = {
    name: str(difference(para[name], para[other]))
    for name, other in pairs.items()
}
ages["paraphrases, 1 to 100"] = [sum(x) / len(x) for x in para.values()]
ages.style.format("{:.0%}")

# %% [markdown]
# Asked in the words in which they were written, the oldest fifty facts are all still there:
# [[=ages.iloc[:, 0].min():.0%]] named first in every row, whether the editor remembers or not.
# (The second fifty are lowest in every row.
# We have the end of the stream only, so we cannot tell whether they were harder to write, or have lost more since.)
# And asked in other words?
# On paraphrases of the oldest *hundred*, history helps MEMIT by [[=str(helps['MEMIT with history'])]] points,
# and AlphaEdit by [[=str(helps['AlphaEdit'])]] points.
# One of two, and found after looking at several scores:
# a hint that forgetting starts at paraphrases, and no more than a hint.
# So at two hundred edits, what is plain to see in one layer is hardly felt in the answers.
# Our guess: z was found so that the new object leads by far on its prompt,
# an arg-max forgives a lot, and this slack is eaten up first.
# (We did not measure it.)
# On CounterFact, the streams of chapter 10 go on to a thousand edits, and there it shows:
# without a history the oldest facts are lost first;
# with one, old and new stand alike, and both lower than when there were a hundred.
# The streams that collapse in the literature are thirty times as long.
# ### And the weights
# The lesson finds that the updates of a layer stand at right angles:
# ‖ΣΔ‖ grows with the root of their number.
# Here is the power with which it grows, with and without history.

# %%
batches = [
    (K[:, i : i + BATCH], R[:, i : i + BATCH])
    for i in range(0, len(FACTS), BATCH)
]
keys = [K1 for K1, _ in batches]
U, lam = usual, LAM * float(values[values < THRESHOLD].sum())


def history(K1, Kp):
    return thin_gain(torch.cat([Kp, K1], dim=1), U, lam)[Kp.shape[1] :]


def stream(gain, after=lambda delta: delta):
    """Write all batches with gain(K1, Kp), [n, d_ff]; the list of their Δ."""
    total, deltas = torch.zeros(len(R), len(K)).double(), []
    for number, (K1, wanted) in enumerate(batches):
        missing = wanted - total @ K1
        deltas.append(after(missing @ gain(K1, K[:, : BATCH * number])))
        total = total + deltas[-1]
    return deltas


# %%
streams = {"no history": stream(lambda K1, Kp: thin_gain(K1, U, lam))}
streams["history"] = stream(history)
steps = [BATCH * (b + 1) for b in range(len(batches))]
sizes = {
    name: [float(sum(deltas[: b + 1]).norm()) for b in range(len(deltas))]
    for name, deltas in streams.items()
}
power = {
    name: float(np.polyfit(np.log(steps), np.log(found), 1)[0])
    for name, found in sizes.items()
}
taken = []
for n in steps:
    energies = torch.linalg.eigvalsh(K[:, :n].T @ U @ U.T @ K[:, :n])
    taken.append(float((energies / (energies + lam)).sum()))
rates = np.diff([0, *taken])
lost = {name: forgotten(deltas, keys) for name, deltas in streams.items()}
print(", ".join(f"{name}: power {p:.2f}" for name, p in power.items()))

# %% [markdown]
# The power is [[=power['history']:.2f]] with history
# and [[=power['no history']:.2f]] without: one half, as at right angles.
# On the whole, batches do not pull the same way.
# There is no sign of a loop in which weights and targets lengthen each other,
# as there should be none with targets from the unedited model.
# Does that make the targets the suspect wherever a stream explodes?
# No: the worst rises of perplexity in section 1 have such fixed targets, and a strict P.
# So look at both. [[=len(FACTS)]] facts take [[=taken[-1]:.0f]] of the [[=len(U.T)]] directions inside P,
# [[=taken[-1] / len(FACTS):.1f]] for each fact,
# and a batch takes between [[=min(rates):.0f]] and [[=max(rates):.0f]].
# If it went on at this rate, all would be taken after some [[=round(len(U.T) / taken[-1] * len(FACTS), -2):.0f]] facts.
# It cannot: a direction's share only creeps up to 1, and the last ones fill slowly.
# And age is not all. The batch that has lost most is number [[=1 + int(np.argmax(lost['no history']))]]
# without history ([[=max(lost['no history']):.0%]])
# and number [[=1 + int(np.argmax(lost['history']))]] with it ([[=max(lost['history']):.0%]]).

# %% [markdown]
# ## 4. One equation, many penalties
# You have met a small zoo of editors.
# Those with a closed form are one formula, with a prior A,
# and with or without a history (ROME and EMMET are its limit for a small c):
# $$\Delta \;=\; R\,K_1^\top\,(A + K_p K_p^\top + K_1 K_1^\top)^{-1} . \tag{14.3}$$
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
# $$c\,e = \lambda \quad\Longleftrightarrow\quad e^{*} = \lambda / c . \tag{14.4}$$
# In words: below e* AlphaEdit holds back more, above it MEMIT; and above τ, AlphaEdit holds back everything.
# So between e* and τ **AlphaEdit is the looser of the two**,
# in just those directions where known keys have more energy.

# %%
from alphaedit_lite.book.ch14.figures import filter_figure, looser, penalties

ours, authors = (1000, lam, THRESHOLD), (15_000, 10.0, 0.02)
show(*filter_figure(one, [ours, authors]), name="14_filters")
times = authors[0] * authors[2] / authors[1]
between = looser(values, *ours)
does = {
    (name, editor): one.judge(one.with_penalty(penalty))
    for name, knobs in {"ours": ours, "published": authors}.items()
    for editor, penalty in penalties(one.values, *knobs).items()
}
does = pd.DataFrame(does).T[["share", "known"]]
does.columns = ["written", "known answers changed"]
order = ["ridge", "MEMIT", "ENCORE", "AlphaEdit"]
does.unstack(0).loc[order].style.format("{:.0%}")

# %% [markdown]
# **How to read it.** Bottom axis: the eigenvalue, how much energy the text has in a direction.
# Upwards: what an editor charges for writing there.
# AlphaEdit's line ends in a wall at τ.
# In the shaded strip it charges less than MEMIT.
# Left are this book's settings (λ = [[=lam:.3g]] is [[=LAM:g]] in its unit), right the published ones;
# there e* lies to the left of the axis.
# The table adds what one write of 50 facts does in layer [[=LAYER]]:
# the share of the residuals written, and the change of known answers.
# "AlphaEdit protects what is known, MEMIT only balances" is half of the truth.
# With the published settings (right), MEMIT charges [[=times:.0f]] times as much just below τ.
# On *our* spectrum, [[=looser(values, *authors)[0]:.0%]] of the directions lie in the strip
# where AlphaEdit is the looser one;
# with this book's settings (left) it is [[=between[0]:.0%]], with [[=between[1]:.0%]] of the energy.
# The wall protects the few strong directions completely; it is bought with a discount on the middle ones.
# (How many directions of Llama3-8B lie in that strip we do not know.
# The right panel draws the published *settings* over the spectrum of *our* model:
# there, with c = 15,000, MEMIT writes only [[=does['written']['published', 'MEMIT']:.0%]] of the residuals.)
# Drag the sliders. Which λ makes AlphaEdit write as much as MEMIT at c = 1000?
# Who changes known answers less then?
# What is left of the strip if τ is lowered to e*?
# (On paper there are no sliders: start from the rows of the table, and from (14.4).)

# %%
from alphaedit_lite.book.ch14.widgets import FilterWidget

FilterWidget(one, 1000, lam, THRESHOLD).show()

# %% [markdown]
# ## 5. The relatives
# Each of the younger methods changes one thing.
# Where we could open the paper's code, the formula is taken from there, and the table says so.
# Recursive least squares and EvoEdit are in the lesson.
# Three others change something else:
# * **NAS** (norm-anchor scaling, Liu et al. 2026) changes the target.
#   Let v0 be what the last edited block adds now and v* = v0 + δ what it should add.
#   NAS gives every v* the same length m:
#   v* ← m · v* / ‖v*‖, where m is the mean length of such targets on the *unedited* model.
#   (In their code m leaves out the longest twentieth, and a fact whose ‖v*‖ is above 2m is not written.)
#   It is meant to break the loop of exercise 14.3.
# * **BLUE** (Li et al. 2025) changes the layers.
#   It writes into the first and the last of them only, each with a target z of its own and the full residual.
#   `book/ch14/study_relatives.py` has its choice of layers,
#   but with our one z (a z for layer 3 would have to be found for each fact).
# * **REVIVE** (Zhang et al. 2026) filters the finished update:
#   no component of Δ may touch the strongest singular directions of W.
#   We could open the abstract only, and there is no public code.
#   So (I − UₖUₖᵀ) Δ (I − VₖVₖᵀ), with Uₖ, Vₖ the singular vectors
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
# RLSEdit's code ships with λ = 0 and μ = 1 for Llama3-8B.
# Then its A is c·C0 with MEMIT's c, and it is MEMIT with history, computed in another way.
# ### In one layer
# The stream of section 3, written by EvoEdit, by AlphaEdit with REVIVE's filter, and by MEMIT with history.

# %%
evolving = {"P": U @ U.T, "door": []}


def evoedit(K1, Kp):
    """The gain of EvoEdit; P shrinks after each batch."""
    shadows, eye = evolving["P"] @ K1, torch.eye(K1.shape[1]).double()
    evolving["door"].append(float(shadows.square().sum() / K1.square().sum()))
    gain = torch.linalg.solve(K1.T @ shadows + lam * eye, shadows.T)
    evolving["P"] = evolve(evolving["P"], K1)
    return gain


memory = {"S": vectors @ torch.diag(1 / (1000 * values)) @ vectors.T}  # 1/(cC0)


def memit(K1, Kp):
    """The gain of MEMIT with history, by recursive least squares."""
    gain, memory["S"] = rls_step(
        memory["S"], K1, torch.eye(K1.shape[1]).double()
    )
    return gain


# %%
strong = relatives.dominant(lm.weight(LAYER).cpu(), 0.5)  # half of ‖W‖²
streams["EvoEdit"] = stream(evoedit)
streams["REVIVE, our reading"] = stream(
    history, lambda delta: relatives.without_dominant(delta, *strong)
)
streams["MEMIT with history"] = stream(memit)
lines = {}
for name, deltas in streams.items():
    total = sum(deltas)
    stands = [1 - float((r - total @ k).norm() / r.norm()) for k, r in batches]
    lines[name] = {
        "first batch": stands[0],
        "last batch": stands[-1],
        "forgotten": forgotten(deltas, keys)[0],
        "update": float(total.norm()) / one.size,
        "known answers": known_change(total, C0, one.W),
    }
small = pd.DataFrame(lines).T
small.style.format("{:.1%}")

# %% [markdown]
# For each stream, at its end: which share of the first
# and of the last batch's residuals stands (`first batch`, `last batch`);
# what the first batch has lost (`forgotten`, exercise 14.2); the size of the sum of all updates;
# and the change of known answers in layer [[=LAYER]], as a share of their size.
# EvoEdit keeps its word: it has forgotten [[=small['forgotten']['EvoEdit']:.0%]], to rounding.
# And the price is small so far.
# The last batch gets [[=small['last batch']['EvoEdit']:.0%]] of its residuals written,
# with history [[=small['last batch']['history']:.0%]]; known answers change
# by [[=small['known answers']['EvoEdit']:.1%]] instead of [[=small['known answers']['history']:.1%]].
# Each batch takes [[=BATCH]] directions for good, needed or not,
# and yet P had [[=evolving['door'][0]:.0%]] of a new key's energy inside at the first batch
# and [[=evolving['door'][-1]:.0%]] at the last:
# the [[=BATCH * (len(batches) - 1)]] of [[=len(U.T)]] directions that are gone by then are not yet missed.
# **REVIVE**, as we read it, holds back:
# of the last batch only [[=small['last batch']['REVIVE, our reading']:.0%]] stands.
# The gain was solved for *one* Δ, and what is written is another.
# As a share of the little that it wrote,
# its first batch has lost more than AlphaEdit's with history ([[=small['forgotten']['REVIVE, our reading']:.0%]]);
# yet at the end the oldest batch stands about as high
# as the newest ([[=small['first batch']['REVIVE, our reading']:.0%]]).
# All this is true of our reading, which may not be the paper's method.
# **MEMIT with history** does better than AlphaEdit with history on this layer:
# it keeps more of the first batch than AlphaEdit with history does
# ([[=small['first batch']['MEMIT with history']:.0%]] against [[=small['first batch']['history']:.0%]]),
# writes more of the last one, and changes known answers less
# ([[=small['known answers']['MEMIT with history']:.0%]] against [[=small['known answers']['history']:.0%]]).
# Here c was not tuned for equal shares, and it need not be: it is better on all three.
# (The known answers are just what MEMIT weighs.)
# ### In the whole model
# [[=len(base['scores']['efficacy'])]] facts of the test half in batches of 50,
# the same shipped targets z, the same questions (chapter 10's sweep).
# Again we compare fact by fact with AlphaEdit, with 95% bootstrap intervals.
# The first rows are the rivals that you know; then EvoEdit, REVIVE as we read it, NAS, ENCORE,
# and AlphaEdit on its first and last layer instead of five (`python -m alphaedit_lite.book.ch14.study_relatives`).
# RLSEdit has no row: at its shipped setting it is MEMIT with history.
# Nor has BLUE: without a z for each layer, its choice of layers is the last row.

# %%
wanted = (
    "AlphaEdit",
    "AlphaEdit without history",
    "ridge with history",
    "MEMIT with history",
    "MEMIT",
)
younger = {row["editor"]: row for row in result("relatives.json")["rows"]}
compared = {name: front_rows[name] for name in wanted} | younger
panels = {
    "efficacy_top1": "named first",
    "generalization_top1": "paraphrase",
    "specificity": "neighbours kept",
}
shown = draw.compared_figure(compared, "AlphaEdit", panels, before)
show(*shown, name="14_relatives")

# %%
base = compared["AlphaEdit"]
change = {
    name: {m: difference(row["scores"][m], base["scores"][m]) for m in panels}
    for name, row in compared.items()
    if name != "AlphaEdit"
}
rises = {name: risen_by(row) for name, row in compared.items()}
better = sum(found["efficacy_top1"][1] > 0 for found in change.values())
shown = {
    name: {panels[m]: str(gap) for m, gap in found.items()}
    | {"perplexity": f"{rises[name]:+.1%}"}
    for name, found in change.items()
}
pd.DataFrame(shown).T.rename_axis("minus AlphaEdit")

# %% [markdown]
# **How to read it.** A dot is the mean difference to AlphaEdit over the facts, in points; the bar is its 95% interval.
# Bars that cross the dotted line could be chance.
# On the right, squares: what the edits cost the model as a whole.
# Of [[=len(change):d]] rivals and relatives,
# [[='none names' if not better else 'one names' if better == 1 else f'{better} name']]
# the new facts first more often than AlphaEdit, beyond the noise.
# EvoEdit and NAS cannot be told apart from it here;
# three of the others write clearly less at the settings that they run with.
# In the order of the figure:
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
#   In one layer it was ahead; over five layers, with two hundred facts that nearly all arrive, prompts do not notice.
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
#   Be careful with "no difference", too:
#   [[=len(base['scores']['efficacy'])]] facts cannot resolve one or two points,
#   every method runs at one setting of its knob, and the relatives were made for thousands of edits.
#   A method that writes less and harms less has perhaps only been turned down (chapter 13 has the control for that).
# ### Does the loop begin?
# NAS blames a loop: longer hidden states ask for longer targets.
# Its first turn can be looked at.
# For [[=len(loop_rows['unedited']['v0'])]] facts that are never written, z was found twice:
# on the unedited model, and on one that holds the two hundred edits of AlphaEdit.

# %%
loop_rows = result("relatives.json")["loop"]
old, new = loop_rows["unedited"], loop_rows["edited"]
said = {
    "v0": "what the block adds now",
    "delta": "what the search adds",
    "v*": "what it should add",
}
ratios = {n: [b / a for a, b in zip(old[n], new[n], strict=True)] for n in said}
longer = {name: interval(found) for name, found in ratios.items()}
middle = {name: float(np.median(found)) for name, found in ratios.items()}
lengths = {f"‖{n}‖, {said[n]}": (*longer[n][:3], middle[n]) for n in said}
columns = ["mean ratio", "low", "high", "median"]
pd.DataFrame(lengths, index=columns).T.style.format("{:.2f}")

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
# ## 6. Harm where nothing was fitted, and a planner
#
# P and C0 come from leads of Wikipedia, and so did the text of all perplexities above.
# That is home ground for whoever protects it best. What of other text?
# `results/elsewhere.json` has [[=elsewhere['facts']:d]] bundled facts in layer [[=elsewhere['layer']:d]],
# in one write (`python -m alphaedit_lite.book.ch14.study_elsewhere`).
# Each editor got the knob that writes the same share of the residuals, [[=elsewhere['share']:.0%]]:
# so none is cheap because it writes less.
# Then came the loss of 60 texts each of four kinds: held-out leads of Wikipedia,
# modules of Python's library, political speeches, and small talk in the model's own chat form.

# %%
from alphaedit_lite.book.kit.elsewhere import OUTSIDE, harm, percent

elsewhere = result("elsewhere.json")
OUTPUTS = {  # priors that know what leaves the layer, and their rivals
    "low curvature, as roomy as P at 0.02": "P at 2e-2",
    "low curvature, as roomy as P at 0.05": "P at 5e-2",
    "MEMIT, outputs weighed": "MEMIT",
}
writers = {
    n: r
    for n, r in elsewhere["rows"].items()
    if n != "unedited" and n not in OUTPUTS
}
unhurt = elsewhere["rows"]["unedited"]["losses"]
raised = {name: harm(unhurt, row["losses"]) for name, row in writers.items()}
show(*draw.harm_figure(raised), name="14_elsewhere")

# %%
narrow_row, wide_row, bare_row, memit_row = (
    writers[name] for name in ("P at 2e-2", "P at 5e-2", "no P", "MEMIT")
)
dearer = {
    name: harm(row["losses"], narrow_row["losses"])
    for name, row in (
        ("no P", bare_row),
        ("P at 5e-2", wide_row),
        ("MEMIT", memit_row),
    )
}
outside = {name: percent(found[OUTSIDE]) for name, found in dearer.items()}
dearer_by = {
    f"P at 2e-2 against {name}": {kind: percent(c) for kind, c in found.items()}
    for name, found in dearer.items()
}
pd.DataFrame(dearer_by).T

# %% [markdown]
# **How to read it.** A mark is the rise of perplexity over the unedited model, with an interval over texts.
# The table compares the usual P with three others, text by text: above zero, the usual P does more harm.
#
# * **At home P may pay.**
#   On Wikipedia, against no P: [[=percent(dearer['no P']['Wikipedia'])]]; the interval leaves the sign open.
# * **On program text it costs.**
#   On program text the same comparison gives [[=percent(dearer['no P']['program text'])]],
#   over all text but Wikipedia [[=outside['no P'] ]].
#   Chapter 7 says what to expect:
#   P forbids the directions that Wikipedia uses most, so the update must be longer in the others
#   ([[=narrow_row['forecast']['update'] / bare_row['forecast']['update']:.1f]] times as long here).
#   And the keys of program text are changed more by it:
#   ‖Δk‖/‖Wk‖ is [[=narrow_row['forecast']['program text']:.2f]],
#   without P [[=bare_row['forecast']['program text']:.2f]].
# * **A wider P is better at home and abroad**, at this share:
#   at 5e-2 it keeps more directions and needs a smaller update.
#   The usual one costs [[=percent(dearer['P at 5e-2']['Wikipedia'])]] more on Wikipedia
#   and [[=outside['P at 5e-2'] ]] outside.
#   Against MEMIT, whose C0 forbids nothing,
#   it costs [[=percent(dearer['MEMIT']['Wikipedia'])]] and [[=outside['MEMIT'] ]].
# * **Chat** has become *easier* to predict with every editor.
#   We have not looked for the reason.
#
# The facts taken are about the same:
# [[=len(narrow_row['scores']['efficacy_top1']) * np.mean(narrow_row['scores']['efficacy_top1']):.0f]]
# of [[=elsewhere['facts']:d]] are named first with the usual P,
# [[=len(bare_row['scores']['efficacy_top1']) * np.mean(bare_row['scores']['efficacy_top1']):.0f]] without P,
# [[=len(memit_row['scores']['efficacy_top1']) * np.mean(memit_row['scores']['efficacy_top1']):.0f]] with MEMIT.
# This is one layer, one model and one set of facts; chapter 10's laboratory has the streams.
#
# ### Does it help to know what leaves the layer?
#
# P and C0 know what *enters* a layer.
# What leaves it may matter more, or less, to the blocks above.
# CrispEdit [(Ikram et al. 2026)](https://arxiv.org/abs/2602.15823) looks at both sides.
# Let G be the second moment of the loss's gradient at the layer's output.
# To second order, and with Kronecker factors, the loss on known text rises by
#
# $$\tfrac12\operatorname{tr}(G\,\Delta\,C_0\,\Delta^\top) = \tfrac12\sum_{j,i} g_j\,a_i\,\tilde\Delta_{ji}^2 .$$
#
# In words: to move output $j$ along key direction $i$ costs the product of two eigenvalues, $g_j$ of G and $a_i$ of C0.
# An output that nobody heeds is cheap to move, even by a busy key.
# So pairs are forbidden, no whole directions:
# of all pairs the cheapest are left, here as many as P leaves at two thresholds.
# The soft form is MEMIT with every output weighed by its $g_j$.
# Both have a closed form, one solve for each output direction (`python -m alphaedit_lite.book.ch14.study_curvature`).
# CrispEdit itself goes down the loss of the new facts in that space;
# here it gets our targets, and the same share.

# %%
weighed = {
    f"{name}, against {usual_way}": harm(
        elsewhere["rows"][usual_way]["losses"],
        elsewhere["rows"][name]["losses"],
    )
    for name, usual_way in OUTPUTS.items()
}
crisp, roomy_crisp, soft_outputs = weighed.values()
stretched = [
    elsewhere["rows"][a]["forecast"]["update"]
    / elsewhere["rows"][b]["forecast"]["update"]
    for a, b in OUTPUTS.items()
]
paraphrased = {
    name: difference(
        *(
            pd.Series(elsewhere["rows"][n]["scores"]["generalization_top1"])
            for n in (name, usual_way)
        )
    )
    for name, usual_way in OUTPUTS.items()
}
strict_gain, roomy_gain, soft_gain = map(str, paraphrased.values())
pd.DataFrame(weighed).T.map(percent)

# %% [markdown]
# Above zero, the prior that knows the outputs does more harm than the one that does not.
# By perplexity it hardly helps here.
#
# * **The hard form.** In as little room as the usual P has,
#   no difference is seen at home ([[=percent(crisp['Wikipedia'])]]);
#   outside it costs more ([[=percent(crisp[OUTSIDE])]], on program text [[=percent(crisp['program text'])]]),
#   and on paraphrases it is [[=strict_gain]] points.
#   Its update there is [[=stretched[0]:.2f]] times as long.
#   In the room of 5e-2 perplexity is nearly the same
#   ([[=percent(roomy_crisp[OUTSIDE])]] outside), at [[=roomy_gain]] points on paraphrases.
# * **The soft form** changes perplexity of speeches by [[=percent(soft_outputs['speeches'])]];
#   on Wikipedia the interval leaves the sign open ([[=percent(soft_outputs['Wikipedia'])]]),
#   and so it does on paraphrases ([[=soft_gain]]).
#
# One reason can be proved.
# If everything is written, Δ K = R says what *leaves* the layer for every fact.
# All freedom is then on the side of the keys, and G drops out of the soft form: it is MEMIT's Δ, whatever G is.
# At a share of [[=elsewhere['share']:.0%]] there is a little freedom left: which outputs to write less of.
# CrispEdit has more, since it needs no targets.
# Whether that is what it lives on, we have not measured.
#
# ### What will n edits cost at this threshold?
#
# All of that can be forecast without running the model: by (14.3), an update is known as soon as the keys are,
# and so is its change of known answers, √tr(ΔCΔᵀ), for the keys of any text.
# The planner below does nothing else.
# `room` is n over the rank of P.

# %%
from alphaedit_lite.book.ch14.experiments import Planner
from alphaedit_lite.book.ch14.study_elsewhere import moments

planner = Planner(K, R, moments(lm, C0), lm.weight(LAYER))
plans = {}
for n in (50, 100, 200):
    for threshold in (1e-2, 2e-2, 5e-2, None):
        name = f"P at {threshold:g}" if threshold else "no P"
        plans[name, n] = planner.cost(n, threshold, lam=LAM)
    plans["MEMIT", n] = planner.memit(n)
agreement = {
    kind: pd.Series({n: r["forecast"][kind] for n, r in writers.items()}).corr(
        pd.Series({n: found[kind].mean for n, found in raised.items()}),
        method="spearman",
    )
    for kind in unhurt
}
forecast = pd.DataFrame(plans).T.rename_axis(["", "n"])
forecast.style.format("{:.2f}", na_rep="–")

# %% [markdown]
# Does the forecast agree with the measured rise?
# Over the study's [[=len(writers)]] rows their rank correlation is [[=float(agreement['Wikipedia']):.1f]] on Wikipedia,
# [[=float(agreement['program text']):.1f]] on program text, [[=float(agreement['speeches']):.1f]] on speeches,
# and [[=float(agreement['chat']):.1f]] on chat, where it fails.
# Change `n`, `threshold` and `LAM`: a narrow P at a fixed λ (in its own unit) writes less of each fact.
# For your own model, give it the keys of your facts and of the text you care about.

# %% [markdown]
# ## 7. A thousand facts: the newest relative, and what one would try instead
#
# Section 5 wrote two hundred facts of few relations.
# Here are the [[=LONG:,]] facts of CounterFact that the streams of laboratory 10 write, and three more ways.
#
# * **BetaEdit** [(Liu et al. 2026)](https://arxiv.org/abs/2605.09285) starts from this chapter's complaint:
#   the "null space" is approximate, so it leaks.
#   Its prior is A = c·C0 + λI *inside* P, with a history: ENCORE behind a P.
#   The published c is 3,000 and λ is 10, which ours nearly is (laboratory 10).
#   (Its P is computed anew every 1,000 facts; here that would come after the last.)
# * **Fine-tuning as one trains anything else** [(Yang et al. 2025)](https://arxiv.org/abs/2509.22072):
#   small batches, some epochs over all facts, one matrix.
#   It is no stream, since it must have all facts beforehand.
# * **Retrieval.** No weight is changed.
#   Every fact stands in a list as a sentence,
#   and the sentence most like the prompt (cosine of tf-idf words) is put in front of it.
#
# The settings of the last two were chosen on [[=instead['tuned on']:d]] other facts;
# fine-tuning is shown with two more, since five times as many facts are five times as many steps
# (`python -m alphaedit_lite.book.ch14.study_instead`, `results/instead.json`).

# %%
from alphaedit_lite.book.ch14.results import (
    LONG,
    SHOWN,
    ahead,
    beside,
    thousand,
)

instead, thousands = result("instead.json"), thousand()
at_thousand = beside(thousands)
shown = at_thousand.style.format("{:.0%}", subset=list(at_thousand)[:4])
shown = shown.format(percent, subset=list(at_thousand)[4:])
shown.set_caption(f"after {LONG:,} facts")

# %%
A, M, BETA, FOUND = "AlphaEdit", "MEMIT with history", "BetaEdit", "retrieval"
tunings = [name for name in thousands if name.startswith("fine-tuning")]
TUNED = max(tunings, key=lambda name: at_thousand["named first"][name])
gaps = {
    (a, b): {m: ahead(thousands, a, b, m) for m in SHOWN}
    for a, b in ((BETA, A), (BETA, M), (TUNED, M), (FOUND, M), (FOUND, A))
}
put_first = instead["rows"][FOUND]["disturbed"]
shown = {
    f"{a} − {b}": {SHOWN[m]: str(change) for m, change in found.items()}
    for (a, b), found in gaps.items()
}
pd.DataFrame(shown).T

# %% [markdown]
# (`says it`: a free answer names the new object, for one fact in ten.
# The right half: rises of perplexity.
# All on the [[=gaps[FOUND, M]['efficacy_top1'].n]] facts that were judged of all.)
#
# * **BetaEdit is another point, not another curve.**
#   With the published c it names [[=at_thousand['named first'][BETA]:.0%]] first
#   and costs [[=percent(at_thousand['Wikipedia'][BETA])]] on Wikipedia: less of both.
#   A larger c does that to MEMIT with history, too.
#   Whether one beats the other at equal harm would need both turned.
# * **Fine-tuning names as many of the facts, and fewer of the paraphrases.**
#   The best of [[=len(tunings)]] settings names [[=at_thousand['named first'][TUNED]:.0%]] of the facts first
#   and [[=at_thousand['paraphrases'][TUNED]:.0%]] of their paraphrases:
#   against MEMIT with history [[=str(gaps[TUNED, M]['efficacy_top1'])]]
#   and [[=str(gaps[TUNED, M]['generalization_top1'])]].
#   Perplexity rises by [[=percent(at_thousand['Wikipedia'][TUNED])]] on Wikipedia
#   and [[=percent(at_thousand['program text'][TUNED])]] on program text: no more than after an editor's write.
#   It has learned the prompts more than the facts.
# * **Retrieval is the rival to beat.**
#   It names fewer of the facts' own prompts ([[=str(gaps[FOUND, A]['efficacy_top1'])]] against AlphaEdit,
#   [[=str(gaps[FOUND, M]['efficacy_top1'])]] against MEMIT with history):
#   the answer stands in front of the model, and one of this size does not always copy it.
#   On paraphrases no difference is seen
#   ([[=str(gaps[FOUND, A]['generalization_top1'])]], [[=str(gaps[FOUND, M]['generalization_top1'])]]),
#   and neighbours do better ([[=str(gaps[FOUND, A]['specificity'])]], [[=str(gaps[FOUND, M]['specificity'])]]).
#   Of [[=4 * 60]] other texts [[=sum(put_first.values())]] got a sentence that they did not ask for.
#   That costs [[=percent(at_thousand['program text'][FOUND])]] on program text;
#   on Wikipedia it even helps ([[=percent(at_thousand['Wikipedia'][FOUND])]]),
#   where any sentence of that kind may set the tone (we have not tried another).
#
# What retrieval cannot do is leave the model alone with its new knowledge:
# the list must travel along, every prompt becomes longer, and a fact that is not found is not there.
# But who asks "how do I give a small model a thousand facts?" should try it first.

# %% [markdown]
# ## 8. What an edit withstands
#
# Two cheap tests of what an edit *is*.
# Of the same [[=LONG:,]] facts every second one is asked,
# if it has one verb that takes a "not" (`python -m alphaedit_lite.book.ch14.study_wear`, `results/wear.json`).
#
# * **A negation.** Whoever has learned a fact does
#   not end "Lower Assam is *not* located in the country of" with Romania.
#   Edited models are reported to do so [(Liu et al. 2025)](https://arxiv.org/abs/2510.00625).
# * **Ordinary training.** All weights take [[=wear['training']['steps']:d]] steps of AdamW on leads of Wikipedia.
#   Such training is reported to erase edits,
#   AlphaEdit's most of all on one benchmark [(Cheng et al. 2025)](https://arxiv.org/abs/2511.05852).

# %%
wear = result("wear.json")
worn_rows = {name: wear["rows"][name] for name in ("unedited", A, M)}
shown = {
    name: {
        (when, what): np.mean(row[when][what])
        for when in ("before", "after")
        for what in ("new", "new, negated", "old", "old, negated")
    }
    for name, row in worn_rows.items()
}
pd.DataFrame(shown).T.style.format("{:.1%}")

# %%
first_before = {n: np.array(worn_rows[n]["before"]["new"]) for n in (A, M)}
first_after = {n: np.array(worn_rows[n]["after"]["new"]) for n in (A, M)}
denied = {
    n: difference(worn_rows[n]["before"]["new, negated"], first_before[n])
    for n in (A, M)
}
by_both = np.flatnonzero(first_before[A] * first_before[M])
kept_of = {n: first_after[n][by_both] for n in (A, M)}
kept_gap = told(difference(kept_of[A], kept_of[M]), A, M)
olds = [np.sum(worn_rows["unedited"]["before"][k]) for k in ("old", "old, negated")]
after_training = [row["after"]["perplexity"] for row in worn_rows.values()]

# %% [markdown]
# ([[=len(first_before[A])]] facts; `before` and `after` the training; `old` is the object that was true.)
#
# * **Half of it is said in spite of the "not".**
#   Against the plain prompt, the share of facts whose new object comes first changes
#   by [[=str(denied[A])]] points with AlphaEdit, [[=str(denied[M])]] with MEMIT with history.
#   An edit ties an object to a subject, and much of it comes along whatever the verb says.
#   Is that the edit, or the model, which may not read a "not" at all?
#   Unedited, it names [[=int(olds[0])]] of the old objects first, and [[=int(olds[1])]] behind a "not":
#   about the same share, but too few to tell.
# * **A hundred steps wear most of it off.**
#   Of the [[=len(by_both)]] facts that both editors had first, [[=kept_of[A].mean():.0%]] are left with AlphaEdit
#   and [[=kept_of[M].mean():.0%]] with MEMIT with history: [[=kept_gap]].
#   The order that was reported is not seen here.
#   (The training text has nothing to do with the facts.
#   It heals, too: on held-out leads, perplexity goes to [[=after_training[1]:.1f]] and [[=after_training[2]:.1f]];
#   without edits, to [[=after_training[0]:.1f]].)
#
# So edits come last: who goes on training has to write them again.

# %% [markdown]
# ## 9. What others have found, thousands of edits on
# The streams of this book end at two thousand edits, on small models. Others went on.
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

# ## Paper ↔ code: the other relatives
#
# | equation | in the authors' code (described) | here |
# |---|---|---|
# | v* ← m v*/‖v*‖ | NAS, `NAS/compute_z.py`: after the descent; leaves a fact unwritten if ‖v*‖ > 2m | `anchor_norm` |
# | own z per layer | BLUE, `AlphaEdit/AlphaEdit_main.py`, branch `hparams.blue` | only its layers: `EditorConfig(layers=(3, 7))` |
#
# And our module against the lesson's formulas:

# %%
S = torch.eye(len(K)).double() / lam
delta, _ = relatives.rls_step(
    S, keys[0].T, R[:, :BATCH].T
)  # keys are rows there
mine, _ = rls_step(S, keys[0], R[:, :BATCH])
left = relatives.shrink(U, keys[0].T)
apart = (left @ left.T - evolve(U @ U.T, keys[0])).abs().max()
print(f"recursion: {float((delta - mine).norm() / mine.norm()):.0e}")
print(f"projector: {float(apart):.0e}")
print(f"directions left: {left.shape[1]} of {U.shape[1]}")

# %% [markdown]
# **Further reading**
# * [Gupta et al. 2025](https://arxiv.org/abs/2502.01636), ENCORE:
#   overfitting to the targets and growth of the norm as two causes of decay, and a remedy for each.
# * [Liu et al. 2026](https://arxiv.org/abs/2602.02543), NAS:
#   why norms can grow exponentially in a stream of edits.
# * [Li et al. 2025](https://arxiv.org/abs/2502.03748), BLUE: what spreading the residual over layers costs.
# * [Zhang et al. 2026](https://arxiv.org/abs/2601.11042), REVIVE:
#   collapse as damage to the strongest singular directions of W.
