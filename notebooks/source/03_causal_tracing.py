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
# *To read: 35 minutes. To do the exercises: 40 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will break a model's memory of one fact with noise,
# mend it in one single place, and so draw a map of where the fact passes through.
# Then you will test the map in the way that matters here: does it say where to edit?**
#
# [[map]]
#
# ```text
#                                   "Lower   Assam   is located in the country of"
#    clean run                        ●───────●───────●  …  ●───────────────────►  India    likely
#    corrupted run                    ✗───────✗───────✗  …  ✗───────────────────►  India    how likely?
#    corrupted, one state restored    ✗───────✗───●───✗  …  ✗───────────────────►  India    how likely?
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *trace* a fact: corrupt the subject, restore one hidden state, and measure what comes back,
# > * *define* the total and the indirect effect, in words and as formulas,
# > * *read* such a map with care,
# > * *judge* with a rank correlation whether tracing tells us where to edit.
# >
# > **You need** the hidden state as a sum, and hooks ([chapter 2](02_key_value_memory.ipynb)).
# > Section 4 uses ROME as a tool; how it works is chapter 5.
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 1.5 GB of memory.
# > Section 4 reads a committed study; [the laboratory](lab/03_causal_tracing.ipynb) says how it was made.

# %% tags=["setup"]

# %%
# Parameters: strength of the noise, noisy copies, layers restored together.
from contextlib import ExitStack

import torch

from alphaedit_lite import bundled_facts, load_model
from alphaedit_lite.book.ch03 import figures as draw
from alphaedit_lite.book.ch03 import results as summary
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result

chapter = Chapter("03")
NOISE, SAMPLES, WINDOW = 3.0, 3, 5
COARSE = range(0, 30, 2)  # every second block, to save time
FEW = range(0, 30, 4)  # every fourth

# %% [markdown]
# ## Before you start
#
# <details><summary>1. A block adds to the hidden state twice.
# Which half can carry something from one token to another?</summary>
#
# Attention. The feed-forward layer works on each token alone:
# it adds W k, and k is made from that token's hidden state only (chapter 2).
#
# </details>
#
# <details><summary>2. In chapter 2, ten neurons off took almost all of the answer away.
# Why did we not conclude that these neurons store the fact?</summary>
#
# Because other answers fell as well.
# If something is *needed* for an answer, it need not be the place where the answer is kept.
# Remember this sentence: in this chapter it comes back, and is harder to see.
#
# </details>

# %% [markdown]
# ## 1. Break it all
#
# The model completes *Lower Assam is located in the country of* with *India*.
# Where in the model is that?
# If we only look at its numbers, we see what goes *together* with the answer.
# To find out what *brings it about*, we have to interfere.
#
# [Meng et al. (2022)](https://arxiv.org/abs/2202.05262) interfere twice, and call it **causal tracing**:
#
# 1. **Break.** Add noise to the embeddings of the subject's tokens.
#    Now the model does not know what the sentence is about.
# 2. **Mend one place.** Run the same noisy sentence again,
#    but put back *one* hidden state, of one token after one block, as it was without noise.
#    If the answer comes back, then that one vector held what the model needs to know about Lower Assam.
#
# First, the clean sentence as embeddings.
# (In a batch, each sentence is a row and each token a *column*.)

# %%
lm = load_model()
model, tokenizer = lm.model.requires_grad_(False), lm.tokenizer

ids = tokenizer(fact.prompt)["input_ids"]
words = [tokenizer.decode([i]) for i in ids]
first, last = 0, len(tokenizer(fact.subject)["input_ids"]) - 1  # subject
answer = tokenizer(fact.true)["input_ids"][0]  # " India"
inputs = torch.tensor([ids], device=lm.device)
clean = model.get_input_embeddings()(inputs)  # [1, 8, 576]
print(words, "the subject:", words[first : last + 1])

# %% [markdown]
# How much noise? The paper takes three times the standard deviation of the embeddings.
# Such noise is about three times as long as the vector to which it is added.
# We measure the deviation on the tokens of all subjects of the book's facts.

# %%
names = {
    i for f in bundled_facts() for i in tokenizer(f" {f.subject}")["input_ids"]
}
table = model.get_input_embeddings().weight[sorted(names)]
deviation = float(table.std())

