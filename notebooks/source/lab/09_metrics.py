# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 9: One edit under every judge
#
# *To read: 25 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [Chapter 9](../09_metrics.ipynb) claims that one edit can look splendid and poor, depending on who judges.
# Here this is shown with everything at hand: two public sets under five judges, before and after the edit;
# free speech and the chat; one edit from no strength to eight times too much;
# and three ways to get good figures without a good edit.
# Read it if you want to referee a table of this field, or to set up one of your own.

# %% tags=["setup"]

# %%
# Parameters: strengths and facts of section 5, the shout of section 6.
import math
from dataclasses import replace

import pandas as pd
import torch

from alphaedit_lite import (
    AlphaEdit,
    Edit,
    bundled_facts,
    bundled_targets,
    evaluate,
    load_model,
)
from alphaedit_lite.book.ch09 import figures as draw
from alphaedit_lite.book.kit.judging import judge_prompts, per_fact, scaled
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.metrics import summary

torch.manual_seed(9)
STRENGTHS, SHOWN, LOUD = (0.0, 1.0, 2.0, 4.0, 8.0), 8, 800.0

# %%
FACTS = [
    replace(f, paraphrases=f.paraphrases[:2], neighbours=f.neighbours[:2])
    for f in bundled_facts("test")[::12]
]
KINDS = ("prompt", "paraphrases", "neighbours")
FREE = KINDS[:2]  # continued freely after the edit, six tokens each
lm = load_model()
editor = AlphaEdit(lm, progress=False)
edit = editor.edit(FACTS, bundled_targets(lm, FACTS))
after = judge_prompts(lm, FACTS, 6, FREE)
a = {kind: per_fact(after, kind).mean() for kind in KINDS}

# %% [markdown]
# ## 1. CounterFact and zsRE under all judges
#
# The lesson asks why the two sets disagree about one editor.
# They differ in more than one way:
#
# | | CounterFact (Meng et al. 2022) | zsRE (Levy et al. 2017; De Cao et al. 2021) |
# |---|---|---|
# | prompt | a sentence to be completed | a question |
# | the new object | false on purpose, mostly one token | here the record's other answer (`alt`), often of several tokens |
# | its rival | the true object | here the record's own answer (`answers`) |
# | efficacy, generalization | success (9.1) | share of tokens, teacher-forced |
# | specificity | neighbours with the *same true object*; success | an unrelated question; share of tokens |
#
# The share needs no rival.
# So that zsRE can have a success as well, we write the record's field `alt`, and its own answer is the rival;
# a neighbour's own answer competes with what was written.
# Before you set these figures beside a paper's, look which of the two answers its code writes.
#
# A study wrote [[=cf['facts']:d]] records of each set with the default AlphaEdit,
# one batch per set, into the unedited model (`book/ch09/study.py`; only its means are stored here).
# It asked all three judges of the lesson, and two more of free speech:
# **match** (the model begins with the new object) and **mention** (it names it somewhere).
# Beside them stand our own [[=len(FACTS)]] facts, without *mention*:
# the study's prompts were continued for 15 tokens, ours for 6,
# and the longer text has more chances to name something.

# %%
from alphaedit_lite.book.kit.results import result

SETS = result("metrics.json")["sets"]
cf, zs = SETS["CounterFact"], SETS["zsRE"]
JUDGES = ["success", "share", "accuracy", "match"]
mine = {kind: summary(per_fact(after, kind, JUDGES)) for kind in FREE}
panels = {
    f"edited: {kind}": {name: SETS[name]["edited"][kind] for name in SETS}
    | {"this chapter": mine[kind].T.to_dict()}
    for kind in FREE
}
show(
    *draw.protocols_figure(panels, [*JUDGES, "mention"]),
    name="09_lab_protocols",
)

# %% [markdown]
# And the rest of it, as a table: means before and after the edit.

# %%
rows = {
    (name, kind): {
        f"{judge}, {state}": states[state][kind][judge]["mean"]
        for judge in JUDGES[:3]
        for state in ("unedited", "edited")
    }
    for name, states in SETS.items()
    for kind in KINDS
}
table = pd.DataFrame(rows).T.astype(float)
table.style.format("{:.2f}", na_rep="none")


