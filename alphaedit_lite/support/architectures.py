"""Where every family of models keeps its parts: a table, and nothing else.

Adding a family is adding a line. Whether the line is right is not a matter of trust: when a model is
wrapped, ``proof`` runs it whole and in parts, and refuses it if the two differ.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """Where a family keeps its parts. Paths are relative to ``model.base_model``."""

    blocks: str  # the list of blocks
    down_projection: str  # inside a block: the module whose weight is the memory matrix
    final_norm: str
    transposed: bool = False  # GPT-2's Conv1D stores W as [d_ff, d_model]
    positions: str | None = None  # the table of learned positions, if any: no prompt can be longer


_LLAMA = Architecture("layers", "mlp.down_proj", "norm")
_GPT2 = Architecture("h", "mlp.c_proj", "ln_f", positions="wpe")
ARCHITECTURES = {
    "llama": _LLAMA,
    "mistral": _LLAMA,
    "qwen2": _LLAMA,
    "qwen3": _LLAMA,
    "gemma": _LLAMA,
    "gpt2": Architecture("h", "mlp.c_proj", "ln_f", transposed=True, positions="wpe"),
    "gptj": Architecture("h", "mlp.fc_out", "ln_f"),
    "gpt_neox": Architecture("layers", "mlp.dense_4h_to_h", "final_layer_norm"),
    "phi": Architecture("layers", "mlp.fc2", "final_layernorm"),
    "bloom": Architecture("h", "mlp.dense_4h_to_h", "ln_f"),
    "cohere": _LLAMA,
    "falcon": Architecture("h", "mlp.dense_4h_to_h", "ln_f"),
    "gpt_bigcode": _GPT2,
    "gpt_neo": _GPT2,
    "granite": _LLAMA,
    "olmo": _LLAMA,
    "opt": Architecture(
        "decoder.layers", "fc2", "decoder.final_layer_norm", positions="decoder.embed_positions"
    ),
    "phi3": _LLAMA,
    "smollm3": _LLAMA,
    "stablelm": _LLAMA,
    "starcoder2": Architecture("layers", "mlp.c_proj", "norm"),
}
_AGAIN = (
    "it normalises the output of the feed-forward layer again, so what is written there is not what is added"
)
REFUSED = {
    "gemma2": _AGAIN,
    "gemma3": _AGAIN,
    "gemma3_text": _AGAIN,
    "olmo2": _AGAIN,
    "mixtral": "its feed-forward layers are many experts, of which each token sees a few",
}


class UnsupportedModelError(ValueError):
    """The model cannot be edited by this package; the message says why."""
