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
# *To read: 30 minutes. To do the exercises: 45 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will train one new fact into a model with a loop of your own,
# and measure what else the training has changed.
# Every editor of this book will be judged by this measure.**
#
# [[map]]
#
# ```text
#    distance       the fact     its paraphrases   same relation,    other
#                                                  other subjects    relations
#    a perfect
#    edit changes   all          all               nothing           nothing
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *write* a fact as (subject, relation, object), and *ask* a model for it,
# > * *judge* an answer in two ways, and *explain* why they disagree,
# > * *fine-tune* a model on one sentence, and *count* what this breaks,
# > * *put* an interval around a share of twelve answers.
# >
# > **You need** [chapter 0](00_demo.ipynb), probabilities, and to have used an optimiser of PyTorch once.
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 2.5 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: today's fact comes from chapter 0.
import math

import pandas as pd
import torch
from torch.nn.utils.rnn import pad_sequence

from alphaedit_lite import AlphaEdit, load_model
from alphaedit_lite.book.ch01 import experiments as knowledge
from alphaedit_lite.book.ch01 import figures as draw
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.support.texts import wikipedia_leads

torch.manual_seed(1)
chapter = Chapter("01")

# %% [markdown]
# ## Before you start
#
# <details><summary>1. Chapter 0 asked four kinds of question about an edit. Which?</summary>
#
# Did it work in the words that we used (the fact)?
# Does it hold in other words (paraphrases)?
# Did other facts stay (neighbours)?
# Does the model still write good sentences (generation)?
#
# </details>
#
# <details><summary>2. After the undo, were the weights nearly the old ones, or exactly?</summary>
#
# Exactly, every bit. Today, too, every change is taken back before the next one.
#
# </details>

# %% [markdown]
# ## 1. A fact is a sentence with a gap
#
# A **fact** is a triplet (s, r, o):
# a *subject*, a *relation* and an *object*, as (Lower Assam, country, India).
# A data base stores such triplets.
# A language model stores none: it continues text.
# So we turn subject and relation into a **prompt**, a sentence that stops
# where the object should come, and look at what the model expects next.
#
# For every token, the model has a probability of being the next one.
# We call $p(o \mid s, r)$ the probability of the object after the prompt.
# Code works with its logarithm, which is safer to compute with.
# (We look at the first token of the object.
# If an object has several tokens, the package takes the mean of their log-probabilities,
# each with the right tokens before it.)

# %%
lm = load_model()
model, tokenizer = lm.model.requires_grad_(False), lm.tokenizer


@torch.no_grad()
def log_p(prompts):
    """Log-probabilities of the next token, [prompts, vocabulary]."""
    rows = [torch.tensor(tokenizer(text)["input_ids"]) for text in prompts]
    ids = pad_sequence(rows, batch_first=True)  # zeros on the right
    last = [len(row) - 1 for row in rows]
    logits = model(ids.to(lm.device)).logits[range(len(rows)), last]
    return logits.log_softmax(-1).cpu()


def token(text):
    """The number of a word's first token."""
    return tokenizer(text)["input_ids"][0]


# %% [markdown]
# (The zeros do no harm.
# The model reads from left to right, so no token of ours sees them.)
#
# One fact, four wordings:

# %%
india = token(fact.true)
wordings = [fact.prompt, *fact.paraphrases]
for prompt, row in zip(wordings, log_p(wordings), strict=True):
    print(f"P(India) = {row[india].exp():.2f} after {prompt!r}")

# %% [markdown]
# The same fact has four probabilities.
# So does the model *know* it?
# There are two common answers, and this book always gives both.
#
# * **Success:** the true object o is more likely than one alternative o':
#
# $$p(o \mid s, r) > p(o' \mid s, r). \tag{1.1}$$
#
# * **Top-1** (or accuracy): the true object is the model's first choice.
#   No other token t is more likely:
#
# $$p(o \mid s, r) \ge p(t \mid s, r) \quad \text{for every token } t. \tag{1.2}$$
#
# In words: (1.1) is a choice between two answers, so a coin would get half of them right.
# (1.2) is a choice among the whole vocabulary.
#
# ### Exercise 01.1: Two yardsticks · 8 minutes · ★
#
# Given log-probabilities, one row for each prompt and one column for each token,
# return two shares of the rows: success, and top-1.
#
# <details><summary>Hint</summary>
#
# Both are decided row by row, and then averaged.
# The likely mistake is to average first.
#
# </details>
#
# <details><summary>More help</summary>
#
# `log_p[torch.arange(len(log_p)), true]` picks one entry from each row.
# `log_p.argmax(1)` is the first choice of each row.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 01.1: all properties hold.
#
# </details>


