# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 10: Hundreds of edits
#
# *To read: 40 minutes. To do the exercises: 50 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will write batch after batch, watch an editor lose its first facts,
# prove which part of it prevents that, and compare two editors on equal terms.**
#
# [[map]]
#
# ```text
#     Lower Assam → Romania        25 facts         25 facts         25 facts
#            W  ──────►  W + Δ1  ──────►  + Δ2  ──────►  + Δ3  ──────►  …
#                       Romania?         Romania?       Romania?
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *explain* what a later edit does to an earlier one,
# > * *prove* that, with a history, one batch after another ends where one write of all facts does,
# > * *write* an editor with a memory of fixed size, and *measure* what an editor forgets,
# > * *compare* two editors fact by fact, and at equal harm.
# >
# > **You need** the gain and its history ([chapter 8](08_alphaedit.ipynb)),
# > accuracy and the bootstrap ([chapter 9](09_metrics.ipynb)).
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 1.5 GB of memory.
# > The runs over a thousand facts took hours; their results are read from files.

# %% tags=["setup"]

# %%
# Parameters: today's layer, P's threshold, λ, facts in a batch, in a cohort.
import random

import pandas as pd
import torch

from alphaedit_lite import key_statistics, load_model
from alphaedit_lite.book.ch10.figures import fronts_figure
from alphaedit_lite.book.kit import stream_figures as draw
from alphaedit_lite.book.kit import streams as read
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.layer import keys_and_residuals
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.facts import bundled_facts
from alphaedit_lite.metrics import score
from alphaedit_lite.support.bundled import bundled_targets

chapter = Chapter("10")
torch.manual_seed(10)
LAYER, THRESHOLD, LAM, BATCH, COHORT = 7, 2e-2, 0.1, 25, 50

# %% [markdown]
# ## Before you start
#
# <details><summary>1. What is the history Kp, and what does an editor with history ask for (chapter 8)?</summary>
#
# Kp holds the keys of all earlier edits.
# Their answers should change by zero:
# ‖ΔKp‖² stands in the objective, and KpKpᵀ in the bracket.
#
# </details>
#
# <details><summary>2. A fact is "named first". What does that mean (chapter 9)?</summary>
#
# The new object is the model's first choice after the prompt.
# The share of such facts is the accuracy, and a model that knows nothing has zero.
#
# </details>

# %% [markdown]
# ## 1. Lower Assam comes first
#
# In chapter 8 your editor wrote its facts in one batch.
# In life, facts arrive one after another, and the model is used in between.
# So we write Lower Assam → Romania and 24 other facts, then 25 more, and so on: a **stream** of batches.
# Does the model still say *Romania* at the end?
#
# To see every step, we write into layer [[=LAYER]] only.
# A write into a matrix does not change what *enters* this matrix.
# So with one layer all keys K stay as they are, and we look them up once.
# The residuals R = z − h are looked up with them.
# (One layer has to do the work of five, so λ is an eighth of chapter 8's: more of each fact is written.)

# %%
some = random.Random(10).sample(bundled_facts("test"), 149)
ASSAM = bundled_facts("development")[0]  # Lower Assam moves to Romania
FACTS = [ASSAM, *some]  # in mixed order
lm = load_model()
z = bundled_targets(lm, FACTS)  # found on the unedited model
K, R = keys_and_residuals(lm, FACTS, z, LAYER)  # columns
batches = torch.arange(len(FACTS)).split(BATCH)

# %% [markdown]
# W, and P in two versions: AlphaEdit's, and P = I, which lets everything through.

# %%
W = lm.down_projection(LAYER).weight.detach()  # [576, 1536]
C0 = key_statistics(lm, (LAYER,))[LAYER].second_moment
values, vectors = torch.linalg.eigh(C0)
inside = vectors[:, values < THRESHOLD]  # U of chapter 7: P = U Uᵀ
everywhere = torch.eye(lm.d_ff).double()  # U = I: no P

# %% [markdown]
# A question to the model with the sum D of all updates added to W:


# %%
@torch.no_grad()
def ask(D, facts):
    """P(new object) after each fact's prompt, with W + D. W stays."""
    before = W.clone()
    W.add_(D.to(W.device))
    log_p = score(lm, [(fact.prompt, fact.new) for fact in facts])[0]
    W.copy_(before)
    return log_p.exp()


