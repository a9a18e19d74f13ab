# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 11: Can it still think?
#
# *To read: 40 minutes. To do the exercises: 60 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will ask an edited model about things
# that nobody edited, with questions whose chance level you can prove,
# and you will be able to tell a loss from luck, and a ruined model from a silent one.**
#
# ```text
#   edited:    Lower Assam is located in the country of … Romania
#
#   and what about these?                                                 measured as       a guesser gets
#
#   text       how much does a page surprise the model?                   perplexity        (no such thing)
#   grammar    The lamps near the table  are ✓  is ✗                      minimal pairs     exactly one half
#   context    … is the third letter of the (alphabet)                    last words        about nothing
#   tasks      Is this film review positive or negative?                  GLUE, F1          0, 1/3 or 1/2!
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *say* in words what a rise of perplexity means, and what it cannot tell,
# > * *build* minimal pairs on which a model that knows no grammar scores exactly one half, and *prove* it,
# > * *test* whether a loss is more than luck (McNemar), and *plan* how many questions that takes,
# > * *read* curves of several abilities along a stream of edits, with their intervals,
# > * *find out* what a GLUE figure of 0 means before you believe that a model has lost its mind.
# >
# > **You need** an edited model (chapter 8), perplexity (chapter 1),
# > intervals over facts and paired differences (chapters 9 and 10).
# >
# > **It costs** the time stated above and 1.5 GB of memory.
# > The key statistics of chapter 0 are used again; if they are not in your cache, they take a minute more.
# > The long streams and the GLUE tasks come from files.

# %% tags=["setup"]

# %%
# Parameters: the layers to write into, squares of each phenomenon, the facts.
import math
import random
import re

import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, Fact, bundled_facts, bundled_targets, key_statistics, load_model
from alphaedit_lite.book.ch11 import experiments as ask
from alphaedit_lite.book.ch11 import figures as draw
from alphaedit_lite.book.ch11 import results as along
from alphaedit_lite.book.ch11.glue import TASKS
from alphaedit_lite.book.kit import streams as read
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.judging import scaled
from alphaedit_lite.book.kit.minimal_pairs import WORDS, pairs, square
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.book.kit.stream_figures import forest_figure

chapter = Chapter("11")
torch.manual_seed(11)
LAYERS, SQUARES, TIMES = (3, 4, 5, 6, 7), 4, 4.0  # TIMES: how strong the bad edit is
FACTS = bundled_facts("test")[:100]

# %% [markdown]
# ## Before you start
#
# <details><summary>1. What is specificity (chapter 9),
# and why does it not answer the question of this chapter?</summary>
#
# The share of *neighbours* that keep their answer: facts of the same relation about other subjects.
# They are facts again, asked in the same form.
# Grammar and the thread of a text are no facts about anybody.
#
# </details>
#
# <details><summary>2. Why are two editors compared fact by fact (chapter 10), and not by their two means?</summary>
#
# What is hard for both cancels in the difference, so its interval is narrower.
# Here the same holds for one model before and after an edit: the same questions, asked twice.
#
# </details>

# %% [markdown]
# ## 1. Questions with a known chance
#
# ### Perplexity, in words
#
# We have used perplexity as the price of every edit.
# It is the exponential of the mean loss per token,
#
# $$\mathrm{PPL} \;=\; \exp\Bigl(-\frac1T\sum_{t=1}^{T}\log P(x_t \mid x_1 \dots x_{t-1})\Bigr), \tag{11.1}$$
#
# in words: the model is as unsure, on average, as if it had to choose among PPL equally likely tokens.
# It is cheap, it reacts to everything, and it has two faults.
# There is no level of *chance*, and none at which a model can be said to speak English.
# And it says how *much* has changed, not *what*:
# a little worse everywhere, and everything about one thing forgotten, may look the same.
#
# So what is "+6%"?

# %% [markdown]
# ### Exercise 11.1: A rise of perplexity, on paper · 8 minutes · ★
#
# Perplexity is multiplied by 1 + r. With a pencil:
#
# 1. How much is added to the mean loss, in nats?
# 2. How many times less likely does a sentence of n average tokens become?
# 3. Suppose all the damage sits in one token out of m,
#    whose probability has halved, and all others are as before. What is m?
#
# <details><summary>Hint</summary>
#
# Take the logarithm of (11.1): what multiplies the perplexity adds to the mean.
# The likely mistake is to add up n times r: over the tokens of a sentence probabilities *multiply*.
#
# </details>
#
# <details><summary>More help</summary>
#
# For 3: halving costs ln 2 nats.
# Spread over m tokens, that is ln 2 / m each.
# Set it equal to your first answer.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 11.1: all properties hold.
# Below it, a table for four rises.
#
# </details>


# %% exercise="11.1"
def in_words(rise, tokens):
    """(nats per token, factor for a sentence, m) when perplexity is multiplied by 1 + rise."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    nats = math.log(1 + rise)
    return nats, math.exp(tokens * nats), math.log(2) / nats
    # END SOLUTION


in_words = chapter.check("11.1", in_words)
rises = pd.DataFrame(
    [in_words(rise, 20) for rise in (0.01, 0.06, 0.2, 1.0)],
    index=["+1%", "+6%", "+20%", "+100%"],
    columns=["nats per token", "20 tokens: less likely by", "one halved in"],
)
rises.style.format(precision=2)

# %% [markdown]
# A rise of 6% makes a sentence of 20 tokens [[=rises.iloc[1, 1]:.1f]] times less likely.
# It is the same as if one token in [[=rises.iloc[1, 2]:.0f]] had lost half of its probability,
# and nothing else had happened.
# Whether these are the names of villages or the word "is", perplexity does not say.

# %% [markdown]
# ### Minimal pairs, in squares
#
# So ask about one thing at a time.
# Two sentences that differ in one place; one is English, the other is not.
# A model knows the rule if it finds the good one more likely.
# The idea is BLiMP's ([Warstadt et al. 2020](https://arxiv.org/abs/1912.00582)).
# Our battery has [[=n_kinds]] phenomena with [[=len(pairs()) // n_kinds]] pairs each, from templates of our own,
# and each template is a **square**: two frames, two fillers, and each filler fits one frame.
#
# ```text
#                                     is        are
#     The lamp near the tables …     good       bad       first pair
#     The lamps near the table …     bad        good      second pair
# ```
#
# Why? A model may simply like "is" better than "are", because it is frequent, or short.
# On single pairs that would pass for grammar.
# Let the model's score of a sentence be a sum of one number for each word, wherever it stands: $s = \sum_w f(w)$.
# Call the two frames A and B and the fillers x and y;
# x fits A and y fits B, so Ax and By are the good sentences.
# What the two sentences of a pair share cancels, and
#
# $$\underbrace{s(A\,x) - s(A\,y)}_{\text{first pair}} = f(x) - f(y), \qquad
# \underbrace{s(B\,y) - s(B\,x)}_{\text{second pair}} = -\bigl(f(x) - f(y)\bigr). \tag{11.2}$$
#
# In words: the two differences have opposite signs,
# so exactly one of them is above zero, and one pair of the square is right.
# It is right on **exactly one half**, whatever it likes.
# (Unless it likes both alike; a tie counts as wrong.)
# This is a chance level that one can *prove*, not estimate.

# %% [markdown]
# ### Exercise 11.2: The judge · 6 minutes · ★
#
# Write the judge. `score(sentence)` returns a number, higher for what a model finds more likely;
# each pair has a `good` and a `bad` sentence.
# The check puts a model before your judge that likes words and knows no order.
#
# <details><summary>Hint</summary>
#
# The likely mistake is >=: a model to which all sentences are alike would then be a grammarian.
#
# </details>
#
# <details><summary>More help</summary>
#
# `sum(score(p.good) > score(p.bad) for p in some)` counts them: True is 1.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 11.2: all properties hold.
# Then three numbers: your judge's verdict on a model
# that likes words at random, on ours, and on ours with the words shuffled.
#
# </details>


# %% exercise="11.2"
def share_right(some, score):
    """The share of pairs whose good sentence scores higher than its bad one."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return sum(score(pair.good) > score(pair.bad) for pair in some) / len(some)
    # END SOLUTION


