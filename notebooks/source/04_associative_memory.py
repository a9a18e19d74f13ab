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
# *To read: 35 minutes. To do the exercises: 45 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will store many facts in one matrix,
# change one of them with one line of algebra, and know from one number who else is changed by it.**
#
# [[map]]
#
# ```text
#     question           matrix           answer
#      key k     ───►      W      ───►    W k = value v
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *build* a dictionary from a matrix in two ways, by adding and by solving, and *say* what each costs,
# > * *predict* the error of both from the number of facts,
# > * *write* one new pair into a matrix, and *compute* who else hears it,
# > * *measure* how many random numbers a real key is worth.
# >
# > **You need** matrix products, the inverse of a matrix, the dot product and its cosine;
# > what a key and a value are ([chapter 2](02_key_value_memory.ipynb)).
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 1.5 GB of memory; only sections 5 and 6 need the model.
# > The key statistics of chapter 0 are used again; if they are not in your cache, they take a minute more.

# %% tags=["setup"]

# %%
# Parameters: entries of a toy key; subjects and layer of the real keys.
import math

import pandas as pd
import torch

from alphaedit_lite import bundled_facts, key_statistics, load_model
from alphaedit_lite.book.ch04 import figures as draw
from alphaedit_lite.book.ch04.experiments import subject_keys
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.plots import show

chapter = Chapter("04")
torch.manual_seed(4)
torch.set_default_dtype(torch.float64)
D, SUBJECTS, LAYER = 48, 300, 7

# %% [markdown]
# ## Before you start
#
# <details><summary>1. Which matrix of a feed-forward layer turns keys into values, and what is its shape?</summary>
#
# The down-projection W, d_model × d_ff, here 576 × 1536.
# The key k has d_ff numbers, one for each neuron.
# The value is W k, and the layer adds it to the hidden state (chapter 2).
#
# </details>
#
# <details><summary>2. At which token do we look for the key of a fact?</summary>
#
# At the last token of the subject: there the model has read the whole name (chapter 3).
# Chapter 2 took the prompt's last token.
#
# </details>

# %% [markdown]
# ## 1. Add up the pairs
#
# An edit has to change one answer of a matrix and leave the others alone.
# So first: how can *one* matrix hold *many* answers?
# For four sections we need no language model.
#
# We have **keys** k₁, …, kₙ with d entries each.
# To each key belongs a **value** vᵢ, which we want back when we ask with kᵢ.
# We may keep only one matrix W, and the only way to ask is to compute W k.
# Keys have length 1 until section 4.
#
# Start with one pair.
# The **outer product** v kᵀ is a matrix: entry (a, b) is entry a of v times entry b of k. Ask it with k:
#
# $$(v\,k^\top)\,k \;=\; v\,(k^\top k) \;=\; v \quad\text{if k has length 1.} \tag{4.1}$$
#
# In words: kᵀ measures how much the question looks like k, and v comes back that many times.
# For more pairs, add up.
# Let K hold all keys and V all values, as columns:
#
# $$W \;=\; v_1k_1^\top + \dots + v_nk_n^\top \;=\; V K^\top , \qquad
# W k_1 \;=\; v_1 + \sum_{i \ne 1} v_i\,(k_i^\top k_1) . \tag{4.2}$$
#
# In words: you get the right value, plus every other value as often as its key *overlaps* with the question.
# This unwanted rest is called **interference**.
# The overlap kᵢᵀk₁ is the cosine of the angle between two keys, since keys have length 1.
#
# Here are three keys at right angles, so nothing interferes:

# %%
K = torch.eye(4)[:, :3]  # three keys of four entries, as columns
V = torch.tensor([[1.0, 0, 2], [0, 3, 1]])  # three values of two entries
W = sum(torch.outer(V[:, i], K[:, i]) for i in range(3))
print(W @ K)  # column i: the answer to key i

# %% [markdown]
# These are the three values.
# Now we turn the second key towards the first, until they are 60° apart.

# %%
chapter.predict(
    "a",
    "Keys 1 and 2 are 60° apart. We add up all three pairs and ask with "
    "key 1. How much of value 2 is in the answer?",
    ["nothing", "a quarter of value 2", "half of value 2", "all of value 2"],
)

