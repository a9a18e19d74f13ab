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
# *To read: 40 minutes. To do the exercises: 60 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will know what an edit of a model
# that you do not have costs, before you rent the machine;
# and you will have run, on a tiny model, the code that is meant to edit Llama-3-8B overnight.**
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
# > * *compute* memory and arithmetic of an edit from four sizes of a model, and *check* both against a count,
# > * *deal out* the key statistics to processes that never talk to each other,
# > * *say* what half precision takes from an edit, why the edit works nevertheless, and when it does not,
# > * *hand over* an edit as a file, as a LoRA adapter, or as a model, and
# > * *start* a run of thousands of edits that nobody has to watch.
# >
# > **You need** the key statistics and P of chapter 7, the editor of chapter 8, and powers of two.
# >
# > **It costs** about a minute and 2.5 GB of memory.
# > No GPU: the part that wants one is shown on a tiny model.

# %% tags=["setup"]

# %%
# Parameters: the edited layers, the one that we look at, and how many facts are written.
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, EditorConfig, KeyStatistics, key_statistics, load_model
from alphaedit_lite.book.ch15 import experiments as scaling
from alphaedit_lite.book.ch15 import figures as draw
from alphaedit_lite.book.ch15 import rounding
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.keys import take_in, token_rows
from alphaedit_lite.scale.plan import Workload, plan
from alphaedit_lite.support.texts import wikipedia_leads

chapter = Chapter("15")
torch.manual_seed(15)
LAYERS, LAYER, FACTS = (3, 4, 5, 6, 7), 5, 40
HALF = {"bfloat16": torch.bfloat16, "float16": torch.float16}

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
# Memory is counted in bytes: a float64 number takes 8, a float32 takes 4, a bfloat16 or float16 takes 2.
# Everything below is "how many numbers, times bytes each":
#
# $$\text{weights}: b\,N_{\text{par}} \qquad \text{statistics}: 8\,L\,d_{ff}^2 \qquad
# \text{null spaces}: \le 8\,L\,d_{ff}^2 \qquad \text{history}: 4\,L\,n\,d_{ff} \tag{15.1}$$
#
# In words: the weights take b bytes for each of the model's parameters.
# For each of L edited layers, the sum of k kᵀ takes one square matrix in float64,
# and the eigenvectors that span the null space at most another one.
# Each fact that is to be remembered leaves one key a layer.
# These are what stays.
# On top come the sum of all updates (8 d_model·d_ff bytes a layer) and working space.
# Two items of it are large: the eigensolver needs four square matrices, 32 d_ff² bytes, for one layer at a time;
# and with a GPU the statistics are summed *there* and kept on the host, so they take room in both memories.
#
# Then there is the search for z.
# It keeps activations for the gradient, for 15 facts × 6 prompts at a time (`batch_size`):
# the one item that you can make as small as you like, since facts are independent.

# %%
chapter.predict(
    "a",
    "Llama-3-8B in bfloat16 takes 16 GB. How much more room does an edit of five layers need, GPU and host together?",
    ["about a tenth of that", "about half of it", "about as much again", "about twice as much again"],
)

# %% [markdown]
# ### Exercise 15.1: One layer, on paper · 10 minutes · ★
#
# With a pencil. For *one* edited layer, in bytes: the sum of k kᵀ in float64;
# the sum of all updates Δ in float64; the keys of `facts` written facts in float32.
# Write three formulas.
# They are then compared with what torch allocates.
#
# <details><summary>Hint</summary>
#
# Begin with the shapes.
# A key has d_ff entries, so k kᵀ is d_ff × d_ff.
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
    """Bytes, in one layer, of the sum of k kᵀ (float64), the sum of Δ (float64), the facts' keys (float32)."""
    # BEGIN SOLUTION
    # STUB return None  # three formulas, separated by commas
    return 8 * d_ff**2, 8 * d_model * d_ff, 4 * facts * d_ff
    # END SOLUTION


memory = chapter.check("15.1", memory)

# %% [markdown]
# Your formulas, for the three models of the paper's main table.
# Their sizes come from their configuration files, and no weights are loaded:
# torch has a device called *meta*, on which a tensor has a shape and nothing else.
# Layers are the authors' own.

# %%
rows = {}
for name in scaling.MODELS:
    s, layers = scaling.shape(name), len(scaling.planned(name).layers)
    statistics, update, history = (layers * item / 1e9 for item in memory(s.d_model, s.d_ff, 2000))
    weights = 2 * s.parameters / 1e9
    rows[name] = [s.d_model, s.d_ff, layers, weights, statistics, update, history]
columns = ["d_model", "d_ff", "layers", "weights, 2 bytes", "C0", "ΣΔ", "keys of 2000 facts"]
weigh = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
weigh.style.format("{:.2f}", subset=columns[3:]).format("{:.0f}", subset=columns[:3])

# %% [markdown]
# (Gigabytes.) GPT-J has fewer parameters than Llama-3-8B and a larger C0:
# its d_ff is wider, its layers are fewer, and the authors edit six of them.
# The number of *facts* hardly counts:
# [[=weigh['keys of 2000 facts']['Llama-3-8B']:.2f]] GB for two thousand of them.
#
# The package has such a count for every tensor that matters, stage by stage: `plan`.
# A stage's tensors are gone in the next;
# statistics and null spaces stay, on the *host* (the CPU's memory) if the model is on a GPU.

# %%
made = scaling.planned("Llama-3-8B", torch.bfloat16)
print(made)
sums = next(item.bytes for item in made.items if item.what.startswith("sums of k"))
print(f"C0 of five layers: plan {sums / 1e9:.3f} GB, yours {weigh['C0']['Llama-3-8B']:.3f} GB")

# %%
plans = {name: scaling.planned(name) for name in scaling.MODELS}
show(*draw.memory_figure(plans), name="15_memory")
more = (made.peak - made.items[0].bytes + made.host_peak) / made.items[0].bytes
chapter.reveal("a", 0 if more < 0.25 else 1 if more < 0.75 else 2 if more < 1.5 else 3)

# %% [markdown]
# **How to read it.** For each stage, the left bar is the GPU's memory (grey:
# the weights, in two bytes), the hatched bar the host's.
# Blue: everything else on the GPU.
# Dotted lines, for the left bars only:
# a T4 (15 GB) and the smaller A100 (40 GB); the larger one has 80, above the picture.
#
# **What surprised us.**
# The weights are the smaller part.
# An edit of Llama-3-8B wants [[=more:.1f]] times the weights' room on top of them,
# and most of that is the square of d_ff: statistics, null spaces, and the working space of the eigensolver.
# The rule of thumb "two bytes a parameter" tells you whether you can *talk* to a model;
# to edit it, look at d_ff and at the number of layers.
#
# Three ways out, if it does not fit: sum the statistics on the host (`--sums-on cpu`;
# the GPU then sends one matrix a batch); edit fewer layers; halve the `batch_size` of z.
# `plan(…).fits(bytes)` names them in the order in which they help.
#
# ### Is the plan true?
#
# We compared it with the kernel's own count of peak memory, on models that fit here:
# the default one, a wide Llama and a deep GPT-2 with random weights, each in a process of its own.