# %% [markdown]
# Noise is random, so we draw [[=SAMPLES]] samples of it, each for our two columns.

# %%
dice = torch.Generator().manual_seed(0)
shape = (SAMPLES, last - first + 1, lm.d_model)
noise = NOISE * deviation * torch.randn(shape, generator=dice).to(lm.device)
print(f"length of ' Assam': {clean[0, last].norm():.1f},", end=" ")
print(f"of its noise: {noise[0, -1].norm():.1f}")

# %% [markdown]
# ### Exercise 03.1: Break · 5 minutes · ★
#
# Write `corrupt`: add noise to the subject's columns,
# `first` to `last` (both included), and leave all others as they are.
# Each sample is one row of the batch.
#
# <details><summary>Hint</summary>
#
# Common mistakes: a slice that ends one column early,
# and a function that changes the embeddings it was given (the clean run needs them).
#
# </details>
#
# <details><summary>More help</summary>
#
# `embedded.clone()` is a copy; `noisy[:, a:b] += …` changes columns a to b − 1 of all samples.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 03.1: all properties hold.
#
# </details>


# %% exercise="03.1"
def corrupt(embedded, first, last, noise):
    """embedded: [samples, width, d_model];
    noise: [samples, last - first + 1, d_model]. Returns noisy embeddings."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    noisy = embedded.clone()
    noisy[:, first : last + 1] += noise
    return noisy
    # END SOLUTION


corrupt = chapter.check("03.1", corrupt)

# %% [markdown]
# What will be left of *India*?

# %%
chapter.predict(
    "a",
    "Two of eight tokens get noise. What becomes of P(' India'), which is "
    "above a half without noise?",
    [
        "it stays above 0.3: 'country' is still there",
        "between 0.1 and 0.3",
        "below 0.1",
    ],
)


# %%
@torch.no_grad()
def p_answer(embedded):
    """P(India) as next token, [rows]."""
    logits = model(inputs_embeds=embedded, use_cache=False).logits
    return logits[:, -1].softmax(-1)[:, answer]


# %% [markdown]
# The clean run and the corrupted runs:

# %%
noisy = corrupt(clean.repeat(SAMPLES, 1, 1), first, last, noise)
p_clean, p_corrupted = float(p_answer(clean)), p_answer(noisy)
print(f"clean: {p_clean:.2f}; corrupted:", p_corrupted.cpu().numpy().round(3))
p_mean = float(p_corrupted.mean())
chapter.reveal("a", 0 if p_mean > 0.3 else 1 if p_mean > 0.1 else 2)

# %% [markdown]
# What was lost is called the **total effect** of the noise.
# With P for the probability of the answer's first token,
#
# $$\text{total effect} \;=\; P_{\text{clean}} - P_{\text{corrupted}} . \tag{3.1}$$
#
# In words: how much of the answer depends on knowing the subject.
# Noise is random, so P corrupted is a mean over the samples.
# Here the total effect is [[=p_clean - p_mean:.2f]]: nearly everything.
# This number comes first, always.
# If little is lost, there is little to find.

# %% [markdown]
# ## 2. Mend one place
#
# ### Exercise 03.2: Restore · 5 minutes · ★
#
# Write `restore`: in all samples, the corrupted state of one column is replaced by its clean one.
#
# <details><summary>Hint</summary>
#
# One column, all samples.
# A common mistake is to mend more than one place,
# or to change the corrupted states themselves: the next experiment needs them.
#
# </details>
#
# <details><summary>More help</summary>
#
# Copy, then assign to `mended[:, column]`.
# A vector of d_model numbers fits into all rows by itself.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 03.2: all properties hold.
#
# </details>


# %% exercise="03.2"
def restore(corrupted, clean, column):
    """corrupted: [samples, width, d_model]; clean: [width, d_model].
    One column becomes clean."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    mended = corrupted.clone()
    mended[:, column] = clean[column]
    return mended
    # END SOLUTION


restore = chapter.check("03.2", restore)

