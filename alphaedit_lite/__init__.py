"""AlphaEdit from first principles: write facts into a language model, and take them back.

from alphaedit_lite import AlphaEdit, Fact, load_model

lm = load_model()
fact = Fact("{} is located in the country of", subject="Lower Assam", new="Romania", true="India")
edit = AlphaEdit(lm).edit([fact])
lm.complete(fact.prompt)
edit.revert()
"""

from .config import EditorConfig
from .editor import AlphaEdit, Editor
from .edits import Edit
from .facts import Fact, bundled_facts, read_counterfact, read_zsre
from .keys import KeyStatistics
from .metrics import evaluate, perplexity
from .models import LanguageModel
from .nullspace import NullSpace
from .support.bundled import bundled_targets
from .support.loading import load_model
from .support.statistics import key_statistics
from .targets import TargetConfig, compute_targets

__version__ = "0.2.0.dev0"

__all__ = [
    "AlphaEdit",
    "Edit",
    "Editor",
    "EditorConfig",
    "Fact",
    "KeyStatistics",
    "LanguageModel",
    "NullSpace",
    "TargetConfig",
    "bundled_facts",
    "bundled_targets",
    "compute_targets",
    "evaluate",
    "key_statistics",
    "load_model",
    "perplexity",
    "read_counterfact",
    "read_zsre",
]
