# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 3: Where is a fact?
#
# *To read: 25 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [Chapter 3](../03_causal_tracing.ipynb) draws the map of one fact, and says that maps do not tell where to edit.
# Here is the proof: that a run may be restarted, what several places hold together, the map's two halves,
# the maps of [[=len(study.facts)]] facts, the test of Hase et al. with its intervals,
# and two more ways to draw a convincing map of nothing.
# It is for readers who have finished that chapter and want to judge such maps themselves.
# (The papers write MLP for the feed-forward layer; so do the names in the code.)

# %% tags=["setup"]

# %%
# Parameters: as in the lesson.
import torch

from alphaedit_lite import Fact, bundled_facts, load_model
from alphaedit_lite.book.ch03 import experiments as causal
from alphaedit_lite.book.ch03 import figures as draw
from alphaedit_lite.book.ch03 import results as summary
from alphaedit_lite.book.ch03.reference import corrupt, effects, restore, share
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.hooks import hooked

chapter = Chapter("03")
NOISE, SAMPLES, WINDOW = 3.0, 3, 5
COARSE = range(0, 30, 2)  # every second block
READ = 22  # from about here on, the last token fetches the answer

# %% [markdown]
# ## 1. A restored run may be restarted
#
# The lesson runs the whole model for each place of the map.
# Exercise 03.4 counts what is wasted:
#
# * **Below the restored block nothing changes.**
#   The run is the corrupted run, whose states are known.
#   So we may start at the *next* block.
# * **Left of the restored token nothing changes.**
#   Attention looks only to the left.
#   So we may run the columns from that token on, and hand attention its memory of the columns before.
#   (This memory is called *keys and values*, too;
#   it has nothing to do with the keys and values of the feed-forward layer.)
#
# Nothing is approximated.
# The function `book/ch03/experiments.py`, `heat` works this way, and so does the study below.
# Here it is compared with a run from scratch, on one place.

# %%
lm = load_model()
deviation = causal.spread(lm, bundled_facts())
ids, first, last = causal.subject_columns(lm, fact)
words = [lm.tokenizer.decode([i]) for i in ids]
runs = causal.run_both(lm, fact, NOISE * deviation, SAMPLES)
p_clean, p_corrupted = runs.p_clean, runs.p_corrupted


def from_scratch(layer, columns):
    """P(answer), [samples], with some columns restored behind a block."""

    def mend(state):
        for column in columns:
            state = restore(state, runs.clean["hidden"][layer], column)
        return state

    with torch.no_grad(), lm.frozen(), hooked(outputs={lm.block(layer): mend}):
        logits = lm.model(inputs_embeds=runs.into[0]).logits
    return logits[:, -1].softmax(-1)[:, runs.answer]


# %%
slow = from_scratch(6, [last])
fast = causal.heat(lm, runs, "hidden", columns=[last], layers=[6])[0, 0]
same = (slow - fast).abs().max() < 1e-5
print(f"from scratch: {slow.mean():.6f}, restarted: {fast.mean():.6f}")
print("largest difference:", "below 1e-5" if same else "too large!")
left = share(lm.n_layers, len(words))
print(f"{left:.0%} of the work is left")

# %% [markdown]
# ## 2. What several places hold together
#
# In the lesson's map, a clean " Assam" repairs less and less after block 10, although " of" has nothing yet,
# and the tokens between have almost nothing. So where is it?
# The effects of single places need not add up to the total effect.
# A clean " Assam" comes late: other tokens have already read the *noisy* one.
# We can test this: restore *several* columns behind the same block,
# " Assam" together with those that may have read it.

# %%
p_hidden = causal.heat(lm, runs, "hidden")  # [columns, layers, samples]
total, hidden = effects(p_clean, p_corrupted, p_hidden)
between, depths = list(range(last + 1, len(words) - 1)), [4, 8, 12, 16, 20]
together = {
    "' Assam' alone": hidden[last, depths],
    "' of' alone": hidden[-1, depths],
}
sets = {
    "' Assam' + those between": [last, *between],
    "' Assam' + ' of'": [last, len(words) - 1],
}
for name, some in sets.items():
    back = [(from_scratch(n, some) - p_corrupted).mean() for n in depths]
    together[name] = torch.stack(back)
axes = ("block", "indirect effect")
show(*draw.lines_figure(together, depths, axes), name="03_together")
assam, of, with_between, with_of = together.values()
print(f"to be brought back: {total:.2f}")

