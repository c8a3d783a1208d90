"""The routes from a model to ONNX: what each can do, the ladder of them, and the worker that climbs it."""
