"""Flags carry the same names and values as the inputs, and the command in a report can be typed again."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action import cli
from onnx_export_action.errors import UsageError
from onnx_export_action.settings import Settings, default_of, input_names, parse

WORKSPACE = Path("/workspace")


@pytest.mark.parametrize("name", input_names())
def test_inputs_from_flags__every_input_is_a_flag(name: str) -> None:
    assert cli.inputs_from_flags([f"--{name}", "value"]) == {name: "value"}
    assert cli.inputs_from_flags(["run", f"--{name}=value"]) == {name: "value"}


def test_inputs_from_flags__nothing_given_is_nothing_set() -> None:
    assert cli.inputs_from_flags([]) == cli.inputs_from_flags(["run"]) == {}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--modle", "m"], "unknown flag '--modle', did you mean '--model'?"),
        (["--modle=m"], "unknown flag '--modle=m', did you mean '--model'?"),
        (["--qqqqqq"], "unknown flag '--qqqqqq'."),
        (["--mod", "m"], "unknown flag '--mod'"),
        (["--model"], "argument --model: expected one argument."),
        (["export"], "unknown command 'export', known are run, validate, compare, plan, report, doctor."),
        (["run", "run"], "`run` takes nothing behind it."),
        (["validate"], "`validate` takes FILE."),
        (["compare", "a.onnx"], "`compare` takes BASE HEAD."),
        (["--" + "x" * 1000], "unknown flag '--" + "x" * 78 + "'."),
    ],
)
def test_inputs_from_flags__mistakes(arguments: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        cli.inputs_from_flags(arguments)
    assert caught.value.message.startswith(sentence)
    assert caught.value.remedy


def test_inputs_from_flags__compare_is_a_run_with_a_baseline(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()
    given = cli.inputs_from_flags(["compare", "base", str(tmp_path), "--fail-on", "size > +5%"])
    assert given == {
        "baseline": "base",
        "model": str(tmp_path / "model.onnx"),
        "fail-on": "size > +5%",
        "mode": "compare",
        "output-dir": "onnx-comparison",
    }


def test_inputs_from_flags__compare_leaves_what_a_run_left(tmp_path: Path) -> None:
    """A run's own folder can be compared, as the output goes elsewhere."""
    folder = tmp_path / default_of("output-dir")
    folder.mkdir()
    (folder / "model.onnx").touch()
    (folder / "model_fp16.onnx").touch()
    operands = ["onnx-export/model.onnx", "onnx-export/model_fp16.onnx"]
    assert parse(cli.inputs_from_flags(["compare", *operands]), tmp_path).output_path == tmp_path / "onnx-comparison"
    chosen = cli.inputs_from_flags(["compare", *operands, "--output-dir", "mine"])
    assert chosen["output-dir"] == "mine"


def test_inputs_from_flags__validate_measures_nothing_unless_asked() -> None:
    given = cli.inputs_from_flags(["validate", "a.onnx", "--model", "m"])
    assert given["onnx-file"] == "a.onnx"
    assert given["benchmark-seconds"] == "0"
    asked = cli.inputs_from_flags(["validate", "a.onnx", "--model", "m", "--benchmark-seconds", "3"])
    assert asked == {**given, "benchmark-seconds": "3"}


def test_inputs_from_flags__report_is_a_mode() -> None:
    assert cli.inputs_from_flags(["report"]) == {"mode": "report"}
    assert cli.inputs_from_flags(["doctor"]) == {"mode": "doctor"}


def test_help__lists_every_flag_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.inputs_from_flags(["--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert all(f"--{name} VALUE" in text for name in input_names())
    assert "Default: 3600." in text
    assert "Exit status: 0 pass, 1 fail" in text


def settings_of(**inputs: str) -> Settings:
    return parse({"model": "m", **{name.replace("_", "-"): value for name, value in inputs.items()}}, WORKSPACE)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, "--model m --task t"),
        ({"opset": "13", "exporter": "torch"}, "--model m --task t --opset 13 --exporter torch"),
        ({"trust_remote_code": "true"}, "--model m --task t --trust-remote-code true"),
        ({"batch_sizes": "1, 4"}, "--model m --task t --batch-sizes 1,4"),
        ({"benchmark_seconds": "0"}, "--model m --task t --benchmark-seconds 0.0"),
        ({"target": "onnxruntime>=1.16"}, "--model m --task t --target 'onnxruntime>=1.16'"),
        ({"hf_token": "hf_secretsecret"}, "--model m --task t"),
        ({"onnx_file": "a b.onnx"}, "validate 'a b.onnx' --model m --task t --benchmark-seconds 10"),
        ({"onnx_file": "a.onnx", "benchmark_seconds": "0"}, "validate a.onnx --model m --task t"),
        ({"output_dir": "elsewhere"}, "--model m --task t"),
        ({"opset": "auto", "timeout": "3600"}, "--model m --task t"),
        ({"baseline": "none"}, "--model m --task t"),
    ],
)
def test_command_of__shows_what_differs_from_the_defaults(inputs: dict[str, str], expected: str) -> None:
    assert cli.command_of(settings_of(**inputs), "m", "t") == f"onnx-export-action {expected}"


def test_command_of__names_the_base_that_lies_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    settings = parse(cli.inputs_from_flags(["compare", "before", "after.onnx"]), tmp_path)
    assert cli.command_of(settings, "after.onnx", "auto") == "onnx-export-action compare before after.onnx --task auto"
    settings = parse({"model": "m", "baseline": "before"}, tmp_path)
    assert cli.command_of(settings, "m", "auto").endswith("--model m --task auto --baseline before")


@given(
    model=st.text(st.characters(categories=("L", "N", "P", "Zs", "S")), min_size=1, max_size=20).filter(
        lambda text: not text.startswith("-") and text.isprintable()
    ),
    opset=st.integers(9, 23),
    atol=st.floats(0, 1),
    sizes=st.lists(st.integers(1, 1000), min_size=1, max_size=5),
    trusted=st.booleans(),
)
def test_command_of__typed_again_gives_the_same_settings(
    model: str, opset: int, atol: float, sizes: list[int], trusted: bool
) -> None:
    given = {
        "model": model,
        "task": "fill-mask",
        "opset": str(opset),
        "atol": str(atol),
        "batch-sizes": ",".join(map(str, sizes)),
        "trust-remote-code": str(trusted).lower(),
    }
    settings = parse(given, WORKSPACE)
    command = shlex.split(cli.command_of(settings, settings.model, settings.task))
    assert command[0] == "onnx-export-action"
    assert parse(cli.inputs_from_flags(command[1:]), WORKSPACE) == settings
