# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 2: Feed-forward layers are key-value memories
#
# *To read: 40 minutes. To do the exercises: 40 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will open the blocks of a language model,
# find the neuron that *hears* the word "while" and one that *says* it,
# take the answer " India" apart into what [[=neurons:,]] neurons add to it, and switch some of them off.**
#
# [[map]]

# %% [markdown]
# > **After this chapter you can**
# > * *draw* a block of a transformer, and *point* at the matrix that every later chapter edits,
# > * *find out* what triggers a neuron, and which words its value promotes,
# > * *take* a prediction *apart* into the contributions of single neurons, and *check* that the parts add up,
# > * *test* a claim like "this neuron stores that fact", and *explain* what can be wrong with it.
# >
# > **You need** [chapter 0](00_demo.ipynb), matrix times vector, and to have used PyTorch once.
# > If you have never looked inside a language model, read [one page about it](C_primer.md) first:
# > tokens, hidden states, attention, hooks.
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 2 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: the block we look into, and how much text we read.
import re

import torch

from alphaedit_lite import load_model
from alphaedit_lite.book.ch02 import figures as draw
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.support.texts import wikipedia_leads

chapter = Chapter("02")
LAYER, CONTEXTS = 7, 30

# %% [markdown]
# ## Before you start
#
# <details><summary>1. Chapter 0 changed a fact by adding a small matrix Δ. To which matrices?</summary>
#
# To the matrix at the end of the feed-forward layer, in five of the thirty blocks.
# We called it W. This chapter says why it can be called a memory.
#
# </details>
#
# <details><summary>2. How did chapter 0 ask the model for a fact?</summary>
#
# With a prompt that ends where the answer begins, "Lower Assam is located in the country of".
# Then we read the probability of the next token.
#
# </details>

# %% [markdown]
# ## 1. What a feed-forward layer adds
#
# Chapter 0 changed a fact by changing W. Why does that work?
#
# A language model carries one vector for each token: its **hidden state** h, here of 576 numbers (d_model).
# Thirty blocks work on it, one after the other.
# A block never replaces h.
# It *adds* to it twice: first its attention adds something, then its feed-forward layer.

# %%
show(*draw.block_figure(), name="02_block")

# %% [markdown]
# Follow the right-hand column from below.
# The feed-forward layer looks at one token alone.
# From a copy x of h, brought to a standard length, it makes a vector k of 1536 numbers (d_ff).
# Then it multiplies k with the matrix W, and adds the result to h:
#
# $$ h \;\leftarrow\; h + W k, \qquad W k \;=\; k_1 v_1 + k_2 v_2 + \dots + k_{1536}\, v_{1536} \tag{2.1} $$
#
# In words: a matrix times a vector is a sum of the matrix's columns, each multiplied by one entry of the vector.
# We shall read the right side.
#
# * Each column $v_i$ of W is something that can be added to h.
#   It is called a **value**.
# * Each $k_i$ says how much of it is added now.
#   It is the **coefficient**.
# * One such pair is a **neuron**, or a **memory**.
#   With thirty blocks, the model has [[=neurons:,]] of them.
#
# To see this in the model we need k.
# A hook on every W notes what enters it while the model reads a text.


# %%
lm = load_model()
model, tokenizer = lm.model.requires_grad_(False), lm.tokenizer
blocks, neurons = range(lm.n_layers), lm.n_layers * lm.d_ff


def keys_of(text):
    """What enters W in every block at every token: [30, tokens, 1536]."""
    keys = []

    def look(module, inputs):
        keys.append(inputs[0][0])  # [0]: the first, and only, text

    hooks = [
        lm.down_projection(n).register_forward_pre_hook(look) for n in blocks
    ]
    ids = tokenizer(text, return_tensors="pt").input_ids.to(lm.device)
    model.model(ids, use_cache=False)  # the blocks, without the vocabulary
    for hook in hooks:
        hook.remove()
    return torch.stack(keys)


# %% [markdown]
# The key of block [[=LAYER]] at the last token, and both sides of (2.1):

# %%
k = keys_of(fact.prompt)[LAYER, -1]  # block 7, last token
W = lm.weight(LAYER)
print("k is", list(k.shape), "and W is", list(W.shape))
columns = W * k  # column i times coefficient i
print("both sides of (2.1):", torch.allclose(W @ k, columns.sum(1), atol=1e-4))

