"""Token ids and what goes with them: masks, types, boxes, the whole vocabulary in its turn."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch

from onnx_export_action.exporters.cases import Case

# Beyond twice the greatest of these, all distances between tokens look alike to the model.
_DISTANCES = ("relative_attention_max_distance", "sliding_window", "local_attention", "position_buckets")
_TABLES = ("max_position_embeddings", "n_positions", "max_target_positions")
_IMAGE_TOKENS = ("image_token_id", "image_token_index", "media_token_index", "im_token_id")
_MARKS = "visual_indicator_token_ids"  # which stand around the places of an image
_OF_OTHERS = ("audio", "video", "vision", "image")


class Text:
    """A model's vocabulary, its special tokens, and the longest text that it takes."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._config, self._tokenizer = model.config, tokenizer
        tables = (part for part in model.modules() if isinstance(part, torch.nn.Embedding))
        positions = (table for table in tables if table is not _words(model))
        self._padded_tables = {table.num_embeddings for table in positions if table.padding_idx is not None}

    @property
    def longest(self) -> int | None:
        """The longest text that the position table holds, in tokens; None without a limit."""
        tables = (getattr(self.config, key, None) for key in _TABLES)
        known = [value for value in tables if isinstance(value, int) and value > 0]
        # RoBERTa's family counts positions from behind the padding id, which costs the table's first rows.
        skipped = (self.special("pad_token_id") or 0) + 1 if known and known[0] in self._padded_tables else 0
        return max(1, known[0] - skipped) if known else None

    @property
    def farthest(self) -> int:
        """The greatest distance that positions tell apart."""
        distances = [getattr(self.config, key, None) for key in _DISTANCES]
        return 2 * max((value for value in distances if isinstance(value, int)), default=0) + 1

    @property
    def config(self) -> Any:
        """The configuration of the part that reads."""
        return self._config.get_text_config() if hasattr(self._config, "get_text_config") else self._config

    @property
    def image_token(self) -> int | None:
        """The token in whose places the features of an image are put."""
        return next((token for key in _IMAGE_TOKENS if (token := self.special(key)) is not None), None)

    @property
    def marks(self) -> list[int]:
        """Tokens that go with every image, beside those in its places."""
        return list(getattr(self._config, _MARKS, None) or [])

    @cached_property
    def tried(self) -> list[int]:
        """All tokens but those that stand for something else: padding, the end, an image, a sound."""
        others = {self.special(key) for key in ("pad_token_id", "eos_token_id")} | self._of_others
        return [token for token in range(self._size) if token not in others]

    def vocabulary(self, case: Case) -> torch.Tensor:
        """Every token in its turn, the end token behind each row."""
        eos = self.special("eos_token_id")
        ended = eos is not None and eos < self._size and case.sequence > 1
        ids = self.spread(case.batch, case.sequence - ended)
        return torch.nn.functional.pad(ids, (0, 1), value=eos) if ended else ids

    def spread(self, rows: int, columns: int, below: int | None = None) -> torch.Tensor:
        """Tokens spread evenly over the vocabulary, each in its turn; `below` where a decoder has fewer."""
        tokens = torch.tensor([token for token in self.tried if below is None or token < below])
        places = torch.linspace(0, len(tokens) - 1, rows * columns, dtype=torch.float64).round().long()
        return tokens[places].reshape(rows, columns)

    def written(self, case: Case, columns: int, generator: torch.Generator) -> torch.Tensor:
        """What a decoder has written so far: it begins as `generate` does, or takes the vocabulary in its turn."""
        if case.vocabulary:
            return self.spread(case.batch, columns, getattr(self._config, "decoder_vocab_size", None))
        ids = self.ids(torch.ones(case.batch, columns, dtype=torch.int64), generator, end=False)
        start = self.special("decoder_start_token_id")
        if start is not None and start < self._size:
            ids[:, 0] = start
        return ids

    def ids(self, mask: torch.Tensor, generator: torch.Generator, end: bool = True) -> torch.Tensor:
        """Ordinary tokens where the mask is 1, the end token behind each text, padding elsewhere."""
        ids = self._ordinary[torch.randint(0, len(self._ordinary), tuple(mask.shape), generator=generator)]
        pad, eos = self.special("pad_token_id"), self.special("eos_token_id")
        if end and eos is not None and eos < self._size:
            # Some heads read the answer at the end token: each row has exactly one, where its text ends.
            last = mask.shape[1] - 1 - mask.flip(1).argmax(1)
            ids[torch.arange(len(ids)), last] = eos
        return torch.where(mask.bool(), ids, torch.tensor(pad if pad is not None else 0))

    def types(self, mask: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Segments of the text, one after the other."""
        kinds = max(1, getattr(self.config, "type_vocab_size", 1) or 1)
        if kinds > 2:
            return torch.randint(0, kinds, tuple(mask.shape), generator=generator).sort(dim=1).values * mask
        starts = torch.randint(1, mask.shape[1] + 1, (len(mask), 1), generator=generator)
        return ((torch.arange(mask.shape[1]) >= starts) & mask.bool()).long().clamp(max=kinds - 1)

    def special(self, key: str) -> int | None:
        """A token of the configuration, or of the tokenizer where that says nothing."""
        value = getattr(self.config, key, None)
        value = getattr(self._config, key, None) if value is None else value
        if value is None and self._tokenizer is not None:
            value = getattr(self._tokenizer, key, None)
        value = value[0] if isinstance(value, list) and value else value
        return value if isinstance(value, int) and value >= 0 else None

    @cached_property
    def _ordinary(self) -> torch.Tensor:
        special = {self.special(key) for key in ("bos_token_id", "mask_token_id")}
        return torch.tensor([token for token in self.tried if token not in special] or [0])

    @property
    def _of_others(self) -> set[int | None]:
        """Tokens that mark an image, a sound or a video, or stand in its place."""
        keys = [key for key in vars(self._config) if "token" in key and any(word in key for word in _OF_OTHERS)]
        return {self.special(key) for key in (*keys, "image_token_id") if "num" not in key and "per" not in key}

    @property
    def _size(self) -> int:
        known = len(self._tokenizer) if self._tokenizer is not None else None
        return min((size for size in (getattr(self.config, "vocab_size", None), known) if size), default=1)


def mask_of(case: Case) -> torch.Tensor:
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


def boxes(mask: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Where each token stands on its page: left, top, right, bottom."""
    corners = torch.randint(0, 500, (*mask.shape, 2), generator=generator)
    return torch.cat([corners, corners + torch.randint(1, 500, corners.shape, generator=generator)], dim=-1)


def _words(model: Any) -> Any:
    try:
        return model.get_input_embeddings()
    except (AttributeError, NotImplementedError):
        return None
