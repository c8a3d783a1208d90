"""How to run the file: six lines of Python, made from the graph's inputs."""

from __future__ import annotations

import json

from onnx_export_action.records import Graph, Report, Tensor

_TOKENIZER_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
)
_NUMPY = {"float": "float32", "double": "float64", "bool": "bool_"}


def example(report: Report) -> str:
    """The code, or nothing where there is no file to trust."""
    graph = report.graph
    file = report.main_file
    if not report.proven or graph is None or file is None or not graph.inputs or not graph.outputs:
        return ""
    given = {tensor.name for tensor in graph.inputs}
    tokenizer = any(file.path in _TOKENIZER_FILES for file in report.files)
    if tokenizer and "input_ids" in given and given <= _TOKENIZER_INPUTS:
        return _with_tokenizer(graph, file.path)
    return _with_arrays(graph, file.path, _sizes(report))


def _with_tokenizer(graph: Graph, file: str) -> str:
    answer = _literal(graph.outputs[0].name)
    wanted = ", ".join(_literal(tensor.name) for tensor in graph.inputs)
    return "\n".join(
        (
            "import onnxruntime",
            "from transformers import AutoTokenizer",
            "",
            f"session = onnxruntime.InferenceSession({_literal(file)})",
            'tokenizer = AutoTokenizer.from_pretrained(".")',
            'tokens = tokenizer(["A sentence.", "And a longer one."], padding=True, return_tensors="np")',
            f"answers = session.run([{answer}], {{name: tokens[name] for name in [{wanted}]}})",
        )
    )


def _with_arrays(graph: Graph, file: str, sizes: dict[str, tuple[int, ...]]) -> str:
    arrays = ", ".join(f"{_literal(tensor.name)}: {_array(tensor, sizes)}" for tensor in graph.inputs)
    return "\n".join(
        (
            "import numpy",
            "import onnxruntime",
            "",
            f"session = onnxruntime.InferenceSession({_literal(file)})",
            f"inputs = {{{arrays}}}",
            f"answers = session.run([{_literal(graph.outputs[0].name)}], inputs)",
            "print(answers[0].shape)",
        )
    )


def _array(tensor: Tensor, sizes: dict[str, tuple[int, ...]]) -> str:
    shape = sizes.get(tensor.name) or tuple(axis if isinstance(axis, int) else 1 for axis in tensor.shape)
    dtype = _NUMPY.get(tensor.dtype, tensor.dtype)
    return f"numpy.ones({shape}, {_literal(dtype)})"


def _sizes(report: Report) -> dict[str, tuple[int, ...]]:
    """The shapes of the first case: sizes that are known to run."""
    cases = report.validation.cases if report.validation is not None else ()
    return cases[0].inputs if cases else {}


def _literal(text: str) -> str:
    """A string literal of Python that no rendering can take for markup."""
    literal = json.dumps(text) if text.isascii() and text.isprintable() else ascii(text)
    for char in "<>&`@|":
        literal = literal.replace(char, f"\\u{ord(char):04x}")
    return literal
