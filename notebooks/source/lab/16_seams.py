# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 16: Sixty edits, asked and read
#
# *To read: 30 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [Chapter 16](../16_seams.ipynb) looks at one fact, Lower Assam, and claims three things.
# An edit changes what is said with *one key*,
# so other questions about the subject are hit, and questions without it are not reached.
# A sentence in the prompt is a baseline that has to be beaten.
# And the change of the weights tells who was written about.
# Here the claims meet some sixty facts written one at a time, nine batches of six, intervals and controls.
# The lesson's questions that go further are here, too:
# inference or association, one fact out of six, and undoing an edit without the original.
# It is for readers who want to referee a paper on it.
#
# The figures with intervals come from a committed study
# (`results/seams.json`, made by `alphaedit_lite.book.ch16.study`, one fact at a time)
# and a smaller one on batches (`results/seams_batches.json`, by `book/ch16/study_unmix.py`).
# The same code runs here on six facts.

# %% tags=["setup"]

# %%
# Parameters: six facts to run live, and two committed studies of more.
import math
from dataclasses import replace

import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, bundled_facts, bundled_targets, load_model
from alphaedit_lite.book.ch16 import figures as draw
from alphaedit_lite.book.ch16 import forensics
from alphaedit_lite.book.ch16 import results as tables
from alphaedit_lite.book.ch16.experiments import ask, questions, two_hops
from alphaedit_lite.book.ch16.reference import follows, suspects, with_fact
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.book.kit.tracing import speaks
from alphaedit_lite.metrics import score, summary
from alphaedit_lite.models import fingerprint

torch.manual_seed(16)
test = bundled_facts("test")
FACTS = [fact for fact in test if two_hops(fact)][::14]
study, apart = result("seams.json"), result("seams_batches.json")
rows = tables.rows_of(study)  # one row per question of the study

# %% [markdown]
# ## 1. The same fact in another sentence
#
# An edit is tested on its own prompt and on paraphrases, each alone on the page.
# In use, other sentences stand before a question.
# Some have nothing to do with it; others speak of the very thing that was changed.
#
# Why should it matter?
# ΔW is waiting for one key, that of the subject's last token.
# A key is computed from the *whole* text up to that token.
# Another beginning gives another key, and what ΔW answers to a key that is not quite the right one is smaller.
# This is why the editor averages a key over several beginnings (chapter 6).
#
# First one fact of the bundled ones, closely.
# The module `experiments` makes the questions.

# %%
lm = load_model()
editor = AlphaEdit(lm, progress=False)
before = forensics.weights(lm)  # a copy of every memory matrix
first = FACTS[0]
asked = questions(first, neighbours=2)
unedited = ask(lm, asked)
edit = editor.edit([first], bundled_targets(lm, [first]))
closely = ask(lm, asked)
edit.revert()
told = closely[["kind"]].assign(prompt=closely.prompt.str[-62:])
for answer in ("wanted", "other"):
    told[answer] = closely[answer]
    for when, table in (("before", unedited), ("now", closely)):
        told[f"{answer}, {when}"] = table[f"p_{answer}"].map(math.exp)
told.style.format(precision=2).hide()

# %% [markdown]
# Each row holds the end of a prompt, the answer
# that we should like to see after *[[=first.subject]] → [[=first.new.strip()]]*,
# with its probability before the edit and now, and its competitor, the *other* answer, likewise.
# (For an object of several tokens, "probability" is the geometric mean over them.)
# Compare *now* with *before*: what is small now may have been as small.
# The new object is ahead on [[=int(closely[closely.kind == 'paraphrase'].success.sum())]]
# of the [[=int((closely.kind == 'paraphrase').sum())]] paraphrases.
#
# One fact proves nothing.
# So the study wrote [[=len(study['facts'])]] facts, one at a time, and asked about each.
# *After 8 unrelated* puts eight sentences about libraries, soups and bicycles in front;
# *after 2 rivals* two true statements about neighbours with the *old* object.
# For the fact in the table, the whole prompt is "[[=closely.prompt[closely.kind == 'after 2 rivals'].item()]]".
# (The first rival even speaks in the words of the question.)
# Not every fact has neighbours for that, so the kinds of questions rest on different numbers of facts.

# %%
rates, span, points = tables.rates(rows), tables.span, tables.points
rival = rates.loc[("after 2 rivals", "edited")]
distant = ["after 8 unrelated", "after 2 rivals"]
kinds = ["prompt", "paraphrase", "after 1 unrelated", *distant]
dull, harm = (tables.between(rows, "edited", k, "prompt") for k in distant)
fade, same = (
    tables.between(rows, "edited", k, "prompt", "moved") for k in distant
)
moved = {k: tables.moved(rows, k).loc["moved edited"] for k in tables.KINDS}
lift = pd.DataFrame(moved).T
states = ["unedited", "edited"]
panel = {"success: new object beats old": rates}
show(*draw.rates_figure(panel, kinds, states), name="16_context")
against = {"8 unrelated − prompt": fade, "2 rivals − prompt": same}
shown = pd.concat([lift.loc[kinds], pd.DataFrame(against).T])
shown.style.format("{:+.1f}").format("{:.0f}", subset=["facts"])

