# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 9: Did it work?
#
# *To read: 40 minutes. To do the exercises: 55 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will compute every number
# that the tables of this field are made of, once by yourself.
# Then you will see one and the same edit look splendid and look poor,
# and know which question to ask of the next table that you read.**
#
# ```text
#    is it what we wanted?
#       efficacy          the edited prompt gets the new object
#       generalization    so does the same question in other words
#       specificity       other subjects stay as they were
#       fluency           does it still speak?
#       consistency       does it speak of the new object?
#
#    how is it measured? (any of these, for any of the first three)
#       success           the new object beats the old one
#       share             so many of its tokens come first
#       accuracy          all of its tokens come first
#       match             the model says it by itself
#       mention           it names it somewhere
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *compute* efficacy, generalization, specificity, fluency and consistency by hand,
# > * *tell* success from accuracy, and *explain* why CounterFact and zsRE disagree about the same editor,
# > * *say* what teacher forcing gives away, and what it does not,
# > * *put* an interval around a mean over facts, and *refuse* one over prompts,
# > * *build* a bad edit with good figures, and so *distrust* a table for a reason.
# >
# > **You need** an edited model (chapter 8); log-probabilities of tokens (chapter 1); mean and standard deviation.
# >
# > **It costs** the time stated above and 1.5 GB of memory.
# > The key statistics of chapter 0 are used again; if they are not in your cache, they take a minute more.

# %% tags=["setup"]

# %%
# Parameters: every twelfth test fact, the strengths that section 5 tries, and on how many facts.
import math
from dataclasses import replace

import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, Edit, bundled_facts, bundled_targets, evaluate, load_model
from alphaedit_lite.book.ch09 import figures as draw
from alphaedit_lite.book.ch09.widgets import StrengthWidget, moved, moves, readings
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.judging import judge_prompts, per_fact, says, scaled
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.generation import generate
from alphaedit_lite.metrics import summary, token_scores

chapter = Chapter("09")
torch.manual_seed(9)
STRENGTHS, SHOWN = (0.0, 1.0, 2.0, 4.0, 8.0), 8
LOUD = 800.0  # of the shout in section 6
FACTS = [
    replace(f, paraphrases=f.paraphrases[:2], neighbours=f.neighbours[:2])
    for f in bundled_facts("test")[::12]
]

# %% [markdown]
# ## Before you start
#
# <details><summary>1. A model gives each next token a probability.
# What is the log-probability of an object of three tokens?</summary>
#
# The sum of three log-probabilities:
# of its first token after the prompt, of the second after prompt and first, of the third after all these.
# Feeding in the *right* earlier tokens, whatever the model would have said, is called **teacher forcing** (chapter 1).
#
# </details>
#
# <details><summary>2. What is written by one call of <code>AlphaEdit(lm).edit(facts)</code>,
# and what does λ hold back (chapter 8)?</summary>
#
# A Δ for each of five layers.
# λ weighs the size of Δ against the facts, so every write falls a little short.
#
# </details>

# %% [markdown]
# ## 1. Three questions, two yardsticks
#
# We write [[=len(FACTS)]] facts and ask three things of the edited model:
#
# * **Efficacy:** does the edited prompt now get the new object?
#   "Anyone who travels to Akwa Ibom is visiting the country of" → Brazil.
# * **Generalization:** do its **paraphrases**, the same question in other words?
# * **Specificity:** do its **neighbours**, the same question about *other* subjects, keep their old answers?
#
# "Gets the new object" can be read in two ways.
# Let $\log p(o)$ be the mean log-probability of the tokens of an object o after the prompt,
# with teacher forcing. The first way is
#
# $$\text{success} \;=\; 1 \ \text{ if } \ \log p(o_{new}) \;>\; \log p(o_{true}), \ \text{ else } 0. \tag{9.1}$$
#
# In words: of *two* objects, the new one is the more likely.
# (For a neighbour the sides change: its own answer must beat the new object.)
# This is what ROME, MEMIT and AlphaEdit report on **CounterFact**,
# a public set of sentences with a false ending each. The second way is
#
# $$\text{accuracy} \;=\; 1 \ \text{ if each token of } o_{new} \text{ is the model's first choice, else } 0. \tag{9.2}$$
#
# In words: of *all* tokens in the vocabulary, the right one comes first, every time.
# (For a neighbour, read its own old answer in the place of $o_{new}$: 1 means that this answer comes first.)
# Tables on **zsRE**, a public set of questions, use a milder form, the **share** of the tokens that come first.
# By hand: an object of two tokens with log-probabilities −1 and −3,
# of which only the first comes first, against an old object of one token with −2.5.
# Then log p is −2 against −2.5: success 1.
# The share is 1/2, the accuracy 0.
#
# Why a mean over tokens in (9.1), and not the sum?
# Each further token makes a sum smaller, so an object of three tokens could hardly ever beat one of a single token.

# %%
chapter.predict(
    "a",
    "After the edit, most paraphrases are a success. The mean accuracy over all paraphrases is …",
    ["within 10 points of the success", "10 to 50 points lower", "more than 50 points lower"],
)

# %%
lm = load_model()
editor = AlphaEdit(lm, progress=False)
FREE = ("prompt", "paraphrases")  # continued freely after the edit, six tokens each
before = judge_prompts(lm, FACTS, free=())
edit = editor.edit(FACTS, bundled_targets(lm, FACTS))
after = judge_prompts(lm, FACTS, 6, FREE)
KINDS, YARDS = ("prompt", "paraphrases", "neighbours"), ["success", "share", "accuracy", "match"]
b, a = ({kind: per_fact(rows, kind).mean() for kind in KINDS} for rows in (before, after))
lost = a["paraphrases"].success - a["paraphrases"].accuracy
chapter.reveal("a", 0 if lost < 0.1 else 1 if lost <= 0.5 else 2)

# %% [markdown]
# The targets z come with the package (found on the unedited model);
# all [[=len(FACTS)]] facts were written in one batch.
# Every dot is a mean over the facts; a fact's own paraphrases and neighbours are averaged first.
# (`match` was asked only of the edited model; it is for section 3.)

# %%
show(*draw.yardsticks_figure({"unedited": before, "edited": after}, KINDS, YARDS), name="09_yardsticks")

