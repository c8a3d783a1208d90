"""Runs the image as the runner runs a container action, and reads what the runner would read."""

import os
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
IMAGE = "onnx-export-action:e2e"
DOCKER = os.environ.get("DOCKER", "docker")


@dataclass(frozen=True)
class Run:
    """What a step left: its exit status, its log, its outputs and its part of the job summary."""

    status: int
    log: str
    outputs: dict[str, str]
    summary: str


def run_action(image: str, workspace: Path, **inputs: str) -> Run:
    """One step `uses: ./` without a network; `batch_sizes="1"` stands for the input `batch-sizes`."""
    step = start_action(image, workspace, **inputs)
    log, _ = step.communicate()
    return left_by(workspace, step.returncode, log)


def left_by(workspace: Path, status: int, log: str) -> Run:
    """What a step left."""
    commands = workspace.parent / "file_commands"
    outputs = read_outputs((commands / "output").read_text())
    return Run(status, log, outputs, (commands / "summary").read_text())


def start_action(image: str, workspace: Path, *options: str, **inputs: str) -> subprocess.Popen[str]:
    """The same, still running, with more options for `docker run`."""
    commands = workspace.parent / "file_commands"
    commands.mkdir(exist_ok=True)
    for name in ("output", "summary"):
        (commands / name).write_text("")
    environment = {
        **_inputs({name.replace("_", "-"): value for name, value in inputs.items()}),
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": "/github/file_commands/output",
        "GITHUB_STEP_SUMMARY": "/github/file_commands/summary",
        "GITHUB_WORKSPACE": "/github/workspace",
        "HOME": "/github/home",
    }
    flags = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    mounts = ["--volume", f"{workspace}:/github/workspace", "--volume", f"{commands}:/github/file_commands"]
    place = ["--network", "none", "--workdir", "/github/workspace"]
    return subprocess.Popen(
        [DOCKER, "run", "--rm", *place, *mounts, *flags, *options, image],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def check_out(model: Path, target: Path) -> None:
    """Copies a model's files as git checks them out: readable by all, whatever the source's rights are."""
    target.mkdir(parents=True)
    for file in model.iterdir():
        (target / file.name).write_bytes(file.read_bytes())


def read_outputs(text: str) -> dict[str, str]:
    """The runner's file format: `name=value`, or `name<<MARK` with lines up to MARK."""
    outputs: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, marked, mark = line.partition("<<")
        if marked and "=" not in name:
            outputs[name] = "\n".join(iter(partial(next, lines), mark))
        else:
            name, _, outputs[name] = line.partition("=")
    return outputs


def _inputs(given: dict[str, str]) -> dict[str, str]:
    """`INPUT_*` as the runner sets them: every input of action.yml, with its default where nothing is given."""
    declared: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    values = {name: entry.get("default", "") for name, entry in declared.items()}
    return {f"INPUT_{name.upper()}": value for name, value in {**values, **given}.items()}
