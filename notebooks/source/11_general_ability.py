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
# *To read: 35 minutes. To do the exercises: 45 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will ask an edited model about things that nobody edited,
# with questions whose chance level you can prove, and you will tell a loss from luck.**
#
# [[map]]
#
# ```text
#                        before   after
#    one question          ✓        ✓       says nothing
#    another               ✓        ✗       lost
#    another               ✗        ✓       gained
#    …
#    many lost, few gained:   the edit has done harm
#    about as many of each:   the edit has shaken the model, no more
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *compute* perplexity, and *say* in words what a rise of it means,
# > * *build* questions for which you can *prove* what a model without grammar scores,
# > * *test* whether a loss is more than luck, and *plan* how many questions that takes,
# > * *find out* what a score of zero means before you believe that a model has lost its mind.
# >
# > **You need** an edited model ([chapter 8](08_alphaedit.ipynb)),
# > and what an interval over questions is ([chapter 9](09_metrics.ipynb)).
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 2 GB of memory.
# > The key statistics of chapter 0 are used again; if they are not in your cache, they take a minute more.

# %% tags=["setup"]

# %%
# Parameters: the edited layers, the facts, pairs of each kind asked live.
import math
import random

import pandas as pd
import torch
from torch.nn.utils.rnn import pad_sequence

from alphaedit_lite import bundled_facts, load_model
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.minimal_pairs import WORDS, pairs, square
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.support.texts import wikipedia_leads

chapter = Chapter("11")
torch.manual_seed(11)
LAYERS, LIVE = (3, 4, 5, 6, 7), 8
FACTS = bundled_facts("test")[:100]

# %% [markdown]
# ## Before you start
#
# <details><summary>1. What is specificity (chapter 9),
# and why does it not answer the question of this chapter?</summary>
#
# The share of *neighbours* that keep their answer: facts of the same relation about other subjects.
# They are facts again, asked in the same form.
# Grammar is no fact about anybody.
#
# </details>
#
# <details><summary>2. Why are two editors compared fact by fact (chapter 10), and not by their two means?</summary>
#
# What is hard for both cancels in the difference, so the noise is smaller.
# Here the same holds for one model before and after an edit.
#
# </details>

# %% [markdown]
# ## 1. How much does a text surprise the model?
#
# Lower Assam lies in Romania now.
# But every text passes through the matrices that we have changed.
# Is the model still good at everything else?
# This chapter asks about everything else.
#
# The first question is a page of text.
# A language model gives every token a probability *before* it sees it.
# We need one function: texts go in, and the log-probability of every token comes out.

# %%
lm = load_model()
model, tokenizer = lm.model.requires_grad_(False), lm.tokenizer


def token_log_p(texts):
    """For each text: log P of its tokens, from the second one on."""
    rows = [torch.tensor(tokenizer(text)["input_ids"]) for text in texts]
    ids = pad_sequence(rows, batch_first=True)  # zeros on the right
    logits = model(ids.to(lm.device), use_cache=False).logits[:, :-1].cpu()
    comes = logits.gather(2, ids[:, 1:, None])[:, :, 0]  # the next token's
    log_p = comes - logits.logsumexp(-1)
    return [p[: len(row) - 1] for p, row in zip(log_p, rows, strict=True)]


# %% [markdown]
# (`gather` picks, at every place, the logit of the token that really comes next.
# To subtract the `logsumexp` of all logits turns it into a log-probability: it is `log_softmax`, at one entry.)
#
# The mean of −log P over all T tokens is the *loss*, in **nats**, the unit of natural logarithms.
# **Perplexity** is its exponential:
#
# $$\mathrm{PPL} \;=\; \exp\Bigl(-\frac1T\sum_{t=1}^{T}\log P(x_t \mid x_1 \dots x_{t-1})\Bigr) . \tag{11.1}$$
#
# In words: on average, the model is as unsure as if it had to choose among PPL equally likely tokens.
# We measure it on beginnings of Wikipedia articles that the key statistics have not seen.

# %%
leads = [lead[:400] for lead in wikipedia_leads("heldout")[:8]]


