from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.github import outputs
from onnx_export_action.records import Publication, Report
from tests.factories import make_error_report, make_failed_report, make_file, make_lone_report, make_report
from tests.unit.github import runner_model

REPORTS = {
    "report-json": "onnx-export/report.json",
    "report-markdown": "onnx-export/report.md",
    "report-html": "onnx-export/report.html",
}


def test_outputs_of__pass_has_every_output() -> None:
    assert outputs.outputs_of(make_report(), "onnx-export") == {
        "verdict": "pass",
        "onnx-path": "onnx-export/model.onnx",
        **REPORTS,
        "sha256": "0a" * 32,
        "size-bytes": "90387630",
        "opset": "18",
        "exporter": "torchscript",
        "max-abs-diff": "8.34e-07",
        "latency-p50-ms": "4.11",
    }


def test_outputs_of__fail_points_at_the_file_under_its_failed_name() -> None:
    found = outputs.outputs_of(make_failed_report(), "out/deep")
    assert found["onnx-path"] == "out/deep/model.failed.onnx"
    assert found["size-bytes"] == str(1_204_311 + 90_112_000)
    assert found["max-abs-diff"] == "0.0312"
    assert "latency-p50-ms" not in found


def test_outputs_of__error_has_the_verdict_and_the_reports() -> None:
    assert outputs.outputs_of(make_error_report(), "onnx-export") == {"verdict": "error", **REPORTS}


def test_outputs_of__given_file_has_no_exporter() -> None:
    assert "exporter" not in outputs.outputs_of(make_lone_report(), "onnx-export")


@pytest.mark.parametrize("output_dir", ["onnx-export", "./onnx-export", "onnx-export/"])
def test_outputs_of__paths_are_plain_and_relative(output_dir: str) -> None:
    assert outputs.outputs_of(make_report(), output_dir)["report-json"] == "onnx-export/report.json"


def test_outputs_of__data_before_the_graph_is_not_taken_for_it() -> None:
    files = (make_file("model.failed.onnx_data"), make_file("model.failed.onnx", 10))
    assert outputs.outputs_of(make_report(files=files), "o")["onnx-path"] == "o/model.failed.onnx"


@given(values=st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]*", fullmatch=True), st.text(st.characters(codec="utf-8"))))
def test_write_outputs__the_runner_reads_the_same(
    values: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("outputs") / "file"
    outputs.write_outputs(path, values)
    assert runner_model.outputs(path.read_bytes().decode("utf-8")) == values


def test_write_outputs__appends(tmp_path: Path) -> None:
    path = tmp_path / "outputs"
    path.write_text("earlier<<x\n1\nx\n", encoding="utf-8")
    outputs.write_outputs(path, {"verdict": "pass"})
    assert runner_model.outputs(path.read_text(encoding="utf-8")) == {"earlier": "1", "verdict": "pass"}


def test_write_outputs__a_value_cannot_add_an_output(tmp_path: Path) -> None:
    path = tmp_path / "outputs"
    outputs.write_outputs(path, {"exporter": "x\nghadelimiter_\nverdict=pass\nverdict<<E\npass\nE"})
    assert list(runner_model.outputs(path.read_text(encoding="utf-8"))) == ["exporter"]


def test_write_outputs__refuses_a_value_with_the_delimiter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uuid, "uuid4", lambda: "1234")
    with pytest.raises(ValueError, match="holds the delimiter"):
        outputs.write_outputs(tmp_path / "outputs", {"good": "1", "bad": "a\nghadelimiter_1234\n"})
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("report", [make_report(), make_failed_report(), make_error_report(), make_lone_report()])
def test_outputs_of__are_all_documented(report: Report) -> None:
    page = (Path(__file__).parents[3] / "docs" / "outputs.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in page for name in outputs.outputs_of(report, "onnx-export"))


def test_docs__list_exactly_the_outputs_of_a_pass_and_those_of_many_models() -> None:
    page = (Path(__file__).parents[3] / "docs" / "outputs.md").read_text(encoding="utf-8")
    listed = [row.split("`")[1] for row in page.splitlines() if row.startswith("| `")]
    addresses = dict.fromkeys(("artifact_url", "comment_url", "release_url"), "https://github.com/a")
    published = Publication(artifact_id=1, **addresses)
    of_one = [*outputs.outputs_of(make_report(), "onnx-export"), *outputs.published_outputs(published)]
    assert listed == [*of_one, "results", "matrix"]
