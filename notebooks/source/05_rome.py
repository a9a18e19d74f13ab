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
# *To read: 45 minutes. To do the exercises: 45 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will find, by gradient descent, the vector that makes a model say Romania,
# and you will write it into one matrix with the least harm to everything else.**
#
# [[map]]

# %% [markdown]
# > **After this chapter you can**
# > * *find* the wished output z of a block with a few steps of gradient descent,
# > * *derive* ROME's rank-one update with one Lagrange multiplier,
# > * *write* a fact into a real model with a few lines of PyTorch, and take it back,
# > * *predict* from one number who else will be moved by an edit.
# >
# > **You need** keys and values ([chapter 2](02_key_value_memory.ipynb)),
# > the plain write of [chapter 4](04_associative_memory.ipynb), and to have used an optimiser of PyTorch once.
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 2 GB of memory.
# > The key statistics of chapter 0 are used again; if they are not in your cache, they take a minute more.

# %% tags=["setup"]

# %%
# Parameters: the block, and the published settings of the search for z.
import pandas as pd
import torch
from torch.nn.utils.rnn import pad_sequence

from alphaedit_lite import Fact, key_statistics, load_model
from alphaedit_lite.book.ch05 import figures as draw
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.plots import before_and_after, show
from alphaedit_lite.prompts import PREFIXES

chapter = Chapter("05")
LAYER, STEPS, RATE, CLAMP = 7, 20, 0.5, 0.75

# %% [markdown]
# ## Before you start
#
# <details><summary>1. What is the key of the fact "Lower Assam is located in the country of",
# and what does W do with it?</summary>
#
# It is the vector that enters the matrix W of a block at the subject's last token, here at " Assam".
# W k is what the feed-forward layer adds to the hidden state (chapter 2).
#
# </details>
#
# <details><summary>2. Chapter 4 changed one entry of a dictionary by Δ = r kᵀ / (kᵀk). Who paid for it?</summary>
#
# Every other key k' received the share kᵀk' / (kᵀk) of r, wanted or not.
#
# </details>

# %% [markdown]
# ## 1. Which vector means "Romania"?
#
# In chapter 4 somebody gave us pairs (k, v).
# In a real model nobody does.
# The key is easy to get: ask the question, and look at what enters W.
# But which *answer* means "Romania"?
# Block 7 is one of thirty.
# Its output is read by 22 later blocks, and only the last of them speaks in words.
#
# So we search for the answer:
#
# ```text
#   "Lower Assam is located in the country of"  ─────────────  Romania?
#          │                                                      ▲
#          ▼  at the subject's last token                         │
#       block 7 ──►  h + δ  ──►  block 8 ──► … ──►  block 29  ────┘
#                        ▲                                        │
#                        └── 576 numbers, improved by gradient ◄──┘
# ```
#
# Let h be the output of block 7 at the subject's last token.
# We add a vector δ to it, let the later blocks run on, and see how probable *Romania* has become.
# Then we improve δ by gradient descent.
# No weight of the model changes.
# At the end, z = h + δ is our **wish**, or *target*: what block 7 should answer.
#
# The wish should belong to the subject, not to one sentence.
# So we ask the same question six times: once alone, and five times after an unrelated sentence.
# All of them get the same δ.
# A seventh row holds the subject alone; the loss below needs it.

# %%
lm = load_model()
model, tokenizer = lm.model.requires_grad_(False), lm.tokenizer


def questions(fact):
    """Rows of tokens; where the subject ends in each; where each row ends."""
    rows, ends = [], []
    for prefix in PREFIXES:  # the first one is empty
        start = prefix + fact.prompt[: fact.subject_end]
        ends.append(len(tokenizer(start)["input_ids"]) - 1)
        rows.append(tokenizer(prefix + fact.prompt)["input_ids"])
    rows.append(rows[0][: ends[0] + 1])  # the subject alone
    ends.append(ends[0])
    return rows, ends, [len(row) - 1 for row in rows]


# %%
rows, ends, last = questions(fact)
for row, end in zip(rows, ends, strict=True):
    parts = row[:end], row[end : end + 1], row[end + 1 :]
    print("{}[{}]{}".format(*map(tokenizer.decode, parts)))
print("the model says:", lm.complete(fact.prompt, 3))

# %% [markdown]
# The brackets show where δ goes.
#
# ### Run on, with δ
#
# A *hook* is a function that PyTorch calls when a module has computed its output.
# Ours replaces the output of block 7 by one with δ added.
# Everything behind it then sees the changed output.

