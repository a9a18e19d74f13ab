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
# *To read: 45 minutes. To do the exercises: 50 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will derive AlphaEdit from MEMIT's objective, write it yourself,
# change a fact in a real model with your own code, and read the whole method on one page.**
#
# [[map]]
#
# ```text
#                   write the new facts     keep the old answers
#
#    MEMIT            ‖ΔK1 − R‖²      +     c · mean ‖Δk0‖²        a balance
#    AlphaEdit        ‖ΔPK1 − R‖²     +     c · 0                  no balance …
#
#                                           … if P k0 = 0
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *derive* AlphaEdit's formula, and *give* the reason for every step,
# > * *turn* it into a system with one equation for each fact,
# > * *write* the editor, and *explain* the whole method line by line,
# > * *compare* two editors fairly: when both write the same share.
# >
# > **You need** MEMIT's objective and its closed form (chapter 6),
# > the projection P = U Uᵀ and what it leaks (chapter 7).
# > Letters are listed in [Appendix A](A_notation.md), words are explained in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 1.5 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: the edited layers, the one we look into, P's threshold, λ.
import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, key_statistics, load_model
from alphaedit_lite.book.ch08 import figures as draw
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM, probe
from alphaedit_lite.book.kit.layer import keys_and_residuals
from alphaedit_lite.book.kit.plots import before_and_after, show
from alphaedit_lite.factkeys import FactPrompts
from alphaedit_lite.facts import bundled_facts
from alphaedit_lite.prompts import PREFIXES
from alphaedit_lite.support.bundled import bundled_targets

chapter = Chapter("08")
torch.manual_seed(8)
LAYERS, LAYER, THRESHOLD, LAM = (3, 4, 5, 6, 7), 7, 2e-2, 0.8

# %% [markdown]
# ## Before you start
#
# <details><summary>1. MEMIT minimises ‖ΔK1 − R‖² + c · mean ‖Δk0‖² (chapter 6).
# What is Δ, and what does a large c do?</summary>
#
# Δ = R K1ᵀ(cC0 + K1K1ᵀ)⁻¹, where C0 = K0K0ᵀ/N is the second moment of the known keys.
# A large c guards the known answers, and less of the new facts is written.
#
# </details>
#
# <details><summary>2. P = U Uᵀ is made of the eigenvectors of C0 with a small eigenvalue (chapter 7).
# What is P K0 in theory, and on our model?</summary>
#
# In theory it is zero: no known key has anything in those directions.
# On our model no eigenvalue is exactly zero, so P K0 is small but not zero: P leaks.
#
# </details>

