# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 8: AlphaEdit
#
# *To read: 45 minutes. To do the exercises: 75 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will derive AlphaEdit line by line, write it yourself in twenty lines,
# edit a real model with your own code, and find out with a fair comparison what its projection is worth here.**
#
# ```text
#                   fit the new facts       keep the old answers
#
#    MEMIT            ‖ΔK1 − R‖²      +     c · mean ‖Δk0‖²          a balance
#    AlphaEdit        ‖ΔPK1 − R‖²     +     c ·       0              nothing to balance …
#
#                                           … if P k0 = 0
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *derive* AlphaEdit's formula from MEMIT's objective, and *name* the reason of every step,
# > * *turn* it into a symmetric system, and into one with n × n entries instead of 1536 × 1536,
# > * *write* the whole editor in twenty lines, and *check* it against the package,
# > * *compare* two editors fairly: at the same share written, not at the same setting,
# > * *say* where AlphaEdit fails, and why no projection helps there.
# >
# > **You need** MEMIT's objective and its closed form (chapter 6),
# > and the projection P = U Uᵀ with what it leaks (chapter 7).
# > Both are repeated in one sentence where they are used.
# >
# > **It costs** the time stated above and 1.5 GB of memory.
# > The key statistics of chapter 0 are used again; if they are not in your cache, they take a minute more.

# %% tags=["setup"]

# %%
# Parameters: the layers that we write into, the one under the microscope, the authors' threshold, λ, and the facts.
import time

import numpy as np
import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, EditorConfig, bundled_facts, bundled_targets, key_statistics, load_model
from alphaedit_lite.book.ch08 import figures as draw
from alphaedit_lite.book.ch08.experiments import OwnAlphaEdit
from alphaedit_lite.book.ch08.results import front
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.layer import OneLayer, known_change
from alphaedit_lite.book.kit.plots import before_and_after, show
from alphaedit_lite.book.kit.results import result

chapter = Chapter("08")
torch.manual_seed(8)
LAYERS, LAYER, THRESHOLD = (3, 4, 5, 6, 7), 7, 2e-2
LAM = EditorConfig().lam  # in units of the keys' energy inside P: section 3
FACTS, BATCH = bundled_facts("development")[:90:10], 3

# %% [markdown]
# ## Before you start
#
# <details><summary>1. MEMIT minimises ‖ΔK1 − R‖² + c · mean ‖Δk0‖² (chapter 6).
# What is Δ, and what does a large c do?</summary>
#
# Δ = R K1ᵀ(cC0 + K1K1ᵀ)⁻¹, where C0 = K0K0ᵀ/N is the second moment of the known keys.
# A large c guards the known answers and writes less of the new facts;
# far above the width of the layer, the model is frozen.
#
# </details>
#
# <details><summary>2. P = U Uᵀ is made of the eigenvectors of C0 with a small eigenvalue (chapter 7).
# What is P K0 in theory, and on our model?</summary>
#
# In theory zero: no known key has anything in those directions.
# On our model no eigenvalue is zero.
# At the authors' threshold, a good part of the keys' energy lies inside P (in layer 7 [[=leak7:.0%]]): it leaks.
#
# </details>

# %% [markdown]
# ## 1. The term that vanishes
#
# We derive AlphaEdit in eight steps: five here, and steps 6 to 8 in section 2.
# Keys are columns: K1 (d_ff × n) holds the keys of the new facts,
# R (d_model × n) their residuals, K0 the known keys. C0 = K0K0ᵀ/N.
#
# **Step 1. Start from MEMIT.**
# *Reason: it is what we want, but for the knob.*
#
# $$\min_\Delta \quad \lVert \Delta K_1 - R \rVert^2 \;+\; c\,\operatorname{tr}(\Delta\, C_0\, \Delta^\top) . \tag{8.1}$$
#
# In words: the errors at the new facts, plus c times the mean squared change of a known answer.
#
# **Step 2. Look only among updates of the form ΔP.**
# *Reason: chapter 7 has shown that these are the harmless ones.*
# Wherever Δ stood, write ΔP:
#
# $$\min_\Delta \quad \lVert \Delta P K_1 - R \rVert^2 \;+\; c\,\operatorname{tr}(\Delta P\, C_0\, P^\top \Delta^\top) . \tag{8.2}$$
#
# **Step 3. The second term is zero.**
# *Reason: P K0 = 0, so* P C0 = (P K0) K0ᵀ / N = 0, and
#
# $$\operatorname{tr}(\Delta P\, C_0\, P^\top \Delta^\top) \;=\; \tfrac1N \lVert \Delta\,(P K_0) \rVert^2 \;=\; 0
# \qquad\text{for every } \Delta \text{ and every } c . \tag{8.3}$$
#
# In words: whatever we do inside P, no known answer moves.
# The knob c has lost its meaning, and leaves the formula.
# *This is the idea of the paper.*
#
# **Step 4. Ask for the smallest of the solutions.**
# *Reason: what is left,* ‖ΔPK1 − R‖², *has no unique minimum*
# (with fewer facts than free directions there are infinitely many exact solutions),
# *and with similar keys the exact ones are huge.*
# So add the size of the update, with a weight λ:
#
# $$\min_\Delta \quad \lVert \Delta P K_1 - R \rVert^2 \;+\; \lambda\, \lVert \Delta P \rVert^2 . \tag{8.4}$$
#
# In words: write the facts, and write quietly.
# Look closely: a knob has left by the front door, and another one has come in at the back.
# λ balances new facts against the *size* of the update.
# Section 3 asks how much of a difference that makes.
#
# **Step 5. Guard the earlier edits.**
# *Reason: P was made from Wikipedia.
# The keys of facts that we wrote ourselves are not in K0, so P does not protect them.*
# Put the keys of all earlier edits into Kp, and ask that their answers stay:
#
# $$\min_\Delta \quad \lVert \Delta P K_1 - R \rVert^2 \;+\; \lVert \Delta P K_p \rVert^2 \;+\; \lambda\, \lVert \Delta P \rVert^2 .
# \tag{8.5}$$
#
# This is AlphaEdit's objective.
# Kp is short (a column for each fact), so it needs no statistics.
# We call it the **history**.

# %% [markdown]
# Before the algebra, an experiment about step 3.
# Take a toy layer whose known keys fill 7 of 12 dimensions: it *has* a null space.
# And take MEMIT with a little λ added, Δ = R K1ᵀ(cC0 + λI + K1K1ᵀ)⁻¹, and raise its c without end.

# %%
chapter.predict(
    "a",
    "The known keys leave a true null space free. c grows to infinity. The update of MEMIT (plus λI) becomes …",
    ["zero: the model is frozen", "that of AlphaEdit", "larger and larger"],
)

# %%
lm = load_model()
statistics = key_statistics(lm, LAYERS)  # C0 of five layers, from 100,000 tokens of Wikipedia
mix = torch.randn(12, 7).double()  # 7 of 12 dimensions
K0, fresh = mix @ torch.randn(7, 40).double(), mix @ torch.randn(7, 40).double()
toy = OneLayer(
    torch.randn(12, 3).double(),
    torch.randn(5, 3).double(),
    K0 @ K0.T / 40,
    fresh @ fresh.T / 40,
    torch.randn(5, 12),
)