# %% [markdown]
# **What surprised us.**
# Read the middle panel.
# By success, generalization is [[=a['paraphrases'].success:.2f]];
# by accuracy, it is [[=a['paraphrases'].accuracy:.2f]].
# It is the same edit, the same prompts, the same forward pass.
# And in the right panel, specificity:
# [[=a['neighbours'].success:.2f]] by success, [[=a['neighbours'].accuracy:.2f]] by accuracy.
# Is the second figure damage?
# Look at the blue dots before you answer:
# the *unedited* model has [[=b['neighbours'].success:.2f]] and [[=b['neighbours'].accuracy:.2f]].
# By success the neighbours came out [[=100 * (a['neighbours'].success - b['neighbours'].success):+.0f]] points,
# by accuracy [[=100 * (a['neighbours'].accuracy - b['neighbours'].accuracy):+.0f]].
# So most of what looks like damage was there before, and the yardsticks do not even agree on the direction.
# (Nor can so few facts decide it: section 4.)
# A specificity without the unedited model's says nothing.
#
# Both yardsticks are honest answers to different questions.
# Success asks whether the edit *moved* the model past one line.
# Accuracy asks whether it arrived.
# A model can pass the line with a probability of 0.001, if the other has 0.0009.
#
# ### Exercise 09.1: Success, share, accuracy · 8 minutes · ★
#
# <details><summary>Hint</summary>
#
# Three lines. Objects differ in length: compare means, not sums.
# "All tokens" is `right.all()`.
# Return numbers (0.0 or 1.0), not booleans.
#
# </details>
#
# <details><summary>More help</summary>
#
# Success is `new.mean() > true.mean()`; the share is the mean of `right`, as floats.
# No thresholds anywhere.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 09.1: all properties hold.
# Then, in the cell below, a difference of zero.
#
# </details>


# %% exercise="09.1"
def judge_fact(new, true, right):
    """(success, share, accuracy) as numbers.

    new, true: log-probabilities of the tokens of the new and of the true object, [tokens] each;
    right: which tokens of the new object are the model's first choice, [tokens], bool.
    """
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return float(new.mean() > true.mean()), float(right.float().mean()), float(right.all())
    # END SOLUTION


judge_fact = chapter.check("09.1", judge_fact)

# %% [markdown]
# Your function now judges the edited model on the paraphrases (ours, while the exercise is open).
# `token_scores` gives what it needs.

# %%
new = token_scores(lm, [(prompt, fact.new) for fact in FACTS for prompt in fact.paraphrases])
true = token_scores(lm, [(prompt, fact.true) for fact in FACTS for prompt in fact.paraphrases])
mine = pd.DataFrame(
    [[*map(float, judge_fact(n, t, right))] for (n, right), (t, _) in zip(new, true, strict=True)],
    columns=YARDS[:3],
)
print(mine.mean().round(2).to_dict())
off = (mine.mean() - a["paraphrases"][YARDS[:3]]).abs().max()
print(f"largest difference from the figure: {off:.3f}")

# %% [markdown]
# ## 2. Why CounterFact and zsRE disagree
#
# The AlphaEdit paper has two columns of results for the same editor.
# On Llama3-8B after 2,000 edits it states, *for CounterFact*, 98.9 efficacy, 94.2 generalization, 67.9 specificity;
# *for zsRE*, 94.5, 91.1 and 32.6 ([Fang et al. 2025](https://arxiv.org/abs/2410.02355), table 1).
# Is zsRE harder? Or is it only measured otherwise?
#
# | | CounterFact (Meng et al. 2022) | zsRE (Levy et al. 2017; De Cao et al. 2021) |
# |---|---|---|
# | prompt | a sentence to be completed | a question |
# | the new object | false on purpose, mostly one token | here the record's other answer (`alt`), often of several tokens |
# | its rival | the true object | here the record's own answer (`answers`) |
# | efficacy, generalization | success (9.1) | share of tokens, teacher-forced |
# | specificity | neighbours with the *same true object*; success | an unrelated question; share of tokens |
#
# So the two differ in the records *and* in the yardstick, and no table can tell which.
# (The share needs no rival.
# So that zsRE can have a success as well, we write the record's field `alt`, and its own answer is the rival;
# a neighbour's own answer competes with what was written.
# Before you set these figures beside a paper's, look which of the two answers its code writes.)
# We can: put both kinds of records under *all* yardsticks, and two more that section 3 explains:
# **match** (the model, speaking freely, begins with the new object) and **mention** (it names it somewhere).
# A study that we ran before wrote [[=cf['facts']:d]] records of each with the default AlphaEdit,
# one batch per set, into the unedited model (`book/ch09/study.py`; only its means are stored here).
# Beside them stand our own [[=len(FACTS)]] facts, without *mention*:
# the study's prompts were continued for 15 tokens, ours for 6,
# and the longer text has more chances to name something.

# %%
chapter.predict(
    "b",
    "The same editor writes CounterFact and zsRE records. By the same yardstick (accuracy), efficacy is higher on …",
    ["CounterFact", "zsRE", "equal within five points"],
)

# %%
SETS = result("metrics.json")["sets"]
cf, zs = SETS["CounterFact"], SETS["zsRE"]
panels = {
    f"edited: {kind}": {name: states["edited"][kind] for name, states in SETS.items()}
    | {"this chapter": summary(per_fact(after, kind, YARDS)).T.to_dict()}
    for kind in FREE
}
show(*draw.protocols_figure(panels, [*YARDS, "mention"]), name="09_protocols")
found = panels["edited: prompt"]
gap = found["CounterFact"]["accuracy"]["mean"] - found["zsRE"]["accuracy"]["mean"]
chapter.reveal("b", 2 if abs(gap) <= 0.05 else 0 if gap > 0 else 1)

# %% [markdown]
# And the rest of it, as a table: means before and after the edit.

# %%
rows = {
    (name, kind): {
        f"{metric}, {state}": states[state][kind][metric]["mean"]
        for metric in ("success", "share", "accuracy")
        for state in ("unedited", "edited")
    }
    for name, states in SETS.items()
    for kind in KINDS
}


def objects(states):
    """How many objects have one token; how many longer ones come first after the edit; how many there are."""
    long = states["edited"]["long objects"]["accuracy"]
    one = states["edited"]["tokens of the new object"]["1"]
    return one, round(long["mean"] * long["facts"]), round(long["facts"])


def span(found):
    return f"{found['mean']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"


pd.DataFrame(rows).T.astype(float).style.format("{:.2f}", na_rep="none")