# %%
turned = K.clone()
turned[:, 1] = torch.tensor([0.5, 0.75**0.5, 0, 0])
W = V @ turned.T
parts = {"V": V, "Kᵀ": turned.T, "W = V Kᵀ": W, "W K": W @ turned}
show(*draw.matrices_figure(parts | {"W K − V": W @ turned - V}), name="04_sum")
overlap = float(turned[:, 0] @ turned[:, 1])
chapter.reveal("a", [0.0, 0.25, 0.5, 1.0].index(round(overlap, 2)))

# %% [markdown]
# The last matrix shows the errors, one column for each key.
# The first answer holds half of the second value, since cos 60° = ½, and the second holds half of the first.
# The third key overlaps with nobody, and its answer is right.
#
# ## 2. Solve instead of adding
#
# We wanted W K = V. Why not *solve* for W?
# If it cannot be solved exactly, we take the W with the smallest squared error:
#
# $$\min_W \;\lVert W K - V \rVert^2 . \tag{4.3}$$
#
# In words: the squared distance between answer and value, added up over all facts.
# (‖·‖ is the root of the sum of all squared entries, for a matrix as for a vector.)
# As for (ax − b)², we set the derivative with respect to W to zero.
# This gives the **normal equations**:
#
# $$2\,(W K - V)\,K^\top = 0 \quad\Longleftrightarrow\quad W\,K K^\top \;=\; V K^\top . \tag{4.4}$$
#
# On the right stands the old sum.
# On the left, K Kᵀ corrects it for the overlaps. Two cases:
#
# * **More facts than entries**, n > d.
#   K Kᵀ is d × d and has an inverse, so (4.4) gives W.
# * **At most as many**, n ≤ d, and no key is a mixture of the others.
#   Then many W answer without any error, and we take the smallest.
#   Its rows are mixtures of keys, W = A Kᵀ:
#   a part at a right angle to all keys would change no answer.
#   Now A KᵀK must be V, and KᵀK, which is n × n, has an inverse.
#
# Both are written **W = V K⁺**, and K⁺ is called the *pseudoinverse* of K.
# We call this W the **exact dictionary**.
#
# What has changed? In the sum, fact 1 is read off with k₁ itself.
# In the exact dictionary it is read off with row 1 of K⁺.
# Since K⁺K = I, this **reading vector** has dot product 1 with k₁ and stands at a right angle to all *other* keys.

# %%
# The angle between the keys; how far the question is off.
cases = [(90, 0), (60, 0), (20, 0), (20, -10)]
show(*draw.overlap_figure(cases), name="04_overlap")

# %% [markdown]
# **How to read it.** Above: two keys (solid arrows) and their reading vectors (dashed).
# A long one is drawn shorter, with its true length below it.
# The bars show how much of each value comes back when we ask with key 1.
# In the last column the question is ten degrees off (dotted line).
#
# At 20° the exact dictionary is still exact, but its reading vectors are almost three times as long as the keys.
# So W is large, and a slightly wrong question gets a very wrong answer (last column).
# The sum hardly notices.
# *Exactness is paid for with a large ‖W‖.*
#
# Change the angle yourself.
# Where is ‖W‖ twice as large as at 90°?

# %%
from alphaedit_lite.book.ch04.widgets import OverlapWidget

OverlapWidget().show()

# %% [markdown]
# ### Exercise 04.1: Two keys, on paper · 10 minutes · ★★
#
# With a pencil. Two keys of length 1 overlap by c = k₁ᵀk₂, and their values are (1, 0) and (0, 1).
# Give two formulas: the length of the sum's error when asked with key 1, and ‖W‖ of the exact dictionary.
# Test them on the figure: its first columns have c = 0 and c = ½.
#
# <details><summary>Hint</summary>
#
# The first stands in (4.2).
# For the second, V = I, so W = K⁺.
# The likely mistakes are a forgotten root, and an error that is negative for c < 0.
#
# </details>
#
# <details><summary>More help</summary>
#
# ‖K⁺‖² is the sum of the diagonal of K⁺K⁺ᵀ.
# With K⁺ = (KᵀK)⁻¹Kᵀ this product is (KᵀK)⁻¹.
# KᵀK has ones on the diagonal and c beside it.
# Inverse of a 2 × 2 matrix: exchange the diagonal entries,
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
    """Length of the sum's error, and ‖W‖ of the exact dictionary."""
    # BEGIN SOLUTION
    # STUB return None  # two formulas, separated by a comma
    return abs(c), math.sqrt(2 / (1 - c**2))
    # END SOLUTION


