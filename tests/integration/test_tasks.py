"""Our table of tasks and our reading of transformers' sources, held to the libraries themselves."""

from __future__ import annotations

import pytest
import transformers
from optimum.exporters.tasks import TasksManager
from transformers.models.auto import modeling_auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

from onnx_export_action import tasks
from onnx_export_action.sources import task, transformers_index

# Optimum's tasks that this version does not export: several models at once, or no class that a config.json names.
NOT_OFFERED = {
    "document-question-answering",
    "image-text-to-text",
    "inpainting",
    "keypoint-detection",
    "mask-generation",
    "reinforcement-learning",
    "sentence-similarity",
    "text-to-audio",
    "text-to-image",
    "time-series-forecasting",
    "visual-question-answering",
    "zero-shot-object-detection",
}

# Only in transformers 4, which the `optimum` route runs.
OLD_CLASSES = {"AutoModelForVision2Seq"}

AUTO_CLASSES = sorted({name for names in tasks.AUTO_CLASSES.values() for name in names} - OLD_CLASSES)


def test_auto_classes__tasks_are_those_of_optimum() -> None:
    theirs = {name for name in TasksManager.get_all_tasks() if not name.endswith("-with-past")}
    assert set(tasks.AUTO_CLASSES) | NOT_OFFERED == theirs
    assert not set(tasks.AUTO_CLASSES) & NOT_OFFERED


def test_synonyms__mean_what_they_mean_to_optimum() -> None:
    theirs = {name: TasksManager.map_from_synonym(name) for name in tasks.SYNONYMS}
    known = {name: meant for name, meant in theirs.items() if meant in tasks.AUTO_CLASSES}
    assert {name: tasks.SYNONYMS[name] for name in known} == known


@pytest.mark.parametrize("name", sorted(tasks.AUTO_CLASSES))
def test_auto_classes__are_those_of_optimum(name: str) -> None:
    theirs = TasksManager._TRANSFORMERS_TASKS_TO_MODEL_LOADERS[name]
    ours = set(tasks.AUTO_CLASSES[name]) - OLD_CLASSES
    assert ours <= ({theirs} if isinstance(theirs, str) else set(theirs))


@pytest.mark.parametrize("name", AUTO_CLASSES)
def test_auto_classes__exist_in_transformers(name: str) -> None:
    assert hasattr(transformers, name)


def test_auto_classes__old_ones_are_really_gone() -> None:
    assert not [name for name in OLD_CLASSES if hasattr(transformers, name)]


def test_known_model_types__are_those_of_transformers_and_the_retired() -> None:
    assert transformers_index.known_model_types() == set(CONFIG_MAPPING_NAMES) | transformers_index.RETIRED


@pytest.mark.parametrize("name", AUTO_CLASSES)
def test_transformers_index__reads_what_an_import_finds(name: str) -> None:
    mapping = getattr(modeling_auto, name)._model_mapping._model_mapping
    expected = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in mapping.items()}
    assert transformers_index._classes_by_auto_class()[name] == expected


@pytest.mark.parametrize("name", sorted(tasks.AUTO_CLASSES))
def test_fitting__is_never_a_task_that_transformers_would_load_as_another_class(name: str) -> None:
    for auto_class in set(tasks.AUTO_CLASSES[name]) - OLD_CLASSES:
        for model_type, classes in transformers_index._classes_by_auto_class()[auto_class].items():
            for class_name in classes:
                served = transformers_index.tasks_of_checkpoint(class_name, model_type)
                assert name in served
                assert set(task._fitting(class_name, model_type)) <= set(served)