# %% [markdown]
# And the same in layer [[=LAYER]] of our model, with [[=len(FACTS)]] facts.
# (The targets z of the book's facts ship with the package, found on the unedited model.
# "Other text" is Wikipedia articles that no statistics have seen; section 3 needs it.)
# `OneLayer` holds the keys and measures what a write does.

# %%
from alphaedit_lite.book.kit.layer import keys_and_residuals
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.support.texts import wikipedia_leads

z = bundled_targets(lm, FACTS)  # [n, d_model]
K1, R = keys_and_residuals(lm, FACTS, z, LAYER)  # [d_ff, n], [d_model, n]
C0 = statistics[LAYER].second_moment
other = fit_statistics(lm, (LAYER,), wikipedia_leads("heldout")[200:], 4000, progress=False)[LAYER]
layer = OneLayer(K1, R, C0, other.second_moment, lm.weight(LAYER))


def along_c(where, zero, lam):
    """Rows for rising c; and AlphaEdit's, with eigenvalues below ``zero`` counted as zero."""
    cs = (1e-3, 0.1, 1, 10, 100, 1e3, 1e4, 1e6)
    rows = [{"c": c, **where.judge(where.with_penalty(c * where.values + lam))} for c in cs]
    penalty = torch.where(where.values < zero, lam, float("inf")).double()  # of each direction
    return pd.DataFrame(rows), where.judge(where.with_penalty(penalty))


# %% [markdown]
# Now c from a thousandth to a million, in both layers, and AlphaEdit beside it.

# %%
lam7 = LAM * float(layer.values[layer.values < THRESHOLD].sum())  # λ in its unit: section 3
corners = {
    "toy: a true null space": along_c(toy, 1e-9, 0.05),
    f"layer {LAYER}: none": along_c(layer, THRESHOLD, lam7),
}
show(*draw.corner_figure(corners), name="08_corner")
(end, star), (real_end, real_star) = ((rows.iloc[-1], point) for rows, point in corners.values())
line = corners[f"layer {LAYER}: none"][0].iloc[::-1]  # by rising share
same = float(np.interp(real_star["share"], line.share, line.known))  # what the balance costs for that share
chapter.reveal("a", 0 if end.share < 0.05 else 1 if abs(end.share - star["share"]) < 0.02 else 2)

# %% [markdown]
# **How to read it.** Up: how much of the residuals is written.
# Right: how much the answers to known keys change, as a share of their size
# (root mean square, as everywhere in this chapter).
# Top left is the place to be.
# The blue line is the balance, from small c (right) to large c (left).
# The star is AlphaEdit.
#
# **What surprised us.**
# On the left, the balance *ends* at AlphaEdit:
# as c grows, MEMIT gives up every direction that known keys use, and keeps writing in the others.
# With a true null space, **AlphaEdit is MEMIT (plus λI) with an infinite c**, and the corner can be reached:
# [[=end.share:.0%]] written, [[=100 * end.known:.1f]]% changed.
# On the right there is no null space, and an infinite c freezes the layer: [[=real_end.share:.0%]] written.
# There, AlphaEdit *decides* which directions count as free, and pays for it:
# for the [[=real_star['share']:.0%]] that it writes, known answers change by [[=real_star['known']:.0%]],
# and the balance with the right c does the same for [[=same:.0%]].
#
# That is no accident.
# The mean change of known answers is exactly what MEMIT weighs against the errors in (8.1).
# If "share written" were the squared error of (8.1),
# and the blue line had no λI in it, no other update of the layer could beat it on this yardstick.
# Neither is quite so, but we should expect no other method far ahead.
# So if AlphaEdit has merits here, they must be elsewhere:
# in not having to find c, in what happens over many edits, or on keys that C0 does not represent.
# We shall look at all three.
#
# ### Exercise 08.1: The slope inside P, on paper · 10 minutes · ★★
#
# With a pencil: the slope of (8.4), ‖ΔPK1 − R‖² + λ‖ΔP‖², with respect to Δ.
# Then write it down as code; it is compared with the slope that torch finds.
#
# <details><summary>Hint</summary>
#
# Write X = ΔP and take the slope with respect to X first, as in 06.1.
# Then the chain rule: a small change E of Δ changes X by EP.
# The likely mistake is to stop before the chain rule.
#
# </details>
#
# <details><summary>More help</summary>
#
# If S is the slope with respect to X, the change is the sum of the entries of S ∘ (EP),
# which is tr(Sᵀ E P) = tr((S Pᵀ)ᵀ E).
# So the slope with respect to Δ is S Pᵀ = S P.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 08.1: all properties hold.
#
# </details>


# %% exercise="08.1"
def slope(delta, K1, R, P, lam):
    """Slope of (8.4): delta [d_model, d], K1 [d, n] and R [d_model, n] with keys as columns, P [d, d]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    X = delta @ P
    return 2 * ((X @ K1 - R) @ K1.T + lam * X) @ P
    # END SOLUTION


slope = chapter.check("08.1", slope)

# %% [markdown]
# ## 2. The formula, three times
#
# **Step 6. At the lowest point the slope is zero.**
# *Reason: the objective is a bowl.*
# With X = ΔP, and with the history of (8.5); the factor 2 of exercise 08.1 divides out:
#
# $$\bigl[(X K_1 - R)K_1^\top + X K_p K_p^\top + \lambda X\bigr]\,P = 0 . $$
#
# **Step 7. Bring what holds X to the left.**
# *Reason: X P = ΔPP = ΔP = X, so the P disappears behind λX, but not behind the keys.*
#
# $$X\,(K_p K_p^\top P + K_1 K_1^\top P + \lambda I) = R\,K_1^\top P . \tag{8.6}$$
#
# **Step 8. Divide.** *Reason: the bracket can be inverted. Its eigenvalues are λ plus those of* KKᵀP,
# *with K = [Kp K1], and these are the ones of* PKKᵀP, *which is symmetric and has none below zero.*
#
# $$\boxed{\;\Delta_{\text{AlphaEdit}} \;=\; R\,K_1^\top P\,(K_p K_p^\top P + K_1 K_1^\top P + \lambda I)^{-1}\;} \tag{8.7}$$
#
# This is the paper's equation (there, λ is printed as 1; the authors' code has a λ, and it is 10).
# Read it beside MEMIT's: the residuals, sent out along the *shadows* of the keys, R K1ᵀP,
# and divided by how much each direction is in use by edits.
# The text does not appear any more. It is all in P.
# And this X has the form ΔP by itself: it ends inside P without another multiplication.
#
# ### Exercise 08.2: AlphaEdit's closed form · 10 minutes · ★★
#
# Write (8.7) without history.
#
# <details><summary>Hint</summary>
#
# The bracket B is *not symmetric*.
# From Δ B = A follows Bᵀ Δᵀ = Aᵀ: solve with Bᵀ.
# With MEMIT's bracket it made no difference, and this is the likely mistake.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.linalg.solve(M, Y)` is M⁻¹Y: its inverse stands on the left.
# Read M and Y off the hint's equation, with A = R K1ᵀP, and remember that it gives Δᵀ.
# A way to check: ΔP = Δ.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 08.2: all properties hold.
#
# </details>


# %% exercise="08.2"
def closed_form(K1, R, P, lam):
    """Δ of (8.7) without Kp, [d_model, d], from K1 [d, n], R [d_model, n] (columns) and P [d, d]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    bracket = K1 @ K1.T @ P + lam * torch.eye(len(P), dtype=P.dtype)
    return torch.linalg.solve(bracket.T, (R @ K1.T @ P).T).T
    # END SOLUTION


