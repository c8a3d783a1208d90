"""What each variant is called, and what its answers must keep to; pure."""

from __future__ import annotations

from dataclasses import dataclass

from onnx_export_action.records import Likeness, VariantName


@dataclass(frozen=True)
class Nearness:
    """How near a file's answers must be that may differ: over all values of an output, and answer by answer."""

    signal_to_noise_db: float
    agreement_pct: float


@dataclass(frozen=True)
class Kind:
    """A variant's file name, as Optimum's users know it; without a nearness it keeps to the limits of the export."""

    file: str
    nearness: Nearness | None = None
    fused: bool = False  # holds operators that ONNX Runtime alone has


# 40 dB are a difference of one percent, fp16's own limit, of the whole output instead of each value.
_HALF = Nearness(40, 95)
_INT8 = Nearness(10, 90)

KINDS: dict[VariantName, Kind] = {
    "fp16": Kind("model_fp16.onnx", _HALF),
    "int8-dynamic": Kind("model_quantized.onnx", _INT8),
    "O1": Kind("model_O1.onnx"),
    "O2": Kind("model_O2.onnx", fused=True),
    "O3": Kind("model_O3.onnx", _HALF, fused=True),
    "O4": Kind("model_O4.onnx", _HALF, fused=True),
}


def limits_text(name: VariantName) -> str:
    """The limits in words."""
    near = KINDS[name].nearness
    return f"{near.signal_to_noise_db:g} dB, {near.agreement_pct:g} % of answers" if near else "those of the export"


def too_far(outputs: tuple[Likeness, ...], near: Nearness) -> str:
    """Why the answers are too far from the model's; empty when they are not."""
    for output in outputs:
        found = output.signal_to_noise_db
        if found is None:
            return f"output {output.output}: the reference is zero everywhere, and this is not"
        if found < near.signal_to_noise_db:
            return (
                f"output {output.output}: {found:.1f} dB signal to noise, the limit is {near.signal_to_noise_db:g} dB"
            )
        if output.answers and 100 * output.same < near.agreement_pct * output.answers:
            share = f"{output.same} of {output.answers} answers are the model's"
            return f"output {output.output}: {share}, the limit is {near.agreement_pct:g} %"
    return "" if outputs else "no output could be compared"
