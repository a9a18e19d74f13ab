# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 3: Where is a fact?
#
# *To read: 35 minutes. To do the exercises: 45 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will break a model's memory of one fact with noise,
# mend it in one single place, and so draw a map of where the fact passes through.
# Then you will test the map in the way that matters here: does it say where to edit?**
#
# ```text
#                                   "Lower   Assam   is located in the country of"
#    clean run                        ●───────●───────●  …  ●───────────────────►  India    likely
#    corrupted run                    ✗───────✗───────✗  …  ✗───────────────────►  India    unlikely
#    corrupted, one state restored    ✗───────✗───●───✗  …  ✗───────────────────►  India    how likely?
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *trace* a fact: corrupt the subject, restore one hidden state, and measure what comes back,
# > * *define* the total and the indirect effect, in words and as formulas,
# > * *explain* why a restored run may start in the middle of the model, and what that saves,
# > * *read* such maps with care: noise, samples, windows, and what "attention" and "MLP" mean in them,
# > * *judge* with a rank correlation and an interval whether tracing tells us where to edit.
# >
# > **You need** the hidden state as a sum (chapter 2), and what an edit is (chapter 0).
# > Section 5 uses ROME as a tool; how it works is chapter 5.
# >
# > **It costs** about a minute of one core, and 1.5 GB of memory.
# > Sections 4 and 5 read a committed study, which took one core [[=minutes:.0f]] minutes.

# %% tags=["setup"]

# %%
# Parameters: how strong the noise is, how many noisy copies are run, and how many layers are restored together.
import torch

from alphaedit_lite import Fact, bundled_facts, load_model
from alphaedit_lite.book.ch03 import experiments as causal
from alphaedit_lite.book.ch03 import figures as draw
from alphaedit_lite.book.ch03 import results as summary
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.hooks import hooked

chapter = Chapter("03")
NOISE, SAMPLES, WINDOW = 3.0, 3, 5
COARSE = range(0, 30, 2)  # every second block, where all of them would take too long
READ = 22  # from about this block on, the last token fetches the answer (found in sections 2 and 4)

# %% [markdown]
# ## Before you start
#
# <details><summary>1. A block adds to the hidden state twice.
# Which half can carry something from one token to another?</summary>
#
# Attention. The feed-forward half (the MLP) works on each token alone:
# it adds W k, and k is made from that token's state only (chapter 2).
#
# </details>
#
# <details><summary>2. In chapter 2, one neuron off took a good part of "Paris" away.
# Why did we not conclude that this neuron stores the capital of France?</summary>
#
# Because other capitals fell as well.
# That something is *needed* for an answer does not say that the answer is kept there.
# Hold on to this sentence: in this chapter it comes back, and is harder to see.
#
# </details>

# %% [markdown]
# ## 1. "Where" is a question about causes
#
# The model completes *Lower Assam is located in the country of* with *India*.
# Where in the model is that?
# We could look at its numbers, but looking shows only what goes *together* with the answer.
# To find out what *brings it about*, we have to interfere.
#
# [Meng et al. (2022)](https://arxiv.org/abs/2202.05262) interfere twice, and call it **causal tracing**:
#
# 1. **Break.** Add noise to the embeddings of the subject's tokens.
#    The model no longer knows whom the sentence is about, and the answer goes.
# 2. **Mend one place.** Run the same noisy sentence,
#    but put back *one* hidden state, of one token after one block, as it was without noise.
#    If the answer comes back, then what the model knows about Lower Assam was in that one vector.
#
# How much noise? The paper takes a standard deviation three times that of the embeddings.
# So the noise is about three times as long as the vector to which it is added, and drowns it.
# We measure the embeddings' standard deviation on the tokens of all subjects of the book's facts.

# %%
lm = load_model()
deviation = causal.spread(lm, bundled_facts())
ids, first, last = causal.subject_columns(lm, fact)
words = [lm.tokenizer.decode([i]) for i in ids]
for name, std in (("embedding", deviation), ("noise", NOISE * deviation)):
    print(f"{name}: standard deviation {std:.3f}, typical length {std * lm.d_model**0.5:.1f}")
print(f"the subject's columns: {first} to {last}, {words[first : last + 1]}, of {len(words)}")

# %% [markdown]
# ### Exercise 03.1: Break · 5 minutes · ★
#
# Write `corrupt`: add noise to the subject's columns,
# `first` to `last` (both included), and leave all others as they are.
# There are several noisy copies, the *samples*, one in each row of the batch.
#
# <details><summary>Hint</summary>
#
# The likely mistakes: a slice that ends one column early,
# and a function that spoils the embeddings it was given (the clean run needs them).
#
# </details>
# <details><summary>More help</summary>
#
# `embedded.clone()` is a copy; `noisy[:, a:b] += …` changes columns a to b − 1 of all samples.
#
# </details>
# <details><summary>Expected output</summary>
#
# ✓ Exercise 03.1: all properties hold.
#
# </details>