# %%
def objects(states):
    """How many objects have one token; of longer ones, how many come first; all."""
    long = states["edited"]["long objects"]["accuracy"]
    one = states["edited"]["tokens of the new object"]["1"]
    return one, round(long["mean"] * long["facts"]), round(long["facts"])


def span(found):
    return f"{found['mean']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"


# %% [markdown]
# Four things stand in the figure and the table.

# %% [markdown]
# **By success the two sets are alike; by accuracy they are not.**
# On the edited prompts, success is [[=cf['edited']['prompt']['success']['mean']:.2f]]
# and [[=zs['edited']['prompt']['success']['mean']:.2f]], accuracy [[=cf['edited']['prompt']['accuracy']['mean']:.2f]]
# and [[=zs['edited']['prompt']['accuracy']['mean']:.2f]], and the intervals in the figure are far apart.
# So zsRE *is* harder, if all tokens must be right,
# and its own judge, the share, makes it [[=zs['edited']['prompt']['share']['mean']:.2f]].
# One reason may be the objects: [[=objects(cf)[0]:d]] of [[=cf['facts']:d]] in CounterFact have one token,
# [[=objects(zs)[0]:d]] of [[=zs['facts']:d]] in zsRE, and exercise 09.2 says what length does.
# Perhaps not the only one: of the objects of two and more tokens,
# [[=objects(cf)[1]:d]] of [[=objects(cf)[2]:d]] are accurate in CounterFact,
# [[=objects(zs)[1]:d]] of [[=objects(zs)[2]:d]] in zsRE.
# But these are few, and zsRE's are longer.
# Questions in place of sentences, other relations: the study cannot say.
#
# **On paraphrases, each set falls apart by itself.**
# The same edits score [[=cf['edited']['paraphrases']['success']['mean']:.2f]] by success
# and [[=cf['edited']['paraphrases']['accuracy']['mean']:.2f]] by accuracy
# on CounterFact, [[=zs['edited']['paraphrases']['success']['mean']:.2f]]
# and [[=zs['edited']['paraphrases']['accuracy']['mean']:.2f]] on zsRE.
# Here the choice of the judge moves the figure more than the choice of the set.
# By share, the order even turns round: [[=cf['edited']['paraphrases']['share']['mean']:.2f]]
# and [[=zs['edited']['paraphrases']['share']['mean']:.2f]] (the intervals overlap, so do not build on it).
# What does not overlap are share and accuracy *inside* zsRE,
# [[=span(zs['edited']['paraphrases']['share']):s]] and [[=span(zs['edited']['paraphrases']['accuracy']):s]]:
# partial credit, for objects that did not come first in full.
#
# **Neither success nor share starts at 0.**
# Before any edit, success is [[=span(cf['unedited']['prompt']['success']):s]] on CounterFact
# and [[=span(zs['unedited']['prompt']['success']):s]] on zsRE:
# far from 0, and on zsRE not to be told from a coin toss.
# Presumably a small model often does not know the true object either:
# speaking freely, the unedited one names it in [[=cf['unedited']['old object named']:.2f]]
# and [[=zs['unedited']['old object named']:.2f]] of the cases.
# The share is [[=zs['unedited']['prompt']['share']['mean']:.2f]] on zsRE,
# where accuracy is [[=zs['unedited']['prompt']['accuracy']['mean']:.2f]]:
# given the first half of a name, some of the rest can be guessed.
# That is credit for nothing.
#
# **A low specificity need not be damage.**
# By accuracy, CounterFact's neighbours have [[=cf['unedited']['neighbours']['accuracy']['mean']:.2f]] *unedited*,
# zsRE's [[=zs['unedited']['neighbours']['accuracy']['mean']:.2f]], and after the edit
# [[=cf['edited']['neighbours']['accuracy']['mean']:.2f]] and [[=zs['edited']['neighbours']['accuracy']['mean']:.2f]].
# A figure at the floor cannot fall, so it cannot warn.
# By share, zsRE's stay
# at [[=zs['unedited']['neighbours']['share']['mean']:.2f]] and [[=zs['edited']['neighbours']['share']['mean']:.2f]].
# (The paper's 32.6 on zsRE is no damage either: in the same table its unedited model has 31.9.
# Its 67.9 on CounterFact *is*: unedited, 89.5.)
#
# **A collapsed model in a real table.**
# In the AlphaEdit paper's table 1, after 2,000 edits of CounterFact,
# MEMIT stands at 65.7 efficacy, 64.7 generalization, 51.6 specificity; the unedited model at 7.9, 10.6 and 89.5.
# The neighbours have fallen to a coin's score,
# and the other two lie about twice as near to a coin's 50 as to AlphaEdit's 98.9 and 94.2.
# That fits a model that hardly ranks anything any more, though three numbers do not prove it.

