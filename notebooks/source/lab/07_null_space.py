# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 7: How null is the null space?
#
# *To read: 20 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [Chapter 7](../07_null_space.ipynb) claims that the null space of a real layer leaks,
# that a large one may come from a small sample, and that a *smaller* leak can do more harm.
# Here the three claims are tested: with other thresholds, for growing samples,
# and with AlphaEdit's own write over five layers, asked with paraphrases and neighbours.
# Read it if you do not believe one fact in one layer.

# %% tags=["setup"]

# %%
# Parameters: edited layers, the one under the microscope, threshold, keys.
import math
import time
from contextlib import suppress

import pandas as pd
import torch

from alphaedit_lite import (
    AlphaEdit,
    NullSpace,
    compute_targets,
    key_statistics,
    load_model,
)
from alphaedit_lite.book.ch07 import figures as draw
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.layer import keys_and_residuals, known_change
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.metrics import score
from alphaedit_lite.support.texts import wikipedia_leads

LAYERS, LAYER, THRESHOLD = (3, 4, 5, 6, 7), 7, 2e-2
SAMPLE, HELD_OUT = 6_400, 4_000  # keys of running text

# %%
lm = load_model()
statistics = key_statistics(lm, LAYERS)  # 100,000 tokens of Wikipedia
C0 = statistics[LAYER].second_moment  # [d_ff, d_ff], float64
spectra, bases = {}, {}
for layer in LAYERS:
    values, bases[layer] = torch.linalg.eigh(statistics[layer].second_moment)
    spectra[layer] = values.clamp_min(0)  # ascending
W = lm.weight(LAYER).double().cpu()  # [d_model, d_ff]
answers = float((W @ C0 @ W.T).trace())  # mean ‖W k₀‖²: how large an answer is

# %% [markdown]
# ## 1. Which routine?
#
# The paper writes "SVD", and the authors' code calls `svd`.
# For a symmetric matrix without negative eigenvalues, the singular values *are* the eigenvalues
# and the singular vectors the eigenvectors, so both routines give the same U.
# But `svd` does not know that the matrix is symmetric, and computes two sets of vectors where there is one.
# `eigh` (h for Hermitian, the complex word for symmetric) knows.


# %%
def seconds(routine):
    start = time.perf_counter()
    routine(C0)
    return time.perf_counter() - start


svd, eigh = seconds(torch.linalg.svd), seconds(torch.linalg.eigh)
print(f"svd {svd:.2f} s, eigh {eigh:.2f} s")

# %% [markdown]
# How large the factor is depends on the library, the number of cores and the size of the matrix.
# That `eigh` wins at all is no accident: it has fewer operations to do.
# Never call `eig`: for a repeated eigenvalue, such as zero,
# it need not return orthogonal vectors, and then U Uᵀ is no projection.
#
# The shortcut over K0 K0ᵀ has a price.
# Its eigenvalues are *squares* of the singular values of K0.
# A direction in which the keys are a million times shorter has an eigenvalue 10¹² times smaller.
# Single precision (seven digits) would lose it in rounding; double precision (sixteen) just holds it.
# The spectra of real layers do not come near this edge.
# But section 4 counts *exact* zeros, and there float64 matters.
#
# ## 2. Other thresholds, other models
#
# The paper's footnote names 10⁻², the authors' code 2·10⁻².
# What is the difference on this model?


# %%
def at(threshold):
    """Directions kept and energy leaked by each layer's P."""
    said = {}
    for layer, values in spectra.items():
        count, share = draw.leaked(values, threshold)
        said[layer] = f"{count / len(values):.0%} / {share:.0%}"
    return said


thresholds = (5e-3, 1e-2, THRESHOLD, 4e-2, 1e-1)
pd.DataFrame({f"τ = {tau:g}": at(tau) for tau in thresholds})

