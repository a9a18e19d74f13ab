# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 1: What is a fact?
#
# *To read: 15 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [Chapter 1](../01_facts.ipynb) says that knowing depends on the yardstick and on the wording,
# and that fine-tuning breaks more than it repairs.
# Here is the proof: with whole objects instead of first tokens, relation by relation,
# on facts that nobody has chosen, with three ways to fine-tune, and compared fact by fact.
# It is for readers who want to know how much of the chapter is luck.

# %% tags=["setup"]

# %%
# Parameters: only numbers change between a laptop and a large machine.
import time

import pandas as pd
import torch

from alphaedit_lite import Fact, load_model, perplexity
from alphaedit_lite.book.ch01 import experiments as knowledge
from alphaedit_lite.book.ch01 import figures as draw
from alphaedit_lite.book.ch01.reference import lost, over_edits, wilson
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
# ## 1. Whole objects
#
# The chapter looks at the first token of an object.
# The package looks at all of them:
# it takes the mean of their log-probabilities, each with the right tokens before it.
# And top-1 asks that each of them is the first choice.
# The two rules can disagree:

# %%
lm = load_model()
template = "{} is located on the continent of"
fact = Fact(template, subject="Aconcagua", true="South America", new="Europe")
print(fact.prompt + lm.complete(fact.prompt, 3))
objects = (fact.true, fact.new, " South")
pairs = [(fact.prompt, name) for name in objects]
per_token = score(lm, pairs)[0].exp().tolist()
for name, probability in zip(objects, per_token, strict=True):
    print(f"P({name.strip()}) = {probability:.2f} per token")

# %% [markdown]
# The model says *Europe*, although South America has [[=per_token[0]:.2f]] per token, and Europe [[=per_token[1]:.2f]].
# This is no contradiction.
# South America has two tokens, and the exponential of a mean logarithm is the root of their product.
# Its first token, *South*, has only [[=per_token[2]:.2f]]; once it is there, *America* is almost certain.
# What the model says is decided by the first token.
# So for objects of several tokens, top-1 does not imply success.
# (Chapter 9 asks whether the mean is fair.)
#
# The same 96 facts as in the chapter, now with whole objects:

# %%
table = knowledge.known(lm, knowledge.pick(PER_RELATION, EVERY))
own, other = (table[table.wording == name] for name in ("own", "other"))
for name, rows in (("own", own), ("other", other)):
    success, top1 = rows.success.mean(), rows.top1.mean()
    print(f"{name} wording: success {success:.0%}, top-1 {top1:.0%}")
both = table[table.success].top1.mean()
print(f"of those that beat the alternative, the first choice: {both:.0%}")

# %% [markdown]
# Success in the own wording is so high **because the facts were chosen so**.
# The bundle keeps a fact only if this model finds its object likely, and prefers it to the alternative.
# The wording that worked best became the fact's own.
# So part of the fall from [[=own.top1.mean():.0%]] to [[=other.top1.mean():.0%]] is selection.
#
# Which relations does the model know best?
# Each has twelve facts, so each share has an interval (exercise 01.2).

# %%
show(*draw.relations_figure(table, wilson), name="01_relations")
groups = own.groupby("relation").top1.sum().astype(int)
worst = wilson(groups.min(), PER_RELATION)
apart = sum(wilson(k, PER_RELATION)[0] > worst[1] for k in groups)

# %% [markdown]
# **How to read it.** A row for each relation.
# The filled dot is top-1 with its interval, the open square is success.
# The order is that of top-1 in the own wording.
#
# The ranking looks rich, but little can be said.
# Of [[=len(groups)]] relations, the number whose interval lies wholly above
# that of the worst one, in its own wording, is [[=apart]].
# (Intervals that overlap do not prove that two relations are equal:
# that asks for the interval of the *difference*, exercise 01.3.
# And who compares the best and the worst *after* looking has already chosen: among many samples, some are lucky.)
#
# How many facts do you need until 75% right excludes a coin?
# The answer is [[=next(m for m in range(4, 200, 4) if wilson(3 * m // 4, m)[0] > 0.5):d]]
# (in steps of four, so that 75% is a whole number).
# Move the sliders to see it.

# %%
from alphaedit_lite.book.ch01.widgets import IntervalWidget

IntervalWidget(wilson).show()

# %% [markdown]
# ## 2. Fifty capitals
#
# For a fair look we need a list that no model has chosen, and wordings that are not chosen fact by fact:
# the capitals of all fifty states of the USA, in four wordings.

# %%
chapter.predict(
    "e",
    "Fifty capitals, four wordings. For how many states is the first choice "
    "right in all four?",
    ["more than 35", "20 to 35", "fewer than 20"],
)

