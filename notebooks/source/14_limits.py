# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 14: When it breaks
#
# *To read: 35 minutes. To do the exercises: 50 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will find five places where AlphaEdit gives way,
# and see that each of them is a fact about keys.**
#
# [[map]]
#
# ```text
#     keys of a text  ──►  C0  ──►  P  ──►  Δ  ──►  W + Δ1 + Δ2 + …
#        │       │                          │              │
#    how long?  of which text?       equal keys?     how many keys?
#    section 1    section 2           section 3       sections 4, 5
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *say* what a threshold, a λ and a c mean on a model that you have never seen,
# > * *test* what a P protects, with text that did not make it,
# > * *tell* in advance which two facts cannot both be written,
# > * *measure* what later batches do to a batch, and how the weights grow,
# > * *write* two other memories: recursive least squares, and a shrinking P.
# >
# > **You need** the null space and its leak ([chapter 7](07_null_space.ipynb)),
# > AlphaEdit's closed form with its history ([chapter 8](08_alphaedit.ipynb)).
# > Streams of edits are in [chapter 10](10_sequential_editing.ipynb).
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 1.5 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: layers, today's layer, the authors' threshold, λ, batch.
import math
from contextlib import suppress

import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, Fact, key_statistics, load_model
from alphaedit_lite.book.ch14 import figures as draw
from alphaedit_lite.book.ch14.study_k0 import rows_of
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM
from alphaedit_lite.book.kit.layer import keys_and_residuals
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.facts import bundled_facts
from alphaedit_lite.metrics import score
from alphaedit_lite.support.bundled import bundled_targets

chapter = Chapter("14")
LAYERS, LAYER, THRESHOLD, LAM, BATCH = (3, 4, 5, 6, 7), 7, 2e-2, 0.8, 25

# %% [markdown]
# ## Before you start
#
# <details><summary>1. "P leaks a part of the energy." What does that mean (chapter 7)?</summary>
#
# P keeps the directions in which the keys of ordinary text have little energy (mean squared length).
# All these directions together still hold a part of it, and P lets this part through.
#
# </details>
#
# <details><summary>2. What is the history for, when there is P already (chapter 10)?</summary>
#
# P was made from text, so it does not know the facts that we wrote ourselves.
# The history holds their keys, and asks that their answers stay.
#
# </details>

# %% [markdown]
# ## 1. How long is a key?
#
# AlphaEdit meets the world as keys, and only as keys.
# P is made from the keys of a text, and a fact is found by its key.
# So let us ask simple questions about keys.
# The first: how long are they, and does it matter?
#
# Take a model, multiply all keys of one layer by s, and divide W by s:
#
# $$\frac{W}{s}\,(s\,k) \;=\; W k . \tag{14.1}$$
#
# In words: each answer stays the same, so it is *the same model*, written down in another way.
# (In code: scale the rows of the up-projection, which makes the keys.)
# But the eigenvalues of C0 are mean squares of keys, and the authors' threshold is 0.02 for every model.

# %%
chapter.predict(
    "a",
    "The same model with keys three times as long. The threshold stays 0.02. "
    "P now keeps …",
    ["as many directions", "fewer", "more"],
)

# %% [markdown]
# The spectrum of today's layer:

# %%
lm = load_model()
statistics = key_statistics(lm, LAYERS)  # 100,000 tokens of Wikipedia
C0 = statistics[LAYER].second_moment
values, vectors = torch.linalg.eigh(C0)  # ascending

# %% [markdown]
# We rescale it, and compare 0.02 with a threshold that is relative: the mean eigenvalue.

# %%
rows = []
for s in (0.1, 0.3, 1, 3, 10):
    e = s**2 * values  # the eigenvalues, for keys s times as long
    for kind, tau in (
        ("absolute: 0.02", 0.02),
        ("relative: the mean", e.mean()),
    ):
        share, leak = (e < tau).double().mean(), e[e < tau].sum() / e.sum()
        rows.append({"kind": kind, "s": s, "rank": share, "leak": leak})

# %% [markdown]
# As a picture:

# %%
scaled = pd.DataFrame(rows).astype({"rank": float, "leak": float})
show(*draw.scale_figure(scaled), name="14_scale")
at = scaled.set_index(["kind", "s"]).loc["absolute: 0.02"]
change = at["rank"][3] - at["rank"][1]
chapter.reveal("a", 0 if abs(change) < 0.02 else 1 if change < 0 else 2)

# %% [markdown]
# **How to read it.** Each mark is the same model with its keys s times as long.
# Left is the share of directions that P keeps, right the energy that leaks.
#
# The eigenvalues grow by s², and 0.02 stays where it is.
# So the same number keeps [[=at['rank'][0.1]:.0%]] of the directions if keys are a tenth as long,
# and [[=at['rank'][10]:.0%]] if they are ten times as long.
# A relative threshold does not notice.
# That 0.02 does something sensible on our model is an accident:
# its mean eigenvalue is [[=float(values.mean()):.3f]].
# A paper that says "threshold 0.02" has not told you what P is on *your* model.
#
# ### Exercise 14.1: Three numbers and their units, on paper · 10 minutes · ★★
#
# With a pencil. All keys become s times as long, and W is divided by s.
# AlphaEdit has the absolute threshold τ and an absolute λ, in Δ = R K1ᵀP(K1K1ᵀP + λI)⁻¹.
# MEMIT has c, in Δ = R K1ᵀ(c·C0 + K1K1ᵀ)⁻¹.
# By which factor must τ, λ and c be multiplied so that both edits do exactly what they did before?
#
# <details><summary>Hint</summary>
#
# Look at what stands beside the number in the formula.
# How does a product of two keys grow?
# The likely mistake is to treat c like λ.
#
# </details>
#
# <details><summary>More help</summary>
#
# K1 becomes sK1 and C0 becomes s²C0.
# Ask which number makes s² a common factor of the bracket.
# Then Δ is 1/s times the old one, as W is.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 14.1: all properties hold.
#
# </details>


