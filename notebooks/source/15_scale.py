# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 15: From a laptop to 8B
#
# *To read: 35 minutes. To do the exercises: 45 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will count what an edit costs, in bytes and in multiplications,
# test your count against the clock, and then ask it about a model that you do not have.**
#
# [[map]]
#
# ```text
#                      SmolLM2-135M          Llama-3-8B
#     d_ff                    1,536              14,336      ×   9
#     weights               135 M              8,030 M       ×  60
#     one layer's C0          d_ff²               d_ff²      ×  87
#     its eigenvectors        d_ff³               d_ff³      × 813
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *compute* memory and arithmetic of an edit from a few sizes of a model, and *check* both,
# > * *say* where the time of an edit goes,
# > * *merge* key statistics that were made in different places,
# > * *say* what half precision takes from an edit, and when it hurts,
# > * *hand over* an edit as a thin pair of matrices.
# >
# > **You need** the key statistics and P (chapter 7), the editor (chapter 8), and powers of two.
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 2 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: edited layers, the one we look at, facts that are written.
import time

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from alphaedit_lite import AlphaEdit, key_statistics, load_model
from alphaedit_lite.book.ch15 import figures as draw
from alphaedit_lite.book.ch15.experiments import shape
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM as fact
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.scale.sizes import shape_of

chapter = Chapter("15")
torch.manual_seed(15)
LAYERS, LAYER, FACTS = (3, 4, 5, 6, 7), 5, 40

# %% [markdown]
# ## Before you start
#
# <details><summary>1. What does AlphaEdit keep of the 100,000 keys of ordinary text? (Chapter 7)</summary>
#
# Only their second moment C0 = K0 K0ᵀ / N, d_ff × d_ff numbers for each edited layer, whatever N is.
# Its eigenvectors with small eigenvalues are the null space.
#
# </details>
#
# <details><summary>2. What is the rank of an update Δ that writes n facts? (Chapters 5 and 6)</summary>
#
# At most n: Δ = R G, with one column of R (what should change) and one row of G (for which key) for each fact.
#
# </details>

# %% [markdown]
# ## 1. What does it weigh?
#
# | type | float64 | float32 | bfloat16, float16 |
# |---|---|---|---|
# | bytes a number | 8 | 4 | 2 |
#
# Memory is "how many numbers, times bytes each".
# The weights of a model with N parameters take N times the bytes of their type.
# What does an edit keep beside them, for each edited layer?
#
# * the sum of k kᵀ over the text, and the eigenvectors that span the null space (at most as many numbers;
#   while it finds them, the eigensolver needs room for four such matrices),
# * the sum of all updates Δ, so that each can be taken back,
# * one key for each fact that is written: the history.
#
# ### Exercise 15.1: One layer, on paper · 7 minutes · ★
#
# With a pencil. For *one* edited layer, in bytes: the sum of k kᵀ in float64;
# the sum of all updates Δ in float64; the keys of `facts` written facts in float32.
#
# <details><summary>Hint</summary>
#
# Begin with the shapes.
# Δ has the shape of W.
# The likely mistakes: to store the keys of the text,
# which are forgotten as soon as they are added; and to take 4 bytes for a float64.
#
# </details>
#
# <details><summary>More help</summary>
#
# The third is the easiest: `facts` rows of d_ff numbers, 4 bytes each.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 15.1: all properties hold.
#
# </details>


