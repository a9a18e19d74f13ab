# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 2: Feed-forward layers are key-value memories
#
# *To read: 20 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [Chapter 2](../02_key_value_memory.ipynb) finds a neuron that hears "while",
# some that say it, and the neurons that add up to an answer.
# Here is what a sceptic wants to see: how much of such a finding is chance,
# whether hearing and saying belong together in *all* neurons, the same sum for another question,
# controls for "one neuron off", and what the lists of words hide.
# It is for readers who have finished that chapter.
# At the end stands a browser in which you can look at every neuron yourself.

# %% tags=["setup"]

# %%
# Parameters: how much of Wikipedia is read; the question.
import re

import torch

from alphaedit_lite import load_model
from alphaedit_lite.book.ch02 import figures as draw
from alphaedit_lite.book.ch02.reference import contributions, selectivity
from alphaedit_lite.book.ch02.widgets import NeuronBrowser, show_neurons
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.neurons import last_keys, loudness, triggers
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.tracing import speaks, switched, trace, unembedding
from alphaedit_lite.support.texts import wikipedia_leads

chapter = Chapter("02")
lm = load_model()
TOKENS, CONTEXTS = 5000, 30  # sentences with and without "while"
PROMPT = "The capital of France is"
blocks, neurons = range(lm.n_layers), lm.n_layers * lm.d_ff
E = unembedding(lm)  # the lesson's E

# %% [markdown]
# ## 1. The triggers of every neuron
#
# To learn what a neuron waits for, Geva et al. let the model read a lot of text,
# and noted where each neuron's coefficient was largest: its **triggers**.
# Then people looked for what these triggers have in common.
#
# We do the same on a small scale, with [[=read:,]] tokens of English Wikipedia.
# For each of the [[=neurons:,]] neurons we keep the 8 most positive and the 8 most negative coefficients.
# (The first token of a text does not count:
# it has no context, and models often use it as a resting place for attention.)

# %%
texts = wikipedia_leads("fit")
seen = triggers(lm, texts, tokens=TOKENS, k=8, longest=48)
read = round(len(seen.ids), -2)
show_neurons(lm, seen, E, [(22, 916)], contexts=6)

# %% [markdown]
# On top are the strongest positive triggers, below the strongest negative ones.
# The token in brackets is the one at which the coefficient was read;
# the neuron has seen it and everything before it, but not what follows →.
# The lines "says" hold the words that this side pushes up.
#
# **Name the pattern.**
# Cover the line "says".
# What do the positive triggers share?
# And how much weaker is the negative side?
#
# <details><summary>Our name</summary>
# Sentences about cities, at places where a fact about the city is about to come (its size, its rank, its population).
# The negative side is many times weaker, and we see no pattern in it:
# a neuron that uses only one of its two sides.
# Your name may differ from ours.
# That is the weak point of the method: people find patterns easily.
# </details>

# %% [markdown]
# ## 2. How much of the "while" neuron is chance?
#
# The lesson scores each neuron by how far its coefficient at "while" lies from its coefficient elsewhere,
# in standard deviations, and trusts only new contexts.
# How high would the best score be if there were no pattern at all?
# We split contexts *without* a pattern in two at random.


# %%
def contexts_ending_in(pattern, texts, number):
    """Pieces of Wikipedia (CC BY-SA 4.0) that end in the pattern."""
    # 20 to 70 characters of one sentence, a space, the pattern, a space
    wanted = re.compile(rf"[^.\n]{{20,70}}[ ]{pattern}(?= )")
    found = (wanted.search(text) for text in texts)
    return [hit.group().strip() for hit in found if hit][:number]


hearing = contexts_ending_in("while", texts[1000:], 2 * CONTEXTS)
other = contexts_ending_in("[a-z]+", texts[500:1000], 2 * CONTEXTS)
other = [text for text in other if not text.endswith(" while")]
keys_while, keys_other = (
    last_keys(lm, some).flatten(1) for some in (hearing, other)
)
print("keys:", list(keys_while.shape), "(contexts, neurons)")

# %%
search = selectivity(keys_while[:CONTEXTS], keys_other[:CONTEXTS])
check = selectivity(keys_while[CONTEXTS:], keys_other[CONTEXTS:])
for i in search.abs().topk(6).indices.tolist():
    place = divmod(i, lm.d_ff)
    print(f"{place}: {search[i]:+.0f} in the search, {check[i]:+.0f} anew")
