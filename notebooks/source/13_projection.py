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
# *To read: 40 minutes. To do the exercises: 60 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will put the projection P behind any editor with one line of your own,
# in the three places where it can stand, and know before you run it which editors cannot gain from it on known text.**
#
# ```text
#    afterwards           Δ  ──────────────►  Δ P                       the finished update, cut down
#
#    solved inside        keys ──►  Uᵀk  ──►  solve  ──►  Δ Uᵀ          the problem, asked again inside P
#
#    in every step        step ──────────────►  step P                  gradient descent, on a leash
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *add* P to a finished update, to a solver, and to a descent, with one line each,
# > * *derive* how much of ROME's write P takes away, and *predict* it from a count of directions,
# > * *run* the fair control of a projection: the same update without P, turned down,
# > * *read* a gain with its interval, and *tell* a gain from a turned knob,
# > * *say* which operations must come before P, and why Adam is one of them.
# >
# > **You need** ROME's formula (chapter 5), MEMIT's (chapter 6), P and its leak (chapter 7),
# > AlphaEdit (chapter 8), and paired differences with intervals (chapter 9).
# >
# > **It costs** the time stated above and 1.5 GB of memory.
# > The editors on 200 facts come from a file;
# > a dozen facts run live, through your own functions.

# %% tags=["setup"]

# %%
# Parameters: the layers that we write into, the one under the microscope, the authors' threshold, and the facts.
import pandas as pd
import torch

from alphaedit_lite import EditorConfig, NullSpace, bundled_facts, bundled_targets, key_statistics, load_model
from alphaedit_lite.book.ch13 import figures as draw
from alphaedit_lite.book.ch13.experiments import METRICS, Pairs, Trial, listed, relative
from alphaedit_lite.book.ch13.results import counted
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.intervals import difference
from alphaedit_lite.book.kit.layer import OneLayer, keys_and_residuals
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result

chapter = Chapter("13")
torch.manual_seed(13)
LAYERS, LAYER, THRESHOLD = (3, 4, 5, 6, 7), 7, 2e-2
C, LAM = EditorConfig().weight, EditorConfig().lam
FACTS = bundled_facts("development")[4:100:8]

# %% [markdown]
# ## Before you start
#
# <details><summary>1. ROME's update is Δ = r (C0⁻¹k)ᵀ / (kᵀC0⁻¹k) (chapter 5).
# Of all updates with Δk = r, what is special about this one?</summary>
#
# It changes the answers to known keys least, in the mean of the squares: tr(ΔC0Δᵀ) is as small as possible.
# This will be the key to the whole chapter.
#
# </details>
#
# <details><summary>2. AlphaEdit is ridge regression with P.
# Where in its formula does P stand: behind the finished Δ, or inside (chapter 8)?</summary>
#
# Inside. Δ = R K1ᵀP (K1K1ᵀP + λI)⁻¹ is the best update *among those inside P*.
# It knows that P will cut, and writes more to make up for it.
#
# </details>

# %% [markdown]
# ## 1. Two places for a P
#
# AlphaEdit is ridge regression plus P.
# But nothing in P is about ridge regression.
# The paper says so itself: its figures 6 and 7 add the projection to other editors,
# and the text reports an average gain of 28% in editing and of 43% in general ability.
# The talk behind this book calls it "one line of code".
# In this chapter we take that at its word: we put P behind every editor of this book, and measure.
#
# First, where? Keys are columns, so an update meets a known key from the right, in ΔK0, and P belongs between the two.
# There are two ways to get it there.
#
# **Afterwards.** Let the editor finish. Then
#
# $$\Delta_\text{after} \;=\; \Delta\,P . \tag{13.1}$$
#
# In words: from every row of Δ, keep its shadow in the null space.
# That is one line for *any* editor, whatever happened inside it.
#
# **Solved inside.** The editors of this book solve a problem:
# make ΔK1 near R, and tr(ΔAΔᵀ) small, where A is the *prior*, what an editor wants left alone:
# λI for ridge regression, c·C0 for MEMIT.
# So ask for the best solution *among the updates inside P*.
# Each of those is X Uᵀ, for some X with as many columns as U
# (U holds the directions that P keeps, P = UUᵀ). Put that in:
#
# $$\min_X \quad \lVert X\,(U^\top K_1) - R \rVert^2 \;+\; \operatorname{tr}\bigl(X\,(U^\top A\,U)\,X^\top\bigr) . \tag{13.2}$$
#
# In words: it is the *same* problem, for keys UᵀK1 and a prior UᵀAU.
# So whoever has a solver has it inside P as well:
# hand it other keys and another prior, and go back with Uᵀ. One line, too.
#
# ### Exercise 13.1: The line · 3 minutes · ★
#
# Write it.
#
# <details><summary>Hint</summary>
#
# The likely mistake is PΔ.
# For most layers that does not even run; where W is square, it does, and protects nothing.
#
# </details>
#
# <details><summary>More help</summary>
#
# For ΔK0 to be zero, K0 must meet P before it meets Δ.
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
    """The update without its harmful part: delta [d_model, d_ff] or a gain [n, d_ff], P [d_ff, d_ff]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return delta @ P
    # END SOLUTION


add_projection = chapter.check("13.1", add_projection)

# %% [markdown]
# The solver of this family you know from chapters 5, 6 and 8 in three forms; here it is once for all.
# It returns the *gain* G, so that Δ = R G.
# With `slack=0` the new facts are met exactly: then it is ROME for one fact,
# and for a batch the editor called **EMMET** ([Gupta et al. 2024](https://arxiv.org/abs/2403.14236)).


# %%
def solver(K1, A, slack=1.0):
    """The gain, [n, d], of min ‖ΔK1 − R‖² + tr(Δ A Δᵀ); with slack 0, of ΔK1 = R. K1 is [d, n], A [d, d]."""
    M1 = torch.linalg.solve(A, K1)  # A⁻¹K1
    eye = torch.eye(K1.shape[1], dtype=K1.dtype)
    return torch.linalg.solve(slack * eye + K1.T @ M1, M1.T)


# %% [markdown]
# ### Exercise 13.2: The other line · 10 minutes · ★★
#
# `inside(solver, K1, A, U)` returns the gain of *any* solver, solved inside P.
# Do not look into the solver: call it.
#
# <details><summary>Hint</summary>
#
# Read (13.2): what stands where K1 stood, and what where A stood?
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
# Below it, a table with three editors on a real layer.
#
# </details>


# %% exercise="13.2"
def inside(solver, K1, A, U):
    """The gain, [n, d], of solver(K1, A) solved again among the updates inside P = U Uᵀ; U is [d, m]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return solver(U.T @ K1, U.T @ A @ U) @ U.T
    # END SOLUTION


inside = chapter.check("13.2", inside)

# %% [markdown]
# Now to layer [[=LAYER]] of our model, with [[=len(FACTS)]] facts
# whose targets z ship with the package, and with P at the authors' threshold.
# It keeps [[=m / d:.0%]] of the directions,
# and [[=leak:.0%]] of the energy of known keys leaks through it (chapter 7).
# We take the plainest editor first: ridge regression, which writes along the keys as they are.

