# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 1: What is a fact?
#
# *To read: 30 minutes. To do the exercises: 50 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter:** you will measure what a language model knows, say how sure you may be of it,
# and see why plain fine-tuning is a poor way to change one fact.
# The yardstick that you build here judges every editor of this book.
#
# ```text
#    distance       the fact     its paraphrases   same relation,    other       running
#                                                  other subjects    relations   text
#    a perfect
#    edit changes   all          all               nothing           nothing     nothing
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *write* a fact as (subject, relation, object), and *ask* a model for it with a prompt,
# > * *judge* knowing by two yardsticks, and *explain* why they disagree,
# > * *put* an honest interval around a share of twelve facts, and *say* how many facts a comparison needs,
# > * *measure* what an edit breaks, from the next question to running text.
# >
# > **You need** [chapter 0](00_demo.ipynb), probabilities, and square roots.
# >
# > **It costs** the model and the statistics of chapter 0 (in your cache already if you ran it), and 2.5 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: only numbers change between a laptop and a large machine.
import math
import time

import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, Fact, load_model, perplexity
from alphaedit_lite.book.ch01 import experiments as knowledge
from alphaedit_lite.book.ch01 import figures as draw
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.finetune import FineTune
from alphaedit_lite.metrics import score
from alphaedit_lite.support.texts import wikipedia_leads

chapter = Chapter("01")
torch.manual_seed(1)
PER_RELATION, EVERY, TEXTS = 12, 3, 4

# %% [markdown]
# ## Before you start
#
# <details><summary>1. Chapter 0 asked four kinds of question about an edit. Which?</summary>
#
# Did it work in the words we used (the fact)?
# Does it hold in other words (paraphrases)?
# Did other facts stay (neighbours)?
# Does the model still speak (generation)?
#
# </details>
#
# <details><summary>2. After an undo, were the weights of chapter 0 nearly the old ones, or exactly?</summary>
#
# Exactly, every bit. We shall rely on it: every edit of this chapter is taken back before the next one.
#
# </details>

# %% [markdown]
# ## 1. A fact is a sentence with a gap
#
# A **fact** is a triplet (s, r, o): a *subject*, a *relation* and an *object*.
# (Aconcagua, continent, South America.)
# A data base stores such triplets.
# A language model stores none: it continues text.
# So we turn subject and relation into a **prompt**, a sentence that stops
# where the object should come, and look at what the model expects next.
#
# The model gives a probability to each of 49,152 tokens.
# Write $p(o \mid s, r)$ for the one that it gives to the object after the prompt.
# If the object has several tokens, we take the mean of their log-probabilities, each with the right tokens before it.
# (Chapter 9 asks whether that is fair.)

# %%
lm = load_model()
fact = Fact(
    "{} is located on the continent of", subject="Aconcagua", true="South America", new="North America"
)
for prompt in (fact.prompt, "Anyone who wants to see Aconcagua has to travel to the continent of"):
    print(prompt + lm.complete(prompt, 3))
objects = (fact.true, fact.new, " Europe", " South")
per_token = score(lm, [(fact.prompt, o) for o in objects])[0].exp().tolist()
for name, probability in zip(objects, per_token, strict=True):
    print(f"P({name.strip()}) = {probability:.2f} per token")

# %% [markdown]
# Two wordings, two continents.
# In the first one it says *Europe*,
# although South America has [[=per_token[0]:.2f]] per token and Europe [[=per_token[2]:.2f]].
# This is no contradiction.
# South America has two tokens, and the exponential of a mean logarithm is the root of their product.
# Its first token, *South*, has only [[=per_token[3]:.2f]]; once it is there, *America* is almost certain.
# What the model says is decided by the first token.
# And between South and North America it prefers the true answer.
#
# So does it *know* this fact?
# There are two common yardsticks, and this book always gives both.
#
# * **Success:** the true object is more likely than one alternative $o'$:
#
# $$p(o \mid s, r) > p(o' \mid s, r). \tag{1.1}$$
#
# * **Accuracy**, or top-1: the true object is the model's first choice, no other token $t$ is more likely:
#
# $$p(o \mid s, r) \ge p(t \mid s, r) \quad \text{for every token } t. \tag{1.2}$$
#
# In words: (1.1) is a choice between two answers, so a coin gets half of them right.
# (1.2) is a choice among the whole vocabulary.
# If the object has several tokens, each must be the first choice, with the right ones before it.
# For single tokens, whoever passes (1.2) passes (1.1), but not the other way round.
# With several tokens even that can fail, because (1.1) compares means.
#
# ### Exercise 01.1: Two yardsticks · 8 minutes · ★
#
# Given log-probabilities, one row for each prompt and one column for each token,
# return two shares of the rows: success, and accuracy.
# All objects have one token here.
#
# <details><summary>Hint</summary>Both are decided row by row, then averaged.
# The likely mistake is to average first and compare then.</details>
# <details><summary>More help</summary><code>log_p[torch.arange(len(log_p)), true]</code> picks one entry
# from each row. <code>log_p.argmax(1)</code> is the first choice of each row.</details>
# <details><summary>Expected output</summary>✓ Exercise 01.1: all properties hold.</details>