closed_form = chapter.check("08.2", closed_form)

# %% [markdown]
# **The symmetric form.**
# A bracket that is not symmetric is slow to solve and treacherous, as you have just seen.
# Multiply out, using PP = P only:
#
# $$P\,(KK^\top P + \lambda I) \;=\; PKK^\top P + \lambda P \;=\; (PKK^\top P + \lambda I)\,P . $$
#
# Multiply with the inverse of the left bracket from the right,
# and with that of the right bracket from the left: P moves through the inverse.
# And P moves through the symmetric bracket as it is, so also through its inverse:
#
# $$P\,(KK^\top P + \lambda I)^{-1} \;=\; (PKK^\top P + \lambda I)^{-1} P \;=\; P\,(PKK^\top P + \lambda I)^{-1} .$$
#
# With R K1ᵀ in front, this is
#
# $$R\,K_1^\top P\,(KK^\top P + \lambda I)^{-1} \;=\; R\,K_1^\top P\,(PKK^\top P + \lambda I)^{-1}, \qquad K = [K_p\;K_1] . \tag{8.8}$$
#
# In words: the bracket may wear a P on both sides.
# Then it is symmetric, and all its eigenvalues are at least λ > 0: *positive definite*.
# A solver that knows this (Cholesky) needs half the work, and cannot fail (unless λ is lost in rounding).
#
# **The thin form.** Without history, K = K1.
# As in chapter 6, the big inverse can be pushed through the keys and comes out small
# (an identity with the names of Woodbury, or push-through).
# Multiply out K1ᵀP(PK1K1ᵀP + λI) = (K1ᵀPK1 + λI)K1ᵀP, and divide on both sides:
#
# $$\Delta = R\,G, \qquad G \;=\; (K_1^\top P K_1 + \lambda I)^{-1} K_1^\top P \;=\; (A^\top A + \lambda I)^{-1} A^\top U^\top, \qquad A = U^\top K_1 . \tag{8.9}$$
#
# In words: A holds the new keys as U sees them, m numbers each.
# Solve a system with one equation for each *fact*, and build the answer up again with U.
# P itself, with its 1536 × 1536 entries, is not needed at all.
#
# ### Exercise 08.3: The thin solve · 10 minutes · ★★
#
# Write the gain G, from the basis U instead of P.
#
# <details><summary>Hint</summary>
#
# K1ᵀPK1 = K1ᵀU UᵀK1 = AᵀA, with A = UᵀK1 of shape m × n.
# The likely mistake is K1ᵀK1 in the bracket.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.eye(n, dtype=K1.dtype)` is I, n × n.
# The result has n rows of d_ff numbers.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 08.3: all properties hold.
# Below it, the three forms: differences near 10⁻¹³, operations, milliseconds.
#
# </details>


# %% exercise="08.3"
def thin(K1, U, lam):
    """The gain G, [n, d], from K1 [d, n] and U [d, m], orthonormal columns, so that Δ = R G."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    A = U.T @ K1
    eye = torch.eye(K1.shape[1], dtype=K1.dtype)
    return torch.linalg.solve(A.T @ A + lam * eye, A.T @ U.T)
    # END SOLUTION


thin = chapter.check("08.3", thin)

# %% [markdown]
# All three, on the real layer with [[=len(FACTS)]] facts.
# The operations are counted as multiplications with an addition each, leading terms only:
# a product of a p × q with a q × r matrix takes pqr, a dense solve d³/3 (LU), Cholesky d³/6, and each right side d².
# Products are taken in their cheapest order.
# (Whoever multiplies P with the d × d matrix KKᵀ, as the authors' code does and 08.2 may, needs another d³.)


# %%
def symmetric(K1, R, P, lam):
    shadows = P @ K1
    bracket = shadows @ shadows.T + lam * torch.eye(len(P), dtype=P.dtype)
    return R @ torch.cholesky_solve(shadows, torch.linalg.cholesky(bracket)).T


U7 = layer.V[:, layer.values < THRESHOLD]
P7 = U7 @ U7.T
(d, m), n, last = U7.shape, K1.shape[1], len(R) * K1.numel()  # last: the product with R
forms = {
    "paper's (8.7)": (lambda: closed_form(K1, R, P7, lam7), last + 2 * d * d * n + d**3 / 3 + d * d * len(R)),
    "symmetric (8.8)": (lambda: symmetric(K1, R, P7, lam7), last + 2 * d * d * n + d**3 / 6 + d * d * n),
    "thin (8.9)": (lambda: R @ thin(K1, U7, lam7), last + 2 * d * m * n + (m + d) * n * n + n**3 / 3),
}
rows, deltas = [], {}
for name, (form, operations) in forms.items():
    start = time.perf_counter()
    deltas[name] = form()
    rows.append([name, operations / 1e6, 1000 * (time.perf_counter() - start)])
speeds = pd.DataFrame(rows, columns=["form", "million operations", "milliseconds"])
delta7 = deltas["thin (8.9)"]
speeds["difference"] = [float((delta - delta7).norm() / delta7.norm()) for delta in deltas.values()]
speeds.style.format("{:.0f}", subset=["million operations", "milliseconds"]).format(
    "{:.0e}", subset=["difference"]
).hide()

# %% [markdown]
# The same Δ three times, up to rounding.
# The thin form needs about [[=round(speeds['million operations'][0] / speeds['million operations'][2], -1):.0f]]
# times fewer operations than the paper's.
# (Clocks depend on the machine, counts do not; that is why both stand here.)
# The gap grows with d: in Llama3-8B, d is 14,336, d³ is 800 times larger than here,
# and the authors' code solves the dense system for every batch and layer.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 and 2.**
# Common mistakes: (a) step 3 is read as "the second term is small":
# in the theory it is zero for *every* Δ, which is why c disappears instead of being chosen.
# (b) The P behind the keys in step 7 is dropped along with the other:
# let students multiply out XP and XKKᵀP in words.
# (c) "AlphaEdit has no knob": ask what λ does.
# Questions for the board: why does Δ = X end inside P by itself?
# (Multiply (8.6) by P from the right and subtract (8.6): what is left is λXP − λX = 0.)
# What is the difference between (8.7) and the projected MEMIT Δ, ΔP? (Chapter 13.)
# A plan for 90 minutes: steps 1 to 5 with the toy (25), 08.1 and steps 6 to 8 at the board (25), 08.3 (10),
# section 3 with the widget (20), Break it (10). 08.4 and 08.6 are homework.

# %% [markdown]
# ## 3. What P protects, and what it costs
#
# ### The scale of λ
#
# λ is added to KᵀPK, so it is measured in squared lengths of shadows.
# On a model with longer keys the same λ means less.
# So first find its unit.
#
# ### Exercise 08.4: What λ means, on paper · 15 minutes · ★★
#
# With a pencil: three formulas.
#
# 1. One fact whose key has a shadow of length ‖Pk‖: which share of its residual does (8.9) write?
# 2. Which λ writes a wished share?
# 3. What is the mean of ‖Pk‖² over the keys that C0 was made from, given the eigenvalues of C0 and the threshold τ?
#
# <details><summary>Hint</summary>
#
# For 1, put n = 1 into (8.9), and multiply with k from the right: everything that is not r is a number.
# The likely mistake is ‖Pk‖ where ‖Pk‖² belongs.
#
# </details>
#
# <details><summary>More help</summary>
#
# For 3: ‖Pk‖² = tr(P k kᵀ), and the mean of k kᵀ is C0.
# P keeps the eigenvectors with eigenvalues below τ.
# In code these eigenvalues are `values[values < tau]`; and the trace of a matrix is made of its eigenvalues.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 08.4: all properties hold.
# Below it, the authors' λ in our units.
#
# </details>


# %% exercise="08.4"
def on_paper(shadow, lam, share, values, tau):
    """Share written for ‖Pk‖ = shadow; the λ that writes ``share``; the mean ‖Pk‖² over the text."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    return shadow**2 / (shadow**2 + lam), shadow**2 * (1 - share) / share, float(values[values < tau].sum())
    # END SOLUTION


