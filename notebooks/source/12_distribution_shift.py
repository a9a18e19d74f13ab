# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 12: Did its insides move?
#
# *To read: 35 minutes. To do the exercises: 50 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will find out what the best-known picture of the AlphaEdit paper can show
# and what it cannot, and you will replace it by measurements.**
#
# [[map]]
#
# ```text
#    the same prompts, before and after the edits:
#
#        h  ●───────────► ○  h'          how long is the arrow,
#        h  ●──────► ○                   how far apart are prompts by nature,
#        h  ●─────────► ○                and do all arrows point the same way?
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *say* what a t-SNE map keeps, and what it loses,
# > * *compute* how far hidden states have moved, in units of their natural spread,
# > * *write* an energy distance and a permutation test, and *choose* the right test for pairs,
# > * *train* a classifier on pairs without fooling yourself,
# > * *tell* how far states have moved from what they have moved in common.
# >
# > **You need** hidden states (chapter 2), AlphaEdit and MEMIT (chapters 6 to 8), means and standard deviations.
# > What a p-value is stands below.
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 1.5 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: facts to edit, prompts of other facts, where we look.
import math
from contextlib import suppress

import pandas as pd
import torch
from sklearn.manifold import TSNE

from alphaedit_lite import AlphaEdit, bundled_facts, bundled_targets, load_model
from alphaedit_lite.book.ch12 import figures as draw
from alphaedit_lite.book.ch12.experiments import overlaps
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result

chapter = Chapter("12")
torch.manual_seed(12)
facts, LAYER = bundled_facts(), 7
EDITED, OTHERS = facts[::7][:40], facts[3::7][:60] + facts[5::7][:60]

# %% [markdown]
# ## Before you start
#
# <details><summary>1. In which layers does the default editor write,
# and at which token does it read the keys (chapters 6 and 8)?</summary>
#
# In layers 3 to 7, and at the *subject's last token*.
# The vector that the writing aims at, z, is the output of layer 7 at this token.
#
# </details>
#
# <details><summary>2. AlphaEdit promises that ΔP k0 = 0. What was found on our model (chapters 7 and 8)?</summary>
#
# It has no true null space: P leaks a good part of the keys' energy, and known answers do change.
#
# </details>
#
# <details><summary>3. What is a p-value?</summary>
#
# Suppose that nothing has happened.
# How often would chance alone give a value as large as the one that we saw?
# That share is p. A small p says that "nothing" is hard to believe.
# It does *not* say that much has happened.
# Keep this sentence; the chapter ends on it.
#
# </details>

# %% [markdown]
# ## 1. The picture
#
# Does editing shift the inside of a model?
# The AlphaEdit paper answers with a picture (its figure 5).
# It takes the hidden states of 1,000 prompts, makes 2,000 edits, and takes the states of the same prompts again.
# Then it draws both clouds in two dimensions, with a method called **t-SNE**.
# The distribution of each coordinate stands in the margins.
# After AlphaEdit the two clouds overlap; after MEMIT they do not.
# The paper concludes that AlphaEdit keeps the distribution of hidden states.
#
# This book began with a talk about AlphaEdit at the workshop SNLP 2025
# ([slides](https://speakerdeck.com/yuji96/snlp2025-alphaedit), in Japanese).
# The talk doubted this picture, and this chapter turns the doubts into experiments.
#
# **t-SNE in four lines.**
# For each point, it turns the distances to all others into *probabilities of being a neighbour*.
# Its **perplexity** (not chapter 11's) says about how many neighbours count.
# It drops the points on a plane at random (the **seed**),
# and moves them until neighbours on the plane are neighbours in the original space.
# So it keeps neighbourhoods.
# It does not keep distances, sizes or directions.
#
# Now a riddle. In a study, AlphaEdit and MEMIT each wrote [[=EDITS]] facts,
# and we took the states of other prompts at the paper's place:
# the subject's last token, in the last edited layer.
# Of the four maps below, two are AlphaEdit and MEMIT, before and after.
# One is an **overdose**: [[=study['times']:d]] times AlphaEdit's update, more than any editor would write.
# And one has never seen an edit: both of its clouds are *unedited* states, of different prompts.

