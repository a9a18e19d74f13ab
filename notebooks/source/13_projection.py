# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 13: One line of code
#
# *To read: 35 minutes. To do the exercises: 50 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will put the projection P behind any editor with one line of your own.
# And you will know, before you run it, what it costs, and which editors cannot gain from it.**
#
# [[map]]
#
# ```text
#    afterwards        Δ  ──────────────────►  Δ P      the finished update, cut down
#
#    solved inside     Uᵀk  ──►  solve  ──►  X Uᵀ       the problem, asked again inside P
#
#    in every step     step  ───────────────►  step P   gradient descent that stays inside
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *add* P to a finished update, to a solver, and to a descent, with one line each,
# > * *derive* how much of a write P takes away,
# > * *run* the fair control of a projection: the same update without P, turned down,
# > * *say* which operations must come before P, and why Adam is one of them.
# >
# > **You need** ROME's formula ([chapter 5](05_rome.ipynb));
# > P and its leak ([chapter 7](07_null_space.ipynb));
# > AlphaEdit ([chapter 8](08_alphaedit.ipynb)).
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 1.5 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: the edited layers, today's layer, P's threshold, λ and c.
import pandas as pd
import torch

from alphaedit_lite import bundled_facts, bundled_targets, load_model
from alphaedit_lite.book.ch13 import figures as draw
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.layer import keys_and_residuals
from alphaedit_lite.book.kit.plots import show

chapter = Chapter("13")
torch.manual_seed(13)
LAYER, THRESHOLD, LAM, C = 7, 2e-2, 0.8, 1000
FACTS = bundled_facts("development")[4:100:8]

# %% [markdown]
# ## Before you start
#
# <details><summary>1. ROME's update is Δ = r (C0⁻¹k)ᵀ / (kᵀC0⁻¹k) (chapter 5).
# Of all updates with Δk = r, what is special about this one?</summary>
#
# It changes the answers to known keys least: the mean of ‖Δk₀‖², which is tr(ΔC0Δᵀ), is as small as possible.
# This will be the key to the chapter.
#
# </details>
#
# <details><summary>2. Where does P stand in AlphaEdit's formula:
# behind the finished Δ, or inside (chapter 8)?</summary>
#
# Inside. It is the best update *among those inside P*.
# It knows that P will cut, and makes up for it.
#
# </details>

# %% [markdown]
# ## 1. Two places for a P
#
# AlphaEdit is ridge regression plus P.
# But nothing in P is about ridge regression.
# The paper adds it to other editors, too (its figures 6 and 7).
# This book began with a talk on AlphaEdit, at the workshop SNLP 2025; there it was called "one line of code".
# So let us write this line.
#
# ### Exercise 13.1: The line · 3 minutes · ★
#
# An editor has finished its update Δ (d_model × d_ff).
# Known keys K0 are columns, and P K0 = 0.
# Return an update that the known keys do not notice.
#
# <details><summary>Hint</summary>
#
# On which side of Δ do the keys arrive?
# The likely mistake is the other side.
# For most layers that does not even run; where W is square, it does, and protects nothing.
#
# </details>
#
# <details><summary>More help</summary>
#
# In ΔK0, the keys stand on the right of Δ.
# They must meet P first.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 13.1: all properties hold.
#
# </details>


