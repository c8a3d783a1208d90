"""Flags of the same names as the inputs; the parser is made from `Settings`."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Never

from onnx_export_action import __version__, tasks
from onnx_export_action.errors import UsageError
from onnx_export_action.settings import Settings, default_of, input_names, nearest

# Each command's operands, by the inputs that they stand for.
_COMMANDS: dict[str, tuple[str, ...]] = {
    "run": (),
    "validate": ("onnx-file",),
    "compare": ("baseline", "model"),
    "plan": (),
    "report": (),
    "doctor": (),
}
_COMMANDS_HELP = (
    "`run` (the default); `validate FILE --model MODEL` proves an .onnx, or that of a folder, against its model; "
    "`compare BASE HEAD` holds one .onnx, or that of a folder, against another; `plan` prints the matrix "
    "of a `--config`; `report` is `--mode report`; "
    "`doctor` tells what this installation can export and run"
)
# What a command means beside its operands, where no flag says otherwise.
_MEANT = {
    "validate": {"benchmark-seconds": "0", "baseline": "none", "output-dir": "onnx-validation"},
    # Not the folder of a run, which is cleared at its start, and holds what people want to compare.
    "compare": {"mode": "compare", "output-dir": "onnx-comparison"},
    "plan": {"mode": "plan"},
    "report": {"mode": "report"},
    "doctor": {"mode": "doctor"},
}
# Secrets, places, and what is done with the file afterwards: nothing that the file depends on.
_NOT_REPEATED = frozenset(
    (
        *("model", "task", "onnx-file", "output-dir", "comment", "github-token", "hf-token"),
        *("upload-artifact", "artifact-name", "retention-days", "overwrite", "baseline", "reuse", "mode", "config"),
        "release-assets",
    )
)


_OPERANDS = {"baseline": "BASE", "model": "HEAD", "onnx-file": "FILE"}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Never:
        """A usage error like every other, instead of argparse's own exit."""
        raise UsageError(f"{message}.", "`onnx-export-action --help` lists the flags.")


def inputs_from_flags(arguments: Sequence[str]) -> dict[str, str]:
    """The inputs given as flags; raises UsageError for a flag that does not exist, exits after --help."""
    parser = _Parser(
        prog="onnx-export-action",
        description="Export a model to ONNX, prove that the file gives the model's answers, measure it, report it.",
        epilog="Exit status: 0 pass, 1 fail, 2 wrong input, 3 no route could export, 4 network, disk or memory.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=__version__)
    # Its value is checked last: argparse would take the value of a mistyped flag for the command, and blame that.
    parser.add_argument("command", nargs="?", default="run", help=_COMMANDS_HELP)
    parser.add_argument("operands", nargs="*", help=argparse.SUPPRESS)
    for name in input_names():
        field = Settings.model_fields[name.replace("-", "_")]
        default = default_of(name)
        text = f"{field.description}{f' Default: {default}.' if default else ''}"
        parser.add_argument(f"--{name}", metavar="VALUE", help=text.replace("%", "%%"))
    parsed, unknown = parser.parse_known_args(list(arguments))
    given = vars(parsed)
    if unknown:
        parser.error(f"unknown flag {unknown[0][:80]!r}{_nearest(unknown[0])}")
    if given["command"] not in _COMMANDS:
        parser.error(f"unknown command {given['command'][:80]!r}, known are {', '.join(_COMMANDS)}")
    flags = {name: given[name.replace("-", "_")] for name in input_names()}
    named = _of_command(parser, given["command"], given["operands"])
    return {**named, **{name: value for name, value in flags.items() if value is not None}}


def _of_command(parser: _Parser, command: str, operands: list[str]) -> dict[str, str]:
    """The inputs that a command and its operands stand for."""
    names = _COMMANDS[command]
    if len(operands) != len(names):
        wanted = " ".join(_OPERANDS[name] for name in names) or "nothing behind it"
        parser.error(f"`{command}` takes {wanted}")
    given = {name: _onnx_in(value) if name == "model" else value for name, value in zip(names, operands, strict=True)}
    return {**_MEANT.get(command, {}), **given}


def _onnx_in(operand: str) -> str:
    """The file that a run left, where its folder is named."""
    files = (Path(operand, f"{name}.onnx") for name in ("model", tasks.STEP))
    return next((str(file) for file in files if file.is_file()), operand)


def _nearest(flag: str) -> str:
    near = nearest(flag.split("=")[0].removeprefix("--")) if flag.startswith("--") else ""
    return f", did you mean '--{near}'?" if near else ""


def command_of(settings: Settings, model: str, task: str) -> str:
    """The command that repeats a run: what differs from the defaults, never a token."""
    command, shown = _command_and_subject(settings, model, task)
    for name in input_names():
        value = getattr(settings, name.replace("-", "_"))
        compared = name == "baseline" and settings.baseline_path is not None and settings.mode != "compare"
        if value != _implied(settings, name) and (compared or name not in _NOT_REPEATED):
            shown[name] = _written(name, value)
    flags = (part for name, value in shown.items() for part in (f"--{name}", value))
    return shlex.join(["onnx-export-action", *command, *flags])


def _command_and_subject(settings: Settings, model: str, task: str) -> tuple[list[str], dict[str, str]]:
    if settings.mode == "compare":
        return ["compare", settings.baseline, model], {"task": task}
    command = ["validate", str(settings.onnx_file)] if settings.onnx_file is not None else []
    return command, {"model": model, "task": task}


def _implied(settings: Settings, name: str) -> object:
    if settings.onnx_file is not None and name == "benchmark-seconds":
        return 0
    return Settings.model_fields[name.replace("-", "_")].default


def _written(name: str, value: object) -> str:
    if isinstance(value, tuple):
        return ("\n" if name == "fail-on" else ",").join(map(str, value))
    return str(value).lower() if value is True else str(value)
