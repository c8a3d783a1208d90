"""Cases for a lone .onnx file: made inputs, and its own answers with every optimisation switched off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_export_action.records import Tensor
from onnx_export_action.validation import structure
from onnx_export_action.validation.session import Session
from onnx_export_action.workers.protocol import Refusal

# Small primes, so that no two dynamic axes of a case are equal.
_SIZES = ((1, 7, 11, 13), (2, 3, 5, 17), (5, 13, 7, 19), (3, 19, 23, 5))
_IDS_BELOW = 100
_FLOATS = ("float", "float16", "double", "bfloat16")
_NUMPY = {"float": "float32", "double": "float64"}


def write(file: Path, folder: Path, threads: int) -> list[dict[str, Any]]:
    """One .npz a case, with the inputs and the unoptimised answers; raises Refusal for a file that cannot give any."""
    inputs = _inputs_of(file)
    session = _open(file, threads)
    names = tuple(dict.fromkeys(axis for tensor in inputs for axis in tensor.shape if isinstance(axis, str)))
    plans = _SIZES if names else _SIZES[:1]
    return [_write_case(index, sizes, inputs, names, session, folder) for index, sizes in enumerate(plans)]


def _inputs_of(file: Path) -> tuple[Tensor, ...]:
    model = structure.read(file)
    weights = structure.check_weights(model, file.parent)
    if not weights.passed:
        raise Refusal(
            f"{file.name} is not complete: {weights.detail}.", "Put all its files into one folder, whole.", "usage"
        )
    return structure.graph(model).inputs


def _open(file: Path, threads: int) -> Session:
    try:
        return Session(file, threads, optimised=False)
    except Exception as error:  # ONNX Runtime raises its own types
        reason = str(error).splitlines()[0].replace(str(file), file.name)[:300]
        raise Refusal(
            f"ONNX Runtime cannot load {file.name}: {reason}", "Export the file again, or repair it.", "usage"
        ) from error


def _write_case(
    index: int,
    sizes: tuple[int, ...],
    inputs: tuple[Tensor, ...],
    names: tuple[str, ...],
    session: Session,
    folder: Path,
) -> dict[str, Any]:
    by_name = {name: sizes[place % len(sizes)] for place, name in enumerate(names)}
    generator = np.random.default_rng(index)
    made = {tensor.name: _value(tensor, by_name, generator) for tensor in inputs}
    shape = ", ".join(f"{name} {size}" for name, size in by_name.items()) or "fixed shapes"
    try:
        answers = session.run(made)
    except Exception as error:
        raise Refusal(
            f"The file does not run on made inputs ({shape}): {str(error).splitlines()[0][:300]}",
            "Give the model's folder as `model` instead, so that real inputs can be made.",
            "usage",
        ) from error
    path = folder / f"case-{index:02}.npz"
    arrays = {f"in.{name}": value for name, value in made.items()} | {f"out.{n}": v for n, v in answers.items()}
    np.savez(path, allow_pickle=False, **arrays)
    shapes = {name: list(value.shape) for name, value in made.items()}
    return {
        "file": str(path),
        "shape": shape,
        "batch": next(iter(by_name.values()), 1),
        "inputs": shapes,
        "outputs": list(answers),
    }


def _value(tensor: Tensor, sizes: dict[str, int], generator: np.random.Generator) -> NDArray[Any]:
    shape = tuple(sizes[axis] if isinstance(axis, str) else axis for axis in tensor.shape)
    if tensor.dtype in _FLOATS:
        return generator.standard_normal(shape).astype(_NUMPY.get(tensor.dtype, tensor.dtype))
    if tensor.dtype == "bool" or "mask" in tensor.name:
        return np.ones(shape, dtype=tensor.dtype)
    high = 2 if "token_type" in tensor.name else _IDS_BELOW
    return generator.integers(0, high, shape).astype(tensor.dtype)