# %%
lm = load_model()
statistics = key_statistics(lm, LAYERS)  # C0 of five layers, from 100,000 tokens of Wikipedia
z = bundled_targets(lm, FACTS)
K1, R = keys_and_residuals(lm, FACTS, z, LAYER)  # [d_ff, n], [d_model, n]: columns
spaces = {i: NullSpace.fit(statistics[i], THRESHOLD) for i in LAYERS}
U, C0, leak = spaces[LAYER].basis, statistics[LAYER].second_moment, spaces[LAYER].leakage
(d, m), P = U.shape, spaces[LAYER].projection
layer = OneLayer(K1, R, C0, C0, lm.weight(LAYER))
plain_eye = torch.eye(d).double()

# %%
chapter.predict(
    "a",
    f"Ridge regression has finished its Δ. We multiply by P, with {m / d:.0%} of the directions and {leak:.0%} of the "
    "energy. How much of what Δ wrote is left?",
    ["about a third, like the energy", "about two thirds, like the directions", "nearly all"],
)

# %% [markdown]
# Three editors, three ways each.
# `judge` measures `share`, how much of the residuals is written;
# `update`, the size ‖Δ‖/‖W‖; `ratio`, ‖Δk0‖/‖Δ‖; and `known`, ‖Δk0‖/‖Wk0‖.
# The last two are root mean squares over known keys.


# %%
def prior(editor, C0, U=None):
    """A of an editor. λ of ridge regression is in units of the energy where it works (chapter 8)."""
    energy = C0.trace() if U is None else (U.T @ C0 @ U).trace()
    return LAM * energy * plain_eye if editor == "ridge" else C * C0 if editor == "MEMIT" else C0


def exact(K1, A):
    return solver(K1, A, slack=0.0)


SOLVERS = {"ridge": solver, "MEMIT": solver, "EMMET": exact}
gains = {}
for name, solve in SOLVERS.items():
    gain = solve(K1, prior(name, C0))
    gains[name] = {"without P": gain, "P afterwards": add_projection(gain, P)}
    gains[name]["solved inside"] = inside(solve, K1, prior(name, C0, U), U)
judged = {(name, way): layer.judge(gain) for name, ways in gains.items() for way, gain in ways.items()}
one = pd.DataFrame(judged).T[["share", "update", "ratio", "known"]]
left = {name: one.share[name, "P afterwards"] / one.share[name, "without P"] for name in SOLVERS}
same_lam = layer.judge(inside(solver, K1, prior("ridge", C0), U))["share"]
chapter.reveal("a", 0 if left["ridge"] < 0.5 else 1 if left["ridge"] < 0.85 else 2)
one.style.format("{:.3f}")

# %% [markdown]
# **How to read it.** `ratio` is what P promises, and in every row with P it is smaller:
# per unit of Δ, known keys feel less.
# `share` is what the write is for.
#
# **What surprised us.**
# Cutting is expensive, and not equally so.
# Ridge regression keeps [[=left['ridge']:.0%]] of what it wrote,
# MEMIT [[=left['MEMIT']:.0%]], EMMET [[=left['EMMET']:.0%]].
# Solved inside, the solver knows what P will cut, and writes more than that, with a larger Δ.
# EMMET must meet its facts, and writes [[=one.share['EMMET', 'solved inside']:.0%]].
# MEMIT gets back to [[=one.share['MEMIT', 'solved inside']:.0%]] of the residuals,
# from [[=one.share['MEMIT', 'P afterwards']:.0%]]; without P it was [[=one.share['MEMIT', 'without P']:.0%]].
# Ridge regression writes [[=one.share['ridge', 'solved inside']:.0%]], but not with the same λ:
# it is measured by the energy where the solver works (look at `prior`), and inside P that is [[=leak:.0%]].
# With the λ from outside it would write [[=same_lam:.0%]].
#
# So "add the projection" is two different things, and whoever reports one number for it should say which.
# And why does the same P take so much more from ridge regression than from EMMET?

# %% [markdown]
# ## 2. What P leaves of ROME
#
# Take one fact. In the coordinates of the eigenvectors of C0, the key k has the entries x1, x2, …,
# and C0 is diagonal, with the eigenvalues λ1, λ2, … P just drops some of the coordinates.
# So P and C0 can change places, PC0 = C0P.
# ROME's update, multiplied by P, still points to r, and
#
# $$\Delta P\,k \;=\; r \cdot s, \qquad
# s \;=\; \frac{k^\top C_0^{-1} P\, k}{k^\top C_0^{-1} k} \;=\; \frac{\sum_{i \text{ kept}} x_i^2/\lambda_i}{\sum_{\text{all } i} x_i^2/\lambda_i} . \tag{13.3}$$
#
# In words: ROME writes along C0⁻¹k, which favours the quiet directions, and P keeps the quiet directions.
# What is left is a share s of the write.
# (For ridge regression, which writes along k, the share would be kᵀPk/kᵀk: *energy*, not directions.)
#
# ### Exercise 13.3: ROME and P, on paper · 15 minutes · ★★
#
# With a pencil; four formulas, in terms of the eigenvalues, of the coordinates x, and of which are kept.
#
# 1. The share s.
# 2. ROME solved inside P writes all of r again.
#    How many times larger than ΔP is it?
# 3. The mean of the numerator of s, kᵀC0⁻¹Pk, over the *known* keys.
# 4. How many times more than ROME's own Δ does the re-solved one change known answers (root mean square)?
#
# <details><summary>Hint</summary>
#
# For 2 and 4: inside P, C0⁻¹ becomes C0⁻¹P.
# Put it in ROME's formula in both places.
# The mean squared change is tr(ΔC0Δᵀ) = ‖r‖²/(kᵀC0⁻¹k).
# The likely mistakes: ‖Pk‖² for kᵀC0⁻¹Pk, and forgetting the root in 4.
#
# </details>
#
# <details><summary>More help</summary>
#
# For 3: kᵀC0⁻¹Pk = tr(C0⁻¹P kkᵀ), and the mean of kkᵀ is C0.
# What is the trace of a projection?
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 13.3: all properties hold.
# Below it, your formulas on the facts.
#
# </details>


# %% exercise="13.3"
def on_paper(values, x, kept):
    """(s, ‖re-solved‖/‖ΔP‖, mean of kᵀC0⁻¹Pk, change of known answers, re-solved / ROME).

    values: eigenvalues of C0, [d]; x: the key in its eigenvectors, [d]; kept: True where P keeps, [d].
    """
    # BEGIN SOLUTION
    # STUB return None  # four formulas, separated by commas
    weighed = x.square() / values
    s = float(weighed[kept].sum() / weighed.sum())
    return s, 1 / s, float(kept.sum()), s**-0.5
    # END SOLUTION


on_paper = chapter.check("13.3", on_paper)

# %% [markdown]
# The third answer is a count: the mean of kᵀC0⁻¹Pk is m, the number of directions in P, whatever C0 is.
# And without P it is d.
# So for a typical known key **s is m/d, the share of the directions that P keeps**.
# Is a new fact a typical key?

# %%
chapter.predict(
    "b",
    "Take a strict P, through which 1% of the energy leaks. Of ROME's write, it leaves …",
    ["about 1%", "about 5%", "about half", "nearly all"],
)

