"""An encoder-decoder in three files: the encoder, the decoder for the first token, the one with past for all others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from onnx_export_action import tasks
from onnx_export_action.exporters import generation
from onnx_export_action.exporters.cases import Case
from onnx_export_action.exporters.checkpoint.whole import Checkpoint
from onnx_export_action.exporters.inputs import Inputs
from onnx_export_action.exporters.module import NamedModule
from onnx_export_action.exporters.seq2seq import Decoder, Encoder
from onnx_export_action.exporters.seq2seq_inputs import DecoderInputs, EncoderInputs


class EncoderDecoder(Checkpoint):
    """The decoder with past, which runs for every token but the first; encoder and first decoder beside it."""

    name = tasks.STEP
    _inputs: DecoderInputs

    def __init__(self, model: Any, inputs: Inputs, dtype: torch.dtype, folder: Path) -> None:
        super().__init__(model, inputs, dtype, folder)
        self.prompts = self._source = EncoderInputs(inputs, dtype)
        encoder, first = Encoder(model, self._source.names), Decoder(model, self._source.masked)
        before = DecoderInputs(inputs, self._source, encoder, first, dtype)
        step = Decoder(model, self._source.masked, before.layers)
        self.module, self._inputs = step, DecoderInputs(inputs, self._source, encoder, first, dtype, step)
        self.others = (
            _Part(tasks.ENCODER, self, self._source, encoder),
            _Part(tasks.DECODER, self, before, first),
        )

    def generations(self, folder: Path, /) -> list[dict[str, Any]]:
        """What the model's own `generate` says."""
        return generation.write(self.model, self._source, folder)

    def prepare(self) -> None:
        """Nothing: the cache is what is exported."""

    def _sample(self) -> Case:
        return self._inputs.sample(self._batches, self._lengths)

    def _plan(self) -> tuple[Case, ...]:
        return self._inputs.plan(self._batches, self._lengths, self._reach())

    def _describe(self, case: Case) -> str:
        return f"{self.name}, {super()._describe(case)}"


class _Part(Checkpoint):
    """The encoder, or the decoder for the first token."""

    def __init__(
        self, name: str, whole: EncoderDecoder, inputs: EncoderInputs | DecoderInputs, module: NamedModule
    ) -> None:
        self.name, self.architecture, self.folder = name, whole.architecture, whole.folder
        self.model, self._inputs, self._dtype, self.module = whole.model, inputs, whole._dtype, module

    def prepare(self) -> None:
        """Nothing, as for the whole."""

    def _sample(self) -> Case:
        if isinstance(self._inputs, DecoderInputs):
            return self._inputs.sample(self._batches, self._lengths)
        return super()._sample()

    def _plan(self) -> tuple[Case, ...]:
        if isinstance(self._inputs, DecoderInputs):
            return self._inputs.plan(self._batches, self._lengths, self._reach())
        return super()._plan()

    def _describe(self, case: Case) -> str:
        return f"{self.name}, {super()._describe(case)}"
