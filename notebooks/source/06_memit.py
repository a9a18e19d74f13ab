# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 6: Writing many facts
#
# *To read: 40 minutes. To do the exercises: 60 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will derive the one formula that writes a whole batch of facts at once,
# check it against gradient descent, and find out what its only knob costs, before you turn it.**
#
# ```text
#      fit the new facts              keep the old answers
#
#        ‖ΔK1 − R‖²           +   c · mean ‖Δk0‖²             →   least
#
#      one vote for each fact         c votes for all the text there is
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *write down* what an edit of many facts wants, as one number to be made small,
# > * *derive* the update that makes it least, and *check* that gradient descent ends at the same one,
# > * *solve* for it with an n × n matrix instead of a 1536 × 1536 one,
# > * *predict* from one number of a key which part of a fact a given c will write,
# >   and why the papers' c = 15,000 freezes a small model,
# > * *spread* a write over several layers, and say what that buys.
# >
# > **You need** least squares from chapter 4 (W = V K⁺),
# > and the key k, the target z and ROME's update from chapter 5.
# > Both are repeated in one sentence where they are used.
# >
# > **It costs** a minute or two and 1.5 GB of memory.
# > The key statistics of chapter 0 are used again; if they are not in your cache, they take a minute more.

# %% tags=["setup"]

# %%
# Parameters: the layers that we write into, the one that we look at most closely, c, and twenty facts.
import time
from itertools import pairwise

import pandas as pd
import torch

from alphaedit_lite import bundled_facts, bundled_targets, compute_targets, key_statistics, load_model
from alphaedit_lite.book.ch06 import figures as draw
from alphaedit_lite.book.ch06.experiments import own_editor
from alphaedit_lite.book.ch06.results import sweep
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.layer import keys_and_residuals
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result

chapter = Chapter("06")
torch.manual_seed(6)
LAYERS, LAYER, C = (4, 5, 6, 7), 7, 1000
FACTS = bundled_facts("development")[:100:5]

# %% [markdown]
# ## Before you start
#
# <details><summary>1. Chapter 4 learned a matrix from pairs (k, v) by least squares.
# What did it minimise, and what happened when there were more pairs than the matrix has room for?</summary>
#
# The sum of the squared errors, ‖WK − V‖².
# Up to about d_ff pairs it can be made zero;
# beyond, the pairs disturb each other, and every answer is a compromise.
#
# </details>
#
# <details><summary>2. ROME (chapter 5) writes one fact with Δ = r (C0⁻¹k)ᵀ / (kᵀC0⁻¹k).
# What does it promise for the new key, and what does C0 do in it?</summary>
#
# It promises Δk = r at one key: the mean key k, which no prompt has exactly.
# (The bare prompt and the prefixed ones get shares of r that are more or less near 1.)
# Among all Δ that keep the promise it takes the one
# that changes the answers to known keys least, and C0 stands for those known keys.
#
# </details>

# %% [markdown]
# ## 1. Two wishes, one matrix
#
# Chapter 5 wrote one fact.
# Now there are n of them, and we want *one* update Δ for all.
# Put the keys of the new facts side by side as the columns of K1 (d_ff × n),
# and what is missing in their answers, the residuals r = z − h, as the columns of R (d_model × n).
# As in chapter 5, a fact's key is a *mean*:
# half of it the bare prompt's, half the mean of the prefixed prompts'. The first wish:
#
# > **Write.** The answer to every new key should change by its residual: ΔK1 = R.
#
# (So it is a wish about mean keys.
# What the prompts themselves get of it, we measure in section 5.)
#
# ROME made this a *condition*.
# With many facts a condition is dangerous.
# Two facts with almost the same key and different residuals can only both be met exactly by a huge Δ,
# and a huge Δ moves everything.
# So we ask for less: the error ‖ΔK1 − R‖² should be *small*.
# (‖·‖² sums the squares of all entries.)
# That leaves room for a second wish:
#
# > **Keep.** The answer to every key that the model knows already should not change:
# > ΔK0 = 0, with the known keys k₀,₁ … k₀,N as the columns of K0.
#
# Both at once cannot be had, so we add them up, with a weight c for the second:
#
# $$\min_\Delta \quad \lVert \Delta K_1 - R \rVert^2 \;+\; c \cdot \frac1N \sum_{i=1}^{N} \lVert \Delta k_{0,i} \rVert^2 .
# \tag{6.1}$$
#
# In words: the squared errors at the new facts, plus c times the *mean* squared change of a known answer.
# Read it as an election.
# Each new fact has one vote, and the whole of the text has c votes together.
# This c is the **balance knob**.
#
# ### What the model knows, as a matrix
#
# Which keys does a model know?
# Nobody can list them.
# MEMIT takes ordinary text for it:
# we read 100,000 tokens of Wikipedia and say that these N = 100,000 keys stand for everything that should stay.
# Even those need not be stored, since the second wish can be written with one d_ff × d_ff matrix:
#
# $$\frac1N \sum_i \lVert \Delta k_{0,i} \rVert^2 \;=\; \operatorname{tr}(\Delta\, C_0\, \Delta^\top),
# \qquad C_0 = \frac1N \sum_i k_{0,i}\, k_{0,i}^\top . \tag{6.2}$$
#
# In words: C0 is the mean of k kᵀ over the known keys.
# It is called their *uncentred second moment* (a covariance would subtract the mean first; this does not).
# For the rest, take x = Δk.
# The diagonal of x xᵀ holds the squares of its entries, so ‖x‖² = tr(x xᵀ), which is tr(Δ k kᵀ Δᵀ).
# Only k kᵀ differs from key to key, so the mean can be taken there.
#
# So C0 is all that MEMIT knows of the model's knowledge:
# a good stand-in for how running text uses the layer,
# and a poor one for a rare fact that 100,000 tokens never mention. Keep that in mind.