dice = torch.Generator().manual_seed(0)
mixed = keys_other[torch.randperm(len(keys_other), generator=dice)]
chance = selectivity(mixed[:CONTEXTS], mixed[CONTEXTS:]).abs().max()
print(f"the best of all neurons for two random halves: {chance:.0f}")

# %% [markdown]
# The winner is far above chance, and it is not alone.
# Here is the neuron that the search chose in each block, scored on the new contexts:

# %%
best = search.view(lm.n_layers, -1).abs().argmax(1)
by_block = check.view(lm.n_layers, -1).gather(1, best[:, None])[:, 0].abs()
labels = ("block", "|score| on new contexts")
show(*draw.bars_figure(by_block, labels), name="02_while_blocks")
hears = divmod(int(search.abs().argmax()), lm.d_ff)
show_neurons(lm, seen, E, [hears, (7, 1447)], contexts=5)

# %% [markdown]
# There are several neurons of this kind:
# one in block 0 is nearly as clear, and there are bars above the yardstick of [[=chance:.0f]] up to block 28.
# The cards show more than we searched for.
# The winner's strongest trigger is not "while" at all, but a comma;
# and it also wakes at other places of *contrast*:
# "This contrasts with", "in comparison".
# The neuron in block 7 listens to the word itself, "while" or "While", and a little to "Although".
# One score, different patterns: only reading shows it.

# %% [markdown]
# ## 3. Does a value say what follows its triggers?
#
# First the sayers of "while", by another yardstick than the lesson's.
# For each neuron: how many standard deviations σ (of $E v$, over the whole vocabulary)
# does its value lift " while" above the average token?

# %%
token_while = lm.tokenizer(" while")["input_ids"][0]
loud = loudness(lm, E, token_while)
for i in loud.abs().flatten().topk(5).indices.tolist():
    place = divmod(i, lm.d_ff)
    sign = -1 if loud[place] < 0 else 1
    words = speaks(lm, E @ lm.weight(place[0])[:, place[1]] * sign, 5)
    print(f"{place}: {loud[place]:+.1f} σ  {words}")
i = 26 * lm.d_ff + 1188
at_while, usual = (
    float(some[:, i].mean()) for some in (keys_while, keys_other)
)
print(f"(26, 1188): mean {at_while:+.2f} at 'while', {usual:+.2f} elsewhere")
show_neurons(lm, seen, E, [(26, 1188)], contexts=5)

# %% [markdown]
# All five stand in the last third of the blocks.
# Look at the negative triggers of the one on the card:
# several are commas, after which the other half of a contrast may follow (not all: " Union", " China").
# At the word "while" itself its mean coefficient is [[=at_while:+.2f]], nothing beside the card's.
# It does not hear the word.
# It wakes at some places where one might say it.
#
# Now all neurons. Geva et al. asked:
# is the token that a value says loudest the token that really follows the neuron's strongest trigger?
# We measure two things: this **agreement rate**,
# and a gentler one, how loud (in σ) the value says the token that really follows.
# To know what chance would give, we also hand each neuron the followers of *another* neuron's triggers.

# %%
chapter.predict(
    "c",
    "In which blocks does a value speak loudest for the token that really "
    "follows its triggers?",
    [
        "blocks 0 to 9",
        "blocks 10 to 19",
        "blocks 20 to 27",
        "blocks 28 and 29, next to the output",
    ],
)

# %%
centred = E - E.mean(0)
covariance = centred.T @ centred / len(E)
torch.manual_seed(0)


def agreement(layer):
    """Mean loudness of true and of shuffled followers; both rates."""
    rows = []
    for side, sign in enumerate((1, -1)):
        V = sign * lm.weight(layer)
        spread = (V * (covariance @ V)).sum(0).sqrt()
        follows = seen.ids[seen.place[side, layer, :4] + 1]  # [4, d_ff]
        shuffled = follows[:, torch.randperm(lm.d_ff)]
        both, rates = (follows, shuffled), []
        z, z0 = ((centred[f] * V.T).sum(-1) / spread for f in both)
        for f, by in ((follows, z), (shuffled, z0)):
            # below 4 σ, a token is (almost) never the loudest
            maybe = (by[0] > 4).nonzero().flatten().cpu()
            said = (E @ V[:, maybe]).argmax(0).cpu()
            rates.append(float((said == f[0, maybe]).sum()) / lm.d_ff)
        rows.append((float(z.mean()), float(z0.mean()), *rates))
    return torch.tensor(rows).mean(0)


