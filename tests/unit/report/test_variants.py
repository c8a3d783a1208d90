"""One row for each file, with the recommended one marked and a failed one's cause."""

from __future__ import annotations

import pytest

from onnx_export_action.records import Report
from onnx_export_action.report import units
from onnx_export_action.report.blocks import Paragraph, Section, Table
from onnx_export_action.report.spans import plain
from onnx_export_action.report.variants import variants_section
from tests import factories


def section(report: Report) -> Section:
    found = variants_section(report)
    assert found is not None
    return found


def rows(report: Report) -> list[list[str]]:
    first = section(report).blocks[0]
    assert isinstance(first, Table)
    return [[column.name for column in first.columns], *([plain(cell) for cell in row] for row in first.rows)]


def told(report: Report) -> str:
    return "\n".join(plain(block.text) for block in section(report).blocks if isinstance(block, Paragraph))


def test_variants_section__is_absent_without_variants() -> None:
    assert variants_section(factories.make_report()) is None


def test_variants_section__shows_each_beside_the_export() -> None:
    report = factories.make_report(variants=(factories.make_variant(), factories.make_failed_variant()))
    names = ["variant", "size", "p50", "latency is", "max diff", "signal to noise", "same answers"]
    faster = f"2.00{units.TIMES} faster (1.89 to 2.08)"
    assert rows(report) == [
        [*names, "result"],
        ["export", "90.4 MB", "4.08 ms", "", "8.34e-7", "", "", ""],
        ["int8-dynamic", "23.1 MB (-74.4 %)", "2.04 ms", faster, "0.550", "15.1 dB", "94.7 %", "✓ best"],
        [
            "fp16",
            "45.6 MB (-49.6 %)",
            "",
            "",
            "0.0600",
            "31.2 dB",
            "100 %",
            "✗ failed",
        ],
    ]
    assert "fp16 is not delivered: output logits: 31.2 dB signal to noise, the limit is 40 dB" in told(report)
    assert plain(section(report).summary) == "int8-dynamic is recommended, 1 of 2 variants failed"
    assert section(report).open


def test_variants_section__leaves_out_what_was_not_measured() -> None:
    outputs = (factories.Likeness(output="hidden", max_abs_diff=0.1, signal_to_noise_db=50),)
    variant = factories.make_variant("O2", latency=(), outputs=outputs, size_bytes=90_000_000)
    report = factories.make_report(variants=(variant,))
    assert rows(report)[0] == ["variant", "size", "max diff", "signal to noise", "result"]
    assert rows(report)[1][-1] == "best"
    assert plain(section(report).summary) == "the export is recommended"
    assert not section(report).open


def test_variants_section__says_that_half_precision_is_slower() -> None:
    slower = (factories.make_paired(ratio=1.2, low=1.1, high=1.3, verdict="slower"),)
    half = factories.make_variant("fp16", latency=slower, path="model_fp16.onnx")
    gpu = factories.make_variant("O4", latency=slower, path="model_O4.onnx")
    other = factories.make_variant("O1", latency=slower, path="model_O1.onnx")
    text = told(factories.make_report(variants=(half, gpu, other)))
    assert "fp16 is slower on this processor, which computes it in fp32 and converts back and forth" in text
    assert "O4 is made for a GPU; what is shown is this processor." in text
    assert "O1 is slower than the export on this processor." in text
    assert "Files: fp16 model_fp16.onnx, O4 model_O4.onnx, O1 model_O1.onnx." in text


def test_main_files__are_the_exports_alone() -> None:
    variant = factories.make_variant(external_files=("model_quantized.onnx_data",))
    files = [factories.make_file(name) for name in ("model.onnx", "model_quantized.onnx", "model_quantized.onnx_data")]
    report = factories.make_report(files=tuple(files), variants=(variant,))
    assert [file.path for file in report.main_files] == ["model.onnx"]


@pytest.mark.parametrize(
    ("names", "main"),
    [
        (("encoder_model.onnx", "decoder_model.onnx", "decoder_with_past_model.onnx"), "decoder_with_past_model.onnx"),
        (("decoder_model.failed.onnx", "decoder_with_past_model.failed.onnx"), "decoder_with_past_model.failed.onnx"),
        (("config.json", "model.onnx"), "model.onnx"),
        (("config.json",), None),
    ],
)
def test_main_file__runs_for_every_token(names: tuple[str, ...], main: str | None) -> None:
    report = factories.make_report(files=tuple(factories.make_file(name) for name in names), variants=())
    assert (report.main_file.path if report.main_file else None) == main