# %% exercise="01.1"
def yardsticks(log_p, true, other):
    """Shares of success and of top-1; log_p [n, vocabulary];
    true, other: numbers of tokens, [n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    rows = torch.arange(len(log_p))
    success = (log_p[rows, true] > log_p[rows, other]).float().mean()
    top1 = (log_p.argmax(1) == true).float().mean()
    return float(success), float(top1)
    # END SOLUTION


yardsticks = chapter.check("01.1", yardsticks)

# %% [markdown]
# Now we ask the model for 96 facts that ship with this package: twelve of each of eight relations.
# Each fact has a prompt of its own, other wordings, and an alternative object (`f.new`).

# %%
FACTS = knowledge.pick(12, every=3)  # every third relation
true = torch.tensor([token(f.true) for f in FACTS])
other = torch.tensor([token(f.new) for f in FACTS])
own = yardsticks(log_p([f.prompt for f in FACTS]), true, other)
print("own wording: success {:.0%}, top-1 {:.0%}".format(*own))

# %%
chapter.predict(
    "a",
    "The same facts in another wording: how often is the true object the "
    "first choice?",
    ["over 70%", "40% to 70%", "under 40%"],
)

# %%
reworded = [f.paraphrases[0] for f in FACTS]
words = yardsticks(log_p(reworded), true, other)
print("other wording: success {:.0%}, top-1 {:.0%}".format(*words))
chapter.reveal("a", sum(words[1] < bound for bound in (0.7, 0.4)))

# %% [markdown]
# One model, four different shares, and all of them answer "what does it know?".
# By success, it knows [[=words[0]:.0%]] of the facts in the other wording; by top-1, [[=words[1]:.0%]].
#
# One of the four is worth nothing: success in the own wording.
# These facts and wordings were *chosen* so that (1.1) holds for this model.
# For editing they are the right ones, since only an answer that the model gives can be seen to change.
# But they do not tell how much the model knows.
# ([The laboratory](lab/01_facts.ipynb) asks for the capitals of all fifty states of the USA,
# which nobody has chosen, and goes through the relations one by one.)

# %% [markdown] tags=["instructor"]
# **For the instructor, section 1.**
# Common mistakes: "accuracy" is heard as "true in the world": it is agreement with one string.
# " United States" for " the United States" counts as wrong; let students collect such cases with `lm.complete`.
# Question for discussion: which yardstick would you choose for a medical assistant,
# which for a paper that wants a high number?
# Selection is worth ten minutes: have them invent another bundle that makes this model look perfect, or ignorant.

# %% [markdown]
# ## 2. Train the new fact
#
# Suppose that Lower Assam belongs to Romania from today on.
# Why not go on training, on this one sentence?
# This is called **fine-tuning**.
# Take the trained weights, and make the new object o* more likely by gradient descent on the **loss**
#
# $$\mathcal{L}(\theta) = -\log p_\theta(o^* \mid s, r). \tag{1.3}$$
#
# In words: the loss is small if the new object is likely after this prompt.
# θ are the weights that we train.
# We take the matrix W of chapter 0, the last one of a feed-forward layer, in one block or in all thirty.
#
# Each step asks, computes the gradient, and lets the optimiser **Adam** move the weights a little.
# We stop when the loss is below 0.1, that is, when the probability is above 0.9.


# %%
def fine_tune(fact, layers, rate, steps=15, enough=0.1):
    """Train W of these layers on one fact. Returns the losses."""
    ids = tokenizer(fact.prompt, return_tensors="pt").to(lm.device)
    new = token(fact.new)
    weights = [lm.down_projection(layer).weight for layer in layers]
    for W in weights:
        W.requires_grad_(True)
    adam, losses = torch.optim.Adam(weights, lr=rate), []
    for _ in range(steps):
        loss = -model(**ids).logits[0, -1].log_softmax(-1)[new]
        losses.append(float(loss.detach()))
        if loss < enough:
            break
        adam.zero_grad()
        loss.backward()
        adam.step()
    for W in weights:
        W.requires_grad_(False)
    return losses


# %% [markdown]
# To take it back, we copy the old weights over the new ones.

# %%
ALL = range(lm.n_layers)
WAYS = {"one layer": ([5], 5e-3), "all layers": (ALL, 5e-4)}
original = {layer: lm.weight(layer).clone() for layer in ALL}


def undo():
    for layer in ALL:
        lm.weight(layer).copy_(original[layer])


for way, (layers, rate) in WAYS.items():
    losses = fine_tune(fact, layers, rate)
    print(f"{way}: losses", *(f"{loss:.2f}" for loss in losses))
    print("  " + fact.prompt + lm.complete(fact.prompt, 3))
    undo()

# %% [markdown]
# A few steps, and the fact is learned.
# (`WAYS` also holds the learning rates.
# All layers together need a smaller one.)
#
# Is this not enough? Twelve other regions can tell, asked with the same words:

# %%
chapter.predict(
    "b",
    "All layers were trained on the one sentence about Lower Assam. "
    "Of twelve other regions, how many are now said to lie in Romania?",
    ["none", "1 to 3", "4 to 9", "10 to 12"],
)

# %%
REGIONS = {
    "Rajasthan": "India", "West Bengal": "India", "Hokkaido": "Japan",
    "Tuscany": "Italy", "Bavaria": "Germany", "Normandy": "France",
    "Andalusia": "Spain", "Sichuan": "China", "Ontario": "Canada",
    "Anatolia": "Turkey", "Sumatra": "Indonesia", "Queensland": "Australia",
}  # fmt: skip
asked = [fact.template.replace("{}", region) for region in REGIONS]


def first_choices(prompts):
    """What the model says first after each prompt."""
    return [tokenizer.decode([best]) for best in log_p(prompts).argmax(1)]


# %%
says = {"region": list(REGIONS), "unedited": first_choices(asked)}
for way, (layers, rate) in WAYS.items():
    fine_tune(fact, layers, rate)
    says[way] = first_choices(asked)
    undo()
moved = {way: says[way].count(fact.new) for way in WAYS}
chapter.reveal("b", sum(moved["all layers"] > bound for bound in (0, 3, 9)))
pd.DataFrame(says).style.hide()

# %% [markdown]
# Trained in all layers, the model puts [[=moved['all layers']:d]] of the twelve regions into Romania.
# It has not learned a fact about *one subject*: it has learned to *say one word*.
# With one layer, [[=moved['one layer']:d]] of them move to Romania, and some others to other wrong countries.
# (The model does not know all of them before the training either.)

# %% [markdown]
# ## 3. How sure are we?
#
# We have asked about twelve regions.
# Twelve others might have given another count.
# What can be said about *all* regions?
#
# Suppose that in the long run, a share p of them would move.
# (From here on p is a share, and no longer the probability of a token.)
# Then among n regions, the observed share $\hat p$ scatters around p with a standard deviation of $\sqrt{p(1-p)/n}$,
# and it nearly follows a normal curve.
# In 95% of all samples it lies within z = 1.96 standard deviations of p:
#
# $$(\hat p - p)^2 \;\le\; z^2\, \frac{p(1-p)}{n}. \tag{1.4}$$
#
# In words: all shares p for which what we saw is *no surprise*.
# They form an interval, the **Wilson interval** (1927).
#
# Many people put $\hat p$ for p on the right side, because this is simpler.
# But it is wrong where it matters.
# For twelve of twelve it says "100%, plus or minus nothing".

#
# ### Exercise 01.2: Wilson's interval · 12 minutes · ★★
#
# Solve (1.4), with an equals sign, for p.
# It is a quadratic equation; return its two roots, the smaller one first.
#
# <details><summary>Hint</summary>
#
# Bring it into the form $a p^2 + b p + c = 0$.
# The likely mistake is to put p̂ for p on the right side; then nothing is left to solve.
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
# <details><summary>Expected output</summary>
#
# ✓ Exercise 01.2: all properties hold.
#
# </details>


# %% exercise="01.2"
def wilson(right, n, z=1.96):
    """The shares (low, high) that do not contradict ``right`` of n."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    p, stretch = right / n, 1 + z**2 / n
    middle = (p + z**2 / (2 * n)) / stretch
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / stretch
    return max(0.0, middle - half), min(1.0, middle + half)
    # END SOLUTION