# %%
says = torch.stack([agreement(layer) for layer in blocks])
peak = int(says[:, 0].argmax())
rate, rate_at = float(says[:, 2].max()), int(says[:, 2].argmax())
peak_says, last_says = float(says[:, 0].max()), float(says[-1, 0])
show(*draw.agreement_figure(says), name="02_agreement")
chapter.reveal("c", sum(peak >= bound for bound in (10, 20, 28)))

# %% [markdown]
# **How to read it.** Left: zero means that the value does not care about the token that follows.
# Right: the share of sides whose loudest token *is* the one that follows their strongest trigger.
# The dashed line is chance in both.
#
# **What surprised us.**
# Not that agreement rises in the upper blocks, as in the paper, up to [[=peak_says:.2f]] σ in block [[=peak]].
# But that it falls again at the very end: in block 29 the mean is [[=last_says:.2f]] σ.
# The last block's values speak, on average, slightly *against* the token that follows their strongest triggers,
# though some still say it loudest of all. We do not know why.
# Nor do we know what makes the bar in block 8 ([[=float(says[8, 2]):.1%]]).
#
# How our numbers stand beside those of Geva et al.:
#
# | | [Geva et al. 2021](https://arxiv.org/abs/2012.14913) (theirs) | here |
# |---|---|---|
# | model | 16 layers, trained on WikiText-103 | SmolLM2-135M-Instruct (GGUF Q4_1, de-quantised), 30 blocks |
# | coefficients | one side (never negative) | both signs, so two sides for each neuron |
# | text | WikiText-103, what the model was trained on | [[=read:,]] tokens of Wikipedia leads |
# | naming | experts looked at 25 triggers of a key; 3.6 patterns a key on average; 65% to 80% of the triggers fit one | we named a few by eye, and searched for one with a score |
# | agreement | near zero in the lower layers, then up to 3.5% in layers 11 to 16 | at most [[=rate:.1%]], in block [[=rate_at]] |
#
# Ours is lower, and several things differ at once: the model, its form, the text.
# We have not tested which of them matters.
# So read the *shape*, not the height.

# %% [markdown]
# ## 4. Another sum: " Paris"
#
# The lesson takes " India" apart.
# The same for "The capital of France is", with two directions, because " Paris" has two kinds of rivals:
# tokens that are no capitals at all, and other capitals.


# %%
def token(word):
    """The id of a word that is a single token."""
    (only,) = lm.tokenizer(word)["input_ids"]
    return only


step = trace(lm, PROMPT)
paris = token(" Paris")
p_paris = float(step.logits.softmax(0)[paris])
capitals = "London Rome Berlin Madrid Tokyo Vienna Moscow Athens Lisbon Cairo"
rivals = E[[token(f" {word}") for word in capitals.split()]].mean(0)
directions = {
    "' Paris' more likely\nthan the average token": E[paris] - E.mean(0),
    "' Paris' more likely\nthan ten other capitals": E[paris] - rivals,
}
parts = {
    name: (step.scale * step.attention @ r, step.scale * step.feed_forward @ r)
    for name, r in directions.items()
}
show(*draw.parts_figure(parts), name="02_paris")

# %%
(attention_part, memory_part), (att_fact, ff_fact) = parts.values()
from_attention, from_memory = (
    float(attention_part.sum()),
    float(memory_part.sum()),
)
at_capital, last_capital = int(att_fact.argmax()), float(ff_fact[-2:].sum())
r = step.scale * (E[paris] - E.mean(0))
added = torch.stack(
    [contributions(step.keys[b], lm.weight(b), r) for b in blocks]
)  # [blocks, d_ff]
ordered = added.flatten().sort(descending=True).values
support, against = ordered.clamp_min(0).sum(), ordered.clamp_max(0).sum()
supporters = ordered[ordered > 0].cumsum(0)
half = int((supporters < support / 2).sum()) + 1
top20 = float(ordered[:20].sum())
show(*draw.sum_figure(ordered), name="02_sum")

# %% [markdown]
# On the left of the first figure is everything that makes " Paris" more likely than a random token.
# On the right is only what makes it more likely than *other capitals*: the fact itself.
# Attention adds [[=from_attention:.1f]] on the left, and the neurons [[=from_memory:.1f]].
# In the right panel, too, attention adds more than the neurons, most of all in block [[=at_capital]],
# and in the last two blocks the feed-forward layers push *against* " Paris" ([[=last_capital:+.1f]]).
#
# The second figure adds the neurons up one by one.
# The curve climbs while supporters are added, is flat
# where neurons add next to nothing, and falls when the opponents come.
# The supporters add [[=support:.0f]], the opponents take [[=-against:.0f]] away.
# It takes [[=round(half, -2):,]] neurons to reach half of the support;
# but because the two camps nearly cancel, the 20 strongest, which add [[=top20:.1f]], can decide.
#
# Who are they?