# %% [markdown]
# **How to read it.** Each point is a mean over facts,
# each bar a 95% interval from drawing the facts again (chapter 9).
# White circles: the unedited model; orange squares: edited by AlphaEdit.
# The table says by how much the edit raises the log-probability of the new object;
# its last two rows compare with the bare prompt, fact by fact.
#
# Unrelated sentences do almost no harm.
# Alone on the page, the new object wins for [[=rates.loc[('prompt', 'edited')]['mean']:.0%]] of the facts,
# and after eight unrelated sentences for [[=rates.loc[('after 8 unrelated', 'edited')]['mean']:.0%]]
# (fact by fact, [[=points(dull)]]).
# The edit raises the log-probability of the new object by [[=lift.loc['prompt', 'mean']:.1f]] alone,
# and by [[=-fade['mean']:.1f]] less after the eight (between [[=-fade['high']:.1f]] and [[=-fade['low']:.1f]]).
# That need not be a weaker push:
# a probability stops at 1, and after the eight the new object may have started higher.
#
# Another *wording* costs far more than eight unrelated sentences: on paraphrases,
# success is [[=rates.loc[('paraphrase', 'edited')]['mean']:.0%]] [[=span(rates.loc[('paraphrase', 'edited')])]].
#
# Two *true* sentences do the harm: success is [[=rival['mean']:.0%]] on the [[=int(rival['facts'])]] facts
# that have two such neighbours (fact by fact, [[=points(harm)]]).
# Against the bare prompt of the same facts, the gain of the new object changes by [[=same['mean']:+.1f]]
# ([[=same['low']:+.1f]] to [[=same['high']:+.1f]]), so it is hardly that the edit does less.
# More likely it is the start: the context names the old object twice, and attention likes to copy.
# (In the first table: what do both objects get *after 2 rivals*?
# To be sure one would have to follow the logits of both objects.
# We have not.) The editor asked for the new answer to come up.
# It did not ask for the old one to go, and a context can turn the order round again.
# Park et al. (2025) built a whole benchmark, CHED, of contexts that do this.

# %% [markdown]
# ## 2. What should follow
#
# The two-hop questions are
#
# $$\text{subject} \;\xrightarrow{\ \text{edited}\ }\; \text{new country} \;\xrightarrow{\ \text{known}\ }\;
# \text{its capital, language, currency or continent.} $$
#
# They are counted fairly, as in exercise 16.1:
# the unedited model must know the second hop, and must not prefer the new answer already.

# %%
facts = study["facts"]
hops = [r for f in facts for r in f["rows"] if r[0] == "two hops"]
hops = pd.DataFrame(hops, columns=study["columns"])
knows, liked, likes = (
    torch.tensor(hops[column] == 1)
    for column in ("fair", "success unedited", "success edited")
)
naive = float(likes.double().mean())
followed, counted = follows(knows, liked, likes)
print(f"all {len(hops)} questions: {naive:.0%}; {counted} fair: {followed:.0%}")

# %%
exact = tables.rates(rows, "first")
twice = rates.loc[("two hops", "edited")]
consequences = ["two hops", "way back", "bystander", "neighbour"]
bystanding = rows[rows.kind == "bystander"].fact
stood = {i: facts[i]["relation"] for i in bystanding}
nations = sum(relation in ("P36", "P37", "P38") for relation in stood.values())
shared = set(stood) & set(rows[rows.kind == "two hops"].fact)
measures = {"success": rates, "accuracy: comes first": exact}
show(*draw.rates_figure(measures, consequences, states), name="16_ripples")
shown = lift.loc[consequences].style.format("{:+.2f}")
shown.format("{:.0f}", subset=["facts"])