# %% exercise="15.1"
def memory(d_model, d_ff, facts):
    """Bytes in one layer: sum of k kᵀ, sum of Δ, the facts' keys."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    return 8 * d_ff**2, 8 * d_model * d_ff, 4 * facts * d_ff
    # END SOLUTION


memory = chapter.check("15.1", memory)

# %%
chapter.predict(
    "a",
    "Llama-3-8B in bfloat16 takes 16 GB. How much do the d_ff × d_ff "
    "matrices of an edit of five layers take?",
    ["about a tenth of that", "about half", "one to two times", "more"],
)

# %% [markdown]
# Your formulas for our model and three that the paper uses.
# Their sizes come from their configuration files; no weights are loaded.

# %%
lm = load_model()
models = {"SmolLM2-135M": shape_of(lm)}
models |= {name: shape(name) for name in ("GPT2-XL", "GPT-J-6B", "Llama-3-8B")}

# %% [markdown]
# Statistics, null spaces and the eigensolver's room together are `square`.

# %%
table = {}
for name, s in models.items():
    kkT, update, history = memory(s.d_model, s.d_ff, 2000)
    square = 5 * kkT + 5 * kkT + 4 * kkT
    held = 2 * s.parameters, square, 5 * update, 5 * history
    table[name] = [s.d_ff, *(bytes / 1e9 for bytes in held)]
columns = ["d_ff", "weights, 2 bytes", "square", "ΣΔ", "2000 keys"]
weigh = pd.DataFrame(table, index=columns).T
more = weigh["square"] / weigh["weights, 2 bytes"]
chapter.reveal("a", sum(more["Llama-3-8B"] > x for x in (0.25, 1, 2)))
weigh.style.format("{:.2f}").format("{:.0f}", subset=["d_ff"])

# %% [markdown]
# (Gigabytes, five layers each.)
# The square matrices take [[=more['Llama-3-8B']:.1f]] times as much as the weights of Llama-3-8B.
# The number of *facts* hardly counts.
# So "two bytes a parameter" tells you whether you can talk to a model; to edit it, look at d_ff.
#
# ### P, U, or what is left
#
# P is d_ff × d_ff. But P = U Uᵀ, and U is only d_ff × m if m directions are kept.
# And if V holds the directions that are *not* kept, then P = I − V Vᵀ.
# In bytes, for our layer:

# %%
C0 = key_statistics(lm, LAYERS)[LAYER].second_moment
values, vectors = torch.linalg.eigh(C0)
U, V = vectors[:, values < 2e-2], vectors[:, values >= 2e-2]
for name, M in {"P": C0, "U": U, "V": V}.items():  # P is as large as C0
    print(f"{name}: {tuple(M.shape)}, {M.nbytes / 1e6:.1f} MB")
x = torch.randn(1536, dtype=torch.float64)
print(f"{(U @ (U.T @ x) - (x - V @ (V.T @ x))).norm():.0e}")  # the same Px

# %% [markdown]
# P itself is never needed: the thin solve of chapter 8 takes U.
# U keeps [[=U.shape[1]:d]] of the [[=len(C0)]] directions here.
# In a model whose null space is nearly everything, V would be a few columns.
#
# The [laboratory](lab/15_scale.ipynb) counts every tensor, stage by stage,
# and finds the real peak above the plan: leave a fifth free.
#
# ## 2. How long does it take?
#
# Arithmetic is counted in FLOPs, floating-point operations:
# a multiplication is one, an addition is one.
# Nearly everything that an edit does is a product of matrices, and each entry of such a product is a dot product.
#
# ### Exercise 15.2: Count operations · 8 minutes · ★★
#
# Given the shapes (rows, columns) of the matrices that every token passes:
# how many operations for `tokens` tokens?
# And how many for the statistics of one layer,
# computed as the product of `keys.T` [d_ff, tokens] and `keys` [tokens, d_ff]?
#
# <details><summary>Hint</summary>
#
# A dot product of length b has b multiplications and about as many additions.
# The likely mistake is to count only one of the two.
# And every token goes through every matrix.
#
# </details>
#
# <details><summary>More help</summary>
#
# A product of [a, b] and [b, c] has a·c entries: 2abc operations.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 15.2: all properties hold.
# In the next cell, your count and torch's agree.
#
# </details>


# %% exercise="15.2"
def flops(shapes, d_ff, tokens):
    """Operations of a forward pass, and of one layer's statistics."""
    # BEGIN SOLUTION
    # STUB return None  # two formulas, separated by a comma
    forward = 2 * tokens * sum(rows * columns for rows, columns in shapes)
    return forward, 2 * tokens * d_ff**2
    # END SOLUTION


