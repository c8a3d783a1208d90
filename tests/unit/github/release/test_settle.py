"""From any assets, through any calls that break off: the release ends right, and others' assets are as they were."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnx_export_action.github.failure import Failed, Later, Unsure
from onnx_export_action.github.release.plan import Asset, Upload, next_steps
from onnx_export_action.github.release.settle import settle
from onnx_export_action.github.release.wanted import Wanted
from tests.unit.github.release.releases_model import JOB, Release, make_asset, make_wanted, names

FILES = ("m--a", "m--b", "m--c")
CONTENTS = st.dictionaries(st.sampled_from(FILES), st.integers(1, 2))


def none_slept(_: float) -> None:
    """No pause."""


def release_with(contents: dict[str, int], **overrides: Any) -> Release:
    foreign = [make_asset("notes.txt", 7, job="", id=90), make_asset("other--a", 8, job="ffff0000", id=91)]
    own = [make_asset(name, content, id=number) for number, (name, content) in enumerate(contents.items(), 1)]
    return Release([*foreign, *own], **overrides)


def wanted_of(contents: dict[str, int]) -> list[Wanted]:
    return [make_wanted(name, content) for name, content in contents.items()]


@given(
    before=CONTENTS,
    after=CONTENTS,
    outcomes=st.lists(st.sampled_from(["ok", "ok", "lost", "unheard", "half"]), max_size=40),
    tells_digests=st.booleans(),
)
def test_settle__ends_right_or_leaves_whole_files_for_the_next_run(
    before: dict[str, int], after: dict[str, int], outcomes: list[str], tells_digests: bool
) -> None:
    release = release_with(before, outcomes=outcomes, tells_digests=tells_digests)
    try:
        settle(release, wanted_of(after), JOB, "", none_slept)
    except Unsure:
        held = release.content()
        for name, content in before.items():
            if after.get(name, content) == content and name in after:
                assert held[name] == content
            elif name in after and name not in held:
                assert after[name] in [size for other, size in held.items() if other.startswith(f"{name}.{JOB}.")]
        release.outcomes = []
        settle(release, wanted_of(after), JOB, "", none_slept)
    assert release.content() == {**after, "notes.txt": 7, "other--a": 8}


@given(before=CONTENTS, after=CONTENTS)
def test_settle__sends_each_changed_file_once(before: dict[str, int], after: dict[str, int]) -> None:
    release = release_with(before)
    changed = {name for name in after if before.get(name) != after[name]}
    assert settle(release, wanted_of(after), JOB, "", none_slept) == len(changed)
    uploads = [write for write in release.writes if write.startswith("upload")]
    assert sorted(uploads) == sorted(f"upload {name}" for name in changed)
    release.writes.clear()
    assert settle(release, wanted_of(after), JOB, "", none_slept) == 0
    assert release.writes == []


@given(before=CONTENTS, after=CONTENTS)
def test_settle__nothing_is_removed_before_all_is_there(before: dict[str, int], after: dict[str, int]) -> None:
    release = release_with(before)
    settle(release, wanted_of(after), JOB, "", none_slept)
    kinds = [write.split()[0] for write in release.writes]
    first = next((number for number, kind in enumerate(kinds) if kind != "upload"), len(kinds))
    assert "upload" not in kinds[first:]


@pytest.mark.parametrize("label", [None, "", "By hand", "m--a (onnx-export-action ffff0000)"])
def test_settle__another_ones_asset_of_a_wanted_name_ends_it(label: str | None) -> None:
    release = Release([make_asset("m--a", 1, label=label)])
    with pytest.raises(Failed, match="'m--a' that another job or person put there"):
        settle(release, wanted_of({"m--a": 1, "m--b": 1}), JOB, "", none_slept)
    assert release.writes == []


def test_settle__a_closed_release_is_told_unless_it_is_right() -> None:
    release = release_with({"m--a": 1})
    assert settle(release, wanted_of({"m--a": 1}), JOB, "It is closed.", none_slept) == 0
    with pytest.raises(Failed, match=r"It is closed\."):
        settle(release, wanted_of({"m--a": 2}), JOB, "It is closed.", none_slept)
    assert release.writes == []


class Limited(Release):
    """Asks to wait, once."""

    seconds: float = 0

    def assets(self) -> list[Asset]:
        seconds, self.seconds = self.seconds, 0
        if seconds:
            raise Later("A limit.", seconds)
        return super().assets()


def test_settle__waits_as_long_as_it_is_asked_to() -> None:
    slept: list[float] = []
    release = Limited()
    release.seconds = 30
    assert settle(release, [], JOB, "", slept.append) == 0
    assert slept == [30]


def test_settle__waits_for_no_hour() -> None:
    slept: list[float] = []
    release = Limited()
    release.seconds = 3600
    with pytest.raises(Later, match="A limit"):
        settle(release, [], JOB, "", slept.append)
    assert slept == []


def test_next_steps__the_smallest_first_and_no_name_before_all_are_there() -> None:
    wanted = [make_wanted("m--big", 9), make_wanted("m--small", 2)]
    standing = [make_asset("m--big", 3, id=1)]
    steps = next_steps(standing, wanted, JOB)
    assert [step.wanted.name for step in steps if isinstance(step, Upload)] == ["m--small", "m--big"]
    uploads = [make_asset(step.name, step.wanted.size, id=5) for step in steps if isinstance(step, Upload)]
    again = next_steps([*standing, *uploads], wanted, JOB)
    assert names(again) == ["remove m--big", "rename m--big", "rename m--small"]


@pytest.mark.parametrize("state", ["starter", "open"])
def test_next_steps__half_an_upload_is_removed_before_it_is_sent_again(state: str) -> None:
    wanted = make_wanted("m--a", 3)
    half = make_asset(f"m--a.{JOB}.{wanted.sha256[:12]}.uploading", 0, state=state, label=None)
    others = make_asset(f"m--a.ffff0000.{wanted.sha256[:12]}.uploading", 0, state=state, label=None, id=2)
    assert [step.split()[0] for step in names(next_steps([half, others], [wanted], JOB))] == ["remove", "upload"]


def test_next_steps__an_asset_that_a_person_renamed_is_theirs() -> None:
    renamed = make_asset("best.onnx", 3, label=f"m--a (onnx-export-action {JOB})")
    assert names(next_steps([renamed], [], JOB)) == []
