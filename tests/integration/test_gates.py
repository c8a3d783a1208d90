"""The gates through the whole program: verdict, exit status and what a reader is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration import program
from tests.integration.program import Outcome
from tests.integration.test_onnx_file import write


def run(workspace: Path, fail_on: str, **inputs: str) -> Outcome:
    write(workspace / "network.onnx")
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return program.run(workspace, {"model": "network.onnx", "fail-on": fail_on, **given})


def test_gates__one_that_fails_is_the_verdict(tmp_path: Path) -> None:
    outcome = run(tmp_path, "opset < 17\nnodes >= 2\n")
    assert outcome.status == 1, outcome.log
    assert outcome.outputs["verdict"] == outcome.report["verdict"] == "fail"
    assert outcome.report["validation"]["passed"] is True
    assert [(gate["condition"], gate["outcome"]) for gate in outcome.report["comparison"]["gates"]] == [
        ("opset < 17", "passed"),
        ("nodes >= 2", "failed"),
    ]
    assert outcome.summary.startswith("### ❌ Fail: the gate <code>nodes &#62;= 2</code> failed\n")
    assert "\n\nFound: 2.\n\n" in outcome.summary
    assert (outcome.folder / "model.onnx").exists()


def test_gates__all_that_hold_are_a_pass(tmp_path: Path) -> None:
    outcome = run(tmp_path, "size > 1 MB, max-abs-diff > 0.1, macs > 1M, parameters-float > 16")
    assert outcome.status == 0, outcome.log
    assert {gate["outcome"] for gate in outcome.report["comparison"]["gates"]} == {"passed"}


@pytest.mark.parametrize(("on_undecided", "status"), [("pass", 0), ("fail", 1)])
def test_gates__without_a_base_a_change_cannot_be_decided(tmp_path: Path, on_undecided: str, status: int) -> None:
    outcome = run(tmp_path, "size > +5%\ninputs changed", on_undecided=on_undecided)
    assert outcome.status == status, outcome.log
    gates = outcome.report["comparison"]["gates"]
    assert {gate["outcome"] for gate in gates} == {"undecided" if status == 0 else "failed"}
    assert all(gate["reason"].startswith("No baseline: ") for gate in gates)


@pytest.mark.parametrize(
    ("fail_on", "outcome"),
    [
        ("size > +5%", "passed"),
        ("size >= +0%", "failed"),
        ("inputs changed", "passed"),
        ("output-diff > 0", "passed"),
        ("latency-p50 > +10%", "passed"),
    ],
)
def test_gates__against_a_base_of_the_same_file(tmp_path: Path, fail_on: str, outcome: str) -> None:
    write(tmp_path / "base.onnx")
    found = run(tmp_path, fail_on, baseline="base.onnx")
    assert [gate["outcome"] for gate in found.report["comparison"]["gates"]] == [outcome]


@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        (None, "is no folder, .onnx or .json file"),
        (b"", "It is empty."),
        (b"no protobuf", "The baseline's file cannot be compared: "),
    ],
    ids=["missing", "empty", "not ONNX"],
)
def test_compare__a_base_that_cannot_be_read_is_a_usage_error(
    tmp_path: Path, base: bytes | None, sentence: str
) -> None:
    if base is not None:
        (tmp_path / "base.onnx").write_bytes(base)
    given = {"mode": "compare", "baseline": "base.onnx", "benchmark-seconds": "0.1"}
    write(tmp_path / "network.onnx")
    outcome = program.run(tmp_path, {"model": "network.onnx", **given})
    assert outcome.status == 2, outcome.log
    assert sentence in outcome.failure
    assert "Traceback" not in outcome.log


def test_gates__a_variant_counts_where_that_is_asked_for(tmp_path: Path) -> None:
    outcome = run(tmp_path, "variants-failed > 0", variants="O1")
    assert outcome.status == 0, outcome.log
    assert [gate["value"] for gate in outcome.report["comparison"]["gates"]] == [0]


def test_gates__a_wrong_condition_ends_the_run_before_it_starts(tmp_path: Path) -> None:
    outcome = run(tmp_path, "sise > +5%")
    program.assert_error(outcome, 2, "fail-on: unknown figure 'sise', did you mean 'size'")
    assert "figures: size, bundle-size, parameters" in outcome.failure


def test_gates__every_wrong_condition_is_named(tmp_path: Path) -> None:
    outcome = run(tmp_path, "size > 5 ms\nlatency-p50 > 5\ninputs changed")
    program.assert_error(
        outcome,
        2,
        "fail-on: 'size > 5 ms': the limit of size is written e.g. `100 MB`, or as a change",
        "fail-on: 'latency-p50 > 5': the limit of latency-p50 is written e.g. `20 ms`, or as a change",
    )
