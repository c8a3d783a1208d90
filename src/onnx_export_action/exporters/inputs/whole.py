"""The inputs of one model for one task: which it is given, and their values at any size; runs in a worker."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from onnx_export_action.exporters.axes import HEIGHT, WIDTH, Axes
from onnx_export_action.exporters.cases import Case, Reach
from onnx_export_action.exporters.inputs import asking, places, wanting
from onnx_export_action.exporters.inputs.arranging import Arrangement, arrangements
from onnx_export_action.exporters.inputs.form import Tensors
from onnx_export_action.exporters.inputs.text import Text, boxes, mask_of
from onnx_export_action.workers.protocol import Refusal

_TYPES_OF_PLACES = ("mm_token_type_ids",)
_POSITIONS = "position_ids"


class Inputs:
    """Names, axes and values of one model's inputs for one task."""

    def __init__(self, model: Any, task: str, folder: Path, tokenizer: Any) -> None:
        self._model, self._text = model, Text(model, tokenizer)
        self._parameters = tuple(inspect.signature(model.forward).parameters)
        processor = _read_json(folder / "preprocessor_config.json")
        known = wanting.known(model, task, processor, tokenizer, self._text.image_token is not None)
        self._extra, self._places_of = 0, dict[tuple[float, float], int]()
        self._fixed = self._any_size = False
        candidates = list(arrangements(known))
        self._arrangement = candidates[0]
        if len(candidates) > 1:
            asking.first_answered(candidates, self._take, lambda: self.make(Case(2, 6), 0), model)

    @property
    def names(self) -> tuple[str, ...]:
        """Input names in the order of the model's forward method."""
        wanted = set(self._arrangement.names)
        if self._counts_along_image:  # then nothing else reads which tokens are an image's
            wanted = (wanted | {_POSITIONS}) - set(_TYPES_OF_PLACES)
        wanted -= set(self.geometry) if self._fixed else set()
        return tuple(name for name in self._parameters if name in wanted)

    @property
    def modality(self) -> str:
        """`text`, `image`, `sound` or `series`: what decides which cases prove it."""
        form = self._arrangement.form
        return "text" if "input_ids" in self._arrangement.names or form is None else form.kind

    @property
    def sees(self) -> bool:
        """Whether images are among the inputs."""
        return self._arrangement.form is not None and self._arrangement.form.kind == "image"

    @property
    def geometry(self) -> tuple[str, ...]:
        """The inputs that say how large the images are."""
        return self._arrangement.form.geometry if self._arrangement.form else ()

    def fix(self) -> Tensors:
        """Take one image of the usual size from now on; gives the inputs that then are constants."""
        made = self.make(Case(1, 6), 0)
        self._fixed = True
        return {name: made[name] for name in self.geometry}

    def open_sizes(self) -> None:
        """Leave height and width of images open from now on, where they are all that the model reads."""
        self._any_size = self.modality == "image"

    @property
    def longest(self) -> int | None:
        """The longest text that the position table holds beside its image, in tokens; None without a limit."""
        longest, places = self._text.longest, self._places(Case(1, 1)) if self._arrangement.places else 0
        return max(1, longest - places) if longest else None

    def reach(self, affordable: int) -> Reach:
        """How far the texts of the proof can go, with cases of so many tokens at most."""
        tried = 0 if self._arrangement.places else len(self._text.tried)
        return Reach(self.longest, self._text.farthest, tried, affordable)

    @property
    def axes(self) -> Axes:
        """The axes that should be dynamic: input name to axis number to axis name."""
        axes = {name: self._axes_of(name) for name in self.names}
        if self._fixed:
            return {name: _without_batch(labels) for name, labels in axes.items()}
        return axes if self._any_size else {name: _of_one_size(labels) for name, labels in axes.items()}

    def make(self, case: Case, seed: int) -> Tensors:
        """Values for every input at the case's sizes; the same seed gives the same values."""
        generator = torch.Generator().manual_seed(seed)
        mask, made = mask_of(case), Tensors()
        for name in self._parameters:
            if name in self._arrangement.names and name not in made:
                seen = self._is_seen(name)
                made |= self._seen(case, generator) if seen else {name: self._value(name, case, mask, generator)}
        if self._arrangement.places:
            self._place(made, case, mask)
        ordered = {name: made[name].contiguous() for name in self._parameters if name in made}
        if self._counts_along_image:
            ordered[_POSITIONS] = places.positions(self._model, ordered).contiguous()
        return {name: ordered[name] for name in self.names} if self._fixed or self._counts_along_image else ordered

    def derived(self, case: Case) -> Tensors:
        """Inputs that the model makes itself when they are absent, with the same values: a file may ask for them."""
        if self.modality != "text" or self._counts_along_image:
            return {}
        length = case.sequence + (self._places(case) if self._arrangement.places else 0)
        return {_POSITIONS: torch.arange(length).expand(case.batch, -1).contiguous()}

    def written(self, case: Case, columns: int, generator: torch.Generator) -> torch.Tensor:
        """What a decoder has written so far."""
        return self._text.written(case, columns, generator)

    def _columns(self, case: Case) -> int:
        """Tokens of an answer: fewer than the text has beside it, but where its last position is to be reached."""
        if self.modality != "text" or case.sequence == self.longest:
            return case.sequence
        return max(1, case.sequence - 1) if case.vocabulary else max(2, case.sequence - 2)

    def _take(self, arrangement: Arrangement, extra: int = 0) -> None:
        self._arrangement, self._extra = arrangement, extra
        self._places_of.clear()

    @property
    def _counts_along_image(self) -> bool:
        return bool(set(_TYPES_OF_PLACES) & self._arrangement.names) and places.along_image(self._model)

    def _is_seen(self, name: str) -> bool:
        return self._arrangement.form is not None and name in self._arrangement.form.names

    def _seen(self, case: Case, generator: torch.Generator) -> Tensors:
        assert self._arrangement.form is not None
        # Where texts and images are counted apart, their numbers differ in every case.
        batch = case.batch + 1 if self._arrangement.separate else case.batch
        return self._arrangement.form.make(replace(case, batch=batch), generator)

    def _places(self, case: Case) -> int:
        """How many places of a text its image takes; the model is asked once for each size."""
        size = case.scale, case.wide
        if size not in self._places_of:
            images = self._seen(replace(case, batch=2, sequence=1), torch.Generator().manual_seed(0))
            self._places_of[size] = max(0, places.of_each_image(self._model, images, 2) + self._extra)
            self._places_of[size] += len(self._text.marks)
        return self._places_of[size]

    def _place(self, made: Tensors, case: Case, mask: torch.Tensor) -> None:
        number, token = self._places(case), self._text.image_token
        assert token is not None
        fills = {"input_ids": token, "attention_mask": 1, "token_type_ids": 1, **dict.fromkeys(_TYPES_OF_PLACES, 1)}
        made |= {name: places.widened(made[name], mask, number, fill) for name, fill in fills.items() if name in made}
        if self._text.marks:
            made["input_ids"] = places.marked(made["input_ids"], mask, self._text.marks)

    def _axes_of(self, name: str) -> dict[int, str]:
        if name == _POSITIONS:
            return {1: "batch_size", 2: "sequence_length"}
        apart = "image_" if self._is_seen(name) else "text_"
        if self._is_seen(name):
            assert self._arrangement.form is not None
            axes = self._arrangement.form.axes[name]
        elif name.startswith("decoder_"):
            axes = {0: "batch_size", 1: "decoder_sequence_length"}
        else:
            axes = {0: "batch_size", 1: "sequence_length"}
        both = self._arrangement.separate
        return {axis: f"{apart}{label}" if both and label == "batch_size" else label for axis, label in axes.items()}

    def _value(self, name: str, case: Case, mask: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        if name == "input_ids":
            return self._text.vocabulary(case) if case.vocabulary else self._text.ids(mask, generator)
        if name == "attention_mask":
            return mask
        if name in _TYPES_OF_PLACES:
            return torch.zeros_like(mask)
        if name == "token_type_ids":
            return self._text.types(mask, generator)
        if name == "decoder_input_ids":
            return self.written(case, self._columns(case), generator)
        if name == "bbox":
            return boxes(mask, generator)
        raise Refusal(
            f"The model needs an input `{name}` that this program cannot make.",
            "Name a Python file with a factory and its `example_inputs` as `model`.",
            "usage",
        )


def _without_batch(labels: dict[int, str]) -> dict[int, str]:
    """The axes that one image of one size leaves."""
    return {axis: label for axis, label in labels.items() if label.endswith("sequence_length")}


def _of_one_size(labels: dict[int, str]) -> dict[int, str]:
    """The axes that images of one size leave."""
    return {axis: label for axis, label in labels.items() if label not in (HEIGHT, WIDTH)}


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    loaded = json.loads(path.read_text(encoding="utf-8"))
    return loaded if isinstance(loaded, dict) else {}
