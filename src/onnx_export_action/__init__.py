"""Export a model to ONNX, prove that the file gives the model's answers, measure it, and report it."""

__version__ = "0.1.0"
