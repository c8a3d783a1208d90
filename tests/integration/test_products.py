"""Answers by oneDNN are those of plain PyTorch but for rounding; what times the model is plain PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from onnx_export_action.exporters.products import by_onednn
from onnx_export_action.exporters.service import Service

linear = torch.nn.functional.linear
needs_both = pytest.mark.skipif(
    not (torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()), reason="PyTorch has but one here"
)


class _Called(TorchDispatchMode):  # type: ignore[misc]  # torch is not followed by the type checker
    """How often each operator was called, by its name."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(function))
        return function(*args, **(kwargs or {}))

    @property
    def by_onednn(self) -> int:
        return sum("mkldnn" in name for name in self.names)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(5,), (1, 5), (3, 5), (2, 3, 5), (2, 2, 3, 5), (0, 5), (2, 0, 5)])
@pytest.mark.parametrize("strides", ["as they lie", "transposed", "every second", "expanded"])
def test_by_onednn__as_plain_pytorch(shape: tuple[int, ...], bias: bool, strides: str) -> None:
    given, weight = torch.randn(*shape), torch.randn(4, 5)
    if strides == "transposed":
        weight = torch.randn(5, 4).t()
    if strides == "every second":
        given, weight = torch.randn(*shape[:-1], 10)[..., ::2], torch.randn(4, 10)[:, ::2]
    if strides == "expanded":
        given = torch.randn(5).expand(shape)
    added = torch.randn(4) if bias else None
    expected = linear(given, weight, added)
    with by_onednn():
        found = torch.nn.functional.linear(given, weight, added)
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.complex64])
def test_by_onednn__other_precisions_as_before(dtype: torch.dtype) -> None:
    given, weight = torch.randn(3, 5).to(dtype), torch.randn(4, 5).to(dtype)
    with by_onednn(), _Called() as called:
        found = torch.nn.functional.linear(given, weight)
    assert torch.equal(found, linear(given, weight))
    assert not called.by_onednn


def test_by_onednn__a_weight_of_one_row_and_what_is_not_finite() -> None:
    with by_onednn():
        assert torch.nn.functional.linear(torch.ones(3, 5), torch.ones(5)).tolist() == [5, 5, 5]
        found = torch.nn.functional.linear(torch.tensor([[torch.nan, 1], [torch.inf, 1]]), torch.eye(2))
    assert found[0].isnan().all()
    assert found[1, 0] == torch.inf


@needs_both
def test_by_onednn__puts_back_what_was_there_whatever_happens() -> None:
    def fails() -> None:
        with by_onednn():
            assert torch.nn.functional.linear is not linear
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert torch.nn.functional.linear is linear


@needs_both
def test_service__answers_by_onednn_and_times_without(models: Callable[[str], Path], tmp_path: Path) -> None:
    service = Service()
    service.load(
        "transformers", "feature-extraction", 1, path=str(models("bert")), dtype="fp32", trust_remote_code=False
    )
    with _Called() as answering:
        answered = service.answer(str(tmp_path), [1, 2], [7])
    with _Called() as timing:
        assert service.time(answered["cases"][0]["file"], 0.0)
    assert answering.by_onednn
    assert timing.names
    assert not timing.by_onednn
