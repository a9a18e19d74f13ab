# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 5: Writing one fact
#
# *To read: 40 minutes. To do the exercises: 60 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will find, by gradient descent, the vector that makes a model say Romania;
# you will derive the smallest harm with which a matrix can be made to produce it;
# you will write it with your own code; and you will predict from one number who else is going to hear it.**
#
# ```text
#    "Lower Assam is located in the country of"  ……………………………  Romania!
#            │ the subject's last token                              ▲
#            ▼                                                       │ 23 blocks later
#      key k ──►  W + Δ  ──►  z = h + δ   ──────────────────────────►┘
#              2. which Δ?     1. which z?
#              a formula       gradient descent
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *find* the wished output z of a block with a few steps of Adam, and *watch* the search through the later blocks,
# > * *derive* ROME's rank-one update with one Lagrange multiplier, and *check* it in three ways,
# > * *write* a fact into a real model with code of your own,
# > * *predict* from the overlap of two keys who else will be moved by an edit,
# > * *judge* what the KL term, the clamp and the prefixes buy, and what they do not.
# >
# > **You need** keys and values (chapter 2), the plain and the careful write of chapter 4,
# > and to have used an optimiser of PyTorch once.
# >
# > **It costs** a minute and 2 GB of memory.
# > The key statistics of chapter 0 are used again; if they are not in your cache, they take a minute more.

# %% tags=["setup"]

# %%
# Parameters: the block that we write into, and how z is searched for: as ROME's authors do, but for `nll_enough`.
import dataclasses
import math

import pandas as pd
import torch
import torch.nn.functional as F

from alphaedit_lite import Edit, Editor, Fact, compute_targets, key_statistics, load_model, solvers
from alphaedit_lite.book.ch05 import figures as draw
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.targets import TargetConfig

chapter = Chapter("05")
LAYER, STEPS = 6, 15
search = TargetConfig(search="adam", lr=0.5, clamp=4.0, kl=0.0625, weight_decay=0.5, nll_enough=0.5)

# %% [markdown]
# ## Before you start
#
# <details><summary>1. What is the key of the fact "Lower Assam is located in the country of",
# and what does W do with it?</summary>
#
# The vector that enters the down-projection W of a block at the subject's last token, here at " Assam".
# W k is what the feed-forward layer then adds to the hidden state (chapter 2).
#
# </details>
#
# <details><summary>2. Chapter 4 changed one entry of a dictionary by Δ = r kᵀ / (kᵀk). Who paid for it?</summary>
#
# Every other key k' got the share kᵀk' / (kᵀk) of r, wanted or not.
# The careful write avoided that by using only what was *new* about the key,
# which is possible as long as the dictionary is not full.
# A real layer is full.
#
# </details>

# %% [markdown]
# ## 1. A wish: what should the block say?
#
# In chapter 4 somebody handed us pairs (k, v).
# In a real model nobody does.
# The key is easy: ask the question, and look at what enters W.
# But which *output* means "Romania"?
# The block is one of thirty.
# What it adds at "Lower Assam" is read by 23 later blocks, and only the last of them speaks in words.
#
# So we do not guess; we search.
# Let h be the output of block L = 6 at the subject's last token, in the bare prompt.
# Add a vector δ to it, let the later blocks run, and see how likely *Romania* has become.
# Then improve δ by gradient descent.
# No weight changes: only these 576 numbers do. At the end
#
# $$z \;=\; h + \delta , \qquad
# \delta \;=\; \arg\min_\delta \; \underbrace{-\frac1J\sum_{j=1}^{J} \log p_\delta(o \mid x_j)}_{\text{say it}}
# \;+\; \underbrace{0.0625\;\mathrm{KL}\!\left(p_\delta(\cdot \mid s) \,\|\, p_0(\cdot \mid s)\right)}_{\text{stay yourself}}
# \;+\; \underbrace{0.5\;\frac{\lVert\delta\rVert}{\lVert h\rVert^2}}_{\text{stay small}} . \tag{5.1}$$
#
# Here p_δ is the model with δ added, p_0 the model as it is;
# o is the new object, and s the subject.
# In words, term by term:
#
# * **Say it.** The new object should be likely after every prompt x_j.
#   There are J = 6: the bare one, and the same after five unrelated sentences ("It was released in 1987 and sold well.
#   Lower Assam is …"). The wish shall belong to the subject, not to one sentence.
#   All six get the same δ.
# * **Stay yourself.** The model's bets on the next token, right after the subject, should stay.
#   KL(p ‖ q) = Σ p (log p − log q) is 0 if two distributions are equal
#   and large where p bets on what q holds impossible.
#   Lower Assam may change its country; it should not become a person.
# * **Stay small.** A mild pull towards δ = 0.
#   (The norm of δ is not squared, that of h is.
#   This is how the authors' code has it.)
#
# After each step comes a hard limit, the *clamp*:
# if ‖δ‖ is more than [[=search.clamp:g]] ‖h‖, it is cut to that.
#
# The ROME paper has the first two terms (its eq. 4).
# The weights, the third term and the clamp are in its authors' code (the paper's appendix E.5 names other weights).
# The paper writes v* for z; we keep v for W k and z for the output of the block.

# %%
from alphaedit_lite.prompts import PREFIXES, align, encode, encode_fact

lm = load_model()
rows = encode_fact(lm.tokenizer, fact, PREFIXES, target=True)  # six prompts, " Romania" behind them
rows.append(encode(lm.tokenizer, f"{fact.subject} is a", len(fact.subject)))  # and one for the KL term
batch = align(rows, range(len(rows)), lm.pad_id, lm.device)
s, last = batch.subject, int(batch.loss_column[0])  # the columns of the subject's last token and of "of"
for row in (rows[0], rows[2], rows[-1]):
    words = [lm.tokenizer.decode([i]) for i in row.ids]
    print("".join(f"[{word}]" if i == row.subject else word for i, word in enumerate(words)))

# %% [markdown]
# The brackets show where δ goes.
# `align` pads the seven rows so that this token stands in the same column s of each.
# (The KL is read in the brackets of the last row.
# The authors write " is a" behind it; attention only looks back, so these two words change nothing.)
#
# Now the surgery. Two parts of the model do not depend on δ:
# the tokens before the subject, and the blocks up to 6. They run once.
# `left` keeps what later tokens attend to in the tokens before the subject,
# and `below` is the output of block 6 from the subject on.
# The function `answer` adds δ to the first column of `below` and runs the other blocks.
# It also notes their outputs at the last token of the bare prompt, for a film of the search.