# %% [markdown]
# ### Exercise 06.1: The slope · 10 minutes · ★
#
# We want the lowest point of (6.1), so we need its slope.
# Write the gradient of ‖ΔK1 − R‖² + c · tr(Δ C0 Δᵀ) with respect to Δ.
# It has the shape of Δ.
#
# <details><summary>Hint</summary>
#
# First with plain numbers: what is the slope of (xk − r)² + c·C·x² in x?
# Then put the matrices in the places of the numbers.
# The shapes say on which side, and what must be transposed:
# (d_model × n) times (n × d_ff), and (d_model × d_ff) times (d_ff × d_ff).
# The likely mistake is a lost factor 2 in one of the terms.
#
# </details>
#
# <details><summary>More help</summary>
#
# Now one row x of Δ, with the row r of R:
# (xK1 − r)(xK1 − r)ᵀ has the slope 2(xK1 − r)K1ᵀ, and x C0 xᵀ has 2 x C0, since C0 is symmetric.
# Every row of Δ looks like this.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 06.1: all properties hold.
#
# </details>


# %% exercise="06.1"
def gradient(delta, K1, R, C0, c):
    """Slope of (6.1): delta [d_model, d], K1 [d, n] and R [d_model, n] with keys as columns, C0 [d, d]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return 2 * (delta @ K1 - R) @ K1.T + 2 * c * delta @ C0
    # END SOLUTION


gradient = chapter.check("06.1", gradient)

# %% [markdown]
# ## 2. The formula, and a walk to it
#
# At the lowest point the slope is zero:
#
# $$2(\Delta K_1 - R)K_1^\top + 2c\,\Delta C_0 = 0
# \quad\Longrightarrow\quad \Delta\,(K_1K_1^\top + c\,C_0) = R K_1^\top . \tag{6.3}$$
#
# In words: everything that is multiplied by Δ goes to the left, the rest to the right.
# Now multiply by the inverse from the right:
#
# $$\boxed{\;\Delta \;=\; R\,K_1^\top\,(c\,C_0 + K_1K_1^\top)^{-1}\;} \tag{6.4}$$
#
# This is **MEMIT**. Read it from the left:
# the residuals, sent out along the keys (R K1ᵀ), and divided by how much each direction is in use:
# by the text, c C0, and by the new facts themselves, K1K1ᵀ.
# There is only one lowest point.
# The objective is a bowl: quadratic, and it rises in every direction,
# since text uses every direction at least a little (C0 has full rank, so it has an inverse as well).
#
# ### Exercise 06.2: The closed form · 10 minutes · ★★
#
# Write (6.4) as a function.
# Do not form the inverse: `torch.linalg.solve(A, B)` gives A⁻¹B, faster and more exactly.
#
# <details><summary>Hint</summary>
#
# In (6.4) the inverse stands on the right.
# Transposed, it stands on the left: Δᵀ = (c C0 + K1K1ᵀ)⁻¹ K1 Rᵀ.
# The likely mistake is to forget to transpose back.
#
# </details>
#
# <details><summary>More help</summary>
#
# Check the shape of the result: d_model × d_ff, as W.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 06.2: all properties hold.
#
# </details>


# %% exercise="06.2"
def closed_form(K1, R, C0, c):
    """Δ of (6.4), [d_model, d], from K1 [d, n], R [d_model, n] (columns) and C0 [d, d]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return torch.linalg.solve(c * C0 + K1 @ K1.T, K1 @ R.T).T
    # END SOLUTION


closed_form = chapter.check("06.2", closed_form)

# %% [markdown]
# Before we believe it, a picture.
# In two dimensions, with answers of one number, Δ is a single row x = (x₁, x₂),
# and (6.1) is a landscape over the plane.
# There is one new key k = (1, ½), whose answer x·k should be r = 1.
# The known keys scatter mostly along the diagonal.

# %%
chapter.predict(
    "a",
    "One new key. We raise c a hundredfold. Which way does the lowest point go?",
    ["straight to zero", "to zero, along a curve", "along the line where the new fact is met"],
)

# %%
k, r = torch.tensor([1.0, 0.5], dtype=torch.float64), 1.0
C0_toy = torch.tensor(
    [[0.575, 0.425], [0.425, 0.575]], dtype=torch.float64
)  # 1 along the diagonal, 0.15 across


def lowest(c):
    return closed_form(k[:, None], torch.tensor([[r]]).double(), C0_toy, float(c))[0]


def walk(c, steps=60):
    rows = [torch.zeros(1, 2, dtype=torch.float64)]
    step = 0.45 / torch.linalg.eigvalsh(c * C0_toy + torch.outer(k, k))[-1]
    for _ in range(steps):
        slope = gradient(rows[-1], k[:, None], torch.tensor([[r]]).double(), C0_toy, c)
        rows.append(rows[-1] - step * slope)
    return torch.cat(rows)


paths = {c: walk(c) for c in (0.02, 2.0, 20.0)}
show(*draw.contours_figure(k, C0_toy, r, lowest, paths), name="06_contours")
directions = torch.stack([lowest(c) / lowest(c).norm() for c in (1e-3, 1.0, 1e3)])
chapter.reveal("a", 0 if float((directions - directions[0]).abs().max()) < 1e-9 else 1)

# %% [markdown]
# **How to read it.** Thin grey lines: equal height.
# Star: *your* closed form; above each panel, the answer x·k that it gives to the new key.
# Small dots: sixty steps of gradient descent with *your* gradient, from Δ = 0.
# On the dotted line the new fact is met exactly, x·k = 1.
# The dashed line joins the lowest points for all c.
# Keys live in the same plane: the triangle is k, the grey ellipse is where most known keys are.
#
# **What surprised us.**
# With one fact the knob never changes the *direction* of the write, only its length: it is a dimmer.
# At the bright end, c → 0, stands ROME.
# And the direction is not that of k.
# It is C0⁻¹k, which turns away from the ellipse of the known keys.
# The second wish is heard even when c is almost zero:
# among all rows that meet the fact, it picks the one that known keys feel least.
#
# Descent first goes towards k.
# In the left panel sixty steps are not enough to come back to the star.
#
# ### The same in a real layer
#
# Now with 1536 dimensions and twenty facts.
# The targets z of the book's facts ship with the package
# (found on the unedited model by the gradient descent of chapter 5, so that nobody has to wait).

# %%
lm = load_model()
statistics = key_statistics(lm, LAYERS)  # C0 of four layers, from 100,000 tokens of Wikipedia
C0 = statistics[LAYER].second_moment  # [d_ff, d_ff], float64
z = bundled_targets(lm, FACTS)  # [n, d_model]
K1, R = keys_and_residuals(lm, FACTS, z, LAYER)  # [d_ff, n], [d_model, n]
best = closed_form(K1, R, C0, C)
print(f"K1 {tuple(K1.shape)}, R {tuple(R.shape)}, Δ {tuple(best.shape)}")
print(f"‖Δ‖ / ‖W‖ = {best.norm() / lm.weight(LAYER).norm():.1%}")

