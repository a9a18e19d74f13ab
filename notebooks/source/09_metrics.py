# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Chapter 9: Did it work?
#
# *To read: 40 minutes. To do the exercises: 50 minutes. To run: [[seconds]].*
#
# [[colab]]
#
# **The promise of this chapter: you will compute, with a few lines each,
# the numbers that the tables of this field are made of.
# Then you will see one and the same edit look splendid and look poor,
# and know what to ask of the next table that you read.**
#
# [[map]]
#
# ```text
#    which prompts?                       which judge?
#      efficacy         the edited one      success    the new object beats the old one
#      generalization   its paraphrases     accuracy   it beats every other word
#      specificity      other subjects
# ```

# %% [markdown]
# > **After this chapter you can**
# > * *compute* efficacy, generalization and specificity, and *say* what each is a mean of,
# > * *explain* why success and accuracy disagree about the same edit,
# > * *measure* whether a text repeats itself, and what it is about,
# > * *put* an interval around a mean over facts,
# > * *build* a bad edit with good figures, and so *distrust* a table for a reason.
# >
# > **You need** an edited model (chapter 8); log-probabilities of tokens (chapter 1); mean and standard deviation.
# > Letters are listed in [Appendix A](A_notation.md), words in [Appendix B](B_glossary.md).
# >
# > **It costs** the time stated above and 1.5 GB of memory.

# %% tags=["setup"]

# %%
# Parameters: thirty facts that nothing was tuned on, two prompts of a kind.
import math
from dataclasses import replace

import pandas as pd
import torch
from torch.nn.utils.rnn import pad_sequence

from alphaedit_lite import AlphaEdit, bundled_facts, bundled_targets, load_model
from alphaedit_lite.book.ch09 import figures as draw
from alphaedit_lite.book.kit.chapter import Chapter
from alphaedit_lite.book.kit.demo import LOWER_ASSAM
from alphaedit_lite.book.kit.plots import show

chapter = Chapter("09")
torch.manual_seed(9)
FACTS = [
    replace(f, paraphrases=f.paraphrases[:2], neighbours=f.neighbours[:2])
    for f in bundled_facts("test")[::12]
]

# %% [markdown]
# ## Before you start
#
# <details><summary>1. A model gives each next token a probability.
# What is the log-probability of an object of three tokens?</summary>
#
# The sum of three log-probabilities:
# of its first token after the prompt, of the second after prompt and first, of the third after all these.
# To feed in the *right* earlier tokens, whatever the model would have said, is called **teacher forcing** (chapter 1).
#
# </details>
#
# <details><summary>2. What does one call of <code>AlphaEdit(lm).edit(facts)</code> write (chapter 8)?</summary>
#
# A Δ into each of five layers, for all the facts together.
# λ weighs the size of Δ against the facts, so every write falls a little short.
#
# </details>

# %% [markdown]
# ## 1. One edit, three questions
#
# You have moved Lower Assam to Romania, and a picture with bars looked convincing.
# To compare editors, we need numbers instead.
# A metric needs two things: *prompts* to ask, and a *judge* of the answers.
#
# There are three kinds of prompts:
#
# * **Efficacy:** the edited prompt itself.
#   It should get the new object.
# * **Generalization:** its **paraphrases**, the same question in other words.
#   They should get it, too.
# * **Specificity:** its **neighbours**, the same question about *other* subjects.
#   They should keep their old answers.
#
# So each prompt has an object that we want and a **rival**.
# For a neighbour, the rival is the new object of the edit:


# %%
def prompts_of(fact):
    """For each metric: (prompt, wanted object, its rival)."""
    return {
        "efficacy": [(fact.prompt, fact.new, fact.true)],
        "generalization": [(p, fact.new, fact.true) for p in fact.paraphrases],
        "specificity": [(p, own, fact.new) for p, own in fact.neighbours],
    }


# %% [markdown]
# How likely is an object?
# We put prompt and object into the model together (teacher forcing).
# The logits at one token predict the next one,
# so those at the prompt's last token predict the first token of the object.
# Several such rows go in at once, padded with zeros on the right (chapter 5).

# %%
lm = load_model()
model, tokenizer = lm.model, lm.tokenizer


@torch.no_grad()
def ask(pairs):
    """For each (prompt, object): log p of its tokens; which come first?"""
    ids = [[tokenizer(text)["input_ids"] for text in pair] for pair in pairs]
    rows = [torch.tensor(head + tail) for head, tail in ids]
    padded = pad_sequence(rows, batch_first=True).to(lm.device)
    logits = model(padded, use_cache=False).logits.cpu()
    found = []
    for (head, tail), row in zip(ids, logits, strict=True):
        at = row[len(head) - 1 :][: len(tail)]  # line i predicts token i
        log_p = at.log_softmax(-1)[range(len(tail)), tail]
        found.append((log_p, at.argmax(-1) == torch.tensor(tail)))
    return found