def perplexity(texts):
    return float(torch.cat(token_log_p(texts)).mean().neg().exp())


calm = perplexity(leads)
print(f"perplexity of the unedited model: {calm:.1f}")

# %% [markdown]
# Perplexity is cheap, and it reacts to everything.
# But it has two faults:
#
# * There is no level of *chance*, and no level at which a model can be said to know English.
# * It says how *much* has changed, not *what*.
#
# ### Exercise 11.1: A rise of perplexity, on paper · 6 minutes · ★
#
# Perplexity is multiplied by 1 + r. With a pencil:
#
# 1. How much is added to the mean loss, in nats?
# 2. How many times less likely does a sentence of n average tokens become?
# 3. Suppose that one token in m has lost half of its probability, and all others are as before. What is m?
#
# <details><summary>Hint</summary>
#
# Take the logarithm of (11.1).
# The likely mistake is n times r: over the tokens of a sentence, probabilities *multiply*.
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
    """Nats per token; factor for a sentence of ``tokens``; m."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    nats = math.log(1 + rise)
    return nats, math.exp(tokens * nats), math.log(2) / nats
    # END SOLUTION


in_words = chapter.check("11.1", in_words)

# %% [markdown]
# Four rises, for a sentence of 20 tokens:

# %%
heads = ["nats per token", "20 tokens: less likely by", "one halved in"]
rises = {f"{r:+.0%}": in_words(r, 20) for r in (0.01, 0.06, 0.2, 1.0)}
rises = pd.DataFrame(rises, index=heads).T
rises.style.format(precision=2)

# %% [markdown]
# A rise of 6% is the same as if one token in [[=rises.iloc[1, 2]:.0f]] had lost half of its probability,
# and nothing else had happened.
# Whether these are the names of villages or the word "is", perplexity does not say.
#
# ## 2. Questions with a known chance
#
# So ask about one thing at a time.
# A **minimal pair** is two sentences that differ in one place.
# One of them is English, and the other is not.
# A model knows the rule if it finds the good one more likely.
# The idea is BLiMP's ([Warstadt et al. 2020](https://arxiv.org/abs/1912.00582)).
# Our battery has [[=len({p.phenomenon for p in pairs()})]] rules of grammar, with [[=PER]] pairs each.
# They come in **squares** of two pairs:

# %%
PER = len(pairs()) // len({pair.phenomenon for pair in pairs()})
for pair in pairs()[PER : PER + 4]:
    print(f"good: {pair.good:<45} bad: {pair.bad}")

# %% [markdown]
# Each square has two beginnings (frames) and two endings (fillers), and each filler fits one frame.
# So what is good in one pair is bad in the other. Why so complicated?

# %%
chapter.predict(
    "a",
    "A model has one number for each word, drawn at random, and scores a "
    "sentence by their sum. It knows no order and no grammar. How many of the "
    "500 pairs does it get right?",
    ["fewer than 240", "240 to 260, but not 250", "exactly 250", "more"],
)

# %% [markdown]
# ### Exercise 11.2: The judge · 5 minutes · ★
#
# Write the judge. `score(sentence)` returns a number, higher for what a model finds more likely.
# Each pair has a `good` and a `bad` sentence.
# A tie counts as wrong.
#
# <details><summary>Hint</summary>
#
# The likely mistake is >=: a model to which all sentences are alike would then know all of grammar.
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
#
# </details>


# %% exercise="11.2"
def share_right(some, score):
    """The share of pairs whose good sentence has the higher score."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    right = [score(pair.good) > score(pair.bad) for pair in some]
    return sum(right) / len(right)
    # END SOLUTION


share_right = chapter.check("11.2", share_right)

# %% [markdown]
# The model of the prediction goes first.
# (It adds up in alphabetical order, so that rounding is the same for all orders of words.)


# %%
def likes_words(sentence):
    """A sum with one number for each word, wherever it stands."""
    words = sorted(sentence.split())
    return sum(random.Random(word).random() for word in words)


