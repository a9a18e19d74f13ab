# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 11: Which ability goes first?
#
# *To read: 25 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [Chapter 11](../11_general_ability.ipynb) claims that a careful write of a hundred facts does no harm
# that eighty questions could show, that hundreds of edits do,
# and that scores on GLUE say little about a model of this size.
# Here are the intervals, more kinds of questions and more kinds of harm;
# what (11.2) does not cover; and the tasks themselves.
# Read it if you want to judge editors by such scores, or to referee a paper that does.

# %% tags=["setup"]

# %%
# Parameters: the edited layers, squares of each rule, the facts, the bad edit.
import pandas as pd
import torch

from alphaedit_lite import (
    AlphaEdit,
    bundled_facts,
    bundled_targets,
    load_model,
)
from alphaedit_lite.book.ch11 import experiments as ask
from alphaedit_lite.book.ch11 import figures as draw
from alphaedit_lite.book.ch11 import results as along
from alphaedit_lite.book.ch11.reference import mcnemar, share_right
from alphaedit_lite.book.kit import streams as read
from alphaedit_lite.book.kit.minimal_pairs import pairs
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result

torch.manual_seed(11)
LAYERS, SQUARES, TIMES = (3, 4, 5, 6, 7), 4, 4.0
FACTS = bundled_facts("test")[:100]

# %% [markdown]
# ## 1. Order, or company?
#
# A score that adds up words is right on one half of the pairs: that is (11.2).
# What does our model score on the *same words in another order*?
# What stands before the contrast is shuffled,
# in the same way in both sentences of a pair ("lamps The table near the are").

# %%
lm = load_model()
n_kinds = len({pair.phenomenon for pair in pairs()})
some = ask.part(SQUARES)  # 8 pairs of each phenomenon
mixed = ask.shuffled(some)
in_order = ask.sentence_scores(lm, some)
disordered = ask.sentence_scores(lm, mixed)
ours = share_right(some, in_order.get)
jumbled = share_right(mixed, disordered.get)
before = ask.look(lm, some, in_order)  # and last words, and perplexity
print(f"in order: {ours:.0%}, shuffled: {jumbled:.0%}")

# %% [markdown]
# Rule by rule, with intervals that draw whole squares:

# %%
mixed_bits = pd.Series(
    [float(disordered[pair.good] > disordered[pair.bad]) for pair in mixed],
    ask.names(mixed),
)
mixed_share = ask.share_with_interval(mixed_bits)
company = ["negative polarity", "reflexive and number", "reflexive and gender"]
keep_company = ask.phenomenon_of(mixed_bits).isin(company)
both_orders = {"in order": before.pairs, "shuffled": mixed_bits}
show(*draw.phenomena_figure(both_orders), name="11_phenomena")

# %% [markdown]
# **How to read it.** Where all [[=2 * SQUARES]] pairs of a phenomenon are right there is no bar.
# That is not certainty: a bootstrap cannot draw what it has not seen.
# A model that is right on [[=0.025 ** (1 / (2 * SQUARES)):.0%]]
# of such pairs gets [[=2 * SQUARES]] of [[=2 * SQUARES]] once in forty times.
#
# In order, our model has [[=ours:.0%]].
# On the shuffled words it still has [[=jumbled:.0%]] (95%:
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
#
# Nobody else has judged our pairs.
# For BLiMP, people were asked as well;
# its authors report that, taken together, they agreed with 96.4% of the labels.
#
# ### A favourite, or ignorance?
#
# A model can have a favourite so strong that it says the same in both frames, and is right on one half;
# and still like that filler *less* where it is wrong.
# The **lean** of a square is the sum of its two differences log P(good) − log P(bad).
# For a model that likes words it is exactly zero, by (11.2).

# %%
gaps = pd.Series(
    [in_order[pair.good] - in_order[pair.bad] for pair in some],
    ask.names(some),
)
leans = ask.squares(gaps) > 0  # of the mean of two, so of their sum
half_right = ask.squares(before.pairs) == 0.5
print(f"squares that lean the right way: {leans.sum()} of {len(leans)}")
print(f"half right: {half_right.sum()}; of these, {leans[half_right].sum()}")

# %% [markdown]
# Of the [[=len(leans)]] squares, [[=int(leans.sum()):d]] lean the right way,
# also [[=int(leans[half_right].sum()):d]] of the [[=int(half_right.sum()):d]] in which only one pair is right.
# So where our model has one half, it has a favourite, and is not ignorant of the rule.
#
# ## 2. Last words
#
# The third question is LAMBADA's ([Paperno et al. 2016](https://arxiv.org/abs/1606.06031)):
# here is a text without its last word; which word is it?
# Ours are first sentences of Wikipedia articles that neither the statistics nor the perplexity have read.
# A word is right if all of its tokens are the model's first choice.
# A guesser gets next to nothing, so this is the strictest of the three.
# (LAMBADA's passages are chosen so that people fail without the whole passage.
# Ours take any last word, so they are easier, and often guessable from the words before it.) Some examples:

