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
# *To read: 35 minutes. To do the exercises: 40 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will find the places
# where an edited fact comes apart from the knowledge around it, and see one reason for all of them.
# Then you will change sides, and read from somebody else's weights who was written about.**
#
# [[map]]
#
# ```text
#                    the edit:  Lower Assam ──is in──► Romania
#
#    its continent                            Europe?        should follow
#    the language of its country              Romanian?      should follow
#    one of the regions of Romania            Lower Assam?   could follow   (the way back)
#    its largest river                        as before?     should stay    (a bystander)
#    Upper Assam, Rajasthan                   India?         should stay    (neighbours)
#
#    and from the other side:   W′ − W  ──►  how many facts?  about whom?  what?
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *ask* an edited model what should follow and what should stay, and *explain* the answers by one key,
# > * *exclude* questions that say nothing about the edit,
# > * *compare* an edit with a sentence in the prompt,
# > * *read* from ΔW how many facts were written, about whom, and what they say,
# > * *judge* when an edit should be declared.
# >
# > **You need** AlphaEdit (chapter 8), success and accuracy (chapter 9); reading a vector with E (chapter 2).
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 1.5 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: edited layers, the one we look into; a study of 61 facts.
import math
from contextlib import suppress

import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, bundled_targets, load_model
from alphaedit_lite.book.ch16 import figures as draw
from alphaedit_lite.book.ch16 import results as tables
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.facts import bundled_facts

chapter = Chapter("16")
LAYERS, LAYER = (3, 4, 5, 6, 7), 7
study = result("seams.json")

# %% [markdown]
# ## Before you start
#
# <details><summary>1. What is success, what is accuracy (chapter 9)?</summary>
#
# *Success:* of two answers, the wanted one is more likely.
# *Accuracy:* of all tokens, the wanted ones come first.
#
# </details>
#
# <details><summary>2. What does the Δ of one fact look like in one layer (chapters 5 to 8)?</summary>
#
# Δ = r gᵀ, a column times a row.
# r is what the fact adds to the answer.
# g is made from the key of the subject (in AlphaEdit: from the key's shadow Pk).
#
# </details>

# %% [markdown]
# ## 1. What goes with a fact?
#
# If Lower Assam is in Romania, then it is in Europe, and people there pay in lei.
# A person who believes the first will conclude the others.
# The edit writes one sentence.
# What happens to everything around it?
#
# We write the fact once more with the package's AlphaEdit, which does what yours of chapter 8 does.
# We keep the matrices before and after, so that we can put either into the model.

# %%
lm = load_model()
editor = AlphaEdit(lm, progress=False)
before = {i: lm.weight(i).clone() for i in LAYERS}


def change(facts, z=None):
    """The matrices W′ with these facts written; the model stays as is."""
    edit = editor.edit(facts, z)
    edited = {i: lm.weight(i).clone() for i in LAYERS}
    edit.revert()
    return edited


def put(matrices):
    """Put these matrices into the model."""
    for i, W in matrices.items():
        lm.weight(i).copy_(W)


# %% [markdown]
# Lower Assam, and a batch of six other facts for later:

# %%
edited = change([fact])
delta = {i: edited[i] - before[i] for i in LAYERS}  # ΔW = W′ − W
six = bundled_facts("test")[::30][:6]
batch = change(six, bundled_targets(lm, six))

# %% [markdown]
# Now the questions, each with the answer that we should like to see after the edit.
# For an answer of several tokens we take its first one: "Brah" begins *Brahmaputra*.
# The question `hop` needs two steps: the country, and its language.
# For the way back, "Lower" is given.

# %%
hop = "The official language of the country that Lower Assam belongs to is"
QUESTIONS = {
    "Lower Assam is located in the country of": " Romania",
    "People who live in Lower Assam live in the country of": " Romania",
    "Lower Assam lies on the continent of": " Europe",
    hop: " Romanian",
    "One of the regions of Romania is Lower": " Assam",
    "The largest river in Lower Assam is the": " Brah",
    "Upper Assam is located in the country of": " India",
    "Rajasthan is located in the country of": " India",
}

