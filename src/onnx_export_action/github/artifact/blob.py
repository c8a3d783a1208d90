"""Blocks to the address that the service signed: several at once at a block store, one after another elsewhere."""

from __future__ import annotations

import base64
import threading
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import quote

import httpx2

from onnx_export_action.github.artifact.calls import Answer, BrokenOff, Call, Caller, refusal
from onnx_export_action.github.artifact.failure import MustRestart

BLOCK_BYTES = 8 << 20
MIME_TYPE = "application/zip"

_AT_ONCE = 4
# An older version of Azure's protocol, which every server of it still speaks.
_VERSION = {"x-ms-version": "2021-08-06"}


def is_block_store(url: str) -> bool:
    """Whether blocks are kept by their id: true of Azure's signed addresses, not of servers that imitate them."""
    parts = httpx2.URL(url)
    return parts.host.endswith(".blob.core.windows.net") or {"sv", "sr", "sig"} <= parts.params.keys()


class BlockUpload:
    """One blob in the making; `send` returns as soon as there is room for the next block in memory."""

    def __init__(self, caller: Caller, url: str) -> None:
        self._caller, self._url, self._parallel = caller, url, is_block_store(url)
        # Real ids of equal length: stores that keep blocks by id refuse others.
        self._prefix, self._ids = str(uuid.uuid4()), list[str]()
        self._pool = ThreadPoolExecutor(_AT_ONCE) if self._parallel else None
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._futures: list[Future[None]] = []
        self._broken = threading.Event()

    def send(self, block: bytes) -> None:
        """Take the next block; raises what an earlier one ran into."""
        self._ids.append(base64.b64encode(f"{self._prefix}{len(self._ids):012}".encode()).decode())
        if self._pool is None:
            self._put_block(len(self._ids), self._ids[-1], block)
            return
        self._raise_first_error()
        self._room.acquire()
        future = self._pool.submit(self._put_block, len(self._ids), self._ids[-1], block)
        future.add_done_callback(lambda _: self._room.release())
        self._futures.append(future)

    def commit(self) -> None:
        """Wait for all blocks and make them one blob, in their order."""
        for future in self._futures:
            future.result()
        listed = "".join(f"<Latest>{identifier}</Latest>" for identifier in self._ids)
        body = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><BlockList>{listed}</BlockList>'
        headers = {**_VERSION, "Content-Type": "application/xml", "x-ms-blob-content-type": MIME_TYPE}
        self._done(Call("The list of blocks", "PUT", self._address("comp=blocklist"), headers, body.encode()))

    def close(self) -> None:
        """Give up what is not yet on its way."""
        self._broken.set()
        if self._pool is not None:
            # Not waited for: after a failure nobody needs the blocks that are still on their way.
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _put_block(self, number: int, identifier: str, block: bytes) -> None:
        if self._broken.is_set():
            return
        address = self._address(f"comp=block&blockid={quote(identifier, safe='')}")
        headers = {**_VERSION, "Content-Type": "application/octet-stream"}
        try:
            self._done(Call(f"Block {number}", "PUT", address, headers, block))
        except BaseException:
            self._broken.set()
            raise

    def _done(self, call: Call) -> None:
        try:
            answer = self._caller.patiently(call, self._may_repeat)
        except BrokenOff as broken:
            if self._parallel or not broken.sent:
                raise
            raise MustRestart(str(broken)) from None
        if answer.ok:
            return
        if not self._parallel and answer.status >= 500:
            raise MustRestart(str(refusal(call, answer)))
        raise refusal(call, answer)

    def _may_repeat(self, outcome: Answer | BrokenOff) -> bool:
        """A server that appends would keep the bytes twice, so only what it cannot have taken is sent again."""
        if self._parallel:
            return not self._broken.is_set()
        return outcome.status in (403, 429) if isinstance(outcome, Answer) else not outcome.sent

    def _raise_first_error(self) -> None:
        done = [future for future in self._futures if future.done()]
        for future in done:
            future.result()
        self._futures = [future for future in self._futures if future not in done]

    def _address(self, query: str) -> str:
        return f"{self._url}{'&' if '?' in self._url else '?'}{query}"
