# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 7: The space nobody uses
#
# *To read: 40 minutes. To do the exercises: 70 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will build the matrix P
# that lets us rewrite a layer while the keys that it knows notice nothing.
# You will prove that it does.
# And then you will measure how much of that promise is kept in a real model.**
#
# ```text
#                     P                  Δ
#    known keys  ──────────►   0   ──────────►   0     as before
#    a new key   ──────────►  Pk   ──────────►   r     changes by r
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *explain* with a picture what kernel, range and rank are, and why rank alone is a treacherous number,
# > * *build* the projection P = U Uᵀ, and *prove* that ΔP changes no answer to a known key,
# > * *justify* why a matrix of 1536 × 1536 stands in for 100,000 keys, and why we call `eigh`,
# > * *read* a spectrum: tell directions from energy, and choose a threshold for a wanted leakage,
# > * *expose* a null space that is none: faked by too few samples, or too narrow to write through.
# >
# > **You need** matrix products and the dot product; eigenvectors of a symmetric matrix, the trace,
# > and what singular values are (five lines below refresh them); what a key and a value are (chapter 2);
# > what MEMIT's preservation term is for (chapter 6; one sentence about it stands below).
# >
# > **It costs** less than a minute and 1.5 GB of memory.
# > The key statistics of chapter 0 are used again; if they are not in your cache, they take a minute more.

# %% tags=["setup"]

# %%
# Parameters: the layers that we edit, the one that we look at most closely, and the authors' threshold.
import math

import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, NullSpace, compute_targets, key_statistics, load_model
from alphaedit_lite.book.ch07 import figures as draw
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.plots import show

chapter = Chapter("07")
torch.manual_seed(7)
LAYERS, LAYER, THRESHOLD = (4, 5, 6, 7), 6, 2e-2
SAMPLE, HELD_OUT = 6_400, 4_000  # keys of running text, for section 5

# %% [markdown]
# ## Before you start
#
# <details><summary>1. What is a <i>key</i> in this book, and which matrix does it meet?</summary>
#
# The vector that enters the down-projection of a feed-forward block, at one token.
# That matrix is W; it has one column for each of the key's 1536 entries,
# and W k is what the block adds to the hidden state (chapter 2).
#
# </details>
#
# <details><summary>2. MEMIT's objective has two terms.
# What does the second want, and what is awkward about it?</summary>
#
# The first term asks for the new answers, the second asks that known keys K0 keep their old ones:
# ‖ΔK0‖² should be small.
# Both pull at the same Δ, so somebody has to choose a weight between them,
# and no weight is right for everybody (chapter 6).
# This chapter looks for a Δ with which the second term is simply *zero*.
#
# </details>
#
# <details><summary>3. Linear algebra in five lines: eigenvectors, trace, singular values</summary>
#
# * An **eigenvector** u of a square matrix C is only stretched by it: Cu = λu.
#   The number λ is its **eigenvalue**.
# * A **symmetric** C (d × d) has d eigenvectors of length 1 at right angles to each other,
#   an **orthonormal eigenbasis** u₁, …, u_d, and C = λ₁u₁u₁ᵀ + … + λ_d u_d u_dᵀ.
# * The **trace** tr C is the sum of the diagonal.
#   It is also the sum of the eigenvalues, and tr(AB) = tr(BA).
# * ‖M‖² = tr(M Mᵀ) is the sum of all squared entries of M.
# * The **singular values** of M are the square roots of the eigenvalues of M Mᵀ.
#
# </details>

# %% [markdown]
# ## 1. Where a matrix is blind
#
# An edit replaces W by W + Δ.
# A known key k₀ then gets the answer
#
# $$(W + \Delta)\,k_0 \;=\; W k_0 + \Delta k_0 . \tag{7.1}$$
#
# In words: the old answer, plus what Δ makes of the key.
# So the old answer stays exactly if Δk₀ = 0.
#
# When is that so? Take one row of Δ and call it x.
# All that this row does to the key is one dot product, xᵀk₀.
# A dot product is zero when the two stand at a **right angle**.
# So all of this chapter grows out of one sentence:
#
# > Every row of Δ must stand at a right angle to every known key.
#
# Are there such rows?
# That depends on the keys, and we can draw it.
# Write the keys side by side as the columns of a matrix K0. Three words help:
#
# * The **range** of K0 is everything that can be mixed from the keys: a line, a plane, and so on.
#   Its dimension is the **rank**.
# * What stands at a right angle to all of them is the **left null space**: all x with xᵀK0 = 0.
#   (Books also call it the **kernel** of K0ᵀ.
#   "Left", because x stands on the left.)
# * Together they fill the whole space.
#   With keys of d entries,
#
# $$\text{rank} + \text{dimension of the left null space} \;=\; d . \tag{7.2}$$
#
# In words: each independent key uses up one direction, and what is not used is free.
# (Why: xᵀK0 = 0 is one linear equation for x per key.
# Each *independent* equation takes one of d dimensions away.
# Books call it rank–nullity.)
# Blue arrows are keys, the dashed orange line is the free direction.

# %%
k1 = torch.tensor([0.9, 0.4])
k2, angle = -0.7 * k1, torch.tensor(math.radians(10))
rotation = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()]).reshape(2, 2)
line, turned = torch.stack([k1, k2], dim=1), torch.stack([k1, rotation @ k2], dim=1)  # keys as columns
small = "the same, 0.02 counts as zero"
figure = draw.keys_figure({"one line": line, "k2 turned by 10°": turned, small: turned}, zero={small: 0.02})
show(*figure, name="07_keys_2d")

# %% [markdown]
# **What to notice.** On the left, two keys point in opposite directions, along one line:
# rank 1, and a whole line is free.
# In the middle, key 2 has turned by ten degrees.
# The rank is 2, and *nothing* is free any more.
# On the right are the same two keys, but we agree to call very little nothing at all:
# a direction counts as free if the keys' *mean squared size* along it is below 0.02.
# The free line is back.
# Keep that third picture in mind: it is the one we shall live in.

# %%
chapter.predict(
    "a",
    "If k3 lies halfway between k1 and k2, a line is free. Now lift k3 a little out of their plane. What is free?",
    ["only the origin", "still a line, slightly tilted", "a plane"],
)

# %%
k1, k2, up = torch.tensor([[0.9, 0.3, 0.0], [0.2, 0.9, 0.0], [0.0, 0.0, 0.2]])
cases = {
    "three on one line": torch.stack([k1, -k1, k1 / 2], dim=1),
    "k3 = (k1 + k2) / 2": torch.stack([k1, k2, (k1 + k2) / 2], dim=1),
    "the same, k3 lifted": torch.stack([k1, k2, (k1 + k2) / 2 + up], dim=1),
}
show(*draw.keys_figure(cases), name="07_keys_3d")
chapter.reveal("a", 3 - int(torch.linalg.matrix_rank(cases["the same, k3 lifted"])))