flops = chapter.check("15.2", flops)

# %% [markdown]
# torch can count, too, while 32 tokens really go through the model:

# %%
linear = [m for m in lm.model.modules() if isinstance(m, torch.nn.Linear)]
with FlopCounterMode(display=False) as counter, torch.no_grad():
    lm.model(torch.arange(32, device=lm.device)[None])
yours, _ = flops([tuple(m.weight.shape) for m in linear], lm.d_ff, 32)
print(f"yours {yours / 1e9:.3f}, torch {counter.get_total_flops() / 1e9:.3f}")
print(f"2 × parameters × tokens: {64 * shape_of(lm).parameters / 1e9:.3f}")

# %% [markdown]
# So a product of [a, b] and [b, c] costs 2abc operations, and a forward pass about 2 for each parameter and token.

# %% [markdown]
# ### A cost model
#
# An edit has four stages:
#
# * **Statistics.** Text passes the blocks up to the last edited one, and each edited layer adds up k kᵀ.
# * **Null space.** An eigensolver for a symmetric d × d matrix needs about 9 d³ operations.
# * **z.** There are six prompts.
#   Each has about 14 tokens before the subject's last token, and 8 from it on.
#   Once, everything runs forward.
#   In each step the 8 tokens run through the blocks *above* the edited ones, forward and backward;
#   backward costs as much again, since only z needs a slope.
#   And the vocabulary matrix multiplies the state wherever the loss reads a word: 13 times.
# * **Write.** The prompts up to the subject run to the last edited block, about twice:
#   before and after a block is edited.
#   (The system has one equation a fact; for a few hundred facts it costs next to nothing.)


# %%
def cost(s, layers, tokens=100_000, facts=1, steps=20):
    """Operations of each stage. s: the sizes of a model."""
    n, last = len(layers), layers[-1] + 1
    block = 2 * s.block  # operations of one token in one block
    words = 2 * s.d_model * s.vocabulary
    once = 6 * (14 * s.n_layers + 8 * last) * block
    step = 6 * 8 * (s.n_layers - last) * block + 13 * words
    return {
        "statistics": tokens * (last * block + n * 2 * s.d_ff**2),
        "null space": n * 9 * s.d_ff**3,
        "z": facts * (once + steps * 2 * step),
        "write": facts * 6 * 15 * 2 * last * block,
    }


# %%
chapter.predict(
    "b",
    "2,000 facts on Llama-3-8B. Which stage does most of the arithmetic?",
    ["statistics", "null space", "z", "write"],
)

# %% [markdown]
# The two models, with few facts and with many; each bar is split by stage.

# %%
small, large = models["SmolLM2-135M"], models["Llama-3-8B"]
work = {
    "SmolLM2-135M, 1 fact": cost(small, LAYERS),
    "SmolLM2-135M, 2000 facts": cost(small, LAYERS, facts=2000),
    "Llama-3-8B, 1 fact": cost(large, (4, 5, 6, 7, 8)),
    "Llama-3-8B, 2000 facts": cost(large, (4, 5, 6, 7, 8), facts=2000),
}
show(*draw.arithmetic_figure(work), name="15_cost")
night = work["Llama-3-8B, 2000 facts"]
chapter.reveal("b", list(night).index(max(night, key=night.get)))
solver = {name: stages["null space"] for name, stages in work.items()}
growth = solver["Llama-3-8B, 1 fact"] / solver["SmolLM2-135M, 1 fact"]

# %% [markdown]
# For one fact, nearly all work is preparation, which is done once a model.
# For many facts, z is [[=night['z'] / sum(night.values()):.0%]] of all operations.
# The formula of chapter 8, with the walk that reads its keys, is the cheap part.
# From the small model to the large one the eigenvectors grow most, by [[=growth:.0f]] times: d_ff³.
#
# ## 3. Ask the clock
#
# A rate turns operations into seconds.
# Here is the rate of your machine, by one product of large matrices:


# %%
def rate(dtype, n=1200):
    """Operations per second of an n × n product: the best of five."""
    A, taken = torch.randn(n, n, dtype=dtype), []
    for _ in range(5):
        start = time.perf_counter()
        A @ A
        taken.append(time.perf_counter() - start)
    return 2 * n**3 / min(taken)


single, double = rate(torch.float32), rate(torch.float64)
print(f"{single / 1e9:.0f} GFLOP/s in float32, {double / 1e9:.0f} in float64")

# %% [markdown]
# And here are the four stages for Lower Assam:
# statistics of 1,500 tokens, five eigenproblems in float64, five steps of z, one write.

# %%
from alphaedit_lite.keys import fit_statistics
from alphaedit_lite.support.texts import wikipedia_leads
from alphaedit_lite.targets import TargetConfig, compute_targets

texts, seconds = wikipedia_leads("fit")[:40], {}
five = TargetConfig(steps=5, early_stop=False)
editor = AlphaEdit(lm, progress=False)  # P is made here


# %%
def timed(stage, function, *arguments):
    """What the function returns; its seconds are kept."""
    start = time.perf_counter()
    found = function(*arguments)
    seconds[stage] = time.perf_counter() - start
    return found


# %%
timed("statistics", fit_statistics, lm, LAYERS, texts, 1500, False)
timed("null space", torch.linalg.eigh, C0.expand(5, -1, -1))
z = timed("z", compute_targets, lm, [fact], LAYERS[-1], five, False).z
timed("write", editor.edit, [fact], z).revert()

# %% [markdown]
# Beside them, the forecast of your count at your rate:

# %%
count = cost(small, LAYERS, tokens=1500, steps=5)
rates = dict.fromkeys(count, single) | {"null space": double}
lap = pd.DataFrame({"operations": count, "rate": rates})
lap["forecast"] = lap.operations / lap.pop("rate")
lap["measured"] = pd.Series(seconds)
lap["measured / forecast"] = lap.measured / lap.forecast
lap.style.format("{:.2f}").format("{:.1e}", subset=["operations"])

# %% [markdown]
# (Seconds of *your* machine; a busy one needs longer.)
# The clock usually needs longer than the count.
# Norms, attention, copies and Python are not in it, and small products do not reach the rate of large ones.
#
# The same comparison, measured on an idle machine with two cores
# for the full sizes (`results/bench.json`, `results/parts.json`):

# %%
bench, parts = result("bench.json"), result("parts.json")
ours = bench["ways"]["ours, authors' settings"]
full = pd.Series(cost(small, LAYERS, steps=ours["steps"]))
full["null space"] *= 2  # float64: half the rate
idle = pd.DataFrame({"forecast": full / (bench["gflops"] * 1e9)})
idle["measured"] = [
    parts["statistics of 100,000 tokens"],
    5 * parts["eigh, d = 1536"],
    *(ours["together"][stage]["seconds"] for stage in ("z", "write")),
]
idle["measured / forecast"] = idle.measured / idle.forecast
idle.style.format("{:.2f}")

# %% [markdown]
# Between [[=idle['measured / forecast'].min():.1f]] and [[=idle['measured / forecast'].max():.1f]] times the forecast:
# a count of a few lines is that good on our model; for a larger one it is a forecast, not checked here.
# (The laboratory makes hours and gigabytes of it, for several machines.)

# %% [markdown]
# ### Where can time be saved?
#
# The count is what the *method* asks for.
# A program may do more.
# The table compares **the path of the authors' released code**, in its best form, with this package:
# seconds for a fact alone, and for each of [[=bench['facts']['together']:d]] facts in a batch.

# %%
race = {}
for name, way in bench["ways"].items():
    alone, batch = way["alone"], way["together"]
    taken = [alone["whole"], *(batch[x] for x in ("whole", "z", "write"))]
    race[name] = [stage["seconds"] for stage in taken]