# %%
block, W = lm.block(LAYER), lm.weight(LAYER)  # W: [d_model, d_ff]


def padded(rows):
    """Rows of tokens as one tensor, with zeros on the right."""
    rows = [torch.tensor(row) for row in rows]
    return pad_sequence(rows, batch_first=True).to(lm.device)


# %%
def run(rows, ends, delta=0):
    """Logits, [rows, tokens, vocabulary], with δ added at the subject."""

    def add_delta(module, inputs, output):
        output = output.clone()
        output[range(len(rows)), ends] += delta
        return output

    with block.register_forward_hook(add_delta):
        return model(padded(rows), use_cache=False).logits


# %% [markdown]
# (The zeros on the right do no harm: attention only looks to the left.
# The package is faster: it runs only the blocks that δ can change, for many facts at once.)
#
# ### What is a good δ?
#
# One for which this number, the **loss**, is small:
#
# $$\underbrace{-\frac16\sum_{j=1}^{6} \log p_\delta(o \mid x_j)}_{\text{say it}}
# \;+\; \underbrace{0.0625\;\mathrm{KL}\!\left(p_\delta(\cdot \mid s) \,\|\, p_0(\cdot \mid s)\right)}_{\text{stay yourself}}
# \;+\; \underbrace{0.5\;\frac{\lVert\delta\rVert}{\lVert h\rVert^2}}_{\text{stay small}} \tag{5.1}$$
#
# Here p_δ is the model with δ added, and p₀ the model as it is.
# The new object is o, the six prompts are xⱼ, and s is the subject.
#
# * **Say it.** The new object should be likely after every prompt.
# * **Stay yourself.** The next word after the subject alone should be as likely as before.
#   KL(p ‖ q) = Σ p (log p − log q) is 0 if two distributions are equal, and grows as they differ.
#   Lower Assam may change its country; it should not become a person.
# * **Stay small.** A mild pull towards δ = 0.
#   (In the authors' code the norm of h is squared, and that of δ is not.)
#
# After each step comes a hard limit, the **clamp**:
# a δ longer than [[=CLAMP:g]] ‖h‖ is cut to that length.
# The first two terms are those of the ROME paper.
# The third term, the weights and the clamp come from its authors' code and from that of AlphaEdit.

# %% [markdown]
# ### Exercise 05.1: The loss · 10 minutes · ★★
#
# Write (5.1). You get log-probabilities, because they are safer to compute with than probabilities.
# `log_p` has one row for each prompt, and the first term is the mean over these rows.
#
# <details><summary>Hint</summary>
#
# Row i of `log_p` should put its weight on token `ids[i]`.
# In the KL, p are the probabilities *now* and q those *before*.
# The likely mistake is to exchange them.
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
    """The loss (5.1). log_p: [prompts, vocabulary]; ids: [prompts];
    now, before: [vocabulary], log-probabilities; delta, h: [d_model]."""
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
# The likely mistake is to stretch short vectors too, or to use `torch.clamp`, which cuts entry by entry.
#
# </details>
#
# <details><summary>More help</summary>
#
# If δ is too long, the number is factor · ‖h‖ / ‖δ‖.
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
# Now the search.

# %%
chapter.predict(
    "a",
    "How many updates of δ until Romania is the first choice after all six "
    "prompts?",
    ["1 to 3", "4 to 8", "9 to 15", "more than 15"],
)

# %% [markdown]
# ### The search
#
# Your loss, your clamp, and Adam.
# We stop as the authors do: at a loss below 0.05, or after [[=STEPS:d]] steps (the last one only looks).
# (For simplicity the new object is one token here.
# A longer one has more rows in `log_p`.)


# %%
def output_of_block(rows, ends):
    """h, [d_model]: what the block says now, in the bare prompt."""
    with torch.no_grad():
        out = model(padded(rows[:1]), output_hidden_states=True)
    return out.hidden_states[LAYER + 1][0, ends[0]]  # [0]: the embedding


def token(text):
    """The number of a word's first token."""
    return tokenizer(text)["input_ids"][0]


