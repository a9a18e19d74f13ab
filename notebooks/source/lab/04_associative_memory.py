# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 4: What do real keys cost?
#
# *To read: 20 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [Chapter 4](../04_associative_memory.ipynb) says that a matrix holds more *choices* than vectors,
# that a careful write is nearly free until the matrix is almost full,
# and that real keys interfere far more than random ones.
# Here the three claims are measured, and the third is taken apart:
# why do real keys overlap, and what does it do to a dictionary of three hundred subjects?
# Read it if a single subject in a single layer does not convince you.

# %% tags=["setup"]

# %%
# Parameters: entries of a toy key, number of subjects, layer of real keys.
import math

import pandas as pd
import torch

from alphaedit_lite import bundled_facts, key_statistics, load_model
from alphaedit_lite.book.ch04 import experiments as measure
from alphaedit_lite.book.ch04 import figures as draw
from alphaedit_lite.book.ch04.reference import (
    effective_dimension,
    expected_error,
    store,
    two_keys,
    write,
    write_carefully,
)
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.prompts import PREFIXES

torch.manual_seed(4)
torch.set_default_dtype(torch.float64)
D, FACTS, LAYER = 48, 300, 7

# %% [markdown]
# ## 1. How many facts fit, as vectors and as choices?
#
# Three things are measured while both dictionaries fill up with random facts:
# the squared error at the stored keys, what is added to it
# if the question is off by a tenth of its length, and how often the right value wins.
# The last one asks less: a language model does not need the *vector* v, it must pick the right word.
# So it is enough that W k₁ has a larger dot product with v₁ than with any other value.
#
# Theory for the added error: for a question k + ε with ‖ε‖ = s, it is Wε.
# A row w of W adds (w ε)², which is s²‖w‖²/d on average for a random ε.
# All rows together give s²‖W‖²/d.
# For the sum, ‖W‖² is about n.
# For the exact dictionary of random facts it is nearly n·d/(d − n − 1)
# below d facts and d²/(n − d − 1) above, a known result on random matrices.
# So, if n is not within 1 of d,
#
# $$\text{added squared error} \;\approx\; s^2\,\frac{\lVert W \rVert^2}{d}
# \;\approx\; s^2\,\frac{\min(n, d)}{|d-n|-1} . \tag{1}$$
#
# In words: what is wrong with the question is enlarged by the size of W, and W is largest when the facts just fit.


# %%
def unit(X):
    return X / X.norm(dim=0)


def trial(n, off=0.1):
    """Both dictionaries with n random facts, asked exactly and slightly off."""
    K, V, noise = (unit(torch.randn(D, n)) for _ in range(3))
    row = {"facts": n}
    for name, W in (("sum", V @ K.T), ("exact", store(K, V))):
        row[name] = (W @ K - V).square().sum(0).mean()
        row[f"{name}, added"] = (W @ noise * off).square().sum(0).mean()
        won = (V.T @ W @ K).argmax(0) == torch.arange(n)
        row[f"{name}, right"] = won.double().mean()
    row["sum, theory"], row["exact, theory"] = expected_error(n, D)
    row["sum, right, theory"] = measure.chance_right(n, D)
    row["sum, added, theory"] = off**2 * n / D
    row["exact, added, theory"] = off**2 * min(n, D) / (abs(D - n) - 1)
    return {name: float(value) for name, value in row.items()}


# %% [markdown]
# Each size is tried with 24 sets of random facts (the slow large ones with three):

# %%
few = (2, 6, 12, 18, 24, 30, 36, 40, 44, 46, 50, 52, 56, 64, 72, 80, 96, 120)
sizes = (*few, 144, 192, 288, 400, 600)
rows = [trial(n) for n in sizes for _ in range(24 if n < 150 else 3)]
capacity = pd.DataFrame(rows).groupby("facts").mean().reset_index()

# %% [markdown]
# One panel for each question:

# %%
edge = {"line": (D, "n = d"), "xscale": "log", "xlabel": "facts"}
panels = {
    "squared error": {
        "points": {"sum": "sum", "exact": "exact"},
        "theory": {"sum, theory": "(n − 1)/d", "exact, theory": "1 − d/n"},
        "ylim": (-0.25, 2),
    },
    "added to it, if the question is 10% off": {
        "points": {"sum, added": "sum", "exact, added": "exact"},
        "theory": {
            "sum, added, theory": "s² n/d",
            "exact, added, theory": "(1)",
        },
        "yscale": "log",
    },
    "share of right choices": {
        "points": {"sum, right": "sum", "exact, right": "exact"},
        "theory": {"sum, right, theory": "sum, roughly"},
        "ylim": (0, 1.05),
    },
}

