"""The whole program in this process, as the runner starts it: `INPUT_*` in, exit status and files out."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from onnx_export_action import program
from onnx_export_action.report import document
from onnx_export_action.workers import surroundings
from onnx_export_action.workers.pool import Pool

SERVICES = Path(__file__).parent / "services"
# An address where nobody listens: no test may ask a real Hub.
_NO_HUB = "http://127.0.0.1:9"
_COMMANDS = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
_OUTPUT = re.compile(r"^(?P<name>[\w-]+)<<(?P<mark>\S+)\n(?P<value>.*?)\n(?P=mark)$", re.DOTALL | re.MULTILINE)


_SCHEMA = jsonschema.Draft202012Validator(json.loads(document.json_schema()))


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    status: int
    log: str
    folder: Path
    outputs: dict[str, str]
    summary: str

    @cached_property
    def report(self) -> dict[str, Any]:
        """report.json, checked against its schema."""
        report: dict[str, Any] = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        _SCHEMA.validate(report)
        return report

    @property
    def attempts(self) -> list[dict[str, Any]]:
        """The rungs that were tried, in order."""
        attempts: list[dict[str, Any]] = self.report["export"]["attempts"]
        return attempts

    @property
    def failure(self) -> str:
        """Message and remedy of the failure in report.json."""
        failure = self.report["failure"]
        return f"{failure['message']} {failure['remedy']}"

    def names(self) -> set[str]:
        """Every file of the output folder by its relative path."""
        return {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()}


def run(
    workspace: Path,
    inputs: Mapping[str, str],
    *,
    flags: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """One run of the program in a workspace, in the environment of a runner and nothing else."""
    printed, given = io.StringIO(), variables(workspace, inputs, environment)
    with _environment(given), redirect_stdout(printed), redirect_stderr(printed), Pool() as pool:
        status = program.perform(given, flags, pool)
    return left_by(workspace, status, printed.getvalue())


def variables(
    workspace: Path, inputs: Mapping[str, str], environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of a runner for a step with these inputs, with its files empty."""
    files = {name: workspace / f".{name}" for name in _COMMANDS}
    for file in files.values():
        file.unlink(missing_ok=True)
    given = {f"INPUT_{name.upper()}": value for name, value in {"benchmark-seconds": "0", **inputs}.items()}
    runner = {
        "PATH": os.environ["PATH"],
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "HF_ENDPOINT": _NO_HUB,
        **{name: str(file) for name, file in files.items()},
    }
    return {**runner, **given, **(environment or {})}


def left_by(workspace: Path, status: int, log: str) -> Outcome:
    """What a run of the program left in its workspace."""
    files = {name: workspace / f".{name}" for name in _COMMANDS}
    written = {name: file.read_text(encoding="utf-8") if file.exists() else "" for name, file in files.items()}
    outputs = {found["name"]: found["value"] for found in _OUTPUT.finditer(written["GITHUB_OUTPUT"])}
    folder = workspace / Path(outputs.get("report-json", "onnx-export/report.json")).parent
    return Outcome(status, log, folder, outputs, written["GITHUB_STEP_SUMMARY"])


def assert_error(outcome: Outcome, status: int, *sentences: str) -> None:
    """The sentence is in the annotation, the report, the summary and the outputs; no traceback anywhere."""
    assert outcome.status == status, outcome.log
    assert outcome.outputs["verdict"] == outcome.report["verdict"] == "error"
    assert "onnx-path" not in outcome.outputs
    assert {2: "usage", 3: "export", 4: "surroundings"}[status] == outcome.report["failure"]["kind"]
    for sentence in sentences:
        assert sentence in outcome.failure
        annotation = next(line for line in outcome.log.splitlines() if line.startswith("::error "))
        assert sentence in annotation
    assert outcome.report["failure"]["remedy"]
    assert len(outcome.report["failure"]["message"]) < 900  # the longest lists the figures of `fail-on`
    assert str(outcome.folder.parent) not in outcome.failure
    assert outcome.log.count("::error ") == 1
    for text in (outcome.log, outcome.summary, json.dumps(outcome.report)):
        assert "Traceback" not in text
    assert outcome.summary
    assert not [name for name in outcome.names() if name.endswith(".onnx") or name == "traceback.txt"]


@contextmanager
def workers_find(*folders: Path) -> Iterator[dict[str, str]]:
    """Let workers import modules of the tests, which the program itself never allows; yields the environment for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surroundings, "PASSED_ON", (*surroundings.PASSED_ON, "PYTHONPATH"))
        yield {"PYTHONPATH": os.pathsep.join(map(str, folders)), "PATH": os.environ["PATH"]}


@contextmanager
def _environment(environment: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