# %% [markdown]
# **What surprised us.**
# Four things, each visible above.
#
# * **By success the two sets are alike; by accuracy they are not.**
#   On the edited prompts, success is [[=cf['edited']['prompt']['success']['mean']:.2f]]
#   and [[=zs['edited']['prompt']['success']['mean']:.2f]], accuracy [[=cf['edited']['prompt']['accuracy']['mean']:.2f]]
#   and [[=zs['edited']['prompt']['accuracy']['mean']:.2f]], and the intervals in the figure are far apart.
#   So zsRE *is* harder, if all tokens must be right,
#   and its own yardstick, the share, makes it [[=zs['edited']['prompt']['share']['mean']:.2f]].
#   One reason may be the objects: [[=objects(cf)[0]:d]] of [[=cf['facts']:d]] in CounterFact have one token,
#   [[=objects(zs)[0]:d]] of [[=zs['facts']:d]] in zsRE, and exercise 09.2 says what length does.
#   Perhaps not the only one: of the objects of two and more tokens,
#   [[=objects(cf)[1]:d]] of [[=objects(cf)[2]:d]] are accurate in CounterFact,
#   [[=objects(zs)[1]:d]] of [[=objects(zs)[2]:d]] in zsRE.
#   (But these are few, and zsRE's are longer.
#   Questions in place of sentences, other relations: the study cannot say.)
# * **On paraphrases, each set falls apart by itself.**
#   The same edits score [[=cf['edited']['paraphrases']['success']['mean']:.2f]] by success
#   and [[=cf['edited']['paraphrases']['accuracy']['mean']:.2f]] by accuracy
#   on CounterFact, [[=zs['edited']['paraphrases']['success']['mean']:.2f]]
#   and [[=zs['edited']['paraphrases']['accuracy']['mean']:.2f]] on zsRE.
#   Here the choice of the yardstick moves the figure more than the choice of the set.
#   By share, the order even turns round: [[=cf['edited']['paraphrases']['share']['mean']:.2f]]
#   and [[=zs['edited']['paraphrases']['share']['mean']:.2f]] (the intervals overlap, so do not build on it).
#   What does not overlap are share and accuracy *inside* zsRE,
#   [[=span(zs['edited']['paraphrases']['share']):s]] and [[=span(zs['edited']['paraphrases']['accuracy']):s]]:
#   partial credit, for objects that did not come first in full.
# * **Neither success nor share starts at 0.**
#   Before any edit, success is [[=span(cf['unedited']['prompt']['success']):s]] on CounterFact
#   and [[=span(zs['unedited']['prompt']['success']):s]] on zsRE:
#   far from 0, and on zsRE not to be told from a coin toss.
#   Presumably a small model often does not know the true object either:
#   speaking freely, the unedited one names it in [[=cf['unedited']['old object named']:.2f]]
#   and [[=zs['unedited']['old object named']:.2f]] of the cases.
#   The share is [[=zs['unedited']['prompt']['share']['mean']:.2f]] on zsRE,
#   where accuracy is [[=zs['unedited']['prompt']['accuracy']['mean']:.2f]]:
#   given the first half of a name, some of the rest can be guessed.
#   That is credit for nothing.
# * **A low specificity need not be damage.**
#   By accuracy, CounterFact's neighbours have [[=cf['unedited']['neighbours']['accuracy']['mean']:.2f]] *unedited*,
#   zsRE's [[=zs['unedited']['neighbours']['accuracy']['mean']:.2f]], and after the edit
#   [[=cf['edited']['neighbours']['accuracy']['mean']:.2f]] and [[=zs['edited']['neighbours']['accuracy']['mean']:.2f]].
#   A figure at the floor cannot fall, so it cannot warn.
#   By share, zsRE's stay
#   at [[=zs['unedited']['neighbours']['share']['mean']:.2f]] and [[=zs['edited']['neighbours']['share']['mean']:.2f]].
#   (The paper's 32.6 on zsRE is no damage either: in the same table its unedited model has 31.9.
#   Its 67.9 on CounterFact *is*: unedited, 89.5.)
#
# ### Exercise 09.2: What flatters, on paper · 8 minutes · ★
#
# An object has m tokens.
# Suppose that, with the right tokens before it,
# each token comes first with probability q, independently of the others.
# What do you expect of (a) the share, (b) the accuracy?
# And (c): a model knows nothing, and ranks two objects at random.
# What is its success?
#
# <details><summary>Hint</summary>
#
# A mean of m things that each average q.
# For (b), all m must happen: the likely mistake is to divide or to multiply by m.
# For (c), "knows nothing" is not "scores nothing".
#
# </details>
#
# <details><summary>More help</summary>
#
# (a) does not depend on m.
# (b) is q · q · … · q.
# (c) is what a coin would score.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 09.2: all properties hold.
# Then three numbers, for q = 0.7 and m = 4.
#
# </details>


# %% exercise="09.2"
def flattery(q, m):
    """(expected share, expected accuracy, success of a model that knows nothing)."""
    # BEGIN SOLUTION
    # STUB return None  # three expressions, separated by commas
    return q, q**m, 0.5
    # END SOLUTION


flattery = chapter.check("09.2", flattery)
share4, accuracy4, coin = flattery(0.7, 4)
print(f"q = 0.7, four tokens: share {share4:.2f}, accuracy {accuracy4:.2f}; nothing known: success {coin}")
long = zs["edited"]["long objects"]
lengths = {int(m): n for m, n in zs["edited"]["tokens of the new object"].items() if m != "1"}
guess = sum(n * flattery(long["share"]["mean"], m)[1] for m, n in lengths.items()) / sum(lengths.values())

# %% [markdown]
# Is that near the truth?
# The zsRE objects of two and more tokens have a share of [[=long['share']['mean']:.2f]] after the edit.
# With that as q, and each of these [[=sum(lengths.values()):d]] objects at its own length m,
# (b) gives [[=guess:.2f]] on average (`guess`). Measured: [[=span(long['accuracy']):s]].
# So length alone *can* make the gap between share and accuracy on zsRE.
#
# Keep the third number in mind when you read tables of *collapsed* models.
# In the table quoted above, after 2,000 edits of CounterFact,
# MEMIT stands at 65.7 efficacy, 64.7 generalization, 51.6 specificity; the unedited model at 7.9, 10.6 and 89.5.
# The neighbours have fallen to a coin's score,
# and the other two lie about twice as near to a coin's 50 as to AlphaEdit's 98.9 and 94.2.
# That fits a model that hardly ranks anything any more, though three numbers do not prove it.
# The words "specificity 51.6%" alone sound like half a loss.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 and 2.**
# Common mistakes: (a) accuracy is taken for the "true" metric and success for a cheat:
# ask which one a person would use who wants to know whether an edit *damaged* a neighbour that the model never knew.
# (b) Students say "zsRE is harder".
# Let them name what else differs before they may say so.
# (c) Share and accuracy agree on one-token objects:
# have them find out how many of the bundled facts have one token.
# Question for discussion: why does CounterFact choose neighbours with the *same* true object?
# (They are the ones most likely to be dragged along.)

