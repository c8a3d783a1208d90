"""Inputs of an encoder and of its decoders: the model's own encoder and first decoder make what the others take."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import torch

from onnx_export_action.exporters import cases
from onnx_export_action.exporters.cached import PAST, PRESENT
from onnx_export_action.exporters.cases import Case, Reach
from onnx_export_action.exporters.inputs import Inputs
from onnx_export_action.exporters.seq2seq import HIDDEN, MASK, Decoder, Encoder

_SOURCE = "encoder_sequence_length"
_FIRST = (1, 4, 9)
_PASTS = (3, 11, 29)
_SOURCE_LENGTH = 7  # where the answer is what is tried


class EncoderInputs:
    """What the whole model takes, without what its decoder reads."""

    def __init__(self, whole: Inputs, dtype: torch.dtype) -> None:
        self._whole, self._dtype = whole, dtype
        self.names = tuple(name for name in whole.names if not name.startswith("decoder_"))
        self.modality = whole.modality
        self.longest = whole.longest

    @property
    def masked(self) -> bool:
        """Whether the decoder has to know which positions are padding."""
        return "attention_mask" in self.names and self.modality == "text"

    @property
    def axes(self) -> dict[str, dict[int, str]]:
        """The axes that should be dynamic, named as Optimum names them."""
        own = {name: self._whole.axes[name] for name in self.names}
        return {
            name: {axis: _SOURCE if label == "sequence_length" else label for axis, label in labels.items()}
            for name, labels in own.items()
        }

    def make(self, case: Case, seed: int) -> dict[str, torch.Tensor]:
        """Values at the case's sizes; the same seed gives the same values."""
        made = self._whole.make(case, seed)
        kept = {name: made[name] for name in self.names}
        return {name: value.to(self._dtype) if value.is_floating_point() else value for name, value in kept.items()}

    def derived(self, _: Case) -> dict[str, torch.Tensor]:
        """Nothing: an encoder's file asks for what the tokenizer or the processor gives."""
        return {}

    def reach(self, affordable: int) -> Reach:
        """How far the source can be taken."""
        return self._whole.reach(affordable)

    def prompt(self, case: Case, seed: int) -> dict[str, torch.Tensor]:
        """What a generation starts from."""
        return self.make(case, seed)


