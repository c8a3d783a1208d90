"""Azurite, the emulator of Azure's block store, and signed addresses as GitHub hands them out of such a store."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx2

from tests.integration import node

ROOT = Path(__file__).parents[2]
# Azurite's own account and key, which its documentation prints.
_ACCOUNT = "devstoreaccount1"
_KEY = base64.b64decode("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==")
_CONTAINER = "artifacts"
_VERSION = "2021-08-06"
_EXPIRY = "2099-01-01T00:00:00Z"


@dataclass(frozen=True)
class Store:
    """A running block store with one container."""

    url: str

    def sign(self, name: str, rights: str) -> str:
        """An address of one blob, with rights such as `cw` or `r`, as Azure's rules for service signatures say."""
        resource = f"/blob/{_ACCOUNT}/{_CONTAINER}/{name}"
        signed = _signature([rights, "", _EXPIRY, resource, "", "", "", _VERSION, "b", "", "", "", "", "", "", ""])
        query = urlencode({"sv": _VERSION, "se": _EXPIRY, "sr": "b", "sp": rights, "sig": signed}, quote_via=quote)
        return f"{self.url}/{_ACCOUNT}/{_CONTAINER}/{name}?{query}"

    def read(self, name: str) -> bytes:
        """What a blob holds."""
        answer = httpx2.get(self.sign(name, "r"))
        assert answer.status_code == 200, answer.text
        return answer.content

    def make_container(self) -> None:
        """The one container, made with a signature for the whole account."""
        signed = _signature([_ACCOUNT, "c", "b", "c", "", _EXPIRY, "", "", _VERSION, "", ""])
        query = {"sv": _VERSION, "ss": "b", "srt": "c", "sp": "c", "se": _EXPIRY, "sig": signed}
        answer = httpx2.put(f"{self.url}/{_ACCOUNT}/{_CONTAINER}?restype=container&{urlencode(query)}")
        assert answer.status_code == 201, answer.text


@contextmanager
def running_azurite(folder: Path, *more: str) -> Iterator[Store]:
    """A block store on a free port of this machine until the end of the block, with more options if wanted."""
    options = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--location", str(folder), "--disableTelemetry", *more]
    command = ["node", str(node.module("azurite", "dist", "src", "blob", "main.js")), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"successfully listens on (http://\S+)", line):
                store = Store(found[1])
                break
        else:
            raise AssertionError(f"Azurite did not start: {said}")
        store.make_container()
        yield store
    finally:
        process.terminate()
        process.communicate()


def _signature(parts: list[str]) -> str:
    return base64.b64encode(hmac.digest(_KEY, "\n".join(parts).encode(), hashlib.sha256)).decode()
