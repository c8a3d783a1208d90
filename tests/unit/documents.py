"""What the documents say, taken apart: pages, tables, fenced blocks, steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
OUR_ACTION = "org/onnx-export-action@0123456789abcdef0123456789abcdef01234567"
OUR_SECOND_ACTION = OUR_ACTION.replace("@", "/tensorflow@")
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))

PAGES = tuple(
    sorted(
        path.relative_to(ROOT).as_posix()
        for folder in (".", "docs", "examples")
        for path in (ROOT / folder).glob("*.md")
    )
)
EXAMPLES = tuple(sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "examples").glob("*.yml")))


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, or a whole example."""

    origin: str
    text: str

    def __str__(self) -> str:
        return self.origin


def read(page: str) -> str:
    """A document by its path in the repository."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[Block]:
    """The fenced blocks of one language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", read(page), re.MULTILINE | re.DOTALL)
    return [Block(f"{page}#{number}", text) for number, text in enumerate(found, 1)]


def yaml_blocks() -> list[Block]:
    """Every YAML block of every page, and every example."""
    return [
        *(block for page in PAGES for block in blocks(page, "yaml")),
        *(Block(name, read(name)) for name in EXAMPLES),
    ]


def steps(block: Block) -> list[dict[str, Any]]:
    """The steps of a workflow, of a list of steps, or of the `with:` of our own step."""
    content = yaml.safe_load(block.text)
    if isinstance(content, list):
        return content
    if "jobs" in content:
        return [step for job in content["jobs"].values() for step in job["steps"]]
    return [{"uses": OUR_ACTION, **content}]


def is_ours(step: dict[str, Any]) -> bool:
    """Whether a step uses this repository's action."""
    return step.get("uses") in (OUR_ACTION, OUR_SECOND_ACTION, "./")


def table(page: str, *header: str) -> list[tuple[str, ...]]:
    """The rows of the page's only table with this header, without the marks of code."""
    lines = iter(read(page).splitlines())
    found = [list(_rows(lines)) for line in lines if _cells(line) == header]
    assert len(found) == 1, f"{page} has {len(found)} tables with the header {header}"
    return found[0]


def _rows(lines: Iterator[str]) -> Iterator[tuple[str, ...]]:
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        yield _cells(line)


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|"))


def commands(page: str) -> list[str]:
    """The arguments of every call of our program in a page, a pipeline or an example."""
    return re.findall(r"(?:onnx-export-action|-w /w onnx-export) (--[^\n'`]+)", read(page))