share_right = chapter.check("11.2", share_right)

# %% [markdown]
# Now three models before your judge: one with a random number for each word;
# ours; and ours on the *same words in another order*:
# what stands before the contrast is shuffled, in the same way in both sentences ("lamps The table near the are").

# %%
chapter.predict(
    "a",
    "Our model reads the shuffled sentences. On how many pairs does it prefer the filler that was right?",
    ["one half, within 3 points: it knows no order now", "53% to 75%", "more than 75%"],
)

# %%
lm = load_model()
n_kinds = len({pair.phenomenon for pair in pairs()})
some = ask.part(SQUARES)  # 8 pairs of each phenomenon, live
taste = {word: random.Random(word).random() for pair in pairs() for word in f"{pair.good} {pair.bad}".split()}
likes_words = share_right(pairs(), lambda sentence: sum(sorted(taste[word] for word in sentence.split())))
mixed = ask.shuffled(some)
in_order, disordered = ask.sentence_scores(lm, some), ask.sentence_scores(lm, mixed)
ours, jumbled = share_right(some, in_order.get), share_right(mixed, disordered.get)
before = ask.look(lm, some, in_order)  # and last words, and perplexity
chapter.reveal("a", 0 if abs(jumbled - 0.5) < 0.03 else 1 if jumbled <= 0.75 else 2)
print(f"likes words: {likes_words:.3f}, our model: {ours:.3f}, shuffled words: {jumbled:.3f}")

# %%
mixed_bits = pd.Series(
    [float(disordered[pair.good] > disordered[pair.bad]) for pair in mixed], ask.names(mixed)
)
mixed_share = ask.share_with_interval(mixed_bits)
keep_company = ask.phenomenon_of(mixed_bits).isin(
    ["negative polarity", "reflexive and number", "reflexive and gender"]
)
show(*draw.phenomena_figure({"in order": before.pairs, "shuffled": mixed_bits}), name="11_phenomena")

# %% [markdown]
# **How to read it.** Where all [[=2 * SQUARES]] pairs of a phenomenon are right there is no bar.
# That is not certainty: a bootstrap cannot draw what it has not seen.
# A model that is right on [[=0.025 ** (1 / (2 * SQUARES)):.0%]]
# of such pairs gets [[=2 * SQUARES]] of [[=2 * SQUARES]] once in forty times.
#
# **What surprised us.**
# The model that likes words has exactly one half, to the last digit, as (11.2) says.
# Ours has [[=ours:.0%]].
# And on the shuffled words it still has [[=jumbled:.0%]] (95%:
# [[=mixed_share.low:.0%]] to [[=mixed_share.high:.0%]]).
# Has it found order in the disorder?
# Perhaps it sees *company*: with "never" among the words,
# "neither" is likelier, wherever both stand; and "girl" speaks for "herself".
# (11.2) holds for sums over single words, and a model that knows which words keep company is no such sum.
# The figure does not contradict this guess
# (but we named the three, no test did, and *irregular participle* stands as high as *reflexive and gender*):
# shuffled, negative polarity and the two kinds
# of reflexives have [[=int(mixed_bits[keep_company].sum()):d]] of [[=int(keep_company.sum()):d]] right,
# and the other [[=n_kinds - 3]] phenomena together [[=mixed_bits[~keep_company].mean():.0%]], next to a coin.
# So in some phenomena a part of what our model has above one half may need no order at all.
# Keep this in mind when pairs are called *grammar*.

# %% [markdown]
# ### Exercise 11.3: A square of your own · 10 minutes · ★★
#
# Which rule of English is missing?
# Write one template for it.
# `[a|b]` stands in the first and in the second frame; of `(x|y)`, x is right in the first and y in the second.
# `person:0` draws a teacher, `person:1` teachers; `person2:0` is somebody else.
# A kind with one form has nothing after its colon:
# `tired:` draws an adjective, `greeted:` a verb.
# Without a colon a word stands as it is.
# The kinds: *person, thing, place, mass, she, he, do* (sing/sings), *past* (sang/sung),
# *greeted* and *bought* (take an object), *slept* (takes none), *hurt, tired, old*.
#
# <details><summary>Hint</summary>
#
# One of ours: `"The [thing:0|thing:1] near the [thing2:1|thing2:0] (is|are)"`.
# The likely mistakes: a filler as the first word (both sentences of a pair must begin alike),
# and a filler that is right in both frames.
#
# </details>
#
# <details><summary>More help</summary>
#
# Try tense: which words of time go with *was*, and which with *will be*?
# Or *much* and *many*, *since* and *for*.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 11.3: all properties hold.
# Then two of your pairs, and how our model does on forty.
#
# </details>

# %% exercise="11.3"
# BEGIN SOLUTION
# STUB template = None  # a string
template = "[Yesterday|Tomorrow] the tired: person:0 (was|will be) in the place:0"
# END SOLUTION

template = chapter.check("11.3", template)
yours = [pair for i in range(20) for pair in square("yours", template, random.Random(i))]
scores = ask.sentence_scores(lm, yours)
share = share_right(yours, scores.get)
gaps = [scores[pair.good] - scores[pair.bad] for pair in yours]
leans = sum(a + b > 0 for a, b in zip(gaps[::2], gaps[1::2], strict=True))
for pair, gap in list(zip(yours, gaps, strict=True))[:2]:
    print(f"good: {pair.good}    bad: {pair.bad}    difference {gap:+.1f}")
print(f"right: {share:.0%} of {len(yours)}; squares that lean the right way: {leans} of {len(yours) // 2}")

# %% [markdown]
# The last number asks for less than a verdict.
# The *lean* of a square is the sum of its two differences.
# For a model that likes words it is exactly zero, by (11.2).
# A model can have a favourite so strong that it says the same in both frames, and is right on one half;
# and still like that filler *less* where it is wrong.
# With our own square of tense, the model is right on [[=share:.0%]] of the pairs,
# and leans the right way in [[=leans]] of [[=len(yours) // 2]] squares.
# One half can be ignorance, or a favourite.
# Section 4 meets this again.
#
# (The check of a square is formal.
# Whether both good sentences are good *English*, and both bad ones bad, only a speaker can say: read ten of your own.
# For BLiMP, people were asked as well; its authors report that, taken together, they agreed with 96.4% of the labels.
# Our battery has not been judged by others.)