# %% [markdown]
# ## 1. The term that vanishes
#
# MEMIT has two wishes, and a knob c that weighs them against each other.
# Can we get rid of the knob?
# Keys are columns in the formulas:
# K1 (d_ff × n) holds the keys of the new facts, R (d_model × n) what is missing at them, and K0 the known keys.
#
# **Step 1. Start from MEMIT.**
# *Reason: it says what we want.*
#
# $$\min_\Delta \quad \lVert \Delta K_1 - R \rVert^2 \;+\; c\,\operatorname{tr}(\Delta\, C_0\, \Delta^\top) . \tag{8.1}$$
#
# In words: the errors at the new facts, plus c times the mean squared change of a known answer.
#
# **Step 2. Allow only updates of the form ΔP.**
# *Reason: in the ideal case of chapter 7, P K0 = 0, these do no harm.*
# Write ΔP wherever Δ stood:
#
# $$\min_\Delta \quad \lVert \Delta P K_1 - R \rVert^2 \;+\; c\,\operatorname{tr}(\Delta P\, C_0\, P^\top \Delta^\top) . \tag{8.2}$$
#
# **Step 3. The second term is zero.**
# *Reason: P K0 = 0, and C0 is made of K0:*
#
# $$\operatorname{tr}(\Delta P\, C_0\, P^\top \Delta^\top) \;=\; \tfrac1N \lVert \Delta\,(P K_0) \rVert^2 \;=\; 0
# \qquad\text{for every } \Delta \text{ and every } c . \tag{8.3}$$
#
# In words: if P K0 = 0, no known answer moves, whatever we write inside P.
# So c weighs nothing, and it leaves the formula.
# **This is the idea of AlphaEdit.**
#
# **Step 4. Ask for a small update.**
# *Reason: ‖ΔPK1 − R‖² alone can have many minima, and some of them are huge.*
# So add the size of the update, with a weight λ:
#
# $$\min_\Delta \quad \lVert \Delta P K_1 - R \rVert^2 \;+\; \lambda\, \lVert \Delta P \rVert^2 . \tag{8.4}$$
#
# One knob has gone, and another one has come.
# But λ weighs new facts against the *size* of the update, not against known facts.
#
# **Step 5. Guard the earlier edits.**
# *Reason: P was made from Wikipedia, so it does not know the facts that we wrote ourselves.*
# Put the keys of all earlier edits into Kp, and ask that their answers stay:
#
# $$\min_\Delta \quad \lVert \Delta P K_1 - R \rVert^2 \;+\; \lVert \Delta P K_p \rVert^2 \;+\; \lambda\, \lVert \Delta P \rVert^2 .
# \tag{8.5}$$
#
# This is AlphaEdit's objective.
# Kp has one column for each fact; we call it the **history**.
#
# ### Exercise 08.1: The slope inside P, on paper · 10 minutes · ★★
#
# With a pencil: find the slope of (8.4), ‖ΔPK1 − R‖² + λ‖ΔP‖², with respect to Δ.
# Then write it down as code; it is compared with torch's slope.
#
# <details><summary>Hint</summary>
#
# Write X = ΔP and take the slope with respect to X first.
# Then use the chain rule: a small change E of Δ changes X by EP.
# The likely mistake is to stop before the chain rule.
#
# </details>
#
# <details><summary>More help</summary>
#
# If S is the slope with respect to X, the objective changes by tr(Sᵀ E P) = tr((S Pᵀ)ᵀ E).
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
    """Slope of (8.4): delta [d_model, d], K1 [d, n], R [d_model, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    X = delta @ P
    return 2 * ((X @ K1 - R) @ K1.T + lam * X) @ P
    # END SOLUTION


slope = chapter.check("08.1", slope)

# %% [markdown]
# ## 2. The best Δ, found twice
#
# ### First without a formula
#
# (8.4) is a sum of squares.
# Let a routine that knows nothing of AlphaEdit find the answer first.
#
# ### Exercise 08.2: The same minimum, by least squares · 10 minutes · ★★
#
# Write X for the update ΔP.
# Then (8.4) has two wishes: X (PK1) should be R, and √λ X should be zero.
# Put them side by side into *one* least-squares problem, and give it to `torch.linalg.lstsq`.
# (Outside P, X would change no answer, and only be longer.)
#
# <details><summary>Hint</summary>
#
# Side by side: X [PK1, √λ I] ≈ [R, 0].
# `torch.linalg.lstsq(A, B).solution` is the Y that makes ‖AY − B‖ smallest.
# Its unknown stands on the right, ours on the left.
#
# </details>
#
# <details><summary>More help</summary>
#
# Transpose both sides: [PK1, √λ I]ᵀ Xᵀ ≈ [R, 0]ᵀ.
# The zeros have the shape of X, d_model × d.
#
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
    """The best ΔP of (8.4), [d_model, d]; shapes as in 08.1."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    eye, zeros = torch.eye(len(P)).to(P), torch.zeros(len(R), len(P)).to(R)
    A = torch.cat([P @ K1, lam**0.5 * eye], dim=1)
    B = torch.cat([R, zeros], dim=1)
    return torch.linalg.lstsq(A.T, B.T).solution.T
    # END SOLUTION


closed_form = chapter.check("08.2", closed_form)

# %% [markdown]
# ### Then with one
#
# **Step 6. At the lowest point the slope is zero.**
# *Reason: where a sum of squares has slope zero, it is lowest.*
# Take your slope of exercise 08.1, and add the history of (8.5).
# The factor 2 divides out:
#
# $$\bigl[(X K_1 - R)K_1^\top + X K_p K_p^\top + \lambda X\bigr]\,P = 0 . $$
#
# **Step 7. Bring what holds X to the left.**
# *Reason: X P = ΔPP = ΔP = X.
# So the P behind λX can go; the P behind the keys has to stay.*
#
# $$X\,(K_p K_p^\top P + K_1 K_1^\top P + \lambda I) = R\,K_1^\top P . \tag{8.6}$$
#
# **Step 8. Multiply by the inverse.**
# *Reason: with M = KpKpᵀ + K1K1ᵀ, MP = (MP)P has the eigenvalues of PMP (AB has those of BA),
# and none is negative; λ lifts them above zero.*
# From here on Δ is this finished update, X = ΔP.
#
# $$\boxed{\;\Delta_{\text{AlphaEdit}} \;=\; R\,K_1^\top P\,(K_p K_p^\top P + K_1 K_1^\top P + \lambda I)^{-1}\;} \tag{8.7}$$
#
# C0 does not stand in it any more: all that we know about the text is in P.
#
# A toy layer has known keys that fill only 7 of 12 directions, so it has a true null space.
# With λ = 0.05, the two differ by

