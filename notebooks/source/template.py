# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 99: A template
#
# *To read: 5 minutes. To do the exercises: 5 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter:** one sentence about what the reader will have in hand at the end.

# %% [markdown]
# > **After this chapter you can**
# > * *do* this,
# > * *explain* that.
# >
# > **You need** [chapter 0](00_demo.ipynb).
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** nothing but time.

# %% tags=["setup"]

# %%
# Parameters: only numbers change between a laptop and a large machine.
import torch

from alphaedit_lite.book.kit import plots
from alphaedit_lite.book.kit.chapter import Chapter

chapter = Chapter("99")
N = 200

# %% [markdown]
# ## Before you start
#
# 1. A recall question on an earlier chapter.
#
# <details><summary>Answer</summary>
# The answer.
# </details>

# %% [markdown]
# ## 1. The first idea
#
# One idea, in short sentences.
# Then the reader commits to a guess.

# %%
chapter.predict("a", "Is the mean of the squares of standard normal numbers nearer to 1 or to 2?", ["1", "2"])

# %%
torch.manual_seed(0)
x = torch.randn(N)
mean = float((x**2).mean())
with plots.drawing(size=(4, 2.4)) as (figure, axis):
    axis.hist(x.numpy(), bins=20, color=plots.COLORS[0])
    axis.set_xlabel("x")
plots.show(figure, f"Histogram of {N} numbers from {x.min():.1f} to {x.max():.1f}.", name="99_histogram")
chapter.reveal("a", 0 if mean < 1.5 else 1)

# %% [markdown]
# **What surprised us.**
# The mean of the squares is [[=mean:.1f]]: numbers in prose are never typed.

# %% [markdown] tags=["instructor"]
# Notes for a class: only the instructor's edition shows them.

# %% [markdown]
# ### Exercise 99.1: The mean · 1 minute · ★
#
# Write `mean_of(x)` for a vector x.
#
# <details><summary>Hint</summary>Add, then divide.</details>
# <details><summary>More help</summary><code>x.sum()</code> adds.</details>
# <details><summary>Expected output</summary>A tick, and "all properties hold".</details>


# %% exercise="99.1"
def mean_of(x):
    """The mean of a vector, [n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return x.sum() / len(x)
    # END SOLUTION


mean_of = chapter.check("99.1", mean_of)

# %% [markdown]
# ### Exercise 99.2: The centred vector · 1 minute · ★
#
# Write `centred(x)`, which takes the mean away.
#
# <details><summary>Hint</summary>You have just written <code>mean_of</code>.</details>
# <details><summary>More help</summary>Subtract it.</details>
# <details><summary>Expected output</summary>A tick.</details>


# %% exercise="99.2"
def centred(x):
    """The vector without its mean, [n]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return x - x.mean()
    # END SOLUTION


centred = chapter.check("99.2", centred)

# %% [markdown]
# ### Exercise 99.3: On paper · 2 minutes · ★★
#
# What is the mean of a centred vector?
# Work it out, then write the number.
#
# <details><summary>Hint</summary>The mean is linear.</details>
# <details><summary>More help</summary>mean(x − m) = mean(x) − m.</details>
# <details><summary>Expected output</summary>A tick.</details>

# %% exercise="99.3"
# BEGIN SOLUTION
# STUB mean_of_centred = None  # your number here
mean_of_centred = 0
# END SOLUTION
mean_of_centred = chapter.check("99.3", mean_of_centred)

# %% [markdown]
# ## Break it
#
# One experiment in which the method fails.

# %%
print("The mean of [1, 1, 1000]:", float(mean_of(torch.tensor([1.0, 1.0, 1000.0]))))

# %% [markdown]
# ## Paper ↔ code
#
# | in the paper | in words | in this package |
# |---|---|---|
# | equation | what it does | file |

# %% [markdown]
# ## Keypoints
#
# * At most five.

# %% [markdown]
# ## Quiz
#
# A question?
#
# <details><summary>A. One option.</summary>
# No, because …
# </details>
# <details><summary>B. Another.</summary>
# <b>Yes.</b>
# </details>
#
# **Further reading**
#
# * A [paper](https://arxiv.org/abs/2410.02355), with a sentence on why.
#
# **Next:** what follows.

# %%
chapter.report()