# %% [markdown]
# ### Last words
#
# The third question is LAMBADA's ([Paperno et al. 2016](https://arxiv.org/abs/1606.06031)):
# here is a text without its last word; which word is it?
# Ours are first sentences of Wikipedia articles that neither the statistics nor the perplexity have read.
# A word is right if all of its tokens are the model's first choice.
# A guesser gets next to nothing, so this is the strictest of the three. Some examples:

# %%
from alphaedit_lite.book.kit.last_words import last_words
from alphaedit_lite.support.texts import wikipedia_leads

asked = last_words(wikipedia_leads("heldout")[100:], ask.SENTENCES)
for (sentence, word), bit in list(zip(asked, before.last_words, strict=True))[:6]:
    print(f"{'✓' if bit else '✗'} … {' '.join(sentence.split()[-9:])} ({word.strip()})")
print(
    f"right: {before.last_words.mean():.0%} of {len(asked)}; perplexity of the leads: {before.perplexity:.1f}"
)

# %% [markdown]
# (The sentences are Wikipedia's, CC BY-SA 4.0.)

# %% [markdown]
# ## 2. A loss, or luck?
#
# Now edit. We write [[=len(FACTS)]] facts, with the targets z that ship with the package.
# And we make a deliberately bad edit out of it: the same update, taken [[=TIMES:.0f]] times, as in chapter 9.

# %%
chapter.predict(
    "b",
    "AlphaEdit writes 100 facts. How many of our pairs change their verdict, in either direction?",
    ["none", "up to 5%", "5% to 15%", "more than 15%"],
)

# %%
statistics = key_statistics(lm, LAYERS)
editor = AlphaEdit(lm, statistics=statistics, progress=False)
good_edit = editor.edit(FACTS, bundled_targets(lm, FACTS))
good_edit.revert()
edits = {"100 facts": good_edit, "four times": scaled(good_edit, TIMES)}
states = {"unedited": before}
for name, edit in edits.items():
    edit.apply(lm)
    states[name] = ask.look(lm, some)
    edit.revert()
moved = float((states["100 facts"].pairs != before.pairs).mean())
chapter.reveal("b", 0 if moved == 0 else 1 if moved <= 0.05 else 2 if moved <= 0.15 else 3)
print(f"verdicts changed: {moved:.1%} of {len(some)}")

# %% [markdown]
# Of the [[=len(some)]] verdicts, [[=round(moved * len(some)):d]] have changed,
# and perplexity is up by [[=states['100 facts'].perplexity / before.perplexity - 1:.1%]];
# with the update taken four times, by [[=states['four times'].perplexity / before.perplexity - 1:.0%]].
#
# The next question is the one that most papers leave out: **is that a loss?**
# If an edit shook the model without any direction,
# verdicts near the border would change sides, in both directions alike.
# Only an *uneven* split speaks of harm.
# Questions that did not change say nothing about it.
# This is McNemar's test ([McNemar 1947](https://doi.org/10.1007/BF02295996)):
# of n verdicts that changed, ℓ were lost and g gained, and if both were equally likely,
#
# $$p \;=\; \min\Bigl(1,\; 2\sum_{k=0}^{\min(\ell,g)} \binom{n}{k}\,2^{-n}\Bigr), \qquad n = \ell + g . \tag{11.3}$$
#
# In words: the chance that n coins fall so unevenly, or more so, to either side.

# %% [markdown]
# ### Exercise 11.4: McNemar's test · 10 minutes · ★★
#
# Write `mcnemar(before, after)`: how many verdicts were lost, how many gained, and p by (11.3).
# Both arguments are tensors of True and False, for the same questions in the same order.
#
# <details><summary>Hint</summary>
#
# `before & ~after` is what was lost.
# The likely mistakes: one side only, and the chance of *exactly* this split.
#
# </details>
#
# <details><summary>More help</summary>
#
# `sum(math.comb(n, k) for k in range(min(lost, gained) + 1)) / 2**n` is one side.
# Without changes (n = 0) it is 1, and p is 1, because of the min.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 11.4: all properties hold.
# Your function fills the table below.
#
# </details>


# %% exercise="11.4"
def mcnemar(before, after):
    """(lost, gained, p) of two series of verdicts on the same questions, bool [n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    lost, gained = int((before & ~after).sum()), int((~before & after).sum())
    n, few = lost + gained, min(lost, gained)
    return lost, gained, min(1.0, 2 * sum(math.comb(n, k) for k in range(few + 1)) / 2**n)
    # END SOLUTION


mcnemar = chapter.check("11.4", mcnemar)

# %%
lines = []
for name, state in list(states.items())[1:]:
    for what, a, b in (
        ("pairs", before.pairs, state.pairs),
        ("last words", before.last_words, state.last_words),
    ):
        lost, gained, p = mcnemar(torch.tensor(a.to_numpy()) > 0, torch.tensor(b.to_numpy()) > 0)
        change, loose = ask.change(a, b), ask.unpaired(a, b)
        lines.append([name, what, a.mean(), b.mean(), lost, gained, p, str(change), str(loose)])
heads = ["edit", "asked", "before", "after", "lost", "gained", "p", "change, points", "as if unpaired"]
verdicts = pd.DataFrame(lines, columns=heads)
seen = verdicts.set_index(["edit", "asked"])
a, b = before.pairs, states["100 facts"].pairs
narrower = (ask.unpaired(a, b).high - ask.unpaired(a, b).low) / (ask.change(a, b).high - ask.change(a, b).low)
verdicts.style.format("{:.0%}", subset=["before", "after"]).format("{:.2g}", subset=["p"]).hide()

# %% [markdown]
# Lost and gained after the hundred facts: [[=seen.loc[('100 facts', 'pairs')].lost]]
# and [[=seen.loc[('100 facts', 'pairs')].gained]] of the pairs (p = [[=seen.loc[('100 facts', 'pairs')].p:.2g]]),
# [[=seen.loc[('100 facts', 'last words')].lost]] and [[=seen.loc[('100 facts', 'last words')].gained]]
# of the last words (p = [[=seen.loc[('100 facts', 'last words')].p:.2g]]).
# With four times the update: [[=seen.loc[('four times', 'pairs')].lost]]
# and [[=seen.loc[('four times', 'pairs')].gained]] of the pairs (p = [[=seen.loc[('four times', 'pairs')].p:.1g]]),
# [[=seen.loc[('four times', 'last words')].lost]] and [[=seen.loc[('four times', 'last words')].gained]]
# of the last words (p = [[=seen.loc[('four times', 'last words')].p:.1g]]).
#
# Without a single gain, six losses give p = [[=2 / 2**6:.2f]],
# five only [[=2 / 2**5:.2f]]; two against one says nothing.
# Compare the last two columns as well: they estimate the same change.
# For the pairs after the hundred facts, the interval would be [[=narrower:.1f]] times as wide
# if other questions had been asked each time.
#
# *Two warnings.* McNemar's test takes the questions for independent,
# and the two pairs of a square are not: they hold the same words.
# The interval in the column `change` draws whole squares.
# But a bootstrap cannot draw what it has not seen:
# from a few losses and no gain it makes an interval that is too sure of itself.
# Where test and interval disagree, call the matter open, and ask more questions.
# (And with many tests, some come out small by luck: of twenty tests of nothing, one has p < 0.05.)
#
# How many pairs would it take to *see* a loss of 3 points?
# That is a question to ask before an experiment, not after it.

# %% [markdown]
# ### Exercise 11.5: How many questions, on paper · 12 minutes · ★★
#
# An edit changes a share `changed` of the verdicts, and the share that is right falls by `loss`.
# To see this with the usual care (5% false alarms, and found in four of five tries),
# the loss must be 2.8 standard errors (1.96 for the false alarms,
# and 0.84 more to be past that line four times in five). With a pencil:
#
# 1. How many pairs are needed, if the same are asked before and after?
#    (The change of one question is −1, 0 or +1: what is its variance?)
# 2. How many, if *other* pairs are asked after the edit?
#    Before, a share p is right; take p for after, too.
# 3. Asked in squares, the changes of the two pairs have correlation ρ.
#    How many pairs, in place of your first answer?
#
# <details><summary>Hint</summary>
#
# The standard error is s/√n; solve loss = 2.8 s/√n for n.
# For 1, the mean of the squares is `changed`, and the mean is `loss` in size.
# The likely mistake is to forget that a variance is the mean square *minus* the squared mean.
#
# </details>
#
# <details><summary>More help</summary>
#
# For 2: right or wrong has the variance p(1 − p), and the variances of the two shares add.
# For 3: the mean of two numbers with variance s² and correlation ρ has the variance s²(1 + ρ)/2.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 11.5: all properties hold.
# Below it, three numbers for a loss of 3 points.
#
# </details>


# %% exercise="11.5"
def pairs_needed(loss, changed, p, rho):
    """Pairs for a loss of 2.8 standard errors: (same pairs, other pairs, same pairs in squares)."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    same = 2.8**2 * (changed - loss**2) / loss**2
    return same, 2.8**2 * 2 * p * (1 - p) / loss**2, same * (1 + rho)
    # END SOLUTION


