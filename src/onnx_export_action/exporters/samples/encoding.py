"""Samples as the model's inputs, by its own tokenizer or processor; runs in a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import transformers

from onnx_export_action import tasks
from onnx_export_action.exporters import diagnosis
from onnx_export_action.exporters.checkpoint import Checkpoint
from onnx_export_action.exporters.samples import decoding
from onnx_export_action.samples.reading import Modality, Sample
from onnx_export_action.workers.protocol import Refusal

Encode = Callable[[Sample], "Encoded"]

_REMEDY = "docs/samples.md says what the model's folder needs."
_NO_LIMIT = 10**9  # what tokenizers without a length say is greater


@dataclass(frozen=True)
class Encoded:
    """The inputs of one sample without the batch's axis; of a text, the places that have an answer."""

    inputs: dict[str, Any]
    answered: tuple[bool, ...] = ()

    @property
    def ids(self) -> list[int]:
        """The tokens of a text."""
        return list(self.inputs.get("input_ids", ()))


def encoder(subject: Checkpoint, modality: Modality, longest: int | None, trust_remote_code: bool) -> Encode:
    """A function of one sample, a text cut to `longest` tokens; raises Refusal where the model cannot read them."""
    if subject.modality != modality:
        kinds = {"text": "texts", "image": "images", "sound": "sounds", "series": "series over time"}
        raise refusal(f"the model reads {kinds[subject.modality]}, and the samples are {kinds[modality]}")
    if modality == "text":
        if subject.tokenizer is None:
            raise refusal("the model has no tokenizer that can be loaded, and they are texts")
        longest = min(longest or _NO_LIMIT, int(subject.tokenizer.model_max_length))
        limit = longest if longest < _NO_LIMIT else None
        return lambda sample: _told(sample, lambda: _text(subject, sample, limit))
    kind = transformers.AutoImageProcessor if modality == "image" else transformers.AutoFeatureExtractor
    processor = _processor(kind, subject, trust_remote_code)
    make = _image if modality == "image" else _sound
    return lambda sample: _told(sample, lambda: make(processor, sample))


def refusal(what: str, remedy: str = _REMEDY) -> Refusal:
    """What is wrong with the samples, or with the model for them."""
    return Refusal(f"samples: {what}.", remedy, "usage")


def _processor(kind: Any, subject: Checkpoint, trust_remote_code: bool) -> Any:
    try:
        return kind.from_pretrained(str(subject.folder), local_files_only=True, trust_remote_code=trust_remote_code)
    except Exception as error:  # transformers raises several unrelated types
        said = diagnosis.first_sentence(str(error) or type(error).__name__, 200)
        raise refusal(f"the model has no preprocessor_config.json that transformers can use: {said}") from error


def _told(sample: Sample, make: Callable[[], Encoded]) -> Encoded:
    """Whatever a library says of a sample, with the sample's place."""
    try:
        return make()
    except (Refusal, MemoryError):
        raise
    except Exception as error:  # libraries raise what they like at a file or text that they cannot take
        said = str(error) or type(error).__name__
        said = said.replace(f"{sample.file.parent}/", "") if sample.file else said
        said = diagnosis.first_sentence(said, 200).removesuffix(".")
        raise refusal(f"{sample.place or sample.name} cannot be read: {said}") from error


def _text(subject: Checkpoint, sample: Sample, longest: int | None) -> Encoded:
    task, tokenizer = tasks.without_past(subject.task), subject.tokenizer
    encoding = tokenizer(
        *sample.texts,
        truncation=False if longest is None else "only_second" if task == "question-answering" else True,
        max_length=longest,
        return_attention_mask=True,
        return_special_tokens_mask=True,
        return_token_type_ids="token_type_ids" in subject.module.input_names,
    )
    ids = list(encoding["input_ids"])
    if not ids:
        raise refusal(f"{sample.place}: the tokenizer makes no token of it")
    answered = _answered(task, tokenizer, encoding, ids)
    if task == "fill-mask" and not any(answered):
        mask = tokenizer.mask_token or "mask token"
        raise refusal(f"{sample.place}: it has no `{mask}`, the place that the model fills")
    read = {name: list(values) for name, values in encoding.items() if name != "special_tokens_mask"}
    return Encoded(read, tuple(answered))


def _answered(task: str, tokenizer: Any, encoding: Any, ids: list[int]) -> list[bool]:
    """The places whose answer somebody reads."""
    if task == "fill-mask":
        return [token == tokenizer.mask_token_id for token in ids]
    if task in ("text-generation", "feature-extraction"):
        return [True] * len(ids)
    special = encoding["special_tokens_mask"]
    if task == "question-answering":
        return [place == 1 and not own for place, own in zip(_texts_of(encoding, ids), special, strict=True)]
    return [not own for own in special]


def _texts_of(encoding: Any, ids: list[int]) -> list[int | None]:
    """For each token which of the two texts it is of; a tokenizer that cannot tell lets all be of the second."""
    try:
        return list(encoding.sequence_ids(0))
    except ValueError:
        return [1] * len(ids)


def _image(processor: Any, sample: Sample) -> Encoded:
    assert sample.file is not None
    made = processor(images=decoding.image(sample.file), return_tensors="pt")
    return Encoded(_without_batch(made))


def _sound(extractor: Any, sample: Sample) -> Encoded:
    assert sample.file is not None
    rate = int(extractor.sampling_rate)
    made = extractor(decoding.sound(sample.file, rate), sampling_rate=rate, return_tensors="pt")
    return Encoded(_without_batch(made))


def _without_batch(made: Any) -> dict[str, Any]:
    return {name: value[0] for name, value in made.items() if isinstance(value, torch.Tensor)}