# %%
chapter.predict(
    "b",
    "Gradient descent, with a step about half the largest safe one. How many steps until Δ is within 1% of the closed form?",
    ["about ten", "about a hundred", "about a thousand"],
)

# %% [markdown]
# The rows of Δ do not know of each other: each is a least-squares problem of its own.
# So it is enough to watch eight of the 576. `height` is (6.1).

# %%
few, exact = R[:8], best[:8]
H = C * C0 + K1 @ K1.T  # the curvature of the bowl, [d_ff, d_ff]
curvature, axes = torch.linalg.eigh(H)


def height(delta):
    return float((delta @ K1 - few).square().sum() + C * ((delta @ C0) * delta).sum())


delta, steps, apart, excess = torch.zeros_like(exact), [], [], []
for step in range(1, 501):
    delta = delta - 0.45 / curvature[-1] * gradient(delta, K1, few, C0, C)
    if step in (1, 2, 3, 5, 7) or step % 10 == 0:
        steps.append(step)
        apart.append(float((delta - exact).norm() / exact.norm()))
        excess.append((height(delta) - height(exact)) / (few.square().sum().item() - height(exact)))
show(*draw.descent_figure(steps, apart, excess), name="06_descent")

# %% [markdown]
# **How to read it.** Both axes are logarithmic, and both curves begin near 1, which is Δ = 0.
# Solid: the distance from Δ to your closed form.
# Dashed: how far the height (6.1) is above the least one.
# After 500 steps, [[=apart[-1]:.0%]] of the distance is left.
#
# We need not walk on to know when it arrives.
# Our step is 0.45/λ_max and the slope has a factor 2.
# So along axis i of the bowl, with curvature λᵢ, every step multiplies the distance by 1 − 0.9 λᵢ/λ_max.
# (With a step 2¼ times ours this would be below −1 on the steepest axis, and the walk would fly apart.)
# The number of steps can be computed:

# %%
parts = (exact @ axes).square().sum(0)  # how much of Δ lies along each axis


def distance(t):
    return float(((1 - 0.9 * curvature / curvature[-1]).abs() ** (2 * t) * parts).sum() / parts.sum()) ** 0.5


assert abs(distance(500) / apart[-1] - 1) < 0.01  # the prediction agrees with the walk
needed = next(t for t in range(10, 1_000_000, 10) if distance(t) < 0.01)
print(f"steep {curvature[-1]:.0f}, flat {curvature[0]:.2f}: ratio {curvature[-1] / curvature[0]:,.0f}")
print(f"within 1% after about {needed:,} steps")
less = torch.linalg.eigvalsh(C0 + K1 @ K1.T)  # the same bowl with c = 1
print(f"with c = 1 the ratio is {less[-1] / less[0]:,.0f}")
chapter.reveal("b", 0 if needed < 32 else 1 if needed < 316 else 2)

# %% [markdown]
# **What surprised us.**
# The walk looks finished long before it is.
# After some hundreds of steps it has come down 99% of the height,
# but Δ needs about [[=round(needed, -2):,]] steps to come 99% of its way.
# The toy showed why (its left panel).
# Descent first falls down the steep walls, towards fitting the new facts *along the keys themselves*.
# Then it creeps along the flat valley floor, to where the known keys are disturbed least.
# The flattest axis is where C0 is smallest, and with a smaller c the bowl is flatter still (see the second ratio).
# The closed form jumps there in one solve.
# That is its whole advantage: not a different optimum, only a shorter way.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 and 2.**
# Common mistakes: (a) the preservation term is taken for a penalty on the size of Δ.
# Let students compare c·C0 with c·I in the toy: with I, the row points along k.
# (b) "The mean or the sum?"
# The code of MEMIT and ours take the mean,
# so c does not depend on how much text was read; with the sum it would be c/N.
# (c) Some expect descent to find a *better* Δ if it runs longer.
# There is one minimum.
# Question for discussion: stopping descent early gives a Δ that is good for the new facts
# and has not yet grown along the flat axes. Is that a defect?
# (It is a regulariser of its own: fine-tuning, chapter 1, lives on it.)

# %% [markdown]
# ## 3. The size of the knob
#
# ### An n × n problem
#
# (6.4) solves a system of 1536 equations, one for each entry of a key.
# But only n facts ask for something.
# There should be a way with n equations, and it is one line of algebra.
# Start from a product and multiply it out:
#
# $$K_1^\top C_0^{-1}\,(c\,C_0 + K_1K_1^\top) \;=\; c\,K_1^\top + K_1^\top C_0^{-1}K_1\,K_1^\top
# \;=\; (c\,I + K_1^\top C_0^{-1} K_1)\,K_1^\top . \tag{6.5}$$
#
# Multiply by the inverse of the left bracket from the right and by that of the right bracket from the left:
#
# $$\underbrace{K_1^\top(c\,C_0 + K_1K_1^\top)^{-1}}_{\text{gain } G,\; n \times d_\text{ff}}
# \;=\; (c\,I + K_1^\top C_0^{-1}K_1)^{-1}\,K_1^\top C_0^{-1}, \qquad \Delta = R\,G . \tag{6.6}$$
#
# In words: the big inverse behind K1ᵀ is the same as a small one, n × n, in front of it.
# What remains big is C0⁻¹K1.
# It does not depend on c, so one large solve serves every position of the knob.
#
# ### Exercise 06.3: The thin solve · 10 minutes · ★★
#
# Write the gain G from K1, from M1 = C0⁻¹K1 (d_ff × n, computed for you), and c.
#
# <details><summary>Hint</summary>
#
# K1ᵀC0⁻¹K1 is K1ᵀM1, and K1ᵀC0⁻¹ is M1ᵀ (C0 is symmetric).
# The likely mistake is K1ᵀK1 in the bracket.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.eye(n, dtype=K1.dtype)` is I.
# The result has n rows, one for each fact.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 06.3: all properties hold.
# Below it, three times, and a difference far below 10⁻⁹ (rounding alone).
#
# </details>


