"""Flags and `INPUT_*` become one frozen, validated `Settings`; this class is the one list of inputs.

`action.yml`, the flags, and docs/inputs.md are held to it by tests. Nothing after this
module reads the environment.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError

from onnx_export_action import tasks
from onnx_export_action.errors import UsageError
from onnx_export_action.gates import conditions
from onnx_export_action.records import Request, VariantName

MIN_OPSET, MAX_OPSET = 9, 23

# Inputs by which two runs on one model are two things for a reader.
_TELLING = ("task", "opset", "exporter", "dtype", "target", "subfolder")

Exporter = Literal["auto", "optimum", "transformers", "torch", "torchscript"]
DType = Literal["fp32", "fp16", "bf16"]
Comment = Literal["auto", "always", "never"]
ReleaseAssets = Literal["auto", "always", "never"]
Mode = Literal["run", "report"]
OnUndecided = Literal["pass", "fail"]


def _unset_when_auto(value: Any) -> Any:
    return None if value == "auto" else value


def _strict_bool(value: Any) -> Any:
    if isinstance(value, str) and value not in ("true", "false", "True", "False", "TRUE", "FALSE"):
        raise PydanticCustomError("bool", "expected `true` or `false`")
    return value


def _parts(value: Any) -> Any:
    return [part for part in re.split(r"[,\s]+", value) if part] if isinstance(value, str) else value


def _distinct(value: Any) -> Any:
    return tuple(dict.fromkeys(_parts(value)))


def _lines(value: Any) -> Any:
    return [line for part in re.split(r"[,;\n]", value) if (line := part.strip())] if isinstance(value, str) else value


def _condition(value: str) -> str:
    try:
        return conditions.parse(value).text
    except conditions.WrongCondition as mistake:
        raise PydanticCustomError("condition", "{mistake}", {"mistake": str(mistake)}) from None


Gated = Annotated[str, AfterValidator(_condition)]
Size = Annotated[int, Field(ge=1, le=1_000_000)]
Sizes = Annotated[tuple[Size, ...], BeforeValidator(_parts), Field(min_length=1, max_length=20)]
Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Settings(BaseModel):
    """Everything a run depends on. Field names are the inputs' names with `_` for `-`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True)

    model: str = Field(
        "", description="Hub id, local directory, or `.onnx` file. Required, except with `mode: report`."
    )
    task: str = Field(
        "auto", description="An Optimum task name, e.g. `text-classification`; `auto` reads the model's configuration."
    )
    opset: Annotated[int | None, BeforeValidator(_unset_when_auto)] = Field(
        None,
        ge=MIN_OPSET,
        le=MAX_OPSET,
        description="A number is a promise: the file has exactly this opset, or the run fails and says what works.",
    )
    exporter: Exporter = Field(
        "auto",
        description="`optimum`, `transformers` (the exporter of transformers 5), `torch` (dynamo), `torchscript`, "
        "or `auto`: the ladder of them.",
    )
    revision: str | None = Field(None, description="Branch, tag or commit of a Hub model.")
    subfolder: str | None = Field(None, description="Folder inside the Hub model or directory.")
    trust_remote_code: Annotated[bool, BeforeValidator(_strict_bool)] = Field(
        False,
        description="Run Python code that ships with the model. For a Hub model this needs a full 40-digit `revision`.",
    )
    dtype: DType = Field("fp32", description="Precision that is exported: `fp32`, `fp16` or `bf16`.")
    variants: Annotated[tuple[VariantName, ...], BeforeValidator(_distinct)] = Field(
        (),
        description="More files from the same export, each validated and measured: `fp16`, `int8-dynamic`, `O1` to "
        "`O4`.",
    )
    target: str | None = Field(
        None,
        description="The oldest runtime that must load the file, e.g. `onnxruntime>=1.16`; default: the installed one.",
    )
    atol: Tolerance | None = Field(
        None, description="Absolute parity limit; default by dtype, scaled by the output's magnitude."
    )
    rtol: Tolerance | None = Field(None, description="Relative parity limit; default by dtype.")
    batch_sizes: Sizes = Field((1, 2, 5), description="Batch sizes of the proof.")
    sequence_lengths: Sizes = Field((7, 33), description="Sequence lengths of the proof.")
    timeout: int = Field(3600, ge=1, le=604_800, description="Seconds for one attempt.")
    output_dir: str = Field(
        "onnx-export", min_length=1, description="Folder for the bundle and the report, inside the workspace."
    )
    benchmark_seconds: float = Field(
        10, ge=0, le=3600, allow_inf_nan=False, description="Time for the benchmark; `0` turns it off."
    )
    threads: Annotated[int | None, BeforeValidator(_unset_when_auto)] = Field(
        None, ge=1, le=1024, description="Threads for the proof and the benchmark; `auto` is one a core."
    )
    fail_on: Annotated[tuple[Gated, ...], BeforeValidator(_lines), Field(max_length=100)] = Field(
        (), description="Conditions that fail the run, one a line, e.g. `size > +5%`: docs/gates.md lists the figures."
    )
    on_undecided: OnUndecided = Field(
        "pass", description="What a condition does that nobody can decide, for lack of a base or of certainty."
    )
    baseline: str = Field(
        "auto",
        min_length=1,
        description="What the result is compared with: `auto` (on GitHub, the artifact of the merge base or of its "
        "nearest ancestor that has one), `none`, or a path: an earlier run's folder, an `.onnx`, or a `report.json`.",
    )
    reuse: Annotated[bool, BeforeValidator(_strict_bool)] = Field(
        True, description="Take the baseline's files and proof when nothing that determines them has changed."
    )
    upload_artifact: Annotated[bool, BeforeValidator(_strict_bool)] = Field(
        True, description="Upload the bundle as an artifact of the run."
    )
    artifact_name: str | None = Field(
        None, max_length=200, description="Name of the artifact; default: from the model's, with `-onnx` behind it."
    )
    retention_days: int | None = Field(
        None, ge=0, le=400, description="Days that the artifact is kept; default, and `0`: as the repository says."
    )
    overwrite: Annotated[bool, BeforeValidator(_strict_bool)] = Field(
        False, description="Replace the run's artifact of the same name; else a number is added to the name."
    )
    release_assets: ReleaseAssets = Field(
        "auto",
        description="Attach the proven bundle to the release: `auto` on a release's event or a pushed tag that has "
        "one, `always` on every run on a tag, which must have one, `never` not at all; needs `contents: write`.",
    )
    mode: Mode = Field(
        "run",
        description="`run` exports; `report` comments on a pull request in the stead of a run that may not, as a "
        "fork's: docs/comment.md shows the workflow.",
    )
    comment: Comment = Field(
        "auto",
        description="The pull request's comment: `auto` writes when its text would say something else, `always` "
        "on every run, `never` not at all.",
    )
    github_token: SecretStr | None = Field(
        None,
        description="Token that finds the baseline, with `actions: read`, writes the comment, with "
        "`pull-requests: write`, and attaches to releases, with `contents: write`; never reaches a worker.",
    )
    hf_token: SecretStr | None = Field(
        None, description="Token for a private Hub model; never reaches a worker, a log or a report."
    )

    workspace: Path = Field(exclude=True, description="Folder that relative paths start from; not an input.")

    @field_validator("task")
    @classmethod
    def _known_task(cls, value: str) -> str:
        task = tasks.canonical(value)
        if task == "auto" or task in tasks.AUTO_CLASSES:
            return task
        if task.endswith("-with-past"):
            raise PydanticCustomError(
                "task", "files with past key values are not supported yet; use the task without `-with-past`"
            )
        near = difflib.get_close_matches(task, [*tasks.AUTO_CLASSES, *tasks.SYNONYMS], n=3, cutoff=0.5)
        known = f"did you mean {' or '.join(near)}?" if near else f"known tasks: {', '.join(tasks.known_tasks())}"
        raise PydanticCustomError("task", "unknown task {value}; {known}", {"value": repr(value), "known": known})

    @field_validator("target")
    @classmethod
    def _readable_target(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"onnxruntime\s*(>=|==)\s*\d+\.\d+(\.\d+)?", value):
            raise PydanticCustomError("target", "expected a runtime and a version, e.g. `onnxruntime>=1.16`")
        return value

    @field_validator("artifact_name")
    @classmethod
    def _allowed_name(cls, value: str | None) -> str | None:
        if value is not None and (not value.isprintable() or set(value) & set('":<>|*?\\/') or not value.strip(".")):
            raise PydanticCustomError("name", 'expected a name without any of `" : < > | * ? \\ /`')
        return value

    @field_validator("revision", "subfolder", "output_dir", "model", "baseline")
    @classmethod
    def _printable(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise PydanticCustomError("text", "contains characters that cannot be printed")
        return value

    @property
    def output_path(self) -> Path:
        """The absolute path of the output folder."""
        return _real(self.workspace / self.output_dir)

    @property
    def baseline_path(self) -> Path | None:
        """The absolute path of the baseline; None where none is named."""
        return None if self.baseline in ("auto", "none") else _real(self.workspace / self.baseline)


def request_of(settings: Settings, job: str) -> Request:
    """What tells this run from the others of a workflow; the same for a re-run."""
    values = {name: getattr(settings, name) for name in _TELLING}
    changed = {name: str(value) for name, value in values.items() if value != Settings.model_fields[name].default}
    return Request(job=job, model=settings.model, inputs=changed)


def input_names() -> tuple[str, ...]:
    """The inputs by their public names, in the order of the documentation."""
    return tuple(name.replace("_", "-") for name in Settings.model_fields if name != "workspace")


def default_of(name: str) -> str:
    """An input's default as a user would write it; empty when there is none."""
    field = Settings.model_fields[name.replace("-", "_")]
    default = field.default
    if name in ("opset", "threads"):
        return "auto"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ", ".join(map(str, default))
    return "" if field.is_required() or default is None else str(default)


def nearest(name: str) -> str:
    """The input that a misspelt name means, before all one with the same letters; empty where none is near."""
    near = difflib.get_close_matches(name, input_names(), n=3, cutoff=0.5)
    return min(near, key=lambda known: sorted(known) != sorted(name), default="")


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
    mistakes = [_unknown(name) for name in inputs if name not in input_names()]
    known = {name.replace("-", "_"): value for name, value in inputs.items() if name in input_names()}
    if not known.get("model") and known.get("mode") != "report":
        mistakes.append("model: this input is required")
    try:
        settings = Settings.model_validate({**known, "workspace": workspace})
        mistakes += _cross_checks(settings)
    except ValidationError as error:
        mistakes += [_sentence(problem["loc"], problem["type"], problem["msg"]) for problem in error.errors()]
        settings = None
    if mistakes or settings is None:
        raise UsageError("; ".join(mistakes) + ".", "Correct these inputs: docs/inputs.md lists each with its default.")
    return settings


def _cross_checks(settings: Settings) -> list[str]:
    mistakes = []
    if not settings.output_path.is_relative_to(_real(settings.workspace)) or settings.output_path == _real(
        settings.workspace
    ):
        mistakes.append(
            f"output-dir: {settings.output_dir!r} is not a folder inside the workspace, where later steps could find it"
        )
    elif _real(settings.workspace / settings.model).is_relative_to(settings.output_path):
        mistakes.append(
            f"model: {settings.model!r} lies in the output folder, which a run clears; choose another output-dir"
        )
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


def _real(path: Path) -> Path:
    """Path.resolve, but for a link that leads to itself, which is no error yet."""
    return Path(os.path.realpath(path))


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
