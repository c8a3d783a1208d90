from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.records import Report
from onnx_export_action.report import document
from tests.factories import (
    make_case,
    make_error_report,
    make_export,
    make_failed_report,
    make_lone_report,
    make_model,
    make_parity,
    make_report,
    make_validation,
)

# The contract: these paths are fixed, everything else in report.json is free.
FIXED_PATHS = (
    "schema_version",
    "verdict",
    *(f"model.{key}" for key in ("id", "revision", "task", "architecture")),
    *(f"export.{key}" for key in ("exporter", "opset", "ir_version", "seconds", "peak_rss_bytes")),
    *(f"export.attempts[].{key}" for key in ("exporter", "ok", "seconds", "cause", "hint")),
    *(f"files[].{key}" for key in ("path", "size_bytes", "sha256")),
    "validation.passed",
    *(f"validation.cases[].{key}" for key in ("shape", "max_abs_diff", "passed")),
    "validation.dynamic_axes",
    "benchmark.latency_ms.p50",
    "benchmark.latency_ms.p90",
    *(f"benchmark.{key}" for key in ("provider", "threads", "noise_floor_pct")),
    "comparison",
    "environment",
)
ALL_REPORTS = (make_report, make_failed_report, make_error_report, make_lone_report)


def _at(value: Any, path: str) -> list[Any]:
    """Every value at a path; a missing key is an error."""
    values = [value]
    for step in path.split("."):
        values = [each[step.removesuffix("[]")] for each in values]
        if step.endswith("[]"):
            values = [item for each in values for item in each]
    return values


@pytest.mark.parametrize("path", FIXED_PATHS)
def test_to_json__has_fixed_path(path: str) -> None:
    assert _at(json.loads(document.to_json(make_report())), path)


@pytest.mark.parametrize("path", FIXED_PATHS)
def test_docs__name_fixed_path(path: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "report.md").read_text(encoding="utf-8")
    root, *rest = path.split(".")
    rows = [row for row in page.splitlines() if row.startswith((f"| `{root}`", f"| `{root}[]`"))]
    assert len(rows) == 1
    assert all(f"`{step}`" in rows[0] for step in rest)


@pytest.mark.parametrize("make", ALL_REPORTS)
def test_to_json__follows_the_schema_in_the_package(make: Any) -> None:
    schema = json.loads(document.SCHEMA_FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(document.to_json(make())), schema)


def test_schema_file__is_made_from_the_records() -> None:
    assert document.SCHEMA_FILE.read_text(encoding="utf-8") == document.json_schema(), (
        "make it anew: python -m onnx_export_action.report.document"
    )


@pytest.mark.parametrize("path", ["verdict", "validation", "benchmark", "comparison", "schema_version"])
def test_schema__requires_what_is_fixed(path: str) -> None:
    assert path in json.loads(document.json_schema())["properties"]


def test_to_json__error_has_null_for_what_there_is_not() -> None:
    content = json.loads(document.to_json(make_error_report(model=None, export=None)))
    assert content["verdict"] == "error"
    assert [content[key] for key in ("model", "export", "validation", "benchmark", "comparison")] == [None] * 5


def test_to_json__never_holds_the_models_path() -> None:
    text = document.to_json(make_report(model=make_model(path="/home/someone/models/secret-place")))
    assert "secret-place" not in text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_to_json__writes_null_for_what_is_no_number(value: float) -> None:
    validation = make_validation(cases=(make_case(outputs=(make_parity(max_rel_diff=value),)),))
    text = document.to_json(make_report(validation=validation))
    assert json.loads(text)["validation"]["cases"][0]["outputs"][0]["max_rel_diff"] is None
    assert "NaN" not in text
    assert "Infinity" not in text


def test_to_json__puts_raw_timings_on_one_line() -> None:
    assert '"samples_ms": [41.2, 40.9, 43.0],' in document.to_json(make_report())


@given(st.text(alphabet=st.characters(), max_size=60))
def test_to_json__any_text_survives_but_for_lone_surrogates(text: str) -> None:
    written = document.to_json(make_report(warnings=(text,))).encode("utf-8")
    assert json.loads(written)["warnings"] == [text.encode("utf-8", "replace").decode("utf-8")]


@pytest.mark.parametrize("make", ALL_REPORTS)
def test_from_json__gives_the_same_report(make: Any) -> None:
    report: Report = make()
    text = document.to_json(report)
    assert document.from_json(text).verdict == report.verdict
    assert document.to_json(document.from_json(text)) == text


def test_from_json__ignores_keys_of_later_versions() -> None:
    content = {**json.loads(document.to_json(make_report())), "added_later": 1}
    assert document.from_json(json.dumps(content)).verdict == "pass"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("{}", "schema version None"),
        ('{"schema_version": 2}', "schema version 2"),
        ('{"schema_version": 1}', "tool_version: Field required"),
        (
            '{"schema_version": 1, "model": 3, "tool_version": "1", "environment": {}}',
            "does not follow its schema: model",
        ),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_from_json__refuses_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^The report ") as refusal:
        document.from_json(text)
    assert sentence in str(refusal.value)


def test_from_json__does_not_take_a_path_from_the_text() -> None:
    content = json.loads(document.to_json(make_report(export=make_export())))
    content["model"]["path"] = "/etc/passwd"
    model = document.from_json(json.dumps(content)).model
    assert model is not None
    assert model.path == ""