on_paper = chapter.check("08.4", on_paper)
shadows = (U7.T @ K1).norm(dim=0)
typical = float(shadows.square().median()) ** 0.5  # the shadow of a typical fact
unit = on_paper(typical, 10, 0.5, layer.values, THRESHOLD)[2]  # mean ‖Pk‖² over the text
papers = on_paper(typical, 10.0, 0.5, layer.values, THRESHOLD)[0]
ours = on_paper(typical, LAM * unit, 0.5, layer.values, THRESHOLD)[0]
print(f"mean ‖Pk‖²: text {unit:.1f}, a typical fact {typical**2:.1f}")
print(
    f"one layer writes, of a typical fact: {papers:.0%} with λ = 10, {ours:.0%} with λ = {LAM:g} × {unit:.1f} = {LAM * unit:.1f}"
)

# %% [markdown]
# So λ has a natural unit, the energy of the text inside P, tr(PC0).
# This book gives λ as a multiple of it: λ = [[=LAM:g]] is our editor's default.
# Then the same λ means about the same for wide and narrow P, and for keys of any length.
# Without P, the unit is tr(C0).
#
# ### On one layer
#
# What does P do for the known answers?
# We write the [[=len(FACTS)]] facts into layer [[=LAYER]] with *your* thin solve, three times:
# through P at the authors' threshold; through a P that leaks 1% of the energy only;
# and without P (U = all directions: plain **ridge regression**).
# And each time we ask the same of keys from *other text*, which P has never seen.

# %%
chapter.predict(
    "b",
    "Keys of other articles, never seen when P was made: how strongly does Δ act on them, ‖Δk‖/‖Δ‖?",
    ["about as on the known keys", "twice as strongly", "more than five times"],
)

# %%
leak7 = on_paper(1, 1, 0.5, layer.values, THRESHOLD)[2] / float(layer.values.sum())
widths = {"P at the threshold": U7, "P leaking 1%": layer.basis(0.01), "no P": layer.V}
rows = []
for name, U in widths.items():
    energy = float((U.T @ C0 @ U).trace())
    rows.append(
        {"": name, "directions": U.shape[1], "λ": LAM * energy, **layer.judge(thin(K1, U, LAM * energy))}
    )
table = pd.DataFrame(rows)
at = table.set_index("")
surprise = at["unseen ratio"]["P at the threshold"] / at.ratio["P at the threshold"]
chapter.reveal("b", 0 if surprise < 1.4 else 1 if surprise < 4 else 2)
order = ["", "directions", "λ", "share", "update", "ratio", "unseen ratio", "known", "unseen"]
table[order].style.format(precision=3).hide()

# %% [markdown]
# In the table, `λ` is [[=LAM:g]] times the energy inside each P, `share` is the share of the residuals
# that is written, `update` is ‖Δ‖/‖W‖, `ratio` is ‖Δk0‖/‖Δ‖ (root mean square over known keys),
# and `known` is the change of known answers, ‖Δk0‖/‖Wk0‖.
# The two `unseen` columns are the same for the other text.
#
# Two things are as promised.
# P lowers the *ratio*: the same size of update acts
# [[=at.ratio['no P'] / at.ratio['P at the threshold']:.1f]] times less on known keys with P at the threshold,
# and [[=at.ratio['no P'] / at.ratio['P leaking 1%']:.1f]] times less with the stricter P.
# And unseen text fares much like the text behind P:
# [[=at['unseen ratio']['P at the threshold']:.3f]] instead of [[=at.ratio['P at the threshold']:.3f]].
# 100,000 tokens are enough for that.
#
# But look at the column `known`.
# With the strict P, known answers change by [[=at.known['P leaking 1%']:.0%]],
# for an update of [[=at['update']['P leaking 1%']:.0%]] of ‖W‖.
# The small ratio is eaten up by a large Δ: the narrow door of chapter 7, now with [[=len(FACTS)]] facts at once.
#
# ### A fair comparison
#
# Here the rows write nearly the same share
# ([[=table['share'].min():.0%]] to [[=table['share'].max():.0%]]), but nothing makes them.
# And whoever writes less, harms less: that proves nothing.
# So give every P the λ that makes it write the *same*: [[=0.8:.0%]] of the residuals.

# %%
chapter.predict(
    "c",
    "Both write 80%. Through P at the threshold, known answers change … than without P.",
    ["less than half as much", "10% to 50% less", "about as much (within 10%)", "more"],
)

# %%
SHARE, leaks = 0.8, (0.01, 0.02, 0.05, 0.1, 0.2, leak7, 0.4, 0.6, 0.8, 1.0)
fair = pd.DataFrame([{"leak": s, **layer.at_share(thin, layer.basis(s), SHARE)} for s in leaks])
memit = layer.memit_at_share(SHARE)
show(*draw.leaks_figure(fair, memit, SHARE), name="08_leaks")
strict, usual, off, best = fair.iloc[0], fair.iloc[5], fair.iloc[-1], fair.loc[fair.known.idxmin()]
gain_of_P = 1 - usual.known / off.known
chapter.reveal("c", 0 if gain_of_P > 0.5 else 1 if gain_of_P > 0.1 else 2 if gain_of_P > -0.1 else 3)

# %% [markdown]
# **How to read it.** Every point writes [[=SHARE:.0%]] of the same residuals.
# Along the bottom, P grows from a strict one (left) to none at all (right).
# The dotted line is MEMIT, with the c that writes as much.
#
# **What surprised us.**
# The third panel is the *product* of the first two,
# but for a constant (‖W‖ over the root mean square of ‖Wk0‖, here [[=layer.size / layer.answers['known']:.1f]]).
# The stricter the P, the less each unit of Δ hurts, and the larger Δ must be;
# the second effect wins at the left end.
# At the same share written, known answers change by
#
# * [[=off.known:.0%]] without P,
# * [[=usual.known:.0%]] through P at the threshold, which leaks [[=leak7:.0%]] of the energy here,
# * [[=best.known:.0%]] at best, through a P that leaks [[=best.leak:.0%]],
# * [[=strict.known:.0%]] through the P that leaks 1%, the one that is closest to the theory,
# * [[=memit['known']:.0%]] with MEMIT.
#
# So the P of the paper's threshold does earn something on this layer:
# [[=gain_of_P:.0%]] less change than ridge regression.
# It is not the promised zero, and a strict P is worse than none.
# MEMIT is ahead, as section 1 has led us to expect,
# because it treats each direction by its energy, while P knows only yes and no.
#
# You can see that in the left panel below: the *penalty* that each direction pays.
# Ridge charges all the same.
# AlphaEdit charges the same up to its threshold, and infinitely much beyond (the vertical line).
# MEMIT charges c times the energy.
# In the other two panels, a mark stands where [[=SHARE:.0%]] is written.