# %%
chapter.predict(
    "a",
    "The margins of two halves of the same unedited data overlap … "
    "those of AlphaEdit, before and after.",
    ["more than", "as much as (within 0.02)", "less than"],
)

# %%
study = result("shift.json")
EDITS = study["shown"]["AlphaEdit"]
overdose = f"{study['times']} × AlphaEdit"
order = draw.riddle_order(overdose)  # the next cell tells
maps = {name: draw.stored_maps(name)[30, 0] for name in order}
riddle = dict(zip("ABCD", maps.values(), strict=True))
labels = ("first cloud", "second cloud")
show(*draw.maps_figure(riddle, labels=labels), name="12_riddle")

# %% [markdown]
# **How to read it.** Circles are the first cloud, crosses the second.
# The curves in the margins are the distributions of the two coordinates.
# Below each map stands the area that the two curves share:
# 1 for equal curves, 0 for curves that do not meet.
# Which map is which? Decide before you go on.

# %%
least = {name: min(overlaps(*pair)) for name, pair in maps.items()}
gap = least["AlphaEdit"] - least["half"]
chapter.reveal("a", 0 if gap < -0.02 else 1 if gap < 0.02 else 2)
answer = {"map": "ABCD", "clouds": order, "smaller overlap": least.values()}
pd.DataFrame({k: list(v) for k, v in answer.items()}).round(2)

# %% [markdown]
# **What surprised us.**
# AlphaEdit overlaps with its past by [[=least['AlphaEdit']:.2f]], and so does MEMIT ([[=least['MEMIT']:.2f]]).
# But two halves of the *same* data reach only [[=least['half']:.2f]].
# Taken as a measure, this would say that *other prompts* change a model more than [[=EDITS]] edits do.

# %% [markdown]
# Look closely at maps A and C.
# Every cross sits *on* its circle.
# The same prompts are shown before and after,
# and a prompt that has moved a little is still the nearest neighbour of its own past.
# t-SNE sees neighbours, so it puts the two side by side, and the margins agree.
# Two halves hold different prompts, and nothing glues them.
#
# So the clouds of such a figure are **paired**.
# Keep this in mind for every measure of this chapter.

# %% [markdown]
# ## 2. A shift that we know
#
# A measure is tested on something known.
# So we *make* a shift.
# We take the states of [[=len(OTHERS)]] prompts that nobody edits, and add the same vector to each.
# As in chapter 5, a hook reads the output of block [[=LAYER]] at the subject's last token.

# %%
lm = load_model()
tokenizer, block = lm.tokenizer, lm.block(LAYER)


@torch.no_grad()
def states_of(facts):
    """What block 7 says at each subject's last token: [n, d_model]."""
    found = []

    def look(_, inputs, output):
        found.append(output[0, end].clone())
        raise StopIteration  # the blocks above are not needed

    for fact in facts:
        start = tokenizer(fact.prompt[: fact.subject_end])["input_ids"]
        ids = tokenizer(fact.prompt, return_tensors="pt").to(lm.device)
        end = len(start) - 1
        with block.register_forward_hook(look), suppress(StopIteration):
            lm.model(**ids)
    return torch.stack(found).cpu()


# %% [markdown]
# Some tokens serve the attention as a resting place ("France" did in chapter 5),
# and their states are giants, many times as long as all others.
# We leave out states more than three times as long as the median one.

# %%
states = states_of(OTHERS)
length = states.norm(dim=1)
calm = length <= 3 * length.median()
X = states[calm]
print(f"{len(X)} prompts, {int((~calm).sum())} giants left out")

# %% [markdown]
# How long should the added vector be?
# The unit is the **natural spread** of the cloud:
# how far a state typically is from the mean $\bar h$ of all states.
#
# $$\text{spread}^2 \;=\; \frac1n \sum_i \lVert h_i - \bar h \rVert^2 . \tag{12.1}$$
#
# In words: the mean of the squared distances from the centre.
# A shift of 1 moves every state as far as prompts differ anyway.