# %% exercise="13.1"
def add_projection(delta, P):
    """The update, [d_model, d_ff], without its harmful part."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return delta @ P
    # END SOLUTION


add_projection = chapter.check("13.1", add_projection)

# %% [markdown]
# One line, for *any* editor. What does it cost?
# Take one fact with the key k and the residual r (what is missing at it),
# and the plain write of chapter 4, Δ = r kᵀ / ‖k‖².
# It writes all of r: Δk = r.
# Now put P behind it, and use kᵀPk = kᵀPPk = ‖Pk‖²:
#
# $$\text{afterwards:}\qquad \Delta P\,k \;=\; \frac{r\,(k^\top P\,k)}{\lVert k\rVert^2} \;=\; s\,r,
# \qquad s = \frac{\lVert Pk\rVert^2}{\lVert k\rVert^2} . \tag{13.1}$$
#
# In words: of the wish r, only a share s is written.
# The other way is to *ask again*.
# Which is the smallest update inside P that writes all of r?
# Chapter 7 has found it, (7.8):
#
# $$\text{solved inside:}\qquad \Delta' \;=\; \frac{r\,(Pk)^\top}{\lVert Pk\rVert^2} \;=\; \frac1s\,\Delta P . \tag{13.2}$$
#
# In words: the same direction, but 1/s times as large.
# **Afterwards, less is written; inside, the update is larger.**
# A matrix with three columns shows it.
# Known keys use the first two directions, and the third is free:

# %%
k, r = torch.tensor([0.6, 0.0, 0.8]), torch.tensor([1.0, 2.0])
P = torch.diag(torch.tensor([0.0, 0.0, 1.0]))
delta = torch.outer(r, k) / (k @ k)
after = add_projection(delta, P)
again = torch.outer(r, P @ k) / (P @ k).square().sum()
print(f"s = {float((P @ k) @ (P @ k) / (k @ k)):.2f}, wish {r.tolist()}")
for name, D in {"no P": delta, "after": after, "inside": again}.items():
    print(f"{name:<7} writes {(D @ k).numpy().round(2)}, size {D.norm():.2f}")

# %% [markdown]
# ### Inside, for any editor
#
# The editors of this book solve one problem.
# ΔK1 should be near R, where K1 and R hold the keys and residuals of all new facts as columns.
# And the **prior** tr(ΔAΔᵀ) should be small.
# A says what an editor wants left alone:
# λI for ridge regression, c·C0 for MEMIT, C0 for ROME.
#
# P = UUᵀ, so every update inside P is XUᵀ, for some X with as many columns as U. Put that in:
#
# $$\min_X \quad \lVert X\,(U^\top K_1) - R \rVert^2 \;+\; \operatorname{tr}\bigl(X\,(U^\top A\,U)\,X^\top\bigr) . \tag{13.3}$$
#
# In words: inside P it is the *same* problem, with other keys and another prior.
# So a solver need not be rewritten.
# Here is the one that we have used since chapter 6.
# It returns the gain G, and Δ = R G.
# With `slack=0` all facts are met exactly: for one fact this is ROME.
# For a batch it is **EMMET** ([Gupta et al. 2024](https://arxiv.org/abs/2403.14236)).


# %%
def solver(K1, A, slack=1.0):
    """The gain, [n, d], of min ‖ΔK1 − R‖² + tr(ΔAΔᵀ); keys K1 [d, n]."""
    M = torch.linalg.solve(A, K1)  # A⁻¹K1
    eye = torch.eye(K1.shape[1], dtype=K1.dtype)
    return torch.linalg.solve(slack * eye + K1.T @ M, M.T)


# %% [markdown]
# ### Exercise 13.2: The other line · 8 minutes · ★★
#
# `inside(solver, K1, A, U)` returns the gain of *any* solver, solved inside P.
# Do not look into the solver: call it.
#
# <details><summary>Hint</summary>
#
# Read (13.3): what stands where K1 stood, and what where A stood?
# The likely mistakes: to project the keys and leave the prior as it was; and to forget the way back.
#
# </details>
#
# <details><summary>More help</summary>
#
# The solver gives the gain in coordinates of U, n × m.
# If X = R G', then Δ = X Uᵀ = R (G' Uᵀ).
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 13.2: all properties hold.
#
# </details>


# %% exercise="13.2"
def inside(solver, K1, A, U):
    """The gain, [n, d], of solver(K1, A), asked again inside P = U Uᵀ."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return solver(U.T @ K1, U.T @ A @ U) @ U.T
    # END SOLUTION


inside = chapter.check("13.2", inside)

# %% [markdown]
# ## 2. One layer of the model
#
# Lower Assam moves to Romania again, in layer [[=LAYER]].
# We need its key and residual, C0, and P at the authors' threshold, all as in chapter 7:

# %%
from alphaedit_lite import compute_targets, key_statistics

