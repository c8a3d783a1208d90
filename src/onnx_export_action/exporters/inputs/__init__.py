"""A model's inputs: their names as its tokenizer or processor gives them, their dynamic axes, values at any size."""

from onnx_export_action.exporters.inputs.whole import Inputs

__all__ = ["Inputs"]