wilson = chapter.check("01.2", wilson)

# %%
chapter.predict(
    "c",
    "9 of 12 answers are right. Which shares could stand behind it, with "
    "95% confidence?",
    ["0.70 to 0.80", "0.60 to 0.90", "0.45 to 0.90"],
)

# %%
low, high = wilson(9, 12)
chapter.reveal("c", 0 if high - low < 0.15 else 1 if high - low < 0.35 else 2)
cases = [(9, 12), (12, 12), (90, 120)]
show(*draw.intervals_figure(cases, wilson), name="01_intervals")

# %% [markdown]
# **How to read it.** In each panel, the black line is what we saw.
# The two outlines are the counts that we should expect
# if the true share were at the lower end of the interval, or at the upper end.
# What we saw is in the outer part of both, but still possible.
# (In the middle panel the upper end is 1, and then twelve of twelve is certain.)
#
# Twelve of twelve does *not* prove a share of 1: it may be [[=wilson(12, 12)[0]:.2f]].
# Ten times as many answers make the interval about three times shorter, because $\sqrt{10} \approx 3.2$.
#
# ### Exercise 01.3: How many facts, on paper · 10 minutes · ★★
#
# We want to compare two editors, both with a true share near p.
# You ask n facts of each, and take the difference of the two observed shares.
# How large must n be, so that 1.96 standard deviations of that *difference* are d? Write the formula.
#
# The cell then tries your n: it draws answers of two editors with true shares 0.75 and 0.65, many times.
# A difference counts as *seen* if it is larger than 1.96 of its own standard deviations.
#
# <details><summary>Hint</summary>
#
# The variances of independent numbers add, also when the numbers are subtracted.
# The likely mistake is to take the formula for one share.
#
# </details>
#
# <details><summary>More help</summary>
#
# The variance of the difference is 2 p(1 − p)/n.
# Set 1.96 times its root equal to d, and square.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 01.3: all properties hold.
# Below it, two lines of a simulation.
#
# </details>


