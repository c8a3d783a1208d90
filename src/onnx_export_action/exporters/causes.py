"""The failures that are known, the special before the general: how each is recognised, called and helped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Known:
    """A failure by its text; `{0}` is what the pattern's first group found. `in_model`: its place is worth telling."""

    pattern: str
    sentence: str
    remedy: str
    in_model: bool = False
    kind: Literal["unknown", "surroundings"] = "unknown"


_ANOTHER = "Use another `exporter`, or `auto`, which tries them all."

_OPERATORS = (
    Known(
        r"operator '([\w:.]+)' to ONNX opset version (\d+) is not supported.*added in version (\d+)",
        "The operator {0} has no form at opset {1}; opset {2} has one",
        "Set `opset` to {2} or newer. Attention below opset 14 is written by `exporter: torchscript`.",
    ),
    Known(
        r"operator '([\w:.]+)' to ONNX opset version (\d+) is not supported",
        "The operator {0} has no form in this exporter, at opset {1} or any other",
        "Use `exporter: torch` or `transformers` with opset 18 or newer, or leave the operator out of the model.",
    ),
    Known(
        r"unrecognized namespace ([\w:]+)",
        "The model calls the custom operator {0}, which ONNX does not know",
        "Write that part of the model with PyTorch's own operators.",
    ),
    Known(
        r"No ONNX function found for <OpOverload\(op='((?!aten|prims)\w+)\.(\w+)'",
        "The model calls the custom operator {0}::{1}, which ONNX does not know",
        "Write that part of the model with PyTorch's own operators.",
    ),
    Known(
        r"No ONNX function found for <OpOverload\(op='([\w.]+)'",
        "The operator {0} has no ONNX form in this exporter",
        "Use `exporter: transformers` or `torchscript`, or leave the operator out of the model.",
    ),
    Known(
        r"UnsupportedOperatorException: (aten\.[\w.]+)",
        "The operator {0} cannot be captured by torch.export",
        "Use `exporter: torchscript`, or leave the operator out of the model.",
        in_model=True,
    ),
    Known(
        r"Unsupported onnx_opset_version: (\d+)",
        "This exporter does not write opset {0}",
        "Use an opset that docs/exporters.md lists for it.",
    ),
)

_CONTROL_FLOW = (
    Known(
        r"(?:Could not guard on|Could not extract specialized integer from) data-dependent expression",
        "The model branches on the values of its inputs, or takes a size from them,",
        "Use `exporter: torchscript`, whose file is proven at other inputs, or write the branch with `torch.where`.",
        in_model=True,
    ),
    Known(
        r"type Tensor doesn't define (\w+) method|list indices must be integers or slices, not Tensor",
        "The model computes with a size in Python, in a way that a trace cannot follow",
        "Use `exporter: torch`, or write that part of the model with tensors.",
        in_model=True,
    ),
    Known(
        r"[Dd]ata-dependent|GuardOnDataDependent",
        "The model branches on the values of its inputs",
        "Use `exporter: torchscript`, whose file is proven at other inputs, or write the branch with `torch.where`.",
        in_model=True,
    ),
)

_SIZES = (
    Known(
        r"inferred a static shape of (\d+) for dimension [\w\[\]'.]*\.shape\[(\d+)\]",
        "The model fixes axis {1} of an input to the sample's size {0}",
        "Use `exporter: torchscript`, or let the model compute with the axis instead of looping over it.",
    ),
    Known(
        r"Constraints violated|specializ(?:ed|ing) it to be a constant",
        "The model fixes an axis that should be dynamic to the sample's size",
        "Use `exporter: torchscript`, or let the model compute with the axis instead of looping over it.",
    ),
    Known(
        r"(\d+) not in VR\[(\d+), (\d+)\]",
        "The model wants an axis of size {1}, and the sample has {0}",
        "Set `sequence-lengths` to what the model takes.",
        in_model=True,
    ),
    Known(
        r"The size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)",
        "Two tensors in the model do not fit each other: {0} against {1}",
        "Check `task`, and the sizes in config.json and preprocessor_config.json, of images first, against each other.",
        in_model=True,
    ),
    Known(
        r"shape '\[[^\]]*\]' is invalid for input of size (\d+)",
        "The model lays {0} values out in a shape that they do not fill",
        "Check the sizes in config.json and preprocessor_config.json, of images first, against each other.",
        in_model=True,
    ),
    Known(
        r"expects the mel input features to be of length (\d+), but found (\d+)",
        "The model takes {0} frames of sound, and this exporter made {1}",
        "Use another `exporter`, which takes the length from config.json.",
    ),
    Known(
        r"shapes cannot be multiplied|must have same reduction dim|Expected size for first two dimensions",
        "Two tensors in the model do not fit each other",
        "Check `task`, and `sequence-lengths` against what the model accepts.",
        in_model=True,
    ),
)