# %% [markdown]
# The number of keys does not matter; only the directions that they fill do.
# A hundred thousand keys in one plane leave as much room as two.
# (Grey dots: how far k3 stands above the plane of the other two.)
#
# **What surprised us.**
# How brittle this is.
# Lift the third key a little out of the plane, and the free line is not tilted or narrower: it is *gone*.
# Rank knows only yes and no.
# Real keys are never exactly in a plane, so a theory that asks for exact zeros has nothing to say about them.
# We shall need a softer word than rank, and find it in section 3.
#
# Now move the keys yourself.
# Try: how far can you turn key 2 before the line disappears?
# What does "counts as zero" buy, and what do you think it costs?
# (On paper: the two figures above show the cases that matter.)

# %%
from alphaedit_lite.book.ch07.widgets import KeysWidget

KeysWidget().show()

# %% [markdown] tags=["instructor"]
# **For the instructor, section 1.**
# Common mistakes: (a) "null space" is taken for the set of keys
# that Δ kills, instead of the set of rows that kill the keys:
# let students say which space each vector lives in (x and k both have d entries;
# that is why the two can be drawn in one picture).
# (b) "More keys, less room": true for independent keys only.
# (c) The kernel of K0 and that of K0ᵀ are mixed up;
# the first says which *mixtures* of keys vanish and is of no use here.
# Question for discussion: a row of Δ at 89° to a key instead of 90°: is that harmless?
# (It depends on how long the row and the key are.
# Section 4 puts a number on it.)

# %% [markdown]
# ## 2. P = U Uᵀ
#
# We know which rows are harmless.
# How do we *make* them?
# Take any row x and keep only its harmless part.
#
# Let u₁, …, u_m be an **orthonormal basis** of the left null space:
# m directions of length 1, at right angles to each other.
# How much of x points along u₁?
# The dot product u₁ᵀx.
# So the harmless part of x is
#
# $$u_1\,(u_1^\top x) + \dots + u_m\,(u_m^\top x) \;=\; U\,U^\top x \;=\; P x, \qquad P = U U^\top . \tag{7.3}$$
#
# In words, read from the right:
# Uᵀ *measures* x along each basis vector, U *builds* a vector again from these measurements.
# What x had in other directions was not measured, so it is lost.
# That is all a projection is: the shadow of x, with light falling straight onto the null space.
# And the shadow does not depend on which orthonormal basis you took:
# another one is U Q with an orthogonal Q, and (U Q)(U Q)ᵀ = U Q Qᵀ Uᵀ = U Uᵀ.

# %%
key, x = torch.tensor([0.9, 0.4]), torch.tensor([0.35, 1.0])
u = torch.tensor([-0.4, 0.9]) / key.norm()  # at a right angle to the key, and of length 1
Px = u * (u @ x)
show(*draw.shadow_figure(key, x, Px), name="07_projection")

# %% [markdown]
# Three properties follow, each in one line.
# Check every step with the picture.
#
# * **Symmetric:** Pᵀ = (U Uᵀ)ᵀ = U Uᵀ = P.
# * **Idempotent** (doing it twice is doing it once): P P = U (UᵀU) Uᵀ = U Uᵀ = P.
#   UᵀU holds the dot products of the basis vectors with each other.
#   They are orthonormal, so it is the identity.
#   The shadow of a shadow is the shadow.
# * **Annihilates the keys:** P K0 = U (UᵀK0) = 0, as each column of U stands at a right angle to each key.
#
# The third is what we came for.
# For *every* Δ, whatever it is,
#
# $$(\Delta P)\,K_0 \;=\; \Delta\,(P K_0) \;=\; 0 . \tag{7.4}$$
#
# In words: nobody has to search for a harmless update.
# Take any update, multiply by P from the right, and it has become harmless.
# MEMIT's second term is zero then, and a term that is zero needs no weight.
# This is the idea of AlphaEdit, and the "one line of code" of its title page.
#
# Why from the right? The rows of Δ live in the space of the keys (1536 numbers), so each row is multiplied by P.
# From the left stands the space of the answers (576 numbers): PΔ does not even fit.

# %% [markdown]
# ### Exercise 07.1: Build P · 10 minutes · ★★
#
# Write P for keys K0 (d × N, keys as columns).
# The basis U comes from the eigenvectors of C0 = K0 K0ᵀ / N whose eigenvalue is below a threshold.
# (Why that matrix? Section 3.
# For now: its eigenvectors with eigenvalue zero are the directions in which no key has anything.)
#
# <details><summary>Hint</summary>
#
# `values, vectors = torch.linalg.eigh(C0)` returns ascending eigenvalues and the eigenvectors as *columns*.
# The most common mistake is to select rows.
# The second is to keep the large eigenvalues: these span the range.
#
# </details>
#
# <details><summary>More help</summary>
#
# `vectors[:, values < threshold]` selects columns by a condition.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 07.1: all properties hold.
#
# </details>


# %% exercise="07.1"
def projection(K0, threshold=1e-10):
    """P, [d, d], for keys as columns, [d, N]: onto the eigenvectors of C0 with eigenvalue < threshold."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    values, vectors = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])
    U = vectors[:, values < threshold]  # [d, m]
    return U @ U.T
    # END SOLUTION


projection = chapter.check("07.1", projection)

# %% [markdown]
# Now we use it. Forty keys in twelve dimensions that fill only seven of them, and a Δ that is pure noise:

# %%
K0 = torch.randn(12, 7, dtype=torch.float64) @ torch.randn(7, 40, dtype=torch.float64)  # 12 × 40, rank 7
P, delta_toy = projection(K0), torch.randn(5, 12, dtype=torch.float64)
print(f"‖Δ K0‖   = {float((delta_toy @ K0).norm()):.1f}")
print(f"‖ΔP K0‖  = {float((delta_toy @ P @ K0).norm()):.0e}")
print(
    f"‖PP − P‖ = {float((P @ P - P).norm()):.0e},  ‖Δ‖ = {delta_toy.norm():.1f},  ‖ΔP‖ = {(delta_toy @ P).norm():.1f}"
)

# %% [markdown]
# Zero, up to the rounding of the computer: about sixteen digits.
# And ΔP is not small.
# It has lost what pointed towards the keys, and kept the rest.
#
# ### Exercise 07.2: Idempotence, on paper · 10 minutes · ★★
#
# With a pencil. Let K0 be d × N with the given rank.
# Without a computer, find three formulas in d and rank: the trace of P;
# its norm ‖P‖ (root of the sum of all squared entries); and the share of the squared length that P leaves,
# on average, of a random vector (independent entries with mean 0 and equal variance).
# Your formulas are then compared with real projections.
#
# <details><summary>Hint</summary>
#
# A vector in the null space is mapped to itself, one in the range to zero.
# So the eigenvalues of P are ones and zeros: how many ones?
# The common mistake is to count the range instead.
#
# </details>
#
# <details><summary>More help</summary>
#
# ‖P‖² = tr(PᵀP), for any matrix.
# Now use both properties: PᵀP = PP = P.
# For the share, let the entries of x have variance 1.
# Then E xᵢxⱼ is 1 for i = j and 0 otherwise, so E‖Px‖² = E xᵀPx = tr P. And E‖x‖²?
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 07.2: all properties hold.
#
# </details>


# %% exercise="07.2"
def on_paper(d, rank):
    """Trace of P, norm of P, and the share of a random vector's squared length that P leaves."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    return d - rank, math.sqrt(d - rank), (d - rank) / d
    # END SOLUTION