# %% exercise="06.3"
def thin(K1, M1, c):
    """The gain G, [n, d], from K1 and M1 = C0⁻¹ K1, both [d, n], so that Δ = R G."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    eye = torch.eye(K1.shape[1], dtype=K1.dtype)
    return torch.linalg.solve(c * eye + K1.T @ M1, M1.T)
    # END SOLUTION


thin = chapter.check("06.3", thin)
times = [time.perf_counter()]
M1 = torch.linalg.solve(C0, K1)  # once, for every c
times.append(time.perf_counter())
G = thin(K1, M1, C)
times.append(time.perf_counter())
wide = closed_form(K1, R, C0, C)
times.append(time.perf_counter())
once, small, dense = (1000 * (b - a) for a, b in pairwise(times))
print(f"once: M1 {once:.0f} ms; then for each c: thin {small:.1f} ms, (6.4) {dense:.0f} ms")
print(f"relative difference of the two Δ: {float((R @ G - wide).norm() / wide.norm()):.0e}")

# %% [markdown]
# ### How much is written
#
# Now the small matrix tells us what the knob does.
# Take one fact, n = 1.
# Then K1ᵀC0⁻¹K1 is a number,
#
# $$g \;=\; k^\top C_0^{-1} k , \tag{6.7}$$
#
# and everything about c is in it.
# Call g the **strangeness** of a key: it is large if the key points where ordinary keys have little.
# How much of the residual gets written, that is, arrives in the answer to k?
#
# ### Exercise 06.4: What the knob means, on paper · 15 minutes · ★★
#
# With a pencil: three formulas.
#
# 1. Which share of r does (6.6) write for one fact, Δk = share · r, in terms of g and c?
# 2. Which c writes a wished share of it, `wish`?
# 3. What is the mean of g over the very keys that C0 was made from, in d dimensions?
#
# <details><summary>Hint</summary>
#
# For 1, put G into Δk = r G k; all that is not r is a number.
# For 3, use tr: kᵀC0⁻¹k is a number, and a number is its own trace.
# The likely mistake is to expect that the third depends on the text.
#
# </details>
#
# <details><summary>More help</summary>
#
# tr(AB) = tr(BA), so kᵀC0⁻¹k = tr(C0⁻¹ k kᵀ).
# The mean of k kᵀ is C0.
# What is the trace of the identity?
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 06.4: all properties hold.
#
# </details>


# %% exercise="06.4"
def on_paper(g, c, wish, d):
    """1. The share that c writes; 2. the c that writes the share ``wish``; 3. the mean of g over known keys."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    return g / (c + g), g * (1 - wish) / wish, d
    # END SOLUTION


on_paper = chapter.check("06.4", on_paper)

# %% [markdown]
# The third answer is worth a pause.
# The mean strangeness of a known key is d_ff, whatever the model,
# the text or the size of the keys (as long as C0 has an inverse).
# So **c has a natural unit: the width of the layer.**
# At c = d_ff, half the residual of a key of mean strangeness is written.
# Far above, the model is frozen.
# Far below, the second wish has no say about *how much* is written.

# %%
chapter.predict(
    "c",
    "The papers use c = 15,000; the keys of our layer have 1536 entries. Which share of a median fact does one layer write?",
    ["under 5%", "about 10%", "about half", "nearly all"],
)

# %%
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.support.texts import wikipedia_leads

g = (K1 * M1).sum(0)  # kᵀ C0⁻¹ k of each fact, [n]
median = float(g.median())
share = on_paper(median, 15_000, 0.9, lm.d_ff)[0]
fresh = fit_statistics(lm, (LAYER,), wikipedia_leads("heldout"), 1000, progress=False)[LAYER]
typical = float(torch.linalg.solve(C0, fresh.second_moment).trace())  # the mean of g over these tokens
print(f"g: {typical:.0f} in the mean over 1000 tokens that C0 has not seen")
print(f"g of the facts: {g.min():.0f} to {g.max():.0f}, median {median:.0f}")
print(f"c = 15,000 writes {share:.0%} of a median fact")
chapter.reveal("c", sum(share > bound for bound in (0.05, 0.25, 0.7)))
widths = {"this model": 1536, "GPT2-XL": 6400, "Llama3-8B": 14_336, "GPT-J": 16_384}
pd.DataFrame(
    [(name, d, on_paper(d, 15_000, 0.9, d)[0]) for name, d in widths.items()],
    columns=["model", "d_ff", "share written at c = 15,000, for g = d_ff"],
).style.format("{:.0%}", subset=["share written at c = 15,000, for g = d_ff"]).hide()

# %% [markdown]
# **What surprised us.**
# The famous constant is about a width.
# For a key of mean strangeness, g = d_ff, c = 15,000 writes half of the residual in GPT-J,
# whose settings it comes from, and [[=on_paper(1536, 15000, 0.9, 1536)[0]:.0%]] here.
# Nothing is wrong with 15,000, and nothing is wrong with our model.
# The knob has a scale; it just is not written on the dial.
#
# How far does that carry?
# Your third formula speaks of the tokens that C0 was made from.
# Tokens that it has never seen are only a little stranger
# (in the mean [[=round(typical, -2):,.0f]] against [[=lm.d_ff:,]]).
# A median fact of layer 7 is about as strange as such a token, the strangest more than three times as much.
# Of the other models the table knows only the width: how strange *facts* are there, we have not measured.
#
# And n facts at once?
# Then (6.6) mixes them, through the products kᵢᵀC0⁻¹kⱼ of different keys.
# How much does that change?

# %%
written = (best @ K1 * R).sum(0) / R.square().sum(0)  # of each fact, when all twenty are written at once
alone = g / (C + g)  # the formula for one fact
print(f"twenty at once against the formula for one: {(written - alone).abs().max():.2f} apart at most")
others = ~torch.eye(len(FACTS), dtype=torch.bool)
unit = torch.nn.functional.normalize(K1, dim=0)
plain = (unit.T @ unit)[others].abs()
divided = (K1.T @ M1 / (g[:, None] * g).sqrt())[others].abs()  # the same with C0⁻¹ in the middle
print(f"cosines of different facts' keys: median {plain.median():.2f}, largest {plain.max():.2f}")
print(f"after division by C0: median {divided.median():.2f}, largest {divided.max():.2f}")

