# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Laboratory 15: A forecast, and what became of it
#
# *To read: 35 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# [Chapter 15](../15_scale.ipynb) counts what an edit costs, in multiplications and in bytes,
# and says that the count tells what to expect of a model that you do not have.
# Here the count is taken seriously: memory by stage against the kernel's own count, hours on machines
# that we do not own, the whole race against the released code, statistics on several processes,
# nine families of models, half precision in both types, edits as files and adapters,
# and a run of thousands of edits that nobody has to watch.
# It is for readers who want to edit a large model, or who doubt one of the lesson's numbers.

# %% tags=["setup"]

# %%
# Parameters: the edited layers, the one that we look at, how many facts.
import tempfile
from pathlib import Path

import pandas as pd
import torch

from alphaedit_lite import AlphaEdit, EditorConfig, key_statistics, load_model
from alphaedit_lite.book.ch15 import experiments as scaling
from alphaedit_lite.book.ch15 import figures as draw
from alphaedit_lite.book.ch15 import rounding
from alphaedit_lite.book.kit.intervals import difference
from alphaedit_lite.book.kit.plots import show
from alphaedit_lite.book.kit.results import result
from alphaedit_lite.scale.plan import Workload, plan
from alphaedit_lite.support.texts import wikipedia_leads

torch.manual_seed(15)
LAYERS, LAYER, FACTS = (3, 4, 5, 6, 7), 5, 40
HALF = {"bfloat16": torch.bfloat16, "float16": torch.float16}
lm = load_model()
texts = wikipedia_leads("fit")[:40]

# %% [markdown]
# ## 1. A plan of the memory
#
# The lesson counts the large matrices.
# The package has such a count for every tensor that matters, stage by stage: `plan`.
# A stage's tensors are gone in the next;
# statistics and null spaces stay, on the *host* (the CPU's memory) if the model is on a GPU.
# On top of the lesson's items come working space
# (the eigensolver needs four square matrices, 32 d_ff² bytes, for one layer at a time), and,
# with a GPU, the sums that are made *there* and kept on the host, so they take room in both memories.
#
# Then there is the search for z.
# It keeps activations for the gradient, for 15 facts × 6 prompts at a time (`batch_size`):
# the one item that you can make as small as you like, since facts are independent.

# %%
made = scaling.planned("Llama-3-8B", torch.bfloat16)
print(made)

# %% [markdown]
# The same for the three models of the paper's main table, as a picture:

# %%
plans = {name: scaling.planned(name) for name in scaling.MODELS}
show(*draw.memory_figure(plans), name="15_memory")
more = made.peak - made.items[0].bytes + made.host_peak
more = more / made.items[0].bytes

# %% [markdown]
# **How to read it.** For each stage, the left bar is the GPU's memory (grey:
# the weights, in two bytes), the hatched bar the host's.
# Blue: everything else on the GPU.
# Dotted lines, for the left bars only:
# a T4 (15 GB) and the smaller A100 (40 GB); the larger one has 80, above the picture.
#
# An edit of Llama-3-8B wants [[=more:.1f]] times the weights' room on top of them.
# Most of that is the square of d_ff: statistics, null spaces, and the working space of the eigensolver.
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

# %% [markdown]
# ## 2. Hours on other machines
#
# The search for z has no rule of its own.
# For each fact, its prompts run forward once through all blocks up to the edited one.
# Then every step goes forward and backward, but only through the blocks *above* it, where z makes a difference:
# the plan counts two operations a weight and token forward, and as many backward.
# (A gradient for z alone needs none for the weights; training takes twice as much on the way back.)
#
# Statistics and null spaces are made once; z and the write come back with every batch.
# For the write, the history grows meanwhile.
# Two thousand facts are written in twenty batches.

# %%
work = {}
for name in scaling.MODELS:
    for batches in (1, 20):
        pasts = [100 * i for i in range(batches)]
        batch = [scaling.planned(name, past=past).flops for past in pasts]
        stages = {s: batch[0][s] for s in ("statistics", "null space")}
        for stage in ("targets z", "write"):
            stages[stage] = sum(one[stage] for one in batch)
        work[f"{name}, {100 * batches} facts"] = stages
show(*draw.arithmetic_figure(work), name="15_arithmetic")
night = work["Llama-3-8B, 2000 facts"]
growth = result("scale.json")["seconds to solve 100 facts after"]