# %% exercise="01.3"
def facts_needed(p, d):
    """n, so that 1.96 standard deviations of the difference are d."""
    # BEGIN SOLUTION
    # STUB return None  # your formula here
    return 2 * 1.96**2 * p * (1 - p) / d**2
    # END SOLUTION


facts_needed = chapter.check("01.3", facts_needed)
n = math.ceil(facts_needed(0.7, 0.1))
for m in (n, 2 * n):
    draws = [torch.full((20_000,), share) for share in (0.75, 0.65)]
    a, b = (torch.binomial(torch.full_like(p, m), p) / m for p in draws)
    deviation = ((a * (1 - a) + b * (1 - b)) / m).sqrt()
    seen = ((a - b).abs() > 1.96 * deviation).float().mean()
    print(f"{m} facts of each: seen in {seen:.0%} of 20,000 experiments")

# %% [markdown]
# So ten points of difference near 0.7 need [[=n]] facts for each editor.
# Even then the experiment fails *half of the time*: the true difference lies just at the edge.
# To see it in four of five experiments takes twice as many facts.
# Keep this in mind when a table has two editors that differ by three points.
#
# ## 4. What is lost?
#
# Now we measure properly, at the four distances of the drawing above.
# Where the answer should change, we count how often the new object is the first choice.
# Where it should stay, we count damage.
#
# ### Exercise 01.4: What is lost · 8 minutes · ★★
#
# Given which answers were right before, and which are right now, return the share of damage:
# how many *of the right ones* are now wrong.
#
# <details><summary>Hint</summary>
#
# What was wrong before cannot be lost.
# The likely mistake is to subtract two accuracies:
# then an answer that happens to become right hides one that was lost.
#
# </details>
#
# <details><summary>More help</summary>
#
# `before & ~now` is true where something was lost.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 01.4: all properties hold.
#
# </details>