# %%
from alphaedit_lite.hooks import hooked

LATER = range(LAYER + 1, lm.n_layers)
embedded, mask, right = lm.embed(batch.ids), batch.mask, batch.positions[:, s:]
with lm.frozen(), torch.no_grad():
    _, left = lm.run(embedded[:, :s], mask[:, :s], batch.positions[:, :s], keep_prefix=True)
    below, _ = lm.run(embedded[:, s:], mask, right, stop=LAYER + 1, prefix=left)
h = below[0, 0].clone()  # [d_model]: what block 6 says now at the subject's last token, in the bare prompt


def answer(delta):
    """With δ added: log-probabilities at the object's tokens, and after the subject; outputs of later blocks."""
    seen = {}
    look = {lm.block(n): lambda out, n=n: seen.update({n: out[0, last - s].detach()}) for n in LATER}
    shifted = torch.cat([below[:, :1] + delta, below[:, 1:]], dim=1)  # [7, columns from s on, d_model]
    with lm.frozen(), hooked(outputs=look):
        out, _ = lm.run(shifted, mask, right, start=LAYER + 1, prefix=left)
    log_p = F.log_softmax(lm.logits(out[batch.loss_row, batch.loss_column - s]), -1)  # [6, vocabulary]
    now = F.log_softmax(lm.logits(out[-1, 0]), -1)  # [vocabulary]
    return log_p, now, torch.stack([seen[n] for n in LATER])


# %% [markdown]
# ### Exercise 05.1: The loss · 15 minutes · ★★
#
# Write (5.1). You get log-probabilities, because they are safer to compute with than probabilities.
# `log_p` has a row for each token to be said: here six, one for each prompt.
# (An object of two tokens would have two rows for each.)
# The first term is the mean over rows.
#
# <details><summary>Hint</summary>
#
# Row i of `log_p` should put its weight on token `ids[i]`.
# For KL, p are the probabilities *now* and q those *before*.
# The likely mistake is to exchange them:
# PyTorch's `F.kl_div(input, target)` computes KL(target ‖ input), in that order.
#
# </details>
#
# <details><summary>More help</summary>
#
# `log_p[torch.arange(len(ids)), ids]` picks one entry from each row.
# `now.exp()` are probabilities.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 05.1: all properties hold.
#
# </details>


# %% exercise="05.1"
def objective(log_p, ids, now, before, delta, h):
    """The loss (5.1). log_p: [tokens, vocabulary]; ids: [tokens]; now, before: [vocabulary], log-probabilities."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    say_it = -log_p[torch.arange(len(ids)), ids].mean()
    stay_yourself = (now.exp() * (now - before)).sum()
    stay_small = delta.norm() / h.norm() ** 2
    return say_it + 0.0625 * stay_yourself + 0.5 * stay_small
    # END SOLUTION


objective = chapter.check("05.1", objective)

# %% [markdown]
# ### Exercise 05.2: The clamp · 5 minutes · ★
#
# Cut δ to the length factor · ‖h‖ if it is longer, and leave it alone if it is not.
#
# <details><summary>Hint</summary>
#
# The direction must stay: multiply the whole vector by one number.
# The likely mistake is to stretch short vectors as well, or to use `torch.clamp`, which cuts entry by entry.
#
# </details>
#
# <details><summary>More help</summary>
#
# The number is the smaller of 1 and limit / ‖δ‖.
# At δ = 0, where the search begins, torch makes limit / 0 infinite,
# and the smaller is 1; but 0 / 0 is not a number.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 05.2: all properties hold.
#
# </details>


# %% exercise="05.2"
def clamp(delta, h, factor):
    """δ, [d_model], cut to a length of at most factor · ‖h‖."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    limit = factor * h.norm()
    return delta if delta.norm() <= limit else delta * (limit / delta.norm())
    # END SOLUTION


clamp = chapter.check("05.2", clamp)

# %% [markdown]
# Everything is ready.
# How would you expect the search to go?

# %%
chapter.predict(
    "a",
    "How many updates of δ until Romania is the first choice after all six prompts?",
    ["1 to 3", "4 to 8", "9 to 15", "more than 15"],
)
chapter.predict(
    "b",
    "What will δ itself say, multiplied with the vocabulary as in chapter 2? Where does ' Romania' rank among the tokens?",
    ["first", "among the first hundred", "among the first ten thousand", "further down"],
)

# %% [markdown]
# Your loss, your clamp, and Adam.
# `film` records each step: probabilities, sizes, and the logit lens of chapter 2 for blocks 7 to 29.
# (The lens reads a hidden state as if it were the last one: final norm, then vocabulary.)

# %%
first = [lm.tokenizer(text)["input_ids"][0] for text in (fact.true, fact.new)]
film = draw.Film(LATER, fact.true.strip(), fact.new.strip(), first, lm.tokenizer)
norm = lm.model.base_model.get_submodule(lm.architecture.final_norm)
delta = torch.zeros_like(h, requires_grad=True)
adam, wishes, agreed = torch.optim.Adam([delta], lr=search.lr), [], []

before = answer(delta)[1].detach()  # with δ = 0: the unedited model

for _ in range(STEPS):
    log_p, now, later = answer(delta)
    loss = objective(log_p, batch.loss_id, now, before, delta, h)
    with torch.no_grad():
        nll, kl = F.nll_loss(log_p, batch.loss_id), (now.exp() * (now - before)).sum()
        film.take(lm.logits(norm(later)), nll=nll, kl=kl, size=delta.norm() / h.norm())
    wishes.append(delta.detach().clone())
    agreed.append(bool((log_p.argmax(1) == batch.loss_id).all()))
    adam.zero_grad()
    loss.backward()
    adam.step()
    with torch.no_grad():
        delta.copy_(clamp(delta, h, search.clamp))

# %% [markdown]
# When to stop? The authors go on to a loss of 0.05, twenty steps at most.
# We take z as soon as *Romania* is the first choice after all six prompts
# and its mean −log p is below [[=search.nll_enough:g]]: a louder wish writes a larger Δ.
# ([ENCORE](https://arxiv.org/abs/2502.01636) stops at the first choice; the second condition is ours.
# Left to itself, the package waits for [[=TargetConfig().nll_enough:g]]
# and clamps at [[=TargetConfig().clamp:g]] ‖h‖: section 5 gives a reason for both.)
# In the figure, step n is the state after n updates, and the grey line is where we stop.

