"""What PyTorch's own `generate` says to a few prompts: tokens, and the scores that they were chosen by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from onnx_export_action.exporters import diagnosis
from onnx_export_action.exporters.cached_inputs import CachedInputs
from onnx_export_action.exporters.cases import Case, Padding
from onnx_export_action.exporters.module import NamedModule, array
from onnx_export_action.exporters.products import by_onednn
from onnx_export_action.exporters.seq2seq_inputs import EncoderInputs
from onnx_export_action.exporters.whole_text import WholeText
from onnx_export_action.workers.protocol import Refusal

_BATCHES = (1, 3)
_PADDINGS: tuple[Padding, ...] = ("left", "none")
_PROMPT, _TOKENS = 11, 20
_PROMPT_ANEW, _TOKENS_ANEW = 5, 3
_SEED = 3026


Texts = CachedInputs | EncoderInputs | WholeText


def write(model: Any, texts: CachedInputs | EncoderInputs, folder: Path) -> list[dict[str, Any]]:
    """Generate greedily for one text and for three with padding; what the first call takes, and what came out."""
    said = [_said(model, texts, batch, _padding(model, batch), _PROMPT, _TOKENS) for batch in _BATCHES]
    return [_write(each, texts, folder) for each in said]


def write_whole(module: NamedModule, texts: WholeText, folder: Path) -> list[dict[str, Any]]:
    """The same for a file without a cache, which reads the whole text at each step and has no positions as input.

    Three short texts at once and fewer tokens, as every step reads them all anew and takes nothing else from the one
    before: with padding on the left, or with none where that shifts the model's positions. Nothing where `generate`
    does something else than to read on, or fails: then there is nothing that a file could be held to.
    """
    for padding in _PADDINGS:
        try:
            said = _said(module.model, texts, max(_BATCHES), padding, _PROMPT_ANEW, _TOKENS_ANEW)
        except Refusal:
            return []
        if _reads_on(module, said):
            return [_write(said, texts, folder)]
    return []


@dataclass(frozen=True)
class _Said:
    prompt: Mapping[str, torch.Tensor]
    padding: Padding
    start: torch.Tensor  # what stands before the first token: the prompt, or an encoder-decoder's start token
    tokens: torch.Tensor
    scores: torch.Tensor


def _padding(model: Any, batch: int) -> Padding:
    """A decoder goes on at the right end, so its padding is on the left; an encoder's is where tokenizers put it."""
    if batch == 1:
        return "none"
    return "right" if model.config.is_encoder_decoder else "left"


def _said(model: Any, texts: Texts, batch: int, padding: Padding, length: int, tokens: int) -> _Said:
    longest = texts.longest or length + tokens
    tokens = min(tokens, longest - 1)
    length = min(length, longest - tokens)
    prompt = texts.prompt(Case(batch, length, padding), _SEED + batch)
    return _Said(prompt, padding, *generate(model, prompt, tokens))


def _reads_on(module: NamedModule, said: _Said) -> bool:
    """Whether the model without a cache, given prompt and tokens at once, would choose the same token everywhere."""
    ids = torch.cat([said.prompt["input_ids"], said.tokens], dim=1)
    mask = torch.cat([said.prompt["attention_mask"], torch.ones_like(said.tokens)], dim=1)
    logits = module.answer({"input_ids": ids, "attention_mask": mask})["logits"]
    start = said.prompt["input_ids"].shape[1] - 1
    return bool((logits[:, start:-1].argmax(-1) == said.tokens).all())


def _write(said: _Said, texts: Texts, folder: Path) -> dict[str, Any]:
    batch, tokens = said.tokens.shape
    file = folder / f"generation-{batch}.npz"
    arrays = {f"in.{name}": array(value) for name, value in first(said.prompt, texts).items()}
    arrays |= {"tokens": said.tokens.numpy(), "scores": array(said.scores), "start": said.start.numpy()}
    np.savez(file, allow_pickle=False, **arrays)
    padding = said.padding if "attention_mask" in said.prompt else "none"
    return {"file": str(file), "batch": batch, "tokens": tokens, "padding": padding}


def first(prompt: Mapping[str, torch.Tensor], texts: Texts) -> Mapping[str, torch.Tensor]:
    """What the first call takes, an encoder's or a decoder's."""
    if isinstance(texts, EncoderInputs):
        return prompt
    return texts.first(prompt["input_ids"], prompt["attention_mask"])


def generate(
    model: Any, prompt: Mapping[str, torch.Tensor], tokens: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What it starts from, the tokens that it writes, and the scores that they are chosen by."""
    with _greedy(model, tokens), by_onednn():
        try:
            # The plain one: what Whisper puts in its place chops the sound, and chooses tokens by rules of its own.
            said = transformers.GenerationMixin.generate(model, **prompt)
        except Exception as error:
            raise Refusal(
                f"`generate` of the model itself fails: {diagnosis.first_sentence(str(error) or type(error).__name__)}",
                "Use the task without `-with-past`.",
                "usage",
            ) from error
    length = 1 if model.config.is_encoder_decoder else prompt["input_ids"].shape[1]
    return said.sequences[:, :length], said.sequences[:, length:], torch.stack(said.logits, dim=1)


@contextmanager
def _greedy(model: Any, tokens: int) -> Iterator[None]:
    """No sampling, no early end, nothing that changes scores; `generate` fills gaps from the model's own settings."""
    own = model.generation_config
    start = own.decoder_start_token_id
    model.generation_config = transformers.GenerationConfig(
        decoder_start_token_id=getattr(model.config, "decoder_start_token_id", None) if start is None else start,
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
