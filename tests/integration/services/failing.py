"""Small modules that the real routes cannot export, each for a reason of its own; all in one process."""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from onnx_export_action.exporters.module import NamedModule
from onnx_export_action.exporters.routes import Job, route

Forward = Callable[..., Any]
_AXES = {"x": {0: "batch_size", 1: "sequence_length"}}


class _Model(nn.Module):  # type: ignore[misc]  # torch is not followed by the type checker
    """A model of one input that answers `forward(x)`."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.config = SimpleNamespace(is_encoder_decoder=False)
        self.answer = forward

    def forward(self, x: torch.Tensor) -> dict[str, Any]:
        return {"y": self.answer(x)}


@torch.library.custom_op("mine::secret", mutates_args=())  # type: ignore[untyped-decorator]
def _secret(x: torch.Tensor) -> torch.Tensor:
    return x * 2


@_secret.register_fake  # type: ignore[untyped-decorator]
def _(x: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(x)


def _branches(x: torch.Tensor) -> torch.Tensor:
    if x.sum() > 0:
        return x * 2
    return x


def _sizes_by_value(x: torch.Tensor) -> torch.Tensor:
    return torch.zeros(int(x.abs().sum().item())) + 1 if int(x[0, 0, 0].item()) > 3 else x


def _imports(x: torch.Tensor) -> Any:
    import flash_attn  # type: ignore[import-not-found,unused-ignore]

    return flash_attn(x)


def _recurses(x: torch.Tensor) -> Any:
    return _recurses(x)


FORWARDS: dict[str, Forward] = {
    "attention": lambda x: nn.functional.scaled_dot_product_attention(x, x, x),
    "svd": lambda x: torch.linalg.svd(x)[1],
    "custom": lambda x: _secret(x),
    "branch": _branches,
    "value": _sizes_by_value,
    "unrolled": lambda x: torch.stack([x[i].sum() * (i + 1) for i in range(x.shape[0])]).unsqueeze(1),
    "twins": lambda x: x @ x,
    "imports": _imports,
    "memory": lambda x: torch.empty(10**15) + x.sum(),
    "complex": lambda x: torch.view_as_complex(x.reshape(*x.shape[:-1], 2, 2)),
    "sparse": lambda x: x.to_sparse(),
    "recursion": _recurses,
    "text": lambda _: "an answer",
    "exits": lambda _: sys.exit(3),
    "meta": lambda x: x + torch.ones(4, device="meta"),
    "dtypes": lambda x: nn.functional.linear(x, torch.ones(4, 4).half()),
    "shapes": lambda x: x @ torch.ones(5, 5),
    "math": lambda x: x * math.sqrt(x.abs().mean()),
    "fine": lambda x: x * torch.ones(4),
}  # fmt: skip


class Service:
    """One operation: export a module that fails."""

    def fail(self, name: str, exporter: str, opset: int, file: str | None = None) -> None:
        """Export the named module by a real route."""
        model = _Model(FORWARDS[name]).eval().requires_grad_(False)
        module = NamedModule(model, ("x",))
        module.output_names = ("y",)
        sample = {"x": torch.randn(3, 13, 4)}
        target = Path(file) if file else Path(tempfile.mkdtemp()) / "model.onnx"
        route(exporter).export(Job(module, sample, _AXES, "feature-extraction", opset, target, target))

    def load(self, config: dict[str, Any], **options: Any) -> None:
        """Build a model from its configuration alone, as a loader would."""
        import transformers  # six seconds that only these need

        made = transformers.AutoConfig.for_model(**config)
        transformers.AutoModel.from_config(made, **options)

    def load_folder(self, config: dict[str, Any]) -> None:
        """Load a folder that has this configuration and nothing else."""
        import transformers  # as above

        folder = Path(tempfile.mkdtemp())
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        transformers.AutoModel.from_pretrained(folder)