columns = ["one fact", "in a batch, a fact", "of it z", "of it the write"]
race = pd.DataFrame(race, index=columns).T
base, equal = race.loc[bench["baseline"]], race.loc["ours, authors' settings"]
race.style.format("{:.2f}")

# %% [markdown]
# z takes [[=base['of it z'] / base['in a batch, a fact']:.0%]] of the released path's time in a batch.
# With equal settings this path needs [[=base['in a batch, a fact'] / equal['in a batch, a fact']:.1f]] times
# as long as ours, for the same edit.
# What makes the difference changes no result.
# Facts share a forward pass.
# What lies left of the subject, or below the edited block, does not depend on z and runs once.
# The vocabulary is multiplied only where the loss reads a word.
# And the system has a row for each fact, instead of d_ff rows.
# (The row "ours" has this book's settings, which write something else.
# The laboratory shows its quality beside its speed.)
#
# ### A sum can be dealt out
#
# C0 is a sum over tokens.
# So different processes, on different days, can each read a share of the text.
#
# ### Exercise 15.3: Merge two shares · 7 minutes · ★★
#
# You get two *second moments*, C_a = K_a K_aᵀ / n_a of n_a keys and C_b of n_b keys.
# Return the second moment of all the keys together, and their number, so that the result can be merged again.
#
# <details><summary>Hint</summary>
#
# Means cannot be added; sums can.
# The likely mistake is the plain mean of the two, which is right only for shares of equal size.
#
# </details>
#
# <details><summary>More help</summary>
#
# n_a C_a is the sum over the first share.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 15.3: all properties hold.
# In the next cell, the merged shares and the whole differ by rounding only.
#
# </details>


# %% exercise="15.3"
def merge(C_a, n_a, C_b, n_b):
    """The second moment of both shares, [d, d], and the number of keys."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return (n_a * C_a + n_b * C_b) / (n_a + n_b), n_a + n_b
    # END SOLUTION


merge = chapter.check("15.3", merge)

# %%
some = torch.randn(1000, 1536)  # keys in rows
first, second = (part.T @ part / len(part) for part in (some[:300], some[300:]))
C, n = merge(first, 300, second, 700)
print(n, f"{(C - some.T @ some / 1000).norm() / C.norm():.0e}")

# %% [markdown]
# ## 4. Half of the bits
#
# Two bytes a weight halve the memory.
# What does the edit pay?
# A number in bfloat16 or float16 is stored as
#
# $$w \;=\; \pm\, 1.d_1 d_2 \dots d_m \times 2^{e}, \qquad m = 7 \text{ (bfloat16)},\quad m = 10 \text{ (float16)}. \tag{15.1}$$
#
# In words: a sign, a power of two, and m binary digits.
# Between 2ᵉ and 2ᵉ⁺¹ the numbers that exist are evenly spaced, 2ᵉ⁻ᵐ apart;
# everything else is rounded to the nearest.
#
# ### Exercise 15.4: The smallest change that survives, on paper · 12 minutes · ★★
#
# With a pencil. A weight w > 0 (no power of two) is stored with m digits.
# From which size on does a change survive, so that w + change, rounded to the nearest number, is no longer w?
# (Exactly there it is a tie, and may go either way.)
#
# <details><summary>Hint</summary>
#
# Try w = 1.5 with two digits: the numbers from 1 to 2 are a quarter apart.
# Where does the rounding tip over?
# The likely mistake is to give the whole gap instead of half of it;
# another, to take a share of w: between two powers of two the gap is the same for all w.
#
# </details>
#
# <details><summary>More help</summary>
#
# `math.floor(math.log2(w))` is e.
# The last digit is worth 2ᵉ⁻ᵐ.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 15.4: all properties hold.
#
# </details>

# %% exercise="15.4"
import math


def half_step(w, digits):
    """Every change of w above this survives rounding."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return 2.0 ** (math.floor(math.log2(abs(w))) - digits) / 2
    # END SOLUTION


