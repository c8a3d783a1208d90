from __future__ import annotations

from typing import Any

import pytest

from onnx_export_action.records import Check, Report
from onnx_export_action.report import headline
from onnx_export_action.report.spans import plain
from onnx_export_action.report.units import TIMES
from tests.factories import (
    make_attempt,
    make_axis,
    make_benchmark,
    make_case,
    make_error_report,
    make_export,
    make_failed_report,
    make_file,
    make_lone_report,
    make_model,
    make_parity,
    make_report,
    make_timing,
    make_validation,
)


def _figures(report: Report) -> dict[str, str]:
    return {figure.name: plain(figure.value) for figure in headline.figures(report)}


def _failed_checks(*names: str) -> tuple[Check, ...]:
    return tuple(Check(name=name, passed=False, detail="no") for name in names)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"checks": _failed_checks("opset")}, "Fail: the check opset did not pass"),
        ({"checks": _failed_checks("opset", "onnx.checker")}, "Fail: 2 checks did not pass"),
        ({"dynamic_axes": (make_axis(declared=False),)}, "Fail: the ONNX file is right only at some sizes"),
        ({"cases": ()}, "Fail: no case could be compared, so nothing is proven"),
        ({"cases": (make_case(error="x"),)}, "Fail: the ONNX file does not give the model's answers"),
    ],
)
def test_sentence__names_what_failed(overrides: dict[str, Any], sentence: str) -> None:
    report = make_report(validation=make_validation(**overrides))
    assert plain(headline.sentence(report)) == sentence
    assert headline.tone(report) == "bad"


@pytest.mark.parametrize(
    ("make", "tone"),
    [(make_report, "good"), (make_lone_report, "caution"), (make_failed_report, "bad"), (make_error_report, "bad")],
)
def test_tone__is_good_only_for_proven_answers(make: Any, tone: str) -> None:
    assert headline.tone(make()) == tone


@pytest.mark.parametrize(
    ("pytorch_ms", "noise", "text"),
    [
        (8.0, 1.0, f"4.00 ms at batch 1 · 2.00{TIMES} faster than PyTorch (8.00 ms)"),
        (2.0, 1.0, f"4.00 ms at batch 1 · 2.00{TIMES} slower than PyTorch (2.00 ms)"),
        (4.2, 6.0, "4.00 ms at batch 1 · as fast as PyTorch (4.20 ms), within the noise of 6.00 %"),
        (4.2, 4.0, f"4.00 ms at batch 1 · 1.05{TIMES} faster than PyTorch (4.20 ms)"),
    ],
)
def test_figures__latency_stands_beside_pytorch(pytorch_ms: float, noise: float, text: str) -> None:
    timings = (
        make_timing(shape="batch 1", samples_ms=(4.0,)),
        make_timing("pytorch", shape="batch 2", samples_ms=(1.0,)),
        make_timing("pytorch", shape="batch 1", samples_ms=(pytorch_ms,)),
    )
    report = make_report(benchmark=make_benchmark(timings=timings, noise_floor_pct=noise))
    assert _figures(report)["latency p50"] == text


def test_figures__latency_beside_a_pytorch_of_much_noise_makes_no_claim() -> None:
    noisy = make_timing("pytorch", samples_ms=(4.0, 40.0, 80.0, 120.0))
    report = make_report(benchmark=make_benchmark(timings=(make_timing(), noisy)))
    latency = next(figure for figure in headline.figures(report) if figure.name == "latency p50")
    assert plain(latency.value).endswith("too noisy here to stand beside PyTorch")


def test_figures__a_model_of_tensorflow_stands_beside_that() -> None:
    timings = (make_timing(samples_ms=(4.0,)), make_timing("tensorflow", samples_ms=(8.0,)))
    report = make_report(benchmark=make_benchmark(timings=timings), validation=make_validation(reference="tensorflow"))
    assert headline.tone(report) == "good"
    assert _figures(report)["latency p50"].endswith(f"2.00{TIMES} faster than TensorFlow (8.00 ms)")
    assert "max abs diff from TensorFlow" in _figures(report)["answers"]


def test_figures__latency_without_pytorch_stands_alone() -> None:
    report = make_report(benchmark=make_benchmark(timings=(make_timing(shape="batch 1", samples_ms=(4.0,)),)))
    assert _figures(report)["latency p50"] == "4.00 ms at batch 1"


def test_figures__say_when_nothing_was_measured() -> None:
    assert _figures(make_report(benchmark=None))["latency p50"] == "not measured"


def test_figures__size_includes_external_data() -> None:
    files = (make_file("model.onnx", 400_000), make_file("model.onnx_data", 99_600_000), make_file("config.json", 500))
    assert _figures(make_report(files=files))["size"] == "100 MB in model.onnx and model.onnx_data"


def test_figures__answers_that_cannot_be_compared_have_no_figure() -> None:
    nothing = make_case(outputs=(make_parity(passed=None, max_abs_diff=None),))
    report = make_report(validation=make_validation(cases=(nothing,)))
    assert _figures(report)["answers"] == "not comparable in 1 case"


def test_figures__exporter_names_those_that_failed_before() -> None:
    attempts = (make_attempt("optimum", ok=False), make_attempt("torch", ok=False), make_attempt())
    report = make_report(export=make_export(attempts=attempts))
    assert _figures(report)["exporter"] == "torchscript, after optimum and torch failed"


def test_figures__exporter_was_not_after_those_that_failed_later() -> None:
    attempts = (make_attempt(ok=False), make_attempt("torch", ok=False))
    report = make_report(export=make_export(attempts=attempts))
    assert _figures(report)["exporter"] == "torchscript"


def test_figures__given_file_has_no_exporter() -> None:
    assert _figures(make_lone_report())["exporter"] == "none, the file was given"


def test_figures__error_shows_none() -> None:
    assert _figures(make_error_report()) == {}


@pytest.mark.parametrize(
    ("model_id", "shown"),
    [("org/model", "org/model"), ("models/tiny", "models/tiny"), ("/github/workspace/models/tiny", "tiny")],
)
def test_subject__shows_no_folders_of_the_machine(model_id: str, shown: str) -> None:
    report = make_report(model=make_model(id=model_id, revision=None))
    assert plain(headline.subject(report)) == f"{shown} · feature-extraction · BertModel"


def test_sentence__names_outputs_that_prove_nothing() -> None:
    silent = make_parity(output="logit_scale", tells=False)
    report = make_report(validation=make_validation(cases=(make_case(outputs=(make_parity(), silent)),)))
    assert headline.tone(report) == "caution"
    assert plain(headline.sentence(report)) == (
        "Pass with a caveat: the cases cannot tell right from wrong in logit_scale"
    )