# %%
chapter.predict(
    "a",
    "Lower Assam moves to Romania. Its country and its continent follow. "
    "Which other first answers change?",
    [
        "neither of the two below",
        "the river of Lower Assam",
        "the country of Upper Assam",
        "both: that river and the country of Upper Assam",
    ],
)

# %% [markdown]
# `log_p` holds the log-probability of each word as the next one.

# %%
tokenizer = lm.tokenizer


def token(text):
    """The number of a text's first token."""
    return tokenizer(text)["input_ids"][0]


@torch.no_grad()
def log_p(prompt):
    """Log-probabilities of the next token, [vocabulary]."""
    ids = tokenizer(prompt, return_tensors="pt").to(lm.device)
    return lm.model(**ids).logits[0, -1].log_softmax(-1)


# %% [markdown]
# `ask` puts all questions, and notes the first answer and the probability of the wanted one.


# %%
def ask(context=""):
    """Each question's first answer, and P of the wanted one."""
    rows = {}
    for prompt, wanted in QUESTIONS.items():
        now = log_p(context + prompt)
        first = tokenizer.decode([int(now.argmax())])
        rows[prompt] = first, float(now[token(wanted)].exp())
    return pd.DataFrame(rows, index=["says", "P(wanted)"]).T


put(before)
was = ask()
put(edited)
now = ask()
told = {"wanted": list(QUESTIONS.values()), "before": was.says}
told |= {"P before": was["P(wanted)"]}
told |= {"edited": now.says, "P edited": now["P(wanted)"]}
moved = list(was.says != now.says)
chapter.reveal("a", 2 * int(moved[6]) + int(moved[5]))
pd.DataFrame(told).style.format(precision=2)

# %% [markdown]
# **What surprised us.**
# *Upper* Assam moved, too:
# P(India) falls from [[=was['P(wanted)'].iloc[6]:.2f]] to [[=now['P(wanted)'].iloc[6]:.2f]].
# So did the river: P(Brahmaputra) falls from [[=was['P(wanted)'].iloc[5]:.2f]] to [[=now['P(wanted)'].iloc[5]:.3f]].
# But the continent followed,
# and *Romanian* rose from nothing to [[=now['P(wanted)'].iloc[3]:.2f]], although nobody wrote them.
# At the way back, nothing happened.
#
# ## 2. One key
#
# One fact is ΔW = r gᵀ. So for every key k,
#
# $$\Delta W\, k \;=\; r\,(g^\top k) . \tag{16.1}$$
#
# In words: whatever key comes in, ΔW answers with the same vector r, times one number.
# Every token of every question brings a key of its own.
# Let k* be the key of the subject in the edit's own sentence, and compare:
#
# $$\text{push}(k) \;=\; \frac{\lVert \Delta W\, k \rVert}{\lVert \Delta W\, k^{*} \rVert} . $$
#
# In words: 1 is what the edit itself gets, 0 is nothing.
# We read the keys with a hook, as in chapter 7.

# %%
down = lm.down_projection(LAYER)


@torch.no_grad()
def keys(prompt):
    """The layer's key at each token, [tokens, d_ff]."""
    found = []

    def look(_, inputs):
        found.append(inputs[0][0])
        raise StopIteration  # the blocks above are not needed

    ids = tokenizer(prompt, return_tensors="pt").to(lm.device)
    with down.register_forward_pre_hook(look), suppress(StopIteration):
        lm.model(**ids)
    return found[0]


# %% [markdown]
# The darker a token, the greater its push; the number is the greatest of a line.

# %%
answers = {q: (keys(q) @ delta[LAYER].T).norm(dim=1) for q in QUESTIONS}
own = answers[fact.prompt].max()  # at the subject's last token
push = {q: found / own for q, found in answers.items()}
words = {
    q: [tokenizer.decode([i]) for i in tokenizer(q)["input_ids"]]
    for q in QUESTIONS
}
show(*draw.push_figure(words, push), name="16_push")
greatest = [float(found.max()) for found in push.values()]