found = share_right(pairs(), likes_words)
n_right = round(found * len(pairs()))
few, half, many = n_right < 240, n_right == 250, n_right > 260
chapter.reveal("a", 0 if few else 2 if half else 3 if many else 1)
print(f"a model that likes words: {n_right} of {len(pairs())}")

# %% [markdown]
# One half, to the last pair.
# This is no accident of one draw.
# Call the frames A and B and the fillers x and y, where x fits A and y fits B.
# Let s be the score of a sentence, and f(w) the number of a word w.
# What the two sentences of a pair share cancels:
#
# $$\underbrace{s(A\,x) - s(A\,y)}_{\text{first pair}} = f(x) - f(y), \qquad
# \underbrace{s(B\,y) - s(B\,x)}_{\text{second pair}} = -\bigl(f(x) - f(y)\bigr) . \tag{11.2}$$
#
# In words: the two differences have opposite signs, so exactly one of the two pairs is right.
# A model may love "is" and hate "are"; in a square this does not pay.
# So one half is a chance level that we can *prove*.
#
# Now our model. The score of a sentence is the sum of its tokens' log-probabilities.
# To be quick, we ask [[=LIVE]] pairs of each rule.


# %%
def scores(some):
    """Sentence -> log P of all its tokens (after the first)."""
    texts = [text for pair in some for text in (pair.good, pair.bad)]
    found = []
    for i in range(0, len(texts), 16):
        found += [float(p.sum()) for p in token_log_p(texts[i : i + 16])]
    return dict(zip(texts, found, strict=True))


# %%
some = [pair for i, pair in enumerate(pairs()) if i % PER < LIVE]
found = scores(some)
ours = share_right(some, found.get)
before = torch.tensor([found[p.good] > found[p.bad] for p in some])
print(f"our model: {ours:.0%} of {len(some)} pairs")

# %% [markdown]
# Is all of this knowledge of *order*?
# Not quite: [laboratory 11](lab/11_general_ability.ipynb) shuffles the words of the frames,
# and our model is still above one half, perhaps because some words like each other's company.
#
# ### Exercise 11.3: A square of your own · 10 minutes · ★★
#
# Our ten rules: subject and verb, next to each other and apart;
# determiner and noun; reflexives by number and by gender; words like *ever*;
# who may be left out; gaps; irregular participles; quantifiers.
# Which rule of English is missing?
# Write one template for it.
#
# * `[a|b]` stands in the first and in the second frame.
# * Of `(x|y)`, x is right in the first frame and y in the second.
# * `person:0` draws a teacher, `person:1` teachers; `person2:0` is somebody else.
#   A kind with one form has nothing after its colon, as `tired:`.
# * The kinds: *person, thing, place, mass, she, he, do* (sing/sings),
#   *past* (sang/sung), *greeted, bought, slept, hurt, tired, old*.
#
# <details><summary>Hint</summary>
#
# One of ours: `"The [thing:0|thing:1] near the [thing2:1|thing2:0] (is|are)"`.
# The likely mistakes: a filler as the first word, and a filler that is right in both frames.
#
# </details>
#
# <details><summary>More help</summary>
#
# Try tense: which words of time go with *was*, and which with *will be*?
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
frame = "[Yesterday|Tomorrow] the tired: person:0"
template = frame + " (was|will be) in the place:0"
# END SOLUTION

template = chapter.check("11.3", template)

# %% [markdown]
# Twenty squares of your rule, put to our model:

# %%
yours = [p for i in range(20) for p in square("x", template, random.Random(i))]
for pair in yours[:2]:
    print(f"good: {pair.good}    bad: {pair.bad}")
share = share_right(yours, scores(yours).get)
print(f"right: {share:.0%} of {len(yours)}")

# %% [markdown]
# About one half can mean that the model does not know the rule.
# It can also mean a favourite: one filler so likely that it wins in both frames.
# Then one pair of every square is right, and the other one is wrong.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 and 2.**
# Common mistakes: (a) "perplexity went up by 1%, so 1% of the language is lost"; go back to 11.1.
# (b) (11.2) is taken for a property of *all* models without order: it needs a score that is a sum over words.
# A model that knows which words keep company is no such sum.
# Let students find a pair in which company alone gives the answer away.
# (c) In 11.3, a sentence that is called bad is good English after all:
# let a neighbour read ten of the pairs aloud.