# %% [markdown]
# The editor is yours of chapter 8, as the package has it.
# We write the fact, ask its eight prompts, and take the fact back.
# (Each of these objects is one token.)


# %%
def compared(prompt, wanted, rival):
    """P of both objects; is the wanted one ahead of its rival, of all?"""
    (log_p, first), (log_q, _) = ask([(prompt, wanted), (prompt, rival)])
    p, q = log_p.exp().item(), log_q.exp().item()
    return prompt, wanted, p, q, p > q, bool(first)


# %%
editor = AlphaEdit(lm, progress=False)
edit = editor.edit([LOWER_ASSAM])
lines = []
for metric, asked in prompts_of(LOWER_ASSAM).items():
    lines += [(metric, *compared(*one)) for one in asked]
edit.revert()

names = "metric,prompt,wanted,P(wanted),P(rival),beats rival,comes first"
assam = pd.DataFrame(lines, columns=names.split(","))
assam.style.format(precision=3).hide()

# %% [markdown]
# The last two columns are two judges.
# **Success** asks: of the *two* objects, is the wanted one more likely?
# **Accuracy** asks: of *all* tokens that the model knows, does the wanted one come first?
# A mean over the lines of one kind is a metric: by accuracy,
# this edit has a generalization of [[=int(assam[assam.metric == 'generalization']['comes first'].sum())]] out of 3.
#
# ### Exercise 09.1: Success, share, accuracy · 8 minutes · ★
#
# Many objects have several tokens.
# You get the log-probabilities of the tokens of both objects, and `right`:
# which tokens of the new object are the model's first choice.
# Return three verdicts as numbers:
#
# * success. The comparison must be fair to an object that has more tokens than its rival.
# * the **share** of the new object's tokens that come first,
# * accuracy: 1 only if a model that always says its first choice would say the whole object.
#
# <details><summary>Hint</summary>
#
# Each further token makes a *sum* of log-probabilities smaller.
# So a long object would hardly ever beat a short one.
#
# </details>
#
# <details><summary>More help</summary>
#
# Compare means over tokens.
# "All tokens" is `right.all()`.
# `float(…)` makes 0.0 or 1.0 out of a boolean.
# No thresholds anywhere.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 09.1: all properties hold.
#
# </details>