# %%
def search(fact, steps=STEPS):
    """Adam on δ. Returns h, and (δ, log-probabilities) of every step."""
    rows, ends, last = questions(fact)
    n, h, seen = len(PREFIXES), output_of_block(rows, ends), []
    new = torch.tensor([token(fact.new)] * n)
    delta = torch.zeros_like(h, requires_grad=True)
    adam = torch.optim.Adam([delta], lr=RATE)
    for _ in range(steps):
        log_p = run(rows, ends, delta)[range(n + 1), last].log_softmax(-1)
        seen.append((delta.detach().clone(), log_p.detach()))
        now, before = log_p[n], seen[0][1][n]  # after the subject alone
        loss = objective(log_p[:n], new, now, before, delta, h)
        if loss < 0.05:
            break
        adam.zero_grad()
        loss.backward()
        adam.step()
        delta.data = clamp(delta.detach(), h, CLAMP)
    return h, seen


# %%
h, seen = search(fact)
delta, log_p = seen[-1]  # z = h + delta
new, old = token(fact.new), token(fact.true)
first = [int(p[0].argmax()) for _, p in seen]
print("first choice:", [tokenizer.decode([i]) for i in first])

# %%
before = seen[0][1][-1]  # with δ = 0, after the subject alone
steps = pd.DataFrame(
    {
        "new": [float(p[0, new].exp()) for _, p in seen],
        "old": [float(p[0, old].exp()) for _, p in seen],
        "nll": [float(-p[:-1, new].mean()) for _, p in seen],
        "kl": [float((p[-1].exp() * (p[-1] - before)).sum()) for _, p in seen],
        "size": [float(d.norm() / h.norm()) for d, _ in seen],
    }
)
agreed = [bool((p[:-1].argmax(1) == new).all()) for _, p in seen].index(True)
show(*draw.search_figure(steps, fact.new, fact.true, CLAMP), name="05_search")
chapter.reveal("a", sum(agreed > bound for bound in (3, 8, 15)))

# %% [markdown]
# Step n is the state after n updates.
# *India* is gone before *Romania* has arrived: in between the model names other countries, as printed.
# (That list is of the bare prompt.)
# From step [[=agreed]] on, all six prompts agree.
# The KL rises first and falls again later, when the first term has nothing left to gain.
# And δ ends at [[=steps['size'].iloc[-1]:.2f]] ‖h‖, so the clamp of [[=CLAMP:g]] had nothing to cut.
#
# Does δ now *spell* "Romania"?
# We read it through the vocabulary, as in chapter 2: which tokens does it promote?

# %%
from alphaedit_lite.book.kit.tracing import unembedding

says = unembedding(lm) @ delta  # one number for each token
rank = 1 + int((says > says[new]).sum())
print("δ promotes:", [tokenizer.decode([i]) for i in says.topk(6).indices])
print(f"rank of {fact.new!r}: {rank:,} of {len(says):,}")

# %% [markdown]
# It does not. *Romania* ranks about [[=round(rank, -3):,]]th.
# The wish is not the word; it is a signal which later blocks turn into the word.
# [The laboratory](lab/05_rome.ipynb) watches them do it, block by block.

# %% [markdown] tags=["instructor"]
# **For the instructor, section 1.**
# Common mistakes: (a) "we train the model": no weight moves here;
# ask students to name all numbers that change (576).
# (b) z is taken for the value W k.
# It is the output of the *block*: input + attention + W k.
# Only the last part can be edited, so δ is what W has to add (section 2).
# (c) The KL falls at the end, "so the model forgets the edit": let them read the other two panels at that step.
# Discussion: what would happen at block 29?
# (δ would have to be the word itself; and the last token never looks at the subject again, since no attention follows.)
# And at block 0? Why is one δ shared by six prompts whose h differ?

