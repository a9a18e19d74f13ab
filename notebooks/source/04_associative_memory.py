# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 4: A matrix as a dictionary
#
# *To read: 40 minutes. To do the exercises: 70 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will store facts in a matrix with three lines of algebra,
# predict with a formula when it forgets, change one entry without touching the others,
# and then see why the keys of a real model make all of this harder.**
#
# ```text
#      question            dictionary             answer
#        key k   ───►   W = V K⁺   ───►   W k = v, if k is in the book
#                                         a mixture of values, if k lies between other keys
#              (K⁺ and V hold all keys and values: sections 1 and 2)
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *build* a dictionary from a matrix in two ways, by adding and by solving, and *say* what each costs,
# > * *predict* the error of both from the number of facts and the length of a key,
# > * *write* one new pair into a full dictionary, plainly or carefully, and *measure* who pays,
# > * *explain* why 1536 numbers in a real key are worth fewer than a hundred,
# > * *name* one thing that no dictionary of this kind can store.
# >
# > **You need** matrix products, the inverse of a matrix, the dot product and its cosine;
# > what a key and a value are (chapter 2).
# > Section 5 mentions eigenvectors; you can read on without them.
# >
# > **It costs** about a minute and 1.5 GB of memory.
# > Only sections 5 and 6 need the model.
# > They use the key statistics of chapter 0; if these are not in your cache, they take a minute more.

# %% tags=["setup"]

# %%
# Parameters: entries of a toy key, facts and layer of the real keys.
import math

import pandas as pd
import torch

from alphaedit_lite import bundled_facts, key_statistics, load_model
from alphaedit_lite.book.ch04 import experiments as measure
from alphaedit_lite.book.ch04 import figures as draw
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.plots import show

chapter = Chapter("04")
torch.manual_seed(4)
torch.set_default_dtype(torch.float64)
D, FACTS, LAYER = 48, 300, 6

# %% [markdown]
# ## Before you start
#
# <details><summary>1. In a feed-forward block, which matrix turns keys into values, and what is its shape?</summary>
#
# The down-projection W: d_model × d_ff, here 576 × 1536.
# The key k has d_ff entries, one for each neuron.
# The value is W k, with d_model entries; the block adds it to the hidden state (chapter 2).
#
# </details>
#
# <details><summary>2. At which token do we look for the key of a fact?</summary>
#
# At the last token of the subject: there the model has read the whole name and,
# if causal tracing is to be believed, looks up what it knows about it (chapters 2 and 3).
#
# </details>

# %% [markdown]
# ## 1. Add up the pairs
#
# Forget the language model for four sections.
# We have **keys** k₁, …, k_n with d entries each,
# and to each a **value** v_i that we want back when we ask with k_i.
# We may keep only one matrix W, and the only way to ask is W k.
# Can one matrix hold a whole dictionary?
# In formulas, **K** holds all keys and **V** all values, as columns.
# Keys have length 1 until section 4.
#
# Start with one pair.
# The **outer product** v kᵀ is a matrix with a row for each entry of v
# and a column for each entry of k. Ask it with k:
#
# $$(v\,k^\top)\,k \;=\; v\,(k^\top k) \;=\; v \quad\text{if k has length 1.} \tag{4.1}$$
#
# In words: kᵀ measures how much of the question looks like k, and v is given back that many times.
# For more pairs, add up:
#
# $$W \;=\; v_1k_1^\top + \dots + v_nk_n^\top \;=\; V K^\top , \qquad
# W k_1 \;=\; v_1 + \sum_{i \ne 1} v_i\,(k_i^\top k_1) . \tag{4.2}$$
#
# In words: you get the right value, plus every other value as often as its key *overlaps* with the question.
# That unwanted rest is called **interference**.
# Since keys have length 1, the overlap kᵢᵀk₁ is the cosine of the angle between them.
#
# Here is a dictionary that you can check by hand.
# Its three keys stand at right angles, so nothing interferes.

# %%
K = torch.eye(4)[:, :3]  # three keys of four entries, as columns
V = torch.tensor([[1.0, 0, 2], [0, 3, 1]])  # their values, of two entries
W = V @ K.T
show(*draw.matrices_figure({"V, 2 × 3": V, "Kᵀ, 3 × 4": K.T, "W = V Kᵀ": W, "W K": W @ K}), name="04_sum")

# %% [markdown]
# W K gives V back. Now let two keys overlap: turn the second key towards the first until they are 60° apart.

# %%
chapter.predict(
    "a",
    "Keys 1 and 2 are 60° apart. We add up all three pairs and ask with key 1. How much of value 2 is in the answer?",
    ["nothing: key 1 is in the dictionary", "a quarter of value 2", "half of value 2", "all of value 2"],
)

# %%
turned = K.clone()
turned[:, 1] = torch.tensor([math.cos(math.pi / 3), math.sin(math.pi / 3), 0, 0])
W = V @ turned.T
show(
    *draw.matrices_figure(
        {"V": V, "Kᵀ": turned.T, "W = V Kᵀ": W, "W K": W @ turned, "W K − V": W @ turned - V}
    ),
    name="04_turned",
)
overlap = float(turned[:, 0] @ turned[:, 1])  # (4.2)
chapter.reveal("a", [0.0, 0.25, 0.5, 1.0].index(round(overlap, 2)))

# %% [markdown]
# Half, since cos 60° = ½.
# The first column of W K is v₁ plus half of v₂, and the second is v₂ plus half of v₁.
# The third key overlaps with nobody, and its answer is exact.
#
# ## 2. Solve instead of adding
#
# We wanted W K = V, and wrote down a sum that has this property only for keys at right angles.
# Why not *solve* for W?
# There are d unknowns in each row of W, and n equations.
# If they cannot all be met, we take the W with the smallest squared error:
#
# $$\min_W \;\lVert W K - V \rVert_F^2 . \tag{4.3}$$
#
# In words: the sum, over all facts, of the squared distance between the answer and the value.
# (The Frobenius norm ‖·‖_F is the root of the sum of all squared entries.
# For a matrix we write just ‖W‖ from now on.)
#
# Each row w of W is a problem of its own:
# make the sum of all (w kᵢ − vᵢ)² small, where vᵢ is that row's entry of value i.
# As for (ax − b)², the derivative is the sum of all 2 (w kᵢ − vᵢ) kᵢᵀ.
# Written for all rows at once and set to zero, these are the **normal equations**:
#
# $$2\,(W K - V)\,K^\top = 0 \quad\Longleftrightarrow\quad W\,K K^\top \;=\; V K^\top . \tag{4.4}$$
#
# In words: what is still wrong must have nothing in common with the keys, or else a little of it could be corrected.
# On the right stands our old sum.
# On the left, K Kᵀ corrects it for the overlaps.
#
# * **More facts than entries** (n > d):
#   K Kᵀ is d × d and can be inverted, so W = V Kᵀ (K Kᵀ)⁻¹.
# * **Not more facts than entries** (n ≤ d, independent keys): many W answer without any error.
#   We take the smallest one.
#   A part of a row at a right angle to all keys would change no answer and only make W larger.
#   So the rows are mixed from keys only, W = A Kᵀ.
#   Then W K = A KᵀK must be V, so W = V (KᵀK)⁻¹ Kᵀ.
#   KᵀK is n × n and holds all overlaps.
#
# Both are written **W = V K⁺**.
# K⁺ is the *pseudoinverse* of K (`torch.linalg.pinv`).
# We call this W the **exact dictionary**.
# (Its answers are exact for n ≤ d; with more facts it is the best that one matrix can do.)
#
# What has changed? Each row of K⁺ reads off one fact.
# In the sum, fact 1 is read off with k₁ itself.
# In the exact dictionary (n ≤ d) we have K⁺K = I:
# fact 1 is read off with a vector that has dot product 1 with k₁ and stands at a right angle to all *other* keys.
# These reading vectors are the dashed arrows below.