# %% [markdown]
# **How to read it.** Success is on the left, accuracy on the right.
# For *two hops* and *way back*, success is that the answer follows the edit.
# (*Way back*: the edited subject beats a true one.)
# For *bystander* and *neighbour*, it is that the old, right answer beats the new object.
# A **bystander** is another relation of the *same* subject: the language of a country whose capital was edited.
# Its competitor in *success* is the edit's new object, an answer of another kind
# (is the language of Colombia *Spanish*, or *Nairobi*?).
# So success is nearly free there: look at the right panel.
# Of the [[=len(stood)]] facts with bystanders,
# [[=nations]] are countries whose capital, language or currency was edited;
# [[=len(shared) or 'none']] of them is also asked for two hops.
# Only bystanders and neighbours that the unedited model gets right are counted.
# White circles at exactly 0 (two hops) and 1 (bystander, neighbour)
# lie there *by construction*: the questions were chosen so.
# The table: by how much the edit moves the log-probability of the wanted answer.
#
# (Brackets hold 95% intervals over facts.)
#
# * **Two hops seem to follow:**
#   [[=followed:.0%]] of [[=counted]] fair questions, from [[=int(twice['facts'])]] facts [[=span(twice)]].
#   It is not the unfair questions that flatter the edit here: of all, [[=naive:.0%]] follow.
#   But this is not what the papers report of larger models, so look closer.
#   Success compares just two answers; the *first choice* of the model is the new one
#   in [[=exact.loc[('two hops', 'edited')]['mean']:.0%]] only [[=span(exact.loc[('two hops', 'edited')])]].
# * **The way back does not:** [[=rates.loc[('way back', 'edited')]['mean']:.0%]],
#   unedited [[=rates.loc[('way back', 'unedited')]['mean']:.0%]]; no fact's answer has turned,
#   and the log-probability of the subject has moved by [[=lift.loc['way back', 'mean']:+.2f]].
# * **Bystanders are hit.**
#   As *first choice*, the old answer survives in [[=exact.loc[('bystander', 'edited')]['mean']:.0%]]
#   [[=span(exact.loc[('bystander', 'edited')])]] of questions that the unedited model had right;
#   its log-probability moves by [[=lift.loc['bystander', 'mean']:+.1f]] [[=span(lift.loc['bystander'], '+.1f')]].
#   These are only [[=int(exact.loc[('bystander', 'edited')]['facts'])]] facts, but the interval is far from 100%.
#   (By success, [[=rates.loc[('bystander', 'edited')]['mean']:.0%]] survive:
#   what comes first instead is often neither of the two answers.)
#   Neighbours, the usual test, show nothing:
#   [[=exact.loc[('neighbour', 'edited')]['mean']:.0%]] survive,
#   of [[=int(exact.loc[('neighbour', 'edited')]['facts'])]] facts whose neighbours the unedited model had right.
#
# (Cohen et al. call the test with bystanders *relation specificity*.)

# %% [markdown]
# ### Inference, or association?
#
# A model that says *Romanian* more often after "the country that Lower Assam belongs to" may have concluded it.
# Or it may now think of everything Romanian as soon as it reads "Lower Assam".
# Two checks. Can the *unedited* model do two hops at all? We ask it here.
# And a control: "A word that comes to mind with Lower Assam is" names no relation.
# The second study ([[=len(apart['batches'])]] batches of six facts, each written together)
# asked it beside every two-hop question, with the same two answers;
# a question counts if it is fair in both forms.
# In the table, *no relation asked* is this sentence, and *difference* is two hops minus that, fact by fact.

# %%
asked = [q for fact in test[::3] for q in two_hops(fact)]
# Unedited, the old country's answer is the right one: swap the two.
swapped = [replace(q, wanted=q.other, other=q.wanted) for q in asked]
plain = ask(lm, swapped)
able = tables.proportion(plain["success"])
able_first = tables.proportion(plain["first"])
control = summary(tables.control(apart))
trials = tables.fair_hops(apart)
again = set(trials.subject) & set(rows[rows.kind == "two hops"].subject)
print(f"unedited, {len(plain)} questions: right beats new {able['mean']:.0%},")
print(f"right is the first choice {able_first['mean']:.0%}")
control.style.format("{:+.2f}").format("{:.0f}", subset=["facts"])

# %% [markdown]
# Unedited, the model prefers the right answer in [[=able['mean']:.0%]] of two-hop questions [[=span(able)]],
# and *says* it in [[=able_first['mean']:.0%]] [[=span(able_first)]].
# (All questions here, whether or not it knows the second hop.)
# So it seldom says an answer two hops away, even where nothing was edited.
# That is why accuracy would be unfair here, and why success must be watched:
# it may be had for less than an inference.
# (And so may the [[=able['mean']:.0%]]: a place's own country comes along by association, too.)
#
# And so it is, in part.
# On [[=int(control.loc['difference', 'facts'])]] facts ([[=len(trials)]] questions;
# [[=len(again)]] of these facts are among the [[=int(twice['facts'])]] above, but here six were written at once),
# the edit turns the two-hop answer in [[=control.loc['two hops', 'mean']:.0%]] [[=span(control.loc['two hops'])]],
# and the same answer after the sentence *that asks for nothing*
# in [[=control.loc['no relation asked', 'mean']:.0%]] [[=span(control.loc['no relation asked'])]].
# A good part of the effect comes without a question: **association**.
# The hidden state at the subject now says the new country, and things of that country come along, asked or not.
# (The edit ends in layer [[=max(editor.layers)]] of [[=lm.n_layers]]: there are blocks enough left to call them up.)
# But the question does add something: fact by fact, [[=points(control.loc['difference'])]].
# Is *that* inference?
# The sentence also says that a language is wanted, which makes all languages likelier.
# This control cannot tell.
# A better one would ask for the language of *another* thing.

# %% [markdown]
# ### And after three hundred more?
#
# All that was one fact at a time.
# `results/many.json` asks the same questions
# when *all* [[=many['written']:d]] facts of the test half stand in the model,
# written in batches of [[=many['batch']:d]] (`python -m alphaedit_lite.book.ch16.study_many`).
# A question in which another written fact has a part is left out, alone as among many:
# what should be answered there may have changed.

# %%
many = result("many.json")
all_in = tables.crowded(study, many)
shares_in = {
    kind: {
        "questions": int((all_in.kind == kind).sum()),
        **{
            f"{what}, {state}": all_in.loc[all_in.kind == kind, f"{what} {state}"].mean()
            for what in ("success", "first")
            for state in ("alone", *many["rows"])
        },
    }
    for kind in tables.KINDS
}
shown = pd.DataFrame(shares_in).T.style.format("{:.0%}")
shown.format("{:.0f}", subset="questions")