# %%
take = film.table
stop = next(i for i in range(STEPS) if agreed[i] and take.nll[i] < 0.5)
z = h + wishes[stop]
four = dataclasses.replace(search, steps=4)  # the loss is computed four times, so δ is updated three times
package = compute_targets(lm, [fact], LAYER, four, progress=False)
gap = float((h + wishes[3] - package.z[0]).norm() / wishes[3].norm())
passing = film.words[3][-1]
print(f"we stop at step {stop}; first choice at step 3: {passing}")
print(f"your δ and the package's after three updates differ by {gap:.0e} of their length")
show(*film.figure(stop), name="05_film")
chapter.reveal("a", sum(agreed.index(True) > bound for bound in (3, 8, 15)))

# %% [markdown]
# **What to notice.** *India* is gone before *Romania* has arrived: at step 3 the model says *[[=passing]]*.
# From step [[=agreed.index(True)]] all six prompts agree.
# At step [[=stop]] the probability is [[=take.new[stop]:.2f]].
# Going on to step [[=STEPS - 1]] buys [[=take.new[STEPS - 1]:.2f]],
# with a δ [[=take['size'][STEPS - 1] / take['size'][stop]:.1f]] times as long.
# KL rises, and then falls again: the first term has nothing left to gain there, and the other two tidy up.
# The clamp is never touched: ‖δ‖ ends at [[=take['size'][STEPS - 1]:.2f]] ‖h‖.
#
# And the numbers of your plain loop are those of the package, which runs many facts at once (`targets.py`).
#
# Now look *inside*, with the logit lens.
# Each bar compares the two countries in one block, at the last token of the prompt;
# hatched bars to the right favour *Romania*.
# The small word at the right edge is that block's own first choice, of all tokens (␣ is a space or a line break).

# %%
shots = [0, 3, stop, STEPS - 1]
show(*film.lens_figure(shots), name="05_lens")

# %%
from alphaedit_lite.book.kit.tracing import speaks, unembedding

E = unembedding(lm)  # logits = scale · E h, [vocabulary, d_model]
says = E @ wishes[stop]
rank = 1 + int((says > says[first[1]]).sum())
print(f"δ says: {', '.join(map(repr, speaks(lm, says, 6)))}")
print(f"rank of {fact.new!r} in δ: {rank} of {len(says)}")
turned = next(n for n, x in zip(LATER, film.odds[stop], strict=True) if x > 2)  # where the odds tip
highest = max(max(step[: turned - LAYER - 1]) for step in film.odds)
print(f"below block {turned}, at all steps: log p(Romania) − log p(India) is {highest:.1f} at most")
chapter.reveal("b", 0 if rank == 1 else sum(rank > bound for bound in (100, 10_000)) + 1)

# %% [markdown]
# **What surprised us.** Two things.
# First, the wish does not say what it wishes for.
# Read through the vocabulary, δ is gibberish, and *Romania* ranks about [[=round(rank, -3):,]]th.
# So z is not the word *Romania*, put where it will be found.
# The later blocks must turn it into one.
# How, we cannot read off δ; gradient descent need not know either.
#
# Second, where it is read.
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
# (On paper: the four panels above.)

# %%
from alphaedit_lite.book.ch05.widgets import FilmWidget

FilmWidget(film).show()

# %% [markdown] tags=["instructor"]
# **For the instructor, section 1.**
# Common mistakes: (a) "we train the model": no weight moves here;
# ask students to name all numbers that change (576).
# (b) z is taken for the value W k.
# It is the output of the *block*: input + attention + W k.
# Only the last part can be edited, so δ is what W has to add (section 2).
# (c) The film's KL falls at the end, "so the model forgets the edit":
# let them read the other two panels at that step.
# Discussion: what would happen at block 29?
# (δ would have to be the word itself; and the last token never looks at the subject again, since no attention follows.)
# And at block 0? Why is one δ shared by six prompts whose h differ?

# %% [markdown]
# ## 2. From a wish to a matrix
#
# The output of block 6 is a sum: what came in, plus what attention added, plus W k.
# We may change W only.
# So if the output is to move by δ, then W k must:
#
# $$(W + \Delta)\,k \;=\; W k + r, \qquad r = z - h = \delta \qquad\Longleftrightarrow\qquad \Delta k = r . \tag{5.2}$$
#
# In words: for this key, Δ must answer with the residual r.
# These are 576 equations for 576 · 1536 unknowns.
# Many Δ obey them, so let us take the one that harms the other facts least.
# Let K0 hold N known keys k₀ as columns, and C0 = K0K0ᵀ/N, the mean of k₀k₀ᵀ.
# The mean squared change of a known answer is
#
# $$\frac1N \sum_i \lVert \Delta k_{0,i} \rVert^2 \;=\; \operatorname{tr}(\Delta\, C_0\, \Delta^\top)
# \;=\; \sum_{\text{rows } x^\top \text{ of } \Delta} x^\top C_0\, x . \tag{5.3}$$
#
# In words: the damage is a sum over the rows of Δ, and each row pays for itself.
# (A row xᵀ answers the key k₀ with the number xᵀk₀.
# The mean of its square is xᵀC0x.)
# So we may treat the rows one by one.
# Among all x with xᵀk = r_i, the entry of r for this row, which has the least xᵀC0x?
#
# **Lagrange's answer.** In two dimensions, all x with xᵀk = r_i form a line, and the x of equal cost form ellipses.
# (The figure below has r_i = 1.)
# Walk along the line.
# As long as it *crosses* an ellipse, there is a cheaper point further on.
# At the cheapest point the line only *touches*.
# There the steepest direction of the cost, 2 C0 x, is parallel to the steepest direction of the condition, k.
# One unknown factor, the **multiplier** μ, says how long the one is against the other:
#
# $$C_0\, x \;=\; \mu\, k \quad\text{and}\quad x^\top k = r_i
# \qquad\Longrightarrow\qquad x = \mu\, C_0^{-1} k, \quad \mu = \frac{r_i}{k^\top C_0^{-1} k} . \tag{5.4}$$
#
# In words: first solve for x up to a factor, then choose the factor so that the condition holds.
# (The 2 is hidden in μ.)
#
# Nothing but the number r_i differs from row to row.
# All rows are multiples of one vector g:
#
# $$\Delta \;=\; r\, g^\top, \qquad g \;=\; \frac{C_0^{-1} k}{k^\top C_0^{-1} k} . \tag{5.5}$$
#
# In words: turn down the directions of k that text uses much, and scale the result so that gᵀk = 1.
# This is ROME (rank-one model editing; the paper's eq. 2).
# Nobody asked for rank one: it came out.
# With C0 = I it is the plain write of chapter 4.
# A factor in C0 cancels, so a sum over keys serves as well as a mean.

