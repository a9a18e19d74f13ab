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
# *To read: 35 minutes. To do the exercises: 45 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will derive the one formula that writes twenty facts at once,
# and find out what its only knob costs, before you turn it.**
#
# [[map]]
#
# ```text
#      write the new facts            keep the old answers
#
#        ‖ΔK1 − R‖²           +   c · mean ‖Δk0‖²            →   least
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *write down* what an edit of many facts wants, as one number that should be small,
# > * *derive* the update that makes it smallest, and *compute* it with one equation for each fact,
# > * *predict* which part of a fact a given c will write,
# > * *say* what each value of c gives up.
# >
# > **You need** the write Δ = r gᵀ ([chapter 4](04_associative_memory.ipynb));
# > the key k, the target z and C0 ([chapter 5](05_rome.ipynb)).
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 1.5 GB of memory.
# > The key statistics of chapter 0 are used again; if they are not in your cache, they take a minute more.

# %% tags=["setup"]

# %%
# Parameters: the layer, the knob, twenty facts.
import pandas as pd
import torch

from alphaedit_lite import (
    bundled_facts,
    bundled_targets,
    key_statistics,
    load_model,
)
from alphaedit_lite.book.ch06 import figures as draw
from alphaedit_lite.book.ch06.results import sweep
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.layer import keys_and_residuals
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result

chapter = Chapter("06")
LAYER, C = 7, 1000
FACTS = bundled_facts("development")[:100:5]  # the first: Lower Assam

# %% [markdown]
# ## Before you start
#
# <details><summary>1. Chapter 4 stored pairs in two ways: by adding, and by solving.
# What was wrong with adding?</summary>
#
# The answers interfere: each key also gets the other values, as often as the keys overlap.
# Solving (least squares, the normal equations) removes this.
#
# </details>
#
# <details><summary>2. ROME (chapter 5) writes Δ = r gᵀ. What is g, and what does C0 do in it?</summary>
#
# g = C0⁻¹k / (kᵀC0⁻¹k).
# C0 is the mean of k₀k₀ᵀ over the keys k₀ of ordinary text.
# Among all g with gᵀk = 1, this one changes the answers to ordinary keys least.
#
# </details>

# %% [markdown]
# ## 1. Twenty facts, two wishes
#
# Chapter 5 wrote one fact into layer 7.
# Why not compute twenty such updates, and add them up? Let us try.
#
# The keys of the facts stand side by side as the columns of K1 (d_ff × n), here with n = 20.
# The residuals r = z − h, what is missing in their answers, are the columns of R (d_model × n).
# (As in chapter 5, a key is a mean over six prompts.
# The targets z come with the package, so that you need not search twenty times.)

# %%
lm = load_model()
W = lm.weight(LAYER)  # [d_model, d_ff]
C0 = key_statistics(lm, (4, 5, 6, 7))[LAYER].second_moment
z = bundled_targets(lm, FACTS)  # [n, d_model]
K1, R = keys_and_residuals(lm, FACTS, z, LAYER)  # columns
print("K1", list(K1.shape), "R", list(R.shape))

# %% [markdown]
# ROME's g for each fact becomes one row of a matrix G.
# Then the sum of all r gᵀ is R G, and entry (i, j) of G K1 is the share of residual i that arrives at key j.
# It should be 1 for i = j, and 0 elsewhere.

# %%
M1 = torch.linalg.solve(C0, K1)  # C0⁻¹k, for all twenty keys
G = (M1 / (K1 * M1).sum(0)).T  # row i: the g of fact i
heard = G @ K1
other = heard[~torch.eye(len(FACTS), dtype=torch.bool)].abs()
summed = float((R @ heard - R).norm() / R.norm())
print(f"own share {heard.diagonal().min():.2f} at least")
print(f"other shares: median {other.median():.2f}, largest {other.max():.2f}")
print(f"error of the twenty answers: {summed:.0%} of R")