half_step = chapter.check("15.4", half_step)

# %% [markdown]
# Now a real update: forty bundled facts, written in float32, and the Δ of layer 5.
# We look at one typical weight first (median size, median change).

# %%
from alphaedit_lite import bundled_facts, bundled_targets

facts = bundled_facts("development")[:FACTS]
W = lm.weight(LAYER).double().clone()
edit = editor.edit(facts, bundled_targets(lm, facts))
delta, keys = edit.delta(LAYER), edit.keys[LAYER].double()

# %%
odd = sum((M.abs() / M.abs().median()).log().abs() for M in (W, delta))
i = int(odd.argmin())
w, change = float(W.flatten()[i].abs()), float(delta.flatten()[i].abs())
types = {"bfloat16": torch.bfloat16, "float16": torch.float16}
print(f"weight {w:.3f}, change {change:.3f}, must be {half_step(w, 7):.5f}")
show(*draw.gap_figure(w, change, types), name="15_gap")

# %% [markdown]
# Each tick is a number that exists.
# The blue arrow is the change that AlphaEdit asks for; the triangle is what is stored.
# This change survives.
# But there are changes of all sizes.

# %%
chapter.predict(
    "c",
    "How much of Δ is lost in bfloat16: ‖round(W + Δ) − W − Δ‖ / ‖Δ‖?",
    ["under 1%", "1% to 10%", "10% to 50%", "more than half"],
)

# %% [markdown]
# E is the error that rounding makes.
# We compare it with Δ as a matrix, and by what both say to the keys of the facts.

# %%
lost = {}
for name, dtype in types.items():
    start = W.to(dtype).double()
    E = (start + delta).to(dtype).double() - start - delta  # the error
    lost[name] = {
        "of the matrix": float(E.norm() / delta.norm()),
        "of the answers": float((keys @ E.T).norm() / (keys @ delta.T).norm()),
        "weights that did not move": float((-delta == E).double().mean()),
    }
lost = pd.DataFrame(lost).T
matrix, answers = lost.loc["bfloat16"].iloc[:2]
chapter.reveal("c", sum(matrix > bound for bound in (0.01, 0.1, 0.5)))
lost.style.format("{:.2%}")

# %% [markdown]
# **What surprised us.**
# "A small update on a large weight" is the textbook case of rounding, and here little is lost:
# [[=matrix:.1%]] of Δ, and of what Δ says *to the keys of the facts* only [[=answers:.2%]].
#
# Why less still? The error E is noise, and its rows point anywhere among d_ff directions.
# Δ has only n directions, one for each fact.
# Whatever is spread over many directions gives a single key only its share of it.
# So the facts should hear about
# √(d_ff / n) = [[=(1536 / FACTS) ** 0.5:.1f]] times less of the noise than the matrix holds;
# measured, it is [[=matrix / answers:.1f]] times.

# %% [markdown]
# ## 5. A thin edit
#
# Δ is R G, with one column and one row for each fact.
# LoRA (Hu et al. 2022) *trains* such a product, B A, beside a matrix W.
# So any program that can load a LoRA adapter can load an edit.
#
# ### Exercise 15.5: An edit as an adapter · 10 minutes · ★★
#
# You get, for one layer, the factors of several edits, as the code stores them (facts are rows):
# `residuals[i]` is [nᵢ, d_model], `gains[i]` is [nᵢ, d_ff], and edit i has Δ = residuals[i]ᵀ gains[i].
# Return B [d_model, r] and A [r, d_ff] with B A = the sum of all Δ, and r no larger than the number of facts.
#
# <details><summary>Hint</summary>
#
# A sum of products is a product of things put side by side:
# B₁A₁ + B₂A₂ = [B₁ B₂] · [A₁ above A₂].
# The likely mistake is to add the factors up: then each residual also meets the gains of the other facts.
#
# </details>
#
# <details><summary>More help</summary>
#
# `torch.cat` puts rows below rows.
# Which of the two results must be transposed?
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 15.5: all properties hold.
#
# </details>