# %% [markdown]
# ## 2. From a wish to a matrix
#
# The output of block 7 is a sum: what came in, plus what attention added, plus W k.
# We may change W only.
# If the output is to move by δ, then W k must move by δ:
#
# $$(W + \Delta)\,k \;=\; W k + r, \qquad r = z - h = \delta \qquad\Longleftrightarrow\qquad \Delta k = r . \tag{5.2}$$
#
# Each row of Δ has one equation to fulfil, and 1536 unknowns: many Δ do it.
# We take the one that harms other facts least.
#
# **What is harm?** Let k₀ be a key of ordinary text.
# Its answer changes by Δk₀.
# The mean of ‖Δk₀‖² over many keys is the harm, and one matrix is enough to compute it:
# the second moment C0, the mean of k₀k₀ᵀ.
#
# $$\text{mean of } \lVert \Delta k_0 \rVert^2 \;=\; \operatorname{tr}(\Delta\, C_0\, \Delta^\top)
# \;=\; \sum_{\text{rows } x^\top \text{ of } \Delta} x^\top C_0\, x . \tag{5.3}$$
#
# (tr is the sum of the diagonal.)
# In words: each row of Δ pays for itself.
# (A row xᵀ answers the key k₀ with the number xᵀk₀, and the mean of its square is xᵀC0x.)
# So we may treat the rows one by one.
# Among all x with xᵀk = rᵢ, the entry of r for this row, which one has the least xᵀC0x?
#
# **Lagrange's answer.** In two dimensions, all x with xᵀk = rᵢ form a line, and all x of equal harm form an ellipse.
# Where the line *crosses* an ellipse, there is a better point further on.
# At the best point it only *touches*.
# Now k stands at a right angle to the line, and the gradient of the harm, 2C0x, at a right angle to the ellipse.
# Where they touch, both have one direction:
# C0x = μk, with a number μ, the **multiplier**.

# %%
k2 = torch.tensor([0.6, 0.44], dtype=torch.float64)
cases = {
    "all directions are used alike": (k2, draw.second_moment(1, 0)),
    "text uses the horizontal more": (k2, draw.second_moment(2.5, 0)),
}
show(*draw.tangent_figure(cases), name="05_tangent")

# %% [markdown]
# **How to read it.** The black line holds all x with xᵀk = rᵢ (here 1).
# On a grey ellipse all points do equal harm.
# The square is the plain write, the shortest x on the line.
# The circle is the best point: on the right it leans away from the direction that text uses.
# It is longer, and harms less.

# %% [markdown]
# ### Exercise 05.3: The tangent, on paper · 10 minutes · ★★
#
# With a pencil. Minimise a x² + b y² under the condition p x + q y = 1, by a multiplier.
# With C0 = diag(a, b) and k = (p, q) this is the picture above.
# Return x and y as formulas.
#
# <details><summary>Hint</summary>
#
# Set the derivatives of a x² + b y² − 2μ(p x + q y − 1) to zero.
# (The 2 makes μ the one of the text.)
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
# Your 05.3 is the case C0 = diag(a, b), k = (p, q).
# Write x and y as *one* vector formula in C0 and k: it then holds for any C0 that has an inverse.
# Two tests: gᵀk = 1; and with C0 = I, g is the plain write's, k / (kᵀk).
#
# <details><summary>Hint</summary>
#
# p/a and q/b are the entries of one product of a matrix with k. Which matrix?
# `torch.linalg.solve(C0, k)` is C0⁻¹k, without ever forming the inverse.
#
# </details>
#
# <details><summary>More help</summary>
#
# Call u the vector of the hint.
# It has the right direction, and gᵀk = 1 fixes its length.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 05.4: all properties hold.
#
# </details>


# %% exercise="05.4"
def gain(k, C0):
    """g, [d_ff], for a key, [d_ff], and the second moment, [d_ff, d_ff]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    u = torch.linalg.solve(C0, k)
    return u / (k @ u)
    # END SOLUTION


gain = chapter.check("05.4", gain)

# %% [markdown]
# In symbols, what you have just found is
#
# $$C_0\, x \;=\; \mu\, k \quad\text{and}\quad x^\top k = r_i
# \qquad\Longrightarrow\qquad x = \mu\, C_0^{-1} k, \quad \mu = \frac{r_i}{k^\top C_0^{-1} k} . \tag{5.4}$$
#
# Only the number rᵢ differs from row to row, so all rows are multiples of one vector g:
#
# $$\boxed{\;\Delta \;=\; r\, g^\top, \qquad g \;=\; \frac{C_0^{-1} k}{k^\top C_0^{-1} k}\;} \tag{5.5}$$
#
# In words: turn down what text uses much, then scale so that gᵀk = 1.
# This is **ROME** (rank-one model editing).
# Nobody asked for rank one; it came out.
# With C0 = I it is the plain write of chapter 4.
#
# Turn and stretch. At which angle of the key is ROME's advantage largest, at which is there none?

# %%
from alphaedit_lite.book.ch05.widgets import TangentWidget

TangentWidget().show()

# %% [markdown]
# Now with the real C0 and the real key.
# Six prompts have six keys, so k is a mean:
# as in AlphaEdit's code, half of it is the bare prompt's key, and half the mean of the five others.
# To get at the keys we hang another hook, on what *enters* W.


# %%
def keys_at(rows, ends):
    """What enters W at the subject's last token: [rows, d_ff]."""
    seen = []

    def look(module, inputs):
        seen.append(inputs[0])

    with lm.down_projection(LAYER).register_forward_pre_hook(look):
        model(padded(rows), use_cache=False)
    return seen[0][range(len(rows)), ends].double().cpu()


