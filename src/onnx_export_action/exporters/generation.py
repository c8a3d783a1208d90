"""What PyTorch's own `generate` says to a few prompts: tokens, and the scores that they were chosen by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import transformers

from onnx_export_action.exporters import diagnosis
from onnx_export_action.exporters.cases import Case, Padding
from onnx_export_action.exporters.module import NamedModule
from onnx_export_action.workers.protocol import Refusal

_BATCHES = (1, 3)
_TOKENS = 20
_PROMPT = 11
_SEED = 3026


class Texts(Protocol):
    """What a generation needs to know of a decoder's inputs."""

    @property
    def longest(self) -> int | None:
        """The longest text that the model takes; None without a limit."""

    def prompt(self, case: Case, seed: int) -> dict[str, torch.Tensor]:
        """The text that a generation starts from."""

    def first(self, ids: torch.Tensor, mask: torch.Tensor) -> dict[str, torch.Tensor]:
        """The inputs of the first call for a text."""


def write(model: Any, texts: Texts, folder: Path) -> list[dict[str, Any]]:
    """Generate greedily for one text and for three with left padding; what the first call takes, and what came out."""
    return [_write(_said(model, texts, batch, _left(batch)), texts, folder) for batch in _BATCHES]


def write_whole(module: NamedModule, texts: Texts, folder: Path) -> list[dict[str, Any]]:
    """The same for a file without a cache, which reads the whole text at each step and has no positions as input.

    Where padding on the left shifts the model's positions, the texts have none. Nothing where `generate` does something
    else than to read on, or fails: then there is nothing that a file could be held to.
    """
    written = []
    for batch in _BATCHES:
        try:
            tries = [_said(module.model, texts, batch, padding) for padding in dict.fromkeys((_left(batch), "none"))]
        except Refusal:
            return []
        same = [said for said in tries if _reads_on(module, said)]
        if not same:
            return []
        written.append(_write(same[0], texts, folder))
    return written


@dataclass(frozen=True)
class _Said:
    prompt: Mapping[str, torch.Tensor]
    padding: Padding
    tokens: torch.Tensor
    scores: torch.Tensor


def _left(batch: int) -> Padding:
    return "left" if batch > 1 else "none"


def _said(model: Any, texts: Texts, batch: int, padding: Padding) -> _Said:
    tokens = min(_TOKENS, (texts.longest or 2 * _TOKENS) - 1)
    length = min(_PROMPT, (texts.longest or 2 * _TOKENS) - tokens)
    prompt = texts.prompt(Case(batch, length, padding), _SEED + batch)
    return _Said(prompt, padding, *_generate(model, prompt, tokens))


def _reads_on(module: NamedModule, said: _Said) -> bool:
    """Whether the model without a cache, given prompt and tokens at once, would choose the same token everywhere."""
    ids = torch.cat([said.prompt["input_ids"], said.tokens], dim=1)
    mask = torch.cat([said.prompt["attention_mask"], torch.ones_like(said.tokens)], dim=1)
    logits = module.answer({"input_ids": ids, "attention_mask": mask})["logits"]
    start = said.prompt["input_ids"].shape[1] - 1
    return bool((logits[:, start:-1].argmax(-1) == said.tokens).all())


def _write(said: _Said, texts: Texts, folder: Path) -> dict[str, Any]:
    first = texts.first(said.prompt["input_ids"], said.prompt["attention_mask"])
    batch, tokens = said.tokens.shape
    file = folder / f"generation-{batch}.npz"
    arrays = {f"in.{name}": _array(value) for name, value in first.items()}
    np.savez(file, allow_pickle=False, tokens=said.tokens.numpy(), scores=_array(said.scores), **arrays)
    return {"file": str(file), "batch": batch, "tokens": tokens, "padding": said.padding}


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