# %% exercise="15.5"
def adapter(residuals, gains):
    """B, [d_model, r], and A, [r, d_ff], with B A the sum of all Δ."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return torch.cat(list(residuals)).T, torch.cat(list(gains))
    # END SOLUTION


adapter = chapter.check("15.5", adapter)

# %% [markdown]
# We take the edit back, and put your B and A *beside* the untouched matrices: the output gets B A k added.


# %%
def beside(B, A):
    """A hook that adds B A k to what the module answers to k."""
    return lambda _, inputs, output: output + inputs[0] @ A.T @ B.T


@torch.no_grad()
def logits():
    """What the model says to the first fact's prompt."""
    inputs = lm.tokenizer(facts[0].prompt, return_tensors="pt")
    return lm.model(**inputs.to(lm.device)).logits


# %%
wanted = logits()
edit.revert()
plain, hooks = logits(), []
for i in LAYERS:
    pair = adapter([edit.residual[i]], [edit.gain[i]])
    hooks.append(lm.down_projection(i).register_forward_hook(beside(*pair)))
found = logits()
for hook in hooks:
    hook.remove()
thin = 5 * 4 * FACTS * (lm.d_model + lm.d_ff) / 1e6
whole = 4 * small.parameters / 1e6
print(f"logits: edited or not {(wanted - plain).abs().max():.1f} apart,")
print(f"edited or adapter {(wanted - found).abs().max():.0e}")
print(f"the adapter {thin:.1f} MB, the model {whole:.0f} MB")

# %% [markdown]
# An adapter does not say on its label what it writes.
# Chapter 16 asks what that means.
# (In the laboratory: edits as files with a *fingerprint* of the weights that they fit,
# statistics on several processes, nine families of models, and a run of a night that survives a crash.)

# %% [markdown]
# ## Break it: one fact at a time, in bfloat16
#
# The obvious code is `W += delta` for each fact, in the type of W.
# Each sum is then rounded, and the Δ of a *single* fact is smaller than that of forty.

# %%
chapter.predict(
    "d",
    "bfloat16, forty facts written one by one, rounded each time. The "
    "loss, compared with rounding once, is …",
    [
        "about the same (within a quarter)",
        "larger, up to three times",
        "more than three times",
    ],
)

# %% [markdown]
# We add the forty pieces of our Δ one after the other:

# %%
start, drift = W.bfloat16(), []
steps, exact = start, start.double()
pairs = zip(
    edit.residual[LAYER].double(), edit.gain[LAYER].double(), strict=True
)
for n, (r, g) in enumerate(pairs, 1):
    piece = torch.outer(r, g)
    steps, exact = (steps.double() + piece).bfloat16(), exact + piece
    errors = steps.double() - exact, exact.bfloat16().double() - exact
    size = (exact - start.double()).norm()  # ‖ΣΔ‖
    drift.append((n, *(float(error.norm() / size) for error in errors)))

# %%
show(*draw.drift_figure({"bfloat16": drift}), name="15_one_by_one")
_, each, once = drift[-1]
chapter.reveal("d", 0 if each < 1.25 * once else 1 if each <= 3 * once else 2)