# %%
rows, x = [], layer.V.T @ K1
lengths = (x / layer.values[:, None]).square()  # of the parts of C0⁻¹k
for target in (0.01, 0.02, 0.05, 0.1, 0.2, leak, 0.4, 0.6, 0.8):
    kept = torch.arange(d) < layer.basis(target).shape[1]
    found = torch.tensor([on_paper(layer.values, x[:, i], kept) for i in range(len(FACTS))])
    s, size = found[:, 0], found[:, 1] * (lengths[kept].sum(0) / lengths.sum(0)).sqrt()
    rows.append([target, found[0, 2] / d, s.min(), s.mean(), s.max(), found[:, 3].mean(), size.mean()])
columns = ["leak", "rank", "least", "share", "most", "harm", "size"]
through = pd.DataFrame(rows, columns=columns).astype(float)
show(*draw.leaks_figure(through, "our facts, mean and range", leak), name="13_leaks")
strict, usual = through.iloc[0], through.iloc[5]
chapter.reveal(
    "b", 0 if strict.share < 0.025 else 1 if strict.share < 0.2 else 2 if strict.share < 0.8 else 3
)

# %% [markdown]
# **How to read it.** Left, P afterwards:
# what is left of ROME's write, for our [[=len(FACTS)]] facts (the band is their range), and the count m/d;
# the thin line marks the authors' threshold.
# Right, solved inside: everything is written;
# the price is a larger Δ, and a larger change of known answers, as multiples of ROME's own.
#
# **What surprised us.**
# The count predicts it.
# At the authors' threshold P keeps [[=usual['rank']:.0%]] of the directions,
# and leaves [[=usual['share']:.0%]] of the write;
# the strict P keeps [[=strict['rank']:.0%]] and leaves [[=strict['share']:.0%]].
# The facts lie a little above the count:
# a fact's key lies somewhat more in the quiet directions that P keeps than a typical known key does.
# And look at the right panel: **not one point lies below 1.**
# With P, ROME changes known answers *more* for the same write:
# [[=usual.harm:.2f]] times as much at the threshold, [[=strict.harm:.1f]] times with the strict P.
# The next section shows that this had to be so.

