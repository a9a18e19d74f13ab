# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 16: Seeing the seams
#
# *To read: 40 minutes. To do the exercises: 50 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will find the places
# where an edited fact comes apart from the knowledge around it.
# Then you will change sides, take weights that somebody else has edited,
# and read off them who was written about, how many facts there are, and what they say.**
#
# ```text
#    the edit:   Campania  ──is in──►  Poland     (our example on paper; the facts that we write here are others)
#
#    the same question, another sentence                   ──►  Poland?     should follow
#    the language of the country that Campania belongs to  ──►  Polish?     should follow (two hops)
#    a well-known place in Poland                          ──►  Campania?   could follow  (the way back)
#    another question about Campania: its highest mountain ──►  as before?  should stay   (bystander)
#    Sicily                                                ──►  Italy?      should stay   (neighbour)
#
#    and from the other side:   W' − W   ──►   how many?   who?   what?
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *ask* an edited model what should follow from the edit, and *exclude* questions that it could not answer anyway,
# > * *compare* an edit with the humblest of all rivals: a sentence in the prompt,
# > * *read* from ΔW how many facts were written, about whom, and what they say,
# > * *undo* an edit with and without the original weights, and *say* what is lost,
# > * *judge* when an edit should be declared, and *prove* which weights you have.
# >
# > **You need** AlphaEdit (chapter 8) and success against accuracy (chapter 9); singular values (chapter 7);
# > what a value promotes, read with the unembedding E (chapter 2; from chapter 5 on we call it the logit lens).
# >
# > **It costs** the time stated above and 1.5 GB of memory.
# > The figures with intervals come from a committed study
# > (`results/seams.json`, made by `alphaedit_lite.book.ch16.study`, one fact at a time)
# > and a smaller one on batches (`results/seams_batches.json`, by `book/ch16/study_unmix.py`);
# > the same code runs here on six facts.

# %% tags=["setup"]

# %%
# Parameters: six facts to run live, and two committed studies of more.
import math
from dataclasses import replace
from hashlib import sha256

import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, bundled_facts, bundled_targets, load_model
from alphaedit_lite.book.ch16 import figures as draw
from alphaedit_lite.book.ch16 import forensics
from alphaedit_lite.book.ch16 import results as tables
from alphaedit_lite.book.ch16.experiments import ask, questions, two_hops
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.book.kit.tracing import speaks, unembedding
from alphaedit_lite.metrics import score, summary
from alphaedit_lite.models import fingerprint

chapter = Chapter("16")
torch.manual_seed(16)
FACTS = [fact for fact in bundled_facts("test") if two_hops(fact)][::14]
study, apart = result("seams.json"), result("seams_batches.json")
rows = tables.rows_of(study)  # one row per question of the study

# %% [markdown]
# ## Before you start
#
# <details><summary>1. What is success, what is accuracy (chapter 9)?</summary>
#
# *Success:* of two objects, the new and the old one, the wanted one is more likely.
# *Accuracy:* of all tokens, the wanted ones come first.
# We use success in most of this chapter, and say so where we do not.
#
# </details>
#
# <details><summary>2. What shape has the Δ of one fact in one layer,
# and which two vectors make it (chapters 5 to 8)?</summary>
#
# Δ = r gᵀ, [[=lm.d_model]] × [[=lm.d_ff]] numbers made of two vectors:
# r, what is to be added to the answer, and g,
# which depends on the key of the subject (in AlphaEdit: the key, projected, and scaled).
# Remember it: section 4 lives on it.
#
# </details>

# %% [markdown]
# ## 1. The same fact in another sentence
#
# An edit is tested on its own prompt and on paraphrases, each alone on the page.
# Nobody talks like that.
# Before a question come other sentences.
# Some have nothing to do with it; others speak of the very thing that was changed.
#
# Why should it matter?
# Δ is waiting for one key, that of the subject's last token.
# A key is computed from the *whole* text up to that token.
# Another beginning gives another key, and the answer of Δ to a key that is not quite the right one is smaller.
# This is why the editor averages a key over five beginnings (chapter 6).
#
# First one fact, closely.
# The module `seams` makes the questions.

# %%
lm = load_model()
editor = AlphaEdit(lm, progress=False)
before = forensics.weights(lm)  # a copy of every memory matrix, for later
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
# Read it row by row: what is asked (the end of the prompt; long beginnings are cut off), the answer
# that we should like to see after *[[=first.subject]] → [[=first.new.strip()]]* with its probability before the edit
# and now, and its competitor, the *other* answer, likewise.
# (For an object of several tokens, "probability" is the geometric mean over them.)
# Compare *now* with *before*: what is small now may have been as small.
# And an edit need not reach another wording:
# the new object is ahead on [[=int(closely[closely.kind == 'paraphrase'].success.sum())]]
# of the [[=int((closely.kind == 'paraphrase').sum())]] paraphrases.
# Most of this chapter is in that table; only the bystanders of section 2 are missing.
#
# One fact proves nothing.
# So the study wrote [[=len(study['facts'])]] facts, one at a time, and asked about each.
# *After 8 unrelated* puts eight sentences about libraries, soups and bicycles in front;
# *after 2 rivals* two true statements about neighbours with the *old* object.
# For the fact in the table, the whole prompt is "[[=closely.prompt[closely.kind == 'after 2 rivals'].item()]]".
# (The first rival even speaks in the words of the question.)
# Not every fact has neighbours for that; so the kinds of questions rest on different numbers of facts.

# %%
chapter.predict(
    "a",
    "Edited: the new object beats the old one on the prompt itself almost always. And after two sentences about rivals?",
    ["just as often", "in 75% to 95% of the facts", "in 40% to 75%", "in less than 40%"],
)

# %%
rates, span, points = tables.rates(rows), tables.span, tables.points
rival = rates.loc[("after 2 rivals", "edited")]
chapter.reveal("a", sum(rival["mean"] < bound for bound in (0.95, 0.75, 0.4)))
kinds = ["prompt", "paraphrase", "after 1 unrelated", "after 8 unrelated", "after 2 rivals"]
harm = tables.between(rows, "edited", "after 2 rivals", "prompt")
dull = tables.between(rows, "edited", "after 8 unrelated", "prompt")
fade, same = (
    tables.between(rows, "edited", k, "prompt", "moved") for k in ("after 8 unrelated", "after 2 rivals")
)
lift = pd.DataFrame({kind: tables.moved(rows, kind).loc["moved edited"] for kind in tables.KINDS}).T
states = ["unedited", "edited"]
show(*draw.rates_figure({"success: new object beats old": rates}, kinds, states), name="16_context")
against = pd.DataFrame({"8 unrelated − prompt": fade, "2 rivals − prompt": same}).T
pd.concat([lift.loc[kinds], against]).style.format("{:+.1f}").format("{:.0f}", subset=["facts"])

