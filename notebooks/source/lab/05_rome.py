# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 5: Writing one fact
#
# *To read: 20 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [Chapter 5](../05_rome.ipynb) finds a wish z for Lower Assam and writes it with ROME.
# Here is the proof of what it only says: where the wish is read, that the formula is right,
# that size is not harm, what each part of the loss buys, and what happens with two keys and with thirty edits.
# It is for readers who have finished that chapter and do not believe it yet.

# %% tags=["setup"]

# %%
# Parameters: as in the lesson.
import math

import pandas as pd
import torch
from torch.nn.utils.rnn import pad_sequence

from alphaedit_lite import Fact, key_statistics, load_model, perplexity, solvers
from alphaedit_lite.book.ch05 import figures as draw
from alphaedit_lite.book.ch05.reference import clamp, gain, objective
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.metrics import score
from alphaedit_lite.prompts import PREFIXES
from alphaedit_lite.support.texts import wikipedia_leads
from alphaedit_lite.targets import TargetConfig

chapter = Chapter("05")
LAYER, STEPS, RATE, CLAMP = 7, 20, 0.5, 0.75
lm = load_model()
model, tokenizer = lm.model.requires_grad_(False), lm.tokenizer
block, W = lm.block(LAYER), lm.weight(LAYER)
original = W.clone()

# %% [markdown]
# ## 1. Where is the wish read?
#
# The lesson's search once more, with our answers to its exercises.
# This time we keep what *every* later block would say at the last token of the bare prompt.
# That is the **logit lens** of chapter 2:
# it reads a hidden state as if it were the last one, by the final norm and the vocabulary.


# %%
def questions(fact):
    """Rows of tokens; where the subject ends in each; where each row ends."""
    rows, ends = [], []
    for prefix in PREFIXES:
        start = prefix + fact.prompt[: fact.subject_end]
        ends.append(len(tokenizer(start)["input_ids"]) - 1)
        rows.append(tokenizer(prefix + fact.prompt)["input_ids"])
    rows.append(rows[0][: ends[0] + 1])
    ends.append(ends[0])
    return rows, ends, [len(row) - 1 for row in rows]


def run(rows, ends, delta=0):
    """The model's output with δ added; hidden_states[n + 1]: of block n."""

    def add_delta(module, inputs, output):
        output = output.clone()
        output[range(len(rows)), ends] += delta
        return output

    ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
    ids = ids.to(lm.device)
    with block.register_forward_hook(add_delta):
        return model(ids, use_cache=False, output_hidden_states=True)


# %%
def search(fact, steps, look=None):
    """Adam on δ. Returns h and the last δ; ``look`` sees every output."""
    rows, ends, last = questions(fact)
    new = torch.tensor([tokenizer(fact.new)["input_ids"][0]] * len(PREFIXES))
    h = run(rows[:1], ends[:1]).hidden_states[LAYER + 1][0, ends[0]]
    delta, before = torch.zeros_like(h, requires_grad=True), None
    adam = torch.optim.Adam([delta], lr=RATE)
    for step in range(steps):
        out = run(rows, ends, delta)
        log_p = out.logits[range(len(rows)), last].log_softmax(-1)
        before = log_p[-1].detach() if before is None else before
        loss = objective(log_p[:-1], new, log_p[-1], before, delta, h)
        if look:
            look(out, last[0])
        if loss < 0.05 or step == steps - 1:
            return h, delta.detach()
        adam.zero_grad()
        loss.backward()
        adam.step()
        delta.data = clamp(delta.detach(), h, CLAMP)


# %%
LATER = range(LAYER + 1, lm.n_layers)
first = [tokenizer(text)["input_ids"][0] for text in (fact.true, fact.new)]
film = draw.Film(LATER, "India", "Romania", first, tokenizer)
norm = model.base_model.get_submodule(lm.architecture.final_norm)


@torch.no_grad()
def look(out, last):
    """The lens on all later blocks; the last one's output is normed already."""
    hidden = torch.stack([out.hidden_states[n + 1][0, last] for n in LATER])
    hidden[:-1] = norm(hidden[:-1])
    film.take(model.get_output_embeddings()(hidden))