# %% [markdown]
# Each entry gives the directions kept, and the energy leaked.
# In layer [[=LAYER]], going from the code's threshold to the paper's takes the directions
# from [[=draw.leaked(spectra[LAYER], THRESHOLD)[0] / 1536:.0%]]
# to [[=draw.leaked(spectra[LAYER], 1e-2)[0] / 1536:.0%]],
# and the leak from [[=draw.leaked(spectra[LAYER], THRESHOLD)[1]:.0%]] to [[=draw.leaked(spectra[LAYER], 1e-2)[1]:.0%]].
# So a result that quotes a threshold, but neither the directions nor the leak, tells little.
#
# Three remarks on the spectra of chapter 7:
#
# * **No gap.** The *largest* eigenvalue
#   of layer [[=LAYER]] carries [[=float(spectra[LAYER][-1] / spectra[LAYER].sum()):.1%]] of the energy,
#   and the curve falls smoothly from there.
#   Any threshold is as arbitrary as any other.
# * **An absolute threshold knows nothing of the size of the keys.**
#   The mean eigenvalue is between [[=min(float(v.mean()) for v in spectra.values()):.3f]]
#   and [[=max(float(v.mean()) for v in spectra.values()):.3f]] in these layers, near τ itself.
#   On a model whose keys are ten times shorter, the same 0.02 would keep everything.
# * **A narrow layer.** 1536 directions must serve all that the layer knows.
#   Wide layers have more of them than their keys use.
#   For Llama3-8B, with 14,336, [a public analysis](https://github.com/chilli404/alphaedit-analysis)
#   (not reviewed) finds more than 99% of the directions below 2e-2.
#   There, P is nearly the identity; we have found no report of what leaks.
#
# ## 3. The bound, with a real update
#
# On real keys, (ΔP)K0 is not zero, but it is bounded.
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
# The update is AlphaEdit's, over five layers:
# Lower Assam moves to Romania, as in chapter 0.
# For the left side of (7.7) we also read keys of *other* text than C0 was made from, with the hook of chapter 7.


# %%
down = lm.down_projection(LAYER)


@torch.no_grad()
def keys_of(texts, n):
    """The first n keys of the layer over some texts: rows, [n, d_ff]."""
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


heldout = keys_of(wikipedia_leads("heldout"), HELD_OUT)  # [4000, d_ff]

# %% [markdown]
# The edit, and the answer of the edited model:

# %%
editor = AlphaEdit(
    lm,
    statistics=statistics,
    layers=LAYERS,
    threshold=THRESHOLD,
    progress=False,
)
z = compute_targets(lm, [fact], LAYERS[-1], progress=False).z
edit = editor.edit([fact], z)
print(fact.prompt + lm.complete(fact.prompt, 3))
edit.revert()
delta = edit.delta(LAYER).cpu()  # [d_model, d_ff]; P is inside already

# %% [markdown]
# The two sides of (7.7), and what an update of the same size would do that is spread evenly over all directions.

# %%
known = float((delta @ C0 @ delta.T).trace())  # mean ‖Δk‖², keys behind C0
fresh = float((heldout @ delta.T).square().sum(1).mean())  # keys held out
bound = THRESHOLD * float(delta.square().sum())
evenly = float(delta.square().sum() * C0.trace() / len(C0))
print(
    f"mean ‖ΔP k‖²: {known:.2e} for the keys of C0, {fresh:.2e} for fresh ones"
)
print(f"bound: {bound:.2e}")
print(f"known answers change by {math.sqrt(known / answers):.2%} of their size")
print(f"by an update spread evenly: {math.sqrt(evenly / answers):.2%}")

# %% [markdown]
# The bound holds, for fresh keys as well.
# (Nobody promised that: it is about the keys behind C0.)
# It is not tight, since most kept directions have less energy than τ.
#
# And how much of this is P's merit?
# An update of the same size without any P, spread evenly over all 1536 directions,
# would change known answers by [[=math.sqrt(evenly / answers):.1%]];
# ours does it by [[=math.sqrt(known / answers):.1%]].
# So most of the smallness comes from the *update*, which is small, and less of it from the space.
#
# ### One edit through three thresholds
#
# `write_through` keeps the directions that we tell it to,
# edits five layers, asks eight questions, and takes the edit back.

# %%
asked = [(prompt, fact.new) for prompt in (fact.prompt, *fact.paraphrases)]