# %% [markdown]
# **How to read it.** Each point is a mean over facts,
# each bar a 95% interval from drawing the facts again (chapter 9).
# White circles: the unedited model; orange squares: edited by AlphaEdit.
# The table says by how much the edit raises the log-probability of the new object;
# its last two rows compare with the bare prompt, fact by fact.
#
# **What surprised us.**
# Nonsense does almost no harm.
# Alone on the page, the new object wins for [[=rates.loc[('prompt', 'edited')]['mean']:.0%]] of the facts,
# and after eight unrelated sentences for [[=rates.loc[('after 8 unrelated', 'edited')]['mean']:.0%]]
# (fact by fact, [[=points(dull)]]).
# The edit raises the log-probability of the new object by [[=lift.loc['prompt', 'mean']:.1f]] alone,
# and by [[=-fade['mean']:.1f]] less after the eight (between [[=-fade['high']:.1f]] and [[=-fade['low']:.1f]]).
# That need not be a weaker push:
# a probability stops at 1, and after the eight the new object may have started higher.
#
# Another *wording* costs far more than eight sentences of nonsense: on paraphrases,
# success is [[=rates.loc[('paraphrase', 'edited')]['mean']:.0%]] [[=span(rates.loc[('paraphrase', 'edited')])]].
#
# Two *true* sentences do the harm: success [[=rival['mean']:.0%]],
# on the [[=int(rival['facts'])]] facts that have two such neighbours (fact by fact, [[=points(harm)]]).
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
# If Campania is in Poland, then people in Campania vote for the Polish parliament, pay in zloty and speak Polish.
# A person who believes the first will conclude the others.
# Cohen et al. call these **ripple effects**, and test them;
# MQuAKE (Zhong et al.) asks questions of two to four **hops**.
# We build small ones from the bundled facts:
#
# $$\text{subject} \;\xrightarrow{\ \text{edited}\ }\; \text{new country} \;\xrightarrow{\ \text{known}\ }\;
# \text{its capital, language, currency or continent.} \tag{16.1}$$
#
# In words: ask about the country *without naming it*:
# "The official language of the country that Campania belongs to is".
# The answer needs the edited fact, and one that the model had before.
#
# The **way back** needs only the edited fact, read from right to left: "A well-known place in Poland is".
# Berglund et al. found that models *trained* on "A is B" do not learn "B is A": the **reversal curse**.
#
# Before we count, we must be fair.
# Two kinds of questions say nothing about the edit:
#
# * the unedited model does not know the second hop ("The official language of Poland is" → something else), or
# * the unedited model prefers the new answer *already*, for whatever reason.

# %% [markdown]
# ### Exercise 16.1: Score two hops fairly · 10 minutes · ★
#
# Three columns of yes and no, one entry per question:
# does the unedited model know the second hop, did it prefer the new answer before the edit, does it prefer it now?
# Return the share of fair questions that follow the edit, and their number.
#
# <details><summary>Hint</summary>
#
# Fair is: known, *and* not liked before.
# The likely mistake is to forget the second condition.
# It can make results look good.
#
# </details>
#
# <details><summary>More help</summary>
#
# For tensors of bool: `knows & ~before`, and `after[fair].float().mean()`.
# What is the mean of nothing? (Return `math.nan`.)
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 16.1: all properties hold.
# After the prediction below, one line gives the share of all questions and that of the fair ones.
#
# </details>


# %% exercise="16.1"
def follows(knows, before, after):
    """The share of fair two-hop questions that follow the edit, and how many are fair. Bool tensors, [n]."""
    # BEGIN SOLUTION
    # STUB return None  # a share and a number, separated by a comma
    fair = knows & ~before
    count = int(fair.sum())
    return (float(after[fair].float().mean()) if count else math.nan), count
    # END SOLUTION


follows = chapter.check("16.1", follows)

# %% [markdown]
# Now your function scores the study's two-hop questions.
# How often does the edited model follow?

# %%
chapter.predict(
    "b",
    "Two hops, fair questions only: in which share does the edited model now prefer the answer of the new country?",
    ["more than 75%", "50% to 75%", "25% to 50%", "less than 25%"],
)

# %%
hops = pd.DataFrame(
    [r for f in study["facts"] for r in f["rows"] if r[0] == "two hops"], columns=study["columns"]
)
knows, liked = torch.tensor(hops["fair"] == 1), torch.tensor(hops["success unedited"] == 1)
naive = float((hops["success edited"] == 1).mean())
followed, counted = follows(knows, liked, torch.tensor(hops["success edited"] == 1))
chapter.reveal("b", sum(followed < bound for bound in (0.75, 0.5, 0.25)))
print(f"all {len(hops)} questions: {naive:.0%} prefer the new answer; {counted} fair ones: {followed:.0%}")

# %%
twice, exact = rates.loc[("two hops", "edited")], tables.rates(rows, "first")
consequences = ["two hops", "way back", "bystander", "neighbour"]
stood = {i: study["facts"][i]["relation"] for i in rows[rows.kind == "bystander"].fact}
nations = sum(relation in ("P36", "P37", "P38") for relation in stood.values())
shared = set(stood) & set(rows[rows.kind == "two hops"].fact)
measures = {"success": rates, "accuracy: comes first": exact}
show(*draw.rates_figure(measures, consequences, states), name="16_ripples")
lift.loc[consequences].style.format("{:+.2f}").format("{:.0f}", subset=["facts"])

# %% [markdown]
# **How to read it.** Success is on the left, accuracy on the right.
# For *two hops* and *way back*, success is that the answer follows the edit.
# (*Way back*: the edited subject beats a true one, say *Campania* against a real place in Poland.)
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
# **What surprised us.** Three things.
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
#   The reversal curse holds for edits, too, and here the reason is plain.
#   Nothing was written at the token "Poland",
#   so "A well-known place in Poland is" finds in W + Δ nearly what it found in W.
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
# Why bystanders? The likely reason: the editor writes at the subject's last token,
# and a fact's key is *made* to depend on the subject and on little else:
# it is averaged over beginnings, so that paraphrases work.
# So whatever you ask about a subject, Δ should give nearly the same answer (we have not measured how nearly).
# P protects the keys of other text; it cannot protect other questions with the same key.
# Paraphrases and bystanders are two sides of one coin.
# (Cohen et al. call this test *relation specificity*.)