# %% exercise="01.1"
def yardsticks(log_p, true, other):
    """Success and accuracy, two shares, for log_p [n, vocabulary] and token ids true, other [n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    rows = torch.arange(len(log_p))
    success = (log_p[rows, true] > log_p[rows, other]).float().mean()
    accuracy = (log_p.argmax(1) == true).float().mean()
    return float(success), float(accuracy)
    # END SOLUTION


yardsticks = chapter.check("01.1", yardsticks)

# %% [markdown]
# How far apart are the two?
# We use the facts that ship with this package.
# They come in relations (`P36`, capital, and so on: the names are Wikidata's),
# each fact with an alternative object, a prompt of its own, and other wordings of it, its paraphrases.
# We go through the relations that have at least [[=PER_RELATION]] facts, take one in [[=EVERY]],
# and of each the first [[=PER_RELATION]] facts.
# Each fact is asked twice: in its own wording, and in the first of its paraphrases.

# %%
chapter.predict(
    "a",
    "Of all questions, in both wordings, take those in which the true object beats the alternative. "
    "In how many of them is it also the first choice?",
    ["over 95%", "75% to 95%", "under 75%"],
)

# %%
table = knowledge.known(lm, knowledge.pick(PER_RELATION, EVERY))  # a row per fact and wording
own, other = (table[table.wording == wording] for wording in ("own", "other"))
both = table[table.success].top1.mean()
print(
    f"{len(own)} facts of {own.relation.nunique()} relations, each asked in its own and in one other wording"
)
for name, rows in (("own", own), ("other", other)):
    print(f"{name} wording: success {rows.success.mean():.0%}, top-1 {rows.top1.mean():.0%}")
print(f"of those that beat the alternative, in both wordings, the first choice: {both:.0%}")
chapter.reveal("a", 0 if both > 0.95 else 1 if both >= 0.75 else 2)

# %% [markdown]
# **What surprised us.**
# How different one model can look.
# By success, it knows [[=own.success.mean():.0%]] of these facts in their own wording.
# By top-1, [[=own.top1.mean():.0%]].
# In another wording of the same question, top-1 is [[=other.top1.mean():.0%]] (success: [[=other.success.mean():.0%]]).
# All of these are correct answers to "what does it know?"
#
# And one of them is worthless.
# *Success in the own wording* is so high **because the facts were chosen so**.
# Whoever built the bundle kept a fact only if this model found its object likely and preferred it to the alternative.
# The wording that worked best became the fact's own.
# A score on questions that were picked by their score says nothing about the model.
# (For editing, such facts are the right ones: only an answer that the model gives can be seen to change.
# Section 3 looks at facts that nobody picked.)

# %% [markdown] tags=["instructor"]
# **For the instructor, section 1.**
# Common mistakes: "accuracy" is heard as "true in the world": it is agreement with one string.
# " United States" for " the United States" counts as wrong; let students collect such cases with `lm.complete`.
# Question for discussion: which yardstick would you choose for a medical assistant,
# which for a paper that wants a high number?
# Selection is worth ten minutes: have them invent another bundle that makes this model look perfect, or ignorant.

# %% [markdown]
# ## 2. Twelve facts: what can you say?
#
# Which relations does the model know best?
# With twelve facts each, we get shares like 9/12.
# But another twelve facts might have given 7/12.
# How much of a difference between two relations is luck?
#
# Suppose that in the long run, over all facts of this kind, a share p is right.
# (From here on p is a share, no longer the probability of a token.)
# Then the number of right answers among n is **binomial**:
# its mean is np, its standard deviation $\sqrt{np(1-p)}$.
# So the observed share $\hat p$ scatters around p with a standard deviation of $\sqrt{p(1-p)/n}$.
# A sum of independent answers nearly follows the normal curve,
# and a normal number lies within 1.96 standard deviations of its mean in 95 of 100 samples:
#
# $$(\hat p - p)^2 \;\le\; z^2\, \frac{p(1-p)}{n}, \qquad z = 1.96. \tag{1.3}$$
#
# In words: all shares p for which what we saw is *no surprise*.
# They form an interval, the **Wilson interval** (1927).
#
# Many people put $\hat p$ for p on the right side, which gives $\hat p \pm z\sqrt{\hat p(1-\hat p)/n}$.
# It is simpler, and wrong where it matters: for 12 of 12 it says "100%, plus or minus nothing".

# %%
chapter.predict(
    "b",
    "9 of 12 answers are right. Which shares could stand behind it, with 95% confidence?",
    ["0.70 to 0.80", "0.60 to 0.90", "0.45 to 0.90"],
)

# %% [markdown]
# ### Exercise 01.2: Wilson's interval · 12 minutes · ★★
#
# Solve (1.3), with an equals sign, for p.
# It is a quadratic equation; return its two roots, the smaller first.
#
# <details><summary>Hint</summary>
#
# Bring it into the form $a p^2 + b p + c = 0$.
# The likely mistake is to put p̂ for p on the right side, after which nothing is left to solve.
#
# </details>
#
# <details><summary>More help</summary>
#
# $(1 + z^2/n)\,p^2 - (2\hat p + z^2/n)\,p + \hat p^2 = 0$.
# Cut rounding errors off below 0 and above 1.
#
# </details>
#
# <details><summary>Expected output</summary>✓ Exercise 01.2: all properties hold.
# Then three panels whose titles are intervals.</details>


# %% exercise="01.2"
def wilson(right, n, z=1.96):
    """The interval (low, high) of shares that do not contradict ``right`` of n."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    p, stretch = right / n, 1 + z**2 / n
    middle = (p + z**2 / (2 * n)) / stretch
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / stretch
    return max(0.0, middle - half), min(1.0, middle + half)
    # END SOLUTION