# %%
show(*draw.overlap_figure([(90, 0), (60, 0), (20, 0), (20, -10)]), name="04_overlap")

# %% [markdown]
# **How to read it.** Above: two keys (solid) and what the exact dictionary reads them with (dashed;
# drawn shorter where too long, with the true length underneath; at 90° they are the keys themselves).
# Below: how much of each value comes back when we ask with key 1; no bar means nothing.
# ‖W‖ is for values of length 1 at a right angle.
# Only in the last column is the question ten degrees off, on the side away from key 2 (dotted).
#
# **What surprised us.** The last column.
# At 20° the exact dictionary is still exact.
# But its reading vectors are almost three times as long as the keys, so W is large.
# Ask it with a key that is slightly wrong, and it answers one
# and a half times value 1 *minus* half of value 2, while the sum hardly notices.
# Exactness is not free.
# It is paid for in ‖W‖, and the bill comes with the first question that is not in the book.
#
# Drag it yourself. At which angle is ‖W‖ twice as large as at 90°?
# What does the sum answer at 180°?
# (If you read this in print: the figure above shows the cases that matter.)
#
# <details><summary>What you should find</summary>
#
# ‖W‖ doubles, from 1.41 to 2.83, at 30°, and again at 150°.
# At 180° the second key is the first one reversed, and the sum answers value 1 *minus* value 2.
# No dictionary can be exact there: key 2 = −key 1 forces the two answers to be opposite.
#
# </details>

# %%
from alphaedit_lite.book.ch04.widgets import OverlapWidget

OverlapWidget().show()

# %% [markdown]
# ### Exercise 04.1: Two keys, on paper · 10 minutes · ★★
#
# With a pencil. Two keys of length 1 overlap by c = k₁ᵀk₂, a number between −1 and 1.
# Their values have length 1 and stand at a right angle.
# Give two formulas: the length of the sum's error when asked with key 1,
# and ‖W‖ (root of the sum of all squared entries) of the exact dictionary.
# Test them on the figure above: its first column has c = 0, its second c = ½.
#
# <details><summary>Hint</summary>
#
# The first stands in (4.2).
# For the second, take v₁ = (1, 0) and v₂ = (0, 1).
# Then V = I and W = K⁺.
# (Other values at a right angle only turn W; its size stays.)
# The likely mistakes are a forgotten root, and an error that is negative for c < 0.
#
# </details>
#
# <details><summary>More help</summary>
#
# ‖K⁺‖² is the sum of the diagonal (the *trace*) of K⁺K⁺ᵀ, for each diagonal entry is a row times itself.
# With K⁺ = (KᵀK)⁻¹Kᵀ that product is (KᵀK)⁻¹.
# KᵀK has ones on the diagonal and c beside it.
# The inverse of a 2 × 2 matrix: swap the two diagonal entries,
# change the sign of the other two, divide by the determinant, here 1 − c².
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 04.1: all properties hold.
#
# </details>


# %% exercise="04.1"
def two_keys(c):
    """Length of the sum's error, and ‖W‖ of the exact dictionary, for two keys with overlap c."""
    # BEGIN SOLUTION
    # STUB return None  # two formulas, separated by a comma
    return abs(c), math.sqrt(2 / (1 - c**2))
    # END SOLUTION


two_keys = chapter.check("04.1", two_keys)

# %% [markdown]
# ### Exercise 04.2: The exact dictionary · 15 minutes · ★★
#
# Write W = V K⁺, for few facts and for many, without calling `pinv`.
# Keys and values are columns.
# The exact dictionaries of the sections to come are computed by *your* function.
#
# <details><summary>Hint</summary>
#
# Two cases, n ≤ d and n > d, each with the matrix that can be inverted there.
# The likely mistake is to use one formula for both:
# K Kᵀ of three keys with four entries has no inverse.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.linalg.solve(A, B)` is A⁻¹B.
# For the first case it can stand on the right of V as it is.
# In the second, W is on the left of K Kᵀ: transpose (4.4).
# K Kᵀ is symmetric, so (K Kᵀ) Wᵀ = K Vᵀ.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 04.2: all properties hold.
#
# </details>