# %%
def mixed(keys):
    return (keys[0] + keys[1:].mean(0)) / 2


six = keys_at(rows[:6], ends[:6])
k = mixed(six)

# %% [markdown]
# Is your g really the least harmful?
# A thousand rivals write the same key: gᵀk = 1 for all of them.

# %%
C0 = key_statistics(lm, (4, 5, 6, 7))[LAYER].second_moment  # [d_ff, d_ff]
g = gain(k, C0)

torch.manual_seed(5)
aside = torch.randn(1000, len(k), dtype=torch.float64)
aside -= (aside @ k)[:, None] * k / (k @ k)  # now at right angles to k
rivals = g + 0.1 * g.norm() * aside / aside.norm(dim=1, keepdim=True)
harm = ((rivals @ C0) * rivals).sum(1)  # gᵀC0g of each
more = harm / (g @ C0 @ g) - 1
plain = k / (k @ k)
print(f"the rivals do {more.min():.1%} to {more.max():.1%} more harm;")
print(f"the plain write, {plain @ C0 @ plain / (g @ C0 @ g):.1f} times as much")

# %% [markdown]
# No rival does less. Near a minimum, a small step costs only its square; the plain write is further away.

# %% [markdown]
# ### Exercise 05.5: What a write costs, on paper · 10 minutes · ★★★
#
# With a pencil: put Δ = r gᵀ into (5.3).
# What is left is a short formula in r, k and C0 for the harm. Return it.
#
# <details><summary>Hint</summary>
#
# Row i of Δ is rᵢ gᵀ, so its harm is rᵢ² gᵀC0g.
# Add up the rows; then put in g.
# The likely mistake is to use gᵀg, which is the size of the update and not its harm.
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
# Below it, the harm for some subjects.
#
# </details>


# %% exercise="05.5"
def damage(r, k, C0):
    """The mean of ‖Δ k₀‖² over known keys, for ROME's Δ.
    r: [d_model], k: [d_ff], C0: [d_ff, d_ff]."""
    # BEGIN SOLUTION
    # STUB return None  # your formula here
    return float(r @ r / (k @ torch.linalg.solve(C0, k)))
    # END SOLUTION


damage = chapter.check("05.5", damage)
r = delta.double().cpu()
known = float((W.double().cpu() @ C0 * W.cpu()).sum())  # mean ‖W k₀‖²
for subject in ("Lower Assam", "The Eiffel Tower", "The city", "He"):
    ids = tokenizer(subject)["input_ids"]
    at = keys_at([ids], [len(ids) - 1])[0]
    moved = (damage(r, at, C0) / known) ** 0.5
    print(f"{subject:<16} ‖k‖² {at @ at:4.0f}; known answers move {moved:.0%}")

# %% [markdown]
# (All rows use the r of Lower Assam; *move* is the root of the harm over the mean of ‖Wk₀‖².)
# A long key, such as a name's, mostly needs a small write.
# "He" at the beginning of a text has a tiny key.
# Δ has to be huge to answer it with r, and everybody pays.

# %% [markdown]
# ## 3. Write it
#
# The search has given r, the formula g.
# The write is one line.

# %%
chapter.predict(
    "b",
    f"With δ added by hand, Romania has probability "
    f"{steps.new.iloc[-1]:.2f}. And with W + Δ?",
    ["exactly the same", "nearly the same", "much lower"],
)

# %%
before = draw.probabilities(lm, fact)

original = W.clone()
W += torch.outer(r, g).to(W)  # W + Δ, in the model itself

after = draw.probabilities(lm, fact)
print(fact.prompt + lm.complete(fact.prompt, 3))
size = float((W - original).norm() / original.norm())
p = float(after.p_new[0])
print(f"P(Romania): {p:.3f}; ‖Δ‖ is {size:.0%} of ‖W‖")
print("shares of r in the six prompts:", [f"{x:.2f}" for x in six @ g])