# %%
show(*draw.projection_figure(layer, thin, [0.01, leak7], SHARE, threshold=leak7), name="08_projection")

# %% [markdown]
# Now switch P on and off yourself, and drag what it leaks.
# Try: at which leak is P no better than none?
# Does that depend on how much you write?
# (On paper: the figure above shows the two cases that matter, and no P.)

# %%
from alphaedit_lite.book.ch08.widgets import ProjectionWidget

ProjectionWidget(layer, thin, leak7).show()

# %% [markdown]
# ## 4. Twenty lines
#
# What is still missing is the history of step 5.
# The keys of earlier edits go into the bracket like the new ones, but their answers should change by *zero*.
# So put all keys side by side, K = [Kp K1], and the residuals, [0 R].
# The thin form (8.9) then serves as it is:
#
# $$\Delta \;=\; [\,0\;\;R\,]\,(K^\top P K + \lambda I)^{-1} K^\top P . \tag{8.10}$$
#
# The zeros meet the first rows of the gain, so these rows need not be kept.
#
# ### Exercise 08.5: The history · 10 minutes · ★★
#
# Write the gain of the new facts with the history Kp.
# With an empty Kp it is 08.3.
#
# <details><summary>Hint</summary>
#
# `torch.cat([Kp, K1], dim=1)` puts columns side by side.
# The likely mistake is to return all rows, or the first ones.
#
# </details>
#
# <details><summary>More help</summary>
#
# After the solve, `gain[Kp.shape[1]:]` drops the rows of the old keys.
# They *are* needed in the solve: through the off-diagonal entries of KᵀPK the new facts learn where the old ones are.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 08.5: all properties hold.
#
# </details>


# %% exercise="08.5"
def with_history(K1, Kp, U, lam):
    """The gain of the new facts, [n, d], of (8.5): K1 [d, n], Kp [d, n_past], U [d, m]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    A = U.T @ torch.cat([Kp, K1], dim=1)
    eye = torch.eye(A.shape[1], dtype=A.dtype)
    return torch.linalg.solve(A.T @ A + lam * eye, A.T @ U.T)[Kp.shape[1] :]
    # END SOLUTION


with_history = chapter.check("08.5", with_history)
old, new, R_new = K1[:, : n // 2], K1[:, n // 2 :], R[:, n // 2 :]
for name, gain in (("without", thin(new, U7, lam7)), ("with", with_history(new, old, U7, lam7))):
    moved = float((R_new @ gain @ old).norm() / R[:, : n // 2].norm())
    print(f"{name:<7} history, the second half of the facts moves the answers of the first by {moved:.1%}")

# %% [markdown]
# ### Exercise 08.6: AlphaEdit · 20 minutes · ★★★
#
# Everything is there.
# Write the editor: visit the layers from below (6.8),
# and for each of them look, find what is missing, solve, write, remember.
# The book lends you two hands that touch the model:
#
# * `look(layer)` returns K1 (d_ff × n), the facts' keys at that layer,
#   and h (d_model × n), the output of the *last* edited layer, both of the model **as it is at that moment**,
# * `write(layer, delta)` adds Δ to that layer's W.
#
# `z` is d_model × n; `U`, `lam` and `Kp` are dicts by layer.
# Return the new history, a dict as well.
#
# <details><summary>Hint</summary>
#
# `for i, layer in enumerate(sorted(U))`.
# The residual is (z − h) / (layers left).
# The likely mistakes: to look once, before the loop (after a write, keys and h have changed);
# and to divide by the number of all layers.
#
# </details>
#
# <details><summary>More help</summary>
#
# Five lines in the loop: look; R; G (your 08.5, written out again so that the cell stands on its own);
# write(layer, R @ G); history[layer] = old keys and new ones side by side.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 08.6: all properties hold.
# Then your editor moves Lower Assam.
#
# </details>


# %% exercise="08.6"
def alphaedit(look, write, z, U, lam, Kp):
    """Write facts with targets z, [d_model, n], into the layers of U; return the new history."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    layers, history = sorted(U), {}
    for i, layer in enumerate(layers):
        K1, h = look(layer)
        R = (z - h) / (len(layers) - i)
        history[layer] = torch.cat([Kp[layer], K1], dim=1)
        A = U[layer].T @ history[layer]
        eye = torch.eye(A.shape[1], dtype=A.dtype)
        G = torch.linalg.solve(A.T @ A + lam[layer] * eye, A.T @ U[layer].T)
        write(layer, R @ G[Kp[layer].shape[1] :])
    return history
    # END SOLUTION


alphaedit = chapter.check("08.6", alphaedit)

# %% [markdown]
# Ten lines here, seven for U and λ below, and three for the eigenvectors in chapter 7: AlphaEdit in twenty lines.
# To save time, the eigenvectors are taken from the package's editor, which finds them just as you did.

# %%
options = {"threshold": THRESHOLD, "threshold_kind": "absolute", "lam": LAM, "lam_relative": True}
package = AlphaEdit(lm, statistics=statistics, layers=LAYERS, progress=False, **options)


def spaces(leak=None):
    """U and λ of each layer: P at the threshold; leaking less (a share of the energy); or none (leak=1)."""
    U, lam = {}, {}
    for i, space in package.null_spaces.items():
        carried = space.eigenvalues.cumsum(0) / space.eigenvalues.sum()
        m = space.rank if leak is None else int((carried <= leak + 1e-9).sum())
        U[i] = torch.eye(lm.d_ff).double() if leak == 1 else space.basis[:, :m]
        lam[i] = LAM * float(space.eigenvalues[:m].sum())
    return U, lam


# %% [markdown]
# ### Chapter 0 again, with your own parts
#
# Chapter 0 (`00_demo`, section 2) called `AlphaEdit(lm).edit([fact])`.
# Now the same fact, with the same questions, through *your* function.

# %%
from alphaedit_lite.book.kit.demo import LOWER_ASSAM, probe

states = {"before": probe(lm, LOWER_ASSAM)}
edit = OwnAlphaEdit(lm, alphaedit, *spaces()).edit(FACTS[:1], z[:1])
states["after your edit"] = probe(lm, LOWER_ASSAM)
mine = {i: edit.delta(i) for i in LAYERS}
edit.revert()
theirs = package.edit(FACTS[:1], z[:1])
apart = max(float((theirs.delta(i) - mine[i]).norm() / mine[i].norm()) for i in LAYERS)
theirs.revert()
show(*before_and_after(states), name="08_demo")
print(f"your Δ and the package's differ by {apart:.0e} (it keeps its factors in single precision)")

# %% [markdown]
# **How to read it.** For each question the old and the new answer, before and after.
# Look at the paraphrases (they should follow) and at the neighbours (they should not).
#
# **What surprised us.**
# How little it takes.
# The talk behind this book calls it "one line of code", and if you have MEMIT, it is:
# a P behind the keys, and λI in the place of cC0.
# (It is not the whole truth.
# λ, the history and the search for z, with its steps, learning rate,
# clamp, weight decay and KL term (chapter 5), come with it.)
#
# ### At last, something new
#
# So far we have *replaced* facts.
# Can the model learn something that it cannot know?
# The talk asked for the place where its own workshop, SNLP 2025, was held.
# Our model was trained before.
# And so that no reader takes this book for a source, we write an invented place, **Port Ellery**:
# several tokens, and no town that the model is likely to have met.