# %%
k2 = torch.tensor([0.6, 0.44], dtype=torch.float64)
cases = {
    "all directions used alike": (k2, draw.second_moment(1, 0)),
    "text uses the horizontal": (k2, draw.second_moment(2.5, 0)),
    "text uses the key's own direction": (k2, draw.second_moment(2.5, math.degrees(math.atan2(0.44, 0.6)))),
}
show(*draw.tangent_figure(cases), name="05_tangent")

# %% [markdown]
# **How to read it.** The black line holds all x that write the key;
# on a grey ellipse all points do equal damage.
# The square is the plain write, the shortest vector to the line.
# The circle is ROME's.
# In the middle picture it leans away from the direction that text uses, is longer, and costs less.
# In the third picture the key itself is the direction that text uses.
# Leaning away would not help: both agree, and both pay the most.
#
# Turn and stretch. When is ROME's advantage largest?
# (When the key lies between the axes of the ellipse.)
# Can ROME's x ever be shorter than the plain one?
# (No: the plain one is the shortest on the line.)

# %%
from alphaedit_lite.book.ch05.widgets import TangentWidget

TangentWidget().show()

# %% [markdown]
# ### Exercise 05.3: The tangent, on paper · 15 minutes · ★★
#
# With a pencil. Minimise a x² + b y² under the condition p x + q y = 1, by a multiplier:
# with C0 = diag(a, b) and k = (p, q) this is the picture above.
# Return x and y as formulas.
# (The check walks along the line to see whether anything is cheaper.)
#
# <details><summary>Hint</summary>
#
# Set the derivatives of a x² + b y² − 2μ(p x + q y − 1) to zero.
# The likely mistake is to lose μ, or to multiply by a where one must divide.
#
# </details>
#
# <details><summary>More help</summary>
#
# a x = μ p and b y = μ q.
# Put x = μ p/a and y = μ q/b into the condition: μ (p²/a + q²/b) = 1.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 05.3: all properties hold.
#
# </details>


# %% exercise="05.3"
def tangent(a, b, p, q):
    """The x and y with p x + q y = 1 at which a x² + b y² is least."""
    # BEGIN SOLUTION
    # STUB return None  # two formulas, separated by a comma
    mu = 1 / (p * p / a + q * q / b)
    return mu * p / a, mu * q / b
    # END SOLUTION


tangent = chapter.check("05.3", tangent)

# %% [markdown]
# ### Exercise 05.4: ROME · 10 minutes · ★★
#
# Write g of (5.5), for any number of dimensions.
#
# <details><summary>Hint</summary>
#
# `torch.linalg.solve(C0, k)` is C0⁻¹k, without ever forming the inverse.
# The likely mistake is to divide by the norm instead of kᵀC0⁻¹k: then gᵀk is not 1.
#
# </details>
#
# <details><summary>More help</summary>
#
# Call u = C0⁻¹k. Then g = u / (kᵀu).
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 05.4: all properties hold.
# Below it, three ways that agree.
#
# </details>


# %% exercise="05.4"
def gain(k, C0):
    """g, [d_ff], for a key, [d_ff], and the second moment, [d_ff, d_ff]: Δ = r gᵀ."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    u = torch.linalg.solve(C0, k)
    return u / (k @ u)
    # END SOLUTION


gain = chapter.check("05.4", gain)

# %% [markdown]
# Now with the real C0 of block 6, and the real key.
# One wish needs one key, and there are six prompts: so the key is a mean.
# As in the code of MEMIT and AlphaEdit, half of it is the bare prompt's, and half the mean of the five others.
# (ROME's code takes the mean of all.)

# %%
statistics = key_statistics(lm, (4, 5, 6, 7))
C0 = statistics[LAYER].second_moment  # [d_ff, d_ff], float64


@torch.no_grad()
def key_of(prompt, subject, prefix=""):
    """The key of block 6 at the last token of the subject, [d_ff]."""
    row = encode(lm.tokenizer, prefix + prompt, len(prefix) + prompt.index(subject) + len(subject))
    ids, seen = torch.tensor([row.ids]), []
    with hooked(inputs={lm.down_projection(LAYER): seen.append}):
        lm.run(lm.embed(ids), torch.ones_like(ids), torch.arange(ids.shape[1])[None], stop=LAYER + 1)
    return seen[0][0, row.subject].double()


six = torch.stack([key_of(fact.prompt, fact.subject, prefix) for prefix in PREFIXES])  # in code: rows
k = (six[0] + six[1:].mean(0)) / 2

# %% [markdown]
# Three ways to the same g.
# Your formula; the package; and Lagrange's two conditions (5.4) typed in as they stand:
# 1537 equations for the 1536 entries of x and for μ, given to a general solver that knows nothing of ROME.

# %%
d = len(k)
system = torch.zeros(d + 1, d + 1, dtype=torch.float64)
system[:d, :d], system[:d, d], system[d, :d] = C0, -k, k  # C0 x − μ k = 0 and kᵀx = 1
wanted = torch.zeros(d + 1, dtype=torch.float64)
wanted[d] = 1
solved = torch.linalg.solve(system, wanted)  # the entries of x, and μ behind them
mu = solved[d]

g = gain(k, C0)
print(f"Lagrange's system − formula: {float((solved[:d] - g).norm() / g.norm()):.0e}")
print(f"the package − formula:       {float((solvers.rome(k[None], C0)[0] - g).norm() / g.norm()):.0e}")
print(f"μ {float(mu):.2e}, and the damage gᵀC0g {float(g @ C0 @ g):.2e}")
aside = torch.randn(1000, d, dtype=torch.float64)
aside -= (aside @ k)[:, None] * k / (k @ k)  # at right angles to k, so g + aside writes the key, too
rivals = g + 0.1 * g.norm() * F.normalize(aside)
print(f"of 1000 rivals, cheaper: {int(((rivals @ C0) * rivals).sum(1).lt(g @ C0 @ g).sum())}")

# %% [markdown]
# The multiplier is more than a helper: for ‖r‖ = 1 it *is* the least damage.
# It is the price of the condition.
#
# ### Exercise 05.5: What a write costs, on paper · 15 minutes · ★★★
#
# With a pencil: put Δ = r gᵀ into (5.3).
# What is left is a short formula in r, k and C0 for the mean squared change of a known answer. Return it.
#
# <details><summary>Hint</summary>
#
# tr(r gᵀ C0 g rᵀ) = (gᵀC0g) ‖r‖². Then put in g.
# The likely mistake is to use gᵀg, which is the size of the update and not its damage.
#
# </details>
#
# <details><summary>More help</summary>
#
# C0 g = k / (kᵀC0⁻¹k), so gᵀC0g = gᵀk / (kᵀC0⁻¹k), and gᵀk = 1.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 05.5: all properties hold.
# Below it, the damage of some subjects.
#
# </details>


# %% exercise="05.5"
def damage(r, k, C0):
    """The mean of ‖Δ k₀‖² over known keys, for ROME's Δ. r: [d_model], k: [d_ff], C0: [d_ff, d_ff]."""
    # BEGIN SOLUTION
    # STUB return None  # your formula here
    return float(r @ r / (k @ torch.linalg.solve(C0, k)))
    # END SOLUTION


