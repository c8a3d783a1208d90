"""What each part of the model hands on, written to files one after the other; runs in a worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from onnx_export_action.exporters.module import NamedModule
from onnx_export_action.workers.protocol import Refusal


def write(module: NamedModule, inputs: Mapping[str, torch.Tensor], folder: Path) -> dict[str, str]:
    """Part to file, in the order in which parts finish; those that run more than once are left out."""
    if any(isinstance(part, torch.jit.ScriptModule) for part in module.modules()):
        raise Refusal("a script lets nobody in between its parts")
    files: dict[str, str] = {}
    twice: set[str] = set()

    def hook_of(name: str) -> Any:
        def hook(_: Any, __: Any, output: Any) -> None:
            value = _first(output)
            twice.update({name} & files.keys())
            if value is not None and value.is_floating_point() and value.numel():
                file = folder / f"part-{len(files):05}.npy"
                np.save(file, value.float().numpy(), allow_pickle=False)
                files[name] = str(file)

        return hook

    hooks = [part.register_forward_hook(hook_of(name)) for name, part in module.model.named_modules() if name]
    try:
        module.answer(inputs)
    finally:
        for each in hooks:
            each.remove()
    return {name: file for name, file in files.items() if name not in twice}


def _first(output: Any) -> torch.Tensor | None:
    if isinstance(output, Mapping):
        output = next(iter(output.values()), None)
    elif isinstance(output, tuple):
        output = output[0] if output else None
    return output if isinstance(output, torch.Tensor) else None
