"""A file of which only what is read is fetched reads like any other."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.github.artifact.remote import RemoteFile
from onnx_export_action.github.failure import Failed

CONTENT = random.Random(0).randbytes(700_000)


class Store:
    """Counts what is fetched."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content, self.fetched = content, list[tuple[int, int]]()
        self.streams, self.closed = list[int](), 0

    def fetch(self, start: int, length: int) -> bytes:
        assert length > 0
        assert start + length <= len(self.content)
        self.fetched.append((start, length))
        return self.content[start : start + length]

    def onwards(self, start: int) -> Generator[bytes]:
        assert start < len(self.content)
        self.streams.append(start)
        try:
            for at in range(start, len(self.content), 50_000):
                yield self.content[at : at + 50_000]
        finally:
            self.closed += 1

    def opened(self, beginning: int = 0) -> RemoteFile:
        return RemoteFile(self.fetch, self.onwards, len(self.content), self.content[:beginning])


STEPS = st.lists(st.tuples(st.sampled_from(["read", "set", "end", "here"]), st.integers(0, 400_000)), max_size=20)


@given(steps=STEPS, beginning=st.integers(0, 200_000))
def test_read__is_that_of_a_local_file(steps: list[tuple[str, int]], beginning: int) -> None:
    remote, local = Store().opened(beginning), io.BytesIO(CONTENT)
    for step, number in steps:
        if step == "read":
            assert remote.read(number) == local.read(number)
        elif step == "set":
            assert remote.seek(number) == local.seek(number)
        elif step == "end":
            assert remote.seek(-number, os.SEEK_END) == local.seek(-number, os.SEEK_END)
        else:
            assert remote.seek(number, os.SEEK_CUR) == local.seek(number, os.SEEK_CUR)
        assert remote.tell() == local.tell()


def test_read__goes_on_in_one_answer_over_gaps_too() -> None:
    store = Store()
    file = store.opened(1000)
    for start in range(0, 600_000, 100_000):
        file.seek(start)
        assert file.read(90_000) == CONTENT[start : start + 90_000]
    assert (store.streams, store.fetched) == ([1000], [])


def test_read__a_jump_ends_the_answer_that_was_on_its_way() -> None:
    store = Store()
    file = store.opened(1000)
    file.read(2000)
    assert store.closed == 0
    file.seek(500_000)
    assert file.read(10) == CONTENT[500_000:500_010]
    assert (store.closed, store.fetched) == (1, [(500_000, 1 << 17)])
    file.close()


def test_close__gives_up_what_is_on_its_way() -> None:
    store = Store()
    with store.opened(1000) as file:
        file.read(2000)
    assert store.closed == 1


def test_read__the_end_comes_with_what_is_before_it() -> None:
    store = Store()
    file = store.opened(10)
    file.seek(-22, os.SEEK_END)
    assert file.read() == CONTENT[-22:]
    file.seek(-60_000, os.SEEK_END)
    assert file.read(100) == CONTENT[-60_000:-59_900]
    assert store.fetched == [(len(CONTENT) - (1 << 17), 1 << 17)]


def test_read__more_than_any_index_has_is_refused_unread() -> None:
    store = Store(bytes(5 << 20))
    with pytest.raises(Failed, match="longer than that of any bundle"):
        store.opened().read()
    assert store.fetched == store.streams == []


def test_seek__before_the_beginning() -> None:
    with pytest.raises(OSError, match="negative seek"):
        Store().opened().seek(-1)