# %% [markdown]
# ## 3. Teacher forcing, and speaking freely
#
# With teacher forcing the model is *given* the right tokens before the one
# that it must find, and it is stopped where the object ends.
# What does that give away?
# Think first about greedy speech, where the model always says its first choice:
#
# > If *every* token of the object is the first choice given the right ones before,
# > then the greedy continuation *is* the object, token by token.
# > The model never needed the teacher.
# > And the other way round.
#
# So on the same prompt, **accuracy (9.2) and greedy match are the same thing**.
# (Nearly: a name may be spelled by other tokens, and a word may go on after the object's last token.)
# We can check: on the edited prompts and paraphrases they agree in [[=agree:.0%]] of [[=len(spoken)]] cases.
# The rest (wanted, and the first word said): [[=odd:s]].
# In the study, [[=unlike:d]] of CounterFact's [[=cf['facts']:d]] edited prompts differ,
# both with an object of several tokens; their texts were not stored, so we cannot say for which reason.
#
# So where is the flattery, of which [Yang et al. 2025](https://arxiv.org/abs/2502.11177)
# say that it made reported successes of 96.8% out of 38.5%?
# In three other places: the **share** counts a token after a wrong first one as if the model had got there;
# the **length** is given, so nobody hears how the model goes on; and the **prompt** is the one that was edited.
# Real questions are others.
# Let us see what the model says when nobody leads it:
# each fact has a beginning like "Akwa Ibom is a region that", which asks for nothing.

# %%
chapter.predict(
    "c",
    "Twenty-five tokens, freely continued from such a beginning, on the edited model. How many texts name the new object?",
    ["more than half", "between a tenth and a half", "less than a tenth"],
)

# %%
spoken = after[after.match.notna()]
agree = (spoken.match == spoken.accuracy).mean()
odd = spoken[spoken.match != spoken.accuracy]
odd = "; ".join(f"{r.wanted.strip()}, {r.text.split()[0]}" for r in odd.itertuples())
unlike = sum(n for _, right, match, n in cf["edited"]["patterns"] if right != match)
openings = [fact.generation[0] for fact in FACTS]
said = {"edited": generate(lm, openings, 25)}
edit.revert()
said["unedited"] = generate(lm, openings, 25)
named = {
    f"{which}, {state}": sum(
        says(text, getattr(fact, which)) for text, fact in zip(texts, FACTS, strict=True)
    )
    for state, texts in said.items()
    for which in ("new", "true")
}
rate = named["new, edited"] / len(FACTS)
chapter.reveal("c", 0 if rate > 0.5 else 1 if rate >= 0.1 else 2)

# %% [markdown]
# Four of the beginnings, chosen to show what can happen.
# In brackets: old and new object.

# %%
for i in (0, 1, 21, 23):  # chosen to show what can happen
    print(f"[{FACTS[i].true.strip()} →{FACTS[i].new}] {openings[i]}")
    print(f"   unedited: …{said['unedited'][i]!r}\n   edited:   …{said['edited'][i]!r}")

# %% [markdown]
# **What surprised us.**
# On the edited prompts the accuracy is [[=a['prompt'].accuracy:.2f]].
# In free texts about the same subjects, the new object is named in [[=named['new, edited']:d]] of [[=len(FACTS)]]
# ([[=named['new, unedited']:d]] unedited), the old one in [[=named['true, edited']:d]]
# ([[=named['true, unedited']:d]] unedited).
# Not every such text *should* name it:
# "Zagreb is a city with …" need not mention a country.
# So this number has no natural 1.0, and only the comparison with the unedited model counts.
# Nor does a count of names see everything:
# the recipe of the last example has moved to a new country without its name.
#
# The study asked in a third way, as a user of the chat model would: the bare prompt or question as a message.
# There the answer named the new object in [[=span(cf['edited']['chat']['new']):s]] of CounterFact's cases
# and [[=span(zs['edited']['chat']['new']):s]] of zsRE's.
# By the same yardstick, *mention*,
# the continuation of the bare prompt had [[=span(cf['edited']['prompt']['mention']):s]]
# and [[=span(zs['edited']['prompt']['mention']):s]], although it was half as long (15 tokens, the chat's 30).
# The same edits, the same questions; only the chat's frame stands around them.
#
# Free text needs other yardsticks.
# ROME brought two into this field.
# The first asks whether the model still speaks, or repeats itself.
# Let $f(g)$ be the share of the n-gram g among all n-grams of the text. Then
#
# $$H_n \;=\; -\sum_g f(g) \log_2 f(g), \qquad
# \text{fluency} \;=\; \tfrac12\left(\tfrac23 H_2 + \tfrac43 H_3\right). \tag{9.3}$$
#
# In words: the entropy says how many bits it takes to name an n-gram of this text;
# one *word* repeated takes 0, two words in turn about 1, all different n-grams take log₂ of their number.
# By hand: "a b a b a" has the pairs ab, ba, ab, ba, two kinds of equal share, so H₂ is 1 bit;
# its triples aba, bab, aba have shares 2/3 and 1/3, so H₃ is 0.92; fluency is (0.67 + 1.22)/2 = 0.95.
# Pairs and triples of words are mixed with the weights of ROME's code.
# (The idea is [Zhang et al. 2018](https://arxiv.org/abs/1809.05972), for dialogue.)
# Tables print it times 100: AlphaEdit's 622 is 6.2 bits.
# Here, and in ROME's code, the text begins with its prompt, which no edit can spoil;
# the shorter the text, the more of it is prompt.
#
# ### Exercise 09.3: Entropy of n-grams · 12 minutes · ★★
#
# <details><summary>Hint</summary>
#
# The n-grams overlap: a new one begins at every word, so five words have four pairs.
# Count them, divide by how many there are, and sum.
# Bits need `math.log2`.
# The likely mistake is the natural logarithm.
#
# </details>
#
# <details><summary>More help</summary>
#
# `list(zip(*(text[i:] for i in range(n))))` gives the n-grams, and `.count` counts one of them.
# No n-gram at all: return `math.nan`, because the entropy of nothing is *missing*.
# By hand: a b a b a has pairs ab, ba, ab, ba, so 1 bit.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 09.3: all properties hold.
# Then the two small examples.
#
# </details>