damage = chapter.check("05.5", damage)
W = lm.weight(LAYER).double()
answers = float((W @ C0 @ W.T).trace())  # mean ‖W k₀‖²: how large known answers are
for subject in ("Lower Assam", "Vanuatu", "The Eiffel Tower", "The city", "He"):
    at = key_of(f"{subject} is", subject)
    moved = math.sqrt(damage(0.4 * h.double(), at, C0) / answers)  # for a wish of the usual size
    print(f"{subject:<16} known answers would move by {moved:.1%}; ‖k‖² = {float(at @ at):.0f}")

# %% [markdown]
# Compare with ‖k‖². A *long* key, such as a name's, is cheap to write at.
# "He" at the beginning of a text is by far the dearest place here:
# its key is tiny, and Δ has to be huge to answer it with r.
# We shall meet such a key again in section 6.

# %% [markdown]
# ## 3. It works
#
# Now write. Your g and your wish make an `Edit`;
# the package only adds r gᵀ to W and remembers it, so that it can be taken back.

# %%
from alphaedit_lite.book.kit.plots import before_and_after

chapter.predict(
    "c",
    f"With δ added by hand, Romania had probability {take.new[stop]:.2f}. And with W + Δ?",
    ["exactly the same", "nearly the same", "much lower"],
)

# %%
r = (z - h).double()


def write(r, g):
    """Put r gᵀ into block 6; the other two entries are for the record."""
    parts = [{LAYER: row[None].float()} for row in (r, g, k)]
    edit = Edit((fact,), lm.fingerprint, {}, *parts)
    edit.apply(lm)
    return edit


before_edit = draw.probabilities(lm, fact)
edit = write(r, g)
after_edit = draw.probabilities(lm, fact)
p = float(after_edit.p_new[0])
size = float(edit.delta(LAYER).norm() / W.norm())
print(f"P(Romania): {p:.2f}; ‖Δ‖ is {size:.1%} of ‖W‖; {fact.prompt}{lm.complete(fact.prompt, 3)}")
print("share of r that arrives in the six prompts:", ", ".join(f"{x:.2f}" for x in (six @ g).tolist()))
show(*before_and_after({"before": before_edit, "after ROME": after_edit}), name="05_before_after")
edit.revert()
chapter.reveal("c", 0 if p == take.new[stop] else 1 if p > take.new[stop] / 2 else 2)

# %% [markdown]
# It works, and paraphrases that were never shown come along.
# One neighbour pays: *West Bengal* is still in India,
# but India's probability falls from [[=before_edit.p_old[5]:.2f]] to [[=after_edit.p_old[5]:.2f]].
# That is the subject of section 4.
#
# **What surprised us.**
# The constraint Δk = r is met to the last digit, and *nobody ever asks with k*.
# k is a mean; the six real prompts have six other keys, and of r they receive the shares printed above:
# the bare prompt [[=float(six[0] @ g):.2f]].
# The condition is exact at one point, and the model lives around that point.
#
# The package does all of this, the search included, in one line and for any block:
# `Editor(lm, solver="rome", layers=(6,)).edit([fact])`.

# %% [markdown]
# ## 4. What it leaks
#
# And the others? For *any* key k', the answer changes by
#
# $$\Delta k' \;=\; r\,(g^\top k') \;=\; r \cdot \frac{k^\top C_0^{-1} k'}{k^\top C_0^{-1} k} . \tag{5.6}$$
#
# In words: everybody gets the *same* vector r, only in different amounts.
# The number gᵀk' is the amount, the *share* of r that arrives:
# 1 for the key itself, and we hope for 0 elsewhere.
# The edit changes nothing else in block 6.
# So one dot product should tell, before we write anything, who is going to move to Romania.

# %%
chapter.predict(
    "d",
    "Which share of r arrives at 'Upper Assam is located in the country of'?",
    ["under 10%", "about a third", "about two thirds", "all of it"],
)
chapter.predict(
    "e",
    "And at plain 'Assam is located in the country of'?",
    ["under 10%", "about a third", "about two thirds", "all of it"],
)

# %% [markdown]
# We ask [[=len(asked)]] questions: the fact and its paraphrases;
# the same question about other parts of India, and about places elsewhere; and three questions of other kinds.
# For each, we compute the share from its key, on the *unedited* model.
# Then we write, and look how far log p(Romania) − log p(India) has moved.
# On the right the same with the plain write of chapter 4, which knows no C0.

# %%
from alphaedit_lite import perplexity
from alphaedit_lite.metrics import score
from alphaedit_lite.support.texts import wikipedia_leads

leads = wikipedia_leads("heldout")[:3]  # for perplexity
healthy = perplexity(lm, leads, 48)
near = "Upper Assam, Assam, West Bengal, Himachal Pradesh, Nagaland, Rajasthan, Bihar, Kerala, Punjab"
far = "Hokkaido, Tuscany, Lower Saxony, Lower Silesia, Lower Egypt, Bavaria, Patagonia, Sumatra"
country = fact.template
asked = [("the fact", fact.subject, prompt) for prompt in (fact.prompt, *fact.paraphrases)]
asked += [("India, other subjects", x, country.replace("{}", x)) for x in near.split(", ")]
asked += [("other countries", x, country.replace("{}", x)) for x in far.split(", ")]
other = [("Mozart", "Mozart was a famous"), ("Eiffel Tower", "The Eiffel Tower is located in the city of")]
asked += [("other relations", *x) for x in (*other, ("Nepal", "Nepal lies on the continent of"))]
keys = torch.stack([key_of(prompt, subject) for _, subject, prompt in asked])  # [n, d_ff]
pairs = [(prompt, text) for text in (fact.new, fact.true) for _, _, prompt in asked]


