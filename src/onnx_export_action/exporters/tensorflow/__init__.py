"""TensorFlow's models: read and answered by TensorFlow in an interpreter of its own, exported by tf2onnx."""