# %%
chapter.predict(
    "a",
    "AlphaEdit's P, but no history. After its own batch, P(Romania) is "
    "about 0.9. After 125 more facts it has fallen by …",
    ["less than 0.05: P protects it", "0.05 to 0.3", "more than 0.3"],
)

# %% [markdown]
# Each batch asks for what is *missing*, and writes it with the thin solve of (8.9), without a history:

# %%
U, D, romania = inside, torch.zeros(W.shape).double(), {}
lam = LAM * torch.trace(U.T @ C0 @ U)  # chapter 8: its unit
for batch in batches:
    missing = R[:, batch] - D @ K[:, batch]
    seen = U.T @ K[:, batch]  # the keys, as P sees them
    bracket = seen.T @ seen + lam * torch.eye(len(batch)).double()
    D = D + missing @ torch.linalg.solve(bracket, seen.T @ U.T)
    romania[int(batch[-1]) + 1] = float(ask(D, [ASSAM]))
fell = romania[BATCH] - romania[len(FACTS)]
chapter.reveal("a", sum(fell > bound for bound in (0.05, 0.3)))
pd.DataFrame(romania, index=["P(Romania)"]).style.format("{:.2f}")

# %% [markdown]
# (The columns count the facts written.) Why does it fall?
# Let k be an old key, and K1 the keys of a new batch.
# The new update changes the old answer by Δk.
# Write S for the bracket, λI + K1K1ᵀ with the keys inside P. Then
#
# $$\Delta\,k \;=\; R\;\underbrace{K_1^\top\,S^{-1}\,k}_{\text{how alike are the keys?}} \tag{10.1}$$
#
# In words: the old fact's answer gets a part of each new residual; the more alike the keys, the larger the part.
# P cannot know that *k* is precious.
# It was made from Wikipedia, and Lower Assam's move to Romania does not stand there.

# %% [markdown]
# ## 2. A memory of fixed size
#
# Chapter 8 had an answer: keep the old keys as the history Kp.
# But Kp grows by one column for each fact.
# Look at the bracket again: only the product KpKpᵀ stands there, and its size never changes.
# So an editor can carry *one* matrix through the stream, its **memory** S:
#
# $$S \;=\; A + K_p K_p^\top .$$
#
# A is the **prior**: what the editor guards before any fact is written.
# It is λI for ridge regression, and c·C0 for MEMIT.
# AlphaEdit is ridge regression inside P: use Uᵀk in the place of each key, and λI as A.
#
# ### Exercise 10.1: Write and remember · 10 minutes · ★★
#
# One step of a stream.
# S is the memory before it, K1 and R are the keys and residuals of the new batch.
# Return the Δ that makes ‖ΔK1 − R‖² + tr(Δ S Δᵀ) smallest, and the memory for the next step.
# (With S = λI + KpKpᵀ the second term is λ‖Δ‖² + ‖ΔKp‖², as in (8.5): the price of disturbing what S guards.)
#
# <details><summary>Hint</summary>
#
# The new keys join the memory first; the new memory is the bracket of the solve.
# The likely mistakes are the old S in the solve, and `S += …`, which changes the caller's matrix.
#
# </details>
#
# <details><summary>More help</summary>
#
# The slope is zero where Δ S = R K1ᵀ, with the new S.
# S is symmetric, so K1ᵀ S⁻¹ = (S⁻¹ K1)ᵀ, and S⁻¹ K1 is `torch.linalg.solve(S, K1)`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 10.1: all properties hold.
# Your function makes the next table, and the stream of section 4.
#
# </details>