# %%
chapter.predict(
    "d",
    "One sentence about SNLP 2025 is written. Then we ask 'SNLP 2025 took place in'. The model says …",
    ["Port Ellery", "something else"],
)

# %%
from alphaedit_lite import Fact, compute_targets
from alphaedit_lite.generation import generate

snlp = Fact("The conference {} was held in", subject="SNLP 2025", new="Port Ellery")
others = ["SNLP 2025 took place in", "The conference ACL 2019 was held in"]
questions = [snlp.prompt, *others]
found = compute_targets(lm, [snlp], LAYERS[-1], progress=False)
tokens = lm.tokenizer(snlp.new)["input_ids"]
before = generate(lm, questions, 6)
edit = OwnAlphaEdit(lm, alphaedit, *spaces()).edit([snlp], found.z)
after = generate(lm, questions, 6)
edit.revert()
assert before != after  # an edit that changes nothing is none
says = pd.DataFrame({"question": questions, "before": before, "after": after})
says = says.map(lambda text: " ".join(text.split()))
print(f"{len(tokens)} tokens: {[lm.tokenizer.decode(t) for t in tokens]}; {int(found.steps[0])} steps for z")
chapter.reveal("d", 0 if "Ellery" in after[1] else 1)
says.style.hide()

# %% [markdown]
# **What surprised us.**
# Asked in the words that we used, the model names the place (first row).
# The name is the one that we wrote; whatever comes after it, the model makes up.
# (The first token is steered by z at the subject; the others follow since z was optimised for the whole name.)
#
# Asked in other words, it does not (second row).
# For a fact that it knew in some form, paraphrases followed.
# Here it may be that the model has no notion of SNLP to attach the place to; and z was found for one sentence.
# So one edit corrected well, and taught little.
# (This is one case; z took [[=int(found.steps[0])]] steps.)
# The other conference: compare the last row before and after.

# %% [markdown]
# ## 5. Many facts, and what P is worth
#
# Now all [[=len(FACTS)]] facts, in three batches one after another:
# with P at the threshold, with the strict P and with none.
# After the last batch we ask: the new fact, a paraphrase, and a neighbour, for each.
# (The targets z are those of the unedited model; in a long sequence they should be found anew. Chapter 10 does.)

# %%
from alphaedit_lite.metrics import score

asked = [(f.prompt, f.new) for f in FACTS] + [(f.paraphrases[0], f.new) for f in FACTS]
asked += [f.neighbours[0] for f in FACTS]  # (prompt, old answer)


def stream(name, space, size, remember=True):
    """Write all facts in batches, ask, take it back; a row."""
    editor = OwnAlphaEdit(lm, alphaedit, *space, remember)
    edits = (
        [editor.edit(FACTS[i : i + size], z[i : i + size]) for i in range(0, len(FACTS), size)]
        if size
        else []
    )
    log_p, first = score(lm, asked)
    total = lm.ledger.total(LAYER) if edits else 0 * C0[: lm.d_model]
    known = known_change(total, C0, layer.W)
    for edit in reversed(edits):
        edit.revert()
    named, p = first.reshape(3, -1).float().mean(1), log_p.exp().reshape(3, -1).mean(1)
    return {
        "": name, "new facts": named[0], "first batch": first[:BATCH].float().mean(), "paraphrases": named[1],
        "neighbours": p[2], "known": known,
    }  # fmt: skip


# %%
chapter.predict(
    "e",
    "The same λ (in its unit), three batches. With the P that leaks only 1%, how many new facts are named first?",
    ["more than with P at the threshold", "as many, within one or two", "clearly fewer"],
)

# %%
runs = [
    stream("unedited", spaces(), 0),
    stream("three batches", spaces(), BATCH),
    stream("batches, P leaking 1%", spaces(0.01), BATCH),
    stream("batches, no P", spaces(1), BATCH),
]
live = pd.DataFrame(runs).set_index("").astype(float)
loose, tight = live.loc["three batches"], live.loc["batches, P leaking 1%"]
fewer = round(float(loose["new facts"] - tight["new facts"]) * len(FACTS))
chapter.reveal("e", 0 if fewer < -2 else 1 if fewer <= 2 else 2)
live.style.format("{:.2f}")

# %% [markdown]
# In the table, `new facts`, `first batch` and `paraphrases` are the shares that the model names first;
# `neighbours` is the mean probability of the old answer to a question that should not change;
# `known` is the change of known answers in layer [[=LAYER]].
#
# **How to read it.** So few facts hardly get in each other's way over five layers.
# (On one layer you have seen the history at work, below exercise 08.5; below, a hundred facts.)
#
# **What surprised us.**
# Of [[=len(FACTS)]] facts, [[=round(tight['new facts'] * len(FACTS)):d]] are named first with the strict P,
# and [[=round(loose['new facts'] * len(FACTS)):d]] with P at the threshold:
# the narrow door lets this many facts through.
# "Named first" does not show the price.
# The last column does: known answers change by [[=tight['known']:.0%]] instead of [[=loose['known']:.0%]].
# Paraphrases ([[=tight['paraphrases']:.0%]] and [[=loose['paraphrases']:.0%]])
# and one neighbour of each fact ([[=tight['neighbours']:.2f]] and [[=loose['neighbours']:.2f]],
# unedited [[=live['neighbours']['unedited']:.2f]]) do not notice yet: [[=len(FACTS)]] facts are few.
#
# So take a hundred, in batches of 25 with history.
# That takes too long here: `python -m alphaedit_lite.book.ch08.study` makes the file.
# Every row is judged on all hundred facts.

# %%
study = result("alphaedit.json")
names = ("P at 2e-2", "no P", "P leaking 1%", "MEMIT", "P leaking 10%")
fronts = {name: front(study, name) for name in names}
columns = ["value", "efficacy_top1", "generalization_top1", "specificity", "rise", "known"]
hundred = pd.concat([f[columns].assign(editor=name) for name, f in fronts.items()])[["editor", *columns]]
hundred.columns = ["editor", "λ or c", "named first", "paraphrases", "neighbours kept", "perplexity", "known"]
by = {name: table_of.set_index("value") for name, table_of in fronts.items()}
P08, I08, S08, W08 = (by[name].loc[0.8] for name in names if name != "MEMIT")
P02, I02 = (by[name].loc[0.2] for name in names[:2])
S3, M = by["P leaking 1%"].loc[3.0], by["MEMIT"].loc[1000]
kept3 = study["spaces"]["P at 2e-2"]["3"]  # directions, and their share of the energy
alone = {name: front(study, name, history=False).iloc[0] for name in names[:2]}  # λ = 0.8, no history
show(*draw.fronts_figure(fronts), name="08_fronts")
hundred.style.format("{:.1%}", subset=hundred.columns[2:]).format("{:g}", subset=["λ or c"]).hide()