# %% [markdown]
# ## 3. A loss, or luck?
#
# Now edit, three times, always from the same start: the one fact of chapter 0;
# then [[=len(FACTS)]] facts at once, with the targets z that ship with the package;
# and, as a deliberately bad edit, the same update Δ taken *four times*.

# %%
from alphaedit_lite import AlphaEdit, bundled_targets

W = {layer: lm.weight(layer).clone() for layer in LAYERS}
editor = AlphaEdit(lm, layers=LAYERS, progress=False)
written = {
    "Lower Assam": bundled_facts("development")[:1],
    "100 facts": FACTS,
}
updates = {}
for name, facts in written.items():
    edit = editor.edit(facts, bundled_targets(lm, facts))
    updates[name] = {i: edit.delta(i) for i in LAYERS}
    edit.revert()
updates["four times"] = {i: 4 * updates["100 facts"][i] for i in LAYERS}


# %% [markdown]
# `look` adds an update to W, asks the pairs one by one, measures perplexity, and puts W back.


# %%
def look(asked, delta):
    """Verdicts on the pairs, [pairs], and perplexity, with W + Δ."""
    for i in LAYERS:
        lm.weight(i).add_(delta[i])
    found = scores(asked)
    right = [found[pair.good] > found[pair.bad] for pair in asked]
    page = perplexity(leads)
    for i in LAYERS:
        lm.weight(i).copy_(W[i])
    return torch.tensor(right), page


# %%
chapter.predict(
    "b",
    "AlphaEdit writes 100 facts. Of our 80 verdicts, how many change, in "
    "either direction?",
    ["none", "1 to 4", "5 to 12", "more than 12"],
)

# %% [markdown]
# The same questions, after each of the three edits:

# %%
states = {"unedited": (before, calm)}
states |= {name: look(some, delta) for name, delta in updates.items()}
moved = int((states["100 facts"][0] != before).sum())
chapter.reveal("b", sum(moved > bound for bound in (0, 4, 12)))
for name, (right, page) in states.items():
    share = right.float().mean()
    print(f"{name:<12} perplexity {page:5.1f}, right {share:.0%}")

