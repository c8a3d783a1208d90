"""Which model types transformers knows and which tasks they serve, read from its sources without importing it.

The import takes six seconds, and the answer to a wrong config.json should take none.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
from contextlib import suppress
from pathlib import Path

from onnx_export_action import tasks

_TYPE_AND_CLASS = re.compile(r'^\s+\(?"([\w.\-]+)"(?:,|:)\s+"\w+Config"\)?,?$', re.MULTILINE)

# Gone from transformers 5, but still in the version that the `optimum` route runs.
RETIRED = frozenset(
    {
        "code_llama", "deta", "efficientformer", "ernie_m", "gpt-sw3", "gptsan-japanese", "granitevision",
        "graphormer", "jukebox", "mctct", "mega", "nat", "nezha", "open-llama", "perception_encoder", "qdqbert",
        "realm", "retribert", "speech_to_text_2", "trajectory_transformer", "transfo-xl", "tvlt", "van",
        "vit_hybrid", "xlm-prophetnet",
    }
)  # fmt: skip


@functools.cache
def known_model_types() -> frozenset[str]:
    """Every `model_type` that a route can load; empty when transformers' sources cannot be read."""
    found = set(_TYPE_AND_CLASS.findall(_source("auto_mappings.py") + _source("configuration_auto.py")))
    return frozenset(found | RETIRED) if found else frozenset()


def tasks_of_model_type(model_type: str) -> tuple[str, ...]:
    """The tasks for which transformers has a class of this model type."""
    return tuple(task for task in tasks.known_tasks() if _classes(task, model_type))


def tasks_of_checkpoint(class_name: str, model_type: str) -> tuple[str, ...]:
    """The tasks for which transformers loads this model type as this class."""
    return tuple(task for task in tasks.known_tasks() if class_name in _classes(task, model_type))


def _classes(task: str, model_type: str) -> list[str]:
    tables = _classes_by_auto_class()
    return [name for auto_class in tasks.AUTO_CLASSES[task] for name in tables.get(auto_class, {}).get(model_type, ())]


@functools.cache
def _classes_by_auto_class() -> dict[str, dict[str, tuple[str, ...]]]:
    """`AutoModelForX` to model type to classes, through `_model_mapping = M` and `M = _LazyAutoMapping(_, M_NAMES)`."""
    tables: dict[str, dict[str, tuple[str, ...]]] = {}
    mappings: dict[str, str] = {}
    classes: dict[str, str] = {}
    for node in ast.parse(_source("modeling_auto.py")).body:
        if isinstance(node, ast.ClassDef):
            classes.update((node.name, name) for name in _model_mapping(node))
        elif (
            isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call)
        ):
            name, call = node.targets[0].id, node.value
            if name.endswith("_NAMES"):
                tables[name] = _table(call)
            elif len(call.args) == 2 and isinstance(call.args[1], ast.Name):
                mappings[name] = call.args[1].id
    return {name: tables.get(mappings.get(mapping, ""), {}) for name, mapping in classes.items()}


def _model_mapping(node: ast.ClassDef) -> list[str]:
    assignments = (part for part in node.body if isinstance(part, ast.Assign) and isinstance(part.value, ast.Name))
    return [
        part.value.id
        for part in assignments
        if isinstance(part.value, ast.Name)
        and isinstance(part.targets[0], ast.Name)
        and part.targets[0].id == "_model_mapping"
    ]


def _table(call: ast.Call) -> dict[str, tuple[str, ...]]:
    """The literal in `OrderedDict([("bert", "BertModel"), ("x", ("A", "B"))])`; what is no literal is left out."""
    pairs = call.args[0].elts if call.args and isinstance(call.args[0], ast.List) else []
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        with suppress(ValueError):
            model_type, names = ast.literal_eval(pair)
            found[model_type] = (names,) if isinstance(names, str) else tuple(names)
    return found


@functools.cache
def _source(name: str) -> str:
    spec = importlib.util.find_spec("transformers")
    if spec is None or spec.origin is None:
        return ""
    path = Path(spec.origin).parent / "models" / "auto" / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""