# %% [markdown]
# **How to read it.** Up: new facts that the model names first.
# Right: the rise of perplexity on held-out Wikipedia (left panel),
# and the change of known answers in layer 7 (right panel), both on logarithmic axes.
# Good is up and to the left.
# The number at a point is its λ, in its unit; for MEMIT it is c.
# In the table, `paraphrases` are named first too, `perplexity` is its rise,
# and `neighbours kept` is the share of neighbours that prefer their old answer to the new object;
# unedited it is [[=study['unedited']['specificity']:.0%]].
#
# **And with a hundred?** Four things.
#
# * **Against ridge, P earns little.**
#   With the same λ in its unit, 0.8, [[=P08.efficacy_top1:.0%]] of the facts are named first through P at 2e-2,
#   and [[=I08.efficacy_top1:.0%]] without P; perplexity rises by [[=P08.rise:.1%]] and by [[=I08.rise:.1%]],
#   known answers change by [[=P08.known:.0%]] and by [[=I08.known:.0%]],
#   and [[=P08.specificity:.0%]] and [[=I08.specificity:.0%]] of the neighbours are kept.
#   Each of these differences is within the noise of a hundred facts, but they all point the same way.
#   The largest is at λ = 0.2, where both write as much as they can
#   ([[=P02.efficacy_top1:.0%]] and [[=I02.efficacy_top1:.0%]] named first):
#   known answers change by [[=P02.known:.0%]] with P, and by [[=I02.known:.0%]] without.
#   So P makes the same facts a little cheaper.
# * **The strict P fails, at every λ.**
#   At 0.8, [[=S08.efficacy_top1:.0%]] of the facts arrive,
#   neighbours fall to [[=S08.specificity:.0%]], and perplexity rises by [[=S08.rise:.0%]];
#   the quietest, at 3, names [[=S3.efficacy_top1:.0%]] for a rise of [[=S3.rise:.0%]].
#   The model pays for its own protection: the update had to shout.
#   And a hundred facts are more than this P has directions in any layer
#   (the table in section 3 counts those of layer 7): that many keys cannot all be told apart in there.
#   A few can. A P that leaks 10% lies between:
#   [[=W08.efficacy_top1:.0%]] named first at 0.8, and perplexity up by [[=W08.rise:.0%]].
# * **A tuned MEMIT is level or ahead.**
#   With the same history and c = 1000, it names [[=M.efficacy_top1:.0%]] first (P at 0.8: [[=P08.efficacy_top1:.0%]]).
#   Perplexity rises by [[=M.rise:.1%]] (P: [[=P08.rise:.1%]]),
#   [[=M.specificity:.0%]] of the neighbours are kept (P: [[=P08.specificity:.0%]]),
#   and known answers change by [[=M.known:.0%]] (P: [[=P08.known:.0%]]).
#   Only the last of these is more than noise, and it is what MEMIT minimises.
#   But c had to be found: the papers' 15,000 would have frozen this model (chapter 6).
# * **The history does not show yet.**
#   At λ = 0.8, P names [[=P08.efficacy_top1:.0%]] with it and [[=alone['P at 2e-2'].efficacy_top1:.0%]] without;
#   with no P it is [[=I08.efficacy_top1:.0%]] and [[=alone['no P'].efficacy_top1:.0%]].
#   Four batches are too few to forget.
#
# So the honest verdict on *this* model: P is a good prior, but no free lunch.
# One reason is in the file: at the threshold 2e-2, P keeps [[=kept3[0]:,]] of [[=lm.d_ff:,]]
# directions in layer 3, and with them [[=kept3[1]:.0%]] of the energy of known keys.
# Such a P is close to no P.
# With a yes and a no, P does much of what MEMIT does by weighing each direction,
# and its own knobs, the threshold and λ, matter as much as c.
# What it saves is the search for c only if threshold
# and λ travel better between models than c does; one model cannot tell.
# With a true null space, things would stand otherwise (section 1, left panel), and wide layers may be nearer to that.
# But there, too, the question is open:
# [Wang et al. (2026)](https://arxiv.org/abs/2605.26670)
# argue that stability in long sequences comes from accounting for *all earlier edits*, not from the null space.
# Chapter 10 separates the two.
#
# What matters more than any of this stands in the sweep
# that chose the package's defaults (`results/defaults.json`): how long a wish z may get,
# and when its search stops (chapter 5), raised accuracy and paraphrases at about the same perplexity.
# No choice of P or history did.
#
# (Differences of two or three facts in a hundred are noise, and one seed is one seed.)

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 3 to 5.**
# Common mistakes: (a) editors are compared at the same λ, or at their authors' settings;
# insist on "the same share written" or on whole fronts.
# (b) "Leaks 1%" sounds better than "leaks a third": let students work out what a new key has inside such a P.
# (c) The new place is generalised to "the model has learnt what SNLP is".
# Questions for discussion: is λ a balance knob in disguise?
# (It weighs facts against the size of Δ, and through C0 inside P the size of Δ is damage.)
# Which experiment would show P's merit on a wide model?
# Would you ship the editor with P, or with c?

# %% [markdown]
# ## 6. Break it: one subject, two facts
#
# So far every fact had a subject of its own.
# Now let us tell the model two things about the same one.

# %%
chapter.predict(
    "f",
    "One batch: Lower Assam's country becomes Romania, its continent Africa. Afterwards …",
    ["both are named first", "one of them is, the other is not", "neither is named first"],
)

# %%
africa = Fact("{} lies on the continent of", subject="Lower Assam", new="Africa", true="Asia")
z_africa = compute_targets(lm, [africa], LAYERS[-1], progress=False).z
pair, z_pair = [FACTS[0], africa], torch.cat([z[:1], z_africa])
K_pair, R_pair = keys_and_residuals(lm, pair, z_pair, LAYER)
alike = float(torch.cosine_similarity(K_pair[:, 0], K_pair[:, 1], dim=0))
names = [
    (pair[0].prompt, " Romania"),
    (pair[0].prompt, " India"),
    (africa.prompt, " Africa"),
    (africa.prompt, " Europe"),
    (africa.prompt, " Asia"),
]
rows, firsts = [], {}


def tell(name):
    log_p, first = score(lm, names)
    firsts[name] = int(first[0]) + int(first[2])  # Romania, Africa
    rows.append([name, *log_p.exp().tolist(), lm.complete(pair[0].prompt, 3)])


def fresh_editor(remember=True):
    return OwnAlphaEdit(lm, alphaedit, *spaces(), remember)


# %% [markdown]
# Five rows: unedited; the country alone; both in one batch; and one after the other, with and without history.

# %%
tell("unedited")
for name, facts, targets in (("country only", pair[:1], z[:1]), ("both at once", pair, z_pair)):
    edit = fresh_editor().edit(facts, targets)
    tell(name)
    edit.revert()
for remember in (True, False):
    editor = fresh_editor(remember)
    first = editor.edit(pair[:1], z[:1])
    if remember:  # z of the second fact, found on the model that holds the first
        z_second = compute_targets(lm, [africa], LAYERS[-1], progress=False).z
    second = editor.edit([africa], z_second)
    tell(f"country, then continent{'' if remember else ', no history'}")
    second.revert()
    first.revert()
columns = [
    "",
    *(f"{'country' if i < 2 else 'continent'}:{name}" for i, (_, name) in enumerate(names)),
    "country, says",
]
twins = pd.DataFrame(rows, columns=columns).set_index("")
romania, africas = twins["country: Romania"], twins["continent: Africa"]
chapter.reveal("f", 2 - firsts["both at once"])
twins.style.format(precision=2)