# %%
chapter.predict(
    "b",
    "Every state is moved by the same vector, three tenths of the spread. "
    "The smaller overlap on the map is …",
    ["below one half", "between one half and 90%", "above 90%"],
)


# %%
def tsne(X, Y, seed=0):
    """One map of both clouds together: the places of X, and those of Y."""
    method = TSNE(perplexity=30, init="random", random_state=seed)
    places = method.fit_transform(torch.cat([X, Y]).numpy())
    return places[: len(X)], places[len(X) :]


# %%
spread = (X - X.mean(0)).square().sum(1).mean().sqrt()
direction = torch.randn(X.shape[1])
direction /= direction.norm()
made = {}
for times in (0.3, 0.7, 1.5, 3.0):
    made[f"shift {times:g}"] = tsne(X, X + times * spread * direction)
show(*draw.maps_figure(made), name="12_made")
at = {name: min(overlaps(*pair)) for name, pair in made.items()}
small = at["shift 0.3"]
chapter.reveal("b", 0 if small < 0.5 else 1 if small < 0.9 else 2)

# %% [markdown]
# Up to a shift of 0.7, the crosses still sit on their circles, although *every* prompt has moved the same way.
# Then the cloud jumps: at 1.5 there are two.
# At 3 there are two as well, and nothing on the map says that this shift is twice the other.
# So the overlap is no measure of a shift. It is a **switch**.
# It switches where states move by about as much as neighbours are apart.
#
# And what do the margins share when the clouds are apart?
# t-SNE only looks at distances, so a map that is *turned* is exactly as good.
# The margins are not the same after turning.
#
# ### Exercise 12.1: What an axis sees, on paper · 8 minutes · ★★
#
# With a pencil: two round clouds in the plane, each a Gaussian with standard deviation 1 in every direction.
# Their centres are d apart.
# The line between the centres makes an angle θ with the horizontal axis.
# How large is the area that their two horizontal margins share?
# Write it as a function of d and θ (in degrees).
#
# <details><summary>Hint</summary>
#
# On the axis, the clouds are two bells of width 1 whose centres are d·|cos θ| apart.
# They cross halfway. The shared area consists of two tails.
# The likely mistake is to begin the tail at the whole distance.
#
# </details>
#
# <details><summary>More help</summary>
#
# The tail of a bell of width 1 beyond x is `math.erfc(x / math.sqrt(2)) / 2`.
# And `math.cos` wants radians: `math.radians(degrees)`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 12.1: all properties hold.
# Below it, one and the same pair of clouds at five angles.
#
# </details>


