"""The routes from a model to ONNX: what each can do, the ladder of them, and the worker that climbs it."""

SERVICE = "onnx_export_action.exporters.entry"  # of the worker that most routes take