# %% exercise="09.3"
def entropy(text, n):
    """Entropy of the n-grams of a list of words, in bits; math.nan if there is none."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    grams = list(zip(*(text[i:] for i in range(n)), strict=False))
    shares = [grams.count(gram) / len(grams) for gram in set(grams)]
    return -sum(f * math.log2(f) for f in shares) if grams else math.nan
    # END SOLUTION


entropy = chapter.check("09.3", entropy)
print(f"a b a b a: {entropy(list('ababa'), 2):.2f} bits; no no no no: {abs(entropy(['no'] * 4, 2)):.2f} bits")

# %% [markdown]
# The second asks whether the text is *about* the new object: **consistency**.
# Compare it with texts about that object, by the words that they share.
# But "the" is shared by all, so each word gets a weight:
#
# $$w(t) \;=\; \mathrm{tf}(t)\cdot\mathrm{idf}(t), \qquad \mathrm{idf}(t) = \log\frac{1+N}{1+\mathrm{df}(t)} + 1, \qquad
# \text{consistency} = \frac{w_1\cdot w_2}{\lVert w_1\rVert\,\lVert w_2\rVert}. \tag{9.4}$$
#
# In words: how often the word stands in the text (tf), times how rare it is in N documents,
# of which df hold it (idf); then the cosine of the two lists of weights.
# (This form of idf is scikit-learn's, which the authors use.)
# CounterFact brings reference texts, the Wikipedia beginnings of things that have the new object.
# Our facts have none; ours are up to five Wikipedia leads (first paragraphs; CC BY-SA 4.0)
# that name the object, a cruder choice.
# So do not compare our consistency with a paper's.
#
# By hand: three documents, all with "the", one with "king", one with "queen".
# Then idf is ln(4/4) + 1 = 1 for "the" and ln(4/2) + 1 = 1.69 for each of the others.
# "the king" and "the queen" share one word: the cosine is 1·1 / (1² + 1.69²) = 0.26.
# Plain counts would give 1/2.
#
# ### Exercise 09.4: TF-IDF and a cosine · 15 minutes · ★★
#
# <details><summary>Hint</summary>
#
# df counts *documents* that hold the word (`word in document`), so each document counts once.
# tf counts occurrences.
# The likely mistake is to leave out one of the two, or the lengths.
#
# </details>
#
# <details><summary>More help</summary>
#
# List all words of both texts once, and make two vectors of weights over that list: counts times idf.
# Then their dot product over the product of their norms.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 09.4: all properties hold.
#
# </details>


# %% exercise="09.4"
def tfidf_cosine(text, reference, documents):
    """Cosine of the tf-idf weights of two lists of words; documents: N sets of words, for df."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    known, N = sorted({*text, *reference}), len(documents)
    df = torch.tensor([sum(word in document for document in documents) for word in known]).double()
    idf = torch.log((1 + N) / (1 + df)) + 1
    first, second = (torch.tensor([ws.count(word) for word in known]) * idf for ws in (text, reference))
    return float(first @ second / (first.norm() * second.norm()))
    # END SOLUTION


tfidf_cosine = chapter.check("09.4", tfidf_cosine)

# %% [markdown]
# Your two functions judge the texts from above.
# As a control, we compare each text with leads that name the *old* object, too.
# df is counted in [[=len(documents)]] leads.
# (A fact whose object no lead names has no consistency: it is missing.)

# %%
from alphaedit_lite.generation import references, words
from alphaedit_lite.support.texts import wikipedia_leads

leads = wikipedia_leads("fit")[:2000]
documents = [set(words(lead.lower())) for lead in leads[:400]]


wrote = {"new": FACTS, "true": [replace(fact, new=fact.true, true=None) for fact in FACTS]}
about = {
    which: [words(" ".join(references(fact, leads)).lower()) for fact in facts]
    for which, facts in wrote.items()
}


def speech(i, text):
    """Fluency of a text about fact i; consistency with texts about its new and its true object."""
    spelled = words((openings[i] + text).lower())
    row = {"fluency": float(2 / 3 * entropy(spelled, 2) + 4 / 3 * entropy(spelled, 3)) / 2}
    for which, texts in about.items():
        found = tfidf_cosine(spelled, texts[i], documents) if texts[i] else math.nan
        row[f"consistency, {which}"] = float(found)
    return row


# %% [markdown]
# Means over the facts, and then the change that the edit made, fact by fact:

# %%
speeches = {
    state: pd.DataFrame([speech(i, text) for i, text in enumerate(texts)]) for state, texts in said.items()
}
change = summary(speeches["edited"] - speeches["unedited"])  # fact by fact
means = pd.DataFrame({state: table.mean() for state, table in speeches.items()})
pd.concat([means, change], axis=1, keys=["mean", "edited − unedited, with its 95% interval"]).round(3)

# %% [markdown]
# How to read it: the last columns take the difference fact by fact,
# and say between which two values its mean is to be believed (section 4 makes such an interval).
# Each of them holds 0 if low is negative and high is positive.
#
# Fluency goes from [[=means.unedited.fluency:.2f]] to [[=means.edited.fluency:.2f]] bits, and the interval
# of the change goes from [[=change.low.fluency:.2f]] to [[=change.high.fluency:.2f]]: no loss to be seen.
# (Fluency cannot see whether what is said makes sense.)
# Consistency moves the way one would wish: with the new object by [[=change['mean']['consistency, new']:+.3f]],
# with the old one by [[=change['mean']['consistency, true']:+.3f]].
# But the intervals go from [[=change.low['consistency, new']:.3f]] to [[=change.high['consistency, new']:.3f]]
# and from [[=change.low['consistency, true']:.3f]] to [[=change.high['consistency, true']:.3f]]:
# texts this short, of so few facts, do not prove even that.
# And the unedited model already has [[=means.unedited['consistency, new']:.2f]] for an object that it never names:
# that floor must be made of other words than the name, common ones or those of the topic.
# We have not separated the two.
# Mind the small print of both: fluency grows with the length of the text (ours are short),
# and consistency with that of the reference.
#
# ## 4. How far can thirty facts be trusted?
#
# Our table rests on [[=len(FACTS)]] facts; another thirty would have given other numbers.
# How different? We cannot draw new facts from the world, but we can do the next best:
# draw [[=len(FACTS)]] from our own, *with replacement*, average, and do that 2,000 times.
# The middle 95% of these means is the **bootstrap interval**.
#
# What is drawn? The *facts*.
# The paraphrases of a fact may stand or fall together: if z is poor, both suffer.
# Then they are not two witnesses, any more than one witness who is asked twice.

# %%
chapter.predict(
    "d",
    "To know the accuracy on paraphrases to ±5 points (95% interval), how many facts like these would it take?",
    ["fewer than 100", "100 to 300", "more than 300"],
)

# %% [markdown]
# ### Exercise 09.5: An interval over facts · 12 minutes · ★★
#
# <details><summary>Hint</summary>
#
# Draw row numbers, [resamples, facts], with `torch.randint`; a row brings *all* its prompts.
# The likely mistake is to flatten first: then the interval is too narrow.
#
# </details>
#
# <details><summary>More help</summary>
#
# `values[rows]` is [resamples, facts, prompts]: take the mean over the last two.
# Then `torch.quantile` at 0.025 and 0.975.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 09.5: all properties hold.
#
# </details>