# %%
from alphaedit_lite.book.kit.last_words import last_words
from alphaedit_lite.support.texts import wikipedia_leads

asked = last_words(wikipedia_leads("heldout")[100:], ask.SENTENCES)
some_asked = list(zip(asked, before.last_words, strict=True))[:6]
for (sentence, word), bit in some_asked:
    words = " ".join(sentence.split()[-9:])
    print(f"{'✓' if bit else '✗'} … {words} ({word.strip()})")
print(f"right: {before.last_words.mean():.0%} of {len(asked)}")

# %% [markdown]
# (The sentences are Wikipedia's, CC BY-SA 4.0.)
#
# ## 3. What pairing saves
#
# A hundred facts, and the same update taken [[=TIMES:.0f]] times, with the three abilities.
# The last two columns estimate the same change:
# as it was asked, the same questions twice, and as if other questions had been asked after the edit.

# %%
from alphaedit_lite.book.kit.judging import scaled

editor = AlphaEdit(lm, layers=LAYERS, progress=False)
good_edit = editor.edit(FACTS, bundled_targets(lm, FACTS))
good_edit.revert()
edits = {"100 facts": good_edit, "four times": scaled(good_edit, TIMES)}
states = {}
for name, edit in edits.items():
    edit.apply(lm)
    states[name] = ask.look(lm, some)
    edit.revert()


# %% [markdown]
# Verdicts before and after, question by question:


# %%
def bits(series):
    return torch.tensor(series.to_numpy()) > 0


lines = []
for name, state in states.items():
    kinds = {
        "pairs": (before.pairs, state.pairs),
        "last words": (before.last_words, state.last_words),
    }
    for what, (a, b) in kinds.items():
        lost, gained, p = mcnemar(bits(a), bits(b))
        change, loose = ask.change(a, b), ask.unpaired(a, b)
        row = [name, what, a.mean(), b.mean(), lost, gained, p]
        lines.append([*row, str(change), str(loose)])
heads = ["edit", "asked", "before", "after", "lost", "gained", "p"]
verdicts = pd.DataFrame(lines, columns=[*heads, "change", "as if unpaired"])
a, b = before.pairs, states["100 facts"].pairs
change, loose = ask.change(a, b), ask.unpaired(a, b)
narrower = (loose.high - loose.low) / (change.high - change.low)
verdicts.style.format("{:.0%}", subset=["before", "after"]).format(
    "{:.2g}", subset=["p"]
).hide()

# %% [markdown]
# For the pairs after the hundred facts, the interval would be [[=narrower:.1f]] times as wide
# if other questions had been asked each time.
#
# *A warning.* McNemar's test takes the questions for independent,
# and the two pairs of a square are not: they hold the same words.
# The interval in the column `change` draws whole squares.
# But a bootstrap cannot draw what it has not seen:
# from a few losses and no gain it makes an interval that is too sure of itself.
# Where test and interval disagree, call the matter open, and ask more questions.
#
# ### Where does a verdict come from?
#
# A pair's verdict is a sum over tokens.
# Here is one pair of the battery, token by token, in the unedited model and with both edits.

# %%
from alphaedit_lite.book.ch11.widgets import BAD, GOOD, PairWidget, read_pair

pair_tables = read_pair(lm, edits, GOOD, BAD)
show(*draw.tokens_figure(pair_tables, (GOOD, BAD)), name="11_tokens")

# %% [markdown]
# The bars of the words that both sentences share are the same above and below; they cancel.
# All of the verdict is in the last bar.
#
# Type a pair of your own, and press Enter.
# Try one with an edited subject in it (such as *[[=FACTS[0].subject]]*),
# or one in which good and bad differ by a frequent and a rare word.

# %%
PairWidget(lm, edits).show()

# %% [markdown]
# ## 4. More questions, more kinds of harm
#
# Now with [[=2 * study['squares'] * n_kinds]] pairs, [[=len(rows['unedited']['last words'])]] last words,
# and the loss on each of [[=int(study['leads']):d]] leads.
# The same [[=int(study['facts']):d]] facts are written by AlphaEdit,
# and carelessly (ridge regression with hardly any λ);
# AlphaEdit's update is taken four times; and *noise* is, in each layer, a random matrix of exactly that size.
# `python -m alphaedit_lite.book.ch11.study` made the file.

