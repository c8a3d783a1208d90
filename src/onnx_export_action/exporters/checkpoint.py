"""A Transformers checkpoint as a subject: inputs from its configuration, cases by what it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from onnx_export_action import tasks
from onnx_export_action.exporters import cases, generation, loading
from onnx_export_action.exporters.axes import Axes
from onnx_export_action.exporters.cached import CachedModule
from onnx_export_action.exporters.cached_inputs import CachedInputs
from onnx_export_action.exporters.cases import Case, Reach
from onnx_export_action.exporters.inputs import Inputs
from onnx_export_action.exporters.module import NamedModule, without_cache
from onnx_export_action.exporters.seq2seq import Decoder, Encoder
from onnx_export_action.exporters.seq2seq_inputs import DecoderInputs, EncoderInputs
from onnx_export_action.exporters.subject import SEED, Subject, Trial
from onnx_export_action.exporters.whole_text import WholeText
from onnx_export_action.workers.protocol import Refusal

_WRITTEN = "decoder_input_ids"
# What one case may cost: values to be kept and compared, and products of weights, some seconds on two cores.
_MOST_VALUES, _MOST_PRODUCTS = 2**24, 2 * 10**11


def load(path: str, task: str, dtype: str, trust_remote_code: bool, **_: Any) -> Subject:
    """The model in a folder, with its tokenizer."""
    model = loading.load(path, tasks.without_past(task), dtype, trust_remote_code)
    tokenizer, warning = loading.tokenizer(path, trust_remote_code)
    inputs = Inputs(model, tasks.without_past(task), Path(path), tokenizer)
    subject = _kind(model, task)(model, inputs, loading.DTYPES[dtype], Path(path))
    subject.warnings, subject.task, subject.tokenizer = (warning,) if warning else (), task, tokenizer
    return subject


def _kind(model: Any, task: str) -> type[Checkpoint]:
    if not tasks.has_past(task):
        return Checkpoint
    if getattr(model.config, "is_encoder_decoder", False):
        return EncoderDecoder
    plain = tasks.without_past(task)
    if plain != "text-generation":
        raise Refusal(
            f"A {model.config.model_type} model has no decoder, so there is no past.", f"Use `task: {plain}`.", "usage"
        )
    return CachedDecoder


class Checkpoint:
    """A model that answers in one call."""

    name = "model"
    others: tuple[Subject, ...] = ()
    module: NamedModule
    warnings: tuple[str, ...] = ()
    task = ""
    tokenizer: Any = None
    prompts: CachedInputs | EncoderInputs | None = None  # what it writes from, where it writes token by token
    notes: tuple[str, ...] = ()
    _inputs: Inputs | CachedInputs | EncoderInputs | DecoderInputs
    _texts = staticmethod(cases.for_text)

    def __init__(self, model: Any, inputs: Inputs, dtype: torch.dtype, folder: Path) -> None:
        self.architecture, self.folder = type(model).__name__, folder
        self.model, self._inputs, self._dtype = model, inputs, dtype
        self.module = NamedModule(model, inputs.names)

    @property
    def axes(self) -> Axes:
        """The axes that the model's inputs have in every case."""
        return self._inputs.axes

    @property
    def modality(self) -> str:
        """What it reads: `text`, `image` or `sound`."""
        return (self.prompts or self._inputs).modality

    @property
    def longest_text(self) -> int | None:
        """In tokens, as far as there is a limit."""
        source = self.prompts or self._inputs
        return None if isinstance(source, DecoderInputs) else source.longest

    def derived(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """What the model makes itself when it is absent, for a file that asks for it."""
        if "input_ids" not in inputs:
            return {}
        return self._inputs.derived(Case(*inputs["input_ids"].shape))

    def trials(self, batch_sizes: Sequence[int], lengths: Sequence[int]) -> Iterator[Trial]:
        """Every size of the plan."""
        self._batches, self._lengths = tuple(batch_sizes), tuple(lengths)
        for index, case in enumerate(self._plan()):
            inputs = self.typed(self._inputs.make(case, SEED + 1 + index))
            yield Trial(
                self._describe(case), case.batch, inputs, self._inputs.derived(case), not case.optional, case.timed
            )

    def sample(self) -> dict[str, torch.Tensor]:
        """Inputs of prime sizes."""
        return self.typed(self._inputs.make(self._sample(), SEED))

    def masked(self, outputs: Sequence[str], axes: Axes, /) -> list[str]:
        """The outputs that have the mask's axes."""
        mask = axes.get("attention_mask")
        return [name for name in outputs if mask and mask.items() <= axes.get(name, {}).items()]

    def generations(self, folder: Path, /) -> list[dict[str, Any]]:
        """What the model's own `generate` says, where the file can write it again from the whole text so far."""
        if self.task != "text-generation" or not isinstance(self._inputs, Inputs):
            return []
        texts = WholeText(self._inputs)
        if not texts.possible:
            return []
        return generation.write_whole(self.module, texts, folder)

    def typed(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The inputs with their floating values in the model's precision."""
        return {name: value.to(self._dtype) if value.is_floating_point() else value for name, value in inputs.items()}

    def prepare(self) -> None:
        """Switch the cache off."""
        without_cache(self.model)

    def _sample(self) -> Case:
        assert not isinstance(self._inputs, DecoderInputs)
        longest = self._inputs.longest if self._inputs.modality == "text" else None
        return cases.sample(self._batches, self._lengths, longest)

    def _plan(self) -> tuple[Case, ...]:
        if self._inputs.modality == "image":
            return cases.for_images(self._batches)
        if self._inputs.modality == "sound":
            answers = self._reach() if _WRITTEN in self._inputs.names else None
            return cases.for_sound(self._batches, self._lengths, answers)
        return self._texts(self._batches, self._lengths, self._reach())

    def _reach(self) -> Reach:
        reach = self._inputs.reach(self._affordable())
        if max(self._batches) == 1:
            reach = replace(reach, vocabulary=0)  # some models take one row only
        self.notes = reach.notes
        return reach

    def _affordable(self) -> int:
        """Tokens of one case, by the values that the model answers with for each, and by its own size."""
        longest = self._inputs.longest
        few = self._few(min(self._lengths if longest is None else (*self._lengths, longest)))
        inputs = self.typed(self._inputs.make(few, SEED))
        try:
            outputs = self.module.answer(inputs)
        except Exception:  # a model's own code raises what it likes; the first case says why
            return _MOST_VALUES
        kept = (*inputs.values(), *outputs.values())
        values = sum(int(value.numel()) for value in kept) // few.sequence
        parameters = sum(int(parameter.numel()) for parameter in self.module.parameters())
        return max(1, min(_MOST_VALUES // max(1, values), _MOST_PRODUCTS // max(1, parameters)))

    def _few(self, length: int) -> Case:
        """The smallest case that tells what a token costs."""
        return self._inputs.few() if isinstance(self._inputs, DecoderInputs) else Case(1, length)

    def _describe(self, case: Case) -> str:
        if self._inputs.modality == "text":
            return cases.describe(case)
        size = "" if case.scale == 1.0 else f", {case.scale:g} times the usual size"
        size += "" if case.wide == 1.0 else f", {case.wide:g} times as wide"
        answer = f", answer of {case.sequence}" if _WRITTEN in self._inputs.names else ""
        words = ", the vocabulary" if case.vocabulary else ""
        return f"batch {case.batch}{size}{answer}{words}"


class CachedDecoder(Checkpoint):
    """A decoder with its keys and values as inputs and outputs."""

    _inputs: CachedInputs
    _texts = staticmethod(cases.with_past)

    def __init__(self, model: Any, inputs: Inputs, dtype: torch.dtype, folder: Path) -> None:
        super().__init__(model, inputs, dtype, folder)
        module = CachedModule(model)
        self.module, self._inputs = module, CachedInputs(inputs, module, dtype)
        self.prompts = self._inputs

    def masked(self, outputs: Sequence[str], _axes: Axes, /) -> list[str]:
        """All of them: scores of positions, and what the cache holds of positions."""
        return list(outputs)

    def generations(self, folder: Path, /) -> list[dict[str, Any]]:
        """What the model's own `generate` says."""
        return generation.write(self.model, self._inputs, folder)

    def prepare(self) -> None:
        """Nothing: the cache is what is exported."""

    def _sample(self) -> Case:
        return cases.sample_with_past(self._batches, self._lengths, self._inputs.longest)


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
