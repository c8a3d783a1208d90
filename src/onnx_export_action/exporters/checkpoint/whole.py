"""A model that answers in one call, with every size of its plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from onnx_export_action.exporters import cases, embeddings, generation
from onnx_export_action.exporters.axes import Axes, of_images
from onnx_export_action.exporters.cached_inputs import CachedInputs
from onnx_export_action.exporters.cases import Case, Reach
from onnx_export_action.exporters.inputs import Inputs
from onnx_export_action.exporters.module import NamedModule, without_cache
from onnx_export_action.exporters.seq2seq_inputs import DecoderInputs, EncoderInputs
from onnx_export_action.exporters.subject import SEED, Subject, Table, Trial
from onnx_export_action.exporters.whole_text import WholeText

_WRITTEN = "decoder_input_ids"
_PLACES_OF_PADDING = (
    "The model counts places with the padding, so a text padded on the left gets another answer than alone: "
    "pad on the right, or use `text-generation-with-past`, whose file takes `position_ids`."
)
# What one case may cost: values to be kept and compared, and products of weights, some seconds on two cores.
_MOST_VALUES, _MOST_PRODUCTS = 2**24, 2 * 10**11
_TOKENS = ("input_ids", _WRITTEN)
_WIDE = 1.5  # the sample's image: a square one would hide that height and width are exchanged


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
    _first: tuple[Case, Trial] | None = None  # a case that was answered to see what one costs
    _known: Reach | None = None  # where the vocabulary is larger than what every file is tried with
    _inputs: Inputs | CachedInputs | EncoderInputs | DecoderInputs
    _texts = staticmethod(cases.for_text)

    def __init__(self, model: Any, inputs: Inputs, dtype: torch.dtype, folder: Path) -> None:
        self.architecture, self.folder = type(model).__name__, folder
        self.model, self._inputs, self._dtype = model, inputs, dtype
        self.module = NamedModule(model, inputs.names)

    @property
    def fixable(self) -> bool:
        """Whether a file for one image of one size may be tried where no other holds."""
        return isinstance(self._inputs, Inputs) and self._inputs.sees

    @property
    def axes(self) -> Axes:
        """The axes that the model's inputs have in every case."""
        return self._inputs.axes

    @property
    def modality(self) -> str:
        """What it reads: `text`, `image`, `sound` or `series`."""
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
        rows, length = inputs["input_ids"].shape
        made = self._inputs.derived(Case(rows, length))
        return {name: value[:, :length].contiguous() for name, value in made.items()}  # places of images are in it

    def trials(self, batch_sizes: Sequence[int], lengths: Sequence[int]) -> Iterator[Trial]:
        """Every size of the plan."""
        self._batches, self._lengths = tuple(batch_sizes), tuple(lengths)
        for index, case in enumerate(self._plan()):
            try:
                trial = self._answered(case, index) or self._trial(case, index)
            except Exception:  # a model's own code, which is asked how many places an image of this size takes
                if not case.optional:
                    raise
                continue
            yield trial

    @property
    def tables(self) -> dict[str, Table]:
        """Every table of the model that token ids may look up: which one they do, a few ids tell."""
        names = [name for name in _TOKENS if name in self._inputs.names]
        return embeddings.tables(self.model, names) if self._known is not None else {}

    def every_token(self) -> tuple[Trial | None, str]:
        """A trial of the whole vocabulary, or of as much as can be afforded."""
        if self._known is None:
            return None, ""
        case = self._whole_vocabulary(self._known)
        return (self._trial(case) if case is not None else None), self._known.left

    def _whole_vocabulary(self, reach: Reach) -> Case | None:
        if isinstance(self._inputs, DecoderInputs):
            return self._inputs.every_token(reach)
        return cases.every_token(reach, answers=self._inputs.modality != "text")

    def sample(self, axes: Axes, /) -> dict[str, torch.Tensor]:
        """Inputs of prime sizes; images that may have any size are not as wide as they are high."""
        case = self._sample()
        return self.typed(self._inputs.make(replace(case, wide=_WIDE) if of_images(axes) else case, SEED))

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
        written = generation.write_whole(self.module, texts, folder)
        if any(said["batch"] > 1 and said["padding"] == "none" for said in written):
            self.notes = (*self.notes, _PLACES_OF_PADDING)
        return written

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
        writes = _WRITTEN in self._inputs.names
        if self._inputs.modality == "image" and not writes:
            return cases.for_images(self._batches)
        if self._inputs.modality in ("image", "sound"):
            return cases.for_sound(self._batches, self._lengths, self._reach() if writes else None)
        if self._inputs.modality == "series":
            return tuple(Case(batch, 1) for batch in self._batches)
        texts = self._texts(self._batches, self._lengths, self._reach())
        if not self.fixable:
            return texts
        self._known = None
        few = tuple(case for case in texts if case.batch <= max(self._batches))  # each row brings an image
        return (*few, *cases.with_images(self._batches, self._lengths))

    def _reach(self) -> Reach:
        reach = self._inputs.reach(self._affordable())
        if max(self._batches) == 1:
            reach = replace(reach, vocabulary=0)  # some models take one row only
        self.notes, self._known = reach.notes, reach if reach.spread < reach.vocabulary else None
        return reach

    def _trial(self, case: Case, index: int = -1) -> Trial:
        inputs = self.typed(self._inputs.make(case, SEED + 1 + index))
        derived = self._inputs.derived(case)
        return Trial(self._describe(case), case.batch, inputs, derived, not case.optional, case.timed)

    def _answered(self, case: Case, index: int) -> Trial | None:
        """The first trial, where it is the one that told what a case costs."""
        (few, trial), self._first = self._first or (None, None), None
        return trial if index == 0 and few == case else None

    def _affordable(self) -> int:
        """Tokens of one case, by the values that the model answers with for each, and by its own size."""
        longest = self._inputs.longest
        few = self._few(min(self._lengths if longest is None else (*self._lengths, longest)))
        trial = self._trial(few, 0)
        try:
            outputs = self.module.answer(trial.inputs)
        except Exception:  # a model's own code raises what it likes; the first case says why
            return _MOST_VALUES
        self._first = few, replace(trial, answered=outputs)
        kept = (*trial.inputs.values(), *outputs.values())
        values = sum(int(value.numel()) for value in kept) // few.sequence
        parameters = sum(int(parameter.numel()) for parameter in self.module.parameters())
        return max(1, min(_MOST_VALUES // max(1, values), _MOST_PRODUCTS // max(1, parameters)))

    def _few(self, length: int) -> Case:
        """The smallest case that tells what a token costs."""
        return self._inputs.few() if isinstance(self._inputs, DecoderInputs) else Case(1, length)

    def _describe(self, case: Case) -> str:
        if self._inputs.modality == "text":
            return cases.describe(case)
        answer = f", answer of {case.sequence}" if _WRITTEN in self._inputs.names else ""
        words = f", {case.vocabulary:,} token ids" if case.vocabulary else ""
        return f"batch {case.batch}{cases.scaled(case)}{answer}{words}"
