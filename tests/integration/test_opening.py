"""A file that may be written while others still work is loaded as soon as it lies there, and no other in its stead."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from onnx_export_action.validation import opening
from onnx_export_action.validation.opening import Asked, Foreseen


def write(file: Path, added: float) -> None:
    """A file that adds a number; complete where it is seen, as an exporter leaves it."""
    number = helper.make_tensor("number", TensorProto.FLOAT, [1], [added])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Add", ["x", "number"], ["y"])], "g", ends[:1], ends[1:], [number])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    draft = file.with_suffix(".draft")
    draft.write_bytes(model.SerializeToString())
    draft.rename(file)


def answer(loaded: opening.Loaded) -> float:
    """What it answers to nothing."""
    return float(loaded.session.run({"x": np.zeros(1, np.float32)})["y"][0])


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path / "model.onnx", 1, False, False)


def loaded_once(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """Every load, in the order in which they begin."""
    begun: list[Asked] = []
    load = opening.load

    def noted(asked: Asked) -> opening.Loaded:
        begun.append(asked)
        return load(asked)

    monkeypatch.setattr(opening, "load", noted)
    return begun


def wait_for(happened: Callable[[], bool]) -> None:
    for _ in range(2000):
        if happened():
            return
        time.sleep(0.005)
    raise AssertionError("it did not happen within 10 s")


def test_foreseen__the_file_is_loaded_before_it_is_asked_for(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = loaded_once(monkeypatch)
    foreseen = Foreseen(asked)
    write(asked.file, 2.0)
    wait_for(lambda: bool(begun))
    loaded = foreseen.take(asked)
    assert loaded is not None
    assert answer(loaded) == 2.0
    assert begun == [asked]


def test_foreseen__a_file_that_was_written_anew_is_not_taken_for_it(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = loaded_once(monkeypatch)
    foreseen = Foreseen(asked)
    write(asked.file, 2.0)
    wait_for(lambda: bool(begun))
    foreseen._watch.join()
    asked.file.unlink()
    write(asked.file, 3.0)
    os.utime(asked.file)
    assert foreseen.take(asked) is None
    assert answer(opening.load(asked)) == 3.0


@pytest.mark.parametrize("content", [None, b"no model"], ids=["no file", "no model"])
def test_foreseen__whoever_asks_in_vain_gets_nothing_and_waits_for_nothing(asked: Asked, content: bytes | None) -> None:
    foreseen = Foreseen(asked)
    if content is not None:
        asked.file.write_bytes(content)
    assert foreseen.take(asked) is None


def test_foreseen__another_question_is_not_answered_by_it(asked: Asked) -> None:
    write(asked.file, 2.0)
    assert Foreseen(asked).take(replace(asked, packed=True)) is None