lm = load_model()
C0 = key_statistics(lm, (LAYER,))[LAYER].second_moment  # [d_ff, d_ff]
values, V = torch.linalg.eigh(C0)
U = V[:, values < THRESHOLD]
z = compute_targets(lm, [fact], LAYER, progress=False).z
k, r = keys_and_residuals(lm, [fact], z, LAYER)  # columns, float64
d, m = U.shape
leak = float(values[values < THRESHOLD].sum() / values.sum())
print(f"P keeps {m / d:.0%} of the directions, {leak:.0%} of the energy")

# %% [markdown]
# For every update we ask three things: which share of the residuals it writes,
# how much the answers to known keys change (root mean square, as in chapter 7), and how probable *Romania* is.

# %%
W = lm.weight(LAYER)
prompt = lm.tokenizer(fact.prompt, return_tensors="pt").to(lm.device)
romania = lm.tokenizer(" Romania")["input_ids"][0]


def written(delta, K1, R):
    return float((delta @ K1 * R).sum() / R.square().sum())


def known(delta):
    change, size = (((M @ C0) * M).sum() for M in (delta, W.double().cpu()))
    return float((change / size).sqrt())


# %% [markdown]
# For the last one, Δ is added to W and taken out again.


# %%
@torch.no_grad()
def p_romania(delta):
    before = W.clone()
    W.add_(delta.to(W))
    p = lm.model(**prompt).logits[0, -1].softmax(-1)[romania]
    W.copy_(before)
    return float(p)


# %% [markdown]
# Two editors: the plain write, which does not know C0 (its prior is the identity), and ROME, which does.

# %%
chapter.predict(
    "a",
    "The same P is put behind both finished updates. Which editor loses the "
    "larger part of its write?",
    ["the plain write", "ROME", "both lose as much"],
)


# %% [markdown]
# `exact` meets its facts, and `ways` puts P into a solver in each of the ways.


# %%
def exact(K1, A):
    return solver(K1, A, slack=0.0)


def ways(solve, K1, A, U):
    """The gain of an editor without P, with P afterwards, and inside."""
    gain = solve(K1, A)
    after = add_projection(gain, U @ U.T)
    again = inside(solve, K1, A, U)
    return {"without P": gain, "P afterwards": after, "solved inside": again}


priors = {"plain": torch.eye(d).double(), "ROME": C0}
rows = {}
for name, A in priors.items():
    for way, gain in ways(exact, k, A, U).items():
        D = r @ gain
        rows[name, way] = written(D, k, r), known(D), p_romania(D)
one = pd.DataFrame(rows, index=["written", "known", "P(Romania)"]).T

# %% [markdown]
# What is left of each write, and all that we asked:

# %%
left = {name: one.written[name, "P afterwards"] for name in priors}
apart = left["plain"] - left["ROME"]
chapter.reveal("a", 2 if abs(apart) < 0.05 else 0 if apart < 0 else 1)
one.style.format("{:.2f}").format("{:.1%}", subset=["known"])

# %% [markdown]
# Of the plain write P leaves [[=left['plain']:.0%]], and of ROME's it leaves [[=left['ROME']:.0%]].
# Solved inside, both write everything.
# So "add the projection" means two different things, and a paper that reports one number for it should say which.
#
# Why does the same P take more from the one than from the other?
# By (13.1), the plain write keeps the share of the key's *energy* inside P.
# For ROME, take the eigenvectors of C0 as coordinates.
# The key has the entries x₁, x₂, …, and C0 is diagonal,
# with the eigenvalues λ₁, λ₂, … P just drops some of the coordinates.
#
# ### Exercise 13.3: ROME and P, on paper · 12 minutes · ★★
#
# With a pencil: four formulas, in terms of the eigenvalues, of x, and of which coordinates are kept.
#
# 1. The share s of ROME's write that P leaves: ΔPk = s·r.
# 2. ROME solved inside P writes all of r.
#    How many times larger than ΔP is it?
# 3. The mean of kᵀC0⁻¹Pk over the *known* keys.
# 4. By which factor does ROME solved inside change known answers more than plain ROME (root mean square)?
#
# <details><summary>Hint</summary>
#
# kᵀC0⁻¹k is the sum of all xᵢ²/λᵢ, and in kᵀC0⁻¹Pk only the kept ones are left.
# For 2 and 4: inside P, C0⁻¹ becomes C0⁻¹P, in both places of ROME's formula.
# The likely mistakes: ‖Pk‖² for kᵀC0⁻¹Pk, and forgetting the root in 4.
#
# </details>
#
# <details><summary>More help</summary>
#
# For 3: kᵀC0⁻¹Pk = tr(C0⁻¹P kkᵀ), and the mean of kkᵀ is C0.
# What is the trace of a projection?
# For 4: the mean squared change is tr(ΔC0Δᵀ) = ‖r‖²/(kᵀC0⁻¹k).
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 13.3: all properties hold.
#
# </details>