# %% [markdown]
# A dictionary "holds" n facts here if it is right at least 19 times in 20:

# %%
panels = {title: panel | edge for title, panel in panels.items()}
show(*draw.curves_figure(panels, "facts", capacity), name="04_capacity")
table = capacity.set_index("facts")
holds, holds_exact = (
    int(table.index[table[f"{name}, right"] >= 0.95].max())
    for name in ("sum", "exact")
)

# %% [markdown]
# **How to read it.** Marks are measured, lines are theory without any fitted constant.
# (The line on the right takes all errors as independent; they are not quite, and it promises a little too little.)
#
# * **Close to the edge is too close.**
#   With 40 of 48 facts, (1) says that a question that is off by 10% gets an answer
#   that is off by 0.1·√(40/7) = [[=0.1 * math.sqrt(40 / 7):.0%]];
#   measured are [[=math.sqrt(table['exact'][40] + table['exact, added'][40]):.0%]].
#   Just past the edge, where less has to be exact, the same dictionary becomes calm again.
#   (Statisticians know this peak from "double descent",
#   and [Hastie et al. 2019](https://arxiv.org/abs/1903.08560) prove it for large n and d. The sum has none.)
# * **"Full" depends on what is asked.**
#   As vectors, 48 facts are the end.
#   As *choices*, the sum is still right 19 times in 20 with [[=holds:d]] facts,
#   though its mean squared error is then [[=(holds - 1) / D:.1f]], where a value has squared length 1.
#   The exact dictionary gets as far as [[=holds_exact:d]].
#   The errors point in all directions, and no single wrong value collects enough of them.
# * **Choices grow with d².**
#   A matrix of d × d numbers can keep on the order of d² choices (up to logarithms), but only d vectors:
#   [Nichani et al.](https://arxiv.org/abs/2412.06538) prove such results.
#   At d = 48 the logarithms still hide it.
#   But double d, and the line of the right panel stretches fourfold:
#   it promises [[=measure.chance_right(300, 96):.0%]] right choices for 300 facts at d = 96,
#   and [[=measure.chance_right(9800, 576):.0%]] for 9800 facts at d = 576, the size of our model's values.
#
# ## 2. What a careful write costs
#
# The careful write of chapter 4 points along k⊥, the part of the new key that is new.
# With random keys, k⊥ lives in the d − n directions that no old key uses,
# so ‖k⊥‖² is (d − n)/d on average, and Δ is larger than the plain one by the root of d/(d − n).

# %%
rows = []
for n in (2, 6, 12, 18, 24, 30, 36, 40, 44, 46):
    for _ in range(51):
        K, k = unit(torch.randn(D, n)), unit(torch.randn(D))
        W, v = torch.randn(8, D), torch.randn(8)
        plain, careful = write(W, k, v), write_carefully(W, K, k, v)
        size = (v - W @ k).norm()
        row = {"facts": n, "growth": careful.norm() / plain.norm()}
        row["plain"] = (plain @ K).norm() / size / math.sqrt(n)
        row["careful"] = (careful @ K).norm() / size
        rows.append({name: float(value) for name, value in row.items()})
writes = pd.DataFrame(rows).groupby("facts").median().reset_index()
writes["growth, theory"] = (1 - writes.facts / D) ** -0.5
writes["plain, theory"] = D**-0.5

# %% [markdown]
# Two panels: who pays, and how large Δ becomes.

# %%
panels = {
    "change of an old answer, share of ‖r‖": {
        "points": {"plain": "plain", "careful": "careful"},
        "theory": {"plain, theory": "√(1/d)"},
        "ylim": (-0.01, 0.25),
    },
    "‖Δ‖: careful / plain": {
        "points": {"growth": "median of 51"},
        "theory": {"growth, theory": "√(d/(d − n))"},
    },
}
panels = {t: panel | {"xlabel": "facts stored"} for t, panel in panels.items()}
show(*draw.curves_figure(panels, "facts", writes), name="04_writes")
growth = writes.set_index("facts").growth

# %% [markdown]
# **How to read it.** Left: how far an old answer moves; the line is the root of the mean squared cosine 1/d.
# Right: how much larger the careful Δ is.
# With two free directions left (n = 46) chance decides:
# ‖k⊥‖² is often far below its mean, and the median lies above the line.
#
# With half of the places taken,
# the careful write is only [[=float(growth[24]):.1f]] times as large as the plain one, and harms nobody.
# With 44 of 48 it is [[=float(growth[44]):.1f]] times as large, and at the last free place it explodes.
# With n ≥ d nothing is new about any key, and somebody must pay.
#
# ## 3. Why do real keys overlap?
#
# We take the keys of layer [[=LAYER]] at the last tokens of [[=FACTS]] subjects,
# each in its own prompt, and once more behind an unrelated sentence.

