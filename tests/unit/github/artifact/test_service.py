"""What the runner's token and addresses say, and servers that spell fields in their own way."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.github.artifact.blob import is_block_store
from onnx_export_action.github.artifact.failure import NoService, UploadFailed
from onnx_export_action.github.artifact.service import Owner, origin_of, owner_in


def token(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"header.{payload}.signature"


@pytest.mark.parametrize("padding", range(4))
def test_owner_in__reads_run_and_job(padding: int) -> None:
    claims = {"scp": "Actions.GenericRead:0 Actions.Results:ce7f:ca39", "x": "x" * padding}
    assert owner_in(token(claims)) == Owner("ce7f", "ca39")


@pytest.mark.parametrize(
    "given",
    [
        "",
        "opaque",
        "a.b.c",
        "a.\u00e9.c",
        token([]),
        token({}),
        token({"scp": None}),
        token({"scp": "Actions.Results"}),
        token({"scp": "Actions.Results:1"}),
        token({"scp": "Actions.Results:1:2:3"}),
        token({"scp": "Actions.ResultsOther:1:2"}),
    ],
)
def test_owner_in__no_scope_is_no_service(given: str) -> None:
    with pytest.raises(NoService):
        owner_in(given)


@given(st.text())
def test_owner_in__any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(NoService):
        owner_in(text)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://results.example.org", "https://results.example.org"),
        ("https://results.example.org/some/path?x=1", "https://results.example.org"),
        ("http://127.0.0.1:4000/", "http://127.0.0.1:4000"),
    ],
)
def test_origin_of__drops_the_path(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize("url", ["results.example.org", "file:///etc/passwd", "https://", "://x"])
def test_origin_of__refuses_what_is_no_address(url: str) -> None:
    with pytest.raises(UploadFailed):
        origin_of(url)


@pytest.mark.parametrize(
    ("url", "keeps"),
    [
        ("https://productionresultssa0.blob.core.windows.net/c/b?sig=a", True),
        ("https://store.example.org/c/b?sv=2024-01-01&sr=b&sp=cw&sig=a", True),
        ("http://192.0.2.1:34567/twirp/UploadArtifact?sig=a&expires=b&artifactName=c&taskID=1", False),
        ("https://blob.core.windows.net.example.org/c/b?sig=a", False),
    ],
)
def test_is_block_store__knows_azure_by_host_or_signature(url: str, keeps: bool) -> None:
    assert is_block_store(url) is keeps