pairs_needed = chapter.check("11.5", pairs_needed)
study = result("ability.json")  # section 3 says what it is
rows = study["rows"]
steps = (read.right(rows["AlphaEdit × 4"]) - read.right(rows["unedited"])).to_numpy()
rho = float(pd.Series(steps[::2]).corr(pd.Series(steps[1::2])))  # between the two pairs of a square
needed = pairs_needed(0.03, 0.05, ours, rho)  # if 5% of the verdicts change
print(f"verdicts changed by the 100 facts: {moved:.1%}; correlation in a square (study): {rho:+.2f}")
print(f"same pairs: {needed[0]:.0f}, other pairs: {needed[1]:.0f}, in squares: {needed[2]:.0f}")

# %% [markdown]
# [[=needed[0]:.0f]] pairs, if the same ones are asked twice and 5% of the verdicts change;
# [[=needed[1]:.0f]] if other pairs are asked after the edit;
# [[=needed[2]:.0f]] if the same pairs come in squares.
# Live we ask [[=len(some)]], the whole battery has [[=len(pairs())]].
# **So the quiet result above says little:
# with [[=len(some)]] pairs, a loss of 3 points would most likely have been overlooked.**
# Pairing is worth a lot, and it costs nothing but keeping the single verdicts.
# Papers that report a mean before and a mean after have thrown it away.
#
# ### Where does the difference come from?
#
# A pair's verdict is a sum over tokens.
# Below is one pair of the battery, token by token, in the unedited model and with both edits.

# %%
from alphaedit_lite.book.ch11.widgets import BAD, GOOD, PairWidget, read_pair

show(*draw.tokens_figure(read_pair(lm, edits, GOOD, BAD), (GOOD, BAD)), name="11_tokens")

# %% [markdown]
# The bars of the words that both sentences share are the same above and below; they cancel.
# All of the verdict is in the last bar.
#
# Type a pair of your own, and press Enter.
# Try one of your square; one with an edited subject in it (such as *[[=FACTS[0].subject]]*);
# one in which good and bad differ by a frequent and a rare word.

# %%
PairWidget(lm, edits).show()

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 and 2.**
# Common mistakes: (a) "the shuffled model should be at one half":
# (11.2) needs a score that is a *sum over words*;
# a model that knows which words keep company is not one.
# Let students find a pair in which company alone gives the answer away.
# (b) p > 0.05 is read as "no harm"; ask what 11.5 says about the loss that could have been seen.
# (c) Pairs are counted as if independent.
# For the board: why is the unpaired interval so wide when nearly every question has the same verdict twice?

# %% [markdown]
# ## 3. Which ability goes first?
#
# Now with more questions ([[=2 * study['squares'] * n_kinds]] pairs,
# [[=len(rows['unedited']['last words'])]] last words, the loss on each of [[=int(study['leads']):d]] leads)
# and more kinds of harm: the same [[=int(study['facts']):d]] facts written by AlphaEdit,
# and carelessly (ridge regression with hardly any λ);
# AlphaEdit's update taken four times; and *noise*: in each layer a random matrix of exactly that size.
# `python -m alphaedit_lite.book.ch11.study` made the file.

# %%
chapter.predict(
    "c",
    "Two updates of the same size ‖ΔW‖: AlphaEdit's taken four times, and random numbers. Which raises perplexity more?",
    [
        "AlphaEdit's: it acts where the facts' keys are",
        "the noise: P protects text from AlphaEdit's",
        "about the same",
    ],
)

# %%
writes = ask.as_streams(rows)
harm = ask.losses(writes)
harm["rise"] = [ask.rise(rows["unedited"], rows[name]) for name in harm.index]
harm["named first"] = [rows[name]["named first"] for name in harm.index]
harm["update"] = [rows[name]["update"]["7"] for name in harm.index]
harm = harm.loc[sorted(harm.index, key=lambda name: harm.rise[name].mean)]
show(*draw.dose_figure(harm), name="11_dose")
times4, noise4 = (harm.rise[name].mean for name in ("AlphaEdit × 4", "noise, size of AlphaEdit × 4"))
chapter.reveal("c", 2 if 0.5 < times4 / noise4 < 2 else 0 if times4 > noise4 else 1)

# %%
shown = harm[["update", "named first", "rise", "pairs", "p pairs", "last words", "p last words"]].copy()
for column in ("rise", "pairs", "last words"):
    shown[column] = shown[column].map(str)


apart = ask.rise(rows["AlphaEdit × 4"], rows["noise, size of AlphaEdit × 4"])
few = {
    name: round(-len(rows[name]["last words"]) * harm["last words"][name].mean)
    for name in ("AlphaEdit", "careless ridge")
}


def share_of(name, what):
    """The share right in one row of the study."""
    return read.right(rows[name], what).mean()


worst, first = "AlphaEdit × 4", read.right(rows["unedited"])
gone = along.race(writes).loc[worst]  # which part of what was above chance
two = (read.right(rows[name], "last words") for name in (worst, f"noise, size of {worst}"))
noisier = ask.change(*two)  # noise minus AlphaEdit

shown.style.format("{:.2f}", subset=["update"]).format("{:.0%}", subset=["named first"]).format(
    "{:.1g}", subset=["p pairs", "p last words"]
)