# %% [markdown]
# ## 2. Teacher forcing, and speaking freely
#
# With teacher forcing the model is *given* the right tokens before the one
# that it must find, and it is stopped where the object ends.
# What does that give away?
# If *every* token of the object is the first choice given the right ones before,
# then the greedy continuation *is* the object, token by token.
# The model never needed the teacher.
# And the other way round.
# So on the same prompt, **accuracy (9.2) and greedy match are the same thing**.
# (Nearly: a name may be spelled by other tokens, and a word may go on after the object's last token.)

# %%
spoken = after[after.match.notna()]
agree = (spoken.match == spoken.accuracy).mean()
odd = spoken[spoken.match != spoken.accuracy]
odd = "; ".join(
    f"{r.wanted.strip()}, {r.text.split()[0]}" for r in odd.itertuples()
)
unlike = sum(n for _, right, m, n in cf["edited"]["patterns"] if right != m)
print(f"{len(spoken)} prompts: accuracy and match agree in {agree:.0%}")
print("wanted, and the first word said:", odd)

# %% [markdown]
# In the study, [[=unlike:d]] of CounterFact's [[=cf['facts']:d]] edited prompts differ,
# both with an object of several tokens; their texts were not stored, so we cannot say for which reason.
#
# So where is the flattery, of which [Yang et al. 2025](https://arxiv.org/abs/2502.11177)
# say that it made reported successes of 96.8% out of 38.5%?
# In three other places: the **share** counts a token after a wrong first one as if the model had got there;
# the **length** is given, so nobody hears how the model goes on; and the **prompt** is the one that was edited.
# Real questions are others.
# The lesson lets the model go on from openings that ask for nothing.
# Here are four of its texts; in brackets: old and new object.

# %%
from alphaedit_lite.book.kit.judging import says
from alphaedit_lite.generation import generate

openings = [fact.generation[0] for fact in FACTS]
said = {"edited": generate(lm, openings, 25)}
edit.revert()
said["unedited"] = generate(lm, openings, 25)
for i in (0, 1, 21, 23):  # chosen to show what can happen
    print(f"[{FACTS[i].true.strip()} →{FACTS[i].new}] {openings[i]}")
    print(f"   unedited: …{said['unedited'][i]!r}")
    print(f"   edited:   …{said['edited'][i]!r}")

# %%
named = {
    f"{which}, {state}": sum(
        says(text, getattr(fact, which))
        for text, fact in zip(texts, FACTS, strict=True)
    )
    for state, texts in said.items()
    for which in ("new", "true")
}
pd.Series(named, name="texts that name it").to_frame().T

# %% [markdown]
# On the edited prompts the accuracy is [[=a['prompt'].accuracy:.2f]].
# In free texts about the same subjects, the new object is named in [[=named['new, edited']:d]] of [[=len(FACTS)]]
# ([[=named['new, unedited']:d]] unedited), the old one in [[=named['true, edited']:d]]
# ([[=named['true, unedited']:d]] unedited).
# Not every such text *should* name it:
# "Zagreb is a city with …" need not mention a country.
# Nor does a count of names see everything:
# the recipe of the last example has moved to a new country without its name.
#
# The study asked in a third way, as a user of the chat model would: the bare prompt or question as a message.
# There the answer named the new object in [[=span(cf['edited']['chat']['new']):s]] of CounterFact's cases
# and [[=span(zs['edited']['chat']['new']):s]] of zsRE's.
# By the same judge, *mention*, the continuation of the bare prompt had [[=span(cf['edited']['prompt']['mention']):s]]
# and [[=span(zs['edited']['prompt']['mention']):s]], although it was half as long (15 tokens, the chat's 30).
# The same edits, the same questions; only the chat's frame stands around them.