on_paper = chapter.check("07.2", on_paper)

# %% [markdown]
# ### Exercise 07.3: Three wrong projectors · 15 minutes · ★★
#
# Here are three attempts at 07.1.
# Each looks right, runs, and returns a 12 × 12 matrix.
# None of them is P. Do not read the code for long.
# Write an instrument instead: a function that takes a matrix and the keys, and names what is broken.


# %%
def wrong_a(K0):
    values, vectors = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])
    return vectors[:, values > 1e-10] @ vectors[:, values > 1e-10].T


def wrong_b(K0):
    values, vectors = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])
    return vectors * (values < 1e-10)


def wrong_c(K0):
    values, vectors = torch.linalg.eigh(torch.cov(K0))
    return vectors[:, values < 1e-10] @ vectors[:, values < 1e-10].T


# %% [markdown]
# Return a list with those of the names `"symmetric"`, `"idempotent"`, `"annihilates"` (P K0 = 0)
# and `"dimension"` (its trace is the dimension of the null space) that do *not* hold.
#
# <details><summary>Hint</summary>
#
# Nothing is exactly zero in floating point: compare with `torch.allclose(…, atol=1e-8)`.
# The likely mistake is to leave out the dimension:
# the zero matrix is symmetric, idempotent, and annihilates everything.
#
# </details>
#
# <details><summary>More help</summary>
#
# The dimension should be `len(P) - torch.linalg.matrix_rank(K0)`, and you have shown in 07.2 how to read it off P.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 07.3: all properties hold.
# Below it, four lines: one for our P, which lacks nothing, and one for each attempt.
#
# </details>