# %% [markdown]
# Every key hears its own residual, and a little of nineteen others.
# For some pairs of similar subjects it is much, and all of it together is an error of [[=summed:.0%]].
# This is the *sum* of chapter 4 again.
# The cure was to solve for all pairs at once. The first wish:
#
# > **Write.** The error ‖ΔK1 − R‖² at the new facts should be small.
#
# It should be *small*, not zero, as in ROME.
# Two facts with almost the same key and different residuals can only be met exactly by a huge Δ,
# and a huge Δ changes everything.
# So there is a second wish:
#
# > **Keep.** The answers to known keys k₀ should not change: the mean of ‖Δk₀‖² should be small.
#
# Both at once cannot be had.
# So we add them up, with a weight c for the second:
#
# $$\min_\Delta \quad \lVert \Delta K_1 - R \rVert^2 \;+\; c \cdot \text{mean of } \lVert \Delta k_0 \rVert^2 .
# \tag{6.1}$$
#
# In words: the squared errors at the new facts, plus c times the mean squared change of a known answer.
# Each new fact has one vote, and all the text together has c votes.
# This c is the **balance knob**.
#
# The mean is the *harm* of chapter 5, and one matrix is enough to compute it, (5.3):
#
# $$\text{mean of } \lVert \Delta k_0 \rVert^2 \;=\; \operatorname{tr}(\Delta\, C_0\, \Delta^\top) . \tag{6.2}$$
#
# So C0 is all that the formula knows about the model's knowledge:
# a good picture of running text, and a poor one of a rare fact that 100,000 tokens never mention.

# %% [markdown]
# ### Exercise 06.1: The slope · 10 minutes · ★
#
# The best Δ is where (6.1) has slope zero.
# Write the slope of ‖ΔK1 − R‖² + c · tr(Δ C0 Δᵀ) with respect to Δ; it has the shape of Δ.
#
# <details><summary>Hint</summary>
#
# First with plain numbers: what is the slope of (xk − r)² + c·C·x² in x?
# Then put the matrices in the places of the numbers.
# The shapes say on which side, and what must be transposed.
# The likely mistake is a lost factor 2.
#
# </details>
#
# <details><summary>More help</summary>
#
# One row x of Δ, with the row r of R:
# (xK1 − r)(xK1 − r)ᵀ has the slope 2(xK1 − r)K1ᵀ, and x C0 xᵀ has 2x C0, since C0 is symmetric.
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
    """Slope of (6.1). delta: [d_model, d], K1: [d, n],
    R: [d_model, n], C0: [d, d]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return 2 * (delta @ K1 - R) @ K1.T + 2 * c * delta @ C0
    # END SOLUTION


gradient = chapter.check("06.1", gradient)

# %% [markdown]
# ## 2. The formula
#
# At the lowest point the slope is zero:
#
# $$2(\Delta K_1 - R)K_1^\top + 2c\,\Delta C_0 = 0
# \quad\Longleftrightarrow\quad \Delta\,(c\,C_0 + K_1K_1^\top) = R K_1^\top . \tag{6.3}$$
#
# These are the normal equations of chapter 4, with c C0 added.
#
# ### Exercise 06.2: The closed form · 5 minutes · ★★
#
# Solve (6.3) for Δ. Use `torch.linalg.solve(A, B)`, which is A⁻¹B, and form no inverse.
#
# <details><summary>Hint</summary>
#
# In (6.3) the bracket stands on the right of Δ, and `solve` wants it on the left: transpose.
# Both terms of the bracket are symmetric.
#
# </details>
#
# <details><summary>More help</summary>
#
# (c C0 + K1K1ᵀ) Δᵀ = K1Rᵀ.
# The likely mistake is to forget to transpose back; Δ has the shape of W, d_model × d_ff.
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
    """Δ of (6.4), [d_model, d]; shapes as in 06.1."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return torch.linalg.solve(c * C0 + K1 @ K1.T, K1 @ R.T).T
    # END SOLUTION


