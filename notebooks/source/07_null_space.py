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
# *To read: 35 minutes. To do the exercises: 45 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will build the matrix P.
# Multiply any update by P, and the answers to known keys stay as they are.
# You will prove this, and then measure how much of it is true in a real model.**
#
# [[map]]
#
# ```text
#                     P                  Δ
#    known keys  ──────────►   0   ──────────►   0     as before
#    a new key   ──────────►  Pk   ──────────►   r     changes by r
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *explain* with a drawing what range, rank and null space are,
# > * *build* the projection P = U Uᵀ, and *prove* that (ΔP)K0 = 0,
# > * *justify* why one small matrix stands for 100,000 keys,
# > * *read* a spectrum, and *choose* a threshold for a wanted leak,
# > * *measure* what an edit through P does to known answers.
# >
# > **You need** matrix products; keys and values (chapter 2); what MEMIT's second term wants (chapter 6).
# > Eigenvectors are repeated below.
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 1.5 GB of memory;
# > a minute more if the key statistics of chapter 0 are not in your cache.

# %% tags=["setup"]

# %%
# Parameters: the edited layers, today's layer, the authors' threshold.
import math
from contextlib import suppress

import pandas as pd
import torch

from alphaedit_lite import compute_targets, key_statistics, load_model
from alphaedit_lite.book.ch07 import figures as draw
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.support.texts import wikipedia_leads

chapter = Chapter("07")
torch.manual_seed(7)
LAYERS, LAYER, THRESHOLD = (3, 4, 5, 6, 7), 7, 2e-2

# %% [markdown]
# ## Before you start
#
# <details><summary>1. What is a <i>key</i> in this book, and which matrix does it meet?</summary>
#
# The vector of 1536 numbers that enters the down-projection W of a feed-forward layer, at one token.
# W k is what the layer adds to the hidden state (chapter 2).
#
# </details>
#
# <details><summary>2. MEMIT's objective has two terms.
# What does the second want, and what is difficult about it?</summary>
#
# It asks that the known keys K0 keep their old answers: ‖ΔK0‖² should be small.
# Somebody has to choose its weight (chapter 6).
# This chapter looks for updates Δ for which the term is *zero*.
#
# </details>
#
# <details><summary>3. Linear algebra in four lines</summary>
#
# * An **eigenvector** u of a square matrix C is only stretched by it: Cu = λu.
#   The number λ is its **eigenvalue**.
# * A **symmetric** matrix C (d × d) has d eigenvectors of length 1 at right angles to each other:
#   an **orthonormal** basis u₁, …, u_d.
#   And C = λ₁u₁u₁ᵀ + … + λ_d u_d u_dᵀ.
# * The **trace** tr C is the sum of the diagonal, and also of the eigenvalues. tr(AB) = tr(BA).
# * ‖M‖² = tr(M Mᵀ) is the sum of the squares of all entries of M.
#
# </details>

# %% [markdown]
# ## 1. Which updates does a key not notice?
#
# An edit replaces W by W + Δ.
# A known key k₀ then gets the answer
#
# $$(W + \Delta)\,k_0 \;=\; W k_0 + \Delta k_0 . \tag{7.1}$$
#
# In words: the old answer, plus what Δ makes of the key.
# So the old answer stays exactly as it was if Δk₀ = 0.
#
# When is this so? One row x of Δ meets the key in one dot product, xᵀk₀.
# A dot product is zero if the two vectors stand at a **right angle**. So:
#
# > Every row of Δ must stand at a right angle to every known key.
#
# Write the known keys side by side, as the columns of a matrix K0. Three words help:
#
# * The **range** of K0 is everything that can be mixed from the keys: a line, a plane, and so on.
# * The **rank** is its dimension.
# * The **left null space** is everything at a right angle to all keys: all x with xᵀK0 = 0.
#
# If keys have d entries, then
#
# $$\text{rank} + \text{dimension of the left null space} \;=\; d . \tag{7.2}$$
#
# In words: each independent key uses one direction, and what is not used is free.
# With d = 2 we can draw it.
# If two keys lie on one line, then one line is free: the line at a right angle to them.

# %%
chapter.predict(
    "a",
    "Two keys lie on one line. Key 2 is turned by ten degrees. What is free?",
    [
        "the same line as before",
        "a line, turned by five degrees",
        "nothing: only x = 0",
    ],
)

# %% [markdown]
# `turn` turns a vector; keys are the columns of a matrix.