# %% exercise="12.1"
def margin_overlap(distance, degrees):
    """The area under both margins of two round clouds of width 1."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    seen = distance * abs(math.cos(math.radians(degrees)))
    return math.erfc(seen / 2 / math.sqrt(2))
    # END SOLUTION


margin_overlap = chapter.check("12.1", margin_overlap)
for angle in (0, 30, 60, 75, 90):
    print(f"centres 4 apart, {angle}°: {margin_overlap(4, angle):.0%}")

# %% [markdown]
# Two clouds that hardly touch look equal from the side, and no map has a reason to lie one way or the other.
# (The [laboratory](lab/12_distribution_shift.ipynb) turns real maps,
# and changes seed and perplexity: the same overdose overlaps by anything
# from [[=min(min(overlaps(*m)) for m in draw.stored_maps(overdose).values()):.2f]]
# to [[=max(min(overlaps(*m)) for m in draw.stored_maps(overdose).values()):.2f]].)

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 and 2.**
# Let students vote on the riddle before anybody computes; most look for the *best* overlap.
# Common mistakes: (a) "the axes of t-SNE are the main directions": that is PCA;
# (b) "fix the seed and the problem is gone";
# (c) overlap is taken for a distance between distributions in 576 dimensions.
# Question for the board: which measure of a map does *not* change when it is turned?
# (Any function of distances.)
# And does that save it?
# (No, because the distances on the map are not those of the data.)

# %% [markdown]
# ## 3. Measured where it happens
#
# The states have [[=X.shape[1] ]] numbers.
# There is no need to look at two.
# We write [[=len(EDITED)]] facts with AlphaEdit, and take the states of our [[=len(X)]] *other* prompts again.
#
# As a control we add a **twin**: the same update with its columns shuffled, and with random signs.
# It has the same size, and it aims at nothing.

# %%
editor, z = AlphaEdit(lm, progress=False), bundled_targets(lm, EDITED)
edit = editor.edit(EDITED, z)
Y = states_of(OTHERS)[calm]
deltas = {layer: edit.delta(layer) for layer in edit.layers}
edit.revert()

# %%
old = {layer: lm.weight(layer).clone() for layer in deltas}
for layer, delta in deltas.items():
    mix = torch.randperm(delta.shape[1])
    signs = torch.randint(0, 2, (delta.shape[1],)) * 2 - 1
    lm.weight(layer).add_(delta[:, mix] * signs.to(delta))
Z = states_of(OTHERS)[calm]  # with the twin's update
for layer, W in old.items():
    lm.weight(layer).copy_(W)

# %% [markdown]
# ### Exercise 12.2: How far? · 8 minutes · ★
#
# Row i of `before` and row i of `after` are the same prompt.
# So each prompt has an arrow, from its old state to its new one.
# Write two numbers, both in units of the spread (12.1) of `before`:
#
# * **size**: the length of a typical arrow, as a root mean square,
# * **common**: the length of the *mean* arrow.
#
# If all arrows are equal, so are the two numbers.
# If they point in all directions, common is much smaller.
#
# <details><summary>Hint</summary>
#
# The spread is measured from the *centre*, `before.mean(0)`.
# The likely mistake is the mean of the lengths instead of the root of the mean square.
#
# </details>
#
# <details><summary>More help</summary>
#
# `(x).square().sum(1).mean().sqrt()` is the root mean square of the lengths of the rows of x.
# Use it twice. For `common`, `.mean(0).norm()`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 12.2: all properties hold.
# Below it, size and common for AlphaEdit and its twin.
#
# </details>


# %% exercise="12.2"
def displacement(before, after):
    """(size, common), in spreads of before. Both are [n, d]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    gap = after - before
    spread = (before - before.mean(0)).square().sum(1).mean().sqrt()
    size = gap.square().sum(1).mean().sqrt() / spread
    return float(size), float(gap.mean(0).norm() / spread)
    # END SOLUTION


displacement = chapter.check("12.2", displacement)
size, common = displacement(X, Y)
twin_size, twin_common = displacement(X, Z)
print(f"AlphaEdit: size {size:.3f}, common {common:.3f}")
print(f"its twin:  size {twin_size:.3f}, common {twin_common:.3f}")

# %% [markdown]
# So prompts that nobody edited have moved, by [[=size:.0%]] of the natural spread.
# The same prompts were compared, so this needs no test.
# And the twin, which aims at nothing, moves them by [[=twin_size:.0%]].
# At this place, AlphaEdit's Δ disturbs strangers about as much as random numbers of the same size do.
#
# ## 4. A test, and a trap
#
# Has the *distribution* changed, too: the cloud as a whole?
#
# ### Exercise 12.3: Energy distance · 8 minutes · ★★
#
# The **energy distance** E of two clouds X and Y compares distances between the clouds with distances within.
# Take a random point of X and a random point of Y.
# Their mean distance counts *twice*.
# From this, subtract the mean distance of two random points of X, and that of two random points of Y.
# So E is 0 if strangers from the other cloud are as far away as those from one's own.
# (All means are over all pairs, a point with itself included.)
#
# <details><summary>Hint</summary>
#
# `torch.cdist(X, Y)` holds all distances between the rows of X and the rows of Y.
# The likely mistake is to count the first mean once.
#
# </details>
#
# <details><summary>More help</summary>
#
# Three calls of `torch.cdist(…).mean()`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 12.3: all properties hold.
# Below it, E for before and after, and for two halves of the same states.
#
# </details>