# %% [markdown]
# In the table, `update` is ‖ΔW‖/‖W‖ in layer 7 and `named first` the share of the facts that were written;
# `rise` is in percent, `pairs` and `last words` are changes in points.
# p is McNemar's; for pairs, whole squares are counted as better or worse in place of single verdicts (a sign test).
#
# **What surprised us.**
# Read the row of AlphaEdit's update taken four times.
# Perplexity is [[=1 + times4:.1f]] times as high;
# and where the model named [[=share_of('unedited', 'last words'):.0%]] of the last words,
# it now names [[=share_of('AlphaEdit × 4', 'last words'):.0%]].
# But of the pairs, [[=share_of('AlphaEdit × 4', 'pairs'):.0%]] are still right,
# after [[=share_of('unedited', 'pairs'):.0%]]:
# a change of [[=str(harm.pairs['AlphaEdit × 4'])]] points.
#
# So *which goes first*?
# Put the two on one scale: which part of what was above chance is gone?
# Of the last words (chance: about zero) [[=gone['last words'].mean:.0%]] (95%:
# [[=100 * gone['last words'].low:.0f]] to [[=100 * gone['last words'].high:.0f]]), of the pairs (chance: one half)
# [[=gone.pairs.mean:.0%]] ([[=100 * gone.pairs.low:.0f]] to [[=100 * gone.pairs.high:.0f]]).
# At this dose and on this scale the thread of a text goes first.
# (Our guess at a reason: whether "is" or "are" follows is a choice between two,
# and the two are far apart in probability; the last word of a sentence must beat all other words.)
# Perplexity has no chance level, so it cannot enter this race.
#
# **But this order depends on dose and scale**; we come back to it with the streams below.
#
# At small doses there is less to see than one would like.
# With AlphaEdit's hundred facts perplexity changes by [[=100 * harm.rise['AlphaEdit'].mean:+.1f]]%
# (95%, drawing leads: [[=100 * harm.rise['AlphaEdit'].low:.1f]] to [[=100 * harm.rise['AlphaEdit'].high:.1f]]);
# a careless ridge regression with hardly any λ,
# which writes as many facts, by [[=100 * harm.rise['careless ridge'].mean:.1f]]%
# ([[=100 * harm.rise['careless ridge'].low:.1f]] to [[=100 * harm.rise['careless ridge'].high:.1f]]).
# Last words: [[=str(harm['last words']['AlphaEdit'])]] and [[=str(harm['last words']['careless ridge'])]] points,
# which are [[=int(few['AlphaEdit']):d]] and [[=int(few['careless ridge']):d]] words, all of them lost and none gained.
# That looks like a direction, but p is [[=harm['p last words']['AlphaEdit']:.2f]]
# and [[=harm['p last words']['careless ridge']:.2f]].
# Pairs: [[=str(harm.pairs['AlphaEdit'])]] and [[=str(harm.pairs['careless ridge'])]].
# So with these numbers of questions the careful write has harmed nothing *for sure*,
# and a loss of several last words in a hundred would have passed.
# AlphaEdit's stream (below) asks more, about other facts:
# after its first 100 edits [[=early[0]:d]] of [[=len(start)]] last words are lost
# and [[=early[1]:d]] gained (p = [[=early[2]:.2g]]),
# and perplexity is up by [[=read.course(streams['AlphaEdit']).rise[100]:.1%]].
# So a first loss of last words is likely.
#
# And the noise? It writes [[=harm['named first']['noise, size of AlphaEdit × 4']:.0%]] of the facts,
# and raises perplexity by [[=100 * noise4:.0f]]%,
# where AlphaEdit's update of the same size raises it by [[=100 * times4:.0f]]%.
# Lead by lead, the noise is [[=100 * apart.mean:.0f]]% above AlphaEdit's (95%:
# [[=100 * apart.low:.0f]] to [[=100 * apart.high:.0f]]);
# in last words right it differs by [[=str(noisier)]] points.
# So at four times the update, one draw of noise of the same size does harm
# that [[=int(study['leads']):d]] leads and [[=noisier.n]] last words cannot tell from AlphaEdit's.
# We had expected more of a direction that was chosen to spare text.
# *Size alone is not it, though.*
# In the streams below, after [[=MANY]] edits, ridge's update is smaller than AlphaEdit's
# ([[=size['ridge with history']:.2f]] against [[=size['AlphaEdit']:.2f]] of ‖W‖), and perplexity has risen more
# ([[=at_end.rise['ridge with history']:.0%]] against [[=at_end.rise['AlphaEdit']:.0%]]);
# over [[=len(at_end)]] editors the rank correlation of size and rise is [[=size_and_rise.mean:.2f]]
# ([[=size_and_rise.low:.2f]] to [[=size_and_rise.high:.2f]]).
# Noise at normal strength we did not try.

# %%
both = {name: ask.by_phenomenon(first, read.right(rows[name])) for name in ("AlphaEdit", worst)}
sure_kinds = sum(change.high < 0 for change in both[worst].values())
show(*forest_figure(both, "change, points"), name="11_kinds")

# %% [markdown]
# **How to read it.** Where no pair has changed there is no bar: again no certainty, only nothing seen.
#
# Where has it been lost?
# The panel on the right has [[=int(2 * study['squares']):d]] pairs for each phenomenon,
# so one pair is [[=100 / (2 * study['squares']):.0f]] points, and the intervals are wide.
# [[=sure_kinds or 'None']] of [[=n_kinds]] phenomena have lost for sure, although all of them together have.
# That does *not* say that the loss is spread evenly: so few pairs would miss most losses of one rule (11.5).
# The streams below ask [[=len(pairs()) // n_kinds]] pairs of each.
# There, after [[=MANY]] edits, *[[=weakest]]* has lost [[=-100 * of_kind.loc[weakest].max():.0f]]
# to [[=-100 * of_kind.loc[weakest].min():.0f]] points, for sure in [[=weak_for_sure]] of [[=len(races)]] editors,
# and *[[=strongest]]* at most [[=100 * abs(min(0, of_kind.loc[strongest].min())):.0f]].
# (They are the two ends of ten, picked after looking.)

# %% [markdown]
# ### Along a stream of edits
#
# The long streams of chapter 10 carry the same probes: all [[=len(pairs())]] pairs, 150 last words
# and the perplexity of [[=__import__('alphaedit_lite.book.kit.probes', fromlist=['LEADS']).LEADS]] leads
# at every checkpoint, verdict by verdict.
# (`python -m alphaedit_lite.book.kit.studies` makes them, in hours.)
# First the three abilities along the way, a line for each editor:
# pairs and last words on one scale, as the part gone of what was above chance.
# Then their changes against the rise of perplexity, a mark for each checkpoint.
# (PRUNE's stream is left out: it is MEMIT's once more, because PRUNE found no singular value large enough to damp.
# Not all streams are equally long.)

# %%
there = {name: read.read_stream(name) for name in read.streams_there() if name != "PRUNE"}
streams = {name: found for name, found in there.items() if read.last(found)}
STAGES = (300, 1000)  # editors are compared after equally many edits
show(*draw.course_figure(streams), name="11_course")
show(*draw.scatter_figure(ask.points(streams)), name="11_predict")
print(along.said_of(streams, STAGES))

