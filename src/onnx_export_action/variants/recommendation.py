"""Which file to deploy, by a rule that is stated beside the table; pure."""

from __future__ import annotations

from collections.abc import Sequence

from onnx_export_action.records import Variant, VariantName

SMALLER_PCT = 10
"""A file that saves less than this is not worth another file."""

# Measured on a processor, which says nothing about the device that they are made for.
FOR_GPU: frozenset[VariantName] = frozenset({"O4"})

RULE = (
    "Recommended is, of those that keep to their limits, the fastest that is certainly faster than the export at the "
    f"first shape; if none is, the smallest that saves {SMALLER_PCT} % of the size or more and is no slower; else "
    "the export."
)


def recommended(variants: Sequence[Variant], exported_bytes: int) -> Variant | None:
    """By the rule; None is the exported file."""
    fit = [variant for variant in variants if variant.passed and variant.name not in FOR_GPU]
    faster = [variant for variant in fit if _verdict(variant) == "faster"]
    if faster:
        return min(faster, key=lambda variant: variant.latency[0].ratio)
    most = exported_bytes * (1 - SMALLER_PCT / 100)
    smaller = [
        (variant.size_bytes, variant)
        for variant in fit
        if variant.size_bytes is not None and variant.size_bytes <= most and _verdict(variant) in ("no change", None)
    ]
    return min(smaller, key=lambda found: found[0])[1] if smaller else None


def _verdict(variant: Variant) -> str | None:
    return variant.latency[0].verdict if variant.latency else None