# %% [markdown]
# Nothing was lost. At block 8, " Assam" and the tokens between it
# and " of" bring it all back *together* ([[=float(with_between[1]):.2f]]):
# so there it is the tokens between that have heard the noise.
# At block 20 it is " of" itself that has heard it.
# A clean " of" alone brings back nothing, for it has not fetched the answer yet;
# a clean " Assam" alone [[=float(assam[4]):.2f]]; both together [[=float(with_of[4]):.2f]], all of it.
# (In between, at block 16, it takes all three.)
# A map of single places cannot show what is held by several places *together*.

# %% [markdown]
# ## 3. The two halves, token by token
#
# The lesson shows two tokens.
# Here are all of them: windows of [[=WINDOW]] feed-forward layers, and of [[=WINDOW]] attentions.
# (The middle of each window is marked; at the edges of the model windows are cut off.)

# %%
titles = {"mlp": "five feed-forward layers", "attention": "five attentions"}
halves = {}
for kind, title in titles.items():
    p_half = causal.heat(lm, runs, kind, WINDOW, layers=COARSE)
    halves[title] = effects(p_clean, p_corrupted, p_half)[1]
show(*draw.heat_figure(halves, words, last, COARSE), name="03_halves_map")

# %%
p_one = causal.heat(lm, runs, "mlp", 1, columns=[last], layers=range(8))
single = effects(p_clean, p_corrupted, p_one)[1][0]
print("one layer, blocks 0 to 7:", single.cpu().numpy().round(2) + 0)
lengths = {
    "embedding": lm.embed(torch.tensor([ids]))[0, last].detach(),
    "attention 0": runs.clean["attention"][0, last],
    "feed-forward 0": runs.clean["mlp"][0, last],
}
for name, vector in lengths.items():
    print(f"length of the {name} at ' Assam': {vector.norm():.0f}")

# %% [markdown]
# The whole dark spot is *one* layer, that of block 0:
# what it adds to the embedding is so long that the state nearly *is* that output from then on.
#
# "Lower Assam" has two tokens.
# And yet this one layer at its last token brings nearly everything back.
# Does the model need both tokens?


# %%
def with_noise_on(column):
    """P(India), mean of eight samples, if only one column gets its noise."""

    def corrupt_one(embedded, first, last, noise):
        some = noise[:, column - first : column - first + 1]
        return corrupt(embedded, column, column, some)

    options = {"samples": 8, "corrupt": corrupt_one}
    noisy = causal.run_both(lm, fact, NOISE * deviation, **options)
    return float(noisy.p_corrupted.mean())


p_lower, p_assam = with_noise_on(0), with_noise_on(last)
print(f"noise on ' Lower' only: P(India) = {p_lower:.2f}")
print(f"noise on ' Assam' only: P(India) = {p_assam:.2f}")

# %% [markdown]
# With noise on " Lower" only, P is still [[=p_lower:.2f]]; on " Assam" only, [[=p_assam:.2f]].
# One of its two tokens tells most of it.

# %% [markdown]
# ## 4. More than one fact
#
# The script `alphaedit_lite/book/ch03/study.py` makes the maps of [[=len(study.facts)]] bundled facts,
# from all relations in turn, that the model knows:
# its first choice, with probability [[=study.made['known'] ]] or more.
# (Prompts have at most [[=study.made['longest'] ]] tokens from the subject on.)
# It took [[=minutes:.0f]] minutes of one core, with [[=study.made['samples'] ]] samples for each fact.
# Prompts differ in length, so tokens are put into groups:
# the subject's first, middle and last token, the first after it, further ones, and the last;
# the figure shows four of these groups.
# (Not every fact is in every group: a subject of one token counts as "last".)
# The shaded bands are 95% bootstrap intervals:
# draw as many facts again, with replacement, [[=summary.TIMES]] times, and see how far the averages move.

# %%
chapter.predict(
    "e",
    "Many facts, subject's last token: how much of the total effect does the "
    "best middle window of feed-forward layers (6 to 16) bring back?",
    [
        "a third or more, as in GPT-2 XL (6.6 of 18.6)",
        "between a twentieth and a third",
        "less than a twentieth",
    ],
)