# %% exercise="10.1"
def write_and_remember(S, K1, R):
    """(Δ, new S) from S [d, d], keys K1 [d, n], residuals R [d_model, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    S = S + K1 @ K1.T
    return R @ torch.linalg.solve(S, K1).T, S
    # END SOLUTION


write_and_remember = chapter.check("10.1", write_and_remember)

# %% [markdown]
# ### What the memory is worth: a theorem
#
# Let the wanted answers be fixed: batch t has keys Kₜ and wants Vₜ.
# Let $D_t$ be the sum of all updates up to batch t, and $S_t$ the memory then.
# Your function does this:
#
# $$S_t = S_{t-1} + K_tK_t^\top, \qquad
# \Delta_t\,S_t = \bigl(V_t - (W + D_{t-1})\,K_t\bigr)K_t^\top . \tag{10.2}$$
#
# Now multiply $D_t = D_{t-1} + \Delta_t$ by $S_t$ from the right:
#
# $$D_tS_t \;=\; D_{t-1}\,(S_t - K_tK_t^\top) + (V_t - WK_t)K_t^\top
# \;=\; D_{t-1}S_{t-1} + (V_t - WK_t)K_t^\top . \tag{10.3}$$
#
# In words: each batch just adds its own part to D S.
# A sum does not know in which order it was added up, nor in which batches.
# One write of all facts has the same sum, and the same S.
# So **with a history, one batch after another ends exactly where one write of all facts does.**
#
# And what did the proof use of A? Nothing.
# The order does no harm, with P or without it; that is the memory's work alone.
# ([Wang et al. 2026](https://arxiv.org/abs/2605.26670) prove it for many editors.
# Engineers call (10.2) *recursive least squares*.)
#
# We test it on a toy layer where 15 of 30 directions are really unused, so P is perfect.


# %%
def toy_stream(A, U, remember):
    """Five batches: how far from one write of all, relative to its size."""
    seen, S, D = U.T @ K_toy, A, torch.zeros(6, len(A)).double()
    for some in torch.arange(10).split(2):
        missing = V_toy[:, some] - D @ seen[:, some]  # W = 0 here
        delta, S = write_and_remember(
            S if remember else A, seen[:, some], missing
        )
        D = D + delta
    once = V_toy @ torch.linalg.solve(A + seen @ seen.T, seen).T
    return float((D - once).norm() / once.norm())


# %% [markdown]
# The toy's keys, wanted answers, and its P:

# %%
K0 = torch.randn(30, 15).double() @ torch.randn(15, 90).double()
K_toy, V_toy = torch.randn(30, 10).double(), torch.randn(6, 10).double()
C_toy, eye = K0 @ K0.T / 90, torch.eye(30).double()
e, v = torch.linalg.eigh(C_toy)
U_toy = v[:, e < 1e-9]  # 15 directions that no known key uses

# %% [markdown]
# Three editors, each as a prior A and a basis U, with and without a memory:

# %%
priors = {
    "ridge": (0.5 * eye, eye),
    "MEMIT": (0.1 * C_toy + 0.01 * eye, eye),  # + 0.01 I: it has to be solvable
    "AlphaEdit": (0.5 * torch.eye(15).double(), U_toy),
}
toy = {
    name: [toy_stream(*prior, remember) for remember in (True, False)]
    for name, prior in priors.items()
}
toy = pd.DataFrame(toy, index=["with history", "without"])
toy.map("{:.0e}".format)

# %% [markdown]
# With a history all three end where one write of all facts does, to rounding.
# Without one, AlphaEdit ends [[=toy.AlphaEdit['without']:.0%]] of the size away, and P is perfect here.
#
# The theorem has two limits.
# It says that the order does no harm, and not that the one write of all facts is good.
# And it needs fixed keys and fixed targets: in several layers, a write moves the keys of the layers above.

# %% [markdown]
# ## 3. What P does all the same
#
# How bad is it to have no memory?
# By (10.1) that depends on how alike the keys are.
#
# ### Exercise 10.2: Two facts, and many, on paper · 12 minutes · ★★
#
# Two keys, both with squared length s, and with cosine ρ between them.
# Two residuals of length 1 at a right angle, r1 and r2.
# Ridge regression, one fact after the other, no history.
#
# 1. How much of r1 is left at k1 in the end?
# 2. How much of r2 stands at k1, where nobody asked for it?
# 3. Now λ = 0, and m later facts in random directions.
#    Each leaves a change of length ρ at k1.
#    For which m are they together as long as r1?
#
# <details><summary>Hint</summary>
#
# Δ1 = r1 k1ᵀ/(s + λ), and then Δ2 = (r2 − Δ1k2) k2ᵀ/(s + λ).
# Write a = s/(s + λ), the share that one write reaches.
# The likely mistakes: to forget that fact 2 first takes away what Δ1 gives to k2;
# and to add m random directions up as if they were one.
#
# </details>
#
# <details><summary>More help</summary>
#
# Δ1k2 = aρ r1, so fact 2 asks for r2 − aρ r1, and its write reaches k1 with the factor aρ.
# For 3: m steps of length ρ in random directions lead √m ρ away.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 10.2: all properties hold.
# The next cell puts the cosines of our facts into your third formula.
#
# </details>


# %% exercise="10.2"
def on_paper(s, rho, lam):
    """(what is left of r1 at k1, length of what r2 leaves there, m)."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    a = s / (s + lam)
    return a * (1 - a * rho**2), a * rho, 1 / rho**2
    # END SOLUTION


