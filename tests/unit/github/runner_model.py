"""The runner's own reading of logs and file commands, for tests to read back what was written.

After actions/runner: ActionCommand (both command forms), ReadLine (`\\r`, `\\n`, `\\r\\n`) and
FileCommandManager (the many-line form, whose last delimiter needs a line break).
"""

from __future__ import annotations

import re


def commands(log: str) -> list[tuple[str, str, str]]:
    """Every command that the runner would obey: name, properties, data."""
    found = []
    for row in re.split(r"\r\n|\r|\n", log):
        if match := re.fullmatch(r"::([^ :]+)(?: (.*?))?::(.*)", row.lstrip(), re.DOTALL):
            found.append((match[1], match[2] or "", _unescape(match[3])))
        elif match := re.search(r"##\[([^\]]+)\](.*)", row):
            found.append((match[1], "", match[2]))
    return found


def outputs(text: str) -> dict[str, str]:
    """The outputs in a file command's file; anything malformed is an error, as it is for the runner."""
    found, rows = {}, text.split("\n")
    assert rows.pop() == "", "the file must end with a line break"
    while rows:
        name, marker, delimiter = rows.pop(0).partition("<<")
        assert marker, "only the many-line form is written"
        end = rows.index(delimiter)
        found[name] = "\n".join(rows[:end])
        rows = rows[end + 1 :]
    return found


def _unescape(data: str) -> str:
    return data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