# %% exercise="04.2"
def store(K, V):
    """The smallest W, [d_v, d], with the least error ‖W K − V‖, for K, [d, n], and V, [d_v, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    d, n = K.shape
    if n <= d:
        return V @ torch.linalg.solve(K.T @ K, K.T)
    return torch.linalg.solve(K @ K.T, K @ V.T).T
    # END SOLUTION


store = chapter.check("04.2", store)

# %% [markdown]
# Now both formulas of 04.1 against experiment:
# for 41 pairs of keys at different angles, the error of the sum, that of your dictionary, and the size of your W.
# Dots are measured, lines are the formulas.

# %%
rows = []
values = torch.eye(2)
for angle in torch.linspace(0.12, math.pi - 0.12, 41).tolist():
    K = torch.tensor([[1.0, math.cos(angle)], [0.0, math.sin(angle)]])
    K = torch.linalg.qr(torch.randn(12, 2)).Q @ K  # the same angle, somewhere in 12 dimensions
    row = {"overlap": math.cos(angle), "sum": (values @ K.T @ K - values)[:, 0].norm()}
    row |= {"exact": (store(K, values) @ K - values)[:, 0].norm(), "size": store(K, values).norm()}
    row["sum, theory"], row["size, theory"] = two_keys(math.cos(angle))
    rows.append({name: float(value) for name, value in row.items()})
pairs = pd.DataFrame(rows)
panels = {
    "error, asked with key 1": {
        "points": {"sum": "sum", "exact": "exact"},
        "theory": {"sum, theory": "sum: formula of 04.1"},
        "xlabel": "overlap c",
    },
    "‖W‖ of the exact dictionary": {
        "points": {"size": "measured"},
        "theory": {"size, theory": "formula of 04.1"},
        "xlabel": "overlap c",
    },
}
show(*draw.curves_figure(panels, "overlap", pairs), name="04_interference")

# %% [markdown]
# On the left, interference grows in proportion to the overlap, and solving removes it altogether.
# On the right is the price: it is mild at first,
# and has no upper bound as two keys become one (c → 1) or opposite (c → −1).
#
# ## 3. How many facts fit?
#
# Two facts are no dictionary.
# Take n random keys of d entries.
# By how much do two random directions overlap?
# Their cosine is 0 on average.
# Its *square* is 1/d on average:
# the squares of a vector's cosines with all d axes add up to 1, and no axis is special.
#
# With this, (4.2) gives the mean squared error of the sum.
# (When you square its rest, products of two different overlaps are
# as often positive as negative, and cancel on average.)
#
# And least squares? A row of V is a list of n numbers, one for each fact.
# A row of W K can be any mixture of the d rows of K, and nothing else.
# So a random row of V, a direction in n dimensions, is met exactly in d of them and not at all in the other n − d.
#
# ### Exercise 04.3: Capacity, on paper · 10 minutes · ★★
#
# With a pencil. n facts with random keys of d entries, keys and values of length 1.
# Give the expected *squared* error of one answer, for the sum and for the exact dictionary, for any n and d.
#
# <details><summary>Hint</summary>
#
# For the sum, count who interferes.
# For the exact one there are two cases, and `max` joins them.
# The likely mistake is to count a fact as its own error.
#
# </details>
#
# <details><summary>More help</summary>
#
# Each of the *other* facts adds 1/d, its mean squared overlap, to the squared error of the sum.
# For the exact dictionary: if n ≤ d, the keys are independent and all is met.
# If n > d, the share of the n dimensions that is *not* met is (n − d)/n.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 04.3: all properties hold.
#
# </details>


# %% exercise="04.3"
def expected_error(n, d):
    """Expected squared error of an answer for n random facts: of the sum, and of the exact dictionary."""
    # BEGIN SOLUTION
    # STUB return None  # two formulas, separated by a comma
    return (n - 1) / d, max(0.0, 1 - d / n)
    # END SOLUTION


expected_error = chapter.check("04.3", expected_error)

# %% [markdown]
# So the exact dictionary is perfect up to n = d.
# Would you use it that close to the edge?
# Two more questions, before we fill one up.
# The first: real questions are never exactly a key of the book.
# The second: a language model does not need the *vector* v.
# It only needs to pick the right word.
# So when we ask with k₁, it is enough if W k₁ has a larger dot product with v₁ than with any other value.

# %%
chapter.predict(
    "b",
    "Keys of 48 entries, 40 facts stored exactly; we ask with keys that are off by 10% of their length. By what share of a value's length are the answers off?",
    ["less than 10%", "about 10%", "20% to 35%", "more than half"],
)
chapter.predict(
    "c",
    "Again d = 48. Up to how many facts does the plain sum pick the right value among all stored ones, at least 19 times in 20?",
    ["about 24 = d/2", "about 48 = d", "about 80", "more than 150"],
)

# %% [markdown]
# We fill both dictionaries with more and more random facts, measure, and put the theory beside it.
# For a question k + ε with ‖ε‖ = s, the extra error is Wε.
# A row w of W adds (w ε)² to its square; for a random ε that is s²‖w‖²/d on average, by the 1/d from above.
# All rows together give s²‖W‖²/d.
#
# How large is ‖W‖²? For the sum it is about n, one for each fact.
# For the exact dictionary of random facts it is nearly n·d/(d − n − 1)
# below d facts and d²/(n − d − 1) above, a known result on random matrices.
# So for the exact dictionary, if n is not within 1 of d,
#
# $$\text{added squared error} \;\approx\; s^2\,\frac{\lVert W \rVert_F^2}{d} \;\approx\; s^2\,\frac{\min(n, d)}{|d-n|-1} . \tag{4.5}$$
#
# In words: what is wrong with the question is enlarged by the size of W, and W is largest when the facts just fit.
# For the sum, (4.5) ends with s² n/d.


# %%
def unit(X):
    return X / X.norm(dim=0)


def fill(n, off=0.1, draws=24):
    """Mean results of dictionaries with n random facts, asked exactly and slightly wrong."""
    found = []
    for _ in range(draws if n < 150 else 3):
        K, V, noise = unit(torch.randn(D, n)), unit(torch.randn(D, n)), unit(torch.randn(D, n))
        row = {"facts": n}
        for name, W in (("sum", V @ K.T), ("exact", store(K, V))):
            row[name] = (W @ K - V).square().sum(0).mean()
            row[f"{name}, added"] = (W @ noise * off).square().sum(0).mean()
            row[f"{name}, right"] = ((V.T @ W @ K).argmax(0) == torch.arange(n)).double().mean()
        found.append({name: float(value) for name, value in row.items()})
    row = pd.DataFrame(found).mean().to_dict()
    row["sum, theory"], row["exact, theory"] = expected_error(n, D)
    row["sum, right, theory"] = measure.chance_right(n, D)
    row["sum, added, theory"] = off**2 * n / D
    row["exact, added, theory"] = off**2 * min(n, D) / (abs(D - n) - 1)
    return row


sizes = (2, 6, 12, 18, 24, 30, 36, 40, 44, 46, 50, 52, 56, 64, 72, 80, 96, 120, 144, 192, 288, 400, 600)
capacity = pd.DataFrame([fill(n) for n in sizes])

# %%
edge = {"line": (D, "n = d"), "xscale": "log", "xlabel": "facts"}
theory = {"sum, theory": "(n − 1)/d", "exact, theory": "1 − d/n"}
panels = {
    "squared error": {"points": {"sum": "sum", "exact": "exact"}, "theory": theory, "ylim": (-0.25, 2), **edge},
    "added to it, if the question is 10% off": {
        "points": {"sum, added": "sum", "exact, added": "exact"},
        "theory": {"sum, added, theory": "s² n/d", "exact, added, theory": "(4.5)"},
        "yscale": "log", **edge
    },
    "share of right choices": {
        "points": {"sum, right": "sum", "exact, right": "exact"}, "theory": {"sum, right, theory": "sum, roughly"},
        "ylim": (0, 1.05), **edge
    },
}  # fmt: skip
show(*draw.curves_figure(panels, "facts", capacity), name="04_capacity")
table = capacity.set_index("facts")
off = math.sqrt(table["exact"][40] + table["exact, added"][40])
chapter.reveal("b", 0 if off < 0.09 else 1 if off < 0.2 else 2 if off <= 0.5 else 3)
holds, holds_exact = (int(table.index[table[f"{name}, right"] >= 0.95].max()) for name in ("sum", "exact"))
chapter.reveal("c", 0 if holds < 36 else 1 if holds < 60 else 2 if holds <= 120 else 3)

# %% [markdown]
# **How to read it.** Marks are measured, lines are theory without any fitted constant.
# Left: asked with the stored keys.
# Middle: what is *added* to the squared error
# when the question is off by a tenth of its length (both axes logarithmic).
# Right: how often the right value wins among all stored ones.
# (That line takes all errors as independent; they are not quite, and it promises a little too little.)
#
# **What surprised us.** Three things.
#
# * **Forty exact facts are already too many for comfort.**
#   With 40 of 48, a question that is off by 10% gets an answer that is off by more than twice as much:
#   (4.5) says 0.1·√(40/7) = [[=0.1 * math.sqrt(40 / 7):.0%]], and the run agrees ([[=off:.0%]]).
#   The worst place is *at* capacity.
#   Just past it, where less has to be exact, the same dictionary becomes calm again.
#   (Statisticians know this peak from "double descent". The sum has none.)
# * **"Full" depends on what you ask.**
#   As vectors, 48 facts are the end.
#   As *choices*, the plain sum is still right 19 times in 20 with [[=holds:d]] facts,
#   though its mean squared error is then [[=(holds - 1) / D:.1f]], where a value has squared length 1.
#   The exact dictionary gets as far as [[=holds_exact:d]].
#   The errors point in all directions, and no single wrong value collects enough of them.
#   A matrix of d × d numbers can keep on the order of d² choices (up to logarithms), but only d vectors:
#   [Nichani et al.](https://arxiv.org/abs/2412.06538) prove such results.
#   At d = 48 the logarithms still hide it.
#   But double d, and the line of the right panel stretches fourfold:
#   it promises [[=measure.chance_right(300, 96):.0%]] right choices for 300 facts at d = 96,
#   and [[=measure.chance_right(9800, 576):.0%]] for 9800 facts at d = 576, the size of our model's values.
# * **Nothing breaks.** There is no error message at n = 49.
#   A full dictionary answers every question as fluently as an empty one.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 to 3.**
# Common mistakes: (a) "pseudoinverse" is taken for a numerical trick;
# insist that its rows are *reading vectors*, and let students draw them for 30° by hand.
# (b) K Kᵀ (d × d, over entries) and KᵀK (n × n, over facts) are mixed up: ask for the shape before the formula.
# (c) The exact dictionary is thought to be better, always: the middle panel is the antidote.
# Questions: what would you do in the middle panel at n = 48?
# (Add λ to the diagonal: ridge, which returns as AlphaEdit's λ in chapter 8.)
# Why does the sum not peak?
# (Its ‖W‖ grows like √n only.)
# Which of the three panels describes a language model?
# (The third, for one word; the first, if the next layers need the vector.)
# A good demonstration: shuffle V; nothing changes, because only keys matter for capacity.

# %% [markdown]
# ## 4. One more fact
#
# This is the question of the whole book, in its smallest form.
# A dictionary W is given.
# A new pair arrives, (k, v): store it, and change as little as possible.
# We write W + Δ. What is missing is the **residual** r = v − W k, so we need Δk = r.
# The rows of the smallest such Δ point along k,
# for any part of them at a right angle to k would do nothing at k and make Δ larger. So
#
# $$\Delta \;=\; \frac{r\,k^\top}{k^\top k} . \tag{4.6}$$
#
# In words: an outer product as in (4.1), with the *missing part* as its value,
# divided by the squared length of k: from here on, keys may have any length.
# And what happens to an old key k_j?
# Its answer changes by
#
# $$\Delta\,k_j \;=\; r\;\frac{k^\top k_j}{k^\top k} . \tag{4.7}$$
#
# In words: interference again.
# Who overlaps with the new key, pays, and the longer its own key, the more.
#
# ### Exercise 04.4: Write one pair · 10 minutes · ★
#
# Return Δ of (4.6) for a dictionary W.
#
# <details><summary>Hint</summary>
#
# `torch.outer(a, b)` is a bᵀ.
# The likely mistake is to write v where r is needed: then the old answer and the new one add up.
#
# </details>
#
# <details><summary>More help</summary>
#
# `k @ k` is kᵀk. Check by hand that (W + Δ) k is v.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 04.4: all properties hold.
#
# </details>


# %% exercise="04.4"
def write(W, k, v):
    """The smallest Δ, as large as W, [d_v, d], with (W + Δ) k = v."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return torch.outer(v - W @ k, k) / (k @ k)
    # END SOLUTION


