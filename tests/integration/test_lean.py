"""A model is loaded without PyTorch's compiler, and whoever needs that later gets all of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

LOADED = """
import sys
from onnx_export_action.exporters import loading
model = loading.load({path!r}, {task!r}, "fp32", False)
here = [name for name in ("torch._dynamo", "sympy", "torch.distributed.tensor") if name in sys.modules]
"""
AFTERWARDS = """
import torch, torch._dynamo, sympy
from torch.fx.experimental.symbolic_shapes import ShapeEnv, expect_true
from transformers import masking_utils
assert isinstance(masking_utils.TransformGetItemToIndex(), torch.overrides.TorchFunctionMode)
assert sympy.Symbol("x") + 0 == sympy.Symbol("x") and ShapeEnv() is not None and torch._dynamo.config is not None
model.config.use_cache = False
x = torch.ones(1, 4, dtype=torch.long)
program = torch.export.export(model, (), {"input_ids": x}, strict=False)
torch.testing.assert_close(program.module()(input_ids=x)[0], model(input_ids=x)[0])
"""


def run(code: str) -> str:
    """In an interpreter of its own: what is imported once stays."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(("name", "task"), [("bert", "feature-extraction"), ("llama", "text-generation")])
def test_load__needs_neither_compiler_nor_shards(models: Callable[[str], Path], name: str, task: str) -> None:
    loaded = LOADED.format(path=str(models(name)), task=task)
    assert run(f"{loaded}\nprint(here)\n{AFTERWARDS}") == "[]"


def test_loading__who_asks_for_more_gets_the_module_itself() -> None:
    code = """
from onnx_export_action.exporters import lean
with lean.loading():
    import torch._dynamo
    assert torch._dynamo.disable(len) is len
    from torch._dynamo import config
    from torch.fx.experimental.symbolic_shapes import ShapeEnv
    from sympy import Symbol
    assert torch._dynamo.optimize is not None
print(type(config).__name__, Symbol("x"), ShapeEnv.__name__)
"""
    assert run(code).endswith("x ShapeEnv")