# %% exercise="12.3"
def energy(X, Y):
    """The energy distance of two clouds, [n, d] and [m, d], as a float."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    within = torch.cdist(X, X).mean() + torch.cdist(Y, Y).mean()
    return float(2 * torch.cdist(X, Y).mean() - within)
    # END SOLUTION


energy = chapter.check("12.3", energy)
mix = torch.randperm(len(X))
m = len(X) // 2
one, two = mix[:m], mix[m : 2 * m]
E_edit, E_halves = energy(X[one], Y[one]), energy(X[one], X[two])
print(f"{m} prompts, before and after: {E_edit:.2f}")
print(f"two halves of before: {E_halves:.2f}")

# %% [markdown]
# In a formula, with a bar for the mean over all pairs:
#
# $$E(X, Y) \;=\; 2\,\overline{\lVert x_i - y_j \rVert} \;-\; \overline{\lVert x_i - x_j \rVert} \;-\; \overline{\lVert y_i - y_j \rVert} . \tag{12.2}$$
#
# Here is the riddle again, without t-SNE:
# two halves of the same states are [[=E_halves / E_edit:.0f]] times as far apart as before and after.
# So a number alone says nothing.
# It must be compared with what chance gives.
#
# A **permutation test** asks: if the labels "before" and "after" meant nothing, what would E be?
# The usual way puts all states into one pool, shuffles it, and deals out two new clouds.
# Do this many times. How often does E become as large as it really was?

# %%
chapter.predict(
    "c",
    "All prompts have moved. E is compared with 199 shuffles of the pool. "
    "Then p is about …",
    ["0.005", "0.05", "0.5", "1"],
)

# %%
observed, pool, n = energy(X, Y), torch.cat([X, Y]), len(X)
shuffled = []
for _ in range(199):
    mix = pool[torch.randperm(2 * n)]
    shuffled.append(energy(mix[:n], mix[n:]))
reached = sum(by_luck >= observed for by_luck in shuffled)
p_pool = (1 + reached) / (1 + len(shuffled))
show(*draw.null_figure(shuffled, observed, p_pool), name="12_null")
bounds = (0.02, 0.2, 0.8)
chapter.reveal("c", sum(p_pool >= bound for bound in bounds))

# %% [markdown]
# **How to read it.** The bars are the E of the shuffles, the line is the E that we observed.
#
# *Every* shuffle is further apart than what we saw.
# The reason is the pairing again.
# Before and after hold the same prompts.
# A shuffle puts both states of some prompts into one cloud, and neither of others.
# Then the clouds hold different prompts, and that is a much larger difference than the edit.
# A p near 1 is not "better than fine".
# It says that the test was asked the wrong question.
#
# ### Exercise 12.4: A test for pairs · 12 minutes · ★★★
#
# What may be shuffled, if the labels mean nothing and the pairs stay?
# Write such a test for *any* statistic, a function of two clouds that is large when they differ. Then
#
# $$p \;=\; \frac{1 + \text{number of shuffles whose statistic is at least the observed one}}{1 + \text{number of shuffles}} . \tag{12.3}$$
#
# (The 1 is the observed labelling: it is one of those that chance could have drawn.)
#
# <details><summary>Hint</summary>
#
# Only *which of its two states is called "before"* can be exchanged, for each prompt by itself.
# One coin for each prompt: `torch.rand(n, 1) < 0.5`, a column, so that whole rows are swapped.
# The likely mistake is to shuffle the pool.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.where(swap, after, before)` is the new first cloud; the second is the other way round.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 12.4: all properties hold.
# Below it, your p for two statistics.
#
# </details>


# %% exercise="12.4"
def paired_p(before, after, statistic, shuffles=199):
    """p of (12.3). statistic(X, Y) is a float; rows i are one prompt."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    observed, reached = statistic(before, after), 0
    for _ in range(shuffles):
        swap = torch.rand(len(before), 1) < 0.5
        first = torch.where(swap, after, before)
        second = torch.where(swap, before, after)
        reached += statistic(first, second) >= observed
    return (1 + reached) / (1 + shuffles)
    # END SOLUTION


paired_p = chapter.check("12.4", paired_p)