# %% exercise="03.1"
def corrupt(embedded, first, last, noise):
    """embedded: [samples, width, d_model]; noise: [samples, last - first + 1, d_model]. Returns noisy embeddings."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    noisy = embedded.clone()
    noisy[:, first : last + 1] += noise
    return noisy
    # END SOLUTION


corrupt = chapter.check("03.1", corrupt)

# %% [markdown]
# How much of *India* will survive?
# Commit yourself before you run the next cell.

# %%
chapter.predict(
    "a",
    "Two of eight tokens get noise. What becomes of P(' India'), which is above a half without noise?",
    ["it stays above 0.3: 'country' is still there", "between 0.1 and 0.3", "below 0.1"],
)

# %%
runs = causal.run_both(lm, fact, NOISE * deviation, SAMPLES, corrupt=corrupt)
p_clean, p_corrupted = runs.p_clean, runs.p_corrupted
p_mean = float(p_corrupted.mean())
print(f"clean: {p_clean:.2f}; corrupted: {', '.join(f'{p:.3f}' for p in p_corrupted.tolist())}")
chapter.reveal("a", 0 if p_mean > 0.3 else 1 if p_mean > 0.1 else 2)

# %% [markdown]
# What was lost is called the **total effect** of the corruption.
# With P for the probability of the answer's first token,
#
# $$\text{total effect} \;=\; P_{\text{clean}} - P_{\text{corrupted}} . \tag{3.1}$$
#
# In words: how much of the answer hangs on knowing the subject.
# Noise is random, so we average P corrupted over several samples.
# Here the total effect is [[=p_clean - p_mean:.2f]]: nearly everything.
# That matters. If little is lost, there is little to find (see *Break it*).
#
# **What surprised us.**
# The sentence still asks for a country, and yet almost nothing is left of *India*.
# Noise of this size does not say "unknown subject"; it says something, at random, and the model goes by it.

# %% [markdown]
# ## 2. Mend one place
#
# ### Exercise 03.2: Restore · 5 minutes · ★
#
# Write `restore`: in all samples, one column's corrupted state is replaced by its clean one.
#
# <details><summary>Hint</summary>
#
# One column, all samples.
# The likely mistake is to mend more than one place,
# or to change the corrupted states themselves: the next experiment needs them.
#
# </details>
# <details><summary>More help</summary>
#
# Copy, then assign to `mended[:, column]`.
# A vector of d_model numbers fits into all rows by itself.
#
# </details>
# <details><summary>Expected output</summary>
#
# ✓ Exercise 03.2: all properties hold.
#
# </details>


# %% exercise="03.2"
def restore(corrupted, clean, column):
    """corrupted: [samples, width, d_model]; clean: [width, d_model]. One column becomes clean."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    mended = corrupted.clone()
    mended[:, column] = clean[column]
    return mended
    # END SOLUTION


restore = chapter.check("03.2", restore)

# %% [markdown]
# What comes back is the **indirect effect** of that place:
# the part of the effect that can pass through this one state,
#
# $$\text{indirect effect} \;=\; P_{\text{corrupted, state restored}} - P_{\text{corrupted}} . \tag{3.2}$$
#
# In words: how much one clean vector repairs.
# It is 0 if the place repairs nothing, and equals the total effect if it repairs everything.
# (It is not a share: it can be negative, and it can be a little *more* than the total effect,
# where noise elsewhere happens to help the answer.)
#
# ### Exercise 03.3: Two effects · 5 minutes · ★
#
# From probabilities to effects: (3.1) as one number, and (3.2) for many places at once.
# The samples stand in the *last* dimension.
#
# <details><summary>Hint</summary>
#
# Both are averages over the samples.
# The likely mistake is to measure from the clean run: that is what is still *missing*.
#
# </details>
# <details><summary>More help</summary>
#
# `p_restored - p_corrupted` works for [columns, layers, samples] minus [samples]:
# PyTorch lines up the last dimensions.
#
# </details>
# <details><summary>Expected output</summary>
#
# ✓ Exercise 03.3: all properties hold.
#
# </details>


