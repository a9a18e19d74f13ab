"""Theorems about sums of memories, on tiny models of both families; controls for triggers and scores."""

import pytest
import torch

from alphaedit_lite.book.kit.neurons import last_keys, loudness, triggers
from alphaedit_lite.book.kit.tracing import speaks, switched, trace, unembedding
from alphaedit_lite.hooks import hooked
from tests.conftest import CORPUS

PROMPT = "The capital of Italy is"


def bias(lm, layer):
    found = getattr(lm.down_projection(layer), "bias", None)
    return torch.zeros(lm.d_model) if found is None else found.detach()


@pytest.fixture
def lm(lm):
    """With norms and biases that are not 1 and 0: at their initial values they would hide mistakes."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, value in lm.model.named_parameters():
            if "norm" in name or "ln_" in name or name.endswith("bias"):
                value += 0.3 * torch.randn_like(value)
    return lm


def logits(lm, prompt=PROMPT):
    ids = torch.tensor([lm.tokenizer(prompt)["input_ids"]])
    with torch.no_grad():
        return lm.model(ids).logits[0, -1]


def test_the_hidden_state_is_the_sum_of_what_was_added(lm):
    step = trace(lm, PROMPT)
    total = step.embedding + step.attention.sum(0) + step.feed_forward.sum(0)
    assert torch.allclose(total, step.hidden, atol=1e-5)
    for layer in range(lm.n_layers):
        memories = (lm.weight(layer) * step.keys[layer]).sum(1)  # Σ k_i v_i
        assert torch.allclose(memories + bias(lm, layer), step.feed_forward[layer], atol=1e-5)
    assert torch.allclose(step.logits, logits(lm), atol=1e-4)


def test_logits_are_s_times_u_h(lm):
    step, E = trace(lm, PROMPT), unembedding(lm)
    rest = step.logits - step.scale * E @ step.hidden  # the constant: the norm's bias, read by the head
    other = trace(lm, "Rome")
    assert torch.allclose(rest, other.logits - other.scale * E @ other.hidden, atol=1e-4)
    assert abs(step.scale - other.scale) > 1e-4
    norm = lm.model.base_model.get_submodule(lm.architecture.final_norm)
    if getattr(norm, "bias", None) is None:
        assert torch.allclose(rest, torch.zeros_like(rest), atol=1e-4)


def test_neurons_attention_embedding_and_biases_add_up_to_the_logit(lm):
    step, E = trace(lm, PROMPT), unembedding(lm)
    direction = E[7] - E[9]
    biases = torch.stack([bias(lm, layer) for layer in range(lm.n_layers)]).sum(0)
    others = step.scale * direction @ (step.embedding + step.attention.sum(0) + biases)
    whole = step.scale * direction @ step.hidden
    assert torch.allclose(step.added(lm, direction).sum() + others, whole, atol=1e-4)


@pytest.mark.parametrize("last", [False, True])
def test_a_neuron_off_takes_exactly_its_contribution_away(lm, last):
    layer, neuron, after = 2, 5, []
    look = {lm.block(layer + 1): lambda hidden: after.append(hidden[0].clone())}
    keys = trace(lm, PROMPT).keys[layer]
    with hooked(inputs=look):
        logits(lm)
        with switched(lm, {layer: [neuron]}, last=last):
            logits(lm)
    change = after[1] - after[0]
    assert torch.allclose(change[-1], -keys[neuron] * lm.weight(layer)[:, neuron], atol=1e-5)
    assert bool((change[:-1] == 0).all()) is last


def test_off_in_the_last_layer_subtracts_from_the_hidden_state(lm):
    last = lm.n_layers - 1
    step = trace(lm, PROMPT)
    with switched(lm, {last: [3, 8]}, factor=3.0):
        louder = trace(lm, PROMPT)
    extra = 2 * (lm.weight(last)[:, [3, 8]] * step.keys[last, [3, 8]]).sum(1)
    assert torch.allclose(louder.hidden, step.hidden + extra, atol=1e-5)
    with switched(lm, {last: [3]}, factor=1.0):
        assert torch.equal(logits(lm), step.logits) or torch.allclose(logits(lm), step.logits, atol=1e-5)
    assert torch.allclose(logits(lm), step.logits, atol=1e-4)  # and nothing is left behind


def test_triggers_are_the_extremes_of_all_tokens(lm):
    seen = triggers(lm, CORPUS, k=3, longest=30)
    rows = [lm.tokenizer(text)["input_ids"][:30] for text in CORPUS]
    assert seen.ids.tolist() == [token for row in rows for token in row]
    layer, neuron, found = 3, 11, []
    for start, row in zip((0, len(rows[0]), len(rows[0]) + len(rows[1])), rows, strict=True):
        into = {lm.down_projection(layer): lambda k, at=start: found.append((at, k[0, 1:-1, neuron]))}
        with torch.no_grad(), hooked(inputs=into):
            lm.model(torch.tensor([row]))
    values = torch.cat([keys for _, keys in found])
    places = torch.cat([at + 1 + torch.arange(len(keys)) for at, keys in found])
    for side, sign in ((0, 1), (1, -1)):
        best = (sign * values).topk(3).indices
        assert torch.allclose(seen.value[side, layer, :, neuron], values[best], atol=1e-5)
        assert seen.place[side, layer, :, neuron].tolist() == places[best].tolist()
    assert torch.allclose(seen.negative[layer, neuron], (values < 0).float().mean())
    assert torch.allclose(seen.square[layer, neuron], (values**2).mean(), rtol=1e-4)
    coefficient, before, token, follows = seen.contexts(lm, layer, neuron)[0]
    assert coefficient == pytest.approx(float(values.max()), abs=1e-5)
    assert before + token + follows in lm.tokenizer.decode(seen.ids)


def test_keys_at_the_last_token_do_not_depend_on_padding(lm):
    texts = ["Rome", PROMPT, "The weather was mild that day."]
    keys = last_keys(lm, texts)
    for text, key in zip(texts, keys, strict=True):
        assert torch.allclose(key, trace(lm, text).keys, atol=1e-5)


def test_loudness_counts_standard_deviations_over_the_vocabulary(lm):
    E, token = unembedding(lm), 40
    scores = E @ lm.weight(4)  # the long way
    wanted = (scores[token] - scores.mean(0)) / scores.std(0, correction=0)
    assert torch.allclose(loudness(lm, E, token)[4], wanted, atol=1e-3)
    assert speaks(lm, scores[:, 6], 1) == [lm.tokenizer.decode([int(scores[:, 6].argmax())])]