write = chapter.check("04.4", write)

# %% [markdown]
# Four facts, with keys of six entries, are stored exactly by your `store`, and your `write` adds a fifth.
# The first three matrices are (4.6): here ‖k‖ = 1.
# In the last two, columns one to four are the old facts and column five is the new one.
# Check a column: each old answer is off by r times its overlap with the new key.

# %%
K, V = unit(torch.randn(6, 4)), torch.tensor([[1.0, 0, 2, -1], [0, 3, 1, 1], [2, 1, 0, 3]])
k, v = unit(torch.randn(6)), torch.tensor([1.0, 2, 3])
W = store(K, V)
delta = write(W, k, v)
damage = torch.cat([(W + delta) @ K - V, ((W + delta) @ k - v)[:, None]], dim=1)
overlaps = torch.cat([k @ K, (k @ k)[None]])[None]
parts = {"r": (v - W @ k)[:, None], "kᵀ": k[None], "Δ = r kᵀ": delta, "overlap with k": overlaps}
show(*draw.matrices_figure(parts | {"error of the answers": damage}), name="04_write")

# %% [markdown]
# Can we do better? The old keys span some directions;
# split the new key into the part inside their span and the rest, k = k∥ + k⊥.
# If the rows of Δ point along k⊥, then Δk_j = 0 for *every* old key,
# since k⊥ stands at a right angle to all of them.
# It also stands at a right angle to k∥, so k⊥ᵀk = k⊥ᵀk⊥ = ‖k⊥‖². So
#
# $$\Delta \;=\; \frac{r\,k_\perp^\top}{k_\perp^\top k} , \qquad \lVert \Delta \rVert \;=\; \frac{\lVert r \rVert}{\lVert k_\perp \rVert} . \tag{4.8}$$
#
# In words: use only what is *new* about the new key.
# The less there is of it, the larger Δ must be.
#
# ### Exercise 04.5: Write carefully · 15 minutes · ★★★
#
# Return Δ of (4.8), given the old keys K as columns (d × n, independent, n < d).
#
# <details><summary>Hint</summary>
#
# k∥ is the mixture K c that is nearest to k:
# a least-squares problem as (4.3), with c as the unknown.
# The likely mistake is to divide by kᵀk afterwards: k⊥ᵀk is smaller.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.linalg.lstsq(K, k[:, None]).solution[:, 0]` is the best c.
# Another way is k − K K⁺k.
# (K Kᵀk would need orthonormal keys.)
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 04.5: all properties hold.
# Below it, three numbers that are zero up to rounding.
#
# </details>


