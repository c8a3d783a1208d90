"""All models of a run: a config file's entries, each under the inputs, judged before anything runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnx_export_action.errors import UsageError
from onnx_export_action.settings import config
from onnx_export_action.settings.config import Config, Keys
from onnx_export_action.settings.inputs import Settings, real
from onnx_export_action.settings.names import default_of, input_names, nearest, slug
from onnx_export_action.settings.parsing import judge, parse

_OF_NO_MODEL = ("report", "doctor")
_IN_A_FILE = ("run", "compare")
_SECRET = "a secret belongs into no file; give it as an input"
_NOT_IN_A_FILE = {"github-token": _SECRET, "hf-token": _SECRET, "config": "a config file names no other"}
_MOST_MISTAKES = 8


@dataclass(frozen=True)
class _Entry:
    """One model of the file: where it stands, its name, its own keys and those that all share."""

    where: str
    name: str
    own: Keys
    shared: Keys

    def located(self, mistake: str, outer: Mapping[str, str], file: str) -> str:
        """The mistake with the place of the value that it is about; an input's has none."""
        key = mistake.partition(":")[0]
        if key in outer:
            return mistake
        return f"{file}: {mistake}" if key in self.shared and key not in self.own else f"{self.where}: {mistake}"


def all_of(flags: Mapping[str, str], given: Mapping[str, str], workspace: Path) -> tuple[Settings, ...]:
    """The settings of every model, in order; raises one UsageError that lists the mistakes of all.

    A flag goes before an input that is not its default, that before the model's own key, that before a shared one:
    a runner passes every default as if somebody had asked for it.
    """
    inputs = {**given, **flags}
    path, mode = inputs.get("config"), inputs.get("mode")
    if not path or mode in _OF_NO_MODEL:
        return (parse(inputs, workspace),)
    outer = {name: value for name, value in given.items() if not _is_default(name, value)} | dict(flags)
    del outer["config"]
    if mode == "plan":
        del outer["mode"]
    file = config.read(path, workspace)
    if file.models is None and mode == "plan":
        raise UsageError(f"config: {path!r} has no `models`, so there is nothing to plan.", "docs/config.md shows one.")
    chosen, mistakes = [], _misplaced(file)
    for entry in _entries(file, outer):
        settings, found = judge(_merged(entry, outer), workspace, entry.name)
        mistakes += [entry.located(mistake, outer, path) for mistake in found]
        chosen += [settings] if settings is not None else []
    mistakes = list(dict.fromkeys(mistakes)) or list(_in_each_others_way(chosen))
    if mistakes:
        raise _refusal(mistakes)
    return tuple(chosen)


def _is_default(name: str, value: str) -> bool:
    return name in input_names() and value == default_of(name)


def matrix_of(chosen: Sequence[Settings]) -> str:
    """The models as the matrix of a workflow: by its name a job picks its own, the rest is for who reads the list."""
    include = [{"name": each.name, "model": each.model, "task": each.task} for each in chosen]
    return json.dumps({"include": include}, ensure_ascii=True)


def _refusal(mistakes: Sequence[str]) -> UsageError:
    more = f"; and {len(mistakes) - _MOST_MISTAKES} more" if len(mistakes) > _MOST_MISTAKES else ""
    said = "; ".join(mistakes[:_MOST_MISTAKES])
    return UsageError(f"{said}{more}.", "docs/config.md shows such a file, docs/inputs.md lists each input.")


def _entries(file: Config, outer: dict[str, str]) -> list[_Entry]:
    """The models to run: all of the file, or the one that the input `model` names."""
    if file.models is None:
        return [_Entry(file.path, "", file.shared, {})]
    entries = [_entry(file, number, own) for number, own in enumerate(file.models, 1)]
    _check_names(entries)
    wanted = outer.pop("model", None)
    found = [entry for entry in entries if wanted in (None, entry.name)]
    if not found:
        known = ", ".join(entry.name for entry in entries)
        raise UsageError(
            f"model: {file.path} has no model named {wanted!r}; it has {known[:500]}.",
            "With a `config` that lists models, `model` picks one by its name.",
        )
    return found


def _entry(file: Config, number: int, own: Keys) -> _Entry:
    given, model = own.get("name"), own.get("model", file.shared.get("model", ""))
    name = str(given or slug(str(model)))
    return _Entry(f"{file.path}, entry {number} ({name[:80]})", name, own, file.shared)


def _check_names(entries: Sequence[_Entry]) -> None:
    seen: dict[str, str] = {}
    for entry in entries:
        if entry.name != slug(entry.name):
            raise UsageError(
                f"{entry.where}: name: it names a folder and an artifact, as {slug(entry.name)!r} could.",
                "Use letters, digits, dots, underscores and single dashes.",
            )
        before = seen.setdefault(entry.name.casefold(), entry.where)
        if before != entry.where:
            raise UsageError(f"{entry.where}: name: {before} has this name already.", "Give each a `name` of its own.")


def _merged(entry: _Entry, outer: Mapping[str, str]) -> dict[str, config.Value]:
    known = {name: value for name, value in {**entry.shared, **entry.own}.items() if name in input_names()}
    merged = {**{name: value for name, value in known.items() if name not in _NOT_IN_A_FILE}, **outer}
    if "name" in entry.own:
        merged.setdefault("artifact-name", f"{entry.name}-onnx")
    if entry.name:
        merged["output-dir"] = os.path.join(str(merged.get("output-dir", default_of("output-dir"))), entry.name)
    return merged


def _misplaced(file: Config) -> list[str]:
    """The keys that no file has, and those that only others have."""
    places: list[tuple[str, Keys, tuple[str, ...]]] = [(file.path, file.shared, ("models",))]
    places += [(f"{file.path}, entry {number}", own, ("name",)) for number, own in enumerate(file.models or (), 1)]
    return [f"{where}: {why}" for where, keys, more in places for why in _wrong_keys(keys, more)]


def _wrong_keys(keys: Keys, more: tuple[str, ...]) -> Iterator[str]:
    for key, value in keys.items():
        if key in _NOT_IN_A_FILE:
            yield f"{key}: {_NOT_IN_A_FILE[key]}"
        elif key == "mode" and value not in _IN_A_FILE:
            yield f"mode: a file has {' or '.join(_IN_A_FILE)}; give another as an input"
        elif key not in (*input_names(), *more):
            near = nearest(key, more)
            yield f"unknown key {key[:80]!r}" + (f", did you mean {near!r}?" if near else "")


def _in_each_others_way(chosen: Sequence[Settings]) -> Iterator[str]:
    """A model that lies where another is written to, and two that are delivered under one name."""
    folders = [(each.output_path, each.name) for each in chosen]
    names: dict[str, str] = {}
    for each in chosen:
        model = real(each.workspace / each.model)
        for folder, other in folders:
            if other != each.name and (model.is_relative_to(folder) or each.output_path.is_relative_to(folder)):
                yield f"output-dir: {each.name} lies in the folder of {other}, which a run clears"
        if each.artifact_name and names.setdefault(each.artifact_name.casefold(), each.name) != each.name:
            yield f"artifact-name: {each.artifact_name!r} is that of {names[each.artifact_name.casefold()]} too"
