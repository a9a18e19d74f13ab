"""A neuron on one card, and a browser: from a word to the neurons that say it, and to what triggers them.

    show_neurons(lm, seen, E, [(24, 1005), (22, 916)])
    NeuronBrowser(lm, seen, E).show()

Callbacks are ordinary methods (``search``, ``look``), so they are tested without a browser.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

import ipywidgets as w
from IPython.display import display
from torch import Tensor

from ...models import LanguageModel
from ...support.tokens import pieces
from ..kit.neurons import Triggers, loudness
from ..kit.tracing import speaks
from ..kit.widget import labelled

SOURCE = "Contexts: lead paragraphs of English Wikipedia, CC BY-SA 4.0."
SIDES = ("positive", "negative")


def card(
    lm: LanguageModel, seen: Triggers, E: Tensor, layer: int, neuron: int, contexts: int = 4, words: int = 8
) -> dict[str, str]:
    """What triggers a neuron and what it then says, for both signs of its coefficient, as HTML and text."""
    scores = E @ lm.weight(layer)[:, neuron]
    share = float(seen.negative[layer, neuron])
    title = f"Block {layer}, neuron {neuron}: negative at {share:.0%} of the tokens"
    rows, lines = [], [title]
    for side, sign in enumerate(SIDES):
        says = [_tidy(word) for word in speaks(lm, scores if side == 0 else -scores, words)]
        lines.append(f"  {sign} coefficient, says: {' | '.join(says)}")
        found = []
        for value, before, token, after in seen.contexts(lm, layer, neuron, side)[:contexts]:
            before, token, after = _tidy(before), _tidy(token), _tidy(after)
            lines.append(f"    {value:+7.2f}  …{before}[{token}] → {after}")
            text = f"…{html.escape(before)}<b>[{html.escape(token)}]</b> → <i>{html.escape(after)}</i>"
            found.append(
                f"<td style='text-align:right'>{value:+.2f}</td><td style='text-align:left'>{text}</td>"
            )
        what = " ".join(f"<code>{html.escape(word)}</code>" for word in says)
        head = f"<td colspan='2' style='text-align:left'><b>{sign}</b>, says {what}</td>"
        rows += [f"<tr>{cells}</tr>" for cells in (head, *found)]
    caption = (
        f"<b>{title}</b><br><small>{SOURCE} In brackets the token that triggers; → what follows.</small>"
    )
    return {"text/html": f"<p>{caption}</p><table>{''.join(rows)}</table>", "text/plain": "\n".join(lines)}


def show_neurons(
    lm: LanguageModel, seen: Triggers, E: Tensor, neurons: Sequence[tuple[int, int]], **options: int
) -> None:
    """Display the cards of some neurons, (layer, index); ``options`` as for ``card``."""
    cards = [card(lm, seen, E, layer, neuron, **options) for layer, neuron in neurons]
    display({kind: "\n".join(c[kind] for c in cards) for kind in ("text/html", "text/plain")}, raw=True)


def _tidy(text: str) -> str:
    return text.replace("\n", "⏎")


class NeuronBrowser:
    """A word in, the neurons that say it loudest out; or a layer and an index in; a card in any case.

    Attributes:
        word, found, layer, neuron: the input fields.
        message: one sentence about what happened or what is wrong.
        card: the card of the chosen neuron, as HTML.
    """

    def __init__(self, lm: LanguageModel, seen: Triggers, E: Tensor, word: str = "Paris") -> None:
        self.lm, self.seen, self.E = lm, seen, E
        wide = labelled("6em", "95%")
        self.word = w.Text(word, description="Word", continuous_update=False, **wide)
        self.found = w.Select(description="Neurons", rows=8, **wide)
        self.layer = w.BoundedIntText(0, min=0, max=lm.n_layers - 1, description="Block")
        self.neuron = w.BoundedIntText(0, min=0, max=lm.d_ff - 1, description="Neuron")
        self.message, self.card = w.HTML(), w.HTML()
        self._moving = False
        self.word.observe(lambda _: self.search(), "value")
        self.found.observe(lambda _: self._follow(), "value")
        for field in (self.layer, self.neuron):
            field.observe(lambda _: None if self._moving else self.look(), "value")
        self.search()

    def search(self, k: int = 12) -> None:
        """List the neurons that say the word loudest, with either sign, and look at the first."""
        ids = pieces(self.lm.tokenizer, " " + self.word.value.strip())
        if len(ids) != 1 or not self.word.value.strip():
            parts = ", ".join(self.lm.tokenizer.decode([i]) for i in ids)
            self.message.value = html.escape(f"A value says tokens, and this is {len(ids)} tokens: {parts}.")
            return
        scores = loudness(self.lm, self.E, ids[0]).flatten()
        options = []
        for i in scores.abs().topk(min(k, len(scores))).indices.tolist():
            place, score = divmod(i, self.lm.d_ff), float(scores[i])
            when = SIDES[0 if score > 0 else 1]
            options.append((f"block {place[0]}, neuron {place[1]}: {abs(score):.1f} σ, when {when}", place))
        said = html.escape(self.word.value.strip())
        self.message.value = f"These values lift the token <b>{said}</b> most above the average token."
        self.found.options = options
        self.found.value = options[0][1]
        self._follow()

    def look(self) -> None:
        """Show the card of the neuron in the fields."""
        self.card.value = card(self.lm, self.seen, self.E, self.layer.value, self.neuron.value)["text/html"]

    def show(self) -> None:
        """Display the browser. On paper, its first card stands in its place."""
        fields = w.HBox([self.layer, self.neuron])
        box = w.VBox([self.word, self.message, self.found, fields, self.card])
        listed = "".join(f"<li>{html.escape(text)}</li>" for text, _ in self.found.options)
        static = f"<p>{self.message.value}</p><ul>{listed}</ul>{self.card.value}"
        plain = "\n".join(["Neuron browser:", *(text for text, _ in self.found.options)])
        bundle = dict(box._repr_mimebundle_() or {})
        display(bundle | {"text/html": static, "text/plain": plain}, raw=True)

    def _follow(self) -> None:
        if self.found.value is not None:
            self._moving = True
            self.layer.value, self.neuron.value = self.found.value
            self._moving = False
            self.look()
