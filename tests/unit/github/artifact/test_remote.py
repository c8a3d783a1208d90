"""A file of which only what is read is fetched reads like any other."""

from __future__ import annotations

import io
import os
import random
import threading

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

    def fetch(self, start: int, length: int) -> bytes:
        assert length > 0
        assert start + length <= len(self.content)
        self.fetched.append((start, length))
        return self.content[start : start + length]

    def opened(self, beginning: int = 0) -> RemoteFile:
        return RemoteFile(self.fetch, len(self.content), self.content[:beginning])


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


def test_read__goes_on_in_growing_steps_and_never_twice() -> None:
    store = Store(bytes(40 << 20))
    file = store.opened()
    total = 0
    while piece := file.read(1 << 16):
        total += len(piece)
    assert total == len(store.content)
    assert [start for start, _ in store.fetched] == sorted({start for start, _ in store.fetched})
    assert sum(length for _, length in store.fetched) == total
    assert len(store.fetched) < 15


def test_read__the_next_piece_comes_while_this_one_is_worked_on() -> None:
    store, ahead = Store(bytes(40 << 20)), threading.Event()

    def fetch(start: int, length: int) -> bytes:
        if threading.current_thread() is not threading.main_thread():
            ahead.set()
        return store.fetch(start, length)

    file = RemoteFile(fetch, len(store.content))
    for _ in range(15):
        file.read(1 << 20)
    assert ahead.wait(5)
    file.close()


def test_read__what_comes_ahead_fails_where_it_is_read() -> None:
    store = Store(bytes(40 << 20))

    def fetch(start: int, length: int) -> bytes:
        if start + length > 30 << 20:
            raise Failed("gone")
        return store.fetch(start, length)

    file = RemoteFile(fetch, len(store.content))
    good = sum(len(file.read(1 << 20)) for _ in range(15))
    assert good == 15 << 20
    with pytest.raises(Failed, match="gone"):
        sum(len(file.read(1 << 20)) for _ in range(25))


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
    assert store.fetched == []


def test_seek__before_the_beginning() -> None:
    with pytest.raises(OSError, match="negative seek"):
        Store().opened().seek(-1)
