"""The page: what was found in each setting, the program's way beside two separate runs."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from typing import Any

Result = dict[str, Any]
Column = tuple[str, list[Result]]


def page(results: list[Result], cores: int, machine: str, method: str) -> str:
    """Markdown with both tables, the machine, and how it was done."""
    head = f"Made by `make timing`: {len(results):,} comparisons in turns on one machine ({machine})."
    parts = ["# False alarms", head, _table(_columns(results, cores)), _LEGEND, *_paragraphs(method)]
    return "\n\n".join(parts) + "\n"


_LEGEND = """A cell is the number of comparisons for which the row is true, and of all. *Gate fails* is what
`latency-p50 > +10%` says, the whole interval above it. *Slower*, *faster* and *cannot tell* are the verdicts of the
report. A ratio has its median, and the least and the greatest value; seconds count starting the process."""


def _columns(results: list[Result], cores: int) -> list[Column]:
    kinds = {
        f"alone, {cores} threads": (cores, False),
        f"beside a load, {cores} threads": (cores, True),
        "beside a load, 1 thread": (1, True),
    }
    return [
        (title, [r for r in results if (r["setting"]["threads"], r["setting"]["load"]) == kind])
        for title, kind in kinds.items()
    ]


def _table(columns: list[Column]) -> str:
    titles = [title for title, _ in columns]
    lines = ["| | " + " | ".join(titles) + " |", "|---" * (len(titles) + 1) + "|"]
    return "\n".join([*lines, *_rows(columns)])


def _rows(columns: list[Column]) -> Iterable[str]:
    def row(title: str, way: str, slower: int, cell: Callable[[list[Result]], str]) -> str:
        chosen = ([r for r in found if _is(r, way, slower)] for _, found in columns)
        return f"| {title} | " + " | ".join(cell(results) if results else "none yet" for results in chosen) + " |"

    yield row("**paired**, same file: gate fails", "paired", 0, _share(lambda r: r["low"] > 1.1))
    yield row(
        "paired, same file: slower or faster", "paired", 0, _share(lambda r: r["verdict"] in ("slower", "faster"))
    )
    yield row("paired, same file: cannot tell", "paired", 0, _share(lambda r: r["verdict"] == "cannot tell"))
    yield row("paired, same file: the ratio is off by", "paired", 0, _spread)
    yield row("separate, same file: ratio over 1.10", "separate", 0, _share(lambda r: r["ratio"] > 1.1))
    yield row("separate, same file: ratio over 1.05", "separate", 0, _share(_over_5))
    yield row("separate, same file: the ratio is off by", "separate", 0, _spread)
    loads = ([result["load_average"] for result in found] for _, found in columns)
    yield "| load average of the machine | " + " | ".join(_load(each) for each in loads) + " |"
    for slower in (3, 5, 10):
        title = f"{slower} % more work"
        yield row(f"**paired**, {title}: slower", "paired", slower, _share(lambda r: r["verdict"] == "slower"))
        yield row(f"paired, {title}: the ratio", "paired", slower, _ratio)
        yield row(f"paired, {title}: seconds", "paired", slower, _seconds)
        yield row(f"separate, {title}: ratio over 1.05", "separate", slower, _share(_over_5))
        yield row(f"separate, {title}: the ratio", "separate", slower, _ratio)


def _load(averages: list[float]) -> str:
    return f"{statistics.median(averages):.1f} (at most {max(averages):.1f})" if averages else "none yet"


def _over_5(result: Result) -> bool:
    return bool(result["ratio"] > 1.05)


def _moved(result: Result) -> bool:
    return result["verdict"] in ("slower", "faster")


def _is(result: Result, way: str, slower: int) -> bool:
    return bool(result["setting"]["way"] == way and result["setting"]["slower_pct"] == slower)


def _share(true: Callable[[Result], bool]) -> Callable[[list[Result]], str]:
    return lambda results: f"{sum(map(true, results))} of {len(results)}"


def _spread(results: list[Result]) -> str:
    off = sorted(100 * abs(result["ratio"] - 1) for result in results)
    return f"{statistics.median(off):.1f} % (worst {off[-1]:.0f} %)"


def _ratio(results: list[Result]) -> str:
    ratios = [result["ratio"] for result in results]
    return f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"


def _seconds(results: list[Result]) -> str:
    took = [result["took"] for result in results]
    return f"{statistics.median(took):.0f} (at most {max(took):.0f})"


def _paragraphs(method: str) -> list[str]:
    return [paragraph.strip() for paragraph in method.split("\n\n")]
