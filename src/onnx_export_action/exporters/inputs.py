"""A model's inputs: their names as its tokenizer or processor gives them, their dynamic axes, values at any size.

Runs in a worker, on a loaded Transformers model.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from onnx_export_action.exporters.cases import Case, Reach
from onnx_export_action.workers.protocol import Refusal

_WITH_DECODER = ("text2text-generation", "automatic-speech-recognition", "feature-extraction")
# Beyond twice the greatest of these, all distances between tokens look alike to the model.
_DISTANCES = ("relative_attention_max_distance", "sliding_window", "local_attention", "position_buckets")
_DEFAULT_IMAGE_SIZE = 224
_DEFAULT_SAMPLES = 16_000
_DEFAULT_FRAMES = 3_000


class Inputs:
    """Names, axes and values of one model's inputs for one task."""

    def __init__(self, model: Any, task: str, folder: Path, tokenizer: Any) -> None:
        self._config = model.config
        self._processor = _read_json(folder / "preprocessor_config.json")
        self._tokenizer = tokenizer
        self._separate_batches = task in ("zero-shot-image-classification", "feature-extraction")
        self._names = _names(model, task, self._processor, tokenizer)
        tables = (part for part in model.modules() if isinstance(part, torch.nn.Embedding))
        positions = (table for table in tables if table is not _words(model))
        self._padded_tables = {table.num_embeddings for table in positions if table.padding_idx is not None}

    @property
    def names(self) -> tuple[str, ...]:
        """Input names in the order of the model's forward method."""
        return self._names

    @property
    def modality(self) -> str:
        """`text`, `image` or `sound`: what decides which cases prove it."""
        if "input_ids" in self._names:
            return "text"
        return "image" if "pixel_values" in self._names else "sound"

    @property
    def longest(self) -> int | None:
        """The longest text that the position table holds, in tokens; None without a limit."""
        text = self._text_config
        positions = [
            getattr(text, key, None) for key in ("max_position_embeddings", "n_positions", "max_target_positions")
        ]
        known = [value for value in positions if isinstance(value, int) and value > 0]
        # RoBERTa's family counts positions from behind the padding id, which costs the table's first rows.
        skipped = (self._special("pad_token_id") or 0) + 1 if known and known[0] in self._padded_tables else 0
        return max(1, known[0] - skipped) if known else None

    def reach(self, affordable: int) -> Reach:
        """How far the texts of the proof can go, with cases of so many tokens at most."""
        text = self._text_config
        distances = [getattr(text, key, None) for key in _DISTANCES]
        farthest = 2 * max((value for value in distances if isinstance(value, int)), default=0) + 1
        return Reach(self.longest, farthest, len(self._tokens_tried), affordable)

    @property
    def axes(self) -> dict[str, dict[int, str]]:
        """The axes that should be dynamic: input name to axis number to axis name."""
        return {name: self._axes_of(name) for name in self._names}

    def make(self, case: Case, seed: int) -> dict[str, torch.Tensor]:
        """Values for every input at the case's sizes; the same seed gives the same values."""
        generator = torch.Generator().manual_seed(seed)
        mask = _mask(case)
        made = {name: self._value(name, case, mask, generator) for name in self._names}
        return {name: value.contiguous() for name, value in made.items()}

    def derived(self, case: Case) -> dict[str, torch.Tensor]:
        """Inputs that the model makes itself when they are absent, with the same values: a file may ask for them."""
        positions = torch.arange(case.sequence).expand(case.batch, -1).contiguous()
        return {"position_ids": positions} if self.modality == "text" else {}

    def written(self, case: Case, columns: int, generator: torch.Generator) -> torch.Tensor:
        """What a decoder has written so far: it begins as `generate` does, or takes the vocabulary in its turn."""
        if case.vocabulary:
            return self._spread(case.batch, columns, getattr(self._config, "decoder_vocab_size", None))
        ids = self._ids(torch.ones(case.batch, columns, dtype=torch.int64), generator, end=False)
        start = self._special("decoder_start_token_id")
        if start is not None and start < self._size_of_vocabulary:
            ids[:, 0] = start
        return ids

    def columns(self, case: Case) -> int:
        """Tokens of an answer: fewer than the text has beside it, but where its last position is to be reached."""
        if self.modality != "text" or case.sequence == self.longest:
            return case.sequence
        return max(1, case.sequence - 1) if case.vocabulary else max(2, case.sequence - 2)

    def _axes_of(self, name: str) -> dict[int, str]:
        both = "input_ids" in self._names and "pixel_values" in self._names and self._separate_batches
        if name == "pixel_values":
            return {0: "image_batch_size" if both else "batch_size"}
        if name == "input_features":
            return {0: "batch_size"}
        if name == "input_values" or (name == "attention_mask" and self.modality == "sound"):
            return {0: "batch_size", 1: "sequence_length"}
        if name.startswith("decoder_"):
            return {0: "batch_size", 1: "decoder_sequence_length"}
        return {0: "text_batch_size" if both else "batch_size", 1: "sequence_length"}

    def _value(self, name: str, case: Case, mask: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        if name == "input_ids":
            return self._vocabulary(case) if case.vocabulary else self._ids(mask, generator)
        if name == "attention_mask":
            return self._sound_mask(case) if self.modality == "sound" else mask
        if name == "token_type_ids":
            return self._token_types(mask, generator)
        if name == "decoder_input_ids":
            return self.written(case, self.columns(case), generator)
        if name == "pixel_values":
            return self._image(case, generator)
        if name == "input_values":
            return torch.randn(case.batch, int(_DEFAULT_SAMPLES * case.scale), generator=generator)
        if name == "input_features":
            return self._features(case, generator)
        if name == "bbox":
            corners = torch.randint(0, 500, (*mask.shape, 2), generator=generator)
            return torch.cat([corners, corners + torch.randint(1, 500, corners.shape, generator=generator)], dim=-1)
        raise Refusal(f"The model needs an input `{name}` that this program cannot make.", "")

    @property
    def _tokens_tried(self) -> list[int]:
        """All but those that stand for something else: padding, the end, an image."""
        others = {self._special(key) for key in ("pad_token_id", "eos_token_id", "image_token_id")}
        return [token for token in range(self._size_of_vocabulary) if token not in others]

    @property
    def _size_of_vocabulary(self) -> int:
        return min(size for size in (getattr(self._text_config, "vocab_size", None), self._tokens) if size)

    def _vocabulary(self, case: Case) -> torch.Tensor:
        """Every token in its turn, the end token behind each row."""
        eos = self._special("eos_token_id")
        ended = eos is not None and eos < self._size_of_vocabulary and case.sequence > 1
        ids = self._spread(case.batch, case.sequence - ended)
        return torch.nn.functional.pad(ids, (0, 1), value=eos) if ended else ids

    def _spread(self, rows: int, columns: int, below: int | None = None) -> torch.Tensor:
        """Tokens spread evenly over the vocabulary, each in its turn; `below` where a decoder has fewer."""
        tokens = torch.tensor([token for token in self._tokens_tried if below is None or token < below])
        places = torch.linspace(0, len(tokens) - 1, rows * columns, dtype=torch.float64).round().long()
        return tokens[places].reshape(rows, columns)

    def _ids(self, mask: torch.Tensor, generator: torch.Generator, end: bool = True) -> torch.Tensor:
        special = {
            self._special(key)
            for key in ("pad_token_id", "bos_token_id", "eos_token_id", "mask_token_id", "image_token_id")
        }
        vocabulary = self._size_of_vocabulary
        ordinary = torch.tensor([token for token in range(vocabulary) if token not in special] or [0])
        ids = ordinary[torch.randint(0, len(ordinary), tuple(mask.shape), generator=generator)]
        pad, eos = self._special("pad_token_id"), self._special("eos_token_id")
        if end and eos is not None and eos < vocabulary:
            # Some heads read the answer at the end token: each row has exactly one, where its text ends.
            last = mask.shape[1] - 1 - mask.flip(1).argmax(1)
            ids[torch.arange(len(ids)), last] = eos
        return torch.where(mask.bool(), ids, torch.tensor(pad if pad is not None else 0))

    @property
    def _tokens(self) -> int | None:
        return len(self._tokenizer) if self._tokenizer is not None else None

    def _token_types(self, mask: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        kinds = max(1, getattr(self._text_config, "type_vocab_size", 1) or 1)
        if kinds > 2:
            return torch.randint(0, kinds, tuple(mask.shape), generator=generator).sort(dim=1).values * mask
        starts = torch.randint(1, mask.shape[1] + 1, (len(mask), 1), generator=generator)
        return ((torch.arange(mask.shape[1]) >= starts) & mask.bool()).long().clamp(max=kinds - 1)

    def _image(self, case: Case, generator: torch.Generator) -> torch.Tensor:
        vision = getattr(self._config, "vision_config", None) or self._config
        height, width = _image_size(vision, self._processor)
        channels = getattr(vision, "num_channels", None) or 3
        batch = case.batch + 1 if self._axes_of("pixel_values")[0] == "image_batch_size" else case.batch
        shape = (batch, channels, int(height * case.scale), int(width * case.scale * case.wide))
        return torch.randn(shape, generator=generator)

    def _features(self, case: Case, generator: torch.Generator) -> torch.Tensor:
        bins = self._processor.get("feature_size") or getattr(self._config, "num_mel_bins", 80)
        positions = getattr(self._config, "max_source_positions", None)
        frames = 2 * positions if positions else self._processor.get("nb_max_frames", _DEFAULT_FRAMES)
        return torch.randn(case.batch, bins, frames, generator=generator)

    def _sound_mask(self, case: Case) -> torch.Tensor:
        length = int(_DEFAULT_SAMPLES * case.scale)
        ends = torch.tensor([length - row * length // 10 for row in range(case.batch)])
        return (torch.arange(length)[None] < ends[:, None]).long()

    @property
    def _text_config(self) -> Any:
        return self._config.get_text_config() if hasattr(self._config, "get_text_config") else self._config

    def _special(self, key: str) -> int | None:
        value = getattr(self._text_config, key, None)
        value = getattr(self._config, key, None) if value is None else value
        if value is None and self._tokenizer is not None:
            value = getattr(self._tokenizer, key, None)
        value = value[0] if isinstance(value, list) and value else value
        return value if isinstance(value, int) and value >= 0 else None


def _words(model: Any) -> Any:
    try:
        return model.get_input_embeddings()
    except (AttributeError, NotImplementedError):
        return None


def _names(model: Any, task: str, processor: Mapping[str, Any], tokenizer: Any) -> tuple[str, ...]:
    parameters = inspect.signature(model.forward).parameters
    wanted = {model.main_input_name}
    wanted |= {name for name, p in parameters.items() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD}
    if "input_ids" in parameters and (tokenizer is not None or model.main_input_name == "input_ids"):
        wanted |= {"input_ids", "attention_mask", *(getattr(tokenizer, "model_input_names", None) or ())}
    if tokenizer is None and (getattr(model.config, "type_vocab_size", None) or 0) > 1:
        wanted.add("token_type_ids")  # what a tokenizer for such a model gives
    if processor.get("return_attention_mask") and model.main_input_name == "input_values":
        wanted.add("attention_mask")
    if "pixel_values" in parameters and (processor or hasattr(model.config, "vision_config")):
        wanted.add("pixel_values")
    if getattr(model.config, "is_encoder_decoder", False) and task in _WITH_DECODER:
        wanted.add("decoder_input_ids")
    if getattr(model.config, "model_type", "") == "whisper":
        wanted -= {"attention_mask", "input_ids"}
    return tuple(name for name in parameters if name in wanted)


def _mask(case: Case) -> torch.Tensor:
    """1 where there is text; with padding, row i is shorter by i steps, a single row by one step."""
    if case.padding == "none":
        return torch.ones(case.batch, case.sequence, dtype=torch.int64)
    if case.padding == "between":
        # Places within the text that differ from row to row, never its first or last.
        place, row = torch.arange(case.sequence)[None], torch.arange(case.batch)[:, None]
        hidden = ((place + row) % 4 == 2) & (place > 0) & (place < case.sequence - 1)
        return (~hidden).long()
    step = max(1, case.sequence // (case.batch + 1))
    lengths = torch.tensor([max(1, case.sequence - (row or case.batch == 1) * step) for row in range(case.batch)])
    mask = (torch.arange(case.sequence)[None] < lengths[:, None]).long()
    return mask if case.padding == "right" else mask.flip(1)


def _image_size(vision: Any, processor: Mapping[str, Any]) -> tuple[int, int]:
    for size in (getattr(vision, "image_size", None), processor.get("crop_size"), processor.get("size")):
        if isinstance(size, int):
            return size, size
        if isinstance(size, (list, tuple)) and len(size) == 2:
            return int(size[0]), int(size[1])
        if isinstance(size, dict) and "height" in size:
            return int(size["height"]), int(size["width"])
        if isinstance(size, dict) and "shortest_edge" in size:
            return int(size["shortest_edge"]), int(size["shortest_edge"])
    return _DEFAULT_IMAGE_SIZE, _DEFAULT_IMAGE_SIZE


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    loaded = json.loads(path.read_text(encoding="utf-8"))
    return loaded if isinstance(loaded, dict) else {}