# %%
def turn(v, degrees):
    c, s = (f(math.radians(degrees)) for f in (math.cos, math.sin))
    return torch.tensor([[c, -s], [s, c]]) @ v


k1 = torch.tensor([0.9, 0.4])
k2 = -0.7 * k1
line = torch.stack([k1, k2], dim=1)  # keys are columns
turned = torch.stack([k1, turn(k2, 10)], dim=1)
small = "turned; 0.02 counts as zero"
cases = {"on one line": line, "key 2 turned by 10°": turned, small: turned}
show(*draw.keys_figure(cases, zero={small: 0.02}), name="07_keys_2d")
chapter.reveal("a", 2 if int(torch.linalg.matrix_rank(turned)) == 2 else 1)

# %% [markdown]
# **How to read it.** Blue arrows are keys, the dashed orange line is the null space.
# On the left, the rank is 1 and a line is free.
# In the middle, the rank is 2, and the null space has disappeared.
#
# Real keys never lie exactly on a line, so for them we need a softer question:
# how *much* do the keys use a direction?
# On the right, a direction counts as free if the mean squared size of the keys along it is below 0.02.
# The free line is back.
# AlphaEdit works with this softer question.
#
# Now move the keys yourself, in two or three dimensions.

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
# How do we make a row harmless?
# We keep only its part inside the null space.
#
# Let u₁, …, uₘ be an orthonormal basis of the left null space, and U the matrix with these columns.
# How much of x points along u₁?
# The dot product u₁ᵀx.
# So the harmless part of x is
#
# $$u_1\,(u_1^\top x) + \dots + u_m\,(u_m^\top x) \;=\; U\,U^\top x \;=\; P x, \qquad P = U U^\top . \tag{7.3}$$
#
# In words: Uᵀ *measures* x along each basis vector, and U *builds* a vector from these measurements.
# The rest of x was not measured, so it is lost.
# Such a P is called a **projection**: Px is the shadow of x on the null space.

# %%
key, x = torch.tensor([0.9, 0.4]), torch.tensor([0.35, 1.0])
u = torch.tensor([-0.4, 0.9]) / key.norm()  # at a right angle, length 1
U = u[:, None]  # one column
P = U @ U.T
print(f"‖P key‖ = {(P @ key).norm():.0e}")  # zero, but for rounding
show(*draw.shadow_figure(key, x, P @ x), name="07_projection")

# %% [markdown]
# P has three properties, each with a proof of one line:
#
# * **Symmetric:** Pᵀ = (U Uᵀ)ᵀ = U Uᵀ = P.
# * **Idempotent** (twice is the same as once): P P = U (UᵀU) Uᵀ = U Uᵀ = P.
#   UᵀU holds the dot products of the basis vectors with each other, so it is the identity.
# * **It removes the keys:** P K0 = U (UᵀK0) = 0, since each column of U stands at a right angle to each key.
#
# The third gives us what we want. For *every* Δ,
#
# $$(\Delta P)\,K_0 \;=\; \Delta\,(P K_0) \;=\; 0 . \tag{7.4}$$
#
# In words: take any update, multiply it by P from the right, and the known keys do not notice it.
# MEMIT's second term is then zero, and a term that is zero needs no weight.
# *This is the idea of AlphaEdit.*
#
# ### Exercise 07.1: Build P · 8 minutes · ★★
#
# Write P for keys K0 (d × N, keys as columns).
# Take as U the eigenvectors of C0 = K0 K0ᵀ / N whose eigenvalue is below a threshold.
# (Section 3 shows that an eigenvector with eigenvalue zero is a direction that no key uses.)
#
# <details><summary>Hint</summary>
#
# `values, vectors = torch.linalg.eigh(C0)` returns ascending eigenvalues, and the eigenvectors as *columns*.
# A common mistake is to select rows.
# Another is to keep the large eigenvalues: these directions are the range.
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
    """P, [d, d], for known keys K0 as columns, [d, N]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    values, vectors = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])
    U = vectors[:, values < threshold]  # [d, m]
    return U @ U.T
    # END SOLUTION


projection = chapter.check("07.1", projection)

# %% [markdown]
# A test with a random update; the forty keys fill seven of twelve directions:

# %%
f64 = torch.float64
K0 = torch.randn(12, 7, dtype=f64) @ torch.randn(7, 40, dtype=f64)  # rank 7
delta = torch.randn(5, 12, dtype=f64)
P = projection(K0)
print(f"‖Δ K0‖  = {(delta @ K0).norm():.1f}")
print(f"‖ΔP K0‖ = {(delta @ P @ K0).norm():.0e}")
print(f"‖Δ‖ = {delta.norm():.1f}, ‖ΔP‖ = {(delta @ P).norm():.1f}")

# %% [markdown]
# Zero, but for rounding.
# And ΔP is not small: it has lost only the part that points towards the keys.
#
# ### Exercise 07.2: Idempotence, on paper · 7 minutes · ★★
#
# With a pencil. Let K0 be d × N with a given rank.
# Find three formulas in d and rank: the trace of P; its norm ‖P‖;
# and the share of the squared length that P leaves of a random vector,
# on average (independent entries, mean 0, equal variance).
#
# <details><summary>Hint</summary>
#
# P keeps a vector of the null space, and maps one of the range to zero.
# So the eigenvalues of P are ones and zeros: how many are ones?
#
# </details>
#
# <details><summary>More help</summary>
#
# ‖P‖² = tr(PᵀP). Now use two properties: PᵀP = PP = P.
# For the share, let the entries of x have variance 1.
# Then the mean of ‖Px‖² = xᵀPx is tr P.
# And the mean of ‖x‖²?
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
    """tr P, ‖P‖, and the share of a random vector's squared length."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    return d - rank, math.sqrt(d - rank), (d - rank) / d
    # END SOLUTION