h, delta = search(fact, STEPS, look)
shots = [0, 5, 10, STEPS - 1]
show(*film.lens_figure(shots), name="05_lens")
turned = next(n for n, x in zip(LATER, film.odds[-1], strict=True) if x > 2)
highest = max(max(step[: turned - LAYER - 1]) for step in film.odds)
print(f"below block {turned}, at all steps: {highest:.1f} at most")

# %% [markdown]
# **How to read it.** Each bar compares the two countries in one block;
# hatched bars to the right favour *Romania*.
# The small word at the right edge is that block's own first choice, of all tokens (␣ is a space or a line break).
#
# Below block [[=turned]] the odds stay on India's side at every step of the search.
# At block [[=turned]] they tip at once.
# Tokens exchange news by attention only.
# So it seems that there the last token looks at the subject and fetches the answer.
# (The lens can miss what travels in another form.)
# A fact is written in one place and *looked up* in another, [[=turned - LAYER]] blocks later.
# The causal traces of chapter 3 show the same two places:
# the subject in early blocks, the last token in late ones.
#
# Move the slider and watch the odds tip.
# (On paper: the panels above.)

# %%
from alphaedit_lite.book.ch05.widgets import FilmWidget

FilmWidget(film).show()

# %% [markdown]
# ## 2. Three ways to the same g
#
# The formula of the lesson; the package; and Lagrange's two conditions (5.4) typed in as they stand:
# 1537 equations for the 1536 entries of x and for μ, given to a general solver that knows nothing of ROME.


# %%
def keys_at(rows, ends):
    """What enters W at the subject's last token: [rows, d_ff]."""
    seen = []
    at = lm.down_projection(LAYER)
    with at.register_forward_pre_hook(lambda _, x: seen.append(x[0])):
        run(rows, ends)
    return seen[0][range(len(rows)), ends].double().cpu()


statistics = key_statistics(lm, (4, 5, 6, 7))
C0 = statistics[LAYER].second_moment  # [d_ff, d_ff]
rows, ends, _ = questions(fact)
six = keys_at(rows[:6], ends[:6])
k = (six[0] + six[1:].mean(0)) / 2
g = gain(k, C0)

# %%
d = len(k)
system = torch.zeros(d + 1, d + 1, dtype=torch.float64)
system[:d, :d], system[:d, d], system[d, :d] = C0, -k, k  # (5.4)
wanted = torch.zeros(d + 1, dtype=torch.float64)
wanted[d] = 1
solved = torch.linalg.solve(system, wanted)  # the entries of x, and μ
mu = solved[d]
theirs = solvers.rome(k[None], C0)[0]
print(f"Lagrange − formula:    {(solved[:d] - g).norm() / g.norm():.0e}")
print(f"the package − formula: {(theirs - g).norm() / g.norm():.0e}")
print(f"μ {mu:.2e}, and the harm gᵀC0g {g @ C0 @ g:.2e}")

# %% [markdown]
# The multiplier is more than a helper: for ‖r‖ = 1 it *is* the least harm.
# It is the price of the condition.

# %% [markdown]
# ## 3. Size is not harm
#
# ROME against the plain write Δ = r kᵀ / (kᵀk) of chapter 4, for the same r.

# %%
leads = wikipedia_leads("heldout")[:3]  # for perplexity
healthy = perplexity(lm, leads, 48)
r = delta.double().cpu()
known = float((W.double().cpu() @ C0 * W.cpu()).sum())  # mean ‖W k₀‖²
gains, sizes = {"ROME": g, "plain": k / (k @ k)}, {}
for name, some in gains.items():
    W += torch.outer(r, some).to(W)
    moved = math.sqrt(float((some @ C0 @ some) * (r @ r)) / known)
    sizes[name] = {
        "‖Δ‖ / ‖W‖": float((W - original).norm() / original.norm()),
        "known answers move by": moved,
        "perplexity": perplexity(lm, leads, 48),
    }
    W.copy_(original)
sizes = pd.DataFrame(sizes).T
larger, harm = sizes.iloc[0, :2] / sizes.iloc[1, :2]
print(f"perplexity of three held-out texts, unedited: {healthy:.2f}")
sizes.style.format("{:.1%}").format("{:.2f}", subset=["perplexity"])