# %% exercise="07.3"
def diagnose(P, K0):
    """Names of the properties that P, [d, d], lacks as projection onto the left null space of K0, [d, N]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    rank = int(torch.linalg.matrix_rank(K0))
    holds = {
        "symmetric": torch.allclose(P, P.T, atol=1e-8),
        "idempotent": torch.allclose(P @ P, P, atol=1e-8),
        "annihilates": torch.allclose(P @ K0, torch.zeros_like(K0), atol=1e-8),
        "dimension": abs(float(P.trace()) - (len(P) - rank)) < 1e-6,
    }
    return [name for name, good in holds.items() if not good]
    # END SOLUTION


diagnose = chapter.check("07.3", diagnose)
around = torch.randn(12, 1, dtype=torch.float64) + K0[:, :6] @ torch.randn(6, 40, dtype=torch.float64)
wanted = 12 - int(torch.linalg.matrix_rank(around))  # on keys that scatter around a mean, as real ones do
for attempt in (projection, wrong_a, wrong_b, wrong_c):
    P = attempt(around)
    lacks = ", ".join(diagnose(P, around)) or "nothing"
    print(f"{attempt.__name__:<10} trace {P.trace():4.1f}, wanted {wanted}; lacks: {lacks}")

# %% [markdown]
# Which mistake did each of them make?
# A and C lack the same two properties; their traces differ. Decide, then open.
#
# <details><summary>A</summary>
#
# It keeps the *range*, so its trace is the rank.
# A perfectly good projection, onto the wrong space: an edit through it can touch *only* what is known.
#
# </details>
#
# <details><summary>B</summary>
#
# It forgets the second factor: `vectors * mask` is U with columns of zeros beside it, not U Uᵀ.
# It *builds* a vector, but it has never *measured* one:
# it takes the entries of x themselves for the measurements Uᵀx.
#
# </details>
#
# <details><summary>C</summary>
#
# The dangerous one: `torch.cov` subtracts the mean of the keys first.
# The result is a flawless projection, onto one direction too many (the trace tells): one that only the mean uses.
# It lies in the range of the keys, and the covariance cannot see it.
# Our C0 is therefore *not* a covariance: it is the uncentred second moment.
# (The authors' code calls the variable `cov`.)
#
# </details>

# %% [markdown] tags=["instructor"]
# **For the instructor, section 2.**
# Let students predict the trace of A, B, C before they run.
# The pair (A, C) shows that no test of P alone is enough:
# both pass "symmetric, idempotent", and only the keys tell.
# Good question: how would you notice mistake C in a real model, where nothing is exactly zero?
# (Compare tr(P C0) with the sum of the kept eigenvalues: they must be equal.)
# And: why is `K0 @ pinv(K0)` another way to the range, and I minus it another P?
# What does it cost with 100,000 keys?
# The idea "P P = P" returns in chapter 13, where two ways to put P into other editors differ just because (ΔP)P = ΔP.

# %% [markdown]
# ## 3. A small matrix for a hundred thousand keys
#
# Our K0 has 1536 rows and 100,000 columns: 1.2 gigabytes in double precision.
# In 07.1 we used K0 K0ᵀ instead, which has 1536 × 1536 entries whatever the number of keys.
# Is that allowed? Yes, and the proof is two lines long. We claim:
#
# $$x^\top K_0 = 0 \quad\Longleftrightarrow\quad K_0 K_0^\top x = 0 . \tag{7.5}$$
#
# In words: K0 and K0 K0ᵀ have the same left null space.
#
# * From left to right: if K0ᵀx = 0, then K0(K0ᵀx) = 0.
# * From right to left: if K0 K0ᵀx = 0, multiply by xᵀ: 0 = xᵀK0 K0ᵀx = ‖K0ᵀx‖².
#   A vector of length 0 is zero, so K0ᵀx = 0.
#
# And the small matrix is a *sum over keys*, k₁k₁ᵀ + k₂k₂ᵀ + …: we need not hold the keys at all.
# We read text, add k kᵀ for each token, and forget the key.
# That is how `KeyStatistics` works.
#
# Divide by the number of keys, and you have C0 = K0 K0ᵀ / N.
# Now its eigenvalues get a meaning.
# If u is an eigenvector of length 1 with eigenvalue λ, then
#
# $$\lambda \;=\; u^\top C_0\, u \;=\; \frac1N \sum_{i=1}^{N} (u^\top k_i)^2 . \tag{7.6}$$
#
# In words: the eigenvalue is the mean squared size of the keys along u.
# We call it the **energy** that the keys have in that direction.
# Zero energy: no key ever goes there.
# *This is the soft word that we were missing.*
# Rank asks whether anybody uses a direction; energy asks how much.
# All energies together are the trace of C0, the mean squared length of a key.
#
# ### Which routine?
#
# The paper writes "SVD", and the authors' code calls `svd`.
# For a symmetric matrix without negative eigenvalues, the singular values *are* the eigenvalues
# and the singular vectors the eigenvectors, so both routines give the same U.
# But `svd` does not know that the matrix is symmetric, and computes two sets of vectors where there is one.
# `eigh` (h for Hermitian, the complex word for symmetric) knows.

# %%
chapter.predict(
    "b",
    "C0 of a real layer, 1536 × 1536. How much faster is eigh than svd?",
    ["about as fast", "one and a half to five times", "more than five times"],
)

# %%
import time

lm = load_model()
statistics = key_statistics(lm, LAYERS)  # C0 of four layers, from 100,000 tokens of Wikipedia
C0 = statistics[LAYER].second_moment  # [d_ff, d_ff], float64


def seconds(routine):
    start = time.perf_counter()
    routine(C0)
    return time.perf_counter() - start


svd, eigh = seconds(torch.linalg.svd), seconds(torch.linalg.eigh)
print(f"svd {svd:.2f} s, eigh {eigh:.2f} s")
chapter.reveal("b", 0 if svd < 1.5 * eigh else 1 if svd <= 5 * eigh else 2)

# %% [markdown]
# How large the factor is depends on the library, the number of cores and the size;
# do not build on any single figure, ours included.
# That `eigh` wins at all is no accident: it has fewer operations to do.
# (Never call `eig`: for a repeated eigenvalue, such as zero,
# it need not return orthogonal vectors, and then U Uᵀ is no projection.)
#
# **What surprised us.**
# That the shortcut loses nothing, and yet is not free.
# The eigenvalues of K0 K0ᵀ are *squares* of the singular values of K0.
# A direction in which the keys are a million times shorter has an eigenvalue 10¹² times smaller.
# Single precision (seven digits) would lose it in rounding, double precision (sixteen) just holds it.
# The spectra below do not come near that edge.
# But in section 5 we shall count *exact* zeros, and there float64 matters.

# %% [markdown]
# ## 4. Real spectra
#
# The **spectrum** of a layer is the list of its eigenvalues:
# how much energy the keys of ordinary text have in each of 1536 directions.
# None of them is exactly zero.
# So AlphaEdit calls a direction unused if its eigenvalue is below a threshold τ,
# and the authors' code sets τ = 0.02 for all models.
# P keeps those directions.
#
# What such a P lets through we call the **leaked energy**:
# the share of the keys' energy that lies inside the "null space".
# For a true null space it is 0.

# %%
chapter.predict(
    "c",
    "Layer 6, τ = 0.02: about two thirds of the directions are below. Which share of the energy do they carry?",
    ["under 1%", "1% to 10%", "10% to 25%", "more than 25%"],
)

# %% [markdown]
# For each layer: the eigenvectors and eigenvalues of C0, the share of the directions below τ,
# and the share of the trace that they sum up to.

# %%
decomposed = {layer: torch.linalg.eigh(statistics[layer].second_moment) for layer in LAYERS}
spectra = {layer: values.clamp_min(0) for layer, (values, _) in decomposed.items()}  # ascending
rows = {}
for layer, values in spectra.items():
    below = values[values < THRESHOLD]
    rows[layer] = [len(below) / len(values), below.sum() / values.sum(), values[0], values.mean(), values[-1]]
columns = ["directions kept", "energy leaked", "smallest", "mean", "largest"]
table = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float)
kept, leak = table["directions kept"], table["energy leaked"]
chapter.reveal("c", sum(leak[LAYER] > bound for bound in (0.01, 0.1, 0.25)))
table.style.format("{:.4f}").format("{:.0%}", subset=columns[:2])

# %%
show(*draw.spectra_figure(spectra, THRESHOLD, main=LAYER), name="07_spectra")

# %% [markdown]
# **How to read it.** On the left is each direction's energy, smallest first, on a logarithmic axis.
# P keeps what is in the shaded part.
# On the right, directions are counted along the bottom, and the energy they carry upwards.
# A layer with a true null space would look like the grey line (drawn for a layer
# that does not use seven tenths of its directions, and the others all equally): flat for long, then steep.
#
# **What surprised us.**
# There is nothing null here.
# In layer [[=LAYER]], [[=kept[LAYER]:.0%]] of the directions are below the threshold,
# and they carry [[=leak[LAYER]:.0%]] of the energy: a third leaks.
# In layer 4 it is [[=leak[4]:.0%]].
# The smallest eigenvalue of layer [[=LAYER]] is [[=table['smallest'][LAYER]:.4f]]:
# not one direction of 1536 is unused. Why?
#
# * **No gap.** The curve falls smoothly, with no cliff between "used" and "unused".
#   The *largest* eigenvalue carries [[=float(spectra[LAYER][-1] / spectra[LAYER].sum()):.1%]] of the energy.
#   So a threshold cuts through the middle of a slope, and any other cut would be as arbitrary.
# * **2e-2 is near the mean.**
#   The mean eigenvalue of layer [[=LAYER]] is [[=table['mean'][LAYER]:.3f]].
#   "Below 0.02" means "below average" here, and most directions are below average wherever a few are far above it.
#   An absolute threshold knows nothing of the size of the keys.
#   On a model whose keys are a hundred times weaker, the same 0.02 would keep everything.
# * **A narrow layer.** 1536 directions must serve all that the layer knows.
#   Wide layers have more of them than their keys use:
#   for Llama3-8B, with 14,336, [a public analysis](https://github.com/chilli404/alphaedit-analysis)
#   (not reviewed) finds more than 99% of the directions below 2e-2.
#   There, P is nearly the identity; we have found no report of what leaks.
#
# The paper's footnote names 10⁻² instead of the code's 2·10⁻².
# Here that alone takes layer [[=LAYER]] from [[=kept[LAYER]:.0%]] of the directions
# to [[=int((spectra[LAYER] < 1e-2).sum()) / 1536:.0%]], and the leak from [[=leak[LAYER]:.0%]]
# to [[=float(spectra[LAYER][spectra[LAYER] < 1e-2].sum() / spectra[LAYER].sum()):.0%]].
# So a result that quotes a threshold, but neither the number of directions nor the leak, tells you little.

# %% [markdown]
# ### What can still be promised
#
# On real keys, (7.4) is not zero. But it is bounded.
# Write C0 by its eigenvectors, and note that ΔP only meets those that P keeps:
#
# $$\frac1N\,\lVert \Delta P K_0 \rVert_F^2 \;=\; \operatorname{tr}(\Delta P\, C_0\, P \Delta^\top)
# \;=\; \sum_{\lambda_i < \tau} \lambda_i\, \lVert \Delta u_i \rVert^2 \;\le\; \tau\, \lVert \Delta P \rVert_F^2 . \tag{7.7}$$
#
# In words: the mean squared change of a known answer is,
# for each kept direction, the energy of the keys there times what Δ does with it;
# so it is at most τ times the squared size of the update.
# ‖·‖_F is the root of the sum of all squares. Step by step:
#
# * ‖M‖² = tr(M Mᵀ) with M = ΔP K0, and K0 K0ᵀ / N = C0. (P is symmetric.)
# * C0 = Σ λᵢ uᵢ uᵢᵀ, and P drops every term with λᵢ ≥ τ:
#   P C0 P is the same sum over the kept directions.
# * Each term is a length: tr(Δ u uᵀ Δᵀ) = ‖Δu‖².
# * Every kept λᵢ is below τ, and Σ ‖Δuᵢ‖² over the kept directions is ‖ΔP‖².
#
# Let us see it with a real update: Lower Assam moves to Romania, as in chapter 0.
# First the target z (the hidden state at the subject that makes the model say *Romania*),
# then the edit, through the P of section 4.
# For the left side of (7.7) we read keys of *other* text than C0 was made from.

# %%
from alphaedit_lite.hooks import hooked
from alphaedit_lite.support.texts import wikipedia_leads


@torch.no_grad()
def keys_of(texts, layer, n):
    """The first n keys of a layer over some texts, [n, d_ff]: in code, keys are rows."""
    found = []
    with hooked(inputs={lm.down_projection(layer): lambda key: found.append(key[0].double())}):
        for text in texts:
            ids = lm.tokenizer(text, return_tensors="pt")["input_ids"][:, :512]
            lm.run(lm.embed(ids), torch.ones_like(ids), torch.arange(ids.shape[1])[None], stop=layer + 1)
            if sum(map(len, found)) >= n:
                return torch.cat(found)[:n]


heldout = keys_of(wikipedia_leads("heldout"), LAYER, HELD_OUT)  # [4000, d_ff]

# %%
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact

editor = AlphaEdit(lm, statistics=statistics, layers=LAYERS, threshold=THRESHOLD, progress=False)
z = compute_targets(lm, [fact], LAYERS[-1], progress=False).z
edit = editor.edit([fact], z)
print(fact.prompt + lm.complete(fact.prompt, 3))
edit.revert()

delta, W = edit.delta(LAYER), lm.weight(LAYER).double()  # both [d_model, d_ff]; Δ has P inside already
fresh = float((heldout @ delta.T).square().sum(1).mean())  # mean ‖Δ k‖² over keys held out
known = float((delta @ C0 @ delta.T).trace())  # the same over the 100,000 keys behind C0
bound = THRESHOLD * float(delta.square().sum())
answers = float((W @ C0 @ W.T).trace())  # mean ‖W k‖²: how large an answer is
print(f"mean ‖ΔP k‖²: {known:.2e} for the keys of C0, {fresh:.2e} for fresh ones; bound {bound:.2e}")
evenly = float(delta.square().sum() * C0.trace() / len(C0))  # if Δ had the same size in every direction
print(f"so a known answer changes by {math.sqrt(known / answers):.2%} of its size (root mean square);")
print(f"an update of that size, spread evenly over all directions: {math.sqrt(evenly / answers):.2%}")

# %% [markdown]
# The bound holds, for fresh keys as well (nobody promised that: the bound is about the keys behind C0).
# It is not tight, since most kept directions have less energy than τ.
# And how much of this is P's merit?
# An update of the same size without any P, spread evenly over all 1536 directions,
# would change known answers by [[=math.sqrt(evenly / answers):.1%]];
# ours does it by [[=math.sqrt(known / answers):.1%]].
# So most of the smallness comes from the *update*, which is small, and only a little from the space:
# remember that for the end of the chapter.
#
# ### Exercise 07.4: Choose a threshold · 10 minutes · ★★
#
# Instead of taking 2e-2 on faith, decide what may leak.
# Given the eigenvalues and a share of the energy, return a threshold such
# that the eigenvalues *strictly below* it carry at most that share, and as many of them as possible are kept.
#
# <details><summary>Hint</summary>
#
# Sum from the smallest upwards (`cumsum`) and divide by the total.
# The likely mistake is to take a share of the directions, as a quantile does.
#
# </details>
#
# <details><summary>More help</summary>
#
# If m eigenvalues may be kept, the threshold can be the eigenvalue number m, counted from 0: the first that may not.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 07.4: all properties hold.
# Below it, the thresholds for 1%, 10% and 30% in layer 6.
#
# </details>


# %% exercise="07.4"
def threshold_for(eigenvalues, share):
    """The threshold below which eigenvalues, [d] and ascending, carry at most this share of their sum."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    carried = eigenvalues.cumsum(0) / eigenvalues.sum()
    return float(eigenvalues[int((carried <= share).sum())])
    # END SOLUTION