on_paper = chapter.check("07.2", on_paper)

# %% [markdown]
# ### Exercise 07.3: Three wrong projectors · 10 minutes · ★★
#
# Here are three attempts at 07.1.
# None of them returns P.


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
# Write a function that finds out what is wrong.
# It returns a list with those of the names `"symmetric"`, `"idempotent"`, `"annihilates"` (P K0 = 0)
# and `"dimension"` (the trace of P is the dimension of the null space) that do *not* hold.
#
# <details><summary>Hint</summary>
#
# In floating point nothing is exactly zero: compare with `torch.allclose(…, atol=1e-8)`.
# Do not forget the dimension: the zero matrix has the three other properties.
#
# </details>
#
# <details><summary>More help</summary>
#
# The dimension should be `len(P) - torch.linalg.matrix_rank(K0)`; 07.2 reads it off P.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 07.3: all properties hold.
# The next cell has a line for our P, which lacks nothing, and one for each attempt.
#
# </details>


# %% exercise="07.3"
def diagnose(P, K0):
    """What P, [d, d], lacks as projection for the keys K0, [d, N]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    wanted = len(P) - int(torch.linalg.matrix_rank(K0))
    zero = torch.zeros_like(K0)
    holds = {
        "symmetric": torch.allclose(P, P.T, atol=1e-8),
        "idempotent": torch.allclose(P @ P, P, atol=1e-8),
        "annihilates": torch.allclose(P @ K0, zero, atol=1e-8),
        "dimension": abs(float(P.trace()) - wanted) < 1e-6,
    }
    return [name for name, good in holds.items() if not good]
    # END SOLUTION


diagnose = chapter.check("07.3", diagnose)

# %% tags=["answer"]
mean = torch.randn(12, 1, dtype=f64)  # real keys scatter around a mean
around = mean + K0[:, :6] @ torch.randn(6, 40, dtype=f64)
for attempt in (projection, wrong_a, wrong_b, wrong_c):
    P = attempt(around)
    lacks = ", ".join(diagnose(P, around)) or "nothing"
    print(f"{attempt.__name__:<10} trace {P.trace():4.1f}; lacks: {lacks}")

# %% [markdown]
# <details><summary>Which mistake did each attempt make? Decide, then open.</summary>
#
# * **A** keeps the *range*, so its trace is the rank.
# * **B** forgets the second factor: it builds, but it has never measured.
# * **C** is the dangerous one: `torch.cov` first subtracts the mean of the keys.
#   So P keeps one direction too many, which only the mean uses.
#   C0 must *not* be a covariance.
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
# ## 3. One small matrix for 100,000 keys
#
# Our real K0 has 1536 rows and 100,000 columns.
# But we only need K0 K0ᵀ, which has 1536 columns for any number of keys.
# Both have the same left null space:
#
# $$x^\top K_0 = 0 \quad\Longleftrightarrow\quad K_0 K_0^\top x = 0 . \tag{7.5}$$
#
# * From left to right: if K0ᵀx = 0, then K0(K0ᵀx) = 0.
# * From right to left: if K0K0ᵀx = 0, multiply by xᵀ: 0 = xᵀK0K0ᵀx = ‖K0ᵀx‖².
#   A vector of length zero is zero, so K0ᵀx = 0.
#
# And K0 K0ᵀ is a *sum over keys*, k₁k₁ᵀ + k₂k₂ᵀ + … We read text, add k kᵀ at each token, and forget the key.
#
# Divided by their number, it is C0 = K0 K0ᵀ / N.
# Its eigenvalues answer the softer question of section 1.
# If u is an eigenvector of length 1 with eigenvalue λ, then
#
# $$\lambda \;=\; u^\top C_0\, u \;=\; \frac1N \sum_{i=1}^{N} (u^\top k_i)^2 . \tag{7.6}$$
#
# In words: the eigenvalue is the mean squared size of the keys along u.
# We call it the **energy** of the direction u.
# All energies together are tr C0, the mean squared length of a key.

# %%
values, vectors = torch.linalg.eigh(K0 @ K0.T / K0.shape[1])
values = values.clamp_min(0)  # rounding can make a zero negative
for i in (0, 11):  # the weakest of the twelve directions, and the strongest
    mean_square = (vectors[:, i] @ K0).square().mean()
    print(f"λ = {values[i]:6.3f}, mean of (uᵀk)² = {mean_square:6.3f}")

# %% [markdown]
# ## 4. A real layer
#
# The eigenvalues of a layer's C0, in order, are its **spectrum**:
# how much energy the keys of ordinary text have in each of 1536 directions.
# None of them is exactly zero.
# So AlphaEdit calls a direction unused if its eigenvalue is below a threshold τ.
# The authors' code sets τ = 0.02 for all models.
#
# What such a P lets through is the **leaked energy**: the share of the keys' energy inside the "null space".
# In a true null space it is zero.

# %%
chapter.predict(
    "c",
    "Layer 7, τ = 0.02: about two thirds of the directions are below. "
    "Which share of the energy do they carry?",
    ["under 1%", "1% to 10%", "10% to 25%", "more than 25%"],
)

# %% [markdown]
# C0 of five layers, from 100,000 tokens of Wikipedia, and their eigenvectors:

# %%
lm = load_model()
statistics = key_statistics(lm, LAYERS)
spectra, bases = {}, {}
for layer in LAYERS:
    C = statistics[layer].second_moment  # [1536, 1536], float64
    values, bases[layer] = torch.linalg.eigh(C)
    spectra[layer] = values.clamp_min(0)  # ascending

# %% [markdown]
# For each layer, the share of directions below τ, and their share of the energy:

# %%
rows = {}
for layer, values in spectra.items():
    below = values[values < THRESHOLD]
    rows[layer] = {
        "directions kept": len(below) / len(values),
        "energy leaked": float(below.sum() / values.sum()),
        "smallest": float(values[0]),
        "mean": float(values.mean()),
    }
table = pd.DataFrame.from_dict(rows, orient="index")
leak = table["energy leaked"]
chapter.reveal("c", sum(leak[LAYER] > bound for bound in (0.01, 0.1, 0.25)))
table.style.format("{:.4f}").format("{:.0%}", subset=list(table)[:2])

# %% [markdown]
# As a picture:

# %%
show(*draw.spectra_figure(spectra, THRESHOLD, main=LAYER), name="07_spectra")

# %% [markdown]
# **How to read it.** Left: the energy of each direction, smallest first, on a logarithmic axis.
# P keeps what lies in the shaded part.
# Right: the energy that the weakest directions carry together.
# A true null space would follow the grey line: flat for long, then steep.
#
# There is nothing null here.
# The kept directions of layer [[=LAYER]] carry [[=leak[LAYER]:.0%]] of the energy, for two reasons.
#
# * **The spectrum has no gap.**
#   It falls smoothly, with no step between "used" and "unused".
# * **0.02 is near the mean.**
#   The mean eigenvalue of this layer is [[=table['mean'][LAYER]:.3f]].
#   So "below 0.02" means "below average" here.
#   On a model with much weaker keys, the same τ would keep everything.
#
# So always give two numbers for a P: the directions kept, and the energy leaked.
# ([The laboratory](lab/07_null_space.ipynb) tries other thresholds, and looks at larger models.)
#
# ### Exercise 07.4: Choose a threshold · 5 minutes · ★★
#
# Given the eigenvalues and a share of the energy, return a threshold such
# that the eigenvalues *strictly below* it carry at most this share, and as many as possible are kept.
#
# <details><summary>Hint</summary>
#
# Sum from the smallest upwards (`cumsum`) and divide by the total.
# A common mistake is to take a share of the *directions*.
#
# </details>
#
# <details><summary>More help</summary>
#
# If m eigenvalues may be kept, the threshold can be eigenvalue number m, counted from 0: the first that may not.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 07.4: all properties hold.
# Below it, three thresholds.
#
# </details>


# %% exercise="07.4"
def threshold_for(eigenvalues, share):
    """Ascending eigenvalues, [d], below it carry at most this share."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    carried = eigenvalues.cumsum(0) / eigenvalues.sum()
    return float(eigenvalues[int((carried <= share).sum())])
    # END SOLUTION