# %% exercise="04.5"
def write_carefully(W, K, k, v):
    """The smallest Δ with (W + Δ) k = v and Δ K = 0, for old keys K, [d, n], as columns."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    rest = k - K @ torch.linalg.lstsq(K, k[:, None]).solution[:, 0]
    return torch.outer(v - W @ k, rest) / (rest @ k)
    # END SOLUTION


write_carefully = chapter.check("04.5", write_carefully)
careful = write_carefully(W, K, k, v)
again = store(torch.column_stack([K, k]), torch.column_stack([V, v]))  # all five facts from scratch
print(
    f"old answers change by {float((careful @ K).norm()):.0e}, the new one is off by {float(((W + careful) @ k - v).norm()):.0e}"
)
print(f"W + Δ differs from storing all five facts anew by {float((W + careful - again).norm()):.0e}")

# %% [markdown]
# The last line deserves a pause.
# To store all facts again from scratch, and to add one carefully to an exact dictionary, is *the same thing*.
# Nobody needs the old values for it; and of the old keys only the directions that they fill.
# (W must be what `store` made of the old facts.
# The first two numbers are zero for any W.)
#
# How large does Δ become in a dictionary that is nearly full?

# %%
chapter.predict(
    "d",
    "Keys of 48 entries; 44 old keys must keep their answers. How many times larger is the careful Δ than the plain one?",
    ["about the same", "twice", "three to four times", "more than ten times"],
)

# %%
rows = []
for n in (2, 6, 12, 18, 24, 30, 36, 40, 44, 46):
    for _ in range(51):
        K, W, k, v = unit(torch.randn(D, n)), torch.randn(8, D), unit(torch.randn(D)), torch.randn(8)
        plain, careful = write(W, k, v), write_carefully(W, K, k, v)
        row = {"facts": n, "growth": careful.norm() / plain.norm()}
        row["plain damage"] = ((plain @ K).norm() / (v - W @ k).norm()) / math.sqrt(n)
        row["careful damage"] = (careful @ K).norm() / (v - W @ k).norm()
        rows.append({name: float(value) for name, value in row.items()})
writes = pd.DataFrame(rows).groupby("facts").median().reset_index()
writes["growth, theory"], writes["plain damage, theory"] = (1 - writes.facts / D) ** -0.5, D**-0.5
panels = {
    "change of an old answer, share of ‖r‖": {
        "points": {"plain damage": "plain", "careful damage": "careful"}, "theory": {"plain damage, theory": "√(1/d)"},
        "xlabel": "facts stored", "ylim": (-0.01, 0.25),
    },
    "‖Δ‖: careful / plain": {
        "points": {"growth": "median of 51"}, "theory": {"growth, theory": "√(d/(d − n))"}, "xlabel": "facts stored"
    },
}  # fmt: skip
show(*draw.curves_figure(panels, "facts", writes), name="04_writes")
growth = float(writes.set_index("facts").growth[44])
chapter.reveal("d", 0 if growth < 1.5 else 1 if growth < 2.6 else 2 if growth < 7 else 3)

# %% [markdown]
# **How to read it.** Left: how far an old answer moves; the line is the root of the mean squared cosine 1/d.
# Right: k⊥ lives in the d − n directions that no old key uses,
# so ‖k⊥‖² is (d − n)/d on average, and by (4.8) Δ grows by the root of d/(d − n).
# With two free directions left (n = 46) chance decides:
# ‖k⊥‖² is often far below its mean, and the median lies above the line.
#
# **What surprised us.**
# It stays nearly free for so long.
# With half of the places taken, the careful write is only [[=float(writes.set_index('facts').growth[24]):.1f]] times
# as large as the plain one, and harms nobody.
# Then the price climbs, and at the last free place it explodes.
# (With n ≥ d nothing is new about any key: k⊥ = 0, and somebody *must* pay.)
#
# These two panels hold the rest of the book.
# *Who pays for a write?*
# ROME and MEMIT (chapters 5 and 6) let everybody pay as little as possible, in the mean over all text.
# AlphaEdit (chapters 7 and 8) is in essence your `write_carefully`, for a hundred thousand old keys at once.
# And since a real layer of 1536 entries has long been full,
# "nothing is new about this key" is the case we shall have to live with.

# %% [markdown]
# ## 5. The keys of a real layer
#
# So far keys were random.
# Now take real ones: the keys of layer [[=LAYER]] of our model at the last tokens of [[=FACTS]] subjects
# ("Iowa", "Les Paul", "Pentium processor" …), each in its own prompt.
# A second set is asked for comparison: the same subjects with an unrelated sentence in front.
# That is what a *slightly wrong question* looks like in real life.
# Code holds real keys as rows, so we transpose once.

# %%
from alphaedit_lite.prompts import PREFIXES

lm = load_model()
facts = bundled_facts("development")[:FACTS]
K = measure.subject_keys(lm, facts, LAYER).T  # [d_ff, 300]: keys as columns, as in the formulas
elsewhere = measure.subject_keys(lm, facts, LAYER, prefix=PREFIXES[1]).T
print(f"{K.shape[1]} keys of {K.shape[0]} entries; in front of the second set: {PREFIXES[1]!r}")

# %% [markdown]
# In section 3 one number decided how much a sum interferes: the mean squared cosine.
# For random keys it is 1/d.
# Turn that round: whatever the keys, they interfere *like random keys of so many entries*.
# We call this number their **effective dimension**:
#
# $$d_{\text{eff}} \;=\; \frac{1}{\text{mean of}\;\cos^2(k_i, k_j)\;\text{over all pairs}\;i \ne j} . \tag{4.9}$$

# %%
chapter.predict(
    "e",
    "Keys of layer 6 have 1536 entries. What is the effective dimension of the subjects' keys?",
    ["more than 1000", "300 to 1000", "100 to 300", "less than 100"],
)

# %% [markdown]
# ### Exercise 04.6: Effective dimension · 10 minutes · ★★
#
# Write (4.9) for keys as columns.
#
# <details><summary>Hint</summary>
#
# Cosines are the dot products of columns of length 1.
# The likely mistake is to average over all entries of that matrix: on its diagonal, each key meets itself.
#
# </details>
#
# <details><summary>More help</summary>
#
# With U the columns of length 1, G = UᵀU holds all cosines.
# There are n² − n pairs beside the diagonal, and the diagonal adds n to the sum of squares.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 04.6: all properties hold.
#
# </details>


# %% exercise="04.6"
def effective_dimension(K):
    """How many entries random keys would have that overlap as much as K, [d, n], keys as columns."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    U = K / K.norm(dim=0)
    G = U.T @ U
    n = len(G)
    return float((n * n - n) / (G.square().sum() - n))
    # END SOLUTION


