"""The page: what was found in each setting, the program's way beside two separate runs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from typing import Any

Result = dict[str, Any]
Column = tuple[str, list[Result]]

_GATE, _LEAST = 1.10, 1.05
_MINUTE = 50  # with its start and end, a comparison of so many seconds is over within a minute
_NONE = "none yet"


def page(results: list[Result], cores: int, machine: str, method: str) -> str:
    """Markdown with the goals, the table, the machine, and how it was done."""
    head = f"Made by `make timing`: {len(results):,} comparisons in turns on one machine ({machine})."
    parts = ["# False alarms", head, _goals(results), _table(_columns(results, cores)), _LEGEND, *_paragraphs(method)]
    return "\n\n".join(parts) + "\n"


_LEGEND = """A cell is the number of comparisons for which the row is true, and of all. *Gate fails* is what
`latency-p50 > +10%` says, the whole interval above it. *Slower*, *faster* and *cannot tell* are the verdicts of the
report. A ratio has its median, and the least and the greatest value; seconds count starting the process and the load.
With as many threads as cores, the load and the file compete for the same core."""


def _goals(results: list[Result]) -> str:
    """The two figures that the program is held to, with how sure they are."""
    same, more = [r for r in results if _is(r, "paired", 0)], [r for r in results if _is(r, "paired", 5, _MINUTE)]
    alarms, found = sum(map(_fails, same)), sum(map(_slower, more))
    if not same or not more:
        return "There are not enough results yet."
    share = 100 * at_most(alarms, len(same))
    return (
        f"A file against itself fails the gate `latency-p50 > +10%` in **{alarms} of {len(same)}** comparisons (the "
        f"goal: at most 1 in 200); so the true share is, with 95 % confidence, at most {share:.2g} %. "
        f"5 % more work are called slower in **{found} of {len(more)}** comparisons of {_MINUTE} s (the goal: 95 % "
        "within a minute)."
    )


def at_most(found: int, of: int) -> float:
    """The greatest share with which as few as were found are not yet less likely than 5 %: Clopper and Pearson's."""
    low, high = 0.0, 1.0
    for _ in range(50):
        share = (low + high) / 2
        likely = sum(math.comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(found + 1))
        low, high = (share, high) if likely > 0.05 else (low, share)
    return high


def _columns(results: list[Result], cores: int) -> list[Column]:
    kinds = {
        f"alone, {cores} threads": (cores, False),
        "a load on the other core, 1 thread": (1, True),
        f"beside a load, {cores} threads": (cores, True),
    }
    columns = [
        (title, [r for r in results if (r["setting"]["threads"], r["setting"]["load"]) == kind])
        for title, kind in kinds.items()
    ]
    return [*columns, ("all", [result for _, found in columns for result in found])]


def _table(columns: list[Column]) -> str:
    titles = [title for title, _ in columns]
    lines = ["| | " + " | ".join(titles) + " |", "|---" * (len(titles) + 1) + "|"]
    return "\n".join([*lines, *_rows(columns)])


def _rows(columns: list[Column]) -> Iterable[str]:
    def row(title: str, way: str, slower: int, cell: Callable[[list[Result]], str], seconds: float = 0) -> str:
        chosen = ([r for r in found if _is(r, way, slower, seconds)] for _, found in columns)
        return f"| {title} | " + " | ".join(cell(results) if results else _NONE for results in chosen) + " |"

    yield row("**paired**, same file: gate fails", "paired", 0, _share(_fails))
    yield row("of these within 7.5 s, the default", "paired", 0, _share(_fails), 7.5)
    yield row("paired, same file: slower or faster", "paired", 0, _share(_moved))
    yield row("of these within 7.5 s, the default", "paired", 0, _share(_moved), 7.5)
    yield row("paired, same file: cannot tell", "paired", 0, _share(lambda r: r["verdict"] == "cannot tell"))
    yield row("paired, same file: the ratio is off by", "paired", 0, _spread)
    yield row("separate, same file: ratio over 1.10", "separate", 0, _share(lambda r: r["ratio"] > _GATE))
    yield row("separate, same file: ratio over 1.05", "separate", 0, _share(_over_5))
    yield row("separate, same file: the ratio is off by", "separate", 0, _spread)
    for slower in (3, 5, 10):
        title = f"{slower} % more work"
        yield row(f"**paired**, {title}: slower", "paired", slower, _share(_slower))
        if slower == 5:
            yield row("of these within 15 s", "paired", slower, _share(_slower), 15)
            yield row(f"of these within {_MINUTE} s", "paired", slower, _share(_slower), _MINUTE)
        yield row(f"paired, {title}: the ratio", "paired", slower, _ratio)
        yield row(f"paired, {title}: seconds", "paired", slower, _seconds)
        yield row(f"separate, {title}: ratio over 1.05", "separate", slower, _share(_over_5))
        yield row(f"separate, {title}: the ratio", "separate", slower, _ratio)
    loads = ([result["load_average"] for result in found] for _, found in columns)
    yield "| load average of the machine | " + " | ".join(_load(each) for each in loads) + " |"


def _load(averages: list[float]) -> str:
    return f"{statistics.median(averages):.1f} (at most {max(averages):.1f})" if averages else _NONE


def _is(result: Result, way: str, slower: int, seconds: float = 0) -> bool:
    setting = result["setting"]
    return (setting["way"], setting["slower_pct"]) == (way, slower) and seconds in (0, setting["seconds"])


def _fails(result: Result) -> bool:
    return bool(result["low"] > _GATE)


def _slower(result: Result) -> bool:
    return bool(result["verdict"] == "slower")


def _moved(result: Result) -> bool:
    return result["verdict"] in ("slower", "faster")


def _over_5(result: Result) -> bool:
    return bool(result["ratio"] > _LEAST)


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