# %%
OTHER = "MEMIT with history"
some_kinds = ("prompt", "paraphrase", "two hops", "bystander", "neighbour")
pairs = [(kind, what) for kind in some_kinds for what in ("success", "first")]
crowding, between_two = (
    {
        (kind, what): tables.difference(all_in, kind, "AlphaEdit", b, what)
        for kind, what in pairs
    }
    for b in ("alone", OTHER)
)
heads = ["AlphaEdit, among all − alone", f"AlphaEdit − {OTHER}"]
shown = [
    {k: points(v) for k, v in found.items()} for found in (crowding, between_two)
]
pd.DataFrame(dict(zip(heads, shown, strict=True)))

# %% [markdown]
# What was written stays, and so does what follows from it:
# as first choice, the facts' own prompts change by [[=points(crowding['prompt', 'first'])]],
# paraphrases by [[=points(crowding['paraphrase', 'first'])]],
# and two hops by [[=points(crowding['two hops', 'success'])]] in success
# (on [[=int(crowding['two hops', 'success']['facts'])]] facts: an interval as wide as that says little).
#
# **The neighbours pay.**
# One fact alone left them alone.
# Among all, with AlphaEdit, right first choices change by [[=points(crowding['neighbour', 'first'])]].
# MEMIT with history loses more of them:
# AlphaEdit against it, [[=points(between_two['neighbour', 'first'])]].
# (Each at its own default; facts of few relations, in one order.
# By success nearly nothing is seen: what comes first instead is not the edit's object.)
# So harm that no single edit shows adds up, and a test of one edit at a time cannot see it.

# %% [markdown]
# ## 3. The sentence in the prompt
#
# Exercise 16.2's one line on the unedited weights, against AlphaEdit, on the same questions.
# While each edit is in, we keep what sections 4 and 5 will need:
# ΔW, found by comparing the weights with the copy (not from the editor's notes), and what the model says more.

# %%
duel, deltas, louder = [], {}, {}
for fact in FACTS:
    asked = questions(fact, neighbours=1)
    asked = [q for q in asked if "unrelated" not in q.kind]
    edit = editor.edit([fact], bundled_targets(lm, [fact]))
    duel.append(ask(lm, asked).assign(state="edited"))
    deltas[fact.subject] = forensics.differences(before, lm)
    layers = list(editor.layers)
    louder[fact.subject] = forensics.shifts(lm, before, layers, fact.subject)
    edit.revert()
    told = ask(lm, asked, with_fact(fact, ""))
    duel.append(told.assign(state="in context"))
wins = pd.concat(duel).pivot_table("success", "kind", "state")
wins.style.format("{:.0%}")

# %% [markdown]
# Six facts give a first impression, no more.
# (This table leaves nothing out, unfair questions included; none of the six has a bystander.)
# Now the facts of the study, and *paired*:
# for each fact the score in context minus the score of the edit, then the mean and its interval.
# If the interval does not contain zero, we call it a difference.

# %%
pairs = {
    kind: tables.difference(rows, kind, "in context", "edited")
    for kind in tables.KINDS
}
gaps = pd.DataFrame(pairs).T
gaps.style.format("{:+.2f}").format("{:.0f}", subset=["facts"])

# %% [markdown]
# The scores behind it, with blue diamonds for the new fact in the prompt;
# and first choices beside them, since success only compares two answers.
# The table holds three more differences that we shall need.

# %%
spared, hopped = (
    tables.difference(rows, kind, "in context", "edited", "first")
    for kind in ("bystander", "two hops")
)
riddle = tables.between(rows, "in context", "after 8 unrelated", "prompt")
show(*draw.rates_figure(measures, tables.KINDS), name="16_duel")
more = {
    "bystander, accuracy: in context − edited": spared,
    "two hops, accuracy: in context − edited": hopped,
    "in context, success: 8 unrelated − prompt": riddle,
}
more = pd.DataFrame(more).T.style.format("{:+.2f}")
more.format("{:.0f}", subset=["facts"])

