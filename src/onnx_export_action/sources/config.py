"""config.json: read, and refused with a sentence when no model can be loaded by it."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

from onnx_export_action.errors import UsageError
from onnx_export_action.sources import transformers_index
from onnx_export_action.sources.lfs import check_not_pointer

Config = dict[str, Any]


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file of the model's folder."""
    check_not_pointer(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        position = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(
            f"{path.name} is not valid JSON{position}.",
            "Save the model again with `save_pretrained`, or repair the file.",
        ) from None
    except OSError as error:
        raise UsageError(
            f"{path.name} cannot be read: {error.strerror}.",
            "Make the file readable for the user that runs the export.",
        ) from None
    if not isinstance(content, dict):
        raise UsageError(f"{path.name} holds no JSON object.", "Save the model again with `save_pretrained`.")
    return content


def read_config(folder: Path) -> Config:
    """The configuration of a model's folder, of a model type that transformers can load."""
    path = folder / "config.json"
    if not path.is_file():
        raise UsageError(
            _what_it_is_instead(folder), "Name the folder that `save_pretrained` wrote, or set `subfolder`."
        )
    config = read_json(path)
    if not isinstance(config.get("model_type"), str) or not config["model_type"]:
        raise UsageError(
            "config.json has no `model_type`, so the model's class is unknown.",
            "Save the model again with transformers' `save_pretrained`.",
        )
    return config


def check_code(config: Config, *, trusted: bool) -> None:
    """Refuse a model whose class is not in transformers, unless the user trusts its own code."""
    auto_map = config.get("auto_map")
    own_code = [place for place in auto_map.values() if isinstance(place, str)] if isinstance(auto_map, dict) else []
    if trusted and own_code:
        _check_own_repository(own_code)
    elif not _is_known(config["model_type"]):
        raise _own_code_needed(config["model_type"]) if own_code else _unknown_type(config["model_type"])


def _is_known(model_type: str) -> bool:
    known = transformers_index.known_model_types()
    return not known or model_type in known


def _check_own_repository(places: list[str]) -> None:
    foreign = next((place.split("--")[0] for place in places if "--" in place), None)
    if foreign is not None:
        raise UsageError(
            f"the model takes its Python code from another repository, {foreign[:80]}, which no revision pins.",
            "Copy that code into the model's own folder and name it in `auto_map`.",
        )


def _own_code_needed(model_type: str) -> UsageError:
    return UsageError(
        f"the model type {model_type[:80]!r} needs Python code that ships with the model.",
        "Read that code, then set `trust-remote-code: true` (a Hub model needs a full `revision` as well).",
    )


def _unknown_type(model_type: str) -> UsageError:
    near = difflib.get_close_matches(model_type, transformers_index.known_model_types(), n=2, cutoff=0.7)
    hint = (
        f"Did you mean {' or '.join(near)}?"
        if near
        else "Correct it, or use a release of this action that knows the model."
    )
    return UsageError(f"config.json names the unknown `model_type` {model_type[:80]!r}.", hint)


def _what_it_is_instead(folder: Path) -> str:
    names = {entry.name for entry in folder.iterdir()}
    if "adapter_config.json" in names:
        return "the folder holds an adapter (adapter_config.json), not a model: merge it into its base model first."
    if "model_index.json" in names:
        return "the folder holds a diffusers pipeline (model_index.json), not one model."
    return "the model's folder has no config.json."