two_keys = chapter.check("04.1", two_keys)

# %% [markdown]
# ### Exercise 04.2: The exact dictionary · 10 minutes · ★★
#
# Write W = V K⁺ for few facts and for many, without calling `pinv`.
# All exact dictionaries below are made by your function.
#
# <details><summary>Hint</summary>
#
# Two cases, each with the matrix that has an inverse there.
# The likely mistake is one formula for both:
# K Kᵀ of three keys with four entries has no inverse.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.linalg.solve(A, B)` is A⁻¹B.
# For the first case transpose (4.4): (K Kᵀ) Wᵀ = K Vᵀ.
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
    """W = V K⁺, [d_v, d], for keys K, [d, n], and values V, [d_v, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    d, n = K.shape
    if n <= d:
        return V @ torch.linalg.solve(K.T @ K, K.T)
    return torch.linalg.solve(K @ K.T, K @ V.T).T
    # END SOLUTION


store = chapter.check("04.2", store)

# %% [markdown]
# ## 3. How many facts fit?
#
# Take n random keys of d entries.
# How much do two of them overlap?
# The cosine is 0 on average, and its *square* is 1/d:
# the squared cosines of a vector with all d axes add up to 1, and no axis is special.
# This gives the mean squared error of the sum.
#
# And the exact dictionary?
# A row of V is a list of n numbers, one for each fact.
# A row of W K is a mixture of the d rows of K.
# So of the n dimensions of a random row of V, d can be met, and n − d cannot.
#
# ### Exercise 04.3: Capacity, on paper · 5 minutes · ★★
#
# With a pencil. n facts with random keys, keys and values of length 1.
# Give the expected *squared* error of one answer: of the sum, and of the exact dictionary, for any n and d.
#
# <details><summary>Hint</summary>
#
# For the sum, count who interferes; the likely mistake is to count a fact as its own error.
# For the exact dictionary there are two cases, and `max` joins them.
#
# </details>
#
# <details><summary>More help</summary>
#
# Each of the *other* facts adds 1/d to the squared error of the sum (mixed terms: zero on average).
# For n > d, which share of the n dimensions is *not* met?
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
    """Expected squared error of the sum, and of the exact dictionary."""
    # BEGIN SOLUTION
    # STUB return None  # two formulas, separated by a comma
    return (n - 1) / d, max(0.0, 1 - d / n)
    # END SOLUTION


expected_error = chapter.check("04.3", expected_error)

# %% [markdown]
# So the exact dictionary makes no error up to n = d.
# But real questions are never exactly a stored key.

# %%
chapter.predict(
    "b",
    "Keys of 48 entries, 40 facts stored exactly. The questions are off by "
    "10% of their length. How far off are the answers?",
    ["less than 10%", "about 10%", "20% to 35%", "more than half"],
)

# %% [markdown]
# We fill both dictionaries with random facts and measure two things:
# the squared error at the stored keys, and what is *added* to it if the question is 10% off.


# %%
def unit(X):
    """The columns, each divided by its length."""
    return X / X.norm(dim=0)


def trial(n, off=0.1):
    """Mean squared errors of both dictionaries with n random facts."""
    K, V, wrong = (unit(torch.randn(D, n)) for _ in range(3))
    row = {"facts": n}
    for name, W in {"sum": V @ K.T, "exact": store(K, V)}.items():
        row[name] = float((W @ K - V).square().sum(0).mean())
        added = (W @ wrong * off).square().sum(0)
        row[f"{name}, added"] = float(added.mean())
    return row


# %%
sizes = (2, 6, 12, 18, 24, 30, 36, 40, 44, 46, 50, 52, 56, 64, 80, 96, 120)
runs = pd.DataFrame([trial(n) for n in sizes for _ in range(24)])
table = runs.groupby("facts").mean()
theory = [expected_error(n, D) for n in sizes]
table["sum, theory"], table["exact, theory"] = zip(*theory, strict=True)
off = math.sqrt(table["exact"][40] + table["exact, added"][40])
chapter.reveal("b", sum(off > bound for bound in (0.09, 0.2, 0.5)))

# %%
both = {"line": (D, "n = d"), "xlabel": "facts"}
panels = {
    "squared error": {
        "points": {"sum": "sum", "exact": "exact"},
        "theory": {"sum, theory": "sum, 04.3", "exact, theory": "exact, 04.3"},
    },
    "added, if the question is 10% off": {
        "points": {"sum, added": "sum", "exact, added": "exact"},
        "yscale": "log",
    },
}
panels = {title: panel | both for title, panel in panels.items()}
show(*draw.curves_figure(panels, "facts", table.reset_index()), name="04_full")

# %% [markdown]
# **How to read it.** Marks are measured, lines are your formulas.
# On the right the scale is logarithmic.
#
# **What surprised us.**
# With five sixths of the places taken, every stored fact is answered exactly,
# but a question that is off by a tenth gets an answer that is off by [[=off:.0%]] of its length.
# The worst place is *at* capacity, n = d: there ‖W‖ is largest.
# And nothing breaks: a full dictionary answers every question, without any warning.
#
# (A model need not return v exactly, only pick the right word.
# By that measure far more facts fit: [laboratory](lab/04_associative_memory.ipynb).)

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 to 3.**
# Common mistakes: (a) "pseudoinverse" is taken for a numerical trick;
# insist that its rows are *reading vectors*, and let students draw them for 30° by hand.
# (b) K Kᵀ (d × d, over entries) and KᵀK (n × n, over facts) are mixed up: ask for the shape before the formula.
# (c) The exact dictionary is thought to be better, always: the right panel is the antidote.
# Questions: what would you do in the right panel at n = 48?
# (Add λ to the diagonal: ridge, which returns as AlphaEdit's λ in chapter 8.)
# Why does the sum not peak?
# (Its ‖W‖ grows like √n only.)
# Answer to the widget: ‖W‖ doubles at 30° and at 150°.
# A good demonstration: shuffle V; nothing changes, because only keys matter for capacity.

# %% [markdown]
# ## 4. One more fact
#
# This is the question of the whole book, in its smallest form.
# A matrix W is given.
# Now a new pair (k, v) arrives: store it, and change as little as possible.
#
# What is missing in the answer to k is the **residual** r = v − W k.
# We write W + Δ, so we need Δk = r.
# Which Δ is the smallest?
# Its rows point along k: a part at a right angle to k would do nothing at k, and only make Δ larger.
# So Δ is an outer product again, of r and k.
# Only a factor is open, since from here on keys may have any length.
#
# ### Exercise 04.4: Write one pair · 5 minutes · ★
#
# Return this Δ for a matrix W, a key k and a wished value v.
# Which factor makes (W + Δ) k = v?
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
# By (4.1), (r kᵀ) k is r times kᵀk. Divide by that.
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
    """The smallest Δ, [d_v, d], with (W + Δ) k = v."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return torch.outer(v - W @ k, k) / (k @ k)
    # END SOLUTION