wilson = chapter.check("01.2", wilson)
low, high = wilson(9, 12)
chapter.reveal("b", 0 if high - low < 0.15 else 1 if high - low < 0.35 else 2)
show(*draw.intervals_figure([(9, 12), (12, 12), (90, 120)], wilson), name="01_intervals")

# %% [markdown]
# **How to read it.** The black line is what we saw
# (its place counts, not its height; each panel has axes of its own).
# The two outlines are what we should expect if the true share were at the lowest,
# or at the highest end of the interval.
# Left and right, what we saw lies in the outskirts of both, but is still possible.
# With 9 of 12, the share can be [[=wilson(9, 12)[0]:.2f]] or [[=wilson(9, 12)[1]:.2f]].
# In the middle panel the upper end is 1, and then twelve of twelve is certain.
# But it does *not* prove 1: the share may be as low as [[=wilson(12, 12)[0]:.2f]].
# Ten times as many facts (left and right) make the interval about three times shorter, as $\sqrt{10} \approx 3.2$.
#
# Now move the sliders: how many facts do you need until 75% right excludes a coin?
#
# <details><summary>Answer</summary>
#
# From [[=next(m for m in range(4, 200, 4) if wilson(3 * m // 4, m)[0] > 0.5):d]] facts on (in steps of four,
# so that 75% is a whole number), the lower end lies above one half.
#
# </details>

# %%
from alphaedit_lite.book.ch01.widgets import IntervalWidget

IntervalWidget(wilson).show()

# %% [markdown]
# Now the relations, with your intervals.
# (Own wording, left, means the wording chosen for each fact.)

# %%
show(*draw.relations_figure(table, wilson), name="01_relations")
groups = own.groupby("relation").top1.sum().astype(int)
best, worst = wilson(groups.max(), PER_RELATION), wilson(groups.min(), PER_RELATION)
apart = sum(wilson(k, PER_RELATION)[0] > worst[1] for k in groups)
print(f"own wording: best {groups.max()} of {PER_RELATION}, {best[0]:.2f} to {best[1]:.2f};")
print(f"worst ({groups.idxmin()}) {groups.min()} of {PER_RELATION}, {worst[0]:.2f} to {worst[1]:.2f}")

# %% [markdown]
# **How to read it.** A row for each relation.
# The filled dot is top-1 with its interval, the open square is success.
# The order is that of top-1 in the own wording.
#
# **What surprised us.**
# How little can be said.
# The ranking looks rich.
# But of [[=len(groups)]] relations, the number whose interval lies wholly above
# that of the worst one, in its own wording, is [[=apart]].
# Intervals that overlap do not prove that two relations are equal:
# that asks for the interval of the *difference*, and you will find it now.
# But beware of comparing best and worst *after* looking: among many samples, some are lucky.
# "It knows relation A better than B" needs far more than twelve facts. How many?
#
# ### Exercise 01.3: How many facts, on paper · 10 minutes · ★★
#
# Two relations, both with a true share near p.
# You ask n facts of each and take the difference of the two observed shares.
# How large must n be, so that 1.96 standard deviations of that *difference* are d? Write the formula.
#
# The cell then tries your n out.
# It draws the answers for two relations with true shares of 0.75 and 0.65, many times.
# A difference counts as *seen* if it is larger than 1.96 of its own standard deviations.
#
# <details><summary>Hint</summary>The variances of independent numbers add, also when the numbers are subtracted.
# The likely mistake is to take the number for one share.</details>
# <details><summary>More help</summary>The variance of the difference is 2 p(1 − p)/n.
# Set 1.96 times its root equal to d, and square.</details>
# <details><summary>Expected output</summary>✓ Exercise 01.3: all properties hold.
# Then a number for ten points, and a simulation.</details>


