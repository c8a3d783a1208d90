"""From an exporter's last words to what the user can change; what is unknown gets no advice."""

from __future__ import annotations

import re

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

_HINTS: tuple[tuple[str, str], ...] = (
    (
        r"scaled_dot_product_attention.*opset version (\d+)",
        "Use opset 14 or newer, or `exporter: torchscript`, which switches to eager attention.",
    ),
    (
        r"operator '([\w:.]+)' to ONNX opset version (\d+) is not supported",
        "Use a newer `opset`, or `exporter: torch`.",
    ),
    (
        r"No ONNX function found for|No decompositions registered for",
        "Use `exporter: transformers` or `torchscript`; this operator has no ONNX form here.",
    ),
    (
        r"data-dependent|GuardOnDataDependent|Could not guard",
        "The model branches on its data; use `exporter: torchscript`.",
    ),
    (r"Constraints violated|specializ(ed|ing)", "The model fixes a dynamic size; use `exporter: torchscript`."),
    (
        r"only supports the tasks|is not supported yet with the task",
        "optimum has no configuration for this pair; use another `exporter`.",
    ),
    (
        r"custom or unsupported architecture",
        "optimum has no configuration for this architecture; use another `exporter`.",
    ),
    (
        r"does not recognize this architecture",
        "This interpreter's transformers is older than the architecture; use another `exporter`.",
    ),
    (r"NOT_IMPLEMENTED", "ONNX Runtime's CPU provider has no kernel for this in the chosen dtype; use `dtype: fp32`."),
    (r"No module named '([\w.]+)'", "The model needs a package that is not installed here."),
)


def hint(cause: str) -> str:
    """Advice for a cause; empty when there is none."""
    return next((advice for pattern, advice in _HINTS if re.search(pattern, cause, re.DOTALL)), "")


def first_sentence(cause: str, limit: int = 400) -> str:
    """The part of an error that people read: its first line, with the next where it ends in a colon, cut to `limit`."""
    lines = [line.strip() for line in _COLOURS.sub("", cause).splitlines() if line.strip()] or ["no message"]
    sentence = " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]
    return sentence if len(sentence) <= limit else f"{sentence[: limit - 1]}…"