# %% [markdown]
# ## 3. Fluency and consistency, fact by fact
#
# The lesson shows two means.
# Here is what the edit *changed*, fact by fact, with intervals.
# As a control, each text is compared with articles that name the *old* object, too.
# df is counted in [[=len(documents)]] articles.

# %%
from alphaedit_lite.book.ch09.reference import tfidf_cosine
from alphaedit_lite.generation import fluency, references, words
from alphaedit_lite.support.texts import wikipedia_leads

leads = wikipedia_leads("fit")[:2000]
documents = [set(words(lead.lower())) for lead in leads[:400]]
asking = {
    "new": FACTS,
    "true": [replace(f, new=f.true, true=None) for f in FACTS],
}
about = {
    which: [words(" ".join(references(f, leads)).lower()) for f in facts]
    for which, facts in asking.items()
}


# %%
def speech(i, text):
    """Fluency; consistency with texts about the fact's new and true object."""
    whole = (openings[i] + text).lower()
    row = {"fluency": fluency(whole)}
    for which, texts in about.items():
        found = (
            tfidf_cosine(words(whole), texts[i], documents)
            if texts[i]
            else math.nan
        )
        row[f"consistency, {which}"] = float(found)
    return row


# %%
speeches = {
    state: pd.DataFrame([speech(i, text) for i, text in enumerate(texts)])
    for state, texts in said.items()
}
change = summary(speeches["edited"] - speeches["unedited"])  # fact by fact
means = pd.DataFrame({state: table.mean() for state, table in speeches.items()})
keys = ["mean", "edited − unedited, with its 95% interval"]
pd.concat([means, change], axis=1, keys=keys).round(3)

# %% [markdown]
# How to read it: the last columns take the difference fact by fact,
# and say between which two values its mean is to be believed.
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
#
# Mind the small print of both.
# Fluency grows with the length of the text (ours are short), and consistency with that of the reference.
# Here, and in ROME's code, the text begins with its prompt, which no edit can spoil;
# the shorter the text, the more of it is prompt.
# Our reference texts are up to five Wikipedia leads that name the object;
# CounterFact brings its own, the beginnings of articles about things that have the new object.
# So do not compare our consistency with a paper's.

# %% [markdown]
# ## 4. What resampling can and cannot say
#
# **Facts or prompts?**
# The lesson draws facts, because the paraphrases of a fact may stand or fall together.
# Do they, in our sample?

# %%
from alphaedit_lite.book.ch09.reference import interval

torch.manual_seed(9)
asked = after[after.kind == "paraphrases"]
values = [torch.tensor(v.accuracy.to_numpy()) for _, v in asked.groupby("fact")]
values = torch.stack(values)  # [facts, 2]
over_facts = interval(values)
over_prompts = interval(values.reshape(-1, 1))  # every prompt a witness
r = float(
    torch.corrcoef(values.T)[0, 1]
)  # do the two paraphrases of a fact agree?
sides = [side * 1.96 / math.sqrt(len(values) - 3) for side in (-1, 1)]
about_r = [math.tanh(math.atanh(r) + side) for side in sides]  # Fisher's rule
print("drawing facts: {:.2f} to {:.2f}".format(*over_facts))
print("drawing prompts: {:.2f} to {:.2f}".format(*over_prompts))
print(
    f"correlation {r:+.1f}, 95% interval {about_r[0]:.1f} to {about_r[1]:.1f}"
)

# %% [markdown]
# Drawing prompts gives [[=over_prompts[0]:.2f]] to [[=over_prompts[1]:.2f]],
# which is *not* narrower, against what we feared.
# The reason: in our sample, the two paraphrases of a fact hardly agree.
# The correlation of their accuracies is [[=r:+.1f]], where 1 would mean that they always do.
# (Its own interval is about [[=about_r[0]:.1f]] to [[=about_r[1]:.1f]]:
# full agreement is excluded, a weak one is not.)
# In the data of the exercise's check, the *ten* prompts of each fact agree fully, and drawing prompts is wrong by √10.
# One cannot know beforehand, and need not: drawing facts is right in both cases.
#
# Second decimals in a table (98.90) are decoration at any number of facts in use.
# Two editors on the *same* facts can be compared more sharply:
# take the difference fact by fact, and its interval ([Miller 2024](https://arxiv.org/abs/2411.00640)).
# And no interval covers what was chosen *before* the drawing: which model, which relations, which prompts.

