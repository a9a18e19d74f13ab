"""The widget of chapter 0: edit any fact, look, and take it back.

    EditWidget(lm, editor).show()

Callbacks are ordinary methods (``edit``, ``undo``), so they are tested without a browser.
"""

from __future__ import annotations

import ctypes
import html
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as w
import pandas as pd
from IPython.display import display

from ...editor import Edit, Editor
from ...facts import Fact, bundled_facts
from ...models import LanguageModel
from ..kit.demo import EXAMPLES, LOWER_ASSAM, doubt, first_guess, probe
from ..kit.plots import before_and_after, bundle
from ..kit.widget import labelled, save_frames


class EditWidget:
    """Subject, relation and new object in; bars before and after, a short generation, undo and cancel.

    Buttons work in a thread of their own, so that Cancel can stop it: an edit is whole or not at all.

    Attributes:
        example: facts to begin with; choosing one fills in the fields.
        subject, template, new: the input fields.
        message: what happened, and whether the edit took; or what is wrong.
        states: what the model said before, after, and after undo.
    """

    def __init__(self, lm: LanguageModel, editor: Editor) -> None:
        self.lm, self.editor = lm, editor
        self.fact: Fact | None = None
        self.current: Edit | None = None
        self.states: dict[str, pd.DataFrame] = {}
        self.known = [LOWER_ASSAM, *bundled_facts("development")]
        options = sorted({fact.template for fact in self.known})
        wide = labelled("9em", "95%")
        self.example = w.Dropdown(options=list(EXAMPLES), description="Example", **wide)
        self.subject = w.Text(LOWER_ASSAM.subject, description="Subject", **wide)
        self.template = w.Combobox(
            value=LOWER_ASSAM.template, options=options, description="Relation, with {}", **wide
        )
        self.new = w.Text(LOWER_ASSAM.new.strip(), description="New object", **wide)
        self.edit_button = w.Button(description="Edit", button_style="primary", icon="pencil")
        self.undo_button = w.Button(description="Undo", icon="undo", disabled=True)
        self.cancel_button = w.Button(description="Cancel", icon="stop", disabled=True)
        self.message = w.HTML("Press Edit. It takes a few seconds.")
        self.output = w.Output()
        self.clock, self.worker, self.done = w.HTML(), threading.Thread(), threading.Event()
        self.example.observe(lambda change: self._fill(EXAMPLES[change["new"]]), "value")
        self.edit_button.on_click(lambda _: self._start("Editing …", self.edit))
        self.undo_button.on_click(lambda _: self._start("Undoing …", self.undo))
        self.cancel_button.on_click(lambda _: self.cancel())

    def show(self) -> None:
        """Display the widget."""
        if folder := os.environ.get("ALPHAEDIT_FIGURES"):  # the site has no kernel: it gets three pictures
            self._film(Path(folder) / "frames" / type(self).__name__)
        buttons = w.HBox([self.edit_button, self.undo_button, self.cancel_button])
        fields = [self.example, self.subject, self.template, self.new]
        display(w.VBox([*fields, buttons, self.clock, self.message, self.output]))

    def edit(self) -> None:
        """Write the fact in the fields (after taking back the widget's previous edit) and show the result."""
        Fact(self.template.value, self.subject.value, self.new.value)  # bad input is refused before anything
        if self.current is not None and self.current.lm is not None:
            self.current.revert()
        fact = self._fact()  # asks the model for the old answer, so the earlier edit must be out
        self.fact, self.states = fact, {"before": probe(self.lm, fact)}
        self.current = self.editor.edit([fact])
        self.states["after"] = probe(self.lm, fact)
        unsure = doubt(self.states["before"])
        self._report(
            f"<b>{html.escape(fact.prompt)}</b> is now followed by <b>{html.escape(self._says())}</b>."
            f"{self.current.report()._repr_html_()}{unsure and f'<p>{html.escape(unsure)}</p>'}"
        )

    def undo(self) -> None:
        """Take the edit back, bit for bit."""
        if self.current is None or self.current.lm is None or self.fact is None:
            raise ValueError("There is no edit to undo.")
        self.current.revert()
        self.states["after undo"] = probe(self.lm, self.fact)
        self._report(
            f"Undone: <b>{html.escape(self.fact.prompt)}</b> is again <b>{html.escape(self._says())}</b>."
        )

    def _fact(self) -> Fact:
        fact = Fact(self.template.value, self.subject.value, self.new.value)
        if fact.prompt == LOWER_ASSAM.prompt:
            similar, paraphrases = LOWER_ASSAM, LOWER_ASSAM.paraphrases
        else:  # borrow paraphrases and neighbours from a bundled fact of the same relation
            same = (known for known in self.known if known.template == fact.template)
            similar = next((known for known in same if known.subject != fact.subject), fact)
            paraphrases = tuple(
                text.replace(similar.subject, fact.subject)
                for text in similar.paraphrases
                if similar.subject in text
            )
        neighbours = [pair for pair in similar.neighbours if fact.subject not in pair[0]]
        guess = LOWER_ASSAM.true if fact.prompt == LOWER_ASSAM.prompt else first_guess(self.lm, fact.prompt)
        return Fact(
            fact.template,
            fact.subject,
            fact.new,
            true=guess or None,
            paraphrases=paraphrases[:3],
            neighbours=tuple(neighbours[:4]),
            generation=(f"{fact.subject} is known for",),
        )

    def _says(self) -> str:
        return str(list(self.states.values())[-1].says.iloc[0]).strip().rstrip(".")

    def _report(self, sentence: str) -> None:
        assert self.fact is not None
        self.message.value = sentence
        texts = [f"{prompt} {self.lm.complete(prompt, 25).strip()}" for prompt in self.fact.generation]
        drawn = [bundle(*before_and_after(self.states))]
        drawn += [{"text/plain": f"The model goes on speaking: {text}"} for text in texts]
        # Set as a whole: the same with and without a front end.
        self.output.outputs = tuple(
            {"output_type": "display_data", "data": data, "metadata": {}} for data in drawn
        )

    def cancel(self) -> None:
        """Stop what a button has begun; an edit that is not whole leaves nothing behind."""
        if (number := self.worker.ident) and not self.done.is_set():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(number), ctypes.py_object(KeyboardInterrupt)
            )

    def _film(self, folder: Path) -> None:
        self.edit()
        self.undo()
        control = {"label": "The model", "places": list(self.states), "start": 0}
        pictures: dict[tuple[int, ...], Any] = {
            (i,): bundle(*before_and_after({name: table}))
            for i, (name, table) in enumerate(self.states.items())
        }
        save_frames(folder, [control], pictures)
        self.output.outputs, self.message.value = (), "Press Edit. It takes a few seconds."

    def _fill(self, fact: Fact) -> None:
        self.template.value, self.subject.value, self.new.value = (
            fact.template,
            fact.subject,
            fact.new.strip(),
        )

    def _start(self, sentence: str, action: Callable[[], None]) -> None:
        """Run a callback in a thread, with the seconds counted and the other buttons off."""
        self.edit_button.disabled = self.undo_button.disabled = True
        self.cancel_button.disabled = False
        self.clock.value, self.done = f"<i>{sentence}</i>", threading.Event()
        self.worker = threading.Thread(target=self._run, args=(sentence, action), daemon=True)
        self.worker.start()

    def _count(self, sentence: str) -> None:
        seconds = 0
        while not self.done.wait(1):
            seconds += 1
            self.clock.value = f"<i>{sentence} {seconds} s</i>"

    def _run(self, sentence: str, action: Callable[[], None]) -> None:
        """A callback whose errors become sentences, which say what the model holds now."""
        counter = threading.Thread(target=self._count, args=(sentence,), daemon=True)
        counter.start()
        told = ""
        try:
            action()
        except KeyboardInterrupt:
            told = "<b>Cancelled.</b>"
        except Exception as error:  # whatever it is, the reader wants a sentence and not a traceback
            told = f"<b>That did not work.</b> {html.escape(str(error))}"
        self.done.set()
        counter.join()
        self.clock.value = ""
        held = self.current is not None and self.current.lm is not None
        if told:
            place = "The last edit is still in the model." if held else "The model holds no edit."
            self.message.value = f"{told} {place}"
        self.edit_button.disabled, self.undo_button.disabled = False, not held
        self.cancel_button.disabled = True
