"""What a model's name leads to, and what is never asked of the Hub."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from onnx_export_action.errors import SurroundingsError, UsageError
from onnx_export_action.sources.names import is_hub_id, looks_local, shown_name
from tests.unit.sources.models import CONFIG, POINTER, WEIGHTS, RecordingLog, resolve_in, write_model


def test_resolve__folder_of_the_workspace(tmp_path: Path) -> None:
    write_model(tmp_path / "models" / "mine")
    model = resolve_in(tmp_path, "models/mine")
    assert (model.id, model.path, model.kind) == ("models/mine", str(tmp_path / "models" / "mine"), "transformers")
    assert (model.task, model.architecture, model.model_type) == ("fill-mask", "BertForMaskedLM", "bert")
    assert model.revision is None
    assert model.weight_bytes == len(WEIGHTS)


def test_resolve__absolute_folder_is_shown_by_its_name(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "elsewhere" / "mine")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    assert resolve_in(workspace, str(folder)).id == "mine"


def test_resolve__the_workspace_itself(tmp_path: Path) -> None:
    write_model(tmp_path / "repo")
    assert resolve_in(tmp_path / "repo", ".").id == "repo"


def test_resolve__local_folder_wins_over_a_hub_id(tmp_path: Path) -> None:
    write_model(tmp_path / "gpt2")
    assert resolve_in(tmp_path, "gpt2").id == "gpt2"


def test_resolve__subfolder(tmp_path: Path) -> None:
    write_model(tmp_path / "m" / "inner", {**CONFIG, "architectures": ["BertModel"]})
    assert resolve_in(tmp_path, subfolder="inner").task == "feature-extraction"


@pytest.mark.parametrize(
    ("subfolder", "message"), [("..", "outside"), ("/etc", "outside"), ("none", "no folder 'none'")]
)
def test_resolve__subfolder_that_is_none(tmp_path: Path, subfolder: str, message: str) -> None:
    write_model(tmp_path / "m")
    with pytest.raises(UsageError, match=message):
        resolve_in(tmp_path, subfolder=subfolder)


def test_resolve__revision_of_a_folder_is_a_warning(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    log = RecordingLog()
    resolve_in(tmp_path, log=log, revision="v1")
    assert log.warnings == ["The input 'revision' has no meaning for 'm' and is not used."]


@pytest.mark.parametrize(
    "name",
    [
        "./nothing",
        "/nothing",
        "../nothing",
        "a/b/c",
        "none.onnx",
        "dir/none.onnx",
        "~/m",
        "owner\\name",
        "x" * 300,
        "a b",
        "-x",
        "ü",
    ],
)
def test_resolve__missing_path_is_never_asked_of_the_hub(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx_export_action.sources.hub", None)
    with pytest.raises(UsageError, match=r"model not found: .* is no such folder in the workspace, and not a Hub id"):
        resolve_in(tmp_path, name)


def test_resolve__onnx_file(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "x.onnx").write_bytes(b"graph")
    model = resolve_in(tmp_path, "models/x.onnx")
    assert (model.id, model.kind, model.task, model.architecture) == ("models/x.onnx", "onnx", "auto", "onnx")
    assert model.path == str(tmp_path / "models" / "x.onnx")
    assert [(file.path, file.size_bytes) for file in model.weights] == [("x.onnx", 5)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.onnx", b"", "x.onnx is empty"),
        ("x.onnx", POINTER, "Git LFS pointer.*git lfs pull.*lfs: true"),
        ("x.bin", b"weights", "'x.bin' is a file, but not an .onnx file"),
    ],
)
def test_resolve__file_that_is_no_model(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message):
        resolve_in(tmp_path, name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_resolve__unreadable_folder(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    folder.chmod(0)
    with pytest.raises(SurroundingsError, match="cannot be read"):
        resolve_in(tmp_path)


def test_resolve__input_output_error_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path / "m")

    def fails(_: Path) -> None:
        raise OSError(5, "Input/output error", str(tmp_path / "m" / "model.safetensors"))

    monkeypatch.setattr("onnx_export_action.sources.weights.find", fails)
    with pytest.raises(SurroundingsError, match=r"cannot be read: model.safetensors: Input/output error") as caught:
        resolve_in(tmp_path)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("target", ["/etc/hostname", "/proc/self/environ", "loop", "../secret"])
def test_resolve__link_that_leads_outside(tmp_path: Path, target: str) -> None:
    workspace = tmp_path / "workspace"
    write_model(workspace / "m")
    (tmp_path / "secret").write_text("secret")
    name = "tokenizer.json"
    (workspace / "m" / name).symlink_to(
        name if target == "loop" else tmp_path / "secret" if "secret" in target else target
    )
    if target == "loop":
        assert resolve_in(workspace).id == "m"
    else:
        with pytest.raises(UsageError, match=r"tokenizer.json is a symbolic link that leads outside"):
            resolve_in(workspace)


def test_resolve__links_inside_the_workspace_and_the_hub_cache(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    write_model(workspace / "m", files={})
    (workspace / "shared.safetensors").write_bytes(WEIGHTS)
    (workspace / "m" / "model.safetensors").symlink_to("../shared.safetensors")
    assert resolve_in(workspace).weight_bytes == len(WEIGHTS)

    cached = tmp_path / "cache" / "models--owner--tiny"
    folder = write_model(cached / "snapshots" / "abc", files={})
    (cached / "blobs").mkdir()
    (cached / "blobs" / "1").write_bytes(WEIGHTS)
    (folder / "model.safetensors").symlink_to("../../blobs/1")
    assert resolve_in(workspace, str(folder)).weight_bytes == len(WEIGHTS)


def test_resolve__imports_no_framework(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    code = (
        "import sys; from pathlib import Path; from tests.unit.sources.models import resolve_in; "
        f"resolve_in(Path({str(tmp_path)!r})); "
        "print({'torch', 'transformers', 'onnx', 'onnxruntime', 'huggingface_hub'} & set(sys.modules))"
    )
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("name", "local", "hub"),
    [
        ("gpt2", False, True),
        ("openai-community/gpt2", False, True),
        ("sentence-transformers/all-MiniLM-L6-v2", False, True),
        ("a/b/c", True, False),
        ("./gpt2", True, False),
        ("model.onnx", True, True),
        ("owner/", True, False),
        ("a--b", False, False),
        ("a..b", False, False),
        ("owner/repo.git", False, False),
        ("owner/-x", False, False),
        ("o" * 97, False, False),
        ("", False, False),
    ],
)
def test_names__what_a_name_looks_like(name: str, local: bool, hub: bool) -> None:
    assert (looks_local(name), is_hub_id(name)) == (local, hub)


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/w/m", "m"), ("/w/a/m", "a/m"), ("/w/a/../m", "m"), ("/w", "w"), ("/x/m", "m"), ("/w/../x/m", "m")],
)
def test_shown_name__is_never_absolute(path: str, shown: str) -> None:
    assert shown_name(Path(path), Path("/w")) == shown