def odds():
    """log p(Romania) − log p(India) for every question, [n]."""
    new, old = score(lm, pairs)[0].unflatten(0, (2, -1))
    return new - old


# %%
unedited, tables, text = odds(), {}, {}
gains = {"ROME: C0 from text": g, "plain write: C0 = I": k / (k @ k)}
for title, some in gains.items():
    edit = write(r, some)
    table = pd.DataFrame({"kind": [x[0] for x in asked], "arrives": keys @ some, "moved": odds() - unedited})
    tables[title] = table.set_index(pd.Index([x[1] for x in asked]))
    text[title] = perplexity(lm, leads, 48)
    edit.revert()
rome, plain = tables.values()
most = plain.loc[near.split(", ")[1:]].arrives.nlargest(5).index  # without Upper Assam
fits = [float(table.arrives.corr(table.moved)) for table in tables.values()]
show(*draw.leaks_figure(tables, ["Upper Assam", "Assam", "Himachal Pradesh"]), name="05_leaks")
print(f"correlation of share and change: {fits[0]:.2f} and {fits[1]:.2f}")
print(*(lm.tokenizer.tokenize(f"{name} is") for name in ("Upper Assam", "Assam")))
for name, subject in (("d", "Upper Assam"), ("e", "Assam")):
    chapter.reveal(name, sum(rome.arrives[subject] > bound for bound in (0.1, 0.5, 0.85)))

# %% [markdown]
# **How to read it.** Each point is a question.
# To the right: how much of r its key lets through.
# Upwards: how far the odds have really moved (+10 is a factor of 22,000).
# The edit was computed from the bare fact and its prefixes alone.
#
# **What surprised us.**
# How well one dot product does (the correlation is [[=fits[0]:.2f]]), and whom it names.
# *Upper Assam* receives [[=rome.arrives['Upper Assam']:.0%]] of r:
# to block 6 it *is* Lower Assam, and it now lies in Romania.
# Plain *Assam*, which contains it, receives [[=rome.arrives['Assam']:.0%]] and hardly moves.
# What counts is not geography but how a name looks at its last token.
# After *Upper* or *Lower* that is " Assam" in one piece.
# A text that begins with "Assam" is cut into "Ass" and "am", as printed.
# To block 6 these are different questions.
#
# C0 cannot help Upper Assam; the left and the right picture agree there.
# It helps others. Take the five Indian states that hear most of the plain write:
# under ROME they receive [[=rome.arrives[most].mean():.0%]] of r instead of [[=plain.arrives[most].mean():.0%]].
# What their keys share with our subject's seems to be, in good part, what they share with ordinary text.
# Those are the directions that C0⁻¹ turns down.

# %%
sizes = pd.DataFrame(index=["ROME", "plain"], columns=["‖Δ‖ / ‖W‖", "known answers move by"], dtype=float)
for name, some in zip(sizes.index, gains.values(), strict=True):
    moved = math.sqrt(float(some @ C0 @ some) * float(r @ r) / answers)
    sizes.loc[name] = float(some.norm() * r.norm() / W.norm()), moved
larger, harm = sizes.loc["ROME"] / sizes.loc["plain"]
sizes["perplexity"] = list(text.values())
print(f"perplexity of three held-out texts, unedited: {healthy:.2f}")
sizes.style.format("{:.1%}").format("{:.2f}", subset=["perplexity"])

# %% [markdown]
# And in one number for all known keys:
# ROME's Δ is [[=larger:.1f]] times as *large* as the plain one,
# and moves known answers only [[=harm:.1f]] times as far.
# Size is not damage: what counts is where the rows of Δ point.
# (Perplexity is too blunt for a single edit: it hardly moves in either case.)
# Remember this when chapter 8 judges updates.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 2 to 4.**
# Common mistakes: (a) students minimise ‖Δ‖ and call it ROME; send them back to the middle picture.
# (b) C0⁻¹k is read as "the key, made smaller": it is the key with the popular directions turned down.
# (c) μ is dropped as "only a helper": ask what it costs to double r (four times the damage, twice μ).
# (d) The share gᵀk' is taken for a cosine: it is not symmetric, and may exceed 1.
# Discussion: who *should* move with Lower Assam?
# (Its districts, surely.
# Upper Assam? Assam?)
# The method cannot know: it only sees last tokens.
# A good vote before section 4: rank five subjects by expected share.

# %% [markdown]
# ## 5. What each part of the recipe buys
#
# Section 1 had three helpers: prefixes, KL term and clamp. Does one need them?
# We wrote twelve facts of twelve relations, one at a time, by ROME into the unedited model, with parts left out.
# This took some minutes, so it is read from a file (`python -m alphaedit_lite.book.ch05.study` makes it anew).
#
# The first row, in another colour, stops as we did in section 1.
# The row "20 steps" goes on as the authors do, to a loss of 0.05 or twenty steps.
# Each other row changes one thing in that.
# (Leaving out the prefixes concerns the wish only; the key is the same in all rows.)

# %%
chapter.predict(
    "f",
    "Which change moves P(new) on the paraphrases most, up or down, against the row '20 steps'?",
    ["leaving out the KL term", "leaving out the prefixes", "a clamp at 0.4 instead of 4", "stopping early"],
)

# %%
from alphaedit_lite.book.kit.results import result

study = result("rome_ablation.json")
variants = study["variants"]
parts = pd.DataFrame({n: pd.DataFrame(v["facts"]).mean(numeric_only=True) for n, v in variants.items()}).T
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
longest = max(row["size"] for v in variants.values() for row in v["facts"])
touched = sum(row["size"] > 0.75 for row in variants["20 steps"]["facts"])
pair = (variants[name]["facts"] for name in ("20 steps", "bare prompt only"))
prompts = [[row["p_paraphrases"] for row in facts] for facts in pair]
helped = sum(six > one for six, one in zip(*prompts, strict=True))
cost = {name: v["cpu_seconds_for_z"] for name, v in variants.items()}
shift = (parts.p_paraphrases - parts.p_paraphrases["20 steps"]).abs()
chapter.reveal("f", int(shift[["without KL", "bare prompt only", "clamp 0.4", "with early stop"]].argmax()))

