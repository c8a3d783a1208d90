"""A bundle is believed only as a whole: whatever is changed in it, it is no baseline, with a sentence."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as search_settings
from hypothesis import strategies as st

from onnx_export_action.baseline import folder
from onnx_export_action.baseline.found import Unusable
from onnx_export_action.records import Failure
from onnx_export_action.report import document
from tests.factories import make_benchmark, make_failed_report, make_graph, make_timing
from tests.unit.baseline import bundles
from tests.unit.baseline.bundles import CONTENT, bundle, report_of, written

WHOLE = bundle()


def test_check__a_whole_one_is_its_report(tmp_path: Path) -> None:
    report = folder.check(written(tmp_path, WHOLE))
    assert [file.path for file in report.files] == list(CONTENT)


def listed_as(name: str) -> dict[str, bytes]:
    """A bundle whose report and manifest agree on a file of another name."""
    files = bundles.files_of({**CONTENT, name: b"{}"})
    return {**bundle(report_of(CONTENT).model_copy(update={"files": files})), "x": b"{}"}


def manifest(change: Callable[[list[dict[str, object]]], None]) -> dict[str, bytes]:
    content = json.loads(WHOLE["manifest.json"])
    change(content["files"])
    return {**WHOLE, "manifest.json": json.dumps(content).encode()}


EXTERNAL = make_graph(external_files=("weights.bin",))
BROKEN = {
    "another graph": ({**WHOLE, "model.onnx": b"the grapX"}, "'model.onnx' is not the one that was proven"),
    "a longer graph": ({**WHOLE, "model.onnx": b"the graph "}, "'model.onnx' is not the one that was proven"),
    "no graph": ({k: v for k, v in WHOLE.items() if k != "model.onnx"}, "'model.onnx' is missing"),
    "no manifest": ({k: v for k, v in WHOLE.items() if k != "manifest.json"}, "manifest.json cannot be read"),
    "no report": ({k: v for k, v in WHOLE.items() if k != "report.json"}, "report.json cannot be read"),
    "manifest is text": ({**WHOLE, "manifest.json": b"hello"}, "manifest.json cannot be read"),
    "manifest is bytes": ({**WHOLE, "manifest.json": b"\xff\xfe"}, "manifest.json is no text"),
    "report is bytes": ({**WHOLE, "report.json": b"\xff\xfe"}, "report.json is no text"),
    "report is empty": ({**WHOLE, "report.json": b""}, "report.json cannot be used"),
    "report is deep": ({**WHOLE, "report.json": b"[" * 200_000}, "report.json"),
    "manifest lists less": (manifest(lambda files: files.pop()), "do not list the same files"),
    "manifest lists another hash": (manifest(lambda files: files[0].update(sha256="0" * 64)), "do not list the same"),
    "manifest lists twice": (
        bundle(report_of(CONTENT).model_copy(update={"files": bundles.files_of(CONTENT) * 2})),
        "each file once",
    ),
    "lists no graph": (bundle(content={"config.json": b"{}"}), "does not list model.onnx"),
    "lists no decoder": (
        bundle(content={"decoder_with_past_model.onnx": b"the graph", "encoder_model.onnx": b"the graph"}),
        "does not list decoder_model.onnx",
    ),
    "lists no weights": (bundle(report_of(graph=EXTERNAL)), "does not list weights.bin"),
    "leads out": (listed_as("../x"), "names '../x', which is no file of a bundle"),
    "leads out, absolute": (listed_as("/etc/passwd"), "names '/etc/passwd', which"),
    "leads out, deep": (listed_as("a/../../x"), "which is no file of a bundle"),
    "backslash": (listed_as("a\\b"), "which is no file of a bundle"),
    "not printable": (listed_as("a\x1b[31m"), "which is no file of a bundle"),
    "no name": (listed_as(""), "which is no file of a bundle"),
    "a folder": (listed_as("."), "which is no file of a bundle"),
    "failed": (bundle(make_failed_report(files=bundles.files_of(CONTENT))), "did not pass validation"),
    "error": (bundle(report_of(failure=Failure(kind="export", message="x"))), "did not pass validation"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_check__anything_else_is_a_sentence(tmp_path: Path, name: str) -> None:
    content, why = BROKEN[name]
    with pytest.raises(Unusable, match=re.escape(why)) as caught:
        folder.check(written(tmp_path, content))
    assert str(caught.value).endswith((".", "'"))
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("place", ["model.onnx", "inner"])
def test_check__a_link_is_no_file(tmp_path: Path, place: str) -> None:
    content = {**CONTENT, "inner/x": b"{}"}
    here, elsewhere = written(tmp_path / "base", bundle(content=content)), tmp_path / "elsewhere"
    os.rename(here / place, elsewhere)
    (here / place).symlink_to(elsewhere)
    with pytest.raises(Unusable, match="is missing"):
        folder.check(here)


def test_check__a_link_to_the_same_content_inside_is_no_file_either(tmp_path: Path) -> None:
    here = written(tmp_path, {**WHOLE, "copy.onnx": CONTENT["model.onnx"]})
    (here / "model.onnx").unlink()
    (here / "model.onnx").symlink_to("copy.onnx")
    with pytest.raises(Unusable, match="is missing"):
        folder.check(here)


@search_settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_check__one_byte_more_less_or_other(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    content = bytearray(WHOLE[name])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    here = written(tmp_path_factory.mktemp("base"), {**WHOLE, name: bytes(content)})
    try:
        report = folder.check(here)
    except Unusable:
        return
    # Texts of the report may differ, never what is said of the files.
    assert name in ("manifest.json", "report.json")
    assert set(report.files) == set(bundles.files_of(CONTENT))


def changed(*path: str | int, to: object) -> str:
    """The report's text with one value replaced."""
    content = json.loads(document.to_json(report_of()))
    inner = content
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return json.dumps(content)


@pytest.mark.parametrize(
    "text",
    [
        changed("graph", "nodes", to=10**400),
        changed("graph", "nodes", to=10**19),
        changed("graph", "parameters", to="many"),
        changed("benchmark", "noise_floor_pct", to=float("inf")),
        changed("benchmark", "noise_floor_pct", to=float("nan")),
        changed("benchmark", "noise_floor_pct", to="@").replace('"@"', "1e999"),
        changed("benchmark", "timings", 0, "samples_ms", to=[]),
        changed("benchmark", "timings", 0, "samples_ms", to=[0.0]),
        changed("benchmark", "timings", to=[]),
        changed("schema_version", to=99),
        changed("files", to={}),
        changed("validation", to=None),
        changed("validation", "cases", to=[]),
        "[]",
        "null",
    ],
    ids=lambda text: text[:0],
)
def test_report_in__figures_that_cannot_be_counted_with(text: str) -> None:
    with pytest.raises(Unusable):
        folder.report_in(text)


def test_report_in__what_a_later_version_adds_is_left_alone() -> None:
    benchmark = make_benchmark(timings=(make_timing(),))
    report = report_of(benchmark=benchmark)
    content = {**json.loads(document.to_json(report)), "added": {"later": 1}}
    assert folder.report_in(json.dumps(content)).benchmark == benchmark