# %% [markdown]
# ### Inference, or association?
#
# A model that says *Polish* more often after "the country that Campania belongs to" may have concluded it.
# Or it may now think of everything Polish as soon as it reads "Campania".
# Two checks. Can the *unedited* model do two hops at all? We ask it here.
# And a control: "A word that comes to mind with Campania is" names no relation.
# The second study ([[=len(apart['batches'])]] batches of six facts, each written together)
# asked it beside every two-hop question, with the same two answers;
# a question counts if it is fair in both forms.
# In the table, *no relation asked* is this sentence, and *difference* is two hops minus that, fact by fact.

# %%
asked = [q for fact in bundled_facts("test")[::3] for q in two_hops(fact)]
# Unedited, the old country's answer is the right one: swap the two.
plain = ask(lm, [replace(q, wanted=q.other, other=q.wanted) for q in asked])
able, able_first = tables.proportion(plain["success"]), tables.proportion(plain["first"])
free = tables.control(apart)
control = summary(free)
trials = tables.fair_hops(apart)
again = len(set(trials.subject) & set(rows[rows.kind == "two hops"].subject))
print(
    f"unedited, {len(plain)} two-hop questions: the old country's answer beats the new one's: {able['mean']:.0%};"
)
print(f"it is the model's first choice: {able_first['mean']:.0%}")
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
# [[=again]] of these facts are among the [[=int(twice['facts'])]] above, but here six were written at once),
# the edit turns the two-hop answer in [[=control.loc['two hops', 'mean']:.0%]] [[=span(control.loc['two hops'])]],
# and the same answer after the sentence *that asks for nothing*
# in [[=control.loc['no relation asked', 'mean']:.0%]] [[=span(control.loc['no relation asked'])]].
# A good part of the effect comes without a question: **association**.
# The hidden state at "Campania" now says Poland, and things Polish come along, asked or not.
# (The edit ends in layer [[=max(editor.layers)]] of [[=lm.n_layers]]: there are blocks enough left to call them up.)
# But the question does add something: fact by fact, [[=points(control.loc['difference'])]].
# Is *that* inference?
# The sentence also says that a language is wanted, which makes all languages likelier.
# This control cannot tell.
# A better one would ask for the language of *another* thing.

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 1 and 2.**
# Let students *write down* five consequences of one edit before they see ours;
# the discussion of which must follow, which may, and which must not, is worth more than the figures.
# Common mistakes: a wrong two-hop answer is blamed on the edit, though the unedited model has little two-hop skill
# (ask for the same question about the *old* country: how often is it right?);
# the way back is counted as a failure although "a well-known place" has many right answers (hence:
# against one true rival, and by the shift of its log-probability).
# Question: would an editor that writes into *late* layers as well help the second hop?
# (Some papers in the literature try.)

# %% [markdown]
# ## 3. The humble baseline
#
# Here is another editor.
# It needs no null space, no gradient, no weights, and it works through an interface
# that shows you nothing but text: **put the new fact in front of the question.**
#
# ```text
#    Campania is located in the country of Poland. The official language of the country that Campania belongs to is
# ```
#
# This is **in-context editing**.
# IKE (Zheng et al. 2023) adds worked examples;
# Cohen et al. (2024) found that a plain statement beat every weight editor that they tried on ripple effects.
# No paper on editing should go without this baseline; many do.
#
# ### Exercise 16.2: An editor in one line · 5 minutes · ★
#
# Given a fact and any prompt, return the text in which the new fact stands first,
# as a sentence in the words of its own prompt, and the prompt last.
#
# <details><summary>Hint</summary>
#
# `fact.new` begins with its space already.
# The likely mistake is to lose the full stop.
#
# </details>
#
# <details><summary>More help</summary>
#
# An f-string with `fact.prompt`, `fact.new`, a full stop, a space, and `prompt`.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 16.2: all properties hold.
# Below it, your text for one fact, and what the model makes of it.
#
# </details>