threshold_for = chapter.check("07.4", threshold_for)
values = spectra[LAYER]
for share in (0.01, 0.1, 0.3):
    tau = threshold_for(values, share)
    print(f"leak {share:.0%}: τ = {tau:.4f}, {int((values < tau).sum())} kept")

# %% [markdown]
# ### What is left of the promise
#
# On real keys (7.4) is not zero. It becomes a bound:
#
# $$\text{mean of } \lVert \Delta P k_0 \rVert^2 \;=\; \operatorname{tr}(\Delta P\, C_0\, P \Delta^\top)
# \;\le\; \tau\, \lVert \Delta P \rVert^2 . \tag{7.7}$$
#
# In words: the mean squared change of a known answer is at most τ times the squared size of the update.
# (For "=", use ‖M‖² = tr(M Mᵀ) with M = ΔPK0.
# For "≤": each direction inside P has an energy below τ, and P drops the others.)
#
# Now we write a fact through P: Lower Assam moves to Romania.
# Chapter 5 gives the target z, and so the residual r = z − h.

# %%
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.layer import keys_and_residuals

z = compute_targets(lm, [fact], LAYER, progress=False).z
K1, R = keys_and_residuals(lm, [fact], z, LAYER)  # columns
k, r = K1[:, 0], R[:, 0]  # [1536], [576]
print(f"‖k‖ = {k.norm():.1f}, ‖r‖ = {r.norm():.1f}")

