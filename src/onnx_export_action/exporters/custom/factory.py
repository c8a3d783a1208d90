"""A callable of the user's file, the module that it returns, and what else the file says about it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from onnx_export_action.exporters import diagnosis
from onnx_export_action.exporters.custom import dynamic, examples, nesting
from onnx_export_action.exporters.custom.module import CallModule
from onnx_export_action.exporters.custom.nesting import Call, Nesting
from onnx_export_action.exporters.custom.sizes import Sizes
from onnx_export_action.exporters.custom.subject import CustomSubject, Maker, Tensors
from onnx_export_action.exporters.loading import DTYPES
from onnx_export_action.workers.protocol import Refusal


def load(
    path: str, entry: str, examples_file: str | None, packages: str | None, workspace: str, dtype: str, **_: Any
) -> CustomSubject:
    """Import the file, call the factory, and hold its module to the example inputs."""
    os.chdir(workspace)  # where relative paths start, as everywhere in this program
    if packages:
        sys.path.append(packages)
    file = _imported(Path(path))
    model = _built(file, entry, dtype)
    with _their_code("`example_inputs`"):
        given = examples.read(Path(examples_file)) if examples_file else _own_examples(file)
        declared = _value(getattr(file, "dynamic_axes", None))
    parameters = positional(model)
    places, example = nesting.of(examples.as_call(given, parameters), parameters)
    convert = _converter(model)
    maker = _ignore if examples_file else _maker(file, places, parameters, convert)
    converted = convert(example)
    axes = dynamic.given_or_guessed(declared, converted)
    return CustomSubject(CallModule(model, places), converted, axes, Path(path).parent, maker)


def positional(model: Any) -> tuple[str, ...]:
    """The names that `forward` gives to its arguments."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(name for name, p in inspect.signature(model.forward).parameters.items() if p.kind in kinds)


def _imported(file: Path) -> ModuleType:
    """The file as a module, a part of its package where it lies in one; modules beside it can be imported."""
    sys.dont_write_bytecode = True
    root, name = file.parent, file.stem
    sys.path.insert(0, str(root))
    while (root / "__init__.py").is_file():
        root, name = root.parent, f"{root.name}.{name}"
        sys.path.insert(0, str(root))
    with _their_code(f"{file.name}"):
        if "." in name:
            return importlib.import_module(name)
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(name, module)
        spec.loader.exec_module(module)
    return module


def _built(file: ModuleType, entry: str, dtype: str) -> torch.nn.Module:
    factory = getattr(file, entry, None)
    if not callable(factory):
        there = [name for name, value in vars(file).items() if inspect.isfunction(value) and not name.startswith("_")]
        raise Refusal(
            f"{file.__name__}.py has no callable {entry!r}.",
            f"Name one of its functions: {', '.join(there[:10])}." if there else "Define one that returns the module.",
            "usage",
        )
    with _their_code(f"`{entry}`"):
        model = factory()
    if not isinstance(model, torch.nn.Module):
        raise Refusal(
            f"`{entry}` returns a {type(model).__name__}, not a torch.nn.Module.", "Return the module itself.", "usage"
        )
    model.eval().requires_grad_(False)
    return model if dtype == "fp32" else model.to(DTYPES[dtype])


def _own_examples(file: ModuleType) -> Any:
    if not hasattr(file, "example_inputs"):
        raise Refusal(
            "There are no example inputs to call the module with.",
            f"Define `example_inputs()` in {file.__name__}.py, or set `example-inputs` to an .npz or JSON file.",
            "usage",
        )
    return _value(file.example_inputs)


def _maker(
    file: ModuleType, places: Nesting, parameters: tuple[str, ...], convert: Callable[[Tensors], Tensors]
) -> Maker:
    """Inputs of any sizes, from a function that takes them: `example_inputs(batch=2, time=16)`."""
    if not callable(file.example_inputs):
        return _ignore
    taken = set(inspect.signature(file.example_inputs).parameters)

    def make(sizes: Sizes) -> Tensors | None:
        if not sizes or not set(sizes) <= taken:
            return None
        with _their_code("`example_inputs`"):
            call: Call = examples.as_call(file.example_inputs(**sizes), parameters)
        made, tensors = nesting.of(call, parameters)
        if made.names != places.names:
            raise Refusal("`example_inputs` gives other inputs for other sizes.", "Give the same ones.", "usage")
        return convert(tensors)

    return make


def _converter(model: torch.nn.Module) -> Callable[[Tensors], Tensors]:
    """Floating inputs in the module's own precision, where it has one."""
    dtypes = {parameter.dtype for parameter in model.parameters() if parameter.is_floating_point()}
    if len(dtypes) != 1:
        return dict
    (dtype,) = dtypes
    return lambda tensors: {n: t.detach().to(dtype) if t.is_floating_point() else t for n, t in tensors.items()}


def _ignore(_: Sizes) -> None:
    return None


def _value(given: Any) -> Any:
    return given() if callable(given) and not isinstance(given, Mapping) else given


@contextmanager
def _their_code(what: str) -> Iterator[None]:
    """Whatever the user's code raises, an exit too, is a sentence that names it."""
    try:
        yield
    except (Refusal, MemoryError):
        raise
    except BaseException as error:
        said = diagnosis.first_sentence(str(error), 300) if str(error) else "no message"
        lacking = isinstance(error, ModuleNotFoundError)
        raise Refusal(
            f"{what} raises {type(error).__name__}: {said}",
            "Name a file with the packages that it needs in `requirements`." if lacking else "Its traceback is kept.",
            "usage",
        ) from error