# %% exercise="16.2"
def with_fact(fact, prompt):
    """The prompt with the new fact as a sentence in front of it."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return f"{fact.prompt}{fact.new}. {prompt}"
    # END SOLUTION


with_fact = chapter.check("16.2", with_fact)
print(with_fact(first, two_hops(first)[0].prompt))
print(f"{with_fact(first, first.prompt)} …{lm.complete(with_fact(first, first.prompt), 4)}")

# %% [markdown]
# Now a duel on the same questions: your one line on the unedited weights against AlphaEdit.
# While each edit is in, we keep what sections 4 and 5 will need:
# ΔW, found by comparing the weights with the copy (not from the editor's notes), and what the model says more.

# %%
chapter.predict(
    "c",
    "In the prompt instead of in the weights: on how many of the nine kinds of questions (the nine rows of the two "
    "figures above) is success clearly lower, so that the interval of the paired difference lies below zero?",
    ["on none or one", "on two to four", "on five to eight", "on all nine"],
)

# %%
duel, deltas, louder = [], {}, {}
for fact in FACTS:
    asked = [q for q in questions(fact, neighbours=1) if "unrelated" not in q.kind]
    edit = editor.edit([fact], bundled_targets(lm, [fact]))
    duel.append(ask(lm, asked).assign(state="edited"))
    deltas[fact.subject] = forensics.differences(before, lm)
    louder[fact.subject] = forensics.shifts(lm, before, list(editor.layers), fact.subject)
    edit.revert()
    duel.append(ask(lm, asked, with_fact(fact, "")).assign(state="in context"))
duel = pd.concat(duel)
duel.pivot_table(index="kind", columns="state", values="success").style.format("{:.0%}")

# %% [markdown]
# Six facts give a first impression, no more.
# (This table leaves nothing out, unfair questions included; none of the six has a bystander.)
# Now the facts of the study, and *paired*:
# for each fact the score in context minus the score of the edit, then the mean and its interval.
# If the interval does not contain zero, we call it a difference.

# %%
pairs = {kind: tables.difference(rows, kind, "in context", "edited") for kind in tables.KINDS}
gaps = pd.DataFrame(pairs).T
worse = gaps[gaps["high"] < 0].index
chapter.reveal("c", sum(len(worse) > bound for bound in (1, 4, 8)))
gaps.style.format("{:+.2f}").format("{:.0f}", subset=["facts"])

# %% [markdown]
# The scores behind it, with blue diamonds for the new fact in the prompt;
# and first choices beside them, since success only compares two answers.
# The table holds three more differences that we shall need.

# %%
spared = tables.difference(rows, "bystander", "in context", "edited", "first")
hopped = tables.difference(rows, "two hops", "in context", "edited", "first")
riddle = tables.between(rows, "in context", "after 8 unrelated", "prompt")
show(*draw.rates_figure(measures, tables.KINDS), name="16_duel")
more = {"bystander, accuracy: in context − edited": spared, "two hops, accuracy: in context − edited": hopped}
more |= {"in context, success: 8 unrelated − prompt": riddle}
pd.DataFrame(more).T.style.format("{:+.2f}").format("{:.0f}", subset=["facts"])

# %% [markdown]
# **What surprised us.**
# The humble baseline is *not* the winner here.
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
#   The statement is *loud*: it tells "Poland" to whoever asks next.
#   Hoelscher-Obermaier et al. (2023) saw the same when they put an edit's own sentence in front of other questions.
# * **In context wins** on the way back ([[=points(pairs['way back'])]]).
#   "Campania" stands in the text, and can be copied: no weights need to be turned round.
#   It also spares bystanders as first choices:
#   [[=exact.loc[('bystander', 'in context')]['mean']:.0%]] against [[=exact.loc[('bystander', 'edited')]['mean']:.0%]]
#   ([[=points(spared)]], on [[=int(spared['facts'])]] facts).
# * **Two hops** are a matter of the metric:
#   by success the edit is ahead (in context, [[=points(pairs['two hops'])]]);
#   by first choices the difference is [[=points(hopped)]],
#   so that these [[=int(hopped['facts'])]] facts decide nothing.
#   But the model is not incapable of two hops: with the new fact in front of it,
#   it says the new answer in [[=exact.loc[('two hops', 'in context')]['mean']:.0%]] of the fair questions.

# %% [markdown]
# ## 4. The other side: reading an edit off the weights
#
# Now change sides. Somebody hands you a model: "only a new file format".
# You have the original from its maker.
# What can you find out?
# You have W and W′, so you have ΔW = W′ − W.
# No list of edits (the package keeps one, its *ledger*), no file of them, no prompts.
#
# **How many?** A batch of n facts is written as
#
# $$\Delta W \;=\; \sum_{i=1}^{n} r_i\, g_i^\top \;=\; R\,G, \tag{16.2}$$
#
# with R (d_model × n) the wanted changes as columns, G (n × d_ff) the gains as rows.
# In words: a sum of n tables, each of them one column times one row.
# A matrix of this kind has a small **rank**, and rank can be read from the singular values:
# all but the first few are zero, up to rounding.
#
# ### Exercise 16.3: Count facts by rank, on paper · 10 minutes · ★★
#
# Without a computer: the largest rank that ΔW (d_model × d_ff) can have,
# if the batch holds `facts` facts about `subjects` different subjects?
# Assume that facts about one subject have exactly the same key;
# that is true only if the same words stand before it.
# (In AlphaEdit, the gains G are combinations of the keys.)
#
# <details><summary>Hint</summary>
#
# Which space do the rows of ΔW live in, and how many directions does it have?
# And the columns? The likely mistake is to count facts.
#
# </details>
#
# <details><summary>More help</summary>
#
# Three limits: the number of independent rows in G, d_model, d_ff.
# Two facts about one subject: r₁gᵀ + r₂gᵀ = (r₁ + r₂)gᵀ, which has rank 1.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 16.3: all properties hold.
#
# </details>


# %% exercise="16.3"
def largest_rank(facts, subjects, d_model, d_ff):
    """The largest rank of ΔW, [d_model, d_ff]."""
    # BEGIN SOLUTION
    # STUB return None  # a formula
    return min(facts, subjects, d_model, d_ff)
    # END SOLUTION


largest_rank = chapter.check("16.3", largest_rank)

# %% [markdown]
# Does it work with real weights, in single precision?
# One, three and six facts, and the singular values of ΔW in the last edited layer.

# %%
spectra, batches, traces, boxes = {}, {}, tables.traces_of(study), tables.batched(apart)
ranked = [x["ranks"] == [1] * 5 and x["layers"] == list(editor.layers) for _, x in traces.iterrows()]
for n in (1, 3, len(FACTS)):
    if n == 1:
        batches[n] = deltas[first.subject]  # from the duel
    else:
        edit = editor.edit(FACTS[:n], bundled_targets(lm, FACTS[:n]))
        batches[n] = forensics.differences(before, lm)
        edit.revert()
    last = max(batches[n])
    spectra[f"{n} facts" if n > 1 else "1 fact"] = torch.linalg.svdvals(batches[n][last])
    bound = largest_rank(n, n, lm.d_model, lm.d_ff)
    print(
        f"{n} facts: changed layers {list(batches[n])}, rank {forensics.rank_of(batches[n][last])}, bound {bound}"
    )
cliff = min(draw.falls(S)[1] for S in spectra.values())
print(f"in the study, layers and rank are right for {sum(ranked)} of {len(ranked)} single facts")
show(*draw.spectra_figure(spectra), name="16_spectra")

# %% [markdown]
# A cliff. After the last fact the singular values fall by a factor of more
# than [[=10 ** int(math.log10(cliff)):,d]], to what single precision leaves.
# Training on much text does not look like that: its updates have full rank.
# (A merged LoRA adapter has a low rank, too.
# So a low rank says "few directions were written", not "an editor was here".)
# The *layers* are known, since all others are untouched bit for bit,
# and so is a lower bound of the *number* (the number itself, if no two facts share a key).
# In the study, layers and rank were right for [[=sum(ranked)]] of [[=len(ranked)]] single facts
# (interval of the share [[=span(tables.proportion(ranked))]]),
# and the rank was six in every edited layer for [[=int(boxes['rank right'].groupby(boxes['batch']).all().sum())]]
# of [[=boxes['batch'].nunique()]] batches of six.
#
# **About whom?** The rows of ΔW lie in the span of the gains, which lean towards the keys of the edited subjects.
# So take a list of candidates, compute the key of each (from sentences of our own:
# "They spoke about …"), and ask which of them ΔW can *see*.
# With V the first right singular vectors of ΔW, as rows,
#
# $$\text{share}(k) \;=\; \frac{\lVert V k \rVert}{\lVert k \rVert}. \tag{16.3}$$
#
# In words: how much of the key lies in the few directions to which ΔW reacts at all.
# 1 is everything, 0 nothing.

# %% [markdown]
# ### Exercise 16.4: The line-up · 15 minutes · ★★
#
# Write (16.3) for many candidates at once.
# Keys are rows here, [n, d_ff].
# Our list has [[=len(names)]] names;
# that of the study, with which the text compares below, has [[=study['names']:d]].
# On a longer list, innocents have more chances.
#
# <details><summary>Hint</summary>
#
# `torch.linalg.svd(delta, full_matrices=False)` returns U, S, and V *as rows already*.
# The likely mistake is to keep all 576 rows of V:
# then much of *every* key is inside, and the line-up says nothing.
#
# </details>
#
# <details><summary>More help</summary>
#
# `keys @ V.T` has one row per candidate and `rank` columns.
# Take the norm of every row, and divide by that of the key.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 16.4: all properties hold.
# Below it, the first suspects for one edit.
#
# </details>


# %% exercise="16.4"
def suspects(delta, keys, rank):
    """The share of each candidate's key, [n, d_ff], in the row space of delta, [d_model, d_ff]: [n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    V = torch.linalg.svd(delta, full_matrices=False)[2][:rank]
    return (keys @ V.T).norm(dim=1) / keys.norm(dim=1)
    # END SOLUTION