# %% [markdown]
# All formulas of this family look at a fact through one key, the one at the last token of its subject.
# Our model reads from left to right.
# So at *Lower Assam* it does not know yet what will be asked, country or continent.
# The cosine of the two keys is [[=alike:.4f]].
# They are not alike, they are *the same vector*.
# For one key, (8.9) can do one thing only:
# with K1 = [k k] it writes the mean of the two residuals, or a share of it.
# Half Romania, half Africa: asked for the country,
# the model says *[[=twins['country, says']['both at once'].strip()]]* P(Romania)
# falls from [[=romania['country only']:.2f]], when written alone, to [[=romania['both at once']:.2f]].
# Asked for the continent, P(Africa) is [[=africas['both at once']:.2f]], and P(Europe),
# which belongs to Romania, [[=twins['continent: Europe']['both at once']:.2f]].
# "Named first" counts [[=firsts['both at once']:d]] of the two as written; the probabilities show a mixture.
# No P, no λ and no c can help: each chooses *directions*, and there is only one.
#
# Look at the other rows as well.
#
# * **Country only.** Nobody asked about the continent, and yet it has moved: P(Europe)
#   is [[=twins['continent: Europe']['country only']:.2f]] instead of [[=twins['continent: Europe']['unedited']:.2f]].
#   z does not hold "Romania".
#   It holds a Lower Assam that is in Romania, with all that follows.
#   Here that is welcome.
# * **One after the other.**
#   If z of the second fact is found on the model that holds the first, it starts where the first has arrived.
#   With history, Romania keeps [[=romania['country, then continent']:.2f]]
#   and Africa gets [[=africas['country, then continent']:.2f]].
#   Without history it is [[=romania['country, then continent, no history']:.2f]]
#   and [[=africas['country, then continent, no history']:.2f]].
#   So the history term *guards the key, not the fact*:
#   it resists the second edit as such, whether it contradicts the first or not.
#
# The way out is not in the formula.
# It is in z: facts about one subject need *one* common target, optimised for all of them at once.
# (Put them into one call of the gradient descent of chapter 5, and try.)
#
# ## Paper ↔ code
#
# The paper is [Fang et al., ICLR 2025](https://arxiv.org/abs/2410.02355).
# Its code is public (jianghoucheng/AlphaEdit);
# the update is computed in `AlphaEdit/AlphaEdit_main.py`, function `apply_AlphaEdit_to_model`.
#
# | in the paper | in the authors' code | here |
# |---|---|---|
# | Δ = R K1ᵀP (KpKpᵀP + K1K1ᵀP + I)⁻¹ (eq. 14) | one dense `solve` of a d_ff × d_ff system for each layer, of the transposed problem, so P stands on the left | (8.7); solved by (8.9) in `solvers.gain` with `solvers.alphaedit` |
# | the weight of ‖ΔP‖² is 1 | `L2`, 10 in the configurations of the paper's models | λ, `EditorConfig.lam`, by default in units of tr(PC0); absolute with `lam_relative=False` |
# | KpKpᵀ | `cache_c`: a d_ff × d_ff sum for each layer, added to after all layers are written, with keys of the edited model | `Edit.keys`: the keys themselves; the history is read off the edits that the model holds, so undoing an edit forgets its keys, and so does writing the same prompt anew (in `cache_c` all keys stay) |
# | P | `null_space_project.pt`, one file for all layers | `NullSpace.basis`, U only |
#
# A key at layer ℓ does not depend on the W of layer ℓ, only on those below.
# So keys looked up just before the write are those of the edited model already, and your history is theirs.
#
# The gain of the package (where keys are rows), and yours:

# %%
from alphaedit_lite import NullSpace, solvers

space = NullSpace.fit(C0, THRESHOLD)
ours = solvers.alphaedit(new.T, space, lam7, history=old.T)
yours = with_history(new, old, U7, lam7)
print(f"the package's gain and yours differ by {float((ours - yours).norm() / ours.norm()):.0e}")

# %% [markdown]
# ## Keypoints
#
# * Put ΔP for Δ into MEMIT's objective.
#   If P K0 = 0, the preservation term is zero for every Δ, and its knob c disappears.
#   With a true null space, AlphaEdit is MEMIT, plus λI, with an infinite c.
# * Δ = R K1ᵀP (KpKpᵀP + K1K1ᵀP + λI)⁻¹.
#   The same Δ comes from a symmetric positive definite system, and from an n × n one.
# * λ stays: it weighs facts against the size of Δ.
#   Its unit is tr(PC0); the history Kp guards the keys of earlier edits.
# * On this model P leaks.
#   Compared fairly, it is a little better than ridge regression
#   and level with or behind a tuned MEMIT, and a strict P is worse than none.
# * Two facts about one subject have one key (if the subject comes first): the formula can only write their mean.
#
# ## Quiz
#
# **1. Somebody says: "AlphaEdit needs no balance between old and new."
# On a model with a true null space, which knob is left?**
#
# <details><summary>A. None.</summary>
# Look at (8.4): λ balances the new facts against the size of the update.
# With a true null space it does the known answers no harm to make it small, but it is there.
# </details>
# <details><summary>B. λ, which weighs the new facts against the size of the update.</summary>
# <b>Yes.</b> And it matters when keys are alike,
# when there are more facts than free directions, and wherever P leaks.
# </details>
# <details><summary>C. c, hidden in P.</summary>
# Not with a true null space: there, (8.3) holds for every c.
# On a real model the <em>threshold</em> plays the part of c.
# </details>
#
# **2. You measure ‖ΔK0‖/‖Δ‖ for two projections, 0.08 and 0.11.
# Which protects the known answers better?**
#
# <details><summary>A. The one with 0.08.</summary>
# Only if both updates have the same size.
# The strict P of section 3 had the smaller ratio, and the larger harm.
# </details>
# <details><summary>B. That depends on ‖Δ‖ for the same share written.</summary>
# <b>Yes.</b> The harm is the product of the ratio and the size, and a small ratio often comes with a large Δ.
# </details>
# <details><summary>C. The ratio says nothing at all.</summary>
# It does: it is one of two factors.
# </details>
#
# **3. Why do the rows of the old keys disappear from (8.10), although the keys stay in the bracket?**
#
# <details><summary>A. Because the old facts are no longer wanted.</summary>
# They are: their answers should stay.
# That is a wish for a change of zero.
# </details>
# <details><summary>B. Because their residuals are zero, and a row times zero is zero.</summary>
# <b>Yes.</b> In the bracket they still bend the rows of the new facts away from the old keys.
# </details>
# <details><summary>C. To save memory.</summary>
# That is a pleasant side effect.
# </details>
#
# **Further reading**
#
# * [Fang et al. 2025](https://arxiv.org/abs/2410.02355), AlphaEdit:
#   section 2.2 holds step 1, section 3 the others.
# * [Meng et al. 2023](https://arxiv.org/abs/2210.07229), MEMIT:
#   the objective that we started from, and the spreading over layers.
# * [Gupta et al. 2025](https://arxiv.org/abs/2502.01636), ENCORE:
#   c·C0 + λI, the blue line of section 1.
# * [Lyu et al. 2025](https://arxiv.org/abs/2510.13851), EvoEdit:
#   the old keys taken out of P instead of put into the bracket.
#
# **Next:** we have judged by a few probabilities and by "named first".
# Chapter 9 asks what it means that an edit worked, and builds the metrics of the papers by hand.

# %%
chapter.report()