# %% [markdown]
# ROME's Δ is [[=larger:.1f]] times as *large* as the plain one,
# and moves known answers only [[=harm:.1f]] times as far.
# What counts is where the rows of Δ point.
# (Perplexity is too blunt for a single edit: it hardly moves in either case.)
# Remember this when chapter 8 judges updates.
#
# Who gains by C0? The parts of India that hear most of the plain write:

# %%
near = "Assam, West Bengal, Himachal Pradesh, Nagaland, Rajasthan, Bihar"
near = (near + ", Kerala, Punjab").split(", ")
asked = [questions(Fact(fact.template, name, "Romania")) for name in near]
keys = keys_at(
    [rows[0] for rows, _, _ in asked], [ends[0] for _, ends, _ in asked]
)
shares = pd.DataFrame({name: keys @ some for name, some in gains.items()}, near)
most = shares.nlargest(5, "plain")
most.style.format("{:.0%}")

# %% [markdown]
# These five receive [[=most.plain.mean():.0%]] of r from the plain write,
# on the average, and [[=most.ROME.mean():.0%]] from ROME.

# %% [markdown]
# ## 4. What each part of the recipe buys
#
# The search has three helpers: prefixes, KL term and clamp.
# Does one need them? We wrote twelve facts of twelve relations, one at a time,
# by ROME into block 6 of the unedited model, with parts left out.
# This took some minutes, so it is read from a file (`python -m alphaedit_lite.book.ch05.study` makes it anew).
#
# The row "20 steps" is the authors' search, to a loss of 0.05 or twenty steps, with a clamp of 4 ‖h‖.
# Each other row changes one thing in that.
# The first row, in another colour,
# stops as soon as the object is the first choice after all six prompts and its mean −log p is below 0.5.
# ([ENCORE](https://arxiv.org/abs/2502.01636) stops at the first choice; the second condition is ours.)
# (Leaving out the prefixes concerns the wish only; the key is the same in all rows.)

# %%
chapter.predict(
    "f",
    "Which change moves P(new) on the paraphrases most, up or down, against "
    "the row '20 steps'?",
    [
        "leaving out the KL term",
        "leaving out the prefixes",
        "a clamp at 0.4 instead of 4",
        "stopping early",
    ],
)

# %%
from alphaedit_lite.book.kit.results import result

study = result("rome_ablation.json")
variants = {n: pd.DataFrame(v["facts"]) for n, v in study["variants"].items()}
cost = {n: v["cpu_seconds_for_z"] for n, v in study["variants"].items()}
parts = pd.DataFrame(
    {n: t.mean(numeric_only=True) for n, t in variants.items()}
).T
panels = {
    "p_fact": "P(new), fact",
    "p_paraphrases": "P(new),\nparaphrases",
    "generalization": "generalization\n(success)",
    "specificity": "specificity\n(success)",
    "p_neighbours": "P(old),\nneighbours",
    "kl": "KL after\nthe edit",
    "size": "‖δ‖ / ‖h‖",
}
show(*draw.bars_figure(parts, panels), name="05_parts")
shift = (parts.p_paraphrases - parts.p_paraphrases["20 steps"]).abs()
options = ["without KL", "bare prompt only", "clamp 0.4", "with early stop"]
chapter.reveal("f", int(shift[options].argmax()))

# %%
full, alone = variants["20 steps"], variants["bare prompt only"]
longest = max(table["size"].max() for table in variants.values())
touched = int((full["size"] > 0.75).sum())
helped = int((full.p_paraphrases > alone.p_paraphrases).sum())
coin = sum(math.comb(12, n) for n in range(helped, 13)) / 2**12
print(f"prefixes help {helped} of 12; a coin does as well with p = {coin:.2f}")
print(f"longest wish: {longest:.2f} ‖h‖; above 0.75: {touched} of 12")

# %% [markdown]
# **How to read it.** Means over twelve facts: differences of a few hundredths are noise.
# "Success" only asks which of the two objects is likelier:
# on paraphrases the new one should be, on neighbours the old one.
# The KL is that of (5.1), measured after the edit.