# %% [markdown]
# Little, for these twenty: the shares written at c = [[=C:,]]
# differ from the formula for one by [[=float((written - alone).abs().max()):.2f]] at most.
# Division by C0 takes out what all keys have in common,
# and most pairs of different subjects are then nearly at right angles.
# Not all pairs: remember the largest cosine for section 6.

# %% [markdown]
# ## 4. Turning the knob
#
# So far, matrices. What does a reader of the model's answers notice?
# We write eight facts into four layers with *your* thin solve, and look at the probabilities.

# %%
from alphaedit_lite.metrics import score

EIGHT = FACTS[::3] + FACTS[1:2]
z8 = bundled_targets(lm, EIGHT)
asked = [(f.prompt, f.new) for f in EIGHT] + [(f.paraphrases[0], f.new) for f in EIGHT]
asked += [f.neighbours[0] for f in EIGHT]  # (prompt, old answer)


def gain(K1, C0, c):
    M1 = torch.cholesky_solve(K1, torch.linalg.cholesky(C0))  # C0⁻¹K1; twice as fast, as C0 is symmetric
    return thin(K1, M1, c)


def ask():
    p = score(lm, asked)[0].exp().reshape(3, -1).mean(1).tolist()
    return dict(zip(("new fact", "paraphrase", "neighbour, old"), p, strict=True))


def write(c, layers=LAYERS):
    """Write eight facts, ask 24 questions, take it back: the edit, mean probabilities, and what z − h is left."""
    edit = own_editor(lm, gain, c, layers, statistics).edit(EIGHT, z8)
    found, left = ask(), keys_and_residuals(lm, EIGHT, z8, LAYER)[1]
    edit.revert()
    return edit, found, left


# %%
mine = on_paper(median, C, 0.9, lm.d_ff)[1]  # your rule: nine tenths of a median fact, at one layer
edits, missing, rows = {}, {}, [{"c": "unedited", **ask()}]
for c in (15_000, 1000, mine, 1):
    edits[c], row, missing[c] = write(c)
    rows.append({"c": f"{c:,.0f}", **row})
live = pd.DataFrame(rows)
live.style.format(precision=2).hide()

# %% [markdown]
# **How to read it.** Each row is one write of the same eight facts, read off and taken back.
# `new fact` is the mean probability of the new object, `paraphrase` the same in other words,
# and `neighbour, old` the probability of the *old* answer to a question that should not change.
# The row with c = [[=mine:,.0f]] comes from your rule in 06.4: nine tenths of a median fact.
#
# Read the rows from the bottom up.
# From c = 1 to [[=mine:,.0f]] nothing changes that one could see.
# At 1000 the new facts lose a little ([[=live['new fact'][4]:.2f]] becomes [[=live['new fact'][2]:.2f]]).
# At 15,000 they hardly arrive ([[=live['new fact'][1]:.2f]]).
# This is g/(c + g) with a g of about d_ff:
# a dead range where c is *far* below d_ff, the turn around it, frozen far above.
#
# The last column is the price.
# Wherever the eight facts are written, the neighbours' old answers fall
# from [[=live['neighbour, old'][0]:.2f]] to about [[=live['neighbour, old'][2]:.2f]].
# Only at 15,000 they are nearly what they were.
#
# Eight facts are a light load.
# The next experiment writes a hundred, in one batch into four layers, and asks about every fourth:
# 25 facts, two paraphrases and three neighbours of each.
# It takes too long to run here; `python -m alphaedit_lite.book.ch06.study` makes the file.

# %%
chapter.predict(
    "d",
    "100 facts in one batch. We lower c from 1000 to 1. By how much *more* does the perplexity of plain text rise?",
    ["under 1%", "1% to 5%", "5% to 20%", "more"],
)

# %%
study = result("memit.json")
table, unedited = sweep(study, n=100, layers=LAYERS)
at = table.set_index("c")
extra = at.perplexity[1] / at.perplexity[1000] - 1
chapter.reveal("d", sum(extra > bound for bound in (0.01, 0.05, 0.2)))
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

# %%
show(*draw.knob_figure(g, table, unedited, (100, 1000, 15_000)), name="06_knob")

# %% [markdown]
# **How to read it.** Three positions of the knob are marked, by the same three signs in all panels.
# Left: the share that one layer writes, g/(c + g); grey, the facts from the least to the most strange.
# Middle: the trade-off.
# Up is good (new objects that the model names first), right is bad (perplexity of plain text that nobody edited).
# The small dots are measured, the lines join them.
# Right, along c: new facts named first, the same in paraphrases,
# and neighbours whose old answer beats the new object.
# The thick grey line is the unedited model's neighbours.
#
# **What surprised us.**
# The middle panel has an empty corner, at the top left: every fact, no damage.
# No c that we measured leads there.
#
# * At c = 1000, [[=at.efficacy_top1[1000]:.0%]] of the new facts are named first,
#   and [[=at.generalization_top1[1000]:.0%]] in paraphrases.
#   The price: perplexity rises by [[=at.rise[1000]:.1%]].
#   The old answer is still the first for [[=at.specificity_top1[1000]:.0%]] of the neighbours,
#   instead of [[=unedited.specificity_top1:.0%]].
# * At the papers' 15,000 the text is safe, and [[=at.efficacy_top1[15000]:.0%]] of the facts arrive:
#   frozen, as the left panel said.
# * At c = 1, paraphrases gain ([[=at.generalization_top1[1]:.0%]]), perplexity pays ([[=at.rise[1]:.1%]]),
#   and neighbours too ([[=at.specificity_top1[1]:.0%]]).
#
# The [[=1 - at.efficacy_top1[1]:.0%]] that are missing even at c = 1 are not a matter of c:
# there the new object beats the old one in [[=at.efficacy[1]:.0%]] of the facts, but some third word comes first.
#
# Which c is right? That depends on whom you ask, on the model, and on the facts.
# Somebody has to choose, and every choice gives up something.
# This is the **trade-off** from which chapter 7 tries to escape.
#
# Two remarks in fairness.
# The damage is mild here: a hundred facts are few, and they went in as one batch.
# It adds up over many batches (chapter 10).
# And one fact of the 25 is four per cent: small differences mean nothing.

