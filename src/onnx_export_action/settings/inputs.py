"""The one list of inputs; `action.yml`, the flags and docs/inputs.md are held to it by tests."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from onnx_export_action import tasks
from onnx_export_action.records import VariantName
from onnx_export_action.settings.types import (
    MAX_OPSET,
    MIN_OPSET,
    AlsoCheck,
    Comment,
    DType,
    Exporter,
    Gated,
    Mode,
    OnUndecided,
    ReleaseAssets,
    Sizes,
    TargetCheck,
    Tolerance,
    distinct,
    lines,
    strict_bool,
    unset_when_auto,
)


class Settings(BaseModel):
    """Everything a run depends on. Field names are the inputs' names with `_` for `-`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True)

    model: str = Field(
        "",
        description="Hub id, local directory, SavedModel, Keras file (`.keras`, `.h5`), `.onnx` file, "
        "`file.py:factory`, or a program that PyTorch saved (`.pt2`, `.pt`, `.ts`). Required when `mode` is `run`, "
        "here or in `config`.",
    )
    task: str = Field(
        "auto", description="An Optimum task name, e.g. `text-classification`; `auto` reads the model's configuration."
    )
    opset: Annotated[int | None, BeforeValidator(unset_when_auto)] = Field(
        None,
        ge=MIN_OPSET,
        le=MAX_OPSET,
        description="A number is a promise: the file has exactly this opset, or the run fails and says what works.",
    )
    onnx_file: str | None = Field(
        None,
        description="An `.onnx`, or a folder with `model.onnx`, that is proven against the model in the stead of an "
        "export: `onnx-export-action validate FILE --model MODEL` in a shell.",
    )
    exporter: Exporter = Field(
        "auto",
        description="`optimum`, `transformers` (the exporter of transformers 5), `torch` (dynamo), `torchscript`, "
        "`tensorflow` (tf2onnx, for TensorFlow's own models), or `auto`: the ladder of those that can.",
    )
    revision: str | None = Field(None, description="Branch, tag or commit of a Hub model.")
    subfolder: str | None = Field(None, description="Folder inside the Hub model or directory.")
    trust_remote_code: Annotated[bool, BeforeValidator(strict_bool)] = Field(
        False,
        description="Run Python code that ships with the model, a Lambda layer's too. For a Hub model this needs a "
        "full 40-digit `revision`.",
    )
    example_inputs: str | None = Field(
        None,
        description="An `.npz` or JSON file with inputs for a `file.py:factory`, a program or a TensorFlow model; "
        "default: those that it brings itself, or what its signature says.",
    )
    requirements: str | None = Field(
        None,
        description="A requirements file of packages that a `file.py:factory` needs; installed for its workers alone.",
    )
    dtype: DType = Field("fp32", description="Precision that is exported: `fp32`, `fp16` or `bf16`.")
    variants: Annotated[tuple[VariantName, ...], BeforeValidator(distinct)] = Field(
        (),
        description="More files from the same export, each validated and measured: `fp16`, `int8-dynamic`, `O1` to "
        "`O4`.",
    )
    merged_decoder: Annotated[bool, BeforeValidator(strict_bool)] = Field(
        False,
        description="Of an encoder-decoder with past, also write `decoder_model_merged.onnx`, as transformers.js loads "
        "it: both decoders in one file, each weight once.",
    )
    target: str | None = Field(
        None,
        description="The oldest runtime that must load the file, e.g. `onnxruntime>=1.16`; default: the installed one.",
    )
    target_check: TargetCheck = Field(
        "table",
        description="How `target` is checked: `table` looks opset, IR version and operators up; `install` also "
        "installs that release of ONNX Runtime and proves the file in it.",
    )
    cross_check: Annotated[bool, BeforeValidator(strict_bool)] = Field(
        False,
        description="Hold the answers of transformers 5 and 4.57 against each other where both can load the model.",
    )
    also_check: AlsoCheck | None = Field(
        None,
        description="Where else the proven file is run: `tensorflow` converts it by onnx2tf and compares the answers. "
        "What comes of it is a row of the report and a figure for `fail-on`: docs/tensorflow.md says how far it goes.",
    )
    atol: Tolerance | None = Field(
        None, description="Absolute parity limit; default: a few times the rounding of the model's own answers."
    )
    rtol: Tolerance | None = Field(None, description="Relative parity limit, with the same default.")
    batch_sizes: Sizes = Field((1, 2, 5), description="Batch sizes of the proof.")
    sequence_lengths: Sizes = Field((7, 33), description="Sequence lengths of the proof.")
    samples: str | None = Field(
        None,
        description="Real inputs that the file must answer as the model does: a file of JSON lines with text, or a "
        "folder of images or of sounds.",
    )
    timeout: int = Field(3600, ge=1, le=604_800, description="Seconds for one attempt.")
    output_dir: str = Field(
        "onnx-export", min_length=1, description="Folder for the bundle and the report, inside the workspace."
    )
    benchmark_seconds: float = Field(
        10, ge=0, le=3600, allow_inf_nan=False, description="Time for the benchmark; `0` turns it off."
    )
    threads: Annotated[int | None, BeforeValidator(unset_when_auto)] = Field(
        None, ge=1, le=1024, description="Threads for the proof and the benchmark; `auto` is one a core."
    )
    fail_on: Annotated[tuple[Gated, ...], BeforeValidator(lines), Field(max_length=100)] = Field(
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
    reuse: Annotated[bool, BeforeValidator(strict_bool)] = Field(
        True, description="Take the baseline's files and proof when nothing that determines them has changed."
    )
    upload_artifact: Annotated[bool, BeforeValidator(strict_bool)] = Field(
        True, description="Upload the bundle as an artifact of the run."
    )
    artifact_name: str | None = Field(
        None, max_length=200, description="Name of the artifact; default: from the model's, with `-onnx` behind it."
    )
    retention_days: int | None = Field(
        None, ge=0, le=400, description="Days that the artifact is kept; default, and `0`: as the repository says."
    )
    overwrite: Annotated[bool, BeforeValidator(strict_bool)] = Field(
        False, description="Replace the run's artifact of the same name; else a number is added to the name."
    )
    release_assets: ReleaseAssets = Field(
        "auto",
        description="Attach the proven bundle to the release: `auto` on a release's event or a pushed tag that has "
        "one, `always` on every run on a tag, which must have one, `never` not at all; needs `contents: write`.",
    )
    mode: Mode = Field(
        "run",
        description="`run` exports; `compare` is a run that ends, with status 2, where there is no base; `plan` makes "
        "of `config` a matrix of jobs, as the output `matrix`; `report` comments on a pull request in the stead of a "
        "run that may not, as a fork's: docs/comment.md shows the workflow; `doctor` prints what this installation can "
        "export and run.",
    )
    config: str | None = Field(
        None,
        description="A YAML file in the workspace: any of these inputs, and under `models` as many models as one job "
        "exports in turn; where it lists models, `model` picks one by its name. docs/config.md shows one.",
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
    name: str = Field("", exclude=True, description="That of one model among others in a file; not an input.")

    @field_validator("task")
    @classmethod
    def _known_task(cls, value: str) -> str:
        task = tasks.canonical(value)
        if task == "auto" or task in (*tasks.AUTO_CLASSES, *tasks.with_past()):
            return task
        if tasks.has_past(task):
            raise PydanticCustomError(
                "task",
                "only {known} asks for a file with past key values; use the task without `-with-past`",
                {"known": " or ".join(tasks.with_past())},
            )
        near = difflib.get_close_matches(task, [*tasks.AUTO_CLASSES, *tasks.SYNONYMS], n=3, cutoff=0.5)
        known = f"did you mean {' or '.join(near)}?" if near else f"known tasks: {', '.join(tasks.known_tasks())}"
        raise PydanticCustomError("task", "unknown task {value}; {known}", {"value": repr(value), "known": known})

    @field_validator("variants")
    @classmethod
    def _of_one_file(cls, value: tuple[VariantName, ...], info: ValidationInfo) -> tuple[VariantName, ...]:
        task = info.data.get("task", "")
        if value and tasks.has_several_files(task):
            raise PydanticCustomError(
                "variants",
                "{task} writes several files, and variants are made of one; leave `variants` empty, or use the task "
                "without `-with-past`",
                {"task": task},
            )
        return value

    @field_validator("merged_decoder")
    @classmethod
    def _of_two_decoders(cls, value: bool, info: ValidationInfo) -> bool:
        task = info.data.get("task", "")
        if value and not tasks.has_several_files(task):
            raise PydanticCustomError(
                "merged",
                "{task} writes one file; only {known} write two decoders to merge",
                {"task": task, "known": ", ".join(name for name in tasks.with_past() if tasks.has_several_files(name))},
            )
        return value

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

    @field_validator(
        *("revision", "subfolder", "output_dir", "model", "baseline", "onnx_file", "example_inputs", "requirements"),
        *("samples", "config"),
    )
    @classmethod
    def _printable(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise PydanticCustomError("text", "contains characters that cannot be printed")
        return value

    @property
    def own_files(self) -> tuple[Path, ...]:
        """The files beside the model that workers read; that they exist, a source has seen to."""
        named = (self.example_inputs, self.requirements, self.samples)
        return tuple(real(self.workspace / name) for name in named if name is not None)

    @property
    def samples_path(self) -> Path | None:
        """The absolute path of the samples; None where there are none."""
        return None if self.samples is None else real(self.workspace / self.samples)

    @property
    def output_path(self) -> Path:
        """The absolute path of the output folder."""
        return real(self.workspace / self.output_dir)

    @property
    def baseline_path(self) -> Path | None:
        """The absolute path of the baseline; None where none is named."""
        return None if self.baseline in ("auto", "none") else real(self.workspace / self.baseline)


def real(path: Path) -> Path:
    """Path.resolve, but for a link that leads to itself, which is no error yet."""
    return Path(os.path.realpath(path))
