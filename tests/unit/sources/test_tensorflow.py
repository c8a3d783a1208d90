"""SavedModels and Keras files: recognised, whole, and without code of others; TensorFlow is not asked."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from onnx_export_action import sources
from onnx_export_action.errors import UsageError
from tests.unit.sources.models import POINTER, resolve_in, settings_for, write_model

WHOLE = {"saved_model.pb": b"graph", "variables/variables.index": b"i", "variables/variables.data-00000-of-00001": b"d"}
DENSE = {"class_name": "Dense", "module": "keras.layers", "registered_name": None, "config": {"units": 3}}


def saved(folder: Path, files: dict[str, bytes] = WHOLE) -> Path:
    """A folder with these files."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def keras(file: Path, *layers: dict[str, Any]) -> Path:
    """A Keras file with these layers."""
    config = {"class_name": "Sequential", "module": "keras", "registered_name": None, "config": {"layers": layers}}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"weights")
    return file


def refusal(workspace: Path, model: str = "m", **others: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        resolve_in(workspace, model, **others)
    assert caught.value.remedy
    return caught.value


def test_saved_model__is_every_file_of_its_folder(tmp_path: Path) -> None:
    saved(tmp_path / "m", {**WHOLE, "assets/words.txt": b"a"})
    model = resolve_in(tmp_path)
    assert (model.id, model.kind, model.task, model.framework) == ("m", "savedmodel", "auto", "tensorflow")
    assert {file.path for file in model.weights} == {*WHOLE, "assets/words.txt"}


def test_saved_model__workers_read_its_folders(tmp_path: Path) -> None:
    model = resolve_in(saved(tmp_path / "m").parent)
    read = sources.read_by_workers(model, settings_for(tmp_path))
    assert read == (tmp_path / "m", tmp_path / "m" / "variables")


def test_saved_model__beside_a_checkpoint_is_that(tmp_path: Path) -> None:
    saved(write_model(tmp_path / "m"))
    assert resolve_in(tmp_path).kind == "transformers"


def test_saved_model__without_variables_is_a_function(tmp_path: Path) -> None:
    saved(tmp_path / "m", {"saved_model.pb": b"graph"})
    assert resolve_in(tmp_path).kind == "savedmodel"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"variables/variables.index": None}, "lacks variables/variables.index"),
        ({"variables/variables.data-00000-of-00001": None}, "lacks variables/variables.data-00000-of-00001"),
        ({"variables/variables.data-00001-of-00003": b"d"}, "lacks variables/variables.data-00000-of-00003"),
        ({"variables/variables.index": b""}, "variables/variables.index is empty"),
        ({"variables/variables.data-00000-of-00001": POINTER}, "is a Git LFS pointer"),
        ({"saved_model.pb": b""}, "saved_model.pb is empty"),
        ({"saved_model.pb": None, "saved_model.pbtxt": b"x"}, "graph is a saved_model.pbtxt"),
        ({"saved_model.cpb": b"x"}, "graph is a saved_model.cpb"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_saved_model__that_is_not_whole(tmp_path: Path, files: dict[str, bytes | None], message: str) -> None:
    saved(tmp_path / "m", {name: content for name, content in {**WHOLE, **files}.items() if content is not None})
    assert message in refusal(tmp_path).message


def test_saved_model__links_out_of_it_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    workspace = tmp_path / "workspace"
    saved(workspace / "m")
    (workspace / "m" / "variables" / "more").symlink_to(secret)
    assert "leads outside" in refusal(workspace).message


def test_keras__is_one_file(tmp_path: Path) -> None:
    keras(tmp_path / "m.keras", DENSE)
    model = resolve_in(tmp_path, "m.keras")
    assert (model.id, model.kind, model.architecture) == ("m.keras", "keras", "Sequential")
    assert [file.path for file in model.weights] == ["m.keras"]


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.hdf5"])
def test_keras__that_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 and no end")
    assert f"{name} is no " in refusal(tmp_path, name).message


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_keras__that_is_not_there_is_never_asked_of_the_hub(tmp_path: Path, name: str) -> None:
    assert "no such folder in the workspace" in refusal(tmp_path, name).message


def test_keras__a_file_without_weights(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    assert "is no file that `model.save` of Keras 3 writes" in refusal(tmp_path, "m.keras").message


@pytest.mark.parametrize("module", [None, "mine.layers", "keras_hub.layers"])
def test_keras__code_of_others_is_named(tmp_path: Path, module: str | None) -> None:
    own = {"class_name": "Own", "module": module, "registered_name": "Custom>Own", "config": {"inner": DENSE}}
    keras(tmp_path / "m.keras", DENSE, {**DENSE, "config": {"deep": [own]}})
    for trust in ("true", "false"):
        error = refusal(tmp_path, "m.keras", trust_remote_code=trust)
        assert "m.keras has layers whose code is not in Keras: Own." in error.message
        assert "model.export(folder)" in error.remedy


def test_keras__a_lambda_needs_trust(tmp_path: Path) -> None:
    keras(tmp_path / "m.keras", {**DENSE, "class_name": "Lambda"})
    error = refusal(tmp_path, "m.keras")
    assert "m.keras has a Lambda layer, whose Python code would be run" in error.message
    assert "trust-remote-code: true" in error.remedy
    assert resolve_in(tmp_path, "m.keras", trust_remote_code="true").kind == "keras"