def write_through(kept_of):
    """Write through the kept_of(eigenvalues) weakest directions; look; undo."""
    for layer, values in spectra.items():
        U = bases[layer][:, : kept_of(values)]
        editor.null_spaces[layer] = NullSpace(U, values, math.nan)
    edit = editor.edit([fact], z)
    p = score(lm, [*asked, *fact.neighbours])[0].exp()
    edit.revert()
    return edit, {
        "update": float(edit.delta(LAYER).norm() / W.norm()),
        "fact": p[0],
        "paraphrases": p[1:4].mean(),
        "neighbours": p[4:].mean(),
    }


# %% [markdown]
# `outcome` says what one edit through a threshold does, in a sentence.


# %%
def outcome(threshold):
    _, row = write_through(lambda values: int((values < threshold).sum()))
    leaks = [editor.null_spaces[layer].leakage for layer in LAYERS]
    return (
        f"mean leak {sum(leaks) / len(leaks):.0%}; "
        f"P(Romania) {row['fact']:.2f}; paraphrases {row['paraphrases']:.2f}; "
        f"neighbours {row['neighbours']:.2f}"
    )


outcomes = {tau: outcome(tau) for tau in (6e-3, THRESHOLD, 1e-1)}
show(
    *draw.thresholds_figure(spectra, outcomes, main=LAYER), name="07_thresholds"
)

# %% [markdown]
# **Is the low threshold the better null space?**
# This figure cannot tell.
# The low threshold leaks far less (the mean over the edited layers),
# and the fact is written about equally well through all three.
# What it costs does not show in these eight questions; section 5 looks for it.
#
# The slider does the same at any threshold.
# *Write one fact* takes a second or two, and takes the edit back afterwards.

# %%
from alphaedit_lite.book.ch07.widgets import ThresholdWidget

ThresholdWidget(spectra, outcome).show()

# %% [markdown]
# ## 4. Larger and larger samples
#
# We fit C0 on the first 100, 200, 400, … keys of our text.
# For each, we note what the sample *claims* about its null space,
# and what 4,000 fresh keys, from other articles, have in it.

# %%
pool = keys_of(wikipedia_leads("fit"), SAMPLE)  # [6400, d_ff]


def inside(U):
    """The share of the fresh keys' energy inside U."""
    return float((heldout @ U).square().sum() / heldout.square().sum())


def fit_on(n):
    """What n keys claim about the null space, and what fresh keys say."""
    values, vectors = torch.linalg.eigh(pool[:n].T @ pool[:n] / n)
    kept, exact = int((values < THRESHOLD).sum()), int((values < 1e-9).sum())
    return {
        "keys": n,
        "kept": kept,
        "exact": exact,
        "claimed": float(values[:kept].sum() / values.sum()),
        "real": inside(vectors[:, :kept]),
        "real, exact": inside(vectors[:, :exact]),
    }


# %% [markdown]
# In the table, `kept` counts directions below τ, `exact` those with energy zero;
# `real` and `real, exact` are what fresh keys have in them.

# %%
sizes = (100, 200, 400, 800, 1600, 3200, SAMPLE)
samples = pd.DataFrame([fit_on(n) for n in sizes])
few = samples[samples["keys"] == 400].iloc[0]
samples.style.format("{:.0%}", subset=list(samples)[3:]).hide()

# %% [markdown]
# The same as a picture, with the P from all 100,000 keys for comparison.

# %%
whole = inside(bases[LAYER][:, spectra[LAYER] < THRESHOLD])
show(*draw.samples_figure(samples, whole), name="07_samples")