write = chapter.check("04.4", write)

# %% [markdown]
# This is the **plain write**.
# It changes the answer to any other key k' by Δk':
#
# $$\Delta \;=\; \frac{r\,k^\top}{k^\top k} , \qquad
# \Delta\,k' \;=\; r\;\frac{k^\top k'}{k^\top k} . \tag{4.5}$$
#
# In words: everybody hears the *same* r; the fraction is the **share** of it that arrives at k'.
# To see this, we store four facts exactly and write a fifth:

# %%
K, V = unit(torch.randn(6, 4)), torch.randn(3, 4)
k, v = unit(torch.randn(6)), torch.tensor([1.0, 2, 3])
W = store(K, V)
delta = write(W, k, v)
all_keys = torch.column_stack([K, k])  # the new one last
shares = (k @ all_keys / (k @ k))[None]
parts = {"r": (v - W @ k)[:, None], "share of r": shares}
changes = {"change of the five answers": delta @ all_keys}
show(*draw.matrices_figure(parts | changes), name="04_write")

# %% [markdown]
# Check one column: each old answer moves by r times its share.
# The new key hears all of it.
#
# Can we do better? The old keys fill some directions.
# Split the new key into the part inside these directions and the rest, k = k∥ + k⊥.
# The rest k⊥ stands at a right angle to *every* old key.
# So let the rows of Δ point along k⊥:
#
# $$\Delta \;=\; \frac{r\,k_\perp^\top}{k_\perp^\top k} , \qquad
# \lVert \Delta \rVert \;=\; \frac{\lVert r \rVert}{\lVert k_\perp \rVert} . \tag{4.6}$$
#
# In words: use only what is *new* about the new key.
# No old answer moves.
# But the less is new, the larger Δ must be.
# (For the second formula: k⊥ stands at a right angle to k∥, too, so k⊥ᵀk = k⊥ᵀk⊥.)
#
# ### Exercise 04.5: Write carefully · 10 minutes · ★★★
#
# Return Δ of (4.6), for old keys K as columns.
#
# <details><summary>Hint</summary>
#
# k∥ is the mixture K c of old keys that is nearest to k: least squares, with c unknown.
# The likely mistake is to divide by kᵀk afterwards.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.linalg.lstsq(K, k[:, None]).solution[:, 0]` is the best c.
# (K Kᵀk is k∥ only if the old keys are orthonormal.)
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 04.5: all properties hold.
# Below it, three numbers that are zero but for rounding.
#
# </details>