threshold_for = chapter.check("07.4", threshold_for)
for share in (0.01, 0.1, 0.3):
    tau = threshold_for(spectra[LAYER], share)
    print(f"leak at most {share:.0%}: τ = {tau:.4f}, {int((spectra[LAYER] < tau).sum())} of 1536 directions")

# %% [markdown]
# To leak only one hundredth,
# P may keep [[=int((spectra[LAYER].cumsum(0) <= 0.01 * spectra[LAYER].sum()).sum())]] of 1536 directions.
# Is that the better null space?
# Let us see what one edit does through a low, the usual and a high threshold.

# %%
from alphaedit_lite.metrics import score

asked = [(prompt, fact.new) for prompt in (fact.prompt, *fact.paraphrases)]  # and four neighbours


def write_through(kept_of):
    """Write the fact through the kept_of(eigenvalues) weakest directions of each layer; look; take it back."""
    for layer, (_, vectors) in decomposed.items():
        basis = vectors[:, : kept_of(spectra[layer])]
        editor.null_spaces[layer] = NullSpace(basis, spectra[layer], math.nan)
    edit = editor.edit([fact], z)
    p = score(lm, [*asked, *fact.neighbours])[0].exp()
    edit.revert()
    size = float(edit.delta(LAYER).norm() / lm.weight(LAYER).norm())
    return edit, {"update": size, "fact": p[0], "paraphrases": p[1:4].mean(), "neighbours": p[4:].mean()}


# %% [markdown]
# `write_through` keeps the directions that we tell it to, edits, asks eight questions, and takes the edit back.


# %%
def outcome(threshold):
    """What one edit through this threshold does, in a sentence."""
    _, row = write_through(lambda values: int((values < threshold).sum()))
    leaks = [editor.null_spaces[layer].leakage for layer in LAYERS]
    asked_for = f"P(Romania) {row['fact']:.2f}; paraphrases {row['paraphrases']:.2f}"
    return f"mean leak {sum(leaks) / 4:.0%}; {asked_for}; neighbours {row['neighbours']:.2f}"


outcomes = {threshold: outcome(threshold) for threshold in (6e-3, THRESHOLD, 1e-1)}
show(*draw.thresholds_figure(spectra, outcomes, main=LAYER), name="07_thresholds")

# %% [markdown]
# **Is the low threshold the better null space?**
# This figure cannot tell.
# It leaks far less (the mean over the four edited layers),
# and the fact is written about equally well through all three.
# The paraphrases follow best, and the neighbours
# (the probability of their old, right answer) suffer most, where P lets most through.
# So far, low looks good.
# What it costs does not show in these eight questions; section 6 looks for it.
#
# The slider does the same at any threshold.
# *Write one fact* takes a second or two, and takes the edit back afterwards.

# %%
from alphaedit_lite.book.ch07.widgets import ThresholdWidget

ThresholdWidget(spectra, outcome).show()

# %% [markdown]
# ## 5. A null space made of ignorance
#
# K0 stands for "what the model knows", but it is only a sample of text.
# What if the sample is small?
# Equation (7.2) gives a warning: N keys have rank N at most.
# With 400 keys, at least 1536 − 400 = 1136 eigenvalues are zero, *exactly*.
# A perfect null space!