# %% [markdown]
# **How to read it.** Left: the smaller the sample, the larger the "null space".
# Right: the lower line is what the sample believes about its own P,
# the upper one what keys of fresh text have inside it.
# The gap between the lines is how much the sample deceives us.
#
# With 400 keys, [[=int(few['exact']):d]] directions have an energy of exactly zero,
# and fresh keys carry [[=few['real, exact']:.0%]] of theirs in these very directions.
# (Counting would have warned us: the exact null space of 400 keys has at least [[=1136 / 1536:.0%]] of all directions,
# and a fresh key has no reason to avoid them.)
# With all 100,000 keys, the claim is [[=draw.leaked(spectra[LAYER], THRESHOLD)[1]:.0%]]
# and fresh keys say [[=whole:.0%]]: nearly honest.
#
# A hundred new keys can also cost 99 directions only, as exercise 07.5 may have shown.
# The first token of a text has nothing before it, so all articles that begin with *The* begin with the same key.
#
# The paper has a trace of the effect: with a tenth of the samples,
# specificity on Llama3-8B falls from 67.9 to 56.1 (its table 6), while efficacy loses less than four points.
# Mostly the neighbours pay, not the edited facts.
#
# ## 5. The narrow door, with AlphaEdit
#
# Chapter 7 writes one fact in one layer, with the smallest Δ that does it.
# AlphaEdit spreads the write over five layers, and holds it back with λ (chapter 8).
# We write the same fact, towards the same z, through spaces
# that leak from 1% to everything (the same leak in each layer), and note for layer 7:
#
# * `door`: the share of the *new key's* own energy that P lets through, ‖Pk‖² / ‖k‖²,
# * `update`: the size of Δ as a share of ‖W‖,
# * `known answers`: by how much the answers to known keys change, as a share of their size,
# * `alike`: the cosine between Pk and the shadows Pk₀ of fresh keys (root mean square):
#   how much they point the same way.


# %%
def weakest(values, share):
    """How many of the smallest eigenvalues carry at most this share."""
    carried = values.cumsum(0) / values.sum()
    return int((carried <= share + 1e-9).sum())


def look(share):
    """Write through spaces that leak this share; the row of the table."""
    edit, row = write_through(lambda values: weakest(values, share))
    k, delta = edit.keys[LAYER].double().cpu(), edit.delta(LAYER).cpu()
    space = editor.null_spaces[LAYER]
    Pk, shadows = space.project(k), space.project(heldout[:1000])
    cosine = torch.cosine_similarity(shadows, Pk)
    row |= {
        "leak": share,
        "kept": space.rank,
        "door": Pk.square().sum() / k.square().sum(),
        "known answers": known_change(delta, C0, W),
        "alike": cosine.square().mean().sqrt(),
    }
    return {name: float(value) for name, value in row.items()}


# %% [markdown]
# In the table, `kept` is the number of directions in layer 7, the rank of P.
# The last three columns are probabilities:
# of *Romania* after the prompt and after three paraphrases, and of the old, right answers of four neighbours.

# %%
usual = draw.leaked(spectra[LAYER], THRESHOLD)[1]  # at the authors' threshold
shares = (0.01, 0.02, 0.05, 0.1, 0.2, usual, 0.6, 1.0)
doors = pd.DataFrame([look(share) for share in shares]).round(4)
unedited = float(score(lm, fact.neighbours)[0].exp().mean())
growth = doors["update"][0] / doors["update"][5]
constant = doors["update"] * doors["door"] ** 0.5
order = ["leak", "kept", "door", "update", "known answers", "alike"]
order += ["fact", "paraphrases", "neighbours"]
doors[order].style.format("{:.3f}").format("{:.0f}", subset=["kept"]).hide()

# %% [markdown]
# And as a picture:

# %%
panels = {
    "energy inside P": {"door": "new key", "leak": "known keys"},
    "update, share of ‖W‖": {"update": "layer 7"},
    "change of known answers": {"known answers": "layer 7"},
    "probability": {
        "fact": "Romania",
        "paraphrases": "paraphrases",
        "neighbours": "neighbours: old answer",
    },
}
show(*draw.doors_figure(doors, panels), name="07_doors_alphaedit")