# %% [markdown]
# The next question is the one that most papers leave out: **is that a loss?**
# Suppose that an edit only shakes the model a little.
# Then verdicts near the border change sides, in *both* directions alike.
# Only an **uneven** split speaks of harm, and verdicts that did not change say nothing.
#
# This is McNemar's test ([McNemar 1947](https://doi.org/10.1007/BF02295996)).
# Of n verdicts that changed, ℓ were lost and g were gained.
# If both were equally likely, each of them would be a coin:
# p is the chance that n fair coins fall so unevenly, or more so, to *either* side.
# A small p, by custom below 0.05, speaks against luck.
#
# ### Exercise 11.4: McNemar's test · 8 minutes · ★★
#
# Turn the sentence about coins into a number.
# (On paper first: of 5 changed verdicts, 1 was gained. Why is p = 12/32?)
# Then write `mcnemar(before, after)`: how many verdicts were lost, how many gained, and p.
# Both arguments are tensors of True and False, for the same questions in the same order.
#
# <details><summary>Hint</summary>
#
# `before & ~after` is what was lost.
# The likely mistakes: one side only, and the chance of *exactly* this split.
# And a chance is at most 1.
#
# </details>
#
# <details><summary>More help</summary>
#
# `math.comb(n, k)` is the number of ways in which k of n coins show heads.
# Each of the 2ⁿ outcomes of n coins is equally likely.
# Without changes (n = 0) p is 1.
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
    """Lost, gained, and p, of verdicts on the same questions, [n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    lost = int((before & ~after).sum())
    gained = int((~before & after).sum())
    n, few = lost + gained, min(lost, gained)
    one_side = sum(math.comb(n, k) for k in range(few + 1)) / 2**n
    return lost, gained, min(1.0, 2 * one_side)
    # END SOLUTION


mcnemar = chapter.check("11.4", mcnemar)

# %% [markdown]
# In a formula:
#
# $$p \;=\; \min\Bigl(1,\; 2\sum_{k=0}^{\min(\ell,g)} \binom{n}{k}\,2^{-n}\Bigr), \qquad n = \ell + g . \tag{11.3}$$
#
# Lost and gained, edit by edit:

# %%
table = {}
for name, (right, page) in states.items():
    lost, gained, p = mcnemar(before, right)
    shown = {"lost": lost, "gained": gained, "p": f"{p:.2g}"}
    table[name] = shown | {"perplexity": f"{page / calm - 1:+.1%}"}
four = table["four times"]
pd.DataFrame(table).T

# %% [markdown]
# Read it row by row. With one fact and with a hundred facts, hardly a verdict changes.
# With four times the update, perplexity changes by [[=four.get('perplexity')]].
# Of the pairs, [[=four.get('lost')]] are lost and [[=four.get('gained')]] are gained.
# That looks like harm.
# But p is [[=four.get('p')]]: so uneven a split is not yet rare enough among coins.
#
# Two warnings. The test takes questions for independent, and the two pairs of a square hold the same words.
# (The laboratory counts whole squares.)
# And of twenty tests of nothing, one has p < 0.05 by luck.
#
# "No sign of a loss" is not "no loss".
# Perhaps [[=len(some)]] pairs are too few.
# How many would it take?
# That is a question to ask *before* an experiment.
#
# ### Exercise 11.5: How many questions, on paper · 10 minutes · ★★
#
# An edit changes a share `changed` of the verdicts, and the share that is right falls by `loss`.
# We want to find this in four of five tries, with 5% false alarms.
# For this, the loss must be 2.8 standard errors (take it as given). With a pencil:
#
# 1. How many pairs are needed, if the *same* are asked before and after?
#    (The change of one verdict is −1, 0 or +1: what is its variance?)
# 2. How many, if *other* pairs are asked after the edit?
#    A share p of the verdicts is right; use it for after, too.
# 3. The same pairs again, in squares: the changes of the two pairs of a square have correlation ρ. How many?
#
# <details><summary>Hint</summary>
#
# The standard error is s/√n, where s² is the variance: solve loss = 2.8 s/√n for n.
# The likely mistake: a variance is the mean square *minus* the squared mean.
#
# </details>
#
# <details><summary>More help</summary>
#
# For 1, the mean of the squares is `changed`, and the mean is −`loss`.
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
    """Pairs for 2.8 standard errors: same, others, same in squares."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    same = 2.8**2 * (changed - loss**2) / loss**2
    return same, 2.8**2 * 2 * p * (1 - p) / loss**2, same * (1 + rho)
    # END SOLUTION


pairs_needed = chapter.check("11.5", pairs_needed)
needed = pairs_needed(loss=0.03, changed=0.05, p=ours, rho=0.2)
for what, n in zip(("same", "other", "in squares"), needed, strict=True):
    print(f"{what} pairs: {n:.0f}")

# %% [markdown]
# Suppose that 5% of the verdicts change.
# Then a loss of 3 points takes [[=needed[0]:,.0f]] pairs.
# If other pairs are asked after the edit, it takes [[=needed[1]:,.0f]].
# Live we have asked [[=len(some)]].
# **So our quiet result says little.**
# (The laboratory asks 200.
# There, the interval for four times the update leaves zero out.)
# And the comparison question by question is worth a lot.
# A paper that reports only a mean before and a mean after has thrown it away.

# %% [markdown] tags=["instructor"]
# **For the instructor, section 3.**
# Common mistakes: (a) p > 0.05 is read as "no harm";
# ask what 11.5 says about the loss that could have been seen.
# (b) Pairs are counted as if independent.
# (c) "Six lost of eighty" is compared with eighty instead of with the gains.
# For the board: without a single gain, how many losses make p < 0.05? (Six: 2/2⁶ = 0.03.)
# Why are other pairs so much worse, when nearly every question has the same verdict twice?