closed_form = chapter.check("06.2", closed_form)

# %% [markdown]
# Written as a formula:
#
# $$\boxed{\;\Delta \;=\; R\,K_1^\top\,(c\,C_0 + K_1K_1^\top)^{-1}\;} \tag{6.4}$$
#
# This is **MEMIT** (mass-editing memory in a transformer).
# In words: send the residuals out along the keys, R K1ᵀ.
# Then divide by how much each direction is in use: by the text, c C0, and by the new facts, K1K1ᵀ.
#
# (With the identity I in the place of C0 this is *ridge regression*.
# It keeps Δ small; C0 keeps the *harm* small.
# Ridge comes back in chapter 8.)
#
# Before we believe it, a picture in two dimensions.
# Let keys have two entries and answers one.
# Then Δ is a single row x = (x₁, x₂), and (6.1) is a landscape over the plane.
# The one new key k should get the answer 1; the known keys scatter along the diagonal.

# %%
chapter.predict(
    "a",
    "One new key. We raise c a hundredfold. Which way does the lowest point "
    "go?",
    [
        "straight to zero",
        "to zero, along a curve",
        "along the line where the new fact is met",
    ],
)

# %% [markdown]
# `walk` goes downhill with your slope, from Δ = 0, and knows nothing of the formula:

# %%
k = torch.tensor([[1.0], [0.5]]).double()
one = torch.ones(1, 1).double()  # the wished answer
toy = torch.tensor([[0.575, 0.425], [0.425, 0.575]]).double()  # C0


def lowest(c):
    return closed_form(k, one, toy, float(c))[0]


def walk(c, steps=60):
    rows = [torch.zeros(1, 2).double()]
    size = 0.45 / torch.linalg.eigvalsh(c * toy + k @ k.T)[-1]
    for _ in range(steps):
        rows.append(rows[-1] - size * gradient(rows[-1], k, one, toy, c))
    return torch.cat(rows)


# %%
paths = {c: walk(c) for c in (0.02, 2.0, 20.0)}
figure = draw.contours_figure(k[:, 0], toy, 1.0, lowest, paths)
show(*figure, name="06_contours")
ends = torch.stack([lowest(c) / lowest(c).norm() for c in (1e-3, 1, 1e3)])
chapter.reveal("a", 0 if float((ends - ends[0]).abs().max()) < 1e-9 else 1)

# %% [markdown]
# **How to read it.** Thin grey lines: equal height of (6.1).
# Star: your closed form; the dashed line joins the stars for all c.
# Blue dots: sixty steps downhill.
# On the dotted line the new fact is met exactly.
# The triangle is the new key, and the grey ellipse is where most known keys are.
#
# In the middle and on the right, the walk ends at the star: formula and descent agree.
# On the left it is still on its way (in a flat valley a walk is slow, and the formula jumps).
#
# With one fact, c never changes the *direction* of the write, only its length, like a dimmer.
# At the end c → 0 stands ROME.
# And the direction is C0⁻¹k, which turns away from the known keys.