# %%
mix = torch.randn(12, 7).double()
K0, K_toy = mix @ torch.randn(7, 40).double(), torch.randn(12, 3).double()
C_toy, R_toy = K0 @ K0.T / 40, torch.randn(5, 3).double()
values, vectors = torch.linalg.eigh(C_toy)
P_toy = vectors[:, values < 1e-9] @ vectors[:, values < 1e-9].T
bracket = K_toy @ K_toy.T @ P_toy + 0.05 * torch.eye(12).double()
boxed = R_toy @ K_toy.T @ P_toy @ torch.linalg.inv(bracket)
print((boxed - closed_form(K_toy, R_toy, P_toy, 0.05)).norm())

# %% [markdown]
# Add the same λ to MEMIT, Δ = R K1ᵀ(cC0 + λI + K1K1ᵀ)⁻¹, and raise its c without end.

# %%
chapter.predict(
    "a",
    "The known keys leave a true null space free. c grows and grows. "
    "The update of MEMIT (plus λI) becomes …",
    ["zero: nothing is written", "that of AlphaEdit", "larger and larger"],
)

# %%
rows = []
for c in (0.01, 1, 100, 1e4, 1e6):
    bracket = c * C_toy + 0.05 * torch.eye(12).double() + K_toy @ K_toy.T
    delta = R_toy @ K_toy.T @ torch.linalg.inv(bracket)
    sizes = (delta @ K0).norm(), delta.norm(), (delta - boxed).norm()
    rows.append([f"{float(x):.2g}" for x in (c, *sizes)])
chapter.reveal("a", int(float(rows[-1][3]) < 0.01))
pd.DataFrame(rows, columns=["c", "‖ΔK0‖", "‖Δ‖", "distance to (8.7)"])

# %% [markdown]
# With a large c, MEMIT writes only in directions that no known key uses.
# So **with a true null space, AlphaEdit is MEMIT (plus λI) with an infinite c**, and nobody has to search for c.
# Without one, an infinite c writes nothing.
# Then AlphaEdit *decides*, by a threshold, which directions count as free.

# %% [markdown]
# ## 3. One equation for each fact
#
# The bracket of (8.7) has 1536 rows: a waste for a few facts.
# Multiply out, and both sides are the same:
#
# $$(K_1^\top P K_1 + \lambda I)\,K_1^\top P \;=\; K_1^\top P\,(K_1 K_1^\top P + \lambda I) . \tag{8.8}$$
#
# For now without a history: multiply by the inverse of the first bracket from the left,
# by that of the second from the right, and put R in front:
#
# $$\Delta = R\,G, \qquad G \;=\; (K_1^\top P K_1 + \lambda I)^{-1} K_1^\top P . \tag{8.9}$$
#
# In words: the system has one equation for each *fact*.
# G is the **gain** of chapter 6, seen through P.
# The [laboratory](lab/08_alphaedit.ipynb) counts what this saves.
#
# ### Exercise 08.3: The thin solve · 5 minutes · ★★
#
# Write the gain G with the basis U alone, and form no d × d matrix, not even P = UUᵀ.
#
# <details><summary>Hint</summary>
#
# Call UᵀK1 = A, and put P = UUᵀ into (8.9).
# The likely mistake is K1ᵀK1 in the bracket.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.linalg.solve(M, Y)` is M⁻¹Y.
# `torch.eye(n, dtype=K1.dtype)` is I, n × n.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 08.3: all properties hold.
#
# </details>