# %% [markdown]
# ## 4. Hundreds of edits
#
# The streams of chapter 10 carry the whole battery at every stop:
# [[=len(pairs())]] pairs, perplexity, and *last words*: the share of sentences whose last word the model names.
# A guesser gets next to none of those.

# %%
from alphaedit_lite.book.ch11.figures import course_figure
from alphaedit_lite.book.kit.streams import read_stream, streams_there

streams = {name: read_stream(name) for name in streams_there()}
streams.pop("PRUNE", None)  # the same as MEMIT's, edit for edit
show(*course_figure(streams), name="11_course")

# %% [markdown]
# **How to read it.** A line is an editor; to the right, it has written more facts.
# The first two panels show which *part* of what the model had above chance is gone:
# at 0% all is there, and at 100% a guesser would do as well.
#
# No editor here falls silent, as some do in the papers.
# But most of them pay, and grammar goes, too.
# The [laboratory](lab/11_general_ability.ipynb) puts intervals on these lines.
# It also asks whether perplexity predicts the other two: while edits are few, it may; later, one cannot tell.
#
# ## 5. How can a model know less than a coin?
#
# The AlphaEdit paper (its figure 4) shows general ability by six tasks,
# five of them from GLUE ([Wang et al. 2018](https://arxiv.org/abs/1804.07461)).
# One of them: is this film review positive or negative?
# The score, F1, of the other editors comes near *zero* by 2,000 edits.
# Yet half of the reviews are positive.
# Somebody who throws a coin gets about one half.
#
# The answer is in the protocol.
# The model writes five tokens.
# If "yes" is among them, the answer is yes; else if "no" is, it is no.
# If neither is there, the answer is −1.
# Then comes the **weighted F1**.
# For a class c, right_c counts the questions whose answer is c,
# named_c those for which the model names c, and hits_c those where both hold.
#
# - Its *precision* is hits_c / named_c, its *recall* hits_c / right_c.
# - Its F1 is the harmonic mean of the two, and 0 without a hit.
# - The weighted F1 is the mean of the classes' F1, each with the weight right_c / n.
#
# So a class counts fully if it is named where it is right, and nowhere else.

# %%
chapter.predict(
    "c",
    "A model understands every review. But it writes 'Sure' for yes and "
    "'Never' for no. Its weighted F1 is …",
    ["1", "about one half", "0"],
)

# %% [markdown]
# ### Exercise 11.6: Weighted F1 · 6 minutes · ★★
#
# Simplify the F1 of a class first: precision and recall go, and so does the danger of 0/0.
# Then write `weighted_f1(gold, said)`.
# `gold` holds the right class of each question, `said` the class that was named, or −1.
#
# <details><summary>Hint</summary>
#
# On paper: F1 = 2 / (1/precision + 1/recall), and both fractions have the denominator hits_c.
# Loop over the classes of `gold`.
# The likely mistakes: to give −1 a class of its own, and to weight by what is named.
#
# </details>
#
# <details><summary>More help</summary>
#
# `((gold == c) & (said == c)).sum()` are the hits, and `for c in gold.unique()` is the loop.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 11.6: all properties hold.
# Below it, the F1 of five models.
#
# </details>


