"""Base and candidate timed in one real worker: verdicts on real files, and files that cannot be compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_export_action.benchmark import paired
from onnx_export_action.records import Paired
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, Worker
from tests.unit.sources.models import RecordingLog

Compare = Callable[..., tuple[Paired, ...] | str]


def chain(path: Path, layers: int, name: str = "x", dtype: int = TensorProto.FLOAT, rows: int | str = "rows") -> Path:
    """A file with that many matrix multiplications, one after the other."""
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    weight = numpy_helper.from_array((np.random.default_rng(0).standard_normal((96, 96)) / 10).astype(kind), "w")
    names = [name, *(f"y{place}" for place in range(layers))]
    nodes = [helper.make_node("MatMul", [names[place], "w"], [names[place + 1]]) for place in range(layers)]
    ends = [helper.make_tensor_value_info(end, dtype, [rows, 96]) for end in (names[0], names[-1])]
    graph = helper.make_graph(nodes, "chain", ends[:1], ends[1:], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return chain(tmp_path / "base.onnx", 20)


@pytest.fixture
def log() -> RecordingLog:
    return RecordingLog()


@pytest.fixture
def compare(tmp_path: Path, log: RecordingLog) -> Compare:
    """A comparison of two files at 8 and 32 rows, in a worker of its own."""

    def run(base: Path, head: Path, seconds: float = 2, threads: int = 1) -> tuple[Paired, ...] | str:
        cases: list[dict[str, Any]] = []
        for rows in (8, 32):
            file = tmp_path / f"{rows}.npz"
            np.savez(file, **{"in.x": np.ones((rows, 96), np.float32)})
            cases.append({"file": str(file), "shape": f"rows {rows}", "batch": rows, "inputs": {"x": [rows, 96]}})
        with Worker(interpreters.main(), paired.SERVICE, Host(120, 4 << 30, None, {}), log) as worker:
            return paired.compare(worker, base, head, cases, seconds, threads, log)

    return run


def verdicts(found: tuple[Paired, ...] | str) -> list[tuple[str, str]]:
    assert not isinstance(found, str), found
    return [(figure.shape, figure.verdict) for figure in found]


def test_compare__three_times_the_work_is_slower_and_back_is_faster(
    base: Path, tmp_path: Path, compare: Compare
) -> None:
    head = chain(tmp_path / "head.onnx", 60)
    assert verdicts(compare(base, head)) == [("rows 8", "slower"), ("rows 32", "slower")]
    assert verdicts(compare(head, base)) == [("rows 8", "faster"), ("rows 32", "faster")]


@pytest.mark.parametrize("threads", [1, 2])
def test_compare__a_file_against_itself_is_neither(base: Path, compare: Compare, threads: int) -> None:
    found = verdicts(compare(base, base, threads=threads))
    assert {verdict for _, verdict in found} <= {"no change", "cannot tell"}


def test_compare__the_run_says_how_it_waited(base: Path, compare: Compare, log: RecordingLog) -> None:
    compare(base, base, seconds=0.1, threads=2)
    assert any("rounds of new sessions with 2 threads, which" in line for line in log.lines)


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        ({"name": "ids"}, "it needs an input `ids`, which the other does not have."),
        ({"dtype": TensorProto.DOUBLE}, "its input `x` takes float64, the other's float32."),
        ({"rows": 3}, "it fails: "),
    ],
)
def test_compare__a_base_that_takes_other_inputs(
    base: Path, tmp_path: Path, compare: Compare, spoilt: dict[str, Any], reason: str
) -> None:
    found = compare(chain(tmp_path / "other.onnx", 2, **spoilt), base)
    assert isinstance(found, str)
    assert found.startswith("The base does not run on the same inputs, so its latency cannot be compared: ")
    assert reason in found


def test_compare__a_shape_that_the_base_cannot_run_is_said(
    base: Path, tmp_path: Path, compare: Compare, log: RecordingLog
) -> None:
    found = compare(chain(tmp_path / "fixed.onnx", 2, rows=8), base, seconds=0.1)
    assert [shape for shape, _ in verdicts(found)] == ["rows 8"]
    assert any(line.startswith("Latency is not compared at rows 32: the base does not run there") for line in log.lines)


@pytest.mark.parametrize("content", [b"", b"no file of ONNX at all", b"\x08\x63"])
def test_compare__a_base_that_does_not_load(base: Path, tmp_path: Path, compare: Compare, content: bytes) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(content)
    found = compare(broken, base)
    assert isinstance(found, str)
    assert found.startswith("The base does not load, so its latency cannot be compared: ONNX Runtime says: ")
    assert str(tmp_path) not in found


def test_compare__a_base_newer_than_the_runtime(base: Path, tmp_path: Path, compare: Compare) -> None:
    model = onnx.load(base)
    model.ir_version = 99
    onnx.save(model, tmp_path / "newer.onnx")
    found = compare(tmp_path / "newer.onnx", base)
    assert isinstance(found, str)
    assert "ONNX Runtime says: Unsupported model IR version: 99" in found