# %% [markdown]
# ## 3. One equation for each fact
#
# In (6.4), R only stands in front: Δ = R G, with the **gain** G = K1ᵀ(c C0 + K1K1ᵀ)⁻¹, n × d_ff.
# Row i of G is the g of fact i, now made with all other facts in view.
#
# The bracket has 1536 rows, but only n facts ask for something.
# Multiply out, and you see that both sides of this are equal:
#
# $$K_1^\top C_0^{-1}\,(c\,C_0 + K_1K_1^\top) \;=\; (c\,I + K_1^\top C_0^{-1} K_1)\,K_1^\top . \tag{6.5}$$
#
# In words: the large bracket on the right can be exchanged for a small one, n × n, on the left.
#
# ### Exercise 06.3: The thin solve · 10 minutes · ★★
#
# Turn (6.5) into a formula for G that only needs the small bracket.
# Write it with M1 = C0⁻¹K1, which is computed for you.
#
# <details><summary>Hint</summary>
#
# Multiply (6.5) by the inverse of the large bracket from the right,
# and by the inverse of the small one from the left.
# The likely mistake is K1ᵀK1 in the small bracket.
#
# </details>
#
# <details><summary>More help</summary>
#
# K1ᵀC0⁻¹K1 is K1ᵀM1, and K1ᵀC0⁻¹ is M1ᵀ, since C0 is symmetric.
# `torch.eye(n, dtype=K1.dtype)` is I.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 06.3: all properties hold.
# Below it, a difference far below 10⁻⁹ (rounding alone).
#
# </details>


# %% exercise="06.3"
def thin(K1, M1, c):
    """The gain G, [n, d], from K1 and M1 = C0⁻¹ K1, both [d, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    eye = torch.eye(K1.shape[1], dtype=K1.dtype)
    return torch.linalg.solve(c * eye + K1.T @ M1, M1.T)
    # END SOLUTION


thin = chapter.check("06.3", thin)

# %% [markdown]
# So the gain of many facts is
#
# $$G \;=\; (c\,I + K_1^\top C_0^{-1}K_1)^{-1}\,K_1^\top C_0^{-1}, \qquad \Delta = R\,G . \tag{6.6}$$
#
# As a function, it is today's piece of your editor:


# %%
def gain(K1, C0, c):
    """G of (6.6), [n, d_ff]: the gain of many facts."""
    return thin(K1, torch.linalg.solve(C0, K1), c)


wide = closed_form(K1, R, C0, C)
print(f"difference {(R @ gain(K1, C0, C) - wide).norm() / wide.norm():.0e}")
for c in (1, C):
    error = float((R @ gain(K1, C0, c) @ K1 - R).norm() / R.norm())
    print(f"c = {c}: error of the twenty answers {error:.0%} of R")

# %% [markdown]
# At c = 1 the twenty answers are met almost exactly, where the sum of section 1 was far off.
# At c = [[=C:,]] a good part is missing.
# How large should c be?
#
# ## 4. What does the knob mean?
#
# Take one fact, n = 1.
# Then K1ᵀC0⁻¹K1 is a number,
#
# $$s \;=\; k^\top C_0^{-1} k . \tag{6.7}$$
#
# We call s the **strangeness** of a key: it is large if the key points where ordinary keys have little.
# It decides which share of the residual arrives.
#
# ### Exercise 06.4: What the knob means, on paper · 10 minutes · ★★
#
# With a pencil: three formulas.
#
# 1. Which share of r does (6.6) write for one fact, Δk = share · r, in terms of s and c?
# 2. Which c writes a wished share of it, `wish`?
# 3. What is the mean of s over the very keys that C0 was made from, in d dimensions?
#
# <details><summary>Hint</summary>
#
# For 1, put G into Δk = r G k; all that is not r is a number.
# For 3, a number is its own trace.
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
def on_paper(s, c, wish, d):
    """Share that c writes; c that writes ``wish``; mean of s."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    return s / (c + s), s * (1 - wish) / wish, d
    # END SOLUTION


on_paper = chapter.check("06.4", on_paper)

# %%
chapter.predict(
    "b",
    "The papers use c = 15,000; the keys of our layer have 1536 entries. "
    "Which share of a median fact does one layer write?",
    ["under 5%", "about 10%", "about half", "nearly all"],
)

# %%
s = (K1 * torch.linalg.solve(C0, K1)).sum(0)  # of each fact, [n]
median = float(s.median())
share = on_paper(median, 15_000, 0.9, lm.d_ff)[0]
mine = on_paper(median, C, 0.9, lm.d_ff)[1]  # writes nine tenths
print(f"s of the facts: {s.min():.0f} to {s.max():.0f}, median {median:.0f}")
print(f"c = 15,000 writes {share:.0%} of a median fact")
chapter.reveal("b", sum(share > bound for bound in (0.05, 0.25, 0.7)))

