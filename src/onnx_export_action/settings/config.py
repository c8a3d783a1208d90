"""The config file: YAML in which every value is text, as in a workflow, so that it means the same in both."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from onnx_export_action.errors import UsageError
from onnx_export_action.settings.inputs import real
from onnx_export_action.settings.names import nearest

MOST_BYTES = 1 << 18
MOST_MODELS = 256  # as many jobs as a matrix may have

Value = str | list[str]
Keys = Mapping[str, Value]

_LIST, _NAME = "models", "name"
_REMEDY = "docs/config.md shows such a file."
_KINDS: dict[type, str] = {str: "a text", list: "a list", dict: "keys with values"}


@dataclass(frozen=True)
class Config:
    """What all models share, and the keys of each; None where the file has no list of models."""

    path: str
    shared: Keys
    models: tuple[Keys, ...] | None


def read(path: str, workspace: Path) -> Config:
    """The file, with every value a text or a list of texts; raises UsageError for what it cannot be."""
    content = _parsed(path, _text(path, workspace))
    if not isinstance(content, dict):
        raise _wrong(path, f"holds {_kind(content)}, where keys with values belong" if content else "is empty")
    listed = content.pop(_LIST, None)
    if listed is not None and not (isinstance(listed, list) and listed):
        raise _wrong(path, f"`{_LIST}` is {_kind(listed)}, where a list of models belongs")
    if listed is not None and len(listed) > MOST_MODELS:
        raise _wrong(path, f"lists {len(listed)} models, and may list {MOST_MODELS}")
    models = None if listed is None else tuple(_keys(path, f"entry {n}", each) for n, each in enumerate(listed, 1))
    return Config(path, _keys(path, "the top level", content), models)


def _text(path: str, workspace: Path) -> str:
    file = real(workspace / path)
    if not file.is_relative_to(real(workspace)):
        raise _wrong(path, "lies outside the workspace")
    if not file.is_file():
        raise _wrong(path, "is a folder, not a file" if file.is_dir() else "is not there")
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise _wrong(path, f"is larger than {MOST_BYTES // 1024} KiB, which no list of models is")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong(path, "is no YAML: it is no text in UTF-8") from None
    except OSError as error:
        raise _wrong(path, f"cannot be read: {error.strerror}") from None


def _parsed(path: str, text: str) -> Any:
    try:
        return yaml.load(text, _Loader)  # which makes text, lists and mappings, and nothing else
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _wrong(path, f"is no YAML that is taken: {error.problem or error.context}{line}") from None
    except (yaml.YAMLError, RecursionError):
        raise _wrong(path, "is no YAML that is taken") from None


class _Loader(yaml.BaseLoader):
    """Every scalar as it is written: no dates, no `yes` for true, no objects of Python."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """No alias: a few lines of them stand for gigabytes."""
        if self.check_event(yaml.AliasEvent):
            alias = self.peek_event()  # type: ignore[no-untyped-call]
            _refuse("aliases are not; what models share belongs to the top level", alias.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """No key twice: of two values nobody knows which was meant."""
        seen = set()
        for key, _ in node.value:
            if key.value in seen if isinstance(key, yaml.ScalarNode) else True:
                _refuse(f"the key {str(key.value)[:80]!r} is there twice, or is no text", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _refuse(why: str, mark: yaml.Mark) -> NoReturn:
    raise yaml.MarkedYAMLError(problem=why, problem_mark=mark)


def _keys(path: str, where: str, content: Any) -> Keys:
    """The keys that have a value, each a text or a list of texts."""
    if not isinstance(content, dict):
        raise _wrong(path, f"{where} is {_kind(content)}, where keys with values belong")
    return {name: value for name, each in content.items() if (value := _value(path, where, name, each))}


def _value(path: str, where: str, name: str, value: Any) -> Value:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return [each.strip() for each in value]
    if isinstance(value, str):
        return value.strip()
    near = nearest(name, (_LIST, _NAME))
    meant = f"; did you mean {near!r}?" if near not in ("", name) else ""
    raise _wrong(path, f"`{name}` of {where} holds {_kind(value)}, where a text or a list of texts belongs{meant}")


def _kind(value: Any) -> str:
    if value == "":
        return "nothing"
    return "an empty list" if value == [] else _KINDS.get(type(value), "something")


def _wrong(path: str, why: str) -> UsageError:
    return UsageError(f"config: {path[:200]!r} {why[:400]}.", _REMEDY)