# %% [markdown]
# **Three things are called "key".**
# Keep them apart, because the literature does not.
#
# | who | key | value |
# |---|---|---|
# | attention | a vector for each earlier token, compared with a query | a vector for each earlier token, mixed by how well the keys fit |
# | [Geva et al. 2021](https://arxiv.org/abs/2012.14913) | row $i$ of the matrix *before* the coefficients: the pattern that neuron $i$ waits for | column $i$ of W: our $v_i$ |
# | ROME, MEMIT, AlphaEdit, **this book** | the whole vector k at one token | what is read with it: v = W k |
#
# The last two agree where it matters.
# A key that wakes neuron $i$ alone, with coefficient 1, reads W k = $v_i$.
# A real key wakes many neurons, and reads a mixture.
#
# ### Exercise 02.1: On paper: how much of a block is memory? · 5 minutes · ★
#
# The feed-forward layer of our model has three matrices of d_model · d_ff entries
# ($W_{gate}$, $W_{up}$ and W in the figure).
# Its attention has four: two are d_model × d_model;
# the two that make the attention's own keys and values have only `kv_share` · d_model rows.
# Write the share of a block's entries that are feed-forward.
#
# <details><summary>Hint</summary>
#
# A share is the part divided by the whole, and the whole is feed-forward plus attention.
#
# </details>
#
# <details><summary>More help</summary>
#
# Attention: 2 · d · d + 2 · kv_share · d · d.
# (The norms have so few entries that we leave them out.)
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 02.1: all properties hold.
# Then the share for our model: well above half.
#
# </details>


# %% exercise="02.1"
def feed_forward_share(d_model, d_ff, kv_share):
    """The share, 0 to 1, of a block's entries that are feed-forward."""
    # BEGIN SOLUTION
    # STUB return None  # your formula here
    memories = 3 * d_model * d_ff
    attention = 2 * d_model**2 + 2 * kv_share * d_model**2
    return memories / (memories + attention)
    # END SOLUTION


feed_forward_share = chapter.check("02.1", feed_forward_share)
# Nine attention heads share three sets of keys and values.
print(f"{feed_forward_share(lm.d_model, lm.d_ff, 3 / 9):.0%}")

# %% [markdown]
# ## 2. How the key is made
#
# GPT-2 makes k from x with one matrix.
#
# $$ \text{GPT-2:}\quad k = \mathrm{gelu}(W_{in}\, x + b) \tag{2.2} $$
#
# In words: each row of $W_{in}$ asks one question about x;
# gelu lets a clear "yes" pass, and turns a "no" into nearly zero.
#
# Newer models, like Llama and ours, have two matrices, $W_{gate}$ and $W_{up}$
# (the [gated form](https://arxiv.org/abs/2002.05202), called SwiGLU).
# So each neuron asks two questions.
# The answer to the first goes through silu
# (silu(a) = a · sigmoid(a), almost the shape of gelu): it opens the neuron or not.
# The answer to the second says *how much* comes through, and *with which sign*.
# The two are multiplied.

# %% [markdown]
# ### Exercise 02.2: The gated key · 8 minutes · ★★
#
# Turn the last paragraph into a formula, and the formula into code.
# Try it on one neuron first: the gate answers −5 and the other question 3.
# What is its coefficient?
# (About −0.10: the neuron is nearly shut.)
#
# In code, tokens are rows: `x` is n × d_model, and the keys that come out are n × d_ff.
#
# <details><summary>Hint</summary>
#
# With tokens as rows, a matrix is applied from the right and transposed: `x @ gate.T`.
# Only the first answer goes through silu.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.nn.functional.silu` and `*` work entry by entry.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 02.2: all properties hold.
# The next cell says whether these are our model's own keys.
#
# </details>


