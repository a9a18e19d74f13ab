"""Ordinary text to fit statistics on, and to measure perplexity on.

wikipedia_leads("fit")          # some 9,000 lead paragraphs, in a fixed random order
from_hub("wikitext")            # the "text" column of a data set, where a hub is reachable
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from .assets import WIKIPEDIA_LEADS, fetch


def wikipedia_leads(part: Literal["fit", "heldout"]) -> list[str]:
    """Lead paragraphs of English Wikipedia (CC BY-SA 4.0), in a fixed random order.

    "heldout" is a tenth of the articles, for perplexity; statistics only ever see "fit".
    """
    articles = json.loads(fetch(WIKIPEDIA_LEADS).read_text(encoding="utf-8"))
    leads = [article["extract"] for _, article in sorted(articles.items()) if article["extract"].strip()]
    random.Random(0).shuffle(leads)
    cut = len(leads) // 10
    return leads[:cut] if part == "heldout" else leads[cut:]


def from_hub(name: str) -> Iterable[str]:
    """The texts of a data set on a hub with a "text" column, streamed. Needs ``pip install datasets``.

    Raises TypeError for a text, or the path of a file with texts, where the name of a data set is meant.
    """
    if name != name.strip() or len(name.split()) != 1:
        raise TypeError(f"A list of texts is needed, or a data set's name, not one text: [{name[:60]!r}].")
    if Path(name).is_file():
        raise TypeError(
            f"{name!r} is a file, and no data set's name: give its texts, as in "
            f"Path({name!r}).read_text(encoding='utf-8').splitlines()."
        )
    from datasets import load_dataset

    return (row["text"] for row in load_dataset(name, split="train", streaming=True) if row["text"].strip())