# %%
study = summary.Study(result("tracing.json"))
minutes = study.seconds() / 60
kinds = {"hidden": "hidden state"} | titles
show(*draw.averages_figure(study, kinds), name="03_averages")
mean = {kind: summary.interval(study.traced(kind))[0] for kind in kinds}
total_mean, total_low, total_high = summary.interval(study.total())
print(f"average total effect: {total_mean:.2f}", end=" ")
print(f"[{total_low:.2f}, {total_high:.2f}], {len(study.facts)} facts")
inner = [study.layers.index(layer) for layer in range(6, 17, 2)]
best_inner = float(mean["mlp"][2][inner].max())
part = best_inner / float(total_mean)
chapter.reveal("e", 0 if part >= 1 / 3 else 1 if part >= 0.05 else 2)

# %% [markdown]
# At the subject's last token one hidden state brings back up to [[=float(mean['hidden'][2].max()):.2f]]
# of an average total effect of [[=float(total_mean):.2f]]; from block 24 on only the last token counts.
# (For " Assam" the step was in block 23.
# The study has only even blocks, and facts differ a little: it lies between 20 and 24.)
# There, the attentions around block [[=study.layers[int(mean['attention'][5].argmax())] ]]
# bring back [[=float(mean['attention'][5].max()):.2f]]: they fetch the answer.
# At the subject's last token attention brings back at most [[=float(mean['attention'][2].max()):.2f]].
#
# And the feed-forward layers?
# Again the windows that hold block 0: the first brings back [[=float(mean['mlp'][2][0]):.2f]].
# In blocks 6 to 16 the best window, around block 6 (blocks 4 to 8), has [[=best_inner:.2f]]:
# [[=part:.0%]] of the total effect.
# From block 10 on there is nothing.
# We split the facts by the length of their subject.

# %%
alone = [row["hidden"][0] is None for row in study.facts]  # no "first" token
one_token = torch.tensor(alone)
first_mlp = torch.tensor(study.one_mlp()[:, 0])
totals = torch.tensor(study.total())
around_6 = torch.tensor(study.traced("mlp")[:, 2, inner[0]])
for name, some in (("one token", one_token), ("several tokens", ~one_token)):
    values = [float(v[some].mean()) for v in (totals, first_mlp, around_6)]
    print(f"subjects of {name}: {int(some.sum())} facts")
    print("  total effect {:.2f}; block 0 alone {:.2f};".format(*values[:2]))
    print(f"  five layers around block 6 {values[2]:.2f}")

# %% [markdown]
# **What surprised us.**
# How little the large number at block 0 means.
# If the subject is *one* token, noise breaks one embedding, and the first feed-forward layer writes over it:
# mending that one output mends the subject as a whole ([[=float(first_mlp[one_token].mean()):.2f]]).
# Nothing has been looked up yet.
# If the subject has several tokens,
# the same repair brings back [[=float(first_mlp[~one_token].mean()):.2f]] on average:
# the last token alone does not know the name, and attention must first bring its parts together.
# Neither says where the *fact* is.
#
# So compare with the paper's figures for GPT-2 XL with care.
# There, feed-forward layers in the middle bring back 6.6 points of 18.6,
# about a third (attention at the subject's last token: 1.6).
# Here it is [[=100 * best_inner:.0f]] of [[=100 * float(total_mean):.0f]],
# and for subjects of several tokens [[=100 * float(around_6[~one_token].mean()):.0f]]
# of [[=100 * float(totals[~one_token].mean()):.0f]]: less, not nothing, and earlier in the model.
# Our model has about a tenth of the parameters and another architecture, and we chose the prompts.
# What does carry over: the last subject token as the meeting place,
# and late attention that carries the answer away.

# %% [markdown]
# ## 5. Does the map say where to edit?
#
# For [[=len(study.edited)]] of the traced facts, and each of [[=len(study.edit_layers)]] blocks:
#
# 1. find the wish z at that block (what should it say at the subject's last token,
#    so that the model names the new object?);
# 2. write it into that block's W alone, with ROME's rank-one update (chapter 5 derives both steps);
# 3. judge: does the model now name the new object first, after the prompt?
#    After the paraphrases?
#    Do the neighbours keep their answers (is the true object still likelier than the new one)?
#    Then take the edit out.