# %% [markdown]
# Chapter 4 wrote one pair with Δ = r kᵀ / ‖k‖², which changes the answer to k by r.
# Through P, the key k arrives as its shadow Pk.
# So put the shadow in the place of the key:
#
# $$\Delta \;=\; \frac{r\,(Pk)^\top}{\lVert Pk \rVert^2} . \tag{7.8}$$
#
# It lies inside P, since its only row direction is Pk.
# And it writes all of r: (Pk)ᵀk = kᵀPk = kᵀPPk = ‖Pk‖², so Δk = r.


# %%
def write(U):
    """Δ of (7.8), [576, 1536], inside P = U Uᵀ."""
    Pk = U @ (U.T @ k)
    return torch.outer(r, Pk) / Pk.square().sum()


# %% [markdown]
# How much do the answers to known keys change?
# By (7.7), the mean of ‖Mk₀‖² is tr(M C0 Mᵀ), for M = Δ as for M = W.

# %%
W = lm.down_projection(LAYER).weight.detach()  # [576, 1536]
C0 = statistics[LAYER].second_moment


def known(delta):
    """Change of known answers: ‖Δk₀‖ / ‖Wk₀‖, root mean square."""
    change, size = (((M @ C0) * M).sum() for M in (delta, W.double().cpu()))
    return math.sqrt(change / size)


# %% [markdown]
# And what does the model say with Δ added to W?

# %%
prompt = lm.tokenizer(fact.prompt, return_tensors="pt").to(lm.device)
romania = lm.tokenizer(" Romania")["input_ids"][0]


@torch.no_grad()
def p_romania(delta):
    """P(Romania) as next token after the prompt, with W + Δ."""
    before = W.clone()
    W.add_(delta.to(W))
    p = lm.model(**prompt).logits[0, -1].softmax(-1)[romania]
    W.copy_(before)
    return float(p)


# %% [markdown]
# The same write, with P and without:

# %%
U = bases[LAYER][:, spectra[LAYER] < THRESHOLD]
with_P, without = write(U), write(torch.eye(len(C0), dtype=f64))
print(f"unedited: P(Romania) {p_romania(0 * with_P):.2f}")
for name, delta in {"without P": without, "with P": with_P}.items():
    print(f"{name}: P(Romania) {p_romania(delta):.2f}", end=", ")
    print(f"known answers change by {known(delta):.1%}")
mean_square = float(((with_P @ C0) * with_P).sum())
bound = THRESHOLD * float(with_P.square().sum())
print(f"(7.7): {mean_square:.3f} is below {bound:.3f}")

