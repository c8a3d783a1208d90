"""ONNX Runtime; the only module that imports it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from onnx_export_action.validation import skim

PROVIDER = "CPUExecutionProvider"
OPTIMISATION = "ORT_ENABLE_ALL"
# Weights stay as they lie in the file, instead of a copy in ONNX Runtime's own order.
UNPACKED: Mapping[str, str] = MappingProxyType({"session.disable_prepacking": "1"})
# Where a model that comes as bytes has its external data.
_WEIGHTS_FOLDER = "session.model_external_initializers_file_folder_path"

_NUMPY_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
}


class Session:
    """One loaded file, by its path or its content, on the CPU provider.

    `mapped`: the weights are mapped where they lie, where ONNX Runtime copies them as it reads the file; what it makes
    of them is the same.
    """

    def __init__(
        self,
        file: Path | bytes,
        threads: int,
        optimised: bool = True,
        config: Mapping[str, str] = MappingProxyType({}),
        mapped: bool = False,
    ) -> None:
        if mapped:
            assert isinstance(file, Path)
            config = {**config, _WEIGHTS_FOLDER: str(file.parent)}
            file = skim.skim(file, place=file.name).SerializeToString()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3 if optimised else 4  # a look inside may fail, and says so itself
        level = OPTIMISATION if optimised else "ORT_DISABLE_ALL"
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
        for key, value in config.items():
            options.add_session_config_entry(key, value)
        source = file if isinstance(file, bytes) else str(file)
        self._session = onnxruntime.InferenceSession(source, options, providers=[PROVIDER])

    @property
    def input_types(self) -> dict[str, str]:
        """Input names with the NumPy type that each takes."""
        return {value.name: _NUMPY_TYPES.get(value.type, value.type) for value in self._session.get_inputs()}

    @property
    def input_shapes(self) -> dict[str, list[int | str | None]]:
        """Input names with their sizes; a name or None where an axis is open."""
        return {value.name: list(value.shape) for value in self._session.get_inputs()}

    @property
    def output_names(self) -> tuple[str, ...]:
        """Output names in the file's order."""
        return tuple(value.name for value in self._session.get_outputs())

    def run(self, inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """The answers by name; inputs that the file does not have are left out."""
        answers = self.prepared(inputs)()
        return {name: np.asarray(value) for name, value in zip(self.output_names, answers, strict=True)}

    def prepared(self, inputs: dict[str, NDArray[Any]]) -> Callable[[], list[Any]]:
        """A call with these inputs and nothing else in it, to be timed."""
        names = self.input_types
        feed = {name: value for name, value in inputs.items() if name in names}
        return lambda: list(self._session.run(None, feed))


def write_optimised(file: Path, target: Path, threads: int) -> None:
    """Write the graph as ONNX Runtime would run it, with every fusion that is not made for this machine's CPU alone."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    # Weights beside the graph: one file for both ends at 2 GiB.
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", f"{target.name}_data")
    options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", "1024")
    onnxruntime.InferenceSession(str(file), options, providers=[PROVIDER])


def write_folded(model: bytes, target: Path) -> None:
    """Write the graph with all that is constant computed, in operators of ONNX alone."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(model, options, providers=[PROVIDER])


def version() -> str:
    """The installed ONNX Runtime's version."""
    return str(onnxruntime.__version__)


def providers() -> tuple[str, ...]:
    """The execution providers that the installed ONNX Runtime has."""
    return tuple(onnxruntime.get_available_providers())