effective_dimension = chapter.check("04.6", effective_dimension)

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
#   Chapter 7 looks at them closely.

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


def cosines(K):
    """Cosines of all pairs of different columns."""
    return (unit(K).T @ unit(K))[~torch.eye(K.shape[1], dtype=torch.bool)]


columns = {"mean cosine": lambda K: float(cosines(K).mean())}
columns |= {"largest cosine": lambda K: float(cosines(K).max()), "effective dimension": effective_dimension}
real = pd.DataFrame({name: {c: f(keys) for c, f in columns.items()} for name, keys in sets.items()}).T
d_eff = real["effective dimension"]
chapter.reveal("e", sum(d_eff["real"] < bound for bound in (1000, 300, 100)))
real.style.format("{:.2f}").format("{:.0f}", subset=["effective dimension"])

# %% [markdown]
# And three of these as a picture, with a fourth line:
# the cosine of each key with *the same subject* after another sentence.

# %%
same = (unit(K) * unit(elsewhere)).sum(0)
samples = {
    "random keys": cosines(sets["random"]),
    "real, shuffled": cosines(shuffled),
    "real, two subjects": cosines(K),
}
show(*draw.cosines_figure(samples | {"real, one subject, two sentences": same}), name="04_cosines")
names = [fact.subject for fact in facts]
near, near_elsewhere = (pd.DataFrame((unit(X).T @ unit(X)).numpy(), names, names) for X in (K, elsewhere))
for subject in ("Iowa", "Pentium processor", "Les Paul"):
    best = near[subject].drop(subject).nlargest(3).index
    said = (f"{n} {near[subject][n]:.2f} ({near_elsewhere[subject][n]:.2f})" for n in best)
    print(f"{subject}: {', '.join(said)}")

# %% [markdown]
# The list under the figure shows, for three subjects, who has the most similar key;
# in brackets is the cosine of the same pair after the unrelated sentence.
#
# One thing more. How long are these keys, how much of a key survives the other sentence,
# and does it matter *where* the subject ends in its prompt? (`length` is ‖k‖.)

# %%
ends = [len(lm.tokenizer(fact.prompt[: fact.subject_end])["input_ids"]) for fact in facts]
place = [{2: "2nd token", 3: "3rd token"}.get(end, "later") for end in ends]
each = pd.DataFrame({"length": K.norm(dim=0), "same": same, "below": (same < 0.5).double()}, names)
by = each.groupby(place)
where = pd.DataFrame({"subjects": by.size(), "length, shortest": by["length"].min()})
where["length, median"], where["cosine with itself, median"] = by["length"].median(), by["same"].median()
where["below 0.5"] = by["below"].sum()
short = each.nsmallest(3, "length")["length"]
print("shortest keys:", ", ".join(f"{name} {length:.1f}" for name, length in short.items()))
where.style.format("{:.0f}", subset=["subjects", "below 0.5"]).format("{:.2f}", subset=list(where)[1:4])

# %% [markdown]
# **How to read it.** In the figure, the scale on the left is logarithmic:
# most pairs of subjects are harmless, and a long tail is not.
# (The line with gaps has only [[=FACTS]] pairs, one for each subject; the dotted one has all pairs of two.)
# The table sorts the subjects by the place of their last token in the prompt.
#
# **What surprised us.**
#
# * **1536 entries are worth about [[=round(d_eff['real'], -1):.0f]].**
#   It is not that the entries are spiky: shuffled within each key, the same numbers are as good as random ones.
#   What counts is that different subjects use the *same* neurons.
# * **Part of that is dull.**
#   A common part is in every key:
#   removing the mean raises the effective dimension to about [[=round(d_eff['real, mean removed'], -1):.0f]].
#   And ordinary text uses some directions much more than others:
#   after whitening it is about [[=round(d_eff['real, whitened'], -2):.0f]].
#   Keep that in mind: whitened keys overlap by kᵢᵀC0⁻¹k_j.
#   ROME's update has just this C0⁻¹ in it, and MEMIT's the inverse of C0 plus the new keys.
# * **Part of it is meaning.**
#   Iowa is close to Wisconsin, Oregon and Indiana, and a Pentium to a Xeon, in both sentences.
#   Presumably it is *useful* for the model to treat similar things alike; this table cannot prove it.
#   Random keys would interfere less, but what was learned about Iowa would say nothing about Wisconsin.
# * **And part is neither.**
#   Les Paul and Jeff Beck, two guitarists, look like a find.
#   But after another sentence the two have nothing in common ([[=near_elsewhere['Les Paul']['Jeff Beck']:.2f]]).
#   Both names end at the second token of their prompts, and there these two keys almost vanish:
#   they are about a tenth as long as usual, and what is left is no longer about guitarists.
#   (We had the pair in our list as an example of meaning, before we asked in another sentence.)
#   Other keys at the second token are shorter too, but not like these two; why just these, we do not know.
#   They also make the [[=real['largest cosine']['real, mean removed']:.2f]] of the first table:
#   a key that is almost zero, minus the mean, is nearly *minus the mean*.
# * **A key does not belong to its subject alone.**
#   In another sentence it has a cosine of [[=float(same.median()):.2f]] with itself (median),
#   but for [[=float((same < 0.5).double().mean()):.0%]] of the subjects less than 0.5.
#   All of these end at the second or third token, where the model has read next to nothing.
#   ROME and its successors average a key over several beginnings, and this is one good reason.
#
# ### Does the dictionary still work?
#
# We store all [[=FACTS]] subjects, with both dictionaries,
# and ask for them with their stored keys and with those of the other sentence.
# (All are scaled to length 1 again.)
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
aside = unit(noise - R * (R * noise).sum(0))  # at a right angle to each random key
tilted = same * R + (1 - same**2).clamp_min(0).sqrt() * aside  # as far off as the real keys are
V = unit(torch.randn(20, lm.d_model, FACTS).transpose(0, 1)).transpose(0, 1)  # 20 sets of random values
rows = {}
for kind, keys, off_keys in (("real", unit(K), unit(elsewhere)), ("random", R, tilted)):
    for name, read in (("sum", keys.T), ("exact", store(keys, torch.eye(FACTS)))):  # Kᵀ, K⁺: W = V · read
        row = rows[f"{kind} keys, {name}"] = {"‖W‖²": float(read.square().sum())}
        for asked, X in (("stored", read @ keys), ("other sentence", read @ off_keys)):  # columns x
            row[f"error², {asked}"] = float((X - torch.eye(FACTS)).square().sum(0).mean())
            chosen = (V.transpose(1, 2) @ V @ X).argmax(1)  # whose dot product with the answer is largest
            row[f"right, {asked}"] = float((chosen == torch.arange(FACTS)).double().mean())