# %% [markdown]
# E notices any change of the cloud.
# A second statistic asks for the centres only:


# %%
def centres(X, Y):
    """How far the centres of two clouds are apart."""
    return float((Y.mean(0) - X.mean(0)).norm())


p_energy, p_centres = (paired_p(X, Y, s) for s in (energy, centres))
print(f"in pairs: energy p = {p_energy:.3f}, centres p = {p_centres:.3f}")
print(f"(the smallest possible p is {1 / 200:.3f})")

# %% [markdown]
# In pairs, the change is seen at once: the arrows have something in common.
#
# ### Let a classifier try
#
# Another test: train a classifier to tell *before* from *after*.
# If it does better than guessing on states that it has not seen, the distributions differ.
# Ours is **logistic regression**: it learns a weight for each of the [[=X.shape[1] ]] numbers.
# The states are dealt into five groups, the **folds**,
# and each fold is judged by a classifier that has learned from the other four.
#
# ### Exercise 12.5: Folds for pairs · 5 minutes · ★
#
# Suppose that the classifier learns from a prompt's state *before*, and is judged on its state *after*.
# Then this state lies next to one with the *wrong* label.
# Deal 2n rows (all before, then all after) into k folds of equal size, at random, so that this cannot happen.
#
# <details><summary>Hint</summary>
#
# Deal out the n prompts first.
# The likely mistake is `torch.randperm(2 * n) % k`.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.randperm(n) % k` deals n prompts out evenly.
# `torch.cat` puts the same list behind itself.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 12.5: all properties hold.
# Below it, the accuracy with your folds, and with folds that tear pairs apart.
#
# </details>