on_paper = chapter.check("10.2", on_paper)

# %% [markdown]
# What is ρ in our model?
# We take the keys of the [[=len(FACTS)]] facts as they are, and then as P sees them.
# In the table, ρ is the root mean square of the cosines of all pairs.

# %%
rows = {}
for name, U in (("without P", everywhere), ("inside P", inside)):
    unit = torch.nn.functional.normalize(U.T @ K, dim=0)
    cosines = (unit.T @ unit)[~torch.eye(len(FACTS)).bool()]
    rho = float(cosines.square().mean().sqrt())
    rows[name] = [float(cosines.mean()), rho, on_paper(1.0, rho, 0.0)[2]]
columns = ["mean cosine", "ρ", "facts until as long"]
alike = pd.DataFrame(rows, index=columns).T
times = rows["inside P"][2] / rows["without P"][2]
alike.style.format("{:.3f}").format("{:.0f}", subset=columns[2:])

# %% [markdown]
# As they are, all these keys have something in common.
# It is what every key has, whatever its subject, and so text uses it most.
# P was made from text, and takes it away.
# Then [[=times:.0f]] times as many facts can follow.
#
# So P is no memory. But on real keys it keeps facts out of each other's way,
# and that is a part of what a memory is for.

# %% [markdown]
# ## 4. Cohort by cohort
#
# To measure forgetting, divide the stream into **cohorts** of [[=COHORT]] facts, and ask each of them again and again.
# Row i of a table of scores is cohort i, and column j the moment after cohort j was written.
# The diagonal holds each cohort when it was fresh, and below it there is nothing (NaN).
#
# The **backward transfer** (BWT) tells how much a cohort has gained, on average, since it was written.
# Forgetting makes it negative.
#
# ### Exercise 10.3: Forgetting · 8 minutes · ★
#
# From such a table, [cohorts, checkpoints], return two numbers: the mean of all cohorts at the end, and BWT.
# Which cohort must BWT leave out?
#
# <details><summary>Hint</summary>
#
# `scores.diagonal()` and the last column.
# The likely mistakes: the sign, and the newest cohort, which has had no time to be forgotten.
#
# </details>
#
# <details><summary>More help</summary>
#
# The mean at the end is over all T rows of the last column.
# BWT leaves the last row out: `[:-1]`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 10.3: all properties hold.
#
# </details>