# %%
lm = load_model()
facts = bundled_facts("development")[:FACTS]
names = [fact.subject for fact in facts]
K = measure.subject_keys(lm, facts, LAYER).T  # [d_ff, 300]: columns
elsewhere = measure.subject_keys(lm, facts, LAYER, prefix=PREFIXES[1]).T
print(f"{K.shape[1]} keys of {K.shape[0]} entries; the sentence: {PREFIXES[1]}")

# %% [markdown]
# Now a series of suspects.
# Are real keys so similar because their entries are spiky (few large numbers)?
# Because all share a common part?
# Because they use few directions much and many little?
# Three lines of the table take one of these away; the others are for comparison.
#
# * *shuffled*: the same numbers in each key, but in an order of its own.
#   Spikes stay, shared neurons go.
# * *mean removed*: minus the average key.
# * *whitened*: every direction divided by how strongly ordinary text uses it, C0^(−½) k.
#   C0 is the mean of k kᵀ over 100,000 tokens of Wikipedia.
#   Its eigenvectors are the directions, and its eigenvalues how strongly each is used (a mean square, hence the root).

# %%
C0 = key_statistics(lm, (4, 5, 6, 7))[LAYER].second_moment  # [d_ff, d_ff]
energies, directions = torch.linalg.eigh(C0)
whiten = directions @ torch.diag(energies.rsqrt()) @ directions.T
shuffled = torch.stack([k[torch.randperm(len(k))] for k in K.T]).T
sets = {
    "random": torch.randn_like(K),
    "real, shuffled": shuffled,
    "real": K,
    "real, after another sentence": elsewhere,
    "real, mean removed": K - K.mean(1, keepdim=True),
    "real, whitened": whiten @ K,
}

# %% [markdown]
# For each set, three numbers:


# %%
def cosines(K):
    """Cosines of all pairs of different columns."""
    different = ~torch.eye(K.shape[1], dtype=torch.bool)
    return (unit(K).T @ unit(K))[different]


rows = {
    name: {
        "mean cosine": float(cosines(keys).mean()),
        "largest cosine": float(cosines(keys).max()),
        "effective dimension": effective_dimension(keys),
    }
    for name, keys in sets.items()
}
real = pd.DataFrame(rows).T
d_eff = real["effective dimension"]
real.style.format("{:.2f}").format("{:.0f}", subset=["effective dimension"])

# %% [markdown]
# Three of these as a picture, with a fourth line:
# the cosine of each key with *the same subject* behind the other sentence.

# %%
same = (unit(K) * unit(elsewhere)).sum(0)
samples = {
    "random keys": cosines(sets["random"]),
    "real, shuffled": cosines(shuffled),
    "real, two subjects": cosines(K),
    "real, one subject, two sentences": same,
}
show(*draw.cosines_figure(samples), name="04_cosines")

# %% [markdown]
# The scale on the left is logarithmic: most pairs of subjects are harmless, and a long tail is not.
# (The line with gaps has only [[=FACTS]] pairs, one for each subject.)
#
# Who has the most similar key?
# In brackets is the cosine of the same pair behind the unrelated sentence.

# %%
near, near_elsewhere = (
    pd.DataFrame((unit(X).T @ unit(X)).numpy(), names, names)
    for X in (K, elsewhere)
)
for subject in ("Lower Assam", "Iowa", "Pentium processor", "Les Paul"):
    best = near[subject].drop(subject).nlargest(3).index
    said = (
        f"{n} {near[subject][n]:.2f} ({near_elsewhere[subject][n]:.2f})"
        for n in best
    )
    print(f"{subject}: {', '.join(said)}")

# %% [markdown]
# How long are these keys, how much of a key survives the other sentence,
# and does it matter *where* the subject ends in its prompt? (`length` is ‖k‖.)

# %%
starts = [fact.prompt[: fact.subject_end] for fact in facts]
ends = [len(lm.tokenizer(start)["input_ids"]) for start in starts]
place = [{2: "2nd token", 3: "3rd token"}.get(end, "later") for end in ends]
each = pd.DataFrame({"length": K.norm(dim=0), "same": same}, names)
each["below"] = (each["same"] < 0.5).astype(float)
by = each.groupby(place)
where = pd.DataFrame({"subjects": by.size()})
where["length, shortest"] = by["length"].min()
where["length, median"] = by["length"].median()
where["cosine with itself, median"] = by["same"].median()
where["below 0.5"] = by["below"].sum()
print("shortest keys:", each.length.nsmallest(3).round(1).to_dict())
counts = ["subjects", "below 0.5"]
where.style.format("{:.2f}").format("{:.0f}", subset=counts)

