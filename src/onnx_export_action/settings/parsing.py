"""Raw inputs become Settings, or one error that lists every mistake."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from onnx_export_action.errors import UsageError
from onnx_export_action.settings.inputs import Settings, real
from onnx_export_action.settings.names import input_names, nearest
from onnx_export_action.settings.types import MAX_OPSET, MIN_OPSET


def inputs_from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`INPUT_*` as the runner passes it (upper case, dashes kept; underscores are taken too), empty values left out."""
    found = {
        name.removeprefix("INPUT_").lower().replace("_", "-"): value.strip()
        for name, value in environment.items()
        if name.startswith("INPUT_")
    }
    return {name: value for name, value in found.items() if value}


def parse(inputs: Mapping[str, str], workspace: Path) -> Settings:
    """Settings from raw inputs by public name; raises one UsageError that lists every mistake."""
    settings, mistakes = judge(inputs, workspace)
    if mistakes or settings is None:
        raise UsageError("; ".join(mistakes) + ".", "Correct these inputs: docs/inputs.md lists each with its default.")
    return settings


def judge(
    inputs: Mapping[str, str | Sequence[str]], workspace: Path, name: str = ""
) -> tuple[Settings | None, list[str]]:
    """Settings and all mistakes, `input: what is wrong`; `name` is that of one model among others."""
    mistakes = [_unknown(name) for name in inputs if name not in input_names()]
    known = {name.replace("-", "_"): value for name, value in inputs.items() if name in input_names()}
    if not (known.get("model") or known.get("config")) and known.get("mode") not in ("plan", "report", "doctor"):
        mistakes.append("model: this input is required")
    try:
        settings = Settings.model_validate({**_named(name), **known, "workspace": workspace})
    except ValidationError as error:
        problems = (_sentence(problem["loc"], problem["type"], problem["msg"]) for problem in error.errors())
        return None, [*mistakes, *problems]
    return settings, [*mistakes, *_cross_checks(settings)]


def _named(name: str) -> dict[str, str]:
    return {"name": name} if name else {}


def _cross_checks(settings: Settings) -> list[str]:
    mistakes = []
    if not settings.output_path.is_relative_to(real(settings.workspace)) or settings.output_path == real(
        settings.workspace
    ):
        mistakes.append(
            f"output-dir: {settings.output_dir!r} is not a folder inside the workspace, where later steps could find it"
        )
    elif real(settings.workspace / settings.model).is_relative_to(settings.output_path):
        mistakes.append(
            f"model: {settings.model!r} lies in the output folder, which a run clears; choose another output-dir"
        )
    if settings.mode == "plan" and settings.config is None:
        mistakes.append("mode: `plan` needs a `config` to plan")
    if settings.target_check == "install" and settings.target is None:
        mistakes.append("target-check: `install` needs a `target` to install, e.g. `onnxruntime>=1.16`")
    if settings.onnx_file and real(settings.workspace / settings.onnx_file).is_relative_to(settings.output_path):
        shown = f"onnx-file: {settings.onnx_file!r}"
        mistakes.append(f"{shown} lies in the output folder, which a run clears; choose another output-dir")
    if settings.baseline_path is not None:
        mistakes += _baseline_checks(settings, settings.baseline_path)
    return mistakes


def _baseline_checks(settings: Settings, path: Path) -> list[str]:
    shown = repr(settings.baseline[:120])
    if path.is_relative_to(settings.output_path):
        return [f"baseline: {shown} lies in the output folder, which a run clears; choose another output-dir"]
    if not (os.path.isdir(path) or (os.path.isfile(path) and path.suffix in (".onnx", ".json"))):
        return [f"baseline: {shown} is no folder, .onnx or .json file; the other values are `auto` and `none`"]
    return []


def _unknown(name: str) -> str:
    near = nearest(name)
    return f"unknown input {name[:80]!r}" + (f", did you mean {near!r}?" if near else "")


def _sentence(location: tuple[int | str, ...], kind: str, message: str) -> str:
    name = str(location[0]).replace("_", "-")
    if name == "opset" and kind == "less_than_equal":
        return f"opset: too new, the exporters write at most {MAX_OPSET}"
    if name == "opset" and kind == "greater_than_equal":
        return f"opset: too old, the exporters write at least {MIN_OPSET}"
    return f"{name}: {message[0].lower()}{message[1:]}"
