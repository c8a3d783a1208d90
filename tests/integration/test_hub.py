"""Models of the Hub, against a local server that speaks its protocol: what is fetched, and where a token goes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from tests.integration.hub_case import NAME, OLD, TOKEN, failure, fetch, files, names_in
from tests.integration.hub_server import Fault, Hub, Repository
from tests.unit.sources.models import CONFIG, WEIGHTS, RecordingLog


def test_resolve__public_model(hub: Hub, tmp_path: Path) -> None:
    hub.repositories[NAME] = Repository(files())
    log = RecordingLog()
    model = fetch(hub, tmp_path, log)
    assert (model.id, model.revision, model.task, model.architecture) == (
        NAME,
        "1" * 40,
        "fill-mask",
        "BertForMaskedLM",
    )
    assert [weight.path for weight in model.weights] == ["model.safetensors"]
    assert (Path(model.path) / "model.safetensors").read_bytes() == WEIGHTS
    assert any("1" * 40 in line for line in log.lines)


def test_resolve__only_needed_files_are_asked_for(hub: Hub, tmp_path: Path) -> None:
    hub.repositories[NAME] = Repository(files())
    model = fetch(hub, tmp_path)
    needed = {"config.json", "tokenizer.json", "vocab.txt", "model.safetensors"}
    assert hub.downloaded() == needed
    assert names_in(Path(model.path)) == needed


def test_resolve__name_without_owner(hub: Hub, tmp_path: Path) -> None:
    hub.repositories["tiny"] = Repository(files())
    assert fetch(hub, tmp_path, name="tiny").id == "tiny"


def test_resolve__second_time_downloads_nothing(hub: Hub, tmp_path: Path) -> None:
    hub.repositories[NAME] = Repository(files())
    first = fetch(hub, tmp_path)
    hub.requests.clear()
    assert fetch(hub, tmp_path) == first
    assert hub.downloaded() == set()


def test_resolve__ambient_token_is_never_sent(hub: Hub, tmp_path: Path) -> None:
    hub.repositories[NAME] = Repository(files())
    fetch(hub, tmp_path)
    assert {request.authorization for request in hub.requests} == {None}


def test_resolve__token_reaches_the_hub_and_never_the_cdn(hub: Hub, tmp_path: Path) -> None:
    hub.repositories[NAME] = Repository(files(), token=TOKEN)
    log = RecordingLog()
    fetch(hub, tmp_path, log, hf_token=TOKEN)
    sent = {origin: {r.authorization for r in hub.requests if r.origin == origin} for origin in ("hub", "cdn")}
    assert sent == {"hub": {f"Bearer {TOKEN}"}, "cdn": {None}}
    assert TOKEN not in " ".join(log.lines)


def test_resolve__token_is_not_sent_where_an_answer_points(hub: Hub, tmp_path: Path) -> None:
    hub.repositories[NAME] = Repository(files(), token=TOKEN)
    hub.faults["/api/models"] = [Fault(307, {"Location": f"{hub.cdn}/blobs/0"})]
    failure(hub, tmp_path, hf_token=TOKEN)
    assert [r.authorization for r in hub.requests if r.origin == "cdn"] == [None]


def test_resolve__token_is_not_sent_to_a_next_page_elsewhere(hub: Hub, tmp_path: Path) -> None:
    hub.repositories[NAME] = Repository(files(), token=TOKEN)
    hub.page_size, hub.next_page_at = 2, hub.cdn
    failure(hub, tmp_path, hf_token=TOKEN)
    assert [r.authorization for r in hub.requests if r.origin == "cdn"] == [None]


@pytest.mark.parametrize("page_size", [1, 3, 1000])
def test_resolve__listing_in_pages(hub: Hub, tmp_path: Path, page_size: int) -> None:
    hub.repositories[NAME], hub.page_size = Repository(files()), page_size
    assert fetch(hub, tmp_path).weights[0].size_bytes == len(WEIGHTS)


@pytest.mark.parametrize("revision", ["v1", "feature/x", OLD])
def test_resolve__revision_is_pinned_to_its_commit(hub: Hub, tmp_path: Path, revision: str) -> None:
    old = files(config__json=json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode())
    refs = {"v1": OLD, "feature/x": OLD}
    hub.repositories[NAME] = Repository(files(), refs=refs, older={OLD: old})
    model = fetch(hub, tmp_path, revision=revision)
    assert (model.revision, model.task) == (OLD, "feature-extraction")
    assert all(f"/resolve/{OLD}/" in r.path for r in hub.requests if "/resolve/" in r.path)


def test_resolve__subfolder(hub: Hub, tmp_path: Path) -> None:
    content = {f"inner/{name}": value for name, value in files().items()}
    hub.repositories[NAME] = Repository({**content, "config.json": b"not this one"})
    model = fetch(hub, tmp_path, subfolder="inner/")
    assert names_in(Path(model.path)) == {"config.json", "tokenizer.json", "vocab.txt", "model.safetensors"}
    assert all(name.startswith("inner/") for name in hub.downloaded())


def test_resolve__sharded_weights(hub: Hub, tmp_path: Path) -> None:
    shards = {f"model-0000{n}-of-00002.safetensors": save({f"w{n}": np.ones(n, np.float32)}) for n in (1, 2)}
    index = {"weight_map": {f"w{n}": f"model-0000{n}-of-00002.safetensors" for n in (1, 2)}}
    content = files(model__safetensors__index__json=json.dumps(index).encode(), **shards, stale__safetensors=b"x")
    del content["model.safetensors"]
    hub.repositories[NAME] = Repository(content)
    assert [weight.path for weight in fetch(hub, tmp_path).weights] == sorted(shards)
    assert "stale.safetensors" not in hub.downloaded()


def test_resolve__pickle_only_where_there_is_nothing_better(hub: Hub, tmp_path: Path) -> None:
    content = files()
    del content["model.safetensors"]
    hub.repositories[NAME] = Repository(content)
    log = RecordingLog()
    assert fetch(hub, tmp_path, log).weights[0].path == "pytorch_model.bin"
    assert "pickle" in log.warnings[0]


def test_resolve__code_only_when_it_is_trusted(hub: Hub, tmp_path: Path) -> None:
    config = {**CONFIG, "model_type": "tiny", "auto_map": {"AutoModelForMaskedLM": "modeling_tiny.Tiny"}}
    hub.repositories[NAME] = Repository(files(config__json=json.dumps(config).encode()))
    assert "trust-remote-code" in failure(hub, tmp_path).remedy
    assert "model.safetensors" not in hub.downloaded()
    fetch(hub, tmp_path, trust_remote_code="true", revision="1" * 40)
    assert "modeling_tiny.py" in hub.downloaded()


@pytest.mark.parametrize("revision", ["main", "1234567", None])
def test_resolve__trusted_code_needs_a_full_commit(hub: Hub, tmp_path: Path, revision: str | None) -> None:
    hub.repositories[NAME] = Repository(files())
    error = failure(hub, tmp_path, trust_remote_code="true", **({"revision": revision} if revision else {}))
    assert "full commit" in error.message
    assert hub.requests == []