# %%
ranking = added.flatten().argsort(descending=True).tolist()


def list_neurons(places, amounts, keys):
    """What each neuron adds, its coefficient, what that side says."""
    for i in places:
        (b, n), k = divmod(i, lm.d_ff), float(keys.flatten()[i])
        side = (E @ lm.weight(b)[:, n]) * (1 if k > 0 else -1)
        what = f"adds {amounts.flatten()[i]:+.2f} (coefficient {k:+.1f})"
        print(f"({b}, {n:4}) {what}; that side says {speaks(lm, side, 4)}")


list_neurons([*ranking[:6], *ranking[-3:]], added, step.keys)
show_neurons(lm, seen, E, [(24, 1005), (29, 864)], contexts=4)

# %% [markdown]
# * *The strongest supporter works with its negative side.*
#   Neuron (24, 1005) has the coefficient [[=float(step.keys[24, 1005]):.0f]],
#   and the negative side of its value says "capitals" and "metropolis".
#   It does not say "Paris"; it says *what kind of word* comes now.
# * *The strongest opponent is the "French" neuron* (29, 864).
#   Its coefficient is positive, and that side takes away "French", "France" and also "Paris",
#   although its triggers on the card are mostly in French topics. We do not know why.
#
# ### The paper's own sentence
#
# The picture with which Geva et al. open their paper has the input "stay with you for a", and the prediction "while".
# What happens in our model?
# We take the same words with "I will" before them,
# and list who adds most to " while", and what two sayers of section 3 add.

# %%
moment = trace(lm, "I will stay with you for a")
for_while = moment.added(lm, E[token_while] - E.mean(0))
p_next = moment.logits.softmax(0)
print({w: f"{p_next[token(w)]:.2f}" for w in speaks(lm, moment.logits, 4)})
five = for_while.flatten().topk(5).indices.tolist()
two = [28 * lm.d_ff + 652, 26 * lm.d_ff + 1188]
list_neurons(five + two, for_while, moment.keys)
p_while = float(p_next[token_while])
rank_while = int((moment.logits > moment.logits[token_while]).sum()) + 1

# %% [markdown]
# In our model " while" comes at place [[=rank_while]], with probability [[=p_while:.2f]].
# And no neuron among its five strongest supporters is among the "while" neurons of section 3.
# Of those, (26, 1188) adds almost nothing, and (28, 652)
# wakes with its other sign and speaks strongly *against* " while" ([[=float(for_while[28, 652]):+.1f]]).
# The supporters say " long", " little", "bit", or words for spans of time; one has " while" somewhere in its list.
# The prediction is put together from memories none of which is about it alone.
# Geva et al. say the same about their model:
# the prediction of a layer "is typically not the result of a single dominant memory cell,
# but a composition of multiple memories".

# %% [markdown]
# ## 5. Neurons off, with controls
#
# Is it *the* neuron of this fact?
# We switch off many supporters, at the last token, and compare with equally many random neurons,
# and with neurons whose coefficients are equally *large*.
# `switched` multiplies some coefficients by a factor inside a `with` block; afterwards everything is as before.