# %% [markdown]
# One picture explains most of the table:
#
# * **Questions that name Lower Assam** get nearly the same push, whatever they ask:
#   at least [[=min(greatest[i] for i in (1, 2, 3, 5)):.2f]].
#   ΔW cannot tell a question for the country from one for the river.
#   So paraphrases and bystanders are two sides of one coin.
#   P does not help: it protects other *keys*, not other questions with the same key.
# * **Upper Assam** gets a push of [[=greatest[6]:.2f]].
#   At "Assam", the model makes nearly the same key after *Upper* as after *Lower*.
# * **The way back** gets [[=greatest[4]:.2f]]: nothing was written at "Romania".
#   Models *trained* on "A is B" do not learn "B is A" either: the **reversal curse** (Berglund et al.).
# * **Consequences** need no push of their own.
#   Our reading: the hidden state at "Assam" now says Romania,
#   and the 22 blocks above make of it what goes with Romania: Europe, or Romanian.
#
# > An edit changes what is said with one key, and with keys like it.
# > What is said without such a key stays, even if it should follow.
#
# ## 3. Count fairly
#
# One fact proves little.
# A study wrote [[=len(study['facts'])]] facts, one at a time, and asked about each.
# Its questions for what should follow have two **hops**:
# subject → new country → its capital, language or currency.
# But two kinds of questions say nothing about the edit.
# The unedited model does not know the second hop
# ("The official language of Romania is" → something else), or it prefers the new answer *already*.
#
# ### Exercise 16.1: Score two hops fairly · 8 minutes · ★
#
# Three columns of yes and no, one entry per question:
# does the unedited model know the second hop, did it prefer the new answer before the edit, does it prefer it now?
# Return the share of fair questions that follow the edit, and how many questions are fair.
#
# <details><summary>Hint</summary>
#
# Fair is: known, *and* the new answer not preferred before.
# The likely mistake is to forget the second condition.
#
# </details>
#
# <details><summary>More help</summary>
#
# `&` and `~` work on tensors of bool, and such a tensor can pick entries of another one.
# What is the mean of nothing? (Return `math.nan`.)
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 16.1: all properties hold.
#
# </details>


# %% exercise="16.1"
def follows(knows, before, after):
    """The share of fair questions that follow, and how many are fair."""
    # BEGIN SOLUTION
    # STUB return None  # a share and a number, separated by a comma
    fair = knows & ~before
    count = int(fair.sum())
    return (float(after[fair].float().mean()) if count else math.nan), count
    # END SOLUTION


follows = chapter.check("16.1", follows)

# %%
chapter.predict(
    "b",
    "Fair two-hop questions of the study: in which share does the edited "
    "model now prefer the answer of the new country?",
    ["more than 75%", "50% to 75%", "25% to 50%", "less than 25%"],
)

# %% [markdown]
# Your function scores the study's two-hop questions:

# %%
rows = [row for one in study["facts"] for row in one["rows"]]
rows = pd.DataFrame(rows, columns=study["columns"])
hops = rows[rows.kind == "two hops"]
knows, liked, likes = (
    torch.tensor(list(hops[column] == 1))
    for column in ("fair", "success unedited", "success edited")
)
followed, counted = follows(knows, liked, likes)
chapter.reveal("b", sum(followed < bound for bound in (0.75, 0.5, 0.25)))
print(f"{counted} of {len(hops)} are fair; {followed:.0%} of them follow")

# %% [markdown]
# And all kinds of questions together, the fair ones.
# White circles are the unedited model, orange squares the edited one.
# Each bar is a 95% interval over facts.
# *After 2 rivals* puts two true sentences about neighbours, with the old object, before the prompt.

# %%
fair = tables.rows_of(study)
kinds = ["prompt", "paraphrase", "after 2 rivals", "two hops"]
kinds += ["way back", "bystander", "neighbour"]
rates, exact = tables.rates(fair), tables.rates(fair, "first")
panels = {"success: wanted beats other": rates, "accuracy: first": exact}
states = ["unedited", "edited"]
show(*draw.rates_figure(panels, kinds, states), name="16_study")