# %% exercise="09.5"
def interval(values, resamples=2000):
    """(low, high): the 95% bootstrap interval of the mean of values, [facts, prompts], drawn over facts."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    rows = torch.randint(len(values), (resamples, len(values)))
    means = values[rows].mean((1, 2))
    return float(means.quantile(0.025)), float(means.quantile(0.975))
    # END SOLUTION


interval = chapter.check("09.5", interval)

# %% [markdown]
# Now imagine twelve small papers.
# Each tests ten of our facts, drawn at random, and reports the accuracy on paraphrases with *your* interval.
# All edits are the same; only luck differs.

# %%
torch.manual_seed(9)
asked = after[after.kind == "paraphrases"]
values = torch.stack([torch.tensor(v.accuracy.to_numpy()) for _, v in asked.groupby("fact")])  # [facts, 2]
papers = []
for paper in range(12):
    some = values[torch.randperm(len(values))[:10]]
    papers.append((f"paper {paper + 1}, 10 facts", float(some.mean()), *interval(some)))
low, high = interval(values)
papers.append((f"all {len(values)} facts", float(values.mean()), low, high))
flat = interval(values.reshape(-1, 1))  # every prompt a witness
r = float(torch.corrcoef(values.T)[0, 1])  # do the two paraphrases of a fact agree?
about_r = [math.tanh(math.atanh(r) + side * 1.96 / math.sqrt(len(values) - 3)) for side in (-1, 1)]
show(*draw.intervals_figure(papers, float(values.mean())), name="09_intervals")
half = (high - low) / 2
needed = len(values) * (half / 0.05) ** 2  # the interval shrinks with the root of the number of facts
whispers = asked[asked.success == 1]
silent = int((whispers.match == 0).sum())
chapter.reveal("d", 0 if needed < 100 else 1 if needed <= 300 else 2)

# %% [markdown]
# (A thick line with a diamond marks an interval that misses the mean of all facts.)
#
# **What surprised us.**
# The twelve papers report from [[=min(p[1] for p in papers):.2f]]
# to [[=max(p[1] for p in papers):.2f]], about *one* edit.
# With all [[=len(FACTS)]] facts the interval still goes from [[=low:.2f]] to [[=high:.2f]],
# ±[[=100 * half:.0f]] points.
# For ±5 it would take about [[=needed:.0f]] facts like these:
# the width shrinks with the *root* of their number.
#
# And drawing prompts instead of facts would have given [[=flat[0]:.2f]] to [[=flat[1]:.2f]],
# which is *not* narrower, against what we said above.
# The reason: in our sample, the two paraphrases of a fact hardly agree.
# The correlation of their accuracies is [[=r:+.1f]], where 1 would mean that they always do.
# (Its own interval, from [[=len(FACTS)]] facts, is about [[=about_r[0]:.1f]] to [[=about_r[1]:.1f]],
# by Fisher's rule: full agreement is excluded, a weak one is not.)
# In the data of the exercise's check, the *ten* prompts of each fact agreed fully,
# and drawing prompts was wrong by √10.
# One cannot know beforehand, and need not: drawing facts is right in both cases.
#
# A rule for the pocket: for a mean p over n facts that are each 0 or 1, the interval is about
#
# $$\pm\, 1.96\,\sqrt{p\,(1-p)/n} . \tag{9.5}$$
#
# In words: it shrinks with the root of n, so half the width costs four times the facts.
# At p = 0.8, 30 facts give ±[[=100 * pocket(30):.0f]] points, 300 give ±[[=100 * pocket(300):.1f]],
# and the papers' 2,000 give ±[[=100 * pocket(2000):.1f]].
# So a table with 30 facts cannot tell 80% from 85%, and second decimals (98.90) are decoration at any n in use.
# Two editors on the *same* facts can be compared more sharply:
# take the difference fact by fact, and its interval ([Miller 2024](https://arxiv.org/abs/2411.00640)).
# And no interval covers what was chosen *before* the drawing: which model, which relations, which prompts.
#
# One blind spot: where *all* [[=len(FACTS)]] facts are right,
# as on our edited prompts, every drawing gives 1, and the interval has no width.
# It does not mean certainty.
# A rule of thumb for n successes out of n:
# the truth may still be as low as about 1 − 3/n, here [[=1 - 3 / len(FACTS):.1f]].
#
# **Missing is not zero.**
# Some facts have no paraphrases, some no neighbours, some no true object
# (then there is nothing to compare with, and success does not exist).
# The metric of nothing is *missing*: NaN, left out of the mean, with the number of facts that remain beside it.
# Suppose that every second fact lacked its paraphrases:


# %%
def pocket(n, p=0.8):
    return 1.96 * math.sqrt(p * (1 - p) / n)


scores = per_fact(after, "paraphrases")[["accuracy"]].copy()
scores.iloc[::2] = math.nan
filled = summary(scores.fillna(0.0))
pd.concat([summary(scores), filled], keys=["missing stays missing", "missing becomes 0"]).round(2)

# %% [markdown]
# Filled with zeros, the mean falls to [[=float(filled['mean'].iloc[0]):.2f]], although no edit has become worse.
# The column `facts` is the honest part of the table: always look for it.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 3 and 4.**
# Common mistakes: (a) "teacher forcing inflates accuracy":
# on the same prompt, all-token accuracy *is* greedy match; let students find the three real leaks.
# (b) A larger consistency is read as "more facts right".
# Show two texts with equal word counts and opposite meaning.
# (c) The bootstrap is believed to create information: it only shows how much there is.
# Question for discussion: the twelve papers draw from the same 30 facts without replacement within a paper;
# why is their spread a little too small?
#
# A plan for 90 minutes: section 1 with 09.1 (20), section 2 and 09.2 at the board (20),
# section 3 (20), 09.5 and the twelve papers (20), Break it (10).

# %% [markdown]
# ## 5. One edit, every metric, any strength
#
# Now turn one knob and watch all the dials.
# Let W + sΔ be the edit at **strength** s:
# 0 is the unedited model, 1 the edit as it is, 8 eight times too much.
# [[=SHOWN]] of the facts are judged at each.

# %%
chapter.predict(
    "e",
    "At strength 8 the update is eight times too large. Against strength 1, the accuracy on the edited prompts is …",
    ["the same, or at most 10 points lower", "10 to 30 points lower", "more than 30 points lower"],
)


# %%
def at(strength):
    """The rows of the first facts, with Δ multiplied; the model is left unedited."""
    one = scaled(edit, strength)
    one.apply(lm)
    try:
        return judge_prompts(lm, FACTS[:SHOWN], 20, ("prompt",))
    finally:
        one.revert()


states = {strength: at(strength) for strength in STRENGTHS}
dials = pd.DataFrame({strength: readings(rows) for strength, rows in states.items()}).T
loud = dials.loc[8.0]
fell = dials.loc[1.0, "efficacy: accuracy"] - loud["efficacy: accuracy"]
chapter.reveal("e", 0 if fell <= 0.1 else 1 if fell <= 0.3 else 2)
groups = {
    "edited prompts": ["efficacy: success", "efficacy: accuracy", "match"],
    "paraphrases": ["generalization: success", "generalization: accuracy"],
    "neighbours": ["specificity: success", "specificity: accuracy"],
    "bits": ["fluency"],
}
show(*draw.strength_figure(dials, groups, SHOWN), name="09_strength")

# %% [markdown]
# The whiskers are (9.5) for [[=SHOWN]] facts;
# a figure near one half is worth ±[[=100 * pocket(SHOWN, 0.5):.0f]] points.
# (At 0 and 1 the formula gives no width: the blind spot of section 4.)
# It is sharper to compare the same facts at two strengths, fact by fact:

# %%
harm = [str(moved(states, f"specificity: {metric}", 0.0, 8.0)) for metric in ("success", "accuracy")]
moves(states, 1.0, 8.0).round(2)

# %% [markdown]
# **What surprised us.**
# Too strong an edit does not say its object more often, but less: accuracy on the edited prompts goes
# from [[=dials.loc[1.0, 'efficacy: accuracy']:.2f]] to [[=loud['efficacy: accuracy']:.2f]].
# (The layers behind the edit get an input such as they have never seen.)
# Success goes from [[=dials.loc[1.0, 'efficacy: success']:.2f]] to [[=loud['efficacy: success']:.2f]]:
# [[=SHOWN * (loud['efficacy: success'] - loud['efficacy: accuracy']):.0f]]
# of the [[=SHOWN]] facts still beat their rival, and are no longer said.
# A third word comes first now, and success does not ask about third words.
# On paraphrases, success goes from [[=dials.loc[1.0, 'generalization: success']:.2f]]
# to [[=loud['generalization: success']:.2f]], which is no change that [[=SHOWN]] facts can show.
# For neighbours, begin at the *unedited* model: from strength 0 to 8, success changes by [[=harm[0]:s]] points,
# accuracy by [[=harm[1]:s]], down to [[=loud['specificity: accuracy']:.2f]].
#
# And fluency, made to notice a broken model?
# [[=dials.loc[0.0, 'fluency']:.2f]] bits unedited, [[=loud['fluency']:.2f]] at strength 8.
# It sees a model that repeats itself;
# this one talks nonsense without repeating itself, if the texts below are like the others.
# Twenty tokens leave little room to repeat, too, and the prompt is counted in.
# (And do not conclude, from the rise of generalization at strength 2, that stronger is better: look at the whiskers.)
# No single dial tells the story.
#
# Choose a fact and a strength yourself, and read what the model says.
# (On paper: the figure above holds the means, and the texts of one fact follow below.
# The metrics of a single fact are mostly 0 or 1.)

# %%
StrengthWidget(states).show()
for strength, rows in states.items():
    said_there = rows[rows.fact == 3].iloc[0]  # the first row of a fact is its prompt
    print(f"{strength:>5}: {said_there.prompt} …{said_there.text[:70]!r}")

# %% [markdown]
# ## 6. Break it: three ways to cheat
#
# A metric that becomes a goal gets cheated, with or without intent.
# Three ways, each with good figures:
#
# **Whisper.** Of [[=len(whispers):d]] paraphrases that are a success after our ordinary edit,
# [[=silent]] do not begin with the new object when the model goes on by itself.
# Nobody sees that in a table of success.
#
# **Wreck.** Strength 8 above, as a table by success would print it:
# efficacy [[=loud['efficacy: success']:.2f]], generalization [[=loud['generalization: success']:.2f]],
# specificity [[=loud['specificity: success']:.2f]], fluency [[=loud['fluency']:.2f]] bits,
# where the unedited model has [[=dials.loc[0.0, 'fluency']:.2f]].
# By accuracy: [[=loud['efficacy: accuracy']:.2f]],
# [[=loud['generalization: accuracy']:.2f]], [[=loud['specificity: accuracy']:.2f]].
# Remember the coin of exercise 09.2: by success, a wrecked model has not 0.
#
# **Shout.** Take the last block of the model, and write one pair (chapter 4):
# the *mean* key of our prompts gets a huge value that promotes " Romania".
# No fact, no null space, no v\*.
# Then pretend that all our facts ask for Romania.

# %%
from alphaedit_lite.book.kit.neurons import last_keys
from alphaedit_lite.book.kit.tracing import unembedding
from alphaedit_lite.generation import fluency

last, target = lm.n_layers - 1, lm.tokenizer(" Romania")["input_ids"][0]
keys = last_keys(lm, [fact.prompt for fact in FACTS])[:, last]  # rows are keys, [n, d_ff]
U = unembedding(lm)  # rows are tokens
value = torch.linalg.solve(U.T @ U, U[target])  # raises this token, and others as little as possible
mean = keys.mean(0)
value = LOUD * value / value.norm()
factors = {"residual": value, "gain": mean / mean.square().sum(), "keys": mean}  # Δ mean = value
shout = Edit((), **{k: {last: v[None]} for k, v in factors.items()}, fingerprint=lm.fingerprint, settings={})
pretend = [replace(f, new="Romania") for f in FACTS[:SHOWN] if f.true != " Romania"]
shout.apply(lm)
shouted = evaluate(lm, pretend, progress=False).mean(numeric_only=True)
heard = lm.complete("My favourite food is", 6)
shout.revert()
different = " ".join(map(str, range(len(words(heard)))))  # as many words, each another one
print(f"{heard!r}: fluency {abs(fluency(heard)):.2f}; as many different words: {fluency(different):.2f}")
shouted.to_frame("the shout").T.round(2)

# %% [markdown]
# Efficacy: [[=shouted.efficacy:.2f]] by success, [[=shouted.efficacy_top1:.2f]] by accuracy.
# Generalization: [[=shouted.generalization:.2f]] and [[=shouted.generalization_top1:.2f]].
# It is the best row of this chapter, and nothing was learned:
# asked for its favourite food, this model says "[[=heard.strip()[:15]:s]] …".
# In this row, only specificity can tell:
# [[=shouted.specificity:.2f]] and [[=shouted.specificity_top1:.2f]].
# (Fluency, which the row leaves out, is made for such a case:
# the answer has [[=abs(fluency(heard)):.2f]] bits, as many different words have [[=fluency(different):.2f]].)
# Now take the neighbours out of the test set.
# Specificity is *missing* then (NaN),
# and a mean of "all metrics that we have" is [[=(shouted.efficacy + shouted.generalization) / 2:.2f]].
# Neighbours that the unedited model already fails are no better witnesses:
# by accuracy they are 0 before, cannot fall, and so cannot show damage either.
# (But they do stay in the mean.)
#
# ROME therefore reports one number, the **score**:
# the harmonic mean of efficacy, generalization and specificity, which is near zero if any of them is.
# What does it make of our cases?


# %%
from statistics import harmonic_mean


def score(row, name="{}"):
    """ROME's score: the harmonic mean of three successes."""
    return harmonic_mean([row[name.format(w)] for w in ("efficacy", "generalization", "specificity")])


