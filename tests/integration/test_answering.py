"""The model answers every case once: it is what an export spends most of its time on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from onnx_export_action.exporters.service import Service

ROUNDED = 2  # of the cases whose rounding is measured, each answered once more


@pytest.mark.parametrize(
    ("name", "task", "lengths", "more"),
    [
        ("bert", "feature-extraction", [7, 33], 0),
        ("bert", "feature-extraction", [33, 7], 1),  # the first case is not the smallest, which tells what one costs
        ("distilbert", "feature-extraction", [7, 33], 0),
    ],
)
def test_answer__each_case_once(
    models: Callable[[str], Path], tmp_path: Path, name: str, task: str, lengths: list[int], more: int
) -> None:
    service = Service()
    service.load("transformers", task, 1, path=str(models(name)), dtype="fp32", trust_remote_code=False)
    asked = list[object]()
    answer = type(service._subject.module).answer

    def counted(module: object, inputs: object) -> object:
        asked.append(inputs)
        return answer(module, inputs)

    service._subject.module.answer = counted.__get__(service._subject.module)
    told = service.answer(str(tmp_path), [1, 2, 5], lengths)
    assert len(asked) == len(told["cases"]) + len(told["refused"]) + ROUNDED + more
