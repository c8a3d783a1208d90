"""JSON lines of text, with the fields that transformers' pipelines call them by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_export_action.samples.wrong import WrongSamples

_LONGEST = 1 << 20

# By task: the fields that a line must have, and those that it may have, in the order of the tokenizer.
FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "text-classification": (("text",), ("text_pair",)),
    "token-classification": (("text",), ()),
    "fill-mask": (("text",), ()),
    "feature-extraction": (("text",), ()),
    "question-answering": (("question", "context"), ()),
    "text-generation": (("text",), ()),
    "text2text-generation": (("text",), ()),
}


@dataclass(frozen=True)
class Line:
    """The texts of one line, by its number in the file."""

    number: int
    texts: tuple[str, ...]


def read(file: Path, task: str, most: int) -> tuple[tuple[Line, ...], int]:
    """The first lines that are not blank, and how many of them there are; raises WrongSamples."""
    found: list[Line] = []
    given = 0
    for number, line in _numbered(file):
        if not line.strip():
            continue
        given += 1
        if given <= most:
            found.append(Line(number, _texts(line, task, f"{file.name[:80]}, line {number}")))
    if not found:
        raise WrongSamples(f"{file.name[:80]!r} has no line")
    return tuple(found), given


def _numbered(file: Path) -> Iterator[tuple[int, bytes]]:
    """Lines by number, none of them read beyond the longest."""
    try:
        with file.open("rb") as stream:
            for number, line in enumerate(iter(lambda: stream.readline(_LONGEST + 1), b""), 1):
                if len(line) > _LONGEST:
                    raise WrongSamples(f"{file.name[:80]}, line {number}: it has more than {_LONGEST:,} bytes")
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except OSError as error:
        raise WrongSamples(f"{file.name[:80]!r} cannot be read: {error.strerror or 'input/output error'}") from None


def _texts(line: bytes, task: str, where: str) -> tuple[str, ...]:
    try:
        loaded = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise WrongSamples(f"{where}: it is not UTF-8") from None
    except (ValueError, RecursionError):
        raise WrongSamples(f"{where}: it is not JSON") from None
    needed, possible = FIELDS[task]
    if isinstance(loaded, str) and len(needed) == 1:
        loaded = {needed[0]: loaded}
    if not isinstance(loaded, dict):
        raise WrongSamples(f"{where}: it is {_kind(loaded)}, and {task} takes {_wanted(needed, possible)}")
    lacking = [name for name in needed if name not in loaded]
    if lacking:
        raise WrongSamples(f"{where}: it has no `{lacking[0]}`, and {task} takes {_wanted(needed, possible)}")
    given = (name for name in (*needed, *possible) if loaded.get(name) is not None or name in needed)
    return tuple(_text(loaded[name], f"{where}: `{name}`") for name in given)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise WrongSamples(f"{what} is {_kind(value)}, not a string")
    if not value.strip():
        raise WrongSamples(f"{what} is empty")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise WrongSamples(f"{what} holds half of a surrogate pair, which is no text") from None
    return value


def _wanted(needed: tuple[str, ...], possible: tuple[str, ...]) -> str:
    fields = ", ".join(f"`{name}`" for name in needed)
    more = "".join(f", and `{name}` where there is one" for name in possible)
    return f"{'a string or ' if len(needed) == 1 else ''}an object with {fields}{more}"


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