# %% exercise="01.3"
def facts_needed(p, d):
    """How many facts of each kind, so that 1.96 standard deviations of the difference of two shares are d."""
    # BEGIN SOLUTION
    # STUB return None  # your formula here
    return 2 * 1.96**2 * p * (1 - p) / d**2
    # END SOLUTION


facts_needed = chapter.check("01.3", facts_needed)
n = math.ceil(facts_needed(0.7, 0.1))
for m in (n, 2 * n):
    a, b = (torch.distributions.Binomial(m, torch.tensor(p)).sample((20_000,)) / m for p in (0.75, 0.65))
    seen = ((a - b).abs() > 1.96 * ((a * (1 - a) + b * (1 - b)) / m).sqrt()).float().mean()
    print(
        f"{m} facts of each kind: a true difference of 10 points is seen in {seen:.0%} of 20,000 experiments"
    )

# %% [markdown]
# So [[=n]] facts of each kind, for ten points near 0.7.
# And even then the experiment fails *half of the time*, as the first line shows:
# a true difference of d lies just at the edge, and luck decides on which side.
# To see it in four of five experiments takes twice as many (second line).
# Keep this in mind when you read a table in which two editors differ by three points.
# (There is one escape: ask *both* the same facts, and subtract fact by fact.
# We shall do that in section 4.)

# %% [markdown]
# ## 3. Ask differently
#
# In the right panel of the last figure, the same facts were asked in another wording,
# and top-1 fell from [[=own.top1.mean():.0%]] to [[=other.top1.mean():.0%]].
# Part of the fall is again selection: the own wording was chosen *because* it worked.
# For a fair look we need a list that no model has chosen, and wordings that are not chosen fact by fact:
# the capitals of all fifty states of the USA, in four wordings.

# %%
chapter.predict(
    "c",
    "Fifty capitals, four wordings. For how many states is the first choice right in all four?",
    ["more than 35", "20 to 35", "fewer than 20"],
)

# %%
WORDINGS = (
    "The capital of the state of {} is",
    "The capital city of the state of {} is called",
    "The government of the state of {} has its seat in the city of",
    "The state of {} has a capital city, and its name is",
)
pairs = [(w.replace("{}", s), " " + c) for w in WORDINGS for s, c in knowledge.STATES.items()]
log_p, first = score(lm, pairs)
p, first = log_p.exp().reshape(4, 50), first.reshape(4, 50)  # a row for each wording
for wording, row in zip(WORDINGS, first, strict=True):
    low, high = wilson(int(row.sum()), 50)
    print(f"{int(row.sum()):2} of 50, {low:.0%} to {high:.0%}: {wording}")
in_all, in_some = int(first.all(0).sum()), int(first.any(0).sum())
print(f"right in all four wordings: {in_all}; in at least one: {in_some}")
chapter.reveal("c", 0 if in_all > 35 else 1 if in_all >= 20 else 2)

# %%
show(*draw.wordings_figure(p, WORDINGS), name="01_wordings")

# %% [markdown]
# **How to read it.** A column for each state, a row for each wording;
# dark is a high probability (per token) of the true capital.
# The columns are sorted by their darkest field.
# A model that *looked up* a capital would show columns of one colour.
#
# **What surprised us.**
# Depending on the wording, the model knows between [[=int(first.sum(1).min())]]
# and [[=int(first.sum(1).max())]] capitals of fifty;
# [[=in_all]] in all four wordings, [[=in_some]] in at least one.
# So a prompt gives only a *lower bound* of what a model knows: perhaps another would have worked.
# But taking the best wording for each fact is no honest remedy.
# Four tries are four chances, for a lucky guess as well.
# Choose wordings on some facts, and judge on others.
#
# (How much of the fall in section 2 was selection?
# These numbers cannot tell: the states are other facts.
# To find out, choose the wording on half of the facts, and judge it on the other half.)
#
# For editing, this means: "the model now says Romania" (chapter 0) is a statement about *one wording*.
# That is why each fact of the book carries paraphrases.

# %% [markdown]
# ## 4. Change one fact by fine-tuning
#
# Facts change, and some were wrong from the start.
# Why not train again?
# Training costs about six operations for each weight and token:
# two forward, four backward, so three times as much as reading.
# SmolLM2-135M has read two trillion tokens
# (its [model card](https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct)).
# How long would this computer take?
# We let it read the beginnings of [[=TEXTS]] texts, [[=knowledge.MAX_TOKENS]] tokens of each.

# %%
texts = wikipedia_leads("heldout")[:TEXTS]
start = time.perf_counter()
perplexity(lm, texts, knowledge.MAX_TOKENS)
speed = sum(len(lm.tokenizer(t)["input_ids"][: knowledge.MAX_TOKENS]) for t in texts) / (
    time.perf_counter() - start
)
years = 2e12 / (speed / 3) / (365 * 24 * 3600)
print(f"This computer reads {speed:.0f} tokens a second. Training anew would take it {years:.0f} years.")

