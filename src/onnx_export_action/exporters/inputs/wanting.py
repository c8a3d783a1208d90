"""Which inputs a model is to be given: those that its tokenizer or processor makes, and those that it demands."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from onnx_export_action.exporters.inputs import images, series, sounds
from onnx_export_action.exporters.inputs.arranging import Known
from onnx_export_action.exporters.inputs.form import Form

_WITH_DECODER = ("text2text-generation", "automatic-speech-recognition", "feature-extraction", "image-to-text")
# A decoder of text is written for its text, whatever else the model may see or hear.
_TEXT_ALONE = ("text-generation", "text2text-generation", "fill-mask")


def known(model: Any, task: str, processor: Mapping[str, Any], tokenizer: Any, has_token: bool) -> Known:
    """What a tokenizer gives, the forms that have to be given, and those that may be."""
    parameters = inspect.signature(model.forward).parameters
    demanded = {model.main_input_name}
    demanded |= {name for name, p in parameters.items() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD}
    all_forms = tuple(_forms(model.config, processor, tuple(parameters)))
    text = _text(model, task, tokenizer, demanded)
    made = {name for form in all_forms for name in form.names}
    wanted = tuple(form for form in all_forms if _is_wanted(form, demanded, task, processor, model.config))
    if wanted and wanted[0].kind == "sound":
        text = {name for name in text if name.startswith("decoder_")}
    names = [name for name in parameters if name in text or (name in demanded and name not in made)]
    return Known(task, tuple(parameters), tuple(names), wanted, all_forms, has_token)


def _forms(config: Any, processor: Mapping[str, Any], parameters: tuple[str, ...]) -> Iterator[Form]:
    ragged = "input_ids" not in parameters
    yield from images.forms(images.pictures(config, processor), parameters, ragged)
    yield from sounds.forms(config, processor, parameters)
    yield from series.forms(config, parameters)


def _text(model: Any, task: str, tokenizer: Any, demanded: set[str]) -> set[str]:
    parameters, found = inspect.signature(model.forward).parameters, set[str]()
    if "input_ids" in parameters and (tokenizer is not None or "input_ids" in demanded):
        found |= {"input_ids", "attention_mask", *(getattr(tokenizer, "model_input_names", None) or ())}
    if tokenizer is None and (getattr(model.config, "type_vocab_size", None) or 0) > 1:
        found.add("token_type_ids")  # what a tokenizer for such a model gives
    if getattr(model.config, "is_encoder_decoder", False) and task in _WITH_DECODER:
        found.add("decoder_input_ids")
    return found & set(parameters)


def _is_wanted(form: Form, demanded: set[str], task: str, processor: Mapping[str, Any], config: Any) -> bool:
    if demanded & set(form.names):
        return True
    seen = form.kind == "image" and (bool(processor) or getattr(config, "vision_config", None) is not None)
    return task not in _TEXT_ALONE and (seen or (form.kind == "sound" and "speech" in task))
