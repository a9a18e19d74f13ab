"""AlphaEdit in one file: teach a language model a fact, and take it back.

    python notebooks/alphaedit_in_one_file.py               # the book's model
    python notebooks/alphaedit_in_one_file.py FOLDER TEXT   # one like Llama

Fang et al., ICLR 2025, at the published settings. Keys are rows here, columns
in formulas such as (8.7). Only torch and transformers do the work."""

import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForCausalLM, AutoTokenizer

LAYERS = (3, 4, 5, 6, 7)  # the edited blocks; z is searched at the last
PREFIXES = ("", "The letter was short. ", "They went out in the afternoon. ")
STEPS, RATE, CLAMP, DECAY, KL = 20, 0.5, 0.75, 0.5, 0.0625  # chapter 5
THRESHOLD, LAMBDA, TOKENS = 2e-2, 10.0, 100_000  # for P; (8.7); C0


def padded(rows):
    rows = [torch.tensor(row) for row in rows]
    return pad_sequence(rows, batch_first=True)  # with zeros on the right


def run(model, rows):  # logits, [rows, tokens, vocabulary]
    return model(padded(rows).to(model.device), use_cache=False).logits


def entering(model, rows, *modules):
    """What enters each module, from below: [rows, tokens, features]."""
    seen = []

    def look(_, inputs):
        seen.append(inputs[0])
        if len(seen) == len(modules):
            raise StopIteration  # caught by suppress: enough is seen

    with torch.no_grad(), suppress(StopIteration), ExitStack() as hooks:
        for module in modules:
            hooks.enter_context(module.register_forward_pre_hook(look))
        run(model, rows)
    return seen


def down(model, layer):
    """What enters it is a key; its weight is what we write into."""
    return model.model.layers[layer].mlp.down_proj


def above(model):
    """The block after the last edited one; what enters it is h."""
    return model.model.layers[LAYERS[-1] + 1]


def encoded(tokenizer, fact):
    """Rows of tokens; where the subject ends, and where the object begins."""
    template, subject, new = fact
    starts = [prefix + template.split("{}")[0] + subject for prefix in PREFIXES]
    prompts = [prefix + template.format(subject) for prefix in PREFIXES]
    rows = tokenizer([prompt + new for prompt in prompts])["input_ids"]
    ends = [len(row) - 1 for row in tokenizer(starts)["input_ids"]]
    begins = [len(row) for row in tokenizer(prompts)["input_ids"]]
    return rows, ends, begins


# 1. What the model knows: C0, the second moment of the keys of ordinary text;
#    and P, the projection onto the directions that those keys hardly use.
def projection(C0):
    values, U = torch.linalg.eigh(C0)
    U = U[:, values < THRESHOLD]
    return U @ U.T


def null_spaces(model, tokenizer, texts):
    rows, left = [], TOKENS  # left to read; of one text, 512 at most
    for text in texts:
        rows.append(tokenizer(text)["input_ids"][: min(512, left)])
        left -= len(rows[-1])
        if not left:
            break
    rows.sort(key=len)  # so that rows of about one length are read together
    C0 = {layer: 0 for layer in LAYERS}
    modules = [down(model, layer) for layer in LAYERS]
    for i in range(0, len(rows), 16):  # 16 rows at a time
        some = rows[i : i + 16]
        keys = entering(model, some, *modules)
        for layer, k in zip(LAYERS, keys, strict=True):
            K = torch.cat([k[j, : len(row)] for j, row in enumerate(some)])
            C0[layer] += (K.T @ K).double() / (TOKENS - left)
    return {layer: projection(C0[layer]) for layer in LAYERS}


# 2. What the last block should answer: z = h + delta, by gradient descent on
#    "the object comes next", while the subject alone goes on as before.
def adding(delta, ends):
    """A hook: delta is added in every row, at the subject's last token."""

    def add(_, inputs):
        x = inputs[0].clone()
        x[range(len(ends)), ends] += delta
        return (x, *inputs[1:])  # all that enters, with x changed

    return add