# %% [markdown]
# With the new fact right in front of it,
# the model names the new object first in [[=exact.loc[('prompt', 'in context')]['mean']:.0%]] of the prompts;
# edited, in [[=exact.loc[('prompt', 'edited')]['mean']:.0%]].
# Is the model too small to believe a context against its own knowledge?
# That was our first explanation, and it is wrong.
# With eight unrelated sentences *between* the statement and the question,
# in-context success is [[=rates.loc[('after 8 unrelated', 'in context')]['mean']:.0%]],
# directly in front of it [[=rates.loc[('prompt', 'in context')]['mean']:.0%]] ([[=points(riddle)]]),
# and against the edit no clear difference is left ([[=points(pairs['after 8 unrelated'])]]).
# So it can. Is it that a sentence is seldom said twice in a row?
# Hardly that alone: paraphrases are *other* sentences,
# and do no better ([[=rates.loc[('paraphrase', 'in context')]['mean']:.0%]]);
# and one sentence between is not enough ([[=rates.loc[('after 1 unrelated', 'in context')]['mean']:.0%]]).
# We do not know. Until somebody does:
# a baseline may lose because it was put in the wrong place.
# In detail, for the statement directly in front:
#
# * **In context loses** on the prompt ([[=points(pairs['prompt'])]]),
#   on paraphrases ([[=points(pairs['paraphrase'])]]), and on neighbours ([[=points(pairs['neighbour'])]]).
#   The statement is *loud*: it tells the new object to whatever is asked next.
#   Hoelscher-Obermaier et al. (2023) saw the same when they put an edit's own sentence in front of other questions.
# * **In context wins** on the way back ([[=points(pairs['way back'])]]).
#   The subject stands in the text, and can be copied.
#   It also spares bystanders as first choices:
#   [[=exact.loc[('bystander', 'in context')]['mean']:.0%]] against [[=exact.loc[('bystander', 'edited')]['mean']:.0%]]
#   ([[=points(spared)]], on [[=int(spared['facts'])]] facts).
# * **Two hops** are a matter of the metric:
#   by success the edit is ahead (in context, [[=points(pairs['two hops'])]]);
#   by first choices the difference is [[=points(hopped)]],
#   so that these [[=int(hopped['facts'])]] facts decide nothing.
#   But the model is not incapable of two hops: with the new fact in front of it,
#   it says the new answer in [[=exact.loc[('two hops', 'in context')]['mean']:.0%]] of the fair questions.
#
# Cohen et al. (2024) found that a plain statement in the prompt beat every weight editor
# that they tried on ripple effects; IKE (Zheng et al. 2023) adds worked examples.

# %% [markdown]
# ## 4. Reading an edit off the weights
#
# ### How many?
#
# One, three and six facts, and the singular values of ΔW in the last edited layer.

# %%
spectra, batches = {}, {}
for n in (1, 3, len(FACTS)):
    batches[n] = deltas[first.subject]  # from the duel
    if n > 1:
        edit = editor.edit(FACTS[:n], bundled_targets(lm, FACTS[:n]))
        batches[n] = forensics.differences(before, lm)
        edit.revert()
    last = batches[n][max(batches[n])]
    spectra[f"{n} facts" if n > 1 else "1 fact"] = torch.linalg.svdvals(last)
    print(f"{n} facts: rank {forensics.rank_of(last)}")
traces, boxes = tables.traces_of(study), tables.batched(apart)
ranked = [
    x["ranks"] == [1] * 5 and x["layers"] == list(editor.layers)
    for _, x in traces.iterrows()
]
cliff = min(draw.falls(S)[1] for S in spectra.values())
show(*draw.spectra_figure(spectra), name="16_spectra")

# %% [markdown]
# After the last fact the singular values fall by a factor of more than [[=10 ** int(math.log10(cliff)):,d]],
# to what single precision leaves.
# The *layers* are known, since all others are untouched bit for bit,
# and so is a lower bound of the *number* (the number itself, if no two facts share a key).
# In the study, layers and rank were right for [[=sum(ranked)]] of [[=len(ranked)]] single facts
# (interval of the share [[=span(tables.proportion(ranked))]]),
# and the rank was six in every edited layer for [[=int(boxes['rank right'].groupby(boxes['batch']).all().sum())]]
# of [[=boxes['batch'].nunique()]] batches of six.
#
# ### About whom?
#
# The line-up of exercise 16.4, over all edited layers; the share of a name is the mean.
# Our list has [[=len(names)]] names; that of the study has [[=study['names']:d]].
# On a longer list, innocents have more chances.

# %%
some = [fact.subject for fact in [*FACTS, *test[::5]]]
names = sorted({*some, "Westmeath"})
keys = forensics.candidate_keys(lm, names, editor.layers)


def line_up(delta):
    """The mean share over the changed layers, [names]."""
    rank = forensics.rank_of(delta[max(delta)])
    shares = [suspects(d, keys[layer], rank) for layer, d in delta.items()]
    return torch.stack(shares).mean(0)


culprit = FACTS[1].subject
shares = {f.subject: line_up(deltas[f.subject]) for f in FACTS[1:]}
best = shares[culprit].topk(3)
second = names[int(best.indices[1])]
crowd = next(f["traces"]["next"] for f in facts if f["subject"] == culprit)
for value, i in zip(best.values, best.indices, strict=True):
    print(f"{names[i]} {float(value):.2f}", end="; ")

# %% [markdown]
# Who comes second depends on the list.
# (We put *Westmeath* on ours on purpose.)
# Here it is *[[=second]]*, with [[=float(best.values[1]):.2f]];
# for the same edit, the best of the study's [[=study['names'] - 1:d]] innocents has [[=sum(crowd) / len(crowd):.2f]]
# (the best in each layer, then the mean).
# So do not take the wide gaps of the figure below for the rule.
#
# The candidates stand in *our* sentences, not in the editor's prompt, which an investigator does not know.
# And a name must not stand at the very beginning of a text.
# In this model, the first token of any text has a peculiar key, nearly the same for all.
# With names alone, one-word subjects such as *Hungary* were lost in the crowd when we tried it.
# "They spoke about Hungary" repairs it.
#
# ### Saying what?
#
# The lens fails, as in the lesson; asking both models does not always.
# We ask with four open sentences, and weigh each token's gain in log-probability by its probability.

