"""Real inputs through the model's own tokenizer or processor: a right file agrees, a wrong one is told."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import soundfile
from PIL import Image

from onnx_export_action import sources
from onnx_export_action.exporters import attempt
from onnx_export_action.exporters.attempt import Exported
from onnx_export_action.exporters.samples import judging
from onnx_export_action.records import Samples, Validation
from onnx_export_action.validation import proof, together
from onnx_export_action.validation.proof import Evidence
from onnx_export_action.workers import interpreters
from onnx_export_action.workers.client import Host, Worker, WorkerFailure
from tests.integration import program
from tests.integration.mutations import OPSET
from tests.integration.program import Outcome, assert_error
from tests.unit.sources.models import RecordingLog, settings_for

WORDS = ["w5 w7 w9", "w11", "w3 w3 w100 w41 w2", "w60 w61 w62 w63 w64 w65 w66 w67 w68 w69", "nothing of it is known"]
TOKEN = r"(w\d+|\[\w+\])"
TEXT = rf"{TOKEN}( {TOKEN})*( ?\S*…)?"


def lines(folder: Path, *values: Any) -> Path:
    (folder / "samples").write_text("".join(f"{json.dumps(value)}\n" for value in values))
    return folder / "samples"


def words(folder: Path) -> Path:
    return lines(folder, *WORDS)


def pairs(folder: Path) -> Path:
    return lines(folder, *({"text": text, "text_pair": "w8 w9", "label": 1} for text in WORDS))


def masked(folder: Path) -> Path:
    return lines(folder, *(f"w4 [MASK] {text}" for text in WORDS), "[MASK] [MASK]")


def questions(folder: Path) -> Path:
    return lines(folder, *({"question": "w4 w5", "context": f"w1 w2 {text} w3"} for text in WORDS))


def images(folder: Path) -> Path:
    random = np.random.default_rng(0)
    (folder / "samples").mkdir()
    for name, mode, size in (
        ("a.png", "RGB", (70, 50)),
        ("b.jpg", "L", (64, 64)),
        ("c.gif", "P", (9, 200)),
        ("d.webp", "RGBA", (64, 64)),
    ):
        pixels = random.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(folder / "samples" / name)
    return folder / "samples"


def sounds(folder: Path) -> Path:
    random = np.random.default_rng(0)
    (folder / "samples").mkdir()
    for name, length in (("a.wav", 8000), ("b.flac", 11_000), ("c.wav", 16_000)):
        soundfile.write(folder / "samples" / name, 0.1 * random.standard_normal((length, 2)), 16_000)
    return folder / "samples"


@dataclass(frozen=True)
class Kind:
    """A model, its task, its samples, how many answers they have, and how one of them reads."""

    model: str
    task: str
    samples: Callable[[Path], Path]
    answers: int
    told: str


KINDS = {
    "label": Kind("distilbert", "text-classification", words, 5, r"LABEL_[01]"),
    "masked token": Kind(
        "bert_for_masks",
        "fill-mask",
        masked,
        7,
        rf"{TOKEN}|mask [12]: {TOKEN}, mask [12]: {TOKEN}",
    ),
    "label of each token": Kind("bert_for_tokens", "token-classification", words, 24, rf"{TOKEN}: LABEL_[01](, .*)?"),
    "pair": Kind("bert_for_pairs", "text-classification", pairs, 5, r"LABEL_[01]"),
    "span": Kind("bert_for_questions", "question-answering", questions, 5, TEXT),
    "vector": Kind("bert", "feature-extraction", words, 5, r"cosine -1\.000000"),
    "next token": Kind("llama", "text-generation", words, 34, rf"after {TOKEN}: {TOKEN}, .*"),
    "text from the cache": Kind("llama", "text-generation-with-past", words, 0, TEXT),
    "text of three files": Kind("t5", "text2text-generation-with-past", words, 0, TEXT),
    "text in one call": Kind("t5", "text2text-generation", words, 0, TEXT),
    "image": Kind("resnet", "image-classification", images, 4, r"LABEL_[012]"),
    "speech": Kind("wav2vec2", "automatic-speech-recognition", sounds, 0, TEXT),
}


@dataclass(frozen=True)
class Bench:
    """One worker that exports and one that validates, for all models after another."""

    models: Callable[[str], Path]
    exporter: Worker
    validator: Worker

    def exported(self, kind: Kind, folder: Path) -> Exported:
        inputs = {"batch_sizes": "1, 3", "sequence_lengths": "7, 11", "samples": str(kind.samples(folder))}
        chosen = settings_for(folder, str(self.models(kind.model)), task=kind.task, **inputs)
        log = RecordingLog()
        model = sources.resolve(chosen, hub_endpoint="", cache=folder, log=log)
        (folder / "work" / "onnx").mkdir(parents=True)
        return attempt.export(self.exporter, "torchscript", OPSET, model, chosen, 1, folder / "work", log)

    def judged(self, exported: Exported, folder: Path) -> Validation:
        """The files proven, and held to the samples."""
        log, chosen = RecordingLog(), settings_for(folder)
        parts = {
            exported.file_of(part): Evidence(part.cases, part.axes, "pytorch") for part in (exported, *exported.others)
        }
        if exported.others:
            proven = together.prove(self.validator, parts, exported.generations, OPSET, chosen, 1, log)
        else:
            evidence = parts[exported.file]
            proven = proof.prove(self.validator, exported.file, OPSET, evidence, chosen, 1, log)
        files = {file.stem: file for file in parts} if exported.others else {}
        given = (exported.real_inputs, files, "samples", 1, log)
        return judging.judged(proven.validation, self.exporter, self.validator, *given)


@pytest.fixture(scope="module")
def bench(models: Callable[[str], Path]) -> Iterator[Bench]:
    log, host = RecordingLog(), Host(300, 10**11, None, {})
    with (
        attempt.start("torchscript", host, log) as exporter,
        Worker(interpreters.main(), proof.SERVICE, host, log) as validator,
    ):
        yield Bench(models, exporter, validator)


def negate(file: Path) -> None:
    """The main output with its sign turned, so that what was the best is the worst."""
    model = onnx.load(file)
    name = model.graph.output[0].name
    for node in model.graph.node:
        node.output[:] = [f"{name}.own" if output == name else output for output in node.output]
        node.input[:] = [f"{name}.own" if each == name else each for each in node.input]
    model.graph.node.append(onnx.helper.make_node("Neg", [f"{name}.own"], [name]))
    onnx.save(model, file)


@pytest.mark.parametrize("name", KINDS)
def test_judged__the_right_file_agrees_and_a_wrong_one_is_told(bench: Bench, tmp_path: Path, name: str) -> None:
    kind = KINDS[name]
    exported = bench.exported(kind, tmp_path)
    right = bench.judged(exported, tmp_path)
    assert right.passed, proof.summary_of_failure(right)
    samples = samples_of(right)
    assert (samples.given, samples.wrong, samples.agreement_pct) == (samples.taken, 0, 100.0)
    assert samples.answers == (kind.answers or max(samples.answers, 20))
    negate(exported.file)
    wrong = bench.judged(exported, tmp_path)
    assert not next(check for check in wrong.checks if check.name == "samples").passed
    found = samples_of(wrong)
    assert found.wrong > found.answers / 2
    assert found.taken / 2 < found.differing == len(found.worst)
    for one in found.worst:
        assert one.expected != one.actual
        assert re.fullmatch(kind.told, one.actual), one
        assert re.fullmatch(kind.told, one.expected) or name == "vector", one


def samples_of(validation: Validation) -> Samples:
    assert validation.samples is not None
    return validation.samples


@pytest.mark.parametrize(
    ("model", "task", "make", "sentence"),
    [
        (
            "bert_for_masks",
            "fill-mask",
            words,
            r"samples: line 1: it has no `\[MASK\]`, the place that the model fills",
        ),
        ("vit", "image-classification", images, r"samples: the model has no preprocessor_config.json that"),
        ("bert", "feature-extraction", images, "samples: the model reads texts, and the samples are images."),
    ],
)
def test_answer_samples__what_the_model_cannot_read(
    bench: Bench, tmp_path: Path, model: str, task: str, make: Callable[[Path], Path], sentence: str
) -> None:
    refused(bench, bench.models(model), task, make(tmp_path), sentence)


@pytest.mark.parametrize(
    ("model", "task", "name", "content", "sentence"),
    [
        (
            "resnet",
            "image-classification",
            "e.png",
            b"no image",
            "samples: e.png cannot be read: cannot identify image",
        ),
        ("wav2vec2", "automatic-speech-recognition", "e.wav", b"no sound", "samples: e.wav cannot be read: .*"),
    ],
)
def test_answer_samples__a_file_that_is_none(
    bench: Bench, tmp_path: Path, model: str, task: str, name: str, content: bytes, sentence: str
) -> None:
    folder = (images if name.endswith("png") else sounds)(tmp_path)
    (folder / name).write_bytes(content)
    refused(bench, bench.models(model), task, folder, sentence)


@pytest.mark.parametrize(
    ("length", "rate", "sentence"), [(0, 16_000, "it holds no sound"), (9, 8_000, "it has 8,000 sam")]
)
def test_answer_samples__a_sound_that_does_not_fit(
    bench: Bench, tmp_path: Path, length: int, rate: int, sentence: str
) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(length), rate)
    refused(bench, bench.models("wav2vec2"), "automatic-speech-recognition", tmp_path, sentence)


def test_answer_samples__a_model_without_a_tokenizer(bench: Bench, tmp_path: Path) -> None:
    model = Path(shutil.copytree(bench.models("distilbert"), tmp_path / "model"))
    for file in model.glob("tokenizer*"):
        file.unlink()
    refused(bench, model, "text-classification", words(tmp_path), "samples: the model has no tokenizer that can be")


def test_answer_samples__without_a_padding_token_texts_of_one_length_go_together(bench: Bench, tmp_path: Path) -> None:
    model = Path(shutil.copytree(bench.models("llama"), tmp_path / "model"))
    settings = json.loads((model / "tokenizer_config.json").read_text())
    (model / "tokenizer_config.json").write_text(json.dumps({**settings, "pad_token": None}))
    load(bench, model, "text-generation")
    texts = lines(tmp_path, "w1 w2", "w3 w4", "w5", "w6 w7")
    answered = answer(bench, texts, tmp_path)
    assert [batch["samples"] for batch in answered["batches"]] == [[0, 1], [2], [3]]


def load(bench: Bench, model: Path, task: str) -> None:
    given = {"kind": "transformers", "threads": 1, "dtype": "fp32", "trust_remote_code": False}
    bench.exporter.call("load", path=str(model), task=task, **given)


def answer(bench: Bench, samples: Path, folder: Path) -> Any:
    given = {"folder": str(folder), "rows": 3, "trust_remote_code": False}
    return bench.exporter.call("answer_samples", path=str(samples), **given)


def refused(bench: Bench, model: Path, task: str, samples: Path, sentence: str) -> None:
    load(bench, model, task)
    with pytest.raises(WorkerFailure, match=sentence) as caught:
        answer(bench, samples, samples.parent)
    assert caught.value.kind == "usage"
    assert caught.value.hint


@pytest.fixture(scope="module")
def passed(models: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The whole program on a classifier with hostile samples."""
    workspace = tmp_path_factory.mktemp("samples")
    shutil.copytree(models("distilbert"), workspace / "model")
    lines(workspace, *WORDS, "w5 </details><script>alert(1)</script> @octocat | w9", "w8 " * 300)
    inputs = {"exporter": "torchscript", "baseline": "none", "sequence-lengths": "7", "samples": "samples"}
    return program.run(workspace, {"model": "model", **inputs, "fail-on": "sample-agreement < 100%"})