# %% [markdown]
# **What surprised us.**
# Your third formula: the mean strangeness of a known key is d_ff,
# whatever the model, the text, or the size of the keys.
# So **c has a natural unit, the width of the layer**.
# At c = d_ff, half the residual of a key of mean strangeness is written.
# Far above this, almost nothing is written; far below, almost everything, and c hardly matters for *how much*.
# The papers' 15,000 comes from GPT-J, whose layers are 16,384 wide.
#
# Now into the model. We write all twenty facts, ask about ten of them,
# and take the write back, for four values of c.
# One is `mine`, which by your rule writes nine tenths of a fact of median strangeness.

# %%
from alphaedit_lite.metrics import score

asked = [(f.prompt, f.new) for f in FACTS[::2]]
asked += [(f.paraphrases[0], f.new) for f in FACTS[::2]]
asked += [f.neighbours[0] for f in FACTS[::2]]  # (prompt, old answer)


def ask():
    """Mean probability of new fact, paraphrase, neighbour's old answer."""
    return score(lm, asked)[0].exp().reshape(3, -1).mean(1).tolist()


# %%
def memit(K1, R, c):
    """Write the facts into W. Returns W as it was."""
    original = W.clone()
    W.add_((R @ gain(K1, C0, c)).to(W))
    return original


live = {"unedited": ask()}
for c in (15_000, C, mine, 1):
    original = memit(K1, R, c)
    live[f"c = {c:,.0f}"] = ask()
    W.copy_(original)
names = ["new fact", "paraphrase", "neighbour, old"]
live = pd.DataFrame(live, index=names).T
live.style.format("{:.2f}")

# %% [markdown]
# **How to read it.** Each row is one write, with mean probabilities:
# of the new object, of the same in other words, and of a neighbour's *old* answer, which should not change.
#
# From c = 1 to [[=mine:,.0f]], your rule, little changes.
# At c = [[=C:,]], of the order of d_ff, the new facts lose; at 15,000 they hardly arrive.
# The last column is the price: wherever the facts are written, the neighbours' old answers fall
# from [[=live['neighbour, old'].iloc[0]:.2f]] to [[=live['neighbour, old'].iloc[2]:.2f]] or less.
#
# Twenty facts are a light load.
# [The laboratory](lab/06_memit.ipynb)'s study writes a hundred, into layers 4 to 7,
# and also measures *perplexity*: how badly the model predicts plain text that nobody edited.

# %%
chapter.predict(
    "c",
    "100 facts in one batch. We lower c from 1000 to 1. By how much *more* "
    "does the perplexity of plain text rise?",
    ["under 1%", "1% to 5%", "5% to 20%", "more"],
)

# %%
table, unedited = sweep(result("memit.json"), n=100, layers=(4, 5, 6, 7))
at = table.set_index("c")
extra = at.perplexity[1] / at.perplexity[1000] - 1
chapter.reveal("c", sum(extra > bound for bound in (0.01, 0.05, 0.2)))
figure = draw.knob_figure(s, table, unedited, (100, 1000, 15_000))
show(*figure, name="06_knob")

# %% [markdown]
# **How to read it.** The same three signs mark three values of c in all panels.
# Left: the share that one layer writes, s/(c + s); grey, from the least to the most strange fact.
# Middle: up is good (the model names the new object first), right is bad (perplexity).
# Right: new facts, paraphrases, and neighbours whose old answer beats the new object;
# the thick grey line is the unedited model.
#
# The middle panel has an empty corner, at the top left: every fact, no damage. No c leads there.
# At c = 1000, the model names [[=at.efficacy_top1[1000]:.0%]] of the new objects first.
# The price: perplexity rises by [[=at.rise[1000]:.1%]].
# At 15,000 the text is safe, but only [[=at.efficacy_top1[15000]:.0%]] of the facts arrive.
# Somebody has to choose, and every choice gives up something.
# This is the **trade-off** from which chapter 7 tries to escape.
#
# Drag c yourself: the sign moves in all panels, and the button writes the twenty facts with this c.