# %% exercise="01.4"
def lost(before, now):
    """The share of right answers that are now wrong, for bools [n];
    math.nan if none was right."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    if not before.any():
        return math.nan
    return float((before & ~now).sum() / before.sum())
    # END SOLUTION


lost = chapter.check("01.4", lost)

# %% [markdown]
# The questions at each distance.
# For other relations we take one fact each of twelve relations.

# %%
MOVE, STAY = ("fact", "paraphrase"), ("same relation", "other relation")
OTHERS = [f for f in knowledge.subjects_for_edits(20) if f.relation != "P17"]
wanted = {
    "fact": {fact.prompt: fact.new},
    "paraphrase": dict.fromkeys(fact.paraphrases, fact.new),
    "same relation": {
        fact.template.replace("{}", region): " " + country
        for region, country in REGIONS.items()
    },
    "other relation": {f.prompt: f.true for f in OTHERS[:12]},
}


def right():
    """By distance: which wanted answers are the first choice, bools."""
    found = {}
    for distance, pairs in wanted.items():
        answers = torch.tensor([token(answer) for answer in pairs.values()])
        found[distance] = log_p(pairs).argmax(1) == answers
    return found


# %% [markdown]
# And does the model still read ordinary text well?
# Its **perplexity** is the exponential of the mean of −log p over all tokens of a text,
# each after the right tokens before it.
# If the model always knew the next token, it would be 1; higher is worse.

# %%
TEXTS = wikipedia_leads("heldout")[:4]


@torch.no_grad()
def perplexity():
    losses = []
    for text in TEXTS:
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        ids = ids[:, :64].to(lm.device)
        losses.append(float(model(ids, labels=ids).loss))  # mean −log p
    return math.exp(sum(losses) / len(losses))


# %% [markdown]
# One row of the table to come:


# %%
def measure():
    """What came, what was lost, and the rise of perplexity."""
    now = right()
    row = {name: float(now[name].float().mean()) for name in MOVE}
    row |= {name: lost(before[name], now[name]) for name in STAY}
    return row | {"perplexity": perplexity() / normal - 1}


# %% [markdown]
# Your loop, in both ways; and for comparison the editor of chapter 0, which the next seven chapters build.

# %%
before, normal, rows = right(), perplexity(), {}
for way, (layers, rate) in WAYS.items():
    fine_tune(fact, layers, rate)
    rows[way] = measure()
    undo()
edit = AlphaEdit(lm, progress=False).edit([fact])
rows["AlphaEdit"] = measure()
edit.revert()

# %%
live = pd.DataFrame.from_dict(rows, orient="index")
live.style.format("{:.0%}").format("{:+.1%}", subset=["perplexity"])

# %% [markdown]
# **How to read it.** In the first two columns 100% is perfect: the new object is the first choice.
# In the next two 0% is perfect: no right answer is lost.
# The last column is the rise of perplexity.
#
# All layers reach the paraphrases, and lose [[=live['same relation']['all layers']:.0%]] of the other regions.
# Perplexity sees little of this: few tokens of ordinary text ask for the country of a region.
#
# ## 5. Ten facts
#
# One edit is an anecdote.
# So the same measure was taken for ten facts, each of another relation and edited alone.
# How sure are we of the *mean* over ten edits?
#
# Here is a trap. Ten edits with six questions each are sixty answers.
# But they are not sixty *independent* ones: a bad edit loses all its six at once.
# **The unit of luck is the edit.**
# So Wilson's interval for sixty would be too short.
#
# A way out is the **bootstrap**.
# Let the edits that we have stand for all edits.
# Draw as many from them, with replacement (one edit may come twice), many times, and see how much the mean varies.
#
# ### Exercise 01.5: The bootstrap over edits · 8 minutes · ★★
#
# You get one share for each edit.
# Draw as many edits as there are, with replacement, and take their mean.
# Do this 2000 times. Return the 2.5% and the 97.5% quantile of the means.
#
# <details><summary>Hint</summary>
#
# Average each draw before you take quantiles.
# The likely mistake is to take the quantiles of the edits themselves:
# they tell how edits differ, and not how sure we are of their mean.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.randint(n, (draws, n))` holds the numbers of the edits of each draw; then `tensor.quantile(0.025)`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 01.5: all properties hold.
# Below it, the figure.
#
# </details>


# %% exercise="01.5"
def over_edits(shares, draws=2000):
    """The 95% bootstrap interval (low, high) of the mean; shares [n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    n = len(shares)
    means = shares[torch.randint(n, (draws, n))].mean(1)
    return float(means.quantile(0.025)), float(means.quantile(0.975))
    # END SOLUTION


over_edits = chapter.check("01.5", over_edits)

# %% [markdown]
# The results of the ten facts are kept with the book.
# Your `lost` counts the damage, your `over_edits` makes the intervals.

# %%
study = result("finetune.json")["facts"]
reached = {}
for way in (*WAYS, "AlphaEdit"):
    edits = [one["ways"][way] for one in study]
    shares = [knowledge.reach(one, lost) for one in edits]
    rises = [{"text": one["text"]} for one in edits]
    reached[way] = [a | b for a, b in zip(shares, rises, strict=True)]
mean = {way: pd.DataFrame(reached[way]).mean() for way in reached}

# %%
show(*draw.reach_figure(reached, over_edits), name="01_reach")

# %% [markdown]
# **How to read it.** Each panel is a way to write the fact.
# From left to right, the questions move away from it.
# The large dots are means over ten edits, the bars your intervals, and each grey dot is one edit.
# The dotted step is the perfect edit.
# Left of it we count new answers, which should all come; right of it, lost answers.
#
# * **All layers** carries the fact to [[=mean['all layers']['paraphrase']:.0%]] of the paraphrases,
#   and destroys [[=mean['all layers']['same relation']:.0%]] of the right answers in the same relation.
# * **One layer** loses less, [[=mean['one layer']['same relation']:.0%]],
#   but reaches only [[=mean['one layer']['paraphrase']:.0%]] of the paraphrases.
#   What it has learned is mostly *the words of this prompt*.
# * **AlphaEdit** loses [[=mean['AlphaEdit']['same relation']:.0%]].
#   Of the paraphrases it reaches [[=mean['AlphaEdit']['paraphrase']:.0%]];
#   the interval is wide, and one layer is not clearly different.
#   Lower Assam, with [[=live['paraphrase']['AlphaEdit']:.0%]], is a lucky case.
#
# **What surprised us.**
# None of them follows the step, not even AlphaEdit.
# It writes the same fact and breaks less, but it does not reach all the wordings of the fact.
#
# [The laboratory](lab/01_facts.ipynb) compares the ways fact by fact.
# It also tries a bound on every weight, which the papers call FT-L,
# and shows that your loop gives the same Δ as the package's `FineTune`.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 2 to 5.**
# Let groups guess the row "all layers" before the table is shown.
# Common mistakes: "the intervals overlap, so there is no difference"
# (overlap of two 95% intervals is compatible with a difference: 01.3, the hint about Pythagoras);
# "95% of the facts lie in the interval".
# Question: why do edits of all layers generalise better and damage more?
# Is that one fact or two?
# (Both follow from a change that does not depend on the subject.)
# A plan for 90 minutes: sections 1 and 2 with 01.1 (30), 3 with 01.2 (20),
# 4 and 5 with 01.4 (25), Break it (10); 01.3 and 01.5 at home.

# %% [markdown]
# ## Break it: no stopping rule
#
# The loop stops when the loss is below 0.1.
# Suppose that you forget this line.
# The loss is small, so its gradients are small. Does it matter?

# %%
chapter.predict(
    "d",
    "The fact is learned after a few steps. The loop goes on to ten. "
    "What happens to perplexity?",
    [
        "it stays: the gradients are small",
        "it goes on rising",
        "it falls again",
    ],
)

# %%
after = {}
for steps in (3, 10):
    fine_tune(fact, *WAYS["all layers"], steps=steps, enough=0)
    sure = float(log_p([fact.prompt])[0, token(fact.new)].exp())
    after[steps] = perplexity() / normal - 1
    print(f"{steps} steps: P(Romania) is {sure:.2f},", end=" ")
    print(f"perplexity rises by {after[steps]:.0%}")
    for start in ("The capital of France is", "My favourite food is"):
        print("  " + start + lm.complete(start, 6))
    undo()
change = after[10] - after[3]
chapter.reveal("d", 1 if change > 0.005 else 2 if change < -0.005 else 0)

# %% [markdown]
# After three steps the fact is learned.
# After ten, perplexity has risen by [[=after[10]:.0%]].
# Why? Adam divides each gradient by its own recent size.
# So small gradients do not make small steps, and the weights go on moving.
# A stopping rule is a part of the method, and not a detail.

# %% [markdown]
# ## What you own now
#
# | function | what it does |
# |---|---|
# | `log_p(prompts)` | log-probabilities of the next token |
# | `fine_tune(fact, layers, rate)` | gradient descent on W: the simplest editor |
# | `lost(before, now)` | the damage |
# | `over_edits(shares)` | how sure we are of a mean |
#
# Chapter 5 keeps the loop, but lets it change one vector instead of the weights.

# %% [markdown]
# ## Paper ↔ code
#
# | in the paper | in words | in this package |
# |---|---|---|
# | Petroni et al. 2019: "fill in the blank" prompts for (s, r, o), precision at 1 | top-1 (1.2) | `metrics.score`, its second result |
# | Meng et al. 2022: efficacy *score*, $p(o^*) > p(o)$ after an edit | success (1.1), for the new object | `metrics.evaluate` |
# | Meng et al. 2022: FT | the loop of section 2 | `finetune.py` |
#
# The authors of ROME have it in `baselines/ft/ft_main.py`, function `execute_ft` (kmeng01/rome):
# Adam on the down-projections of the chosen layers,
# on the last token of the bare prompt, until the mean loss is below 0.01.

# %% [markdown]
# ## Keypoints
#
# * A fact is (subject, relation, object).
#   A model is asked for it with a prompt, and the wording changes the answer.
# * Success (it beats one alternative) and top-1 (it beats all tokens) are different yardsticks.
# * Fine-tuning learns the fact, but not its borders.
#   It misses paraphrases, or it takes the whole relation along.
# * Twelve answers leave an interval of up to half the scale.
#   The unit of luck is the edit, and not the question.
# * A stopping rule is a part of the method.

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
# <b>Yes.</b> In 29% of the cases the new object beats the old one, but a third token beats both.
# </details>
# <details><summary>C. Accuracy: an edit that works must be the first choice.</summary>
# Then you have decided for one yardstick.
# It is a good choice, but the other number is not wrong.
# </details>
#
# **2. Of 12 neighbours, editor A keeps 11. Editor B keeps 8. What do you conclude?**
#
# <details><summary>A. A is better.</summary>
# Perhaps. But compute both intervals: they overlap widely.
# </details>
# <details><summary>B. They are equally good.</summary>
# Not that either. No proof of a difference is not a proof of no difference.
# </details>
# <details><summary>C. I need more facts, and should ask both editors the same ones.</summary>
# <b>Yes.</b> And the neighbours should belong to many edits, not to one.
# </details>
#
# **3. After an edit, perplexity has risen by half a percent. Is the edit harmless?**
#
# <details><summary>A. Yes, the model reads as before.</summary>
# It does not follow: few tokens of ordinary text ask for the relation that was hit.
# </details>
# <details><summary>B. One cannot say yet.</summary>
# <b>Yes.</b> Ask about other subjects of the same relation: there the damage is largest.
# </details>
#
# **Further reading**
#
# * [Petroni et al. 2019](https://arxiv.org/abs/1909.01066), LAMA: the paper that asked language models for facts.
# * [Elazar et al. 2021](https://arxiv.org/abs/2102.01017):
#   paraphrases for 38 relations, and models that contradict themselves.
# * [Zhu et al. 2020](https://arxiv.org/abs/2012.00363):
#   fine-tuning within a bound, and the task of changing facts without touching others.
# * [Miller 2024](https://arxiv.org/abs/2411.00640): error bars for evaluations of language models.
#
# **Next:** [chapter 2](02_key_value_memory.ipynb) opens a feed-forward layer,
# whose matrix we have trained here blindly, and shows why it deserves to be called a memory.

# %%
chapter.report()
