"""The neuron browser works without a front end, and leaves something on paper."""

import pytest

from alphaedit_lite.book.ch02 import widgets as widgets_neurons
from alphaedit_lite.book.ch02.widgets import NeuronBrowser, card, show_neurons
from alphaedit_lite.book.kit.neurons import loudness, triggers
from alphaedit_lite.book.kit.tracing import unembedding
from tests.conftest import CORPUS


@pytest.fixture
def parts(lm):
    return lm, triggers(lm, CORPUS, k=3), unembedding(lm)


@pytest.fixture
def shown(monkeypatch):
    bundles = []
    monkeypatch.setattr(widgets_neurons, "display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def test_a_card_holds_triggers_and_words_of_both_signs(parts):
    lm, seen, E = parts
    found = card(lm, seen, E, 2, 7, contexts=2, words=3)
    for kind in ("text/html", "text/plain"):
        assert "Block 2, neuron 7" in found[kind]
        assert f"{float(seen.value[0, 2, 0, 7]):+.2f}" in found[kind]
        assert f"{float(seen.value[1, 2, 1, 7]):+.2f}" in found[kind]
        assert found[kind].count("→") == 4 + ("what follows" in found[kind])
    best = lm.tokenizer.decode([int((E @ lm.weight(2)[:, 7]).argmin())])
    assert f"negative coefficient, says: {best}" in found["text/plain"]
    assert "CC BY-SA" in found["text/html"]
    assert "<unk>" not in found["text/html"]  # escaped


def test_search_look_and_explain(parts):
    lm, seen, E = parts
    browser = NeuronBrowser(lm, seen, E, word="the")
    token = lm.tokenizer(" the")["input_ids"][0]
    scores = loudness(lm, E, token)
    best = divmod(int(scores.abs().argmax()), lm.d_ff)
    assert browser.found.value == best
    assert (browser.layer.value, browser.neuron.value) == best
    assert browser.card.value == card(lm, seen, E, *best)["text/html"]
    side = "positive" if scores[best] > 0 else "negative"
    assert browser.found.options[0][0].endswith(f"{float(scores[best].abs()):.1f} σ, when {side}")
    browser.found.value = browser.found.options[3][1]  # choose another one in the list
    assert f"Block {browser.layer.value}, neuron {browser.neuron.value}:" in browser.card.value
    assert (browser.layer.value, browser.neuron.value) == browser.found.options[3][1]
    browser.neuron.value = 5  # or type a number
    assert f"Block {browser.layer.value}, neuron 5:" in browser.card.value
    before = browser.card.value
    browser.word.value = "Constantinople"
    assert "tokens: " in browser.message.value
    browser.word.value = " "
    assert "tokens: " in browser.message.value
    assert browser.card.value == before
    browser.word.value = " capital "
    assert "<b>capital</b>" in browser.message.value


def test_on_paper(parts, shown):
    NeuronBrowser(*parts, word="the").show()
    show_neurons(*parts, [(0, 1), (5, 2)], contexts=1)
    assert "Block" in shown[0]["text/html"]
    assert "σ" in shown[0]["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
    assert "Block 0, neuron 1" in shown[1]["text/html"]
    assert "Block 5, neuron 2" in shown[1]["text/plain"]