# %% exercise="13.3"
def on_paper(values, x, kept):
    """s; size of the re-solved to ΔP; mean of kᵀC0⁻¹Pk; known answers,
    re-solved to ROME. values, x, kept (True where P keeps): [d]."""
    # BEGIN SOLUTION
    # STUB return None  # four formulas, separated by commas
    weighed = x.square() / values
    s = float(weighed[kept].sum() / weighed.sum())
    return s, 1 / s, float(kept.sum()), s**-0.5
    # END SOLUTION


on_paper = chapter.check("13.3", on_paper)

# %% [markdown]
# The third answer is a count: the mean is m, the number of directions in P, and without P it is d.
# So for a typical known key **ROME keeps about m/d, the share of the *directions***.
# Our fact is not a known key.
# Does the count hold for it?

# %%
chapter.predict(
    "b",
    "Take a strict P, through which only 5% of the energy leaks. Of ROME's "
    "write for Lower Assam, it leaves …",
    ["about 5%", "about 20%", "about half", "nearly all"],
)

# %%
x, carried, rows = (V.T @ k)[:, 0], values.cumsum(0) / values.sum(), []
for share in (0.05, 0.1, leak, 0.6):
    kept = carried <= share + 1e-9
    s, _, count, harm = on_paper(values, x, kept)
    energy = float(x[kept].square().sum() / x.square().sum())
    rows.append([share, count / d, s, energy, harm])
heads = ["energy leaked", "directions: m/d", "left of ROME"]
heads += ["left of the plain write", "known answers, times ROME's"]
through = pd.DataFrame(rows, columns=heads)
strict = through["left of ROME"][0]
chapter.reveal("b", sum(strict > bound for bound in (0.1, 0.35, 0.8)))
through.style.format("{:.0%}").format("{:.2f}", subset=heads[-1:]).hide()

# %% [markdown]
# The count m/d predicts what is left of ROME's write.
# The plain write keeps about the share of the energy, or a little less.
# Now look at the last column, which is about ROME solved inside.
# **No number is below 1.**
# With P, ROME changes known answers *more*, for the same write.
#
# ## 3. What P cannot earn
#
# This had to be so. Of all updates that write r, ROME's changes known answers least,
# and the projected update is one of all updates.
# For a batch, let Y = ΔPK1 be whatever the projected update writes. Then
#
# $$\operatorname{tr}(\Delta P\,C_0\,P\Delta^\top) \;\ge\; \min_{XK_1 = Y} \operatorname{tr}(X C_0 X^\top) . \tag{13.4}$$
#
# In words: EMMET, asked for the same Y, does it with the least change.
# **An editor that knows C0 has nothing to gain from P, if harm is measured by C0.**
# It weighs every direction by its energy; P only knows yes and no.
# The plain write, ridge regression and fine-tuning do *not* know C0, so they may gain.
#
# But "P afterwards" seems to help ROME: in the first table,
# known answers change by [[=one.known['ROME', 'P afterwards']:.1%]] instead of [[=one.known['ROME', 'without P']:.1%]].
# It also writes less.
# Who writes less harms less, and for that one needs no P.
# There is a cheaper line of code: multiply Δ by a number.
#
# ### Exercise 13.4: The fair control · 7 minutes · ★★
#
# Given Δ and ΔP: the number t for which t·Δ writes the same share of the residuals as ΔP does.
#
# <details><summary>Hint</summary>
#
# The share, `written` above, is linear in the update.
# The likely mistakes: to match the sizes instead of the shares, and to turn ΔP up.
#
# </details>
#
# <details><summary>More help</summary>
#
# t times the share of Δ is the share of ΔP. ‖R‖² cancels.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 13.4: all properties hold. Below it, a figure.
#
# </details>