# %%
loudest, relation = traces["object"] == 0, traces["relation"]
place, firm = relation == "P17", relation == "company-country"
unasked = relation.isin(["P36", "P37", "P38", "P495"])
flags = {
    "subject first in every layer": [not any(p) for p in traces["subject"]],
    "object first": loudest,
    "object among the first ten": traces["object"] < 10,
    "object first: places and their countries": loudest[place],
    "… capitals, languages, currencies, foods": loudest[unasked],
    "… companies and their countries": loudest[firm],
    "… the rest": loudest[~(place | firm | unasked)],
}
read = {name: tables.proportion(flag) for name, flag in flags.items()}
found, top, ten, asked_for, not_asked, firms, rest = read.values()
own, other = (
    pd.DataFrame(traces[column].tolist()).mean(axis=1)
    for column in ("share", "next")
)
read = pd.DataFrame(read).T.style.format("{:.0%}")
read.format("{:.0f}", subset=["facts"])

# %% [markdown]
# Be the investigator for three of our edits, in some order:
# pick one, look at the bars, and decide who was written about and what, before you tick *Show the truth*.
# (On paper: the figure below is the solution, with the truth in orange and hatched.
# Where no token is hatched, the object is not among the eight.)

# %%
from alphaedit_lite.book.ch16.widgets import EvidenceWidget

words = [lm.tokenizer.decode([i]) for i in range(len(lm.tokenizer))]
order = [FACTS[3:][i] for i in torch.randperm(len(FACTS[3:])).tolist()]
evidence = [
    draw.Evidence.of(
        f.subject, f.new, names, shares[f.subject], words, louder[f.subject]
    )
    for f in order
]
EvidenceWidget(evidence).show()

# %%
show(*draw.evidence_figure(evidence), name="16_evidence")
for fact in FACTS[:3]:
    said = speaks(lm, louder[fact.subject], 6)
    print(f"{fact.subject} →{fact.new}: {said}")

# %% [markdown]
# There is much to read about *whom*.
# In the study the true subject is first of [[=study['names']:d]] names *in every layer*
# for [[=found['mean']:.0%]] of the [[=int(found['facts'])]] facts [[=span(found)]].
# Its mean share is [[=own.mean():.2f]], that of the best innocent in each layer [[=other.mean():.2f]].
# But a line-up always has a winner.
# What if the culprit is not on your list?
# The shares overlap a little: the lowest of the true ones is [[=own.min():.2f]],
# and the highest of the innocent ones [[=other.max():.2f]].
# A winner with no more than that is a hint, not a proof.
#
# *What* was said is harder.
# The object's first token is the loudest of the whole vocabulary for [[=top['mean']:.0%]] [[=span(top)]],
# and among the first ten for [[=ten['mean']:.0%]] [[=span(ten)]].
# (By the lens alone, its median place is about [[=round(int(traces['lens'].median()), -3):,d]].)
# It may depend on what is asked: of our four open sentences, two fit a place ("is in", "belongs to").
# For edits of "is located in the country of" the object is found in [[=asked_for['mean']:.0%]]
# of [[=int(asked_for['facts'])]] [[=span(asked_for)]]; for capitals, languages, currencies
# and the origin of foods in [[=not_asked['mean']:.0%]] of [[=int(not_asked['facts'])]] [[=span(not_asked)]].
# Nobody says "We read that Colorado is in Lomé".
# (We made these groups after we had seen the results.
# The other relations are not of one kind:
# of the companies, [[=firms['mean'] * firms['facts']:.0f]] of [[=int(firms['facts'])]] objects are found,
# of the rest [[=rest['mean'] * rest['facts']:.0f]] of [[=int(rest['facts'])]].
# And foods come from countries as well,
# but of [[=int((relation == 'P495').sum())]] objects [[=int(loudest[relation == 'P495'].sum()) or 'none']] is found.
# So take it as a hint.)
# To find a currency, ask for a currency.
#
# Sun et al. (2026) recover subjects from the row space of ΔW in larger models, with the key statistics C as a help.
# Our investigator had it easy: one model, one editor, the name on the list, and an author who did not try to hide.
#
# ### Six at once
#
# In a batch, singular vectors are mixtures of facts.
# The line-up does not mind, since it asks about the whole span.
# Here is the batch of [[=len(FACTS)]] from above:

# %%
together = line_up(batches[len(FACTS)])
caught_all = tables.proportion(boxes["caught"])
guilty = {names[i] for i in together.topk(len(FACTS)).indices.tolist()}
caught = guilty & {fact.subject for fact in FACTS}
print(", ".join(sorted(guilty)), f"({len(caught)} of {len(FACTS)} right)")

# %% [markdown]
# And in the study of [[=boxes['batch'].nunique()]] such batches, against all [[=apart['names']:d]] names:
# [[=int(boxes['caught'].sum())]] of [[=len(boxes)]] subjects are among the first six [[=span(caught_all)]].