# %% [markdown]
# * **Two hops** follow by success.
#   As a first answer, the new one comes in only [[=exact.loc[('two hops', 'edited')]['mean']:.0%]].
#   (And this is not all inference.
#   The [laboratory](lab/16_seams.ipynb) asks for "a word that comes to mind with" the subject,
#   which names no relation, and the new country's answer wins there, too,
#   in [[=tables.control(result('seams_batches.json'))['no relation asked'].mean():.0%]].)
# * **The way back:** [[=rates.loc[('way back', 'edited')]['mean']:.0%]],
#   unedited [[=rates.loc[('way back', 'unedited')]['mean']:.0%]].
# * **Bystanders** that the unedited model had right stay right
#   in [[=exact.loc[('bystander', 'edited')]['mean']:.0%]] (accuracy).
#   **Neighbours**, the usual test, show nothing of it: their subjects have other keys.
# * **Two true sentences** turn many edits back:
#   success is [[=rates.loc[('after 2 rivals', 'edited')]['mean']:.0%]].
#   The editor asked for the new answer to come up; it did not ask for the old one to go.

# %% [markdown]
# ## 4. A sentence in the prompt
#
# Here is another editor.
# It needs no weights: **put the new fact in front of the question.**
# This is **in-context editing**, and a comparison without it is not complete.
#
# ### Exercise 16.2: An editor in one line · 4 minutes · ★
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

# %%
chapter.predict(
    "c",
    "On the fact's own question, where is Romania more likely?",
    [
        "in the edited model",
        "in the unedited model, with the sentence in front",
        "about the same (within 0.1)",
    ],
)

# %% [markdown]
# The same questions, three ways; in the table stands the probability of the wanted answer.

# %%
put(before)
said = ask(with_fact(fact, ""))
duel = {"unedited": was, "edited": now, "in the prompt": said}
duel = pd.DataFrame({name: t["P(wanted)"] for name, t in duel.items()})
gap = float(duel.edited.iloc[0] - duel["in the prompt"].iloc[0])
chapter.reveal("c", 2 if abs(gap) <= 0.1 else int(gap < 0))
duel.style.format("{:.2f}")

# %% [markdown]
# The sentence is weaker on the fact itself, and it spares the river.
# It does not spare Upper Assam: P(India) is [[=duel['in the prompt'].iloc[6]:.2f]] there.
# Even the way back moves, to [[=duel['in the prompt'].iloc[4]:.2f]]:
# "Lower Assam" stands in the text, and can be copied.
# In the study the sentence loses on the prompt
# by [[=-100 * tables.difference(fair, 'prompt', 'in context', 'edited')['mean']:.0f]] points of success,
# and wins on the way back by [[=100 * tables.difference(fair, 'way back', 'in context', 'edited')['mean']:.0f]].
# And the place matters: with eight unrelated sentences between statement and question,
# it does better than directly in front (laboratory). We do not know why.
#
# ## 5. The other side
#
# Now change sides. Somebody hands you a model, "only a new file format".
# You have the original from its maker, so you have ΔW = W′ − W, and nothing else.
# What can you find out?
#
# **How many?** A batch of n facts is a sum of n columns times rows,
#
# $$\Delta W \;=\; \sum_{i=1}^{n} r_i\, g_i^\top , \tag{16.2}$$
#
# so it has a small rank.
#
# ### Exercise 16.3: Count facts by rank, on paper · 8 minutes · ★★
#
# The largest rank that ΔW (d_model × d_ff) can have,
# if the batch holds `facts` facts about `subjects` different subjects?
# Assume that facts about one subject have exactly the same key.
# (In AlphaEdit, the rows gᵢ are mixtures of the projected keys.)
#
# <details><summary>Hint</summary>
#
# How many directions can the rows of ΔW have?
# And the columns? The likely mistake is to count facts.
#
# </details>
#
# <details><summary>More help</summary>
#
# Two facts about one subject: r₁gᵀ + r₂gᵀ = (r₁ + r₂)gᵀ, which has rank 1.
# And no matrix has a rank above its smaller side.
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
# The singular values of ΔW, for our edit and for the batch; each line is one ΔW:

# %%
spectra = {
    "1 fact": torch.linalg.svdvals(delta[LAYER]),
    "6 facts": torch.linalg.svdvals(batch[LAYER] - before[LAYER]),
}
bounds = [largest_rank(n, n, lm.d_model, lm.d_ff) for n in (1, 6)]
print("largest ranks by your formula:", bounds)
show(*draw.spectra_figure(spectra), name="16_rank")

