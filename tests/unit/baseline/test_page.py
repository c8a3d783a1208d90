"""docs/baseline.md says what the code does."""

from __future__ import annotations

import re

import pytest

from onnx_export_action.baseline import fingerprint, history, search, walk
from tests.unit import documents

PAGE = documents.read("docs/baseline.md")


@pytest.mark.parametrize(
    "fact",
    [
        f"at most {history._PAGES * history._A_PAGE} of them",
        f"At most {search._MOST_CANDIDATES} artifacts are looked at, for three minutes at most",
        "by `{}`, `{}`, `{}` or `{}`".format(*walk.TRUSTED_EVENTS),
    ],
)
def test_page__facts_are_those_of_the_code(fact: str) -> None:
    assert fact in " ".join(PAGE.split())
    assert search._LONGEST_SECONDS == 3 * 60


def test_page__names_each_input_of_the_fingerprint() -> None:
    text = PAGE.partition("## Nothing is done twice")[2].partition("Where the baseline")[0]
    assert {name.replace("_", "-") for name in fingerprint.DETERMINING} == set(re.findall(r"`([a-z][a-z-]+)`", text))
