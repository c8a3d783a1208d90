"""From an exporter's last words to a cause and a remedy; what is not known says so, with those words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from onnx_export_action.exporters.causes import CAUSES

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\S+)\n(?:\s+(\S.*))?')
# Frames of libraries that only carry a model: the last one of another folder is the model's own.
_CARRIERS = (
    *(
        f"/site-packages/{name}"
        for name in ("torch/", "onnx", "optimum/", "transformers/utils/", "transformers/exporters/")
    ),
    *("/onnx_export_action/", "<"),
)


@dataclass(frozen=True)
class Diagnosis:
    """What happened, in a sentence, and what the user can change; an empty remedy where none is known."""

    cause: str
    remedy: str
    kind: str = "unknown"


def diagnose(cause: str, traceback: str = "") -> Diagnosis:
    """The cause of an exporter's error as a person understands it, with the place in the model where that helps."""
    text = _COLOURS.sub("", cause)
    for known in CAUSES:
        if found := re.search(known.pattern, text, re.DOTALL):
            named = [group or "" for group in found.groups()]
            where = _place(text) or _place(traceback) if known.in_model else ""
            return Diagnosis(f"{known.sentence.format(*named)}{where}.", known.remedy.format(*named), known.kind)
    return Diagnosis(f"This failure is not known here. The exporter's last words: {first_sentence(cause)}", "")


def hint(cause: str) -> str:
    """The remedy for a sentence of our own that may carry a library's error; empty when there is none."""
    text = _COLOURS.sub("", cause)
    found = ((known, re.search(known.pattern, text, re.DOTALL)) for known in CAUSES)
    return next(
        (known.remedy.format(*(group or "" for group in match.groups())) for known, match in found if match), ""
    )


def first_sentence(cause: str, limit: int = 400) -> str:
    """The part of an error that people read: its first line, with the next where it ends in a colon, cut to `limit`."""
    lines = [line.strip() for line in _COLOURS.sub("", cause).splitlines() if line.strip()] or ["no message"]
    sentence = " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]
    return sentence if len(sentence) <= limit else f"{sentence[: limit - 1]}…"


def _place(text: str) -> str:
    """File, line and code of the model's own last frame; empty where there is none."""
    own = [frame for frame in _FRAME.findall(text) if not any(part in frame[0] for part in _CARRIERS)]
    if not own:
        return ""
    path, line, function, code = own[-1]
    shown = f": `{code.strip()[:120]}`" if code else ""
    return f" in {PurePosixPath(path).name}, line {line}, in {function}{shown}"