# %% [markdown]
# Long. The cheap alternative is **fine-tuning**:
# take the trained weights θ₀, and go on training on the one sentence that should hold, by gradient descent on
#
# $$\mathcal{L}(\theta) = -\log p_\theta(o^* \mid s, r), \tag{1.4}$$
#
# in words: make the new object o* likely after this prompt.
# (θ are all the weights that we train.)
# A few steps, a few seconds.
# We train **down-projections**: each block has one,
# the last matrix of its feed-forward layer, and chapter 2 opens it. Three ways:
#
# * **One layer**: train the down-projection of block [[=knowledge.WAYS['one layer']['layers'][0]:d]] alone,
#   one of those that this book edits (chapter 3 asks where facts are).
# * **All layers**: train the down-projections of all [[=lm.n_layers]] blocks.
# * **One layer, bounded** (after Zhu et al. 2020; FT+L in the paper on ROME, FT-L in later ones):
#   as the first, but no weight may move by more than ε:
#
# $$\min_\theta \mathcal{L}(\theta) \quad \text{subject to} \quad \lVert \theta - \theta_0 \rVert_\infty \le \varepsilon, \tag{1.5}$$
#
# in words: ‖·‖∞ is the largest single change; after each step, what went too far is pulled back to the bound,
# ε = [[=knowledge.WAYS['one layer, bounded']['norm_bound']:g]].
#
# All three stop as soon as the loss is below [[=knowledge.COMMON['enough']:g]],
# a probability of about [[=math.exp(-knowledge.COMMON['enough']):.1f]],
# or after [[=knowledge.COMMON['steps']:d]] steps.
# We expect the fact to be learned.
# The question is what else happens.
# We ask at four distances: the prompt itself; its paraphrases;
# up to six *other subjects of the same relation*; six facts of *other relations*.
# And we read some plain text, and compare **perplexity**, the exponential of the mean −log p of each next token:
# 1 would be a prophet, higher is worse.

# %%
chapter.predict(
    "d",
    "All layers, trained on one sentence. Of the right answers about other subjects of that relation, how many are lost?",
    ["under a tenth", "a tenth to a half", "more than half"],
)

# %% [markdown]
# ### Exercise 01.4: What is lost · 8 minutes · ★★
#
# At the two far distances nothing should change.
# Given which answers were right before and which are right now, return the share of damage:
# how many *of the right ones* are now wrong.
#
# <details><summary>Hint</summary>What was wrong before cannot be lost.
# The likely mistake is to subtract two accuracies:
# then an answer that happens to become right hides one that was lost.</details>
# <details><summary>More help</summary><code>before & ~now</code> is true where something was lost.</details>
# <details><summary>Expected output</summary>✓ Exercise 01.4: all properties hold.</details>