# %%
chapter.predict(
    "d",
    "We fit C0 on 400 keys. In its exact null space the sample has 0% energy. And fresh keys of the same kind of text?",
    ["nearly 0%", "about 10%", "about 30%", "more than half"],
)

# %% [markdown]
# We fit C0 on the first 100, 200, 400, … keys of our text.
# For each, we note what the sample *claims* about its null space,
# and what 4,000 fresh keys, from other articles, have in it.

# %%
pool = keys_of(wikipedia_leads("fit"), LAYER, SAMPLE)  # [6400, d_ff]


def fit_on(n):
    """What the first n keys claim about the null space, and what fresh keys say."""
    values, vectors = torch.linalg.eigh(pool[:n].T @ pool[:n] / n)
    row = {"keys": n, "kept": int((values < THRESHOLD).sum()), "exact": int((values < 1e-9).sum())}
    row["claimed"] = float(values[: row["kept"]].sum() / values.sum())
    for name, m in (("real", row["kept"]), ("real, exact", row["exact"])):
        row[name] = float((heldout @ vectors[:, :m]).square().sum() / heldout.square().sum())
    return row


samples = pd.DataFrame([fit_on(n) for n in (100, 200, 400, 800, 1600, 3200, SAMPLE)])
few = samples[samples["keys"] == 400].iloc[0]
chapter.reveal("d", sum(few["real, exact"] > bound for bound in (0.05, 0.2, 0.5)))
samples.style.format("{:.0%}", subset=list(samples)[3:]).hide()

# %% [markdown]
# In the table, `kept` counts directions below τ, `exact` those with energy zero.
# Counting would have warned you:
# the exact null space of 400 keys has at least [[=1136 / 1536:.0%]] of all directions,
# and a fresh key has no reason to avoid them.
#
# The same as a picture, with the P from all 100,000 keys for comparison.

# %%
U = decomposed[LAYER][1][:, spectra[LAYER] < THRESHOLD]  # from all 100,000 keys
whole = float((heldout @ U).square().sum() / heldout.square().sum())
show(*draw.samples_figure(samples, whole), name="07_samples")

# %% [markdown]
# **How to read it.** Left: the smaller the sample, the larger the "null space".
# Right: the lower line is what the sample believes about its own P,
# the upper one what keys of fresh text have inside it.
# The gap between the lines is how much the sample fools us.
#
# **What surprised us.**
# Zero means nothing here.
# With 400 keys, [[=int(few['exact']):d]] directions have an energy of exactly zero,
# and fresh keys carry [[=few['real, exact']:.0%]] of theirs in these very directions.
# The edit would be protected against 400 tokens, and against nothing else.
# A null space found in a sample is a *claim about keys never seen*,
# and it needs what every such claim needs: a test on held-out data.
# With all 100,000 keys, the claim is [[=leak[LAYER]:.0%]] and fresh keys say [[=whole:.0%]]:
# nearly honest, and still too rosy.
#
# The paper has a trace of it: with a tenth of the samples,
# specificity on Llama3-8B falls from 67.9 to 56.1 (its table 6), while efficacy loses less than four points.
# Mostly the neighbours pay, not the edited facts.
# So when you meet a surprisingly large null space, first ask: how many keys was it fitted on, per direction?
#
# ### Exercise 07.5: Extend a basis as keys arrive · 15 minutes · ★★★
#
# You hold an orthonormal basis U (d × m) of the null space so far, and have thrown the old keys away.
# Now new keys K arrive (d × n, as columns) that must be protected as well.
# Return an orthonormal basis of what is left:
# all directions in the span of U that the new keys do not use either.
#
# <details><summary>Hint</summary>
#
# A vector in the span of U is U c, with m numbers c.
# It does not see the new keys if Kᵀ U c = 0.
# So look for the null space of a *small* matrix.
# The likely mistake is to compute the null space of K alone: it has forgotten the old keys.
#
# </details>
#
# <details><summary>More help</summary>
#
# Let A = UᵀK (m × n).
# You want the eigenvectors of A Aᵀ (m × m) with eigenvalue zero, up to a tolerance such as 1e-10: call them C.
# Then U C is the answer.
# Why is it orthonormal?
# (U C)ᵀ(U C) = Cᵀ(UᵀU)C = CᵀC.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 07.5: all properties hold.
# Below it, three numbers, each about a hundred less than the one before.
#
# </details>