# %%
peaks = result("plan.json")["measured"]
show(*draw.measured_figure(peaks), name="15_plan")
above = [row["peak"] / row["planned"] - 1 for row in peaks.values()]

# %% [markdown]
# The plan is too low, every time: the real peak is [[=min(above):.0%]] to [[=max(above):.0%]] higher.
# The plan counts tensors;
# a process also holds what the allocator has not given back, copies inside library routines, and fragments.
# So leave a fifth free.
# And mind what this does *not* show: no GPU was measured, and nothing near 8B.
#
# Now plan yourself. What does the number of layers cost?
# At which number of facts does a batch begin to matter?
# Which of the machines can edit GPT-J at all?
# (On paper: the figure above shows the three cases that matter, and a table in section 2 shows the machines.)

# %%
from alphaedit_lite.book.ch15.widgets import PlannerWidget

PlannerWidget().show()

# %% [markdown] tags=["instructor"]
# **For the instructor, section 1.**
# Common mistakes: (a) "8B parameters in float32 are 8 GB": bytes, not numbers.
# (b) C0 is taken to grow with the number of tokens.
# (c) Device and host peaks are added up as if they were one memory; on a laptop they are.
# Question for discussion: the null space of Llama-3-8B is reported to be nearly everything (chapter 7).
# What could be stored instead of U, and how small would it be?
# (Its orthogonal complement: P = I − U⊥U⊥ᵀ with a few dozen columns.)

# %% [markdown]
# ## 2. How long does it take?
#
# Arithmetic is counted in FLOPs, floating-point operations.
# Three rules carry most of it:
#
# $$\text{forward}: 2\,N_{\text{par}} \text{ a token} \qquad \text{statistics}: 2\,d_{ff}^2 \text{ a token and layer}
# \qquad \text{eigenvectors}: \approx 9\,d_{ff}^3 \text{ a layer} \tag{15.2}$$
#
# In words: each weight is multiplied once and added once for each token
# (Kaplan et al. 2020 count like this; attention itself is left out).
# A key adds one product to each entry of the sum.
# And an eigensolver for symmetric matrices needs a small multiple of d³.
#
# The search for z has no rule of its own.
# For each fact, its prompts run forward once through all blocks up to the edited one.
# Then every step goes forward and backward, but only through the blocks *above* it, where z makes a difference:
# the plan counts two operations a weight and token forward, and as many backward.
# (A gradient for z alone needs none for the weights; training takes twice as much on the way back.)
#
# ### Exercise 15.2: Count operations · 10 minutes · ★★
#
# Given the shapes (rows, columns) of the matrices that every token passes:
# how many operations for `tokens` tokens?
# And how many for the statistics of one layer,
# computed as the product of `keys.T` [d_ff, tokens] and `keys` [tokens, d_ff]?
# Your formulas are compared with torch's own counter.
#
# <details><summary>Hint</summary>
#
# One entry of a matrix-vector product is a dot product:
# as many multiplications as columns, and about as many additions.
# The likely mistake is to count only one of the two.
# And every token goes through every matrix.
#
# </details>
#
# <details><summary>More help</summary>
#
# A product of [a, b] and [b, c] has a · c entries, each a dot product of length b: 2abc operations.
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
    """(operations of the forward pass through matrices of these shapes, of the statistics of one layer)."""
    # BEGIN SOLUTION
    # STUB return None  # two formulas, separated by a comma
    return 2 * tokens * sum(rows * columns for rows, columns in shapes), 2 * tokens * d_ff**2
    # END SOLUTION


flops = chapter.check("15.2", flops)

# %% [markdown]
# Your count for the default model, beside what torch counts
# while 32 tokens really go through it, and beside "2 a parameter":

# %%
from torch.utils.flop_counter import FlopCounterMode

lm = load_model()
matrices = [tuple(m.weight.shape) for m in lm.model.modules() if isinstance(m, torch.nn.Linear)]
with FlopCounterMode(display=False) as counter, torch.no_grad():
    lm.model(torch.arange(32)[None])
yours, _ = flops(matrices, lm.d_ff, 32)
parameters = sum(p.numel() for p in lm.model.parameters())
print(
    f"a token: yours {yours / 32 / 1e6:.2f}, torch {counter.get_total_flops() / 32 / 1e6:.2f} MFLOP,", end=" "
)
print(f"2 × parameters {2 * parameters / 1e6:.2f}")

# %%
chapter.predict(
    "b",
    "2,000 facts on Llama-3-8B, the authors' setting, batches of 100. Which stage does most of the arithmetic?",
    ["statistics", "null spaces", "targets z", "write"],
)

# %% [markdown]
# Statistics and null spaces are made once; z and the write come back with every batch.
# For the write, the history grows meanwhile.

# %%
work = {}
for name in scaling.MODELS:
    for batches in (1, 20):
        batch = [scaling.planned(name, past=100 * i).flops for i in range(batches)]
        once = {stage: batch[0][stage] for stage in ("statistics", "null space")}
        again = {stage: sum(one[stage] for one in batch) for stage in ("targets z", "write")}
        work[f"{name}, {100 * batches} facts"] = once | again
show(*draw.arithmetic_figure(work), name="15_arithmetic")
night = work["Llama-3-8B, 2000 facts"]
growth = result("scale.json")["seconds to solve 100 facts after"]
chapter.reveal("b", list(night).index(max(night, key=night.get)))

# %% [markdown]
# **What surprised us.**
# The closed form, which seven chapters are about, is the cheap part:
# with two thousand facts the whole write, most of it forward passes that read the facts' keys,
# is [[=night['write'] / sum(night.values()):.1%]] of the arithmetic,
# z is [[=night['targets z'] / sum(night.values()):.0%]].
# Whoever wants faster edits should look at the search for z
# (chapter 8 stops it early; the authors' setting used here does not).
#
# The solve is not free of the past, though.
# Measured for one layer of the default model's size (`results/scale.json`),
# a batch of 100 facts takes [[=growth['0']:.2f]] seconds after none, [[=growth['1000']:.2f]] after 1,000
# and [[=growth['2000']:.2f]] after 2,000 earlier facts: the system has a row for each of them.
# Beyond 2 d_ff = 3,072 facts it stops growing:
# a QR decomposition squeezes the history into d_ff rows,
# and only this step still grows, in proportion ([[=growth['4000']:.2f]] seconds after 4,000).
#
# ### What a GPU changes
#
# A rate turns operations into time.
# Here is your machine, with one product of two large matrices, in two precisions:


# %%
def rate(dtype, n=1200):
    """GFLOP per second of an n × n product."""
    A = torch.randn(n, n, dtype=dtype)
    A @ A
    start = time.perf_counter()
    A @ A
    return 2 * n**3 / (time.perf_counter() - start) / 1e9


print(f"this machine: {rate(torch.float32):.0f} GFLOP/s in float32, {rate(torch.float64):.0f} in float64")

# %% [markdown]
# And here is an estimate, *no measurement*:
# 2,000 facts at half of the peak rate that the makers state for float32 (T4: 8.1, A100: 19.5 TFLOP/s).
# For "laptop" we take what two cores
# of the machine behind this book reached ([[=result('bench.json')['gflops']:.0f]] GFLOP/s).
# The eigenvectors are made in float64 *on the host*, in all cases: at half the laptop's rate.

# %%
laptop = result("bench.json")["gflops"] * 1e9
rates = {"laptop": laptop, "T4": 8.1e12 / 2, "A100": 19.5e12 / 2}
hours = {}
for name in scaling.MODELS:
    stages = work[f"{name}, 2000 facts"]
    device = sum(count for stage, count in stages.items() if stage != "null space")
    hours[name] = {machine: device / per_second / 3600 for machine, per_second in rates.items()}
    hours[name]["eigenvectors, host"] = stages["null space"] / (laptop / 2) / 3600
hours = pd.DataFrame(hours).T
hours.style.format("{:.1f}")

# %% [markdown]
# (Hours.) Two things to see.
# A GPU turns [[=hours['laptop']['Llama-3-8B'] / 24:.0f]] days into [[=hours['A100']['Llama-3-8B']:.1f]] hours,
# because z and the statistics are nothing but large matrix products.
# And then the eigenvectors, which nobody noticed on the small model, are no longer small:
# [[=hours['eigenvectors, host']['Llama-3-8B'] * 60:.0f]] minutes on a host with two slow cores.
# d_ff³ grows fastest of all.
# They are made once a model, so make them once.
#
# How far off is such an estimate?
# For the default model there are measurements on that same machine, committed with the book:
# `bench.json` and `parts.json`.
# The forecast below uses the same three rules and the same rate.

# %%
bench, parts = result("bench.json"), result("parts.json")
many, measured = bench["facts"]["together"], bench["ways"]["ours, authors' settings"]["together"]
count = plan(lm, LAYERS, EditorConfig.faithful("gpt2-xl"), Workload(facts=many)).flops  # 20 steps
check = {
    "statistics, 100,000 tokens": (count["statistics"] / laptop, parts["statistics of 100,000 tokens"]),
    "eigenvectors, d = 1536": (9 * 1536**3 / (laptop / 2), parts["eigh, d = 1536"]),
    "eigenvectors, d = 3072": (9 * 3072**3 / (laptop / 2), parts["eigh, d = 3072"]),
    "z of a fact, 20 steps": (count["targets z"] / many / laptop, measured["z"]["seconds"]),
    "writing a fact": (count["write"] / many / laptop, measured["write"]["seconds"]),
}
check = pd.DataFrame(check, index=["forecast, s", "measured, s"]).T
check["measured / forecast"] = check["measured, s"] / check["forecast, s"]
check.style.format("{:.2f}")

# %% [markdown]
# The real time is [[=check['measured / forecast'].min():.1f]]
# to [[=check['measured / forecast'].max():.1f]] times the forecast:
# attention, norms, copies and Python are not in the rules.
# (The rate and the rows were measured one after the other, on an idle machine.)
# So in float32 allow twice the hours above; for eigenvectors of d = 14,336 even that is extrapolated.
# Half precision on tensor cores would be faster; we have measured no GPU.
# (The hours are arithmetic only: the two larger models do not fit on a T4, as the next table shows.)
#
# Does it *fit*? For each machine the plan with a fifth to spare;
# for each model the authors' layers, and only the last of them.
# "runs", or the first thing that does not fit, with what it wants.
# (Host: the memory of the machine around the GPU, in GB.
# For Colab we take what its users report, for the A100 machines we assume as much,
# and 64 GB around the card; yours may differ.)

# %%
fits = {}
for name in scaling.MODELS:
    for label, dtype in (("4 bytes", torch.float32), ("2 bytes", torch.bfloat16)):
        for layers in (None, 1):  # None: the authors'
            key = f"{name}, {label}, {'one layer' if layers else 'authors’ layers'}"
            fits[key] = {}
            for machine, (device, _) in scaling.MACHINES.items():
                made_for = scaling.planned(name, dtype, layers, accelerator=device is not None)
                fits[key][machine] = scaling.verdict(made_for, machine)
fits["SmolLM2-135M, 4 bytes, this book"] = {
    machine: scaling.verdict(plan(lm, accelerator=device is not None), machine)
    for machine, (device, _) in scaling.MACHINES.items()
}
heads = {machine: f"{machine} (host {host:g})" for machine, (_, host) in scaling.MACHINES.items()}
pd.DataFrame(fits).T.rename(columns=heads).style

# %% [markdown]
# So a free T4 edits GPT2-XL in two bytes, and none of the larger two:
# four fifths of 15 GB do not even hold GPT-J's weights, whatever the layers.
# An A100 with 40 GB edits both in two bytes, and with 80 GB in float32, as the authors do.
# A card of 24 GB edits GPT2-XL in either width, and in GPT-J one layer at a time;
# Llama-3-8B's weights fit in two bytes, but with the write of even one layer they want
# [[=scaling.planned('Llama-3-8B', layers=1).memory('write', True) / 1e9:.1f]] GB, more than four fifths of it.
# (A T4 has no arithmetic units for bfloat16;
# use float16 there, which we have not tried; section 4 looks at stored matrices only.)
# GPT2-XL in four bytes, as the authors run it,
# needs [[=scaling.planned('GPT2-XL', torch.float32).peak / 1e9:.0f]] GB for the search of z;
# with eight facts at a time instead of fifteen
# ([[=scaling.planned('GPT2-XL', torch.float32, together=8).peak / 1e9:.0f]] GB) the same T4 does it.
# The book's own model runs anywhere.
# The planner counts a GB as 10⁹ bytes;
# if your provider means 2³⁰, you have 7% more, and verdicts near the edge turn.
#
# ### Against the released code
#
# An estimate counts what the method asks for.
# How much more does a program do?
# The baseline is **the path of the authors' released code**, in its best form.
# For z: weights without gradients, one fact at a time, whole forward passes, the logits of every token, 20 steps.
# For the write: all facts at once, whole passes for every layer, and a dense d_ff × d_ff system.
# Its prefixes are sampled from the model; a second row has ours.
# `make bench` runs it and the package by turns, in one process,
# alone (the median of [[=bench['facts']['alone']:d]] facts)
# and with [[=many]] facts at once, and judges what each has written.