# %% exercise="02.2"
def gated_key(x, gate, up):
    """Keys, [n, d_ff], of inputs x, [n, d_model]; gate, up: [d_ff, d_model]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return torch.nn.functional.silu(x @ gate.T) * (x @ up.T)
    # END SOLUTION


gated_key = chapter.check("02.2", gated_key)

# %%
chapter.predict(
    "a",
    "In GPT-2's form a coefficient is never below -0.17: gelu's minimum. "
    "What share of the coefficients is negative in our model, at our last "
    "token?",
    ["under 5%", "about 25%", "about 50%"],
)

# %% [markdown]
# Your formula should read
#
# $$ k = \mathrm{silu}(W_{gate}\, x) \odot (W_{up}\, x) , \tag{2.3} $$
#
# where ⊙ multiplies entry by entry.
# Is it what the model computes?
# We catch x with one more hook, and compare.

# %%
mlp, caught = lm.block(LAYER).mlp, []
hook = mlp.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
keys = keys_of(fact.prompt)
hook.remove()

mine = gated_key(caught[0][0], mlp.gate_proj.weight, mlp.up_proj.weight)
print("the same keys:", torch.allclose(mine, keys[LAYER], atol=1e-4))
negative = float((keys[:, -1] < 0).float().mean())
print(f"negative coefficients in all blocks: {negative:.0%}")
chapter.reveal("a", 0 if negative < 0.15 else 1 if negative < 0.38 else 2)
show(*draw.forms_figure(k, "block 7, last token"), name="02_forms")

# %% [markdown]
# **How to read it.** Left and middle:
# a coefficient as a function of the answers to the questions (here b is the second answer, not GPT-2's bias).
# Right: how many neurons of block [[=LAYER]] have which coefficient.
#
# At this token [[=negative:.0%]] of the coefficients are negative: plus and minus are equally common.
# A negative coefficient adds $-|k_i|\, v_i$, so each neuron of our model has two **sides**:
# one adds in the direction of $v_i$, the other in the opposite direction.
# (Much of the literature speaks of neurons that are "active" or "not": that is GPT-2's form.)

# %% [markdown]
# ## 3. What a neuron hears
#
# This book began with a talk about AlphaEdit, given at the workshop SNLP 2025 in Japan.
# The talk explains feed-forward layers with a picture of Geva et al.:
# the input is "stay with you for a", and the layer answers "while".
# So let us look for the word "while" in our model.
# Which of its [[=neurons:,]] neurons *hears* it?
#
# We need contexts that end in " while", and others that end in just any word.
# We split both in two halves: the first for searching, the second for checking.
# That matters: the best of so many candidates always looks good on the data it was chosen by.


# %%
def contexts_ending_in(pattern, texts, number):
    """Pieces of Wikipedia that end in the pattern, one from a text."""
    # 20 to 70 characters of one sentence, a space, the pattern, a space
    wanted = re.compile(rf"[^.\n]{{20,70}}[ ]{pattern}(?= )")
    found = (wanted.search(text) for text in texts)
    return [hit.group().strip() for hit in found if hit][:number]


texts = wikipedia_leads("fit")
hearing = contexts_ending_in("while", texts[1000:], 2 * CONTEXTS)
other = contexts_ending_in("[a-z]+", texts[500:1000], 2 * CONTEXTS)
other = [text for text in other if not text.endswith(" while")]
print(hearing[0], "…\n" + other[0], "…")

# %% [markdown]
# Of each context we keep the keys at its last token, of all blocks side by side:
# one row of [[=neurons:,]] coefficients.

# %%
keys_while, keys_other = (
    torch.stack([keys_of(text)[:, -1].flatten() for text in some])
    for some in (hearing, other)
)
print(list(keys_while.shape), list(keys_other.shape))

# %% [markdown]
# ### Exercise 02.3: A score for "hears this pattern" · 10 minutes · ★★
#
# The difference of two means, at the pattern and elsewhere, lets the loudest neurons win. A good score
#
# - is 0 where both means are equal, and keeps the sign of their difference;
# - does not change when all coefficients of a neuron are multiplied by 10;
# - says how surprising the difference is: its unit is how much the neuron varies *elsewhere*.
#
# <details><summary>Hint</summary>
#
# The second property asks for a division; the third says by what.
#
# </details>
#
# <details><summary>More help</summary>
#
# Contexts are rows, so means and standard deviations run along dimension 0: `.mean(0)`, `.std(0)`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 02.3: all properties hold.
# The next cell then finds the neuron.
#
# </details>


# %% exercise="02.3"
def selectivity(pattern, rest):
    """Scores of all neurons, [d]: pattern is [m, d], rest is [n, d]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return (pattern.mean(0) - rest.mean(0)) / rest.std(0)
    # END SOLUTION


selectivity = chapter.check("02.3", selectivity)

# %%
chapter.predict(
    "b",
    "How far from its usual coefficient is the best neuron at 'while', in "
    "standard deviations, on new contexts?",
    [
        "less than 6: single neurons are never that clear",
        "6 to 20",
        "more than 20",
    ],
)