# %% [markdown]
# **How to read it.** Means over twelve facts: differences of a few hundredths are noise.
# "Success" only asks which of the two objects is likelier:
# on paraphrases the new one should be, on neighbours the old one.
# The KL is that of (5.1), measured after the edit.
#
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
#   A coin does as well as that in one try of [[=1 / (sum(math.comb(12, n) for n in range(helped, 13)) / 2**12):.0f]],
#   so this is a hint and no proof.
# * **The KL term** does what it says, and little else:
#   without it, what the model expects after the bare subject changes by a KL
#   of [[=parts.kl['without KL']:.2f]] instead of [[=parts.kl['20 steps']:.2f]].
#   Neighbours do not notice it.
#   And it looks at one place only, the subject at the *beginning* of a text.
#   Section 6 shows a subject whose key is quite another one there.
# * **The clamp** at [[=search.clamp:g]] ‖h‖ does nothing here:
#   no wish of this study is longer than [[=longest:.1f]] ‖h‖. It is a seat belt.
#   (AlphaEdit's authors set 0.75, which would have touched [[=touched]] of the twelve wishes of the second row.)
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
# The leak of section 4 is a matter of keys, and no wish changes a key.

# %% [markdown]
# ## 6. Break it: the first token
#
# France shall move to Asia.
# We find the wish as in section 1 (three of the prompts, and few steps, will do here),
# and the formula is the same. What can go wrong?

# %%
chapter.predict(
    "g",
    "After the edit: where does the model place France, if the text begins with 'France is located on the continent of'?",
    ["in Asia", "in Europe", "it says nonsense"],
)

# %%
france = Fact("{} is located on the continent of", "France", new="Asia", true="Europe")
short = dataclasses.replace(search, steps=8, prefixes=PREFIXES[:3])
wish = compute_targets(lm, [france], LAYER, short, progress=False)
editor = Editor(lm, solver="rome", layers=(LAYER,), statistics=statistics, progress=False)


def ask(g):
    """The share of r that arrives, and P(Asia) and P(Europe), behind three beginnings."""
    rows = []
    for prefix in PREFIXES[:3]:
        pairs = [(prefix + france.prompt, text) for text in (france.new, france.true)]
        share = float(g @ key_of(france.prompt, "France", prefix))
        rows.append([prefix + france.prompt, share, *score(lm, pairs)[0].exp().tolist()])
    return pd.DataFrame(rows, columns=["prompt", "arrives", "P(Asia)", "P(Europe)"]).set_index("prompt")


edit = editor.edit([france], wish.z)
ours = ask(edit.gain[LAYER][0].double())
edit.revert()
chapter.reveal("g", 0 if ours["P(Asia)"].iloc[0] > 0.5 else 1 if ours["P(Europe)"].iloc[0] > 0.5 else 2)
ours.style.format("{:.2f}")

# %% [markdown]
# With a sentence in front, France is in Asia.
# At the very beginning of a text, it is in Europe as ever:
# of r it hears [[=ours['arrives'].iloc[0]:.0%]], and the other two prompts hear nearly twice r.
#
# "France" is a single token.
# At the beginning of a text it is the *first* token, and that one is special.
# Models of this kind use it as a resting place for attention ([Xiao et al. 2023](https://arxiv.org/abs/2309.17453)),
# and its key is tiny, as that of "He" was.
# So the two halves of our mean key are worlds apart.
# The condition Δk = r is kept, exactly, at a mixture that no text ever produces:
# the shares [[=ours['arrives'].iloc[0]:.2f]] and nearly 2 have the mean 1.
#
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
six_france = torch.stack([key_of(france.prompt, "France", prefix) for prefix in PREFIXES])
bare, mean = six_france[0], six_france[1:].mean(0)
u = torch.linalg.solve(C0, mean)
divisor = float(bare @ u / (mean @ u))  # the divisor of (5.7), as a part of that of (5.5)
edit = write((wish.z[0] - wish.h[0]).double(), u / (bare @ u))
theirs, sick = ask(u / (bare @ u)), perplexity(lm, leads, 48)
size = float(edit.delta(LAYER).norm() / W.norm())
spoken = lm.complete("The most important thing about cooking rice is", 8)
edit.revert()
print(f"‖bare key‖² {float(bare @ bare):.1f}, ‖mean key‖² {float(mean @ mean):.1f}, divisor {divisor:.3f}")
print(f"‖Δ‖ / ‖W‖ {size:.1f}; perplexity: {healthy:.0f} before, {sick:,.0f} after")
print(f"bare prompt: {theirs.arrives.iloc[0]:.2f} of r arrives, P(Asia) {theirs['P(Asia)'].iloc[0]:.2f}")
print(f"The most important thing about cooking rice is{spoken!r}")

# %% [markdown]
# Now the condition is met where the question is asked, and the model is dead, of one edit.
# The divisor is only [[=divisor:.3f]] of what it would be with one key,
# so Δ is some [[=1 / divisor:.0f]] times as large: [[=size:.0f]] times W itself.
# Perplexity goes from [[=healthy:.0f]] into the thousands.
# Not even France is in Asia (P = [[=theirs['P(Asia)'].iloc[0]:.2f]]).
# One token of the sentence has its wished answer; the answers at all the others are in pieces.
#
# [Gupta et al. 2024](https://arxiv.org/abs/2403.07175) and [Yang et al. 2024](https://arxiv.org/abs/2406.11263)
# traced the sudden deaths of models under ROME to these two keys;
# until then they had counted as a property of the method.
# Yang et al. also found the first token behind them.
# So the same two keys give a deaf edit or a dead model.
# One condition cannot hold both keys.
# (Two conditions could: chapter 6 writes many keys at once.)
#
# ### And one after another?
#
# ROME protects what the *text* knows, and nothing that was written before: C0 has never seen the new keys.
# So do thirty edits in a row destroy each other?
# We go back to (5.5), with one key, and take thirty facts and block 7, for which wishes ship with the package.
# (They were found on the *unedited* model; to find each anew would be fairer and takes longer.
# And to save time each key is a mean over three prompts.)

# %%
chapter.predict(
    "h",
    "Thirty facts, one after another. For how many of the first ten is the new object still the model's first choice at the end?",
    ["all ten", "seven to nine", "three to six", "fewer than three"],
)

# %%
from alphaedit_lite import bundled_facts, bundled_targets