# %% [markdown]
# * **1536 entries are worth about [[=round(d_eff['real'], -1):.0f]].**
#   It is not that the entries are spiky: shuffled within each key, the same numbers are as good as random ones.
#   What counts is that different subjects use the *same* neurons.
# * **Part of that is dull.**
#   A common part is in every key:
#   removing the mean raises the effective dimension to about [[=round(d_eff['real, mean removed'], -1):.0f]].
#   And ordinary text uses some directions much more than others:
#   after whitening it is about [[=round(d_eff['real, whitened'], -2):.0f]].
#   Whitened keys overlap by kᵢᵀC0⁻¹kⱼ.
#   ROME's update has just this C0⁻¹ in it, and MEMIT's the inverse of C0 plus the new keys.
#   ([Hu et al. 2024](https://arxiv.org/abs/2408.07413)
#   follow the overlaps of whitened keys through several real models, and what they do to long series of edits.)
# * **Part of it is meaning.**
#   Iowa is close to Wisconsin, Oregon and Indiana, and a Pentium to a Xeon, in both sentences.
#   Presumably it is *useful* for the model to treat similar things alike; this table cannot prove it.
#   Random keys would interfere less, but what was learned about Iowa would say nothing about Wisconsin.
# * **And part is neither.**
#   Les Paul and Jeff Beck, two guitarists, look like a find.
#   But behind another sentence the two have hardly anything
#   in common ([[=near_elsewhere['Les Paul']['Jeff Beck']:.2f]]).
#   Both names end at the second token of their prompts, and there these two keys are the shortest of all,
#   about a third as long as is usual at that place; what is left is no longer about guitarists.
#   (We had the pair in our list as an example of meaning, before we asked in another sentence.)
#   Other keys at the second token are shorter too, but not like these two; why just these, we do not know.
# * **A key does not belong to its subject alone.**
#   In another sentence it has a cosine of [[=float(same.median()):.2f]] with itself (median),
#   but for [[=float((same < 0.5).double().mean()):.0%]] of the subjects less than 0.5.
#   Nearly all of these end at the second or third token, where the model has read next to nothing.
#   ROME and its successors average a key over several beginnings, and this is one good reason.
#
# ## 4. Does the dictionary still work?
#
# We store all [[=FACTS]] subjects in both dictionaries,
# and ask for them with their stored keys and with those of the other sentence.
# (All are scaled to length 1.)
# The values are random, so that only the keys make a difference.
# For comparison, random keys are asked with questions that are exactly as far off as the real ones.
#
# A short cut saves us the values.
# The answer to a question q is V x, with weights x = K⁺q (or Kᵀq for the sum).
# Perfect weights are 1 for the right fact and 0 for all others.
# For random values of length 1 the squared error of the answer is, on average, the squared distance of x from that.
# Only for the right *choices* do we draw values.

# %%
R, noise = unit(sets["random"]), torch.randn_like(K)
aside = unit(noise - R * (R * noise).sum(0))  # at right angles to random keys
tilted = same * R + (1 - same**2).clamp_min(0).sqrt() * aside
V = torch.randn(20, lm.d_model, FACTS)  # 20 sets of random values
V = V / V.norm(dim=1, keepdim=True)
perfect, own = torch.eye(FACTS), torch.arange(FACTS)


def judge(read, asked):
    """Mean squared error of the answers, and the share of right choices."""
    X = read @ asked  # columns x
    error = float((X - perfect).square().sum(0).mean())
    chosen = (V.transpose(1, 2) @ V @ X).argmax(1)
    return error, float((chosen == own).double().mean())


# %% [markdown]
# Both dictionaries, with real and with random keys:

# %%
kinds = {"real": (unit(K), unit(elsewhere)), "random": (R, tilted)}
rows = {}
for kind, (keys, off_keys) in kinds.items():
    for name, read in (("sum", keys.T), ("exact", store(keys, perfect))):
        row = rows[f"{kind} keys, {name}"] = {
            "‖W‖²": float(read.square().sum())
        }
        asked = {"stored": keys, "other sentence": off_keys}
        for what, questions in asked.items():
            error, right = judge(read, questions)
            row |= {f"error², {what}": error, f"right, {what}": right}