# %%
raced = {}
for name, way in bench["ways"].items():
    alone, batch, quality = way["alone"]["whole"], way["together"], way["quality"]
    raced[name] = {
        "one fact, s": alone["seconds"],
        "times faster": way["times"]["alone"],
        "in a batch, s a fact": batch["whole"]["seconds"],
        "times faster ": way["times"]["together"],
        "of it z, s": batch["z"]["seconds"],
        "write, s": batch["write"]["seconds"],
        "accuracy": quality["efficacy_top1"],
        "on paraphrases": quality["generalization_top1"],
        "neighbour success": quality["specificity"],
        "perplexity": quality["perplexity"],
    }
raced = pd.DataFrame(raced).T
base, equal, ours = (bench["ways"][name] for name in (bench["baseline"], "ours, authors' settings", "ours"))
spent = base["together"]["z"]["seconds"] / base["together"]["whole"]["seconds"]
written = base["together"]["write"]["seconds"] / equal["together"]["write"]["seconds"]
products = parts["share of matrix products in z"]
raced.style.format("{:.2f}")

# %% [markdown]
# "Times faster" compares a whole edit, by the clock, with the first row, the released code's path.
# At the authors' settings the package makes the same edit:
# z differs by [[=bench['apart']['z']:.0e]] and Δ by [[=bench['apart']['delta']:.0e]] at most, relatively.
# It writes one fact [[=equal['times']['alone']:.1f]] times faster,
# and a batch [[=equal['times']['together']:.1f]] times.
# "ours" has the settings of this book, which write something else:
# [[=ours['times']['alone']:.1f]] times faster alone, [[=ours['times']['together']:.1f]] times in a batch.
# So look at its quality in the same row.
# ([[=many]] facts are few.
# They show whether speed was bought with quality, and do not rank the rows.)
#
# **Where the time goes.**
# [[=spent:.0%]] of the released path's time is z, so that is where time can be saved.
# Three things save it, and change no result.
# Facts share a forward pass.
# What lies left of the subject or below the edited block does not depend on z, and runs once.
# And the vocabulary is multiplied only where the loss is read.
# The write is [[=written:.0f]] times faster: one walk through the blocks reads the keys of all layers,
# and the system has a row for each fact instead of d_ff.
#
# Our z still takes [[=ours['together']['z']['seconds'] / bench['floor of z']:.1f]]
# times what its multiplications alone would take at the rate of a large matrix product.
# [[=products:.0%]] of a search by Adam goes into matrix products, but into smaller and padded ones.
# The rest are norms, rotary angles, activations and attention.
#
# ### Dealing out a sum
#
# 100,000 *tokens*, which this package takes, are a minute's work for an A100.
# The authors take 100,000 *articles*.
# If an article gave 500 tokens, that would be 500 times as much:
# [[=500 * night['statistics'] / (19.5e12 / 2) / 3600:.0f]] hours.
# But the second moment is a sum over keys, and a sum can be dealt out like a pack of cards:
#
# $$K_0 K_0^\top \;=\; \sum_{\text{all tokens}} k k^\top \;=\; \sum_{\text{share } 1} k k^\top \;+ \dots +\; \sum_{\text{share } p} k k^\top . \tag{15.3}$$
#
# In words: every process reads its own share of the text and adds up; at the end the sums are added up.
#
# ### Exercise 15.3: Merge two shares · 10 minutes · ★★
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
# In the next cell, two shares and the whole differ by about as much as float32 rounds.
#
# </details>