# %% exercise="07.5"
def extend(U, K):
    """An orthonormal basis, as columns, of the directions of U, [d, m], that K, [d, n], does not use."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    A = U.T @ K  # [m, n]: the new keys as U sees them
    values, vectors = torch.linalg.eigh(A @ A.T)
    return U @ vectors[:, values < 1e-10]
    # END SOLUTION


extend = chapter.check("07.5", extend)
values, vectors = torch.linalg.eigh(pool[:400].T @ pool[:400] / 400)
U = vectors[:, values < 1e-9]
print(f"400 keys: {U.shape[1]} directions are free")
for arrived in (400, 500):
    U = extend(U, pool[arrived : arrived + 100].T)  # 100 keys more, as columns
    print(f"{arrived + 100} keys: {U.shape[1]} directions are free")

# %% [markdown]
# Each new key costs one direction, unless it lies in the span of those before;
# after some 1536 of them nothing would be free.
# (Here some do lie there: a hundred keys can cost 99.
# The first token of a text has nothing before it, so all articles that begin with *The* begin with the same key.)
#
# Some follow-ups of AlphaEdit do just this with the keys of *edits*: each edit shrinks the space of the next.
# Chapter 14 looks at one, EvoEdit.
#
# ## 6. Break it: the narrow door
#
# A third leaks at τ = 0.02.
# The remedy seems clear: take a lower threshold and let only 1% leak.
# That is thirty times less energy; as energy is a square,
# the part of a known key inside P becomes √30, between five and six times, shorter.
# You have the tool, from 07.4.
# What does it do for the known answers, when we write our fact through this space?

# %%
chapter.predict(
    "e",
    "P leaks 1% of the energy instead of a third. Writing the same fact, known answers change …",
    ["less", "about as much (within a fifth)", "more"],
)

# %% [markdown]
# We write the same fact, towards the same z, through spaces that leak from 1% to everything
# (the same leak in each of the four layers), and note for layer 6:
#
# * `door`: the share of the *new key's* own energy that P lets through, ‖Pk‖² / ‖k‖²,
# * `update`: the size of Δ as a share of ‖W‖,
# * `known answers`: by how much the answers to known keys change, as a share of their size,
# * `alike`: the cosine between Pk and the shadows Pk₀ of fresh keys (root mean square):
#   how much they point the same way.


# %%
def look(share):
    """Write the fact through spaces that leak this share; the row of the table."""
    edit, row = write_through(
        lambda values: max(1, int((values.cumsum(0) / values.sum() <= share + 1e-9).sum()))
    )
    k, update, space = edit.keys[LAYER].double(), edit.delta(LAYER), editor.null_spaces[LAYER]
    row |= {"leak": share, "kept": space.rank, "door": space.project(k).square().sum() / k.square().sum()}
    row["known answers"] = math.sqrt((update @ C0 @ update.T).trace() / answers)
    shadows = space.project(heldout[:1000])
    row["alike"] = torch.cosine_similarity(shadows, space.project(k)).square().mean().sqrt()
    return {name: float(value) for name, value in row.items()}


# %% [markdown]
# In the table, `kept` is the number of directions in layer 6, the rank of P.
# The last three columns are probabilities:
# of *Romania* after the prompt and after three paraphrases, and of the old, right answers of four neighbours.

# %%
doors = pd.DataFrame([look(share) for share in (0.01, 0.02, 0.05, 0.1, 0.2, 0.33, 0.6, 1.0)]).round(4)
unedited = float(score(lm, fact.neighbours)[0].exp().mean())
growth, harm = (doors[name][0] / doors[name][5] for name in ("update", "known answers"))
constant = doors["update"] * doors["door"] ** 0.5
best = doors["known answers"].idxmin()
chapter.reveal("e", 0 if harm < 0.8 else 1 if harm <= 1.2 else 2)
order = ["leak", "kept", "door", "update", "known answers", "alike", "fact", "paraphrases", "neighbours"]
doors[order].style.format("{:.3f}").format("{:.0f}", subset=["kept"]).hide()

# %% [markdown]
# And as a picture:

# %%
panels = {
    "energy inside P": {"door": "new key", "leak": "known keys"},
    "update, share of ‖W‖": {"update": "layer 6"},
    "change of known answers": {"known answers": "layer 6"},
    "probability": {"fact": "Romania", "paraphrases": "paraphrases", "neighbours": "neighbours: old answer"},
}
show(*draw.doors_figure(doors, panels), name="07_door")

# %% [markdown]
# **How to read it.** Along the bottom of all four panels is the leak of P,
# from 1% to everything (P = I: no projection at all).
# The usual leak of a third is the row 0.33:
# with [[=int(doors['kept'][5])]] directions, as good as the [[=int((spectra[LAYER] < THRESHOLD).sum())]] below τ.
# The fact is written about equally well everywhere; look at what it costs.
#
# **What surprised us.** Three things.
#
# * **The door closes for the new key, too** (first panel).
#   Where known keys have 1% of their energy, the new key has [[=doors['door'][0]:.0%]] of its own.
#   Of course: it is a key like any other.
#   P cannot tell the key that we want to write from the keys that we want to protect.
# * **The update grows** (second panel): from [[=doors['update'][5]:.0%]] of ‖W‖
#   at the usual leak to [[=doors['update'][0]:.0%]] at 1%, [[=growth:.0f]] times as much.
# * **And known answers change *more*** (third panel):
#   by [[=doors['known answers'][0]:.1%]] of their size through the truest null space,
#   by [[=doors['known answers'][5]:.1%]] through the leaky one,
#   and by [[=doors['known answers'][7]:.1%]] with no projection at all.
#   So P is worth having.
#   But the least change, [[=doors['known answers'][best]:.1%]],
#   stands in the row that leaks [[=doors['leak'][best]:.0%]], far from the end that the theory praises.
#
# The first two are one fact.
# A key k comes through P as its shadow Pk.
# To change its answer by r, Δ must map Pk to r, and the smallest Δ that does has the size
#
# $$\lVert \Delta \rVert_F \;=\; \frac{\lVert r \rVert}{\lVert P k \rVert} . \tag{7.8}$$
#
# In words: the narrower the door that P leaves for the new key, the louder one must shout through it.
# Mind that this is a *length*, and `door` an energy, its square.
# So `update` times √`door` should be the same in all rows, and nearly is:
# between [[=constant.min():.3f]] and [[=constant.max():.3f]].
# (The editor stops a little short of (7.8).
# That is the doing of the *ridge term λ* of chapter 8, which holds every update back; it is no eigenvalue.)
#
# A known key k₀ hears the shout through the same door.
# The Δ of that size is r (Pk)ᵀ / ‖Pk‖²: check that it maps Pk to r.
# It maps k₀ to r times (Pk)ᵀk₀ / ‖Pk‖².
# As P = PᵀP, the product (Pk)ᵀk₀ is kᵀPᵀPk₀ = (Pk)ᵀ(Pk₀), a dot product of two shadows. So
#
# $$\lVert \Delta P k_0 \rVert \;=\; \lVert r \rVert \cdot \frac{\lVert P k_0 \rVert}{\lVert P k \rVert}
# \cdot \lvert \cos(P k_0, P k) \rvert . \tag{7.9}$$
#
# In words: what we ask for, times how long the known shadow is beside the new one,
# times how much the two point the same way.
# Now lower the threshold.
# *Both* shadows shrink (compare `leak` and `door`), so their ratio stays about the same.
# What does not cancel is the last factor, `alike`, and it explains both ends of the curve:
#
# * **To the left**, in few directions, shadows have less room to differ.
#   With [[=int(doors['kept'][5])]] directions the typical cosine is [[=doors['alike'][5]:.3f]],
#   with [[=int(doors['kept'][0])]] it is [[=doors['alike'][0]:.3f]].
#   (Two random arrows in m dimensions have a typical cosine of 1/√m. Compare.)
# * **To the right**, room alone would make P = I the best.
#   But the cosine rises again, from [[=doors['alike'][6]:.3f]] to [[=doors['alike'][7]:.3f]].
#   The last [[=1536 - int(doors['kept'][6])]] directions are the strong ones,
#   and strong means that all keys share them: with these left in, keys look alike.
#   To take *them* away is what P is good for.
#
# So the number to watch is not how *little* known keys have inside P,
# but how little they have there *compared with the new key*.
# In theory's case, a true null space with a new key
# that sticks out into it, the ratio is 0 and everything is as promised.
# A wide layer may come near that. This one does not.
#
# Be careful with the fourth panel: one fact, three paraphrases, and four neighbours.
# There, the narrow space does the neighbours no harm:
# they keep [[=doors['neighbours'][0]:.2f]] of their [[=unedited:.2f]] in the narrowest space,
# and [[=doors['neighbours'][7]:.2f]] without P.
# The paraphrases pay instead: [[=doors['paraphrases'][0]:.2f]] in the narrowest space,
# [[=doors['paraphrases'][5]:.2f]] at the usual leak, [[=doors['paraphrases'][7]:.2f]] without P.
# Perhaps what neighbours share with our subject lies in the strong directions,
# which every P takes away; running text does not have this luck.
# So "what does an edit break?" has more than one answer, and chapter 9 makes metrics of them.
# Nor does one edit say what a hundred do: chapters 10 and 14 repeat the sweep over long streams.
#
# ### Exercise 07.6: The narrow door, on paper · 10 minutes · ★★
#
# With a pencil, for one key k.
# You have met one Δ with Δ = ΔP and Δk = r.
# Show that no other such Δ is smaller, and that its size is (7.8).
# Then write it as a function.
#
# <details><summary>Hint</summary>
#
# Write a = Pk. Row number j of Δ, call it x, must satisfy xᵀa = r_j.
# Split x into a part along a and the rest, at a right angle to a.
# Which part does the condition fix?
# What does the rest add to the length (Pythagoras)?
# The likely mistake is to forget P, or to square ‖Pk‖.
#
# </details>
#
# <details><summary>More help</summary>
#
# The rest adds length and nothing else, so the shortest row is r_j a / ‖a‖²,
# and all rows together are Δ = r aᵀ / ‖a‖².
# The norm of an outer product r aᵀ is ‖r‖ ‖a‖.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 07.6: all properties hold.
#
# </details>


# %% exercise="07.6"
def size_of_write(r, k, P):
    """The smallest norm of a Δ inside P, [d_model, d], that changes the answer to k, [d], by r, [d_model]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return float(r.norm() / (P @ k).norm())
    # END SOLUTION