_ATTENTION = (
    Known(
        r"only 4D query, key, and value are supported",
        "The model calls scaled dot product attention without its heads, which this exporter does not write",
        "Use `exporter: torchscript` or `transformers`, or the model's eager attention.",
    ),
    Known(
        r"(FlashAttention\w*|flash[_ ]attention\w*) has been toggled on, but it cannot be used",
        "The model asks for {0}, which runs on a GPU alone",
        "Take `attn_implementation` (`_attn_implementation`) out of config.json, or set it to `sdpa` or `eager`.",
    ),
)

_PACKAGES = (
    Known(
        r"No module named '([\w.]+)'",
        "The model's code needs the package {0}, which is not installed here",
        "Use a model whose class transformers has itself, or an image in which the package is installed.",
    ),
    Known(
        r"requires the following packages? that were not found in your environment: ([\w, -]+)",
        "The model's code needs packages that are not installed here: {0}",
        "Use a model whose class transformers has itself, or an image in which the packages are installed.",
    ),
    Known(
        r"contains custom code which must be executed|trust_remote_code=True",
        "The model brings code of its own, and such code is not run",
        "Read it, then set `trust-remote-code: true`; a Hub model needs a full `revision` with it.",
    ),
    Known(
        r"only supports the tasks|is not supported yet with the task|doesn't support task \S+ for the onnx backend",
        "optimum has no configuration for this architecture with this task",
        _ANOTHER,
    ),
    Known(
        r"custom or unsupported architecture",
        "optimum has no configuration for this architecture",
        _ANOTHER,
    ),
    Known(
        r"(?:Unrecognized model identifier: (\S+?)\.\s|does not recognize this architecture)",
        "This interpreter's transformers does not know the architecture {0}",
        "Use another `exporter`: `optimum` has an older transformers. Check `model_type` in config.json.",
    ),
)

_TYPES = (
    Known(
        r"view_as_complex|[Cc]omplex(?:Float|Double|64|128)|unexpected tensor scalar type",
        "The model computes with complex numbers, which ONNX does not have",
        "Use `exporter: torch`, or write that part with real numbers.",
    ),
    Known(
        r"NOT_IMPLEMENTED",
        "ONNX Runtime's CPU provider has no kernel for an operator of the file in this dtype",
        "Use `dtype: fp32`.",
    ),
    Known(
        r"expected m1 and m2 to have the same dtype|must have the same dtype|expected scalar type (\w+) but found",
        "Two tensors of the model have different dtypes",
        "Use `dtype: fp32`, or save the whole model in one dtype.",
        in_model=True,
    ),
    Known(
        r"device meta is not on the expected device|Cannot copy out of meta tensor",
        "A part of the model has no values: it was made on the device `meta` and never filled",
        "Save the whole model with `save_pretrained` from a machine on which all of it is loaded.",
        in_model=True,
    ),
)

_RESOURCES = (
    Known(
        r"(?:can't|not enough memory).*tried to allocate (\d+) bytes",
        "There was no memory for a tensor of {0} bytes",
        "Use a runner with more memory, smaller `batch-sizes` and `sequence-lengths`, or `dtype: fp16`.",
        kind="surroundings",
    ),
    Known(
        r"larger than the 2\s?Gi?B limit|exceeds? maximum protobuf size|exceeded maximum protobuf size"
        r"|EncodeError: Failed to serialize proto",
        "The exporter put more than 2 GiB into one protobuf",
        "Use `exporter: torchscript` or `torch`, which write weights beside the graph; a large tensor of its own "
        "has to be a parameter or a buffer of the model.",
    ),
    Known(
        r"No space left on device",
        "The disk is full",
        "Free space on the runner, or choose another `output-dir`.",
        kind="surroundings",
    ),
    Known(
        r"PermissionError: .*(?:denied|not permitted)",
        "A file cannot be read or written",
        "Correct the folder's rights.",
        kind="surroundings",
    ),
)

_CODE = (
    Known(
        r"RecursionError",
        "The model calls itself without end",
        "Run the model once in PyTorch with the same inputs, and repair its code.",
        in_model=True,
    ),
    Known(
        r"^SystemExit: (.*)",
        "The model's own code ended the process with status {0}",
        "Take the call of `exit` out of the model's code.",
        in_model=True,
    ),
    Known(
        r"number of output names provided \(\d+\) exceeded number of outputs|'str' object has no attribute 'name'",
        "The model's answer is no tensor",
        "Choose another `task`, or let the model return tensors.",
    ),
)

CAUSES = (*_TYPES, *_OPERATORS, *_ATTENTION, *_CONTROL_FLOW, *_SIZES, *_PACKAGES, *_RESOURCES, *_CODE)