# %% [markdown]
# **Your turn at the knob.**
# Drag c, and watch the sign in all three panels.
# Where does a small move change most, and where nothing at all?
# Then press the button: it writes the eight facts with this c, live, and says what became of them.

# %%
from alphaedit_lite.book.ch06.widgets import BalanceWidget


def tell(c):
    """Write eight facts with this c and say what happened."""
    return "; ".join(f"P({name}) {value:.2f}" for name, value in write(c)[1].items())


BalanceWidget(g, table, unedited, tell).show()

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 3 and 4.**
# Common mistakes: (a) "c = 15,000 is large". Large against what?
# Let students find the unit themselves before 06.4:
# multiply all keys by 10, what happens to C0, to g, to the share written?
# (C0 grows a hundredfold, g stays, so nothing happens:
# c does not depend on the size of the keys, only on d_ff.)
# (b) The share of the *residual* is taken for the share of the *facts*:
# a fact flips somewhere on the way, and it does so at different shares for different facts;
# this is why the curves of section 4 are steeper than those of section 3.
# Questions for discussion: how would you choose c without looking at perplexity?
# Which of the curves would you show in a paper, if you wanted your method to look good,
# and which single point would you report for the competitor?

# %% [markdown]
# ## 5. Spreading over layers
#
# Nothing forces us to write everything into one matrix.
# Several feed-forward layers add to the hidden state on its way to the end of layer 7, so each of them could do a part.
# MEMIT visits them from below.
# At each layer it looks again at where the hidden state behind the *last* of them is now,
# on the model edited so far, and asks for a fair part of what is missing:
#
# $$R_\ell \;=\; \frac{z - h_\text{last}}{\text{number of layers left, this one included}} . \tag{6.8}$$
#
# In words: with four layers, the first is asked for a quarter of the way,
# the second for a third of the rest, then a half, then all.
# Each solves (6.4) with its own keys and its own C0.
# What one layer fails to deliver is passed on to the next.
#
# ### Exercise 06.5: What is left over, on paper · 10 minutes · ★★
#
# Suppose that every layer writes the same share of what it is asked for by (6.8), and that the layers simply add up.
# Which part of the residual is left over at the end, for any number of layers?
#
# <details><summary>Hint</summary>
#
# Start with two layers and pencil in what is left: after the first, after the second.
# The likely mistake is to divide by the same number every time.
#
# </details>
#
# <details><summary>More help</summary>
#
# A layer with m layers left (itself included) is asked for left/m, and writes share · left/m.
# So left becomes left · (1 − share/m), and m counts down to 1.
# Check: with share = 1 nothing is left; why?
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 06.5: all properties hold.
# Below it, your formula against four real layers.
#
# </details>


