"""The task of a model: what the user said, or what the configuration makes certain."""

from __future__ import annotations

from onnx_export_action import tasks
from onnx_export_action.errors import UsageError
from onnx_export_action.sources.config import Config
from onnx_export_action.sources.transformers_index import tasks_of_checkpoint, tasks_of_model_type


def choose(wanted: str, config: Config) -> str:
    """The wanted task, or for `auto` the only one that fits the configuration."""
    if wanted != "auto":
        return wanted
    architecture, model_type = architecture_of(config), config["model_type"]
    fitting = _fitting(architecture, model_type) if architecture else ()
    if len(fitting) == 1:
        return fitting[0]
    offered = fitting or tasks_of_model_type(model_type) or tasks.known_tasks()
    raise UsageError(_why(architecture, fitting), f"Set `task` to one of: {', '.join(offered)}.")


def architecture_of(config: Config) -> str:
    """The class that the checkpoint was saved from; empty when the configuration does not say."""
    names = config.get("architectures")
    return names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""


def _fitting(architecture: str, model_type: str) -> tuple[str, ...]:
    """What the class's name says, held to what transformers loads as this class.

    The name decides between tasks that share a class (BART is no fill-mask model), transformers decides where
    the name misleads (a speech model's sequence classification is no text classification).
    """
    named, served = tasks.tasks_of_class(architecture, model_type), tasks_of_checkpoint(architecture, model_type)
    both = tuple(task for task in named if task in served)
    if not both or named == ("feature-extraction",):
        return served or named
    return both


def _why(architecture: str, fitting: tuple[str, ...]) -> str:
    if not architecture:
        return "the task cannot be read from config.json: it names no `architectures`."
    if fitting:
        return f"the task is ambiguous: {architecture[:80]} serves {len(fitting)} tasks."
    return f"the task cannot be read from the class {architecture[:80]}."