# %% [markdown]
# What comes back is the **indirect effect** of that place: how much one clean vector repairs.
# It is 0 if the place repairs nothing, and equals the total effect if it repairs everything.
# (It is not a share. It can be negative, and even a little more than the total effect.)
#
# ### Exercise 03.3: Two effects · 5 minutes · ★
#
# From probabilities to effects: the total effect (3.1) as one number,
# and the indirect effect of many places at once.
# Before you write: from which run must the indirect effect be measured, so that the last paragraph is true?
# The samples stand in the *last* dimension.
#
# <details><summary>Hint</summary>
#
# Both are means over the samples.
# A common mistake is to measure from the clean run:
# that is what is still *missing*, and it is largest where the place repairs nothing.
#
# </details>
#
# <details><summary>More help</summary>
#
# PyTorch lines up the last dimensions:
# [columns, layers, samples] minus [samples] is fine.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 03.3: all properties hold.
#
# </details>


# %% exercise="03.3"
def effects(p_clean, p_corrupted, p_restored):
    """A number, [samples] and [..., samples] ->
    the total effect, a number, and indirect effects, [...]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    total = float(p_clean - p_corrupted.mean())
    return total, (p_restored - p_corrupted).mean(-1)
    # END SOLUTION


effects = chapter.check("03.3", effects)

# %% [markdown]
# So
#
# $$\text{indirect effect} \;=\; P_{\text{corrupted, one state restored}} - P_{\text{corrupted}} . \tag{3.2}$$
#
# Now the experiment itself.
# A hook on some modules notes what they put out in the clean run.
# The modules are the blocks; section 3 will take others.
# (`ExitStack` takes the hooks off again at the end.)


# %%
@torch.no_grad()
def clean_outputs(modules):
    """What modules put out in the clean run: [modules, width, d_model]."""
    seen = []

    def look(module, inputs, output):
        seen.append(output[0])

    with ExitStack() as hooks:
        for module in modules:
            hooks.enter_context(module.register_forward_hook(look))
        model(inputs_embeds=clean, use_cache=False)
    return torch.stack(seen)


# %% [markdown]
# A second hook runs in the corrupted run.
# It hands the output of a module to your `restore`, and the model goes on with what `restore` returns.


# %%
def with_restored(modules, outputs, column):
    """P(India), [samples], with one column of these outputs restored."""
    with ExitStack() as hooks:
        for module, state in zip(modules, outputs, strict=True):

            def mend(_, inputs, output, state=state):
                return restore(output, state, column)

            hooks.enter_context(module.register_forward_hook(mend))
        return p_answer(noisy)


# %% [markdown]
# First a single place, " Assam" after block 6:

# %%
states = clean_outputs(lm.blocks)
p = with_restored(lm.blocks[6:7], states[6:7], last)
print(f"' Assam' restored behind block 6: P(India) = {p.mean():.2f}")

# %% [markdown]
# One vector of 576 numbers, and a good part of *India* is back.
# For the map we do this for every token and every block.
# (`width` is for section 3; here it is 1.)


# %%
def heat(modules, columns, blocks, width=1):
    """P(India) with a window of modules restored around each block:
    [columns, blocks, samples]."""
    outputs, p = clean_outputs(modules), []
    for column in columns:
        for n in blocks:
            low, high = max(0, n - width // 2), n + width // 2 + 1
            some = modules[low:high], outputs[low:high]
            p.append(with_restored(*some, column))
    return torch.stack(p).unflatten(0, (len(columns), len(blocks)))


# %% [markdown]
# Rows of the map are tokens, columns are blocks.
# Which places will be dark?

# %%
chapter.predict(
    "b",
    "Where can ONE clean state bring a good part of ' India' back?",
    [
        "at ' Assam' in early blocks, at ' of' in late ones, nowhere else",
        "at every token from ' Assam' on, the later the weaker",
        "at ' country', where the question is understood",
    ],
)

# %%
p_hidden = heat(lm.blocks, range(len(words)), COARSE)
total, hidden = effects(p_clean, p_corrupted, p_hidden)
maps = {"one hidden state restored": hidden}
show(*draw.heat_figure(maps, words, last, COARSE), name="03_hidden")

middle = float(hidden[last + 1 : -1].max())  # tokens between
at_country = float(hidden[words.index(" country")].max())
chapter.reveal("b", 2 if at_country > 0.2 else 0 if middle < 0.2 else 1)

# %% [markdown]
# **How to read it.** A star marks the subject's tokens.
# The darker a place, the larger its indirect effect; white is none, or a negative one.
# The cross marks the largest.
# Block n means the state *after* block n (every second block, to save time).
#
# There are two dark stripes, and hardly anything between.
#
# * **Early blocks, " Assam".**
#   The vector of the subject's *last* token brings back up
#   to [[=float(hidden[last].max()):.2f]] of the lost [[=total:.2f]].
#   (The clean state of " Lower" cannot help while " Assam" is noisy.)
# * **Late blocks, " of".**
#   Here the last token has the answer.
#
# In which block does it get it?
# The last token once more, block by block:

# %%
some = range(20, 26)
p_end = heat(lm.blocks, [len(words) - 1], some)
at_end = effects(p_clean, p_corrupted, p_end)[1][0].tolist()
print({n: f"{effect:.2f}" for n, effect in zip(some, at_end, strict=True)})
first_late = some[[effect > 0.2 for effect in at_end].index(True)]

# %% [markdown]
# In block [[=first_late]], all at once.
# Tokens exchange news by attention only: there the last token looks to the left and fetches the answer.
# (In chapter 2 it was this block whose attention added most to " India".)
# So the subject's last token, before that block, is where ROME, MEMIT and AlphaEdit write.
#
# Long before that step the first stripe fades: at block 16 it has [[=float(hidden[last, 8]):.2f]] left.
# Nothing is lost there.
# Other tokens have already read the *noisy* " Assam", and a clean one comes too late for them.
# Restored *together*, they bring everything back ([laboratory](lab/03_causal_tracing.ipynb)).
# A map of single places cannot show what several places hold together.
#
# ### Exercise 03.4: What restarting saves, on paper · 10 minutes · ★★
#
# Our map ran the whole model for each place.
# Much of that is waste: below the restored block,
# and left of the restored token, the run is the corrupted run, which we have seen.
# So one can *restart* it at the next block, on the columns from the restored one on.
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
# A common mistake is to let the restored block run once more.
# From column c on, T − c columns are left.
#
# </details>
#
# <details><summary>More help</summary>
#
# The sum over all ℓ and c is a product of two sums:
# $0 + 1 + \dots + (L-1) = L(L-1)/2$, and $1 + 2 + \dots + T$. Divide by $(LT)^2$.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 03.4: all properties hold.
# Then the share for our prompt: about a quarter.
#
# </details>


# %% exercise="03.4"
def share(layers, width):
    """The share of (block, column) steps that restarted runs need."""
    # BEGIN SOLUTION
    # STUB return None  # your formula here
    return (layers - 1) * (width + 1) / (4 * layers * width)
    # END SOLUTION


share = chapter.check("03.4", share)
print(f"{share(lm.n_layers, len(words)):.0%} of the work is left")

# %% [markdown]
# ## 3. Who wrote it: attention or the feed-forward layer?
#
# A hidden state is a sum of everything that was added so far (chapter 2).
# Who added the part that matters?
# We restore less than the whole state:
# only what one *half* of a block adds, its attention or its feed-forward layer.
# One such summand of [[=2 * lm.n_layers]] is little,
# so the paper restores a **window** of neighbouring layers together.
# Ours has [[=WINDOW]].
#
# In the paper's model, GPT-2 XL with 48 blocks,
# the feed-forward layers of the *middle* blocks matter at the subject's last token, and attention at the last token.
# From this came the idea to edit feed-forward layers in the middle.

# %%
chapter.predict(
    "c",
    "At ' Assam', which windows of five feed-forward layers bring ' India' "
    "back in OUR model of 30 blocks?",
    [
        "those in the middle, around blocks 5 to 15",
        "only the very first ones",
        "all of them a little",
        "none",
    ],
)

# %%
halves = {
    "feed-forward": [lm.down_projection(n) for n in range(lm.n_layers)],
    "attention": [block.self_attn.o_proj for block in lm.blocks],
}
two, curves = [last, len(words) - 1], {}
for half, modules in halves.items():
    p_half = heat(modules, two, COARSE, WINDOW)
    for column, row in zip(
        two, effects(p_clean, p_corrupted, p_half)[1], strict=True
    ):
        curves[f"{half} at '{words[column]}'"] = row
axes = ("block in the middle of the window", "indirect effect")
show(*draw.lines_figure(curves, COARSE, axes), name="03_halves")

# %%
ff = curves[f"feed-forward at '{words[last]}'"]
fetch = curves[f"attention at '{words[-1]}'"]
early, inside = float(ff[:2].max()), float(ff[3:8].max())  # 0, 2; 6 to 14
at_fetch = COARSE[int(fetch.argmax())]
chapter.reveal("c", 0 if inside > 0.1 else 1 if early > 0.1 else 3)

# %% [markdown]
# Around block 0 something stands out. Is it one layer?
# We restore single ones, and look at lengths.

# %%
one = heat(halves["feed-forward"], [last], range(3))
one = effects(p_clean, p_corrupted, one)[1][0]
print("single layers, blocks 0 to 2:", one.cpu().numpy().round(2) + 0)
wrote = clean_outputs(halves["feed-forward"])[0, last].norm()
print(f"length of the embedding of ' Assam': {clean[0, last].norm():.0f},")
print(f"of what the feed-forward layer of block 0 adds: {wrote:.0f}")

# %% [markdown]
# **How to read it.** Each curve is one half of the blocks at one token.
# Attention at " of" has a peak around block [[=at_fetch]]: there the answer is fetched, as in the paper.
# At " Assam" it is not the middle that matters here, but the first windows;
# and in them it is *one* layer, that of block 0.
#
# **What surprised us.**
# The lengths say why.
# What this layer adds is [[=float(wrote / clean[0, last].norm()):.0f]] times as long as the embedding.
# From then on the state nearly *is* that output.
# So restoring it means restoring nearly the whole state, and section 2 has shown that this helps.
# The map does not say "block 0 stores facts".
# It says: here the *name* is written large, for all later blocks to read.
# We asked "where is the memory?", and the tool answered "where is the narrow passage?".
#
# Is it only this fact?
# [The laboratory](lab/03_causal_tracing.ipynb) traces [[=len(study.facts)]] facts.
# The two stripes are there on average, too.
# Feed-forward layers of the middle blocks bring back [[=part:.0%]] of the total effect at best,
# and in the paper a third.

# %% [markdown]
# ## 4. Does the map say where to edit?
#
# Tracing was the reason why people began to edit certain layers.
# First find the memory, then change it: that sounds like common sense.
# But it is a *hypothesis*, and it can be tested.
# [Hase et al. (2023)](https://arxiv.org/abs/2301.04213) tested it: *Does Localization Inform Editing?*
#
# The laboratory repeats the test on our model.
# It takes [[=len(study.edited)]] facts, and each of [[=len(study.edit_layers)]] blocks.
# Each fact is written into this one block alone, by ROME (chapter 5), and judged:
# is the new object now the first choice after the prompt, and after paraphrases?
# Do the neighbours keep their answers?

# %%
chapter.predict(
    "d",
    f"Below block {first_late}, where the subject is still read: in which "
    "blocks does the edit make the new object the first choice?",
    [
        "only in the first ones, where section 3 found something",
        "in the middle ones",
        "in all of them",
    ],
)

# %%
study = summary.Study(result("tracing.json"))
effect = study.at_edits(study.traced("mlp", edited=True)[:, 2])
columns = {
    "first": "prompt: new object first",
    "paraphrases_first": "paraphrases: new object first",
    "neighbours": "neighbours keep their answer",
}
name = "five feed-forward layers"
show(*draw.edits_figure(study, {name: effect}, columns), name="03_edits")

# %%
below = [i for i, n in enumerate(study.edit_layers) if n < first_late]
success = study.judged("first").mean(0)
chapter.reveal("d", 2 if success[below].min() > 0.9 else 0)
deepest = study.edit_layers[below[-1]]
inner = [study.layers.index(n) for n in range(6, 17, 2)]
traced = summary.interval(study.traced("mlp"))[0][2][inner].max()
part = float(traced / study.total().mean())

# %% [markdown]
# **How to read it.** Above: the tracing effect (the indirect effect)
# of a window of feed-forward layers around each block, at the subject's last token.
# Below: what became of the edits in that block.
# (The bands are 95% intervals over few facts, so they are wide.)
#
# In every block below [[=first_late]], the edit succeeds on its own prompt:
# [[=success[below].min():.0%]] in the worst one.
# It does so in block [[=deepest]], where the tracing effect is almost zero, as well as in block 0, where it is large.
# What differs is how far an edit reaches: paraphrases follow best in early blocks.
# Above it some edits still succeed, [[=success[-2]:.0%]] in block [[=study.edit_layers[-2] ]].
# Block [[=first_late]] is where *our* fact is read; others may be read later.
#
# So how alike are the curves?
# That needs a number.
#
# ### Exercise 03.5: A rank correlation, on paper · 10 minutes · ★★
#
# Do two rows *order* the layers alike?
# Replace the values of each row by ranks (smallest 1, largest n).
# Let d be the difference of the two ranks of a layer.
# Without ties, **Spearman's rank correlation** is
#
# $$\rho \;=\; 1 - \frac{6 \sum d^2}{n\,(n^2 - 1)} . \tag{3.3}$$
#
# In words: ρ is 1 if both rows order the layers in the same way, and −1 if in opposite ways.
# It is about 0 if one row says nothing about the other.
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
# A common mistake is to correlate the values themselves.
#
# </details>
#
# <details><summary>More help</summary>
#
# The ranks of the first row are `5, 4, 3, 2, 1`.
# Layer A has the second *smallest* success, rank 2: its d is 3.
#
# </details>
#
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
# Now the real curves: the tracing effect of each block,
# against the probability of the new object after the prompt and after the paraphrases.
# And a control that has never seen a map: it only says "the earlier, the better".
# In brackets stand 95% intervals over the facts.

# %%
depth = -torch.tensor(study.edit_layers).double()
depth = depth.expand(len(study.edited), -1).numpy()
found = {}
for name, values in {"tracing": effect, "depth alone": depth}.items():
    for column in ("p", "p_paraphrases"):
        rho_of = summary.rank_correlation(values, study.judged(column))
        found[name, column] = summary.said(*rho_of)
        print(f"{name:<12} {column:<14} ρ = {found[name, column]}")

# %% [markdown]
# On the prompt there is little to order, since nearly all edits succeed below block [[=first_late]].
# With the paraphrases, tracing has a high ρ: [[=found['tracing', 'p_paraphrases'] ]].
# Is this the success of the map?
# Ask the control, which knows only the number of the block: [[=found['depth alone', 'p_paraphrases'] ]].
# Two curves that both fall with depth always agree.
# The intervals overlap, so [[=len(study.edited)]] facts cannot show that the map adds anything to the number.
#
# Why can both be true at once?
# Tracing asks: where is a clean vector enough to bring the *old* answer back?
# Editing asks: where can a vector be found that makes the later blocks say a *new* one?
# There is such a vector in every block that is still read, whether or not the old fact "is" there.
#
# Hase et al. conclude that tracing does not tell which layer is best to edit.
# Our small test gives no reason to disagree.
# The blocks 3 to 7 of this book were chosen by editing and judging, not by tracing.

# %% [markdown] tags=["instructor"]
# **For the instructor.**
# Common mistakes: (a) "dark means stored": dark means that a clean vector here is *enough* to repair;
# in the late stripe it is enough because it already is the answer.
# (b) "White means unused": see the fading.
# (c) Students expect the effects of all places to add up to the total effect.
# Ask for a counterexample with two redundant wires: each alone repairs everything (sum 2),
# and with two wires of which both are needed each alone repairs nothing (sum 0).
# (d) Why is the row of the last token exactly the total effect at the last block?
# (There the restored state is all that the head reads.)
# (e) "ρ is small, so tracing is wrong":
# tracing answers its own question correctly; the *inference* from it is what fails.
# (f) A wide interval is read as "no relation": it says that these data cannot tell.
# Let students work out how many facts would be needed to halve it (four times as many).
# (g) On the paraphrases ρ is high: two curves that both fall with depth always correlate.
# Ask for other such pairs (chapter 9 meets the same trap with the number of edits).
# Question for discussion: which experiment *would* show that a fact is stored in one W?
# (Erase it there, and only there.)

# %% [markdown]
# ## Break it: too little noise
#
# The paper's factor 3 looks like a detail.
# Here is the row of " Assam" for other factors.

# %%
by_noise = {}
for factor in (0.3, 1.0, 3.0, 10.0):
    louder = factor / NOISE * noise
    noisy = corrupt(clean.repeat(SAMPLES, 1, 1), first, last, louder)
    p = heat(lm.blocks, [last], FEW)
    by_noise[factor] = effects(p_clean, p_answer(noisy), p)
    print(f"noise × {factor}: total effect {by_noise[factor][0]:+.2f}")
# %% [markdown]
# As curves:

# %%
rows = {f"noise × {factor}": row[0] for factor, (_, row) in by_noise.items()}
axes = ("block", "indirect effect at ' Assam'")
show(*draw.lines_figure(rows, FEW, axes), name="03_noise")

# %% [markdown]
# With a tenth of the paper's noise, *India* becomes **more** likely, by [[=-by_noise[0.3][0]:.2f]].
# So the total effect is negative, and so are the indirect effects:
# the map claims that the clean state *harms* the answer.
# In a way it is right: it explains whatever the noise did, and this noise did something else.
# Look at the total effect before you look at the map.
#
# The laboratory has two more ways to draw a convincing map of nothing:
# a single sample of noise, and a fact that the model does not know.

# %% [markdown]
# ## Paper ↔ code
#
# | in the papers | in words | here |
# |---|---|---|
# | Meng et al. 2022, section 2.1: corrupted run, $h_i^{(0)} + \epsilon$, $\epsilon \sim \mathcal N(0, \nu)$ | noise on the subject's embeddings; in the authors' `experiments/causal_trace.py`, `trace_with_patch` adds it to all rows of the batch but the first, which stays clean; 10 samples; in the published script the noise is three standard deviations (`s3`) by default | `corrupt`, `noisy` |
# | corrupted-with-restoration run | the same function writes row 0's state over the others at the chosen tokens and layers | `restore`, `with_restored`; restarted: `book/ch03/experiments.py`, `heat` |
# | TE, IE, and their averages ATE, AIE | (3.1), (3.2), means over facts | `effects`; `book/ch03/results.py`, `interval` |
# | windows of MLP or attention outputs | `trace_important_window`, ten layers | `heat(…, width=5)` |
# | Hase et al. 2023: edit success against tracing effect | correlated over the facts at each layer; and the variance explained by the layer alone, and with the tracing effect | `book/ch03/study.py`; `book/ch03/results.py` |
#
# The papers write MLP for the feed-forward layer.
# They measure the token that the model itself predicts,
# we the first token of the true object; for known facts it is the same.

# %% [markdown]
# ## Keypoints
#
# * Causal tracing breaks the subject with noise, mends one place, and measures what comes back:
#   the indirect effect, to be compared with the total effect.
# * What the model knows of the subject can be mended at the subject's last token, in early blocks.
#   In block [[=first_late]], attention carries the answer to the last token.
# * A dark place is a place that is *passed through*;
#   a pale one may hold much, *together* with others.
# * On their own prompt, edits succeed in every block below [[=first_late]],
#   whether the tracing effect is large there or almost zero.
#   Paraphrases follow less, and best in early blocks.

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
# </details>
# <details><summary>C. 0.65</summary>
# No: 0.10 of it was there without any help.
# </details>
#
# **2. Restoring the output of one feed-forward layer at the subject brings the answer back. What follows?**
#
# <details><summary>A. The fact is stored in this layer's W.</summary>
# Not yet. The first layer of our model brings it back because nearly the whole state passes through it;
# the name may be all that it wrote.
# </details>
# <details><summary>B. What the later blocks need of the subject can pass through this output.</summary>
# <b>Yes.</b> That is all that an indirect effect says.
# </details>
# <details><summary>C. Editing this layer will work best.</summary>
# That is the hypothesis which section 4 tested.
# Look at its figure again.
# </details>
#
# **3. A colleague shows a map with a clear dark stripe. What do you ask first?**
#
# <details><summary>A. How large is the total effect, and how many noise samples were averaged?</summary>
# <b>Yes.</b> Without a total effect, a map has nothing to explain; one sample may show anything.
# </details>
# <details><summary>B. Whether the stripe lies in the middle layers, as in the paper.</summary>
# No: agreement with a famous picture is not evidence.
# </details>
#
# **Further reading**
#
# * Meng et al., [Locating and Editing Factual Associations in GPT](https://arxiv.org/abs/2202.05262) (2022):
#   section 2 is this chapter's method; appendix B has the details on noise and windows.
# * Hase et al., [Does Localization Inform Editing?](https://arxiv.org/abs/2301.04213) (2023):
#   the test of section 4, done on a large scale, with other kinds of edits as well.
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
