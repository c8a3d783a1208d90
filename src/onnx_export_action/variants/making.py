"""ONNX Runtime's own tools, which rewrite one file into another; runs in a worker."""

from __future__ import annotations

import logging
from pathlib import Path

import onnx
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from onnx_export_action.exporters.files import EXTERNAL_ABOVE_BYTES, settle
from onnx_export_action.workers.protocol import Refusal

# Not Conv: the CPU provider has no kernel for what quantize_dynamic makes of it. Gemm becomes MatMul first.
_QUANTIZED = ("MatMul", "Attention", "LSTM", "Gather", "EmbedLayerNormalization")
_QUANTIZED_FORMS = ("Integer", "DynamicQuantize", "QAttention", "QEmbed", "DequantizeLinear")
_LEVELS = {
    "O1": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    # Not ORT_ENABLE_ALL: it lays out tensors for this processor, and the file is for others too.
    "O2": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "O3": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
}


def make(name: str, source: Path, file: Path) -> None:
    """Write the variant of the source; the source's folder must be writable, the file's empty."""
    large = sum(path.stat().st_size for path in source.parent.iterdir()) > EXTERNAL_ABOVE_BYTES
    logging.disable(logging.WARNING)  # advice on steps that were left out with reason
    match name:
        case "fp16":
            _refuse_half(source)
            _save(OnnxModel(convert_float_to_float16(str(source), keep_io_types=True)), file, large)
        case "int8-dynamic":
            _quantize(source, file, large)
        case "O4":
            _refuse_half(source)
            optimised = source.with_name("optimised.onnx")
            _optimise("O3", source, optimised, large)
            model = OnnxModel(onnx.load(str(optimised)))
            model.convert_float_to_float16(keep_io_types=True, use_symbolic_shape_infer=True)
            _save(model, file, large)
        case _:
            _optimise(name, source, file, large)
    settle(file)


def _optimise(name: str, source: Path, file: Path, large: bool) -> None:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = _LEVELS[name]
    options.optimized_model_filepath = str(file)
    options.log_severity_level = 3
    if name == "O3":
        options.add_session_config_entry("optimization.enable_gelu_approximation", "1")
    if large:
        options.add_session_config_entry("session.optimized_model_external_initializers_file_name", f"{file.name}_data")
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def _quantize(source: Path, file: Path, large: bool) -> None:
    quantize_dynamic(
        source,
        file,
        op_types_to_quantize=list(_QUANTIZED),
        per_channel=True,
        # Seven bits: products of eight overflow on processors without VNNI, so the answers would hang on the machine.
        reduce_range=True,
        weight_type=QuantType.QInt8,
        use_external_data_format=large,
    )
    made = onnx.load(str(file), load_external_data=False)
    if not any(form in node.op_type for node in made.graph.node for form in _QUANTIZED_FORMS):
        raise Refusal(f"The file has nothing to quantize: no {', '.join(_QUANTIZED[:-1])} with constant weights.")


def _refuse_half(source: Path) -> None:
    model = onnx.load(str(source), load_external_data=False)
    kinds = {tensor.data_type for tensor in model.graph.initializer}
    if onnx.TensorProto.FLOAT not in kinds:
        raise Refusal("The file has no fp32 weights to convert.", "Leave this variant out.")


def _save(model: OnnxModel, file: Path, large: bool) -> None:
    model.topological_sort()  # the casts of float inputs stand behind what reads them
    onnx.save_model(model.model, str(file), save_as_external_data=large, location=f"{file.name}_data")