# %% exercise="15.3"
def merge(C_a, n_a, C_b, n_b):
    """(second moment of both shares, [d, d], and the number of keys)."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return (n_a * C_a + n_b * C_b) / (n_a + n_b), n_a + n_b
    # END SOLUTION


merge = chapter.check("15.3", merge)

# %% [markdown]
# With a real layer. The texts are sorted by length and dealt in turn,
# so that each share has as much of each; then your function merges.


# %%
def share(rows):
    """The key statistics of one layer over some rows of tokens."""
    found = {LAYER: KeyStatistics.empty(lm.d_ff)}
    for _ in take_in(lm, found, rows):
        pass
    return found[LAYER]


texts = wikipedia_leads("fit")[:40]
dealt = token_rows(lm, texts, 1500)
whole, first, second = share(dealt), share(dealt[0::2]), share(dealt[1::2])
C, n = merge(first.second_moment, first.count, second.second_moment, second.count)
apart = float((C - whole.second_moment).norm() / whole.second_moment.norm())
print(f"{first.count} + {second.count} = {n} keys; merged and whole differ by {apart:.0e} of the norm")

# %% [markdown]
# Nothing is approximated; the difference is the rounding of products in float32.
# And it pays: two processes of one thread each read [[=result('scale.json')['ratio']:.1f]] times
# as many tokens a second as one (measured on two cores, starting up left out).
#
# **Why nobody has to wait for anybody.**
# The usual way to add up over processes is a collective call (*all-reduce*), in which all meet.
# One that is late keeps all waiting, one that is dead stops all.
# But this sum needs no meeting:
# `alphaedit_lite.scale.distributed` lets each process write its sum to a file, now and then and at the end.
# A process that has finished its own share looks for one
# that nobody is at work on, and goes on where it was last saved.
# Whoever finishes the last share adds up.
# Four GPUs, two terminals, a launcher or none: the command is the same.
#
# ```text
# accelerate launch --multi_gpu --num_processes 4 -m alphaedit_lite.scale.distributed --model FOLDER --layers 4 5 6 7 8
# torchrun --nproc-per-node 2 -m alphaedit_lite.scale.distributed --layers 3 4 5 6 7            # on CPU as well
# ```
#
# The extreme case, on a tiny model: three processes were promised, and only number 2 ever comes.

# %%
from alphaedit_lite.scale.distributed import fit_shares

tiny = scaling.tiny_model("llama", lm.tokenizer)
with scaling.scratch_cache():
    complete = fit_shares(tiny, (1, 2), texts, 2000, rank=2, processes=3, progress=False)
    found = key_statistics(tiny, (1, 2), texts, 2000, progress=False)
print(f"all there: {complete}; layers {list(found)}, {found[1].count} keys each")

# %% [markdown] tags=["instructor"]
# **For the instructor, section 2.**
# Let students do the estimate of 2 FLOP × 8·10⁹ × 100,000 tokens by heart,
# and divide by the rate of their own machine.
# Common mistakes: the plain mean of two shares;
# "twice the processes, half the time" for the *eigenvectors*, which are not a sum.
# Question: which parts of an edit can be dealt out like this?
# (z: facts are independent.
# The write: layers are not, each sees the ones below already edited.)

# %% [markdown]
# ## 3. Nine families, one edit
#
# Does the code that edits SmolLM2 edit a Gemma?
# Families differ: GPT-2 stores W transposed, some have a bias,
# some have gates, and each gives the matrix another name.
# All of that stands in one table, `models.ARCHITECTURES`.
# We test it as one tests plumbing: with *random* tiny models, six blocks each, which know nothing.
# An edit of layers 1 and 2 should change exactly two matrices, and taking it back should restore every bit.

# %%
chapter.predict(
    "c",
    "A random model ranks Romania somewhere among its 49,152 words. After the edit it ranks …",
    [
        "about where it did: there is nothing to edit",
        "ten times higher, in some families",
        "at least ten times higher, in all of them",
    ],
)

# %% [markdown]
# All of them, one after the other:

# %%
families = pd.DataFrame([scaling.edit_family(name, lm.tokenizer, texts) for name in scaling.FAMILIES])
up = int((10 * families.after <= families.before).sum())
chapter.reveal("c", 0 if up == 0 else 2 if up == len(families) else 1)
families.style.format(precision=2).hide()

# %% [markdown]
# `matrix` is the name of the down-projection, `stored` its shape as the module holds it: mind GPT-2's.
# `changed` counts tensors, `of` so many in the model;
# `as intended` says that these are the two matrices and no other, `restored` that every bit is back after the undo;
# `before` and `after` are the rank of *Romania* as the next word (1 is the first).
# Llama and Mistral have the same row for a good reason:
# without trained weights, and with prompts shorter than Mistral's attention window, they are the same function.
#
# **What surprised us.**
# In [[=up]] of [[=len(families)]] families Romania climbs at least tenfold,
# on models that have never seen a word of text; the worst rank after the edit is [[=families.after.max()]].
# Of course: z is found by gradient descent *through this very model*, and the write is linear algebra.
# The machinery needs no knowledge.
# So the fact that an edit "works" says little about where a model keeps what it knows;
# chapter 3 had to learn this, too.
#
# And a confession. Our first version asked for "Lower Assam is located in the country of",
# and the probability of Romania hardly moved; in one family it even fell.
# The likely reason: an edit acts at the subject's last token,
# and attention has to carry it to the end of the prompt.
# A trained model has heads for that; a random one mixes the words without any plan.
# So this prompt, "My friends live in Lower Assam", ends with its subject.
# (Also, z is found on this one prompt without prefixes, and may go more than three times as far as usual.)
# Knowledge is not needed; *transport* seems to be.
#
# Time and memory of a tiny edit mean nothing for a large one (the last columns are mostly overhead).
# What carries over is the code path: **the name of the model is the only thing that changes.**
#
# What has to be chosen are the settings.
# These are published ones; `EditorConfig.faithful(…)` has them.

# %%
presets = {}
for name in ("gpt2-xl", "gpt-j-6b", "llama3-8b", "phi-1.5", "qwen2.5-7b"):
    config = EditorConfig.faithful(name)
    z = config.targets
    between = f"{config.layers[0]} to {config.layers[-1]}"
    presets[name] = [between, z.steps, z.lr, z.clamp, z.weight_decay, config.lam, config.threshold]
names = ["layers", "steps", "rate", "clamp", "decay", "λ, absolute", "τ"]
pd.DataFrame.from_dict(presets, orient="index", columns=names).style.format(precision=3)

# %% [markdown]
# Sources: the first four are the files in `hparams/AlphaEdit/`
# of the [authors' repository](https://github.com/jianghoucheng/AlphaEdit);
# the last is EasyEdit's `hparams/AlphaEdit/qwen2.5-7b.yaml`, for the instruction-tuned model.
# Same idea, other numbers: EasyEdit lets z grow more than five times as far, and takes a tenth of λ.
# λ is absolute there, so it depends on how large a model's keys are (chapter 8).
#
# ### Which layers for *my* model?
#
# For a model that is not in the table, somebody has to look.
# Causal tracing does not answer it (chapter 3),
# so `suggest_layers(load_model("…"))` edits the same facts at one layer after the other
# (ten layers, from the second one to two thirds of the depth),
# with AlphaEdit, judges each, and proposes five that end at the best.
# On a laptop this takes some minutes.
# Here we apply its rule, and its picture, to numbers that are there already:
# chapter 3's edits of eight facts at ten single layers of the default model (by ROME, with wider settings for z).

# %%
from alphaedit_lite.scale.suggest import picture

single = {
    int(layer): found for layer, found in result("tracing.json")["edits"].items() if layer != "unedited"
}
kinds = {"efficacy_top1": "first", "generalization": "paraphrases", "specificity": "neighbours"}
sweep = pd.DataFrame(
    {
        name: {layer: sum(found[kind]) / len(found[kind]) for layer, found in single.items()}
        for name, kind in kinds.items()
    }
)
sweep["score"] = 3 / (1 / sweep.clip(lower=1e-3)).sum(axis=1)
best = int(sweep.score.idxmax())
proposed = range(max(0, best - 4), best + 1)
said = "; ".join(f"layer {layer}: {value:.2f}" for layer, value in sweep.score.items())
show(picture(sweep, proposed), f"Harmonic mean of three shares by edited layer. {said}.", name="15_layers")

# %% [markdown]
# The best single layer is number [[=best]] (harmonic mean [[=sweep.score[best]:.2f]]),
# and a rule that ends at the best would propose only layers [[=proposed.start]] to [[=best]].
# Do not follow it blindly here: up to layer 8 all means lie between [[=sweep.score.loc[:8].min():.2f]]
# and [[=sweep.score.loc[:8].max():.2f]], and with eight facts a single one moves "named first" by an eighth.
# What the curve does say is where *not* to edit: at layer 28 it is [[=sweep.score[28]:.2f]].
# The package's default, 3 to 7, came out of a larger study (`results/defaults.json`), and lies on the plateau.
#
# ## 4. Half of the bits
#
# Two bytes a weight halve the memory.
# What does the edit pay?
# A number in bfloat16 or float16 is stored as
#
# $$w \;=\; \pm\, 1.d_1 d_2 \dots d_m \times 2^{e}, \qquad m = 7 \text{ (bfloat16)},\quad m = 10 \text{ (float16)}. \tag{15.4}$$
#
# In words: a sign, a power of two, and m binary digits.
# Between 2ᵉ and 2ᵉ⁺¹ the numbers that exist are evenly spaced, 2ᵉ⁻ᵐ apart;
# everything else is rounded to the nearest.
# An update is *small against W*: what if Δ is smaller than the gap?
#
# ### Exercise 15.4: The smallest change that survives, on paper · 15 minutes · ★★
#
# With a pencil. A weight w > 0 (no power of two) is stored with m digits.
# How large must a change be so that w + change, rounded to the nearest number, is no longer w?
# Then as a function. It is tried on real numbers, in both types.
#
# <details><summary>Hint</summary>
#
# Try w = 1.5 with two digits: the numbers are 1, 1.25, 1.5, 1.75, 2.
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
# Below, your formula's forecast for a real layer.
#
# </details>

# %% exercise="15.4"
import math


def half_step(w, digits):
    """The smallest change of w that survives rounding to numbers with so many binary digits."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return 2.0 ** (math.floor(math.log2(abs(w))) - digits) / 2
    # END SOLUTION