# %% exercise="12.5"
def folds(n, k=5):
    """[2n] fold numbers, 0 to k − 1: n states before, the same after."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    prompts = torch.randperm(n) % k
    return torch.cat([prompts, prompts])
    # END SOLUTION


folds = chapter.check("12.5", folds)

# %%
from alphaedit_lite.book.ch12.experiments import classify

told = classify(X, Y, folds(len(X)))
torn = classify(X, Y, torch.randperm(2 * len(X)) % 5)
print(f"pairs kept together: {told.accuracy:.0%} are right")
print(f"pairs torn apart:    {torn.accuracy:.0%} are right")

# %% [markdown]
# With torn pairs the classifier is far *below* guessing.
# It has learned where each prompt lives, with the label of the partner that it saw.
# If you see an accuracy far below one half, look for such a leak.
#
# ## 5. The verdict
#
# The study did all of this for two editors, after [[=EDITS]] edits.
# In the table, `chance` is what `common` would be if the arrows had nothing in common.
#
# ### Exercise 12.6: What chance gives, on paper · 8 minutes · ★★
#
# With a pencil: two formulas.
#
# 1. Every prompt moves in a direction of its own, independently,
#    with mean zero and a typical length (root mean square) `size`.
#    What is the typical length of the *mean* arrow of n prompts?
# 2. What is the smallest p that a permutation test with a given number of shuffles can report?
#
# <details><summary>Hint</summary>
#
# ‖Σ dᵢ‖² = Σ ‖dᵢ‖² + the products of different arrows, and these are zero on average.
# The likely mistake is to add lengths instead of squares.
#
# </details>
#
# <details><summary>More help</summary>
#
# For 1: n · size² / n², and its root.
# For 2: put 0 into (12.3).
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 12.6: all properties hold.
# Below it, the common displacement of your edit against chance.
#
# </details>


# %% exercise="12.6"
def by_chance(size, n, shuffles):
    """Length of the mean of n independent arrows; the smallest p."""
    # BEGIN SOLUTION
    # STUB return None  # two formulas, separated by a comma
    return size / math.sqrt(n), 1 / (1 + shuffles)
    # END SOLUTION


by_chance = chapter.check("12.6", by_chance)
times = common / by_chance(size, len(X), 199)[0]
print(f"your edit: common is {times:.1f} times what chance gives")

# %% [markdown]
# Now the study, with two controls: a twin, and the overdose of section 1.

# %%
rows = pd.DataFrame(study["rows"])
there = (rows.token == "subject") & (rows.layer == LAYER)
rows = rows[there & (rows.edits == EDITS)].set_index("editor")
columns = ["size", "common", "chance", "p", "paired p"]
names = ["AlphaEdit", "MEMIT", "twin of AlphaEdit", overdose]
here = rows.loc[names, columns].rename(columns={"p": "p, pool"})
here.style.format(precision=3)

# %% [markdown]
# * **Did its insides move?** Yes.
#   After [[=EDITS]] edits by AlphaEdit, strangers have moved by [[=here['size']['AlphaEdit']:.0%]] of the spread.
# * **Did the distribution shift?**
#   Its centre hardly did.
#   The arrows nearly cancel: what is common is [[=here.common['AlphaEdit']:.1%]] of the spread.
#   The paired test finds it, because it is more than chance gives.
#   In this sense the paper's sentence holds here.
# * **Is that the merit of AlphaEdit?**
#   For the size, no: MEMIT and the twin move strangers about as far.
#   For what is common, perhaps: MEMIT has [[=here.common['MEMIT']:.1%]],
#   and [the laboratory](lab/12_distribution_shift.ipynb) finds that this difference is more than noise.
#   Whether P makes it, we have not tested.
# * **Does the map show it?** No.
#
# What happens to the map after many more edits?
# The study has also looked at [[=MANY:,]] edits of CounterFact.

# %%
chapter.predict(
    "d",
    "After so many edits, states have moved by more than half of the spread. "
    "The maps' smaller overlap is …",
    ["above 0.97", "0.9 to 0.97", "below 0.9: now it shows"],
)

# %%
MANY = result("shift_stream.json")["shown"]["AlphaEdit"]
still = draw.states("unedited", draw.LATER)
later = draw.states("AlphaEdit", draw.LATER)
length = still.norm(dim=1)
quiet = length <= 3 * length.median()
far, shared = displacement(still[quiet], later[quiet])
same = min(overlaps(*tsne(still[:100], later[:100])))
print(f"size {far:.2f}, common {shared:.2f}; overlap {same:.2f}")
chapter.reveal("d", 0 if same > 0.97 else 1 if same >= 0.9 else 2)

# %% [markdown]
# The states have moved by [[=far:.0%]] of the spread, and [[=shared:.0%]] are common to all prompts.
# The map still overlaps by [[=same:.2f]].
#
# **What we have not shown.**
# This is one small model, and one place in it.
# [The laboratory](lab/12_distribution_shift.ipynb) looks at other layers and tokens,
# and asks how small a shift each method notices.
# And hidden states are not answers: whether the model still *thinks* is what chapter 11 measures.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 3 to 5.**
# The order matters: let students commit to prediction c before they hear "paired".
# Common mistakes: (a) p = 1 is read as "proved: no shift";
# (b) coordinates instead of rows are swapped, which tests something that nobody asked;
# (c) grouped folds are taken for a detail.
# Have them draw two prompts with their two states each,
# and the line that a classifier would find with three of the four points.
# A plan for 90 minutes: the riddle and section 2 (25), 12.2 (10), 12.3 (10),
# prediction c and 12.4 (25), Break it (10). 12.1, 12.5 and 12.6 are homework.

# %% [markdown]
# ## Break it
#
# With enough prompts, the paired test notices almost any *common* move.
# That is its weakness.
# Write *one* fact, and look at the [[=len(X)]] prompts that have nothing to do with it.

# %%
edit = editor.edit(EDITED[:1], z[:1])
one = states_of(OTHERS)[calm]
edit.revert()

# %%
order = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
lines = []
for n in (10, 20, 40, 80, len(X)):
    A, B = X[order[:n]], one[order[:n]]
    lines.append((n, displacement(A, B)[0], paired_p(A, B, centres, 999)))
tiny = pd.DataFrame(lines, columns=["prompts", "size", "p"])
tiny.style.format({"size": "{:.4f}", "p": "{:.3f}"}).hide()

# %% [markdown]
# The size is about the same in each line: some [[=tiny['size'].mean():.0%]] of the spread, from one single fact.
# But p runs from [[=tiny.p.iloc[0]:.2f]] to [[=tiny.p.iloc[-1]:.3f]], only because prompts were added.
# A p-value does not answer "how far?", and not even "has anything moved?".
# It answers "do the arrows have something in common?".
# So it cannot be the measure of a shift, any more than the overlap can.
# Report it beside the size and the common part.

# %% [markdown]
# ## Paper ↔ code
#
# | in the paper | in words | in this package |
# |---|---|---|
# | Figure 5 | t-SNE of states of 1,000 prompts before and after 2,000 edits, with margins; the authors' code for it is not published (a line that saves the states is commented out, and the map is not made) | `book/ch12/experiments.py`, `map_of`; `book/ch12/figures.py` |
# | Figure 9: D1, D2 | the margins as numbers: how far the two curves overlap | `overlaps`; ours is the area under both smoothed curves, the paper's recipe is not published |
# | the states: last edited layer, subject's last token | where the picture looks | `hidden` |
# | not in the paper | displacement, energy distance with paired swaps, classifier with grouped folds | `displacement`, `energy_test`, `drift_test`, `classify` |
# | not in the paper | aimless and overdosed updates as controls | `twin`, `book/ch12/study.py` |

# %% [markdown]
# ## Keypoints
#
# * t-SNE keeps neighbourhoods.
#   The overlap of its margins is no measure of a shift; it is a switch.
# * Before and after are the same prompts: *pairs*.
#   Two halves of unedited data differ more than before and after.
# * So test in pairs: swap, do not shuffle; and keep pairs together in the folds of a classifier.
# * "How far?" (size, in units of the natural spread)
#   and "has it something in common?" (common, p) are two questions. Report both.
# * At this place AlphaEdit and MEMIT move strangers equally far, and an aimless update about as far.
#
# ## Quiz
#
# **1. A map shows two clouds side by side.
# With another seed they overlap.
# What has changed in the data?**
#
# <details><summary>A. Nothing.</summary>
# <b>Yes.</b> The states are the same; the map dropped its points elsewhere.
# </details>
# <details><summary>B. The shift has become smaller.</summary>
# No: the seed belongs to the map, not to the model.
# </details>
# <details><summary>C. The clouds have been turned.</summary>
# Perhaps on the map, but a turn changes nothing in the data either.
# </details>
#
# **2. A test that shuffles the pool gives p = 1 for before and after.
# What does this tell us?**
#
# <details><summary>A. That the model has not moved.</summary>
# No. Every state may have moved.
# The clouds hold the same prompts, and the shuffles do not.
# </details>
# <details><summary>B. That the data is paired, and the test ignores it.</summary>
# <b>Yes.</b> "More alike than chance allows" is the mark of pairs.
# </details>
# <details><summary>C. That more shuffles are needed.</summary>
# No: more shuffles make p more precise, and it would stay near 1.
# </details>
#
# **3. The paired test gives p = 0.001 for editor A and p = 0.02 for editor B, on the same prompts.
# Which one moved the model further?**
#
# <details><summary>A. Editor A.</summary>
# Not necessarily. p mixes how far, how uniformly, and how many prompts. Ask for the size.
# </details>
# <details><summary>B. One cannot tell from p.</summary>
# <b>Yes.</b> Compare sizes, with intervals.
# </details>
#
# **Further reading**
#
# * [Fang et al. 2025](https://arxiv.org/abs/2410.02355), AlphaEdit: figures 5 and 9.
# * Wattenberg, Viégas and Johnson, [How to Use t-SNE Effectively](https://distill.pub/2016/misread-tsne/):
#   play with clusters, distances and perplexities that lie.
# * Gretton et al., [A Kernel Method for the Two-Sample Problem](https://arxiv.org/abs/0805.2368):
#   the relative of the energy distance that is used most, and its test.
# * Sun et al., [Massive Activations in Large Language Models](https://arxiv.org/abs/2402.17762): the giants.
#
# **Next:** chapter 13 puts P behind other editors: one line of code, and what it is worth each time.

# %%
chapter.report()