# %% [markdown]
# Both updates write the fact.
# Without P, known answers change by [[=known(without):.0%]] of their size; with P, by [[=known(with_P):.0%]].
# So P protects, and (7.7) holds, but the change is far from zero.
#
# ## 5. How many keys make a null space?
#
# K0 stands for "what the model knows", but it is only a sample of text.
# So with 400 keys, at least 1136 eigenvalues are *exactly* zero.

# %%
chapter.predict(
    "d",
    "We make C0 from 400 keys. In its exact null space they have 0% of their "
    "energy. How much have fresh keys of the same kind of text?",
    ["nearly 0%", "about 10%", "about 30%", "more than half"],
)

# %% [markdown]
# We read keys ourselves, with a hook on the down-projection.

# %%
down = lm.down_projection(LAYER)


@torch.no_grad()
def keys_of(texts, n):
    """The first n keys of the layer over these texts: rows, [n, 1536]."""
    found = []

    def look(_, inputs):
        found.append(inputs[0][0].double().cpu())
        raise StopIteration  # the layers above are not needed

    for text in texts:
        ids = lm.tokenizer(text, return_tensors="pt").to(lm.device)
        with down.register_forward_pre_hook(look), suppress(StopIteration):
            lm.model(**ids)
        if sum(map(len, found)) >= n:
            return torch.cat(found)[:n]


# %% [markdown]
# C0 is made from the first 400 keys; the fresh keys are from other articles.

# %%
pool = keys_of(wikipedia_leads("fit"), 600)
fresh = keys_of(wikipedia_leads("heldout"), 2000)
values, vectors = torch.linalg.eigh(pool[:400].T @ pool[:400] / 400)
U = vectors[:, values < 1e-9]  # exactly zero, but for rounding
inside = float((fresh @ U).square().sum() / fresh.square().sum())
print(f"{U.shape[1]} free directions; fresh keys have {inside:.0%} there")
chapter.reveal("d", sum(inside > bound for bound in (0.05, 0.2, 0.5)))

# %% [markdown]
# An edit through this space would be safe for 400 tokens only.
# A null space is a claim about keys never seen, and needs a test on other data.
# When you meet a large one, first ask how many keys it was made from.
# (In the laboratory the sample grows; with all 100,000 keys the claim is nearly true.)
#
# ### Exercise 07.5: Extend a basis as keys arrive · 10 minutes · ★★★
#
# You hold an orthonormal basis U (d × m) of the null space; the old keys are gone.
# Now new keys K arrive (d × n).
# Return an orthonormal basis of all directions in the span of U that the new keys do not use either.
#
# <details><summary>Hint</summary>
#
# A vector in the span of U is U c, with m numbers c.
# It does not see the new keys if Kᵀ U c = 0: look for the null space of a *small* matrix.
# (The null space of K alone has forgotten the old keys.)
#
# </details>
#
# <details><summary>More help</summary>
#
# Let A = UᵀK (m × n).
# You want the eigenvectors of A Aᵀ with eigenvalue zero, up to 1e-10: call them C.
# Then U C is the answer.
# It is orthonormal: (U C)ᵀ(U C) = Cᵀ(UᵀU)C = CᵀC.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 07.5: all properties hold.
# Below it, three numbers, each about a hundred smaller.
#
# </details>


