"""Inputs become settings, or one refusal that names every mistake; nothing else can happen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as search
from hypothesis import strategies as st

from onnx_export_action import tasks
from onnx_export_action.errors import UsageError
from onnx_export_action.settings import (
    MAX_OPSET,
    MIN_OPSET,
    Settings,
    default_of,
    input_names,
    inputs_from_environment,
    parse,
)

WORKSPACE = Path("/workspace")
SECRET = "hf_abcdefghijklmnop"

GOOD = [
    ("task", "auto", "auto"),
    ("task", "fill-mask", "fill-mask"),
    ("task", "ner", "token-classification"),
    ("task", "sentiment-analysis", "text-classification"),
    ("opset", "auto", None),
    ("opset", str(MIN_OPSET), MIN_OPSET),
    ("opset", str(MAX_OPSET), MAX_OPSET),
    ("exporter", "auto", "auto"),
    ("exporter", "optimum", "optimum"),
    ("exporter", "transformers", "transformers"),
    ("exporter", "torch", "torch"),
    ("exporter", "torchscript", "torchscript"),
    ("revision", "refs/pr/1", "refs/pr/1"),
    ("subfolder", "a/b", "a/b"),
    ("trust-remote-code", "true", True),
    ("trust-remote-code", "True", True),
    ("trust-remote-code", "FALSE", False),
    ("dtype", "fp32", "fp32"),
    ("dtype", "fp16", "fp16"),
    ("dtype", "bf16", "bf16"),
    ("target", "onnxruntime>=1.16", "onnxruntime>=1.16"),
    ("target", "onnxruntime == 1.16.3", "onnxruntime == 1.16.3"),
    ("atol", "0", 0.0),
    ("atol", "1e-4", 1e-4),
    ("rtol", "0.001", 0.001),
    ("batch-sizes", "1", (1,)),
    ("batch-sizes", "1, 2 5\n7", (1, 2, 5, 7)),
    ("sequence-lengths", "8,16,", (8, 16)),
    ("timeout", "1", 1),
    ("output-dir", "out/onnx", "out/onnx"),
    ("benchmark-seconds", "0", 0.0),
    ("benchmark-seconds", "2.5", 2.5),
    ("variants", "", ()),
    ("variants", "fp16, int8-dynamic\nO1 O1 O4", ("fp16", "int8-dynamic", "O1", "O4")),
    ("fail-on", "", ()),
    ("fail-on", "size > +5%\n\n  inputs  changed;opset < 17, ", ("size > +5%", "inputs changed", "opset < 17")),
    ("on-undecided", "fail", "fail"),
    ("threads", "auto", None),
    ("threads", "4", 4),
]

BAD = [
    ("model", ""),
    ("model", "a\nb"),
    ("model", "a\0b"),
    ("task", ""),
    ("task", "text-clasification"),
    ("task", "fill-mask-with-past"),
    ("task", "\U0001f600"),
    ("opset", "13.5"),
    ("opset", "thirteen"),
    ("opset", ""),
    ("opset", str(MIN_OPSET - 1)),
    ("opset", str(MAX_OPSET + 1)),
    ("opset", "9" * 5000),
    ("opset", "-13"),
    ("exporter", "onnx"),
    ("exporter", "Optimum"),
    ("revision", "a\x1b[31m"),
    ("subfolder", "a\rb"),
    ("trust-remote-code", "yes"),
    ("trust-remote-code", "1"),
    ("trust-remote-code", ""),
    ("dtype", "int8"),
    ("target", "onnxruntime"),
    ("target", "tensorrt>=8.0"),
    ("target", "onnxruntime>=1.16; rm"),
    ("atol", "-1"),
    ("atol", "nan"),
    ("atol", "inf"),
    ("rtol", "1e999"),
    ("rtol", "small"),
    ("batch-sizes", ""),
    ("batch-sizes", "0"),
    ("batch-sizes", "1;2"),
    ("batch-sizes", "1.5"),
    ("batch-sizes", ",".join(["1"] * 21)),
    ("sequence-lengths", "1000001"),
    ("sequence-lengths", "long"),
    ("timeout", "0"),
    ("timeout", "1h"),
    ("output-dir", ""),
    ("output-dir", "."),
    ("output-dir", "../out"),
    ("output-dir", "/tmp/out"),
    ("output-dir", "a/../.."),
    ("benchmark-seconds", "-1"),
    ("benchmark-seconds", "nan"),
    ("variants", "fp8"),
    ("variants", "fp16;O2"),
    ("fail-on", "size > 5%"),
    ("fail-on", "size > +5%\nsise > +5%"),
    ("fail-on", "size > +5% and nodes > 5"),
    ("on-undecided", "warn"),
    ("threads", "0"),
    ("threads", "all"),
]


def attempt(inputs: dict[str, str]) -> Settings | UsageError:
    """Settings or the refusal; anything else that is raised fails the test."""
    try:
        return parse(inputs, WORKSPACE)
    except UsageError as error:
        return error


def refusal(inputs: dict[str, str]) -> UsageError:
    """The refusal, which is one line and ends as a sentence."""
    with pytest.raises(UsageError) as caught:
        parse(inputs, WORKSPACE)
    message = caught.value.message
    assert message.endswith(".")
    assert message.isprintable()
    assert caught.value.exit_status == 2
    assert "docs/inputs.md" in caught.value.remedy
    return caught.value


@pytest.mark.parametrize(("name", "value", "expected"), GOOD)
def test_parse__good_value(name: str, value: str, expected: object) -> None:
    assert getattr(parse({"model": "m", name: value}, WORKSPACE), name.replace("-", "_")) == expected


def test_parse__only_the_model_is_required() -> None:
    settings = parse({"model": "m"}, WORKSPACE)
    assert settings.output_path == WORKSPACE / "onnx-export"
    assert refusal({}).message == "model: this input is required."


@pytest.mark.parametrize(("name", "value"), BAD)
def test_parse__bad_value_is_named(name: str, value: str) -> None:
    assert f"{name}: " in refusal({"model": "m", name: value}).message


def test_parse__every_bad_value_is_named_at_once() -> None:
    bad = {
        "task": "x",
        "opset": "x",
        "exporter": "x",
        "trust-remote-code": "x",
        "dtype": "x",
        "target": "x",
        "atol": "x",
    }
    more = {"batch-sizes": "x", "sequence-lengths": "x", "timeout": "x", "benchmark-seconds": "x", "threads": "x"}
    message = refusal({**bad, **more, "modle": "x"}).message
    assert all(f"{name}: " in message for name in ("model", *bad, *more))
    assert "unknown input 'modle', did you mean 'model'?" in message


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"opset": "6"}, f"too old, the exporters write at least {MIN_OPSET}"),
        ({"opset": "99"}, f"too new, the exporters write at most {MAX_OPSET}"),
        ({"task": "text-clasification"}, "did you mean text-classification"),
        ({"task": "qqqq"}, "known tasks: audio-classification, "),
        ({"task": "fill-mask-with-past"}, "use the task without `-with-past`"),
        ({"task": "ner-with-past"}, "text2text-generation-with-past"),
        (
            {"task": "text2text-generation-with-past", "variants": "fp16"},
            "variants: text2text-generation-with-past writes several files, and variants are made of one",
        ),
        (
            {"task": "text-generation-with-past", "merged-decoder": "true"},
            "merged-decoder: text-generation-with-past writes one file; only text2text-generation-with-past, ",
        ),
        ({"optset": "13"}, "unknown input 'optset', did you mean 'opset'?"),
        ({"qqqq": "13"}, "unknown input 'qqqq'."),
        ({"also-check": "jax"}, "also-check: input should be 'tensorflow'"),
        ({"output-dir": ".."}, "not a folder inside the workspace"),
    ],
)
def test_parse__says_what_would_be_right(inputs: dict[str, str], expected: str) -> None:
    assert expected in refusal({"model": "m", **inputs}).message


def test_parse__the_token_is_never_shown() -> None:
    settings = parse({"model": "m", "hf-token": SECRET}, WORKSPACE)
    assert settings.hf_token is not None
    assert settings.hf_token.get_secret_value() == SECRET
    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()
    assert SECRET not in str(refusal({"model": "", "hf-token": SECRET, "opset": "x"}))


def test_parse__a_link_that_leads_to_itself(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert parse({"model": "loop"}, tmp_path).model == "loop"
    assert parse({"model": "m", "output-dir": "loop"}, tmp_path).output_path == tmp_path / "loop"


def test_parse__output_folder_behind_a_link_that_leads_outside(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "out").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="output-dir: 'out' is not a folder inside the workspace"):
        parse({"model": "m", "output-dir": "out"}, workspace)


def test_settings__are_frozen() -> None:
    settings = parse({"model": "m"}, WORKSPACE)
    with pytest.raises(ValueError, match="frozen"):
        settings.model = "other"  # type: ignore[misc]


@pytest.mark.parametrize("name", [name for name in input_names() if default_of(name)])
def test_default_of__means_the_same_as_nothing(name: str) -> None:
    assert parse({"model": "m", name: default_of(name)}, WORKSPACE) == parse({"model": "m"}, WORKSPACE)


def test_input_names__are_those_of_the_settings() -> None:
    assert set(input_names()) == {name.replace("_", "-") for name in Settings.model_fields} - {"workspace", "name"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"INPUT_MODEL": "m", "PATH": "/bin"}, {"model": "m"}),
        ({"INPUT_TRUST-REMOTE-CODE": "true"}, {"trust-remote-code": "true"}),
        ({"INPUT_TRUST_REMOTE_CODE": "true"}, {"trust-remote-code": "true"}),
        ({"INPUT_MODEL": "  m \n", "INPUT_TASK": "", "INPUT_OPSET": " "}, {"model": "m"}),
        ({"input_model": "m", "INPUTMODEL": "m"}, {}),
        ({"INPUT_": "x"}, {"": "x"}),
    ],
)
def test_inputs_from_environment__as_the_runner_passes_them(
    environment: dict[str, str], expected: dict[str, str]
) -> None:
    assert inputs_from_environment(environment) == expected


# The first draw builds tables of Unicode, which takes a second: no health of these tests.
patient = search(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300)

# Everything that an environment can hold, lone surrogates (undecodable bytes) included.
anything = st.text(st.characters(categories=("L", "M", "N", "P", "S", "Z", "C")), max_size=60)
near_numbers = st.from_regex(r"[-+]?[0-9]{0,25}(\.[0-9]*)?(e[-+]?[0-9]{1,4})?", fullmatch=True)
lists = st.lists(st.one_of(near_numbers, anything), max_size=25).map(",".join)
known_values = st.sampled_from([value for _, value, _ in GOOD] + [value for _, value in BAD] + list(tasks.AUTO_CLASSES))
values = st.one_of(anything, near_numbers, lists, known_values)
names = st.one_of(st.sampled_from(input_names()), anything)


@patient
@given(inputs=st.dictionaries(names, values, max_size=12))
def test_parse__any_mapping_gives_settings_or_one_sentence(inputs: dict[str, str]) -> None:
    result = attempt(inputs)
    if isinstance(result, UsageError):
        assert result.message.endswith(".")
        assert result.message.isprintable()
        assert all(repr(name[:80]) in result.message for name in inputs if name not in input_names())
    else:
        assert result.model == inputs.get("model", "")
        assert set(inputs) <= set(input_names())
        assert result.output_path.is_relative_to(WORKSPACE)


@patient
@given(name=st.sampled_from(input_names()), value=values)
def test_parse__one_bad_value_is_the_only_one_named(name: str, value: str) -> None:
    result = attempt({"model": "m", name: value})
    if isinstance(result, UsageError):
        assert result.message.startswith(f"{name}: ")
        assert not any(f"; {other}: " in result.message for other in set(input_names()) - {name})
    else:
        assert result == parse({"model": "m", name: value}, WORKSPACE)


@patient
@given(
    environment=st.dictionaries(
        st.one_of(anything, names.map(lambda name: f"INPUT_{name.upper()}")), values, max_size=12
    )
)
def test_inputs_from_environment__any_environment(environment: dict[str, str]) -> None:
    inputs: dict[str, Any] = inputs_from_environment(environment)
    assert all(value == value.strip() != "" for value in inputs.values())
    assert not any("_" in name for name in inputs)
    assert len(inputs) <= sum(name.startswith("INPUT_") for name in environment)