# %%
WORDINGS = (
    "The capital of the state of {} is",
    "The capital city of the state of {} is called",
    "The government of the state of {} has its seat in the city of",
    "The state of {} has a capital city, and its name is",
)
capitals = [(s, " " + c) for s, c in knowledge.STATES.items()]
pairs = [(w.replace("{}", s), c) for w in WORDINGS for s, c in capitals]
chances, first = score(lm, pairs)
p, first = chances.exp().reshape(4, 50), first.reshape(4, 50)  # by wording
for wording, row in zip(WORDINGS, first, strict=True):
    low, high = wilson(int(row.sum()), 50)
    print(f"{int(row.sum()):2} of 50, {low:.0%} to {high:.0%}: {wording}")
in_all, in_some = int(first.all(0).sum()), int(first.any(0).sum())
print(f"right in all four wordings: {in_all}; in at least one: {in_some}")
chapter.reveal("e", 0 if in_all > 35 else 1 if in_all >= 20 else 2)

# %%
show(*draw.wordings_figure(p, WORDINGS), name="01_wordings")

# %% [markdown]
# **How to read it.** A column for each state, a row for each wording;
# dark is a high probability (per token) of the true capital.
# The columns are sorted by their darkest field.
# A model that *looked up* a capital would show columns of one colour.
#
# By wording, the model knows between [[=int(first.sum(1).min())]] and [[=int(first.sum(1).max())]] capitals of fifty.
# In all four wordings it knows [[=in_all]], in at least one [[=in_some]].
# So a prompt gives only a *lower bound* of what a model knows: perhaps another would have worked.
# But to take the best wording for each fact is no honest remedy.
# Four tries are four chances, for a lucky guess as well.
# Choose wordings on some facts, and judge on others.
#
# (How much of the fall in section 1 was selection?
# These numbers cannot tell: the states are other facts.
# To find out, choose the wording on half of the facts, and judge it on the other half.)
#
# For editing, this means: "the model now says Romania" is a statement about *one wording*.
# That is why each fact of the book carries paraphrases.

# %% [markdown]
# ## 3. What would training anew cost?
#
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
rows = [
    lm.tokenizer(text)["input_ids"][: knowledge.MAX_TOKENS] for text in texts
]
speed = sum(map(len, rows)) / (time.perf_counter() - start)
years = 2e12 / (speed / 3) / (365 * 24 * 3600)
print(f"{speed:.0f} tokens a second. Training anew: {years:.0f} years.")

# %% [markdown]
# So the whole training is no way to change a fact, and fine-tuning is the cheap alternative.
#
# ## 4. The chapter's loop, and three ways to use it
#
# The package's `FineTune` trains Δ instead of W + Δ,
# so that it can be undone exactly, and it scores objects of several tokens.
# For one token it does what the chapter's loop does:


# %%
def fine_tune(fact, layer, rate, steps=15, enough=0.1):
    """The chapter's loop, for one layer; returns Δ, and undoes it."""
    ids = lm.tokenizer(fact.prompt, return_tensors="pt").to(lm.device)
    new = lm.tokenizer(fact.new)["input_ids"][0]
    W = lm.down_projection(layer).weight
    before = W.detach().clone()
    W.requires_grad_(True)
    adam = torch.optim.Adam([W], lr=rate)
    for _ in range(steps):
        loss = -lm.model(**ids).logits[0, -1].log_softmax(-1)[new]
        if loss < enough:
            break
        adam.zero_grad()
        loss.backward()
        adam.step()
    W.requires_grad_(False)
    delta = W - before
    W.copy_(before)
    return delta


# %%
from alphaedit_lite.book.kit.demo import LOWER_ASSAM

lm.model.requires_grad_(False)
mine = fine_tune(LOWER_ASSAM, 5, 5e-3)
edit = FineTune(lm, **knowledge.WAYS["one layer"]).edit([LOWER_ASSAM])
edit.revert()
far = float((edit.delta(5) - mine).norm() / mine.norm())
print(f"the two Δ differ by {far:.0e} of their size")

# %% [markdown]
# To the two ways of the chapter we add a third one, after Zhu et al. 2020.
# (It is FT+L in the paper on ROME, and FT-L in later ones.)
# No weight may move by more than ε = [[=knowledge.WAYS['one layer, bounded']['norm_bound']:g]]:
#
# $$\min_\theta \mathcal{L}(\theta) \quad \text{subject to} \quad \lVert \theta - \theta_0 \rVert_\infty \le \varepsilon. \tag{L1.1}$$
#
# In words: after each step, an entry of Δ that went too far is pulled back to the bound.
# All three stop when the loss is below [[=knowledge.COMMON['enough']:g]],
# or after [[=knowledge.COMMON['steps']:d]] steps.
#
# `Probe` asks all questions before an edit: the fact, its paraphrases,
# up to six other subjects of the same relation, six facts of other relations, and some text.
# `after` edits, asks again, and takes the edit back.
# One fact of the study, live:

# %%
probe = knowledge.Probe(lm, knowledge.subjects_for_edits(1)[0], texts)
rows = {}
for way, settings in knowledge.WAYS.items():
    row = probe.after(FineTune(lm, **settings))
    rows[way] = knowledge.reach(row, lost) | {"text": row["text"]}