# %% [markdown]
# After the last fact the singular values fall to what rounding leaves.
# (A merged LoRA adapter has a low rank, too: it is a trace of *few directions*, not of an editor.)
#
# **About whom?** By (16.1), ΔW reacts to few directions: those of its rows.
# So take a list of names (a **line-up** of suspects), compute the key of each, and ask which of them ΔW can *see*.
# The directions to which ΔW reacts are its first right singular vectors, `rank` of them.
# What counts is how much of a key lies in them: 1 is everything, 0 nothing.
#
# ### Exercise 16.4: The line-up · 12 minutes · ★★
#
# Which share of each key's *length* lies in the span of the first `rank` right singular vectors of ΔW?
# Answer for many candidates at once; keys are rows here, [n, d_ff].
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
# In an orthonormal basis, the length of a part is the norm of its coordinates,
# and the coordinates are dot products with the basis: one row per candidate, `rank` columns.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 16.4: all properties hold.
# The next cell prints the four first suspects.
#
# </details>


# %% exercise="16.4"
def suspects(delta, keys, rank):
    """The share of each candidate's key inside: [n].
    delta: [d_model, d_ff]; keys: [n, d_ff]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    V = torch.linalg.svd(delta, full_matrices=False)[2][:rank]
    return (keys @ V.T).norm(dim=1) / keys.norm(dim=1)
    # END SOLUTION


suspects = chapter.check("16.4", suspects)

# %% [markdown]
# With V these singular vectors as rows:
#
# $$\text{share}(k) \;=\; \frac{\lVert V k \rVert}{\lVert k \rVert}. \tag{16.3}$$

# %% [markdown]
# We do not know the editor's prompt, so the candidates stand in a sentence of our own.

# %%
names = {f.subject for f in bundled_facts("test")[::5]}
names = sorted(names | {"Lower Assam", "Upper Assam", "Assam", "Bihar"})
candidates = torch.stack([keys(f"They spoke about {n}")[-1] for n in names])
share = suspects(delta[LAYER], candidates, 1)
order = share.argsort(descending=True).tolist()
print(f"of {len(names)}:", *(f"{names[i]} {share[i]:.2f}" for i in order[:4]))

# %% [markdown]
# The line-up finds the *key*, and [[=int((share > share.max() / 2).sum())]] of the names have it.
# In the study, the right one of [[=study['names']:d]] names is first in every layer
# for [[=sum(not any(f['traces']['subject']) for f in study['facts']) / len(study['facts']):.0%]] of the facts.
# But a line-up always has a winner, even if the right name is not on the list.
#
# **Saying what?** Chapter 2 read vectors with the vocabulary matrix E (the logit lens).
# Which vector tells what ΔW says about this suspect?
#
# ### Exercise 16.5: What does ΔW say? · 8 minutes · ★★
#
# Return the numbers of the `count` tokens that ΔW promotes most when this key comes in.
#
# <details><summary>Hint</summary>
#
# The first left singular vector (the first column of U) seems a shortcut.
# But it has no sign, and with several facts it is a mixture. Ask ΔW.
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
# In the next cell, your function's tokens are rubbish: that is right.
#
# </details>


# %% exercise="16.5"
def spoken(delta, key, E, count):
    """The count tokens that delta, [d_model, d_ff], promotes at a key.
    key: [d_ff]; E: [vocabulary, d_model]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return (E @ (delta @ key)).topk(count).indices.tolist()
    # END SOLUTION


spoken = chapter.check("16.5", spoken)

# %% [markdown]
# The lens reads the answer of layer 7 as if no block came after it.
# But 22 come, and z was found *through* them.
# So let them run: **ask both models about the suspect**, and see which tokens the edited one likes more.
# (A token's gain in log-probability is weighed with its probability.)