def test_run__every_answer_is_the_models(passed: Outcome) -> None:
    assert passed.status == 0, passed.log
    samples = passed.report["validation"]["samples"]
    assert (samples["taken"], samples["given"], samples["agreement_pct"], samples["worst"]) == (7, 7, 100, [])
    (gate,) = passed.report["comparison"]["gates"]
    assert (gate["outcome"], gate["value"]) == ("passed", 100)
    assert "7 of 7 answers to 7 samples are the model's" in passed.summary


def test_validate__a_wrong_file_is_read_in_the_report(passed: Outcome, tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(passed.folder.parent, tmp_path / "workspace"))
    shutil.copytree(workspace / "onnx-export", workspace / "wrong")
    negate(workspace / "wrong" / "model.onnx")
    flags = ["validate", str(workspace / "wrong"), "--samples", "samples", "--sequence-lengths", "7"]
    outcome = program.run(workspace, {"model": "model"}, flags=flags)
    assert outcome.status == 1, outcome.log
    samples = outcome.report["validation"]["samples"]
    assert (samples["same"], samples["wrong"], samples["differing"]) == (0, 7, 7)
    told = {one["place"]: one for one in samples["worst"]}
    assert {one["expected"] for one in told.values()} <= {"LABEL_0", "LABEL_1"}
    assert told["line 1"]["sample"] == WORDS[0]
    assert len(told["line 7"]["sample"]) == 120
    for text in (outcome.summary, (outcome.folder / "report.html").read_text()):
        assert "Real inputs" in text
        assert WORDS[0] in text
        assert "LABEL_1" in text
        assert "<script>alert" not in text
    assert "@octocat" not in outcome.summary
    assert "✗ samples: 0 of 7 answers to 7 samples are the model's, and 7 differ by more" in outcome.log


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        ("none", "samples: 'none' is neither a file nor a folder."),
        ("broken", "samples: broken, line 2: it is not JSON."),
        ("pictures", "samples: 'pictures' is a folder, and text-classification takes a file of JSON lines."),
    ],
)
def test_run__samples_that_are_wrong(
    copied: Callable[[str], Path], tmp_path: Path, samples: str, sentence: str
) -> None:
    copied("distilbert")
    (tmp_path / "broken").write_text('"a"\n{"text"\n')
    (tmp_path / "pictures").mkdir()
    assert_error(program.run(tmp_path, {"model": "model", "samples": samples}), 2, sentence)
