"""What a reader does in a chapter: predict, check exercises, hand in.

    chapter = Chapter("07")
    chapter.predict("a", "What share of the directions is unused?", ["10%", "40%", "70%"])
    chapter.reveal("a", 2)
    projection = chapter.check("07.1", projection)
    chapter.report()

Everything shown has a plain-text form, so a chapter can be read on paper, on GitHub and in a terminal.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets as w
from IPython.display import display

from ...support.assets import replacing
from .exercises import EXERCISES, judge, load

SIGNS = {"passed": "✓", "wrong": "✗", "open": "○"}


@dataclass
class Prediction:
    """A question, and what the reader guessed: an index into ``options``, and how sure (0.5 to 1)."""

    question: str
    options: tuple[str, ...]
    guess: int | None = None
    sure: float = 0.7
    answer: int | None = None


class Chapter:
    """The reader's state in one chapter.

    Attributes:
        exercises: number -> "passed", "wrong" or "open".
        predictions: name -> ``Prediction``.
    """

    def __init__(self, number: str) -> None:
        self.number = number
        self.exercises = dict.fromkeys(load(number), "open")
        self.predictions: dict[str, Prediction] = {}

    def check(self, number: str, answer: Any) -> Any:
        """Check an exercise, say how it went, and return the answer if it passes, else the reference."""
        status, sentence = judge(number, answer)
        self.exercises[number] = status
        _say(f"{SIGNS[status]} Exercise {number}: {sentence}")
        return answer if status == "passed" else EXERCISES[number].reference

    def predict(
        self, name: str, question: str, options: Sequence[str], guess: int | None = None, sure: float = 0.7
    ) -> None:
        """Ask for a guess, with radio buttons; without a front end, pass ``guess`` (from 0) and ``sure``."""
        asked = self.predictions[name] = Prediction(question, tuple(options), guess, sure)
        choice = w.RadioButtons(options=enumerate_options(options), index=guess, layout={"width": "95%"})
        slider = w.FloatSlider(sure, min=0.5, max=1, step=0.05, description="How sure?", readout_format=".0%")

        def keep(_: Any) -> None:
            asked.guess, asked.sure = choice.index, slider.value

        choice.observe(keep, "index")
        slider.observe(keep, "value")
        label = w.HTML(f"<b>Your prediction.</b> {html.escape(question)}")
        box = w.VBox([label, choice, slider])
        listed = "".join(f"<li>{html.escape(option)}</li>" for option in options)
        static = f"<p><b>Your prediction.</b> {html.escape(question)}</p><ol type='A'>{listed}</ol>"
        bundle = dict(box._repr_mimebundle_() or {})
        bundle |= {"text/html": static, "text/plain": f"{question} {' / '.join(enumerate_options(options))}"}
        display(bundle, raw=True)

    def reveal(self, name: str, answer: int) -> None:
        """Compare the guess with the option (from 0) that the experiment has shown to be right."""
        asked = self.predictions[name]
        asked.answer = answer
        right = enumerate_options(asked.options)[answer]
        if asked.guess is None:
            _say(f"The answer is {right}. (You made no prediction.)")
        elif asked.guess == answer:
            _say(f"You predicted {right}, and were {asked.sure:.0%} sure. It is so.")
        else:
            guess = enumerate_options(asked.options)[asked.guess]
            _say(f"You predicted {guess} ({asked.sure:.0%} sure). It is {right}: worth a pause.")

    def report(self, path: str | Path | None = None) -> None:
        """Show what was solved and how well the predictions were calibrated; save it as JSON to hand in."""
        lines = [f"{SIGNS[status]} Exercise {n}: {status}" for n, status in self.exercises.items()]
        made = [p for p in self.predictions.values() if p.guess is not None and p.answer is not None]
        if made:
            right, sure = sum(p.guess == p.answer for p in made), sum(p.sure for p in made)
            lines.append(f"Predictions: {right} of {len(made)} right; your sureness promised {sure:.1f}.")
        else:
            lines.append("Predictions: none made.")
        _say("\n".join(lines))
        if path is not None:
            kept = {name: vars(p) for name, p in self.predictions.items()}
            with replacing(Path(path)) as partial:
                partial.write_text(
                    json.dumps(
                        {"chapter": self.number, "exercises": self.exercises, "predictions": kept}, indent=1
                    )
                )


def enumerate_options(options: Sequence[str]) -> list[str]:
    """Options with letters: "A. …"."""
    return [f"{chr(65 + i)}. {option}" for i, option in enumerate(options)]


def _say(text: str) -> None:
    emphasis = re.compile(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])")  # *word*, but not a * b
    lines = "<br>".join(emphasis.sub(r"<em>\1</em>", html.escape(line)) for line in text.splitlines())
    style = "border-left: 4px solid currentColor; padding: 0.3em 0.8em; margin: 0.3em 0"
    display({"text/plain": text, "text/html": f'<div style="{style}">{lines}</div>'}, raw=True)