# %% [markdown]
# **A blind spot.** Where *all* [[=len(FACTS)]] facts are right,
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
scores = per_fact(after, "paraphrases")[["accuracy"]].copy()
scores.iloc[::2] = math.nan
filled = summary(scores.fillna(0.0))
names = ["missing stays missing", "missing becomes 0"]
pd.concat([summary(scores), filled], keys=names).round(2)

# %% [markdown]
# Filled with zeros, the mean falls to [[=float(filled['mean'].iloc[0]):.2f]], although no edit has become worse.
# The column `facts` is the honest part of the table: always look for it.
#
# ## 5. One edit, every metric, any strength
#
# Let W + sΔ be the edit at **strength** s:
# 0 is the unedited model, 1 the edit as it is, 8 eight times too much.
# [[=SHOWN]] of the facts are judged at each.

# %%
from alphaedit_lite.book.ch09.widgets import (
    StrengthWidget,
    moved,
    moves,
    readings,
)


def at(strength):
    """The rows of the first facts, Δ multiplied; the model stays unedited."""
    one = scaled(edit, strength)
    one.apply(lm)
    try:
        return judge_prompts(lm, FACTS[:SHOWN], 20, ("prompt",))
    finally:
        one.revert()


states = {strength: at(strength) for strength in STRENGTHS}

# %%
dials = {strength: readings(rows) for strength, rows in states.items()}
dials = pd.DataFrame(dials).T
loud = dials.loc[8.0]
groups = {
    "edited prompts": ["efficacy: success", "efficacy: accuracy", "match"],
    "paraphrases": ["generalization: success", "generalization: accuracy"],
    "neighbours": ["specificity: success", "specificity: accuracy"],
    "bits": ["fluency"],
}
show(*draw.strength_figure(dials, groups, SHOWN), name="09_strength")


# %%
def pocket(n, p=0.8):
    """The rule (9.5)."""
    return 1.96 * math.sqrt(p * (1 - p) / n)


harm = {
    judge: str(moved(states, f"specificity: {judge}", 0.0, 8.0))
    for judge in ("success", "accuracy")
}
moves(states, 1.0, 8.0).round(2)

# %% [markdown]
# The whiskers in the figure are (9.5) for [[=SHOWN]] facts;
# a figure near one half is worth ±[[=100 * pocket(SHOWN, 0.5):.0f]] points.
# (At 0 and 1 the formula gives no width: the blind spot of section 4.)
# It is sharper to compare the same facts at two strengths, fact by fact, as the table does.
#
# Too strong an edit does not say its object more often, but less: accuracy on the edited prompts goes
# from [[=dials.loc[1.0, 'efficacy: accuracy']:.2f]] to [[=loud['efficacy: accuracy']:.2f]].
# (The layers behind the edit get an input such as they have never seen.)
# Success goes from [[=dials.loc[1.0, 'efficacy: success']:.2f]] to [[=loud['efficacy: success']:.2f]]:
# [[=SHOWN * (loud['efficacy: success'] - loud['efficacy: accuracy']):.0f]]
# of the [[=SHOWN]] facts still beat their rival, and are no longer said.
# A third word comes first now, and success does not ask about third words.
# On paraphrases, success goes from [[=dials.loc[1.0, 'generalization: success']:.2f]]
# to [[=loud['generalization: success']:.2f]], which is no change that [[=SHOWN]] facts can show.
# For neighbours, begin at the *unedited* model:
# from strength 0 to 8, success changes by [[=harm['success']:s]] points,
# accuracy by [[=harm['accuracy']:s]], down to [[=loud['specificity: accuracy']:.2f]].
#
# And fluency, made to notice a broken model?
# [[=dials.loc[0.0, 'fluency']:.2f]] bits unedited, [[=loud['fluency']:.2f]] at strength 8.
# It sees a model that repeats itself;
# this one talks nonsense without repeating itself, if the texts below are like the others.
# Twenty tokens leave little room to repeat, too, and the prompt is counted in.
# (And do not conclude, from the rise of generalization at strength 2, that stronger is better: look at the whiskers.)
# No single metric tells the story.
#
# Choose a fact and a strength yourself, and read what the model says.
# (On paper: the figure above holds the means, and the texts of one fact follow below.
# The metrics of a single fact are mostly 0 or 1.)