recall = pd.DataFrame(rows).T
shares = [name for name in recall if name.startswith("right")]
recall.style.format("{:.2f}").format("{:.0%}", subset=shares).format(
    "{:.0f}", subset=["‖W‖²"]
)

# %% [markdown]
# The sum pays in full: its squared error is (n − 1)/d_eff = [[=(FACTS - 1) / d_eff['real']:.1f]],
# about [[=d_eff['random'] / d_eff['real']:.0f]] times that of random keys.
# And yet it picks the right one of [[=FACTS]] values
# for [[=recall['right, stored']['real keys, sum']:.0%]] of the subjects.
# As in section 1, the error is spread over many wrong values,
# in 576 dimensions, and seldom does one of them collect enough.
#
# The exact dictionary does not care:
# all [[=FACTS]] answers are exact, for real keys are independent, and it needs no more than that.
# It pays when the question comes in another sentence:
# its squared error is [[=recall['error², other sentence']['real keys, exact']:.2f]] where random keys,
# equally far off, have [[=recall['error², other sentence']['random keys, exact']:.2f]].
# Its ‖W‖² tells why: about [[=round(recall['‖W‖²']['real keys, exact'], -1):.0f]]
# against [[=round(recall['‖W‖²']['random keys, exact'], -1):.0f]].
# Still, [[=FACTS]] facts in 1536 entries are not many; this dictionary is far from full.
#
# ## 5. One subject, two facts
#
# A dictionary has one entry for each key.
# But a country has a capital *and* a currency.
# How similar are the keys at "Germany" in two sentences about it?

# %%
from alphaedit_lite import Fact

asked = {
    "subject first": (
        "{}'s capital is the city of",
        "{}'s currency is called the",
    ),
    "relation first": (
        "The capital of {} is the city of",
        "The currency of {} is called the",
    ),
}
overlaps, keys = {}, {}
for name, templates in asked.items():
    two = [Fact(template, "Germany", "x") for template in templates]
    a, b = keys[name] = measure.subject_keys(lm, two, LAYER)
    overlaps[name] = float(a @ b / (a.norm() * b.norm()))
    print(f"{name}: cosine {overlaps[name]:.3f}")

# %% [markdown]
# And if both facts are stored, with two values at a right angle?

# %%
k = unit(keys["subject first"][0])
v1, v2 = torch.linalg.qr(torch.randn(lm.d_model, 2)).Q.T
twice, values = torch.stack([k, k], dim=1), torch.stack([v1, v2], dim=1)
answer = values @ torch.linalg.pinv(twice) @ k  # least squares
print(f"the answer holds {answer @ v1:.2f} of value 1, {answer @ v2:.2f} of 2")
apart, right_angle = (two_keys(c)[1] for c in (overlaps["relation first"], 0))

# %% [markdown]
# With the subject first, the keys are the same.
# They must be: a token sees only what stands to its left,
# so at *Germany* the model does not know yet what will be asked.
# One key with two values cannot be stored.
# Least squares gives half of each, and the sum would give both at once.
#
# With the relation in front, the cosine is [[=overlaps['relation first']:.2f]].
# Then two entries fit, and exercise 04.1 has the price:
# ‖W‖ is [[=apart:.1f]] instead of [[=right_angle:.1f]].
#
# So a fact (subject, relation, object) is *not* an entry of this dictionary.
# The entry is the subject; its value holds everything that the layer adds about it,
# and later layers, which know the question, pick what they need (chapters 2 and 3).
# Whoever changes W k for one question about Germany changes it for *all* questions that begin with Germany.
# The new value must therefore be chosen with great care: that is the first half of chapter 5.
#
# ## 6. The package agrees
#
# The package has no `store` and no `write`.
# It has `solvers.rome`, with C0 in it, and `solvers.ridge`,
# which adds λ‖W‖² to the least squares and so keeps W small.
# Keys are rows in both.
# In two special cases they must do what the reader has written:
# with C0 = I, ROME is the plain write; with λ → 0, ridge is the exact dictionary.

# %%
from alphaedit_lite import solvers

K, V, W = unit(torch.randn(12, 8)), torch.randn(5, 8), torch.randn(5, 12)
k, v = torch.randn(12), torch.randn(5)
theirs = torch.outer(v - W @ k, solvers.rome(k[None], torch.eye(12))[0])
print(f"ROME and write: {float((theirs - write(W, k, v)).abs().max()):.0e}")
differ = (V @ solvers.ridge(K.T, 1e-9) - store(K, V)).abs().max()
power = math.ceil(math.log10(float(differ)))
print(f"ridge and store: less than {10.0**power:.0e}")