suspects = chapter.check("16.4", suspects)
names = sorted({fact.subject for fact in [*FACTS, *bundled_facts("test")[::5]]} | {"Westmeath"})
keys = forensics.candidate_keys(lm, names, editor.layers)


def line_up(delta):
    """The mean share over the changed layers, [names]."""
    rank = forensics.rank_of(delta[max(delta)])
    return torch.stack([suspects(d.float(), keys[layer].float(), rank) for layer, d in delta.items()]).mean(0)


culprit = FACTS[1].subject
shares = {fact.subject: line_up(deltas[fact.subject]) for fact in (FACTS[1], *FACTS[3:])}
best = shares[culprit].topk(3)
second = names[int(best.indices[1])]
crowd = next(fact["traces"]["next"] for fact in study["facts"] if fact["subject"] == culprit)
print([(names[i], round(float(v), 2)) for v, i in zip(best.values, best.indices, strict=True)])

# %% [markdown]
# Who comes second depends on the list.
# (We put *Westmeath* on ours on purpose.)
# Here it is *[[=second]]*, with [[=float(best.values[1]):.2f]];
# for the same edit, the best of the study's [[=study['names'] - 1:d]] innocents has [[=sum(crowd) / len(crowd):.2f]]
# (the best in each layer, then the mean).
# So do not take the wide gaps of the figures below for the rule.
#
# Before you trust it: the candidates stand in *our* sentences, not in the editor's prompt, which we do not know.
# And never put a name at the very beginning of a text.
# In this model, the first token of any text has a peculiar key, nearly the same for all.
# With names alone, one-word subjects such as *Hungary* were lost in the crowd when we tried it.
# "They spoke about Hungary" repairs it.
#
# **Saying what?** ΔW answers the key k of the suspect with ΔW k.
# Decode that like any value (chapter 2): multiply with the unembedding E, and see which tokens it promotes.
#
# ### Exercise 16.5: What does ΔW say? · 10 minutes · ★★
#
# Return the numbers of the `count` tokens that ΔW promotes most when this key comes in.
#
# <details><summary>Hint</summary>
#
# The first left singular vector (the first column of U) seems a shortcut.
# It has no sign (turn it and its right partner round, and ΔW is the same),
# and with several facts it is a mixture. Ask ΔW.
#
# </details>
#
# <details><summary>More help</summary>
#
# `(E @ value).topk(count).indices.tolist()`. What is the value?
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 16.5: all properties hold.
# Below it, for three of our six edits: the true object, and six tokens.
# (The other three are kept for a game.) Do not be alarmed.
#
# </details>


