"""What an old runtime can load."""

from __future__ import annotations

import pytest

from onnx_export_action.validation import target


@pytest.mark.parametrize(
    ("runtime", "opset", "ir", "passed", "detail"),
    [
        (None, 23, 11, True, "the installed ONNX Runtime"),
        ("onnxruntime>=1.16", 19, 9, True, "loads opset 19 and IR 9"),
        ("onnxruntime>=1.16", 20, 9, False, "loads opsets up to 19, the file has 20"),
        ("onnxruntime>=1.16", 19, 10, False, "loads IR versions up to 9, the file has 10"),
        ("onnxruntime == 1.7.2", 13, 7, True, "loads opset 13"),
        ("onnxruntime>=1.2", 13, 7, False, "up to 12"),
        ("onnxruntime>=99.0", 23, 12, True, "loads opset 23"),
    ],
)
def test_check_target__by_release(runtime: str | None, opset: int, ir: int, passed: bool, detail: str) -> None:
    check = target.check_target(runtime, opset, ir)
    assert (check.name, check.passed) == ("target runtime", passed)
    assert detail in check.detail


def test_check_target__names_operators_that_are_too_new() -> None:
    check = target.check_target("onnxruntime>=1.16", 19, 9, [f"Op{number} 20 (since 1.17)" for number in range(7)])
    assert not check.passed
    assert check.detail.endswith(
        "does not run " + ", ".join(f"Op{n} 20 (since 1.17)" for n in range(5)) + " and 2 more"
    )


@pytest.mark.parametrize(
    ("text", "release", "requirement"),
    [
        ("onnxruntime>=1.16", (1, 16), "onnxruntime==1.16.*"),
        ("onnxruntime == 1.16.3", (1, 16), "onnxruntime==1.16.3"),
    ],
)
def test_requirement__is_the_release_named(text: str, release: tuple[int, int], requirement: str) -> None:
    assert target.release(text) == release
    assert target.requirement(text) == requirement


def test_releases__grow_with_time() -> None:
    limits = [target._RELEASES[release] for release in sorted(target._RELEASES)]
    assert limits == sorted(limits)
    assert [ir for _, ir in limits] == sorted(ir for _, ir in limits)
    assert target.newest_opset("onnxruntime>=1.0") == 12
    assert target.newest_opset("onnxruntime>=99.0") is None