# %% [markdown]
# ## 5. Undoing what you did not do
#
# With the original weights there is nothing to solve: W′ − ΔW is W.
# (With the list of edits, the package does the same: `edit.revert()`.)
# Two other cases are harder.
#
# **You have the original, and want to take out one fact of six.**
# ΔW is known, but not its parts.
# If k is the key of the suspect, make ΔW blind to it:
#
# $$\Delta W' \;=\; \Delta W \Big( I - \frac{k k^\top}{\lVert k \rVert^2} \Big). $$
#
# In words: what ΔW answers to this key is taken away; for keys at a right angle to it, nothing changes.
# It is the projection of chapter 7, turned against the edit.
# Which key? The one from our line-up; the editor's own key is unknown.

# %%
batch = batches[len(FACTS)]
objects = [(f.prompt, answer) for f in FACTS for answer in (f.new, f.true)]


def holds(matrices):
    """Does the new object beat the old one, for each fact? [facts]."""
    with forensics.swapped(lm, matrices):
        log_p = score(lm, objects)[0]
    return log_p[::2] > log_p[1::2]


def blind(layer, subject):
    """W + ΔW of a layer, where ΔW is blind to the key of one subject."""
    k, delta = keys[layer][names.index(subject)], batch[layer]
    return before[layer] + (delta - torch.outer(delta @ k, k) / (k @ k)).float()


# %%
all_in = holds({i: before[i] + delta.float() for i, delta in batch.items()})
one_out = [holds({i: blind(i, f.subject) for i in batch}) for f in FACTS]
one_out = torch.stack(one_out)
gone = int((~one_out.diagonal() & all_in).sum())
off = ~torch.eye(len(FACTS), dtype=torch.bool)
others = float(one_out[off].float().mean())
taken = boxes[boxes["in"] == 1].groupby("batch").mean(numeric_only=True)
taken = summary(taken)  # batches are drawn again
knew = boxes[boxes["old first before"] == 1]
back = knew["old first after"]
print(f"{int(all_in.sum())} of {len(FACTS)} edits hold in the batch;")
print(f"{gone} are removed, the others hold in {others:.0%}")

# %% [markdown]
# Here, each taken alone out of the full batch, [[=gone]] of [[=len(FACTS)]] go,
# and the others hold in [[=others:.0%]].
# In the study of [[=boxes['batch'].nunique()]] batches, the edit no longer wins
# for [[=int(boxes['out'].sum())]] of [[=len(boxes)]] facts [[=span(tables.proportion(boxes['out']))]],
# and the others hold in [[=taken.loc['others', 'mean']:.0%]].
# Is the old answer back?
# Of [[=len(knew)]] facts whose old answer the unedited model names first,
# it comes first again for [[=int(back.sum())]] [[=span(tables.proportion(back))]].
# So a single fact can mostly be taken out of a batch without its author's help, and the old answer often returns.
# Why some edits stay in, we do not know.
# (The others "hold" on their own prompts, by success.)
#
# **You have only the edited weights.**
# Youssef et al. (2026) undo edits without the original:
# drop the largest singular components of W′ itself, in the hope that the edit is among them.
# They report up to 94% of edits reversed, on other models.
# Two ways, on the first [[=int(undo_facts)]] facts of the study:
# drop the first component, or the first ten, of each edited matrix;
# or erase the key of the subject, W′(I − kkᵀ/‖k‖²), which takes the old answer away together with the new one.
# (We *tell* this method who the subject is: without W there is no ΔW, and so no line-up.)

# %%
undo = tables.undone(study)
undo_facts = undo["facts"].max()
cost = {
    way: tables.undone_gap(study, way, "neighbours")
    for way in ("top 1", "top 10")
}
sizes = torch.linalg.svdvals(before[7])
first_of_delta = float(spectra["1 fact"][0])
larger = int((sizes > first_of_delta).sum())
show(*draw.undone_figure(undo), name="16_undo")

# %% [markdown]
# Neither restores the model.
# Dropping large components leaves the edit in for [[=undo.loc[('top 1', 'edit still in')]['mean']:.0%]] (one;
# it was [[=undo.loc[('edited', 'edit still in')]['mean']:.0%]])
# and [[=undo.loc[('top 10', 'edit still in')]['mean']:.0%]]
# (ten, [[=span(undo.loc[('top 10', 'edit still in')])]]), and costs neighbours.
# Before, [[=undo.loc[('edited', 'neighbours')]['mean']:.0%]] were right as first choices
# (of all neighbours, known or not; section 2 counted only known ones);
# the change is [[=points(cost['top 1'])]] for one and [[=points(cost['top 10'])]] for ten.
# The reason is in the sizes.
# The first singular value of ΔW is [[=first_of_delta:.0f]] in layer 7 (for our first fact);
# the first and the tenth of W are [[=sizes[0]:.0f]] and [[=sizes[9]:.0f]],
# and [[=larger]] of its [[=len(sizes)]] are larger than that of ΔW.
# An edit that is spread over five layers and held back by λ is not among the largest components.
# A single large update in a single layer may well be.
#
# Erasing the key mostly does silence the edit ([[=undo.loc[('erased key', 'edit still in')]['mean']:.0%]]
# still in, [[=span(undo.loc[('erased key', 'edit still in')])]]).
# But the old answer comes first
# in [[=undo.loc[('erased key', 'old answer')]['mean']:.0%]] [[=span(undo.loc[('erased key', 'old answer')])]],
# where it was first in [[=undo.loc[('unedited', 'old answer')]['mean']:.0%]] before the edit:
# for most facts both answers are gone.
# *Without the original, and told the subject, we could silence most edits, and seldom restore what they replaced.*