recall = pd.DataFrame(rows).T
recall.style.format("{:.2f}").format("{:.0%}", subset=list(recall)[2::2]).format("{:.0f}", subset=["‖W‖²"])

# %% [markdown]
# The sum pays in full: its squared error is (n − 1)/d_eff = [[=(FACTS - 1) / d_eff['real']:.1f]],
# about twenty times that of random keys, just as (4.9) says.
# And yet it picks the right one of [[=FACTS]] values
# for [[=recall['right, stored']['real keys, sum']:.0%]] of the subjects.
# As in section 3, the error is spread over many wrong values,
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
# ### One write into the real layer
#
# Now W is the real matrix of layer [[=LAYER]], and keys have their real lengths.
# We give "Iowa" another answer, any answer: r is a random direction.
# How much of r arrives at the other subjects, by (4.7)?
# The plain write is your 04.4, the careful one your 04.5 with the other 299 subjects as old keys.
# Then we ask for those 299 in the other sentence, with keys that neither write has seen.

# %%
W = lm.weight(LAYER).double()
i = names.index("Iowa")
k, others = K[:, i], torch.cat([K[:, :i], K[:, i + 1 :]], dim=1)
r = unit(torch.randn(lm.d_model)) * (W @ k).norm()  # as large as the old answer
plain, careful = write(W, k, W @ k + r), write_carefully(W, others, k, W @ k + r)
arrives = pd.Series(((plain @ K).T @ r / (r @ r)).numpy(), names).drop("Iowa").sort_values(ascending=False)
print(f"share of r that arrives (cosine with Iowa, length of the key; Iowa's is {float(k.norm()):.1f}):")
for name, share in arrives.head(5).items():
    print(f"  {name} {share:.0%} ({near['Iowa'][name]:.2f}, {each['length'][name]:.1f})")
larger = float(careful.norm() / plain.norm())
print(f"‖Δ‖, careful / plain: {larger:.2f}; random keys would need {(1 - (FACTS - 1) / 1536) ** -0.5:.2f}")
unseen = torch.cat([elsewhere[:, :i], elsewhere[:, i + 1 :]], dim=1)  # the 299 others, in another sentence
fresh = [float((x @ unseen).norm(dim=0).square().mean().sqrt() / r.norm()) for x in (plain, careful)]
print(
    f"the 299 others, asked in another sentence, move by {fresh[0]:.1%} (plain), {fresh[1]:.1%} (careful) of ‖r‖"
)

# %% [markdown]
# The plain write moves Iowa, and a good part of North America with it:
# [[=arrives.iloc[0]:.0%]] of r arrives in [[=arrives.idxmax()]].
# (Its cosine with Iowa is only [[=near['Iowa'][arrives.idxmax()]:.2f]], but its key is long, and (4.7) counts that.)
# The careful one needs a Δ that is [[=larger:.1f]] times as large, where random keys would have cost 1.1:
# there is little about Iowa that is not also about other places.
# What it buys is real.
# Even asked in another sentence, with keys that nobody protected,
# the others move by [[=fresh[1]:.0%]] of ‖r‖ instead of [[=fresh[0]:.0%]].
# But it is no longer zero: *protection covers the keys that you have listed, and neighbours of them in part*.
# Which list would cover everything that the model knows?
# Chapter 7 begins there.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 4 and 5.**
# Common mistakes: (a) k⊥ is computed with K Kᵀ instead of K K⁺:
# works in class examples with orthonormal keys, fails on real ones.
# (b) "Effective dimension 70" is heard as "the keys live in 70 dimensions":
# they do not, 300 of them are independent;
# it is a statement about *mean squared overlap*, dominated by few strong directions.
# Let students invent a set of keys with full rank and effective dimension 2.
# (c) Overlap is taken for a defect.
# Ask: what would be lost if Iowa and Wisconsin had unrelated keys?
# (All that training learned about American states at once: overlap is how a network generalises.)
# Questions: which line of the table would change with fact sentences instead of Wikipedia behind C0?
# Why does removing the mean help less than whitening?
# Plan for 90 minutes: sections 1 and 2 at the board (30), 04.2 (15),
# section 3 with a vote on both predictions (15), 04.4 and 04.5 (15),
# table and Break it (15). 04.1 and 04.3 are homework.

# %% [markdown]
# ## 6. Break it: one subject, two facts
#
# A dictionary has one entry for each key.
# But a country has a capital *and* a currency.
# Look at the sentences *"Germany's capital is the city of"* and *"Germany's currency is called the"*.
# Our keys are read at the subject's last token.

# %%
chapter.predict(
    "f",
    "How similar are the keys at 'Germany' in these two sentences?",
    ["cosine below 0.9: the relations differ", "0.9 to 0.99", "exactly the same"],
)

# %%
from alphaedit_lite import Fact

subject_first = ["{}'s capital is the city of", "{}'s currency is called the"]
relation_first = ["The capital of {} is the city of", "The currency of {} is called the"]


def overlap_of(templates, subject="Germany"):
    """The cosine of a subject's keys in two sentences."""
    a, b = measure.subject_keys(lm, [Fact(t, subject, "x") for t in templates], LAYER)
    return float(a @ b / (a.norm() * b.norm()))


overlaps = {"subject first": overlap_of(subject_first), "relation first": overlap_of(relation_first)}
for name, c in overlaps.items():
    print(f"{name}: cosine {c:.3f}")
v1, v2 = torch.linalg.qr(torch.randn(lm.d_model, 2)).Q.T
k = unit(measure.subject_keys(lm, [Fact(subject_first[0], "Germany", "x")], LAYER)[0])
K2, V2 = torch.stack([k, k], dim=1), torch.stack([v1, v2], dim=1)
answer = V2 @ torch.linalg.pinv(K2) @ k  # least squares; your formula would divide by zero here
print(f"least squares answers {answer @ v1:.2f} of value 1 and {answer @ v2:.2f} of value 2")
chapter.reveal("f", 0 if overlaps["subject first"] < 0.9 else 1 if overlaps["subject first"] < 0.999 else 2)

