"""Ordinary text to fit statistics on, and to measure perplexity on.

wikipedia_leads("fit")          # some 9,000 lead paragraphs, in a fixed random order
from_hub("wikitext")            # the "text" column of a data set, where a hub is reachable
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from .assets import WIKIPEDIA_LEADS, expanded, fetch
from .records import HUB

# What looks like a file's name: an ending, or folders.
FILE = re.compile(r"[^\n]{1,200}\.(?:txt|md|jso?nl?|ndjson|[ct]sv|parquet|gz|zip)|[~.\w-]*[/\\]\S*", re.I)


def wikipedia_leads(part: Literal["fit", "heldout"]) -> list[str]:
    """Lead paragraphs of English Wikipedia (CC BY-SA 4.0), in a fixed random order.

    "heldout" is a tenth of the articles, for perplexity; statistics only ever see "fit".
    """
    articles = json.loads(fetch(WIKIPEDIA_LEADS).read_text(encoding="utf-8"))
    leads = [article["extract"] for _, article in sorted(articles.items()) if article["extract"].strip()]
    random.Random(0).shuffle(leads)
    cut = len(leads) // 10
    return leads[:cut] if part == "heldout" else leads[cut:]


def from_hub(name: str | Path) -> Iterable[str]:
    """The texts of a data set on a hub with a "text" column, streamed. Needs ``pip install datasets``.

    Raises:
        TypeError: a file, or one text where a list of them is meant.
        FileNotFoundError: what looks like a file's name, and is none.
        ImportError: ``datasets`` is not there.
    """
    if os.path.isfile(expanded(name)):  # Path.exists() fails on a long text
        raise TypeError(
            f"texts must be a list of texts, not the file {name}: open({str(expanded(name))!r}).readlines()?"
        )
    if isinstance(name, Path) or (not HUB.fullmatch(name) and FILE.fullmatch(name)):
        raise FileNotFoundError(f"There is no file {name}. texts must be a list: open(path).readlines().")
    if not HUB.fullmatch(name):
        raise TypeError(
            f"texts must be a list of texts, or the name of a data set on a hub: [{name[:60]!r}]?"
        )
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise ImportError(
            f"If {name!r} is a data set on a hub: pip install datasets. If it is a text: [{name!r}]."
        ) from error
    return (row["text"] for row in load_dataset(name, split="train", streaming=True) if row["text"].strip())
