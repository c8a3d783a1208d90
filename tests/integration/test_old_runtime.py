"""The oldest runtime installed from an index: one without its wheel, one that refuses, one that never answers."""

from __future__ import annotations

import socket
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from onnx_export_action.errors import RunError, SurroundingsError, UsageError
from onnx_export_action.validation import old_runtime
from tests.unit.sources.models import RecordingLog, settings_for


def failure(folder: Path, environment: dict[str, str]) -> RunError:
    chosen = settings_for(folder, target="onnxruntime>=1.7", target_check="install")
    with pytest.raises(RunError) as caught:
        old_runtime.install(chosen, folder / "runtime", {"HOME": str(folder), **environment}, RecordingLog())
    return caught.value


def index_at(port: int) -> dict[str, str]:
    """Both installers' words for an index on this machine, that is asked once."""
    address = f"http://user:secret@127.0.0.1:{port}/simple"
    return {"PIP_INDEX_URL": address, "PIP_RETRIES": "0", "UV_INDEX_URL": address, "UV_HTTP_RETRIES": "0"}


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_install__a_release_that_has_no_wheel(tmp_path: Path) -> None:
    name = "onnxruntime-1.8.0-py3-none-any.whl"
    with zipfile.ZipFile(tmp_path / name, "w") as wheel:
        wheel.writestr(
            "onnxruntime-1.8.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: onnxruntime\nVersion: 1.8.0\n"
        )
    found = failure(tmp_path, {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)})
    assert isinstance(found, UsageError)
    assert "onnxruntime==1.7.* has no wheel for Python 3." in found.message
    assert "target-check: table" in found.remedy


def test_install__an_index_that_refuses(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    found = failure(tmp_path, index_at(port))
    assert isinstance(found, SurroundingsError)
    assert found.message.startswith("onnxruntime==1.7.* could not be installed: the package index")
    assert "PIP_INDEX_URL" in found.remedy
    assert "secret" not in f"{found.message}{found.remedy}"


def test_install__an_index_that_never_answers(tmp_path: Path, silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_runtime, "_SECONDS", 1)
    found = failure(tmp_path, index_at(silent))
    assert isinstance(found, SurroundingsError)
    assert "it took more than 1 s" in found.message
