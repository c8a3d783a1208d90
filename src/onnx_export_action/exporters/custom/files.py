"""What goes wrong with a saved program, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from onnx_export_action.exporters import diagnosis
from onnx_export_action.workers.protocol import Refusal


@contextmanager
def readable(file: Path, kind: str) -> Iterator[None]:
    """A file that torch cannot load is refused with what torch says of it."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        said = diagnosis.first_sentence(str(error) or type(error).__name__, 250)
        raise Refusal(
            f"torch {torch.__version__.partition('+')[0]} cannot load {file.name} as a {kind} file: {said}",
            "Save it again with this version of torch, or export the module itself: `model: file.py:factory`.",
            "usage",
        ) from error


def check_dtype(dtype: str) -> None:
    """A saved program has its precision already."""
    if dtype != "fp32":
        raise Refusal(
            f"`dtype: {dtype}` cannot be had from a saved program, which has its precision already.",
            "Leave `dtype` out, or export the module itself: `model: file.py:factory`.",
            "usage",
        )


def no_examples(file: Path) -> Refusal:
    """Nobody knows what to call the program with."""
    return Refusal(
        f"{file.name} holds no example inputs.", "Set `example-inputs` to an .npz or JSON file with them.", "usage"
    )