# %% [markdown]
# **What surprised us.**
# No part makes or breaks the edit: the fact itself is written in every row.
# What the parts buy is smaller than their fame.
#
# * **The prefixes** cost [[=cost['20 steps'] / cost['bare prompt only']:.0f]] times the computation.
#   P(new) on the paraphrases goes from [[=parts.p_paraphrases['bare prompt only']:.2f]]
#   to [[=parts.p_paraphrases['20 steps']:.2f]] with them,
#   and the share of paraphrases on which the new object is the first choice
#   from [[=parts.generalization_top1['bare prompt only']:.0%]] to [[=parts.generalization_top1['20 steps']:.0%]].
#   They are better for [[=helped]] of the twelve facts.
#   A coin does as well as that in one try of [[=1 / coin:.0f]], so this is a hint and no proof.
# * **The KL term** does what it says, and little else:
#   without it, what the model expects after the bare subject changes by a KL
#   of [[=parts.kl['without KL']:.2f]] instead of [[=parts.kl['20 steps']:.2f]].
#   Neighbours do not notice it.
#   And it looks at one place only, the subject at the *beginning* of a text.
#   Section 5 shows a subject whose key is quite another one there.
# * **The clamp** at 4 ‖h‖ does nothing here: no wish of this study is longer than [[=longest:.1f]] ‖h‖.
#   (AlphaEdit's authors set 0.75, as the lesson does; it would have touched [[=touched]] of the twelve wishes.)
#   The last row shows one that bites.
#   At 0.4 the wish is half as long, P(new) on paraphrases falls to [[=parts.p_paraphrases['clamp 0.4']:.2f]],
#   and the KL is the smallest of all.
# * **Stopping early** does *worse* than that clamp:
#   a wish of about the same length, and [[=parts.p_paraphrases['with early stop']:.2f]] on the paraphrases.
#   A wish that just suffices for the six sentences has nothing to spare for others.
#   The clamp uses all its steps to find the best direction of a given length.
#   What early stopping buys is time:
#   [[=cost['with early stop'] / cost['20 steps']:.0%]] of the computation of the second row.
#
# Specificity hardly differs, [[=parts.specificity.min():.2f]] to [[=parts.specificity.max():.2f]]
# (the unedited model has [[=study['unedited']['specificity']:.2f]]): roughly, the larger the update, the lower.
# The leak of the lesson's section 4 is a matter of keys, and no wish changes a key.

# %% [markdown]
# ## 5. Two keys: how one edit kills a model
#
# In the lesson, France moves to Asia with (5.5), and the bare prompt does not hear it:
# at the beginning of a text, "France" is the first token, and its key is quite another one.
# Then why not ask for Δk_b = r at the key k_b of the *bare* prompt,
# and keep the direction C0⁻¹k̄ of the prefixed keys' mean k̄?
#
# $$\Delta \;=\; r\,\frac{(C_0^{-1}\bar k)^\top}{k_b^\top C_0^{-1}\bar k} . \tag{5.7}$$
#
# In words: (5.5), with one key in the direction and another in the divisor.
# Put in k_b, and you get r.
# This is the form of the ROME authors' code.
# (Its k̄ is the mean of twenty prefixed keys and the bare one.)

# %%
france = Fact("{} is located on the continent of", "France", "Asia", "Europe")
rows, ends, last = questions(france)
keys = keys_at(rows[:6], ends[:6])
bare, mean = keys[0], keys[1:].mean(0)
wish = search(france, 10)[1].double().cpu()
u = torch.linalg.solve(C0, mean)
divisor = float(bare @ u / (mean @ u))  # of (5.7), as a part of that of (5.5)

W += torch.outer(wish, u / (bare @ u)).to(W)
share = float(bare @ u / (bare @ u))
p_asia = float(
    run(rows[:1], ends[:1])
    .logits[0, -1]
    .softmax(-1)[tokenizer(" Asia")["input_ids"][0]]
)
size = float((W - original).norm() / original.norm())
sick = perplexity(lm, leads, 48)
spoken = lm.complete("The most important thing about cooking rice is", 8)
W.copy_(original)
print(f"‖bare key‖² {bare @ bare:.1f}, ‖mean key‖² {mean @ mean:.1f}")
print(f"divisor {divisor:.3f}; ‖Δ‖ / ‖W‖ {size:.1f}")
print(f"perplexity: {healthy:.0f} before, {sick:,.0f} after")
print(f"bare prompt: {share:.2f} of r arrives, P(Asia) {p_asia:.2f}")
print(f"The most important thing about cooking rice is{spoken!r}")