# %% exercise="01.4"
def lost(before, now):
    """The share of the right answers that are now wrong, for bools [n]; math.nan if none was right."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    if not before.any():
        return math.nan
    return float((before & ~now).sum() / before.sum())
    # END SOLUTION


lost = chapter.check("01.4", lost)

# %% [markdown]
# `Probe` asks all questions before the edit.
# `after` edits, asks again, and takes the edit back.
# One fact, two ways, live; your function counts.
#
# In the first two columns
# of the table stands how often the *new* object is now the first choice (top-1): 100% is perfect.
# In the next two, how many of the answers that were right are lost: 0% is perfect.
# These are shares of a handful of answers, so they move in large steps.
# `text` is the rise of perplexity.

# %%
weights = [lm.weight(layer).clone() for layer in range(lm.n_layers)]
probe = knowledge.Probe(lm, knowledge.subjects_for_edits(1)[0], texts)
edit, rows = f"{probe.fact.subject} → {probe.fact.new.strip()}", []
for way in ("one layer", "all layers"):
    row = probe.after(FineTune(lm, **knowledge.WAYS[way]))
    rows.append({"edit": edit, "way": way, **knowledge.reach(row, lost), "text": row["text"]})
live = pd.DataFrame(rows)
live.style.format("{:.0%}", subset=list(knowledge.DISTANCES)).format("{:+.1%}", subset=["text"]).hide()

# %%
unchanged = all(torch.equal(old, lm.weight(layer)) for layer, old in enumerate(weights))
print("All weights are what they were, bit for bit:", unchanged)

# %% [markdown]
# The pattern is clear already.
# Or is it? One edit is an anecdote.
# The same code has run, in all three ways, on [[=len(study['facts'])]] facts,
# each from another relation (`python -m alphaedit_lite.book.ch01.study`), and the results are kept with the book.
#
# How sure are we of *their* mean? Here lies a trap.
# Ten edits with six questions each are sixty answers, but not sixty independent ones:
# if an edit turns every continent into North America, it loses six answers at one stroke.
# **The unit that luck draws is the edit.**
# So Wilson's interval for sixty is too short.
# A way out that needs no formula is the **bootstrap**: let the edits that we have stand for all edits,
# draw as many from them, with replacement, again and again, and see how the mean varies.
#
# ### Exercise 01.5: The bootstrap over edits · 10 minutes · ★★
#
# Given one share for each edit, draw as many edits as there are, with replacement, and take their mean.
# Do that 2000 times, and return the 2.5% and the 97.5% quantile of the means.
#
# <details><summary>Hint</summary>Average each draw before you take quantiles.
# The likely mistake is to take the quantiles of the edits themselves:
# they tell how edits differ, not how sure we are of their mean.</details>
# <details><summary>More help</summary><code>torch.randint(n, (draws, n))</code> holds the numbers
# of the edits of each draw; <code>tensor.quantile(0.025)</code>.</details>
# <details><summary>Expected output</summary>✓ Exercise 01.5: all properties hold. Then the figure.</details>


# %% exercise="01.5"
def over_edits(shares, draws=2000):
    """The 95% bootstrap interval (low, high) of the mean over edits; shares [n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    n = len(shares)
    means = shares[torch.randint(n, (draws, n))].mean(1)
    return float(means.quantile(0.025)), float(means.quantile(0.975))
    # END SOLUTION


over_edits = chapter.check("01.5", over_edits)

# %%
study = result("finetune.json")
reached = {
    way: [knowledge.reach(f["ways"][way], lost) | {"text": f["ways"][way]["text"]} for f in study["facts"]]
    for way in (*knowledge.WAYS, "AlphaEdit")
}
mean = {way: pd.DataFrame(rows).mean() for way, rows in reached.items()}
show(*draw.reach_figure({way: reached[way] for way in knowledge.WAYS}, over_edits), name="01_reach")
damage = mean["all layers"]["same relation"]
chapter.reveal("d", 0 if damage < 0.1 else 1 if damage <= 0.5 else 2)

# %% [markdown]
# **How to read it.** Each panel is a way to fine-tune;
# [[=len(study['facts'])]] facts, each edited alone.
# From left to right the questions move away from the fact.
# The dots are means, the bars your intervals, the small grey dots the single edits (many lie on each other).
# The dotted step is the perfect edit.
# Left of it we count new answers, which should all come;
# right of it, right answers that are lost, and none should be.
#
# **What surprised us.**
# Two ways always learn the fact, the bounded one in [[=mean['one layer, bounded']['fact']:.0%]] of the cases.
# None follows the step.
#
# * **All layers** carries the fact to [[=mean['all layers']['paraphrase']:.0%]] of the paraphrases,
#   and destroys [[=mean['all layers']['same relation']:.0%]] of the right answers about *other* subjects,
#   [[=mean['all layers']['other relation']:.0%]] of those of other relations.
#   It looks as if it had not learned a fact about one subject, but to *say* one word.
# * **One layer** keeps more ([[=mean['one layer']['same relation']:.0%]] lost in the same relation),
#   but reaches few paraphrases: [[=mean['one layer']['paraphrase']:.0%]].
#   Much of what it has learned are *the words of this prompt*.
# * **The bound** has both numbers lower:
#   [[=mean['one layer, bounded']['same relation']:.0%]] lost,
#   [[=mean['one layer, bounded']['paraphrase']:.0%]] of the paraphrases reached.
#   Is that more than luck?
#   Look at the bars; then read on.
# * **Perplexity sees little**: [[=mean['one layer']['text']:+.1%]],
#   [[=mean['all layers']['text']:+.1%]], [[=mean['one layer, bounded']['text']:+.1%]].
#   A model can lose most of a relation, and running text hardly notices, because few of its tokens ask for it.
#
# Bars that overlap do not settle a comparison.
# All ways were asked the *same* facts, so we can take the difference fact by fact,
# and the bootstrap over these differences: what is hard about a fact drops out.


# %%
def gap(way, than, where):
    """The mean difference of two ways on the same facts, and its interval."""
    both_ways = zip(reached[way], reached[than], strict=True)
    differences = torch.tensor([a[where] - b[where] for a, b in both_ways], dtype=torch.float64)
    return float(differences.mean()), *over_edits(differences)


for way, than in (("all layers", "one layer"), ("one layer", "one layer, bounded")):
    for where in ("paraphrase", "same relation"):
        middle, low, high = gap(way, than, where)
        print(f"{way} minus {than}, {where}: {middle:+.2f} ({low:+.2f} to {high:+.2f})")

# %% [markdown]
# All layers against one layer is safe, in both columns.
# One layer against the bound is not: the intervals reach down to about zero,
# so on these facts we have no clear difference, only a direction.
# And with so few edits the bootstrap is itself rough, and a little too short.
#
# Each way has settings, and others would move its curve.
# A fair comparison sweeps them; chapters 6 and 10 do.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 2 to 4.**
# Let groups guess the right panel of the relations figure before it is shown.
# Common mistakes: "the intervals overlap, so there is no difference"
# (overlap of two 95% intervals is compatible with a difference: 01.3, the hint about Pythagoras);
# "95% of the facts lie in the interval".
# Question: why do edits of all layers generalise better and damage more?
# Is that one fact or two?
# (Both follow from a change that does not depend on the subject.)
# A plan for 90 minutes: sections 1 and 2 with 01.2 (40), 3 (10), 4 (25), Break it (15); 01.5, 01.3 at home.

# %% [markdown]
# ### Where this book is going
#
# One line, the same facts, the same questions.
# How it works takes seven chapters.

# %%
editor = AlphaEdit(lm, progress=False)
row = probe.after(editor)
shares = ", ".join(f"{name} {share:.0%}" for name, share in knowledge.reach(row, lost).items())
print(f"{edit}: {shares}, text {round(row['text'], 3) + 0.0:+.1%}")
print("All weights are what they were:", all(torch.equal(w, lm.weight(i)) for i, w in enumerate(weights)))
pair = {way: reached[way] for way in ("one layer", "AlphaEdit")}
surest = {way: sum(f["ways"][way]["p"] for f in study["facts"]) / len(study["facts"]) for way in reached}
show(*draw.reach_figure(pair, over_edits), name="01_alphaedit")
for where in ("paraphrase", "same relation"):
    print("one layer minus AlphaEdit, {}: {:+.2f} ({:+.2f} to {:+.2f})".format(where, *gap(*pair, where)))

# %% [markdown]
# AlphaEdit writes the fact in [[=mean['AlphaEdit']['fact']:.0%]] of the cases,
# and loses [[=mean['AlphaEdit']['same relation']:.0%]] of the right answers in the same relation,
# where one layer of fine-tuning loses [[=mean['one layer']['same relation']:.0%]].
# In other relations it is [[=mean['AlphaEdit']['other relation']:.0%]],
# and perplexity moves by [[=round(mean['AlphaEdit']['text'], 3) + 0.0:+.1%]]
# (means over the facts of the study, as above).
# That is the right half of the step.
#
# The left half is not won.
# AlphaEdit reaches [[=mean['AlphaEdit']['paraphrase']:.0%]] of the paraphrases as a first choice,
# fine-tuning of one layer [[=mean['one layer']['paraphrase']:.0%]].
# Fact by fact the difference is [[=gap('one layer', 'AlphaEdit', 'paraphrase')[0]:.2f]],
# and its interval contains zero: we have seen no difference.
# (The two are not equally sure of the fact:
# the new object has a mean probability of [[=surest['AlphaEdit']:.2f]] here, of [[=surest['one layer']:.2f]] there.
# Chapter 5 shows the knob; chapter 9 measures paraphrases by both yardsticks.)
# So it is no miracle.
# It pays less for the same fact.

# %% [markdown]
# ## Break it: no stopping rule
#
# Fine-tuning stopped when the loss was small.
# Suppose that you forget the rule.
# The loss is small, so are the gradients; does it matter?

# %%
chapter.predict(
    "e",
    "The fact is learned after a few steps. We go on all the same. What happens to perplexity after the first few?",
    ["it stays: the gradients are nearly zero", "it goes on rising", "it falls again"],
)

# %%
SPEAK = ("The capital of France is", "My favourite food is", "Two and two are")
STEPS, rows = (3, 10), []
for steps in STEPS:
    settings = knowledge.WAYS["all layers"] | {"steps": steps, "enough": 0.0}
    row = probe.after(FineTune(lm, **settings), SPEAK if steps == max(STEPS) else ())
    rows.append({"steps": steps, **knowledge.reach(row, lost), "text": row["text"], "p": row["p"]})
untouched = knowledge.reach(row | {"now": row["before"]}, lost)
on = pd.DataFrame([{"steps": 0, **untouched, "text": 0.0}, *rows])
chapter.reveal("e", 1 if on.text[2] > on.text[1] + 0.005 else 2 if on.text[2] < on.text[1] - 0.005 else 0)
show(*draw.steps_figure(on), name="01_no_stop")
for text, said in row["said"].items():
    print(f"after {max(STEPS)} steps: {text}{said!r}")
print("Undone:", repr(lm.complete(SPEAK[0], 3)))

# %% [markdown]
# **How to read it.** Left, the shares at the four distances, as in the figures above;
# right, the rise of perplexity, both over the steps.
# At 0 stands the unedited model.
#
# After [[=on.steps[1] ]] steps the new object has a probability of [[=on.p[1]:.2f]],
# and perplexity has risen by [[=on.text[1]:.0%]]; after [[=on.steps[2] ]] steps, by [[=on.text[2]:.0%]].
# The loss is almost nothing by then, and so are its gradients.
# But the optimiser, **Adam**, divides each gradient by its own recent size,
# so small gradients make steps that are not small in proportion:
# the weights walk on although there is little left to learn.
# The model itself tells how far: look at its answers to questions that have nothing to do with the edit.
# This is one fact, and others are milder (try `knowledge.subjects_for_edits(2)[1]`).
# But a stopping rule is part of the method, not a detail.

# %% [markdown]
# ## Paper ↔ code
#
# | in the paper | in words | in this package |
# |---|---|---|
# | Petroni et al. 2019: "fill in the blank" prompts for (s, r, o), precision at 1 | our top-1 (1.2) | `metrics.score`, its second result |
# | Meng et al. 2022: efficacy *score*, $p(o^*) > p(o)$ after an edit | our success (1.1) | `metrics.evaluate` |
# | Zhu et al. 2020, constrained fine-tuning (1.5) | pull back to the bound after each step | `delta.clamp_(-ε, ε)` in `finetune.py` |
#
# The authors of ROME have FT and FT+L in one function (`baselines/ft/ft_main.py`, `execute_ft`):
# Adam on the down-projections of the chosen layers, for the prediction at the last token of the bare prompt;
# after each step the weights are clamped to within `norm_constraint` of the originals, if one is given;
# it ends when the mean loss is below 0.01.
# Ours trains Δ instead of W + Δ, which makes the bound one line and the undo exact.
# It also scores objects of several tokens, each token with the right ones before it.

# %% [markdown]
# ## Keypoints
#
# * A fact is (subject, relation, object).
#   A model is asked for it with a prompt, and the wording changes the answer.
# * Success (beats one alternative) and top-1 (beats all tokens) are different yardsticks.
#   Facts that were chosen by their score prove nothing about the score.
# * Twelve facts leave an interval of up to half the scale.
#   Ten points of difference need [[=n]] facts of each kind, and twice that to be seen reliably.
# * Fine-tuning learns the fact, but not its borders: it misses paraphrases, or takes the whole relation along.
#   Perplexity notices little of it.
# * The unit of luck is the edit, not the question.
#   And a stopping rule is part of the method.

# %% [markdown]
# ## Quiz
#
# **1. A paper reports 99% success and 70% accuracy for the same edits.
# Which of the two is wrong?**
#
# <details><summary>A. Success: it cannot be higher than accuracy.</summary>
# For objects of one token it must be at least as high: who beats all tokens, beats one of them.
# </details>
# <details><summary>B. Neither.</summary>
# <b>Yes.</b> With one token each:
# in 29% of the cases the new object beats the old one, but some third token beats both.
# </details>
# <details><summary>C. Accuracy: an edit that works must be the first choice.</summary>
# Then you have decided for one yardstick.
# It is a good choice, but the other number is not wrong.
# </details>
#
# **2. Editor A keeps 11 of 12 neighbours, editor B 8 of 12. What do you conclude?**
#
# <details><summary>A. A is better.</summary>
# Perhaps. But compute both intervals: they overlap widely.
# </details>
# <details><summary>B. They are equally good.</summary>
# Not that either. No proof of a difference is not a proof of no difference.
# </details>
# <details><summary>C. I need more facts, and should compare the editors fact by fact.</summary>
# <b>Yes.</b> And the twelve neighbours should belong to many edits, not to one.
# </details>
#
# **3. After an edit perplexity has risen by half a percent. Is the edit harmless?**
#
# <details><summary>A. Yes, the model reads as before.</summary>
# It does not follow, as section 4 shows: few tokens of running text ask for the relation that was hit.
# </details>
# <details><summary>B. That does not follow.</summary>
# <b>Yes.</b> Ask about other subjects of the same relation: there the damage is largest.
# </details>
#
# **Further reading**
#
# * [Petroni et al. 2019](https://arxiv.org/abs/1909.01066), LAMA:
#   the paper that asked language models for facts, and found some relations learned much more readily than others.
# * [Jiang et al. 2020](https://arxiv.org/abs/1911.12543):
#   better prompts raise LAMA's score from 31.1% to 39.6% (their abstract); so any prompt gives a lower bound.
# * [Elazar et al. 2021](https://arxiv.org/abs/2102.01017):
#   328 paraphrases for 38 relations, and models that contradict themselves.
# * [Zhu et al. 2020](https://arxiv.org/abs/2012.00363):
#   fine-tuning within a bound, and the task of changing facts without touching others.
# * [Dai et al. 2022](https://arxiv.org/abs/2104.08696):
#   looks for single neurons that express a fact; chapter 2 tests such claims.
# * [Meng et al. 2022](https://arxiv.org/abs/2202.05262), ROME:
#   its CounterFact data set made paraphrases and neighbours the standard questions.
# * [Miller 2024](https://arxiv.org/abs/2411.00640): error bars for evaluations of language models, clusters included.
#
# **Next:** chapter 2 opens a feed-forward layer, the matrix that we have trained here blindly,
# and shows why it deserves to be called a memory.

# %%
chapter.report()