# %% [markdown]
# **How to read it.** Along the bottom of all four panels is the leak of P,
# from 1% to everything (P = I: no projection at all).
# The row [[=doors['leak'][5]:.3f]] is the authors' threshold in layer 7.
# The fact is written about equally well everywhere; look at what it costs.
#
# * **The door closes for the new key, too** (first panel).
#   Where known keys have 1% of their energy, the new key has [[=doors['door'][0]:.1%]] of its own.
# * **The update grows** (second panel): from [[=doors['update'][5]:.0%]] of ‖W‖ at the usual threshold
#   to [[=doors['update'][0]:.0%]] at a leak of 1%, [[=growth:.0f]] times as much.
# * **Known answers change *more*** (third panel):
#   by [[=doors['known answers'][0]:.1%]] of their size through the truest null space,
#   by [[=doors['known answers'][5]:.1%]] through the leaky one,
#   and by [[=doors['known answers'][7]:.1%]] with no projection at all.
#   So P is worth having.
#   But the least change, [[=doors['known answers'].min():.1%]], stands far from the end that the theory praises:
#   from the usual threshold to a leak of 60%, it hardly matters where.
#
# The first two are one fact.
# By (7.9), ‖Δ‖ = ‖r‖ / ‖Pk‖.
# Mind that this is a *length*, and `door` an energy, its square.
# So `update` times √`door` should be the same in all rows:
# it lies between [[=constant.min():.3f]] and [[=constant.max():.3f]].
# (The editor stops a little short of (7.9).
# That is the doing of the ridge term λ, which holds every update back.)
#
# For a known key k₀, the Δ of that size gives
#
# $$\lVert \Delta k_0 \rVert \;=\; \lVert r \rVert \cdot \frac{\lVert P k_0 \rVert}{\lVert P k \rVert}
# \cdot \lvert \cos(P k_0, P k) \rvert , $$
#
# which is (7.10) with its last factor written out.
# In words: what we ask for, times how long the known shadow is beside the new one,
# times how much the two point the same way.
# With a lower threshold *both* shadows shrink (compare `leak` and `door`), so their ratio stays about the same.
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
# ### What the fourth panel says, and what it does not
#
# One fact, three paraphrases, and four neighbours are little evidence.
# There, the narrow space does the neighbours no harm:
# they keep [[=doors['neighbours'][0]:.2f]] of their [[=unedited:.2f]] in the narrowest space,
# and [[=doors['neighbours'][7]:.2f]] without P.
# The paraphrases have [[=doors['paraphrases'][0]:.2f]] in the narrowest space,
# [[=doors['paraphrases'][5]:.2f]] at the usual threshold, [[=doors['paraphrases'][7]:.2f]] without P.
# Perhaps what neighbours share with our subject lies in the strong directions,
# which every P takes away; running text does not have this luck.
# So "what does an edit break?" has more than one answer, and chapter 9 makes metrics of them.
# Nor does one edit say what a hundred do: chapters 10 and 14 repeat the sweep over long streams.
#
# ### The best that can be had
#
# Is there a Δ with Δk = r that changes known answers less than any P does?
# Chapter 5 has derived the one that changes them least: ROME's, Δ = r (C0⁻¹k)ᵀ / (kᵀC0⁻¹k).
# We compare it in one layer, where all writes have the same r, with the smallest Δ inside some P.

# %%
K1, R = keys_and_residuals(lm, [fact], z, LAYER)  # columns
k, r = K1[:, 0], R[:, 0]
directions = {"ROME": torch.linalg.solve(C0, k)}  # the row direction of Δ
for share in (0.01, usual, 0.6, 1.0):
    U = bases[LAYER][:, : weakest(spectra[LAYER], share)]
    directions[f"P that leaks {share:.0%}"] = U @ (U.T @ k)
rows = {}
for name, direction in directions.items():
    delta = torch.outer(r, direction) / (direction @ k)  # Δk = r
    size, change = float(delta.norm() / W.norm()), known_change(delta, C0, W)
    rows[name] = {"update": size, "known answers": change}
one_layer = pd.DataFrame.from_dict(rows, orient="index")
one_layer.style.format("{:.3f}")

# %% [markdown]
# ROME changes known answers by [[=one_layer['known answers']['ROME']:.1%]],
# the P of the authors' threshold by [[=one_layer['known answers'].iloc[2]:.1%]].
# On this yardstick ROME must win: it is the solution of just this problem, for one fact and these keys.
# A projection is a coarse form of the same idea:
# C0⁻¹ turns strong directions down, P switches them off.
# What speaks for P is that nothing has to be weighed against anything, for any number of facts.
# Chapter 8 compares the two fairly, and chapter 10 over hundreds of edits.