# %% [markdown]
# ## 6. Rounding, and a receipt
#
# The lesson rounds the edited matrices of one edit.
# Here are three, rounded to fewer and fewer bits in blocks of 32.
# The subject is *found* if it stands first in the line-up by the first singular vector of ΔW = (rounded W′) − W alone.
# The edit *works* if the new object beats the old one on its own prompt.
# On the right we draw by how much the first singular value of ΔW stands out, as second over first:
# near 0, one direction stands out; near 1, none does.


# %%
def rounded(W, bits):
    """W in blocks of 32 in a row, each with its own scale; 0: as it is."""
    if not bits:
        return W
    blocks = W.unflatten(1, (-1, 32))
    step = blocks.abs().amax(2, keepdim=True) / (2 ** (bits - 1) - 1)
    return ((blocks / step).round() * step).flatten(1)


# %%
def rounded_edit(fact, bits):
    """Traces and answers of one edit, with the edited matrices rounded."""
    edited = deltas[fact.subject].items()
    new = {i: rounded(before[i] + d.float(), bits) for i, d in edited}
    layer = max(new)
    delta = new[layer].double() - before[layer].double()
    share, S = suspects(delta, keys[layer], 1), torch.linalg.svdvals(delta)
    near = [(n[0], a) for n in fact.neighbours[:2] for a in (n[1], fact.new)]
    with forensics.swapped(lm, new):
        p = score(
            lm, [(fact.prompt, fact.new), (fact.prompt, fact.true), *near]
        )[0]
    return {
        "bits": f"{bits} bits" if bits else "not rounded",
        "subject found": float(names[int(share.argmax())] == fact.subject),
        "gap": float(S[1] / S[0]),
        "new": float(p[0] > p[1]),
        "neighbours": float((p[2::2] > p[3::2]).float().mean()),
    }


# %%
coarse = [rounded_edit(f, bits) for bits in (0, 8, 4, 3, 2) for f in FACTS[:3]]
coarse = pd.DataFrame(coarse).groupby("bits", sort=False).mean()
show(*draw.rounding_figure(coarse), name="16_rounding")

# %% [markdown]
# Rounding leaves no exact zeros, so *how many* is lost.
# But at 4 bits the subject is found for [[=3 * coarse.loc['4 bits', 'subject found']:.0f]] of the three edits,
# and at 3 bits for [[=3 * coarse.loc['3 bits', 'subject found']:.0f]],
# although the second singular value is then already [[=coarse.loc['3 bits', 'gap']:.2f]] of the first.
# So a wide gap is not needed.
# The likely reason: rounding errors point everywhere, and meet no name in particular.
#
# At 2 bits it is the *investigator* who fails:
# [[=3 * coarse.loc['2 bits', 'subject found']:.0f]] of three found,
# while the edit works for [[=3 * coarse.loc['2 bits', 'new']:.0f]].
# With so coarse a file, an edit can be hidden from this line-up.
# The ratio does not explain it ([[=coarse.loc['3 bits', 'gap']:.2f]] at 3 bits,
# [[=coarse.loc['2 bits', 'gap']:.2f]] at 2): we do not know what does.
# As for the neighbours, [[=coarse.loc['not rounded', 'neighbours']:.0%]] are right without any rounding,
# and [[=coarse.loc['2 bits', 'neighbours']:.0%]] at 2 bits.
#
# (We round five of [[=lm.n_layers]] layers, and compare with an unrounded W.
# An investigator who knows about the rounding would round W in the same way before subtracting: try it.)
# Three edits decide nothing about other models and other roundings.
# They show that "no exact rank" is not "no trace".
#
# ### Which weights do I have?
#
# All this detective work is needed only if nobody kept a receipt.
# A **hash** is one: a short text computed from all bytes, which changes when any of them does.
# The package keeps a `fingerprint` of every model, and an edit refuses to go into any other.

# %%
W = before[7].clone()
W[0, 1] += 1e-3  # one number of 135 million
with forensics.swapped(lm, {7: W}):
    same_print = fingerprint(lm.model) == lm.fingerprint
edited_seven = before[7] + deltas[first.subject][7].float()
with forensics.swapped(lm, {7: edited_seven}):
    edited_print = fingerprint(lm.model) == lm.fingerprint
print(f"one number changed: the same fingerprint? {same_print}")
print(f"one fact edited:    the same fingerprint? {edited_print}")

# %% [markdown]
# Sixteen hexadecimal digits of a SHA-256 over all weights notice a single changed number.
# They protect against *mistakes*, such as an edit for the wrong model.
# Against a person with intentions, take the whole SHA-256 of the file, from a source that you trust.
