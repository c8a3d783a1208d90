"""report.json: the record as text and back, and its schema."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from onnx_export_action.records import SCHEMA_VERSION, Report

SCHEMA_FILE = Path(__file__).parent.parent / "report.schema.json"

# A real line break never stands inside a JSON string, so this matches lists of numbers alone.
_NUMBERS = re.compile(r"\[\n\s+(-?[\d.eE+-]+(?:,\n\s+-?[\d.eE+-]+)*)\n\s+\]")


def to_json(report: Report) -> str:
    """The report as indented JSON; a figure that is not a number becomes null."""
    content = _clean(report.model_dump(mode="python"))
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    # Thousands of raw timings read better as one line than as one line each.
    return _NUMBERS.sub(lambda found: "[" + re.sub(r",\n\s+", ", ", found[1]) + "]", text) + "\n"


def from_json(text: str) -> Report:
    """The report from its JSON; raises ValueError with a sentence when it is none."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"The report is not JSON: {error}.") from error
    if not isinstance(content, dict):
        raise ValueError("The report is not a JSON object.")
    version = content.get("schema_version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise ValueError(
            f"The report has schema version {version!r:.40}, this program reads {SCHEMA_VERSION} and older."
        )
    if isinstance(content.get("model"), dict):
        content["model"]["path"] = ""  # a path of another machine: never written, so never there
    try:
        return Report.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"The report does not follow its schema: {place}: {first['msg']}.") from error


def json_schema() -> str:
    """The JSON Schema of what `to_json` writes, computed figures included."""
    schema = Report.model_json_schema(mode="serialization")
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def _clean(value: Any) -> Any:
    """Text that UTF-8 can hold and numbers that JSON can; foreign error messages bring neither by themselves."""
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    SCHEMA_FILE.write_text(json_schema(), encoding="utf-8")