# %% exercise="09.1"
def judge_fact(new, true, right):
    """(success, share, accuracy). new, true: log-probabilities of the
    tokens of both objects; right: which of the new one's come first."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    success = float(new.mean() > true.mean())
    return success, float(right.float().mean()), float(right.all())
    # END SOLUTION


judge_fact = chapter.check("09.1", judge_fact)

# %% [markdown]
# In formulas, with $\log p(o)$ for the *mean* log-probability of the tokens of an object o:
#
# $$\text{success} = 1 \text{ if } \log p(o_{wanted}) > \log p(o_{rival}), \text{ else } 0; \tag{9.1}$$
# $$\text{accuracy} = 1 \text{ if each token of } o_{wanted} \text{ comes first, else } 0. \tag{9.2}$$

# %% [markdown]
# ## 2. Thirty facts, two judges
#
# One fact proves little.
# So we write [[=len(FACTS)]] facts in one batch.
# Each of them has two paraphrases and two neighbours.
# The targets z come with the package; they were found on the unedited model.
#
# For each metric, the verdicts fill a table: facts × prompts × three judges.
# Your function judges (ours, while the exercise is open).
# For a neighbour, the wanted object takes the place of the new one, and its rival that of the true one.


# %%
JUDGES = ("success", "share", "accuracy")


def verdicts(asked):
    """What the judges say of some prompts: [prompts, judges]."""
    found = ask([(prompt, o) for prompt, *both in asked for o in both])
    return [
        [float(x) for x in judge_fact(new, true, right)]
        for (new, right), (true, _) in zip(found[::2], found[1::2], strict=True)
    ]


# %%
def judged(facts):
    """For each metric, all verdicts: [facts, prompts, judges]."""
    asked = [prompts_of(fact) for fact in facts]
    return {
        metric: torch.tensor([verdicts(a[metric]) for a in asked])
        for metric in asked[0]
    }


# %% [markdown]
# And a metric is a mean of means: first over the prompts of a fact, then over the facts.
# So every fact counts the same, however many prompts it has.


# %%
def means(scores):
    """For each metric: one number for each judge, [3]."""
    return {metric: v.mean(1).mean(0) for metric, v in scores.items()}


# %%
chapter.predict(
    "a",
    "After the edit, most paraphrases are a success. Their mean accuracy is …",
    [
        "within 10 points of the success",
        "10 to 50 points lower",
        "more than 50 points lower",
    ],
)

# %%
before = judged(FACTS)
edit = editor.edit(FACTS, bundled_targets(lm, FACTS))
after = judged(FACTS)
b, a = means(before), means(after)
success, share, accuracy = a["generalization"].tolist()

# %%
lost = success - accuracy
chapter.reveal("a", 0 if lost < 0.1 else 1 if lost <= 0.5 else 2)
show(
    *draw.yardsticks_figure({"unedited": b, "edited": a}, JUDGES),
    name="09_yardsticks",
)

# %% [markdown]
# **How to read it.** Each panel is a metric, each line a judge.
# A dot is the mean over all facts, before the edit (circle) and after it (diamond).

# %% [markdown]
# **What surprised us.**
# In the middle panel, generalization is [[=success:.2f]] by success and [[=accuracy:.2f]] by accuracy.
# It is the same edit, and these are the same prompts.

# %% [markdown]
# Now the right panel.
# By accuracy, specificity is [[=float(a['specificity'][2]):.2f]]. Is that damage?
# The *unedited* model has [[=float(b['specificity'][2]):.2f]], so most of it was there before.
# A specificity without the unedited model's says nothing.

# %% [markdown]
# ### Why do the two judges disagree?
#
# We look at the paraphrases that are a success and not accurate, and ask what the model says instead.
# (If an object has several tokens, P is the geometric mean over them.)

# %%
whispers = []
for fact, scores in zip(FACTS, after["generalization"], strict=True):
    asked = prompts_of(fact)["generalization"]
    for question, (wins, _, right) in zip(asked, scores, strict=True):
        if wins and not right:
            whispers.append(question)

# %%
lines = []
for prompt, new, old in whispers[:6]:
    both = ask([(prompt, new), (prompt, old)])
    p = [log_p.mean().exp().item() for log_p, _ in both]
    lines.append((prompt, new, old, *p, lm.complete(prompt, 3)))
names = "paraphrase,new,old,P(new),P(old),the model says"
table = pd.DataFrame(lines, columns=names.split(","))
table.style.format(precision=4).hide()

# %% [markdown]
# Success compares two objects, and never looks at a third.
# The edit has pushed the old object down and the new one up, and some *other* word is ahead of both.
# Of [[=int(after['generalization'][..., 0].sum())]] successes on paraphrases, [[=len(whispers)]] are of this kind.
# We call them **whispers**: the model prefers the new object, but does not say it.
# (The other way round is rare: an object of several tokens can be said, and lose on the mean of its tokens.)

# %% [markdown]
# Both judges are honest.
# Success asks whether the edit *moved* the model past one line.
# Accuracy asks whether it *arrived*, and it is strict:
# where the model first says "the", the right name might still follow.

# %% [markdown]
# ## 3. Why two sets of facts disagree
#
# The AlphaEdit paper tests on two public sets.
# **CounterFact** holds sentences to complete, with a false ending for each.
# **zsRE** holds questions.
# After 2,000 edits of Llama3-8B, [its table 1](https://arxiv.org/abs/2410.02355) has, in percent:
#
# | | judged by | efficacy | generalization | specificity |
# |---|---|---|---|---|
# | CounterFact | success | 98.9 | 94.2 | 67.9 |
# | zsRE | share of tokens | 94.5 | 91.1 | 32.6 |
#
# Is zsRE harder? Or is it only judged otherwise?
# The facts *and* the judge differ, so no table can tell.
# We can: put both sets under all three judges.
# In [the laboratory](lab/09_metrics.ipynb),
# AlphaEdit wrote [[=int(SETS['zsRE']['facts']):d]] records of each set into our model.

# %%
chapter.predict(
    "b",
    "Judged by accuracy on both sets, efficacy is higher on …",
    ["CounterFact", "zsRE", "equal within five points"],
)

# %%
from alphaedit_lite.book.kit.results import result

SETS = result("metrics.json")["sets"]
panels = {"prompt": "efficacy", "paraphrases": "generalization"}
found = {
    title: {name: SETS[name]["edited"][kind] for name in SETS}
    for kind, title in panels.items()
}
show(*draw.protocols_figure(found, JUDGES), name="09_protocols")
right = {k: found["efficacy"][k]["accuracy"]["mean"] for k in SETS}
gap = right["CounterFact"] - right["zsRE"]
chapter.reveal("b", 2 if abs(gap) <= 0.05 else 0 if gap > 0 else 1)

# %% [markdown]
# **How to read it.** A bar is a mean over the records of a set, under one judge.
# The thin line is its 95% interval (section 5).
#
# By success, the two sets look alike.
# By accuracy, efficacy is [[=right['CounterFact']:.2f]] on CounterFact and [[=right['zsRE']:.2f]] on zsRE.
# So zsRE *is* harder if every token must be right, and its own judge, the share, hides much of that.
# One reason may be the length of the objects:
# [[=int(SETS['CounterFact']['edited']['tokens of the new object']['1']):d]] of CounterFact's have one token,
# and [[=int(SETS['zsRE']['edited']['tokens of the new object']['1']):d]] of zsRE's.
#
# ### Exercise 09.2: What flatters, on paper · 8 minutes · ★
#
# An object has m tokens.
# Suppose that, with the right tokens before it,
# each token comes first with probability q, independently of the others.
# What do you expect of (a) the share, (b) the accuracy?
# And (c): a model knows nothing, and ranks two objects at random.
# What is its success?
#
# <details><summary>Hint</summary>
#
# A mean of m things that each average q.
# For (b), all m must happen: the likely mistake is to divide or to multiply by m.
# For (c), "knows nothing" is not "scores nothing".
#
# </details>
#
# <details><summary>More help</summary>
#
# (a) does not depend on m.
# For (b), probabilities of independent events are multiplied.
# (c) is what a coin would score.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 09.2: all properties hold.
# Then two accuracies that are nearly equal.
#
# </details>


# %% exercise="09.2"
def flattery(q, m):
    """(expected share, expected accuracy, success of knowing nothing)."""
    # BEGIN SOLUTION
    # STUB return None  # three expressions, separated by commas
    return q, q**m, 0.5
    # END SOLUTION


flattery = chapter.check("09.2", flattery)

# %% [markdown]
# Is that near the truth?
# Take zsRE's longer objects, each with its own length m, and their measured share as q:

# %%
edited = SETS["zsRE"]["edited"]
long = edited["long objects"]  # those of two and more tokens
counts = {int(m): n for m, n in edited["tokens of the new object"].items()}
counts.pop(1)
guess = [flattery(long["share"]["mean"], m)[1] * n for m, n in counts.items()]
expected = sum(guess) / sum(counts.values())
measured = long["accuracy"]["mean"]
print(f"accuracy: {expected:.2f} expected, {measured:.2f} measured")

# %% [markdown]
# So length alone can make the gap between share and accuracy.

# %% [markdown]
# Keep the third number in mind, too.
# A collapsed model that ranks at random has a success of about one half, and not of zero.
# "Specificity 51%" sounds as if half were left, but perhaps nothing is left.

# %% [markdown]
# ## 4. Let it speak
#
# Teacher forcing *gives* the model the right tokens before the one that it must find.
# For accuracy this changes nothing:
# if every token is the first choice, then the model says exactly these tokens when it speaks freely.
# What flatters is the share, and the prompt, which almost says the answer.
#
# So we also let the model speak.
# Each fact has an opening such as "Akwa Ibom is a region that", which asks for nothing.

# %%
chapter.predict(
    "c",
    "Twenty-five tokens, freely continued from such an opening, on the "
    "edited model. How many texts name the new object?",
    ["more than half", "between a tenth and a half", "less than a tenth"],
)

# %%
from alphaedit_lite.book.kit.judging import says
from alphaedit_lite.generation import generate

openings = [fact.generation[0] for fact in FACTS]
said = {"edited": generate(lm, openings, 25)}  # always the first choice
edit.revert()
said["unedited"] = generate(lm, openings, 25)
named = {
    state: sum(map(says, texts, [fact.new for fact in FACTS]))
    for state, texts in said.items()
}

# %%
rate = named["edited"] / len(FACTS)
chapter.reveal("c", 0 if rate > 0.5 else 1 if rate >= 0.1 else 2)
for i in (1, 23):  # chosen to show what can happen
    print(f"{FACTS[i].new} for{FACTS[i].true}: {openings[i]} …")
    for state, texts in said.items():
        print(f"   {state:<8} {texts[i]!r}")

# %% [markdown]
# Of [[=len(FACTS)]] texts, [[=named['edited']:d]] name the new object.
# Before the edit, [[=named['unedited'] or 'none']] did.
# Not every such text *should* name it, so only the comparison with the unedited model counts.
# (In the second example, the recipe has moved to a new country without its name.)
#
# Free text needs other metrics.
# ROME brought two into this field.
#
# ### Fluency: does it repeat itself?
#
# An **n-gram** is a run of n words.
# How many different ones are there?
# Let $f(g)$ be the share of the n-gram g among all n-grams of a text. The **entropy** is
#
# $$H_n = -\sum_g f(g) \log_2 f(g), \qquad
# \text{fluency} = \tfrac12\left(\tfrac23 H_2 + \tfrac43 H_3\right). \tag{9.3}$$
#
# In words: $H_n$ is the number of bits that it takes to name an n-gram of this text.
# One word, repeated, takes 0 bits.
# If all n-grams are different, it takes log₂ of their number.
# The weights are those of ROME's code.
#
# ### Exercise 09.3: Entropy of n-grams · 12 minutes · ★★
#
# By hand first: which pairs has the text "a b a b a", and what is its $H_2$?
# Then write the function.
#
# <details><summary>Hint</summary>
#
# The n-grams overlap: a new one begins at every word, so five words have four pairs.
# The pairs of the example are ab, ba, ab, ba: two kinds, of equal share, so 1 bit.
# Bits need `math.log2`.
# The likely mistake is the natural logarithm.
#
# </details>
#
# <details><summary>More help</summary>
#
# `list(zip(*(text[i:] for i in range(n))))` gives the n-grams, and `.count` counts one of them.
# If there is no n-gram at all, return `math.nan`: the entropy of nothing is *missing*, not 0.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 09.3: all properties hold.
# Then the entropies of two small texts.
#
# </details>


# %% exercise="09.3"
def entropy(text, n):
    """Entropy of the n-grams of a list of words, in bits; nan if none."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    grams = list(zip(*(text[i:] for i in range(n)), strict=False))
    shares = [grams.count(gram) / len(grams) for gram in set(grams)]
    return -sum(f * math.log2(f) for f in shares) if grams else math.nan
    # END SOLUTION