class DecoderInputs:
    """Names, axes and values of the decoder, or of the one with past where `step` is given."""

    modality = "text"

    def __init__(
        self,
        whole: Inputs,
        source: EncoderInputs,
        encoder: Encoder,
        first: Decoder,
        dtype: torch.dtype,
        step: Decoder | None = None,
    ) -> None:
        self._whole, self._source, self._dtype = whole, source, dtype
        self._encoder, self._first, self._step = encoder, first, step

    @property
    def names(self) -> tuple[str, ...]:
        """Input names in Optimum's order."""
        return (self._step or self._first).input_names

    @property
    def longest(self) -> int | None:
        """The longest answer that the position table holds."""
        return self._whole.longest

    @property
    def layers(self) -> int:
        """How many layers of keys and values the decoder makes."""
        answered = self._first.answer(self._before(Case(1, 1, source=3), 0))
        return sum(name.endswith(".decoder.key") for name in answered)

    @property
    def axes(self) -> dict[str, dict[int, str]]:
        """The axes that should be dynamic; a window of sound has one length."""
        source = {1: _SOURCE} if self._source.modality == "text" else {}
        text = {} if self._step else {1: "decoder_sequence_length"}
        found = {MASK: {0: "batch_size", **source}, HIDDEN: {0: "batch_size", **source}}
        found["input_ids"] = {0: "batch_size", **text}
        encoder = {0: "batch_size", **{axis + 1: label for axis, label in source.items()}}
        decoder = {0: "batch_size", 2: "past_decoder_sequence_length"}
        return {name: found.get(name) or (encoder if ".encoder." in name else decoder) for name in self.names}

    def make(self, case: Case, seed: int) -> dict[str, torch.Tensor]:
        """Values at the case's sizes; the same seed gives the same values."""
        if self._step is None:
            return self._before(case, seed)
        whole = self._before(case, seed)
        answered = self._first.answer({**whole, "input_ids": whole["input_ids"][:, : case.past]})
        past = {name.replace(PRESENT, PAST): value for name, value in answered.items() if name.startswith(PRESENT)}
        given = {**whole, **past, "input_ids": whole["input_ids"][:, case.past :]}
        return {name: given[name].contiguous() for name in self.names}

    def derived(self, _: Case) -> dict[str, torch.Tensor]:
        """Nothing: a decoder counts its positions by the past."""
        return {}

    def reach(self, affordable: int) -> Reach:
        """How far an answer can be taken."""
        return self._whole.reach(affordable)

    def few(self) -> Case:
        """One token, to see what it costs."""
        return self._case(1, 1, 1, past=1 if self._step else 0)

    def plan(self, batches: tuple[int, ...], lengths: tuple[int, ...], reach: Reach) -> tuple[Case, ...]:
        """The first token, several, or one after pasts of several lengths, for short and long sources with padding.

        Then the last position and the whole vocabulary; a file that takes one token has them in cases of their own.
        """
        made = []
        for place, (batch, length) in enumerate(product(batches, lengths)):
            after = {"past": self._past(_PASTS[place % len(_PASTS)])} if self._step else {}
            sequence = 1 if self._step else _FIRST[place % len(_FIRST)]
            made.append(self._case(batch, sequence, length, **after))
        last = cases.longest_answer(reach)
        if self._step:
            made.append(self._case(min(batches), 1, max(lengths), past=self._past(reach.tried - 1)))
            words = self._one_token_each(reach.spread)
        else:
            words = self._several(last)
        return tuple(dict.fromkeys([*made, words]))

    def every_token(self, reach: Reach) -> Case | None:
        """The vocabulary beyond what the plan has of it, as much as can be afforded."""
        long = cases.every_token(reach, answers=True)
        return None if long is None else self._one_token_each(reach.most) if self._step else self._several(long)

    def _one_token_each(self, count: int) -> Case:
        return replace(self._case(count or 1, 1, _SOURCE_LENGTH, past=1), vocabulary=count)

    def _several(self, words: Case) -> Case:
        return replace(self._case(words.batch, words.sequence, _SOURCE_LENGTH), vocabulary=words.vocabulary)

    def sample(self, batches: tuple[int, ...], lengths: tuple[int, ...]) -> Case:
        """The export's own sizes, none of them a case's."""
        alone = cases.sample(batches, lengths, self._source.longest)
        if self._step:
            return self._case(alone.batch, 1, alone.sequence, past=self._past(17))
        return self._case(alone.batch, 6, alone.sequence)

    def _case(self, batch: int, sequence: int, length: int, past: int = 0) -> Case:
        if self._source.modality != "text":
            return Case(batch, sequence, past=past)
        source = min(length, self._source.longest or length)
        return Case(batch, sequence, "right" if batch > 1 else "none", past=past, source=source)

    def _past(self, wanted: int) -> int:
        return max(1, min(wanted, (self._source.longest or wanted + 1) - 1))

    def _before(self, case: Case, seed: int) -> dict[str, torch.Tensor]:
        """Inputs of the first decoder: a source that is encoded, and the start of an answer."""
        # Many rows are there for their tokens: one source will do for them all.
        rows = 1 if case.vocabulary else case.batch
        source = self._source.make(Case(rows, case.source or 1, case.padding), seed)
        hidden = self._encoder.answer(source)["last_hidden_state"]
        given = {MASK: source.get("attention_mask"), HIDDEN: hidden, "input_ids": self._ids(case, seed + 1)}
        return {name: _to_rows(given[name], case.batch) for name in self._first.input_names}

    def _ids(self, case: Case, seed: int) -> torch.Tensor:
        """An answer so far: what is past, and what is new."""
        generator = torch.Generator().manual_seed(seed)
        plain = replace(case, vocabulary=0)
        if not case.vocabulary:
            return self._whole.written(plain, case.past + case.sequence, generator)
        past = [self._whole.written(plain, case.past, generator)] if case.past else []
        return torch.cat([*past, self._whole.written(case, case.sequence, generator)], dim=1)


def _to_rows(value: torch.Tensor, rows: int) -> torch.Tensor:
    return value.expand(rows, *value.shape[1:]).contiguous()
