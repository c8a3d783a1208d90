"""Writes what repeats the settings: inputs in both action.yml, and docs/inputs.md. Tests hold them to it."""

import re
from pathlib import Path
from typing import Any

import yaml

from onnx_export_action import settings

ROOT = Path(__file__).parents[1]
ACTION = ROOT / "action.yml"
SECOND = ROOT / "tensorflow" / "action.yml"
PAGE = ROOT / "docs" / "inputs.md"

# What the runner fills in, and a shell cannot.
_BY_THE_RUNNER = {"github-token": "${{ github.token }}"}

INTRODUCTION = """\
# Inputs and outputs

Made by `make docs` from the settings and `action.yml`; edit those.

Every input is a key under `with:` in a workflow, a flag of the same name on the command line
(`--task feature-extraction`), and an environment variable `INPUT_<NAME>` in capitals, dashes kept.
An empty value means the default.

"""


def inputs() -> dict[str, dict[str, Any]]:
    """The inputs as action.yml spells them, from the settings."""
    return {name: _input(name) for name in settings.input_names()}


def action(current: str) -> str:
    """action.yml with its inputs from the settings and all else as it is."""
    text = yaml.safe_dump({"inputs": inputs()}, sort_keys=False, allow_unicode=True, width=1000)
    return re.sub(r"^inputs:\n(?:[ ].*\n)+", lambda _: text, current, count=1, flags=re.MULTILINE)


def second(first: str) -> str:
    """The action with TensorFlow in its image: the same in all else."""
    text = first.replace("name: ONNX export with proof\n", "name: ONNX export with proof, TensorFlow too\n")
    image = "../tensorflow.Dockerfile # zizmor: ignore[unpinned-images] a file of this repository"
    return re.sub(r"^  image: .*$", f"  image: {image}", text, flags=re.MULTILINE)


def page(outputs: dict[str, dict[str, str]]) -> str:
    """docs/inputs.md: a table of the inputs and one of the outputs."""
    rows = [(name, _default(entry), entry["description"]) for name, entry in inputs().items()]
    return (
        INTRODUCTION
        + _table(("input", "default", "meaning"), [(f"`{name}`", default, text) for name, default, text in rows])
        + "\nOutputs are strings, empty where a run could not measure one. Paths are relative to the workspace.\n\n"
        + _table(("output", "meaning"), [(f"`{name}`", entry["description"]) for name, entry in outputs.items()])
    )


def _input(name: str) -> dict[str, Any]:
    field = settings.Settings.model_fields[name.replace("-", "_")]
    entry: dict[str, Any] = {"description": field.description, "required": field.is_required()}
    return entry if field.is_required() else {**entry, "default": _BY_THE_RUNNER.get(name) or settings.default_of(name)}


def _default(entry: dict[str, Any]) -> str:
    if entry["required"]:
        return "required"
    return f"`{entry['default']}`" if entry["default"] else ""


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def main() -> None:
    """Rewrites the three files."""
    text = action(ACTION.read_text(encoding="utf-8"))
    ACTION.write_text(text, encoding="utf-8")
    SECOND.write_text(second(text), encoding="utf-8")
    PAGE.write_text(page(yaml.safe_load(text)["outputs"]), encoding="utf-8")


if __name__ == "__main__":
    main()