# %% exercise="07.5"
def extend(U, K):
    """A basis, as columns, of the directions of U that K does not use."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    A = U.T @ K  # [m, n]: the new keys as U sees them
    values, vectors = torch.linalg.eigh(A @ A.T)
    return U @ vectors[:, values < 1e-10]
    # END SOLUTION


extend = chapter.check("07.5", extend)
print(f"400 keys: {U.shape[1]} directions are free")
for n in (400, 500):
    U = extend(U, pool[n : n + 100].T)  # 100 keys more, as columns
    print(f"{n + 100} keys: {U.shape[1]} directions are free")

# %% [markdown]
# Each new key costs one direction, unless it is a mixture of earlier ones.
# Some successors of AlphaEdit do this with the keys of *edits*: chapter 14.
#
# ## 6. Break it: a stricter P
#
# At τ = 0.02, [[=leak[LAYER]:.0%]] of the energy leaks.
# With a lower threshold from 07.4, let only 1% leak.

# %%
chapter.predict(
    "e",
    "P leaks 1% of the energy instead of more than a quarter. "
    "Writing the same fact, known answers change …",
    ["less", "about as much (within a fifth)", "more"],
)

# %% [markdown]
# We write the same fact through spaces that leak from 1% to everything (P = I).
# In the table, `door` is the share of the *new* key's energy
# that P lets through, ‖Pk‖² / ‖k‖², and `update` is ‖Δ‖ / ‖W‖.


# %%
def row(share):
    """What the write through a space with this leak does."""
    tau = threshold_for(spectra[LAYER], share) if share < 1 else math.inf
    U = bases[LAYER][:, spectra[LAYER] < tau]
    delta = write(U)
    return {
        "leak": share,
        "kept": U.shape[1],
        "door": float((U.T @ k).square().sum() / k.square().sum()),
        "update": float(delta.norm() / W.norm()),
        "known answers": known(delta),
        "P(Romania)": p_romania(delta),
    }


# %% [markdown]
# The sixth row is the usual threshold:

# %%
shares = (0.01, 0.02, 0.05, 0.1, 0.2, float(leak[LAYER]) + 1e-9, 0.6, 1.0)
doors = pd.DataFrame([row(share) for share in shares])
harm = doors["known answers"][0] / doors["known answers"][5]
chapter.reveal("e", 0 if harm < 0.8 else 1 if harm <= 1.2 else 2)
doors.style.format("{:.2f}").format("{:.0f}", subset=["kept"]).hide()

# %% [markdown]
# As a picture:

# %%
panels = {
    "energy inside P": {"door": "new key", "leak": "known keys"},
    "size of the update": {"update": "‖Δ‖ / ‖W‖"},
    "change of known answers": {"known answers": "‖Δk₀‖ / ‖Wk₀‖"},
}
show(*draw.doors_figure(doors, panels), name="07_door")

# %% [markdown]
# **What surprised us.**
# The smallest leak did the greatest harm; least is done in the middle.
# Through the space that leaks least, known answers change by [[=doors['known answers'][0]:.0%]];
# at the usual threshold, by [[=doors['known answers'][5]:.0%]].
#
# * **The door closes for the new key, too** (left): it is a key like any other.
# * **So the update grows** (middle): the less P leaves of the new key, the more (7.8) must write.
#
# And a known key k₀? By (7.8), Δk₀ is r times (Pk)ᵀ(Pk₀) / ‖Pk‖².
# A dot product is at most the product of the lengths, so
#
# $$\lVert \Delta k_0 \rVert \;\le\; \lVert r \rVert \cdot \frac{\lVert P k_0 \rVert}{\lVert P k \rVert} . \tag{7.10}$$
#
# In words: what counts is the shadow of the known key *compared with the shadow of the new one*.
# A lower threshold shortens both, so nothing is gained.
# It even loses: in few directions, shadows look more alike.
# What P is good for is to remove the *strong* directions, which all keys share.
# (The laboratory measures this, with AlphaEdit over five layers, too.)
#
# ### Exercise 07.6: The narrow door, on paper · 5 minutes · ★★
#
# With a pencil: what is the smallest size ‖Δ‖ of an update with Δ = ΔP and Δk = r?
# Write it as a function.
#
# <details><summary>Hint</summary>
#
# Write a = Pk. Row number j of Δ, call it x, must satisfy xᵀa = rⱼ.
# Split x into a part along a, and the rest at a right angle.
# Which part does the condition fix?
# What does the rest add to the length?
#
# </details>
#
# <details><summary>More help</summary>
#
# The rest only adds length, so the shortest row is rⱼ a / ‖a‖².
# All rows together are Δ = r aᵀ / ‖a‖².
# And ‖r aᵀ‖ = ‖r‖ ‖a‖.
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
    """The smallest ‖Δ‖ with Δ = ΔP and Δk = r."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return float(r.norm() / (P @ k).norm())
    # END SOLUTION


size_of_write = chapter.check("07.6", size_of_write)

# %% [markdown]
# No update is smaller than (7.8):
#
# $$\lVert \Delta \rVert \;=\; \frac{\lVert r \rVert}{\lVert P k \rVert} . \tag{7.9}$$

# %% [markdown]
# ## What you own now
#
# Your editor finds z (chapter 5) and the gain of many facts (chapter 6). Today it gets P.


# %%
from alphaedit_lite import NullSpace


def null_space(C0, threshold=2e-2):
    """P, [d_ff, d_ff]: onto the directions that known keys hardly use."""
    values, vectors = torch.linalg.eigh(C0)
    U = vectors[:, values < threshold]
    return U @ U.T