# %% exercise="14.1"
def units(s):
    """The factors of τ, λ and c for keys s times as long."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    return s**2, s**2, 1
    # END SOLUTION


units = chapter.check("14.1", units)

# %% [markdown]
# This is why the book gives λ as a multiple of the energy inside P: then it can travel between models.

# %% [markdown]
# ## 2. The keys of which text?
#
# P protects "what the model knows".
# But it is made of keys of *one* kind of text.
# We take three kinds: Wikipedia; sentences that state a fact,
# such as *Akwa Ibom is located in the country of Nigeria.*; and tokens drawn at random, without any sense.

# %%
chapter.predict(
    "b",
    "Three P from 2,000 tokens each. Of the keys of fact sentences, which P "
    "lets the least energy through?",
    ["the one from Wikipedia", "the one from facts", "no difference"],
)

# %% [markdown]
# C of any rows of tokens, read with a hook as in chapter 7:

# %%
down = lm.down_projection(LAYER)


@torch.no_grad()
def moment(rows):
    """Mean of k kᵀ over the keys of these tokens, [1536, 1536]."""
    found = []

    def look(_, inputs):
        found.append(inputs[0][0].double().cpu())
        raise StopIteration  # the layers above are not needed

    with down.register_forward_pre_hook(look):
        for row in rows:
            with suppress(StopIteration):
                lm.model(torch.tensor([row], device=lm.device))
    keys = torch.cat(found)
    return keys.T @ keys / len(keys)


# %% [markdown]
# Each P is tested with *other* text of each kind: how much of its energy lies inside?

# %%
KINDS, leaks = ("Wikipedia", "facts", "random"), {}
tests = {kind: moment(rows_of(lm, kind, 1000, other=True)) for kind in KINDS}

# %%
for kind in KINDS:
    e, v = torch.linalg.eigh(moment(rows_of(lm, kind, 2000)))
    U = v[:, e < THRESHOLD]
    leaks[kind] = {
        test: float((U.T @ C @ U).trace() / C.trace())
        for test, C in tests.items()
    }
leaks = pd.DataFrame(leaks).T.rename_axis("P from")
least = leaks["facts"].idxmin()
chapter.reveal("b", {"Wikipedia": 0, "facts": 1}.get(least, 2))
leaks.style.format("{:.0%}")

# %% [markdown]
# Look down a column: each kind of text is protected best by the P that was made from it.
# P from facts lets [[=leaks['Wikipedia']['facts']:.0%]] of the energy of Wikipedia through,
# P from Wikipedia [[=leaks['Wikipedia']['Wikipedia']:.0%]].
# So *the* null space of a model does not exist; there is one of the model **on a kind of text**.
# For a model that writes programs, Wikipedia may be the wrong sample.
#
# Does a small leak mean little harm in the whole model? Not simply.
# The [laboratory](lab/14_limits.ipynb) writes 200 facts through seven such P:
# the order of their leaks is not the order of what they cost.
# And its section 6 measures harm on text that no P was made from.
# At an equal share written, our P does more harm to program text than no P at all,
# and a wider P does less harm everywhere.

# %% [markdown]
# ## 3. Equal keys
#
# The next question: when are two keys the same?
# The key of a fact is read at the last token of its subject, and a token sees only what stands before it.
# So two prompts that *begin* with the same subject have the same key, whatever they go on to ask.
# Chapter 8 has written two such facts in one batch.
# Now they come one after the other, with a history.

# %%
chapter.predict(
    "c",
    "Lower Assam → Romania is written. Then what Lower Assam is known for "
    "becomes wine. The editor has a history. P(Romania) is then …",
    ["about as before", "about half of it", "nearly zero"],
)

# %% [markdown]
# Four second facts about Lower Assam: two, each in two wordings.

# %%
told = (
    ("{} is known for its", "wine"),
    ("{} lies on the continent of", "Africa"),
    ("The main product of {} is", "wine"),
    ("The continent on which you find {} is", "Africa"),
)
seconds = [Fact(text, LOWER_ASSAM.subject, new) for text, new in told]
editor = AlphaEdit(lm, statistics=statistics, layers=LAYERS, progress=False)


def ask(*facts):
    """P(new object) after each prompt."""
    return score(lm, [(f.prompt, f.new) for f in facts])[0].exp().tolist()


# %% [markdown]
# Each second fact is written after Romania, and taken out again.
# (The package warns if two keys are alike; here we do so on purpose.)

# %%
import warnings

rows, first = {}, editor.edit([LOWER_ASSAM])
(alone,) = ask(LOWER_ASSAM)
for fact in seconds:
    with warnings.catch_warnings(record=True):
        edit = editor.edit([fact])
    k1, k2 = first.keys[LAYERS[0]][0], edit.keys[LAYERS[0]][0]
    apart = float((k1 - k2).norm() / k1.norm())
    rows[f"{fact.prompt} …{fact.new}"] = [apart, *ask(LOWER_ASSAM, fact)]
    edit.revert()
first.revert()

# %%
columns = ["keys apart", "P(Romania)", "P(its own object)"]
pairs = pd.DataFrame(rows, index=columns).T.rename_axis("second fact")
romania = pairs["P(Romania)"]
share = romania.iloc[0] / alone
chapter.reveal("c", sum(share < bound for bound in (0.75, 0.25)))
print(f"P(Romania) before any second fact: {alone:.2f}")
pairs.style.format("{:.2f}")

# %% [markdown]
# `keys apart` is ‖k1 − k2‖ / ‖k1‖ in the lowest edited layer.
# In the first two rows it is exactly zero.
# There the second write asks for what its own answer lacks, and so it takes the first answer out.
# The history cannot help: it asks that the old key's answer stays, and that is the answer that must change.
# How much is lost differs: after the continent, Romania keeps [[=romania.iloc[1]:.2f]].
# (Our guess: some answers go together in one vector, others do not.)
#
# In the last two rows the subject comes later, so its token has read the relation, and the key is another.
# This gives each fact a key of its own.
# It is no guarantee, as the last row shows, but with one key there is only one answer:
# **the key decides which facts an edit reaches.**
# (What it does not reach, such as consequences of a fact, is chapter 16's.)

# %% [markdown]
# ## 4. Many keys
#
# Now a stream, in one layer: 200 facts, eight batches of [[=BATCH]].
# As in chapter 10, each batch asks for what is missing.

# %%
FACTS = bundled_facts("test")[:200]
K, R = keys_and_residuals(lm, FACTS, bundled_targets(lm, FACTS), LAYER)
batches = list(zip(K.split(BATCH, 1), R.split(BATCH, 1), strict=True))
keys = [K1 for K1, _ in batches]
W = lm.weight(LAYER).double().cpu()
U = vectors[:, values < THRESHOLD]  # P = U Uᵀ
free = U.shape[1]  # directions inside P
lam = LAM * float(values[values < THRESHOLD].sum())


# %% [markdown]
# Δ for a batch, with the keys of all earlier ones as history, by (8.10):


# %%
def alphaedit(K1, missing, Kp):
    """Δ, [d_model, d_ff], with the history Kp [d_ff, n_past]."""
    A = U.T @ torch.cat([Kp, K1], dim=1)
    eye = torch.eye(A.shape[1]).double()
    gain = torch.linalg.solve(A.T @ A + lam * eye, A.T @ U.T)
    return missing @ gain[Kp.shape[1] :]


# %% [markdown]
# The stream, for any such step, and AlphaEdit with and without its history:


# %%
def stream(step):
    """Write all batches; the list of their Δ."""
    total, deltas = torch.zeros_like(W), []
    for number, (K1, wanted) in enumerate(batches):
        missing = wanted - total @ K1
        deltas.append(step(K1, missing, K[:, : BATCH * number]))
        total = total + deltas[-1]
    return deltas


# %%
streams = {
    "no history": stream(lambda K1, R1, Kp: alphaedit(K1, R1, Kp[:, :0])),
    "history": stream(alphaedit),
}

# %% [markdown]
# ### Exercise 14.2: Forgotten · 10 minutes · ★★
#
# Batch b has written Δ_b K_b into the answers of its own keys K_b.
# Later batches change these answers once more.
# How large is what they change, all together, as a share of what batch b wrote?
# Return this number for every batch.
#
# <details><summary>Hint</summary>
#
# First add up the later Δ, then multiply by K_b, then take the length:
# changes that point in opposite ways cancel.
# The likely mistakes are to add up lengths, and to count Δ_b itself.
#
# </details>
#
# <details><summary>More help</summary>
#
# `sum(deltas[b + 1 :])` adds the later ones; for the last batch there are none,
# and the sum of an empty list is the number 0, so start it with `torch.zeros_like(deltas[b])`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 14.2: all properties hold.
# Below it, a curve for each of the two streams, from the oldest batch to the newest.
#
# </details>


# %% exercise="14.2"
def forgotten(deltas, keys):
    """One number for every batch: deltas [d_model, d], keys [d, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    lost = []
    for b in range(len(deltas)):
        later = sum(deltas[b + 1 :], torch.zeros_like(deltas[b]))
        changed, wrote = later @ keys[b], deltas[b] @ keys[b]
        lost.append(float(changed.norm() / wrote.norm()))
    return lost
    # END SOLUTION


forgotten = chapter.check("14.2", forgotten)

# %% [markdown]
# Your function, on both streams:

# %%
lost = {name: forgotten(deltas, keys) for name, deltas in streams.items()}
show(*draw.forgetting_figure(lost, BATCH), name="14_forgotten")

# %% [markdown]
# Each mark is a batch, the oldest on the left.
# Without history, later batches have changed [[=lost['no history'][0]:.0%]] of what the first one wrote;
# with history, [[=lost['history'][0]:.0%]].
# That is not zero: the history is a *wish* in the objective, weighed against the new facts and against λ.
#
# ### How the weights grow
#
# A stream can also fail in another way:
# the sum of all updates becomes so large that the model is no longer itself.
#
# ### Exercise 14.3: Three ways to grow, on paper · 10 minutes · ★★
#
# With a pencil. W has length 1 (its norm, as one long arrow).
# n updates are added.
# How long is W afterwards,
#
# 1. if each update has length g, and stands at a right angle to W and to all other updates?
# 2. if each has length g, and all point along W?
# 3. if each points along W, and its length is g times the length of W *at that moment*?
#
# <details><summary>Hint</summary>
#
# The first is Pythagoras in many dimensions: squares add up.
# The likely mistake is to write 1 + √n·g.
# In the third, each step multiplies.
#
# </details>
#
# <details><summary>More help</summary>
#
# 1: the square of the length is 1 + g² + … + g².
# 3: after one step 1 + g; after two, (1 + g) + g(1 + g).
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 14.3: all properties hold.
# Below it, the three lengths for a thousand updates.
#
# </details>


# %% exercise="14.3"
def growth(n, g):
    """The length of W after n updates, in the three cases."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    return math.sqrt(1 + n * g**2), 1 + n * g, (1 + g) ** n
    # END SOLUTION


growth = chapter.check("14.3", growth)
across, along, loop = growth(1000, 0.01)
print(f"1000 updates of 1%: at right angles {across:.2f}")
print(f"along W {along:.0f}; each 1% of the W so far {loop:,.0f}")

# %% [markdown]
# The third case is the dangerous one.
# [Liu et al. (2026)](https://arxiv.org/abs/2602.02543) blame such a loop for the collapse of long streams:
# a larger W makes longer hidden states, these ask for longer targets z,
# and these make larger updates. Which case is ours?
#
# And does the history *fill* the null space?
# If the keys so far have the energy a along a direction inside P, then a stands beside λ there,
# and the share a/(a + λ) of this direction is taken.
# The sum over all directions is the number of directions in use.

# %%
rows = {}
for n in range(BATCH, len(FACTS) + 1, BATCH):
    D = sum(streams["history"][: n // BATCH])
    seen = U.T @ K[:, :n]
    a = torch.linalg.eigvalsh(seen.T @ seen)
    rows[n] = [float(D.norm() / W.norm()), float((a / (a + lam)).sum())]
columns = ["‖ΣΔ‖ / ‖W‖", "directions taken"]
grown = pd.DataFrame(rows, index=columns).rename_axis("facts")
eightfold = grown[200].iloc[0] / grown[25].iloc[0]
grown.style.format("{:.2f}", subset=(columns[0],)).format(
    "{:.0f}", subset=(columns[1],)
)

# %% [markdown]
# Eight times as many facts make the sum [[=eightfold:.1f]] times as long.
# The square root of eight is 2.8, so the updates add up about as in the first case.
# (The loop cannot begin here, because all targets come from the unedited model.)
#
# 200 facts take [[=grown[200].iloc[1]:.0f]] of the [[=free:d]] directions inside P.
# So the space is not full yet.
# But it is finite: AlphaEdit on Llama3-8B is reported to fail between 6,000
# and 8,000 edits (sources in the laboratory).

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 to 4.**
# Let students name other numbers without units in this book
# (the clamp of z is a multiple of ‖h‖: it has one; the learning rate of z has not).
# Common mistake in 14.1: c gets s², "because C0 has grown": it has grown in the bracket *and* beside it.
# Question for discussion: layer norm makes the hidden states of all models about equally long; why are the keys not?
# (The gate and the up-projection come after it.)
# For section 3: let students find pairs of facts about a person that an editor cannot hold at once.
# A plan for 90 minutes: section 1 with 14.1 (20), section 2 (10),
# section 3 (15), section 4 with 14.2 (20), 14.4 at the board (15), Break it (10).

# %% [markdown]
# ## 5. Two other memories
#
# Can one remember better than AlphaEdit's history does?
# Two younger methods try.
#
# **Recursive least squares** ([Wang et al. 2026](https://arxiv.org/abs/2601.15686))
# keeps the *inverse* of the whole bracket, S = (A + KpKpᵀ)⁻¹, so that no large system has to be solved.
# When K1 arrives, the bracket grows by K1K1ᵀ:
#
# $$S_{\text{new}} = (S^{-1} + K_1 K_1^\top)^{-1}, \qquad \Delta = R\,K_1^\top S_{\text{new}} . \tag{14.2}$$
#
# In words: the new keys are noted as taken, and Δ is what this bracket asks for.
# (In chapter 10, S was the bracket itself.)
#
# ### Exercise 14.4: One step of recursive least squares · 10 minutes · ★★
#
# Return Δ and the new S *without inverting any d × d matrix*:
# d is 1,536, and AlphaEdit's first S, P/λ, has no inverse at all.
# Only n × n systems may be solved.
#
# <details><summary>Hint</summary>
#
# [Appendix A](A_notation.md) has the fact about matrices that you need, with S in the place of A⁻¹.
# Test on paper: your S_new times S⁻¹ + K1K1ᵀ must be I.
#
# </details>
#
# <details><summary>More help</summary>
#
# G = S K1 serves twice: S_new = S − G J, where J solves an n × n system with Gᵀ on its right,
# and then K1ᵀS_new turns out to be J itself.
# `torch.linalg.solve(M, Y)` is M⁻¹Y; an I in code is `torch.eye(n, dtype=K.dtype)`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 14.4: all properties hold.
# Below it, two differences: rounding.
#
# </details>


# %% exercise="14.4"
def rls_step(S, K, R):
    """Δ [d_model, d] and the new S [d, d], from keys K [d, n], R."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    G = S @ K
    eye = torch.eye(K.shape[1], dtype=K.dtype)
    J = torch.linalg.solve(eye + K.T @ G, G.T)
    return R @ J, S - G @ J
    # END SOLUTION


rls_step = chapter.check("14.4", rls_step)

# %% [markdown]
# In formulas: with G = S K1 and J = (I + K1ᵀG)⁻¹Gᵀ, Δ = R J and S_new = S − G J.
# G is what the new keys look like after everything learnt so far.
# J is the gain (elsewhere called G); its small matrix divides the work among the new facts.
# And S notes that these directions are taken.
#
# Your recursion writes the eight batches from AlphaEdit's prior.
# A is λ inside P and infinite outside, so A⁻¹ = P/λ.
# Beside it stands one write of all facts at once.

# %%
memory = {"S": U @ U.T / lam}


def recursive(K1, missing, Kp):
    delta, memory["S"] = rls_step(memory["S"], K1, missing)
    return delta


own = sum(stream(recursive))
history, once = sum(streams["history"]), alphaedit(K, R, K[:, :0])
for name, other in (("history", history), ("one write of all", once)):
    print(f"{name}: {float((own - other).norm() / other.norm()):.0e}")

# %% [markdown]
# Three things that look different are one.
# It is chapter 10's theorem on real keys.
# So a recursion is a way to *compute*; what differs between such editors is where S starts, which is the prior.
#
# **EvoEdit** ([Lyu et al. 2025](https://arxiv.org/abs/2510.13851)) changes more.
# The history *asks* that old answers stay; EvoEdit *forbids* their change.
# After each batch, what P still lets through of its keys is taken out of P.
#
# ### Exercise 14.5: The shrinking projector · 10 minutes · ★★★
#
# Return a new projection for which no later ΔP changes the answers to the keys K: P K = 0.
# It should lie inside the old P, and be as large as possible.
#
# <details><summary>Hint</summary>
#
# Which directions *inside P* do the keys touch?
# Those have to go, and no others.
# Two likely mistakes: to take the directions of K itself, and to take out directions
# that the keys touch by rounding only (some keys depend on others, and some P cannot see at all).
#
# </details>
#
# <details><summary>More help</summary>
#
# With Q an orthonormal basis of the columns of PK, P − QQᵀ is the answer.
# `left, sizes, _ = torch.linalg.svd(P @ K, full_matrices=False)` finds one:
# keep the columns with `sizes > 1e-8 * K.norm()`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 14.5: all properties hold.
# Below it, three streams compared.
#
# </details>


# %% exercise="14.5"
def evolve(P, K):
    """P, [d, d], without the directions of P K, for keys K, [d, n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    left, sizes, _ = torch.linalg.svd(P @ K, full_matrices=False)
    Q = left[:, sizes > 1e-8 * K.norm()]
    return P - Q @ Q.T
    # END SOLUTION


evolve = chapter.check("14.5", evolve)

# %% [markdown]
# Your projector writes the eight batches:

# %%
space = {"P": U @ U.T}


def evoedit(K1, missing, Kp):
    PK = space["P"] @ K1
    bracket = K1.T @ PK + lam * torch.eye(BATCH).double()
    space["P"] = evolve(space["P"], K1)
    return missing @ torch.linalg.solve(bracket, PK.T)


streams["EvoEdit"] = stream(evoedit)

# %% [markdown]
# What stands of the first and of the last batch at the end (1 − what is missing, as a share of what was wanted),
# what the first batch has lost (exercise 14.2), and the change of known answers:

# %%
rows = {}
for name, deltas in streams.items():
    D = sum(deltas)
    stands = [
        1 - float((wanted - D @ K1).norm() / wanted.norm())
        for K1, wanted in (batches[0], batches[-1])
    ]
    known = float(((D @ C0) * D).sum() / ((W @ C0) * W).sum()) ** 0.5
    rows[name] = [*stands, forgotten(deltas, keys)[0], known]
columns = ["first batch", "last batch", "forgotten", "known answers"]
small = pd.DataFrame(rows, index=columns).T
small.style.format("{:.0%}")

# %% [markdown]
# EvoEdit keeps its word: it has forgotten nothing.
# The price is [[=BATCH]] directions for each batch, needed or not, and after 200 facts it is hardly felt.
# In the whole model, after 200 facts, none of AlphaEdit's rivals
# and younger relatives names more facts first, beyond the noise (laboratory, section 5).

# %% [markdown]
# ## 6. Break it: do what the theory says
#
# The theory asks for two things.
# P should be the *null* space: so let it leak only 1% of the energy.
# And there should be nothing to balance: so take λ a thousand times smaller.
# We write 24 facts in batches of eight, with history.

# %%
chapter.predict(
    "d",
    "With the strictest P and nearly no λ, the perplexity of ordinary text …",
    [
        "rises less than with our settings",
        "rises more than that, but by less than a half",
        "rises by a half or more",
    ],
)

# %% [markdown]
# The facts, and the text whose perplexity we ask for:

# %%
from alphaedit_lite import perplexity
from alphaedit_lite.support.texts import wikipedia_leads

some, leads = FACTS[:24], wikipedia_leads("heldout")[:8]
z = bundled_targets(lm, some)


# %%
def state():
    """Facts named first, perplexity, size of the update, a sentence."""
    first = score(lm, [(fact.prompt, fact.new) for fact in some])[1]
    moved = [
        float(lm.ledger.total(i).norm() / lm.ledger.original(i).norm())
        for i in LAYERS
        if lm.ledger.edits
    ]
    says = lm.complete("The history of science", 8)
    return [int(first.sum()), perplexity(lm, leads), sum(moved) / 5, says]


# %%
strict = {"threshold": 0.01, "threshold_kind": "energy", "lam": LAM / 1000}
rows, editors = {"unedited": state()}, {"ours": editor}
editors["theory"] = AlphaEdit(lm, layers=LAYERS, progress=False, **strict)
for name, one in editors.items():
    for i in range(0, 24, 8):
        one.edit(some[i : i + 8], z[i : i + 8])
    rows[name] = state()
    lm.ledger.clear()

# %%
columns = ["named first", "perplexity", "‖ΣΔ‖ / ‖W‖", "says"]
broken = pd.DataFrame(rows, index=columns).T
rise = broken["perplexity"] / broken["perplexity"]["unedited"] - 1
worst = 1 if rise["theory"] < 0.5 else 2
chapter.reveal("d", 0 if rise["theory"] < rise["ours"] else worst)
broken.style.format({"perplexity": "{:.1f}", "‖ΣΔ‖ / ‖W‖": "{:.0%}"})

# %% [markdown]
# **What surprised us.**
# Nothing *looks* broken: all facts are named first, and the model still speaks.
# But perplexity has risen by [[=rise['theory']:.0%]] instead of [[=rise['ours']:.1%]].
#
# Once more the keys tell why.
# The key of a new fact is a key like any other.
# A P that shuts out nearly all the energy of known keys shuts out the new key, too (chapter 7),
# and the update grows until it gets through: here to [[=broken['‖ΣΔ‖ / ‖W‖']['theory']:.0%]] of the size of W.
# The small λ does the rest: every residual is written to the last digit, however expensive its direction.
# **On our layers, which have no true null space, the purer AlphaEdit did more harm.**
# With a hundred facts it is plain to see (laboratory, section 1).
#
# ## Paper ↔ code
#
# | equation | in the authors' code (described) | here |
# |---|---|---|
# | τ, absolute | AlphaEdit, `get_project` in `experiments/evaluate.py`: singular values of C0 below `nullspace_threshold` | `NullSpace.fit(…, kind="absolute" \| "relative" \| "energy")` |
# | 14.4, C_t = C_{t−1} − F(I + K F)⁻¹Fᵀ | RLSEdit, `RLSEdit/RLSEdit_main.py`: a Cholesky factor of the small matrix, C kept for each layer on the CPU in float32 | your `rls_step`; `book/ch14/experiments.py`, in float64 (in float32 the recursion loses digits at every step) |
# | P ← P − QQᵀ | EvoEdit, `EvoEdit/EvoEdit_main.py`, `update_projector_from_P_and_K`: SVD of PK, singular values above a tolerance | your `evolve`; `shrink`, on the basis U |
#
# ## Keypoints
#
# * **Length:** an absolute threshold and an absolute λ have a unit, the square of a key.
#   Report the directions kept and the energy leaked.
# * **Sample:** P protects the kind of text that it was made from.
# * **Equality:** two facts whose prompts begin with the same subject share one key, and one key has one answer.
# * **Number:** with fixed keys, AlphaEdit with history,
#   recursive least squares from P/λ and one write of all facts are the same.
#   EvoEdit forbids forgetting, and pays with directions.
# * **Kinship:** a new key is a key like any other.
#   A P that shuts out the known ones shuts out the new one.
#
# ## Quiz
#
# **1. Two models are both edited "with threshold 0.02 and λ = 10".
# What do you know about how alike the two P are?**
#
# <details><summary>A. P keeps about the same share of directions in both.</summary>
# Only if their keys are equally long.
# Both numbers have the unit of a squared key.
# </details>
# <details><summary>B. Nothing, until you know the energy of their keys.</summary>
# <b>Yes.</b> Ask for the directions kept and the leak of P, and for λ as a share of the energy inside it.
# </details>
#
# **2. Somebody replaces the history by recursive least squares
# and reports better results than AlphaEdit with history. What explains it?**
#
# <details><summary>A. The recursion remembers more.</summary>
# It remembers the same: from S = P/λ it gives the same Δ, up to rounding.
# </details>
# <details><summary>B. They start from another S, which is another prior A.</summary>
# <b>Yes</b>, most likely: with A = c·C0 it is MEMIT with history.
# </details>
#
# **3. EvoEdit never forgets. Why is it not the end of the story?**
#
# <details><summary>A. Each batch leaves less room for the next,
# and what it protects are the recorded keys only.</summary>
# <b>Yes.</b> Directions are spent with every batch, and a paraphrase has another key.
# </details>
# <details><summary>B. Its P is no projection any more.</summary>
# It is: P − QQᵀ is symmetric and idempotent, if Q lies inside the old P.
# </details>
#
# **Further reading**
#
# * [Wang et al. 2026](https://arxiv.org/abs/2601.15686), RLSEdit:
#   editing as online least squares, with bounds for long streams.
# * [Lyu et al. 2025](https://arxiv.org/abs/2510.13851), EvoEdit: former keys leave the null space.
# * [Gupta et al. 2025](https://arxiv.org/abs/2502.01636), ENCORE:
#   overfitting to the targets and growth of the norm as two causes of decay, and a remedy for each.
#
# **Next:** our model fits on a laptop.
# Chapter 15 does the arithmetic of memory and time for models of eight billion parameters, and shows what changes.

# %%
chapter.report()