half_step = chapter.check("15.4", half_step)

# %% [markdown]
# Now a real update: forty bundled facts, with the targets z that ship with the package, written in float32.
# We note how well it works, and take one typical weight of layer 5 (median size, median change) to look at.

# %%
from alphaedit_lite import bundled_facts, bundled_targets

facts = bundled_facts("development")[:FACTS]
z = bundled_targets(lm, facts)
moments = key_statistics(lm, LAYERS)
editor = AlphaEdit(lm, statistics=moments, progress=False)
judged = {"unedited": rounding.named_first(lm, facts)}
edit = editor.edit(facts, z)
judged["float32"] = rounding.named_first(lm, facts)
W, delta = lm.ledger.original(LAYER).double(), edit.delta(LAYER)
odd = (W.abs() / W.abs().median()).log().abs() + (delta.abs() / delta.abs().median()).log().abs()
typical = int(odd.argmin())
w, change = float(W.flatten()[typical].abs()), float(delta.flatten()[typical].abs())
show(*draw.gap_figure(w, change, HALF), name="15_gap")

# %% [markdown]
# The ticks are all the numbers that exist.
# The blue arrow is the change that AlphaEdit asks for, from the rounded weight; the triangle is what is stored.
# (Sign dropped.) The median change is [[=change / w:.0%]] of the median weight: many gaps, even in bfloat16.
# So this one arrives nearly whole.
# But updates have all sizes, and the smaller ones lie within one gap.

# %%
chapter.predict(
    "d",
    "How much of Δ is lost in bfloat16: ‖round(W + Δ) − W − Δ‖ as a share of ‖Δ‖?",
    ["under 1%", "1% to 10%", "10% to 50%", "more than half"],
)

# %%
loss = {name: rounding.noise_and_signal(W, edit, LAYER, dtype) for name, dtype in HALF.items()}
sampled = range(0, W.numel(), 97)
stuck = {}
for (name, dtype), digits in zip(HALF.items(), (7, 10), strict=True):
    starts = W.to(dtype).flatten()[sampled].tolist()
    changes = delta.abs().flatten()[sampled].tolist()
    stuck[name] = sum(d < half_step(v, digits) for v, d in zip(starts, changes, strict=True) if v) / len(
        starts
    )
    loss[name]["unchanged, your forecast"] = stuck[name]
share_lost = loss["bfloat16"]["of the matrix"]
chapter.reveal("d", sum(share_lost > bound for bound in (0.01, 0.1, 0.5)))
pd.DataFrame(loss).T.style.format("{:.2%}")

# %% [markdown]
# `of the matrix` is the question above.
# `entries unchanged` counts weights whose change was rounded away altogether,
# and the last column is what your formula forecasts for it from a sample of them.
# `entries overdone` were moved by *more* than was asked.
#
# **What surprised us.**
# We expected that much of Δ would vanish, for "a small update on a large weight" is the textbook case.
# In bfloat16 only [[=loss['bfloat16']['entries unchanged']:.0%]] of the weights do not move at all,
# and the matrix that arrives differs from the wanted one by [[=share_lost:.1%]] of ‖Δ‖.
# Forty facts at once are not small: see the arrow above.
# And the second column is smaller still:
# what Δ says *to the keys of the facts* is off by [[=loss['bfloat16']['of the answers']:.2%]]. Why?
#
# Write E for the rounding error.
# Its entries have all signs, without any plan:
# E is noise: its rows point anywhere among the 1536 directions of key space.
# Δ has only n = 40 directions, one for each fact.
# For the key k of a fact, roughly,
#
# $$\lVert E\,k \rVert \;\approx\; \lVert E \rVert_F\, \lVert k \rVert / \sqrt{d_{ff}}, \qquad
# \lVert \Delta\,k \rVert \;\approx\; \lVert \Delta \rVert_F\, \lVert k \rVert / \sqrt{n} . \tag{15.5}$$
#
# In words: whatever is spread over many directions gives a single key only its share of it.
# Noise is spread over d_ff, Δ over n, so the facts should hear
# √(d_ff / n) = [[=(1536 / FACTS) ** 0.5:.1f]] times less of the noise than the matrix holds.
# Measured: [[=share_lost / loss['bfloat16']['of the answers']:.1f]] times.
# (Probably because the keys of facts share a direction, which the rule leaves out.)
# So a rounded edit should work. Does it?
# We store the edited matrices in half precision, and ask for all forty facts.

# %%
for name, dtype in HALF.items():
    with rounding.stored_as(lm, edit, dtype):
        judged[name] = rounding.named_first(lm, facts)
pd.DataFrame({"named first": judged}).style.format("{:.0%}")

# %% [markdown]
# Of the [[=FACTS]] facts [[=judged['float32']:.0%]] are named first in float32,
# [[=judged['bfloat16']:.0%]] with matrices stored in bfloat16, and [[=judged['float16']:.0%]] in float16.
# (One fact is [[=1 / FACTS:.1%]].)
# What we did *not* test here: a model that also *calculates* in half precision, for a CPU does that slowly.
#
# If you want the whole Δ: `keep_masters` keeps the edited matrices, and only these, in float32.
# (*Master weights* are an old trick of training in half precision: Micikevicius et al. 2018.)
# It costs two bytes more for each entry of five matrices.
# Here with a model that really is in bfloat16, and three facts.

# %%
from alphaedit_lite.scale.precision import keep_masters, rounding_loss

half = load_model(dtype=torch.bfloat16)
moments = {
    i: KeyStatistics(kept.total, kept.count) for i, kept in moments.items()
}  # lent by the float32 model
there = AlphaEdit(half, statistics=moments, progress=False).edit(facts[:3], z[:3])
before = rounding_loss(half)[LAYER]
there.revert()
keep_masters(half, LAYERS)
AlphaEdit(half, statistics=moments, progress=False).edit(facts[:3], z[:3])
after = rounding_loss(half)[LAYER]
extra = (
    2 * sum(half.weight(layer).numel() for layer in LAYERS) / sum(p.nbytes for p in half.model.parameters())
)
print(f"lost of Δ in layer {LAYER}: {before:.1%}, with masters {after:.0e}; memory {extra:+.1%}")

# %% [markdown] tags=["instructor"]
# **For the instructor, section 4.**
# Common mistakes: bfloat16 is thought to be "less exact by 2" than float32 (it has 2¹⁶ times wider gaps);
# the range is confused with the precision
# (bfloat16 has float32's range, float16 does not, and overflows beyond 65,504).
# Question: (15.5) says noise costs √(d_ff / n) less than Δ does.
# What does that predict for a model with d_ff = 14,336,
# and for an update of 10,000 facts, whose directions fill the space?
# A good experiment for home: repeat with λ ten times as large, which makes Δ smaller.

