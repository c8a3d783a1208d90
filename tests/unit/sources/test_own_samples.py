"""`samples` is looked at before anything is loaded, and refused for a model that could not read them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from onnx_export_action.errors import UsageError
from tests.unit.sources.models import resolve_in, write_model


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    write_model(tmp_path / "m")
    (tmp_path / "model.onnx").write_bytes(b"any")
    (tmp_path / "model.py").write_text("def make(): ...\n")
    (tmp_path / "good.jsonl").write_text('"the [MASK]"\n')
    (tmp_path / "bad.jsonl").write_text('"the [MASK]"\nthe [MASK]\n')
    return tmp_path


def test_resolve__with_samples(workspace: Path) -> None:
    assert resolve_in(workspace, samples="good.jsonl").task == "fill-mask"


@pytest.mark.parametrize(
    ("model", "inputs", "sentence"),
    [
        ("m", {"samples": "none.jsonl"}, "samples: 'none.jsonl' is neither a file nor a folder."),
        ("m", {"samples": "bad.jsonl"}, "samples: bad.jsonl, line 2: it is not JSON."),
        ("m", {"samples": "m"}, "samples: 'm' is a folder, and fill-mask takes a file of JSON lines."),
        ("m", {"samples": "good.jsonl", "task": "multiple-choice"}, "samples: the task multiple-choice takes none."),
        ("model.onnx", {"samples": "good.jsonl"}, "samples: the model 'model.onnx' has no tokenizer or processor"),
        ("model.py:make", {"samples": "good.jsonl"}, "samples: the model 'model.py:make' has no tokenizer"),
        (
            "m",
            {"samples": "good.jsonl", "task": "text2text-generation-with-past", "onnx_file": "model.onnx"},
            "samples: `onnx-file` is one of the files that answer text2text-generation-with-past together",
        ),
    ],
)
def test_resolve__samples_that_are_wrong(workspace: Path, model: str, inputs: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)) as caught:
        resolve_in(workspace, model, **inputs)
    assert caught.value.remedy
