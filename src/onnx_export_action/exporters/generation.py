"""What PyTorch's own `generate` says to a few prompts: tokens, and the scores that they were chosen by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from onnx_export_action.exporters import diagnosis
from onnx_export_action.exporters.cached_inputs import CachedInputs
from onnx_export_action.exporters.cases import Case
from onnx_export_action.workers.protocol import Refusal

_BATCHES = (1, 3)
_TOKENS = 20
_PROMPT = 11
_SEED = 3026


def write(model: Any, inputs: CachedInputs, folder: Path) -> list[dict[str, Any]]:
    """Generate greedily for one text and for three with left padding; what the first call takes, and what came out."""
    tokens = min(_TOKENS, (inputs.longest or 2 * _TOKENS) - 1)
    length = min(_PROMPT, (inputs.longest or 2 * _TOKENS) - tokens)
    written = []
    for batch in _BATCHES:
        prompt = inputs.prompt(Case(batch, length, "left" if batch > 1 else "none"), _SEED + batch)
        chosen, scores = _generate(model, prompt, tokens)
        first = inputs.first(prompt["input_ids"], prompt["attention_mask"])
        file = folder / f"generation-{batch}.npz"
        arrays = {f"in.{name}": _array(value) for name, value in first.items()}
        np.savez(file, allow_pickle=False, tokens=chosen.numpy(), scores=_array(scores), **arrays)
        written.append({"file": str(file), "batch": batch, "tokens": tokens})
    return written


def _generate(model: Any, prompt: Mapping[str, torch.Tensor], tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
    with _greedy(model, tokens):
        try:
            said = model.generate(**prompt)
        except Exception as error:
            raise Refusal(
                f"`generate` of the model itself fails: {diagnosis.first_sentence(str(error) or type(error).__name__)}",
                "Use `task: text-generation`, a file without a cache.",
                "usage",
            ) from error
    return said.sequences[:, prompt["input_ids"].shape[1] :], torch.stack(said.logits, dim=1)


@contextmanager
def _greedy(model: Any, tokens: int) -> Iterator[None]:
    """No sampling, no early end, nothing that changes scores; `generate` fills gaps from the model's own settings."""
    own = model.generation_config
    model.generation_config = transformers.GenerationConfig(
        max_new_tokens=tokens,
        do_sample=False,
        use_cache=True,
        pad_token_id=0,
        return_dict_in_generate=True,
        output_logits=True,
    )
    try:
        yield
    finally:
        model.generation_config = own


def _array(value: torch.Tensor) -> np.ndarray[Any, Any]:
    return np.asarray(value.float() if value.dtype is torch.bfloat16 else value)