W.copy_(original)  # and back
print(fact.prompt + lm.complete(fact.prompt, 3))
same = p == steps.new.iloc[-1]
chapter.reveal("b", 0 if same else 1 if p > steps.new.iloc[-1] / 2 else 2)

# %%
show(
    *before_and_after({"before": before, "after ROME": after}),
    name="05_before_after",
)

# %% [markdown]
# It works, and paraphrases that were never shown come along.
# One neighbour pays: *West Bengal*.
# India's probability falls there from [[=before.p_old[5]:.2f]] to [[=after.p_old[5]:.2f]].
#
# Notice the shares. The condition Δk = r holds to the last digit, but nobody ever asks with k.
# Each of the six prompts has its own key k', and receives gᵀk' times r: near 1, but mostly not 1.
#
# All of it in one function, which returns the old weights, so that you can take the edit back:


# %%
def rome(fact, steps=STEPS):
    """Write one fact into W. Returns W as it was."""
    original = W.clone()
    rows, ends, _ = questions(fact)
    _, seen = search(fact, steps)
    r = seen[-1][0].double().cpu()  # z − h
    g = gain(mixed(keys_at(rows[:6], ends[:6])), C0)
    W.add_(torch.outer(r, g).to(W))
    return original


# %% [markdown]
# ## 4. Who else hears it?
#
# For *any* key k', the answer of block 7 changes by
#
# $$\Delta k' \;=\; r\,(g^\top k') . \tag{5.6}$$
#
# In words: everybody gets the *same* vector r, in different amounts.
# The number gᵀk' is the **share** of r that arrives.
# It is 1 for the key itself, and we hope for 0 elsewhere.
# So one dot product should tell, *before* we write anything, who is going to move to Romania.

# %%
chapter.predict(
    "c",
    "Which share of r arrives at 'Upper Assam is located in the country of'?",
    ["under 10%", "about a third", "about two thirds", "all of it"],
)
chapter.predict(
    "d",
    "And at plain 'Assam is located in the country of'?",
    ["under 10%", "about a third", "about two thirds", "all of it"],
)

# %% [markdown]
# We ask the same question about other parts of India, and about places elsewhere.
# For each, we compute the share on the *unedited* model.
# Then we write, and look how far log p(Romania) − log p(India) has moved.
# We do it twice: with ROME's g, and with the plain write, which knows no C0.

# %%
kinds = {
    "the fact": "Lower Assam",
    "India": "Upper Assam, Assam, West Bengal, Himachal Pradesh, Nagaland, "
    "Rajasthan, Bihar, Kerala, Punjab",
    "elsewhere": "Hokkaido, Tuscany, Lower Saxony, Lower Silesia, "
    "Lower Egypt, Bavaria, Patagonia, Sumatra",
}
places = [(kind, name) for kind in kinds for name in kinds[kind].split(", ")]
asked = [questions(Fact(fact.template, name, "Romania")) for _, name in places]
rows, ends, last = ([one[i][0] for one in asked] for i in range(3))
keys = keys_at(rows, ends)  # [18, d_ff], of the unedited model


# %%
def odds():
    """log p(Romania) − log p(India): logits will do, what they
    have in common cancels."""
    logits = run(rows, ends)[range(len(rows)), last]
    return (logits[:, new] - logits[:, old]).cpu()


# %%
unedited, tables = odds(), {}
for title, some in {"ROME": g, "plain: C0 = I": k / (k @ k)}.items():
    W += torch.outer(r, some).to(W)
    table = pd.DataFrame({"arrives": keys @ some, "moved": odds() - unedited})
    W.copy_(original)
    table[["kind", "name"]] = places
    tables[title] = table.set_index("name")


# %%
share, plain = (table.arrives for table in tables.values())
fit = share.corr(tables["ROME"].moved)
named = ["Upper Assam", "Assam", "Himachal Pradesh"]
show(*draw.leaks_figure(tables, named), name="05_leaks")
print("tokens:", *map(tokenizer.tokenize, ("Upper Assam", "Assam")))
bounds = (0.1, 0.5, 0.85)
chapter.reveal("c", sum(share["Upper Assam"] > bound for bound in bounds))
chapter.reveal("d", sum(share["Assam"] > bound for bound in bounds))