# %%
study = result("ability.json")
rows = study["rows"]
writes = ask.as_streams(rows)
harm = ask.losses(writes)
harm["rise"] = [ask.rise(rows["unedited"], rows[name]) for name in harm.index]
harm["named first"] = [rows[name]["named first"] for name in harm.index]
harm["update"] = [rows[name]["update"]["7"] for name in harm.index]
harm = harm.loc[sorted(harm.index, key=lambda name: harm.rise[name].mean)]
show(*draw.dose_figure(harm), name="11_dose")

# %%
order = ["update", "named first", "rise", "pairs", "p pairs"]
shown = harm[[*order, "last words", "p last words"]].copy()
for column in ("rise", "pairs", "last words"):
    shown[column] = shown[column].map(str)
shown.style.format("{:.2f}", subset=["update"]).format(
    "{:.0%}", subset=["named first"]
).format("{:.1g}", subset=["p pairs", "p last words"])

# %% [markdown]
# In the table, `update` is ‖ΔW‖/‖W‖ in layer 7 and `named first` the share of the facts that were written;
# `rise` is in percent, `pairs` and `last words` are changes in points.
# p is McNemar's; for pairs, whole squares are counted as better or worse in place of single verdicts (a sign test).


# %%
def share_of(name, what):
    """The share right in one row of the study."""
    return read.right(rows[name], what).mean()


worst, noisy = "AlphaEdit × 4", "noise, size of AlphaEdit × 4"
times4, noise4 = (harm.rise[name].mean for name in (worst, noisy))
apart = ask.rise(rows[worst], rows[noisy])
first = read.right(rows["unedited"])
gone = along.race(writes).loc[worst]  # which part of what was above chance
two = (read.right(rows[name], "last words") for name in (worst, noisy))
noisier = ask.change(*two)  # noise minus AlphaEdit
steps = (read.right(rows[worst]) - first).to_numpy()
rho = float(pd.Series(steps[::2]).corr(pd.Series(steps[1::2])))
few = {
    name: round(-len(rows[name]["last words"]) * harm["last words"][name].mean)
    for name in ("AlphaEdit", "careless ridge")
}

# %% [markdown]
# **Four times the update.**
# Perplexity is [[=1 + times4:.1f]] times as high;
# and where the model named [[=share_of('unedited', 'last words'):.0%]] of the last words,
# it now names [[=share_of('AlphaEdit × 4', 'last words'):.0%]].
# But of the pairs, [[=share_of('AlphaEdit × 4', 'pairs'):.0%]] are still right,
# after [[=share_of('unedited', 'pairs'):.0%]]:
# a change of [[=str(harm.pairs['AlphaEdit × 4'])]] points.
# (The changes of the two pairs of a square have a correlation of [[=rho:+.2f]]: the ρ of exercise 11.5.)
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
# **This order depends on dose and scale**; section 5 comes back to it with the streams.
#
# **Small doses.** There is less to see than one would like.
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
# **And the noise?** It writes [[=harm['named first']['noise, size of AlphaEdit × 4']:.0%]] of the facts,
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
from alphaedit_lite.book.kit.stream_figures import forest_figure

both = {
    name: ask.by_phenomenon(first, read.right(rows[name]))
    for name in ("AlphaEdit", worst)
}
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
#
# ## 5. Along a stream of edits
#
# The long streams of chapter 10 carry the same probes: all [[=len(pairs())]] pairs, 150 last words
# and the perplexity of [[=__import__('alphaedit_lite.book.kit.probes', fromlist=['LEADS']).LEADS]] leads
# at every checkpoint, verdict by verdict.
# (`python -m alphaedit_lite.book.kit.studies` makes them, in hours.)
# The chapter draws them along the way.
# Here are the changes of pairs and last words against the rise of perplexity, a mark for each checkpoint.
# (PRUNE's stream is left out: it is MEMIT's once more, because PRUNE found no singular value large enough to damp.
# Not all streams are equally long.)

# %%
there = {
    name: read.read_stream(name)
    for name in read.streams_there()
    if name != "PRUNE"
}
streams = {name: found for name, found in there.items() if read.last(found)}
STAGES = (300, 1000)  # editors are compared after equally many edits
show(*draw.scatter_figure(ask.points(streams)), name="11_predict")
print(along.said_of(streams, STAGES))

# %% [markdown]
# All editors after equally many edits:

# %%
MANY = STAGES[-1]
ends, races = along.reached(streams, MANY), along.race(streams, MANY)
at_end = ask.losses(ends, MANY)
losers = {
    what: sum(change.high < 0 for change in at_end[what])
    for what in ("pairs", "last words")
}
follows = {edits: along.spearman_at(streams, edits) for edits in STAGES}
clear = sum(c.sure for found in follows.values() for c in found.values())
size = pd.Series(
    {name: read.course(s)["update"][MANY] for name, s in ends.items()}
)
size_and_rise = ask.rank_correlation(size, at_end.rise)
wrecked = sum(read.course(s).collapsed.any() for s in streams.values())
table = races.map(str)
table["log-odds"] = [
    f"{c.mean:+.2f} [{c.low:+.2f}, {c.high:+.2f}]" for c in races["log-odds"]
]
table.columns = [
    "pairs gone, %",
    "last words gone, %",
    "gap, points",
    "log-odds",
]
table

# %% [markdown]
# In the table, `gap` is the part gone of last words minus that of pairs;
# `log-odds` is the fall of the log-odds of last words minus that of pairs: below zero, the pairs have fallen more.
# Intervals draw squares and texts.
#
# The same streams by phenomenon, and AlphaEdit's after its first hundred edits, for section 4:

# %%
looks = {
    name: [read.right(read.checkpoint(s, at)) for at in (0, MANY)]
    for name, s in ends.items()
}
kinds = {name: ask.by_phenomenon(*pair) for name, pair in looks.items()}
of_kind = pd.DataFrame(
    {n: {k: c.mean for k, c in found.items()} for n, found in kinds.items()}
)
by_loss = of_kind.mean(axis=1)
weakest, strongest = by_loss.idxmin(), by_loss.idxmax()
weak_for_sure = sum(found[weakest].high < 0 for found in kinds.values())
start, soon = (
    read.right(read.checkpoint(streams["AlphaEdit"], at), "last words")
    for at in (0, 100)
)
early = mcnemar(bits(start), bits(soon))
print(f"{weakest} {by_loss.min():+.1%}, {strongest} {by_loss.max():+.1%}")
print(f"last words lost and gained after 100 edits: {early[0]}, {early[1]}")

# %% [markdown]
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
# **No collapse.** None of this is the collapse that papers show, where a model stops speaking:
# of these [[=len(streams)]] streams, perplexity has passed 1,000 in [[=wrecked or 'none']].
# (By the milder mark of chapter 10, perplexity up by more than half, the longest ones are past it at 2,000 edits.)
# And still, after [[=MANY]] edits, last words are lost for sure by [[=losers['last words']:d]]
# of [[=len(at_end)]] editors, and pairs by [[=losers['pairs']:d]]: grammar goes, too.
#
# **Does perplexity say how much?**
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
#
# ## 6. The tasks of the paper
#
# SST-2 (film reviews), MRPC (paraphrases), CoLA (grammar), RTE and NLI (does this follow?)
# are from GLUE ([Wang et al. 2018](https://arxiv.org/abs/1804.07461)).
# In the AlphaEdit paper's figure 4, AlphaEdit stays where it began up to 3,000 edits, as the paper says,
# and the other editors come near zero by 2,000.
# We have written the tasks anew with prompts of our own, and read each answer in two ways:
# *said*, as in the paper, and *compared*: which of the two words is the more likely next token?
# The second never falls silent.

# %%
from alphaedit_lite.book.ch11.glue import TASKS

glue = result("glue.json")
tasks = glue["states"]
unedited = tasks["unedited"]
said = {task: found["said F1"] for task, found in unedited.items()}
aucs = sum(f["AUC interval"][0] > 0.5 for f in unedited.values())
open_still = " and ".join(
    f"{TASKS[task].title} (AUC {f['AUC']:.2f}, the bar reaches"
    f" {f['AUC interval'][1]:.2f})"
    for task, f in unedited.items()
    if f["AUC"] > 0.6
)
silent = {
    state: sum(row[-1] for f in found.values() for row in f["said"])
    / sum(f["examples"] for f in found.values())
    for state, found in tasks.items()
}
show(*draw.glue_figure(tasks), name="11_glue")

# %% [markdown]
# **How to read it.** Dashed: a coin.
# Dotted: one word, always the same.
#
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
# A curve of these scores would say little about an edit.
# The code is there for larger models:
# `python -m alphaedit_lite.book.ch11.study_glue FOLDER` runs the tasks,
# from files or (`read_task(name)`) from a hub, MMLU as well.
# Before you believe a curve of theirs, print the confusion table, and the share of answers that are none.
#
# Two more remarks on the authors' code (commit 2ff0e4e of the public repository).
# `rte_eval.py` asks "True or False?" and takes label 1 as True.
# In the authors' selection, label 1 stands
# where it does *not* follow (as in GLUE on the hub), so a perfect reader would get 0;
# NLI asks the same kind of question, with its labels as words, and is not affected.
# With a label turned over, a falling curve may mean a model that reads better.
# And of the two F1 that are stored, `f1_new` compares words, so it is never silent:
# a curve near zero can hardly be that one.