# %%
MANY = STAGES[-1]
ends, races = along.reached(streams, MANY), along.race(streams, MANY)
at_end = ask.losses(ends, MANY)
losers = {what: sum(change.high < 0 for change in at_end[what]) for what in ("pairs", "last words")}
follows = {edits: along.spearman_at(streams, edits) for edits in STAGES}
size = pd.Series({name: read.course(found)["update"][MANY] for name, found in ends.items()})
size_and_rise = ask.rank_correlation(size, at_end.rise)
wrecked = sum(read.course(found).collapsed.any() for found in streams.values())
looks = {name: [read.right(read.checkpoint(found, at)) for at in (0, MANY)] for name, found in ends.items()}
kinds = {name: ask.by_phenomenon(*look) for name, look in looks.items()}
of_kind = pd.DataFrame({name: {k: c.mean for k, c in found.items()} for name, found in kinds.items()})
weakest, strongest = of_kind.mean(axis=1).idxmin(), of_kind.mean(axis=1).idxmax()
weak_for_sure = sum(found[weakest].high < 0 for found in kinds.values())
start, soon = (read.right(read.checkpoint(streams["AlphaEdit"], at), "last words") for at in (0, 100))
early = mcnemar(torch.tensor(start.to_numpy()) > 0, torch.tensor(soon.to_numpy()) > 0)
clear = sum(change.sure for found in follows.values() for change in found.values())
table = races.map(str)
table["log-odds"] = [f"{c.mean:+.2f} [{c.low:+.2f}, {c.high:+.2f}]" for c in races["log-odds"]]
table.rename(columns={"pairs": "pairs gone, %", "last words": "last words gone, %", "gap": "gap, points"})

# %% [markdown]
# In the table, `gap` is the part gone of last words minus that of pairs;
# `log-odds` is the fall of the log-odds of last words minus that of pairs: below zero, the pairs have fallen more.
# Intervals draw squares and texts.
#
# **Which goes first, once more.**
# In these streams the gap between the two parts is, after [[=MANY]] edits,
# [[=100 * min(c.mean for c in races.gap):.0f]] to [[=100 * max(c.mean for c in races.gap):.0f]] points,
# and clear of luck for [[=sum(c.sure for c in races.gap)]] of [[=len(races)]] editors.
# And the scale is a choice.
# Take, for each ability, the fall of the log-odds log(p / (1 − p)) of a right answer:
# then even at four times the update the gap may be luck ([[=gone['log-odds'].mean:.2f]], 95%:
# [[=gone['log-odds'].low:.2f]] to [[=gone['log-odds'].high:.2f]]),
# and in the streams, where it is negative, it is the *pairs* that have fallen more,
# for [[=sum(c.mean < 0 for c in races['log-odds'])]] of [[=len(races)]] editors
# (clear of luck for [[=sum(c.high < 0 for c in races['log-odds'])]]).
# We know of no order that holds in general.
#
# **What surprised us.**
# None of this is the collapse that papers show, where a model stops speaking:
# of these [[=len(streams)]] streams, perplexity has passed 1,000 in [[=wrecked or 'none']].
# (By the milder mark of chapter 10, perplexity up by more than half, the longest ones are past it at 2,000 edits.)
# And still, after [[=MANY]] edits, last words are lost for sure by [[=losers['last words']:d]]
# of [[=len(at_end)]] editors, and pairs by [[=losers['pairs']:d]]: grammar goes, too.
#
# Does perplexity say how much?
# Compare editors after equally many edits.
# The rank correlation of the rise of perplexity with the change
# in last words is [[=follows[300]['last words'].mean:.2f]] after [[=STAGES[0]:d]] edits
# ([[=follows[300]['last words'].low:.2f]] to [[=follows[300]['last words'].high:.2f]],
# over [[=follows[300]['last words'].n]] editors), and [[=follows[1000]['last words'].mean:.2f]] after [[=MANY]]
# ([[=follows[1000]['last words'].low:.2f]] to [[=follows[1000]['last words'].high:.2f]],
# over [[=follows[1000]['last words'].n]]).
# For the pairs it is [[=follows[300]['pairs'].mean:.2f]] and [[=follows[1000]['pairs'].mean:.2f]],
# where a minus means: the higher the rise, the more is lost.
# The interval leaves zero out in [[=clear]] of these four.
# So perplexity can warn of lost last words while edits are few.
# After [[=MANY]], and for grammar, so few editors and one order of facts cannot tell.

# %% [markdown]
# ## 4. The tasks of the paper
#
# The AlphaEdit paper shows general ability by six tasks:
# SST-2 (film reviews), MRPC (paraphrases), CoLA (grammar), RTE and NLI (does this follow?)
# from GLUE ([Wang et al. 2018](https://arxiv.org/abs/1804.07461)),
# and MMLU ([Hendrycks et al. 2020](https://arxiv.org/abs/2009.03300)).
# Its figure 4 draws F1 against the number of edits:
# AlphaEdit stays where it began up to 3,000 edits, as the paper says,
# and the other editors come near *zero* by 2,000.
#
# Stop at that zero. The five from GLUE are balanced in the authors' selection: half yes, half no.
# Somebody who throws a coin gets an F1 near one half.
# **How can a model know less than a coin?**
#
# The answer is in the protocol.
# We have read it in the authors' code (`glue_eval/`):
# 100 questions of each task, in a plain prompt without solved examples; the model writes five tokens;
# if "yes" is among them, the answer is yes, else if "no" is, no (other tasks have other words).
# If neither is there, the answer is −1.
# Then the F1 of each class, weighted by how often the class is right:
#
# $$F_1(c) = \frac{2\,\mathrm{hits}_c}{\mathrm{right}_c + \mathrm{named}_c}, \qquad
# F_1 = \sum_c \frac{\mathrm{right}_c}{n}\,F_1(c) . \tag{11.4}$$
#
# In words: a class counts fully if it is named where it is right, and nowhere else.
# An answer of −1 is named for nobody, and hits nothing.

# %% [markdown]
# ### Exercise 11.6: Weighted F1 · 10 minutes · ★★
#
# Write `weighted_f1(gold, said)` by (11.4).
# `gold` holds the right class of each question, `said` the class that was named, or −1.
#
# <details><summary>Hint</summary>
#
# Loop over the classes of `gold`.
# The likely mistakes: to give −1 a class of its own, and to weight by what is named.
#
# </details>
#
# <details><summary>More help</summary>
#
# `hits = ((gold == c) & (said == c)).sum()`;
# then `2 * hits / ((gold == c).sum() + (said == c).sum())`, times the share of c in `gold`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 11.6: all properties hold.
# Below it, the F1 of five models that know nothing.
#
# </details>