# %%
from alphaedit_lite.book.ch06.widgets import BalanceWidget


def tell(c):
    """Write the twenty facts with this c, and say what happened."""
    original = memit(K1, R, c)
    found = list(zip(names, ask(), strict=True))
    W.copy_(original)
    return "; ".join(f"P({name}) {p:.2f}" for name, p in found)


BalanceWidget(s, table, unedited, tell).show()

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 to 4.**
# Common mistakes: (a) the second wish is taken for a penalty on the size of Δ.
# Let students compare c·C0 with c·I in the toy: with I, the row points along k.
# (b) "The mean or the sum?"
# The code of MEMIT and ours take the mean,
# so c does not depend on how much text was read; with the sum it would be c/N.
# (c) Some expect descent to find a *better* Δ if it runs longer.
# There is one minimum: the objective is quadratic, and C0 has full rank.
# (d) "c = 15,000 is large". Large against what?
# Let students find the unit themselves before 06.4:
# multiply all keys by 10, what happens to C0, to s, to the share written?
# (C0 grows a hundredfold, s stays, so nothing happens.)
# (e) The share of the *residual* is taken for the share of the *facts*:
# a fact flips somewhere on the way, and at different shares for different facts.
# Questions for discussion: how would you choose c without looking at perplexity?
# Which single point would you report for a competitor, if you wanted your method to look good?
# Stopping descent early gives a Δ that is good for the new facts and has not yet grown along the flat axes.
# Is that a defect? (It is a regulariser of its own: fine-tuning, chapter 1, lives on it.)

# %% [markdown]
# ## 5. Several layers
#
# Nothing forces us to write everything into one matrix.
# Several layers can each do a part, the last edited one included.
# MEMIT visits them from below.
# At each layer ℓ it looks at where the output h of the *last* edited layer is now,
# on the model edited so far, and asks for a fair part of what is missing:
#
# $$R_\ell \;=\; \frac{z - h}{\text{number of layers left, this one included}} . \tag{6.8}$$
#
# In words: with four layers, the first is asked for a quarter of the way,
# the second for a third of the rest, then a half, then all.
# What one layer fails to deliver, the next is asked for.
#
# ### Exercise 06.5: What is left over, on paper · 10 minutes · ★★
#
# Suppose that every layer writes the same share of what (6.8) asks of it, and that the layers simply add up.
# Which part of the residual is left over at the end, for any number of layers?
#
# <details><summary>Hint</summary>
#
# Start with two layers, and write down what is left: after the first, after the second.
# The likely mistake is to divide by the same number every time.
#
# </details>
#
# <details><summary>More help</summary>
#
# A layer with m layers left (itself included) is asked for left/m, and writes share · left/m.
# So left becomes left · (1 − share/m), and m counts down to 1.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 06.5: all properties hold.
#
# </details>


