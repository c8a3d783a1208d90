"""A case's values as they were written, whichever way they are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnx_export_action.validation import case_values

_WRITTEN: dict[str, Any] = {
    "in.input_ids": np.arange(6).reshape(2, 3),
    "in.x:0": np.ones((1, 2), np.float16),
    "out.logits": np.random.default_rng(0).standard_normal((2, 3, 5)).astype(np.float32),
    "out.by column": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "out.empty": np.zeros((2, 0, 3), np.float32),
    "out.one": np.float64(3.5),
    "out.flags": np.array([True, False]),
    "tokens": np.arange(4),
}


def test_read__what_savez_wrote(tmp_path: Path) -> None:
    file = str(tmp_path / "case.npz")
    np.savez(file, **_WRITTEN)
    inputs, outputs = case_values.read(file)
    assert list(inputs) == ["input_ids", "x:0"]
    assert list(outputs) == ["logits", "by column", "empty", "one", "flags"]
    for name, value in case_values.mapped(file).items():
        assert value.dtype == _WRITTEN[name].dtype
        assert np.array_equal(value, _WRITTEN[name])
    assert all(value.flags.writeable for value in inputs.values())


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda file: np.savez_compressed(file, x=np.zeros(3)), "x.npy is compressed"),
        (lambda file: np.savez(file, x=np.array([object()])), "x.npy holds Python's objects"),
    ],
    ids=["compressed", "objects"],
)
def test_read__nothing_that_is_not_plain(tmp_path: Path, write: Any, said: str) -> None:
    write(tmp_path / "case.npz")
    with pytest.raises(ValueError, match=re.escape(said)):
        case_values.read(str(tmp_path / "case.npz"))


def test_read__a_file_that_was_cut(tmp_path: Path) -> None:
    file = tmp_path / "case.npz"
    np.savez(file, **_WRITTEN)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(Exception, match="zip"):
        case_values.read(str(file))