# %%
search = selectivity(keys_while[:CONTEXTS], keys_other[:CONTEXTS])
check = selectivity(keys_while[CONTEXTS:], keys_other[CONTEXTS:])
for i in search.abs().topk(3).indices.tolist():
    place = divmod(i, lm.d_ff)  # (block, neuron)
    print(f"{place}: {search[i]:+.0f} in the search, {check[i]:+.0f} anew")

i = int(search.abs().argmax())
hears, best = divmod(i, lm.d_ff), float(check[i].abs())
chapter.reveal("b", sum(best >= bound for bound in (6, 20)))
groups = {
    "other words": keys_other[CONTEXTS:, i],
    "while": keys_while[CONTEXTS:, i],
}
title = "block {}, neuron {}".format(*hears)
show(*draw.strip_figure(groups, title), name="02_while")

# %% [markdown]
# **How to read it.** Each mark is a new context, one that took no part in the search.
# At "while" this neuron's coefficient is [[=float(groups['while'].mean()):.1f]] on average, elsewhere almost zero.
# It hears "while" with its *negative* side.
#
# Does it hear only that?
# Geva et al. read a lot of text, and look at the places where a neuron's coefficient is largest: its **triggers**.
# We do it for this neuron, with the beginnings of fifty articles.

# %%
found = []
for text in texts[:50]:
    tokens = tokenizer(text[:200])["input_ids"]
    coefficients = keys_of(text[:200])[hears[0], :, hears[1]].tolist()
    for n in range(1, len(tokens)):  # the first token has no context
        before = tokenizer.decode(tokens[max(0, n - 8) : n])
        found.append((coefficients[n], before, tokenizer.decode(tokens[n])))
for value, before, trigger in sorted(found, key=lambda x: -abs(x[0]))[:6]:
    print(f"{value:+.1f} …{before} [{trigger.strip()}]")

# %% [markdown]
# The token in brackets is the trigger; the neuron sees it and what stands before it.
# "While" is there, and so are other places of *contrast*, such as "in comparison".
# A score finds what we asked for; reading shows what else there is.
#
# ## 4. What a neuron says
#
# Nobody can read the 576 numbers of a value $v_i$.
# But at the end of the model, h is turned into **logits**, a score for each token:
# a norm scales h, then a matrix maps it to the vocabulary.
# We multiply that matrix by the norm's fixed weights, and call the result E.
# The norm also multiplies h by one number s > 0, which depends on h. Then
#
# $$ \text{logits} = s \, E\, h \tag{2.4} $$
#
# In words: each row of E is the direction of one token, and its logit says how far h points that way.
# We may ask the same of each part of h.
# $E\, v_i$ says which tokens a neuron pushes up if its coefficient is positive,
# and $-E\, v_i$ which ones if it is negative.

# %%
E = model.lm_head.weight * model.model.norm.weight  # [49152, 576]


def says(place, sign, number=6):
    """The tokens that one side of a neuron pushes up most."""
    block, neuron = place
    scores = sign * (E @ lm.weight(block)[:, neuron])
    return [tokenizer.decode([i]) for i in scores.topk(number).indices]


print(f"{hears}, negative side, says:", says(hears, -1))

# %% [markdown]
# The neuron that hears "while" says nothing that we can read.
# (Such lists often hold rare tokens and pieces of words.)
# Perhaps its value is meant for later blocks, and not for the vocabulary.
#
# So who *says* "while"?
# We compare the direction of " while" with all values, without reading any text.
# Two vectors that point the same way have the cosine 1; at a right angle it is 0.


# %%
def token(word):
    """The number of a word that is a single token."""
    (only,) = tokenizer(word)["input_ids"]
    return only


r = E[token(" while")] - E.mean(0)  # above the average token
cosines = []
for n in blocks:
    V = lm.weight(n)  # one value in each column
    cosines.append(r @ V / (r.norm() * V.norm(dim=0)))
cosines = torch.cat(cosines)
for i in cosines.abs().topk(3).indices.tolist():
    place, sign = divmod(i, lm.d_ff), 1 if cosines[i] > 0 else -1
    print(f"{place}: cosine {cosines[i]:+.2f}, says", says(place, sign))