# %% [markdown]
# With two thousand facts on Llama-3-8B the whole write, most of it forward passes that read the facts' keys,
# is [[=night['write'] / sum(night.values()):.1%]] of the arithmetic,
# z is [[=night['targets z'] / sum(night.values()):.0%]].
# (The authors' setting, used here, always takes all steps; the package's own stops early.)
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
# Here is an estimate, *no measurement*:
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
    solver = stages["null space"]
    device = sum(stages.values()) - solver
    hours[name] = {where: device / rate / 3600 for where, rate in rates.items()}
    hours[name]["eigenvectors, host"] = solver / (laptop / 2) / 3600
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
# The forecast below uses the rules of the lesson and the same rate.

# %%
bench, parts = result("bench.json"), result("parts.json")
many = bench["facts"]["together"]
measured = bench["ways"]["ours, authors' settings"]["together"]
config = EditorConfig.faithful("gpt2-xl")  # 20 steps
count = plan(lm, LAYERS, config, Workload(facts=many)).flops
wide = parts["statistics of 100,000 tokens"]
check = {
    "statistics, 100,000 tokens": (count["statistics"] / laptop, wide),
    "z of a fact, 20 steps": (
        count["targets z"] / many / laptop,
        measured["z"]["seconds"],
    ),
    "writing a fact": (
        count["write"] / many / laptop,
        measured["write"]["seconds"],
    ),
}
for d in (1536, 3072):
    name = f"eigh, d = {d}"
    check[name] = 9 * d**3 / (laptop / 2), parts[name]
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
cases = {
    (label, layers): (dtype, count)
    for label, dtype in (
        ("4 bytes", torch.float32),
        ("2 bytes", torch.bfloat16),
    )
    for layers, count in (("authors’ layers", None), ("one layer", 1))
}
fits = {}
for machine, (device, host) in scaling.MACHINES.items():
    gpu, column = device is not None, {}
    for name in scaling.MODELS:
        for (label, layers), (dtype, count) in cases.items():
            made = scaling.planned(name, dtype, count, accelerator=gpu)
            column[name, label, layers] = scaling.verdict(made, machine)
    made = plan(lm, accelerator=gpu)
    column["SmolLM2-135M", "4 bytes", "this book"] = scaling.verdict(
        made, machine
    )
    fits[f"{machine} (host {host:g})"] = column
pd.DataFrame(fits).style