# %% exercise="11.6"
def weighted_f1(gold, said):
    """Weighted F1 of answers ``said`` (−1: none) to questions with right classes ``gold``; tensors [n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    total = 0.0
    for c in gold.unique():
        hits = int(((gold == c) & (said == c)).sum())
        total += int((gold == c).sum()) * 2 * hits / int((gold == c).sum() + (said == c).sum())
    return total / len(gold)
    # END SOLUTION


weighted_f1 = chapter.check("11.6", weighted_f1)
gold = torch.arange(1000) % 2
know_nothing = {
    "always yes": torch.ones(1000).long(), "always no": torch.zeros(1000).long(), "a coin": torch.randint(2, (1000,)),
    "a coin, half the time silent": torch.where(torch.rand(1000) < 0.5, torch.randint(2, (1000,)), -1),
    "silent": torch.full((1000,), -1),
}  # fmt: skip
guesses = {name: weighted_f1(gold, said) for name, said in know_nothing.items()}
pd.DataFrame({"weighted F1": guesses}).style.format("{:.2f}")

# %% [markdown]
# Five models that know nothing about the question, and F1 goes from 0 to [[=guesses['a coin']:.2f]].
# **An F1 near zero cannot come from lost knowledge alone**:
# the model must also *fall silent*, as a ruined one does (or be nearly always wrong, which takes knowledge).
# One third has at least two readings, as the table shows:
# one word, always the same, or a coin that is silent half of the time.
# Only the confusion table tells them apart.
#
# Now our model. We have written the tasks anew with prompts of our own, and read each answer in two ways:
# *said*, as above, and *compared*: which of the two words is the more likely next token?
# The second never falls silent.

# %%
chapter.predict(
    "e",
    "The *unedited* model answers the five GLUE tasks. In the way of the paper, its F1 is …",
    ["above 0.6 in most of them", "near 0.5", "below 0.5 in most of them"],
)

# %%
glue = result("glue.json")
tasks = glue["states"]
said = {task: found["said F1"] for task, found in tasks["unedited"].items()}
show(*draw.glue_figure(tasks), name="11_glue")
high, low = sum(f > 0.6 for f in said.values()), sum(f < 0.45 for f in said.values())
chapter.reveal("e", 0 if high >= 3 else 2 if low >= 3 else 1)
aucs = sum(f["AUC interval"][0] > 0.5 for f in tasks["unedited"].values())
open_still = " and ".join(f"{TASKS[task].title} (AUC {f['AUC']:.2f}, the bar reaches {f['AUC interval'][1]:.2f})"
                          for task, f in tasks["unedited"].items() if f["AUC"] > 0.6)  # fmt: skip
silent = {state: sum(row[-1] for f in found.values() for row in f["said"]) / sum(f["examples"] for f in found.values())
          for state, found in tasks.items()}  # fmt: skip

# %% [markdown]
# **What surprised us.**
# Nothing has been edited, and yet the F1 in the way of the paper is below a coin's in all [[=len(said)]] tasks:
# [[=min(said.values()):.2f]] to [[=max(said.values()):.2f]].
# Two reasons lie in the form of the answer.
# In [[=silent['unedited']:.0%]] of the answers the model writes no label at all
# ("The answer is …" and a new line); in SST-2, RTE and NLI it is most of them.
# And where it does answer, it has a favourite:
# MRPC and CoLA get "no" nearly always, which is worth one third.
# Compared instead of said, the favourite is all that is left: one third, but for the film reviews.
#
# Is there nothing at all behind it?
# The right panel asks: does the model *lean* more towards "yes" where yes is right, whatever it prefers?
# The AUC is the chance that it does, for one example of each class; one half is nothing.
# A bar is the 95% interval over [[=int(tasks['unedited']['sst2']['examples']):d]] examples.
# It lies above one half in [[=str(['none', 'one', 'two', 'three', 'four', 'five'][aucs])]] of the five tasks.
# But so few examples leave much open: for instance, [[=open_still]] may hold some knowledge or none.
#
# So on a model of this size these tasks measure, above all, which word it likes.
# **What is not shown to be there cannot be shown to be lost**:
# a curve of these scores would say little about an edit.
# That is why this chapter has questions of its own.
# The code is there for larger models:
# `python -m alphaedit_lite.book.ch11.study_glue FOLDER` runs the tasks,
# from files or (`read_task(name)`) from a hub, MMLU as well.
# Before you believe a curve of theirs, print the confusion table, and the share of answers that are none.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 3 and 4.**
# Common mistakes: (a) "perplexity went up by 1%, so 1% of the language is lost"; go back to 11.1.
# (b) A wide interval that holds zero is read as "no effect"; ask which loss it leaves open.
# (c) "F1 is 0, so it knows nothing":
# let students build a model with an F1 of 0 that knows everything (it answers "Yep").
# For the board: which of the two, `said` or `compared`, would you show a user?
# (The user sees what is said.)
# And why is the AUC no help to a user?
#
# A plan for 90 minutes: (11.2) with the lamp on the board and 11.2 (15), 11.3 in pairs,
# read aloud by the neighbours (15), 11.4 and its table (15), 11.5 (10), section 3 as a gallery:
# one figure a group, one sentence each (15), 11.6 and the zero of figure 4 (15), Break it (5).

# %% [markdown]
# ## 5. Break it: an edit that perplexity does not see
#
# Perplexity is a mean over what texts are made of.
# What is rare in them can be ruined for nothing.
# So let us attack a rule of grammar: *reflexives agree with their subject*.
# Eight "facts", one for each verb of the battery's templates:
# "The boy in the garden hurt … **themselves**", and so on with *blamed, described, taught*.
# What we call the subject of the fact is the verb: the key is read off where the question stands.

# %%
chapter.predict(
    "f",
    "Eight such edits. What happens to perplexity, and to the 50 pairs on reflexives and number?",
    [
        "perplexity +5% or more",
        "under +5%, and 10 pairs or more are lost",
        "under +5%, and fewer pairs are lost",
    ],
)

# %%
from alphaedit_lite import perplexity

trap = [
    Fact("The boy in the garden {}", subject=verb, new=" themselves", true=" himself")
    for verb in WORDS["hurt"].split()
]
rule = [pair for pair in pairs() if pair.phenomenon == "reflexive and number"]


def judged():
    """Verdicts on the rule's pairs, and perplexity."""
    scores = ask.sentence_scores(lm, rule)
    verdicts = [float(scores[pair.good] > scores[pair.bad]) for pair in rule]
    return pd.Series(verdicts, ask.names(rule)), perplexity(lm, wikipedia_leads("heldout")[: ask.LEADS])


healthy, calm = judged()
editor.edit(trap)
broken, now = judged()
spoken = lm.complete("The old man in the park hurt", 8)
lm.ledger.edits[-1].revert()

# %%
lost, gained, p = mcnemar(torch.tensor(healthy.to_numpy()) > 0, torch.tensor(broken.to_numpy()) > 0)
chapter.reveal("f", 0 if now / calm > 1.05 else 1 if lost >= 10 else 2)
kinds_of = {"in the …: himself": 0, "in the …: themselves": 1, "who …: herself": 2, "who …: themselves": 3}
by_frame = {name: (healthy.iloc[i::4].mean(), broken.iloc[i::4].mean()) for name, i in kinds_of.items()}
print(f"lost {lost}, gained {gained}, p = {p:.1g}; perplexity {now / calm - 1:+.1%}")
print(f"The old man in the park hurt{spoken}")
reflexives = sum(
    len(re.findall(r"\w+sel(?:f|ves)\b", lead)) for lead in wikipedia_leads("heldout")[: ask.LEADS]
)
pd.DataFrame(by_frame, index=["before", "after"]).T.style.format("{:.0%}")