# %%
def p_after(word, off, factor=0.0, prompt=PROMPT):
    """The probability of a token with some neurons multiplied."""
    by_block = {}
    for i in off:
        by_block.setdefault(i // lm.d_ff, []).append(i % lm.d_ff)
    with switched(lm, by_block, factor, last=True):
        return float(trace(lm, prompt).logits.softmax(0)[word])


one_off, doubled = (p_after(paris, ranking[:1], f) for f in (0.0, 2.0))
print(f"on: {p_paris:.2f}, off: {one_off:.2f}, doubled: {doubled:.2f}")

# %%
counts = [1, 2, 5, 10, 20, 50, 100, 200]
dice = torch.Generator().manual_seed(0)
random_order = torch.randperm(neurons, generator=dice).tolist()
size, equal = step.keys.flatten().abs(), []
for i in ranking[: counts[-1]]:  # next to it in |k|, and not one of them
    distance = (size - size[i]).abs()
    distance[ranking[: counts[-1]] + equal] = torch.inf
    equal.append(int(distance.argmin()))
orders = {
    "strongest supporters": ranking,
    "random neurons": random_order,
    "equally large |k|": equal,
}
curves = {
    name: [p_after(paris, order[:n]) for n in counts]
    for name, order in orders.items()
}
show(*draw.off_figure(curves, counts, "' Paris'"), name="02_off_paris")

# %% [markdown]
# [[=counts[4] ]] neurons off, [[=counts[4] / neurons:.2%]] of all,
# and " Paris" is gone ([[=curves['strongest supporters'][4]:.2f]]).
# As many with equally large coefficients off: [[=curves['equally large |k|'][4]:.2f]].
# [[=counts[7] ]] *random* neurons off: [[=curves['random neurons'][7]:.2f]].
# So a few strong supporters decide, not any few that are loud.
# (They do not act one by one:
# two off leaves [[=curves['strongest supporters'][1]:.2f]], more than one off ([[=one_off:.2f]]).
# The second, (29, 511), lifts commas and " and" even more than " Paris".
# And doubled, the first hardly helps: [[=doubled:.2f]].)
#
# The same neuron, off, when we ask for other capitals, and in three sentences without a city:

# %%
asked = {
    "The capital of Italy is": " Rome",
    "The capital of Japan is": " Tokyo",
    "The capital of Spain is": " Madrid",
    "I will stay with you for a": " long",
    "The opposite of hot is": " cold",
    "Birds can fly because they have": " the",
}
for prompt, word in asked.items():
    right = token(word)
    on = float(trace(lm, prompt).logits.softmax(0)[right])
    off = p_after(right, ranking[:1], prompt=prompt)
    print(f"{prompt}{word}: {on:.2f} on, {off:.2f} off")

# %% [markdown]
# Other capitals fall as well, while the sentences without a city do not notice.
# So this neuron does not hold one fact; many facts share it.

# %% [markdown]
# ## 6. What the words hide
#
# For each block, we switch off the neuron with the largest direct contribution to " Paris" (at the last token),
# and compare what arithmetic promises with what happens.

# %%
strongest = added.argmax(1).tolist()
promised = [-float(added[b, n]) for b, n in enumerate(strongest)]
height = float(step.logits[paris] - step.logits.mean())
happened = []
for b, n in enumerate(strongest):
    with switched(lm, {b: [n]}, last=True):
        logits = trace(lm, PROMPT).logits
    happened.append(float(logits[paris] - logits.mean()) - height)
show(*draw.promised_figure(promised, happened), name="02_promised_paris")
list_neurons([strongest[0]], added, step.keys)  # the one of block 0

# %% [markdown]
# In block 0, the neuron promised a change of [[=promised[0]:.1f]], and [[=happened[0]:.1f]] happened.
# Nothing in its words lets you guess that: it works through the blocks above.
# In block 28, the promise was [[=promised[28]:.1f]], and [[=happened[28]:+.1f]] happened,
# because the last block reacted (and the norm's scale s moved).
# Even in block 29, which no block follows, the promise was [[=promised[29]:.1f]] and [[=happened[29]:+.1f]] happened:
# that is s alone, because the norm divides by the length of the whole h.
#
# Here is that neuron of block 28.

# %%
show_neurons(lm, seen, E, [(28, strongest[28])], contexts=6)

# %% [markdown]
# Tokens near the beginning of a text wake it (with by far the largest coefficients), and so do quite different topics.
# Its words begin with junk from program code.
# A neuron like this is called **polysemantic**.
# The usual explanation: a model has more things to say than neurons to say them with,
# so it uses each neuron for several, and several neurons for each thing.
#
# And the list begins with junk.
# "noqa", "pylint", "Leices": such tokens are rare in ordinary text, and yet they stand on top of many projections.
# An honest reader looks at twenty words, not at the one that fits.

# %% [markdown]
# ## 7. The neuron browser
#
# Now search yourself.
# Type a word, and the browser lists the neurons whose values say it loudest, with the sign that says it.
# Choose one and read its card.
# Or type a block and a number.
#
# Ideas: *city*, *however*, *October*, *red*.
# Then try the same neuron's other side.
# How many neurons until you meet one whose pattern you can name in three words?

# %%
browser = NeuronBrowser(lm, seen, E, word="French")
browser.show()

# %% [markdown]
# *The Wikipedia excerpts shown here are under [CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/);
# they come from the lead paragraphs of English Wikipedia.*
#
# [Back to the lesson](../02_key_value_memory.ipynb).