# %% exercise="13.4"
def fair(delta, projected, K1, R):
    """t, so that t·delta writes as much of R as projected does."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return float((projected @ K1 * R).sum() / (delta @ K1 * R).sum())
    # END SOLUTION


fair = chapter.check("13.4", fair)

# %% [markdown]
# Now [[=len(FACTS)]] facts at once, three editors, and for each the control, `turned down`.

# %%
K1, R = keys_and_residuals(lm, FACTS, bundled_targets(lm, FACTS), LAYER)
lam = LAM * float(values[values < THRESHOLD].sum())  # as in chapter 8
editors = {
    "ridge regression": (solver, lam * torch.eye(d).double()),
    "MEMIT": (solver, C * C0),
    "EMMET": (exact, C0),
}
panels = {}
for name, (solve, A) in editors.items():
    updates = {way: R @ G for way, G in ways(solve, K1, A, U).items()}
    plain, cut = updates["without P"], updates["P afterwards"]
    updates["turned down"] = fair(plain, cut, K1, R) * plain
    panels[name] = {
        way: {"share": written(D, K1, R), "known": known(D)}
        for way, D in updates.items()
    }

# %%
chapter.predict(
    "c",
    "Compare P afterwards with the control that writes as much. For which "
    "editors does P give *less* change of known answers?",
    ["for all three", "for ridge regression only", "for MEMIT and EMMET only"],
)

# %% [markdown]
# Each editor in its own panel:

# %%
show(*draw.plane_figure(panels), name="13_plane")
saved = {
    name: 1 - rows["P afterwards"]["known"] / rows["turned down"]["known"]
    for name, rows in panels.items()
}
gains = [saved[name] > 0 for name in editors]
chapter.reveal("c", 0 if all(gains) else 1 if gains[0] else 2)

# %% [markdown]
# **How to read it.** To the right: how much is written.
# Upwards: how much known answers change.
# The grey line holds all multiples of the update without P:
# each of its points can be had by turning Δ up or down.
# **A point below the line has gained something;
# a point above it could be had with less harm.**
#
# **What surprised us.**
# The same P is a gain and a loss.
# Ridge regression has [[=saved['ridge regression']:.0%]] less change than its control.
# MEMIT has [[=-saved['MEMIT']:.0%]] more, and EMMET [[=-saved['EMMET']:.0%]] more.
# (So it was with one fact, solved inside:
# the plain write changed known answers by [[=one.known['plain', 'solved inside']:.0%]] instead
# of [[=one.known['plain', 'without P']:.0%]], and ROME more than before.)
# But all three triangles lie lower than the points without P.
# In a table without the control, each of them reads "less harm with P".
#
# (For one fact, (13.4) forbids ROME any gain.
# For a batch, and for MEMIT, which need not meet its facts, a little room is left.
# Neither uses it here.)

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 to 3.**
# Common mistakes: (a) "P afterwards" and "solved inside" are taken for the same;
# let students say which one AlphaEdit is.
# (b) In 13.3, ‖Pk‖²/‖k‖² is given for s: that is the plain write's share.
# (c) (13.4) is read as "P is useless": it compares on the mean over known text only.
# For the board: s = m/d for typical keys, with tr(AB) = tr(BA) twice.
# And this little table, for ROME with the mean squared change q:
# ΔP writes s·r and changes s·q; solved inside writes r and changes q/s; sΔ writes s·r and changes s²·q.
# A plan for 90 minutes: section 1 with 13.1 and 13.2 (25),
# section 2 with 13.3 (30), section 3 (20), 13.5 and 13.6 read together (15).

# %% [markdown]
# ## 4. In the model
#
# All of this is about one yardstick: known text, in one layer.
# The [laboratory](lab/13_projection.ipynb) asks the model.
# It writes [[=pairs.n]] facts into five layers, in batches of 50,
# and compares each editor with *itself* plus P (solved inside), fact by fact.
# The numbers are changes in points, with 95% intervals; the last two columns are the rise of perplexity.

# %%
from alphaedit_lite.book.ch13.experiments import Pairs
from alphaedit_lite.book.kit.results import result

pairs = Pairs(result("fronts.json"))
several = ["ridge with history", "MEMIT with history", "EMMET"]
pairs.quoted().loc[[(name, "solved inside") for name in several]]

# %% [markdown]
# Ridge regression with P *is* AlphaEdit, and P gives it what no other λ gave.
# MEMIT makes another bargain: it keeps more neighbours, and fewer paraphrases follow.
# Much of this could also be had by turning c.
# EMMET gains nothing.
# So there is no single answer to "what does P do?".
# It depends on what is held equal, and the laboratory shows how.
#
# ## 5. Gradients, and the last word
#
# Fine-tuning has no solver that one could ask again. It walks.
# But a sum of projected steps is projected: Δ₁P + Δ₂P = (Δ₁ + Δ₂)P.
# So project every step, and Δ never leaves the null space.
# Continual learning has known this for some years ([Wang et al. 2021](https://arxiv.org/abs/2103.07113)).
#
# Project the *step*, or the *gradient*?
# For plain descent it is the same.
# **Adam** divides every *entry* of the gradient by its own running size:


# %%
def adam(rate=0.03):
    """A new rule, gradient -> step; every entry has its own size."""
    mean, square, t = 0.0, 0.0, 0

    def rule(gradient):
        nonlocal mean, square, t
        t += 1
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.99 * square + 0.01 * gradient**2
        size = (square / (1 - 0.99**t)).sqrt()
        return -rate * mean / (1 - 0.9**t) / (size + 1e-12)

    return rule


# %% [markdown]
# ### Exercise 13.5: A descent that stays inside · 12 minutes · ★★★
#
# Gradient descent on ‖ΔK1 − R‖², from Δ = 0, for any `rule`
# that turns a gradient into a step (its minus sign included).
# Δ must stay inside P, with Adam as well.
#
# <details><summary>Hint</summary>
#
# The gradient is 2(ΔK1 − R)K1ᵀ.
# The likely mistake is `rule(gradient @ P)`: it passes with plain descent and fails with Adam.
#
# </details>
#
# <details><summary>More help</summary>
#
# Three lines in the loop: the gradient; the step that the rule makes of it; Δ plus the projected step.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 13.5: all properties hold.
# Below it, a figure with three descents.
#
# </details>


# %% exercise="13.5"
def descend(K1, R, P, rule, steps):
    """Δ after some steps, [d_model, d]; K1 [d, n], R [d_model, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    delta = torch.zeros(len(R), len(K1), dtype=K1.dtype)
    for _ in range(steps):
        gradient = 2 * (delta @ K1 - R) @ K1.T
        delta = delta + rule(gradient) @ P
    return delta
    # END SOLUTION


descend = chapter.check("13.5", descend)

# %% [markdown]
# A small layer with a *true* null space: known keys fill 20 of 48 dimensions, and six facts are new.
# With P = I and a rule that projects the gradient, your function is the version with the likely mistake.

# %%
chapter.predict(
    "d",
    "Adam with every gradient projected, beside Adam without P: how large is "
    "its harm per size, ‖ΔK0‖ / (‖Δ‖‖K0‖)?",
    ["under a tenth", "a tenth to a half", "more than half"],
)

# %%
K0, K_toy = torch.randn(48, 20).double(), torch.randn(48, 6).double()
R_toy, eye = torch.randn(8, 6).double(), torch.eye(48).double()
P_toy = eye - K0 @ torch.linalg.pinv(K0)


def gradient_first():
    rule = adam()
    return lambda gradient: rule(gradient @ P_toy)


walks = {
    "no P": (eye, adam),
    "gradient projected": (eye, gradient_first),
    "step projected": (P_toy, adam),
}

# %% [markdown]
# Each of them walks up to 256 steps:

# %%
rows = []
for name, (P, make) in walks.items():
    for steps in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        D = descend(K_toy, R_toy, P, make(), steps)
        harm = float((D @ K0).norm() / (D.norm() * K0.norm()))
        error = float((D @ K_toy - R_toy).norm() / R_toy.norm())
        rows.append([name, steps, harm, error])
walked = pd.DataFrame(rows, columns=["rule", "steps", "known", "error"])
show(*draw.descent_figure(walked), name="13_descent")
end = walked[walked.steps == 256].set_index("rule").known
bent = end["gradient projected"] / end["no P"]
chapter.reveal("d", 0 if bent < 0.1 else 1 if bent <= 0.5 else 2)

# %% [markdown]
# Left: harm to known answers, per unit of Δ.
# Right: what is not written yet.
# With projected *gradients*, Adam does [[=bent:.0%]] of the harm that it does without P.
# There is one line in the wrong place, no error message, and the facts are learned as well.
# P mixes the entries of a row, and dividing each by another number takes the row out of the null space again.
# With the *step* projected, the harm is zero up to rounding.
# ([Hu et al. 2026](https://arxiv.org/abs/2604.22407) report the same trap in continual learning.)
#
# ### Exercise 13.6: Who must come before P? · 8 minutes · ★
#
# Adam is not alone. Let Δ = ΔP.
# After which of these is it still inside P?
# Think of what each does to a *row*.
#
# * `sum` (of two such updates), `scale` (times a number), `momentum` (0.9Δ + Δ', with Δ' inside P, too),
# * `decay` (weight decay of W + Δ; the update is then all that has changed in W),
# * `clip norm` (divide by ‖Δ‖), `clamp entries` (every entry into a bound),
# * `RECT` (small entries set to zero), `PRUNE` (large singular values damped), `rounding` (to bfloat16).
#
# <details><summary>Hint</summary>
#
# What multiplies Δ from the left, or by one number, keeps the rows inside.
# What treats each entry by itself does not.
# The likely mistakes: PRUNE, and decay (which matrix does it shrink?).
#
# </details>
#
# <details><summary>More help</summary>
#
# PRUNE: Δ = ASBᵀ. Its rows are made of the rows of Bᵀ, which are inside P where S is not zero.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 13.6: all properties hold.
#
# </details>


# %% exercise="13.6"
def stays():
    """Operation -> whether Δ is still inside P after it."""
    # BEGIN SOLUTION
    # STUB return None  # {"sum": True or False, "scale": …}
    yes = ("sum", "scale", "momentum", "clip norm", "PRUNE")
    no = ("decay", "clamp entries", "RECT", "rounding")
    return dict.fromkeys(yes, True) | dict.fromkeys(no, False)
    # END SOLUTION


stays = chapter.check("13.6", stays)

# %% [markdown]
# So **P must come last**.
# In the laboratory, RECT after P undoes most of what P has done.

# %% [markdown] tags=["instructor"]
# **For the instructor, section 5.**
# Common mistakes: (a) "a projected gradient is projected, so Adam's step is":
# let students write Adam's division as a product with a diagonal matrix *for each row*,
# and ask whether it commutes with P.
# (b) Momentum is put on Adam's side: it is a sum.
# (c) Decay of Δ alone would stay inside; decay of W + Δ does not.

# %% [markdown]
# ## 6. Break it: the strict P
#
# The theory of the null space wants a P that leaks nothing.
# So let only 1% leak, and write Lower Assam with ROME once more.

# %%
chapter.predict(
    "e",
    "P leaks 1%, and ROME is solved inside. Compared with ROME without P, "
    "known answers change …",
    ["less", "up to twice as much", "2 to 4 times as much", "even more"],
)

# %%
rows = {}
for way, gain in ways(exact, k, C0, V[:, carried <= 0.01]).items():
    D = r @ gain
    rows[way] = written(D, k, r), known(D), p_romania(D)
broken = pd.DataFrame(rows, index=["written", "known", "P(Romania)"]).T
times = broken.known["solved inside"] / broken.known["without P"]
chapter.reveal("e", sum(times > bound for bound in (1, 2, 4)))
broken.style.format("{:.2f}").format("{:.1%}", subset=["known"])

# %% [markdown]
# Afterwards, the write has nearly vanished:
# [[=broken.written['P afterwards']:.0%]] of it is left, and Romania is forgotten.
# Solved inside, the fact is written, and known answers change by [[=broken.known['solved inside']:.0%]],
# where ROME without P changes them by [[=broken.known['without P']:.0%]].
# The purer the null space, the more it costs to use it.
# This is chapter 7's narrow door, for the editor that needed no P at all.
#
# ## What you own now
#
# | function | what it does |
# |---|---|
# | `add_projection(delta, P)` | P afterwards, for any update |
# | `inside(solver, K1, A, U)` | P inside, for any solver |
# | `descend(K1, R, P, rule, steps)` | P in every step |
# | `fair(delta, projected, K1, R)` | the control that each of them needs |
#
# ## Paper ↔ code
#
# | in the paper | in the authors' code | here |
# |---|---|---|
# | ΔP for the solution of an editor (section 3; figures 6 and 7: projection added to other editors) | in the version that we read, `experiments/evaluate.py` hands P to AlphaEdit only; how it was added to the others, afterwards or inside, cannot be seen | both: `EditorConfig.project="after"`, one line in `Editor._gain`; and `project=True` |
# | Δ = R K1ᵀP(…)⁻¹, ridge regression solved inside | one dense solve | `solvers.inverse_prior`: A⁻¹ inside P, for every editor |
# | – | – | `finetune.FineTune(null_spaces=…)`: Δ is projected after each step of Adam |
#
# The gain of MEMIT solved inside, ours and the package's (where keys are rows):

# %%
from alphaedit_lite import NullSpace, solvers

space = NullSpace.fit(C0, THRESHOLD)
theirs = solvers.memit(K1.T, C0, C, null_space=space)
mine = inside(solver, K1, C * C0, U)
print(f"they differ by {float((theirs - mine).norm() / theirs.norm()):.0e}")

# %% [markdown]
# ## Keypoints
#
# * P can stand in three places: behind the finished Δ, around the solver, behind each step.
#   The first writes less; the second writes larger.
# * P leaves of the plain write the share of the key's *energy*,
#   and of ROME's write about the share of the *directions*.
# * For the same write, ROME cannot change known answers less with P; MEMIT and EMMET did not.
#   Ridge regression can.
# * "With P" and "without P" is no comparison.
#   Turn the plain editor down until it writes as much.
# * P wants the last word: Adam, clamps and RECT treat entries one by one.
#
# ## Quiz
#
# **1. With P afterwards, an editor's harm to known answers falls by a quarter. What do you ask?**
#
# <details><summary>A. Nothing. That is what P promises.</summary>
# It also happens when you multiply Δ by 0.75.
# </details>
# <details><summary>B. How much does it still write, and what does the plain one do when turned down to that?</summary>
# <b>Yes.</b> That is the grey line of section 3.
# </details>
#
# **2. On a model with very wide layers P keeps 99.8% of the directions.
# What is left of ROME's write with P afterwards?**
#
# <details><summary>A. Nearly everything.</summary>
# <b>Yes</b>: about m/d.
# There, afterwards and inside are nearly the same.
# </details>
# <details><summary>B. That depends on how much energy the few directions carry.</summary>
# It does for the plain write, which goes along k.
# ROME's goes along C0⁻¹k, where busy directions count little.
# </details>
#
# **3. You fine-tune with AdamW, project every gradient, and see known answers move. Why?**
#
# <details><summary>A. They cannot: projected gradients stay inside.</summary>
# With plain descent and with momentum. Not with Adam.
# </details>
# <details><summary>B. Adam's division, entry by entry, and the weight decay of W.</summary>
# <b>Yes.</b> Project the step, and decay Δ instead of W (or not at all).
# </details>
#
# **Further reading**
#
# * [Fang et al. 2025](https://arxiv.org/abs/2410.02355), AlphaEdit: two figures on P in other editors.
# * [Gupta et al. 2024](https://arxiv.org/abs/2403.14236), EMMET: ROME and MEMIT as one problem.
# * [Wang et al. 2021](https://arxiv.org/abs/2103.07113), Adam-NSCL: the projected step of Adam.
# * [Saha et al. 2021](https://arxiv.org/abs/2103.09762), gradient projection memory: the projected gradient.
#
# **Next:** P is no cure for everything.
# [Chapter 14](14_limits.ipynb) looks for the places where editing breaks whatever the projection.

# %%
chapter.report()
