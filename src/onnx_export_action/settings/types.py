"""What an input may hold, and how its text is read."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from onnx_export_action.gates import conditions

MIN_OPSET, MAX_OPSET = 9, 23

Exporter = Literal["auto", "optimum", "transformers", "torch", "torchscript", "tensorflow"]
DType = Literal["fp32", "fp16", "bf16"]
Comment = Literal["auto", "always", "never"]
ReleaseAssets = Literal["auto", "always", "never"]
TargetCheck = Literal["table", "install"]
AlsoCheck = Literal["tensorflow"]
Mode = Literal["run", "compare", "plan", "report", "doctor"]
OnUndecided = Literal["pass", "fail"]


def unset_when_auto(value: Any) -> Any:
    return None if value == "auto" else value


def strict_bool(value: Any) -> Any:
    if isinstance(value, str) and value not in ("true", "false", "True", "False", "TRUE", "FALSE"):
        raise PydanticCustomError("bool", "expected `true` or `false`")
    return value


def parts(value: Any) -> Any:
    return [part for part in re.split(r"[,\s]+", value) if part] if isinstance(value, str) else value


def distinct(value: Any) -> Any:
    return tuple(dict.fromkeys(parts(value)))


def lines(value: Any) -> Any:
    return [line for part in re.split(r"[,;\n]", value) if (line := part.strip())] if isinstance(value, str) else value


def _condition(value: str) -> str:
    try:
        return conditions.parse(value).text
    except conditions.WrongCondition as mistake:
        raise PydanticCustomError("condition", "{mistake}", {"mistake": str(mistake)}) from None


Gated = Annotated[str, AfterValidator(_condition)]
Size = Annotated[int, Field(ge=1, le=1_000_000)]
Sizes = Annotated[tuple[Size, ...], BeforeValidator(parts), Field(min_length=1, max_length=20)]
Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]