def surprise(log_p, rows, begins):
    """Minus the object's log p, a mean: position t - 1 predicts token t."""
    said = []
    for i, n in enumerate(begins):  # the subject alone, the last row, has none
        said += [log_p[i, t - 1, rows[i][t]] for t in range(n, len(rows[i]))]
    return -sum(said) / len(said)


def find_z(model, tokenizer, fact):
    rows, ends, begins = encoded(tokenizer, fact)
    h = entering(model, rows[:1], above(model))[0][0, ends[0]]  # no prefix
    alone = tokenizer(fact[1])["input_ids"]  # the subject
    rows, ends = [*rows, alone], [*ends, len(alone) - 1]
    delta, before = torch.zeros_like(h, requires_grad=True), None
    adam = torch.optim.Adam([delta], lr=RATE)
    for step in range(STEPS):
        with above(model).register_forward_pre_hook(adding(delta, ends)):
            log_p = run(model, rows).log_softmax(-1)
        now = log_p[-1, ends[-1]]  # what comes after the subject alone
        before = now.detach() if step == 0 else before  # a constant
        loss = surprise(log_p, rows, begins)  # (5.1): say it
        loss = loss + KL * (now.exp() * (now - before)).sum()  # stay yourself
        loss = loss + DECAY * delta.norm() / h.norm() ** 2  # stay small
        if loss < 0.05 or step == STEPS - 1:  # the last step only looks
            return h + delta.detach()
        delta.grad = torch.autograd.grad(loss, delta)[0]  # like backward()
        adam.step()
        delta.data *= (CLAMP * h.norm() / delta.data.norm()).clamp(max=1)


# 3. The write: R is a layer's part of z - h, Kp holds the keys of past edits.
#    (8.7), transposed: (P Kp' Kp + P K' K + lambda I) Delta' = P K' R
def alphaedit(model, tokenizer, facts, P, past):  # past: {} at first
    z = [find_z(model, tokenizer, fact) for fact in facts]
    before = {layer: down(model, layer).weight.clone() for layer in LAYERS}
    for i, layer in enumerate(LAYERS):
        K, R = [], []
        for wanted, fact in zip(z, facts, strict=True):
            rows, ends, _ = encoded(tokenizer, fact)
            k, h = entering(model, rows, down(model, layer), above(model))
            k = k[range(len(rows)), ends]
            K.append((k[0] + k[1:].mean(0)) / 2)  # half of it without prefix
            R.append((wanted - h[0, ends[0]]) / (len(LAYERS) - i))
        K, R = torch.stack(K).double(), torch.stack(R).double()
        past[layer] = torch.cat([past.get(layer, K[:0]), K])  # Kp and K
        eye = torch.eye(K.shape[1]).to(K)
        A = P[layer] @ past[layer].T @ past[layer] + LAMBDA * eye
        delta = torch.linalg.solve(A, P[layer] @ K.T @ R).T
        down(model, layer).weight += delta
    return before  # W as it was


def main(model, tokenizer, P):
    model.requires_grad_(False)  # the search moves delta alone
    fact = "{} is located in the country of", "Lower Assam", " Romania"
    start = tokenizer(fact[0].format(fact[1]), return_tensors="pt")
    start = start.to(model.device)

    def show(when):  # the prompt, and five times the most probable token
        out = model.generate(**start, max_new_tokens=5, do_sample=False)
        print(f"{when}: {tokenizer.decode(out[0])}")

    show("before")
    before = alphaedit(model, tokenizer, [fact], P, past={})
    show("after")
    for layer, weight in before.items():
        down(model, layer).weight.copy_(weight)
    show("undone")


if __name__ == "__main__":
    if len(sys.argv) == 3:  # TEXT has an empty line between two texts
        model = AutoModelForCausalLM.from_pretrained(sys.argv[1]).float()
        tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
        texts = Path(sys.argv[2]).read_text(encoding="utf-8").split("\n\n")
    else:  # the book's own model and text
        from alphaedit_lite import load_model
        from alphaedit_lite.support.texts import wikipedia_leads

        lm = load_model()
        model, tokenizer, texts = lm.model, lm.tokenizer, wikipedia_leads("fit")
    main(model, tokenizer, null_spaces(model, tokenizer, texts))