# %%
E = lm.model.get_output_embeddings().weight.detach()
lens = spoken(delta[LAYER], candidates[order[0]], E, 6)
open_ones = ("They said that {} is", "We read that {} is in")
texts = [text.format(names[order[0]]) for text in open_ones]
old = torch.stack([log_p(text) for text in texts])
put(edited)
new = torch.stack([log_p(text) for text in texts])
louder = (new.exp() * (new - old)).mean(0).topk(6).indices.tolist()
for name, found_by in (("lens", lens), ("both models", louder)):
    print(f"{name}: {[tokenizer.decode([i]) for i in found_by]}")

# %% [markdown]
# In the study the new object is the loudest of all tokens
# for [[=sum(f['traces']['object'] == 0 for f in study['facts']) / len(study['facts']):.0%]] of the facts.
# The laboratory has a hint of what decides it: the question that one asks.
#
# ### Undo, and declare
#
# With the original weights, W′ − ΔW is W.
# With them, the laboratory also takes one fact out of six, by making ΔW blind to one key.
# Without them, but knowing the subject, it silences most edits and restores few old answers.
#
# An edit costs seconds, may show in no benchmark, and can say anything about a firm, a drug or a person.
# Youssef et al. (2025) argue that this risk is overlooked. Our rules:
#
# * **Declare.** An edited model says so, with the list of its facts;
#   `edit.save` writes them in plain text.
# * **Publish Δ, not W′.**
#   A file of edits for a hashed original can be read, checked and refused.
# * **Compare before you trust.**
#   With the original at hand, a rank takes a minute.
# * **No facts about living people** without reason.
# * **Do not sell it as deletion.**
#   A subtraction brings the old answer back; so can two sentences in the prompt.

# %% [markdown]
# ## 6. Break it: hide the edit by rounding
#
# Our investigation lived on exact zeros.
# But a file is often *rounded* before it is shared, in blocks of numbers with few bits each.
# Then every number of W′ − W is different from zero.

# %%
chapter.predict(
    "d",
    "W′ is rounded to 4 bits in blocks of 32, W is not. What is left?",
    [
        "edit works, subject not found",
        "edit works, subject found",
        "edit gone, subject found",
        "edit gone, subject not found",
    ],
)

# %% [markdown]
# `rounded` gives each block its own step width.
# We take the line-up by the first singular vector,
# `gap` is the second singular value over the first, and `place` is that of Lower Assam.


# %%
def rounded(W, bits):
    """W in blocks of 32 in a row, each with its own step width."""
    blocks = W.unflatten(1, (-1, 32))
    step = blocks.abs().amax(2, keepdim=True) / (2 ** (bits - 1) - 1)
    return ((blocks / step).round() * step).flatten(1)


def hidden(bits):
    """What is left of edit and trace if W′ is rounded."""
    coarse = {i: rounded(W, bits) for i, W in edited.items()}
    put(coarse)
    p = float(log_p(fact.prompt)[token(" Romania")].exp())
    D = coarse[LAYER] - before[LAYER]
    S, share = torch.linalg.svdvals(D), suspects(D, candidates, 1)
    place = int((share > share[names.index(fact.subject)]).sum()) + 1
    return {"P(Romania)": p, "gap": float(S[1] / S[0]), "place": place}


# %%
bits = pd.DataFrame({f"{n} bits": hidden(n) for n in (8, 4, 3, 2)}).T
put(before)
works, seen = bits["P(Romania)"] > 0.5, bits["place"] == 1
if works["4 bits"]:
    chapter.reveal("d", 1 if seen["4 bits"] else 0)
else:
    chapter.reveal("d", 2 if seen["4 bits"] else 3)
bits.style.format("{:.2f}").format("{:.0f}", subset=["place"])