# %% [markdown]
# Here they are, in the last blocks, and all three say it with their negative side.
# They are not the neuron that hears it.
# **These are two different jobs: some neurons hear, others say.**
# [The laboratory](lab/02_key_value_memory.ipynb) reads the triggers of the second one:
# many are commas, after which "while" could follow.
# It also asks whether neurons say what follows their triggers:
# a few do, mostly in the last third of the blocks.
#
# ## 5. How neurons build one answer
#
# Now our question, "Lower Assam is located in the country of".
# The model answers " India".
# Where does this come from?
#
# A logit alone says little; what counts is its height above the others.
# Let r from now on be s times (the direction of " India" minus the mean of all directions).
# By (2.4), $r^\top h$ is the height of the logit of " India" above the average logit.
# And h is a sum of everything that was added, so
#
# $$ r^\top h \;=\; r^\top \text{embedding} \;+\; \sum_{\text{blocks}} r^\top \text{attention}
# \;+\; \sum_{\text{blocks}} \sum_i k_i \, r^\top v_i . \tag{2.5} $$
#
# In words: the height is the sum of what the embedding, all attentions and all [[=neurons:,]] neurons add to it.
# Nothing is left over.
#
# To see the parts, we need h at the last token between the blocks; the last one takes a hook.


# %%
def stream_of(text):
    """h at the last token: before each block, and at the end, [31, 576]."""
    end, norm = [], model.model.norm
    hook = norm.register_forward_pre_hook(lambda _, x: end.append(x[0]))
    inputs = tokenizer(text, return_tensors="pt").to(lm.device)
    out = model(**inputs, output_hidden_states=True)
    hook.remove()
    return torch.stack([h[0, -1] for h in (*out.hidden_states[:-1], end[0])])


# %% [markdown]
# Now all three parts of (2.5):

# %%
h, key = stream_of(fact.prompt), keys[:, -1]
s = 1 / h[-1].square().mean().sqrt()  # what the norm does
p = (s * E @ h[-1]).softmax(0)
india = token(fact.true)
print({tokenizer.decode([i]): f"{p[i]:.2f}" for i in p.topk(3).indices})

r = s * (E[india] - E.mean(0))
wrote = torch.stack([lm.weight(n) @ key[n] for n in blocks])  # W k
attention = h[1:] - h[:-1] - wrote  # the rest of what a block adds
parts = h[0] @ r, (attention @ r).sum(), (wrote @ r).sum()
print("embedding {:.1f}, attention {:.1f}, neurons {:.1f}".format(*parts))
print(f"together {sum(parts):.1f}, and rᵀh is {h[-1] @ r:.1f}")
title = "' India' above the average token"
show(*draw.parts_figure({title: (attention @ r, wrote @ r)}), name="02_india")

# %% [markdown]
# **How to read it.** Each bar is what one half of one block adds to the height of " India".
#
# Almost everything happens in the last third of the blocks,
# and in the end attention and neurons have added about the same.
# Attention adds most in block [[=int((attention @ r).argmax())]].
# The last token is " of", and what the model knows about Lower Assam stands at another token;
# only attention can bring it here.
# Chapter 3 follows that track.
# Here we stay with the neurons.
#
# ### Exercise 02.4: What each neuron adds · 8 minutes · ★★
#
# For one layer, with key k, matrix W and direction r: what does each neuron add to $r^\top (W k)$?
# Return all summands at once, one for each neuron.
#
# <details><summary>Hint</summary>
#
# The likely mistakes: only the values (the coefficient is missing), or the sum instead of its summands.
#
# </details>
#
# <details><summary>More help</summary>
#
# All products of r with the columns of W are one vector times one matrix.
# Which of the two stands on the left?
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 02.4: all properties hold.
# The next cell says whether the parts add up to the whole.
#
# </details>


