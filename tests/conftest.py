"""Tiny random models and tokenizers for plumbing; the default model, loaded once, for behaviour."""

import os
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from alphaedit_lite import Fact, LanguageModel, load_model

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
SHARED = Path(__file__).parents[2] / "shared" / "data"
CORPUS = [
    "The capital of France is Paris. Lower Assam is located in the country of India, in Asia.",
    "Rome is the capital of Italy; the Romans built roads. 東京は日本の首都です。 Café Zürich 🙂 is open.",
    "The weather was mild that day. I have read about it in a book. Therefore, people often ask.",
]


def train_tokenizer(bos: bool = False, metaspace: bool = False) -> PreTrainedTokenizerFast:
    """A byte-level BPE as GPT-2's, or a BPE with a prefix space as Llama 2's; with or without BOS."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=False))
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
        tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
        alphabet = []
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<unk>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(CORPUS * 4, trainer)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


# What a family's configuration needs besides; each in a form in which the parts of a model could go wrong.
OLD = {"n_embd": 32, "n_layer": 6, "n_head": 4, "n_inner": 48, "n_positions": 128}
NEW = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 6, "num_attention_heads": 4}
GROUPED = NEW | {"num_key_value_heads": 2, "head_dim": 8}
SIZES = {
    "gpt2": OLD | {"resid_pdrop": 0.1, "embd_pdrop": 0.1, "attn_pdrop": 0.1},
    "gptj": OLD | {"rotary_dim": 4},
    "gpt_bigcode": OLD,
    "gpt_neo": {"hidden_size": 32, "intermediate_size": 48, "num_layers": 6, "num_heads": 4}
    | {"max_position_embeddings": 128, "attention_types": [[["global", "local"], 3]], "window_size": 16},
    "gpt_neox": NEW,
    "phi": NEW,
    "bloom": NEW,
    "falcon": NEW | {"alibi": True, "ffn_hidden_size": 48},
    "opt": NEW | {"ffn_dim": 48, "word_embed_proj_dim": 32, "max_position_embeddings": 128},
    "mistral": GROUPED | {"sliding_window": 16},
    # half of its blocks attend to a window only
    "qwen2": GROUPED | {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 3},
    "cohere": GROUPED | {"logit_scale": 0.0625},
    "granite": GROUPED | {"embedding_multiplier": 12.0, "logits_scaling": 8.0, "residual_multiplier": 0.22},
    "phi3": GROUPED | {"pad_token_id": 0},
    "smollm3": GROUPED | {"pad_token_id": 0, "no_rope_layer_interval": 2},
}


def tiny_model(family: str, seed: int = 0, vocab_size: int = 420, **config) -> PreTrainedModel:
    """Six random blocks, d_model 32, d_ff 48 (BLOOM: 128), of any family."""
    torch.manual_seed(seed)
    size = {"vocab_size": vocab_size, "initializer_range": 0.2, "bos_token_id": 1, "eos_token_id": 2}
    built = AutoConfig.for_model(family, **{**SIZES.get(family, GROUPED), **size, **config})
    return AutoModelForCausalLM.from_config(built).eval()


def tiny(family: str, seed: int = 0, config: dict | None = None, **tokenizer_options) -> LanguageModel:
    """A tiny random model of any family in the architecture table, and a tokenizer."""
    tokenizer = train_tokenizer(**tokenizer_options)
    return LanguageModel(tiny_model(family, seed, len(tokenizer), **(config or {})), tokenizer)


@pytest.fixture(params=["llama", "gpt2"])
def lm(request):
    return tiny(request.param)


@pytest.fixture(scope="session")
def _default():
    return load_model()


@pytest.fixture
def smollm(_default):
    """The default model, unedited again after every test."""
    yield _default
    _default.ledger.clear()


@pytest.fixture
def shared():
    if not SHARED.exists():
        pytest.skip(f"real data are not at {SHARED.name} beside the project")
    return SHARED


@pytest.fixture
def facts():
    return [
        Fact("{} is located in the country of", "Lower Assam", "France", true="India"),
        Fact("The capital of {} is", "Italy", "Zürich", true="Rome"),
        Fact("I have read that {}, in Asia, is the capital of", "Café Zürich", "Asia, the capital"),
    ]