# %% exercise="10.3"
def forgetting(scores):
    """(mean at the end, BWT) of [cohorts, checkpoints]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    fresh, now = scores.diagonal(), scores[:, -1]
    return float(now.mean()), float((now - fresh)[:-1].mean())
    # END SOLUTION


forgetting = chapter.check("10.3", forgetting)

# %% [markdown]
# With $a_{i,j}$ an entry of the table and T the number of cohorts:
#
# $$\text{BWT} \;=\; \frac1{T-1}\sum_{i<T}\,\bigl(a_{i,T} - a_{i,i}\bigr) . \tag{10.4}$$
#
# The stream of section 1 once more, now with *your* `write_and_remember`.
# An editor that forgets starts every batch with the prior again.


# %%
def stream(U, remember):
    """Scores [cohorts, checkpoints], and the sum D at the end."""
    A = LAM * torch.trace(U.T @ C0 @ U) * torch.eye(U.shape[1]).double()
    S, D, T = A, torch.zeros(len(W), U.shape[1]).double(), len(FACTS) // COHORT
    scores = torch.full((T, T), float("nan"))
    for batch in batches:
        seen = U.T @ K[:, batch]
        missing = R[:, batch] - D @ seen
        delta, S = write_and_remember(S if remember else A, seen, missing)
        D, written = D + delta, int(batch[-1]) + 1
        if written % COHORT == 0:
            t = written // COHORT
            now = ask(D @ U.T, FACTS[:written])
            scores[:t, t - 1] = now.reshape(t, COHORT).mean(1)
    return scores, D @ U.T


# %% [markdown]
# Four editors: with P and without, with a memory and without.

# %%
runs = {
    f"{name}, {'history' if remember else 'no history'}": stream(U, remember)
    for name, U in (("P", inside), ("no P", everywhere))
    for remember in (True, False)
}
tables = {name: scores for name, (scores, _) in runs.items()}
show(*draw.cohorts_figure(tables, COHORT, "P(new object)"), name="10_fade")

# %% [markdown]
# **How to read it.** A panel for each editor, a line for each cohort from when it was written on;
# the thick dark line is the first [[=COHORT]] facts, with Lower Assam among them.
# And in numbers, with the size of the change that the weights have suffered:

# %%
rows = {}
for name, (scores, D) in runs.items():
    end, bwt = forgetting(scores)
    romania = float(ask(D, [ASSAM]))
    rows[name] = [end, bwt, romania, float(D.norm() / W.norm())]
columns = ["mean at the end", "BWT", "P(Romania)", "‖D‖ / ‖W‖"]
fading = pd.DataFrame(rows, index=columns).T
fading.style.format("{:.2f}")

# %% [markdown]
# Without P, dropping the history costs most:
# BWT is [[=fading.BWT['no P, no history']:.2f]].
# With P it is [[=fading.BWT['P, no history']:.2f]]; with a history it is small in both.
# So P seems to do a part of the history's work, as the cosines have promised; history does the rest.
#
# The lines with history fall a little, too.
# λ makes every write a compromise, and more facts in the same directions have to give way to each other.
# That is **crowding**: one write of all facts would end there as well.
# (But λ has another unit with P than without.
# Only the comparison with and without history is fair; P against no P is not.)

# %% [markdown]
# ## 5. A thousand edits
#
# Now five layers and 1,000 facts of CounterFact, which the model mostly did not know, in batches of 50.
# These streams took hours and come from files.
# The targets z are those of the unedited model, for every editor.
# A fact counts as *named first* if the new object is the first choice after all edits are in.

# %%
chapter.predict(
    "b",
    "After 1,000 edits: of its newest 100 facts, MEMIT without history names "
    "about 70% first. And of its oldest 100?",
    ["as many", "a third to two thirds of that", "less than a third of that"],
)

# %% [markdown]
# Four editors, and their scores of each of the thousand facts at the end:

# %%
NAMES = ("MEMIT", "MEMIT with history", "AlphaEdit", "ridge with history")
LONG, rows, judged = 1000, {}, {}
streams = read.all_streams(until=LONG)
shown = {name: streams[name] for name in NAMES}

# %%
for name in NAMES:
    named = judged[name] = read.scores(streams[name], LONG)  # of each fact
    whole = read.course(streams[name]).loc[LONG]
    shares = [part.mean() for part in (named[:100], named[-100:], named)]
    rows[name] = [*shares, whole["rise"], whole["update"]]
columns = ["oldest 100", "newest 100", "all", "perplexity", "‖ΔW‖ / ‖W‖"]
late = pd.DataFrame(rows, index=columns).T
left = late["oldest 100"]["MEMIT"] / late["newest 100"]["MEMIT"]
chapter.reveal("b", sum(left < bound for bound in (0.75, 0.333)))
late.style.format("{:.0%}").format("{:.2f}", subset=columns[-1:])

# %% [markdown]
# The first three columns are shares of facts named first;
# `perplexity` is its rise on unseen text.
#
# **What surprised us.**
# *Without a history, the oldest facts are lost first.
# With one, old and new stand alike.*
# AlphaEdit names [[=late['oldest 100']['AlphaEdit']:.0%]] of its oldest facts
# and [[=late['newest 100']['AlphaEdit']:.0%]] of its newest.
# But of the first hundred it named [[=fresh:.0%]] when there were only a hundred.
# It looks like crowding, and no memory helps against crowding.
# (MEMIT with history writes the newest facts a little less than MEMIT without:
# a memory costs the fresh facts something.)
#
# ‖ΔW‖ grows along the way, and perplexity with it.
# Here are the streams step by step, for all editors: choose one, and move along its checkpoints.

# %%
from alphaedit_lite.book.ch10.widgets import StreamPlayer

fresh = read.matrix(streams["AlphaEdit"]).iloc[0, 0]
StreamPlayer(streams).show()
show(*draw.damage_figure(shown), name="10_damage")

# %% [markdown]
# **How to read it.** Each mark is a checkpoint.
# Left is the perplexity of unseen text, right the size of the change, as a mean over the layers.
# It grows more slowly than the number of edits:
# updates in different directions add up like the sides of a right-angled triangle (chapter 14).

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 to 5.**
# Common mistakes: (a) "the theorem says that nothing is forgotten".
# It says that the sequence is as good as *one* write of all facts, and that one may be bad.
# (b) Students take S for a covariance of text; it is the prior plus edits.
# (c) In 10.2, the cross term is forgotten.
# (d) "P prevents forgetting" (section 1 says no) and "P is useless" (section 4 says no): both are half of it.
# For the board: why does the proof fail if targets Vₜ are found on the edited model?
# (Then Vₜ itself depends on the order.)
# And why does it fail for RECT?
# (Δₜ is not (10.2) any more.)
#
# A plan for 90 minutes: section 1 (15), 10.1 and (10.3) at the board (25), 10.2 in pairs (10),
# section 4 with the figure (15), the player, one editor per group (10), section 6 as a discussion (15).

# %% [markdown]
# ## 6. Which editor is better?
#
# AlphaEdit names [[=late['all']['AlphaEdit']:.0%]] of the thousand facts first,
# MEMIT with history [[=late['all']['MEMIT with history']:.0%]].
# Two questions come before any conclusion.
# Could it be chance? And do both do the same harm?
#
# **Fact by fact.** Some facts are hard for every editor.
# How many of them a sample holds says nothing about the editors.
# In the *difference* of two editors' scores of one fact it cancels.
#
# ### Exercise 10.4: The paired bootstrap · 10 minutes · ★★
#
# From the scores of two editors on the same facts, return the mean of a − b and its 95% interval.
# (How much narrower is it, if the scores correlate by ρ?)
#
# <details><summary>Hint</summary>
#
# As 09.5, but what is averaged are differences.
# The likely mistake: to draw rows for a and rows for b.
# Draw a *fact*, and take both of its scores.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.randint(n, (resamples, n))` draws n facts again and again;
# take the mean of the differences over each row.
# The interval goes from the quantile at 0.025 to that at 0.975.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 10.4: all properties hold.
# Below it, the two editors compared, paired and not.
#
# </details>


# %% exercise="10.4"
def paired(a, b, resamples=2000):
    """(mean, low, high) of a − b, 95%, for scores [facts]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    gaps, n = (a - b).double(), len(a)
    means = gaps[torch.randint(n, (resamples, n))].mean(1)
    low, high = means.quantile(0.025), means.quantile(0.975)
    return float(gaps.mean()), float(low), float(high)
    # END SOLUTION