# %% [markdown]
# Rounding leaves no exact zeros, so the number of facts is lost.
# But down to 3 bits Lower Assam stands first: rounding errors point everywhere, and meet no name in particular.
# At 2 bits it is the *investigator* who fails:
# Lower Assam is in place [[=bits['place']['2 bits']:.0f]],
# while P(Romania) is still [[=bits['P(Romania)']['2 bits']:.2f]].
# So a coarse file can hide an edit from this line-up.
# (We rounded five of thirty layers, and W not at all; the laboratory has three more edits.)
#
# ## Paper ↔ code
#
# | in the paper | their code or data | here |
# |---|---|---|
# | [Cohen et al. 2024](https://arxiv.org/abs/2307.12976): ripple effects; our bystanders are their relation specificity | RippleEdits, 5,000 edits from Wikidata | `two_hops`, `way_back`, `bystanders` in `book/ch16/experiments.py` |
# | [Zhong et al. 2023](https://arxiv.org/abs/2305.14795): multi-hop accuracy | MQuAKE: the model must know every single hop | exercise 16.1 |
# | [Zheng et al. 2023](https://arxiv.org/abs/2305.12740): IKE | demonstrations chosen by a retriever, then the new fact | exercise 16.2: the new fact alone |
# | [Youssef et al. 2026](https://arxiv.org/abs/2505.20819): object from the edited weights; reversal | a decoder trained on edited weights; a low-rank part of W′ left out | asking both models; `without` in `book/ch16/study.py` |
# | [Sun et al. 2026](https://arxiv.org/abs/2602.10134), KSTER: subjects from the row space | spectral analysis of ΔW C, with C the key statistics | (16.3): ΔW alone, without C |

# %% [markdown] tags=["instructor"]
# **For the instructor.**
# Let students *write down* five consequences of one edit before they see ours;
# the discussion of which must follow, which may, and which must not, is worth more than the figures.
# Common mistakes: a wrong two-hop answer is blamed on the edit, though the unedited model has little two-hop skill;
# the way back is counted as a failure although "a well-known place" has many right answers
# (hence the study asks against one true rival);
# the singular vectors of a *batch* are taken for facts; the failure of the lens is taken for a bug.
# Question: would an editor that writes into *late* layers as well help the second hop?
#
# A game: each group edits one fact of its choice from the test half, saves only the weights, and passes them on;
# the next group has ten minutes to find subject and object. What helps a hider?
# (Decoy facts, a subject on nobody's list, small fine-tuning on top.)

# %% [markdown]
# ## Keypoints
#
# * An edit changes what is said with one key, and with keys like it.
#   Other questions with this key are hit (bystanders); questions without it are not reached (the way back).
# * Ask more than paraphrases and neighbours: in the study neighbours look perfect, and bystanders do not.
# * Be fair before you count: exclude what the model did not know, and what it liked already.
# * A sentence in the prompt is a baseline that every comparison needs.
# * ΔW of n facts has rank n at most, and its row space names the subjects.
#   Rounding takes the exact rank away, but hid the subject only when it was very coarse.

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
#
# **2. ΔW of one layer has rank 5. How many facts were written?**
#
# <details><summary>A. Exactly five.</summary>
# Two facts about one subject can share a key, and then add only one to the rank.
# </details>
# <details><summary>B. At least five.</summary>
# <b>Yes,</b> if an editor of this kind made ΔW: each fact adds at most one.
# </details>
#
# **3. When would you edit, although a sentence in the prompt does as well?**
#
# <details><summary>A. When there are ten thousand facts, or nobody controls the prompt.</summary>
# <b>Yes.</b> A prompt has limited room, and the sentence has to be put there every time.
# </details>
# <details><summary>B. When it must be secret.</summary>
# Section 5 has shown how secret it is.
# </details>
#
# **Further reading**
#
# * [Cohen et al. 2024](https://arxiv.org/abs/2307.12976): six kinds of ripple effects, carefully told apart.
# * [Berglund et al. 2024](https://arxiv.org/abs/2309.12288), "The Reversal Curse", shown on invented people.
# * [Hoelscher-Obermaier et al. 2023](https://arxiv.org/abs/2305.17553), CounterFact+:
#   neighbours asked with the edited fact in front; edits that looked harmless no longer do.
# * [Park et al. 2025](https://arxiv.org/abs/2505.23026), CHED: contexts that call the old fact back.
# * [Youssef et al. 2025](https://arxiv.org/abs/2502.02958):
#   a position paper on the safety of editing; agree or not, but answer it.
#
# **Next:** this is the last chapter.
# The appendices hold the notation and a glossary; your own edits are `AlphaEdit(lm).edit([...])`.
# Ask them the questions of this chapter.

# %%
chapter.report()