# %% [markdown]
# So a free T4 edits GPT2-XL in two bytes, and none of the larger two:
# four fifths of 15 GB do not even hold GPT-J's weights, whatever the layers.
# An A100 with 40 GB edits both in two bytes, and with 80 GB in float32, as the authors do.
# A card of 24 GB edits GPT2-XL in either width, and in GPT-J one layer at a time;
# Llama-3-8B's weights fit in two bytes, but with the write of even one layer they want
# [[=scaling.planned('Llama-3-8B', layers=1).memory('write', True) / 1e9:.1f]] GB, more than four fifths of it.
# (A T4 has no arithmetic units for bfloat16;
# use float16 there, which we have not tried; section 6 looks at stored matrices only.)
# GPT2-XL in four bytes, as the authors run it,
# needs [[=scaling.planned('GPT2-XL', torch.float32).peak / 1e9:.0f]] GB for the search of z;
# with eight facts at a time instead of fifteen
# ([[=scaling.planned('GPT2-XL', torch.float32, together=8).peak / 1e9:.0f]] GB) the same T4 does it.
# The book's own model runs anywhere.
# The planner counts a GB as 10⁹ bytes;
# if your provider means 2³⁰, you have 7% more, and verdicts near the edge turn.
#
# ## 3. Against the released code
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
    batch, quality = way["together"], way["quality"]
    raced[name] = {
        "one fact, s": way["alone"]["whole"]["seconds"],
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
pd.DataFrame(raced).T.style.format("{:.2f}")

# %%
ways = (bench["baseline"], "ours, authors' settings", "ours")
base, equal, ours = (bench["ways"][name] for name in ways)
plain = base["together"]
spent = plain["z"]["seconds"] / plain["whole"]["seconds"]
faster = {
    stage: plain[stage]["seconds"] / equal["together"][stage]["seconds"]
    for stage in ("z", "write")
}
products = parts["share of matrix products in z"]
print({stage: round(times, 1) for stage, times in faster.items()})

# %% [markdown]
# Each row is a way to make the same edits.
# "Times faster" compares a whole edit, by the clock, with the first row, the released code's path.
# At the authors' settings the package makes the same edit:
# z differs by [[=bench['apart']['z']:.0e]] and Δ by [[=bench['apart']['delta']:.0e]] at most, relatively.
# For one fact, the released path takes [[=equal['times']['alone']:.1f]] times as long,
# in a batch [[=equal['times']['together']:.1f]] times.
# "ours" has the settings of this book, which write something else:
# the released path takes [[=ours['times']['alone']:.1f]] times as long alone,
# and [[=ours['times']['together']:.1f]] times in a batch.
# So look at its quality in the same row.
# ([[=many]] facts are few.
# They show whether speed was bought with quality, and do not rank the rows.)
#
# **Where the time goes.**
# [[=spent:.0%]] of the released path's time is z.
# Three things save time there, and change no result.
# Facts share a forward pass.
# What lies left of the subject or below the edited block does not depend on z, and runs once.
# And the vocabulary is multiplied only where the loss is read.
# The write takes the released path [[=faster['write']:.0f]] times as long as ours:
# one walk through the blocks reads the keys of all layers, and the system has a row for each fact instead of d_ff.
#
# Our z still takes [[=ours['together']['z']['seconds'] / bench['floor of z']:.1f]]
# times what its multiplications alone would take at the rate of a large matrix product.
# [[=products:.0%]] of a search by Adam goes into matrix products, but into smaller and padded ones.
# The rest are norms, rotary angles, activations and attention.
#
# **What did not help.**
# A cheaper search is easy to invent.
# Each row below changes one thing of this book's settings and writes the same 40 facts of CounterFact,
# which were used for nothing else, 20 at a time (`results/tried.json`).

# %%
tried = result("tried.json")["rows"]
ours_tried = tried["defaults"]["scores"]
names = {"efficacy_top1": "accuracy", "generalization_top1": "on paraphrases"}
costs = {}
for way, row in tried.items():
    costs[way] = {"s a fact": row["seconds"], "of the processor, s": row["cpu"]}
    for name, title in names.items():
        scores = row["scores"][name]
        costs[way][title] = sum(scores) / len(scores)
        gap = difference(scores, ours_tried[name])
        costs[way][f"{title}, − defaults"] = "" if way == "defaults" else str(gap)
costs = pd.DataFrame(costs).T
costs.style.format("{:.2f}", subset=costs.columns[:3]).format("{:.2f}", subset=["on paraphrases"])

# %%
saved = {way: 1 - row["cpu"] / tried["defaults"]["cpu"] for way, row in tried.items()}
lost = costs["on paraphrases, − defaults"]

# %% [markdown]
# Nothing there is free.
# One search instead of two saves [[=saved['one search and one write']:.0%]] of the processor's time,
# and accuracy on paraphrases changes by [[=lost['one search and one write'] ]] points.
# Two prompts instead of six save [[=saved['two prompts for z']:.0%]], for [[=lost['two prompts for z'] ]] points.
# Without the KL term it is [[=saved['no KL term']:.0%]],
# with four prompts [[=saved['four prompts for z instead of six']:.0%]]: no time was saved at all.
# (Why, we have not measured.)
#
# ## 4. Dealing out a sum
#
# 100,000 *tokens*, which this package takes, are a minute's work for an A100.
# The authors take 100,000 *articles*.
# If an article gave 500 tokens, that would be 500 times as much:
# [[=500 * night['statistics'] / (19.5e12 / 2) / 3600:.0f]] hours.
# But the second moment is a sum over keys, and shares of a sum can be made anywhere (exercise 15.3).
# It pays: two processes of one thread each read [[=result('scale.json')['ratio']:.1f]] times
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

tiny, some = scaling.tiny_model("llama", lm.tokenizer), ((1, 2), texts, 2000)
quiet = {"progress": False}
with scaling.scratch_cache():
    complete = fit_shares(tiny, *some, rank=2, processes=3, **quiet)
    found = dict(key_statistics(tiny, *some, **quiet))
print(f"all there: {complete}; {found[1].count} keys in layers {list(found)}")

# %% [markdown]
# ## 5. Nine families, one edit
#
# Does the code that edits SmolLM2 edit a Gemma?
# Families differ: GPT-2 stores W transposed, some have a bias,
# some have gates, and each gives the matrix another name.
# All of that stands in one table, `models.ARCHITECTURES`.
# We test it as one tests plumbing: with *random* tiny models, six blocks each, which know nothing.
# An edit of layers 1 and 2 should change exactly two matrices, and taking it back should restore every bit.
# And where does a random model, after the edit, rank *Romania* among its 49,152 words?

# %%
names, tokenizer = scaling.FAMILIES, lm.tokenizer
families = [scaling.edit_family(name, tokenizer, texts) for name in names]
families = pd.DataFrame(families)
up = int((10 * families.after <= families.before).sum())
families.style.format(precision=2).hide()

# %% [markdown]
# `matrix` is the name of the down-projection, `stored` its shape as the module holds it: mind GPT-2's.
# `changed` counts tensors, `of` so many in the model;
# `as intended` says that these are the two matrices and no other, `restored` that every bit is back after the undo;
# `before` and `after` are the rank of *Romania* as the next word (1 is the first).
# Llama and Mistral have the same row for a good reason:
# without trained weights, and with prompts shorter than Mistral's attention window, they are the same function.
#
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
    presets[name] = {
        "layers": f"{config.layers[0]} to {config.layers[-1]}",
        "steps": z.steps,
        "rate": z.lr,
        "clamp": z.clamp,
        "decay": z.weight_decay,
        "λ, absolute": config.lam,
        "τ": config.threshold,
    }
pd.DataFrame(presets).T.style.format(precision=3)

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

asked = ["first", "paraphrases", "neighbours"]
single = result("tracing.json")["edits"]
sweep = {
    int(layer): [sum(found[kind]) / len(found[kind]) for kind in asked]
    for layer, found in single.items()
    if layer != "unedited"
}
columns = ["efficacy_top1", "generalization", "specificity"]
sweep = pd.DataFrame(sweep, index=columns).T
sweep["score"] = 3 / (1 / sweep.clip(lower=1e-3)).sum(axis=1)
best = int(sweep.score.idxmax())
proposed = range(max(0, best - 4), best + 1)
said = "; ".join(f"layer {i}: {score:.2f}" for i, score in sweep.score.items())
said = f"Harmonic mean of three shares by edited layer. {said}."
show(picture(sweep, proposed), said, name="15_layers")

# %% [markdown]
# (The curve is the harmonic mean of the three shares.)
# The best single layer is number [[=best]] (harmonic mean [[=sweep.score[best]:.2f]]),
# and a rule that ends at the best would propose only layers [[=proposed.start]] to [[=best]].
# Do not follow it blindly here: up to layer 8 all means lie between [[=sweep.score.loc[:8].min():.2f]]
# and [[=sweep.score.loc[:8].max():.2f]], and with eight facts a single one moves "named first" by an eighth.
# What the curve does say is where *not* to edit: at layer 28 it is [[=sweep.score[28]:.2f]].
# The package's default, 3 to 7, came out of a larger study (`results/defaults.json`), and lies on the plateau.
#
# ## 6. Half of the bits, in both types
#
# Forty bundled facts, with the targets z that ship with the package, written in float32.

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
loss = {
    name: rounding.noise_and_signal(W, edit, LAYER, dtype)
    for name, dtype in HALF.items()
}
share_lost = loss["bfloat16"]["of the matrix"]
pd.DataFrame(loss).T.style.format("{:.2%}")

# %% [markdown]
# `of the matrix` is ‖round(W + Δ) − W − Δ‖ as a share of ‖Δ‖;
# `of the answers` is the same for what Δ says to the keys of the facts.
# `entries unchanged` counts weights whose change was rounded away altogether,
# `entries overdone` were moved by *more* than was asked.
#
# The lesson's rule says that the facts should hear
# √(d_ff / n) = [[=(1536 / FACTS) ** 0.5:.1f]] times less of the noise than the matrix holds.
# Measured in bfloat16: [[=share_lost / loss['bfloat16']['of the answers']:.1f]] times.
# (Probably because the keys of facts share a direction, which the rule leaves out.)
#
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
from alphaedit_lite import KeyStatistics
from alphaedit_lite.scale.precision import keep_masters, rounding_loss

half = load_model(dtype=torch.bfloat16)
lent = {i: KeyStatistics(kept.total, kept.count) for i, kept in moments.items()}
rounding_editor = AlphaEdit(half, statistics=lent, progress=False)
there = rounding_editor.edit(facts[:3], z[:3])
before = rounding_loss(half)[LAYER]
there.revert()
keep_masters(half, LAYERS)
AlphaEdit(half, statistics=lent, progress=False).edit(facts[:3], z[:3])
after = rounding_loss(half)[LAYER]
extra = 2 * sum(half.weight(layer).numel() for layer in LAYERS)
extra /= sum(p.nbytes for p in half.model.parameters())
print(f"lost of Δ in layer {LAYER}: {before:.1%}, with masters {after:.0e}")
print(f"memory {extra:+.1%}")

# %% [markdown]
# The lesson rounds after each fact, in one layer, in bfloat16.
# Here are both types: solid lines are rounded after each fact, dashed ones once, at the end.

# %%
looks = (1, 2, 5, 10, 20, 30, 40)
factors = edit.residual[LAYER], edit.gain[LAYER]
drift = {
    name: rounding.rounded_one_by_one(W, *factors, dtype, looks)
    for name, dtype in HALF.items()
}
show(*draw.drift_figure(drift), name="15_drift")
_, each, once = drift["bfloat16"][-1]
single = rounding.unmoved(W, *factors, torch.bfloat16)

# %% [markdown]
# Read from the left. A single fact loses [[=drift['bfloat16'][0][1]:.0%]] of its Δ in bfloat16,
# because that Δ is small.
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

# %% [markdown]
# ## 7. Edits that travel
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
# We take the logits of the edited model, revert the edit,
# put B and A of exercise 15.5 *beside* the untouched matrices, and compare.
# Then the same with the package's `to_lora` and the `peft` library, if it is installed (`pip install peft`).

# %%
import copy

from alphaedit_lite.book.ch15.reference import adapter
from alphaedit_lite.scale.export import to_lora


def apart(logits):
    """The largest difference to the logits of the edited model."""
    return float((wanted - logits).abs().max())


ids = lm.tokenizer(facts[0].prompt, return_tensors="pt")["input_ids"]
ids = ids.to(lm.device)
parcel = tempfile.TemporaryDirectory()
edit.save(Path(parcel.name) / "edit.safetensors")
folder = to_lora(lm, Path(parcel.name) / "adapter")
factors = {i: adapter([edit.residual[i]], [edit.gain[i]]) for i in edit.layers}
with torch.no_grad():
    wanted = lm.model(ids).logits
    edit.revert()
    print(f"logits, edited or not: {apart(lm.model(ids).logits):.1f} apart")
beside = rounding.lora_logits(lm, factors, ids)
print(f"edited or adapter: {apart(beside):.0e} apart")

# %%
import importlib.util
import warnings

from alphaedit_lite import Edit

if importlib.util.find_spec("peft"):
    from peft import PeftModel

    # of a name that transformers is about to change
    warnings.simplefilter("ignore", FutureWarning)
    copied = copy.deepcopy(lm.model)
    merged = PeftModel.from_pretrained(copied, folder).merge_and_unload()
    with torch.no_grad():
        print(f"edited or peft: {apart(merged(ids).logits):.0e} apart")
    del merged, copied
try:
    Edit.load(Path(parcel.name) / "edit.safetensors").apply(half)
except ValueError as error:
    print(f"the model in bfloat16 refuses it: {error}")

# %% [markdown]
# Refused, rightly: the model in half precision has other weights, so it has another fingerprint.
# What do the three forms weigh?


# %%
def megabytes(*paths):
    """How large these files are."""
    return sum(path.stat().st_size for path in paths) / 1e6


sizes = {
    "file of factors": megabytes(Path(parcel.name) / "edit.safetensors"),
    "LoRA adapter": megabytes(*folder.iterdir()),
    "five dense Δ in float32": 5 * 4 * lm.weight(LAYER).numel() / 1e6,
    "the model": sum(p.nbytes for p in lm.model.parameters()) / 1e6,
}
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
# ## 8. A night on a GPU
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
from dataclasses import replace

from alphaedit_lite.book.ch15.unattended import run

preset = EditorConfig.faithful("llama3-8b")
preset = replace(preset, targets=replace(preset.targets, steps=3), tokens=1000)
config = replace(  # for a random tiny model
    preset, layers=(1, 2), threshold=0.5, threshold_kind="energy"
)
options = {"config": config, "batch": 1, "look_every": 9, "judged": 1}
options["texts"] = texts

# %% [markdown]
# Stopped after one batch, started again, and compared:

# %%
with tempfile.TemporaryDirectory() as place, scaling.scratch_cache():
    name = f"{place}/model"  # on a GPU: "meta-llama/Meta-Llama-3-8B-Instruct"
    scaling.saved_tiny(name, lm.tokenizer)
    run(load_model(name), facts[:3], f"{place}/run", stop_after=1, **options)
    crashed = sorted(path.name for path in Path(f"{place}/run/edits").iterdir())
    again, straight = load_model(name), load_model(name)
    record = run(again, facts[:3], f"{place}/run", **options)
    run(straight, facts[:3], f"{place}/straight", **options)
blocks = range(again.n_layers)
same = all(torch.equal(again.weight(i), straight.weight(i)) for i in blocks)
print(f"files after the crash: {crashed}; the same bits: {same}")
shown = ["edits", "efficacy", "specificity", "perplexity"]
pd.DataFrame(record["looks"])[shown].style.format(precision=2).hide()

# %% [markdown]
# (A random model's metrics mean nothing; what is tested is the path.)
# The first batch was *applied* from its file, the others computed, and all weights are the same, bit for bit.
# That is possible because the ledger sums all Δ in float64 and rounds once,
# and because this CPU finds the same z each time; on a GPU expect the first, not the second.