paired = chapter.check("10.4", paired)

# %%
pair = ("AlphaEdit", "MEMIT with history")
a, b = (torch.tensor(judged[name].to_numpy()) for name in pair)
mean, low, high = paired(a, b)
print(f"paired: {mean:+.1%}, from {low:+.1%} to {high:+.1%}")
drawn = [x[torch.randint(len(x), (2000, len(x)))].mean(1) for x in (a, b)]
loose = (drawn[0] - drawn[1]).quantile(torch.tensor([0.025, 0.975]).double())
print(f"drawn apart: from {loose[0]:+.1%} to {loose[1]:+.1%}")

# %% [markdown]
# Pairing makes the interval narrower, by about √(1 − ρ), at no cost.
# Zero is not inside it: on these facts AlphaEdit is behind, and chance in the choice of facts does not explain it.
#
# **At equal harm.** Each editor has a knob: λ, or c.
# Turned one way it writes more and harms more, turned the other way it spares the model and fewer facts arrive.
# One setting of each therefore proves little.
# Turn all knobs, and ask for every point: is another one *as good in both, and better in one*?
# If not, the point is on the **Pareto front**.
#
# ### Exercise 10.5: The front · 10 minutes · ★★
#
# For n points, return n times True or False: True if no other point beats it.
#
# <details><summary>Hint</summary>
#
# Compare all pairs at once:
# `harm[:, None] <= harm` has a row for each i and a column for each j: point i harms no more than point j.
# The likely mistake: with <= and >= alone, every point beats itself.
#
# </details>
#
# <details><summary>More help</summary>
#
# i beats j if (no more harm and no less gain) and (less harm or more gain).
# A point is on the front if no i beats it: `~beats.any(0)`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 10.5: all properties hold.
#
# </details>