P = null_space(C0)
theirs = NullSpace.fit(C0, THRESHOLD)
print(f"rank {P.trace():.0f}, and {theirs.rank} in the package")
print(f"greatest difference {float((P - theirs.projection).abs().max()):.0e}")
print(f"07.6: {size_of_write(r, k, P):.3f}, and ‖Δ‖ = {with_P.norm():.3f}")

# %% [markdown]
# ## Paper ↔ code
#
# [Fang et al., ICLR 2025](https://arxiv.org/abs/2410.02355), section 3.2.
# The authors' code (jianghoucheng/AlphaEdit) makes P in `experiments/evaluate.py`, function `get_project`.
#
# | in the paper | in the authors' code | here |
# |---|---|---|
# | left null space: ΔK0 = 0 | `solve` returns Δᵀ, so `P` stands on the left: (ΔP)ᵀ = P Δᵀ | (7.1); `NullSpace.project(rows)` |
# | K0 K0ᵀ instead of K0 | `get_cov`: the uncentred second moment, *divided by the number of tokens* | (7.5); `KeyStatistics.second_moment` |
# | SVD of K0 K0ᵀ | `torch.linalg.svd` in single precision | `torch.linalg.eigh` in double precision: the same U, faster ([laboratory](lab/07_null_space.ipynb)) |
# | "zero" eigenvalues: footnote, 10⁻² | `nullspace_threshold`, 2e-2 in every configuration | `threshold=2e-2`, or `kind="energy"`, `kind="relative"` |
# | P = Û Ûᵀ | built once for all layers, saved as one file | U is kept; `projection` builds P on demand |

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 4 to 6.**
# Common mistakes: "two thirds of the directions are free" is heard as "two thirds of the layer are free":
# let students say both numbers, always.
# The bound (7.7) is taken for a promise about *all* keys; it is one about the keys behind C0, in the mean.
# Questions for discussion:
# (a) Which experiment would show that P helps at all, since a smaller update alone also protects?
# (Compare at equal efficacy: chapters 6 and 10.)
# (b) Keys of subjects, at the last token of a name, are a tiny part of running text.
# Should C0 be made from them instead?
# (c) Is a wide model "safer" to edit, or does its C0 only look emptier because 100,000 tokens are seven per direction?
# Section 5 gives the means to tell.
# (d) The ridge term λ (chapter 8) also makes the update smaller: what would the second panel look like with it?
#
# A plan for 90 minutes: sections 1 and 2 with 07.1 at the board (30),
# section 4 with the laboratory's slider (20), 07.4 (10), section 5 (15), Break it (15). 07.2 and 07.6 are homework.

# %% [markdown]
# ## Keypoints
#
# * A known key does not notice Δ if every row of Δ stands at a right angle to it.
#   P = U Uᵀ makes any Δ so: (ΔP)K0 = Δ(PK0) = 0.
# * K0 K0ᵀ has the same left null space as K0, and its eigenvalues are energies.
# * Real keys leave no direction unused.
#   A threshold keeps directions *and* lets energy leak, and zero becomes a bound: τ‖ΔP‖².
# * A null space from too few keys is exact and worthless: test it on other keys.
# * A smaller leak also leaves less of the new key, so the update grows.

# %% [markdown]
# ## Quiz
#
# **1. P keeps 99% of the directions of some model, and 30% of the energy leaks. What do you know?**
#
# <details><summary>A. The null space is nearly everything, so known answers are safe.</summary>
# Directions do not protect; energy counts.
# </details>
# <details><summary>B. Few directions hold most of the energy, but not all of it.</summary>
# <b>Yes:</b> 1% of the directions hold 70% of the energy, and the rest is spread thinly.
# </details>
#
# **2. Somebody reports that ‖ΔP K0‖ is 10⁻¹⁴ on the keys that C0 was made from.
# What should you ask?**
#
# <details><summary>A. How many keys these were, and what it is on others.</summary>
# <b>Yes.</b> On real keys, an exact zero mostly means that they were too few: section 5.
# </details>
# <details><summary>B. Whether float64 was used.</summary>
# It must have been. But the trouble is not in the digits.
# </details>
#
# **Further reading**
#
# * [Wang et al. 2021](https://arxiv.org/abs/2103.07113):
#   the same projection for networks that learn one task after another; the null space is "approximate" there, too.
# * [Lyu et al. 2025](https://arxiv.org/abs/2510.13851), EvoEdit: exercise 07.5 for thousands of edits.
#
# **Next:** chapter 8 puts P into MEMIT's objective, and the result is AlphaEdit.

# %%
chapter.report()