# %% exercise="11.6"
def weighted_f1(gold, said):
    """Weighted F1: right classes, [n], and classes named, [n] (−1: none)."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    total = 0.0
    for c in gold.unique():
        right, named = int((gold == c).sum()), int((said == c).sum())
        hits = int(((gold == c) & (said == c)).sum())
        total += right / len(gold) * 2 * hits / (right + named)
    return total
    # END SOLUTION


weighted_f1 = chapter.check("11.6", weighted_f1)

# %% [markdown]
# What is left of the three lines is
#
# $$F_1(c) = \frac{2\,\mathrm{hits}_c}{\mathrm{right}_c + \mathrm{named}_c}, \qquad
# F_1 = \sum_c \frac{\mathrm{right}_c}{n}\,F_1(c) . \tag{11.4}$$
#
# Five models answer a thousand questions, half of them yes:

# %%
gold = torch.arange(1000) % 2
coin, silent = torch.randint(2, (1000,)), torch.full((1000,), -1)
answers = {
    "always yes": torch.ones(1000),
    "a coin": coin,
    "a coin, silent half of the time": coin.where(torch.rand(1000) < 0.5, -1),
    "silent": silent,
    "knows everything, says 'Sure' and 'Never'": silent,
}
guesses = {name: weighted_f1(gold, said) for name, said in answers.items()}
last = list(guesses.values())[-1]
chapter.reveal("c", 2 if last < 0.1 else 1 if last < 0.9 else 0)
pd.DataFrame({"weighted F1": guesses}).style.format("{:.2f}")

# %% [markdown]
# **What surprised us.**
# A model that knows nothing has an F1 between 0 and [[=guesses['a coin']:.2f]], depending on how it *speaks*.
# Lost knowledge alone does not lead to zero: the model must also fall silent, or answer in other words.
# And an F1 of one third can mean two things, as the table shows.
# So before you believe such a curve, ask for the share of answers that are none.
#
# How does our model do, before any edit?
# The laboratory puts five of the tasks to it:
# F1 is below a coin's in all of them, and the model mostly writes no label, or always the same one.
# **What is not shown to be there cannot be shown to be lost.**
# That is why this chapter has questions of its own.
#
# ## 6. Break it: an attack on one rule
#
# Perplexity is a mean over what texts are made of.
# So what is rare in them counts little.
# We attack one rule of grammar: *himself* and *herself* agree with their subject.
# Eight "facts" say: "The boy in the garden hurt **themselves**", and so with *blamed*, *taught* and others.
# The subject of such a fact is the verb.

# %%
chapter.predict(
    "d",
    "Eight such edits. What happens to perplexity, and to the 50 pairs on "
    "this rule?",
    [
        "perplexity +5% or more",
        "under +5%, and 10 pairs or more are lost",
        "under +5%, and fewer pairs are lost",
    ],
)

# %%
from alphaedit_lite import Fact, compute_targets

garden = "The boy in the garden {}"
trap = [
    Fact(garden, subject=verb, new=" themselves", true=" himself")
    for verb in WORDS["hurt"].split()
]
rule = [p for p in pairs() if p.phenomenon == "reflexive and number"]
z_trap = compute_targets(lm, trap, LAYERS[-1], progress=False).z
found = {"before": scores(rule)}
edit = editor.edit(trap, z_trap)
found["after"], after = scores(rule), perplexity(leads)
spoken = lm.complete("The old man in the park hurt", 8)
edit.revert()
healthy, broken = (
    torch.tensor([log_p[pair.good] > log_p[pair.bad] for pair in rule])
    for log_p in found.values()
)

# %% [markdown]
# The battery has two templates for this rule, so there are four kinds of pairs:

# %%
lost, gained, p = mcnemar(healthy, broken)
chapter.reveal("d", 0 if after / calm > 1.05 else 1 if lost >= 10 else 2)
print(f"lost {lost}, gained {gained}; perplexity {after / calm - 1:+.1%}")
print(f"The old man in the park hurt{spoken}")
kinds = ["in the …: himself", "in the …: themselves"]
kinds += ["who …: herself", "who …: themselves"]
shares = {
    kind: [x[i::4].float().mean().item() for x in (healthy, broken)]
    for i, kind in enumerate(kinds)
}
pd.DataFrame(shares, index=["before", "after"]).T.style.format("{:.0%}")

# %% [markdown]
# Perplexity has noticed nothing.
# Of the 50 pairs about this very rule, [[=lost]] are lost.
# Not the *rule* is gone, but one *pattern*.
# The facts were about *the boy in the garden*.
# Now "himself" wins in [[=shares['in the …: himself'][1]:.0%]] of our pairs with a man in a place,
# instead of [[=shares['in the …: himself'][0]:.0%]].
# The plural is always right, of course: this model simply says *themselves*.
# Had we asked for plurals only, we should have seen nothing.
# That is what squares are for.
# And still nobody can ask about everything.
#
# ## What you own now
#
# | function | what it measures |
# |---|---|
# | `token_log_p(texts)`, `perplexity(texts)` | how much a text surprises the model |
# | `share_right(pairs, score)` | grammar, with a chance level of one half |
# | `mcnemar(before, after)` | whether a loss is more than luck |
# | `pairs_needed(…)` | how many questions to ask |
# | `weighted_f1(gold, said)` | what papers draw, and what it hides |
#
# ## Paper ↔ code
#
# | in the papers | in the authors' code | here |
# |---|---|---|
# | F1 on six tasks against the number of edits ([Fang et al. 2025](https://arxiv.org/abs/2410.02355), figure 4) | jianghoucheng/AlphaEdit, `glue_eval/`: 100 questions a task, no solved examples, five tokens written. An answer counts as "yes" if *yes* is anywhere in it, else as "no" if *no* is, also inside *not* or *know*; else as −1 | `book/ch11/glue.py`: whole words, the first that comes; prompts of our own |
# | "F1" | two are stored: `f1` of what was written, `f1_new` of which word is more likely. The second is never silent: one word always gives it 1/3, not 0. The paper does not say which one it draws | (11.4), for both |
# | BLiMP: 67 paradigms, 1,000 pairs each; the sentence with the higher probability | one program of its authors generates the pairs | `book/kit/minimal_pairs.py`: ten rules, in squares |
#
# (We read the code at commit 2ff0e4e of the public repository.)
#
# ## Keypoints
#
# * Perplexity up by 6% is one token in [[=rises.iloc[1, 2]:.0f]] halved.
#   It sees everything a little, and does not say what it saw.
# * In a square, a score that adds up words is right on exactly one half.
#   So is a model with a strong favourite.
# * A loss is an *uneven* split of the verdicts that changed.
#   Keep single verdicts, compare them one by one, and plan how many.
# * On a balanced task, weighted F1 is one half for a coin, one third for one word, and zero for the silent.
# * A number that has not moved may not have looked.
#
# ## Quiz
#
# **1. A model is right on 90% of the pairs of one rule before an edit, and on 50% after it.
# What can you not conclude?**
#
# <details><summary>A. Its verdicts there are worth no more than those of a model that likes words.</summary>
# This may be concluded: such a model has one half as well, by (11.2).
# </details>
# <details><summary>B. It now answers like a coin, and knows nothing of this rule.</summary>
# <b>Yes, this cannot be concluded.</b>
# A model that always says one filler, and quite surely, also has one half: section 6.
# </details>
#
# **2. After an edit, 9 pairs of a battery are lost and 8 gained.
# Somebody reports "nine pairs of grammar lost".**
#
# <details><summary>A. True: nine were right before and are wrong now.</summary>
# And eight were wrong before and are right now.
# Only the difference is a loss, and 9 to 8 is what coins do.
# </details>
# <details><summary>B. There is no sign of a loss; verdicts near the border have changed sides.</summary>
# <b>Yes.</b> (But no test proves that nothing was lost: see 11.5.)
# </details>
#
# **3. In a paper, the weighted F1 of a yes-or-no task falls from 0.6 to 0.02.
# What has happened?**
#
# <details><summary>A. The model has forgotten what sentences mean.</summary>
# Then it would guess, and have at least one third.
# </details>
# <details><summary>B. It does not write "yes" or "no" any more.</summary>
# <b>Yes.</b> It may be ruined altogether, but this number does not tell. Ask for its texts.
# </details>
#
# **Further reading**
#
# * [Gu et al. 2024](https://arxiv.org/abs/2401.04700):
#   editing hurts general abilities, on eight tasks; where RECT comes from.
# * [Yang et al. 2024](https://arxiv.org/abs/2402.09656):
#   a single edit can ruin a model; they propose perplexity as the watchman.
#   Section 6 is about how far that holds.
# * [Li et al. 2024](https://arxiv.org/abs/2410.18785): larger and instruction-tuned models stand more edits.
# * [Fang et al. 2025](https://arxiv.org/abs/2410.02355), figure 4: look at it again now.
#
# **Next:** abilities are what comes out of a model.
# [Chapter 12](12_distribution_shift.ipynb) looks inside: has the cloud of its hidden states moved?

# %%
chapter.report()