# %% [markdown]
# ## 3. What P cannot earn
#
# Recall question 1: of all updates that write r, ROME's changes known answers least.
# The projected update is one of all updates.
# So it cannot do better.
# The same holds for a batch.
# Let Y = ΔPK1 be whatever the projected update writes. Then
#
# $$\operatorname{tr}(\Delta P\,C_0\,P\Delta^\top) \;\ge\; \min_{XK_1 = Y} \operatorname{tr}(X C_0 X^\top) . \tag{13.4}$$
#
# In words: EMMET, asked for the same Y, does it with the least change.
# MEMIT stands in the same place: it minimises the errors plus c times this very trace.
# **An editor that knows C0 has nothing to gain from P, on the yardstick of C0.**
# It weighs every direction by its energy; P only knows yes and no.
# Ridge regression and fine-tuning do *not* know C0.
# Nothing forbids them a gain; whether they have it must be measured, against a control.
#
# "P afterwards" seems to contradict that: in the table of section 1, MEMIT's change of known answers falls
# from [[=one.known['MEMIT', 'without P']:.1%]] to [[=one.known['MEMIT', 'P afterwards']:.1%]].
# But it also writes less.
# Whoever writes less harms less, and for *that* one needs no P.
# There is a cheaper line of code: multiply Δ by a number.
# For ROME, with q for its mean squared change:
#
# | | written | mean squared change |
# |---|---|---|
# | ROME's Δ | r | q |
# | ΔP | s·r | s·q |
# | solved inside | r | q/s |
# | s·Δ, **turned down** | s·r | s²·q |
#
# Turned down, ROME writes what ΔP writes, and changes known answers less, by the factor √s in the root.
# (For a batch, ΔP writes not exactly s·R, and "turned down" is not exactly the best.
# The figure below will show how much room that leaves.)
#
# ### Exercise 13.4: The fair control · 10 minutes · ★★
#
# Given Δ and ΔP: the number t for which t·Δ writes the same share of the residuals as ΔP does.
# The share that an update D writes is ⟨DK1, R⟩/‖R‖²:
# the sum of the entries of DK1 ∘ R, divided by that of R ∘ R.
#
# <details><summary>Hint</summary>
#
# The share is linear in the update.
# The likely mistakes: to match ‖Δ‖ instead of the share, and to turn ΔP up.
#
# </details>
#
# <details><summary>More help</summary>
#
# t·share(Δ) = share(ΔP). The ‖R‖² cancels.
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
    """t, so that t·delta writes the same share of R as projected does; K1 [d, n], R [d_model, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return float((projected @ K1 * R).sum() / (delta @ K1 * R).sum())
    # END SOLUTION


fair = chapter.check("13.4", fair)

# %% [markdown]
# Now the three editors of section 1, each with its control.

# %%
chapter.predict(
    "c",
    "EMMET with P afterwards, at the threshold, beside EMMET turned down until it writes as much. By how much more does "
    "the one with P change known answers?",
    ["by less than 5%", "by 5% to 30%", "by 30% to 100%", "it more than doubles the change"],
)

# %%
panels, saved = {}, {}
for name, ways in gains.items():
    plain, cut = R @ ways["without P"], R @ ways["P afterwards"]
    turned = ways | {"turned down": fair(plain, cut, K1, R) * ways["without P"]}
    panels[name] = {way: layer.judge(gain) for way, gain in turned.items()}
    saved[name] = 1 - panels[name]["P afterwards"]["known"] / panels[name]["turned down"]["known"]
show(*draw.plane_figure(panels), name="13_plane")
more = -saved["EMMET"]
chapter.reveal("c", 0 if more < 0.05 else 1 if more < 0.3 else 2 if more <= 1 else 3)

# %% [markdown]
# **How to read it.** Right: how much is written.
# Up: how much known answers change.
# The grey line holds all multiples of the write without P:
# every point on it can be had by turning Δ up or down.
# **Who lies below the line has gained something; who lies above could have had it cheaper.**
#
# **What surprised us.**
# The same P is a gain and a loss.
# Ridge regression falls below the line:
# [[=abs(saved['ridge']):.0%]] less change than the control.
# MEMIT and EMMET rise above it, by [[=-saved['MEMIT']:.0%]] and [[=-saved['EMMET']:.0%]].
# All three triangles lie lower than their black dots:
# in a table with one row with P and one without, each of them reads "less harm with P".
#
# All of this is about one yardstick, the mean squared change over *known* text in one layer.
# It says nothing of neighbours, of paraphrases, of the perplexity after five layers have been written.
# So the model has to be asked (section 4).
# But drag first: P can be turned on slowly, Δ(I − αQQᵀ), where Q holds the directions that P takes away;
# α = 0 is no P, α = 1 is all of it.
# Try: is there an α, and a leak, for which EMMET dips below the line?

# %%
from alphaedit_lite.book.ch13.widgets import StrengthWidget, strength_figure

without = {name: ways["without P"] for name, ways in gains.items()}
StrengthWidget(layer, without, leak).show()

# %% [markdown]
# On paper: two rows of it.
# Above, P at the threshold; below, a P that leaks 5%.
# The dashed path runs from α = 0 (dot) over α = 0.5 (cross) to α = 1 (triangle).

# %%
for leak_now in (leak, 0.05):
    show(*strength_figure(layer, without, leak_now, 0.5), name=f"13_strength_{100 * leak_now:.0f}")

# %% [markdown]
# EMMET's and MEMIT's paths lie *above* the line all the way.
# For a single fact, ROME's must: (13.4) holds for every leak and every α.
# The figure has [[=len(FACTS)]] facts, which leaves EMMET a little room;
# and MEMIT, which need not meet its facts, is not covered by (13.4) as it stands.
# Neither finds a dip here.
# Ridge regression's path hangs below the line,
# and where P is strict it comes back to it at the end, with hardly anything written.
# A slow P is a smooth knob between writing and harming;
# for ridge regression it is a better one than multiplying Δ by a number, for the others a worse one.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 to 3.**
# Common mistakes: (a) "P afterwards" and "solved inside" are taken for the same;
# let students say which one AlphaEdit is.
# (b) In 13.3, ‖Pk‖²/‖k‖² is given for s: that is ridge regression's share.
# (c) (13.4) is read as "P is useless": it compares on the mean over known text only.
# For the board: s = m/d for typical keys, with tr(AB) = tr(BA) twice; and the little table of section 3.
# Question: which editor would gain *most* from P?
# (On this yardstick, one that writes loudly into busy directions,
# as plain gradient descent would; we did not measure it.)
# A plan for 90 minutes: sections 1 and 2 with 13.1 to 13.3 (40),
# section 3 with the widget (20), the gains of section 4 read together (20), Break it (10).

# %% [markdown]
# ## 4. In the model
#
# ### A dozen facts, through your functions
#
# Now five layers of the real model, [[=len(FACTS)]] facts at once, and the four ways:
# nothing (`without P`), `add_projection`, `inside`,
# and `fair`, turned down by the number that makes a write as small as ΔP's in each layer.

# %%
trial = Trial(lm, FACTS, z, LAYERS, statistics)
C0s, Us = {i: s.second_moment for i, s in statistics.items()}, {i: space.basis for i, space in spaces.items()}
Ps, unit = {i: space.projection for i, space in spaces.items()}, torch.eye(len(FACTS)).double()


def way_of(name, way, Us=Us, Ps=Ps):
    """The gain of an editor, (layer, K1) -> [n, d_ff], with P used in this way."""
    solve = SOLVERS[name]

    def own(i, K1):
        if way == "solved inside":
            return inside(solve, K1, prior(name, C0s[i], Us[i]), Us[i])
        gain = solve(K1, prior(name, C0s[i]))
        if way == "without P":
            return gain
        cut = add_projection(gain, Ps[i])
        return cut if way == "P afterwards" else gain * fair(gain, cut, K1, unit)

    return own


# %% [markdown]
# In the table to come, `named first` is the share of new facts that the model names first,
# `p(new)` the mean probability of the new object, and `paraphrases` the same in other words;
# `neighbours` is the mean probability of the old answer where nothing should change;
# `written` is the share that a fact gets in each layer,
# and `known` the change of known answers, root mean square over the layers.
#
# One layer has obeyed the theorem. Will five?

# %%
chapter.predict(
    "d",
    "Which EMMET moves known answers least, in five layers together?",
    ["without P", "P afterwards", "solved inside", "turned down, without P"],
)

# %%
runs = {("", "unedited"): trial.ask()}
for name in ("ridge", "EMMET"):  # MEMIT is much like EMMET, and the time is short
    for way in ("without P", "P afterwards", "solved inside", "turned down"):
        runs[name, way] = trial.run(way_of(name, way))
live = pd.DataFrame(runs).T
emmet = live.loc["EMMET"]
chapter.reveal("d", list(emmet.index).index(emmet.known.idxmin()))
live.style.format("{:.2f}").format("{:.3f}", subset=["known"])

# %% [markdown]
# **How to read it.** Compare `P afterwards` with `turned down`, which write the same share.
# Ridge regression with P changes known answers by [[=live.known['ridge', 'P afterwards']:.1%]],
# turned down by [[=live.known['ridge', 'turned down']:.1%]];
# EMMET with P by [[=emmet.known['P afterwards']:.1%]], turned down by [[=emmet.known['turned down']:.1%]].
# In this run, five layers keep the order that one layer must have.
# What it does to a dozen facts is in the other columns;
# but a dozen is far too few to compare probabilities. So:
#
# ### Two hundred facts, editor by editor
#
# The file holds [[=pairs.n]] facts, in sequence, in batches of 50,
# all judged at the end, each editor without P and with it.
# (`python -m alphaedit_lite.book.ch10.study` makes it.)
# RECT keeps the relatively largest entries of MEMIT's Δ,
# PRUNE damps its large singular values (chapter 10), ENCORE's prior is c·C0 + λI, so it knows C0.
# With P, each of them is compared with *itself*, fact by fact.

# %%
pairs = Pairs(result("fronts.json"))
chapter.predict(
    "e",
    f"{len(pairs.names)} editors, {pairs.n} facts. Whose facts are named first more often with P, beyond the noise?",
    ["most editors'", "a few editors'", "nobody's"],
)

# %% [markdown]
# Now the file, row against row, each editor with P and without:

# %%
every = pairs.gains()
sure = every[every.sure]
up, down = sure[sure["mean"] > 0], sure[sure["mean"] < 0]
counts = counted(pairs)
first_up = set(up[up.metric == "efficacy_top1"].editor)
show(*draw.gains_figure(pairs), name="13_gains")
chapter.reveal("e", 0 if len(first_up) > len(pairs.names) / 2 else 1 if first_up else 2)
print(f"named first more often with P: {listed(every, 'efficacy_top1', 1)}")
pairs.quoted()

# %% [markdown]
# **How to read it.** Each mark is the difference between the row with P and the row without,
# on the same facts, in points; the line is its 95% interval; each panel has a scale of its own.
# Triangles: P afterwards; squares: solved inside.
# (For the two ridge regressions the square *is* AlphaEdit, without and with history.
# For fine-tuning, where the file has it, "inside" means that every step is projected.)
# The last two columns of the table are the rise of perplexity on held-out text, one number each, without an interval.
#
# Of [[=len(every)]] intervals [[=len(up)]] lie above zero and [[=len(down)]] below.
# Some of them are copies:
# after [[=pairs.n]] facts PRUNE finds hardly a singular value large enough to be damped, and repeats MEMIT.
# Of the [[=counts.distinct]] distinct ones [[=counts.sure]] leave zero out,
# where about [[=counts.distinct / 20:.0f]] would by chance alone.
# Stricter, by the sign test of chapter 11 over all of them:
# [[=counts.fdr]] remain if one in twenty of those that remain may be false (Benjamini and Hochberg),
# and [[=counts.holm]] if hardly a single one may be (Holm).
# So take no single line of these lists for certain:
#
# * **Named first** more often with P: [[=listed(every, 'efficacy_top1', 1)]].
#   Less often: [[=listed(every, 'efficacy_top1', -1)]].
# * **Paraphrases** more often: [[=listed(every, 'generalization_top1', 1)]].
#   Less often: [[=listed(every, 'generalization_top1', -1)]].
# * **Neighbours** kept more often: [[=listed(every, 'specificity', 1)]].
#   Less often: [[=listed(every, 'specificity', -1)]].
#
# **What surprised us.**
# There is no single answer to "what does P do?".
#
# * *Ridge regression, which does not know C0, gains.*
#   P turns it into AlphaEdit.
#   Without history: [[=pairs.told('ridge', 'solved inside')]].
#   With history: [[=pairs.told('ridge with history', 'solved inside')]].
#   Look at the intervals: with history, zero is left out by
#   [[=' and '.join(METRICS[q] for q in METRICS if pairs.gain('ridge with history', 'solved inside', q).sure) or 'none']] only.
# * *MEMIT, which knows C0, makes another bargain.*
#   Solved inside: [[=pairs.told('MEMIT', 'solved inside')]].
#   Afterwards: [[=pairs.told('MEMIT', 'P afterwards')]].
#   Not one more fact is named first, and fewer if P comes afterwards.
#   But neighbours are kept more often, and perplexity rises less.
#   EMMET, which knows C0 as well, does not follow: solved inside, [[=pairs.told('EMMET', 'solved inside')]].
# * *ENCORE stands between.*
#   It knows C0, and gains: [[=pairs.told('ENCORE', 'solved inside')]].
#   But part of its prior is λI, and its λ is measured by the energy where the solver works,
#   like that of ridge regression: inside P it is only [[=min(s.leakage for s in spaces.values()):.0%]]
#   to [[=max(s.leakage for s in spaces.values()):.0%]] of what it is outside, by layer.
#   So this may be a turned knob, and no work of P's.
#   We did not measure it with the same λ.
#
# MEMIT's bargain is news to section 3.
# There, in one layer, MEMIT solved inside changed known answers by [[=one.known['MEMIT', 'solved inside']:.1%]],
# a little more than without P ([[=one.known['MEMIT', 'without P']:.1%]]), and it wrote less.
# Here perplexity rises less, and more neighbours are kept.
# So these are three yardsticks, not one:
# the mean over known keys in a layer, the perplexity of text, and the neighbours.
# What might a neighbour feel?
# The overlap of (5.6): how much of a fact's residual arrives at another key.

# %%
chapter.predict(
    "f",
    "EMMET solved inside P writes every fact fully, as without P. How much of a fact's residual now reaches its paraphrases, "
    "and how much its neighbours?",
    ["more at both", "less at neighbours only", "less at both", "as much as without P"],
)

# %%
kin = {"paraphrase": [relative(fact, fact.paraphrases[0]) for fact in FACTS]}
kin["neighbour"] = [relative(fact, fact.neighbours[0][0]) for fact in FACTS]
met = {who: keys_and_residuals(lm, some, z, LAYER)[0] for who, some in kin.items()}
each = {
    (name, way): {who: (gain * K.T).sum(1).tolist() for who, K in ({"own key": K1} | met).items()}
    for name, ways in gains.items()
    for way, gain in ways.items()
}
arrives = pd.DataFrame(
    {row: {who: sum(v) / len(v) for who, v in found.items()} for row, found in each.items()}
).T
spill = {who: difference(each["EMMET", "solved inside"][who], each["EMMET", "without P"][who]) for who in kin}
for who in kin:
    arrives[f"{who} / own"] = arrives[who] / arrives["own key"]
reach = arrives.loc["EMMET"]
less = [reach[f"{who} / own"]["solved inside"] < 0.97 * reach[f"{who} / own"]["without P"] for who in kin]
chapter.reveal("f", {(True, True): 2, (False, True): 1, (False, False): 3}.get(tuple(less), 0))
arrives.style.format("{:.2f}")

# %% [markdown]
# The table shows how much of its own residual a fact's key receives in layer [[=LAYER]],
# and how much the key of one paraphrase and of one neighbour do.
# (Plain means over the facts.
# `share` in section 1 weighs facts by the size of their residuals, so the two differ a little.)
#
# **What surprised us.**
# EMMET writes every fact fully, with P and without.
# A paraphrase receives [[=reach['paraphrase']['without P']:.2f]] of the residual without P
# and [[=reach['paraphrase']['solved inside']:.2f]] inside P (difference in points: [[=str(spill['paraphrase'])]]).
# A neighbour receives [[=reach['neighbour']['without P']:.2f]] without P
# and [[=reach['neighbour']['solved inside']:.2f]] inside ([[=str(spill['neighbour'])]]).
# Chapter 10 has shown why: any two keys have something in common,
# whatever they are about, and P takes this common part away.
# A neighbour shares little else with the fact; a paraphrase shares the subject.
# Without C0, in ridge regression, there is more to take:
# [[=arrives['neighbour / own']['ridge', 'without P']:.2f]] of the own share without P,
# [[=arrives['neighbour / own']['ridge', 'solved inside']:.2f]] inside.
#
# So in the keys a neighbour receives [[=reach['neighbour']['solved inside'] / reach['neighbour']['without P']:.0%]]
# of what it received without P, and a paraphrase as much as before.
# (With [[=len(FACTS)]] facts the neighbours'
# interval [[='leaves zero out' if spill['neighbour'].sure else 'still reaches to zero']].)
# Does it show in the *answers*?
# For MEMIT it may: over the [[=pairs.n]] facts,
# [[=str(pairs.gain('MEMIT', 'solved inside', 'specificity'))]] neighbours in a hundred.
# But inside P, MEMIT writes less (first column), and that alone may spare neighbours.
# EMMET writes as much as before, and in the answers nothing is left of it:
# [[=str(pairs.gain('EMMET', 'solved inside', 'specificity'))]], and perplexity rises more.
# So the smaller overlap does not explain MEMIT's gain.
# We did not find out what does.
#
# And the paraphrases that MEMIT with history loses?
# Its keys, too, receive less: inside P the same c is a stronger brake.
# But that is not all: where perplexity has risen as much (the next table),
# the difference is still [[=str(pairs.left_over('MEMIT with history', 'solved inside', 'generalization_top1'))]].
#
# ### More than a knob?
#
# Every editor here has a knob that trades facts against harm:
# c, λ, a learning rate, and the number of section 3.
# So the fair question is not "does P change the scores?",
# but "does it lead to a place that the knob does not reach?"
# In the figure, the grey lines are knobs, turned without any P;
# the arrows lead from an editor to itself with P.
#
# **How to read it.** Circle: without P.
# Triangle: afterwards. Square: solved inside.
# Left and up is better.
# The horizontal scale is stretched around zero, and each panel shows another part of the plane: compare the scales.
# Who ends up on a grey line could have come there by turning the knob.

# %%
chapter.predict(
    "g",
    "Turn c without P until perplexity has risen as much as for MEMIT (with history) solved inside. Who names more facts first?",
    [
        "MEMIT with P, beyond the noise",
        "MEMIT with its knob, beyond the noise",
        "no difference beyond the noise",
    ],
)

# %%
groups = {
    "ridge regression, fine-tuning": "ridge, ridge with history, FT, FT-L",
    "ENCORE, RECT": "ENCORE, RECT",
    "MEMIT, EMMET": "MEMIT, MEMIT with history, EMMET",
}
knobs = (
    ["ridge with history", "MEMIT with history"],
    ["MEMIT with history"],
    ["MEMIT", "MEMIT with history"],
)
shown = {
    title: ([name for name in names.split(", ") if name in pairs.names], lines)
    for (title, names), lines in zip(groups.items(), knobs, strict=True)
}
show(*draw.knobs_figure(pairs, shown), name="13_knobs")

# %% [markdown]
# Now the same as a table.
# It compares each row with P with the knob's line without P, *where perplexity has risen as much*:
# between two settings of the knob, the score of every fact is interpolated, so that facts can still be paired.
# (Who has no knob of its own in the file is compared with MEMIT's c.
# "Out of reach": no setting in the file harms as much, or as little.)
# The intervals do not include the noise of perplexity itself.

# %%
rest = pairs.leftovers()
alpha, seq = ("AlphaEdit", "λ = 0.8"), ("MEMIT with history", "c = 1000")
versus = {metric: pairs.fronts.contrast(alpha, seq, metric) for metric in METRICS}
same = pairs.left_over("MEMIT with history", "solved inside")
by_words = {
    name: pairs.at_equal(name, "solved inside", "generalization_top1", "specificity")
    for name in ("MEMIT", "MEMIT with history")
}
few = ("c = 300", "c = 1000", "c = 4000")  # as if only these settings of c had been tried
rows = [r for r in result("fronts.json")["rows"] if r["knob"] in few or not r["knob"].startswith("c =")]
flattered = Pairs(result("fronts.json") | {"rows": rows}).left_over("MEMIT with history", "solved inside")
chapter.reveal("g", 2 if same is None or not same.sure else 0 if same.mean > 0 else 1)
pairs.quoted(left=True)

# %% [markdown]
# * **Named first** more often than by turning the knob: [[=listed(rest, 'efficacy_top1', 1)]].
#   Less often: [[=listed(rest, 'efficacy_top1', -1)]].
# * **Paraphrases** more often: [[=listed(rest, 'generalization_top1', 1)]].
#   Less often: [[=listed(rest, 'generalization_top1', -1)]].
# * **Neighbours** kept more often: [[=listed(rest, 'specificity', 1)]].
#   Less often: [[=listed(rest, 'specificity', -1)]].
#
# Where nobody is listed, either noise hides the difference, or the file has no setting of the knob to compare with.
# And ENCORE, where it is listed, is not compared with its own knob:
# the file turns neither its c nor its λ, and P has turned the λ (see above).
#
# **What surprised us.** Three things.
#
# * *For ridge regression P is far more than a knob.*
#   At the same rise of perplexity, AlphaEdit names [[=str(pairs.left_over('ridge with history', 'solved inside'))]]
#   points more facts first than ridge with history at another λ.
#   None of the λ in the file gets there.
#   (But see what such a λ does: it names only
#   [[=float(pairs.fronts.at_rise('ridge with history', pairs.table.rise['ridge with history', 'solved inside']).mean()):.0%]] first.
#   Who writes less also disturbs less:
#   neighbours [[=str(pairs.left_over('ridge with history', 'solved inside', 'specificity'))]] for AlphaEdit.)
# * *For MEMIT it is a little more than a knob, for one score.*
#   Solved inside, at the same rise of perplexity, with history: named first [[=str(same)]] points;
#   paraphrases [[=str(pairs.left_over('MEMIT with history', 'solved inside', 'generalization_top1'))]];
#   neighbours [[=str(pairs.left_over('MEMIT with history', 'solved inside', 'specificity'))]].
#   Without history: paraphrases [[=str(pairs.left_over('MEMIT', 'solved inside', 'generalization_top1'))]],
#   neighbours [[=str(pairs.left_over('MEMIT', 'solved inside', 'specificity'))]].
#   Turn c until the *paraphrases* are as many,
#   and of the neighbours there remain [[=str(by_words['MEMIT with history'])]]
#   with history ([[='beyond the noise' if by_words['MEMIT with history'].sure else 'within the noise']]),
#   and [[=str(by_words['MEMIT'])]] without ([[='beyond the noise' if by_words['MEMIT'].sure else 'within the noise']]).
#   Which score is held equal decides what is left.
#   And it is MEMIT's pattern, and that of what is made of it: no pattern of all editors that know C0.
# * *A trap, into which we fell.*
#   Our first file had three settings of c, 300, 1,000 and 4,000,
#   and this table said [[=str(flattered)]] points, "beyond the noise".
#   But the knob's line is curved: what is named first falls slowly, and then fast.
#   A straight line between two far settings lies below it, and flatters whoever is compared.
#   With more settings, most of the gain was gone.
#   **A knob that is sampled coarsely loses.**
#   Ask for the settings of the rivals.
#
# One more comparison, at the settings of this book, λ = [[=LAM:g]]
# and c = [[=C:,.0f]], with no knob turned; the harm is not quite equal.
# What P does for ridge regression, C0 does for MEMIT.
# AlphaEdit minus MEMIT with history, which has no P: named first [[=str(versus['efficacy_top1'])]],
# paraphrases [[=str(versus['generalization_top1'])]], neighbours [[=str(versus['specificity'])]];
# perplexity up by [[=pairs.table.rise['ridge with history', 'solved inside']:.1%]]
# and [[=pairs.table.rise['MEMIT with history', 'without P']:.1%]].
# Two ways to the same place, more or less; and MEMIT with history solved inside P,
# which has both, raises perplexity by [[=pairs.table.rise['MEMIT with history', 'solved inside']:.1%]].
#
# And the paper's gains of 28% and 43%?
# They are averages over editors in long sequences on larger models,
# most of them without history, near or past their collapse.
# Here, [[=pairs.n]] edits in,
# perplexity without P has risen by [[=pairs.table.xs('without P', level=1).rise.max():.1%]] at most.
# Such a file can say what P does to an editor that works, and little about whether it saves one that breaks.

# %% [markdown]
# ## 5. Gradients, and the last word
#
# Fine-tuning has no solver to be asked again. It walks.
# But a sum of projected steps is projected, (Δ1P + Δ2P) = (Δ1
# + Δ2)P. So it is enough to project every step, and Δ never leaves the null space:
#
# $$\Delta_{t+1} \;=\; \Delta_t + \mathrm{step}(\nabla_t)\,P . \tag{13.5}$$
#
# In words: ask the optimiser what it wants to do, and let it do the harmless part of that.
# Continual learning has known this for some years,
# as gradient projection ([Saha et al. 2021](https://arxiv.org/abs/2103.09762))
# and as Adam in a null space ([Wang et al. 2021](https://arxiv.org/abs/2103.07113)).
#
# Why not project the gradient, as the name says?
# For plain descent that is the same thing.
# **Adam** divides every *entry* of the gradient by its own running size.
# Now, P mixes the entries of a row, and dividing each by another number bends the row out of the null space again.
#
# ### Exercise 13.5: A descent that stays inside · 15 minutes · ★★★
#
# Gradient descent on ‖ΔK1 − R‖², from Δ = 0, for any `rule`
# that turns a gradient into a step (its minus sign included).
#
# <details><summary>Hint</summary>
#
# The gradient is 2(ΔK1 − R)K1ᵀ.
# The likely mistake is `rule(gradient @ P)`: it passes with plain descent and with momentum, and fails with Adam.
#
# </details>
#
# <details><summary>More help</summary>
#
# In the loop: gradient, step = rule(gradient), delta = delta + step @ P.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 13.5: all properties hold.
# Below it, a figure with four descents.
#
# </details>


# %% exercise="13.5"
def descend(K1, R, P, rule, steps):
    """Δ after some steps, [d_model, d]; rule(gradient) is the step to add; K1 [d, n], R [d_model, n]."""
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
# A toy layer with a *true* null space (known keys fill 20 of 48 dimensions),
# six new facts, and your descent with two rules.
# Your function with P = I and a rule that projects the gradient is the naive version.

# %%
chapter.predict(
    "h",
    "Adam, with every gradient projected. How large is ‖ΔK0‖ / (‖Δ‖‖K0‖), compared with Adam without any P?",
    ["under a tenth", "a tenth to a half", "more than half"],
)

# %%
from alphaedit_lite.book.ch13.reference import Adam, Momentum

toy_K0, toy_K1, toy_R = (
    torch.randn(48, 20).double(),
    torch.randn(48, 6).double(),
    torch.randn(8, 6).double(),
)
toy_eye = torch.eye(48).double()
toy_P = toy_eye - toy_K0 @ torch.linalg.pinv(toy_K0)
small = 0.5 / float(toy_K1.square().sum())


def naive(rule):
    return lambda gradient: rule(gradient @ toy_P)


walks = {
    "Adam, no P": lambda: (toy_eye, Adam()),
    "Adam, gradient projected": lambda: (toy_eye, naive(Adam())),
    "Adam, step projected": lambda: (toy_P, Adam()),
    "momentum, gradient projected": lambda: (toy_eye, naive(Momentum(small, 0.9))),
}


# %% [markdown]
# Each of them walks up to 256 steps.

# %%
rows = []
for name, make in walks.items():
    for steps in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        delta = descend(toy_K1, toy_R, *make(), steps)
        known = float((delta @ toy_K0).norm() / (delta.norm() * toy_K0.norm()))
        rows.append([name, steps, known, float((delta @ toy_K1 - toy_R).norm() / toy_R.norm())])
walked = pd.DataFrame(rows, columns=["rule", "steps", "known", "error"])
show(*draw.descent_figure(walked), name="13_descent")
end = walked[walked.steps == 256].set_index("rule")
bent = end.known["Adam, gradient projected"] / end.known["Adam, no P"]
chapter.reveal("h", 0 if bent < 0.1 else 1 if bent <= 0.5 else 2)

# %% [markdown]
# **What surprised us.**
# After 256 steps, Adam with projected *gradients* does, per unit of Δ,
# [[=bent:.0%]] of the harm of Adam with no projection at all (the two numbers in the left panel).
# One line in the wrong place, no error message, and the facts are learned as well (right panel).
# With the step projected, ‖ΔK0‖ is zero up to rounding.
# And momentum, a running sum, stays inside even with the gradient projected.
# [Hu et al. (2026)](https://arxiv.org/abs/2604.22407) report the same trap for methods of continual learning
# that change the gradient in front of Adam: in their tests most of the protection is lost.
#
# ### Exercise 13.6: Who must come before P? · 8 minutes · ★
#
# Adam is not alone. Let Δ = ΔP.
# After which of these operations is it still inside P?
# Think of what each does to a *row*.
#
# `sum` (of two such updates), `scale` (times a number), `momentum` (0.9Δ + Δ'), `decay` (weight decay of W + Δ;
# the update is then all that has changed in W), `clip norm` (divide by ‖Δ‖),
# `clamp entries` (every entry into a bound, as in FT-L), `RECT` (small entries set to zero),
# `PRUNE` (large singular values damped), `rounding` (to bfloat16).
#
# <details><summary>Hint</summary>
#
# What acts from the left on Δ, or with one number for all entries, keeps the rows inside.
# What treats each entry by itself does not.
# The likely mistakes: PRUNE (think of its singular vectors), and decay (which matrix does it shrink?).
#
# </details>
#
# <details><summary>More help</summary>
#
# PRUNE: Δ = ASBᵀ, and the rows of Δ are made of the rows of Bᵀ, which are inside P where S is not zero.
# Another S changes nothing about that.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 13.6: all properties hold.
# Below it, the same on a real layer.
#
# </details>


# %% exercise="13.6"
def stays():
    """Operation -> whether Δ is still inside P after it."""
    # BEGIN SOLUTION
    # STUB return None  # {"sum": True or False, "scale": …}
    linear = dict.fromkeys(("sum", "scale", "momentum", "clip norm", "PRUNE"), True)
    return linear | dict.fromkeys(("decay", "clamp entries", "RECT", "rounding"), False)
    # END SOLUTION


stays = chapter.check("13.6", stays)

# %% [markdown]
# So P wants the last word.
# On the real layer, with MEMIT's Δ: the ratio ‖Δk0‖/‖Δ‖ (root mean square),
# which P is there to lower, and the share of non-zero entries, which RECT is there to lower.

# %%
from alphaedit_lite.solvers import rect

W, memit = lm.weight(LAYER), R @ gains["MEMIT"]["without P"]
projected, bound = memit @ P, float(memit.abs().flatten().quantile(0.9))
orders = {
    "MEMIT": memit,
    "P": projected,
    "RECT": rect(memit, W),
    "P, then RECT": rect(projected, W),
    "RECT, then P": rect(memit, W) @ P,
    "P, then clamp": projected.clamp(-bound, bound),
}
rows = {
    name: [float(((D @ C0) * D).sum().sqrt() / D.norm()), float((D.abs() > 0).float().mean())]
    for name, D in orders.items()
}
words = pd.DataFrame(rows, index=["ratio", "non-zero"]).T
words.style.format("{:.3f}")

# %% [markdown]
# P takes the ratio from [[=words.ratio['MEMIT']:.3f]] to [[=words.ratio['P']:.3f]].
# RECT afterwards brings it to [[=words.ratio['P, then RECT']:.3f]], a clamp to [[=words.ratio['P, then clamp']:.3f]].
# With P last, it is [[=words.ratio['RECT, then P']:.3f]],
# but then hardly an entry is zero: the two wishes exclude each other.
# (In this package, "RECT with P" projects first,
# and "FT-L with P" projects first and clamps then, as the formulas of those editors are written.
# So the rows of RECT in section 4 are *not* inside P. Now you know.)
#
# And fine-tuning itself?
# Three facts, one layer, Adam as in chapter 1; then the same with every step projected.

# %%
from alphaedit_lite.finetune import FineTune

few, tuned = Trial(lm, FACTS[:3], z[:3], (5,), statistics), {}
for name, null_spaces in (("FT", None), ("FT, step projected", {5: spaces[5]})):
    edit = FineTune(lm, layers=(5,), null_spaces=null_spaces, progress=False).edit(FACTS[:3])
    tuned[name] = few.ask(edit) | {"update": float(edit.delta(5).norm() / lm.ledger.original(5).norm())}
    edit.revert()
tuned = pd.DataFrame(tuned).T.drop(columns="written")
tuned.style.format("{:.2f}").format("{:.3f}", subset=["known", "update"])

# %% [markdown]
# The new objects have a mean probability of [[=tuned['p(new)']['FT']:.2f]] without P,
# and of [[=tuned['p(new)']['FT, step projected']:.2f]] with every step projected.
# Known answers change by [[=tuned.known['FT']:.1%]] and [[=tuned.known['FT, step projected']:.1%]],
# for an update of [[=tuned['update']['FT']:.1%]] and [[=tuned['update']['FT, step projected']:.1%]] of ‖W‖.
# So known answers change less, and the same number of steps teaches less.
# By the rule of section 3 this is not yet a gain:
# the control would be fewer steps without P, and these three facts have none.
# [[=f'Over the {pairs.n} facts of section 4: ' + pairs.told('FT', 'solved inside') + '; its knob there is the learning rate.' if 'FT' in pairs.names else 'That is left open here.']]

# %% [markdown]
# ## 6. Break it: the strict P
#
# The theory of the null space wants a P that leaks nothing.
# So let it leak 1% of the energy, in all five layers,
# and write the dozen facts with EMMET (which is ROME for a batch): P afterwards, and solved inside.

# %%
chapter.predict(
    "i",
    "P leaks 1%. EMMET with P afterwards, and EMMET solved inside. The new facts are named first …",
    ["by both", "by neither", "only afterwards", "only solved inside"],
)

# %%
tight = {i: NullSpace.fit(statistics[i], 0.01, "energy") for i in LAYERS}
tight_U, tight_P = {i: s.basis for i, s in tight.items()}, {i: s.projection for i, s in tight.items()}
broken = {("EMMET", "without P"): runs["EMMET", "without P"]}
for way in ("P afterwards", "turned down", "solved inside"):
    broken["P leaks 1%", way] = trial.run(way_of("EMMET", way, tight_U, tight_P))
broken = pd.DataFrame(broken).T
gone, cheap, shouts = (
    broken.loc["P leaks 1%", way] for way in ("P afterwards", "turned down", "solved inside")
)
chapter.reveal(
    "i", {(1, 1): 0, (0, 0): 1, (1, 0): 2, (0, 1): 3}[gone["named first"] > 0.5, shouts["named first"] > 0.5]
)
broken.style.format("{:.2f}").format("{:.3f}", subset=["known"])

# %% [markdown]
# Afterwards, the write has vanished: [[=gone['written']:.0%]] of each residual is left
# (m/d is [[=sum(B.shape[1] for B in tight_U.values()) / len(tight_U) / d:.0%]] in the mean of the layers),
# and [[=round(gone['named first'] * len(FACTS)):d]] of [[=len(FACTS)]] facts are named first.
# Known answers still change by [[=gone['known']:.1%]],
# which is [[=gone['known'] / broken.known['EMMET', 'without P']:.0%]] of the harm without P,
# for [[=gone['written']:.0%]] of the write.
# EMMET turned down to as little (`turned down` has no P;
# only its number comes from this one) changes them by [[=cheap['known']:.1%]].
# A bad bargain. Solved inside, everything is written ([[=shouts['written']:.0%]]),
# and [[=round(shouts['named first'] * len(FACTS)):d]] facts are named first.
# The price: known answers change by [[=shouts['known']:.0%]],
# without P by [[=broken.known['EMMET', 'without P']:.0%]].
# The mean probability of the neighbours' old answers is [[=shouts['neighbours']:.2f]]
# (without P [[=broken.neighbours['EMMET', 'without P']:.2f]]).
#
# The purer the null space, the more it costs to use it.
# That was chapter 7's narrow door for one fact and chapter 8's for ridge regression;
# here it is for the editor that needed no P at all.
#
# ## Paper ↔ code
#
# | in the paper | in the authors' code | here |
# |---|---|---|
# | ΔP for the solution of an editor (section 3; figures 6 and 7: projection added to other editors) | in the version that we read, `experiments/evaluate.py` hands P to AlphaEdit only; how it was added to the others, afterwards or inside, cannot be seen | both: `EditorConfig.project="after"`, one line in `Editor._gain`; and `project=True` |
# | Δ = R K1ᵀP(…)⁻¹, ridge regression solved inside | one dense solve | `solvers.inverse_prior`: A⁻¹ inside P, for every editor; C0 is diagonal in U, so it is a division |
# | – | – | `finetune.FineTune(null_spaces=…)`: Δ is projected after each step of Adam, which is (13.5), since Δ was inside before |
#
# Your gain and the package's, for MEMIT solved inside (where keys are rows):

# %%
from alphaedit_lite import solvers

theirs = solvers.memit(K1.T, C0, C, null_space=spaces[LAYER])
apart = float((theirs - gains["MEMIT"]["solved inside"]).norm() / theirs.norm())
print(f"the package's gain and yours differ by {apart:.0e}")

# %% [markdown]
# ## Keypoints
#
# * P can stand in three places: behind the finished Δ, around the solver, behind each step.
#   The first writes less, the second writes larger.
# * P leaves of ROME's write about the share of the *directions* that it keeps, m/d;
#   of ridge regression's, about the share of the *energy*.
# * Ridge regression, which does not know C0, gains from P what turning its λ did not give.
#   An editor that knows C0 cannot change known answers less in the mean.
#   On other scores there is no one pattern:
#   MEMIT keeps a few more neighbours at the same rise of perplexity,
#   and at the same paraphrases no more than the noise; EMMET, solved inside, none.
# * "With P" and "without P" is no comparison.
#   Turn the plain editor down until it writes as much, or harms as much.
# * P wants the last word: Adam, clamps and RECT treat entries one by one, and lead out of the null space.
#
# ## Quiz
#
# **1. With P afterwards, an editor's harm to known answers falls by a quarter. What do you ask?**
#
# <details><summary>A. Nothing. That is what P promises.</summary>
# It also happens when you multiply Δ by 0.75.
# </details>
# <details><summary>B. How much does the update still write,
# and what does the plain one do when turned down to that?</summary>
# <b>Yes.</b> That is the grey line of section 3.
# </details>
# <details><summary>C. Whether Δ became smaller.</summary>
# It certainly did: a projection shortens.
# The question is what the shorter Δ still writes.
# </details>
#
# **2. Suppose that on a model with very wide layers P keeps 99.8% of the directions.
# What is left of ROME's write with P afterwards?**
#
# <details><summary>A. Nearly everything.</summary>
# <b>Yes</b>: about m/d.
# There, afterwards and inside are nearly the same, and P takes away a few very busy directions.
# </details>
# <details><summary>B. That depends on how much energy the few directions carry.</summary>
# It does for ridge regression, which writes along k.
# ROME writes along C0⁻¹k, where busy directions count little.
# </details>
# <details><summary>C. Nothing.</summary>
# That would be m/d near zero: a very strict P.
# </details>
#
# **3. You fine-tune with AdamW, project every gradient, and see known answers move. Name the leaks.**
#
# <details><summary>A. There are none: projected gradients stay inside.</summary>
# With plain descent and with momentum. Not with Adam.
# </details>
# <details><summary>B. Adam's division, entry by entry.</summary>
# Right, and there is another one: the W of AdamW is weight decay, which shrinks W itself.
# </details>
# <details><summary>C. Adam's division, and the weight decay.</summary>
# <b>Yes.</b> Project the step, and decay Δ instead of W (or not at all).
# </details>
#
# **Further reading**
#
# * [Fang et al. 2025](https://arxiv.org/abs/2410.02355), AlphaEdit:
#   the projection added to other editors is in their section on baselines, figures 6 and 7.
# * [Gupta et al. 2024](https://arxiv.org/abs/2403.14236), EMMET:
#   ROME and MEMIT as one problem with two kinds of constraint.
# * [Wang et al. 2021](https://arxiv.org/abs/2103.07113), Adam-NSCL:
#   the projected Adam step, for continual learning.
# * [Saha et al. 2021](https://arxiv.org/abs/2103.09762), gradient projection memory: the projected gradient.
# * [Hu et al. 2026](https://arxiv.org/abs/2604.22407):
#   what goes wrong when gradients are changed in front of Adam.
#
# **Next:** P is no cure for everything.
# Chapter 14 looks for the places where editing breaks whatever the projection, and at what others have proposed.

# %%
chapter.report()