# %%
effect = {
    "hidden state": study.at_edits(study.traced("hidden", edited=True)[:, 2]),
    "feed-forward": study.at_edits(study.traced("mlp", edited=True)[:, 2]),
}  # at the subject's last token, [facts, edit_layers]
columns = {
    "first": "prompt: new object first",
    "paraphrases_first": "paraphrases: new object first",
    "neighbours": "neighbours keep their answer",
}
first_choice = study.judged("first").mean(0)  # by block
before = [i for i, block in enumerate(study.edit_layers) if block < READ]
latest = before[-1]
below = {c: study.judged(c)[:, before].mean(0) for c in ("p", *columns)}
step = len(before)  # the first edited block above the step
mlp, state = (effect[kind].mean(0) for kind in ("feed-forward", "hidden state"))
show(*draw.edits_figure(study, effect, columns), name="03_edits_both")

# %% [markdown]
# Whichever block below [[=READ]] ROME writes to, the new object becomes the first choice
# after the prompt in [[=float(below['first'].min()):.0%]] of the cases (the worst block).
# It does so in block [[=study.edit_layers[latest] ]],
# where restoring five feed-forward layers brings back [[=abs(float(mlp[latest])):.2f]],
# as well as in block 0, where it brings back [[=float(mlp[0]):.2f]].
# At block [[=study.edit_layers[step] ]], above the step,
# where a whole clean state brings back [[=abs(float(state[step])):.2f]],
# it is still [[=float(first_choice[step]):.0%]].
# What differs between the blocks below is how far an edit reaches:
# the paraphrases, from [[=float(below['paraphrases_first'].min()):.0%]]
# to [[=float(below['paraphrases_first'].max()):.0%]], and what it spares:
# neighbours, from [[=float(below['neighbours'].min()):.0%]] to [[=float(below['neighbours'].max()):.0%]].
#
# Rank correlations with 95% intervals over the facts
# (`book/ch03/results.py`, `spearman` lets ties share their ranks).
# Twice: over all blocks, and over those below block [[=READ]] only,
# where the map still sees the answer at the subject.
# `p` is the probability of the new object after the prompt, `p_paraphrases` after the paraphrases.
# And a control that has never seen a map: "depth alone" ranks the blocks from the lowest to the highest.

# %%
found = {}
depth = -torch.tensor(study.edit_layers).double()
control = depth.expand(len(study.edited), -1).numpy()
for name, values in (effect | {"depth alone": control}).items():
    for column in ("p", "p_paraphrases"):
        judged = study.judged(column)
        rho = summary.rank_correlation(values, judged)
        some = summary.rank_correlation(values[:, before], judged[:, before])
        found[name, column] = summary.said(*rho)
        found[name, column, "before"] = summary.said(*some)
        print(f"{name}, {column}: all blocks ρ = {summary.said(*rho)}")
        print(f"    below {READ}: ρ = {summary.said(*some)}")

# %% [markdown]
# **On the prompt** there is nothing to predict.
# The mean probability of the new object lies between [[=float(below['p'].min()):.2f]]
# and [[=float(below['p'].max()):.2f]] in every block below [[=READ]],
# so the order of the blocks is an accident, and ρ with its interval says so:
# [[=found['feed-forward', 'p', 'before'] ]] for the feed-forward layers.
#
# **On the paraphrases** the curves are alike:
# over all blocks ρ is [[=found['feed-forward', 'p_paraphrases'] ]] for the feed-forward layers
# and [[=found['hidden state', 'p_paraphrases'] ]] for the hidden state.
# An edit in an early block reaches more paraphrases, and early blocks are dark on the map.
# Is this the success of tracing?
# Ask the control, which only says "the earlier the better": [[=found['depth alone', 'p_paraphrases'] ]].
# Two curves that both fall with depth always agree.
# Below block [[=READ]] it is the same with wider intervals:
# [[=found['feed-forward', 'p_paraphrases', 'before'] ]] for the feed-forward layers,
# [[=found['depth alone', 'p_paraphrases', 'before'] ]] for depth alone.
# The feed-forward layers are ahead each time, but the intervals overlap nearly everywhere:
# whether the map adds anything to the *number* of the block, [[=len(study.edited)]] facts cannot show.
#
# One question is left, and it is closest to the one that Hase et al. ask.
# At a *given* block, are the facts with the larger tracing effect edited better?
# Two answers: the rank correlation over the facts, averaged over the blocks below [[=READ]];
# and how much of the variance of `p_paraphrases` is explained by the block alone (predict each block's mean),
# and how much if a multiple of the fact's tracing effect is added (the best one, by least squares).

# %%
by_fact = study.judged("p_paraphrases")
within = summary.among_facts(effect["hidden state"], by_fact, before)
alone, both = summary.explained(effect["hidden state"], by_fact)
print(f"among facts, blocks below {READ}: ρ = {summary.said(*within)}")
print(f"variance explained by the block alone: {alone:.0%}", end="; ")
print(f"with the tracing effect: {both:.0%}")

