"""Load a Transformers checkpoint exactly as it was trained; runs in a worker.

A weight that the checkpoint does not hold is an error that names it, never an initialisation:
a file exported from random numbers would pass every comparison.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers

from onnx_export_action.exporters import diagnosis
from onnx_export_action.exporters.lean.importing import complete
from onnx_export_action.exporters.lean.loading import loading
from onnx_export_action.tasks import AUTO_CLASSES
from onnx_export_action.workers.protocol import Refusal

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def load(path: str, task: str, dtype: str, trust_remote_code: bool) -> torch.nn.Module:
    """The model in evaluation mode, in `dtype`, with every weight from the checkpoint."""
    if trust_remote_code:
        complete()
    try:
        return _load(path, task, dtype, trust_remote_code)
    except Refusal:
        if not complete():
            raise
    return _load(path, task, dtype, trust_remote_code)


def _load(path: str, task: str, dtype: str, trust_remote_code: bool) -> torch.nn.Module:
    with loading():
        config = _config(path, trust_remote_code)
        auto_class = _auto_class(config, task, trust_remote_code)
        options = {"config": config, "dtype": DTYPES[dtype], "trust_remote_code": trust_remote_code}
        model, info = _from_pretrained(auto_class, path, options)
        unused_pooler = info["missing_keys"] and all(".pooler." in f".{key}" for key in info["missing_keys"])
        if unused_pooler and task == "feature-extraction":
            # Checkpoints saved with a head have no pooler; the model exists without one, and that is what was trained.
            model, info = _from_pretrained(auto_class, path, {**options, "add_pooling_layer": False})
    _refuse_initialised(info)
    return model.eval().requires_grad_(False)


def _config(path: str, trust_remote_code: bool) -> Any:
    try:
        return transformers.AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=trust_remote_code)
    except Exception as error:
        raise Refusal(
            f"config.json cannot be read by transformers {transformers.__version__}: {_first_line(error)}",
            "Check `model_type` and the file's values, or save the model with a released version of transformers.",
            "usage",
        ) from error


def _auto_class(config: Any, task: str, trust_remote_code: bool) -> Any:
    candidates = [getattr(transformers, name) for name in AUTO_CLASSES[task] if hasattr(transformers, name)]
    for auto_class in candidates:
        if type(config) in auto_class._model_mapping:
            return auto_class
    if trust_remote_code and candidates:
        return candidates[0]
    fitting = [name for name, classes in AUTO_CLASSES.items() if any(_serves(name, config) for name in classes)]
    own = "No task fits this part of a model: name a Python file with a factory that loads it as `model`."
    raise Refusal(
        f"A {config.model_type} model has no class for the task {task} in transformers {transformers.__version__}.",
        f"Tasks that fit: {', '.join(fitting)}." if fitting else own,
        "usage",
    )


def _serves(auto_class: str, config: Any) -> bool:
    found = getattr(transformers, auto_class, None)
    return found is not None and type(config) in found._model_mapping


def _from_pretrained(auto_class: Any, path: str, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    try:
        model, info = auto_class.from_pretrained(
            path,
            local_files_only=True,
            output_loading_info=True,
            weights_only=True,
            ignore_mismatched_sizes=True,  # so that they are listed, and refused by name
            **options,
        )
    except MemoryError:
        raise
    except Exception as error:
        raise Refusal(
            f"The weights cannot be loaded into {options['config'].model_type}: {_first_line(error)}",
            f"Check that {Path(path).name} was saved completely, by `save_pretrained`, for this architecture.",
            "usage",
        ) from error
    return model, info


def _refuse_initialised(info: dict[str, Any]) -> None:
    for kind, what in (
        ("missing_keys", "missing from the checkpoint"),
        ("mismatched_keys", "of another shape in the checkpoint"),
    ):
        names = sorted(key if isinstance(key, str) else key[0] for key in info.get(kind) or ())
        if names:
            shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            raise Refusal(
                f"{len(names)} weights are {what} and would be random numbers: {shown}.",
                "Choose the `task` that the checkpoint was trained for, or save the whole model.",
                "usage",
            )


def _first_line(error: Exception) -> str:
    return diagnosis.first_sentence(str(error) or type(error).__name__, 300)


def tokenizer(path: str, trust_remote_code: bool) -> tuple[Any, str | None]:
    """The tokenizer, or None with a warning; None without one when the model has no tokenizer."""
    names = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "spiece.model", "tokenizer.model")
    if not any((Path(path) / name).exists() for name in names):
        return None, None
    try:
        return transformers.AutoTokenizer.from_pretrained(
            path, local_files_only=True, trust_remote_code=trust_remote_code
        ), None
    except Exception as error:
        reason = f"by transformers {transformers.__version__}: {_first_line(error)}"
    try:
        # A class that this version does not know says nothing against the file that holds the whole tokenizer.
        settings = json.loads((Path(path) / "tokenizer_config.json").read_text(encoding="utf-8"))
        plain = {key: value for key, value in settings.items() if key.endswith("_token") or key == "model_input_names"}
        return transformers.PreTrainedTokenizerFast(tokenizer_file=str(Path(path) / "tokenizer.json"), **plain), None
    except Exception:  # whatever is wrong with these files too: the first reason is the one to tell
        return None, f"The tokenizer cannot be loaded {reason}"