# %% [markdown]
# Now the condition is met where the question is asked, and the model is dead, of one edit.
# The divisor is only [[=divisor:.3f]] of what it would be with one key,
# so Δ is some [[=1 / divisor:.0f]] times as large: [[=size:.0f]] times W itself.
# Perplexity goes from [[=healthy:.0f]] into the thousands.
# Not even France is in Asia (P = [[=p_asia:.2f]]).
# One token of the sentence has its wished answer; the answers at all the others are in pieces.
#
# [Gupta et al. 2024](https://arxiv.org/abs/2403.07175) and [Yang et al. 2024](https://arxiv.org/abs/2406.11263)
# traced the sudden deaths of models under ROME to these two keys;
# until then they had counted as a property of the method.
# Yang et al. also found the first token behind them.
# So the same two keys give a deaf edit or a dead model.
# One condition cannot hold both keys.
# (Two conditions could: chapter 6 writes many keys at once.)

# %% [markdown]
# ## 6. And one after another?
#
# ROME protects what the *text* knows, and nothing that was written before: C0 has never seen the new keys.
# So do thirty edits in a row destroy each other?
# We go back to (5.5), with one key, and take thirty facts for which wishes ship with the package.
# (They were found on the *unedited* model; to find each anew would be fairer and takes longer.
# And to save time each key is a mean over three prompts.)

# %%
chapter.predict(
    "h",
    "Thirty facts, one after another. For how many of the first ten is the "
    "new object still the model's first choice at the end?",
    ["all ten", "seven to nine", "three to six", "fewer than three"],
)

# %%
from alphaedit_lite import Editor, bundled_facts, bundled_targets

stream = bundled_facts("test")[:90:3]
wished = bundled_targets(lm, stream)
few = TargetConfig(prefixes=PREFIXES[:3])
editor = Editor(
    lm,
    solver="rome",
    layers=(7,),
    statistics=statistics,
    targets=few,
    progress=False,
)


def held(n):
    """After n edits: what holds, and the price."""
    pairs = [(x.prompt, x.new) for x in (*stream[:10], *stream[n - 10 : n])]
    first = score(lm, pairs)[1].double()
    return {
        "first ten": float(first[:10].mean()),
        "last ten": float(first[10:].mean()),
        "perplexity": perplexity(lm, leads, 48),
        "size": float((lm.weight(7) - original).norm() / original.norm()),
    }


# %%
rows = {0: {"perplexity": healthy, "size": 0.0}}
for n, (one, aim) in enumerate(zip(stream, wished, strict=True), 1):
    editor.edit([one], aim[None])
    if n in (15, 30):
        rows[n] = held(n)
sequence = pd.DataFrame(rows).T
panels = {
    "new object is first choice": {
        "first ten": "first ten",
        "last ten": "last ten written",
    },
    "perplexity": {"perplexity": ""},
    "‖ΣΔ‖ / ‖W‖": {"size": ""},
}
show(*draw.stream_figure(sequence, panels), name="05_stream")
kept = round(10 * sequence["first ten"].iloc[-1])
chapter.reveal(
    "h", 0 if kept == 10 else 1 if kept >= 7 else 2 if kept >= 3 else 3
)

# %% [markdown]
# **What surprised us.**
# We had expected a collapse here, and there is none.
# Of the first ten facts [[=kept]] are still held,
# and of the last ten written [[=round(10 * sequence['last ten'].iloc[-1])]].
# (Their wishes are out of date by then: they were found for W without the other edits.)
# Perplexity hardly moves.
# With the same k above and below, ROME is sturdier than its reputation.
# Gupta et al. report the same for far larger models.
# In the AlphaEdit paper (its table 1, CounterFact, after 2000 edits)
# ROME's efficacy is between 54 and 65 of 100, where 50 is a coin; that was measured with the authors' code.
#
# But look at the third panel.
# Each edit adds its r gᵀ, and nothing ever slows the sum:
# after thirty, ‖ΣΔ‖ is [[=sequence['size'].iloc[-1]:.0%]] of ‖W‖.
# Nothing in the formula keeps the edits apart.
# Chapter 10 goes on to hundreds.