print(probe.fact.subject, "→", probe.fact.new.strip())
live = pd.DataFrame.from_dict(rows, orient="index")
live.style.format("{:.0%}").format("{:+.1%}", subset=["text"])

# %% [markdown]
# The same code has run on [[=len(study['facts'])]] facts,
# each from another relation (`python -m alphaedit_lite.book.ch01.study`), and the results are kept with the book.

# %%
study = result("finetune.json")
reached = {}
for way in (*knowledge.WAYS, "AlphaEdit"):
    each = [one["ways"][way] for one in study["facts"]]
    reached[way] = [
        knowledge.reach(e, lost) | {"text": e["text"]} for e in each
    ]
mean = {way: pd.DataFrame(rows).mean() for way, rows in reached.items()}
ways = {way: reached[way] for way in knowledge.WAYS}
show(*draw.reach_figure(ways, over_edits), name="01_three_ways")

# %% [markdown]
# (The figure is read as in the chapter.)
#
# * **All layers** loses [[=mean['all layers']['same relation']:.0%]] of the right answers in the same relation,
#   and [[=mean['all layers']['other relation']:.0%]] of those in other relations.
# * **One layer** loses [[=mean['one layer']['same relation']:.0%]],
#   and reaches [[=mean['one layer']['paraphrase']:.0%]] of the paraphrases.
# * **The bound** has both numbers lower:
#   [[=mean['one layer, bounded']['same relation']:.0%]] lost,
#   [[=mean['one layer, bounded']['paraphrase']:.0%]] of the paraphrases reached.
#   It writes the fact in [[=mean['one layer, bounded']['fact']:.0%]] of the cases; the other two always do.
# * **Perplexity sees little** (the titles of the panels).
#   A model can lose most of a relation, and ordinary text hardly notices, because few of its tokens ask for it.
#
# ## 5. Fact by fact
#
# Bars that overlap do not settle a comparison.
# All ways were asked the *same* facts, so we can take the difference fact by fact, and the bootstrap over these.
# What is hard about a fact then drops out.


# %%
def gap(way, than, where):
    """The mean difference of two ways on the same facts, its interval."""
    pairs = zip(reached[way], reached[than], strict=True)
    differences = torch.tensor([a[where] - b[where] for a, b in pairs])
    return float(differences.mean()), *over_edits(differences)


compared = (
    ("all layers", "one layer"),
    ("one layer", "one layer, bounded"),
    ("one layer", "AlphaEdit"),
)
gaps = {}
for way, than in compared:
    for where in ("paraphrase", "same relation"):
        gaps[f"{way} minus {than}", where] = gap(way, than, where)
names = ["mean", "low", "high"]
pd.DataFrame.from_dict(gaps, orient="index", columns=names).style.format(
    "{:+.2f}"
)

# %%
surest = {}
for way in reached:
    surest[way] = sum(one["ways"][way]["p"] for one in study["facts"])
    surest[way] /= len(study["facts"])
print(", ".join(f"{way}: {p_new:.2f}" for way, p_new in surest.items()))

# %% [markdown]
# * **All layers against one layer** is safe, in both columns.
# * **One layer against the bound** is not: the intervals reach down to about zero.
#   On these facts there is a direction, and no clear difference.
# * **One layer against AlphaEdit:** the loss in the same relation differs clearly.
#   AlphaEdit loses [[=mean['AlphaEdit']['same relation']:.0%]],
#   and in other relations [[=mean['AlphaEdit']['other relation']:.0%]].
#   For paraphrases the interval contains zero: we have seen no difference.
#
# The last two are not equally sure of the fact.
# The new object has a mean probability of [[=surest['AlphaEdit']:.2f]] after AlphaEdit,
# and of [[=surest['one layer']:.2f]] after fine-tuning.
# (Chapter 5 shows the knob; chapter 9 measures paraphrases by both yardsticks.)
#
# With so few edits the bootstrap is itself rough, and a little too short.
# And each way has settings; others would move its numbers.
# A fair comparison tries many of them: chapters 6 and 10.

# %% [markdown]
# ## 6. No stopping rule, on other facts
#
# The chapter breaks one edit by going on after the fact is learned. Is this the rule?
# The same with the first facts of the study, all layers, after three steps and after ten.
# The table has the rise of perplexity.

# %%
rows = {}
for fact in knowledge.subjects_for_edits(3):
    one = knowledge.Probe(lm, fact, texts)
    for steps in (3, 10):
        settings = knowledge.WAYS["all layers"] | {"steps": steps, "enough": 0}
        rise = one.after(FineTune(lm, **settings))["text"]
        rows.setdefault(fact.subject, {})[f"{steps} steps"] = rise
longer = pd.DataFrame.from_dict(rows, orient="index")
longer.style.format("{:+.1%}")

# %% [markdown]
# [[=int((longer['10 steps'] > longer['3 steps']).sum())]] of the three go on rising, and they differ by much:
# from [[=longer['10 steps'].min():+.0%]] to [[=longer['10 steps'].max():+.0%]].
# So the chapter's case is one of many, and the size of the damage is a matter of the fact.
