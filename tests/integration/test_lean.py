"""PyTorch and models come without compiler and shapes in Python, and whoever needs these gets all of them."""

from __future__ import annotations

import inspect
import marshal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import transformers

from onnx_export_action.exporters.lean import names
from onnx_export_action.exporters.lean.importing import places_alone

MODELS = Path(transformers.__file__).parent / "models"

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
from onnx_export_action.exporters.lean.loading import loading
with loading():
    import torch._dynamo
    assert torch._dynamo.disable(len) is len
    from torch._dynamo import config
    from torch.fx.experimental.symbolic_shapes import ShapeEnv
    from sympy import Symbol
    assert torch._dynamo.optimize is not None
print(type(config).__name__, Symbol("x"), ShapeEnv.__name__)
"""
    assert run(code).endswith("x ShapeEnv")


IMPORTED = """
import sys
from onnx_export_action.exporters import entry
import torch
def is_whole():
    return hasattr(sys.modules["torch._meta_registrations"], "__file__")
assert not is_whole()
"""


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("torch.compile(torch.sin, backend='eager')(torch.zeros(2))", id="compiler"),
        pytest.param("torch._meta_registrations.meta_index_Tensor", id="a function of it"),
        pytest.param("from onnx_export_action.exporters.routes import route; route('torch')", id="route"),
    ],
)
def test_importing__whoever_computes_with_shapes_gets_all_of_them(code: str) -> None:
    shapes = "assert torch.cdist(torch.ones(2, 3, device='meta'), torch.ones(4, 3, device='meta')).shape == (2, 4)"
    assert run(f"{IMPORTED}\n{code}\nassert is_whole()\n{shapes}\nprint('whole')") == "whole"


def test_importing__a_generator_can_be_made() -> None:
    assert run(f"{IMPORTED}\nprint(torch.Generator().manual_seed(3).initial_seed(), is_whole())") == "3 False"


def test_importing__transformers_lists_the_same_names() -> None:
    listed = """
from transformers.utils import import_utils
from pathlib import Path
import transformers
found = import_utils.define_import_structure(Path(transformers.__file__).parent / "models", prefix="models")
print(sorted((sorted(needed), sorted((name, sorted(each)) for name, each in parts.items()))
             for needed, parts in found.items()))
"""
    assert run(f"from onnx_export_action.exporters import entry\n{listed}") == run(listed)


def test_load__a_model_that_is_built_by_shapes_in_python_is_loaded(models: Callable[[str], Path]) -> None:
    code = f"""
{IMPORTED}
from transformers.models.bert.modeling_bert import BertModel
from onnx_export_action.exporters import loading
built = BertModel.__init__
def building(self, *arguments, **options):
    torch.cdist(torch.ones(2, 3), torch.ones(2, 3))
    built(self, *arguments, **options)
BertModel.__init__ = building
model = loading.load({str(models("bert"))!r}, "feature-extraction", "fp32", False)
print(type(model).__name__, is_whole())
"""
    assert run(code) == "BertModel True"


def test_stored__the_set_up_has_left_the_names_of_this_version() -> None:
    found = names.stored(MODELS, transformers.__version__)
    assert found is not None
    assert "BertModel" in found[frozenset({"torch"})]["models.bert.modeling_bert"]


@pytest.mark.parametrize(
    "content",
    [None, b"", b"\xff\xff", marshal.dumps(3), marshal.dumps(("0.1", {})), marshal.dumps(("1.0",))],
    ids=["absent", "empty", "no value", "another value", "another version", "half"],
)
def test_stored__nothing_where_it_does_not_hold(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / names.FILE).write_bytes(content)
    assert names.stored(tmp_path, "1.0") is None


def test_importing__without_what_is_stored_the_files_are_read() -> None:
    code = """
from onnx_export_action.exporters.lean import names
names.FILE = "nothing"
from onnx_export_action.exporters import entry
import transformers
print(transformers.BertModel.__name__)
"""
    assert run(code) == "BertModel"


def test_loading__weights_are_renamed_by_the_same_expressions() -> None:
    told = """
from transformers import conversion_mapping
mapping = conversion_mapping._build_checkpoint_conversion_mapping()
print(len(mapping), [[each.compiled_sources.pattern for each in mapping[name]] for name in sorted(mapping)])
"""
    built = "import transformers.modeling_utils"
    lean = "from onnx_export_action.exporters.lean.loading import loading\nwith loading():\n    pass"
    inside = told.replace("mapping = ", "with loading(): mapping = ")
    assert run(f"{lean}\n{inside}") == run(f"{built}\n{told}")


def test_places_alone__without_the_lines_and_for_no_longer() -> None:
    with places_alone():
        inside = inspect.getframeinfo(sys._getframe(), 3)
    assert (Path(inside.filename), inside.code_context) == (Path(__file__), None)
    assert inside.lineno == inspect.getframeinfo(sys._getframe()).lineno - 2
    assert inspect.getframeinfo(sys._getframe(), 3).code_context is not None