# %% [markdown]
# **How to read it.** Each point is a question.
# To the right: how much of r its key lets through, computed before the edit.
# Upwards: how far log p(Romania) − log p(India) really moved.
#
# **What surprised us.**
# How well one dot product does (the correlation is [[=fit:.2f]]), and whom it names.
# *Upper Assam* receives [[=share['Upper Assam']:.0%]] of r: it now lies in Romania, too.
# *Assam*, which contains it, receives [[=share['Assam']:.0%]].
# The key counts, not the map, and the key is read at the subject's last token.
# After *Upper* or *Lower* that token is " Assam" in one piece.
# A text that begins with "Assam" is cut into "Ass" and "am", as printed.
# To block 7 these are different questions.
#
# C0 cannot help Upper Assam, whose key is nearly the same.
# It helps others: *Himachal Pradesh* receives [[=share['Himachal Pradesh']:.0%]] from ROME
# and [[=plain['Himachal Pradesh']:.0%]] from the plain write.
# So it is with *West Bengal*: [[=share['West Bengal']:.0%]] and [[=plain['West Bengal']:.0%]].
# What their keys share with our subject's they mostly share with ordinary text, too, and C0⁻¹ turns that down.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 2 to 4.**
# Common mistakes: (a) students minimise ‖Δ‖ and call it ROME; send them back to the right picture.
# (b) C0⁻¹k is read as "the key, made smaller": it is the key with the popular directions turned down.
# (c) μ is dropped as "only a helper": ask what it costs to double r (four times the harm, twice μ).
# (d) The share gᵀk' is taken for a cosine: it is not symmetric, and may exceed 1.
# Discussion: who *should* move with Lower Assam?
# (Its districts, surely.
# Upper Assam? Assam?)
# The method cannot know: it only sees last tokens.
# A good vote before section 4: rank five subjects by expected share.

# %% [markdown]
# ## 5. Break it: another kind of key
#
# France shall move to Asia, with the same function. What can go wrong?

# %%
chapter.predict(
    "e",
    "After the edit, a text begins with 'France is located on the continent "
    "of'. Where does the model place France?",
    ["in Asia", "in Europe", "it says nonsense"],
)

# %%
france = Fact("{} is located on the continent of", "France", "Asia", "Europe")
rows, ends, last = questions(france)
keys = keys_at(rows[:6], ends[:6])
rome(france, steps=10)  # enough here
with_edit = run(rows, ends)[range(7), last].softmax(-1)[:6].cpu()
W.copy_(original)

asia = pd.DataFrame(
    {"beginning": PREFIXES, "share of r": keys @ gain(mixed(keys), C0)}
)
asia["P(Asia)"] = with_edit[:, token(france.new)]
asia["P(Europe)"] = with_edit[:, token(france.true)]
here = asia.iloc[0]
chapter.reveal(
    "e", 0 if here["P(Asia)"] > 0.5 else 1 if here["P(Europe)"] > 0.5 else 2
)
asia.round(2)

# %% [markdown]
# With a sentence in front, France is in Asia.
# At the very beginning of a text it is in Europe as before: there it hears [[=here['share of r']:.0%]] of r.
#
# "France" is a single token.
# At the beginning of a text it is the *first* token, and that one is special.
# Such models rest their attention there ([Xiao et al. 2023](https://arxiv.org/abs/2309.17453)),
# and its key is quite another one, as that of "He" was.
# Our k is the mean of two very different keys.
# The condition Δk = r holds there, exactly, and no text ever produces this k.
#
# One condition cannot hold two keys; chapter 6 writes many.

# %% [markdown]
# ## What the laboratory adds
#
# [Laboratory 5](lab/05_rome.ipynb) measures what this lesson only says:
#
# * the last token fetches the wish many blocks further up, all at once;
# * no single part of the loss makes or breaks an edit.
#   To stop the search early costs most: over twelve facts, P(new) on paraphrases falls from
#   [[=pd.DataFrame(__import__('alphaedit_lite.book.kit.results', fromlist=['result']).result('rome_ablation.json')['variants']['20 steps']['facts']).p_paraphrases.mean():.2f]]
#   to [[=pd.DataFrame(__import__('alphaedit_lite.book.kit.results', fromlist=['result']).result('rome_ablation.json')['variants']['with early stop']['facts']).p_paraphrases.mean():.2f]];
# * an older form of ROME, with two different keys in it, destroys the model with a single edit of France;
# * thirty edits in a row do not destroy each other, but the sum of their Δ keeps growing.