# %% exercise="08.3"
def thin(K1, U, lam):
    """The gain G, [n, d], from K1 [d, n] and U [d, m]: Δ = R G."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    A = U.T @ K1
    eye = torch.eye(K1.shape[1], dtype=K1.dtype)
    return torch.linalg.solve(A.T @ A + lam * eye, A.T @ U.T)
    # END SOLUTION


thin = chapter.check("08.3", thin)

# %% [markdown]
# ### What does λ mean?
#
# Take one fact with the key k.
# Its **shadow** Pk is the part of the key that lies inside P.
#
# ### Exercise 08.4: What λ means, on paper · 10 minutes · ★★
#
# With a pencil: three formulas.
#
# 1. Which share of the residual r does (8.9) write, for one key with a shadow of length ‖Pk‖?
# 2. Which λ writes a wished share?
# 3. What is the mean of ‖Pk‖² over the text, given the eigenvalues of C0 and the threshold τ?
#
# <details><summary>Hint</summary>
#
# For 1, put n = 1 into (8.9), and multiply by k from the right: everything but r is a number.
# The likely mistake is ‖Pk‖ where ‖Pk‖² belongs.
#
# </details>
#
# <details><summary>More help</summary>
#
# For 3: ‖Pk‖² = tr(P k kᵀ), and the mean of k kᵀ is C0.
# P keeps the eigenvectors with eigenvalues below τ, in code `values[values < tau]`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 08.4: all properties hold.
#
# </details>


# %% exercise="08.4"
def on_paper(shadow, lam, share, values, tau):
    """Share written; the λ that writes ``share``; the mean ‖Pk‖²."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    written, wished = shadow**2 / (shadow**2 + lam), (1 - share) / share
    return written, shadow**2 * wished, float(values[values < tau].sum())
    # END SOLUTION


on_paper = chapter.check("08.4", on_paper)

# %% [markdown]
# So λ has a natural unit: the mean energy of the text inside P, the third formula.
# This book gives λ as a multiple of it, so that one λ means about the same on every layer.
# Our model again, with U and λ:

# %%
lm = load_model()
statistics, spectra, U, lam = key_statistics(lm, LAYERS), {}, {}, {}
for layer in LAYERS:
    C0 = statistics[layer].second_moment  # of 100,000 tokens
    spectra[layer] = values, V = torch.linalg.eigh(C0)
    U[layer] = V[:, values < THRESHOLD]
    lam[layer] = LAM * on_paper(1, 1, 0.5, values, THRESHOLD)[2]