# %%
StrengthWidget(states).show()
for strength, rows in states.items():
    there = rows[rows.fact == 3].iloc[
        0
    ]  # the first row of a fact is its prompt
    print(f"{strength:>5}: {there.prompt} …{there.text[:70]!r}")

# %% [markdown]
# ## 6. Whisper, wreck and shout
#
# Three ways to good figures without a good edit:

# %%
whispers = asked[asked.success == 1]
silent = int((whispers.match == 0).sum())
print(f"{silent} of {len(whispers)} successes on paraphrases are not said")

# %% [markdown]
# **Whisper.** Of [[=len(whispers):d]] paraphrases that are a success after our ordinary edit,
# [[=silent]] do not begin with the new object when the model goes on by itself.
# Nobody sees that in a table of success.

# %% [markdown]
# **Wreck.** Strength 8 above, as a table by success would print it:
# efficacy [[=loud['efficacy: success']:.2f]], generalization [[=loud['generalization: success']:.2f]],
# specificity [[=loud['specificity: success']:.2f]], fluency [[=loud['fluency']:.2f]] bits,
# where the unedited model has [[=dials.loc[0.0, 'fluency']:.2f]].
# By accuracy: [[=loud['efficacy: accuracy']:.2f]],
# [[=loud['generalization: accuracy']:.2f]], [[=loud['specificity: accuracy']:.2f]].
# Remember the coin of exercise 09.2: by success, a wrecked model has not 0.
#
# **Shout.** The last layer gets one pair, as in the lesson.
# Here the value raises the token " Romania" and others as little as possible, and the package judges.

# %%
from alphaedit_lite.book.kit.neurons import last_keys
from alphaedit_lite.book.kit.tracing import unembedding

last, target = lm.n_layers - 1, lm.tokenizer(" Romania")["input_ids"][0]
k = last_keys(lm, [fact.prompt for fact in FACTS])[:, last].mean(0)  # [d_ff]
U = unembedding(lm)  # rows are tokens
v = torch.linalg.solve(U.T @ U, U[target])
v = (LOUD * v / v.norm()).cpu()
factors = {"residual": v, "gain": k / k.square().sum(), "keys": k}  # Δ k = v
factors = {name: {last: x[None]} for name, x in factors.items()}
shout = Edit((), **factors, fingerprint=lm.fingerprint, settings={})

# %%
pretend = [replace(f, new="Romania") for f in FACTS[:SHOWN]]
shout.apply(lm)
shouted = evaluate(lm, pretend, progress=False).mean(numeric_only=True)
heard = lm.complete("My favourite food is", 6)
shout.revert()
different = " ".join(
    map(str, range(len(words(heard))))
)  # as many, all different
print(f"{heard!r}: fluency {abs(fluency(heard)):.2f} bits")
print(f"as many different words: {fluency(different):.2f} bits")
shouted.to_frame("the shout").T.round(2)

# %% [markdown]
# In this row, only specificity can tell:
# [[=shouted.specificity:.2f]] by success and [[=shouted.specificity_top1:.2f]] by accuracy.
# Fluency, which the row leaves out, is made for such a case:
# the answer has [[=abs(fluency(heard)):.2f]] bits, as many different words have [[=fluency(different):.2f]].
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
    metrics = ("efficacy", "generalization", "specificity")
    return harmonic_mean([row[name.format(metric)] for metric in metrics])


scored = {
    f"strength {s:g}": score(row, "{}: success") for s, row in dials.iterrows()
}
scored["the shout"] = score(shouted)
pd.DataFrame(scored, index=["score"]).round(2)

# %% [markdown]
# It punishes the shout: [[=scored['the shout']:.2f]].
# The wreck has [[=scored['strength 8']:.2f]], against [[=scored['strength 1']:.2f]] of the edit as it is,
# and [[=scored['strength 0']:.2f]] of the unedited model, which has no efficacy.
# (The highest is at strength 2.
# All this is from eight facts, which cannot tell whether that, or the distance of the wreck, would stay with others.)
# So the score puts the wreck lower, but cannot hear that it talks nonsense;
# and being made of successes, it cannot hear the whisper.

# %% [markdown]
# **Next:** [chapter 10](../10_sequential_editing.ipynb) takes these metrics along a stream of hundreds of edits.
