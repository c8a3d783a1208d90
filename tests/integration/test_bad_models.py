"""Models that are whole folders, and still not what the checkpoint or the user says they are."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.numpy import load_file, save_file

from tests.integration import program
from tests.integration.program import assert_error

Copied = Callable[[str], Path]


def rewrite_weights(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def without_a_layer(weights: dict[str, Any]) -> None:
    for name in [name for name in weights if ".layer.1.output.dense." in name]:
        del weights[name]


def with_another_width(weights: dict[str, Any]) -> None:
    name = next(name for name in weights if "word_embeddings" in name)
    weights[name] = weights[name][:, :16].copy()


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (without_a_layer, ["2 weights are missing", "encoder.layer.1.output.dense.bias", "random numbers"]),
        (with_another_width, ["1 weights are of another shape", "embeddings.word_embeddings.weight"]),
    ],
)
def test_weights__that_do_not_fit_the_model(
    copied: Copied, tmp_path: Path, change: Callable[[dict[str, Any]], None], sentences: list[str]
) -> None:
    rewrite_weights(copied("bert"), change)
    assert_error(program.run(tmp_path, {"model": "model"}), 2, *sentences)


def test_task__that_the_checkpoint_was_not_trained_for(copied: Copied, tmp_path: Path) -> None:
    copied("bert")
    outcome = program.run(tmp_path, {"model": "model", "task": "text-classification"})
    assert_error(outcome, 2, "classifier.weight", "random numbers", "Choose the `task` that the checkpoint was trained")


def test_task__without_a_class_for_the_architecture(copied: Copied, tmp_path: Path) -> None:
    copied("vit")
    outcome = program.run(tmp_path, {"model": "model", "task": "fill-mask"})
    assert_error(
        outcome, 2, "A vit model has no class for the task fill-mask", "Tasks that fit: ", "image-classification"
    )


def test_task__of_a_part_that_has_no_class_at_all(copied: Copied, tmp_path: Path) -> None:
    config = {"model_type": "mllama_text_model", "architectures": ["MllamaForCausalLM"]}
    (copied("bert") / "config.json").write_text(json.dumps(config))
    outcome = program.run(tmp_path, {"model": "model", "task": "text-generation", "exporter": "torchscript"})
    assert_error(outcome, 2, "A mllama_text_model model has no class for the task text-generation", "with a factory")


def test_config__with_impossible_values(copied: Copied, tmp_path: Path) -> None:
    config = json.loads((copied("bert") / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps({**config, "num_attention_heads": 5}))
    assert_error(program.run(tmp_path, {"model": "model"}), 2, "attention heads")


def test_tokenizer__that_is_broken_is_a_warning(copied: Copied, tmp_path: Path) -> None:
    folder = copied("bert")
    (folder / "tokenizer.json").write_text("{broken")
    outcome = program.run(tmp_path, {"model": "model", "exporter": "torchscript"})
    assert outcome.status == 0, outcome.log
    assert outcome.outputs["verdict"] == "pass"
    assert any("The tokenizer cannot be loaded" in warning for warning in outcome.report["warnings"])
    assert "The tokenizer cannot be loaded" in outcome.summary
    assert "::warning title=onnx-export-action::The tokenizer cannot be loaded" in outcome.log


def test_pickle__with_nothing_but_weights_is_exported(copied: Copied, tmp_path: Path) -> None:
    folder = copied("bert")
    weights = {name: torch.from_numpy(value) for name, value in load_file(folder / "model.safetensors").items()}
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    outcome = program.run(tmp_path, {"model": "model", "exporter": "torchscript"})
    assert outcome.status == 0, outcome.log
    assert "The weights exist only as a pickle" in outcome.log


class _Malicious:
    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.write_text, (self._target, "executed"))


@pytest.mark.parametrize("form", ["zip", "bare"])
def test_pickle__that_runs_code_is_refused_and_runs_nothing(copied: Copied, tmp_path: Path, form: str) -> None:
    folder = copied("bert")
    (folder / "model.safetensors").unlink()
    weights = {"embeddings.word_embeddings.weight": _Malicious(tmp_path / "executed")}
    if form == "zip":
        torch.save(weights, folder / "pytorch_model.bin")
    else:
        (folder / "pytorch_model.bin").write_bytes(pickle.dumps(weights))
    outcome = program.run(tmp_path, {"model": "model"})
    assert not (tmp_path / "executed").exists()
    assert_error(outcome, 2, "The weights cannot be loaded into bert")


def test_pickle__would_have_run_its_code(tmp_path: Path) -> None:
    """The control of the test before: without the weights-only loader the same file does its harm."""
    pickle.loads(pickle.dumps(_Malicious(tmp_path / "executed")))
    assert (tmp_path / "executed").read_text() == "executed"


@pytest.mark.parametrize("trusted", ["false", "true"])
def test_model__of_its_own_code_is_run_only_when_trusted(copied: Copied, tmp_path: Path, trusted: str) -> None:
    folder = copied("bert")
    config = json.loads((folder / "config.json").read_text())
    code = f"import transformers\nopen({str(tmp_path / 'executed')!r}, 'w').close()\n"
    (folder / "mine.py").write_text(f"{code}class Mine(transformers.BertModel):\n    pass\n")
    (folder / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "mine.Mine"}}))
    inputs = {"model": "model", "exporter": "torchscript", "trust-remote-code": trusted}
    outcome = program.run(tmp_path, inputs)
    assert outcome.status == 0, outcome.log
    assert (tmp_path / "executed").exists() == (trusted == "true")
    assert outcome.report["model"]["architecture"] == ("Mine" if trusted == "true" else "BertModel")
