"""Folders that can be exported, and one clear sentence for each that cannot."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from onnx_export_action.errors import UsageError
from onnx_export_action.sources.safetensors_header import tensor_names
from tests.unit.sources.models import CONFIG, POINTER, WEIGHTS, RecordingLog, resolve_in, write_model

BERT = {"model_type": "bert"}


def refusal(workspace: Path, **inputs: str) -> UsageError:
    """The refusal of folder `m`: one sentence without paths of the machine, and a remedy."""
    with pytest.raises(UsageError) as caught:
        resolve_in(workspace, "m", log=None, endpoint="http://127.0.0.1:9", **inputs)
    error = caught.value
    assert error.message.endswith(".")
    assert error.remedy
    assert str(workspace) not in str(error)
    return error


def safetensors(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def tensor(dtype: Any = "F32", shape: Any = (1,), offsets: Any = (0, 4)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "config.json is not valid JSON"),
        (b'{"model_type": "bert"', r"config.json is not valid JSON \(line 1\)"),
        (b"\xff\xfe", "config.json is not valid JSON"),
        (b"[" * 100_000, "config.json is not valid JSON"),
        (b"[]", "config.json holds no JSON object"),
        (b"null", "config.json holds no JSON object"),
        (b"{}", "config.json has no `model_type`"),
        (b'{"model_type": 7}', "config.json has no `model_type`"),
        (b'{"model_type": ""}', "config.json has no `model_type`"),
        (b'{"model_type": "brt"}', "unknown `model_type` 'brt'"),
        (POINTER, "config.json is a Git LFS pointer"),
    ],
)
def test_config__refused(tmp_path: Path, content: bytes, message: str) -> None:
    (write_model(tmp_path / "m") / "config.json").write_bytes(content)
    error = refusal(tmp_path)
    assert re.search(message, error.message)


def test_config__unknown_type_names_the_nearest(tmp_path: Path) -> None:
    write_model(tmp_path / "m", {"model_type": "distilbrt"})
    assert "distilbert" in refusal(tmp_path).remedy


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("adapter_config.json", "adapter"),
        ("model_index.json", "diffusers pipeline"),
        ("README.md", "no config.json"),
    ],
)
def test_config__missing(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / name).write_text("{}")
    assert message in refusal(tmp_path).message


OWN_CODE = {"model_type": "tiny", "architectures": ["TinyForMaskedLM"], "auto_map": {"AutoModel": "modeling_tiny.Tiny"}}


def test_config__own_code_needs_trust(tmp_path: Path) -> None:
    write_model(tmp_path / "m", OWN_CODE)
    error = refusal(tmp_path)
    assert "'tiny' needs Python code that ships with the model" in error.message
    assert "trust-remote-code: true" in error.remedy
    assert resolve_in(tmp_path, trust_remote_code="true").model_type == "tiny"


def test_config__own_code_of_a_known_type_is_not_needed(tmp_path: Path) -> None:
    write_model(tmp_path / "m", {**CONFIG, "auto_map": {"AutoModel": "modeling_bert.Bert"}})
    assert resolve_in(tmp_path).task == "fill-mask"


def test_config__code_of_another_repository_is_not_pinned(tmp_path: Path) -> None:
    write_model(tmp_path / "m", {**OWN_CODE, "auto_map": {"AutoModel": "other/repo--modeling.Tiny"}})
    assert "another repository, other/repo" in refusal(tmp_path, trust_remote_code="true").message


@pytest.mark.parametrize("auto_map", [None, [], "x", {"AutoTokenizer": ["a", None]}])
def test_config__strange_auto_map_is_no_code(tmp_path: Path, auto_map: object) -> None:
    write_model(tmp_path / "m", {**CONFIG, "auto_map": auto_map})
    assert resolve_in(tmp_path, trust_remote_code="true").task == "fill-mask"


@pytest.mark.parametrize(
    ("config", "message", "offered"),
    [
        (
            {**BERT, "architectures": ["BertForPreTraining"]},
            "cannot be read from the class BertForPreTraining",
            "fill-mask",
        ),
        (BERT, "names no `architectures`", "text-classification"),
        ({**BERT, "architectures": []}, "names no `architectures`", "fill-mask"),
        ({**BERT, "architectures": [3]}, "names no `architectures`", "fill-mask"),
        (
            {"model_type": "clip", "architectures": ["CLIPModel"]},
            "ambiguous: CLIPModel serves 2",
            "zero-shot-image-classification",
        ),
    ],
)
def test_task__auto_that_is_not_certain(tmp_path: Path, config: object, message: str, offered: str) -> None:
    write_model(tmp_path / "m", config)
    error = refusal(tmp_path)
    assert message in error.message
    assert offered in error.remedy
    assert "image-to-image" not in error.remedy


def test_task__given_wins_over_the_configuration(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    assert resolve_in(tmp_path, task="text-classification").task == "text-classification"


def test_task__given_makes_architectures_needless(tmp_path: Path) -> None:
    write_model(tmp_path / "m", BERT)
    assert resolve_in(tmp_path, task="fill-mask").architecture == "bert"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no weights"),
        ({"tf_model.h5": b"x", "flax_model.msgpack": b"x"}, "only flax_model.msgpack, tf_model.h5"),
        ({"model.ckpt": b"x"}, "only model.ckpt"),
        ({"weights.pt": b"x"}, "only weights.pt"),
        ({"training_args.bin": b"x"}, "only training_args.bin"),
        ({"adapter_model.safetensors": WEIGHTS}, "adapter"),
        ({"model.safetensors": POINTER}, "model.safetensors is a Git LFS pointer"),
        ({"pytorch_model.bin": POINTER}, "pytorch_model.bin is a Git LFS pointer"),
        ({"model.safetensors": b""}, "model.safetensors is empty"),
        ({"pytorch_model.bin": b""}, "pytorch_model.bin is empty"),
        ({"model.safetensors": WEIGHTS[:5]}, "truncated: it has only 5 bytes"),
        ({"model.safetensors": WEIGHTS[:20]}, "truncated: it ends inside its header"),
        ({"model.safetensors": WEIGHTS[:-3]}, "truncated: it should have"),
        ({"model.safetensors": WEIGHTS + b"x"}, "corrupt: it has 1 bytes more"),
        ({"model.safetensors": b"PK\x03\x04" * 50}, "corrupt: it does not begin with a safetensors header"),
        ({"model.safetensors": safetensors(b"{not json")}, "corrupt: its header is not JSON"),
        ({"model.safetensors": safetensors(b"[" * 50_000)}, "corrupt: its header is not JSON"),
        ({"model.safetensors": safetensors([])}, "corrupt: its header is not a JSON object"),
        ({"model.safetensors": safetensors({"a": 1})}, "the entry of tensor 'a' is incomplete"),
        (
            {"model.safetensors": safetensors({"a": {"dtype": "F32", "shape": [1]}})},
            "the entry of tensor 'a' is incomplete",
        ),
        ({"model.safetensors": safetensors({"a": tensor("F31")}, b"1234")}, "unknown type 'F31'"),
        ({"model.safetensors": safetensors({"a": tensor(["F32"])}, b"1234")}, "unknown type"),
        (
            {"model.safetensors": safetensors({"a": tensor(shape=[-1], offsets=[0, -4])})},
            "impossible shape or position",
        ),
        ({"model.safetensors": safetensors({"a": tensor(shape="1")}, b"1234")}, "impossible shape or position"),
        ({"model.safetensors": safetensors({"a": tensor(shape=[True])}, b"1234")}, "impossible shape or position"),
        ({"model.safetensors": safetensors({"a": tensor(shape=[2])}, b"1234")}, "size of tensor 'a' does not fit"),
        ({"model.safetensors": safetensors({"a": tensor(offsets=[4, 8])}, b"12345678")}, "overlap or leave a gap"),
        ({"model.safetensors": safetensors({"a": tensor(), "b": tensor()}, b"1234")}, "overlap or leave a gap"),
    ],
)
def test_weights__refused(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    write_model(tmp_path / "m", files=files)
    assert message in refusal(tmp_path).message


def test_weights__only_a_pickle_is_a_warning(tmp_path: Path) -> None:
    write_model(tmp_path / "m", files={"pytorch_model.bin": b"pickle", "training_args.bin": b"x"})
    log = RecordingLog()
    assert [file.path for file in resolve_in(tmp_path, log=log).weights] == ["pytorch_model.bin"]
    assert len(log.warnings) == 1
    assert "pickle" in log.warnings[0]


def test_weights__safetensors_before_a_pickle(tmp_path: Path) -> None:
    write_model(tmp_path / "m", files={"pytorch_model.bin": b"pickle", "model.safetensors": WEIGHTS})
    log = RecordingLog()
    assert [file.path for file in resolve_in(tmp_path, log=log).weights] == ["model.safetensors"]
    assert log.warnings == []


def sharded(weight_map: object, **shards: bytes) -> dict[str, bytes]:
    names = {f"{name}.safetensors": content for name, content in shards.items()}
    return {"model.safetensors.index.json": json.dumps({"weight_map": weight_map}).encode(), **names}


ONE, TWO = save({"a": np.ones(2, np.float32)}), save({"b": np.ones(3, np.float32)})


def test_weights__sharded(tmp_path: Path) -> None:
    write_model(
        tmp_path / "m", files=sharded({"a": "s1.safetensors", "b": "s2.safetensors"}, s1=ONE, s2=TWO, s3=b"not named")
    )
    assert [file.path for file in resolve_in(tmp_path).weights] == ["s1.safetensors", "s2.safetensors"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            sharded({"a": "s1.safetensors", "b": "s2.safetensors"}, s1=ONE),
            "1 of 2 weight files are missing: s2.safetensors",
        ),
        (
            sharded({f"{n}": f"s{n}.safetensors" for n in range(9)}),
            "s0.safetensors, s1.safetensors, s2.safetensors and 6 more",
        ),
        (sharded({"a": "s1.safetensors", "b": "s1.safetensors"}, s1=ONE), "in none of its files: b"),
        (sharded({"a": "s1.safetensors"}, s1=ONE[:-1]), "s1.safetensors is truncated"),
        (sharded({"a": "s1.safetensors"}, s1=POINTER), "s1.safetensors is a Git LFS pointer"),
        (sharded({}), "no `weight_map`"),
        (sharded([]), "no `weight_map`"),
        (sharded({"a": "../../secret.safetensors"}), "not a file of the model's folder"),
        (sharded({"a": "/etc/passwd"}), "not a file of the model's folder"),
        (sharded({"a": "x\\y.safetensors"}), "not a file of the model's folder"),
        (sharded({"a": ""}), "not a file of the model's folder"),
        (sharded({"a": "x\0.safetensors"}), "not a file of the model's folder"),
        (sharded({"a": 3}), "not a file of the model's folder"),
        (sharded({"a": "config.json"}), "no weights file"),
        ({"model.safetensors.index.json": b"{"}, "model.safetensors.index.json is not valid JSON"),
    ],
)
def test_weights__sharded_and_refused(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    write_model(tmp_path / "m", files=files)
    assert message in refusal(tmp_path).message


def test_weights__sharded_pickle(tmp_path: Path) -> None:
    index = json.dumps({"weight_map": {"a": "pytorch_model-1.bin", "b": "pytorch_model-2.bin"}}).encode()
    shards = {"pytorch_model-1.bin": b"x", "pytorch_model-2.bin": b"y"}
    write_model(tmp_path / "m", files={"pytorch_model.bin.index.json": index, **shards})
    assert [file.path for file in resolve_in(tmp_path).weights] == sorted(shards)


@pytest.mark.parametrize(
    "kind", ["bool", "uint8", "int8", "uint16", "int16", "float16", "int32", "float64", "int64", "complex64"]
)
def test_tensor_names__every_type_that_numpy_saves(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(
        save({"a": np.ones((2, 3), kind), "none": np.ones((0, 4), kind), "one": np.ones((), kind)}, {"format": "pt"})
    )
    assert tensor_names(path) == {"a", "none", "one"}


@given(cut=st.integers(0, len(WEIGHTS) - 1))
def test_tensor_names__every_truncation_is_found(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("cut") / "x.safetensors"
    path.write_bytes(WEIGHTS[:cut])
    with pytest.raises(UsageError, match="truncated"):
        tensor_names(path)


@given(position=st.integers(0, len(WEIGHTS) - 1), value=st.integers(0, 255))
def test_tensor_names__a_changed_byte_is_never_a_traceback(
    position: int, value: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("changed") / "x.safetensors"
    path.write_bytes(WEIGHTS[:position] + bytes([value]) + WEIGHTS[position + 1 :])
    try:
        names = tensor_names(path)
    except UsageError:
        return
    assert all(isinstance(name, str) for name in names)