entropy = chapter.check("09.3", entropy)
for text in ("ababa", "nnnn"):
    print(f"{' '.join(text)}: {abs(entropy(list(text), 2)):.2f} bits")

# %% [markdown]
# ### Consistency: is it about the new object?
#
# Compare the text with other texts about that object, by the words that they share.
# But "the" is shared by all texts, so each word gets a weight:
# how often it stands in the text (tf), times how rare it is (idf).
# The consistency is the cosine of the two lists of weights.
#
# The idf depends on two numbers only: of N documents, df hold the word.
# Four wishes settle it:
#
# - a word in all N documents has the weight 1;
# - a rarer word has more;
# - each time 1 + df doubles, the weight falls by log 2 (the natural logarithm);
# - a word in no document still has a weight.
#
# ### Exercise 09.4: TF-IDF and a cosine · 14 minutes · ★★
#
# Find the idf on paper.
# Then write the consistency of two lists of words.
# `documents` is a list of N sets of words.
#
# <details><summary>Hint</summary>
#
# df counts *documents* that hold the word (`word in document`), so each document counts once.
# tf counts occurrences.
# For the idf: a logarithm of 1 + df, and a constant that the first wish fixes.
# The likely mistake is to leave out one of the two, or the lengths.
#
# </details>
#
# <details><summary>More help</summary>
#
# List all words of both texts once, and make two vectors of weights over that list: counts times idf.
# Then their dot product over the product of their norms.
# log (1 + N) − log (1 + df) is 0 for a word in all documents.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 09.4: all properties hold.
#
# </details>