# %% [markdown]
# **Among facts** the sign leans the other way:
# a larger tracing effect goes with paraphrases that move *less*
# (mean ρ [[=summary.said(*within)]]; the interval just holds 0).
# So the tracing effect does help to explain the success ([[=both:.0%]] of the variance,
# against [[=alone:.0%]] by the block alone), but with the sign that nobody had hoped for.
# (An effect can be large only where the model is sure of the old answer; perhaps such facts resist.
# And [[=len(study.edited)]] facts are few.)
#
# Hase et al. conclude that causal tracing gives no insight into which MLP layer is best to edit.
# In one of their kinds of edit, success is related to tracing; even there, the layer predicts it far better.
# Our small test, on another model, gives no reason to disagree.
# (It has limits: one model, one editor, [[=len(study.edited)]] short prompts,
# z found with [[=len(study.made['targets']['prefixes']):d]] beginnings of the prompt,
# half of what the book takes elsewhere (chapter 5), key statistics from [[=study.made['tokens']:,]] tokens.)

# %% [markdown]
# ## 6. Two more convincing maps of nothing
#
# The lesson's "Break it" has too little noise.
# (Too *much* does less harm there:
# at factor 10 the total effect is the same as at 3, and the curve has much the same shape.)
#
# **A single sample.**
# Eight samples at factor 3: the first, the highest and the lowest at block 0, and the mean of all.

# %%
eight = causal.run_both(lm, fact, NOISE * deviation, 8, seed=0)
p = causal.heat(lm, eight, "hidden", columns=[last], layers=COARSE)
each = (p - eight.p_corrupted)[0].T  # [samples, layers]
at_0 = each[:, 0]
which = dict.fromkeys([0, int(at_0.argmax()), int(at_0.argmin())])
curves = {f"sample {i + 1}": each[i] for i in which}
curves[f"mean of {len(each)}"] = each.mean(0)
axes = ("block", "indirect effect at ' Assam'")
show(*draw.lines_figure(curves, list(COARSE), axes), name="03_samples")
print("at block 0:", at_0.cpu().numpy().round(2) + 0)

# %% [markdown]
# The eight agree on the late blocks, and not at all on block 0:
# from [[=round(float(at_0.min()), 2) + 0:.2f]] to [[=float(at_0.max()):.2f]].
# One sample would let you report that block 0 is everything, or that it is nothing.
# The samples share a prompt and a fact; only the noise differs.
# (The authors average over ten samples, this chapter over [[=SAMPLES]] to save time.
# Like them we use the same noise for every place, so that places are compared fairly.)
#
# **A fact that the model does not know.**
# Ada Lovelace was born in London; the model gives it next to nothing.
# Its map, drawn on its own scale:

# %%
ada = Fact("{} was born in the city of", "Ada Lovelace", "Paris", "London")
unknown = causal.run_both(lm, ada, NOISE * deviation, SAMPLES)
some_blocks = range(0, 30, 4)
p = causal.heat(lm, unknown, "hidden", layers=some_blocks)
lost, map_unknown = effects(unknown.p_clean, unknown.p_corrupted, p)
print(f"P(London): clean {unknown.p_clean:.3f}", end=", ")
print(f"corrupted {unknown.p_corrupted.mean():.3f}")
print(f"total effect {round(lost, 3) + 0:.3f}")
maps = {"not known": map_unknown}
picture = draw.heat_figure(maps, unknown.words, unknown.last, some_blocks)
show(*picture, name="03_unknown")

# %% [markdown]
# Dark and pale places, a stripe at the subject, a peak of [[=float(map_unknown.max()):.3f]]: it looks like a finding.
# But the total effect is [[=round(lost, 3) + 0:.3f]], so there was nothing to bring back.
# A colour scale that adapts to the data shows structure in anything.
# This is why only known facts are traced (the paper, too,
# takes prompts which its model continues with the right object), and why the bar beside a map must be read.
#
# ## How the study differs from the paper
#
# The authors measure the token that the model itself predicts,
# we the first token of the true object (for known facts it is the same);
# each of their runs starts at the embeddings, ours in the middle of the model;
# and their window has ten of 48 layers, ours [[=WINDOW]] of [[=lm.n_layers]].
#
# [Back to the lesson](../03_causal_tracing.ipynb).