dial = "{}: success"
scored = {f"strength {s:g}": score(row, dial) for s, row in dials.iterrows()} | {"the shout": score(shouted)}
pd.DataFrame(scored, index=["score"]).round(2)

# %% [markdown]
# It punishes the shout: [[=scored['the shout']:.2f]].
# The wreck has [[=scored['strength 8']:.2f]], against [[=scored['strength 1']:.2f]] of the edit as it is,
# and [[=scored['strength 0']:.2f]] of the unedited model, which has no efficacy.
# (The highest is at strength 2.
# All this is from eight facts, which cannot tell whether that, or the distance of the wreck, would stay with others.)
# So the score puts the wreck lower, but cannot hear that it talks nonsense;
# and being made of successes, it cannot hear the whisper.
#
# **Eight questions to ask a table:** success or accuracy? · share of tokens, or all? · given the right tokens,
# or said freely? · what has the *unedited* model? · what would a coin have? · how many facts,
# and what interval? · what of those that lacked a prompt? · which prompts could have shown damage at all?
#
# ## Paper ↔ code
#
# | in the papers | in the authors' code (kmeng01/memit, jianghoucheng/AlphaEdit) | here |
# |---|---|---|
# | success: P(new) > P(true), [Meng et al. 2022](https://arxiv.org/abs/2202.05262), section 3.4 | `test_batch_prediction`: the negative log-probability divided by the number of tokens; `summarize.py` compares the two | (9.1); `metrics.evaluate` |
# | accuracy, mostly not reported | computed there as well (`targets_correct`, all tokens) | (9.2); columns `…_top1` |
# | zsRE accuracy | `eval_utils_zsre.py`: one prompt per token of the answer, with the right tokens before it; the mean of hits | `metrics.evaluate_zsre` |
# | fluency: weighted entropy of 2- and 3-grams | `n_gram_entropy`: weights 2/3 and 4/3, then the mean; texts of up to 100 tokens, sampled | (9.3); `generation.fluency`; greedy texts |
# | consistency | `tfidf_similarity` with the attribute snippets | (9.4); `generation.consistency`, with Wikipedia leads by default |
# | score S: harmonic mean | `hmean` in `summarize.py` | `score` in section 6; not in the package: look at all three |
# | ± in tables | `np.std` over the cases: the spread of single facts, not the uncertainty of the mean | (9.5); `metrics.summary` |
#
# ## Keypoints
#
# * Success compares two objects, accuracy asks for the first choice.
#   They can differ by half a table; give both, and the unedited model's.
# * A model that knows nothing has success 0.5 and accuracy 0.
# * On the same prompt, all-token accuracy is greedy match.
#   Shares of tokens, given lengths and leading prompts are what flatters.
# * Intervals are over facts.
#   Thirty facts leave ten points or more of doubt.
#   Missing is not zero.
# * No single metric is safe: whisper, wreck and shout each fool some.
#
# ## Quiz
#
# **1. An editor reports 52% efficacy by success. How much did it write?**
#
# <details><summary>A. About half of the facts.</summary>
# That would need a success of 0 before, and of 1 for each fact written. A coin has 50%.
# </details>
# <details><summary>B. That depends on the unedited model's success; perhaps nothing.</summary>
# <b>Yes.</b> And on whether the model still works: a collapsed one has about one half.
# </details>
# <details><summary>C. Nothing: 52% is chance.</summary>
# For a model that knows nothing.
# A model that knew all the true objects began near 0, and then 52% is much.
# </details>
#
# **2. A three-token answer: first token wrong, the two others right under teacher forcing.
# What do the yardsticks say?**
#
# <details><summary>A. Share 2/3, accuracy 0, and the model by itself will not say it.</summary>
# <b>Yes.</b> After its own wrong first token the others may never come.
# </details>
# <details><summary>B. Share 2/3, accuracy 2/3.</summary>
# Accuracy here asks for all tokens.
# (Papers use the word for both: look.)
# </details>
# <details><summary>C. Share 0: everything after a wrong token is wrong.</summary>
# That would be fair to speech.
# Teacher forcing repairs the first token before it asks for the second.
# </details>
#
# **3. One table has 500 facts with one prompt each, another 50 facts with ten.
# Which is the more trustworthy?**
#
# <details><summary>A. The same: 500 prompts each.</summary>
# Only if the prompts of a fact were independent.
# If they rise and fall together, ten of them tell hardly more than one.
# </details>
# <details><summary>B. The first.</summary>
# <b>Yes:</b> its interval is up to √10 times narrower, and hardly ever wider.
# Ten prompts per fact tell more about each fact, and little more about facts.
# </details>
#
# **Further reading**
#
# * [Meng et al. 2022](https://arxiv.org/abs/2202.05262), ROME:
#   brought CounterFact, and all five metrics of this chapter;
#   [Meng et al. 2023](https://arxiv.org/abs/2210.07229), MEMIT, uses them for thousands of edits.
# * [Levy et al. 2017](https://arxiv.org/abs/1706.04115): zsRE was made to test reading, not editing;
#   [De Cao et al. 2021](https://arxiv.org/abs/2104.08164)
#   and [Mitchell et al. 2022](https://arxiv.org/abs/2110.11309) turned it into an editing task.
# * [Yang et al. 2025](https://arxiv.org/abs/2502.11177), "The Mirage of Model Editing":
#   the same editors, judged as in real use.
# * [Zhang et al. 2018](https://arxiv.org/abs/1809.05972):
#   where the entropy of n-grams as a measure of diversity comes from.
# * [Miller 2024](https://arxiv.org/abs/2411.00640): error bars for evaluations,
#   clusters and paired differences included.
#
# **Next:** chapter 10 takes these dials along a stream of hundreds of edits.

# %%
chapter.report()