# %% [markdown]
# The keys are the same.
# They must be: a token sees only what stands to its left,
# so at *Germany* the model does not know yet what will be asked.
# One key with two values cannot be stored.
# Least squares gives half of each, and the sum would give both at once.
#
# With the relation in front, the cosine is [[=overlaps['relation first']:.2f]].
# Then two entries fit, and your formula of 04.1 has the price:
# ‖W‖ is [[=two_keys(overlaps['relation first'])[1]:.1f]] instead of [[=two_keys(0)[1]:.1f]].
#
# So a fact (subject, relation, object) is *not* an entry of this dictionary.
# The entry is the subject; its value holds everything that the layer adds about it,
# and later layers, which know the question, pick what they need (chapters 2 and 3).
# This has a consequence for every edit of this book.
# Whoever changes W k for one question about Germany changes it for *all* questions that begin with Germany.
# The new value must therefore be chosen with great care, and that is the first half of chapter 5.
#
# ## Paper ↔ code
#
# The papers are ROME ([Meng et al. 2022](https://arxiv.org/abs/2202.05262), section 3.1)
# and MEMIT ([Meng et al. 2023](https://arxiv.org/abs/2210.07229), section 4.2):
# both begin with a feed-forward matrix as a linear associative memory.
# The memory is [Kohonen's (1972)](https://doi.org/10.1109/TC.1972.5008975);
# to insert one pair into a trained network is an idea
# that ROME takes from [Bau et al. 2020](https://arxiv.org/abs/2007.15646).
# ROME's code is public (kmeng01/rome).
#
# | in the papers | in the authors' code | here |
# |---|---|---|
# | W = V K⁺ | nowhere: a trained W is *taken* for such a solution | (4.4), your `store` |
# | K Kᵀ, all that is needed of the old keys | `rome/layer_stats.py` adds up k kᵀ over text and saves the mean (`mom2`) | `KeyStatistics.second_moment` |
# | the direction of a write, C⁻¹k | `rome/compute_u.py`: the inverse times the key, scaled to length 1 | (4.6) has k, (4.8) has k⊥; C⁻¹k stands between them |
# | the residual, divided so that it arrives | last lines of `rome/compute_v.py`: (target − output) / (key · direction) | r / (k⊥ᵀk) in your 04.5 |
# | W + Δ | `rome/rome_main.py`: an outer product is added | `ledger.py`: residualᵀ times gain; the gain comes from `solvers.py` |
#
# C is the mean of k kᵀ over text, our C0.
# Chapter 5 explains why its inverse belongs there.
#
# The package has no `store` and no `write`.
# It has `solvers.rome`, with C in it, and `solvers.ridge`, which adds λ‖W‖² to (4.3) and so keeps W small.
# Keys are rows in both.
# In two special cases they must do what you have written.
# With C = I, ROME is your plain write; with λ → 0, ridge is your exact dictionary.

# %%
from alphaedit_lite import solvers

K, V, W, k, v = (
    unit(torch.randn(12, 8)),
    torch.randn(5, 8),
    torch.randn(5, 12),
    torch.randn(12),
    torch.randn(5),
)
theirs = torch.outer(v - W @ k, solvers.rome(k[None], torch.eye(12))[0])
print(f"ROME with C = I, and your write: they differ by {float((theirs - write(W, k, v)).abs().max()):.0e}")
apart = (V @ solvers.ridge(K.T, 1e-9) - store(K, V)).abs().max()
print(
    f"ridge with a tiny λ, and your store: they differ by less than {10.0 ** math.ceil(math.log10(float(apart))):.0e}"
)

# %% [markdown]
# ## Keypoints
#
# * V Kᵀ adds facts up; its answers interfere in proportion to the overlap of the keys,
#   and its squared error grows as (n − 1)/d.
# * V K⁺ solves for exact answers, up to d facts.
#   The price is a large W, and so wrong answers to slightly wrong questions; it is highest near n = d.
# * A new pair is written by an outer product.
#   Along k it is smallest, and everybody who overlaps pays.
#   Along k⊥ nobody pays, and Δ grows as less is new.
# * Real keys overlap by meaning.
#   1536 entries interfere like [[=round(d_eff['real'], -1):.0f]] random ones;
#   dividing by C0 takes much of that away.
# * The key at a subject does not know which fact is wanted.
#   A value must answer for the whole subject.
#
# ## Quiz
#
# **1. A dictionary with d = 100 holds 100 independent facts exactly.
# What do you know about its answers to *new* questions?**
#
# <details><summary>A. They are zero, since the dictionary has no entry.</summary>
# A matrix answers everything.
# Only a question at a right angle to all keys gets zero, and 100 independent keys leave no such direction.
# </details>
# <details><summary>B. They may be far larger than any stored value.</summary>
# <b>Yes.</b> At n = d some reading vectors are very long; this is the peak in the middle panel of section 3.
# </details>
# <details><summary>C. They are mixtures of values with weights between 0 and 1.</summary>
# Mixtures, yes. But the weights are K⁺ times the question, and may be large or negative.
# </details>
#
# **2. The keys of a layer have rank 1536 and an effective dimension of 70.
# Is that a contradiction?**
#
# <details><summary>A. Yes: the rank is the dimension.</summary>
# Rank asks whether a direction is used at all.
# The effective dimension asks how evenly.
# </details>
# <details><summary>B. No: all directions are used, but a few carry most of each key.</summary>
# <b>Yes.</b> Exact recall depends on the rank, interference on the effective dimension.
# </details>
# <details><summary>C. No: 70 is only a random fluctuation.</summary>
# Random keys of the same shape give about 1536, and shuffled real ones too.
# </details>
#
# **3. You write a fact with Δ = r kᵀ/kᵀk. Which other subject changes most?**
#
# <details><summary>A. The one stored last.</summary>
# W has no memory of the order.
# (4.7) holds only the overlap with the new key.
# </details>
# <details><summary>B. The one whose key overlaps most with k: in a language model, one of a similar kind.</summary>
# <b>Yes:</b> that is why tests of specificity ask about neighbours (chapters 0 and 9).
# </details>
# <details><summary>C. All by the same amount.</summary>
# Only if all had the same overlap with k.
# </details>
#
# **Further reading**
#
# * [Bau et al. 2020](https://arxiv.org/abs/2007.15646), *Rewriting a Deep Generative Model*:
#   the dictionary view at work in an image generator, two years before ROME.
# * [Schlag et al. 2021](https://arxiv.org/abs/2102.11174), *Linear Transformers Are Secretly Fast Weight Programmers*:
#   the sum of section 1 and the write of section 4 as layers of a network (the "delta rule"), and their capacity.
# * [Nichani et al. 2024](https://arxiv.org/abs/2412.06538),
#   *Understanding Factual Recall in Transformers via Associative Memories*:
#   how many *choices* a matrix can store, with proofs.
# * [Hastie et al. 2019](https://arxiv.org/abs/1903.08560),
#   *Surprises in High-Dimensional Ridgeless Least Squares Interpolation*:
#   the peak at n = d, proved for large n and d.
# * [Hu et al. 2024](https://arxiv.org/abs/2408.07413), *Knowledge in Superposition*:
#   overlaps of whitened keys in several real models, and what they do to long series of edits.
#
# **Next:** chapter 5 leaves random values behind.
# It finds the value that makes the model *say* Romania, and writes it with ROME:
# your careful write, in the mean over all text.

# %%
chapter.report()
