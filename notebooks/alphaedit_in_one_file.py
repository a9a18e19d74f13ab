"""AlphaEdit in one file: teach a language model a fact, and take it back.

    python notebooks/alphaedit_in_one_file.py               # the book's model
    python notebooks/alphaedit_in_one_file.py FOLDER TEXT   # one like Llama

Fang et al., ICLR 2025, at the published settings. The formulas have keys as
columns; here a key is a row. Only torch and transformers do the work."""

import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForCausalLM, AutoTokenizer

LAYERS = (3, 4, 5, 6, 7)  # the edited blocks; z is searched at the last
PREFIXES = ("", "The letter was short. ", "They went out in the afternoon. ")
STEPS, RATE, CLAMP, DECAY, KL = 20, 0.5, 0.75, 0.5, 0.0625
THRESHOLD, LAMBDA, TOKENS = 2e-2, 10.0, 100_000


def padded(rows):
    ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
    real = torch.arange(ids.shape[1]) < torch.tensor([[len(r)] for r in rows])
    return ids, real


def run(model, rows):
    ids, real = (some.to(model.device) for some in padded(rows))
    return model(ids, attention_mask=real.long(), use_cache=False).logits


def entering(model, rows, *modules):
    """What enters the modules when rows are read: [rows, width, features]."""
    seen = []

    def look(_, inputs):
        seen.append(inputs[0])
        if len(seen) == len(modules):
            raise StopIteration  # the rest of this pass is not needed

    with torch.no_grad(), suppress(StopIteration), ExitStack() as hooks:
        for module in modules:
            hooks.enter_context(module.register_forward_pre_hook(look))
        run(model, rows)
    return seen


def down(model, layer):
    """What enters it is a key; its weight is what we write into."""
    return model.model.layers[layer].mlp.down_proj


def above(model):
    """The block after the last edited one: its input is that one's answer."""
    return model.model.layers[LAYERS[-1] + 1]


def encoded(tokenizer, fact):
    """After each prefix: all tokens, the subject's last, the object's first."""
    template, subject, new = fact
    for prefix in PREFIXES:
        start = prefix + template.split("{}")[0] + subject
        prompt = prefix + template.format(subject)
        texts = tokenizer([start, prompt, prompt + new])["input_ids"]
        yield texts[2], len(texts[0]) - 1, len(texts[1])


# 1. What the model knows: C0, the second moment of the keys of ordinary text;
#    and P, the projection onto the directions that those keys hardly use.
def projection(C0):
    values, U = torch.linalg.eigh(C0)
    U = U[:, values < THRESHOLD]
    return U @ U.T


def null_spaces(model, tokenizer, texts):
    rows, left = [], TOKENS
    for text in texts:
        rows.append(tokenizer(text)["input_ids"][: min(512, left)])
        left -= len(rows[-1])
        if not left:
            break
    rows, C0 = sorted(rows, key=len), dict.fromkeys(LAYERS, 0)
    modules = [down(model, layer) for layer in LAYERS]
    for some in (rows[i : i + 16] for i in range(0, len(rows), 16)):
        real = padded(some)[1]
        keys = entering(model, some, *modules)
        for layer, K in zip(LAYERS, keys, strict=True):
            C0[layer] += (K[real].T @ K[real]).double() / (TOKENS - left)
    return {layer: projection(C0[layer]) for layer in LAYERS}


# 2. What the last block should answer: z = h + delta, by gradient descent on
#    "the object comes next", while the subject alone goes on as before.
def adding(delta, ends):
    """A hook: delta is added in every row, at the subject's last token."""

    def add(_, inputs):
        x = inputs[0].clone()
        x[range(len(ends)), ends] += delta
        return (x, *inputs[1:])

    return add


def surprise(log_p, rows, new):
    """How far the model is from saying the object, a mean over its tokens."""
    said = [(i, t) for i, n in enumerate(new) for t in range(n, len(rows[i]))]
    return -sum(log_p[i, t - 1, rows[i][t]] for i, t in said) / len(said)


def find_z(model, tokenizer, fact):
    rows, ends, new = map(list, zip(*encoded(tokenizer, fact), strict=True))
    h = entering(model, rows[:1], above(model))[0][0, ends[0]]
    alone = tokenizer(fact[1])["input_ids"]  # the subject
    rows, ends = [*rows, alone], [*ends, len(alone) - 1]
    delta, before = torch.zeros_like(h, requires_grad=True), None
    adam = torch.optim.Adam([delta], lr=RATE)
    for step in range(STEPS):
        with above(model).register_forward_pre_hook(adding(delta, ends)):
            log_p = run(model, rows).log_softmax(-1)
        now = log_p[-1, ends[-1]]  # what comes after the subject alone
        before = now.detach() if step == 0 else before
        loss = surprise(log_p, rows, new)
        loss = loss + KL * (now.exp() * (now - before)).sum()
        loss = loss + DECAY * delta.norm() / h.norm() ** 2
        if loss < 0.05 or step == STEPS - 1:
            return h + delta.detach()
        (delta.grad,) = torch.autograd.grad(loss, delta)
        adam.step()
        delta.data *= (CLAMP * h.norm() / delta.data.norm()).clamp(max=1)


# 3. The write. R = z - h is shared out over the layers; in each of them
#    Delta = R K' P (Kp Kp' P + K K' P + lambda I)^-1, Kp: keys of past edits.
def alphaedit(model, tokenizer, facts, P, past):
    z = [find_z(model, tokenizer, fact) for fact in facts]
    before = {layer: down(model, layer).weight.clone() for layer in LAYERS}
    for left, layer in zip(range(len(LAYERS), 0, -1), LAYERS, strict=True):
        K, R = [], []
        for wanted, fact in zip(z, facts, strict=True):
            rows, ends, _ = zip(*encoded(tokenizer, fact), strict=True)
            k, h = entering(model, rows, down(model, layer), above(model))
            k = k[range(len(rows)), ends]
            K.append((k[0] + k[1:].mean(0)) / 2)
            R.append((wanted - h[0, ends[0]]) / left)
        K, R = torch.stack(K).double(), torch.stack(R).double()
        past[layer] = torch.cat([past.get(layer, K[:0]), K])  # Kp and K
        A = P[layer] @ past[layer].T @ past[layer]
        A.diagonal().add_(LAMBDA)
        delta = torch.linalg.solve(A, P[layer] @ K.T @ R).T
        down(model, layer).weight += delta
    return before


def main(model, tokenizer, P):
    model.requires_grad_(False)
    fact = "{} is located in the country of", "Lower Assam", " Romania"
    start = tokenizer(fact[0].format(fact[1]), return_tensors="pt")
    start = start.to(model.device)

    def show(when):
        out = model.generate(**start, max_new_tokens=5, do_sample=False)
        print(f"{when}: {tokenizer.decode(out[0])}")

    show("before")
    before = alphaedit(model, tokenizer, [fact], P, past={})
    show("after")
    for layer, weight in before.items():
        down(model, layer).weight.copy_(weight)
    show("undone")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        model = AutoModelForCausalLM.from_pretrained(sys.argv[1]).float()
        tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
        texts = Path(sys.argv[2]).read_text(encoding="utf-8").split("\n\n")
        main(model, tokenizer, null_spaces(model, tokenizer, texts))
    else:  # the book's own model and text
        from alphaedit_lite import load_model
        from alphaedit_lite.support.texts import wikipedia_leads

        lm = load_model()
        model, tokenizer = lm.model, lm.tokenizer
        texts = wikipedia_leads("fit")
        main(model, tokenizer, null_spaces(model, tokenizer, texts))
