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
# *To read: 40 minutes. To do the exercises: 45 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter:** you will open the blocks of a language model,
# find the memory that *hears* the word "while" and the memory that *says* it,
# watch [[=neurons:,]] neurons add up to " Paris", and switch some of them off.

# %% [markdown]
# > **After this chapter you can**
# > * *draw* a block of a transformer, and *point* at the matrix that every later chapter edits,
# > * *find out* what triggers a neuron and what its value promotes,
# > * *take* a prediction *apart* into the contributions of single memories, and *check* that the parts add up,
# > * *test* a claim like "this neuron stores that fact", and *explain* what can be wrong with it.
# >
# > **You need** [chapter 0](00_demo.ipynb), matrix times vector, and to have seen PyTorch once.
# >
# > **It costs** the model and the text of chapter 0 (in your cache already if you ran it), and about 2 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: only numbers change between a laptop and a large machine.
import re

import torch

from alphaedit_lite import load_model
from alphaedit_lite.book.ch02.widgets import NeuronBrowser, show_neurons
from alphaedit_lite.book.kit import plots
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.neurons import last_keys, loudness, triggers
from alphaedit_lite.book.kit.tracing import speaks, switched, trace, unembedding
from alphaedit_lite.hooks import hooked
from alphaedit_lite.support.texts import wikipedia_leads

chapter = Chapter("02")
lm = load_model()
TOKENS, CONTEXTS = 5000, 30  # of Wikipedia to read; sentences with and without "while"
PROMPT = "The capital of France is"
neurons = lm.n_layers * lm.d_ff

# %% [markdown]
# ## Before you start
#
# 1. Chapter 0 changed a fact by adding a small matrix Δ.
#    To which matrices, and to how many?
# 2. How did chapter 0 ask the model for a fact?
#
# <details><summary>Answers</summary>
# 1. To the matrix at the end of the feed-forward layer, in five of the blocks.
# We called it W. This chapter says why it can be called a memory.<br> 2.
# With a prompt that ends where the answer begins ("The capital of France is");
# then we read the probability of the next token.
# </details>

# %% [markdown]
# ## 1. One block, and what we call key and value
#
# A language model like ours carries one vector for each token:
# the **hidden state** $h$, of $d_{model}$ = [[=lm.d_model]] numbers.
# It starts as the token's embedding.
# Then [[=lm.n_layers]] blocks work on it, one after the other.
# A block never replaces $h$.
# It *adds* to it, twice: first its attention adds something, then its feed-forward layer.
# Each first takes a copy $x$ of $h$ brought to a standard length (the **norm**).
# So people call $h$ the **residual stream**: everything that was added is still in it.
# (In the figure, $W_{gate}$ and $W_{up}$ are two more matrices; (2.2) says what they do.)