size_of_write = chapter.check("07.6", size_of_write)

# %% [markdown]
# ## Paper ↔ code
#
# The paper is [Fang et al., ICLR 2025](https://arxiv.org/abs/2410.02355), section 3.2.
# Its code is public (jianghoucheng/AlphaEdit);
# P is made in `experiments/evaluate.py`, function `get_project`.
#
# | in the paper | in the authors' code | here |
# |---|---|---|
# | left null space: ΔK0 = 0, rows of Δ | `solve` returns Δᵀ, so `P` stands on the left: (ΔP)ᵀ = P Δᵀ | (7.1); `NullSpace.project(rows)` |
# | K0 K0ᵀ instead of K0 | `get_cov`: the uncentred second moment, *divided by the number of tokens* | (7.5); `KeyStatistics.second_moment` |
# | SVD of K0 K0ᵀ | `torch.linalg.svd` in single precision | `torch.linalg.eigh` in double precision |
# | eigenvalues that are "zero": footnote, 10⁻² | `nullspace_threshold`, 2e-2 in every configuration | `threshold=2e-2`, or `kind="energy"`, `kind="relative"` |
# | P = Û Ûᵀ | built once for all layers, saved as one file | U is kept; `projection` builds P on demand |
#
# And P and the threshold, side by side with yours (ours, while the exercise is open).
# Your function wants keys, and we have only C0.
# The Cholesky factor of C0 helps: a square matrix L with L Lᵀ = C0.
# Scaled by √1536, its columns are 1536 made-up keys with the same second moment as the 100,000 real ones.

# %%
ours = NullSpace.fit(C0, THRESHOLD)
factor = torch.linalg.cholesky(C0) * math.sqrt(len(C0))  # K0 K0ᵀ / N = C0, with N = 1536
apart = (ours.projection - projection(factor, THRESHOLD)).abs().max()
print(
    f"rank of P {ours.rank}, leakage {ours.leakage:.1%}; the package's P and yours differ by at most {apart:.0e}"
)
tenth = NullSpace.fit(C0, 0.1, kind="energy")
print(f"10% of the energy: τ = {tenth.threshold:.4f}, yours {threshold_for(spectra[LAYER], 0.1):.4f}")

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 4 to 6.**
# Common mistakes: "68% of the directions are free" is heard as "68% of the layer is free":
# let students say both numbers, always.
# The bound (7.7) is taken for a promise about *all* keys; it is one about the keys behind C0, in the mean.
# Questions for discussion:
# (a) Which experiment would show that P helps at all, since a smaller update alone also protects?
# (Compare at equal efficacy: chapters 6 and 10.)
# (b) Keys of subjects, at the last token of a name, are a tiny part of running text.
# Should C0 be made from them instead?
# (c) Is a wide model "safer" to edit, or does its C0 only look emptier because 100,000 tokens are seven per direction?
# Section 5 gives the means to tell.
# (d) The ridge term λ (chapter 8) also makes the update smaller: what would panel 2 look like with λ = 0?
#
# A plan for 90 minutes: sections 1 and 2 with 07.1 at the board (30),
# section 4 with the slider (20), 07.4 (10), section 5 (15), Break it (15). 07.2 and 07.6 are homework.

# %% [markdown]
# ## Keypoints
#
# * A known key does not notice Δ exactly if every row of Δ stands at a right angle to it.
#   P = U Uᵀ makes any Δ so: (ΔP)K0 = Δ(PK0) = 0.
# * K0 K0ᵀ has the same left null space as K0, at any number of keys.
#   Its eigenvalues are energies; `eigh` finds them.
# * A threshold keeps directions *and* lets energy through.
#   Always report both; on this model 2e-2 leaks a third,
#   for it is near the mean eigenvalue and the spectrum has no gap.
# * On real keys, zero becomes a bound, τ‖ΔP‖².
#   A null space from too few keys is exactly zero and worthless: test on keys held out.
# * A smaller, truer null space narrows the door for the new key as well, and the write becomes larger.

# %% [markdown]
# ## Quiz
#
# **1. A layer with d = 1000.
# You read 300 keys, all different.
# How large is the exact null space of K0?**
#
# <details><summary>A. 700</summary>
# Only if the 300 keys are independent.
# Different keys may still fill fewer than 300 directions.
# </details>
# <details><summary>B. At least 700</summary>
# <b>Yes.</b> The rank is at most 300, so by (7.2) at least 700 directions are free, in this sample.
# </details>
# <details><summary>C. At most 700</summary>
# The other way round: dependent keys have a lower rank, so more is free.
# </details>
#
# **2. P keeps 99% of the directions of some model, and 30% of the energy leaks. What do you know?**
#
# <details><summary>A. The null space is nearly everything, so known answers are safe.</summary>
# Directions do not protect; energy counts.
# Almost a third of what the keys are made of passes through P.
# </details>
# <details><summary>B. The energy is concentrated in few directions, and yet a good part of it is not.</summary>
# <b>Yes:</b> 1% of the directions hold 70% of the energy, and the other 30% is spread thinly over the rest.
# </details>
# <details><summary>C. The threshold was too low.</summary>
# A lower threshold leaks less, but the last section has shown what it costs.
# </details>
#
# **3. Somebody reports that ‖ΔP K0‖ is 10⁻¹⁴ on the keys that C0 was made from.
# What should you ask?**
#
# <details><summary>A. How many keys that were, and what it is on others.</summary>
# <b>Yes.</b> An exact zero on real keys mostly means that they were too few to fill all directions: section 5.
# </details>
# <details><summary>B. Whether float64 was used.</summary>
# It must have been. But the trouble is not in the digits.
# </details>
#
# **Further reading**
#
# * [Fang et al. 2025](https://arxiv.org/abs/2410.02355), section 3.2: the projection as its authors introduce it.
# * [Wang et al. 2021](https://arxiv.org/abs/2103.07113): the same projection,
#   from the uncentred covariance of a layer's inputs, for networks that learn one task after another;
#   a good place to see that the null space is "approximate" there, too.
# * [Lyu et al. 2025](https://arxiv.org/abs/2510.13851), EvoEdit:
#   your exercise 07.5, carried on for thousands of edits.
#
# **Next:** chapter 8 puts P into the objective,
# derives AlphaEdit's formula line by line, and writes the first edits with it.

# %%
chapter.report()