# %% [markdown]
# Solid: rounded after each fact; dashed: once, at the end.
# A single fact loses [[=drift[0][1]:.0%]] of its Δ, because that Δ is small.
# Then the dashed line falls: the error of *one* rounding stays as it is while ΣΔ grows.
# The solid line does not fall: every fact brings an error of its own.
# After forty facts, [[=each:.0%]] is lost instead of [[=once:.0%]].
#
# So write in batches, keep the sum of updates outside of the weights in a wide type, and round once.
# That is what the package does.
#
# ## Paper ↔ code
#
# | in the paper | in the authors' code | here |
# |---|---|---|
# | LLaMA3, GPT-J, GPT2-XL | README: "at least one A40 48G GPU". P of each layer whole, and the history as one more d_ff × d_ff matrix | U on the host, one layer's at a time goes to the GPU; the history as keys; `plan(…)` |
# | precision: not a topic | `AutoModelForCausalLM.from_pretrained(…)` without a dtype: float32 | any; `rounding_loss`, `keep_masters` |
# | K0 from 100,000 Wikipedia articles | one process; `layer_stats` saves one file a layer | `fit_shares`, on any number of processes |
# | edits in sequence, 100 at a time | `apply_AlphaEdit_to_model` adds to the weights in place, in their own type | a float64 sum of all Δ, rounded once |

# %% [markdown] tags=["instructor"]
# **For the instructor.**
# Common mistakes: "8B parameters in float32 are 8 GB" (bytes, not numbers);
# C0 is taken to grow with the number of tokens; the plain mean of two shares;
# "twice the processes, half the time" for the *eigenvectors*, which are not a sum;
# bfloat16 is thought to be "less exact by 2" than float32 (its gaps are 2¹⁶ times wider);
# range is confused with precision (float16 overflows beyond 65,504).
# Let students do 2 FLOP × 8·10⁹ × 100,000 tokens in their heads, and divide by the rate of their own machine.
# Questions: which parts of an edit can be dealt out?
# (z: facts are independent.
# The write: layers are not.)
# What does √(d_ff / n) predict for 10,000 facts, whose directions fill the space?

# %% [markdown]
# ## Keypoints
#
# * Count first: numbers times bytes, and 2abc for a product. Then ask the clock.
# * An edit of a wide model needs more room for d_ff × d_ff matrices than for its weights; facts hardly count.
# * With many facts nearly all arithmetic is the search for z; the eigenvectors grow as d_ff³.
# * Second moments are sums and can be merged exactly; an edit of n facts is an adapter of rank n.
# * Half precision takes little from an update of many facts, since noise is spread over all directions.
#   Rounding after every fact is another matter.

# %% [markdown]
# ## Quiz
#
# **1. A model with d_ff = 10,000.
# What does one layer's C0 take, and what if you read ten times as much text?**
#
# <details><summary>A. 0.8 GB, and 8 GB</summary>
# The first is right. But the keys are added up and forgotten: more text makes a truer sum, not a larger one.
# </details>
# <details><summary>B. 0.8 GB, and 0.8 GB</summary>
# <b>Yes:</b> 8 bytes × 10⁸ entries, whatever the number of keys.
# </details>
# <details><summary>C. 0.4 GB, and 0.4 GB</summary>
# That would be float32.
# Sums over many keys are kept in float64.
# </details>
#
# **2. w = 1.5 in bfloat16, and Δ = 0.003. What is stored?**
#
# <details><summary>A. 1.503</summary>
# There is no such number: above 1, the gaps are about 0.008.
# </details>
# <details><summary>B. the same number as before</summary>
# <b>Yes.</b> Half a gap is about 0.004, and Δ is smaller.
# </details>
#
# **Further reading**
#
# * [Hu et al. 2022](https://arxiv.org/abs/2106.09685), LoRA:
#   thin updates as a way to *train*; section 4.1 has the form that an edit has by itself.
# * [Micikevicius et al. 2018](https://arxiv.org/abs/1710.03740), Mixed Precision Training:
#   why updates vanish in 16 bits, and master weights as the cure.
# * [Kalamkar et al. 2019](https://arxiv.org/abs/1905.12322): what bfloat16 is.
# * [Kaplan et al. 2020](https://arxiv.org/abs/2001.08361), section 2.1:
#   where "2 FLOP a parameter and token" comes from.
# * [Fang et al. 2025](https://arxiv.org/abs/2410.02355): the setting that the presets and the laboratory follow.
#
# **Next:** chapter 16 asks what an edit does *not* do, and how a stranger's edit can be found in the weights.

# %%
chapter.report()