# %% exercise="03.3"
def effects(p_clean, p_corrupted, p_restored):
    """A number, [samples] and [..., samples] -> the total effect, a number, and indirect effects, [...]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return float(p_clean - p_corrupted.mean()), (p_restored - p_corrupted).mean(-1)
    # END SOLUTION


effects = chapter.check("03.3", effects)

# %% [markdown]
# One experiment, the plain way: the whole model runs on the noisy embeddings,
# and behind one block your `restore` steps in.
# A map needs this for every token and every block:
# [[=len(words)]] × [[=lm.n_layers]] times, for [[=SAMPLES]] noisy copies each.
# That is too slow, so we look at what really changes:
#
# * **Below the restored block nothing changes.**
#   The run is the corrupted run, which we have seen: its states are kept in `runs`.
#   So we may start at the *next* block.
# * **Left of the restored token nothing changes.**
#   Attention looks only to the left.
#   So we may run the columns from that token on, and hand attention its memory of the columns before.
#   (This memory is called *keys and values*, too;
#   it has nothing to do with the keys and values of the MLP in chapter 2.)
#
# Nothing is approximated: what is left out would give the numbers that we have already.
# The function `book/ch03/experiments.py`, `heat` works this way.
# Let it prove itself on one place.
#
# To read the next cell: `runs.into[0]` are the noisy embeddings,
# `runs.clean["hidden"][layer]` the clean states behind a block, `runs.answer` is the id of " India";
# `hooked(outputs={module: function})` lets `function` replace what the module puts out;
# `lm.frozen()` saves the memory for gradients.


# %%
def from_scratch(layer, columns):
    """P(answer) with the states of some columns restored behind a block, running all of the model, [samples]."""

    def mend(state):
        for column in columns:
            state = restore(state, runs.clean["hidden"][layer], column)
        return state

    with torch.no_grad(), lm.frozen(), hooked(outputs={lm.block(layer): mend}):
        logits = lm.model(inputs_embeds=runs.into[0]).logits
    return logits[:, -1].softmax(-1)[:, runs.answer]


slow = from_scratch(6, [last])
fast = causal.heat(lm, runs, "hidden", columns=[last], layers=[6], restore=restore)[0, 0]
print(f"from scratch: {slow.mean():.6f}, restarted: {fast.mean():.6f}")
print(f"largest difference: {'below 1e-5' if (slow - fast).abs().max() < 1e-5 else 'too large!'}")

# %% [markdown]
# ### Exercise 03.4: What restarting saves, on paper · 10 minutes · ★★
#
# A map has L blocks and T columns, so L · T experiments.
# From scratch, each runs all L blocks on all T columns.
# Restarted, the experiment "block ℓ, column c" (both counted from 0)
# runs only the blocks after ℓ, on the columns from c on.
# What share of the work is left?
# Find a formula in L and T.
#
# <details><summary>Hint</summary>
#
# After block ℓ, L − 1 − ℓ blocks are left.
# The likely mistake is to let the restored block run once more.
# From column c on, T − c columns are left.
#
# </details>
# <details><summary>More help</summary>
#
# The sum over all ℓ and c is a product of two sums:
# 0 + 1 + … + (L − 1) = L (L − 1) / 2, and 1 + 2 + … + T. Divide by (L T)².
#
# </details>
# <details><summary>Expected output</summary>
#
# ✓ Exercise 03.4: all properties hold.
# Then the share for our prompt.
#
# </details>


# %% exercise="03.4"
def share(layers, width):
    """The share of (block, column) steps that restarted runs need, of those that runs from scratch need."""
    # BEGIN SOLUTION
    # STUB return None  # your formula here
    return (layers - 1) * (width + 1) / (4 * layers * width)
    # END SOLUTION


share = chapter.check("03.4", share)
left = share(lm.n_layers, len(words))
print(f"{lm.n_layers} blocks, {len(words)} columns: {left:.0%} of the work is left, {1 - left:.0%} is saved")

# %% [markdown]
# Now the map. Rows are tokens (a star marks the subject), columns are blocks.
# Which places will be dark?

# %%
chapter.predict(
    "b",
    "Where can ONE clean state bring a good part of ' India' back?",
    [
        "at ' Assam' in early blocks, at ' of' in late ones, and nowhere else",
        "at every token from ' Assam' on, the later the weaker",
        "at ' country', where the question is understood",
    ],
)

# %%
p_hidden = causal.heat(lm, runs, "hidden", restore=restore)  # [columns, layers, samples]
total, hidden = effects(p_clean, p_corrupted, p_hidden)
show(*draw.heat_figure({"one hidden state restored": hidden}, words, last), name="03_hidden")
middle = float(hidden[last + 1 : -1].max())  # between the subject and the last token
at_subject, at_end = hidden[last], hidden[-1]
first_late = next((n for n, effect in enumerate(at_end.tolist()) if effect > 0.2), 29)
chapter.reveal("b", 2 if float(hidden[6].max()) > 0.2 else 0 if middle < 0.2 else 1)

# %% [markdown]
# (How to read the map: white is no effect, or a negative one; the cross marks the largest.
# Block n means the state *behind* block n.)
# Two dark stripes, and hardly anything between.
# In the early blocks one vector, that of " Assam" (the subject's *last* token),
# brings back up to [[=float(at_subject.max()):.2f]] of the lost [[=total:.2f]].
# At " Lower" almost nothing: its clean state cannot help while " Assam" is noisy.
# In the late blocks it is the last token, " of", from block [[=first_late]] on:
# there the answer is spoken, and there a clean state is simply the answer.
#
# Between the two lies attention: tokens exchange news in no other way.
# The repair moves from " Assam" to " of" in *one* step, in block [[=first_late]].
# Chapter 5 watches the same step from the other side:
# a wish written at " Assam" in block 6 is read at that depth.
#
# **What surprised us.**
# The slow fading, long before that step.
# After block 10, a clean " Assam" repairs less and less:
# [[=float(at_subject[16]):.2f]] at block 16.
# But " of" has nothing yet, and the tokens between have at most [[=middle:.2f]].
# So where is it? The effects of single places need not add up to the total effect.
# A clean " Assam" comes late: other tokens have already read the *noisy* one.
# We can test this: restore *several* columns behind the same block,
# " Assam" together with those that may have read it.

# %%
between, depths = list(range(last + 1, len(words) - 1)), [4, 8, 12, 16, 20]
together = {"' Assam' alone": hidden[last, depths], "' of' alone": hidden[-1, depths]}
sets = {"' Assam' + those between": [last, *between], "' Assam' + ' of'": [last, len(words) - 1]}
for name, some in sets.items():
    together[name] = torch.stack([(from_scratch(n, some) - p_corrupted).mean() for n in depths])
show(*draw.lines_figure(together, depths, ("block", "indirect effect")), name="03_together")
assam, of, with_between, with_of = together.values()
print(f"to be brought back: {total:.2f}")

# %% [markdown]
# Nothing was lost. At block 8, " Assam" and the tokens between it
# and " of" bring it all back *together* ([[=float(with_between[1]):.2f]]):
# so there it is the tokens between that have heard the noise.
# At block 20 it is " of" itself that has heard it.
# A clean " of" alone brings back nothing, for it has not fetched the answer yet;
# a clean " Assam" alone [[=float(assam[4]):.2f]]; both together [[=float(with_of[4]):.2f]], all of it.
# (In between, at block 16, it takes all three.)
# One honest witness is not believed by a judge who has listened to a wrong one before.
# A map of single places cannot show what is held by several places *together*.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 and 2.**
# Common mistakes: (a) "dark means stored": dark means that a clean vector here is *enough* to repair;
# in the late stripe it is enough because it already is the answer.
# (b) "white means unused": see the fading.
# (c) Students expect the effects of all places to add up to the total effect.
# Ask for a counterexample with two redundant wires: each alone repairs everything (sum 2),
# and with two wires of which both are needed each alone repairs nothing (sum 0).
# (d) Why is the row of the last token exactly the total effect at the last block?
# (There the restored state is all that the head reads.)

# %% [markdown]
# ## 3. Attention or MLP?
#
# A hidden state is a sum of everything written so far (chapter 2).
# Who wrote the part that matters?
# We restore less: not the whole state, only what one *half* of a block adds to it,
# the output of its attention or of its MLP.
# One such summand among [[=2 * lm.n_layers]] is little,
# so the paper restores a **window** of neighbouring layers together (ten of GPT-2 XL's 48).
# Ours has [[=WINDOW]].
#
# The paper's finding on GPT-2 XL: at the subject's last token the *MLPs* of the middle layers matter
# (average indirect effects up to 6.6%, against 1.6% for attention, of a total effect of 18.6%);
# at the last token of the prompt attention is more important.
# From this came the idea to edit the MLPs of the middle layers: ROME, MEMIT, and AlphaEdit.

# %%
chapter.predict(
    "c",
    "At ' Assam', which windows of five MLPs bring ' India' back in OUR model of 30 blocks?",
    [
        "those in the middle, around blocks 5 to 15",
        "only the very first ones",
        "all of them a little",
        "none",
    ],
)

# %%
halves = {}
for kind, title in (("mlp", "five MLPs restored"), ("attention", "five attentions restored")):
    p_half = causal.heat(lm, runs, kind, WINDOW, layers=COARSE, restore=restore)
    halves[title] = effects(p_clean, p_corrupted, p_half)[1]
show(*draw.heat_figure(halves, words, last, COARSE), name="03_halves")
mlp, att = halves.values()
early, inside = float(mlp[last, :2].max()), float(mlp[last, 3:8].max())  # windows around 0, 2; around 6 to 14
att_peak = COARSE[int(att[-1].argmax())]
chapter.reveal("c", 0 if inside > 0.1 else 1 if early > 0.1 else 3)

# %% [markdown]
# (The middle of each window is marked; at the edges of the model windows are cut off.)
# Not the middle: the first. Is it one layer?
# Restore single MLPs, and measure how much of " Assam"'s state the first one writes.

# %%
p_one = causal.heat(lm, runs, "mlp", 1, columns=[last], layers=range(8), restore=restore)
single = effects(p_clean, p_corrupted, p_one)[1][0]
print("one MLP restored, blocks 0 to 7:", ", ".join(f"{round(v, 2) + 0:.2f}" for v in single.tolist()))
embedding = lm.embed(torch.tensor([ids]))[0, last].detach()
lengths = {
    "embedding": embedding,
    "attention 0": runs.clean["attention"][0, last],
    "MLP 0": runs.clean["mlp"][0, last],
}
for name, vector in lengths.items():
    print(f"length of the {name} at ' Assam': {float(vector.norm()):.0f}")

# %% [markdown]
# **What surprised us.**
# The whole dark spot is *one* MLP, that of block 0.
# And the lengths say why.
# The embedding of " Assam" has length [[=float(lengths['embedding'].norm()):.0f]];
# what the first MLP adds to it has length [[=float(lengths['MLP 0'].norm()):.0f]].
# From then on the state nearly *is* that output.
# Who restores it restores nearly the whole state, and we have seen in section 2 that this helps.
# So the map does not say "block 0 stores facts".
# It says: here the token's name is written large, for everybody above to read.
# A tool that answers "where is the bottleneck?" was asked "where is the memory?", and gave its own answer.
#
# Attention does what the paper says:
# at the last token, a window around block [[=att_peak]] brings back [[=float(att[-1].max()):.2f]].
# There the news is fetched.
#
# And the paper's middle MLPs?
# In this one fact of this small model they bring back [[=round(inside, 2) + 0:.2f]].
# Perhaps it is this fact. Let us ask more.

# %% [markdown]
# ## 4. More than one fact
#
# One map is an anecdote.
# The script `alphaedit_lite/book/ch03/study.py` makes the maps of [[=len(study.facts)]] bundled facts,
# from all relations in turn, that the model knows (its first choice, with probability [[=study.made['known'] ]]
# or more, in prompts of at most [[=study.made['longest'] ]] tokens from the subject on).
# It is the code that you have just run, with [[=study.made['samples'] ]] samples.
# Prompts differ in length, so tokens are put into groups:
# the subject's first, middle and last token, the first after it, further ones, and the last;
# the figure shows four of these groups.
# (Not every fact is in every group: a subject of one token counts as "last".)
# The shaded bands are 95% bootstrap intervals:
# draw as many facts again, with replacement, [[=summary.TIMES]] times, and see how far the averages move.

# %%
chapter.predict(
    "d",
    "Many facts, subject's last token: how much of the total effect brings the best middle MLP window (6 to 16) back?",
    [
        "a third or more, as in GPT-2 XL (6.6 of 18.6)",
        "between a twentieth and a third",
        "less than a twentieth",
    ],
)

# %%
study = summary.Study(result("tracing.json"))
kinds = {"hidden": "hidden state", "mlp": "five MLPs", "attention": "five attentions"}
show(*draw.averages_figure(study, kinds), name="03_averages")
mean = {kind: summary.interval(study.traced(kind))[0] for kind in kinds}  # each [groups, layers]
total_mean, total_low, total_high = summary.interval(study.total())
print(f"average total effect: {total_mean:.2f} [{total_low:.2f}, {total_high:.2f}], {len(study.facts)} facts")
inner = [study.layers.index(layer) for layer in range(6, 17, 2)]
minutes = study.seconds() / 60
best_inner = float(mean["mlp"][2][inner].max())
part = best_inner / float(total_mean)
chapter.reveal("d", 0 if part >= 1 / 3 else 1 if part >= 0.05 else 2)

# %% [markdown]
# The shape is the one that we know.
# At the subject's last token one hidden state brings back up to [[=float(mean['hidden'][2].max()):.2f]]
# of an average total effect of [[=float(total_mean):.2f]]; from block 24 on only the last token counts.
# (For " Assam" the step was in block [[=first_late]].
# The study has only even blocks, and facts differ a little: it lies between 20 and 24.)
# There, the attentions around block [[=study.layers[int(mean['attention'][5].argmax())] ]]
# bring back [[=float(mean['attention'][5].max()):.2f]]: they fetch the answer.
# At the subject's last token attention brings back at most [[=float(mean['attention'][2].max()):.2f]].
#
# And the MLPs? Again the windows that hold block 0: the first brings back [[=float(mean['mlp'][2][0]):.2f]].
# In blocks 6 to 16 the best window, around block 6 (blocks 4 to 8), has [[=best_inner:.2f]]:
# [[=part:.0%]] of the total effect.
# From block 10 on there is nothing.
# We split the facts by the length of their subject.

# %%
one_token = torch.tensor([row["hidden"][0] is None for row in study.facts])  # no "first" beside the last
first_mlp, totals = torch.tensor(study.one_mlp()[:, 0]), torch.tensor(study.total())
around_6 = torch.tensor(study.traced("mlp")[:, 2, inner[0]])
for name, some in (("one token", one_token), ("several tokens", ~one_token)):
    effect_of = [float(values[some].mean()) for values in (totals, first_mlp, around_6)]
    print(f"subjects of {name}: {int(some.sum())} facts; total effect {effect_of[0]:.2f}", end="; ")
    print(f"block 0's MLP alone {effect_of[1]:.2f}; five MLPs around block 6 {effect_of[2]:.2f}")
# %% [markdown]
# "Lower Assam" has two tokens.
# And yet, in section 3, its first MLP alone brought nearly everything back.
# Does the model need both?


# %%
def with_noise_on(column):
    """P(India), averaged over eight samples, if only one column gets its noise."""

    def corrupt_one(embedded, first, last, noise):
        return corrupt(embedded, column, column, noise[:, column - first : column - first + 1])

    return float(causal.run_both(lm, fact, NOISE * deviation, 8, corrupt=corrupt_one).p_corrupted.mean())


p_lower, p_assam = with_noise_on(0), with_noise_on(last)
print(f"noise on ' Lower' only: P(India) = {p_lower:.2f}; on ' Assam' only: {p_assam:.2f}")

# %% [markdown]
# **What surprised us.**
# How little the large number at block 0 means.
# If the subject is *one* token, noise breaks one embedding, and the first MLP writes over it:
# mending that one output mends the subject as a whole ([[=float(first_mlp[one_token].mean()):.2f]]).
# Nothing has been looked up yet.
# If the subject has several tokens,
# the same repair brings back [[=float(first_mlp[~one_token].mean()):.2f]] on average:
# the last token alone does not know the name, and attention must first bring its parts together.
# Neither says where the *fact* is.
# ("Lower Assam" is an exception: with noise on " Lower" only, P is still [[=p_lower:.2f]];
# on " Assam" only, [[=p_assam:.2f]].
# One of its two tokens tells most of it.)
#
# So compare with the paper's figures for GPT-2 XL with care.
# There, middle MLPs bring back 6.6 points of 18.6, about a third;
# here it is [[=100 * best_inner:.0f]] of [[=100 * float(total_mean):.0f]],
# and for subjects of several tokens [[=100 * float(around_6[~one_token].mean()):.0f]]
# of [[=100 * float(totals[~one_token].mean()):.0f]]: less, not nothing, and earlier in the model.
# Our model has about a tenth of the parameters and another architecture, and we chose the prompts.
# What does carry over: the last subject token as the meeting place,
# and late attention that carries the answer away.

# %% [markdown]
# ## 5. The uncomfortable part: does the map say where to edit?
#
# Tracing was the reason why people began to edit the MLPs of certain layers.
# That sounds like common sense: first find the memory, then change it.
# But it is a *hypothesis*, and it can be tested.
# [Hase et al. (2023)](https://arxiv.org/abs/2301.04213) tested it: *Does Localization Inform Editing?*
# Here is the test on our model.
# For [[=len(study.edited)]] of the traced facts, and each of [[=len(study.edit_layers)]] blocks:
#
# 1. find the wish z at that block (what should it say at the subject's last token,
#    so that the model names the new object?);
# 2. write it into that block's W alone, with ROME's rank-one update (chapter 5 derives both steps);
# 3. judge: does the model now name the new object first, after the prompt?
#    After the paraphrases?
#    Do the neighbours keep their answers (is the true object still likelier than the new one)?
#    Then take the edit out.

# %%
chapter.predict(
    "e",
    f"Below block {READ}: the larger the MLPs' tracing effect at a block, the surer the edit is on its own prompt?",
    ["yes: ρ and its whole interval are above 0", "no clear relation: the interval holds 0", "the opposite"],
)

# %%
effect = {
    "hidden state": study.at_edits(study.traced("hidden", edited=True)[:, 2]),
    "five MLPs": study.at_edits(study.traced("mlp", edited=True)[:, 2]),
}  # at the subject's last token, [facts, edit_layers]
columns = {"first": "prompt: new object first", "paraphrases_first": "paraphrases: new object first"}
columns |= {"neighbours": "neighbours keep their answer"}
first = study.judged("first").mean(0)  # the share of first choices after the prompt, by block
before = [i for i, block in enumerate(study.edit_layers) if block < READ]
below = {c: study.judged(c)[:, before] for c in ("first", "p", "paraphrases_first", "neighbours")}
at_deepest, deepest = before[-1], study.edit_layers[before[-1]]
show(*draw.edits_figure(study, effect, columns), name="03_edits")

# %% [markdown]
# Look at the upper panel first: tracing effects at the subject's last token.
# Then at the lower one.
# (The bands are 95% intervals again, over [[=len(study.edited)]] facts: wide.)
# Whichever block below [[=READ]] ROME writes to, the new object becomes the first choice
# after the prompt in [[=float(below['first'].mean(0).min()):.0%]] of the cases (the worst block).
# It does so in block [[=deepest]],
# where restoring five MLPs brings back [[=abs(float(effect['five MLPs'].mean(0)[at_deepest])):.2f]],
# as well as in block 0, where it brings back [[=float(effect['five MLPs'].mean(0)[0]):.2f]].
# At block [[=study.edit_layers[len(before)] ]], above the step,
# where a whole clean state brings back [[=abs(float(effect['hidden state'].mean(0)[len(before)])):.2f]],
# it is still [[=float(first[len(before)]):.0%]].
# What differs between the blocks below is how far an edit reaches:
# the paraphrases, from [[=float(below['paraphrases_first'].mean(0).min()):.0%]]
# to [[=float(below['paraphrases_first'].mean(0).max()):.0%]], and what it spares: neighbours,
# from [[=float(below['neighbours'].mean(0).min()):.0%]] to [[=float(below['neighbours'].mean(0).max()):.0%]].
#
# How alike are the curves?
# That needs a number.
#
# ### Exercise 03.5: A rank correlation, on paper · 10 minutes · ★★
#
# How alike are two curves over the layers?
# We only ask whether they *order* the layers alike.
# Replace the values of each row by ranks (smallest 1, largest n),
# let d be the difference of the two ranks of a layer; without ties, **Spearman's rank correlation** is
#
# $$\rho \;=\; 1 - \frac{6 \sum d^2}{n\,(n^2 - 1)} . \tag{3.3}$$
#
# In words: 1 if both rows order the layers in the same way,
# −1 if in opposite ways, about 0 if one says nothing about the other.
# Compute ρ for five invented layers:
#
# | layer | A | B | C | D | E |
# |---|---|---|---|---|---|
# | tracing effect | 0.30 | 0.25 | 0.12 | 0.05 | 0.01 |
# | edit success | 0.6 | 0.9 | 0.8 | 0.7 | 0.1 |
#
# <details><summary>Hint</summary>
#
# Rank both rows in the same direction.
# The likely mistake is to correlate the values themselves.
#
# </details>
# <details><summary>More help</summary>
#
# The ranks of the first row are 5, 4, 3, 2, 1.
# Layer A has the second *smallest* success, rank 2: its d is 3.
#
# </details>
# <details><summary>Expected output</summary>
#
# ✓ Exercise 03.5: all properties hold.
#
# </details>

# %% exercise="03.5"
# BEGIN SOLUTION
# STUB rho = None  # your number here
rho = 1 - 6 * 12 / (5 * (5**2 - 1))
# END SOLUTION
rho = chapter.check("03.5", rho)

# %% [markdown]
# Now the real curves, with 95% intervals over the facts
# (`book/ch03/results.py`, `spearman` lets ties share their ranks).
# Twice: over all blocks, and over those below block [[=READ]] only,
# where the map still sees the answer at the subject.
# `p` is the probability of the new object after the prompt, `p_paraphrases` after the paraphrases.
# And a control that has never seen a map: "depth alone" ranks the blocks from the lowest to the highest.

# %%
found = {}
depth = -torch.tensor(study.edit_layers).double().expand(len(study.edited), -1).numpy()
for name, values in (effect | {"depth alone": depth}).items():
    for column in ("p", "p_paraphrases"):
        judged = study.judged(column)
        found[name, column] = summary.rank_correlation(values, judged)
        found[name, column, "before"] = summary.rank_correlation(values[:, before], judged[:, before])
        said = [summary.said(*found[key]) for key in ((name, column), (name, column, "before"))]
        print(f"{name:12} and {column:13}  all blocks: ρ = {said[0]};  below {READ}: ρ = {said[1]}")
_, low, high = found["five MLPs", "p", "before"]
chapter.reveal("e", 0 if low > 0 else 2 if high < 0 else 1)

# %% [markdown]
# **On the prompt** there is nothing to predict.
# The mean probability of the new object lies between [[=float(below['p'].mean(0).min()):.2f]]
# and [[=float(below['p'].mean(0).max()):.2f]] in every block below [[=READ]],
# so the order of the blocks is an accident, and ρ with its interval says so:
# [[=summary.said(*found['five MLPs', 'p', 'before']) ]] for the MLPs.
#
# **On the paraphrases** the curves are alike:
# over all blocks ρ is [[=summary.said(*found['five MLPs', 'p_paraphrases']) ]] for the MLPs
# and [[=summary.said(*found['hidden state', 'p_paraphrases']) ]] for the hidden state.
# An edit in an early block reaches more paraphrases, and early blocks are dark on the map.
# Is this the success of tracing?
# Ask the control, which only says "the earlier the better": [[=summary.said(*found['depth alone', 'p_paraphrases']) ]].
# Two curves that both fall with depth always agree.
# Below block [[=READ]] it is the same with wider intervals:
# [[=summary.said(*found['five MLPs', 'p_paraphrases', 'before']) ]] for the MLPs,
# [[=summary.said(*found['depth alone', 'p_paraphrases', 'before']) ]] for depth alone.
# The MLPs are ahead each time, but the intervals overlap nearly everywhere:
# whether the map adds anything to the *number* of the block, [[=len(study.edited)]] facts cannot show.
#
# One question is left, and it is closest to the one that Hase et al. ask.
# At a *given* block, are the facts with the larger tracing effect edited better?
# Two answers: the rank correlation over the facts, averaged over the blocks below [[=READ]];
# and how much of the variance of `p_paraphrases` is explained by the block alone (predict each block's mean),
# and how much if a multiple of the fact's tracing effect is added (the best one, by least squares).

# %%
by_fact = study.judged("p_paraphrases")
within = summary.among_facts(effect["hidden state"], by_fact, before)
alone, both = summary.explained(effect["hidden state"], by_fact)
print(f"among facts, mean over blocks below {READ}: ρ = {summary.said(*within)}")
print(f"variance explained by the block alone: {alone:.0%}; with the tracing effect: {both:.0%}")

# %% [markdown]
# **Among facts** the sign leans the other way:
# a larger tracing effect goes with paraphrases that move *less*
# (mean ρ [[=summary.said(*within)]]; the interval just holds 0).
# So the tracing effect does help to explain the success ([[=both:.0%]] of the variance,
# against [[=alone:.0%]] by the block alone), but with the sign that nobody had hoped for.
# (An effect can be large only where the model is sure of the old answer; perhaps such facts resist.
# And [[=len(study.edited)]] facts are few.)
#
# **What surprised us.**
# That both findings stand side by side.
# Tracing asks: where is a clean vector enough to bring the *old* answer back?
# Editing asks: where can a vector be found that makes the later blocks say a *new* one?
# The search for z finds one at every block that is still read, whether or not the old fact "is" there.
# A letter can be opened at any post office on its way; that does not make the post office its author.
#
# Hase et al. conclude that causal tracing gives no insight into which MLP layer is best to edit.
# In one of their kinds of edit, success is related to tracing; even there, the layer predicts it far better.
# Our small test, on another model, gives no reason to disagree.
# The layers that this book edits were chosen by editing and judging, not by tracing.
# (Our test has limits: one model, one editor, [[=len(study.edited)]] short prompts,
# z found with [[=len(study.made['targets']['prefixes']):d]] beginnings of the prompt,
# half of what the book takes elsewhere (chapter 5), key statistics from [[=study.made['tokens']:,]] tokens.)

# %% [markdown] tags=["instructor"]
# **For the instructor, section 5.**
# Common mistakes: (a) "ρ is small, so tracing is wrong":
# tracing answers its own question correctly; the *inference* from it is what fails.
# (b) A wide interval is read as "no relation": it says that these data cannot tell.
# Let students work out how many facts would be needed to halve it (four times as many).
# (c) On the paraphrases ρ is high: two curves that both fall with depth always correlate.
# Ask for other such pairs (chapter 9 meets the same trap with the number of edits).
# Question for discussion: which experiment *would* show that a fact is stored in one W?
# (Erase it there, and only there.)

# %% [markdown]
# ## Break it
#
# Three ways in which tracing misleads.
# **First: too little noise.**
# The paper's factor 3 looks like a detail.
# Here is the row of " Assam" for other factors.

# %%
factors, by_noise = (0.3, 1.0, 3.0, 10.0), {}
for factor in factors:
    r = causal.run_both(lm, fact, factor * deviation, SAMPLES)
    p = causal.heat(lm, r, "hidden", columns=[last], layers=COARSE)
    by_noise[factor] = effects(r.p_clean, r.p_corrupted, p)
    print(f"noise × {factor}: total effect {by_noise[factor][0]:+.2f}")
curves = {f"noise × {factor}": by_noise[factor][1][0] for factor in factors}
show(*draw.lines_figure(curves, list(COARSE), ("block", "indirect effect at ' Assam'")), name="03_noise")

# %% [markdown]
# With a tenth of the paper's noise, *India* becomes **more** likely, by [[=-by_noise[0.3][0]:.2f]].
# So the total effect is negative, and so are the indirect effects:
# the map claims that the clean state *harms* the answer.
# It is right, in its way: it explains whatever the noise did, and this noise did something else.
# Always look at the total effect before you look at the map.
# (Too *much* noise does less harm here:
# at factor 10 the total effect is the same as at 3, and the curve has much the same shape.)
#
# **Second: a single sample.**
# Eight samples at factor 3: the first, the highest and the lowest at block 0, and the mean of all.

# %%
r = causal.run_both(lm, fact, NOISE * deviation, 8, seed=0)
p = causal.heat(lm, r, "hidden", columns=[last], layers=COARSE)
each = (p - r.p_corrupted)[0].T  # [samples, layers]
spread_0 = each[:, 0]  # at block 0
which = dict.fromkeys([0, int(spread_0.argmax()), int(spread_0.argmin())])
curves = {f"sample {i + 1}": each[i] for i in which} | {f"mean of {len(each)}": each.mean(0)}
show(*draw.lines_figure(curves, list(COARSE), ("block", "indirect effect at ' Assam'")), name="03_samples")
print("at block 0:", ", ".join(f"{round(v, 2) + 0:.2f}" for v in spread_0.tolist()))

# %% [markdown]
# The eight agree on the late blocks, and not at all on block 0:
# from [[=round(float(spread_0.min()), 2) + 0:.2f]] to [[=float(spread_0.max()):.2f]].
# One sample would let you report that block 0 is everything, or that it is nothing.
# The samples share a prompt and a fact; only the dice differ.
# (The authors average over ten samples, this chapter over [[=SAMPLES]] to save time.
# Like them we use the same dice for every place, so that places are compared under the same noise.)
#
# **Third: a fact that the model does not know.**
# Ada Lovelace was born in London; the model gives it next to nothing.
# Its map, drawn on its own scale:

# %%
unknown = Fact("{} was born in the city of", "Ada Lovelace", new="Paris", true="London")
r = causal.run_both(lm, unknown, NOISE * deviation, SAMPLES)
some_blocks = range(0, 30, 4)
p = causal.heat(lm, r, "hidden", layers=some_blocks)
total_unknown, map_unknown = effects(r.p_clean, r.p_corrupted, p)
print(
    f"P(London): clean {r.p_clean:.3f}, corrupted {float(r.p_corrupted.mean()):.3f}; effect {round(total_unknown, 3) + 0:.3f}"
)
show(*draw.heat_figure({"not known": map_unknown}, r.words, r.last, some_blocks), name="03_unknown")

# %% [markdown]
# Dark and pale places, a stripe at the subject, a peak of [[=float(map_unknown.max()):.3f]]: it looks like a finding.
# But the total effect is [[=round(total_unknown, 3) + 0:.3f]], so there was nothing to bring back.
# A colour scale that adapts to the data shows structure in anything.
# This is why only known facts are traced (the paper, too,
# takes prompts which its model continues with the right object), and why the bar beside a map must be read.

# %% [markdown]
# ## Paper ↔ code
#
# | in the papers | in words | in this package |
# |---|---|---|
# | Meng et al. 2022, section 2.1: corrupted run, $h_i^{(0)} + \epsilon$, $\epsilon \sim \mathcal N(0, \nu)$ | noise on the subject's embeddings; in the authors' `experiments/causal_trace.py`, `trace_with_patch` adds it to all rows of the batch but the first, which stays clean; 10 samples; in the published script the noise is three standard deviations (`s3`) by default | `book/ch03/experiments.py`, `corrupt`, `run_both` |
# | corrupted-with-restoration run | the same function writes row 0's state over the others at the chosen tokens and layers, in a full forward pass each time | `restore`, `heat` (restarted) |
# | TE, IE, and their averages ATE, AIE | (3.1), (3.2), means over facts | `effects`, `book/ch03/results.py`, `interval` |
# | windows of MLP or attention outputs | `trace_important_window`, ten layers | `window`, `heat(…, width)` |
# | Hase et al. 2023: edit success against tracing effect | correlated over the facts at each layer; and the variance explained by the layer alone, and with the tracing effect | `book/ch03/study.py`; `book/ch03/results.py`, `rank_correlation` over layers, `within_layer` and `explained` over facts |
#
# Three differences: the authors measure the token that the model itself predicts,
# we the first token of the true object (for known facts it is the same);
# each of their runs starts at the embeddings, ours in the middle of the model;
# and their window has ten of 48 layers, ours [[=WINDOW]] of [[=lm.n_layers]].

# %% [markdown]
# ## Keypoints
#
# * Causal tracing breaks the subject with noise, mends one place, and measures what comes back:
#   the indirect effect, to be compared with the total effect.
# * A restored run may start at the restored block and column: nothing before them has changed.
# * In our model, what it knows of the subject can be mended at the subject's last token, less and less,
#   until about block [[=READ]]; then attention carries the answer to the last token in one step.
# * A dark place is a place that is *passed through*;
#   a pale one may hold much, *together* with others.
#   Too little noise, one sample or an unknown fact draw convincing maps of nothing.
# * Edits succeeded on their prompt at every block that we tried below that step, be the map dark or pale there.
#   How far they reach tends to fall with depth:
#   with so few facts, the number of the block says so about as well as the map.

# %% [markdown]
# ## Quiz
#
# **1. In some map, the corrupted run has P = 0.10, the clean run 0.80.
# With one state restored it is 0.65.
# What is the indirect effect of that state?**
#
# <details><summary>A. 0.15</summary>
# No: that is what is still missing, 0.80 − 0.65.
# </details>
# <details><summary>B. 0.55</summary>
# <b>Yes.</b> Restored minus corrupted, 0.65 − 0.10.
# The total effect is 0.70.
# </details>
# <details><summary>C. 0.65</summary>
# No: 0.10 of it was there without any help.
# </details>
#
# **2. Why may a run with a state restored behind block 20 start at block 21?**
#
# <details><summary>A. Because the lower blocks hardly matter.</summary>
# No, nothing is neglected: the result is the same to the last digits that a computer keeps.
# </details>
# <details><summary>B. Because up to there it is the corrupted run, whose states we have kept.</summary>
# <b>Yes.</b> A cause cannot act before its time: up to block 20, and left of the column, nothing has changed.
# </details>
# <details><summary>C. Because block 21 is where the fact is stored.</summary>
# No: restarting works at any block, for any reason.
# </details>
#
# **3. Restoring the output of one MLP at the subject brings the answer back. What follows?**
#
# <details><summary>A. The fact is stored in this MLP's W.</summary>
# Not yet. The first MLP of our model brings it back because nearly the whole state passes through it;
# the name may be all that it wrote.
# </details>
# <details><summary>B. What the later blocks need of the subject can pass through this output.</summary>
# <b>Yes.</b> That is all that an indirect effect says.
# </details>
# <details><summary>C. Editing this MLP will work best.</summary>
# That is the hypothesis which section 5 tested.
# Look at its figure again.
# </details>
#
# **4. A colleague shows a map with a clear dark stripe. What do you ask first?**
#
# <details><summary>A. How large is the total effect, and how many noise samples were averaged?</summary>
# <b>Yes.</b> Without a total effect, a map has nothing to explain; with one sample, you look at the dice.
# </details>
# <details><summary>B. Which colour map was used?</summary>
# Nearly: ask for the numbers on its bar.
# A scale that adapts makes any map look clear.
# </details>
# <details><summary>C. Whether the stripe lies in the middle layers, as in the paper.</summary>
# No: agreement with a famous picture is not evidence.
# Our model has 30 small blocks, GPT-2 XL 48 large ones.
# </details>
#
# **Further reading**
#
# * Meng et al., [Locating and Editing Factual Associations in GPT](https://arxiv.org/abs/2202.05262) (2022):
#   section 2 is this chapter's method; appendix B has the details on noise and windows.
# * Hase et al., [Does Localization Inform Editing?](https://arxiv.org/abs/2301.04213) (2023):
#   the test of section 5, done on a large scale, with other kinds of edits as well.
# * Zhang & Nanda, [Towards Best Practices of Activation Patching](https://arxiv.org/abs/2309.16042) (2023):
#   noise or another subject's name, probabilities or logits, single layers or windows: each choice can change the map.
# * Geva et al., [Dissecting Recall of Factual Associations](https://arxiv.org/abs/2304.14767) (2023):
#   cuts attention edges instead, and finds early MLPs that enrich the subject and late attention that reads it.
# * Vig et al., [Causal Mediation Analysis for Interpreting Neural NLP](https://arxiv.org/abs/2004.12265) (2020):
#   where total and indirect effects came into this field from the statistics of medicine and the social sciences.
#
# **Next:** chapter 4 leaves the big model for a moment, and asks how a single matrix can be a dictionary at all:
# what it holds, and what one new entry costs the others.

# %%
chapter.report()