# %% exercise="06.5"
def left_over(share, layers):
    """The part of the residual that stays unwritten."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    left = 1.0
    for remaining in range(layers, 0, -1):
        left *= 1 - share / remaining
    return left
    # END SOLUTION


left_over = chapter.check("06.5", left_over)
for layers in (1, 2, 5):
    print(f"c = 15,000, {layers} layers: {left_over(share, layers):.0%} left")

# %% [markdown]
# So more layers write *more* with the same c.
# And if all layers write equally well, they do it with less harm, because harm counts squares:
# four quarters of the way cost 4 · (¼)² = ¼ of the whole way at once.
# [The laboratory](lab/06_memit.ipynb) compares your formula with real layers,
# and finds that spreading pays where much is to be written.
# The loop over layers is the last piece of your editor: you write it in chapter 8.

# %% [markdown]
# ## 6. Break it: two facts at one door
#
# When *Lower Assam* moved to Romania, *Upper Assam* went along (chapter 5).
# Now we ask for both, in one batch: Lower Assam to Romania, Upper Assam to Canada.

# %%
chapter.predict(
    "d",
    "Both in one batch, c = 1000. Lower Assam is then in …",
    ["Romania, as asked", "India, as before", "neither"],
)

# %%
from dataclasses import replace

from alphaedit_lite import compute_targets

upper = replace(FACTS[0], subject="Upper Assam", new=" Canada", case_id=-1)
pair = [FACTS[0], upper]
z_upper = compute_targets(lm, [upper], LAYER, progress=False).z
z_pair = torch.cat([z[:1], z_upper])
K2, R2 = keys_and_residuals(lm, pair, z_pair, LAYER)
places = [" Romania", " Canada", " India"]
about = [(fact.prompt, place) for fact in pair for place in places]

# %%
rows = {}
for c in (15_000, 1000, 100, 1):
    original = memit(K2, R2, c)
    p = score(lm, about)[0].exp().tolist()
    W.copy_(original)
    rows[f"c = {c:,}"] = p
heads = [f"{who}:{what}" for who in ("Lower", "Upper") for what in places]
twins = pd.DataFrame(rows, index=heads).T
lower = twins.loc["c = 1,000"].iloc[:3].tolist()
best = lower.index(max(lower))
chapter.reveal(
    "d", 2 if max(lower) < 0.2 or best == 1 else 0 if best == 0 else 1
)
twins.style.format("{:.2f}")

# %% [markdown]
# The three left columns ask for Lower Assam, the others for Upper Assam.
#
# With a small c, both obey.
# At 15,000, both stay in India.
# In between, at c = 1,000, neither has a country:
# no country in the row has more than [[=float(twins.loc['c = 1,000'].max()):.2f]].
#
# Why? For two keys that are about equally strange,
# the 2 × 2 matrix K1ᵀC0⁻¹K1 has s on its diagonal and some t beside it.
# It multiplies (1, 1) by s + t, and (1, −1) by s − t.
# Each of these works as an s: the large one for the *mean* of the two residuals, the small one for their *difference*:

# %%
S = K2.T @ torch.linalg.solve(C0, K2)
difference, mean = torch.linalg.eigvalsh(S).tolist()
turned = float(S[0, 1] / (S[0, 0] * S[1, 1]).sqrt())
print(f"cosine of the keys, after division by C0: {turned:.2f}")
for c in (1000, 100, 1):
    print(
        f"c = {c}: writes {mean / (c + mean):.0%} of the mean of the two",
        end=", ",
    )
    print(f"{difference / (c + difference):.0%} of their difference")

# %% [markdown]
# The keys are nearly the same, even after division by C0.
# So at c = 1000 the mean of the two residuals is written, half Romania and half Canada, but not their difference.
# The blocks above make of this mixture what they can.
# A smaller c tells the twins apart, and section 4 has its price.
# One c serves all facts, and a mean over many facts does not show such a pair.

# %% [markdown]
# ## What you own now
#
# | from chapter | function | what it does |
# |---|---|---|
# | 4 | `write(W, k, v)` | Δ = r gᵀ for one pair |
# | 5 | `search(fact)` | what the block should answer |
# | 6 | `gain(K1, C0, c)` | the gain G of many facts; it replaces the g of chapter 5 |
# | 6 | `memit(K1, R, c)` | all of it: W becomes W + R G |
#
# Two things are left.
# Chapter 7 makes P, which keeps Δ away from the known keys; then the knob c has nothing to weigh.
# Chapter 8 puts P into the gain, and adds the loop over layers.

# %% [markdown]
# ## Paper ↔ code
#
# The paper is [Meng et al., ICLR 2023](https://arxiv.org/abs/2210.07229).
# Its code is public (kmeng01/memit); the update is computed in `memit/memit_main.py`, function `execute_memit`.
#
# | in the paper | in the authors' code | here |
# |---|---|---|
# | Δ = R K1ᵀ (C0 + K1K1ᵀ)⁻¹ (eq. 14), where C0 already holds the weight λ | one dense `solve` in double precision, with `mom2_update_weight` times the moment | (6.4), with the weight outside: c·C0; solved by (6.6) in `solvers.gain` |
# | the weight λ | `mom2_update_weight`, 15000 in `hparams/MEMIT/EleutherAI_gpt-j-6B.json` | c; `EditorConfig.weight`, 1000 by default |
# | E[k kᵀ] over Wikipedia | `rome/layer_stats.py`: 100,000 *articles*, float32 | `key_statistics`: 100,000 *tokens*, summed in float64 |
# | the key of a fact: a mean over prefixed prompts | a mean over two kinds of context: the bare prompt, and five sampled prefixes | the same, with fixed prefixes |
# | the residual spread over layers | the distance to z, divided by the number of layers left | (6.8), `Editor.edit` |
#
# The paper starts one step earlier.
# It looks for the whole new matrix W + Δ that fits the old pairs *and* the new ones with the least squared error,
# and assumes that W is already the best for the old pairs.
# Then the old pairs' error grows by exactly ‖ΔK0‖², and that is our second wish.

# %% [markdown]
# ## Keypoints
#
# * To add up single updates interferes.
#   MEMIT solves for all facts at once.
# * It adds two wishes: small errors at the new facts, and c times a small change of known answers.
# * The best Δ is R K1ᵀ(c C0 + K1K1ᵀ)⁻¹ = R G; an n × n system is enough for G.
# * One fact gets the share s/(c + s) of its residual, with s = kᵀC0⁻¹k.
#   The mean of s over known keys is d_ff, so c must be judged against the width of the layer.
# * No c has everything: a small c costs perplexity and neighbours,
#   a large one facts, and twins need a smaller c than strangers.

# %% [markdown]
# ## Quiz
#
# **1. You make C0 from twice as much text of the same kind, and leave c as it is.
# The second wish becomes …**
#
# <details><summary>A. twice as strong</summary>
# It would, if C0 were a sum.
# It is a mean over the tokens.
# </details>
# <details><summary>B. about as strong as before</summary>
# <b>Yes.</b> The mean changes little; it only gets more reliable.
# </details>
#
# **2. c goes to zero. What does C0 still do?**
#
# <details><summary>A. Nothing: it is multiplied by zero.</summary>
# Look at the left panel of the toy figure: the star does not lie in the direction of k.
# </details>
# <details><summary>B. It still decides which of all the exact solutions is taken.</summary>
# <b>Yes.</b> Many Δ meet all new facts exactly;
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
# <details><summary>B. s/(c + s) for some facts.</summary>
# <b>Yes:</b> one solve tells you which share of z − h one layer can write at all.
# If c is far above d_ff, next to nothing.
# </details>
#
# **Further reading**
#
# * [Meng et al. 2023](https://arxiv.org/abs/2210.07229), MEMIT:
#   sections 4.2 and 4.3 are this chapter, for thousands of facts in much larger models.
# * [Gupta et al. 2024](https://arxiv.org/abs/2403.14236):
#   ROME and MEMIT as two forms of one objective, and EMMET, ROME for a batch.
# * [Gupta et al. 2025](https://arxiv.org/abs/2502.01636), ENCORE: c·C0 + λ·I together (chapter 14).
#
# **Next:** every position of the knob gives up something.
# [Chapter 7](07_null_space.ipynb) asks whether there is room to write where nobody has to be balanced against:
# a space that the known keys do not use.

# %%
chapter.report()
