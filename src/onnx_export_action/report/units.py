"""Figures for people: three significant digits, and always a unit."""

from __future__ import annotations

import math

MICRO = "\N{MICRO SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"

_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_COUNT_UNITS = ("", " k", " M", " G", " T")


def digits(value: float) -> str:
    """Three significant digits: `12.4`, `1,230`, `8.34e-7`; zero is `0`."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    mantissa, exponent = f"{value:.2e}".split("e")
    power = int(exponent)
    if not -4 < power < 6:
        return f"{mantissa.rstrip('0').rstrip('.')}e{power}"
    return f"{float(f'{value:.2e}'):,.{max(0, 2 - power)}f}"


def size(count: int) -> str:
    """Bytes in decimal units, as disks and GitHub count them: `90.9 MB`."""
    if count < 1000:
        return f"{count} B"
    return "{} {}".format(*_scaled(count, _BYTE_UNITS))


def amount(count: int) -> str:
    """A count in words' reach: `1,234` in full, `22.7 M` in millions."""
    return f"{count:,}" if count < 1_000_000 else "".join(_scaled(count, _COUNT_UNITS))


def milliseconds(value: float) -> str:
    """A latency: `8.55 µs`, `4.10 ms`, `1.23 s`."""
    if value < 0.09995:
        return f"{digits(1000 * value)} {MICRO}s"
    return f"{digits(value)} ms" if value < 999.5 else seconds(value / 1000)


def seconds(value: float) -> str:
    """A duration: `345 ms`, `12.3 s`, `2 min 5 s`, `1 h 2 min`."""
    if value < 0.9995:
        return f"{digits(1000 * value)} ms"
    if value < 59.95:
        return f"{digits(value)} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def decibel(value: float | None) -> str:
    """A ratio of signal to noise: `118 dB`; `none` where there is no signal or nothing was comparable."""
    return "none" if value is None else f"{value:.0f} dB"


def percent(value: float) -> str:
    """A share: `1.90 %`."""
    return f"{digits(value)} %"


def signed_percent(value: float) -> str:
    """A change: `+1.90 %`, `-50.0 %`; one that rounds to nothing keeps its sign."""
    return f"{'-' if value < 0 else '+'}{percent(abs(value))}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: `1 case`, `6 cases`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def share(part: int, whole: int, one: str, many: str = "") -> str:
    """How many of how many: `2 of 6 cases`, `1 of 1 axis`."""
    return f"{part:,} of {plural(whole, one, many)}"


def _scaled(count: int, units: tuple[str, ...]) -> tuple[str, str]:
    value, step = float(count), 0
    # 999,999 rounds to 1000 kB, which reads 1.00 MB.
    while float(f"{value:.2e}") >= 1000 and step < len(units) - 1:
        value, step = value / 1000, step + 1
    return digits(value), units[step]