# %% exercise="06.5"
def left_over(share, layers):
    """The part of the residual that stays unwritten after this number of layers."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    left = 1.0
    for remaining in range(layers, 0, -1):
        left *= 1 - share / remaining
    return left
    # END SOLUTION


left_over = chapter.check("06.5", left_over)

# %% [markdown]
# Now four real layers, with the eight facts of section 4.
# What each layer was asked for is kept in the edit (`residual`).
# Times the number of layers left, it is what was missing in front of that layer.
# Behind the last one we have looked at the edited model itself (`missing`), at the bare prompts.
# For your formula we take the median strangeness over facts and layers.

# %%
keys = edits[15_000].keys  # of a model that has hardly been touched: layer -> [n, d_ff], rows as in code
moments = {layer: statistics[layer].second_moment for layer in LAYERS}
strange = [(k.T * torch.linalg.solve(moments[i], k.T.double())).sum(0) for i, k in keys.items()]
typical_fact = float(torch.cat(strange).median())
rows = []
for c in (1, 1000, 15_000):
    left = [edits[c].residual[layer].norm() * (4 - i) for i, layer in enumerate(LAYERS)]
    left.append(missing[c].norm())
    rows.append([c, "the model", *(float(x / left[0]) for x in left[1:])])
    share = on_paper(typical_fact, c, 0.9, lm.d_ff)[0]
    path = [left_over(share, 4) / left_over(share, 3 - i) for i in range(3)]  # after 1, 2, 3 of four
    rows.append([c, "your formula", *path, left_over(share, 4)])
spread = pd.DataFrame(rows, columns=["c", "left over, by", "after layer 4", "after 5", "after 6", "after 7"])
spread.style.format(precision=2).format("{:,.0f}", subset=["c"]).hide()

# %% [markdown]
# Look at the last column first.
# At c = 1000 your formula says [[=spread['after 7'][3]:.2f]] and the model [[=spread['after 7'][2]:.2f]];
# at 15,000, [[=spread['after 7'][5]:.2f]] and [[=spread['after 7'][4]:.2f]].
# For a pencil that is good.
# But two things are not as supposed:
#
# * *On the way, the model lags behind.*
#   At c = 1 every layer should deliver all that it is asked for,
#   and after three of four layers [[=spread['after 6'][1]:.2f]] should be left: it is [[=spread['after 6'][0]:.2f]].
#   The layers do not simply add up.
#   The blocks above read what a lower one has written, and change it on its way.
#   The last layer, which is asked for all the rest, makes good for most of it.
# * *At the end, zero is not zero.*
#   With c = 1 layer 7 answers the *mean* keys as asked.
#   The bare prompts' own keys are a little different,
#   and there [[=spread['after 7'][0]:.2f]] of the residual is left.
#   It is ROME's promise again (chapter 5), and as little to be had.

# %%
chapter.predict(
    "e",
    "100 facts, c = 1000. We write into layer 7 alone instead of into four. How many new facts are named first?",
    ["fewer", "about as many", "more"],
)

# %%
tables = {
    "layer 7": sweep(study, 100, (7,))[0],
    "layers 6, 7": sweep(study, 100, (6, 7))[0],
    "layers 4 to 7": table,
}
show(*draw.layers_figure(tables), name="06_layers")
one, two = tables["layer 7"].set_index("c"), tables["layers 6, 7"].set_index("c")
change = one.efficacy_top1[1000] - at.efficacy_top1[1000]
chapter.reveal("e", 0 if change < -0.05 else 1 if change <= 0.05 else 2)

# %% [markdown]
# **How to read it.** Each line is the same batch of a hundred facts,
# written into one, two or four layers; along it, c changes.
# A ring marks c = 1000; from there a smaller c leads up (or nowhere), a larger one down.
# Upwards, both panels show the new facts named first.
# Left, perplexity: good is up and to the *left*.
# Right, neighbours whose old answer beats the new object: good is up and to the *right*.
#
# **What surprised us.**
# Look at the three rings.
# At the same c = 1000, layer 7 alone writes [[=one.efficacy_top1[1000]:.0%]] of the facts,
# four layers [[=at.efficacy_top1[1000]:.0%]].
# Your 06.5 explains it: spreading *writes more*, since what one layer leaves is asked for again.
# At c = 15,000 your formula leaves [[=left_over(share, 1):.0%]] after a single layer,
# and [[=left_over(share, 4):.0%]] after four.
# So the same c means something else for another number of layers, and a fair comparison is one of *equal results*:
#
# * *As many facts as four layers write with c = 1000.*
#   Layer 7 alone needs a smaller c (we measured none between).
#   At c = 1 it gets there, but perplexity rises by [[=one.rise[1]:.1%]] instead of [[=at.rise[1000]:.1%]].
#   Layer 7 changes by [[=one['update'][1]['7']:.0%]] of ‖W‖;
#   as one of four it changed by [[=at['update'][1000]['7']:.0%]].
#   The second wish counts *squares*:
#   four quarters of the way cost 4 · (¼)² = ¼ of the whole way at once, if all layers write equally well.
# * *Fewer facts.* Layer 7 with c = 1000 and four layers with c = 3000 write about the same
#   ([[=one.efficacy_top1[1000]:.0%]] and [[=at.efficacy_top1[3000]:.0%]]).
#   There the one layer is not worse: [[=one.rise[1000]:.1%]] against [[=at.rise[3000]:.1%]].
#
# So spreading pays where much is to be written.
# Two layers (c = 1000: [[=two.efficacy_top1[1000]:.0%]] for [[=two.rise[1000]:.1%]]) do about as well as four here;
# a difference of one fact in 25 is noise.
# The right panel says the same with neighbours:
# at the rings, all three keep about equally many, and more layers write more.
# And no line enters the empty corner.

# %% [markdown]
# ## 6. Break it: two facts at one door
#
# The formula weighs facts as if their keys were different enough to be told apart.
# Chapter 0 saw a pair for which they are not: when *Lower Assam* moved, *Upper Assam* went along.
# Let us ask for both, in one batch: Lower Assam to Romania, Upper Assam to Canada (both are in India).
# The table shows three probabilities for each, and the model's own first words.

# %%
chapter.predict(
    "f",
    "Both in one batch, c = 1000, which has just served a hundred facts. Lower Assam is then in …",
    ["Romania, as asked", "India, as before", "neither"],
)

# %%
from dataclasses import replace

pair = [FACTS[0], replace(FACTS[0], subject="Upper Assam", new=" Canada", case_id=-1)]
z_upper = compute_targets(lm, pair[1:], LAYERS[-1], progress=False).z
z_pair = torch.cat([z[:1], z_upper])
rows, still, countries = [], {}, (" Romania", " Canada", " India")
for c in (1, 100, 1000, 15_000):
    edit = own_editor(lm, gain, c, LAYERS, statistics).edit(pair, z_pair)
    p = score(lm, [(fact.prompt, name) for fact in pair for name in countries])[0].exp().tolist()
    says = [lm.complete(fact.prompt, 3) for fact in pair]
    still[c] = keys_and_residuals(lm, pair, z_pair, LAYER)[1]  # what is missing now, [d_model, 2]
    edit.revert()
    rows.append([c, *p[:3], says[0], *p[3:], says[1]])
columns = [f"{who}:{what}" for who in ("Lower", "Upper") for what in (*countries, " says")]
twins = pd.DataFrame(rows, columns=["c", *columns])
likely = twins.iloc[2, 1:4].astype(float).tolist()
chapter.reveal("f", 2 if max(likely) < 0.2 else 0 if likely[0] > likely[2] else 1)
twins.style.format(precision=2).format("{:,.0f}", subset=["c"]).hide()

# %% [markdown]
# Why? The n × n matrix knows.
# For two facts that are about equally strange, its two eigenvalues play the part of g:
# the large one for the *mean* of the two residuals, the small one for their *difference*.
# Put each into your formulas of 06.4 and 06.5.
# And compare the cosines with those of the twenty facts in section 3.

# %%
K_pair, R_pair = keys_and_residuals(lm, pair, z_pair, LAYER)
S = K_pair.T @ torch.linalg.solve(C0, K_pair)
apart_g, common_g = torch.linalg.eigvalsh(S).tolist()
alike = float(torch.cosine_similarity(K_pair[:, 0], K_pair[:, 1], dim=0))
turned = float(S[0, 1] / (S[0, 0] * S[1, 1]).sqrt())
print(f"cosine of the two keys: {alike:.2f}; after division by C0 {turned:.2f}")
print(f"the two facts' g: {S[0, 0]:.0f} and {S[1, 1]:.0f}; eigenvalues: {common_g:.0f} and {apart_g:.0f}")
sides = torch.tensor([[1.0, 1.0], [1.0, -1.0]]).double()  # columns: the sum, the difference
rows = []
for c, now in still.items():
    formula = [left_over(on_paper(value, c, 0.9, lm.d_ff)[0], 4) for value in (common_g, apart_g)]
    model = ((now @ sides).norm(dim=0) / (R_pair @ sides).norm(dim=0)).tolist()
    rows.append([c, formula[0], model[0], formula[1], model[1]])
columns = [f"left of the {what}, by {who}" for what in ("mean", "difference") for who in ("formula", "model")]
halves = pd.DataFrame(rows, columns=["c", *columns])
halves.style.format("{:.2f}").format("{:,.0f}", subset=["c"]).hide()

# %% [markdown]
# **What happens.** At c = 1 and 100, both twins obey.
# At c = 15,000 both stay in India.
# In between, where the hundred facts fared well, something new happens:
# Lower Assam is neither in Romania ([[=likely[0]:.2f]]) nor in India ([[=likely[2]:.2f]]).
# Upper Assam has lost its country as well.
# Asked freely, the model names [[=twins['Lower: says'][2].split(',')[0].strip()]] for the one
# and [[=twins['Upper: says'][2].split(',')[0].strip()]] for the other.
#
# The last table says why.
# Division by C0 does not tell these two keys apart (cosine [[=turned:.2f]]).
# At c = 1000 the *mean* of the two residuals is written (little of it is left),
# but [[=halves.iloc[2, 4]:.0%]] of their *difference* is not:
# both twins get half Romania, half Canada, and the blocks above make of it what they can.
# At c = 100 one layer alone would still write only [[=on_paper(apart_g, 100, 0.9, 1536)[0]:.0%]] of the difference.
# Four, asked again and again, write most of it, and that was enough.
#
# So a c that is right for strange keys is wrong for twins, and one c serves all.
# A mean over many facts, as in section 4, does not show such a pair.
# A smaller c tells them apart; what that costs is in section 4.

# %% [markdown]
# ## Paper ↔ code
#
# The paper is [Meng et al., ICLR 2023](https://arxiv.org/abs/2210.07229).
# Its code is public (kmeng01/memit); the update is computed in `memit/memit_main.py`, function `execute_memit`.
#
# | in the paper | in the authors' code | here |
# |---|---|---|
# | Δ = R K1ᵀ (C0 + K1K1ᵀ)⁻¹ (eq. 14), where C0 already holds the weight λ | one dense `solve` in double precision, with `mom2_update_weight` times the moment | (6.4), with the weight outside: c·C0; solved by (6.6) in `solvers.gain` |
# | the weight λ | `mom2_update_weight`, 15000 in `hparams/MEMIT/EleutherAI_gpt-j-6B.json` | `EditorConfig.weight`, [[=EditorConfig().weight:,.0f]] by default |
# | E[k kᵀ] over Wikipedia | `rome/layer_stats.py`: 100,000 *articles*, float32 | `key_statistics`: 100,000 *tokens*, summed in float64 |
# | the key of a fact: a mean over prefixed prompts | a mean over two kinds of context: the bare prompt, and five sampled prefixes | the same, with fixed prefixes |
# | the residual spread over layers | the distance to z, divided by the number of layers left | (6.8), `Editor.edit` |
#
# The paper starts one step earlier: it looks for the whole new matrix W + Δ that fits the old pairs (k₀, v₀)
# *and* the new ones with the least squared error, and assumes that W is already the best for the old pairs alone.
# For such a W the old pairs' error grows by exactly ‖ΔK0‖² (the mixed term vanishes, as W's own slope is zero),
# and that is our second wish, with the weight in front.
#
# The settings in AlphaEdit's repository give its MEMIT baseline values of the same size
# (15,000 for Llama3-8B, 20,000 for GPT2-XL).
#
# Your gain against the package's:

# %%
from alphaedit_lite import EditorConfig, solvers

ours = solvers.memit(K1.T, C0, C)  # in code, keys are rows: [n, d_ff]
print(f"the package's default is c = {EditorConfig().weight:,.0f}")
print(f"its gain and yours differ by {float((ours - thin(K1, M1, C)).norm() / ours.norm()):.0e}")

# %% [markdown]
# ## Keypoints
#
# * MEMIT adds two wishes: small errors at the new facts, and c times a small change of known answers.
#   C0, the second moment of keys of plain text, stands for "known".
# * The minimum has a closed form, Δ = R K1ᵀ(cC0 + K1K1ᵀ)⁻¹;
#   gradient descent ends there as well, slowly along the flat axes.
# * An n × n system is enough.
#   For one fact the share g/(c + g) of the residual is written at its (mean) key, with g = kᵀC0⁻¹k.
# * The mean of g over known keys is d_ff, so c must be judged against the width of the layer: 15,000 freezes ours.
#   And against the number of layers: what one leaves is asked of the next.
# * No c has everything: a small c costs perplexity and neighbours,
#   a large one facts and paraphrases, and twins need a smaller c than strangers.

# %% [markdown]
# ## Quiz
#
# **1. You fit C0 on twice as much text of the same kind, and leave c as it is.
# The second wish becomes …**
#
# <details><summary>A. twice as strong</summary>
# It would, if C0 were a sum.
# It is a mean over the tokens.
# </details>
# <details><summary>B. about as strong as before</summary>
# <b>Yes.</b> The mean changes little; it only gets more reliable.
# All of the text together has c votes.
# </details>
# <details><summary>C. half as strong</summary>
# No: C0 is divided by N once, when it is made, and (6.4) does not know N.
# </details>
#
# **2. c goes to zero. What does C0 still do?**
#
# <details><summary>A. Nothing: it is multiplied by zero.</summary>
# Look at the first panel of the toy figure: the row does not point along k.
# </details>
# <details><summary>B. It still decides which of all the exact solutions is taken.</summary>
# <b>Yes.</b> Many Δ meet all new facts exactly (at their keys);
# the limit is the one among them that changes known answers least.
# For one fact this is ROME; for a batch it is called EMMET (see below).
# </details>
# <details><summary>C. It makes Δ zero.</summary>
# That is the other end, c → ∞.
# </details>
#
# **3. On a new model, a MEMIT edit with the usual c changes nothing.
# What do you look at first?**
#
# <details><summary>A. z: the gradient descent may have failed.</summary>
# Possible, and quickly tested: add z − h by hand.
# But there is a cheaper test.
# </details>
# <details><summary>B. g/(c + g) for some facts.</summary>
# <b>Yes:</b> one solve tells you which share of z − h one layer can write at all.
# If c is far above d_ff, next to nothing.
# </details>
# <details><summary>C. The learning rate.</summary>
# There is none in (6.4).
# </details>
#
# **Further reading**
#
# * [Meng et al. 2023](https://arxiv.org/abs/2210.07229), MEMIT:
#   sections 4.2 and 4.3 are this chapter, for thousands of facts in models of 6 and 20 billion parameters.
# * [Gupta et al. 2024](https://arxiv.org/abs/2403.14236):
#   ROME and MEMIT as two forms of one objective, and EMMET, ROME for a batch.
# * [Gupta et al. 2025](https://arxiv.org/abs/2502.01636), ENCORE: both priors at once, c·C0 + λ·I (chapter 14).
#
# **Next:** every position of the knob gives up something.
# Chapter 7 asks whether there is room to write where nobody has to be balanced against:
# a space that the known keys do not use.

# %%
chapter.report()
