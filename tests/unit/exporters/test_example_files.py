"""How example inputs lie in a file: the rules of docs/custom.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnx_export_action.exporters.custom import example_files

X, H = np.ones((2, 3), np.float32), np.arange(4)


def plain(value: Any) -> Any:
    """Arrays as their type and values, so that nested ones can be compared."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(plain(part) for part in value)
    return (str(value.dtype), value.tolist()) if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"x": X}, {"x": X}),
        ({"arr_0": X, "arr_1": H}, (X, H)),
        ({"1": H, "0": X}, (X, H)),
        ({"x": X, "state.h.0": H, "state.h.1": X}, {"x": X, "state": {"h": (H, X)}}),
        ({f"{n}": H for n in range(11)}, (H,) * 11),
        ({"0": X, "2": H}, {"0": X, "2": H}),
    ],
)
def test_read__npz(tmp_path: Path, arrays: dict[str, Any], expected: Any) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    assert plain(example_files.read(tmp_path / "x.npz")) == plain(expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([[1, 2], [3, 4]], np.array([[1, 2], [3, 4]])),
        ([[1, 2.5]], np.array([[1, 2.5]], np.float32)),
        ([True, False], np.array([True, False])),
        ([[1, 2], [3]], (np.array([1, 2]), np.array([3]))),
        ({"x": [1.0], "flag": True, "name": "a"}, {"x": np.array([1.0], np.float32), "flag": True, "name": "a"}),
        ([{"a": [1]}, [2]], ({"a": np.array([1])}, np.array([2]))),
        ([], ()),
        (3, 3),
    ],
)
def test_read__json(tmp_path: Path, content: Any, expected: Any) -> None:
    (tmp_path / "x.json").write_text(json.dumps(content))
    assert plain(example_files.read(tmp_path / "x.json")) == plain(expected)