# %% [markdown]
# ## 5. Edits that travel
#
# An edit is a thing that one can send. Three forms:
#
# * **a file of factors**, `edit.save`: R, G and the keys of each layer.
#   It carries the *fingerprint* of the unedited weights, and no other model takes it: Δ was computed for one W.
# * **a LoRA adapter**. Hu et al. (2022) train W + BA with thin B and A.
#   Δ = R G *is* such a product, with B = R and A = G (the code stores Rᵀ, facts as rows),
#   so any program that can load an adapter can load an edit, and need not know AlphaEdit.
# * **the edited model**, `lm.model.save_pretrained(folder)`, an ordinary checkpoint.
#
# ### Exercise 15.5: An edit as an adapter · 15 minutes · ★★
#
# You get, for one layer, the factors of several edits, as the code stores them (facts are rows):
# `residuals[i]` is [n_i, d_model], `gains[i]` is [n_i, d_ff], and edit i has Δ = residuals[i]ᵀ gains[i].
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
    """B, [d_model, r], and A, [r, d_ff], with B A = Σ residuals[i]ᵀ gains[i] and r the number of facts."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    return torch.cat(list(residuals)).T, torch.cat(list(gains))
    # END SOLUTION


adapter = chapter.check("15.5", adapter)

# %% [markdown]
# We take the logits of the edited model, revert the edit,
# put your B and A *beside* the untouched matrices, and compare.
# Then the same with the package's `to_lora` and the `peft` library, if it is installed (`pip install peft`).

# %%
import copy

from alphaedit_lite.scale.export import to_lora

ids = lm.tokenizer(facts[0].prompt, return_tensors="pt")["input_ids"]
with torch.no_grad():
    wanted = lm.model(ids).logits
parcel = tempfile.TemporaryDirectory()
edit.save(Path(parcel.name) / "edit.safetensors")
folder = to_lora(lm, Path(parcel.name) / "adapter")
edit.revert()
with torch.no_grad():
    plain = lm.model(ids).logits
factors = {layer: adapter([edit.residual[layer]], [edit.gain[layer]]) for layer in edit.layers}
beside = rounding.lora_logits(lm, factors, ids)
print(f"edited or not: logits differ by up to {float((wanted - plain).abs().max()):.1f}")
print(f"edited or your adapter: by up to {float((wanted - beside).abs().max()):.0e}")

# %%
import importlib.util
import warnings

from alphaedit_lite import Edit

if importlib.util.find_spec("peft"):
    from peft import PeftModel

    warnings.simplefilter("ignore", FutureWarning)  # of a name that transformers is about to change
    merged = PeftModel.from_pretrained(copy.deepcopy(lm.model), folder).merge_and_unload()
    with torch.no_grad():
        print(f"edited or peft, merged: by up to {float((wanted - merged(ids).logits).abs().max()):.0e}")
    del merged
try:
    Edit.load(Path(parcel.name) / "edit.safetensors").apply(half)
except ValueError as error:
    print(f"the model in bfloat16 refuses it: {error}")

# %% [markdown]
# Refused, rightly: the model in half precision has other weights, so it has another fingerprint.
# What do the three forms weigh?

# %%
parts = {
    "file of factors": [Path(parcel.name) / "edit.safetensors"],
    "LoRA adapter": list(folder.iterdir()),
}
sizes = {name: sum(path.stat().st_size for path in paths) / 1e6 for name, paths in parts.items()}
sizes["five dense Δ in float32"] = sum(4 * lm.weight(layer).numel() for layer in LAYERS) / 1e6
sizes["the model"] = sum(p.nbytes for p in lm.model.parameters()) / 1e6
parcel.cleanup()
s = scaling.shape("Llama-3-8B")
lora_8b = 5 * 4 * 100 * (s.d_model + s.d_ff) / 1e6
pd.DataFrame({"MB": sizes}).style.format("{:.1f}")

# %% [markdown]
# An adapter holds 4 r (d_model + d_ff) bytes a layer:
# for a hundred facts in five layers of Llama-3-8B, [[=lora_8b:.0f]] MB beside 16,000 for the model.
# It pays as long as r is well below d_model.
# (With many more facts than that, `to_lora` cuts to the rank that Δ really has.)
#
# To share with others (not run here; it needs an account,
# and makes a *private* repository unless you say otherwise; the facts stand in the files):
#
# ```python
# lm.model.save_pretrained("romania")                     # plain transformers loads it
# from alphaedit_lite.scale.export import push_to_hub
# push_to_hub(lm, "me/romania")                           # adapter and edits
# ```
#
# An adapter that moves Lower Assam to Romania does not say so on its label.
# Chapter 16 asks what that means, and how to find out.
#
# ## Part two: a night on a GPU
#
# For those with a GPU and access to a hub: the paper's setting, 2,000 CounterFact edits on Llama-3-8B or GPT2-XL.
# A run of hours *will* be interrupted, so it must not matter.
# `alphaedit_lite.book.ch15.unattended` saves every batch when it is done and judges now and then;
# the same command, given again, goes on.
#
# ```text
# python -m alphaedit_lite.book.ch15.unattended --model meta-llama/Meta-Llama-3-8B-Instruct --preset llama3-8b --dtype bfloat16 \
#        --facts counterfact.json --edits 2000 --batch 100 --out runs/llama3
# python -m alphaedit_lite.book.ch15.unattended --model openai-community/gpt2-xl --preset gpt2-xl --facts counterfact.json --out runs/gpt2
# ```
#
# It asks the plan first, and refuses if there is no room.
# **We had no such GPU when we wrote this**:
# what follows is the same code path with a tiny random Llama in a temporary folder,
# the authors' preset with other layers, another threshold
# (a random layer leaves no direction unused) and fewer steps.
# We let it "crash" after the first of three batches, start again, and compare with a run that nobody disturbed.

# %%
import dataclasses

from alphaedit_lite.book.ch15.unattended import run

preset = EditorConfig.faithful("llama3-8b")
short = dataclasses.replace(preset.targets, steps=3)
fitting = {"layers": (1, 2), "threshold": 0.5, "threshold_kind": "energy"}  # for a random tiny model
config = dataclasses.replace(preset, tokens=1000, targets=short, **fitting)
options = {"config": config, "batch": 1, "look_every": 9, "judged": 1, "texts": texts}
with tempfile.TemporaryDirectory() as place, scaling.scratch_cache():
    name = f"{place}/model"  # on a GPU: "meta-llama/Meta-Llama-3-8B-Instruct"
    scaling.saved_tiny(name, lm.tokenizer)
    run(load_model(name), facts[:3], f"{place}/run", stop_after=1, **options)
    crashed = sorted(path.name for path in Path(f"{place}/run/edits").iterdir())
    again, straight = load_model(name), load_model(name)
    record = run(again, facts[:3], f"{place}/run", **options)
    run(straight, facts[:3], f"{place}/straight", **options)
same = all(torch.equal(again.weight(i), straight.weight(i)) for i in range(again.n_layers))
print(f"files after the crash: {crashed}; the same bits as undisturbed: {same}")
pd.DataFrame(record["looks"])[["edits", "efficacy", "specificity", "perplexity"]].style.format(
    precision=2
).hide()

# %% [markdown]
# (A random model's metrics mean nothing; what is tested is the path.)
# The first batch was *applied* from its file, the others computed, and all weights are the same, bit for bit.
# That is possible because the ledger sums all Δ in float64 and rounds once,
# and because this CPU finds the same z each time; on a GPU expect the first, not the second.
#
# ## Break it: one fact at a time, in bfloat16
#
# And if one does not do it like this?
# The obvious code is `W += delta` for each fact, in the type of W.
# Each sum is then rounded, and each Δ of a *single* fact is smaller than that of forty.
# What is left of the forty facts in layer 5?

# %%
chapter.predict(
    "e",
    "bfloat16, forty facts written one by one, rounded each time. The loss, compared with rounding once, is …",
    ["about the same (within a quarter)", "larger, up to three times", "more than three times"],
)

# %%
looks = (1, 2, 5, 10, 20, 30, 40)
drift = {
    name: rounding.rounded_one_by_one(W, edit.residual[LAYER], edit.gain[LAYER], dtype, looks)
    for name, dtype in HALF.items()
}
show(*draw.drift_figure(drift), name="15_drift")
_, each, once = drift["bfloat16"][-1]
single = rounding.unmoved(W, edit.residual[LAYER], edit.gain[LAYER], torch.bfloat16)
chapter.reveal("e", 0 if each < 1.25 * once else 1 if each <= 3 * once else 2)

# %% [markdown]
# **What happens.** Solid lines: rounded after each fact; dashed: once, at the end. Read from the left.
# A single fact loses [[=drift['bfloat16'][0][1]:.0%]] of its Δ in bfloat16, because that Δ is small.
# Then the dashed line falls: the error of *one* rounding stays as large as it is while ΣΔ grows.
# The solid line does not fall: every fact brings an error of its own.
# (These are the forty rank-one pieces of *one* edit, added one after the other;
# we did not ask for the facts afterwards.)
# After forty facts bfloat16 has lost [[=each:.0%]] of ‖ΣΔ‖ if it rounds each time
# and [[=once:.0%]] if it rounds once, [[=each / once:.1f]] times as much.
# And of a *single* fact's Δ, [[=single:.0%]] of the entries do not move their weight at all:
# those are lost however many facts ask for the same.
# In float16, with gaps eight times finer, the same curves lie lower
# ([[=drift['float16'][-1][1]:.1%]] and [[=drift['float16'][-1][2]:.1%]]).
#
# So: write in batches; keep the sum of updates outside of the weights, in a wide type; round once.
# That is what the ledger does, what float32 masters do, and what optimisers for half precision do.
#
# ## Paper ↔ code
#
# | in the paper | in the authors' code | here |
# |---|---|---|
# | LLaMA3, GPT-J, GPT2-XL | README: "at least one A40 48G GPU". P of each layer whole, d_ff × d_ff, and the history as one more such matrix | `plan(…)`; U on the host, one layer's at a time goes to the GPU; the history as keys |
# | precision: not a topic | `AutoModelForCausalLM.from_pretrained(…)` without a dtype: float32 | any; `rounding_loss`, `keep_masters` |
# | K0 from 100,000 Wikipedia articles | one process; `layer_stats` saves one file a layer | `fit_shares`, on any number of processes |
# | edits in sequence, 100 at a time | weights updated in place, batch after batch | a float64 sum of all Δ, rounded once; one file a batch |
#
# The line that matters for Break it is near the end of `apply_AlphaEdit_to_model` in `AlphaEdit/AlphaEdit_main.py`:
# the update is added to the weights in place, in their own type, batch after batch.
# In float32, as they run it, that is harmless.
# (Their README edits the *Instruct* version of Llama-3-8B.)

# %% [markdown]
# ## Keypoints
#
# * An edit of a wide model needs more room for d_ff × d_ff matrices than for its weights; facts hardly count.
# * A forward pass is 2 FLOP a parameter and token.
#   With many facts nearly all arithmetic is the search for z; the eigenvectors grow as d_ff³.
# * Second moments are sums: shares can be computed anywhere, at any time, and merged exactly.
# * Stored in half precision, an update of many facts loses little;
#   what it says to its keys loses less still, since noise is spread over all directions.
#   Rounding after every fact is another matter.
# * An edit is a file with a fingerprint, and a LoRA adapter of rank n.

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
# **2. Four processes fit statistics, and one dies at 90% of its share. What is lost?**
#
# <details><summary>A. The run: the others wait for it.</summary>
# So it would be with a collective call.
# Here nobody waits for anybody.
# </details>
# <details><summary>B. What it did since it last saved; another process takes the share over.</summary>
# <b>Yes.</b> At most two minutes, by default.
# </details>
# <details><summary>C. A quarter of the text: the statistics are of the other three.</summary>
# Nobody adds up before <em>all</em> shares are whole.
# </details>
#
# **3. w = 1.5 in bfloat16, and Δ = 0.003. What is stored?**
#
# <details><summary>A. 1.503</summary>
# There is no such number: between 1 and 2 the gaps are 1/128 = 0.0078.
# </details>
# <details><summary>B. the same number as before</summary>
# <b>Yes.</b> Half a gap is 0.0039, and Δ is smaller.
# </details>
# <details><summary>C. the next number</summary>
# Only if Δ were above half a gap.
# </details>
#
# **Further reading**
#
# * [Fang et al. 2025](https://arxiv.org/abs/2410.02355): the setting that the presets and Part two follow.
# * [Hu et al. 2022](https://arxiv.org/abs/2106.09685), LoRA:
#   thin updates as a way to *train*; section 4.1 has the form that an edit has by itself.
# * [Micikevicius et al. 2018](https://arxiv.org/abs/1710.03740), Mixed Precision Training:
#   why updates vanish in 16 bits, and master weights as the cure.
# * [Kalamkar et al. 2019](https://arxiv.org/abs/1905.12322):
#   what bfloat16 is, and why its range matters more than its digits.
# * [Kaplan et al. 2020](https://arxiv.org/abs/2001.08361), section 2.1:
#   where "2 FLOP a parameter and token" comes from.
#
# **Next:** chapter 16 asks what an edit does *not* do,
# and how a stranger's edit can be found in the weights and undone.

# %%
chapter.report()