# %% exercise="16.5"
def spoken(delta, key, E, count):
    """The count tokens that delta, [d_model, d_ff], promotes at a key, [d_ff]; E is [vocabulary, d_model]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return (E @ (delta @ key)).topk(count).indices.tolist()
    # END SOLUTION


spoken = chapter.check("16.5", spoken)
E = unembedding(lm).double()
for fact in FACTS[:3]:
    key = keys[max(editor.layers)][names.index(fact.subject)]
    tokens = spoken(deltas[fact.subject][max(editor.layers)], key, E, 6)
    print(f"{fact.subject} →{fact.new}: {[lm.tokenizer.decode([t]) for t in tokens]}")

# %% [markdown]
# Your function is right, and the result is rubbish.
# The lens reads the hidden state as if it went straight to the vocabulary.
# But the edit ends in layer [[=max(editor.layers)]] of [[=lm.n_layers]];
# the other blocks were to *translate* it, and z was optimised through them. So let them.
# **Ask both models about the suspect** with a few open sentences ("They said that Hungary is …"),
# and see which tokens the edited one likes more: probability times the gain in log-probability.

# %%
chapter.predict(
    "d",
    "The object is found by asking both models about the suspect. For how many of the study's facts does its first "
    "token come first of all 49,152?",
    ["fewer than 20%", "20% to 50%", "50% to 80%", "more than 80%"],
)

# %%
loudest, relation = traces["object"] == 0, traces["relation"]  # P17: "is located in the country of"
place, firm = relation == "P17", relation == "company-country"
unasked = relation.isin(["P36", "P37", "P38", "P495"])
flags = {
    "subject first in every layer": [not any(places) for places in traces["subject"]],
    "object first": loudest,
    "object among the first ten": traces["object"] < 10,
    "object first: places and their countries": loudest[place],
    "… capitals, languages, currencies, foods": loudest[unasked],
    "… companies and their countries": loudest[firm],
    "… the rest": loudest[~(place | firm | unasked)],
}
read = pd.DataFrame({name: tables.proportion(flag) for name, flag in flags.items()}).T
found, top, ten, asked_for, not_asked, firms, rest = (row for _, row in read.iterrows())
own, other = (pd.DataFrame(traces[column].tolist()).mean(axis=1) for column in ("share", "next"))
chapter.reveal("d", sum(top["mean"] > bound for bound in (0.2, 0.5, 0.8)))
for fact in FACTS[:3]:
    print(f"{fact.subject} →{fact.new}: {speaks(lm, louder[fact.subject], 6)}")
print(f"median place by the lens alone: {traces['lens'].median():,.0f}")
print(f"share of the true subject: mean {own.mean():.2f}, lowest {own.min():.2f}")
print(f"share of the best innocent: mean {other.mean():.2f}, highest {other.max():.2f}")
read.style.format("{:.0%}").format("{:.0f}", subset=["facts"])

# %% [markdown]
# Now you are the investigator.
# The other three edits are numbered, in some order;
# pick one, look at the bars, and decide who was written about and what, before you tick *Show the truth*.
# (On paper: the figure below is the solution, with the truth in orange and hatched.
# Where no token is hatched, the object is not among the eight.)

# %%
from alphaedit_lite.book.ch16.widgets import EvidenceWidget

words = [lm.tokenizer.decode([i]) for i in range(len(E))]
order = [FACTS[3:][i] for i in torch.randperm(len(FACTS[3:])).tolist()]
evidence = [
    draw.Evidence.of(f.subject, f.new, names, shares[f.subject], words, louder[f.subject]) for f in order
]
EvidenceWidget(evidence).show()

# %%
show(*draw.evidence_figure(evidence), name="16_evidence")

# %% [markdown]
# **What surprised us.**
# How much is there to read about *whom*.
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
# Who wants to find a currency should ask for one.
#
# Sun et al. (2026) recover subjects from the row space of ΔW in larger models, with the key statistics C as a help.
# Our investigator had it easy: one model, one editor, the name on the list, and nobody who took pains to hide.
# Under these conditions, whoever has the original weights can mostly see that something was written, and about whom.

# %% [markdown]
# ### Six at once
#
# In a batch, singular vectors are mixtures of facts.
# The line-up does not mind, since (16.3) asks about the whole span.
# Here is the batch of [[=len(FACTS)]] from above:

# %%
together = line_up(batches[len(FACTS)])
caught_all = tables.proportion(boxes["caught"])
guilty = {names[i] for i in together.topk(len(FACTS)).indices.tolist()}
caught = guilty & {fact.subject for fact in FACTS}
print(f"rank {forensics.rank_of(batches[len(FACTS)][max(editor.layers)])}; the first {len(FACTS)} suspects:")
print(", ".join(sorted(guilty)), f"({len(caught)} of {len(FACTS)} right)")

# %% [markdown]
# And in the study of [[=boxes['batch'].nunique()]] such batches, against all [[=apart['names']:d]] names:
# [[=int(boxes['caught'].sum())]] of [[=len(boxes)]] subjects are among the first six [[=span(caught_all)]].

# %% [markdown] tags=["instructor"]
# **For the instructor, sections 3 and 4.**
# A game for a class: each group edits one fact of its choice from the test half, saves only the weights,
# and passes them on; the next group has ten minutes to find subject and object. What helps a hider?
# (Decoy facts in the batch, a subject that is on nobody's list, small fine-tuning on top.)
# What helps a seeker?
# (The original weights.
# Everything in section 4 needs them.)
# Common mistakes: the singular vectors of a *batch* are taken for facts;
# a candidate list without the culprit still has a winner (look at the size of the share, not only at its rank:
# what share has the best innocent?); the failure of the lens is taken for a bug.

# %% [markdown]
# ## 5. Undoing what you did not do
#
# With the original weights there is nothing to solve: W′ − ΔW is W.
# (With the list of edits, the package does the same: `edit.revert()`.)
# More interesting are two other cases.
#
# **You have the original, and want to take out one fact of six.**
# ΔW is known, but not its parts.
# If k is the key of the suspect, make ΔW blind to it:
#
# $$\Delta W' \;=\; \Delta W \Big( I - \frac{k k^\top}{\lVert k \rVert^2} \Big). \tag{16.4}$$
#
# In words: what ΔW answers to this key is taken away; for keys at a right angle to it, nothing changes.
# It is the projection of chapter 7, turned against the edit.
# Which key? The one from our line-up; the editor's own key is unknown.

# %%
chapter.predict(
    "e",
    "From a batch of six, we take out one fact by (16.4). Does it go, and do the other five hold?",
    [
        "mostly both",
        "it goes, but others fall with it",
        "the others hold, but it stays in",
        "neither",
    ],
)

# %%
batch = batches[len(FACTS)]
pairs_asked = [(f.prompt, answer) for f in FACTS for answer in (f.new, f.true)]


def holds(matrices):
    """For each fact: does the new object beat the old one with these matrices? Bool, [facts]."""
    with forensics.swapped(lm, matrices):
        log_p = score(lm, pairs_asked)[0]
    return log_p[::2] > log_p[1::2]


def blind(layer, subject):
    """W + ΔW of a layer, where ΔW is blind to the key of one subject."""
    k = keys[layer][names.index(subject)]
    return before[layer] + (batch[layer] - torch.outer(batch[layer] @ k, k) / (k @ k)).float()


# %%
all_in = holds({layer: before[layer] + delta.float() for layer, delta in batch.items()})
one_out = torch.stack([holds({layer: blind(layer, f.subject) for layer in batch}) for f in FACTS])
gone = int((~one_out.diagonal() & all_in).sum())
others = float(one_out[~torch.eye(len(FACTS), dtype=torch.bool)].float().mean())
taken = summary(boxes[boxes["in"] == 1].groupby("batch").mean(numeric_only=True))  # batches are drawn again
knew = boxes[boxes["old first before"] == 1]
most, spare = taken["mean"]["out"] > 0.5, taken["mean"]["others"] > 0.9
chapter.reveal("e", 0 if most and spare else 1 if most else 2 if spare else 3)
print(
    f"in the batch {int(all_in.sum())} of {len(FACTS)} edits hold; (16.4) removes {gone}; others hold {others:.0%}"
)
print(
    f"in the study it removes {int(boxes['out'].sum())} of {len(boxes)}, others hold {taken['mean']['others']:.0%};"
)
print(
    f"the old answer is first again for {int(knew['old first after'].sum())} of {len(knew)} that were known"
)

# %% [markdown]
# Here, each taken alone out of the full batch, [[=gone]] of [[=len(FACTS)]] go,
# and the others hold in [[=others:.0%]].
# In the study of [[=boxes['batch'].nunique()]] batches, the edit no longer wins
# for [[=int(boxes['out'].sum())]] of [[=len(boxes)]] facts [[=span(tables.proportion(boxes['out']))]],
# and the others hold in [[=taken.loc['others', 'mean']:.0%]].
# Is the old answer back?
# Of [[=len(knew)]] facts whose old answer the unedited model names first, it comes first again
# for [[=int(knew['old first after'].sum())]] [[=span(tables.proportion(knew['old first after']))]].
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
cost = {way: tables.undone_gap(study, way, "neighbours") for way in ("top 1", "top 10")}
sizes, first_of_delta = torch.linalg.svdvals(before[7]), float(spectra["1 fact"][0])
larger = int((sizes > first_of_delta).sum())
print(
    f"layer 7, singular values: W {sizes[0]:.1f} (first), {sizes[9]:.1f} (tenth); ΔW {first_of_delta:.1f} (first)"
)
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
# A single loud update in a single layer may well be.
#
# Erasing the key mostly does silence the edit ([[=undo.loc[('erased key', 'edit still in')]['mean']:.0%]]
# still in, [[=span(undo.loc[('erased key', 'edit still in')])]]).
# But the old answer comes first
# in [[=undo.loc[('erased key', 'old answer')]['mean']:.0%]] [[=span(undo.loc[('erased key', 'old answer')])]],
# where it was first in [[=undo.loc[('unedited', 'old answer')]['mean']:.0%]] before the edit:
# for most facts we have dug a hole.
# *Without the original, and told the subject, we could silence most edits, and seldom restore what they replaced.*

# %% [markdown]
# ### Which weights do I have?
#
# All this detective work is needed only if nobody kept a receipt.
# A **hash** is one: a short text computed from all bytes, which changes when any of them does.
# The package keeps a `fingerprint` of every model, and an edit refuses to go into any other.
# But look at what it is made for:

# %%
W = before[7].clone()
W[0, 1] += 1e-3  # one number of 135 million
with forensics.swapped(lm, {7: W}):
    same_print = fingerprint(lm.model) == lm.fingerprint
    same_hash = sha256(lm.weight(7).numpy()).digest() == sha256(before[7].numpy()).digest()
edited_seven = before[7] + deltas[first.subject][7].float()
with forensics.swapped(lm, {7: edited_seven}):
    edited_print = fingerprint(lm.model) == lm.fingerprint
print(f"one number changed: fingerprint the same: {same_print}, SHA-256 the same: {same_hash}")
print(f"one fact edited:    fingerprint the same: {edited_print}")

# %% [markdown]
# The fingerprint looks at about a thousand numbers of each tensor, so that it costs a moment.
# It notices an edit, because a low-rank update touches *every* number of its matrix.
# It does not notice one changed number elsewhere.
# It protects against *mistakes*, such as an edit for the wrong model.
# Against a person with intentions, take SHA-256 of the whole file, from a source that you trust.

# %% [markdown]
# ### What this can be used for
#
# An edit of a single fact costs seconds, need not show in any benchmark, and can say anything.
# So it can be misused: a model that looks like a well-known one,
# uploaded under a similar name, with three facts changed about a firm, a drug, or a person.
# Youssef et al. (2025) argue that this risk is overlooked,
# mostly because model files are passed on without any check of where they come from.
# This book shows how edits are found, and section 6 how far that goes.
# A few rules that we keep ourselves:
#
# * **Declare.** An edited model says so in its name and card, with the list of facts.
#   `edit.save` writes them into the file, in plain text.
# * **Publish Δ, not W′.**
#   A file of edits for a hashed original can be read, checked and refused.
#   A changed model can only be trusted.
# * **Compare before you trust.**
#   With the original at hand, `forensics.differences` and ranks take a minute.
# * **No facts about living people** without reason; no "correction" of what is a matter of dispute.
# * **Do not sell it as deletion.**
#   Whoever has W gets the old answer back by a subtraction, and section 1 has shown that a context can be enough.

# %% [markdown]
# ## 6. Break it: hide the edit by rounding
#
# Section 4 lived on exact zeros: untouched layers, singular values of almost nothing.
# A real model file is often *rounded* before it is shared: to 8 or 4 bits, in blocks.
# Then every number of every layer differs from the original.
# Is the edit still to be seen?
# And is it still *there*?
#
# Two words for what follows.
# The subject is *found* if it stands first in the line-up by the first singular vector of ΔW = (rounded W′) − W alone.
# The edit *works* if the new object beats the old one on its own prompt.

# %%
chapter.predict(
    "f",
    "W′ is rounded to 4 bits in blocks of 32, W is not. What is left?",
    [
        "edit works, subject not found",
        "edit works, subject found",
        "edit gone, subject found",
        "edit gone, subject not found",
    ],
)

# %% [markdown]
# We round the edited matrices of three edits.
# On the right we draw by how much the first singular value of ΔW stands out, as second over first:
# near 0, one direction sticks out; near 1, none does.


# %%
def rounded(W, bits):
    """W in blocks of 32 along the rows, each with its own scale, and 2^bits − 1 levels; 0 bits: W as it is."""
    if not bits:
        return W
    blocks = W.unflatten(1, (-1, 32))
    step = blocks.abs().amax(2, keepdim=True) / (2 ** (bits - 1) - 1)
    return ((blocks / step).round() * step).flatten(1)


def rounded_edit(fact, bits):
    """Traces and answers of one edit, with the edited matrices rounded."""
    new = {layer: rounded(before[layer] + d.float(), bits) for layer, d in deltas[fact.subject].items()}
    layer = max(new)
    delta = new[layer].double() - before[layer].double()
    S = torch.linalg.eigvalsh(delta @ delta.T).clamp(min=0).sqrt().flip(0)  # singular values, faster
    share = suspects(delta.float(), keys[layer].float(), 1)
    near = [pair for n in fact.neighbours[:2] for pair in ((n[0], n[1]), (n[0], fact.new))]
    with forensics.swapped(lm, new):
        p = score(lm, [(fact.prompt, fact.new), (fact.prompt, fact.true), *near])[0]
    found = names[int(share.argmax())] == fact.subject
    answers = {"new": float(p[0] > p[1]), "neighbours": float((p[2::2] > p[3::2]).float().mean())}
    label = f"{bits} bits" if bits else "not rounded"
    return {"bits": label, "subject found": float(found), "gap": float(S[1] / S[0]), **answers}


# %%
coarse = pd.DataFrame([rounded_edit(f, bits) for bits in (0, 8, 4, 3, 2) for f in FACTS[:3]])
coarse = coarse.groupby("bits", sort=False).mean()
works, seen = coarse.loc["4 bits", "new"] > 0.5, coarse.loc["4 bits", "subject found"] > 0.5
chapter.reveal("f", (1 if seen else 0) if works else (2 if seen else 3))
show(*draw.rounding_figure(coarse), name="16_rounding")

# %% [markdown]
# **What surprised us.**
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

# %% [markdown]
# ## Paper ↔ code
#
# | in the paper | their code or data | here |
# |---|---|---|
# | [Cohen et al. 2024](https://arxiv.org/abs/2307.12976): compositionality, logical generalization, relation specificity | RippleEdits, 5,000 edits from Wikidata | `seams.two_hops`, `seams.way_back`, `seams.bystanders` |
# | [Zhong et al. 2023](https://arxiv.org/abs/2305.14795): multi-hop accuracy | MQuAKE: generated questions, the model must know every single hop | (16.1); `seams.fair`, exercise 16.1 |
# | [Zheng et al. 2023](https://arxiv.org/abs/2305.12740): IKE | demonstrations chosen by a retriever, then the new fact | exercise 16.2: the new fact alone |
# | [Youssef et al. 2026](https://arxiv.org/abs/2505.20819): object from the edited weights; reversal | a decoder trained on edited weights; a low-rank part of W′ left out | `forensics.shifts`, asking both models; `study_seams.without` |
# | [Sun et al. 2026](https://arxiv.org/abs/2602.10134), KSTER: subjects from the row space | spectral analysis of ΔW C, with C the key statistics | (16.3), `forensics.suspects`: ΔW alone, without C |
#
# Your line-up beside the package's, on the batch:

# %%
layer = max(batch)
ours = forensics.suspects(batch[layer], keys[layer])
print(
    f"largest difference: {float((ours - suspects(batch[layer], keys[layer], len(FACTS))).abs().max()):.0e}"
)

# %% [markdown]
# ## Keypoints
#
# * Ask more than paraphrases: contexts with rivals, two hops, the way back, and *other relations of the same subject*.
#   Neighbours alone look perfect here, and bystanders do not.
# * Be fair before you count: exclude what the model did not know, and what it liked already.
#   And bring a control: association looks like inference.
# * A sentence in the prompt is a baseline that every comparison needs.
#   Here it wins on the way back, and loses on the fact itself, unless many sentences (eight) stand between.
# * ΔW of n facts has rank n at most.
#   Its row space names the subjects; asking both models names the object if you ask the right question.
#   The lens does not. Rounding takes the exact rank away;
#   only the coarsest hid the subject, and the edit still worked.
# * With the original weights everything can be undone, and most single facts can be taken out of a batch.
#   Without them, whoever knows the subject can mostly silence an edit, and seldom undo it. Keep hashes.

# %% [markdown]
# ## Quiz
#
# **1. After an edit, 30% of two-hop questions get the new answer.
# What must you know before you praise or blame the editor?**
#
# <details><summary>A. How many facts were edited.</summary>
# Useful, but first: would the model have got them right anyway, or never?
# </details>
# <details><summary>B. On how many of them the unedited model knew the second hop,
# and how many it answered so before.</summary>
# <b>Yes.</b> Without these two, a failure may be the model's, and a success may be free.
# </details>
# <details><summary>C. The perplexity.</summary>
# It tells whether the model is broken, not what follows from the edit.
# </details>
#
# **2. ΔW of one layer has rank 5. How many facts were written?**
#
# <details><summary>A. Exactly five.</summary>
# Two facts about one subject can share a key
# (if the words before the subject are the same, or there are none), and then add only one to the rank.
# </details>
# <details><summary>B. At least five.</summary>
# <b>Yes,</b> if an editor of this kind made ΔW: each fact adds at most one.
# </details>
# <details><summary>C. At most five.</summary>
# The other way round: rank ≤ number of facts.
# </details>
#
# **3. You decode the first left singular vector with the logit lens and see rubbish. What follows?**
#
# <details><summary>A. The update is no edit.</summary>
# Look at its rank: an exact rank of one is hardly an accident.
# </details>
# <details><summary>B. The vector was written in an early layer, and later blocks translate it.</summary>
# <b>Yes.</b> The lens leaves them out.
# Let them run: ask the model itself.
# </details>
# <details><summary>C. The sign was wrong.</summary>
# Worth a try: singular vectors have no sign.
# But ΔW k has one (exercise 16.5), and its tokens were rubbish, too.
# </details>
#
# **4. Suppose that, in a larger model, a statement in the prompt beats the edit on most questions.
# When would you still edit?**
#
# <details><summary>A. When there are ten thousand facts, or nobody controls the prompt.</summary>
# <b>Yes.</b> A prompt has limited room, costs at every call,
# and has to be put there every time (or found by retrieval).
# </details>
# <details><summary>B. When the new fact is false.</summary>
# A prompt takes false statements as well as true ones.
# </details>
# <details><summary>C. When it must be secret.</summary>
# Section 4 has shown how secret it is.
# And section 5 asks whether it should be.
# </details>
#
# **Further reading**
#
# * [Cohen et al. 2024](https://arxiv.org/abs/2307.12976), "Evaluating the Ripple Effects of Knowledge Editing":
#   six kinds of consequences; read section 3 for how carefully they are told apart.
# * [Zhong et al. 2023](https://arxiv.org/abs/2305.14795), MQuAKE:
#   multi-hop questions, and MeLLo, an editor that keeps facts outside of the model.
# * [Berglund et al. 2024](https://arxiv.org/abs/2309.12288), "The Reversal Curse":
#   "A is B" does not teach "B is A", shown on invented people.
# * [Zheng et al. 2023](https://arxiv.org/abs/2305.12740), IKE:
#   facts edited in the prompt, with examples of what to change and what to leave.
# * [Hoelscher-Obermaier et al. 2023](https://arxiv.org/abs/2305.17553), CounterFact+:
#   neighbours asked with the edited fact in front; edits that looked harmless no longer do.
# * [Park et al. 2025](https://arxiv.org/abs/2505.23026), CHED:
#   contexts that call the old fact back, chosen to hurt; section 1 in earnest.
# * [Youssef et al. 2026](https://arxiv.org/abs/2505.20819), "Tracing and Reversing Edits in LLMs":
#   section 4 and 5 without the original weights.
# * [Sun et al. 2026](https://arxiv.org/abs/2602.10134), "Reverse-Engineering Model Editing":
#   subjects from the row space, and a defence by decoys.
# * [Youssef et al. 2025](https://arxiv.org/abs/2502.02958),
#   "Editing Large Language Models Poses Serious Safety Risks":
#   a position paper; agree or not, but answer it.
#
# **Next:** this is the last chapter.
# The appendices hold the notation and a glossary; your own edits are `AlphaEdit(lm).edit([...])`.
# Ask them the questions of this chapter.

# %%
chapter.report()