# %%
orange, blue, grey = plots.COLORS[1], "#9ec9e8", "#dddddd"
boxes = [  # x, y, text, colour
    (1.0, 0.3, "hidden state $h$\n$d_{model}$ numbers for each token", "white"),
    (4.5, 1.5, "attention: mixes tokens\n(its own K and V are not ours)", "white"),
    (4.5, 3.6, "norm, then $W_{gate}$ and $W_{up}$:\n$d_{ff}$ questions about $x$", grey),
    (4.5, 4.8, "the key $k$: $d_{ff}$ coefficients\n$k_1, k_2, \\ldots$ (one for each neuron)", orange),
    (4.5, 6.0, "$W$, the memory matrix:\nits column $i$ is the value $v_i$", blue),
    (1.0, 7.4, "new $h$", "white"),
]
arrows = [((1, 0.7), (1, 7.1)), ((1.0, 1.5), (3.2, 1.5)), ((3.2, 1.85), (1.05, 2.4)), ((1, 3.6), (3.3, 3.6))]
arrows += [((4.5, 3.95), (4.5, 4.42)), ((4.5, 5.15), (4.5, 5.62)), ((3.3, 6.0), (1.05, 6.0))]
notes = [(6.6, 1.5, "first half"), (6.6, 4.8, "second half:\nfeed-forward layer"), (1.6, 6.25, "adds $W k$")]
with plots.drawing(size=(6.4, 4.2)) as (figure, axis):
    for x, y, text, color in boxes:
        style = {"boxstyle": "round,pad=0.5", "facecolor": color, "edgecolor": "black"}
        axis.text(x, y, text, ha="center", va="center", fontsize=8, bbox=style)
    for start, end in arrows:
        axis.annotate("", end, start, arrowprops={"arrowstyle": "->"})
    for x, y, text in notes:
        axis.text(x, y, text, fontsize=9, va="center", style="italic")
    axis.set(xlim=(-0.6, 8.2), ylim=(-0.2, 7.9), xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
alt = f"A block as boxes. {'; '.join(text for _, _, text, _ in boxes)}. Both halves add to the hidden state."
plots.show(figure, alt.replace("\n", " "), name="02_block")

# %% [markdown]
# Follow the right-hand column from below.
# The feed-forward layer looks at one token at a time.
# It computes a vector $k$ of $d_{ff}$ = [[=lm.d_ff]] numbers, and multiplies it with the matrix $W$:
#
# $$ h \;\leftarrow\; h + W k, \qquad W k \;=\; k_1 v_1 + k_2 v_2 + \dots + k_{d_{ff}} v_{d_{ff}} \tag{2.1} $$
#
# In words: a matrix times a vector is a sum of the matrix's columns, each multiplied by one entry of the vector.
# The left side is how the computer does it, the right side is how we shall read it.
# Each column $v_i$ is something that can be added to $h$.
# Each $k_i$ says how much of it is added now.
# One such pair is a **neuron**, or a **memory**:
# $k_i$ is its coefficient, $v_i$ its value.
# Our model has [[=lm.n_layers]] × [[=lm.d_ff]] = [[=neurons:,]] of them.
#
# **Three things are called "key".**
# Keep them apart, because the literature does not.
#
# | who | key | value |
# |---|---|---|
# | attention | a vector for each earlier token, compared with a query | a vector for each earlier token, mixed by how well the keys fit |
# | [Geva et al. 2021](https://arxiv.org/abs/2012.14913) | row $i$ of the matrix *before* the activation: the pattern that neuron $i$ waits for | column $i$ of $W$: our $v_i$ |
# | ROME, MEMIT, AlphaEdit, **this book** | the whole vector $k$ at one token | what is read with it: $v = W k$ |
#
# The last two agree where it matters.
# A key that wakes neuron $i$ alone, with coefficient 1, reads $W k = v_i$.
# A real key wakes many neurons, and reads a mixture.
#
# Is (2.1) what our model really computes?
# We run one prompt, and take its last token's stream apart.
# `trace` notes the keys and everything that was added.

# %%
step = trace(lm, PROMPT)
W, k = lm.weight(20), step.keys[20]
total = step.embedding + step.attention.sum(0) + step.feed_forward.sum(0)
print("block 20: W is", list(W.shape), "and k is", list(k.shape))
print("W k is what its feed-forward layer added:", torch.allclose(W @ k, step.feed_forward[20], atol=1e-3))
print("the sum of the columns is the same:      ", torch.allclose((W * k).sum(1), W @ k, atol=1e-3))
print("embedding + all that was added = last h: ", torch.allclose(total, step.hidden, atol=1e-2))

# %% [markdown]
# ### The old form and the gated form
#
# How does a layer compute its key from its input $x$ (the hidden state after a norm)?
# GPT-2 does it with one matrix, newer models, like Llama and ours, with two
# (the [gated form](https://arxiv.org/abs/2002.05202), called SwiGLU):
#
# $$ \text{GPT-2:}\quad k = \mathrm{gelu}(W_{in}\, x + b) \qquad\qquad
# \text{gated:}\quad k = \mathrm{silu}(W_{gate}\, x) \odot (W_{up}\, x) \tag{2.2} $$
#
# In words: in GPT-2's form each row of $W_{in}$ is one question about $x$,
# and gelu lets a clear "yes" pass and shuts the door for "no" (see the figure below).
# In the gated form there are two questions for each neuron.
# One opens the door (silu(a) = a · sigmoid(a) has almost the shape of gelu).
# The other says *how much* comes through, and *with which sign*; ⊙ multiplies entry by entry.

# %% [markdown]
# ### Exercise 02.1: On paper: how much of a block is memory? · 5 minutes · ★
#
# In the gated form (2.2) the feed-forward layer has three matrices of $d_{model} \cdot d_{ff}$ entries:
# $W_{gate}$, $W_{up}$ and $W$.
# Its attention has four: two are $d_{model} \times d_{model}$;
# the two that make the attention's own keys and values have only `kv_share` $\cdot\, d_{model}$ rows.
# Write the share of a block's entries that are feed-forward.
#
# <details><summary>Hint</summary>A share is the part divided by the whole,
# and the whole is feed-forward plus attention.</details>
# <details><summary>More help</summary>Attention: 2·d·d + 2·kv_share·d·d.
# (The norms have so few entries that we leave them out.)</details>
# <details><summary>Expected output</summary>A tick, then the share for our model: well above half.</details>


# %% exercise="02.1"
def feed_forward_share(d_model, d_ff, kv_share):
    """The share of a block's matrix entries that belong to its feed-forward layer: a number from 0 to 1."""
    # BEGIN SOLUTION
    # STUB return None  # your formula here
    memories = 3 * d_model * d_ff
    attention = 2 * d_model**2 + 2 * kv_share * d_model**2
    return memories / (memories + attention)
    # END SOLUTION


feed_forward_share = chapter.check("02.1", feed_forward_share)
# Attention works in 9 parallel parts ("heads"), which share 3 sets of keys and values.
print(f"{feed_forward_share(lm.d_model, lm.d_ff, 3 / 9):.0%}")

# %% [markdown]
# So in GPT-2's form a coefficient can be at most a little below zero: the minimum of gelu is [[=lowest:.2f]].
# A memory is either read, or left alone. What about ours?

# %%
chapter.predict(
    "a",
    "At the last token of our prompt, what share of all coefficients is negative in our model (gated form)?",
    ["under 5%: like GPT-2, it reads memories or leaves them alone", "about 25%", "about 50%"],
)

# %%
a = torch.linspace(-6, 6, 601)
lowest = float(torch.nn.functional.gelu(a).min())
share_negative = float((step.keys < 0).float().mean())
with plots.drawing(1, 3, size=(7, 2.6)) as (figure, axes):
    axes[0].plot(a, torch.nn.functional.gelu(a), color="black")
    axes[0].set(title="GPT-2's form: $k_i$ = gelu(a)", xlabel="answer a to the question", ylim=(-6, 6))
    for up, line, color in zip((2, 1, -1, -2), plots.LINES, plots.COLORS, strict=False):
        axes[1].plot(a, up * torch.nn.functional.silu(a), linestyle=line, color=color, label=f"b = {up}")
    axes[1].set(title="gated: $k_i$ = silu(a) · b", xlabel="answer a to the gate's question", ylim=(-6, 6))
    axes[1].legend(frameon=False, fontsize=7)
    axes[2].hist(step.keys[20].numpy(), bins=60, range=(-1, 1), color=plots.COLORS[0])
    axes[2].set(title="block 20 at our prompt", xlabel="coefficient $k_i$ (cut at ±1)", ylabel="neurons")
alt = f"gelu never falls below {lowest:.2f}; silu times b takes both signs. Block 20's coefficients lie "
plots.show(figure, alt + f"evenly around 0; {share_negative:.0%} of all are negative.", name="02_forms")
chapter.reveal("a", 0 if share_negative < 0.15 else 1 if share_negative < 0.38 else 2)

# %% [markdown]
# **What surprised us.**
# At this token, [[=share_negative:.0%]] of the coefficients of all blocks are negative:
# plus and minus are equally common.
# (The histogram leaves out the few beyond ±1; they will matter.)
# A negative coefficient adds $-|k_i|\, v_i$.
# So each neuron of our model has two **sides**:
# it adds in the direction $v_i$ for a positive coefficient, and in the opposite direction for a negative one.
# The two sides can have different triggers.
# Much of the literature speaks of neurons that are "active" or "not"; that is GPT-2's form.
# We shall always look at both sides (2 × [[=neurons:,]] of them).

# %% [markdown]
# ### Exercise 02.2: The gated key · 8 minutes · ★★
#
# Write the right half of (2.2).
# In code, tokens are rows: `x` is n × d_model, and the keys that come out are n × d_ff.
#
# <details><summary>Hint</summary>With tokens as rows,
# a matrix is applied from the right and transposed: <code>x @ gate.T</code>.
# The likely mistake is to wrap silu around too much.</details>
# <details><summary>More help</summary><code>torch.nn.functional.silu(…)</code> around the gate's part only,
# then <code>*</code>, then the up part.</details>
# <details><summary>Expected output</summary>A tick;
# then the next cell says whether these are our model's own keys in block 20.</details>


# %% exercise="02.2"
def gated_key(x, gate, up):
    """Keys of a gated layer: x is [n, d_model], gate and up are [d_ff, d_model]; returns [n, d_ff]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return torch.nn.functional.silu(x @ gate.T) * (x @ up.T)
    # END SOLUTION


gated_key = chapter.check("02.2", gated_key)

# %% [markdown]
# Is it what the model computes?
# We catch the input of block 20's feed-forward layer with a *hook*:
# a function that PyTorch calls whenever data pass through a module.
# `hooked` hangs it up and takes it down again.

# %%
layer, seen_x = lm.block(20).mlp, []
with hooked(inputs={layer.gate_proj: seen_x.append}):
    trace(lm, PROMPT)
mine = gated_key(seen_x[0][0].detach(), layer.gate_proj.weight.detach(), layer.up_proj.weight.detach())
print("your keys are the model's keys:", torch.allclose(mine[-1], step.keys[20], atol=1e-4))

# %% [markdown]
# ## 2. What wakes a memory
#
# To learn what a neuron waits for, Geva et al. did the obvious thing.
# They let the model read a lot of text, and noted where each neuron's coefficient was largest: its **triggers**.
# Then people looked for what these triggers have in common.
#
# We do the same, on a small scale: [[=read:,]] tokens of English Wikipedia.
# For each of the [[=neurons:,]] neurons we keep the 8 most positive and the 8 most negative coefficients.
# (The first token of a text does not count: it has no context, and models often use it as a kind of waste bin.)

# %%
texts = wikipedia_leads("fit")
seen = triggers(lm, texts, tokens=TOKENS, k=8, longest=48)
E = unembedding(lm)  # explained in section 3
read = round(len(seen.ids), -2)
show_neurons(lm, seen, E, [(22, 916)], contexts=6)

# %% [markdown]
# This card is the microscope of the chapter.
# On top are the strongest positive triggers, below the strongest negative ones.
# The token in brackets is the one at which the coefficient was read;
# the neuron has seen it and everything before it, but not what follows →.
# (Lines "says" come in section 3: the words that this side pushes.
# Such lists begin with junk; that is normal.
# A negative coefficient turns the value round, so the two sides have different lists.)
#
# **Name the pattern.**
# Cover the line "says".
# What do the positive triggers share?
# And how much weaker is the negative side?
#
# <details><summary>Our name</summary>
# Sentences about cities, at places where a fact about the city is about to come (its size, its rank, its population).
# The negative side is many times weaker, and we see no pattern in it:
# a neuron that uses only one of its two sides.
# Your name may differ from ours.
# That is the weak point of the method: people find patterns easily.
# </details>
#
# ### The neuron that hears "while"
#
# Reading triggers is slow, and it makes us see what we want to see.
# So let us turn the search round: choose the pattern first, and ask *all* neurons about it.
# Our pattern: the text so far ends in " while".
#
# We need contexts that end in " while", and others that end in just any word.
# We split both in two halves.
# The first half is for searching, the second for checking.
# That matters: the best of [[=neurons:,]] candidates always looks good on the data it was chosen by.

# %%
chapter.predict(
    "b",
    "How far (in standard deviations) is the best neuron from its usual coefficient at 'while', on new contexts?",
    ["less than 6: single neurons are never that clear", "6 to 20", "more than 20"],
)


# %%
def contexts_ending_in(pattern, texts, number):
    """Pieces of Wikipedia (CC BY-SA 4.0) that end in the pattern, one from a text."""
    # 20 to 70 characters of one sentence, a space, the pattern; and a space must follow
    found = (re.search(rf"[^.\n]{{20,70}}[ ]{pattern}(?= )", text) for text in texts)
    return [hit.group().strip() for hit in found if hit][:number]


hearing = contexts_ending_in("while", texts[1000:], 2 * CONTEXTS)
other = contexts_ending_in("[a-z]+", texts[500:1000], 2 * CONTEXTS)
other = [text for text in other if not text.endswith(" while")]
print(hearing[0], "…\n" + other[0], "…")
keys_while, keys_other = last_keys(lm, hearing), last_keys(lm, other)
print("keys at the last token:", list(keys_while.shape), "(contexts, blocks, neurons)")

# %% [markdown]
# ### Exercise 02.3: A score for "wakes at this pattern" · 10 minutes · ★★
#
# Write a score for each neuron: how far is its mean coefficient at the pattern from its mean elsewhere,
# measured in the neuron's own unit, the standard deviation of its coefficients elsewhere?
#
# $$ s_i = \frac{\text{mean of } k_i \text{ at the pattern} - \text{mean of } k_i \text{ elsewhere}}{\text{standard deviation of } k_i \text{ elsewhere}} \tag{2.3} $$
#
# <details><summary>Hint</summary>Without the division, neurons that are loud everywhere win.
# And keep the sign: a neuron may hear "while" with a negative coefficient.</details>
# <details><summary>More help</summary>Contexts are rows,
# so average along dimension 0: <code>pattern.mean(0)</code>, <code>rest.std(0)</code>.</details>
# <details><summary>Expected output</summary>A tick; the next cell then finds the neuron.</details>


# %% exercise="02.3"
def selectivity(pattern, rest):
    """Scores s of equation (2.3): pattern is [m, d], rest is [n, d], one column for each neuron; returns [d]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return (pattern.mean(0) - rest.mean(0)) / rest.std(0)
    # END SOLUTION


selectivity = chapter.check("02.3", selectivity)

# %%
search = selectivity(keys_while[:CONTEXTS].flatten(1), keys_other[:CONTEXTS].flatten(1))
check = selectivity(keys_while[CONTEXTS:].flatten(1), keys_other[CONTEXTS:].flatten(1))
hears = divmod(int(search.abs().argmax()), lm.d_ff)  # from a place in the flat list to (block, neuron)
for i in search.abs().topk(6).indices.tolist():
    where = "block {}, neuron {}".format(*divmod(i, lm.d_ff))
    print(f"{where}: score {search[i]:+.0f} when searched, {check[i]:+.0f} on new contexts")
mixed = keys_other.flatten(1)[torch.randperm(len(keys_other), generator=torch.Generator().manual_seed(0))]
chance = float(selectivity(mixed[:CONTEXTS], mixed[CONTEXTS:]).abs().max())  # no pattern at all
print(f"the best of all neurons for two random halves of the other contexts: {chance:.0f}")
best_check = float(check[int(search.abs().argmax())].abs())
chapter.reveal("b", 0 if best_check < 6 else 1 if best_check < 20 else 2)
show_neurons(lm, seen, E, [hears, (7, 1447)], contexts=5)

# %% [markdown]
# The score on new contexts is the one to trust, because nobody chose the neuron by it.
# And a yardstick: split contexts *without* any pattern in two at random,
# and the best of [[=neurons:,]] neurons still scores [[=chance:.0f]].
# Now the winner, context by context, and the best neuron of every other block.

# %%
new_while, new_other = (k[CONTEXTS:][:, hears[0], hears[1]] for k in (keys_while, keys_other))
best = search.view(lm.n_layers, -1).abs().argmax(1)
by_block = check.view(lm.n_layers, -1).gather(1, best[:, None]).abs().flatten()
with plots.drawing(1, 2, size=(7, 2.7)) as (figure, axes):
    for y, (name, values, marker) in enumerate((("other words", new_other, "x"), ("while", new_while, "o"))):
        axes[0].plot(values, torch.full_like(values, y), marker, color=plots.COLORS[y], alpha=0.7)
        axes[0].text(-4.5, y + 0.17, f"contexts that end in: {name}" if y else name, fontsize=8)
    title = f"block {hears[0]}, neuron {hears[1]}, new contexts"
    axes[0].set(yticks=[], ylim=(-0.5, 1.6), xlabel="coefficient", title=title)
    axes[1].bar(range(lm.n_layers), by_block, color=plots.COLORS[0])
    axes[1].set(xlabel="block", ylabel="|score| on new contexts", title="each block's best at 'while'")
alt = f"At 'while' the coefficient lies between {new_while.min():.1f} and {new_while.max():.1f}, elsewhere between "
alt += f"{new_other.min():.1f} and {new_other.max():.1f}. The best neuron of each block scores "
alt += ", ".join(f"{v:.0f}" for v in by_block)
plots.show(figure, alt + " from block 0 to the last.", name="02_while")

# %% [markdown]
# **How to read it.** On the left, each mark is a context that took no part in the search.
# On the right, the neuron that the search chose in each block, scored on those new contexts.
#
# **What surprised us.**
# The neuron with the highest score (block [[=hears[0] ]], neuron [[=hears[1] ]])
# hears "while" with a *negative* coefficient: whoever looks only for large positive activations never finds it.
# At new contexts its coefficient is [[=float(new_while.mean()):.1f]] on average at "while",
# and [[=float(new_other.mean()):.1f]] elsewhere.
# There is not one such neuron but several:
# one in block 0 is nearly as clear, and there are bars above the yardstick up to block 28.
# And the cards show more than we searched for.
# The winner's strongest trigger is not "while" at all, but a comma;
# and it also wakes at other places of *contrast*:
# "This contrasts with", "in comparison".
# The neuron in block 7 listens to the word itself, "while" or "While", and a little to "Although".
# One score, different patterns: only reading shows it.

# %% [markdown] tags=["instructor"]
# **Common mistakes.** Students read "key" as attention's key for a long time:
# ask them to point at $k$ in the diagram before section 2.
# In exercise 02.3 about half divide by the standard deviation at the pattern.
# Many take the negative coefficient for a bug.
#
# **To discuss.** Why split the contexts in two?
# (The winner's curse: try it with 3 contexts.)
# Does the detector respond to the *word* or to its *meaning*?
# Let them design the control ("for a while", "whilst", "worthwhile").
# Is a pattern that needs eight triggers and a human eye a measurement?

# %% [markdown]
# ## 3. What a memory says
#
# The value $v_i$ is a vector of [[=lm.d_model]] numbers, which nobody can read.
# But at the end of the model, the hidden state is turned into scores for all [[=len(E):,]] tokens
# (the **logits**; softmax, e to the power of each divided by the sum of them all, makes them probabilities).
# A norm scales $h$, then a matrix maps it to the vocabulary.
# The norm's fixed weights and that matrix together are our $E$;
# what is left of the norm is one number $s$. Then
#
# $$ \text{logits} = s \cdot E\, h, \qquad\text{so adding } k_i v_i \text{ to } h \text{ adds } s \cdot k_i\, E v_i \tag{2.4} $$
#
# In words: each row of $E$ is one token's direction, and the logit is the product of $h$ with it.
# Because $h$ is a sum, the logit is a sum as well.
# The number $s > 0$ is the norm's scale.
# At one position it is the same for all tokens of the vocabulary, but it depends on $h$:
# the second half of (2.4) holds with $s$ held fixed.
# If $h$ really changes, $s$ moves a little, too.
# So the vector $E v_i$, the **vocabulary projection** of the value,
# says which tokens this memory pushes up if its coefficient is positive, and which if it is negative: $-E v_i$.
# ("Pushes directly", to be exact: what later blocks make of $v_i$ is another matter.
# Keep that in mind until *Break it*.)

# %%
scores = {"hears": E @ lm.weight(hears[0])[:, hears[1]], "city": E @ lm.weight(22)[:, 916]}
print(f"{hears}, negative side says:", speaks(lm, -scores["hears"], 7))
print("(22, 916), positive side says:", speaks(lm, scores["city"], 7))

# %% [markdown]
# The city neuron says city words.
# The neuron that hears "while" says nothing that we can read.
# Perhaps its value is not written for the vocabulary, but for later blocks.
# So who *says* "while"?
# We ask the values of all neurons, without reading any text: how many standard deviations σ
# (of $E v$, over the whole vocabulary) does a value lift " while" above the average token?
# (Where the sign is negative, the list shows what the negative side says: $-E v$.)

# %%
token_while = lm.tokenizer(" while")["input_ids"][0]
loud = loudness(lm, E, token_while)
for i in loud.abs().flatten().topk(5).indices.tolist():
    place = divmod(i, lm.d_ff)
    sign = -1 if loud[place] < 0 else 1
    print(f"{place}: {loud[place]:+.1f} σ  {speaks(lm, E @ lm.weight(place[0])[:, place[1]] * sign, 6)}")
at_while, usual = (float(k[:, 26, 1188].mean()) for k in (keys_while, keys_other))
print(f"(26, 1188): mean coefficient {at_while:+.2f} at 'while', {usual:+.2f} at other words")
show_neurons(lm, seen, E, [(26, 1188)], contexts=5)

# %% [markdown]
# Here are the neurons that *say* "while", all in the last third of the blocks,
# and the loudest of them with negative coefficients.
# Three say it with its relatives "whilst" and "whereas"; the others mix it with "when", "if", "like".
# Look at the negative triggers of the one on the card:
# several are commas, after which the other half of a contrast may follow (not all: " Union", " China").
# At the word "while" itself its mean coefficient is [[=at_while:+.2f]], nothing beside the card's.
# It does not hear the word.
# It wakes at some places where one might say it.
#
# **Two different jobs, then: some neurons hear, others say**, and the sayers of "while" sit in later blocks.
# Geva et al. measured how far the two sides agree:
# is the token that a value says loudest the token that really follows the neuron's strongest trigger?
# We measure two things.
# (1) Their agreement rate.
# (2) A gentler one: how loud (in σ) does the value say the token that really follows?
# To know what chance would give, we also hand each neuron the followers of *another* neuron's triggers.

# %%
chapter.predict(
    "c",
    "In which blocks does a value speak loudest for the token that really follows its triggers?",
    ["blocks 0 to 9", "blocks 10 to 19", "blocks 20 to 27", "blocks 28 and 29, next to the output"],
)

# %%
centred = E - E.mean(0)
covariance = centred.T @ centred / len(E)
torch.manual_seed(0)


def agreement(layer):
    """Mean loudness of the true and of shuffled followers, and both agreement rates, over both sides."""
    rows = []
    for side, sign in enumerate((1, -1)):
        V = sign * lm.weight(layer)
        spread = (V * (covariance @ V)).sum(0).sqrt()
        follows = seen.ids[seen.place[side, layer, :4] + 1]  # [4 triggers, d_ff]
        shuffled = follows[:, torch.randperm(lm.d_ff)]
        z, z0 = ((centred[f] * V.T).sum(-1) / spread for f in (follows, shuffled))
        rates = []
        for f, loud_by in ((follows, z), (shuffled, z0)):
            maybe = (loud_by[0] > 4).nonzero().flatten()  # below, a token is (almost) never the loudest
            rates.append(float(((E @ V[:, maybe]).argmax(0) == f[0, maybe]).sum()) / lm.d_ff)
        rows.append((float(z.mean()), float(z0.mean()), *rates))
    return torch.tensor(rows).mean(0)


says = torch.stack([agreement(layer) for layer in range(lm.n_layers)])
peak, rate, rate_at = int(says[:, 0].argmax()), float(says[:, 2].max()), int(says[:, 2].argmax())
chapter.reveal("c", 0 if peak < 10 else 1 if peak < 20 else 2 if peak < 28 else 3)

# %% [markdown]
# Both measures, block by block.
# (σ is the standard deviation of $E v$ over all tokens of the vocabulary;
# the code gets it from the covariance of the rows of $E$, which is faster and the same.)

# %%
with plots.drawing(1, 2, size=(7, 2.7)) as (figure, axes):
    blocks = range(lm.n_layers)
    axes[0].plot(blocks, says[:, 0], "o-", ms=3, color=plots.COLORS[0], label="token that really follows")
    axes[0].plot(blocks, says[:, 1], "x--", ms=3, color=plots.COLORS[4], label="shuffled (chance)")
    axes[0].set(xlabel="block", ylabel="loudness in σ, mean")
    axes[0].legend(frameon=False, fontsize=7)
    axes[1].bar(blocks, 100 * says[:, 2], color=plots.COLORS[0])
    axes[1].plot(blocks, 100 * says[:, 3], "x--", ms=3, color=plots.COLORS[4])
    axes[1].set(xlabel="block", ylabel="agreement rate in %")
alt = "Mean loudness of the following token by block: " + ", ".join(f"{v:.2f}" for v in says[:, 0])
alt += f". Shuffled: always below {says[:, 1].max():.2f}. Agreement rate: at most {rate:.1%}, in block {rate_at}; "
alt += f"{says[8, 2]:.1%} in block 8; shuffled at most {says[:, 3].max():.2%}."
plots.show(figure, alt, name="02_agreement")
peak_says, last_says = float(says[:, 0].max()), float(says[-1, 0])

# %% [markdown]
# **How to read it.** Left: zero means that the value does not care about the token that follows.
# Right: the share of sides whose loudest token *is* the one that follows their strongest trigger.
# The dashed line is chance in both.
#
# **What surprised us.**
# Not that agreement rises in the upper blocks, as in the paper, up to [[=peak_says:.2f]] σ in block [[=peak]].
# But that it falls again at the very end: in block 29 the mean is [[=last_says:.2f]] σ.
# The last block's values speak, on average, slightly *against* the token that follows their strongest triggers,
# though some still say it loudest of all. We do not know why.
# Nor do we know what makes the bar in block 8 ([[=float(says[8, 2]):.1%]]).
#
# How our numbers stand beside those of Geva et al.:
#
# | | [Geva et al. 2021](https://arxiv.org/abs/2012.14913) (theirs) | here |
# |---|---|---|
# | model | 16 layers, trained on WikiText-103 | SmolLM2-135M-Instruct (GGUF Q4_1, de-quantised), 30 blocks |
# | coefficients | one side (never negative) | both signs, so two sides for each neuron |
# | text | WikiText-103, what the model was trained on | [[=read:,]] tokens of Wikipedia leads |
# | naming | experts looked at 25 triggers of a key; 3.6 patterns a key on average; 65% to 80% of the triggers fit one | we named a few by eye, and searched for one with a score |
# | agreement | near zero in the lower layers, then up to 3.5% in layers 11 to 16 | at most [[=rate:.1%]], in block [[=rate_at]] |
#
# Ours is lower, and several things differ at once: the model, its form, the text.
# We have not tested which of them matters.
# So read the *shape*, not the height.

# %% [markdown]
# ## 4. The sum of memories builds a prediction
#
# Now we put the pieces together, for one prompt: "The capital of France is".
# The model gives " Paris" the probability [[=p_paris:.2f]].
# Where does that come from?
#
# We take the direction of " Paris" minus the average of all tokens, $r = E_{Paris} - \bar E$.
# (A logit alone says little; what counts is by how much it is above the others.)
# By (2.4), the product of $s\,r$ with $h$ is the height of the logit of " Paris" above the average logit.
# It is a sum over everything that was added to $h$:
#
# $$ s\, r^\top h \;=\; s\, r^\top \text{embedding} \;+\; \sum_{\text{blocks}} s\, r^\top \text{attention} \;+\; \sum_{\text{blocks}} \sum_i k_i \,(s\, r^\top v_i) \tag{2.5} $$
#
# In words: the logit's height is what the embedding, all attention layers and all [[=neurons:,]] neurons add to it.
# Nothing is left over.


# %%
def token(word):
    """The id of a word that is a single token; words in the middle of a text begin with a space."""
    (only,) = lm.tokenizer(word)["input_ids"]
    return only


paris = token(" Paris")
capitals = ["London", "Rome", "Berlin", "Madrid", "Tokyo", "Vienna", "Moscow", "Athens", "Lisbon", "Cairo"]
directions = {
    "than the average token": E[paris] - E.mean(0),
    "than ten other capitals": E[paris] - E[[token(" " + word) for word in capitals]].mean(0),
}


def first_choices(logits, number=4):
    """The likeliest next tokens with their probabilities."""
    best = logits.softmax(0).topk(number)
    return {lm.tokenizer.decode([i]): round(float(p), 2) for p, i in zip(*best, strict=True)}


p_paris = float(step.logits.softmax(0)[paris])
print(first_choices(step.logits))

# %% [markdown]
# Two directions, because " Paris" has two kinds of rivals:
# tokens that are no capitals at all, and other capitals.
# For each, we split the sum (2.5) by block, and by attention and feed-forward layer.

# %%
parts = {}
with plots.drawing(1, 2, size=(7, 2.8), sharey=True) as (figure, axes):
    for axis, (name, r) in zip(axes, directions.items(), strict=True):
        attention, memories = step.scale * step.attention @ r, step.scale * step.feed_forward @ r
        parts[name] = (float(attention.sum()), float(memories.sum()))
        x = torch.arange(lm.n_layers)
        axis.bar(x - 0.2, attention, 0.4, color=orange, label="attention")
        axis.bar(x + 0.2, memories, 0.4, color=plots.COLORS[0], hatch="////", label="feed-forward")
        axis.axhline(0, color="black", linewidth=0.6)
        axis.set(xlabel="block", title=f"' Paris' more likely\n{name}")
    axes[0].set_ylabel("added to the logit")
    axes[0].legend(frameon=False, fontsize=7)
alt = " ".join(f"Paris {n}: attention adds {a:.1f}, feed-forward {f:.1f}." for n, (a, f) in parts.items())
plots.show(figure, alt + " Most of it in the last third of the blocks.", name="02_paris")
attention_part, memory_part = parts["than the average token"]
embedding_part = float(step.scale * step.embedding @ directions["than the average token"])
whole_part = attention_part + memory_part + embedding_part
at_capital, last_capital = int(attention.argmax()), float(memories[-2:].sum())  # of the right panel

# %% [markdown]
# **How to read it.** On the left, everything that makes " Paris" more likely than a random token.
# On the right, only what makes it more likely than *other capitals*: the fact itself.
#
# The last token is " is".
# To answer, the model must bring what it knows about France to this place,
# and only attention can carry something from one token to another.
# So attention adds a lot here ([[=attention_part:.1f]] of [[=whole_part:.1f]],
# against [[=memory_part:.1f]] from the neurons; the embedding adds only [[=embedding_part:.1f]], and is not drawn).
# In the right panel, too, attention adds more than the neurons, most of all in block [[=at_capital]],
# and in the last two blocks the feed-forward layers push *against* " Paris" ([[=last_capital:+.1f]]).
# That does not mean that attention *knows* the capital:
# it may carry what feed-forward layers have written at the token " France".
# Chapter 3 follows that track.
# Here we stay with the neurons at the last token.

# %%
chapter.predict(
    "d",
    "Some neurons add to the logit of ' Paris', some take away. How many of the supporters does it take to reach "
    f"half of what all supporters add? (There are {neurons:,} neurons.)",
    ["about 10", "about 100", "about 1,000", "about 10,000"],
)

# %% [markdown]
# ### Exercise 02.4: What each neuron adds · 8 minutes · ★★
#
# For one layer, with key $k$, matrix $W$ and direction $r$: what does each neuron add to $r^\top (W k)$?
# Return the summands, one for each neuron.
#
# <details><summary>Hint</summary>Neuron i adds k_i · (r · v_i), and v_i is column i of W.
# The likely mistakes: only the values (the k is missing), or the sum instead of its summands.</details>
# <details><summary>More help</summary>All products r · v_i at once are one vector times one matrix.
# Which of the two stands on the left, so that the columns of W meet r?</details>
# <details><summary>Expected output</summary>A tick;
# the next cell then says whether the parts add up to the whole.</details>


# %% exercise="02.4"
def contributions(key, weight, direction):
    """What every neuron adds: key is [d_ff], weight [d_model, d_ff], direction [d_model]; returns [d_ff]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return key * (direction @ weight)
    # END SOLUTION


contributions = chapter.check("02.4", contributions)

# %%
r = step.scale * directions["than the average token"]
added = torch.stack([contributions(step.keys[b], lm.weight(b), r) for b in blocks])  # [blocks, d_ff]
print(f"all neurons: {added.sum():.2f}; all feed-forward layers: {(step.feed_forward @ r).sum():.2f}")


def list_neurons(places, amounts, keys):
    """For places in the flat list of neurons: what each adds, its coefficient, and what that side says."""
    for i in places:
        (b, n), k = divmod(i, lm.d_ff), float(keys.flatten()[i])
        words = speaks(lm, (E @ lm.weight(b)[:, n]) * (1 if k > 0 else -1), 5)
        print(f"({b}, {n:4}) adds {amounts.flatten()[i]:+.2f} (coefficient {k:+.1f}); that side says {words}")


ranking = added.flatten().argsort(descending=True).tolist()
list_neurons([*ranking[:6], *ranking[-3:]], added, step.keys)

# %% [markdown]
# The sum of all parts is the sum of all layers, as it must be.
# Now we add them up one by one, the strongest supporter first and the strongest opponent last.

# %%
ordered = added.flatten().sort(descending=True).values
top20 = float(ordered[:20].sum())
support, against = float(ordered[ordered > 0].sum()), float(ordered[ordered < 0].sum())
supporters = int((ordered > 0).sum())
half = int((ordered[:supporters].cumsum(0) < support / 2).sum()) + 1
chapter.reveal("d", 0 if half < 30 else 1 if half < 300 else 2 if half < 3000 else 3)
with plots.drawing(size=(6, 2.6)) as (figure, axis):
    axis.plot(range(1, neurons + 1), ordered.cumsum(0), color=plots.COLORS[0])
    axis.axhline(float(ordered.sum()), linestyle="--", color="black", linewidth=0.8)
    axis.text(1.2, float(ordered.sum()) + 2, "what is left in the end", fontsize=8)
    axis.set(xscale="log", xlabel="neurons, the strongest supporter first", ylabel="sum of contributions")
alt = f"The sum of contributions rises to {support:.0f} over {supporters} supporters, {half} of them make half of it, "
plots.show(figure, alt + f"then the others take it down to {ordered.sum():.1f}.", name="02_sum")

# %% [markdown]
# **How to read it.** Each step to the right adds one more neuron.
# The curve climbs while supporters are added, is flat
# where neurons add next to nothing, and falls when the opponents come.
#
# And the cards of the strongest supporter and the strongest opponent:

# %%
show_neurons(lm, seen, E, [(24, 1005), (29, 864)], contexts=4)

# %% [markdown]
# **What surprised us.** Three things.
#
# * *The sum is a fight.*
#   The supporters add [[=support:.0f]], the opponents take [[=-against:.0f]] away.
#   What the neurons say in the end is the small difference, [[=memory_part:.1f]].
#   It takes [[=round(half, -2):,]] neurons to reach half of the support;
#   but because the two camps nearly cancel, the 20 strongest, which add [[=top20:.1f]], can decide.
# * *The strongest supporter works with its negative side.*
#   Neuron (24, 1005) has the coefficient [[=float(step.keys[24, 1005]):.0f]],
#   and the negative side of its value says "capitals" and "metropolis".
#   It does not say "Paris"; it says *what kind of word* comes now.
# * *The strongest opponent is the "French" neuron* (29, 864).
#   Its coefficient is positive, and that side takes away "French", "France" and also "Paris",
#   although its triggers on the card are mostly in French topics. We do not know why.

# %% [markdown]
# ### "While", once more
#
# The picture with which Geva et al. open their paper has the input "stay with you for a", and the prediction "while".
# What happens in our model?
# We take the same words with "I will" before them,
# and list who adds most to " while", and what two sayers of section 3 add.

# %%
moment = trace(lm, "I will stay with you for a")
for_while = moment.added(lm, E[token_while] - E.mean(0))
print(first_choices(moment.logits))
list_neurons(for_while.flatten().topk(5).indices.tolist(), for_while, moment.keys)
list_neurons([28 * lm.d_ff + 652, 26 * lm.d_ff + 1188], for_while, moment.keys)
p_while = float(moment.logits.softmax(0)[token_while])
rank_while = int((moment.logits > moment.logits[token_while]).sum()) + 1

# %% [markdown]
# In our model " while" comes at place [[=rank_while]], with probability [[=p_while:.2f]].
# And no neuron among its five strongest supporters is among the "while" neurons of section 3.
# Of those, (26, 1188) adds almost nothing, and (28, 652)
# wakes with its other sign and speaks strongly *against* " while" ([[=float(for_while[28, 652]):+.1f]]).
# They say " long", " little", "bit", or words for spans of time; one has " while" somewhere in its list.
# The prediction is put together from memories none of which is about it alone.
# Geva et al. say the same about their model:
# the prediction of a layer "is typically not the result of a single dominant memory cell,
# but a composition of multiple memories".

# %% [markdown]
# ## 5. One neuron off, and on again
#
# A contribution is arithmetic.
# Does it also tell what *happens* without the neuron?
# We can try: set its coefficient to zero, and run the model again.
# `switched` does that inside a `with` block; afterwards everything is as before.
# With `last=True` it switches at the last token only, the one that we took apart; without, at every token.

# %%
chapter.predict(
    "e",
    "We switch off one neuron, (24, 1005), the strongest supporter of ' Paris'. What becomes of its probability "
    f"of {p_paris:.2f}?",
    ["it stays above 0.7: there are 46,079 others", "it falls to between 0.3 and 0.7", "it falls below 0.3"],
)


# %%
def p_after(word, off, factor=0.0, prompt=PROMPT):
    """The probability of a token while some neurons, as places in the flat list, are multiplied by a factor."""
    by_block = {}
    for i in off:
        by_block.setdefault(i // lm.d_ff, []).append(i % lm.d_ff)
    with switched(lm, by_block, factor, last=True):
        return float(trace(lm, prompt).logits.softmax(0)[word])


one_off = p_after(paris, ranking[:1])
doubled, again = p_after(paris, ranking[:1], 2.0), float(trace(lm, PROMPT).logits.softmax(0)[paris])
print(f"on: {p_paris:.2f}, off: {one_off:.2f}, doubled: {doubled:.2f}, on again: {again:.2f}")
chapter.reveal("e", 0 if one_off > 0.7 else 1 if one_off > 0.3 else 2)

# %% [markdown]
# One neuron of [[=neurons:,]] takes the probability from [[=p_paris:.2f]] to [[=one_off:.2f]].
# Doubled, it hardly helps ([[=doubled:.2f]]).
# Is it *the* neuron of this fact?
# We switch off many supporters, and compare with equally many random neurons,
# and with neurons whose coefficients are equally *large*.
# Then we ask for other countries, and for no city at all.

# %%
counts = [1, 2, 5, 10, 20, 50, 100, 200]
random_order = torch.randperm(neurons, generator=torch.Generator().manual_seed(0)).tolist()
size, equal = step.keys.flatten().abs(), []
for i in ranking[: counts[-1]]:  # for each supporter, the neuron next to it in |k| that is not one of them
    distance = (size - size[i]).abs()
    distance[ranking[: counts[-1]] + equal] = torch.inf
    equal.append(int(distance.argmin()))
curves = {"strongest supporters": ranking, "random neurons": random_order, "equally large |k|": equal}
curves = {name: [p_after(paris, order[:n]) for n in counts] for name, order in curves.items()}
with plots.drawing(size=(5.5, 2.6)) as (figure, axis):
    for (name, values), style, color in zip(curves.items(), ("o-", "x--", "s:"), plots.COLORS, strict=False):
        axis.plot(counts, values, style, color=color, label=name)
    axis.set(xscale="log", xlabel="neurons off", ylabel="P(' Paris')", ylim=(0, 1))
    axis.set_xticks(counts, counts)
    axis.legend(frameon=False)
listed = (f"{name} {', '.join(f'{p:.2f}' for p in values)}" for name, values in curves.items())
plots.show(figure, f"P(Paris) with {counts} neurons off: {'; '.join(listed)}.", name="02_off")

# %% [markdown]
# And the same neuron, off, when we ask for other capitals, and in three sentences without a city:

# %%
asked = [
    (f"The capital of {c} is", city)
    for c, city in (("Italy", "Rome"), ("Japan", "Tokyo"), ("Spain", "Madrid"))
]
asked += [
    ("I will stay with you for a", "long"),
    ("The opposite of hot is", "cold"),
    ("Birds can fly because they have", "the"),
]
for prompt, word in asked:
    right = token(" " + word)
    before = float(trace(lm, prompt).logits.softmax(0)[right])
    print(f"{prompt} {word}: {before:.2f} on, {p_after(right, ranking[:1], prompt=prompt):.2f} off")

# %% [markdown]
# **What surprised us.**
# [[=counts[4] ]] neurons off, [[=counts[4] / neurons:.2%]] of all,
# and " Paris" is gone ([[=curves['strongest supporters'][4]:.2f]]).
# As many with equally large coefficients off: [[=curves['equally large |k|'][4]:.2f]].
# [[=counts[7] ]] *random* neurons off: [[=curves['random neurons'][7]:.2f]].
# So a few strong supporters decide, not any few that are loud.
# (They do not act one by one: two off leaves [[=curves['strongest supporters'][1]:.2f]], more than one off.
# The second, (29, 511), lifts commas and " and" even more than " Paris".)
# But they are not supporters of this fact alone:
# switch off the first of them, and other capitals fall as well, while the sentences without a city do not notice.
# Many facts share it: you cannot change one fact alone, not with this neuron.
# Who switches it changes many facts at once.
# That is one reason why editing methods do not switch neurons:
# they write a new pair (key, value) into $W$, for a *whole* key $k$,
# and leave the other keys alone as far as they can (chapters 4 to 8).

# %% [markdown]
# ### Exercise 02.5: On paper: turn one neuron up until the answer changes · 7 minutes · ★★
#
# After our prompt, " Paris" leads by a `gap` in logits before " the".
# A neuron of the *last* block adds `contribution` to the logit of " the" minus the logit of " Paris".
# By which factor must its coefficient be multiplied so that the two are equal?
# (Multiply only this coefficient.
# The sum (2.5) is all you need.)
#
# <details><summary>Hint</summary>At factor 1 nothing changes.
# So what is added to the difference is not factor · contribution.</details>
# <details><summary>More help</summary>At factor f the neuron adds f · contribution instead of 1 · contribution.
# The change must be the gap.</details>
# <details><summary>Expected output</summary>A tick;
# then the difference of the two logits just below your factor and just above it.</details>


# %% exercise="02.5"
def needed_factor(gap, contribution):
    """The factor for one coefficient that closes a gap > 0; contribution ≠ 0 is what it adds at factor 1."""
    # BEGIN SOLUTION
    # STUB return None  # your formula here
    return 1 + gap / contribution
    # END SOLUTION


needed_factor = chapter.check("02.5", needed_factor)

# %%
the, last = token(" the"), lm.n_layers - 1
towards = step.added(lm, E[the] - E[paris])[last]
loudest = int(towards.argmax())
gap = float(step.logits[paris] - step.logits[the])
factor = needed_factor(gap, float(towards[loudest]))
print(
    f"gap {gap:.2f}; ({last}, {loudest}) adds {towards[loudest]:+.2f} to the difference: needed factor {factor:.2f}"
)
for f in (0.98 * factor, 1.02 * factor):
    with switched(lm, {last: [loudest]}, f, last=True):
        logits = trace(lm, PROMPT).logits
    print(f"factor {f:.2f}: Paris − the = {logits[paris] - logits[the]:+.3f}")

# %% [markdown]
# Your formula from paper hits the point at which two answers change places.
# (And look who it is: neuron (29, 864), the strongest opponent.)
# The formula is exact although the final norm rescales everything:
# it multiplies all logits by the same $s > 0$, so it cannot change who is ahead.
# (In an earlier block your formula would fail.
# *Break it* shows how badly.)
#
# ### The neuron browser
#
# Now search yourself.
# Type a word, and the browser lists the neurons whose values say it loudest, with the sign that says it.
# Choose one and read its card.
# Or type a block and a number.
#
# Ideas: *city*, *however*, *October*, *red*.
# Then try the same neuron's other side.
# How many neurons until you meet one whose pattern you can name in three words?

# %%
browser = NeuronBrowser(lm, seen, E, word="French")
browser.show()

# %% [markdown]
# ## Break it
#
# Three ways in which "neuron *i* stores *x*" goes wrong.
# **First: a value's words can mislead.**
# A direct contribution counts only what a value says to the vocabulary itself.
# But every later block reads $h$, too.
# So for each block, we switch off the neuron with the largest direct contribution to " Paris" (at the last token),
# and compare what arithmetic promises with what happens.

# %%
strongest = added.argmax(1).tolist()
promised = [-float(added[b, n]) for b, n in enumerate(strongest)]
height = float(step.logits[paris] - step.logits.mean())
happened = []
for b, n in enumerate(strongest):
    with switched(lm, {b: [n]}, last=True):
        logits = trace(lm, PROMPT).logits
    happened.append(float(logits[paris] - logits.mean()) - height)
with plots.drawing(size=(6.4, 2.7)) as (figure, axis):
    axis.plot(blocks, promised, "o", mfc="none", label="promised: minus its direct contribution")
    axis.plot(blocks, happened, "x", color=plots.COLORS[4], label="happened")
    axis.axhline(0, color="black", linewidth=0.5)
    axis.set(xlabel="block of the neuron that is off", ylabel="change of the logit")
    axis.legend(frameon=False, fontsize=8)
pairs = ", ".join(f"{p:.1f} {h:.1f}" for p, h in zip(promised, happened, strict=True))
plots.show(figure, f"Promised and happened, by block: {pairs}.", name="02_promised")
list_neurons([strongest[0]], added, step.keys)  # the one of block 0

# %% [markdown]
# In block 0, the neuron promised a change of [[=promised[0]:.1f]], and [[=happened[0]:.1f]] happened.
# Nothing in its words lets you guess that: it works through the blocks above.
# In block 28, the promise was [[=promised[28]:.1f]],
# and [[=happened[28]:+.1f]] happened, because the last block reacted (and $s$ moved).
# Even in block 29, which no block follows, the promise was [[=promised[29]:.1f]] and [[=happened[29]:+.1f]] happened:
# that is $s$ alone, because the norm divides by the length of the whole $h$.
# The vocabulary projection is a hint, not a measurement.
# The measurement is to switch.
#
# **Second: neurons have several meanings.**
# Here is that neuron of block 28.

# %%
show_neurons(lm, seen, E, [(28, strongest[28])], contexts=6)

# %% [markdown]
# Tokens near the beginning of a text wake it (with by far the largest coefficients), and so do quite different topics.
# Its words begin with junk from program code.
# A neuron like this is called **polysemantic**.
# The usual explanation: a model has more things to say than neurons to say them with,
# so it uses each neuron for several, and several neurons for each thing.
#
# **Third: the list of words begins with junk.** "noqa", "pylint", "Leices":
# such tokens are rare in ordinary text, and yet they stand on top of many projections.
# An honest reader looks at twenty words, not at the one that fits.

# %% [markdown] tags=["instructor"]
# **Discussion.** (1) The paper's experts named 3.6 patterns a key.
# Is that evidence for or against "one neuron, one pattern"?
# (2) If 20 neurons carry the prediction, why does nobody edit facts by neuron?
# Let two groups argue with the table of other capitals.
# (3) Why do random neurons not matter?
# (Most coefficients are small at any one token, and their contributions have random signs.)
# (4) For the quick: repeat section 4 with the prompt "The Eiffel Tower is located in the city of".
# Do the same neurons lead?

# %% [markdown]
# ## Paper ↔ code
#
# | in the paper | in words | in this package |
# |---|---|---|
# | Geva et al. 2021, $FF(x) = f(x K^\top)\, V$ | the feed-forward layer as a memory; their rows of $K$ ask, their rows of $V$ answer | `lm.down_projection(layer)`: its input is our $k$, its weight our $W$ |
# | trigger examples | where a neuron's coefficient is largest | `book/kit/neurons.py`, `triggers` |
# | $v_i E$ | a value as scores for tokens | `book/kit/tracing.py`, `unembedding`, `speaks` |
# | [Geva et al. 2022](https://arxiv.org/abs/2203.14680): sub-updates $m_i v_i$ | the hidden state as a sum, each summand promotes tokens | `Trace.added` |
# | ROME, MEMIT, AlphaEdit: $k$ at the subject's last token | the whole key, the input of $W$ | `alphaedit_lite/keys.py` (chapter 4 on) |
#
# Geva's papers write vectors as rows, so their $V$ is our $W$ transposed.
# In this package `lm.weight(layer)` always has the shape d_model × d_ff,
# also for GPT-2, which stores it the other way round.

# %% [markdown]
# ## Keypoints
#
# * A block adds to the hidden state twice.
#   The second time it adds $W k$: the columns of $W$, the values, mixed by the coefficients in the key $k$.
# * In the gated form a coefficient has a sign, so each neuron has two sides.
#   At the token that we looked at, half of the coefficients are negative.
# * Some neurons hear (their triggers have a clear pattern), some say (their values have readable words).
#   In our model the sayers of "while" sit in the last third of the blocks.
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
# <details><summary>C. No: each neuron has exactly one pattern, we have only not found it.</summary>
# No. Many neurons respond to several unrelated things.
# </details>
#
# **3. Neuron (24, 1005) off, and P(" Paris") falls.
# Does this neuron store the capital of France?**
#
# <details><summary>A. Yes: without it the model forgets the capital.</summary>
# Look again at the other countries: their capitals depend on it as well.
# </details>
# <details><summary>B. No: it helps many capitals, and did nothing in our three sentences without a city.</summary>
# <b>Yes.</b> Necessary for an answer is not the same as storing it.
# </details>
# <details><summary>C. No: knowledge is in attention.</summary>
# Attention carries information to the last token.
# What it carries was written somewhere: chapter 3.
# </details>
#
# **Further reading**
#
# * Geva et al., [Transformer Feed-Forward Layers Are Key-Value Memories](https://arxiv.org/abs/2012.14913) (2021):
#   the idea of this chapter, with experts naming the patterns.
# * Geva et al., [Feed-Forward Layers Build Predictions by Promoting Concepts in the Vocabulary Space](https://arxiv.org/abs/2203.14680)
#   (2022): the sum of section 4, used to make GPT-2 less toxic (by almost 50%, they report)
#   and to stop computing early (20% saved).
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