# %% [markdown]
# ## 4. AlphaEdit
#
# ### The history
#
# The keys of earlier edits go into the bracket like the new ones, but their answers should change by *zero*.
# So put all keys side by side, K = [Kp K1], and the residuals, [0 R].
# Then (8.9) holds as it is:
#
# $$\Delta \;=\; [\,0\;\;R\,]\,(K^\top P K + \lambda I)^{-1} K^\top P . \tag{8.10}$$
#
# The zeros meet the first rows of the gain, so these rows can be dropped.
#
# ### Exercise 08.5: The history · 5 minutes · ★★
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
#
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
    """The gain of the new facts, [n, d]; K1 [d, n], Kp [d, n_past]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    A = U.T @ torch.cat([Kp, K1], dim=1)
    eye = torch.eye(A.shape[1], dtype=A.dtype)
    gain = torch.linalg.solve(A.T @ A + lam * eye, A.T @ U.T)
    return gain[Kp.shape[1] :]
    # END SOLUTION


with_history = chapter.check("08.5", with_history)

# %% [markdown]
# What is the history worth?
# Nine facts, in one layer: write the last five, and see how far the answers of the first four move.

# %%
FACTS = bundled_facts("development")[:90:10]
z = bundled_targets(lm, FACTS)  # found on the unedited model, [n, d_model]
K1, R = keys_and_residuals(lm, FACTS, z, LAYER)  # columns
old, new = K1[:, :4], K1[:, 4:]
for Kp in (old[:, :0], old):
    moved = R[:, 4:] @ with_history(new, Kp, U[LAYER], lam[LAYER]) @ old
    print(f"{Kp.shape[1]} old keys: {moved.norm() / R[:, :4].norm():.1%} of R")

# %% [markdown]
# ### Exercise 08.6: AlphaEdit · 10 minutes · ★★★
#
# Everything is there.
# Visit the layers from below, and in each of them: look, find what is missing, solve, write, remember.
# Two functions touch the model:
#
# * `look(layer)` returns K1 (d_ff × n), the keys at that layer,
#   and h (d_model × n), the output of the *last* edited layer, both of the model **as it is at that moment**,
# * `write(layer, delta)` adds Δ to that layer's W.
#
# `z` is d_model × n; `U`, `lam` and `Kp` are dicts by layer.
# Return the new history, a dict as well.
#
# <details><summary>Hint</summary>
#
# `for i, layer in enumerate(sorted(U))`.
# The residual is (z − h) / (layers left), as in (6.8).
# The likely mistakes: to look only once, before the loop; and to divide by the number of all layers.
#
# </details>
#
# <details><summary>More help</summary>
#
# Five lines in the loop: look; R; the gain (you may call your function of 08.5);
# `write(layer, R @ G)`; history[layer] = old keys and new ones side by side.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 08.6: all properties hold.
#
# </details>


# %% exercise="08.6"
def alphaedit(look, write, z, U, lam, Kp):
    """Write targets z, [d_model, n], into the layers of U; return Kp."""
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
# Now the two functions, on the real model.
# `FactPrompts` runs the facts' prompts and reads the keys.

# %%
W = {layer: lm.weight(layer).clone() for layer in LAYERS}
nothing = {layer: torch.zeros(lm.d_ff, 0).double() for layer in LAYERS}


def write(layer, delta):
    lm.weight(layer).add_(delta.to(lm.device))


@torch.no_grad()
def teach(facts, z, Kp=nothing):
    def look(layer):
        prompts = FactPrompts(lm, facts, PREFIXES, layer)
        keys, h = prompts.look(layer, LAYERS[-1])
        return keys.double().cpu().T, h.double().cpu().T

    with lm.frozen():
        return alphaedit(look, write, z.double().cpu().T, U, lam, Kp)


# %% [markdown]
# ### Lower Assam moves again, by your own code
#
# The fact and the questions of chapter 0, through *your* function:


# %%
@torch.no_grad()
def undo():
    for layer in LAYERS:
        lm.weight(layer).copy_(W[layer])


states = {"before": probe(lm, LOWER_ASSAM)}
teach(FACTS[:1], z[:1])
states["after your edit"] = probe(lm, LOWER_ASSAM)
mine = {layer: lm.weight(layer) - W[layer] for layer in LAYERS}
undo()
show(*before_and_after(states), name="08_demo")

# %% [markdown]
# **How to read it.** For each question, the old and the new answer.
# Paraphrases should follow the fact, neighbours should not.
#
# **What surprised us.**
# How little it takes.
# If you have MEMIT, you need a P behind the keys, and λI in the place of cC0.
# And does the package do the same?

# %%
package = AlphaEdit(lm, statistics=statistics, layers=LAYERS, progress=False)
edit = package.edit(FACTS[:1], z[:1])
far = [(edit.delta(i) - mine[i]).norm() / mine[i].norm() for i in LAYERS]
edit.revert()
print(f"your Δ and the package's differ by {float(max(far)):.0e} at most")

# %% [markdown] tags=["instructor"]
# **For the instructor.**
# Common mistakes: (a) step 3 is read as "the second term is small":
# in the theory it is zero for *every* Δ, which is why c disappears instead of being chosen.
# (b) The P behind the keys in step 7 is dropped along with the other:
# let students multiply out XP and XKKᵀP in words.
# (c) "AlphaEdit has no knob": ask what λ does.
# (d) Editors are compared at the same λ, or at their authors' settings: insist on "the same share written".
# (e) "Leaks 1%" sounds better than "leaks a third": let students work out what a new key has inside such a P.
# Questions for the board: why does Δ = X end inside P by itself?
# (Multiply (8.6) by P from the right and subtract (8.6): what is left is λXP − λX = 0.)
# What is the difference between (8.7) and the projected MEMIT Δ, ΔP?
# (See chapter 13.) Is λ a balance knob in disguise?
# (Where P leaks, the size of Δ is damage.)
# A plan for 90 minutes: steps 1 to 5 (20), 08.1 (10), 08.2 and steps 6 to 8 at the board (25), 08.3 (10),
# section 5 (15), the one file, read aloud by turns (10). 08.4 and 08.6 are homework.

# %% [markdown]
# ## 5. What is P worth here?
#
# On our model P leaks, so known answers do move.
# How much does P help all the same?
# An editor that writes less also harms less, and that proves nothing.
# So we let every editor write the *same share* of R, and compare the change of known answers.
#
# All editors of this family have the gain G = (wI + K1ᵀM)⁻¹Mᵀ.
# Only M differs: K1 without P, PK1 for AlphaEdit, C0⁻¹K1 for MEMIT.
# The knob w, which is λ or c, is turned until the share is right.

# %%
C0, eye = statistics[LAYER].second_moment, torch.eye(len(FACTS)).double()


def size(A):
    """How long A k is, for known keys k: root mean square."""
    return float((A @ C0 * A).sum()) ** 0.5


def price(M, share=0.8):
    """The change of known answers when this share of R is written."""
    low, high = 1e-9, 1e9
    for _ in range(60):
        w = (low * high) ** 0.5
        G = torch.linalg.solve(w * eye + K1.T @ M, M.T)
        written = float((R @ (G @ K1) * R).sum() / (R * R).sum())
        low, high = (w, high) if written > share else (low, w)
    return size(R @ G) / size(W[LAYER].double().cpu())


# %%
chapter.predict(
    "b",
    "Both write 80% of R. Through P at the authors' threshold, "
    "known answers change … than without P.",
    [
        "less than half as much",
        "10% to 50% less",
        "about as much (within 10%)",
        "more",
    ],
)

# %%
values, V = spectra[LAYER]
carried = values.cumsum(0) / values.sum()  # energy of the weakest directions
leak7 = float(carried[values < THRESHOLD][-1])
leaks = (0.01, 0.02, 0.05, 0.1, 0.2, leak7, 0.5, 0.8, 1.0)
bases = [V[:, carried <= leak + 1e-9] for leak in leaks]
prices = [price(B @ (B.T @ K1)) for B in bases]
memit = price(torch.linalg.solve(C0, K1))
show(*draw.price_figure(leaks, prices, memit, leak7), name="08_price")
strict, usual, no_P = prices[0], prices[5], prices[-1]
less = 1 - usual / no_P
bounds = (0.5, 0.1, -0.1)
chapter.reveal("b", sum(less <= bound for bound in bounds))

# %% [markdown]
# **How to read it.** Every point writes 80% of the same residuals into layer [[=LAYER]].
# Along the bottom, P grows from a strict one (left) to all directions,
# which is no P at all (right). Lower is better.
#
# * Through P at the threshold, known answers change by [[=usual:.0%]]; without P by [[=no_P:.0%]].
# * The strictest P, which is closest to the theory, is the worst: [[=strict:.0%]].
#   In so few directions a new key has hardly any shadow, so Δ must be very large.
# * MEMIT, with the c that writes as much, has [[=memit:.0%]].
#   It weighs each direction by its energy; P knows only yes and no.
#
# That MEMIT is ahead here is no accident: the change of known answers is just what (8.1) minimises.
# The [laboratory](lab/08_alphaedit.ipynb) writes a hundred facts into five layers.
# In the table, *named first* is the share of them that the model then says,
# *neighbours* the share of other facts that stay, and *perplexity* its rise on unseen text:

# %%
from alphaedit_lite.book.ch08.results import hundred_facts
from alphaedit_lite.book.kit.results import result

table = hundred_facts(result("alphaedit.json"))
table.style.format("{:.1%}")

# %% [markdown]
# A strict P fails there, too.
# P at the threshold, no P and a tuned MEMIT are within the noise of a hundred facts.
# But the c of MEMIT had to be searched for.
#
# ## Where the story gets interesting
#
# The proof of this chapter needs one thing, P K0 = 0.
# Here P lets through [[=leak7:.0%]] of the energy of the known keys in layer [[=LAYER]]: a *weak* P.
# A P that keeps the promise is too narrow to write through, and one that is wide enough to write does not keep it.
# And yet the editor works: the fact has moved, and its neighbours have stayed.
# So the theorem is not the reason, or not the whole reason. What is?
# P could still help a little in every edit, and a little adds up over hundreds.
# Or λ does the work, because it keeps every update small.
# Or the history does, because it keeps edits from disturbing each other;
# [Wang et al. (2026)](https://arxiv.org/abs/2605.26670) argue for that.
# Or it is the search for z, before any formula begins.
# Nine facts cannot tell these apart.
# Chapter 9 builds the instruments, and chapter 10 switches P and history on and off, over hundreds of edits.
# Chapter 13 puts P behind other editors.
# Chapter 14 turns each knob until something breaks.
#
# ## Break it: one subject, two facts
#
# So far every fact had a subject of its own.
# Now there are two about the same one.

# %%
chapter.predict(
    "c",
    "One batch: Lower Assam's country becomes Romania, its continent Africa. "
    "Compared with writing the country alone, P(Romania) …",
    ["stays as it was", "falls"],
)

# %%
from alphaedit_lite import Fact, compute_targets
from alphaedit_lite.metrics import score

continent = "{} lies on the continent of"
africa = Fact(continent, subject="Lower Assam", new="Africa", true="Asia")
z_africa = compute_targets(lm, [africa], LAYERS[-1], progress=False).z
pair, z_pair = [FACTS[0], africa], torch.cat([z[:1], z_africa])
asked = [(FACTS[0].prompt, " Romania"), (africa.prompt, " Africa")]
twins = {"unedited": score(lm, asked)[0].exp().tolist()}
for name, n in (("country only", 1), ("both at once", 2)):
    teach(pair[:n], z_pair[:n])
    twins[name] = score(lm, asked)[0].exp().tolist()
    undo()
k, k_africa = keys_and_residuals(lm, pair, z_pair, LAYER)[0].T
alike = float(torch.cosine_similarity(k, k_africa, dim=0))
alone, both = (twins[name] for name in ("country only", "both at once"))
chapter.reveal("c", int(both[0] < alone[0] - 0.05))
pd.DataFrame(twins, index=["P(Romania)", "P(Africa)"]).T.style.format("{:.2f}")

# %% [markdown]
# A fact is found by one key, the one at the last token of its subject.
# Our model reads from left to right.
# At *Lower Assam* it cannot know yet whether it will be asked for the country or for the continent.
# The cosine of the two keys is [[=alike:.4f]]: they are *the same key*.
# And one key has one answer.
# With K1 = [k k], (8.9) writes the mean of the two residuals, half of one fact and half of the other.
# P(Romania) falls from [[=alone[0]:.2f]] to [[=both[0]:.2f]].
#
# No P and no λ can help, because they choose *directions*, and here there is only one.
# The way out is one common z for both facts.
#
# ## Paper ↔ code
#
# The paper is [Fang et al., ICLR 2025](https://arxiv.org/abs/2410.02355).
# In its public code (jianghoucheng/AlphaEdit),
# the update is computed in `AlphaEdit/AlphaEdit_main.py`, function `apply_AlphaEdit_to_model`.
#
# | in the paper | in the authors' code | here |
# |---|---|---|
# | Δ = R K1ᵀP (KpKpᵀP + K1K1ᵀP + I)⁻¹ (eq. 14) | one dense `solve` of a d_ff × d_ff system for each layer, transposed, so P stands on the left | (8.7); solved as (8.10) in `solvers.gain` |
# | the weight of ‖ΔP‖² is 1 | `L2`, 10 in the configurations of the paper's models | λ, `EditorConfig.lam`, in units of tr(PC0); absolute with `lam_relative=False` |
# | KpKpᵀ | `cache_c`: a d_ff × d_ff sum for each layer, to which all keys are added | `Edit.keys`: the keys themselves, so undoing an edit forgets its keys |
# | P | `null_space_project.pt`, one file for all layers | `NullSpace.basis`, U only |
# | one search for z, one write | the same | `EditorConfig.passes`, by default 2: the search is repeated on the model as written, and what is missing is written, too |

# %% [markdown]
# ## 6. AlphaEdit in one file
#
# The editor as a program: `alphaedit_in_one_file.py`, beside this notebook.
# With a FOLDER and a TEXT of your own it needs torch and transformers, and nothing else.
# Tests compare it with the package and with the authors' released code.
#
# **The settings** are the published ones.
# Here λ is a plain number; our 0.8 tr(PC0) is nearly as much.

# %% file="head"

# %% [markdown]
# **Running the model, and looking inside.**
# Texts of different length become rows of equal length:

# %% file="padded run"

# %% [markdown]
# `entering` reads what goes into some parts of the model.
# With `StopIteration` it leaves early, since the blocks above are not needed.

# %% file="entering"

# %% [markdown]
# **Three places.** `down` is the matrix W of a layer; what enters it is a **key**.
# `above` is the block after the last edited one; what enters it is h.

# %% file="down above"

# %% [markdown]
# `encoded` turns a fact into tokens, once for each prefix,
# and counts where the subject ends and the object begins.

# %% file="encoded"

# %% [markdown]
# **C0 and P.** `projection` is chapter 7 in three lines:

# %% file="projection"

# %% [markdown]
# `null_spaces` reads [[=TOKENS:,]] tokens of ordinary text, and adds up K Kᵀ for each layer:

# %% file="null_spaces"

# %% [markdown]
# **What z is asked for** (chapter 5).
# `adding` puts δ into the stream at the subject's last token.
# `surprise` is what should become small: minus the log-probability of the new object.

# %% file="adding surprise"

# %% [markdown]
# **z**, by gradient descent on δ.
# The loss has three parts: the new object, the distance (KL)
# to what the model said about the subject alone before, and the length of δ.
# After each step, δ is shortened if it is longer than a share of h.

# %% file="find_z"

# %% [markdown]
# **Solve and write.**
# This is your exercise 08.6.
# The keys are rows here, so everything is transposed:
# P stands on the left, as in the authors' code.
# And it solves the large system of (8.7), where you solved the small one of (8.10); the result is the same.

# %% file="alphaedit"

# %% [markdown]
# **Before, after, undone.**
# To undo, the old weights are copied back.

# %% file="main"

# %% [markdown]
# **As a script,** the file ends with these lines:
#
# [[file=script]]
#
# This notebook has the C0 of just this text already, so `null_spaces` need not read it. The program runs:

# %%
C0 = {i: statistics[i].second_moment.to(lm.device) for i in LAYERS}
P = {layer: projection(C0[layer]) for layer in LAYERS}
main(lm.model, lm.tokenizer, P)

# %% [markdown]
# ## What you own now
#
# | from chapter | your function | in the file |
# |---|---|---|
# | 4 | writes one key–value pair into a matrix | `alphaedit`, for one fact |
# | 5 | searches z, and writes one fact | `find_z` |
# | 6 | the gain of many facts | the `solve` in `alphaedit` |
# | 7 | P | `projection` |
# | 8 | the loop over layers, with P and history | `alphaedit` |
#
# This is a whole editor.
#
# ## Keypoints
#
# * Put ΔP for Δ into MEMIT's objective.
#   If P K0 = 0, the preservation term is zero for every Δ, and its knob c disappears.
# * Δ = R K1ᵀP (KpKpᵀP + K1K1ᵀP + λI)⁻¹, and the same Δ comes from a system with one equation for each fact.
# * λ stays: it weighs facts against the size of Δ.
#   Its unit is tr(PC0).
#   The history Kp guards the keys of earlier edits.
# * On this model P leaks.
#   For these facts, in one layer, it still harms less than no P; a strict P harms more than none.
#   For a hundred facts the laboratory sees no difference.
# * Two facts about one subject can have the same key: then the formula can only write their mean.
#
# ## Quiz
#
# **1. Somebody says: "AlphaEdit needs no balance between old and new."
# On a model with a true null space, which knob is left?**
#
# <details><summary>A. None.</summary>
# Look at (8.4): λ balances the new facts against the size of the update.
# </details>
# <details><summary>B. λ, which weighs the new facts against the size of the update.</summary>
# <b>Yes.</b> And it matters most where keys are alike, and where P leaks.
# </details>
# <details><summary>C. c, hidden in P.</summary>
# Not with a true null space: there, (8.3) holds for every c.
# On a real model the <em>threshold</em> plays the part of c.
# </details>
#
# **2. Editor A changes known answers by 5%, editor B by 10%.
# Which protects them better?**
#
# <details><summary>A. Editor A.</summary>
# Only if both write the same share.
# Perhaps A has written half as much.
# </details>
# <details><summary>B. One cannot say yet.</summary>
# <b>Yes.</b> First let both write the same share of the residuals, and then compare.
# </details>
#
# **Further reading**
#
# * [Fang et al. 2025](https://arxiv.org/abs/2410.02355), AlphaEdit: the derivation is its section 3.
# * [Meng et al. 2023](https://arxiv.org/abs/2210.07229), MEMIT:
#   the objective that we started from, and the loop over layers.
# * [Gupta et al. 2025](https://arxiv.org/abs/2502.01636), ENCORE:
#   c·C0 + λI, the family of section 2's table.
#
# **Next:** we have judged by a few probabilities.
# Chapter 9 asks what it means that an edit worked, and builds the metrics of the papers by hand.

# %%
chapter.report()