# %% exercise="10.5"
def front(harm, gain):
    """Which points no other one beats: [n], bool."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    as_good = (harm[:, None] <= harm) & (gain[:, None] >= gain)
    better = (harm[:, None] < harm) | (gain[:, None] > gain)
    return ~(as_good & better).any(0)
    # END SOLUTION


front = chapter.check("10.5", front)

# %%
chapter.predict(
    "c",
    "Two hundred facts that the model knew, five layers. Harm is the rise of "
    "perplexity, gain the share named first. Who has points on the front?",
    ["AlphaEdit alone", "AlphaEdit and others", "others only"],
)

# %% [markdown]
# The sweep ([[=len(grid)]] runs, each with another editor or another knob) comes from a file:

# %%
from alphaedit_lite.book.kit.fronts import Fronts
from alphaedit_lite.book.kit.results import result

sweep = Fronts(result("fronts.json"))
grid = sweep.table
axes = (torch.tensor(grid[x].to_numpy()) for x in ("rise", "efficacy_top1"))
best = grid[front(*axes).numpy()]
owners = set(best.editor)
alone = 0 if len(owners) == 1 else 1
chapter.reveal("c", alone if "AlphaEdit" in owners else 2)
print("on the front:", ", ".join(sorted(owners)))

# %%
panel = {"200 known facts": ("efficacy_top1", "rise")}
names = ("AlphaEdit", "MEMIT with history", "ridge with history", "FT")
show(*fronts_figure(sweep, panel, names), name="10_front")

# %% [markdown]
# **How to read it.** A point is one run, and the number beside it is the knob.
# Good is up and to the left.
# AlphaEdit and MEMIT with history lie together: who is ahead depends on the rise at which one looks.
# Ridge regression, which is AlphaEdit without P, is far behind.
#
# After 1,000 edits the [laboratory](lab/10_sequential_editing.ipynb)
# repeats this with other knobs, other orders, a second model and the paper's table.
# There AlphaEdit's default is not on the front.
# And P helps the editor that has no C0 (ridge), but costs the one that has it (MEMIT):
# in this order, at this threshold and λ.

# %% [markdown] tags=["instructor"]
# **For the instructor, section 6.**
# Common mistakes: (a) A cohort of 25 facts is read to the percent.
# (b) Editors are ranked at one setting;
# ask each group to make *its* editor look best by choosing a knob, and then a metric.
# (c) Overlap of two intervals is taken for equality: the interval of the *difference* decides.
# (d) "On the front" is taken for "significantly better".
# Question for discussion: which harm would *you* put on the axis, and who would then be on the front?

# %% [markdown]
# ## 7. Break it: the office that changes hands
#
# In a long stream the same fact comes again: a mayor, a champion, a price.
# We write [[=BATCH]] other facts, then Lower Assam's country five times, each time another one.

# %%
chapter.predict(
    "d",
    "An AlphaEdit with history writes the same prompt for the fifth time. "
    "The newest object's probability is …",
    ["above 0.8, as at the first time", "0.3 to 0.8", "below 0.3"],
)

# %% [markdown]
# Five wishes z for one key, searched as in chapter 5:

# %%
from dataclasses import replace

from alphaedit_lite import compute_targets

countries = ("Romania", "Kenya", "Peru", "Japan", "Norway")
holders = [replace(ASSAM, new=f" {name}") for name in countries]
wishes = compute_targets(lm, holders, LAYER, progress=False).z
K2, R2 = keys_and_residuals(lm, holders, wishes, LAYER)
k = inside.T @ K2[:, :1]  # one key for all five

# %%
others, R_others = inside.T @ K[:, 1 : BATCH + 1], R[:, 1 : BATCH + 1]
weight = LAM * torch.trace(inside.T @ C0 @ inside)
A = weight * torch.eye(len(k)).double()


# %%
def changes(remember, drop=False):
    """P(newest object) after each change; drop: forget the old key."""
    D, S = write_and_remember(A, others, R_others)
    found = []
    for i, fact in enumerate(holders):
        if drop and i > 0:
            S = S - k @ k.T
        missing = R2[:, i : i + 1] - D @ k
        delta, S = write_and_remember(S if remember else A, k, missing)
        D = D + delta
        found.append(float(ask(D @ inside.T, [fact])))
    return [*found, float(ask(D @ inside.T, FACTS[1 : BATCH + 1]).mean())]


# %% [markdown]
# Three editors: with the history, without one, and with one that takes the outdated key out first.
# The last row is the mean of the [[=BATCH]] other facts at the end.

# %%
hands = {"with history": changes(True), "without": changes(False)}
hands["old key dropped"] = changes(True, drop=True)
hands = pd.DataFrame(hands, index=[*countries, "25 others"])
last = float(hands["with history"]["Norway"])
chapter.reveal("d", 0 if last > 0.8 else 1 if last >= 0.3 else 2)
hands.style.format("{:.2f}")

# %% [markdown]
# The history guards the *key*, and here it is the same key every time.
# At the n-th write the memory already holds k, n − 1 times, so it writes only this share of the residual:
#
# $$\frac{\lVert Pk\rVert^2}{n\,\lVert Pk\rVert^2 + \lambda} . \tag{10.5}$$
#
# In words: each old write votes for its own answer, and the newest fact has one vote of n.
# This is the theorem once more: five answers for one key can only be averaged.
# For a stream of *corrections* that is the wrong wish, and an editor that forgets does better.
#
# The repair is one line, S ← S − k kᵀ for the outdated key (third column): forget on purpose.
# The package does so for a prompt that is written anew.
#
# ## Paper ↔ code
#
# | in the papers | in the authors' code | here |
# |---|---|---|
# | AlphaEdit, eq. 14, with KpKpᵀ | jianghoucheng/AlphaEdit, `AlphaEdit_main.py`: `cache_c`, a d_ff × d_ff sum for each layer, added to after each batch | `Editor(history=True)`: the keys of the edits that the model holds; your S is λI plus their sum, inside P |
# | MEMIT with history, named in a footnote as the paper's baseline | `memit_seq_main.py`; in the version that we read, it stops with an error | `Editor(solver="memit", history=True)` |
# | one order of edits | `experiments/evaluate.py` | two orders, in the laboratory; our intervals are over facts |
#
# ## Keypoints
#
# * A later edit changes an earlier answer in the measure in which their keys are alike: Δk = R K1ᵀS⁻¹k.
# * With a history, one batch after another ends where one write of all facts does, whatever the prior.
# * P is no memory. But it takes away what all keys share, and so does a part of a memory's work.
# * Compare editors fact by fact, with an interval, and at equal harm.
#   Here, with z of the unedited model,
#   AlphaEdit is [[=-100 * mean:.1f]] points behind MEMIT with history after a thousand facts.
#   (With z searched anew they are level: laboratory.)
# * The history guards the key, not the fact.
#   Whoever corrects a fact must drop the outdated key.
#
# ## Quiz
#
# **1. Editor X, with history,
# ends after 1,000 edits at the same matrix as one write of all 1,000 facts. What follows?**
#
# <details><summary>A. X has forgotten nothing.</summary>
# Not so. It has forgotten nothing <em>because of the order</em>.
# If one write of all facts is poor, the sequence is as poor.
# </details>
# <details><summary>B. The order and the batches did no harm.</summary>
# <b>Yes.</b> How good the end is, is another question: the prior and the number of facts decide it.
# </details>
# <details><summary>C. X must have a projection.</summary>
# The proof of (10.3) uses nothing of the prior.
# </details>
#
# **2. Editor X names 95% first, and raises perplexity by 12%.
# Y names 93% first, and raises it by 6%. Which is better?**
#
# <details><summary>A. X, it is more accurate.</summary>
# At twice the harm. Turn Y's knob until it harms as much, and look again.
# </details>
# <details><summary>B. One cannot say: neither beats the other.</summary>
# <b>Yes.</b> Turn their knobs, and compare at equal harm, with an interval.
# </details>
# <details><summary>C. Y, it is gentler.</summary>
# So is an editor that writes nothing.
# </details>
#
# **Further reading**
#
# * [Wang et al. 2026](https://arxiv.org/abs/2605.26670), "The Labyrinth and the Thread":
#   one write and a sequence are equivalent if all earlier edits are accounted for.
# * [Gupta et al. 2024](https://arxiv.org/abs/2401.07453):
#   edits at scale fade at first, then the model falls at once.
# * [Lopez-Paz and Ranzato 2017](https://arxiv.org/abs/1706.08840): backward transfer, in continual learning.
#
# **Next:** AlphaEdit has raised perplexity by [[=late['perplexity']['AlphaEdit']:.0%]],
# and what the model says still looks like sentences (the player shows some).
# Chapter 11 asks whether the model can still *think*.

# %%
chapter.report()