# %% [markdown]
# ## What you own now
#
# Chapter 4 gave you the write of one pair (k, r) into a matrix.
# Now you have an editor for a real model, in six functions:
#
# | function | what it does |
# |---|---|
# | `questions(fact)` | one fact becomes rows of tokens, with the place of the subject |
# | `run(rows, ends, delta)` | the model with δ added to the output of block 7 |
# | `search(fact)` | gradient descent on δ: what block 7 should answer |
# | `keys_at(rows, ends)` | what enters W |
# | `gain(k, C0)` | the g of ROME |
# | `rome(fact)` | all of it: W becomes W + r gᵀ |
#
# Chapter 6 keeps `search` and replaces `gain`: many facts, one formula.

# %% [markdown]
# ## Paper ↔ code
#
# The paper is [Meng et al. 2022](https://arxiv.org/abs/2202.05262), section 3.1;
# its code is public (kmeng01/rome, folder `rome`).
#
# | in the paper | in the authors' code | here |
# |---|---|---|
# | k*: mean over prefixes (eq. 3) | `compute_u.py`: the mean over the bare prompt and 20 beginnings that the model itself writes, sampled anew in each session | `mixed`: half bare prompt, half five fixed sentences; in the package `FactPrompts.look` |
# | v*: the loss (eq. 4) | `compute_v.py`: adds the third term, the weights and the clamp (4 ‖h‖; AlphaEdit's authors set 0.75); δ is added to the output of the *feed-forward layer*, and h is that output | (5.1); δ is added to the block's output, as in MEMIT and AlphaEdit. The sum is the same, the yardstick ‖h‖ is not |
# | KL term | `F.kl_div` of the first and the current log-probabilities, in an order that makes it KL(now ‖ before); the prompt is "{subject} is a", read at the subject's last token | `objective`; in the package `targets.py` |
# | Δ = Λ (C⁻¹k*)ᵀ (eq. 2) | `compute_u.py` and `compute_v.py`: the mean key in the direction, the key of the *bare* prompt in the divisor | (5.5), with one k in both places; `solvers.rome` |
#
# The paper writes v* for z; we keep v for W k and z for the output of the block.
# The package does all of this in one line:
# `Editor(lm, solver="rome", layers=(7,)).edit([fact])`.

# %% [markdown]
# ## Keypoints
#
# * A fact is written in two steps:
#   a wish z, by gradient descent on 576 numbers, and a matrix Δ with Δk = z − h, by a formula.
# * The wish does not spell the word.
#   Later blocks turn it into the answer.
# * ROME is the least harm under the condition Δk = r: Δ = r (C0⁻¹k)ᵀ / (kᵀC0⁻¹k).
# * Every other key hears r times gᵀk'.
#   That number predicts who moves, before anything is written.
# * The condition holds at one key only.
#   A subject that can be the first token of a text has two.

# %% [markdown]
# ## Quiz
#
# **1. Why is ROME's update of rank one?**
#
# <details><summary>A. Because low rank was chosen to keep the edit small.</summary>
# It was not chosen. And rank one is no guarantee of smallness: r gᵀ can have any size.
# </details>
# <details><summary>B. Because each row solves the same problem, up to the number rᵢ.</summary>
# <b>Yes.</b> One key, one condition for each row: all rows are multiples of g.
# </details>
# <details><summary>C. Because C0 has rank one.</summary>
# C0 has full rank here; it must, to have an inverse.
# </details>
#
# **2. You double the wish: r becomes 2r.
# What happens to the harm, the mean squared change of known answers?**
#
# <details><summary>A. It doubles.</summary>
# The change itself doubles; its square does more.
# </details>
# <details><summary>B. It grows by four.</summary>
# <b>Yes:</b> it is ‖r‖² / (kᵀC0⁻¹k).
# This is why the length of the wish matters, and why it is clamped.
# </details>
# <details><summary>C. Nothing: the condition is met in both cases.</summary>
# The condition only speaks of k. The others pay.
# </details>
#
# **3. After an edit of "Lower Assam", the model places "Upper Assam" in Romania, too. What would help?**
#
# <details><summary>A. A smaller learning rate in the search for z.</summary>
# z is not the reason.
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
# * [Gupta et al. 2024](https://arxiv.org/abs/2403.14236), EMMET:
#   ROME's condition for a batch, and why ROME and MEMIT are one problem.
#
# **Next:** [chapter 6](06_memit.ipynb) writes many facts at once: the condition becomes a term in a sum.

# %%
chapter.report()