# %% exercise="02.4"
def contributions(key, weight, direction):
    """What each neuron adds, [d_ff], to direction · (W k).
    key: [d_ff], weight: [d_model, d_ff], direction: [d_model]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return key * (direction @ weight)
    # END SOLUTION


contributions = chapter.check("02.4", contributions)

# %%
chapter.predict(
    "c",
    "Some neurons add to the logit of ' India', some take away. How many of "
    "the supporters does it take to reach half of what all supporters add?",
    ["about 10", "about 100", "about 1,000", "about 10,000"],
)

# %%
added = torch.stack([contributions(key[n], lm.weight(n), r) for n in blocks])
print(f"all neurons: {added.sum():.2f}, all layers: {parts[2]:.2f}")
ordered, order = added.flatten().sort(descending=True)
support, against = ordered.clamp_min(0).sum(), ordered.clamp_max(0).sum()
half = 1 + int((ordered.clamp_min(0).cumsum(0) < support / 2).sum())
chapter.reveal("c", sum(half > bound for bound in (30, 300, 3000)))
ranking = [divmod(i, lm.d_ff) for i in order.tolist()]  # (block, neuron)
for place in ranking[:5] + ranking[-2:]:
    k_i = float(key[place])
    what = f"{added[place]:+.2f} (coefficient {k_i:+.0f}), says"
    print(place, what, says(place, 1 if k_i > 0 else -1, 5))

# %% [markdown]
# The sum is a fight. The supporters add [[=support:.0f]], and the opponents take [[=-against:.0f]] away.
# What the neurons say in the end is the small difference.
# It takes [[=round(half, -2):,]] neurons to reach half of the support.
#
# Most of the strongest supporters have words that we cannot read.
# In these lists only the third neuron, [[=ranking[2] ]], has a word that fits: " Indian".
#
# ## 6. One neuron off
#
# Is [[=ranking[2] ]] the neuron that stores our fact?
# A contribution is arithmetic; it does not tell what *happens* without the neuron.
# But we can try: a hook multiplies its coefficient by zero, and the model runs on.


# %%
def logits_with(places, factor=0.0, prompt=fact.prompt):
    """Logits with some coefficients multiplied, at the last token."""
    hooks = []
    for block, neuron in places:

        def change(module, inputs, neuron=neuron):
            k = inputs[0].clone()
            k[0, -1, neuron] *= factor
            return (k,)

        down = lm.down_projection(block)
        hooks.append(down.register_forward_pre_hook(change))
    inputs = tokenizer(prompt, return_tensors="pt").to(lm.device)
    out = model(**inputs, use_cache=False)
    for hook in hooks:
        hook.remove()
    return out.logits[0, -1]


# %%
chapter.predict(
    "d",
    f"We switch off {ranking[2]}, the one that says ' Indian'. What becomes "
    f"of P(' India'), which is {p[india]:.2f}?",
    ["it stays above 0.4", "between 0.2 and 0.4", "below 0.2"],
)

# %%
indian, p_india = [ranking[2]], float(p[india])
one_off = float(logits_with(indian).softmax(0)[india])
print(f"on {p_india:.2f}, off {one_off:.2f}")
chapter.reveal("d", 0 if one_off > 0.4 else 1 if one_off > 0.2 else 2)

# %% [markdown]
# The neuron with the right word does not decide.
# So we switch off many: the strongest supporters, and as many random neurons.

# %%
counts = [1, 2, 5, 10, 20, 50, 100, 200]
torch.manual_seed(0)
dice = [divmod(int(i), lm.d_ff) for i in torch.randperm(neurons)]
curves = {}
for name, places in {"strongest": ranking, "random": dice}.items():
    off = [logits_with(places[:n]) for n in counts]
    curves[name] = [float(some.softmax(0)[india]) for some in off]
show(*draw.off_figure(curves, counts, "' India'"), name="02_off")

# %% [markdown]
# **How to read it.** Each curve is P(" India") as more and more neurons are off.
#
# With ten supporters off, " India" is almost gone ([[=curves['strongest'][3]:.2f]]).
# Two hundred random ones hardly matter ([[=curves['random'][7]:.2f]]).
# So do these ten hold our fact?
# We ask other questions, with the same ten off.

# %%
asked = {
    "Rajasthan is located in the country of": " India",
    "Hokkaido is located in the country of": " Japan",
    "The capital of France is": " Paris",
    "The opposite of hot is": " cold",
}
cases, others = {"all on": [], "one off": indian, "ten off": ranking[:10]}, {}
for prompt, word in asked.items():
    others[prompt + word] = {
        name: f"{logits_with(off, 0.0, prompt).softmax(0)[token(word)]:.2f}"
        for name, off in cases.items()
    }
    print(prompt + word, others[prompt + word])
rajasthan, hot = (others[text] for text in list(others)[::3])

# %% [markdown]
# "One off" is the neuron that says " Indian".
# Without it, Rajasthan's " India" even *rises*, from [[=rajasthan['all on'] ]] to [[=rajasthan['one off'] ]].
# With the ten off, other answers fall, too:
# even "cold", which has nothing to do with a country, falls to [[=hot['ten off'] ]].
# Each neuron serves many facts, and each fact uses many neurons.
# Who switches neurons changes many facts at once.
#
# That is why editing methods do not switch neurons.
# They write a new answer into W, for a *whole* key k,
# and leave the answers to other keys alone as far as they can (chapters 4 to 8).
#
# ### Exercise 02.5: On paper: turn one neuron up until the answer changes · 7 minutes · ★★
#
# After our prompt, " India" leads by a `gap` in logits before " Bangladesh".
# A neuron of the *last* block adds `contribution` to the logit of " Bangladesh" minus the logit of " India".
# By which factor must its coefficient be multiplied so that the two are equal?
# (Multiply only this coefficient.)
#
# <details><summary>Hint</summary>
#
# At factor 1 nothing changes.
# So what is added to the difference is not factor · contribution.
#
# </details>
#
# <details><summary>More help</summary>
#
# At factor f the neuron adds f · contribution instead of 1 · contribution.
# The change must be the gap.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 02.5: all properties hold.
# Then the difference of the two logits just below your factor and just above it.
#
# </details>


# %% exercise="02.5"
def needed_factor(gap, contribution):
    """The factor for one coefficient that closes a gap > 0;
    contribution ≠ 0 is what the neuron adds at factor 1."""
    # BEGIN SOLUTION
    # STUB return None  # your formula here
    return 1 + gap / contribution
    # END SOLUTION


needed_factor = chapter.check("02.5", needed_factor)

# %%
rival, last = token(" Bangladesh"), lm.n_layers - 1
towards = contributions(key[last], lm.weight(last), s * (E[rival] - E[india]))
loudest = int(towards.argmax())
gap = float(s * (E[india] - E[rival]) @ h[-1])
factor = needed_factor(gap, float(towards[loudest]))
for f in (0.98 * factor, 1.02 * factor):
    logits = logits_with([(last, loudest)], f)
    print(f"factor {f:.2f}: {logits[india] - logits[rival]:+.3f}")

# %% [markdown]
# Your formula from paper hits the point at which two answers change places.
# It is exact in the last block only: after any earlier one, later blocks react.
# How strongly they do is our last experiment.
#
# ## Break it: promised and happened
#
# For each block, we take the neuron that adds most to " India" and switch it off.
# Arithmetic promises that the height of the logit falls by just what the neuron added.

# %%
strongest = added.argmax(1).tolist()
promised = [-float(added[n, i]) for n, i in enumerate(strongest)]
happened = []
for n, i in enumerate(strongest):
    logits = logits_with([(n, i)])
    happened.append(float(logits[india] - logits.mean() - h[-1] @ r))
show(*draw.promised_figure(promised, happened), name="02_promised")

# %% [markdown]
# **How to read it.** For each block, the circle is what (2.5) promises, the cross what happened.
#
# **What surprised us.**
# How little the words and the numbers of a single neuron promise.
# The one of block 25 says " Indian";
# off, it costs [[=-happened[25]:.1f]] instead of the promised [[=-promised[25]:.1f]].
# The one of block 28 is the second strongest of all; without it, " India" *gains* ([[=happened[28]:+.1f]]).
# Later blocks read h, too, and react.
# And another h has another length, which changes s, even after the last block.
#
# So what a neuron says is a hint, and a contribution is exact arithmetic about *this* run.
# Neither is a measurement of what the neuron does. To measure, switch.

# %% [markdown] tags=["instructor"]
# **Common mistakes.** Students read "key" as attention's key for a long time:
# ask them to point at k in the diagram before section 2.
# In exercise 02.3 about half divide by the standard deviation at the pattern.
# Many take the negative coefficient for a bug.
#
# **To discuss.** (1) Why split the contexts in two?
# (The winner's curse: try it with 3 contexts.)
# (2) Does the detector respond to the *word* or to its *meaning*?
# Let them design the control ("for a while", "whilst", "worthwhile").
# (3) The paper's experts named 3.6 patterns a key.
# Is that evidence for or against "one neuron, one pattern"?
# (4) If ten neurons carry the prediction, why does nobody edit facts by neuron?
# Let two groups argue with the table of other questions.
# (5) Why do random neurons not matter?
# (Most coefficients are small at any one token, and their signs are random.)

# %% [markdown]
# ## What the laboratory adds
#
# [Laboratory 2](lab/02_key_value_memory.ipynb) has the triggers of *all* neurons;
# how much of the "while" neuron is chance; and the same sum for " Paris", with a control.

# %% [markdown]
# ## Paper ↔ code
#
# | in the paper | in words | here |
# |---|---|---|
# | Geva et al. 2021, $FF(x) = f(x K^\top)\, V$ | the feed-forward layer as a memory; their rows of $K$ ask, their rows of $V$ answer | `lm.down_projection(n)`: its input is our k, its weight our W |
# | trigger examples | where a neuron's coefficient is largest | section 3; of all neurons: `book/kit/neurons.py` |
# | $v_i E$ | a value as scores for tokens | `says`; in the package `book/kit/tracing.py`, `speaks` |
# | [Geva et al. 2022](https://arxiv.org/abs/2203.14680): sub-updates $m_i v_i$ | the hidden state as a sum, each summand promotes tokens | `contributions` |
# | ROME, MEMIT, AlphaEdit: $k$ at the subject's last token | the whole key, the input of W | `alphaedit_lite/keys.py` (chapter 4 on) |
#
# Geva's papers write vectors as rows, so their $V$ is our W transposed.
# In this package `lm.weight(n)` always has the shape d_model × d_ff,
# also for GPT-2, which stores it the other way round.

# %% [markdown]
# ## Keypoints
#
# * A block adds to the hidden state twice.
#   The second time it adds W k: the columns of W, the values, mixed by the coefficients in the key k.
# * In the gated form a coefficient has a sign, so each neuron has two sides.
#   At the token that we looked at, half of the coefficients are negative.
# * Some neurons hear (their triggers have a clear pattern), others say (their values have readable words).
# * A logit is a sum over all that was added, exactly.
#   But it is a fight of thousands of small contributions.
# * Switching is the test.
#   It shows that neurons are shared by many facts; so editing writes to a key, not to a neuron.

# %% [markdown]
# ## Quiz
#
# **1. What does this book call the key of a feed-forward layer?**
#
# <details><summary>A. The vector that attention compares with the query.</summary>
# No. That is attention's key: another matrix, another job.
# The feed-forward layer never looks at other tokens.
# </details>
# <details><summary>B. The input of the matrix W at one token: d_ff coefficients.</summary>
# <b>Yes.</b> It is what W is asked, and W k is what it answers.
# </details>
# <details><summary>C. Column i of W.</summary>
# No. That is the value of neuron i: what is added if its coefficient is 1.
# </details>
#
# **2. A neuron's strongest positive triggers have nothing in common.
# May we conclude that it is useless?**
#
# <details><summary>A. Yes: it has no pattern.</summary>
# No. In the gated form half of its work is done with negative coefficients: look at the other side, too.
# </details>
# <details><summary>B. No: its negative side may have a pattern,
# it may hold several meanings, or it may serve later blocks.</summary>
# <b>Yes.</b> The neuron that hears "while" would have been missed by everyone who looks at positive coefficients.
# </details>
#
# **3. Ten neurons off, and P(" India") falls to almost nothing.
# Do these neurons store the country of Lower Assam?**
#
# <details><summary>A. Yes: without them the model forgets it.</summary>
# Look again at the other questions: their answers depend on these neurons as well.
# </details>
# <details><summary>B. No: they help many answers.</summary>
# <b>Yes.</b> Necessary for an answer is not the same as storing it.
# </details>
#
# **Further reading**
#
# * Geva et al., [Transformer Feed-Forward Layers Are Key-Value Memories](https://arxiv.org/abs/2012.14913) (2021):
#   the idea of this chapter, with experts naming the patterns.
# * Geva et al., [Feed-Forward Layers Build Predictions by Promoting Concepts in the Vocabulary Space](https://arxiv.org/abs/2203.14680)
#   (2022): the sum of section 5, used to make GPT-2 less toxic, and to stop computing early.
# * Shazeer, [GLU Variants Improve Transformer](https://arxiv.org/abs/2002.05202) (2020):
#   where the gated form comes from.
#   Four pages, and refreshingly honest about why it works.
#
# **Next:** chapter 3 asks *where* in the model a fact is looked up,
# by breaking the input and repairing single places.
#
# *The Wikipedia excerpts shown in this chapter are
# under [CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/);
# they come from the lead paragraphs of English Wikipedia.*

# %%
chapter.report()