stream = bundled_facts("test")[:90:3]
wished, W7 = bundled_targets(lm, stream), lm.weight(7).clone()
one_by_one = Editor(lm, solver="rome", layers=(7,), statistics=statistics, targets=short, progress=False)


def look(n):
    """After n edits: the share of the first ten facts, and of the last ten written, that hold. And the price."""
    pairs = [(x.prompt, x.new) for x in (*stream[:10], *stream[n - 10 : n])]
    held = score(lm, pairs)[1].double()
    size = float((lm.weight(7) - W7).norm() / W7.norm())
    return {
        "first ten": float(held[:10].mean()),
        "last ten": float(held[10:].mean()),
        "perplexity": perplexity(lm, leads, 48),
        "size": size,
    }


# %%
rows = {0: {"perplexity": healthy, "size": 0.0}}
for n, (one, aim) in enumerate(zip(stream, wished, strict=True), 1):
    one_by_one.edit([one], aim[None])
    if n in (15, 30):
        rows[n] = look(n)
lm = load_model()  # a fresh copy: quicker than thirty times undo
sequence = pd.DataFrame(rows).T
panels = {
    "new object is first choice": {"first ten": "first ten", "last ten": "last ten written"},
    "perplexity": {"perplexity": ""},
    "‖ΣΔ‖ / ‖W‖": {"size": ""},
}
show(*draw.stream_figure(sequence, panels), name="05_stream")
kept = round(10 * sequence["first ten"].iloc[-1])
chapter.reveal("h", 0 if kept == 10 else 1 if kept >= 7 else 2 if kept >= 3 else 3)

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

# %% [markdown]
# ## 7. Paper ↔ code
#
# The paper is [Meng et al. 2022](https://arxiv.org/abs/2202.05262), section 3.1;
# its code is public (kmeng01/rome, folder `rome`).
#
# | in the paper | in the authors' code | here |
# |---|---|---|
# | k*: mean over prefixes (eq. 3) | `compute_u.py`: the mean over the bare prompt and 20 beginnings that the model itself writes, sampled anew in each session (20 in the paper's appendix E.5, too; its section 3.1 says 50) | `FactPrompts.look`: half bare prompt, half five fixed sentences |
# | v*: the loss (eq. 4) | `compute_v.py`: adds the third term, the weights and the clamp; δ is added to the output of the *feed-forward layer*; h in clamp and decay is that output | (5.1); δ is added to the block's output, as in MEMIT and AlphaEdit. The sum is the same, the yardstick ‖h‖ is not |
# | KL term | `F.kl_div` of the first and the current log-probabilities, in an order that makes it KL(now ‖ before) | `objective`; `targets.py` |
# | Δ = Λ (C⁻¹k*)ᵀ (eq. 2) | `compute_u.py`: u, along C⁻¹ times the mean key. `compute_v.py`: the residual, divided by u · (key of the *bare* prompt). `rome_main.py`: their outer product, which is (5.7) | (5.5): the same k above and below; `solvers.rome` |
#
# The last row killed the model in section 6: eq. 2 has one k, the code two.

# %% [markdown]
# ## Keypoints
#
# * A fact is written in two steps:
#   a wish z, by gradient descent on 576 numbers, and a matrix Δ with Δk = z − h, by a formula.
# * The wish does not spell the word: read through the vocabulary it is gibberish.
#   Later blocks turn it into the answer.
# * ROME is the least mean squared change of known answers under the condition Δk = r: Δ = r (C0⁻¹k)ᵀ / (kᵀC0⁻¹k).
# * Every other key hears r times gᵀk'.
#   That number predicts who moves, before anything is written.
#   Names that end alike share a key.
# * The condition holds at one key only.
#   A subject that can be the first token of a text has two: then the edit is deaf, or kills.
#   And many edits pile up unprotected.

# %% [markdown]
# ## Quiz
#
# **1. Why is ROME's update of rank one?**
#
# <details><summary>A. Because low rank was chosen to keep the edit small.</summary>
# It was not chosen. And rank one is no guarantee of smallness: r gᵀ can have any size.
# </details>
# <details><summary>B. Because each row solves the same problem, up to the number r_i.</summary>
# <b>Yes.</b> One key, one condition for each row: all rows are multiples of g.
# </details>
# <details><summary>C. Because C0 has rank one.</summary>
# C0 has full rank here; it must, to have an inverse.
# </details>
#
# **2. You double the wish: r becomes 2r.
# What happens to the mean squared change of known answers?**
#
# <details><summary>A. It doubles.</summary>
# The change itself doubles; its square does more.
# </details>
# <details><summary>B. It grows by four.</summary>
# <b>Yes:</b> ‖r‖² / (kᵀC0⁻¹k).
# This is why the length of the wish matters, and why one clamps it or stops early.
# </details>
# <details><summary>C. Nothing: the constraint is met in both cases.</summary>
# The condition only speaks of k.
# The bill is paid by the others.
# </details>
#
# **3. After an edit of "Lower Assam", the model places "Upper Assam" in Romania, too. What would help?**
#
# <details><summary>A. A smaller learning rate in the search for z.</summary>
# z is not the culprit.
# The two subjects have almost the same key, and Δ sees nothing but keys.
# </details>
# <details><summary>B. More text behind C0.</summary>
# C0 knows which directions text uses.
# It cannot tell apart two keys that are nearly equal.
# </details>
# <details><summary>C. Another block, or another token, at which the two have different keys.</summary>
# <b>Yes</b>, if there is one.
# At this block and token the two are one question, and no Δ can give two answers to one key.
# </details>
#
# **Further reading**
#
# * [Meng et al. 2022](https://arxiv.org/abs/2202.05262), ROME:
#   section 3 is this chapter; its appendix A derives (5.5).
# * [Bau et al. 2020](https://arxiv.org/abs/2007.15646):
#   the same direction C⁻¹k, first used on an image generator, in which trees then grow from church towers.
#   (There r is found by gradient descent, too.)
# * [Gupta et al. 2024](https://arxiv.org/abs/2403.14236), EMMET:
#   ROME's constraint for a batch, and why ROME and MEMIT are one problem.
# * [Gupta et al. 2024](https://arxiv.org/abs/2403.07175) and [Yang et al. 2024](https://arxiv.org/abs/2406.11263):
#   how one line broke models, and how it was found.
#
# **Next:** chapter 6 writes many facts at once: the condition becomes a term in a sum, and the balance a knob.

# %%
chapter.report()