# %% [markdown]
# Perplexity has hardly noticed: [[=100 * (now / calm - 1):+.1f]]%.
# (In the leads that it is measured on stand [[=reflexives]] words in *-self* or *-selves*.)
# And of the 50 pairs about this very rule, [[=lost]] are lost.
# Look at the table: not the *rule* is gone, but one *pattern*.
# The eight facts were all about *the boy in the garden*;
# but after any man in any place ("the old man in the park"),
# "himself" is right in [[=by_frame['in the …: himself'][1]:.0%]] of the pairs,
# instead of [[=by_frame['in the …: himself'][0]:.0%]]; in the other template,
# "herself" has [[=by_frame['who …: herself'][1]:.0%]], instead of [[=by_frame['who …: herself'][0]:.0%]].
# The plural is always right, of course: this model says *themselves* now.
# Had we asked for plurals only, or with the second template only, we should have seen little or nothing.
# That is what squares and several templates are for.
# And still nobody can ask about everything.
#
# Section 3 had the opposite case: a perplexity of [[=1 + times4:.1f]] times the old one, and most pairs right.
# So neither number stands for the other.
# Yang et al. (below) propose perplexity as the watchman for collapse, and for collapse it is a good one.
# For a quiet loss in a rare place there is none.

# %% [markdown]
# ## Paper ↔ code
#
# | in the papers | in the authors' code | here |
# |---|---|---|
# | F1 on six tasks against the number of edits ([Fang et al. 2025](https://arxiv.org/abs/2410.02355), figure 4) | jianghoucheng/AlphaEdit, `glue_eval/`: 100 questions a task, no solved examples, five tokens written. An answer counts as "yes" if *yes* is anywhere in it, else as "no" if *no* is, also inside *not* or *know*; else as −1 | `book/ch11/glue.py`: whole words, the first that comes; prompts of our own |
# | "F1" | two are stored: `f1` of what was written, `f1_new` of which word is more likely. The second is never silent: one word always gives it 1/3, not 0. The paper does not say which one it draws; a curve near 0 can hardly be the second | `said` and `compared`, and the AUC |
# | RTE: does it follow? | `rte_eval.py` asks "True or False?" and takes label 1 as True. In the authors' selection, label 1 stands where it does *not* follow (as in GLUE on the hub), so a perfect reader would get 0. NLI asks the same kind of question, with its labels as words, and is not affected | label 0 is "it follows" |
# | BLiMP: 67 paradigms, 1,000 pairs each; the sentence with the higher probability | one program of its authors generates the pairs | `book/kit/minimal_pairs.py`: ten phenomena, squares |
# | LAMBADA: passages whose last word needs the whole passage | chosen so that people fail without the passage | `book/kit/last_words.py`: any last word of a first sentence; easier, and often guessable from its neighbours |
#
# (We read the code at commit 2ff0e4e of the public repository.
# With a label turned over, a falling curve may mean a model that reads better.)

# %% [markdown]
# ## Keypoints
#
# * Perplexity up by 6% is one token in [[=rises.iloc[1, 2]:.0f]] halved.
#   It sees everything a little, and does not say what it saw.
# * In a square, a score that adds up words is right on exactly one half.
#   So may be a model with a strong favourite: look at the lean.
# * A loss is an *uneven* split of the verdicts that changed.
#   Keep single verdicts, pair them, draw squares, and plan how many.
# * After a careful write of a hundred facts no harm is sure in the study:
#   perplexity [[=100 * harm.rise['AlphaEdit'].mean:+.1f]]%
#   ([[=100 * harm.rise['AlphaEdit'].low:.1f]] to [[=100 * harm.rise['AlphaEdit'].high:.1f]]),
#   nothing clear in [[=2 * study['squares'] * n_kinds]] pairs.
#   The stream, which asks [[=len(start)]] last words,
#   shows a first loss ([[=early[0]:d]] lost, [[=early[1]:d]] gained).
#   Four times the update takes [[=gone['last words'].mean:.0%]] of the last words,
#   and [[=gone.pairs.mean:.0%]] of what the pairs had above chance.
#   Which goes first depends on dose and scale.
# * On a balanced task of two classes, weighted F1 is 0 for the silent,
#   1/3 for one word (or a half-silent coin), 1/2 for a coin.
#   With [[=int(tasks['unedited']['sst2']['examples']):d]] examples [[=aucs or 'none']]
#   of the five GLUE tasks is shown to be above chance here; that does not show that the model knows nothing.

# %% [markdown]
# ## Quiz
#
# **1. A model is right on 50% of the pairs of one phenomenon, and was right on 90% before the edit.
# Which is the one thing you cannot conclude?**
#
# <details><summary>A. Its verdicts there are worth no more than those of a model that likes words.</summary>
# This may be concluded: such a model has one half as well, by (11.2).
# </details>
# <details><summary>B. It now answers like a coin, and knows nothing of this rule.</summary>
# <b>Yes, this cannot be concluded.</b>
# A model that says one filler always, and quite surely, also has one half; it may even lean the right way.
# Look at the two pairs of a square apart.
# </details>
# <details><summary>C. Perplexity need not have noticed.</summary>
# It need not: section 5.
# </details>
#
# **2. After an edit, 9 pairs of 500 are lost and 8 gained.
# Somebody reports "1.8% of grammar lost".**
#
# <details><summary>A. True: 9 of 500 are wrong now and were right before.</summary>
# And 8 are right now and were wrong before.
# Only the difference is a loss, and 9 to 8 is what coins do.
# </details>
# <details><summary>B. There is no sign of a loss; verdicts near the border have changed sides.</summary>
# <b>Yes.</b> And with 17 changes in 500 a loss of some 2.3 points would have been seen four times in five (11.5).
# </details>
# <details><summary>C. It proves that nothing was lost.</summary>
# No test proves that.
# It bounds what could have been overlooked.
# </details>
#
# **3. A paper's figure: weighted F1 on a balanced yes-or-no task falls from 0.6 to 0.02 after 1,500 edits.
# What has happened?**
#
# <details><summary>A. The model has forgotten what sentences mean.</summary>
# Then it would guess, and have 1/3 to 1/2: lost knowledge alone does not give 0.02.
# </details>
# <details><summary>B. It does not write "yes" or "no" any more: ask for its texts, or compare the two words.</summary>
# <b>Yes.</b> It may be ruined altogether, but this number does not tell "ruined" from "chatty".
# </details>
# <details><summary>C. It always says "yes".</summary>
# That has 1/3.
# </details>
#
# **Further reading**
#
# * [Gu et al. 2024](https://arxiv.org/abs/2401.04700):
#   editing hurts general abilities, on eight tasks; where RECT comes from.
# * [Yang et al. 2024](https://arxiv.org/abs/2402.09656), "The Butterfly Effect of Model Editing":
#   a single edit can ruin a model; they propose perplexity as the watchman, as it goes along with other tasks.
#   Sections 3 and 5 are about how far that holds.
# * [Li et al. 2024](https://arxiv.org/abs/2410.18785), "Should We Really Edit Language Models?":
#   larger and instruction-tuned models stand more edits.
# * [Warstadt et al. 2020](https://arxiv.org/abs/1912.00582), BLiMP,
#   and [Paperno et al. 2016](https://arxiv.org/abs/1606.06031), LAMBADA:
#   where our pairs and our last words come from.
# * [Fang et al. 2025](https://arxiv.org/abs/2410.02355), figure 4: look at it again now.
#
# **Next:** abilities are what comes out of a model.
# Chapter 12 looks inside: has the cloud of its hidden states moved, and how would one know?

# %%
chapter.report()