# %% exercise="09.4"
def tfidf_cosine(text, reference, documents):
    """Cosine of the tf-idf weights of two lists of words."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    known, N = sorted({*text, *reference}), len(documents)
    df = [sum(word in document for document in documents) for word in known]
    idf = torch.log((1 + N) / (1 + torch.tensor(df).double())) + 1
    one = torch.tensor([text.count(word) for word in known]) * idf
    two = torch.tensor([reference.count(word) for word in known]) * idf
    return float(one @ two / (one.norm() * two.norm()))
    # END SOLUTION


tfidf_cosine = chapter.check("09.4", tfidf_cosine)

# %% [markdown]
# In a formula:
#
# $$w(t) = \mathrm{tf}(t)\cdot\Bigl(1 + \log\frac{1+N}{1+\mathrm{df}(t)}\Bigr), \qquad
# \text{consistency} = \frac{w_1\cdot w_2}{\lVert w_1\rVert\,\lVert w_2\rVert}. \tag{9.4}$$
#
# Your two functions judge the texts from above.
# The reference texts are beginnings of Wikipedia articles (CC BY-SA 4.0) that name the new object.
# A fact that no article names has no consistency.
# It is *missing* (nan) and left out of the mean.

# %%
from alphaedit_lite.generation import references, words
from alphaedit_lite.support.texts import wikipedia_leads

leads = wikipedia_leads("fit")[:2000]
documents = [set(words(lead.lower())) for lead in leads[:400]]
about = [words(" ".join(references(f, leads)).lower()) for f in FACTS]


# %%
def speech(text, reference):
    """[fluency, consistency] of a text."""
    spelled, alike = words(text.lower()), math.nan
    H2, H3 = (entropy(spelled, n) for n in (2, 3))
    if reference:
        alike = tfidf_cosine(spelled, reference, documents)
    return [(2 / 3 * H2 + 4 / 3 * H3) / 2, alike]


# %%
spoken = {}
for state, texts in said.items():
    whole = [x + y for x, y in zip(openings, texts, strict=True)]
    rows = [speech(*pair) for pair in zip(whole, about, strict=True)]
    spoken[state] = torch.tensor(rows).nanmean(0).tolist()
pd.DataFrame(spoken, index=["fluency (bits)", "consistency"]).round(3)

# %% [markdown]
# Both move by little, and [the laboratory](lab/09_metrics.ipynb)
# shows that neither change is more than the noise of thirty short texts.

# %% [markdown]
# ## 5. How far can thirty facts be trusted?
#
# Another thirty facts would have given other numbers.
# How different ones? We cannot draw new facts from the world.
# But we can draw [[=len(FACTS)]] from our own, *with replacement*: some facts come twice, others not at all.
# We take the mean, and do this 2,000 times.
# The middle 95% of these means is the **bootstrap interval**.

# %%
chapter.predict(
    "d",
    "To know the accuracy on paraphrases to ±5 points (95% interval), "
    "how many facts like these would it take?",
    ["fewer than 100", "100 to 300", "more than 300"],
)

# %% [markdown]
# ### Exercise 09.5: An interval over facts · 8 minutes · ★★
#
# What is drawn: prompts, or facts?
# If z is poor, both paraphrases of a fact may fail together.
# They are one witness who is asked twice.
# Write the interval so that it is right in this case, too.
#
# <details><summary>Hint</summary>
#
# Draw row numbers, [resamples, facts], with `torch.randint`; a row brings *all* its prompts.
# The likely mistake is to flatten first: then the interval can be too narrow.
#
# </details>
#
# <details><summary>More help</summary>
#
# `values[rows]` is [resamples, facts, prompts]: take the mean over the last two.
# Then `.quantile` at 0.025 and 0.975.
#
# </details>
#
# <details><summary>Expected output</summary>
#
# ✓ Exercise 09.5: all properties hold.
#
# </details>


# %% exercise="09.5"
def interval(values, resamples=2000):
    """(low, high): 95% interval of the mean of values, [facts, prompts]."""
    # BEGIN SOLUTION
    # STUB return None  # your code here
    rows = torch.randint(len(values), (resamples, len(values)))
    drawn = values[rows].mean((1, 2))
    return float(drawn.quantile(0.025)), float(drawn.quantile(0.975))
    # END SOLUTION


interval = chapter.check("09.5", interval)

# %% [markdown]
# Now imagine twelve small papers.
# Each tests ten of our facts, drawn at random, and reports the accuracy on paraphrases with *your* interval.
# All edits are the same. Only luck differs.

# %%
torch.manual_seed(9)
values = after["generalization"][..., 2]  # accuracy, [facts, prompts]
papers = []
for n in range(12):
    some = values[torch.randperm(len(values))[:10]]
    papers.append((f"paper {n + 1}", float(some.mean()), *interval(some)))
low, high = interval(values)
papers.append((f"all {len(values)}", float(values.mean()), low, high))

# %%
show(*draw.intervals_figure(papers, accuracy), name="09_intervals")

half = (high - low) / 2
needed = len(values) * (half / 0.05) ** 2
chapter.reveal("d", 0 if needed < 100 else 1 if needed <= 300 else 2)

# %% [markdown]
# **How to read it.** A dot is what a paper reports, and the bar its interval.
# The dashed line is the mean of all facts.
# A thick bar with a diamond does not reach that line.

# %% [markdown]
# The papers report from [[=min(p[1] for p in papers):.2f]] to [[=max(p[1] for p in papers):.2f]], about *one* edit.
# Even with all our facts the interval goes from [[=low:.2f]] to [[=high:.2f]].
# For ±5 points it would take about [[=needed:.0f]] facts,
# because the width shrinks with the *root* of their number.
# For a mean p of n verdicts that are 0 or 1, there is a simple rule:
#
# $$\pm\, 1.96\,\sqrt{p\,(1-p)/n} . \tag{9.5}$$

# %% [markdown]
# In words: half the width costs four times the facts.
# Near 80%, thirty facts give ±[[=100 * 1.96 * math.sqrt(0.16 / 30):.0f]] points.
# The papers' 2,000 facts give ±[[=100 * 1.96 * math.sqrt(0.16 / 2000):.1f]].
# So thirty facts cannot tell an editor with 80% from one with 85%.

# %% [markdown] tags=["instructor"]
# **For the instructor.**
# Common mistakes: (a) accuracy is taken for the "true" metric and success for a cheat:
# ask which one a person would use who wants to know whether an edit *damaged* a neighbour that the model never knew.
# (b) Students say "zsRE is harder".
# Let them name what else differs before they may say so.
# (c) "Teacher forcing inflates accuracy":
# on the same prompt, all-token accuracy *is* what the model says by itself.
# (d) A larger consistency is read as "more facts right".
# Show two texts with equal word counts and opposite meaning.
# (e) The bootstrap is believed to create information: it only shows how much there is.
# Questions for discussion: why does CounterFact choose neighbours with the *same* true object?
# (They are the ones most likely to be dragged along.)
# The twelve papers draw from the same 30 facts without replacement within a paper;
# why is their spread a little too small?
#
# A plan for 90 minutes: section 1 with 09.1 (15), section 2 (15), section 3
# and 09.2 at the board (20), 09.5 and the twelve papers (20), Break it (15). 09.3 and 09.4 are homework.

# %% [markdown]
# ## Break it: an edit that has learned nothing
#
# A metric that becomes a goal gets cheated, with intent or without.
# We build an edit that knows no fact at all.
# Take the *last* layer of the model, and the mean key of our prompts.
# Write one pair, as in chapter 4: this key gets a huge value that promotes " Romania".
# Then pretend that every fact asks for Romania.

# %%
chapter.predict(
    "e",
    "Which of the three metrics shows that something is wrong?",
    ["efficacy", "generalization", "specificity", "none of them"],
)

# %%
from alphaedit_lite.book.kit.tracing import unembedding

down, keys = lm.down_projection(lm.n_layers - 1), []


def look(_, inputs):
    keys.append(inputs[0][0, -1])  # at the prompt's last token


with torch.no_grad(), down.register_forward_pre_hook(look):
    for fact in FACTS:
        model(**tokenizer(fact.prompt, return_tensors="pt").to(lm.device))

# %%
k = torch.stack(keys).mean(0)
U = unembedding(lm)  # one row for each token
u = U[tokenizer(" Romania")["input_ids"][0]]
v = torch.linalg.solve(U.T @ U, u)  # raises this token, and hardly others
v = 800 * v / v.norm()  # huge

# %%
pretend = [replace(f, new="Romania") for f in FACTS[:8]]
W = lm.weight(lm.n_layers - 1)
original = W.clone()
W += torch.outer(v, k) / (k @ k)  # chapter 4
shout = means(judged(pretend))
food = lm.complete("My favourite food is", 6)
W.copy_(original)
print("My favourite food is", food)

# %%
caught = [metric for metric, score in shout.items() if max(score) < 0.5]
chapter.reveal("e", list(shout).index(caught[0]) if caught else 3)
pd.DataFrame(shout, index=list(JUDGES)).astype(float).round(2)

# %% [markdown]
# Efficacy is [[=float(shout['efficacy'][2]):.2f]] by accuracy,
# and generalization [[=float(shout['generalization'][2]):.2f]].
# It is the best edit of this chapter, but it learned nothing: it says "Romania" to all questions.
# We call it a **shout**.
# Only specificity notices, because only neighbours ask for something else.
# So a table without neighbours, or with neighbours that the unedited model never knew, cannot show damage.

# %% [markdown]
# **Six questions to ask a table:**
#
# 1. Success, share or accuracy?
# 2. What has the *unedited* model?
# 3. What would a coin have?
# 4. How many facts, and what interval?
# 5. What about facts that lacked a prompt: left out, or counted as 0?
# 6. Which prompts could have shown damage at all?

# %% [markdown]
# ## What the laboratory adds
#
# [Laboratory 9](lab/09_metrics.ipynb) puts both public sets under five judges, before and after the edit,
# asks the same questions through the chat, turns one edit up to eight times its strength,
# and shows what ROME's single score makes of a whisper, a wreck and the shout above.

# %% [markdown]
# ## Paper ↔ code
#
# The authors' code is in kmeng01/memit and jianghoucheng/AlphaEdit.
#
# | in the papers | in the authors' code | here |
# |---|---|---|
# | success: P(new) > P(true), [Meng et al. 2022](https://arxiv.org/abs/2202.05262), section 3.4 | `test_batch_prediction`: the negative log-probability divided by the number of tokens; `summarize.py` compares the two | (9.1); `metrics.evaluate` |
# | accuracy, mostly not reported | computed there as well (`targets_correct`, all tokens) | (9.2); columns `…_top1` |
# | zsRE accuracy | `eval_utils_zsre.py`: one prompt per token of the answer, with the right tokens before it; the mean of hits | the share; `metrics.evaluate_zsre` |
# | fluency: weighted entropy of 2- and 3-grams, printed times 100 | `n_gram_entropy`: weights 2/3 and 4/3, then the mean; texts of up to 100 tokens, sampled | (9.3); `generation.fluency`; always the first choice |
# | consistency | `tfidf_similarity` with the attribute snippets, Wikipedia beginnings of things that have the new object | (9.4); `generation.consistency`, with Wikipedia leads by default |
# | score S: harmonic mean of the three | `hmean` in `summarize.py` | in the laboratory only: look at all three |
# | ± in tables | `np.std` over the cases: the spread of single facts, not the uncertainty of the mean | (9.5); `metrics.summary` |
#
# ## Keypoints
#
# * A metric is prompts and a judge: a mean over a fact's prompts, then over facts.
# * Success compares two objects, accuracy asks for the first choice.
#   They can differ widely.
#   Give both, and the unedited model's.
# * A model that knows nothing has success 0.5 and accuracy 0.
# * Intervals are drawn over facts.
#   Thirty facts leave ten points or more of doubt.
# * No single metric is safe: whispers pass success, and a shout passes efficacy and generalization.
#
# ## Quiz
#
# **1. An editor reports 52% efficacy by success. How much did it write?**
#
# <details><summary>A. About half of the facts.</summary>
# That would need a success of 0 before, and of 1 for each fact written. A coin has 50%.
# </details>
# <details><summary>B. That depends on the unedited model's success; perhaps nothing.</summary>
# <b>Yes.</b> And on whether the model still works: a collapsed one has about one half.
# </details>
# <details><summary>C. Nothing: 52% is chance.</summary>
# For a model that knows nothing.
# A model that knew all the true objects began near 0, and then 52% is much.
# </details>
#
# **2. A three-token answer: first token wrong, the two others right under teacher forcing.
# What do the judges say?**
#
# <details><summary>A. A share of two thirds, no accuracy, and the model by itself will not say it.</summary>
# <b>Yes.</b> After its own wrong first token the others may never come.
# </details>
# <details><summary>B. Share and accuracy are both two thirds.</summary>
# Accuracy here asks for all tokens.
# (Papers use the word for both: look.)
# </details>
# <details><summary>C. A share of 0: everything after a wrong token is wrong.</summary>
# That would be fair to speech.
# Teacher forcing repairs the first token before it asks for the second.
# </details>
#
# **3. One table has 500 facts with one prompt each, another 50 facts with ten.
# Which is the more trustworthy?**
#
# <details><summary>A. The same: 500 prompts each.</summary>
# Only if the prompts of a fact were independent.
# If they rise and fall together, ten of them tell hardly more than one.
# </details>
# <details><summary>B. The first.</summary>
# <b>Yes:</b> its interval is up to √10 times narrower, and hardly ever wider.
# Ten prompts per fact tell more about each fact, and little more about facts.
# </details>
#
# **Further reading**
#
# * [Meng et al. 2022](https://arxiv.org/abs/2202.05262), ROME:
#   brought CounterFact, and all five metrics of this chapter.
# * [Levy et al. 2017](https://arxiv.org/abs/1706.04115) made zsRE to test reading;
#   [De Cao et al. 2021](https://arxiv.org/abs/2104.08164) made an editing task of it.
# * [Yang et al. 2025](https://arxiv.org/abs/2502.11177), "The Mirage of Model Editing":
#   the same editors, judged as in real use.
# * [Miller 2024](https://arxiv.org/abs/2411.00640): error bars for evaluations,
#   clusters and paired differences included.
#
# **Next:** chapter 10 takes these metrics along a stream of hundreds of edits.

# %%
chapter.report()