# %% exercise="04.5"
def write_carefully(W, K, k, v):
    """The smallest Δ with (W + Δ) k = v and Δ K = 0; K is [d, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    rest = k - K @ torch.linalg.lstsq(K, k[:, None]).solution[:, 0]
    return torch.outer(v - W @ k, rest) / (rest @ k)
    # END SOLUTION


write_carefully = chapter.check("04.5", write_carefully)

# %%
careful = write_carefully(W, K, k, v)
again = store(all_keys, torch.column_stack([V, v]))  # all five, from scratch
print(f"old answers change by    {(careful @ K).norm():.0e}")
print(f"the new one is off by    {((W + careful) @ k - v).norm():.0e}")
print(f"distance to a new store  {(W + careful - again).norm():.0e}")

# %% [markdown]
# The last line says: to add one fact carefully to an exact dictionary, and to store all facts again, is *the same*.
# Nobody needs the old values for it.
#
# Both writes have one form:
#
# $$\Delta \;=\; r\,g^\top \quad\text{with}\quad g^\top k = 1 , \qquad \Delta k' \;=\; r\,(g^\top k') . \tag{4.7}$$
#
# In words: r says *what* is written, and g says *who hears it*.
# The plain write has g = k / (kᵀk), the careful one g = k⊥ / (k⊥ᵀk).
# **Every editor of this book is a choice of g.**

# %% [markdown]
# ## 5. A real layer
#
# So far keys were random.
# Now we take the keys of layer [[=LAYER]] (the W of block [[=LAYER]]),
# at the last tokens of [[=SUBJECTS]] subjects; the first of them is *Lower Assam*.
# `elsewhere` holds the keys of the same subjects, but after an unrelated sentence:
# this is what a slightly wrong question looks like in a real model.

# %%
from alphaedit_lite.prompts import PREFIXES

lm = load_model()
facts = bundled_facts("development")[:SUBJECTS]
K = subject_keys(lm, facts, LAYER).T  # [d_ff, 300], columns
elsewhere = subject_keys(lm, facts, LAYER, prefix=PREFIXES[1]).T
names = [fact.subject for fact in facts]
print(K.shape, names[:3], PREFIXES[1])

# %% [markdown]
# In section 3 one number decided how much keys interfere:
# the mean squared cosine, 1/d for random keys. Turn that round.
# Whatever the keys, they interfere *like random keys of some number of entries*.
# This number is the **effective dimension** of the keys.

# %% [markdown]
# ### Exercise 04.6: Effective dimension · 5 minutes · ★★
#
# Given any keys, as columns: how many entries would random keys need to overlap as much?
#
# <details><summary>Hint</summary>
#
# Cosines are the dot products of columns of length 1.
# The likely mistake is to count each key with itself.
#
# </details>
#
# <details><summary>More help</summary>
#
# With U the columns of length 1, UᵀU holds all cosines; on its diagonal each key meets itself.
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
    """How many entries random keys have that overlap as much as K, [d, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    U = K / K.norm(dim=0)
    G = U.T @ U
    n = len(G)
    return float((n * n - n) / (G.square().sum() - n))
    # END SOLUTION


effective_dimension = chapter.check("04.6", effective_dimension)

# %% [markdown]
# In a formula:
#
# $$d_{\text{eff}} \;=\; \frac{1}{\text{mean of}\;\cos^2(k_i, k_j)\;\text{over all pairs}\;i \ne j} . \tag{4.8}$$

# %%
chapter.predict(
    "c",
    "Keys of layer 7 have 1536 entries. What is the effective dimension of "
    "the subjects' keys?",
    ["more than 1000", "300 to 1000", "100 to 300", "less than 100"],
)

# %%
d_eff, of_random = map(effective_dimension, (K, torch.randn_like(K)))
print(f"effective dimension: real {d_eff:.0f}, random {of_random:.0f}")
chapter.reveal("c", sum(d_eff < bound for bound in (1000, 300, 100)))
near = pd.Series(unit(K).T[1:] @ unit(K[:, 0]), names[1:])
print(near.sort_values(ascending=False).head(4).round(2).to_dict())

# %% [markdown]
# 1536 entries are worth about [[=round(d_eff, -1):.0f]]: different subjects use the *same* neurons.
# (The last line has the cosines of *Lower Assam* with the most similar keys.
# A longer key also hears more.)
# Part of this overlap is meaning, and part is common to all keys:
# [the laboratory](lab/04_associative_memory.ipynb) takes it apart.
#
# ### The first edit
#
# Now we write into W itself.
# The key k is that of *Lower Assam*.
# Chapter 5 finds the residual r that makes the model say *Romania*; here we borrow it.
# We try three choices of g:
#
# * *plain*, your 04.4;
# * *careful*, your 04.5, with the other 299 subjects as old keys;
# * *by C0*: g along C0⁻¹k, where C0 is the mean of k kᵀ over 100,000 tokens of ordinary text.
#   In words: each direction of k is divided by how much text uses it.
#   Chapter 5 derives this g.

# %%
from alphaedit_lite import bundled_targets
from alphaedit_lite.book.kit.layer import keys_and_residuals

W = lm.weight(LAYER)  # [576, 1536], float32
W64 = W.double().cpu()  # for the algebra
wished = bundled_targets(lm, facts[:1])
r = keys_and_residuals(lm, facts[:1], wished, LAYER)[1][:, 0]  # [576]
k, others, unseen = K[:, 0], K[:, 1:], elsewhere[:, 1:]
v = W64 @ k + r
C0 = key_statistics(lm, (4, 5, 6, 7))[LAYER].second_moment
u = torch.linalg.solve(C0, k)
writes = {
    "plain": write(W64, k, v),
    "careful": write_carefully(W64, others, k, v),
    "by C0": torch.outer(r, u / (k @ u)),
}

# %% [markdown]
# We write each Δ into the model, let it speak, and take Δ back.
# And we compute the share of r that others hear (root mean square):
# the 299 *listed* keys, the same subjects *elsewhere*, and ordinary *text*.


# %%
def hears(delta, keys):
    """Share of r that arrives at these keys: root mean square."""
    g = r @ delta / (r @ r)  # since Δ = r gᵀ
    return float((g @ keys).square().mean().sqrt())


rows, original = {}, W.clone()
for name, delta in writes.items():
    W += delta.to(W)
    rows[name] = {"Lower Assam is in": lm.complete(facts[0].prompt, 2)}
    W.copy_(original)  # and back
    g = r @ delta / (r @ r)
    rows[name]["‖Δ‖ / ‖W‖"] = float(delta.norm() / W.norm())
    rows[name]["listed"] = hears(delta, others)
    rows[name]["elsewhere"] = hears(delta, unseen)
    rows[name]["text"] = float(g @ C0 @ g) ** 0.5  # mean of (gᵀk)²
first = pd.DataFrame(rows).T
most = pd.Series(k @ others / (k @ k), names[1:]).nlargest(4)
print("plain, largest shares:", most.round(2).to_dict())
first.style.format("{:.0%}", subset=list(first)[1:])

# %% [markdown]
# All three move Lower Assam to Romania.
#
# * The *plain* write is the smallest, and the others hear [[=first.listed['plain']:.0%]] of r.
#   At *[[=most.idxmax()]]* it is [[=most.max():.0%]].
# * The *careful* write is silent at the listed keys.
#   But ask the same subjects in another sentence, and they hear [[=first.elsewhere['careful']:.0%]]:
#   *protection covers the keys that are listed, and their neighbours in part*.
# * The third one lists nobody, and ordinary text hears it least.
#
# ## 6. Break it: protect everything
#
# Which keys should we list?
# Best would be all that the model knows.
# Let us list keys of ordinary text, more and more of them.
# (We leave out the first token of each text, which has often the same key.)

# %%
chapter.predict(
    "d",
    "We list 1,530 keys of ordinary text, and write carefully. Compared "
    "with the plain write, *other* text then hears …",
    ["less than half as much", "about as much", "more than twice as much"],
)

# %%
from alphaedit_lite.support.texts import wikipedia_leads


@torch.no_grad()
def keys_of(texts, n):
    """n keys of the layer over these texts, as columns, [d_ff, n]."""
    found = []
    hook = lm.down_projection(LAYER).register_forward_pre_hook(
        lambda module, inputs: found.append(inputs[0][0, 1:])
    )
    for text in texts:
        if sum(map(len, found)) < n:
            inputs = lm.tokenizer(text, return_tensors="pt")
            lm.model(**inputs.to(lm.device))
    hook.remove()
    return torch.cat(found)[:n].double().cpu().T


# %% [markdown]
# (The *hook* is called whenever the matrix is about to be used, and keeps what enters it: the keys.)

# %%
listed = keys_of(wikipedia_leads("fit"), 1530)
fresh = keys_of(wikipedia_leads("heldout"), 2000)
rows = []
for n in (50, 100, 300, 600, 900, 1200, 1350, 1450, 1500, 1530):
    delta = write_carefully(W64, listed[:, :n], k, v)
    row = {"keys": n, "listed keys": hears(delta, listed[:, :n])}
    row["other text"] = hears(delta, fresh)
    row["size"] = float(delta.norm() / W.norm())
    rows.append(row)
broken = pd.DataFrame(rows)

# %%
plain = hears(writes["plain"], fresh)
broken["other text, theory"] = plain
ratio = broken["other text"].iloc[-1] / plain
axis = {"line": (1536, "n = d"), "xlabel": "keys that are listed"}
panels = {
    "share of r that arrives": {
        "points": {"listed keys": "listed", "other text": "other text"},
        "theory": {"other text, theory": "other text, plain write"},
    },
    "‖Δ‖ / ‖W‖": {"points": {"size": "careful write"}},
}
panels = {title: panel | axis for title, panel in panels.items()}
show(*draw.curves_figure(panels, "keys", broken), name="04_break")
chapter.reveal("d", 0 if ratio < 0.5 else 1 if ratio <= 2 else 2)

# %% [markdown]
# **How to read it.** Left: what the listed keys hear (nothing),
# and what other text hears; the dashed line is the plain write.
# Right: the size of Δ.
#
# Some hundred listed keys help text that is not listed.
# Then the help turns into harm: with 1,530 keys other text hears [[=ratio:.0f]] times as much as from the plain write.
# The reason stands in (4.6): almost nothing is new about the key any more, so Δ must be very large.
# And the model knows far more than 1536 keys: *a real layer is full*.
#
# There are two ways out.
# Let everybody hear a little, as little as possible in the mean over all text: this is C0, in chapters 5 and 6.
# Or call a direction free when text uses it only a little: this is P, in chapters 7 and 8.
#
# ## What you own now
#
# Your editor has its first function:
#
# | function | what it does |
# |---|---|
# | `write(W, k, v)` | returns the Δ = r gᵀ that gives the key k the answer v |
#
# Two things were borrowed.
# Chapter 5 finds the value by gradient descent, and derives the g that disturbs text least.
# Then come many facts at once (chapter 6), the projection P (chapter 7), and the loop over layers (chapter 8).

# %% [markdown]
# ## Paper ↔ code
#
# ROME ([Meng et al. 2022](https://arxiv.org/abs/2202.05262), section 3.1)
# and MEMIT ([Meng et al. 2023](https://arxiv.org/abs/2210.07229), section 4.2)
# both begin with a feed-forward matrix as a linear associative memory.
# The memory is [Kohonen's (1972)](https://doi.org/10.1109/TC.1972.5008975).
# ROME's code is public (kmeng01/rome).
#
# | in the papers | in the authors' code | here |
# |---|---|---|
# | W = V K⁺ | nowhere: a trained W is *taken* for such a solution | (4.4), your `store` |
# | K Kᵀ, all that is needed of the old keys | `rome/layer_stats.py` adds up k kᵀ over text and saves the mean (`mom2`) | C0: `KeyStatistics.second_moment` |
# | the direction of a write, C⁻¹k | `rome/compute_u.py`: the inverse times the key, scaled to length 1 | (4.5) has k, (4.6) has k⊥; C0⁻¹k is chapter 5's |
# | the residual, divided so that it arrives | last lines of `rome/compute_v.py`: (target − output) / (key · direction) | r / (k⊥ᵀk) in your 04.5 |
# | W + Δ | `rome/rome_main.py`: an outer product is added | `ledger.py`: residualᵀ times gain; the gain comes from `solvers.py` |

# %% [markdown]
# ## Keypoints
#
# * V Kᵀ adds pairs up; its answers interfere in proportion to the overlap of the keys.
# * V K⁺ solves for exact answers, up to d facts.
#   The price is a large W, and so wrong answers to slightly wrong questions.
# * A new pair is written by an outer product, Δ = r gᵀ with gᵀk = 1.
#   Any other key k' hears the share gᵀk' of r.
# * Along k, Δ is smallest, and everybody who overlaps pays.
#   Along k⊥ no listed key pays, and Δ grows as less is new.
# * Real keys overlap: 1536 entries interfere like [[=round(d_eff, -1):.0f]] random ones.

# %% [markdown]
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
# <b>Yes.</b> At n = d some reading vectors are very long; this is the peak in section 3.
# </details>
#
# **2. You write a fact with Δ = r kᵀ/(kᵀk). Which other subject changes most?**
#
# <details><summary>A. The one stored last.</summary>
# W has no memory of the order.
# </details>
# <details><summary>B. The one whose key has the largest dot product with k.</summary>
# <b>Yes:</b> (4.5). In a language model it is often one of a similar kind,
# and that is why tests of specificity ask about neighbours (chapters 0 and 9).
# </details>
# <details><summary>C. All by the same amount.</summary>
# Only if all had the same overlap with k.
# </details>
#
# **Further reading**
#
# * [Bau et al. 2020](https://arxiv.org/abs/2007.15646), *Rewriting a Deep Generative Model*:
#   ROME takes from it the idea of inserting one pair.
# * [Schlag et al. 2021](https://arxiv.org/abs/2102.11174), *Linear Transformers Are Secretly Fast Weight Programmers*:
#   the sum of section 1 and the write of section 4 as layers of a network (the "delta rule").
#
# **Next:** [chapter 5](05_rome.ipynb) finds the value that makes the model *say* Romania,
# and the g that disturbs ordinary text least.

# %%
chapter.report()
