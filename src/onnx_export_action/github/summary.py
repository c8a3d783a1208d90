"""The job summary, within the runner's limit: one byte more and it drops the whole text."""

from __future__ import annotations

from pathlib import Path

LIMIT_BYTES = 1024 * 1024

_CUT = "*The rest is cut: the job summary takes 1 MiB. The whole report is in `report.md` and `report.html`.*\n"


def write_summary(path: Path, markdown: str) -> None:
    """Append the report, or as many of its sections as fit behind what earlier commands of the step left."""
    used = path.stat().st_size if path.exists() else 0
    text = fit(markdown, LIMIT_BYTES - used)
    with path.open("a", encoding="utf-8", newline="\n", errors="replace") as file:
        file.write(text)


def fit(markdown: str, budget: int) -> str:
    """The text where it fits; else its whole sections that do, with a sentence that says so."""
    if _size(markdown) <= budget:
        return markdown
    room, kept = budget - _size(_CUT), 0
    if room < 0:
        return ""
    for end in section_ends(markdown):
        if _size(markdown[:end]) > room:
            break
        kept = end
    return markdown[:kept] + _CUT


def section_ends(markdown: str) -> list[int]:
    """The places behind a blank line that is inside no fold, fence or <pre>; a table has none inside either."""
    ends, position, open_folds, fenced, in_pre = [], 0, 0, False, False
    for row in markdown.splitlines(keepends=True):
        position += len(row)
        fenced ^= row.startswith("```")
        in_pre = (in_pre or "<pre>" in row) and "</pre>" not in row
        if not fenced and not in_pre:
            open_folds += row.startswith("<details") - row.startswith("</details>")
            if not row.strip() and not open_folds:
                ends.append(position)
    return ends


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
