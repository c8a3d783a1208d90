"""A hundred wrong files over text, decoders, vision and sound; each is refused by its answers."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
import pytest

from onnx_export_action import sources
from onnx_export_action.exporters import attempt
from onnx_export_action.exporters.attempt import Exported
from onnx_export_action.records import Validation
from onnx_export_action.validation import proof, session
from onnx_export_action.validation.proof import Evidence
from onnx_export_action.workers.client import Host, Worker
from tests.integration.mutations import OPSET
from tests.integration.wrong import decoder, rare, sound, text, untrained, vision, window
from tests.integration.wrong.edits import Edit
from tests.unit.sources.models import RecordingLog, settings_for

KINDS: dict[tuple[str, str], dict[str, tuple[Edit, str]]] = {
    ("bert_for_questions", "question-answering"): text.WRONG | rare.WRONG,
    ("llama", "text-generation-with-past"): decoder.WRONG,
    ("vit", "image-classification"): vision.VIT,
    ("resnet", "image-classification"): vision.RESNET,
    ("wav2vec2", "automatic-speech-recognition"): sound.WRONG,
    ("gemma3", "text-generation"): window.WRONG,
    ("bert_untrained", "question-answering"): untrained.TEXT,
    ("llama_untrained", "text-generation-with-past"): untrained.DECODER,
    ("vit_untrained", "image-classification"): untrained.VIT,
}
# Right ones whose answers are large, small, or were trained in another type.
RIGHT = [(name, "question-answering") for name in ("bert_huge", "bert_faint", "bert_of_bf16", "bert_of_fp16")]
CASES = [(name, task, label) for (name, task), kinds in KINDS.items() for label in kinds]


@dataclass(frozen=True)
class Bench:
    """One worker that exports, one that validates; each model is exported once."""

    models: Callable[[str], Path]
    exporter: Worker
    validator: Worker
    work: Path
    done: dict[str, Exported]

    def exported(self, name: str, task: str) -> Exported:
        if name not in self.done:
            log, folder = RecordingLog(), self.work / name
            (folder / "onnx").mkdir(parents=True)
            chosen = settings_for(folder, model=str(self.models(name)), task=task)
            model = sources.resolve(chosen, hub_endpoint="", cache=folder, log=log)
            self.done[name] = attempt.export(self.exporter, "torchscript", OPSET, model, chosen, 1, folder, log)
        return self.done[name]

    def prove(self, file: Path, exported: Exported) -> Validation:
        evidence = Evidence(exported.cases, exported.axes, "pytorch")
        log, chosen = RecordingLog(), settings_for(file.parent)
        return proof.prove(self.validator, file, OPSET, evidence, chosen, 1, log).validation


@pytest.fixture(scope="module")
def bench(models: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    log, host = RecordingLog(), Host(300, 10**10, None, {})
    with (
        attempt.start("torchscript", host, log) as exporter,
        Worker(Path(sys.executable), proof.SERVICE, host, log) as validator,
    ):
        yield Bench(models, exporter, validator, tmp_path_factory.mktemp("bench"), {})


@pytest.mark.parametrize(("name", "task"), [*KINDS, *RIGHT])
def test_prove__the_right_file_with_room_to_spare(bench: Bench, tmp_path: Path, name: str, task: str) -> None:
    exported = bench.exported(name, task)
    session.write_optimised(exported.file, tmp_path / "model.onnx", 1)
    optimised = bench.prove(tmp_path / "model.onnx", exported)
    for validation in (bench.prove(exported.file, exported), optimised):
        wrong = [case for case in validation.cases if not case.passed]
        assert not wrong, proof.summary_of_failure(validation)
        assert not validation.silent_outputs
        outputs = [parity for case in validation.cases for parity in case.outputs]
        assert all((parity.signal_to_noise_db or 0) > (parity.least_db or 999) + 6 for parity in outputs)


@pytest.mark.parametrize(("name", "task", "label"), CASES, ids=lambda value: str(value).replace(" ", "_"))
def test_prove__refuses(bench: Bench, tmp_path: Path, name: str, task: str, label: str) -> None:
    edit, pattern = KINDS[name, task][label]
    exported = bench.exported(name, task)
    model = onnx.load(exported.file)
    edit(model)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    validation = bench.prove(tmp_path / "model.onnx", exported)
    assert not validation.passed
    found = proof.summary_of_failure(validation)
    assert re.search(pattern, found), found
